//! Who watches a run, and may stop it.

use attractor_learn::Progress;

/// Something worth knowing about a run as it goes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Training begins, or goes on after `done` updates; there will be at most `most`.
    Training {
        /// Updates done.
        done: u64,
        /// Most updates over all phases.
        most: u64,
    },
    /// An update was done.
    Update {
        /// What it did.
        progress: &'a Progress,
        /// Seconds of training so far, over all sittings.
        seconds: f64,
        /// Most updates that may still come, all phases considered.
        left: u64,
    },
    /// Something that also stands in `log.txt`.
    Note(&'a str),
    /// Something doubtful, that also stands in the report.
    Warning(&'a str),
}

/// Watches a run. Both methods do nothing unless written.
pub trait Observer {
    /// Something happened.
    fn event(&mut self, event: Event<'_>) {
        let _ = event;
    }

    /// Asked before every update: yes ends the run after a checkpoint.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Observer for Nobody {}
