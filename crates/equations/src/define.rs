//! Defining a neuron in Rust: a closure over symbolic scalars.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::error::NeuronError;
use crate::graph::{Binary, Graph, Leaf, Node, NodeId, Output, Unary, Variable};
use crate::neuron::{Distribution, Emission, Neuron, Noise, Param, State, Symbol, Update};

/// What a definition has collected so far.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) graph: Graph,
    states: Vec<(Symbol, f64, Option<Update>)>,
    drives: Vec<Symbol>,
    params: Vec<Param>,
    noises: Vec<Noise>,
    emissions: Vec<Emission>,
    doc: String,
    source: String,
    error: Option<NeuronError>,
}

/// The pen with which a neuron is written; see [`Neuron::define`].
pub struct Definition {
    draft: RefCell<Draft>,
}

/// A symbolic scalar. Arithmetic on it writes the graph.
#[derive(Clone, Copy)]
pub struct Scalar<'n> {
    definition: &'n Definition,
    id: NodeId,
}

impl Neuron {
    /// Writes a neuron: the closure runs once, on symbolic scalars.
    ///
    /// ```
    /// use attractor_equations::Neuron;
    ///
    /// // leaky rate unit: tau dx/dt = -x + I, r = tanh(x)
    /// let leaky = Neuron::define("leaky-tanh", |n| {
    ///     let x = n.state("x");
    ///     let i = n.drive("I");
    ///     let tau = n.param("tau", 100.0).unit("ms");
    ///     n.flow(x, (i - x) / tau);
    ///     n.emit("r", n.after(x).tanh());
    /// })?;
    /// assert_eq!(leaky.params[0].symbol.unit, "ms");
    /// # Ok::<(), attractor_equations::NeuronError>(())
    /// ```
    ///
    /// # Errors
    /// A missing or double update, an unused symbol, a circle among `after`, a neuron without emission.
    pub fn define(name: &str, write: impl FnOnce(&Definition)) -> Result<Neuron, NeuronError> {
        let definition = Definition { draft: RefCell::default() };
        write(&definition);
        definition.finish(name)
    }
}

impl Definition {
    /// A state, 0 at the start unless [`Scalar::initial`] says otherwise.
    pub fn state(&self, name: &str) -> Scalar<'_> {
        let k = self.draft.borrow().states.len();
        self.declare(name);
        self.draft.borrow_mut().states.push((symbol(name), 0.0, None));
        self.leaf(Leaf::Value(Variable::State(k)))
    }

    /// A drive: the sum of everything that projects to it.
    pub fn drive(&self, name: &str) -> Scalar<'_> {
        let k = self.draft.borrow().drives.len();
        self.declare(name);
        self.draft.borrow_mut().drives.push(symbol(name));
        self.leaf(Leaf::Value(Variable::Drive(k)))
    }

    /// A parameter with its default: shared and fixed, unless said otherwise on the result.
    pub fn param(&self, name: &str, default: f64) -> Scalar<'_> {
        let k = self.draft.borrow().params.len();
        self.declare(name);
        self.draft.borrow_mut().params.push(Param {
            symbol: symbol(name),
            default,
            per_unit: false,
            trained: false,
            range: (f64::NEG_INFINITY, f64::INFINITY),
        });
        self.leaf(Leaf::Value(Variable::Param(k)))
    }

    /// Normal noise, mean 0 and standard deviation 1, anew each step, trial and unit.
    pub fn noise(&self, name: &str) -> Scalar<'_> {
        self.noise_from(name, Distribution::Normal)
    }

    /// Noise from a distribution.
    pub fn noise_from(&self, name: &str, distribution: Distribution) -> Scalar<'_> {
        let k = self.draft.borrow().noises.len();
        self.declare(name);
        self.draft.borrow_mut().noises.push(Noise { symbol: symbol(name), distribution });
        self.leaf(Leaf::Value(Variable::Noise(k)))
    }

    /// The time step in ms.
    pub fn dt(&self) -> Scalar<'_> {
        self.leaf(Leaf::Dt)
    }

    /// A constant.
    pub fn constant(&self, value: f64) -> Scalar<'_> {
        let id = self.draft.borrow_mut().graph.constant(value);
        self.scalar(id)
    }

    /// The value of a state after this step.
    pub fn after<'n>(&'n self, state: Scalar<'n>) -> Scalar<'n> {
        match self.state_index(state) {
            Some(k) => self.leaf(Leaf::Result(Output::Next(k))),
            None => state,
        }
    }

    /// Vector field of a state, per ms: `dx/dt = field`.
    pub fn flow(&self, state: Scalar<'_>, field: Scalar<'_>) {
        self.update(state, Update::Flow(field.id));
    }

    /// A true map: `x[t+1] = value`.
    pub fn next(&self, state: Scalar<'_>, value: Scalar<'_>) {
        self.update(state, Update::Next(value.id));
    }

    /// An emission.
    pub fn emit(&self, name: &str, value: Scalar<'_>) {
        self.declare(name);
        let emission = Emission { symbol: symbol(name), value: value.id };
        self.draft.borrow_mut().emissions.push(emission);
    }

    /// What the neuron models, one sentence.
    pub fn doc(&self, text: &str) {
        self.draft.borrow_mut().doc = text.to_owned();
    }

    /// Publication or convention it follows.
    pub fn source(&self, text: &str) {
        self.draft.borrow_mut().source = text.to_owned();
    }

    pub(crate) fn scalar(&self, id: NodeId) -> Scalar<'_> {
        Scalar { definition: self, id }
    }

    fn leaf(&self, leaf: Leaf) -> Scalar<'_> {
        let id = self.draft.borrow_mut().graph.leaf(leaf);
        self.scalar(id)
    }

    fn state_index(&self, state: Scalar<'_>) -> Option<usize> {
        match self.draft.borrow().graph.node(state.id) {
            Node::Leaf(Leaf::Value(Variable::State(k))) => Some(k),
            _ => None,
        }
    }

    fn update(&self, state: Scalar<'_>, update: Update) {
        let Some(k) = self.state_index(state) else { return };
        let mut draft = self.draft.borrow_mut();
        if draft.states[k].2.replace(update).is_some() {
            let name = draft.states[k].0.name.clone();
            draft.error.get_or_insert(NeuronError::Twice { name });
        }
    }

    fn declare(&self, name: &str) {
        let mut draft = self.draft.borrow_mut();
        let symbols = (draft.states.iter().map(|s| &s.0))
            .chain(&draft.drives)
            .chain(draft.params.iter().map(|p| &p.symbol))
            .chain(draft.noises.iter().map(|n| &n.symbol))
            .chain(draft.emissions.iter().map(|e| &e.symbol));
        // an emission may carry a state's own name (`h = after(h)`)
        let twice = symbols.filter(|s| s.name == name).count() > 0
            && !draft.states.iter().any(|s| s.0.name == name && s.2.is_some());
        if twice {
            draft.error.get_or_insert(NeuronError::Twice { name: name.to_owned() });
        }
    }

    fn finish(self, name: &str) -> Result<Neuron, NeuronError> {
        let draft = self.draft.into_inner();
        if let Some(error) = draft.error {
            return Err(error);
        }
        let mut states = Vec::new();
        for (symbol, initial, update) in draft.states {
            let update =
                update.ok_or(NeuronError::MissingUpdate { state: symbol.name.clone() })?;
            states.push(State { symbol, initial, update });
        }
        let neuron = Neuron {
            name: name.to_owned(),
            doc: draft.doc,
            source: draft.source,
            graph: draft.graph,
            states,
            drives: draft.drives,
            params: draft.params,
            noises: draft.noises,
            emissions: draft.emissions,
        };
        neuron.check()?;
        Ok(neuron)
    }
}

impl Neuron {
    /// Everything a definition must hold, whatever it was written in.
    fn check(&self) -> Result<(), NeuronError> {
        if self.emissions.is_empty() {
            return Err(NeuronError::NoEmission);
        }
        for param in &self.params {
            let (low, high) = param.range;
            if !(low <= param.default && param.default <= high) {
                let (name, value) = (param.symbol.name.clone(), param.default);
                return Err(NeuronError::Range { name, value, low, high });
            }
        }
        let reads = self.step(crate::Integrator::Euler)?.reads();
        let drives = (0..self.drives.len()).map(|k| (Variable::Drive(k), "drive"));
        let params = (0..self.params.len()).map(|k| (Variable::Param(k), "parameter"));
        let noises = (0..self.noises.len()).map(|k| (Variable::Noise(k), "noise"));
        for (variable, kind) in drives.chain(params).chain(noises) {
            if reads.binary_search(&Leaf::Value(variable)).is_err() {
                let name = self.name_of(variable).to_owned();
                return Err(NeuronError::Unused { kind, name });
            }
        }
        Ok(())
    }
}

fn symbol(name: &str) -> Symbol {
    Symbol { name: name.to_owned(), ..Symbol::default() }
}

impl<'n> Scalar<'n> {
    #[allow(dead_code)]
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
    /// A spike: 1 where `self > 0`, with the derivative `1 / (1 + |self|)²` of a fast sigmoid
    /// (Zenke & Ganguli 2018, doi:10.1162/neco_a_01086).
    pub fn spike(self) -> Self {
        let (zero, one) = (self.definition.constant(0.0), self.definition.constant(1.0));
        let width = one + self.abs();
        self.gt(zero).surrogate(self, one / (width * width))
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
