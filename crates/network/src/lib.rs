//! Networks: populations of neurons wired by projections, compiled to a plan.
//!
//! A [`Description`] says what there is; [`Network::new`] compiles it; an [`Engine`] runs it: whole
//! trials, gradients by BPTT, tangents, Jacobians, or step by step; an [`Autonomous`] network is one
//! step under a constant input as a map. Weights are a flat vector that the caller owns.

mod autonomous;
mod backward;
mod constraint;
mod credit;
mod crew;
mod description;
mod engine;
mod error;
mod forward;
mod intervention;
pub mod library;
mod matrix;
mod network;
mod noise;
mod operator;
mod parameters;
mod plan;
mod positions;
mod signal;
mod state;
mod structure;
mod tangent;
mod wiring;

pub use autonomous::Autonomous;
pub use constraint::{Allowed, Constraint};
pub use credit::{Credit, Route};
pub use description::{Block, Description, Loadings, Population, Projection, Start, Wiring};
pub use engine::{Engine, EngineOptions};
pub use error::{NetworkError, RunError};
pub use intervention::{Action, Intervention, Interventions};
pub use matrix::Weights;
pub use network::{Connection, Network};
pub use noise::NoiseSource;
pub use parameters::{Entry, Layout};
pub use positions::{Point, Positions, distances};
pub use signal::{Loss, Part, Quantity, SignalId, SignalView, SignalViewMut};
pub use state::State;
pub use structure::{Between, Component, Graph, Hold, Mask, Sign};
pub use tangent::Direction;
