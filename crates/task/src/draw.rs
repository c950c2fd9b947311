//! Random numbers of the tasks: one stream per trial, decks of conditions, noise on inputs.

use attractor_numerics::Isa;
use attractor_numerics::random::{NoiseKey, fill_normal_rows, stream_of};
use rand::seq::SliceRandom;

/// Steps for which the options state the noise, ms.
const REFERENCE_DT: f64 = 20.0;

/// The random numbers of one trial.
pub type Stream = rand::rngs::ChaCha8Rng;

/// A stream of random numbers, a pure function of the seed and the name.
pub(crate) fn stream(seed: u64, name: &str) -> Stream {
    attractor_numerics::random::stream(seed, name)
}

/// Deals one of `conditions` to each trial from shuffled decks: balanced to within one.
pub(crate) fn deal(seed: u64, label: &str, conditions: usize, trials: usize) -> Vec<usize> {
    if conditions == 1 {
        return vec![0; trials];
    }
    let mut dealt = Vec::with_capacity(trials + conditions);
    for deck in 0.. {
        if dealt.len() >= trials || conditions == 0 {
            break;
        }
        let mut cards: Vec<usize> = (0..conditions).collect();
        cards.shuffle(&mut stream(seed, &format!("{label}/deck/{deck}")));
        dealt.extend(cards);
    }
    dealt.truncate(trials);
    dealt
}

/// The standard deviation per step of dt, from that per step of 20 ms.
pub(crate) fn per_step(noise: f64, dt: f64) -> f32 {
    (noise * (REFERENCE_DT / dt).sqrt()) as f32
}

/// The Gaussian noise of a batch: each number is a pure function of seed, task, epoch, trial, and its
/// place in the trial. It takes nothing from the trial's own random numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    isa: Isa,
    key: NoiseKey,
}

impl Noise {
    pub(crate) fn new(seed: u64, task: &str, epoch: u64) -> Self {
        let stream = stream_of(&format!("task/{task}"));
        Noise { isa: Isa::best(), key: NoiseKey { seed, stream, epoch } }
    }

    /// Fills with numbers of standard deviation 1: the `block`-th block of this trial.
    pub(crate) fn fill(&self, trial: usize, block: usize, out: &mut [f32]) {
        let (block, trial, count) = (block as u32, trial as u32, out.len());
        if count > 0 {
            fill_normal_rows(self.isa, self.key, block, trial, count, count, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decks_are_balanced_and_shuffled() {
        let dealt = deal(3, "x", 6, 20);
        let counts: Vec<usize> =
            (0..6).map(|c| dealt.iter().filter(|&&d| d == c).count()).collect();
        assert!(counts.iter().all(|n| (3..=4).contains(n)), "{counts:?}");
        assert_ne!(dealt[..6], dealt[6..12]);
        assert_eq!(deal(3, "x", 6, 7), dealt[..7], "smaller batches begin alike");
        assert_ne!(deal(4, "x", 6, 20), dealt);
        assert!(deal(3, "x", 0, 5).is_empty());
    }

    #[test]
    fn noise_depends_on_seed_task_epoch_trial_and_block() {
        let numbers = |noise: Noise, trial, block| {
            let mut out = [0.0; 5];
            noise.fill(trial, block, &mut out);
            out
        };
        let one = Noise::new(3, "x", 1);
        assert_eq!(numbers(one, 4, 0), numbers(Noise::new(3, "x", 1), 4, 0));
        let mut longer = [0.0; 100];
        one.fill(4, 0, &mut longer);
        assert_eq!(numbers(one, 4, 0), longer[..5], "a longer trial begins alike");
        for other in [
            numbers(Noise::new(4, "x", 1), 4, 0),
            numbers(Noise::new(3, "y", 1), 4, 0),
            numbers(Noise::new(3, "x", 2), 4, 0),
            numbers(one, 5, 0),
            numbers(one, 4, 1),
        ] {
            assert_ne!(other, numbers(one, 4, 0));
        }
    }
}
