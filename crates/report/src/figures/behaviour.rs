//! How choices and reaction times depend on the stimulus, for each context.

use super::arranged;
use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Width},
    guide::Rule,
    label::Label,
    mark::{Dots, Line},
    marker::Marker,
    matrix::finite_range,
    panel::Panel,
    spread::Whiskers,
    ticks::{number, short},
};

/// Measured values of one condition, with intervals, and the function fitted to them.
#[derive(Clone, Debug)]
pub struct ResponseCurve {
    name: String,
    points: Vec<(f64, f64, f64, f64)>,
    fit: Vec<(f64, f64)>,
    told: String,
}

impl ResponseCurve {
    /// Nothing measured yet, under the name of its condition.
    #[must_use]
    pub fn new(name: impl Into<String>) -> ResponseCurve {
        ResponseCurve {
            name: name.into(),
            points: Vec::new(),
            fit: Vec::new(),
            told: String::new(),
        }
    }

    /// The value at a stimulus, with the ends of its interval; NaN where there is none.
    #[must_use]
    pub fn point(mut self, stimulus: f64, value: f64, interval: (f64, f64)) -> Self {
        self.points.push((stimulus, value, interval.0, interval.1));
        self
    }

    /// The fitted function as a fine line.
    #[must_use]
    pub fn fit(mut self, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.fit = points.into_iter().collect();
        self
    }

    /// The parameters of the fit in words, for the caption: "threshold 0.08 (0.07 to 0.09)".
    #[must_use]
    pub fn parameters(mut self, words: impl Into<String>) -> Self {
        self.told = words.into();
        self
    }
}

/// Psychometric curves and, where there are reaction times, chronometric ones beside them.
///
/// ```
/// use attractor_report::{Behaviour, ResponseCurve};
/// let curve = ResponseCurve::new("attend motion").point(-0.1, 0.08, (0.05, 0.12)).point(0.1, 0.94, (0.9, 0.97));
/// let figure = Behaviour::new("motion coherence").psychometric(curve).figure();
/// assert_eq!(figure.title(), "Behaviour");
/// ```
#[derive(Clone, Debug)]
pub struct Behaviour {
    stimulus: Label,
    choice: Label,
    time: Label,
    psychometric: Vec<ResponseCurve>,
    chronometric: Vec<ResponseCurve>,
    interval: String,
    width: Option<Width>,
}

impl Behaviour {
    /// Against this stimulus, with its unit.
    #[must_use]
    pub fn new(stimulus: impl Into<Label>) -> Behaviour {
        Behaviour {
            stimulus: stimulus.into(),
            choice: "fraction of choices".into(),
            time: "reaction time (ms)".into(),
            psychometric: Vec::new(),
            chronometric: Vec::new(),
            interval: "95 % intervals".to_owned(),
            width: None,
        }
    }

    /// Which choice is counted: `"choice to the right"`.
    #[must_use]
    pub fn choice(mut self, label: impl Into<Label>) -> Self {
        self.choice = label.into();
        self
    }

    /// What the intervals are; 95 % intervals unless told.
    #[must_use]
    pub fn intervals(mut self, words: impl Into<String>) -> Self {
        self.interval = words.into();
        self
    }

    /// Add a curve of choices, as fractions.
    #[must_use]
    pub fn psychometric(mut self, curve: ResponseCurve) -> Self {
        self.psychometric.push(curve);
        self
    }

    /// Add a curve of reaction times, in milliseconds.
    #[must_use]
    pub fn chronometric(mut self, curve: ResponseCurve) -> Self {
        self.chronometric.push(curve);
        self
    }

    /// Another width than one column a panel.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = Some(width);
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let mut panels = Vec::new();
        if !self.psychometric.is_empty() || self.chronometric.is_empty() {
            let y = Axis::new(self.choice.clone()).range(-0.02, 1.02);
            let panel = Panel::new(self.x(), y).mark(Rule::at_y(0.5).color(Color::SHADE));
            panels.push(("Psychometric", drawn(panel, &self.psychometric)));
        }
        if !self.chronometric.is_empty() {
            let panel = Panel::new(self.x(), Axis::new(self.time.clone()).padded(0.08));
            panels.push(("Chronometric", drawn(panel, &self.chronometric)));
        }
        let width =
            self.width.unwrap_or(if panels.len() > 1 { Width::Double } else { Width::Single });
        let told: Vec<String> = self
            .psychometric
            .iter()
            .map(|c| c.told("choices"))
            .chain(self.chronometric.iter().map(|c| c.told("reaction times")))
            .collect();
        let curves = self.psychometric.iter().chain(&self.chronometric);
        let fits = curves.filter(|c| !c.told.is_empty());
        let fits: Vec<String> = fits.map(|c| format!("{}: {}", c.name, c.told)).collect();
        let fits =
            if fits.is_empty() { String::new() } else { format!(" Fits: {}.", fits.join("; ")) };
        arranged("Behaviour", width, 46.0, panels)
            .caption(format!(
                "Behaviour by stimulus: measured values with {}, and the fitted functions.{fits}",
                self.interval
            ))
            .describe(told.join(" "))
    }

    fn x(&self) -> Axis {
        Axis::new(self.stimulus.clone()).padded(0.04)
    }
}

fn drawn(mut panel: Panel, curves: &[ResponseCurve]) -> Panel {
    const SHAPES: [Marker; 4] = [Marker::Circle, Marker::Square, Marker::Diamond, Marker::Triangle];
    for (i, c) in curves.iter().enumerate() {
        let color = Color::line(i);
        let spans = c.points.iter().filter(|p| (p.2 + p.3).is_finite());
        panel = panel
            .mark(Line::new(c.fit.iter().copied(), color).width(1.0))
            .mark(Whiskers::new(spans.map(|p| (p.0, p.2, p.3)), color))
            .mark(
                Dots::new(c.points.iter().map(|p| (p.0, p.1)), color)
                    .radius(1.6)
                    .marker(SHAPES[i % SHAPES.len()])
                    .name(c.name.as_str()),
            );
    }
    panel
}

impl ResponseCurve {
    fn told(&self, what: &str) -> String {
        let finite = || self.points.iter().filter(|p| p.1.is_finite());
        let (Some(first), Some(last)) = (finite().next(), finite().next_back()) else {
            return format!("{}: no {what}.", self.name);
        };
        let (lo, hi) = finite_range(finite().map(|p| p.1)).unwrap_or((0.0, 0.0));
        let fit = if self.told.is_empty() { String::new() } else { format!("; {}", self.told) };
        format!(
            "{}: {what} from {} at {} to {} at {}, between {} and {}{fit}.",
            self.name,
            number(first.1, 2),
            short(first.0, 3),
            number(last.1, 2),
            short(last.0, 3),
            number(lo, 2),
            number(hi, 2)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_curve_has_its_panel() {
        let curve = || {
            ResponseCurve::new("a").point(0.0, 0.5, (0.4, f64::NAN)).fit([(0.0, 0.5), (1.0, 0.9)])
        };
        let panels = |b: Behaviour| b.figure().inline_svg().matches("data-panel").count();
        assert_eq!(panels(Behaviour::new("x").psychometric(curve())), 1);
        assert_eq!(panels(Behaviour::new("x").chronometric(curve())), 1);
        assert_eq!(panels(Behaviour::new("x").psychometric(curve()).chronometric(curve())), 2);
        assert_eq!(panels(Behaviour::new("x")), 1);
    }
}
