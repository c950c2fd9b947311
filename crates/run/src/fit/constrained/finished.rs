//! A fit by a direct solver, read back.

use attractor_learn::constrained::Model;
use attractor_learn::force::ForceOptions;
use attractor_network::{Network, NoiseSource};

use super::{Material, page, place, said};
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::fit::config::{FitExperiment, Solver};
use crate::fit::finished::{Finished, Stretches, delayed};
use crate::fit::model::{OBSERVED, Shape};
use crate::fit::recorded::unchanged;
use crate::fit::regions::regions;
use crate::fit::results::FitResults;
use crate::train::Settings;

/// How far the time step of a file may be off.
const ROUNDING: f64 = 1e-6;

/// The network of a fit, as its report shows it.
pub(crate) fn finished(
    experiment: &FitExperiment,
    directory: &RunDirectory,
    results: &FitResults,
    _: &Settings,
) -> Result<Finished, RunError> {
    let config = &experiment.config;
    let material = Material::read(config, &mut Vec::new())?;
    unchanged(&results.recording, &material.prepared.facts(&config.recording))?;
    let stored = attractor_interop::load(&directory.model())?;
    let steps = match (config.fit.solver, config.fit.published) {
        (Solver::Rls, true) => ForceOptions::published(config.seed).steps,
        _ => 1,
    };
    let Some(model) = material.restored(&stored.network, &stored.parameters, steps)? else {
        return Err(RunError::another_network(directory.model()));
    };
    let coupling = material.coupling(&model)?;
    let run = model.free(&material.samples, Default::default()).map_err(said)?.swap_remove(0);

    let all = material.prepared.recording.stretches();
    let recording = delayed(&material.prepared.recording);
    let stretches = Stretches {
        recording: &recording,
        all: &all,
        judged: &all,
        train: &all,
        lead: 1,
        window: usize::MAX,
    };
    let (frame, tau) = (recording.dt, model.unit.parameters()[0]);
    let shape = Shape::recorded(model.units, model.channels, frame, model.steps, tau);
    let mut runs = stretches.runs(&shape)?;
    // pVar is about the mean of all units together
    let mean = runs.mean.mean().unwrap_or(0.0);
    runs.mean.fill(mean);
    let regions = regions(config, &material.prepared, &mut Vec::new())?;
    let (text, directory) = (experiment.text.clone(), directory.clone());
    Ok(Finished {
        weights: stored.parameters_in(),
        network: stored.network.into(),
        initial: None,
        runs,
        observed: OBSERVED.to_owned(),
        noise: NoiseSource::off(),
        measure: "pVar of the free run, in sample",
        regions,
        write: Box::new(move |results, found| {
            let (weights, currents) = (&coupling.weights, &coupling.currents);
            let shown = page::Shown { material: &material, weights, run: &run, currents };
            page::write(results, &shown, &text, &directory, found)
        }),
    })
}

impl Material {
    /// The fitted network, from its model file; none if that has another, or other steps in a sample.
    fn restored(
        &self,
        network: &Network,
        parameters: &[f64],
        steps: usize,
    ) -> Result<Option<Model>, RunError> {
        let (units, channels) = (self.samples.units(), self.samples.channels());
        if (network.dt() * steps as f64 / self.samples.dt() - 1.0).abs() > ROUNDING {
            return Ok(None);
        }
        let part = |name: &str, width: usize| {
            let range = place(network, name).filter(|range| range.len() == units * width);
            range.map(|range| &parameters[range])
        };
        let none: &[f64] = &[];
        let inputs = if channels == 0 { Some(none) } else { part("in->rec", channels) };
        let (Some(coupling), Some(inputs), Some(bias)) =
            (part("rec->rec", units), inputs, part("rec.I.bias", 1))
        else {
            return Ok(None);
        };
        let row = |unit: usize| {
            let of = |part: &[f64], width| part[unit * width..(unit + 1) * width].to_vec();
            [of(coupling, units), of(inputs, channels), of(bias, 1)].concat()
        };
        Ok(Some(Model {
            unit: self.setting.unit.at(network.dt()).map_err(said)?,
            units,
            channels,
            bias: true,
            steps,
            weights: (0..units).flat_map(row).collect(),
        }))
    }
}
