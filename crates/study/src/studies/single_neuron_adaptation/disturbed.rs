//! Sines on the pixels: in half of the training batches small ones, at test larger ones.

use std::f64::consts::TAU;
use std::sync::Arc;

use attractor::data::{Part, Trials};
use attractor::learn::{Source, SourceError};
use attractor::numerics::{law::Law, random};
use ndarray::ArrayView3;

use crate::digits::disturbed;

/// Share of the batches that carry a sine, its size, and the most cycles it has in a sequence
/// (sMNIST_task.py: size 0.2, frequency between 0 and 2; the share is not given).
const SHARE: f64 = 0.5;
const SIZE: f64 = 0.2;
const CYCLES: f64 = 2.0;

/// A supply of trials, of which half of the training batches carry a sine.
pub(super) struct Disturbed {
    pub(super) source: Arc<dyn Source>,
    pub(super) seed: u64,
}

impl Source for Disturbed {
    fn batch(&self, index: u64, trials: usize) -> Result<Trials, SourceError> {
        let batch = self.source.batch(index, trials)?;
        let label = format!("batch {index}");
        let coin = uniform(self.seed, &format!("coin of {label}"), 1)[0];
        match Part::of(index) {
            Part::Training if coin < SHARE => Ok(sine(&batch, SIZE, self.seed, &label)),
            _ => Ok(batch),
        }
    }

    fn score(
        &self,
        trials: &Trials,
        outputs: ArrayView3<'_, f32>,
    ) -> Result<Option<f64>, SourceError> {
        self.source.score(trials, outputs)
    }
}

/// Trials with a sine on their pixels, of a frequency and phase of its own in every trial.
pub(super) fn sine(trials: &Trials, size: f64, seed: u64, label: &str) -> Trials {
    let cycles = uniform(seed, &format!("cycles of {label}"), trials.len());
    let phase = uniform(seed, &format!("phase of {label}"), trials.len());
    let steps = trials.steps() as f64;
    disturbed(trials, |step, trial| {
        size * (TAU * (CYCLES * cycles[trial] * step as f64 / steps + phase[trial])).sin()
    })
}

/// Numbers between 0 and 1.
fn uniform(seed: u64, label: &str, count: usize) -> Vec<f64> {
    Law::Between { low: 0.0, high: 1.0 }.sample(count, 1, &mut random::stream(seed, label))
}
