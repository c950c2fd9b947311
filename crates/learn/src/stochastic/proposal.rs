//! Where particles go: along the dynamics, or by what they and the sample say together.

use serde::{Deserialize, Serialize};

use super::model::{pull_unpacked, unpacked};
use super::small::{
    add, add_outer, apply, cholesky, cholesky_pull, dot, inverse_of_lower, log_determinant,
    product, symmetric, transpose,
};

/// How particles are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposal {
    /// From `p(z_t | z_{t-1}, y_t)`, which is Gaussian where observations are: the weights then do not
    /// depend on the draw, and vary as little as they can. Gaussian observations only.
    #[default]
    Optimal,
    /// From the dynamics, `p(z_t | z_{t-1})`: any observation, at the price of more particles.
    Bootstrap,
}

/// `N(μ, Q)` with `Q = L Lᵀ`: latents at a step before its sample is seen.
pub(super) struct Prior {
    pub(super) rank: usize,
    pub(super) lower: Vec<f64>,
    /// `Q⁻¹`.
    precision: Vec<f64>,
    log_determinant: f64,
}

impl Prior {
    pub(super) fn new(packed: &[f64], rank: usize) -> Self {
        let lower = unpacked(packed, rank);
        let inverse = inverse_of_lower(&lower, rank);
        let precision = product(&transpose(&inverse, rank), &inverse, rank);
        let log_determinant = log_determinant(&lower, rank);
        Prior { rank, lower, precision, log_determinant }
    }
}

/// The sum of `Cᵀ R⁻¹ C`, of `ln det R` and of `D ln 2π`: what all samples of a Gaussian observation
/// have in common.
pub(super) struct Readout {
    /// `Cᵀ R⁻¹ C`, `[latent, latent]`.
    pub(super) gram: Vec<f64>,
    /// `ln det R + D ln 2π`.
    pub(super) constant: f64,
}

/// The optimal proposal for a sample `y = C z + N(0, R)`, in information form, since there are fewer
/// latents than recorded units: with `Λ = Q⁻¹ + Cᵀ R⁻¹ C` and `P = Λ⁻¹`,
///
/// `z ~ N(μ + P g, P)`, `g = s - Cᵀ R⁻¹ C μ`, `s = Cᵀ R⁻¹ y`,
/// `ln w = ln N(y; C μ, C Q Cᵀ + R) = -½ (yᵀ R⁻¹ y - 2 μᵀ s + μᵀ Cᵀ R⁻¹ C μ - gᵀ P g + ln det R Q Λ + D ln 2π)`,
///
/// which costs R² for each particle, however many units there are.
pub(super) struct Optimal {
    gram: Vec<f64>,
    /// P.
    covariance: Vec<f64>,
    /// A with `A Aᵀ = P`.
    lower: Vec<f64>,
    constant: f64,
}

impl Optimal {
    /// None where a covariance is not positive definite in double precision.
    pub(super) fn new(prior: &Prior, readout: &Readout) -> Option<Self> {
        let rank = prior.rank;
        let mut information = prior.precision.clone();
        add(&mut information, &readout.gram);
        let factor = cholesky(&information, rank)?;
        let inverse = inverse_of_lower(&factor, rank);
        let logs = prior.log_determinant + log_determinant(&factor, rank);
        let covariance = product(&transpose(&inverse, rank), &inverse, rank);
        let lower = cholesky(&covariance, rank)?;
        let (gram, constant) = (readout.gram.clone(), readout.constant + logs);
        Some(Optimal { gram, covariance, lower, constant })
    }

    /// Writes z for a mean μ and white noise ξ; returns ln w, `square = yᵀ R⁻¹ y`.
    #[inline]
    pub(super) fn draw(
        &self,
        mu: &[f64],
        (s, square): (&[f64], f64),
        xi: &[f64],
        z: &mut [f64],
        scratch: &mut Scratch,
    ) -> f64 {
        let Scratch { g, moved, .. } = scratch;
        apply(&self.gram, mu, moved);
        let within = dot(mu, moved);
        (0..g.len()).for_each(|r| g[r] = s[r] - moved[r]);
        apply(&self.lower, xi, z);
        apply(&self.covariance, g, moved);
        for r in 0..z.len() {
            z[r] += mu[r] + moved[r];
        }
        -0.5 * (square - 2.0 * dot(mu, s) + within - dot(g, moved) + self.constant)
    }
}

/// Room for a particle.
pub(super) struct Scratch {
    g: Vec<f64>,
    moved: Vec<f64>,
    g_bar: Vec<f64>,
}

impl Scratch {
    pub(super) fn new(rank: usize) -> Self {
        Scratch { g: vec![0.0; rank], moved: vec![0.0; rank], g_bar: vec![0.0; rank] }
    }
}

/// Cotangents of an [`Optimal`] proposal, summed over particles and steps.
pub(super) struct OptimalPull {
    gram: Vec<f64>,
    covariance: Vec<f64>,
    lower: Vec<f64>,
    /// `Σ` of the cotangents of ln w.
    weight: f64,
}

impl OptimalPull {
    pub(super) fn new(rank: usize) -> Self {
        let zeros = vec![0.0; rank * rank];
        OptimalPull { gram: zeros.clone(), covariance: zeros.clone(), lower: zeros, weight: 0.0 }
    }

    /// The reverse of [`Optimal::draw`]: from the cotangents of z and ln w, writes that of μ and adds
    /// that of s.
    #[inline]
    pub(super) fn particle(
        &mut self,
        optimal: &Optimal,
        (mu, s, xi): (&[f64], &[f64], &[f64]),
        (z_bar, log_bar): (&[f64], f64),
        (mu_bar, s_bar): (&mut [f64], &mut [f64]),
        scratch: &mut Scratch,
    ) {
        let Scratch { g, moved, g_bar } = scratch;
        apply(&optimal.gram, mu, moved);
        (0..g.len()).for_each(|r| g[r] = s[r] - moved[r]);
        // z = μ + P g + A ξ, and ½ gᵀ P g in ln w
        for r in 0..g.len() {
            moved[r] = z_bar[r] + log_bar * g[r];
        }
        apply(&optimal.covariance, moved, g_bar);
        apply(&optimal.gram, g_bar, mu_bar);
        for r in 0..g.len() {
            mu_bar[r] = moved[r] - mu_bar[r];
            s_bar[r] += log_bar * mu[r] + g_bar[r];
            moved[r] = z_bar[r] + 0.5 * log_bar * g[r];
        }
        add_outer(1.0, moved, g, &mut self.covariance);
        add_outer(1.0, z_bar, xi, &mut self.lower);
        for r in 0..g.len() {
            moved[r] = -0.5 * log_bar * mu[r] - g_bar[r];
        }
        add_outer(1.0, moved, mu, &mut self.gram);
        self.weight += log_bar;
    }

    /// Adds the cotangent of `Cᵀ R⁻¹ C` and returns that of the prior's L.
    pub(super) fn finish(self, optimal: &Optimal, prior: &Prior, gram: &mut [f64]) -> Vec<f64> {
        let rank = prior.rank;
        let mut covariance = symmetric(&self.covariance, rank);
        add(&mut covariance, &cholesky_pull(&optimal.lower, &self.lower, rank));
        // P = Λ⁻¹, and ln det Λ
        let sandwich = |a: &[f64], b: &[f64]| product(&product(a, b, rank), a, rank);
        let mut information = sandwich(&optimal.covariance, &covariance);
        for (to, p) in information.iter_mut().zip(&optimal.covariance) {
            *to = -*to - 0.5 * self.weight * p;
        }
        add(gram, &symmetric(&self.gram, rank));
        add(gram, &information);
        // Q⁻¹, and ln det Q
        let mut q = sandwich(&prior.precision, &information);
        for (to, precision) in q.iter_mut().zip(&prior.precision) {
            *to = -*to - 0.5 * self.weight * precision;
        }
        // Q = L Lᵀ
        product(&q, &prior.lower, rank).iter().map(|x| 2.0 * x).collect()
    }
}

/// Adds the cotangent of a prior's L to that of its parameters.
pub(super) fn pull_prior(prior: &Prior, lower_bar: &[f64], packed_bar: &mut [f64]) {
    pull_unpacked(&prior.lower, lower_bar, prior.rank, packed_bar);
}

#[cfg(test)]
mod tests {
    use attractor_numerics::linalg::{solve, symmetric_eigenvalues};
    use ndarray::{Array1, Array2, arr1, arr2};

    use super::*;

    /// `S = C Q Cᵀ + R`, `G = Q Cᵀ S⁻¹`: mean `μ + G (y - C μ)`, covariance `(1 - G C) Q`, weight `N(y; C μ, S)`.
    #[test]
    fn information_and_covariance_form_are_one() {
        let (rank, recorded) = (2, 3);
        let c = arr2(&[[0.7, -0.3], [0.2, 1.1], [-0.5, 0.4]]);
        let (variance, y) = (arr1(&[0.2, 0.5, 0.1]), arr1(&[0.3, -1.0, 0.8]));
        let (mu, xi) = (arr1(&[0.4, -0.6]), [0.9, -0.2]);
        // diagonals are exponents
        let prior = Prior::new(&[-0.8, 0.3, -1.5], rank);
        let lower = Array2::from_shape_vec((rank, rank), prior.lower.clone()).unwrap();
        let q = lower.dot(&lower.t());

        let weighted = Array2::from_diag(&variance.mapv(|v| 1.0 / v)).dot(&c);
        let gram: Vec<f64> = c.t().dot(&weighted).iter().copied().collect();
        let constant = variance.mapv(f64::ln).sum() + recorded as f64 * std::f64::consts::TAU.ln();
        let optimal = Optimal::new(&prior, &Readout { gram, constant }).unwrap();
        let (s, square) = (weighted.t().dot(&y), (&y * &y / &variance).sum());
        let draw = |xi: [f64; 2]| {
            let (mut z, mut scratch) = (vec![0.0; rank], Scratch::new(rank));
            let seen = (s.as_slice().unwrap(), square);
            let log = optimal.draw(mu.as_slice().unwrap(), seen, &xi, &mut z, &mut scratch);
            (Array1::from(z), log)
        };
        let ((mean, log), (moved, same)) = (draw([0.0; 2]), draw(xi));

        let joint = c.dot(&q).dot(&c.t()) + Array2::from_diag(&variance);
        let joint: Vec<f64> = joint.iter().copied().collect();
        let cq: Vec<f64> = c.dot(&q).iter().copied().collect();
        let gain = Array2::from_shape_vec((recorded, rank), solve(&joint, 3, &cq, 2).unwrap());
        let gain = gain.unwrap().reversed_axes();
        let residual = &y - &c.dot(&mu);
        let expected = &mu + &gain.dot(&residual);
        assert!((&mean - &expected).iter().all(|error| error.abs() < 1e-12));
        let covariance = &q - &gain.dot(&c).dot(&q);
        for (found, expected) in optimal.covariance.iter().zip(&covariance) {
            assert!((found - expected).abs() < 1e-12);
        }
        let solved = arr1(&solve(&joint, 3, residual.as_slice().unwrap(), 1).unwrap());
        let logs = symmetric_eigenvalues(&joint, 3).unwrap();
        let determinant: f64 = logs.iter().map(|value| value.ln()).sum();
        let tau = recorded as f64 * std::f64::consts::TAU.ln();
        let expected = -0.5 * (solved.dot(&residual) + determinant + tau);
        assert!((log - expected).abs() < 1e-12 && log == same);
        let spread = Array2::from_shape_vec((rank, rank), optimal.lower.clone()).unwrap();
        assert!((moved - mean - spread.dot(&arr1(&xi))).iter().all(|error| error.abs() < 1e-12));
    }
}
