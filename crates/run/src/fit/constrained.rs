//! The direct solvers: every unit of the network is a recorded one.

use std::sync::Arc;

use attractor_analysis::{
    Agreement, Currents, Group, MeasureError, Through, agreement, currents, groups_of,
};
use attractor_data::{Column, FileProblem, Npz};
use attractor_interop::save;
use attractor_learn::constrained::{
    Constraint, FitError, Model, RateUnit, RecipeOptions, RolloutOptions, Samples, Setting,
    explained_by_unit, recipe,
};
use attractor_learn::force::{Force, ForceOptions};
use attractor_network::library::{NoisePlace, Nonlinearity, leaky};
use ndarray::Axis;

use super::closing::close;
use super::config::{AUTO, FitConfig, FitExperiment, Solver, SolverConfig};
use super::model::{Shape, network};
use super::prepare::{Prepared, division, prepare, reduced, scaled};
use super::results::{FitResults, finite};
use super::session::FitOutcome;
use super::training::Trained;
use crate::clock;
use crate::directory::{RunDirectory, write_text};
use crate::error::RunError;
use crate::log::Log;
use crate::observer::{Event, Observer};
use crate::train::Settings;

mod page;
mod scores;

#[cfg(test)]
mod tests;

pub use scores::{ConstrainedFit, FreeScores, Held, Restart, UnitScore};

/// Rates beyond this have no potential worth having.
const LIMIT: f64 = 0.999;
/// Region of units that have none.
const UNASSIGNED: &str = "unassigned";

fn said(error: FitError) -> RunError {
    RunError::Request(error.to_string())
}

fn unmeasured(error: MeasureError) -> RunError {
    RunError::Request(format!("the currents: {error}"))
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
    let decomposed = material.currents(&main.model, Through::All)?;
    let mut restarts = Vec::new();
    for k in 0..config.fit.restarts as u64 {
        step(&mut log, &format!("restart {}", k + 1));
        let other =
            material.solve(&material.samples, config, config.seed.wrapping_add((k + 1) << 32))?;
        let theirs = material.currents(&other.model, Through::All)?;
        let weights = (main.model.recurrent(), other.model.recurrent());
        let units = material.samples.units();
        let found = agreement((&weights.0, &weights.1), units, (&decomposed, &theirs));
        let Agreement { weights, currents, magnitudes } = found.map_err(unmeasured)?;
        let scores = other.model.scores(&material.samples, config.seed).map_err(said)?;
        restarts.push(Restart { free: finite(scores.clean), weights, currents, magnitudes });
    }
    let held_out = match &material.held {
        Some((train, held)) => {
            step(&mut log, "a fit that does not see the held-out data");
            let blind = material.solve(train, config, config.seed)?;
            let scores = blind.model.scores(held, config.seed).map_err(said)?;
            Some(Held { samples: held.transitions(), scores: FreeScores::of(&scores) })
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
    close(results, settings, log, directory, observer, |results| {
        let (model, text) = (&main.model, &experiment.text);
        page::write(results, &material, model, &runs, &decomposed, text, directory)
    })
}

/// What is fitted.
struct Material {
    prepared: Prepared,
    setting: Setting,
    samples: Samples,
    groups: Vec<Group>,
    /// Training and held-out samples.
    held: Option<(Samples, Samples)>,
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
        let labels = regions(config, &prepared, warnings)?;
        let all = prepared.recording.stretches();
        let how = config.recording.normalise;
        let recording = scaled(&prepared.recording, &all, how, config.recording.peak);
        prepared.recording = reduced(&recording, &all, config.recording.components)?.0;
        let recording = &prepared.recording;
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
                let mut asked = config.clone();
                asked.forecast.held_out = config.fit.held_out;
                let division = division(recording, &asked)?;
                let part = |stretches: &[attractor_recording::Stretch]| {
                    let parts: Vec<_> =
                        stretches.iter().map(|s| (s.trial, s.frames.clone())).collect();
                    samples.select(&parts).map_err(said)
                };
                Some((part(&division.train)?, part(&division.held_out)?))
            }
            false => None,
        };
        Ok(Material { groups: groups_of(&labels), prepared, setting, samples, held })
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

    /// Currents at the recorded rates.
    fn currents(&self, model: &Model, through: Through) -> Result<Currents, RunError> {
        let rates: Vec<f64> = (0..self.samples.lengths().len())
            .flat_map(|trial| self.samples.rates(trial).iter().copied())
            .collect();
        let (weights, units) = (model.recurrent(), model.units);
        currents(&weights, units, &rates, &self.groups, &self.groups, through).map_err(unmeasured)
    }
}

/// A region for each unit that is left.
pub(super) fn regions(
    config: &FitConfig,
    prepared: &Prepared,
    warnings: &mut Vec<String>,
) -> Result<Vec<String>, RunError> {
    let units = prepared.places.len();
    let columns = &prepared.recording.unit_columns;
    let all = match config.fit.regions.as_str() {
        "none" | "" => return Ok(vec!["all".to_owned(); units]),
        AUTO => match (columns.column("region"), Npz::open(&config.recording.file)) {
            (Some(column), _) => texts(column, units),
            (None, Ok(mut file)) if file.has("regions") => of_file(&mut file, "regions", prepared)?,
            _ => return Ok(vec!["all".to_owned(); units]),
        },
        key => match columns.column(key) {
            Some(column) => texts(column, units),
            None => of_file(&mut Npz::open(&config.recording.file)?, key, prepared)?,
        },
    };
    let mut without = 0;
    let labels = all.iter().map(|label| match label.trim() {
        "" => {
            without += 1;
            UNASSIGNED.to_owned()
        }
        name => name.to_owned(),
    });
    let labels = labels.collect();
    if without > 0 {
        warnings.push(format!("{without} units have no region: they are called `{UNASSIGNED}`"));
    }
    Ok(labels)
}

/// The values of a column of the units.
fn texts(column: &Column, units: usize) -> Vec<String> {
    let text = |unit| column.value(unit).map_or_else(String::new, |value| value.to_string());
    (0..units).map(text).collect()
}

/// An array of texts, one for each unit of the file, at the units that are left.
fn of_file(file: &mut Npz, key: &str, prepared: &Prepared) -> Result<Vec<String>, RunError> {
    let all = file.texts(key)?;
    let units = prepared.places.len() + prepared.silent;
    if all.len() != units {
        let (expected, found) = (vec![units], vec![all.len()]);
        let (key, axes) = (key.to_owned(), "[unit]");
        return Err(FileProblem::Shape { key, axes, with: "activity", expected, found }
            .of(file.path())
            .into());
    }
    Ok(prepared.places.iter().map(|&unit| all[unit].clone()).collect())
}

/// The network as a model file: every analysis of other runs applies to it.
fn store(
    material: &Material,
    model: &Model,
    config: &FitConfig,
    directory: &RunDirectory,
) -> Result<(), RunError> {
    let shape = Shape {
        units: model.units,
        hidden: 0,
        channels: model.channels,
        frame: material.samples.dt(),
        steps: model.steps,
        tau: model.unit.parameters()[0],
        rank: None,
        regions: None,
        displaced: 0,
        history: 0,
        noise: 0.0,
        gain: 1.0,
        own: 0.0,
    };
    let network = network(&shape)?;
    let parameters = shape.initial(&network, &[], config.seed);
    let mut trained = Trained { shape, network: Arc::clone(&network), parameters };
    let (n, c) = (model.units, model.channels);
    let part = |from: usize, to: usize| -> Vec<f32> {
        let rows = model.weights.chunks_exact(model.features());
        rows.flat_map(|row| row[from..to].iter().map(|&w| w as f32)).collect()
    };
    let mut set = |name: &str, values: Vec<f32>| {
        let found = network.layout().entries().iter().find(|entry| entry.name.starts_with(name));
        if let Some(entry) = found.filter(|entry| entry.range.len() == values.len()) {
            trained.parameters[entry.range.clone()].copy_from_slice(&values);
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
