//! The learning rate over updates: a factor in front of the rate of the learner.

use serde::{Deserialize, Serialize};

/// How the rate changes within a phase; `t` counts its updates from 0.
///
/// | kind | factor |
/// |---|---|
/// | `constant` | 1 |
/// | `step` | `factor^⌊t / every⌋` |
/// | `cosine` | warm-up `(t + 1) / warmup` for `t < warmup`, then `floor + (1 − floor)(1 + cos πs)/2`, `s = (t − warmup) / (updates − warmup)`, and `floor` from `updates` on |
/// | `plateau` | times `factor` whenever the validation loss has not improved `patience` times in a row, at least `floor` |
///
/// Cosine: Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// The same rate throughout.
    #[default]
    Constant,
    /// The rate falls in steps.
    Step {
        /// Updates between two steps.
        every: u64,
        /// What the rate is multiplied by at each.
        #[serde(default = "tenth")]
        factor: f64,
    },
    /// The rate falls along half a cosine.
    Cosine {
        /// Updates of linear warm-up before.
        #[serde(default)]
        warmup: u64,
        /// Update at which the floor is reached; by default the last of the phase.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updates: Option<u64>,
        /// Factor at the end.
        #[serde(default)]
        floor: f64,
    },
    /// The rate falls when the validation loss stays where it is.
    Plateau {
        /// Validations without improvement before a fall.
        #[serde(default = "ten")]
        patience: u64,
        /// What the rate is multiplied by.
        #[serde(default = "half")]
        factor: f64,
        /// Smallest factor.
        #[serde(default)]
        floor: f64,
        /// What counts as improvement: a loss below `(1 − threshold)` times the best (for losses
        /// below 0, lower by `threshold` times its size).
        #[serde(default = "small")]
        threshold: f64,
    },
}

fn tenth() -> f64 {
    0.1
}

fn half() -> f64 {
    0.5
}

fn ten() -> u64 {
    10
}

fn small() -> f64 {
    1e-3
}

/// What a schedule remembers; part of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleState {
    /// Factor reached by falls of a plateau.
    #[serde(with = "crate::trainer::exact")]
    pub factor: f64,
    /// Best validation loss, infinite before the first.
    #[serde(with = "crate::trainer::exact")]
    pub best: f64,
    /// Validations since.
    pub since: u64,
}

impl Default for ScheduleState {
    fn default() -> Self {
        ScheduleState { factor: 1.0, best: f64::INFINITY, since: 0 }
    }
}

impl Schedule {
    /// Factor in front of the rate at update `t` of a phase of at most `last` updates.
    pub fn factor(&self, state: &ScheduleState, t: u64, last: u64) -> f64 {
        match *self {
            Schedule::Constant => 1.0,
            Schedule::Step { every, factor } => {
                let falls = t.checked_div(every).unwrap_or(0);
                factor.powi(i32::try_from(falls).unwrap_or(i32::MAX))
            }
            Schedule::Cosine { warmup, .. } if t < warmup => (t + 1) as f64 / warmup as f64,
            Schedule::Cosine { warmup, updates, floor } => {
                let span = updates.unwrap_or(last).saturating_sub(warmup).max(1);
                let s = ((t - warmup) as f64 / span as f64).min(1.0);
                floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * s).cos())
            }
            Schedule::Plateau { .. } => state.factor,
        }
    }

    /// Takes note of a validation loss.
    pub fn observe(&self, state: &mut ScheduleState, loss: f64) {
        let Schedule::Plateau { patience, factor, floor, threshold } = *self else {
            return;
        };
        if state.best == f64::INFINITY || loss < state.best - threshold * state.best.abs() {
            state.best = loss;
            state.since = 0;
            return;
        }
        state.since += 1;
        if state.since >= patience.max(1) {
            state.factor = (state.factor * factor).max(floor);
            state.since = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(schedule: &Schedule, at: &[u64], last: u64) -> Vec<f64> {
        at.iter().map(|&t| schedule.factor(&ScheduleState::default(), t, last)).collect()
    }

    #[test]
    fn constant_and_step() {
        assert_eq!(factors(&Schedule::Constant, &[0, 7, 1 << 40], 10), [1.0; 3]);
        let step = Schedule::Step { every: 10, factor: 0.5 };
        assert_eq!(factors(&step, &[0, 9, 10, 25, 30], 100), [1.0, 1.0, 0.5, 0.25, 0.125]);
    }

    #[test]
    fn cosine_warms_up_falls_and_stays() {
        let cosine = Schedule::Cosine { warmup: 4, updates: None, floor: 0.1 };
        let found = factors(&cosine, &[0, 1, 3, 4, 8, 12, 20, 99], 20);
        // floor + 0.9 (1 + cos πs)/2 at s = 0, 1/4, 1/2, 1
        let quarter = 0.1 + 0.45 * (1.0 + std::f64::consts::FRAC_1_SQRT_2);
        let expected = [0.25, 0.5, 1.0, 1.0, quarter, 0.55, 0.1, 0.1];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
        let sooner = Schedule::Cosine { warmup: 0, updates: Some(10), floor: 0.0 };
        assert!((factors(&sooner, &[5], 1000)[0] - 0.5).abs() < 1e-15);
    }

    #[test]
    fn plateau_falls_after_patience() {
        let schedule = Schedule::Plateau { patience: 2, factor: 0.5, floor: 0.2, threshold: 0.01 };
        let mut state = ScheduleState::default();
        let mut seen = Vec::new();
        for loss in [1.0, 0.5, 0.499, 0.498, 0.4, 0.4, 0.4, 0.4, 0.4, 0.1] {
            schedule.observe(&mut state, loss);
            seen.push(schedule.factor(&state, 0, 0));
        }
        assert_eq!(seen, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2]);
        // negative losses improve downwards too
        let mut state = ScheduleState::default();
        schedule.observe(&mut state, -1.0);
        schedule.observe(&mut state, -1.005);
        assert_eq!((state.best, state.since), (-1.0, 1));
        schedule.observe(&mut state, -1.02);
        assert_eq!((state.best, state.since), (-1.02, 0));
    }
}
