//! What every task offers.

use attractor_data::{Part, Trials};
use ndarray::ArrayView3;
use serde::Serialize;

use crate::{Period, Schedule, Score, TaskError};

/// A distribution over trials, with its choice rule and score.
pub trait Task: Send + Sync {
    /// The name it is asked for by, such as `"context-decision"`.
    fn name(&self) -> &'static str;

    /// What it is, in one line.
    fn summary(&self) -> &'static str;

    /// Where it comes from, with DOI.
    fn reference(&self) -> &'static str;

    /// What counts as right, in one line.
    fn choice_rule(&self) -> &'static str;

    /// Names of the input channels.
    fn inputs(&self) -> Vec<String>;

    /// Names of the output channels, which the target `out.y` has.
    fn outputs(&self) -> Vec<String>;

    /// Duration of a step, ms.
    fn dt(&self) -> f64;

    /// The parts of a trial, in order.
    fn periods(&self) -> Vec<Period>;

    /// Steps of the longest trial; every batch has this many.
    fn steps(&self) -> usize;

    /// All options with their values in force; giving them to [`crate::create`] makes this task again.
    fn options(&self) -> toml::Table;

    /// Makes a batch: a pure function of options, seed and epoch. Different epochs give fresh trials.
    ///
    /// # Errors
    /// [`TaskError::NoTrials`] if none are asked for.
    fn generate(&self, seed: u64, epoch: u64, trials: usize) -> Result<Trials, TaskError>;

    /// When the periods of each trial of that batch happen; empty for a task that does not tell.
    ///
    /// # Errors
    /// As [`Task::generate`].
    fn schedules(&self, seed: u64, epoch: u64, trials: usize) -> Result<Vec<Schedule>, TaskError> {
        let _ = (seed, epoch, trials);
        Ok(Vec::new())
    }

    /// How many different trials there are of a part; none for a task that makes them, where no two
    /// are the same. A larger batch repeats some.
    fn distinct(&self, part: Part) -> Option<usize> {
        let _ = part;
        None
    }

    /// Whether the outputs are classes, of which one is right: cross-entropy is their loss.
    fn classifies(&self) -> bool {
        false
    }

    /// Judges outputs `[time, trial, channel]` of trials that this task has made.
    ///
    /// # Errors
    /// [`TaskError::Outputs`] for a shape that is not the target's, [`TaskError::Foreign`] for
    /// trials of another task.
    fn score(&self, trials: &Trials, outputs: ArrayView3<'_, f32>) -> Result<Score, TaskError>;
}

/// What an option of a task means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OptionDoc {
    /// Its key.
    pub name: &'static str,
    /// Its unit, or empty.
    pub unit: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// The options as a table, defaults included. (Structures of numbers always convert.)
pub(crate) fn table(options: &impl Serialize) -> toml::Table {
    toml::Table::try_from(options).unwrap_or_default()
}

/// An error about an option's value.
pub(crate) fn wrong(
    task: &'static str,
    option: &str,
    value: impl std::fmt::Debug,
    fix: &str,
) -> TaskError {
    TaskError::Option {
        task,
        option: option.to_owned(),
        value: format!("{value:?}"),
        fix: fix.to_owned(),
    }
}

/// Refuses a number that is negative, infinite or NaN.
pub(crate) fn not_negative(task: &'static str, option: &str, value: f64) -> Result<(), TaskError> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err(wrong(task, option, value, "a number >= 0 is needed"))
    }
}

/// Refuses a number that is infinite or NaN.
pub(crate) fn finite(task: &'static str, option: &str, value: f64) -> Result<(), TaskError> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(wrong(task, option, value, "a finite number is needed"))
    }
}

/// Refuses a time that is not a positive number of ms: there something has to happen.
pub(crate) fn lasts(task: &'static str, option: &str, ms: f64) -> Result<(), TaskError> {
    if ms == 0.0 { Err(wrong(task, option, ms, "it must last at least one step")) } else { Ok(()) }
}

/// Names as a task gives them.
pub(crate) fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}
