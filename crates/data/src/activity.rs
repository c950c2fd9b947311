//! What a simulation leaves behind: named signals over time.

use std::path::Path;

use ndarray::{Array3, Axis};

use crate::npz::Npz;
use crate::npz_write::{NpzArray, write_npz};
use crate::{FileError, FileProblem, TrialsError};

/// Recorded signals, such as `rec.r` and `out.y`, of one batch of trials.
///
/// In the file every signal is one array `[trial, time, unit]` under its own name, beside `dt` (ms).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("states.npz");
/// use attractor_data::Activity;
/// let mut activity = Activity::new(20.0);
/// activity.insert("rec.r", ndarray::Array3::zeros((68, 4, 128)))?;   // [time, trial, unit]
/// activity.write(&path)?;
/// assert_eq!(Activity::read(&path)?, activity);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Duration of a step, ms.
    pub dt: f64,
    signals: Vec<(String, Array3<f32>)>,
}

impl Activity {
    /// No signals yet; `dt` in ms.
    #[must_use]
    pub fn new(dt: f64) -> Self {
        Activity { dt, signals: Vec::new() }
    }

    /// Adds a signal, `[time, trial, unit]`.
    ///
    /// # Errors
    /// [`TrialsError::Twice`] if it is there; [`TrialsError::Shape`] if its number of trials is not
    /// that of the first signal. (Numbers of steps may differ: a signal can be recorded sparsely.)
    pub fn insert(&mut self, signal: &str, values: Array3<f32>) -> Result<(), TrialsError> {
        if self.get(signal).is_some() {
            return Err(TrialsError::Twice { what: "signal", name: signal.to_owned() });
        }
        if let Some((_, first)) = self.signals.first() {
            let (steps, _, units) = values.dim();
            let expected = vec![steps, first.len_of(Axis(1)), units];
            if expected != values.shape() {
                let (key, found) = (signal.to_owned(), values.shape().to_vec());
                return Err(TrialsError::Shape {
                    key,
                    axes: "[time, trial, unit]",
                    expected,
                    found,
                });
            }
        }
        self.signals.push((signal.to_owned(), values));
        Ok(())
    }

    /// A signal, `[time, trial, unit]`.
    #[must_use]
    pub fn get(&self, signal: &str) -> Option<&Array3<f32>> {
        self.signals.iter().find(|(name, _)| name == signal).map(|(_, values)| values)
    }

    /// The signals with their names, in the order of insertion.
    pub fn signals(&self) -> impl Iterator<Item = (&str, &Array3<f32>)> {
        self.signals.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// Writes the signals and `dt` as `.npz`.
    ///
    /// # Errors
    /// [`FileProblem::Io`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let in_file_order: Vec<_> = self
            .signals
            .iter()
            .map(|(name, values)| (name, values.view().permuted_axes([1, 0, 2])))
            .collect();
        let mut arrays: Vec<(&str, NpzArray<'_>)> = vec![("dt", self.dt.into())];
        arrays.extend(in_file_order.iter().map(|(name, values)| (name.as_str(), values.into())));
        write_npz(path, &arrays)
    }

    /// Reads what [`Activity::write`] wrote: every array but `dt` is a signal.
    ///
    /// # Errors
    /// [`FileError`], naming the file and the key.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let mut file = Npz::open(path)?;
        let mut activity = Activity::new(file.scalar("dt")?);
        for key in file.keys().to_vec() {
            if key == "dt" {
                continue;
            }
            let values: Array3<f32> = file.array(&key, "[trial, time, unit]")?;
            let values = values.permuted_axes([1, 0, 2]).as_standard_layout().into_owned();
            let inserted = activity.insert(&key, values);
            inserted.map_err(|source| FileProblem::Trials { source }.of(file.path()))?;
        }
        Ok(activity)
    }
}
