//! Sine generation: a constant input says how fast to oscillate.

use std::f64::consts::TAU;

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::cycling::relative;
use crate::draft::Draft;
use crate::judge::by_error;
use crate::options::options;
use crate::task::{lasts, names, not_negative, wrong};
use crate::{About, Design, Period, Score, TaskError};

options! {
    /// A constant input sets the frequency of a sine wave.
    ///
    /// Of `frequencies` frequencies, evenly spaced from `lowest` to `highest`, number `j` from 1 has the
    /// input `j / frequencies + offset`, throughout the trial. The output `wave` should be
    /// `sin(2π f t)`, with `t` the time since the start of the trial; it is asked after `settle`.
    /// Condition: `frequency`, Hz, all equally often.
    ///
    /// Score: a trial is right if the root mean square of the error is at most `tolerance` times that of
    /// the target, over the steps that are asked.
    ///
    /// Sussillo & Barak, Neural Computation 25:626, 2013, doi:10.1162/NECO_a_00409: 51 frequencies
    /// `0.04 j + 0.1` rad per time constant with inputs `j / 51 + 0.25`; the defaults are these for a time
    /// constant of 100 ms.
    pub struct SineGeneration, dt = 20.0 {
        /// After the start, until the output is asked
        settle: f64 = 500.0, "ms";
        /// While the output is asked
        wave: f64 = 4500.0, "ms";
        /// Number of frequencies
        frequencies: usize = 51, "";
        /// Lowest frequency
        lowest: f64 = 0.14 * 10.0 / TAU, "Hz";
        /// Highest frequency
        highest: f64 = 2.14 * 10.0 / TAU, "Hz";
        /// Added to the input
        offset: f64 = 0.25, "";
        /// Standard deviation of the input per step of 20 ms
        noise: f64 = 0.0, "";
        /// Largest error of a right trial, relative to the target
        tolerance: f64 = 0.3, "";
    }
}

const NAME: &str = SineGeneration::ABOUT.name;

/// What is dealt: the input, and the frequency it stands for, Hz.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    input: f64,
    frequency: f64,
}

impl Design for SineGeneration {
    type Card = Card;

    const ABOUT: About = About {
        name: "sine-generation",
        summary: "oscillate at the frequency that a constant input stands for",
        reference: "Sussillo & Barak 2013, Neural Computation 25:626, doi:10.1162/NECO_a_00409",
        choice_rule: "a trial is right if the error's root mean square is within `tolerance` of the target's",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        not_negative(NAME, "offset", self.offset)?;
        if !(1..=10_000).contains(&self.frequencies) {
            return Err(wrong(NAME, "frequencies", self.frequencies, "1 to 10000 are possible"));
        }
        if !(self.lowest.is_finite() && self.lowest > 0.0) {
            return Err(wrong(NAME, "lowest", self.lowest, "it must be positive"));
        }
        if !(self.highest.is_finite() && self.highest >= self.lowest) {
            let fix = "it must be finite and not below `lowest`";
            return Err(wrong(NAME, "highest", self.highest, fix));
        }
        relative(NAME, self.tolerance)?;
        lasts(NAME, "wave", self.wave)
    }

    fn periods(&self) -> Vec<Period> {
        vec![Period::fixed("settle", self.settle), Period::fixed("wave", self.wave)]
    }

    fn inputs(&self) -> Vec<String> {
        names(["frequency"])
    }

    fn outputs(&self) -> Vec<String> {
        names(["wave"])
    }

    fn cards(&self) -> Vec<Card> {
        let count = self.frequencies as f64;
        let spacing = (self.highest - self.lowest) / (count - 1.0).max(1.0);
        let card = |j: usize| Card {
            input: (j + 1) as f64 / count + self.offset,
            frequency: self.lowest + spacing * j as f64,
        };
        (0..self.frequencies).map(card).collect()
    }

    fn trial(&self, card: &Card, trial: &mut Draft<'_>) {
        trial.show(0, 0..trial.end(), card.input);
        let turn = TAU * card.frequency * self.dt / 1000.0;
        for step in 0..trial.end() {
            trial.want_at(0, step, (turn * step as f64).sin());
        }
        trial.ask(trial.during("wave"));
        trial.note("frequency", card.frequency);
        trial.noise(0..1, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        by_error(NAME, trials, outputs, self.tolerance, &["frequency"])
    }
}
