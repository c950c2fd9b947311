//! Digits read pixel by pixel, as several studies learn them.

use std::sync::Arc;

use attractor::data::part::{EVALUATION, VALIDATION};
use attractor::data::{Part, Trials};
use attractor::learn::objective::{CrossEntropy, Objective, Term};
use attractor::learn::{Learner, Phase, Source, Stop, Validate};
use attractor::network::{Interventions, NoiseSource};
use attractor::run::Material;
use attractor::task::{Task, create};

use crate::context::Context;
use crate::error::StudyError;
use crate::net::Net;

/// The task `sequential-digits`, its class asked at the last step.
pub(crate) struct Digits {
    task: Arc<dyn Task>,
}

/// How long and how fast something learns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Training {
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) rate: f64,
}

impl Digits {
    /// 8×8 pixels, 64 steps.
    pub(crate) fn new() -> Result<Self, StudyError> {
        Ok(Digits { task: Arc::from(create("sequential-digits", &toml::Table::new())?) })
    }

    /// Classes.
    pub(crate) fn classes(&self) -> usize {
        self.task.outputs().len()
    }

    fn count(&self, part: Part) -> usize {
        self.task.distinct(part).unwrap_or(0)
    }

    /// Batches of a seed.
    pub(crate) fn source(&self, seed: u64) -> Arc<dyn Source> {
        Material::Task { task: self.task.clone(), seed }.source()
    }

    /// Trains by Adam and backpropagation on the cross-entropy of the last step. An epoch is as many
    /// updates as there are whole batches in the training part.
    pub(crate) fn train(
        &self,
        context: &Context<'_>,
        net: &Net,
        name: &str,
        source: Arc<dyn Source>,
        training: Training,
    ) -> Result<Net, StudyError> {
        let Training { epochs, batch, rate } = training;
        let updates = epochs * (self.count(Part::Training) / batch);
        let phase = Phase {
            name: Some(name.to_owned()),
            objective: Objective { terms: vec![Term::CrossEntropy(CrossEntropy::default())] },
            learner: Learner { rate, batch, ..Learner::default() },
            stop: Stop { updates: updates as u64, ..Stop::default() },
            validate: Validate { every: 0, trials: 32 },
            ..Phase::default()
        };
        let trained = context.train(&net.network, net.weights.clone(), phase, source, false)?;
        Ok(net.with(trained.last))
    }

    /// Every trial of the evaluation, once.
    pub(crate) fn test(&self, seed: u64) -> Result<Trials, StudyError> {
        Ok(self.task.generate(seed, EVALUATION, self.count(Part::Evaluation))?)
    }

    /// Every trial of the validation, once.
    pub(crate) fn validation(&self, seed: u64) -> Result<Trials, StudyError> {
        Ok(self.task.generate(seed, VALIDATION, self.count(Part::Validation))?)
    }

    /// Fraction of trials whose digit has the largest output.
    pub(crate) fn accuracy(
        &self,
        context: &Context<'_>,
        net: &Net,
        trials: &Trials,
    ) -> Result<f64, StudyError> {
        self.accuracy_under(context, net, trials, &Interventions::default())
    }

    /// The same while something is done to the network.
    pub(crate) fn accuracy_under(
        &self,
        context: &Context<'_>,
        net: &Net,
        trials: &Trials,
        interventions: &Interventions,
    ) -> Result<f64, StudyError> {
        let (network, quiet) = (&net.network, NoiseSource::off());
        let run = context.run(network, &net.weights, trials, quiet, interventions, &["out.y"])?;
        Ok(self.task.score(trials, run[0].view())?.fraction)
    }
}

/// The same trials with something added to their pixels, by step and trial.
pub(crate) fn disturbed(trials: &Trials, add: impl Fn(usize, usize) -> f64) -> Trials {
    let mut disturbed = trials.clone();
    for ((step, trial, _), x) in disturbed.inputs.indexed_iter_mut() {
        *x += add(step, trial) as f32;
    }
    disturbed
}
