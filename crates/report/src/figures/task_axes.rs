//! Activity along the axes of task variables: over time, and in the plane of two of them.

use super::{arranged, time_unit};
use crate::{
    axis::Axis,
    color::Color,
    colormap::Colormap,
    figure::{Figure, Width},
    guide::Rule,
    label::Label,
    mark::{Dots, Line},
    panel::Panel,
    ticks::{number, short},
};

/// Levels up to which each has a colour of its own and a name.
const NAMED: usize = 3;

/// Population activity along axes found by regression, one per task variable (Mante et al. 2013,
/// <https://doi.org/10.1038/nature12742>): the mean course of the trials of each level of the variable, and mean
/// trajectories in the plane of two axes.
#[derive(Clone, Debug)]
pub struct TaskAxes {
    dt_ms: f64,
    axes: Vec<TaskAxis>,
    plane: Option<Plane>,
    width: Width,
}

/// The axis of one variable.
#[derive(Clone, Debug)]
struct TaskAxis {
    name: String,
    peak_ms: f64,
    /// Names and courses, from the lowest level to the highest.
    levels: Vec<(String, Vec<f64>)>,
}

#[derive(Clone, Debug)]
struct Plane {
    names: [String; 2],
    paths: Vec<(String, Vec<(f64, f64)>)>,
}

impl TaskAxes {
    /// Nothing yet, of activity with steps of `dt_ms`.
    #[must_use]
    pub fn new(dt_ms: f64) -> TaskAxes {
        TaskAxes { dt_ms, axes: Vec::new(), plane: None, width: Width::Double }
    }

    /// Add the axis of a variable, found at `peak_ms`: the mean activity along it at each step, for each level of the
    /// variable from the lowest to the highest.
    #[must_use]
    pub fn axis<S: Into<String>>(
        mut self,
        name: impl Into<String>,
        peak_ms: f64,
        levels: impl IntoIterator<Item = (S, Vec<f64>)>,
    ) -> Self {
        let levels = levels.into_iter().map(|(name, course)| (name.into(), course)).collect();
        self.axes.push(TaskAxis { name: name.into(), peak_ms, levels });
        self
    }

    /// Mean trajectories in the plane of two variables' axes, by name.
    #[must_use]
    pub fn plane<S: Into<String>>(
        mut self,
        names: [&str; 2],
        paths: impl IntoIterator<Item = (S, Vec<(f64, f64)>)>,
    ) -> Self {
        let paths = paths.into_iter().map(|(name, path)| (name.into(), path)).collect();
        self.plane = Some(Plane { names: names.map(str::to_owned), paths });
        self
    }

    /// Another width than 174 mm.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let mut panels: Vec<(&str, Panel)> =
            self.axes.iter().map(|axis| (axis.name.as_str(), self.course(axis))).collect();
        let heading =
            self.plane.as_ref().map(|plane| format!("{} and {}", plane.names[0], plane.names[1]));
        if let Some((plane, heading)) = self.plane.as_ref().zip(heading.as_deref()) {
            panels.push((heading, drawn(plane)));
        }
        let told: Vec<String> = self.axes.iter().map(told).collect();
        let told = told.join(" ");
        arranged("Activity along task axes", self.width, 40.0, panels)
            .caption(format!(
                "Mean activity along the axis of each task variable, for each of its levels. Dashed: the time at which the axis was found. {told}"
            ))
            .describe(told)
    }

    fn course(&self, axis: &TaskAxis) -> Panel {
        let steps = axis.levels.iter().map(|level| level.1.len()).max().unwrap_or(0);
        let (factor, label) = time_unit(steps as f64 * self.dt_ms);
        let count = axis.levels.len();
        let panel = Panel::new(Axis::new(label), Axis::new("activity (s.d.)").padded(0.06));
        let lines = axis.levels.iter().enumerate().map(|(k, (name, course))| {
            let at = |(step, &y): (usize, &f64)| (step as f64 * self.dt_ms * factor, y);
            let line = Line::new(course.iter().enumerate().map(at), color(k, count)).width(0.9);
            // of many levels the ends say which way they go
            if count <= NAMED || k == 0 || k + 1 == count { line.name(name.as_str()) } else { line }
        });
        let peak = Rule::at_x(axis.peak_ms * factor).color(Color::GREY).dashed();
        panel.mark(peak).marks(lines)
    }
}

fn drawn(plane: &Plane) -> Panel {
    let axis = |name: &String| Axis::new(format!("along {name}")).padded(0.06);
    let mut panel = Panel::new(axis(&plane.names[0]), axis(&plane.names[1]));
    for (k, (name, path)) in plane.paths.iter().enumerate() {
        let color = Color::line(k);
        panel = panel.mark(
            Line::new(path.iter().copied(), color).width(0.9).name(Label::from(name.as_str())),
        );
        panel = panel.mark(Dots::new(path.last().copied(), color).radius(1.6));
    }
    panel
}

/// Few levels are told apart, many are a scale.
fn color(level: usize, count: usize) -> Color {
    match count {
        0..=NAMED => Color::line(level),
        // short of the yellow that paper does not show
        _ => Colormap::Viridis.at(0.88 * level as f64 / (count - 1) as f64),
    }
}

fn told(axis: &TaskAxis) -> String {
    let at = |course: &Vec<f64>| course.iter().copied().filter(|y| y.is_finite()).next_back();
    let end = |level: Option<&(String, Vec<f64>)>| {
        let (name, course) = level?;
        Some(format!("{} for {name}", number(at(course)?, 2)))
    };
    let ends = [end(axis.levels.first()), end(axis.levels.last())];
    let ends: Vec<String> = ends.into_iter().flatten().collect();
    let peak = short(axis.peak_ms, 4);
    format!("{}: axis at {peak} ms, activity at the end {}.", axis.name, ends.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_many_levels_are_named() {
        let levels = (-4..=4).map(|c| (format!("coherence {c}"), vec![0.0, f64::from(c)]));
        let figure = TaskAxes::new(20.0).axis("motion", 20.0, levels).figure();
        let svg = figure.svg();
        assert!(svg.contains("coherence -4") && svg.contains("coherence 4"));
        assert!(!svg.contains("coherence 1<"), "others are not");
        assert!(figure.caption_label().plain().contains("motion: axis at 20 ms"));
    }

    #[test]
    fn nothing_to_draw_is_still_a_figure() {
        assert!(TaskAxes::new(20.0).figure().svg().starts_with("<svg"));
        let empty = TaskAxes::new(20.0)
            .axis("a", f64::NAN, [("x", vec![f64::NAN])])
            .plane(["a", "b"], [("x", vec![])]);
        assert!(empty.figure().svg().starts_with("<svg"));
    }
}
