//! Numerics of attractor: instruction sets, products, random numbers, decompositions.

mod isa;
mod real;

pub use isa::Isa;
pub use real::Real;
