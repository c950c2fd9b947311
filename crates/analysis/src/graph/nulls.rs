//! Random graphs to compare a graph with.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::bits::Bits;
use crate::MeasureError;

/// Successful exchanges per edge after which a graph of given degrees counts as random.
const EXCHANGES: usize = 10;

/// Which random graphs a graph without weights and directions is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Null {
    /// As many edges, each pair of nodes as likely to have one (Erdős & Rényi).
    #[default]
    Density,
    /// Every node has as many edges as it has: ends of pairs of edges are exchanged, ten times for each
    /// edge (Maslov & Sneppen 2002, doi:10.1126/science.1065103).
    Degrees,
    /// An edge where the mean of two uniform numbers of 0..1 lies above the threshold, whatever the
    /// graph: at 0.7, that of the demonstration of spatially embedded networks (Achterberg et al. 2023,
    /// doi:10.1038/s42256-023-00748-9), 18 % of the pairs have one.
    UniformMeans {
        /// The threshold.
        threshold: f64,
    },
}

impl Null {
    pub(super) fn check(self) -> Result<(), MeasureError> {
        match self {
            Null::UniformMeans { threshold } if !(0.0..1.0).contains(&threshold) => {
                let fix = "it is at least 0 and less than 1";
                Err(MeasureError::Value { name: "threshold", value: threshold.to_string(), fix })
            }
            _ => Ok(()),
        }
    }

    /// A random graph for this one, whose edges are also given as a list.
    pub(super) fn draw(self, graph: &Bits, edges: &[(u32, u32)], rng: &mut impl Rng) -> Bits {
        match self {
            Null::Density => density(graph.nodes(), edges.len(), rng),
            Null::Degrees => exchanged(graph, edges, rng),
            Null::UniformMeans { threshold } => {
                let mut bits = Bits::none(graph.nodes());
                for i in 0..graph.nodes() {
                    for j in 0..i {
                        if (rng.random::<f64>() + rng.random::<f64>()) / 2.0 > threshold {
                            bits.join(i, j);
                        }
                    }
                }
                bits
            }
        }
    }
}

/// Pairs are drawn until there are enough different ones: those with an edge or, of a dense graph, those without.
fn density(nodes: usize, edges: usize, rng: &mut impl Rng) -> Bits {
    let all = nodes * (nodes - 1) / 2;
    let dense = 2 * edges > all;
    let mut bits = Bits::none(nodes);
    if dense {
        for i in 0..nodes {
            (0..i).for_each(|j| bits.join(i, j));
        }
    }
    let mut left = if dense { all - edges } else { edges };
    while left > 0 {
        let (i, j) = (rng.random_range(0..nodes as u32), rng.random_range(0..nodes as u32));
        let (i, j) = (i as usize, j as usize);
        if i == j || bits.has(i, j) != dense {
            continue;
        }
        if dense {
            bits.part(i, j)
        } else {
            bits.join(i, j)
        }
        left -= 1;
    }
    bits
}

/// a–b and c–d become a–d and c–b, where that makes no edge twice and none from a node to itself.
fn exchanged(graph: &Bits, edges: &[(u32, u32)], rng: &mut impl Rng) -> Bits {
    let mut bits = graph.clone();
    let mut edges = edges.to_vec();
    let wanted = EXCHANGES * edges.len();
    let mut done = 0;
    // a graph such as a clique has no pair to exchange
    for _ in 0..10 * wanted {
        if done == wanted {
            break;
        }
        let pick = |rng: &mut _| RngExt::random_range(rng, 0..edges.len());
        let (p, q) = (pick(rng), pick(rng));
        let ((a, b), (mut c, mut d)) = (edges[p], edges[q]);
        if rng.random() {
            (c, d) = (d, c);
        }
        if [a, b].contains(&c) || [a, b].contains(&d) {
            continue;
        }
        let [i, j, k, l] = [a, b, c, d].map(|node| node as usize);
        if bits.has(i, l) || bits.has(k, j) {
            continue;
        }
        bits.part(i, j);
        bits.part(k, l);
        bits.join(i, l);
        bits.join(k, j);
        (edges[p], edges[q]) = ((a, d), (c, b));
        done += 1;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_numerics::random::stream;

    fn degrees(bits: &Bits) -> Vec<usize> {
        let mut degrees = vec![0; bits.nodes()];
        for (i, j) in bits.edges() {
            degrees[i as usize] += 1;
            degrees[j as usize] += 1;
        }
        degrees
    }

    #[test]
    fn what_is_kept_is_kept() {
        let mut rng = stream(1, "nulls");
        for edges in [0, 30, 400, 700, 780] {
            let graph = density(40, edges, &mut rng);
            let list = graph.edges();
            assert_eq!(list.len(), edges);
            assert_eq!(Null::Density.draw(&graph, &list, &mut rng).edges().len(), edges);
            let other = Null::Degrees.draw(&graph, &list, &mut rng);
            assert_eq!(degrees(&other), degrees(&graph));
            assert_eq!(other == graph, matches!(edges, 0 | 780), "{edges}");
        }
    }

    #[test]
    fn the_mean_of_two_uniforms() {
        // P(u + v > 1.4) = 0.6² / 2 = 0.18 of 44,850 pairs, sd 0.0018
        let null = Null::UniformMeans { threshold: 0.7 };
        let found = null.draw(&Bits::none(300), &[], &mut stream(2, "nulls"));
        assert!((found.edges().len() as f64 / 44_850.0 - 0.18).abs() < 0.0075);
        assert!(Null::UniformMeans { threshold: 1.0 }.check().is_err() && null.check().is_ok());
    }
}
