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
//! It equals the gradient of [`Rule::Eprop`](crate::Rule), which is the faster way where the whole trial
//! fits into memory: this one costs `O(sources)` per unit and step, that one a matrix product per trial.

use std::sync::Arc;

use attractor_data::Trials;
use attractor_network::{
    Credit, Loss, Network, NoiseSource, Part, Quantity, Route, RunError, SignalId, SignalView,
    SignalViewMut, State,
};
use attractor_numerics::Real;
use ndarray::Array3;

use crate::error::OnlineError;

mod paths;
mod slopes;
mod traces;

use paths::{Readout, Wires};
use slopes::Slopes;
use traces::{Signals, Trace};

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

    /// One step of a state; the signals asked for, `[1, trial, unit]`.
    ///
    /// # Errors
    /// As [`Stepper::start`]; a state at the end of the trials.
    fn step(
        &mut self,
        parameters: &[T],
        trials: &Trials,
        noise: NoiseSource,
        state: &mut State<T>,
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
        let drives =
            learners.iter().flat_map(|learning| learning.slopes.drives(learning.population));
        let sources = wires.connections.iter().filter(|c| c.lag == 0).map(|c| c.from);
        for signal in drives.chain(sources) {
            if !record.contains(&signal) {
                record.push(signal);
            }
        }
        Ok(Online { network: network.clone(), wires, readouts, learners, record })
    }

    /// Numbers it remembers from step to step: eligibility vectors and filters. They depend on the
    /// network and the number of trials, not on how long these are.
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
                self.readouts.iter_mut().for_each(|readout| readout.reset(trials.len()));
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
                if loss.observes() {
                    return Err(OnlineError::WholeTrials);
                }
                let count = state.trials();
                let before: Vec<Vec<Vec<Vec<$t>>>> = (self.learners.iter())
                    .map(|learning| {
                        let states = 0..learning.slopes.all_states();
                        states
                            .map(|s| state.values(&self.network, learning.population, s))
                            .collect()
                    })
                    .collect();
                let mut activity: Vec<Vec<Vec<$t>>> = (self.wires.connections.iter())
                    .map(|c| match c.lag {
                        0 => Vec::new(),
                        lag => state.line(&self.network, c.from, lag),
                    })
                    .collect();
                let step = state.step();
                let recorded = engine.step(parameters, trials, noise, state, &self.record)?;
                let recorded: Vec<Array3<$t>> =
                    recorded.into_iter().map(|r| r.as_standard_layout().into_owned()).collect();
                let find = |signal: SignalId| {
                    let k = self.record.iter().position(|known| *known == signal).unwrap_or(0);
                    rows(&recorded[k])
                };
                for (rows, connection) in activity.iter_mut().zip(&self.wires.connections) {
                    if connection.lag == 0 {
                        *rows = find(connection.from);
                    }
                }

                let (value, cotangents) = ask(loss, &recorded, step, count);
                let cotangent = |signal: SignalId| {
                    let k = loss.signals().iter().position(|known| *known == signal);
                    &cotangents[k.unwrap_or(0)] // readouts are what the loss reads
                };
                for readout in &mut self.readouts {
                    readout.settle(parameters)?;
                    let c = cotangent(readout.signal());
                    readout.learn(&activity, c, gradient);
                }
                for (learning, before) in self.learners.iter_mut().zip(&before) {
                    let p = learning.population;
                    let drives: Vec<Vec<Vec<$t>>> = learning.slopes.drives(p).map(find).collect();
                    learning.slopes.load(parameters);
                    learning.slopes.evaluate(before, &drives, noise.on)?;
                    let mut signals = Signals::default();
                    for readout in &self.readouts {
                        let c = cotangent(readout.signal());
                        for (k, connection) in self.wires.connections.iter().enumerate() {
                            let ends = (connection.from.population, connection.to.population);
                            if let (Quantity::Emission(e), true) =
                                (connection.from.quantity, ends == (p, readout.population))
                            {
                                let weights = match credit.routes.get(k) {
                                    Some(Route::Cut) => None,
                                    Some(Route::Through(b)) => Some(&b[..]),
                                    _ => Some(&parameters[self.wires.dense(&self.network, k)?]),
                                };
                                signals.through(e, readout.filter, c, weights, connection.sources);
                            }
                        }
                    }
                    for (k, &signal) in loss.signals().iter().enumerate() {
                        if signal.population == p {
                            signals.direct.push((signal.quantity, &cotangents[k]));
                        }
                    }
                    for trace in &mut learning.traces {
                        let sources = trace.activity(&activity);
                        trace.advance(&learning.slopes, sources, &signals, gradient);
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
                for _ in 0..trials.steps() {
                    value += self.step(
                        engine, parameters, trials, noise, &mut state, loss, credit, gradient,
                    )?;
                }
                Ok(value)
            }
        }
    };
}
precision!(f32);
precision!(f64);

/// Rows per trial of one recorded step.
fn rows<T: Real>(array: &Array3<T>) -> Vec<Vec<T>> {
    array.index_axis(ndarray::Axis(0), 0).rows().into_iter().map(|row| row.to_vec()).collect()
}

/// The loss of one step, and its cotangents per signal and trial.
fn ask<T: Real>(
    loss: &dyn Loss<T>,
    recorded: &[Array3<T>],
    step: usize,
    trials: usize,
) -> (f64, Vec<Vec<Vec<T>>>) {
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
    let value =
        loss.evaluate(&Part { trials: 0..trials, steps: step..step + 1 }, &views, &mut outs);
    let cotangents = slopes.iter().zip(read);
    let rows = |(slope, array): (&Vec<T>, &Array3<T>)| {
        slope.chunks(view(array)).map(<[T]>::to_vec).collect()
    };
    (value, cotangents.map(rows).collect())
}
