//! Cross-entropy: the channels of a signal, after a softmax, against probabilities.

use attractor_numerics::{Real, math};
use serde::{Deserialize, Serialize};

use super::over::Over;
use super::rows::RowRule;

/// Classes whose exponentials are kept from sum to derivative.
const FEW: usize = 16;

/// Cross-entropy after a softmax, `−Σ w Σ_c p*_c ln softmax(y)_c / Σ w`.
///
/// The target holds probabilities, often one-hot, `[time, trial, class]`. The softmax is a link
/// inside the term: the signal itself stays linear, and `dL/dy_c ∝ softmax(y)_c − p*_c`. The mean is
/// over steps and trials that are asked, as PyTorch's `cross_entropy` has it. To classify a whole
/// trial, say [`over`](Over) what: its last step, the mean, the sum or the maximum of its logits, or the sum
/// of the softmax of every step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossEntropy {
    /// The signal, one unit per class; the trials hold its target.
    #[serde(default = "super::output")]
    pub signal: String,
    /// Over which steps of a trial.
    #[serde(default, skip_serializing_if = "Over::is_each")]
    pub over: Over,
    /// Weight in the objective.
    #[serde(default = "super::one")]
    pub weight: f64,
}

impl Default for CrossEntropy {
    fn default() -> Self {
        CrossEntropy { signal: super::output(), over: Over::Each, weight: super::one() }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Softmax;

impl RowRule for Softmax {
    #[inline(always)]
    fn row<T: Real, const FMA: bool, const GRAD: bool>(
        self,
        y: &[T],
        target: &[f32],
        scale: T,
        cotangent: &mut [T],
    ) -> f64 {
        let mut top = y[0];
        for &y in y {
            // a NaN must be seen, not skipped
            top = if y <= top { top } else { y };
        }
        // exponentials of a few classes are kept, those of many computed again
        let mut kept = [T::ZERO; FEW];
        let few = y.len() <= FEW;
        let (mut partition, mut mass, mut overlap) = (T::ZERO, T::ZERO, T::ZERO);
        for k in 0..y.len() {
            let (p, z) = (T::from_f64(f64::from(target[k])), y[k] - top);
            let e = math::exp::<T, FMA>(z);
            if few {
                kept[k] = e;
            }
            partition += e;
            mass += p;
            overlap = math::madd::<T, FMA>(p, z, overlap);
        }
        if GRAD {
            let share = mass / partition;
            for k in 0..y.len() {
                let e = if few { kept[k] } else { math::exp::<T, FMA>(y[k] - top) };
                let p = T::from_f64(f64::from(target[k]));
                let slope = math::madd::<T, FMA>(share, e, -p);
                cotangent[k] = math::madd::<T, FMA>(slope, scale, cotangent[k]);
            }
        }
        math::madd::<T, FMA>(mass, math::ln::<T, FMA>(partition), -overlap).to_f64()
    }
}
