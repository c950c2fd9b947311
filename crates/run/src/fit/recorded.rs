//! The recording of a fit in numbers, by which it is known again.

use serde::{Deserialize, Serialize};

use crate::error::RunError;

/// The recording as the networks saw it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordingFacts {
    /// The file.
    pub file: String,
    /// Units that vary.
    pub units: usize,
    /// Units that were left out because they never vary.
    pub silent: usize,
    /// Frames of the longest trial.
    pub frames: usize,
    /// Trials.
    pub trials: usize,
    /// Duration of a frame, ms.
    pub frame_ms: f64,
    /// Standard deviation of the smoothing, frames.
    pub smooth: f64,
    /// Key of the inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<String>,
    /// Input channels in the file.
    pub channels: usize,
    /// Mean size of the activity as it was prepared, before it is scaled: unit u of U and trial k of K have
    /// the weight `1 + u/U + k/K`, so that it is another if they stand in another order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighted_size: Option<f64>,
    /// Steps of preparation, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prepare: Vec<String>,
    /// What was mended or guessed while reading and preparing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<String>,
}

/// How far the sizes of one recording may differ, by rounding.
const ROUNDING: f64 = 1e-5;

impl RecordingFacts {
    /// Whether these are facts of the same recording.
    pub(crate) fn same(&self, other: &RecordingFacts) -> bool {
        let counts = |facts: &RecordingFacts| {
            let RecordingFacts { units, silent, frames, trials, channels, .. } = *facts;
            [units, silent, frames, trials, channels]
        };
        let close = match (self.weighted_size, other.weighted_size) {
            (Some(a), Some(b)) => (a - b).abs() <= ROUNDING * a.max(b),
            // older results do not have it
            _ => true,
        };
        counts(self) == counts(other) && self.frame_ms == other.frame_ms && close
    }

    /// What the file is called, without folders and ending.
    pub(crate) fn title(&self) -> String {
        let stem = std::path::Path::new(&self.file).file_stem();
        stem.map_or_else(|| "recording".to_owned(), |stem| stem.to_string_lossy().into_owned())
    }
}

/// The recording of a fit is what it was.
///
/// # Errors
/// [`RunError::File`].
pub(crate) fn unchanged(was: &RecordingFacts, is: &RecordingFacts) -> Result<(), RunError> {
    if was.same(is) {
        return Ok(());
    }
    let RecordingFacts { units, frames, trials, .. } = was;
    Err(RunError::File {
        file: is.file.clone().into(),
        problem: format!(
            "it is not the recording that was fitted, which had {units} units, {trials} trials and {frames} frames{}; bring that one back, or fit this one",
            match (was.units, was.frames, was.trials) == (is.units, is.frames, is.trials) {
                true => " as this one has, of other activity".to_owned(),
                false => format!(", this one {}, {} and {}", is.units, is.trials, is.frames),
            }
        ),
    })
}
