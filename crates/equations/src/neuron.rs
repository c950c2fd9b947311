//! The neuron: declared symbols and one graph with their updates and emissions.

use crate::error::NeuronError;
use crate::function::{Function, pull};
use crate::graph::{Binary, Graph, Leaf, Node, NodeId, Output, Unary, Variable};

/// A declared quantity: what it is called, in which unit, and what it means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Symbol {
    /// Name, as written in equations.
    pub name: String,
    /// Unit; empty for a pure number.
    pub unit: String,
    /// Meaning, one line.
    pub doc: String,
}

/// How a state goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Update {
    /// A vector field, per ms: the integrator is chosen outside.
    Flow(NodeId),
    /// A true map: the next value itself.
    Next(NodeId),
}

/// A state and its update.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Name, unit, meaning.
    pub symbol: Symbol,
    /// Value at the start unless a population says otherwise.
    pub initial: f64,
    /// How it goes on.
    pub update: Update,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Name, unit, meaning.
    pub symbol: Symbol,
    /// Default value.
    pub default: f64,
    /// One value per unit rather than one shared by the population.
    pub per_unit: bool,
    /// Changed by training.
    pub trained: bool,
    /// Smallest and largest value; training stays inside.
    pub range: (f64, f64),
}

/// Distribution of a noise symbol, drawn anew each step, trial and unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Mean 0, standard deviation 1.
    Normal,
    /// Between 0 and 1.
    Uniform,
}

impl Distribution {
    /// What noise that is off stands at: its mean.
    pub fn mean(self) -> f64 {
        match self {
            Distribution::Normal => 0.0,
            Distribution::Uniform => 0.5,
        }
    }
}

/// A noise symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// Name, unit, meaning.
    pub symbol: Symbol,
    /// What it is drawn from.
    pub distribution: Distribution,
}

/// What travels along the wires, or is read out.
#[derive(Clone, Debug, PartialEq)]
pub struct Emission {
    /// Name, unit, meaning.
    pub symbol: Symbol,
    /// Its value.
    pub value: NodeId,
}

/// How a vector field becomes a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Integrator {
    /// `x + dt f(x)`.
    #[default]
    Euler,
    /// `x + dt φ₁(dt b) f(x)`, `b = ∂f/∂x`, `φ₁(z) = (eᶻ - 1)/z`: exact for a linear leak and
    /// constant input, whatever dt (exponential Rosenbrock-Euler; Hochbruck & Ostermann 2010).
    ExponentialEuler,
}

/// Equations of one unit, written once: everything else is derived from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Neuron {
    /// Name of the neuron.
    pub name: String,
    /// What it models, one sentence.
    pub doc: String,
    /// Publication or convention it follows.
    pub source: String,
    /// Operations of all right-hand sides.
    pub graph: Graph,
    /// States, in order.
    pub states: Vec<State>,
    /// Summed inputs, in order.
    pub drives: Vec<Symbol>,
    /// Parameters, in order.
    pub params: Vec<Param>,
    /// Random numbers, in order.
    pub noises: Vec<Noise>,
    /// Emissions, in order.
    pub emissions: Vec<Emission>,
    /// Conditions on parameters and dt: the first of two values is not less than the second.
    pub requires: Vec<(NodeId, NodeId)>,
    /// Intermediate values with a name of their own, for printing.
    pub named: Vec<(String, NodeId)>,
}

impl Neuron {
    /// The step under an integrator: next states, then emissions, as functions of old states, drives,
    /// parameters, noise and dt. `after(x)` is resolved.
    ///
    /// # Errors
    /// A cycle among `after`.
    pub fn step(&self, integrator: Integrator) -> Result<Function, NeuronError> {
        let order = self.order_of_updates()?;
        let mut source = self.graph.clone();
        let updates: Vec<NodeId> =
            (0..self.states.len()).map(|k| self.update(k, integrator, &mut source)).collect();
        let mut graph = Graph::default();
        let mut next: Vec<Option<NodeId>> = vec![None; self.states.len()];
        let resolve = |roots: &[NodeId], next: &[Option<NodeId>], graph: &mut Graph| {
            source.rebuild(roots, graph, |_, node, _| match node {
                Node::Leaf(Leaf::Result(Output::Next(k))) => next[k],
                _ => None,
            })
        };
        for k in order {
            next[k] = Some(resolve(&[updates[k]], &next, &mut graph)[0]);
        }
        let emitted: Vec<NodeId> = self.emissions.iter().map(|e| e.value).collect();
        let emitted = resolve(&emitted, &next, &mut graph);
        let next = next.into_iter().flatten().enumerate().map(|(k, id)| (Output::Next(k), id));
        let emitted = emitted.into_iter().enumerate().map(|(k, id)| (Output::Emit(k), id));
        Ok(Function { graph, outputs: next.chain(emitted).collect() })
    }

    /// The value of a noise symbol that is off; nothing for all else.
    pub fn quiet(&self, leaf: Leaf) -> Option<f64> {
        match leaf {
            Leaf::Value(Variable::Noise(k)) => Some(self.noises[k].distribution.mean()),
            _ => None,
        }
    }

    /// Emissions before the first step: the emission equations at the initial state, with
    /// `after(x) = x`, drives 0 and noise off.
    pub fn at_rest(&self) -> Function {
        let mut graph = Graph::default();
        let roots: Vec<NodeId> = self.emissions.iter().map(|e| e.value).collect();
        let rebuilt = self.graph.rebuild(&roots, &mut graph, |_, node, into| match node {
            Node::Leaf(Leaf::Result(Output::Next(k))) => {
                Some(into.leaf(Leaf::Value(Variable::State(k))))
            }
            Node::Leaf(Leaf::Value(Variable::Drive(_))) => Some(into.constant(0.0)),
            Node::Leaf(leaf) => self.quiet(leaf).map(|value| into.constant(value)),
            _ => None,
        });
        let outputs = rebuilt.into_iter().enumerate().map(|(k, id)| (Output::Emit(k), id));
        Function { graph, outputs: outputs.collect() }
    }

    /// All variables a step can be differentiated by.
    pub fn variables(&self) -> Vec<Variable> {
        let states = (0..self.states.len()).map(Variable::State);
        let drives = (0..self.drives.len()).map(Variable::Drive);
        let params = (0..self.params.len()).map(Variable::Param);
        states.chain(drives).chain(params).collect()
    }

    /// Name of a variable.
    pub fn name_of(&self, variable: Variable) -> &str {
        match variable {
            Variable::State(k) => &self.states[k].symbol.name,
            Variable::Drive(k) => &self.drives[k].name,
            Variable::Param(k) => &self.params[k].symbol.name,
            Variable::Noise(k) => &self.noises[k].symbol.name,
        }
    }

    /// Checks that Euler steps of `dt` ms resolve every leak: `dt > tau` is an error, `dt > tau/2`
    /// a warning (the text returned). The time constant of a state is `-1/(∂f/∂x)` at the initial
    /// state, without drive, with `param(k)` the smallest value of parameter `k`.
    pub fn check_dt(
        &self,
        dt: f64,
        integrator: Integrator,
        param: impl Fn(usize) -> f64,
    ) -> Result<Option<String>, NeuronError> {
        let mut warning = None;
        for (k, state) in self.states.iter().enumerate() {
            let Update::Flow(field) = state.update else { continue };
            if integrator == Integrator::ExponentialEuler {
                continue;
            }
            let mut graph = self.graph.clone();
            let one = graph.constant(1.0);
            let slope = pull(&mut graph, &[(field, one)], &[Variable::State(k)])[0];
            let slope = graph.evaluate(slope, |leaf| match leaf {
                Leaf::Dt => dt,
                Leaf::Value(Variable::State(j)) | Leaf::Result(Output::Next(j)) => {
                    self.states[j].initial
                }
                Leaf::Value(Variable::Param(j)) => param(j),
                _ => 0.0,
            });
            let tau = -1.0 / slope;
            // a relative 1e-9: dt = tau is allowed however it was computed
            if slope < 0.0 && dt > tau * (1.0 + 1e-9) {
                let state = state.symbol.name.clone();
                return Err(NeuronError::Unresolved { state, tau, dt });
            }
            if slope < 0.0 && dt > tau / 2.0 * (1.0 + 1e-9) && warning.is_none() {
                warning = Some(format!(
                    "dt = {dt} ms is more than half the time constant of `{}` ({tau:.4} ms): steps are coarse; \
                     use a smaller dt or integrator = \"exponential-euler\"",
                    state.symbol.name
                ));
            }
        }
        Ok(warning)
    }

    /// Checks what the neuron requires of its parameters, at `param(k)`, and of `dt`.
    ///
    /// # Errors
    /// [`NeuronError::Requirement`] with the condition that does not hold.
    pub fn check_requirements(
        &self,
        dt: f64,
        param: impl Fn(usize) -> f64 + Copy,
    ) -> Result<(), NeuronError> {
        let value = |id| {
            self.graph.evaluate(id, |leaf| match leaf {
                Leaf::Dt => dt,
                Leaf::Value(Variable::Param(k)) => param(k),
                _ => f64::NAN,
            })
        };
        for (k, &(left, right)) in self.requires.iter().enumerate() {
            let (left, right) = (value(left), value(right));
            if left < right {
                let condition = self.to_text().requires[k].clone();
                return Err(NeuronError::Requirement { condition, left, right });
            }
        }
        Ok(())
    }

    /// One update as a map.
    fn update(&self, k: usize, integrator: Integrator, graph: &mut Graph) -> NodeId {
        let field = match self.states[k].update {
            Update::Next(value) => return value,
            Update::Flow(field) => field,
        };
        let (x, dt) = (graph.leaf(Leaf::Value(Variable::State(k))), graph.leaf(Leaf::Dt));
        let duration = match integrator {
            Integrator::Euler => dt,
            Integrator::ExponentialEuler => {
                let one = graph.constant(1.0);
                let slope = pull(graph, &[(field, one)], &[Variable::State(k)])[0];
                phi(graph, slope, dt)
            }
        };
        let change = graph.binary(Binary::Mul, field, duration);
        graph.binary(Binary::Add, x, change)
    }

    /// Updates in an order in which every `after` is known.
    fn order_of_updates(&self) -> Result<Vec<usize>, NeuronError> {
        let needs: Vec<Vec<usize>> = self
            .states
            .iter()
            .map(|state| {
                let (Update::Flow(root) | Update::Next(root)) = state.update;
                let nodes = self.graph.order(&[root], |_, _| false).into_iter();
                nodes
                    .filter_map(|id| match self.graph.node(id) {
                        Node::Leaf(Leaf::Result(Output::Next(k))) => Some(k),
                        _ => None,
                    })
                    .collect()
            })
            .collect();
        let mut order: Vec<usize> = Vec::new();
        while order.len() < self.states.len() {
            let ready = (0..self.states.len())
                .find(|k| !order.contains(k) && needs[*k].iter().all(|need| order.contains(need)));
            match ready {
                Some(k) => order.push(k),
                None => {
                    let stuck = (0..self.states.len()).find(|k| !order.contains(k));
                    let circle = circle(stuck.unwrap_or(0), &needs, &order);
                    let states =
                        circle.into_iter().map(|k| self.states[k].symbol.name.clone()).collect();
                    return Err(NeuronError::Cycle { states });
                }
            }
        }
        Ok(order)
    }
}

/// The circle that is met on the way from an update that cannot be ordered.
fn circle(stuck: usize, needs: &[Vec<usize>], ordered: &[usize]) -> Vec<usize> {
    let mut path = vec![stuck];
    loop {
        let last = path[path.len() - 1];
        // what cannot be ordered needs something that cannot be ordered
        let next = needs[last].iter().copied().find(|need| !ordered.contains(need)).unwrap_or(last);
        if let Some(begin) = path.iter().position(|&k| k == next) {
            return path.split_off(begin);
        }
        path.push(next);
    }
}

/// `(e^(b dt) - 1)/b`, by its series where `b dt` is small.
fn phi(graph: &mut Graph, b: NodeId, dt: NodeId) -> NodeId {
    if graph.constant_value(b) == Some(0.0) {
        return dt;
    }
    let one = graph.constant(1.0);
    let z = graph.binary(Binary::Mul, b, dt);
    let (size, small) = (graph.unary(Unary::Abs, z), graph.constant(0.02));
    let large = graph.binary(Binary::Gt, size, small);
    // where the series is taken, nothing is divided by b: 0/0 would spoil the derivatives
    let exp = graph.unary(Unary::Exp, z);
    let grown = graph.binary(Binary::Sub, exp, one);
    let divisor = graph.select(large, b, one);
    let direct = graph.binary(Binary::Div, grown, divisor);
    // dt (1 + z/2 (1 + z/3 (1 + …))), good to z⁶/5040 < 2e-14
    let mut series = one;
    for n in [6.0, 5.0, 4.0, 3.0, 2.0] {
        let n = graph.constant(1.0 / n);
        let term = graph.binary(Binary::Mul, z, n);
        let term = graph.binary(Binary::Mul, term, series);
        series = graph.binary(Binary::Add, one, term);
    }
    let series = graph.binary(Binary::Mul, dt, series);
    graph.select(large, direct, series)
}
