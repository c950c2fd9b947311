//! Principal components of activity, and how many of them matter.

use attractor_numerics::linalg::symmetric_eigen;
use ndarray::{Array2, Array3, ArrayView3};
use serde::Serialize;

use crate::MeasureError;
use crate::measure_error::same_length;
use crate::samples::{centre, fold_time, row_major, samples};

/// Principal components, the one with the most variance first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pca {
    /// Mean of each unit over samples.
    pub mean: Vec<f64>,
    /// One vector of length 1 per component, over units; its largest entry is positive.
    pub components: Vec<Vec<f64>>,
    /// Variance along each component, over samples − 1.
    pub variances: Vec<f64>,
}

/// Principal components of activity `[time, trial, unit]`; each time of each trial is one sample.
///
/// Eigenvectors of the covariance `C = Σ (x − x̄)(x − x̄)ᵀ / (S − 1)` over the S samples. As many
/// components as units. Cut away beforehand what should not count (onsets, padding, noise: the
/// dimension of noisy activity is that of the noise too).
///
/// Cost: S N² + 10 N³ operations for N units; memory S N.
///
/// ```
/// use attractor_analysis::pca;
/// use ndarray::Array3;
/// // two units that move together
/// let activity = Array3::from_shape_fn((50, 1, 2), |(t, _, i)| (t as f64) * [3.0, 4.0][i]);
/// let found = pca(activity.view())?;
/// assert!((found.components[0][0] - 0.6).abs() < 1e-12);
/// assert_eq!(found.dimension(0.9)?, 1);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
///
/// # Errors
/// Fewer than two samples, values that are not finite, activity that does not vary.
pub fn pca(activity: ArrayView3<'_, f64>) -> Result<Pca, MeasureError> {
    let mut x = samples(activity, "activity", 2)?;
    let units = x.ncols();
    let mean = centre(&mut x);
    let covariance = x.t().dot(&x) / (x.nrows() as f64 - 1.0);
    let found = symmetric_eigen(&row_major(&covariance), units)?;
    if found.values[0].is_nan() || found.values[0] <= 0.0 {
        return Err(MeasureError::Constant { what: "the values of every unit" });
    }
    let component = |k| (0..units).map(|i| found.vectors[i * units + k]).collect();
    Ok(Pca {
        mean: mean.to_vec(),
        components: (0..units).map(component).collect(),
        // rounding may leave the smallest a little below 0
        variances: found.values.iter().map(|v| v.max(0.0)).collect(),
    })
}

impl Pca {
    /// Fraction of the variance that each component explains.
    #[must_use]
    pub fn explained(&self) -> Vec<f64> {
        let total: f64 = self.variances.iter().sum();
        self.variances.iter().map(|v| v / total).collect()
    }

    /// Participation ratio of the variances, between 1 and the number of units.
    #[must_use]
    pub fn participation_ratio(&self) -> f64 {
        participation_ratio(&self.variances)
    }

    /// The fewest components that explain this fraction of the variance (`D_x90` for 0.9).
    ///
    /// # Errors
    /// [`MeasureError::Value`] unless the fraction lies above 0 and at most at 1.
    pub fn dimension(&self, fraction: f64) -> Result<usize, MeasureError> {
        if !(fraction > 0.0 && fraction <= 1.0) {
            let (value, fix) = (fraction.to_string(), "a fraction of variance lies in 0..1");
            return Err(MeasureError::Value { name: "fraction", value, fix });
        }
        let total: f64 = self.variances.iter().sum();
        let mut explained = 0.0;
        for (k, variance) in self.variances.iter().enumerate() {
            explained += variance / total;
            // as far as sums of fractions are exact
            if explained >= fraction - 1e-12 {
                return Ok(k + 1);
            }
        }
        Ok(self.variances.len())
    }

    /// Activity `[time, trial, unit]` along the first `count` components, `[time, trial, component]`,
    /// relative to the mean: of these data or of others.
    ///
    /// # Errors
    /// [`MeasureError::Lengths`] for another number of units, [`MeasureError::Value`] for more
    /// components than there are.
    pub fn project(
        &self,
        activity: ArrayView3<'_, f64>,
        count: usize,
    ) -> Result<Array3<f64>, MeasureError> {
        let (steps, trials, units) = activity.dim();
        same_length("units", self.mean.len(), units)?;
        if count > self.components.len() {
            let (value, fix) = (count.to_string(), "there are no more components than units");
            return Err(MeasureError::Value { name: "count", value, fix });
        }
        let x = samples(activity, "activity", 1)?;
        Ok(fold_time(&self.scores(x, count), steps, trials))
    }

    /// Samples `[sample, unit]` along the first components, `[sample, component]`.
    pub(crate) fn scores(&self, mut x: Array2<f64>, count: usize) -> Array2<f64> {
        for mut row in x.rows_mut() {
            row.iter_mut().zip(&self.mean).for_each(|(x, mean)| *x -= mean);
        }
        let axes = Array2::from_shape_fn((self.mean.len(), count), |(i, k)| self.components[k][i]);
        x.dot(&axes)
    }
}

/// `(Σ λ)² / Σ λ²`: how many of these values share the sum; NaN if all are 0.
///
/// Of variances along principal components, a dimension (Rajan, Abbott & Sompolinsky 2010; Gao et al.
/// 2017, doi:10.1101/214262).
#[must_use]
pub fn participation_ratio(values: &[f64]) -> f64 {
    let (sum, squares) = values.iter().fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
    sum * sum / squares
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    /// Samples ±√λ_k along orthogonal axes have exactly the covariance Σ λ_k a_k a_kᵀ (times a factor).
    #[test]
    fn known_covariance() {
        let axes = [[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]];
        let lambda: [f64; 3] = [9.0, 4.0, 1.0];
        let activity = Array3::from_shape_fn((3, 2, 3), |(k, sign, i)| {
            let sign = [1.0, -1.0][sign];
            2.0 + sign * lambda[k].sqrt() * axes[k][i]
        });
        let found = pca(activity.view()).unwrap();
        for k in 0..3 {
            assert!((found.variances[k] - lambda[k] * 2.0 / 5.0).abs() < 1e-12);
            let along: f64 = (0..3).map(|i| found.components[k][i] * axes[k][i]).sum();
            assert!((along.abs() - 1.0).abs() < 1e-12);
            assert!((found.mean[k] - 2.0).abs() < 1e-12);
        }
        assert!((found.participation_ratio() - 196.0 / 98.0).abs() < 1e-12);
        let shares = [(0.5, 1), (9.0 / 14.0, 1), (0.65, 2), (13.0 / 14.0, 2), (0.93, 3), (1.0, 3)];
        for (fraction, dimension) in shares {
            assert_eq!(found.dimension(fraction).unwrap(), dimension, "{fraction}");
        }
        assert!(found.dimension(0.0).is_err() && found.dimension(f64::NAN).is_err());

        let scores = found.project(activity.view(), 3).unwrap();
        for ((k, sign, j), &score) in scores.indexed_iter() {
            let expected = if j == k { lambda[k].sqrt() } else { 0.0 };
            assert!((score.abs() - expected).abs() < 1e-12, "{k} {sign} {j}");
        }
        assert!(found.project(activity.view(), 4).is_err());
    }

    #[test]
    fn what_cannot_be_decomposed() {
        let flat = Array3::from_elem((4, 2, 3), 1.0);
        assert!(matches!(pca(flat.view()), Err(MeasureError::Constant { .. })));
        assert!(matches!(pca(Array3::zeros((1, 1, 3)).view()), Err(MeasureError::TooFew { .. })));
        let mut bad = Array3::zeros((4, 2, 3));
        bad[[1, 0, 2]] = f64::NAN;
        let Err(MeasureError::NotFinite { index, .. }) = pca(bad.view()) else {
            panic!("a NaN passed");
        };
        assert_eq!(index, [1, 0, 2]);
    }
}
