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
    /// A step of preparation out of order, or one that is missing.
    #[error("{step} {fix}")]
    Order {
        /// The step.
        step: String,
        /// What is needed.
        fix: &'static str,
    },
    /// No such activity, or several to choose from.
    #[error("{}; there are: {}", asked_for(asked), list(found))]
    Activity {
        /// What was asked for; empty if nothing was.
        asked: String,
        /// What there is.
        found: Vec<String>,
    },
    /// No such table of intervals.
    #[error("there is no table of intervals `{asked}`; there are: {}", list(found))]
    Table {
        /// The one asked for.
        asked: String,
        /// Those there are.
        found: Vec<String>,
    },
    /// No such event.
    #[error("there is no event `{asked}`; there are: {}", list(found))]
    Event {
        /// The one asked for.
        asked: String,
        /// Those there are.
        found: Vec<String>,
    },
    /// No such column.
    #[error("there is no column `{asked}`; there are: {}", list(found))]
    Column {
        /// The one asked for.
        asked: String,
        /// Those there are.
        found: Vec<String>,
    },
    /// A value that no unit has.
    #[error("no unit has `{asked}` in column `{name}`; there are: {}", list(found))]
    NoUnits {
        /// The column.
        name: String,
        /// The value asked for.
        asked: String,
        /// Those there are.
        found: Vec<String>,
    },
    /// Trials that overlap, so that held-out data would be trained on.
    #[error(
        "intervals {first} and {second} of `{table}` overlap by {by} ms as they are laid out; shorten them, or set overlap = true"
    )]
    Overlap {
        /// The table.
        table: String,
        /// The earlier one.
        first: usize,
        /// The later one.
        second: usize,
        /// By how much, ms.
        by: f64,
    },
    /// A series of which nobody knows when it was sampled.
    #[error("the file does not say when `{series}` was sampled; give recording.rate_hz")]
    Clock {
        /// The series.
        series: String,
    },
    /// Times that have nothing in common.
    #[error(
        "{what} run from {} to {} ms, the activity from {} to {} ms: their time bases differ (other units, or another start)", one.0, one.1, other.0, other.1
    )]
    Apart {
        /// What lies elsewhere.
        what: String,
        /// From where to where, ms.
        one: (f64, f64),
        /// The activity, from where to where, ms.
        other: (f64, f64),
    },
    /// A stretch in which a unit or an input has no value.
    #[error(
        "{what} `{name}` has no value in {frames} frames ({ms} ms) from frame {frame} of trial {trial}; put one of these before in recording.prepare: {{ fill = {{ longest = MS }} }}, {{ split-at-gaps = {{ shortest = MS }} }}, \"drop-units-with-gaps\", \"drop-trials-with-gaps\""
    )]
    Gap {
        /// `"unit"` or `"input"`.
        what: &'static str,
        /// Its name.
        name: String,
        /// The trial.
        trial: usize,
        /// The first frame of the gap.
        frame: usize,
        /// Its frames.
        frames: usize,
        /// Its length, ms.
        ms: f64,
    },
    /// A baseline that nothing can be divided by.
    #[error(
        "the baseline of unit `{unit}` at frame {frame} of trial {trial} is {baseline}; delta-f needs raw fluorescence, above 0"
    )]
    Baseline {
        /// The unit.
        unit: String,
        /// The trial.
        trial: usize,
        /// The frame.
        frame: usize,
        /// The value found.
        baseline: f32,
    },
    /// More frames than are held in memory.
    #[error(
        "{frames} frames of {trials} trials and {units} units are too many; use wider bins, shorter trials or fewer units"
    )]
    Large {
        /// Frames of the longest trial.
        frames: usize,
        /// Trials.
        trials: usize,
        /// Units.
        units: usize,
    },
    /// A division that cannot be made.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Arrays that do not hold together.
    #[error(transparent)]
    Trials(#[from] TrialsError),
}

fn asked_for(asked: &str) -> String {
    match asked {
        "" => "name the activity (recording.activity)".to_owned(),
        name => format!("there is no activity `{name}`"),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
