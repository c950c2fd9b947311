//! The speed table: full training steps against what a user would pick instead and against the
//! measured matrix-product peak, all interleaved in one run; and the pieces of a step, so that the
//! next bottleneck is known.

mod case;
mod eprop;
mod error;
mod finder;
mod fits;
mod graphs;
mod peers;
mod pieces;
mod programs;
mod sernn;
mod structure;
mod table;
mod trials;

pub use case::{CASES, Case, TrainingStep, first_update};
pub use eprop::{EPROP, EpropCase, EpropRow};
pub use error::BenchError;
pub use finder::{Found, SEARCHES, SearchCase, SearchRow};
pub use fits::{FITS, FitCase, FitLine};
pub use graphs::{GraphCase, GraphRow, Kind, Measure, Measured, graph_cases};
pub use peers::{Peer, install};
pub use pieces::{Piece, pieces};
pub use sernn::{SERNN, SernnCase, SernnCell, SernnRow};
pub use structure::{Structure, StructureRow, StructureTable, structures};
pub use table::{Cell, Machine, Options, Row, Table, run};
pub use trials::{TrialsCase, TrialsCell, TrialsRow, trials_cases};
