//! The end of a fit that takes one sitting: warnings, page, log, and at last `results.json`.

use super::results::FitResults;
use super::session::FitOutcome;
use crate::clock;
use crate::directory::{RunDirectory, write_text};
use crate::error::RunError;
use crate::finish::{machine, versions};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::observer::{Event, Observer};
use crate::train::Settings;

/// Completes results, keeps the course of training, lets `page` write figures and page, and writes the rest.
pub(crate) fn close(
    mut results: FitResults,
    metrics: &Metrics,
    settings: &Settings,
    mut log: Log,
    directory: &RunDirectory,
    observer: &mut dyn Observer,
    page: impl FnOnce(&FitResults) -> Result<(), RunError>,
) -> Result<FitOutcome, RunError> {
    results.kind = "fit".to_owned();
    results.machine = machine(settings);
    results.versions = versions();
    results.finished = clock::now();
    results.seconds = settings.began.elapsed().as_secs_f64();
    for warning in &results.warnings {
        log.say(&format!("warning: {warning}"));
        observer.event(Event::Warning(warning));
    }
    metrics.write(&directory.metrics())?;
    page(&results)?;
    results.to_string().lines().for_each(|line| log.say(line));
    log.write(&directory.log())?;
    // last, because its presence says that all is there
    let file = directory.results();
    let text = serde_json::to_string_pretty(&results)
        .map_err(|error| RunError::File { file: file.clone(), problem: error.to_string() })?;
    write_text(&file, &(text + "\n"))?;
    Ok(FitOutcome::Done(Box::new(results)))
}
