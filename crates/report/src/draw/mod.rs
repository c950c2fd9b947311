//! A panel onto the page: axes, marks, legend, colour bar.

mod around;
mod marks;

use std::rc::Rc;

use around::{colorbar, legend_entry};

use crate::{
    axis::Axis,
    clip::Frame,
    color::Color,
    layout::{
        CAP, LABEL_GAP, LEGEND_GAP, LINE, Margins, TEXT, TICK, TICK_GAP, after, entries,
        legend_rows, level_ticks, scales, sides, upright_ticks,
    },
    panel::{Legend, Panel},
    scale::Scale,
    scene::{Anchor, Group, Measure, Scene, Shape, Stroke},
};

const AXIS: Stroke = Stroke { color: Color::INK, width: 0.5, dash: None };

/// Panel heights away from the panel.
const FAR: f64 = 1e5;

/// Page coordinates of data. Far outside the page they stay where clipping is still exact.
struct View {
    frame: Frame,
    x: Scale,
    y: Scale,
}

impl View {
    fn x(&self, v: f64) -> Option<f64> {
        self.x.position(v).map(|p| self.frame.x0 + p.clamp(-FAR, FAR) * self.frame.width())
    }

    fn y(&self, v: f64) -> Option<f64> {
        self.y.position(v).map(|p| self.frame.y1 - p.clamp(-FAR, FAR) * self.frame.height())
    }

    fn point(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x(x)?, self.y(y)?))
    }
}

/// Draw a panel whose axes fill `frame`; `margins` are those of its row and column.
pub(crate) fn panel(scene: &mut Scene, panel: &Panel, frame: Frame, margins: Margins) {
    let (mut x, mut y) = scales(panel);
    if panel.equal {
        (x, y) = equalised(x, y, &frame);
    }
    let view = View { frame, x, y };
    let measure = |axis: &Axis, scale: &Scale| Measure {
        label: axis.label.plain(),
        scale: *scale,
        named: axis.is_given().then(|| axis.named_places()),
    };
    let (across, up) = (measure(&panel.x, &view.x), measure(&panel.y, &view.y));
    scene.shapes.push(Shape::Open(Rc::new(Group::Panel { frame, x: across, y: up })));
    for mark in &panel.marks {
        marks::mark(scene, &view, mark);
    }
    scene.shapes.push(Shape::Close);
    level_axis(scene, &view, &panel.x);
    upright_axis(scene, &view, &panel.y, label_offset(panel, &frame, margins.left));
    let top = frame.y0 - 3.0;
    if panel.legend == Legend::Above {
        let rows = legend_rows(panel, frame.width());
        for (i, row) in rows.iter().enumerate() {
            let base = top - (rows.len() - 1 - i) as f64 * LINE - 1.0;
            let mut at = frame.x0;
            for entry in row {
                legend_entry(scene, entry, at, base);
                at += after(entry);
            }
        }
    }
    // Titles of a row stand in one line, whatever is between them and the axes.
    let widest = frame.width() + margins.right;
    scene.text(
        frame.x0,
        frame.y0 - margins.top + CAP + 0.5,
        panel.title.fitted(TEXT, widest),
        TEXT,
        Anchor::Start,
        Color::INK,
    );
    if panel.legend == Legend::Right {
        for (i, entry) in entries(panel).iter().enumerate() {
            legend_entry(
                scene,
                entry,
                frame.x1 + LEGEND_GAP,
                frame.y0 + CAP + 1.0 + i as f64 * LINE,
            );
        }
    }
    if let (Some(label), Some(heat)) = (&panel.colorbar, panel.heat()) {
        colorbar(scene, &frame, heat, label);
    }
    if let Some((height, label)) = &panel.scale_bar {
        let ends = view.y(view.y.lo).zip(view.y(view.y.lo + height));
        if let Some((a, b)) = ends.filter(|(_, b)| *b >= frame.y0) {
            let x = frame.x1 + 3.0;
            scene.line(vec![(x, a), (x, b)], Stroke::solid(Color::INK, 0.9));
            scene.text(
                x + 3.0,
                (a + b) / 2.0 + CAP / 2.0,
                label.clone(),
                TEXT,
                Anchor::Start,
                Color::INK,
            );
        }
    }
}

/// How far left of the axes the upright label stands: labels of a column in one line, unless that would part one
/// from its numbers.
fn label_offset(panel: &Panel, frame: &Frame, column: f64) -> f64 {
    let own = sides(panel, frame.height(), frame.width()).left;
    if column - own > 16.0 { own } else { column }
}

/// The wider of the two scales decides; the other grows around its middle.
fn equalised(x: Scale, y: Scale, frame: &Frame) -> (Scale, Scale) {
    let unit = ((x.hi - x.lo) / frame.width()).max((y.hi - y.lo) / frame.height());
    let grown = |s: Scale, length: f64| {
        let (mid, half) = ((s.lo + s.hi) / 2.0, unit * length / 2.0);
        Scale { lo: mid - half, hi: mid + half, log: false }
    };
    (grown(x, frame.width()), grown(y, frame.height()))
}

fn level_axis(scene: &mut Scene, view: &View, axis: &Axis) {
    let f = view.frame;
    let ticks = level_ticks(axis, &view.x, f.width());
    let mut below = f.y1;
    if axis.line {
        let mut pieces = vec![vec![(f.x0, f.y1), (f.x1, f.y1)]];
        let tick = |v: f64, length: f64| view.x(v).map(|x| vec![(x, f.y1), (x, f.y1 + length)]);
        pieces.extend(ticks.major.iter().filter_map(|t| tick(t.0, TICK)));
        pieces.extend(ticks.minor.iter().filter_map(|&v| tick(v, TICK * 0.6)));
        scene.shapes.push(Shape::Lines { pieces, closed: false, stroke: AXIS });
        below += TICK;
    }
    if axis.numbers {
        below += TICK_GAP + CAP;
        for (v, label) in &ticks.major {
            if let Some(x) = view.x(*v) {
                scene.text(x, below, label.clone(), TEXT, Anchor::Middle, Color::INK);
            }
        }
        if axis.second_lines().next().is_some() {
            below += LINE;
            for (v, label) in axis.second_lines() {
                if let Some(x) = view.x(v) {
                    scene.text(
                        x,
                        below,
                        label.clone(),
                        TEXT,
                        Anchor::Middle,
                        Color::GREY.mix(Color::INK, 0.4),
                    );
                }
            }
        }
        below += 1.0;
    }
    let middle = (f.x0 + f.x1) / 2.0;
    scene.text(
        middle,
        below + LABEL_GAP + CAP,
        axis.label.clone(),
        TEXT,
        Anchor::Middle,
        Color::INK,
    );
}

fn upright_axis(scene: &mut Scene, view: &View, axis: &Axis, left: f64) {
    let f = view.frame;
    let ticks = upright_ticks(axis, &view.y, f.height());
    let mut beside = f.x0;
    if axis.line {
        let mut pieces = vec![vec![(f.x0, f.y0), (f.x0, f.y1)]];
        let tick = |v: f64, length: f64| view.y(v).map(|y| vec![(f.x0, y), (f.x0 - length, y)]);
        pieces.extend(ticks.major.iter().filter_map(|t| tick(t.0, TICK)));
        pieces.extend(ticks.minor.iter().filter_map(|&v| tick(v, TICK * 0.6)));
        scene.shapes.push(Shape::Lines { pieces, closed: false, stroke: AXIS });
        beside -= TICK;
    }
    if axis.numbers {
        for (v, label) in &ticks.major {
            if let Some(y) = view.y(*v) {
                scene.text(
                    beside - TICK_GAP,
                    y + CAP / 2.0,
                    label.clone(),
                    TEXT,
                    Anchor::End,
                    Color::INK,
                );
            }
        }
    }
    let x = f.x0 - left + CAP;
    scene.text_upright(x, (f.y0 + f.y1) / 2.0, axis.label.clone(), TEXT, Color::INK);
}
