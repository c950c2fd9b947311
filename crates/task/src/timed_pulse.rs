//! Timed pulse: a cue says after how long the output should rise and fall.

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::cycling::relative;
use crate::draft::Draft;
use crate::interval;
use crate::judge::by_error;
use crate::options::options;
use crate::task::{finite, lasts, not_negative, wrong};
use crate::{About, Design, Period, Score, TaskError};

options! {
    /// One of several brief cues; a while after it, which depends on the cue, the output is a pulse.
    ///
    /// The input of the cue is `amplitude` during the cue, with noise on all of them. The output `pulse`
    /// should be `exp(-t² / (2 width²))`, t from the cue's end plus its interval; it is asked throughout.
    /// Conditions: `interval` (ms), all equally often.
    ///
    /// Choice rule: the error's root mean square is at most `tolerance` of the target's.
    ///
    /// Laje & Buonomano, Nature Neuroscience 16:925, 2013, doi:10.1038/nn.3405 (a network times a pulse
    /// after a brief input); Murray & Escola, eLife 6:e26084, 2017, doi:10.7554/eLife.26084 (the same at
    /// several speeds, by inhibition alone). The numbers are ours.
    pub struct TimedPulse, dt = 20.0 {
        /// Noise alone, before the cue
        fixation: f64 = 100.0, "ms";
        /// The cue
        cue: f64 = 100.0, "ms";
        /// From the end of each cue to the middle of its pulse; one input each
        intervals: Vec<f64> = vec![700.0, 1400.0], "ms";
        /// Standard deviation of the pulse in time
        width: f64 = 120.0, "ms";
        /// From the middle of the latest pulse to the end
        after: f64 = 400.0, "ms";
        /// Input of a cue
        amplitude: f64 = 1.0, "";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.02, "";
        /// Largest error of a right pulse, as a fraction of its root mean square
        tolerance: f64 = 0.3, "";
    }
}

const NAME: &str = TimedPulse::ABOUT.name;

impl Design for TimedPulse {
    /// Which interval.
    type Card = usize;

    const ABOUT: About = About {
        name: "timed-pulse",
        summary: "make a pulse at the time after a cue that the cue stands for",
        reference: "Laje & Buonomano 2013, Nat Neurosci 16:925, doi:10.1038/nn.3405; Murray & Escola 2017, eLife 6:e26084, doi:10.7554/eLife.26084",
        choice_rule: "a trial is right if the error's root mean square is within `tolerance` of the target's",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        finite(NAME, "amplitude", self.amplitude)?;
        interval::check(NAME, "intervals", &self.intervals, 0.0)?;
        if !(self.width.is_finite() && self.width > 0.0) {
            return Err(wrong(NAME, "width", self.width, "it must be positive"));
        }
        relative(NAME, self.tolerance)?;
        lasts(NAME, "cue", self.cue)
    }

    fn periods(&self) -> Vec<Period> {
        let [_, latest] = interval::range(self.intervals.iter());
        vec![
            Period::fixed("fixation", self.fixation),
            Period::fixed("cue", self.cue),
            Period::fixed("wait", latest),
            Period::fixed("after", self.after),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        self.intervals.iter().map(|ms| format!("cue_{ms}")).collect()
    }

    fn outputs(&self) -> Vec<String> {
        vec!["pulse".to_owned()]
    }

    fn cards(&self) -> Vec<usize> {
        (0..self.intervals.len()).collect()
    }

    fn trial(&self, &cue: &usize, trial: &mut Draft<'_>) {
        let interval = self.intervals[cue];
        trial.show(cue, trial.during("cue"), self.amplitude);
        let from = trial.during("wait").start as f64;
        for step in 0..trial.end() {
            let t = (step as f64 - from) * trial.dt() - interval;
            trial.want_at(0, step, (-0.5 * (t / self.width).powi(2)).exp());
        }
        trial.ask(0..trial.end());
        trial.note("interval", interval);
        trial.noise(0..self.intervals.len(), self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        by_error(NAME, trials, outputs, self.tolerance, &["interval"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;

    #[test]
    fn pulses_peak_their_interval_after_the_cue() {
        let trials = TimedPulse { noise: 0.0, ..Default::default() };
        let trials = trials.make().unwrap().generate(1, 0, 10).unwrap();
        assert_eq!((trials.steps(), trials.channels()), (5 + 5 + 70 + 20, 2));
        let intervals = trials.conditions.numbers("interval").unwrap();
        for (trial, interval) in intervals.iter().enumerate() {
            let (cue, peak) = if *interval == 700.0 { (0, 45) } else { (1, 80) };
            let value = |step: usize| trials.targets[0].values[[step, trial, 0]];
            assert_eq!(value(peak), 1.0);
            // one standard deviation is 6 steps
            assert!((value(peak - 6) - (-0.5f32).exp()).abs() < 1e-6 && value(peak - 30) < 1e-5);
            let shown = |step: usize| trials.inputs[[step, trial, cue]];
            assert!((0..100).all(|step| shown(step) == f32::from((5..10).contains(&step))));
        }
    }
}
