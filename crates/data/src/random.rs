//! Stand-in until the numerics room has streams of random numbers.

use rand::{Rng, SeedableRng, rngs::SmallRng};

/// A stream of random numbers, a pure function of the seed and the name.
#[doc(hidden)]
#[must_use]
pub fn stream(seed: u64, name: &str) -> impl Rng + use<> {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    SmallRng::seed_from_u64(seed ^ hash.rotate_left(17))
}
