//! `attractor train`

use std::path::{Path, PathBuf};
use std::time::Instant;

use attractor::run::results::{Results, Status};
use attractor::run::{
    Experiment, Outcome, Request, RunDirectory, RunError, Settings, resume, train,
};
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::interrupt;
use crate::output::Answer;
use crate::progress::{Watch, duration};

#[derive(Debug, Args)]
#[command(
    override_usage = "attractor train [TASK] [key=value …] [OPTIONS]",
    after_help = EXAMPLES
)]
pub(crate) struct Arguments {
    /// A task (`attractor tasks`) or a .npz file with trials; then settings such as
    /// network.units=256, which override the configuration
    #[arg(value_name = "TASK | key=value")]
    words: Vec<String>,

    /// A configuration, such as the config.toml of another run
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    config: Option<PathBuf>,

    /// Start from the weights of another run, or of a model file, with the same network
    #[arg(long, value_name = "RUN | FILE", conflicts_with = "resume")]
    from: Option<PathBuf>,

    /// Directory of the run; must be new or empty [default: runs/TASK-seedN, or with -2, -3, …]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Seed of trials, weights and noise [default: 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Worker threads; they do not change results [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// Continue an interrupted run: that of --out, or the latest of TASK and seed
    #[arg(long)]
    resume: bool,
}

const EXAMPLES: &str = "\
Examples:
  attractor train context-decision
  attractor train context-decision network.units=256 network.recurrent.law.gain=1.2 --seed 3
  attractor train flip-flop task.bits=2 network.neuron=gru
  attractor train yang-2019 'task.tasks=[\"go\", \"dly-go\"]' network.units=256
  attractor train delayed-discrimination network.neuron=my-neuron.toml
  attractor train context-decision network.recurrent=low-rank network.recurrent.rank=2
  attractor train trials.npz network.units=64 --out runs/mine
  attractor train --config runs/mine/config.toml learner.rate=1e-3
  attractor train context-decision --from runs/mine task.noise=0.2
  attractor train --resume --out runs/mine

Ctrl-C ends a run after a checkpoint; a second one ends it at once.";

pub(crate) fn run(arguments: &Arguments, began: Instant, json: bool) -> Result<Answer, Failure> {
    let settings = Settings { threads: arguments.threads.map(usize::from), began };
    let request = request(arguments)?;
    let (directory, outcome) = if arguments.resume {
        let directory = begun(arguments, &request)?;
        let mut watch = Watch::new(interrupt::flag(), json);
        (directory.clone(), resume(directory, settings, &mut watch))
    } else {
        let experiment = Experiment::read(&request)?;
        let out = arguments.out.clone().unwrap_or_else(|| {
            RunDirectory::free(experiment.material.name(), experiment.config.seed)
        });
        let directory = RunDirectory::create(&out)?;
        let mut watch = Watch::new(interrupt::flag(), json);
        (directory.clone(), train(experiment, directory, settings, &mut watch))
    };
    match outcome {
        Ok(Outcome::Done(results)) => Ok(answer(&directory, &results, "")),
        Ok(Outcome::Already(results)) => Ok(answer(&directory, &results, "finished before: ")),
        Ok(Outcome::Interrupted { update }) => {
            Err(Failure::Interrupted { update, directory: directory.path().to_owned() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells the task from the settings.
fn request(arguments: &Arguments) -> Result<Request, Failure> {
    let mut request = Request {
        config: arguments.config.clone(),
        seed: arguments.seed,
        from: arguments.from.clone(),
        ..Request::default()
    };
    for word in &arguments.words {
        if word.contains('=') {
            request.overrides.push(word.clone());
        } else if let Some(task) = request.task.replace(word.clone()) {
            let message =
                format!("two tasks were named, `{task}` and `{word}`; settings are key=value");
            return Err(Failure::Request(message));
        }
    }
    Ok(request)
}

/// The directory to go on in, if that is what the request asks for.
fn begun(arguments: &Arguments, request: &Request) -> Result<RunDirectory, Failure> {
    let path = match &arguments.out {
        Some(out) => out.clone(),
        None => {
            if request.task.is_none() {
                let message = "continue which run? Name its directory with --out, or its task";
                return Err(Failure::Request(message.to_owned()));
            }
            let experiment = Experiment::read(request)?;
            let (name, seed) = (experiment.material.name(), experiment.config.seed);
            RunDirectory::latest(name, seed).ok_or_else(|| {
                let message = format!(
                    "there is no unfinished run runs/{name}-seed{seed}; name it with --out"
                );
                Failure::Request(message)
            })?
        }
    };
    let directory = RunDirectory::open(&path)?;
    same(&directory, request)?;
    Ok(directory)
}

/// A resumed run keeps its configuration: what was asked for besides must agree with it.
fn same(directory: &RunDirectory, request: &Request) -> Result<(), Failure> {
    let kept = Request { config: Some(directory.config()), ..Request::default() };
    let asked = Request { config: Some(directory.config()), ..request.clone() };
    if Experiment::read(&asked)?.config == Experiment::read(&kept)?.config {
        return Ok(());
    }
    let mut what: Vec<String> = request.task.iter().chain(&request.overrides).cloned().collect();
    what.extend(request.seed.map(|seed| format!("--seed {seed}")));
    let what = format!("`{}` would change it", what.join(" "));
    Err(RunError::Changed { what }.into())
}

fn answer(directory: &RunDirectory, results: &Results, before: &str) -> Answer {
    let value = json!({ "directory": directory.path(), "results": results });
    Answer::new(format!("{before}{}", summary(directory.path(), results)), &value)
}

/// What a person wants to know at the end.
fn summary(directory: &Path, results: &Results) -> String {
    let evaluation = &results.evaluation;
    let score = match (evaluation.score, evaluation.measure.strip_prefix("fraction ")) {
        (Some(score), Some(what)) => format!("{:.1} % {what}", 100.0 * score),
        (Some(score), None) => format!("{} {score:.3}", evaluation.measure),
        (None, _) => "no score".to_owned(),
    };
    let training = &results.training;
    let status = if results.status == Status::Diverged { " (diverged)" } else { "" };
    let mut text = format!(
        "{}{status}: {score} on {} fresh trials, seed {}\n",
        results.task, evaluation.trials, results.seed
    );
    if let Some(loss) = evaluation.loss {
        text.push_str(&format!("  loss      {loss:.4} on them\n"));
    }
    text.push_str(&format!(
        "  training  {} updates in {}, {} threads, {}\n",
        training.updates,
        duration(training.seconds),
        results.machine.threads,
        results.machine.instruction_set
    ));
    text.push_str(&format!("  report    {}\n", directory.join("report.html").display()));
    text
}
