//! What structure should buy: training steps of networks with few weights or of low rank, each in turn
//! with the same network and all weights.

use std::fmt;

use attractor_network::{Mask, Wiring};
use attractor_numerics::law::Law;
use serde::Serialize;

use crate::case::{Case, TrainingStep};
use crate::error::BenchError;
use crate::table::median;

/// A recurrent wiring that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Structure {
    /// All weights.
    Dense,
    /// A tenth of them, at random.
    Tenth,
    /// A fiftieth of them, at random.
    Fiftieth,
    /// Rank 5.
    Rank5,
}

/// One row of the table: a wiring at a size.
#[derive(Clone, Debug, Serialize)]
pub struct StructureRow {
    /// Recurrent units.
    pub units: usize,
    /// Their wiring.
    pub structure: Structure,
    /// Median time of a training step, ms.
    pub ms: f64,
    /// Over that of the dense network, turn by turn, median.
    pub of_dense: f64,
}

/// All rows.
#[derive(Clone, Debug, Serialize)]
pub struct StructureTable {
    /// Trials per batch and steps.
    pub shape: (usize, usize),
    /// Threads.
    pub threads: usize,
    /// Rows, by size.
    pub rows: Vec<StructureRow>,
}

/// Sizes that are timed.
const UNITS: [usize; 2] = [1024, 4096];
/// Trials of a batch, and steps of a trial.
const SHAPE: (usize, usize) = (64, 20);

impl Structure {
    /// All that are timed.
    pub const ALL: [Structure; 4] =
        [Structure::Dense, Structure::Tenth, Structure::Fiftieth, Structure::Rank5];

    fn wiring(self) -> Wiring {
        let dense = |gain| Wiring::Dense { law: Law::Gaussian { gain } };
        let sparse =
            |density: f64| dense(density.sqrt().recip()).within(Mask::Random { density, seed: 1 });
        let loading = Law::Normal { sd: 1.0 };
        match self {
            Structure::Dense => dense(1.0),
            Structure::Tenth => sparse(0.1),
            Structure::Fiftieth => sparse(0.02),
            Structure::Rank5 => {
                Wiring::LowRank { rank: 5, m: loading, n: loading, covariance: None }
            }
        }
    }
}

/// Times training steps of all structures in turn.
///
/// # Errors
/// A network that cannot be built, training that diverges.
pub fn structures(
    repeats: usize,
    threads: usize,
    mut say: impl FnMut(&str),
) -> Result<StructureTable, BenchError> {
    let mut rows = Vec::new();
    for units in UNITS {
        let case = Case { cell: "leaky", units, trials: SHAPE.0, steps: SHAPE.1 };
        say(&format!("structures, {case}"));
        let mut steps = Vec::new();
        for structure in Structure::ALL {
            let failed = |problem: String| BenchError::Case {
                case: format!("{structure:?}, {case}"),
                problem,
            };
            let mut description = case.description().map_err(|e| failed(e.to_string()))?;
            let recurrent = description.projections.iter_mut().filter(|p| p.lag == 1);
            recurrent.for_each(|p| p.wiring = structure.wiring());
            let mut step = TrainingStep::of(case, description, threads, None)?;
            step.step()?; // fills caches, draws nothing anew
            steps.push((structure, step, Vec::new()));
        }
        for _ in 0..repeats {
            for (_, step, times) in &mut steps {
                times.push(step.step()?);
            }
        }
        let dense = steps[0].2.clone();
        for (structure, _, times) in steps {
            let ratios = times.iter().zip(&dense).map(|(t, d)| t / d).collect();
            let (ms, of_dense) = (median(times), median(ratios));
            rows.push(StructureRow { units, structure, ms, of_dense });
        }
    }
    Ok(StructureTable { shape: SHAPE, threads, rows })
}

impl fmt::Display for StructureTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((trials, steps), threads) = (self.shape, self.threads);
        writeln!(f, "One training step, {trials} trials, T = {steps}, {threads} threads\n")?;
        writeln!(f, "| N | recurrent wiring | ms | of dense |\n|---|---|---|---|")?;
        for row in &self.rows {
            let name = match row.structure {
                Structure::Dense => "dense",
                Structure::Tenth => "a tenth of the weights",
                Structure::Fiftieth => "a fiftieth of the weights",
                Structure::Rank5 => "rank 5",
            };
            writeln!(f, "| {} | {name} | {:.1} | {:.3} |", row.units, row.ms, row.of_dense)?;
        }
        Ok(())
    }
}
