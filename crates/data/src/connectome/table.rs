//! Tables of text: commas or tabs, quotes, a line of headings.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{FileError, FileProblem};

/// What is known of cells.
pub(super) struct Cells {
    /// None if the file has one label a line.
    pub(super) names: Option<Vec<String>>,
    pub(super) rows: usize,
    pub(super) columns: BTreeMap<String, Vec<String>>,
}

/// A table with headings.
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// The place of the first heading among several names, in any case.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        self.headings.iter().position(|h| names.iter().any(|name| h.eq_ignore_ascii_case(name)))
    }
}

pub(super) fn problem(path: &Path, problem: String) -> FileError {
    let key = String::new();
    FileError { file: path.to_owned(), problem: Box::new(FileProblem::Damaged { key, problem }) }
}

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path).map_err(|source| {
        let problem = match source.kind() {
            std::io::ErrorKind::NotFound => FileProblem::Missing,
            _ => FileProblem::Io { action: "reading", source },
        };
        FileError { file: path.to_owned(), problem: Box::new(problem) }
    })
}

/// Lines of fields without the spaces around them.
pub(super) fn rows(path: &Path, text: &str) -> Result<Vec<Vec<String>>, FileError> {
    let first = text.lines().next().unwrap_or("");
    let delimiter = if first.contains('\t') { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(delimiter).trim(csv::Trim::All);
    let mut rows = Vec::new();
    for record in reader.from_reader(text.as_bytes()).records() {
        let record = record.map_err(|error| problem(path, error.to_string()))?;
        rows.push(record.iter().map(str::to_owned).collect());
    }
    Ok(rows)
}

/// A table whose first line is headings; every line has as many fields.
pub(super) fn table(path: &Path, text: &str) -> Result<Table, FileError> {
    let mut rows = rows(path, text)?.into_iter();
    let headings = rows.next().ok_or_else(|| problem(path, "the table is empty".to_owned()))?;
    let rows: Vec<Vec<String>> = rows.collect();
    if let Some(k) = rows.iter().position(|row| row.len() != headings.len()) {
        let said =
            format!("line {}: {} fields under {} headings", k + 2, rows[k].len(), headings.len());
        return Err(problem(path, said));
    }
    Ok(Table { headings, rows })
}

/// A table of cells, or one label a line. What a line lacks is empty.
pub(super) fn cells(path: &Path) -> Result<Cells, FileError> {
    let text = text(path)?;
    let lines = rows(path, &text)?;
    if lines.iter().all(|line| line.len() == 1) {
        let labels: Vec<String> = lines.into_iter().flatten().collect();
        let rows = labels.len();
        let columns = BTreeMap::from([(super::CLASS.to_owned(), labels)]);
        return Ok(Cells { names: None, rows, columns });
    }
    let mut rows = lines.into_iter();
    let headings = rows.next().unwrap_or_default();
    // published tables have lines with a comma too many: what has no heading is left out
    let rows: Vec<Vec<String>> = rows
        .map(|mut row| {
            row.resize(headings.len(), String::new());
            row
        })
        .collect();
    let column = |k: usize| rows.iter().map(|row| row[k].clone()).collect::<Vec<String>>();
    let columns = headings.iter().enumerate().skip(1).map(|(k, name)| (name.clone(), column(k)));
    Ok(Cells { names: Some(column(0)), rows: rows.len(), columns: columns.collect() })
}
