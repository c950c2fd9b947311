//! Random numbers of the tasks: one stream per trial, decks of conditions, noise on inputs.

use ndarray::ArrayViewMut1;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

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

/// Adds Gaussian noise.
pub(crate) fn add_noise(mut channel: ArrayViewMut1<'_, f32>, sd: f32, rng: &mut impl Rng) {
    if sd > 0.0 {
        channel.iter_mut().for_each(|x| *x += sd * rng.sample::<f32, _>(StandardNormal));
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
}
