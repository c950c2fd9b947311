//! Delayed discrimination: two vibrations, one after the other; which was faster?

use attractor_data::{Conditions, OUTPUT, Target, Trials};
use ndarray::{Array2, Array3, ArrayView3, s};
use serde::{Deserialize, Serialize};

use crate::registry::{Entry, options};
use crate::score::{answered, decisions, psychometric, same_sign};
use crate::task::{OptionDoc, Task, not_negative, table, wrong};
use crate::{Duration, Period, Score, TaskError, Timing, draw};

const NAME: &str = "delayed-discrimination";
const SUMMARY: &str = "compare two vibration frequencies across a delay: was the first higher?";
/// Pairs of frequencies; more are a mistyped unit.
const MOST_PAIRS: usize = 1_000_000;

pub(crate) const ENTRY: Entry = Entry {
    name: NAME,
    summary: SUMMARY,
    options: &[
        OptionDoc { name: "dt", unit: "ms", meaning: "duration of a step" },
        OptionDoc {
            name: "fixation",
            unit: "ms",
            meaning: "noise alone, before the first stimulus",
        },
        OptionDoc { name: "stimulus1", unit: "ms", meaning: "the first frequency" },
        OptionDoc {
            name: "delay",
            unit: "ms",
            meaning: "between the stimuli: a number, or a range [from, to] drawn per trial",
        },
        OptionDoc { name: "stimulus2", unit: "ms", meaning: "the second frequency" },
        OptionDoc { name: "decision", unit: "ms", meaning: "when the output is asked" },
        OptionDoc { name: "lowest", unit: "Hz", meaning: "lowest frequency" },
        OptionDoc { name: "highest", unit: "Hz", meaning: "highest frequency" },
        OptionDoc {
            name: "differences",
            unit: "Hz",
            meaning: "f2 - f1 of the pairs, none of them 0",
        },
        OptionDoc { name: "noise", unit: "", meaning: "sd of the input per step of 20 ms" },
        OptionDoc {
            name: "graded",
            unit: "",
            meaning: "ask for (f1 - f2) / (highest - lowest) instead of its sign",
        },
    ],
    create: |given| Ok(Box::new(DelayedDiscrimination::new(options(NAME, given)?)?)),
};

/// Options of [`DelayedDiscrimination`]; the defaults are those of Valente et al. 2022.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DelayedDiscriminationOptions {
    /// Duration of a step, ms.
    pub dt: f64,
    /// Noise alone, ms.
    pub fixation: f64,
    /// The first frequency, ms.
    pub stimulus1: f64,
    /// Between the stimuli, ms.
    pub delay: Duration,
    /// The second frequency, ms.
    pub stimulus2: f64,
    /// When the output is asked, ms.
    pub decision: f64,
    /// Lowest frequency, Hz.
    pub lowest: f64,
    /// Highest frequency, Hz.
    pub highest: f64,
    /// f2 - f1, Hz; 0 has no right answer.
    pub differences: Vec<f64>,
    /// Standard deviation of the noise on the input, per step of 20 ms.
    pub noise: f64,
    /// Whether the output should be (f1 - f2) / (highest - lowest) instead of its sign.
    pub graded: bool,
}

impl Default for DelayedDiscriminationOptions {
    fn default() -> Self {
        DelayedDiscriminationOptions {
            dt: 20.0,
            fixation: 100.0,
            stimulus1: 100.0,
            delay: Duration::Uniform([500.0, 2000.0]),
            stimulus2: 100.0,
            decision: 100.0,
            lowest: 10.0,
            highest: 34.0,
            differences: vec![-24.0, -16.0, -8.0, 8.0, 16.0, 24.0],
            noise: 0.01,
            graded: false,
        }
    }
}

/// Two vibrations, one after the other: was the first faster?
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
#[derive(Debug, Clone, PartialEq)]
pub struct DelayedDiscrimination {
    options: DelayedDiscriminationOptions,
    timing: Timing,
    pairs: Vec<(f64, f64)>,
}

impl DelayedDiscrimination {
    /// The task with these options.
    ///
    /// # Errors
    /// [`TaskError::Option`] for a value out of range, [`TaskError::Unresolved`] and
    /// [`TaskError::TooLong`] for timing.
    pub fn new(options: DelayedDiscriminationOptions) -> Result<Self, TaskError> {
        not_negative(NAME, "noise", options.noise)?;
        not_negative(NAME, "lowest", options.lowest)?;
        let range = options.highest - options.lowest;
        if !(range.is_finite() && range > 0.0) {
            return Err(wrong(
                NAME,
                "highest",
                options.highest,
                "it must be finite and above `lowest`",
            ));
        }
        if options.decision == 0.0 {
            return Err(wrong(
                NAME,
                "decision",
                options.decision,
                "the output must be asked for at least one step",
            ));
        }
        let answerable = |d: &f64| d.abs() > 0.0 && d.abs() <= range;
        if options.differences.is_empty() || !options.differences.iter().all(answerable) {
            let fix = format!(
                "at least one number is needed, each within ±{range} Hz, and 0 has no right answer"
            );
            return Err(wrong(NAME, "differences", &options.differences, &fix));
        }
        if range * options.differences.len() as f64 > MOST_PAIRS as f64 {
            return Err(wrong(
                NAME,
                "highest",
                options.highest,
                "more than a million pairs of frequencies",
            ));
        }
        let timing = Timing::new(NAME, options.dt, &periods(&options))?;
        let pairs = pairs(&options);
        Ok(DelayedDiscrimination { options, timing, pairs })
    }
}

fn periods(options: &DelayedDiscriminationOptions) -> Vec<Period> {
    vec![
        Period::fixed("fixation", options.fixation),
        Period::fixed("stimulus1", options.stimulus1),
        Period { name: "delay", duration: options.delay },
        Period::fixed("stimulus2", options.stimulus2),
        Period::fixed("decision", options.decision),
    ]
}

fn pairs(options: &DelayedDiscriminationOptions) -> Vec<(f64, f64)> {
    let mut pairs = Vec::new();
    for &difference in &options.differences {
        let first = options.lowest.max(options.lowest - difference);
        let last = options.highest.min(options.highest - difference);
        let count = (last - first + 1e-9).floor().max(0.0) as usize + 1;
        pairs.extend((0..count).map(|k| (first + k as f64, first + k as f64 + difference)));
    }
    pairs
}

impl Task for DelayedDiscrimination {
    fn name(&self) -> &'static str {
        NAME
    }

    fn summary(&self) -> &'static str {
        SUMMARY
    }

    fn reference(&self) -> &'static str {
        "Romo et al. 1999, Nature 399:470, doi:10.1038/20939; timings of Valente, Pillow & Ostojic 2022, NeurIPS 35"
    }

    fn choice_rule(&self) -> &'static str {
        "the sign of the output's mean over the decision period is the sign of f1 - f2"
    }

    fn inputs(&self) -> Vec<String> {
        vec!["frequency".to_owned()]
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
        let options = &self.options;
        let (range, middle) =
            (options.highest - options.lowest, (options.highest + options.lowest) / 2.0);
        let sd = draw::per_step(options.noise, options.dt);
        let steps = self.steps();
        let mut inputs = Array3::zeros((steps, trials, 1));
        let mut values = Array3::zeros((steps, trials, 1));
        let mut weights = Array2::zeros((steps, trials));
        let (mut first, mut second, mut difference) = (Vec::new(), Vec::new(), Vec::new());
        let (mut delay, mut lengths) = (Vec::new(), Vec::new());

        let label = format!("task/{NAME}/{epoch}");
        let cards = draw::deal(seed, &label, self.pairs.len(), trials);
        for (trial, card) in cards.into_iter().enumerate() {
            let mut rng = draw::stream(seed, &format!("{label}/{trial}"));
            let at = self.timing.draw(&mut rng);
            let (f1, f2) = self.pairs[card];
            for (period, frequency) in [("stimulus1", f1), ("stimulus2", f2)] {
                inputs
                    .slice_mut(s![at.of(period), trial, 0])
                    .fill(((frequency - middle) / range) as f32);
            }
            draw::add_noise(inputs.slice_mut(s![..at.end(), trial, 0]), sd, &mut rng);
            let answer = if options.graded { (f1 - f2) / range } else { (f1 - f2).signum() };
            values.slice_mut(s![at.of("decision"), trial, 0]).fill(answer as f32);
            weights.slice_mut(s![at.of("decision"), trial]).fill(1.0);
            first.push(f1);
            second.push(f2);
            difference.push(f1 - f2);
            delay.push(at.of("delay").len() as f64 * options.dt);
            lengths.push(at.end());
        }

        let mut batch = Trials::new(options.dt, inputs)?;
        batch.input_names = self.inputs();
        batch.targets.push(Target { signal: OUTPUT.to_owned(), values, weights });
        batch.lengths = lengths;
        batch.conditions = Conditions::none(trials)
            .with("f1", first)?
            .with("f2", second)?
            .with("difference", difference)?
            .with("delay", delay)?;
        Ok(batch)
    }

    fn score(&self, trials: &Trials, outputs: ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let target = answered(NAME, trials, &outputs)?;
        if trials.conditions.numbers("difference").is_none() {
            return Err(TaskError::Foreign { task: NAME, lacks: "`difference`" });
        }
        let choices = decisions(target, &outputs);
        let wanted = decisions(target, &target.values.view());
        let correct = choices.iter().zip(&wanted).map(|(&a, &b)| same_sign(a, b)).collect();
        let mut score = Score::of_choices(correct, &trials.conditions, &["difference"]);
        score.psychometric.push(psychometric(
            "",
            "difference",
            &trials.conditions,
            &choices,
            |_| true,
        ));
        Ok(score)
    }
}
