//! Random numbers: streams for drawing things one after another, and counter-based noise.
//!
//! Noise is a pure function of (seed, stream, epoch, step, trial, unit): Philox 4×32-10 (Salmon et al.
//! 2011, doi:10.1145/2063384.2063405), sixteen counters at a time, then the transform of Box and
//! Muller. Nothing is stored: the reverse pass draws the same numbers again. Both precisions and all
//! instruction sets get the same numbers, to the bit: they are computed in single precision without
//! fused operations.

use rand::SeedableRng;

use crate::{Isa, Kernel, Real, math};

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
    isa.run(Fill::<T, true> { key: key.words(), step, first_trial, units, ld, out });
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
    isa.run(Fill::<T, false> { key: key.words(), step, first_trial, units, ld, out });
}

struct Fill<'a, T, const NORMAL: bool> {
    key: [u32; 2],
    step: u32,
    first_trial: u32,
    units: usize,
    ld: usize,
    out: &'a mut [T],
}

impl<T: Real, const NORMAL: bool> Kernel for Fill<'_, T, NORMAL> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (trial, row) in self.out.chunks_mut(self.ld).enumerate() {
            let trial = self.first_trial.wrapping_add(trial as u32);
            for (group, values) in row[..].chunks_mut(GROUP).enumerate() {
                if group * GROUP >= self.units {
                    break;
                }
                let mut counter = [[0u32; LANES]; 4];
                for lane in 0..LANES {
                    counter[0][lane] = (group * LANES + lane) as u32;
                    counter[1][lane] = trial;
                    counter[2][lane] = self.step;
                }
                let words = philox(counter, self.key);
                // unit 64 group + 16 word + lane: no transposition
                for pair in 0..2 {
                    if 2 * pair * LANES >= values.len() {
                        break;
                    }
                    let (a, b) = match NORMAL {
                        true => box_muller(&words[2 * pair], &words[2 * pair + 1]),
                        false => (uniform(&words[2 * pair]), uniform(&words[2 * pair + 1])),
                    };
                    for (numbers, place) in [(a, 2 * pair), (b, 2 * pair + 1)] {
                        store(&numbers, place * LANES, values);
                    }
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

/// Ten rounds over sixteen counters.
#[inline(always)]
fn philox(mut c: [[u32; LANES]; 4], mut key: [u32; 2]) -> [[u32; LANES]; 4] {
    for _ in 0..10 {
        let mut next = [[0u32; LANES]; 4];
        for lane in 0..LANES {
            let a = u64::from(c[0][lane]) * 0xd251_1f53;
            let b = u64::from(c[2][lane]) * 0xcd9e_8d57;
            next[0][lane] = (b >> 32) as u32 ^ c[1][lane] ^ key[0];
            next[1][lane] = b as u32;
            next[2][lane] = (a >> 32) as u32 ^ c[3][lane] ^ key[1];
            next[3][lane] = a as u32;
        }
        c = next;
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    c
}

/// Uniform in (0, 1), the 31 upper bits of a word.
#[inline(always)]
fn uniform(word: &[u32; LANES]) -> [f32; LANES] {
    let mut out = [0.0; LANES];
    for lane in 0..LANES {
        // rounding to 24 bits may reach 1: stay below
        let x = ((word[lane] >> 1) as i32 as f32 + 0.5) * (1.0 / 2_147_483_648.0);
        out[lane] = if x < 1.0 { x } else { 1.0 - f32::EPSILON / 2.0 };
    }
    out
}

/// Two independent normal numbers from two words: radius `√(-2 ln u)`, angle from the second.
#[inline(always)]
fn box_muller(radius: &[u32; LANES], angle: &[u32; LANES]) -> ([f32; LANES], [f32; LANES]) {
    let u = uniform(radius);
    let (mut a, mut b) = ([0.0; LANES], [0.0; LANES]);
    for lane in 0..LANES {
        let r = (-2.0 * math::ln::<f32, false>(u[lane])).sqrt();
        // the angle in half turns: quadrant and the rest within ±1/4
        let turns = angle[lane] as i32 as f32 * (1.0 / 2_147_483_648.0);
        const MAGIC: f32 = 12_582_912.0; // 1.5·2²³: adding it rounds to an integer
        let quadrant = 2.0 * turns + MAGIC;
        let rest = turns - (quadrant - MAGIC) * 0.5;
        let (q, x) = (quadrant.to_bits(), rest * std::f32::consts::PI);
        let x2 = x * x;
        let sine = x * (1.0 + x2 * (-1.666_666_6e-1 + x2 * (8.333_026e-3 + x2 * -1.980_741_9e-4)));
        let cosine = 1.0
            + x2 * (-0.5 + x2 * (4.166_665e-2 + x2 * (-1.388_853e-3 + x2 * 2.443_32e-5)));
        let swap = q & 1 == 1;
        let (s, c) = if swap { (cosine, sine) } else { (sine, cosine) };
        a[lane] = r * f32::from_bits(c.to_bits() ^ (((q.wrapping_add(1)) & 2) << 30));
        b[lane] = r * f32::from_bits(s.to_bits() ^ ((q & 2) << 30));
    }
    (a, b)
}

/// A stream of random numbers for drawing weights or trials: `name` separates what shares a seed.
pub fn stream(seed: u64, name: &str) -> rand::rngs::ChaCha8Rng {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let [low, high] = NoiseKey { seed, stream: hash, epoch: 0 }.words();
    rand::rngs::ChaCha8Rng::seed_from_u64(u64::from(low) | u64::from(high) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123.
    #[test]
    fn philox_known_answers() {
        let first = |counter: [u32; 4], key| {
            let lanes = counter.map(|word| [word; LANES]);
            philox(lanes, key).map(|words| words[3])
        };
        assert_eq!(first([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            first([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            first([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
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
