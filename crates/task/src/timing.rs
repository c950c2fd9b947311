//! Periods in ms, and the steps they become.

use std::ops::Range;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::TaskError;

/// Longest trial, in steps: a mistyped unit should be an error, not an allocation.
const MOST_STEPS: usize = 1_000_000;

/// How long a period lasts, ms: `100` or, drawn per trial, `[500, 2000]` or
/// `{ mean = 800, min = 500, max = 2000 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a duration: ms, a range [from, to], or { mean = .., min = .., max = .. }"
)]
pub enum Duration {
    /// Always the same, ms.
    Fixed(f64),
    /// Uniform between the two, ms; every whole number of steps between them is equally likely.
    Uniform([f64; 2]),
    /// Exponential, truncated: the density at `t` between `min` and `max` is in proportion to
    /// `exp(-t / mean)`, so that the time waited says nothing about the time to wait until `max` is
    /// near. `mean`, ms, is that of the exponential before it is cut.
    ///
    /// `k` whole steps between `min` and `max` have a probability in proportion to
    /// `exp(-k dt / mean)`.
    Exponential {
        /// Mean before truncation, ms.
        mean: f64,
        /// Shortest, ms.
        min: f64,
        /// Longest, ms.
        max: f64,
    },
}

impl Duration {
    /// Shortest and longest, ms.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        match *self {
            Duration::Fixed(ms) => (ms, ms),
            Duration::Uniform([from, to]) => (from, to),
            Duration::Exponential { min, max, .. } => (min, max),
        }
    }

    /// Why it is no duration, if it is none.
    fn problem(&self) -> Option<&'static str> {
        let (from, to) = self.range();
        if !(from.is_finite() && to.is_finite() && from >= 0.0 && to >= from) {
            return Some(
                "give ms >= 0, a range [from, to] with from <= to, or { mean, min, max } with min <= max",
            );
        }
        match *self {
            Duration::Exponential { mean, .. } if !(mean.is_finite() && mean > 0.0) => {
                Some("`mean` is a positive number of ms")
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Duration::Fixed(ms) => write!(f, "{ms} ms"),
            Duration::Uniform([from, to]) => write!(f, "{from} to {to} ms, uniform"),
            Duration::Exponential { mean, min, max } => {
                write!(f, "{min} to {max} ms, exponential with mean {mean} ms")
            }
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

    /// A period of any duration.
    #[must_use]
    pub fn new(name: &'static str, duration: Duration) -> Self {
        Period { name, duration }
    }
}

/// The periods of a task in steps of dt: `floor(ms / dt)` each.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    dt: f64,
    periods: Vec<Steps>,
}

/// A period in steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Steps {
    name: &'static str,
    fewest: usize,
    most: usize,
    /// Mean of the exponential, steps; infinite where all numbers of steps are equally likely.
    mean: f64,
}

impl Steps {
    pub(crate) fn new(task: &'static str, dt: f64, period: &Period) -> Result<Self, TaskError> {
        let wrong = |option: &str, value: String, fix: &str| TaskError::Option {
            task,
            option: option.to_owned(),
            value,
            fix: fix.to_owned(),
        };
        if !(dt.is_finite() && dt > 0.0) {
            return Err(wrong("dt", dt.to_string(), "a step lasts a positive number of ms"));
        }
        if let Some(fix) = period.duration.problem() {
            return Err(wrong(period.name, period.duration.to_string(), fix));
        }
        let (from, to) = period.duration.range();
        let (fewest, most) = (steps(from, dt), steps(to, dt));
        if (from > 0.0 && fewest < 1.0) || (to > 0.0 && most < 1.0) {
            let ms = if from > 0.0 { from } else { to };
            return Err(TaskError::Unresolved { task, period: period.name, ms, dt });
        }
        if most > MOST_STEPS as f64 {
            return Err(TaskError::TooLong { task, steps: most, dt, most: MOST_STEPS });
        }
        let mean = match period.duration {
            Duration::Exponential { mean, .. } => mean / dt,
            _ => f64::INFINITY,
        };
        Ok(Steps { name: period.name, fewest: fewest as usize, most: most as usize, mean })
    }

    /// How many, in one trial.
    pub(crate) fn draw(&self, rng: &mut impl Rng) -> usize {
        let Steps { fewest, most, mean, .. } = *self;
        if fewest == most {
            return most;
        }
        if mean.is_infinite() {
            return rng.random_range(fewest..=most);
        }
        // Whole steps of a continuous time below `n` steps, by inverting its distribution.
        let n = (most - fewest + 1) as f64;
        let below = -(-n / mean).exp_m1();
        let time = -(-rng.random::<f64>() * below).ln_1p() * mean;
        fewest + (time as usize).min(most - fewest)
    }
}

impl Timing {
    /// Converts periods to steps of `dt` ms.
    ///
    /// # Errors
    /// [`TaskError::Option`] for a dt or a duration that is no positive number or a range that runs
    /// backwards, [`TaskError::Unresolved`] for a nonzero period shorter than dt,
    /// [`TaskError::TooLong`] beyond a million steps.
    pub fn new(task: &'static str, dt: f64, periods: &[Period]) -> Result<Self, TaskError> {
        let converted = periods
            .iter()
            .map(|period| Steps::new(task, dt, period))
            .collect::<Result<Vec<Steps>, TaskError>>()?;
        let total: usize = converted.iter().map(|period| period.most).sum();
        if total > MOST_STEPS {
            return Err(TaskError::TooLong { task, steps: total as f64, dt, most: MOST_STEPS });
        }
        if total == 0 {
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
        self.periods.iter().map(|period| period.most).sum()
    }

    /// The steps of each period in one trial, in order; durations that vary are drawn from `rng`.
    #[must_use]
    pub fn draw(&self, rng: &mut impl Rng) -> Schedule {
        self.draw_with(rng, &[])
    }

    /// As [`Timing::draw`], but these periods last so many ms, as far as their range allows, and
    /// draw nothing.
    #[must_use]
    pub fn draw_with(&self, rng: &mut impl Rng, given: &[(&str, f64)]) -> Schedule {
        let mut at = 0;
        let ranges = self.periods.iter().map(|period| {
            let from = at;
            at += match given.iter().find(|(name, _)| *name == period.name) {
                Some((_, ms)) => whole_steps(*ms, self.dt).clamp(period.fewest, period.most),
                None => period.draw(rng),
            };
            (period.name, from..at)
        });
        Schedule { ranges: ranges.collect() }
    }
}

/// Whole steps in so many ms. The tolerance keeps 0.3 / 0.1 from being 2 steps.
pub(crate) fn steps(ms: f64, dt: f64) -> f64 {
    (ms / dt + 1e-6).floor()
}

/// As [`steps`], as a number to count with.
pub(crate) fn whole_steps(ms: f64, dt: f64) -> usize {
    steps(ms, dt).max(0.0) as usize
}

/// When the periods of one trial happen, in steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    ranges: Vec<(&'static str, Range<usize>)>,
}

impl Schedule {
    /// One period of so many steps.
    pub(crate) fn single(period: &'static str, steps: usize) -> Self {
        Schedule { ranges: vec![(period, 0..steps)] }
    }

    /// The steps of a period; an empty range if there is no such period.
    #[must_use]
    pub fn of(&self, period: &str) -> Range<usize> {
        self.ranges
            .iter()
            .find(|(name, _)| *name == period)
            .map_or(0..0, |(_, range)| range.clone())
    }

    /// The periods with their steps, in order.
    pub fn periods(&self) -> impl Iterator<Item = (&'static str, Range<usize>)> + '_ {
        self.ranges.iter().cloned()
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

    /// The numbers of steps against their probabilities (chi-squared, 7 degrees of freedom, 1e-4).
    #[test]
    fn exponential_periods_are_exponential_and_truncated() {
        for mean in [30.0, 100.0, 1e7] {
            let delay = Duration::Exponential { mean, min: 60.0, max: 200.0 };
            let timing = timing(20.0, &[Period::new("delay", delay)]).unwrap();
            let weight = |k: usize| (-(k as f64) * 20.0 / mean).exp();
            let total: f64 = (3..=10).map(weight).sum();
            let mut rng = stream(2, "test");
            let mut seen = [0.0; 11];
            for _ in 0..20_000 {
                seen[timing.draw(&mut rng).of("delay").len()] += 1.0;
            }
            let chi: f64 = (3..=10)
                .map(|k| (20_000.0 * weight(k) / total, seen[k]))
                .map(|(expected, seen)| (seen - expected).powi(2) / expected)
                .sum();
            assert!(chi < 29.9 && seen[..3] == [0.0; 3], "mean {mean}: {chi}, {seen:?}");
        }
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        let read = |text: &str| -> Result<Duration, String> {
            let table: toml::Table = format!("d = {text}").parse().unwrap();
            table["d"].clone().try_into().map_err(|e: toml::de::Error| e.to_string())
        };
        assert_eq!(read("5"), Ok(Duration::Fixed(5.0)));
        assert_eq!(read("[5, 7.5]"), Ok(Duration::Uniform([5.0, 7.5])));
        let exponential = read("{ mean = 5, min = 1, max = 9.0 }").unwrap();
        assert_eq!(exponential, Duration::Exponential { mean: 5.0, min: 1.0, max: 9.0 });
        assert_eq!(exponential.to_string(), "1 to 9 ms, exponential with mean 5 ms");
        for bad in ["'x'", "[1]", "{ mean = 5 }", "{ mean = 5, min = 1, max = 9, sd = 1 }"] {
            assert!(read(bad).unwrap_err().contains("{ mean = .., min = .., max = .. }"), "{bad}");
        }
        for bad in [(0.0, 1.0, 9.0), (-5.0, 1.0, 9.0), (f64::NAN, 1.0, 9.0), (5.0, 9.0, 1.0)] {
            let (mean, min, max) = bad;
            let period = Period::new("delay", Duration::Exponential { mean, min, max });
            assert!(timing(1.0, &[period]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_given_duration_is_kept_and_draws_nothing() {
        let range = |name| Period::new(name, Duration::Uniform([40.0, 100.0]));
        let timing = timing(20.0, &[range("a"), range("b")]).unwrap();
        let drawn = timing.draw(&mut stream(3, "test")).of("a").len();
        let given = timing.draw_with(&mut stream(3, "test"), &[("a", 60.0)]);
        assert_eq!(given.of("a"), 0..3);
        assert_eq!(given.of("b").len(), drawn, "the first number goes to b now");
        assert_eq!(timing.draw_with(&mut stream(3, "test"), &[("a", 1e9)]).of("a"), 0..5);
    }
}
