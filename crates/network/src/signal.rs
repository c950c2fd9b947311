//! Signals: any named quantity of a running network over time.

use std::ops::Range;

/// Which quantity of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// An emission, by its place in the neuron.
    Emission(usize),
    /// A state after the step.
    State(usize),
    /// The summed drive of the step.
    Drive(usize),
}

/// A resolved signal: `rec.r`, `rec.x`, `out.I`, without its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignalId {
    /// Population, by its place in the description.
    pub population: usize,
    /// Quantity of it.
    pub quantity: Quantity,
}

/// Values of one signal during some steps of some trials: `[step, trial, unit]`, rows of `ld` units
/// of which the first `units` count.
#[derive(Clone, Copy, Debug)]
pub struct SignalView<'a, T> {
    /// The values.
    pub values: &'a [T],
    /// Number of units.
    pub units: usize,
    /// Distance between rows.
    pub ld: usize,
    /// Number of trials.
    pub trials: usize,
}

impl<'a, T> SignalView<'a, T> {
    /// Units of a trial at a step (counted from the first step of the view).
    pub fn row(&self, step: usize, trial: usize) -> &'a [T] {
        let start = (step * self.trials + trial) * self.ld;
        &self.values[start..start + self.units]
    }
}

/// Cotangents of one signal, to be added to; laid out as [`SignalView`].
#[derive(Debug)]
pub struct SignalViewMut<'a, T> {
    /// The cotangents.
    pub values: &'a mut [T],
    /// Number of units.
    pub units: usize,
    /// Distance between rows.
    pub ld: usize,
    /// Number of trials.
    pub trials: usize,
}

impl<T> SignalViewMut<'_, T> {
    /// Units of a trial at a step (counted from the first step of the view).
    pub fn row(&mut self, step: usize, trial: usize) -> &mut [T] {
        let start = (step * self.trials + trial) * self.ld;
        &mut self.values[start..start + self.units]
    }
}

/// A part of a batch: some trials during some steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Trials, by their place in the batch.
    pub trials: Range<usize>,
    /// Steps.
    pub steps: Range<usize>,
}

/// What a gradient is taken of: a sum over steps and trials of a function of signals.
///
/// Called once per part of the batch, from several threads; parts are summed in a fixed order.
pub trait Loss<T>: Sync {
    /// Signals the loss reads; the views come in this order.
    fn signals(&self) -> &[SignalId];

    /// Whether it must [`observe`](Loss::observe) whole trials before it is evaluated.
    fn observes(&self) -> bool {
        false
    }

    /// Shows it a part of the batch on the way forwards: every trial once, from its first step to
    /// its last, before any of it is evaluated. For losses of what a trial adds up to.
    fn observe(&self, _part: &Part, _signals: &[SignalView<'_, T>]) {}

    /// Value on a part of the batch; adds its derivative by each signal to `cotangents`.
    fn evaluate(
        &self,
        part: &Part,
        signals: &[SignalView<'_, T>],
        cotangents: &mut [SignalViewMut<'_, T>],
    ) -> f64;
}
