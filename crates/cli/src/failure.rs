//! What went wrong, in words, in JSON, and as an exit code.

use std::path::PathBuf;

use attractor::run::{ConfigError, RunError};
use serde_json::{Value, json};

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request was wrong.
    Request(String),
    /// A measurement failed.
    Failed(String),
    /// A run could not be made or not go on.
    Run(Box<RunError>),
    /// Somebody stopped a fit or a study; finished parts are kept.
    Stopped {
        /// Where it can be continued.
        directory: PathBuf,
        /// The command that continues it.
        again: String,
    },
    /// Somebody stopped it.
    Interrupted {
        /// Updates done.
        update: u64,
        /// Where it can be continued.
        directory: PathBuf,
    },
}

impl Failure {
    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Request(_) => 2,
            Failure::Run(error) if error.is_request() => 2,
            Failure::Failed(_) | Failure::Run(_) => 1,
            Failure::Interrupted { .. } | Failure::Stopped { .. } => 130,
        }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        match self {
            Failure::Request(message) | Failure::Failed(message) => format!("error: {message}"),
            Failure::Run(error) => match &**error {
                RunError::Config(ConfigError { problems }) if problems.len() > 1 => {
                    format!("error: {} problems\n{error}", problems.len())
                }
                error => format!("error: {error}"),
            },
            Failure::Stopped { again, .. } => format!("interrupted; continue with\n  {again}"),
            Failure::Interrupted { update, directory } => format!(
                "interrupted after update {update}; continue with\n  attractor train --resume --out {}",
                directory.display()
            ),
        }
    }

    /// For machines.
    pub(crate) fn json(&self) -> String {
        let value: Value = match self {
            Failure::Run(error) => match &**error {
                RunError::Config(ConfigError { problems }) => {
                    json!({ "error": "configuration", "problems": problems })
                }
                error => json!({ "error": error.to_string() }),
            },
            Failure::Request(message) | Failure::Failed(message) => json!({ "error": message }),
            Failure::Stopped { directory, .. } => {
                json!({ "interrupted": { "directory": directory } })
            }
            Failure::Interrupted { update, directory } => {
                json!({ "interrupted": { "update": update, "directory": directory } })
            }
        };
        format!("{value:#}\n")
    }
}

impl<E: Into<RunError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Run(Box::new(error.into()))
    }
}
