//! `attractor simulate`

use std::path::PathBuf;
use std::time::Instant;

use attractor::data::read_trials;
use attractor::network::Intervention;
use attractor::recording::{NwbOptions, write_nwb};
use attractor::run::results::Evaluation;
use attractor::run::{
    RunDirectory, Settings, Simulation, is_nir, lesion, load_model_at, simulate, simulated_session,
};
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Answer, table};

/// The step of a NIR graph and trials that both say nothing of it, ms.
const NIR_STEP: f64 = 1.0;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Directory of a run, a model file (docs/model-file.md), or a .nir file (docs/nir.md)
    #[arg(value_name = "RUN | MODEL")]
    model: PathBuf,

    /// Trials to run it on, .npz (docs/files.md) [default: those a run was evaluated on, which are
    /// judged with and without the interventions]
    #[arg(long, value_name = "FILE", requires = "out")]
    inputs: Option<PathBuf>,

    /// Where signals go, .npz, each `[trial, time, unit]` under its name; overwritten if it is there
    #[arg(long, value_name = "FILE", requires = "inputs")]
    out: Option<PathBuf>,

    /// Write them as an NWB file too: signals of 0 and 1 as spikes of units, others as series
    #[arg(long, value_name = "FILE", requires = "inputs")]
    nwb: Option<PathBuf>,

    /// Record this signal; may be repeated [default: every emission and state]
    #[arg(long, value_name = "SIGNAL")]
    record: Vec<String>,

    /// Let units emit nothing: a group, COLUMN=VALUE of a connectome (class=AVA), region=GROUP, or
    /// units=0,4..9; within a population as rec[A1]; may be repeated
    #[arg(long, value_name = "GROUP | COLUMN=VALUE | units=LIST")]
    silence: Vec<String>,

    /// Set, scale, add to or kick a signal, or scale a projection: a TOML table, or a file with a list
    /// `[[intervention]]`; may be repeated
    #[arg(long, value_name = "TOML | FILE")]
    intervene: Vec<String>,

    /// Draw the network's noise from this seed [default: no noise]
    #[arg(long, value_name = "SEED")]
    noise: Option<u64>,

    /// Worker threads; they do not change results [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

const EXAMPLES: &str = "\
Examples:
  attractor simulate runs/context-decision-seed1 --inputs trials.npz --out states.npz
  attractor simulate runs/context-decision-seed1 --silence A1
  attractor simulate model.safetensors --inputs trials.npz --out states.npz --silence A1
  attractor simulate RUN --inputs t.npz --out s.npz --record out.y --noise 7
  attractor simulate RUN --inputs t.npz --out s.npz --silence class=AVA --silence units=0,4..9
  attractor simulate RUN --inputs t.npz --out s.npz --nwb network.nwb
  attractor simulate RUN --inputs t.npz --out s.npz \\
    --intervene 'target = \"rec->rec\", from = 400, until = 800, action = { scale = 0 }'
  attractor simulate RUN --inputs t.npz --out s.npz \\
    --intervene '{ target = \"rec.I\", action = { add = 0.1 } }'
  attractor simulate RUN --inputs t.npz --out s.npz \\
    --intervene 'target = \"rec.x[A1]\", from = 400, action.kick = { direction = [1, -1], size = 0.5 }'";

/// A file of interventions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    intervention: Vec<Intervention>,
}

pub(crate) fn run(arguments: &Arguments, began: Instant) -> Result<Answer, Failure> {
    let mut interventions = Vec::new();
    for text in &arguments.intervene {
        interventions.extend(read(text)?);
    }
    let (Some(inputs), Some(out)) = (&arguments.inputs, &arguments.out) else {
        return judged(arguments, interventions, began);
    };
    // a graph without a step takes that of the trials
    let dt = match is_nir(&arguments.model) {
        true => Some(read_trials(inputs, Some(NIR_STEP))?.dt),
        false => None,
    };
    let model = load_model_at(&arguments.model, dt)?;
    let trials = read_trials(inputs, Some(model.network.dt()))?;
    let simulation = Simulation {
        record: arguments.record.clone(),
        silence: arguments.silence.clone(),
        interventions,
        noise: arguments.noise,
    };
    let settings = Settings { threads: arguments.threads.map(usize::from), began };
    let activity = simulate(&model, &trials, &simulation, settings)?;
    activity.write(out)?;
    let mut rows = vec![["signal", "[trial, time, unit]"].map(str::to_owned).to_vec()];
    let mut signals = serde_json::Map::new();
    for (name, values) in activity.signals() {
        let (steps, trials, units) = values.dim();
        rows.push(vec![name.to_owned(), format!("[{trials}, {steps}, {units}]")]);
        signals.insert(name.to_owned(), json!([trials, steps, units]));
    }
    let mut text = format!("{}\n{}", out.display(), table(&rows));
    let mut value = json!({ "out": out, "dt": activity.dt, "signals": signals });
    if let Some(path) = &arguments.nwb {
        let session = simulated_session(&model, &trials, &activity)?;
        let identifier = arguments.model.display().to_string();
        let description = "a simulated network, not a recording".to_owned();
        write_nwb(
            path,
            &session,
            &NwbOptions { identifier, description, ..NwbOptions::default() },
        )?;
        text.push_str(&format!("\n{}\n", path.display()));
        value["nwb"] = json!(path);
    }
    Ok(Answer::new(text, &value))
}

/// Loss and score of a run on the trials it was evaluated on, left alone and interfered with.
fn judged(
    arguments: &Arguments,
    interventions: Vec<Intervention>,
    began: Instant,
) -> Result<Answer, Failure> {
    if !arguments.model.is_dir() {
        let message = format!(
            "{} is no run with trials of its own: give --inputs TRIALS.npz and --out FILE.npz",
            arguments.model.display()
        );
        return Err(Failure::Request(message));
    }
    for (given, flag) in
        [(!arguments.record.is_empty(), "--record"), (arguments.noise.is_some(), "--noise")]
    {
        if given {
            let message = format!("{flag} needs --inputs TRIALS.npz and --out FILE.npz");
            return Err(Failure::Request(message));
        }
    }
    let directory = RunDirectory::open(&arguments.model)?;
    let silence = arguments.silence.clone();
    let simulation = Simulation { silence, interventions, ..Simulation::default() };
    let settings = Settings { threads: arguments.threads.map(usize::from), began };
    let found = lesion(&directory, &simulation, settings)?;
    let number = |value: Option<f64>| value.map_or_else(String::new, |x| format!("{x:.4}"));
    let row = |name: &str, e: &Evaluation| vec![name.to_owned(), number(e.score), number(e.loss)];
    let measure = match found.intact.measure.as_str() {
        "" => "score",
        measure => measure,
    };
    let rows = [
        vec![format!("{} trials", found.intact.trials), measure.to_owned(), "loss".to_owned()],
        row("left alone", &found.intact),
        row("interfered with", &found.lesioned),
    ];
    Ok(Answer::new(table(&rows), &found))
}

/// Interventions from a table as text, with or without braces, or from a file.
fn read(text: &str) -> Result<Vec<Intervention>, Failure> {
    let wrong = |origin: &str, error: &dyn std::fmt::Display| {
        let problem = error.to_string().trim().to_owned();
        Failure::Request(format!("--intervene {origin}: {problem}"))
    };
    if text.ends_with(".toml") && !text.contains('=') {
        let file = std::fs::read_to_string(text).map_err(|error| wrong(text, &error))?;
        let list: List = toml::from_str(&file).map_err(|error| wrong(text, &error))?;
        return Ok(list.intervention);
    }
    let inline = text.trim();
    let inline =
        if inline.starts_with('{') { inline.to_owned() } else { format!("{{ {inline} }}") };
    let list: List = toml::from_str(&format!("intervention = [{inline}]"))
        .map_err(|error| wrong(&format!("'{text}'"), &error))?;
    Ok(list.intervention)
}
