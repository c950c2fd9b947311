//! Rich clubs: do nodes of many edges keep to each other.

use attractor_numerics::random::stream;
use rayon::prelude::*;
use serde::Serialize;

use super::Graph;
use super::bits::Bits;
use super::nulls::Null;
use crate::MeasureError;

/// Rich-club coefficients for each degree k, from 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RichClub {
    /// `φ(k)`: density of the edges among nodes of more than k edges.
    pub coefficients: Vec<f64>,
    /// `φ(k) / φ_null(k)`, absent where random graphs have no such edges; empty without random graphs.
    pub normalised: Vec<Option<f64>>,
}

/// The rich-club coefficient `φ(k) = 2 E_{>k} / (N_{>k} (N_{>k} − 1))` of the nodes with more than k
/// edges, and E edges among them, for every k that at least two nodes exceed; over the mean of that of
/// `nulls` random graphs of the same degrees (Colizza et al. 2006, doi:10.1038/nphys209).
///
/// Hubs are joined more often than others by chance alone, hence the random graphs. The weights are not
/// looked at.
///
/// Cost: one look at each edge, and some 20 at each for each random graph.
///
/// # Errors
/// A graph with directions.
pub fn rich_club(graph: &Graph, nulls: usize, seed: u64) -> Result<RichClub, MeasureError> {
    graph.undirected_only("a rich club")?;
    let degrees: Vec<usize> = (0..graph.nodes()).map(|node| graph.list(node).0.len()).collect();
    let bits = Bits::of(graph);
    let edges = bits.edges();
    let coefficients = coefficients(&degrees, &edges);
    let drawn: Vec<Vec<f64>> = (0..nulls)
        .into_par_iter()
        .map(|k| {
            let mut rng = stream(seed, &format!("rich-club/{k}"));
            self::coefficients(&degrees, &Null::Degrees.draw(&bits, &edges, &mut rng).edges())
        })
        .collect();
    let mut normalised = Vec::new();
    if nulls > 0 {
        for (k, &found) in coefficients.iter().enumerate() {
            let null = drawn.iter().map(|of| of[k]).sum::<f64>() / nulls as f64;
            normalised.push((null > 0.0).then(|| found / null));
        }
    }
    Ok(RichClub { coefficients, normalised })
}

fn coefficients(degrees: &[usize], edges: &[(u32, u32)]) -> Vec<f64> {
    let most = degrees.iter().copied().max().unwrap_or(0);
    // nodes of each degree, and edges whose poorer end has it
    let (mut nodes, mut poorer) = (vec![0usize; most + 1], vec![0usize; most + 1]);
    degrees.iter().for_each(|&k| nodes[k] += 1);
    for &(i, j) in edges {
        poorer[degrees[i as usize].min(degrees[j as usize])] += 1;
    }
    let (mut rich, mut among) = (degrees.len(), edges.len());
    let mut out = Vec::new();
    for k in 0..=most {
        rich -= nodes[k];
        among -= poorer[k];
        if rich < 2 {
            break;
        }
        out.push(2.0 * among as f64 / (rich * (rich - 1)) as f64);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// A clique of `hubs`, each with `leaves` of its own, which are a ring.
    fn club(hubs: usize, leaves: usize) -> Graph {
        let n = hubs * (leaves + 1);
        let ring = |i: usize, j: usize| i >= hubs && j == if i + 1 < n { i + 1 } else { hubs };
        let hub = |i: usize, j: usize| j < hubs && (i < hubs || i % hubs == j);
        let joined = |i: usize, j: usize| ring(i, j) || hub(i, j);
        let w = Array2::from_shape_fn((n, n), |(i, j)| {
            f64::from(i != j && (joined(i, j) || joined(j, i)))
        });
        Graph::undirected(w.view()).unwrap()
    }

    #[test]
    fn a_clique_of_hubs() {
        // hubs have 5 + 4 edges, leaves 1 + 2
        let found = rich_club(&club(6, 4), 50, 1).unwrap();
        assert_eq!(found.coefficients.len(), 9);
        // all 30 nodes and 15 + 24 + 24 edges, then the 6 hubs
        assert!((found.coefficients[0] - 2.0 * 63.0 / 870.0).abs() < 1e-15);
        assert!(found.coefficients[3..].iter().all(|&phi| phi == 1.0));
        assert!((found.normalised[0].unwrap() - 1.0).abs() < 1e-12);
        assert!(found.normalised[3].unwrap() > 1.1, "{:?}", found.normalised);
    }

    #[test]
    fn equals_have_no_club() {
        let ring = Array2::from_shape_fn((8, 8), |(i, j)| f64::from((i + 8 - j) % 8 % 6 == 1));
        let graph = Graph::directed(ring.view()).unwrap();
        assert!(rich_club(&graph, 0, 0).is_err());
        let found = rich_club(&graph.either_direction(), 0, 0).unwrap();
        assert!(found.coefficients.iter().all(|&phi| (phi - 2.0 / 7.0).abs() < 1e-15));
        assert!(found.normalised.is_empty());
        let none = rich_club(&Graph::undirected(Array2::zeros((4, 4)).view()).unwrap(), 3, 0);
        assert!(none.unwrap().coefficients.is_empty());
    }
}
