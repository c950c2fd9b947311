//! Prediction scores of a model and its baselines at several horizons, as bars.

use crate::{
    axis::Axis, color::Color, guide::Rule, label::Label, mark::Bars, matrix::finite_range,
    panel::Panel, ticks::number,
};

/// Scores of several methods at several prediction horizons.
#[derive(Clone, Debug, Default)]
pub struct HorizonScores {
    methods: Vec<String>,
    horizons: Vec<Horizon>,
    label: Label,
}

#[derive(Clone, Debug)]
struct Horizon {
    name: String,
    teacher_forced: bool,
    scores: Vec<f64>,
}

impl HorizonScores {
    /// Scores of these methods, the model first, then its baselines.
    #[must_use]
    pub fn new<S: Into<String>>(methods: impl IntoIterator<Item = S>) -> HorizonScores {
        HorizonScores {
            methods: methods.into_iter().map(Into::into).collect(),
            horizons: Vec::new(),
            label: Label::new().text("held-out ").italic("R").sup("2"),
        }
    }

    /// What is scored; held-out R² unless told.
    #[must_use]
    pub fn label(mut self, label: impl Into<Label>) -> Self {
        self.label = label.into();
        self
    }

    /// Add a horizon: its name, whether predictions start from the recorded state at every frame (which is written
    /// below the name), and one score a method. NaN means not available.
    #[must_use]
    pub fn horizon(
        mut self,
        name: impl Into<String>,
        teacher_forced: bool,
        scores: impl IntoIterator<Item = f64>,
    ) -> Self {
        self.horizons.push(Horizon {
            name: name.into(),
            teacher_forced,
            scores: scores.into_iter().collect(),
        });
        self
    }
}

impl HorizonScores {
    /// The bars, and what was cut off.
    pub(super) fn panel(&self) -> (Panel, String) {
        const FLOOR: f64 = -0.5;
        let colors = [
            Color::BLUE,
            Color::ORANGE,
            Color::GREEN.tint(0.25),
            Color::GREY.tint(0.35),
            Color::PURPLE,
            Color::SKY,
        ];
        let all = || self.horizons.iter().flat_map(|h| h.scores.iter().copied());
        let (lo, hi) = finite_range(all()).unwrap_or((0.0, 1.0));
        let floor = lo.clamp(FLOOR, 0.0);
        let ceiling = if hi <= 1.0 { 1.0 } else { hi };
        let forced = |h: &Horizon| {
            if h.teacher_forced { Label::from("teacher-forced") } else { Label::new() }
        };
        let ticks = self
            .horizons
            .iter()
            .enumerate()
            .map(|(i, h)| (i as f64, Label::from(&h.name), forced(h)));
        let x = Axis::new("")
            .two_line_ticks_at(ticks.collect::<Vec<_>>())
            .range(-0.5, self.horizons.len() as f64 - 0.5);
        // Room above for the values written on the bars.
        let y =
            Axis::new(self.label.clone()).range(floor - 0.02, ceiling + 0.12 * (ceiling - floor));
        let mut panel = Panel::new(x, y).mark(Rule::at_y(0.0).color(Color::INK));
        let width = 0.8 / self.methods.len().max(1) as f64;
        for (m, name) in self.methods.iter().enumerate() {
            let at = |i: usize| i as f64 - 0.4 + width * (m as f64 + 0.5);
            let bars = self
                .horizons
                .iter()
                .enumerate()
                .map(|(i, h)| (at(i), h.scores.get(m).copied().unwrap_or(f64::NAN)));
            panel = panel.mark(
                Bars::new(bars, width * 0.88, colors[m % colors.len()])
                    .with_values()
                    .name(name.as_str()),
            );
        }
        let cut = all().filter(|v| *v < FLOOR).count();
        let note = if cut > 0 {
            format!("Bars are cut at {}; the numbers are not.", number(FLOOR, 1))
        } else {
            String::new()
        };
        (panel, note)
    }

    /// The scores in words.
    pub(super) fn told(&self) -> String {
        let mut told = String::new();
        for h in &self.horizons {
            let list: Vec<String> = self
                .methods
                .iter()
                .zip(&h.scores)
                .map(|(m, &s)| format!("{m} {}", number(s, 2)))
                .collect();
            told += &format!(
                "{}{}: {}. ",
                h.name,
                if h.teacher_forced { " (teacher-forced)" } else { "" },
                list.join(", ")
            );
        }
        told
    }

    pub(super) fn is_empty(&self) -> bool {
        self.horizons.is_empty()
    }

    pub(super) fn is_teacher_forced(&self) -> bool {
        self.horizons.iter().any(|h| h.teacher_forced)
    }
}
