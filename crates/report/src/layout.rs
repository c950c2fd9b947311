//! How much room a panel needs around its axes, and where in it things go.

use crate::{
    axis::Axis,
    font,
    label::Label,
    mark::Mark,
    panel::{Legend, Panel},
    scale::Scale,
    ticks::Ticks,
};

/// Text size in points, everywhere: what journals ask of figures.
pub(crate) const TEXT: f64 = 7.0;
/// Line height.
pub(crate) const LINE: f64 = 8.6;
/// Length of a tick.
pub(crate) const TICK: f64 = 2.2;
/// Between a tick and its label.
pub(crate) const TICK_GAP: f64 = 1.8;
/// Between tick labels and axis label.
pub(crate) const LABEL_GAP: f64 = 3.2;
/// Height of capitals.
pub(crate) const CAP: f64 = TEXT * font::CAP_HEIGHT;
/// What hangs below the base line.
pub(crate) const DESCENT: f64 = TEXT * 0.22;
/// The colour bar and the space before it.
pub(crate) const BAR: (f64, f64) = (5.0, 5.0);
/// Legend: length of a key, space after it, space between entries, longest entry.
pub(crate) const KEY: f64 = 10.0;
pub(crate) const KEY_GAP: f64 = 3.0;
const ENTRY_GAP: f64 = 9.0;
const LONGEST_ENTRY: f64 = 110.0;
/// A legend on the right stands off by this.
pub(crate) const LEGEND_GAP: f64 = 7.0;

/// Space around the axes, in points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Margins {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

/// The scales of a panel from everything in it.
pub(crate) fn scales(panel: &Panel) -> (Scale, Scale) {
    let extents: Vec<(f64, f64)> = panel.marks.iter().flat_map(Mark::extent).collect();
    (panel.x.scale(extents.iter().map(|p| p.0)), panel.y.scale(extents.iter().map(|p| p.1)))
}

/// Ticks of an upright axis of this height.
pub(crate) fn upright_ticks(axis: &Axis, scale: &Scale, height: f64) -> Ticks {
    axis.ticks(scale, ((height / 15.0) as usize).clamp(2, 6))
}

/// Ticks of a level axis of this width: as many as fit without touching.
pub(crate) fn level_ticks(axis: &Axis, scale: &Scale, width: f64) -> Ticks {
    let mut most = ((width / 19.0) as usize).clamp(2, 8);
    loop {
        let ticks = axis.ticks(scale, most);
        let mut end = f64::NEG_INFINITY;
        let fits = ticks.major.iter().all(|(v, label)| {
            let half = font::width(label, TEXT) / 2.0;
            let x = scale.position(*v).unwrap_or(0.0) * width;
            let free = x - half > end + 4.0;
            end = x + half;
            free
        });
        if fits || most <= 2 || axis.is_given() {
            return ticks;
        }
        most -= 1;
    }
}

/// Margins that do not depend on the final width: left and right for axes of this height.
pub(crate) fn sides(panel: &Panel, height: f64, width_guess: f64) -> Margins {
    let (x, y) = scales(panel);
    let mut margins = Margins { left: 1.0, right: 1.0, ..Margins::default() };
    let ticks = upright_ticks(&panel.y, &y, height);
    if panel.y.line && !ticks.major.is_empty() {
        margins.left = TICK;
    }
    if panel.y.numbers {
        let widest = ticks.major.iter().map(|t| font::width(&t.1, TEXT)).fold(0.0, f64::max);
        if widest > 0.0 {
            margins.left =
                margins.left.max(if panel.y.line { TICK } else { 0.0 } + TICK_GAP + widest);
        }
    }
    if !panel.y.label.is_empty() {
        margins.left += LABEL_GAP + TEXT;
    }
    if panel.x.numbers {
        // The last label reaches past the end of its axis by up to half its width.
        let ticks = level_ticks(&panel.x, &x, width_guess);
        for (v, label) in &ticks.major {
            let past = font::width(label, TEXT) / 2.0
                - (1.0 - x.position(*v).unwrap_or(0.0)) * width_guess;
            margins.right = margins.right.max(past);
            let before =
                font::width(label, TEXT) / 2.0 - x.position(*v).unwrap_or(0.0) * width_guess;
            margins.left = margins.left.max(before);
        }
    }
    if let Some((_, label)) = &panel.scale_bar {
        margins.right = margins.right.max(6.0 + font::width(label, TEXT));
    }
    if let (Some(label), Some(heat)) = (&panel.colorbar, panel.heat()) {
        let ticks = upright_ticks(&Axis::new(""), &bar_scale(heat.limits), height);
        let widest = ticks.major.iter().map(|t| font::width(&t.1, TEXT)).fold(0.0, f64::max);
        let mut right = BAR.0 + BAR.1 + TICK + TICK_GAP + widest;
        if !label.is_empty() {
            right += LABEL_GAP + TEXT;
        }
        margins.right = margins.right.max(right);
    }
    if panel.legend == Legend::Right {
        let entries = entries(panel);
        let widest = entries.iter().map(|e| e.width).fold(0.0, f64::max);
        if widest > 0.0 {
            margins.right = margins.right.max(LEGEND_GAP + widest);
        }
    }
    margins
}

/// Margins above and below for axes of this width.
pub(crate) fn ends(panel: &Panel, width: f64) -> Margins {
    let mut margins = Margins { top: 2.0, bottom: 1.0, ..Margins::default() };
    if panel.y.numbers && panel.y.line {
        margins.top = CAP / 2.0 + 0.5;
        margins.bottom = CAP / 2.0;
    }
    if panel.legend == Legend::Above {
        let rows = legend_rows(panel, width).len();
        if rows > 0 {
            margins.top = rows as f64 * LINE + 3.0;
        }
    }
    if !panel.title.is_empty() {
        margins.top += LINE + 1.0;
    }
    if panel.x.line {
        margins.bottom = margins.bottom.max(TICK);
    }
    if panel.x.numbers {
        margins.bottom = if panel.x.line { TICK } else { 0.0 } + TICK_GAP + CAP + 1.0;
        if panel.x.second_lines().next().is_some() {
            margins.bottom += LINE;
        }
    }
    if !panel.x.label.is_empty() {
        margins.bottom += LABEL_GAP + CAP + DESCENT;
    }
    margins
}

/// One line of a legend.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) label: Label,
    pub(crate) mark: Mark,
    pub(crate) width: f64,
}

/// The legend's entries with their widths.
pub(crate) fn entries(panel: &Panel) -> Vec<Entry> {
    let entry = |(label, mark): (&Label, &Mark)| {
        let label = label.fitted(TEXT, LONGEST_ENTRY);
        let width = KEY + KEY_GAP + font::width(&label, TEXT);
        Entry { label, mark: without_data(mark), width }
    };
    panel.named().into_iter().map(entry).collect()
}

/// A legend needs the look of a mark, not its points.
fn without_data(mark: &Mark) -> Mark {
    let mut mark = mark.clone();
    match &mut mark {
        Mark::Line(m) => m.points.clear(),
        Mark::Dots(m) => m.points.clear(),
        Mark::Bars(m) => m.bars.clear(),
        Mark::Ribbon(m) => m.points.clear(),
        _ => {}
    }
    mark
}

/// Entries in rows that fit the width.
pub(crate) fn legend_rows(panel: &Panel, width: f64) -> Vec<Vec<Entry>> {
    let mut rows: Vec<Vec<Entry>> = Vec::new();
    let mut used = f64::INFINITY;
    for entry in entries(panel) {
        if used + entry.width > width {
            rows.push(Vec::new());
            used = 0.0;
        }
        used += entry.width + ENTRY_GAP;
        if let Some(row) = rows.last_mut() {
            row.push(entry);
        }
    }
    rows
}

/// Where the next entry of a row starts.
pub(crate) fn after(entry: &Entry) -> f64 {
    entry.width + ENTRY_GAP
}

/// The scale along a colour bar.
pub(crate) fn bar_scale(limits: (f64, f64)) -> Scale {
    Scale::new(limits.0, limits.1, false)
}
