//! Which few dimensions of one region predict another: reduced-rank regression between regions.

use attractor_analysis::{MeasureError, SubspaceOptions, communication_subspace};
use attractor_data::{NpzArray, write_npz};
use attractor_recording::Recording;
use ndarray::{Array1, Array2, Axis};

use super::closing::close;
use super::config::{FitExperiment, SubspaceConfig};
use super::prepare::prepare;
use super::regions::regions;
use super::results::FitResults;
use super::session::FitOutcome;
use crate::clock;
use crate::directory::{RunDirectory, write_text};
use crate::error::RunError;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::observer::{Event, Observer};
use crate::train::Settings;

mod page;
mod scores;

#[cfg(test)]
mod tests;

pub use scores::{RankScore, RidgeScore, SubspaceFit, SubspaceRegion};

/// Blocks of a continuous recording for each part that is held out.
const BLOCKS: usize = 10;

fn unmeasured(error: MeasureError) -> RunError {
    RunError::Request(format!("the subspace: {error}"))
}

/// Reduced-rank regression of one region on another, from the file to the page.
pub(crate) fn fit(
    experiment: &FitExperiment,
    directory: &RunDirectory,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, RunError> {
    let config = &experiment.config;
    let started = clock::now();
    let mut warnings = Vec::new();
    let prepared = prepare(&config.recording)?;
    warnings.extend(prepared.recording.provenance.repairs.clone());
    let labels = regions(config, &prepared, &mut warnings)?;
    let [from, to] = [&config.subspace.from, &config.subspace.to].map(|name| units(&labels, name));
    let (from, to) = (from?, to?);
    let recording = &prepared.recording;
    let samples = Samples::of(recording, &config.subspace)?;
    write_text(&directory.config(), &experiment.text)?;
    let mut log = Log::open(&directory.log());
    let said = format!(
        "{} of {} units on {} of {}, {} samples",
        config.subspace.to,
        to.len(),
        config.subspace.from,
        from.len(),
        samples.groups.len()
    );
    log.say(&said);
    observer.event(Event::Note(&said));
    let (x, y) = (samples.values.select(Axis(1), &from), samples.values.select(Axis(1), &to));
    let options = SubspaceOptions {
        folds: config.subspace.folds,
        l2: config.subspace.l2.clone(),
        seed: config.seed,
    };
    let found = communication_subspace(x.view(), y.view(), &samples.groups, &options)
        .map_err(unmeasured)?;

    let basis = found.fit.subspace(found.rank).map_err(unmeasured)?;
    let linear = found.fit.at(found.rank).map_err(unmeasured)?;
    let names = |units: &[usize]| -> Vec<String> {
        units.iter().map(|&unit| recording.unit_names[unit].clone()).collect()
    };
    let (sources, targets) = (names(&from), names(&to));
    let arrays: [(&str, NpzArray<'_>); 6] = [
        ("basis", (&basis).into()),
        ("weights", (&linear.weights).into()),
        ("source_mean", (&linear.source_mean).into()),
        ("target_mean", (&linear.target_mean).into()),
        ("sources", sources.as_slice().into()),
        ("targets", targets.as_slice().into()),
    ];
    write_npz(directory.path().join("subspace.npz"), &arrays)?;
    let region =
        |name: &str, units: &[usize]| SubspaceRegion { name: name.to_owned(), units: units.len() };
    let scored = SubspaceFit::of(
        region(&config.subspace.from, &from),
        region(&config.subspace.to, &to),
        &samples,
        &options,
        &found,
    );
    warnings.extend(scored.warnings());
    let results = FitResults {
        seed: config.seed,
        recording: prepared.facts(&config.recording),
        subspace: Some(scored),
        warnings,
        started,
        ..FitResults::default()
    };
    let text = &experiment.text;
    close(results, &Metrics::default(), settings, log, directory, observer, |results| {
        page::write(results, text, directory)
    })
}

/// Units of a region.
fn units(labels: &[String], name: &str) -> Result<Vec<usize>, RunError> {
    let units: Vec<usize> = (0..labels.len()).filter(|&unit| labels[unit] == name).collect();
    if !units.is_empty() {
        return Ok(units);
    }
    let mut there = labels.to_vec();
    there.sort();
    there.dedup();
    if there.len() == 1 {
        let said = "its units have one region; write units/region into the file, or name a column by fit.regions";
        return Err(RunError::Request(format!(
            "there is no region `{name}` in the recording: {said}"
        )));
    }
    Err(RunError::Request(format!(
        "there is no region `{name}` with a unit that varies; there are {} (fit.regions names the column)",
        there.join(", ")
    )))
}

/// Frames of all trials, one below the other.
struct Samples {
    /// `[sample, unit]`
    values: Array2<f64>,
    /// What is held out together: a trial, or a block of a continuous recording.
    groups: Vec<usize>,
    trials: usize,
    residuals: bool,
}

impl Samples {
    fn of(recording: &Recording, config: &SubspaceConfig) -> Result<Self, RunError> {
        let trials = recording.trials();
        let alike = alike(recording, &config.by)?;
        // of a single trial nothing would be left
        let residuals = config.residuals && trials > 1;
        let count: usize = recording.lengths.iter().sum();
        let mut values = Array2::zeros((count, recording.units()));
        let mut groups = Vec::with_capacity(count);
        let mut sample = 0;
        for (trial, &length) in recording.lengths.iter().enumerate() {
            for frame in 0..length {
                let at = recording.activity.slice(ndarray::s![frame, trial, ..]).mapv(f64::from);
                values.row_mut(sample).assign(&at);
                groups.push(trial);
                sample += 1;
            }
        }
        if residuals {
            let places: Vec<(usize, usize)> = (recording.lengths.iter().enumerate())
                .flat_map(|(trial, &length)| (0..length).map(move |frame| (trial, frame)))
                .collect();
            subtract_means(&mut values, |sample| (alike[places[sample].0], places[sample].1));
        }
        if trials > 1 && config.folds > trials {
            return Err(RunError::Request(format!(
                "subspace.folds is {}, but there are {trials} trials to divide",
                config.folds
            )));
        }
        if trials == 1 {
            let blocks = (config.folds * BLOCKS).min(count).max(1);
            groups = (0..count).map(|sample| sample * blocks / count).collect();
        }
        Ok(Samples { values, groups, trials, residuals })
    }
}

/// Subtracts from each sample the mean over all that share its key.
fn subtract_means<K: Ord>(values: &mut Array2<f64>, key: impl Fn(usize) -> K) {
    let mut order: Vec<usize> = (0..values.nrows()).collect();
    order.sort_by_key(|&sample| key(sample));
    for same in order.chunk_by(|&a, &b| key(a) == key(b)) {
        let mut mean = Array1::zeros(values.ncols());
        same.iter().for_each(|&sample| mean += &values.row(sample));
        mean /= same.len() as f64;
        for &sample in same {
            let mut row = values.row_mut(sample);
            row -= &mean;
        }
    }
}

/// A number for each trial, the same for those that agree in these columns.
fn alike(recording: &Recording, by: &[String]) -> Result<Vec<usize>, RunError> {
    let mut keys = vec![String::new(); recording.trials()];
    for name in by {
        let Some(column) = recording.conditions.column(name) else {
            let there: Vec<&str> = recording.conditions.columns().map(|(name, _)| name).collect();
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            return Err(RunError::Request(format!(
                "subspace.by: the trials have no column `{name}`; they have {there}"
            )));
        };
        for (trial, key) in keys.iter_mut().enumerate() {
            let value = column.value(trial).map_or_else(String::new, |value| value.to_string());
            key.push_str(&value);
            key.push('\u{1f}');
        }
    }
    let mut known = keys.clone();
    known.sort();
    known.dedup();
    Ok(keys.iter().map(|key| known.partition_point(|other| other < key)).collect())
}
