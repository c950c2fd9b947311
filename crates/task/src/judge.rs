//! How answers are judged: by sign, by the largest output, by the error of a curve.

use attractor_data::Trials;
use ndarray::{ArrayView1, ArrayView2, ArrayView3, Axis};

use crate::score::{answered, decisions, same_sign};
use crate::{Score, TaskError};

/// The score of tasks whose answer is a sign, with the choices made: the mean of channel 0 over the
/// steps that are asked for anything but 0 has the sign of the target's; 0 is wrong.
///
/// # Errors
/// [`TaskError::Outputs`] for outputs of another shape, [`TaskError::Foreign`] for trials without
/// such a target or without the conditions `by`.
pub fn by_sign(
    task: &'static str,
    trials: &Trials,
    outputs: &ArrayView3<'_, f32>,
    by: &[&'static str],
) -> Result<(Score, Vec<f32>), TaskError> {
    let target = answered(task, trials, outputs)?;
    noted(task, trials, by)?;
    let choices = decisions(target, outputs);
    let wanted = decisions(target, &target.values.view());
    let correct = choices.iter().zip(&wanted).map(|(&a, &b)| same_sign(a, b)).collect();
    Ok((Score::of_choices(correct, &trials.conditions, by), choices))
}

/// The score of tasks whose answer is one of several outputs: that with the largest mean over the
/// steps that are asked is the one whose target has. Two that are largest are wrong.
///
/// # Errors
/// [`TaskError::Outputs`] for outputs of another shape, [`TaskError::Foreign`] for trials without
/// such a target or without the conditions `by`.
pub fn by_largest(
    task: &'static str,
    trials: &Trials,
    outputs: &ArrayView3<'_, f32>,
    by: &[&'static str],
) -> Result<Score, TaskError> {
    let target = answered(task, trials, outputs)?;
    noted(task, trials, by)?;
    let largest = |values: ArrayView2<'_, f32>, weights: ArrayView1<'_, f32>| {
        let mut sums = vec![0.0_f64; values.len_of(Axis(1))];
        for (row, _) in values.rows().into_iter().zip(weights).filter(|(_, w)| **w > 0.0) {
            sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        let best = (0..sums.len()).max_by(|&a, &b| sums[a].total_cmp(&sums[b]))?;
        let alone = (0..sums.len()).all(|other| other == best || sums[best] > sums[other]);
        alone.then_some(best)
    };
    let correct = (0..trials.len()).map(|trial| {
        let weights = target.weights.column(trial);
        let wanted = largest(target.values.index_axis(Axis(1), trial), weights);
        wanted.is_some() && largest(outputs.index_axis(Axis(1), trial), weights) == wanted
    });
    Ok(Score::of_choices(correct.collect(), &trials.conditions, by))
}

/// The score of tasks whose answer is a curve: over the steps that are asked, the root mean square
/// of the error is at most `tolerance` times that of the target.
///
/// # Errors
/// [`TaskError::Outputs`] for outputs of another shape, [`TaskError::Foreign`] for trials without
/// such a target or without the conditions `by`.
pub fn by_error(
    task: &'static str,
    trials: &Trials,
    outputs: &ArrayView3<'_, f32>,
    tolerance: f64,
    by: &[&'static str],
) -> Result<Score, TaskError> {
    let target = answered(task, trials, outputs)?;
    noted(task, trials, by)?;
    let correct = (0..trials.len()).map(|trial| {
        let (mut error, mut power) = (0.0_f64, 0.0_f64);
        for (step, _) in
            target.weights.column(trial).iter().enumerate().filter(|(_, weight)| **weight > 0.0)
        {
            for channel in 0..outputs.len_of(Axis(2)) {
                let wanted = f64::from(target.values[[step, trial, channel]]);
                error += (f64::from(outputs[[step, trial, channel]]) - wanted).powi(2);
                power += wanted * wanted;
            }
        }
        error <= tolerance * tolerance * power
    });
    Ok(Score::of_choices(correct.collect(), &trials.conditions, by))
}

/// Checks that the trials have these conditions.
pub(crate) fn noted(
    task: &'static str,
    trials: &Trials,
    conditions: &[&'static str],
) -> Result<(), TaskError> {
    match conditions.iter().find(|name| trials.conditions.column(name).is_none()) {
        Some(lacks) => Err(TaskError::Foreign { task, lacks }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_data::{Conditions, OUTPUT, Target};
    use ndarray::{Array2, Array3, array};

    /// Two steps, of which the second is asked.
    fn trials(values: Array3<f32>) -> Trials {
        let (steps, count, _) = values.dim();
        let mut trials = Trials::new(1.0, Array3::zeros((steps, count, 1))).unwrap();
        let weights = Array2::from_shape_fn((steps, count), |(step, _)| step as f32);
        trials.targets.push(Target { signal: OUTPUT.to_owned(), values, weights });
        trials.conditions = Conditions::none(count).with("k", vec![1.0; count]).unwrap();
        trials
    }

    #[test]
    fn the_largest_output_must_be_alone() {
        let trials = trials(array![[[0.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]]);
        let judged = |outputs: Array3<f32>| {
            by_largest("test", &trials, &outputs.view(), &["k"]).unwrap().correct
        };
        let first_step_does_not_count = array![[[9.0, 0.0], [0.0, 9.0]], [[0.1, 0.2], [0.2, 0.1]]];
        assert_eq!(judged(first_step_does_not_count), [true, true]);
        assert_eq!(judged(array![[[0.0; 2]; 2], [[0.2, 0.1], [0.2, 0.2]]]), [false, false]);
        assert_eq!(judged(array![[[0.0; 2]; 2], [[f32::NAN, 1.0], [-3.0, -4.0]]]), [false, true]);
    }

    #[test]
    fn the_error_is_relative_to_the_target() {
        let trials = trials(array![[[0.0], [0.0]], [[3.0], [0.1]]]);
        let judged = |outputs: Array3<f32>, tolerance: f64| {
            by_error("test", &trials, &outputs.view(), tolerance, &["k"]).unwrap().correct
        };
        assert_eq!(judged(array![[[7.0], [7.0]], [[2.5], [0.125]]], 0.26), [true, true]);
        assert_eq!(judged(array![[[0.0], [0.0]], [[2.5], [0.125]]], 0.2), [true, false]);
        assert_eq!(judged(Array3::zeros((2, 2, 1)), 0.99), [false, false]);
    }

    #[test]
    fn trials_without_the_condition_are_foreign() {
        let trials = trials(Array3::ones((2, 1, 1)));
        let error = by_sign("test", &trials, &trials.targets[0].values.view(), &["colour"]);
        assert_eq!(error.unwrap_err(), TaskError::Foreign { task: "test", lacks: "colour" });
    }
}
