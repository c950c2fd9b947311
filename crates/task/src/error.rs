//! What can be wrong with a request for a task.

use attractor_data::TrialsError;

/// A task that cannot be made, or trials it cannot make or judge.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// No such task.
    #[error("unknown task `{name}`{}; there are {}", did_you_mean(meant), list(known))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The tasks there are.
        known: Vec<String>,
        /// The nearest of them.
        meant: Option<String>,
    },
    /// No such option.
    #[error("task {task} has no option `{option}`{}; it has {}", did_you_mean(meant), list(known))]
    UnknownOption {
        /// The task.
        task: &'static str,
        /// The option asked for.
        option: String,
        /// The options there are.
        known: Vec<String>,
        /// The nearest of them.
        meant: Option<String>,
    },
    /// An option of the wrong type.
    #[error("task {task}: {problem}")]
    Options {
        /// The task.
        task: &'static str,
        /// What serde found, with the option's name.
        problem: String,
    },
    /// An option with a value it cannot have.
    #[error("task {task}: `{option}` is {value}; {fix}")]
    Option {
        /// The task.
        task: &'static str,
        /// The option.
        option: String,
        /// Its value.
        value: String,
        /// What is expected.
        fix: String,
    },
    /// A period that the step cannot resolve.
    #[error(
        "task {task}: period `{period}` lasts {ms} ms, less than one step of {dt} ms; use dt <= {ms}, a longer period, or 0 to leave it out"
    )]
    Unresolved {
        /// The task.
        task: &'static str,
        /// The period.
        period: &'static str,
        /// Its (shortest) duration, ms.
        ms: f64,
        /// The step, ms.
        dt: f64,
    },
    /// More steps than anyone means.
    #[error(
        "task {task}: a trial would have {steps} steps of {dt} ms; at most {most} are allowed, so shorten the periods or use a larger dt"
    )]
    TooLong {
        /// The task.
        task: &'static str,
        /// Steps asked for.
        steps: f64,
        /// The step, ms.
        dt: f64,
        /// The limit, steps.
        most: usize,
    },
    /// A batch of no trials.
    #[error("task {task}: a batch needs at least one trial")]
    NoTrials {
        /// The task.
        task: &'static str,
    },
    /// Outputs of the wrong shape.
    #[error(
        "task {task}: outputs [time, trial, channel]: expected shape {expected:?}, found {found:?}"
    )]
    Outputs {
        /// The task.
        task: &'static str,
        /// The shape of the target.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// Trials that are not this task's.
    #[error("task {task}: the trials lack {lacks}; score trials that this task has made")]
    Foreign {
        /// The task.
        task: &'static str,
        /// What is missing.
        lacks: &'static str,
    },
    /// Data that cannot be read.
    #[error("task {task}: {problem}")]
    Data {
        /// The task.
        task: &'static str,
        /// Which file, what is wrong with it, and what would help.
        problem: String,
    },
    /// Trials that do not hold together.
    #[error(transparent)]
    Trials(#[from] TrialsError),
}

impl TaskError {
    /// Data that cannot be read.
    pub(crate) fn data(task: &'static str, problem: impl std::fmt::Display) -> Self {
        TaskError::Data { task, problem: problem.to_string() }
    }
}

fn did_you_mean(meant: &Option<String>) -> String {
    meant.as_ref().map_or_else(String::new, |m| format!(" (did you mean `{m}`?)"))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
