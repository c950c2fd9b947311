//! Figures and the HTML page of a run.
//!
//! Plain numbers and names in, pictures out: this crate knows no network and no task. A [`Figure`] is a grid of
//! [`Panel`]s at a journal's width, with 7 pt text and sizes in millimetres; it becomes an SVG (text as text, each
//! heat-map one embedded PNG) and a PNG. The figures of a run are ready made: [`LearningCurves`], [`SampleTrials`],
//! [`WeightMatrix`], [`Eigenvalues`], [`FitFigure`], [`SourceCurrents`]; those of an analysis too: [`Behaviour`], [`StateSpace`],
//! [`Stability`], [`Dimensions`], [`Decoding`], [`UnitTuning`], [`TaskAxes`], [`Perturbations`], [`Lesions`], [`SpatialNetwork`]. A [`Page`] puts figures and tables
//! into one HTML file that opens offline, where a state space turns.
//!
//! ```
//! use attractor_report::{LearningCurves, Page};
//! let updates = (0..300).map(f64::from);
//! let figure = LearningCurves::new().loss("training", updates.map(|u| (u, (-u / 80.0).exp() + 0.01))).figure();
//! let html = Page::new("context-decision").section("Learning").figure(&figure).html();
//! assert!(html.contains("Figure 1."));
//! ```
//!
//! Values that are not finite never break a picture: lines have a gap, heat-maps a grey cell, tables a dash, and
//! [`Figure::notes`] says how many there were. Empty data give empty axes.
//!
//! # Why an own SVG writer
//!
//! kuva 0.6 was tried first. Its heat-maps are one rectangle a cell (1.2 MB at 128 × 128; the limit for a figure is
//! 0.3 MB), text sizes are whole pixels, logarithmic ticks mix "0.50" with "1e-1", and it took 72 s of processor
//! time to compile. SVG through resvg took 114 s. What is here takes 15 s: tiny-skia paints the same list of shapes
//! that the SVG is written from, ttf-parser reads the embedded font, miniz_oxide compresses.

mod axis;
mod clip;
mod color;
mod colormap;
mod draw;
mod error;
mod figure;
mod figures;
mod font;
mod guide;
mod label;
mod layout;
mod mark;
mod marker;
mod matrix;
mod page;
mod panel;
mod png;
mod raster;
mod scale;
mod scene;
mod space;
mod spread;
mod svg;
mod ticks;

pub use axis::Axis;
pub use color::Color;
pub use colormap::Colormap;
pub use error::ReportError;
pub use figure::{Figure, Height, MAX_BYTES, Width};
pub use figures::{
    Behaviour, Decoding, Dimensions, Eigenvalues, FitFigure, HorizonScores, LearningCurves,
    Lesions, Perturbations, Raster, ResponseCurve, SampleTrials, SourceCurrents, SpikingTrial,
    Stability, TaskAxes, TaskTrial, TaskTrials, Trial, UnitOrder, UnitResponse, UnitTuning,
    WeightMatrix,
};
pub use guide::{Band, Ring, Rule, Words};
pub use label::Label;
pub use mark::{Bars, Dots, Heat, Line, Mark};
pub use marker::Marker;
pub use matrix::Matrix;
pub use page::{Cell, Claim, Page, Table};
pub use panel::{Legend, Panel};
pub use space::{FixedPoint, Kind, Mode, SpatialNetwork, StateSpace, Trajectory};
pub use spread::{Ribbon, Whiskers};
pub use ticks::number;
