//! Where the trials of a run come from, and how they are judged.

use std::sync::Arc;

use attractor_data::part::{EVALUATION, Part, VALIDATION};
use attractor_data::{Column, OUTPUT, Trials, Value};
use attractor_learn::objective::{Link, Term};
use attractor_learn::source::{deviance_explained, r_squared};
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
        Ok(deviance_explained(trials, self.scored(), self.link, outputs))
    }
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
                    Some(link) => deviance_explained(trials, &signal, *link, outputs),
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
}
