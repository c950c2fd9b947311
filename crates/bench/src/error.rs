//! What can go wrong with a benchmark.

use std::path::PathBuf;

use thiserror::Error;

/// What can go wrong with a benchmark.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The network or the trainer of a case cannot be built or run.
    #[error("case {case}: {problem}")]
    Case {
        /// The case.
        case: String,
        /// What is wrong.
        problem: String,
    },
    /// A program that cannot be started or ends badly.
    #[error("`{command}`: {problem}")]
    Command {
        /// The command line.
        command: String,
        /// What is wrong.
        problem: String,
    },
    /// A file that cannot be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
