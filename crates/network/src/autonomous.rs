//! A network under a constant input as a map of its unit states, with exact derivatives.
//!
//! Derivatives come from the block of partials of each unit and the wirings: with `D` diagonal and
//! `W` a projection of lag 1, `J = D_state + D_drive W D_emission`, which costs N² operations for each
//! such projection, not N tangents through the network.

use attractor_equations::{Function, Kernel, Leaf, Neuron, Node, Output, Program, Variable};
use attractor_numerics::{Isa, Real};
use ndarray::Array3;

use crate::error::RunError;
use crate::network::{self, Compiled, Network};
use crate::operator::{Operator, Rows, stream};
use crate::signal::{Quantity, SignalId};

mod passes;

/// A network with its parameters and a constant input, noise off: one step as a map of all unit
/// states, in the order of populations, states, units (that of [`Engine::jacobian`]).
///
/// What is emitted with lag 1 belongs to the states at the end of the step before. Populations without
/// states are passed through where they lead to states, and left out where they do not (readouts).
///
/// [`Engine::jacobian`]: crate::Engine::jacobian
#[derive(Clone, Debug)]
pub struct Autonomous {
    dt: f64,
    dimension: usize,
    /// None where a population has no part in the dynamics.
    members: Vec<Option<Member>>,
    /// Members in the order of their updates.
    order: Vec<usize>,
    wires: Vec<Wire>,
}

/// A population that takes part.
#[derive(Clone, Debug)]
struct Member {
    units: usize,
    ld: usize,
    /// Place of each state in the state of the network.
    offsets: Vec<usize>,
    /// Bias and constant input of each drive, `[ld]`.
    feed: Vec<Vec<f64>>,
    step: Kernel<f64>,
    partials: Partials,
    /// Emissions as functions of the states at the end of the step before, and their derivatives.
    at_rest: Kernel<f64>,
    slopes: Partials,
}

/// The derivatives of a population's functions that are not 0 everywhere.
#[derive(Clone, Debug)]
struct Partials {
    kernel: Kernel<f64>,
    entries: Vec<(Output, Variable)>,
}

/// A projection from a member to a member.
#[derive(Clone, Debug)]
struct Wire {
    from: (usize, usize),
    to: (usize, usize),
    /// Lag 0; otherwise lag 1.
    now: bool,
    operator: Operator<f64>,
    /// `[target, source]`.
    matrix: Vec<f64>,
}

impl Autonomous {
    /// Prepares a network for constant `input`, one value for each channel.
    ///
    /// # Errors
    /// Parameters or input of another length than the network's; a network without states; projections
    /// that remember more than the unit states: a delay of two or more steps, or lag 1 from an emission that depends on drives
    /// or on states before the step.
    pub fn new(network: &Network, parameters: &[f64], input: &[f64]) -> Result<Self, RunError> {
        if parameters.len() != network.layout().len() {
            let (given, expected) = (parameters.len(), network.layout().len());
            return Err(RunError::Parameters { given, expected });
        }
        if input.len() != network.channels() {
            let (given, expected) = (input.len(), network.channels());
            return Err(RunError::Shape { what: "input channels", given, expected });
        }
        let isa = Isa::best();
        let taking_part = taking_part(network)?;
        let mut dimension = 0;
        let members = network.populations.iter().zip(&taking_part).map(|(compiled, part)| {
            let dynamics = compiled.dynamics.as_ref().filter(|_| *part)?;
            let offsets = dynamics.neuron.states.iter().map(|_| {
                dimension += compiled.units;
                dimension - compiled.units
            });
            let offsets = offsets.collect();
            Some(Member::new(network, compiled, dynamics, parameters, offsets, isa))
        });
        let mut members: Vec<Option<Member>> = members.collect();
        let mut wires = Vec::new();
        for link in &network.links {
            let (from, to) = (&network.populations[link.from.0], link.to);
            let Some(target) = &mut members[to.0] else { continue };
            let mut operator = Operator::new(isa, &link.wiring);
            operator.load(parameters);
            if from.dynamics.is_none() {
                let mut u = stream(1, from.units);
                u[..from.units].copy_from_slice(&input[from.channel..][..from.units]);
                let u = Rows { values: &u, ld: from.ld };
                operator.multiply(u, 1, &mut target.feed[to.1], target.ld, 1.0);
                continue;
            }
            let (units, sources) = (target.units, from.units);
            let matrix = operator.dense(units, sources, target.ld, from.ld);
            wires.push(Wire { from: link.from, to, now: link.lag == 0, operator, matrix });
        }
        if dimension == 0 {
            return Err(RunError::Unsupported("no population has states: nothing moves".into()));
        }
        let order = network.stages.iter().flat_map(|stage| stage.populations.iter().copied());
        let order = order.filter(|&p| members[p].is_some()).collect();
        Ok(Autonomous { dt: network.dt(), dimension, members, order, wires })
    }

    /// The signals that make up a state, in order: record them to gather [`Autonomous::points`].
    pub fn signals(&self) -> Vec<SignalId> {
        let members = self.members.iter().enumerate().filter_map(|(p, m)| Some((p, m.as_ref()?)));
        members
            .flat_map(|(population, member)| {
                let states = (0..member.offsets.len()).map(Quantity::State);
                states.map(move |quantity| SignalId { population, quantity })
            })
            .collect()
    }

    /// States along recorded runs, `[time × trial, n]`, from the signals of [`Autonomous::signals`].
    ///
    /// # Errors
    /// Recordings of another number or width than these signals.
    pub fn points<T: Real>(&self, recorded: &[Array3<T>]) -> Result<Vec<f64>, RunError> {
        let width = recorded.iter().map(|values| values.dim().2).sum();
        if width != self.dimension {
            let (given, expected) = (width, self.dimension);
            return Err(RunError::Shape { what: "unit states", given, expected });
        }
        let (steps, trials) = recorded.first().map_or((0, 0), |r| (r.dim().0, r.dim().1));
        if let Some(other) = recorded.iter().find(|r| (r.dim().0, r.dim().1) != (steps, trials)) {
            let (given, expected) = (other.dim().0 * other.dim().1, steps * trials);
            return Err(RunError::Shape { what: "recorded states", given, expected });
        }
        let mut points = Vec::with_capacity(steps * trials * self.dimension);
        for t in 0..steps {
            for trial in 0..trials {
                for values in recorded {
                    points.extend((0..values.dim().2).map(|u| values[[t, trial, u]].to_f64()));
                }
            }
        }
        Ok(points)
    }

    fn member(&self, p: usize) -> &Member {
        self.members[p].as_ref().expect("only members are in order and wired")
    }
}

impl Member {
    fn new(
        network: &Network,
        compiled: &Compiled,
        dynamics: &network::Dynamics,
        parameters: &[f64],
        offsets: Vec<usize>,
        isa: Isa,
    ) -> Self {
        let neuron = &dynamics.neuron;
        let step = dynamics.step.fix(|leaf| neuron.quiet(leaf));
        let kernel = |function: &Function| {
            let program = Program::compile(function, |k| dynamics.params[k].per_unit);
            let mut kernel = Kernel::new(program, isa, compiled.ld);
            kernel.set(network.dt(), |k| &parameters[dynamics.params[k].range.clone()]);
            kernel
        };
        let partials = |function: &Function, variables: &[Variable]| {
            let mut partials = function.partials(variables);
            let of = function.outputs.iter().map(|&(output, _)| output);
            let entries = of.flat_map(|output| variables.iter().map(move |&v| (output, v)));
            let found = entries.zip(std::mem::take(&mut partials.outputs));
            let found =
                found.filter(|(_, (_, id))| partials.graph.constant_value(*id) != Some(0.0));
            let (entries, outputs) = found.unzip();
            partials.outputs = outputs;
            Partials { kernel: kernel(&partials), entries }
        };
        let states: Vec<Variable> = (0..neuron.states.len()).map(Variable::State).collect();
        let drives = (0..neuron.drives.len()).map(Variable::Drive);
        let feed = dynamics.bias.iter().map(|bias| {
            let mut row = vec![0.0; compiled.ld];
            if let Some(range) = bias {
                row[..compiled.units].copy_from_slice(&parameters[range.clone()]);
            }
            row
        });
        Member {
            units: compiled.units,
            ld: compiled.ld,
            offsets,
            feed: feed.collect(),
            step: kernel(&step),
            partials: partials(&step, &states.iter().copied().chain(drives).collect::<Vec<_>>()),
            at_rest: kernel(&dynamics.at_rest),
            slopes: partials(&dynamics.at_rest, &states),
        }
    }

    fn emissions(&self) -> usize {
        self.at_rest.program().outputs()
    }
}

/// Populations with states, and those without that lead to them within a step.
fn taking_part(network: &Network) -> Result<Vec<bool>, RunError> {
    let states = |p: &Compiled| p.dynamics.as_ref().map_or(0, |d| d.neuron.states.len());
    let mut part: Vec<bool> = network.populations.iter().map(|p| states(p) > 0).collect();
    for stage in network.stages.iter().rev() {
        for &p in stage.populations.iter().rev() {
            let leads = network.links.iter().any(|l| l.from.0 == p && l.lag == 0 && part[l.to.0]);
            part[p] |= leads && network.populations[p].dynamics.is_some();
        }
    }
    for link in network.links.iter().filter(|link| part[link.to.0] && link.lag > 0) {
        let from = &network.populations[link.from.0];
        let Some(dynamics) = &from.dynamics else { continue };
        let remembered = if link.lag > 1 {
            format!("a delay of {} steps", link.lag)
        } else if reads_before(&dynamics.neuron, link.from.1) {
            let emission = &dynamics.neuron.emissions[link.from.1].symbol.name;
            format!(
                "lag 1 from `{}.{emission}`, which is not a function of the states after the step",
                from.name
            )
        } else {
            continue;
        };
        return Err(RunError::Unsupported(format!(
            "projection `{}` has {remembered}: the network remembers more than its unit states, of which this analysis is made",
            link.name
        )));
    }
    Ok(part)
}

/// Whether an emission reads drives, or states before the step.
fn reads_before(neuron: &Neuron, emission: usize) -> bool {
    let nodes = neuron.graph.order(&[neuron.emissions[emission].value], |_, _| false);
    let before =
        |node| matches!(node, Node::Leaf(Leaf::Value(Variable::State(_) | Variable::Drive(_))));
    nodes.into_iter().any(|id| before(neuron.graph.node(id)))
}
