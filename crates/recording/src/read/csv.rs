//! Tables: one row a spike, or a column of times and one per unit.

use std::collections::BTreeMap;
use std::path::Path;

use attractor_data::{Conditions, FileError, FileProblem};
use csv::{ReaderBuilder, StringRecord};
use ndarray::Array2;

use super::columns::{add, settle_regions};
use crate::session::{Clock, Provenance, Series, Session, Spikes, Units};

/// Names of the column that says whose spike it is.
const UNITS: [&str; 9] =
    ["unit", "unit_id", "cluster", "cluster_id", "neuron", "neuron_id", "cell", "cell_id", "id"];
/// Names of the column of times, and ms per unit of it.
const TIMES: [(&str, f64); 13] = [
    ("time", 1000.0),
    ("time_s", 1000.0),
    ("time_ms", 1.0),
    ("times", 1000.0),
    ("spike_time", 1000.0),
    ("spike_times", 1000.0),
    ("spike_time_s", 1000.0),
    ("spike_time_ms", 1.0),
    ("timestamp", 1000.0),
    ("t", 1000.0),
    ("t_s", 1000.0),
    ("t_ms", 1.0),
    ("ms", 1.0),
];
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
        .map_err(|error| damaged(path, &error))?
        .iter()
        .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned())
        .collect();
    let place = |names: &[&str]| {
        let at = |wanted: &&str| header.iter().position(|name| name.to_lowercase() == **wanted);
        names.iter().find_map(at)
    };
    let times: Vec<&str> = TIMES.iter().map(|(name, _)| *name).collect();
    let Some(time) = place(&times) else {
        let fix = "one column has to be called `time` (s) or `time_ms`; for spikes another `unit`";
        return Err(value("the header", header.join(", "), fix));
    };
    let name = header[time].to_lowercase();
    let ms = TIMES.iter().find(|(known, _)| *known == name).map_or(1000.0, |(_, ms)| *ms);
    let provenance = Provenance { format: "CSV".to_owned(), ..Provenance::default() };
    let mut session = Session { provenance, ..Session::default() };
    if ms == 1000.0 && !name.ends_with("_s") {
        session.repair(format!("the column `{}` is taken as seconds", header[time]));
    }
    let unit = place(&UNITS);
    let mut table = Table { header: &header, time, ms, rows: 0, left: 0 };
    match unit {
        Some(unit) => table.spikes(path, &mut session, reader.records(), unit)?,
        None => table.series(path, &mut session, reader.records())?,
    }
    if table.left > 0 {
        session.leave(
            format!("{} of {} rows", table.left, table.rows),
            "their time is no number, or cells are missing",
        );
    }
    Ok(session)
}

struct Table<'a> {
    header: &'a [String],
    time: usize,
    ms: f64,
    rows: usize,
    left: usize,
}

/// What is known of a unit: spikes, and for each other column its text, as long as it does not change.
struct Known {
    times: Vec<f64>,
    texts: Vec<Option<String>>,
}

impl Table<'_> {
    fn time(&self, row: &StringRecord) -> Option<f64> {
        let time: f64 = row.get(self.time)?.trim().parse().ok()?;
        time.is_finite().then_some(time * self.ms)
    }

    fn spikes(
        &mut self,
        path: &Path,
        session: &mut Session,
        rows: impl Iterator<Item = csv::Result<StringRecord>>,
        unit: usize,
    ) -> Result<(), FileError> {
        let others: Vec<usize> =
            (0..self.header.len()).filter(|&k| k != unit && k != self.time).collect();
        let mut units: BTreeMap<Id, Known> = BTreeMap::new();
        for row in rows {
            let row = row.map_err(|error| damaged(path, &error))?;
            self.rows += 1;
            let (Some(time), Some(id)) = (self.time(&row), row.get(unit)) else {
                self.left += 1;
                continue;
            };
            let text = |&k: &usize| row.get(k).map(|text| text.trim().to_owned());
            let known = units.entry(Id::of(id)).or_insert_with(|| Known {
                times: Vec::new(),
                texts: others.iter().map(text).collect(),
            });
            known.times.push(time);
            for (k, before) in others.iter().zip(&mut known.texts) {
                if before.as_deref() != row.get(*k).map(str::trim) {
                    *before = None;
                }
            }
        }
        if units.is_empty() {
            let (key, value) = ("the table".to_owned(), "without spikes".to_owned());
            let fix = "one row for each spike is needed".to_owned();
            return Err(FileProblem::Value { key, value, fix }.of(path));
        }
        let mut columns = Conditions::none(units.len());
        for (k, &other) in others.iter().enumerate() {
            let name = &self.header[other];
            let texts: Option<Vec<String>> =
                units.values().map(|known| known.texts[k].clone()).collect();
            let Some(texts) = texts else {
                session.leave(name.clone(), "it differs between spikes of one unit");
                continue;
            };
            let numbers: Option<Vec<f64>> =
                texts.iter().map(|t| t.parse().ok().filter(|x: &f64| x.is_finite())).collect();
            let column = numbers.map_or_else(|| texts.into(), Into::into);
            columns = add(session, columns, name, name, column);
        }
        let columns = settle_regions(session, columns, "units");
        let names = units.keys().map(|id| id.1.clone()).collect();
        session.units = Units { names, columns };
        session.spikes = Spikes::new(units.into_values().map(|known| known.times));
        Ok(())
    }

    fn series(
        &mut self,
        path: &Path,
        session: &mut Session,
        rows: impl Iterator<Item = csv::Result<StringRecord>>,
    ) -> Result<(), FileError> {
        let others: Vec<usize> = (0..self.header.len()).filter(|&k| k != self.time).collect();
        let (mut times, mut cells) = (Vec::new(), Vec::new());
        let mut numbers = vec![false; others.len()];
        for row in rows {
            let row = row.map_err(|error| damaged(path, &error))?;
            self.rows += 1;
            let Some(time) = self.time(&row) else {
                self.left += 1;
                continue;
            };
            times.push(time);
            for (k, &other) in others.iter().enumerate() {
                let cell = row.get(other).and_then(|cell| cell.trim().parse::<f32>().ok());
                numbers[k] |= cell.is_some();
                cells.push(cell.unwrap_or(f32::NAN));
            }
        }
        let kept: Vec<usize> = (0..others.len()).filter(|&k| numbers[k]).collect();
        for (k, &other) in others.iter().enumerate().filter(|(k, _)| !numbers[*k]) {
            session.leave(self.header[other].clone(), format!("column {}: no numbers", k + 1));
        }
        if times.is_empty() || kept.is_empty() {
            let (key, value) = ("the table".to_owned(), "without numbers".to_owned());
            let fix = "a column of times and one of numbers per unit are needed".to_owned();
            return Err(FileProblem::Value { key, value, fix }.of(path));
        }
        if !times.is_sorted() {
            let (key, value) = (self.header[self.time].clone(), "not ascending".to_owned());
            let fix = "sort the rows by time; or, for spikes, name a column `unit`".to_owned();
            return Err(FileProblem::Value { key, value, fix }.of(path));
        }
        let values = Array2::from_shape_fn((times.len(), kept.len()), |(row, k)| {
            cells[row * others.len() + kept[k]]
        });
        let names = kept.iter().map(|&k| self.header[others[k]].clone()).collect();
        session.series.push(Series {
            name: "table".to_owned(),
            path: "table".to_owned(),
            unit: String::new(),
            clock: Clock::of(times),
            values,
            channels: Units::named(names),
        });
        Ok(())
    }
}

/// The name of a unit; numbers are in the order of numbers, before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Id(u64, String);

impl Id {
    fn of(text: &str) -> Self {
        let text = text.trim();
        Id(text.parse().unwrap_or(u64::MAX), text.to_owned())
    }
}

/// Rows of unequal length, or bytes that are no text.
fn damaged(path: &Path, error: &csv::Error) -> FileError {
    FileProblem::Damaged { key: String::new(), problem: error.to_string() }.of(path)
}
