//! What can be wrong with the equations of a neuron.

use thiserror::Error;

/// What is wrong with the equations of a neuron.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum NeuronError {
    /// A state without an update.
    #[error("state `{state}` has no update: add `d{state}/dt = …` or `{state}[t+1] = …`")]
    MissingUpdate {
        /// The state.
        state: String,
    },
    /// A state with two updates, or a name declared twice.
    #[error("`{name}` is defined twice: keep one of the two")]
    Twice {
        /// The name.
        name: String,
    },
    /// A declared symbol that no equation reads.
    #[error("{kind} `{name}` is declared but no equation uses it: use it or remove it")]
    Unused {
        /// `parameter`, `drive` or `noise`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// States whose `after` values need each other.
    #[error("`after` runs in a circle among the states {}: let one of them read the old value", states.join(", "))]
    Cycle {
        /// The states.
        states: Vec<String>,
    },
    /// A neuron that sends nothing.
    #[error("the neuron emits nothing: add an emission such as `r = tanh(after(x))`")]
    NoEmission,
    /// A time constant below the step.
    #[error(
        "dt = {dt} ms cannot resolve state `{state}`, whose time constant is {tau:.4} ms: \
         use dt <= {tau:.4} or integrator = \"exponential-euler\""
    )]
    Unresolved {
        /// The state.
        state: String,
        /// Its time constant in ms.
        tau: f64,
        /// The step in ms.
        dt: f64,
    },
    /// A default outside its range.
    #[error("parameter `{name}` = {value} lies outside its range [{low}, {high}]")]
    Range {
        /// The parameter.
        name: String,
        /// Its value.
        value: f64,
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// A condition of the neuron that does not hold.
    #[error("the neuron requires {condition}, but {left} is less than {right}")]
    Requirement {
        /// The condition, as in `th >= v_reset`.
        condition: String,
        /// Its left side.
        left: f64,
        /// Its right side.
        right: f64,
    },
    /// A surrogate derivative nobody knows.
    #[error(
        "unknown surrogate `{name}`{}; there is: {}",
        did_you_mean.as_ref().map(|m| format!(": did you mean `{m}`?")).unwrap_or_default(),
        known.join(", ")
    )]
    UnknownSurrogate {
        /// The name.
        name: String,
        /// The nearest name.
        did_you_mean: Option<String>,
        /// Names that exist.
        known: Vec<String>,
    },
    /// A declaration that cannot stand.
    #[error("`{name}` {message}")]
    Declaration {
        /// The name declared.
        name: String,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// A mistake in a neuron's text.
    #[error("{origin}:{line}:{column}: {message}\n  | {text}\n  | {caret}^")]
    Text {
        /// File or neuron the text comes from.
        origin: String,
        /// Line of the file, from 1; of a text that is no file, number of the equation.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong and how to mend it.
        message: String,
        /// The line itself, or what of a long one is near the place.
        text: String,
        /// Blanks up to the place.
        caret: String,
    },
    /// More than one problem.
    #[error("{}", listed(errors))]
    Several {
        /// All of them, in the order of the text.
        errors: Vec<NeuronError>,
    },
}

impl NeuronError {
    /// Every problem by itself.
    pub fn each(&self) -> &[NeuronError] {
        match self {
            NeuronError::Several { errors } => errors,
            one => std::slice::from_ref(one),
        }
    }

    /// One error out of at least one.
    pub(crate) fn from_all(mut errors: Vec<NeuronError>) -> NeuronError {
        if errors.len() == 1 { errors.remove(0) } else { NeuronError::Several { errors } }
    }
}

fn listed(errors: &[NeuronError]) -> String {
    let lines: Vec<String> = errors.iter().map(NeuronError::to_string).collect();
    lines.join("\n")
}
