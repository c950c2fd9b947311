//! `attractor tasks`

use attractor::task::{Task, registry};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{Answer, table};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  attractor tasks\n  attractor tasks show context-decision")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Periods, channels and options of one
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    match &arguments.what {
        None => Ok(list()),
        Some(What::Show { name }) => show(name),
    }
}

fn list() -> Answer {
    let mut rows = vec![["name", "what it is"].map(str::to_owned).to_vec()];
    let mut values = Vec::new();
    for entry in registry::TASKS {
        rows.push(vec![entry.name.to_owned(), entry.summary.to_owned()]);
        values.push(json!({ "name": entry.name, "summary": entry.summary }));
    }
    let text = format!("{}\n`attractor tasks show NAME` has the options.\n", table(&rows));
    Answer::new(text, &values)
}

fn show(name: &str) -> Result<Answer, Failure> {
    let wrong = |error: attractor::task::TaskError| Failure::Request(error.to_string());
    let entry = registry::entry(name).map_err(wrong)?;
    let task = attractor::task::create(name, &toml::Table::new()).map_err(wrong)?;
    let options: Vec<Value> = entry
        .options
        .iter()
        .map(|option| {
            json!({
                "name": option.name,
                "unit": option.unit,
                "meaning": option.meaning,
                "default": task.options().get(option.name),
            })
        })
        .collect();
    let value = json!({
        "name": task.name(),
        "summary": task.summary(),
        "reference": task.reference(),
        "choice_rule": task.choice_rule(),
        "inputs": task.inputs(),
        "outputs": task.outputs(),
        "dt": task.dt(),
        "steps": task.steps(),
        "periods": task.periods(),
        "options": options,
    });
    Ok(Answer::new(describe(&*task, entry), &value))
}

fn describe(task: &dyn Task, entry: &registry::Entry) -> String {
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
    format!(
        "{}: {}\n{}\n\nInputs   {}\nOutputs  {}\nRight    {}\n\nPeriods: {} steps of {} ms\n{}\nOptions\n{}",
        task.name(),
        task.summary(),
        task.reference(),
        task.inputs().join(", "),
        task.outputs().join(", "),
        task.choice_rule(),
        task.steps(),
        task.dt(),
        table(&periods),
        table(&options)
    )
}
