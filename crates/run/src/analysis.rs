//! The reverse engineering of a run: what its network does, and how, from its weights and fresh trials.
//!
//! A list of [parts](Part), each a question to [`attractor_analysis`] on the same material: trials of
//! the evaluation, run with and without the network's noise. What comes out is in numbers
//! ([`Analysis`], in `results.json`) and in figures. A part that a run has nothing for (no conditions,
//! no recurrent units) says so in a sentence, and the others go on.

mod activity;
mod behaviour;
mod decoding;
mod facts;
mod fixed_points;
mod graph;
mod grouping;
mod lyapunov;
mod perturbations;
mod population;
pub(crate) mod recording;
mod space;
mod task_axes;

use std::fmt;

use attractor_data::Trials;
use attractor_network::Engine;
use attractor_report::{Figure, SpatialNetwork, StateSpace};
use serde::{Deserialize, Serialize};

pub use facts::{
    Analysis, Compared, Decoded, Dimension, Effect, FixedPoints, GraphFacts, GraphMeasures,
    Lyapunov, Outside, Point, Psychometric, TaskAxis, Tuning,
};

use crate::config::Experiment;
use crate::error::RunError;
use crate::report::Recurrent;
use crate::results::Evaluation;
use activity::Activity;
use recording::Recorded;

/// A question to a trained network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Psychometric functions fitted to its choices.
    Behaviour,
    /// Principal components, dimension, what each unit is selective for.
    Population,
    /// The recurrent weights as a graph: modules, small worlds, space, balance.
    Graph,
    /// Axes of the activity that carry one task variable each, by regression.
    TaskAxes,
    /// Conditions decoded over time and across times.
    Decoding,
    /// Fixed and slow points, their stability, and the state space around them.
    FixedPoints,
    /// What silencing and weakening do to behaviour.
    Perturbations,
    /// The largest Lyapunov exponents.
    Lyapunov,
    /// Statistics of the activity beside those of a recording.
    Recording,
}

impl Part {
    /// All parts.
    pub const ALL: [Part; 9] = [
        Part::Behaviour,
        Part::Population,
        Part::Graph,
        Part::TaskAxes,
        Part::Decoding,
        Part::FixedPoints,
        Part::Perturbations,
        Part::Lyapunov,
        Part::Recording,
    ];
    /// Those that every training run ends with.
    pub const USUAL: [Part; 7] = [
        Part::Behaviour,
        Part::Population,
        Part::Graph,
        Part::TaskAxes,
        Part::Decoding,
        Part::FixedPoints,
        Part::Perturbations,
    ];

    /// Its name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Behaviour => "behaviour",
            Part::Population => "population",
            Part::Graph => "graph",
            Part::TaskAxes => "task-axes",
            Part::Decoding => "decoding",
            Part::FixedPoints => "fixed-points",
            Part::Perturbations => "perturbations",
            Part::Lyapunov => "lyapunov",
            Part::Recording => "recording",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Pictures of an analysis.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    pub(crate) figures: Vec<(String, Figure)>,
    pub(crate) space: Option<StateSpace>,
    pub(crate) networks: Vec<SpatialNetwork>,
}

/// What an analysis is made of.
pub(crate) struct Subject<'a> {
    pub(crate) experiment: &'a Experiment,
    pub(crate) engine: &'a mut Engine<f32>,
    pub(crate) weights: &'a [f32],
    pub(crate) evaluation: &'a Evaluation,
    /// The recurrent weights, written out.
    pub(crate) recurrent: &'a [Recurrent],
    /// Constant inputs, a value per channel, to look for fixed points under, instead of those of the task's conditions.
    pub(crate) inputs: &'a [Vec<f64>],
    /// A recording to compare the activity with.
    pub(crate) recording: Option<&'a Recorded>,
}

impl Subject<'_> {
    /// The weights in double precision.
    fn double(&self) -> Vec<f64> {
        self.weights.iter().map(|&w| f64::from(w)).collect()
    }

    /// The trials of the evaluation.
    fn trials(&self) -> Result<Trials, RunError> {
        let Experiment { material, config, .. } = self.experiment;
        Ok(material.evaluation(config.evaluate.trials)?)
    }
}

/// Answers the parts, in their order.
///
/// # Errors
/// Trials that cannot be made; a network that cannot run them.
pub(crate) fn analyse(
    subject: &mut Subject<'_>,
    parts: &[Part],
) -> Result<(Analysis, Pictures), RunError> {
    let trials = subject.trials()?;
    let activity = Activity::record(subject, &trials)?;
    let (mut analysis, mut pictures) = (Analysis::default(), Pictures::default());
    for part in Part::ALL.into_iter().filter(|part| parts.contains(part)) {
        let (facts, shown) = (&mut analysis, &mut pictures);
        let answer = match part {
            Part::Behaviour => behaviour::answer(subject, facts, shown),
            Part::Population => population::answer(subject, &activity, facts, shown),
            Part::Graph => graph::answer(subject, &activity, facts, shown),
            Part::TaskAxes => task_axes::answer(&activity, facts, shown),
            Part::Decoding => decoding::answer(&activity, facts, shown),
            Part::FixedPoints => fixed_points::answer(subject, &activity, facts, shown),
            Part::Perturbations => perturbations::answer(subject, &trials, facts, shown),
            Part::Lyapunov => lyapunov::answer(subject, &activity, facts),
            Part::Recording => recording::answer(subject, &activity, facts),
        };
        match answer {
            Ok(()) => analysis.parts.push(part),
            Err(Unanswered(why)) => analysis.unanswered.push(format!("{part}: {why}")),
        }
    }
    Ok((analysis, pictures))
}

/// Why a part has no answer.
pub(crate) struct Unanswered(pub(crate) String);

impl<E: std::error::Error> From<E> for Unanswered {
    fn from(error: E) -> Self {
        Unanswered(error.to_string())
    }
}
