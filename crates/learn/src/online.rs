//! E-prop online: eligibility goes forwards with the network, in memory that does not grow with the
//! trial.
//!
//! A synapse from `x_i` to a drive of unit j keeps one eligibility vector over the states of its target,
//!
//! `ε[t] = A_j ε[t−1] + b_j x_i[t]`, `e[t] = c_j·ε[t−1] + d_j x_i[t]`,
//!
//! where `A = ∂s'/∂s`, `b = ∂s'/∂I`, `c = ∂z/∂s` and `d = ∂z/∂I` are the block of partials that is derived
//! from the equations of every neuron. The gradient grows by `L_j[t] ē_ji[t]` at each step: the
//! learning signal `L = Bᵀ dL/dy[t]` of readouts that are linear, times the eligibility filtered as the
//! readout filters (Bellec et al. 2020, doi:10.1038/s41467-020-17236-y).
//!
//! Some steps are taken at once where nobody looks in between. Within such a block the sums over steps are
//! reordered, not approximated: each unit is gone through backwards from the loss, and from every state
//! that has a trace, and the products with what sources did are matrix products of all steps of the block.
//! A trace is read and written once a block instead of once a step, and sources that are silent cost
//! nothing. A block of one step is the recursion above.
//!
//! It equals the gradient of [`Rule::Eprop`](crate::Rule), which is the faster way where the whole trial
//! fits into memory.

use std::sync::Arc;

use attractor_data::Trials;
use attractor_network::{
    Credit, Loss, Network, NoiseSource, Part, Quantity, Route, RunError, SignalId, SignalView,
    SignalViewMut, State,
};
use attractor_numerics::product::Packed;
use attractor_numerics::{Isa, Real};
use ndarray::Array3;

use crate::error::OnlineError;

mod paths;
mod reverse;
mod slopes;
mod traces;

use paths::{Readout, Wires};
use reverse::{Reversed, Seeds};
use slopes::Slopes;
use traces::{Block, Path, Trace};

/// Steps of a block where whole trials are asked for: the memory of their activity does not depend on
/// the length of the trial, and traces are touched seldom.
const BLOCK: usize = 64;

/// An engine, step by step; [`attractor_network::Engine`] is one.
pub trait Stepper<T> {
    /// A state at the start of the trials.
    ///
    /// # Errors
    /// Trials or parameters of another shape than the network.
    fn start(
        &mut self,
        parameters: &[T],
        trials: &Trials,
        noise: NoiseSource,
    ) -> Result<State<T>, RunError>;

    /// Some steps of a state; the signals asked for, `[step, trial, unit]`.
    ///
    /// # Errors
    /// As [`Stepper::start`]; a state that would go beyond the end of the trials.
    fn advance(
        &mut self,
        parameters: &[T],
        trials: &Trials,
        noise: NoiseSource,
        state: &mut State<T>,
        steps: usize,
        record: &[SignalId],
    ) -> Result<Vec<Array3<T>>, RunError>;
}

/// E-prop while the network runs.
///
/// ```
/// # use std::sync::Arc;
/// # use attractor_data::{Target, Trials};
/// # use attractor_learn::{Objective, Online};
/// # use attractor_network::{library, Credit, Description, Engine, EngineOptions, Network, NoiseSource, Population, Projection, Wiring};
/// # use attractor_numerics::law::Law;
/// # let dense = || Wiring::Dense { law: Law::Gaussian { gain: 1.0 } };
/// # let leaky = library::neuron("leaky-tanh", library::NoisePlace::None).unwrap()?;
/// # let populations = vec![Population::input("in", 1), Population::of("rec", 8, &leaky), Population::of("out", 1, &library::linear()?)];
/// # let projections = vec![Projection::new("in.u", "rec.I", dense()), Projection::new("rec.r", "rec.I", dense()).lag(1), Projection::new("rec.r", "out.I", dense())];
/// # let network = Arc::new(Network::new(Description::new(10.0, populations, projections))?);
/// # let mut weights = network.initial_parameters(1);
/// # let mut trials = Trials::new(10.0, ndarray::Array3::ones((20, 1, 1)))?;
/// # trials.targets.push(Target::everywhere("out.y", ndarray::Array3::from_elem((20, 1, 1), 0.5)));
/// let mut engine = Engine::<f64>::new(network.clone(), EngineOptions::default())?;
/// let objective = Objective::default().resolve(&*network).map_err(|mut all| all.remove(0))?;
/// let mut online = Online::<f64>::new(&network, objective.signals())?;
///
/// // one update per step: the weights change while the trial goes on
/// let loss = objective.bind(&trials)?;
/// let mut state = online.start(&mut engine, &weights, &trials, NoiseSource::off())?;
/// for _ in 0..trials.steps() {
///     let mut gradient = vec![0.0; weights.len()];
///     online.step(&mut engine, &weights, &trials, NoiseSource::off(), &mut state, &loss, &Credit::default(), &mut gradient)?;
///     weights.iter_mut().zip(&gradient).for_each(|(w, g)| *w -= 0.1 * g);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Online<T> {
    network: Arc<Network>,
    wires: Wires,
    readouts: Vec<Readout<T>>,
    learners: Vec<Learning<T>>,
    /// Everything that is recorded of a step, and of it what the loss reads.
    record: Vec<SignalId>,
}

/// A population that learns: its partials and the traces of everything that ends in it.
struct Learning<T> {
    population: usize,
    slopes: Slopes<T>,
    traces: Vec<Trace<T>>,
}

impl<T: Real> Online<T> {
    /// Ready for a network and a loss of these signals.
    ///
    /// # Errors
    /// A readout that is not linear, or no leaky integrator of one time constant; one that is read with a
    /// delay; trained starts; trained wirings that are not dense.
    pub fn new(network: &Arc<Network>, signals: &[SignalId]) -> Result<Self, OnlineError> {
        let wires = Wires::new(network, signals)?;
        let mut readouts = Vec::new();
        let mut learners = Vec::new();
        for (p, population) in network.description().populations.iter().enumerate() {
            let Some(text) = &population.neuron else { continue };
            let slopes = Slopes::new(network, p, text, wires.states(p))?;
            if wires.readouts.contains(&p) {
                readouts.push(Readout::new(network, &wires, p, slopes)?);
                continue;
            }
            paths::no_trained_starts(population)?;
            let traces = wires.traces(network, p, &slopes)?;
            learners.push(Learning { population: p, slopes, traces });
        }
        let mut record: Vec<SignalId> = signals.to_vec();
        let own = learners.iter().flat_map(|learning| {
            let Learning { slopes, population, .. } = learning;
            slopes.drives(*population).chain(slopes.all(*population))
        });
        let sources = wires.connections.iter().filter(|c| c.trained).map(|c| c.from);
        for signal in own.chain(sources) {
            if !record.contains(&signal) {
                record.push(signal);
            }
        }
        Ok(Online { network: network.clone(), wires, readouts, learners, record })
    }

    /// Numbers it remembers from step to step: eligibility vectors and filters. They depend on the
    /// network and the number of trials, not on how long these are. The activity of at most 64 steps, and a
    /// gradient on its way, come on top where whole trials are asked for.
    pub fn remembered(&self) -> usize {
        let traces = self.learners.iter().flat_map(|learning| &learning.traces);
        let readouts = self.readouts.iter().map(Readout::remembered);
        traces.map(Trace::remembered).sum::<usize>() + readouts.sum::<usize>()
    }
}

/// What is done at every step, compiled here for both precisions: generic methods would be compiled again
/// in every crate that calls one, however that crate is optimised.
macro_rules! precision {
    ($t:ident) => {
        impl Online<$t> {
            /// Forgets all eligibility, for trials that begin anew; a state at their start.
            ///
            /// # Errors
            /// Trials or parameters of another shape than the network.
            pub fn start(
                &mut self,
                engine: &mut dyn Stepper<$t>,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
            ) -> Result<State<$t>, OnlineError> {
                for learning in &mut self.learners {
                    let states = learning.slopes.states();
                    learning.traces.iter_mut().for_each(|trace| trace.reset(trials.len(), states));
                }
                self.readouts.iter_mut().for_each(Readout::reset);
                Ok(engine.start(parameters, trials, noise)?)
            }

            /// One step of the trials: `state` goes on, the e-prop gradient of this step is added to `gradient`,
            /// and the loss of the step is returned.
            ///
            /// Credit goes to the units that are read as `credit` says for their readout ([`Route::Transposed`]
            /// or [`Route::Through`]; transposed by default); over all other projections none goes.
            ///
            /// # Errors
            /// As [`Online::start`]; a loss of whole trials, which no step knows; noise within the partials.
            pub fn step(
                &mut self,
                engine: &mut dyn Stepper<$t>,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
                state: &mut State<$t>,
                loss: &dyn Loss<$t>,
                credit: &Credit<$t>,
                gradient: &mut [$t],
            ) -> Result<f64, OnlineError> {
                let value = self
                    .block(engine, parameters, trials, noise, state, 1, loss, credit, gradient)?;
                self.settle(gradient);
                Ok(value)
            }

            /// Adds what has come together to the gradient.
            fn settle(&mut self, gradient: &mut [$t]) {
                let traces = self.learners.iter_mut().flat_map(|learning| &mut learning.traces);
                traces.for_each(|trace| trace.settle(gradient));
            }

            /// Some steps at once; the gradient of traces stays with them.
            fn block(
                &mut self,
                engine: &mut dyn Stepper<$t>,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
                state: &mut State<$t>,
                steps: usize,
                loss: &dyn Loss<$t>,
                credit: &Credit<$t>,
                gradient: &mut [$t],
            ) -> Result<f64, OnlineError> {
                if loss.observes() {
                    return Err(OnlineError::WholeTrials);
                }
                let (count, step) = (state.trials(), state.step());
                let before: Vec<Vec<Vec<$t>>> = (self.learners.iter())
                    .map(|learning| {
                        let Learning { slopes, population, .. } = learning;
                        let states = 0..slopes.all_states();
                        let values = |k| state.values(&self.network, *population, k).concat();
                        states.map(values).collect()
                    })
                    .collect();
                // what projections with a delay read of steps before the block
                let lines: Vec<Vec<$t>> = (self.wires.connections.iter())
                    .map(|c| {
                        let late = (1..=c.lag).rev().take(if c.trained { steps } else { 0 });
                        late.flat_map(|lag| state.line(&self.network, c.from, lag).concat())
                            .collect()
                    })
                    .collect();
                let recorded =
                    engine.advance(parameters, trials, noise, state, steps, &self.record)?;
                let recorded: Vec<Array3<$t>> =
                    recorded.into_iter().map(|r| r.as_standard_layout().into_owned()).collect();
                let find = |signal: SignalId| {
                    let k = self.record.iter().position(|known| *known == signal).unwrap_or(0);
                    recorded[k].as_slice().unwrap_or_default()
                };
                let activity: Vec<Vec<$t>> = (self.wires.connections.iter().zip(lines))
                    .map(|(c, mut line)| {
                        let rest = steps * count * c.sources - line.len();
                        line.extend(c.trained.then(|| &find(c.from)[..rest]).unwrap_or_default());
                        line
                    })
                    .collect();

                let (value, cotangents) = ask(loss, &recorded, step, steps, count);
                let cotangent = |signal: SignalId| {
                    let k = loss.signals().iter().position(|known| *known == signal);
                    &cotangents[k.unwrap_or(0)][..] // readouts are what the loss reads
                };
                for readout in &mut self.readouts {
                    readout.settle(parameters)?;
                    readout.learn(&activity, cotangent(readout.signal()), steps, gradient);
                }
                let ones = vec![1.0; steps * count];
                for (learning, before) in self.learners.iter_mut().zip(before) {
                    let Learning { population, slopes, traces } = learning;
                    let p = *population;
                    let (rows, units, ld) = (steps * count, slopes.units, slopes.ld);
                    let pad = |values: &[$t]| pad(values, units, ld, rows);
                    let states: Vec<Vec<$t>> = (slopes.all(p).zip(before))
                        .map(|(signal, mut before)| {
                            before.extend(&find(signal)[..(rows - count) * units]);
                            pad(&before)
                        })
                        .collect();
                    let drives: Vec<Vec<$t>> = slopes.drives(p).map(|s| pad(find(s))).collect();
                    slopes.load(parameters);
                    slopes.evaluate(&states, &drives, rows, noise.on)?;

                    let mut seeds = Seeds::none(slopes);
                    for (k, signal) in loss.signals().iter().enumerate() {
                        if signal.population == p {
                            let values = pad(&cotangents[k]);
                            match signal.quantity {
                                Quantity::Emission(e) => seeds.emissions[e] = Some(values),
                                Quantity::State(s) => seeds.states[s] = Some(values),
                                Quantity::Drive(d) => seeds.drives[d] = Some(values),
                            }
                        }
                    }
                    let mut paths = Vec::new();
                    for (place, &k) in self.wires.paths(p).iter().enumerate() {
                        let connection = &self.wires.connections[k];
                        let to = connection.to.population;
                        let readout = self.readouts.iter().find(|r| r.population == to);
                        let (Some(readout), Quantity::Emission(e)) =
                            (readout, connection.from.quantity)
                        else {
                            continue;
                        };
                        let weights = match credit.routes.get(k) {
                            Some(Route::Cut) => &[],
                            Some(Route::Through(b)) => &b[..],
                            _ => &parameters[self.wires.dense(&self.network, k)?],
                        };
                        let told = &mut seeds.emissions[e];
                        let told = told.get_or_insert_with(|| vec![0.0; rows * ld]);
                        feed_back(&readout.told, weights, connection.sources, told);
                        if readout.filter.held == 0.0 {
                            continue;
                        }
                        let mut asked = vec![0.0; count * ld];
                        feed_back(&readout.held, weights, connection.sources, &mut asked);
                        let (fading, left) = readout.filter.fading(steps);
                        let mut seeds = Seeds::none(slopes);
                        let mut weighed = vec![0.0; rows * ld];
                        let rows = weighed.chunks_exact_mut(count * ld);
                        rows.zip(&fading).for_each(|(row, &weight)| row.fill(weight));
                        seeds.emissions[e] = Some(weighed);
                        let held = Reversed::new(slopes, steps, &seeds);
                        paths.push(Path { place, asked, left, held });
                    }
                    let all = (0..slopes.all_states()).filter(|&k| slopes.place(k).is_some());
                    let ends = all.map(|end| {
                        let seeds = Seeds { end: Some(end), ..Seeds::none(slopes) };
                        Reversed::new(slopes, steps, &seeds)
                    });
                    let states: Vec<Reversed<$t>> = ends.collect();
                    let loss = &Reversed::new(slopes, steps, &seeds);
                    let block =
                        Block { steps, trials: count, loss, states: &states, paths: &paths };
                    for trace in traces {
                        let x = trace.projection().map_or(&ones[..], |k| &activity[k][..]);
                        trace.advance(&block, x);
                    }
                }
                Ok(value)
            }

            /// Whole trials: the e-prop gradient of all steps, and the loss.
            ///
            /// # Errors
            /// As [`Online::step`].
            pub fn gradient(
                &mut self,
                engine: &mut dyn Stepper<$t>,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
                loss: &dyn Loss<$t>,
                credit: &Credit<$t>,
                gradient: &mut [$t],
            ) -> Result<f64, OnlineError> {
                gradient.fill(0.0);
                let mut state = self.start(engine, parameters, trials, noise)?;
                let mut value = 0.0;
                while state.step() < trials.steps() {
                    let steps = BLOCK.min(trials.steps() - state.step());
                    let state = &mut state;
                    value += self.block(
                        engine, parameters, trials, noise, state, steps, loss, credit, gradient,
                    )?;
                }
                self.settle(gradient);
                Ok(value)
            }
        }
    };
}
precision!(f32);
precision!(f64);

/// Rows of `units` values at the distance `ld`.
fn pad<T: Real>(values: &[T], units: usize, ld: usize, rows: usize) -> Vec<T> {
    let mut padded = vec![T::ZERO; rows * ld];
    for (to, from) in padded.chunks_exact_mut(ld).zip(values.chunks_exact(units)) {
        to[..units].copy_from_slice(from);
    }
    padded
}

/// Adds `L_j = Σ_k B_kj c_k` to every row, for feedback weights `B [target, source]`; nothing without them.
fn feed_back<T: Real>(cotangents: &[T], feedback: &[T], sources: usize, signal: &mut [T]) {
    let targets = feedback.len() / sources;
    if targets == 0 {
        return;
    }
    let rows = cotangents.len() / targets;
    let ld = signal.len() / rows;
    let mut packed = Packed::new(Isa::best(), sources, targets);
    packed.pack_transposed(feedback, sources);
    packed.multiply(cotangents, targets, rows, signal, ld, T::ONE, true);
}

/// The loss of a block of steps, and its cotangents per signal.
fn ask<T: Real>(
    loss: &dyn Loss<T>,
    recorded: &[Array3<T>],
    step: usize,
    steps: usize,
    trials: usize,
) -> (f64, Vec<Vec<T>>) {
    let read = &recorded[..loss.signals().len()];
    let view = |array: &Array3<T>| array.dim().2;
    let views: Vec<SignalView<'_, T>> = (read.iter())
        .map(|array| SignalView {
            values: array.as_slice().unwrap_or_default(),
            units: view(array),
            ld: view(array),
            trials,
        })
        .collect();
    let mut slopes: Vec<Vec<T>> = read.iter().map(|array| vec![T::ZERO; array.len()]).collect();
    let mut outs: Vec<SignalViewMut<'_, T>> = (slopes.iter_mut().zip(read))
        .map(|(values, array)| SignalViewMut {
            values,
            units: view(array),
            ld: view(array),
            trials,
        })
        .collect();
    let part = Part { trials: 0..trials, steps: step..step + steps };
    (loss.evaluate(&part, &views, &mut outs), slopes)
}
