//! The block of partials of a population, evaluated over a block of steps.

use std::ops::Range;

use attractor_equations::{Kernel, Leaf, Neuron, NeuronText, Output, Program, Scratch, Variable};
use attractor_network::{Network, Quantity, SignalId};
use attractor_numerics::{Isa, Real, product};

use crate::error::OnlineError;

/// Partials of the next states and emissions by states, drives and trained parameters, those that are
/// 0 everywhere left out.
pub(super) struct Slopes<T> {
    pub(super) neuron: Neuron,
    pub(super) units: usize,
    pub(super) ld: usize,
    /// Parameters changed by training: their place in the neuron and in the flat vector.
    pub(super) trained: Vec<(usize, Range<usize>)>,
    entries: Vec<(Output, Variable)>,
    /// States whose eligibility matters to an emission or a loss; the others are skipped.
    kept: Vec<usize>,
    name: String,
    dt: f64,
    params: Vec<Range<usize>>,
    /// What was taken up last.
    loaded: Vec<T>,
    kernel: Kernel<T>,
    scratch: Scratch<T>,
    /// Per entry, `[step, trial, ld]`.
    values: Vec<Vec<T>>,
    rows: usize,
    reads_noise: bool,
}

impl<T: Real> Slopes<T> {
    pub(super) fn new(
        network: &Network,
        population: usize,
        text: &NeuronText,
        read: Vec<usize>,
    ) -> Result<Self, OnlineError> {
        let described = &network.description().populations[population];
        let name = described.name.clone();
        let neuron = Neuron::parse(text, &format!("neuron of `{name}`"))?;
        let step = neuron.step(network.description().integrator)?;
        let layout = network.layout();
        let place = |k: usize| {
            let entry = layout.get(&format!("{name}.{}", neuron.params[k].symbol.name));
            entry.map_or(0..0, |entry| entry.range.clone())
        };
        let params: Vec<Range<usize>> = (0..neuron.params.len()).map(place).collect();
        let trained = (0..neuron.params.len()).filter(|&k| neuron.params[k].trained);
        let trained: Vec<_> = trained.map(|k| (k, params[k].clone())).collect();
        let variables: Vec<Variable> = (0..neuron.states.len())
            .map(Variable::State)
            .chain((0..neuron.drives.len()).map(Variable::Drive))
            .chain(trained.iter().map(|(k, _)| Variable::Param(*k)))
            .collect();
        let noise = |leaf: &Leaf| matches!(leaf, Leaf::Value(Variable::Noise(_)));
        let reads_noise = step.partials(&variables).reads().iter().any(noise);
        let step = step.fix(|leaf| neuron.quiet(leaf));
        let mut partials = step.partials(&variables);
        let outputs = step.outputs.iter().map(|&(output, _)| output);
        let entries = outputs.flat_map(|output| variables.iter().map(move |&v| (output, v)));
        let found = entries.zip(std::mem::take(&mut partials.outputs));
        let found = found.filter(|(_, (_, id))| partials.graph.constant_value(*id) != Some(0.0));
        let (entries, outputs): (Vec<_>, Vec<_>) = found.unzip();
        partials.outputs = outputs;
        let ld = product::padded(described.units);
        let program = Program::compile(&partials, |k| neuron.params[k].per_unit);
        let kernel = Kernel::new(program, Isa::best(), ld);
        let kept = kept(neuron.states.len(), &entries, &read);
        let (units, dt) = (described.units, network.dt());
        let (scratch, values) = (Scratch::default(), Vec::new());
        Ok(Slopes {
            neuron,
            units,
            ld,
            trained,
            entries,
            kept,
            name,
            dt,
            params,
            loaded: Vec::new(),
            kernel,
            scratch,
            values,
            rows: 0,
            reads_noise,
        })
    }

    /// Number of states whose eligibility is kept.
    pub(super) fn states(&self) -> usize {
        self.kept.len()
    }

    /// Number of states.
    pub(super) fn all_states(&self) -> usize {
        self.neuron.states.len()
    }

    /// The place of a state among those that are kept.
    pub(super) fn place(&self, state: usize) -> Option<usize> {
        self.kept.iter().position(|&kept| kept == state)
    }

    /// The drives, as signals of a population.
    pub(super) fn drives(&self, population: usize) -> impl Iterator<Item = SignalId> + use<T> {
        let drives = 0..self.neuron.drives.len();
        drives.map(move |k| SignalId { population, quantity: Quantity::Drive(k) })
    }

    /// The states, as signals of a population.
    pub(super) fn all(&self, population: usize) -> impl Iterator<Item = SignalId> + use<T> {
        let states = 0..self.neuron.states.len();
        states.map(move |k| SignalId { population, quantity: Quantity::State(k) })
    }

    /// Takes up a parameter vector; says whether its neuron's parameters are others than before.
    pub(super) fn load(&mut self, parameters: &[T]) -> bool {
        let params = &self.params;
        let own = || params.iter().flat_map(|range| &parameters[range.clone()]);
        if self.loaded.iter().eq(own()) && !self.loaded.is_empty() {
            return false;
        }
        self.loaded = own().copied().collect();
        self.kernel.set(self.dt, |k| &parameters[params[k].clone()]);
        true
    }

    /// Evaluates the partials at states before each step and drives of it, `[step, trial, ld]` each, of
    /// `rows` rows.
    pub(super) fn evaluate(
        &mut self,
        states: &[Vec<T>],
        drives: &[Vec<T>],
        rows: usize,
        noise: bool,
    ) -> Result<(), OnlineError> {
        if noise && self.reads_noise {
            return Err(OnlineError::Noise { population: self.name.clone() });
        }
        let length = rows * self.ld;
        self.values.resize(self.entries.len(), Vec::new());
        self.values.iter_mut().for_each(|values| values.resize(length, T::ZERO));
        let mut call = self.kernel.call(length);
        for (k, stream) in states.iter().enumerate() {
            call.read(Leaf::Value(Variable::State(k)), stream);
        }
        for (k, stream) in drives.iter().enumerate() {
            call.read(Leaf::Value(Variable::Drive(k)), stream);
        }
        self.values.iter_mut().enumerate().for_each(|(k, values)| call.write(k, values));
        call.run(&mut self.scratch);
        self.rows = length;
        Ok(())
    }

    /// Values of each partial: rows evaluated last, times the distance between them.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// All partials with their values `[step, trial, ld]`.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Output, Variable, &[T])> {
        let all = self.entries.iter().zip(&self.values);
        all.map(|(&(output, variable), values)| (output, variable, &values[..]))
    }

    /// Whether the partials depend on where they are taken.
    pub(super) fn is_linear(&self) -> bool {
        self.kernel.program().inputs().is_empty()
    }
}

/// States that a loss reads or an emission reads before the step, and those that lead to them.
fn kept(states: usize, entries: &[(Output, Variable)], read: &[usize]) -> Vec<usize> {
    let mut kept: Vec<bool> = (0..states).map(|k| read.contains(&k)).collect();
    for (output, variable) in entries {
        if let (Output::Emit(_), Variable::State(k)) = (output, variable) {
            kept[*k] = true;
        }
    }
    loop {
        let more = entries.iter().find_map(|entry| match *entry {
            (Output::Next(to), Variable::State(from)) if kept[to] && !kept[from] => Some(from),
            _ => None,
        });
        match more {
            Some(k) => kept[k] = true,
            None => break,
        }
    }
    (0..kept.len()).filter(|&k| kept[k]).collect()
}
