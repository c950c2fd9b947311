//! `metrics.csv`: one row per update, numbers written so that they read back to the same bits.

use std::fmt::Write;
use std::path::Path;

use attractor_learn::{Phase, Progress};

use crate::directory::{read_text, write_text};
use crate::error::RunError;

/// Columns that are always there; those of terms follow.
const COLUMNS: [&str; 7] =
    ["update", "phase", "loss", "gradient_norm", "rate", "validation_loss", "validation_score"];

/// What was measured during training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Terms of the objectives, if one has several: each gets a column.
    pub terms: Vec<String>,
    /// One row per update.
    pub rows: Vec<Row>,
}

/// What one update measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Updates done, this one included.
    pub update: u64,
    /// Phase, counted from 1.
    pub phase: usize,
    /// Loss of the batch.
    pub loss: f64,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Learning rate.
    pub rate: f64,
    /// Validation loss, where validated.
    pub validation_loss: Option<f64>,
    /// Validation score, where validated and scored.
    pub validation_score: Option<f64>,
    /// Values of the terms, where the phase has them.
    pub terms: Vec<Option<f64>>,
}

impl Metrics {
    /// No rows yet.
    #[must_use]
    pub fn new(phases: &[Phase]) -> Self {
        let mut terms: Vec<String> = Vec::new();
        if phases.iter().any(|phase| phase.objective.terms.len() > 1) {
            for term in phases.iter().flat_map(|phase| &phase.objective.terms) {
                let label = term.to_string();
                if !terms.contains(&label) {
                    terms.push(label);
                }
            }
        }
        Metrics { terms, rows: Vec::new() }
    }

    /// Adds an update.
    pub fn push(&mut self, progress: &Progress) {
        let value = |label: &String| {
            let mut values = progress.terms.iter().filter(|term| term.term == *label).peekable();
            values.peek()?;
            Some(values.map(|term| term.value).sum())
        };
        self.rows.push(Row {
            update: progress.update,
            phase: progress.phase + 1,
            loss: progress.loss,
            gradient_norm: progress.grad_norm,
            rate: progress.rate,
            validation_loss: progress.validation.as_ref().map(|v| v.loss),
            validation_score: progress.validation.as_ref().and_then(|v| v.score),
            terms: self.terms.iter().map(value).collect(),
        });
    }

    /// Drops what came after an update.
    pub fn rewind(&mut self, update: u64) {
        self.rows.retain(|row| row.update <= update);
    }

    /// The text of the file.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let quoted = self.terms.iter().map(|term| format!(",\"{}\"", term.replace('"', "\"\"")));
        let mut text = format!("{}{}\n", COLUMNS.join(","), quoted.collect::<String>());
        let or_empty = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
        for row in &self.rows {
            let _ = write!(
                text,
                "{},{},{},{},{},{},{}",
                row.update,
                row.phase,
                row.loss,
                row.gradient_norm,
                row.rate,
                or_empty(row.validation_loss),
                or_empty(row.validation_score)
            );
            for term in &row.terms {
                let _ = write!(text, ",{}", or_empty(*term));
            }
            text.push('\n');
        }
        text
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`RunError::Data`].
    pub fn write(&self, path: &Path) -> Result<(), RunError> {
        write_text(path, &self.to_csv())
    }

    /// Reads a file written by [`Metrics::write`].
    ///
    /// # Errors
    /// [`RunError::File`], with the line.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let text = read_text(path)?;
        let wrong = |line: usize, problem: &str| RunError::File {
            file: path.to_owned(),
            problem: format!("line {line}: {problem}"),
        };
        let mut lines = text.lines().enumerate();
        let header = lines.next().map_or("", |(_, header)| header);
        let Some(terms) = header.strip_prefix(&COLUMNS.join(",")) else {
            return Err(wrong(1, "the columns are not those of a run"));
        };
        let terms: Vec<String> = terms
            .split(",\"")
            .skip(1)
            .map(|term| term.trim_end_matches('"').replace("\"\"", "\""))
            .collect();
        let mut rows = Vec::new();
        for (k, line) in lines {
            let fields: Vec<&str> = line.split(',').collect();
            let row = row(&fields, terms.len());
            rows.push(row.ok_or_else(|| wrong(k + 1, "this is no row of numbers"))?);
        }
        Ok(Metrics { terms, rows })
    }
}

fn row(fields: &[&str], terms: usize) -> Option<Row> {
    let optional = |field: &str| match field {
        "" => Some(None),
        number => number.parse().ok().map(Some),
    };
    let [update, phase, loss, norm, rate, validation_loss, validation_score, rest @ ..] = fields
    else {
        return None;
    };
    if rest.len() != terms {
        return None;
    }
    Some(Row {
        update: update.parse().ok()?,
        phase: phase.parse().ok()?,
        loss: loss.parse().ok()?,
        gradient_norm: norm.parse().ok()?,
        rate: rate.parse().ok()?,
        validation_loss: optional(validation_loss)?,
        validation_score: optional(validation_score)?,
        terms: rest.iter().map(|field| optional(field)).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_to_the_bit() {
        let row = |update: u64, loss: f64| Row {
            update,
            phase: 1,
            loss,
            gradient_norm: 1.0 / 3.0,
            rate: 1e-3,
            validation_loss: (update == 2).then_some(f64::MIN_POSITIVE),
            validation_score: None,
            terms: vec![Some(loss), None],
        };
        let terms = vec!["mse(out.y)".to_owned(), "l2(rec.r[a, \"b\"])".to_owned()];
        let mut metrics =
            Metrics { terms, rows: vec![row(1, 0.1 + 0.2), row(2, 1e300), row(3, f64::NAN)] };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.csv");
        metrics.write(&path).unwrap();
        let read = Metrics::read(&path).unwrap();
        assert_eq!(read.to_csv(), metrics.to_csv());
        metrics.rewind(2);
        assert_eq!(&read.rows[..2], &metrics.rows[..]);
        std::fs::write(&path, metrics.to_csv() + "4,1,0.5").unwrap();
        let said = Metrics::read(&path).unwrap_err().to_string();
        assert!(said.contains("line 4"), "{said}");
    }
}
