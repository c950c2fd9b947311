//! The panels of sample trials: which rows there are, and what each shows of a trial.

use super::{
    SampleTrials, Trial, activity_colors, joint_range, lanes::Lanes, unit_heat, unit_ticks,
};
use crate::{
    axis::Axis,
    color::Color,
    colormap::Colormap,
    guide::Band,
    label::Label,
    mark::{Line, Mark},
    matrix::Matrix,
    panel::{Legend, Panel},
};

/// More channels than this are a heat-map instead of lines.
const LINES: usize = 8;

/// One row of the figure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Inputs,
    Outputs,
    Targets,
    Activity,
}

/// Where in the grid a panel stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) first: bool,
    pub(super) last: bool,
    pub(super) bottom: bool,
}

/// The trials with everything all panels share.
pub(super) struct Sheet<'a> {
    pub(super) of: &'a SampleTrials,
    pub(super) step: f64,
    pub(super) time: &'static str,
}

impl Sheet<'_> {
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![Row::Inputs, Row::Outputs];
        if self.channels(Row::Outputs) > LINES {
            rows.push(Row::Targets);
        }
        rows.push(Row::Activity);
        rows
    }

    fn matrix<'t>(&self, row: Row, trial: &'t Trial) -> &'t Matrix {
        match row {
            Row::Inputs => &trial.inputs,
            Row::Outputs => &trial.outputs,
            Row::Targets => &trial.targets,
            Row::Activity => &trial.activity,
        }
    }

    fn channels(&self, row: Row) -> usize {
        self.of.trials.iter().map(|t| self.matrix(row, t).columns()).max().unwrap_or(0)
    }

    pub(super) fn height(&self, row: Row) -> f64 {
        let channels = self.channels(row);
        match row {
            Row::Activity => 34.0,
            Row::Outputs if channels <= 1 => 20.0,
            _ if channels > LINES => 20.0,
            _ => (channels as f64 * 6.0).clamp(8.0, 40.0),
        }
    }

    /// Range over all trials; of outputs and targets together.
    fn range(&self, row: Row) -> Option<(f64, f64)> {
        let both = matches!(row, Row::Outputs | Row::Targets);
        let targets = self.of.trials.iter().filter(|_| both).map(|t| &t.targets);
        let outputs = self.of.trials.iter().filter(|_| both).map(|t| &t.outputs);
        joint_range(
            self.of.trials.iter().map(|t| self.matrix(row, t)).chain(targets).chain(outputs),
        )
    }

    fn x(&self, trial: &Trial, place: Place) -> Axis {
        let axis = Axis::new(self.time).range(0.0, (trial.steps().max(1)) as f64 * self.step);
        if place.bottom { axis } else { axis.without_numbers().bare() }
    }

    /// Values of one channel at the middle of their steps.
    fn points<'t>(
        &self,
        matrix: &'t Matrix,
        channel: usize,
    ) -> impl Iterator<Item = (f64, f64)> + 't {
        let step = self.step;
        (0..matrix.rows()).map(move |t| ((t as f64 + 0.5) * step, matrix.at(t, channel)))
    }

    pub(super) fn panel(&self, row: Row, trial: &Trial, place: Place) -> Panel {
        match row {
            Row::Inputs if self.channels(row) <= LINES => self.inputs(trial, place),
            Row::Outputs if self.channels(row) == 1 => self.output(trial, place),
            Row::Outputs if self.channels(row) <= LINES => self.outputs(trial, place),
            Row::Activity => self.activity(trial, place),
            _ => self.channel_map(row, trial, place),
        }
    }

    fn inputs(&self, trial: &Trial, place: Place) -> Panel {
        let lanes = Lanes::new(self.channels(Row::Inputs), self.range(Row::Inputs));
        let mut panel = Panel::new(self.x(trial, place), lanes.axis(&self.of.inputs, place.first))
            .marks(lanes.zeros());
        for c in 0..trial.inputs.columns() {
            panel = panel.mark(lanes.line(c, self.points(&trial.inputs, c), Color::line(c)));
        }
        if place.last { lanes.scale_bar(panel) } else { panel }
    }

    fn output(&self, trial: &Trial, place: Place) -> Panel {
        let (lo, hi) = self.range(Row::Outputs).unwrap_or((0.0, 1.0));
        let pad = if hi > lo { 0.08 * (hi - lo) } else { 0.5 };
        let name = self.of.outputs.first().map_or("output", String::as_str);
        let y = Axis::new(Label::from(name).fitted(7.0, 80.0)).range(lo - pad, hi + pad);
        let y = if place.first { y } else { y.without_numbers() };
        let panel = Panel::new(self.x(trial, place), y).legend(if place.last {
            Legend::Right
        } else {
            Legend::None
        });
        let output =
            Line::new(self.points(&trial.outputs, 0), Color::BLUE).width(1.1).name("output");
        let target = Line::new(self.points(&trial.targets, 0), Color::INK)
            .width(0.8)
            .dashed()
            .name("target");
        panel.marks(self.windows(trial)).mark(output).mark(target)
    }

    fn outputs(&self, trial: &Trial, place: Place) -> Panel {
        let lanes = Lanes::new(self.channels(Row::Outputs), self.range(Row::Outputs));
        let mut panel = Panel::new(self.x(trial, place), lanes.axis(&self.of.outputs, place.first))
            .legend(if place.last { Legend::Right } else { Legend::None })
            .marks(self.windows(trial));
        for c in 0..trial.outputs.columns() {
            panel = panel
                .mark(
                    lanes
                        .line(c, self.points(&trial.outputs, c), Color::BLUE)
                        .width(1.1)
                        .name("output"),
                )
                .mark(
                    lanes
                        .line(c, self.points(&trial.targets, c), Color::INK)
                        .width(0.8)
                        .dashed()
                        .name("target"),
                );
        }
        panel
    }

    /// Intervals in which the target counts.
    pub(super) fn windows(&self, trial: &Trial) -> Vec<Mark> {
        let mut windows: Vec<(usize, usize)> = Vec::new();
        for (t, _) in trial.asked.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            match windows.last_mut() {
                Some((_, to)) if *to == t => *to = t + 1,
                _ => windows.push((t, t + 1)),
            }
        }
        // A target asked for all the time needs no shade.
        windows.retain(|w| *w != (0, trial.steps()));
        let band = |(from, to)| {
            Band::new(from as f64 * self.step, to as f64 * self.step).name("asked for").into()
        };
        windows.into_iter().map(band).collect()
    }

    pub(super) fn order(&self) -> (Vec<usize>, &'static str) {
        let Some(first) = self.of.trials.first() else {
            return (Vec::new(), "as numbered");
        };
        let shape = (first.activity.rows(), first.activity.columns());
        let mut sum = vec![0.0; shape.0 * shape.1];
        for t in
            self.of.trials.iter().filter(|t| (t.activity.rows(), t.activity.columns()) == shape)
        {
            sum.iter_mut().zip(t.activity.values()).for_each(|(s, v)| *s += v);
        }
        let mean = Matrix::new(shape.0, shape.1, &sum).unwrap_or_else(|_| first.activity.clone());
        self.of.order.indices(&mean.transposed())
    }

    fn activity(&self, trial: &Trial, place: Place) -> Panel {
        let units = trial.activity.transposed().rows_in_order(&self.order().0);
        let n = units.rows();
        let y = Axis::new("unit").ticks_at(unit_ticks(n)).range(0.0, (n as f64).max(1.0));
        let y = if place.first { y } else { y.without_numbers() };
        let end = trial.activity.rows() as f64 * self.step;
        let panel = Panel::new(self.x(trial, place), y);
        let panel = unit_heat(
            panel,
            units,
            end,
            activity_colors(self.range(Row::Activity)),
            (192, self.pixels()),
        );
        if place.last { panel.colorbar(self.of.quantity.clone()) } else { panel }
    }

    /// Columns of a heat-map: together the trials stay within one page's worth of pixels.
    fn pixels(&self) -> usize {
        (640 / self.of.trials.len().max(1)).max(48)
    }

    /// Many channels: a heat-map, the first on top.
    fn channel_map(&self, row: Row, trial: &Trial, place: Place) -> Panel {
        let (name, matrix) = match row {
            Row::Inputs => ("input", &trial.inputs),
            Row::Targets => ("target", &trial.targets),
            _ => ("output", &trial.outputs),
        };
        let channels = matrix.transposed();
        let n = channels.rows();
        let y = Axis::new(name).ticks_at(unit_ticks(n)).range(0.0, (n as f64).max(1.0));
        let y = if place.first { y } else { y.without_numbers() };
        let (map, lo, hi) = activity_colors(self.range(row));
        let colors = if map == Colormap::Viridis { (map, lo.min(0.0), hi) } else { (map, lo, hi) };
        let panel = unit_heat(
            Panel::new(self.x(trial, place), y),
            channels,
            matrix.rows() as f64 * self.step,
            colors,
            (96, self.pixels()),
        );
        if place.last { panel.colorbar("") } else { panel }
    }
}
