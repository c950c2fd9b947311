//! Edges: a table, a matrix, or the cell types of flyvis.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::names::Names;
use super::table::{problem, rows, table, text};
use super::{Line, Listed};
use crate::FileError;

pub(super) fn read(path: &Path) -> Result<Listed, FileError> {
    let text = text(path)?;
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        return of_types(path, &text);
    }
    let first = text.lines().next().unwrap_or("");
    let separators = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let fields = || first.split(separators).filter(|field| !field.is_empty());
    let matrix = fields().count() > 1 && fields().all(|field| field.parse::<f64>().is_ok());
    if matrix { of_matrix(path, &text) } else { of_table(path, &text) }
}

/// A line per connection, columns by their names.
fn of_table(path: &Path, text: &str) -> Result<Listed, FileError> {
    let table = table(path, text)?;
    let find = |names: &[&str]| {
        table.column(names).ok_or_else(|| {
            let (wanted, known) = (names.join("`, `"), table.headings.join("`, `"));
            problem(path, format!("there is no column `{wanted}`; there are `{known}`"))
        })
    };
    let source = find(&["source", "pre", "from"])?;
    let target = find(&["target", "post", "to"])?;
    let weight = table.column(&["weight", "synapses", "count"]);
    let (kind, sign) = (table.column(&["type", "kind"]), table.column(&["sign"]));
    let mut lines = Vec::new();
    for (k, row) in table.rows.iter().enumerate() {
        let number = |at: usize| {
            let number = row[at].parse().ok().filter(|x: &f64| x.is_finite());
            let said = || format!("line {}: `{}` is no number", k + 2, row[at]);
            number.ok_or_else(|| problem(path, said()))
        };
        let size = weight.map_or(Ok(1.0), number)?;
        let sign = sign.map(number).transpose()?;
        lines.push(Line {
            source: row[source].clone(),
            target: row[target].clone(),
            weight: sign.map_or(size, |sign| sign * size.abs()),
            kind: kind.map_or_else(String::new, |at| row[at].clone()),
        });
    }
    let signed = sign.is_some() || lines.iter().any(|line| line.weight < 0.0);
    Ok(Listed { lines, signed, ..Listed::default() })
}

/// A square matrix, rows reach columns; cells are called by their places.
fn of_matrix(path: &Path, text: &str) -> Result<Listed, FileError> {
    let spaced: String = match rows(path, text)? {
        rows if rows.iter().any(|row| row.len() > 1) => {
            rows.iter().map(|row| row.join(" ") + "\n").collect()
        }
        _ => text.to_owned(),
    };
    let lines: Vec<&str> = spaced.lines().filter(|line| !line.trim().is_empty()).collect();
    let size = lines.len();
    let mut listed = Listed::default();
    for (source, line) in lines.iter().enumerate() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.len() != size {
            let said =
                format!("row {}: {} numbers in a matrix of {size} rows", source + 1, fields.len());
            return Err(problem(path, said));
        }
        for (target, field) in fields.iter().enumerate() {
            let weight = field.parse().ok().filter(|x: &f64| x.is_finite());
            let said =
                || format!("row {}, column {}: `{field}` is no number", source + 1, target + 1);
            let weight = weight.ok_or_else(|| problem(path, said()))?;
            if weight != 0.0 {
                let (source, target) = (source.to_string(), target.to_string());
                listed.lines.push(Line { source, target, weight, kind: String::new() });
            }
        }
    }
    listed.signed = listed.lines.iter().any(|line| line.weight < 0.0);
    listed.cells = Some((0..size).map(|k| k.to_string()).collect());
    Ok(listed)
}

/// Cell types and the edges between them (Lappalainen et al. 2024): a weight is the number of synapses
/// over all offsets, with the sign of the edge.
#[derive(Deserialize)]
struct Types {
    nodes: Vec<Node>,
    edges: Vec<TypedEdge>,
    #[serde(default)]
    input_units: Vec<String>,
    #[serde(default)]
    output_units: Vec<String>,
}

#[derive(Deserialize)]
struct Node {
    name: String,
}

#[derive(Deserialize)]
struct TypedEdge {
    src: String,
    tar: String,
    /// `[[[u, v], synapses], …]`
    offsets: Vec<([i64; 2], f64)>,
    alpha: f64,
    #[serde(default)]
    edge_type: String,
}

fn of_types(path: &Path, text: &str) -> Result<Listed, FileError> {
    let types: Types =
        serde_json::from_str(text).map_err(|error| problem(path, error.to_string()))?;
    let line = |edge: TypedEdge| Line {
        weight: edge.alpha * edge.offsets.iter().map(|(_, synapses)| synapses).sum::<f64>(),
        source: edge.src,
        target: edge.tar,
        kind: edge.edge_type,
    };
    let cells: Vec<String> = types.nodes.into_iter().map(|node| node.name).collect();
    let role =
        |name: &String| match (types.input_units.contains(name), types.output_units.contains(name))
        {
            (true, _) => "input".to_owned(),
            (_, true) => "output".to_owned(),
            _ => "inner".to_owned(),
        };
    let roles = cells.iter().map(role).collect();
    let columns =
        BTreeMap::from([(super::CLASS.to_owned(), cells.clone()), ("role".to_owned(), roles)]);
    let lines: Vec<Line> = types.edges.into_iter().map(line).collect();
    let known = Names::new(cells.clone());
    let ends = || lines.iter().flat_map(|line| [&line.source, &line.target]);
    if let Some(name) = ends().find(|name| known.find(name).is_none()) {
        return Err(problem(path, format!("an edge has the end `{name}`, which is no node")));
    }
    Ok(Listed { lines, cells: Some(cells), columns, signed: true })
}
