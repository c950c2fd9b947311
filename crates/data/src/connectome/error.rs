//! What can be wrong with a connectome.

use std::fmt;
use std::path::PathBuf;

use crate::{FileError, closest};

/// Everything that is wrong with the files of a connectome.
#[derive(Debug)]
pub struct ConnectomeError {
    /// At least one.
    pub problems: Vec<ConnectomeProblem>,
}

impl fmt::Display for ConnectomeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        f.write_str(&said.join("; "))
    }
}

impl std::error::Error for ConnectomeError {}

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectomeProblem {
    /// A file that cannot be read, or not as what it should be.
    #[error("{0}")]
    File(FileError),
    /// Edges between cells that the table of cells does not have.
    #[error(
        "the edges speak of {} cells that the table of cells does not have: {}; add them, or say missing = \"drop\"",
        cells.len(),
        first(cells)
    )]
    UnknownCells {
        /// Their names.
        cells: Vec<String>,
    },
    /// Cells without a position.
    #[error(
        "the file of positions lacks {} cells: {}; add them, or say missing = \"drop\"",
        cells.len(),
        first(cells)
    )]
    Unplaced {
        /// Their names.
        cells: Vec<String>,
    },
    /// Another number of labels than of cells.
    #[error(
        "{labels} labels for {cells} cells: one a line is expected, in the order of the matrix"
    )]
    Labels {
        /// Lines of the file.
        labels: usize,
        /// Rows of the matrix.
        cells: usize,
    },
    /// A type that no edge has.
    #[error("no edge is of type `{name}`{}; there are: {}", meant(name, known), first(known))]
    Type {
        /// What was asked for.
        name: String,
        /// The types there are.
        known: Vec<String>,
    },
    /// A column that the table of cells does not have.
    #[error("cells have no column `{name}`{}; there are: {}", meant(name, known), first(known))]
    Column {
        /// What was asked for.
        name: String,
        /// The columns there are.
        known: Vec<String>,
    },
    /// A value that no cell has.
    #[error("no cell has {column} = `{name}`{}; there are: {}", meant(name, known), first(known))]
    Value {
        /// The column.
        column: String,
        /// What was asked for.
        name: String,
        /// The values there are.
        known: Vec<String>,
    },
    /// Nothing is left.
    #[error("{}: no edge is left", edges.display())]
    Empty {
        /// The file of edges.
        edges: PathBuf,
    },
}

/// The first few of a list.
fn first(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown}, …") } else { shown }
}

fn meant(name: &str, known: &[String]) -> String {
    let meant = closest(name, known.iter().map(String::as_str));
    meant.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"))
}
