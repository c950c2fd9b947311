//! Every step ends within the masks and signs of the wirings.

use attractor_numerics::Real;

use super::{Plan, Updater};
use crate::error::StateError;

/// An optimiser whose proposals are applied within the constraints of the plan.
#[derive(Debug)]
pub(super) struct Held<U>(U);

impl<U> Held<U> {
    pub(super) fn boxed<T: Real>(updater: U) -> Box<dyn Updater<T>>
    where
        U: Updater<T> + 'static,
    {
        Box::new(Held(updater))
    }
}

impl<T: Real, U: Updater<T>> Updater<T> for Held<U> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T], plan: &Plan, rate: f64, scale: f64) {
        self.0.step(parameters, gradient, plan, rate, scale);
        plan.hold(parameters);
    }

    fn steps(&self) -> u64 {
        self.0.steps()
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        self.0.state()
    }

    fn restore(&mut self, steps: u64, state: &[(&str, &[T])]) -> Result<(), StateError> {
        self.0.restore(steps, state)
    }
}
