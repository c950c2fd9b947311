//! The fit: the bound of a batch of trials, its gradient, a step of Adam; and judging by the filter.

use attractor_numerics::random::{NoiseKey, stream, stream_of};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::filter::{Noise, Ready};
use super::model::{Model, fits};
use super::proposal::Proposal;
use super::reverse::{Back, gradient};
use super::small::add;
use crate::constrained::{FitError, Samples, at_least};
use crate::error::StateError;
use crate::optimiser::{Adam, Optimiser, Plan, Segment, Updater};

/// Options of a [`Fit`]; the defaults are those of the published demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitOptions {
    /// Particles, K.
    pub particles: usize,
    /// How they are drawn.
    pub proposal: Proposal,
    /// Trials in a batch.
    pub batch: usize,
    /// Passes over the trials.
    pub epochs: usize,
    /// Rate of Adam at first; it falls exponentially.
    pub rate: f64,
    /// Its rate at the end.
    pub last_rate: f64,
    /// Seed of noise and batches.
    pub seed: u64,
}

impl Default for FitOptions {
    fn default() -> Self {
        FitOptions {
            particles: 64,
            proposal: Proposal::default(),
            batch: 10,
            epochs: 1000,
            rate: 1e-3,
            last_rate: 1e-5,
            seed: 1,
        }
    }
}

impl FitOptions {
    fn check(&self) -> Result<(), FitError> {
        at_least("particles", self.particles as f64, 1.0)?;
        at_least("batch", self.batch as f64, 1.0)?;
        at_least("epochs", self.epochs as f64, 1.0)?;
        for (name, rate) in [("rate", self.rate), ("last_rate", self.last_rate)] {
            if !(rate.is_finite() && rate > 0.0) {
                return Err(FitError::Value { name, value: rate, fix: "give a positive number" });
            }
        }
        Ok(())
    }
}

/// A pass over the trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Its number, from 0.
    pub number: usize,
    /// Bound on the log likelihood of a sample, nats: mean over all, each batch before its update.
    pub bound: f64,
}

/// A [`Fit`] put down between two epochs: with its options and samples, all that it needs to go on to the
/// same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct FitState {
    /// Epochs done.
    pub epochs: usize,
    /// Steps of Adam done.
    pub steps: u64,
    /// The parameters, and what Adam remembers of each, by name.
    pub arrays: Vec<(String, Vec<f64>)>,
}

/// Name of the parameters in a [`FitState`].
const PARAMETERS: &str = "parameters";

/// A network in training. One [`Fit::epoch`] after the other; same seed, same bits, on any number of
/// threads.
pub struct Fit {
    options: FitOptions,
    model: Model,
    samples: Samples,
    adam: Box<dyn Updater<f64>>,
    plan: Plan,
    epochs: usize,
}

impl Fit {
    /// From a network to begin with, such as [`Model::drawn`].
    ///
    /// # Errors
    /// Options that cannot be; samples of other units or channels than the network's; the optimal
    /// proposal for counts.
    pub fn new(model: Model, samples: &Samples, options: &FitOptions) -> Result<Self, FitError> {
        options.check()?;
        fits(&model.shape, samples)?;
        Ready::new(&model, options.proposal, options.particles)?;
        let count = model.parameters.len();
        let limits = (f64::NEG_INFINITY, f64::INFINITY);
        let all = Segment { range: 0..count, rate: 1.0, limits, decays: false };
        Ok(Fit {
            options: *options,
            model,
            samples: samples.clone(),
            adam: Optimiser::Adam(Adam::default()).build(count),
            plan: Plan::from_segments(vec![all]),
            epochs: 0,
        })
    }

    /// The network as it is now.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Where it stands.
    pub fn state(&self) -> FitState {
        let memory = self.adam.state().into_iter();
        let memory = memory.map(|(name, values)| (name.to_owned(), values.to_vec()));
        let parameters = (PARAMETERS.to_owned(), self.model.parameters.clone());
        FitState {
            epochs: self.epochs,
            steps: self.adam.steps(),
            arrays: std::iter::once(parameters).chain(memory).collect(),
        }
    }

    /// Goes back to where a fit of the same options and samples stood.
    ///
    /// # Errors
    /// An array is missing or has another length; then nothing is changed.
    pub fn restore(&mut self, state: &FitState) -> Result<(), StateError> {
        let array = |name: &str| state.arrays.iter().find(|array| array.0 == name);
        let Some((_, parameters)) = array(PARAMETERS) else {
            return Err(StateError::Missing { name: PARAMETERS.to_owned() });
        };
        let (expected, found) = (self.model.parameters.len(), parameters.len());
        if found != expected {
            return Err(StateError::Length { name: PARAMETERS.to_owned(), expected, found });
        }
        let memory: Vec<(&str, &[f64])> =
            state.arrays.iter().map(|(name, values)| (name.as_str(), &values[..])).collect();
        self.adam.restore(state.steps, &memory)?;
        self.model.parameters.clone_from(parameters);
        self.epochs = state.epochs;
        Ok(())
    }

    /// Passes once over the trials in an order of its own; none if all epochs are done.
    ///
    /// # Errors
    /// [`FitError::Diverged`]; the network is then the last good one.
    pub fn epoch(&mut self) -> Result<Option<Epoch>, FitError> {
        let FitOptions { batch, epochs, rate, last_rate, seed, .. } = self.options;
        if self.epochs >= epochs {
            return Ok(None);
        }
        let number = self.epochs;
        let mut order: Vec<usize> = (0..self.samples.trials().len()).collect();
        order.shuffle(&mut stream(seed, &format!("stochastic/order/{number}")));
        let batches = order.len().div_ceil(batch);
        let (mut total, mut count) = (0.0, 0);
        for (at, trials) in order.chunks(batch).enumerate() {
            let (bound, gradient, samples) = self.gradient(trials, number as u64)?;
            if !(bound.is_finite() && gradient.iter().all(|g| g.is_finite())) {
                let advice =
                    "give a smaller rate, or bring the samples to a standard deviation of about 1";
                return Err(FitError::Diverged { pass: number, advice });
            }
            let done = (number * batches + at) as f64 / (epochs * batches) as f64;
            let rate = rate * (last_rate / rate).powf(done);
            self.adam.step(&mut self.model.parameters, &gradient, &self.plan, rate, 1.0);
            total += bound * samples as f64;
            count += samples;
        }
        self.epochs += 1;
        Ok(Some(Epoch { number, bound: total / count as f64 }))
    }

    /// The bound of some trials per sample, the gradient of its negative, and the number of samples.
    fn gradient(&self, trials: &[usize], epoch: u64) -> Result<(f64, Vec<f64>, usize), FitError> {
        let ready = Ready::new(&self.model, self.options.proposal, self.options.particles)?;
        let back = Back::new(&ready);
        let all = self.samples.trials();
        let samples: usize = trials.iter().map(|&trial| all[trial].samples).sum();
        let weight = -1.0 / samples as f64;
        let noise = Noise::of(self.options.seed, epoch);
        let one = |&trial: &usize| {
            let tape = ready.forward(&all[trial], trial, noise, None);
            let gradient = gradient(&ready, &back, &all[trial], &tape, weight);
            (tape.log_means.iter().sum::<f64>(), gradient)
        };
        let found: Vec<(f64, Vec<f64>)> = trials.par_iter().map(one).collect();
        let mut sum = vec![0.0; self.model.parameters.len()];
        let mut bound = 0.0;
        for (value, gradient) in &found {
            bound += value;
            add(&mut sum, gradient);
        }
        Ok((bound / samples as f64, sum, samples))
    }
}

impl Noise {
    fn of(seed: u64, epoch: u64) -> Self {
        let key = |name: &str| NoiseKey { seed, stream: stream_of(name), epoch };
        Noise { latents: key("stochastic/latents"), resampling: key("stochastic/resampling") }
    }
}

/// How samples are filtered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilterOptions {
    /// Particles, K.
    pub particles: usize,
    /// How they are drawn.
    pub proposal: Proposal,
    /// Seed of the noise.
    pub seed: u64,
}

impl Default for FilterOptions {
    fn default() -> Self {
        FilterOptions { particles: 64, proposal: Proposal::default(), seed: 1 }
    }
}

/// Samples as a network sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtered {
    /// Logarithm of an unbiased estimate of the likelihood of each trial, nats; on average a lower
    /// bound, which rises to the log likelihood with the number of particles.
    pub log_likelihood: Vec<f64>,
    /// Mean latents given the samples up to each, `[sample, latent]` for each trial.
    pub latents: Vec<Vec<f64>>,
}

impl Filtered {
    /// The log likelihood of a sample, nats.
    pub fn per_sample(&self, samples: &Samples) -> f64 {
        let count: usize = samples.lengths().iter().sum();
        self.log_likelihood.iter().sum::<f64>() / count.max(1) as f64
    }
}

impl Model {
    /// Runs the particle filter over all trials.
    ///
    /// # Errors
    /// Samples of other units or channels, no particles, the optimal proposal for counts.
    pub fn filter(&self, samples: &Samples, options: FilterOptions) -> Result<Filtered, FitError> {
        let FilterOptions { particles, proposal, seed } = options;
        at_least("particles", particles as f64, 1.0)?;
        fits(&self.shape, samples)?;
        let ready = Ready::new(self, proposal, particles)?;
        // no epoch of a fit
        let noise = Noise::of(seed, u64::MAX);
        let rank = self.shape.rank;
        let one = |(number, trial)| {
            let tape = ready.forward(trial, number, noise, None);
            let mut means = vec![0.0; trial.samples * rank];
            let steps = tape.z.chunks_exact(particles * rank);
            let steps = steps.zip(tape.weights.chunks_exact(particles));
            for (mean, (z, weights)) in means.chunks_exact_mut(rank).zip(steps) {
                for (z, weight) in z.chunks_exact(rank).zip(weights) {
                    mean.iter_mut().zip(z).for_each(|(mean, z)| *mean += weight * z);
                }
            }
            (tape.log_means.iter().sum::<f64>(), means)
        };
        let found = samples.trials().par_iter().enumerate().map(one).collect::<Vec<_>>();
        let (log_likelihood, latents) = found.into_iter().unzip();
        Ok(Filtered { log_likelihood, latents })
    }
}
