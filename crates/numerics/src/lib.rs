//! Numerics of attractor: instruction sets, products, random numbers, decompositions.

mod isa;
pub mod math;
mod real;

pub use isa::{Isa, Kernel};
pub use real::Real;
