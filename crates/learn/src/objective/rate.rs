//! Keeping every unit at a rate of its own.

use serde::{Deserialize, Serialize};

/// Keeps the mean of a signal over a trial at a target, `Σ (⟨r⟩ − f)² / (units · trials)`.
///
/// `⟨r⟩` is the mean over the steps of a trial before its padding. For spikes, `f` is the probability
/// of a spike per step: 10 Hz at 1 ms is 0.01 (Bellec et al. 2020, doi:10.1038/s41467-020-17236-y).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatePenalty {
    /// The signal, such as `rec.z`, or a group of it.
    pub signal: String,
    /// The target f, in units of the signal.
    pub target: f64,
    /// Weight in the objective.
    #[serde(default = "super::one")]
    pub weight: f64,
}
