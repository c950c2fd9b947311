//! Measured activity with its time base, inputs, names and conditions.

use attractor_data::{Conditions, Target, Trials, TrialsError};
use ndarray::{Array2, Array3, Axis};

use crate::session::{Moments, Provenance};

/// A recording: units over time, in trials or in one continuous stretch (one trial).
///
/// The fields are open; [`Recording::validate`] checks that they agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Duration of a frame, ms.
    pub dt: f64,
    /// Activity, `[time, trial, unit]`.
    pub activity: Array3<f32>,
    /// Names of the units.
    pub unit_names: Vec<String>,
    /// One row of columns per unit; its region is in `region`.
    pub unit_columns: Conditions,
    /// Inputs, `[time, trial, channel]`; no channels if there are none.
    pub inputs: Array3<f32>,
    /// Names of the input channels.
    pub input_names: Vec<String>,
    /// What was varied between trials.
    pub conditions: Conditions,
    /// Frames of each trial before its padding.
    pub lengths: Vec<usize>,
    /// When the first frame of each trial begins in the time base of the file, ms.
    pub starts: Vec<f64>,
    /// Moments within the trials: one per trial, ms after its start, NaN where there is none.
    pub events: Vec<Moments>,
    /// Where it comes from and how it was prepared.
    pub provenance: Provenance,
}

impl Recording {
    /// Activity alone, `[time, trial, unit]`, with frames of `dt` ms; units are named `unit0`, `unit1`, ….
    ///
    /// # Errors
    /// As [`Recording::validate`].
    pub fn new(dt: f64, activity: Array3<f32>) -> Result<Self, TrialsError> {
        let (frames, trials, units) = activity.dim();
        let recording = Recording {
            dt,
            activity,
            unit_names: numbered("unit", units),
            unit_columns: Conditions::none(units),
            inputs: Array3::zeros((frames, trials, 0)),
            input_names: Vec::new(),
            conditions: Conditions::none(trials),
            lengths: vec![frames; trials],
            starts: vec![0.0; trials],
            events: Vec::new(),
            provenance: Provenance::default(),
        };
        recording.validate()?;
        Ok(recording)
    }

    /// The same recording with these inputs, `[time, trial, channel]`, named `in0`, `in1`, ….
    ///
    /// # Errors
    /// [`TrialsError::Shape`] unless times and trials are those of the activity.
    pub fn with_inputs(mut self, inputs: Array3<f32>) -> Result<Self, TrialsError> {
        self.input_names = numbered("in", inputs.len_of(Axis(2)));
        self.inputs = inputs;
        self.validate()?;
        Ok(self)
    }

    /// The same recording without inputs.
    #[must_use]
    pub fn without_inputs(mut self) -> Self {
        self.inputs = Array3::zeros((self.frames(), self.trials(), 0));
        self.input_names = Vec::new();
        self
    }

    /// The units of each region, regions in alphabetical order; `None` unless every unit has one
    /// (column `region`).
    #[must_use]
    pub fn regions(&self) -> Option<Vec<(String, Vec<usize>)>> {
        let groups = self.unit_columns.column("region")?.groups();
        Some(groups.into_iter().map(|(name, units)| (name.to_string(), units)).collect())
    }

    /// Regions that had units before and have none now.
    #[must_use]
    pub fn emptied_regions(&self, before: &Recording) -> Vec<String> {
        let names = |recording: &Recording| -> Vec<String> {
            let regions = recording.regions().unwrap_or_default();
            regions.into_iter().map(|(name, _)| name).collect()
        };
        let left = names(self);
        names(before).into_iter().filter(|name| !left.contains(name)).collect()
    }

    /// Frames, padding included.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.activity.len_of(Axis(0))
    }

    /// Number of trials; 1 if the recording is continuous.
    #[must_use]
    pub fn trials(&self) -> usize {
        self.activity.len_of(Axis(1))
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.activity.len_of(Axis(2))
    }

    /// Number of input channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.inputs.len_of(Axis(2))
    }

    /// Frames per second.
    #[must_use]
    pub fn rate_hz(&self) -> f64 {
        1000.0 / self.dt
    }

    /// Checks that everything agrees.
    ///
    /// # Errors
    /// The first disagreement found: no frame, trial or unit; names; what [`Trials::validate`] checks.
    pub fn validate(&self) -> Result<(), TrialsError> {
        self.agree()?;
        self.trials_for("activity").validate()
    }

    /// Checks that shapes and names agree; numbers may be NaN.
    pub(crate) fn agree(&self) -> Result<(), TrialsError> {
        let (key, shape) = ("activity", self.activity.shape());
        if shape.contains(&0) {
            return Err(TrialsError::Empty { key: key.to_owned(), shape: shape.to_vec() });
        }
        if self.inputs.shape()[..2] != shape[..2] {
            return Err(TrialsError::Shape {
                key: "inputs".to_owned(),
                axes: "[time, trial, channel]",
                expected: vec![shape[0], shape[1], self.channels()],
                found: self.inputs.shape().to_vec(),
            });
        }
        if self.unit_names.len() != self.units() {
            return Err(TrialsError::Shape {
                key: "unit_names".to_owned(),
                axes: "[unit]",
                expected: vec![self.units()],
                found: vec![self.unit_names.len()],
            });
        }
        if self.unit_columns.trials() != self.units() {
            return Err(TrialsError::Shape {
                key: "unit_columns".to_owned(),
                axes: "[unit]",
                expected: vec![self.units()],
                found: vec![self.unit_columns.trials()],
            });
        }
        let moments = self.events.iter().map(|event| (event.name.as_str(), event.times.len()));
        for (name, found) in moments.chain([("starts", self.starts.len())]) {
            if found != self.trials() {
                let (name, expected) = (name.to_owned(), self.trials());
                return Err(TrialsError::Rows { name, expected, found });
            }
        }
        Ok(())
    }

    /// The recording as trials to be fitted: the activity is the target of `signal`, such as
    /// `"rec.r"`, asked at every frame before the padding.
    ///
    /// # Errors
    /// As [`Recording::validate`].
    pub fn to_trials(&self, signal: &str) -> Result<Trials, TrialsError> {
        self.validate()?;
        Ok(self.trials_for(signal))
    }

    fn trials_for(&self, signal: &str) -> Trials {
        let asked = |(frame, trial): (usize, usize)| {
            f32::from(self.lengths.get(trial).is_some_and(|&n| frame < n))
        };
        let weights = Array2::from_shape_fn((self.frames(), self.trials()), asked);
        Trials {
            dt: self.dt,
            inputs: self.inputs.clone(),
            input_names: self.input_names.clone(),
            targets: vec![Target {
                signal: signal.to_owned(),
                values: self.activity.clone(),
                weights,
            }],
            start: None,
            conditions: self.conditions.clone(),
            lengths: self.lengths.clone(),
        }
    }
}

/// `unit0`, `unit1`, …
pub(crate) fn numbered(stem: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{stem}{i}")).collect()
}
