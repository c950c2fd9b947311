//! Random numbers: streams for drawing things one after another, and counter-based noise.
//!
//! Noise is a pure function of (seed, stream, epoch, step, trial, unit): Philox 4×32-10 (Salmon et al.
//! 2011, doi:10.1145/2063384.2063405), sixteen counters at a time, then the transform of Box and
//! Muller. Nothing is stored: the reverse pass draws the same numbers again. Both precisions and all
//! instruction sets get the same numbers, to the bit: they are computed in single precision without
//! fused operations.

use rand::SeedableRng;

use crate::lanes::{Lanes, Tiled};
use crate::words::Words;
use crate::{Isa, Real, math};

/// Counters that go through Philox together.
const LANES: usize = 16;
/// Units served by one round of counters.
const GROUP: usize = 4 * LANES;

/// Which noise: all that does not change from step to step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoiseKey {
    /// Seed of the run.
    pub seed: u64,
    /// Which of the run's noises, such as a number made from a name.
    pub stream: u64,
    /// Batch, or repetition.
    pub epoch: u64,
}

impl NoiseKey {
    /// Philox's key: all three mixed (SplitMix64; Steele, Lea & Flood 2014).
    fn words(self) -> [u32; 2] {
        let mixed = [self.seed, self.stream, self.epoch].iter().fold(0u64, |hash, &word| {
            let mut z = (hash ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        });
        [mixed as u32, (mixed >> 32) as u32]
    }
}

/// Fills rows (trials `first_trial…`) of `ld` units with normal numbers, mean 0 and variance 1.
///
/// Every value depends on its key, step, trial and unit alone, not on `units`, `ld` or how rows are
/// split over calls. `units` values of each row count; up to the next multiple of 64 within the row
/// the rest is filled too. Numbers reach out to ±6.7.
///
/// # Panics
/// If `ld` is 0.
pub fn fill_normal_rows<T: Real>(
    isa: Isa,
    key: NoiseKey,
    step: u32,
    first_trial: u32,
    units: usize,
    ld: usize,
    out: &mut [T],
) {
    let key = key.words();
    // SAFETY: rows are slices
    unsafe { T::normal(isa, Fill { key, step, first_trial, units, ld, out }) }
}

/// As [`fill_normal_rows`], with numbers uniform in (0, 1).
///
/// # Panics
/// If `ld` is 0.
pub fn fill_uniform_rows<T: Real>(
    isa: Isa,
    key: NoiseKey,
    step: u32,
    first_trial: u32,
    units: usize,
    ld: usize,
    out: &mut [T],
) {
    let key = key.words();
    // SAFETY: rows are slices
    unsafe { T::uniform(isa, Fill { key, step, first_trial, units, ld, out }) }
}

/// One call of [`fill_normal_rows`] or [`fill_uniform_rows`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Fill<'a, T, const NORMAL: bool> {
    key: [u32; 2],
    step: u32,
    first_trial: u32,
    units: usize,
    ld: usize,
    out: &'a mut [T],
}

impl<T: Real, const NORMAL: bool> Tiled<T> for Fill<'_, T, NORMAL> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) {
        for (trial, row) in self.out.chunks_mut(self.ld).enumerate() {
            let trial = self.first_trial.wrapping_add(trial as u32);
            for (group, values) in row.chunks_mut(GROUP).enumerate() {
                if group * GROUP >= self.units {
                    break;
                }
                let counter = [(group * LANES) as u32, trial, self.step, 0];
                // SAFETY: the instruction set of V is enabled
                let words = unsafe { philox::<V::Words>(counter, self.key) };
                // unit 64 group + 16 word + lane: no transposition
                for pair in 0..2 {
                    let (first, second) = (&words[2 * pair], &words[2 * pair + 1]);
                    let numbers = match NORMAL {
                        true => box_muller(first, second),
                        false => [uniform(first), uniform(second)],
                    };
                    store(&numbers[0], 2 * pair * LANES, values);
                    store(&numbers[1], (2 * pair + 1) * LANES, values);
                }
            }
        }
    }
}

#[inline(always)]
fn store<T: Real>(numbers: &[f32; LANES], from: usize, values: &mut [T]) {
    if from + LANES <= values.len() {
        let values = &mut values[from..from + LANES];
        for lane in 0..LANES {
            values[lane] = T::from_f32(numbers[lane]);
        }
    } else if from < values.len() {
        for (value, &number) in values[from..].iter_mut().zip(numbers) {
            *value = T::from_f32(number);
        }
    }
}

/// Ten rounds over sixteen counters, whose first word counts up.
///
/// # Safety
/// The instruction set of `W` is enabled.
#[inline(always)]
unsafe fn philox<W: Words>(counter: [u32; 4], key: [u32; 2]) -> [[u32; LANES]; 4] {
    let mut words = [[0u32; LANES]; 4];
    // two registers at a time: while one waits for its product, the other is multiplied
    for first in (0..LANES).step_by(2 * W::LANES) {
        // SAFETY: as the caller's; the words end where the array does
        unsafe {
            let mut c = [[W::splat(0); 2]; 4];
            for k in 0..2 {
                let lane = (first + k * W::LANES) as u32;
                c[0][k] = W::count_from(counter[0].wrapping_add(lane));
                for word in 1..4 {
                    c[word][k] = W::splat(counter[word]);
                }
            }
            let mut key = key;
            for _ in 0..10 {
                let keys = [W::splat(key[0]), W::splat(key[1])];
                for k in 0..2 {
                    let a = c[0][k].multiply(0xd251_1f53);
                    let b = c[2][k].multiply(0xcd9e_8d57);
                    c[0][k] = b.upper().xor(c[1][k]).xor(keys[0]);
                    c[1][k] = b;
                    c[2][k] = a.upper().xor(c[3][k]).xor(keys[1]);
                    c[3][k] = a;
                }
                key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
            }
            for word in 0..4 {
                c[word][0].store_with(c[word][1], words[word].as_mut_ptr().add(first));
            }
        }
    }
    words
}

/// Uniform in (0, 1), the 31 upper bits of a word.
#[inline(always)]
fn to_uniform(word: u32) -> f32 {
    // a little less than 2^-31, so that rounding to 24 bits does not reach 1
    const STEP: f32 = (1.0 - f32::EPSILON / 2.0) / 2_147_483_648.0;
    (word >> 1) as i32 as f32 * STEP + 1.0 / 4_294_967_296.0
}

#[inline(always)]
fn uniform(words: &[u32; LANES]) -> [f32; LANES] {
    let mut out = [0.0; LANES];
    for lane in 0..LANES {
        out[lane] = to_uniform(words[lane]);
    }
    out
}

/// Two independent normal numbers from two words: a radius `√(−2 ln u)` and an angle
/// (Box & Muller 1958, doi:10.1214/aoms/1177706645).
#[inline(always)]
fn box_muller(radius: &[u32; LANES], angle: &[u32; LANES]) -> [[f32; LANES]; 2] {
    let mut out = [[0.0; LANES]; 2];
    for lane in 0..LANES {
        let radius = math::minus_two_ln(to_uniform(radius[lane])).sqrt();
        // one bit turns by π, the others place the angle within ±π/2
        let radius = f32::from_bits(radius.to_bits() ^ (angle[lane] & 0x8000_0000));
        let (sine, cosine) = math::sin_cos_quarters((angle[lane] << 1) as i32 as f32 * TURN);
        out[0][lane] = radius * cosine;
        out[1][lane] = radius * sine;
    }
    out
}

/// 2⁻³¹, from words to −1..1.
const TURN: f32 = 1.0 / 2_147_483_648.0;

/// The number of a name, for [`NoiseKey::stream`] (FNV-1a): the same on every machine.
pub fn stream_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A stream of random numbers for drawing weights or trials: `name` separates what shares a seed.
pub fn stream(seed: u64, name: &str) -> rand::rngs::ChaCha8Rng {
    let [low, high] = NoiseKey { seed, stream: stream_of(name), epoch: 0 }.words();
    rand::rngs::ChaCha8Rng::seed_from_u64(u64::from(low) | u64::from(high) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::dispatch;

    /// Known answers of Random123: counter, key, numbers.
    #[test]
    fn philox_known_answers() {
        struct First([u32; 4], [u32; 2]);
        impl Tiled<f32> for First {
            type Output = [u32; 4];
            #[inline(always)]
            unsafe fn run<V: Lanes<f32>>(self) -> [u32; 4] {
                unsafe { philox::<V::Words>(self.0, self.1) }.map(|words| words[0])
            }
        }
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for isa in Isa::available() {
            for (counter, key, numbers) in cases {
                // SAFETY: nothing beyond the instruction set is needed
                assert_eq!(unsafe { dispatch(isa, First(counter, key)) }, numbers, "{isa}");
                // SAFETY: arrays need no instruction set
                let plain = unsafe { philox::<[u64; 4]>(counter, key) };
                assert_eq!(plain.map(|words| words[0]), numbers);
            }
        }
    }

    /// The same seed gives the same numbers in every version of this library.
    #[test]
    fn numbers_stay_what_they_are() {
        let numbers = normals(Isa::best(), KEY, 9, 1, 64);
        let seen = [0, 15, 16, 40, 63].map(|unit| numbers[unit]);
        assert_eq!(seen, [-1.0219374, 1.6512756, -1.1783786, -0.4497892, 0.6105478]);
    }

    fn normals(isa: Isa, key: NoiseKey, step: u32, trials: usize, units: usize) -> Vec<f32> {
        let mut out = vec![0.0; trials * units];
        fill_normal_rows(isa, key, step, 0, units, units, &mut out);
        out
    }

    const KEY: NoiseKey = NoiseKey { seed: 7, stream: 3, epoch: 5 };

    #[test]
    fn a_number_depends_on_its_place_alone() {
        let whole = normals(Isa::best(), KEY, 9, 6, 200);
        for isa in Isa::available() {
            assert_eq!(normals(isa, KEY, 9, 6, 200), whole, "{isa}");
        }
        for (first, units, ld) in [(0, 200, 200), (2, 37, 48), (5, 100, 112), (3, 1, 16)] {
            let mut out = vec![0.0f64; ld];
            fill_normal_rows(Isa::best(), KEY, 9, first as u32, units, ld, &mut out);
            for unit in 0..units {
                assert_eq!(out[unit], f64::from(whole[first * 200 + unit]));
            }
        }
        let other = [
            NoiseKey { seed: 8, ..KEY },
            NoiseKey { stream: 4, ..KEY },
            NoiseKey { epoch: 6, ..KEY },
        ];
        for key in other {
            assert_ne!(normals(Isa::best(), key, 9, 6, 200), whole);
        }
        assert_ne!(normals(Isa::best(), KEY, 10, 6, 200), whole);
    }

    /// Kolmogorov-Smirnov distance of a million numbers, moments, and neighbours uncorrelated.
    #[test]
    fn normal_numbers_are_normal() {
        let (trials, units) = (1000, 1000);
        let x = normals(Isa::best(), KEY, 1, trials, units);
        let n = x.len() as f64;
        let moment = |k: i32| x.iter().map(|&x| f64::from(x).powi(k)).sum::<f64>() / n;
        for (k, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0)] {
            let error = (moment(k) - expected).abs();
            let sd = [1.0, 2.0, 15.0, 96.0, 0.0, 10170.0][k as usize - 1] / n;
            assert!(error < 5.0 * f64::sqrt(sd), "moment {k}: off by {error}");
        }
        let mut sorted = x.clone();
        sorted.sort_by(f32::total_cmp);
        let distance = sorted.iter().enumerate().map(|(i, &x)| {
            let cdf = 0.5 * (1.0 + math::erf::<f64, false>(f64::from(x) / f64::sqrt(2.0)));
            (cdf - (i as f64 + 0.5) / n).abs()
        });
        let distance = distance.fold(0.0, f64::max);
        assert!(distance < 1.95 / n.sqrt(), "Kolmogorov-Smirnov distance {distance}");
        for shift in [1, 16, 32, 64, units] {
            let pairs = x.iter().zip(&x[shift..]);
            let correlation = pairs.map(|(&a, &b)| f64::from(a * b)).sum::<f64>() / n;
            assert!(correlation.abs() < 5.0 / n.sqrt(), "shift {shift}: {correlation}");
        }
    }

    #[test]
    fn uniform_numbers_are_uniform() {
        let mut x = vec![0.0f64; 100_000];
        fill_uniform_rows(Isa::best(), KEY, 1, 0, 1000, 1000, &mut x);
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|x| (x - 0.5) * (x - 0.5)).sum::<f64>() / n;
        assert!((mean - 0.5).abs() < 0.005 && (variance - 1.0 / 12.0).abs() < 0.002);
        assert!(x.iter().all(|&x| 0.0 < x && x < 1.0));
    }

    #[test]
    fn streams_differ_by_seed_and_name() {
        use rand::RngExt;
        let draw = |seed, name| stream(seed, name).random::<u64>();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
    }
}
