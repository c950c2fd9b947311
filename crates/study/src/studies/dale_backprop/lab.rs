//! The networks of the study, trained update by update, pruned and tested.

use std::sync::Arc;

use attractor::data::{OUTPUT, Trials};
use attractor::equations::Neuron;
use attractor::learn::{By, Objective, Optimiser, OwnRate, Plan, Prune};
use attractor::network::{
    Description, Hold, Interventions, NoiseSource, Population, Projection, Sign, Wiring,
};
use attractor::numerics::law::Law as Weights;
use attractor::numerics::random;
use attractor::task::{Task, create};

use crate::context::Context;
use crate::error::StudyError;
use crate::net::Net;

/// Fraction of excitatory units (flip-flop-dales-backprop.ipynb).
const EXCITATORY: f64 = 0.8;
/// The recurrent weights.
const RECURRENT: &str = "rec->rec.W";
/// Learning rate.
const RATE: f64 = 1e-3;
/// Number of the batch of trials that is tested on.
const TEST: u64 = attractor::data::part::EVALUATION;

/// How signs are held.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Law {
    /// Not at all.
    Conventional,
    /// A weight past 0 becomes 0.
    Dale,
    /// A weight past 0 is turned back.
    Rectified,
}

impl Law {
    pub(super) const ALL: [Law; 3] = [Law::Conventional, Law::Dale, Law::Rectified];

    pub(super) fn name(self) -> &'static str {
        match self {
            Law::Conventional => "conventional",
            Law::Dale => "dale",
            Law::Rectified => "rectified",
        }
    }

    /// Recurrent weights under this law: every optimiser's step ends within their signs.
    fn hold(self, wiring: Wiring) -> Wiring {
        let hold = match self {
            Law::Conventional => return wiring,
            Law::Dale => Hold::Clip,
            Law::Rectified => Hold::Reflect,
        };
        wiring.signed(Sign::Dale { excitatory: EXCITATORY, seed: None }, hold)
    }
}

/// A network after training.
pub(super) struct Trained {
    pub(super) weights: Vec<f32>,
    /// Mean squared error on the test trials before training and after every epoch.
    pub(super) errors: Vec<f64>,
    /// Weights of the wrong sign, over all updates.
    pub(super) wrong_signs: usize,
}

/// A network after fine-tuning.
pub(super) struct Tuned {
    /// Mean squared error on the test trials.
    pub(super) error: f64,
    pub(super) wrong_signs: usize,
    /// Pruned weights that are not 0, over all updates.
    pub(super) pruned_alive: usize,
}

/// Task, and sizes.
pub(super) struct Lab<'a> {
    context: &'a Context<'a>,
    task: Arc<dyn Task>,
    test: Trials,
    units: usize,
    batch: usize,
    per_epoch: u64,
}

impl<'a> Lab<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        units: usize,
        batch: usize,
        per_epoch: u64,
        test_trials: usize,
    ) -> Result<Self, StudyError> {
        let preset = toml::Table::from_iter([("preset".to_owned(), "balwani-2025".into())]);
        let task: Arc<dyn Task> = Arc::from(create("flip-flop", &preset)?);
        let test = task.generate(context.seed, TEST, test_trials)?;
        Ok(Lab { context, task, test, units, batch, per_epoch })
    }

    /// Trains from nothing.
    pub(super) fn train(&self, law: Law, epochs: u64) -> Result<Trained, StudyError> {
        let net = self.net(law)?;
        let (mut errors, mut wrong_signs) = (vec![self.error(&net)?], 0);
        let weights = self.descend(&net, &[], epochs, |update, weights| {
            wrong_signs += self.wrong_signs(&net, weights)?;
            if update.is_multiple_of(self.per_epoch) {
                errors.push(self.error(&net.with(weights.to_vec()))?);
            }
            Ok(())
        })?;
        Ok(Trained { weights, errors, wrong_signs })
    }

    /// Prunes a network of Dale's law and trains what is left.
    pub(super) fn tune(
        &self,
        weights: &[f32],
        by: By,
        sparsity: f64,
        epochs: u64,
    ) -> Result<Tuned, StudyError> {
        let mut net = self.net(Law::Dale)?.with(weights.to_vec());
        let pruned = self.cut(&mut net, by, sparsity, 0);
        let (mut wrong_signs, mut pruned_alive) = (0, 0);
        let weights = self.descend(&net, &pruned, epochs, |_, weights| {
            wrong_signs += self.wrong_signs(&net, weights)?;
            pruned_alive += pruned.iter().filter(|&&k| weights[k] != 0.0).count();
            Ok(())
        })?;
        let error = self.error(&net.with(weights))?;
        Ok(Tuned { error, wrong_signs, pruned_alive })
    }

    /// PyTorch's Adam, unclipped, and after each update the pruned places. PyTorch's layer has
    /// two biases that add up, so ours moves twice as fast.
    fn descend(
        &self,
        net: &Net,
        pruned: &[usize],
        epochs: u64,
        mut after: impl FnMut(u64, &[f32]) -> Result<(), StudyError>,
    ) -> Result<Vec<f32>, StudyError> {
        let layout = net.network.layout();
        let twice = OwnRate { parameters: "rec.I.bias".to_owned(), rate: 2.0 };
        let plan = Plan::new(layout, None, &[twice], &[]);
        let resolved = Objective::default().resolve(&*net.network);
        let resolved = resolved.map_err(|all| StudyError::Study(format!("{all:?}")))?;
        let mut updater = Optimiser::default().build::<f32>(layout.len());
        let mut engine = self.context.engine(&net.network)?;
        let (mut weights, mut gradient) = (net.weights.clone(), vec![0.0; layout.len()]);
        for number in 0..epochs * self.per_epoch {
            let trials = self.task.generate(self.context.seed, number, self.batch)?;
            let bound = resolved.bind(&trials).map_err(|e| StudyError::Study(e.to_string()))?;
            let noise = NoiseSource::off();
            engine.gradient(&weights, &trials, &bound, noise, None, &mut gradient)?;
            pruned.iter().for_each(|&place| gradient[place] = 0.0);
            updater.step(&mut weights, &gradient, &plan, RATE, 1.0);
            pruned.iter().for_each(|&place| weights[place] = 0.0);
            after(number + 1, &weights)?;
        }
        Ok(weights)
    }

    /// Error and sparsity right after pruning a network of Dale's law.
    pub(super) fn pruned(
        &self,
        weights: &[f32],
        by: By,
        sparsity: f64,
        draw: usize,
    ) -> Result<(f64, f64), StudyError> {
        let mut net = self.net(Law::Dale)?.with(weights.to_vec());
        self.cut(&mut net, by, sparsity, draw);
        Ok((self.error(&net)?, self.zeros(&net.weights)?))
    }

    /// Prunes the recurrent weights and says which are 0.
    fn cut(&self, net: &mut Net, by: By, sparsity: f64, draw: usize) -> Vec<usize> {
        let parameters = RECURRENT.to_owned();
        let prune = Prune { parameters, sparsity, by, start: 0, over: 0, every: 1 };
        let mut rng = random::stream(self.context.seed, &format!("pruned.{draw}"));
        prune.cut(net.network.layout(), &mut net.weights, sparsity, &mut rng)
    }

    /// Fraction of the recurrent weights that are 0.
    pub(super) fn zeros(&self, weights: &[f32]) -> Result<f64, StudyError> {
        let net = self.net(Law::Dale)?.with(weights.to_vec());
        let recurrent = net.array(RECURRENT)?;
        Ok(recurrent.iter().filter(|w| **w == 0.0).count() as f64 / recurrent.len() as f64)
    }

    /// Mean squared error on the test trials.
    fn error(&self, net: &Net) -> Result<f64, StudyError> {
        let (off, intact) = (NoiseSource::off(), Interventions::default());
        let run =
            self.context.run(&net.network, &net.weights, &self.test, off, &intact, &[OUTPUT])?;
        let wanted = &self.test.targets[0].values;
        let squares = run[0].iter().zip(wanted).map(|(y, t)| f64::from(y - t).powi(2));
        Ok(squares.sum::<f64>() / wanted.len() as f64)
    }

    /// Recurrent weights whose sign is not that of their source.
    fn wrong_signs(&self, net: &Net, parameters: &[f32]) -> Result<usize, StudyError> {
        let recurrent = net.network.layout().array(RECURRENT, parameters)?;
        let rows = recurrent.chunks(self.units);
        Ok(rows
            .flat_map(|row| row.iter().enumerate())
            .filter(|&(j, w)| self.sign(j) * w < 0.0)
            .count())
    }

    /// The sign of a unit.
    fn sign(&self, unit: usize) -> f32 {
        let excitatory = (EXCITATORY * self.units as f64).round() as usize;
        if unit < excitatory { 1.0 } else { -1.0 }
    }

    /// Weights and biases start as PyTorch's, within ± 1/√N; recurrent ones with signs are uniform
    /// between 0 and ± 1/√N.
    fn net(&self, law: Law) -> Result<Net, StudyError> {
        let unit = Neuron::define("dale", |n| {
            n.doc("tanh unit that sends what is above 0");
            let o = n.state("o");
            n.next(o, n.drive("I").tanh());
            n.emit("o", n.after(o));
            n.emit("h", n.after(o).max(n.constant(0.0)));
        })?;
        let readout = Neuron::define("tanh-readout", |n| {
            n.emit("y", n.drive("I").tanh());
        })?;
        let root = 1.0 / (self.units as f64).sqrt();
        let dense = |limit: f64| Wiring::Dense { law: Weights::Uniform { limit } };
        let mut rec = Population::of("rec", self.units, &unit);
        // two biases of PyTorch's, each within ± 1/√N, add up; one of their spread
        let limit = root * 2f64.sqrt();
        rec.bias.insert("I".to_owned(), Weights::Uniform { limit });
        let mut out = Population::of("out", 1, &readout);
        out.bias.insert("I".to_owned(), Weights::Uniform { limit: root });
        let wires = vec![
            Projection::new("in.u", "rec.I", dense(root)),
            Projection::new("rec.h", "rec.I", law.hold(dense(root))).lag(1),
            Projection::new("rec.o", "out.I", dense(root)),
        ];
        let populations = vec![Population::input("in", 1), rec, out];
        let description = Description::new(self.task.dt(), populations, wires);
        let mut net = Net::draw(description, self.context.seed)?;
        if law != Law::Conventional {
            let drawn = Weights::Uniform { limit: root };
            let mut rng = random::stream(self.context.seed, "signed");
            let drawn = drawn.sample(self.units, self.units, &mut rng);
            let signed =
                drawn.iter().enumerate().map(|(k, w)| self.sign(k % self.units) * w.abs() as f32);
            let signed: Vec<f32> = signed.collect();
            net.set(RECURRENT, signed)?;
        }
        Ok(net)
    }
}
