//! Panels on a page of a journal's width: laid out once, written as SVG and as PNG.

use std::path::{Path, PathBuf};

use crate::{
    clip::Frame,
    draw,
    error::{ReportError, write_aside},
    label::Label,
    layout::{self, Margins},
    mark::Mark,
    panel::Panel,
    raster,
    scene::{MM, Scene},
    svg,
};

/// Width of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Width {
    /// One column, 85 mm.
    Single,
    /// One and a half columns, 114 mm.
    Middle,
    /// Two columns, 174 mm.
    Double,
    /// Another width in millimetres.
    Mm(f64),
}

impl Width {
    /// The width in millimetres, between 20 and 1000.
    #[must_use]
    pub fn mm(self) -> f64 {
        match self {
            Width::Single => 85.0,
            Width::Middle => 114.0,
            Width::Double => 174.0,
            Width::Mm(mm) if mm.is_finite() => mm.clamp(20.0, 1000.0),
            Width::Mm(_) => 85.0,
        }
    }
}

/// Height of a row of panels, without what stands around the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Height {
    /// Millimetres.
    Mm(f64),
    /// As high as its first panel is wide.
    Square,
}

/// No figure file is larger than this, in bytes.
pub const MAX_BYTES: usize = 300_000;

const PAGE_EDGE: f64 = 2.5;
const FINE: f64 = 0.2;
const COLUMN_GAP: f64 = 10.0;
const ROW_GAP: f64 = 7.0;

/// A figure: panels in a grid, with a title and a description for those who cannot see it.
///
/// The axes of a column line up, and so do those of a row; margins are as wide as the labels need.
///
/// ```
/// use attractor_report::{Axis, Color, Figure, Height, Line, Panel, Width};
/// let curve = Line::new((0..100).map(|t| (f64::from(t), (f64::from(t) / 9.0).sin())), Color::BLUE).name("unit 3");
/// let panel = Panel::new(Axis::new("time (ms)"), Axis::new("rate")).mark(curve);
/// let figure = Figure::new("One unit", Width::Single).rows([Height::Mm(30.0)]).place(0, 0, panel);
/// assert!(figure.svg().contains("width=\"85mm\""));
/// ```
#[derive(Clone, Debug)]
pub struct Figure {
    title: String,
    description: String,
    caption: Label,
    width: f64,
    columns: Vec<f64>,
    rows: Vec<Height>,
    cells: Vec<Cell>,
    notes: Vec<String>,
}

#[derive(Clone, Debug)]
struct Cell {
    row: usize,
    column: usize,
    span: usize,
    panel: Panel,
}

impl Figure {
    /// An empty figure of one row and one column.
    #[must_use]
    pub fn new(title: impl Into<String>, width: Width) -> Figure {
        Figure {
            title: title.into(),
            description: String::new(),
            caption: Label::new(),
            width: width.mm() * MM,
            columns: vec![1.0],
            rows: vec![Height::Mm(40.0)],
            cells: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Relative widths of the columns.
    #[must_use]
    pub fn columns(mut self, weights: impl IntoIterator<Item = f64>) -> Figure {
        self.columns = weights
            .into_iter()
            .map(|w| if w.is_finite() { w.clamp(0.01, 100.0) } else { 1.0 })
            .collect();
        self
    }

    /// Heights of the rows.
    #[must_use]
    pub fn rows(mut self, heights: impl IntoIterator<Item = Height>) -> Figure {
        self.rows = heights.into_iter().collect();
        self
    }

    /// Put a panel into the grid. A place the grid does not have is added to it.
    #[must_use]
    pub fn place(self, row: usize, column: usize, panel: Panel) -> Figure {
        self.place_across(row, column, 1, panel)
    }

    /// Put a panel across several columns.
    #[must_use]
    pub fn place_across(mut self, row: usize, column: usize, span: usize, panel: Panel) -> Figure {
        let span = span.max(1);
        // A grid beyond a thousand places a side is a slip of the pen; it is drawn at the edge.
        let (row, column) = (row.min(999), column.min(999));
        let span = span.min(1000 - column);
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Height::Mm(40.0));
        }
        if self.columns.len() < column + span {
            self.columns.resize(column + span, 1.0);
        }
        for note in panel.marks.iter().filter_map(Mark::confession) {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        self.cells.push(Cell { row, column, span, panel });
        self
    }

    /// What the figure shows, in words, for screen readers: the course of the curves, not their colours.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Figure {
        self.description = description.into();
        self
    }

    /// The text below the figure on a page.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<Label>) -> Figure {
        self.caption = caption.into();
        self
    }

    /// A remark that belongs to the caption.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Figure {
        let note = note.into();
        if !note.is_empty() && !self.notes.contains(&note) {
            self.notes.push(note);
        }
        self
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The caption.
    #[must_use]
    pub fn caption_label(&self) -> &Label {
        &self.caption
    }

    /// What was left out, averaged or cut, in sentences. Pages show it below the caption.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Width in millimetres.
    #[must_use]
    pub fn width_mm(&self) -> f64 {
        self.width / MM
    }

    /// Height in millimetres, once laid out.
    #[must_use]
    pub fn height_mm(&self) -> f64 {
        self.scene(FINE).height / MM
    }

    /// The figure as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        self.written(false)
    }

    /// The figure as an SVG element for a page, labelled for screen readers.
    pub(crate) fn inline_svg(&self) -> String {
        self.written(true)
    }

    /// The figure as a PNG file at this resolution (dots per inch).
    #[must_use]
    pub fn png(&self, dpi: f64) -> Vec<u8> {
        raster::png(&self.scene(FINE), dpi)
    }

    /// Write `<name>.svg` and `<name>.png` into a directory, made if missing: each aside first, then renamed. The
    /// PNG has 300 dpi, or as much less as keeps it within [`MAX_BYTES`].
    ///
    /// # Errors
    /// [`ReportError::Write`] with the file that could not be written.
    pub fn write(&self, dir: &Path, name: &str) -> Result<[PathBuf; 2], ReportError> {
        let paths = [dir.join(format!("{name}.svg")), dir.join(format!("{name}.png"))];
        write_aside(&paths[0], self.svg().as_bytes())?;
        let scene = self.scene(FINE);
        let mut dpi = 300.0;
        let mut picture = raster::png(&scene, dpi);
        while picture.len() > MAX_BYTES && dpi > 75.0 {
            dpi -= 50.0;
            picture = raster::png(&scene, dpi);
        }
        write_aside(&paths[1], &picture)?;
        Ok(paths)
    }

    fn spoken(&self) -> String {
        let caption = self.caption.plain();
        let mut parts = vec![if self.description.is_empty() {
            caption.as_str()
        } else {
            self.description.as_str()
        }];
        parts.extend(self.notes.iter().map(String::as_str));
        parts.retain(|p| !p.is_empty());
        parts.join(" ")
    }

    /// As SVG, with curves as fine as the limit on the size allows: 0.2 pt, which no eye resolves, and coarser only
    /// where dozens of noisy curves meet.
    fn written(&self, inline: bool) -> String {
        let mut bin = FINE;
        loop {
            let svg = svg::write(&self.scene(bin), &self.title, &self.spoken(), inline);
            if svg.len() <= MAX_BYTES || bin > 4.0 {
                return svg;
            }
            bin *= 1.6;
        }
    }

    /// Lay out and draw, with curves thinned to steps of `bin` points.
    fn scene(&self, bin: f64) -> Scene {
        let count = self.columns.len().max(1) as f64;
        let guess = (self.width / count * 0.75).max(10.0);
        let height_guess = |row: usize| match self.rows[row] {
            Height::Mm(mm) => points(mm),
            Height::Square => guess,
        };
        let mut side = vec![Margins::default(); self.columns.len()];
        for cell in &self.cells {
            let needed =
                layout::sides(&cell.panel, height_guess(cell.row), guess * cell.span as f64);
            let (first, last) = (cell.column, cell.column + cell.span - 1);
            side[first].left = side[first].left.max(needed.left);
            side[last].right = side[last].right.max(needed.right);
        }
        let around: f64 = side.iter().map(|m| m.left + m.right).sum::<f64>()
            + (count - 1.0) * COLUMN_GAP
            + 2.0 * PAGE_EDGE;
        let weight: f64 = self.columns.iter().sum::<f64>().max(0.01);
        let free = (self.width - around).max(12.0 * count);
        let mut columns: Vec<(f64, f64)> = Vec::with_capacity(self.columns.len());
        let mut x = PAGE_EDGE;
        for (w, m) in self.columns.iter().zip(&side) {
            let width = free * w / weight;
            columns.push((x + m.left, x + m.left + width));
            x += m.left + width + m.right + COLUMN_GAP;
        }
        let across = |cell: &Cell| (columns[cell.column].0, columns[cell.column + cell.span - 1].1);
        let mut scene = Scene { width: self.width, bin, ..Scene::default() };
        let mut y = PAGE_EDGE;
        for row in 0..self.rows.len() {
            let cells: Vec<&Cell> = self.cells.iter().filter(|c| c.row == row).collect();
            let Some(first) = cells.first() else { continue };
            let height = match self.rows[row] {
                Height::Mm(mm) => points(mm),
                Height::Square => across(first).1 - across(first).0,
            };
            let mut ends = Margins::default();
            for cell in &cells {
                let (x0, x1) = across(cell);
                let needed = layout::ends(&cell.panel, x1 - x0);
                ends.top = ends.top.max(needed.top);
                ends.bottom = ends.bottom.max(needed.bottom);
            }
            let (y0, y1) = (y + ends.top, y + ends.top + height);
            for cell in &cells {
                let (x0, x1) = across(cell);
                let (left, right) =
                    (side[cell.column].left, side[cell.column + cell.span - 1].right);
                draw::panel(
                    &mut scene,
                    &cell.panel,
                    Frame { x0, y0, x1, y1 },
                    Margins { left, right, ..ends },
                );
            }
            y = y1 + ends.bottom + ROW_GAP;
        }
        scene.height = (y - ROW_GAP + PAGE_EDGE).max(10.0);
        scene
    }
}

fn points(mm: f64) -> f64 {
    (if mm.is_finite() { mm } else { 40.0 }).clamp(3.0, 1000.0) * MM
}
