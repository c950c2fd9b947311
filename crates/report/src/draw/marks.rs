//! Marks inside a panel.

use std::rc::Rc;

use super::View;
use crate::{
    clip::visible,
    color::Color,
    colormap::Colormap,
    font,
    guide::Words,
    label::Label,
    layout::{CAP, LINE, TEXT},
    mark::{Bars, Dots, Heat, Mark},
    scene::{Anchor, Bitmap, Group, Scene, Shape, Stroke},
    spread::{Ribbon, Whiskers},
    ticks::number,
};

/// Draw a mark, cut to its panel, as a group that knows its name.
pub(super) fn mark(scene: &mut Scene, view: &View, mark: &Mark) {
    let known = match mark {
        Mark::Line(m) => Some((m.name.clone(), m.offset, None)),
        Mark::Dots(m) => Some((m.name.clone(), 0.0, None)),
        Mark::Heat(m) => Some((None, 0.0, Some(m.limits))),
        Mark::Bars(m) => Some((m.name.clone(), 0.0, None)),
        _ => None,
    };
    let Some((name, offset, colors)) = known else { return drawn(scene, view, mark) };
    let name = name.map_or(String::new(), |name| name.plain());
    scene.shapes.push(Shape::Open(Rc::new(Group::Mark { name, offset, colors })));
    drawn(scene, view, mark);
    scene.shapes.push(Shape::Close);
}

fn drawn(scene: &mut Scene, view: &View, mark: &Mark) {
    let f = view.frame;
    match mark {
        Mark::Line(m) => {
            let stroke = Stroke { color: m.color, width: m.width, dash: m.dash };
            curve(scene, view, m.points.iter().map(|&p| view.point(p)), stroke);
        }
        Mark::Dots(m) => {
            let centres: Vec<_> =
                m.points.iter().filter_map(|&p| view.point(p)).filter(|&p| f.contains(p)).collect();
            if !centres.is_empty() {
                dots(scene, m, centres, m.radius);
            }
        }
        Mark::Band(m) => {
            if let (Some(a), Some(b)) = (view.x(m.from), view.x(m.to)) {
                let (a, b) = (a.clamp(f.x0, f.x1), b.clamp(f.x0, f.x1));
                if b > a {
                    scene.rect(a, f.y0, b - a, f.height(), m.color);
                }
            }
        }
        Mark::Rule(m) => {
            let ends = if m.upright {
                view.x(m.at).map(|x| [(x, f.y0), (x, f.y1)])
            } else {
                view.y(m.at).map(|y| [(f.x0, y), (f.x1, y)])
            };
            if let Some(ends) = ends.filter(|e| f.contains(e[0])) {
                scene.line(ends.to_vec(), Stroke { color: m.color, width: m.width, dash: m.dash });
            }
        }
        Mark::Ring(m) => {
            let round = (0..=180).map(|i| {
                let angle = f64::from(i) * std::f64::consts::TAU / 180.0;
                view.point((
                    m.centre.0 + m.radius * angle.cos(),
                    m.centre.1 + m.radius * angle.sin(),
                ))
            });
            curve(
                scene,
                view,
                round,
                Stroke { color: m.color, width: 0.6, dash: Some([2.0, 1.5]) },
            );
        }
        Mark::Heat(m) => heat(scene, view, m),
        Mark::Bars(m) => bars(scene, view, m),
        Mark::Words(m) => words(scene, view, m),
        Mark::Ribbon(m) => ribbon(scene, view, m),
        Mark::Whiskers(m) => whiskers(scene, view, m),
    }
}

/// Points in the look of a mark.
pub(super) fn dots(scene: &mut Scene, m: &Dots, centres: Vec<(f64, f64)>, radius: f64) {
    let edge = m.edge.map(|color| (color, if radius < 1.5 { 0.35 } else { 0.6 }));
    let (fill, stroke) = if m.open { (None, Some((m.color, 0.5))) } else { (Some(m.color), edge) };
    let corners = m.marker.corners(radius);
    scene.shapes.push(if corners.is_empty() {
        Shape::Dots { centres, radius, fill, stroke }
    } else {
        let placed = |&(x, y): &(f64, f64)| corners.iter().map(|c| (x + c.0, y + c.1)).collect();
        Shape::Areas { pieces: centres.iter().map(placed).collect(), fill, stroke }
    });
}

/// Upper edge forth, lower edge back; what is beyond the panel lies on its edge.
fn ribbon(scene: &mut Scene, view: &View, m: &Ribbon) {
    let f = view.frame;
    let place = |&(x, low, high): &(f64, f64, f64)| {
        let (a, b) = (view.point((x, low))?, view.point((x, high))?);
        let inside = (f.x0 - 1e-6..=f.x1 + 1e-6).contains(&a.0);
        inside.then(|| (a.0, a.1.clamp(f.y0, f.y1), b.1.clamp(f.y0, f.y1)))
    };
    let placed: Vec<Option<(f64, f64, f64)>> = m.points.iter().map(place).collect();
    let runs = placed.split(Option::is_none).map(|run| run.iter().flatten());
    let around = |run: std::iter::Flatten<std::slice::Iter<'_, Option<(f64, f64, f64)>>>| {
        let upper = run.clone().map(|p| (p.0, p.2));
        upper.chain(run.rev().map(|p| (p.0, p.1))).collect::<Vec<_>>()
    };
    let pieces: Vec<_> = runs.map(around).filter(|p| p.len() > 2).collect();
    if !pieces.is_empty() {
        scene.shapes.push(Shape::Areas { pieces, fill: Some(m.color), stroke: None });
    }
}

fn whiskers(scene: &mut Scene, view: &View, m: &Whiskers) {
    const END: f64 = 1.4;
    let f = view.frame;
    let mut pieces = Vec::new();
    for &(x, low, high) in &m.intervals {
        let Some((a, b)) = view.point((x, low)).zip(view.point((x, high))) else { continue };
        if a.0 < f.x0 || a.0 > f.x1 {
            continue;
        }
        let ends = [a.1.clamp(f.y0, f.y1), b.1.clamp(f.y0, f.y1)];
        pieces.push(vec![(a.0, ends[0]), (a.0, ends[1])]);
        // An interval that leaves the panel has no end there.
        for (end, full) in ends.into_iter().zip([a.1, b.1]) {
            if (f.y0..=f.y1).contains(&full) {
                pieces.push(vec![(a.0 - END, end), (a.0 + END, end)]);
            }
        }
    }
    if !pieces.is_empty() {
        let stroke = Stroke::solid(m.color, 0.7);
        scene.shapes.push(Shape::Lines { pieces, closed: false, stroke });
    }
}

fn curve(
    scene: &mut Scene,
    view: &View,
    points: impl Iterator<Item = Option<(f64, f64)>>,
    stroke: Stroke,
) {
    let pieces = visible(points, &view.frame, scene.bin);
    if !pieces.is_empty() {
        scene.shapes.push(Shape::Lines { pieces, closed: false, stroke });
    }
}

fn heat(scene: &mut Scene, view: &View, m: &Heat) {
    let f = view.frame;
    let corners = (view.point((m.x.0, m.y.0)), view.point((m.x.1, m.y.1)));
    let (Some(a), Some(b)) = corners else { return };
    let (x0, x1) = (a.0.min(b.0), a.0.max(b.0));
    let (y0, y1) = (a.1.min(b.1), a.1.max(b.1));
    let (small, _) = m.matrix.reduced(m.most.0, m.most.1);
    if small.rows() == 0 || small.columns() == 0 {
        return;
    }
    // A heat-map is drawn whole or not at all: panels with one take their range from it.
    if !(f.contains((x0, y0)) && f.contains((x1, y1))) {
        return;
    }
    let bitmap = enlarged(
        small.rows(),
        small.columns(),
        |r, c| Colormap::index(small.at(r, c), m.limits.0, m.limits.1),
        m.map,
    );
    scene.shapes.push(Shape::Image {
        x: x0,
        y: y0,
        width: x1 - x0,
        height: y1 - y0,
        bitmap: Rc::new(bitmap),
    });
}

/// Cells repeated until neither side is short of 160 pixels: viewers that smooth pictures then blur an edge, not a
/// cell. Repetition compresses to next to nothing.
fn enlarged(
    rows: usize,
    columns: usize,
    level: impl Fn(usize, usize) -> u8,
    map: Colormap,
) -> Bitmap {
    let (ky, kx) = (160usize.div_ceil(rows).min(40), 160usize.div_ceil(columns).min(40));
    let mut pixels = Vec::with_capacity(rows * columns * kx * ky);
    for r in 0..rows {
        let line: Vec<u8> =
            (0..columns).flat_map(|c| std::iter::repeat_n(level(r, c), kx)).collect();
        for _ in 0..ky {
            pixels.extend_from_slice(&line);
        }
    }
    Bitmap { width: columns * kx, height: rows * ky, pixels, palette: map.palette() }
}

fn bars(scene: &mut Scene, view: &View, m: &Bars) {
    let f = view.frame;
    let clamp = |y: f64| y.clamp(f.y0, f.y1);
    let Some(zero) = view.y(0.0).map(clamp) else {
        return;
    };
    for &(x, value) in &m.bars {
        let (Some(a), Some(b)) = (view.x(x - m.width / 2.0), view.x(x + m.width / 2.0)) else {
            continue;
        };
        let (a, b) = (a.max(f.x0), b.min(f.x1));
        if b <= a {
            continue;
        }
        let end = view.y(value).map(clamp);
        if let Some(y) = end {
            let (top, bottom) = (y.min(zero), y.max(zero));
            if bottom > top {
                scene.rect(a, top, b - a, bottom - top, m.color);
            }
        }
        let text = Label::from(if value.is_finite() && value.abs() < 10.0 {
            format!("{value:.2}").replace('-', "−")
        } else {
            number(value, 2)
        });
        if m.values && font::width(&text, 6.0) < (b - a) * 1.15 {
            // Negative bars hang down: their value stands on the zero line, where nothing else is.
            let base = end.map_or(zero, |y| y.min(zero)) - 1.8;
            scene.text((a + b) / 2.0, base, text, 6.0, Anchor::Middle, Color::INK);
        }
    }
}

fn words(scene: &mut Scene, view: &View, m: &Words) {
    let f = view.frame;
    let y = if m.at.1 == f64::INFINITY { Some(f.y0) } else { view.y(m.at.1) };
    let Some((x, y)) = view.x(m.at.0).zip(y).filter(|&p| f.contains(p)) else {
        return;
    };
    let (anchor, room) =
        if m.centred { (Anchor::Middle, f.width()) } else { (Anchor::Start, f.x1 - x - 2.0) };
    let x = if m.centred { x } else { x + 2.0 };
    if room > 8.0 {
        scene.text(
            x,
            y + CAP + 1.0 + m.drop * LINE,
            m.label.fitted(TEXT, room),
            TEXT,
            anchor,
            m.color,
        );
    }
}
