//! What can be wrong with a safetensors file: the file, the tensor, what was expected, what was found.

use std::path::{Path, PathBuf};

use attractor_data::FileError;
use attractor_network::NetworkError;

/// A safetensors file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct TensorError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: Box<TensorProblem>,
}

/// What is wrong with a safetensors file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorProblem {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(std::io::Error),
    /// It cannot be written.
    #[error("{0}")]
    Write(FileError),
    /// Too short for what it says it holds.
    #[error(
        "the file is truncated: {expected} bytes expected, {found} found; copy or write it again"
    )]
    Truncated {
        /// Bytes its header speaks of.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Longer than what it says it holds.
    #[error("{extra} bytes follow the last tensor; the file is damaged or no safetensors file")]
    Trailing {
        /// Bytes too many.
        extra: u64,
    },
    /// A header beyond the format's limit.
    #[error(
        "the header claims {found} bytes, the format allows {limit}: this is no safetensors file"
    )]
    HugeHeader {
        /// Bytes claimed.
        found: u64,
        /// Most there may be.
        limit: u64,
    },
    /// A header that is not what the format says.
    #[error("the header cannot be read: {reason}; this is no safetensors file, or a damaged one")]
    Header {
        /// Why.
        reason: String,
    },
    /// Metadata that should be there.
    #[error(
        "`__metadata__` has no `{key}`: an attractor model file holds the network's description there \
         (docs/model-file.md)"
    )]
    NoMetadata {
        /// The key.
        key: &'static str,
    },
    /// A version of the format that this program does not know.
    #[error("`__metadata__.format` is `{found}`; this version reads `{expected}`")]
    Format {
        /// Version found.
        found: String,
        /// Version known.
        expected: &'static str,
    },
    /// A description that is not one.
    #[error("the description in `__metadata__.{key}`: {reason}")]
    Description {
        /// The key it stands under.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A description of a network that cannot be.
    #[error("the network it describes: {0}")]
    Network(#[from] NetworkError),
    /// A tensor that should be there.
    #[error("tensor `{tensor}` is missing, {shape:?} expected{}; there are {}", did_you_mean(.meant), list(.known))]
    Missing {
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The nearest there is that is not expected.
        meant: Option<String>,
        /// The tensors there are.
        known: Vec<String>,
    },
    /// A tensor that the network has no use for.
    #[error("tensor `{tensor}` does not belong to the network{}; expected are {}", did_you_mean(.meant), list(.known))]
    Foreign {
        /// The tensor.
        tensor: String,
        /// The nearest that is expected.
        meant: Option<String>,
        /// The tensors expected.
        known: Vec<String>,
    },
    /// A tensor of the wrong shape.
    #[error("tensor `{tensor}`: shape {expected:?} expected, {found:?} found{}", axes(.expected))]
    Shape {
        /// The tensor.
        tensor: String,
        /// Shape that fits.
        expected: Vec<usize>,
        /// Shape found.
        found: Vec<usize>,
    },
    /// A tensor of a type that is not read.
    #[error("tensor `{tensor}` holds {found}; F32 or F64 expected: convert it to float32")]
    Type {
        /// The tensor.
        tensor: String,
        /// Type found, as safetensors calls it.
        found: String,
    },
    /// NaN or an infinity.
    #[error("tensor `{tensor}`{index:?} is {value}; every weight must be finite")]
    NotFinite {
        /// The tensor.
        tensor: String,
        /// Where.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// A weight that the wiring forbids.
    #[error("tensor `{tensor}`{index:?} is {value}; the wiring has {expected} there")]
    Constraint {
        /// The tensor.
        tensor: String,
        /// Where the first stands.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
        /// No connection, or a sign.
        expected: &'static str,
    },
    /// A parameter outside the range its neuron gives it.
    #[error("tensor `{tensor}`{index:?} is {value}; the neuron allows {low} to {high}")]
    Range {
        /// The tensor.
        tensor: String,
        /// Where.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
}

impl TensorProblem {
    /// This problem, of this file.
    #[must_use]
    pub fn of(self, file: &Path) -> TensorError {
        TensorError { file: file.to_owned(), problem: Box::new(self) }
    }
}

fn axes(expected: &[usize]) -> &'static str {
    match expected.len() {
        2 => " (weights are [target, source])",
        _ => "",
    }
}

fn did_you_mean(meant: &Option<String>) -> String {
    meant.as_ref().map_or_else(String::new, |m| format!(" (did you mean `{m}`?)"))
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
