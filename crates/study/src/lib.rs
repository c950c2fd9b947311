//! Publications, rerun: each study composes library parts and checks its paper's claims.
//!
//! A [`Study`] says how one seed is measured, at which [`Scale`], and what is [`Expected`] of the
//! numbers: one table, with the source of every value. [`run`] measures seeds 1 to K in parallel, keeps
//! each as it is done, and writes a directory: `results.json` with the claims, figures, and a page.
//!
//! ```
//! use attractor_study::{Scale, find};
//! let study = find("sequential-interference")?;
//! assert_eq!(study.seeds(), 5);
//! assert!(study.expected().iter().all(|claim| !claim.source.is_empty()));
//! assert!(study.settings(Scale::Smoke).contains_key("units"));
//! # Ok::<(), attractor_study::StudyError>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`claim`] | what is expected, and what came out beside it |
//! | [`context`] | what a study may use while it measures: training, running, saying where it stands |
//! | [`results`] | what is written |

pub mod claim;
pub mod context;
mod digits;
mod directory;
mod error;
mod exam;
mod measured;
mod net;
pub mod results;
mod runner;
mod studies;
mod study;

pub use claim::{Claim, Expected, Over, Relation, Report, Reported};
pub use context::{Context, Event, Observer};
pub use error::StudyError;
pub use measured::Measured;
pub use results::{Results, SeedResult};
pub use runner::{Outcome, Request, run};
pub use study::{STUDIES, Scale, SeedView, Study, find};
