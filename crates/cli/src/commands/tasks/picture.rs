//! Sample trials of a task as a picture.

use std::path::Path;

use attractor::data::{Trials, Value};
use attractor::report::{Matrix, TaskTrial, TaskTrials};
use attractor::task::{Task, TaskError};

use crate::failure::Failure;
use crate::output;

/// Trials drawn.
const DRAWN: usize = 3;
/// Letters that fit above a third of a page.
const FITS: usize = 40;

/// Draws the first trials of a seed into a file.
pub(super) fn draw(task: &dyn Task, seed: u64, path: &Path) -> Result<(), Failure> {
    let wrong = |error: TaskError| Failure::Request(error.to_string());
    let trials = task.generate(seed, 0, DRAWN).map_err(wrong)?;
    let schedules = task.schedules(seed, 0, DRAWN).map_err(wrong)?;
    let mut figure =
        TaskTrials::new(task.name(), trials.dt).inputs(task.inputs()).outputs(task.outputs());
    for trial in 0..trials.len() {
        let periods = schedules.get(trial).map_or_else(Vec::new, |schedule| {
            let named = schedule.periods();
            named.map(|(name, steps)| (name.to_owned(), steps.start, steps.end)).collect()
        });
        let steps = trials.lengths[trial];
        let target = &trials.targets[0];
        figure = figure.trial(TaskTrial::new(
            title(&trials, trial),
            periods,
            matrix(steps, trials.channels(), |t, c| trials.inputs[[t, trial, c]])?,
            matrix(steps, task.outputs().len(), |t, c| target.values[[t, trial, c]])?,
            (0..steps).map(|step| f64::from(target.weights[[step, trial]])).collect(),
        ));
    }
    output::picture(&figure.figure(), path, "--draw")
}

fn matrix(
    steps: usize,
    channels: usize,
    at: impl Fn(usize, usize) -> f32,
) -> Result<Matrix, Failure> {
    let values: Vec<f32> = (0..steps * channels).map(|k| at(k / channels, k % channels)).collect();
    Matrix::new(steps, channels, &values).map_err(|error| Failure::Failed(error.to_string()))
}

/// The first conditions of a trial, as far as they fit.
fn title(trials: &Trials, trial: usize) -> String {
    let mut title = String::new();
    for (name, column) in trials.conditions.columns() {
        let Some(value) = column.value(trial) else { continue };
        let said = format!("{} {}", name.replace('_', " "), rounded(&value));
        if title.is_empty() {
            title = said;
        } else if title.chars().count() + 2 + said.chars().count() <= FITS {
            title = format!("{title}, {said}");
        }
    }
    if title.is_empty() { format!("trial {}", trial + 1) } else { title }
}

/// Three digits of a number.
pub(super) fn rounded(value: &Value) -> String {
    match value {
        Value::Number(number) => attractor::report::number(*number, 3),
        Value::Label(label) => label.clone(),
    }
}
