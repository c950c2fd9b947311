//! `checkpoint/state.safetensors`: a trainer put down between two updates.
//!
//! One file, written aside, synchronised and renamed: whoever is killed while writing finds the
//! checkpoint before.

use std::path::Path;

use attractor_interop::{Tensor, TensorFile, Values};
use attractor_learn::Checkpoint;
use attractor_learn::trainer::Counters;
use serde::{Deserialize, Serialize};

use crate::error::RunError;
use crate::results::{PhaseEnd, Resumed};

const KEY: &str = "attractor-checkpoint";
const FORMAT: &str = "1";

/// What a run remembers besides the trainer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// When the run began.
    pub(crate) started: String,
    /// Seconds spent in training so far.
    pub(crate) seconds: f64,
    /// Instruction set of the latest sitting.
    pub(crate) instruction_set: String,
    /// Where it was taken up again.
    pub(crate) resumed: Vec<Resumed>,
    /// Phases that ended.
    pub(crate) phases: Vec<PhaseEnd>,
    /// Doubtful things so far.
    pub(crate) warnings: Vec<String>,
    /// Seconds from the start of the first process to its first update.
    pub(crate) first_update_seconds: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    counters: Counters,
    memory: Memory,
}

/// Writes a checkpoint over the one before.
pub(crate) fn save(
    path: &Path,
    checkpoint: &Checkpoint<f32>,
    memory: &Memory,
) -> Result<(), RunError> {
    let header = Header { counters: checkpoint.counters.clone(), memory: memory.clone() };
    let header = serde_json::to_string(&header).map_err(|error| wrong(path, &error.to_string()))?;
    let mut file = TensorFile::default();
    file.metadata.insert(KEY.to_owned(), header);
    file.metadata.insert("format".to_owned(), FORMAT.to_owned());
    for (name, values) in &checkpoint.arrays {
        let (shape, values) = (vec![values.len()], Values::F32(values.clone()));
        file.tensors.push(Tensor { name: name.clone(), shape, values });
    }
    Ok(file.write(path)?)
}

/// Reads a checkpoint.
pub(crate) fn load(path: &Path) -> Result<(Checkpoint<f32>, Memory), RunError> {
    let file = TensorFile::read(path)?;
    if file.metadata.get("format").is_some_and(|format| format != FORMAT) {
        return Err(wrong(path, "written by another version of attractor"));
    }
    let header = file.metadata.get(KEY).ok_or_else(|| wrong(path, "this is no checkpoint"))?;
    let Header { counters, memory } =
        serde_json::from_str(header).map_err(|error| wrong(path, &error.to_string()))?;
    let mut arrays = Vec::new();
    for tensor in file.tensors {
        let Values::F32(values) = tensor.values else {
            return Err(wrong(
                path,
                &format!("tensor `{}` is not in single precision", tensor.name),
            ));
        };
        arrays.push((tensor.name, values));
    }
    Ok((Checkpoint { counters, arrays }, memory))
}

fn wrong(path: &Path, problem: &str) -> RunError {
    RunError::File { file: path.to_owned(), problem: problem.to_owned() }
}
