//! Pattern generation: frozen spikes come in, a sum of sines goes out.

use std::f64::consts::TAU;

use attractor_data::Trials;
use ndarray::ArrayView3;
use rand::RngExt;

use crate::cycling::relative;
use crate::draft::Draft;
use crate::draw;
use crate::judge::by_error;
use crate::options::options;
use crate::task::{lasts, not_negative, wrong};
use crate::{About, Design, Period, Score, TaskError};

options! {
    /// Each of a few frozen patterns of spikes stands for a curve of its own.
    ///
    /// A pattern has `lines` inputs that spike (1 for one step) as Poisson processes of `rate`, drawn
    /// once, and a target `curve`: the sum of sines of 1, 2, 3 and 5 Hz with amplitudes uniform between
    /// `lowest` and `highest` and uniform phases, divided by its largest size. The patterns belong to
    /// the task: they depend on `draw` and dt, not on the seed of a batch, which decides their order.
    /// Condition: `pattern`, all equally often.
    ///
    /// Score: a trial is right if the root mean square of the error is at most `tolerance` times that of
    /// the target.
    ///
    /// Bellec et al., Nature Communications 11:3625, 2020, doi:10.1038/s41467-020-17236-y; the defaults
    /// are those of Demirag et al. 2021, arXiv:2108.01804.
    pub struct PatternGeneration, dt = 1.0 {
        /// Duration of a pattern
        pattern: f64 = 1000.0, "ms";
        /// Number of patterns
        patterns: usize = 3, "";
        /// Number of inputs
        lines: usize = 100, "";
        /// Rate of each input
        rate: f64 = 50.0, "Hz";
        /// Smallest amplitude of a sine
        lowest: f64 = 0.5, "";
        /// Largest amplitude of a sine
        highest: f64 = 2.0, "";
        /// Which patterns are drawn
        draw: u64 = 1, "";
        /// Standard deviation of noise on the inputs per step of 20 ms
        noise: f64 = 0.0, "";
        /// Largest error of a right trial, relative to the target
        tolerance: f64 = 0.3, "";
    }
}

const NAME: &str = PatternGeneration::ABOUT.name;
/// Frequencies of the sines, Hz.
const FREQUENCIES: [f64; 4] = [1.0, 2.0, 3.0, 5.0];

impl Design for PatternGeneration {
    /// Number of the pattern.
    type Card = usize;

    const ABOUT: About = About {
        name: "pattern-generation",
        summary: "turn frozen spikes into a sum of sines",
        reference: "Bellec et al. 2020, Nat Commun 11:3625, doi:10.1038/s41467-020-17236-y; Demirag et al. 2021, arXiv:2108.01804",
        choice_rule: "a trial is right if the error's root mean square is within `tolerance` of the target's",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        not_negative(NAME, "rate", self.rate)?;
        for (option, value) in [("patterns", self.patterns), ("lines", self.lines)] {
            if !(1..=10_000).contains(&value) {
                return Err(wrong(NAME, option, value, "1 to 10000 are possible"));
            }
        }
        if self.rate * self.dt > 1000.0 {
            return Err(wrong(NAME, "rate", self.rate, "at most one spike per step is possible"));
        }
        if !(self.lowest.is_finite() && self.lowest > 0.0) {
            return Err(wrong(NAME, "lowest", self.lowest, "it must be positive"));
        }
        if !(self.highest.is_finite() && self.highest >= self.lowest) {
            let fix = "it must be finite and not below `lowest`";
            return Err(wrong(NAME, "highest", self.highest, fix));
        }
        relative(NAME, self.tolerance)?;
        lasts(NAME, "pattern", self.pattern)
    }

    fn periods(&self) -> Vec<Period> {
        vec![Period::fixed("pattern", self.pattern)]
    }

    fn inputs(&self) -> Vec<String> {
        (1..=self.lines).map(|k| format!("line {k}")).collect()
    }

    fn outputs(&self) -> Vec<String> {
        vec!["curve".to_owned()]
    }

    fn cards(&self) -> Vec<usize> {
        (0..self.patterns).collect()
    }

    fn trial(&self, &pattern: &usize, trial: &mut Draft<'_>) {
        let frozen = &mut draw::stream(self.draw, &format!("pattern {pattern}"));
        let spike = self.rate * self.dt / 1000.0;
        let steps = trial.end();
        for (step, line) in (0..steps).flat_map(|t| (0..self.lines).map(move |k| (t, k))) {
            if frozen.random_bool(spike) {
                trial.show_at(line, step, 1.0);
            }
        }
        let sines = FREQUENCIES.map(|frequency| {
            let amplitude = self.lowest + (self.highest - self.lowest) * frozen.random::<f64>();
            (amplitude, frequency, TAU * frozen.random::<f64>())
        });
        let curve: Vec<f64> = (0..steps)
            .map(|step| {
                let time = step as f64 * self.dt / 1000.0;
                let sine = |(amplitude, frequency, phase): (f64, f64, f64)| {
                    amplitude * (TAU * frequency * time + phase).sin()
                };
                sines.into_iter().map(sine).sum()
            })
            .collect();
        let largest = curve.iter().fold(f64::MIN_POSITIVE, |most, y| most.max(y.abs()));
        for (step, y) in curve.into_iter().enumerate() {
            trial.want_at(0, step, y / largest);
        }
        trial.ask(0..steps);
        trial.note("pattern", pattern as f64);
        trial.noise(0..self.lines, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        by_error(NAME, trials, outputs, self.tolerance, &["pattern"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;

    #[test]
    fn patterns_are_frozen_and_as_published() {
        let task = PatternGeneration::default().make().unwrap();
        let (one, other) = (task.generate(1, 0, 6).unwrap(), task.generate(9, 4, 6).unwrap());
        let of = |trials: &Trials, pattern: f64| {
            let known = trials.conditions.column("pattern").unwrap().groups();
            let place =
                known.into_iter().find(|(v, _)| *v == attractor_data::Value::Number(pattern));
            place.unwrap().1[0]
        };
        let mut rates = 0.0;
        for pattern in [0.0, 1.0, 2.0] {
            let (a, b) = (of(&one, pattern), of(&other, pattern));
            let axis = ndarray::Axis(1);
            assert_eq!(one.inputs.index_axis(axis, a), other.inputs.index_axis(axis, b));
            let curve = one.targets[0].values.index_axis(axis, a);
            assert_eq!(curve, other.targets[0].values.index_axis(axis, b));
            let largest = curve.iter().fold(0.0f32, |most, y| most.max(y.abs()));
            assert!((largest - 1.0).abs() < 1e-6);
            rates += one.inputs.index_axis(axis, a).sum() / 100.0 / 3.0;
            // all of its power lies at 1, 2, 3 and 5 Hz
            let power = |f: f64| {
                let part = |turn: &dyn Fn(f64) -> f64| {
                    let terms = curve.iter().enumerate();
                    terms
                        .map(|(t, &y)| f64::from(y) * turn(TAU * f * t as f64 / 1000.0))
                        .sum::<f64>()
                };
                (part(&f64::sin).powi(2) + part(&f64::cos).powi(2)) / 500.0
            };
            let all: f64 = curve.iter().map(|&y| f64::from(y).powi(2)).sum();
            let these: f64 = FREQUENCIES.iter().map(|&f| power(f)).sum();
            assert!((these / all - 1.0).abs() < 1e-4, "{these} {all}");
            assert!(power(4.0) < 1e-6 * all);
        }
        // 300 lines of 50 Hz for 1 s: four standard errors
        assert!((rates - 50.0).abs() < 4.0 * (50.0f32 / 300.0).sqrt(), "{rates}");
        let other = PatternGeneration { draw: 2, ..PatternGeneration::default() }.make().unwrap();
        assert_ne!(other.generate(1, 0, 6).unwrap().inputs, one.inputs);
    }
}
