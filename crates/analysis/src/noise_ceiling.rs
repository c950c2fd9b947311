//! How well a perfect model could predict noisy responses.

use attractor_numerics::random::stream;
use ndarray::{ArrayView2, Axis};
use rand::seq::SliceRandom;
use serde::Serialize;

use crate::MeasureError;
use crate::correlation::pearson;
use crate::measure_error::enough;
use crate::ridge_path::finite;

/// Reliability of mean responses, and what it allows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NoiseCeiling {
    /// Correlation of the mean responses of one half of the repeats with those of the other, mean over
    /// random halves; 0 for halves that do not vary.
    pub half: f64,
    /// Reliability of the mean over all repeats, `2 r / (1 + r)` (Spearman 1910, Brown 1910); 0 if r < 0.
    pub reliability: f64,
    /// Its square root: the correlation with the mean response that the true tuning would have.
    pub ceiling: f64,
}

/// The noise ceiling of responses `[repeat, stimulus]` to repeated stimuli, over `splits` random halves of
/// the repeats. Of an odd number of repeats, one is left out of each split.
///
/// Divide a model's correlation with the mean response by the ceiling to tell noise from what the model
/// does not know; where the ceiling is near 0 the quotient says nothing.
///
/// # Errors
/// Fewer than two repeats or stimuli, no split, values that are not finite.
pub fn noise_ceiling(
    responses: ArrayView2<'_, f64>,
    splits: usize,
    seed: u64,
) -> Result<NoiseCeiling, MeasureError> {
    let responses = finite("stimuli", responses)?;
    let (repeats, stimuli) = responses.dim();
    enough("repeats", 2, repeats)?;
    enough("stimuli", 2, stimuli)?;
    enough("splits", 1, splits)?;
    let mut rng = stream(seed, "analysis/noise-ceiling");
    let mut order: Vec<usize> = (0..repeats).collect();
    let mut sum = 0.0;
    for _ in 0..splits {
        order.shuffle(&mut rng);
        let mean = |part: &[usize]| responses.select(Axis(0), part).sum_axis(Axis(0)).to_vec();
        let half = repeats / 2;
        match pearson(&mean(&order[..half]), &mean(&order[half..2 * half])) {
            Ok(r) => sum += r,
            Err(MeasureError::Constant { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let half = sum / splits as f64;
    // Spearman-Brown: all repeats are so many times a half; of an odd number, more than two
    let times = repeats as f64 / (repeats / 2) as f64;
    let reliability = if half > 0.0 { times * half / (1.0 + (times - 1.0) * half) } else { 0.0 };
    Ok(NoiseCeiling { half, reliability, ceiling: reliability.sqrt() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduced_rank::tests::normal;
    use ndarray::Array2;

    /// Signal of variance 1 in noise of variance v: the mean over R repeats has reliability
    /// `1 / (1 + v / R)`, and correlates with the signal by its root.
    #[test]
    fn gaussian_signal_in_gaussian_noise() {
        let (repeats, stimuli, variance) = (8, 4000, 4.0f64);
        let signal = normal(1, stimuli, 1);
        let noise = normal(repeats, stimuli, 2) * variance.sqrt();
        let responses: Array2<f64> = &noise + &signal;
        let found = noise_ceiling(responses.view(), 20, 3).unwrap();
        let expected = 1.0 / (1.0 + variance / repeats as f64);
        assert!((found.reliability - expected).abs() < 0.02, "{found:?} {expected}");
        let mean = responses.sum_axis(Axis(0)).to_vec();
        let reached = pearson(&mean, &signal.row(0).to_vec()).unwrap();
        assert!((found.ceiling - reached).abs() < 0.02);
    }

    #[test]
    fn nothing_but_noise_and_nothing_at_all() {
        let noise = normal(6, 2000, 4);
        assert!(noise_ceiling(noise.view(), 20, 1).unwrap().reliability < 0.1);
        let silent = Array2::zeros((6, 10));
        assert_eq!(noise_ceiling(silent.view(), 5, 1).unwrap().ceiling, 0.0);
        assert!(noise_ceiling(noise.slice(ndarray::s![..1, ..]), 5, 1).is_err());
    }
}
