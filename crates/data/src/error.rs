//! What can be wrong with a file or with trials: every message names the place, the value and the fix.

use std::io;
use std::path::{Path, PathBuf};

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct FileError {
    /// The path as given.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: Box<FileProblem>,
}

/// What can be wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// No such file.
    #[error("no such file; check the path")]
    Missing,
    /// The operating system refused.
    #[error("{action} failed: {source}")]
    Io {
        /// What was attempted, such as `"writing"`.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// Not a `.npz` at all.
    #[error("not an .npz file: it {looks_like}; write it with numpy.savez")]
    NotNpz {
        /// What the first bytes suggest, such as `"is a single .npy array"`.
        looks_like: &'static str,
    },
    /// Not an HDF5 file at all.
    #[error("not an HDF5 file: it {looks_like}")]
    NotHdf5 {
        /// What the first bytes suggest, such as `"is a zip archive"`.
        looks_like: &'static str,
    },
    /// Not a MATLAB file of versions 5 to 7.2.
    #[error("not a .mat file of MATLAB 5 to 7.2: it {looks_like}")]
    NotMat {
        /// What the first bytes suggest, such as `"is an HDF5 file"`.
        looks_like: &'static str,
    },
    /// The archive is cut short, or its bytes do not match their checksums.
    #[error("{}damaged or cut short ({problem}); copy or write it again", at(key))]
    Damaged {
        /// The array, if the damage is inside one; otherwise empty.
        key: String,
        /// What was found.
        problem: String,
    },
    /// A link that leads nowhere in this file.
    #[error("`{key}`: {why}")]
    Link {
        /// The path asked for.
        key: String,
        /// Which link on the way, and where it would lead.
        why: String,
    },
    /// The header of one array makes no sense.
    #[error("`{key}`: bad array header: {problem}; write it with numpy.savez")]
    Header {
        /// The array.
        key: String,
        /// What was found.
        problem: String,
    },
    /// The header claims more or fewer bytes than there are.
    #[error(
        "`{key}`: the header claims shape {shape:?} ({claimed} bytes) but the file holds {held} bytes; write it again"
    )]
    Size {
        /// The array.
        key: String,
        /// The claimed shape.
        shape: Vec<u64>,
        /// Bytes that shape needs.
        claimed: u128,
        /// Bytes present.
        held: u64,
    },
    /// Elements of a kind that does not serve here.
    #[error("`{key}`: elements are {found}, expected {expected}")]
    Type {
        /// The array.
        key: String,
        /// NumPy's name of the type found, such as `"<c8"`.
        found: String,
        /// What would do, and how to get it.
        expected: &'static str,
    },
    /// Wrong number of axes.
    #[error("`{key}`: expected axes {expected}, found shape {found:?}")]
    Rank {
        /// The array.
        key: String,
        /// The axes expected, such as `"[trial, time, channel]"`.
        expected: &'static str,
        /// The shape found.
        found: Vec<usize>,
    },
    /// Right axes, wrong lengths.
    #[error("`{key}` {axes}: expected shape {expected:?} to agree with `{with}`, found {found:?}")]
    Shape {
        /// The array.
        key: String,
        /// Its axes.
        axes: &'static str,
        /// The array it must agree with.
        with: &'static str,
        /// The shape that would.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// NaN, an infinity, or a number too large for the precision asked for.
    #[error(
        "`{key}`{index:?} is {value}; every number must be finite (mark what is not asked with weight 0)"
    )]
    NotFinite {
        /// The array.
        key: String,
        /// Where, along the file's axes.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// A required array is not there.
    #[error("no array `{key}`{}; the file has {}", did_you_mean(meant), list(found))]
    MissingKey {
        /// The array wanted.
        key: String,
        /// The arrays there are.
        found: Vec<String>,
        /// The nearest of them.
        meant: Option<String>,
    },
    /// An array that means nothing here.
    #[error(
        "unknown array `{key}`{}; known are {} (put arrays of your own under `extra/`)",
        did_you_mean(meant),
        list(known)
    )]
    UnknownKey {
        /// The array found.
        key: String,
        /// The arrays that mean something.
        known: Vec<String>,
        /// The nearest of them.
        meant: Option<String>,
    },
    /// A value outside what it can be.
    #[error("`{key}` is {value}: {fix}")]
    Value {
        /// The array.
        key: String,
        /// What stands there.
        value: String,
        /// What is expected and how to get there.
        fix: String,
    },
    /// The arrays were read but do not make trials.
    #[error("{source}")]
    Trials {
        /// What is wrong.
        source: TrialsError,
    },
}

impl FileProblem {
    /// This problem, of this file.
    #[must_use]
    pub fn of(self, file: impl AsRef<Path>) -> FileError {
        FileError { file: file.as_ref().to_owned(), problem: Box::new(self) }
    }
}

/// Trials that do not hold together. Indices and shapes are those in memory, `[time, trial, unit]`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrialsError {
    /// No trial, or no time step.
    #[error("`{key}` has shape {shape:?}: at least one step and one trial are needed")]
    Empty {
        /// The array.
        key: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Arrays disagree about a shape.
    #[error("`{key}` {axes}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// The array.
        key: String,
        /// Its axes.
        axes: &'static str,
        /// The shape that agrees with the inputs.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// NaN or an infinity.
    #[error("`{key}`{index:?} is {value}; every number must be finite")]
    NotFinite {
        /// The array.
        key: String,
        /// Where.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// A step that is not a positive duration.
    #[error("`dt` is {dt} ms; it must be a positive number of milliseconds")]
    Dt {
        /// The value found, ms.
        dt: f64,
    },
    /// A trial longer than the arrays, or empty.
    #[error("`lengths`[{trial}] is {length}; it must lie in 1..={steps}")]
    Length {
        /// The trial.
        trial: usize,
        /// Its length, steps.
        length: usize,
        /// Steps in the arrays.
        steps: usize,
    },
    /// A weight below zero.
    #[error("`{key}`[{step}, {trial}] is {weight}; weights are 0 (not asked) or positive")]
    NegativeWeight {
        /// The array.
        key: String,
        /// Time step.
        step: usize,
        /// Trial.
        trial: usize,
        /// The value found.
        weight: f32,
    },
    /// A weight where the trial has ended.
    #[error(
        "`{key}`[{step}, {trial}] is {weight}, but the trial ends after {length} steps; weights of the padding must be 0"
    )]
    PaddedWeight {
        /// The array.
        key: String,
        /// Time step.
        step: usize,
        /// Trial.
        trial: usize,
        /// The value found.
        weight: f32,
        /// Length of the trial, steps.
        length: usize,
    },
    /// A condition with the wrong number of rows.
    #[error("condition `{name}` has {found} rows, expected one per trial: {expected}")]
    Rows {
        /// The column.
        name: String,
        /// Trials.
        expected: usize,
        /// Rows found.
        found: usize,
    },
    /// The same name twice.
    #[error("{what} `{name}` is given twice")]
    Twice {
        /// What kind of thing, such as `"condition"`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A trial that is not there.
    #[error("trial {trial} was asked for, but there are {trials}, counted from 0")]
    NoSuchTrial {
        /// The trial asked for.
        trial: usize,
        /// How many there are.
        trials: usize,
    },
    /// Batches that cannot be joined.
    #[error("batches differ in {what}: {first} and {second}")]
    Differ {
        /// In what.
        what: &'static str,
        /// The first batch's.
        first: String,
        /// The other's.
        second: String,
    },
}

/// The candidate nearest to `word`, if one is near enough to have been meant.
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

fn at(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!("`{key}`: ") }
}

fn did_you_mean(meant: &Option<String>) -> String {
    meant.as_ref().map_or_else(String::new, |m| format!(" (did you mean `{m}`?)"))
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "no arrays".to_owned();
    }
    let shown: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
