//! N-bit flip-flop: each output remembers the sign of the last pulse on its own input.

use attractor_data::{Trials, Value};
use ndarray::{Array2, ArrayView3};
use rand::{Rng, RngExt};

use crate::draft::Draft;
use crate::options::options;
use crate::score::{ConditionScore, answered, mean};
use crate::task::{finite, not_negative, wrong};
use crate::timing::Steps;
use crate::{About, Design, Duration, Period, Score, TaskError};

options! {
    /// Each output remembers the sign of the last pulse on its own input.
    ///
    /// Every input gets a pulse of ±`amplitude` (either sign equally likely) at the start of the trial,
    /// which sets the memory; with `set = false` none does, and outputs are 0, and asked, until their first
    /// pulse. After that, with `interval` a number, a pulse begins at each quiet step
    /// with probability dt / `interval`, independently per input; with a range or an exponential, the
    /// pauses of each input are drawn from it. The target of output `i` is the sign of the last pulse on
    /// input `i`, from the pulse's first step. It is asked at every step after those first pulses, except
    /// for `delay` ms from the start of a pulse on any input. By default 3 bits and 100 steps of 20 ms.
    ///
    /// Score: the fraction of (step, bit) pairs whose output is within `tolerance` of ±1, of those that
    /// are asked. Not judged of a bit that has just flipped are `grace` ms: no unit with a time constant
    /// flips at once. A trial is correct if all of its pairs are right.
    ///
    /// Sussillo & Barak, Neural Computation 25:626, 2013, doi:10.1162/NECO_a_00409. The preset
    /// `schuessler-2024` has the timing of Schuessler et al., eLife 93060, doi:10.7554/eLife.93060;
    /// `balwani-2025` is the one bit of Balwani et al., doi:10.1101/2025.01.09.632231.
    pub struct FlipFlop, dt = 20.0 {
        /// Inputs, and outputs
        bits: usize = 3, "";
        /// Duration of a pulse; a trial begins with one on every input
        pulse: f64 = 60.0, "ms";
        /// The trial after its first pulses
        hold: f64 = 1940.0, "ms";
        /// Pause between pulses of one input: the mean of pulses at random, or a range [from, to], or an
        /// exponential
        interval: Duration = Duration::Fixed(500.0), "ms";
        /// Whether a trial begins with a pulse on every input
        set: bool = true, "";
        /// From the start of a pulse, time until outputs are asked again
        delay: f64 = 0.0, "ms";
        /// Size of a pulse
        amplitude: f64 = 1.0, "";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.0, "";
        /// Largest error of an output that is right
        tolerance: f64 = 0.5, "";
        /// After a bit flips, time before its output is judged
        grace: f64 = 200.0, "ms";
    }
}

const NAME: &str = FlipFlop::ABOUT.name;

impl Design for FlipFlop {
    type Card = ();

    const ABOUT: About = About {
        name: "flip-flop",
        summary: "remember the sign of the last pulse on each of N inputs",
        reference: "Sussillo & Barak 2013, Neural Computation 25:626, doi:10.1162/NECO_a_00409",
        choice_rule: "an output is right at a step if it is within `tolerance` of the sign of its last pulse; steps within `grace` after a flip are not judged",
    };

    fn check(&self) -> Result<(), TaskError> {
        if !(1..=1024).contains(&self.bits) {
            return Err(wrong(NAME, "bits", self.bits, "1 to 1024 are possible"));
        }
        not_negative(NAME, "noise", self.noise)?;
        not_negative(NAME, "grace", self.grace)?;
        not_negative(NAME, "delay", self.delay)?;
        finite(NAME, "amplitude", self.amplitude)?;
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return Err(wrong(NAME, "tolerance", self.tolerance, "it must lie between 0 and 1"));
        }
        for (option, ms) in [("pulse", self.pulse), ("hold", self.hold)] {
            if ms <= 0.0 {
                return Err(wrong(NAME, option, ms, "it must last at least one step"));
            }
        }
        match self.interval {
            Duration::Fixed(mean) => not_negative(NAME, "interval", mean),
            _ => self.pauses().map(|_| ()),
        }
    }

    fn periods(&self) -> Vec<Period> {
        vec![Period::fixed("pulse", self.pulse), Period::fixed("hold", self.hold)]
    }

    fn inputs(&self) -> Vec<String> {
        (0..self.bits).map(|bit| format!("pulse{bit}")).collect()
    }

    fn outputs(&self) -> Vec<String> {
        (0..self.bits).map(|bit| format!("bit{bit}")).collect()
    }

    fn cards(&self) -> Vec<()> {
        vec![()]
    }

    fn trial(&self, (): &(), trial: &mut Draft<'_>) {
        let (end, pulse) = (trial.end(), trial.steps_in(self.pulse));
        let unasked = self.steps_up(self.delay);
        trial.ask(if self.set { pulse } else { 0 }..end);
        for bit in 0..self.bits {
            let mut begin = if self.set { 0 } else { self.pause(end, trial.rng()) };
            while begin < end {
                let sign = trial.sign();
                let quiet = (begin + pulse).min(end);
                let next = quiet + self.pause(end - quiet, trial.rng());
                trial.show(bit, begin..quiet, self.amplitude * sign);
                trial.want(bit, begin..next, sign);
                trial.excuse(begin..(begin + unasked).min(end));
                begin = next;
            }
        }
        trial.noise(0..self.bits, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        let target = answered(NAME, trials, outputs)?;
        let (steps, count, bits) = outputs.dim();
        let (tolerance, grace) = (self.tolerance as f32, self.steps_up(self.grace));
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
                    if steady >= grace && target.weights[[step, trial]] > 0.0 {
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

impl FlipFlop {
    /// Steps in so many ms, rounded up: a bit is not judged before its time is over.
    fn steps_up(&self, ms: f64) -> usize {
        (ms / self.dt - 1e-6).ceil().max(0.0) as usize
    }

    /// Pauses that are drawn from a distribution, in steps.
    fn pauses(&self) -> Result<Steps, TaskError> {
        Steps::new(NAME, self.dt, &Period::new("interval", self.interval))
    }

    /// Quiet steps before the next pulse of an input, at most these.
    fn pause(&self, most: usize, rng: &mut impl Rng) -> usize {
        if let Duration::Fixed(mean) = self.interval {
            let begins = (self.dt / mean).min(1.0);
            return (0..most).find(|_| rng.random_bool(begins)).unwrap_or(most);
        }
        // `check` has seen that there is such a distribution
        self.pauses().map_or(most, |pauses| pauses.draw(rng)).min(most)
    }
}
