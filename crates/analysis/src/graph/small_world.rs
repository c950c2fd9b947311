//! Small worlds: clustered as a lattice, short as a random graph.

use attractor_numerics::random::stream;
use rayon::prelude::*;
use serde::Serialize;

use super::bits::Bits;
use super::nulls::Null;
use super::{Graph, paths};
use crate::MeasureError;
use crate::measure_error::enough;

/// Clustering and efficiency of a graph against random ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SmallWorld {
    /// `(C / C_null) · (E / E_null)`; absent where random graphs have no triangles or no edges.
    pub small_worldness: Option<f64>,
    /// Mean clustering coefficient C.
    pub clustering: f64,
    /// Global efficiency E.
    pub efficiency: f64,
    /// Mean of C over the random graphs.
    pub null_clustering: f64,
    /// Mean of E over the random graphs.
    pub null_efficiency: f64,
}

/// Small-worldness of the edges of a graph, whatever their weights:
///
/// `σ = (C / C_null) · (E / E_null)`, with C the mean [clustering](super::clustering()) coefficient, E
/// the global [efficiency](paths), and their means over `nulls` random graphs.
///
/// This is the quotient of Humphries & Gurney 2008 (doi:10.1371/journal.pone.0002051) with efficiency in
/// place of 1 / path length, so that graphs in several pieces have one too. Random graphs are about 1,
/// small worlds above.
///
/// Cost: for each random graph E N / 64 operations; 1,000 nodes and 50,000 edges take milliseconds.
///
/// # Errors
/// A graph with directions, no random graph, a threshold outside of 0..1.
pub fn small_worldness(
    graph: &Graph,
    null: Null,
    nulls: usize,
    seed: u64,
) -> Result<SmallWorld, MeasureError> {
    graph.undirected_only("small-worldness")?;
    enough("random graphs", 1, nulls)?;
    null.check()?;
    let bits = Bits::of(graph);
    let edges = bits.edges();
    let drawn: Vec<(f64, f64)> = (0..nulls)
        .into_par_iter()
        .map(|k| {
            let mut rng = stream(seed, &format!("small-world/{k}"));
            measured(&null.draw(&bits, &edges, &mut rng))
        })
        .collect();
    let (clustering, efficiency) = measured(&bits);
    let mean = |of: fn(&(f64, f64)) -> f64| drawn.iter().map(of).sum::<f64>() / nulls as f64;
    let (null_clustering, null_efficiency) = (mean(|d| d.0), mean(|d| d.1));
    let quotient = clustering / null_clustering * (efficiency / null_efficiency);
    let small_worldness = quotient.is_finite().then_some(quotient);
    Ok(SmallWorld { small_worldness, clustering, efficiency, null_clustering, null_efficiency })
}

/// Mean clustering coefficient and global efficiency.
fn measured(bits: &Bits) -> (f64, f64) {
    let clustering = bits.clustering().iter().sum::<f64>() / bits.nodes() as f64;
    (clustering, paths::binary(bits).efficiency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::RngExt;

    /// Watts & Strogatz: a ring of `k` nearest neighbours, each edge with one end moved at random.
    fn rewired(nodes: usize, k: usize, probability: f64, seed: u64) -> Graph {
        let mut rng = stream(seed, "rewired");
        let mut w = Array2::zeros((nodes, nodes));
        let pairs = (1..=k / 2).flat_map(|apart| (0..nodes).map(move |i| (i, (i + apart) % nodes)));
        for (i, mut j) in pairs {
            if rng.random::<f64>() < probability {
                j = rng.random_range(0..nodes);
                while i == j || w[[i, j]] > 0.0 {
                    j = rng.random_range(0..nodes);
                }
            }
            (w[[i, j]], w[[j, i]]) = (1.0, 1.0);
        }
        Graph::undirected(w.view()).unwrap()
    }

    #[test]
    fn between_order_and_chance() {
        let sigma = |p| {
            let found = small_worldness(&rewired(300, 10, p, 1), Null::Density, 20, 4).unwrap();
            found.small_worldness.unwrap()
        };
        let [lattice, small, random] = [0.0, 0.1, 1.0].map(sigma);
        // C of a rewired graph is C(0) (1 − p)³ (Barrat & Weigt 2000), C(0) = 2/3, C_null = 10/299
        assert!(small > lattice && small > 10.0, "{lattice} {small}");
        assert!((random - 1.0).abs() < 0.25, "{random}");
        let found = small_worldness(&rewired(300, 10, 0.1, 1), Null::Density, 20, 4).unwrap();
        assert!((found.clustering - 0.666_7 * 0.9f64.powi(3)).abs() < 0.05);
        assert!((found.null_clustering - 10.0 / 299.0).abs() < 0.002, "{}", found.null_clustering);
    }

    #[test]
    fn a_random_graph_is_none() {
        let graph = rewired(200, 16, 1.0, 2);
        for null in [Null::Density, Null::Degrees] {
            let found = small_worldness(&graph, null, 30, 9).unwrap().small_worldness.unwrap();
            assert!((found - 1.0).abs() < 0.12, "{null:?}: {found}");
        }
        // 18 % of the pairs against 8 %: clustering is the density
        let demo = small_worldness(&graph, Null::UniformMeans { threshold: 0.7 }, 30, 9).unwrap();
        assert!((demo.null_clustering - 0.18).abs() < 0.003, "{}", demo.null_clustering);
        assert!(demo.small_worldness.unwrap() < 0.6);
    }

    #[test]
    fn what_has_none() {
        let directed = Graph::directed(Array2::ones((5, 5)).view()).unwrap();
        assert!(small_worldness(&directed, Null::Density, 5, 0).is_err());
        let graph = Graph::undirected(Array2::zeros((5, 5)).view()).unwrap();
        assert_eq!(small_worldness(&graph, Null::Density, 5, 0).unwrap().small_worldness, None);
        assert!(small_worldness(&graph, Null::Density, 0, 0).is_err());
        let whole = directed.either_direction();
        let found = small_worldness(&whole, Null::Density, 5, 0).unwrap();
        assert!((found.small_worldness.unwrap() - 1.0).abs() < 1e-12);
    }
}
