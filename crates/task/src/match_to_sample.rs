//! Delayed match-to-sample: are the two items the same?

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::judge::by_sign;
use crate::options::options;
use crate::task::{finite, lasts, names, not_negative, wrong};
use crate::{About, Design, Duration, Period, Score, TaskError};

options! {
    /// A sample, a delay, a test: are they the same item? The defaults are those of Valente et al. 2022.
    ///
    /// Each item has an input of its own, which is `amplitude` while the item is shown, with noise all
    /// the time. The output `choice` should be +1 for a match and -1 for a non-match, asked in the
    /// decision period only. Conditions: `sample` and `test` (`A`, `B`, …), `match` (`yes`, `no`), and
    /// `delay`, ms. Matches come as often as non-matches, and all samples equally often.
    ///
    /// Choice rule: the sign of the output's mean over the decision period; 0 is wrong.
    ///
    /// Miller, Erickson & Desimone, Journal of Neuroscience 16:5154, 1996,
    /// doi:10.1523/JNEUROSCI.16-16-05154.1996 (the task); Valente, Pillow & Ostojic, NeurIPS 2022
    /// (stimuli of 500 ms, delays of 0.5 to 3 s, noise 0.03, two items).
    pub struct DelayedMatchToSample, dt = 20.0 {
        /// Noise alone, before the sample
        fixation: f64 = 100.0, "ms";
        /// The sample
        sample: f64 = 500.0, "ms";
        /// Between sample and test
        delay: Duration = Duration::Uniform([500.0, 3000.0]), "ms";
        /// The test
        test: f64 = 500.0, "ms";
        /// When the output is asked
        decision: f64 = 100.0, "ms";
        /// Different items, 2 to 26
        items: usize = 2, "";
        /// Input of an item while it is shown
        amplitude: f64 = 1.0, "";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.03, "";
    }
}

const NAME: &str = DelayedMatchToSample::ABOUT.name;
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(item: usize) -> &'static str {
    LETTERS.get(item..=item).unwrap_or_default()
}

impl Design for DelayedMatchToSample {
    /// Sample and test.
    type Card = (usize, usize);

    const ABOUT: About = About {
        name: "delayed-match-to-sample",
        summary: "are the items before and after a delay the same?",
        reference: "Miller, Erickson & Desimone 1996, J Neurosci 16:5154, doi:10.1523/JNEUROSCI.16-16-05154.1996; timings of Valente, Pillow & Ostojic 2022, NeurIPS 35",
        choice_rule: "the output's mean over the decision period is positive for a match and negative for a non-match",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        finite(NAME, "amplitude", self.amplitude)?;
        if !(2..=LETTERS.len()).contains(&self.items) {
            return Err(wrong(NAME, "items", self.items, "2 to 26 are possible"));
        }
        lasts(NAME, "decision", self.decision)
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::fixed("fixation", self.fixation),
            Period::fixed("sample", self.sample),
            Period::new("delay", self.delay),
            Period::fixed("test", self.test),
            Period::fixed("decision", self.decision),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        (0..self.items).map(|item| format!("item_{}", letter(item).to_lowercase())).collect()
    }

    fn outputs(&self) -> Vec<String> {
        names(["choice"])
    }

    /// For each sample, every non-match once, and as many matches.
    fn cards(&self) -> Vec<(usize, usize)> {
        let n = self.items;
        let of = |sample| (1..n).flat_map(move |k| [(sample, sample), (sample, (sample + k) % n)]);
        (0..n).flat_map(of).collect()
    }

    fn trial(&self, &(sample, test): &(usize, usize), trial: &mut Draft<'_>) {
        trial.show(sample, trial.during("sample"), self.amplitude);
        trial.show(test, trial.during("test"), self.amplitude);
        trial.want(0, trial.during("decision"), if sample == test { 1.0 } else { -1.0 });
        trial.ask(trial.during("decision"));
        trial.label("sample", letter(sample));
        trial.label("test", letter(test));
        trial.label("match", if sample == test { "yes" } else { "no" });
        trial.note("delay", trial.lasting("delay"));
        trial.noise(0..self.items, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        Ok(by_sign(NAME, trials, outputs, &["match", "sample", "test"])?.0)
    }
}
