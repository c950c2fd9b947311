//! Delayed discrimination: two vibrations, one after the other; which was faster?

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::judge::by_sign;
use crate::options::options;
use crate::task::{lasts, names, not_negative, wrong};
use crate::{About, Design, Duration, Period, Score, TaskError};

/// Pairs of frequencies; more are a mistyped unit.
const MOST_PAIRS: usize = 1_000_000;

options! {
    /// Two vibrations, one after the other: was the first faster? The defaults are those of Valente
    /// et al. 2022.
    ///
    /// The input `frequency` is `(f - middle) / (highest - lowest)` during a stimulus (±0.5 at the
    /// extremes), plus noise. The output `choice` should be the sign of `f1 - f2` (or, `graded`, the
    /// difference over the range, as in the published code), asked in the decision period only.
    /// Pairs are `(f, f + d)` for every difference `d` and every whole number of Hz from the lowest
    /// frequency that keeps both within the range (54 by default), all equally often. Conditions: `f1`,
    /// `f2`, `difference` (f1 - f2), all Hz, and `delay`, ms. Trials end after the decision; shorter
    /// ones are padded.
    ///
    /// Choice rule: the sign of the output's mean over the decision period; 0 is wrong.
    ///
    /// Romo, Brody, Hernández & Lemus, Nature 399:470, 1999, doi:10.1038/20939 (the task); Valente,
    /// Pillow & Ostojic, NeurIPS 2022 (timings and numbers).
    pub struct DelayedDiscrimination, dt = 20.0 {
        /// Noise alone, before the first stimulus
        fixation: f64 = 100.0, "ms";
        /// The first frequency
        stimulus1: f64 = 100.0, "ms";
        /// Between the stimuli
        delay: Duration = Duration::Uniform([500.0, 2000.0]), "ms";
        /// The second frequency
        stimulus2: f64 = 100.0, "ms";
        /// When the output is asked
        decision: f64 = 100.0, "ms";
        /// Lowest frequency
        lowest: f64 = 10.0, "Hz";
        /// Highest frequency
        highest: f64 = 34.0, "Hz";
        /// f2 - f1 of the pairs, none of them 0
        differences: Vec<f64> = vec![-24.0, -16.0, -8.0, 8.0, 16.0, 24.0], "Hz";
        /// Standard deviation of the input per step of 20 ms
        noise: f64 = 0.01, "";
        /// Ask for (f1 - f2) / (highest - lowest) instead of its sign
        graded: bool = false, "";
    }
}

const NAME: &str = DelayedDiscrimination::ABOUT.name;

impl Design for DelayedDiscrimination {
    /// Both frequencies, Hz.
    type Card = (f64, f64);

    const ABOUT: About = About {
        name: "delayed-discrimination",
        summary: "compare two vibration frequencies across a delay: was the first higher?",
        reference: "Romo et al. 1999, Nature 399:470, doi:10.1038/20939; timings of Valente, Pillow & Ostojic 2022, NeurIPS 35",
        choice_rule: "the sign of the output's mean over the decision period is the sign of f1 - f2",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        not_negative(NAME, "lowest", self.lowest)?;
        let range = self.highest - self.lowest;
        if !(range.is_finite() && range > 0.0) {
            return Err(wrong(
                NAME,
                "highest",
                self.highest,
                "it must be finite and above `lowest`",
            ));
        }
        lasts(NAME, "decision", self.decision)?;
        let answerable = |d: &f64| d.abs() > 0.0 && d.abs() <= range;
        if self.differences.is_empty() || !self.differences.iter().all(answerable) {
            let fix = format!(
                "at least one number is needed, each within ±{range} Hz, and 0 has no right answer"
            );
            return Err(wrong(NAME, "differences", &self.differences, &fix));
        }
        if range * self.differences.len() as f64 > MOST_PAIRS as f64 {
            let fix = "more than a million pairs of frequencies";
            return Err(wrong(NAME, "highest", self.highest, fix));
        }
        Ok(())
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::fixed("fixation", self.fixation),
            Period::fixed("stimulus1", self.stimulus1),
            Period::new("delay", self.delay),
            Period::fixed("stimulus2", self.stimulus2),
            Period::fixed("decision", self.decision),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        names(["frequency"])
    }

    fn outputs(&self) -> Vec<String> {
        names(["choice"])
    }

    fn cards(&self) -> Vec<(f64, f64)> {
        let mut pairs = Vec::new();
        for &difference in &self.differences {
            let first = self.lowest.max(self.lowest - difference);
            let last = self.highest.min(self.highest - difference);
            let count = (last - first + 1e-9).floor().max(0.0) as usize + 1;
            pairs.extend((0..count).map(|k| (first + k as f64, first + k as f64 + difference)));
        }
        pairs
    }

    fn trial(&self, &(f1, f2): &(f64, f64), trial: &mut Draft<'_>) {
        let (range, middle) = (self.highest - self.lowest, (self.highest + self.lowest) / 2.0);
        for (period, frequency) in [("stimulus1", f1), ("stimulus2", f2)] {
            trial.show(0, trial.during(period), (frequency - middle) / range);
        }
        let answer = if self.graded { (f1 - f2) / range } else { (f1 - f2).signum() };
        trial.want(0, trial.during("decision"), answer);
        trial.ask(trial.during("decision"));
        trial.note("f1", f1);
        trial.note("f2", f2);
        trial.note("difference", f1 - f2);
        trial.note("delay", trial.lasting("delay"));
        trial.noise(0..1, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let (score, choices) = by_sign(NAME, trials, outputs, &["difference"])?;
        Ok(score.along("difference", trials, &choices))
    }
}
