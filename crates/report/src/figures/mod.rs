//! The figures of a training run and of a fit: plain numbers in, a laid-out [`Figure`](crate::Figure) out.

mod behaviour;
mod currents;
mod curves;
mod decoding;
mod dimensions;
mod eigenvalues;
mod fit;
mod lanes;
mod lesions;
mod perturbation;
mod raster;
mod response;
mod scores;
mod sheet;
mod stability;
mod task_axes;
mod task_trials;
mod trials;
mod variance;
mod weights;

pub use behaviour::{Behaviour, ResponseCurve};
pub use currents::SourceCurrents;
pub use curves::LearningCurves;
pub use decoding::Decoding;
pub use dimensions::Dimensions;
pub use eigenvalues::Eigenvalues;
pub use fit::FitFigure;
pub use lesions::Lesions;
pub use perturbation::Perturbations;
pub use raster::{Raster, SpikingTrial};
pub use response::UnitResponse;
pub use scores::HorizonScores;
pub use stability::Stability;
pub use task_axes::TaskAxes;
pub use task_trials::{TaskTrial, TaskTrials};
pub use trials::{SampleTrials, Trial};
pub use variance::UnitTuning;
pub use weights::WeightMatrix;

use crate::{
    colormap::Colormap,
    figure::{Figure, Height, Width},
    label::Label,
    mark::Heat,
    matrix::Matrix,
    panel::Panel,
};

/// In which order the units of a heat-map stand, from top to bottom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UnitOrder {
    /// By the time of their largest activity.
    #[default]
    Peak,
    /// As they come.
    AsGiven,
    /// In this order: unit indices from top to bottom. What is not an order of the units is taken as none.
    Given(Vec<usize>),
}

impl UnitOrder {
    /// The indices for a `[unit, time]` matrix, and how the caption calls the order.
    pub(crate) fn indices(&self, units: &Matrix) -> (Vec<usize>, &'static str) {
        let plain = (0..units.rows()).collect();
        match self {
            UnitOrder::Peak => (units.order_by_peak(), "by the time of their peak"),
            UnitOrder::AsGiven => (plain, "as numbered"),
            UnitOrder::Given(order) => {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                if sorted == plain {
                    (order.clone(), "in the order given")
                } else {
                    (plain, "as numbered (the order given does not name each once)")
                }
            }
        }
    }
}

/// Milliseconds up to ten seconds, seconds beyond: the factor and the axis label.
fn time_unit(duration_ms: f64) -> (f64, &'static str) {
    if duration_ms > 10_000.0 { (1e-3, "time (s)") } else { (1.0, "time (ms)") }
}

/// Colours for activity: sequential for rates, diverging around zero where the data are signed.
pub(crate) fn activity_colors(range: Option<(f64, f64)>) -> (Colormap, f64, f64) {
    match range {
        Some((lo, hi)) if lo < -0.05 * hi.abs().max(1e-12) => {
            let most = lo.abs().max(hi.abs());
            (Colormap::RedBlue, -most, most)
        }
        // A silent heat-map is one colour, not an empty scale.
        Some((lo, hi)) if hi > lo => (Colormap::Viridis, lo.min(0.0), hi),
        Some((lo, _)) => (Colormap::Viridis, lo, lo + 1.0),
        None => (Colormap::Viridis, 0.0, 1.0),
    }
}

/// A lettered heading: **a**  title.
pub(crate) fn lettered(letter: char, title: impl Into<String>) -> Label {
    Label::new().bold(letter.to_string()).text(format!("  {}", title.into()))
}

/// Panels of one height side by side, as many as the width has room for, lettered where there are several.
fn arranged(title: &str, width: Width, height_mm: f64, panels: Vec<(&str, Panel)>) -> Figure {
    let most = if width.mm() < 100.0 {
        1
    } else if width.mm() < 150.0 {
        2
    } else {
        3
    };
    let (count, across) = (panels.len(), panels.len().clamp(1, most));
    let narrow = width.mm() / across as f64 * 0.62;
    let height = Height::Mm(height_mm.min(narrow.max(30.0)));
    let figure = Figure::new(title, width).columns(vec![1.0; across]).rows(vec![
        height;
        count
            .div_ceil(across)
            .max(1)
    ]);
    let place = |figure: Figure, (i, (name, panel)): (usize, (&str, Panel))| {
        let letter = char::from(b'a' + i as u8 % 26);
        let panel = if count > 1 { panel.title(lettered(letter, name)) } else { panel };
        figure.place(i / across, i % across, panel)
    };
    panels.into_iter().enumerate().fold(figure, place)
}

/// Widest range of several matrices.
fn joint_range<'a>(matrices: impl Iterator<Item = &'a Matrix>) -> Option<(f64, f64)> {
    matrices.filter_map(Matrix::range).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// A `[unit, time]` heat-map from `0` to `end`, unit 1 on top of an axis that counts downwards.
fn unit_heat(
    panel: Panel,
    units: Matrix,
    end: f64,
    colors: (Colormap, f64, f64),
    most: (usize, usize),
) -> Panel {
    let count = units.rows() as f64;
    panel.mark(
        Heat::new(units, (0.0, end), (0.0, count.max(1.0)))
            .colors(colors.0, colors.1, colors.2)
            .at_most(most.0, most.1),
    )
}

/// "1" and the number of units, on an axis whose row 0 is on top.
fn unit_ticks(units: usize) -> Vec<(f64, Label)> {
    let n = units as f64;
    match units {
        0 => Vec::new(),
        1 => vec![(0.5, Label::from("1"))],
        _ => vec![(n - 0.5, Label::from("1")), (0.5, Label::from(units.to_string()))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_is_none_is_not_followed() {
        let m = Matrix::new(3, 2, &[0.0, 1.0, 2.0, 0.0, 0.0, 3.0]).unwrap();
        assert_eq!(UnitOrder::Peak.indices(&m).0, [1, 0, 2]);
        assert_eq!(UnitOrder::Given(vec![2, 1, 0]).indices(&m).0, [2, 1, 0]);
        assert_eq!(UnitOrder::Given(vec![2, 2, 0]).indices(&m).0, [0, 1, 2]);
        assert_eq!(UnitOrder::Given(vec![9]).indices(&m).0, [0, 1, 2]);
    }

    #[test]
    fn signed_activity_is_centred_on_zero() {
        assert_eq!(activity_colors(Some((-0.5, 1.0))), (Colormap::RedBlue, -1.0, 1.0));
        assert_eq!(activity_colors(Some((0.0, 2.0))), (Colormap::Viridis, 0.0, 2.0));
        assert_eq!(activity_colors(Some((0.0, 0.0))), (Colormap::Viridis, 0.0, 1.0));
        assert_eq!(activity_colors(None), (Colormap::Viridis, 0.0, 1.0));
    }
}
