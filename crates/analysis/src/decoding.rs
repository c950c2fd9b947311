//! What can be read from activity, and when: linear decoding of conditions, within and across times.

use attractor_data::{Column, Value};
use attractor_numerics::random::stream;
use ndarray::{Array2, ArrayView2, ArrayView3, s};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::Serialize;

use crate::MeasureError;
use crate::discriminant::Discriminant;
use crate::measure_error::{enough, same_length};
use crate::samples::samples;

/// How to decode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecodingOptions {
    /// Parts into which the trials of each condition are dealt; each is decoded by the others.
    pub folds: usize,
    /// Shrinkage: this fraction of the mean variance of units is added to every unit's variance.
    pub ridge: f64,
    /// Permutations of the labels for the level of chance; 0 computes none.
    pub permutations: usize,
    /// Seed of folds and permutations.
    pub seed: u64,
}

impl Default for DecodingOptions {
    /// Five folds, a ridge of 0.01, no permutations, seed 0.
    fn default() -> Self {
        DecodingOptions { folds: 5, ridge: 0.01, permutations: 0, seed: 0 }
    }
}

/// Decoding at each time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decoded {
    /// The conditions, in ascending order.
    pub conditions: Vec<Value>,
    /// Cross-validated accuracy per step: the fraction of held-out trials that are told, averaged over
    /// conditions, so that chance is 1 / conditions however often each occurs.
    pub accuracy: Vec<f64>,
    /// Accuracy with permuted labels; `None` without permutations.
    pub chance: Option<Chance>,
}

/// Accuracy if labels say nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chance {
    /// Mean over permutations, per step.
    pub mean: Vec<f64>,
    /// The accuracy that 95 % of the permutations do not exceed, per step.
    pub upper: Vec<f64>,
}

/// Decoding across times.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CrossTemporal {
    /// The conditions, in ascending order.
    pub conditions: Vec<Value>,
    /// Cross-validated accuracy `[trained at][tested at]`, as in [`Decoded`].
    pub accuracy: Vec<Vec<f64>>,
}

/// Decodes the condition of each trial from activity `[time, trial, unit]`, at each time anew.
///
/// Linear discriminant analysis with equal priors and a ridge: trial x goes to the condition c with the
/// largest `x·w_c − ½ μ_c·w_c`, `w_c = (S + λ I)⁻¹ μ_c`, where μ are means of the training trials
/// relative to their common mean, S their covariance within conditions and λ the ridge. Folds are
/// stratified; labels are permuted within folds, so each keeps its share of every condition. Give
/// noisy trials: copies of one noise-free trial are in the training set and held out.
///
/// Where activity does not vary at all (such as before anything happened), accuracy is that of chance.
///
/// Cost per time and fold, for K trials, N units, C conditions and P permutations: K N² + N³/3 for
/// N ≤ K (K² N + K³/3 otherwise), once for all permutations, and (K + N) N C (P + 1). Times run in
/// parallel; the result does not depend on it.
///
/// ```
/// use attractor_analysis::{DecodingOptions, decode};
/// use attractor_data::Column;
/// use ndarray::Array3;
/// // the condition shows from the second step on
/// let side = Column::from((0..20).map(|k| ["left", "right"][k % 2]).collect::<Vec<_>>());
/// let activity = Array3::from_shape_fn((2, 20, 1), |(t, k, _)| (t * (k % 2)) as f64);
/// let found = decode(activity.view(), &side, &DecodingOptions::default())?;
/// assert_eq!(found.accuracy, [0.5, 1.0]);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
///
/// # Errors
/// Unless the column has one entry per trial, two conditions and, of each, a trial per fold; options
/// out of range; values that are not finite.
pub fn decode(
    activity: ArrayView3<'_, f64>,
    conditions: &Column,
    options: &DecodingOptions,
) -> Result<Decoded, MeasureError> {
    let design = Design::new(activity, conditions, options)?;
    let labels = design.permuted();
    let at = |t: usize| design.accuracies(activity.slice(s![t, .., ..]), &labels);
    let of_times: Result<Vec<Vec<f64>>, _> =
        (0..activity.dim().0).into_par_iter().map(at).collect();
    let of_times = of_times?;
    let chance = (options.permutations > 0).then(|| Chance {
        mean: of_times.iter().map(|a| a[1..].iter().sum::<f64>() / (a.len() - 1) as f64).collect(),
        upper: of_times.iter().map(|a| upper(&a[1..])).collect(),
    });
    let accuracy = of_times.iter().map(|a| a[0]).collect();
    Ok(Decoded { conditions: design.values, accuracy, chance })
}

/// Decodes each time with what was learned at each other: a square that stays bright says that the code
/// stays the same (Stokes et al. 2013, doi:10.1016/j.neuron.2013.01.039), a bright diagonal that it
/// changes. Everything else is as in [`decode`]; permutations are not used.
///
/// Cost: that of [`decode`], and T² K N C for T times: thin out time first if it has thousands of steps.
///
/// # Errors
/// As for [`decode`].
pub fn decode_across_times(
    activity: ArrayView3<'_, f64>,
    conditions: &Column,
    options: &DecodingOptions,
) -> Result<CrossTemporal, MeasureError> {
    let design = Design::new(activity, conditions, options)?;
    let trained_at = |t: usize| design.across(activity, t);
    let accuracy: Result<Vec<Vec<f64>>, _> =
        (0..activity.dim().0).into_par_iter().map(trained_at).collect();
    Ok(CrossTemporal { accuracy: accuracy?, conditions: design.values })
}

/// Labels and folds.
struct Design {
    values: Vec<Value>,
    /// Trials per condition.
    counts: Vec<usize>,
    /// Condition of each trial.
    labels: Vec<usize>,
    /// Trials of each fold.
    folds: Vec<Vec<usize>>,
    options: DecodingOptions,
}

impl Design {
    fn new(
        activity: ArrayView3<'_, f64>,
        conditions: &Column,
        options: &DecodingOptions,
    ) -> Result<Self, MeasureError> {
        same_length("conditions of trials", activity.dim().1, conditions.len())?;
        samples(activity, "activity", 1)?;
        enough("folds", 2, options.folds)?;
        if !(options.ridge > 0.0 && options.ridge.is_finite()) {
            let (value, fix) = (options.ridge.to_string(), "it is above 0, such as 0.01");
            return Err(MeasureError::Value { name: "ridge", value, fix });
        }
        let groups = conditions.groups();
        enough("conditions", 2, groups.len())?;
        let mut rng = stream(options.seed, "analysis/decoding-folds");
        let mut labels = vec![0; conditions.len()];
        let mut folds = vec![Vec::new(); options.folds];
        let mut next = 0;
        for (c, (_, trials)) in groups.iter().enumerate() {
            enough("trials of a condition, one per fold", options.folds, trials.len())?;
            let mut trials = trials.clone();
            trials.shuffle(&mut rng);
            for trial in trials {
                labels[trial] = c;
                folds[next].push(trial);
                next = (next + 1) % options.folds;
            }
        }
        Ok(Design {
            counts: groups.iter().map(|(_, trials)| trials.len()).collect(),
            values: groups.into_iter().map(|(value, _)| value).collect(),
            labels,
            folds,
            options: *options,
        })
    }

    /// The labels, then those of each permutation.
    fn permuted(&self) -> Vec<Vec<usize>> {
        let mut rng = stream(self.options.seed, "analysis/decoding-permutations");
        let mut all = vec![self.labels.clone()];
        for _ in 0..self.options.permutations {
            let mut permuted = self.labels.clone();
            for fold in &self.folds {
                let mut order = fold.clone();
                order.shuffle(&mut rng);
                fold.iter().zip(&order).for_each(|(&to, &from)| permuted[to] = self.labels[from]);
            }
            all.push(permuted);
        }
        all
    }

    /// Accuracy of each labelling at one time, `[trial, unit]`.
    fn accuracies(
        &self,
        x: ArrayView2<'_, f64>,
        labellings: &[Vec<usize>],
    ) -> Result<Vec<f64>, MeasureError> {
        let mut told = vec![vec![0usize; self.counts.len()]; labellings.len()];
        for fold in 0..self.folds.len() {
            let found = self.train(x, labellings, fold)?;
            let held_out = rows(x, &self.folds[fold]);
            for ((told, labels), learned) in told.iter_mut().zip(labellings).zip(&found) {
                count(told, &learned.tell(&held_out), labels, &self.folds[fold]);
            }
        }
        Ok(told.iter().map(|told| self.accuracy(told)).collect())
    }

    /// Accuracy at every time of what was learned at one.
    fn across(&self, activity: ArrayView3<'_, f64>, t: usize) -> Result<Vec<f64>, MeasureError> {
        let labels = std::slice::from_ref(&self.labels);
        let steps = activity.dim().0;
        let mut told = vec![vec![0usize; self.counts.len()]; steps];
        for fold in 0..self.folds.len() {
            let found = self.train(activity.slice(s![t, .., ..]), labels, fold)?;
            for (tested, told) in told.iter_mut().enumerate() {
                let x = rows(activity.slice(s![tested, .., ..]), &self.folds[fold]);
                count(told, &found[0].tell(&x), &self.labels, &self.folds[fold]);
            }
        }
        Ok(told.iter().map(|told| self.accuracy(told)).collect())
    }

    fn train(
        &self,
        x: ArrayView2<'_, f64>,
        labellings: &[Vec<usize>],
        left_out: usize,
    ) -> Result<Vec<Discriminant>, MeasureError> {
        let others = self.folds.iter().enumerate().filter(|(fold, _)| *fold != left_out);
        let trials: Vec<usize> = others.flat_map(|(_, trials)| trials.iter().copied()).collect();
        let labellings: Vec<Vec<usize>> =
            labellings.iter().map(|labels| trials.iter().map(|&k| labels[k]).collect()).collect();
        Discriminant::train(rows(x, &trials), &labellings, self.counts.len(), self.options.ridge)
    }

    /// Mean over conditions of the fraction told.
    fn accuracy(&self, told: &[usize]) -> f64 {
        let fractions = told.iter().zip(&self.counts).map(|(&t, &n)| t as f64 / n as f64);
        fractions.sum::<f64>() / self.counts.len() as f64
    }
}

fn rows(x: ArrayView2<'_, f64>, trials: &[usize]) -> Array2<f64> {
    x.select(ndarray::Axis(0), trials)
}

fn count(told: &mut [usize], guesses: &[usize], labels: &[usize], trials: &[usize]) {
    for (&guess, &trial) in guesses.iter().zip(trials) {
        told[guess] += usize::from(guess == labels[trial]);
    }
}

/// The least of the values that at least 95 % of them do not exceed.
fn upper(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(0.95 * sorted.len() as f64).ceil() as usize - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;
    use rand_distr::{Distribution, StandardNormal};

    /// Noise in 12 units; from step 2 on, unit 0 tells the condition by `gain` (sd 1), from 4 on unit 1.
    fn activity(gain: f64, trials: usize, seed: u64) -> (Array3<f64>, Column) {
        let mut rng = stream(seed, "decoding");
        let mut x =
            Array3::from_shape_simple_fn((6, trials, 12), || StandardNormal.sample(&mut rng));
        for k in 0..trials {
            for t in 2..6 {
                x[[t, k, t / 4]] += gain * (k % 3) as f64;
            }
        }
        (x, Column::from((0..trials).map(|k| (k % 3) as f64).collect::<Vec<_>>()))
    }

    #[test]
    fn separable_conditions_are_told_and_noise_is_not() {
        let (x, column) = activity(20.0, 90, 1);
        let options = DecodingOptions { permutations: 200, seed: 3, ..Default::default() };
        let found = decode(x.view(), &column, &options).unwrap();
        let chance = found.chance.unwrap();
        for t in 0..6 {
            if t < 2 {
                assert!(found.accuracy[t] <= chance.upper[t] + 0.05, "{}", found.accuracy[t]);
            } else {
                assert_eq!(found.accuracy[t], 1.0);
            }
            // 200 means of 90 trials: sd of a permutation 0.05, of their mean 0.0035 and some
            assert!((chance.mean[t] - 1.0 / 3.0).abs() < 0.02, "{}", chance.mean[t]);
            assert!(chance.upper[t] > 0.38 && chance.upper[t] < 0.5, "{}", chance.upper[t]);
        }
    }

    /// Two Gaussians at distance d: the best that can be had is Φ(d / 2).
    #[test]
    fn accuracy_of_an_ideal_observer() {
        let mut rng = stream(8, "two");
        let mut x: Array3<f64> =
            Array3::from_shape_simple_fn((1, 4000, 5), || StandardNormal.sample(&mut rng));
        (0..4000).for_each(|k| x[[0, k, 2]] += 2.0 * f64::from(k % 4 == 0));
        let rare =
            Column::from((0..4000).map(|k| if k % 4 == 0 { "a" } else { "b" }).collect::<Vec<_>>());
        let found = decode(x.view(), &rare, &DecodingOptions::default()).unwrap();
        let best = crate::intervals::normal_cdf(1.0);
        // standard error of the mean of two fractions of 1000 and 3000: 0.007
        assert!((found.accuracy[0] - best).abs() < 0.02, "{} for {best}", found.accuracy[0]);
    }

    #[test]
    fn a_code_that_changes_does_not_generalise() {
        let (x, column) = activity(20.0, 60, 2);
        let options = DecodingOptions::default();
        let found = decode_across_times(x.view(), &column, &options).unwrap();
        let diagonal = decode(x.view(), &column, &options).unwrap().accuracy;
        for t in 0..6 {
            assert_eq!(found.accuracy[t][t], diagonal[t]);
        }
        for (a, b) in [(2, 3), (3, 2), (4, 5), (5, 4)] {
            assert_eq!(found.accuracy[a][b], 1.0);
        }
        for (a, b) in [(2, 4), (4, 2), (3, 5)] {
            assert!(found.accuracy[a][b] < 0.6);
        }
    }

    #[test]
    fn more_units_than_trials_and_other_threads() {
        let (x, column) = activity(20.0, 9, 4);
        let options = DecodingOptions { folds: 3, permutations: 10, ..Default::default() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let alone = pool.install(|| decode(x.view(), &column, &options).unwrap());
        assert_eq!(alone, decode(x.view(), &column, &options).unwrap());
        assert!(alone.accuracy[3] > 0.7);
    }

    #[test]
    fn what_cannot_be_decoded() {
        let (x, column) = activity(1.0, 9, 4);
        let with = |folds, ridge| {
            decode(x.view(), &column, &DecodingOptions { folds, ridge, ..Default::default() })
        };
        assert!(matches!(with(4, 0.01), Err(MeasureError::TooFew { needed: 4, found: 3, .. })));
        assert!(with(1, 0.01).is_err() && with(3, 0.0).is_err() && with(3, f64::NAN).is_err());
        let one = Column::from(vec![1.0; 9]);
        assert!(decode(x.view(), &one, &DecodingOptions::default()).is_err());
        let short = Column::from(vec![1.0; 8]);
        assert!(decode(x.view(), &short, &DecodingOptions::default()).is_err());
        let flat = Array3::from_elem((1, 9, 4), 0.1);
        let options = DecodingOptions { folds: 3, ..Default::default() };
        let accuracy = decode(flat.view(), &column, &options).unwrap().accuracy[0];
        assert!((accuracy - 1.0 / 3.0).abs() < 1e-15);
    }
}
