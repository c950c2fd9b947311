//! Equations of one neuron: define, parse, simplify, differentiate, execute by blocks.
//!
//! A neuron is written once, by [`Neuron::define`] or as text ([`NeuronText`]); the step, reverse
//! mode, partials and forward mode are [`Function`]s derived from it; a [`Program`] runs a function
//! over many units.

mod canonical;
mod define;
mod error;
mod execute;
mod function;
mod graph;
mod latex;
mod names;
mod neuron;
mod page;
mod printing;
mod program;
mod scalar;
mod surrogate;
mod symbols;
mod text;

pub use define::Definition;
pub use error::NeuronError;
pub use execute::{Call, Kernel, Scratch};
pub use function::Function;
pub use graph::{Binary, Graph, Leaf, Node, NodeId, Output, Unary, Variable};
pub use neuron::{Distribution, Emission, Integrator, Neuron, Noise, Param, State, Symbol, Update};
pub use program::Program;
pub use scalar::Scalar;
pub use surrogate::Surrogate;
pub use symbols::{SymbolKind, SymbolRow};
pub use text::{NeuronText, ParamText, StateText, SymbolText};
