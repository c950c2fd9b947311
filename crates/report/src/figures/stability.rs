//! Stability of fixed points: eigenvalues on the complex plane, and the time constants and frequencies they mean.

use super::arranged;
use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Width},
    guide::{Ring, Rule},
    label::Label,
    mark::Dots,
    panel::Panel,
    space::{Kind, Mode},
    ticks::{number, short},
};

/// Eigenvalues of the Jacobian of one step of dt at fixed points, by kind of point.
///
/// Inside the unit circle a mode decays with τ = −dt / ln|λ|, outside it grows; its frequency is |arg λ| / (2π dt).
#[derive(Clone, Debug)]
pub struct Stability {
    dt: f64,
    points: Vec<(Kind, Vec<Mode>)>,
    width: Width,
}

impl Stability {
    /// For a map that advances by `dt_ms` milliseconds.
    #[must_use]
    pub fn new(dt_ms: f64) -> Stability {
        let dt = if dt_ms.is_finite() && dt_ms > 0.0 { dt_ms } else { 1.0 };
        Stability { dt, points: Vec::new(), width: Width::Double }
    }

    /// Add a point with its eigenvalues `(real, imaginary)`.
    #[must_use]
    pub fn point(mut self, kind: Kind, eigenvalues: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let modes = eigenvalues.into_iter().map(|v| Mode::of_map(v, self.dt));
        self.points.push((kind, modes.collect()));
        self
    }

    /// Another width than two columns.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let faint = |r: Rule| r.color(Color::SHADE).width(0.5);
        let x = Axis::new(Label::new().text("real part of ").italic("λ")).padded(0.06);
        let y = Axis::new(Label::new().text("imaginary part of ").italic("λ")).padded(0.06);
        let mut plane =
            Panel::new(x, y).equal().mark(faint(Rule::at_x(0.0))).mark(faint(Rule::at_y(0.0)));
        let time = Axis::new(Label::new().text("time constant |").italic("τ").text("| (ms)")).log();
        let mut times = Panel::new(time.padded(0.04), Axis::new("frequency (Hz)").padded(0.08));
        let circle = Label::new().text("|").italic("λ").text("| = 1");
        plane = plane.mark(Ring::new((0.0, 0.0), 1.0, Color::GREY).name(circle));
        for kind in Kind::ALL {
            let modes = || self.points.iter().filter(|p| p.0 == kind).flat_map(|p| &p.1);
            if modes().next().is_none() {
                continue;
            }
            let (marker, color) = kind.look();
            let look = |d: Dots| d.marker(marker).radius(1.15).edge(Color::INK);
            let dots = Dots::new(modes().map(|m| m.eigenvalue), color);
            plane = plane.mark(look(dots).name(kind.name()));
            // Half of each pair: both turn at one frequency.
            let timed = modes().filter(|m| m.eigenvalue.1 >= 0.0 && m.time_constant.is_finite());
            let timed = timed.map(|m| (m.time_constant.abs(), m.frequency));
            times = times.mark(look(Dots::new(timed, color)));
            // What grows wears a ring: on this axis its time constant has lost its sign.
            let growing = modes().filter(|m| m.eigenvalue.1 >= 0.0 && m.is_growing());
            let growing = growing.map(|m| (m.time_constant.abs(), m.frequency));
            times =
                times.mark(Dots::new(growing, Color::VERMILLION).open().radius(3.0).name("grows"));
        }
        let told = self.told();
        arranged(
            "Stability of fixed points",
            self.width,
            56.0,
            vec![("Eigenvalues", plane), ("Time constants", times)],
        )
        .caption(format!(
            "Linear stability: eigenvalues of the Jacobian of one step of {} ms (left) and the time constants and frequencies they mean. {told}",
            short(self.dt, 3)
        ))
        .describe(told)
    }

    fn told(&self) -> String {
        let mut told = Vec::new();
        for kind in Kind::ALL {
            let of: Vec<&Vec<Mode>> =
                self.points.iter().filter(|p| p.0 == kind).map(|p| &p.1).collect();
            if of.is_empty() {
                continue;
            }
            let most = of.iter().map(|m| m.iter().filter(|m| m.is_growing()).count()).max();
            let slowest = of.iter().flat_map(|m| m.iter()).map(|m| m.time_constant.abs());
            let slowest = slowest.filter(|t| t.is_finite()).fold(f64::NAN, f64::max);
            let name = if of.len() == 1 { kind.name().to_owned() } else { kind.plural() };
            told.push(format!(
                "{} {name}: {} growing modes at most, slowest time constant {} ms.",
                of.len(),
                most.unwrap_or(0),
                number(slowest, 3)
            ));
        }
        told.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_count_what_grows() {
        let s = Stability::new(10.0)
            .point(Kind::Saddle, [(1.1, 0.0), (0.9, 0.1), (0.9, -0.1)])
            .point(Kind::Stable, [((-0.1f64).exp(), 0.0), (f64::NAN, 0.0)]);
        let told = s.told();
        assert!(
            told.contains(
                "1 stable fixed point: 0 growing modes at most, slowest time constant 100 ms."
            ),
            "{told}"
        );
        assert!(told.contains("1 saddle: 1 growing modes at most"), "{told}");
        assert!(s.figure().svg().contains("grows"));
    }
}
