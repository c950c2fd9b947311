//! What nodes are to the modules: hubs of one, or links between several.

use super::Graph;
use crate::MeasureError;
use crate::measure_error::same_length;

/// Participation coefficient of each node, `P_i = 1 − Σ_m (k_im / k_i)²` with k_im the weights of its
/// edges to nodes of module m (Guimerà & Amaral 2005, doi:10.1038/nature03288): 0 if all go to one
/// module, near 1 if they are spread over many.
///
/// With directions, of outgoing edges; for incoming ones take the [reversed](Graph::reversed) graph.
/// 0 for a node without edges. Cost: one look at each edge.
///
/// # Errors
/// As many labels as nodes are not given.
pub fn participation(graph: &Graph, labels: &[usize]) -> Result<Vec<f64>, MeasureError> {
    let share = |to: &[f64]| {
        let all: f64 = to.iter().sum();
        1.0 - to.iter().map(|k| (k / all).powi(2)).sum::<f64>()
    };
    let found = to_modules(graph, labels)?;
    Ok(found.iter().map(|to| if to.iter().any(|&k| k > 0.0) { share(to) } else { 0.0 }).collect())
}

/// Within-module degree of each node, `z_i = (k_i − k̄) / σ` with k_i the weights of its edges to its own
/// module, mean k̄ and standard deviation σ over that module's nodes (Guimerà & Amaral 2005,
/// doi:10.1038/nature03288); 0 where they are all the same.
///
/// With directions, of outgoing edges. Cost: one look at each edge.
///
/// # Errors
/// As many labels as nodes are not given.
pub fn within_module_degree(graph: &Graph, labels: &[usize]) -> Result<Vec<f64>, MeasureError> {
    let to = to_modules(graph, labels)?;
    let own: Vec<f64> = labels.iter().zip(&to).map(|(&label, to)| to[label]).collect();
    let count = to.first().map_or(0, Vec::len);
    let mut out = vec![0.0; own.len()];
    for module in 0..count {
        let members: Vec<usize> = (0..own.len()).filter(|&i| labels[i] == module).collect();
        let n = members.len().max(1) as f64;
        let mean = members.iter().map(|&i| own[i]).sum::<f64>() / n;
        let variance = members.iter().map(|&i| (own[i] - mean).powi(2)).sum::<f64>() / n;
        let sd = variance.sqrt();
        if sd > 1e-12 * mean.abs() {
            members.iter().for_each(|&i| out[i] = (own[i] - mean) / sd);
        }
    }
    Ok(out)
}

/// Weights of each node's edges to each module, `[node][module]`.
fn to_modules(graph: &Graph, labels: &[usize]) -> Result<Vec<Vec<f64>>, MeasureError> {
    same_length("labels of the nodes", graph.nodes(), labels.len())?;
    let count = labels.iter().max().map_or(0, |most| most + 1);
    let of_node = |node| {
        let mut to = vec![0.0; count];
        graph.of(node).for_each(|(other, w)| to[labels[other]] += w);
        to
    };
    Ok((0..graph.nodes()).map(of_node).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn a_link_and_a_hub() {
        // 0 is joined to all, 1..4 to 0 alone; modules {0, 1, 2} and {3, 4}
        let mut w = Array2::zeros((5, 5));
        (1..5).for_each(|i| (w[[0, i]], w[[i, 0]]) = (1.0, 1.0));
        let graph = Graph::undirected(w.view()).unwrap();
        let labels = [0, 0, 0, 1, 1];
        assert_eq!(participation(&graph, &labels).unwrap(), [0.5, 0.0, 0.0, 0.0, 0.0]);
        // own module: 2, 1, 1 with mean 4/3 and sd √2/3; 0 and 0
        let z = within_module_degree(&graph, &labels).unwrap();
        let (hub, leaf) = (2.0f64.sqrt(), -0.5f64.sqrt());
        for (found, expected) in z.iter().zip([hub, leaf, leaf, 0.0, 0.0]) {
            assert!((found - expected).abs() < 1e-12);
        }
        assert!(participation(&graph, &[0; 4]).is_err());
        assert!(within_module_degree(&graph, &[0; 6]).is_err());
    }

    #[test]
    fn even_spread_over_m_modules() {
        let graph = Graph::directed(Array2::ones((12, 12)).view()).unwrap();
        let labels: Vec<usize> = (0..12).map(|i| i % 4).collect();
        // 2, 3, 3, 3 of 11
        let expected = 1.0 - (4.0 + 27.0) / 121.0;
        let found = participation(&graph, &labels).unwrap();
        assert!(found.iter().all(|p| (p - expected).abs() < 1e-14));
        let alone = Graph::undirected(Array2::zeros((2, 2)).view()).unwrap();
        assert_eq!(participation(&alone, &[0, 1]).unwrap(), [0.0, 0.0]);
    }
}
