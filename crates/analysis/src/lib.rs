//! Questions put to activity, or to anything with dynamics.

pub mod fixed_points;
pub mod lyapunov;
pub mod stability;
