//! The state space of a network: trajectories by condition and fixed points along three axes.
//!
//! On a [`Page`](crate::Page) it is a view that turns, linked to trials and units; as a [`Figure`] it is a projection
//! for paper. Positions come as they are: the axes may be principal components, regression axes, units.

mod data;
mod figure;
mod frame;
mod network;
mod point;

pub use network::SpatialNetwork;
pub use point::{FixedPoint, Kind, Mode};

pub(crate) use data::json;
use frame::Projection;

use crate::{
    figure::{Figure, Width},
    figures::SampleTrials,
    label::Label,
    matrix::Matrix,
};

/// One path through the state space.
#[derive(Clone, Debug)]
pub struct Trajectory {
    pub(crate) points: Vec<[f64; 3]>,
    pub(crate) condition: String,
    pub(crate) color: Option<usize>,
    pub(crate) trial: Option<usize>,
}

impl Trajectory {
    /// Positions in the order of time, evenly spaced, of a trial or of the mean over a condition. Trajectories of one
    /// condition share a colour and an entry in the legend. Positions that are not finite are left out.
    #[must_use]
    pub fn new(
        condition: impl Into<String>,
        points: impl IntoIterator<Item = [f64; 3]>,
    ) -> Trajectory {
        let points = points.into_iter().collect();
        Trajectory { points, condition: condition.into(), color: None, trial: None }
    }

    /// The colour of its condition, by number in [`Color::line`](crate::Color::line); conditions take their colours
    /// in the order in which they come unless told.
    #[must_use]
    pub fn color_index(mut self, index: usize) -> Trajectory {
        self.color = Some(index);
        self
    }

    /// The trial it belongs to, by its place in [`StateSpace::trials`]; the trajectory spans it from begin to end.
    #[must_use]
    pub fn trial(mut self, index: usize) -> Trajectory {
        self.trial = Some(index);
        self
    }
}

/// Trajectories, fixed points and the trials behind them.
///
/// ```
/// use attractor_report::{FixedPoint, Kind, Page, StateSpace, Trajectory};
/// let path = (0..50).map(|t| f64::from(t) / 10.0).map(|t| [t.cos(), t.sin(), t]);
/// let space = StateSpace::new(["PC1 (61 %)", "PC2 (22 %)", "PC3 (7 %)"])
///     .trajectory(Trajectory::new("motion right", path))
///     .point(FixedPoint::new([0.0, 0.0, 2.0], Kind::Saddle).label("no input").detail("q", "3.1×10⁻²¹"));
/// let html = Page::new("context-decision").section("State space").state_space(&space).html();
/// assert!(html.contains("PC1 (61 %)"));
/// ```
#[derive(Clone, Debug)]
pub struct StateSpace {
    pub(crate) axes: [Label; 3],
    pub(crate) trajectories: Vec<Trajectory>,
    pub(crate) points: Vec<FixedPoint>,
    pub(crate) trials: SampleTrials,
    pub(crate) loadings: Option<Matrix>,
    pub(crate) view: (f64, f64),
    pub(crate) note: String,
}

impl StateSpace {
    /// Three axes by name, with what they explain: `"PC1 (42 %)"`, `"choice axis"`. The third points up.
    #[must_use]
    pub fn new<L: Into<Label>>(axes: [L; 3]) -> StateSpace {
        StateSpace {
            axes: axes.map(Into::into),
            trajectories: Vec::new(),
            points: Vec::new(),
            trials: SampleTrials::new(1.0),
            loadings: None,
            view: (-58.0, 24.0),
            note: String::new(),
        }
    }

    /// Add a trajectory.
    #[must_use]
    pub fn trajectory(mut self, trajectory: Trajectory) -> Self {
        self.trajectories.push(trajectory);
        self
    }

    /// Add a fixed or slow point.
    #[must_use]
    pub fn point(mut self, point: FixedPoint) -> Self {
        self.points.push(point);
        self
    }

    /// The trials that trajectories refer to: shown beside the view when one of them is under the pointer.
    #[must_use]
    pub fn trials(mut self, trials: SampleTrials) -> Self {
        self.trials = trials;
        self
    }

    /// Weight of each unit on each axis, `[axis, unit]` with three rows: the units that point to where the pointer
    /// is are then named.
    #[must_use]
    pub fn loadings(mut self, weights: Matrix) -> Self {
        self.loadings = (weights.rows() == 3).then_some(weights);
        self
    }

    /// From where one looks at first: azimuth and elevation in degrees.
    #[must_use]
    pub fn view(mut self, azimuth: f64, elevation: f64) -> Self {
        let tame = |v: f64| if v.is_finite() { v } else { 0.0 };
        self.view = (tame(azimuth) % 360.0, tame(elevation).clamp(-90.0, 90.0));
        self
    }

    /// A remark that belongs to the caption: how the axes were found, which tolerance the points meet.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// The projection as a figure of this width: the space as the page first shows it and, at two columns, the plane
    /// of the first two axes beside it.
    #[must_use]
    pub fn figure(&self, width: Width) -> Figure {
        figure::figure(self, width)
    }

    /// Conditions in their order, with their colour numbers.
    pub(crate) fn conditions(&self) -> Vec<(&str, usize)> {
        let mut seen: Vec<(&str, usize)> = Vec::new();
        for t in &self.trajectories {
            if !seen.iter().any(|(name, _)| *name == t.condition) {
                seen.push((&t.condition, t.color.unwrap_or(seen.len())));
            }
        }
        seen
    }

    /// What there is, in words.
    pub(crate) fn told(&self) -> String {
        let conditions = self.conditions();
        let names: Vec<&str> = conditions.iter().map(|c| c.0).take(12).collect();
        if names.is_empty() {
            return self.counts();
        }
        let more = if conditions.len() > 12 { "; …" } else { "" };
        format!("{} Conditions: {}{more}.", self.counts(), names.join("; "))
    }

    /// How much there is of each kind.
    pub(crate) fn counts(&self) -> String {
        let some = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
        let mut parts = vec![match self.trajectories.len() {
            0 => "No trajectories".to_owned(),
            n => format!(
                "{} of {}",
                if n == 1 { "1 trajectory".to_owned() } else { format!("{n} trajectories") },
                some(self.conditions().len(), "condition")
            ),
        }];
        for kind in Kind::ALL {
            let n = self.points.iter().filter(|p| p.kind == kind).count();
            if n > 0 {
                parts.push(some(n, kind.name()));
            }
        }
        format!("{}.", parts.join(", "))
    }
}
