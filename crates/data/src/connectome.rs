//! Connectomes: cells with columns and places, and who reaches whom.
//!
//! | file | holds |
//! |---|---|
//! | edges | a table (`.csv`, tabs as well as commas) with a line per connection; a square matrix of counts without names, rows reach columns; or a `.json` of cell types with signed edges (flyvis) |
//! | cells | a table, the first column the name of the cell, the others whatever is known of it; or one label a line, in the order of the matrix |
//! | positions | NeuroML (`.nml`), or a table with columns `x`, `y`, `z` after the name |
//!
//! In a table of edges, columns are found by their names: `source`, `pre` or `from`; `target`, `post`
//! or `to`; `weight`, `synapses` or `count` (1 without); `type` or `kind`; `sign`. Names of cells are
//! compared as they are, then without leading zeros in their numbers: `AS01` is `AS1`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

mod edges;
mod error;
mod names;
mod places;
mod table;

pub use error::{ConnectomeError, ConnectomeProblem};
pub use places::read_places;

use crate::FileError;
use names::Names;

/// Column that is made of the names of the cells where no table has it: `AVAL` and `AVAR` are `AVA`, `DA1`
/// to `DA9` are `DA`, any other cell is a class of its own.
pub const CLASS: &str = "class";

/// Where a connectome is read from, and what of it is wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectomeFiles {
    /// Who reaches whom.
    pub edges: PathBuf,
    /// What is known of each cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<PathBuf>,
    /// Where each cell lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positions: Option<PathBuf>,
    /// Only edges of these types, such as `["chemical"]`; all if none are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Only edges of at least this weight; smaller ones of one pair are summed first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// By column, values whose cells are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drop: BTreeMap<String, Vec<String>>,
    /// What becomes of cells that the table of cells or the file of positions does not know.
    #[serde(default)]
    pub missing: Missing,
}

/// What becomes of cells that some file does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// They are an error.
    #[default]
    Refuse,
    /// They are left out, with their edges.
    Drop,
}

/// Cells and their connections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connectome {
    /// Names of the cells, in the order in which files name them first.
    pub cells: Vec<String>,
    /// By name, one label per cell; empty where nothing is known.
    pub columns: BTreeMap<String, Vec<String>>,
    /// Where each cell lies, if a file says so.
    pub positions: Option<Vec<[f64; 3]>>,
    /// Connections, each pair of cells once.
    pub edges: Vec<Edge>,
    /// Signs of the weights are known.
    pub signed: bool,
}

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Place of the presynaptic cell.
    pub source: usize,
    /// Place of the postsynaptic cell.
    pub target: usize,
    /// Number of synapses or another size; with its sign, if signs are known.
    pub weight: f64,
}

/// A connection by names, as a file has it.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    source: String,
    target: String,
    weight: f64,
    kind: String,
}

/// Edges as a file has them.
#[derive(Clone, Debug, Default, PartialEq)]
struct Listed {
    lines: Vec<Line>,
    /// All cells in order, where the file has a list of them.
    cells: Option<Vec<String>>,
    columns: BTreeMap<String, Vec<String>>,
    signed: bool,
}

impl Connectome {
    /// Reads a connectome; all problems are found.
    ///
    /// # Errors
    /// Files that cannot be read or make no sense; edges between cells that the table of cells does not
    /// know, cells without a position, unless these are to be dropped; types, columns and values
    /// to drop that are not there.
    pub fn read(files: &ConnectomeFiles) -> Result<Connectome, ConnectomeError> {
        let mut problems = Vec::new();
        let mut note = |problem: FileError| problems.push(ConnectomeProblem::File(problem));
        let listed = edges::read(&files.edges).map_err(&mut note).ok();
        let table = files.cells.as_ref().map(|path| table::cells(path).map_err(&mut note));
        let places = files.positions.as_ref().map(|path| read_places(path).map_err(&mut note));
        let (Some(listed), table, places) =
            (listed, table.and_then(Result::ok), places.and_then(Result::ok))
        else {
            return Err(ConnectomeError { problems });
        };
        if !problems.is_empty() {
            return Err(ConnectomeError { problems });
        }
        Build { files, problems: Vec::new() }.run(listed, table, places)
    }

    /// The groups that columns make of the cells, `column=value`; empty labels make none, and neither do
    /// columns that tell most cells apart, such as their lineage, but for [`CLASS`].
    #[must_use]
    pub fn groups(&self) -> BTreeMap<String, Vec<usize>> {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (column, labels) in &self.columns {
            let distinct: BTreeSet<&String> = labels.iter().collect();
            if column != CLASS && 2 * distinct.len() > labels.len() {
                continue;
            }
            for (cell, label) in labels.iter().enumerate().filter(|(_, label)| !label.is_empty()) {
                groups.entry(format!("{column}={label}")).or_default().push(cell);
            }
        }
        groups
    }

    /// Edges as `(target, source, weight)`.
    #[must_use]
    pub fn triples(&self) -> Vec<(usize, usize, f64)> {
        self.edges.iter().map(|edge| (edge.target, edge.source, edge.weight)).collect()
    }
}

/// Files put together.
struct Build<'a> {
    files: &'a ConnectomeFiles,
    problems: Vec<ConnectomeProblem>,
}

impl Build<'_> {
    fn run(
        mut self,
        listed: Listed,
        table: Option<table::Cells>,
        places: Option<Vec<(String, [f64; 3])>>,
    ) -> Result<Connectome, ConnectomeError> {
        let lines = self.of_types(&listed);
        let names = Names::of(&listed, &lines);
        let mut cells = Cells { names: names.cells().to_vec(), ..Cells::default() };
        cells.columns = listed.columns.clone();
        if let Some(table) = table {
            self.look_up(&table, &mut cells);
        }
        if !cells.columns.contains_key(CLASS) && listed.cells.is_none() {
            cells.columns.insert(CLASS.to_owned(), names::classes(&cells.names));
        }
        if let Some(places) = places {
            self.place(&places, &mut cells);
        }
        self.drop(&mut cells);
        if !self.problems.is_empty() {
            return Err(ConnectomeError { problems: self.problems });
        }
        let kept: Vec<usize> = (0..cells.names.len()).filter(|&k| !cells.dropped(k)).collect();
        let mut place = vec![None; cells.names.len()];
        kept.iter().enumerate().for_each(|(new, &old)| place[old] = Some(new));
        let mut sums: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for line in lines {
            let find = |name: &str| names.find(name).and_then(|old| place[old]);
            if let (Some(source), Some(target)) = (find(&line.source), find(&line.target)) {
                *sums.entry((source, target)).or_default() += line.weight;
            }
        }
        let least = self.files.least.unwrap_or(0.0);
        let enough = |weight: f64| weight != 0.0 && weight.abs() >= least;
        let edges: Vec<Edge> = sums
            .into_iter()
            .filter(|(_, weight)| enough(*weight))
            .map(|((source, target), weight)| Edge { source, target, weight })
            .collect();
        if edges.is_empty() {
            let edges = self.files.edges.clone();
            return Err(ConnectomeError { problems: vec![ConnectomeProblem::Empty { edges }] });
        }
        let of_kept = |labels: Vec<String>| kept.iter().map(|&k| labels[k].clone()).collect();
        let columns = cells.columns.into_iter().map(|(name, labels)| (name, of_kept(labels)));
        let positions = cells.positions.map(|all| kept.iter().filter_map(|&k| all[k]).collect());
        Ok(Connectome {
            columns: columns.collect(),
            positions,
            edges,
            signed: listed.signed,
            cells: of_kept(cells.names),
        })
    }

    /// The lines of the types that are wanted.
    fn of_types<'l>(&mut self, listed: &'l Listed) -> Vec<&'l Line> {
        for wanted in &self.files.types {
            if !listed.lines.iter().any(|line| line.kind == *wanted) {
                let mut known: Vec<String> =
                    listed.lines.iter().map(|line| line.kind.clone()).collect();
                known.sort();
                known.dedup();
                self.problems.push(ConnectomeProblem::Type { name: wanted.clone(), known });
            }
        }
        let wanted =
            |line: &&Line| self.files.types.is_empty() || self.files.types.contains(&line.kind);
        listed.lines.iter().filter(wanted).collect()
    }

    /// Columns of the table of cells.
    fn look_up(&mut self, table: &table::Cells, cells: &mut Cells) {
        let rows: Vec<Option<usize>> = match &table.names {
            Some(names) => {
                let known = Names::new(names.clone());
                cells.names.iter().map(|name| known.find(name)).collect()
            }
            None if table.rows == cells.names.len() => (0..table.rows).map(Some).collect(),
            None => {
                let (labels, cells) = (table.rows, cells.names.len());
                self.problems.push(ConnectomeProblem::Labels { labels, cells });
                return;
            }
        };
        for (column, labels) in &table.columns {
            let label = |row: &Option<usize>| row.map_or_else(String::new, |k| labels[k].clone());
            cells.columns.insert(column.clone(), rows.iter().map(label).collect());
        }
        let unknown = (0..rows.len()).filter(|&k| rows[k].is_none()).collect();
        let listed = |cells| ConnectomeProblem::UnknownCells { cells };
        self.missing(unknown, cells, listed);
    }

    fn place(&mut self, places: &[(String, [f64; 3])], cells: &mut Cells) {
        let known = Names::new(places.iter().map(|(name, _)| name.clone()).collect());
        let found = cells.names.iter().map(|name| known.find(name).map(|k| places[k].1));
        let found: Vec<Option<[f64; 3]>> = found.collect();
        let nowhere = (0..found.len()).filter(|&k| found[k].is_none() && !cells.dropped(k));
        let nowhere = nowhere.collect();
        self.missing(nowhere, cells, |cells| ConnectomeProblem::Unplaced { cells });
        cells.positions = Some(found);
    }

    /// Cells that a file lacks are dropped, or a problem.
    fn missing(
        &mut self,
        lacking: Vec<usize>,
        cells: &mut Cells,
        problem: impl FnOnce(Vec<String>) -> ConnectomeProblem,
    ) {
        match self.files.missing {
            Missing::Drop => cells.dropped.extend(lacking),
            Missing::Refuse if lacking.is_empty() => {}
            Missing::Refuse => {
                let names = lacking.iter().map(|&k| cells.names[k].clone()).collect();
                self.problems.push(problem(names));
            }
        }
    }

    fn drop(&mut self, cells: &mut Cells) {
        for (column, values) in &self.files.drop {
            let Some(labels) = cells.columns.get(column) else {
                let known = cells.columns.keys().cloned().collect();
                self.problems.push(ConnectomeProblem::Column { name: column.clone(), known });
                continue;
            };
            for value in values {
                let before = cells.dropped.len();
                let fits = (0..labels.len()).filter(|&k| labels[k] == *value);
                cells.dropped.extend(fits);
                if cells.dropped.len() == before {
                    let mut known = labels.clone();
                    known.sort();
                    known.dedup();
                    let (column, name) = (column.clone(), value.clone());
                    self.problems.push(ConnectomeProblem::Value { column, name, known });
                }
            }
        }
    }
}

/// Cells being put together.
#[derive(Default)]
struct Cells {
    names: Vec<String>,
    columns: BTreeMap<String, Vec<String>>,
    positions: Option<Vec<Option<[f64; 3]>>>,
    dropped: Vec<usize>,
}

impl Cells {
    fn dropped(&self, cell: usize) -> bool {
        self.dropped.contains(&cell)
    }
}
