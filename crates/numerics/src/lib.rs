//! Numerics of attractor: instruction sets, products, random numbers, decompositions.

mod dynamics;
mod isa;
mod lanes;
pub mod law;
pub mod linalg;
pub mod math;
pub mod product;
pub mod random;
mod real;
mod words;

pub use dynamics::Dynamics;
pub use isa::{Isa, Kernel};
pub use real::Real;
