//! Trials, conditions, splits, time base, activity, and the `.npz` files they travel in.
//!
//! Arrays in memory are `[time, trial, unit]` with the unit fastest, because a network advances all
//! trials by one step at a time. Arrays in files are `[trial, time, unit]`, because that is how
//! people index them. The conversion happens here and nowhere else; the keys and axes stand in
//! [`trials_file`] and in `docs/files.md`.
//!
//! | module | holds |
//! |---|---|
//! | [`trials`] | [`Trials`]: inputs, targets, weights, start, conditions, lengths |
//! | [`conditions`] | [`Conditions`]: one row of named values per trial |
//! | [`activity`] | [`Activity`]: recorded signals of a simulation |
//! | [`connectome`] | [`Connectome`]: cells and who reaches whom, from files |
//! | [`mat`] | reading MATLAB files |
//! | [`part`] | training, validation, evaluation: which a batch belongs to |
//! | [`split`] | training and held-out trials or stretches of time |
//! | [`npz`], [`npz_write`] | reading and writing named arrays as NumPy does |
//! | [`trials_file`] | `trials.npz` |
//! | [`files`] | writing aside, then renaming |

pub mod activity;
pub mod conditions;
pub mod connectome;
mod error;
pub mod files;
mod guard;
pub mod mat;
mod npy;
pub mod npz;
pub mod npz_write;
pub mod part;
pub mod split;
pub mod trials;
mod trials_combine;
pub mod trials_file;

pub use activity::Activity;
pub use conditions::{Column, Conditions, Value};
pub use connectome::{Connectome, ConnectomeError, ConnectomeFiles, ConnectomeProblem};
pub use error::{FileError, FileProblem, TrialsError, closest};
pub use guard::guarded;
pub use mat::{Mat, MatArray, MatValue};
pub use npz::{Npz, read_npy};
pub use npz_write::{NpzArray, NpzNumber, write_npz};
pub use part::Part;
pub use split::{Split, SplitError, TimeSplit};
pub use trials::{OUTPUT, Target, Trials};
pub use trials_file::{read_trials, write_trials};
