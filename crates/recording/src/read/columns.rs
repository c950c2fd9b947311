//! Tables of HDF5: columns that lie side by side, one value per row, some of them ragged.

use attractor_data::{Column, Conditions, FileError, FileProblem};
use attractor_hdf5::{Kind, Node};
use ndarray::ArrayD;

use crate::session::Session;

/// A column of a table, by what it holds.
pub(super) enum Entry {
    /// One number per row, NaN where there is none.
    Numbers(Vec<f64>),
    /// One text per row.
    Labels(Vec<String>),
    /// Something else: why it is not taken.
    Left(String),
}

/// Why a member of a group is not read: where its link would lead, if it is one.
pub(super) fn why_not(error: &FileError) -> String {
    match &*error.problem {
        FileProblem::Link { why, .. } => why.clone(),
        other => other.to_string(),
    }
}

/// A member of a group; what is a link that leads nowhere is noted.
pub(super) fn member(session: &mut Session, group: &Node, name: &str) -> Option<Node> {
    let found = group.member(name);
    if let Err(error) = &found
        && matches!(*error.problem, FileProblem::Link { .. })
    {
        session.leave(format!("{}/{name}", group.key()), why_not(error));
    }
    found.ok()
}

/// The column of a table at `node`, whose rows are known.
pub(super) fn entry(table: &Node, name: &str, rows: usize) -> Entry {
    let node = match table.member(name) {
        Ok(node) => node,
        Err(error) => return Entry::Left(why_not(&error)),
    };
    let ragged = table.child(&format!("{name}_index"));
    let read = || -> Result<Entry, FileError> {
        let shape = node.shape()?;
        let kind = node.kind()?;
        if let Some(index) = &ragged {
            return match kind {
                Kind::Text => joined(&node, index, rows),
                _ => Ok(Entry::Left("several values per row".to_owned())),
            };
        }
        if shape.len() > 1 {
            return Ok(Entry::Left(format!("an array of shape {shape:?}, not one value per row")));
        }
        if shape.first().copied().unwrap_or(1) != rows {
            return Ok(Entry::Left(format!("{shape:?} values for {rows} rows")));
        }
        Ok(match kind {
            Kind::Numbers => Entry::Numbers(node.values::<f64>()?.into_iter().collect()),
            Kind::Text => Entry::Labels(node.texts()?.into_iter().collect()),
            Kind::References => Entry::Left("references to other objects".to_owned()),
            Kind::Group => Entry::Left("a group".to_owned()),
            Kind::Other => Entry::Left("a compound or another type that is not read".to_owned()),
        })
    };
    read().unwrap_or_else(|error| Entry::Left(error.problem.to_string()))
}

/// Several texts per row, joined by commas.
fn joined(node: &Node, index: &Node, rows: usize) -> Result<Entry, FileError> {
    let texts: Vec<String> = node.texts()?.into_iter().collect();
    let Some(ends) = ends(index, texts.len())?.filter(|ends| ends.len() == rows) else {
        return Ok(Entry::Left("its index does not fit".to_owned()));
    };
    let mut from = 0;
    let row = |to| {
        let row = texts[from..to].join(",");
        from = to;
        row
    };
    Ok(Entry::Labels(ends.into_iter().map(row).collect()))
}

/// Where each row ends, if the index ascends to at most `count`.
pub(super) fn ends(index: &Node, count: usize) -> Result<Option<Vec<usize>>, FileError> {
    let ends: ArrayD<f64> = index.values()?;
    let right = |end: &f64| end.fract() == 0.0 && *end >= 0.0 && *end <= count as f64;
    if ends.ndim() != 1 || !ends.iter().all(right) {
        return Ok(None);
    }
    let ends: Vec<usize> = ends.iter().map(|&end| end as usize).collect();
    Ok(ends.is_sorted().then_some(ends))
}

/// Adds a column of numbers; with NaN among them, as text. What cannot be added is noted.
pub(super) fn add_numbers(
    session: &mut Session,
    columns: Conditions,
    path: &str,
    name: &str,
    numbers: Vec<f64>,
) -> Conditions {
    if numbers.iter().all(|x| x.is_finite()) {
        return add(session, columns, path, name, numbers.into());
    }
    if numbers.iter().all(|x| x.is_nan()) {
        session.leave(path, "no value in any row");
        return columns;
    }
    let missing = numbers.iter().filter(|x| !x.is_finite()).count();
    session.repair(format!(
        "`{path}` has {missing} rows without a finite number: its values are kept as text"
    ));
    let labels: Vec<String> = numbers
        .into_iter()
        .map(|x| if x.is_nan() { "none".to_owned() } else { x.to_string() })
        .collect();
    add(session, columns, path, name, labels.into())
}

/// Adds a column. What cannot be added is noted.
pub(super) fn add(
    session: &mut Session,
    columns: Conditions,
    path: &str,
    name: &str,
    column: Column,
) -> Conditions {
    match columns.clone().with(name, column) {
        Ok(more) => more,
        Err(error) => {
            session.leave(path, error.to_string());
            columns
        }
    }
}

/// Columns under which files keep where a unit was, the likeliest first.
const REGIONS: [&str; 10] = [
    "region",
    "brain_region",
    "brain_area",
    "area",
    "location",
    "anatomical_location",
    "structure",
    "ecephys_structure_acronym",
    "acronym",
    "cortical_area",
];

/// Region of a unit of which nothing is known.
const UNKNOWN: &str = "unknown";

/// Makes the column `region` of whichever column has regions. Empty ones are called `unknown`.
pub(super) fn settle_regions(session: &mut Session, columns: Conditions, what: &str) -> Conditions {
    let of = |name: &&'static str| columns.labels(name).map(|labels| (*name, labels.to_vec()));
    let Some((name, mut labels)) = REGIONS.iter().find_map(of) else {
        return columns;
    };
    let nowhere = |label: &String| {
        matches!(label.trim().to_lowercase().as_str(), "" | "nan" | "none" | "unknown" | "n/a")
    };
    let empty = labels.iter().filter(|label| nowhere(label)).count();
    if empty > 0 {
        session.repair(format!(
            "{empty} of {} {what} have no region: they are in `{UNKNOWN}`",
            labels.len()
        ));
        labels.iter_mut().filter(|label| nowhere(label)).for_each(|l| *l = UNKNOWN.to_owned());
    }
    let mut settled = Conditions::none(columns.trials());
    for (other, column) in columns.columns().filter(|(other, _)| *other != "region") {
        settled = add(session, settled, other, other, column.clone());
    }
    if name != "region" {
        session.repair(format!("the regions of {what} are those of the column `{name}`"));
    }
    add(session, settled, "region", "region", labels.into())
}
