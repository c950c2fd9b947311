//! A training run, from the first update to the report.

use std::time::Instant;

use attractor_learn::trainer::Finish;
use attractor_learn::{Options, Progress, Stage, TrainError, Trainer};
use attractor_network::{Engine, EngineOptions};
use attractor_numerics::Isa;

use crate::checkpoint::{self, Memory};
use crate::clock;
use crate::config::{Experiment, Request};
use crate::directory::{RunDirectory, read_text, write_text};
use crate::error::RunError;
use crate::finish;
use crate::fit::FitResults;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::observer::{Event, Observer};
use crate::results::{PhaseEnd, Results, Resumed, Status};

/// What does not change results.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Worker threads; the machine's number if none.
    pub threads: Option<usize>,
    /// When the process began, to measure how long the first update takes to come.
    pub began: Instant,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { threads: None, began: Instant::now() }
    }
}

impl Settings {
    pub(crate) fn engine(&self) -> EngineOptions {
        let mut options = EngineOptions::default();
        options.threads = self.threads.unwrap_or(options.threads).max(1);
        options
    }
}

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// All is done.
    Done(Box<Results>),
    /// It was finished before; nothing was done.
    Already(Box<Results>),
    /// It was interrupted; a checkpoint holds its state.
    Interrupted {
        /// Updates done.
        update: u64,
    },
}

/// Trains a network in a new directory.
///
/// # Errors
/// What cannot be written or run; divergence ([`TrainError::Diverged`]), after the last good weights
/// and a report on them were written.
pub fn train(
    experiment: Experiment,
    directory: RunDirectory,
    settings: Settings,
    observer: &mut dyn Observer,
) -> Result<Outcome, RunError> {
    write_text(&directory.config(), &experiment.text)?;
    Sitting::begin(experiment, directory, settings, None)?.run(observer)
}

/// Goes on with a run to the same bits, or begins it if it has no checkpoint yet.
///
/// # Errors
/// As [`train`]; a directory that is no run's, a damaged checkpoint.
pub fn resume(
    directory: RunDirectory,
    settings: Settings,
    observer: &mut dyn Observer,
) -> Result<Outcome, RunError> {
    if directory.results().is_file() {
        return Ok(Outcome::Already(Box::new(results(&directory)?)));
    }
    let request = Request { config: Some(directory.config()), ..Request::default() };
    let experiment = Experiment::read(&request)?;
    let saved = match directory.checkpoint().is_file() {
        true => Some(checkpoint::load(&directory.checkpoint())?),
        false => None,
    };
    Sitting::begin(experiment, directory, settings, saved)?.run(observer)
}

/// The results of a finished run.
///
/// # Errors
/// [`RunError::NoRun`] if there are none, [`RunError::File`] if they cannot be read.
pub fn results(directory: &RunDirectory) -> Result<Results, RunError> {
    let file = directory.results();
    if !file.is_file() {
        return Err(RunError::NoRun {
            directory: directory.path().to_owned(),
            missing: "results.json yet",
        });
    }
    let text = read_text(&file)?;
    let of_fit = |error: &serde_json::Error| {
        let fit = serde_json::from_str::<FitResults>(&text).is_ok();
        if fit { "of a fit, not of a training run".to_owned() } else { error.to_string() }
    };
    serde_json::from_str(&text).map_err(|error| RunError::File { problem: of_fit(&error), file })
}

/// A run between its beginning, or taking up, and its end, or putting down.
pub(crate) struct Sitting {
    pub(crate) experiment: Experiment,
    pub(crate) directory: RunDirectory,
    pub(crate) settings: Settings,
    pub(crate) trainer: Trainer,
    pub(crate) metrics: Metrics,
    pub(crate) memory: Memory,
    pub(crate) log: Log,
    /// Seconds of the sittings before.
    earlier: f64,
    sat_down: Instant,
    /// Told to the observer once there is one.
    said: Vec<String>,
}

impl Sitting {
    fn begin(
        experiment: Experiment,
        directory: RunDirectory,
        settings: Settings,
        saved: Option<(attractor_learn::Checkpoint<f32>, Memory)>,
    ) -> Result<Self, RunError> {
        let network = experiment.network.clone();
        let engine = Engine::new(network.clone(), settings.engine())?;
        let stages: Vec<Stage> = experiment
            .phases
            .iter()
            .zip(&experiment.curriculum)
            .map(|(phase, material)| Stage { phase: phase.clone(), source: material.source() })
            .collect();
        let watch = vec![format!("{}.{}", crate::describe::RECURRENT, experiment.emission())];
        let options = Options { seed: experiment.config.seed, noise: true, watch };
        let instruction_set = Isa::best().to_string();
        let mut log = Log::default();
        let mut said = Vec::new();
        let mut metrics = Metrics::new(&experiment.phases);
        let (trainer, memory) = match saved {
            None => {
                let parameters = experiment.initial();
                let memory = Memory {
                    started: clock::now(),
                    instruction_set,
                    warnings: network.warnings().to_vec(),
                    ..Memory::default()
                };
                (Trainer::new(engine, parameters, stages, options)?, memory)
            }
            Some((checkpoint, mut memory)) => {
                log = Log::open(&directory.log());
                metrics = Metrics::read(&directory.metrics())?;
                metrics.rewind(checkpoint.counters.update);
                let update = checkpoint.counters.update;
                said.push(format!("taken up again after update {update}"));
                if memory.instruction_set != instruction_set {
                    let warning = format!(
                        "the run began on {}, and goes on from update {update} on {instruction_set}: \
                         results are not the bits of an uninterrupted run",
                        memory.instruction_set
                    );
                    memory.warnings.push(warning);
                    memory.instruction_set.clone_from(&instruction_set);
                }
                let threads = settings.engine().threads;
                memory.resumed.push(Resumed { update, instruction_set, threads });
                (Trainer::resume(engine, stages, options, &checkpoint)?, memory)
            }
        };
        Ok(Sitting {
            experiment,
            directory,
            settings,
            trainer,
            metrics,
            earlier: memory.seconds,
            memory,
            log,
            sat_down: Instant::now(),
            said,
        })
    }

    fn run(mut self, observer: &mut dyn Observer) -> Result<Outcome, RunError> {
        for line in std::mem::take(&mut self.said) {
            self.note(&line, observer);
        }
        for warning in &self.memory.warnings {
            observer.event(Event::Warning(warning));
        }
        let most: u64 = self.experiment.phases.iter().map(|phase| phase.stop.updates).sum();
        observer.event(Event::Training { done: self.trainer.counters().update, most });
        let mut written = Instant::now();
        while !self.trainer.finished() {
            if observer.interrupted() {
                let update = self.trainer.counters().update;
                self.note(&format!("interrupted after update {update}"), observer);
                self.put_down()?;
                return Ok(Outcome::Interrupted { update });
            }
            match self.trainer.advance() {
                Ok(Some(progress)) => self.took(&progress, observer),
                Ok(None) => break,
                Err(error @ TrainError::Diverged { .. }) => return self.diverged(error, observer),
                Err(error) => return Err(error.into()),
            }
            if written.elapsed().as_secs_f64() >= self.experiment.config.checkpoint.seconds {
                // a full disk may be emptied before the next attempt: training goes on
                if let Err(error) = self.put_down() {
                    self.warn(&format!("the checkpoint could not be written: {error}"), observer);
                }
                written = Instant::now();
            }
        }
        self.put_down()?;
        finish::finish(self, Status::Done, None, observer)
            .map(|results| Outcome::Done(Box::new(results)))
    }

    /// Takes note of an update.
    fn took(&mut self, progress: &Progress, observer: &mut dyn Observer) {
        self.metrics.push(progress);
        self.memory.seconds = self.earlier + self.sat_down.elapsed().as_secs_f64();
        if progress.update == 1 {
            self.memory.first_update_seconds = Some(self.settings.began.elapsed().as_secs_f64());
        }
        let left = self.left();
        observer.event(Event::Update { progress, seconds: self.memory.seconds, left });
        if let Some(pruned) = progress.pruned {
            let before = progress.update - 1;
            self.note(&format!("after update {before}: {pruned} parameters are pruned"), observer);
        }
        if let Some(validation) = &progress.validation {
            let score =
                validation.score.map_or_else(String::new, |score| format!(", score {score:.4}"));
            self.log.say(&format!(
                "update {}: loss {:.6}, validation loss {:.6}{score}",
                progress.update, progress.loss, validation.loss
            ));
            for silent in &validation.silent {
                // said once; the number of the last validation is what the report has
                let about = format!("units of `{}` stayed at 0", silent.signal);
                match self.memory.warnings.iter_mut().find(|said| said.contains(&about)) {
                    Some(said) => *said = silent.to_string(),
                    None => self.warn(&silent.to_string(), observer),
                }
            }
        }
        if let Some(finish) = progress.finish {
            self.ended(progress, finish, observer);
        }
    }

    /// Most updates that may still come.
    fn left(&self) -> u64 {
        let counters = self.trainer.counters();
        let rest =
            self.experiment.phases.iter().skip(counters.phase).map(|phase| phase.stop.updates);
        rest.sum::<u64>().saturating_sub(counters.in_phase)
    }

    fn ended(&mut self, progress: &Progress, finish: Finish, observer: &mut dyn Observer) {
        let phases = &self.experiment.phases;
        let name = phases.get(progress.phase).and_then(|phase| phase.name.clone());
        let phase = name.unwrap_or_else(|| (progress.phase + 1).to_string());
        let reason = finish.to_string();
        let note = match phases.len() {
            1 => format!("training ended after update {}: {reason}", progress.update),
            _ => format!("phase {phase} ended after update {}: {reason}", progress.update),
        };
        self.memory.phases.push(PhaseEnd { phase, update: progress.update, reason });
        self.note(&note, observer);
    }

    pub(crate) fn note(&mut self, line: &str, observer: &mut dyn Observer) {
        self.log.say(line);
        observer.event(Event::Note(line));
    }

    /// A warning, once.
    pub(crate) fn warn(&mut self, line: &str, observer: &mut dyn Observer) {
        if self.memory.warnings.iter().any(|said| said == line) {
            return;
        }
        self.memory.warnings.push(line.to_owned());
        self.log.say(&format!("warning: {line}"));
        observer.event(Event::Warning(line));
    }

    /// Writes a checkpoint. Metrics come first: rows beyond the checkpoint are dropped when it is taken
    /// up, missing ones could not be made up.
    fn put_down(&mut self) -> Result<(), RunError> {
        self.metrics.write(&self.directory.metrics())?;
        self.log.write(&self.directory.log())?;
        checkpoint::save(&self.directory.checkpoint(), &self.trainer.checkpoint(), &self.memory)
    }

    /// Keeps the last good weights, reports on them, and passes the error on.
    fn diverged(
        mut self,
        error: TrainError,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, RunError> {
        let said = error.to_string();
        self.note(&said, observer);
        self.metrics.write(&self.directory.metrics())?;
        finish::finish(self, Status::Diverged, Some(said), observer)?;
        Err(error.into())
    }
}
