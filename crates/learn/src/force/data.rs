//! Recursive least squares on a network whose every unit has a target.

use attractor_numerics::law::Law;
use attractor_numerics::product::{Symmetric, lanes};
use attractor_numerics::random::{NoiseKey, fill_normal_rows, stream, stream_of};
use attractor_numerics::{Isa, Real};

use super::options::{ForceOptions, Noise, Prior};
use super::plan::Plan;
use crate::constrained::{
    Block, Constraint, FitError, Model, Moments, RateUnit, Regression, Runs, Samples, Setting,
    inverse,
};

/// What a pass over the data gave.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Pass {
    /// pVar while learning: not a fit, the weights follow the data.
    pub explained: f64,
    /// `Σ` over updates of the mean squared error.
    pub chi2: f64,
}

/// A network in training by recursive least squares, in the precision `T`.
///
/// ```
/// use attractor_learn::constrained::{RateUnit, Samples, Setting, explained};
/// use attractor_learn::force::{Force, ForceOptions};
/// use attractor_network::library::{Nonlinearity, NoisePlace, leaky};
/// let turn = |k: usize| [(k as f64 * 0.1).sin() * 0.5, (k as f64 * 0.1).cos() * 0.5];
/// let samples = Samples::one(10.0, 2, (0..300).flat_map(turn).collect())?;
/// let unit = RateUnit::new(&leaky(Nonlinearity::Tanh, NoisePlace::None)?, 10.0, &[])?;
/// let setting = Setting { unit, bias: true, constraint: Default::default() };
/// let mut force = Force::<f64>::new(&setting, &samples, &ForceOptions::default())?;
/// let first = force.pass()?;
/// (0..30).for_each(|_| { force.pass().unwrap(); });
/// assert!(force.pass()?.chi2 < first.chi2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Force<T> {
    options: ForceOptions,
    unit: RateUnit,
    block: Block<T>,
    bias: bool,
    units: usize,
    channels: usize,
    plan: Plan<T>,
    trials: Vec<Trial<T>>,
    /// `(Σ φφᵀ + λ)`, for a P that is begun anew.
    gram: Option<Vec<f64>>,
    passes: usize,
    seen: Moments,
}

/// Targets, inputs and the first state of a trial.
struct Trial<T> {
    rates: Vec<T>,
    inputs: Vec<T>,
    start: Vec<T>,
    samples: usize,
}

/// What changes from step to step.
struct Moving<T> {
    x: Vec<T>,
    next: Vec<T>,
    rates: Vec<T>,
    drives: Vec<T>,
    features: Vec<T>,
    before: Vec<T>,
    white: Vec<T>,
    noise: Vec<T>,
}

impl<T: Real> Force<T> {
    /// Random weights, P a multiple of the identity.
    ///
    /// # Errors
    /// Options that cannot be; a unit of another step than the samples; [`Prior::Samples`], which
    /// needs [`Force::warm`].
    pub fn new(
        setting: &Setting,
        samples: &Samples,
        options: &ForceOptions,
    ) -> Result<Self, FitError> {
        options.check()?;
        let (n, f) = (samples.units(), setting.features(samples));
        let Prior::Identity(_) = options.prior else {
            let fix = "a cold start needs a multiple of the identity; use `Force::warm`";
            return Err(FitError::Value { name: "prior", value: f64::NAN, fix });
        };
        let law = Law::Normal { sd: options.gain / (n as f64).sqrt() };
        let drawn = law.sample(n, n, &mut stream(options.seed, "force/weights"));
        let mut weights = vec![0.0; n * f];
        for (row, drawn) in weights.chunks_exact_mut(f).zip(drawn.chunks_exact(n)) {
            row[..n].copy_from_slice(drawn);
        }
        Self::with(setting, samples, &weights, None, options)
    }

    /// From a fitted network; with [`Prior::Samples`] P is the inverse of its regression, so that the
    /// fit counts for as much as the samples it came from.
    ///
    /// # Errors
    /// As [`Force::new`]; a regression that cannot be inverted.
    pub fn warm(
        setting: &Setting,
        samples: &Samples,
        model: &Model,
        regression: &Regression,
        options: &ForceOptions,
    ) -> Result<Self, FitError> {
        options.check()?;
        model.fits(samples)?;
        let gram = match options.prior {
            Prior::Identity(_) => None,
            Prior::Samples(l2) => {
                Some(regression.penalised(l2 * regression.samples(), usize::from(setting.bias)))
            }
        };
        Self::with(setting, samples, &model.weights, gram, options)
    }

    fn with(
        setting: &Setting,
        samples: &Samples,
        weights: &[f64],
        gram: Option<Vec<f64>>,
        options: &ForceOptions,
    ) -> Result<Self, FitError> {
        setting.check(samples)?;
        let unit = setting.unit.at(samples.dt() / options.steps as f64)?;
        let (n, f) = (samples.units(), setting.features(samples));
        let constraint = Constraint { signs: None, ..setting.constraint.clone() };
        let prior = |columns: &[usize]| first(options, gram.as_deref(), f, columns);
        let plan = Plan::new(weights, n, f, &constraint, prior)?;
        let cast = |values: &[f64]| -> Vec<T> { values.iter().map(|&x| T::from_f64(x)).collect() };
        let trials = samples.trials().iter().map(|trial| {
            let first = &trial.rates[..n];
            let start = if options.published { first.to_vec() } else { unit.states(first) };
            Trial {
                rates: cast(&trial.rates),
                inputs: cast(&trial.inputs),
                start: cast(&start),
                samples: trial.samples,
            }
        });
        let trials: Vec<Trial<T>> = trials.collect();
        let mut seen = Moments::default();
        samples.trials().iter().flat_map(|trial| &trial.rates).for_each(|&x| seen.add(x));
        Ok(Force {
            options: *options,
            block: unit.block(Isa::best(), lanes(n)),
            unit,
            bias: setting.bias,
            units: n,
            channels: samples.channels(),
            plan,
            trials,
            gram,
            passes: 0,
            seen,
        })
    }

    /// One pass over all trials, learning. The network starts anew in each.
    ///
    /// # Errors
    /// [`FitError::Diverged`].
    pub fn pass(&mut self) -> Result<Pass, FitError> {
        if self.options.reset && self.passes > 0 {
            let (options, f) = (self.options, self.features());
            let gram = self.gram.take();
            self.plan.reset(|columns| first(&options, gram.as_deref(), f, columns))?;
            self.gram = gram;
        }
        let epoch = if self.options.noise == Noise::Frozen { 0 } else { self.passes as u64 };
        let result = self.through(true, self.options.noise != Noise::None, epoch, None);
        self.passes += 1;
        match result.explained.is_finite() && result.chi2.is_finite() {
            true => Ok(result),
            false => Err(FitError::Diverged {
                pass: self.passes - 1,
                advice: "use a smaller prior, more steps per sample, or double precision",
            }),
        }
    }

    /// A free run of all trials as this algorithm runs them, with the noise of training replayed (the
    /// frozen sequence, or the next that would be drawn) or without noise; and its pVar.
    pub fn free(&mut self, noise: bool) -> (Runs, f64) {
        let mut runs = Vec::new();
        let epoch = if self.options.noise == Noise::Frozen { 0 } else { self.passes as u64 };
        let noise = noise && self.options.noise != Noise::None;
        let pass = self.through(false, noise, epoch, Some(&mut runs));
        (runs, pass.explained)
    }

    /// The network as it is now.
    pub fn model(&mut self) -> Model {
        Model {
            unit: self.unit.clone(),
            units: self.units,
            channels: self.channels,
            bias: self.bias,
            steps: self.options.steps,
            weights: self.plan.weights(),
        }
    }

    /// Passes so far.
    pub fn passes(&self) -> usize {
        self.passes
    }

    /// Bytes that one update and the steps to the next move at least: half of P and all weights, both
    /// read and written, and the weights read once more for each further step.
    pub fn bytes_per_sample(&self) -> f64 {
        let (n, f) = (self.units as f64, self.features() as f64);
        (f * f + n * f * (1.0 + self.options.steps as f64)) * size_of::<T>() as f64
    }

    fn features(&self) -> usize {
        self.units + self.channels + usize::from(self.bias)
    }

    fn through(
        &mut self,
        learn: bool,
        noise: bool,
        epoch: u64,
        mut runs: Option<&mut Runs>,
    ) -> Pass {
        let (mut error, mut chi2) = (0.0, 0.0);
        let key = NoiseKey { seed: self.options.seed, stream: stream_of("force/noise"), epoch };
        let trials = std::mem::take(&mut self.trials);
        for (k, trial) in trials.iter().enumerate() {
            let mut run = Vec::new();
            let key = noise.then_some(key);
            let [own, chi] =
                self.trial(trial, k as u32, learn, key, runs.is_some().then_some(&mut run));
            error += own;
            chi2 += chi;
            if let Some(runs) = &mut runs {
                runs.push(run);
            }
        }
        self.trials = trials;
        Pass { explained: 1.0 - error / self.seen.squares(), chi2 }
    }

    /// Squared error and chi² of one trial.
    fn trial(
        &mut self,
        trial: &Trial<T>,
        number: u32,
        learn: bool,
        noise: Option<NoiseKey>,
        mut run: Option<&mut Vec<f64>>,
    ) -> [f64; 2] {
        let (n, steps) = (self.units, self.options.steps);
        let ld = lanes(n);
        let stream = || vec![T::ZERO; ld];
        let mut moving = Moving {
            x: stream(),
            next: stream(),
            rates: stream(),
            drives: stream(),
            features: vec![T::ZERO; lanes(self.features())],
            before: vec![T::ZERO; lanes(self.features())],
            white: vec![T::ZERO; n.next_multiple_of(64)],
            // an Ornstein-Uhlenbeck process that begins at 1, as published
            noise: vec![T::ONE; ld],
        };
        moving.x[..n].copy_from_slice(&trial.start);
        self.block.rates(&moving.x, &mut moving.rates);
        self.gather(&mut moving, trial, 0);
        let [mut error, mut chi2] = [0.0, 0.0];
        let mut errors = stream();
        error += compare(&moving.rates, &trial.rates[..n], &mut errors);
        self.keep(&moving, &mut run);
        for s in 0..trial.samples - 1 {
            for step in 0..steps {
                let count = (s * steps + step) as u32;
                let last = step + 1 == steps;
                if self.options.published {
                    // rates are compared before the state moves on: the last step of a sample begins
                    // with the rates of the next one
                    self.step(&mut moving, number, count, noise);
                    if last {
                        let data = &trial.rates[(s + 1) * n..(s + 2) * n];
                        error += compare(&moving.seen(n), data, &mut errors);
                        self.keep_features(&moving, &mut run);
                        let late = &trial.rates[s * n..(s + 1) * n];
                        chi2 += compare(&moving.seen(n), late, &mut errors) / n as f64;
                        if learn {
                            self.plan.update(&moving.features, &errors);
                        }
                    }
                    self.gather(&mut moving, trial, s + usize::from(last));
                } else {
                    self.step(&mut moving, number, count, noise);
                    moving.before.copy_from_slice(&moving.features);
                    self.gather(&mut moving, trial, s + usize::from(last));
                    if last {
                        let data = &trial.rates[(s + 1) * n..(s + 2) * n];
                        let own = compare(&moving.rates, data, &mut errors);
                        error += own;
                        chi2 += own / n as f64;
                        self.keep(&moving, &mut run);
                        if learn {
                            self.plan.update(&moving.before, &errors);
                        }
                    }
                }
            }
        }
        [error, chi2]
    }

    /// Drives from the features, then the next states and rates.
    fn step(&mut self, moving: &mut Moving<T>, trial: u32, count: u32, noise: Option<NoiseKey>) {
        let n = self.units;
        self.plan.multiply(&moving.features, &mut moving.drives);
        if let Some(key) = noise {
            let dt = self.unit.dt();
            let (tau, amplitude) = (self.options.tau_noise, self.options.amplitude);
            let size = T::from_f64((tau / dt).sqrt());
            let keep = T::from_f64((-dt / tau).exp());
            let amplitude = T::from_f64(amplitude);
            let ld = moving.white.len();
            fill_normal_rows(Isa::best(), key, count, trial, n, ld, &mut moving.white);
            for i in 0..n {
                let white = size * moving.white[i];
                moving.noise[i] = white + (moving.noise[i] - white) * keep;
                moving.drives[i] += amplitude * moving.noise[i];
            }
        }
        let Moving { x, next, rates, drives, .. } = moving;
        self.block.step(x, drives, next, rates);
        std::mem::swap(x, next);
    }

    fn gather(&self, moving: &mut Moving<T>, trial: &Trial<T>, sample: usize) {
        let (n, c) = (self.units, self.channels);
        moving.features[..n].copy_from_slice(&moving.rates[..n]);
        if let Some(inputs) = trial.inputs.get(sample * c..(sample + 1) * c) {
            moving.features[n..n + c].copy_from_slice(inputs);
        }
        if self.bias {
            moving.features[n + c] = T::ONE;
        }
    }

    fn keep(&self, moving: &Moving<T>, run: &mut Option<&mut Vec<f64>>) {
        if let Some(run) = run {
            run.extend(moving.rates[..self.units].iter().map(|x| x.to_f64()));
        }
    }

    fn keep_features(&self, moving: &Moving<T>, run: &mut Option<&mut Vec<f64>>) {
        if let Some(run) = run {
            run.extend(moving.features[..self.units].iter().map(|x| x.to_f64()));
        }
    }
}

impl<T: Real> Moving<T> {
    /// The rates that the step before began with.
    fn seen(&self, n: usize) -> Vec<T> {
        self.features[..n].to_vec()
    }
}

/// `errors = rates - data`, and the sum of their squares.
fn compare<T: Real>(rates: &[T], data: &[T], errors: &mut [T]) -> f64 {
    let mut sum = T::ZERO;
    for ((error, rate), data) in errors.iter_mut().zip(rates).zip(data) {
        *error = *rate - *data;
        sum += *error * *error;
    }
    sum.to_f64()
}

/// P at first, for these features.
fn first<T: Real>(
    options: &ForceOptions,
    gram: Option<&[f64]>,
    features: usize,
    columns: &[usize],
) -> Result<Symmetric<T>, FitError> {
    let (isa, k) = (Isa::best(), columns.len());
    match (options.prior, gram) {
        (Prior::Samples(_), Some(gram)) => {
            let entry = |i: usize, j: usize| gram[i.max(j) * features + i.min(j)];
            let own: Vec<f64> =
                columns.iter().flat_map(|&i| columns.iter().map(move |&j| entry(i, j))).collect();
            Ok(Symmetric::of(isa, k, &inverse(&own, k)?))
        }
        (Prior::Identity(size) | Prior::Samples(size), _) => Ok(Symmetric::identity(isa, k, size)),
    }
}
