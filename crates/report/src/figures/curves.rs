//! Loss and score against update.

use super::lettered;
use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Height, Width},
    guide::{Rule, Words},
    label::Label,
    mark::Line,
    matrix::finite_range,
    panel::Panel,
    ticks::{number, short},
};

/// Learning curves: the loss on a logarithmic axis and, beside it, the score.
///
/// Series of more than 200 points are drawn twice, every value thin and a running mean on top, because the value of
/// a single batch is mostly noise.
///
/// ```
/// use attractor_report::LearningCurves;
/// let loss = (0..50).map(|u| (f64::from(u), (-f64::from(u) / 20.0).exp()));
/// let figure = LearningCurves::new().loss("training", loss).figure();
/// assert_eq!(figure.title(), "Learning curves");
/// ```
#[derive(Clone, Debug)]
pub struct LearningCurves {
    loss: Vec<Series>,
    score: Vec<Series>,
    loss_label: Label,
    score_label: Label,
    goal: Option<f64>,
    phases: Vec<(f64, String)>,
}

#[derive(Clone, Debug)]
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Default for LearningCurves {
    fn default() -> Self {
        LearningCurves::new()
    }
}

impl LearningCurves {
    /// No curves yet.
    #[must_use]
    pub fn new() -> LearningCurves {
        LearningCurves {
            loss: Vec::new(),
            score: Vec::new(),
            loss_label: "loss".into(),
            score_label: "score".into(),
            goal: None,
            phases: Vec::new(),
        }
    }

    /// Add a loss curve: `(update, loss)`.
    #[must_use]
    pub fn loss(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.loss.push(Series { name: name.into(), points: points.into_iter().collect() });
        self
    }

    /// Add a score curve: `(update, score)`.
    #[must_use]
    pub fn score(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.score.push(Series { name: name.into(), points: points.into_iter().collect() });
        self
    }

    /// What the loss is: `"mean squared error"`.
    #[must_use]
    pub fn loss_label(mut self, label: impl Into<Label>) -> Self {
        self.loss_label = label.into();
        self
    }

    /// What the score is: `"fraction correct"`.
    #[must_use]
    pub fn score_label(mut self, label: impl Into<Label>) -> Self {
        self.score_label = label.into();
        self
    }

    /// The score at which training may stop.
    #[must_use]
    pub fn goal(mut self, score: f64) -> Self {
        self.goal = Some(score);
        self
    }

    /// A phase that begins at this update. With one phase there is no boundary to show.
    #[must_use]
    pub fn phase(mut self, name: impl Into<String>, from_update: f64) -> Self {
        self.phases.push((from_update, name.into()));
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let all = || self.loss.iter().chain(&self.score).flat_map(|s| s.points.iter().map(|p| p.0));
        let (from, to) = finite_range(all()).unwrap_or((0.0, 1.0));
        let x = || Axis::new("update").range(from.min(0.0), to);
        let mut window = 0;
        let both = !self.score.is_empty();
        let mut loss = Panel::new(x(), Axis::new(self.loss_label.clone()).log().padded(0.05));
        if both {
            loss = loss.title(lettered('a', "Loss"));
        }
        loss = self.boundaries(self.draw(loss, &self.loss, &mut window));
        let width = if both { Width::Double } else { Width::Middle };
        let mut figure =
            Figure::new("Learning curves", width).rows([Height::Mm(42.0)]).place(0, 0, loss);
        if both {
            let goal = self.goal.filter(|g| g.is_finite());
            let values = self.score.iter().flat_map(|s| s.points.iter().map(|p| p.1)).chain(goal);
            let (lo, hi) = finite_range(values).unwrap_or((0.0, 1.0));
            let y = Axis::new(self.score_label.clone());
            // A fraction is read against one, not against the best value reached.
            let y = if lo >= 0.0 && hi <= 1.0 && hi > 0.5 {
                y.range((lo - 0.04).max(0.0), 1.01)
            } else {
                y.padded(0.06)
            };
            let mut score = Panel::new(x(), y).title(lettered('b', "Score"));
            if let Some(goal) = goal {
                score =
                    score.mark(Rule::at_y(goal).dashed().name(format!("goal {}", short(goal, 3))));
            }
            score = self.boundaries(self.draw(score, &self.score, &mut window));
            figure = figure.columns([1.0, 1.0]).place(0, 1, score);
        }
        if window > 1 {
            figure = figure
                .note(format!("Thin lines: every value; thick lines: running mean of {window}."));
        }
        let dropped = self.loss.iter().flat_map(|s| &s.points).filter(|p| p.1 <= 0.0).count();
        if dropped > 0 {
            figure = figure.note(format!(
                "{dropped} losses that are not positive have no place on the logarithmic axis."
            ));
        }
        let told: Vec<String> = self
            .loss
            .iter()
            .map(|s| s.told("loss"))
            .chain(self.score.iter().map(|s| s.told("score")))
            .collect();
        let what = if both {
            "Loss (logarithmic) and score against update."
        } else {
            "Loss (logarithmic) against update."
        };
        let told = told.join(" ");
        figure.caption(format!("{what} {told}")).describe(told)
    }

    fn boundaries(&self, mut panel: Panel) -> Panel {
        if self.phases.len() < 2 {
            return panel;
        }
        for (i, (at, name)) in self.phases.iter().enumerate() {
            if i > 0 {
                panel = panel.mark(Rule::at_x(*at));
            }
            panel = panel.mark(Words::new((*at, f64::INFINITY), name.as_str(), 0.0));
        }
        panel
    }

    /// Raw values below, running means on top, so that no mean hides behind the noise of another series.
    fn draw(&self, mut panel: Panel, series: &[Series], window: &mut usize) -> Panel {
        let smooth = |s: &Series| s.points.len() > 200;
        for (i, s) in series.iter().enumerate().filter(|(_, s)| smooth(s)) {
            panel = panel
                .mark(Line::new(s.points.iter().copied(), Color::line(i).tint(0.65)).width(0.4));
        }
        for (i, s) in series.iter().enumerate() {
            let line = if smooth(s) {
                let half = (s.points.len() / 160).max(2);
                *window = (*window).max(2 * half + 1);
                // A mean across a boundary would blunt the very step it marks.
                let phase =
                    |p: &(f64, f64)| self.phases.iter().filter(|(from, _)| p.0 >= *from).count();
                let pieces = s.points.chunk_by(|a, b| phase(a) == phase(b));
                Line::new(pieces.flat_map(|piece| running_mean(piece, half)), Color::line(i))
                    .width(1.2)
            } else {
                Line::new(s.points.iter().copied(), Color::line(i)).width(1.1)
            };
            panel = panel.mark(line.name(s.legend()));
        }
        panel
    }
}

/// Mean of the finite values among `2 half + 1` neighbours; where the value itself is missing there is a gap.
fn running_mean(points: &[(f64, f64)], half: usize) -> Vec<(f64, f64)> {
    let mean = |i: usize| {
        let near = &points[i.saturating_sub(half)..(i + half + 1).min(points.len())];
        let (sum, count) = near
            .iter()
            .filter(|p| p.1.is_finite())
            .fold((0.0, 0usize), |(s, n), p| (s + p.1, n + 1));
        if points[i].1.is_finite() { sum / count as f64 } else { f64::NAN }
    };
    (0..points.len()).map(|i| (points[i].0, mean(i))).collect()
}

impl Series {
    /// The name, and what is missing: a gap in a line is easily overlooked, and a gap at its end always.
    fn legend(&self) -> String {
        let missing = self.points.iter().filter(|p| !p.1.is_finite()).count();
        match (self.points.len(), missing) {
            (0, _) => format!("{} (no values)", self.name),
            (_, 0) => self.name.clone(),
            (_, n) => format!("{} ({n} not finite)", self.name),
        }
    }

    fn told(&self, what: &str) -> String {
        let mut finite = self.points.iter().filter(|p| p.1.is_finite());
        let Some(first) = finite.next() else {
            return format!("The {} {what} has no finite values.", self.name);
        };
        let last = finite.next_back().unwrap_or(first);
        format!(
            "The {} {what} goes from {} at update {} to {} at update {}.",
            self.name,
            number(first.1, 3),
            short(first.0, 6),
            number(last.1, 3),
            short(last.0, 6)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_mean_keeps_gaps_and_ends() {
        let points = [(0.0, 1.0), (1.0, 3.0), (2.0, f64::NAN), (3.0, 5.0)];
        let mean = running_mean(&points, 1);
        assert_eq!((mean[0].1, mean[1].1, mean[3].1), (2.0, 2.0, 5.0));
        assert!(mean[2].1.is_nan());
    }

    #[test]
    fn what_is_missing_is_said() {
        let figure = LearningCurves::new()
            .loss("training", [(0.0, 1.0), (1.0, f64::NAN), (2.0, 0.0)])
            .loss("validation", [])
            .score("validation", [(0.0, f64::INFINITY)])
            .figure();
        let notes = figure.notes().join(" ");
        assert!(
            notes.contains("training (1 not finite): 1 value that is not finite left out."),
            "{notes}"
        );
        assert!(notes.contains("1 losses that are not positive"), "{notes}");
        assert!(figure.svg().contains("validation (no values)"));
    }
}
