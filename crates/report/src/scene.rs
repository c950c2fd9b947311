//! What a figure is made of once laid out: a flat list of shapes in points (1/72 inch), y downwards.
//!
//! Both writers, SVG and PNG, read this list and nothing else, so a picture and its vector twin cannot differ in
//! content. Nothing is clipped by a mask: shapes arrive already cut to their panel, which keeps files small and
//! editable and needs no ids that could clash when several figures share a page.

use std::rc::Rc;

use crate::{clip::Frame, color::Color, label::Label, scale::Scale};

/// Points per millimetre.
pub(crate) const MM: f64 = 72.0 / 25.4;

/// Where a text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a path is stroked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) color: Color,
    pub(crate) width: f64,
    pub(crate) dash: Option<[f64; 2]>,
}

/// An indexed picture: one byte a pixel into 256 colours.
#[derive(Debug)]
pub(crate) struct Bitmap {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
    pub(crate) palette: Vec<Color>,
}

/// One thing to draw.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Filled rectangle.
    Rect { x: f64, y: f64, width: f64, height: f64, fill: Color },
    /// Open or closed polylines that share one stroke.
    Lines { pieces: Vec<Vec<(f64, f64)>>, closed: bool, stroke: Stroke },
    /// Circles of one radius and look.
    Dots {
        centres: Vec<(f64, f64)>,
        radius: f64,
        fill: Option<Color>,
        stroke: Option<(Color, f64)>,
    },
    /// A text on its base line; `upright` texts run from bottom to top.
    Text { x: f64, y: f64, label: Label, size: f64, anchor: Anchor, upright: bool, color: Color },
    /// Closed areas of one look.
    Areas { pieces: Vec<Vec<(f64, f64)>>, fill: Option<Color>, stroke: Option<(Color, f64)> },
    /// What follows, up to its [`Shape::Close`], belongs together; only a page that shows values asks for it.
    Open(Rc<Group>),
    /// The end of a group.
    Close,
    /// A picture stretched over a rectangle, without smoothing.
    Image { x: f64, y: f64, width: f64, height: f64, bitmap: Rc<Bitmap> },
}

/// What a page must know to turn a place in a picture into values.
#[derive(Clone, Debug)]
pub(crate) enum Group {
    /// A panel: where its axes are and what they measure.
    Panel { frame: Frame, x: Measure, y: Measure },
    /// A mark: its name, what was added to its values, the range of its colours.
    Mark { name: String, offset: f64, colors: Option<(f64, f64)> },
}

/// What an axis measures: a scale with a name, or named places.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    pub(crate) label: String,
    pub(crate) scale: Scale,
    pub(crate) named: Option<Vec<(f64, String)>>,
}

/// Shapes on a page of `width` × `height` points.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
    /// Curves are thinned to steps of this many points.
    pub(crate) bin: f64,
}

impl Scene {
    pub(crate) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: Color) {
        self.shapes.push(Shape::Rect { x, y, width, height, fill });
    }

    pub(crate) fn line(&mut self, points: Vec<(f64, f64)>, stroke: Stroke) {
        self.shapes.push(Shape::Lines { pieces: vec![points], closed: false, stroke });
    }

    pub(crate) fn text(
        &mut self,
        x: f64,
        y: f64,
        label: Label,
        size: f64,
        anchor: Anchor,
        color: Color,
    ) {
        if !label.is_empty() {
            self.shapes.push(Shape::Text { x, y, label, size, anchor, upright: false, color });
        }
    }

    pub(crate) fn text_upright(&mut self, x: f64, y: f64, label: Label, size: f64, color: Color) {
        if !label.is_empty() {
            self.shapes.push(Shape::Text {
                x,
                y,
                label,
                size,
                anchor: Anchor::Middle,
                upright: true,
                color,
            });
        }
    }
}

impl Stroke {
    pub(crate) fn solid(color: Color, width: f64) -> Stroke {
        Stroke { color, width, dash: None }
    }
}
