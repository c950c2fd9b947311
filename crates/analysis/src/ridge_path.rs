//! Ridge regression for all penalties at once.

use attractor_numerics::linalg::symmetric_eigen;
use ndarray::{Array1, Array2, ArrayView2};

use crate::MeasureError;
use crate::measure_error::{enough, same_length};
use crate::samples::{centre, row_major};

/// Eigenvalues below this fraction of the largest count as 0: without penalty they are left out, which
/// gives the weights of least norm.
const SINGULAR: f64 = 1e-12;

/// Ridge regression of targets on sources, decomposed so that every penalty costs one product.
///
/// With X `[sample, source]` and Y `[sample, target]` centred and `XᵀX = Q diag(s) Qᵀ`,
/// `B(λ) = Q diag(1 / (s + λ)) Qᵀ XᵀY` minimises `‖Y − X B‖² + λ ‖B‖²`. Means are not penalised.
///
/// Cost: S N (N + M) + 10 N³ for S samples, N sources and M targets; N² M for each penalty.
#[derive(Clone, Debug)]
pub struct RidgePath {
    source_mean: Array1<f64>,
    target_mean: Array1<f64>,
    /// Q `[source, source]`.
    basis: Array2<f64>,
    values: Vec<f64>,
    /// `XᵀY`, `[source, target]`.
    cross: Array2<f64>,
}

/// A linear map with an offset: `ŷ = ȳ + (x − x̄) B`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// x̄ `[source]`.
    pub source_mean: Array1<f64>,
    /// ȳ `[target]`.
    pub target_mean: Array1<f64>,
    /// B `[source, target]`.
    pub weights: Array2<f64>,
}

impl Linear {
    /// Predictions `[sample, target]` for x `[sample, source]`.
    ///
    /// # Errors
    /// [`MeasureError::Lengths`] for another number of sources.
    pub fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, MeasureError> {
        same_length("sources", self.source_mean.len(), x.ncols())?;
        Ok((&x - &self.source_mean).dot(&self.weights) + &self.target_mean)
    }
}

impl RidgePath {
    /// Decomposes the regression of y `[sample, target]` on x `[sample, source]`.
    ///
    /// # Errors
    /// Fewer than two samples, no source or target, different numbers of samples, values that are not
    /// finite.
    pub fn new(x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Self, MeasureError> {
        let mut x = finite("sources", x)?;
        let mut y = finite("targets", y)?;
        same_length("samples of the targets", x.nrows(), y.nrows())?;
        enough("samples", 2, x.nrows())?;
        let (source_mean, target_mean) = (centre(&mut x), centre(&mut y));
        let sources = x.ncols();
        let found = symmetric_eigen(&row_major(&x.t().dot(&x)), sources)?;
        let basis =
            Array2::from_shape_fn((sources, sources), |(i, k)| found.vectors[i * sources + k]);
        // rounding may leave the smallest a little below 0
        let values = found.values.iter().map(|s| s.max(0.0)).collect();
        Ok(RidgePath { source_mean, target_mean, basis, values, cross: x.t().dot(&y) })
    }

    /// The mean over sources of their sum of squares about the mean: a unit for penalties.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    /// The regression with a penalty λ ≥ 0.
    ///
    /// # Errors
    /// [`MeasureError::Value`] for a penalty that is negative or not finite.
    pub fn fit(&self, l2: f64) -> Result<Linear, MeasureError> {
        check_l2(l2)?;
        let least = SINGULAR * self.values.iter().copied().fold(0.0, f64::max);
        let mut along = self.basis.t().dot(&self.cross);
        for (mut row, &s) in along.rows_mut().into_iter().zip(&self.values) {
            let weight = s + l2;
            row.mapv_inplace(|c| if weight > least { c / weight } else { 0.0 });
        }
        Ok(Linear {
            source_mean: self.source_mean.clone(),
            target_mean: self.target_mean.clone(),
            weights: self.basis.dot(&along),
        })
    }

    /// `XᵀY` of the centred data, `[source, target]`.
    pub(crate) fn cross(&self) -> &Array2<f64> {
        &self.cross
    }
}

/// Checks a penalty.
pub(crate) fn check_l2(l2: f64) -> Result<(), MeasureError> {
    if l2 >= 0.0 && l2.is_finite() {
        return Ok(());
    }
    Err(MeasureError::Value { name: "l2", value: l2.to_string(), fix: "a penalty is 0 or more" })
}

/// A copy, after checking that there is a column and that all values are finite.
pub(crate) fn finite(
    what: &'static str,
    x: ArrayView2<'_, f64>,
) -> Result<Array2<f64>, MeasureError> {
    enough(what, 1, x.ncols())?;
    match x.indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((sample, column), &value)) => {
            Err(MeasureError::NotFinite { what, index: vec![sample, column], value })
        }
        None => Ok(x.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduced_rank::tests::normal;
    use attractor_numerics::linalg::ridge;
    use ndarray::s;

    /// The same weights as the normal equations of the centred data.
    #[test]
    fn agrees_with_the_normal_equations() {
        for (samples, sources) in [(40, 7), (6, 9)] {
            let (x, y) = (normal(samples, sources, 1) + 3.0, normal(samples, 4, 2) - 1.0);
            let path = RidgePath::new(x.view(), y.view()).unwrap();
            let (mut cx, mut cy) = (x.clone(), y.clone());
            centre(&mut cx);
            centre(&mut cy);
            for l2 in [0.1, 1.0, 100.0] {
                let expected =
                    ridge(&row_major(&cx), samples, sources, &row_major(&cy), 4, l2).unwrap();
                let found = path.fit(l2).unwrap();
                let error = found.weights.iter().zip(&expected).map(|(a, b)| (a - b).abs());
                assert!(error.fold(0.0, f64::max) < 1e-12);
            }
        }
    }

    /// A source that is there twice: the least norm gives each half of the weight.
    #[test]
    fn singular_without_penalty_has_the_least_norm() {
        let one = normal(30, 1, 3);
        let mut x = Array2::zeros((30, 2));
        x.slice_mut(s![.., 0]).assign(&one.column(0));
        x.slice_mut(s![.., 1]).assign(&one.column(0));
        let y = &one * 4.0 + 5.0;
        let path = RidgePath::new(x.view(), y.view()).unwrap();
        let found = path.fit(0.0).unwrap();
        assert!(found.weights.iter().all(|w| (w - 2.0).abs() < 1e-9));
        let off = found.predict(x.view()).unwrap() - &y;
        assert!(off.iter().all(|e| e.abs() < 1e-9));
        assert!(path.fit(-1.0).is_err() && path.fit(f64::NAN).is_err());
        assert!(found.predict(normal(3, 3, 1).view()).is_err());
    }
}
