//! Pro- and anti-responses with memory: towards the remembered stimulus, or away from it.

use attractor_data::Trials;
use ndarray::ArrayView3;

use crate::draft::Draft;
use crate::judge::by_sign;
use crate::options::options;
use crate::task::{finite, lasts, names, not_negative};
use crate::{About, Design, Duration, Period, Score, TaskError};

options! {
    /// A rule, a delay, a stimulus on one side, another delay: respond to that side or to the other.
    ///
    /// | input | fixation | rule | rule_delay | stimulus | delay | decision |
    /// |---|---|---|---|---|---|---|
    /// | `fixation` | 1 | 1 | 1 | 1 | 1 | 0 |
    /// | `pro` or `anti` | 0 | 1 | 0 | 0 | 0 | 0 |
    /// | `left` or `right` | 0 | 0 | 0 | 1 | 0 | 0 |
    ///
    /// with noise on all five. The output `choice` should be -1 (left) or +1 (right), asked in the
    /// decision period only. Conditions: `rule` (`pro`, `anti`), `side` (`left`, `right`), all four
    /// combinations equally often.
    ///
    /// Choice rule: the sign of the output's mean over the decision period; 0 is wrong.
    ///
    /// Munoz & Everling, Nature Reviews Neuroscience 5:218, 2004, doi:10.1038/nrn1345 (pro- and
    /// anti-saccades); Duan, Erlich & Brody, Neuron 86:1491, 2015, doi:10.1016/j.neuron.2015.05.042 (a
    /// rule of 1 s, remembered for 500 ms before the stimulus; their rats answer at once: `delay = 0`).
    pub struct ProAnti, dt = 20.0 {
        /// Fixation alone, before the rule
        fixation: Duration = Duration::Fixed(200.0), "ms";
        /// The rule
        rule: f64 = 1000.0, "ms";
        /// Between rule and stimulus
        rule_delay: Duration = Duration::Fixed(500.0), "ms";
        /// The stimulus
        stimulus: f64 = 300.0, "ms";
        /// Between stimulus and decision
        delay: Duration = Duration::Uniform([200.0, 1600.0]), "ms";
        /// When the output is asked
        decision: f64 = 300.0, "ms";
        /// Input of rule and stimulus
        amplitude: f64 = 1.0, "";
        /// Standard deviation of the inputs per step of 20 ms
        noise: f64 = 0.1, "";
    }
}

const NAME: &str = ProAnti::ABOUT.name;

/// What is dealt: the rule, and the side of the stimulus (-1 is left).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    anti: bool,
    side: f64,
}

impl Design for ProAnti {
    type Card = Card;

    const ABOUT: About = About {
        name: "pro-anti",
        summary: "respond towards a remembered stimulus or away from it, by a remembered rule",
        reference: "Munoz & Everling 2004, Nat Rev Neurosci 5:218, doi:10.1038/nrn1345; Duan, Erlich & Brody 2015, Neuron 86:1491, doi:10.1016/j.neuron.2015.05.042",
        choice_rule: "the output's mean over the decision period is positive for right and negative for left",
    };

    fn check(&self) -> Result<(), TaskError> {
        not_negative(NAME, "noise", self.noise)?;
        finite(NAME, "amplitude", self.amplitude)?;
        lasts(NAME, "rule", self.rule)?;
        lasts(NAME, "stimulus", self.stimulus)?;
        lasts(NAME, "decision", self.decision)
    }

    fn periods(&self) -> Vec<Period> {
        vec![
            Period::new("fixation", self.fixation),
            Period::fixed("rule", self.rule),
            Period::new("rule_delay", self.rule_delay),
            Period::fixed("stimulus", self.stimulus),
            Period::new("delay", self.delay),
            Period::fixed("decision", self.decision),
        ]
    }

    fn inputs(&self) -> Vec<String> {
        names(["fixation", "pro", "anti", "left", "right"])
    }

    fn outputs(&self) -> Vec<String> {
        names(["choice"])
    }

    fn cards(&self) -> Vec<Card> {
        let card = |k: usize| Card { anti: k % 2 == 1, side: [-1.0, 1.0][k / 2] };
        (0..4).map(card).collect()
    }

    fn trial(&self, card: &Card, trial: &mut Draft<'_>) {
        let right = card.side > 0.0;
        trial.show(0, trial.through("fixation", "delay"), 1.0);
        trial.show(1 + usize::from(card.anti), trial.during("rule"), self.amplitude);
        trial.show(3 + usize::from(right), trial.during("stimulus"), self.amplitude);
        let answer = if card.anti { -card.side } else { card.side };
        trial.want(0, trial.during("decision"), answer);
        trial.ask(trial.during("decision"));
        trial.label("rule", if card.anti { "anti" } else { "pro" });
        trial.label("side", if right { "right" } else { "left" });
        trial.note("delay", trial.lasting("delay"));
        trial.noise(0..5, self.noise);
    }

    fn judge(&self, trials: &Trials, outputs: &ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        Ok(by_sign(NAME, trials, outputs, &["rule", "side"])?.0)
    }
}
