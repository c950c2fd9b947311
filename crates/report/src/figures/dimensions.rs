//! How many dimensions activity takes: variance by principal component, and the participation ratio.

use super::arranged;
use crate::{
    axis::Axis,
    color::Color,
    figure::{Figure, Width},
    guide::Rule,
    label::Label,
    mark::{Dots, Line},
    panel::Panel,
    ticks::number,
};

/// Components drawn; the rest is in the sum.
const SHOWN: usize = 20;

/// Spectra of the covariance of activity, before and after training or of several networks.
///
/// The participation ratio (Σ λ)² / Σ λ² is the number of components that would hold the variance if it were spread
/// evenly (Gao et al. 2017, <https://doi.org/10.1101/214262>).
#[derive(Clone, Debug)]
pub struct Dimensions {
    spectra: Vec<(String, Vec<f64>)>,
    width: Width,
}

impl Default for Dimensions {
    fn default() -> Self {
        Dimensions::new()
    }
}

impl Dimensions {
    /// No spectra yet.
    #[must_use]
    pub fn new() -> Dimensions {
        Dimensions { spectra: Vec::new(), width: Width::Middle }
    }

    /// Add a spectrum: the variances of all components, the largest first.
    #[must_use]
    pub fn spectrum(
        mut self,
        name: impl Into<String>,
        variances: impl IntoIterator<Item = f64>,
    ) -> Self {
        let variances = variances.into_iter().filter(|v| *v >= 0.0 && v.is_finite()).collect();
        self.spectra.push((name.into(), variances));
        self
    }

    /// Another width than 114 mm.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// The figure.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let longest = self.spectra.iter().map(|s| s.1.len().min(SHOWN)).max().unwrap_or(0).max(2);
        let x = || Axis::new("principal component").range(0.5, longest as f64 + 0.5);
        let mut share = Panel::new(x(), Axis::new("share of variance").log().padded(0.06));
        let mut sum = Panel::new(x(), Axis::new("cumulative share").range(0.0, 1.02));
        for (i, (name, variances)) in self.spectra.iter().enumerate() {
            let (color, total) = (Color::line(i), variances.iter().sum::<f64>());
            let shares: Vec<f64> = variances.iter().map(|v| v / total).take(SHOWN).collect();
            let at = |k: usize, v: f64| (k as f64 + 1.0, v);
            // Components of no variance have no place on a logarithmic axis.
            let own = shares.iter().enumerate().filter(|(_, v)| **v > 1e-8).map(|(k, &v)| at(k, v));
            let own: Vec<(f64, f64)> = own.collect();
            let cumulative = shares.iter().scan(0.0, |s, v| {
                *s += v;
                Some(*s)
            });
            let cumulative: Vec<(f64, f64)> =
                cumulative.enumerate().map(|(k, v)| at(k, v)).collect();
            share = share
                .mark(Line::new(own.clone(), color).name(name.as_str()))
                .mark(Dots::new(own, color).radius(1.4));
            sum = sum
                .mark(Line::new(cumulative.clone(), color))
                .mark(Dots::new(cumulative, color).radius(1.4));
            let ratio = participation(variances);
            if ratio.is_finite() {
                let label = Label::new().text(format!("participation ratio {}", number(ratio, 2)));
                sum = sum.mark(Rule::at_x(ratio).color(color).dashed().name(label));
            }
        }
        let told: Vec<String> = self.spectra.iter().map(told).collect();
        let told = told.join(" ");
        arranged(
            "Dimensions of activity",
            self.width,
            40.0,
            vec![("Each component", share), ("Together", sum)],
        )
        .caption(format!(
            "Variance of activity by principal component. Dashed: participation ratio, (Σλ)²/Σλ². {told}"
        ))
        .describe(told)
    }
}

fn participation(variances: &[f64]) -> f64 {
    let (sum, squares) = variances.iter().fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
    sum * sum / squares
}

fn told((name, variances): &(String, Vec<f64>)) -> String {
    let total: f64 = variances.iter().sum();
    let first: f64 = variances.iter().take(3).sum();
    format!(
        "Participation ratio {} ({name}; three components hold {} % of the variance).",
        number(participation(variances), 2),
        number(100.0 * first / total, 2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_variances_take_part_equally() {
        assert!((participation(&[2.0; 7]) - 7.0).abs() < 1e-12);
        assert!((participation(&[5.0, 0.0, 0.0]) - 1.0).abs() < 1e-12);
        assert!(participation(&[]).is_nan());
        let figure = Dimensions::new().spectrum("a", [4.0, 2.0, 0.0, f64::NAN]).figure();
        assert!(figure.svg().contains("participation ratio 1.8"));
    }
}
