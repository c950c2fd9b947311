//! Trials per second: what a batch of a task costs, beside the same task in NeuroGym.

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use attractor_task::{Task, create};
use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::peers::Peer;

/// Step of all tasks, ms.
const DT: f64 = 20.0;
/// Trials of a batch of ours.
const BATCH: usize = 256;
/// Trials that NeuroGym makes at a time: it makes them one by one.
const THEIRS: usize = 50;

/// A task and the environment that NeuroGym has for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialsCase {
    /// Our task.
    pub task: String,
    /// Which of several tasks in one, if it is one of these.
    pub which: Option<String>,
    /// The environment.
    pub environment: String,
}

impl fmt::Display for TrialsCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.which {
            Some(which) => write!(f, "trials: {}, {which}", self.task),
            None => write!(f, "trials: {}", self.task),
        }
    }
}

/// Tasks that both have, under our name and theirs.
const BOTH: [(&str, &str); 7] = [
    ("perceptual-decision", "PerceptualDecisionMaking-v0"),
    ("context-decision", "ContextDecisionMaking-v0"),
    ("delayed-discrimination", "DelayComparison-v0"),
    ("delayed-match-to-sample", "DelayMatchSample-v0"),
    ("go-no-go", "GoNogo-v0"),
    ("ready-set-go", "ReadySetGo-v0"),
    ("pro-anti", "AntiReach-v0"),
];

/// Every task that NeuroGym has too, those of Yang et al. 2019 one by one.
#[must_use]
pub fn trials_cases() -> Vec<TrialsCase> {
    let case = |task: &str, which: Option<&str>, environment: String| TrialsCase {
        task: task.to_owned(),
        which: which.map(str::to_owned),
        environment,
    };
    let mut cases: Vec<TrialsCase> =
        BOTH.iter().map(|(task, environment)| case(task, None, (*environment).into())).collect();
    let family = "yang-2019";
    let options = create(family, &toml::Table::new()).map(|task| task.options());
    let names = options.ok().and_then(|options| options.get("tasks")?.as_array().cloned());
    for name in names.iter().flatten().filter_map(toml::Value::as_str) {
        let theirs = name.replace("multsen", "multi").replace('-', "");
        cases.push(case(family, Some(name), format!("yang19.{theirs}-v0")));
    }
    cases
}

/// One row: a task in both programs.
#[derive(Clone, Debug, Serialize)]
pub struct TrialsRow {
    /// The task.
    pub case: TrialsCase,
    /// Ours.
    pub ours: TrialsCell,
    /// NeuroGym's, if it ran.
    pub theirs: Option<TrialsCell>,
}

/// What trials of one program cost.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TrialsCell {
    /// Median time of a trial, µs.
    pub us: f64,
    /// Mean steps of a trial before padding.
    pub steps: f64,
}

#[derive(Serialize)]
struct Request<'a> {
    environment: &'a str,
    dt: f64,
    trials: usize,
}

#[derive(Deserialize)]
struct Answer {
    us: Option<f64>,
    steps: Option<f64>,
    error: Option<String>,
}

/// Times a task in both programs, in turn, each on one thread.
///
/// # Errors
/// If our task is not there or makes no trials; a peer that fails is noted.
pub(crate) fn trials_row(
    case: &TrialsCase,
    repeats: usize,
    peer: &mut Option<Peer>,
    notes: &mut Vec<String>,
) -> Result<TrialsRow, BenchError> {
    let failed = |problem: String| BenchError::Case { case: case.to_string(), problem };
    let mut options = toml::Table::from_iter([("dt".to_owned(), DT.into())]);
    if let Some(which) = &case.which {
        options.insert("tasks".to_owned(), vec![which.clone()].into());
    }
    let task = create(&case.task, &options).map_err(|error| failed(error.to_string()))?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    ours_of(&*task, 0).map_err(&failed)?;
    let mut asked = peer.as_mut();
    for repeat in 0..repeats {
        ours.push(ours_of(&*task, 1 + repeat as u64).map_err(&failed)?);
        let Some(peer) = &mut asked else { continue };
        match theirs_of(peer, case) {
            Ok(cell) => theirs.push(cell),
            Err(error) => {
                notes.push(format!("{}, {case}: not run ({error})", peer.name));
                theirs.clear();
                asked = None;
            }
        }
    }
    let ours = median(ours).ok_or_else(|| failed("no repeats".to_owned()))?;
    Ok(TrialsRow { case: case.clone(), ours, theirs: median(theirs) })
}

fn ours_of(task: &dyn Task, epoch: u64) -> Result<TrialsCell, String> {
    let start = Instant::now();
    let batch = task.generate(1, epoch, BATCH).map_err(|error| error.to_string())?;
    let us = start.elapsed().as_secs_f64() * 1e6 / BATCH as f64;
    let steps = batch.lengths.iter().sum::<usize>() as f64 / BATCH as f64;
    black_box(batch);
    Ok(TrialsCell { us, steps })
}

fn theirs_of(peer: &mut Peer, case: &TrialsCase) -> Result<TrialsCell, BenchError> {
    let request = Request { environment: &case.environment, dt: DT, trials: THEIRS };
    let Answer { us, steps, error } = peer.ask(&request)?;
    match us.zip(steps) {
        Some((us, steps)) => Ok(TrialsCell { us, steps }),
        None => {
            let (command, problem) = (case.environment.clone(), error.unwrap_or_default());
            Err(BenchError::Command { command, problem })
        }
    }
}

/// The cell of median time, with the mean number of steps.
fn median(mut cells: Vec<TrialsCell>) -> Option<TrialsCell> {
    cells.sort_by(|a, b| a.us.total_cmp(&b.us));
    let steps = cells.iter().map(|cell| cell.steps).sum::<f64>() / cells.len().max(1) as f64;
    cells.get(cells.len() / 2).map(|cell| TrialsCell { us: cell.us, steps })
}

/// The rows as Markdown.
pub(crate) fn print(rows: &[TrialsRow], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\nTrials of {DT} ms steps with inputs, targets and weights, on one thread; ours in batches of {BATCH}."
    )?;
    writeln!(
        f,
        "\n| trials per second | attractor | steps | NeuroGym | steps | faster per trial | per step |"
    )?;
    writeln!(f, "|---|---:|---:|---:|---:|---:|---:|")?;
    for TrialsRow { case, ours, theirs } in rows {
        let name = case.which.as_ref().map_or(case.task.clone(), |w| format!("{}, {w}", case.task));
        write!(f, "| {name} | {:.0} | {:.0} |", 1e6 / ours.us, ours.steps)?;
        match theirs {
            Some(theirs) => {
                let (trial, step) =
                    (theirs.us / ours.us, theirs.us / theirs.steps / (ours.us / ours.steps));
                let (rate, steps) = (1e6 / theirs.us, theirs.steps);
                writeln!(f, " {rate:.0} | {steps:.0} | {trial:.0} × | {step:.0} × |")?;
            }
            None => writeln!(f, " not run | | not run | not run |")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_is_missing_is_not_run() {
        let cases = trials_cases();
        assert_eq!(cases.len(), BOTH.len() + 20);
        let case = cases.iter().find(|case| case.which.as_deref() == Some("multsen-dly-dm"));
        let case = case.unwrap();
        assert_eq!(case.environment, "yang19.multidlydm-v0");
        let row = trials_row(case, 1, &mut None, &mut Vec::new()).unwrap();
        assert!(row.ours.us > 0.0 && (90.0..=210.0).contains(&row.ours.steps));
        struct Shown(Vec<TrialsRow>);
        impl fmt::Display for Shown {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print(&self.0, f)
            }
        }
        let text = Shown(vec![row]).to_string();
        assert!(text.contains("| yang-2019, multsen-dly-dm |"), "{text}");
        assert!(text.contains("| not run | | not run | not run |"), "{text}");
        assert_eq!(Shown(Vec::new()).to_string(), "");
    }
}
