//! Interval reproduction: remember the interval between two pulses across a delay, then produce it.

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::options::options;
use crate::task::{names, not_negative, wrong};
use crate::{About, Design, Duration, Period, Score, TaskError, interval};

options! {
    /// Two pulses are an interval apart; after a delay a cue says to produce the same interval. The
    /// defaults are those of Bi & Zhou 2020.
    ///
    /// | input | fixation | measure | delay | produce | after |
    /// |---|---|---|---|---|---|
    /// | `pulse` | 0 | 1 for `pulse` ms | 1 for `pulse` ms | 0 | 0 |
    /// | `go` | 0 | 0 | 0 | 1 for `pulse` ms | 0 |
    ///
    /// with noise on both. The output `ramp` should rise in a straight line from 0 at the cue to 1 when
    /// the interval is over and on to the end; it is asked from the cue on. Conditions: `interval`, all
    /// equally often, `delay` and `produce`, all ms.
    ///
    /// Choice rule: the interval produced, from the cue until the output first reaches 1, differs from
    /// the one wanted by at most `tolerance` of it.
    ///
    /// Bi & Zhou, Understanding the computation of time using neural network models, PNAS 117:10530, 2020,
    /// doi:10.1073/pnas.1921609117 (interval production). The straight ramp is our choice.
    pub struct IntervalReproduction, dt = 20.0 {
        /// Before the first pulse
        fixation: Duration = Duration::Uniform([200.0, 600.0]), "ms";
        /// Duration of the pulses and of the cue, within the periods they begin
        pulse: f64 = 60.0, "ms";
        /// From the second pulse to the cue
        delay: Duration = Duration::Uniform([600.0, 1600.0]), "ms";
        /// After the interval to produce
        after: f64 = 300.0, "ms";
        /// Intervals between the pulses
        intervals: Vec<f64> = vec![600.0, 700.0, 800.0, 900.0, 1000.0, 1100.0, 1200.0], "ms";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.02, "";
        /// Largest error of a right interval, as a fraction of it
        tolerance: f64 = 0.2, "";
    }
}

const NAME: &str = IntervalReproduction::ABOUT.name;

impl Design for IntervalReproduction {
    /// The interval, ms.
    type Card = f64;

    const ABOUT: About = About {
        name: "interval-reproduction",
        summary: "produce the interval between two pulses after a delay",
        reference: "Bi & Zhou 2020, PNAS 117:10530, doi:10.1073/pnas.1921609117",
        choice_rule: "the time from the cue until the output first reaches 1 is within `tolerance` of the interval wanted",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        interval::check(NAME, "intervals", &self.intervals, self.pulse)?;
        if self.delay.range().0 < self.pulse {
            let fix = "the second pulse has to fit in";
            return Err(wrong(NAME, "delay", self.delay, fix));
        }
        interval::tolerable(NAME, self.tolerance)?;
        interval::pulse(NAME, self.pulse, self.after, self.dt)
    }

    fn periods(&self) -> Vec<Period> {
        let interval = Duration::Uniform(interval::range(self.intervals.iter()));
        vec![
            Period::new("fixation", self.fixation),
            Period::new("measure", interval),
            Period::new("delay", self.delay),
            Period::new("produce", interval),
            Period::fixed("after", self.after),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        names(["pulse", "go"])
    }

    fn outputs(&self) -> Vec<String> {
        names(["ramp"])
    }

    fn cards(&self) -> Vec<f64> {
        self.intervals.clone()
    }

    fn durations(&self, &interval: &f64) -> Vec<(&'static str, f64)> {
        vec![("measure", interval), ("produce", interval)]
    }

    fn trial(&self, &interval: &f64, trial: &mut Draft<'_>) {
        for (channel, period) in [(0, "measure"), (0, "delay"), (1, "produce")] {
            let begin = trial.during(period).start;
            trial.show(channel, begin..begin + trial.steps_in(self.pulse), 1.0);
        }
        trial.note("interval", interval);
        trial.note("delay", trial.lasting("delay"));
        interval::ramp(trial);
        trial.noise(0..2, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        interval::judge(NAME, trials, outputs, self.tolerance, &["interval"])
    }
}
