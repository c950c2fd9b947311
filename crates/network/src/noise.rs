//! Where the noise of a run comes from.

use attractor_numerics::random::NoiseKey;
pub(crate) use attractor_numerics::random::stream_of as stream;

/// The seed of a run's noise. Each number is a pure function of (seed, population and symbol, epoch,
/// step, trial, unit): nothing is stored, the reverse pass draws it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoiseSource {
    /// Seed of the run.
    pub seed: u64,
    /// Batch: another epoch, other noise.
    pub epoch: u64,
    /// Whether noise symbols of neurons are drawn, or stand at their mean.
    pub on: bool,
}

impl NoiseSource {
    /// No noise; random starts are drawn with seed 0.
    pub fn off() -> Self {
        NoiseSource { seed: 0, epoch: 0, on: false }
    }

    pub(crate) fn key(self, stream: u64) -> NoiseKey {
        NoiseKey { seed: self.seed, stream, epoch: self.epoch }
    }
}
