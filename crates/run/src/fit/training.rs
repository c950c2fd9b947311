//! One network, trained.

use std::path::Path;
use std::sync::Arc;

use attractor_learn::objective::{Mse, Reduce, Term, WeightPenalty};
use attractor_learn::optimiser::Optimiser;
use attractor_learn::{
    Learner, Objective, Options, Phase, Progress, Schedule, Stage, Stop, Trainer, Validate,
};
use attractor_network::{Engine, EngineOptions, Network};
use attractor_recording::{Recording, Stretch};

use super::filter;
use super::model::{Held, OBSERVED, Shape, network};
use super::windows::{Windows, balance, begins, variance};
use crate::error::RunError;

/// Updates over which the learning rate rises.
const WARM_UP: u64 = 20;
/// Part of the learning rate that is left at the end.
const FLOOR: f64 = 0.02;
/// Most stretches that are run in full at once.
const MOST_WHOLE: usize = 64;

/// What is trained on what, and how.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) shape: Shape,
    pub(crate) recording: Arc<Recording>,
    pub(crate) stretches: Vec<Stretch>,
    /// Frames of each window; none runs every stretch from its start to its end.
    pub(crate) window: Option<usize>,
    pub(crate) filter_l2: f64,
    pub(crate) l2: f64,
    pub(crate) updates: u64,
    pub(crate) batch: usize,
    pub(crate) rate: f64,
    pub(crate) clip: f64,
    pub(crate) seed: u64,
}

/// A network and its weights.
#[derive(Clone, Debug)]
pub(crate) struct Trained {
    pub(crate) shape: Shape,
    pub(crate) network: Arc<Network>,
    pub(crate) parameters: Vec<f32>,
}

impl Trained {
    /// Weights between the recorded units, `[target, source]`, whatever the wiring.
    pub(crate) fn between_recorded(&self) -> Result<Vec<f64>, RunError> {
        let (all, units) = (self.shape.units + self.shape.hidden, self.shape.units);
        let matrix = self.network.weights("rec->rec")?.matrix(&self.parameters);
        let rows = matrix.chunks_exact(all).take(units);
        Ok(rows.flat_map(|row| row[..units].iter().map(|&w| f64::from(w))).collect())
    }
}

impl Job {
    /// The weights before training.
    pub(crate) fn initial(&self) -> Result<Trained, RunError> {
        let Job { shape, recording, stretches, .. } = self;
        let network = network(shape)?;
        let filter = match shape.history {
            0 => Vec::new(),
            history => filter::shared(recording, stretches, history, shape.alpha(), self.filter_l2),
        };
        let parameters = shape.initial(&network, &filter, self.seed);
        Ok(Trained { shape: shape.clone(), network, parameters })
    }

    /// The weights after training, from a model file.
    ///
    /// # Errors
    /// A file that cannot be read, or holds another network.
    pub(crate) fn read(&self, file: &Path) -> Result<Trained, RunError> {
        let model = attractor_interop::load(file)?;
        let initial = self.initial()?;
        if model.network.layout() != initial.network.layout() {
            return Err(RunError::another_network(file.to_owned()));
        }
        Ok(Trained { parameters: model.parameters_in(), ..initial })
    }

    /// Where its windows come from.
    pub(crate) fn source(&self) -> Result<Windows, RunError> {
        let Job { shape, recording, stretches, .. } = self;
        let lags = shape.lags();
        let begins = begins(stretches, lags, self.window.unwrap_or(0), self.window.is_some());
        let longest = begins.iter().map(|begin| begin.end - begin.frame - 1).max().unwrap_or(0);
        if longest == 0 {
            let said = "no training stretch is longer than the frames a forecast looks back";
            return Err(RunError::Request(format!("{said}; use longer blocks or a shorter gap")));
        }
        let frames = self.window.unwrap_or(longest).min(longest);
        let weights = match self.window {
            Some(_) => balance(recording, stretches, frames),
            None => vec![1.0; frames],
        };
        Ok(Windows {
            recording: recording.clone(),
            begins,
            frames,
            shape: shape.clone(),
            weights,
            seed: self.seed,
        })
    }

    fn phase(&self, network: &Network, windows: usize) -> Phase {
        let variance = variance(&self.recording, &self.stretches);
        let fit = Term::Mse(Mse {
            signal: OBSERVED.to_owned(),
            weight: 1.0 / variance,
            ..Mse::default()
        });
        let small = |parameters: &str, weight| {
            let parameters = parameters.to_owned();
            Term::L2Weights(WeightPenalty { parameters, reduce: Reduce::Sum, weight })
        };
        // loadings are penalised such that m nᵀ / N is, whatever N
        let of_loadings = self.l2 / (self.shape.units + self.shape.hidden) as f64;
        let mut terms = vec![fit];
        match (&self.shape.regions, self.shape.rank) {
            (None, None) => terms.push(small("wirings", self.l2)),
            (None, Some(_)) => terms.push(small("wirings", of_loadings)),
            (Some(_), _) => {
                let has = |end: &str| {
                    network.layout().entries().iter().any(|entry| entry.name.ends_with(end))
                };
                let kinds = [(".W", self.l2), (".m", of_loadings), (".n", of_loadings)];
                let there = kinds.into_iter().filter(|(end, _)| has(end));
                terms.extend(there.map(|(end, weight)| small(&format!("*->*{end}"), weight)));
            }
        }
        let batch = match self.window {
            Some(_) => self.batch,
            None => windows.min(MOST_WHOLE),
        };
        Phase {
            objective: Objective { terms },
            learner: Learner {
                optimiser: Optimiser::default(),
                rate: self.rate,
                schedule: Schedule::Cosine {
                    warmup: WARM_UP.min(self.updates / 2),
                    updates: None,
                    floor: FLOOR,
                },
                clip: self.clip,
                truncate: None,
                batch,
                ..Learner::default()
            },
            train: Some(self.shape.trained()),
            stop: Stop { updates: self.updates, ..Stop::default() },
            validate: Validate { every: 0, trials: batch },
            ..Phase::default()
        }
    }

    /// Trains. `watch` sees every update; where it says no, training is given up.
    ///
    /// # Errors
    /// Divergence, and whatever keeps the network from running.
    pub(crate) fn train(
        &self,
        threads: usize,
        watch: &mut dyn FnMut(&Progress) -> bool,
    ) -> Result<Option<Trained>, RunError> {
        let Trained { shape, network, parameters } = self.initial()?;
        let source = self.source()?;
        let phase = self.phase(&network, source.begins.len());
        let model = Held { model: engine(&network, threads)?, held: shape.held(&network) };
        let options = Options { seed: self.seed, noise: shape.noise > 0.0, watch: Vec::new() };
        let stage = Stage { phase, source: Arc::new(source) };
        let mut trainer = Trainer::new(model, parameters, vec![stage], options)?;
        while let Some(progress) = trainer.advance()? {
            if !watch(&progress) {
                return Ok(None);
            }
        }
        let parameters = trainer.parameters().to_vec();
        Ok(Some(Trained { shape, network, parameters }))
    }
}

/// An engine for these weights.
pub(crate) fn engine(network: &Arc<Network>, threads: usize) -> Result<Engine<f32>, RunError> {
    let options = EngineOptions { threads: threads.max(1), ..EngineOptions::default() };
    Ok(Engine::new(network.clone(), options)?)
}
