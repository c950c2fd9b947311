//! `attractor fit`

use std::path::PathBuf;
use std::time::Instant;

use attractor::run::fit::{FitExperiment, FitOutcome, FitResults, fit, resume};
use attractor::run::{RunDirectory, Settings};
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::interrupt;
use crate::output::Answer;
use crate::progress::Watch;

#[derive(Debug, Args)]
#[command(override_usage = "attractor fit [FILE] [key=value …] [OPTIONS]", after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A recording: NWB, MATLAB, `.npz`, or a table (docs/recordings.md); then settings such as
    /// recording.smooth=2
    #[arg(value_name = "FILE | key=value")]
    words: Vec<String>,

    /// Predict each unit from features of the stimuli in its trials, .npz (docs/features.md): no network
    #[arg(long, value_name = "FEATURES.npz", conflicts_with_all = ["between", "resume"])]
    encode: Option<String>,

    /// Predict one region from another by reduced-rank regression: no network
    #[arg(
        long,
        value_name = "FROM,TO",
        value_delimiter = ',',
        num_args = 1,
        conflicts_with = "resume"
    )]
    between: Vec<String>,

    /// A configuration, such as the config.toml of another fit
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    config: Option<PathBuf>,

    /// Directory of the run; must be new or empty [default: runs/fit-FILE-seedN, or with -2, -3, …]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Seed of weights, noise and division [default: 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Worker threads; they do not change results [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// Continue the interrupted fit of --out
    #[arg(long, requires = "out")]
    resume: bool,
}

const EXAMPLES: &str = "\
Examples:
  attractor fit hvc.npz
  attractor fit hvc.npz recording.smooth=2 network.rank=5 --seed 2
  attractor fit hvc.npz recording.inputs=none forecast.hidden=20
  attractor fit hvc.npz fit.solver=smc network.rank=2 recording.smooth=0
  attractor fit session.nwb 'recording.prepare=[{ bin = { width = 20 } }, \"square-root\"]'
  attractor fit session.nwb --encode features.npz encode.image=image encode.model=poisson
  attractor fit v1_v2.npz --between V1,V2
  attractor fit --resume --out runs/fit-hvc-seed1

Two questions are answered apart: can a network reproduce a stretch (in sample, running freely), and
does it forecast held-out data, beside the mean, the last value and a linear autoregression.";

pub(crate) fn run(arguments: &Arguments, began: Instant, json: bool) -> Result<Answer, Failure> {
    let settings = Settings { threads: arguments.threads.map(usize::from), began };
    let mut watch = Watch::new(interrupt::flag(), json);
    if let (true, Some(out)) = (arguments.resume, &arguments.out) {
        let directory = RunDirectory::open(out)?;
        let outcome = resume(&directory, settings, &mut watch)?;
        return answer(&directory, outcome);
    }
    let (mut settled, files): (Vec<String>, Vec<String>) =
        arguments.words.iter().cloned().partition(|word| word.contains('='));
    if let [_, second, ..] = &files[..] {
        let message = format!("one recording at a time; `{second}` is a second one");
        return Err(Failure::Request(message));
    }
    settled.extend(without_network(arguments)?);
    let file = files.first().map(String::as_str);
    let experiment =
        FitExperiment::read(file, arguments.config.as_deref(), &settled, arguments.seed)?;
    let out = arguments.out.clone().unwrap_or_else(|| {
        let name = PathBuf::from(&experiment.config.recording.file);
        let stem = name.file_stem().map_or("fit".into(), |stem| stem.to_string_lossy());
        RunDirectory::free(&format!("fit-{stem}"), experiment.config.seed)
    });
    let directory = RunDirectory::create(&out)?;
    let outcome = fit(&experiment, &directory, settings, &mut watch)?;
    answer(&directory, outcome)
}

/// Settings that `--encode` and `--between` stand for.
fn without_network(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    let set = |key: &str, value: &str| format!("{key}={}", toml::Value::from(value));
    if let Some(features) = &arguments.encode {
        return Ok(vec![set("fit.solver", "encode"), set("encode.features", features)]);
    }
    match &arguments.between[..] {
        [] => Ok(Vec::new()),
        [from, to] => Ok(vec![
            set("fit.solver", "reduced-rank"),
            set("subspace.from", from),
            set("subspace.to", to),
        ]),
        regions => {
            let message = format!("--between {}: two regions, FROM,TO", regions.join(","));
            Err(Failure::Request(message))
        }
    }
}

fn answer(directory: &RunDirectory, outcome: FitOutcome) -> Result<Answer, Failure> {
    let path = directory.path();
    let say = |results: &FitResults, before: &str| {
        let report = path.join("report.html");
        let text = format!("{before}{results}\n\n  report    {}\n", report.display());
        Answer::new(text, &json!({ "directory": path, "results": results }))
    };
    match outcome {
        FitOutcome::Done(results) => Ok(say(&results, "")),
        FitOutcome::Already(results) => Ok(say(&results, "finished before:\n")),
        FitOutcome::Interrupted => {
            let again = format!("attractor fit --resume --out {}", path.display());
            Err(Failure::Stopped { directory: path.to_owned(), again })
        }
    }
}
