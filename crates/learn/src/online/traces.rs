//! Eligibility vectors of everything that ends in a population, and what a step does to them.

use std::ops::Range;

use attractor_equations::{Output, Variable};
use attractor_network::Quantity;
use attractor_numerics::{Isa, Kernel, Real};

use super::paths::Filter;
use super::slopes::Slopes;

/// What a parameter acts through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A projection's weights, through a drive.
    Projection { k: usize, drive: usize },
    /// A bias, through a drive.
    Bias { drive: usize },
    /// A parameter of the neuron.
    Param { param: usize },
}

impl Source {
    fn variable(self) -> Variable {
        match self {
            Source::Projection { drive, .. } | Source::Bias { drive } => Variable::Drive(drive),
            Source::Param { param } => Variable::Param(param),
        }
    }
}

/// What a population is told at a step.
pub(super) struct Signals<'a, T> {
    /// Through readouts: the emission they read, their filter, and `L_j` per trial and unit.
    paths: Vec<(usize, Filter<T>, Vec<Vec<T>>)>,
    /// Straight from the loss.
    pub(super) direct: Vec<(Quantity, &'a Vec<Vec<T>>)>,
}

impl<T> Default for Signals<'_, T> {
    fn default() -> Self {
        Signals { paths: Vec::new(), direct: Vec::new() }
    }
}

impl<T: Real> Signals<'_, T> {
    /// A readout of an emission over feedback weights `[target, source]`, `L_j = Σ_k B_kj dL/dy_k`; none
    /// without them.
    pub(super) fn through(
        &mut self,
        emission: usize,
        filter: Filter<T>,
        cotangents: &[Vec<T>],
        feedback: Option<&[T]>,
        units: usize,
    ) {
        let learning = cotangents.iter().map(|c| {
            let mut signal = vec![T::ZERO; units];
            for (&c, row) in c.iter().zip(feedback.unwrap_or(&[]).chunks(units)) {
                signal.iter_mut().zip(row).for_each(|(l, &b)| *l += c * b);
            }
            signal
        });
        self.paths.push((emission, filter, learning.collect()));
    }
}

/// Eligibility of one array of parameters.
pub(super) struct Trace<T> {
    source: Source,
    range: Range<usize>,
    units: usize,
    width: usize,
    /// `[trial, unit, state, source]`.
    eligibility: Vec<T>,
    /// What readouts hold of it, `[trial, unit, path, source]`.
    held: Vec<T>,
    paths: usize,
    trials: usize,
}

impl<T: Real> Trace<T> {
    pub(super) fn new(
        source: Source,
        range: Range<usize>,
        units: usize,
        width: usize,
        paths: usize,
    ) -> Self {
        let (eligibility, held) = (Vec::new(), Vec::new());
        Trace { source, range, units, width, eligibility, held, paths, trials: 0 }
    }

    pub(super) fn reset(&mut self, trials: usize, states: usize) {
        let synapses = trials * self.units * self.width;
        self.trials = trials;
        self.eligibility = vec![T::ZERO; synapses * states];
        self.held = vec![T::ZERO; synapses * self.paths];
    }

    pub(super) fn remembered(&self) -> usize {
        self.eligibility.len() + self.held.len()
    }

    /// What it reads of all projections' activity: nothing for a bias or a parameter.
    pub(super) fn activity<'a>(&self, all: &'a [Vec<Vec<T>>]) -> Option<&'a [Vec<T>]> {
        match self.source {
            Source::Projection { k, .. } => Some(&all[k]),
            _ => None,
        }
    }

    /// One step: eligibility goes on and the gradient of the step is added.
    pub(super) fn advance(
        &mut self,
        slopes: &Slopes<T>,
        activity: Option<&[Vec<T>]>,
        signals: &Signals<'_, T>,
        gradient: &mut [T],
    ) {
        let variable = self.source.variable();
        let split = |output: Output| {
            let mut split = Terms { by_state: Vec::new(), by_source: None };
            for (v, values) in slopes.of(output) {
                match v {
                    Variable::State(k) => {
                        split.by_state.extend(slopes.place(k).map(|k| (k, values)));
                    }
                    v if v == variable => split.by_source = Some(values),
                    _ => {}
                }
            }
            split
        };
        let states: Vec<usize> =
            (0..slopes.all_states()).filter(|&k| slopes.place(k).is_some()).collect();
        let step = Step {
            next: states.iter().map(|&k| split(Output::Next(k))).collect(),
            emissions: (0..slopes.neuron.emissions.len()).map(|e| split(Output::Emit(e))).collect(),
            ld: slopes.ld,
            variable,
            states,
            activity,
            signals,
            gradient: &mut gradient[self.range.clone()],
            trace: self,
        };
        Isa::best().run(step);
    }
}

/// The partials of one output: by the states that are kept, and by the source.
struct Terms<'a, T> {
    by_state: Vec<(usize, &'a [T])>,
    by_source: Option<&'a [T]>,
}

impl<T: Real> Terms<'_, T> {
    /// `Σ_s c_s ε_s + d x`, into `out`.
    #[inline(always)]
    fn of(&self, at: usize, eligibility: &[T], x: &[T], out: &mut [T]) {
        // loops by index: iterators that are set up by calls cost as much as rows are long
        let n = x.len();
        let out = &mut out[..n];
        let d = self.by_source.map_or(T::ZERO, |values| values[at]);
        for i in 0..n {
            out[i] = d * x[i];
        }
        for (k, values) in &self.by_state {
            let c = values[at];
            let row = &eligibility[k * n..(k + 1) * n];
            for i in 0..n {
                out[i] += c * row[i];
            }
        }
    }
}

struct Step<'a, 's, T> {
    next: Vec<Terms<'a, T>>,
    emissions: Vec<Terms<'a, T>>,
    ld: usize,
    variable: Variable,
    /// The states that are kept.
    states: Vec<usize>,
    activity: Option<&'a [Vec<T>]>,
    signals: &'a Signals<'s, T>,
    gradient: &'a mut [T],
    trace: &'a mut Trace<T>,
}

impl<T: Real> Kernel for Step<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Trace { units, width: n, paths, trials, eligibility, held, .. } = self.trace;
        let (units, n, paths, states) = (*units, *n, *paths, self.next.len());
        let trials = *trials;
        let one = [T::ONE];
        let mut emitted = vec![T::ZERO; self.emissions.len() * n];
        let mut next = vec![T::ZERO; states * n];
        for row in 0..trials * units {
            let (trial, unit) = (row / units, row % units);
            let x = self.activity.map_or(&one[..], |rows| &rows[trial][..]);
            let (at, synapses) = (trial * self.ld + unit, row * n);
            let eligible = &mut eligibility[synapses * states..][..n * states];
            for (k, terms) in self.emissions.iter().enumerate() {
                terms.of(at, eligible, x, &mut emitted[k * n..(k + 1) * n]);
            }
            for (k, terms) in self.next.iter().enumerate() {
                terms.of(at, eligible, x, &mut next[k * n..(k + 1) * n]);
            }
            eligible.copy_from_slice(&next);
            // a parameter that all units share has one place
            let place = if self.gradient.len() == units * n { unit * n } else { 0 };
            let gradient = &mut self.gradient[place..place + n];
            for (k, (emission, filter, learning)) in self.signals.paths.iter().enumerate() {
                let (l, filter) = (learning[trial][unit], *filter);
                let e = &emitted[emission * n..(emission + 1) * n];
                let held = &mut held[synapses * paths + k * n..][..n];
                for i in 0..n {
                    gradient[i] += l * filter.pass(e[i], &mut held[i]);
                }
            }
            for (quantity, cotangents) in &self.signals.direct {
                let c = cotangents[trial][unit];
                let moved = match *quantity {
                    Quantity::Emission(e) => &emitted[e * n..(e + 1) * n],
                    Quantity::State(k) => match self.states.iter().position(|&kept| kept == k) {
                        Some(k) => &eligible[k * n..(k + 1) * n],
                        None => continue,
                    },
                    Quantity::Drive(k) if self.variable == Variable::Drive(k) => x,
                    Quantity::Drive(_) => continue,
                };
                for i in 0..n {
                    gradient[i] += c * moved[i];
                }
            }
        }
    }
}
