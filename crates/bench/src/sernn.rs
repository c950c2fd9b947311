//! A spatially embedded network trained from nothing, as its authors' demonstration does, beside the same
//! in JAX: whole runs, compiling included, and single updates.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use attractor_data::Trials;
use attractor_learn::objective::{CrossEntropy, Reduce, Term, WiringPenalty};
use attractor_learn::optimiser::Adam;
use attractor_learn::source::VALIDATION;
use attractor_learn::{
    Learner, Objective, Optimiser, Options, Phase, Source, SourceError, Stage, Stop, Trainer,
    Validate,
};
use attractor_network::library::{self, Nonlinearity};
use attractor_network::{
    Description, Engine, EngineOptions, Network, Population, Positions, Projection, Wiring,
};
use attractor_numerics::law::Law;
use attractor_task::{Task, create};
use ndarray::ArrayView3;
use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::peers::Peer;
use crate::table::median;

/// A training that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SernnCase {
    /// Recurrent units, on a lattice of 5 × 5 × 4.
    pub units: usize,
    /// Trials of an update.
    pub trials: usize,
    /// Updates.
    pub updates: u64,
    /// Updates from a validation to the next.
    pub every: u64,
    /// Trials of a validation.
    pub validation: usize,
    /// Weight of the penalty.
    pub gamma: f64,
}

/// The demonstration: 10 epochs of 5,120 trials, each with a validation.
pub const SERNN: [SernnCase; 1] =
    [SernnCase { units: 100, trials: 128, updates: 400, every: 40, validation: 2560, gamma: 0.1 }];

impl fmt::Display for SernnCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SernnCase { units, trials, updates, .. } = self;
        write!(f, "sernn, N = {units}, {trials} trials, {updates} updates")
    }
}

/// One row: a training in every program.
#[derive(Clone, Debug, Serialize)]
pub struct SernnRow {
    /// What was trained.
    pub case: SernnCase,
    /// Per program.
    pub cells: BTreeMap<String, SernnCell>,
}

/// A training in one program.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SernnCell {
    /// Median time of a whole run, ms.
    pub whole_ms: f64,
    /// Median over runs of the median update of a run's second half, ms.
    pub update_ms: f64,
}

/// Our name.
const OURS: &str = "attractor";

#[derive(Serialize)]
struct Request {
    #[serde(flatten)]
    case: SernnCase,
    threads: usize,
}

#[derive(Deserialize)]
struct Answer {
    whole_ms: Option<f64>,
    ms: Option<Vec<f64>>,
    error: Option<String>,
}

/// Starts the peer.
pub(crate) fn peer(python: &Path, scripts: &Path, threads: usize) -> Result<Peer, BenchError> {
    let program: [PathBuf; 2] = [python.to_owned(), scripts.join("sernn_jax.py")];
    Peer::start(&program, threads)
}

/// Times whole runs in both programs, in turn.
pub(crate) fn row(
    case: SernnCase,
    repeats: usize,
    threads: usize,
    peer: &mut Option<Peer>,
    notes: &mut Vec<String>,
) -> Result<SernnRow, BenchError> {
    let failed = |problem: String| BenchError::Case { case: case.to_string(), problem };
    let mut runs: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for _ in 0..repeats {
        let (whole, updates) = ours(case, threads).map_err(failed)?;
        runs.entry(OURS.to_owned()).or_default().push((whole, settled(updates)));
        let Some(asked) = peer.as_mut() else { continue };
        let answer: Answer = asked.ask(&Request { case, threads })?;
        match answer.whole_ms.zip(answer.ms) {
            Some((whole, updates)) => {
                runs.entry(asked.name.clone()).or_default().push((whole, settled(updates)));
            }
            None => {
                let error = answer.error.unwrap_or_default();
                notes.push(format!("{}, {case}: not run ({error})", asked.name));
                *peer = None;
            }
        }
    }
    let cell = |runs: Vec<(f64, f64)>| {
        let (whole, update) = runs.into_iter().unzip();
        SernnCell { whole_ms: median(whole), update_ms: median(update) }
    };
    let cells = runs.into_iter().map(|(name, runs)| (name, cell(runs))).collect();
    Ok(SernnRow { case, cells })
}

/// Median of the second half of a run's updates.
fn settled(updates: Vec<f64>) -> f64 {
    let half = updates.len() / 2;
    median(updates[half..].to_vec())
}

/// Trials of the task by number.
struct Drawn(Box<dyn Task>);

impl Source for Drawn {
    fn batch(&self, index: u64, count: usize) -> Result<Trials, SourceError> {
        Ok(self.0.generate(1, index, count)?)
    }

    fn validation(&self, index: u64, count: usize) -> Result<Trials, SourceError> {
        Ok(self.0.generate(1, index | VALIDATION, count)?)
    }

    fn score(
        &self,
        trials: &Trials,
        outputs: ArrayView3<'_, f32>,
    ) -> Result<Option<f64>, SourceError> {
        Ok(Some(self.0.score(trials, outputs)?.fraction))
    }
}

/// Trains once from nothing: time of the whole and of each update without a validation, ms.
fn ours(case: SernnCase, threads: usize) -> Result<(f64, Vec<f64>), String> {
    let said = |error: &dyn fmt::Display| error.to_string();
    let SernnCase { units, trials, updates, every, validation, gamma } = case;
    let began = Instant::now();
    let task = create("one-step-inference", &toml::Table::new()).map_err(|e| said(&e))?;
    let zero = Law::Constant { value: 0.0 };
    let dense = |law| Wiring::Dense { law };
    let unit = library::elman(Nonlinearity::Relu).map_err(|e| said(&e))?;
    let linear = library::linear().map_err(|e| said(&e))?;
    let lattice = Positions::Lattice { shape: [5, 5, units / 25], spacing: 1.0 };
    let mut rec = Population::of("rec", units, &unit).positions(lattice);
    rec.bias.insert("I".to_owned(), zero);
    let mut out = Population::of("out", task.outputs().len(), &linear);
    out.bias.insert("I".to_owned(), zero);
    let populations = vec![Population::input("in", task.inputs().len()), rec, out];
    let projections = vec![
        Projection::new("in.u", "rec.I", dense(Law::Glorot { gain: 1.0 })),
        Projection::new("rec.h", "rec.I", dense(Law::Orthogonal { gain: 1.0 })).lag(1),
        Projection::new("rec.h", "out.I", dense(Law::Glorot { gain: 1.0 })),
    ];
    let description = Description::new(task.dt(), populations, projections);
    let network = Network::new(description).map_err(|e| said(&e))?;
    let start = network.initial_parameters(1).iter().map(|&p| p as f32).collect();
    let penalty =
        WiringPenalty { projection: "rec->rec".to_owned(), reduce: Reduce::Sum, weight: gamma };
    let terms =
        vec![Term::CrossEntropy(CrossEntropy::default()), Term::SpatialCommunicability(penalty)];
    let phase = Phase {
        objective: Objective { terms },
        learner: Learner {
            optimiser: Optimiser::Adam(Adam { epsilon: 1e-7, ..Adam::default() }),
            rate: 1e-3,
            clip: 0.0,
            batch: trials,
            ..Learner::default()
        },
        stop: Stop { updates, ..Stop::default() },
        validate: Validate { every, trials: validation },
        ..Phase::default()
    };
    let options = EngineOptions { threads, ..EngineOptions::default() };
    let engine = Engine::new(Arc::new(network), options).map_err(|e| said(&e))?;
    let stage = Stage { phase, source: Arc::new(Drawn(task)) };
    let trainer = Trainer::new(engine, start, vec![stage], Options::default());
    let mut trainer = trainer.map_err(|e| said(&e))?;
    let mut times = Vec::new();
    loop {
        let begin = Instant::now();
        match trainer.advance().map_err(|e| said(&e))? {
            Some(progress) if progress.validation.is_none() => {
                times.push(begin.elapsed().as_secs_f64() * 1e3);
            }
            Some(_) => {}
            None => return Ok((began.elapsed().as_secs_f64() * 1e3, times)),
        }
    }
}

/// As Markdown.
pub(crate) fn print(rows: &[SernnRow], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\n| spatially embedded network | whole run, s | times ours | update, ms | times ours |"
    )?;
    writeln!(f, "|---|---:|---:|---:|---:|")?;
    for SernnRow { case, cells } in rows {
        for (name, cell) in cells {
            let ours = cells.get(OURS).unwrap_or(cell);
            let SernnCell { whole_ms, update_ms } = *cell;
            let (whole, update) = (whole_ms / ours.whole_ms, update_ms / ours.update_ms);
            writeln!(
                f,
                "| {case}: {name} | {:.2} | {whole:.1} | {update_ms:.2} | {update:.1} |",
                whole_ms / 1e3
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_run_is_timed() {
        let case = SernnCase { updates: 4, every: 2, validation: 16, trials: 8, ..SERNN[0] };
        let row = row(case, 1, 1, &mut None, &mut Vec::new()).unwrap();
        let cell = row.cells[OURS];
        assert!(cell.update_ms > 0.0 && cell.whole_ms > 2.0 * cell.update_ms);
        struct Shown(Vec<SernnRow>);
        impl fmt::Display for Shown {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print(&self.0, f)
            }
        }
        let text = Shown(vec![row]).to_string();
        assert!(text.contains("| sernn, N = 100, 8 trials, 4 updates: attractor |"), "{text}");
        assert_eq!(Shown(Vec::new()).to_string(), "");
    }
}
