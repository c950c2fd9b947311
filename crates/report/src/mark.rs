//! What can be put into a panel: lines, dots, heat-maps, bars, intervals and the guides of [`crate::guide`].

use crate::{
    color::Color,
    colormap::Colormap,
    guide::{Band, Ring, Rule, Words},
    label::Label,
    marker::Marker,
    matrix::Matrix,
    spread::{Ribbon, Whiskers},
};

/// Anything drawn inside the axes, in data coordinates.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A line through points.
    Line(Line),
    /// Separate points.
    Dots(Dots),
    /// A shaded interval of x, over the whole height.
    Band(Band),
    /// A straight reference line across the panel.
    Rule(Rule),
    /// A circle in data coordinates.
    Ring(Ring),
    /// A matrix as colours.
    Heat(Heat),
    /// Upright bars.
    Bars(Bars),
    /// A few words at a place.
    Words(Words),
    /// The area between two curves.
    Ribbon(Ribbon),
    /// Intervals of single values.
    Whiskers(Whiskers),
}

/// A line through points in their order. It breaks at values that are not finite.
#[derive(Clone, Debug)]
pub struct Line {
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) color: Color,
    pub(crate) width: f64,
    pub(crate) dash: Option<[f64; 2]>,
    pub(crate) name: Option<Label>,
    pub(crate) offset: f64,
}

impl Line {
    /// A line of 0.9 pt.
    #[must_use]
    pub fn new(points: impl IntoIterator<Item = (f64, f64)>, color: Color) -> Line {
        Line {
            points: points.into_iter().collect(),
            color,
            width: 0.9,
            dash: None,
            name: None,
            offset: 0.0,
        }
    }

    /// The line was raised by this much to stand in a lane of its own: values under the pointer are without it.
    #[must_use]
    pub fn raised(mut self, offset: f64) -> Line {
        self.offset = offset;
        self
    }

    /// Its width in points.
    #[must_use]
    pub fn width(mut self, points: f64) -> Line {
        self.width = points;
        self
    }

    /// Dashed.
    #[must_use]
    pub fn dashed(mut self) -> Line {
        self.dash = Some([2.6, 1.6]);
        self
    }

    /// Its name in the legend.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> Line {
        self.name = Some(name.into());
        self
    }
}

/// Points of equal size. Those that are not finite are left out.
#[derive(Clone, Debug)]
pub struct Dots {
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) color: Color,
    pub(crate) radius: f64,
    pub(crate) open: bool,
    pub(crate) marker: Marker,
    pub(crate) edge: Option<Color>,
    pub(crate) name: Option<Label>,
}

impl Dots {
    /// Filled circles of 1.2 pt radius.
    #[must_use]
    pub fn new(points: impl IntoIterator<Item = (f64, f64)>, color: Color) -> Dots {
        Dots {
            points: points.into_iter().collect(),
            color,
            radius: 1.2,
            open: false,
            marker: Marker::Circle,
            edge: None,
            name: None,
        }
    }

    /// Another shape than discs.
    #[must_use]
    pub fn marker(mut self, marker: Marker) -> Dots {
        self.marker = marker;
        self
    }

    /// An outline in another colour around the filling.
    #[must_use]
    pub fn edge(mut self, color: Color) -> Dots {
        self.edge = Some(color);
        self
    }

    /// Outlines only.
    #[must_use]
    pub fn open(mut self) -> Dots {
        self.open = true;
        self
    }

    /// Radius in points.
    #[must_use]
    pub fn radius(mut self, points: f64) -> Dots {
        self.radius = points;
        self
    }

    /// Their name in the legend.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> Dots {
        self.name = Some(name.into());
        self
    }
}

/// A matrix as colours: row 0 on top, filling a rectangle of the panel.
#[derive(Clone, Debug)]
pub struct Heat {
    pub(crate) matrix: Matrix,
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
    pub(crate) map: Colormap,
    pub(crate) limits: (f64, f64),
    pub(crate) most: (usize, usize),
}

impl Heat {
    /// A heat-map whose columns fill `x` and whose rows fill `y` from top to bottom; colours span the data.
    #[must_use]
    pub fn new(matrix: Matrix, x: (f64, f64), y: (f64, f64)) -> Heat {
        let limits = matrix.range().unwrap_or((0.0, 1.0));
        Heat { matrix, x, y, map: Colormap::Viridis, limits, most: (256, 384) }
    }

    /// The scale of colours and the values at its ends; values beyond saturate.
    #[must_use]
    pub fn colors(mut self, map: Colormap, low: f64, high: f64) -> Heat {
        (self.map, self.limits) = (map, (low, high));
        self
    }

    /// At most this many rows and columns are kept; more are averaged in blocks, and the caption says so.
    #[must_use]
    pub fn at_most(mut self, rows: usize, columns: usize) -> Heat {
        self.most = (rows.max(1), columns.max(1));
        self
    }
}

/// Upright bars from zero.
#[derive(Clone, Debug)]
pub struct Bars {
    pub(crate) bars: Vec<(f64, f64)>,
    pub(crate) width: f64,
    pub(crate) color: Color,
    pub(crate) values: bool,
    pub(crate) name: Option<Label>,
}

impl Bars {
    /// Bars at `(x, height)`, each `width` wide in units of x. A height that is not finite shows as "–".
    #[must_use]
    pub fn new(bars: impl IntoIterator<Item = (f64, f64)>, width: f64, color: Color) -> Bars {
        Bars { bars: bars.into_iter().collect(), width, color, values: false, name: None }
    }

    /// Write the height beside each bar where there is room.
    #[must_use]
    pub fn with_values(mut self) -> Bars {
        self.values = true;
        self
    }

    /// Their name in the legend.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> Bars {
        self.name = Some(name.into());
        self
    }
}

macro_rules! into_mark {
    ($($kind:ident),*) => {$(
        impl From<$kind> for Mark {
            fn from(mark: $kind) -> Mark {
                Mark::$kind(mark)
            }
        }
    )*};
}
into_mark!(Line, Dots, Band, Rule, Ring, Heat, Bars, Words, Ribbon, Whiskers);

impl Mark {
    /// The places that an axis must be able to show.
    pub(crate) fn extent(&self) -> Vec<(f64, f64)> {
        let nan = f64::NAN;
        match self {
            Mark::Line(m) => m.points.clone(),
            Mark::Dots(m) => m.points.clone(),
            Mark::Band(_) | Mark::Words(_) => Vec::new(),
            Mark::Rule(m) => vec![if m.upright { (m.at, nan) } else { (nan, m.at) }],
            Mark::Ring(m) => {
                let ((x, y), r) = (m.centre, m.radius);
                vec![(x - r, y - r), (x + r, y + r)]
            }
            Mark::Heat(m) => vec![(m.x.0, m.y.0), (m.x.1, m.y.1)],
            Mark::Bars(m) => {
                let h = m.width / 2.0;
                m.bars.iter().flat_map(|&(x, v)| [(x - h, 0.0), (x + h, v)]).collect()
            }
            Mark::Ribbon(m) => m.points.iter().flat_map(|&(x, a, b)| [(x, a), (x, b)]).collect(),
            Mark::Whiskers(m) => {
                m.intervals.iter().flat_map(|&(x, a, b)| [(x, a), (x, b)]).collect()
            }
        }
    }

    pub(crate) fn name(&self) -> Option<&Label> {
        match self {
            Mark::Line(m) => m.name.as_ref(),
            Mark::Dots(m) => m.name.as_ref(),
            Mark::Band(m) => m.name.as_ref(),
            Mark::Rule(m) => m.name.as_ref(),
            Mark::Ring(m) => m.name.as_ref(),
            Mark::Bars(m) => m.name.as_ref(),
            Mark::Ribbon(m) => m.name.as_ref(),
            Mark::Heat(_) | Mark::Words(_) | Mark::Whiskers(_) => None,
        }
    }

    /// What the caption must confess: values left out, cells averaged.
    pub(crate) fn confession(&self) -> Option<String> {
        let name = self.name().map(Label::plain);
        let points = |p: &[(f64, f64)]| {
            let missing = p.iter().filter(|(x, y)| !crate::matrix::tame(x + y).is_finite()).count();
            let values = if missing == 1 {
                "value that is not finite"
            } else {
                "values that are not finite"
            };
            (missing > 0).then(|| {
                format!(
                    "{}{missing} {values} left out.",
                    name.map_or(String::new(), |n| format!("{n}: "))
                )
            })
        };
        match self {
            Mark::Line(m) => points(&m.points),
            Mark::Dots(m) => points(&m.points),
            Mark::Heat(m) => {
                let missing = m.matrix.missing();
                let block = m.matrix.reduced(m.most.0, m.most.1).1;
                let mut said = Vec::new();
                if missing > 0 {
                    said.push(format!(
                        "{missing} of {} cells are not finite (grey).",
                        m.matrix.values().len()
                    ));
                }
                if block != (1, 1) {
                    said.push(format!(
                        "Each pixel is the mean of {} × {} cells.",
                        block.0, block.1
                    ));
                }
                (!said.is_empty()).then(|| said.join(" "))
            }
            _ => None,
        }
    }
}
