//! The direct solvers: every unit of the network is a recorded one.

use std::ops::Range;
use std::sync::Arc;

use attractor_analysis::{Agreement, Currents, Group, Through, currents, groups_of};
use attractor_interop::save;
use attractor_learn::constrained::{
    Constraint, FitError, Model, RateUnit, RecipeOptions, RolloutOptions, Samples, Setting,
    explained_by_unit, recipe,
};
use attractor_learn::force::{Force, ForceOptions};
use attractor_network::Network;
use attractor_network::library::{NoisePlace, Nonlinearity, leaky};
use attractor_recording::{Division, Stretch};
use ndarray::{Array2, Axis, s};

use super::closing::close;
use super::config::{AUTO, FitConfig, FitExperiment, Solver, SolverConfig};
use super::counts::{self, SpikeScores};
use super::finished::Found;
use super::identified::{Coupling, Restart, unmeasured};
use super::model::{Shape, network};
use super::prepare::{Prepared, division, prepare, reduced, scaled};
use super::regions::regions;
use super::results::{FitResults, UnitScore, finite};
use super::session::FitOutcome;
use super::training::Trained;
use crate::clock;
use crate::directory::{RunDirectory, write_text};
use crate::error::RunError;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::observer::{Event, Observer};
use crate::train::Settings;

mod finished;
mod page;
mod scores;

#[cfg(test)]
mod tests;

pub(crate) use finished::finished;
pub use scores::{ConstrainedFit, FreeScores, Held};

/// Rates beyond this have no potential worth having.
const LIMIT: f64 = 0.999;
fn said(error: FitError) -> RunError {
    RunError::Request(error.to_string())
}

/// A fit by a direct solver, from the file to the page.
pub(crate) fn fit(
    experiment: &FitExperiment,
    directory: &RunDirectory,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, RunError> {
    let config = &experiment.config;
    let started = clock::now();
    let mut warnings = Vec::new();
    let material = Material::read(config, &mut warnings)?;
    write_text(&directory.config(), &experiment.text)?;
    let mut log = Log::open(&directory.log());
    let parts = 1 + config.fit.restarts as u64 + u64::from(material.held.is_some());
    let mut done = 0;
    let mut step = |log: &mut Log, what: &str| {
        log.say(what);
        observer.event(Event::Training { done, most: parts });
        done += 1;
    };
    step(&mut log, &format!("{} units, {:?}", material.samples.units(), config.fit.solver));
    let main = material.solve(&material.samples, config, config.seed)?;
    let runs = main.model.free(&material.samples, Default::default()).map_err(said)?;
    let groups = &material.groups;
    let coupling = material.coupling(&main.model)?;
    let decomposed = &coupling.currents;
    let mut restarts = Vec::new();
    for k in 0..config.fit.restarts as u64 {
        step(&mut log, &format!("restart {}", k + 1));
        let other =
            material.solve(&material.samples, config, config.seed.wrapping_add((k + 1) << 32))?;
        let Agreement { weights, currents, magnitudes } =
            coupling.agreement(&material.coupling(&other.model)?)?;
        let scores = other.model.scores(&material.samples, config.seed).map_err(said)?;
        restarts.push(Restart { free: finite(scores.clean), weights, currents, magnitudes });
    }
    let truth = material.truth.as_ref().map(|truth| coupling.agreement(truth)).transpose()?;
    let held_out = match &material.held {
        Some(held) => {
            step(&mut log, "a fit that does not see the held-out data");
            let blind = material.solve(&held.train, config, config.seed)?;
            let scores = blind.model.scores(&held.samples, config.seed).map_err(said)?;
            let spikes = material.spikes(held, &blind.model, config)?;
            let samples = held.samples.transitions();
            Some(Held { samples, scores: FreeScores::of(&scores), spikes })
        }
        None => None,
    };
    let scores = main.model.scores(&material.samples, config.seed).map_err(said)?;
    let by_unit = explained_by_unit(&runs, &material.samples);
    let region = |unit: usize| {
        let found = groups.iter().find(|group| group.units.contains(&unit));
        found.map_or_else(String::new, |group| group.name.clone())
    };
    let names = &material.prepared.recording.unit_names;
    let units = by_unit.iter().enumerate().map(|(unit, r2)| UnitScore {
        name: names[unit].clone(),
        region: region(unit),
        free: finite(*r2),
    });
    let magnitudes = |through| -> Result<Vec<Vec<f64>>, RunError> {
        Ok(material.currents(&main.model, through)?.magnitudes())
    };
    let constrained = ConstrainedFit {
        solver: config.fit.solver,
        regions: groups.iter().map(|group| (group.name.clone(), group.units.len())).collect(),
        tau: material.setting.unit.parameters()[0],
        l2: main.l2,
        candidates: main.candidates.clone(),
        noise: main.noise,
        iterates: main.clean.iter().map(|r2| finite(*r2)).collect(),
        passes: main.passes,
        replayed: main.replayed.and_then(finite),
        scores: FreeScores::of(&scores),
        held_out,
        units: units.collect(),
        magnitudes: decomposed.magnitudes(),
        excitatory: magnitudes(Through::Excitatory)?,
        inhibitory: magnitudes(Through::Inhibitory)?,
        restarts,
        truth,
    };
    warnings.extend(constrained.warnings());
    store(&material, &main.model, config, directory)?;

    let results = FitResults {
        seed: config.seed,
        recording: material.prepared.facts(&config.recording),
        constrained: Some(constrained),
        warnings,
        started,
        ..FitResults::default()
    };
    close(results, &Metrics::default(), settings, log, directory, observer, |results| {
        let (weights, run) = (&coupling.weights, &runs[0]);
        let shown = page::Shown { material: &material, weights, run, currents: decomposed };
        page::write(results, &shown, &experiment.text, directory, &Found::default())
    })
}

/// What is fitted.
struct Material {
    prepared: Prepared,
    /// What the rates of each unit were multiplied by.
    factors: Vec<f32>,
    setting: Setting,
    samples: Samples,
    groups: Vec<Group>,
    held: Option<HeldOut>,
    /// What the weights of a simulation are.
    truth: Option<Coupling>,
}

/// Data for a fit that does not see all.
struct HeldOut {
    train: Samples,
    /// Those to judge by.
    samples: Samples,
    division: Division,
}

/// A fitted network and how it came about.
struct Solved {
    model: Model,
    l2: f64,
    noise: f64,
    candidates: Vec<attractor_learn::constrained::Candidate>,
    clean: Vec<f64>,
    passes: usize,
    replayed: Option<f64>,
}

impl Material {
    fn read(config: &FitConfig, warnings: &mut Vec<String>) -> Result<Self, RunError> {
        let mut prepared = prepare(&config.recording)?;
        warnings.extend(prepared.recording.provenance.repairs.clone());
        let groups = groups_of(&regions(config, &prepared, warnings)?);
        if config.fit.regions == AUTO && groups.iter().all(|group| group.name == "all") {
            warnings.push(
                "no unit has a region (`regions` in .npz, a column `region` of the units): all are one, `all`"
                    .to_owned(),
            );
        }
        let all = prepared.recording.stretches();
        let how = config.recording.normalise;
        let (recording, factors) = scaled(&prepared.recording, &all, how, config.recording.peak);
        prepared.recording = reduced(&recording, &all, config.recording.components)?.0;
        let recording = &prepared.recording;
        let file = &config.recording.file;
        let truth = Coupling::of_simulation(file, recording, &factors, &groups)?;
        let (rates, inputs) = (recording.activity.view(), recording.inputs.view());
        let samples =
            Samples::new(recording.dt, rates, inputs, &recording.lengths).map_err(said)?;
        let samples = samples.held_within(LIMIT);
        let tau = config.network.tau.unwrap_or(3.0 * recording.dt);
        let neuron = leaky(Nonlinearity::Tanh, NoisePlace::None)
            .map_err(|error| RunError::Request(error.to_string()))?;
        let unit = RateUnit::new(&neuron, recording.dt, &[("tau", tau)]).map_err(said)?;
        let constraint = Constraint { no_self: config.fit.no_self, ..Constraint::default() };
        let setting = Setting { unit, bias: true, constraint };
        let held = match config.fit.held_out > 0.0 {
            true => {
                let division = division(recording, config.fit.held_out, config)?;
                let part = |stretches: &[attractor_recording::Stretch]| {
                    let parts: Vec<_> =
                        stretches.iter().map(|s| (s.trial, s.frames.clone())).collect();
                    samples.select(&parts).map_err(said)
                };
                let (train, samples) = (part(&division.train)?, part(&division.held_out)?);
                Some(HeldOut { train, samples, division })
            }
            false => None,
        };
        Ok(Material { groups, prepared, factors, setting, samples, held, truth })
    }

    fn solve(&self, samples: &Samples, config: &FitConfig, seed: u64) -> Result<Solved, RunError> {
        let SolverConfig { solver, iterations, noise, passes, published, .. } = config.fit;
        let steps = self.setting.unit.parameters()[0] / samples.dt();
        let longest = samples.lengths().into_iter().max().unwrap_or(2);
        let length = config.fit.length.unwrap_or((10.0 * steps).round() as usize);
        let length = length.clamp(2, longest.max(2));
        if solver == Solver::Rls {
            let options = match published {
                true => ForceOptions::published(seed),
                false => ForceOptions { seed, ..ForceOptions::default() },
            };
            let mut force = Force::<f32>::new(&self.setting, samples, &options).map_err(said)?;
            for _ in 0..passes {
                force.pass().map_err(said)?;
            }
            return Ok(Solved {
                model: force.model(),
                l2: 0.0,
                noise: options.amplitude,
                candidates: Vec::new(),
                clean: Vec::new(),
                passes,
                replayed: published.then(|| force.free(true).1),
            });
        }
        let rollout = RolloutOptions { length, iterations, noise, seed, ..Default::default() };
        let penalties = config.fit.l2.clone();
        let folds = config.fit.folds;
        let options =
            RecipeOptions { penalties, folds, rollout, polish: passes, ..Default::default() };
        let found = recipe(&self.setting, samples, &options).map_err(said)?;
        Ok(Solved {
            model: found.model,
            l2: found.l2,
            noise: found.noise,
            candidates: found.candidates,
            clean: found.clean,
            passes: if found.polished.is_some() { passes } else { 0 },
            replayed: None,
        })
    }

    /// How well free runs explain counts that were held out, if the activity is counts.
    fn spikes(
        &self,
        held: &HeldOut,
        model: &Model,
        config: &FitConfig,
    ) -> Result<Option<SpikeScores>, RunError> {
        let Some(counts) = &self.prepared.counts else { return Ok(None) };
        let runs = model.free(&held.samples, Default::default()).map_err(said)?;
        let n = self.samples.units();
        let run = |(stretch, rates): (&Stretch, &Vec<f64>)| {
            let rates = Array2::from_shape_vec((rates.len() / n, n), rates.clone()).ok()?;
            // the first is the recorded one that it starts from
            let frames = stretch.frames.start + 1..stretch.frames.end;
            Some((Stretch { trial: stretch.trial, frames }, rates.slice(s![1.., ..]).to_owned()))
        };
        let runs: Vec<(Stretch, Array2<f64>)> =
            held.division.held_out.iter().zip(runs.iter()).filter_map(run).collect();
        let reach = counts::reach(config.recording.smooth);
        Ok(counts::judge(counts, &self.factors, &held.division.train, &runs, reach))
    }

    /// The weights of a network and their currents.
    fn coupling(&self, model: &Model) -> Result<Coupling, RunError> {
        Ok(Coupling { weights: model.recurrent(), currents: self.currents(model, Through::All)? })
    }

    /// Currents at the recorded rates.
    fn currents(&self, model: &Model, through: Through) -> Result<Currents, RunError> {
        let rates: Vec<f64> = (0..self.samples.lengths().len())
            .flat_map(|trial| self.samples.rates(trial).iter().copied())
            .collect();
        let (weights, units) = (model.recurrent(), model.units);
        currents(&weights, units, &rates, &self.groups, &self.groups, through).map_err(unmeasured)
    }
}

/// The network as a model file: every analysis of other runs applies to it.
fn store(
    material: &Material,
    model: &Model,
    config: &FitConfig,
    directory: &RunDirectory,
) -> Result<(), RunError> {
    let (frame, tau) = (material.samples.dt(), model.unit.parameters()[0]);
    let shape = Shape::recorded(model.units, model.channels, frame, model.steps, tau);
    let network = network(&shape)?;
    let parameters = shape.initial(&network, &[], config.seed);
    let mut trained = Trained { shape, network: Arc::clone(&network), parameters };
    let (n, c) = (model.units, model.channels);
    let part = |from: usize, to: usize| -> Vec<f32> {
        let rows = model.weights.chunks_exact(model.features());
        rows.flat_map(|row| row[from..to].iter().map(|&w| w as f32)).collect()
    };
    let mut set = |name: &str, values: Vec<f32>| {
        if let Some(range) = place(&network, name).filter(|range| range.len() == values.len()) {
            trained.parameters[range].copy_from_slice(&values);
        }
    };
    set("rec->rec", part(0, n));
    if c > 0 {
        set("in->rec", part(n, n + c));
    }
    if model.bias {
        set("rec.I.bias", part(n + c, n + c + 1));
    }
    save(&directory.model(), &trained.network, &trained.parameters)?;
    debug_assert_eq!(material.prepared.recording.activity.len_of(Axis(2)), n);
    Ok(())
}

/// Where the parameters lie whose name begins so.
fn place(network: &Network, name: &str) -> Option<Range<usize>> {
    let mut entries = network.layout().entries().iter();
    entries.find(|entry| entry.name.starts_with(name)).map(|entry| entry.range.clone())
}
