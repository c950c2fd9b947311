//! Objectives, optimisers, learners, phases.
//!
//! Training is a list of [`Phase`]s. Each says what is minimised ([`Objective`]), how
//! ([`Learner`]), what is changed ([`Phase::train`]) and when to stop ([`Stop`]). [`Trainer`] works
//! through the list one update at a time and can be put down and taken up between any two.
//!
//! ```
//! use attractor_learn::Phase;
//! let phase: Phase = toml::from_str(r#"
//!     objective = [
//!         { kind = "mse", signal = "out.y" },
//!         { kind = "l2", signal = "rec.r", weight = 1e-3 },
//!     ]
//!     learner = { rate = 1e-3, clip = 1.0, batch = 64 }
//!     stop = { updates = 2000, score = 0.95 }
//! "#)?;
//! assert_eq!(phase.objective.terms[1].to_string(), "l2(rec.r)");
//! # Ok::<(), toml::de::Error>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`constrained`] | networks whose units are measured ones: ridge, roll-outs |
//! | [`force`] | recursive least squares while the network runs |
//! | [`objective`] | what is minimised: weighted terms on signals and on parameters |
//! | [`online`] | e-prop while the network runs, one step at a time |
//! | [`optimiser`] | how a gradient becomes a change: SGD, Adam, AdamW; clipping, own rates, limits |
//! | [`schedule`] | the learning rate over updates |
//! | [`phase`] | one stage of training, as data |
//! | [`prune`] | weights taken away for good, by magnitude, at random or by top-probability |
//! | [`rule`] | back-propagation, or e-prop with symmetric, random or adaptive feedback |
//! | [`source`] | where trials come from: a task, a data set |
//! | [`stochastic`] | stochastic low-rank networks, by variational sequential Monte Carlo |
//! | [`trainer`] | the loop: update, validate, detect divergence, checkpoint |
//! | [`model`] | what all of this asks of a network |

pub mod constrained;
mod engine;
mod error;
pub mod force;
pub mod model;
pub mod objective;
pub mod online;
pub mod optimiser;
mod pattern;
pub mod phase;
pub mod prune;
pub mod rule;
pub mod schedule;
pub mod source;
pub mod stochastic;
pub mod trainer;

pub use error::{ObjectiveError, OnlineError, PhaseError, SourceError, StateError, TrainError};
pub use model::{Model, Names, Signal, Units};
pub use objective::Objective;
pub use online::{Online, Stepper};
pub use optimiser::{Optimiser, Plan, Updater};
pub use phase::{Learner, OwnRate, Phase, Stop, Validate};
pub use prune::{By, Prune};
pub use rule::{Feedback, Rule};
pub use schedule::Schedule;
pub use source::{DataSet, Source};
pub use trainer::{Checkpoint, Options, Progress, Stage, Trainer};
