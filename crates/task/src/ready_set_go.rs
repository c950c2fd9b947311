//! Ready-set-go: measure the interval between two pulses and produce it.

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::options::options;
use crate::task::{finite, names, not_negative, wrong};
use crate::{About, Design, Duration, Period, Score, TaskError, interval};

options! {
    /// Two pulses, Ready and Set, are an interval apart; the response, Go, should come `gain` intervals
    /// after Set. The defaults are the two priors of Sohn et al. 2019.
    ///
    /// | input | fixation | measure | produce | after |
    /// |---|---|---|---|---|
    /// | `pulse` | 0 | 1 for `pulse` ms | 1 for `pulse` ms | 0 |
    /// | `short` or `long` | context | context | context | context |
    ///
    /// with noise on `pulse`. Measuring begins with Ready, producing with Set. The output `ramp` should
    /// rise in a straight line from 0 at Set to 1 at Go and on to the end; it is asked from Set on.
    /// Conditions: `prior` (`short`, `long`), `interval` (between Ready and Set, ms), `produce` (ms);
    /// every interval of either prior comes equally often.
    ///
    /// Choice rule: the interval produced, from Set until the output first reaches 1, differs from the
    /// one wanted by at most `tolerance` of it.
    ///
    /// Jazayeri & Shadlen, Nature Neuroscience 13:1020, 2010, doi:10.1038/nn.2590 (the task); Sohn,
    /// Narain, Meirhaeghe & Jazayeri, Neuron 103:934, 2019, doi:10.1016/j.neuron.2019.06.012 (priors of
    /// 480 to 800 and 800 to 1200 ms; its two effectors and directions are left out); Remington et al.,
    /// Neuron 98:1005, 2018, doi:10.1016/j.neuron.2018.05.020 (gains of 1 and 1.5). The straight ramp is
    /// our choice.
    pub struct ReadySetGo, dt = 20.0 {
        /// Context alone, before Ready
        fixation: Duration = Duration::Uniform([200.0, 600.0]), "ms";
        /// Duration of the pulses Ready and Set, within the intervals they begin
        pulse: f64 = 40.0, "ms";
        /// After the interval to produce
        after: f64 = 300.0, "ms";
        /// Intervals of the short prior
        short: Vec<f64> = vec![480.0, 560.0, 640.0, 720.0, 800.0], "ms";
        /// Intervals of the long prior; may be empty
        long: Vec<f64> = vec![800.0, 900.0, 1000.0, 1100.0, 1200.0], "ms";
        /// Interval to produce over interval measured
        gain: f64 = 1.0, "";
        /// Input that says which prior it is
        context: f64 = 0.3, "";
        /// Standard deviation of the pulse input per step of 20 ms
        noise: f64 = 0.02, "";
        /// Largest error of a right interval, as a fraction of it
        tolerance: f64 = 0.2, "";
    }
}

const NAME: &str = ReadySetGo::ABOUT.name;

/// What is dealt: the prior (0 is short) and an interval of it, ms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    prior: usize,
    interval: f64,
}

impl Design for ReadySetGo {
    type Card = Card;

    const ABOUT: About = About {
        name: "ready-set-go",
        summary: "measure the interval between two pulses and produce it",
        reference: "Jazayeri & Shadlen 2010, Nat Neurosci 13:1020, doi:10.1038/nn.2590; Sohn et al. 2019, Neuron 103:934, doi:10.1016/j.neuron.2019.06.012",
        choice_rule: "the time from Set until the output first reaches 1 is within `tolerance` of the interval wanted",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        finite(NAME, "context", self.context)?;
        if !(self.gain.is_finite() && self.gain > 0.0) {
            return Err(wrong(NAME, "gain", self.gain, "a positive number is needed"));
        }
        let pulse = self.pulse.max(self.pulse / self.gain);
        interval::check(NAME, "short", &self.short, pulse)?;
        if !self.long.is_empty() {
            interval::check(NAME, "long", &self.long, pulse)?;
        }
        interval::tolerable(NAME, self.tolerance)?;
        interval::pulse(NAME, self.pulse, self.after, self.dt)
    }

    fn periods(&self) -> Vec<Period> {
        let measured = interval::range(self.short.iter().chain(&self.long));
        vec![
            Period::new("fixation", self.fixation),
            Period::new("measure", Duration::Uniform(measured)),
            Period::new("produce", Duration::Uniform(measured.map(|ms| self.gain * ms))),
            Period::fixed("after", self.after),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        names(["pulse", "short", "long"])
    }

    fn outputs(&self) -> Vec<String> {
        names(["ramp"])
    }

    fn cards(&self) -> Vec<Card> {
        let priors = [&self.short, &self.long];
        let of = |prior: usize| priors[prior].iter().map(move |&interval| Card { prior, interval });
        of(0).chain(of(1)).collect()
    }

    fn durations(&self, card: &Card) -> Vec<(&'static str, f64)> {
        vec![("measure", card.interval), ("produce", self.gain * card.interval)]
    }

    fn trial(&self, card: &Card, trial: &mut Draft<'_>) {
        for period in ["measure", "produce"] {
            let begin = trial.during(period).start;
            trial.show(0, begin..begin + trial.steps_in(self.pulse), 1.0);
        }
        trial.show(1 + card.prior, 0..trial.end(), self.context);
        trial.label("prior", ["short", "long"][card.prior]);
        trial.note("interval", card.interval);
        interval::ramp(trial);
        trial.noise(0..1, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        interval::judge(NAME, trials, outputs, self.tolerance, &["prior", "interval"])
    }
}
