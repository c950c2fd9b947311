//! Defining a neuron in Rust: a closure over symbolic scalars.

use std::cell::RefCell;

use crate::error::NeuronError;
use crate::graph::{Graph, Leaf, Node, NodeId, Output, Variable};
use crate::names;
use crate::neuron::{Distribution, Emission, Neuron, Noise, Param, State, Symbol, Update};
use crate::scalar::Scalar;

/// What a definition has collected so far.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) graph: Graph,
    pub(crate) states: Vec<(Symbol, f64, Option<Update>)>,
    pub(crate) drives: Vec<Symbol>,
    pub(crate) params: Vec<Param>,
    pub(crate) noises: Vec<Noise>,
    pub(crate) emissions: Vec<Emission>,
    pub(crate) requires: Vec<(NodeId, NodeId)>,
    pub(crate) named: Vec<(String, NodeId)>,
    pub(crate) doc: String,
    pub(crate) source: String,
    pub(crate) errors: Vec<NeuronError>,
}

/// The pen with which a neuron is written; see [`Neuron::define`].
#[derive(Default)]
pub struct Definition {
    pub(crate) draft: RefCell<Draft>,
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
    /// A missing or double update, an unused symbol, a circle among `after`, a neuron without
    /// emission; [`NeuronError::Several`] if there is more than one.
    pub fn define(name: &str, write: impl FnOnce(&Definition)) -> Result<Neuron, NeuronError> {
        let definition = Definition::default();
        write(&definition);
        definition.finish(name).map_err(NeuronError::from_all)
    }
}

impl Definition {
    /// A state, 0 at the start unless [`Scalar::initial`] says otherwise.
    pub fn state(&self, name: &str) -> Scalar<'_> {
        let k = self.draft.borrow().states.len();
        self.declare(name, false);
        self.draft.borrow_mut().states.push((symbol(name), 0.0, None));
        self.leaf(Leaf::Value(Variable::State(k)))
    }

    /// A drive: the sum of everything that projects to it.
    pub fn drive(&self, name: &str) -> Scalar<'_> {
        let k = self.draft.borrow().drives.len();
        self.declare(name, false);
        self.draft.borrow_mut().drives.push(symbol(name));
        self.leaf(Leaf::Value(Variable::Drive(k)))
    }

    /// A parameter with its default: shared and fixed, unless said otherwise on the result.
    pub fn param(&self, name: &str, default: f64) -> Scalar<'_> {
        let k = self.draft.borrow().params.len();
        self.declare(name, false);
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
        self.declare(name, false);
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
        self.update(state, Update::Flow(field.id()));
    }

    /// A true map: `x[t+1] = value`.
    pub fn next(&self, state: Scalar<'_>, value: Scalar<'_>) {
        self.update(state, Update::Next(value.id()));
    }

    /// An emission.
    pub fn emit(&self, name: &str, value: Scalar<'_>) {
        self.emit_symbol(symbol(name), value);
    }

    /// An emission with its unit and meaning.
    pub fn emit_symbol(&self, symbol: Symbol, value: Scalar<'_>) {
        self.declare(&symbol.name, true);
        self.draft.borrow_mut().emissions.push(Emission { symbol, value: value.id() });
    }

    /// A condition on parameters and dt, `greater >= lesser`, that is checked where the neuron is used:
    /// a threshold above the reset, a time constant no shorter than the step.
    pub fn require(&self, greater: Scalar<'_>, lesser: Scalar<'_>) {
        self.draft.borrow_mut().requires.push((greater.id(), lesser.id()));
    }

    /// Gives an intermediate value a name, under which it is printed; computes nothing new.
    pub fn named<'n>(&'n self, name: &str, value: Scalar<'n>) -> Scalar<'n> {
        let mut draft = self.draft.borrow_mut();
        let twice = draft.named.iter().any(|(other, _)| other == name);
        let error = match names::characters(name) {
            _ if twice => Some(NeuronError::Twice { name: name.to_owned() }),
            Err(message) => Some(NeuronError::Declaration { name: name.to_owned(), message }),
            Ok(()) => None,
        };
        draft.errors.extend(error);
        draft.named.push((name.to_owned(), value.id()));
        drop(draft);
        value
    }

    /// What the neuron models, one sentence.
    pub fn doc(&self, text: &str) {
        self.draft.borrow_mut().doc = text.to_owned();
    }

    /// Publication or convention it follows.
    pub fn source(&self, text: &str) {
        self.draft.borrow_mut().source = text.to_owned();
    }

    pub(crate) fn constant_value(&self, scalar: Scalar<'_>) -> Option<f64> {
        self.draft.borrow().graph.constant_value(scalar.id())
    }

    pub(crate) fn scalar(&self, id: NodeId) -> Scalar<'_> {
        Scalar::new(self, id)
    }

    fn leaf(&self, leaf: Leaf) -> Scalar<'_> {
        let id = self.draft.borrow_mut().graph.leaf(leaf);
        self.scalar(id)
    }

    pub(crate) fn state_index(&self, state: Scalar<'_>) -> Option<usize> {
        match self.draft.borrow().graph.node(state.id()) {
            Node::Leaf(Leaf::Value(Variable::State(k))) => Some(k),
            _ => None,
        }
    }

    fn update(&self, state: Scalar<'_>, update: Update) {
        let Some(k) = self.state_index(state) else { return };
        let mut draft = self.draft.borrow_mut();
        if draft.states[k].2.replace(update).is_some() {
            let name = draft.states[k].0.name.clone();
            draft.errors.push(NeuronError::Twice { name });
        }
    }

    fn declare(&self, name: &str, emission: bool) {
        let mut draft = self.draft.borrow_mut();
        let inputs = (draft.drives.iter())
            .chain(draft.params.iter().map(|p| &p.symbol))
            .chain(draft.noises.iter().map(|n| &n.symbol));
        // an emission may carry a state's own name (`h = after(h)`)
        let twice = inputs.into_iter().any(|s| s.name == name)
            || (emission && draft.emissions.iter().any(|e| e.symbol.name == name))
            || (!emission && draft.states.iter().any(|s| s.0.name == name));
        if twice {
            draft.errors.push(NeuronError::Twice { name: name.to_owned() });
        }
        if let Err(message) = names::declared(name) {
            draft.errors.push(NeuronError::Declaration { name: name.to_owned(), message });
        }
    }

    /// The neuron, or everything that is wrong with it.
    pub(crate) fn finish(self, name: &str) -> Result<Neuron, Vec<NeuronError>> {
        let draft = self.draft.into_inner();
        let mut errors = draft.errors;
        let mut states = Vec::new();
        for (symbol, initial, update) in draft.states {
            match update {
                Some(update) => states.push(State { symbol, initial, update }),
                None => errors.push(NeuronError::MissingUpdate { state: symbol.name }),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let updates = states.iter().map(|state| match state.update {
            Update::Flow(id) | Update::Next(id) => id,
        });
        let required = draft.requires.iter().flat_map(|&(left, right)| [left, right]);
        let roots: Vec<NodeId> =
            updates.chain(draft.emissions.iter().map(|e| e.value)).chain(required).collect();
        let (graph, places) = draft.graph.canonical(&roots);
        let mut emissions = draft.emissions;
        for state in &mut states {
            let (Update::Flow(id) | Update::Next(id)) = &mut state.update;
            *id = places[id];
        }
        for emission in &mut emissions {
            emission.value = places[&emission.value];
        }
        let moved = |(name, id): (String, NodeId)| places.get(&id).map(|&id| (name, id));
        let neuron = Neuron {
            name: name.to_owned(),
            doc: draft.doc,
            source: draft.source,
            graph,
            states,
            drives: draft.drives,
            params: draft.params,
            noises: draft.noises,
            emissions,
            requires: draft.requires.iter().map(|(a, b)| (places[a], places[b])).collect(),
            named: draft.named.into_iter().filter_map(moved).collect(),
        };
        let errors = neuron.problems();
        if errors.is_empty() { Ok(neuron) } else { Err(errors) }
    }
}

impl Neuron {
    /// Everything a definition must hold, whatever it was written in.
    fn problems(&self) -> Vec<NeuronError> {
        let mut errors = Vec::new();
        if self.emissions.is_empty() {
            errors.push(NeuronError::NoEmission);
        }
        let finite = (self.params.iter().map(|p| (&p.symbol.name, p.default)))
            .chain(self.states.iter().map(|s| (&s.symbol.name, s.initial)));
        for (name, value) in finite.filter(|(_, value)| !value.is_finite()) {
            let message = format!("starts at {value}: give it a finite number");
            errors.push(NeuronError::Declaration { name: name.clone(), message });
        }
        for param in self.params.iter().filter(|param| param.default.is_finite()) {
            let (low, high) = param.range;
            if !(low <= param.default && param.default <= high) {
                let (name, value) = (param.symbol.name.clone(), param.default);
                errors.push(NeuronError::Range { name, value, low, high });
            }
        }
        let reads = match self.step(crate::Integrator::Euler) {
            Ok(step) => step.reads(),
            Err(cycle) => {
                errors.push(cycle);
                return errors;
            }
        };
        let drives = (0..self.drives.len()).map(|k| (Variable::Drive(k), "drive"));
        let params = (0..self.params.len()).map(|k| (Variable::Param(k), "parameter"));
        let noises = (0..self.noises.len()).map(|k| (Variable::Noise(k), "noise"));
        for (variable, kind) in drives.chain(params).chain(noises) {
            if reads.binary_search(&Leaf::Value(variable)).is_err() {
                let name = self.name_of(variable).to_owned();
                errors.push(NeuronError::Unused { kind, name });
            }
        }
        errors
    }
}

fn symbol(name: &str) -> Symbol {
    Symbol { name: name.to_owned(), ..Symbol::default() }
}
