//! Leading principal components of z-scored features, of more features than samples or fewer.

use attractor_numerics::linalg::svd;
use ndarray::{Array1, Array2, Axis, Zip};

use crate::MeasureError;
use crate::measure_error::enough;
use crate::samples::row_major;

/// Leading principal components of z-scored features.
pub(crate) struct Components {
    mean: Array1<f64>,
    sd: Array1<f64>,
    /// `[feature, component]`
    axes: Array2<f64>,
    /// `[sample, component]`
    pub(crate) scores: Array2<f64>,
}

impl Components {
    /// Of at most so many of these samples `[sample, feature]`; components without variance are left out.
    pub(crate) fn of(mut x: Array2<f64>, most: usize) -> Result<Self, MeasureError> {
        enough("samples to fit", 2, x.nrows())?;
        let mean = x.sum_axis(Axis(0)) / x.nrows() as f64;
        // a feature that does not vary is 0 afterwards
        let sd = x.std_axis(Axis(0), 0.0);
        let sd = Zip::from(&sd)
            .and(&mean)
            .map_collect(|&sd, &mean| if sd > 1e-12 * mean.abs() { sd } else { f64::INFINITY });
        x = (x - &mean) / &sd;
        let (rows, columns) = x.dim();
        let found = svd(&row_major(&x), rows, columns)?;
        let least = 1e-10 * found.s.first().copied().unwrap_or(0.0);
        let kept = found.s.iter().take(most).filter(|s| **s > least).count();
        enough("features that vary", 1, kept)?;
        let axes = Array2::from_shape_fn((columns, kept), |(i, k)| found.vt[k * columns + i]);
        Ok(Components { scores: x.dot(&axes), mean, sd, axes })
    }

    /// Scores of other samples.
    pub(crate) fn of_others(&self, x: Array2<f64>) -> Array2<f64> {
        ((x - &self.mean) / &self.sd).dot(&self.axes)
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
            let found = Components::of(x.clone(), 6).unwrap();
            let gram = found.scores.t().dot(&found.scores);
            assert_eq!(gram.dim(), (6, 6));
            for ((i, j), value) in gram.indexed_iter() {
                assert!(i == j || value.abs() < 1e-9 * gram[[0, 0]]);
                assert!(i == 0 || i != j || *value <= gram[[i - 1, i - 1]]);
            }
            let again = found.of_others(x);
            assert!(again.iter().zip(&found.scores).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}
