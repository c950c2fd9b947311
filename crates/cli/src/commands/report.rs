//! `attractor report`

use std::path::PathBuf;
use std::time::Instant;

use attractor::run::{RunDirectory, Settings, report_again};
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::output::Answer;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  attractor report runs/context-decision-seed1")]
pub(crate) struct Arguments {
    /// Directory of a finished run or fit
    #[arg(value_name = "RUN")]
    run: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, began: Instant) -> Result<Answer, Failure> {
    let directory = RunDirectory::open(&arguments.run)?;
    report_again(&directory, Settings { began, ..Settings::default() })?;
    let (report, figures) = (directory.report(), directory.figures());
    let text = format!("{}\n", report.display());
    Ok(Answer::new(text, &json!({ "report": report, "figures": figures })))
}
