//! One form for equal graphs: the order of the nodes says nothing about how they were written.

use std::collections::BTreeMap;

use crate::graph::{Binary, Graph, Node, NodeId};

impl Graph {
    /// The part of the graph that `roots` need, numbered by height and then by content, and where
    /// each old node went. Two graphs of the same operations have the same canonical form, whatever
    /// order they were written in and whichever way round `a + b` and `a × b` stood; so an equation
    /// typed as text runs the very operations of the one written in Rust.
    pub(crate) fn canonical(&self, roots: &[NodeId]) -> (Graph, BTreeMap<NodeId, NodeId>) {
        let mut heights: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut levels: Vec<Vec<NodeId>> = Vec::new();
        for id in self.order(roots, |_, _| false) {
            let arguments = self.arguments(id);
            let height = arguments.iter().map(|a| heights[a] + 1).max().unwrap_or(0);
            heights.insert(id, height);
            if levels.len() <= height {
                levels.resize(height + 1, Vec::new());
            }
            levels[height].push(id);
        }
        let mut graph = Graph::default();
        let mut places: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        for level in levels {
            let mut moved: Vec<(Node, NodeId)> =
                level.into_iter().map(|id| (renumbered(self.node(id), &places), id)).collect();
            moved.sort();
            for (node, id) in moved {
                places.insert(id, graph.intern(node));
            }
        }
        (graph, places)
    }
}

fn renumbered(node: Node, places: &BTreeMap<NodeId, NodeId>) -> Node {
    match node {
        Node::Const(_) | Node::Leaf(_) => node,
        Node::Unary(op, a) => Node::Unary(op, places[&a]),
        Node::Binary(op @ (Binary::Add | Binary::Mul), a, b) => {
            let (a, b) = (places[&a], places[&b]);
            Node::Binary(op, a.min(b), a.max(b))
        }
        Node::Binary(op, a, b) => Node::Binary(op, places[&a], places[&b]),
        Node::Select(c, a, b) => Node::Select(places[&c], places[&a], places[&b]),
        Node::Surrogate { value, wrt, derivative } => Node::Surrogate {
            value: places[&value],
            wrt: places[&wrt],
            derivative: places[&derivative],
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::Neuron;

    #[test]
    fn the_order_of_writing_does_not_matter() {
        let one = Neuron::define("n", |n| {
            let (x, i, tau) = (n.state("x"), n.drive("I"), n.param("tau", 10.0));
            n.flow(x, (i - x) / tau + x.tanh() * 2.0);
            n.emit("r", n.after(x).tanh());
        });
        let other = Neuron::define("n", |n| {
            let (tau, i, x) = (n.param("tau", 10.0), n.drive("I"), n.state("x"));
            n.emit("r", n.after(x).tanh());
            let slope = 2.0 * x.tanh();
            n.flow(x, slope + (-x + i) / tau);
        });
        assert_eq!(one, other);
    }
}
