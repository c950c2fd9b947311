//! Weights and the distances between units.

use ndarray::{Array2, ArrayView2};

use crate::measure_error::{enough, same_length};
use crate::{MeasureError, pearson};

/// Euclidean distances `[unit, unit]` between positions `[unit, dimension]`.
///
/// # Errors
/// Positions that are not finite.
pub fn distances(positions: ArrayView2<'_, f64>) -> Result<Array2<f64>, MeasureError> {
    if let Some(((i, k), &value)) = positions.indexed_iter().find(|(_, x)| !x.is_finite()) {
        return Err(MeasureError::NotFinite { what: "position", index: vec![i, k], value });
    }
    let units = positions.nrows();
    Ok(Array2::from_shape_fn((units, units), |(i, j)| {
        let apart = positions
            .row(i)
            .iter()
            .zip(positions.row(j))
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>();
        apart.sqrt()
    }))
}

/// Wiring cost `Σ_ij |W_ij| d_ij` of weights `[target, source]` at these distances: what the connections
/// of a brain take to be built and kept.
///
/// # Errors
/// Matrices of different shape.
pub fn wiring_cost(
    weights: ArrayView2<'_, f64>,
    distances: ArrayView2<'_, f64>,
) -> Result<f64, MeasureError> {
    same_length("rows of the distances", weights.nrows(), distances.nrows())?;
    same_length("columns of the distances", weights.ncols(), distances.ncols())?;
    Ok(weights.iter().zip(&distances).map(|(w, d)| w.abs() * d).sum())
}

/// Correlation of the sizes of weights `[target, source]` with the distances between their units, over
/// all pairs of different units: below 0 where near units are wired strongly.
///
/// # Errors
/// Matrices that are not square and of one size, fewer than two units, values that are not finite,
/// weights or distances that are all the same.
///
/// ```
/// use attractor_analysis::graph::{distance_correlation, distances, wiring_cost};
/// use ndarray::{Array2, array};
/// let apart = distances(array![[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]].view())?;
/// assert_eq!(apart[[0, 2]], 10.0);
/// let weights = Array2::from_shape_fn((3, 3), |(i, j)| 20.0 - apart[[i, j]]);
/// assert_eq!(wiring_cost(weights.view(), apart.view())?, 2.0 * (2.0 * 15.0 * 5.0 + 10.0 * 10.0));
/// assert!((distance_correlation(weights.view(), apart.view())? + 1.0).abs() < 1e-12);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
pub fn distance_correlation(
    weights: ArrayView2<'_, f64>,
    distances: ArrayView2<'_, f64>,
) -> Result<f64, MeasureError> {
    let (rows, units) = weights.dim();
    enough("units", 2, units)?;
    same_length("rows of the square matrix of weights", units, rows)?;
    same_length("rows of the distances", units, distances.nrows())?;
    same_length("columns of the distances", units, distances.ncols())?;
    let apart = |m: ArrayView2<'_, f64>| -> Vec<f64> {
        m.indexed_iter().filter(|&((i, j), _)| i != j).map(|(_, w)| w.abs()).collect()
    };
    pearson(&apart(weights), &apart(distances))
}
