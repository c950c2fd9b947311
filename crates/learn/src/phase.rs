//! One stage of training, as data: what is minimised, how, what changes, and when to stop.

use attractor_numerics::Real;
use serde::{Deserialize, Serialize};

use crate::error::PhaseError;
use crate::model::Names;
use crate::objective::{Objective, Resolved};
use crate::optimiser::{Optimiser, Plan};
use crate::pattern::expect_some;
use crate::prune::Prune;
use crate::rule::{Feedback, Routes, Rule};
use crate::schedule::Schedule;

/// A phase of training. Every field has a default, so `Phase::default()` trains.
///
/// The optimiser starts anew in each phase; parameters carry over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Phase {
    /// Name for logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is minimised.
    pub objective: Objective,
    /// How.
    pub learner: Learner,
    /// Patterns of the parameters that are trained, such as `["rec->rec.*", "*.bias"]` (`*` stands for
    /// anything, `wirings` for all wirings), among those that the network declares as trained; without
    /// it, all of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<Vec<String>>,
    /// Own learning rates of some parameters; of several that fit, the last holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<OwnRate>,
    /// What is taken away for good, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune: Option<Prune>,
    /// When to stop.
    pub stop: Stop,
    /// How to validate.
    pub validate: Validate,
}

/// A learning rate of its own: `{ parameters = "rec.tau", rate = 0.1 }` is a tenth of the learner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRate {
    /// Pattern of parameter names.
    pub parameters: String,
    /// Factor in front of the learner's rate; 0 freezes.
    pub rate: f64,
}

/// Where the gradient comes from and what is done with it.
///
/// Defaults are what most published work on trained rate networks uses: Adam with its authors'
/// constants at rate 1e-3, gradients clipped to a global norm of 1, batches of 64 trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Learner {
    /// Where the gradient comes from.
    pub rule: Rule,
    /// What carries errors back to the units that are read out, under e-prop.
    pub feedback: Feedback,
    /// Rule of the update.
    pub optimiser: Optimiser,
    /// Learning rate.
    pub rate: f64,
    /// How the rate changes.
    pub schedule: Schedule,
    /// Largest global norm of the gradient; 0 leaves gradients as they are.
    pub clip: f64,
    /// Steps after which backpropagation is cut; without it, it runs to the start of the trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate: Option<usize>,
    /// Trials per update.
    pub batch: usize,
}

impl Default for Learner {
    fn default() -> Self {
        Learner {
            rule: Rule::default(),
            feedback: Feedback::default(),
            optimiser: Optimiser::default(),
            rate: 1e-3,
            schedule: Schedule::Constant,
            clip: 1.0,
            truncate: None,
            batch: 64,
        }
    }
}

/// When a phase ends: after so many updates, or as soon as one of the wishes is met.
///
/// Loss and score are those of validation, `times` validations in a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stop {
    /// Most updates.
    pub updates: u64,
    /// Validation loss at or below this ends the phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Validation score at or above this ends the phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Validations in a row that must agree.
    pub times: u64,
}

impl Default for Stop {
    fn default() -> Self {
        Stop { updates: 1000, loss: None, score: None, times: 1 }
    }
}

/// Validation on trials that training does not see, with the network's noise on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Validate {
    /// Updates between two validations; 0 validates only at the end of the phase.
    pub every: u64,
    /// Trials per validation.
    pub trials: usize,
}

impl Default for Validate {
    fn default() -> Self {
        Validate { every: 50, trials: 256 }
    }
}

impl Phase {
    /// Checks the phase against a network.
    ///
    /// # Errors
    /// All problems at once.
    pub fn check(&self, names: &(impl Names + ?Sized)) -> Result<(), Vec<PhaseError>> {
        let layout = names.layout();
        let mut problems: Vec<PhaseError> = Vec::new();
        match self.objective.resolve(names) {
            Ok(resolved) => problems.extend(self.routes::<f32>(names, &resolved, 0).err()),
            Err(wrong) => problems.extend(wrong.into_iter().map(PhaseError::from)),
        }
        problems.extend(self.learner.problems());

        let patterns = problems.len();
        for pattern in self.train.iter().flatten() {
            problems.extend(expect_some(layout, "train", pattern, true).err());
        }
        for own in &self.rates {
            problems.extend(expect_some(layout, "rates", &own.parameters, false).err());
            let right = own.rate.is_finite() && own.rate >= 0.0;
            expect(&mut problems, "rates.rate", own.rate, right, "0 (frozen) or a positive number");
        }
        if problems.len() == patterns && self.plan(names).is_empty() {
            problems.push(PhaseError::NothingTrained);
        }

        if let Some(prune) = &self.prune {
            problems.extend(prune.problems(layout, self.stop.updates));
        }

        let Stop { updates, loss, score, times } = self.stop;
        let at_least_one = "at least 1";
        expect(&mut problems, "stop.updates", updates as f64, updates > 0, at_least_one);
        expect(&mut problems, "stop.times", times as f64, times > 0, at_least_one);
        let trials = self.validate.trials;
        expect(&mut problems, "validate.trials", trials as f64, trials > 0, at_least_one);
        for (field, wish) in [("loss", loss), ("score", score)] {
            if let Some(value) = wish {
                let name = format!("stop.{field}");
                expect(&mut problems, &name, value, value.is_finite(), "a finite number");
                if self.validate.every == 0 {
                    problems.push(PhaseError::NoValidation { field });
                }
            }
        }
        if matches!(self.learner.schedule, Schedule::Plateau { .. }) && self.validate.every == 0 {
            problems.push(PhaseError::NoPlateau);
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The routes of credit for its objective; `seed` draws the feedback.
    ///
    /// # Errors
    /// As [`Rule::routes`].
    pub fn routes<T: Real>(
        &self,
        names: &(impl Names + ?Sized),
        objective: &Resolved,
        seed: u64,
    ) -> Result<Routes<T>, PhaseError> {
        let Learner { rule, feedback, .. } = self.learner;
        rule.routes(feedback, names, &objective.answers(), seed)
    }

    /// What it trains.
    pub fn plan(&self, names: &(impl Names + ?Sized)) -> Plan {
        let decays = self.learner.optimiser.decays();
        Plan::new(names.layout(), self.train.as_deref(), &self.rates, decays)
    }
}

impl Learner {
    fn problems(&self) -> Vec<PhaseError> {
        let mut problems = self.optimiser.problems();
        let Learner { rate, clip, truncate, batch, .. } = *self;
        let positive = "a positive number";
        expect(&mut problems, "learner.rate", rate, rate.is_finite() && rate > 0.0, positive);
        let right = clip.is_finite() && clip >= 0.0;
        expect(&mut problems, "learner.clip", clip, right, "0 (no clipping) or a positive number");
        expect(&mut problems, "learner.batch", batch as f64, batch > 0, "at least 1");
        if self.rule == Rule::Bptt && self.feedback != Feedback::default() {
            problems.push(PhaseError::NoFeedback);
        }
        expect(&mut problems, "learner.truncate", 0.0, truncate != Some(0), "at least 1 step");

        let fraction = |x: f64| (0.0..=1.0).contains(&x);
        let mut field = |name: &str, value: f64, right: bool, expected| {
            expect(&mut problems, &format!("learner.schedule.{name}"), value, right, expected);
        };
        match self.schedule {
            Schedule::Constant => {}
            Schedule::Step { every, factor } => {
                field("every", every as f64, every > 0, "at least 1 update");
                field("factor", factor, factor.is_finite() && factor > 0.0, positive);
            }
            Schedule::Cosine { warmup, updates, floor } => {
                let end = updates.unwrap_or(u64::MAX);
                field("updates", end as f64, end > warmup, "more than `warmup`");
                field("floor", floor, fraction(floor), "between 0 and 1");
            }
            Schedule::Plateau { patience, factor, floor, threshold } => {
                field("patience", patience as f64, patience > 0, "at least 1 validation");
                field("factor", factor, factor > 0.0 && factor < 1.0, "above 0 and below 1");
                field("floor", floor, fraction(floor), "between 0 and 1");
                field(
                    "threshold",
                    threshold,
                    (0.0..1.0).contains(&threshold),
                    "at least 0 and below 1",
                );
            }
        }
        problems
    }

    /// The limit of the global norm, if there is one.
    pub(crate) fn limit(&self) -> Option<f64> {
        (self.clip > 0.0).then_some(self.clip)
    }
}

fn expect(
    problems: &mut Vec<PhaseError>,
    field: &str,
    value: f64,
    right: bool,
    expected: &'static str,
) {
    if !right {
        problems.push(PhaseError::Value { field: field.to_owned(), value, expected });
    }
}
