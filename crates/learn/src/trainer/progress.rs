//! What one update reports.

use std::fmt;

use crate::objective::TermValue;

/// What one update did.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Place of the phase in the list.
    pub phase: usize,
    /// Updates done over all phases, this one included.
    pub update: u64,
    /// Updates done in this phase, this one included.
    pub in_phase: u64,
    /// Loss on the batch, before the update.
    pub loss: f64,
    /// Its terms.
    pub terms: Vec<TermValue>,
    /// Norm of the gradient of what is trained, before clipping.
    pub grad_norm: f64,
    /// Learning rate of the update.
    pub rate: f64,
    /// Parameters that are pruned so far, if the update began with a cut.
    pub pruned: Option<usize>,
    /// Validation after the update, if it was due.
    pub validation: Option<Validation>,
    /// Why the phase ended with this update, if it did.
    pub finish: Option<Finish>,
}

/// Validation on trials that training does not see.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    /// Loss.
    pub loss: f64,
    /// Its terms.
    pub terms: Vec<TermValue>,
    /// Score, if the trials have one.
    pub score: Option<f64>,
    /// Watched signals with units that stayed at 0.
    pub silent: Vec<Silent>,
    /// The best of the phase so far.
    pub best: bool,
}

/// Units whose signal stayed at 0 during all steps of all trials of a validation.
///
/// Their weights get no gradient where the nonlinearity is flat at 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// The signal.
    pub signal: String,
    /// Number of silent units.
    pub silent: usize,
    /// Number of units.
    pub units: usize,
}

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Silent { signal, silent, units } = self;
        write!(f, "{silent} of {units} units of `{signal}` stayed at 0 throughout validation")?;
        if silent == units {
            f.write_str(": nothing can be learnt; start with larger weights or a positive bias")?;
        }
        Ok(())
    }
}

/// Why a phase ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// All its updates are done.
    Updates,
    /// The validation loss is low enough.
    Loss,
    /// The validation score is high enough.
    Score,
}

impl fmt::Display for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Finish::Updates => "all updates done",
            Finish::Loss => "loss reached",
            Finish::Score => "score reached",
        })
    }
}
