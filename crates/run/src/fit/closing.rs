//! The end of a fit that takes one sitting: warnings, page, log, and at last `results.json`.

use attractor_report::Page;

use super::results::FitResults;
use super::session::FitOutcome;
use crate::clock;
use crate::directory::{RunDirectory, write_json};
use crate::error::RunError;
use crate::finish::{machine, versions};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::observer::{Event, Observer};
use crate::train::Settings;

/// What a page says of a fit: its own facts, what it ran on, and what a reader should not overlook.
pub(crate) fn facts<'a>(
    page: Page,
    results: &FitResults,
    own: impl IntoIterator<Item = (&'a str, String)>,
) -> Page {
    let common = [
        ("seconds", format!("{:.1}", results.seconds)),
        ("attractor", results.versions.get("attractor").cloned().unwrap_or_default()),
        ("instruction set", results.machine.instruction_set.clone()),
        ("finished", results.finished.clone()),
    ];
    let facts = own.into_iter().chain(common);
    let page = facts.fold(page, |page, (name, value)| page.fact(name, value));
    results.warnings.iter().fold(page, |page, warning| page.warning(warning.clone()))
}

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
    write_json(&directory.results(), &results)?;
    Ok(FitOutcome::Done(Box::new(results)))
}
