//! Functions over the graph, and what is derived from them: reverse mode, partials, forward mode.

use std::collections::BTreeMap;

use crate::graph::{Binary, Graph, Leaf, Node, NodeId, Output, Unary, Variable};

/// A few values of a graph with names: the step of a neuron, or a function derived from one.
#[derive(Clone, Debug)]
pub struct Function {
    /// The operations.
    pub graph: Graph,
    /// What is computed, in order.
    pub outputs: Vec<(Output, NodeId)>,
}

impl Function {
    /// Leaves the function reads, sorted.
    pub fn reads(&self) -> Vec<Leaf> {
        let roots: Vec<NodeId> = self.outputs.iter().map(|&(_, id)| id).collect();
        let mut leaves: Vec<Leaf> = self
            .graph
            .order(&roots, |_, _| false)
            .into_iter()
            .filter_map(|id| match self.graph.node(id) {
                Node::Leaf(leaf) => Some(leaf),
                _ => None,
            })
            .collect();
        leaves.sort();
        leaves
    }

    /// The function with some leaves set to constants, simplified.
    ///
    /// Noise that is off is a constant 0: it then costs nothing.
    pub fn fix(&self, constant: impl Fn(Leaf) -> Option<f64>) -> Function {
        self.map(|node, graph| match node {
            Node::Leaf(leaf) => constant(leaf).map(|value| graph.constant(value)),
            _ => None,
        })
    }

    fn map(&self, mut replace: impl FnMut(Node, &mut Graph) -> Option<NodeId>) -> Function {
        let mut graph = Graph::default();
        let roots: Vec<NodeId> = self.outputs.iter().map(|&(_, id)| id).collect();
        let rebuilt = self.graph.rebuild(&roots, &mut graph, |_, node, into| replace(node, into));
        let outputs = self.outputs.iter().zip(rebuilt).map(|(&(name, _), id)| (name, id)).collect();
        Function { graph, outputs }
    }

    /// Every partial derivative: `outputs.len() × variables.len()` values, row by row.
    ///
    /// Applied twice it gives second derivatives.
    pub fn partials(&self, variables: &[Variable]) -> Function {
        let mut graph = self.graph.clone();
        let mut outputs = Vec::new();
        for &(_, root) in &self.outputs {
            let one = graph.constant(1.0);
            for id in pull(&mut graph, &[(root, one)], variables) {
                outputs.push((Output::Value(outputs.len()), id));
            }
        }
        Function { graph, outputs }
    }

    /// Reverse mode: from the cotangents of the results ([`Leaf::Cotangent`]) the cotangents of
    /// `variables`, in their order. Results in `kept` are read ([`Leaf::Result`]) where the forward
    /// pass stored them, instead of computed again; where one value is kept under two names the
    /// first in `kept` is read.
    pub fn vjp(&self, variables: &[Variable], kept: &[Output]) -> Function {
        let mut graph = self.graph.clone();
        let seeds: Vec<(NodeId, NodeId)> = self
            .outputs
            .iter()
            .map(|&(name, root)| (root, graph.leaf(Leaf::Cotangent(name))))
            .collect();
        let outputs = pull(&mut graph, &seeds, variables)
            .into_iter()
            .enumerate()
            .map(|(k, id)| (Output::Value(k), id))
            .collect();
        let mut stored: BTreeMap<Node, Output> = BTreeMap::new();
        for &name in kept.iter().rev() {
            if let Some(&(_, root)) = self.outputs.iter().find(|&&(output, _)| output == name)
                && !matches!(graph.node(root), Node::Const(_) | Node::Leaf(_))
            {
                stored.insert(graph.node(root), name);
            }
        }
        Function { graph, outputs }
            .map(|node, into| stored.get(&node).map(|&name| into.leaf(Leaf::Result(name))))
    }

    /// Forward mode from partials computed once ([`Leaf::Partial`]): the tangent of each output for
    /// one tangent of each variable ([`Leaf::Tangent`]). Partials that are constant are folded in.
    ///
    /// `self` is the step, `variables` those that move; the partials are [`Self::partials`] of both.
    pub fn jvp(&self, variables: &[Variable]) -> Function {
        let partials = self.partials(variables);
        let mut graph = Graph::default();
        let mut outputs = Vec::new();
        for (row, &(name, _)) in partials.outputs.chunks(variables.len().max(1)).zip(&self.outputs)
        {
            let mut sum = graph.constant(0.0);
            for (&(_, id), &variable) in row.iter().zip(variables) {
                let factor = match partials.graph.constant_value(id) {
                    Some(value) => graph.constant(value),
                    None => graph.leaf(Leaf::Partial(name, variable)),
                };
                let tangent = graph.leaf(Leaf::Tangent(variable));
                let term = graph.binary(Binary::Mul, factor, tangent);
                sum = graph.binary(Binary::Add, sum, term);
            }
            outputs.push((name, sum));
        }
        Function { graph, outputs }
    }
}

/// Reverse accumulation: cotangents `seeds` of some nodes pulled back to `variables`.
pub(crate) fn pull(
    graph: &mut Graph,
    seeds: &[(NodeId, NodeId)],
    variables: &[Variable],
) -> Vec<NodeId> {
    let roots: Vec<NodeId> = seeds.iter().map(|&(root, _)| root).collect();
    let mut cotangents: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for &(root, cotangent) in seeds {
        add_to(graph, &mut cotangents, root, cotangent);
    }
    for id in graph.order(&roots, |_, _| false).into_iter().rev() {
        let Some(&c) = cotangents.get(&id) else { continue };
        for (argument, cotangent) in local(graph, id, c) {
            add_to(graph, &mut cotangents, argument, cotangent);
        }
    }
    variables
        .iter()
        .map(|&variable| {
            let leaf = graph.leaf(Leaf::Value(variable));
            cotangents.get(&leaf).copied().unwrap_or_else(|| graph.constant(0.0))
        })
        .collect()
}

fn add_to(graph: &mut Graph, sums: &mut BTreeMap<NodeId, NodeId>, id: NodeId, term: NodeId) {
    let sum = match sums.get(&id) {
        Some(&sum) => graph.binary(Binary::Add, sum, term),
        None => term,
    };
    sums.insert(id, sum);
}

/// Cotangents of the arguments of node `id`, whose own cotangent is `c`: the table of derivatives.
fn local(graph: &mut Graph, id: NodeId, c: NodeId) -> Vec<(NodeId, NodeId)> {
    let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
    match graph.node(id) {
        Node::Const(_) | Node::Leaf(_) => vec![],
        Node::Unary(op, a) => {
            let slope = match op {
                Unary::Neg => graph.constant(-1.0),
                Unary::Abs => {
                    let minus = graph.constant(-1.0);
                    graph.select(a, one, minus)
                }
                Unary::Exp => id,
                Unary::Ln => graph.binary(Binary::Div, one, a),
                Unary::Sqrt => {
                    let half = graph.constant(0.5);
                    graph.binary(Binary::Div, half, id)
                }
                Unary::Tanh => {
                    let square = graph.binary(Binary::Mul, id, id);
                    graph.binary(Binary::Sub, one, square)
                }
                Unary::Sigmoid => {
                    let rest = graph.binary(Binary::Sub, one, id);
                    graph.binary(Binary::Mul, id, rest)
                }
                Unary::Softplus => graph.unary(Unary::Sigmoid, a),
                Unary::Sin => graph.unary(Unary::Cos, a),
                Unary::Cos => {
                    let sine = graph.unary(Unary::Sin, a);
                    graph.unary(Unary::Neg, sine)
                }
                Unary::Erf => {
                    let square = graph.binary(Binary::Mul, a, a);
                    let exponent = graph.unary(Unary::Neg, square);
                    let bell = graph.unary(Unary::Exp, exponent);
                    let scale = graph.constant(std::f64::consts::FRAC_2_SQRT_PI);
                    graph.binary(Binary::Mul, scale, bell)
                }
            };
            vec![(a, graph.binary(Binary::Mul, c, slope))]
        }
        Node::Binary(op, a, b) => match op {
            Binary::Add => vec![(a, c), (b, c)],
            Binary::Sub => vec![(a, c), (b, graph.unary(Unary::Neg, c))],
            Binary::Mul => {
                vec![(a, graph.binary(Binary::Mul, c, b)), (b, graph.binary(Binary::Mul, c, a))]
            }
            Binary::Div => {
                let to_a = graph.binary(Binary::Div, c, b);
                let to_b = graph.binary(Binary::Mul, to_a, id);
                vec![(a, to_a), (b, graph.unary(Unary::Neg, to_b))]
            }
            Binary::Max | Binary::Min => {
                let first = match op {
                    Binary::Max => graph.binary(Binary::Gt, a, b),
                    _ => graph.binary(Binary::Gt, b, a),
                };
                vec![(a, graph.select(first, c, zero)), (b, graph.select(first, zero, c))]
            }
            Binary::Gt => vec![],
        },
        Node::Select(k, a, b) => {
            vec![(a, graph.select(k, c, zero)), (b, graph.select(k, zero, c))]
        }
        Node::Surrogate { wrt, derivative, .. } => {
            vec![(wrt, graph.binary(Binary::Mul, c, derivative))]
        }
    }
}
