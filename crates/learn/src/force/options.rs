//! How recursive least squares goes.

use serde::{Deserialize, Serialize};

use crate::constrained::{FitError, at_least};

/// Options of [`Force`](super::Force); the default is the corrected algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForceOptions {
    /// Steps of the network per sample.
    pub steps: usize,
    /// The published order of things: one sample of lag, the first sample as the first state.
    pub published: bool,
    /// Gain of the random weights to begin with, `N(0, gain²/N)`.
    pub gain: f64,
    /// What P is at first.
    pub prior: Prior,
    /// Whether P begins anew in each pass.
    pub reset: bool,
    /// Noise in the drives.
    pub noise: Noise,
    /// Size of that noise: it is `amplitude · y`, with y a filtered white noise of sd `√(tau_noise/dt)`
    /// before the filter.
    pub amplitude: f64,
    /// Time constant of the noise, ms.
    pub tau_noise: f64,
    /// Seed of weights and noise.
    pub seed: u64,
}

/// What P is at first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// A multiple of the identity.
    Identity(f64),
    /// `(Σ φφᵀ + l2 · samples)⁻¹` of a regression, for a warm start.
    Samples(f64),
}

/// Noise in the drives of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// None.
    None,
    /// One sequence in all passes: the network learns it by heart.
    Frozen,
    /// Another sequence in each pass.
    Redrawn,
}

impl Default for ForceOptions {
    fn default() -> Self {
        ForceOptions {
            steps: 1,
            published: false,
            gain: 1.5,
            prior: Prior::Identity(1.0),
            reset: false,
            noise: Noise::Redrawn,
            amplitude: 0.01,
            tau_noise: 100.0,
            seed: 1,
        }
    }
}

impl ForceOptions {
    /// The algorithm as it was published (Perich et al. 2020): five steps per sample, one sample of
    /// lag, one noise for everything.
    pub fn published(seed: u64) -> Self {
        ForceOptions { steps: 5, published: true, noise: Noise::Frozen, seed, ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<(), FitError> {
        at_least("steps", self.steps as f64, 1.0)?;
        at_least("gain", self.gain, 0.0)?;
        at_least("amplitude", self.amplitude, 0.0)?;
        if self.tau_noise.is_nan() || self.tau_noise <= 0.0 {
            let fix = "give the time constant of the noise in ms";
            return Err(FitError::Value { name: "tau_noise", value: self.tau_noise, fix });
        }
        let (Prior::Identity(size) | Prior::Samples(size)) = self.prior;
        match size.is_finite() && size > 0.0 {
            true => Ok(()),
            false => {
                let fix = "give a positive number";
                Err(FitError::Value { name: "prior", value: size, fix })
            }
        }
    }
}
