//! Data-constrained networks: recurrent networks whose units are measured ones.
//!
//! Every unit of the network stands for a recorded unit, so the input to each synapse is known at every
//! sample and so, for a neuron whose step can be inverted, is the drive that a unit must have had. What
//! remains is to find weights. Three ways, from the fastest on:
//!
//! | | | a fit of 300 units |
//! |---|---|---|
//! | [`Setting::ridge`] | predicts one sample ahead: a linear problem with one factorisation | 10 ms |
//! | [`rollout()`] | ridge on states the network itself visits, with noise: runs freely | 1 s |
//! | [`crate::force`] | recursive least squares while it runs (FORCE), from scratch or from a roll-out | seconds to minutes |
//!
//! [`recipe`] goes through them. A one-step fit says little: always look at free runs, from the recorded
//! start, from one that is a little off, and with noise ([`Model::scores`]).
//!
//! What is fitted is never unique: data that lie in a few dimensions leave most of the weights open.
//! Compare weights and currents between restarts before reading anything into them.

mod error;
mod model;
mod recipe;
mod regression;
mod ridge;
mod rollout;
mod samples;
mod saturating;
mod three_regions;
mod unit;

pub use error::FitError;
pub use model::{Disturbance, Model, Runs, Scores, explained, explained_by_unit};
pub use recipe::{Recipe, RecipeOptions, recipe};
pub use regression::{Constraint, Regression};
pub use ridge::{Candidate, Setting, best};
pub use rollout::{Rollout, RolloutOptions, rollout};
pub use samples::Samples;
pub use saturating::{Loss, Saturating, SaturatingOptions, saturating};
pub use three_regions::{ThreeRegions, ThreeRegionsOptions, three_regions};
pub use unit::RateUnit;

pub(crate) use error::at_least;
pub(crate) use model::Moments;
pub(crate) use regression::inverse;
pub(crate) use samples::Stretch;
pub(crate) use unit::Block;
