//! A stochastic fit, read back; its network starts where each stretch was inferred to.

use std::sync::Arc;

use attractor_data::Npz;
use attractor_learn::stochastic::Model;
use attractor_network::{Network, NoiseSource, Start};
use attractor_numerics::law::Law;
use attractor_recording::Recording;
use ndarray::{Array2, Array3, s};

use super::{LATENTS, Material, StochasticFit, page, said};
use crate::describe::RECURRENT;
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::fit::config::FitExperiment;
use crate::fit::finished::{Finished, Stretches, delayed};
use crate::fit::model::Shape;
use crate::fit::recorded::unchanged;
use crate::fit::regions::regions;
use crate::fit::results::FitResults;
use crate::train::Settings;

/// The activity of the recorded units.
const OBSERVED: &str = "rec.y[recorded]";

/// The network of a fit, as its report shows it.
pub(crate) fn finished(
    experiment: &FitExperiment,
    directory: &RunDirectory,
    results: &FitResults,
    _: &Settings,
) -> Result<Finished, RunError> {
    let config = &experiment.config;
    let material = Material::read(config)?;
    unchanged(&results.recording, &material.prepared.facts(&config.recording))?;
    let shape = material.shape;
    let latents = latents(directory, &material)?;
    let Some(StochasticFit { tau, .. }) = results.stochastic else {
        return Err(RunError::Request(format!(
            "{} has no results of fit.solver = \"smc\", which config.toml names",
            directory.results().display()
        )));
    };
    let decay = (-material.whole.dt() / tau).exp();

    let all = material.recording.stretches();
    let divided = material.division.as_ref();
    let every: Vec<_> = match divided {
        Some(division) => division.train.iter().chain(&division.held_out).cloned().collect(),
        None => all.clone(),
    };
    let recording = delayed(&material.recording);
    let stretches = Stretches {
        recording: &recording,
        all: &every,
        judged: divided.map_or(&all, |division| &division.held_out),
        train: divided.map_or(&all, |division| &division.train),
        lead: 1,
        window: config.smc.window,
    };
    let seen = Shape::recorded(shape.recorded, shape.channels, recording.dt, 1, tau);
    let mut runs = stretches.runs(&seen)?;
    let filtered = filtered(&material.recording, decay);
    let mut start = Array2::zeros((runs.trials.len(), shape.rank + shape.channels));
    for (mut row, (begin, _)) in start.outer_iter_mut().zip(stretches.begins()) {
        let z = &latents[begin.trial][begin.frame * shape.rank..][..shape.rank];
        row.iter_mut().zip(z).for_each(|(to, &z)| *to = z as f32);
        let v = filtered.slice(s![begin.frame, begin.trial, ..]);
        row.slice_mut(s![shape.rank..]).assign(&v);
    }
    runs.trials.start = Some(start);
    for target in &mut runs.trials.targets {
        OBSERVED.clone_into(&mut target.signal);
    }

    let stored = attractor_interop::load(&directory.model())?;
    let drawn = Model::drawn(shape, &material.windows, config.seed).map_err(said)?;
    let (before, drawn) = drawn.network().map_err(said)?;
    if stored.network.layout() != before.layout() {
        return Err(RunError::another_network(directory.model()));
    }
    let (network, weights) = started(&stored.network, &stored.parameters, decay)?;
    let (_, initial) = started(&before, &drawn, decay)?;
    let regions = regions(config, &material.prepared, &mut Vec::new())?;
    let (text, directory) = (experiment.text.clone(), directory.clone());
    Ok(Finished {
        network,
        weights,
        initial: Some(initial),
        runs,
        observed: OBSERVED.to_owned(),
        noise: NoiseSource { seed: config.seed, epoch: 0, on: true },
        measure: match divided {
            Some(_) => "held-out R² of the free run, without noise",
            None => "in-sample R² of the free run, without noise",
        },
        regions,
        write: Box::new(move |results, found| {
            let shown = page::Shown { material: &material, latents: &latents };
            page::write(results, &shown, &text, &directory, found)
        }),
    })
}

/// The latents of every frame that a fit left, `[frame, latent]` of each trial.
fn latents(directory: &RunDirectory, material: &Material) -> Result<Vec<Vec<f64>>, RunError> {
    let (file, rank) = (directory.path().join(LATENTS), material.shape.rank);
    let all: Array2<f64> = Npz::open(&file)?.array("latents", "[frame, latent]")?;
    let lengths = material.whole.lengths();
    if all.dim() != (lengths.iter().sum(), rank) {
        let problem = "it does not have the latents of this recording".to_owned();
        return Err(RunError::File { file, problem });
    }
    let mut frames = all.outer_iter();
    let trial = |&length: &usize| frames.by_ref().take(length).flatten().copied().collect();
    Ok(lengths.iter().map(trial).collect())
}

/// The inputs as units see them, `v_t = d v_{t-1} + (1 - d) u_{t-1}`, `v = 0` at first.
pub(super) fn filtered(recording: &Recording, decay: f64) -> Array3<f32> {
    let inputs = &recording.inputs;
    let mut filtered = Array3::zeros(inputs.dim());
    for t in 1..inputs.dim().0 {
        let before = filtered.slice(s![t - 1, .., ..]).mapv(f64::from) * decay;
        let now = before + inputs.slice(s![t - 1, .., ..]).mapv(f64::from) * (1.0 - decay);
        filtered.slice_mut(s![t, .., ..]).assign(&now.mapv(|v| v as f32));
    }
    filtered
}

/// The network of a model file, but one whose trials start anywhere: at `x = m z + W_in v` for a start
/// vector of latents z and filtered inputs v. The input of a step is that of the frame before.
pub(super) fn started(
    network: &Network,
    parameters: &[f64],
    decay: f64,
) -> Result<(Arc<Network>, Vec<f32>), RunError> {
    let array = |name: &str| {
        let range = network.layout().get(name).map(|entry| entry.range.clone());
        range.map_or(&[][..], |range| &parameters[range])
    };
    let (m, inputs) = (array("rec->rec.m"), array("in->rec.W"));
    let mut description = network.description().clone();
    let mut units = 0;
    for rec in description.populations.iter_mut().filter(|p| p.name == RECURRENT) {
        units = rec.units;
        let law = Law::Constant { value: 0.0 };
        let start = Start::Wired { inputs: (m.len() + inputs.len()) / units, law };
        rec.start.insert("x".to_owned(), start);
    }
    for projection in description.projections.iter_mut().filter(|p| p.from == "in.u") {
        projection.lag = 0;
    }
    let row = |unit: usize| {
        let of = |part: &[f64]| {
            let width = part.len() / units;
            part[unit * width..(unit + 1) * width].to_vec()
        };
        [of(m), of(inputs).into_iter().map(|w| w / (1.0 - decay)).collect()].concat()
    };
    let start: Vec<f64> = (0..units).flat_map(row).collect();
    let made = Network::new(description)?;
    let of = |name: &str| if name == "rec.x.start" { &start[..] } else { array(name) };
    let parameters = made.layout().entries().iter().flat_map(|entry| of(&entry.name));
    let parameters = parameters.map(|&value| value as f32).collect();
    Ok((Arc::new(made), parameters))
}
