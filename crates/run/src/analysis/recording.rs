//! Statistics of the activity beside those of a recording.

use std::path::Path;

use attractor_analysis::compare_statistics;
use ndarray::Array3;

use super::activity::Activity;
use super::facts::{Analysis, Compared};
use super::{Subject, Unanswered};
use crate::error::RunError;
use crate::fit::config::RecordingConfig;
use crate::fit::prepare::prepare;

/// Bootstrap samples of the intervals.
const DRAWS: usize = 1000;

/// Activity `[time, trial, unit]` of a file, as a fit would see it, but not smoothed: that would change
/// correlations and dimension.
pub(crate) fn read(file: &Path) -> Result<Array3<f64>, RunError> {
    let file = file.display().to_string();
    let config = RecordingConfig { file, smooth: 0.0, ..RecordingConfig::default() };
    Ok(prepare(&config)?.recording.activity.mapv(f64::from))
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
    let found = compare_statistics(activity.noisy.view(), recorded.view(), DRAWS, seed)?;
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
