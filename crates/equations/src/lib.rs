//! Equations of one neuron: define, parse, simplify, differentiate, execute by blocks.
//!
//! A neuron is written once, by [`Neuron::define`] or as text; the step, reverse mode, partials and
//! forward mode are [`Function`]s derived from it; a [`Program`] runs a function over many units.

mod define;
mod error;
mod execute;
mod function;
mod graph;
mod neuron;
mod program;

pub use define::{Definition, Scalar};
pub use error::NeuronError;
pub use execute::{Kernel, Scratch};
pub use function::Function;
pub use graph::{Binary, Graph, Leaf, Node, NodeId, Output, Unary, Variable};
pub use neuron::{
    Distribution, Emission, Integrator, Neuron, Noise, Param, State, Symbol, Update,
};
pub use program::Program;
