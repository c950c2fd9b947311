//! Marks of uncertainty: bands around a curve, intervals of single values.

use crate::{color::Color, label::Label};

/// The area between a lower and an upper curve: the interval of every point of a line.
#[derive(Clone, Debug)]
pub struct Ribbon {
    pub(crate) points: Vec<(f64, f64, f64)>,
    pub(crate) color: Color,
    pub(crate) name: Option<Label>,
}

impl Ribbon {
    /// From `(x, low, high)`, in a tint of the colour of the line it belongs to. It breaks at values that are not
    /// finite.
    #[must_use]
    pub fn new(points: impl IntoIterator<Item = (f64, f64, f64)>, color: Color) -> Ribbon {
        Ribbon { points: points.into_iter().collect(), color: color.tint(0.78), name: None }
    }

    /// Its name in the legend.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> Ribbon {
        self.name = Some(name.into());
        self
    }
}

/// Intervals of single values: an upright stroke with short ends.
#[derive(Clone, Debug)]
pub struct Whiskers {
    pub(crate) intervals: Vec<(f64, f64, f64)>,
    pub(crate) color: Color,
}

impl Whiskers {
    /// From `(x, low, high)`. Intervals that are not finite are left out.
    #[must_use]
    pub fn new(intervals: impl IntoIterator<Item = (f64, f64, f64)>, color: Color) -> Whiskers {
        Whiskers { intervals: intervals.into_iter().collect(), color }
    }
}
