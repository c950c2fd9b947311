//! What can be wrong with a request about a recording.

use attractor_data::{SplitError, TrialsError};

/// A preparation, division or baseline that cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// A number outside what it can be.
    #[error("`{name}` is {value}; {fix}")]
    Value {
        /// What it is called.
        name: &'static str,
        /// The value found.
        value: String,
        /// What is expected.
        fix: &'static str,
    },
    /// Frames that are not there.
    #[error(
        "frames {from}..{to} were asked for, but the shortest trial has {frames}; give 0 <= from < to <= {frames}"
    )]
    Frames {
        /// First frame.
        from: usize,
        /// Last frame, plus one.
        to: usize,
        /// Frames there are.
        frames: usize,
    },
    /// A unit that is not there.
    #[error("unit {unit} was asked for, but there are {units}, counted from 0")]
    Unit {
        /// The unit asked for.
        unit: usize,
        /// Units there are.
        units: usize,
    },
    /// Nothing remains.
    #[error("no {what} left: {why}")]
    Nothing {
        /// What is missing.
        what: &'static str,
        /// Why, with the way out.
        why: &'static str,
    },
    /// Stretches too short to judge by.
    #[error(
        "no {part} stretch is longer than {lead} frames of history plus the horizon of {horizon}; use longer blocks, shorter horizons or fewer lags"
    )]
    Short {
        /// `"training"` or `"held-out"`.
        part: &'static str,
        /// Frames a forecast may look back.
        lead: usize,
        /// The longest horizon, frames.
        horizon: usize,
    },
    /// A stretch outside the recording.
    #[error("stretch {from}..{to} of trial {trial} lies outside the recording")]
    Stretch {
        /// Its trial.
        trial: usize,
        /// First frame.
        from: usize,
        /// Last frame, plus one.
        to: usize,
    },
    /// A system of equations that cannot be solved.
    #[error("ridge regression with l2 = {l2} is singular; use l2 > 0")]
    Singular {
        /// The penalty.
        l2: f64,
    },
    /// A division that cannot be made.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Arrays that do not hold together.
    #[error(transparent)]
    Trials(#[from] TrialsError),
}
