//! The reverse engineering of a run: what its network does, and how, from its weights and fresh trials.
//!
//! A list of [parts](Part), each a question to [`attractor_analysis`] on the same material, run with and
//! without the network's noise: trials of the evaluation; of a fit, stretches of its recording. What
//! comes out is in numbers ([`Analysis`], in `results.json`) and in figures. A part that a run has
//! nothing for (no conditions, no recurrent units) says so in a sentence, and the others go on.

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
use std::sync::Arc;

use attractor_data::Trials;
use attractor_network::{Engine, Network, NoiseSource};
use attractor_report::{Figure, SpatialNetwork, StateSpace};
use ndarray::ArrayView3;
use serde::{Deserialize, Serialize};

pub use facts::{
    Analysis, Compared, Decoded, Dimension, Effect, FixedPoints, GraphFacts, GraphMeasures,
    Lyapunov, Outside, Point, Psychometric, TaskAxis, Tuning,
};

use crate::describe::RECURRENT;
use crate::error::RunError;
use crate::evaluate::Signals;
use crate::report::Recurrent;
use crate::results::{Curve, Evaluation};
use activity::Activity;
use recording::Recorded;

/// A question to a network that was trained or fitted.
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
    /// What silencing and weakening do to the score.
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

/// What an analysis is made of: a network, the trials it runs on, and how it is judged there.
pub(crate) struct Subject<'a> {
    pub(crate) engine: &'a mut Engine<f32>,
    pub(crate) weights: &'a [f32],
    pub(crate) trials: Trials,
    /// Whether trials of a condition are repeats of it, which may be averaged; otherwise each is its own.
    pub(crate) repeats: bool,
    pub(crate) signals: Signals,
    pub(crate) noise: NoiseSource,
    pub(crate) seed: u64,
    pub(crate) score: Score<'a>,
    /// Units that belong together, by name.
    pub(crate) groups: Vec<(String, Vec<usize>)>,
    /// The recurrent weights, written out.
    pub(crate) recurrent: &'a [Recurrent],
    /// Constant inputs, a value per channel, to look for fixed points under; if there are none, those of the
    /// trials' conditions.
    pub(crate) inputs: Vec<(String, Vec<f64>)>,
    /// A recording to compare the activity with.
    pub(crate) recording: Option<Recorded>,
}

/// How a network is judged.
pub(crate) struct Score<'a> {
    /// What the score is.
    pub(crate) measure: &'static str,
    /// Psychometric curves of its choices; none where nothing is chosen.
    pub(crate) psychometric: Option<&'a [Curve]>,
    /// Steps from one frame that is judged to the next.
    pub(crate) stride: usize,
    pub(crate) noise: NoiseSource,
    pub(crate) judge: Judge<'a>,
}

/// Judges what the units of the scored signal did in these trials, `[time, trial, unit]`.
pub(crate) type Judge<'a> =
    Box<dyn Fn(&Trials, ArrayView3<'_, f32>) -> Result<Evaluation, RunError> + 'a>;

impl Subject<'_> {
    pub(crate) fn network(&self) -> Arc<Network> {
        self.engine.network().clone()
    }

    /// The weights in double precision.
    fn double(&self) -> Vec<f64> {
        self.weights.iter().map(|&w| f64::from(w)).collect()
    }

    /// Recurrent units.
    fn units(&self) -> usize {
        let network = self.engine.network();
        let mut populations = network.description().populations.iter();
        populations.find(|population| population.name == RECURRENT).map_or(0, |rec| rec.units)
    }
}

/// Inputs that were asked for, with names.
pub(crate) fn named(inputs: &[Vec<f64>]) -> Vec<(String, Vec<f64>)> {
    let name = |input: &Vec<f64>| {
        let values: Vec<String> = input.iter().map(f64::to_string).collect();
        format!("input {}", values.join(", "))
    };
    inputs.iter().map(|input| (name(input), input.clone())).collect()
}

/// Answers the parts, in their order.
///
/// # Errors
/// Trials that cannot be made; a network that cannot run them.
pub(crate) fn analyse(
    subject: &mut Subject<'_>,
    parts: &[Part],
) -> Result<(Analysis, Pictures), RunError> {
    let (mut analysis, mut pictures) = (Analysis::default(), Pictures::default());
    if parts.is_empty() {
        return Ok((analysis, pictures));
    }
    let activity = Activity::record(subject)?;
    for part in Part::ALL.into_iter().filter(|part| parts.contains(part)) {
        let (facts, shown) = (&mut analysis, &mut pictures);
        let answer = match part {
            Part::Behaviour => behaviour::answer(subject, facts, shown),
            Part::Population => population::answer(subject, &activity, facts, shown),
            Part::Graph => graph::answer(subject, &activity, facts, shown),
            Part::TaskAxes => task_axes::answer(&activity, facts, shown),
            Part::Decoding => decoding::answer(&activity, facts, shown),
            Part::FixedPoints => fixed_points::answer(subject, &activity, facts, shown),
            Part::Perturbations => perturbations::answer(subject, facts, shown),
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
