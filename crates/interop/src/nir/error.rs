//! What can be wrong with a NIR file, or with a network that should become one.

use std::path::{Path, PathBuf};

use attractor_data::FileError;
use attractor_network::NetworkError;

/// A NIR file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct NirError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    #[source]
    pub problem: Box<NirProblem>,
}

/// What is wrong with a NIR file or a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NirProblem {
    /// The file cannot be read or written, or holds something else than it should.
    #[error("{}", .0.problem)]
    File(FileError),
    /// Not a graph.
    #[error("it is no NIR graph: {reason}")]
    NoGraph {
        /// Why not.
        reason: String,
    },
    /// A node that attractor has nothing for.
    #[error("node `{node}` is {kind}, which attractor cannot express{fix}")]
    Node {
        /// The node, with the graphs around it: `sub/conv`.
        node: String,
        /// Its type.
        kind: String,
        /// What can be, with what to do; empty or a sentence after a semicolon.
        fix: &'static str,
    },
    /// A parameter of the wrong shape.
    #[error("node `{node}`: `{parameter}` has shape {found:?}, {expected} expected")]
    Shape {
        /// The node.
        node: String,
        /// Its parameter.
        parameter: String,
        /// The shape found.
        found: Vec<usize>,
        /// What would do.
        expected: String,
    },
    /// A parameter with a value it cannot have.
    #[error("node `{node}`: `{parameter}` is {value}; {expected} expected")]
    Value {
        /// The node.
        node: String,
        /// Its parameter.
        parameter: String,
        /// The value.
        value: f64,
        /// What would do.
        expected: String,
    },
    /// An edge to or from a node that is not there.
    #[error("an edge leads {direction} `{node}`, which is no node; there are {}", list(.known))]
    Edge {
        /// `from` or `to`.
        direction: &'static str,
        /// The name.
        node: String,
        /// The nodes there are.
        known: Vec<String>,
    },
    /// Ends of different size.
    #[error("`{from}` gives {gives} values to `{to}`, which takes {takes}")]
    Sizes {
        /// Where the edge comes from.
        from: String,
        /// Its values.
        gives: usize,
        /// Where the edge leads.
        to: String,
        /// The values expected there.
        takes: usize,
    },
    /// A circle in which no time passes.
    #[error(
        "a circle of zero delay: {}; put a neuron with a state into it, or a Delay of at least one step of {dt} ms before a neuron",
        .nodes.join(" → ")
    )]
    Circle {
        /// The nodes, the first again at the end.
        nodes: Vec<String>,
        /// The step, ms.
        dt: f64,
    },
    /// More than one way into or out of a graph within a graph.
    #[error("the graph `{node}` has {found} nodes `{kind}`; within a graph one is expected")]
    Ports {
        /// The graph.
        node: String,
        /// `Input` or `Output`.
        kind: &'static str,
        /// How many it has.
        found: usize,
    },
    /// A step that is none.
    #[error("a step of {dt} ms; a positive number of ms is expected")]
    Step {
        /// The step, ms.
        dt: f64,
    },
    /// A network that cannot be.
    #[error("the network it describes: {0}")]
    Network(#[from] NetworkError),
    /// A population that NIR has no node for.
    #[error("population `{population}` is of neuron `{neuron}`, for which NIR has no node{reason}")]
    Population {
        /// The population.
        population: String,
        /// Its neuron.
        neuron: String,
        /// Why not, after a semicolon; or empty.
        reason: String,
    },
    /// A projection that NIR has no edge for.
    #[error("projection `{projection}`: {reason}")]
    Projection {
        /// The projection.
        projection: String,
        /// Why not.
        reason: String,
    },
}

impl NirProblem {
    /// This problem, of this file.
    #[must_use]
    pub fn of(self, file: &Path) -> NirError {
        NirError { file: file.to_owned(), problem: Box::new(self) }
    }
}

impl From<FileError> for NirProblem {
    fn from(error: FileError) -> Self {
        NirProblem::File(error)
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
