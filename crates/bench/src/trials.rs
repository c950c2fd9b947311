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
/// Batches of ours in a turn.
const TURNS: usize = 4;

/// Units of a ring of Yang et al. 2019, which NeuroGym has fewer of unless it is told.
const RING: usize = 32;

/// A task and the environment that NeuroGym has for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialsCase {
    /// Our task.
    pub task: String,
    /// Which of several tasks in one, if it is one of these.
    pub which: Option<String>,
    /// The environment.
    pub environment: String,
    /// Without our noise: where theirs draws none, the case is there both ways.
    pub silent: bool,
}

impl fmt::Display for TrialsCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trials: {}", self.task)?;
        if let Some(which) = &self.which {
            write!(f, ", {which}")?;
        }
        if self.silent { write!(f, ", without noise") } else { Ok(()) }
    }
}

/// Tasks that both have, under our name and theirs, and whether theirs draws noise.
const BOTH: [(&str, &str, bool); 7] = [
    ("perceptual-decision", "PerceptualDecisionMaking-v0", true),
    ("context-decision", "ContextDecisionMaking-v0", true),
    ("delayed-discrimination", "DelayComparison-v0", true),
    ("delayed-match-to-sample", "DelayMatchSample-v0", true),
    ("go-no-go", "GoNogo-v0", false),
    ("ready-set-go", "ReadySetGo-v0", false),
    ("pro-anti", "AntiReach-v0", false),
];

/// Every task that NeuroGym has too, those of Yang et al. 2019 one by one; those that draw no noise
/// there without and with ours.
#[must_use]
pub fn trials_cases() -> Vec<TrialsCase> {
    let mut cases = Vec::new();
    let mut add = |task: &str, which: Option<&str>, environment: &str, noisy: bool| {
        let (which, environment) = (which.map(str::to_owned), environment.to_owned());
        let case = TrialsCase { task: task.to_owned(), which, environment, silent: false };
        if !noisy {
            cases.push(TrialsCase { silent: true, ..case.clone() });
        }
        cases.push(case);
    };
    for (task, environment, noisy) in BOTH {
        add(task, None, environment, noisy);
    }
    let family = "yang-2019";
    let options = create(family, &toml::Table::new()).map(|task| task.options());
    let names = options.ok().and_then(|options| options.get("tasks")?.as_array().cloned());
    for name in names.iter().flatten().filter_map(toml::Value::as_str) {
        let theirs = name.replace("multsen", "multi").replace('-', "");
        let noisy = !(name.ends_with("go") || name.ends_with("anti"));
        add(family, Some(name), &format!("yang19.{theirs}-v0"), noisy);
    }
    cases
}

/// One row: a task in both programs.
#[derive(Clone, Debug, Serialize)]
pub struct TrialsRow {
    /// The task.
    pub case: TrialsCase,
    /// Ours, on one thread and on all, each of which makes batches of its own.
    pub ours: [TrialsCell; 2],
    /// NeuroGym's on one thread, if it ran.
    pub theirs: Option<TrialsCell>,
}

/// What trials of one program cost.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TrialsCell {
    /// Median time of a trial, µs.
    pub us: f64,
    /// Mean steps of a trial before padding.
    pub steps: f64,
    /// Input channels.
    pub channels: usize,
    /// Whether noise is drawn.
    pub noise: bool,
}

#[derive(Serialize)]
struct Request<'a> {
    environment: &'a str,
    options: toml::Table,
    dt: f64,
    trials: usize,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(flatten)]
    cell: Option<TrialsCell>,
    error: Option<String>,
}

/// Times a task in both programs, in turn: NeuroGym on one thread, ours also on several.
///
/// # Errors
/// If our task is not there or makes no trials; a peer that fails is noted.
pub(crate) fn trials_row(
    case: &TrialsCase,
    repeats: usize,
    threads: usize,
    peer: &mut Option<Peer>,
    notes: &mut Vec<String>,
) -> Result<TrialsRow, BenchError> {
    let failed = |problem: String| BenchError::Case { case: case.to_string(), problem };
    let mut options = toml::Table::from_iter([("dt".to_owned(), DT.into())]);
    if let Some(which) = &case.which {
        options.insert("tasks".to_owned(), vec![which.clone()].into());
    }
    if case.silent {
        options.insert("noise".to_owned(), 0.0.into());
    }
    let task = create(&case.task, &options).map_err(|error| failed(error.to_string()))?;
    let (mut one, mut all, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    ours_of(&*task, threads, 0).map_err(&failed)?;
    let mut asked = peer.as_mut();
    for repeat in 0..repeats {
        let epoch = (1 + repeat * threads) as u64;
        one.push(ours_of(&*task, 1, epoch).map_err(&failed)?);
        all.push(ours_of(&*task, threads, epoch).map_err(&failed)?);
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
    let (Some(one), Some(all)) = (median(one), median(all)) else {
        return Err(failed("no repeats".to_owned()));
    };
    Ok(TrialsRow { case: case.clone(), ours: [one, all], theirs: median(theirs) })
}

/// Batches one after the other on each thread: where one allocates afresh what another has freed, the
/// first tells little.
fn ours_of(task: &dyn Task, threads: usize, epoch: u64) -> Result<TrialsCell, String> {
    let make = |thread: usize| -> Result<usize, String> {
        let mut steps = 0;
        for turn in 0..TURNS {
            let epoch = epoch + (((thread * TURNS + turn) as u64) << 16);
            let batch = task.generate(1, epoch, BATCH).map_err(|error| error.to_string())?;
            steps += batch.lengths.iter().sum::<usize>();
            black_box(batch);
        }
        Ok(steps)
    };
    let start = Instant::now();
    let steps = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|thread| scope.spawn(move || make(thread))).collect();
        let mut steps = make(0)?;
        for other in others {
            steps += other.join().map_err(|_| "a thread panicked".to_owned())??;
        }
        Ok::<usize, String>(steps)
    })?;
    let trials = (threads * TURNS * BATCH) as f64;
    let us = start.elapsed().as_secs_f64() * 1e6 / trials;
    let noise =
        task.options().get("noise").and_then(toml::Value::as_float).is_some_and(|sd| sd > 0.0);
    Ok(TrialsCell { us, steps: steps as f64 / trials, channels: task.inputs().len(), noise })
}

fn theirs_of(peer: &mut Peer, case: &TrialsCase) -> Result<TrialsCell, BenchError> {
    let mut options = toml::Table::new();
    if case.which.is_some() {
        options.insert("dim_ring".to_owned(), (RING as i64).into());
    }
    let request = Request { environment: &case.environment, options, dt: DT, trials: THEIRS };
    let Answer { cell, error } = peer.ask(&request)?;
    cell.ok_or_else(|| {
        let (command, problem) = (case.environment.clone(), error.unwrap_or_default());
        BenchError::Command { command, problem }
    })
}

/// The cell of median time, with the mean number of steps.
fn median(mut cells: Vec<TrialsCell>) -> Option<TrialsCell> {
    cells.sort_by(|a, b| a.us.total_cmp(&b.us));
    let steps = cells.iter().map(|cell| cell.steps).sum::<f64>() / cells.len().max(1) as f64;
    cells.get(cells.len() / 2).map(|cell| TrialsCell { steps, ..*cell })
}

/// The rows as Markdown.
pub(crate) fn print(rows: &[TrialsRow], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\nTrials of {DT} ms steps with inputs, targets and weights; ours in batches of {BATCH}, NeuroGym's one by one on one thread. Steps × input channels, with noise or without; rings of {RING} units in both. Ratios are per trial on one thread, on all, and per step on one."
    )?;
    writeln!(
        f,
        "\n| trials per second | attractor, 1 thread | all | trial | NeuroGym | trial | faster | all | per step |"
    )?;
    writeln!(f, "|---|---:|---:|---|---:|---|---:|---:|---:|")?;
    let trial = |cell: &TrialsCell| {
        let noise = if cell.noise { "noise" } else { "no noise" };
        format!("{:.0} × {}, {noise}", cell.steps, cell.channels)
    };
    for TrialsRow { case, ours: [one, all], theirs } in rows {
        let name = case.to_string();
        let name = name.trim_start_matches("trials: ");
        write!(f, "| {name} | {:.0} | {:.0} | {} |", 1e6 / one.us, 1e6 / all.us, trial(one))?;
        match theirs {
            Some(theirs) => {
                let (faster, on_all) = (theirs.us / one.us, theirs.us / all.us);
                let step = theirs.us / theirs.steps / (one.us / one.steps);
                let (rate, trial) = (1e6 / theirs.us, trial(theirs));
                writeln!(
                    f,
                    " {rate:.0} | {trial} | {faster:.0} × | {on_all:.0} × | {step:.0} × |"
                )?;
            }
            None => writeln!(f, " not run | | not run | not run | not run |")?,
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
        let silent: Vec<&TrialsCase> = cases.iter().filter(|case| case.silent).collect();
        assert_eq!((cases.len(), silent.len()), (BOTH.len() + 20 + 9, 9));
        let row = trials_row(silent[0], 1, 2, &mut None, &mut Vec::new()).unwrap();
        assert!(row.ours.iter().all(|cell| !cell.noise && cell.channels == 3));
        let case = cases.iter().find(|case| case.which.as_deref() == Some("multsen-dly-dm"));
        let case = case.unwrap();
        assert_eq!(case.environment, "yang19.multidlydm-v0");
        let row = trials_row(case, 1, 1, &mut None, &mut Vec::new()).unwrap();
        assert!(row.ours[0].us > 0.0 && (90.0..=210.0).contains(&row.ours[0].steps));
        assert!(row.ours[0].noise && row.ours[0].channels == 85);
        struct Shown(Vec<TrialsRow>);
        impl fmt::Display for Shown {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print(&self.0, f)
            }
        }
        let text = Shown(vec![row]).to_string();
        assert!(text.contains("| yang-2019, multsen-dly-dm |"), "{text}");
        assert!(text.contains("| not run | | not run | not run | not run |"), "{text}");
        assert_eq!(Shown(Vec::new()).to_string(), "");
    }
}
