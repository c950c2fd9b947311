//! Balance of excitation and inhibition.

use ndarray::{Array2, ArrayView2, ArrayView3, Axis};
use serde::Serialize;

use crate::measure_error::same_length;
use crate::{MeasureError, pearson};

/// Excitation and inhibition that a network gives its units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Balance {
    /// Mean excitatory input of each unit, `⟨Σ_j [W_ij r_j]₊⟩`.
    pub excitation: Vec<f64>,
    /// Mean size of the inhibitory input of each unit, `⟨Σ_j [−W_ij r_j]₊⟩`.
    pub inhibition: Vec<f64>,
    /// `1 − |E − I| / (E + I)` of each unit: 1 where they cancel, 0 where there is one alone; `None` where
    /// there is neither.
    pub index: Vec<Option<f64>>,
    /// Correlation of both over times and trials: near 1 where inhibition follows excitation; `None` where
    /// one does not vary.
    pub tracking: Vec<Option<f64>>,
}

/// Excitatory and inhibitory input of each unit, from weights `[target, source]` and the sources'
/// activity `[time, trial, source]`: balanced where they nearly cancel (van Vreeswijk & Sompolinsky 1996,
/// doi:10.1126/science.274.5293.1724).
///
/// What counts is the sign of a weight times its source's activity, so signed rates are allowed.
///
/// Cost: twice targets × sources operations for each time and trial.
///
/// # Errors
/// Activity of another number of sources, values that are not finite.
pub fn balance(
    weights: ArrayView2<'_, f64>,
    activity: ArrayView3<'_, f64>,
) -> Result<Balance, MeasureError> {
    same_length("sources of the weights", activity.dim().2, weights.ncols())?;
    let samples = crate::samples::samples(activity, "activity", 2)?;
    if let Some(((i, j), &value)) = weights.indexed_iter().find(|(_, w)| !w.is_finite()) {
        return Err(MeasureError::NotFinite { what: "weight", index: vec![i, j], value });
    }
    let part = |x: &Array2<f64>, sign: f64| x.mapv(|v| (sign * v).max(0.0));
    let w = weights.to_owned();
    let [w_up, w_down] = [1.0, -1.0].map(|sign| part(&w, sign));
    let [r_up, r_down] = [1.0, -1.0].map(|sign| part(&samples, sign));
    let excitation = r_up.dot(&w_up.t()) + r_down.dot(&w_down.t());
    let inhibition = r_up.dot(&w_down.t()) + r_down.dot(&w_up.t());
    let mean = |x: &Array2<f64>| (x.sum_axis(Axis(0)) / x.nrows() as f64).to_vec();
    let (e, i) = (mean(&excitation), mean(&inhibition));
    let index = e.iter().zip(&i).map(|(e, i)| (e + i > 0.0).then(|| 1.0 - (e - i).abs() / (e + i)));
    let columns = excitation.columns().into_iter().zip(inhibition.columns());
    let tracking = columns.map(|(e, i)| pearson(&e.to_vec(), &i.to_vec()).ok());
    let (index, tracking) = (index.collect(), tracking.collect());
    Ok(Balance { excitation: e, inhibition: i, index, tracking })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, array};

    #[test]
    fn inhibition_that_follows_and_none() {
        let rates = Array3::from_shape_fn((4, 1, 2), |(t, _, j)| [1.0, 2.0][j] * t as f64);
        // 2 r − r₂ = 0; excitation alone; nothing; signs of weight and rate together
        let weights = array![[2.0, -1.0], [1.0, 0.0], [0.0, 0.0], [0.0, -3.0]];
        let found = balance(weights.view(), rates.view()).unwrap();
        assert_eq!(found.excitation, [3.0, 1.5, 0.0, 0.0]);
        assert_eq!(found.inhibition, [3.0, 0.0, 0.0, 9.0]);
        assert_eq!(found.index, [Some(1.0), Some(0.0), None, Some(0.0)]);
        assert!((found.tracking[0].unwrap() - 1.0).abs() < 1e-12 && found.tracking[1].is_none());
        let turned = balance(weights.view(), (-rates).view()).unwrap();
        assert_eq!((turned.excitation, turned.inhibition), (found.inhibition, found.excitation));
        assert!(balance(array![[1.0]].view(), Array3::zeros((3, 1, 2)).view()).is_err());
    }
}
