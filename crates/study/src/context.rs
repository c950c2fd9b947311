//! What a study may use while it measures a seed: training and running with one line each, and saying
//! where it stands.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attractor::data::Trials;
use attractor::learn::{Options, Phase, Source, Stage, Trainer};
use attractor::network::{Engine, EngineOptions, Interventions, Network, NoiseSource};
use ndarray::Array3;

use crate::error::StudyError;
use crate::study::Scale;

/// Watches a study, from several threads.
pub trait Observer: Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);

    /// Asked between updates; true ends the study. Finished seeds are kept.
    fn interrupted(&self) -> bool {
        false
    }
}

/// What an observer hears.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The study begins.
    Begun {
        /// Seeds to measure in all.
        seeds: usize,
        /// Seeds that were measured before.
        kept: usize,
    },
    /// A seed has come so far.
    Progress {
        /// The seed.
        seed: u64,
        /// Between 0 and 1.
        done: f64,
        /// What it is at.
        what: &'a str,
    },
    /// A seed is measured.
    Finished {
        /// The seed.
        seed: u64,
        /// Seconds it took.
        seconds: f64,
        /// Why its numbers ran away, if they did.
        diverged: Option<&'a str>,
    },
}

/// A seed being measured.
pub struct Context<'a> {
    /// The seed.
    pub seed: u64,
    /// The scale.
    pub scale: Scale,
    data: Option<&'a Path>,
    threads: usize,
    observer: &'a dyn Observer,
    /// Parts done, parts in all.
    at: Cell<(usize, usize)>,
}

/// A network after training.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Parameters after the last update.
    pub last: Vec<f32>,
    /// Parameters of the best validation.
    pub best: Vec<f32>,
    /// Loss of each update's batch, before the update.
    pub losses: Vec<f64>,
    /// Loss of the last validation.
    pub loss: f64,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        seed: u64,
        scale: Scale,
        threads: usize,
        data: Option<&'a Path>,
        observer: &'a dyn Observer,
    ) -> Self {
        Context { seed, scale, data, threads, observer, at: Cell::new((0, 1)) }
    }

    /// A file of the folder with data, if there is one of that name.
    #[must_use]
    pub fn data(&self, name: &str) -> Option<PathBuf> {
        self.data.map(|folder| folder.join(name)).filter(|file| file.exists())
    }

    /// Begins part `done` of `of`, counted from 0.
    ///
    /// # Errors
    /// [`StudyError::Interrupted`].
    pub fn part(&self, done: usize, of: usize, what: &str) -> Result<(), StudyError> {
        self.at.set((done, of));
        self.within(0.0, what)
    }

    /// Stands at a fraction of the current part.
    ///
    /// # Errors
    /// [`StudyError::Interrupted`].
    pub fn within(&self, fraction: f64, what: &str) -> Result<(), StudyError> {
        if self.observer.interrupted() {
            return Err(StudyError::Interrupted);
        }
        let (done, of) = self.at.get();
        let done = (done as f64 + fraction) / of.max(1) as f64;
        self.observer.event(&Event::Progress { seed: self.seed, done, what });
        Ok(())
    }

    /// Trains one phase to its end.
    ///
    /// # Errors
    /// Divergence, interruption, a phase that does not fit the network.
    pub fn train(
        &self,
        network: &Arc<Network>,
        parameters: Vec<f32>,
        phase: Phase,
        source: Arc<dyn Source>,
        noise: bool,
    ) -> Result<Trained, StudyError> {
        let what = phase.name.clone().unwrap_or_default();
        let most = phase.stop.updates.max(1) as f64;
        let options = Options { seed: self.seed, noise, ..Options::default() };
        let stage = Stage { phase, source };
        let engine = self.engine(network)?;
        let mut trainer = Trainer::new(engine, parameters, vec![stage], options)?;
        let (mut losses, mut loss) = (Vec::new(), f64::NAN);
        while let Some(progress) = trainer.advance()? {
            losses.push(progress.loss);
            loss = progress.validation.map_or(loss, |validation| validation.loss);
            self.within(progress.in_phase as f64 / most, &what)?;
        }
        let (last, best) = (trainer.parameters().to_vec(), trainer.best().to_vec());
        Ok(Trained { last, best, losses, loss })
    }

    /// Runs whole trials and returns the signals of these names, each `[time, trial, unit]`.
    ///
    /// # Errors
    /// Unknown signals, trials of another shape than the network, values that are not finite.
    pub fn run(
        &self,
        network: &Arc<Network>,
        parameters: &[f32],
        trials: &Trials,
        noise: NoiseSource,
        interventions: &Interventions,
        signals: &[&str],
    ) -> Result<Vec<Array3<f32>>, StudyError> {
        let ids = signals.iter().map(|name| network.signal(name)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.engine(network)?.run(parameters, trials, noise, interventions, &ids)?)
    }

    /// An engine for a study that trains by a loop of its own.
    ///
    /// # Errors
    /// Threads that cannot be had.
    pub fn engine(&self, network: &Arc<Network>) -> Result<Engine<f32>, StudyError> {
        let options = EngineOptions { threads: self.threads, ..EngineOptions::default() };
        Ok(Engine::new(network.clone(), options)?)
    }
}
