//! Tasks: distributions over trials, with timing in ms, a choice rule and a score.
//!
//! A [`Task`] says what happens in a trial (named periods), which inputs and outputs there are,
//! makes batches of trials from a seed, and judges outputs. It knows nothing of networks.
//!
//! ```
//! let task = attractor_task::create("context-decision", &toml::toml! { noise = 0.05 })?;
//! let trials = task.generate(1, 0, 72)?;
//! assert_eq!((trials.steps(), trials.len(), trials.channels()), (68, 72, 4));
//!
//! // Outputs that equal the targets are always right.
//! let score = task.score(&trials, trials.targets[0].values.view())?;
//! assert_eq!(score.fraction, 1.0);
//! # Ok::<(), attractor_task::TaskError>(())
//! ```
//!
//! # Time
//! Periods are given in ms and become `floor(period / dt)` steps, the convention of the published
//! code this follows (350 ms are 17 steps of 20 ms). A period shorter than one step is an error
//! unless it is 0, which leaves it out. Noise on inputs is given as its standard deviation per step
//! of 20 ms and scaled by `sqrt(20 ms / dt)`, so that its power does not depend on dt.
//!
//! # Random numbers
//! A trial is a pure function of (options, seed, epoch, index in the batch): batches of any size
//! begin with the same trials. Conditions are dealt from shuffled decks, so every condition comes
//! equally often, to within one, at any batch size.
//!
//! # Adding a task
//! One file: options (`serde`, with defaults, `deny_unknown_fields`), `new`, `impl Task`, and an
//! [`Entry`] with one line per option; then one line in [`registry`].

mod context_decision;
mod delayed_discrimination;
mod draw;
mod error;
mod flip_flop;
mod multi;
pub mod registry;
mod ring;
mod score;
mod task;
mod timing;

pub use context_decision::{ContextDecision, ContextDecisionOptions};
pub use delayed_discrimination::{DelayedDiscrimination, DelayedDiscriminationOptions};
pub use error::TaskError;
pub use flip_flop::{FlipFlop, FlipFlopOptions};
pub use multi::{Channels, Multi, MultiOptions};
pub use registry::{Entry, create, names};
pub use ring::{Yang2019, Yang2019Options};
pub use score::{ConditionScore, Psychometric, PsychometricPoint, Score};
pub use task::{OptionDoc, Task};
pub use timing::{Duration, Period, Timing};
