//! Delayed response: which of two cues was there before the delay?

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::judge::by_sign;
use crate::options::options;
use crate::task::{finite, lasts, names, not_negative};
use crate::{About, Design, Duration, Period, Score, TaskError};

options! {
    /// A cue says left or right; after a delay, a go cue asks for the answer.
    ///
    /// | input | fixation | cue | delay | go | report |
    /// |---|---|---|---|---|---|
    /// | `left` or `right` | 0 | `amplitude` | 0 | 0 | 0 |
    /// | `go` | 0 | 0 | 0 | `amplitude` | 0 |
    ///
    /// with noise on all three. The output `choice` should be -1 (left) or +1 (right), asked in the
    /// report period only; with `withhold`, it is asked to be 0 until then. Conditions: `cue` (`left`,
    /// `right`), both equally often, and `delay` (ms).
    ///
    /// Choice rule: the sign of the output's mean over the report period; 0 is wrong.
    ///
    /// Guo et al., Neuron 81:179, 2014, doi:10.1016/j.neuron.2013.10.020 (mice lick left or right: 1.3 s
    /// of touch, 1.3 s of delay, a go cue of 0.1 s). Fixation and report are ours.
    pub struct DelayedResponse, dt = 20.0 {
        /// Noise alone, before the cue
        fixation: f64 = 100.0, "ms";
        /// The cue to remember
        cue: f64 = 1300.0, "ms";
        /// Between cue and go cue
        delay: Duration = Duration::Fixed(1300.0), "ms";
        /// The cue to answer
        go: f64 = 100.0, "ms";
        /// When the output is asked
        report: f64 = 200.0, "ms";
        /// Ask the output to be 0 until the report
        withhold: bool = false, "";
        /// Input of a cue
        amplitude: f64 = 1.0, "";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.1, "";
    }
}

const NAME: &str = DelayedResponse::ABOUT.name;

impl Design for DelayedResponse {
    /// Whether the answer is right.
    type Card = bool;

    const ABOUT: About = About {
        name: "delayed-response",
        summary: "remember which of two cues it was until a go cue",
        reference: "Guo et al. 2014, Neuron 81:179, doi:10.1016/j.neuron.2013.10.020",
        choice_rule: "the output's mean over the report period is positive for the right cue and negative for the left",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        finite(NAME, "amplitude", self.amplitude)?;
        lasts(NAME, "cue", self.cue)?;
        lasts(NAME, "report", self.report)
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::fixed("fixation", self.fixation),
            Period::fixed("cue", self.cue),
            Period::new("delay", self.delay),
            Period::fixed("go", self.go),
            Period::fixed("report", self.report),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        names(["left", "right", "go"])
    }

    fn outputs(&self) -> Vec<String> {
        names(["choice"])
    }

    fn cards(&self) -> Vec<bool> {
        vec![false, true]
    }

    fn trial(&self, &right: &bool, trial: &mut Draft<'_>) {
        trial.show(usize::from(right), trial.during("cue"), self.amplitude);
        trial.show(2, trial.during("go"), self.amplitude);
        trial.want(0, trial.during("report"), if right { 1.0 } else { -1.0 });
        let first = if self.withhold { "fixation" } else { "report" };
        trial.ask(trial.through(first, "report"));
        trial.label("cue", if right { "right" } else { "left" });
        trial.note("delay", trial.lasting("delay"));
        trial.noise(0..3, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        Ok(by_sign(NAME, trials, outputs, &["cue", "delay"])?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;

    #[test]
    fn who_withholds_is_judged_by_the_report() {
        let task = DelayedResponse { withhold: true, ..DelayedResponse::default() }.make().unwrap();
        let trials = task.generate(1, 0, 10).unwrap();
        let target = &trials.targets[0];
        assert!(target.weights.iter().all(|w| *w == 1.0));
        let report = trials.steps() - 10;
        assert!((0..report).all(|step| target.values[[step, 0, 0]] == 0.0));
        // wrong all the time but in the report
        let mut outputs = target.values.mapv(|_| -100.0);
        for trial in 0..10 {
            for step in report..trials.steps() {
                outputs[[step, trial, 0]] = 0.1 * target.values[[step, trial, 0]];
            }
        }
        assert_eq!(task.score(&trials, outputs.view()).unwrap().fraction, 1.0);
    }
}
