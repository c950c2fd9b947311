//! Eligibility vectors of everything that ends in a population, and what a block of steps does to them.

use std::ops::Range;

use attractor_equations::Variable;
use attractor_numerics::product::{accumulate_outer, padded};
use attractor_numerics::{Isa, Kernel, Real};

use super::reverse::{Reversed, add_product};

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

/// What a block of steps makes of past eligibility and of the activity within it. All cotangents are of
/// single units: the derivative of a unit's state after the block by a weight is the sum of
/// (cotangent of a state before the block) × (its eligibility then) and, over the steps of the block,
/// (cotangent of the drive) × (activity of the source).
pub(super) struct Block<'a, T> {
    pub(super) steps: usize,
    pub(super) trials: usize,
    /// Cotangents of the loss.
    pub(super) loss: &'a Reversed<T>,
    /// Those of each kept state at the end of the block.
    pub(super) states: &'a [Reversed<T>],
    /// Readouts that hold something of the past.
    pub(super) paths: &'a [Path<T>],
}

/// What a readout holds of an emission.
pub(super) struct Path<T> {
    /// Its place among the paths of a trace.
    pub(super) place: usize,
    /// Cotangents of the loss by what it held before the block, `[trial, ld]`.
    pub(super) asked: Vec<T>,
    /// What is left at the end of the block of what it held before.
    pub(super) left: T,
    /// Cotangents of what it holds at the end of the block, as far as it came within the block.
    pub(super) held: Reversed<T>,
}

/// Eligibility of one array of parameters.
pub(super) struct Trace<T> {
    source: Source,
    range: Range<usize>,
    units: usize,
    ld: usize,
    width: usize,
    /// `[state, trial, source, ld]`.
    eligibility: Vec<T>,
    states: usize,
    /// What readouts hold of it, `[path, trial, source, ld]`.
    held: Vec<T>,
    paths: usize,
    trials: usize,
    /// Gradient on its way, `[source, ld]`.
    sum: Vec<T>,
}

impl<T: Real> Trace<T> {
    pub(super) fn new(
        source: Source,
        range: Range<usize>,
        units: usize,
        width: usize,
        paths: usize,
    ) -> Self {
        let (eligibility, held, sum) = (Vec::new(), Vec::new(), Vec::new());
        let (ld, states, trials) = (padded(units), 0, 0);
        Trace { source, range, units, ld, width, eligibility, states, held, paths, trials, sum }
    }

    pub(super) fn reset(&mut self, trials: usize, states: usize) {
        let synapses = self.ld * self.width;
        (self.trials, self.states) = (trials, states);
        self.eligibility = vec![T::ZERO; trials * synapses * states];
        self.held = vec![T::ZERO; trials * synapses * self.paths];
        self.sum = vec![T::ZERO; synapses];
    }

    pub(super) fn remembered(&self) -> usize {
        self.trials * self.units * self.width * (self.states + self.paths)
    }

    /// The projection whose activity it reads: none for a bias or a parameter, whose activity is 1.
    pub(super) fn projection(&self) -> Option<usize> {
        match self.source {
            Source::Projection { k, .. } => Some(k),
            _ => None,
        }
    }

    /// A block of steps: `x [step, trial, source]` is what the source did.
    pub(super) fn advance(&mut self, block: &Block<'_, T>, x: &[T]) {
        Isa::best().run(Past { trace: self, block });
        let variable = self.source.variable();
        let (ld, width, units) = (self.ld, self.width, self.units);
        let rows = block.steps * block.trials;
        if let Some(cotangents) = block.loss.of(variable) {
            let isa = Isa::best();
            accumulate_outer(isa, &mut self.sum, ld, x, width, width, cotangents, ld, units, rows);
        }
        let synapses = width * ld;
        let within = |traces: &mut [T], reversed: &Reversed<T>| {
            let Some(cotangents) = reversed.of(variable) else { return };
            for (trial, g) in traces.chunks_exact_mut(synapses).enumerate() {
                let (x, c) = (&x[trial * width..], &cotangents[trial * ld..]);
                let (ldx, ldc) = (block.trials * width, block.trials * ld);
                let isa = Isa::best();
                accumulate_outer(isa, g, ld, x, ldx, width, c, ldc, units, block.steps);
            }
        };
        let all = self.eligibility.chunks_exact_mut(block.trials * synapses);
        all.zip(block.states).for_each(|(traces, reversed)| within(traces, reversed));
        for path in block.paths {
            let size = block.trials * synapses;
            within(&mut self.held[path.place * size..][..size], &path.held);
        }
    }

    /// Adds the gradient that has come together.
    pub(super) fn settle(&mut self, gradient: &mut [T]) {
        let gradient = &mut gradient[self.range.clone()];
        let shared = gradient.len() < self.units * self.width; // one value for all units
        for first in (0..self.width).step_by(16) {
            for unit in 0..self.units {
                for i in first..self.width.min(first + 16) {
                    let place = if shared { i } else { unit * self.width + i };
                    gradient[place] += self.sum[i * self.ld + unit];
                }
            }
        }
        self.sum.fill(T::ZERO);
    }
}

/// The part of the past: eligibility from before the block.
struct Past<'a, 'b, T> {
    trace: &'a mut Trace<T>,
    block: &'a Block<'b, T>,
}

impl<T: Real> Kernel for Past<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Trace { ld, width, eligibility, states, held, sum, .. } = self.trace;
        let (ld, width, states, trials) = (*ld, *width, *states, self.block.trials);
        let mut next = vec![T::ZERO; states * ld];
        for row in 0..trials * width {
            let (trial, i) = (row / width, row % width);
            let units = trial * ld..(trial + 1) * ld;
            let at = |k: usize| (k * trials * width + row) * ld;
            let sum = &mut sum[i * ld..(i + 1) * ld];
            for s in 0..states {
                let past = &eligibility[at(s)..at(s) + ld];
                add_product::<T, FMA>(sum, past, &self.block.loss.start[s][units.clone()]);
            }
            for path in self.block.paths {
                let held = &mut held[at(path.place)..at(path.place) + ld];
                add_product::<T, FMA>(sum, held, &path.asked[units.clone()]);
                for u in 0..ld {
                    held[u] *= path.left;
                }
                for s in 0..states {
                    let past = &eligibility[at(s)..at(s) + ld];
                    add_product::<T, FMA>(held, past, &path.held.start[s][units.clone()]);
                }
            }
            next.fill(T::ZERO);
            for to in 0..states {
                let next = &mut next[to * ld..(to + 1) * ld];
                for s in 0..states {
                    let past = &eligibility[at(s)..at(s) + ld];
                    let kept = &self.block.states[to].start[s][units.clone()];
                    add_product::<T, FMA>(next, past, kept);
                }
            }
            for s in 0..states {
                eligibility[at(s)..at(s) + ld].copy_from_slice(&next[s * ld..(s + 1) * ld]);
            }
        }
    }
}
