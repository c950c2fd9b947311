//! What text and LaTeX share: how a node reads, and which values get a line of their own.

use std::collections::BTreeMap;

use crate::define::Definition;
use crate::graph::{Binary, Graph, Leaf, Node, NodeId, Unary, Variable};
use crate::neuron::{Neuron, Update};
use crate::surrogate::Surrogate;

/// How a node reads, sugar restored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    Number(f64),
    Leaf(Leaf),
    Neg(NodeId),
    Square(NodeId),
    Infix(Binary, NodeId, NodeId),
    Call(&'static str, Vec<NodeId>),
    /// A spike, its surrogate, and the height of that unless it is 1.
    Spike(NodeId, Surrogate, Option<NodeId>),
}

impl Form {
    pub(crate) fn of(graph: &Graph, id: NodeId) -> Form {
        let zero = |id| graph.constant_value(id) == Some(0.0);
        match graph.node(id) {
            Node::Const(bits) => Form::Number(f64::from_bits(bits)),
            Node::Leaf(leaf) => Form::Leaf(leaf),
            Node::Unary(Unary::Neg, a) => Form::Neg(a),
            Node::Unary(op, a) => Form::Call(unary_name(op), vec![a]),
            Node::Binary(Binary::Mul, a, b) if a == b => Form::Square(a),
            Node::Binary(Binary::Max, a, b) if zero(b) => Form::Call("relu", vec![a]),
            Node::Binary(Binary::Max, a, b) => Form::Call("max", vec![a, b]),
            Node::Binary(Binary::Min, a, b) => Form::Call("min", vec![a, b]),
            Node::Binary(Binary::Gt, a, b) => Form::Call("gt", vec![a, b]),
            Node::Binary(op, a, b) => Form::Infix(op, a, b),
            Node::Select(c, a, b) => Form::Call("select", vec![c, a, b]),
            Node::Surrogate { value, wrt, derivative } if value == wrt && zero(derivative) => {
                Form::Call("detach", vec![value])
            }
            Node::Surrogate { value, wrt, derivative } => {
                let spikes = matches!(graph.node(value), Node::Binary(Binary::Gt, a, b) if a == wrt && zero(b));
                let named = spikes.then(|| surrogate_of(graph, wrt, derivative)).flatten();
                match named {
                    Some((surrogate, height)) => Form::Spike(wrt, surrogate, height),
                    None => Form::Call("surrogate", vec![value, wrt, derivative]),
                }
            }
        }
    }

    /// The nodes it is written with.
    pub(crate) fn parts(&self) -> Vec<NodeId> {
        match self {
            Form::Number(_) | Form::Leaf(_) => vec![],
            &Form::Neg(a) | &Form::Square(a) => vec![a],
            &Form::Infix(_, a, b) => vec![a, b],
            Form::Call(_, arguments) => arguments.clone(),
            &Form::Spike(a, _, height) => [a].into_iter().chain(height).collect(),
        }
    }
}

/// Whether `a × b` is written the other way round: a parameter stands before what it scales.
pub(crate) fn scales(graph: &Graph, b: NodeId, a: NodeId) -> bool {
    let param = |id| matches!(graph.node(id), Node::Leaf(Leaf::Value(Variable::Param(_))));
    param(b) && !param(a) && matches!(graph.node(a), Node::Leaf(_))
}

/// The named surrogate that `derivative` by `x` is, and its height unless that is 1. Nodes are unique:
/// a surrogate written again into the same graph is the one that is there.
fn surrogate_of(
    graph: &Graph,
    x: NodeId,
    derivative: NodeId,
) -> Option<(Surrogate, Option<NodeId>)> {
    let definition = Definition::default();
    definition.draft.borrow_mut().graph = graph.clone();
    Surrogate::ALL.iter().find_map(|&(_, surrogate, _)| {
        let slope = surrogate.derivative(definition.scalar(x)).id();
        match graph.node(derivative) {
            _ if slope == derivative => Some((surrogate, None)),
            Node::Binary(Binary::Mul, a, b) if b == slope => Some((surrogate, Some(a))),
            Node::Binary(Binary::Mul, a, b) if a == slope => Some((surrogate, Some(b))),
            _ => None,
        }
    })
}

fn unary_name(op: Unary) -> &'static str {
    match op {
        Unary::Neg => "-",
        Unary::Abs => "abs",
        Unary::Exp => "exp",
        Unary::Ln => "ln",
        Unary::Sqrt => "sqrt",
        Unary::Tanh => "tanh",
        Unary::Sigmoid => "sigmoid",
        Unary::Softplus => "softplus",
        Unary::Sin => "sin",
        Unary::Cos => "cos",
        Unary::Erf => "erf",
    }
}

/// When a value gets a line of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Operations and operands of a value written more than once, at most.
    pub(crate) shared: usize,
    /// Operations within each other, at most.
    pub(crate) depth: usize,
}

/// The values with a line of their own, arguments before results, and their names: those given in the
/// definition, else 1, 2, ….
pub(crate) fn locals(neuron: &Neuron, limits: Limits) -> Vec<(NodeId, String)> {
    let graph = &neuron.graph;
    let mut given: BTreeMap<NodeId, &str> = BTreeMap::new();
    for (name, id) in &neuron.named {
        given.entry(*id).or_insert(name);
    }
    let roots = roots(neuron);
    let mut uses: BTreeMap<NodeId, usize> = BTreeMap::new();
    for &root in &roots {
        *uses.entry(root).or_default() += 1;
    }
    let mut order: Vec<(NodeId, Form)> = Vec::new();
    let mut stack: Vec<(NodeId, Option<Form>)> = roots.iter().rev().map(|&r| (r, None)).collect();
    let mut seen: BTreeMap<NodeId, ()> = BTreeMap::new();
    while let Some((id, form)) = stack.pop() {
        if let Some(form) = form {
            order.push((id, form));
        } else if seen.insert(id, ()).is_none() {
            let form = Form::of(graph, id);
            let parts = form.parts();
            stack.push((id, Some(form)));
            for part in parts.into_iter().rev() {
                *uses.entry(part).or_default() += 1;
                stack.push((part, None));
            }
        }
    }
    let mut measure: BTreeMap<NodeId, (usize, usize)> = BTreeMap::new();
    let mut locals: Vec<(NodeId, String)> = Vec::new();
    let mut number = 0;
    for (id, form) in order {
        let parts = form.parts();
        let size = 1 + parts.iter().map(|part| measure[part].0).sum::<usize>();
        let depth = 1 + parts.iter().map(|part| measure[part].1).max().unwrap_or(0);
        let shared = uses[&id] > 1 && size > limits.shared;
        if !parts.is_empty() && (given.contains_key(&id) || shared || depth > limits.depth) {
            let name = given.get(&id).map(|name| (*name).to_owned());
            let name = name.unwrap_or_else(|| free_number(&mut number, neuron));
            locals.push((id, name));
            measure.insert(id, (1, 1));
        } else {
            measure.insert(id, (size, depth));
        }
    }
    locals
}

fn free_number(number: &mut usize, neuron: &Neuron) -> String {
    loop {
        *number += 1;
        let name = number.to_string();
        if neuron.named.iter().all(|(other, _)| *other != name) {
            return name;
        }
    }
}

/// Updates, then emissions.
fn roots(neuron: &Neuron) -> Vec<NodeId> {
    let updates = neuron.states.iter().map(|state| match state.update {
        Update::Flow(id) | Update::Next(id) => id,
    });
    updates.chain(neuron.emissions.iter().map(|e| e.value)).collect()
}

/// The shortest digits that read back as the same number: `0.1`, `2`, `1e-7`.
pub(crate) fn digits(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
