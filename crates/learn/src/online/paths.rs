//! What ends where: readouts as filters, and which traces a population keeps.

use std::ops::Range;

use attractor_equations::{Output, Variable};
use attractor_network::{Connection, Network, Population, Quantity, SignalId, Start, Wiring};
use attractor_numerics::product::accumulate_outer;
use attractor_numerics::{Isa, Real};

use super::slopes::Slopes;
use super::traces::{Source, Trace};
use crate::error::OnlineError;
use crate::rule::on_circle;

/// The projections of a network, and which populations are readouts.
pub(super) struct Wires {
    pub(super) connections: Vec<Connection>,
    pub(super) readouts: Vec<usize>,
    signals: Vec<SignalId>,
}

impl Wires {
    pub(super) fn new(network: &Network, signals: &[SignalId]) -> Result<Self, OnlineError> {
        let connections = network.connections();
        let mut readouts: Vec<usize> = signals.iter().map(|signal| signal.population).collect();
        readouts.retain(|&p| !on_circle(&connections, p));
        readouts.sort_unstable();
        readouts.dedup();
        let late = connections.iter().find(|c| {
            let from = &network.description().populations[c.from.population];
            c.lag > 0 && readouts.contains(&c.to.population) && from.neuron.is_some()
        });
        if let Some(late) = late {
            return Err(OnlineError::Late { projection: late.name.clone(), lag: late.lag });
        }
        Ok(Wires { connections, readouts, signals: signals.to_vec() })
    }

    /// Where the weights of a dense projection lie.
    pub(super) fn dense(&self, network: &Network, k: usize) -> Result<Range<usize>, OnlineError> {
        let name = &self.connections[k].name;
        let dense = matches!(network.description().projections[k].wiring, Wiring::Dense { .. });
        let entry = network.layout().get(&format!("{name}.W")).filter(|_| dense);
        let range = entry.map(|entry| entry.range.clone());
        range.ok_or_else(|| OnlineError::NotDense { projection: name.clone() })
    }

    /// A trace for everything trained that ends in a population: projections, biases, parameters.
    pub(super) fn traces<T: Real>(
        &self,
        network: &Network,
        population: usize,
        slopes: &Slopes<T>,
    ) -> Result<Vec<Trace<T>>, OnlineError> {
        let mut traces = Vec::new();
        for (source, range) in self.sources(network, population, slopes)? {
            let width = match source {
                Source::Projection { k, .. } => self.connections[k].sources,
                _ => 1,
            };
            let paths = self.paths(population).len();
            traces.push(Trace::new(source, range, slopes.units, width, paths));
        }
        Ok(traces)
    }

    /// Projections from a population to readouts.
    pub(super) fn paths(&self, population: usize) -> Vec<usize> {
        let connections = self.connections.iter().enumerate();
        let read = connections.filter(|(_, c)| {
            c.from.population == population && self.readouts.contains(&c.to.population)
        });
        read.map(|(k, _)| k).collect()
    }

    /// Everything trained that ends in a population, and its place in the flat vector.
    pub(super) fn sources<T: Real>(
        &self,
        network: &Network,
        population: usize,
        slopes: &Slopes<T>,
    ) -> Result<Vec<(Source, Range<usize>)>, OnlineError> {
        let mut sources = Vec::new();
        for (k, connection) in self.connections.iter().enumerate() {
            if let (true, Quantity::Drive(drive)) = (connection.trained, connection.to.quantity)
                && connection.to.population == population
            {
                sources.push((Source::Projection { k, drive }, self.dense(network, k)?));
            }
        }
        let described = &network.description().populations[population];
        for (drive, symbol) in slopes.neuron.drives.iter().enumerate() {
            let key = format!("{}.{}.bias", described.name, symbol.name);
            if let Some(entry) = network.layout().get(&key) {
                sources.push((Source::Bias { drive }, entry.range.clone()));
            }
        }
        for (param, range) in &slopes.trained {
            sources.push((Source::Param { param: *param }, range.clone()));
        }
        Ok(sources)
    }

    /// States of a population that a loss reads.
    pub(super) fn states(&self, population: usize) -> Vec<usize> {
        let own = self.signals.iter().filter(|signal| signal.population == population);
        let states = own.filter_map(|signal| match signal.quantity {
            Quantity::State(k) => Some(k),
            _ => None,
        });
        states.collect()
    }
}

/// Refuses starts that are trained: eligibility begins at 0.
pub(super) fn no_trained_starts(population: &Population) -> Result<(), OnlineError> {
    let trained = |start: &Start| matches!(start, Start::Trained { .. } | Start::Wired { .. });
    match population.start.iter().find(|(_, start)| trained(start)) {
        Some((state, _)) => Err(OnlineError::TrainedStart {
            population: population.name.clone(),
            state: state.clone(),
        }),
        None => Ok(()),
    }
}

/// What a linear readout makes of its drive I: `y[t] = now I[t] + held u[t−1]`, `u[t] = decay u[t−1] + gain I[t]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Filter<T> {
    pub(super) now: T,
    pub(super) held: T,
    pub(super) decay: T,
    pub(super) gain: T,
}

impl<T: Real> Filter<T> {
    /// What a block of cotangents of y, `[step, trial, unit]`, makes of those of I, in place, and of u before
    /// the block, `[trial, unit]`, which are returned.
    fn reverse(self, cotangents: &mut [T], width: usize) -> Vec<T> {
        let mut u = vec![T::ZERO; width];
        for row in cotangents.chunks_exact_mut(width).rev() {
            for (c, u) in row.iter_mut().zip(&mut u) {
                let y = *c;
                *c = self.now * y + self.gain * *u;
                *u = self.decay * *u + self.held * y;
            }
        }
        u
    }

    /// How a step's drive weighs in u at the end of a block of `steps`, step by step; and u before it.
    pub(super) fn fading(self, steps: usize) -> (Vec<T>, T) {
        let (mut weights, mut left) = (vec![T::ZERO; steps], T::ONE);
        for weight in weights.iter_mut().rev() {
            *weight = self.gain * left;
            left *= self.decay;
        }
        (weights, left)
    }
}

/// A readout: its filter, and the gradient of what ends in it.
pub(super) struct Readout<T> {
    pub(super) population: usize,
    pub(super) slopes: Slopes<T>,
    pub(super) filter: Filter<T>,
    settled: bool,
    name: String,
    emission: usize,
    /// What is trained of it, its place, and what the filter holds of each source, `[trial, source]`.
    sources: Vec<(Source, Range<usize>, Vec<T>)>,
    /// Cotangents of its drive in the block, `[step, trial, unit]`, and of what it held before the block.
    pub(super) told: Vec<T>,
    pub(super) held: Vec<T>,
}

impl<T: Real> Readout<T> {
    pub(super) fn new(
        network: &Network,
        wires: &Wires,
        population: usize,
        slopes: Slopes<T>,
    ) -> Result<Self, OnlineError> {
        let name = network.description().populations[population].name.clone();
        let refuse = |problem| Err(OnlineError::Readout { population: name.clone(), problem });
        if !slopes.is_linear() || slopes.all_states() > 1 || slopes.neuron.drives.len() != 1 {
            return refuse("is not linear in one drive with at most one state");
        }
        if !slopes.trained.is_empty() {
            return refuse("has trained parameters of its neuron");
        }
        let mut emissions = Vec::new();
        for signal in wires.signals.iter().filter(|signal| signal.population == population) {
            match signal.quantity {
                Quantity::Emission(k) => emissions.push(k),
                _ => return refuse("is judged by a state or drive instead of what it emits"),
            }
        }
        emissions.dedup();
        let [emission] = emissions[..] else {
            return refuse("is judged by several emissions");
        };
        no_trained_starts(&network.description().populations[population])?;
        let sources = wires.sources(network, population, &slopes)?.into_iter();
        let sources = sources.map(|(source, range)| (source, range, Vec::new())).collect();
        let filter = Filter { now: T::ZERO, held: T::ZERO, decay: T::ZERO, gain: T::ZERO };
        let (told, held) = (Vec::new(), Vec::new());
        Ok(Readout {
            population,
            slopes,
            filter,
            settled: false,
            name,
            emission,
            sources,
            told,
            held,
        })
    }

    /// The signal that is judged.
    pub(super) fn signal(&self) -> SignalId {
        SignalId { population: self.population, quantity: Quantity::Emission(self.emission) }
    }

    pub(super) fn reset(&mut self) {
        self.sources.iter_mut().for_each(|(_, _, held)| held.clear());
    }

    pub(super) fn remembered(&self) -> usize {
        self.sources.iter().map(|(_, _, held)| held.len()).sum()
    }

    /// Takes the filter from the partials, where the parameters are others than before.
    pub(super) fn settle(&mut self, parameters: &[T]) -> Result<(), OnlineError> {
        if !self.slopes.load(parameters) && self.settled {
            return Ok(());
        }
        let row = vec![T::ZERO; self.slopes.ld];
        let states = vec![row.clone(); self.slopes.all_states()];
        self.slopes.evaluate(&states, std::slice::from_ref(&row), 1, false)?;
        let value = |output, variable| {
            let found = self.slopes.entries().find(|(o, v, _)| (*o, *v) == (output, variable));
            let all = found.map_or(&[][..], |(_, _, values)| &values[..self.slopes.units]);
            match all.iter().all(|x| *x == all[0]) {
                true => Ok(all.first().copied().unwrap_or(T::ZERO)),
                false => Err(OnlineError::Readout {
                    population: self.name.clone(),
                    problem: "has units of different time constants",
                }),
            }
        };
        let (emit, next) = (Output::Emit(self.emission), Output::Next(0));
        let (state, drive) = (Variable::State(0), Variable::Drive(0));
        self.filter = Filter {
            now: value(emit, drive)?,
            held: value(emit, state)?,
            decay: value(next, state)?,
            gain: value(next, drive)?,
        };
        self.settled = true;
        Ok(())
    }

    /// Takes up the cotangents of what it emits in a block, `[step, trial, unit]`, and adds the gradient
    /// of its own weights.
    pub(super) fn learn(
        &mut self,
        activity: &[Vec<T>],
        cotangents: &[T],
        steps: usize,
        gradient: &mut [T],
    ) {
        let isa = Isa::best();
        let (units, trials) = (self.slopes.units, cotangents.len() / steps / self.slopes.units);
        self.told = cotangents.to_vec();
        self.held = self.filter.reverse(&mut self.told, trials * units);
        let ones = vec![T::ONE; steps * trials];
        let (fading, left) = self.filter.fading(steps);
        for (source, range, held) in &mut self.sources {
            let x = match source {
                Source::Projection { k, .. } => &activity[*k][..],
                _ => &ones[..],
            };
            let width = x.len() / (steps * trials);
            let g = &mut gradient[range.clone()];
            accumulate_outer(
                isa,
                g,
                width,
                &self.told,
                units,
                units,
                x,
                width,
                width,
                steps * trials,
            );
            held.resize(trials * width, T::ZERO);
            accumulate_outer(isa, g, width, &self.held, units, units, held, width, width, trials);
            held.iter_mut().for_each(|u| *u *= left);
            for (row, &weight) in x.chunks_exact(trials * width).zip(&fading) {
                held.iter_mut().zip(row).for_each(|(u, &x)| *u += weight * x);
            }
        }
    }
}
