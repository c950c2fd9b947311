//! How a gradient becomes a change of the parameters.
//!
//! One update: [`norm`] of the gradient of what is trained, the factor [`clip`] makes of it, then
//! [`Updater::step`] in one pass over parameters, gradient and state. A [`Plan`] says what is trained,
//! at which own rate, within which limits, and which masks and signs hold after the step, whatever the
//! optimiser did. All of it runs on one thread in a fixed order, at the
//! speed of memory, so bits do not depend on the number of threads.

use attractor_numerics::Real;
use serde::{Deserialize, Serialize};

mod adam;
mod clip;
mod crossbar;
mod held;
mod plan;
mod sgd;

pub use adam::{Adam, AdamW};
pub use clip::{clip, norm};
pub use crossbar::{Crossbar, Devices, Pcm, Scheme};
pub use plan::{Plan, Segment};
pub use sgd::Sgd;

use crate::error::{PhaseError, StateError};

/// Which rule, with its constants. By default Adam.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Optimiser {
    /// Gradient descent, with momentum or without.
    Sgd(Sgd),
    /// Adam.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// Pulses on phase-change devices.
    Crossbar(Crossbar),
}

impl Default for Optimiser {
    fn default() -> Self {
        Optimiser::Adam(Adam::default())
    }
}

/// An optimiser at work: its rule and what it remembers.
pub trait Updater<T: Real>: Send {
    /// Changes the parameters of the plan: `scale · gradient` (clipping) at `rate` times the own rate
    /// of each segment, then the limits, then the masks and signs of wirings ([`Plan::hold`]).
    fn step(&mut self, parameters: &mut [T], gradient: &[T], plan: &Plan, rate: f64, scale: f64);

    /// Number of steps taken.
    fn steps(&self) -> u64;

    /// What it remembers, as named flat arrays laid out as the parameters.
    fn state(&self) -> Vec<(&'static str, &[T])>;

    /// Puts back what [`steps`](Updater::steps) and [`state`](Updater::state) gave.
    ///
    /// # Errors
    /// An array is missing or has the wrong length; then nothing is changed.
    fn restore(&mut self, steps: u64, state: &[(&str, &[T])]) -> Result<(), StateError>;
}

impl Optimiser {
    /// Ready to update `len` parameters.
    pub fn build<T: Real>(&self, len: usize) -> Box<dyn Updater<T>> {
        match self {
            Optimiser::Sgd(sgd) => held::Held::boxed(sgd::State::new(sgd, len)),
            Optimiser::Adam(adam) => held::Held::boxed(adam::State::new(adam, 0.0, len)),
            Optimiser::AdamW(adam) => {
                held::Held::boxed(adam::State::new(&adam.adam(), adam.decay, len))
            }
            Optimiser::Crossbar(crossbar) => held::Held::boxed(crossbar.build(len)),
        }
    }

    /// Patterns of the parameters that decay.
    pub fn decays(&self) -> &[String] {
        match self {
            Optimiser::AdamW(adam) => &adam.decays,
            _ => &[],
        }
    }

    /// What is wrong with its constants.
    pub(crate) fn problems(&self) -> Vec<PhaseError> {
        let adam = |beta1, beta2, epsilon| {
            [("beta1", beta1, false), ("beta2", beta2, false), ("epsilon", epsilon, true)]
        };
        let (values, decay) = match self {
            Optimiser::Sgd(sgd) => (vec![("momentum", sgd.momentum, false)], 0.0),
            Optimiser::Adam(a) => (adam(a.beta1, a.beta2, a.epsilon).to_vec(), 0.0),
            Optimiser::AdamW(a) => (adam(a.beta1, a.beta2, a.epsilon).to_vec(), a.decay),
            Optimiser::Crossbar(_) => (Vec::new(), 0.0),
        };
        let mut problems: Vec<_> = values
            .into_iter()
            .filter(|&(_, value, epsilon)| {
                !(value >= 0.0 && (if epsilon { value < f64::INFINITY } else { value < 1.0 }))
            })
            .map(|(name, value, epsilon)| PhaseError::Value {
                field: format!("learner.optimiser.{name}"),
                value,
                expected: if epsilon { "0 or a positive number" } else { "at least 0 and below 1" },
            })
            .collect();
        if let Optimiser::Crossbar(crossbar) = self {
            let wrong = crossbar.problems().into_iter();
            problems.extend(wrong.map(|(field, value, expected)| PhaseError::Value {
                field: format!("learner.optimiser.{field}"),
                value,
                expected,
            }));
        }
        if let Optimiser::Sgd(Sgd { cap: Some(cap), .. }) = *self
            && !(cap > 0.0 && cap.is_finite())
        {
            problems.push(PhaseError::Value {
                field: "learner.optimiser.cap".to_owned(),
                value: cap,
                expected: "a positive number",
            });
        }
        if !(decay >= 0.0 && decay.is_finite()) {
            problems.push(PhaseError::Value {
                field: "learner.optimiser.decay".to_owned(),
                value: decay,
                expected: "0 or a positive number",
            });
        }
        problems
    }
}

/// The array of a name, checked for its length.
pub(crate) fn find<'a, T>(
    name: &str,
    state: &[(&str, &'a [T])],
    expected: usize,
) -> Result<&'a [T], StateError> {
    let found = state.iter().find(|(key, _)| *key == name);
    let &(_, array) = found.ok_or_else(|| StateError::Missing { name: name.to_owned() })?;
    if array.len() == expected {
        return Ok(array);
    }
    Err(StateError::Length { name: name.to_owned(), expected, found: array.len() })
}

/// `x` held within `low..=high`; NaN stays.
#[inline(always)]
fn within<T: Real>(x: T, low: T, high: T) -> T {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}
