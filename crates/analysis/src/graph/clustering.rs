//! Clustering coefficients: are the neighbours of a node neighbours of each other.

use super::Graph;
use super::bits::Bits;

/// The clustering coefficient of each node.
///
/// Without directions `C_i = 1 / (k_i (k_i − 1)) Σ_jk (ŵ_ij ŵ_jk ŵ_ki)^(1/3)`, with k the number of
/// edges and ŵ weights over the largest one (Onnela et al. 2005, doi:10.1103/PhysRevE.71.065103). Of
/// edges that weigh the same, it is the fraction of pairs of neighbours that are neighbours (Watts &
/// Strogatz 1998, doi:10.1038/30918).
///
/// With directions `C_i = ½ (S³)_ii / (d_i (d_i − 1) − 2 d_i^↔)`, with S the cube roots of ŵ in both
/// directions together, d_i the number of edges in and out and d_i^↔ of nodes with an edge each way
/// (Fagiolo 2007, doi:10.1103/PhysRevE.76.026107).
///
/// 0 where there are no two neighbours. Cost: N k² operations for k neighbours; without weights and
/// directions 64 of them are one.
#[must_use]
pub fn clustering(graph: &Graph) -> Vec<f64> {
    if graph.is_binary() && !graph.is_directed() {
        return Bits::of(graph).clustering();
    }
    let heaviest = graph.heaviest();
    let roots = graph.mapped(|w| (w / heaviest).cbrt());
    let degrees = graph.degrees();
    let both = if graph.is_directed() { roots.sum_of_directions() } else { roots };
    let back = graph.reversed();
    let mut row = vec![0.0; graph.nodes()];
    let mut out = Vec::with_capacity(graph.nodes());
    for i in 0..graph.nodes() {
        both.of(i).for_each(|(j, w)| row[j] = w);
        let closed: f64 =
            both.of(i).map(|(j, w)| w * both.of(j).map(|(k, v)| v * row[k]).sum::<f64>()).sum();
        both.of(i).for_each(|(j, _)| row[j] = 0.0);
        let (triangles, pairs) = if graph.is_directed() {
            let mutual = graph.of(i).filter(|&(j, _)| back.list(i).0.contains(&(j as u32))).count();
            let d = degrees.incoming[i] + degrees.outgoing[i];
            (closed / 2.0, d * (d - 1.0) - 2.0 * mutual as f64)
        } else {
            let k = degrees.outgoing[i];
            (closed, k * (k - 1.0))
        };
        out.push(if pairs > 0.0 { triangles / pairs } else { 0.0 });
    }
    out
}

/// The mean of [`clustering`] over all nodes.
#[must_use]
pub fn mean_clustering(graph: &Graph) -> f64 {
    clustering(graph).iter().sum::<f64>() / graph.nodes() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// Every node joined to the `k` nearest on a ring.
    fn lattice(nodes: usize, k: usize) -> Array2<f64> {
        Array2::from_shape_fn((nodes, nodes), |(i, j)| {
            let apart = i.abs_diff(j).min(nodes - i.abs_diff(j));
            f64::from(apart > 0 && apart <= k / 2)
        })
    }

    #[test]
    fn ring_lattices_in_closed_form() {
        // 3 (k − 2) / 4 (k − 1)
        for k in [4, 6, 10] {
            let expected = 3.0 * (k as f64 - 2.0) / (4.0 * (k as f64 - 1.0));
            let lattice = lattice(61, k);
            let graph = Graph::undirected(lattice.view()).unwrap();
            assert!((mean_clustering(&graph) - expected).abs() < 1e-14);
            // the directed coefficient of a symmetric graph is the undirected one
            let graph = Graph::directed(lattice.view()).unwrap();
            assert!((mean_clustering(&graph) - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn a_triangle_by_hand() {
        let mut w = Array2::zeros((4, 4));
        for (i, j, v) in [(0, 1, 8.0), (1, 2, 1.0), (0, 2, 1.0), (2, 3, 4.0)] {
            (w[[i, j]], w[[j, i]]) = (v, v);
        }
        // (8/8 · 1/8 · 1/8)^(1/3) = 1/4; node 2 has three neighbours, node 3 one
        let found = clustering(&Graph::undirected(w.view()).unwrap());
        for (found, expected) in found.iter().zip([0.25, 0.25, 0.25 / 3.0, 0.0]) {
            assert!((found - expected).abs() < 1e-15);
        }
        // a cycle of three: one of the two triangles that its three pairs could close
        let cycle = ndarray::array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        let graph = Graph::directed(cycle.view()).unwrap();
        clustering(&graph).iter().for_each(|c| assert!((c - 0.5).abs() < 1e-15));
        assert_eq!(clustering(&Graph::directed(Array2::zeros((2, 2)).view()).unwrap()), [0.0; 2]);
    }
}
