//! Tables: one row a spike, or a column of times and one per unit.

use std::collections::BTreeMap;
use std::path::Path;

use attractor_data::{Conditions, FileError, FileProblem};
use csv::StringRecord;
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
/// Reads a table whose cells are text, row by row.
pub(super) fn read(
    path: &Path,
    format: &str,
    header: &[String],
    rows: impl Iterator<Item = Result<StringRecord, FileError>>,
) -> Result<Session, FileError> {
    let place = |names: &[&str]| {
        let at = |wanted: &&str| header.iter().position(|name| name.to_lowercase() == **wanted);
        names.iter().find_map(at)
    };
    let times: Vec<&str> = TIMES.iter().map(|(name, _)| *name).collect();
    let Some(time) = place(&times) else {
        let fix = "one column has to be called `time` (s) or `time_ms`; for spikes another `unit`";
        let (key, fix) = ("the header".to_owned(), fix.to_owned());
        return Err(FileProblem::Value { key, value: header.join(", "), fix }.of(path));
    };
    let name = header[time].to_lowercase();
    let ms = TIMES.iter().find(|(known, _)| *known == name).map_or(1000.0, |(_, ms)| *ms);
    let provenance = Provenance { format: format.to_owned(), ..Provenance::default() };
    let mut session = Session { provenance, ..Session::default() };
    if ms == 1000.0 && !name.ends_with("_s") {
        session.repair(format!("the column `{}` is taken as seconds", header[time]));
    }
    let unit = place(&UNITS);
    let mut table = Table { header, time, ms, rows: 0, left: 0 };
    match unit {
        Some(unit) => table.spikes(path, &mut session, rows, unit)?,
        None => table.series(path, &mut session, rows)?,
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
        rows: impl Iterator<Item = Result<StringRecord, FileError>>,
        unit: usize,
    ) -> Result<(), FileError> {
        let others: Vec<usize> =
            (0..self.header.len()).filter(|&k| k != unit && k != self.time).collect();
        let mut units: BTreeMap<Id, Known> = BTreeMap::new();
        for row in rows {
            let row = row?;
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
        rows: impl Iterator<Item = Result<StringRecord, FileError>>,
    ) -> Result<(), FileError> {
        let others: Vec<usize> = (0..self.header.len()).filter(|&k| k != self.time).collect();
        let (mut times, mut cells) = (Vec::new(), Vec::new());
        let mut numbers = vec![false; others.len()];
        for row in rows {
            let row = row?;
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

/// A file that a reader refuses, with what it says.
pub(super) fn damaged(path: &Path, said: impl ToString) -> FileError {
    FileProblem::Damaged { key: String::new(), problem: said.to_string() }.of(path)
}
