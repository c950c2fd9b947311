//! `attractor tasks`

use std::path::{Path, PathBuf};

use attractor::data::{Column, Trials, Value};
use attractor::task::{Task, TaskError, presets, registry};
use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use crate::failure::Failure;
use crate::output::{Answer, table};
use picture::rounded;

mod picture;

/// Seed of the trials that conditions are read from and that are drawn.
const SEED: u64 = 1;
/// Trials that conditions are read from, at most, and numbers these may have in all.
const SEEN: usize = 1000;
const NUMBERS: usize = 10_000_000;
/// Values of a condition that are all listed; of more only the range is.
const LISTED: usize = 12;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

const EXAMPLES: &str = "Examples:
  attractor tasks
  attractor tasks show context-decision
  attractor tasks show context-decision task.preset=mante-2013 --draw trials.svg";

#[derive(Debug, Subcommand)]
enum What {
    /// Periods, channels, conditions and options of one, and sample trials as a picture
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Options other than the defaults
        #[arg(value_name = "key=value")]
        options: Vec<String>,
        /// Draw sample trials into this file, `.svg` or `.png`
        #[arg(long, value_name = "FILE")]
        draw: Option<PathBuf>,
    },
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    match &arguments.what {
        None => Ok(list()),
        Some(What::Show { name, options, draw }) => show(name, options, draw.as_deref()),
    }
}

fn list() -> Answer {
    let mut rows = vec![["name", "what it is"].map(str::to_owned).to_vec()];
    let mut values = Vec::new();
    for entry in registry::TASKS {
        rows.push(vec![entry.name.to_owned(), entry.summary.to_owned()]);
        values.push(json!({ "name": entry.name, "summary": entry.summary }));
    }
    let text = format!(
        "{}\n`attractor tasks show NAME` has periods, conditions and options; with `--draw FILE.svg` it draws trials.\n",
        table(&rows)
    );
    Answer::new(text, &values)
}

fn wrong(error: TaskError) -> Failure {
    Failure::Request(error.to_string())
}

fn show(name: &str, options: &[String], draw: Option<&Path>) -> Result<Answer, Failure> {
    let entry = registry::entry(name).map_err(wrong)?;
    let given = read(options)?;
    if let Some(needs) = entry.needs
        && !given.contains_key(needs)
    {
        return Ok(waiting(entry, needs));
    }
    let task = attractor::task::create(name, &given).map_err(wrong)?;
    let numbers = task.steps() * (task.inputs().len() + task.outputs().len());
    let seen = task.generate(SEED, 0, (NUMBERS / numbers).clamp(1, SEEN)).map_err(wrong)?;
    let conditions = conditions(&seen);
    let resolved = task.options();
    let documented: Vec<Json> = entry
        .options
        .iter()
        .map(|option| {
            json!({
                "name": option.name,
                "unit": option.unit,
                "meaning": option.meaning,
                "default": resolved.get(option.name),
            })
        })
        .collect();
    let presets: Vec<Json> = presets::of(name)
        .map(|preset| json!({ "name": preset.name, "meaning": preset.meaning }))
        .collect();
    let mut value = json!({
        "name": task.name(),
        "summary": task.summary(),
        "reference": task.reference(),
        "choice_rule": task.choice_rule(),
        "inputs": task.inputs(),
        "outputs": task.outputs(),
        "dt": task.dt(),
        "steps": task.steps(),
        "periods": task.periods(),
        "conditions": conditions
            .iter()
            .map(|(name, values)| json!({ "name": name, "values": values }))
            .collect::<Vec<_>>(),
        "options": documented,
        "presets": presets,
    });
    let mut text = describe(&*task, entry, &conditions);
    if let Some(path) = draw {
        picture::draw(&*task, SEED, path)?;
        text.push_str(&format!("\nTrials   {}\n", path.display()));
        value["drawn"] = json!(path);
    }
    Ok(Answer::new(text, &value))
}

/// What can be said of a task whose data nobody has given.
fn waiting(entry: &registry::Entry, needs: &str) -> Answer {
    let mut rows = vec![["option", "unit", "meaning"].map(str::to_owned).to_vec()];
    rows.extend(entry.options.iter().map(|option| {
        vec![format!("task.{}", option.name), option.unit.to_owned(), option.meaning.to_owned()]
    }));
    let text = format!(
        "{}: {}\n\nIts data are not part of the program: with task.{needs}=PATH there is more to show.\n\nOptions\n{}",
        entry.name,
        entry.summary,
        table(&rows)
    );
    let value = json!({
        "name": entry.name, "summary": entry.summary, "needs": needs, "options": entry.options,
    });
    Answer::new(text, &value)
}

/// `key=value` or `task.key=value`; what is no TOML is a text.
fn read(options: &[String]) -> Result<toml::Table, Failure> {
    let mut table = toml::Table::new();
    for option in options {
        let Some((key, value)) = option.split_once('=') else {
            let message = format!("`{option}`: expected key=value, as in task.dt=10");
            return Err(Failure::Request(message));
        };
        let key = key.trim().strip_prefix("task.").unwrap_or(key.trim());
        let value = format!("x = {value}")
            .parse::<toml::Table>()
            .ok()
            .and_then(|mut parsed| parsed.remove("x"))
            .unwrap_or_else(|| value.into());
        table.insert(key.to_owned(), value);
    }
    Ok(table)
}

/// What is varied between trials: each condition with its values, or their range.
fn conditions(trials: &Trials) -> Vec<(String, String)> {
    let said = |column: &Column| {
        let values: Vec<Value> = column.groups().into_iter().map(|(value, _)| value).collect();
        match (column, values.as_slice()) {
            (Column::Numbers(_), [first, .., last]) if values.len() > LISTED => {
                // of a continuous condition nearly every trial has a value of its own
                let few = values.len() < trials.len() / 4;
                let count = if few { format!(" ({} values)", values.len()) } else { String::new() };
                format!("{} to {}{count}", rounded(first), rounded(last))
            }
            _ => values.iter().map(rounded).collect::<Vec<_>>().join(", "),
        }
    };
    trials.conditions.columns().map(|(name, column)| (name.to_owned(), said(column))).collect()
}

fn describe(task: &dyn Task, entry: &registry::Entry, conditions: &[(String, String)]) -> String {
    let mut options = vec![["option", "default", "unit", "meaning"].map(str::to_owned).to_vec()];
    let defaults = task.options();
    for option in entry.options {
        let default = defaults.get(option.name).map(ToString::to_string).unwrap_or_default();
        options.push(vec![
            format!("task.{}", option.name),
            default,
            option.unit.to_owned(),
            option.meaning.to_owned(),
        ]);
    }
    let periods: Vec<Vec<String>> = task
        .periods()
        .iter()
        .map(|period| vec![period.name.to_owned(), period.duration.to_string()])
        .collect();
    let mut text = format!(
        "{}: {}\n{}\n\nInputs   {}\nOutputs  {}\nRight    {}\n\nPeriods: at most {} steps of {} ms\n{}\n",
        task.name(),
        task.summary(),
        task.reference(),
        task.inputs().join(", "),
        task.outputs().join(", "),
        task.choice_rule(),
        task.steps(),
        task.dt(),
        table(&periods),
    );
    if !conditions.is_empty() {
        let rows: Vec<Vec<String>> =
            conditions.iter().map(|(name, values)| vec![name.clone(), values.clone()]).collect();
        text.push_str(&format!("Conditions\n{}\n", table(&rows)));
    }
    text.push_str(&format!("Options\n{}", table(&options)));
    let presets: Vec<Vec<String>> = presets::of(task.name())
        .map(|preset| vec![format!("task.preset={}", preset.name), preset.meaning.to_owned()])
        .collect();
    if !presets.is_empty() {
        text.push_str(&format!("\nPresets\n{}", table(&presets)));
    }
    text
}
