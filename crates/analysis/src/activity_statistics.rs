//! Statistics of activity, and how far a network's lie from a recording's.

use attractor_numerics::random::stream;
use ndarray::{Array2, ArrayView3, Axis};
use rand::RngExt;
use rayon::prelude::*;
use serde::Serialize;

use crate::MeasureError;
use crate::graph::quantile;
use crate::measure_error::enough;
use crate::samples::samples;
use crate::sequences::{lifetime_sparseness, peak, rates, sequence_index};

/// Bins of time of the sequence index; units may peak in any.
const BINS: usize = 20;

/// Statistics of activity `[time, trial, unit]` that need no task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActivityStatistics {
    /// Mean correlation of pairs of units over times and trials.
    pub correlation: f64,
    /// Fraction of the pairs whose correlation is below 0.
    pub negative: f64,
    /// Participation ratio of the covariance, over the number of units that vary.
    pub dimension: f64,
    /// Fraction of the units that are silent.
    pub silent: f64,
    /// Mean lifetime sparseness of the units that are not.
    pub sparseness: f64,
    /// [Sequence index](sequence_index) of the mean over trials, in 20 bins of time.
    pub sequence: f64,
}

impl ActivityStatistics {
    /// Names, in the order of [`values`](ActivityStatistics::values).
    pub const NAMES: [&'static str; 6] = [
        "pairwise correlation",
        "fraction of pairs with a negative correlation",
        "participation ratio / units",
        "fraction silent",
        "lifetime sparseness",
        "sequence index",
    ];

    /// All values.
    #[must_use]
    pub fn values(&self) -> [f64; 6] {
        let ActivityStatistics { correlation, negative, dimension, silent, sparseness, sequence } =
            *self;
        [correlation, negative, dimension, silent, sparseness, sequence]
    }
}

/// The statistics of activity `[time, trial, unit]`, which is not negative.
///
/// Cost: samples × units², for the correlations.
///
/// # Errors
/// Fewer than 20 steps, fewer than two units that vary, values that are negative or not finite.
pub fn activity_statistics(
    activity: ArrayView3<'_, f64>,
) -> Result<ActivityStatistics, MeasureError> {
    let known = Known::of(activity)?;
    let units: Vec<usize> = (0..activity.dim().2).collect();
    known.statistics(&units)
}

/// What all bootstrap samples share.
struct Known {
    covariance: Array2<f64>,
    sparseness: Vec<Option<f64>>,
    mean: Array2<f64>,
}

impl Known {
    fn of(activity: ArrayView3<'_, f64>) -> Result<Known, MeasureError> {
        enough("steps", BINS, activity.dim().0)?;
        rates(activity)?;
        let mut x = samples(activity, "activity", 2)?;
        crate::samples::centre(&mut x);
        let covariance = x.t().dot(&x) / (x.nrows() - 1) as f64;
        let mean = activity.sum_axis(Axis(1)) / activity.dim().1 as f64;
        Ok(Known { covariance, sparseness: lifetime_sparseness(activity)?, mean })
    }

    /// Of these units, of which one may come twice: not as a pair with itself.
    fn statistics(&self, units: &[usize]) -> Result<ActivityStatistics, MeasureError> {
        let c = &self.covariance;
        let vary: Vec<usize> = units.iter().copied().filter(|&i| c[[i, i]] > 0.0).collect();
        let (mut sum, mut below, mut pairs) = (0.0, 0usize, 0usize);
        for (k, &i) in vary.iter().enumerate() {
            for &j in vary[..k].iter().filter(|&&j| j != i) {
                sum += c[[i, j]] / (c[[i, i]] * c[[j, j]]).sqrt();
                below += usize::from(c[[i, j]] < 0.0);
                pairs += 1;
            }
        }
        enough("pairs of units that vary", 1, pairs)?;
        let active: Vec<f64> = units.iter().filter_map(|&i| self.sparseness[i]).collect();
        // tr² / tr of the square is the participation ratio of the eigenvalues
        let trace: f64 = vary.iter().map(|&i| c[[i, i]]).sum();
        let square: f64 =
            vary.iter().map(|&i| vary.iter().map(|&j| c[[i, j]].powi(2)).sum::<f64>()).sum();
        let mean = self.mean.select(Axis(1), units);
        Ok(ActivityStatistics {
            correlation: sum / pairs as f64,
            negative: below as f64 / pairs as f64,
            dimension: trace * trace / square / vary.len() as f64,
            silent: 1.0 - active.len() as f64 / units.len() as f64,
            sparseness: active.iter().sum::<f64>() / active.len() as f64,
            sequence: sequence_index(mean.view(), BINS)?.index,
        })
    }

    /// When units peak, as a fraction of the time.
    fn peaks(&self, units: &[usize]) -> Vec<f64> {
        let steps = self.mean.nrows() as f64;
        let of = |&i: &usize| peak(self.mean.column(i).iter().copied()).map(|t| t as f64 / steps);
        units.iter().filter_map(of).collect()
    }
}

/// One statistic of two populations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedStatistic {
    /// What it is.
    pub name: &'static str,
    /// Of the first and of the second; their means, where it is a distribution over units.
    pub values: [f64; 2],
    /// How far apart: the size of the difference; of distributions, Wasserstein's distance.
    pub distance: f64,
    /// Its 95 % interval, from units drawn anew.
    pub interval: [f64; 2],
    /// Distance that halves of the second have from each other, the mean over draws: what no model can be
    /// asked to go below.
    pub within: f64,
}

/// Compares the statistics of activity `[time, trial, unit]`, such as a network's, with those of another,
/// such as a recording's: the size of each difference with a bootstrap interval over units, and how far
/// halves of the second are apart. Times may be as many as they are; peaks are compared as fractions of
/// the time by Wasserstein's distance.
///
/// Cost: `draws` × units² for each.
///
/// # Errors
/// As for [`activity_statistics`]; no draw; fewer than 6 units.
pub fn compare_statistics(
    first: ArrayView3<'_, f64>,
    second: ArrayView3<'_, f64>,
    draws: usize,
    seed: u64,
) -> Result<Vec<ComparedStatistic>, MeasureError> {
    enough("draws", 1, draws)?;
    enough("units of the first", 6, first.dim().2)?;
    enough("units of the second", 6, second.dim().2)?;
    let (a, b) = (Known::of(first)?, Known::of(second)?);
    let all = |known: &Known| -> Vec<usize> { (0..known.mean.ncols()).collect() };
    let (own, other) = (a.statistics(&all(&a))?.values(), b.statistics(&all(&b))?.values());
    let (own_peaks, other_peaks) = (a.peaks(&all(&a)), b.peaks(&all(&b)));
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let apart = |x: &[f64; 6], y: &[f64; 6], peaks: f64| -> Vec<f64> {
        x.iter().zip(y).map(|(x, y)| (x - y).abs()).chain([peaks]).collect()
    };
    let drawn: Vec<Option<(Vec<f64>, Vec<f64>)>> = (0..draws)
        .into_par_iter()
        .map(|draw| {
            let mut rng = stream(seed, &format!("statistics/{draw}"));
            let mut again = |known: &Known| -> Vec<usize> {
                let n = known.mean.ncols();
                (0..n).map(|_| rng.random_range(0..n)).collect()
            };
            let (i, j) = (again(&a), again(&b));
            let mut order = all(&b);
            rand::seq::SliceRandom::shuffle(&mut order[..], &mut rng);
            let (left, right) = order.split_at(order.len() / 2);
            // a draw may have nobody who varies
            let (x, y) = (a.statistics(&i).ok()?.values(), b.statistics(&j).ok()?.values());
            let (l, r) = (b.statistics(left).ok()?.values(), b.statistics(right).ok()?.values());
            let peaks = wasserstein(&a.peaks(&i), &b.peaks(&j));
            let halves = wasserstein(&b.peaks(left), &b.peaks(right));
            Some((apart(&x, &y, peaks), apart(&l, &r, halves)))
        })
        .collect();
    let drawn: Vec<(Vec<f64>, Vec<f64>)> = drawn.into_iter().flatten().collect();
    enough("draws with units that vary", 1, drawn.len())?;
    let found = apart(&own, &other, wasserstein(&own_peaks, &other_peaks));
    let peaks = ("time of peak / duration", [mean(&own_peaks), mean(&other_peaks)]);
    let values = own.iter().zip(other).map(|(&x, y)| [x, y]);
    let named = ActivityStatistics::NAMES.into_iter().zip(values).chain([peaks]);
    let compared = |(k, (name, values)): (usize, (&'static str, [f64; 2]))| {
        let of_draws: Vec<f64> = drawn.iter().map(|d| d.0[k]).collect();
        let interval = [quantile(&of_draws, 0.025)?, quantile(&of_draws, 0.975)?];
        let within = drawn.iter().map(|d| d.1[k]).sum::<f64>() / drawn.len() as f64;
        Ok::<_, MeasureError>(ComparedStatistic {
            name,
            values,
            distance: found[k],
            interval,
            within,
        })
    };
    named.enumerate().map(compared).collect()
}

/// Wasserstein's distance of two samples, `∫ |F⁻¹(q) − G⁻¹(q)| dq`: how far values have to be moved, on
/// average, to make one of the other. 0 if one is empty.
#[must_use]
pub fn wasserstein(first: &[f64], second: &[f64]) -> f64 {
    let sorted = |x: &[f64]| {
        let mut x = x.to_vec();
        x.sort_by(f64::total_cmp);
        x
    };
    let (x, y) = (sorted(first), sorted(second));
    let (n, m) = (x.len(), y.len());
    let (mut i, mut j, mut at, mut sum) = (0, 0, 0.0, 0.0);
    while i < n && j < m {
        let (to_x, to_y) = ((i + 1) as f64 / n as f64, (j + 1) as f64 / m as f64);
        let to = to_x.min(to_y);
        sum += (x[i] - y[j]).abs() * (to - at);
        at = to;
        // exact, so that equal steps stay together
        let (left, right) = ((i + 1) * m, (j + 1) * n);
        if left <= right {
            i += 1;
        }
        if right <= left {
            j += 1;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pca;
    use ndarray::Array3;

    fn chain(steps: usize, units: usize, width: f64, seed: u64) -> Array3<f64> {
        let mut rng = stream(seed, "chain");
        Array3::from_shape_fn((steps, 2, units), |(t, _, i)| {
            let at = steps as f64 * i as f64 / units as f64;
            (-(t as f64 - at).powi(2) / (2.0 * width * width)).exp() + 0.01 * rng.random::<f64>()
        })
    }

    #[test]
    fn statistics_of_a_chain() {
        let activity = chain(100, 30, 3.0, 1);
        let found = activity_statistics(activity.view()).unwrap();
        assert!(found.sequence > 0.6 && found.silent == 0.0 && found.negative > 0.5);
        let direct = pca(activity.view()).unwrap().participation_ratio();
        assert!((found.dimension * 30.0 - direct).abs() < 1e-9 * direct);
        assert!(activity_statistics((-activity).view()).is_err());
    }

    #[test]
    fn like_and_unlike() {
        let recording = chain(100, 40, 3.0, 1);
        let like =
            compare_statistics(chain(150, 60, 4.5, 2).view(), recording.view(), 100, 1).unwrap();
        let unlike =
            compare_statistics(chain(150, 60, 60.0, 2).view(), recording.view(), 100, 1).unwrap();
        assert_eq!(like.len(), 7);
        for (like, unlike) in like.iter().zip(&unlike) {
            assert!(like.interval[0] <= like.interval[1] && like.distance >= 0.0);
            if ["sequence index", "lifetime sparseness", "pairwise correlation"]
                .contains(&like.name)
            {
                assert!(unlike.interval[0] > like.interval[1], "{like:?} {unlike:?}");
            }
        }
        let same = compare_statistics(recording.view(), recording.view(), 50, 1).unwrap();
        assert!(
            same.iter().all(|s| s.distance == 0.0 && s.within > 0.0 || s.name == "fraction silent")
        );
        assert!(compare_statistics(recording.view(), recording.view(), 0, 1).is_err());
    }

    #[test]
    fn moved_and_mixed_samples() {
        assert!((wasserstein(&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0]) - 5.0).abs() < 1e-15);
        // SciPy's example: 0.5
        assert!((wasserstein(&[0.0, 1.0], &[0.0, 0.0, 2.0, 0.0]) - 0.5).abs() < 1e-15);
        // quantiles (0, 0.5, 1) against 3 and 4 values, by hand
        let found = wasserstein(&[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0, 3.0]);
        assert!((found - 0.5).abs() < 1e-15, "{found}");
        assert_eq!(wasserstein(&[], &[1.0]), 0.0);
    }
}
