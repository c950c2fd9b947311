//! From weights to edges: the strongest.

use ndarray::{Array2, ArrayView2};

use crate::MeasureError;
use crate::measure_error::{enough, finite, same_length};

/// 1 where the size of a weight is among the largest `fraction` of all N² sizes, the diagonal included,
/// 0 elsewhere: `|W_ij| > q`, with q the `1 − fraction` quantile.
///
/// Sizes equal to q are left out, so of a matrix with fewer weights than asked for none is made up.
///
/// # Errors
/// A matrix that is not square or not finite, or has no units; a fraction outside 0..1.
///
/// ```
/// use attractor_analysis::graph::strongest;
/// use ndarray::array;
/// let weights = array![[0.1, -4.0], [3.0, 0.2]];
/// assert_eq!(strongest(weights.view(), 0.25)?, array![[0.0, 1.0], [0.0, 0.0]]);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
pub fn strongest(weights: ArrayView2<'_, f64>, fraction: f64) -> Result<Array2<f64>, MeasureError> {
    let (rows, units) = weights.dim();
    enough("units", 1, units)?;
    same_length("rows of the square matrix of weights", units, rows)?;
    let sizes: Vec<f64> = weights.iter().map(|w| w.abs()).collect();
    let least = quantile(&sizes, 1.0 - fraction)?;
    Ok(weights.mapv(|w| f64::from(w.abs() > least)))
}

/// The quantile of some values: of the n values in order, that at `(n − 1) · fraction`, between two of
/// them on a straight line (NumPy's default).
///
/// # Errors
/// No values, values that are not finite, a fraction outside 0..1.
pub fn quantile(values: &[f64], fraction: f64) -> Result<f64, MeasureError> {
    enough("values", 1, values.len())?;
    finite("values", values)?;
    if !(0.0..=1.0).contains(&fraction) {
        let fix = "it lies between 0 and 1";
        return Err(MeasureError::Value { name: "fraction", value: fraction.to_string(), fix });
    }
    let at = (values.len() - 1) as f64 * fraction;
    let mut order = values.to_vec();
    let (_, &mut low, above) = order.select_nth_unstable_by(at as usize, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(if at.fract() > 0.0 { low + at.fract() * (high - low) } else { low })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_by_hand() {
        let values = [4.0, 1.0, 2.0, 10.0];
        let found = [0.0, 0.25, 0.5, 0.9, 1.0].map(|f| quantile(&values, f).unwrap());
        assert_eq!(found[..3], [1.0, 1.75, 3.0]);
        assert!((found[3] - 8.2).abs() < 1e-12 && found[4] == 10.0);
        assert!(quantile(&[], 0.5).is_err() && quantile(&values, 1.1).is_err());
        assert!(quantile(&[f64::NAN], 0.5).is_err());
    }

    #[test]
    fn no_edge_is_made_up() {
        let mut sparse = Array2::zeros((10, 10));
        sparse[[3, 4]] = -1.0;
        assert_eq!(strongest(sparse.view(), 0.1).unwrap().sum(), 1.0);
        assert_eq!(strongest(Array2::ones((4, 4)).view(), 0.1).unwrap().sum(), 0.0);
    }
}
