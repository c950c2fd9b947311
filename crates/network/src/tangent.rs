//! Forward mode: tangents of a run, many at a time, and the Jacobian at a point.
//!
//! Tangents ride along as more trials: one product serves them all. The block of partials of each
//! unit is computed once per step and applied to every tangent.

use std::collections::BTreeMap;

use attractor_data::Trials;
use attractor_equations::{Kernel, Leaf, Output, Program, Scratch, Variable};
use attractor_numerics::Real;
use ndarray::{Array2, Array3};

use crate::NoiseSource;
use crate::engine::{Engine, fill_lines};
use crate::error::RunError;
use crate::forward::{Circumstances, Work, draw};
use crate::intervention::Interventions;
use crate::network::{Dynamics, Network};
use crate::operator::{Operator, Rows, stream};
use crate::plan::Plan;
use crate::signal::{Quantity, SignalId};
use crate::state::{self, State};

/// A direction in which a run is differentiated.
#[derive(Clone, Debug, Default)]
pub struct Direction<T> {
    /// Direction of the parameters; none is 0.
    pub parameters: Option<Vec<T>>,
    /// Direction of the states at the start, per population and state `[trial][unit]`; none is 0.
    pub start: Option<Vec<Vec<Vec<Vec<T>>>>>,
}

/// Partials and their application, of one population.
struct Linear<T> {
    partials: Kernel<T>,
    apply: Kernel<T>,
    at_rest: Kernel<T>,
    /// Where a partial stands among the outputs of `partials`.
    places: BTreeMap<(Output, Variable), usize>,
    params: Vec<usize>,
}

/// Tangent streams of one population: `[step, direction, trial, ld]`.
struct Tangents<T> {
    states: Vec<Vec<T>>,
    emissions: Vec<Vec<T>>,
    drives: Vec<Vec<T>>,
}

/// Forward mode of an engine, compiled here for both precisions.
macro_rules! precision {
    ($t:ident) => {
        impl Engine<$t> {
        /// Runs whole trials and, along with them, their tangents: for each signal of `record` the values
        /// `[time, trial, unit]`, and for each direction the derivative of these values.
        ///
        /// Cost: one run for the values, about one for each direction, two with parameters.
        ///
        /// # Errors
        /// As [`Engine::run`].
        #[allow(clippy::type_complexity)] // values, and one set of them per direction
        pub fn jvp(
            &mut self,
            parameters: &[$t],
            trials: &Trials,
            noise: NoiseSource,
            directions: &[Direction<$t>],
            record: &[SignalId],
        ) -> Result<(Vec<Array3<$t>>, Vec<Vec<Array3<$t>>>), RunError> {
            self.check(parameters, trials)?;
            let network = self.network().clone();
            let plan = self.prepare(parameters, noise.on);
            let (count, isa) = (trials.len(), plan.isa);
            let interventions = Interventions::default();
            let at = Circumstances { trials, noise, interventions: &interventions, first: 0 };
            let mut state = state::start(&network, parameters, trials, 0, count, noise, isa);
            fill_lines(&network, plan, &mut state, &mut Scratch::default());

            let mut forward = Forward::new(&network, plan, parameters, directions, trials, count);
            forward.start(&network, &state, directions, trials);
            let mut work = Work::new(&network, 1, count);
            let room = |signal: &SignalId| {
                Array3::from_elem((trials.steps(), count, network.units(*signal)), 0.0)
            };
            let mut values: Vec<Array3<$t>> = record.iter().map(room).collect();
            let mut tangents: Vec<Vec<Array3<$t>>> =
                directions.iter().map(|_| record.iter().map(room).collect()).collect();
            for step in 0..trials.steps() {
                work.forward(&network, plan, &at, &mut state, 1);
                forward.advance(&network, plan, &at, &work, step);
                for (k, &signal) in record.iter().enumerate() {
                    work.copy_out(&network, signal, count, step, 1, &mut values[k]);
                    for (d, tangents) in tangents.iter_mut().enumerate() {
                        forward.copy_out(&network, signal, d, step, &mut tangents[k]);
                    }
                }
            }
            Ok((values, tangents))
        }

        /// Jacobian of one step at a point: derivatives of all unit states after the step by all unit
        /// states before, `[after, before]`, both in the order of populations, states, units. The inputs
        /// are those of the first step of `trials`, a single trial; noise is off.
        ///
        /// # Errors
        /// As [`Engine::run`]; more than one trial; a delay of more than one step.
        pub fn jacobian(
            &mut self,
            parameters: &[$t],
            trials: &Trials,
            point: &[$t],
        ) -> Result<Array2<$t>, RunError> {
            self.check(parameters, trials)?;
            if trials.len() != 1 {
                return Err(RunError::Shape { what: "trials", given: trials.len(), expected: 1 });
            }
            let network = self.network().clone();
            if let Some(link) = network.links.iter().find(|link| link.lag > 1) {
                return Err(RunError::Unsupported(format!(
                    "projection `{}` has a delay of {} steps: the Jacobian of one step is defined for lags 0 and 1",
                    link.name, link.lag
                )));
            }
            let places = places(&network);
            if point.len() != places.len() {
                let (given, expected) = (point.len(), places.len());
                return Err(RunError::Shape { what: "unit states", given, expected });
            }
            let plan = self.prepare(parameters, false);
            let mut state = State::zero(&network, 1);
            for (&(p, k, unit), &x) in places.iter().zip(point) {
                state.populations[p].states[k][unit] = x;
            }
            fill_lines(&network, plan, &mut state, &mut Scratch::default());
            let directions = vec![Direction::default(); places.len()];
            let mut forward = Forward::new(&network, plan, parameters, &directions, trials, 1);
            for (d, &(p, k, unit)) in places.iter().enumerate() {
                let ld = network.populations[p].ld;
                forward.tangents[p].states[k][d * ld + unit] = 1.0;
            }
            forward.fill_lines(&network, &state);
            let interventions = Interventions::default();
            let noise = NoiseSource::off();
            let at = Circumstances { trials, noise, interventions: &interventions, first: 0 };
            let mut work = Work::new(&network, 1, 1);
            work.forward(&network, plan, &at, &mut state, 1);
            forward.advance(&network, plan, &at, &work, 0);
            Ok(Array2::from_shape_fn((places.len(), places.len()), |(i, d)| {
                let (p, k, unit) = places[i];
                forward.tangents[p].states[k][d * network.populations[p].ld + unit]
            }))
        }
        }
    };
}
precision!(f32);
precision!(f64);

/// All unit states: population, state, unit.
fn places(network: &Network) -> Vec<(usize, usize, usize)> {
    let mut places = Vec::new();
    for (p, compiled) in network.populations.iter().enumerate() {
        let states = compiled.dynamics.as_ref().map_or(0, |d| d.neuron.states.len());
        for k in 0..states {
            places.extend((0..compiled.units).map(|unit| (p, k, unit)));
        }
    }
    places
}

/// Tangents on their way through time.
struct Forward<'a, T> {
    count: usize,
    directions: usize,
    linear: Vec<Option<Linear<T>>>,
    tangents: Vec<Tangents<T>>,
    /// Derivatives of the operators, per direction that moves parameters.
    operators: Vec<Option<Vec<Operator<T>>>>,
    moved: Vec<Option<&'a [T]>>,
    scratch: Scratch<T>,
    noise: Vec<T>,
}

impl<'a, T: Real> Forward<'a, T> {
    fn new(
        network: &Network,
        plan: &Plan<T>,
        parameters: &[T],
        directions: &'a [Direction<T>],
        trials: &Trials,
        count: usize,
    ) -> Self {
        let rows = directions.len() * count;
        let linear = network
            .populations
            .iter()
            .map(|p| p.dynamics.as_ref().map(|d| Linear::new(network, d, plan, parameters, p.ld)));
        let tangents = network.populations.iter().map(|p| {
            let room = |steps: usize| stream(steps * rows, p.units);
            let sizes = p
                .dynamics
                .as_ref()
                .map_or((0, 0), |d| (d.neuron.states.len(), d.neuron.drives.len()));
            Tangents {
                states: (0..sizes.0).map(|_| room(1)).collect(),
                drives: (0..sizes.1).map(|_| room(1)).collect(),
                emissions: p.history.iter().map(|h| room(h + 1)).collect(),
            }
        });
        let operators = directions.iter().map(|direction| {
            let moved = direction.parameters.as_ref()?;
            let tangent = |link: &crate::network::Link| {
                Operator::tangent(plan.isa, &link.wiring, parameters, moved)
            };
            Some(network.links.iter().map(tangent).collect())
        });
        let noise = network
            .populations
            .iter()
            .map(|p| p.dynamics.as_ref().map_or(0, |d| d.neuron.noises.len()) * count * p.ld);
        debug_assert_eq!(trials.len(), count);
        Forward {
            count,
            directions: directions.len(),
            linear: linear.collect(),
            tangents: tangents.collect(),
            operators: operators.collect(),
            moved: directions.iter().map(|d| d.parameters.as_deref()).collect(),
            scratch: Scratch::default(),
            noise: vec![T::ZERO; noise.max().unwrap_or(0)],
        }
    }

    /// Tangents of the initial state, by its own direction and by that of the parameters.
    fn start(
        &mut self,
        network: &Network,
        state: &State<T>,
        directions: &[Direction<T>],
        trials: &Trials,
    ) {
        for (d, direction) in directions.iter().enumerate() {
            let start = match &direction.parameters {
                // what is trained at the start is linear in the parameters
                Some(moved) => state::start_direction(network, moved, trials, self.count),
                None => State::zero(network, self.count),
            };
            for (p, compiled) in network.populations.iter().enumerate() {
                let row = self.count * compiled.ld;
                for (k, tangent) in self.tangents[p].states.iter_mut().enumerate() {
                    let tangent = &mut tangent[d * row..(d + 1) * row];
                    tangent.copy_from_slice(&start.populations[p].states[k]);
                    let Some(given) = &direction.start else {
                        continue;
                    };
                    for (row, given) in tangent.chunks_mut(compiled.ld).zip(&given[p][k]) {
                        row.iter_mut().zip(given).for_each(|(x, &g)| *x += g);
                    }
                }
            }
        }
        self.fill_lines(network, state);
    }

    /// Tangents of the emissions at rest fill the delay lines.
    fn fill_lines(&mut self, network: &Network, state: &State<T>) {
        for (p, compiled) in network.populations.iter().enumerate() {
            let (Some(linear), Some(dynamics)) = (&self.linear[p], &compiled.dynamics) else {
                continue;
            };
            let row = self.count * compiled.ld;
            let states = &state.populations[p].states;
            let inputs: Vec<&[T]> = (linear.at_rest.program().inputs().iter())
                .map(|leaf| match *leaf {
                    Leaf::Value(Variable::State(k)) => &states[k][..],
                    _ => unreachable!("emissions at rest read states alone"),
                })
                .collect();
            let partials = state::run(&linear.at_rest, &inputs, row, &mut self.scratch);
            let width = states.len() + linear.params.len();
            let Tangents { states, emissions, .. } = &mut self.tangents[p];
            for (e, stream) in emissions.iter_mut().enumerate() {
                let lines = compiled.history[e];
                for d in 0..self.directions {
                    let mut sum = vec![T::ZERO; row];
                    for (k, tangent) in states.iter().enumerate() {
                        let tangent = &tangent[d * row..(d + 1) * row];
                        for ((s, &a), &b) in
                            sum.iter_mut().zip(&partials[e * width + k]).zip(tangent)
                        {
                            *s += a * b;
                        }
                    }
                    for (j, &k) in linear.params.iter().enumerate() {
                        let Some(moved) = self.moved[d] else { continue };
                        let moved = spread(moved, dynamics, k, compiled.units, compiled.ld);
                        let a = partials[e * width + states.len() + j].chunks(compiled.ld);
                        for (s, a) in sum.chunks_mut(compiled.ld).zip(a) {
                            s.iter_mut().zip(a).zip(&moved).for_each(|((s, &a), &b)| *s += a * b);
                        }
                    }
                    for line in 0..lines {
                        let from = (line * self.directions + d) * row;
                        stream[from..from + row].copy_from_slice(&sum);
                    }
                }
            }
        }
    }

    /// One step, after the values of the same step stand in `work`.
    fn advance(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        at: &Circumstances<'_>,
        work: &Work<T>,
        step: usize,
    ) {
        let rows = self.directions * self.count;
        for stage in &network.stages {
            for &p in &stage.populations {
                self.drives(network, plan, work, p);
                self.block(network, plan, at, work, p, step);
            }
        }
        // delay lines move on
        for (tangents, compiled) in self.tangents.iter_mut().zip(&network.populations) {
            for stream in &mut tangents.emissions {
                stream.copy_within(rows * compiled.ld.., 0);
            }
        }
    }

    fn drives(&mut self, network: &Network, plan: &Plan<T>, work: &Work<T>, p: usize) {
        let (compiled, rows) = (&network.populations[p], self.directions * self.count);
        let Some(dynamics) = &compiled.dynamics else {
            return;
        };
        let mut drives = std::mem::take(&mut self.tangents[p].drives);
        for (k, drive) in drives.iter_mut().enumerate() {
            drive.fill(T::ZERO);
            let Some(range) = &dynamics.bias[k] else {
                continue;
            };
            for (d, moved) in self.moved.iter().enumerate() {
                let Some(moved) = moved else { continue };
                let own = drive.chunks_mut(self.count * compiled.ld).nth(d);
                for row in own.into_iter().flat_map(|own| own.chunks_mut(compiled.ld)) {
                    row[..compiled.units].copy_from_slice(&moved[range.clone()]);
                }
            }
        }
        for (k, link) in network.links.iter().enumerate().filter(|(_, link)| link.to.0 == p) {
            let (from, ldy) = (&network.populations[link.from.0], compiled.ld);
            let slot = from.history[link.from.1] - link.lag;
            let x = &self.tangents[link.from.0].emissions[link.from.1][slot * rows * from.ld..];
            let y = &mut drives[link.to.1];
            plan.operators[k].multiply(Rows { values: x, ld: from.ld }, rows, y, ldy, T::ONE);
            for (d, operators) in self.operators.iter().enumerate() {
                let Some(operators) = operators else { continue };
                let x = &work.streams[link.from.0].emissions[link.from.1];
                let x = Rows { values: &x[slot * self.count * from.ld..], ld: from.ld };
                let y = &mut y[d * self.count * ldy..];
                operators[k].multiply(x, self.count, y, ldy, T::ONE);
            }
        }
        self.tangents[p].drives = drives;
    }

    fn block(
        &mut self,
        network: &Network,
        plan: &Plan<T>,
        at: &Circumstances<'_>,
        work: &Work<T>,
        p: usize,
        step: usize,
    ) {
        let compiled = &network.populations[p];
        let (Some(linear), Some(dynamics)) = (&self.linear[p], &compiled.dynamics) else {
            return;
        };
        let row = self.count * compiled.ld;
        draw(network, plan, at, p, &linear.partials, step, self.count, &mut self.noise);
        let streams = &work.streams[p];
        let inputs: Vec<&[T]> = (linear.partials.program().inputs().iter())
            .map(|leaf| match *leaf {
                Leaf::Value(Variable::State(k)) => &streams.states[k][..row],
                Leaf::Value(Variable::Drive(k)) => &streams.drives[k][..row],
                Leaf::Value(Variable::Noise(k)) => &self.noise[k * row..(k + 1) * row],
                _ => unreachable!("partials read states, drives and noise"),
            })
            .collect();
        let partials = state::run(&linear.partials, &inputs, row, &mut self.scratch);
        for d in 0..self.directions {
            let own = d * row..(d + 1) * row;
            let moved: Vec<Vec<T>> = (linear.params.iter())
                .map(|&k| match self.moved[d] {
                    Some(moved) => {
                        spread(moved, dynamics, k, compiled.units, compiled.ld).repeat(self.count)
                    }
                    None => vec![T::ZERO; row],
                })
                .collect();
            let tangents = &self.tangents[p];
            let inputs: Vec<&[T]> = (linear.apply.program().inputs().iter())
                .map(|leaf| match *leaf {
                    Leaf::Partial(output, variable) => {
                        &partials[linear.places[&(output, variable)]][..]
                    }
                    Leaf::Tangent(Variable::State(k)) => &tangents.states[k][own.clone()],
                    Leaf::Tangent(Variable::Drive(k)) => &tangents.drives[k][own.clone()],
                    Leaf::Tangent(Variable::Param(k)) => {
                        &moved[linear.params.iter().position(|&j| j == k).unwrap_or(0)]
                    }
                    _ => unreachable!("a tangent step reads partials and tangents"),
                })
                .collect();
            let outputs = state::run(&linear.apply, &inputs, row, &mut self.scratch);
            let tangents = &mut self.tangents[p];
            let states = tangents.states.len();
            for (state, values) in tangents.states.iter_mut().zip(&outputs) {
                state[own.clone()].copy_from_slice(values);
            }
            for (e, values) in outputs[states..].iter().enumerate() {
                let from = compiled.history[e] * self.directions * row + own.start;
                tangents.emissions[e][from..from + row].copy_from_slice(values);
            }
        }
    }

    fn copy_out(
        &self,
        network: &Network,
        signal: SignalId,
        direction: usize,
        step: usize,
        out: &mut Array3<T>,
    ) {
        let compiled = &network.populations[signal.population];
        let tangents = &self.tangents[signal.population];
        let (stream, slot) = match signal.quantity {
            // the lines have moved on: the step just done is the last of them
            Quantity::Emission(k) => {
                (&tangents.emissions[k], compiled.history[k].saturating_sub(1))
            }
            Quantity::State(k) => (&tangents.states[k], 0),
            Quantity::Drive(k) => (&tangents.drives[k], 0),
        };
        let skip = (slot * self.directions + direction) * self.count;
        for trial in 0..self.count {
            for unit in 0..compiled.units {
                out[[step, trial, unit]] = stream[(skip + trial) * compiled.ld + unit];
            }
        }
    }
}

impl<T: Real> Linear<T> {
    fn new(
        network: &Network,
        dynamics: &Dynamics,
        plan: &Plan<T>,
        parameters: &[T],
        ld: usize,
    ) -> Self {
        let neuron = &dynamics.neuron;
        let params = dynamics.trained();
        let states = (0..neuron.states.len()).map(Variable::State);
        let moving = params.iter().map(|&k| Variable::Param(k));
        let variables: Vec<Variable> = (states.clone())
            .chain((0..neuron.drives.len()).map(Variable::Drive))
            .chain(moving.clone())
            .collect();
        let at_rest: Vec<Variable> = states.chain(moving).collect();
        let per_unit = |k: usize| dynamics.params[k].per_unit;
        let kernel = |function| {
            let mut kernel = Kernel::new(Program::compile(&function, per_unit), plan.isa, ld);
            kernel.set(network.dt(), |k| &parameters[dynamics.params[k].range.clone()]);
            kernel
        };
        let width = variables.len();
        let mut places = BTreeMap::new();
        for (row, &(output, _)) in dynamics.step.outputs.iter().enumerate() {
            for (column, &variable) in variables.iter().enumerate() {
                places.insert((output, variable), row * width + column);
            }
        }
        Linear {
            partials: kernel(dynamics.step.partials(&variables)),
            apply: kernel(dynamics.step.jvp(&variables)),
            at_rest: kernel(dynamics.at_rest.partials(&at_rest)),
            places,
            params,
        }
    }
}

/// One neuron parameter of a direction as a row of units.
fn spread<T: Real>(moved: &[T], dynamics: &Dynamics, k: usize, units: usize, ld: usize) -> Vec<T> {
    let place = &dynamics.params[k];
    let values = &moved[place.range.clone()];
    let mut row = vec![T::ZERO; ld];
    for (unit, x) in row[..units].iter_mut().enumerate() {
        *x = values[if place.per_unit { unit } else { 0 }];
    }
    row
}
