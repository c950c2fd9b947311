//! Runs: a configuration, training, checkpoints, and the directory that keeps it all.
//!
//! ```no_run
//! use attractor_run::{Experiment, Nobody, Request, RunDirectory, Settings, train};
//! let request = Request {
//!     task: Some("context-decision".into()),
//!     overrides: vec!["network.units=64".into()],
//!     ..Request::default()
//! };
//! let experiment = Experiment::read(&request)?;
//! let directory = RunDirectory::create("runs/first".as_ref())?;
//! train(experiment, directory, Settings::default(), &mut Nobody)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`analysis`] | the reverse engineering of a trained network |
//! | [`config`] | what a run is made from: layers put together, every problem found |
//! | [`directory`] | the files of a run |
//! | [`metrics`] | `metrics.csv` |
//! | [`mod@results`] | `results.json` |
//! | [`spikes`] | rates of spikes, their energy, and rasters |
//! | [`observer`] | who watches a run, and may stop it |

pub mod analysis;
mod checkpoint;
mod clock;
pub mod config;
mod describe;
pub mod directory;
mod error;
mod evaluate;
mod finish;
pub mod fit;
mod log;
mod material;
pub mod metrics;
mod nwb;
pub mod observer;
mod report;
pub mod results;
mod simulate;
pub mod spikes;
mod train;

pub use analysis::{Analysis, Part};
pub use clock::now;
pub use config::{Config, ConfigError, Experiment, Problem, Request};
pub use directory::RunDirectory;
pub use error::RunError;
pub use finish::{Questions, analyse_again, report_again};
pub use material::Material;
pub use metrics::Metrics;
pub use nwb::simulated_session;
pub use observer::{Event, Nobody, Observer};
pub use results::Results;
pub use simulate::{Lesioned, Simulation, is_nir, lesion, load_model, load_model_at, simulate};
pub use train::{Outcome, Settings, results, resume, train};
