//! Curricula: phases that train on tasks of their own.

use super::problem::Problem;
use super::sources;
use super::tree::{Node, Value};
use crate::material::Material;

/// The material of each phase, that of the run where a phase names none. Sections are written out in
/// `phases`, as they are for the run.
pub(super) fn curriculum(
    phases: &mut [toml::Table],
    run: &(Material, toml::Table),
    user: &Node,
    seed: u64,
    problems: &mut Vec<Problem>,
) -> Vec<Material> {
    if phases.is_empty() {
        return vec![run.0.clone()];
    }
    let mut materials = Vec::new();
    for (k, phase) in phases.iter_mut().enumerate() {
        let key = format!("phase.{k}.task");
        let path: Vec<&str> = key.split('.').collect();
        let Some(given) = user.get(&path) else {
            materials.push(run.0.clone());
            continue;
        };
        let section = section(given, &run.1);
        let Some((material, written)) = sources::material(section, &key, seed, problems) else {
            continue;
        };
        if let Some(message) = misfit(&material, &run.0) {
            problems.push(Problem::new(&key, message).at(&given.place));
        }
        phase.insert("task".to_owned(), written.into());
        materials.push(material);
    }
    materials
}

/// A name alone is short for a section; options alone are laid over those of the run's task.
fn section(given: &Node, run: &toml::Table) -> Node {
    if let Some(name) = given.text() {
        let key = if name.ends_with(".npz") { "trials" } else { "name" };
        let entries = vec![(key.to_owned(), given.clone())];
        return Node { value: Value::Table(entries), place: given.place.clone() };
    }
    let own = |key: &str| given.get(&[key]).and_then(Node::text);
    let other = own("trials").is_some()
        || own("name").is_some_and(|name| run.get("name").and_then(|n| n.as_str()) != Some(name));
    match other {
        true => given.clone(),
        false => Node::from_value(&toml::Value::Table(run.clone())).under(given.clone()),
    }
}

/// Why the network of the run cannot be trained on it.
fn misfit(material: &Material, run: &Material) -> Option<String> {
    let (name, of) = (material.name(), run.name());
    let count = |names: Vec<String>| format!("{} ({})", names.len(), few(&names));
    for (what, found, expected) in [
        ("inputs", material.inputs(), run.inputs()),
        ("outputs", material.outputs(), run.outputs()),
    ] {
        if found.len() != expected.len() {
            return Some(format!(
                "the network is made for the {what} of `{of}`, {}, but `{name}` has {}; \
                 the task `multi` puts tasks with different channels together",
                count(expected),
                count(found)
            ));
        }
    }
    (material.dt() != run.dt()).then(|| {
        format!(
            "the network is made for steps of {} ms, those of `{of}`, but `{name}` has {} ms",
            run.dt(),
            material.dt()
        )
    })
}

/// The first names, to recognise them by.
fn few(names: &[String]) -> String {
    let shown = names[..names.len().min(4)].join(", ");
    if names.len() > 4 { format!("{shown}, …") } else { shown }
}
