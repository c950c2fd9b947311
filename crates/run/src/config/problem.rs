//! What is wrong with a configuration: every problem with its place, its key and a way out.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

/// Where a value of a configuration was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Place {
    /// Nowhere: it is a default.
    #[default]
    Default,
    /// In a file.
    File {
        /// The file.
        file: Arc<PathBuf>,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// On the command line, as `key=value`.
    Argument(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Default => f.write_str("configuration"),
            Place::File { file, line, column } => write!(f, "{}:{line}:{column}", file.display()),
            Place::Argument(argument) => write!(f, "`{argument}`"),
        }
    }
}

impl Place {
    /// The directory that relative paths written here start from; none for the working directory.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Place::File { file, .. } => file.parent(),
            _ => None,
        }
    }
}

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Where it was written.
    pub place: Place,
    /// The key, with dots, or empty.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem of a key.
    #[must_use]
    pub fn new(key: &str, message: impl Into<String>) -> Self {
        Problem { place: Place::Default, key: key.to_owned(), message: message.into() }
    }

    /// The same, at a place.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        self.place = place.clone();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// `{ place, key, message }`, for machines.
impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut problem = serializer.serialize_struct("Problem", 3)?;
        problem.serialize_field("place", &self.place.to_string())?;
        problem.serialize_field("key", &self.key)?;
        problem.serialize_field("message", &self.message)?;
        problem.end()
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", lines(problems))]
pub struct ConfigError {
    /// The problems, at least one.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// In the order of the file, then of the command line.
    pub(crate) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| match &problem.place {
            Place::File { line, column, .. } => (0, *line, *column),
            _ => (1, 0, 0),
        });
        ConfigError { problems }
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

/// The name that was meant, if one is near: letters swapped, added, lost or changed.
pub(crate) fn closest<'k>(
    name: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> Option<String> {
    let distance = |known: &&str| strsim::damerau_levenshtein(known, name);
    let near = known.clone().into_iter().min_by_key(distance);
    let near = near.filter(|near| distance(near) <= name.chars().count().div_ceil(4));
    near.map(str::to_owned).or_else(|| attractor_data::closest(name, known))
}

/// ` (did you mean …?)`, or nothing.
pub(crate) fn did_you_mean(meant: Option<String>) -> String {
    meant.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"))
}

/// Names in backticks.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(", ")
}
