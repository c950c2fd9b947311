//! Recordings in `.npz` files.
//!
//! | key | axes | if absent | meaning |
//! |---|---|---|---|
//! | `activity` | `[time, unit]` or `[trial, time, unit]` | an error | measured activity |
//! | `rate_hz` or `dt` | `[]` | an error | frames per second, or duration of a frame in ms |
//! | `inputs` | as `activity`, with channels | no inputs | inputs; another key can be named, such as `song` |
//! | `inputs_rate_hz` | `[]` | the activity's | the inputs' own rate (`song_rate_hz` for `song`) |
//! | `unit_names` | `[unit]` text | `unit0`, `unit1`, … | names of the units |
//! | `regions` | `[unit]` text | one region | the region of each unit, as `units/region` |
//! | `input_names` | `[channel]` text | `inputs0`, `inputs1`, … | names of the input channels |
//! | `lengths` | `[trial]` | all frames | frames of each trial before its padding |
//! | `units/NAME` | `[unit]` numbers or text | none | columns of the units, such as `units/region` |
//! | `conditions/NAME` | `[trial]` numbers or text | none | what was varied between trials |
//!
//! Other keys are left alone. Inputs with a rate of their own are brought to the activity's frames:
//! frame `k` gets the mean over `[k, k + 1) / rate_hz` of the input held constant between its
//! samples. That averages a faster input and repeats a slower one. Both must begin together and
//! last equally long, to within one frame of the slower.

use std::io::{Read, Seek};
use std::path::Path;

use attractor_data::{Conditions, FileError, FileProblem, Npz};
use ndarray::{Array1, Array3, ArrayD, Axis, Ix2, Ix3, s};

use crate::recording::{Recording, numbered};
use crate::resample::to_frames;
use crate::session::Provenance;

const AXES: &str = "[time, unit] or [trial, time, unit]";

/// Which arrays of the file to take.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// Key of the activity.
    pub activity: String,
    /// Key of the inputs; `None` takes `inputs` if there is one, `Some("")` takes none.
    pub inputs: Option<String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions { activity: "activity".to_owned(), inputs: None }
    }
}

/// Reads a recording from a `.npz` file with the keys of [this table](self).
///
/// # Errors
/// [`FileError`], naming the file, the key, what was found and what to do.
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Recording, FileError> {
    read_from(&mut Npz::open(path)?, options)
}

/// Reads a recording from an open file, as [`read`] does.
///
/// # Errors
/// As [`read`].
pub fn read_from<R: Read + Seek>(
    file: &mut Npz<R>,
    options: &ReadOptions,
) -> Result<Recording, FileError> {
    let recording = gather(file, options, Npz::numbers)?;
    recording.validate().map_err(|source| FileProblem::Trials { source }.of(file.path()))?;
    Ok(recording)
}

/// Reads a recording whose activity and inputs may have gaps (NaN) and whose padding may be anything:
/// what [`steps::transform`](crate::steps::transform) mends or refuses.
///
/// # Errors
/// As [`read`].
pub fn read_with_gaps<R: Read + Seek>(
    file: &mut Npz<R>,
    options: &ReadOptions,
) -> Result<Recording, FileError> {
    let mut recording = gather(file, options, Npz::values)?;
    for (trial, &length) in recording.lengths.iter().enumerate() {
        recording.activity.slice_mut(s![length.., trial, ..]).fill(0.0);
        recording.inputs.slice_mut(s![length.., trial, ..]).fill(0.0);
    }
    Ok(recording)
}

/// How an array is read: with NaN or without.
type Numbers<R> = fn(&mut Npz<R>, &str) -> Result<ArrayD<f32>, FileError>;

fn gather<R: Read + Seek>(
    file: &mut Npz<R>,
    options: &ReadOptions,
    numbers: Numbers<R>,
) -> Result<Recording, FileError> {
    let activity = time_first(file, &options.activity, numbers)?;
    let (frames, trials, units) = activity.dim();
    let rate = rate(file)?;
    let inputs_key = match options.inputs.as_deref() {
        None if file.has("inputs") => "inputs",
        None => "",
        Some(key) => key,
    };
    let inputs = if inputs_key.is_empty() {
        Array3::zeros((frames, trials, 0))
    } else {
        inputs(file, inputs_key, rate, (frames, trials), numbers)?
    };
    let unit_names = names(file, "unit_names", "unit", units)?;
    let input_names = match inputs_key {
        "" => Vec::new(),
        key => names(file, "input_names", key, inputs.len_of(Axis(2)))?,
    };
    let recording = Recording {
        dt: 1000.0 / rate,
        activity,
        unit_names,
        unit_columns: unit_columns(file, units)?,
        inputs,
        input_names,
        conditions: columns(file, "conditions/", "[trial]", trials)?,
        lengths: lengths(file, frames, trials)?,
        starts: vec![0.0; trials],
        events: Vec::new(),
        provenance: Provenance {
            file: file.path().display().to_string(),
            format: "npz".to_owned(),
            path: options.activity.clone(),
            ..Provenance::default()
        },
    };
    recording.agree().map_err(|source| FileProblem::Trials { source }.of(file.path()))?;
    Ok(recording)
}

/// `[time, unit]` or `[trial, time, unit]` of the file as `[time, trial, unit]`.
fn time_first<R: Read + Seek>(
    file: &mut Npz<R>,
    key: &str,
    numbers: Numbers<R>,
) -> Result<Array3<f32>, FileError> {
    let found = file.shape(key)?;
    if !(2..=3).contains(&found.len()) {
        return Err(
            FileProblem::Rank { key: key.to_owned(), expected: AXES, found }.of(file.path())
        );
    }
    let array = numbers(file, key)?;
    if found.len() == 2
        && let Ok(continuous) = array.clone().into_dimensionality::<Ix2>()
    {
        return Ok(continuous.insert_axis(Axis(1)));
    }
    match array.into_dimensionality::<Ix3>() {
        Ok(trials) => Ok(trials.permuted_axes([1, 0, 2]).as_standard_layout().into_owned()),
        Err(_) => {
            Err(FileProblem::Rank { key: key.to_owned(), expected: AXES, found }.of(file.path()))
        }
    }
}

/// Frames per second, from `rate_hz` or `dt`.
fn rate<R: Read + Seek>(file: &mut Npz<R>) -> Result<f64, FileError> {
    let wrong = |file: &Npz<R>, key: &str, value: f64, fix: &str| {
        FileProblem::Value { key: key.to_owned(), value: value.to_string(), fix: fix.to_owned() }
            .of(file.path())
    };
    match (file.has("rate_hz"), file.has("dt")) {
        (false, false) => Err(file.missing("rate_hz")),
        (true, has_dt) => {
            let rate = positive(file, "rate_hz")?;
            let dt = if has_dt { positive(file, "dt")? } else { 1000.0 / rate };
            if (dt * rate / 1000.0 - 1.0).abs() > 1e-6 {
                return Err(wrong(
                    file,
                    "dt",
                    dt,
                    &format!("`rate_hz` = {rate} makes it {} ms; keep one of them", 1000.0 / rate),
                ));
            }
            Ok(rate)
        }
        (false, true) => Ok(1000.0 / positive(file, "dt")?),
    }
}

fn positive<R: Read + Seek>(file: &mut Npz<R>, key: &str) -> Result<f64, FileError> {
    let value = file.scalar(key)?;
    if value > 0.0 {
        return Ok(value);
    }
    let fix = "a positive number is needed".to_owned();
    Err(FileProblem::Value { key: key.to_owned(), value: value.to_string(), fix }.of(file.path()))
}

fn inputs<R: Read + Seek>(
    file: &mut Npz<R>,
    key: &str,
    rate: f64,
    (frames, trials): (usize, usize),
    numbers: Numbers<R>,
) -> Result<Array3<f32>, FileError> {
    let inputs = time_first(file, key, numbers)?;
    let (samples, input_trials, channels) = inputs.dim();
    let rate_key = format!("{key}_rate_hz");
    let own_rate = if file.has(&rate_key) { positive(file, &rate_key)? } else { rate };
    let seconds = (samples as f64 / own_rate, frames as f64 / rate);
    let slack =
        if own_rate == rate { 0.0 } else { (1.0 / own_rate).max(1.0 / rate) * (1.0 + 1e-9) };
    let same_time =
        if own_rate == rate { samples == frames } else { (seconds.0 - seconds.1).abs() <= slack };
    if input_trials != trials || !same_time {
        let expected = vec![trials, (seconds.1 * own_rate).round() as usize, channels];
        let found = vec![input_trials, samples, channels];
        let (key, axes) = (key.to_owned(), "[trial, time, channel]");
        return Err(
            FileProblem::Shape { key, axes, with: "activity", expected, found }.of(file.path())
        );
    }
    Ok(if own_rate == rate { inputs } else { to_frames(&inputs, own_rate / rate, frames) })
}

fn names<R: Read + Seek>(
    file: &mut Npz<R>,
    key: &str,
    stem: &str,
    count: usize,
) -> Result<Vec<String>, FileError> {
    if !file.has(key) {
        return Ok(numbered(stem, count));
    }
    let names = file.texts(key)?;
    if names.len() == count {
        return Ok(names);
    }
    let (expected, found) = (vec![count], vec![names.len()]);
    let with = if key == "unit_names" { "activity" } else { "inputs" };
    Err(FileProblem::Shape { key: key.to_owned(), axes: "[name]", with, expected, found }
        .of(file.path()))
}

fn lengths<R: Read + Seek>(
    file: &mut Npz<R>,
    frames: usize,
    trials: usize,
) -> Result<Vec<usize>, FileError> {
    if !file.has("lengths") {
        return Ok(vec![frames; trials]);
    }
    let lengths: Array1<f64> = file.array("lengths", "[trial]")?;
    match lengths.iter().position(|&n| n.fract() != 0.0 || n < 1.0 || n > frames as f64) {
        Some(trial) => Err(FileProblem::Value {
            key: format!("lengths[{trial}]"),
            value: lengths[trial].to_string(),
            fix: format!("a length is a whole number of frames in 1..={frames}"),
        }
        .of(file.path())),
        None => Ok(lengths.iter().map(|&n| n as usize).collect()),
    }
}

/// Columns of the units: `units/NAME`, and `regions` unless there is `units/region`.
fn unit_columns<R: Read + Seek>(file: &mut Npz<R>, units: usize) -> Result<Conditions, FileError> {
    let columns = columns(file, "units/", "[unit]", units)?;
    if columns.column("region").is_some() || !file.has("regions") || !file.is_text("regions")? {
        return Ok(columns);
    }
    let regions = file.texts("regions")?;
    if regions.len() != units {
        let (key, axes) = ("regions".to_owned(), "[unit]");
        let (expected, found) = (vec![units], vec![regions.len()]);
        return Err(
            FileProblem::Shape { key, axes, with: "activity", expected, found }.of(file.path())
        );
    }
    columns.with("region", regions).map_err(|source| FileProblem::Trials { source }.of(file.path()))
}

/// The columns whose keys begin so, one entry per row.
fn columns<R: Read + Seek>(
    file: &mut Npz<R>,
    prefix: &str,
    axes: &'static str,
    rows: usize,
) -> Result<Conditions, FileError> {
    let mut columns = Conditions::none(rows);
    for key in file.keys().to_vec() {
        let Some(name) = key.strip_prefix(prefix) else {
            continue;
        };
        let added = if file.is_text(&key)? {
            columns.with(name, file.texts(&key)?)
        } else {
            columns.with(name, file.array::<f64, ndarray::Ix1>(&key, axes)?.to_vec())
        };
        columns = added.map_err(|source| FileProblem::Trials { source }.of(file.path()))?;
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_data::{NpzArray, write_npz};
    use ndarray::Array2;

    fn reading(
        arrays: &[(&str, NpzArray<'_>)],
        options: &ReadOptions,
    ) -> Result<Recording, FileError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rec.npz");
        write_npz(&path, arrays).unwrap();
        read(&path, options)
    }

    #[test]
    fn both_layouts_are_read() {
        let continuous = Array2::from_shape_fn((5, 3), |(t, u)| (10 * t + u) as f32);
        let recording = reading(
            &[("activity", (&continuous).into()), ("rate_hz", 50.0.into())],
            &ReadOptions::default(),
        )
        .unwrap();
        assert_eq!(
            (recording.frames(), recording.trials(), recording.units(), recording.dt),
            (5, 1, 3, 20.0)
        );
        assert_eq!(recording.activity[[4, 0, 2]], 42.0);

        let trials = Array3::from_shape_fn((2, 5, 3), |(k, t, u)| (100 * k + 10 * t + u) as f32);
        let inputs = Array3::from_shape_fn((2, 5, 1), |(k, t, _)| (100 * k + t) as f32);
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let regions: Vec<String> = ["V1", "V2", "V1"].map(str::to_owned).to_vec();
        let arrays = [
            ("activity", NpzArray::from(&trials)),
            ("inputs", (&inputs).into()),
            ("dt", 20.0.into()),
            ("unit_names", names.as_slice().into()),
            ("lengths", Array1::from(vec![5_i64, 4]).into()),
            ("conditions/angle", Array1::from(vec![0.0, 90.0]).into()),
            ("units/region", regions.as_slice().into()),
            ("anything", 1.0.into()),
        ];
        let recording = reading(&arrays, &ReadOptions::default()).unwrap();
        assert_eq!(recording.activity[[4, 1, 2]], 142.0);
        assert_eq!(recording.inputs[[4, 1, 0]], 104.0);
        assert_eq!((recording.unit_names, recording.lengths), (names.clone(), vec![5, 4]));
        assert_eq!(recording.conditions.numbers("angle").unwrap(), [0.0, 90.0]);
        let regions = recording.unit_columns.column("region").unwrap().groups();
        assert_eq!(regions[0].1, [0, 2]);
        let none = reading(
            &arrays,
            &ReadOptions { inputs: Some(String::new()), ..ReadOptions::default() },
        )
        .unwrap();
        assert_eq!(none.channels(), 0);
    }

    #[test]
    fn inputs_of_another_rate_are_brought_to_the_frames() {
        let activity = Array2::<f32>::zeros((6, 2));
        let song = Array2::<f32>::ones((10, 4));
        let arrays = |samples: f64| {
            [
                ("activity", NpzArray::from(&activity)),
                ("rate_hz", 3.0.into()),
                ("song", (&song).into()),
                ("song_rate_hz", samples.into()),
            ]
        };
        let options = ReadOptions { inputs: Some("song".into()), ..ReadOptions::default() };
        let recording = reading(&arrays(5.0), &options).unwrap();
        assert_eq!(
            (recording.inputs.dim(), recording.input_names[3].as_str()),
            ((6, 1, 4), "song3")
        );
        assert!(recording.inputs.iter().all(|x| (x - 1.0).abs() < 1e-6));
        let error = reading(&arrays(10.0), &options).unwrap_err().to_string();
        assert!(error.contains("`song`") && error.contains("agree with `activity`"), "{error}");
    }

    #[test]
    fn messages_name_key_and_fix() {
        let says = |arrays: &[(&str, NpzArray<'_>)], options: ReadOptions, parts: &[&str]| {
            let message = reading(arrays, &options).unwrap_err().to_string();
            for part in parts {
                assert!(message.contains(part), "`{part}` is not in: {message}");
            }
        };
        let activity = Array2::<f32>::zeros((5, 3));
        let ok = ("activity", NpzArray::from(&activity));
        let plain = ReadOptions::default;
        says(
            &[("activty", (&activity).into())],
            plain(),
            &["no array `activity`", "did you mean `activty`?"],
        );
        says(std::slice::from_ref(&ok), plain(), &["no array `rate_hz`"]);
        says(&[ok.clone(), ("rate_hz", 0.0.into())], plain(), &["`rate_hz` is 0", "positive"]);
        says(
            &[ok.clone(), ("rate_hz", 50.0.into()), ("dt", 10.0.into())],
            plain(),
            &["`dt` is 10", "20 ms"],
        );
        says(
            &[ok.clone(), ("dt", 1.0.into())],
            ReadOptions { inputs: Some("song".into()), ..plain() },
            &["no array `song`"],
        );
        says(
            &[("activity", Array1::<f32>::zeros(3).into())],
            plain(),
            &["[time, unit] or [trial, time, unit]", "[3]"],
        );
        says(
            &[ok, ("dt", 1.0.into()), ("inputs", Array2::<f32>::zeros((4, 1)).into())],
            plain(),
            &["`inputs`", "[1, 5, 1]", "[1, 4, 1]"],
        );
        says(
            &[("activity", Array2::<f32>::zeros((5, 0)).into()), ("dt", 1.0.into())],
            plain(),
            &["`activity`", "[5, 1, 0]"],
        );
    }
}
