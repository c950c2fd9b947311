//! Which units tell conditions apart, and which condition each prefers.

use std::ops::Range;

use attractor_data::{Column, Value};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayView3, Axis, s};
use serde::Serialize;

use crate::MeasureError;
use crate::correlation::ranks;
use crate::measure_error::{enough, same_length};

/// Mean of activity `[time, trial, unit]` over a range of steps, `[trial, unit]`.
///
/// # Errors
/// An empty range, or one that ends after the activity does.
pub fn window_means(
    activity: ArrayView3<'_, f64>,
    steps: Range<usize>,
) -> Result<Array2<f64>, MeasureError> {
    if steps.is_empty() || steps.end > activity.dim().0 {
        let fix = "a window has a step or more, all within the activity";
        let value = format!("{steps:?} of {}", activity.dim().0);
        return Err(MeasureError::Value { name: "window", value, fix });
    }
    let count = steps.len() as f64;
    Ok(activity.slice(s![steps, .., ..]).sum_axis(Axis(0)) / count)
}

/// How well one unit tells two conditions apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Contrast {
    /// Area under the ROC curve: the chance that a response in the first condition exceeds one in the
    /// second, ties counting half. 0.5: not at all; 1 or 0: fully.
    pub auc: f64,
    /// `d′ = (mean₁ − mean₂) / √((variance₁ + variance₂) / 2)`, variances over trials − 1; `None` if
    /// neither varies or there is one trial.
    pub d_prime: Option<f64>,
}

/// The contrast of each unit between two sets of trials, from responses `[trial, unit]`.
///
/// The area is the Mann-Whitney statistic `U / (n₁ n₂)` (Britten et al. 1992,
/// doi:10.1523/JNEUROSCI.12-12-04745.1992, used so for neurons).
///
/// Cost: sorting the trials once a unit.
///
/// # Errors
/// An empty set, a trial that is not there, values that are not finite.
pub fn contrasts(
    responses: ArrayView2<'_, f64>,
    first: &[usize],
    second: &[usize],
) -> Result<Vec<Contrast>, MeasureError> {
    check(responses)?;
    enough("trials of the first condition", 1, first.len())?;
    enough("trials of the second condition", 1, second.len())?;
    let trials = responses.nrows();
    if let Some(&trial) = first.iter().chain(second).find(|&&k| k >= trials) {
        return Err(MeasureError::NoSuchTrial { trial, trials });
    }
    let of_unit = |unit: ArrayView1<'_, f64>| {
        let [a, b] = [first, second].map(|set| set.iter().map(|&k| unit[k]).collect::<Vec<f64>>());
        Contrast { auc: auc(&a, &b), d_prime: d_prime(&a, &b) }
    };
    Ok(responses.columns().into_iter().map(of_unit).collect())
}

fn auc(a: &[f64], b: &[f64]) -> f64 {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let of_first: f64 = ranks(&[a, b].concat())[..a.len()].iter().sum();
    (of_first - n * (n + 1.0) / 2.0) / (n * m)
}

fn d_prime(a: &[f64], b: &[f64]) -> Option<f64> {
    let [(mean, variance), (other_mean, other_variance)] = [a, b].map(moments);
    let pooled = ((variance + other_variance) / 2.0).sqrt();
    (pooled > 0.0).then(|| (mean - other_mean) / pooled)
}

/// Mean, and variance over n − 1, NaN for n = 1.
fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0))
}

/// What one unit prefers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preference {
    /// The condition with the largest mean response; of equals, the first.
    pub condition: Value,
    /// Mean response in each condition, in ascending order of conditions.
    pub means: Vec<f64>,
    /// Fraction of the variance over trials that conditions explain (η², in 0..1): 0 for a unit
    /// without preference. 0 also for one that never varies.
    pub explained: f64,
}

/// The preferred condition of each unit, from responses `[trial, unit]`.
///
/// # Errors
/// Unless the column has one entry per trial; values that are not finite.
pub fn preferences(
    responses: ArrayView2<'_, f64>,
    conditions: &Column,
) -> Result<Vec<Preference>, MeasureError> {
    check(responses)?;
    same_length("conditions of trials", responses.nrows(), conditions.len())?;
    enough("trials", 1, responses.nrows())?;
    let groups = conditions.groups();
    let of_unit = |unit: ArrayView1<'_, f64>| {
        let mean = unit.sum() / unit.len() as f64;
        let total: f64 = unit.iter().map(|x| (x - mean).powi(2)).sum();
        let means: Vec<f64> = groups
            .iter()
            .map(|(_, trials)| trials.iter().map(|&k| unit[k]).sum::<f64>() / trials.len() as f64)
            .collect();
        let between: f64 = groups
            .iter()
            .zip(&means)
            .map(|((_, trials), m)| trials.len() as f64 * (m - mean).powi(2))
            .sum();
        let best =
            (0..means.len()).fold(0, |best, c| if means[c] > means[best] { c } else { best });
        let explained = if total > 0.0 { (between / total).min(1.0) } else { 0.0 };
        Preference { condition: groups[best].0.clone(), means, explained }
    };
    Ok(responses.columns().into_iter().map(of_unit).collect())
}

fn check(responses: ArrayView2<'_, f64>) -> Result<(), MeasureError> {
    match responses.indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((k, i), &value)) => {
            Err(MeasureError::NotFinite { what: "responses", index: vec![k, i], value })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, array};

    #[test]
    fn contrasts_count_pairs() {
        // unit 0 separates; unit 1: pairs 3>1, 3>2, 2>1, 2=2 of 4; unit 2 is the same everywhere
        let responses = array![[5.0, 3.0, 1.0], [6.0, 2.0, 1.0], [1.0, 1.0, 1.0], [3.0, 2.0, 1.0]];
        let found = contrasts(responses.view(), &[0, 1], &[2, 3]).unwrap();
        assert_eq!(found.iter().map(|c| c.auc).collect::<Vec<_>>(), [1.0, 3.5 / 4.0, 0.5]);
        // means 5.5 and 2, variances 0.5 and 2
        assert!((found[0].d_prime.unwrap() - 3.5 / f64::sqrt(1.25)).abs() < 1e-12);
        assert_eq!(found[2].d_prime, None);
        let back = contrasts(responses.view(), &[2, 3], &[0, 1]).unwrap();
        for (a, b) in found.iter().zip(&back) {
            assert!((a.auc + b.auc - 1.0).abs() < 1e-12);
            assert_eq!(a.d_prime, b.d_prime.map(|d| -d));
        }
        assert_eq!(contrasts(responses.view(), &[0], &[2]).unwrap()[0].d_prime, None);
        assert!(contrasts(responses.view(), &[], &[0]).is_err());
        assert!(contrasts(responses.view(), &[0], &[4]).is_err());
    }

    #[test]
    fn preferences_by_mean() {
        let responses = array![[1.0, 5.0, 0.0], [3.0, 1.0, 0.0], [5.0, 0.0, 0.0], [7.0, 2.0, 0.0]];
        let column = Column::from(vec!["left", "left", "right", "right"]);
        let found = preferences(responses.view(), &column).unwrap();
        let label = |s: &str| Value::Label(s.into());
        assert_eq!(found[0].condition, label("right"));
        assert_eq!(found[0].means, [2.0, 6.0]);
        // squares: between 4 · 4, within 4 · 1
        assert!((found[0].explained - 0.8).abs() < 1e-12);
        assert_eq!((&found[1].condition, &found[2].condition), (&label("left"), &label("left")));
        assert_eq!(found[2].explained, 0.0);
    }

    #[test]
    fn windows_within_the_activity() {
        let activity = Array3::from_shape_fn((4, 2, 1), |(t, k, _)| (t * t + k) as f64);
        assert_eq!(window_means(activity.view(), 1..3).unwrap(), array![[2.5], [3.5]]);
        assert!(window_means(activity.view(), 2..2).is_err());
        assert!(window_means(activity.view(), 2..5).is_err());
    }
}
