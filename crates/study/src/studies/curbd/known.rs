//! Networks whose weights are known: how well are they found?

use attractor::learn::constrained::{
    Constraint, Disturbance, Loss, Model, RateUnit, Samples, SaturatingOptions, Setting, best,
    saturating,
};
use attractor::network::library::{NoisePlace, Nonlinearity, leaky, rate};
use attractor::numerics::law::Law;
use attractor::numerics::random::stream;

use super::Settings;
use super::lab::{said, tanh};
use crate::error::StudyError;
use crate::measured::Measured;

/// Step, ms, and the time constant of all networks here.
const DT: f64 = 10.0;
const TAU: f64 = 100.0;
/// Gain of the chaotic networks, and noise in their drives.
const GAIN: f64 = 1.5;
const NOISE: f64 = 0.1;
/// Penalties to choose from, by what is held out.
const PENALTIES: [f64; 6] = [1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4];

/// Off-diagonal pairs of fitted and true weights: correlation, and slope of fitted on true.
fn compare(fitted: &[f64], truth: &[f64], n: usize) -> (f64, f64) {
    let off = |w: &[f64]| -> Vec<f64> {
        w.iter().enumerate().filter(|(k, _)| k / n != k % n).map(|(_, w)| *w).collect()
    };
    let (fitted, truth) = (off(fitted), off(truth));
    let product: f64 = fitted.iter().zip(&truth).map(|(a, b)| a * b).sum();
    let size: f64 = truth.iter().map(|b| b * b).sum();
    (attractor::analysis::pearson(&fitted, &truth).unwrap_or(f64::NAN), product / size)
}

/// Chaotic networks in the current form, seen whole and by half.
pub(super) fn current_form(
    seed: u64,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let n = settings.known_units;
    let mut rng = stream(seed, "curbd/known");
    let truth = Law::Gaussian { gain: GAIN }.sample(n, n, &mut rng);
    let mut rates = Law::Normal { sd: 0.5 }.sample(1, n, &mut rng);
    rates.iter_mut().for_each(|x| *x = x.tanh());
    rates.resize(settings.long * n, 0.0);
    let empty = Samples::one(DT, n, rates).map_err(said)?;
    let neuron = leaky(Nonlinearity::Tanh, NoisePlace::None)?;
    let unit = RateUnit::new(&neuron, DT, &[("tau", TAU)]).map_err(said)?;
    let weights = truth.clone();
    let network = Model { unit, units: n, channels: 0, bias: false, steps: 1, weights };
    // noise in the drive reaches the state through dt/τ
    let disturbance = Disturbance { jitter: 0.0, noise: NOISE * DT / TAU, seed };
    let run = network.free(&empty, disturbance).map_err(said)?.concat();
    let samples = Samples::one(DT, n, run).map_err(said)?;
    let short = samples.select(&[(0, 0..settings.short)]).map_err(said)?;
    let fit = |samples: &Samples| -> Result<Vec<f64>, StudyError> {
        let setting = tanh(samples, TAU, Constraint::default())?;
        let candidates = setting.choose(samples, &PENALTIES, 5).map_err(said)?;
        let l2 = best(&candidates).map_or(PENALTIES[3], |c| c.l2);
        Ok(setting.ridge(samples, l2).map_err(said)?.weights)
    };
    let (r, slope) = compare(&fit(&short)?, &truth, n);
    measured.set("known_short", r);
    measured.set("half_slope", slope);
    measured.set("known_long", compare(&fit(&samples)?, &truth, n).0);
    let half: Vec<usize> = (0..n / 2).collect();
    let seen: Vec<f64> = half
        .iter()
        .flat_map(|&i| half.iter().map(move |&j| (i, j)))
        .map(|(i, j)| truth[i * n + j])
        .collect();
    let r = compare(&fit(&short.observed(&half).map_err(said)?)?, &seen, n / 2).0;
    measured.set("known_half", r);
    measured.set("known_half_most", r);
    Ok(())
}

/// The rate form at setting 1a of Dinc et al. 2023: gain 3, noise of .01 in the drives and of 1e-4 in
/// the rates.
pub(super) fn rate_form(
    seed: u64,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let (n, samples) = (settings.rate_units, settings.rate_samples);
    let mut rng = stream(seed, "curbd/rate");
    let truth = Law::Gaussian { gain: 3.0 }.sample(n, n, &mut rng);
    let mut r = Law::Uniform { limit: 1.0 }.sample(1, n, &mut rng);
    let (inside, outside) = (Law::Normal { sd: 1e-2 }, Law::Normal { sd: 1e-4 });
    let mut rates = Vec::with_capacity(samples * n);
    for _ in 0..samples {
        rates.extend_from_slice(&r);
        let drawn = inside.sample(1, n, &mut rng);
        let added = outside.sample(1, n, &mut rng);
        let next: Vec<f64> = (0..n)
            .map(|i| {
                let row = &truth[i * n..(i + 1) * n];
                let drive: f64 = row.iter().zip(&r).map(|(w, r)| w * r).sum();
                r[i] + DT / TAU * ((drive + drawn[i]).tanh() - r[i]) + added[i]
            })
            .collect();
        r = next;
    }
    let samples = Samples::one(DT, n, rates).map_err(said)?;
    let unit = RateUnit::new(&rate(Nonlinearity::Tanh, NoisePlace::None)?, DT, &[("tau", TAU)]);
    let constraint = Constraint::default();
    let setting = Setting { unit: unit.map_err(said)?, bias: false, constraint };
    for (name, loss, l2, iterations) in [
        ("rate_weighted", Loss::Weighted { threshold: 0.2 }, 1e-5, settings.rate_steps / 3),
        ("rate_nesterov", Loss::Nesterov, 1e-6, settings.rate_steps),
    ] {
        let options = SaturatingOptions { loss, l2, iterations };
        let fit = saturating(&setting, &samples, &options).map_err(said)?;
        measured.set(name, compare(&fit.model.weights, &truth, n).0);
    }
    Ok(())
}
