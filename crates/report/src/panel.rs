//! One pair of axes with what is drawn between them.

use crate::{
    axis::Axis,
    label::Label,
    mark::{Heat, Mark},
};

/// A panel: two axes, marks, and around them a title, a legend, a colour bar.
#[derive(Clone, Debug)]
pub struct Panel {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) marks: Vec<Mark>,
    pub(crate) title: Label,
    pub(crate) legend: Legend,
    pub(crate) colorbar: Option<Label>,
    pub(crate) equal: bool,
    pub(crate) scale_bar: Option<(f64, Label)>,
}

/// Where the names of lines and points are listed. Never over the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legend {
    /// In rows between title and axes.
    Above,
    /// In a column right of the axes.
    Right,
    /// Not at all.
    None,
}

impl Panel {
    /// An empty panel with two axes.
    #[must_use]
    pub fn new(x: Axis, y: Axis) -> Panel {
        Panel {
            x,
            y,
            marks: Vec::new(),
            title: Label::new(),
            legend: Legend::Above,
            colorbar: None,
            equal: false,
            scale_bar: None,
        }
    }

    /// A heading, flush with the axes. Begin it with `Label::new().bold("a")` to letter the panels.
    #[must_use]
    pub fn title(mut self, title: impl Into<Label>) -> Panel {
        self.title = title.into();
        self
    }

    /// Add a mark; later marks lie on top.
    #[must_use]
    pub fn mark(mut self, mark: impl Into<Mark>) -> Panel {
        self.marks.push(mark.into());
        self
    }

    /// Add several marks.
    #[must_use]
    pub fn marks<M: Into<Mark>>(mut self, marks: impl IntoIterator<Item = M>) -> Panel {
        self.marks.extend(marks.into_iter().map(Into::into));
        self
    }

    /// Where the legend goes; above the axes unless told.
    #[must_use]
    pub fn legend(mut self, place: Legend) -> Panel {
        self.legend = place;
        self
    }

    /// A colour bar on the right for the first heat-map, with its quantity and unit.
    #[must_use]
    pub fn colorbar(mut self, label: impl Into<Label>) -> Panel {
        self.colorbar = Some(label.into());
        self
    }

    /// One unit of x as long as one unit of y, as the complex plane needs it.
    #[must_use]
    pub fn equal(mut self) -> Panel {
        self.equal = true;
        self
    }

    /// A bar of this height in data units at the right edge, with its value, for panels without a y axis.
    #[must_use]
    pub fn scale_bar(mut self, height: f64, label: impl Into<Label>) -> Panel {
        self.scale_bar = Some((height, label.into()));
        self
    }

    pub(crate) fn heat(&self) -> Option<&Heat> {
        self.marks.iter().find_map(|m| if let Mark::Heat(h) = m { Some(h) } else { None })
    }

    /// Named marks, each name once.
    pub(crate) fn named(&self) -> Vec<(&Label, &Mark)> {
        let mut seen: Vec<(&Label, &Mark)> = Vec::new();
        for mark in &self.marks {
            let Some(name) = mark.name().filter(|n| !n.is_empty()) else {
                continue;
            };
            if !seen.iter().any(|(n, _)| *n == name) {
                seen.push((name, mark));
            }
        }
        // What was measured comes before what it is measured against.
        seen.sort_by_key(|(_, mark)| match mark {
            Mark::Line(_) | Mark::Dots(_) | Mark::Bars(_) | Mark::Heat(_) => 0,
            Mark::Words(_) | Mark::Ribbon(_) | Mark::Whiskers(_) => 0,
            Mark::Band(_) | Mark::Rule(_) | Mark::Ring(_) => 1,
        });
        seen
    }
}
