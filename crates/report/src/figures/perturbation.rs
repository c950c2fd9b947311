//! What a perturbation does to behaviour: a line for each, under that for what is left alone. Names stand in front,
//! where they have room.

use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Height, Width},
    guide::Rule,
    label::Label,
    mark::{Dots, Line},
    matrix::finite_range,
    panel::Panel,
    ticks::number,
};

/// Height of a line, mm.
const ROW: f64 = 5.5;

/// Effects of perturbations: silencing, added input, a scaled projection.
///
/// ```
/// use attractor_report::Perturbations;
/// let figure = Perturbations::new("fraction correct")
///     .control(0.97, (0.95, 0.98))
///     .effect("silence E", 0.61, (0.56, 0.66))
///     .figure();
/// assert!(figure.caption_label().plain().contains("silence E 0.61"));
/// ```
#[derive(Clone, Debug)]
pub struct Perturbations {
    measure: Label,
    control: Option<(f64, (f64, f64))>,
    effects: Vec<(String, f64, (f64, f64))>,
    interval: String,
    width: Width,
}

impl Perturbations {
    /// Effects on this measure.
    #[must_use]
    pub fn new(measure: impl Into<Label>) -> Perturbations {
        Perturbations {
            measure: measure.into(),
            control: None,
            effects: Vec::new(),
            interval: "95 % intervals".to_owned(),
            width: Width::Single,
        }
    }

    /// The measure without a perturbation, with its interval.
    #[must_use]
    pub fn control(mut self, value: f64, interval: (f64, f64)) -> Self {
        self.control = Some((value, interval));
        self
    }

    /// Add a perturbation with what the measure becomes, and its interval.
    #[must_use]
    pub fn effect(mut self, name: impl Into<String>, value: f64, interval: (f64, f64)) -> Self {
        self.effects.push((name.into(), value, interval));
        self
    }

    /// What the intervals are; 95 % intervals unless told.
    #[must_use]
    pub fn intervals(mut self, words: impl Into<String>) -> Self {
        self.interval = words.into();
        self
    }

    /// Another width than 85 mm.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let control = self.control.map(|(v, i)| ("none".to_owned(), v, i));
        let all: Vec<&(String, f64, (f64, f64))> = control.iter().chain(&self.effects).collect();
        let row = |i: usize| -(i as f64);
        let names = all.iter().enumerate().map(|(i, e)| (row(i), Label::from(e.0.as_str())));
        let y = Axis::new("").bare().ticks_at(names.collect::<Vec<_>>());
        let y = y.range(row(all.len().max(1)) + 0.5, 0.5);
        let ends = all.iter().flat_map(|e| [e.1, e.2.0, e.2.1]);
        let (lo, hi) = finite_range(ends).unwrap_or((0.0, 1.0));
        let (lo, hi) = (lo.min(0.0), hi.max(0.0));
        let pad = if hi > lo { 0.06 * (hi - lo) } else { 0.5 };
        let x =
            Axis::new(self.measure.clone()).range(if lo < 0.0 { lo - pad } else { 0.0 }, hi + pad);
        let mut panel = Panel::new(x, y);
        if lo < 0.0 {
            panel = panel.mark(Rule::at_x(0.0).color(Color::INK));
        }
        if let Some((value, _)) = self.control {
            panel = panel.mark(Rule::at_x(value).dashed());
        }
        for (i, e) in all.iter().enumerate() {
            let hue = if self.control.is_some() && i == 0 { Color::GREY } else { Color::BLUE };
            let interval = [(e.2.0, row(i)), (e.2.1, row(i))];
            panel = panel.mark(Line::new(interval, hue).width(1.2));
            panel = panel.mark(Dots::new([(e.1, row(i))], hue).radius(2.2));
        }
        let told: Vec<String> = all
            .iter()
            .map(|e| {
                let (lo, hi) = (number(e.2.0, 2), number(e.2.1, 2));
                format!("{} {} ({lo} to {hi})", e.0, number(e.1, 2))
            })
            .collect();
        let (measure, told) = (self.measure.plain(), told.join(", "));
        Figure::new("Perturbations", self.width)
            .rows([Height::Mm(ROW * all.len().max(2) as f64)])
            .place(0, 0, panel)
            .caption(format!(
                "Effect of perturbations on the {measure}, with {}. Dashed: without one. {told}.",
                self.interval
            ))
            .describe(format!("{measure}: {told}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_whole() {
        let name = "silence cluster 1 (23 units)";
        let figure = Perturbations::new("score").effect(name, 0.5, (0.4, 0.6)).figure();
        assert!(figure.svg().contains(name), "{}", figure.svg());
    }

    #[test]
    fn an_interval_that_is_not_known_is_not_drawn() {
        let figure = Perturbations::new("score").effect("a", 0.5, (f64::NAN, f64::NAN)).figure();
        assert!(roxmltree::Document::parse(&figure.svg()).is_ok());
        assert!(figure.caption_label().plain().contains("a 0.50 (– to –)"));
    }
}
