//! The region of every unit.

use attractor_data::{Column, FileProblem, Npz};

use super::config::{AUTO, FitConfig};
use super::prepare::Prepared;
use crate::error::RunError;

/// Region of units that have none.
const UNASSIGNED: &str = "unassigned";

/// A region for each unit that is left; what is said about those that have none.
pub(crate) fn regions(
    config: &FitConfig,
    prepared: &Prepared,
    warnings: &mut Vec<String>,
) -> Result<Vec<String>, RunError> {
    let units = prepared.places.len();
    let columns = &prepared.recording.unit_columns;
    let all = match config.fit.regions.as_str() {
        "none" | "" => return Ok(vec!["all".to_owned(); units]),
        AUTO => match columns.column("region") {
            Some(column) => texts(column, units),
            None => return Ok(vec!["all".to_owned(); units]),
        },
        key => match columns.column(key) {
            Some(column) => texts(column, units),
            None => of_file(&mut Npz::open(&config.recording.file)?, key, prepared)?,
        },
    };
    let mut without = 0;
    let labels = all.iter().map(|label| match label.trim() {
        "" => {
            without += 1;
            UNASSIGNED.to_owned()
        }
        name => name.to_owned(),
    });
    let labels = labels.collect();
    if without > 0 {
        warnings.push(format!("{without} units have no region: they are called `{UNASSIGNED}`"));
    }
    Ok(labels)
}

/// The values of a column of the units.
fn texts(column: &Column, units: usize) -> Vec<String> {
    let text = |unit| column.value(unit).map_or_else(String::new, |value| value.to_string());
    (0..units).map(text).collect()
}

/// An array of texts, one for each unit of the file, at the units that are left.
fn of_file(file: &mut Npz, key: &str, prepared: &Prepared) -> Result<Vec<String>, RunError> {
    let all = file.texts(key)?;
    let units = prepared.places.len() + prepared.silent;
    if all.len() > units && !prepared.recording.provenance.steps.is_empty() {
        let said = format!(
            "`{key}` has {} texts for the {units} units that recording.prepare leaves; call it `units/{key}`, so that it goes with its units",
            all.len()
        );
        return Err(RunError::Request(said));
    }
    if all.len() != units {
        let (expected, found) = (vec![units], vec![all.len()]);
        let (key, axes) = (key.to_owned(), "[unit]");
        return Err(FileProblem::Shape { key, axes, with: "activity", expected, found }
            .of(file.path())
            .into());
    }
    Ok(prepared.places.iter().map(|&unit| all[unit].clone()).collect())
}
