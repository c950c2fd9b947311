//! `attractor export`

use std::path::PathBuf;

use attractor::interop::nir;
use attractor::run::load_model;
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::output::Answer;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Directory of a run, or a model file (docs/model-file.md)
    #[arg(value_name = "RUN | MODEL")]
    model: PathBuf,

    /// Write it as NIR, the format of neuromorphic simulators and chips (docs/nir.md)
    #[arg(long, value_name = "FILE")]
    nir: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  attractor export runs/sequential-digits-seed1 --nir digits.nir
  attractor simulate digits.nir --inputs trials.npz --out states.npz";

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let model = load_model(&arguments.model)?;
    nir::write(&arguments.nir, &model.network, &model.parameters)
        .map_err(attractor::run::RunError::from)?;
    let text = format!("{}\n", arguments.nir.display());
    Ok(Answer::new(text, &json!({ "out": arguments.nir })))
}
