//! Tables as text, separated by commas, tabs or semicolons.

use std::path::Path;

use attractor_data::{FileError, FileProblem};
use csv::ReaderBuilder;

use super::table::{self, damaged};
use crate::session::Session;

/// Bytes of one row, at most.
const LONGEST_ROW: usize = 1 << 24;

/// Reads a table from a file.
pub(super) fn read(path: &Path) -> Result<Session, FileError> {
    let bytes = std::fs::read(path)
        .map_err(|source| FileProblem::Io { action: "reading", source }.of(path))?;
    from_text(path, &bytes)
}

/// Reads a table from its text; the name's ending, or the first line, tells what separates columns.
pub(super) fn from_text(path: &Path, bytes: &[u8]) -> Result<Session, FileError> {
    let value = |key: &str, value: String, fix: &str| {
        let fix = fix.to_owned();
        FileProblem::Value { key: key.to_owned(), value, fix }.of(path)
    };
    if bytes.is_empty() || bytes.iter().take(4096).any(|&b| b == 0) {
        let fix = "no table, and no other format that is known: NWB, HDF5, MATLAB, .npz, .npy, CSV";
        return Err(value("the file", format!("{} bytes of something else", bytes.len()), fix));
    }
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let count = |separator: u8| line.iter().filter(|&&b| b == separator).count();
    let separator = [b',', b'\t', b';'].into_iter().max_by_key(|&s| count(s)).unwrap_or(b',');
    let mut reader = ReaderBuilder::new().delimiter(separator).from_reader(bytes);
    if line.len() > LONGEST_ROW {
        return Err(value("the first row", format!("{} bytes long", line.len()), "no table"));
    }
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| damaged(path, error))?
        .iter()
        .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned())
        .collect();
    let rows = reader.records().map(|row| row.map_err(|error| damaged(path, error)));
    table::read(path, "CSV", &header, rows)
}
