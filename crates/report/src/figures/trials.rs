//! A few trials in full: what went in, what was asked, what came out, what the units did.

use super::{
    UnitOrder, lettered,
    sheet::{Place, Row, Sheet},
    time_unit,
};
use crate::{
    figure::{Figure, Height, Width},
    label::Label,
    matrix::Matrix,
};

/// One trial. Matrices are `[time, channel]`, as they lie in memory.
#[derive(Clone, Debug)]
pub struct Trial {
    pub(crate) title: String,
    pub(crate) inputs: Matrix,
    pub(crate) targets: Matrix,
    pub(crate) outputs: Matrix,
    pub(crate) asked: Vec<f64>,
    pub(crate) activity: Matrix,
    pub(crate) conditions: Vec<(String, String)>,
}

impl Trial {
    /// A trial under a title that says its condition.
    ///
    /// `inputs [time, channel]`, `targets` and `outputs [time, output]`, `asked [time]` (the weight of the target, 0
    /// where nothing is asked), `activity [time, unit]`.
    #[must_use]
    pub fn new(
        title: impl Into<String>,
        inputs: Matrix,
        targets: Matrix,
        outputs: Matrix,
        asked: Vec<f64>,
        activity: Matrix,
    ) -> Trial {
        let conditions = Vec::new();
        Trial { title: title.into(), inputs, targets, outputs, asked, activity, conditions }
    }

    /// A condition of the trial and its value, read beside it: `("coherence", "0.08")`.
    #[must_use]
    pub fn condition(mut self, name: impl Into<String>, value: impl Into<String>) -> Trial {
        self.conditions.push((name.into(), value.into()));
        self
    }
}

/// Sample trials, one a column: inputs, output against target with the asked-for window shaded, activity of every
/// unit; one time axis. Channels stand in lanes of their own on a common scale, with a scale bar; above eight
/// channels they become a heat-map.
#[derive(Clone, Debug)]
pub struct SampleTrials {
    pub(crate) dt: f64,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) order: UnitOrder,
    pub(crate) trials: Vec<Trial>,
    pub(crate) quantity: Label,
}

impl SampleTrials {
    /// Trials sampled every `dt_ms` milliseconds.
    #[must_use]
    pub fn new(dt_ms: f64) -> SampleTrials {
        let dt = if dt_ms.is_finite() && dt_ms > 0.0 { dt_ms } else { 1.0 };
        SampleTrials {
            dt,
            inputs: Vec::new(),
            outputs: Vec::new(),
            order: UnitOrder::Peak,
            trials: Vec::new(),
            quantity: Label::new().text("rate ").italic("r"),
        }
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

    /// Order of the units, the same in all trials; by peak of the mean over the trials unless told.
    #[must_use]
    pub fn order(mut self, order: UnitOrder) -> Self {
        self.order = order;
        self
    }

    /// What the activity is, for the colour bar.
    #[must_use]
    pub fn quantity(mut self, label: impl Into<Label>) -> Self {
        self.quantity = label.into();
        self
    }

    /// Add a trial. Four fill the width of a page.
    #[must_use]
    pub fn trial(mut self, trial: Trial) -> Self {
        self.trials.push(trial);
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let columns = self.trials.len().max(1);
        let steps = self.trials.iter().map(Trial::steps).max().unwrap_or(0);
        let (factor, unit) = time_unit(steps as f64 * self.dt);
        let sheet = Sheet { of: self, step: self.dt * factor, time: unit };
        let mut figure = Figure::new("Sample trials", Width::Double).columns(vec![1.0; columns]);
        let mut rows = Vec::new();
        for (letter, kind) in ('a'..).zip(sheet.rows()) {
            let row = rows.len();
            rows.push(Height::Mm(sheet.height(kind)));
            for (i, trial) in self.trials.iter().enumerate() {
                let place =
                    Place { first: i == 0, last: i + 1 == columns, bottom: kind == Row::Activity };
                let mut panel = sheet.panel(kind, trial, place);
                let heading = if row == 0 { trial.title.as_str() } else { "" };
                if i == 0 {
                    panel = panel.title(lettered(letter, heading));
                } else if row == 0 {
                    panel = panel.title(heading);
                }
                figure = figure.place(row, i, panel);
            }
        }
        let order = sheet.order().1;
        let told: Vec<String> = self.trials.iter().map(Trial::told).collect();
        figure
            .rows(rows)
            .describe(format!("{} sample trials. {}", self.trials.len(), told.join(" ")))
            .caption(format!(
                "Sample trials: inputs, output with its target, and the activity of every unit, sorted {order}. Shaded: the interval in which an answer is asked for.",
            ))
    }
}

impl Trial {
    pub(crate) fn steps(&self) -> usize {
        self.inputs
            .rows()
            .max(self.activity.rows())
            .max(self.outputs.rows())
            .max(self.targets.rows())
    }

    fn told(&self) -> String {
        let asked: Vec<usize> = (0..self.asked.len()).filter(|&t| self.asked[t] > 0.0).collect();
        let error: Vec<f64> = asked
            .iter()
            .flat_map(|&t| (0..self.outputs.columns()).map(move |c| (t, c)))
            .map(|(t, c)| (self.outputs.at(t, c) - self.targets.at(t, c)).powi(2))
            .filter(|e| e.is_finite())
            .collect();
        let rms = (error.iter().sum::<f64>() / error.len().max(1) as f64).sqrt();
        if error.is_empty() {
            return format!("{}.", self.title);
        }
        format!(
            "{}: root-mean-square error {} where asked.",
            self.title,
            crate::ticks::number(rms, 2)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::Mark;

    fn matrix(rows: usize, columns: usize) -> Matrix {
        let values: Vec<f64> = (0..rows * columns).map(|i| (i as f64 * 0.3).sin()).collect();
        Matrix::new(rows, columns, &values).unwrap()
    }

    fn sample(inputs: usize, outputs: usize) -> SampleTrials {
        let asked =
            (0..50).map(|t| f64::from(u8::from((10..20).contains(&t) || t >= 40))).collect();
        let trial = Trial::new(
            "a <b>",
            matrix(50, inputs),
            matrix(50, outputs),
            matrix(50, outputs),
            asked,
            matrix(50, 12),
        );
        SampleTrials::new(20.0)
            .inputs(["motion", "colour"])
            .outputs(["choice"])
            .trial(trial.clone())
            .trial(trial)
    }

    #[test]
    fn asked_for_windows_are_found() {
        let s = sample(2, 1);
        let sheet = Sheet { of: &s, step: 20.0, time: "time (ms)" };
        let windows = sheet.windows(&s.trials[0]);
        let edges: Vec<(f64, f64)> = windows
            .iter()
            .map(|m| if let Mark::Band(b) = m { (b.from, b.to) } else { (0.0, 0.0) })
            .collect();
        assert_eq!(edges, [(200.0, 400.0), (800.0, 1000.0)]);
    }

    #[test]
    fn few_channels_are_lines_and_many_are_pictures() {
        let images = |s: SampleTrials| s.figure().svg().matches("<image").count();
        assert_eq!(images(sample(3, 1)), 2 + 1);
        assert_eq!(images(sample(3, 3)), 2 + 1);
        assert_eq!(images(sample(30, 20)), 3 * (2 + 1) + 2 + 1);
    }

    #[test]
    fn nothing_at_all_is_drawn_as_nothing() {
        let empty = Matrix::new::<f64>(0, 0, &[]).unwrap();
        let trial = Trial::new("", empty.clone(), empty.clone(), empty.clone(), vec![], empty);
        for s in [SampleTrials::new(f64::NAN), SampleTrials::new(1.0).trial(trial)] {
            assert!(roxmltree::Document::parse(&s.figure().svg()).is_ok());
        }
    }
}
