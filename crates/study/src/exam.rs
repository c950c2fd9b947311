//! A task that networks learn, and trials of it on which they are tested: intact, or with projections cut.

use std::ops::Range;
use std::sync::Arc;

use attractor::analysis::{Regressor, regress};
use attractor::data::{OUTPUT, Trials};
use attractor::learn::Phase;
use attractor::network::{Action, Intervention, Interventions, NoiseSource};
use attractor::run::Material;
use attractor::task::{Task, create};
use ndarray::{Array2, Array3, ArrayView2, Axis};

use crate::context::{Context, Trained};
use crate::error::StudyError;
use crate::net::Net;

/// Number of the batch of trials that is tested on.
const TEST: u64 = attractor::data::part::EVALUATION;
/// The coherences of the context-dependent decision, among the conditions of a trial.
const COHERENCES: [&str; 2] = ["coherence_a", "coherence_b"];

/// A task, and trials to test on.
pub(crate) struct Exam<'a> {
    context: &'a Context<'a>,
    pub(crate) task: Arc<dyn Task>,
    pub(crate) trials: Trials,
}

impl<'a> Exam<'a> {
    /// The task of a name with these options, and so many trials.
    pub(crate) fn new(
        context: &'a Context<'a>,
        task: &str,
        options: &toml::Table,
        trials: usize,
    ) -> Result<Self, StudyError> {
        Exam::of(context, Arc::from(create(task, options)?), trials)
    }

    /// A task, and so many trials.
    pub(crate) fn of(
        context: &'a Context<'a>,
        task: Arc<dyn Task>,
        trials: usize,
    ) -> Result<Self, StudyError> {
        let trials = task.generate(context.seed, TEST, trials)?;
        Ok(Exam { context, task, trials })
    }

    /// The steps of a period of the first trial.
    pub(crate) fn during(&self, period: &str) -> Result<Range<usize>, StudyError> {
        let schedules = self.task.schedules(self.context.seed, TEST, 1)?;
        Ok(schedules.first().map(|schedule| schedule.of(period)).unwrap_or_default())
    }

    /// The trials in context A, and those in context B.
    pub(crate) fn contexts(&self) -> [Vec<usize>; 2] {
        let labels = self.trials.conditions.labels("context").unwrap_or_default();
        ["A", "B"].map(|context| (0..labels.len()).filter(|&k| labels[k] == context).collect())
    }

    /// The coherence of stimulus A (0) or B (1) in each trial.
    pub(crate) fn coherences(&self, stimulus: usize) -> &[f64] {
        self.trials.conditions.numbers(COHERENCES[stimulus]).unwrap_or_default()
    }

    /// How responses `[trial, unit]` follow both stimuli among some trials: coefficients `[stimulus, unit]`
    /// of a regression on their coherences.
    pub(crate) fn followed(
        &self,
        responses: ArrayView2<'_, f64>,
        trials: &[usize],
    ) -> Result<Array2<f64>, StudyError> {
        let stimuli = [0, 1].map(|stimulus| Regressor {
            name: COHERENCES[stimulus].to_owned(),
            values: trials.iter().map(|&trial| self.coherences(stimulus)[trial]).collect(),
        });
        Ok(regress(responses.select(Axis(0), trials).view(), &stimuli)?)
    }

    /// Trains on other trials than those of the test, drawn anew for each update.
    pub(crate) fn train(&self, net: &Net, phase: Phase) -> Result<Trained, StudyError> {
        let source = Material::Task { task: self.task.clone(), seed: self.context.seed }.source();
        self.context.train(&net.network, net.weights.clone(), phase, source, true)
    }

    /// A signal `[time, trial, unit]` in the test, with the network's noise, some projections cut.
    pub(crate) fn run(
        &self,
        net: &Net,
        cut: &[&str],
        signal: &str,
    ) -> Result<Array3<f32>, StudyError> {
        let sever = |projection: &&str| Intervention {
            target: (*projection).to_owned(),
            from: 0.0,
            until: None,
            action: Action::Scale(0.0),
        };
        let list: Vec<Intervention> = cut.iter().map(sever).collect();
        let severed = Interventions::new(&net.network, &list)?;
        tested(self.context, net, &self.trials, &severed, signal)
    }

    /// Whether each trial is answered right, some projections cut.
    pub(crate) fn correct(&self, net: &Net, cut: &[&str]) -> Result<Vec<bool>, StudyError> {
        let outputs = self.run(net, cut, OUTPUT)?;
        Ok(self.task.score(&self.trials, outputs.view())?.correct)
    }

    /// Fraction correct, some projections cut.
    pub(crate) fn accuracy(&self, net: &Net, cut: &[&str]) -> Result<f64, StudyError> {
        let correct = self.correct(net, cut)?;
        Ok(correct.iter().filter(|right| **right).count() as f64 / correct.len() as f64)
    }
}

/// A signal `[time, trial, unit]` in trials of a test, with the network's noise, interfered with.
pub(crate) fn tested(
    context: &Context<'_>,
    net: &Net,
    trials: &Trials,
    done: &Interventions,
    signal: &str,
) -> Result<Array3<f32>, StudyError> {
    let noise = NoiseSource { seed: context.seed, epoch: TEST, on: true };
    let mut all = context.run(&net.network, &net.weights, trials, noise, done, &[signal])?;
    all.pop().ok_or_else(|| StudyError::Study(format!("no signal `{signal}`")))
}
