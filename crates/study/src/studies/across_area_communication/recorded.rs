//! Fluctuations of V1 and V2: how many dimensions of V1 predict either.

use std::path::Path;

use attractor::analysis::{SubspaceOptions, communication_subspace};
use attractor::data::Npz;
use ndarray::{Array2, Ix2};

use crate::error::StudyError;
use crate::measured::Measured;

/// Samples of 100 ms in each trial.
const SAMPLES: usize = 10;

/// Ranks, and R² at each, of the regressions of V1 and V2 on other units of V1.
pub(super) fn measure(file: &Path, seed: u64, measured: &mut Measured) -> Result<(), StudyError> {
    let mut file = Npz::open(file)?;
    let mut array = |name: &str| -> Result<Array2<f64>, StudyError> {
        Ok(file.array::<f64, Ix2>(name, "[sample, unit]")?)
    };
    let source = array("v1_source")?;
    let trials: Vec<usize> = (0..source.nrows()).map(|sample| sample / SAMPLES).collect();
    // ten folds and one standard error, as in the publication
    let options = SubspaceOptions { seed, ..SubspaceOptions::default() };
    let mut ranks = Vec::new();
    for area in ["v1", "v2"] {
        let target = array(&format!("{area}_target"))?;
        let found = communication_subspace(source.view(), target.view(), &trials, &options)?;
        ranks.push(found.rank as f64);
        measured.set(&format!("rank_{area}"), found.rank as f64);
        measured.set(&format!("r2_{area}"), found.ranks.mean[found.rank]);
        measured.set(&format!("r2_{area}_full"), found.ridge.mean[found.ridge.best]);
        measured.set_series(&format!("curve_{area}"), found.ranks.mean);
    }
    measured.set("fewer", ranks[0] - ranks[1]);
    Ok(())
}
