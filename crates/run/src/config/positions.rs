//! The key `network.positions`: a table, or a file of points.

use std::path::Path;

use attractor_network::{Point, Positions};

use super::network::{NetworkConfig, PositionsChoice};
use super::problem::Problem;
use super::tree::Node;

/// Replaces the path of a file by the points in it, so that the configuration holds without the file.
pub(super) fn resolve(network: &mut NetworkConfig, user: &Node, problems: &mut Vec<Problem>) {
    let Some(PositionsChoice::File(path)) = &network.positions else { return };
    let node = user.get(&["network", "positions"]);
    let place = node.map(|node| node.place.clone()).unwrap_or_default();
    let file = place.directory().unwrap_or(Path::new("")).join(path);
    let text = std::fs::read_to_string(&file).map_err(|error| format!("cannot be read: {error}"));
    match text.and_then(|text| points(&text)) {
        Ok(points) => {
            network.positions = Some(PositionsChoice::Stated(Positions::Given { points }));
        }
        Err(message) => {
            let message = format!("{}: {message}", file.display());
            problems.push(Problem::new("network.positions", message).at(&place));
        }
    }
}

/// A table with columns `x`, `y` and `z` among others, separated by commas; one line per unit.
fn points(text: &str) -> Result<Vec<Point>, String> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let cells = |line: &str| -> Vec<String> {
        line.split(',').map(|cell| cell.trim().trim_matches('"').to_owned()).collect()
    };
    let header = lines.next().map(|(_, line)| cells(line)).unwrap_or_default();
    let column = |name: &str| header.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let (Some(x), Some(y), Some(z)) = (column("x"), column("y"), column("z")) else {
        let found = header.join(", ");
        return Err(format!("the first line must name columns x, y and z; it has {found}"));
    };
    let point = |(k, line): (usize, &str)| -> Result<Point, String> {
        let cells = cells(line);
        let mut point = [0.0; 3];
        for ((value, name), column) in point.iter_mut().zip(["x", "y", "z"]).zip([x, y, z]) {
            let cell = cells.get(column).map_or("", String::as_str);
            let number = cell.parse().ok().filter(|number: &f64| number.is_finite());
            *value = number.ok_or_else(|| {
                format!("line {}, column {name}: \"{cell}\" is no finite number", k + 1)
            })?;
        }
        Ok(point)
    };
    lines.map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let table = "Unit, z ,X,y\n\nADAL,3,1.5,-2e1\n\"ADAR\",0,0,0\n";
        assert_eq!(points(table), Ok(vec![[1.5, -20.0, 3.0], [0.0; 3]]));
        let said = points("x,y,depth\n1,2,3\n").unwrap_err();
        assert_eq!(said, "the first line must name columns x, y and z; it has x, y, depth");
        let said = points("x,y,z\n1,2,3\n1,,3\n").unwrap_err();
        assert_eq!(said, "line 3, column y: \"\" is no finite number");
        assert!(points("").is_err() && points("x,y,z\n1,2,inf").is_err());
    }
}
