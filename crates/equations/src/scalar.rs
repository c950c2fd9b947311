//! Symbolic scalars: arithmetic that writes a graph.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::define::Definition;
use crate::graph::{Binary, Leaf, Node, NodeId, Unary, Variable};
use crate::neuron::{Param, Symbol};
use crate::surrogate::Surrogate;

/// A symbolic scalar. Arithmetic on it writes the graph.
#[derive(Clone, Copy)]
pub struct Scalar<'n> {
    definition: &'n Definition,
    id: NodeId,
}

impl<'n> Scalar<'n> {
    pub(crate) fn new(definition: &'n Definition, id: NodeId) -> Self {
        Scalar { definition, id }
    }

    pub(crate) fn id(self) -> NodeId {
        self.id
    }

    fn unary(self, op: Unary) -> Self {
        let id = self.definition.draft.borrow_mut().graph.unary(op, self.id);
        self.definition.scalar(id)
    }

    fn binary(self, op: Binary, other: Self) -> Self {
        let id = self.definition.draft.borrow_mut().graph.binary(op, self.id, other.id);
        self.definition.scalar(id)
    }

    /// `|a|`
    pub fn abs(self) -> Self {
        self.unary(Unary::Abs)
    }
    /// `e^a`
    pub fn exp(self) -> Self {
        self.unary(Unary::Exp)
    }
    /// Natural logarithm.
    pub fn ln(self) -> Self {
        self.unary(Unary::Ln)
    }
    /// Square root.
    pub fn sqrt(self) -> Self {
        self.unary(Unary::Sqrt)
    }
    /// Hyperbolic tangent.
    pub fn tanh(self) -> Self {
        self.unary(Unary::Tanh)
    }
    /// Logistic function `1 / (1 + e^-a)`.
    pub fn sigmoid(self) -> Self {
        self.unary(Unary::Sigmoid)
    }
    /// `ln(1 + e^a)`
    pub fn softplus(self) -> Self {
        self.unary(Unary::Softplus)
    }
    /// `max(a, 0)`, derivative 0 at 0.
    pub fn relu(self) -> Self {
        self.max(self.definition.constant(0.0))
    }
    /// Sine.
    pub fn sin(self) -> Self {
        self.unary(Unary::Sin)
    }
    /// Cosine.
    pub fn cos(self) -> Self {
        self.unary(Unary::Cos)
    }
    /// Error function.
    pub fn erf(self) -> Self {
        self.unary(Unary::Erf)
    }
    /// The larger of the two.
    pub fn max(self, other: Self) -> Self {
        self.binary(Binary::Max, other)
    }
    /// The smaller of the two.
    pub fn min(self, other: Self) -> Self {
        self.binary(Binary::Min, other)
    }
    /// 1 where `self > other`, else 0; derivative 0.
    pub fn gt(self, other: Self) -> Self {
        self.binary(Binary::Gt, other)
    }
    /// `self > 0 ? a : b`
    pub fn select(self, a: Self, b: Self) -> Self {
        let id = self.definition.draft.borrow_mut().graph.select(self.id, a.id, b.id);
        self.definition.scalar(id)
    }
    /// Equals `self`, but differentiates as `derivative` by `wrt` and as 0 by all else.
    pub fn surrogate(self, wrt: Self, derivative: Self) -> Self {
        let mut draft = self.definition.draft.borrow_mut();
        let id = draft.graph.surrogate(self.id, wrt.id, derivative.id);
        drop(draft);
        self.definition.scalar(id)
    }
    /// The value, cut off from differentiation.
    pub fn detach(self) -> Self {
        self.surrogate(self, self.definition.constant(0.0))
    }
    /// A spike: 1 where `self > 0`, differentiated as [`Surrogate::FastSigmoid`].
    pub fn spike(self) -> Self {
        self.spike_as(Surrogate::default(), self.definition.constant(1.0))
    }
    /// A spike: 1 where `self > 0`, differentiated as `height` times a surrogate.
    pub fn spike_as(self, surrogate: Surrogate, height: Self) -> Self {
        let derivative = height * surrogate.derivative(self);
        self.gt(self.definition.constant(0.0)).surrogate(self, derivative)
    }

    /// Unit of the declared symbol this scalar is.
    pub fn unit(self, unit: &str) -> Self {
        self.describe(|symbol| symbol.unit = unit.to_owned())
    }
    /// Meaning of the declared symbol this scalar is.
    pub fn doc(self, doc: &str) -> Self {
        self.describe(|symbol| symbol.doc = doc.to_owned())
    }
    /// Value of a state at the start.
    pub fn initial(self, value: f64) -> Self {
        if let Some(k) = self.definition.state_index(self) {
            self.definition.draft.borrow_mut().states[k].1 = value;
        }
        self
    }
    /// A parameter with one value per unit.
    pub fn per_unit(self) -> Self {
        self.param(|param| param.per_unit = true)
    }
    /// A parameter changed by training.
    pub fn trained(self) -> Self {
        self.param(|param| param.trained = true)
    }
    /// Smallest and largest value of a parameter; training stays inside.
    pub fn range(self, low: f64, high: f64) -> Self {
        self.param(|param| param.range = (low, high))
    }

    fn param(self, change: impl FnOnce(&mut Param)) -> Self {
        let mut draft = self.definition.draft.borrow_mut();
        if let Node::Leaf(Leaf::Value(Variable::Param(k))) = draft.graph.node(self.id) {
            change(&mut draft.params[k]);
        }
        drop(draft);
        self
    }

    fn describe(self, change: impl FnOnce(&mut Symbol)) -> Self {
        let mut draft = self.definition.draft.borrow_mut();
        match draft.graph.node(self.id) {
            Node::Leaf(Leaf::Value(Variable::State(k))) => change(&mut draft.states[k].0),
            Node::Leaf(Leaf::Value(Variable::Drive(k))) => change(&mut draft.drives[k]),
            Node::Leaf(Leaf::Value(Variable::Param(k))) => change(&mut draft.params[k].symbol),
            Node::Leaf(Leaf::Value(Variable::Noise(k))) => change(&mut draft.noises[k].symbol),
            _ => {}
        }
        drop(draft);
        self
    }
}

macro_rules! arithmetic {
    ($($trait:ident $method:ident $op:ident),*) => {$(
        impl<'n> $trait for Scalar<'n> {
            type Output = Scalar<'n>;
            fn $method(self, other: Self) -> Self {
                self.binary(Binary::$op, other)
            }
        }
        impl<'n> $trait<f64> for Scalar<'n> {
            type Output = Scalar<'n>;
            fn $method(self, other: f64) -> Self {
                self.binary(Binary::$op, self.definition.constant(other))
            }
        }
        impl<'n> $trait<Scalar<'n>> for f64 {
            type Output = Scalar<'n>;
            fn $method(self, other: Scalar<'n>) -> Scalar<'n> {
                other.definition.constant(self).binary(Binary::$op, other)
            }
        }
    )*};
}
arithmetic!(Add add Add, Sub sub Sub, Mul mul Mul, Div div Div);

impl Neg for Scalar<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}
