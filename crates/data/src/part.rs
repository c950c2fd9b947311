//! Which part of the trials a batch belongs to: its number says so.
//!
//! Whoever makes or holds trials is asked for batches by number. Numbers of training batches count
//! from 0; those of validation have bit 63 set, those of evaluation bit 62. What makes fresh trials
//! needs to know no more than that numbers differ; what holds a fixed set keeps the parts disjoint.

/// The bit of validation.
pub const VALIDATION: u64 = 1 << 63;

/// The bit of evaluation.
pub const EVALUATION: u64 = 1 << 62;

/// What a batch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// To learn from.
    Training,
    /// To choose the best weights by.
    Validation,
    /// To judge by, once.
    Evaluation,
}

impl Part {
    /// The part of a batch.
    ///
    /// ```
    /// use attractor_data::part::{EVALUATION, Part, VALIDATION};
    /// assert_eq!(Part::of(12), Part::Training);
    /// assert_eq!(Part::of(12 | VALIDATION), Part::Validation);
    /// assert_eq!(Part::of(EVALUATION), Part::Evaluation);
    /// ```
    #[must_use]
    pub fn of(batch: u64) -> Self {
        match batch {
            _ if batch & VALIDATION != 0 => Part::Validation,
            _ if batch & EVALUATION != 0 => Part::Evaluation,
            _ => Part::Training,
        }
    }
}
