//! Questions put to activity, or to anything with dynamics.

pub mod lyapunov;
pub mod stability;
