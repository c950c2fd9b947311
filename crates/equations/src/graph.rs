//! The dataflow graph: hash-consed scalar operations, simplified as they are built.

use std::collections::BTreeMap;

/// A value of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a step may be differentiated by: `State(0)` is the neuron's first state before the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// State before the step.
    State(usize),
    /// Summed input of this step.
    Drive(usize),
    /// Parameter.
    Param(usize),
    /// Random number of this step.
    Noise(usize),
}

/// What a step yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Output {
    /// State after the step.
    Next(usize),
    /// Emission.
    Emit(usize),
    /// Result of a derived function, by its place.
    Value(usize),
}

/// Where a value comes from when it is not computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leaf {
    /// The time step in ms.
    Dt,
    /// An argument of the step.
    Value(Variable),
    /// A result of the step: in a definition `after(x)`, in a derivative a value kept from the forward pass.
    Result(Output),
    /// Cotangent of a result of the step.
    Cotangent(Output),
    /// Tangent of an argument of the step.
    Tangent(Variable),
    /// A derivative computed beforehand.
    Partial(Output, Variable),
}

/// Operations of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unary {
    /// `-a`
    Neg,
    /// `|a|`
    Abs,
    /// `e^a`
    Exp,
    /// Natural logarithm.
    Ln,
    /// Square root.
    Sqrt,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-a)`
    Sigmoid,
    /// `ln(1 + e^a)`
    Softplus,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Error function.
    Erf,
}

/// Operations of two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a × b`
    Mul,
    /// `a / b`
    Div,
    /// The larger of the two.
    Max,
    /// The smaller of the two.
    Min,
    /// 1 where `a > b`, else 0.
    Gt,
}

/// One node of the graph. Constants are stored as bits so that nodes can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// A constant, as the bits of a double.
    Const(u64),
    /// An argument.
    Leaf(Leaf),
    /// `op(a)`
    Unary(Unary, NodeId),
    /// `op(a, b)`
    Binary(Binary, NodeId, NodeId),
    /// `condition > 0 ? a : b`
    Select(NodeId, NodeId, NodeId),
    /// Equals `value`; its derivative by `wrt` is `derivative`, all others are 0.
    Surrogate {
        /// The value.
        value: NodeId,
        /// With respect to what the derivative stands.
        wrt: NodeId,
        /// The derivative that replaces the true one.
        derivative: NodeId,
    },
}

/// Scalar operations, each value once. Building simplifies: constants are folded, neutral elements
/// dropped, signs moved outwards, commutative arguments ordered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
    known: BTreeMap<Node, NodeId>,
}

impl Graph {
    /// The node behind an id.
    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id.index()]
    }

    /// The constant an id stands for, if it is one.
    pub fn constant_value(&self, id: NodeId) -> Option<f64> {
        match self.node(id) {
            Node::Const(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    pub(crate) fn intern(&mut self, node: Node) -> NodeId {
        *self.known.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            NodeId(self.nodes.len() as u32 - 1)
        })
    }

    /// A constant.
    pub fn constant(&mut self, value: f64) -> NodeId {
        // one zero only: -0 would be a second neutral element; and one NaN
        let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
        self.intern(Node::Const(value.to_bits()))
    }

    /// An argument.
    pub fn leaf(&mut self, leaf: Leaf) -> NodeId {
        self.intern(Node::Leaf(leaf))
    }

    /// `op(a)`
    pub fn unary(&mut self, op: Unary, a: NodeId) -> NodeId {
        if let Some(x) = self.constant_value(a) {
            return self.constant(unary_value(op, x));
        }
        if let (Unary::Neg, Node::Unary(Unary::Neg, inner)) = (op, self.node(a)) {
            return inner;
        }
        if let (Unary::Neg, Node::Binary(Binary::Sub, x, y)) = (op, self.node(a)) {
            return self.sub(y, x);
        }
        self.intern(Node::Unary(op, a))
    }

    /// `op(a, b)`
    pub fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        if let (Some(x), Some(y)) = (self.constant_value(a), self.constant_value(b)) {
            return self.constant(binary_value(op, x, y));
        }
        match op {
            Binary::Add => self.add(a, b),
            Binary::Sub => self.sub(a, b),
            Binary::Mul => self.mul(a, b),
            Binary::Div => self.div(a, b),
            Binary::Max | Binary::Min if a == b => a,
            // the order stays as written: at a tie the derivative goes to the second argument
            Binary::Max | Binary::Min | Binary::Gt => self.intern(Node::Binary(op, a, b)),
        }
    }

    fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if self.constant_value(a) == Some(0.0) {
            return b;
        }
        if self.constant_value(b) == Some(0.0) {
            return a;
        }
        if let Node::Unary(Unary::Neg, inner) = self.node(b) {
            return self.sub(a, inner);
        }
        if let Node::Unary(Unary::Neg, inner) = self.node(a) {
            return self.sub(b, inner);
        }
        self.intern(Node::Binary(Binary::Add, a.min(b), a.max(b)))
    }

    fn sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if a == b {
            return self.constant(0.0);
        }
        if self.constant_value(b) == Some(0.0) {
            return a;
        }
        if self.constant_value(a) == Some(0.0) {
            return self.unary(Unary::Neg, b);
        }
        if let Node::Unary(Unary::Neg, inner) = self.node(b) {
            return self.add(a, inner);
        }
        self.intern(Node::Binary(Binary::Sub, a, b))
    }

    fn mul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        for (x, y) in [(a, b), (b, a)] {
            match self.constant_value(x) {
                Some(0.0) => return x,
                Some(1.0) => return y,
                Some(-1.0) => return self.unary(Unary::Neg, y),
                _ => {}
            }
            if let Node::Unary(Unary::Neg, inner) = self.node(x) {
                let product = self.binary(Binary::Mul, inner, y);
                return self.unary(Unary::Neg, product);
            }
        }
        self.intern(Node::Binary(Binary::Mul, a.min(b), a.max(b)))
    }

    fn div(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if self.constant_value(a) == Some(0.0) || self.constant_value(b) == Some(1.0) {
            return a;
        }
        for (x, flipped) in [(a, (true, false)), (b, (false, true))] {
            if let Node::Unary(Unary::Neg, inner) = self.node(x) {
                let quotient =
                    self.div(if flipped.0 { inner } else { a }, if flipped.1 { inner } else { b });
                return self.unary(Unary::Neg, quotient);
            }
        }
        self.intern(Node::Binary(Binary::Div, a, b))
    }

    /// `condition > 0 ? a : b`
    pub fn select(&mut self, condition: NodeId, a: NodeId, b: NodeId) -> NodeId {
        match self.constant_value(condition) {
            _ if a == b => a,
            Some(c) if c > 0.0 => a,
            Some(_) => b,
            None => self.intern(Node::Select(condition, a, b)),
        }
    }

    /// Equals `value`, differentiates as `derivative` by `wrt`.
    pub fn surrogate(&mut self, value: NodeId, wrt: NodeId, derivative: NodeId) -> NodeId {
        self.intern(Node::Surrogate { value, wrt, derivative })
    }

    /// Rebuilds `roots` in `into`, with `replace` deciding which nodes become something else.
    /// Whatever `replace` leaves alone is copied, simplified anew.
    pub fn rebuild(
        &self,
        roots: &[NodeId],
        into: &mut Graph,
        mut replace: impl FnMut(NodeId, Node, &mut Graph) -> Option<NodeId>,
    ) -> Vec<NodeId> {
        let mut done: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        for id in self.order(roots, |id, node| {
            replace(id, node, into)
                .inspect(|&new| {
                    done.insert(id, new);
                })
                .is_some()
        }) {
            if done.contains_key(&id) {
                continue;
            }
            let new = match self.node(id) {
                Node::Const(bits) => into.constant(f64::from_bits(bits)),
                Node::Leaf(leaf) => into.leaf(leaf),
                Node::Unary(op, a) => into.unary(op, done[&a]),
                Node::Binary(op, a, b) => into.binary(op, done[&a], done[&b]),
                Node::Select(c, a, b) => into.select(done[&c], done[&a], done[&b]),
                Node::Surrogate { value, wrt, derivative } => {
                    into.surrogate(done[&value], done[&wrt], done[&derivative])
                }
            };
            done.insert(id, new);
        }
        roots.iter().map(|root| done[root]).collect()
    }

    /// The nodes `roots` need, arguments before results; below a node where `stop` says so, nothing.
    pub fn order(
        &self,
        roots: &[NodeId],
        mut stop: impl FnMut(NodeId, Node) -> bool,
    ) -> Vec<NodeId> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.nodes.len()];
        let mut stack: Vec<(NodeId, bool)> =
            roots.iter().rev().map(|&root| (root, false)).collect();
        while let Some((id, expanded)) = stack.pop() {
            if expanded {
                order.push(id);
                continue;
            }
            if std::mem::replace(&mut seen[id.index()], true) {
                continue;
            }
            stack.push((id, true));
            if !stop(id, self.node(id)) {
                stack.extend(self.arguments(id).into_iter().rev().map(|a| (a, false)));
            }
        }
        order
    }

    /// The nodes a node reads.
    pub fn arguments(&self, id: NodeId) -> Vec<NodeId> {
        match self.node(id) {
            Node::Const(_) | Node::Leaf(_) => vec![],
            Node::Unary(_, a) => vec![a],
            Node::Binary(_, a, b) => vec![a, b],
            Node::Select(c, a, b) => vec![c, a, b],
            Node::Surrogate { value, wrt, derivative } => vec![value, wrt, derivative],
        }
    }

    /// Evaluates `root` in double precision, with `leaf` giving the arguments.
    pub fn evaluate(&self, root: NodeId, leaf: impl Fn(Leaf) -> f64) -> f64 {
        let mut values: BTreeMap<NodeId, f64> = BTreeMap::new();
        for id in self.order(&[root], |_, _| false) {
            let value = match self.node(id) {
                Node::Const(bits) => f64::from_bits(bits),
                Node::Leaf(l) => leaf(l),
                Node::Unary(op, a) => unary_value(op, values[&a]),
                Node::Binary(op, a, b) => binary_value(op, values[&a], values[&b]),
                Node::Select(c, a, b) => values[if values[&c] > 0.0 { &a } else { &b }],
                Node::Surrogate { value, .. } => values[&value],
            };
            values.insert(id, value);
        }
        values[&root]
    }
}

fn unary_value(op: Unary, x: f64) -> f64 {
    use attractor_numerics::math;
    match op {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Exp => x.exp(),
        Unary::Ln => x.ln(),
        Unary::Sqrt => x.sqrt(),
        Unary::Tanh => x.tanh(),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Unary::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Erf => math::erf::<f64, false>(x),
    }
}

fn binary_value(op: Binary, x: f64, y: f64) -> f64 {
    match op {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
        Binary::Div => x / y,
        Binary::Max => x.max(y),
        Binary::Min => x.min(y),
        Binary::Gt => f64::from(u8::from(x > y)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x(graph: &mut Graph) -> NodeId {
        graph.leaf(Leaf::Value(Variable::State(0)))
    }

    #[test]
    fn neutral_elements_and_signs_vanish() {
        let mut g = Graph::default();
        let (x, zero, one) = (x(&mut g), g.constant(0.0), g.constant(1.0));
        assert_eq!(g.binary(Binary::Add, x, zero), x);
        assert_eq!(g.binary(Binary::Mul, one, x), x);
        assert_eq!(g.binary(Binary::Mul, x, zero), zero);
        assert_eq!(g.binary(Binary::Sub, x, x), zero);
        let negative = g.unary(Unary::Neg, x);
        assert_eq!(g.unary(Unary::Neg, negative), x);
        let (d, square) = (g.leaf(Leaf::Dt), g.binary(Binary::Mul, negative, negative));
        assert_eq!(g.binary(Binary::Mul, x, x), square);
        assert_eq!(g.binary(Binary::Add, d, negative), g.binary(Binary::Sub, d, x));
    }

    #[test]
    fn the_same_value_is_built_once() {
        let mut g = Graph::default();
        let (x, dt) = (x(&mut g), g.leaf(Leaf::Dt));
        assert_eq!(g.binary(Binary::Mul, x, dt), g.binary(Binary::Mul, dt, x));
        assert_ne!(g.binary(Binary::Div, x, dt), g.binary(Binary::Div, dt, x));
    }

    #[test]
    fn constants_fold_when_rebuilt() {
        let mut g = Graph::default();
        let (x, dt) = (x(&mut g), g.leaf(Leaf::Dt));
        let tau = g.constant(4.0);
        let alpha = g.binary(Binary::Div, dt, tau);
        let product = g.binary(Binary::Mul, alpha, x);
        let mut h = Graph::default();
        let root = g.rebuild(&[product], &mut h, |_, node, into| {
            (node == Node::Leaf(Leaf::Dt)).then(|| into.constant(2.0))
        })[0];
        assert_eq!(h.order(&[root], |_, _| false).len(), 3); // x, 0.5, product
        assert_eq!(h.evaluate(root, |_| 8.0), 4.0);
    }
}
