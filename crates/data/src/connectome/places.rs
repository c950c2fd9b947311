//! Where cells lie: NeuroML, or a table with x, y and z.

use std::path::Path;

use super::table::{problem, table, text};
use crate::FileError;

/// Names and places, in the order of the file: a NeuroML network (`.nml`), or a table with columns `x`, `y`
/// and `z` beside the name, which comes first.
///
/// # Errors
/// A file that cannot be read, without places, or with one that is not three finite numbers.
pub fn read_places(path: &Path) -> Result<Vec<(String, [f64; 3])>, FileError> {
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
            format!(
                "the first line must name columns x, y and z; it has {}",
                table.headings.join(", ")
            ),
        ));
    };
    let place = |(k, row): (usize, &Vec<String>)| match [x, y, z].map(|at| number(&row[at])) {
        [Some(x), Some(y), Some(z)] => Ok((row[0].clone(), [x, y, z])),
        _ => {
            let [x, y, z] = [x, y, z].map(|at| row[at].as_str());
            let said = format!(
                "row {}: x, y, z are \"{x}\", \"{y}\", \"{z}\": no three finite numbers",
                k + 1
            );
            Err(problem(path, said))
        }
    };
    table.rows.iter().enumerate().map(place).collect()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|x: &f64| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let points = |text: &str| {
            of_table(Path::new("cells.csv"), text).map_err(|error| error.problem.to_string())
        };
        let table = "Unit, z ,X,y\n\nADAL,3,1.5,-2e1\n\"ADAR\",0,0,0\n";
        let found = [("ADAL".to_owned(), [1.5, -20.0, 3.0]), ("ADAR".to_owned(), [0.0; 3])];
        assert_eq!(points(table), Ok(found.to_vec()));
        let said = points("x,y,depth\n1,2,3\n").unwrap_err();
        assert!(said.contains("must name columns x, y and z; it has x, y, depth"), "{said}");
        let said = points("x,y,z\n1,2,3\n1,,3\n").unwrap_err();
        assert!(said.contains("row 2: x, y, z are \"1\", \"\", \"3\""), "{said}");
        assert!(points("").is_err() && points("x,y,z\n1,2,inf").is_err());
    }
}
