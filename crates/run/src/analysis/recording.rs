//! Statistics of the activity beside those of a recording.

use std::path::Path;

use attractor_analysis::compare_statistics;
use attractor_data::Trials;
use attractor_learn::Model;
use ndarray::{Array3, s};

use super::activity::Activity;
use super::facts::{Analysis, Compared};
use super::{Subject, Unanswered};
use crate::error::RunError;
use crate::evaluate::{group, signal};
use crate::fit::config::RecordingConfig;
use crate::fit::prepare::read;

/// Bootstrap samples of the intervals.
const DRAWS: usize = 1000;

/// A recording to compare with.
pub(crate) struct Recorded {
    file: String,
    /// `[time, trial, unit]`, up to the end of the shortest trial.
    activity: Array3<f64>,
    /// The least that a network can mean; what a fitted one is below the least recorded is error.
    least: f64,
}

impl Recorded {
    /// A recording as a fit would read it, but with its silent units and not smoothed: that would change
    /// correlations and dimension.
    pub(crate) fn read(file: &Path) -> Result<Recorded, RunError> {
        let file = file.display().to_string();
        let (recording, _) =
            read(&RecordingConfig { file: file.clone(), ..RecordingConfig::default() })?;
        let common = recording.lengths.iter().copied().min().unwrap_or(0);
        let activity = recording.activity.slice(s![..common, .., ..]).mapv(f64::from);
        Ok(Recorded { file, activity, least: f64::NEG_INFINITY })
    }

    /// What trials want of a signal, once in so many steps: the recording that a network was fitted to.
    pub(crate) fn wanted(file: &str, trials: &Trials, signal: &str, stride: usize) -> Option<Self> {
        let common = trials.lengths.iter().copied().min().unwrap_or(0);
        let values = trials.target(signal)?.values.slice(s![stride - 1..common;stride, .., ..]);
        let activity = values.mapv(f64::from);
        let least = activity.iter().copied().fold(f64::INFINITY, f64::min);
        Some(Recorded { file: file.to_owned(), activity, least })
    }
}

pub(super) fn answer(
    subject: &mut Subject<'_>,
    activity: &Activity,
    facts: &mut Analysis,
) -> Result<(), Unanswered> {
    let Some(recorded) = subject.recording.take() else {
        return Err(Unanswered("name a recording: --recording FILE".to_owned()));
    };
    let observed = signal(&subject.network(), &subject.signals.observed)?;
    let (stride, noise) = (subject.score.stride, subject.noise);
    let Subject { engine, weights, .. } = subject;
    let run = Model::run(*engine, weights, &activity.trials, noise, &[observed.id])?.remove(0);
    // what is not finite stays so, and is told
    let no_less = |x: f64| if x < recorded.least { recorded.least } else { x };
    let own = group(&observed, &run).mapv(|x| no_less(f64::from(x)));
    let own = own.slice(s![stride - 1..activity.steps();stride, .., ..]);
    let found = compare_statistics(own, recorded.activity.view(), DRAWS, subject.seed)?;
    facts.recording = Some(recorded.file);
    facts.compared = found
        .into_iter()
        .map(|found| Compared {
            statistic: found.name.to_owned(),
            network: found.values[0],
            recording: found.values[1],
            distance: found.distance,
            interval: found.interval,
            within: found.within,
        })
        .collect();
    Ok(())
}
