//! The score of sequences with a class for each step.

use attractor_data::{Target, Value};
use ndarray::{ArrayView1, ArrayView3, Axis, s};

use crate::score::{ConditionScore, Score, mean};

/// The fraction of asked steps at which the largest output is that of the step's class; two that are
/// largest are wrong. A trial is right altogether if every step is. By class: the fraction of its steps.
pub(super) fn score(target: &Target, outputs: &ArrayView3<'_, f32>, classes: &[String]) -> Score {
    let trials = outputs.len_of(Axis(1));
    let mut per_trial = Vec::with_capacity(trials);
    // of each class: trials with it, its steps, those of them that are right
    let mut by_class = vec![(0, 0_u32, 0_u32); classes.len()];
    for trial in 0..trials {
        let (mut steps, mut right) = (vec![0_u32; classes.len()], vec![0_u32; classes.len()]);
        for step in 0..outputs.len_of(Axis(0)) {
            if target.weights[[step, trial]] <= 0.0 {
                continue;
            }
            let Some(wanted) = largest(target.values.slice(s![step, trial, ..])) else { continue };
            steps[wanted] += 1;
            let chosen = largest(outputs.slice(s![step, trial, ..]));
            right[wanted] += u32::from(chosen == Some(wanted));
        }
        for (all, (&steps, &right)) in by_class.iter_mut().zip(steps.iter().zip(&right)) {
            *all = (all.0 + usize::from(steps > 0), all.1 + steps, all.2 + right);
        }
        let (steps, right): (u32, u32) = (steps.iter().sum(), right.iter().sum());
        per_trial.push(f64::from(right) / f64::from(steps.max(1)));
    }
    let by_condition =
        by_class.into_iter().zip(classes).filter(|((trials, ..), _)| *trials > 0).map(
            |((trials, steps, right), class)| ConditionScore {
                condition: super::CLASS.to_owned(),
                value: Value::Label(class.clone()),
                trials,
                fraction: f64::from(right) / f64::from(steps),
            },
        );
    Score {
        fraction: mean(per_trial.iter().copied()),
        correct: per_trial.iter().map(|&fraction| fraction == 1.0).collect(),
        by_condition: by_condition.collect(),
        psychometric: Vec::new(),
        per_trial,
    }
}

/// The place of the largest value, if there is one that is larger than all others.
fn largest(values: ArrayView1<'_, f32>) -> Option<usize> {
    let best = (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b]))?;
    let alone = (0..values.len()).all(|k| k == best || values[best] > values[k]);
    alone.then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn steps_are_counted_by_trial_and_by_class() {
        // two trials of three steps; the last step of the second is not asked
        let values = array![[[1., 0.], [0., 1.]], [[1., 0.], [0., 1.]], [[0., 1.], [0., 0.]]];
        let mut weights = Array2::ones((3, 2));
        weights[[2, 1]] = 0.0;
        let target = Target { signal: "out.y".to_owned(), values, weights };
        let outputs = array![[[3., 1.], [0., 1.]], [[1., 1.], [2., 3.]], [[0., 9.], [9., 0.]]];
        let score = score(&target, &outputs.view(), &["a".to_owned(), "b".to_owned()]);
        assert_eq!(score.per_trial, [2.0 / 3.0, 1.0], "a draw is wrong");
        assert_eq!(score.correct, [false, true]);
        let rows: Vec<_> =
            score.by_condition.iter().map(|row| (row.trials, row.fraction)).collect();
        assert_eq!(rows, [(1, 0.5), (2, 1.0)]);
        assert!((score.fraction - 5.0 / 6.0).abs() < 1e-15);
    }
}
