//! How well a batch was done, in all and by condition.

use attractor_data::{Conditions, OUTPUT, Target, Trials, Value};
use ndarray::{ArrayView3, Axis};
use serde::Serialize;

use crate::TaskError;

/// How well a batch of trials was done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Mean of `per_trial`: the number training waits for.
    pub fraction: f64,
    /// Of each trial, the fraction done right: 0 or 1 where a trial is one choice.
    pub per_trial: Vec<f64>,
    /// Whether each trial was done right altogether.
    pub correct: Vec<bool>,
    /// The fraction by condition, or by part of the output.
    pub by_condition: Vec<ConditionScore>,
    /// Choices along the stimulus axes; empty for tasks without choices.
    pub psychometric: Vec<Psychometric>,
}

/// The score among the trials that share a condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConditionScore {
    /// The condition, such as `"context"`.
    pub condition: String,
    /// Its value.
    pub value: Value,
    /// How many trials share it.
    pub trials: usize,
    /// The mean of their scores.
    pub fraction: f64,
}

/// A psychometric curve: how often the positive choice was made along a stimulus axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Psychometric {
    /// Which trials, such as `"context A"`; empty for all.
    pub among: String,
    /// The stimulus axis, such as `"coherence_a"`.
    pub axis: String,
    /// The curve, along the axis.
    pub points: Vec<PsychometricPoint>,
}

/// One point of a [`Psychometric`] curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PsychometricPoint {
    /// Where on the axis.
    pub stimulus: f64,
    /// How many trials.
    pub trials: usize,
    /// The fraction of them with a positive choice.
    pub positive: f64,
}

impl Score {
    /// The score of trials that are right or wrong, with the fractions by these conditions.
    #[must_use]
    pub fn of_choices(correct: Vec<bool>, conditions: &Conditions, by: &[&str]) -> Self {
        let per_trial: Vec<f64> = correct.iter().map(|&right| f64::from(u8::from(right))).collect();
        let mut by_condition = Vec::new();
        for &name in by {
            let groups =
                conditions.column(name).map(attractor_data::Column::groups).unwrap_or_default();
            by_condition.extend(groups.into_iter().map(|(value, trials)| ConditionScore {
                condition: name.to_owned(),
                value,
                trials: trials.len(),
                fraction: mean(trials.iter().map(|&t| per_trial[t])),
            }));
        }
        Score {
            fraction: mean(per_trial.iter().copied()),
            per_trial,
            correct,
            by_condition,
            psychometric: Vec::new(),
        }
    }

    /// Adds how often the choice was positive along a condition of numbers, among all trials.
    #[must_use]
    pub fn along(mut self, axis: &str, trials: &Trials, choices: &[f32]) -> Self {
        self.psychometric.push(psychometric("", axis, &trials.conditions, choices, |_| true));
        self
    }
}

/// How often the choice was positive among these trials, along a column of numbers.
pub(crate) fn psychometric(
    among: &str,
    axis: &str,
    conditions: &Conditions,
    choices: &[f32],
    included: impl Fn(usize) -> bool,
) -> Psychometric {
    let groups = conditions.column(axis).map(attractor_data::Column::groups).unwrap_or_default();
    let points = groups.into_iter().filter_map(|(value, trials)| {
        let Value::Number(stimulus) = value else {
            return None;
        };
        let trials: Vec<usize> = trials.into_iter().filter(|&t| included(t)).collect();
        let positive = mean(trials.iter().map(|&t| f64::from(u8::from(choices[t] > 0.0))));
        (!trials.is_empty()).then_some(PsychometricPoint {
            stimulus,
            trials: trials.len(),
            positive,
        })
    });
    Psychometric { among: among.to_owned(), axis: axis.to_owned(), points: points.collect() }
}

/// The target of the output, after checking that these outputs answer it.
pub(crate) fn answered<'a>(
    task: &'static str,
    trials: &'a Trials,
    outputs: &ArrayView3<'_, f32>,
) -> Result<&'a Target, TaskError> {
    let target =
        trials.target(OUTPUT).ok_or(TaskError::Foreign { task, lacks: "a target for `out.y`" })?;
    if target.values.shape() != outputs.shape() {
        let (expected, found) = (target.values.shape().to_vec(), outputs.shape().to_vec());
        return Err(TaskError::Outputs { task, expected, found });
    }
    Ok(target)
}

/// The mean of channel 0 of each trial over the steps that are asked for an answer: its sign is the
/// choice. A step that is asked for 0 is asked to wait.
pub(crate) fn decisions(target: &Target, values: &ArrayView3<'_, f32>) -> Vec<f32> {
    let trials = values.len_of(Axis(1));
    let decision = |trial: usize| -> f32 {
        let asked = target.weights.column(trial);
        let answer = |step: usize| asked[step] > 0.0 && target.values[[step, trial, 0]] != 0.0;
        let (mut sum, mut steps) = (0.0_f64, 0.0_f64);
        for step in (0..asked.len()).filter(|&step| answer(step)) {
            sum += f64::from(values[[step, trial, 0]]);
            steps += 1.0;
        }
        if steps > 0.0 { (sum / steps) as f32 } else { 0.0 }
    };
    (0..trials).map(decision).collect()
}

/// Whether both have the same sign; 0 and NaN agree with nothing.
pub(crate) fn same_sign(a: f32, b: f32) -> bool {
    (a > 0.0 && b > 0.0) || (a < 0.0 && b < 0.0)
}

pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}
