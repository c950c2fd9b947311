//! Why a measure of activity or behaviour has no answer.

use attractor_numerics::linalg;

/// A measure that cannot be taken of these data.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// Arrays that should be as long as each other are not.
    #[error("{what}: {found} were given where {expected} are needed")]
    Lengths {
        /// Of what.
        what: &'static str,
        /// As many as needed.
        expected: usize,
        /// As many as given.
        found: usize,
    },
    /// Too few of something.
    #[error("{what}: {found} is too few, {needed} or more are needed")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// The least that would do.
        needed: usize,
        /// As many as given.
        found: usize,
    },
    /// A value is infinite or not a number.
    #[error("{what} at {index:?} is {value}, not a finite number")]
    NotFinite {
        /// Of what.
        what: &'static str,
        /// Where.
        index: Vec<usize>,
        /// The value.
        value: f64,
    },
    /// A trial that is not there.
    #[error("trial {trial} was asked for, but there are {trials}, counted from 0")]
    NoSuchTrial {
        /// The trial asked for.
        trial: usize,
        /// Trials there are.
        trials: usize,
    },
    /// Nothing varies.
    #[error("{what} are all the same, so there is nothing to measure")]
    Constant {
        /// What does not vary.
        what: &'static str,
    },
    /// A number outside what it can be.
    #[error("`{name}` is {value}; {fix}")]
    Value {
        /// What it is called.
        name: &'static str,
        /// The value found.
        value: String,
        /// What is expected.
        fix: &'static str,
    },
    /// An iteration that does not end.
    #[error("{what} did not converge in {steps} steps; a larger penalty helps")]
    NoConvergence {
        /// What was computed.
        what: &'static str,
        /// Steps that were taken.
        steps: usize,
    },
    /// A regressor that says nothing new.
    #[error("regressor `{name}` is constant or a combination of those before it; leave it out")]
    Collinear {
        /// Its name.
        name: String,
    },
    /// A decomposition without an answer.
    #[error(transparent)]
    Linalg(#[from] linalg::Error),
}

/// Checks that one is as long as the other.
pub(crate) fn same_length(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), MeasureError> {
    if expected == found {
        return Ok(());
    }
    Err(MeasureError::Lengths { what, expected, found })
}

/// Checks that there are enough.
pub(crate) fn enough(what: &'static str, needed: usize, found: usize) -> Result<(), MeasureError> {
    if found >= needed {
        return Ok(());
    }
    Err(MeasureError::TooFew { what, needed, found })
}

/// Checks that a row of numbers is finite.
pub(crate) fn finite(what: &'static str, values: &[f64]) -> Result<(), MeasureError> {
    match values.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(MeasureError::NotFinite { what, index: vec![at], value: values[at] }),
        None => Ok(()),
    }
}
