//! A fitted network: its weights, free runs, and how well they reproduce the data.

use attractor_numerics::product::{Packed, padded};
use attractor_numerics::random::{NoiseKey, fill_normal_rows, stream_of};
use attractor_numerics::{Isa, Real};

use super::error::FitError;
use super::samples::Samples;
use super::unit::{Block, RateUnit};

/// A data-constrained network: drive `= J r + B u + b`, in one matrix.
#[derive(Clone, Debug)]
pub struct Model {
    /// The unit, at the step of the network.
    pub unit: RateUnit,
    /// Units, N.
    pub units: usize,
    /// Input channels, C.
    pub channels: usize,
    /// Whether there is a bias.
    pub bias: bool,
    /// Steps of the network per sample.
    pub steps: usize,
    /// `[unit, feature]`; features are the N rates, the C inputs, and a 1 if there is a bias.
    pub weights: Vec<f64>,
}

/// What a free run is disturbed by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disturbance {
    /// Standard deviation of the error in the states at the start.
    pub jitter: f64,
    /// Standard deviation of what is added to the states each step.
    pub noise: f64,
    /// Seed of both.
    pub seed: u64,
}

/// Free runs, `[sample, unit]` for each trial; the first sample is the start.
pub type Runs = Vec<Vec<f64>>;

impl Model {
    /// Number of features, N + C and 1 for the bias.
    pub fn features(&self) -> usize {
        self.units + self.channels + usize::from(self.bias)
    }

    /// The recurrent weights `J[target, source]`.
    pub fn recurrent(&self) -> Vec<f64> {
        let rows = self.weights.chunks_exact(self.features());
        rows.flat_map(|row| row[..self.units].iter().copied()).collect()
    }

    /// The network without what these units send: in-silico inactivation.
    #[must_use]
    pub fn silenced(&self, sources: &[usize]) -> Self {
        let mut silenced = self.clone();
        for row in silenced.weights.chunks_exact_mut(self.features()) {
            sources.iter().filter(|&&s| s < self.units).for_each(|&s| row[s] = 0.0);
        }
        silenced
    }

    /// Runs freely from the first sample of each trial, inputs given.
    ///
    /// # Errors
    /// Samples of other units or channels.
    pub fn free(&self, samples: &Samples, disturbance: Disturbance) -> Result<Runs, FitError> {
        let mut runs = self.side_by_side(samples, disturbance, 0, 1)?;
        Ok(runs.pop().unwrap_or_default())
    }

    /// `calm` undisturbed free runs and `disturbed` ones, side by side: the weights are read once for
    /// all.
    pub(crate) fn side_by_side(
        &self,
        samples: &Samples,
        disturbance: Disturbance,
        calm: usize,
        disturbed: usize,
    ) -> Result<Vec<Runs>, FitError> {
        self.fits(samples)?;
        let trials = samples.trials();
        let copies = calm + disturbed;
        let starts: Vec<(usize, usize)> =
            (0..copies * trials.len()).map(|row| (row % trials.len(), 0)).collect();
        let mut runner = Runner::new(self, starts.len());
        runner.calm = calm * trials.len();
        runner.start(samples, &starts, disturbance);
        let mut runs = vec![vec![Vec::new(); trials.len()]; copies];
        for (k, runs) in runs.iter_mut().enumerate() {
            for (trial, run) in runs.iter_mut().enumerate() {
                run.reserve(trials[trial].rates.len());
                run.extend_from_slice(runner.rates_of(k * trials.len() + trial));
            }
        }
        let longest = trials.iter().map(|trial| trial.samples).max().unwrap_or(0);
        for s in 0..longest - 1 {
            runner.advance(samples, &starts, s, disturbance);
            for (k, runs) in runs.iter_mut().enumerate() {
                for (trial, run) in runs.iter_mut().enumerate() {
                    if s + 1 < trials[trial].samples {
                        run.extend_from_slice(runner.rates_of(k * trials.len() + trial));
                    }
                }
            }
        }
        Ok(runs)
    }

    pub(crate) fn fits(&self, samples: &Samples) -> Result<(), FitError> {
        let fits = |what, given, expected| match given == expected {
            true => Ok(()),
            false => Err(FitError::Length { what, given, expected }),
        };
        fits("units of the samples", samples.units(), self.units)?;
        fits("channels of the samples", samples.channels(), self.channels)?;
        fits("weights", self.weights.len(), self.units * self.features())
    }

    /// How well the network does, one step at a time and freely.
    ///
    /// # Errors
    /// Samples of other units or channels.
    pub fn scores(&self, samples: &Samples, seed: u64) -> Result<Scores, FitError> {
        let disturbed = |jitter, noise, calm: usize| -> Result<(f64, f64), FitError> {
            let disturbance = Disturbance { jitter, noise, seed };
            let runs = self.side_by_side(samples, disturbance, calm, DRAWS)?;
            let scores: Vec<f64> = runs.iter().map(|runs| explained(runs, samples)).collect();
            let mean = scores[calm..].iter().sum::<f64>() / DRAWS as f64;
            Ok((scores[0], mean))
        };
        let (one_step, skill) = self.one_step(samples)?;
        let (clean, jittered) = disturbed(0.05, 0.0, 1)?;
        let noisy = disturbed(0.0, 0.003, 0)?.1;
        let noisier = disturbed(0.0, 0.01, 0)?.1;
        Ok(Scores { one_step, skill, clean, jittered, noisy, noisier })
    }

    /// R² of forecasts one sample ahead from the data, and their skill: 1 less the squared error over
    /// that of the last value.
    ///
    /// # Errors
    /// Samples of other units or channels.
    pub fn one_step(&self, samples: &Samples) -> Result<(f64, f64), FitError> {
        self.fits(samples)?;
        let n = self.units;
        let rows = 256;
        let mut runner = Runner::new(self, rows);
        let all: Vec<(usize, usize)> = (samples.trials().iter().enumerate())
            .flat_map(|(t, trial)| (0..trial.samples - 1).map(move |s| (t, s)))
            .collect();
        let (mut error, mut last, mut next_values) = (0.0, 0.0, Moments::default());
        for starts in all.chunks(rows) {
            runner.start(samples, starts, Disturbance::default());
            runner.advance(samples, starts, 0, Disturbance::default());
            for (row, &(trial, s)) in starts.iter().enumerate() {
                let rates = &samples.trials()[trial].rates;
                let (now, next) = (&rates[s * n..][..n], &rates[(s + 1) * n..][..n]);
                let found = &runner.features[row * runner.ldf..][..n];
                for i in 0..n {
                    error += (found[i] - next[i]).powi(2);
                    last += (now[i] - next[i]).powi(2);
                    next_values.add(next[i]);
                }
            }
        }
        Ok((1.0 - error / next_values.squares(), 1.0 - error / last))
    }
}

/// Draws of noise that a score is the mean of.
pub(crate) const DRAWS: usize = 3;

/// How well a network reproduces the data it was given. All are in sample if these were.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scores {
    /// R² one sample ahead, restarted from the data at each: says little about free runs.
    pub one_step: f64,
    /// The same, against the last value instead of the mean.
    pub skill: f64,
    /// pVar of the free run from the recorded start, without noise.
    pub clean: f64,
    /// The same with an error of .05 in the starting states, mean of three.
    pub jittered: f64,
    /// The same with .003 added to the states each step, mean of three.
    pub noisy: f64,
    /// The same with .01 added to the states each step, mean of three.
    pub noisier: f64,
}

/// Part of the variance that runs explain, over all trials, samples and units together (*pVar* of
/// Perich et al. 2020): `1 - ‖data - model‖² / (N T var(data))`.
pub fn explained(runs: &Runs, samples: &Samples) -> f64 {
    let (mut error, mut moments) = (0.0, Moments::default());
    for (run, trial) in runs.iter().zip(samples.trials()) {
        for (model, data) in run.iter().zip(&trial.rates) {
            error += (model - data).powi(2);
            moments.add(*data);
        }
    }
    1.0 - error / moments.squares()
}

/// The same for each unit, with its own variance.
pub fn explained_by_unit(runs: &Runs, samples: &Samples) -> Vec<f64> {
    let n = samples.units();
    let mut sums = vec![(0.0, Moments::default()); n];
    for (run, trial) in runs.iter().zip(samples.trials()) {
        for (model, data) in run.chunks_exact(n).zip(trial.rates.chunks_exact(n)) {
            for (i, (error, moments)) in sums.iter_mut().enumerate() {
                *error += (model[i] - data[i]).powi(2);
                moments.add(data[i]);
            }
        }
    }
    sums.into_iter().map(|(error, moments)| 1.0 - error / moments.squares()).collect()
}

/// Sum of squared distances from the mean, kept as it grows (Welford 1962).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    pub(crate) fn add(&mut self, x: f64) {
        self.count += 1.0;
        let off = x - self.mean;
        self.mean += off / self.count;
        self.squares += off * (x - self.mean);
    }

    pub(crate) fn squares(&self) -> f64 {
        self.squares
    }
}

/// Rows of networks that run side by side, each from a sample of a trial of its own.
pub(crate) struct Runner {
    units: usize,
    channels: usize,
    bias: bool,
    steps: usize,
    packed: Packed<f64>,
    block: Block<f64>,
    unit: RateUnit,
    ld: usize,
    pub(crate) ldf: usize,
    /// `[row, ld]`.
    states: Vec<f64>,
    next: Vec<f64>,
    drives: Vec<f64>,
    rates: Vec<f64>,
    normal: Vec<f64>,
    /// Rates, inputs, 1: `[row, ldf]`.
    pub(crate) features: Vec<f64>,
    /// The first rows are not disturbed.
    calm: usize,
}

impl Runner {
    pub(crate) fn new(model: &Model, rows: usize) -> Self {
        let (n, f, isa) = (model.units, model.features(), Isa::best());
        let (ld, ldf) = (padded(n), padded(f));
        let mut packed = Packed::new(isa, n, f);
        packed.pack(&model.weights, f);
        let stream = || vec![0.0; rows * ld];
        Runner {
            units: n,
            channels: model.channels,
            bias: model.bias,
            steps: model.steps,
            packed,
            block: model.unit.block(isa, ld),
            unit: model.unit.clone(),
            ld,
            ldf,
            states: stream(),
            next: stream(),
            drives: stream(),
            rates: stream(),
            normal: stream(),
            features: vec![0.0; rows * ldf],
            calm: 0,
        }
    }

    /// Each row at a sample of a trial.
    pub(crate) fn start(
        &mut self,
        samples: &Samples,
        starts: &[(usize, usize)],
        disturbance: Disturbance,
    ) {
        let (n, ld) = (self.units, self.ld);
        let rates: Vec<f64> = starts
            .iter()
            .flat_map(|&(trial, s)| &samples.trials()[trial].rates[s * n..(s + 1) * n])
            .copied()
            .collect();
        let states = self.unit.states(&rates);
        for (row, from) in states.chunks_exact(n).enumerate() {
            self.states[row * ld..][..n].copy_from_slice(from);
        }
        self.disturb(starts.len(), disturbance.jitter, disturbance.seed, u32::MAX);
        let used = starts.len() * ld;
        self.block.rates(&self.states[..used], &mut self.rates[..used]);
        self.gather(samples, starts, 0);
    }

    fn rates_of(&self, row: usize) -> &[f64] {
        &self.rates[row * self.ld..][..self.units]
    }

    fn disturb(&mut self, rows: usize, sd: f64, seed: u64, step: u32) {
        if sd == 0.0 {
            return;
        }
        let key = NoiseKey { seed, stream: stream_of("free runs"), epoch: 0 };
        let (n, ld, used) = (self.units, self.ld, rows * self.ld);
        fill_normal_rows(Isa::best(), key, step, 0, n, ld, &mut self.normal[..used]);
        for row in self.calm..rows {
            for i in row * ld..row * ld + n {
                self.states[i] += sd * self.normal[i];
            }
        }
    }

    /// Rates and the inputs `ahead` samples after the starts as features.
    fn gather(&mut self, samples: &Samples, starts: &[(usize, usize)], ahead: usize) {
        let (n, c) = (self.units, self.channels);
        for (row, &(trial, s)) in starts.iter().enumerate() {
            let to = &mut self.features[row * self.ldf..][..n + c + usize::from(self.bias)];
            to[..n].copy_from_slice(&self.rates[row * self.ld..][..n]);
            let inputs = &samples.trials()[trial].inputs;
            if let Some(inputs) = inputs.get((s + ahead) * c..(s + ahead + 1) * c) {
                to[n..n + c].copy_from_slice(inputs);
            }
            if self.bias {
                to[n + c] = 1.0;
            }
        }
    }

    /// From `ahead` samples after the starts to the next sample.
    pub(crate) fn advance(
        &mut self,
        samples: &Samples,
        starts: &[(usize, usize)],
        ahead: usize,
        disturbance: Disturbance,
    ) {
        let (ld, used) = (self.ld, starts.len() * self.ld);
        for step in 0..self.steps {
            let rows = starts.len();
            self.packed.multiply(&self.features, self.ldf, rows, &mut self.drives, ld, 1.0, false);
            let (x, drives) = (&self.states[..used], &self.drives[..used]);
            self.block.step(x, drives, &mut self.next[..used], &mut self.rates[..used]);
            std::mem::swap(&mut self.states, &mut self.next);
            if disturbance.noise > 0.0 {
                let count = (ahead * self.steps + step) as u32;
                self.disturb(rows, disturbance.noise, disturbance.seed, count);
                self.block.rates(&self.states[..used], &mut self.rates[..used]);
            }
            let now = ahead + usize::from(step + 1 == self.steps);
            self.gather(samples, starts, now);
        }
    }
}

/// `a [m, k]` times `b [k, n]`, on several threads.
pub(crate) fn product(a: &[f64], m: usize, k: usize, b: &[f64], n: usize) -> Vec<f64> {
    use rayon::prelude::*;
    let mut packed = Packed::new(Isa::best(), n, k);
    packed.pack_transposed(b, n);
    let mut out = vec![f64::ZERO; m * n];
    let rows = m.div_ceil(2 * rayon::current_num_threads()).max(8);
    if n > 0 && k > 0 {
        out.par_chunks_mut(rows * n).enumerate().for_each(|(part, out)| {
            let count = out.len() / n;
            packed.multiply(&a[part * rows * k..], k, count, out, n, 1.0, false);
        });
    }
    out
}
