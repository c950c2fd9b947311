//! Spikes: rasters, the rate of the population, and the membranes of a few units.

use super::{lanes::Lanes, lettered, time_unit};
use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Height, Width},
    label::Label,
    mark::{Dots, Line},
    matrix::{Matrix, finite_range},
    panel::Panel,
};

/// Spikes drawn in a raster at most; of more, every second, third, … unit is shown.
const MOST: usize = 6000;
/// Steps that the rate is averaged over, as a share of the trial.
const WINDOW: f64 = 1.0 / 40.0;

/// Spikes of one trial. Matrices are `[time, unit]`, as they lie in memory.
#[derive(Clone, Debug)]
pub struct SpikingTrial {
    title: String,
    spikes: Matrix,
    membranes: Matrix,
}

impl SpikingTrial {
    /// A trial under a title: `spikes [time, unit]`, where anything above 0 is one, and `membranes [time, unit]`
    /// of the few units that are drawn.
    #[must_use]
    pub fn new(title: impl Into<String>, spikes: Matrix, membranes: Matrix) -> SpikingTrial {
        SpikingTrial { title: title.into(), spikes, membranes }
    }
}

/// Trials of a spiking population, one a column: a raster with a dot for each spike, the rate of the population (a
/// running mean), and membrane potentials of a few units in lanes of their own.
///
/// ```
/// use attractor_report::{Matrix, Raster, SpikingTrial};
/// let spikes = Matrix::new(4, 2, &[0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])?;
/// let membranes = Matrix::new(4, 1, &[0.1, 0.3, 0.0, 0.2])?;
/// let figure = Raster::new(1.0).trial(SpikingTrial::new("trial 1", spikes, membranes)).figure();
/// assert_eq!(figure.title(), "Spikes");
/// # Ok::<(), attractor_report::ReportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Raster {
    dt: f64,
    trials: Vec<SpikingTrial>,
    units: Vec<usize>,
    membrane: Label,
}

impl Raster {
    /// Trials sampled every `dt_ms` milliseconds.
    #[must_use]
    pub fn new(dt_ms: f64) -> Raster {
        let dt = if dt_ms.is_finite() && dt_ms > 0.0 { dt_ms } else { 1.0 };
        Raster { dt, trials: Vec::new(), units: Vec::new(), membrane: Label::new().italic("v") }
    }

    /// The units whose membranes are drawn, counted from 0, and what the potential is called.
    #[must_use]
    pub fn membranes(
        mut self,
        units: impl IntoIterator<Item = usize>,
        called: impl Into<Label>,
    ) -> Self {
        self.units = units.into_iter().collect();
        self.membrane = called.into();
        self
    }

    /// Add a trial. Four fill the width of a page.
    #[must_use]
    pub fn trial(mut self, trial: SpikingTrial) -> Self {
        self.trials.push(trial);
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let columns = self.trials.len().max(1);
        let steps = self.trials.iter().map(|t| t.spikes.rows()).max().unwrap_or(0);
        let (factor, unit) = time_unit(steps as f64 * self.dt);
        let step = self.dt * factor;
        let end = (steps as f64 * step).max(step);
        let units = self.trials.iter().map(|t| t.spikes.columns()).max().unwrap_or(0);
        let lanes = self.lanes();
        let most = self.trials.iter().flat_map(|t| self.rate(t)).fold(0.0, f64::max);
        let mut figure = Figure::new("Spikes", Width::Double).columns(vec![1.0; columns]);
        for (k, trial) in self.trials.iter().enumerate() {
            let time = |bottom: bool| {
                let axis = Axis::new(if bottom { unit } else { "" }).range(0.0, end);
                if bottom { axis } else { axis.without_numbers() }
            };
            let side = |name: &str| Axis::new(if k == 0 { name } else { "" });
            let raster = side("unit").range(0.5, units.max(1) as f64 + 0.5);
            let raster =
                Panel::new(time(false), if k == 0 { raster } else { raster.without_numbers() })
                    .mark(Dots::new(dots(&trial.spikes, step), Color::INK).radius(0.5));
            let rate = side("rate, Hz").range(0.0, most.max(1.0));
            let curve = self.rate(trial).into_iter().enumerate();
            let curve = curve.map(|(t, hz)| ((t as f64 + 0.5) * step, hz));
            let rate = Panel::new(time(false), if k == 0 { rate } else { rate.without_numbers() })
                .mark(Line::new(curve, Color::BLUE).width(0.8));
            let names: Vec<String> =
                self.units.iter().map(|unit| format!("unit {}", unit + 1)).collect();
            let mut membranes =
                Panel::new(time(true), lanes.axis(&names, k == 0)).marks(lanes.zeros());
            for lane in 0..trial.membranes.columns() {
                let curve = (0..trial.membranes.rows())
                    .map(|t| ((t as f64 + 0.5) * step, trial.membranes.at(t, lane)));
                membranes = membranes.mark(lanes.line(lane, curve, Color::line(lane)).width(0.6));
            }
            if k + 1 == columns {
                membranes = lanes.scale_bar(membranes);
            }
            let heading = trial.title.as_str();
            let title = |letter: char, heading: &str| lettered(letter, heading);
            let [raster, rate, membranes] = match k {
                0 => [
                    raster.title(title('a', heading)),
                    rate.title(title('b', "")),
                    membranes.title(title('c', "")),
                ],
                _ => [raster.title(heading), rate, membranes],
            };
            figure = figure.place(0, k, raster).place(1, k, rate).place(2, k, membranes);
        }
        let hz: Vec<f64> = self.trials.iter().flat_map(|t| self.rate(t)).collect();
        let mean = hz.iter().sum::<f64>() / hz.len().max(1) as f64;
        figure
            .rows([Height::Mm(34.0), Height::Mm(14.0), Height::Mm(8.0 + 6.0 * self.units.len().max(1) as f64)])
            .caption(Label::new().text("Spikes: a dot for each; the mean rate of the population; and the membrane potential ").then(self.membrane.clone()).text(" of a few units, with a scale bar."))
            .describe(format!(
                "Spike rasters of {} trials and {units} units; the population fires at {} Hz in the mean.",
                self.trials.len(),
                crate::ticks::number(mean, 2)
            ))
    }

    fn lanes(&self) -> Lanes {
        let all = self.trials.iter().flat_map(|trial| {
            let m = &trial.membranes;
            (0..m.rows()).flat_map(move |t| (0..m.columns()).map(move |k| m.at(t, k)))
        });
        Lanes::new(self.units.len(), finite_range(all))
    }

    /// Spikes per unit and second, a running mean.
    fn rate(&self, trial: &SpikingTrial) -> Vec<f64> {
        let (steps, units) = (trial.spikes.rows(), trial.spikes.columns().max(1));
        let each: Vec<f64> = (0..steps)
            .map(|t| {
                (0..trial.spikes.columns()).filter(|&k| trial.spikes.at(t, k) > 0.0).count() as f64
            })
            .collect();
        let half = (steps as f64 * WINDOW / 2.0) as usize;
        (0..steps)
            .map(|t| {
                let window = &each[t.saturating_sub(half)..(t + half + 1).min(steps)];
                let mean = window.iter().sum::<f64>() / window.len() as f64;
                mean / units as f64 * 1000.0 / self.dt
            })
            .collect()
    }
}

/// Time and unit of each spike; of very many, those of every so-many-th unit.
fn dots(spikes: &Matrix, step: f64) -> Vec<(f64, f64)> {
    let of = |every: usize| -> Vec<(f64, f64)> {
        let units = (0..spikes.columns()).step_by(every);
        let at = |unit: usize| (0..spikes.rows()).map(move |t| (t, unit));
        units
            .flat_map(at)
            .filter(|&(t, unit)| spikes.at(t, unit) > 0.0)
            .map(|(t, unit)| ((t as f64 + 0.5) * step, unit as f64 + 1.0))
            .collect()
    };
    let all = of(1);
    if all.len() <= MOST { all } else { of(all.len().div_ceil(MOST)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, at: impl Fn(usize, usize) -> f64) -> Matrix {
        let values: Vec<f64> = (0..rows * columns).map(|k| at(k / columns, k % columns)).collect();
        Matrix::new(rows, columns, &values).unwrap()
    }

    #[test]
    fn every_spike_is_a_dot_and_the_rate_is_in_hertz() {
        // unit k spikes every k + 2 steps
        let spikes = matrix(60, 3, |t, k| f64::from(u8::from(t % (k + 2) == 0)));
        assert_eq!(dots(&spikes, 2.0).len(), 30 + 20 + 15);
        let raster = Raster::new(2.0).membranes([0], "v");
        let rate = raster.rate(&SpikingTrial::new("", spikes, matrix(60, 1, |t, _| t as f64)));
        let mean = rate.iter().sum::<f64>() / 60.0;
        // 65 spikes of 3 units in 120 ms
        assert!((mean - 65.0 / 3.0 / 0.12).abs() < 12.0, "{mean}");
    }

    #[test]
    fn many_spikes_leave_units_out() {
        let spikes = matrix(1000, 40, |_, _| 1.0);
        assert!(dots(&spikes, 1.0).len() <= MOST);
    }

    #[test]
    fn nothing_at_all_is_drawn_as_nothing() {
        let empty = || Matrix::new::<f64>(0, 0, &[]).unwrap();
        for raster in
            [Raster::new(f64::NAN), Raster::new(1.0).trial(SpikingTrial::new("", empty(), empty()))]
        {
            assert!(roxmltree::Document::parse(&raster.figure().svg()).is_ok());
        }
    }
}
