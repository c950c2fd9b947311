//! A recording drawn: spikes by region, the rate of the population, and series.

use attractor::recording::{Series, Session};
use attractor::report::{Axis, Color, Dots, Figure, Height, Label, Line, Panel, Rule, Width};

use crate::failure::Failure;

/// Spikes drawn at most; of more, a shorter part is.
const SPIKES: usize = 8000;
/// Bins of the population's rate over the width, points of a line.
const BINS: usize = 200;
const POINTS: usize = 1500;
/// Series drawn, and channels of each.
const SERIES: usize = 3;
const CHANNELS: usize = 8;

/// The figure of a part, ms; without one, as much of the beginning as can be seen.
pub(super) fn figure(session: &Session, part: Option<(f64, f64)>) -> Result<Figure, Failure> {
    let nothing = || Failure::Request("--plot: nothing in the file has times".to_owned());
    let (from, until) = match part {
        Some(part) => part,
        None => beginning(session).ok_or_else(nothing)?,
    };
    let (factor, unit) =
        if until - from > 10_000.0 { (1e-3, "time (s)") } else { (1.0, "time (ms)") };
    let time = |last: bool| {
        let axis = Axis::new(if last { unit } else { "" }).range(from * factor, until * factor);
        if last { axis } else { axis.without_numbers() }
    };
    let drawn: Vec<&Series> =
        session.series.iter().filter(|series| series.span().is_some()).take(SERIES).collect();
    let mut panels: Vec<(Height, Panel)> = Vec::new();
    let spikes = session.spikes.units() > 0;
    let count = if spikes { 2 } else { 0 } + drawn.len();
    if count == 0 {
        return Err(nothing());
    }
    let last = |k: usize| k + 1 == count;
    if spikes {
        let height = (12.0 + 0.6 * session.spikes.units() as f64).clamp(20.0, 70.0);
        panels.push((Height::Mm(height), raster(session, (from, until), factor, time(false))));
        panels.push((Height::Mm(16.0), rate(session, (from, until), factor, time(last(1)))));
    }
    for series in drawn {
        let last = last(panels.len());
        panels.push((Height::Mm(24.0), traces(series, (from, until), factor, time(last))));
    }
    if let Some(trials) = session.intervals.first() {
        for (_, panel) in &mut panels {
            let starts = trials.start.iter().filter(|&&t| t >= from && t <= until).take(200);
            let rules: Vec<Rule> =
                starts.map(|t| Rule::at_x(t * factor).color(Color::SHADE).width(0.5)).collect();
            // under what is there already: marks lie in order
            *panel = panel.clone().marks(rules);
        }
    }
    let (heights, panels): (Vec<Height>, Vec<Panel>) = panels.into_iter().unzip();
    let mut figure = Figure::new("Recording", Width::Double).columns(vec![1.0]).rows(heights);
    for (row, panel) in panels.into_iter().enumerate() {
        figure = figure.place(row, 0, panel);
    }
    Ok(figure.describe(format!(
        "{} units and {} series from {from} to {until} ms.",
        session.units.len(),
        session.series.len()
    )))
}

/// From the first spike on, as long as there are not too many; or the beginning of a series.
fn beginning(session: &Session) -> Option<(f64, f64)> {
    let Some((first, last)) = session.spike_span() else {
        let (from, to) = session.series.iter().find_map(Series::span)?;
        return Some((from, to.min(from + 60_000.0)));
    };
    let total = session.spikes.times().len();
    if total <= SPIKES {
        return Some((first, last.max(first + 1.0)));
    }
    let within = |until: f64| -> usize {
        let unit = |k| session.spikes.unit(k).partition_point(|&t| t < until);
        (0..session.spikes.units()).map(unit).sum()
    };
    let (mut low, mut high) = (first, last);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if within(middle) > SPIKES { high = middle } else { low = middle }
    }
    Some((first, low.max(first + 1.0)))
}

/// A dot a spike, units sorted by region.
fn raster(session: &Session, (from, until): (f64, f64), factor: f64, time: Axis) -> Panel {
    let all: Vec<usize> = (0..session.spikes.units()).collect();
    let groups: Vec<(String, Vec<usize>)> = match session.units.columns.column("region") {
        Some(column) => {
            column.groups().into_iter().map(|(name, units)| (name.to_string(), units)).collect()
        }
        None => vec![(String::new(), all)],
    };
    let regions = groups.len() > 1;
    let rows = session.spikes.units() as f64;
    let mut panel = Panel::new(time, Axis::new("unit").range(0.5, rows.max(1.0) + 0.5))
        .title(Label::new().bold("a").text("  spikes"));
    let mut row = 0.0;
    for (k, (name, units)) in groups.into_iter().enumerate() {
        let mut dots = Vec::new();
        for unit in units {
            row += 1.0;
            let times = session.spikes.unit(unit);
            let (a, b) =
                (times.partition_point(|&t| t < from), times.partition_point(|&t| t <= until));
            dots.extend(times[a..b].iter().map(|t| (t * factor, row)));
        }
        // of a part that was asked for, with too many spikes, every so-many-th is drawn
        let every = dots.len().div_ceil(SPIKES).max(1);
        let color = if regions { Color::line(k) } else { Color::INK };
        let dots = Dots::new(dots.into_iter().step_by(every), color).radius(0.5);
        panel = panel.mark(if regions { dots.name(name) } else { dots });
    }
    panel
}

/// Spikes per unit and second.
fn rate(session: &Session, (from, until): (f64, f64), factor: f64, time: Axis) -> Panel {
    let width = (until - from) / BINS as f64;
    let mut counts = [0.0; BINS];
    for unit in 0..session.spikes.units() {
        let times = session.spikes.unit(unit);
        let first = times.partition_point(|&t| t < from);
        for time in &times[first..] {
            match counts.get_mut(((time - from) / width) as usize) {
                Some(count) => *count += 1.0,
                None => break,
            }
        }
    }
    let scale = 1000.0 / width / session.spikes.units().max(1) as f64;
    let most = counts.iter().copied().fold(0.0, f64::max) * scale;
    let curve = counts.iter().enumerate();
    let curve = curve.map(|(k, count)| ((from + (k as f64 + 0.5) * width) * factor, count * scale));
    Panel::new(time, Axis::new("rate, Hz").range(0.0, most.max(1e-3)))
        .title(Label::new().bold("b").text("  mean rate of the units"))
        .mark(Line::new(curve, Color::BLUE).width(0.8))
}

/// The first channels of a series, one above the other, each on its own scale.
fn traces(series: &Series, (from, until): (f64, f64), factor: f64, time: Axis) -> Panel {
    let times = series.clock.times(series.values.nrows()).unwrap_or_default();
    let (a, b) = (times.partition_point(|&t| t < from), times.partition_point(|&t| t <= until));
    let every = (b - a).div_ceil(POINTS).max(1);
    let channels = series.values.ncols().min(CHANNELS);
    let names = (0..channels).map(|k| {
        let name = series.channels.names.get(k).map_or("", String::as_str);
        ((channels - 1 - k) as f64 + 0.5, Label::from(name))
    });
    let axis = Axis::new("").bare().range(-0.1, channels as f64 + 0.1).ticks_at(names);
    let unit = if series.unit.is_empty() { String::new() } else { format!(", {}", series.unit) };
    let shown = match series.values.ncols() {
        all if all > channels => format!(" ({channels} of {all} channels)"),
        _ => String::new(),
    };
    let mut panel =
        Panel::new(time, axis).title(Label::new().text(format!("{}{unit}{shown}", series.name)));
    for k in 0..channels {
        let points: Vec<(f64, f64)> = (a..b)
            .step_by(every)
            .map(|t| (times[t] * factor, f64::from(series.values[[t, k]])))
            .collect();
        let finite = || points.iter().map(|(_, x)| *x).filter(|x| x.is_finite());
        let (least, most) =
            (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let range = if most > least { most - least } else { 1.0 };
        let lane = (channels - 1 - k) as f64;
        let line = points.into_iter().map(|(t, x)| (t, lane + 0.9 * (x - least) / range));
        panel = panel.mark(Line::new(line, Color::line(k)).width(0.7));
    }
    panel
}
