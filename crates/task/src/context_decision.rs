//! Context-dependent decision: two noisy stimuli, and a cue that says which of them to judge.

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::judge::by_sign;
use crate::options::options;
use crate::score::psychometric;
use crate::task::{finite, lasts, names, not_negative, wrong};
use crate::{About, Design, Duration, Period, Score, TaskError};

options! {
    /// Two noisy stimuli, and a cue that says which of them to judge. The defaults are those of
    /// Valente et al. 2022.
    ///
    /// | input | fixation | cue | stimulus | delay | decision |
    /// |---|---|---|---|---|---|
    /// | `sensory_a`, `sensory_b` | noise | noise | gain · coherence + noise | noise | noise |
    /// | `context_a` or `context_b` | 0 | context | context | context | 0 |
    /// | `go`, unless it is 0 | 0 | 0 | 0 | 0 | go |
    ///
    /// With `stays` the context is there in the decision as well, with `quiet` there is noise with the
    /// stimuli alone.
    ///
    /// The output `choice` should be the sign (±1) of the coherence that the context selects, asked in
    /// the decision period only. Conditions: `context` (`A`, `B`), `coherence_a`, `coherence_b`; all
    /// combinations come equally often. By default 5 + 17 + 40 + 5 + 1 = 68 steps of 20 ms and 72
    /// combinations.
    ///
    /// Choice rule: the sign of the output's mean over the decision period; 0 is wrong.
    ///
    /// The monkeys of Mante et al. 2013 saw the dots for 750 ms and waited 300 to 1500 ms for the go
    /// cue: the preset `mante-2013`.
    ///
    /// Valente, Pillow & Ostojic, Extracting computational mechanisms from neural data using low-rank
    /// RNNs, NeurIPS 2022 (timings and numbers); Mante, Sussillo, Shenoy & Newsome, Nature 503:78, 2013,
    /// doi:10.1038/nature12742 (the task).
    pub struct ContextDecision, dt = 20.0 {
        /// Noise alone, before the cue
        fixation: f64 = 100.0, "ms";
        /// The context alone, before the stimuli
        cue: f64 = 350.0, "ms";
        /// Both stimuli
        stimulus: Duration = Duration::Fixed(800.0), "ms";
        /// Between stimuli and decision
        delay: Duration = Duration::Fixed(100.0), "ms";
        /// When the output is asked
        decision: f64 = 20.0, "ms";
        /// Strengths of either stimulus, none of them 0
        coherences: Vec<f64> = vec![-4.0, -2.0, -1.0, 1.0, 2.0, 4.0], "";
        /// Input per unit of coherence
        gain: f64 = 0.1, "";
        /// Input of the cue
        context: f64 = 0.1, "";
        /// Whether the cue stays during the decision
        stays: bool = false, "";
        /// Input of the cue to answer, during the decision; 0 for no such input
        go: f64 = 0.0, "";
        /// Standard deviation of the stimuli per step of 20 ms
        noise: f64 = 0.1, "";
        /// Whether there is noise with the stimuli alone
        quiet: bool = false, "";
    }
}

/// What is dealt: which stimulus to judge (0 is A), and both coherences.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    context: usize,
    coherences: [f64; 2],
}

const NAME: &str = ContextDecision::ABOUT.name;

impl Design for ContextDecision {
    type Card = Card;

    const ABOUT: About = About {
        name: "context-decision",
        summary: "judge the sign of one of two noisy stimuli; a cue says which",
        reference: "Mante et al. 2013, Nature 503:78, doi:10.1038/nature12742; timings of Valente, Pillow & Ostojic 2022, NeurIPS 35",
        choice_rule: "the sign of the output's mean over the decision period is the sign of the coherence that the context selects",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        for (option, value) in [("gain", self.gain), ("context", self.context), ("go", self.go)] {
            finite(NAME, option, value)?;
        }
        answerable(NAME, &self.coherences)?;
        lasts(NAME, "decision", self.decision)
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::fixed("fixation", self.fixation),
            Period::fixed("cue", self.cue),
            Period::new("stimulus", self.stimulus),
            Period::new("delay", self.delay),
            Period::fixed("decision", self.decision),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        let mut inputs = names(["sensory_a", "sensory_b", "context_a", "context_b"]);
        inputs.extend((self.go != 0.0).then(|| "go".to_owned()));
        inputs
    }

    fn outputs(&self) -> Vec<String> {
        names(["choice"])
    }

    fn cards(&self) -> Vec<Card> {
        let coherences = &self.coherences;
        let card = |k: usize| Card {
            context: k % 2,
            coherences: [
                coherences[k / 2 % coherences.len()],
                coherences[k / 2 / coherences.len()],
            ],
        };
        (0..2 * coherences.len().pow(2)).map(card).collect()
    }

    fn trial(&self, card: &Card, trial: &mut Draft<'_>) {
        for (channel, coherence) in card.coherences.into_iter().enumerate() {
            trial.show(channel, trial.during("stimulus"), self.gain * coherence);
        }
        let last = if self.stays { "decision" } else { "delay" };
        trial.show(2 + card.context, trial.through("cue", last), self.context);
        if self.go != 0.0 {
            trial.show(4, trial.during("decision"), self.go);
        }
        trial.want(0, trial.during("decision"), card.coherences[card.context].signum());
        trial.ask(trial.during("decision"));
        trial.label("context", ["A", "B"][card.context]);
        trial.note("coherence_a", card.coherences[0]);
        trial.note("coherence_b", card.coherences[1]);
        let noisy = if self.quiet { trial.during("stimulus") } else { 0..trial.end() };
        trial.noise_during(noisy, 0..2, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let by = ["context", "coherence_a", "coherence_b"];
        let (mut score, choices) = by_sign(NAME, trials, outputs, &by)?;
        let contexts = trials.conditions.labels("context").unwrap_or_default();
        for context in ["A", "B"] {
            for axis in ["coherence_a", "coherence_b"] {
                let among = format!("context {context}");
                let included = |t: usize| contexts.get(t).is_some_and(|c| c == context);
                let curve = psychometric(&among, axis, &trials.conditions, &choices, included);
                score.psychometric.push(curve);
            }
        }
        Ok(score)
    }
}

/// Refuses coherences without a right answer, or none at all.
pub(crate) fn answerable(task: &'static str, coherences: &[f64]) -> Result<(), TaskError> {
    if !coherences.is_empty() && coherences.iter().all(|c| c.is_finite() && *c != 0.0) {
        return Ok(());
    }
    let fix = "at least one finite number is needed, and 0 has no right answer";
    Err(wrong(task, "coherences", coherences, fix))
}
