//! The section `[network.connectome]`: cells, who reaches whom, where they lie.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use attractor_data::connectome::{Connectome, ConnectomeFiles};
use attractor_network::{Graph, Hold, Mask, Sign, Wiring};
use attractor_numerics::law::Law;

use super::problem::Problem;
use super::read::read;
use super::tree::Node;

/// Name of the graph that a connectome becomes.
pub(crate) const GRAPH: &str = "connectome";
const SECTION: [&str; 2] = ["network", "connectome"];

/// A connectome that was read, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) files: ConnectomeFiles,
    pub(crate) connectome: Arc<Connectome>,
}

/// The connectome of `user`; nothing if there is none, or something wrong with it.
pub(super) fn chosen(user: &Node, problems: &mut Vec<Problem>) -> Option<Read> {
    let node = user.get(&SECTION)?;
    let mut files: ConnectomeFiles = read(node.clone(), &Node::empty(), &SECTION, problems)?;
    // the resolved configuration must hold wherever it is read
    let absolute = |key: &str, path: &Path| {
        let place = node.get(&[key]).map(|node| node.place.clone()).unwrap_or_default();
        let path = place.directory().unwrap_or(Path::new("")).join(path);
        std::path::absolute(&path).unwrap_or(path)
    };
    files.edges = absolute("edges", &files.edges);
    let optional = |key: &str, path: &mut Option<PathBuf>| {
        if let Some(path) = path {
            *path = absolute(key, path);
        }
    };
    optional("cells", &mut files.cells);
    optional("positions", &mut files.positions);
    match Connectome::read(&files) {
        Ok(connectome) => Some(Read { files, connectome: Arc::new(connectome) }),
        Err(error) => {
            let problem = |said: String| Problem::new("network.connectome", said).at(&node.place);
            problems.extend(error.problems.iter().map(|wrong| problem(wrong.to_string())));
            None
        }
    }
}

impl Read {
    /// The graph of the description.
    pub(crate) fn graph(&self) -> Graph {
        Graph { edges: self.connectome.triples(), signed: self.connectome.signed }
    }

    /// Free weights at its edges, with its signs if these are known. Their variance is one over the
    /// mean number of sources of a cell, so that the gain is that of a full network.
    pub(super) fn free(&self) -> Wiring {
        let cells = self.connectome.cells.len() as f64;
        let gain = (cells * cells / self.connectome.edges.len() as f64).sqrt();
        let gain = (gain * 100.0).round() / 100.0;
        let graph = || GRAPH.to_owned();
        Wiring::Constrained {
            wiring: Box::new(Wiring::Dense { law: Law::Gaussian { gain } }),
            masks: vec![Mask::Graph { graph: graph() }],
            sign: self.connectome.signed.then(|| Sign::Graph { graph: graph() }),
            hold: Hold::default(),
        }
    }

    /// Weights that start in proportion to its own; the sizes of those that reach one cell add up to
    /// 1 at most.
    pub(super) fn weighted(&self) -> Wiring {
        let mut sums = vec![0.0; self.connectome.cells.len()];
        self.connectome.edges.iter().for_each(|edge| sums[edge.target] += edge.weight.abs());
        let largest = sums.iter().fold(0.0f64, |a, &b| a.max(b));
        Wiring::Graph { graph: GRAPH.to_owned(), scale: 1.0 / largest }
    }
}
