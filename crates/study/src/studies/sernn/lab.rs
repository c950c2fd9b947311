//! The network of the study, trained and run.

use std::fmt;
use std::sync::Arc;

use attractor::learn::objective::{CrossEntropy, Reduce, Term, WeightPenalty, WiringPenalty};
use attractor::learn::optimiser::Adam;
use attractor::learn::{Learner, Objective, Optimiser, Phase, Stop, Validate};
use attractor::network::library::{Nonlinearity, elman, linear};
use attractor::network::{
    Description, Interventions, NoiseSource, Population, Positions, Projection, Wiring,
};
use attractor::numerics::law::Law;
use attractor::run::Material;
use attractor::task::{Task, create};
use ndarray::Array2;

use crate::context::Context;
use crate::error::StudyError;
use crate::net::Net;

/// Units on the lattice (seRNN_demo.ipynb).
const SHAPE: [usize; 3] = [5, 5, 4];
/// Number of the batch of trials that is judged.
const TEST: u64 = attractor::data::part::EVALUATION;
/// Updates of the comparison with plain training.
const COMPARED: u64 = 40;

/// What weights cost.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// `γ Σ |W| C D`.
    Spatial(f64),
    /// `γ Σ |W|`.
    L1(f64),
    /// Nothing.
    Plain,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Spatial(gamma) => write!(f, "spatial, γ = {gamma}"),
            Rule::L1(gamma) => write!(f, "L1, γ = {gamma:.4}"),
            Rule::Plain => write!(f, "no penalty"),
        }
    }
}

/// A network, and what it does without noise.
pub(super) struct Trained {
    pub(super) seed: u64,
    /// `[target, source]`.
    pub(super) weights: Array2<f64>,
    pub(super) distances: Array2<f64>,
    /// Fraction correct.
    pub(super) accuracy: f64,
    /// Mean activation of a unit at a step.
    pub(super) energy: f64,
}

/// Task, and how long is trained.
pub(super) struct Lab<'a> {
    context: &'a Context<'a>,
    task: Arc<dyn Task>,
    /// The task without noise, to judge.
    quiet: Box<dyn Task>,
    updates: u64,
    batch: usize,
    test_trials: usize,
}

impl<'a> Lab<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        updates: u64,
        batch: usize,
        test_trials: usize,
    ) -> Result<Self, StudyError> {
        let name = "one-step-inference";
        let task = Arc::from(create(name, &toml::Table::new())?);
        let quiet = create(name, &toml::Table::from_iter([("noise".to_owned(), 0.0.into())]))?;
        Ok(Lab { context, task, quiet, updates, batch, test_trials })
    }

    /// A network before training.
    pub(super) fn fresh(&self) -> Result<Trained, StudyError> {
        self.judge(&self.net()?)
    }

    /// A network after training under a rule.
    pub(super) fn train(&self, rule: Rule) -> Result<Trained, StudyError> {
        let net = self.net()?;
        let weights = self.weights(&net, rule, self.updates)?;
        self.judge(&net.with(weights))
    }

    /// Weights that differ in a bit after training with a penalty of weight 0 and with none.
    pub(super) fn bits_that_differ(&self) -> Result<usize, StudyError> {
        let (net, updates) = (self.net()?, self.updates.min(COMPARED));
        let with = self.weights(&net, Rule::Spatial(0.0), updates)?;
        let without = self.weights(&net, Rule::Plain, updates)?;
        Ok(with.iter().zip(&without).filter(|(a, b)| a.to_bits() != b.to_bits()).count())
    }

    fn weights(&self, net: &Net, rule: Rule, updates: u64) -> Result<Vec<f32>, StudyError> {
        let phase = Phase {
            name: Some(rule.to_string()),
            objective: Objective { terms: rule.terms() },
            // Keras' Adam, unclipped
            learner: Learner {
                optimiser: Optimiser::Adam(Adam { epsilon: 1e-7, ..Adam::default() }),
                rate: 1e-3,
                clip: 0.0,
                batch: self.batch,
                ..Learner::default()
            },
            stop: Stop { updates, ..Stop::default() },
            validate: Validate { every: 0, ..Validate::default() },
            ..Phase::default()
        };
        let source = Material::Task { task: self.task.clone(), seed: self.context.seed }.source();
        let weights = net.weights.clone();
        Ok(self.context.train(&net.network, weights, phase, source, false)?.last)
    }

    fn judge(&self, net: &Net) -> Result<Trained, StudyError> {
        let seed = self.context.seed;
        let trials = self.quiet.generate(seed, TEST, self.test_trials)?;
        let (off, intact) = (NoiseSource::off(), Interventions::default());
        let signals = ["out.y", "rec.h"];
        let run = self.context.run(&net.network, &net.weights, &trials, off, &intact, &signals)?;
        let active: f64 = run[1].iter().map(|h| f64::from(*h)).sum();
        Ok(Trained {
            seed,
            weights: net.matrix("rec->rec")?,
            distances: net.network.distances("rec->rec")?,
            accuracy: self.quiet.score(&trials, run[0].view())?.fraction,
            energy: active / run[1].len() as f64,
        })
    }

    /// `h ← relu(W h + B u + b)`, read out at the last step; drawn as Keras does.
    fn net(&self) -> Result<Net, StudyError> {
        let zero = Law::Constant { value: 0.0 };
        let dense = |law| Wiring::Dense { law };
        let units = SHAPE.iter().product();
        let lattice = Positions::Lattice { shape: SHAPE, spacing: 1.0 };
        let mut rec = Population::of("rec", units, &elman(Nonlinearity::Relu)?).positions(lattice);
        rec.bias.insert("I".to_owned(), zero);
        let mut out = Population::of("out", self.task.outputs().len(), &linear()?);
        out.bias.insert("I".to_owned(), zero);
        let populations = vec![Population::input("in", self.task.inputs().len()), rec, out];
        let wires = vec![
            Projection::new("in.u", "rec.I", dense(Law::Glorot { gain: 1.0 })),
            Projection::new("rec.h", "rec.I", dense(Law::Orthogonal { gain: 1.0 })).lag(1),
            Projection::new("rec.h", "out.I", dense(Law::Glorot { gain: 1.0 })),
        ];
        Net::draw(Description::new(self.task.dt(), populations, wires), self.context.seed)
    }
}

impl Rule {
    fn terms(self) -> Vec<Term> {
        let mut terms = vec![Term::CrossEntropy(CrossEntropy::default())];
        let reduce = Reduce::Sum;
        match self {
            Rule::Spatial(weight) => {
                let projection = "rec->rec".to_owned();
                terms.push(Term::SpatialCommunicability(WiringPenalty {
                    projection,
                    reduce,
                    weight,
                }));
            }
            Rule::L1(weight) => {
                let parameters = "rec->rec.W".to_owned();
                terms.push(Term::L1Weights(WeightPenalty { parameters, reduce, weight }));
            }
            Rule::Plain => {}
        }
        terms
    }
}
