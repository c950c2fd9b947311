//! Closing the loop: ridge regression on states that the network itself visits.
//!
//! A network that predicts one step ahead perfectly may run away freely: its own states are not those
//! of the data, and nothing says what it should do there. So it is run freely from samples of the data,
//! the states it visits are added to the regression with *the drive of the data* as their target, and
//! it is solved again. With that target an error in the state decays with the unit's time constant.
//! Noise in the runs widens the states from which it returns. (As data set aggregation of Ross, Gordon
//! & Bagnell 2011, arXiv:1011.0686, with a linear learner.)

use super::error::{FitError, at_least};
use super::model::{DRAWS, Disturbance, Model, Runner, explained};
use super::regression::Regression;
use super::ridge::Setting;
use super::samples::Samples;

/// How the loop is closed.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolloutOptions {
    /// Penalty per sample.
    pub l2: f64,
    /// Samples that each run goes on for; about ten time constants.
    pub length: usize,
    /// Regressions.
    pub iterations: usize,
    /// Standard deviation of what is added to the states each step of the runs.
    pub noise: f64,
    /// Standard deviation of the error in the states where runs begin.
    pub jitter: f64,
    /// Free-running pVar at which to stop; never if none.
    pub goal: Option<f64>,
    /// Seed of noise and of where runs begin.
    pub seed: u64,
}

impl Default for RolloutOptions {
    /// Measured on simulated regions with a time constant of ten samples.
    fn default() -> Self {
        RolloutOptions {
            l2: 1e-3,
            length: 100,
            iterations: 40,
            noise: 0.01,
            jitter: 0.05,
            goal: None,
            seed: 1,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// The best network.
    pub model: Model,
    /// Sums over data and visited states: what a warm start of recursive least squares builds on.
    pub regression: Regression,
    /// Free-running pVar of each iterate, without noise; the first is plain ridge.
    pub clean: Vec<f64>,
    /// The same with an error in the start, mean of three.
    pub jittered: Vec<f64>,
    /// Which iterate is the best: the largest of the lesser of the two.
    pub best: usize,
}

/// Fits a network by roll-outs from ridge on. Each iterate costs a factorisation, a run over the data
/// and a free run.
///
/// # Errors
/// Options that cannot be, shapes that do not fit, a penalty that is too small.
///
/// ```
/// use attractor_learn::constrained::{RateUnit, RolloutOptions, Samples, Setting, rollout};
/// use attractor_network::library::{Nonlinearity, NoisePlace, leaky};
/// // two units that turn
/// let turn = |k: usize| [(k as f64 * 0.1).sin() * 0.5, (k as f64 * 0.1).cos() * 0.5];
/// let samples = Samples::one(10.0, 2, (0..300).flat_map(turn).collect())?;
/// let unit = RateUnit::new(&leaky(Nonlinearity::Tanh, NoisePlace::None)?, 10.0, &[])?;
/// let setting = Setting { unit, bias: false, constraint: Default::default() };
/// let fit = rollout(&setting, &samples, &RolloutOptions { l2: 1e-6, ..Default::default() })?;
/// assert!(fit.clean[fit.best] > 0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rollout(
    setting: &Setting,
    samples: &Samples,
    options: &RolloutOptions,
) -> Result<Rollout, FitError> {
    at_least("noise", options.noise, 0.0)?;
    at_least("jitter", options.jitter, 0.0)?;
    at_least("length", options.length as f64, 2.0)?;
    at_least("iterations", options.iterations as f64, 1.0)?;
    let free = usize::from(setting.bias);
    let mut regression = setting.regression(samples)?;
    let drives: Vec<Vec<f64>> =
        samples.trials().iter().map(|trial| setting.rows(samples, trial).2).collect();
    let (mut clean, mut jittered) = (Vec::new(), Vec::new());
    let mut best: Option<(f64, Model, usize)> = None;
    for iteration in 0..options.iterations {
        let weights = regression.solve(options.l2, &setting.constraint, free)?;
        let model = setting.model(samples, weights);
        let seed = options.seed.wrapping_add(iteration as u64);
        let jitter = if options.noise > 0.0 { options.jitter } else { 0.0 };
        let disturbance = Disturbance { jitter, noise: 0.0, seed: options.seed };
        let draws = if jitter > 0.0 { DRAWS } else { 0 };
        let runs = model.side_by_side(samples, disturbance, 1, draws)?;
        let calm = explained(&runs[0], samples);
        let shaken = match draws {
            0 => f64::INFINITY,
            _ => runs[1..].iter().map(|r| explained(r, samples)).sum::<f64>() / draws as f64,
        };
        clean.push(calm);
        jittered.push(if jitter > 0.0 { shaken } else { calm });
        let known = calm.is_finite() && !shaken.is_nan();
        let score = if known { calm.min(shaken) } else { f64::NEG_INFINITY };
        let reached = options.goal.is_some_and(|goal| score >= goal);
        let last = reached || iteration + 1 == options.iterations;
        if !last {
            visit(setting, samples, &drives, &model, options, seed, &mut regression);
        }
        // a run that blew up is no candidate, but a first one is needed
        if best.as_ref().is_none_or(|(most, ..)| score > *most) {
            best = Some((score, model, iteration));
        }
        if last {
            break;
        }
    }
    let Some((_, model, best)) = best else { return Err(FitError::Short) };
    Ok(Rollout { model, regression, clean, jittered, best })
}

/// Runs from samples `length` apart, adds what they visit.
fn visit(
    setting: &Setting,
    samples: &Samples,
    drives: &[Vec<f64>],
    model: &Model,
    options: &RolloutOptions,
    seed: u64,
    regression: &mut Regression,
) {
    use rand::RngExt;
    let n = samples.units();
    let mut rng = attractor_numerics::random::stream(seed, "roll-outs");
    let mut starts: Vec<(usize, usize, usize)> = Vec::new();
    for (trial, stretch) in samples.trials().iter().enumerate() {
        let last = stretch.samples - 1;
        let offset = rng.random_range(0..options.length);
        let mut from = 0;
        while from < last {
            let to = if from == 0 && offset > 0 { offset } else { from + options.length };
            starts.push((trial, from, to.min(last) - from));
            from = to;
        }
    }
    // the longest first: those that have ended are the last rows
    starts.sort_by_key(|&(trial, from, length)| (std::cmp::Reverse(length), trial, from));
    let places: Vec<(usize, usize)> = starts.iter().map(|&(t, s, _)| (t, s)).collect();
    let disturbance = Disturbance { jitter: options.jitter, noise: options.noise, seed };
    let disturbance = if options.noise > 0.0 { disturbance } else { Disturbance::default() };
    let mut runner = Runner::new(model, starts.len());
    runner.start(samples, &places, disturbance);
    let total: usize = starts.iter().map(|(.., length)| length).sum();
    let ldf = runner.ldf;
    let mut features = Vec::with_capacity(total * ldf);
    let mut targets = Vec::with_capacity(total * n);
    let mut running = starts.len();
    let mut ahead = 0;
    loop {
        while running > 0 && starts[running - 1].2 <= ahead {
            running -= 1;
        }
        if running == 0 {
            break;
        }
        for (row, &(trial, from)) in places[..running].iter().enumerate() {
            let visited = &runner.features[row * ldf..(row + 1) * ldf];
            // a run that has left every scale says nothing
            if visited.iter().all(|x| x.is_finite()) {
                features.extend_from_slice(visited);
                targets.extend_from_slice(&drives[trial][(from + ahead) * n..][..n]);
            }
        }
        runner.advance(samples, &places[..running], ahead, disturbance);
        ahead += 1;
    }
    let rows = targets.len() / n;
    debug_assert!(setting.features(samples) <= ldf);
    regression.add(&features, ldf, &targets, rows);
}
