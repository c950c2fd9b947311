//! Cycling: turn one way or the other, as a short cue said.

use std::f64::consts::TAU;

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::judge::by_error;
use crate::options::options;
use crate::task::{finite, lasts, names, not_negative, wrong};
use crate::{About, Design, Period, Score, TaskError};

options! {
    /// A cue selects a direction, in which the two outputs then go round a circle.
    ///
    /// The input `forward` or `backward` is 1 during the cue. With `t` the time since the start of the
    /// trial, the outputs should be `x = cos(2π f t)` and `y = sin(2π f t)`, or `-sin(2π f t)` backwards;
    /// they are asked after `settle`. Condition: `direction` (`forward`, `backward`), both equally often.
    ///
    /// Score: a trial is right if the root mean square of the error is at most `tolerance` times that of
    /// the target, over the steps that are asked.
    ///
    /// Schuessler, Mastrogiuseppe, Ostojic & Barak, Aligned and oblique dynamics in recurrent neural
    /// networks, eLife 93060, 2024, doi:10.7554/eLife.93060, with a time constant of 100 ms: cue 1,
    /// frequency 0.1, trial 30, asked after 5, step 0.2 time constants.
    pub struct Cycling, dt = 20.0 {
        /// The cue
        cue: f64 = 100.0, "ms";
        /// After the cue, until the outputs are asked
        settle: f64 = 400.0, "ms";
        /// While the outputs are asked
        cycling: f64 = 2500.0, "ms";
        /// Turns per second
        frequency: f64 = 1.0, "Hz";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.0, "";
        /// Largest error of a right trial, relative to the target
        tolerance: f64 = 0.3, "";
    }
}

const NAME: &str = Cycling::ABOUT.name;

impl Design for Cycling {
    /// Whether to go backwards.
    type Card = bool;

    const ABOUT: About = About {
        name: "cycling",
        summary: "go round a circle in the direction that a cue selected",
        reference: "Schuessler, Mastrogiuseppe, Ostojic & Barak 2024, eLife 93060, doi:10.7554/eLife.93060",
        choice_rule: "a trial is right if the error's root mean square is within `tolerance` of the target's",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        finite(NAME, "frequency", self.frequency)?;
        relative(NAME, self.tolerance)?;
        lasts(NAME, "cycling", self.cycling)
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::fixed("cue", self.cue),
            Period::fixed("settle", self.settle),
            Period::fixed("cycling", self.cycling),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        names(["forward", "backward"])
    }

    fn outputs(&self) -> Vec<String> {
        names(["x", "y"])
    }

    fn cards(&self) -> Vec<bool> {
        vec![false, true]
    }

    fn trial(&self, &backward: &bool, trial: &mut Draft<'_>) {
        trial.show(usize::from(backward), trial.during("cue"), 1.0);
        let turn = if backward { -TAU } else { TAU } * self.frequency * self.dt / 1000.0;
        for step in 0..trial.end() {
            let (sine, cosine) = (turn * step as f64).sin_cos();
            trial.want_at(0, step, cosine);
            trial.want_at(1, step, sine);
        }
        trial.ask(trial.during("cycling"));
        trial.label("direction", if backward { "backward" } else { "forward" });
        trial.noise(0..2, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        by_error(NAME, trials, outputs, self.tolerance, &["direction"])
    }
}

/// Refuses a tolerance relative to the target that silence would meet.
pub(crate) fn relative(task: &'static str, tolerance: f64) -> Result<(), TaskError> {
    if tolerance > 0.0 && tolerance < 1.0 {
        Ok(())
    } else {
        Err(wrong(task, "tolerance", tolerance, "it must lie between 0 and 1"))
    }
}
