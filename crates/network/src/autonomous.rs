//! A network under a constant input as a map of its unit states, with exact derivatives.
//!
//! Derivatives come from the block of partials of each unit and the wirings: with `D` diagonal and
//! `W` a projection of lag 1, `J = D_state + D_drive W D_emission`, which costs N² operations for each
//! such projection, not N tangents through the network.

use attractor_equations::{
    Function, Kernel, Leaf, Neuron, Node, Output, Program, Scratch, Variable,
};
use attractor_numerics::{Dynamics, Isa, Real};
use ndarray::Array3;

use crate::error::RunError;
use crate::network::{self, Compiled, Network};
use crate::operator::{Operator, Rows, stream};
use crate::signal::{Quantity, SignalId};
use crate::state::run;

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

/// Streams of one kind, per population and index, `[row, ld]`.
type Streams = Vec<Vec<Vec<f64>>>;

/// Everything one step computes for some points.
struct Pass {
    rows: usize,
    states: Streams,
    drives: Streams,
    next: Streams,
}

/// Values of the partials at some points: those of the step, those at rest.
struct Slopes {
    step: Streams,
    at_rest: Streams,
}

impl Autonomous {
    /// Prepares a network for constant `input`, one value for each channel.
    ///
    /// # Errors
    /// Parameters or input of another length than the network's; projections that remember more than
    /// the unit states: a delay of two or more steps, or lag 1 from an emission that depends on drives
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
            let matrix = dense(&operator, units, sources, target.ld, from.ld);
            wires.push(Wire { from: link.from, to, now: link.lag == 0, operator, matrix });
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

    /// Room for one stream of each kind per member.
    fn room(&self, rows: usize, count: impl Fn(&Member) -> usize) -> Streams {
        let members = self.members.iter();
        members
            .map(|member| match member {
                Some(member) => vec![vec![0.0; rows * member.ld]; count(member)],
                None => Vec::new(),
            })
            .collect()
    }

    /// Rows `[row, n]` as streams of the states.
    fn unpack(&self, x: &[f64]) -> Streams {
        let rows = x.len() / self.dimension;
        let mut states = self.room(rows, |member| member.offsets.len());
        for (streams, member) in states.iter_mut().zip(&self.members) {
            let Some(member) = member else { continue };
            for (stream, &offset) in streams.iter_mut().zip(&member.offsets) {
                let rows = stream.chunks_exact_mut(member.ld).zip(x.chunks_exact(self.dimension));
                for (row, x) in rows {
                    row[..member.units].copy_from_slice(&x[offset..][..member.units]);
                }
            }
        }
        states
    }

    /// Streams of the states as rows `[row, n]`.
    fn pack(&self, states: &Streams, x: &mut [f64]) {
        for (streams, member) in states.iter().zip(&self.members) {
            let Some(member) = member else { continue };
            for (stream, &offset) in streams.iter().zip(&member.offsets) {
                let rows = stream.chunks_exact(member.ld).zip(x.chunks_exact_mut(self.dimension));
                for (row, x) in rows {
                    x[offset..][..member.units].copy_from_slice(&row[..member.units]);
                }
            }
        }
    }

    fn wires_into(&self, p: usize) -> impl Iterator<Item = &Wire> {
        self.wires.iter().filter(move |wire| wire.to.0 == p)
    }

    fn remembers(&self, p: usize) -> bool {
        self.wires.iter().any(|wire| wire.from.0 == p && !wire.now)
    }

    fn forward(&self, x: &[f64]) -> Pass {
        let rows = x.len() / self.dimension;
        let states = self.unpack(x);
        let mut scratch = Scratch::default();
        let none = || vec![Vec::new(); self.members.len()];
        let (mut drives, mut next, mut emitted, mut at_rest) = (none(), none(), none(), none());
        for &p in self.order.iter().filter(|&&p| self.remembers(p)) {
            let member = self.member(p);
            let inputs = reads(&member.at_rest, &states[p], &[]);
            at_rest[p] = run(&member.at_rest, &inputs, rows * member.ld, &mut scratch);
        }
        for &p in &self.order {
            let member = self.member(p);
            let mut driven: Vec<Vec<f64>> = member.feed.iter().map(|f| f.repeat(rows)).collect();
            for wire in self.wires_into(p) {
                let from = if wire.now { &emitted } else { &at_rest };
                let from: &Vec<f64> = &from[wire.from.0][wire.from.1];
                let x = Rows { values: from, ld: self.member(wire.from.0).ld };
                wire.operator.multiply(x, rows, &mut driven[wire.to.1], member.ld, 1.0);
            }
            let inputs = reads(&member.step, &states[p], &driven);
            let mut outputs = run(&member.step, &inputs, rows * member.ld, &mut scratch);
            emitted[p] = outputs.split_off(member.offsets.len());
            (next[p], drives[p]) = (outputs, driven);
        }
        Pass { rows, states, drives, next }
    }

    fn slopes(&self, pass: &Pass) -> Slopes {
        let mut scratch = Scratch::default();
        let mut of = |partials: &Partials, p: usize| {
            let inputs = reads(&partials.kernel, &pass.states[p], &pass.drives[p]);
            run(&partials.kernel, &inputs, pass.rows * self.member(p).ld, &mut scratch)
        };
        let mut slopes = Slopes { step: vec![Vec::new(); self.members.len()], at_rest: Vec::new() };
        slopes.at_rest = slopes.step.clone();
        for &p in &self.order {
            slopes.step[p] = of(&self.member(p).partials, p);
            if self.remembers(p) {
                slopes.at_rest[p] = of(&self.member(p).slopes, p);
            }
        }
        slopes
    }

    /// Tangents v `[point, tangent, n]` through one step.
    fn push(&self, slopes: &Slopes, each: usize, v: &[f64], out: &mut [f64]) {
        let rows = v.len() / self.dimension;
        let moved = self.unpack(v);
        let mut drives = self.room(rows, |member| member.feed.len());
        let mut next = self.room(rows, |member| member.offsets.len());
        let mut emitted = self.room(rows, Member::emissions);
        let mut at_rest = self.room(rows, Member::emissions);
        for &p in self.order.iter().filter(|&&p| self.remembers(p)) {
            let member = self.member(p);
            for (&(output, variable), slope) in member.slopes.entries.iter().zip(&slopes.at_rest[p])
            {
                if let (Output::Emit(e), Variable::State(k)) = (output, variable) {
                    add_scaled(&mut at_rest[p][e], slope, &moved[p][k], member.ld, each);
                }
            }
        }
        for &p in &self.order {
            let member = self.member(p);
            for wire in self.wires_into(p) {
                let from = if wire.now { &emitted } else { &at_rest };
                let from: &Vec<f64> = &from[wire.from.0][wire.from.1];
                let x = Rows { values: from, ld: self.member(wire.from.0).ld };
                wire.operator.multiply(x, rows, &mut drives[p][wire.to.1], member.ld, 1.0);
            }
            for (&(output, variable), slope) in member.partials.entries.iter().zip(&slopes.step[p])
            {
                let to = match output {
                    Output::Next(k) => &mut next[p][k],
                    Output::Emit(e) => &mut emitted[p][e],
                    Output::Value(_) => continue,
                };
                match variable {
                    Variable::State(k) => add_scaled(to, slope, &moved[p][k], member.ld, each),
                    Variable::Drive(d) => add_scaled(to, slope, &drives[p][d], member.ld, each),
                    _ => {}
                }
            }
        }
        self.pack(&next, out);
    }

    /// Cotangents w `[point, cotangent, n]` back through one step.
    fn pull(&self, slopes: &Slopes, each: usize, w: &[f64], out: &mut [f64]) {
        let rows = w.len() / self.dimension;
        let next = self.unpack(w);
        let mut before = self.room(rows, |member| member.offsets.len());
        let mut drives = self.room(rows, |member| member.feed.len());
        let mut emitted = self.room(rows, Member::emissions);
        let mut at_rest = self.room(rows, Member::emissions);
        for &p in self.order.iter().rev() {
            let member = self.member(p);
            for (&(output, variable), slope) in member.partials.entries.iter().zip(&slopes.step[p])
            {
                let from = match output {
                    Output::Next(k) => &next[p][k],
                    Output::Emit(e) => &emitted[p][e],
                    Output::Value(_) => continue,
                };
                match variable {
                    Variable::State(k) => {
                        add_scaled(&mut before[p][k], slope, from, member.ld, each);
                    }
                    Variable::Drive(d) => {
                        add_scaled(&mut drives[p][d], slope, from, member.ld, each);
                    }
                    _ => {}
                }
            }
            for wire in self.wires_into(p) {
                let y = Rows { values: &drives[p][wire.to.1], ld: member.ld };
                let to = if wire.now { &mut emitted } else { &mut at_rest };
                let ld = self.member(wire.from.0).ld;
                wire.operator.transpose(y, rows, &mut to[wire.from.0][wire.from.1], ld, 1.0);
            }
        }
        for &p in self.order.iter().filter(|&&p| self.remembers(p)) {
            let member = self.member(p);
            for (&(output, variable), slope) in member.slopes.entries.iter().zip(&slopes.at_rest[p])
            {
                if let (Output::Emit(e), Variable::State(k)) = (output, variable) {
                    add_scaled(&mut before[p][k], slope, &at_rest[p][e], member.ld, each);
                }
            }
        }
        self.pack(&before, out);
    }

    fn check(&self, x: &[f64]) {
        assert!(x.len().is_multiple_of(self.dimension), "states of {} values", self.dimension);
    }
}

impl Dynamics for Autonomous {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn dt(&self) -> f64 {
        self.dt
    }

    fn step(&self, x: &[f64], next: &mut [f64]) {
        self.check(x);
        self.pack(&self.forward(x).next, next);
    }

    fn jacobian(&self, x: &[f64], jacobian: &mut [f64]) {
        assert_eq!(x.len(), self.dimension, "the Jacobian is that of one point");
        let n = self.dimension;
        let slopes = self.slopes(&self.forward(x));
        // derivatives of what is emitted in this step, `[unit, n]`, where something reads it
        let mut emitted: Vec<Vec<Vec<f64>>> = vec![Vec::new(); self.members.len()];
        for &p in &self.order {
            let member = self.member(p);
            let mut drives: Vec<Vec<f64>> = vec![Vec::new(); member.feed.len()];
            for wire in self.wires_into(p) {
                let drive = &mut drives[wire.to.1];
                drive.resize(member.units * n, 0.0);
                let (q, e) = wire.from;
                let from = self.member(q);
                if wire.now {
                    add_product(drive, &wire.matrix, &emitted[q][e], from.units, n);
                    continue;
                }
                for (&entry, slope) in from.slopes.entries.iter().zip(&slopes.at_rest[q]) {
                    let (Output::Emit(of), Variable::State(k)) = entry else { continue };
                    if of == e {
                        let at = from.offsets[k]..from.offsets[k] + from.units;
                        let rows = drive.chunks_exact_mut(n);
                        for (row, weights) in rows.zip(wire.matrix.chunks_exact(from.units)) {
                            let terms = weights.iter().zip(slope);
                            row[at.clone()]
                                .iter_mut()
                                .zip(terms)
                                .for_each(|(j, (w, s))| *j += w * s);
                        }
                    }
                }
            }
            let read = |e: usize| self.wires.iter().any(|w| w.now && w.from == (p, e));
            emitted[p] = (0..member.emissions())
                .map(|e| if read(e) { vec![0.0; member.units * n] } else { Vec::new() })
                .collect();
            for &offset in &member.offsets {
                jacobian[offset * n..(offset + member.units) * n].fill(0.0);
            }
            for (&(output, variable), slope) in member.partials.entries.iter().zip(&slopes.step[p])
            {
                let rows = match output {
                    Output::Next(k) => &mut jacobian[member.offsets[k] * n..],
                    Output::Emit(e) => &mut emitted[p][e][..],
                    Output::Value(_) => continue,
                };
                let rows = rows.chunks_exact_mut(n).zip(&slope[..member.units]).enumerate();
                match variable {
                    Variable::State(k) => {
                        rows.for_each(|(unit, (row, s))| row[member.offsets[k] + unit] += s);
                    }
                    Variable::Drive(d) => {
                        for ((_, (row, s)), drive) in rows.zip(drives[d].chunks_exact(n)) {
                            row.iter_mut().zip(drive).for_each(|(j, d)| *j += s * d);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn jvp(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        self.check(x);
        if !x.is_empty() {
            self.push(&self.slopes(&self.forward(x)), v.len() / x.len(), v, out);
        }
    }

    fn vjp(&self, x: &[f64], w: &[f64], out: &mut [f64]) {
        self.check(x);
        if !x.is_empty() {
            self.pull(&self.slopes(&self.forward(x)), w.len() / x.len(), w, out);
        }
    }

    fn residual(&self, x: &[f64], f: &mut [f64], gradient: &mut [f64]) {
        self.check(x);
        let pass = self.forward(x);
        self.pack(&pass.next, f);
        f.iter_mut().zip(x).for_each(|(f, x)| *f -= x);
        self.pull(&self.slopes(&pass), 1, f, gradient);
        gradient.iter_mut().zip(f.iter()).for_each(|(g, f)| *g -= f);
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
        let quiet = |leaf| matches!(leaf, Leaf::Value(Variable::Noise(_))).then_some(0.0);
        let step = dynamics.step.fix(quiet);
        let neuron = &dynamics.neuron;
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

/// The matrix of a wiring: its transpose applied to unit vectors.
fn dense(
    operator: &Operator<f64>,
    targets: usize,
    sources: usize,
    ldy: usize,
    ldx: usize,
) -> Vec<f64> {
    let (mut y, mut x) = (vec![0.0; targets * ldy], vec![0.0; targets * ldx]);
    (0..targets).for_each(|i| y[i * ldy + i] = 1.0);
    operator.transpose(Rows { values: &y, ld: ldy }, targets, &mut x, ldx, 1.0);
    x.chunks_exact(ldx).flat_map(|row| row[..sources].iter().copied()).collect()
}

/// Streams a kernel reads.
fn reads<'s>(
    kernel: &Kernel<f64>,
    states: &'s [Vec<f64>],
    drives: &'s [Vec<f64>],
) -> Vec<&'s [f64]> {
    let leaves = kernel.program().inputs().iter();
    leaves
        .map(|leaf| match *leaf {
            Leaf::Value(Variable::State(k)) => &states[k][..],
            Leaf::Value(Variable::Drive(k)) => &drives[k][..],
            _ => unreachable!("noise is off"),
        })
        .collect()
}

/// `sum += slope x` by rows of `ld`, with one row of slopes for `each` rows of x.
fn add_scaled(sum: &mut [f64], slope: &[f64], x: &[f64], ld: usize, each: usize) {
    let block = ld * each;
    for ((sum, slope), x) in
        sum.chunks_exact_mut(block).zip(slope.chunks_exact(ld)).zip(x.chunks_exact(block))
    {
        for (sum, x) in sum.chunks_exact_mut(ld).zip(x.chunks_exact(ld)) {
            sum.iter_mut().zip(slope).zip(x).for_each(|((sum, s), x)| *sum += s * x);
        }
    }
}

/// `sum += M E`: `[targets, n]`, `[targets, sources]`, `[sources, n]`.
fn add_product(sum: &mut [f64], m: &[f64], e: &[f64], sources: usize, n: usize) {
    for (sum, weights) in sum.chunks_exact_mut(n).zip(m.chunks_exact(sources)) {
        for (w, row) in weights.iter().zip(e.chunks_exact(n)).filter(|(w, _)| **w != 0.0) {
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += w * x);
        }
    }
}
