//! A network fitted to a recording: what was measured, what the model does, what is left, and how well it
//! predicts.

use super::{
    HorizonScores, UnitOrder, activity_colors, joint_range, lanes::Lanes, lettered, time_unit,
    unit_heat, unit_ticks,
};
use crate::{
    axis::Axis,
    color::Color,
    colormap::Colormap,
    figure::{Figure, Height, Width},
    guide::{Band, Rule},
    label::Label,
    matrix::{Matrix, finite_range},
    panel::Panel,
    ticks::number,
};

/// Recorded rates, model rates and what is left of them side by side, units traced through time, and scores against baselines.
#[derive(Clone, Debug)]
pub struct FitFigure {
    dt: f64,
    recorded: Matrix,
    model: Matrix,
    order: UnitOrder,
    examples: Vec<usize>,
    held_out: Vec<(f64, f64)>,
    scores: HorizonScores,
    quantity: Label,
    model_name: String,
}

impl FitFigure {
    /// Recorded and modelled activity, both `[time, unit]`, sampled every `dt_ms`.
    #[must_use]
    pub fn new(dt_ms: f64, recorded: Matrix, model: Matrix) -> FitFigure {
        FitFigure {
            dt: if dt_ms.is_finite() && dt_ms > 0.0 { dt_ms } else { 1.0 },
            recorded,
            model,
            order: UnitOrder::Peak,
            examples: Vec::new(),
            held_out: Vec::new(),
            scores: HorizonScores::default(),
            quantity: "rate".into(),
            model_name: "model, free-running".into(),
        }
    }

    /// How the modelled rates were made, for the headings: "model, free-running" unless told.
    #[must_use]
    pub fn model_name(mut self, name: impl Into<String>) -> Self {
        self.model_name = name.into();
        self
    }

    /// Order of the units in the heat-maps; by the peak of the recording unless told.
    #[must_use]
    pub fn order(mut self, order: UnitOrder) -> Self {
        self.order = order;
        self
    }

    /// Units to trace through time. Four are a good number; without any, four are taken across the range of the fit.
    #[must_use]
    pub fn examples(mut self, units: impl IntoIterator<Item = usize>) -> Self {
        self.examples = units.into_iter().collect();
        self
    }

    /// An interval that training did not see, in milliseconds.
    #[must_use]
    pub fn held_out(mut self, from_ms: f64, to_ms: f64) -> Self {
        self.held_out.push((from_ms, to_ms));
        self
    }

    /// Scores at several horizons.
    #[must_use]
    pub fn scores(mut self, scores: HorizonScores) -> Self {
        self.scores = scores;
        self
    }

    /// What the activity is, with its unit, for the colour bar.
    #[must_use]
    pub fn quantity(mut self, label: impl Into<Label>) -> Self {
        self.quantity = label.into();
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let steps = self.recorded.rows().max(self.model.rows());
        let (factor, time) = time_unit(steps as f64 * self.dt);
        let step = self.dt * factor;
        let end = (steps.max(1)) as f64 * step;
        let mut figure = Figure::new("Fit to the recording", Width::Double).columns([1.0; 3]);
        let mut rows = vec![Height::Mm(38.0)];
        let (order, how) = self.order.indices(&self.recorded.transposed());
        let colors = activity_colors(joint_range([&self.recorded, &self.model].into_iter()));
        let residual = self.residual();
        let most = residual.range().map_or(0.0, |(lo, hi)| hi.max(-lo)).max(f64::MIN_POSITIVE);
        let heats = [
            (&self.recorded, "recorded", colors),
            (&self.model, self.model_name.as_str(), colors),
            (&residual, "residual", (Colormap::RedBlue, -most, most)),
        ];
        for (i, ((matrix, name, colors), letter)) in heats.into_iter().zip('a'..).enumerate() {
            let units = matrix.transposed().rows_in_order(&order);
            let n = units.rows();
            let y = Axis::new("unit").ticks_at(unit_ticks(n)).range(0.0, (n as f64).max(1.0));
            let y = if i == 0 { y } else { y.without_numbers() };
            let panel =
                Panel::new(Axis::new(time).range(0.0, end), y).title(lettered(letter, name));
            let mut panel =
                unit_heat(panel, units, matrix.rows() as f64 * step, colors, (128, 320));
            let edge = if i == 2 { Color::INK } else { Color::WHITE };
            for at in self.held_out.iter().flat_map(|&(a, b)| [a, b]).map(|ms| ms * factor) {
                if at > 0.001 * end && at < 0.999 * end {
                    panel = panel.mark(Rule::at_x(at).color(edge).width(0.8).dashed());
                }
            }
            panel = match i {
                0 => panel,
                1 => panel.colorbar(self.quantity.clone()),
                _ => panel.colorbar("recorded − model"),
            };
            figure = figure.place(0, i, panel);
        }
        let examples = self.chosen();
        let mut letters = 'd'..;
        if !examples.is_empty() {
            rows.push(Height::Mm(examples.len() as f64 * 8.0));
            let panel = self.traces(&examples, step, Axis::new(time).range(0.0, end), factor);
            figure = figure.place_across(
                1,
                0,
                3,
                panel.title(lettered(letters.next().unwrap_or('d'), "example units")),
            );
        }
        if !self.scores.is_empty() {
            let row = rows.len();
            rows.push(Height::Mm(30.0));
            let (panel, cut) = self.scores.panel();
            figure = figure.place_across(
                row,
                0,
                3,
                panel.title(lettered(letters.next().unwrap_or('e'), "prediction")),
            );
            figure = figure.note(cut);
        }
        if self.scores.is_teacher_forced() {
            figure = figure.note("Teacher-forced: every prediction starts from the recorded state, so that errors cannot build up.");
        }
        let held = if self.held_out.is_empty() {
            String::new()
        } else {
            " Dashed lines and shade: held out from training.".to_owned()
        };
        figure.rows(rows).describe(self.told()).caption(format!(
            "Recorded and modelled activity and the difference, units sorted {how}.{held}"
        ))
    }

    /// Recorded minus modelled, `[time, unit]`, where both are.
    fn residual(&self) -> Matrix {
        let steps = self.recorded.rows().min(self.model.rows());
        let units = self.recorded.columns().min(self.model.columns());
        let at = |k: usize| {
            let (t, unit) = (k / units, k % units);
            self.recorded.at(t, unit) - self.model.at(t, unit)
        };
        let values: Vec<f64> = (0..steps * units).map(at).collect();
        // as many values as the shape says
        Matrix::new(steps, units, &values).unwrap_or_default()
    }

    /// R² of each unit over the whole stretch, to choose and to tell.
    fn unit_scores(&self) -> Vec<f64> {
        let steps = self.recorded.rows().min(self.model.rows());
        (0..self.recorded.columns().min(self.model.columns()))
            .map(|u| {
                let pairs: Vec<(f64, f64)> = (0..steps)
                    .map(|t| (self.recorded.at(t, u), self.model.at(t, u)))
                    .filter(|(a, b)| (a + b).is_finite())
                    .collect();
                let mean = pairs.iter().map(|p| p.0).sum::<f64>() / pairs.len().max(1) as f64;
                let total: f64 = pairs.iter().map(|p| (p.0 - mean).powi(2)).sum();
                let rest: f64 = pairs.iter().map(|p| (p.0 - p.1).powi(2)).sum();
                if total > 0.0 { 1.0 - rest / total } else { f64::NAN }
            })
            .collect()
    }

    /// The units asked for, or those at the 95th, 75th, 50th and 25th percentile of fit.
    fn chosen(&self) -> Vec<usize> {
        let units = self.recorded.columns();
        if !self.examples.is_empty() {
            return self.examples.iter().copied().filter(|&u| u < units).collect();
        }
        let scores = self.unit_scores();
        let mut ranked: Vec<usize> = (0..scores.len()).filter(|&u| scores[u].is_finite()).collect();
        ranked.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut chosen: Vec<usize> = [0.05, 0.25, 0.5, 0.75]
            .iter()
            .filter_map(|q| ranked.get((q * ranked.len() as f64) as usize).copied())
            .collect();
        chosen.dedup();
        chosen
    }

    fn traces(&self, examples: &[usize], step: f64, x: Axis, factor: f64) -> Panel {
        let values = examples.iter().flat_map(|&u| {
            let both = [&self.recorded, &self.model];
            both.into_iter().flat_map(move |m| (0..m.rows()).map(move |t| m.at(t, u)))
        });
        let lanes = Lanes::new(examples.len(), finite_range(values));
        let names: Vec<String> = examples.iter().map(|u| format!("unit {}", u + 1)).collect();
        let mut panel = Panel::new(x, lanes.axis(&names, true));
        for &(from, to) in &self.held_out {
            panel = panel.mark(Band::new(from * factor, to * factor).name("held out"));
        }
        panel = panel.marks(lanes.zeros());
        for (k, &u) in examples.iter().enumerate() {
            let line = |m: &Matrix, color| {
                lanes.line(k, (0..m.rows()).map(|t| ((t as f64 + 0.5) * step, m.at(t, u))), color)
            };
            panel = panel.mark(line(&self.recorded, Color::GREY).width(1.3).name("recorded"));
            panel = panel
                .mark(line(&self.model, Color::BLUE).width(0.9).name(self.model_name.as_str()));
        }
        lanes.scale_bar(panel)
    }

    fn told(&self) -> String {
        let scores = self.unit_scores();
        let mut told =
            format!("{} units over {} frames. ", self.recorded.columns(), self.recorded.rows());
        if scores.iter().any(|s| s.is_finite()) {
            told += &format!(
                "Median R² of a unit over the stretch shown: {}. ",
                number(crate::matrix::quantile(scores.into_iter(), 0.5), 2)
            );
        }
        told += &self.scores.told();
        told.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(phase: f64) -> Matrix {
        let values: Vec<f64> = (0..60 * 9)
            .map(|i| (f64::from(i / 9) * 0.2 + f64::from(i % 9) + phase).sin().max(0.0))
            .collect();
        Matrix::new(60, 9, &values).unwrap()
    }

    #[test]
    fn a_perfect_model_scores_one_and_examples_span_the_fit() {
        let fit = FitFigure::new(33.0, wave(0.0), wave(0.0));
        assert!(fit.unit_scores().iter().all(|s| (s - 1.0).abs() < 1e-12));
        assert_eq!(fit.chosen().len(), 4);
        assert_eq!(fit.examples([3, 99]).chosen(), [3]);
    }

    #[test]
    fn the_residual_is_the_difference() {
        let fit = FitFigure::new(33.0, wave(0.0), wave(0.4));
        let residual = fit.residual();
        assert_eq!((residual.rows(), residual.columns()), (60, 9));
        assert_eq!(residual.at(7, 3), wave(0.0).at(7, 3) - wave(0.4).at(7, 3));
        assert!(fit.figure().svg().contains("residual"));
        let nothing = Matrix::new::<f64>(0, 0, &[]).unwrap();
        assert!(FitFigure::new(33.0, wave(0.0), nothing).figure().svg().contains("residual"));
    }

    #[test]
    fn cut_bars_are_confessed_and_missing_ones_drawn_as_such() {
        let scores = HorizonScores::new(["network", "mean"])
            .horizon("1 frame", true, [0.9, -7.0])
            .horizon("free run", false, [f64::NAN]);
        let figure = FitFigure::new(33.0, wave(0.0), wave(0.4)).scores(scores).figure();
        assert!(figure.notes().iter().any(|n| n.starts_with("Bars are cut")));
        let svg = figure.svg();
        assert!(svg.contains("−7.00") && svg.contains("teacher-forced") && svg.contains(">–<"));
    }
}
