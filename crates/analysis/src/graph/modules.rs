//! Modularity of a division of nodes into modules.

use serde::Serialize;

use super::Graph;
use crate::MeasureError;
use crate::measure_error::{enough, same_length};

/// A division of nodes into modules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Modules {
    /// The module of each node; modules are numbered by size, the largest 0.
    pub labels: Vec<usize>,
    /// Its modularity at the resolution asked for.
    pub modularity: f64,
}

impl Modules {
    /// Number of modules.
    #[must_use]
    pub fn count(&self) -> usize {
        self.labels.iter().max().map_or(0, |most| most + 1)
    }

    /// Nodes of each module, module by module, each in ascending order.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.sort_by_key(|&node| self.labels[node]);
        order
    }

    /// Number of nodes of each module.
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count()];
        self.labels.iter().for_each(|&label| sizes[label] += 1);
        sizes
    }

    /// These labels numbered by size, equal ones by their first node.
    pub(super) fn numbered(labels: &[usize], modularity: f64) -> Modules {
        let count = labels.iter().max().map_or(0, |most| most + 1);
        let (mut sizes, mut first) = (vec![0usize; count], vec![usize::MAX; count]);
        for (node, &label) in labels.iter().enumerate() {
            sizes[label] += 1;
            first[label] = first[label].min(node);
        }
        let mut order: Vec<usize> = (0..count).filter(|&label| sizes[label] > 0).collect();
        order.sort_by_key(|&label| (usize::MAX - sizes[label], first[label]));
        let mut number = vec![0; count];
        order.iter().enumerate().for_each(|(k, &label)| number[label] = k);
        Modules { labels: labels.iter().map(|&label| number[label]).collect(), modularity }
    }
}

/// Modularity of a division of the nodes (Newman 2006, doi:10.1073/pnas.0601602103):
///
/// `Q = 1/m Σ_ij [A_ij − γ k_i^in k_j^out / m] δ(c_i, c_j)`, with m the sum of all `A_ij`, k sums of
/// incoming and outgoing weights, and the resolution γ, usually 1. Without directions, A is symmetric
/// and m twice the sum over edges; with them, this is the definition of Leicht & Newman 2008
/// (doi:10.1103/PhysRevLett.100.118703).
///
/// 0 if there are no edges. Cost: one look at each edge.
///
/// # Errors
/// As many labels as nodes are not given; a resolution that is negative or not finite.
pub fn modularity(graph: &Graph, labels: &[usize], resolution: f64) -> Result<f64, MeasureError> {
    same_length("labels of the nodes", graph.nodes(), labels.len())?;
    check_resolution(resolution)?;
    // labels need not be small numbers
    let mut known: Vec<usize> = labels.to_vec();
    known.sort_unstable();
    known.dedup();
    let labels: Vec<usize> =
        labels.iter().map(|label| known.partition_point(|other| other < label)).collect();
    let mut within = 0.0;
    let (mut into, mut out) = (vec![0.0; known.len()], vec![0.0; known.len()]);
    for source in 0..graph.nodes() {
        for (target, w) in graph.of(source) {
            out[labels[source]] += w;
            into[labels[target]] += w;
            if labels[source] == labels[target] {
                within += w;
            }
        }
    }
    let total: f64 = out.iter().sum();
    if total == 0.0 {
        return Ok(0.0);
    }
    let expected: f64 = into.iter().zip(&out).map(|(i, o)| i / total * (o / total)).sum();
    Ok(within / total - resolution * expected)
}

pub(super) fn check_resolution(resolution: f64) -> Result<(), MeasureError> {
    if resolution >= 0.0 && resolution.is_finite() {
        return Ok(());
    }
    let fix = "it is finite and not negative; 1 is usual";
    Err(MeasureError::Value { name: "resolution", value: resolution.to_string(), fix })
}

pub(super) fn check_starts(starts: usize) -> Result<(), MeasureError> {
    enough("starts", 1, starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// `count` cliques of `size` nodes in a ring, each joined to the next by one edge.
    fn ring_of_cliques(count: usize, size: usize) -> Graph {
        let mut a = Array2::zeros((count * size, count * size));
        for clique in 0..count {
            for (i, j) in (0..size * size).map(|k| (k / size, k % size)).filter(|(i, j)| i != j) {
                a[[clique * size + i, clique * size + j]] = 1.0;
            }
            let next = (clique + 1) % count * size + 1;
            a[[clique * size, next]] = 1.0;
            a[[next, clique * size]] = 1.0;
        }
        Graph::undirected(a.view()).unwrap()
    }

    #[test]
    fn cliques_in_a_ring_in_closed_form() {
        // each has l = s (s − 1) / 2 edges of its own and its share l + 1 of all: Q = l / (l + 1) − 1/n
        let (count, size) = (7, 5);
        let graph = ring_of_cliques(count, size);
        let labels: Vec<usize> = (0..count * size).map(|node| 100 - node / size).collect();
        let found = modularity(&graph, &labels, 1.0).unwrap();
        assert!((found - (10.0 / 11.0 - 1.0 / 7.0)).abs() < 1e-14);
        let half = modularity(&graph, &labels, 0.5).unwrap();
        assert!((half - (10.0 / 11.0 - 0.5 / 7.0)).abs() < 1e-14);
        let one = modularity(&graph, &vec![4; count * size], 1.0).unwrap();
        assert!(one.abs() < 1e-14);
        assert!(modularity(&graph, &labels[1..], 1.0).is_err());
        assert!(modularity(&graph, &labels, f64::NAN).is_err());
    }

    #[test]
    fn modules_are_numbered_by_size() {
        let modules = Modules::numbered(&[5, 2, 2, 9, 5], 0.1);
        assert_eq!(modules.labels, [0, 1, 1, 2, 0]);
        assert_eq!((modules.count(), modules.sizes()), (3, vec![2, 2, 1]));
        assert_eq!(modules.order(), [0, 4, 1, 2, 3]);
    }
}
