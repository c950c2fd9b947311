//! Statistics of activity that need no task.

use ndarray::{Array2, ArrayView3, Axis};
use serde::Serialize;

use crate::MeasureError;
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
    known.statistics(&known.all(), known.varying())
}

/// What all choices of units share.
pub(crate) struct Known {
    covariance: Array2<f64>,
    /// None of silent units.
    sparseness: Vec<Option<f64>>,
    mean: Array2<f64>,
}

impl Known {
    pub(crate) fn of(activity: ArrayView3<'_, f64>) -> Result<Known, MeasureError> {
        enough("steps", BINS, activity.dim().0)?;
        rates(activity)?;
        let mut x = samples(activity, "activity", 2)?;
        crate::samples::centre(&mut x);
        let covariance = x.t().dot(&x) / (x.nrows() - 1) as f64;
        let mean = activity.sum_axis(Axis(1)) / activity.dim().1 as f64;
        Ok(Known { covariance, sparseness: lifetime_sparseness(activity)?, mean })
    }

    /// All units.
    pub(crate) fn all(&self) -> Vec<usize> {
        (0..self.mean.ncols()).collect()
    }

    /// How many units vary at all.
    pub(crate) fn varying(&self) -> usize {
        self.covariance.diag().iter().filter(|&&variance| variance > 0.0).count()
    }

    /// How many units are silent.
    pub(crate) fn silent(&self) -> usize {
        self.sparseness.iter().filter(|sparseness| sparseness.is_none()).count()
    }

    /// Of these units, each at most once; the dimension is that of `of` units like them.
    ///
    /// With means over units of `v = c_ii` and of `c_ij²` over pairs, a population of n has
    /// `PR / n = ⟨v⟩² / (⟨v²⟩ + (n − 1) ⟨c_ij²⟩)`: for n these units it is the participation ratio of
    /// their eigenvalues, tr² / tr of the square, over n.
    pub(crate) fn statistics(
        &self,
        units: &[usize],
        of: usize,
    ) -> Result<ActivityStatistics, MeasureError> {
        let c = &self.covariance;
        let vary: Vec<usize> = units.iter().copied().filter(|&i| c[[i, i]] > 0.0).collect();
        let (mut sum, mut below, mut cross) = (0.0, 0usize, 0.0);
        for (k, &i) in vary.iter().enumerate() {
            for &j in &vary[..k] {
                sum += c[[i, j]] / (c[[i, i]] * c[[j, j]]).sqrt();
                below += usize::from(c[[i, j]] < 0.0);
                cross += c[[i, j]].powi(2);
            }
        }
        let n = vary.len();
        let pairs = n * n.saturating_sub(1) / 2;
        enough("pairs of units that vary", 1, pairs)?;
        let active: Vec<f64> = units.iter().filter_map(|&i| self.sparseness[i]).collect();
        let moment =
            |power: i32| vary.iter().map(|&i| c[[i, i]].powi(power)).sum::<f64>() / n as f64;
        let (pairs, others) = (pairs as f64, of.saturating_sub(1) as f64);
        Ok(ActivityStatistics {
            correlation: sum / pairs,
            negative: below as f64 / pairs,
            dimension: moment(1).powi(2) / (moment(2) + others * cross / pairs),
            silent: 1.0 - active.len() as f64 / units.len() as f64,
            sparseness: active.iter().sum::<f64>() / active.len() as f64,
            sequence: self.sequence(units)?,
        })
    }

    /// Sequence index of the mean over trials of these units.
    pub(crate) fn sequence(&self, units: &[usize]) -> Result<f64, MeasureError> {
        Ok(sequence_index(self.mean.select(Axis(1), units).view(), BINS)?.index)
    }

    /// When units peak, as a fraction of the time.
    pub(crate) fn peaks(&self, units: &[usize]) -> Vec<f64> {
        let steps = self.mean.nrows() as f64;
        let of = |&i: &usize| peak(self.mean.column(i).iter().copied()).map(|t| t as f64 / steps);
        units.iter().filter_map(of).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::pca;
    use attractor_numerics::random::stream;
    use ndarray::Array3;
    use rand::RngExt;

    pub(crate) fn chain(steps: usize, units: usize, width: f64, seed: u64) -> Array3<f64> {
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
}
