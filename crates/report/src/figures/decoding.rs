//! What can be read out of activity, and when: decoding over time, and from one time to another.

use super::{arranged, time_unit};
use crate::{
    axis::Axis,
    color::Color,
    colormap::Colormap,
    figure::{Figure, Width},
    guide::{Band, Rule},
    label::Label,
    mark::{Heat, Line},
    matrix::Matrix,
    panel::Panel,
    spread::Ribbon,
    ticks::{number, short},
};

/// Accuracy of decoders trained on activity at each time and, with [`Decoding::across`], tested at every other.
#[derive(Clone, Debug)]
pub struct Decoding {
    curves: Vec<Curve>,
    across: Option<(String, Matrix)>,
    duration: f64,
    chance: f64,
    periods: Vec<(f64, f64, String)>,
    accuracy: Label,
    width: Option<Width>,
}

#[derive(Clone, Debug)]
struct Curve {
    name: String,
    points: Vec<(f64, f64, f64, f64)>,
}

impl Decoding {
    /// Over trials of this length in milliseconds; `chance` is the accuracy of guessing.
    #[must_use]
    pub fn new(duration_ms: f64, chance: f64) -> Decoding {
        let duration = if duration_ms.is_finite() && duration_ms > 0.0 { duration_ms } else { 1.0 };
        Decoding {
            curves: Vec::new(),
            across: None,
            duration,
            chance,
            periods: Vec::new(),
            accuracy: "decoding accuracy".into(),
            width: None,
        }
    }

    /// Add what is decoded: `(time in ms, accuracy, low, high)`.
    #[must_use]
    pub fn curve(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64, f64, f64)>,
    ) -> Self {
        self.curves.push(Curve { name: name.into(), points: points.into_iter().collect() });
        self
    }

    /// Accuracies `[time of training, time of test]` of one of the variables, evenly spaced over the trial.
    #[must_use]
    pub fn across(mut self, name: impl Into<String>, accuracy: Matrix) -> Self {
        self.across = Some((name.into(), accuracy));
        self
    }

    /// Shade a period of the trial.
    #[must_use]
    pub fn period(mut self, name: impl Into<String>, from_ms: f64, to_ms: f64) -> Self {
        self.periods.push((from_ms, to_ms, name.into()));
        self
    }

    /// What is measured, if it is not an accuracy.
    #[must_use]
    pub fn measure(mut self, label: impl Into<Label>) -> Self {
        self.accuracy = label.into();
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
        let mut panels = vec![("Over time", self.over_time())];
        if let Some((_, matrix)) = &self.across {
            panels.push(("From one time to another", self.across_times(matrix)));
        }
        let two = panels.len() > 1;
        let width = self.width.unwrap_or(if two { Width::Double } else { Width::Single });
        let told: Vec<String> = self.curves.iter().map(Curve::told).collect();
        let told = told.join(" ");
        let more = match &self.across {
            Some((name, _)) => {
                format!(" Right: decoders of {name} trained at one time and tested at another.")
            }
            None => String::new(),
        };
        arranged("Decoding", width, 50.0, panels)
            .caption(format!(
                "Decoding from activity; dashed: chance, {}. {told}{more}",
                short(self.chance, 3)
            ))
            .describe(told)
    }

    fn over_time(&self) -> Panel {
        let (factor, time) = time_unit(self.duration);
        let x = Axis::new(time).range(0.0, self.duration * factor);
        let lowest = self.curves.iter().flat_map(|c| &c.points).map(|p| p.1.min(p.2));
        let lowest = lowest.filter(|v| v.is_finite()).fold(self.chance, f64::min);
        let y = Axis::new(self.accuracy.clone()).range((lowest - 0.04).max(-1.0), 1.02);
        let mut panel = Panel::new(x, y);
        for (from, to, name) in &self.periods {
            panel = panel.mark(Band::new(from * factor, to * factor).name(name.as_str()));
        }
        panel = panel.mark(Rule::at_y(self.chance).dashed());
        for (i, c) in self.curves.iter().enumerate() {
            let spans = c.points.iter().map(|p| (p.0 * factor, p.2, p.3));
            panel = panel.mark(Ribbon::new(spans, Color::line(i)));
        }
        for (i, c) in self.curves.iter().enumerate() {
            let line = Line::new(c.points.iter().map(|p| (p.0 * factor, p.1)), Color::line(i));
            panel = panel.mark(line.width(1.1).name(c.name.as_str()));
        }
        panel
    }

    fn across_times(&self, matrix: &Matrix) -> Panel {
        let (factor, time) = time_unit(self.duration);
        let end = self.duration * factor;
        let unit = time.trim_start_matches("time ");
        let x = Axis::new(format!("time of test {unit}")).range(0.0, end);
        let y = Axis::new(format!("time of training {unit}")).range(0.0, end);
        // Row 0 is the earliest training time: on an axis that rises it lies at the bottom.
        let order: Vec<usize> = (0..matrix.rows()).rev().collect();
        let (lo, hi) = matrix.range().unwrap_or((0.0, 1.0));
        let heat = Heat::new(matrix.rows_in_order(&order), (0.0, end), (0.0, end));
        let heat = heat.colors(Colormap::Viridis, lo.min(self.chance), hi.max(self.chance + 0.01));
        let mut panel = Panel::new(x, y).mark(heat).colorbar(self.accuracy.clone());
        for edge in self.periods.iter().flat_map(|p| [p.0, p.1]).map(|ms| ms * factor) {
            if edge > 0.0 && edge < end {
                let thin = |r: Rule| r.color(Color::WHITE).width(0.4).dashed();
                panel = panel.mark(thin(Rule::at_x(edge))).mark(thin(Rule::at_y(edge)));
            }
        }
        panel
    }
}

impl Curve {
    fn told(&self) -> String {
        let finite = self.points.iter().filter(|p| p.1.is_finite());
        match finite.reduce(|a, b| if b.1 > a.1 { b } else { a }) {
            Some(best) => format!(
                "Best for {} at {} ms: {}.",
                self.name,
                short(best.0.round(), 5),
                number(best.1, 2)
            ),
            None => format!("No accuracy for {}.", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_times_rise_from_the_bottom() {
        let m = Matrix::new(2, 2, &[1.0, 0.5, 0.5, 0.9]).unwrap();
        let d = Decoding::new(100.0, 0.5)
            .curve("choice", [(25.0, 0.6, 0.5, 0.7), (75.0, 0.9, 0.85, 0.95)])
            .across("choice", m);
        let crate::Mark::Heat(heat) = &d.across_times(&d.across.as_ref().unwrap().1).marks[0]
        else {
            panic!("a heat-map comes first");
        };
        assert_eq!(heat.matrix.row(1), [1.0, 0.5]);
        assert!(d.figure().caption_label().plain().contains("Best for choice at 75 ms: 0.90"));
    }
}
