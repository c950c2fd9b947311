//! Eigenvalues in the complex plane, with the circle of the random matrix they started from.

use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Height, Width},
    guide::{Ring, Rule},
    label::Label,
    mark::Dots,
    matrix::quantile,
    panel::Panel,
    ticks::{number, short},
};

/// Points a panel of this size can show apart.
const MOST: usize = 2500;

/// Spectrum of a weight matrix before and after training.
///
/// A matrix of independent entries of variance g²/N has its eigenvalues spread evenly over the disc of radius g
/// (circular law: Girko 1984, <https://doi.org/10.1137/1129095>); what training adds stands outside it.
#[derive(Clone, Debug, Default)]
pub struct Eigenvalues {
    name: Label,
    before: Vec<(f64, f64)>,
    after: Vec<(f64, f64)>,
    radius: Option<f64>,
    boundary: Option<f64>,
}

impl Eigenvalues {
    /// Eigenvalues `(real, imaginary)` of the matrix of this name, after training.
    #[must_use]
    pub fn new(name: impl Into<Label>, after: impl IntoIterator<Item = (f64, f64)>) -> Eigenvalues {
        Eigenvalues {
            name: name.into(),
            after: after.into_iter().collect(),
            ..Eigenvalues::default()
        }
    }

    /// Eigenvalues before training.
    #[must_use]
    pub fn before(mut self, values: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.before = values.into_iter().collect();
        self
    }

    /// The gain g: radius of the circle.
    #[must_use]
    pub fn radius(mut self, g: f64) -> Self {
        self.radius = Some(g);
        self
    }

    /// The real part at which the silent state loses stability, 1 for a leaky network `tau dx/dt = -x + W r`.
    #[must_use]
    pub fn boundary(mut self, real: f64) -> Self {
        self.boundary = Some(real);
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let x = Axis::new(Label::new().text("real part of ").italic("λ")).padded(0.05);
        let y = Axis::new(Label::new().text("imaginary part of ").italic("λ")).padded(0.05);
        let faint = |r: Rule| r.color(Color::SHADE).width(0.5);
        let mut panel =
            Panel::new(x, y).equal().mark(faint(Rule::at_x(0.0))).mark(faint(Rule::at_y(0.0)));
        if let Some(at) = self.boundary.filter(|b| b.is_finite()) {
            let name = Label::new().text("Re ").italic("λ").text(format!(" = {}", short(at, 3)));
            panel = panel.mark(Rule::at_x(at).color(Color::GREY).dashed().name(name));
        }
        let radius = if self.after.len() > 1200 {
            0.6
        } else if self.after.len() > 400 {
            0.85
        } else {
            1.1
        };
        if !self.before.is_empty() {
            panel = panel.mark(
                Dots::new(thinned(&self.before), Color::GREY)
                    .open()
                    .radius(radius)
                    .name("before training"),
            );
        }
        let name = if self.before.is_empty() { "eigenvalues" } else { "after training" };
        panel = panel.mark(Dots::new(thinned(&self.after), Color::BLUE).radius(radius).name(name));
        if let Some(g) = self.radius {
            // In a crowd of small dots the few outside would be lost.
            let outside = self.after.iter().filter(|p| p.0.hypot(p.1) > 1.05 * g).take(60).copied();
            panel = panel.mark(Dots::new(outside, Color::BLUE).radius(radius.max(1.1)));
        }
        if let Some(g) = self.radius.filter(|g| *g > 0.0 && g.is_finite()) {
            let name = Label::new()
                .text("|")
                .italic("λ")
                .text("| = ")
                .italic("g")
                .text(format!(" = {}", short(g, 3)));
            panel = panel.mark(Ring::new((0.0, 0.0), g, Color::VERMILLION).name(name));
        }
        let plain = self.name.plain();
        let mut figure = Figure::new(format!("Eigenvalues of {plain}"), Width::Single)
            .rows([Height::Square])
            .place(0, 0, panel);
        for (what, all) in [("before", &self.before), ("after", &self.after)] {
            if all.len() > MOST {
                figure = figure.note(format!("About {MOST} of {} eigenvalues {what} training are drawn, the outermost among them.", all.len()));
            }
        }
        let told = self.told();
        let caption = Label::from("Eigenvalues of ")
            .then(self.name.clone())
            .text(format!(" in the complex plane. {told}"));
        figure.describe(told).caption(caption)
    }

    fn told(&self) -> String {
        let outermost = |v: &[(f64, f64)]| {
            v.iter().map(|p| p.0.hypot(p.1)).filter(|r| r.is_finite()).fold(f64::NAN, f64::max)
        };
        let rightmost =
            self.after.iter().map(|p| p.0).filter(|r| r.is_finite()).fold(f64::NAN, f64::max);
        let mut told = format!(
            "{} eigenvalues; largest modulus {}, largest real part {}.",
            self.after.len(),
            number(outermost(&self.after), 3),
            number(rightmost, 3)
        );
        if !self.before.is_empty() {
            told += &format!(
                " Before training the largest modulus was {}.",
                number(outermost(&self.before), 3)
            );
        }
        if let Some(g) = self.radius {
            let beyond = self.after.iter().filter(|p| p.0.hypot(p.1) > 1.05 * g).count();
            told += &format!(
                " {beyond} lie more than 5 % outside the circle of radius {}.",
                short(g, 3)
            );
        }
        told
    }
}

/// About [`MOST`] points: the outermost, and of the others a share picked by their digits, so that the density stays
/// true and conjugate pairs stay together.
fn thinned(values: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if values.len() <= MOST {
        return values.to_vec();
    }
    let modulus = |p: &(f64, f64)| p.0.hypot(p.1);
    let edge = quantile(values.iter().map(modulus), 1.0 - 40.0 / values.len() as f64);
    let share = u64::MAX / values.len() as u64 * MOST as u64;
    let picked = |p: &(f64, f64)| {
        let digits = (p.0.to_bits() ^ p.1.abs().to_bits().rotate_left(23))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (digits ^ (digits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) < share
    };
    values.iter().filter(|p| modulus(p) >= edge || picked(p)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_are_always_drawn() {
        let mut values: Vec<(f64, f64)> = (0..4500)
            .flat_map(|i| {
                [1.0, -1.0].map(|sign| (f64::from(i).sin(), sign * f64::from(i).cos() * 0.5))
            })
            .collect();
        values.push((3.0, 0.0));
        let thin = thinned(&values);
        assert!(
            thin.len().abs_diff(MOST) < MOST / 5 && thin.contains(&(3.0, 0.0)),
            "{}",
            thin.len()
        );
        let upper = thin.iter().filter(|p| p.1 > 0.0).count();
        assert!(thin.iter().filter(|p| p.1 > 0.0).all(|p| thin.contains(&(p.0, -p.1))), "{upper}");
        let figure = Eigenvalues::new("W", values).radius(1.0).figure();
        assert!(figure.notes().iter().any(|n| n.contains("2500 of 9001")));
    }

    #[test]
    fn nothing_to_draw_is_still_a_figure() {
        let figure = Eigenvalues::new("W", [(f64::NAN, 0.0)])
            .radius(f64::NAN)
            .boundary(f64::INFINITY)
            .figure();
        assert!(roxmltree::Document::parse(&figure.svg()).is_ok());
    }
}
