//! Tables of results: readable as they stand, sortable where script runs.

use std::fmt::Write;

use crate::{svg::escape, ticks::number};

/// One cell: what is shown, and the number it stands for, if any.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    text: String,
    value: Option<f64>,
    class: &'static str,
}

impl Cell {
    /// Words.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), value: None, class: "" }
    }

    /// A sentence, which may run over several lines.
    #[must_use]
    pub fn prose(text: impl Into<String>) -> Cell {
        Cell { class: "wide", ..Cell::text(text) }
    }

    /// Whether something holds: a sign and a word, never a colour alone.
    #[must_use]
    pub fn verdict(holds: bool) -> Cell {
        let (text, class) = if holds { ("✓ holds", "good") } else { ("✗ fails", "bad") };
        Cell { class, ..Cell::text(text) }
    }

    /// A number shown with so many significant digits; all of them appear under the pointer.
    #[must_use]
    pub fn number(value: f64, digits: usize) -> Cell {
        Cell { text: number(value, digits), value: Some(value), class: "" }
    }

    /// A number with so many decimals, so that a column lines up.
    #[must_use]
    pub fn fixed(value: f64, decimals: usize) -> Cell {
        let size = value.abs();
        if !size.is_finite()
            || size >= 1e6
            || (size > 0.0 && size < 0.5 * 10f64.powi(-(decimals as i32)))
        {
            return Cell::number(value, decimals.max(1));
        }
        let whole = if size >= 1.0 { size.log10().floor() as usize + 1 } else { 0 };
        let text = if size >= 1e4 && whole + decimals <= 15 {
            number(value, whole + decimals)
        } else {
            format!("{value:.decimals$}").replace('-', "−")
        };
        Cell { text, value: Some(value), class: "" }
    }

    /// A whole number.
    #[must_use]
    pub fn integer(value: i64) -> Cell {
        let digits = value.unsigned_abs().max(1).ilog10() as usize + 1;
        Cell {
            text: if digits <= 6 { number(value as f64, digits) } else { value.to_string() },
            value: Some(value as f64),
            class: "",
        }
    }
}

/// A table with a caption, column headings and rows. Short rows are filled up, long ones keep their surplus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    caption: String,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table that shows this.
    #[must_use]
    pub fn new(caption: impl Into<String>) -> Table {
        Table { caption: caption.into(), ..Table::default() }
    }

    /// Column headings, with units.
    #[must_use]
    pub fn columns<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Table {
        self.columns = names.into_iter().map(Into::into).collect();
        self
    }

    /// Add a row.
    #[must_use]
    pub fn row(mut self, cells: impl IntoIterator<Item = Cell>) -> Table {
        self.rows.push(cells.into_iter().collect());
        self
    }

    pub(super) fn write(&self, out: &mut String) {
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.columns.len());
        let numeric: Vec<bool> = (0..width)
            .map(|c| {
                let mut cells = self.rows.iter().filter_map(|r| r.get(c)).peekable();
                cells.peek().is_some() && cells.all(|cell| cell.value.is_some())
            })
            .collect();
        let class = |c: usize| if numeric[c] { " class=\"n\"" } else { "" };
        // The caption stands outside what scrolls sideways, and labels the table all the same.
        let caption = escape(&self.caption);
        out.push_str("<div class=\"table\">\n");
        if !caption.is_empty() {
            let _ = writeln!(out, "<p class=\"caption\">{caption}</p>");
        }
        let _ = writeln!(
            out,
            "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{caption}\"><table aria-label=\"{caption}\">"
        );
        out.push_str("<thead><tr>");
        for c in 0..width {
            let name = self.columns.get(c).map_or("", String::as_str);
            let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(c), escape(name));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            out.push_str("<tr>");
            for c in 0..width {
                let cell = row.get(c);
                let text = cell.map_or("", |cell| cell.text.as_str());
                match cell.and_then(|cell| cell.value) {
                    Some(v) if v.is_finite() => {
                        let _ = write!(
                            out,
                            "<td{} data-v=\"{v:e}\" title=\"{v}\">{}</td>",
                            class(c),
                            escape(text)
                        );
                    }
                    _ => {
                        let own = cell.map_or("", |cell| cell.class);
                        let own = if own.is_empty() {
                            class(c).to_owned()
                        } else {
                            format!(" class=\"{own}\"")
                        };
                        let _ = write!(out, "<td{own}>{}</td>", escape(text));
                    }
                }
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table></div>\n</div>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ragged_rows_and_missing_numbers() {
        let mut out = String::new();
        Table::new("c")
            .columns(["a", "b"])
            .row([Cell::text("x"), Cell::number(f64::NAN, 3)])
            .row([Cell::text("y"), Cell::number(0.25, 2), Cell::integer(-12_345_678)])
            .row([])
            .write(&mut out);
        assert_eq!(out.matches("<tr>").count(), 4);
        let doc = roxmltree::Document::parse(&out).unwrap();
        let count = |tag| doc.descendants().filter(|e| e.has_tag_name(tag)).count();
        assert_eq!((count("th"), count("td")), (3, 9));
        assert!(
            out.contains("data-v=\"2.5e-1\"") && out.contains(">–<") && out.contains("-12345678")
        );
    }

    #[test]
    fn an_empty_table_is_a_table() {
        let mut out = String::new();
        Table::default().write(&mut out);
        assert!(roxmltree::Document::parse(&out).is_ok());
    }
}
