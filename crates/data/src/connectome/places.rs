//! Where cells lie: NeuroML, or a table with x, y and z.

use std::path::Path;

use super::table::{problem, table, text};
use crate::FileError;

pub(super) fn read(path: &Path) -> Result<Vec<(String, [f64; 3])>, FileError> {
    let text = text(path)?;
    let neuroml = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("nml"));
    if neuroml { of_neuroml(path, &text) } else { of_table(path, &text) }
}

/// The first location of every population.
fn of_neuroml(path: &Path, text: &str) -> Result<Vec<(String, [f64; 3])>, FileError> {
    let document =
        roxmltree::Document::parse(text).map_err(|error| problem(path, error.to_string()))?;
    let mut places = Vec::new();
    let is = |node: &roxmltree::Node<'_, '_>, name: &str| node.tag_name().name() == name;
    for population in document.descendants().filter(|node| is(node, "population")) {
        let Some(name) = population.attribute("id") else { continue };
        let location = population.descendants().find(|node| is(node, "location"));
        let Some(location) = location else { continue };
        let axis = |axis: &str| location.attribute(axis).and_then(number);
        match (axis("x"), axis("y"), axis("z")) {
            (Some(x), Some(y), Some(z)) => places.push((name.to_owned(), [x, y, z])),
            _ => {
                return Err(problem(
                    path,
                    format!("the location of `{name}` is not three numbers"),
                ));
            }
        }
    }
    if places.is_empty() {
        return Err(problem(path, "no population has a location".to_owned()));
    }
    Ok(places)
}

fn of_table(path: &Path, text: &str) -> Result<Vec<(String, [f64; 3])>, FileError> {
    let table = table(path, text)?;
    let axes = ["x", "y", "z"].map(|axis| table.column(&[axis]));
    let [Some(x), Some(y), Some(z)] = axes else {
        return Err(problem(
            path,
            "columns `x`, `y` and `z` are expected after the name".to_owned(),
        ));
    };
    let place = |(k, row): (usize, &Vec<String>)| match [x, y, z].map(|at| number(&row[at])) {
        [Some(x), Some(y), Some(z)] => Ok((row[0].clone(), [x, y, z])),
        _ => Err(problem(path, format!("line {}: x, y and z are not three numbers", k + 2))),
    };
    table.rows.iter().enumerate().map(place).collect()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|x: &f64| x.is_finite())
}
