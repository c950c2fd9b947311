//! Shortest paths, and how efficient they are.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use ndarray::Array2;
use rayon::prelude::*;
use serde::Serialize;

use super::Graph;
use super::bits::Bits;

/// Lengths of all shortest paths together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Paths {
    /// Global efficiency, the mean of 1 / length over all ordered pairs of nodes.
    pub efficiency: f64,
    /// Mean length over the pairs that are connected; not a number if none is.
    pub mean: f64,
    /// The longest of these.
    pub longest: f64,
    /// Fraction of the ordered pairs that are connected.
    pub connected: f64,
}

/// Global efficiency `E = 1 / (N (N − 1)) Σ_{i ≠ j} 1 / d_ij` (Latora & Marchiori 2001,
/// doi:10.1103/PhysRevLett.87.198701), and what else there is to say about shortest paths.
///
/// An edge of weight w has length 1/w: a strong connection is short. Nodes that are not connected count
/// with 1 / ∞ = 0. Take the [binary](Graph::binary) graph to count steps. All is 0 for a single node.
///
/// Cost: N searches of E log N operations; without weights and directions E N / 64 for each level.
#[must_use]
pub fn paths(graph: &Graph) -> Paths {
    if graph.is_binary()
        && !graph.is_directed()
        && let Some(counts) = Bits::of(graph).distances()
    {
        return Paths::counted(graph.nodes(), &counts, graph.heaviest());
    }
    searched(graph)
}

/// The same of edges of weight 1.
pub(super) fn binary(bits: &Bits) -> Paths {
    match bits.distances() {
        Some(counts) => Paths::counted(bits.nodes(), &counts, 1.0),
        None => searched(&bits.graph()),
    }
}

fn searched(graph: &Graph) -> Paths {
    let rows: Vec<Paths> = (0..graph.nodes())
        .into_par_iter()
        .map_init(Search::default, |search, source| {
            let found = search.from(graph, source).iter().enumerate();
            let others = found.filter(|&(target, length)| target != source && length.is_finite());
            Paths::of(graph.nodes(), others.map(|(_, &length)| (length, 1)))
        })
        .collect();
    // each row is a sum over its own pairs divided by all pairs
    let sum = |of: &dyn Fn(&Paths) -> f64| rows.iter().map(of).sum::<f64>();
    let connected = sum(&|row| row.connected);
    let weighted = sum(&|row| if row.connected > 0.0 { row.mean * row.connected } else { 0.0 });
    Paths {
        efficiency: sum(&|row| row.efficiency),
        mean: weighted / connected,
        longest: rows.iter().map(|row| row.longest).fold(0.0, f64::max),
        connected,
    }
}

impl Paths {
    /// From the number of pairs at each distance, in edges of one weight.
    fn counted(nodes: usize, counts: &[usize], weight: f64) -> Paths {
        let pairs = counts.iter().enumerate();
        Paths::of(nodes, pairs.map(|(d, &pairs)| ((d + 1) as f64 / weight, pairs)))
    }

    fn of(nodes: usize, lengths: impl Iterator<Item = (f64, usize)>) -> Paths {
        let pairs = (nodes * (nodes - 1)).max(1) as f64;
        let (mut inverse, mut sum, mut count, mut longest) = (0.0, 0.0, 0, 0.0f64);
        for (length, times) in lengths {
            inverse += times as f64 / length;
            sum += times as f64 * length;
            count += times;
            longest = longest.max(length);
        }
        Paths {
            efficiency: inverse / pairs,
            mean: sum / count as f64,
            longest,
            connected: count as f64 / pairs,
        }
    }
}

/// Length of the shortest path to each node from each, `[target, source]`, with lengths as for
/// [`paths`]; infinite where there is none.
///
/// Cost: N searches of E log N operations.
#[must_use]
pub fn shortest_paths(graph: &Graph) -> Array2<f64> {
    let nodes = graph.nodes();
    let rows: Vec<Vec<f64>> = (0..nodes)
        .into_par_iter()
        .map_init(Search::default, |search, source| search.from(graph, source).to_vec())
        .collect();
    Array2::from_shape_fn((nodes, nodes), |(target, source)| rows[source][target])
}

/// Dijkstra's search, with its memory kept from one source to the next.
#[derive(Default)]
struct Search {
    lengths: Vec<f64>,
    front: BinaryHeap<Nearest>,
}

impl Search {
    fn from(&mut self, graph: &Graph, source: usize) -> &[f64] {
        self.lengths.clear();
        self.lengths.resize(graph.nodes(), f64::INFINITY);
        self.lengths[source] = 0.0;
        self.front.push(Nearest { length: 0.0, node: source as u32 });
        while let Some(Nearest { length, node }) = self.front.pop() {
            if length > self.lengths[node as usize] {
                continue;
            }
            let (to, weights) = graph.list(node as usize);
            for (&other, &w) in to.iter().zip(weights) {
                let through = length + 1.0 / w;
                if through < self.lengths[other as usize] {
                    self.lengths[other as usize] = through;
                    self.front.push(Nearest { length: through, node: other });
                }
            }
        }
        &self.lengths
    }
}

/// A node on the front; the greatest is the nearest.
#[derive(PartialEq)]
struct Nearest {
    length: f64,
    node: u32,
}

impl Eq for Nearest {}

impl Ord for Nearest {
    fn cmp(&self, other: &Self) -> Ordering {
        other.length.total_cmp(&self.length).then(self.node.cmp(&other.node))
    }
}

impl PartialOrd for Nearest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn ring(nodes: usize, weight: f64) -> Graph {
        let w = Array2::from_shape_fn((nodes, nodes), |(i, j)| {
            if i == (j + 1) % nodes || j == (i + 1) % nodes { weight } else { 0.0 }
        });
        Graph::undirected(w.view()).unwrap()
    }

    #[test]
    fn rings_in_closed_form() {
        // odd rings: two nodes at each distance up to (n − 1) / 2; the long one is not read by bits
        for (nodes, weight) in [(9, 1.0), (9, 4.0), (201, 1.0)] {
            let found = paths(&ring(nodes, weight));
            let half = (nodes - 1) / 2;
            let harmonic: f64 = (1..=half).map(|d| 1.0 / d as f64).sum();
            assert!((found.efficiency - weight * harmonic / half as f64).abs() < 1e-13);
            assert!((found.mean - (half + 1) as f64 / 2.0 / weight).abs() < 1e-12);
            assert!((found.longest - half as f64 / weight).abs() < 1e-12);
            assert!((found.connected - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_detour_may_be_shorter() {
        // 0 → 1 → 2 with lengths 1/4 each, 0 → 2 directly with length 1; nothing comes back
        let weights = array![[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [1.0, 4.0, 0.0]];
        let graph = Graph::directed(weights.view()).unwrap();
        let inf = f64::INFINITY;
        let expected = array![[0.0, inf, inf], [0.25, 0.0, inf], [0.5, 0.25, 0.0]];
        assert_eq!(shortest_paths(&graph), expected);
        let found = paths(&graph);
        assert!((found.efficiency - 10.0 / 6.0).abs() < 1e-14 && found.connected == 0.5);
        assert!((found.mean - 1.0 / 3.0).abs() < 1e-14 && found.longest == 0.5);
        let steps = paths(&graph.binary().either_direction());
        assert_eq!((steps.efficiency, steps.mean), (1.0, 1.0));
    }

    #[test]
    fn without_edges_nothing_is_near() {
        let found = paths(&Graph::undirected(Array2::zeros((4, 4)).view()).unwrap());
        assert!(found.efficiency == 0.0 && found.connected == 0.0 && found.mean.is_nan());
        let found = paths(&Graph::directed(Array2::zeros((1, 1)).view()).unwrap());
        assert!(found.efficiency == 0.0 && found.connected == 0.0);
    }
}
