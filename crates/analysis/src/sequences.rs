//! How sparse activity is, and how much it is a sequence.

use ndarray::{ArrayView2, ArrayView3, Axis};
use serde::Serialize;

use crate::MeasureError;
use crate::measure_error::enough;

/// Lifetime sparseness of each unit of activity `[time, trial, unit]` over all times and trials:
/// `S = (1 − (Σ r / n)² / (Σ r² / n)) / (1 − 1/n)` (Vinje & Gallant 2000,
/// doi:10.1126/science.287.5456.1273): 0 for a unit that is always as active, 1 for one that is active
/// once. `None` for a silent unit. Of signed activity take the size.
///
/// # Errors
/// Fewer than two samples, values that are negative or not finite.
pub fn lifetime_sparseness(
    activity: ArrayView3<'_, f64>,
) -> Result<Vec<Option<f64>>, MeasureError> {
    let (steps, trials, _) = activity.dim();
    enough("times and trials", 2, steps * trials)?;
    rates(activity)?;
    let n = (steps * trials) as f64;
    let of_unit = |unit: ArrayView2<'_, f64>| {
        let (sum, square) = unit.iter().fold((0.0, 0.0), |(s, q), r| (s + r, q + r * r));
        (square > 0.0).then(|| (1.0 - (sum / n).powi(2) / (square / n)) / (1.0 - 1.0 / n))
    };
    Ok(activity.axis_iter(Axis(2)).map(of_unit).collect())
}

/// How much activity is a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SequenceIndex {
    /// √(peak entropy × temporal sparsity), in 0..1.
    pub index: f64,
    /// Entropy of the times of units' peaks over that of even spread.
    pub peak_entropy: f64,
    /// 1 − the mean entropy, over times, of how activity is spread over units, over that of even spread.
    pub temporal_sparsity: f64,
}

/// The sequence index of mean activity `[time, unit]` (Zhou, Masmanidis & Buonomano 2020, Neuron):
/// peaks that tile time, and at each time few units that are active.
///
/// `PE = −Σ_t p_t ln p_t / ln min(T, N)` with p_t the fraction of the units whose peak is in bin t of
/// `bins`; `TS = 1 − ⟨−Σ_i q_it ln q_it⟩_t / ln N` with q_it the share of unit i in the activity at t;
/// index `√(PE · TS)`. Silent units have no part in it.
///
/// # Errors
/// Fewer than two bins, steps than bins, or units that are active; negative values or none finite.
pub fn sequence_index(
    activity: ArrayView2<'_, f64>,
    bins: usize,
) -> Result<SequenceIndex, MeasureError> {
    let (steps, _) = activity.dim();
    enough("bins", 2, bins)?;
    enough("steps", bins, steps)?;
    rates(activity.insert_axis(Axis(1)))?;
    let peaks: Vec<usize> =
        activity.columns().into_iter().filter_map(|unit| peak(unit.iter().copied())).collect();
    enough("units that are active", 2, peaks.len())?;
    let mut counts = vec![0.0; bins];
    peaks.iter().for_each(|t| counts[t * bins / steps] += 1.0);
    let units = peaks.len() as f64;
    let peak_entropy = entropy(&counts) / (bins as f64).min(units).ln();
    let mut spread = Vec::with_capacity(steps);
    for row in activity.rows() {
        let row: Vec<f64> = row.to_vec();
        if row.iter().sum::<f64>() > 0.0 {
            spread.push(entropy(&row) / units.ln());
        }
    }
    let temporal_sparsity = 1.0 - spread.iter().sum::<f64>() / spread.len() as f64;
    let index = (peak_entropy * temporal_sparsity).max(0.0).sqrt();
    Ok(SequenceIndex { index, peak_entropy, temporal_sparsity })
}

/// When a unit is most active; none if it is silent.
pub(crate) fn peak(unit: impl Iterator<Item = f64>) -> Option<usize> {
    let most =
        unit.enumerate().fold((0, 0.0), |best, (t, r)| if r > best.1 { (t, r) } else { best });
    (most.1 > 0.0).then_some(most.0)
}

/// Entropy of shares, nats.
fn entropy(weights: &[f64]) -> f64 {
    let all: f64 = weights.iter().sum();
    weights.iter().filter(|&&w| w > 0.0).map(|w| -w / all * (w / all).ln()).sum()
}

/// Checks that activity is finite and not negative.
pub(crate) fn rates(activity: ArrayView3<'_, f64>) -> Result<(), MeasureError> {
    match activity.indexed_iter().find(|(_, r)| !(**r >= 0.0 && r.is_finite())) {
        None => Ok(()),
        Some(((t, k, i), r)) => Err(MeasureError::Value {
            name: "activity",
            value: format!("{r} at step {t} of trial {k}, unit {i}"),
            fix: "rates are finite and not negative: take the size of signed activity",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Array3};

    #[test]
    fn one_after_the_other() {
        let chain = Array2::from_shape_fn((20, 20), |(t, i)| f64::from(t == i));
        let found = sequence_index(chain.view(), 20).unwrap();
        assert!((found.index - 1.0).abs() < 1e-12 && (found.peak_entropy - 1.0).abs() < 1e-12);
        let even = sequence_index(Array2::ones((20, 20)).view(), 20).unwrap();
        assert!(even.index.abs() < 1e-7 && even.temporal_sparsity.abs() < 1e-12);
        // half of the units at one time, half at another: ln 2 of ln 10, at each time 10 of 20 units
        let two = Array2::from_shape_fn((20, 20), |(t, i)| f64::from(t / 10 == i / 10));
        let found = sequence_index(two.view(), 10).unwrap();
        assert!((found.peak_entropy - 2f64.ln() / 10f64.ln()).abs() < 1e-12);
        assert!((found.temporal_sparsity - (1.0 - 10f64.ln() / 20f64.ln())).abs() < 1e-12);
        assert!(
            sequence_index(chain.view(), 1).is_err() && sequence_index(chain.view(), 21).is_err()
        );
        assert!(sequence_index(Array2::zeros((5, 5)).view(), 5).is_err());
        assert!(sequence_index((-chain).view(), 20).is_err());
    }

    #[test]
    fn sparseness_at_its_ends() {
        let activity = Array3::from_shape_fn((5, 2, 4), |(t, k, i)| match i {
            0 => 0.3,
            1 => f64::from(t == 3 && k == 0),
            2 => f64::from(k == 0),
            _ => 0.0,
        });
        let found = lifetime_sparseness(activity.view()).unwrap();
        // active in half of the samples: (1 − ½) / (1 − 1/10)
        for (found, expected) in found.iter().zip([0.0, 1.0, 0.5 / 0.9]) {
            assert!((found.unwrap() - expected).abs() < 1e-12);
        }
        assert_eq!(found[3], None);
    }
}
