//! Marks that guide the eye through the data: shaded intervals, reference lines and circles, words.

use crate::{color::Color, label::Label};

/// A shaded interval of x.
#[derive(Clone, Debug)]
pub struct Band {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) color: Color,
    pub(crate) name: Option<Label>,
}

impl Band {
    /// From here to there, pale grey.
    #[must_use]
    pub fn new(from: f64, to: f64) -> Band {
        Band { from, to, color: Color::SHADE, name: None }
    }

    /// Another shade.
    #[must_use]
    pub fn color(mut self, color: Color) -> Band {
        self.color = color;
        self
    }

    /// Its name in the legend.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> Band {
        self.name = Some(name.into());
        self
    }
}

/// A straight line across the panel at one value of x or y.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) at: f64,
    pub(crate) upright: bool,
    pub(crate) color: Color,
    pub(crate) width: f64,
    pub(crate) dash: Option<[f64; 2]>,
    pub(crate) name: Option<Label>,
}

impl Rule {
    /// Upright, at a value of x.
    #[must_use]
    pub fn at_x(x: f64) -> Rule {
        Rule { at: x, upright: true, color: Color::GREY, width: 0.5, dash: None, name: None }
    }

    /// Level, at a value of y.
    #[must_use]
    pub fn at_y(y: f64) -> Rule {
        Rule { upright: false, ..Rule::at_x(y) }
    }

    /// Another colour.
    #[must_use]
    pub fn color(mut self, color: Color) -> Rule {
        self.color = color;
        self
    }

    /// Width in points.
    #[must_use]
    pub fn width(mut self, points: f64) -> Rule {
        self.width = points;
        self
    }

    /// Dashed.
    #[must_use]
    pub fn dashed(mut self) -> Rule {
        self.dash = Some([2.0, 1.6]);
        self
    }

    /// Its name in the legend.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> Rule {
        self.name = Some(name.into());
        self
    }
}

/// A circle in data coordinates (an ellipse where the axes differ in scale).
#[derive(Clone, Debug)]
pub struct Ring {
    pub(crate) centre: (f64, f64),
    pub(crate) radius: f64,
    pub(crate) color: Color,
    pub(crate) name: Option<Label>,
}

impl Ring {
    /// A dashed circle.
    #[must_use]
    pub fn new(centre: (f64, f64), radius: f64, color: Color) -> Ring {
        Ring { centre, radius, color, name: None }
    }

    /// Its name in the legend.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> Ring {
        self.name = Some(name.into());
        self
    }
}

/// A few words at a place inside the panel.
#[derive(Clone, Debug)]
pub struct Words {
    pub(crate) at: (f64, f64),
    pub(crate) label: Label,
    pub(crate) color: Color,
    pub(crate) centred: bool,
    pub(crate) drop: f64,
}

impl Words {
    /// Words that start at `(x, y)`, an infinite `y` being the top of the panel; `drop` moves them down, in lines.
    #[must_use]
    pub fn new(at: (f64, f64), label: impl Into<Label>, drop: f64) -> Words {
        Words { at, label: label.into(), color: Color::GREY, centred: false, drop }
    }

    /// Centred on the place.
    #[must_use]
    pub fn centred(mut self) -> Words {
        self.centred = true;
        self
    }

    /// Another colour.
    #[must_use]
    pub fn color(mut self, color: Color) -> Words {
        self.color = color;
        self
    }
}
