//! What tasks of interval timing share: a target that ramps to 1, and intervals read from outputs.

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::judge::noted;
use crate::score::answered;
use crate::task::wrong;
use crate::{Score, TaskError};

/// The condition that says how long the interval to produce is, ms.
pub(crate) const PRODUCE: &str = "produce";

/// Writes what to produce: from the first step of `produce` on output 0 should rise in a straight
/// line, reach 1 when the interval is over, and rise on to the end of the trial.
pub(crate) fn ramp(trial: &mut Draft<'_>) {
    let produce = trial.during("produce");
    let steps = produce.len();
    for step in produce.start..trial.end() {
        trial.want_at(0, step, (step - produce.start) as f64 / steps as f64);
    }
    trial.ask(produce.start..trial.end());
    trial.note(PRODUCE, trial.lasting("produce"));
}

/// Refuses intervals that are shorter than the pulse that begins them, or none at all.
pub(crate) fn check(
    task: &'static str,
    option: &str,
    intervals: &[f64],
    pulse: f64,
) -> Result<(), TaskError> {
    if !intervals.is_empty() && intervals.iter().all(|ms| ms.is_finite() && *ms >= pulse) {
        return Ok(());
    }
    let fix = format!("at least one number of ms is needed, none below `pulse` ({pulse} ms)");
    Err(wrong(task, option, intervals, &fix))
}

/// Shortest and longest.
pub(crate) fn range<'a>(intervals: impl Iterator<Item = &'a f64>) -> [f64; 2] {
    intervals.fold([f64::INFINITY, 0.0], |[low, high], &ms| [low.min(ms), high.max(ms)])
}

/// The score of produced intervals: the time from the first step that is asked to the first at which
/// the output has reached 1 is within `tolerance` (a fraction) of the one wanted.
pub(crate) fn judge(
    task: &'static str,
    trials: &Trials,
    outputs: &ArrayView3<'_, f32>,
    tolerance: f64,
    by: &[&'static str],
) -> Result<Score, TaskError> {
    let target = answered(task, trials, outputs)?;
    noted(task, trials, by)?;
    let wanted =
        trials.conditions.numbers(PRODUCE).ok_or(TaskError::Foreign { task, lacks: PRODUCE })?;
    let correct = wanted.iter().enumerate().map(|(trial, &wanted)| {
        let asked = target.weights.column(trial);
        let go = asked.iter().position(|weight| *weight > 0.0).unwrap_or(0);
        let reached = (go..trials.lengths[trial]).find(|&step| outputs[[step, trial, 0]] >= 1.0);
        reached.is_some_and(|step| {
            ((step - go) as f64 * trials.dt - wanted).abs() <= tolerance * wanted
        })
    });
    Ok(Score::of_choices(correct.collect(), &trials.conditions, by))
}

/// Refuses a tolerance of no meaning.
pub(crate) fn tolerable(task: &'static str, tolerance: f64) -> Result<(), TaskError> {
    if tolerance > 0.0 && tolerance < 1.0 {
        return Ok(());
    }
    Err(wrong(task, "tolerance", tolerance, "it must lie between 0 and 1"))
}

/// Refuses pulses that no step can show, and trials that end before the output can have reached 1.
pub(crate) fn pulse(task: &'static str, pulse: f64, after: f64, dt: f64) -> Result<(), TaskError> {
    for (option, ms) in [("pulse", pulse), ("after", after)] {
        if !(ms.is_finite() && ms >= dt) {
            return Err(wrong(task, option, ms, "it must last at least one step"));
        }
    }
    Ok(())
}
