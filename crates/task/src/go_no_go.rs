//! Go/no-go: answer one stimulus, withhold at the other.

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::judge::by_largest;
use crate::options::options;
use crate::task::{finite, lasts, names, not_negative};
use crate::{About, Design, Duration, Period, Score, TaskError};

options! {
    /// A stimulus says whether to respond when the fixation light goes out.
    ///
    /// | input | fixation | stimulus | delay | decision |
    /// |---|---|---|---|---|
    /// | `fixation` | 1 | 1 | 1 | 0 |
    /// | `go` or `no_go` | 0 | 1 | 0 | 0 |
    ///
    /// with noise on all three. In go trials the output `go` should be 1 and `fixation` 0, in no-go trials
    /// the other way round, asked in the decision period only. Condition: `stimulus` (`go`, `no-go`),
    /// both equally often.
    ///
    /// Choice rule: of the means of the two outputs over the decision period the right one is larger.
    ///
    /// Zhang et al., eLife 8:e43191, 2019, doi:10.7554/eLife.43191 (mice lick for one of two odours after
    /// a delay). The durations are those that NeuroGym's task of this name has.
    pub struct GoNoGo, dt = 20.0 {
        /// Fixation alone, before the stimulus
        fixation: Duration = Duration::Fixed(0.0), "ms";
        /// The stimulus
        stimulus: Duration = Duration::Fixed(500.0), "ms";
        /// Between stimulus and decision
        delay: Duration = Duration::Fixed(500.0), "ms";
        /// When the choice is made
        decision: f64 = 500.0, "ms";
        /// Input of the stimulus
        amplitude: f64 = 1.0, "";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.1, "";
    }
}

const NAME: &str = GoNoGo::ABOUT.name;
/// Inputs: fixation, go, no-go. Outputs: fixation, go.
const GO: usize = 1;
const NO_GO: usize = 2;

impl Design for GoNoGo {
    /// Whether to go.
    type Card = bool;

    const ABOUT: About = About {
        name: "go-no-go",
        summary: "respond to one stimulus, withhold at the other, after a delay",
        reference: "Zhang et al. 2019, eLife 8:e43191, doi:10.7554/eLife.43191",
        choice_rule: "the larger of the outputs' means over the decision period is `go` in go trials and `fixation` in no-go trials",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        finite(NAME, "amplitude", self.amplitude)?;
        lasts(NAME, "decision", self.decision)
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::new("fixation", self.fixation),
            Period::new("stimulus", self.stimulus),
            Period::new("delay", self.delay),
            Period::fixed("decision", self.decision),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        names(["fixation", "go", "no_go"])
    }

    fn outputs(&self) -> Vec<String> {
        names(["fixation", "go"])
    }

    fn cards(&self) -> Vec<bool> {
        vec![true, false]
    }

    fn trial(&self, &go: &bool, trial: &mut Draft<'_>) {
        trial.show(0, trial.through("fixation", "delay"), 1.0);
        trial.show(if go { GO } else { NO_GO }, trial.during("stimulus"), self.amplitude);
        trial.want(usize::from(go), trial.during("decision"), 1.0);
        trial.ask(trial.during("decision"));
        trial.label("stimulus", if go { "go" } else { "no-go" });
        trial.noise(0..3, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        by_largest(NAME, trials, outputs, &["stimulus"])
    }
}
