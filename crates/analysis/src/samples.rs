//! Activity `[time, trial, unit]` as samples × units.

use ndarray::{Array1, Array2, ArrayView3, Axis};

use crate::MeasureError;
use crate::measure_error::enough;

/// The samples `[time · trial, unit]`, time slowest, after checking that there are at least `least`,
/// a unit, and finite numbers only.
pub(crate) fn samples(
    activity: ArrayView3<'_, f64>,
    what: &'static str,
    least: usize,
) -> Result<Array2<f64>, MeasureError> {
    let (steps, trials, units) = activity.dim();
    enough(what, least.max(1), steps * trials)?;
    enough("units", 1, units)?;
    if let Some(((t, k, i), &value)) = activity.indexed_iter().find(|(_, x)| !x.is_finite()) {
        return Err(MeasureError::NotFinite { what, index: vec![t, k, i], value });
    }
    let mut out = Array2::zeros((steps * trials, units));
    for (mut row, from) in out.rows_mut().into_iter().zip(activity.lanes(Axis(2))) {
        row.assign(&from);
    }
    Ok(out)
}

/// Subtracts each column's mean, and returns it.
pub(crate) fn centre(x: &mut Array2<f64>) -> Array1<f64> {
    let mean = x.sum_axis(Axis(0)) / (x.nrows().max(1) as f64);
    *x -= &mean;
    mean
}

/// The values row by row.
pub(crate) fn row_major(x: &Array2<f64>) -> Vec<f64> {
    x.iter().copied().collect()
}

/// Samples `[time · trial, k]` as `[time, trial, k]`.
pub(crate) fn fold_time(x: &Array2<f64>, steps: usize, trials: usize) -> ndarray::Array3<f64> {
    ndarray::Array3::from_shape_fn((steps, trials, x.ncols()), |(t, k, i)| x[[t * trials + k, i]])
}
