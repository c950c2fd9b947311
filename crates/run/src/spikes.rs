//! Spikes of a trained population: how many there are, what a step costs, and rasters.

use attractor_analysis::energy::{Cell as Kind, Costs, rate};
use attractor_learn::Model;
use attractor_network::Engine;
use attractor_report::{Cell, Figure, Label, Matrix, Raster, ReportError, SpikingTrial, Table};
use serde::{Deserialize, Serialize};

use crate::config::Experiment;
use crate::describe::RECURRENT;
use crate::error::RunError;
use crate::evaluate::{Sample, noise};
use crate::material::Material;

/// Units whose membranes are drawn.
const DRAWN: usize = 3;

/// Rates of spikes on the trials of the evaluation, and the energy of a step at these rates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spikes {
    /// Spikes per unit in a step.
    pub per_step: f64,
    /// Spikes per unit and second.
    pub hz: f64,
    /// Mean size of an input channel in a step.
    pub input_per_step: f64,
    /// The same number of units of other kinds beside them.
    pub energy: Vec<Energy>,
}

/// What a step of some kind of cell costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Energy {
    /// Kind of cell.
    pub cell: String,
    /// Multiplications whose product is added to a sum.
    pub multiply: f64,
    /// Additions to a sum.
    pub add: f64,
    /// Energy in integers of 32 bits, pJ.
    pub int32: f64,
    /// Energy in floating-point numbers of 32 bits, pJ.
    pub fp32: f64,
}

/// Counts the spikes on the trials of the evaluation; none if the population does not spike in the
/// sample.
pub(crate) fn measure(
    experiment: &Experiment,
    engine: &mut Engine<f32>,
    weights: &[f32],
    sample: &Sample,
) -> Result<Option<Spikes>, RunError> {
    if !spiking(sample) {
        return Ok(None);
    }
    let trials = experiment.material.evaluation(experiment.config.evaluate.trials)?;
    let name = format!("{RECURRENT}.{}", experiment.emission());
    let record = [experiment.network.signal(&name)?];
    let spikes = Model::run(engine, weights, &trials, noise(experiment), &record)?;
    let per_step = spikes.first().map_or(0.0, |spikes| rate(spikes.view(), &trials.lengths));
    let input_per_step = rate(trials.inputs.view(), &trials.lengths);
    let (inputs, units) = (trials.channels(), experiment.config.network.units);
    let energy = Kind::ALL.iter().map(|(cell, kind)| {
        let operations = kind.operations(inputs, units, [input_per_step, per_step]);
        Energy {
            cell: (*cell).to_owned(),
            multiply: operations.multiply,
            add: operations.add,
            int32: operations.energy(Costs::INT32),
            fp32: operations.energy(Costs::FP32),
        }
    });
    let hz = per_step * 1000.0 / experiment.network.dt();
    Ok(Some(Spikes { per_step, hz, input_per_step, energy: energy.collect() }))
}

/// Whether what the units emit is 0 or 1, and sometimes 1.
fn spiking(sample: &Sample) -> bool {
    let binary = sample.activity.iter().all(|&z| z == 0.0 || z == 1.0);
    binary && sample.activity.iter().any(|&z| z == 1.0)
}

/// Rasters of the sample, if its population spikes.
pub(crate) fn raster(
    experiment: &Experiment,
    sample: &Sample,
) -> Result<Option<Figure>, ReportError> {
    let Some((name, membrane)) = sample.membrane.as_ref().filter(|_| spiking(sample)) else {
        return Ok(None);
    };
    // units that spike, spread over the population; or the first, if none does
    let (_, _, units) = sample.activity.dim();
    let mut active: Vec<usize> = (0..units)
        .filter(|&k| sample.activity.index_axis(ndarray::Axis(2), k).iter().any(|z| *z > 0.0))
        .collect();
    if active.is_empty() {
        active = (0..units).collect();
    }
    let every = active.len().div_ceil(DRAWN).max(1);
    let drawn: Vec<usize> = active.into_iter().step_by(every).take(DRAWN).collect();
    let mut figure = Raster::new(experiment.network.dt())
        .membranes(drawn.iter().copied(), Label::new().italic(name));
    for trial in 0..sample.trials.len() {
        let (steps, units, spikes) = sample.of(&sample.activity, trial);
        let (_, all, potentials) = sample.of(membrane, trial);
        let chosen: Vec<f32> = (0..steps)
            .flat_map(|t| drawn.iter().map(move |&k| (t, k)))
            .map(|(t, k)| potentials[t * all + k])
            .collect();
        figure = figure.trial(SpikingTrial::new(
            Material::describe(&sample.trials, trial),
            Matrix::new(steps, units, &spikes)?,
            Matrix::new(steps, drawn.len(), &chosen)?,
        ));
    }
    Ok(Some(figure.figure()))
}

impl Spikes {
    /// What a step costs, by kind of cell.
    pub(crate) fn table(&self) -> Table {
        let caption = format!(
            "Energy of a step in 45 nm, by kind of cell: {} spikes per unit and step ({} Hz), {} per input",
            attractor_report::number(self.per_step, 3),
            attractor_report::number(self.hz, 3),
            attractor_report::number(self.input_per_step, 3),
        );
        let columns = ["cells", "multiply-accumulate", "accumulate", "int32, pJ", "fp32, pJ"];
        self.energy.iter().fold(Table::new(caption).columns(columns), |table, row| {
            table.row([
                Cell::text(&row.cell),
                Cell::number(row.multiply, 4),
                Cell::number(row.add, 4),
                Cell::number(row.int32, 4),
                Cell::number(row.fp32, 4),
            ])
        })
    }
}
