//! The page of a run: one HTML file that opens offline and asks nobody for anything.
//!
//! Style and script are inline, figures are inline SVG, and a content security policy forbids every request. It
//! reads without script (tables are then in their first order) and without colours, light and dark, on a phone and
//! on paper. Every text that comes from outside is escaped.

mod claims;
mod space;
mod table;
mod theme;

pub use claims::Claim;
pub use table::{Cell, Table};

use std::{fmt::Write, path::Path};

use crate::{
    error::{ReportError, write_aside},
    figure::{Figure, Width},
    space::{SpatialNetwork, StateSpace, json},
    svg::escape,
};

const STYLE: &str = include_str!("page.css");
const SCRIPTS: [&str; 6] = [
    include_str!("page.js"),
    include_str!("hover.js"),
    include_str!("tools.js"),
    include_str!("space.js"),
    include_str!("paint.js"),
    include_str!("aside.js"),
];

/// A page, built from top to bottom.
///
/// ```
/// use attractor_report::{Cell, Page, Table};
/// let table = Table::new("Scores").columns(["seed", "correct"]).row([Cell::integer(1), Cell::number(0.978, 3)]);
/// let html = Page::new("context-decision").summary("97.8 % correct.").section("Results").table(table).html();
/// assert!(html.starts_with("<!doctype html>"));
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    summary: String,
    command: String,
    merits: Vec<(String, String)>,
    facts: Vec<(String, String)>,
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
enum Block {
    Section(String),
    Paragraph(String),
    Warning(String),
    Figure(Box<Figure>),
    StateSpace(Box<StateSpace>),
    Network(Box<SpatialNetwork>),
    Table(Table),
    Code(String, String),
}

impl Page {
    /// A page with a title: what was run.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Page {
        Page {
            title: title.into(),
            summary: String::new(),
            command: String::new(),
            merits: Vec::new(),
            facts: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// What came out, in one sentence.
    #[must_use]
    pub fn summary(mut self, sentence: impl Into<String>) -> Page {
        self.summary = sentence.into();
        self
    }

    /// The command that makes this page again.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Page {
        self.command = command.into();
        self
    }

    /// A number worth large type, below the summary: `("97.8 %", "correct on fresh trials")`. Four at most look well.
    #[must_use]
    pub fn figure_of_merit(mut self, value: impl Into<String>, label: impl Into<String>) -> Page {
        self.merits.push((value.into(), label.into()));
        self
    }

    /// Something that is needed to run it again: `("seed", "1")`, versions, threads, date. Nothing, if the
    /// value is empty.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Page {
        let value = value.into();
        if !value.is_empty() {
            self.facts.push((name.into(), value));
        }
        self
    }

    /// Begin a section.
    #[must_use]
    pub fn section(mut self, heading: impl Into<String>) -> Page {
        self.blocks.push(Block::Section(heading.into()));
        self
    }

    /// Add a paragraph of plain text.
    #[must_use]
    pub fn paragraph(mut self, text: impl Into<String>) -> Page {
        self.blocks.push(Block::Paragraph(text.into()));
        self
    }

    /// Add a paragraph that must not be overlooked.
    #[must_use]
    pub fn warning(mut self, text: impl Into<String>) -> Page {
        self.blocks.push(Block::Warning(text.into()));
        self
    }

    /// Add a figure with its caption and notes. Figures are numbered in order.
    #[must_use]
    pub fn figure(mut self, figure: &Figure) -> Page {
        self.blocks.push(Block::Figure(Box::new(figure.clone())));
        self
    }

    /// Add a state space as a view that turns, linked to its trials and units; without script and on paper it is its
    /// projection. It is numbered among the figures.
    #[must_use]
    pub fn state_space(mut self, space: &StateSpace) -> Page {
        self.blocks.push(Block::StateSpace(Box::new(space.clone())));
        self
    }

    /// Add a network in space as a view that turns; without script and on paper it is its projection, before and
    /// after training. It is numbered among the figures.
    #[must_use]
    pub fn network(mut self, network: &SpatialNetwork) -> Page {
        self.blocks.push(Block::Network(Box::new(network.clone())));
        self
    }

    /// Add a table.
    #[must_use]
    pub fn table(mut self, table: Table) -> Page {
        self.blocks.push(Block::Table(table));
        self
    }

    /// Add a listing, folded away under its title: the configuration, a log.
    #[must_use]
    pub fn code(mut self, title: impl Into<String>, text: impl Into<String>) -> Page {
        self.blocks.push(Block::Code(title.into(), text.into()));
        self
    }

    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let mut out = String::with_capacity(256 * 1024);
        let title = escape(&self.title);
        out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n");
        out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"attractor\">\n");
        let _ = writeln!(out, "<meta name=\"description\" content=\"{}\">", escape(&self.summary));
        let _ = writeln!(
            out,
            "<title>{title} · attractor</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n<main>\n<header>",
            theme::dark()
        );
        let _ = writeln!(out, "<p class=\"brand\">attractor</p>\n<h1>{title}</h1>");
        if !self.summary.is_empty() {
            let _ = writeln!(out, "<p class=\"summary\">{}</p>", escape(&self.summary));
        }
        self.head(&mut out);
        out.push_str("</header>\n");
        self.contents(&mut out);
        self.body(&mut out);
        let script = SCRIPTS.concat();
        let _ = write!(out, "</main>\n<script>\n{script}</script>\n</body>\n</html>\n");
        out
    }

    /// Write the page to a file: aside first, then renamed.
    ///
    /// # Errors
    /// [`ReportError::Write`] if the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        write_aside(path, self.html().as_bytes())
    }

    fn head(&self, out: &mut String) {
        if !self.merits.is_empty() {
            out.push_str("<dl class=\"merits\">\n");
            for (value, label) in &self.merits {
                let _ = writeln!(
                    out,
                    "<div><dd>{}</dd><dt>{}</dt></div>",
                    escape(value),
                    escape(label)
                );
            }
            out.push_str("</dl>\n");
        }
        if !self.command.is_empty() {
            let _ = writeln!(
                out,
                "<div class=\"command\"><pre tabindex=\"0\" aria-label=\"The command that makes this run again\"><code>{}</code></pre></div>",
                escape(&self.command)
            );
        }
        if !self.facts.is_empty() {
            out.push_str("<dl class=\"facts\">\n");
            for (name, value) in &self.facts {
                let _ =
                    writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value));
            }
            out.push_str("</dl>\n");
        }
    }

    /// Links to the sections, where there are enough to lose one's way.
    fn contents(&self, out: &mut String) {
        let headings = self.blocks.iter().filter_map(|b| match b {
            Block::Section(heading) => Some(heading),
            _ => None,
        });
        let links: Vec<String> = (1..)
            .zip(headings)
            .map(|(i, heading)| format!("<li><a href=\"#s{i}\">{}</a></li>", escape(heading)))
            .collect();
        if links.len() > 2 {
            let links = links.concat();
            let _ = writeln!(out, "<nav aria-label=\"Sections\"><ul>{links}</ul></nav>");
        }
    }

    fn body(&self, out: &mut String) {
        let mut number = 0;
        let mut section = 0;
        for block in &self.blocks {
            match block {
                Block::Section(heading) => {
                    if section > 0 {
                        out.push_str("</section>\n");
                    }
                    section += 1;
                    let heading = escape(heading);
                    let _ = writeln!(
                        out,
                        "<section aria-labelledby=\"s{section}\">\n<h2 id=\"s{section}\">{heading}</h2>"
                    );
                }
                Block::Paragraph(text) => {
                    let _ = writeln!(out, "<p>{}</p>", escape(text));
                }
                Block::Warning(text) => {
                    let _ = writeln!(
                        out,
                        "<p class=\"warning\" role=\"note\"><strong>Note.</strong> {}</p>",
                        escape(text)
                    );
                }
                Block::Figure(figure) => {
                    number += 1;
                    write_figure(out, figure, number);
                }
                Block::StateSpace(space) => {
                    number += 1;
                    let told = format!("State space that turns. {}", space.told());
                    space::write(out, &space.figure(Width::Double), &told, &json(space), number);
                }
                Block::Network(network) => {
                    number += 1;
                    let told = format!("Network in space that turns. {}", network.told());
                    let still = network.figure(Width::Double);
                    space::write(out, &still, &told, &network.json(), number);
                }
                Block::Table(table) => table.write(out),
                Block::Code(title, text) => {
                    let _ = writeln!(
                        out,
                        "<details><summary>{}</summary><pre tabindex=\"0\"><code>{}</code></pre></details>",
                        escape(title),
                        escape(text)
                    );
                }
            }
        }
        if section > 0 {
            out.push_str("</section>\n");
        }
    }
}

fn write_figure(out: &mut String, figure: &Figure, number: usize) {
    let narrow = if figure.width_mm() < 120.0 { " class=\"narrow\"" } else { "" };
    // Wider than a phone: the plate scrolls sideways, also by keyboard.
    let _ = write!(
        out,
        "<figure{narrow} style=\"--w:{:.0}mm\">\n<div class=\"plate\" tabindex=\"0\" role=\"group\" aria-label=\"Figure {number}\">{}</div>\n",
        figure.width_mm(),
        figure.inline_svg()
    );
    write_caption(out, figure, number);
    out.push_str("</figure>\n");
}

fn write_caption(out: &mut String, figure: &Figure, number: usize) {
    let _ = write!(out, "<figcaption><b>Figure {number}.</b> {}", figure.caption_label().html());
    for note in figure.notes() {
        let _ = write!(out, " <span class=\"remark\">{}</span>", escape(note));
    }
    out.push_str("</figcaption>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Axis, Color, Line, Panel, Width};

    const EVIL: &str = "</script><img src=x onerror=alert(1)> & \"quoted\" 'single'";

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let panel = Panel::new(Axis::new(EVIL), Axis::new("y"))
            .title(EVIL)
            .mark(Line::new([(0.0, 1.0), (1.0, 2.0)], Color::BLUE).name(EVIL));
        let figure = Figure::new(EVIL, Width::Double)
            .place(0, 0, panel)
            .describe(EVIL)
            .caption(EVIL)
            .note(EVIL);
        assert!(roxmltree::Document::parse(&figure.svg()).is_ok());
        let html = Page::new(EVIL)
            .summary(EVIL)
            .command(EVIL)
            .figure_of_merit(EVIL, EVIL)
            .fact(EVIL, EVIL)
            .section(EVIL)
            .paragraph(EVIL)
            .warning(EVIL)
            .figure(&figure)
            .table(Table::new(EVIL).columns([EVIL]).row([Cell::text(EVIL)]))
            .code(EVIL, EVIL)
            .html();
        assert!(!html.contains("<img"));
        assert_eq!(html.matches("</script>").count(), 1);
        assert!(!html.contains("\"quoted\"") && !html.contains("'single'"));
        assert!(html.matches("&lt;/script&gt;").count() >= 14);
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        let html = Page::new("t").html();
        assert!(html.contains("default-src 'none'"));
        for reach in
            ["src=\"http", "href=\"http", "url(http", "@import", "fetch(", "XMLHttpRequest"]
        {
            assert!(!html.contains(reach), "{reach}");
        }
    }

    #[test]
    fn sections_close_and_figures_are_numbered() {
        let f = Figure::new("f", Width::Single);
        let html = Page::new("t").section("a").figure(&f).section("b").figure(&f).html();
        assert_eq!((html.matches("<section ").count(), html.matches("</section>").count()), (2, 2));
        assert!(html.contains("<b>Figure 2.</b>"));
    }
}
