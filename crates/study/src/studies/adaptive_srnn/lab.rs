//! The networks, their training, and what is measured of them.

use std::sync::Arc;

use attractor::analysis::energy::rate;
use attractor::data::Part;
use attractor::data::part::EVALUATION;
use attractor::equations::{Neuron, NeuronError};
use attractor::learn::objective::{CrossEntropy, Term};
use attractor::learn::{Learner, Objective, OwnRate, Phase, Schedule, Stop, Validate};
use attractor::network::{
    Description, Interventions, NoiseSource, Population, Projection, Wiring, library,
};
use attractor::numerics::law::Law;
use attractor::numerics::random;
use attractor::run::Material;
use attractor::task::Task;

use crate::context::Context;
use crate::error::StudyError;
use crate::net::Net;

/// Steps after which back-propagation is cut, as the authors do for long sequences of pixels.
const TRUNCATE: usize = 100;

/// What the network is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    count: usize,
    /// Mean and standard deviation of the membrane's time constants at first, steps.
    tau_m: [f64; 2],
    /// Those of the adaptation.
    tau_adp: [f64; 2],
    /// What reads out.
    readout: Readout,
    /// Weight of the adaptation.
    beta: f64,
    /// Time constants are trained.
    learned: bool,
    /// Law of the input weights.
    input: Law,
    /// Learning rate, and how many times faster the time constants move.
    rates: [f64; 2],
}

/// What reads out, and its time constants at first, in steps; they are learned with those of the units.
#[derive(Clone, Copy, Debug)]
enum Readout {
    /// A leaky integrator for each class.
    Leaky { tau: f64 },
    /// The membrane of an adaptive spiking unit for each class.
    Membrane { tau_m: f64, tau_adp: f64 },
}

impl Readout {
    fn population(self, classes: usize, dt: f64) -> Result<Population, NeuronError> {
        let at = |value| Law::Constant { value };
        Ok(match self {
            Readout::Leaky { tau } => {
                let leaky = library::leaky_readout(library::Input::Current)?;
                let mut out = Population::of("out", classes, &leaky);
                out = out.per_unit("tau", at(tau)).trained("tau");
                let text = out.neuron.as_mut();
                if let Some(tau) = text.and_then(|text| text.parameters.get_mut("tau")) {
                    tau.range = Some([dt, f64::INFINITY]);
                }
                out
            }
            Readout::Membrane { tau_m, tau_adp } => {
                let mut text = library::alif_learned(None)?.to_text();
                text.equations.push("y = after(u)".to_owned());
                let out = Population::of("out", classes, &Neuron::parse(&text, "readout")?);
                out.per_unit("tau_m", at(tau_m)).per_unit("tau_adp", at(tau_adp))
            }
        })
    }
}

impl Units {
    /// As the authors have it for heartbeats (ECG/adapt_srnn_0.844_gpu-v1.py).
    pub(super) fn ecg(count: usize) -> Self {
        Units {
            count,
            tau_m: [20.0, 0.0],
            tau_adp: [7.0, 0.0],
            readout: Readout::Membrane { tau_m: 20.0, tau_adp: 100.0 },
            beta: 1.8,
            learned: true,
            input: Law::Glorot { gain: 1.0 },
            rates: [1e-2, 10.0],
        }
    }

    /// The same with a threshold that stands still.
    pub(super) fn without_adaptation(self) -> Self {
        Units { beta: 0.0, ..self }
    }

    /// The same with time constants that stay as they are drawn.
    pub(super) fn with_fixed_taus(self) -> Self {
        Units { learned: false, ..self }
    }

    /// For pixels, of which an image has 64 here rather than the authors' 784: time constants begin at a quarter of
    /// theirs (20 ± 5 and 200 ± 25, psmnist-gpu-tbptt-v1.py), and the one input is as strong as a spike must be to be
    /// heard.
    pub(super) fn digits(count: usize) -> Self {
        Units {
            count,
            tau_m: [5.0, 1.25],
            tau_adp: [50.0, 6.25],
            readout: Readout::Leaky { tau: 5.0 },
            beta: 1.8,
            learned: true,
            input: Law::Normal { sd: 10.0 },
            rates: [1e-2, 10.0],
        }
    }
}

/// A network after training.
pub(super) struct Trained {
    /// Fraction right of what was held out.
    pub(super) score: f64,
    /// Spikes per unit and step.
    pub(super) rate: f64,
    /// Size of the input per channel and step.
    pub(super) input_rate: f64,
    /// Loss of each update.
    pub(super) losses: Vec<f64>,
    /// Means of the time constants of membrane and adaptation at the end, steps.
    pub(super) taus: [f64; 2],
}

/// A task, and how long is trained.
pub(super) struct Lab<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) task: Arc<dyn Task>,
    pub(super) epochs: usize,
    pub(super) batch: usize,
}

impl Lab<'_> {
    /// Trains a network and runs it on what was held out.
    pub(super) fn train(&self, units: &Units) -> Result<Trained, StudyError> {
        let (task, seed) = (&self.task, self.context.seed);
        let net = self.net(units)?;
        let material = Material::Task { task: task.clone(), seed };
        let trained = self.context.train(
            &net.network,
            net.weights.clone(),
            self.phase(units),
            material.source(),
            false,
        )?;
        let net = net.with(trained.best);
        let held = task.distinct(Part::Evaluation).unwrap_or(1);
        let trials = task.generate(seed, EVALUATION, held)?;
        let (off, none) = (NoiseSource::off(), Interventions::default());
        let signals = ["out.y", "rec.z"];
        let mut ran =
            self.context.run(&net.network, &net.weights, &trials, off, &none, &signals)?;
        let (spikes, outputs) = (ran.remove(1), ran.remove(0));
        let mean = |name: &str| -> Result<f64, StudyError> {
            let values = net.double(name)?;
            Ok(values.iter().sum::<f64>() / values.len() as f64)
        };
        Ok(Trained {
            score: task.score(&trials, outputs.view())?.fraction,
            rate: rate(spikes.view(), &trials.lengths),
            input_rate: rate(trials.inputs.view(), &trials.lengths),
            losses: trained.losses,
            taus: [mean("rec.tau_m")?, mean("rec.tau_adp")?],
        })
    }

    /// Inputs, recurrent units, readouts.
    fn net(&self, units: &Units) -> Result<Net, StudyError> {
        let study = |error: NeuronError| StudyError::Study(error.to_string());
        let zero = Law::Constant { value: 0.0 };
        let alif = library::alif_learned(None).map_err(study)?;
        let mut rec = Population::of("rec", units.count, &alif).param("beta", units.beta);
        rec.bias.insert("I".to_owned(), zero);
        let classes = self.task.outputs().len();
        let mut out = units.readout.population(classes, self.task.dt()).map_err(study)?;
        out.bias.insert("I".to_owned(), zero);
        let glorot = Wiring::Dense { law: Law::Glorot { gain: 1.0 } };
        let orthogonal = Wiring::Dense { law: Law::Orthogonal { gain: 1.0 } };
        let wires = vec![
            Projection::new("in.u", "rec.I", Wiring::Dense { law: units.input }),
            Projection::new("rec.z", "rec.I", orthogonal).lag(1),
            Projection::new("rec.z", "out.I", glorot),
        ];
        let input = Population::input("in", self.task.inputs().len());
        let description = Description::new(self.task.dt(), vec![input, rec, out], wires);
        let seed = self.context.seed;
        let mut net = Net::draw(description, seed)?;
        for (name, [mean, sd]) in [("rec.tau_m", units.tau_m), ("rec.tau_adp", units.tau_adp)] {
            let spread = Law::Normal { sd }.sample(units.count, 1, &mut random::stream(seed, name));
            // some steps at least, so that a learned one is not lost at the border
            net.set(name, spread.into_iter().map(|x| (mean + x).max(2.0) as f32))?;
        }
        Ok(net)
    }

    fn phase(&self, units: &Units) -> Phase {
        let training = self.task.distinct(Part::Training).unwrap_or(1);
        let per_epoch = training.div_ceil(self.batch) as u64;
        let entropy = CrossEntropy::default();
        let [rate, faster] = units.rates;
        let own = OwnRate { parameters: "*.tau*".to_owned(), rate: faster };
        let fixed = OwnRate { rate: 0.0, ..own.clone() };
        Phase {
            objective: Objective { terms: vec![Term::CrossEntropy(entropy)] },
            learner: Learner {
                rate,
                batch: self.batch,
                // gradients over a whole heartbeat explode
                truncate: Some(TRUNCATE),
                schedule: Schedule::Cosine { warmup: 0, updates: None, floor: 0.05 },
                ..Learner::default()
            },
            rates: vec![if units.learned { own } else { fixed }],
            stop: Stop { updates: self.epochs as u64 * per_epoch, ..Stop::default() },
            validate: Validate { every: 2 * per_epoch, trials: 512 },
            ..Phase::default()
        }
    }
}
