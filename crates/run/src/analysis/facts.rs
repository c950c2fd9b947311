//! What an analysis found, in numbers: the `analysis` of `results.json`.

use serde::{Deserialize, Serialize};

use super::Part;

/// What an analysis found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Analysis {
    /// The parts that were answered.
    pub parts: Vec<Part>,
    /// Inputs that were asked for; none for those of the task's conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Vec<f64>>,
    /// The recording that the activity was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
    /// Those that were not, and why, in sentences.
    pub unanswered: Vec<String>,
    /// Fitted psychometric functions.
    pub psychometric: Vec<Psychometric>,
    /// Dimension of the activity.
    pub dimension: Option<Dimension>,
    /// What units are selective for.
    pub tuning: Option<Tuning>,
    /// Eigenvalues of the recurrent weights outside of the circle of a random matrix.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spectra: Vec<Outside>,
    /// The recurrent weights as graphs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub graphs: Vec<GraphFacts>,
    /// Axes of task variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub task_axes: Vec<TaskAxis>,
    /// What can be decoded.
    pub decoded: Vec<Decoded>,
    /// Fixed and slow points, under each input.
    pub fixed_points: Vec<FixedPoints>,
    /// The score with and without perturbations, the unperturbed first.
    pub perturbations: Vec<Effect>,
    /// Lyapunov exponents, under each input.
    pub lyapunov: Vec<Lyapunov>,
    /// Statistics of the activity beside those of the recording.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compared: Vec<Compared>,
}

impl Analysis {
    /// Takes over the parts that another analysis answered or tried.
    pub fn update(&mut self, newer: Analysis) {
        let Analysis { parts, unanswered, .. } = &newer;
        let tried = |sentence: &str| {
            let name = sentence.split(':').next().unwrap_or(sentence);
            parts.iter().any(|part| part.name() == name)
                || unanswered.iter().any(|other| other.split(':').next() == Some(name))
        };
        self.unanswered.retain(|sentence| !tried(sentence));
        self.unanswered.extend(unanswered.iter().cloned());
        for part in &newer.parts {
            match part {
                Part::Behaviour => self.psychometric.clone_from(&newer.psychometric),
                Part::Population => {
                    self.dimension.clone_from(&newer.dimension);
                    self.tuning.clone_from(&newer.tuning);
                    self.spectra.clone_from(&newer.spectra);
                }
                Part::Graph => self.graphs.clone_from(&newer.graphs),
                Part::TaskAxes => self.task_axes.clone_from(&newer.task_axes),
                Part::Decoding => self.decoded.clone_from(&newer.decoded),
                Part::FixedPoints => self.fixed_points.clone_from(&newer.fixed_points),
                Part::Perturbations => self.perturbations.clone_from(&newer.perturbations),
                Part::Lyapunov => self.lyapunov.clone_from(&newer.lyapunov),
                Part::Recording => {
                    self.recording.clone_from(&newer.recording);
                    self.compared.clone_from(&newer.compared);
                }
            }
        }
        self.parts.extend(newer.parts);
        self.parts.sort_unstable();
        self.parts.dedup();
    }
}

/// A fitted psychometric function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Psychometric {
    /// Which trials.
    pub among: String,
    /// The stimulus axis.
    pub axis: String,
    /// Stimulus at which both choices are as likely, with its 95 % interval; open ends are absent, and
    /// so is the whole where choices do not depend on the stimulus.
    pub threshold: Option<(f64, Option<f64>, Option<f64>)>,
    /// Slope there, with its interval.
    pub slope: (f64, Option<f64>, Option<f64>),
    /// Lapse rates.
    pub lapses: [f64; 2],
}

/// Dimension of the activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dimension {
    /// Participation ratio of the variances along principal components.
    pub participation_ratio: f64,
    /// Components for 90 % of the variance.
    pub components_90: usize,
    /// Fraction of the variance along the first components, at most ten.
    pub explained: Vec<f64>,
}

/// What units are selective for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// The variables.
    pub variables: Vec<String>,
    /// Fraction of the variance over trials that a variable explains at its best time, `[unit][variable]`.
    pub explained: Vec<Vec<f64>>,
    /// Cluster of each unit by these values; empty where units do not differ.
    pub clusters: Vec<usize>,
    /// Mean silhouette of the clusters.
    pub silhouette: Option<f64>,
}

/// Eigenvalues of recurrent weights against the circle of a random matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    /// The weights.
    pub weights: String,
    /// Radius of the circle of the weights before training: g where they were drawn with that gain,
    /// otherwise `√N` times the standard deviation of their entries.
    pub radius: f64,
    /// Eigenvalues more than a tenth outside of it, before training.
    pub before: usize,
    /// And after.
    pub after: usize,
}

/// Recurrent weights as a graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphFacts {
    /// The weights.
    pub weights: String,
    /// Before training; none of weights that were not trained from others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<GraphMeasures>,
    /// And after.
    pub after: GraphMeasures,
    /// Module of each unit after training, by Louvain's method.
    pub modules: Vec<usize>,
    /// Mean over units of `1 − |E − I| / (E + I)` with excitation E and inhibition I from these weights.
    pub balance: Option<f64>,
    /// Mean over units of the correlation of both over time and trials.
    pub tracking: Option<f64>,
    /// Mean size of the activity of a unit in a step: what it costs to be active.
    pub activity: f64,
    /// Mean distance between units of mixed selectivity; the same with units permuted, its standard
    /// deviation, and the fraction of permutations that are nearer. Where units have places.
    pub mixed_selectivity_distance: Option<[f64; 4]>,
}

impl GraphFacts {
    /// Every measure that the weights have: its name, its value before training, and after.
    #[must_use]
    pub fn measures(&self) -> Vec<(&'static str, Option<f64>, f64)> {
        let before = self.before.as_ref().map(GraphMeasures::named).unwrap_or_default();
        let after = self.after.named().into_iter().enumerate();
        let known = |(k, (name, after)): (usize, (&'static str, Option<f64>))| {
            Some((name, before.get(k).and_then(|(_, before)| *before), after?))
        };
        after.filter_map(known).collect()
    }
}

/// Measures of one graph: an edge, without direction, where one of the two weights between units is among
/// the strongest tenth of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphMeasures {
    /// Number of edges.
    pub edges: usize,
    /// Modularity Q by Louvain's method.
    pub modularity: f64,
    /// Modules it found.
    pub modules: usize,
    /// Q by leading eigenvectors; absent for many units.
    pub spectral_modularity: Option<f64>,
    /// Mean clustering coefficient.
    pub clustering: f64,
    /// Global efficiency.
    pub efficiency: f64,
    /// Against random graphs of the same density.
    pub small_worldness: Option<f64>,
    /// Edges of the best connected unit.
    pub largest_degree: usize,
    /// Largest rich-club coefficient over that of random graphs of the same degrees.
    pub rich_club: Option<f64>,
    /// Mean participation coefficient.
    pub participation: f64,
    /// Sum of the sizes of all weights.
    pub total: f64,
    /// Correlation of the sizes of weights with distance, where units have places.
    pub distance_correlation: Option<f64>,
    /// Sum of the sizes of weights times distance.
    pub wiring_cost: Option<f64>,
}

impl GraphMeasures {
    /// Every measure with its name.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, Option<f64>)> {
        vec![
            ("edges", Some(self.edges as f64)),
            ("modularity (Louvain)", Some(self.modularity)),
            ("modules", Some(self.modules as f64)),
            ("modularity (eigenvectors)", self.spectral_modularity),
            ("clustering", Some(self.clustering)),
            ("global efficiency", Some(self.efficiency)),
            ("small-worldness", self.small_worldness),
            ("largest degree", Some(self.largest_degree as f64)),
            ("rich club / random", self.rich_club),
            ("participation", Some(self.participation)),
            ("sum of |W|", Some(self.total)),
            ("correlation of |W| with distance", self.distance_correlation),
            ("wiring cost", self.wiring_cost),
        ]
    }
}

/// An axis of the activity that carries a task variable, by regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskAxis {
    /// The variable.
    pub variable: String,
    /// When its regression vector is longest, ms.
    pub at_ms: f64,
    /// Correlation over trials of the variable with the activity along the axis at that time.
    pub correlation: f64,
}

/// What can be decoded from the activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decoded {
    /// The variable.
    pub variable: String,
    /// Accuracy of guessing.
    pub chance: f64,
    /// Best cross-validated accuracy.
    pub best: f64,
    /// When, ms.
    pub at_ms: f64,
}

/// Fixed and slow points under one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FixedPoints {
    /// What the input is.
    pub name: String,
    /// The input, one value per channel.
    pub input: Vec<f64>,
    /// Starts, and how many of them ended fixed, slow, or failed.
    pub starts: usize,
    /// Starts that ended in a fixed point.
    pub fixed: usize,
    /// Starts that ended in a slow point.
    pub slow: usize,
    /// Starts that converged to nothing.
    pub failed: usize,
    /// Largest `‖F(x) − x‖∞` of a fixed point.
    pub tolerance: f64,
    /// The points, the ones most starts reached first.
    pub points: Vec<Point>,
}

/// A fixed or slow point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// `fixed` or `slow`.
    pub label: String,
    /// Kind by its linear stability, such as `saddle`.
    pub kind: String,
    /// `q = ½‖F(x) − x‖²`.
    pub q: f64,
    /// Starts that ended here.
    pub starts: usize,
    /// Growing modes.
    pub unstable: usize,
    /// Time constant of the leading mode, ms; negative if it grows, absent if it does neither.
    pub tau_ms: Option<f64>,
    /// Frequency of the leading mode, Hz.
    pub frequency_hz: f64,
    /// The state.
    pub state: Vec<f64>,
}

/// The score under a perturbation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// What was done.
    pub name: String,
    /// When, in words; empty for the whole trial.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub period: String,
    /// The score.
    pub score: f64,
    /// Its 95 % interval (Wilson), where it is a fraction.
    pub interval: Option<[f64; 2]>,
    /// Psychometric functions fitted to the choices made, for the task's axes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub psychometric: Vec<Psychometric>,
}

/// Lyapunov exponents under one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lyapunov {
    /// What the input is.
    pub name: String,
    /// The largest exponents, 1/s, in descending order.
    pub exponents: Vec<f64>,
    /// Standard error of the largest.
    pub error: f64,
}

/// A statistic of the network's activity beside that of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// What it is.
    pub statistic: String,
    /// Of the network.
    pub network: f64,
    /// Of the recording.
    pub recording: f64,
    /// How far apart: the size of the difference; of the times of peaks, Wasserstein's distance.
    pub distance: f64,
    /// Its 95 % interval, for other units of the same populations.
    pub interval: [f64; 2],
    /// How far halves of the recording are from each other.
    pub within: f64,
}
