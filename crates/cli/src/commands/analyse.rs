//! `attractor analyse`

use std::path::PathBuf;
use std::time::Instant;

use attractor::run::{Analysis, Part, Questions, RunDirectory, Settings, analyse_again};
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Answer, table};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Directory of a finished run or fit
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// What to ask [default: all but lyapunov; `recording` with --recording alone]
    #[arg(value_name = "PART", value_parser = PossibleValuesParser::new(Part::ALL.map(Part::name)))]
    parts: Vec<String>,

    /// A constant input to look for fixed points under, one number per channel; may be repeated
    /// [default: the inputs of the task's conditions; of a fit, whose channels are components, the mean]
    #[arg(long, value_name = "U1,U2,…", value_parser = numbers, allow_hyphen_values = true)]
    input: Vec<Input>,

    /// A recording to compare the activity with: NWB, MATLAB, `.npz`, or a table (docs/recordings.md)
    /// [default: a fit's own]
    #[arg(long, value_name = "FILE")]
    recording: Option<PathBuf>,

    /// Worker threads; they do not change results [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

const EXAMPLES: &str = "\
Examples:
  attractor analyse runs/context-decision-seed1
  attractor analyse runs/context-decision-seed1 fixed-points --input 0,0,0.1,0 --input 0,0,0,0
  attractor analyse runs/flip-flop-seed1 lyapunov
  attractor analyse runs/context-decision-seed1 --recording session.nwb
  attractor analyse runs/fit-hvc-seed1 population fixed-points perturbations

A fitted network runs freely through stretches of its recording, which has to be where it was (docs/fit.md).
What is found joins results.json, the figures and report.html of the run.";

/// One constant input.
#[derive(Clone, Debug)]
struct Input(Vec<f64>);

fn numbers(text: &str) -> Result<Input, String> {
    let number = |word: &str| match word.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("`{word}` is no finite number")),
    };
    text.split(',').map(number).collect::<Result<_, _>>().map(Input)
}

pub(crate) fn run(arguments: &Arguments, began: Instant) -> Result<Answer, Failure> {
    let directory = RunDirectory::open(&arguments.run)?;
    let asked = |part: &Part| arguments.parts.iter().any(|name| name == part.name());
    let parts: Vec<Part> = match (arguments.parts.is_empty(), &arguments.recording) {
        (true, None) => Part::USUAL.to_vec(),
        (true, Some(_)) => vec![Part::Recording],
        (false, _) => Part::ALL.into_iter().filter(asked).collect(),
    };
    let questions = Questions {
        parts,
        inputs: arguments.input.iter().map(|input| input.0.clone()).collect(),
        recording: arguments.recording.clone(),
    };
    let settings = Settings { threads: arguments.threads.map(usize::from), began };
    let analysis = analyse_again(&directory, &questions, settings)?;
    let text = format!(
        "{}\n  report    {}\n",
        said(&analysis, &questions.parts),
        directory.report().display()
    );
    Ok(Answer::new(text, &json!({ "directory": directory.path(), "analysis": analysis })))
}

/// What a person wants to know of these parts.
fn said(analysis: &Analysis, parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        let rows = match part {
            Part::Behaviour => behaviour(analysis),
            Part::Population => population(analysis),
            Part::Graph => graphs(analysis),
            Part::TaskAxes => task_axes(analysis),
            Part::Decoding => decoding(analysis),
            Part::FixedPoints => fixed_points(analysis),
            Part::Perturbations => perturbations(analysis),
            Part::Lyapunov => lyapunov(analysis),
            Part::Recording => recording(analysis),
        };
        if rows.len() > 1 {
            text.push_str(&table(&rows));
            text.push('\n');
        }
    }
    for sentence in &analysis.unanswered {
        text.push_str(&format!("not answered: {sentence}\n"));
    }
    text
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn behaviour(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows = vec![row(["psychometric function", "threshold", "slope"])];
    for found in &analysis.psychometric {
        let name = format!("{}, {}", found.among, found.axis);
        let threshold = found.threshold.map_or_else(|| "–".to_owned(), |t| format!("{:.3}", t.0));
        rows.push(vec![name, threshold, format!("{:.3}", found.slope.0)]);
    }
    rows
}

fn population(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows = vec![row(["population", ""])];
    if let Some(dimension) = &analysis.dimension {
        let ratio = format!("{:.1}", dimension.participation_ratio);
        rows.push(vec!["participation ratio".to_owned(), ratio]);
        let components = dimension.components_90.to_string();
        rows.push(vec!["components for 90 % of the variance".to_owned(), components]);
    }
    for found in &analysis.spectra {
        let name = format!("eigenvalues of {} outside of {:.2}", found.weights, found.radius);
        rows.push(vec![name, format!("{} (before training {})", found.after, found.before)]);
    }
    if let Some(tuning) = &analysis.tuning {
        let count = tuning.clusters.iter().max().map_or(0, |most| most + 1);
        rows.push(vec!["clusters of selectivity".to_owned(), count.to_string()]);
    }
    rows
}

fn graphs(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows = vec![row(["graph", "before training", "after"])];
    let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.3}"));
    for graph in &analysis.graphs {
        for (name, before, after) in graph.measures() {
            rows.push(vec![
                format!("{}: {name}", graph.weights),
                shown(before),
                shown(Some(after)),
            ]);
        }
    }
    rows
}

fn task_axes(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows = vec![row(["task axis", "found at", "correlation"])];
    for found in &analysis.task_axes {
        let (at, correlation) =
            (format!("{:.0} ms", found.at_ms), format!("{:.3}", found.correlation));
        rows.push(vec![found.variable.clone(), at, correlation]);
    }
    rows
}

fn decoding(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows = vec![row(["decoded", "best accuracy", "at", "chance"])];
    for found in &analysis.decoded {
        let (best, at) = (format!("{:.3}", found.best), format!("{:.0} ms", found.at_ms));
        rows.push(vec![found.variable.clone(), best, at, format!("{:.3}", found.chance)]);
    }
    rows
}

fn fixed_points(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows =
        vec![row(["fixed points", "fixed", "slow", "failed", "points, of which stable"])];
    for found in &analysis.fixed_points {
        let stable = found.points.iter().filter(|p| p.label == "fixed" && p.unstable == 0).count();
        let of = |count: usize| format!("{count} of {}", found.starts);
        let points = format!("{}, {stable}", found.points.len());
        rows.push(vec![
            found.name.clone(),
            of(found.fixed),
            of(found.slow),
            of(found.failed),
            points,
        ]);
    }
    rows
}

fn perturbations(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows = vec![row(["perturbation", "score"])];
    for effect in &analysis.perturbations {
        rows.push(vec![effect.name.clone(), format!("{:.3}", effect.score)]);
    }
    rows
}

fn lyapunov(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows = vec![row(["Lyapunov exponents, 1/s", "largest", "standard error"])];
    for found in &analysis.lyapunov {
        let largest = found.exponents.first().copied().unwrap_or(f64::NAN);
        rows.push(vec![found.name.clone(), format!("{largest:.3}"), format!("{:.3}", found.error)]);
    }
    rows
}

fn recording(analysis: &Analysis) -> Vec<Vec<String>> {
    let heading =
        ["activity", "network", "recording", "distance", "95 %", "halves of the recording"];
    let mut rows = vec![row(heading)];
    for found in &analysis.compared {
        let [low, high] = found.interval;
        let number = |x: f64| format!("{x:.3}");
        rows.push(vec![
            found.statistic.clone(),
            number(found.network),
            number(found.recording),
            number(found.distance),
            format!("{low:.3} to {high:.3}"),
            number(found.within),
        ]);
    }
    rows
}
