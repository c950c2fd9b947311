//! NIR, the format in which spiking networks travel between simulators and chips: `.nir` files.
//!
//! NIR (Pedersen et al. 2024, doi:10.1038/s41467-024-52259-9) is a graph of nodes, each a differential
//! equation or a linear map, whose edges are identities, in an HDF5 file. [`read`] makes a network of one,
//! [`write()`] makes one of a network.
//!
//! | node | becomes |
//! |---|---|
//! | `Input` | an input population |
//! | `Output` | a linear population, `y = I` |
//! | `LIF`, `CubaLIF`, `IF` | a population that emits spikes `z` |
//! | `LI`, `CubaLI`, `I` | a population that emits its potential `v` |
//! | `Threshold` | a population without state that emits `z` |
//! | `Linear`, `Affine`, `Scale`, `Flatten` | wirings and biases; chains of them are multiplied out |
//! | `Delay` | a lag of the projection, in whole steps |
//! | `NIRGraph` | its nodes, under names such as `sub_lif` |
//!
//! Time in NIR is in seconds, and continuous: the step is chosen where the file is read (files of ours
//! remember it), and a leak is exact whatever the step. Within a step spikes pass on from population to
//! population, as far as they lead away from the input; a projection that leads back, or to where it
//! comes from, takes one step. A circle of nodes without time of their own is an error.

mod error;
mod graph;
mod neurons;
mod read;
mod routes;
mod write;

pub use error::{NirError, NirProblem};
pub use read::{read, read_bytes};
pub use write::{bytes, write};
