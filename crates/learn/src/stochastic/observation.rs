//! What is measured of the currents of the recorded units.

use attractor_numerics::math::{sigmoid, softplus};
use serde::{Deserialize, Serialize};

/// How a sample y of a recorded unit follows from its current `η = x + b`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observation {
    /// `y ~ N(η, s²)`, the variance s² of each unit fitted.
    #[default]
    Gaussian,
    /// Counts, `y ~ Poisson(softplus(η) + 10⁻⁶)`.
    Poisson,
}

/// Added to rates, so that none is 0.
pub(super) const LEAST_RATE: f64 = 1e-6;

impl Observation {
    /// `log p(y | η)`, summed over units; `log_variance` counts for Gaussian samples alone.
    pub(super) fn log_density(self, y: &[f64], eta: &[f64], log_variance: &[f64]) -> f64 {
        let samples = y.iter().zip(eta);
        match self {
            Observation::Gaussian => {
                let log_tau = std::f64::consts::TAU.ln();
                let of = |((y, eta), rho): ((&f64, &f64), &f64)| {
                    -0.5 * ((y - eta).powi(2) * (-rho).exp() + rho + log_tau)
                };
                samples.zip(log_variance).map(of).sum()
            }
            Observation::Poisson => {
                let of = |(&y, &eta): (&f64, &f64)| {
                    let rate = rate(eta);
                    y * rate.ln() - rate - log_factorial(y)
                };
                samples.map(of).sum()
            }
        }
    }

    /// Adds `weight ·` the slopes of [`Observation::log_density`] in η and in the log variances.
    pub(super) fn pull(
        self,
        weight: f64,
        (y, eta): (&[f64], &[f64]),
        log_variance: &[f64],
        eta_bar: &mut [f64],
        log_variance_bar: &mut [f64],
    ) {
        for i in 0..y.len() {
            match self {
                Observation::Gaussian => {
                    let scaled = (y[i] - eta[i]) * (-log_variance[i]).exp();
                    eta_bar[i] += weight * scaled;
                    log_variance_bar[i] += 0.5 * weight * (scaled * (y[i] - eta[i]) - 1.0);
                }
                Observation::Poisson => {
                    let slope = sigmoid::<f64, false>(eta[i]);
                    eta_bar[i] += weight * (y[i] / rate(eta[i]) - 1.0) * slope;
                }
            }
        }
    }
}

/// `softplus(η) + 10⁻⁶`.
pub(super) fn rate(eta: f64) -> f64 {
    softplus::<f64, false>(eta) + LEAST_RATE
}

/// `ln y!` of a count.
fn log_factorial(y: f64) -> f64 {
    if y < 20.0 {
        return (2..=y as u32).map(|k| f64::from(k).ln()).sum();
    }
    // Stirling's series; what is left out is below 1e-12 from 20 on
    let inverse = 1.0 / y;
    let series = inverse / 12.0 - inverse.powi(3) / 360.0 + inverse.powi(5) / 1260.0;
    y * y.ln() - y + 0.5 * (std::f64::consts::TAU * y).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials_agree_where_the_series_takes_over() {
        for y in [20.0f64, 25.0, 60.0] {
            let exact: f64 = (2..=y as u32).map(|k| f64::from(k).ln()).sum();
            assert!((log_factorial(y) - exact).abs() < 1e-11, "{y}");
        }
    }

    #[test]
    fn densities_sum_to_one() {
        let total: f64 = (0..60)
            .map(|k| Observation::Poisson.log_density(&[f64::from(k)], &[3.0], &[]).exp())
            .sum();
        assert!((total - 1.0).abs() < 1e-12);
        let (from, step) = (-20.0, 0.01);
        let gauss = |k: i32| {
            let y = from + step * f64::from(k);
            Observation::Gaussian.log_density(&[y], &[0.4], &[0.7]).exp() * step
        };
        assert!(((0..4000).map(gauss).sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn slopes_are_differences() {
        let (y, eta, rho) = ([2.0, 0.0], [0.3, -1.2], [0.5, -0.4]);
        for observation in [Observation::Gaussian, Observation::Poisson] {
            let (mut eta_bar, mut rho_bar) = ([0.0; 2], [0.0; 2]);
            observation.pull(1.5, (&y, &eta), &rho, &mut eta_bar, &mut rho_bar);
            for i in 0..2 {
                let value = |h: f64, of_eta: bool| {
                    let (mut eta, mut rho) = (eta, rho);
                    if of_eta {
                        eta[i] += h
                    } else {
                        rho[i] += h
                    }
                    1.5 * observation.log_density(&y, &eta, &rho)
                };
                let slope = |of_eta| (value(1e-6, of_eta) - value(-1e-6, of_eta)) / 2e-6;
                assert!((slope(true) - eta_bar[i]).abs() < 1e-8);
                assert!((slope(false) - rho_bar[i]).abs() < 1e-8);
            }
        }
    }
}
