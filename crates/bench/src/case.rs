//! The cases of the table, and one training step of each through the shipped trainer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use attractor_data::{Target, Trials};
use attractor_equations::{Neuron, NeuronError};
use attractor_learn::{
    Learner, Objective, Options, Phase, Source, SourceError, Stage, Stop, Trainer, Validate,
};
use attractor_network::library::{self, Lif, NoisePlace, Nonlinearity};
use attractor_network::{
    Description, Engine, EngineOptions, Interventions, Network, NoiseSource, Population,
    Projection, Wiring,
};
use attractor_numerics::law::Law;
use ndarray::{Array2, Array3, ArrayView3};
use serde::Serialize;

use crate::error::BenchError;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Case {
    /// `leaky`, `elman`, `gru`, `lstm`, `horn`, `lif` or `alif`, as the peers call it.
    pub cell: &'static str,
    /// Recurrent units.
    pub units: usize,
    /// Trials per batch.
    pub trials: usize,
    /// Time steps.
    pub steps: usize,
}

const fn case(cell: &'static str, units: usize, trials: usize, steps: usize) -> Case {
    Case { cell, units, trials, steps }
}

/// All cases.
pub const CASES: [Case; 18] = [
    case("leaky", 64, 64, 100),
    case("leaky", 128, 64, 100),
    case("leaky", 256, 64, 100),
    case("leaky", 512, 64, 100),
    case("leaky", 1024, 64, 100),
    case("leaky", 50, 16, 100),
    case("leaky", 100, 16, 500),
    case("elman", 128, 64, 100),
    case("elman", 512, 64, 100),
    case("gru", 128, 64, 100),
    case("gru", 512, 64, 100),
    case("lstm", 128, 64, 100),
    case("lstm", 512, 64, 100),
    case("horn", 32, 64, 196),
    case("lif", 100, 64, 100),
    case("lif", 256, 64, 100),
    case("alif", 100, 64, 100),
    case("alif", 256, 64, 100),
];

/// Input and output channels.
const INPUTS: usize = 6;
const OUTPUTS: usize = 3;

impl Case {
    /// Floating-point operations of the recurrent products of one training step: `6 gates N²` for each
    /// trial and step (forwards, backwards, weight gradient).
    pub fn flops(&self) -> f64 {
        let gates = match self.cell {
            "gru" => 3,
            "lstm" => 4,
            _ => 1,
        };
        6.0 * (gates * self.units * self.units * self.trials * self.steps) as f64
    }

    /// Whether its units spike.
    pub fn spikes(&self) -> bool {
        matches!(self.cell, "lif" | "alif")
    }

    /// Its neuron, and the drives that inputs and recurrent projections go to.
    fn neuron(&self) -> Result<Ports, NeuronError> {
        let ports = |neuron, inputs: &[&'static str], recurrent: &[&'static str]| {
            (neuron, inputs.to_vec(), recurrent.to_vec())
        };
        Ok(match self.cell {
            "gru" => ports(library::gru()?, &["I_r", "I_z", "I_n"], &["I_r", "I_z", "H_n"]),
            "lstm" => {
                let gates = ["I_i", "I_f", "I_g", "I_o"];
                ports(library::lstm()?, &gates, &gates)
            }
            "horn" => ports(library::horn()?, &["I"], &["R"]),
            "lif" | "alif" => {
                let kind = Lif { adaptive: self.cell == "alif", ..Lif::default() };
                ports(library::lif(self.cell, &kind)?, &["I"], &["I"])
            }
            "elman" => ports(library::elman(Nonlinearity::Tanh)?, &["I"], &["I"]),
            _ => ports(library::leaky(Nonlinearity::Tanh, NoisePlace::Outside)?, &["I"], &["I"]),
        })
    }

    /// Time step, ms: rate units have `dt/tau` = 0.2, the others are defined for steps of 1 ms.
    fn dt(&self) -> f64 {
        if self.spikes() || self.cell == "horn" { 1.0 } else { 20.0 }
    }

    /// Gain of input and recurrent weights. Half the threshold for units that spike: some 7 % of them then
    /// fire at a step of 1 ms, where weights of order 1 would have half of them fire at every step.
    fn gain(&self) -> f64 {
        match self.cell {
            "lif" => 0.05,
            "alif" => 0.3,
            _ => 1.0,
        }
    }

    /// Learning rate: units that spike go on spiking as they do.
    fn rate(&self) -> f64 {
        if self.spikes() { 1e-6 } else { Learner::default().rate }
    }

    /// The network: inputs, recurrent units, linear readout.
    pub(crate) fn description(&self) -> Result<Description, NeuronError> {
        let (neuron, inputs, recurrent) = self.neuron()?;
        let emission = format!("rec.{}", neuron.emissions[0].symbol.name);
        let zero = || Law::Constant { value: 0.0 };
        let population = |name: &str, units, neuron: Option<&Neuron>| Population {
            neuron: neuron.map(Neuron::to_text),
            bias: neuron.map_or_else(BTreeMap::new, |n| {
                n.drives.iter().map(|d| (d.name.clone(), zero())).collect()
            }),
            ..Population::input(name, units)
        };
        let projection = |name: String, from: &str, to: String, lag, gain| Projection {
            name: Some(name),
            from: from.into(),
            to,
            lag,
            wiring: Wiring::Dense { law: Law::Gaussian { gain } },
            trained: true,
        };
        let mut projections = vec![projection("out".into(), &emission, "out.I".into(), 0, 1.0)];
        let mut to_units = |name: &str, from: &str, drives: &[&str], lag| {
            projections.extend(drives.iter().map(|d| {
                projection(format!("{name}.{d}"), from, format!("rec.{d}"), lag, self.gain())
            }));
        };
        to_units("in", "in.u", &inputs, 0);
        to_units("rec", &emission, &recurrent, 1);
        let populations = vec![
            population("in", INPUTS, None),
            population("rec", self.units, Some(&neuron)),
            population("out", OUTPUTS, Some(&library::linear()?)),
        ];
        Ok(Description::new(self.dt(), populations, projections))
    }
}

/// A neuron, the drives of inputs, the drives of recurrent projections.
type Ports = (Neuron, Vec<&'static str>, Vec<&'static str>);

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Case { cell, units, trials, steps } = self;
        write!(f, "{cell}, N = {units}, {trials} trials, T = {steps}")
    }
}

/// The same trials every time.
struct Fixed(Trials);

impl Source for Fixed {
    fn batch(&self, _: u64, _: usize) -> Result<Trials, SourceError> {
        Ok(self.0.clone())
    }

    fn score(&self, _: &Trials, _: ArrayView3<'_, f32>) -> Result<Option<f64>, SourceError> {
        Ok(None)
    }
}

/// A case ready to train: forward with noise, loss, backward, clip, Adam.
pub struct TrainingStep {
    case: Case,
    network: Arc<Network>,
    trainer: Trainer,
}

impl TrainingStep {
    /// Builds network, trials and trainer.
    ///
    /// # Errors
    /// If any of them cannot be built.
    pub fn new(case: Case, threads: usize, shards: Option<usize>) -> Result<Self, BenchError> {
        let failed = |problem: String| BenchError::Case { case: case.to_string(), problem };
        let description = case.description().map_err(|e| failed(e.to_string()))?;
        Self::of(case, description, threads, shards)
    }

    /// As [`TrainingStep::new`], of another network with the same inputs and outputs.
    pub(crate) fn of(
        case: Case,
        description: Description,
        threads: usize,
        shards: Option<usize>,
    ) -> Result<Self, BenchError> {
        let failed = |problem: String| BenchError::Case { case: case.to_string(), problem };
        let network = Arc::new(Network::new(description).map_err(|e| failed(e.to_string()))?);
        let start = network.initial_parameters(1).iter().map(|&p| p as f32).collect();
        let options = EngineOptions { threads, shards, ..EngineOptions::default() };
        let engine = Engine::new(network.clone(), options).map_err(|e| failed(e.to_string()))?;
        let phase = Phase {
            objective: Objective::default(),
            learner: Learner { batch: case.trials, rate: case.rate(), ..Learner::default() },
            stop: Stop { updates: u64::MAX, ..Stop::default() },
            validate: Validate { every: u64::MAX, ..Validate::default() },
            ..Phase::default()
        };
        let stage = Stage { phase, source: Arc::new(Fixed(trials(case))) };
        let trainer = Trainer::new(engine, start, vec![stage], Options::default())
            .map_err(|e| failed(e.to_string()))?;
        Ok(TrainingStep { case, network, trainer })
    }

    /// Fraction of the units that fire at a step, with the weights as they are now; none where units do
    /// not spike.
    ///
    /// # Errors
    /// If the network cannot run.
    pub fn fires(&self) -> Result<Option<f64>, BenchError> {
        if !self.case.spikes() {
            return Ok(None);
        }
        let failed = |problem: String| BenchError::Case { case: self.case.to_string(), problem };
        let signal = self.network.signal("rec.z").map_err(|e| failed(e.to_string()))?;
        let engine = Engine::<f32>::new(self.network.clone(), EngineOptions::default());
        let spikes = engine.map_err(|e| failed(e.to_string()))?.run(
            self.trainer.parameters(),
            &trials(self.case),
            NoiseSource::off(),
            &Interventions::default(),
            &[signal],
        );
        let spikes = spikes.map_err(|e| failed(e.to_string()))?;
        Ok(spikes[0].mean().map(f64::from))
    }

    /// One training step; its time in ms.
    ///
    /// # Errors
    /// If training diverges.
    pub fn step(&mut self) -> Result<f64, BenchError> {
        let start = Instant::now();
        let failed = |problem| BenchError::Case { case: self.case.to_string(), problem };
        self.trainer.advance().map_err(|e| failed(e.to_string()))?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }
}

/// Inputs and targets that look like a task's: waves of every channel's own frequency; the first
/// quarter of the steps is not asked for.
fn trials(case: Case) -> Trials {
    let wave =
        |t: usize, b: usize, c: usize| ((t as f32) * 0.05 * (1.0 + c as f32) + b as f32).sin();
    let shape = |channels| (case.steps, case.trials, channels);
    let target = Target {
        signal: "out.y".into(),
        values: Array3::from_shape_fn(shape(OUTPUTS), |(t, b, c)| 0.5 * wave(t + 3, b, c)),
        weights: Array2::from_shape_fn((case.steps, case.trials), |(t, _)| {
            f32::from(t >= case.steps / 4)
        }),
    };
    Trials {
        dt: case.dt(),
        inputs: Array3::from_shape_fn(shape(INPUTS), |(t, b, c)| wave(t, b, c)),
        input_names: (0..INPUTS).map(|c| format!("in{c}")).collect(),
        targets: vec![target],
        start: None,
        conditions: attractor_data::Conditions::none(case.trials),
        lengths: vec![case.steps; case.trials],
    }
}

/// Builds the case of the peers' first update and makes one; for a process that times itself from
/// its own start.
///
/// # Errors
/// As [`TrainingStep::new`].
pub fn first_update(threads: usize) -> Result<(), BenchError> {
    TrainingStep::new(case("leaky", 128, 64, 100), threads, None)?.step().map(|_| ())
}
