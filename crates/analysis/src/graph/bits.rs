//! Undirected edges without weights as rows of bits: 64 nodes at a look.

use attractor_numerics::{Isa, Kernel};

use super::Graph;

/// Levels of a search from all nodes at once; beyond, a search from each node alone is quicker.
const LEVELS: usize = 64;

/// Which nodes are neighbours, a row of bits for each.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bits {
    nodes: usize,
    words: usize,
    rows: Vec<u64>,
}

impl Bits {
    pub(super) fn none(nodes: usize) -> Bits {
        // whole vectors, so that loops over words have no rest
        let words = nodes.div_ceil(512) * 8;
        Bits { nodes, words, rows: vec![0; nodes * words] }
    }

    /// The edges of a graph without directions.
    pub(super) fn of(graph: &Graph) -> Bits {
        let mut bits = Bits::none(graph.nodes());
        for i in 0..graph.nodes() {
            graph.of(i).for_each(|(j, _)| bits.set(i, j));
        }
        bits
    }

    /// The graph, of weights 1.
    pub(super) fn graph(&self) -> Graph {
        let mut graph = Graph::empty(self.nodes, false);
        for i in 0..self.nodes {
            graph.add_node(|list| each_bit(self.row(i), |j| list.push(j as u32)));
        }
        graph
    }

    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    pub(super) fn has(&self, i: usize, j: usize) -> bool {
        self.rows[i * self.words + j / 64] >> (j % 64) & 1 == 1
    }

    /// An edge between two nodes.
    pub(super) fn join(&mut self, i: usize, j: usize) {
        self.set(i, j);
        self.set(j, i);
    }

    /// No edge between two nodes.
    pub(super) fn part(&mut self, i: usize, j: usize) {
        self.rows[i * self.words + j / 64] &= !(1 << (j % 64));
        self.rows[j * self.words + i / 64] &= !(1 << (i % 64));
    }

    fn set(&mut self, i: usize, j: usize) {
        self.rows[i * self.words + j / 64] |= 1 << (j % 64);
    }

    /// The edges, each once, the smaller node first.
    pub(super) fn edges(&self) -> Vec<(u32, u32)> {
        let mut edges = Vec::new();
        for i in 0..self.nodes {
            each_bit(self.row(i), |j| {
                if j > i {
                    edges.push((i as u32, j as u32));
                }
            });
        }
        edges
    }

    fn row(&self, i: usize) -> &[u64] {
        &self.rows[i * self.words..(i + 1) * self.words]
    }

    /// Fraction of the pairs of each node's neighbours that are neighbours; 0 with fewer than two.
    pub(super) fn clustering(&self) -> Vec<f64> {
        Isa::best().run(Triangles(self))
    }

    /// Ordered pairs of nodes at each distance, from 1 on; `None` where that is far.
    pub(super) fn distances(&self) -> Option<Vec<usize>> {
        Isa::best().run(Reach(self))
    }
}

#[inline(always)]
fn each_bit(row: &[u64], mut visit: impl FnMut(usize)) {
    for (k, &word) in row.iter().enumerate() {
        let mut left = word;
        while left != 0 {
            visit(64 * k + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

#[inline(always)]
fn count(row: &[u64]) -> u64 {
    let mut sum = 0;
    for &word in row {
        sum += u64::from(word.count_ones());
    }
    sum
}

struct Triangles<'a>(&'a Bits);

impl Kernel for Triangles<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Vec<f64> {
        let graph = self.0;
        // corners of closed triangles, each edge looked at from its smaller node
        let mut closed = vec![0u64; graph.nodes];
        for i in 0..graph.nodes {
            let row = graph.row(i);
            let mut own = 0;
            for k in i / 64..graph.words {
                let above = if k == i / 64 { !0 << (i % 64) } else { !0 };
                let mut left = row[k] & above;
                while left != 0 {
                    let j = 64 * k + left.trailing_zeros() as usize;
                    left &= left - 1;
                    let mut common = 0;
                    for (a, b) in row.iter().zip(graph.row(j)) {
                        common += u64::from((a & b).count_ones());
                    }
                    own += common;
                    closed[j] += common;
                }
            }
            closed[i] += own;
        }
        let mut out = Vec::with_capacity(graph.nodes);
        for i in 0..graph.nodes {
            let k = count(graph.row(i));
            out.push(if k > 1 { closed[i] as f64 / (k * (k - 1)) as f64 } else { 0.0 });
        }
        out
    }
}

struct Reach<'a>(&'a Bits);

impl Kernel for Reach<'_> {
    type Output = Option<Vec<usize>>;

    /// `R_{d+1}[i] = R_d[i] ∪ ⋃ R_d[j]` over neighbours j, until no row grows.
    #[inline(always)]
    fn run<const FMA: bool>(self) -> Option<Vec<usize>> {
        let graph = self.0;
        let (n, words) = (graph.nodes, graph.words);
        let mut reached = graph.rows.clone();
        for i in 0..n {
            reached[i * words + i / 64] |= 1 << (i % 64);
        }
        let mut next = reached.clone();
        let mut sizes = vec![0u64; n];
        let mut found = Vec::new();
        let mut first = 0;
        for i in 0..n {
            sizes[i] = count(&reached[i * words..(i + 1) * words]);
            first += sizes[i] as usize - 1;
        }
        if first > 0 {
            found.push(first);
        }
        let mut growing = first > 0;
        while growing {
            if found.len() == LEVELS {
                return None;
            }
            let mut new = 0;
            for i in 0..n {
                let row = &mut next[i * words..(i + 1) * words];
                // whoever reaches all reaches no more
                if sizes[i] as usize == n {
                    continue;
                }
                for k in 0..words {
                    let mut left = graph.rows[i * words + k];
                    while left != 0 {
                        let j = 64 * k + left.trailing_zeros() as usize;
                        left &= left - 1;
                        for (a, b) in row.iter_mut().zip(&reached[j * words..(j + 1) * words]) {
                            *a |= b;
                        }
                    }
                }
                let size = count(row);
                new += (size - sizes[i]) as usize;
                sizes[i] = size;
            }
            reached.copy_from_slice(&next);
            growing = new > 0;
            if growing {
                found.push(new);
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(nodes: usize) -> Bits {
        let mut bits = Bits::none(nodes);
        (0..nodes).for_each(|i| bits.join(i, (i + 1) % nodes));
        bits
    }

    #[test]
    fn edges_come_and_go() {
        let mut bits = ring(70);
        assert!(bits.has(69, 0) && bits.has(0, 69) && !bits.has(0, 2));
        bits.part(0, 69);
        assert!(!bits.has(69, 0));
        assert_eq!(bits.edges().len(), 69);
        assert_eq!(bits.edges()[68], (68, 69));
    }

    #[test]
    fn distances_on_a_ring() {
        // 70 nodes: two at each distance up to 34, one at 35
        let found = ring(70).distances().unwrap();
        assert_eq!(found.len(), 35);
        assert!(found[..34].iter().all(|&pairs| pairs == 140) && found[34] == 70);
        assert_eq!(ring(2 * LEVELS + 4).distances(), None);
        assert_eq!(Bits::none(3).distances(), Some(Vec::new()));
    }

    #[test]
    fn triangles_on_a_square_with_a_diagonal() {
        let mut bits = ring(4);
        bits.join(0, 2);
        let two = 2.0 / 3.0;
        assert_eq!(bits.clustering(), [two, 1.0, two, 1.0]);
        assert_eq!(Bits::none(3).clustering(), [0.0; 3]);
    }
}
