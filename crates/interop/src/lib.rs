//! Files other programs read and write: the model file, `model.safetensors`, and NIR.
//!
//! | module | holds |
//! |---|---|
//! | [`tensors`] | named arrays and text in one safetensors file, written aside and renamed |
//! | [`model`] | a network in such a file: weights and description |
//! | [`nir`] | spiking networks in the format of simulators and chips |
//!
//! `docs/model-file.md` says how to write one from Python.

mod error;
pub mod model;
pub mod nir;
mod sizes;
pub mod tensors;

pub use error::{TensorError, TensorProblem};
pub use model::{Model, Precision, load, load_bytes, save};
pub use nir::{NirError, NirProblem};
pub use tensors::{Tensor, TensorFile, Values};
