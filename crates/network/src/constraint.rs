//! What the weights of one array obey after every change.

use attractor_numerics::Real;

use crate::structure::Hold;

/// What one weight may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// 0: there is no connection.
    Nothing,
    /// Any value.
    Any,
    /// None below 0.
    Positive,
    /// None above 0.
    Negative,
}

/// The mask and the signs of an array of weights, and how they are held.
///
/// [`Constraint::apply`] is what a change ends with: [`crate::Layout::hold`] calls it for every array
/// of a network, and so does whoever changes parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    allowed: Vec<Allowed>,
    hold: Hold,
}

impl Constraint {
    /// One entry for each weight of the array, row-major.
    #[must_use]
    pub fn new(allowed: Vec<Allowed>, hold: Hold) -> Self {
        Constraint { allowed, hold }
    }

    /// What each weight may be.
    #[must_use]
    pub fn allowed(&self) -> &[Allowed] {
        &self.allowed
    }

    /// How signs are held.
    #[must_use]
    pub fn how(&self) -> Hold {
        self.hold
    }

    /// Brings the parameters of the array back within the constraint. Values that are not finite stay.
    ///
    /// # Panics
    /// If the array has another length than the constraint.
    pub fn apply<T: Real>(&self, values: &mut [T]) {
        assert_eq!(values.len(), self.allowed.len(), "an array of another length");
        for (value, allowed) in values.iter_mut().zip(&self.allowed) {
            *value = match (allowed, self.hold) {
                (Allowed::Nothing, _) => T::ZERO,
                (Allowed::Positive, Hold::Clip) if *value < T::ZERO => T::ZERO,
                (Allowed::Negative, Hold::Clip) if *value > T::ZERO => T::ZERO,
                (Allowed::Positive, Hold::Reflect) if *value < T::ZERO => -*value,
                (Allowed::Negative, Hold::Reflect) if *value > T::ZERO => -*value,
                _ => *value,
            };
        }
    }

    /// Makes parameters that were drawn from a law obey: signs are turned, not cut off, so that sizes
    /// stay those of the law.
    pub(crate) fn admit(&self, values: &mut [f64]) {
        for (value, allowed) in values.iter_mut().zip(&self.allowed) {
            *value = match (allowed, self.hold.transforms()) {
                (Allowed::Nothing, _) => 0.0,
                (Allowed::Any, _) => *value,
                (_, true) | (Allowed::Positive, _) => value.abs(),
                (Allowed::Negative, false) => -value.abs(),
            };
        }
    }

    /// Whether a parameter may have this value.
    #[must_use]
    pub fn allows(&self, index: usize, value: f64) -> bool {
        match self.allowed[index] {
            Allowed::Nothing => value == 0.0,
            Allowed::Any => true,
            _ if self.hold.transforms() => true,
            Allowed::Positive => value >= 0.0,
            Allowed::Negative => value <= 0.0,
        }
    }

    /// The weight that a parameter stands for, and its derivative.
    pub(crate) fn weight<T: Real>(&self, index: usize, parameter: T) -> (T, T) {
        let sign = match self.allowed[index] {
            Allowed::Nothing => return (T::ZERO, T::ZERO),
            Allowed::Positive => T::ONE,
            Allowed::Negative => -T::ONE,
            Allowed::Any => return (parameter, T::ONE),
        };
        match self.hold {
            Hold::Clip | Hold::Reflect => (parameter, T::ONE),
            // at 0 the derivative from above, so that a weight of 0 can grow
            Hold::Magnitude if parameter < T::ZERO => (-(sign * parameter), -sign),
            Hold::Magnitude => (sign * parameter, sign),
            Hold::Rectify if parameter > T::ZERO => (sign * parameter, sign),
            Hold::Rectify => (T::ZERO, T::ZERO),
        }
    }

    /// Whether the weights are a function of the parameters.
    pub(crate) fn transforms(&self) -> bool {
        self.hold.transforms()
            && self.allowed.iter().any(|a| matches!(a, Allowed::Positive | Allowed::Negative))
    }

    /// Every pair is connected.
    pub(crate) fn complete(&self) -> bool {
        !self.allowed.contains(&Allowed::Nothing)
    }

    /// Whether there is a connection.
    pub(crate) fn connects(&self, index: usize) -> bool {
        self.allowed[index] != Allowed::Nothing
    }
}
