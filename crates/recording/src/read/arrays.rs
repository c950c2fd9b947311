//! Arrays of NumPy: `.npz` with the keys of a recording or with spikes, `.npy` with a matrix.

use std::io::{Read, Seek};
use std::path::Path;

use attractor_data::{Conditions, FileError, FileProblem, Npz, read_npy};
use ndarray::{Array1, Axis};

use super::columns::{add, settle_regions};
use crate::npz::{ReadOptions, read_with_gaps};
use crate::recording::numbered;
use crate::session::{Clock, Intervals, Provenance, Series, Session, Spikes, Units};

/// A session from an `.npz` file.
pub(super) fn npz<R: Read + Seek>(file: &mut Npz<R>) -> Result<Session, FileError> {
    let provenance = Provenance { format: "npz".to_owned(), ..Provenance::default() };
    let mut session = Session { provenance, ..Session::default() };
    let mut used = vec!["rate_hz", "dt", "unit_names", "input_names", "lengths", "regions"];
    if file.has("spike_times") && file.has("spike_units") {
        spikes(file, &mut session)?;
        used.extend(["spike_times", "spike_units"]);
    }
    if file.has("activity") && (file.has("rate_hz") || file.has("dt")) {
        activity(file, &mut session)?;
        used.extend(["activity", "inputs", "inputs_rate_hz"]);
    }
    let keys = file.keys().to_vec();
    let known = |key: &str| {
        used.contains(&key) || key.starts_with("conditions/") || key.starts_with("units/")
    };
    for key in keys.iter().filter(|key| !known(key)) {
        let rate = format!("{key}_rate_hz");
        let shape = match file.shape(key) {
            Ok(shape) => shape,
            Err(error) => {
                session.leave(key, error.problem.to_string());
                continue;
            }
        };
        let is_rate = key.strip_suffix("_rate_hz").is_some_and(|of| file.has(of));
        match shape.len() {
            0 if is_rate => {}
            1 | 2 if !file.is_text(key)? => {
                let clock = match file.has(&rate) {
                    true => Clock::Regular { start: 0.0, dt: 1000.0 / file.scalar(&rate)? },
                    false => Clock::Unknown,
                };
                match file.values::<f32>(key) {
                    Ok(values) => {
                        session.series.extend(series(key, values, clock));
                    }
                    Err(error) => session.leave(key, error.problem.to_string()),
                }
            }
            _ => {
                session.leave(key, format!("shape {shape:?}, under a name that means nothing here"))
            }
        }
    }
    Ok(session)
}

/// `spike_times [spike]`, s, and `spike_units [spike]`.
fn spikes<R: Read + Seek>(file: &mut Npz<R>, session: &mut Session) -> Result<(), FileError> {
    let times: Array1<f64> = file.array("spike_times", "[spike]")?;
    let units: Array1<f64> = file.array("spike_units", "[spike]")?;
    if times.len() != units.len() {
        let (key, axes, with) = ("spike_units".to_owned(), "[spike]", "spike_times");
        let (expected, found) = (vec![times.len()], vec![units.len()]);
        return Err(FileProblem::Shape { key, axes, with, expected, found }.of(file.path()));
    }
    let mut ids: Vec<f64> = units.to_vec();
    ids.sort_by(f64::total_cmp);
    ids.dedup();
    let mut trains = vec![Vec::new(); ids.len()];
    for (time, unit) in times.iter().zip(&units) {
        if let Ok(k) = ids.binary_search_by(|id| id.total_cmp(unit)) {
            trains[k].push(time * 1000.0);
        }
    }
    let mut columns = Conditions::none(ids.len());
    for key in file.keys().to_vec() {
        let Some(name) = key.strip_prefix("units/") else { continue };
        let column = match file.is_text(&key)? {
            true => file.texts(&key)?.into(),
            false => file.array::<f64, ndarray::Ix1>(&key, "[unit]")?.to_vec().into(),
        };
        columns = add(session, columns, &key, name, column);
    }
    let columns = settle_regions(session, columns, "units");
    session.spikes = Spikes::new(trains);
    session.units = Units { names: ids.iter().map(f64::to_string).collect(), columns };
    Ok(())
}

/// `activity`, its trials one after the other.
fn activity<R: Read + Seek>(file: &mut Npz<R>, session: &mut Session) -> Result<(), FileError> {
    let recording = read_with_gaps(file, &ReadOptions { inputs: None, ..ReadOptions::default() })?;
    let dt = recording.dt;
    let frames = recording.frames();
    let long = |array: &ndarray::Array3<f32>| {
        let trial_first = array.view().permuted_axes([1, 0, 2]);
        let (trials, frames, units) = trial_first.dim();
        let standard = trial_first.as_standard_layout().into_owned();
        standard.into_shape_with_order((trials * frames, units))
    };
    let clock = Clock::Regular { start: 0.0, dt };
    let mut push = |name: &str, array: &ndarray::Array3<f32>, channels: Units| {
        if let Ok(values) = long(array) {
            let (name, path) = (name.to_owned(), name.to_owned());
            let (unit, clock) = (String::new(), clock.clone());
            session.series.push(Series { name, path, unit, clock, values, channels });
        }
    };
    let columns = recording.unit_columns.clone();
    let units = Units { names: recording.unit_names.clone(), columns };
    push("activity", &recording.activity, units);
    if recording.channels() > 0 {
        push("inputs", &recording.inputs, Units::named(recording.input_names.clone()));
    }
    if recording.trials() > 1 {
        let start = |trial: usize| (trial * frames) as f64 * dt;
        session.intervals.push(Intervals {
            name: "trials".to_owned(),
            start: (0..recording.trials()).map(start).collect(),
            stop: recording
                .lengths
                .iter()
                .enumerate()
                .map(|(trial, &n)| start(trial) + n as f64 * dt)
                .collect(),
            columns: recording.conditions.clone(),
            moments: Vec::new(),
        });
    }
    Ok(())
}

/// A matrix as a series; none if it has more than two axes or nothing in it.
fn series(name: &str, values: ndarray::ArrayD<f32>, clock: Clock) -> Option<Series> {
    let values = match values.ndim() {
        1 => values.insert_axis(Axis(1)),
        _ => values,
    };
    let values = values.into_dimensionality::<ndarray::Ix2>().ok().filter(|v| !v.is_empty())?;
    let channels = Units::named(numbered(&format!("{name}."), values.ncols()));
    let (name, path) = (name.to_owned(), name.to_owned());
    Some(Series { name, path, unit: String::new(), clock, values, channels })
}

/// A session from a `.npy` file.
pub(super) fn npy(path: &Path, bytes: &[u8]) -> Result<Session, FileError> {
    let values = read_npy::<f32>(path, bytes)?;
    let provenance = Provenance { format: "npy".to_owned(), ..Provenance::default() };
    let mut session = Session { provenance, ..Session::default() };
    let name = path.file_stem().map_or("array".into(), |stem| stem.to_string_lossy());
    let shape = values.shape().to_vec();
    match series(&name, values, Clock::Unknown) {
        Some(series) => session.series.push(series),
        None => session.leave(name, format!("shape {shape:?}: [time, unit] is read")),
    }
    Ok(session)
}
