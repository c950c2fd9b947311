//! Any tasks as one, with a rule input that says which of them a trial is.

use std::ops::Range;

use attractor_data::{Column, Conditions, OUTPUT, Target, Trials, Value};
use ndarray::{Array2, Array3, ArrayView3, Axis, s};
use serde::{Deserialize, Serialize};

use crate::registry::{Entry, create, options};
use crate::score::{ConditionScore, answered, mean};
use crate::task::{OptionDoc, Task, table, wrong};
use crate::{Period, Score, TaskError, draw};

const NAME: &str = "multi";
const SUMMARY: &str = "several tasks in one network; a rule input says which";
/// More cards than this in a deck are a mistake.
const MOST_CARDS: usize = 100_000;

pub(crate) const ENTRY: Entry = Entry {
    name: NAME,
    summary: SUMMARY,
    options: &[
        OptionDoc {
            name: "tasks",
            unit: "",
            meaning: "the tasks, each a table with its name and options; all with the same dt",
        },
        OptionDoc {
            name: "weights",
            unit: "",
            meaning: "how often each comes, in whole numbers; none means equally often",
        },
        OptionDoc {
            name: "inputs",
            unit: "",
            meaning: "`separate` channels for each task, or `shared` ones: the first of each is the first",
        },
        OptionDoc { name: "outputs", unit: "", meaning: "`separate` or `shared`, as for inputs" },
    ],
    needs: None,
    create: |given| Ok(Box::new(Multi::new(options(NAME, given)?)?)),
};

/// Whether tasks have channels of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channels {
    /// Channel `k` of every task is channel `k`; there are as many as the widest task has.
    Shared,
    /// Each task has its own, one after the other.
    Separate,
}

/// Options of [`Multi`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MultiOptions {
    /// The tasks: `name` and options of each.
    pub tasks: Vec<toml::Table>,
    /// How often each comes; empty means equally often.
    pub weights: Vec<usize>,
    /// How the inputs are put together.
    pub inputs: Channels,
    /// How the outputs are put together.
    pub outputs: Channels,
}

impl Default for MultiOptions {
    fn default() -> Self {
        let named = |name: &str| toml::Table::from_iter([("name".to_owned(), name.into())]);
        MultiOptions {
            tasks: ["context-decision", "delayed-discrimination"].map(named).to_vec(),
            weights: Vec::new(),
            inputs: Channels::Separate,
            outputs: Channels::Shared,
        }
    }
}

/// Several tasks as one distribution over trials: each trial is one of them, and a rule input of its
/// own says which.
///
/// Inputs are the tasks' inputs, then a channel `rule_NAME` per task that is 1 throughout its trials.
/// Inputs and outputs of the tasks are put side by side (`separate`) or on top of each other
/// (`shared`). Inputs that a trial's task lacks are 0, and so should be such outputs wherever the
/// trial's own are asked. A task that is named twice is `NAME` and `NAME-2`. Conditions: `task`, and those of each task as `NAME/CONDITION`, which
/// are 0 or empty in trials of others.
///
/// Score: that of each trial's task; conditions and psychometric curves are kept apart by task.
#[derive(Clone)]
pub struct Multi {
    options: MultiOptions,
    parts: Vec<Part>,
    /// A deck: places in `parts`.
    deck: Vec<usize>,
    inputs: usize,
    outputs: usize,
    steps: usize,
}

/// One of the tasks.
#[derive(Clone)]
struct Part {
    label: String,
    task: std::sync::Arc<dyn Task>,
    inputs: Range<usize>,
    outputs: Range<usize>,
    /// Names of its conditions; whether each holds numbers.
    conditions: Vec<(String, bool)>,
}

impl Multi {
    /// The tasks as one.
    ///
    /// # Errors
    /// [`TaskError::Option`] for tasks that cannot be put together, and what each of them refuses.
    pub fn new(mut options: MultiOptions) -> Result<Self, TaskError> {
        let mut parts: Vec<Part> = Vec::new();
        let (mut inputs, mut outputs) = (0, 0);
        for given in &mut options.tasks {
            let mut rest = given.clone();
            let name = rest.remove("name");
            let Some(name) = name.as_ref().and_then(toml::Value::as_str) else {
                return Err(wrong(NAME, "tasks", given, "each needs a `name`"));
            };
            if name == NAME {
                return Err(wrong(NAME, "tasks", name, "name the tasks themselves"));
            }
            let task = create(name, &rest)?;
            given.extend(task.options());
            let known = parts.iter().filter(|part| part.task.name() == task.name()).count();
            let label = match known {
                0 => name.to_owned(),
                _ => format!("{name}-{}", known + 1),
            };
            let taken = |kind: Channels, width: usize, end: &mut usize| {
                let from = if kind == Channels::Separate { *end } else { 0 };
                *end = (*end).max(from + width);
                from..from + width
            };
            let part = Part {
                inputs: taken(options.inputs, task.inputs().len(), &mut inputs),
                outputs: taken(options.outputs, task.outputs().len(), &mut outputs),
                conditions: conditions(&*task, &label)?,
                label,
                task: task.into(),
            };
            parts.push(part);
        }
        let Some(first) = parts.first() else {
            return Err(wrong(NAME, "tasks", &options.tasks, "at least one is needed"));
        };
        let dt = first.task.dt();
        if let Some(other) = parts.iter().find(|part| part.task.dt() != dt) {
            let (a, b) = (&first.label, &other.label);
            let fix = format!(
                "{a} and {b} have steps of {dt} and {} ms: give both the same dt",
                other.task.dt()
            );
            return Err(wrong(NAME, "tasks", [a, b], &fix));
        }
        let weights = match options.weights.is_empty() {
            true => vec![1; parts.len()],
            false => options.weights.clone(),
        };
        let right =
            weights.len() == parts.len() && weights.iter().all(|&w| (1..=MOST_CARDS).contains(&w));
        if !right || weights.iter().sum::<usize>() > MOST_CARDS {
            let fix = format!(
                "one whole number per task is needed, {} in all, each at least 1 and together at most {MOST_CARDS}",
                parts.len()
            );
            return Err(wrong(NAME, "weights", &weights, &fix));
        }
        let cards = weights.iter().enumerate();
        let deck = cards.flat_map(|(place, &weight)| std::iter::repeat_n(place, weight)).collect();
        let steps = parts.iter().map(|part| part.task.steps()).max().unwrap_or(0);
        Ok(Multi { options, parts, deck, inputs, outputs, steps })
    }

    /// The trials of one task as it would have made them.
    fn alone(&self, place: usize, trials: &Trials, which: &[usize]) -> Result<Trials, TaskError> {
        let part = &self.parts[place];
        let steps = part.task.steps();
        let mut alone = trials.select(which)?;
        alone.inputs = alone.inputs.slice(s![..steps, .., part.inputs.clone()]).to_owned();
        alone.input_names = part.task.inputs();
        for target in &mut alone.targets {
            target.values = target.values.slice(s![..steps, .., part.outputs.clone()]).to_owned();
            target.weights = target.weights.slice(s![..steps, ..]).to_owned();
        }
        let mut conditions = Conditions::none(which.len());
        for (name, _) in &part.conditions {
            if let Some(column) = alone.conditions.column(&part.of(name)) {
                conditions = conditions.with(name, column.clone())?;
            }
        }
        alone.conditions = conditions;
        Ok(alone)
    }
}

impl Part {
    /// A condition's name among those of all tasks.
    fn of(&self, condition: &str) -> String {
        format!("{}/{condition}", self.label)
    }
}

/// The conditions of a task, from a trial of it.
fn conditions(task: &dyn Task, label: &str) -> Result<Vec<(String, bool)>, TaskError> {
    let trial = task.generate(0, 0, 1)?;
    if trial.start.is_some() || trial.targets.len() != 1 || trial.target(OUTPUT).is_none() {
        let fix = "a task with initial states of its own, or targets beyond `out.y`, cannot be one of several";
        return Err(wrong(NAME, "tasks", label, fix));
    }
    let numbers = |column: &Column| matches!(column, Column::Numbers(_));
    Ok(trial.conditions.columns().map(|(name, c)| (name.to_owned(), numbers(c))).collect())
}

impl Task for Multi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn summary(&self) -> &'static str {
        SUMMARY
    }

    fn reference(&self) -> &'static str {
        "rule inputs as in Yang et al. 2019, Nature Neuroscience 22:297, doi:10.1038/s41593-018-0310-2"
    }

    fn choice_rule(&self) -> &'static str {
        "that of the task that a trial is of"
    }

    fn inputs(&self) -> Vec<String> {
        let named = |part: &Part| {
            part.task.inputs().into_iter().map(|name| part.of(&name)).collect::<Vec<_>>()
        };
        let mut names: Vec<String> = match self.options.inputs {
            Channels::Separate => self.parts.iter().flat_map(named).collect(),
            Channels::Shared => (0..self.inputs).map(|k| format!("input_{k}")).collect(),
        };
        names.extend(self.parts.iter().map(|part| format!("rule_{}", part.label)));
        names
    }

    fn outputs(&self) -> Vec<String> {
        let named = |part: &Part| {
            part.task.outputs().into_iter().map(|name| part.of(&name)).collect::<Vec<_>>()
        };
        match self.options.outputs {
            Channels::Separate => self.parts.iter().flat_map(named).collect(),
            Channels::Shared => (0..self.outputs).map(|k| format!("output_{k}")).collect(),
        }
    }

    fn dt(&self) -> f64 {
        self.parts[0].task.dt()
    }

    /// None: every task has its own.
    fn periods(&self) -> Vec<Period> {
        Vec::new()
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn options(&self) -> toml::Table {
        table(&self.options)
    }

    fn generate(&self, seed: u64, epoch: u64, trials: usize) -> Result<Trials, TaskError> {
        if trials == 0 {
            return Err(TaskError::NoTrials { task: NAME });
        }
        let label = format!("task/{NAME}/{epoch}");
        let cards = draw::deal(seed, &label, self.deck.len(), trials);
        let places: Vec<usize> = cards.into_iter().map(|card| self.deck[card]).collect();
        let mut inputs = Array3::zeros((self.steps, trials, self.inputs + self.parts.len()));
        let mut values = Array3::zeros((self.steps, trials, self.outputs));
        let mut weights = Array2::zeros((self.steps, trials));
        let mut lengths = vec![0; trials];
        let labels: Vec<&str> = places.iter().map(|&p| self.parts[p].label.as_str()).collect();
        let mut conditions = Conditions::none(trials).with("task", labels)?;
        for (place, part) in self.parts.iter().enumerate() {
            let which: Vec<usize> = (0..trials).filter(|&trial| places[trial] == place).collect();
            let own = match which.is_empty() {
                true => None,
                false => Some(part.task.generate(seed_of(seed, place), epoch, which.len())?),
            };
            for (name, is_number) in &part.conditions {
                let column = own.as_ref().and_then(|own| own.conditions.column(name));
                let column = spread(column, *is_number, &which, trials);
                conditions = conditions.with(&part.of(name), column)?;
            }
            let Some((own, target)) = own.as_ref().and_then(|own| Some((own, own.target(OUTPUT)?)))
            else {
                continue;
            };
            let steps = own.steps();
            for (k, &trial) in which.iter().enumerate() {
                lengths[trial] = own.lengths[k];
                inputs
                    .slice_mut(s![..steps, trial, part.inputs.clone()])
                    .assign(&own.inputs.index_axis(Axis(1), k));
                inputs.slice_mut(s![..own.lengths[k], trial, self.inputs + place]).fill(1.0);
                values
                    .slice_mut(s![..steps, trial, part.outputs.clone()])
                    .assign(&target.values.index_axis(Axis(1), k));
                weights.slice_mut(s![..steps, trial]).assign(&target.weights.column(k));
            }
        }
        let mut batch = Trials::new(self.dt(), inputs)?;
        batch.input_names = self.inputs();
        batch.targets.push(Target { signal: OUTPUT.to_owned(), values, weights });
        batch.lengths = lengths;
        batch.conditions = conditions;
        Ok(batch)
    }

    fn score(&self, trials: &Trials, outputs: ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        answered(NAME, trials, &outputs)?;
        let labels = trials.conditions.labels("task");
        let labels = labels.ok_or(TaskError::Foreign { task: NAME, lacks: "`task`" })?;
        let mut whole = Score {
            fraction: 0.0,
            per_trial: vec![0.0; trials.len()],
            correct: vec![false; trials.len()],
            by_condition: Vec::new(),
            psychometric: Vec::new(),
        };
        let mut within = Vec::new();
        for (place, part) in self.parts.iter().enumerate() {
            let which: Vec<usize> =
                (0..trials.len()).filter(|&trial| labels[trial] == part.label).collect();
            if which.is_empty() {
                continue;
            }
            let alone = self.alone(place, trials, &which)?;
            let answers = outputs.select(Axis(1), &which);
            let answers = answers.slice(s![..part.task.steps(), .., part.outputs.clone()]);
            let score = part.task.score(&alone, answers)?;
            for (k, &trial) in which.iter().enumerate() {
                (whole.per_trial[trial], whole.correct[trial]) =
                    (score.per_trial[k], score.correct[k]);
            }
            whole.by_condition.push(ConditionScore {
                condition: "task".to_owned(),
                value: Value::Label(part.label.clone()),
                trials: which.len(),
                fraction: score.fraction,
            });
            within.extend(score.by_condition.into_iter().map(|mut row| {
                row.condition = part.of(&row.condition);
                row
            }));
            whole.psychometric.extend(score.psychometric.into_iter().map(|mut curve| {
                let among = if curve.among.is_empty() { "" } else { ", " };
                curve.among = format!("{}{among}{}", part.label, curve.among);
                curve
            }));
        }
        whole.by_condition.extend(within);
        whole.fraction = mean(whole.per_trial.iter().copied());
        Ok(whole)
    }
}

/// Two entries of one task are given trials of their own; the first task is given those of the seed.
fn seed_of(seed: u64, place: usize) -> u64 {
    seed.wrapping_add((place as u64) << 32)
}

/// A column of one task's trials among all trials.
fn spread(column: Option<&Column>, numbers: bool, which: &[usize], trials: usize) -> Column {
    if numbers {
        let mut all = vec![0.0; trials];
        if let Some(Column::Numbers(own)) = column {
            which.iter().zip(own).for_each(|(&trial, &x)| all[trial] = x);
        }
        return Column::Numbers(all);
    }
    let mut all = vec![String::new(); trials];
    if let Some(Column::Labels(own)) = column {
        which.iter().zip(own).for_each(|(&trial, label)| all[trial].clone_from(label));
    }
    Column::Labels(all)
}
