//! From a function to straight instructions over blocks of units.
//!
//! What depends on shared parameters and dt alone runs once per update, as scalars; what depends on
//! parameters per unit alone runs once per update, over the units; the rest is the body, which runs
//! every step. Uniform factors travel outwards (`dt ((i - x)/tau)` becomes `(i - x) (dt/tau)`) and
//! products that are summed become fused multiply-adds.

use std::collections::{BTreeMap, BTreeSet};

use crate::function::Function;
use crate::graph::{Binary, Graph, Leaf, Node, NodeId, Unary, Variable};

/// How often a value changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rate {
    /// Once per update, one number.
    Shared,
    /// Once per update, one number per unit.
    PerUnit,
    /// Every step, trial and unit.
    Varying,
}

/// Operations of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Copy,
    Unary(Unary),
    Binary(Binary),
    Select,
    /// `a b + c`
    MulAdd,
    /// `a b - c`
    MulSub,
    /// `c - a b`
    NegMulAdd,
}

/// Where an operation finds an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A block: input, constant per unit, output or temporary.
    Block(usize),
    /// A number shared by all units.
    Scalar(usize),
}

/// One loop over a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction {
    pub(crate) code: Code,
    pub(crate) target: usize,
    /// As many as the operation takes; the rest repeats the first.
    pub(crate) arguments: [Operand; 3],
}

/// A compiled function. Blocks are numbered inputs, constants per unit, outputs, temporaries.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) body: Vec<Instruction>,
    pub(crate) inputs: Vec<Leaf>,
    pub(crate) outputs: usize,
    pub(crate) temporaries: usize,
    pub(crate) graph: Graph,
    pub(crate) scalars: Vec<NodeId>,
    pub(crate) per_unit: Option<Box<Program>>,
}

impl Program {
    /// Compiles a function; `per_unit(k)` says whether parameter `k` has one value per unit.
    pub fn compile(function: &Function, per_unit: impl Fn(usize) -> bool) -> Program {
        Self::compile_at(function, &|leaf| match leaf {
            Leaf::Dt => Rate::Shared,
            Leaf::Value(Variable::Param(k)) if per_unit(k) => Rate::PerUnit,
            Leaf::Value(Variable::Param(_)) => Rate::Shared,
            _ => Rate::Varying,
        })
    }

    /// Streams the body reads, in the order [`crate::Kernel::run`] takes them.
    pub fn inputs(&self) -> &[Leaf] {
        &self.inputs
    }

    /// Number of streams the body writes.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Operations per unit and step, a fused multiply-add counting once.
    pub fn operations(&self) -> usize {
        self.body.len()
    }

    fn compile_at(function: &Function, rate_of: &dyn Fn(Leaf) -> Rate) -> Program {
        let (graph, roots) = factor(function, rate_of);
        let rates = rates(&graph, &roots, rate_of);
        let varying = |id: NodeId| rates[&id] == Rate::Varying;

        // which values the body computes, from the outputs backwards
        let mut chosen: BTreeMap<NodeId, (Code, Vec<NodeId>)> = BTreeMap::new();
        let mut wanted: Vec<NodeId> = roots.iter().copied().filter(|&id| varying(id)).collect();
        while let Some(id) = wanted.pop() {
            if chosen.contains_key(&id) || matches!(graph.node(id), Node::Leaf(_)) {
                continue;
            }
            let (code, arguments) = choose(&graph, id, &varying);
            wanted.extend(arguments.iter().copied().filter(|&a| varying(a)));
            chosen.insert(id, (code, arguments));
        }

        let mut reads: BTreeSet<NodeId> = roots.iter().copied().collect();
        reads.extend(chosen.values().flat_map(|(_, arguments)| arguments.iter().copied()));
        let (mut inputs, mut scalars, mut tiles) = (Vec::new(), Vec::new(), Vec::new());
        for &id in &reads {
            match (rates[&id], graph.node(id)) {
                (Rate::Varying, Node::Leaf(leaf)) => inputs.push((leaf, id)),
                (Rate::Varying, _) => {}
                (Rate::PerUnit, _) => tiles.push(id),
                (Rate::Shared, _) => scalars.push(id),
            }
        }
        inputs.sort();

        let mut place: BTreeMap<NodeId, Operand> = BTreeMap::new();
        place.extend(inputs.iter().enumerate().map(|(k, &(_, id))| (id, Operand::Block(k))));
        let tile = |k| Operand::Block(inputs.len() + k);
        place.extend(tiles.iter().enumerate().map(|(k, &id)| (id, tile(k))));
        place.extend(scalars.iter().enumerate().map(|(k, &id)| (id, Operand::Scalar(k))));

        let first_output = inputs.len() + tiles.len();
        let (body, temporaries) = allocate(&graph, &roots, &chosen, place, first_output);
        let per_unit = (!tiles.is_empty()).then(|| {
            let outputs =
                tiles.iter().enumerate().map(|(k, &id)| (crate::Output::Value(k), id)).collect();
            Box::new(Self::compile_at(&Function { graph: graph.clone(), outputs }, &|leaf| {
                match rate_of(leaf) {
                    Rate::PerUnit => Rate::Varying,
                    rate => rate,
                }
            }))
        });
        let inputs = inputs.into_iter().map(|(leaf, _)| leaf).collect();
        Program { body, inputs, outputs: roots.len(), temporaries, graph, scalars, per_unit }
    }
}

/// Rebuilds the function with every value as `core × uniform factor`.
fn factor(function: &Function, rate_of: &dyn Fn(Leaf) -> Rate) -> (Graph, Vec<NodeId>) {
    let source = &function.graph;
    let mut graph = Graph::default();
    let one = graph.constant(1.0);
    // None as core: the value is uniform
    let mut parts: BTreeMap<NodeId, (Option<NodeId>, NodeId)> = BTreeMap::new();
    let whole = |graph: &mut Graph, (core, scale): (Option<NodeId>, NodeId)| match core {
        Some(core) => graph.binary(Binary::Mul, core, scale),
        None => scale,
    };
    let roots: Vec<NodeId> = function.outputs.iter().map(|&(_, id)| id).collect();
    for id in source.order(&roots, |_, _| false) {
        let arguments: Vec<_> = source.arguments(id).iter().map(|a| parts[a]).collect();
        let uniform = arguments.iter().all(|(core, _)| core.is_none());
        let part = match (source.node(id), &arguments[..]) {
            (Node::Leaf(leaf), _) => {
                let node = graph.leaf(leaf);
                if rate_of(leaf) == Rate::Varying { (Some(node), one) } else { (None, node) }
            }
            (Node::Unary(Unary::Neg, _), &[(Some(core), scale)]) => {
                (Some(core), graph.unary(Unary::Neg, scale))
            }
            (Node::Binary(Binary::Mul, ..), &[a, b]) if !uniform => {
                let core = match (a.0, b.0) {
                    (Some(x), Some(y)) => Some(graph.binary(Binary::Mul, x, y)),
                    (x, y) => x.or(y),
                };
                (core, graph.binary(Binary::Mul, a.1, b.1))
            }
            (Node::Binary(Binary::Div, ..), &[a, b]) if !uniform => {
                let core = match b.0 {
                    Some(y) => {
                        let x = a.0.unwrap_or(one);
                        Some(graph.binary(Binary::Div, x, y))
                    }
                    None => a.0,
                };
                (core, graph.binary(Binary::Div, a.1, b.1))
            }
            (node, _) => {
                let whole: Vec<NodeId> =
                    arguments.iter().map(|&part| whole(&mut graph, part)).collect();
                let node = match node {
                    Node::Const(bits) => graph.constant(f64::from_bits(bits)),
                    Node::Unary(op, _) => graph.unary(op, whole[0]),
                    Node::Binary(op, ..) => graph.binary(op, whole[0], whole[1]),
                    Node::Select(..) => graph.select(whole[0], whole[1], whole[2]),
                    // once differentiated, a surrogate is its value
                    Node::Surrogate { .. } | Node::Leaf(_) => whole[0],
                };
                if uniform { (None, node) } else { (Some(node), one) }
            }
        };
        parts.insert(id, part);
    }
    let roots = roots.iter().map(|root| whole(&mut graph, parts[root])).collect();
    (graph, roots)
}

fn rates(
    graph: &Graph,
    roots: &[NodeId],
    rate_of: &dyn Fn(Leaf) -> Rate,
) -> BTreeMap<NodeId, Rate> {
    let mut rates: BTreeMap<NodeId, Rate> = BTreeMap::new();
    for id in graph.order(roots, |_, _| false) {
        let rate = match graph.node(id) {
            Node::Leaf(leaf) => rate_of(leaf),
            _ => graph.arguments(id).iter().map(|a| rates[a]).max().unwrap_or(Rate::Shared),
        };
        rates.insert(id, rate);
    }
    rates
}

/// The operation that computes a node, fused where a product is summed.
fn choose(graph: &Graph, id: NodeId, varying: &impl Fn(NodeId) -> bool) -> (Code, Vec<NodeId>) {
    let product = |id: NodeId| match graph.node(id) {
        Node::Binary(Binary::Mul, x, y) if varying(id) => Some((x, y)),
        _ => None,
    };
    match graph.node(id) {
        Node::Binary(Binary::Add, a, b) => match (product(a), product(b)) {
            (_, Some((x, y))) => (Code::MulAdd, vec![x, y, a]),
            (Some((x, y)), _) => (Code::MulAdd, vec![x, y, b]),
            _ => (Code::Binary(Binary::Add), vec![a, b]),
        },
        Node::Binary(Binary::Sub, a, b) => match (product(a), product(b)) {
            (_, Some((x, y))) => (Code::NegMulAdd, vec![x, y, a]),
            (Some((x, y)), _) => (Code::MulSub, vec![x, y, b]),
            _ => (Code::Binary(Binary::Sub), vec![a, b]),
        },
        Node::Unary(op, a) => (Code::Unary(op), vec![a]),
        Node::Binary(op, a, b) => (Code::Binary(op), vec![a, b]),
        Node::Select(c, a, b) => (Code::Select, vec![c, a, b]),
        Node::Surrogate { value, .. } => (Code::Copy, vec![value]),
        Node::Const(_) | Node::Leaf(_) => (Code::Copy, vec![id]),
    }
}

/// Puts the chosen operations in order and gives each result a block; temporaries are used again
/// once their last reader is past.
fn allocate(
    graph: &Graph,
    roots: &[NodeId],
    chosen: &BTreeMap<NodeId, (Code, Vec<NodeId>)>,
    mut place: BTreeMap<NodeId, Operand>,
    first_output: usize,
) -> (Vec<Instruction>, usize) {
    let mut order: Vec<NodeId> = Vec::new();
    let mut seen: BTreeSet<NodeId> = BTreeSet::new();
    let mut stack: Vec<(NodeId, bool)> = roots.iter().rev().map(|&id| (id, false)).collect();
    while let Some((id, expanded)) = stack.pop() {
        let Some((_, arguments)) = chosen.get(&id) else { continue };
        if expanded {
            order.push(id);
        } else if seen.insert(id) {
            stack.push((id, true));
            stack.extend(arguments.iter().rev().map(|&a| (a, false)));
        }
    }
    let mut last_use: BTreeMap<NodeId, usize> = BTreeMap::new();
    for (at, id) in order.iter().enumerate() {
        last_use.extend(chosen[id].1.iter().map(|&a| (a, at)));
    }

    let first_temporary = first_output + roots.len();
    let (mut free, mut used) = (Vec::new(), 0);
    let mut body = Vec::new();
    for (at, &id) in order.iter().enumerate() {
        let (code, arguments) = &chosen[&id];
        let operand = |k: usize| place[arguments.get(k).unwrap_or(&arguments[0])];
        let operands = [operand(0), operand(1), operand(2)];
        let ended: BTreeSet<NodeId> =
            arguments.iter().copied().filter(|a| last_use[a] == at).collect();
        let target = match roots.iter().position(|&root| root == id) {
            Some(k) => first_output + k,
            None => free.pop().unwrap_or_else(|| {
                used += 1;
                first_temporary + used - 1
            }),
        };
        // after the target is chosen: an operation never overwrites what it reads
        for argument in ended {
            if let Operand::Block(block) = place[&argument]
                && block >= first_temporary
            {
                free.push(block);
            }
        }
        place.insert(id, Operand::Block(target));
        body.push(Instruction { code: *code, target, arguments: operands });
    }
    for (k, root) in roots.iter().enumerate() {
        let (target, from) = (first_output + k, place[root]);
        if from != Operand::Block(target) {
            body.push(Instruction { code: Code::Copy, target, arguments: [from; 3] });
        }
    }
    debug_assert!(order.iter().all(|id| !matches!(graph.node(*id), Node::Leaf(_))));
    (body, used)
}
