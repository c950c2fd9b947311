//! What can go wrong in a fit of a data-constrained network.

use attractor_equations::NeuronError;
use attractor_network::NetworkError;
use attractor_numerics::linalg;

/// A data-constrained network that cannot be fitted as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// A number outside what it can be.
    #[error("`{name}` is {value}; {fix}")]
    Value {
        /// What it is called.
        name: &'static str,
        /// The value found.
        value: f64,
        /// What is expected.
        fix: &'static str,
    },
    /// Arrays that do not fit together.
    #[error("{what}: {given} values, {expected} are needed")]
    Length {
        /// What the values are.
        what: &'static str,
        /// How many there are.
        given: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A sample that is not a number.
    #[error(
        "trial {trial}, sample {sample}, unit {unit} is {value}: cut such stretches out (`Samples::gaps`)"
    )]
    NotFinite {
        /// Its trial.
        trial: usize,
        /// Its sample.
        sample: usize,
        /// Its unit.
        unit: usize,
        /// The value.
        value: f64,
    },
    /// Nothing to fit.
    #[error("no trial has two samples in a row: a fit needs pairs of samples")]
    Short,
    /// A neuron of another kind.
    #[error(
        "the neuron `{neuron}` {problem}: take a rate neuron such as `leaky-tanh` or `rate-tanh`"
    )]
    Neuron {
        /// Its name.
        neuron: String,
        /// Why it does not serve.
        problem: String,
    },
    /// A parameter the neuron does not have.
    #[error("the neuron `{neuron}` has no parameter `{parameter}`")]
    Parameter {
        /// Its name.
        neuron: String,
        /// The parameter.
        parameter: String,
    },
    /// Equations without a step.
    #[error(transparent)]
    Equations(#[from] NeuronError),
    /// A proposal that is not known for counts.
    #[error(
        "counts have no optimal proposal in closed form: let particles follow the dynamics, proposal = \"bootstrap\""
    )]
    Proposal,
    /// A network that cannot be made of what was fitted.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A system of equations without an answer.
    #[error("{0}; a larger `l2` helps")]
    Linear(#[from] linalg::Error),
    /// The values ran away.
    #[error("pass {pass} diverged: {advice}")]
    Diverged {
        /// The pass, from 0.
        pass: usize,
        /// What to try.
        advice: &'static str,
    },
    /// More memory than the fit may take.
    #[error("the fit would take {mib} MiB: {fix}")]
    Memory {
        /// MiB.
        mib: usize,
        /// The way out.
        fix: &'static str,
    },
}

/// Refuses what is not a finite number of at least `least`.
pub(crate) fn at_least(name: &'static str, value: f64, least: f64) -> Result<(), FitError> {
    if value.is_finite() && value >= least {
        return Ok(());
    }
    let fix = match least {
        0.0 => "give 0 or a positive number",
        1.0 => "give at least 1",
        2.0 => "give at least 2",
        4.0 => "give at least 4",
        _ => "give a positive number",
    };
    Err(FitError::Value { name, value, fix })
}
