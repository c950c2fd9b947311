//! The structure of a wiring, as data: who may reach whom, with which sign.
//!
//! These are the parts that [`crate::Wiring::Constrained`] puts around any other wiring.

use serde::{Deserialize, Serialize};

/// Which unit reaches which, as counted or published: a connectome.
///
/// A description holds graphs by name ([`crate::Description::graphs`]), so that masks, signs and
/// starting weights of several wirings can be taken from one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// `(target, source, weight)`; a pair that is listed twice has the sum of its weights.
    pub edges: Vec<(usize, usize, f64)>,
    /// The signs of the weights are known; otherwise only their sizes are.
    #[serde(default)]
    pub signed: bool,
}

/// Which pairs of units may be connected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mask {
    /// Each pair with the same probability.
    Random {
        /// The probability.
        density: f64,
        /// Seed: a mask belongs to the network, not to a run.
        #[serde(default)]
        seed: u64,
    },
    /// Each target hears the same number of sources, drawn without repetition.
    Degree {
        /// The number.
        degree: usize,
        /// Seed of the draw.
        #[serde(default)]
        seed: u64,
    },
    /// These pairs `[target, source]`.
    Pairs {
        /// The pairs, counted within the block if the wiring is that of a block.
        pairs: Vec<[usize; 2]>,
    },
    /// Pairs at a distance `least ≤ d < most`.
    Distance {
        /// Smallest distance.
        #[serde(default)]
        least: f64,
        /// Distance from which on there are no connections; without it, there is no limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<f64>,
    },
    /// Each pair with a probability that falls with distance, `peak · exp(-d/length)`.
    Nearby {
        /// Distance over which the probability falls to 1/e of itself.
        length: f64,
        /// Probability at distance 0.
        #[serde(default = "one")]
        peak: f64,
        /// Seed of the draw.
        #[serde(default)]
        seed: u64,
    },
    /// Pairs of groups, each with its own probability; pairs of groups that are not named are not
    /// connected.
    Groups {
        /// The pairs of groups.
        between: Vec<Between>,
        /// Seed of the draw.
        #[serde(default)]
        seed: u64,
    },
    /// No unit reaches itself; between a population and itself.
    NoSelf,
    /// The edges of a graph of the description.
    Graph {
        /// Its name.
        graph: String,
    },
}

/// The probability of a connection between two groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// Group of sources, or `*` for all.
    pub from: String,
    /// Group of targets, or `*` for all.
    pub to: String,
    /// Probability of each pair.
    #[serde(default = "one")]
    pub density: f64,
}

fn one() -> f64 {
    1.0
}

/// Which weights are positive and which negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Sign {
    /// None below 0.
    Excitatory,
    /// None above 0.
    Inhibitory,
    /// Dale's law: all weights from one unit have one sign.
    Dale {
        /// Fraction of excitatory sources.
        #[serde(default = "four_fifths")]
        excitatory: f64,
        /// With it, each source is excitatory with that probability, the same for all wirings from
        /// the population; without it, the first `round(excitatory · sources)` are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Dale's law by groups of sources; `*` stands for all sources that the other list does not name.
    /// A source in neither list has weights of any sign.
    Groups {
        /// Groups whose weights are not negative.
        #[serde(default)]
        excitatory: Vec<String>,
        /// Groups whose weights are not positive.
        #[serde(default)]
        inhibitory: Vec<String>,
    },
    /// One sign per source: 1, −1, or 0 for any.
    Given {
        /// The signs.
        signs: Vec<i8>,
    },
    /// The sign of each edge of a graph of the description.
    Graph {
        /// Its name.
        graph: String,
    },
}

fn four_fifths() -> f64 {
    0.8
}

/// How signs are held.
///
/// The first two act on the weights after every update, whatever the optimiser; with the others the
/// parameters are free and the weights are made of them whenever they are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// A weight that an update carries past 0 becomes 0: the projection of Dale's backprop (Balwani,
    /// Wang, Najafi & Choi 2025, doi:10.1101/2025.01.09.632231).
    #[default]
    Clip,
    /// A weight that an update carries past 0 is turned back, `w ← s |w|`.
    Reflect,
    /// `w = s |p|` of a free parameter p.
    Magnitude,
    /// `w = s max(p, 0)` of a free parameter p (Song, Yang & Wang 2016,
    /// doi:10.1371/journal.pcbi.1004792): below 0 it has no gradient.
    Rectify,
}

impl Hold {
    /// The weights are a function of the parameters, not the parameters themselves.
    #[must_use]
    pub fn transforms(self) -> bool {
        matches!(self, Hold::Magnitude | Hold::Rectify)
    }
}

/// Loadings of a low-rank wiring in one group of units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The group; all units if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Mean of `(m₁ … m_R, n₁ … n_R)`; 0 if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<f64>>,
    /// Their covariance, `2 rank × 2 rank`.
    pub covariance: Vec<Vec<f64>>,
}
