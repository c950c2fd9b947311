//! The state space on paper: a projection without perspective, and the plane of the first two axes.

use super::{
    Kind, Projection, StateSpace,
    frame::{Bounds, labelled_edge},
};
use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Height, Width},
    figures::lettered,
    font,
    guide::Words,
    label::Label,
    layout::{CAP, TEXT},
    mark::{Dots, Line, Mark},
    matrix::tame,
    panel::{Legend, Panel},
    scene::MM,
};

/// What no eye resolves in a box of side 2 drawn 60 mm wide.
const FINE: f64 = 0.002;

pub(super) fn figure(space: &StateSpace, width: Width) -> Figure {
    let two = width.mm() > 140.0;
    // What the first panel is given, about: its names are placed by their size on paper.
    let room = if two { 0.5 * width.mm() - 5.0 } else { width.mm() - 5.0 };
    let (solid, aspect) = solid(space, room);
    let height = (room * aspect).clamp(30.0, 90.0);
    let figure = Figure::new("State space", width).rows([Height::Mm(height)]);
    let figure = if two {
        figure.columns([1.15, 1.0]).place(0, 0, solid.title(lettered('a', ""))).place(
            0,
            1,
            plane(space).title(lettered('b', "")).legend(Legend::None),
        )
    } else {
        figure.place(0, 0, solid)
    };
    let axes: Vec<String> = space.axes.iter().map(Label::plain).collect();
    let counts = space.counts();
    let ends = if space.trajectories.is_empty() {
        ""
    } else {
        " Rings: begin of a trajectory; dots: its end."
    };
    let positions = space.trajectories.iter().flat_map(|t| &t.points);
    let left_out = positions.filter(|p| p.iter().any(|&v| tame(v).is_nan())).count();
    let left_out = match left_out {
        0 => String::new(),
        1 => "1 position that is not finite is left out.".to_owned(),
        n => format!("{n} positions that are not finite are left out."),
    };
    let slow = if space.points.iter().any(|p| p.kind == Kind::Slow) {
        " Slow points are no fixed points."
    } else {
        ""
    };
    figure
        .caption(format!("State space along {}. {counts}{ends}{slow}", axes.join(", ")))
        .describe(format!("Along {}: {}", axes.join(", "), space.told()))
        .note(space.note.as_str())
        .note(left_out)
}

/// Everything drawn along two directions on paper: trajectories from far to near, then points.
fn marks(
    space: &StateSpace,
    flat: impl Fn(&[f64; 3]) -> Option<(f64, f64)>,
    depth: impl Fn(&[f64; 3]) -> f64,
    fine: f64,
) -> Vec<Mark> {
    let conditions = space.conditions();
    let color = |condition: &str| {
        let found = conditions.iter().find(|c| c.0 == condition);
        found.map_or(Color::GREY, |c| Color::line(c.1))
    };
    let far = |points: &[[f64; 3]]| {
        let all = points.iter().map(&depth).filter(|d| d.is_finite());
        let (sum, n) = all.fold((0.0, 0), |(s, n), d| (s + d, n + 1));
        sum / f64::from(n.max(1))
    };
    let mut order: Vec<usize> = (0..space.trajectories.len()).collect();
    order.sort_by(|&a, &b| {
        far(&space.trajectories[a].points).total_cmp(&far(&space.trajectories[b].points))
    });
    // The legend names conditions in their order, whichever trajectory lies deepest.
    let keys =
        conditions.iter().map(|(name, _)| Line::new([], color(name)).width(1.1).name(*name).into());
    let mut marks: Vec<Mark> = keys.collect();
    for &i in &order {
        let t = &space.trajectories[i];
        let path: Vec<(f64, f64)> = t.points.iter().filter_map(&flat).collect();
        let (Some(&first), Some(&last)) = (path.first(), path.last()) else { continue };
        let hue = color(&t.condition);
        marks.push(Line::new(simplified(&path, fine), hue).width(0.8).into());
        marks.push(Dots::new([first], hue).radius(1.3).open().into());
        marks.push(Dots::new([last], hue).radius(1.1).into());
    }
    for p in &space.points {
        let Some(d) = p.direction else { continue };
        let end = |s: f64| flat(&[0, 1, 2].map(|k| p.position[k] + s * d[k]));
        if let (Some(a), Some(b)) = (end(-1.0), end(1.0)) {
            marks.push(Line::new([a, b], Color::INK).width(0.6).into());
        }
    }
    for kind in Kind::ALL {
        let places = space.points.iter().filter(|p| p.kind == kind);
        let places: Vec<(f64, f64)> = places.filter_map(|p| flat(&p.position)).collect();
        if !places.is_empty() {
            let (marker, fill) = kind.look();
            let dots = Dots::new(places, fill).marker(marker).radius(2.0).edge(Color::INK);
            marks.push(dots.name(kind.name()).into());
        }
    }
    marks
}

/// The box seen from a direction, in a panel about `room_mm` wide, and its height over its width.
fn solid(space: &StateSpace, room_mm: f64) -> (Panel, f64) {
    let bounds = Bounds::of(space);
    let view = Projection::new(space.view);
    let all = marks(
        space,
        |p| bounds.place(p).map(|p| view.flat(&p)),
        |p| bounds.place(p).map_or(f64::NAN, |p| view.depth(&p)),
        FINE,
    );
    boxed(&space.axes, &bounds, &view, room_mm, all)
}

/// Marks, already projected, in the box that holds them.
pub(super) fn boxed(
    axes: &[Label; 3],
    bounds: &Bounds,
    view: &Projection,
    room_mm: f64,
    all: Vec<Mark>,
) -> (Panel, f64) {
    let half = bounds.half;
    let corner = |s: [f64; 3]| view.flat(&[0, 1, 2].map(|k| s[k] * half[k]));
    let mut edges: Vec<Mark> = Vec::new();
    for axis in 0..3 {
        for (u, v) in [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)] {
            let end = |along: f64| {
                let mut s = [0.0; 3];
                (s[axis], s[(axis + 1) % 3], s[(axis + 2) % 3]) = (along, u, v);
                s
            };
            let middle = [0, 1, 2].map(|k| end(0.0)[k] * half[k]);
            // The nearest edges would cross the data.
            if view.depth(&middle) < 0.25 {
                edges.push(
                    Line::new([corner(end(-1.0)), corner(end(1.0))], Color::SHADE)
                        .width(0.5)
                        .into(),
                );
            }
        }
    }
    let reach = 1.0f64.hypot(1.0) + 0.05;
    let point = 2.0 * reach / (room_mm * MM);
    let mut words: Vec<Mark> = Vec::new();
    for axis in 0..3 {
        let [a, b] = labelled_edge(axis, &half, view);
        let (a, b) = (view.flat(&a), view.flat(&b));
        edges.push(Line::new([a, b], Color::GREY).width(0.6).into());
        let label = axes[axis].fitted(TEXT, 70.0);
        let (nx, ny) = outwards(a, b);
        let reached = nx.abs() * font::width(&label, TEXT) / 2.0 + ny.abs() * CAP / 2.0 + 3.5;
        let out = reached * point;
        // The upright axis is named at its upper end, where nothing is in the way.
        let at = if axis == 2 {
            (b.0, b.1 + 7.0 * point)
        } else {
            ((a.0 + b.0) / 2.0 + out * nx, (a.1 + b.1) / 2.0 + out * ny)
        };
        words.push(Words::new(at, label, -0.41).centred().color(Color::INK).into());
    }
    let corners = (0..8).map(|i| [0, 1, 2].map(|k| if i >> k & 1 == 0 { -1.0 } else { 1.0 }));
    let tall = corners.map(|s| corner(s).1).fold(0.0, f64::max);
    let (below, above) = (tall + 12.0 * point, tall + 12.0 * point);
    let axis = || Axis::new("").without_numbers().bare();
    let panel = Panel::new(axis().range(-reach, reach), axis().range(-below, above))
        .equal()
        .marks(edges)
        .marks(all)
        .marks(words);
    (panel, (below + above) / (2.0 * reach))
}

/// Square to an edge, away from the centre.
fn outwards(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let length = (b.0 - a.0).hypot(b.1 - a.1).max(1e-9);
    let (nx, ny) = ((b.1 - a.1) / length, (a.0 - b.0) / length);
    if nx * (a.0 + b.0) + ny * (a.1 + b.1) < 0.0 { (-nx, -ny) } else { (nx, ny) }
}

/// The first two axes, in their own units.
fn plane(space: &StateSpace) -> Panel {
    let bounds = Bounds::of(space);
    let size = (bounds.range[0].1 - bounds.range[0].0).max(bounds.range[1].1 - bounds.range[1].0);
    let flat = |p: &[f64; 3]| (p[0] + p[1]).is_finite().then_some((p[0], p[1]));
    let (x, y) = (Axis::new(space.axes[0].clone()), Axis::new(space.axes[1].clone()));
    Panel::new(x.padded(0.05), y.padded(0.05)).marks(marks(
        space,
        flat,
        |p| p[2],
        FINE / 2.0 * size,
    ))
}

/// Douglas and Peucker (1973): what lies within `fine` of the straight line between its neighbours is left out.
fn simplified(path: &[(f64, f64)], fine: f64) -> Vec<(f64, f64)> {
    let mut keep = vec![false; path.len()];
    let mut open = vec![(0, path.len().saturating_sub(1))];
    if let (Some(first), true) = (keep.first_mut(), path.len() > 1) {
        *first = true;
    }
    if let Some(last) = keep.last_mut() {
        *last = true;
    }
    while let Some((from, to)) = open.pop() {
        let (a, b) = (path.get(from).copied(), path.get(to).copied());
        let (Some(a), Some(b)) = (a, b) else { continue };
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = dx.hypot(dy);
        let distance = |p: (f64, f64)| {
            if length < 1e-300 {
                return (p.0 - a.0).hypot(p.1 - a.1);
            }
            let along = (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length / length).clamp(0.0, 1.0);
            (p.0 - a.0 - along * dx).hypot(p.1 - a.1 - along * dy)
        };
        let farthest = (from + 1..to).map(|i| (i, distance(path[i])));
        let farthest = farthest.fold((from, fine), |m, v| if v.1 > m.1 { v } else { m });
        if farthest.0 != from {
            keep[farthest.0] = true;
            open.extend([(from, farthest.0), (farthest.0, to)]);
        }
    }
    path.iter().zip(keep).filter(|(_, k)| *k).map(|(p, _)| *p).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simplifying_keeps_corners_and_loses_no_more_than_told() {
        let path: Vec<(f64, f64)> =
            (0..200).map(|i| f64::from(i) / 20.0).map(|t| (t.cos(), (1.3 * t).sin())).collect();
        let lean = simplified(&path, 0.01);
        assert!(lean.len() < 80 && lean.first() == path.first() && lean.last() == path.last());
        let off = |p: &(f64, f64)| {
            let to = |w: &[(f64, f64)]| {
                let (dx, dy) = (w[1].0 - w[0].0, w[1].1 - w[0].1);
                let s = ((p.0 - w[0].0) * dx + (p.1 - w[0].1) * dy) / (dx * dx + dy * dy);
                let s = s.clamp(0.0, 1.0);
                (p.0 - w[0].0 - s * dx).hypot(p.1 - w[0].1 - s * dy)
            };
            lean.windows(2).map(to).fold(f64::INFINITY, f64::min)
        };
        assert!(path.iter().all(|p| off(p) <= 0.0101));
        assert_eq!(simplified(&[], 0.1), []);
        assert_eq!(simplified(&[(1.0, 2.0)], 0.1), [(1.0, 2.0)]);
        assert_eq!(
            simplified(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)], 0.1),
            [(0.0, 0.0), (2.0, 0.0)]
        );
    }
}
