//! The graph itself: for every node its neighbours, in order, with the weights of the edges.

use ndarray::{Array2, ArrayView2};
use serde::Serialize;

use crate::MeasureError;
use crate::measure_error::{enough, same_length};

/// Nodes and edges with positive weights; a node has no edge to itself.
///
/// Memory: 12 bytes for each edge and direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    directed: bool,
    starts: Vec<usize>,
    to: Vec<u32>,
    weights: Vec<f64>,
}

/// A number per node for what comes in and what goes out; the same where edges have no direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Degrees {
    /// Over incoming edges.
    pub incoming: Vec<f64>,
    /// Over outgoing edges.
    pub outgoing: Vec<f64>,
}

impl Graph {
    /// A directed graph of weights `W[target, source]`: an edge from j to i where `W[i, j] > 0`.
    /// The diagonal is not looked at.
    ///
    /// Cost: one look at each of the N² weights.
    ///
    /// # Errors
    /// A matrix that is not square or has no units, weights below 0 or not finite.
    pub fn directed(weights: ArrayView2<'_, f64>) -> Result<Graph, MeasureError> {
        Graph::read(weights, true)
    }

    /// An undirected graph of symmetric weights.
    ///
    /// # Errors
    /// As for [`directed`](Graph::directed), and weights that are not the same both ways.
    pub fn undirected(weights: ArrayView2<'_, f64>) -> Result<Graph, MeasureError> {
        let graph = Graph::read(weights, false)?;
        match weights.indexed_iter().find(|&((i, j), &w)| w != weights[[j, i]]) {
            Some(((i, j), w)) => Err(MeasureError::Value {
                name: "weights",
                value: format!("{w} from {j} to {i} and {} back", weights[[j, i]]),
                fix: "they are the same both ways in an undirected graph: read it as a directed one \
                      and join the directions",
            }),
            None => Ok(graph),
        }
    }

    fn read(weights: ArrayView2<'_, f64>, directed: bool) -> Result<Graph, MeasureError> {
        let (rows, nodes) = weights.dim();
        enough("units", 1, nodes)?;
        same_length("rows of the square matrix of weights", nodes, rows)?;
        let mut graph = Graph::empty(nodes, directed);
        // rows in their order in memory, each the list of what comes in
        for (target, row) in weights.rows().into_iter().enumerate() {
            for (source, &w) in row.iter().enumerate().filter(|&(source, _)| source != target) {
                if !(0.0..f64::INFINITY).contains(&w) {
                    return Err(MeasureError::Value {
                        name: "weights",
                        value: format!("{w} from {source} to {target}"),
                        fix: "those of a graph are finite and not negative: take their size",
                    });
                }
                if w > 0.0 {
                    graph.to.push(source as u32);
                    graph.weights.push(w);
                }
            }
            graph.starts.push(graph.to.len());
        }
        Ok(if directed { graph.reversed() } else { graph })
    }

    pub(super) fn empty(nodes: usize, directed: bool) -> Graph {
        let mut starts = Vec::with_capacity(nodes + 1);
        starts.push(0);
        Graph { directed, starts, to: Vec::new(), weights: Vec::new() }
    }

    /// The next node, with edges of weight 1 to those on its list.
    pub(super) fn add_node(&mut self, fill: impl FnOnce(&mut Vec<u32>)) {
        fill(&mut self.to);
        self.weights.resize(self.to.len(), 1.0);
        self.starts.push(self.to.len());
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether edges have a direction.
    #[must_use]
    pub fn is_directed(&self) -> bool {
        self.directed
    }

    /// Number of edges; one without direction counts once.
    #[must_use]
    pub fn edges(&self) -> usize {
        if self.directed { self.to.len() } else { self.to.len() / 2 }
    }

    /// Fraction of the possible edges that there are; 0 for a single node.
    #[must_use]
    pub fn density(&self) -> f64 {
        let n = self.nodes();
        self.to.len() as f64 / (n * (n - 1)).max(1) as f64
    }

    /// Whether all edges weigh the same.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        self.weights.iter().all(|&w| w == self.weights[0])
    }

    /// The same edges, each of weight 1.
    #[must_use]
    pub fn binary(&self) -> Graph {
        Graph { weights: vec![1.0; self.weights.len()], ..self.clone() }
    }

    /// The undirected graph with an edge where there is one in either direction, of the larger weight.
    #[must_use]
    pub fn either_direction(&self) -> Graph {
        if !self.directed {
            return self.clone();
        }
        Graph { directed: false, ..self.joined(f64::max) }
    }

    /// The graph of `A + Aᵀ`, undirected.
    pub(super) fn sum_of_directions(&self) -> Graph {
        Graph { directed: false, ..self.joined(|a, b| a + b) }
    }

    /// Every edge from j to i turned into one from i to j.
    #[must_use]
    pub fn reversed(&self) -> Graph {
        let n = self.nodes();
        let mut starts = vec![0; n + 1];
        self.to.iter().for_each(|&t| starts[t as usize + 1] += 1);
        (0..n).for_each(|i| starts[i + 1] += starts[i]);
        let mut next = starts.clone();
        let (mut to, mut weights) = (vec![0; self.to.len()], vec![0.0; self.to.len()]);
        for source in 0..n {
            for (target, w) in self.of(source) {
                let at = &mut next[target];
                (to[*at], weights[*at]) = (source as u32, w);
                *at += 1;
            }
        }
        Graph { directed: self.directed, starts, to, weights }
    }

    /// Both lists of each node merged; a pair with one edge alone counts with 0 for the other.
    fn joined(&self, weight: impl Fn(f64, f64) -> f64) -> Graph {
        let back = self.reversed();
        let mut out = Graph::empty(self.nodes(), self.directed);
        for node in 0..self.nodes() {
            let mut there = self.of(node).peekable();
            let mut here = back.of(node).peekable();
            loop {
                let (target, w) = match (there.peek(), here.peek()) {
                    (Some(&(a, v)), Some(&(b, w))) if a == b => {
                        there.next();
                        here.next();
                        (a, weight(v, w))
                    }
                    (Some(&(a, v)), other) if other.is_none_or(|&(b, _)| a < b) => {
                        there.next();
                        (a, weight(v, 0.0))
                    }
                    (_, Some(&(b, w))) => {
                        here.next();
                        (b, weight(0.0, w))
                    }
                    (_, None) => break,
                };
                out.to.push(target as u32);
                out.weights.push(w);
            }
            out.starts.push(out.to.len());
        }
        out
    }

    /// The weights `[target, source]`, 0 where there is no edge.
    #[must_use]
    pub fn matrix(&self) -> Array2<f64> {
        let mut out = Array2::zeros((self.nodes(), self.nodes()));
        for source in 0..self.nodes() {
            self.of(source).for_each(|(target, w)| out[[target, source]] = w);
        }
        out
    }

    /// Number of edges of each node.
    #[must_use]
    pub fn degrees(&self) -> Degrees {
        self.sums(|_| 1.0)
    }

    /// Sum of the weights of each node's edges.
    #[must_use]
    pub fn strengths(&self) -> Degrees {
        self.sums(|w| w)
    }

    fn sums(&self, of: impl Fn(f64) -> f64) -> Degrees {
        let mut outgoing = vec![0.0; self.nodes()];
        let mut incoming = outgoing.clone();
        for source in 0..self.nodes() {
            for (target, w) in self.of(source) {
                outgoing[source] += of(w);
                incoming[target] += of(w);
            }
        }
        Degrees { incoming, outgoing }
    }

    /// Neighbours that a node's edges go to, in ascending order, with the weights.
    pub(super) fn of(&self, node: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let (to, weights) = self.list(node);
        to.iter().zip(weights).map(|(&t, &w)| (t as usize, w))
    }

    /// The same as slices.
    pub(super) fn list(&self, node: usize) -> (&[u32], &[f64]) {
        let range = self.starts[node]..self.starts[node + 1];
        (&self.to[range.clone()], &self.weights[range])
    }

    /// The same with other weights, such as roots of theirs.
    pub(super) fn mapped(&self, weight: impl Fn(f64) -> f64) -> Graph {
        Graph { weights: self.weights.iter().map(|&w| weight(w)).collect(), ..self.clone() }
    }

    /// The largest weight; 0 without edges.
    pub(super) fn heaviest(&self) -> f64 {
        self.weights.iter().copied().fold(0.0, f64::max)
    }

    /// Checks that edges have no direction, as this measure wants.
    pub(super) fn undirected_only(&self, measure: &'static str) -> Result<(), MeasureError> {
        if !self.directed {
            return Ok(());
        }
        Err(MeasureError::Value {
            name: "graph",
            value: format!("directed, but {measure} is defined without directions"),
            fix: "join them with `either_direction`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rows_are_targets() {
        let graph =
            Graph::directed(array![[9.0, 2.0, 0.0], [0.0, 0.0, 3.0], [1.0, 0.0, 0.0]].view())
                .unwrap();
        assert_eq!((graph.nodes(), graph.edges(), graph.density()), (3, 3, 0.5));
        assert_eq!(graph.of(1).collect::<Vec<_>>(), [(0, 2.0)]);
        let strengths = graph.strengths();
        assert_eq!(strengths.incoming, [2.0, 3.0, 1.0]);
        assert_eq!(strengths.outgoing, [1.0, 2.0, 3.0]);
        assert_eq!(graph.degrees().incoming, [1.0; 3]);
        let mut whole = graph.matrix();
        assert_eq!(Graph::directed(whole.view()).unwrap(), graph);
        assert_eq!(graph.reversed().matrix(), whole.t());
        assert_eq!(graph.sum_of_directions().matrix(), &whole + &whole.t());
        whole[[0, 1]] = 0.0;
        assert!(!graph.is_binary() && graph.binary().is_binary());
    }

    #[test]
    fn directions_are_joined() {
        let graph =
            Graph::directed(array![[0.0, 2.0, 0.0], [5.0, 0.0, 3.0], [0.0, 0.0, 0.0]].view())
                .unwrap()
                .either_direction();
        let joined = array![[0.0, 5.0, 0.0], [5.0, 0.0, 3.0], [0.0, 3.0, 0.0]];
        assert_eq!((graph.matrix(), graph.edges()), (joined.clone(), 2));
        assert_eq!(Graph::undirected(joined.view()).unwrap(), graph);
        assert_eq!(graph.strengths().incoming, graph.strengths().outgoing);
    }

    #[test]
    fn what_is_no_graph() {
        let told =
            |weights: Array2<f64>| Graph::undirected(weights.view()).unwrap_err().to_string();
        assert!(told(array![[0.0, 1.0]]).contains("rows"));
        assert!(told(array![[0.0, 1.0], [2.0, 0.0]]).contains("1 from 1 to 0 and 2 back"));
        assert!(told(array![[0.0, -1.0], [-1.0, 0.0]]).contains("take their size"));
        assert!(told(array![[0.0, f64::NAN], [1.0, 0.0]]).contains("NaN from 1 to 0"));
        assert!(told(Array2::zeros((0, 0))).contains("units"));
    }
}
