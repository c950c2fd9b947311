//! Terms that compare each channel of a signal with its target on its own.

use attractor_numerics::{Real, math};
use serde::{Deserialize, Serialize};

use super::over::Over;
use super::pointwise::Pointwise;

/// Mean squared error over the steps that are asked, `Σ w (y − y*)² / (C Σ w)`.
///
/// Sums run over steps, trials and the C channels; `w [time, trial]` are the target's weights. With
/// weights 0 and 1 it is the mean over what is asked, as PyTorch's `mse_loss` has it (no ½).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mse {
    /// The signal; the trials hold its target.
    #[serde(default = "super::output")]
    pub signal: String,
    /// Over which steps of a trial.
    #[serde(default, skip_serializing_if = "Over::is_each")]
    pub over: Over,
    /// Weight in the objective.
    #[serde(default = "super::one")]
    pub weight: f64,
}

impl Default for Mse {
    fn default() -> Self {
        Mse { signal: super::output(), over: Over::Each, weight: 1.0 }
    }
}

/// Negative log-likelihood of counts k under a Poisson law, `Σ w (λ − k ln λ) / (C Σ w)`.
///
/// The signal y gives the expected count *per step* through the link: `λ = exp(y)` or
/// `λ = softplus(y)`. The constant `ln k!` is left out, so values may be negative. `dL/dy` is `λ − k`
/// with the exponential link and `σ(y) (1 − k/λ)` with softplus, whose gradient does not explode for
/// large y: prefer it for units that may fire fast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poisson {
    /// The signal; the trials hold the counts.
    #[serde(default = "super::output")]
    pub signal: String,
    /// Over which steps of a trial.
    #[serde(default, skip_serializing_if = "Over::is_each")]
    pub over: Over,
    /// How the signal gives the expected count.
    #[serde(default)]
    pub link: Link,
    /// Weight in the objective.
    #[serde(default = "super::one")]
    pub weight: f64,
}

/// From a signal to an expected count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// `λ = e^y`, the canonical link.
    #[default]
    Exp,
    /// `λ = ln(1 + e^y)`.
    Softplus,
}

impl Link {
    /// The expected count of a step.
    pub fn rate(self, y: f64) -> f64 {
        match self {
            Link::Exp => y.exp(),
            Link::Softplus => math::softplus::<f64, false>(y),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct SquaredError;

impl Pointwise for SquaredError {
    const TARGET: bool = true;

    #[inline(always)]
    fn at<T: Real, const FMA: bool>(self, y: T, target: T) -> (T, T) {
        let error = y - target;
        (error * error, error + error)
    }
}

#[derive(Clone, Copy)]
pub(super) struct PoissonExp;

impl Pointwise for PoissonExp {
    const TARGET: bool = true;

    #[inline(always)]
    fn at<T: Real, const FMA: bool>(self, y: T, count: T) -> (T, T) {
        let rate = math::exp::<T, FMA>(y);
        (math::madd::<T, FMA>(-count, y, rate), rate - count)
    }
}

#[derive(Clone, Copy)]
pub(super) struct PoissonSoftplus;

impl Pointwise for PoissonSoftplus {
    const TARGET: bool = true;

    #[inline(always)]
    fn at<T: Real, const FMA: bool>(self, y: T, count: T) -> (T, T) {
        let rate = math::softplus::<T, FMA>(y);
        let slope = math::sigmoid::<T, FMA>(y);
        // far below 0, ln λ = y and σ/λ = 1 to the last bit, while λ itself underflows
        let far = y < T::from_f64(if size_of::<T>() == 4 { -17.0 } else { -38.0 });
        let log = math::ln::<T, FMA>(rate);
        let log = if far { y } else { log };
        let ratio = slope / rate;
        let ratio = if far { T::ONE } else { ratio };
        (math::madd::<T, FMA>(-count, log, rate), math::madd::<T, FMA>(-count, ratio, slope))
    }
}
