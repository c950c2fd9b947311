//! z scores of features, and their leading principal components, of more features than samples or fewer.

use attractor_numerics::linalg::svd;
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};

use crate::MeasureError;
use crate::measure_error::{enough, same_length};
use crate::ridge_path::finite;
use crate::samples::row_major;

/// Features in units of their standard deviation about their mean, both of some samples.
///
/// `z = (x − x̄) / sd` with the standard deviation over samples (divided by their number). A feature that
/// does not vary among them becomes 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ZScores {
    mean: Array1<f64>,
    sd: Array1<f64>,
}

impl ZScores {
    /// Of samples `[sample, feature]`.
    ///
    /// # Errors
    /// Fewer than two samples, no feature, values that are not finite.
    pub fn of(x: ArrayView2<'_, f64>) -> Result<Self, MeasureError> {
        let x = finite("features", x)?;
        enough("samples to fit", 2, x.nrows())?;
        let mean = x.sum_axis(Axis(0)) / x.nrows() as f64;
        let sd = x.std_axis(Axis(0), 0.0);
        let sd = Zip::from(&sd)
            .and(&mean)
            .map_collect(|&sd, &mean| if sd > 1e-12 * mean.abs() { sd } else { f64::INFINITY });
        Ok(ZScores { mean, sd })
    }

    /// z scores of these samples or of others, `[sample, feature]`.
    ///
    /// # Errors
    /// [`MeasureError::Lengths`] for another number of features.
    pub fn apply(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, MeasureError> {
        same_length("features", self.mean.len(), x.ncols())?;
        Ok((&x - &self.mean) / &self.sd)
    }
}

/// Leading principal components of [`ZScores`], the one with the most variance first.
///
/// Cost: a singular value decomposition of the samples.
///
/// ```
/// use attractor_analysis::Components;
/// use ndarray::Array2;
/// // five features that all follow one
/// let x = Array2::from_shape_fn((20, 5), |(k, j)| ((k * k % 7) * (j + 1)) as f64);
/// let found = Components::of(x.view(), 3)?;
/// assert_eq!(found.scores().ncols(), 1);
/// assert_eq!(found.of_others(x.view())?.dim(), (20, 1));
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    z: ZScores,
    /// `[feature, component]`
    axes: Array2<f64>,
    /// `[sample, component]`
    scores: Array2<f64>,
}

impl Components {
    /// At most so many, of samples `[sample, feature]`; components without variance are left out.
    ///
    /// # Errors
    /// As [`ZScores::of`]; no feature that varies.
    pub fn of(x: ArrayView2<'_, f64>, most: usize) -> Result<Self, MeasureError> {
        let z = ZScores::of(x)?;
        let x = z.apply(x)?;
        let (rows, columns) = x.dim();
        let found = svd(&row_major(&x), rows, columns)?;
        let least = 1e-10 * found.s.first().copied().unwrap_or(0.0);
        let kept = found.s.iter().take(most).filter(|s| **s > least).count();
        enough("features that vary", 1, kept)?;
        let axes = Array2::from_shape_fn((columns, kept), |(i, k)| found.vt[k * columns + i]);
        Ok(Components { scores: x.dot(&axes), z, axes })
    }

    /// Scores of the samples they were made of, `[sample, component]`.
    #[must_use]
    pub fn scores(&self) -> ArrayView2<'_, f64> {
        self.scores.view()
    }

    /// Scores of other samples, `[sample, component]`.
    ///
    /// # Errors
    /// [`MeasureError::Lengths`] for another number of features.
    pub fn of_others(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, MeasureError> {
        Ok(self.z.apply(x)?.dot(&self.axes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduced_rank::tests::normal;

    /// Scores of the samples themselves are uncorrelated, with falling variances; others are mapped alike.
    #[test]
    fn scores_are_uncorrelated_for_few_samples_and_many() {
        for (samples, features) in [(50, 8), (12, 30)] {
            let mut x = normal(samples, features, 1);
            x.column_mut(2).fill(7.0);
            let found = Components::of(x.view(), 6).unwrap();
            let gram = found.scores.t().dot(&found.scores);
            assert_eq!(gram.dim(), (6, 6));
            for ((i, j), value) in gram.indexed_iter() {
                assert!(i == j || value.abs() < 1e-9 * gram[[0, 0]]);
                assert!(i == 0 || i != j || *value <= gram[[i - 1, i - 1]]);
            }
            let again = found.of_others(x.view()).unwrap();
            assert!(again.iter().zip(&found.scores).all(|(a, b)| (a - b).abs() < 1e-12));
            assert!(found.of_others(normal(3, features + 1, 2).view()).is_err());
        }
    }

    #[test]
    fn z_scores_by_hand() {
        let x = ndarray::array![[1.0, 7.0], [3.0, 7.0]];
        let z = ZScores::of(x.view()).unwrap();
        assert_eq!(z.apply(x.view()).unwrap(), ndarray::array![[-1.0, 0.0], [1.0, 0.0]]);
        assert!(Components::of(x.slice(ndarray::s![.., 1..]), 1).is_err());
        assert!(ZScores::of(ndarray::array![[f64::NAN], [1.0]].view()).is_err());
    }
}
