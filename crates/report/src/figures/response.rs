//! How one unit answers: to a step of current, to currents of all sizes, and to frequencies.

use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Height, Width},
    label::Label,
    mark::{Dots, Line},
    panel::Panel,
};

/// The answers of one unit.
///
/// ```
/// use attractor_report::UnitResponse;
/// let time = |f: fn(f64) -> f64| (0..100).map(move |t| f(f64::from(t))).collect::<Vec<f64>>();
/// let figure = UnitResponse::new("leaky", 1.0)
///     .trace("I", time(|t| f64::from(u8::from(t > 20.0))))
///     .trace("x", time(|t| 1.0 - (-(t - 20.0).max(0.0) / 10.0).exp()))
///     .curve("current", "rate", [(0.0, 0.0), (1.0, 1.0)])
///     .figure();
/// assert_eq!(figure.title(), "leaky");
/// ```
#[derive(Clone, Debug)]
pub struct UnitResponse {
    name: String,
    dt: f64,
    traces: Vec<(Label, Vec<f64>)>,
    curve: Option<Curve>,
    resonance: Option<Curve>,
}

#[derive(Clone, Debug)]
struct Curve {
    x: Label,
    y: Label,
    points: Vec<(f64, f64)>,
}

impl UnitResponse {
    /// Nothing yet, of a unit in steps of `dt` ms.
    #[must_use]
    pub fn new(name: impl Into<String>, dt: f64) -> UnitResponse {
        UnitResponse { name: name.into(), dt, traces: Vec::new(), curve: None, resonance: None }
    }

    /// Add a quantity over time, one value a step. The first is the current.
    #[must_use]
    pub fn trace(mut self, label: impl Into<Label>, values: Vec<f64>) -> Self {
        self.traces.push((label.into(), values));
        self
    }

    /// What comes out in the end, against the current.
    #[must_use]
    pub fn curve(
        mut self,
        x: impl Into<Label>,
        y: impl Into<Label>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let points = points.into_iter().collect();
        self.curve = Some(Curve { x: x.into(), y: y.into(), points });
        self
    }

    /// The gain against frequency.
    #[must_use]
    pub fn resonance(
        mut self,
        x: impl Into<Label>,
        y: impl Into<Label>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let points = points.into_iter().collect();
        self.resonance = Some(Curve { x: x.into(), y: y.into(), points });
        self
    }

    /// The figure: traces below each other, then the curves.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let last = self.traces.len().saturating_sub(1);
        let rows = self.traces.iter().map(|_| Height::Mm(15.0)).chain([Height::Mm(42.0)]);
        let mut figure = Figure::new(&*self.name, Width::Double).columns([1.0, 1.0]).rows(rows);
        for (k, (label, values)) in self.traces.iter().enumerate() {
            let x = Axis::new(if k == last { "time (ms)" } else { "" });
            let x = if k == last { x } else { x.without_numbers() };
            let color = if k == 0 { Color::GREY } else { Color::line(k - 1) };
            let points = values.iter().enumerate().map(|(t, v)| ((t + 1) as f64 * self.dt, *v));
            let panel = Panel::new(x, Axis::new(label.clone()).padded(0.08));
            figure = figure.place_across(k, 0, 2, panel.mark(Line::new(points, color)));
        }
        let curves = [(&self.curve, "Currents"), (&self.resonance, "Frequencies")];
        let curves = curves.into_iter().filter_map(|(curve, title)| Some((curve.as_ref()?, title)));
        let curves: Vec<(&Curve, &str)> = curves.collect();
        for (column, (Curve { x, y, points }, title)) in curves.iter().enumerate() {
            let panel = Panel::new(Axis::new(x.clone()), Axis::new(y.clone()).padded(0.05))
                .title(Label::new().text(*title))
                .mark(Line::new(points.iter().copied(), Color::BLUE))
                .mark(Dots::new(points.iter().copied(), Color::BLUE).radius(1.3));
            figure = figure.place_across(self.traces.len(), column, 3 - curves.len(), panel);
        }
        let told: Vec<String> = [&self.curve, &self.resonance]
            .into_iter()
            .flatten()
            .filter_map(|curve| {
                let most = curve.points.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
                Some(format!("{} is largest, {:.3}, at {:.3}", curve.y.plain(), most.1, most.0))
            })
            .collect();
        figure
            .caption(format!(
                "{}: answer to a step of current, what comes out against the current{}.",
                self.name,
                if self.resonance.is_some() { ", gain against frequency" } else { "" }
            ))
            .describe(format!("Time courses of a unit, and curves. {}.", told.join("; ")))
    }
}
