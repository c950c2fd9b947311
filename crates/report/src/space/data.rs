//! What the script of the page draws from: one line of JSON, numbers quantised and in base64.
//!
//! Positions take 16 bits (a hundredth of a pixel on a large screen), values of trials 8 bits: 255 levels between
//! the lowest and the highest, and one for what is missing.

use std::fmt::Write;

use super::{StateSpace, frame::Bounds};
use crate::{
    color::Color,
    colormap::Colormap,
    figures::{SampleTrials, Trial, activity_colors},
    label::Label,
    matrix::Matrix,
    png::base64,
};

/// Most cells of activity, and of inputs and outputs, over all trials: the page stays below two megabytes.
const CELLS: usize = 420_000;
const SIGNALS: usize = 120_000;
/// Most units shown of a trial.
const UNITS: usize = 256;

/// The data of the view, ready to stand inside a `script` element.
pub(crate) fn json(space: &StateSpace) -> String {
    let bounds = Bounds::of(space);
    let conditions = space.conditions();
    let named: Vec<(&str, Color)> =
        conditions.iter().map(|(name, color)| (*name, Color::line(*color))).collect();
    let mut out = head(&space.axes, &bounds, space.view, &named);
    let lines: Vec<String> = space
        .trajectories
        .iter()
        .map(|t| {
            let condition = conditions.iter().position(|c| c.0 == t.condition).unwrap_or(0);
            let trial = t.trial.filter(|&i| i < space.trials.trials.len());
            let trial = trial.map_or("null".to_owned(), |i| i.to_string());
            format!(r#"[{condition},{trial},"{}"]"#, path(&t.points, &bounds))
        })
        .collect();
    let _ = write!(out, r#","lines":[{}]"#, lines.join(","));
    let points: Vec<String> =
        (0..space.points.len()).filter_map(|i| point(space, i, &bounds)).collect();
    let _ = write!(out, r#","points":[{}]"#, points.join(","));
    write_trials(&mut out, space);
    if let Some(loadings) = &space.loadings {
        let rows: Vec<String> = (0..3)
            .map(|k| {
                let row: Vec<String> = loadings.row(k).iter().map(|&v| brief(v)).collect();
                format!("[{}]", row.join(","))
            })
            .collect();
        let _ = write!(out, r#","loadings":[{}]"#, rows.join(","));
    }
    out.push('}');
    out
}

/// Begin of the data: axes, their box, the view, and what lines are called.
pub(super) fn head(
    axes: &[Label; 3],
    bounds: &Bounds,
    view: (f64, f64),
    conditions: &[(&str, Color)],
) -> String {
    let mut out = String::from("{");
    let axes: Vec<String> = axes.iter().map(|a| text(&a.plain())).collect();
    let _ = write!(out, r#""axes":[{}]"#, axes.join(","));
    let range: Vec<String> =
        bounds.range.iter().map(|r| format!("[{},{}]", real(r.0), real(r.1))).collect();
    let half: Vec<String> = bounds.half.iter().map(|&h| real(h)).collect();
    let _ = write!(out, r#","range":[{}],"half":[{}]"#, range.join(","), half.join(","));
    let _ = write!(out, r#","view":[{},{}]"#, real(view.0), real(view.1));
    let named: Vec<String> = conditions
        .iter()
        .map(|(name, color)| format!("[{},{}]", text(name), text(&color.hex())))
        .collect();
    let _ = write!(out, r#","conditions":[{}]"#, named.join(","));
    out
}

/// Positions as three 16-bit numbers each, low byte first, over the range of each axis.
pub(super) fn path(points: &[[f64; 3]], bounds: &Bounds) -> String {
    let mut bytes = Vec::with_capacity(6 * points.len());
    for p in points.iter().filter(|p| bounds.place(p).is_some()) {
        for k in 0..3 {
            let (lo, hi) = bounds.range[k];
            let level = ((p[k] - lo) / (hi - lo) * 65_535.0).round().clamp(0.0, 65_535.0);
            bytes.extend((level as u16).to_le_bytes());
        }
    }
    base64(&bytes)
}

fn point(space: &StateSpace, i: usize, bounds: &Bounds) -> Option<String> {
    let p = &space.points[i];
    bounds.place(&p.position)?;
    let at: Vec<String> = p.position.iter().map(|&v| real(v)).collect();
    let details: Vec<String> =
        p.details.iter().map(|(name, value)| format!("[{},{}]", text(name), text(value))).collect();
    let modes: Vec<String> = p
        .modes
        .iter()
        .take(8)
        .map(|m| {
            let units: Vec<String> = m
                .units
                .iter()
                .take(8)
                .map(|&(unit, weight)| format!("[{unit},{}]", brief(weight)))
                .collect();
            let (re, im) = m.eigenvalue;
            format!(
                r#"[{},{},{},{},[{}]]"#,
                brief(re),
                brief(im),
                text(&m.told()),
                u8::from(m.is_growing()),
                units.join(",")
            )
        })
        .collect();
    let direction = p.direction.filter(|d| d.iter().all(|v| v.is_finite()));
    let direction = direction
        .map_or("null".to_owned(), |d| format!("[{},{},{}]", real(d[0]), real(d[1]), real(d[2])));
    let (_, fill) = p.kind.look();
    Some(format!(
        r#"{{"kind":{},"shape":{},"fill":{},"at":[{}],"label":{},"details":[{}],"modes":[{}],"direction":{direction}}}"#,
        text(p.kind.name()),
        text(&format!("{:?}", p.kind.look().0).to_lowercase()),
        text(&fill.hex()),
        at.join(","),
        text(&p.label),
        details.join(","),
        modes.join(",")
    ))
}

fn write_trials(out: &mut String, space: &StateSpace) {
    let SampleTrials { dt, inputs, outputs, order, trials, quantity } = &space.trials;
    let count = trials.len().max(1);
    let names = |list: &[String]| list.iter().map(|n| text(n)).collect::<Vec<_>>().join(",");
    let _ = write!(
        out,
        r#","inputs":[{}],"outputs":[{}],"quantity":{}"#,
        names(inputs),
        names(outputs),
        text(&quantity.plain())
    );
    let range = |of: &dyn Fn(&Trial) -> [&Matrix; 2]| {
        let all = trials.iter().flat_map(of).filter_map(Matrix::range);
        all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    };
    let inputs = range(&|t| [&t.inputs, &t.inputs]).unwrap_or((0.0, 1.0));
    let outputs = range(&|t| [&t.outputs, &t.targets]).unwrap_or((0.0, 1.0));
    let (map, low, high) = activity_colors(range(&|t| [&t.activity, &t.activity]));
    // Enough stops that straight lines between them are the scale itself.
    let anchors: Vec<String> = (0..=80).map(|i| text(&map.at(f64::from(i) / 80.0).hex())).collect();
    let _ = write!(
        out,
        r#","ranges":[[{},{}],[{},{}],[{},{}]],"map":[{}]"#,
        real(inputs.0),
        real(inputs.1),
        real(outputs.0),
        real(outputs.1),
        real(low),
        real(high),
        anchors.join(",")
    );
    let units = trials.iter().map(|t| t.activity.columns()).max().unwrap_or(0);
    let first = trials.first().map(|t| t.activity.transposed());
    let order = first.map_or_else(Vec::new, |m| order.indices(&m).0);
    // Evenly spaced rows of the order: each shown is one unit, never a mean of several.
    let shown: Vec<usize> = if units > UNITS {
        (0..UNITS).filter_map(|i| order.get(i * units / UNITS).copied()).collect()
    } else {
        order
    };
    let numbers: Vec<String> = shown.iter().map(usize::to_string).collect();
    let _ = write!(out, r#","units":{units},"order":[{}]"#, numbers.join(","));
    let list: Vec<String> = trials
        .iter()
        .map(|t| {
            let steps = |cells: usize, rows: usize| (cells / count / rows.max(1)).max(16);
            let signal = |m: &Matrix, range: (f64, f64)| {
                let most = steps(SIGNALS / 3, m.columns());
                levels(&m.transposed().reduced(m.columns(), most).0, range)
            };
            let rows = t.activity.transposed().rows_in_order(&shown);
            let activity = rows.reduced(rows.rows(), steps(CELLS, rows.rows())).0;
            let facts: Vec<String> = t
                .conditions
                .iter()
                .map(|(name, value)| format!("[{},{}]", text(name), text(value)))
                .collect();
            let asked: Vec<String> = windows(&t.asked)
                .iter()
                .map(|w| format!("[{},{}]", real(w.0 as f64 * dt), real(w.1 as f64 * dt)))
                .collect();
            format!(
                r#"{{"title":{},"conditions":[{}],"ms":{},"asked":[{}],"in":{},"target":{},"out":{},"activity":{}}}"#,
                text(&t.title),
                facts.join(","),
                real(t.steps() as f64 * dt),
                asked.join(","),
                signal(&t.inputs, inputs),
                signal(&t.targets, outputs),
                signal(&t.outputs, outputs),
                levels(&activity, (low, high))
            )
        })
        .collect();
    let _ = write!(out, r#","trials":[{}]"#, list.join(","));
}

/// Intervals of steps in which something is asked.
fn windows(asked: &[f64]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (t, _) in asked.iter().enumerate().filter(|(_, w)| **w > 0.0) {
        match found.last_mut() {
            Some((_, to)) if *to == t => *to = t + 1,
            _ => found.push((t, t + 1)),
        }
    }
    found
}

/// `[rows, columns, "levels"]`, one byte a value, row by row.
fn levels(m: &Matrix, (low, high): (f64, f64)) -> String {
    let bytes: Vec<u8> = m.values().iter().map(|&v| Colormap::index(v, low, high)).collect();
    format!(r#"[{},{},"{}"]"#, m.rows(), m.columns(), base64(&bytes))
}

/// A number with six digits, `null` where it is none.
pub(super) fn real(v: f64) -> String {
    if v.is_finite() { shortest(format!("{v:.5e}")) } else { "null".to_owned() }
}

/// A number with three digits, 0 where it is none.
fn brief(v: f64) -> String {
    if v.is_finite() { shortest(format!("{v:.3e}")) } else { "0".to_owned() }
}

/// The rounded number as short as Rust writes it.
fn shortest(rounded: String) -> String {
    let v: f64 = rounded.parse().unwrap_or(0.0);
    let plain = format!("{v}");
    if plain.len() <= rounded.len() { plain } else { rounded }
}

/// A JSON string that cannot end the script element it stands in.
pub(super) fn text(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{FixedPoint, Kind, Mode, Trajectory};

    #[test]
    fn strings_cannot_leave_their_element() {
        let evil = "</script><!-- \"x\" \\ \u{2028}\n";
        let space = StateSpace::new([evil; 3])
            .trajectory(Trajectory::new(evil, [[0.0, 0.0, 0.0], [1.0, f64::NAN, 2.0]]))
            .point(FixedPoint::new([0.5, 0.5, 0.5], Kind::Slow).label(evil).detail(evil, evil))
            .trials(SampleTrials::new(1.0).inputs([evil]));
        let json = json(&space);
        assert!(!json.contains('<') && !json.contains('\n'), "{json}");
        assert!(json.contains(r#"\u003c/script\u003e"#));
    }

    #[test]
    fn positions_survive_their_sixteen_bits() {
        let space = StateSpace::new(["a", "b", "c"])
            .trajectory(Trajectory::new("x", [[-3.0, 0.0, 5.0], [7.0, 1e-3, 5.5]]));
        let bounds = Bounds::of(&space);
        // 00 00 … at 0.04 of 1.08 of the range: level 0.04 / 1.08 * 65535 = 2427 = 0x097b
        assert!(path(&[[-3.0, 0.0, 5.0]], &bounds).starts_with("ewl7CXsJ"));
        assert_eq!(path(&[[f64::NAN, 0.0, 0.0]], &bounds), "");
    }

    #[test]
    fn many_long_trials_are_thinned_to_the_budget() {
        let m = |rows, columns| Matrix::new(rows, columns, &vec![0.5f32; rows * columns]).unwrap();
        let trial =
            || Trial::new("t", m(2000, 4), m(2000, 1), m(2000, 1), vec![1.0; 2000], m(2000, 300));
        let trials = (0..12).fold(SampleTrials::new(1.0), |s, _| s.trial(trial()));
        let space = StateSpace::new(["a", "b", "c"]).trials(trials);
        let length = json(&space).len();
        assert!(length < 900_000, "{length}");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!((real(0.1 + 0.2).as_str(), real(f64::NAN).as_str()), ("0.3", "null"));
        assert_eq!(brief(-12_345.678), "-12350");
        assert_eq!(real(1e-20), "1.00000e-20");
        let mode = Mode::of_map((0.9, 0.0), 1.0).units([(3, 0.25)]);
        let space = StateSpace::new(["a", "b", "c"])
            .point(FixedPoint::new([0.0; 3], Kind::Stable).mode(mode));
        assert!(json(&space).contains(r#"[0.9,0,"decays, 9.49 ms",0,[[3,0.25]]]"#));
    }
}
