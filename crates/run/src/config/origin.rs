//! The weights that training starts from, where they are those of another model.

use std::path::Path;

use attractor_network::{Layout, Network};

use super::problem::list;
use crate::simulate::load_model;

/// More differences than this are not told.
const TOLD: usize = 6;

/// The parameters in a run's directory or a model file, if their names and shapes are this network's;
/// otherwise what differs.
pub(super) fn weights(path: &Path, network: &Network) -> Result<Vec<f32>, String> {
    let model = load_model(path).map_err(|error| error.to_string())?;
    let differences = differences(network.layout(), model.network.layout());
    if differences.is_empty() {
        return Ok(model.parameters_in());
    }
    let more = differences.len().saturating_sub(TOLD);
    let mut told = differences[..differences.len() - more].join("; ");
    if more > 0 {
        told.push_str(&format!("; and {more} more"));
    }
    Err(format!(
        "the model in {} has other parameters than this network: {told}. \
         Give this network the settings of that one, [task] and [network] in its config.toml",
        path.display()
    ))
}

fn differences(here: &Layout, there: &Layout) -> Vec<String> {
    let mut told = Vec::new();
    for entry in here.entries() {
        match there.get(&entry.name) {
            None => told.push(format!("it has no `{}`", entry.name)),
            Some(other) if other.shape != entry.shape => told.push(format!(
                "`{}` is {:?} there and {:?} here",
                entry.name, other.shape, entry.shape
            )),
            Some(_) => {}
        }
    }
    let foreign: Vec<&str> = there
        .entries()
        .iter()
        .map(|entry| entry.name.as_str())
        .filter(|name| here.get(name).is_none())
        .collect();
    if !foreign.is_empty() {
        told.push(format!("this one has no {}", list(&foreign)));
    }
    told
}
