//! The section `[task]`: a task with its options, or a file with trials.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use attractor_data::read_trials;
use attractor_data::split::by_trials;
use attractor_learn::DataSet;
use attractor_task::{Task, TaskError, registry};
use serde::{Deserialize, Serialize};

use super::problem::{Place, Problem, did_you_mean, list};
use super::read::read;
use super::tree::{Node, Value};
use crate::material::Material;

/// `[task]` for trials from a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FromFile {
    /// The file.
    trials: PathBuf,
    /// Fraction held out for validation and evaluation; 0 holds out none.
    held_out: f64,
    /// Duration of a step, ms, where the file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dt: Option<f64>,
}

/// The trials that a section asks for, and the section with every option written out. `key` is where
/// it stands: `task`, or `phase.1.task`.
pub(super) fn material(
    section: Node,
    key: &str,
    seed: u64,
    problems: &mut Vec<Problem>,
) -> Option<(Material, toml::Table)> {
    let text = |key: &str| section.get(&[key]).and_then(Node::text);
    match (text("name"), text("trials")) {
        (Some(_), Some(_)) => {
            let message = format!("`{key}.name` and `{key}.trials` are given: keep one of the two");
            problems.push(Problem::new(key, message).at(&section.place));
            None
        }
        (Some(name), None) => task(name, &section, key, seed, problems),
        (None, Some(_)) => trials(section, key, seed, problems),
        (None, None) => {
            let names = list(&registry::names());
            let message = format!("which task? Name one of {names}, or a .npz file with trials");
            problems.push(Problem::new(&format!("{key}.name"), message).at(&section.place));
            None
        }
    }
}

fn task(
    name: &str,
    section: &Node,
    key: &str,
    seed: u64,
    problems: &mut Vec<Problem>,
) -> Option<(Material, toml::Table)> {
    let place = |option: &str| {
        // a period may be too short for a dt that was given
        let node = section.get(&[option]).or(section.get(&["dt"])).or(section.get(&["name"]));
        node.map(|node| node.place.clone()).unwrap_or_default()
    };
    let needs = match registry::entry(name) {
        Ok(entry) => entry.needs,
        Err(error) => {
            let key = format!("{key}.name");
            problems.push(Problem::new(&key, error.to_string()).at(&place("name")));
            return None;
        }
    };
    let mut options = section.to_table();
    options.remove("name");
    // the resolved configuration must hold wherever it is read
    if let Some(toml::Value::String(data)) = needs.and_then(|needs| options.get_mut(needs)) {
        *data = absolute(&place(needs.unwrap_or_default()), data.as_str()).display().to_string();
    }
    let given = needs.and_then(|needs| options.get_key_value(needs));
    let given: toml::Table = given.map(|(k, v)| (k.clone(), v.clone())).into_iter().collect();
    if let Ok(task) = attractor_task::create(name, &options) {
        return Some(resolved(Arc::from(task), seed));
    }
    // then one option at a time, so that every problem is found, and each at its place
    for (option, value) in options.clone() {
        let mut alone = given.clone();
        alone.insert(option.clone(), value);
        let message = match attractor_task::create(name, &alone) {
            Err(TaskError::UnknownOption { meant, known, .. }) => {
                let meant = did_you_mean(meant.map(|meant| format!("{key}.{meant}")));
                format!("there is no such key{meant}; the task has {}", list(&known))
            }
            Err(error @ (TaskError::Options { .. } | TaskError::Option { .. })) => {
                error.to_string()
            }
            // a conflict between options shows when all are there
            _ => continue,
        };
        problems.push(Problem::new(&format!("{key}.{option}"), message).at(&place(&option)));
        options.remove(&option);
    }
    match attractor_task::create(name, &options) {
        Ok(task) => Some(resolved(Arc::from(task), seed)),
        Err(error) => {
            let option = match &error {
                TaskError::Option { option, .. } => option.as_str(),
                TaskError::Unresolved { period, .. } => period,
                _ => "name",
            };
            problems.push(Problem::new(key, error.to_string()).at(&place(option)));
            None
        }
    }
}

fn resolved(task: Arc<dyn Task>, seed: u64) -> (Material, toml::Table) {
    let mut section = toml::Table::new();
    section.insert("name".to_owned(), task.name().into());
    section.extend(task.options());
    (Material::Task { task, seed }, section)
}

fn trials(
    mut section: Node,
    key: &str,
    seed: u64,
    problems: &mut Vec<Problem>,
) -> Option<(Material, toml::Table)> {
    let place = section.get(&["trials"]).map(|node| node.place.clone()).unwrap_or_default();
    let before = problems.len();
    let mut defaults = Node::empty();
    let fraction = Node { value: Value::Float(0.2), place: Default::default() };
    defaults.put(&["held_out"], Some(fraction));
    section = defaults.clone().under(section);
    let mut options: FromFile = read(section, &defaults, &[key], problems)?;
    if problems.len() > before {
        return None;
    }
    // the resolved configuration must hold wherever it is read
    options.trials = absolute(&place, &options.trials);
    match load(&options, seed) {
        Ok(material) => Some((material, toml::Table::try_from(&options).ok()?)),
        Err(message) => {
            problems.push(Problem::new(&format!("{key}.trials"), message).at(&place));
            None
        }
    }
}

/// A path as it is seen from where it was written.
fn absolute(place: &Place, path: impl AsRef<Path>) -> PathBuf {
    let relative = place.directory().unwrap_or(Path::new("")).join(path);
    std::path::absolute(&relative).unwrap_or(relative)
}

fn load(options: &FromFile, seed: u64) -> Result<Material, String> {
    let trials = read_trials(&options.trials, options.dt).map_err(|error| error.to_string())?;
    if let Some(dt) = options.dt
        && dt != trials.dt
    {
        return Err(format!("`task.dt` is {dt} ms, but the file says {} ms", trials.dt));
    }
    if trials.targets.is_empty() {
        let file = options.trials.display();
        return Err(format!("{file} has no `targets`: there is nothing to learn from it"));
    }
    let name = options.trials.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if options.held_out == 0.0 {
        let set = Arc::new(DataSet::new(trials.clone(), seed));
        let judged = Arc::new(trials);
        return Ok(Material::Trials { set, judged, name, held_out: false, counts: None });
    }
    let split =
        by_trials(trials.len(), options.held_out, seed).map_err(|error| error.to_string())?;
    let set = DataSet::split(&trials, &split, seed).map_err(|error| error.to_string())?;
    let judged = trials.select(&split.held_out).map_err(|error| error.to_string())?;
    let (set, judged) = (Arc::new(set), Arc::new(judged));
    Ok(Material::Trials { set, judged, name, held_out: true, counts: None })
}
