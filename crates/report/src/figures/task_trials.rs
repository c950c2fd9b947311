//! Trials as a task makes them: their periods, what goes in, what is wanted, and where it is asked.

use super::{
    activity_colors, joint_range, lanes::Lanes, lettered, time_unit, unit_heat, unit_ticks,
};
use crate::{
    axis::Axis,
    color::Color,
    colormap::Colormap,
    figure::{Figure, Height, Width},
    guide::{Band, Rule},
    mark::Mark,
    matrix::Matrix,
    panel::{Legend, Panel},
};

/// More channels than this are a heat-map instead of lines.
const LINES: usize = 12;

/// One trial of a task. Matrices are `[time, channel]`.
#[derive(Clone, Debug)]
pub struct TaskTrial {
    title: String,
    periods: Vec<(String, usize, usize)>,
    inputs: Matrix,
    targets: Matrix,
    asked: Vec<f64>,
}

impl TaskTrial {
    /// A trial under a title that says its condition.
    ///
    /// `periods`: name, first step, last step plus one; `inputs [time, channel]`, `targets [time, output]`,
    /// `asked [time]` (the weight of the target, 0 where nothing is asked).
    #[must_use]
    pub fn new(
        title: impl Into<String>,
        periods: Vec<(String, usize, usize)>,
        inputs: Matrix,
        targets: Matrix,
        asked: Vec<f64>,
    ) -> TaskTrial {
        TaskTrial { title: title.into(), periods, inputs, targets, asked }
    }

    fn steps(&self) -> usize {
        self.inputs.rows().max(self.targets.rows())
    }

    /// Runs of steps in which the target counts.
    fn windows(&self) -> Vec<(usize, usize)> {
        let mut windows: Vec<(usize, usize)> = Vec::new();
        for (t, _) in self.asked.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            match windows.last_mut() {
                Some((_, to)) if *to == t => *to = t + 1,
                _ => windows.push((t, t + 1)),
            }
        }
        windows
    }
}

/// Trials of a task, one a column, on one time axis: periods, inputs, targets. Channels stand in lanes of
/// their own on a common scale, with a scale bar; many of them become a heat-map. Targets are drawn strong
/// where they are asked, which is shaded.
#[derive(Clone, Debug)]
pub struct TaskTrials {
    task: String,
    dt: f64,
    inputs: Vec<String>,
    outputs: Vec<String>,
    trials: Vec<TaskTrial>,
}

impl TaskTrials {
    /// Trials of this task, sampled every `dt_ms` milliseconds.
    #[must_use]
    pub fn new(task: impl Into<String>, dt_ms: f64) -> TaskTrials {
        let dt = if dt_ms.is_finite() && dt_ms > 0.0 { dt_ms } else { 1.0 };
        let (inputs, outputs, trials) = (Vec::new(), Vec::new(), Vec::new());
        TaskTrials { task: task.into(), dt, inputs, outputs, trials }
    }

    /// Names of the input channels.
    #[must_use]
    pub fn inputs<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.inputs = names.into_iter().map(Into::into).collect();
        self
    }

    /// Names of the outputs.
    #[must_use]
    pub fn outputs<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.outputs = names.into_iter().map(Into::into).collect();
        self
    }

    /// Add a trial. Three fill the width of a page.
    #[must_use]
    pub fn trial(mut self, trial: TaskTrial) -> Self {
        self.trials.push(trial);
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let columns = self.trials.len().max(1);
        let steps = self.trials.iter().map(TaskTrial::steps).max().unwrap_or(0).max(1);
        let (factor, time) = time_unit(steps as f64 * self.dt);
        let sheet =
            Sheet { of: self, step: self.dt * factor, end: steps as f64 * self.dt * factor };
        let rows: &[Row] = match self.trials.iter().any(|trial| !trial.periods.is_empty()) {
            true => &[Row::Periods, Row::Inputs, Row::Targets],
            false => &[Row::Inputs, Row::Targets],
        };
        let mut figure = Figure::new(format!("Trials of {}", self.task), Width::Double)
            .columns(vec![1.0; columns])
            .rows(rows.iter().map(|&row| Height::Mm(sheet.height(row))));
        for (k, (&row, letter)) in rows.iter().zip('a'..).enumerate() {
            for (i, trial) in self.trials.iter().enumerate() {
                let x = Axis::new(time).range(0.0, sheet.end);
                let x = if k + 1 == rows.len() { x } else { x.without_numbers().bare() };
                let mut panel = sheet.panel(row, trial, x, (i == 0, i + 1 == columns));
                let heading = if k == 0 { trial.title.as_str() } else { "" };
                if i == 0 {
                    panel = panel.title(lettered(letter, heading));
                } else if k == 0 {
                    panel = panel.title(heading);
                }
                figure = figure.place(k, i, panel);
            }
        }
        let titles: Vec<&str> = self.trials.iter().map(|trial| trial.title.as_str()).collect();
        figure
            .describe(format!("{} trials of {}: {}.", titles.len(), self.task, titles.join("; ")))
            .caption(format!(
                "Trials of {}: periods, inputs, and targets. Shaded, and drawn strong: where the target is asked for.",
                self.task
            ))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    Periods,
    Inputs,
    Targets,
}

struct Sheet<'a> {
    of: &'a TaskTrials,
    /// Duration of a step on the axis.
    step: f64,
    end: f64,
}

impl Sheet<'_> {
    fn matrices(&self, row: Row) -> impl Iterator<Item = &Matrix> {
        self.of.trials.iter().map(move |trial| match row {
            Row::Targets => &trial.targets,
            _ => &trial.inputs,
        })
    }

    fn lanes(&self, row: Row) -> usize {
        match row {
            Row::Periods => self.period_names().len(),
            _ => self.matrices(row).map(Matrix::columns).max().unwrap_or(0),
        }
    }

    fn height(&self, row: Row) -> f64 {
        let lanes = self.lanes(row) as f64;
        match row {
            Row::Periods => (lanes * 3.2).max(4.0),
            _ if lanes > LINES as f64 => 24.0,
            _ => (lanes * 6.0).max(14.0),
        }
    }

    /// Periods of all trials, in order.
    fn period_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, ..) in self.of.trials.iter().flat_map(|trial| &trial.periods) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    fn panel(&self, row: Row, trial: &TaskTrial, x: Axis, (first, last): (bool, bool)) -> Panel {
        match row {
            Row::Periods => self.periods(trial, x, first),
            _ if self.lanes(row) > LINES => self.map(row, trial, x, (first, last)),
            _ => self.curves(row, trial, x, (first, last)),
        }
    }

    /// One bar a period, each in its own lane: names never collide, however short the period.
    fn periods(&self, trial: &TaskTrial, x: Axis, first: bool) -> Panel {
        let names = self.period_names();
        let lanes = Lanes::new(names.len(), None);
        let bars =
            trial.periods.iter().filter(|(_, from, to)| to > from).map(|(name, from, to)| {
                let lane = names.iter().position(|n| n == name).unwrap_or(0);
                let ends = [*from, *to].map(|step| (step as f64 * self.step, 0.5));
                lanes.line(lane, ends.into_iter(), Color::GREY).width(4.0)
            });
        Panel::new(x, lanes.axis(&names, first).bare()).marks(bars)
    }

    fn curves(&self, row: Row, trial: &TaskTrial, x: Axis, (first, last): (bool, bool)) -> Panel {
        let lanes = Lanes::new(self.lanes(row), joint_range(self.matrices(row)));
        let (names, values) = match row {
            Row::Targets => (&self.of.outputs, &trial.targets),
            _ => (&self.of.inputs, &trial.inputs),
        };
        let mut panel = Panel::new(x, lanes.axis(names, first)).legend(Legend::None);
        if row == Row::Targets {
            panel = panel.marks(self.asked(trial));
        }
        panel = panel.marks(self.boundaries(trial)).marks(lanes.zeros());
        for c in 0..values.columns() {
            if row == Row::Targets {
                let all = self.stairs(values, c, |_| true);
                let asked =
                    self.stairs(values, c, |t| trial.asked.get(t).is_some_and(|w| *w > 0.0));
                panel = panel
                    .mark(lanes.line(c, all.into_iter(), Color::GREY).width(0.6))
                    .mark(lanes.line(c, asked.into_iter(), Color::line(c)).width(1.3));
            } else {
                let curve = self.stairs(values, c, |_| true);
                panel = panel.mark(lanes.line(c, curve.into_iter(), Color::line(c)));
            }
        }
        if last { lanes.scale_bar(panel) } else { panel }
    }

    /// A channel as it is: constant during a step. Steps that are not wanted are a gap.
    fn stairs(
        &self,
        values: &Matrix,
        channel: usize,
        wanted: impl Fn(usize) -> bool,
    ) -> Vec<(f64, f64)> {
        let mut points = Vec::with_capacity(2 * values.rows());
        for t in 0..values.rows() {
            let value = if wanted(t) { values.at(t, channel) } else { f64::NAN };
            points.push((t as f64 * self.step, value));
            points.push(((t + 1) as f64 * self.step, value));
        }
        points
    }

    fn asked(&self, trial: &TaskTrial) -> Vec<Mark> {
        let band = |(from, to): (usize, usize)| {
            Band::new(from as f64 * self.step, to as f64 * self.step).into()
        };
        trial.windows().into_iter().map(band).collect()
    }

    /// Where periods begin and the trial ends.
    fn boundaries(&self, trial: &TaskTrial) -> Vec<Mark> {
        let mut steps: Vec<usize> =
            trial.periods.iter().flat_map(|(_, from, to)| [*from, *to]).collect();
        steps.sort_unstable();
        steps.dedup();
        let rule = |step: usize| Rule::at_x(step as f64 * self.step).dashed().into();
        let end = (self.end / self.step).round() as usize;
        steps.into_iter().filter(|step| (1..end).contains(step)).map(rule).collect()
    }

    /// Many channels: a heat-map, the first on top.
    fn map(&self, row: Row, trial: &TaskTrial, x: Axis, (first, last): (bool, bool)) -> Panel {
        let (name, values) = match row {
            Row::Targets => ("target", &trial.targets),
            _ => ("input", &trial.inputs),
        };
        let channels = values.transposed();
        let n = channels.rows();
        let y = Axis::new(name).ticks_at(unit_ticks(n)).range(0.0, (n as f64).max(1.0));
        let y = if first { y } else { y.without_numbers() };
        let (map, lo, hi) = activity_colors(joint_range(self.matrices(row)));
        let colors = if map == Colormap::Viridis { (map, lo.min(0.0), hi) } else { (map, lo, hi) };
        let end = values.rows() as f64 * self.step;
        let panel = unit_heat(Panel::new(x, y), channels, end, colors, (96, 200));
        if last { panel.colorbar("") } else { panel }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize) -> Matrix {
        let values: Vec<f64> = (0..rows * columns).map(|i| (i as f64 * 0.3).sin()).collect();
        Matrix::new(rows, columns, &values).unwrap()
    }

    fn trials(channels: usize) -> TaskTrials {
        let periods = vec![("stimulus".to_owned(), 0, 30), ("decision".to_owned(), 30, 50)];
        let asked: Vec<f64> = (0..50).map(|t| f64::from(u8::from(t >= 30))).collect();
        let trial =
            TaskTrial::new("context A", periods, matrix(50, channels), matrix(50, 1), asked);
        assert_eq!(trial.windows(), [(30, 50)]);
        TaskTrials::new("test", 20.0)
            .inputs((0..channels).map(|c| format!("in{c}")))
            .outputs(["choice"])
            .trial(trial.clone())
            .trial(trial)
    }

    #[test]
    fn periods_channels_and_conditions_are_named() {
        let svg = trials(3).figure().svg();
        for part in ["stimulus", "decision", "in0", "in2", "choice", "context A", "time (ms)"] {
            assert!(svg.contains(part), "{part}");
        }
        assert!(!svg.contains("<image"));
        assert_eq!(trials(40).figure().svg().matches("<image").count(), 2 + 1);
    }

    #[test]
    fn a_step_is_drawn_as_a_step_and_gaps_as_gaps() {
        let of = trials(1);
        let sheet = Sheet { of: &of, step: 20.0, end: 1000.0 };
        let values = Matrix::new(3, 1, &[1.0, 2.0, 3.0]).unwrap();
        let points = sheet.stairs(&values, 0, |t| t != 1);
        assert_eq!(points[..2], [(0.0, 1.0), (20.0, 1.0)]);
        assert!(points[2].1.is_nan() && points[3].1.is_nan());
        assert_eq!(points[4..], [(40.0, 3.0), (60.0, 3.0)]);
    }

    #[test]
    fn nothing_at_all_is_drawn_as_nothing() {
        let empty = Matrix::new::<f64>(0, 0, &[]).unwrap();
        let trial = TaskTrial::new("", vec![], empty.clone(), empty, vec![]);
        for t in [TaskTrials::new("", f64::NAN), TaskTrials::new("x", 1.0).trial(trial)] {
            assert!(roxmltree::Document::parse(&t.figure().svg()).is_ok());
        }
    }
}
