//! N-bit flip-flop: each output remembers the sign of the last pulse on its own input.

use attractor_data::{OUTPUT, Target, Trials, Value};
use ndarray::{Array2, Array3, ArrayView3, s};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::registry::{Entry, options};
use crate::score::{ConditionScore, answered, mean};
use crate::task::{OptionDoc, Task, finite, not_negative, table, wrong};
use crate::{Period, Score, TaskError, Timing, draw};

const NAME: &str = "flip-flop";
const SUMMARY: &str = "remember the sign of the last pulse on each of N inputs";

pub(crate) const ENTRY: Entry = Entry {
    name: NAME,
    summary: SUMMARY,
    options: &[
        OptionDoc { name: "dt", unit: "ms", meaning: "duration of a step" },
        OptionDoc { name: "bits", unit: "", meaning: "inputs, and outputs" },
        OptionDoc {
            name: "pulse",
            unit: "ms",
            meaning: "duration of a pulse; a trial begins with one on every input",
        },
        OptionDoc { name: "hold", unit: "ms", meaning: "the trial after its first pulses" },
        OptionDoc {
            name: "interval",
            unit: "ms",
            meaning: "mean pause between pulses of one input",
        },
        OptionDoc { name: "amplitude", unit: "", meaning: "size of a pulse" },
        OptionDoc { name: "noise", unit: "", meaning: "sd of the inputs per step of 20 ms" },
        OptionDoc {
            name: "tolerance",
            unit: "",
            meaning: "largest error of an output that is right",
        },
        OptionDoc {
            name: "grace",
            unit: "ms",
            meaning: "after a bit flips, time before its output is judged",
        },
    ],
    create: |given| Ok(Box::new(FlipFlop::new(options(NAME, given)?)?)),
};

/// Options of [`FlipFlop`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlipFlopOptions {
    /// Duration of a step, ms.
    pub dt: f64,
    /// Inputs, and outputs.
    pub bits: usize,
    /// Duration of a pulse, ms.
    pub pulse: f64,
    /// The trial after its first pulses, ms.
    pub hold: f64,
    /// Mean pause between pulses of one input, ms.
    pub interval: f64,
    /// Size of a pulse.
    pub amplitude: f64,
    /// Standard deviation of the noise on the inputs, per step of 20 ms.
    pub noise: f64,
    /// Largest error of an output that is right.
    pub tolerance: f64,
    /// Time after a flip before that bit is judged, ms.
    pub grace: f64,
}

impl Default for FlipFlopOptions {
    fn default() -> Self {
        FlipFlopOptions {
            dt: 20.0,
            bits: 3,
            pulse: 60.0,
            hold: 1940.0,
            interval: 500.0,
            amplitude: 1.0,
            noise: 0.0,
            tolerance: 0.5,
            grace: 200.0,
        }
    }
}

/// Each output remembers the sign of the last pulse on its own input.
///
/// Every input gets a pulse of ±`amplitude` (either sign equally likely) at the start of the trial,
/// which sets the memory; after that a pulse begins at each quiet step with probability
/// dt / `interval`, independently per input. The target of output `i` is the sign of the last pulse on input `i`,
/// from the pulse's first step. It is asked at every step after the first pulses. By default 3 bits
/// and 100 steps of 20 ms.
///
/// Score: the fraction of (step, bit) pairs whose output is within `tolerance` of ±1. Not judged
/// are the first pulses and, of a bit that has just flipped, `grace` ms: no unit with a time
/// constant flips at once. A trial is correct if all of its pairs are right.
///
/// Sussillo & Barak, Neural Computation 25:626, 2013, doi:10.1162/NECO_a_00409.
#[derive(Debug, Clone, PartialEq)]
pub struct FlipFlop {
    options: FlipFlopOptions,
    timing: Timing,
    /// Steps of a pulse.
    pulse: usize,
    /// Steps of the grace.
    grace: usize,
}

impl FlipFlop {
    /// The task with these options.
    ///
    /// # Errors
    /// [`TaskError::Option`] for a value out of range, [`TaskError::Unresolved`] and
    /// [`TaskError::TooLong`] for timing.
    pub fn new(options: FlipFlopOptions) -> Result<Self, TaskError> {
        if !(1..=1024).contains(&options.bits) {
            return Err(wrong(NAME, "bits", options.bits, "1 to 1024 are possible"));
        }
        not_negative(NAME, "noise", options.noise)?;
        not_negative(NAME, "grace", options.grace)?;
        not_negative(NAME, "interval", options.interval)?;
        finite(NAME, "amplitude", options.amplitude)?;
        if !(options.tolerance > 0.0 && options.tolerance < 1.0) {
            return Err(wrong(NAME, "tolerance", options.tolerance, "it must lie between 0 and 1"));
        }
        for (option, ms) in [("pulse", options.pulse), ("hold", options.hold)] {
            if ms <= 0.0 {
                return Err(wrong(NAME, option, ms, "it must last at least one step"));
            }
        }
        let timing = Timing::new(NAME, options.dt, &periods(&options))?;
        let pulse =
            Timing::new(NAME, options.dt, &[Period::fixed("pulse", options.pulse)])?.steps();
        // Rounded up: a bit is not judged before its grace is over.
        let grace = (options.grace / options.dt - 1e-6).ceil().max(0.0) as usize;
        Ok(FlipFlop { options, timing, pulse, grace })
    }
}

fn periods(options: &FlipFlopOptions) -> Vec<Period> {
    vec![Period::fixed("pulse", options.pulse), Period::fixed("hold", options.hold)]
}

fn draw_sign(rng: &mut impl Rng) -> f32 {
    if rng.random_bool(0.5) { 1.0 } else { -1.0 }
}

impl Task for FlipFlop {
    fn name(&self) -> &'static str {
        NAME
    }

    fn summary(&self) -> &'static str {
        SUMMARY
    }

    fn reference(&self) -> &'static str {
        "Sussillo & Barak 2013, Neural Computation 25:626, doi:10.1162/NECO_a_00409"
    }

    fn choice_rule(&self) -> &'static str {
        "an output is right at a step if it is within `tolerance` of the sign of its last pulse; steps within `grace` after a flip are not judged"
    }

    fn inputs(&self) -> Vec<String> {
        (0..self.options.bits).map(|bit| format!("pulse{bit}")).collect()
    }

    fn outputs(&self) -> Vec<String> {
        (0..self.options.bits).map(|bit| format!("bit{bit}")).collect()
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
        let (steps, bits) = (self.steps(), self.options.bits);
        let sd = draw::per_step(self.options.noise, self.options.dt);
        let amplitude = self.options.amplitude as f32;
        let begins = (self.options.dt / self.options.interval).min(1.0);
        let mut inputs = Array3::zeros((steps, trials, bits));
        let mut values = Array3::zeros((steps, trials, bits));
        let label = format!("task/{NAME}/{epoch}");
        for trial in 0..trials {
            let mut rng = draw::stream(seed, &format!("{label}/{trial}"));
            for bit in 0..bits {
                let (mut sign, mut left) = (draw_sign(&mut rng), self.pulse);
                for step in 0..steps {
                    if left == 0 && rng.random_bool(begins) {
                        (sign, left) = (draw_sign(&mut rng), self.pulse);
                    }
                    if left > 0 {
                        inputs[[step, trial, bit]] = amplitude * sign;
                        left -= 1;
                    }
                    values[[step, trial, bit]] = sign;
                }
            }
            for bit in 0..bits {
                draw::add_noise(inputs.slice_mut(s![.., trial, bit]), sd, &mut rng);
            }
        }
        let weights =
            Array2::from_shape_fn((steps, trials), |(step, _)| f32::from(step >= self.pulse));
        let mut batch = Trials::new(self.options.dt, inputs)?;
        batch.input_names = self.inputs();
        batch.targets.push(Target { signal: OUTPUT.to_owned(), values, weights });
        Ok(batch)
    }

    fn score(&self, trials: &Trials, outputs: ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let target = answered(NAME, trials, &outputs)?;
        let (steps, count, bits) = outputs.dim();
        let tolerance = self.options.tolerance as f32;
        // [trial, bit]: pairs judged, pairs right
        let mut judged = Array2::<f64>::zeros((count, bits));
        let mut right = Array2::<f64>::zeros((count, bits));
        for trial in 0..count {
            for bit in 0..bits {
                let mut steady = 0;
                for step in 0..steps {
                    let wanted = target.values[[step, trial, bit]];
                    let flipped = step == 0 || target.values[[step - 1, trial, bit]] != wanted;
                    steady = if flipped { 0 } else { steady + 1 };
                    if steady >= self.grace && target.weights[[step, trial]] > 0.0 {
                        judged[[trial, bit]] += 1.0;
                        let error = (outputs[[step, trial, bit]] - wanted).abs();
                        right[[trial, bit]] += f64::from(u8::from(error <= tolerance));
                    }
                }
            }
        }
        let fraction = |right: f64, judged: f64| if judged > 0.0 { right / judged } else { 0.0 };
        let per_trial: Vec<f64> =
            (0..count).map(|t| fraction(right.row(t).sum(), judged.row(t).sum())).collect();
        let by_condition =
            self.outputs().into_iter().enumerate().map(|(bit, name)| ConditionScore {
                condition: "output".to_owned(),
                value: Value::Label(name),
                trials: count,
                fraction: fraction(right.column(bit).sum(), judged.column(bit).sum()),
            });
        Ok(Score {
            fraction: mean(per_trial.iter().copied()),
            correct: per_trial.iter().map(|&f| f >= 1.0).collect(),
            by_condition: by_condition.collect(),
            psychometric: Vec::new(),
            per_trial,
        })
    }
}
