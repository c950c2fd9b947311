//! Context-dependent decision: two noisy stimuli, and a cue that says which of them to judge.

use attractor_data::{Conditions, OUTPUT, Target, Trials};
use ndarray::{Array2, Array3, ArrayView3, s};
use serde::{Deserialize, Serialize};

use crate::registry::{Entry, options};
use crate::score::{answered, decisions, psychometric, same_sign};
use crate::task::{OptionDoc, Task, finite, not_negative, table, wrong};
use crate::{Period, Score, TaskError, Timing, draw};

const NAME: &str = "context-decision";
const SUMMARY: &str = "judge the sign of one of two noisy stimuli; a cue says which";

pub(crate) const ENTRY: Entry = Entry {
    name: NAME,
    summary: SUMMARY,
    options: &[
        OptionDoc { name: "dt", unit: "ms", meaning: "duration of a step" },
        OptionDoc { name: "fixation", unit: "ms", meaning: "noise alone, before the cue" },
        OptionDoc { name: "cue", unit: "ms", meaning: "the context alone, before the stimuli" },
        OptionDoc { name: "stimulus", unit: "ms", meaning: "both stimuli" },
        OptionDoc { name: "delay", unit: "ms", meaning: "between stimuli and decision" },
        OptionDoc { name: "decision", unit: "ms", meaning: "when the output is asked" },
        OptionDoc {
            name: "coherences",
            unit: "",
            meaning: "strengths of either stimulus, none of them 0",
        },
        OptionDoc { name: "gain", unit: "", meaning: "input per unit of coherence" },
        OptionDoc { name: "context", unit: "", meaning: "input of the cue" },
        OptionDoc { name: "noise", unit: "", meaning: "sd of the stimuli per step of 20 ms" },
    ],
    create: |given| Ok(Box::new(ContextDecision::new(options(NAME, given)?)?)),
};

/// Options of [`ContextDecision`]; the defaults are those of Valente et al. 2022.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContextDecisionOptions {
    /// Duration of a step, ms.
    pub dt: f64,
    /// Noise alone, ms.
    pub fixation: f64,
    /// The context alone, ms.
    pub cue: f64,
    /// Both stimuli, ms.
    pub stimulus: f64,
    /// Between stimuli and decision, ms.
    pub delay: f64,
    /// When the output is asked, ms.
    pub decision: f64,
    /// Strengths of either stimulus; 0 has no right answer.
    pub coherences: Vec<f64>,
    /// Input per unit of coherence.
    pub gain: f64,
    /// Input of the cue.
    pub context: f64,
    /// Standard deviation of the noise on the stimuli, per step of 20 ms.
    pub noise: f64,
}

impl Default for ContextDecisionOptions {
    fn default() -> Self {
        ContextDecisionOptions {
            dt: 20.0,
            fixation: 100.0,
            cue: 350.0,
            stimulus: 800.0,
            delay: 100.0,
            decision: 20.0,
            coherences: vec![-4.0, -2.0, -1.0, 1.0, 2.0, 4.0],
            gain: 0.1,
            context: 0.1,
            noise: 0.1,
        }
    }
}

/// Two noisy stimuli, and a cue that says which of them to judge.
///
/// | input | fixation | cue | stimulus | delay | decision |
/// |---|---|---|---|---|---|
/// | `sensory_a`, `sensory_b` | noise | noise | gain · coherence + noise | noise | noise |
/// | `context_a` or `context_b` | 0 | context | context | context | 0 |
///
/// The output `choice` should be the sign (±1) of the coherence that the context selects, asked in
/// the decision period only. Conditions: `context` (`A`, `B`), `coherence_a`, `coherence_b`; all
/// combinations come equally often. By default 5 + 17 + 40 + 5 + 1 = 68 steps of 20 ms and 72
/// combinations.
///
/// Choice rule: the sign of the output's mean over the decision period; 0 is wrong.
///
/// Valente, Pillow & Ostojic, Extracting computational mechanisms from neural data using low-rank
/// RNNs, NeurIPS 2022 (timings and numbers); Mante, Sussillo, Shenoy & Newsome, Nature 503:78, 2013,
/// doi:10.1038/nature12742 (the task).
#[derive(Debug, Clone, PartialEq)]
pub struct ContextDecision {
    options: ContextDecisionOptions,
    timing: Timing,
}

impl ContextDecision {
    /// The task with these options.
    ///
    /// # Errors
    /// [`TaskError::Option`] for a value out of range, [`TaskError::Unresolved`] and
    /// [`TaskError::TooLong`] for timing.
    pub fn new(options: ContextDecisionOptions) -> Result<Self, TaskError> {
        not_negative(NAME, "noise", options.noise)?;
        finite(NAME, "gain", options.gain)?;
        finite(NAME, "context", options.context)?;
        let answerable = |c: &f64| c.is_finite() && *c != 0.0;
        if options.coherences.is_empty() || !options.coherences.iter().all(answerable) {
            let fix = "at least one finite number is needed, and 0 has no right answer";
            return Err(wrong(NAME, "coherences", &options.coherences, fix));
        }
        if options.decision == 0.0 {
            return Err(wrong(
                NAME,
                "decision",
                options.decision,
                "the output must be asked for at least one step",
            ));
        }
        let timing = Timing::new(NAME, options.dt, &periods(&options))?;
        Ok(ContextDecision { options, timing })
    }
}

fn periods(options: &ContextDecisionOptions) -> Vec<Period> {
    vec![
        Period::fixed("fixation", options.fixation),
        Period::fixed("cue", options.cue),
        Period::fixed("stimulus", options.stimulus),
        Period::fixed("delay", options.delay),
        Period::fixed("decision", options.decision),
    ]
}

impl Task for ContextDecision {
    fn name(&self) -> &'static str {
        NAME
    }

    fn summary(&self) -> &'static str {
        SUMMARY
    }

    fn reference(&self) -> &'static str {
        "Mante et al. 2013, Nature 503:78, doi:10.1038/nature12742; timings of Valente, Pillow & Ostojic 2022, NeurIPS 35"
    }

    fn choice_rule(&self) -> &'static str {
        "the sign of the output's mean over the decision period is the sign of the coherence that the context selects"
    }

    fn inputs(&self) -> Vec<String> {
        ["sensory_a", "sensory_b", "context_a", "context_b"].map(str::to_owned).to_vec()
    }

    fn outputs(&self) -> Vec<String> {
        vec!["choice".to_owned()]
    }

    fn dt(&self) -> f64 {
        self.options.dt
    }

    fn periods(&self) -> Vec<Period> {
        periods(&self.options)
    }

    fn steps(&self) -> usize {
        self.timing.steps()
    }

    fn options(&self) -> toml::Table {
        table(&self.options)
    }

    fn generate(&self, seed: u64, epoch: u64, trials: usize) -> Result<Trials, TaskError> {
        if trials == 0 {
            return Err(TaskError::NoTrials { task: NAME });
        }
        let (steps, coherences) = (self.steps(), &self.options.coherences);
        let sd = draw::per_step(self.options.noise, self.options.dt);
        let mut inputs = Array3::zeros((steps, trials, 4));
        let mut values = Array3::zeros((steps, trials, 1));
        let mut weights = Array2::zeros((steps, trials));
        let (mut contexts, mut coherence_a, mut coherence_b) = (Vec::new(), Vec::new(), Vec::new());

        let label = format!("task/{NAME}/{epoch}");
        let cards = draw::deal(seed, &label, 2 * coherences.len().pow(2), trials);
        for (trial, card) in cards.into_iter().enumerate() {
            let mut rng = draw::stream(seed, &format!("{label}/{trial}"));
            let at = self.timing.draw(&mut rng);
            let shown =
                [coherences[card / 2 % coherences.len()], coherences[card / 2 / coherences.len()]];
            let context = card % 2;
            for (channel, coherence) in shown.into_iter().enumerate() {
                let stimulus = (self.options.gain * coherence) as f32;
                inputs.slice_mut(s![at.of("stimulus"), trial, channel]).fill(stimulus);
                draw::add_noise(inputs.slice_mut(s![.., trial, channel]), sd, &mut rng);
            }
            let cued = at.of("cue").start..at.of("delay").end;
            inputs.slice_mut(s![cued, trial, 2 + context]).fill(self.options.context as f32);
            values.slice_mut(s![at.of("decision"), trial, 0]).fill(shown[context].signum() as f32);
            weights.slice_mut(s![at.of("decision"), trial]).fill(1.0);
            contexts.push(["A", "B"][context]);
            coherence_a.push(shown[0]);
            coherence_b.push(shown[1]);
        }

        let mut batch = Trials::new(self.options.dt, inputs)?;
        batch.input_names = self.inputs();
        batch.targets.push(Target { signal: OUTPUT.to_owned(), values, weights });
        batch.conditions = Conditions::none(trials)
            .with("context", contexts)?
            .with("coherence_a", coherence_a)?
            .with("coherence_b", coherence_b)?;
        Ok(batch)
    }

    fn score(&self, trials: &Trials, outputs: ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let target = answered(NAME, trials, &outputs)?;
        let contexts = trials
            .conditions
            .labels("context")
            .ok_or(TaskError::Foreign { task: NAME, lacks: "`context`" })?;
        let choices = decisions(target, &outputs);
        let wanted = decisions(target, &target.values.view());
        let correct = choices.iter().zip(&wanted).map(|(&a, &b)| same_sign(a, b)).collect();
        let mut score = Score::of_choices(
            correct,
            &trials.conditions,
            &["context", "coherence_a", "coherence_b"],
        );
        for context in ["A", "B"] {
            for axis in ["coherence_a", "coherence_b"] {
                let among = format!("context {context}");
                let curve = psychometric(&among, axis, &trials.conditions, &choices, |t| {
                    contexts[t] == context
                });
                score.psychometric.push(curve);
            }
        }
        Ok(score)
    }
}
