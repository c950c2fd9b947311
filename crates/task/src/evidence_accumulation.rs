//! Evidence accumulation with cues: on which side were more pulses?

use attractor_data::Trials;
use ndarray::ArrayView3;
use rand::RngExt;

use crate::draft::Draft;
use crate::judge::by_sign;
use crate::options::options;
use crate::task::{finite, lasts, names, not_negative, wrong};
use crate::{About, Design, Duration, Period, Score, TaskError};

options! {
    /// Pulses to the left and to the right, one after the other; after a delay: on which side were more?
    /// The defaults are those of Bellec et al. 2020.
    ///
    /// The period `cues` has `cues` slots of `cue` ms with pauses of `gap` ms after each. In each slot a
    /// pulse of `amplitude` comes on the favoured side with probability `probability`, on the other side
    /// otherwise. The input `go` is 1 in the decision period; noise is on all three. The output `choice`
    /// should be -1 (left) or +1 (right), the side that had more pulses, asked in the decision period
    /// only. Conditions: `favoured` (`left`, `right`), equally often, and `difference` (pulses to the
    /// right minus those to the left; the number of pulses is odd, so it is never 0).
    ///
    /// With `lines` above 0 the inputs are spikes: so many lines each for left, right, go and background.
    /// Lines of a cue, and those of go in the decision period, spike as Poisson processes of `cue_rate`,
    /// those of the background of `background_rate` throughout; all others are silent.
    ///
    /// Choice rule: the sign of the output's mean over the decision period; 0 is wrong.
    ///
    /// Pinto et al., Frontiers in Behavioral Neuroscience 12:36, 2018, doi:10.3389/fnbeh.2018.00036 (mice
    /// among towers); Bellec et al., Nature Communications 11:3625, 2020, doi:10.1038/s41467-020-17236-y
    /// (7 cues of 100 ms every 150 ms, 0.3 of them on the other side, 2250 ms in all with the last 150 ms
    /// for the answer).
    pub struct EvidenceAccumulation, dt = 10.0 {
        /// Noise alone, before the first cue
        fixation: f64 = 0.0, "ms";
        /// Number of cues, odd
        cues: usize = 7, "";
        /// Duration of a cue
        cue: f64 = 100.0, "ms";
        /// Pause after each cue
        gap: f64 = 50.0, "ms";
        /// Between the last cue's pause and the decision
        delay: Duration = Duration::Fixed(1050.0), "ms";
        /// When the output is asked
        decision: f64 = 150.0, "ms";
        /// Probability that a cue is on the favoured side
        probability: f64 = 0.7, "";
        /// Input of a cue
        amplitude: f64 = 1.0, "";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.1, "";
        /// Spiking lines of each kind of input; 0 has one input of a value each
        lines: usize = 0, "";
        /// Rate of a spiking line that is on
        cue_rate: f64 = 40.0, "Hz";
        /// Rate of a spiking line of the background
        background_rate: f64 = 10.0, "Hz";
    }
}

const NAME: &str = EvidenceAccumulation::ABOUT.name;

impl Design for EvidenceAccumulation {
    /// Whether right is favoured.
    type Card = bool;

    const ABOUT: About = About {
        name: "evidence-accumulation",
        summary: "say on which side there were more pulses, after a delay",
        reference: "Pinto et al. 2018, Front Behav Neurosci 12:36, doi:10.3389/fnbeh.2018.00036; timings of Bellec et al. 2020, Nat Commun 11:3625, doi:10.1038/s41467-020-17236-y",
        choice_rule: "the output's mean over the decision period is positive if there were more pulses to the right and negative if to the left",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        finite(NAME, "amplitude", self.amplitude)?;
        if self.cues.is_multiple_of(2) || self.cues > 9999 {
            return Err(wrong(NAME, "cues", self.cues, "an odd number up to 9999 is needed"));
        }
        if !(0.5..=1.0).contains(&self.probability) {
            let fix = "it must lie between 0.5 and 1";
            return Err(wrong(NAME, "probability", self.probability, fix));
        }
        if self.cue < self.dt {
            return Err(wrong(NAME, "cue", self.cue, "it must last at least one step"));
        }
        not_negative(NAME, "gap", self.gap)?;
        for (option, rate) in
            [("cue_rate", self.cue_rate), ("background_rate", self.background_rate)]
        {
            not_negative(NAME, option, rate)?;
            if self.lines > 0 && rate * self.dt > 1000.0 {
                return Err(wrong(NAME, option, rate, "at most one spike per step is possible"));
            }
        }
        if self.lines > 10_000 {
            return Err(wrong(NAME, "lines", self.lines, "at most 10000 are possible"));
        }
        lasts(NAME, "decision", self.decision)
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::fixed("fixation", self.fixation),
            Period::fixed("cues", self.cues as f64 * (self.cue + self.gap)),
            Period::new("delay", self.delay),
            Period::fixed("decision", self.decision),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        if self.lines == 0 {
            return names(["left", "right", "go"]);
        }
        let kinds = ["left", "right", "go", "background"].into_iter();
        kinds.flat_map(|kind| (1..=self.lines).map(move |k| format!("{kind} {k}"))).collect()
    }

    fn outputs(&self) -> Vec<String> {
        names(["choice"])
    }

    fn cards(&self) -> Vec<bool> {
        vec![false, true]
    }

    fn trial(&self, &favoured: &bool, trial: &mut Draft<'_>) {
        let (from, mut difference) = (trial.during("cues").start, 0.0);
        let mut shown = Vec::new();
        for cue in 0..self.cues {
            let right = trial.rng().random_bool(self.probability) == favoured;
            let begin = from + trial.steps_in(cue as f64 * (self.cue + self.gap));
            let end = begin + trial.steps_in(self.cue);
            shown.push((usize::from(right), begin..end));
            difference += if right { 1.0 } else { -1.0 };
        }
        shown.push((2, trial.during("decision")));
        match self.lines {
            0 => {
                for (channel, steps) in shown {
                    let value = if channel == 2 { 1.0 } else { self.amplitude };
                    trial.show(channel, steps, value);
                }
            }
            lines => {
                let rates = shown.into_iter().map(|(kind, steps)| (kind, steps, self.cue_rate));
                let background = (3, 0..trial.end(), self.background_rate);
                for (kind, steps, rate) in rates.chain([background]) {
                    let spike = rate * self.dt / 1000.0;
                    for (step, k) in steps.flat_map(|step| (0..lines).map(move |k| (step, k))) {
                        if trial.rng().random_bool(spike) {
                            trial.show_at(kind * lines + k, step, 1.0);
                        }
                    }
                }
            }
        }
        trial.want(0, trial.during("decision"), f64::signum(difference));
        trial.ask(trial.during("decision"));
        trial.label("favoured", if favoured { "right" } else { "left" });
        trial.note("difference", difference);
        trial.noise(0..self.inputs().len(), self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let (score, choices) = by_sign(NAME, trials, outputs, &["favoured", "difference"])?;
        Ok(score.along("difference", trials, &choices))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;
    use ndarray::s;

    #[test]
    fn cues_are_spikes_of_their_lines() {
        let options = EvidenceAccumulation { dt: 1.0, lines: 10, noise: 0.0, ..Default::default() };
        let task = options.make().unwrap();
        assert_eq!((task.inputs().len(), task.steps()), (40, 2250));
        let trials = task.generate(1, 0, 60).unwrap();
        let rate = |lines: std::ops::Range<usize>, steps: std::ops::Range<usize>| {
            let spikes = trials.inputs.slice(s![steps.clone(), .., lines.clone()]).sum();
            1000.0 * f64::from(spikes) / (steps.len() * lines.len() * trials.len()) as f64
        };
        // either the left or the right lines fire in a slot: half of 40 Hz on each, on average
        let cue = 0..100;
        let both = rate(0..20, cue.clone());
        assert!((both - 20.0).abs() < 4.0 * (20.0f64 / (0.1 * 20.0 * 60.0)).sqrt(), "{both}");
        assert_eq!(rate(0..20, 100..150), 0.0, "pauses are silent");
        assert_eq!(rate(20..30, 0..2100), 0.0, "go is silent before the decision");
        let go = rate(20..30, 2100..2250);
        assert!((go - 40.0).abs() < 4.0 * (40.0f64 / (0.15 * 10.0 * 60.0)).sqrt(), "{go}");
        let background = rate(30..40, 0..2250);
        assert!(
            (background - 10.0).abs() < 4.0 * (10.0f64 / (2.25 * 600.0)).sqrt(),
            "{background}"
        );
        for trial in 0..60 {
            let spikes = |lines: std::ops::Range<usize>| {
                trials.inputs.slice(s![cue.clone(), trial, lines]).sum()
            };
            assert!(spikes(0..10) == 0.0 || spikes(10..20) == 0.0, "one side at a time");
        }
    }
}
