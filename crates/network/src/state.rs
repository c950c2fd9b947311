//! The state of a network as a value: keep it, branch it, continue from it.

use attractor_data::Trials;
use attractor_equations::{Kernel, Leaf, Output, Program, Scratch, Variable};
use attractor_numerics::{Isa, Real, random};

use crate::network::{Dynamics, Network, StartPlan};
use crate::noise::stream;
use crate::signal::{Quantity, SignalId};

/// Unit states and delay lines of some trials, between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T> {
    pub(crate) trials: usize,
    pub(crate) populations: Vec<PopulationState<T>>,
    /// Steps since the start.
    pub(crate) step: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PopulationState<T> {
    /// Per state `[trial, ld]`.
    pub(crate) states: Vec<Vec<T>>,
    /// Per emission `[lag, trial, ld]`, the latest last.
    pub(crate) history: Vec<Vec<T>>,
}

impl<T: Real> State<T> {
    /// Number of trials.
    pub fn trials(&self) -> usize {
        self.trials
    }

    /// Steps since the start.
    pub fn step(&self) -> usize {
        self.step
    }

    /// Values of a state of a population, trial by trial.
    pub fn values(&self, network: &Network, population: usize, state: usize) -> Vec<Vec<T>> {
        let compiled = &network.populations[population];
        let rows = self.populations[population].states[state].chunks(compiled.ld);
        rows.map(|row| row[..compiled.units].to_vec()).collect()
    }

    /// What a projection of this lag, at least 1, reads of an emission in the coming step, trial by trial.
    ///
    /// # Panics
    /// If no projection of the network reads that far back.
    pub fn line(&self, network: &Network, emission: SignalId, lag: usize) -> Vec<Vec<T>> {
        let Quantity::Emission(k) = emission.quantity else { return Vec::new() };
        let compiled = &network.populations[emission.population];
        let lines = &self.populations[emission.population].history[k];
        let from = (compiled.history[k] - lag) * self.trials * compiled.ld;
        let rows = lines[from..].chunks(compiled.ld).take(self.trials);
        rows.map(|row| row[..compiled.units].to_vec()).collect()
    }

    /// Room for `trials` trials, all 0.
    pub(crate) fn zero(network: &Network, trials: usize) -> Self {
        let populations = network.populations.iter().map(|p| {
            let states = p.dynamics.as_ref().map_or(0, |d| d.neuron.states.len());
            PopulationState {
                states: vec![vec![T::ZERO; trials * p.ld]; states],
                history: p.history.iter().map(|h| vec![T::ZERO; h * trials * p.ld]).collect(),
            }
        });
        State { trials, populations: populations.collect(), step: 0 }
    }
}

/// States at the start of trials `first..first + count` of a batch; delay lines are not filled yet.
pub(crate) fn start<T: Real>(
    network: &Network,
    parameters: &[T],
    trials: &Trials,
    first: usize,
    count: usize,
    noise: crate::NoiseSource,
    isa: Isa,
) -> State<T> {
    let mut state = State::zero(network, count);
    for (p, compiled) in network.populations.iter().enumerate() {
        let Some(dynamics) = &compiled.dynamics else {
            continue;
        };
        for (k, plan) in dynamics.start.iter().enumerate() {
            let rows = state.populations[p].states[k].chunks_mut(compiled.ld).enumerate();
            for (trial, row) in rows {
                let row = &mut row[..compiled.units];
                match plan {
                    StartPlan::Values(values) => {
                        for (x, &value) in row.iter_mut().zip(values) {
                            *x = T::from_f64(value);
                        }
                    }
                    StartPlan::Random(sd) => {
                        let key = noise.key(stream(&format!("start of {}.{k}", compiled.name)));
                        let units = row.len();
                        random::fill_normal_rows(
                            isa,
                            key,
                            0,
                            (first + trial) as u32,
                            units,
                            units,
                            row,
                        );
                        row.iter_mut().for_each(|x| *x *= T::from_f64(*sd));
                    }
                    _ => linear_start(plan, parameters, trials, first + trial, row),
                }
            }
        }
    }
    state
}

/// Change of the states at the start when the parameters move: trained and wired starts are linear
/// in them, all others do not move.
pub(crate) fn start_direction<T: Real>(
    network: &Network,
    moved: &[T],
    trials: &Trials,
    count: usize,
) -> State<T> {
    let mut state = State::zero(network, count);
    for (p, compiled) in network.populations.iter().enumerate() {
        let Some(dynamics) = &compiled.dynamics else {
            continue;
        };
        for (k, plan) in dynamics.start.iter().enumerate() {
            if let StartPlan::Trained(_) | StartPlan::Wired { .. } = plan {
                let rows = state.populations[p].states[k].chunks_mut(compiled.ld).enumerate();
                for (trial, row) in rows {
                    linear_start(plan, moved, trials, trial, &mut row[..compiled.units]);
                }
            }
        }
    }
    state
}

/// The starts that are linear in the parameters.
fn linear_start<T: Real>(
    plan: &StartPlan,
    parameters: &[T],
    trials: &Trials,
    trial: usize,
    row: &mut [T],
) {
    match (plan, &trials.start) {
        (StartPlan::Trained(range), _) => row.copy_from_slice(&parameters[range.clone()]),
        (StartPlan::Wired { range, inputs }, Some(start)) => {
            let given: Vec<T> =
                start.row(trial).iter().map(|&s| T::from_f64(f64::from(s))).collect();
            for (x, weights) in row.iter_mut().zip(parameters[range.clone()].chunks(*inputs)) {
                *x = weights.iter().zip(&given).map(|(&w, &s)| w * s).sum();
            }
        }
        _ => {}
    }
}

/// Emissions at rest and their reverse: what fills the delay lines before the first step.
#[derive(Clone, Debug)]
pub(crate) struct AtRest<T> {
    pub(crate) forward: Kernel<T>,
    pub(crate) reverse: Kernel<T>,
}

impl<T: Real> AtRest<T> {
    pub(crate) fn new(dynamics: &Dynamics, isa: Isa, ld: usize) -> Self {
        let per_unit = |k: usize| dynamics.params[k].per_unit;
        let states = (0..dynamics.neuron.states.len()).map(Variable::State);
        let params = dynamics.trained().into_iter().map(Variable::Param);
        let variables: Vec<Variable> = states.chain(params).collect();
        let kernel = |function| Kernel::new(Program::compile(&function, per_unit), isa, ld);
        AtRest {
            forward: kernel(dynamics.at_rest.clone()),
            reverse: kernel(dynamics.at_rest.vjp(&variables, &[])),
        }
    }

    pub(crate) fn set<'p>(&mut self, dt: f64, param: impl Fn(usize) -> &'p [T] + Copy) {
        self.forward.set(dt, param);
        self.reverse.set(dt, param);
    }

    /// Emissions of states.
    pub(crate) fn emissions(
        &self,
        states: &[Vec<T>],
        length: usize,
        scratch: &mut Scratch<T>,
    ) -> Vec<Vec<T>> {
        let inputs = self.read(&self.forward, states, &[]);
        run(&self.forward, &inputs, length, scratch)
    }

    /// Cotangents of states, then of trained parameters (per trial and unit), from those of emissions.
    pub(crate) fn pull(
        &self,
        states: &[Vec<T>],
        cotangents: &[Vec<T>],
        length: usize,
        scratch: &mut Scratch<T>,
    ) -> Vec<Vec<T>> {
        let inputs = self.read(&self.reverse, states, cotangents);
        run(&self.reverse, &inputs, length, scratch)
    }

    fn read<'s>(
        &self,
        kernel: &Kernel<T>,
        states: &'s [Vec<T>],
        cotangents: &'s [Vec<T>],
    ) -> Vec<&'s [T]> {
        let leaves = kernel.program().inputs().iter();
        leaves
            .map(|leaf| match *leaf {
                Leaf::Value(Variable::State(k)) => &states[k][..],
                Leaf::Cotangent(Output::Emit(k)) => &cotangents[k][..],
                _ => unreachable!("emissions at rest read states alone"),
            })
            .collect()
    }
}

/// Runs a kernel into new streams of `length` values.
pub(crate) fn run<T: Real>(
    kernel: &Kernel<T>,
    inputs: &[&[T]],
    length: usize,
    scratch: &mut Scratch<T>,
) -> Vec<Vec<T>> {
    let mut outputs = vec![vec![T::ZERO; length]; kernel.program().outputs()];
    let mut views: Vec<&mut [T]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    kernel.run(scratch, inputs, &mut views);
    outputs
}
