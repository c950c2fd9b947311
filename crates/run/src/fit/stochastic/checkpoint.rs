//! `checkpoint/state.safetensors` of a stochastic network: a fit put down between two epochs.

use std::path::Path;

use attractor_interop::{Tensor, TensorFile, Values};
use attractor_learn::stochastic::{Fit, FitState};
use serde::{Deserialize, Serialize};

use crate::error::RunError;

const KEY: &str = "attractor-stochastic-fit";
const BOUNDS: &str = "bounds";

#[derive(Serialize, Deserialize)]
struct Header {
    epochs: usize,
    steps: u64,
}

/// Writes a checkpoint over the one before; `bounds` are those of the epochs done.
pub(super) fn save(path: &Path, fit: &Fit, bounds: &[f64]) -> Result<(), RunError> {
    let FitState { epochs, steps, arrays } = fit.state();
    let header = serde_json::to_string(&Header { epochs, steps });
    let mut file = TensorFile::default();
    file.metadata.insert(KEY.to_owned(), header.map_err(|error| wrong(path, &error.to_string()))?);
    for (name, values) in arrays.into_iter().chain([(BOUNDS.to_owned(), bounds.to_vec())]) {
        file.tensors.push(Tensor { name, shape: vec![values.len()], values: Values::F64(values) });
    }
    Ok(file.write(path)?)
}

/// Takes a fit to where the checkpoint stands, if there is one; the bounds of the epochs done.
pub(super) fn load(path: &Path, fit: &mut Fit) -> Result<Vec<f64>, RunError> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let file = TensorFile::read(path)?;
    let header =
        file.metadata.get(KEY).ok_or_else(|| wrong(path, "no checkpoint of such a fit"))?;
    let Header { epochs, steps } =
        serde_json::from_str(header).map_err(|error| wrong(path, &error.to_string()))?;
    let mut arrays = Vec::new();
    let mut bounds = Vec::new();
    for Tensor { name, values, .. } in file.tensors {
        match values {
            Values::F64(values) if name == BOUNDS => bounds = values,
            Values::F64(values) => arrays.push((name, values)),
            Values::F32(_) => {
                return Err(wrong(path, &format!("`{name}` is not in double precision")));
            }
        }
    }
    if bounds.len() != epochs {
        return Err(wrong(path, &format!("{} bounds of {epochs} epochs", bounds.len())));
    }
    fit.restore(&FitState { epochs, steps, arrays }).map_err(|e| wrong(path, &e.to_string()))?;
    Ok(bounds)
}

fn wrong(path: &Path, problem: &str) -> RunError {
    RunError::File { file: path.to_owned(), problem: problem.to_owned() }
}
