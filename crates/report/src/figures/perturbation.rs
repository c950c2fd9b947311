//! What a perturbation does to behaviour: a bar with its interval for each, beside what is left alone.

use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Height, Width},
    guide::Rule,
    label::Label,
    mark::Bars,
    matrix::finite_range,
    panel::Panel,
    spread::Whiskers,
    ticks::number,
};

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
        let room = self.width.mm() * 72.0 / 25.4 * 0.8 / all.len().max(1) as f64;
        let ticks = all.iter().enumerate().map(|(i, e)| {
            let [above, below] = two_lines(&e.0);
            (i as f64, above.fitted(7.0, room), below.fitted(7.0, room))
        });
        let x = Axis::new("")
            .two_line_ticks_at(ticks.collect::<Vec<_>>())
            .range(-0.5, all.len().max(1) as f64 - 0.5);
        let ends = all.iter().flat_map(|e| [e.1, e.2.0, e.2.1]);
        let (lo, hi) = finite_range(ends).unwrap_or((0.0, 1.0));
        let (lo, hi) = (lo.min(0.0), hi.max(0.0));
        let pad = if hi > lo { 0.06 * (hi - lo) } else { 0.5 };
        let y =
            Axis::new(self.measure.clone()).range(if lo < 0.0 { lo - pad } else { 0.0 }, hi + pad);
        let mut panel = Panel::new(x, y).mark(Rule::at_y(0.0).color(Color::INK));
        for (i, e) in all.iter().enumerate() {
            let hue =
                if self.control.is_some() && i == 0 { Color::GREY.tint(0.35) } else { Color::BLUE };
            panel = panel.mark(Bars::new([(i as f64, e.1)], 0.62, hue).name(""));
        }
        if let Some((value, _)) = self.control {
            panel = panel.mark(Rule::at_y(value).dashed());
        }
        let spans = all.iter().enumerate().filter(|(_, e)| (e.2.0 + e.2.1).is_finite());
        panel = panel.mark(Whiskers::new(spans.map(|(i, e)| (i as f64, e.2.0, e.2.1)), Color::INK));
        let told: Vec<String> = all
            .iter()
            .map(|e| {
                let (lo, hi) = (number(e.2.0, 2), number(e.2.1, 2));
                format!("{} {} ({lo} to {hi})", e.0, number(e.1, 2))
            })
            .collect();
        let (measure, told) = (self.measure.plain(), told.join(", "));
        Figure::new("Perturbations", self.width)
            .rows([Height::Mm(40.0)])
            .place(0, 0, panel)
            .caption(format!(
                "Effect of perturbations on the {measure}, with {}. Dashed: without one. {told}.",
                self.interval
            ))
            .describe(format!("{measure}: {told}."))
    }
}

/// A name of several words on two lines, broken near its middle.
fn two_lines(name: &str) -> [Label; 2] {
    let middle = name.len() as i64 / 2;
    match name.match_indices(' ').min_by_key(|(at, _)| (*at as i64 - middle).abs()) {
        Some((at, _)) => [Label::from(&name[..at]), Label::from(&name[at + 1..])],
        None => [Label::from(name), Label::new()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_break_near_their_middle() {
        let lines = |s: &str| two_lines(s).map(|l| l.plain());
        assert_eq!(lines("silence inhibitory"), ["silence", "inhibitory"]);
        assert_eq!(lines("cut E to I"), ["cut E", "to I"]);
        assert_eq!(lines("none"), ["none", ""]);
    }

    #[test]
    fn an_interval_that_is_not_known_is_not_drawn() {
        let figure = Perturbations::new("score").effect("a", 0.5, (f64::NAN, f64::NAN)).figure();
        assert!(roxmltree::Document::parse(&figure.svg()).is_ok());
        assert!(figure.caption_label().plain().contains("a 0.50 (– to –)"));
    }
}
