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
//! One file: the options, each with a default, and a [`Design`] of them, which says what one trial is
//! and how answers are judged. [`Made`] adds what all tasks share. This is all of a task:
//!
//! ```
//! use attractor_data::Trials;
//! use attractor_task::{About, Design, Draft, OptionDoc, Options, Period, Score, Task, TaskError, judge};
//! use ndarray::ArrayView3;
//!
//! /// Report the sign of a brief pulse after a delay.
//! #[derive(Clone, serde::Serialize, serde::Deserialize)]
//! #[serde(default, deny_unknown_fields)]
//! struct Recall {
//!     dt: f64,
//!     delay: f64,
//! }
//!
//! impl Default for Recall {
//!     fn default() -> Self {
//!         Recall { dt: 20.0, delay: 500.0 }
//!     }
//! }
//!
//! impl Options for Recall {
//!     const DOCS: &'static [OptionDoc] = &[
//!         OptionDoc { name: "dt", unit: "ms", meaning: "Duration of a step" },
//!         OptionDoc { name: "delay", unit: "ms", meaning: "Between pulse and answer" },
//!     ];
//!     fn dt(&self) -> f64 {
//!         self.dt
//!     }
//! }
//!
//! impl Design for Recall {
//!     type Card = f64;
//!     const ABOUT: About = About {
//!         name: "recall",
//!         summary: "report the sign of a pulse after a delay",
//!         reference: "none",
//!         choice_rule: "the sign of the output's mean over the answer is that of the pulse",
//!     };
//!     fn periods(&self) -> Vec<Period> {
//!         vec![
//!             Period::fixed("pulse", 100.0),
//!             Period::fixed("delay", self.delay),
//!             Period::fixed("answer", 100.0),
//!         ]
//!     }
//!     fn inputs(&self) -> Vec<String> {
//!         vec!["pulse".into()]
//!     }
//!     fn outputs(&self) -> Vec<String> {
//!         vec!["choice".into()]
//!     }
//!     fn cards(&self) -> Vec<f64> {
//!         vec![-1.0, 1.0]
//!     }
//!     fn trial(&self, &sign: &f64, trial: &mut Draft<'_>) {
//!         trial.show(0, trial.during("pulse"), sign);
//!         trial.want(0, trial.during("answer"), sign);
//!         trial.ask(trial.during("answer"));
//!         trial.note("sign", sign);
//!         trial.noise(0..1, 0.1);
//!     }
//!     fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
//!         let (score, choices) = judge::by_sign("recall", trials, outputs, &["sign"])?;
//!         Ok(score.along("sign", trials, &choices))
//!     }
//! }
//!
//! let task = Recall { delay: 1000.0, ..Recall::default() }.make()?;
//! assert_eq!(task.generate(1, 0, 8)?.steps(), 5 + 50 + 5);
//! # Ok::<(), TaskError>(())
//! ```
//!
//! For the library, write the options with the macro of `options.rs`, which saves half of the above,
//! and add the task to the lists in `lib.rs` and [`registry`].

mod context_decision;
mod cycling;
mod delayed_discrimination;
mod delayed_response;
mod design;
mod draft;
mod draw;
mod error;
mod evidence_accumulation;
mod flip_flop;
mod go_no_go;
mod interval;
mod interval_reproduction;
pub mod judge;
mod match_to_sample;
mod multi;
mod one_step_inference;
mod options;
mod path_integration;
mod pattern_generation;
mod perceptual_decision;
mod phase_memory;
pub mod presets;
mod pro_anti;
mod ready_set_go;
pub mod registry;
mod ring;
mod score;
pub mod sequences;
mod sine_generation;
mod store_recall;
mod task;
mod tile;
mod timed_pulse;
mod timing;

pub use context_decision::ContextDecision;
pub use cycling::Cycling;
pub use delayed_discrimination::DelayedDiscrimination;
pub use delayed_response::DelayedResponse;
pub use design::{About, Design, Made};
pub use draft::Draft;
pub use draw::Stream;
pub use error::TaskError;
pub use evidence_accumulation::EvidenceAccumulation;
pub use flip_flop::FlipFlop;
pub use go_no_go::GoNoGo;
pub use interval_reproduction::IntervalReproduction;
pub use match_to_sample::DelayedMatchToSample;
pub use multi::{Channels, Multi, MultiOptions};
pub use one_step_inference::OneStepInference;
pub use options::Options;
pub use path_integration::PathIntegration;
pub use pattern_generation::PatternGeneration;
pub use perceptual_decision::PerceptualDecision;
pub use phase_memory::PhaseMemory;
pub use pro_anti::ProAnti;
pub use ready_set_go::ReadySetGo;
pub use registry::{Entry, create, names};
pub use ring::{Yang2019, Yang2019Options};
pub use score::{ConditionScore, Psychometric, PsychometricPoint, Score};
pub use sequences::digits::{Ask, Scan, SequentialDigits};
pub use sequences::ecg::EcgWaves;
pub use sequences::mnist::SequentialMnist;
pub use sequences::spoken::{Sound, SpokenDigits};
pub use sequences::{Collection, Drawn};
pub use sine_generation::SineGeneration;
pub use store_recall::StoreRecall;
pub use task::{OptionDoc, Task};
pub use timed_pulse::TimedPulse;
pub use timing::{Duration, Period, Schedule, Timing};
