//! Statistics of the activity beside those of a recording.

use std::path::Path;

use attractor_analysis::compare_statistics;
use ndarray::{Array3, s};

use super::activity::Activity;
use super::facts::{Analysis, Compared};
use super::{Subject, Unanswered};
use crate::error::RunError;
use crate::fit::config::RecordingConfig;
use crate::fit::prepare::read;

/// Bootstrap samples of the intervals.
const DRAWS: usize = 1000;

/// A recording to compare with.
pub(crate) struct Recorded {
    file: String,
    /// `[time, trial, unit]`, up to the end of the shortest trial.
    activity: Array3<f64>,
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
        Ok(Recorded { file, activity })
    }
}

pub(super) fn answer(
    subject: &Subject<'_>,
    activity: &Activity,
    facts: &mut Analysis,
) -> Result<(), Unanswered> {
    let Some(recorded) = subject.recording else {
        return Err(Unanswered("name a recording: --recording FILE".to_owned()));
    };
    let seed = subject.experiment.config.seed;
    let own = activity.noisy.slice(s![..activity.steps(), .., ..]);
    let found = compare_statistics(own, recorded.activity.view(), DRAWS, seed)?;
    facts.recording = Some(recorded.file.clone());
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
