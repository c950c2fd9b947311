//! What commands answer, and how it gets out.

use std::io::{self, Write};
use std::path::Path;

use attractor::report::Figure;
use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// The answer of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For people.
    pub(crate) text: String,
    /// For machines.
    value: Value,
    /// The exit code.
    pub(crate) code: u8,
}

impl Answer {
    pub(crate) fn new(text: String, value: &impl Serialize) -> Self {
        // plain structures of numbers and text always convert
        Answer { text, value: serde_json::to_value(value).unwrap_or_default(), code: 0 }
    }

    /// The same, as the answer of something that was done and found wanting.
    pub(crate) fn failed(self) -> Self {
        Answer { code: 1, ..self }
    }

    pub(crate) fn json(&self) -> String {
        format!("{:#}\n", self.value)
    }
}

/// Writes to standard output. A reader that has gone (`| head`) is no error.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a line to standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Dots per inch of pictures that are made of dots.
const DPI: f64 = 300.0;

/// Writes a figure as SVG or PNG, by the ending of the file that `option` asks for.
pub(crate) fn picture(figure: &Figure, path: &Path, option: &str) -> Result<(), Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let bytes = match ending.to_lowercase().as_str() {
        "svg" => figure.svg().into_bytes(),
        "png" => figure.png(DPI),
        _ => {
            let message = format!("{option} {}: the file ends in .svg or .png", path.display());
            return Err(Failure::Request(message));
        }
    };
    std::fs::write(path, bytes)
        .map_err(|error| Failure::Failed(format!("{}: cannot be written: {error}", path.display())))
}

/// Columns lined up, two blanks between them; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("  {cell:width$}"));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text =
            table(&[row(["name", "τ", "is"]), row(["x", "100", ""]), row(["longer", "", "z"])]);
        assert_eq!(text, "  name    τ    is\n  x       100\n  longer       z\n");
    }
}
