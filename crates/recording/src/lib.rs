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
//! | [`recording`] | [`Recording`]: activity, inputs, names, conditions, lengths |
//! | [`npz`] | reading `.npz`, bringing inputs of another rate to the activity's frames |
//! | [`prepare`] | smoothing, normalisation, choice of units, segments |
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
pub mod prepare;
pub mod recording;
mod resample;
mod ridge;

pub use baseline::{
    BaselineOptions, BaselineRow, Baselines, LastValue, Mean, RidgeChoice, baselines,
};
pub use cross_validation::folds;
pub use divide::{Division, Stretch};
pub use error::RecordingError;
pub use forecast::{Forecast, Mode, R2, evaluate};
pub use npz::{ReadOptions, read};
pub use prepare::Normalisation;
pub use recording::Recording;
pub use ridge::{Prior, Ridge};
