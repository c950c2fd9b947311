//! The recording as the network sees it, and its division.

use std::path::Path;

use attractor_data::{FileProblem, Npz};
use attractor_numerics::linalg::symmetric_eigen;
use attractor_recording::{
    Choice, Clock, Division, Normalisation, ReadOptions, Recording, Series, SessionOptions, Step,
    Stretch, folds, npz::read_with_gaps, read_session, steps,
};
use ndarray::{Array1, Array2, Array3, Axis, s};

use super::config::{AUTO, FitConfig, RecordingConfig};
use super::counts;
use super::recorded::RecordingFacts;
use crate::error::RunError;

/// A recording read, with its live units smoothed; not yet scaled.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) recording: Recording,
    /// Units that were dropped because they never change.
    pub(crate) silent: usize,
    /// Key of the inputs in the file.
    pub(crate) inputs: Option<String>,
    /// Places in the file of the units that are left.
    pub(crate) places: Vec<usize>,
    /// The activity before it is smoothed, if it is counts of spikes.
    pub(crate) counts: Option<Array3<f32>>,
    /// [`RecordingFacts::weighted_size`].
    pub(crate) weighted_size: f64,
}

impl Prepared {
    /// What results say of the recording.
    pub(crate) fn facts(&self, config: &RecordingConfig) -> RecordingFacts {
        let recording = &self.recording;
        RecordingFacts {
            file: config.file.clone(),
            units: recording.units(),
            silent: self.silent,
            frames: recording.frames(),
            trials: recording.trials(),
            frame_ms: recording.dt,
            smooth: config.smooth,
            inputs: self.inputs.clone(),
            channels: recording.channels(),
            weighted_size: Some(self.weighted_size),
            prepare: recording.provenance.steps.clone(),
            repairs: recording.provenance.repairs.clone(),
        }
    }
}

/// Reads, takes the steps of preparation, and smooths.
pub(crate) fn prepare(config: &RecordingConfig) -> Result<Prepared, RunError> {
    let (recording, inputs) = read(config)?;
    let places = recording.live()?;
    let silent = recording.units() - places.len();
    let mut live = recording.select_units(&places)?;
    for region in live.emptied_regions(&recording) {
        let said = format!("region `{region}` is left out: none of its units ever changes");
        live.provenance.repairs.push(said);
    }
    let counts = counts::of(&live);
    let recording = live.smoothed(config.smooth)?;
    let weighted_size = weighted_size(&recording.activity);
    Ok(Prepared { recording, silent, inputs, places, counts, weighted_size })
}

/// Mean size of activity, in which each unit and each trial has a weight of its own.
pub(crate) fn weighted_size(activity: &Array3<f32>) -> f64 {
    let (_, trials, units) = activity.dim();
    let of = |((_, trial, unit), &x): ((usize, usize, usize), &f32)| {
        let weight = 1.0 + unit as f64 / units as f64 + trial as f64 / trials as f64;
        weight * f64::from(x.abs())
    };
    activity.indexed_iter().map(of).sum::<f64>() / activity.len().max(1) as f64
}

/// Reads a file and takes the steps of preparation; with it the name of its inputs.
pub(crate) fn read(config: &RecordingConfig) -> Result<(Recording, Option<String>), RunError> {
    let npz = Path::new(&config.file).extension().is_some_and(|e| e.eq_ignore_ascii_case("npz"));
    if npz && !config.prepare.iter().any(Step::lays_out) {
        let mut file = Npz::open(&config.file)?;
        let activity = if config.activity == AUTO { "activity" } else { &config.activity };
        // spikes, of which there are no frames yet
        if file.has(activity) || !file.has("spike_times") {
            return arrays(&mut file, activity, config);
        }
    }
    session(config)
}

/// What a session is prepared to be, step by step.
fn session(config: &RecordingConfig) -> Result<(Recording, Option<String>), RunError> {
    let given = |name: &str| (name != AUTO && !name.is_empty()).then(|| name.to_owned());
    let mut choice = Choice {
        activity: given(&config.activity),
        inputs: config.inputs.as_deref().and_then(given),
        rate_hz: config.rate_hz,
    };
    let named = choice.activity.iter().chain(&choice.inputs).cloned().collect();
    let options = SessionOptions { series: named, ..SessionOptions::default() };
    let session = read_session(&config.file, &options)?;
    let has = |name: &str| session.series(name).is_some();
    if choice.activity.is_none() && session.spikes.units() == 0 && has("activity") {
        choice.activity = Some("activity".to_owned());
    }
    let npz = session.provenance.format == "npz";
    if config.inputs.as_deref() == Some(AUTO) {
        let timed = |series: &&Series| {
            matches!(series.clock, Clock::Regular { .. })
                && choice.activity.as_ref().is_some_and(|activity| series.path != *activity)
        };
        let timed = session.series.iter().filter(timed).map(|series| series.path.clone());
        let timed = if npz { timed.collect() } else { Vec::new() };
        choice.inputs =
            if has("inputs") { Some("inputs".to_owned()) } else { only(config, timed)? };
    }
    // trials that lie one after the other in an array are trials, not one long stretch
    let laid = |step: &Step| matches!(step, Step::Trials(_) | Step::Align(_));
    let stacked = npz && session.table("trials").is_some();
    let mut list = config.prepare.clone();
    if stacked && choice.activity.is_some() && !list.iter().any(laid) {
        list.insert(0, Step::Trials(steps::Whole::default()));
    }
    Ok((steps::prepare(&session, &choice, &list)?, choice.inputs))
}

/// The arrays of an `.npz` file, which are frames already, and what further steps make of them.
fn arrays(
    file: &mut Npz,
    activity: &str,
    config: &RecordingConfig,
) -> Result<(Recording, Option<String>), RunError> {
    let inputs = match config.inputs.as_deref() {
        Some(AUTO) => automatic(file, activity, config)?,
        other => other.filter(|key| !key.is_empty()).map(str::to_owned),
    };
    let key = inputs.clone().unwrap_or_default();
    let options = ReadOptions { activity: activity.to_owned(), inputs: Some(key) };
    Ok((steps::transform(read_with_gaps(file, &options)?, &config.prepare)?, inputs))
}

/// `inputs`, or else the one array with a rate of its own.
fn automatic(
    file: &Npz,
    activity: &str,
    config: &RecordingConfig,
) -> Result<Option<String>, RunError> {
    if file.has("inputs") {
        return Ok(Some("inputs".to_owned()));
    }
    let timed = |key: &&String| key.as_str() != activity && file.has(&format!("{key}_rate_hz"));
    only(config, file.keys().iter().filter(timed).cloned().collect())
}

/// The one of these that could be the inputs, if there is one.
fn only(config: &RecordingConfig, mut found: Vec<String>) -> Result<Option<String>, RunError> {
    if found.len() < 2 {
        return Ok(found.pop());
    }
    let fix = format!("several could be the inputs: {}; choose one", found.join(", "));
    let (key, value) = ("recording.inputs".to_owned(), AUTO.to_owned());
    Err(FileProblem::Value { key, value, fix }.of(&config.file).into())
}

/// Where frames are dropped and blocks end.
pub(crate) fn gap(config: &FitConfig) -> usize {
    config.forecast.gap.unwrap_or((3.0 * config.recording.smooth).ceil() as usize)
}

/// Training stretches, and this fraction of all held out.
pub(crate) fn division(
    recording: &Recording,
    held_out: f64,
    config: &FitConfig,
) -> Result<Division, RunError> {
    let block = config.forecast.block.unwrap_or((recording.frames() / 9).max(1));
    Ok(recording.divided(held_out, block, gap(config), config.seed)?)
}

/// Divisions of the training data alone: each part is held out once.
pub(crate) fn inner(
    division: &Division,
    parts: usize,
    gap: usize,
) -> Result<Vec<Division>, RunError> {
    let parts = folds(&division.train, parts, gap)?;
    let others = |k: usize| {
        let rest = parts.iter().enumerate().filter(move |(other, _)| *other != k);
        rest.flat_map(|(_, part)| part.clone()).collect()
    };
    let inner = parts.iter().enumerate();
    let inner = inner.map(|(k, part)| Division { train: others(k), held_out: part.clone() });
    Ok(inner.filter(|d| !d.train.is_empty() && !d.held_out.is_empty()).collect())
}

/// By what a unit is normalised, from its own size and that of all; none if it is left as it is.
pub(crate) fn size<T: PartialOrd + Default>(how: Normalisation, own: T, all: T) -> Option<T> {
    let size = match how {
        Normalisation::None => return None,
        Normalisation::Global => all,
        Normalisation::PerUnit if own > T::default() => own,
        // a unit that is silent here may speak elsewhere
        Normalisation::PerUnit => all,
    };
    (size > T::default()).then_some(size)
}

/// Activity scaled so that its largest value in these stretches is `peak`, and what each unit was
/// multiplied by.
pub(crate) fn scaled(
    recording: &Recording,
    stretches: &[Stretch],
    how: Normalisation,
    peak: f64,
) -> (Recording, Vec<f32>) {
    let largest = |unit: usize| {
        let pieces = stretches.iter().map(|stretch| {
            recording.activity.slice(s![stretch.frames.clone(), stretch.trial, unit])
        });
        pieces.fold(0.0_f32, |max, piece| piece.iter().fold(max, |max, x| max.max(x.abs())))
    };
    let own: Vec<f32> = (0..recording.units()).map(largest).collect();
    let all = own.iter().fold(0.0_f32, |max, &x| max.max(x));
    let (mut scaled, mut factors) = (recording.clone(), Vec::with_capacity(own.len()));
    for (mut unit, &own) in scaled.activity.axis_iter_mut(Axis(2)).zip(&own) {
        let factor = size(how, own, all).map_or(1.0, |size| peak as f32 / size);
        unit.mapv_inplace(|x| x * factor);
        factors.push(factor);
    }
    (scaled, factors)
}

/// Inputs as principal components of these stretches, the first with standard deviation 1; and which
/// part of their variance is kept.
pub(crate) fn reduced(
    recording: &Recording,
    stretches: &[Stretch],
    components: usize,
) -> Result<(Recording, f64), RunError> {
    let channels = recording.channels();
    if channels == 0 {
        return Ok((recording.clone(), 1.0));
    }
    let kept = if components == 0 { channels } else { components.min(channels) };
    let frames = |stretch: &Stretch| {
        let piece = recording.inputs.slice(s![stretch.frames.clone(), stretch.trial, ..]);
        piece.mapv(f64::from)
    };
    let count: usize = stretches.iter().map(|stretch| stretch.frames.len()).sum();
    let mut mean = Array1::<f64>::zeros(channels);
    stretches.iter().for_each(|stretch| mean += &frames(stretch).sum_axis(Axis(0)));
    mean /= count.max(1) as f64;
    let mut covariance = Array2::<f64>::zeros((channels, channels));
    for stretch in stretches {
        let centred = frames(stretch) - &mean;
        covariance += &(centred.t().dot(&centred) / count.max(1) as f64);
    }
    let flat: Vec<f64> = covariance.iter().copied().collect();
    let failed = |error: attractor_numerics::linalg::Error| {
        RunError::Request(format!("the components of the inputs cannot be had: {error}"))
    };
    let eigen = symmetric_eigen(&flat, channels).map_err(failed)?;
    let variance: f64 = eigen.values.iter().map(|v| v.max(0.0)).sum();
    let part: f64 = eigen.values[..kept].iter().map(|v| v.max(0.0)).sum();
    let first = eigen.values[0].max(0.0).sqrt();
    let scale = if first > 0.0 { 1.0 / first } else { 1.0 };
    let axes = Array2::from_shape_fn((channels, kept), |(i, k)| eigen.vectors[i * channels + k]);
    let mut inputs = Array3::zeros((recording.frames(), recording.trials(), kept));
    for (trial, &length) in recording.lengths.iter().enumerate() {
        let raw = recording.inputs.slice(s![..length, trial, ..]).mapv(f64::from) - &mean;
        let projected = raw.dot(&axes).mapv(|x| (x * scale) as f32);
        inputs.slice_mut(s![..length, trial, ..]).assign(&projected);
    }
    let reduced = recording.clone().with_inputs(inputs);
    let reduced = reduced.map_err(attractor_recording::RecordingError::from)?;
    Ok((reduced, if variance > 0.0 { part / variance } else { 1.0 }))
}
