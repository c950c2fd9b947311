//! The configuration of a training run: everything a run needs to be done again.
//!
//! A [`Config`] comes from three layers: defaults, a TOML file, and `key=value` on the command line
//! ([`Request`]). [`Experiment::read`] puts them together, finds everything that is wrong at once, and
//! yields the resolved configuration: every default written out, neurons from files included. Written
//! as `config.toml`, it makes the same run again, to the same bits.
//!
//! ```toml
//! seed = 1
//! [task]
//! name = "context-decision"        # or trials = "FILE.npz"
//! noise = 0.1                      # options of the task: `attractor tasks show context-decision`
//! [network]
//! units = 128
//! neuron = "leaky-tanh"            # `attractor neurons`, or a path to FILE.toml
//! recurrent = { kind = "dense", law = { kind = "gaussian", gain = 1.0 } }   # `attractor wirings`
//! readout_neuron = "linear"        # as neuron: "li", "alif", your own; what it emits is out.y
//! [learner]
//! rate = 2e-3
//! [stop]
//! score = 0.97
//! ```
//!
//! `none` stands for the absence of something that has a default: `stop.score = "none"`.
//!
//! # Connectomes
//! `[network.connectome]` names files with cells and their connections ([`ConnectomeFiles`]): the
//! network then has a unit for each cell, groups `column=value`, and weights where there are connections.
//!
//! [`ConnectomeFiles`]: attractor_data::ConnectomeFiles
//!
//! ```toml
//! [network.connectome]
//! edges = "edges.csv"
//! cells = "cells.csv"
//! [network.recurrent]              # `constrained` by the connectome, unless something else is said
//! sign = { kind = "dale", excitatory = 0.8 }
//! ```
//!
//! # Phases
//! Training is one phase, described by `objective`, `learner`, `train`, `rates`, `stop` and
//! `validate`, unless there is a list `[[phase]]`: then each entry is a phase, and says only in what
//! it differs from these. A phase may also have a `task` of its own: another one with as many inputs
//! and outputs, or other options of the same. The network is made for, and evaluated on, `[task]`.
//!
//! ```toml
//! from = "runs/earlier"            # start from the weights of a run or a model file
//! [task]
//! name = "context-decision"
//! [[phase]]
//! task.noise = 0.0                 # easy trials first
//! stop.updates = 200
//! [[phase]]                        # then those of [task]
//! ```

mod connectome;
mod curriculum;
mod experiment;
mod network;
mod neurons;
mod origin;
mod positions;
mod problem;
mod read;
mod request;
mod sections;
mod sources;
mod tree;

pub(crate) use connectome::{GRAPH, Read as Connected};
pub use experiment::Experiment;
pub use network::{
    Choice, Conduction, Group, NetworkConfig, NeuronChoice, ParamChoice, PositionsChoice,
    ProjectionConfig,
};
pub(crate) use neurons::{Chosen, Units};
pub(crate) use problem::list;
pub use problem::{ConfigError, Place, Problem};
pub(crate) use read::read;
pub use request::Request;
pub use sections::{Analyse, Checkpoints, Evaluate};
pub(crate) use tree::Node;

use std::path::PathBuf;

use attractor_learn::{Learner, Objective, OwnRate, Phase, Prune, Stop, Validate};
use serde::{Deserialize, Serialize};

use tree::{NONE, Value};

/// The configuration of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Seed of everything that is drawn: trials, weights, noise.
    pub seed: u64,
    /// A run's directory or a model file, whose weights training starts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
    /// `name` and options of a task; or `trials`, a `.npz` file, with `held_out` and, if the file does
    /// not say, `dt`.
    pub task: toml::Table,
    /// The network.
    pub network: NetworkConfig,
    /// What is minimised.
    pub objective: Objective,
    /// How.
    pub learner: Learner,
    /// Patterns of the parameters that are trained; without it, those the network declares as trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<Vec<String>>,
    /// Own learning rates of some parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<OwnRate>,
    /// What is taken away for good, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prune: Option<Prune>,
    /// When to stop.
    pub stop: Stop,
    /// How to validate.
    pub validate: Validate,
    /// The evaluation after training.
    pub evaluate: Evaluate,
    /// The analysis after training.
    pub analyse: Analyse,
    /// When to write checkpoints.
    pub checkpoint: Checkpoints,
    /// Phases: in what each differs from the above, its `task` included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phase: Vec<toml::Table>,
}

impl Config {
    /// The phase that all phases start from.
    pub(crate) fn base(&self) -> Phase {
        Phase {
            name: None,
            objective: self.objective.clone(),
            learner: self.learner.clone(),
            train: self.train.clone(),
            rates: self.rates.clone(),
            prune: self.prune.clone(),
            stop: self.stop.clone(),
            validate: self.validate.clone(),
        }
    }

    /// The text of `config.toml`. `defaults` are those of the same task and neuron: what they have and
    /// this configuration has not is written as `none`.
    pub(crate) fn to_toml(&self, defaults: &Config) -> String {
        let Some((mut tree, defaults)) = node(self).zip(node(defaults)) else {
            return String::new();
        };
        name_absences(&mut tree, &defaults);
        let text = toml::to_string_pretty(&tree.to_table()).unwrap_or_default();
        format!(
            "# Resolved: `attractor train --config config.toml` makes this run again.\n\n{text}"
        )
    }
}

/// Anything that serialises to a table, as a tree.
pub(crate) fn node(value: &impl Serialize) -> Option<Node> {
    toml::Value::try_from(value).ok().map(|value| Node::from_value(&value))
}

/// Writes `none` where the defaults have something and the tree has nothing.
fn name_absences(tree: &mut Node, defaults: &Node) {
    if tree.kind() != defaults.kind() {
        return;
    }
    for (key, default) in defaults.entries() {
        let Value::Table(entries) = &mut tree.value else { return };
        match entries.iter_mut().find(|(k, _)| k == key) {
            Some((_, node)) => name_absences(node, default),
            None => {
                let none = Node { value: Value::Text(NONE.to_owned()), place: Default::default() };
                entries.push((key.clone(), none));
            }
        }
    }
}
