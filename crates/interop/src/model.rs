//! A network in a file: weights and description, enough to rebuild it.
//!
//! One tensor per entry of [`Network::layout`], by the entry's name and shape; the description as JSON
//! under the metadata key `attractor`, and `format = "1"`. Weights are single or double precision; all
//! must be there, finite, and within the ranges the neurons give them.

use std::path::Path;

use attractor_data::closest;
use attractor_network::{Allowed, Description, Entry, Network};
use attractor_numerics::Real;

use crate::error::{TensorError, TensorProblem};
use crate::sizes;
use crate::tensors::{Tensor, TensorFile, Values};

/// Key of the description in the metadata.
pub const DESCRIPTION: &str = "attractor";
/// Version of the format.
pub const FORMAT: &str = "1";

/// Precision in which weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Single: all tensors are `F32`.
    F32,
    /// Double: some tensor is `F64`.
    F64,
}

/// A network with its weights.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network.
    pub network: Network,
    /// Its parameters, laid out as [`Network::layout`] says. Weights stored in single precision come
    /// back to the same bits when rounded to it.
    pub parameters: Vec<f64>,
    /// Precision they were stored in.
    pub precision: Precision,
}

impl Model {
    /// The parameters in another precision.
    #[must_use]
    pub fn parameters_in<T: Real>(&self) -> Vec<T> {
        self.parameters.iter().map(|&x| T::from_f64(x)).collect()
    }
}

/// Writes a network with its weights, in the precision they have; the file appears whole or not at all.
///
/// # Errors
/// [`TensorProblem::NotFinite`] for weights that could not be read back, [`TensorProblem::Write`].
///
/// # Panics
/// If `parameters` is not as long as the network's layout.
pub fn save<T: Real>(path: &Path, network: &Network, parameters: &[T]) -> Result<(), TensorError> {
    assert_eq!(parameters.len(), network.layout().len(), "parameters of another network");
    let file = to_tensors(network, parameters).map_err(|problem| problem.of(path))?;
    file.write(path)
}

fn to_tensors<T: Real>(network: &Network, parameters: &[T]) -> Result<TensorFile, TensorProblem> {
    let description = serde_json::to_string(network.description()).map_err(|error| {
        TensorProblem::Description { key: DESCRIPTION, reason: error.to_string() }
    })?;
    let mut file = TensorFile::default();
    file.metadata.insert(DESCRIPTION.to_owned(), description);
    file.metadata.insert("format".to_owned(), FORMAT.to_owned());
    for entry in network.layout().entries() {
        let values = &parameters[entry.range.clone()];
        if let Some(at) = values.iter().position(|x| !x.is_finite()) {
            return Err(not_finite(entry, at, values[at].to_f64()));
        }
        let doubles = || values.iter().map(|x| x.to_f64());
        let values = match T::NAME {
            "f64" => Values::F64(doubles().collect()),
            _ => Values::F32(doubles().map(|x| x as f32).collect()),
        };
        file.tensors.push(Tensor { name: entry.name.clone(), shape: entry.shape.clone(), values });
    }
    Ok(file)
}

/// Reads a network with its weights.
///
/// # Errors
/// [`TensorError`], naming the file, the tensor, what was expected and what was found.
pub fn load(path: &Path) -> Result<Model, TensorError> {
    let file = TensorFile::read(path)?;
    from_tensors(&file).map_err(|problem| problem.of(path))
}

/// Reads the bytes of a model file.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(bytes: &[u8]) -> Result<Model, TensorError> {
    let path = crate::tensors::nameless();
    let file = TensorFile::from_bytes(&path, bytes)?;
    from_tensors(&file).map_err(|problem| problem.of(&path))
}

fn from_tensors(file: &TensorFile) -> Result<Model, TensorProblem> {
    let description = description(file)?;
    let weights = file.tensors.iter().map(|tensor| tensor.values.len()).sum();
    sizes::check(&description, weights)
        .map_err(|reason| TensorProblem::Description { key: DESCRIPTION, reason })?;
    let network = Network::new(description)?;
    let entries = network.layout().entries();
    let named = |name: &str| entries.iter().any(|entry| entry.name == name);
    let foreign: Vec<&str> = file
        .tensors
        .iter()
        .map(|tensor| tensor.name.as_str())
        .filter(|name| !named(name))
        .collect();
    let mut parameters = Vec::new();
    for entry in entries {
        let Some(tensor) = file.get(&entry.name) else {
            return Err(TensorProblem::Missing {
                tensor: entry.name.clone(),
                shape: entry.shape.clone(),
                meant: closest(&entry.name, foreign.iter().copied()),
                known: file.tensors.iter().map(|tensor| tensor.name.clone()).collect(),
            });
        };
        parameters.extend(weights_of(entry, tensor)?);
    }
    if let Some(name) = foreign.first() {
        return Err(TensorProblem::Foreign {
            tensor: (*name).to_owned(),
            meant: closest(name, entries.iter().map(|entry| entry.name.as_str())),
            known: entries.iter().map(|entry| entry.name.clone()).collect(),
        });
    }
    let double = file.tensors.iter().any(|tensor| matches!(tensor.values, Values::F64(_)));
    let precision = if double { Precision::F64 } else { Precision::F32 };
    Ok(Model { network, parameters, precision })
}

fn description(file: &TensorFile) -> Result<Description, TensorProblem> {
    let text = file.metadata.get(DESCRIPTION);
    let text = text.ok_or(TensorProblem::NoMetadata { key: DESCRIPTION })?;
    let format = file.metadata.get("format").ok_or(TensorProblem::NoMetadata { key: "format" })?;
    if format != FORMAT {
        return Err(TensorProblem::Format { found: format.clone(), expected: FORMAT });
    }
    serde_json::from_str(text)
        .map_err(|error| TensorProblem::Description { key: DESCRIPTION, reason: error.to_string() })
}

fn weights_of(entry: &Entry, tensor: &Tensor) -> Result<Vec<f64>, TensorProblem> {
    if tensor.shape != entry.shape {
        return Err(TensorProblem::Shape {
            tensor: entry.name.clone(),
            expected: entry.shape.clone(),
            found: tensor.shape.clone(),
        });
    }
    let values = tensor.values.to_f64();
    let (low, high) = entry.limits;
    for (at, &value) in values.iter().enumerate() {
        if !value.is_finite() {
            return Err(not_finite(entry, at, value));
        }
        // a limit that is no single-precision number may have been rounded outwards
        let slack = f64::from(f32::EPSILON);
        if value < low - slack * low.abs() || value > high + slack * high.abs() {
            let (tensor, index) = (entry.name.clone(), index(&entry.shape, at));
            return Err(TensorProblem::Range { tensor, index, value, low, high });
        }
        if let Some(constraint) = entry.constraint.as_ref().filter(|c| !c.allows(at, value)) {
            let expected = match constraint.allowed()[at] {
                Allowed::Nothing => "no connection",
                Allowed::Negative => "no positive weight",
                Allowed::Positive | Allowed::Any => "no negative weight",
            };
            let (tensor, index) = (entry.name.clone(), index(&entry.shape, at));
            return Err(TensorProblem::Constraint { tensor, index, value, expected });
        }
    }
    Ok(values)
}

fn not_finite(entry: &Entry, at: usize, value: f64) -> TensorProblem {
    TensorProblem::NotFinite { tensor: entry.name.clone(), index: index(&entry.shape, at), value }
}

/// Place `at` of a row-major array as an index.
fn index(shape: &[usize], mut at: usize) -> Vec<usize> {
    let mut index: Vec<usize> = Vec::new();
    for &size in shape.iter().rev() {
        index.push(at % size.max(1));
        at /= size.max(1);
    }
    index.reverse();
    index
}
