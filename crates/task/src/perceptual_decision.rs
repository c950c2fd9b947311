//! Perceptual decision: is the noisy motion to the right or to the left?

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::context_decision::answerable;
use crate::draft::Draft;
use crate::judge::by_sign;
use crate::options::options;
use crate::task::{finite, lasts, names, not_negative, wrong};
use crate::{About, Design, Duration, Period, Score, TaskError};

options! {
    /// Random dots: is the net motion to the right (+1) or to the left (-1)? The defaults are those of
    /// Valente et al. 2022.
    ///
    /// The input `motion` is gain · coherence during the stimulus, with noise all the time, or as long as
    /// that if `quiet`. If `opponent`, there are two inputs instead, as from two pools of neurons: `right`
    /// and `left` are pedestal ± gain · coherence / 2, each with noise of its own (Song, Yang & Wang 2016).
    /// The output `choice` should be the sign (±1) of the coherence, asked in the decision period only.
    /// Conditions: `coherence`, all equally often, and `stimulus`, how long the dots were shown, ms. With
    /// `go` another input says when to answer.
    ///
    /// Choice rule: the sign of the output's mean over the decision period; 0 is wrong.
    ///
    /// Viewing times that cannot be foreseen are had by `stimulus = { mean = .., min = .., max = .. }`.
    ///
    /// Britten, Shadlen, Newsome & Movshon, Journal of Neuroscience 12:4745, 1992,
    /// doi:10.1523/JNEUROSCI.12-12-04745.1992 (the task); Valente, Pillow & Ostojic, NeurIPS 2022 (gain,
    /// noise, step, and the timing of their decision tasks); Song, Yang & Wang, PLoS Computational Biology
    /// 12:e1004792, 2016, doi:10.1371/journal.pcbi.1004792 (two inputs).
    pub struct PerceptualDecision, dt = 20.0 {
        /// Noise alone, before the stimulus
        fixation: f64 = 100.0, "ms";
        /// The moving dots
        stimulus: Duration = Duration::Fixed(800.0), "ms";
        /// Between stimulus and decision
        delay: Duration = Duration::Fixed(100.0), "ms";
        /// When the output is asked
        decision: f64 = 20.0, "ms";
        /// Strengths of the motion in percent, positive to the right, none of them 0; what is given twice
        /// comes twice as often
        coherences: Vec<f64> = vec![-16.0, -8.0, -4.0, -2.0, -1.0, 1.0, 2.0, 4.0, 8.0, 16.0], "%";
        /// Input per percent of coherence
        gain: f64 = 0.032, "";
        /// Two inputs, `right` and `left`, instead of `motion`
        opponent: bool = false, "";
        /// What these two differ from by half of the motion each
        pedestal: f64 = 0.0, "";
        /// Input of the cue to answer, during the decision; 0 for no such input
        go: f64 = 0.0, "";
        /// Standard deviation of the motion per step of 20 ms
        noise: f64 = 0.03, "";
        /// No noise before and after the stimulus
        quiet: bool = false, "";
    }
}

const NAME: &str = PerceptualDecision::ABOUT.name;

impl Design for PerceptualDecision {
    /// Coherence, %.
    type Card = f64;

    const ABOUT: About = About {
        name: "perceptual-decision",
        summary: "judge the direction of noisy motion (random dots)",
        reference: "Britten et al. 1992, J Neurosci 12:4745, doi:10.1523/JNEUROSCI.12-12-04745.1992; numbers of Valente, Pillow & Ostojic 2022, NeurIPS 35",
        choice_rule: "the sign of the output's mean over the decision period is the sign of the coherence",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        finite(NAME, "gain", self.gain)?;
        finite(NAME, "go", self.go)?;
        finite(NAME, "pedestal", self.pedestal)?;
        if self.pedestal != 0.0 && !self.opponent {
            let fix = "only two inputs have one: set `opponent`";
            return Err(wrong(NAME, "pedestal", self.pedestal, fix));
        }
        answerable(NAME, &self.coherences)?;
        lasts(NAME, "decision", self.decision)
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::fixed("fixation", self.fixation),
            Period::new("stimulus", self.stimulus),
            Period::new("delay", self.delay),
            Period::fixed("decision", self.decision),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        let mut inputs = if self.opponent { names(["right", "left"]) } else { names(["motion"]) };
        inputs.extend((self.go != 0.0).then(|| "go".to_owned()));
        inputs
    }

    fn outputs(&self) -> Vec<String> {
        names(["choice"])
    }

    fn cards(&self) -> Vec<f64> {
        self.coherences.clone()
    }

    fn trial(&self, &coherence: &f64, trial: &mut Draft<'_>) {
        let (stimulus, motion) = (trial.during("stimulus"), self.gain * coherence);
        let channels = if self.opponent {
            trial.show(0, stimulus.clone(), self.pedestal + motion / 2.0);
            trial.show(1, stimulus, self.pedestal - motion / 2.0);
            2
        } else {
            trial.show(0, stimulus, motion);
            1
        };
        if self.go != 0.0 {
            trial.show(channels, trial.during("decision"), self.go);
        }
        trial.want(0, trial.during("decision"), coherence.signum());
        trial.ask(trial.during("decision"));
        trial.note("coherence", coherence);
        trial.note("stimulus", trial.lasting("stimulus"));
        let noisy = if self.quiet { trial.during("stimulus") } else { 0..trial.end() };
        trial.noise_during(noisy, 0..channels, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let (score, choices) = by_sign(NAME, trials, outputs, &["coherence"])?;
        Ok(score.along("coherence", trials, &choices))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;

    #[test]
    fn two_inputs_differ_by_the_motion() {
        let options = PerceptualDecision {
            opponent: true,
            pedestal: 0.5,
            gain: 0.01,
            go: 1.0,
            noise: 0.0,
            ..Default::default()
        };
        let task = options.make().unwrap();
        assert_eq!(task.inputs(), ["right", "left", "go"]);
        let trials = task.generate(1, 0, 20).unwrap();
        for (trial, coherence) in trials.conditions.numbers("coherence").unwrap().iter().enumerate()
        {
            let [right, left, go] = [0, 1, 2].map(|k| f64::from(trials.inputs[[20, trial, k]]));
            assert!((right + left - 1.0).abs() < 1e-6 && go == 0.0);
            assert!((right - left - 0.01 * coherence).abs() < 1e-6);
            assert_eq!(trials.inputs[[trials.steps() - 1, trial, 2]], 1.0);
        }
    }

    #[test]
    fn quiet_is_noise_in_the_stimulus_alone() {
        let options = PerceptualDecision { quiet: true, noise: 1.0, ..Default::default() };
        let trials = options.make().unwrap().generate(1, 0, 20).unwrap();
        for (step, inputs) in trials.inputs.outer_iter().enumerate() {
            let silent = inputs.iter().filter(|x| **x == 0.0).count();
            assert_eq!(silent, if (5..45).contains(&step) { 0 } else { 20 }, "step {step}");
        }
    }
}
