//! Modules by the leading eigenvectors of the modularity matrix.

use attractor_numerics::linalg::symmetric_eigen;
use ndarray::Array2;

use super::modules::check_resolution;
use super::{Graph, Modules, modularity};
use crate::MeasureError;

/// A division that adds less than this to the modularity is none.
const LEAST: f64 = 1e-10;

/// Modules by repeated division along the leading eigenvector of the modularity matrix, with fine
/// tuning (Newman 2006, doi:10.1073/pnas.0601602103).
///
/// With `B_ij = A_ij − γ k_i^in k_j^out / m`, made symmetric, the nodes of a group g are divided by the
/// signs of the leading eigenvector of `B_ij − δ_ij Σ_{l ∈ g} B_il`. Then nodes change sides one by one,
/// each once, that which adds most (or costs least) first, and the best of these divisions is kept,
/// until none is better. What adds no [`modularity`] stays undivided.
///
/// No random numbers: use it where one answer is wanted that anybody gets again; [`louvain`](super::louvain())
/// usually finds a little more modularity, in far less time.
///
/// Cost: an eigendecomposition of every group, N³ for the first one.
///
/// # Errors
/// A resolution that is negative or not finite; an eigendecomposition that does not converge.
pub fn spectral_modules(graph: &Graph, resolution: f64) -> Result<Modules, MeasureError> {
    check_resolution(resolution)?;
    let nodes = graph.nodes();
    let b = modularity_matrix(graph, resolution);
    let mut labels = vec![0; nodes];
    let mut count = 1;
    let mut open: Vec<Vec<usize>> = vec![(0..nodes).collect()];
    while let Some(group) = open.pop() {
        let Some(side) = divided(&b, &group)? else { continue };
        let halves = [true, false].map(|which| -> Vec<usize> {
            let members = group.iter().zip(&side).filter(|(_, s)| **s == which);
            members.map(|(&node, _)| node).collect()
        });
        halves[1].iter().for_each(|&node| labels[node] = count);
        count += 1;
        open.extend(halves);
    }
    let found = modularity(graph, &labels, resolution)?;
    Ok(Modules::numbered(&labels, found))
}

/// `(B + Bᵀ) / 2m`, so that Q of a division is the sum of its entries inside of modules.
fn modularity_matrix(graph: &Graph, resolution: f64) -> Array2<f64> {
    let strengths = graph.strengths();
    let total: f64 = strengths.outgoing.iter().sum();
    let mut b = Array2::zeros((graph.nodes(), graph.nodes()));
    if total == 0.0 {
        return b;
    }
    for source in 0..graph.nodes() {
        for (target, w) in graph.of(source) {
            b[[target, source]] += 0.5 * w / total;
            b[[source, target]] += 0.5 * w / total;
        }
    }
    let (into, out) = (&strengths.incoming, &strengths.outgoing);
    for ((i, j), b) in b.indexed_iter_mut() {
        *b -= resolution * 0.5 * (into[i] * out[j] + into[j] * out[i]) / (total * total);
    }
    b
}

/// Which side each node of the group goes to, if dividing it adds modularity.
fn divided(b: &Array2<f64>, group: &[usize]) -> Result<Option<Vec<bool>>, MeasureError> {
    let n = group.len();
    if n < 2 {
        return Ok(None);
    }
    let mut of_group = Array2::from_shape_fn((n, n), |(i, j)| b[[group[i], group[j]]]);
    for i in 0..n {
        let sum = of_group.row(i).sum();
        of_group[[i, i]] -= sum;
    }
    let flat: Vec<f64> = of_group.iter().copied().collect();
    let eigen = symmetric_eigen(&flat, n)?;
    let leading = eigen.vectors.iter().step_by(n);
    let mut side: Vec<f64> = leading.map(|&v| if v > 0.0 { 1.0 } else { -1.0 }).collect();
    let gain = tuned(&of_group, &mut side);
    let whole = side.iter().all(|&s| s == side[0]);
    Ok((gain > LEAST && !whole).then(|| side.iter().map(|&s| s > 0.0).collect()))
}

/// Improves a division by moving nodes from side to side (Kernighan & Lin); what it adds to Q, `½ sᵀ B s`.
fn tuned(b: &Array2<f64>, side: &mut [f64]) -> f64 {
    let n = side.len();
    loop {
        let mut tried = side.to_vec();
        let mut field: Vec<f64> =
            (0..n).map(|i| b.row(i).iter().zip(&tried).map(|(b, s)| b * s).sum()).collect();
        let start: f64 = 0.5 * field.iter().zip(&tried).map(|(f, s)| f * s).sum::<f64>();
        let mut now = start;
        let (mut best, mut moves, mut kept) = (start + LEAST, Vec::with_capacity(n), 0);
        let mut free = vec![true; n];
        for _ in 0..n {
            // turning node i changes ½ sᵀ B s by 2 (B_ii − s_i Σ_j B_ij s_j)
            let change = |i: usize| 2.0 * (b[[i, i]] - tried[i] * field[i]);
            let candidates = (0..n).filter(|&i| free[i]).map(|i| (change(i), i));
            let most = candidates.reduce(|best, next| if next.0 > best.0 { next } else { best });
            let Some((gain, i)) = most else { break };
            now += gain;
            tried[i] = -tried[i];
            free[i] = false;
            for (field, b) in field.iter_mut().zip(b.row(i)) {
                *field += 2.0 * tried[i] * b;
            }
            moves.push(i);
            if now > best {
                (best, kept) = (now, moves.len());
            }
        }
        if kept == 0 {
            return start;
        }
        moves[..kept].iter().for_each(|&i| side[i] = -side[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{LouvainOptions, louvain};
    use attractor_numerics::random::stream;
    use rand::RngExt;

    #[test]
    fn planted_modules_are_found() {
        let mut rng = stream(5, "planted");
        let mut weights = Array2::zeros((80, 80));
        for ((i, j), w) in weights.indexed_iter_mut().filter(|((i, j), _)| i != j) {
            let chance = if i % 4 == j % 4 { 0.6 } else { 0.05 };
            *w = if rng.random::<f64>() < chance { 1.0 } else { 0.0 };
        }
        let directed = Graph::directed(weights.view()).unwrap();
        for graph in [directed.either_direction(), directed] {
            let found = spectral_modules(&graph, 1.0).unwrap();
            assert_eq!(found.count(), 4);
            (0..80).for_each(|i| assert_eq!(found.labels[i], found.labels[i % 4]));
            let other = louvain(&graph, &LouvainOptions::default()).unwrap();
            assert!((found.modularity - other.modularity).abs() < 1e-12);
        }
    }

    #[test]
    fn what_has_no_modules_stays_whole() {
        let clique = Graph::undirected(Array2::ones((9, 9)).view()).unwrap();
        assert_eq!(spectral_modules(&clique, 1.0).unwrap().count(), 1);
        let empty = Graph::undirected(Array2::zeros((4, 4)).view()).unwrap();
        assert_eq!(spectral_modules(&empty, 1.0).unwrap().modularity, 0.0);
        assert!(spectral_modules(&empty, -1.0).is_err());
    }

    #[test]
    fn tuning_counts_what_it_moves() {
        let mut rng = stream(8, "tuning");
        let mut b = Array2::from_shape_simple_fn((12, 12), || rng.random::<f64>() - 0.5);
        b = &b + &b.t();
        let mut side: Vec<f64> = (0..12).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let value = |side: &[f64]| {
            0.5 * b.indexed_iter().map(|((i, j), b)| b * side[i] * side[j]).sum::<f64>()
        };
        let before = value(&side);
        let found = tuned(&b, &mut side);
        assert!((found - value(&side)).abs() < 1e-12 && found > before);
    }
}
