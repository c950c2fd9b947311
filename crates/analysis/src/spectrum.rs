//! Spectra of recurrent weights: the circle of a random matrix, and what lies outside of it.

use attractor_numerics::linalg::{eigenvalues, singular_values};
use ndarray::ArrayView2;
use serde::Serialize;

use crate::measure_error::{enough, same_length};
use crate::{MeasureError, participation_ratio};

/// Eigenvalues of recurrent weights against a circle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spectrum {
    /// Eigenvalues [real, imaginary], the farthest from 0 first.
    pub eigenvalues: Vec<[f64; 2]>,
    /// Radius of the circle.
    pub radius: f64,
    /// How many of the eigenvalues, the first ones, lie outside of it.
    pub outliers: usize,
}

/// Eigenvalues of weights `[N, N]`, and how many exceed `(1 + margin) · radius` in modulus.
///
/// `radius` is that of the random part: g for weights drawn with sd g/√N, or [`circle_radius`] of the
/// weights before training. A finite random matrix reaches out a little: beyond a margin of 0.1 in 23 %
/// of Gaussian matrices of N = 50, 13 % of N = 100, 4 % of N = 200 (of 0.2: in 1 % at N = 50).
///
/// Cost: 10 N³ operations: 20 ms for N = 256.
///
/// # Errors
/// A matrix that is not square or not finite, a radius or margin below 0.
pub fn spectrum(
    weights: ArrayView2<'_, f64>,
    radius: f64,
    margin: f64,
) -> Result<Spectrum, MeasureError> {
    for (name, value) in [("radius", radius), ("margin", margin)] {
        if !(value >= 0.0 && value.is_finite()) {
            let fix = "it is finite and not negative";
            return Err(MeasureError::Value { name, value: value.to_string(), fix });
        }
    }
    let units = square(weights)?;
    let values = eigenvalues(&row_major(weights), units)?;
    let outliers = values.iter().filter(|z| z.abs() > radius * (1.0 + margin)).count();
    let eigenvalues = values.iter().map(|z| [z.re, z.im]).collect();
    Ok(Spectrum { eigenvalues, radius, outliers })
}

/// Radius of the disc that the eigenvalues of a matrix with independent entries of this variance fill:
/// `√N · sd` over all N² entries (Girko 1985; Sommers et al. 1988, doi:10.1103/PhysRevLett.60.1895).
///
/// A mean that is not 0 and structure of low rank move single eigenvalues out of the disc; their share
/// in the variance is counted here, so take the weights before training where there are any.
///
/// # Errors
/// A matrix that is not square or not finite, or without entries.
pub fn circle_radius(weights: ArrayView2<'_, f64>) -> Result<f64, MeasureError> {
    let units = square(weights)?;
    let count = (units * units) as f64;
    let mean = weights.iter().sum::<f64>() / count;
    let variance = weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / count;
    Ok((units as f64 * variance).sqrt())
}

/// Effective rank of a matrix, such as the change of weights in training: the participation ratio
/// `(Σ s)² / Σ s²` of its singular values s, between 1 and its rank.
///
/// Cost: that of its singular values, about 3 N³ operations.
///
/// # Errors
/// A matrix of zeros, one without entries, or with values that are not finite.
///
/// ```
/// use attractor_analysis::effective_rank;
/// use ndarray::Array2;
/// assert!((effective_rank(Array2::<f64>::eye(7).view())? - 7.0).abs() < 1e-12);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
pub fn effective_rank(matrix: ArrayView2<'_, f64>) -> Result<f64, MeasureError> {
    let (rows, columns) = matrix.dim();
    enough("entries of the matrix", 1, rows * columns)?;
    if matrix.iter().all(|&x| x == 0.0) {
        return Err(MeasureError::Constant { what: "the entries of the matrix (0)" });
    }
    Ok(participation_ratio(&singular_values(&row_major(matrix), rows, columns)?))
}

fn square(weights: ArrayView2<'_, f64>) -> Result<usize, MeasureError> {
    same_length("columns of the weights", weights.nrows(), weights.ncols())?;
    enough("units", 1, weights.nrows())?;
    match weights.indexed_iter().find(|(_, w)| !w.is_finite()) {
        Some(((i, j), &value)) => {
            Err(MeasureError::NotFinite { what: "weights", index: vec![i, j], value })
        }
        None => Ok(weights.nrows()),
    }
}

fn row_major(matrix: ArrayView2<'_, f64>) -> Vec<f64> {
    matrix.iter().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_numerics::random::stream;
    use ndarray::{Array2, array};
    use rand_distr::{Distribution, StandardNormal};

    fn random(units: usize, g: f64, seed: u64) -> Array2<f64> {
        let mut rng = stream(seed, "spectrum");
        Array2::from_shape_simple_fn((units, units), || {
            let normal: f64 = StandardNormal.sample(&mut rng);
            g * normal / (units as f64).sqrt()
        })
    }

    #[test]
    fn random_weights_fill_their_circle() {
        let w = random(400, 1.5, 1);
        let radius = circle_radius(w.view()).unwrap();
        // sd of the estimated sd: g / √(2 N²)
        assert!((radius - 1.5).abs() < 4.0 * 1.5 / (2.0f64.sqrt() * 400.0));
        let found = spectrum(w.view(), 1.5, 0.1).unwrap();
        assert_eq!(found.outliers, 0);
        // uniform density: a quarter within half of the radius
        let inner = found.eigenvalues.iter().filter(|[a, b]| a.hypot(*b) < 0.75).count();
        assert!((inner as f64 / 400.0 - 0.25).abs() < 0.05, "{inner}");
        assert!(found.eigenvalues[0][0].hypot(found.eigenvalues[0][1]) > 1.3);
    }

    /// A planted `m nᵀ / N` of overlap 3 leaves one eigenvalue near 3 (Tao 2013).
    #[test]
    fn planted_structure_is_an_outlier() {
        let mut w = random(400, 0.8, 2);
        let sign = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        let change = Array2::from_shape_fn((400, 400), |(i, j)| 3.0 * sign(i) * sign(j) / 400.0);
        w += &change;
        let found = spectrum(w.view(), 0.8, 0.1).unwrap();
        assert_eq!(found.outliers, 1);
        let [re, im] = found.eigenvalues[0];
        assert!((re - 3.0).abs() < 0.15 && im == 0.0);
        assert!((effective_rank(change.view()).unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn exact_values() {
        let w = array![[0.0, -2.0], [2.0, 0.0]];
        let found = spectrum(w.view(), 1.9, 0.0).unwrap();
        assert_eq!(found.outliers, 2);
        assert_eq!(spectrum(w.view(), 1.9, 0.1).unwrap().outliers, 0);
        assert!((found.eigenvalues[0][1] - 2.0).abs() < 1e-15);
        // variance 2 around 0
        assert!((circle_radius(w.view()).unwrap() - 2.0).abs() < 1e-15);
        // singular values 3 and 1
        let rank = effective_rank(array![[3.0, 0.0, 0.0], [0.0, 0.0, -1.0]].view()).unwrap();
        assert!((rank - 16.0 / 10.0).abs() < 1e-12);
        assert!(spectrum(array![[1.0, 2.0]].view(), 1.0, 0.1).is_err());
        assert!(spectrum(w.view(), -1.0, 0.1).is_err());
        assert!(effective_rank(Array2::zeros((2, 2)).view()).is_err());
        assert!(circle_radius(array![[f64::NAN]].view()).is_err());
    }
}
