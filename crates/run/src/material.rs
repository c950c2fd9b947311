//! Where the trials of a run come from, and how they are judged.

use std::sync::Arc;

use attractor_analysis::deviance_explained;
use attractor_data::part::{EVALUATION, Part, VALIDATION};
use attractor_data::{Column, OUTPUT, Trials, Value};
use attractor_learn::objective::{Link, Term};
use attractor_learn::source::r_squared;
use attractor_learn::{DataSet, Phase, Source, SourceError};
use attractor_task::{Score, Task, TaskError};
use ndarray::ArrayView3;

use crate::results::{ConditionRow, Evaluation};

/// Characters that fit above a panel.
const TITLE: usize = 60;

/// Where the trials of a run come from.
#[derive(Clone)]
pub enum Material {
    /// A task, that makes as many as are wanted.
    Task {
        /// The task.
        task: Arc<dyn Task>,
        /// Seed of its trials.
        seed: u64,
    },
    /// A fixed set of trials.
    Trials {
        /// What is drawn from in training and validation.
        set: Arc<DataSet>,
        /// The trials to evaluate on: those held out, or all.
        judged: Arc<Trials>,
        /// Stem of the file's name.
        name: String,
        /// Some were held out.
        held_out: bool,
        /// The targets are counts, and this makes their rates of what is scored.
        counts: Option<Link>,
    },
}

/// A task as a supply of trials.
struct TaskSource {
    task: Arc<dyn Task>,
    seed: u64,
}

impl Source for TaskSource {
    fn batch(&self, index: u64, trials: usize) -> Result<Trials, SourceError> {
        Ok(self.task.generate(self.seed, index, trials)?)
    }

    fn validation(&self, index: u64, trials: usize) -> Result<Trials, SourceError> {
        let trials = at_most(&*self.task, Part::Validation, trials);
        self.batch(index | VALIDATION, trials)
    }

    fn score(
        &self,
        trials: &Trials,
        outputs: ArrayView3<'_, f32>,
    ) -> Result<Option<f64>, SourceError> {
        Ok(Some(self.task.score(trials, outputs)?.fraction))
    }
}

/// A data set of counts: what is judged is the deviance that their rates explain.
struct CountSource {
    set: Arc<DataSet>,
    link: Link,
}

impl Source for CountSource {
    fn batch(&self, index: u64, trials: usize) -> Result<Trials, SourceError> {
        self.set.batch(index, trials)
    }

    fn validation(&self, index: u64, trials: usize) -> Result<Trials, SourceError> {
        self.set.validation(index, trials)
    }

    fn scored(&self) -> &str {
        self.set.scored()
    }

    fn score(
        &self,
        trials: &Trials,
        outputs: ArrayView3<'_, f32>,
    ) -> Result<Option<f64>, SourceError> {
        Ok(explained(trials, self.scored(), self.link, outputs))
    }
}

/// Fraction of the deviance of counts, the target of a signal, that rates explain beyond the mean count of
/// each channel; `link` makes the rates of the outputs. None without such a target, where counts do not
/// vary, or if shapes differ.
fn explained(
    trials: &Trials,
    signal: &str,
    link: Link,
    outputs: ArrayView3<'_, f32>,
) -> Option<f64> {
    let target = trials.target(signal).filter(|target| target.values.dim() == outputs.dim())?;
    let (mut counts, mut rates, mut null) = (Vec::new(), Vec::new(), Vec::new());
    for channel in 0..outputs.dim().2 {
        let asked = || target.weights.indexed_iter().filter(|(_, w)| **w > 0.0);
        let count = |step, trial| f64::from(target.values[[step, trial, channel]]);
        let sum = asked().map(|((step, trial), &w)| f64::from(w) * count(step, trial)).sum::<f64>();
        let mass = asked().map(|(_, &w)| f64::from(w)).sum::<f64>();
        // a channel without counts has a rate of almost 0
        let mean = (sum / mass).max(f64::MIN_POSITIVE);
        for ((step, trial), &w) in asked() {
            // w times a deviance is that of w times all its parts
            let (w, y) = (f64::from(w), f64::from(outputs[[step, trial, channel]]));
            counts.push(w * count(step, trial));
            rates.push(w * link.rate(y));
            null.push(w * mean);
        }
    }
    deviance_explained(&counts, &rates, &null).ok()
}

/// So many trials, or all that the task has of a part: none counts twice.
fn at_most(task: &dyn Task, part: Part, trials: usize) -> usize {
    task.distinct(part).map_or(trials, |distinct| trials.min(distinct))
}

impl Material {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Material::Task { task, .. } => task.name(),
            Material::Trials { name, .. } => name,
        }
    }

    /// It makes fresh trials.
    #[must_use]
    pub fn is_task(&self) -> bool {
        matches!(self, Material::Task { .. })
    }

    /// What it is, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Material::Task { task, .. } => task.summary().to_owned(),
            Material::Trials { judged, .. } => {
                let (steps, trials) = (judged.steps(), judged.len());
                format!("trials from a file, {trials} of {steps} steps to be judged by")
            }
        }
    }

    /// Duration of a step, ms.
    #[must_use]
    pub fn dt(&self) -> f64 {
        match self {
            Material::Task { task, .. } => task.dt(),
            Material::Trials { judged, .. } => judged.dt,
        }
    }

    /// Names of the input channels.
    #[must_use]
    pub fn inputs(&self) -> Vec<String> {
        match self {
            Material::Task { task, .. } => task.inputs(),
            Material::Trials { judged, .. } => judged.input_names.clone(),
        }
    }

    /// Names of the output channels; none where nothing is asked of a readout.
    #[must_use]
    pub fn outputs(&self) -> Vec<String> {
        match self {
            Material::Task { task, .. } => task.outputs(),
            Material::Trials { judged, .. } => {
                let channels = judged.target(OUTPUT).map_or(0, |target| target.values.dim().2);
                (0..channels).map(|channel| format!("out{channel}")).collect()
            }
        }
    }

    /// What the score is.
    #[must_use]
    pub fn measure(&self) -> &'static str {
        match self {
            Material::Task { .. } => "fraction correct",
            Material::Trials { counts: Some(_), .. } => "deviance explained",
            Material::Trials { .. } => "R²",
        }
    }

    /// The supply for training.
    pub fn source(&self) -> Arc<dyn Source> {
        match self {
            Material::Task { task, seed } => {
                Arc::new(TaskSource { task: task.clone(), seed: *seed })
            }
            Material::Trials { set, counts: Some(link), .. } => {
                Arc::new(CountSource { set: set.clone(), link: *link })
            }
            Material::Trials { set, .. } => set.clone(),
        }
    }

    /// The same, its targets judged as counts where a term of a phase takes them for that.
    pub(crate) fn counted<'p>(mut self, phases: impl IntoIterator<Item = &'p Phase>) -> Material {
        let scored = self.scored();
        if let Material::Trials { counts, .. } = &mut self {
            let terms = phases.into_iter().flat_map(|phase| &phase.objective.terms);
            *counts = terms
                .filter_map(|term| match term {
                    Term::Poisson(poisson) if poisson.signal == scored => Some(poisson.link),
                    _ => None,
                })
                .last();
        }
        self
    }

    /// Trials to evaluate on: so many fresh ones of a task, or all that were held out.
    pub(crate) fn evaluation(&self, trials: usize) -> Result<Trials, TaskError> {
        match self {
            Material::Task { task, seed } => {
                let trials = at_most(&**task, Part::Evaluation, trials);
                task.generate(*seed, EVALUATION, trials)
            }
            Material::Trials { judged, .. } => Ok((**judged).clone()),
        }
    }

    /// Number of the evaluation's noise.
    pub(crate) fn evaluation_epoch() -> u64 {
        EVALUATION
    }

    /// The signal that is judged.
    pub(crate) fn scored(&self) -> String {
        match self {
            Material::Task { .. } => OUTPUT.to_owned(),
            Material::Trials { set, .. } => set.scored().to_owned(),
        }
    }

    /// Judges outputs of the evaluation's trials.
    pub(crate) fn judge(
        &self,
        trials: &Trials,
        outputs: ArrayView3<'_, f32>,
    ) -> Result<Evaluation, TaskError> {
        let mut evaluation = Evaluation {
            trials: trials.len(),
            measure: self.measure().to_owned(),
            ..Evaluation::default()
        };
        match self {
            Material::Task { task, .. } => {
                let Score { fraction, by_condition, psychometric, .. } =
                    task.score(trials, outputs)?;
                evaluation.score = Some(fraction);
                let rows = by_condition.into_iter().map(|row| ConditionRow {
                    condition: row.condition,
                    value: row.value.to_string(),
                    trials: row.trials,
                    score: row.fraction,
                });
                evaluation.by_condition = rows.collect();
                evaluation.psychometric = psychometric.into_iter().map(Into::into).collect();
            }
            Material::Trials { counts, .. } => {
                let signal = self.scored();
                evaluation.score = match counts {
                    Some(link) => explained(trials, &signal, *link, outputs),
                    None => r_squared(trials, &signal, outputs),
                };
            }
        }
        Ok(evaluation)
    }

    /// The conditions of a trial, in words that fit above a panel: `context B, a −4, b 2`.
    pub(crate) fn describe(trials: &Trials, trial: usize) -> String {
        let columns: Vec<(&str, &Column)> = trials.conditions.columns().collect();
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values = columns.iter().filter_map(|(name, column)| {
            let value = match column.value(trial)? {
                Value::Number(number) => format!("{}", (number * 100.0).round() / 100.0),
                Value::Label(label) => label,
            };
            // a task among several has no value for the conditions of others
            let said = format!("{} {}", short(name, &names), value.replace('-', "−"));
            (!value.is_empty()).then_some(said)
        });
        let mut said: Vec<String> = values.collect();
        while said.len() > 1 && said.iter().map(|s| s.chars().count() + 2).sum::<usize>() > TITLE {
            said.pop();
        }
        if said.is_empty() { format!("trial {}", trial + 1) } else { said.join(", ") }
    }
}

/// `coherence_a` is `a` where there is a `coherence_b` too.
fn short<'n>(name: &'n str, names: &[&str]) -> &'n str {
    let Some((stem, ending)) = name.rsplit_once('_') else { return name };
    let alike = |other: &&&str| other.rsplit_once('_').is_some_and(|(other, _)| other == stem);
    if names.iter().filter(alike).count() > 1 { ending } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_data::Target;
    use ndarray::Array3;

    #[test]
    fn titles_are_short() {
        let task = attractor_task::create("context-decision", &toml::Table::new()).unwrap();
        let trials = task.generate(1, 0, 2).unwrap();
        let title = Material::describe(&trials, 0);
        assert!(
            title.starts_with("context ") && title.contains(", a ") && title.contains(", b "),
            "{title}"
        );
        assert!(title.chars().count() <= 24, "{title}");
        let task = attractor_task::create("yang-2019", &toml::Table::new()).unwrap();
        let title = Material::describe(&task.generate(1, 0, 2).unwrap(), 0);
        assert!(title.starts_with("task ") && title.chars().count() <= TITLE, "{title}");
    }

    #[test]
    fn deviance_explained_by_the_rates_is_known() {
        let trials = |count: usize| {
            let values = Array3::from_shape_fn((2, count, 1), |(_, k, _)| k as f32);
            let mut trials = Trials::new(10.0, values.clone()).unwrap();
            trials.targets.push(Target::everywhere(OUTPUT, values));
            trials
        };
        let batch = trials(4); // counts 0, 1, 2, 3 at both steps
        let counts = &batch.targets[0].values;
        let found =
            |link, outputs: &Array3<f32>| explained(&batch, OUTPUT, link, outputs.view()).unwrap();
        // a count of 0 has no finite log rate
        let exact = found(Link::Exp, &counts.mapv(|k| k.max(1e-9).ln()));
        assert!((exact - 1.0).abs() < 1e-6, "{exact}");
        let mean = found(Link::Exp, &Array3::from_elem((2, 4, 1), 1.5f32.ln()));
        assert!(mean.abs() < 1e-6, "{mean}");
        let mean = found(Link::Softplus, &Array3::from_elem((2, 4, 1), 1.5f32.exp_m1().ln()));
        assert!(mean.abs() < 1e-6, "{mean}");
        // D = Σ k ln(k/λ) - k + λ at λ = 1, over that at λ = 1.5
        let one = found(Link::Exp, &Array3::zeros((2, 4, 1)));
        let at = |rate: f64| {
            let of = |k: f64| if k > 0.0 { k * (k / rate).ln() - k + rate } else { rate };
            (0..4).map(|k| of(f64::from(k))).sum::<f64>()
        };
        assert!((one - (1.0 - at(1.0) / at(1.5))).abs() < 1e-6, "{one}");
        // weights count as so many samples
        let mut weighted = trials(4);
        let weights = [0.0, 0.5, 1.0, 2.0];
        weighted.targets[0].weights.indexed_iter_mut().for_each(|((_, k), w)| *w = weights[k]);
        let half = Array3::from_elem((2, 4, 1), 2f32.ln());
        let half = explained(&weighted, OUTPUT, Link::Exp, half.view()).unwrap();
        let at = |rate: f64| {
            let of = |k: usize| k as f64 * (k as f64 / rate).ln() - k as f64 + rate;
            (1..4).map(|k| f64::from(weights[k]) * of(k)).sum::<f64>()
        };
        let mean = (0.5 + 2.0 + 6.0) / 3.5;
        assert!((half - (1.0 - at(2.0) / at(mean))).abs() < 1e-6, "{half}");
        let constant = explained(&trials(1), OUTPUT, Link::Exp, counts.view());
        assert_eq!(constant, None, "shapes differ");
    }
}
