//! One axis of a panel: its label, its range, where its ticks stand.

use crate::{label::Label, matrix::finite_range, scale::Scale, ticks::Ticks};

/// An axis. Without further words it is linear and takes its range from the data.
#[derive(Clone, Debug, Default)]
pub struct Axis {
    pub(crate) label: Label,
    log: bool,
    lo: Option<f64>,
    hi: Option<f64>,
    given: Option<Vec<GivenTick>>,
    pad: f64,
    pub(crate) numbers: bool,
    pub(crate) line: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct GivenTick {
    pub(crate) at: f64,
    pub(crate) label: Label,
    pub(crate) below: Label,
}

impl Axis {
    /// An axis with a label; units belong in it: `"time (ms)"`.
    #[must_use]
    pub fn new(label: impl Into<Label>) -> Axis {
        Axis { label: label.into(), numbers: true, line: true, ..Axis::default() }
    }

    /// Make the axis logarithmic. Values that are not positive have no place on it and are left out.
    #[must_use]
    pub fn log(mut self) -> Axis {
        self.log = true;
        self
    }

    /// From here to there, whatever the data.
    #[must_use]
    pub fn range(mut self, lo: f64, hi: f64) -> Axis {
        (self.lo, self.hi) = (Some(lo), Some(hi));
        self
    }

    /// Room beyond the data at both ends, as a fraction of their extent; none where the range is given.
    #[must_use]
    pub fn padded(mut self, fraction: f64) -> Axis {
        self.pad = fraction;
        self
    }

    /// Ticks where told, with these labels.
    #[must_use]
    pub fn ticks_at(mut self, ticks: impl IntoIterator<Item = (f64, Label)>) -> Axis {
        let given =
            ticks.into_iter().map(|(at, label)| GivenTick { at, label, below: Label::new() });
        self.given = Some(given.collect());
        self
    }

    /// Ticks where told, each with a label and a second line below it.
    #[must_use]
    pub fn two_line_ticks_at(
        mut self,
        ticks: impl IntoIterator<Item = (f64, Label, Label)>,
    ) -> Axis {
        self.given = Some(
            ticks.into_iter().map(|(at, label, below)| GivenTick { at, label, below }).collect(),
        );
        self
    }

    /// Keep the ticks but not their labels, as in all but the outer panels of a shared axis.
    #[must_use]
    pub fn without_numbers(mut self) -> Axis {
        self.numbers = false;
        self.label = Label::new();
        self
    }

    /// No line, no ticks (labels given with [`Axis::ticks_at`] are still drawn).
    #[must_use]
    pub fn bare(mut self) -> Axis {
        self.line = false;
        self
    }

    /// The scale this axis has for these data.
    pub(crate) fn scale(&self, data: impl Iterator<Item = f64>) -> Scale {
        let log = self.log;
        let found = finite_range(data.filter(|&v| !log || v > 0.0).map(crate::matrix::tame));
        let (lo, hi) = found.unwrap_or((f64::NAN, f64::NAN));
        let scale = Scale::new(self.lo.unwrap_or(lo), self.hi.unwrap_or(hi), log);
        if self.lo.is_some() && self.hi.is_some() { scale } else { scale.padded(self.pad) }
    }

    /// The ticks on a scale: those given that lie on it, or about `most` found.
    pub(crate) fn ticks(&self, scale: &Scale, most: usize) -> Ticks {
        match &self.given {
            None => scale.ticks(most),
            Some(given) => {
                let on = |t: &&GivenTick| {
                    scale.position(t.at).is_some_and(|p| (-1e-9..=1.0 + 1e-9).contains(&p))
                };
                let major = given.iter().filter(on).map(|t| (t.at, t.label.clone())).collect();
                Ticks { major, minor: Vec::new() }
            }
        }
    }

    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// Given ticks as places with plain names, both lines in one.
    pub(crate) fn named_places(&self) -> Vec<(f64, String)> {
        let name = |t: &GivenTick| format!("{} {}", t.label.plain(), t.below.plain());
        self.given.iter().flatten().map(|t| (t.at, name(t).trim_end().to_owned())).collect()
    }

    /// Second lines of given ticks, by position.
    pub(crate) fn second_lines(&self) -> impl Iterator<Item = (f64, &Label)> {
        self.given.iter().flatten().filter(|t| !t.below.is_empty()).map(|t| (t.at, &t.below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_from_the_data_unless_given() {
        let data = [1.0, f64::NAN, 5.0, f64::INFINITY];
        let s = Axis::new("x").scale(data.into_iter());
        assert_eq!((s.lo, s.hi), (1.0, 5.0));
        let s = Axis::new("x").range(0.0, 2.0).padded(0.1).scale(data.into_iter());
        assert_eq!((s.lo, s.hi), (0.0, 2.0));
        let s = Axis::new("x").log().scale([-1.0, 0.0, 10.0, 1000.0].into_iter());
        assert_eq!((s.lo, s.hi), (10.0, 1000.0));
        let s = Axis::new("x").scale(std::iter::empty());
        assert_eq!((s.lo, s.hi), (0.0, 1.0));
    }

    #[test]
    fn given_ticks_off_the_scale_are_left_out() {
        let axis =
            Axis::new("").ticks_at([(0.0, "a".into()), (9.0, "b".into()), (f64::NAN, "c".into())]);
        let ticks = axis.ticks(&Scale::new(0.0, 1.0, false), 5);
        assert_eq!(ticks.major.len(), 1);
    }
}
