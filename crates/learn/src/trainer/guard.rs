//! Notices when training goes wrong.

use attractor_network::Layout;
use attractor_numerics::Real;
use serde::{Deserialize, Serialize};

use crate::optimiser::Plan;

/// Losses that the median runs over.
const WINDOW: usize = 51;
/// Losses needed before anything counts as an explosion.
const ENOUGH: usize = 5;
/// Times the median that counts as an explosion.
const EXPLOSION: f64 = 1e3;
/// Exploding losses in a row that end training: one alone may be a rare batch.
const IN_A_ROW: u64 = 5;

/// Watches the losses of a phase; part of a checkpoint.
///
/// A loss is exploding if it is above 1000 times the median absolute value of the last 51 losses that
/// were not, and above the first loss of the phase. Five in a row end training. The second condition
/// lets well-trained networks with tiny losses meet a hard batch; five in a row, because an adaptive
/// optimiser with clipping usually recovers from one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    #[serde(with = "super::exact::list")]
    losses: Vec<f64>,
    #[serde(with = "super::exact::list")]
    first: Vec<f64>,
    high: u64,
}

impl Guard {
    /// Takes note of a finite loss and says whether training has exploded.
    pub(super) fn explodes(&mut self, loss: f64) -> bool {
        if self.first.is_empty() {
            self.first.push(loss);
        }
        if self.losses.len() >= ENOUGH && loss > self.first[0] && loss > EXPLOSION * self.median() {
            self.high += 1;
            return self.high >= IN_A_ROW;
        }
        self.high = 0;
        if self.losses.len() == WINDOW {
            self.losses.remove(0);
        }
        self.losses.push(loss);
        false
    }

    fn median(&self) -> f64 {
        let mut sizes: Vec<f64> = self.losses.iter().map(|loss| loss.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        sizes[sizes.len() / 2]
    }
}

/// How training went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    NotFinite,
    Exploded,
    Validation,
}

/// Name of the first trained entry whose gradient is not finite.
pub(super) fn first_not_finite<T: Real>(
    gradient: &[T],
    plan: &Plan,
    layout: &Layout,
) -> Option<String> {
    for segment in plan.segments() {
        let found = gradient[segment.range.clone()].iter().position(|g| !g.is_finite());
        if let Some(place) = found {
            return layout.at(segment.range.start + place).map(|entry| entry.name.clone());
        }
    }
    None
}

/// What to try.
pub(super) fn advice(cause: Cause, in_phase: u64, rate: f64, clip: Option<f64>) -> String {
    if in_phase == 0 && cause == Cause::NotFinite {
        return "The first loss of the phase already fails: look at inputs, targets and initial \
                weights (a recurrent gain far above 1, a rate that grows without bound)"
            .to_owned();
    }
    let what = match cause {
        Cause::NotFinite => "",
        Cause::Exploded => "The loss rose above 1000 times its running median. ",
        Cause::Validation => "Validation is not finite. ",
    };
    let clip = match clip {
        Some(clip) => format!("learner.clip (now {clip})"),
        None => "set learner.clip (now off; 1 is usual)".to_owned(),
    };
    format!(
        "{what}Lower learner.rate (now {rate:e}) or {clip}, and continue from the last good weights"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explosions_need_company() {
        let mut guard = Guard::default();
        let mut feed = |losses: &[f64]| losses.iter().any(|&loss| guard.explodes(loss));
        assert!(!feed(&[1.0; 60]));
        assert!(!feed(&[2e3, 1.0, 2e3, 2e3, 2e3, 2e3, 0.9]), "four in a row are forgiven");
        assert!(!feed(&[999.0; 40]));
        assert!(!feed(&[1.0; 51]));
        assert!(feed(&[2e3; 5]));
    }

    #[test]
    fn small_losses_may_jump() {
        let mut guard = Guard::default();
        assert!(!guard.explodes(1.0));
        assert!((0..60).all(|_| !guard.explodes(1e-9)));
        assert!((0..10).all(|_| !guard.explodes(1e-3)), "still below the first loss");
    }

    #[test]
    fn negative_losses_are_fine() {
        let mut guard = Guard::default();
        assert!((0..200).all(|k| !guard.explodes(-0.1 * f64::from(k))));
        assert!((0..5).any(|_| guard.explodes(1e6)));
    }
}
