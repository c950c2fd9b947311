//! Lyapunov exponents: the mean rates at which nearby trajectories part or come together.
//!
//! The method of Benettin et al. 1980 (doi:10.1007/BF02128236), as used for recurrent networks by
//! Engelken, Wolf & Abbott 2023 (doi:10.1103/PhysRevResearch.5.043044): k tangents ride along a
//! trajectory and are made orthonormal again and again, `J Q = Q' R`; the logarithms of the diagonal
//! of R, over time, are the exponents.

use attractor_numerics::linalg::{self, thin_qr};
use attractor_numerics::{Dynamics, random};
use rand_distr::{Distribution, StandardNormal};

/// Options of [`lyapunov`].
#[derive(Clone, Copy, Debug)]
pub struct LyapunovOptions {
    /// Number of exponents, the largest; none is all.
    pub exponents: Option<usize>,
    /// Steps of the average.
    pub steps: usize,
    /// Steps before, in which the state reaches its attractor and the tangents their directions.
    pub transient: usize,
    /// Steps between two orthonormalisations. One is always right; more are faster, as long as the
    /// fastest tangent outgrows the slowest by much less than 10¹⁶ in between.
    pub every: usize,
    /// Seed of the first tangents.
    pub seed: u64,
}

impl Default for LyapunovOptions {
    fn default() -> Self {
        LyapunovOptions { exponents: None, steps: 10_000, transient: 1_000, every: 1, seed: 0 }
    }
}

/// Number of blocks of the standard errors.
const BLOCKS: usize = 20;

/// Lyapunov exponents of a trajectory, the largest first.
#[derive(Clone, Debug)]
pub struct Lyapunov {
    /// Exponents per step. A direction that one step annihilates has −∞.
    pub per_step: Vec<f64>,
    /// Exponents in 1/s.
    pub per_second: Vec<f64>,
    /// Standard errors of `per_step`, from the means of 20 blocks of time.
    pub error: Vec<f64>,
    /// Difference between the means of the second and the first half, per step: what is left of a
    /// transient shows here. It should be within a few standard errors.
    pub drift: Vec<f64>,
    /// Dimension of Kaplan & Yorke 1979, `j + Σ_{i≤j} λᵢ/|λ_{j+1}|` with the largest j for which the
    /// sum is not negative: an estimate of that of the attractor. None if the exponents asked for are
    /// too few to tell.
    pub dimension: Option<f64>,
    /// Steps averaged over.
    pub steps: usize,
    /// State at the end, to continue from.
    pub state: Vec<f64>,
}

/// Why there are no exponents.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LyapunovError {
    /// An option out of its range.
    #[error("{what}: {given} given, {expected} expected")]
    Option {
        /// Which option.
        what: &'static str,
        /// What was given.
        given: usize,
        /// What would fit.
        expected: String,
    },
    /// The trajectory left the finite numbers.
    #[error("the state is not finite from step {step} on")]
    NotFinite {
        /// Steps from the start, the transient included.
        step: usize,
    },
    /// The orthonormalisation failed.
    #[error(transparent)]
    Linalg(#[from] linalg::Error),
}

/// The largest Lyapunov exponents along the trajectory from `start` `[n]`. Cost of a step: k tangents,
/// and 4 n k² for the orthonormalisation.
///
/// ```
/// use attractor_analysis::lyapunov::{LyapunovOptions, lyapunov};
/// use attractor_numerics::Dynamics;
/// /// `x ↦ (2x + y, x + y)` modulo 1: Arnold's cat.
/// struct Cat;
/// impl Dynamics for Cat {
///     fn dimension(&self) -> usize { 2 }
///     fn dt(&self) -> f64 { 1.0 }
///     fn step(&self, x: &[f64], next: &mut [f64]) {
///         next.copy_from_slice(&[(2.0 * x[0] + x[1]) % 1.0, (x[0] + x[1]) % 1.0]);
///     }
///     fn jacobian(&self, _: &[f64], jacobian: &mut [f64]) {
///         jacobian.copy_from_slice(&[2.0, 1.0, 1.0, 1.0]);
///     }
/// }
/// let found = lyapunov(&Cat, &[0.3, 0.4], &LyapunovOptions::default())?;
/// let golden = ((3.0 + 5f64.sqrt()) / 2.0).ln();
/// assert!((found.per_step[0] - golden).abs() < 1e-9 && (found.per_step[1] + golden).abs() < 1e-9);
/// # Ok::<(), attractor_analysis::lyapunov::LyapunovError>(())
/// ```
///
/// # Errors
/// A start of another length, more exponents than dimensions, fewer than 40 orthonormalisations, a
/// state that becomes infinite.
pub fn lyapunov(
    dynamics: &dyn Dynamics,
    start: &[f64],
    options: &LyapunovOptions,
) -> Result<Lyapunov, LyapunovError> {
    let n = dynamics.dimension();
    let k = options.exponents.unwrap_or(n);
    let every = options.every;
    let wrong = |what, given, expected: String| LyapunovError::Option { what, given, expected };
    if start.len() != n {
        return Err(wrong("start, number of values", start.len(), n.to_string()));
    }
    if k == 0 || k > n {
        return Err(wrong("exponents", k, format!("1 to {n}")));
    }
    if every == 0 {
        return Err(wrong("every", every, "at least 1".into()));
    }
    let rounds = options.steps / every;
    if rounds < 2 * BLOCKS {
        return Err(wrong("steps", options.steps, format!("at least {}", 2 * BLOCKS * every)));
    }
    let mut x = start.to_vec();
    let mut run = Run { dynamics, n, k, next: vec![0.0; n], tangents: vec![0.0; k * n] };
    let mut rng = random::stream(options.seed, "lyapunov");
    let mut v: Vec<f64> = (0..k * n).map(|_| StandardNormal.sample(&mut rng)).collect();
    run.orthonormalise(&mut v)?;
    let (before, mut done) = (options.transient.div_ceil(every), 0);
    // logarithms of growth, [round, exponent]
    let mut growth: Vec<f64> = Vec::with_capacity(rounds * k);
    for round in 0..before + rounds {
        for _ in 0..every {
            run.advance(&mut x, &mut v);
            done += 1;
            if x.iter().any(|x| !x.is_finite()) {
                return Err(LyapunovError::NotFinite { step: done });
            }
        }
        let diagonal = run.orthonormalise(&mut v)?;
        if round >= before {
            growth.extend(diagonal.iter().map(|r| r.ln()));
        }
    }
    Ok(summary(&growth, rounds, every, n, dynamics.dt(), x))
}

/// A trajectory with its tangents.
struct Run<'a> {
    dynamics: &'a dyn Dynamics,
    n: usize,
    k: usize,
    next: Vec<f64>,
    tangents: Vec<f64>,
}

impl Run<'_> {
    fn advance(&mut self, x: &mut Vec<f64>, v: &mut Vec<f64>) {
        self.dynamics.jvp(x, v, &mut self.tangents);
        self.dynamics.step(x, &mut self.next);
        std::mem::swap(x, &mut self.next);
        std::mem::swap(v, &mut self.tangents);
    }

    /// Makes tangents `[k, n]` orthonormal; the diagonal of R.
    fn orthonormalise(&mut self, v: &mut [f64]) -> Result<Vec<f64>, LyapunovError> {
        let (n, k) = (self.n, self.k);
        let columns = &mut self.tangents;
        for (j, row) in v.chunks_exact(n).enumerate() {
            row.iter().enumerate().for_each(|(i, &x)| columns[i * k + j] = x);
        }
        let (q, r) = thin_qr(columns, n, k)?;
        for (j, row) in v.chunks_exact_mut(n).enumerate() {
            row.iter_mut().enumerate().for_each(|(i, x)| *x = q[i * k + j]);
        }
        Ok((0..k).map(|j| r[j * k + j]).collect())
    }
}

fn summary(
    growth: &[f64],
    rounds: usize,
    every: usize,
    n: usize,
    dt: f64,
    state: Vec<f64>,
) -> Lyapunov {
    let k = growth.len() / rounds;
    let mean = |j: usize, from: usize, to: usize| {
        let sum: f64 = (from..to).map(|round| growth[round * k + j]).sum();
        sum / ((to - from) * every) as f64
    };
    let mut found: Vec<(f64, f64, f64)> = Vec::with_capacity(k);
    for j in 0..k {
        let whole = mean(j, 0, rounds);
        let of_block = |b: usize| mean(j, b * rounds / BLOCKS, (b + 1) * rounds / BLOCKS) - whole;
        let squares: f64 = (0..BLOCKS).map(|b| of_block(b) * of_block(b)).sum();
        let error = (squares / ((BLOCKS - 1) * BLOCKS) as f64).sqrt();
        let drift = mean(j, rounds / 2, rounds) - mean(j, 0, rounds / 2);
        found.push((whole, error, drift));
    }
    // exponents that nearly coincide may come in either order
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let per_step: Vec<f64> = found.iter().map(|f| f.0).collect();
    Lyapunov {
        per_second: per_step.iter().map(|rate| rate * 1e3 / dt).collect(),
        error: found.iter().map(|f| f.1).collect(),
        drift: found.iter().map(|f| f.2).collect(),
        dimension: kaplan_yorke(&per_step, n),
        per_step,
        steps: rounds * every,
        state,
    }
}

/// Dimension of Kaplan and Yorke from the largest exponents of a system of n dimensions.
fn kaplan_yorke(exponents: &[f64], n: usize) -> Option<f64> {
    let mut sum = 0.0;
    for (j, &exponent) in exponents.iter().enumerate() {
        if sum + exponent < 0.0 {
            return Some(j as f64 + sum / exponent.abs());
        }
        sum += exponent;
    }
    (exponents.len() == n).then_some(n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Map<const N: usize, F, J>(F, J, f64);

    impl<const N: usize, F, J> Dynamics for Map<N, F, J>
    where
        F: Fn(&[f64]) -> [f64; N] + Sync,
        J: Fn(&[f64]) -> Vec<f64> + Sync,
    {
        fn dimension(&self) -> usize {
            N
        }
        fn dt(&self) -> f64 {
            self.2
        }
        fn step(&self, x: &[f64], next: &mut [f64]) {
            next.copy_from_slice(&(self.0)(x));
        }
        fn jacobian(&self, x: &[f64], jacobian: &mut [f64]) {
            jacobian.copy_from_slice(&(self.1)(x));
        }
    }

    #[test]
    fn the_logistic_map_has_ln_2() {
        let map =
            Map(|x: &[f64]| [4.0 * x[0] * (1.0 - x[0])], |x: &[f64]| vec![4.0 - 8.0 * x[0]], 2.0);
        let options = LyapunovOptions { steps: 200_000, ..LyapunovOptions::default() };
        let found = lyapunov(&map, &[0.1234], &options).unwrap();
        // errors of the mean decay as 1/T: the growth is a coboundary plus ln 2
        assert!((found.per_step[0] - f64::ln(2.0)).abs() < 1e-3, "{}", found.per_step[0]);
        assert!((found.per_second[0] - 500.0 * found.per_step[0]).abs() < 1e-9);
        assert!(found.error[0] > 0.0 && found.error[0] < 1e-2);
        assert_eq!(found.dimension, Some(1.0));
    }

    #[test]
    fn the_henon_map_keeps_its_volume_rate() {
        // λ₁ = 0.41922 (Sprott 2003, Chaos and Time-Series Analysis); λ₁ + λ₂ = ln 0.3 exactly
        let map = Map(
            |x: &[f64]| [1.0 - 1.4 * x[0] * x[0] + x[1], 0.3 * x[0]],
            |x: &[f64]| vec![-2.8 * x[0], 1.0, 0.3, 0.0],
            1.0,
        );
        let options = LyapunovOptions { steps: 200_000, ..LyapunovOptions::default() };
        let found = lyapunov(&map, &[0.1, 0.1], &options).unwrap();
        assert!((found.per_step[0] - 0.41922).abs() < 2e-3, "{}", found.per_step[0]);
        let sum = found.per_step[0] + found.per_step[1];
        assert!((sum - f64::ln(0.3)).abs() < 1e-10, "{sum}");
        let dimension = 1.0 + found.per_step[0] / found.per_step[1].abs();
        assert_eq!(found.dimension, Some(dimension));
        assert!((dimension - 1.258).abs() < 2e-3);
        // the same with an orthonormalisation every fifth step
        let coarse = lyapunov(&map, &[0.1, 0.1], &LyapunovOptions { every: 5, ..options }).unwrap();
        assert!((coarse.per_step[1] - found.per_step[1]).abs() < 1e-5);
    }

    #[test]
    fn a_linear_map_has_the_logarithms_of_its_eigenvalues() {
        // upper triangular: 0.9, 0.5, -0.2
        let a = [0.9, 0.4, -0.3, 0.0, 0.5, 0.2, 0.0, 0.0, -0.2];
        let map = Map(
            move |x: &[f64]| {
                let row = |i: usize| (0..3).map(|j| a[i * 3 + j] * x[j]).sum();
                [row(0), row(1), row(2)]
            },
            move |_: &[f64]| a.to_vec(),
            1.0,
        );
        let options = LyapunovOptions { steps: 2_000, ..LyapunovOptions::default() };
        let found = lyapunov(&map, &[0.0; 3], &options).unwrap();
        for (exponent, value) in found.per_step.iter().zip([0.9f64, 0.5, 0.2]) {
            assert!((exponent - value.ln()).abs() < 1e-12, "{exponent} and {}", value.ln());
        }
        assert_eq!(found.dimension, Some(0.0));
        let one = LyapunovOptions { exponents: Some(1), ..options };
        assert_eq!(lyapunov(&map, &[0.0; 3], &one).unwrap().per_step.len(), 1);
    }

    #[test]
    fn too_few_exponents_leave_the_dimension_open() {
        assert_eq!(kaplan_yorke(&[0.5, 0.0], 3), None);
        assert_eq!(kaplan_yorke(&[0.5, 0.0, -1.0], 3), Some(2.5));
        assert_eq!(kaplan_yorke(&[0.5, 0.0], 2), Some(2.0));
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let map = Map(|x: &[f64]| [3.0 * x[0] * x[0]], |x: &[f64]| vec![6.0 * x[0]], 1.0);
        let options = LyapunovOptions::default();
        let of = |start: &[f64], options: LyapunovOptions| lyapunov(&map, start, &options);
        assert!(matches!(of(&[2.0], options), Err(LyapunovError::NotFinite { .. })));
        assert!(matches!(of(&[0.1, 0.1], options), Err(LyapunovError::Option { .. })));
        for options in [
            LyapunovOptions { exponents: Some(2), ..options },
            LyapunovOptions { every: 0, ..options },
            LyapunovOptions { steps: 10, ..options },
        ] {
            assert!(matches!(of(&[0.1], options), Err(LyapunovError::Option { .. })));
        }
    }
}
