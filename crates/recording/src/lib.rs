//! Recordings of neural activity: reading, preparing, dividing, and the baselines a model must beat.
//!
//! ```no_run
//! use attractor_recording::{BaselineOptions, Normalisation, ReadOptions, baselines, read};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = ReadOptions { inputs: Some("song".into()), ..ReadOptions::default() };
//! let recording = read("hvc.npz", &options)?;
//! let (recording, dropped) = recording.live_units()?;
//! let recording = recording.smoothed(2.0)?;                       // sd in frames
//! let (recording, _scale) = recording.normalised(Normalisation::Global);
//! let division = recording.divided(0.25, 60, 6, 1)?;              // fraction, block, gap, seed
//! println!("{dropped} silent units");
//! println!("{}", baselines(&recording, &division, &BaselineOptions::default())?);
//! # Ok(()) }
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`session`] | [`Session`]: what a file holds, spikes and series with their own times |
//! | [`mod@read`] | reading sessions: NWB, MATLAB, `.npz`, `.npy`, tables |
//! | [`steps`] | preparation: named steps from a session to a recording |
//! | [`recording`] | [`Recording`]: activity in frames, inputs, names, conditions, lengths |
//! | [`npz`] | recordings in `.npz`, inputs of another rate brought to the activity's frames |
//! | [`prepare`] | smoothing, normalisation, choice of units and trials, segments |
//! | [`divide`] | training and held-out stretches |
//! | [`forecast`] | what a forecast is, and its R² on held-out data |
//! | [`baseline`] | mean, last value, cross-validated ridge autoregression |

pub mod baseline;
mod cholesky;
mod cross_validation;
pub mod divide;
mod error;
pub mod forecast;
pub mod npz;
mod nwb_write;
pub mod prepare;
pub mod read;
pub mod recording;
mod resample;
mod ridge;
pub mod session;
pub mod steps;

pub use baseline::{
    BaselineOptions, BaselineRow, Baselines, LastValue, Mean, RidgeChoice, baselines,
};
pub use cross_validation::folds;
pub use divide::{Division, Stretch};
pub use error::RecordingError;
pub use forecast::{Forecast, Mode, R2, evaluate};
pub use npz::{ReadOptions, read};
pub use nwb_write::{NwbOptions, nwb_bytes, write_nwb};
pub use prepare::Normalisation;
pub use read::{SessionOptions, read_session, session_from_bytes};
pub use recording::Recording;
pub use ridge::{Prior, Ridge};
pub use session::{Clock, Intervals, Moments, Provenance, Series, Session, Spikes, Units, Unread};
pub use steps::{Choice, Step};
