//! Statistics of the activity beside those of a recording.

use attractor_analysis::compare_statistics;

use super::activity::Activity;
use super::facts::{Analysis, Compared};
use super::{Subject, Unanswered};
use crate::fit::config::RecordingConfig;
use crate::fit::prepare::prepare;

/// Bootstrap samples of the intervals.
const DRAWS: usize = 1000;

pub(super) fn answer(
    subject: &Subject<'_>,
    activity: &Activity,
    facts: &mut Analysis,
) -> Result<(), Unanswered> {
    let Some(file) = subject.recording else {
        return Err(Unanswered("name a recording: --recording FILE".to_owned()));
    };
    // smoothing would change correlations and dimension
    let config =
        RecordingConfig { file: file.to_owned(), smooth: 0.0, ..RecordingConfig::default() };
    let recorded = prepare(&config)?.recording.activity.mapv(f64::from);
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
