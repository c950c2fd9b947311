//! Trials in a `.npz` file.
//!
//! | key | axes | if absent | meaning |
//! |---|---|---|---|
//! | `inputs` | `[trial, time, channel]` | an error | inputs |
//! | `input_names` | `[channel]` text | `in0`, `in1`, … | names of the input channels |
//! | `dt` | `[]` | the caller's, or an error | duration of a step, ms |
//! | `targets` | `[trial, time, channel]` | no target | wanted values of the signal `out.y` |
//! | `targets/SIGNAL` | `[trial, time, channel]` | no target | wanted values of another signal |
//! | `weights` or `mask` | `[trial, time]` | 1 within the trial | where `out.y` is asked (0: not) |
//! | `weights/SIGNAL` or `mask/SIGNAL` | `[trial, time]` | 1 within the trial | where that signal is asked |
//! | `start` | `[trial, value]` | none | a vector wired into the initial state |
//! | `lengths` | `[trial]` | all steps | steps of each trial before its padding |
//! | `conditions/NAME` | `[trial]` numbers or text | none | what was varied between trials |
//! | `extra/NAME` | any | | ignored: room for arrays of your own |
//!
//! Elements may be float32, float64, integers or booleans, of either byte order, in C or Fortran
//! order, compressed or not. Any other key is an error, so that a misspelt `target` is not
//! overlooked. Trials of different lengths are padded to one number of steps, and `lengths` says
//! where each ends: it is never guessed.

use std::io::{Read, Seek};
use std::path::Path;

use ndarray::{Array1, Array2, Array3, Axis};

use crate::npz::Npz;
use crate::npz_write::{NpzArray, write_npz};
use crate::trials::{OUTPUT, Target, Trials, default_names};
use crate::{Conditions, FileError, FileProblem};

const KNOWN: [&str; 13] = [
    "inputs",
    "input_names",
    "dt",
    "targets",
    "targets/SIGNAL",
    "weights",
    "weights/SIGNAL",
    "mask",
    "mask/SIGNAL",
    "start",
    "lengths",
    "conditions/NAME",
    "extra/NAME",
];

/// Reads trials from a `.npz` file with the keys of [this table](self).
///
/// `dt` (ms) serves where the file does not say; with neither, that is an error.
///
/// # Errors
/// [`FileError`], naming the file, the key, what was found and what to do.
pub fn read_trials(path: impl AsRef<Path>, dt: Option<f64>) -> Result<Trials, FileError> {
    trials_from(&mut Npz::open(path)?, dt)
}

/// Reads trials from an open file, as [`read_trials`] does.
///
/// # Errors
/// As [`read_trials`].
pub fn trials_from<R: Read + Seek>(
    file: &mut Npz<R>,
    dt: Option<f64>,
) -> Result<Trials, FileError> {
    refuse_unknown(file)?;
    let inputs: Array3<f32> = file.array("inputs", "[trial, time, channel]")?;
    let (count, steps, channels) = inputs.dim();
    let dt = match (file.has("dt"), dt) {
        (true, _) => file.scalar("dt")?,
        (false, Some(dt)) => dt,
        (false, None) => return Err(file.missing("dt")),
    };
    let input_names =
        if file.has("input_names") { file.texts("input_names")? } else { default_names(channels) };
    let lengths = lengths(file, count, steps)?;
    let targets = targets(file, count, steps, &lengths)?;
    let start = if file.has("start") {
        let start: Array2<f32> = file.array("start", "[trial, value]")?;
        agree(file, "start", "[trial, value]", vec![count, start.len_of(Axis(1))], start.shape())?;
        Some(start)
    } else {
        None
    };
    let conditions = conditions(file, count)?;
    let trials =
        Trials { dt, inputs: time_first(inputs), input_names, targets, start, conditions, lengths };
    match trials.validate() {
        Ok(()) => Ok(trials),
        Err(source) => Err(FileProblem::Trials { source }.of(file.path())),
    }
}

fn refuse_unknown<R: Read + Seek>(file: &Npz<R>) -> Result<(), FileError> {
    let known = |key: &str| match key.split_once('/') {
        Some((folder, name)) => {
            !name.is_empty()
                && ["targets", "weights", "mask", "conditions", "extra"].contains(&folder)
        }
        None => KNOWN.contains(&key),
    };
    match file.keys().iter().find(|key| !known(key)) {
        Some(key) => Err(file.unknown(key, &KNOWN)),
        None => Ok(()),
    }
}

fn lengths<R: Read + Seek>(
    file: &mut Npz<R>,
    count: usize,
    steps: usize,
) -> Result<Vec<usize>, FileError> {
    if !file.has("lengths") {
        return Ok(vec![steps; count]);
    }
    let found: Array1<f64> = file.array("lengths", "[trial]")?;
    agree(file, "lengths", "[trial]", vec![count], found.shape())?;
    match found.iter().position(|&n| n.fract() != 0.0 || n < 1.0 || n > steps as f64) {
        Some(trial) => Err(FileProblem::Value {
            key: format!("lengths[{trial}]"),
            value: found[trial].to_string(),
            fix: format!("a length is a whole number of steps in 1..={steps}"),
        }
        .of(file.path())),
        None => Ok(found.iter().map(|&n| n as usize).collect()),
    }
}

fn targets<R: Read + Seek>(
    file: &mut Npz<R>,
    count: usize,
    steps: usize,
    lengths: &[usize],
) -> Result<Vec<Target>, FileError> {
    let signal = |key: &str, folder: &str| match key.strip_prefix(folder) {
        Some("") => Some(OUTPUT.to_owned()),
        Some(rest) => rest.strip_prefix('/').map(str::to_owned),
        None => None,
    };
    let keys = file.keys().to_vec();
    let mut targets: Vec<Target> = Vec::new();
    for key in &keys {
        let Some(signal) = signal(key, "targets") else {
            continue;
        };
        let values: Array3<f32> = file.array(key, "[trial, time, channel]")?;
        let expected = vec![count, steps, values.len_of(Axis(2))];
        agree(file, key, "[trial, time, channel]", expected, values.shape())?;
        let weights =
            Array2::from_shape_fn((steps, count), |(step, trial)| f32::from(step < lengths[trial]));
        targets.push(Target { signal, values: time_first(values), weights });
    }
    let mut weighted: Vec<(String, &String)> = Vec::new();
    for key in &keys {
        let Some(signal) = signal(key, "weights").or_else(|| signal(key, "mask")) else {
            continue;
        };
        let wrong = |fix: String| {
            FileProblem::Value { key: key.clone(), value: "given".to_owned(), fix }.of(file.path())
        };
        if let Some((_, earlier)) = weighted.iter().find(|(s, _)| *s == signal) {
            return Err(wrong(format!(
                "`{earlier}` weights the same signal `{signal}`; keep one of them"
            )));
        }
        let Some(position) = targets.iter().position(|target| target.signal == signal) else {
            return Err(wrong(format!(
                "there is no target for the signal `{signal}`; add `targets/{signal}`"
            )));
        };
        let weights: Array2<f32> = file.array(key, "[trial, time]")?;
        agree(file, key, "[trial, time]", vec![count, steps], weights.shape())?;
        targets[position].weights = weights.t().as_standard_layout().into_owned();
        weighted.push((signal, key));
    }
    Ok(targets)
}

fn conditions<R: Read + Seek>(file: &mut Npz<R>, count: usize) -> Result<Conditions, FileError> {
    let mut conditions = Conditions::none(count);
    for key in file.keys().to_vec() {
        let Some(name) = key.strip_prefix("conditions/") else {
            continue;
        };
        let found = file.shape(&key)?;
        agree(file, &key, "[trial]", vec![count], &found)?;
        let added = if file.is_text(&key)? {
            conditions.with(name, file.texts(&key)?)
        } else {
            conditions.with(name, file.array::<f64, ndarray::Ix1>(&key, "[trial]")?.to_vec())
        };
        conditions = added.map_err(|source| FileProblem::Trials { source }.of(file.path()))?;
    }
    Ok(conditions)
}

fn agree<R: Read + Seek>(
    file: &Npz<R>,
    key: &str,
    axes: &'static str,
    expected: Vec<usize>,
    found: &[usize],
) -> Result<(), FileError> {
    if expected == found {
        return Ok(());
    }
    let (key, found) = (key.to_owned(), found.to_vec());
    Err(FileProblem::Shape { key, axes, with: "inputs", expected, found }.of(file.path()))
}

/// `[trial, time, channel]` of files to `[time, trial, channel]` of memory, contiguous.
fn time_first(array: Array3<f32>) -> Array3<f32> {
    array.permuted_axes([1, 0, 2]).as_standard_layout().into_owned()
}

/// Writes trials with the keys of [this table](self); [`read_trials`] gives them back.
///
/// # Errors
/// [`FileProblem::Trials`] if they are not valid, [`FileProblem::Io`] if the file cannot be written.
pub fn write_trials(path: impl AsRef<Path>, trials: &Trials) -> Result<(), FileError> {
    let path = path.as_ref();
    trials.validate().map_err(|source| FileProblem::Trials { source }.of(path))?;
    let inputs = trials.inputs.view().permuted_axes([1, 0, 2]);
    let lengths: Array1<i64> = trials.lengths.iter().map(|&n| n as i64).collect();
    let key = |folder: &str, signal: &str| match signal {
        OUTPUT => folder.to_owned(),
        other => format!("{folder}/{other}"),
    };
    let mut arrays: Vec<(String, NpzArray<'_>)> = vec![
        ("inputs".into(), (&inputs).into()),
        ("input_names".into(), trials.input_names.as_slice().into()),
        ("dt".into(), trials.dt.into()),
        ("lengths".into(), lengths.into()),
    ];
    for target in &trials.targets {
        let values = target.values.view().permuted_axes([1, 0, 2]).to_owned();
        arrays.push((key("targets", &target.signal), values.into()));
        arrays.push((key("weights", &target.signal), target.weights.t().to_owned().into()));
    }
    if let Some(start) = &trials.start {
        arrays.push(("start".into(), start.into()));
    }
    for (name, column) in trials.conditions.columns() {
        let column = match column {
            crate::Column::Numbers(numbers) => Array1::from(numbers.clone()).into(),
            crate::Column::Labels(labels) => labels.as_slice().into(),
        };
        arrays.push((format!("conditions/{name}"), column));
    }
    let named: Vec<(&str, NpzArray<'_>)> =
        arrays.iter().map(|(key, array)| (key.as_str(), array.clone())).collect();
    write_npz(path, &named)
}
