//! Three simulated regions whose connections are known: the data of Perich et al. 2020.

use attractor_numerics::random;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};

use super::error::{FitError, at_least};
use super::samples::Samples;

/// Options of [`three_regions`], those of the publication's Python program as defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThreeRegionsOptions {
    /// Units of each region.
    pub units: usize,
    /// Gain within regions A, B and C.
    pub gains: [f64; 3],
    /// Weight between regions: 0.02 in the publication's Python program, 0.2 in its Matlab program.
    pub between: f64,
    /// Part of the units of a region that another one reaches.
    pub reached: f64,
    /// Part of the units of B (and of C) that the outside drives.
    pub driven: f64,
    /// Seed.
    pub seed: u64,
}

impl Default for ThreeRegionsOptions {
    fn default() -> Self {
        let gains = [1.8, 1.5, 1.5];
        ThreeRegionsOptions {
            units: 100,
            gains,
            between: 0.02,
            reached: 0.05,
            driven: 0.5,
            seed: 1,
        }
    }
}

/// Simulated rates and where they come from.
#[derive(Clone, Debug)]
pub struct ThreeRegions {
    /// 3 n units, A then B then C; 1201 samples of 10 ms. Each region is divided by its largest rate.
    pub samples: Samples,
    /// Largest rate of each region.
    pub scales: [f64; 3],
    /// The true weights `[target, source]` over all 3 n units, of the rates before that division.
    pub weights: Vec<f64>,
    /// The moving bump that drives B, and the fixed points that drive C, `[sample, unit]`.
    pub sequence: Vec<f64>,
    /// As above.
    pub fixed: Vec<f64>,
    /// Which units of B the sequence reaches, and which of C the fixed points.
    pub driven: [Vec<bool>; 2],
}

/// Time constant of the units, ms.
const TAU: f64 = 100.0;
/// Step, ms.
const DT: f64 = 10.0;
/// Samples without and with the lead-in.
const SAMPLES: usize = 1001;
const LEAD: usize = 200;
/// Width of the bump, as a part of the units.
const WIDTH: f64 = 0.2;
/// When the sequence stops, when the fixed point changes, and the samples it is taken from.
const STOP: usize = 401;
const CHANGE: usize = 601;
const FIRST: usize = 10;
const SECOND: usize = 300;

/// Three regions of tanh units, each a random network, weakly coupled; a moving bump drives half of B
/// and a fixed pattern, which changes once, half of C with the opposite sign. The simulation of Perich
/// et al. 2020 (doi:10.1101/2020.12.18.423348), `τ dh/dt = -h + J tanh(h) + between + outside`.
///
/// # Errors
/// Options that cannot be.
pub fn three_regions(options: &ThreeRegionsOptions) -> Result<ThreeRegions, FitError> {
    let ThreeRegionsOptions { units: n, gains, between, reached, driven, seed } = *options;
    at_least("units", n as f64, 4.0)?;
    at_least("reached", reached, 0.0)?;
    at_least("driven", driven, 0.0)?;
    let mut rng = random::stream(seed, "three regions");
    let mut weights = vec![0.0; 9 * n * n];
    for (region, gain) in gains.into_iter().enumerate() {
        let normal = normal(gain / (n as f64).sqrt())?;
        for i in 0..n {
            for j in 0..n {
                weights[(region * n + i) * 3 * n + region * n + j] = normal.sample(&mut rng);
            }
        }
    }
    let mut some = |part: f64| chosen(n, part, &mut rng);
    for target in 0..3 {
        for source in (0..3).filter(|&source| source != target) {
            for (i, _) in some(reached).iter().enumerate().filter(|(_, there)| **there) {
                weights[(target * n + i) * 3 * n + source * n + i] = between;
            }
        }
    }
    let to = [some(driven), some(driven)];
    let (sequence, fixed) = outside(n);
    let total = SAMPLES + LEAD;
    let mut h: Vec<f64> = (0..3 * n).map(|_| rng.random_range(-1.0..1.0)).collect();
    let mut rates = Vec::with_capacity(total * 3 * n);
    for t in 0..total {
        let r: Vec<f64> = h.iter().map(|h| h.tanh()).collect();
        for (i, row) in weights.chunks_exact(3 * n).enumerate() {
            let mut drive: f64 = row.iter().zip(&r).map(|(w, r)| w * r).sum();
            let unit = i % n;
            match i / n {
                1 if to[0][unit] => drive += sequence[t * n + unit],
                2 if to[1][unit] => drive -= fixed[t * n + unit],
                _ => {}
            }
            h[i] += DT / TAU * (drive - h[i]);
        }
        rates.extend(h.iter().map(|h| h.tanh()));
    }
    let mut scales = [0.0f64; 3];
    for (k, r) in rates.iter().enumerate() {
        let scale = &mut scales[k % (3 * n) / n];
        *scale = scale.max(*r);
    }
    for (k, r) in rates.iter_mut().enumerate() {
        *r /= scales[k % (3 * n) / n];
    }
    let samples = Samples::one(DT, 3 * n, rates)?;
    Ok(ThreeRegions { samples, scales, weights, sequence, fixed, driven: to })
}

fn normal(sd: f64) -> Result<Normal<f64>, FitError> {
    Normal::new(0.0, sd).map_err(|_| FitError::Value {
        name: "gain",
        value: sd,
        fix: "give 0 or a positive number",
    })
}

/// A random part of n units.
fn chosen(n: usize, part: f64, rng: &mut impl Rng) -> Vec<bool> {
    let count = ((part * n as f64).round() as usize).min(n);
    let mut units: Vec<bool> = (0..n).map(|i| i < count).collect();
    units.shuffle(rng);
    units
}

/// The moving bump and the fixed pattern, squashed into 0..1, lead-in included.
fn outside(n: usize) -> (Vec<f64>, Vec<f64>) {
    let (width, half) = (WIDTH * n as f64, 5.0);
    let bump = |t: usize, i: usize| {
        let place = width + n as f64 * (t as f64 * 0.01) / half;
        (-(i as f64 - place).powi(2) / (2.0 * width * width)).exp()
    };
    let squashed = |at: &dyn Fn(usize) -> usize| -> Vec<f64> {
        let value = |x: f64| ((x + 0.01) / (1.0 - x + 0.01)).ln();
        let mut all: Vec<f64> = (0..SAMPLES)
            .flat_map(|t| (0..n).map(move |i| (at(t), i)))
            .map(|(t, i)| value(bump(t, i)))
            .collect();
        let least = all.iter().fold(f64::INFINITY, |m, x| m.min(*x));
        all.iter_mut().for_each(|x| *x -= least);
        let most = all.iter().fold(0.0f64, |m, x| m.max(*x));
        all.iter_mut().for_each(|x| *x /= most);
        let mut led: Vec<f64> = (0..LEAD).flat_map(|_| all[..n].to_vec()).collect();
        led.extend(all);
        led
    };
    let sequence = squashed(&|t| t.min(STOP));
    let fixed = squashed(&|t| if t < CHANGE { FIRST } else { SECOND });
    (sequence, fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_scaled_and_coupled_as_told() {
        let options = ThreeRegionsOptions { units: 40, between: 0.2, ..Default::default() };
        let made = three_regions(&options).unwrap();
        assert_eq!((made.samples.units(), made.samples.lengths()), (120, vec![1201]));
        let rates = made.samples.rates(0);
        for region in 0..3 {
            let largest = rates
                .chunks_exact(120)
                .flat_map(|row| &row[region * 40..(region + 1) * 40])
                .fold(0.0f64, |m, r| m.max(*r));
            assert!((largest - 1.0).abs() < 1e-12);
        }
        // 5 % of 40 targets in each of six pairs
        let between = (0..120 * 120)
            .filter(|k| (k / 120) / 40 != (k % 120) / 40)
            .filter(|&k| made.weights[k] != 0.0)
            .collect::<Vec<_>>();
        assert_eq!(between.len(), 6 * 2);
        assert!(between.iter().all(|&k| made.weights[k] == 0.2));
        assert_eq!(made.driven[0].iter().filter(|d| **d).count(), 20);
        let again = three_regions(&options).unwrap();
        assert_eq!(made.samples, again.samples);
    }

    #[test]
    fn the_bump_moves_and_stops_and_the_pattern_changes_once() {
        let (sequence, fixed) = outside(50);
        let peak = |rows: &[f64], t: usize| {
            let row = &rows[t * 50..(t + 1) * 50];
            (0..50).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap()
        };
        assert_eq!(peak(&sequence, 0), 10);
        assert_eq!(peak(&sequence, LEAD + 100), 20);
        assert_eq!(peak(&sequence, LEAD + STOP), peak(&sequence, LEAD + 900));
        assert_eq!(fixed[LEAD * 50..][..50], fixed[(LEAD + CHANGE - 1) * 50..][..50]);
        assert_ne!(fixed[LEAD * 50..][..50], fixed[(LEAD + CHANGE) * 50..][..50]);
    }
}
