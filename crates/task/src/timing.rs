//! Periods in ms, and the steps they become.

use std::ops::Range;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::TaskError;

/// Longest trial, in steps: a mistyped unit should be an error, not an allocation.
const MOST_STEPS: usize = 1_000_000;

/// How long a period lasts, ms: `100` or, drawn per trial, `[500, 2000]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Duration {
    /// Always the same, ms.
    Fixed(f64),
    /// Uniform between the two, ms; every whole number of steps between them is equally likely.
    Uniform([f64; 2]),
}

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Duration::Fixed(ms) => write!(f, "{ms} ms"),
            Duration::Uniform([from, to]) => write!(f, "{from} to {to} ms, uniform"),
        }
    }
}

/// A named part of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Period {
    /// What it is called, such as `"stimulus"`.
    pub name: &'static str,
    /// How long it lasts.
    pub duration: Duration,
}

impl Period {
    /// A period of a fixed number of ms.
    #[must_use]
    pub fn fixed(name: &'static str, ms: f64) -> Self {
        Period { name, duration: Duration::Fixed(ms) }
    }
}

/// The periods of a task in steps of dt: `floor(ms / dt)` each.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    dt: f64,
    /// Name, fewest and most steps.
    periods: Vec<(&'static str, usize, usize)>,
}

impl Timing {
    /// Converts periods to steps of `dt` ms.
    ///
    /// # Errors
    /// [`TaskError::Option`] for a dt or a duration that is no positive number or a range that runs
    /// backwards, [`TaskError::Unresolved`] for a nonzero period shorter than dt,
    /// [`TaskError::TooLong`] beyond a million steps.
    pub fn new(task: &'static str, dt: f64, periods: &[Period]) -> Result<Self, TaskError> {
        if !(dt.is_finite() && dt > 0.0) {
            return Err(TaskError::Option {
                task,
                option: "dt".into(),
                value: dt.to_string(),
                fix: "a step lasts a positive number of ms".into(),
            });
        }
        let mut total = 0.0;
        let mut converted = Vec::with_capacity(periods.len());
        for period in periods {
            let (from, to) = match period.duration {
                Duration::Fixed(ms) => (ms, ms),
                Duration::Uniform([from, to]) => (from, to),
            };
            if !(from.is_finite() && to.is_finite() && from >= 0.0 && to >= from) {
                return Err(TaskError::Option {
                    task,
                    option: period.name.into(),
                    value: period.duration.to_string(),
                    fix: "give ms >= 0, or a range [from, to] with from <= to".into(),
                });
            }
            let (fewest, most) = (steps(from, dt), steps(to, dt));
            if (from > 0.0 && fewest < 1.0) || (to > 0.0 && most < 1.0) {
                let ms = if from > 0.0 { from } else { to };
                return Err(TaskError::Unresolved { task, period: period.name, ms, dt });
            }
            total += most;
            if total > MOST_STEPS as f64 {
                return Err(TaskError::TooLong { task, steps: total, dt, most: MOST_STEPS });
            }
            converted.push((period.name, fewest as usize, most as usize));
        }
        if total < 1.0 {
            return Err(TaskError::Option {
                task,
                option: "periods".into(),
                value: "0 ms in all".into(),
                fix: "a trial needs at least one step".into(),
            });
        }
        Ok(Timing { dt, periods: converted })
    }

    /// Duration of a step, ms.
    #[must_use]
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// Steps of the longest trial: what batches are padded to.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.periods.iter().map(|(_, _, most)| most).sum()
    }

    /// The steps of each period in one trial, in order; durations that vary are drawn from `rng`.
    #[must_use]
    pub fn draw(&self, rng: &mut impl Rng) -> Schedule {
        let mut at = 0;
        let ranges = self.periods.iter().map(|&(name, fewest, most)| {
            let from = at;
            at += if fewest == most { most } else { rng.random_range(fewest..=most) };
            (name, from..at)
        });
        Schedule { ranges: ranges.collect() }
    }
}

/// Whole steps in so many ms. The tolerance keeps 0.3 / 0.1 from being 2 steps.
pub(crate) fn steps(ms: f64, dt: f64) -> f64 {
    (ms / dt + 1e-6).floor()
}

/// When the periods of one trial happen, in steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    ranges: Vec<(&'static str, Range<usize>)>,
}

impl Schedule {
    /// The steps of a period; an empty range if there is no such period.
    #[must_use]
    pub fn of(&self, period: &str) -> Range<usize> {
        self.ranges
            .iter()
            .find(|(name, _)| *name == period)
            .map_or(0..0, |(_, range)| range.clone())
    }

    /// The last step of the trial, plus one.
    #[must_use]
    pub fn end(&self) -> usize {
        self.ranges.last().map_or(0, |(_, range)| range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::stream;

    fn timing(dt: f64, periods: &[Period]) -> Result<Timing, TaskError> {
        Timing::new("test", dt, periods)
    }

    #[test]
    fn steps_are_rounded_down_but_not_by_rounding_errors() {
        for (ms, dt, expected) in
            [(350.0, 20.0, 17), (0.3, 0.1, 3), (100.0, 100.0, 1), (0.0, 5.0, 0), (1.0, 0.1, 10)]
        {
            assert_eq!(steps(ms, dt) as usize, expected, "{ms} / {dt}");
        }
    }

    #[test]
    fn what_dt_cannot_resolve_is_an_error() {
        let error = timing(25.0, &[Period::fixed("decision", 20.0)]).unwrap_err().to_string();
        assert!(error.contains("`decision` lasts 20 ms, less than one step of 25 ms"), "{error}");
        let left_out =
            timing(25.0, &[Period::fixed("delay", 0.0), Period::fixed("decision", 50.0)]).unwrap();
        assert_eq!(left_out.steps(), 2);
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(timing(20.0, &[Period::fixed("delay", bad)]).is_err());
            assert!(timing(bad, &[Period::fixed("delay", 100.0)]).is_err());
        }
        assert!(matches!(
            timing(1.0, &[Period::fixed("delay", 1e15)]),
            Err(TaskError::TooLong { .. })
        ));
        assert!(
            timing(1.0, &[Period { name: "d", duration: Duration::Uniform([5.0, 2.0]) }]).is_err()
        );
        assert!(timing(1.0, &[]).is_err());
    }

    #[test]
    fn drawn_periods_cover_their_range_and_follow_one_another() {
        let delay = Period { name: "delay", duration: Duration::Uniform([40.0, 100.0]) };
        let timing =
            timing(20.0, &[Period::fixed("cue", 60.0), delay, Period::fixed("choice", 20.0)])
                .unwrap();
        assert_eq!(timing.steps(), 9);
        let mut rng = stream(1, "test");
        let mut seen = [0; 6];
        for _ in 0..4000 {
            let schedule = timing.draw(&mut rng);
            assert_eq!(schedule.of("cue"), 0..3);
            assert_eq!(schedule.of("delay").end, schedule.of("choice").start);
            assert_eq!(schedule.end(), schedule.of("choice").end);
            assert_eq!(schedule.of("nothing"), 0..0);
            seen[schedule.of("delay").len()] += 1;
        }
        assert_eq!(seen[..2], [0, 0]);
        assert!(seen[2..].iter().all(|&n| (880..1120).contains(&n)), "{seen:?}");
    }
}
