//! What can be wrong with a network, or with what it is asked to do.

use attractor_equations::NeuronError;
use thiserror::Error;

/// What is wrong with a description of a network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// Two populations, projections or parameters of one name.
    #[error("the name `{name}` is used twice: rename one of the two")]
    Twice {
        /// The name.
        name: String,
    },
    /// A name that is not there.
    #[error("{what} `{name}` does not exist{}; there is: {}", hint(did_you_mean), known.join(", "))]
    Unknown {
        /// Population, emission, drive, state, parameter, group, signal.
        what: &'static str,
        /// The name.
        name: String,
        /// The nearest name.
        did_you_mean: Option<String>,
        /// Names that exist.
        known: Vec<String>,
    },
    /// Projections of lag 0 in a circle.
    #[error(
        "projections with lag 0 run in a circle among {}: give the recurrent one lag = 1",
        populations.join(", ")
    )]
    Circle {
        /// The populations.
        populations: Vec<String>,
    },
    /// A population without units.
    #[error("population `{population}` has no units")]
    Empty {
        /// The population.
        population: String,
    },
    /// Several problems at once.
    #[error("{}", listed(problems))]
    Several {
        /// All of them.
        problems: Vec<NetworkError>,
    },
    /// A value that does not fit.
    #[error("{what}: {value} given, {expected} expected")]
    Value {
        /// Which value, of what.
        what: String,
        /// What was given.
        value: String,
        /// What would fit.
        expected: String,
    },
    /// The equations of a population.
    #[error("population `{population}`: {source}")]
    Neuron {
        /// The population.
        population: String,
        /// What is wrong with them.
        source: Box<NeuronError>,
    },
}

fn listed(problems: &[NetworkError]) -> String {
    let said: Vec<String> = problems.iter().map(NetworkError::to_string).collect();
    said.join("; ")
}

fn hint(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

impl NetworkError {
    /// The one problem, or all in one; none if there is none.
    pub(crate) fn all(mut problems: Vec<NetworkError>) -> Result<(), Self> {
        match problems.len() {
            0 => Ok(()),
            1 => Err(problems.remove(0)),
            _ => Err(NetworkError::Several { problems }),
        }
    }

    /// The problems one by one.
    #[must_use]
    pub fn each(&self) -> Vec<&NetworkError> {
        match self {
            NetworkError::Several { problems } => {
                problems.iter().flat_map(NetworkError::each).collect()
            }
            one => vec![one],
        }
    }

    /// A name that is not among `known`, with the nearest that is.
    pub(crate) fn unknown<'k>(
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Self {
        let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
        let nearest = known
            .iter()
            .map(|k| (strsim::damerau_levenshtein(k, name), k))
            .min()
            .filter(|(distance, _)| *distance <= 1 + name.len() / 3);
        let did_you_mean = nearest.map(|(_, k)| k.clone());
        NetworkError::Unknown { what, name: name.to_owned(), did_you_mean, known }
    }

    pub(crate) fn value(
        what: impl Into<String>,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        let (value, expected) = (value.to_string(), expected.into());
        NetworkError::Value { what: what.into(), value, expected }
    }
}

/// What can go wrong when a network runs.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// Trials of another shape than the network.
    #[error("the trials have {given} {what}, the network has {expected}")]
    Shape {
        /// Input channels, start values, ….
        what: &'static str,
        /// Of the trials.
        given: usize,
        /// Of the network.
        expected: usize,
    },
    /// Trials at another time step.
    #[error(
        "the trials are at dt = {given} ms, the network runs at dt = {expected} ms: make the trials anew at {expected} ms"
    )]
    TimeStep {
        /// Of the trials.
        given: f64,
        /// Of the network.
        expected: f64,
    },
    /// A parameter vector of another length.
    #[error("{given} parameters given, the network has {expected}")]
    Parameters {
        /// Given.
        given: usize,
        /// Of the network.
        expected: usize,
    },
    /// A value that is not finite.
    #[error("signal `{signal}` is not finite from step {step} of trial {trial} on")]
    NotFinite {
        /// The signal.
        signal: String,
        /// First step.
        step: usize,
        /// First trial.
        trial: usize,
    },
    /// Something that cannot be done to this network.
    #[error("{0}")]
    Unsupported(String),
}
