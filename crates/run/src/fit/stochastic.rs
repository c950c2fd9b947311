//! A stochastic network of low rank, fitted to a recording by variational sequential Monte Carlo.

use std::time::{Duration, Instant};

use attractor_data::write_npz;
use attractor_interop::save;
use attractor_learn::Progress;
use attractor_learn::constrained::{FitError, Samples};
use attractor_learn::stochastic::{
    FilterOptions, Filtered, Fit, FitOptions, Model, Observation, Proposal, Shape,
};
use attractor_recording::{Division, Normalisation, Recording, Stretch};
use ndarray::{Array1, Array2, Axis, s};

use super::closing::close;
use super::config::{FitConfig, FitExperiment, SmcConfig};
use super::finished::Found;
use super::prepare::{Prepared, division, prepare, reduced, size};
use super::results::{FitResults, finite};
use super::session::FitOutcome;
use crate::clock;
use crate::directory::{RunDirectory, write_text};
use crate::error::RunError;
use crate::log::Log;
use crate::metrics::{Metrics, Row};
use crate::observer::{Event, Observer};
use crate::train::Settings;

mod checkpoint;
mod finished;
mod page;
mod scores;

#[cfg(test)]
mod tests;

pub(crate) use finished::finished;
pub use scores::{Likelihood, StochasticFit};

/// The file of the latents.
const LATENTS: &str = "latents.npz";
/// Units of a network that is not told how many are hidden, unless more are recorded.
const UNITS: usize = 50;
/// Time between two checkpoints.
const BETWEEN: Duration = Duration::from_secs(60);
/// Particles that data are judged with, at least.
const JUDGES: usize = 256;

fn said(error: FitError) -> RunError {
    RunError::Request(error.to_string())
}

/// A fit from the file to the page.
pub(super) fn fit(
    experiment: &FitExperiment,
    directory: &RunDirectory,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, RunError> {
    let config = &experiment.config;
    let started = clock::now();
    let material = Material::read(config)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.engine().threads).build();
    let pool = pool.map_err(|error| RunError::Request(format!("no threads: {error}")))?;
    write_text(&directory.config(), &experiment.text)?;
    let mut log = Log::open(&directory.log());
    log.say(&format!(
        "{} units, {} stretches",
        material.shape.recorded,
        material.windows.lengths().len()
    ));

    let options = material.options(config);
    let first = Model::drawn(material.shape, &material.windows, config.seed).map_err(said)?;
    let mut fit = Fit::new(first, &material.windows, &options).map_err(said)?;
    let most = options.epochs as u64;
    let mut bounds = checkpoint::load(&directory.checkpoint(), &mut fit)?;
    observer.event(Event::Training { done: bounds.len() as u64, most });
    let mut kept = Instant::now();
    loop {
        let interrupted = observer.interrupted();
        if interrupted || kept.elapsed() > BETWEEN {
            checkpoint::save(&directory.checkpoint(), &fit, &bounds)?;
            kept = Instant::now();
        }
        if interrupted {
            log.say("interrupted; it goes on from here when it is resumed");
            log.write(&directory.log())?;
            return Ok(FitOutcome::Interrupted);
        }
        let Some(epoch) = pool.install(|| fit.epoch()).map_err(said)? else { break };
        bounds.push(epoch.bound);
        let done = bounds.len() as u64;
        let progress = progress(done, -epoch.bound);
        let seconds = settings.began.elapsed().as_secs_f64();
        observer.event(Event::Update { progress: &progress, seconds, left: most - done });
    }
    let model = fit.model();
    let latents = pool.install(|| material.judge(model, &material.whole, config)).map_err(said)?;
    let stochastic = pool.install(|| material.scores(model, bounds, config)).map_err(said)?;
    let (network, parameters) = model.network().map_err(said)?;
    let parameters: Vec<f32> = parameters.iter().map(|&value| value as f32).collect();
    save(&directory.model(), &network, &parameters)?;
    material.keep(&latents, directory)?;

    let mut warnings = material.prepared.recording.provenance.repairs.clone();
    warnings.extend(stochastic.warnings(config.recording.smooth));
    let results = FitResults {
        seed: config.seed,
        recording: material.prepared.facts(&config.recording),
        stochastic: Some(stochastic),
        warnings,
        started,
        ..FitResults::default()
    };
    let metrics = metrics(&results);
    close(results, &metrics, settings, log, directory, observer, |results| {
        let shown = page::Shown { material: &material, latents: &latents.latents };
        page::write(results, &shown, &experiment.text, directory, &Found::default())
    })
}

/// What is fitted.
struct Material {
    prepared: Prepared,
    /// As the network sees it: activity scaled, inputs as their components.
    recording: Recording,
    division: Option<Division>,
    shape: Shape,
    /// All trials.
    whole: Samples,
    /// What is trained on, and the same cut into windows.
    train: Samples,
    windows: Samples,
    held_out: Option<Samples>,
}

impl Material {
    fn read(config: &FitConfig) -> Result<Self, RunError> {
        let mut prepared = prepare(&config.recording)?;
        let all = prepared.recording.stretches();
        let division = match config.fit.held_out > 0.0 {
            true => Some(division(&prepared.recording, config.fit.held_out, config)?),
            false => None,
        };
        let train = division.as_ref().map_or(&all, |division| &division.train);
        if config.smc.observation == Observation::Gaussian {
            scale(&mut prepared.recording, train, config.recording.normalise);
        }
        let recording = reduced(&prepared.recording, train, config.recording.components)?.0;
        let (rates, inputs) = (recording.activity.view(), recording.inputs.view());
        let whole = Samples::new(recording.dt, rates, inputs, &recording.lengths).map_err(said)?;
        let recorded = recording.units();
        let shape = Shape {
            units: recorded + config.smc.hidden.unwrap_or(UNITS.saturating_sub(recorded)),
            rank: config.network.rank.unwrap_or(1),
            recorded,
            channels: recording.channels(),
            phi: config.smc.phi,
            observation: config.smc.observation,
        };
        let part = |stretches: &[Stretch], window: usize| {
            let parts = stretches.iter().flat_map(|stretch| cut(stretch, window));
            whole.select(&parts.collect::<Vec<_>>()).map_err(said)
        };
        let held_out = division.as_ref().map(|division| part(&division.held_out, usize::MAX));
        let held_out = held_out.transpose()?;
        let (train, windows) = (part(train, usize::MAX)?, part(train, config.smc.window)?);
        Ok(Material { shape, train, windows, held_out, whole, recording, division, prepared })
    }

    fn options(&self, config: &FitConfig) -> FitOptions {
        let SmcConfig { particles, updates, batch, rate, last_rate, .. } = config.smc;
        let epochs = updates.div_ceil(self.windows.lengths().len().div_ceil(batch));
        let proposal = self.proposal();
        FitOptions { particles, proposal, batch, epochs, rate, last_rate, seed: config.seed }
    }

    fn proposal(&self) -> Proposal {
        match self.shape.observation {
            Observation::Gaussian => Proposal::Optimal,
            Observation::Poisson => Proposal::Bootstrap,
        }
    }

    fn judge(
        &self,
        model: &Model,
        samples: &Samples,
        config: &FitConfig,
    ) -> Result<Filtered, FitError> {
        let particles = config.smc.particles.max(JUDGES);
        model.filter(
            samples,
            FilterOptions { particles, proposal: self.proposal(), seed: config.seed },
        )
    }

    fn scores(
        &self,
        model: &Model,
        bounds: Vec<f64>,
        config: &FitConfig,
    ) -> Result<StochasticFit, FitError> {
        let likelihood = |samples: &Samples| -> Result<Likelihood, FitError> {
            let network = self.judge(model, samples, config)?.per_sample(samples);
            Ok(Likelihood::of(network, samples, &self.train, self.shape.observation))
        };
        let values = model.values();
        let rank = self.shape.rank;
        Ok(StochasticFit {
            shape: self.shape,
            particles: config.smc.particles,
            train: likelihood(&self.train)?,
            held_out: self.held_out.as_ref().map(likelihood).transpose()?,
            noise_sd: model.noise_sd()?,
            covariance: values.covariance.chunks_exact(rank).map(<[f64]>::to_vec).collect(),
            observation_sd: values.variance.iter().map(|variance| variance.sqrt()).collect(),
            tau: -self.whole.dt() / values.decay.ln(),
            fixed_points: model.fixed_points(&vec![0.0; self.shape.channels]).ok(),
            bounds: bounds.into_iter().map(finite).collect(),
        })
    }

    /// `latents.npz`: the latents of every frame given the activity up to it.
    fn keep(&self, latents: &Filtered, directory: &RunDirectory) -> Result<(), RunError> {
        let rank = self.shape.rank;
        let frames: usize = self.whole.lengths().iter().sum();
        let mut all = Array2::zeros((frames, rank));
        let flat = latents.latents.iter().flatten();
        all.iter_mut().zip(flat).for_each(|(to, &z)| *to = z);
        let trial = self.whole.lengths().into_iter().enumerate();
        let trial: Array1<i64> =
            trial.flat_map(|(trial, frames)| std::iter::repeat_n(trial as i64, frames)).collect();
        let file = directory.path().join(LATENTS);
        Ok(write_npz(&file, &[("latents", (&all).into()), ("trial", (&trial).into())])?)
    }
}

/// A stretch cut into pieces of at most `window` frames; a last piece of one frame is left out.
fn cut(stretch: &Stretch, window: usize) -> Vec<(usize, std::ops::Range<usize>)> {
    let Stretch { trial, frames } = stretch;
    let starts = frames.clone().step_by(window.min(frames.len().max(1)));
    let pieces = starts.map(|from| from..from.saturating_add(window).min(frames.end));
    pieces.filter(|piece| piece.len() > 1).map(|piece| (*trial, piece)).collect()
}

/// Divides activity by its standard deviation in these stretches: of each unit, or over all units.
fn scale(recording: &mut Recording, stretches: &[Stretch], how: Normalisation) {
    let variance = |unit: usize| {
        let pieces = || {
            stretches.iter().flat_map(|stretch| {
                recording.activity.slice(s![stretch.frames.clone(), stretch.trial, unit])
            })
        };
        let count = pieces().count().max(1) as f64;
        let mean = pieces().map(|&y| f64::from(y)).sum::<f64>() / count;
        pieces().map(|&y| (f64::from(y) - mean).powi(2)).sum::<f64>() / count
    };
    let own: Vec<f64> = (0..recording.units()).map(variance).collect();
    let all = own.iter().sum::<f64>() / own.len().max(1) as f64;
    for (mut unit, own) in recording.activity.axis_iter_mut(Axis(2)).zip(own) {
        if let Some(variance) = size(how, own, all) {
            unit.mapv_inplace(|y| (f64::from(y) / variance.sqrt()) as f32);
        }
    }
}

/// An epoch, as a run is watched.
fn progress(update: u64, loss: f64) -> Progress {
    Progress {
        phase: 0,
        update,
        in_phase: update,
        loss,
        terms: Vec::new(),
        grad_norm: f64::NAN,
        rate: f64::NAN,
        pruned: None,
        validation: None,
        finish: None,
    }
}

/// The bound of each epoch, as a loss.
fn metrics(results: &FitResults) -> Metrics {
    let mut metrics = Metrics::default();
    let bounds = results.stochastic.iter().flat_map(|fit| &fit.bounds);
    metrics.rows.extend(bounds.enumerate().map(|(k, bound)| Row {
        update: k as u64 + 1,
        phase: 1,
        loss: bound.map_or(f64::NAN, |bound| -bound),
        gradient_norm: f64::NAN,
        rate: f64::NAN,
        validation_loss: None,
        validation_score: None,
        terms: Vec::new(),
    }));
    metrics
}
