//! Linear stability of a point: eigenvalues as time constants and frequencies, with their modes.

use std::f64::consts::PI;

use attractor_numerics::Dynamics;
use attractor_numerics::linalg::{self, Complex, Eigen, Lu};

/// How an eigenvalue λ of the Jacobian of one step of `dt` is read in continuous time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// As what the map does from step to step, `μ = ln(λ)/dt`: the right one for true maps (Elman,
    /// GRU, LSTM), for exponential Euler, and for what is simulated, whatever it stands for.
    #[default]
    Map,
    /// As the flow `dx/dt` of which the step is one Euler step, `F(x) = x + dt f(x)`: then
    /// `λ = 1 + dt μ`, and `μ = (λ - 1)/dt` is exact, an eigenvalue of `∂f/∂x`. Right where every
    /// state is a flow under Euler. The two agree to first order in dt.
    Euler,
}

/// Options of [`stability`].
#[derive(Clone, Copy, Debug)]
pub struct StabilityOptions {
    /// How eigenvalues are read.
    pub reading: Reading,
    /// Growth per step, `|Re μ| dt`, up to which a mode counts as neutral.
    pub neutral: f64,
}

impl Default for StabilityOptions {
    fn default() -> Self {
        StabilityOptions { reading: Reading::Map, neutral: 1e-6 }
    }
}

/// What a mode does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It decays.
    Stable,
    /// It neither grows nor decays: a direction along a line, ring or plane attractor.
    Neutral,
    /// It grows.
    Unstable,
}

/// One eigenvalue with its eigenvectors.
#[derive(Clone, Debug)]
pub struct Mode {
    /// Eigenvalue λ of the Jacobian of one step.
    pub lambda: Complex,
    /// Eigenvalue μ in continuous time, per ms.
    pub mu: Complex,
    /// Time constant `-1/Re μ` in ms: of decay if positive, of growth if negative, infinite if it does neither.
    /// As a map this is `-dt/ln|λ|`.
    pub tau: f64,
    /// Frequency `Im μ/2π` in Hz; of a pair one has the negative. As a map this is `arg λ/(2π dt)`: a
    /// negative λ alternates at half the rate of steps.
    pub frequency: f64,
    /// What it does.
    pub fate: Fate,
    /// Right eigenvector, `J v = λ v`, of length 1: the pattern that decays or grows.
    pub right: Vec<Complex>,
    /// Left eigenvector, `wᵀ J = λ wᵀ`, scaled such that `wᵀ v = 1` (no conjugation), so that with the
    /// other modes `wᵢᵀ vⱼ = δᵢⱼ`: the pattern of input the mode reads. Empty if the Jacobian has no
    /// full set of eigenvectors.
    pub left: Vec<Complex>,
}

impl Mode {
    /// Condition number `‖w‖ ‖v‖ ≥ 1` of the eigenvalue: 1 if normal, large if a small change of the
    /// Jacobian moves it far.
    pub fn condition(&self) -> f64 {
        let length =
            |v: &[Complex]| v.iter().map(|z| z.re * z.re + z.im * z.im).sum::<f64>().sqrt();
        if self.left.is_empty() { f64::INFINITY } else { length(&self.left) * length(&self.right) }
    }
}

/// Kind of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All modes decay, the slowest without turning.
    StableNode,
    /// All modes decay, the slowest turning.
    StableFocus,
    /// Some modes grow, others decay.
    Saddle,
    /// All modes grow, the fastest without turning.
    UnstableNode,
    /// All modes grow, the fastest turning.
    UnstableFocus,
    /// No mode grows, but some are neutral: a point of a line or ring attractor, a centre, or a point
    /// where stability changes, of which linear analysis cannot say more.
    Marginal,
}

/// Linear stability of a point.
#[derive(Clone, Debug)]
pub struct Stability {
    /// All modes, that with the largest growth (Re μ) first; of a pair that with positive frequency.
    pub modes: Vec<Mode>,
    /// Number of growing modes.
    pub unstable: usize,
    /// Number of neutral modes.
    pub neutral: usize,
    /// Kind of the point.
    pub kind: Kind,
}

/// Linear stability of a point x `[n]`, usually a fixed or slow point. Cost about 25 n³ operations.
///
/// ```
/// use attractor_analysis::stability::{Kind, StabilityOptions, of_jacobian};
/// // halves in one step of 10 ms and turns by a quarter
/// let point = of_jacobian(&[0.0, -0.5, 0.5, 0.0], 2, 10.0, &StabilityOptions::default())?;
/// assert_eq!(point.kind, Kind::StableFocus);
/// assert!((point.modes[0].tau - 10.0 / f64::ln(2.0)).abs() < 1e-12);
/// assert!((point.modes[0].frequency - 25.0).abs() < 1e-12);
/// # Ok::<(), attractor_numerics::linalg::Error>(())
/// ```
///
/// # Errors
/// If the Jacobian is not finite, or its eigenvalues do not converge.
pub fn stability(
    dynamics: &dyn Dynamics,
    x: &[f64],
    options: &StabilityOptions,
) -> Result<Stability, linalg::Error> {
    let n = dynamics.dimension();
    if x.len() != n {
        return Err(linalg::Error::Shape { rows: 1, columns: n, found: x.len() });
    }
    let mut jacobian = vec![0.0; n * n];
    dynamics.jacobian(x, &mut jacobian);
    of_jacobian(&jacobian, n, dynamics.dt(), options)
}

/// Linear stability from a Jacobian `[n, n]` of one step of `dt` ms.
///
/// # Errors
/// As [`stability`].
pub fn of_jacobian(
    jacobian: &[f64],
    n: usize,
    dt: f64,
    options: &StabilityOptions,
) -> Result<Stability, linalg::Error> {
    let eigen = linalg::eigen(jacobian, n)?;
    let mut left = left_vectors(&eigen).unwrap_or_else(|| vec![Vec::new(); n]);
    let mut modes: Vec<Mode> = Vec::with_capacity(n);
    for ((&lambda, right), left) in eigen.values.iter().zip(eigen.vectors).zip(left.drain(..)) {
        let mu = match options.reading {
            Reading::Map => {
                Complex { re: lambda.abs().ln() / dt, im: lambda.im.atan2(lambda.re) / dt }
            }
            Reading::Euler => Complex { re: (lambda.re - 1.0) / dt, im: lambda.im / dt },
        };
        let fate = match mu.re * dt {
            growth if growth > options.neutral => Fate::Unstable,
            growth if growth < -options.neutral => Fate::Stable,
            _ => Fate::Neutral,
        };
        let tau = if mu.re == 0.0 { f64::INFINITY } else { -1.0 / mu.re };
        let frequency = 1e3 * mu.im / (2.0 * PI);
        modes.push(Mode { lambda, mu, tau, frequency, fate, right, left });
    }
    // stable: a pair stays in the order of the eigenvalues
    modes.sort_by(|a, b| b.mu.re.total_cmp(&a.mu.re));
    let count = |fate| modes.iter().filter(|mode| mode.fate == fate).count();
    let (unstable, neutral) = (count(Fate::Unstable), count(Fate::Neutral));
    let turns = |mode: Option<&Mode>| mode.is_some_and(|m| m.lambda.im != 0.0);
    let kind = match (unstable, neutral) {
        (0, 0) if turns(modes.first()) => Kind::StableFocus,
        (0, 0) => Kind::StableNode,
        (0, _) => Kind::Marginal,
        (all, _) if all == n && turns(modes.first()) => Kind::UnstableFocus,
        (all, _) if all == n => Kind::UnstableNode,
        _ => Kind::Saddle,
    };
    Ok(Stability { modes, unstable, neutral, kind })
}

/// Left eigenvectors, biorthonormal to the right ones: rows of the inverse of the matrix of these.
///
/// In real numbers, a pair `a ± ib` standing as the columns a and b: if p and q are the rows of the
/// inverse for these, the left vectors are `(p ∓ iq)/2`.
fn left_vectors(eigen: &Eigen) -> Option<Vec<Vec<Complex>>> {
    let n = eigen.values.len();
    let mut basis = vec![0.0; n * n];
    for (k, (value, vector)) in eigen.values.iter().zip(&eigen.vectors).enumerate() {
        for (i, z) in vector.iter().enumerate() {
            // the second of a pair follows the first, and has the same real part
            let first = k > 0 && value.im < 0.0;
            basis[i * n + k] = if first { -z.im } else { z.re };
        }
    }
    let mut identity = vec![0.0; n * n];
    (0..n).for_each(|i| identity[i * n + i] = 1.0);
    let inverse = Lu::<f64>::new(&basis, n).ok()?.solve(&identity, n).ok()?;
    if inverse.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let row = |k: usize| &inverse[k * n..(k + 1) * n];
    let left = (0..n).map(|k| match eigen.values[k].im {
        0.0 => row(k).iter().map(|&re| Complex { re, im: 0.0 }).collect(),
        im => {
            let (p, q) = if im > 0.0 { (row(k), row(k + 1)) } else { (row(k - 1), row(k)) };
            let sign = -0.5 * im.signum();
            p.iter().zip(q).map(|(&p, &q)| Complex { re: 0.5 * p, im: sign * q }).collect()
        }
    });
    Some(left.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DT: f64 = 10.0;

    fn of(jacobian: &[f64], n: usize, reading: Reading) -> Stability {
        of_jacobian(jacobian, n, DT, &StabilityOptions { reading, neutral: 1e-6 }).unwrap()
    }

    #[test]
    fn a_leak_under_euler_has_its_own_time_constant() {
        // tau dx/dt = -x with tau = 50 ms: one step of 10 ms keeps 0.8
        let flow = of(&[0.8], 1, Reading::Euler);
        let map = of(&[0.8], 1, Reading::Map);
        assert!((flow.modes[0].tau - 50.0).abs() < 1e-12);
        assert!((map.modes[0].tau + DT / f64::ln(0.8)).abs() < 1e-12);
        assert_eq!((flow.kind, map.kind), (Kind::StableNode, Kind::StableNode));
    }

    #[test]
    fn a_damped_rotation_under_euler_has_its_frequency() {
        // dx/dt = A x, eigenvalues -0.01 ± 0.02i per ms; the map is 0.9 ± 0.2i
        let flow = of(&[0.9, -0.2, 0.2, 0.9], 2, Reading::Euler);
        assert!((flow.modes[0].tau - 100.0).abs() < 1e-9);
        assert!((flow.modes[0].frequency - 20.0 / (2.0 * PI)).abs() < 1e-9);
        assert!((flow.modes[1].frequency + 20.0 / (2.0 * PI)).abs() < 1e-9);
        assert_eq!(flow.kind, Kind::StableFocus);
        // a centre of the flow is unstable under Euler: the readings must differ
        let (flow, map) = (
            of(&[1.0, -0.2, 0.2, 1.0], 2, Reading::Euler),
            of(&[1.0, -0.2, 0.2, 1.0], 2, Reading::Map),
        );
        assert_eq!((flow.kind, map.kind), (Kind::Marginal, Kind::UnstableFocus));
    }

    #[test]
    fn kinds_follow_the_growing_and_neutral_modes() {
        let diagonal = |values: &[f64]| {
            let n = values.len();
            let mut a = vec![0.0; n * n];
            (0..n).for_each(|i| a[i * n + i] = values[i]);
            of(&a, n, Reading::Map)
        };
        assert_eq!(diagonal(&[0.5, -0.9]).kind, Kind::StableNode);
        assert_eq!(diagonal(&[1.5, 0.9]).kind, Kind::Saddle);
        assert_eq!(diagonal(&[1.5, 2.0]).kind, Kind::UnstableNode);
        let line = diagonal(&[1.0, 0.5]);
        assert_eq!((line.kind, line.neutral, line.unstable), (Kind::Marginal, 1, 0));
        assert_eq!(line.modes[0].tau, f64::INFINITY);
        // alternation from step to step: half the rate of 100 steps a second
        assert!((diagonal(&[-0.9]).modes[0].frequency - 50.0).abs() < 1e-12);
        // a mode that is gone after one step
        assert_eq!(diagonal(&[0.0]).modes[0].tau, 0.0);
    }

    #[test]
    fn left_and_right_vectors_are_biorthonormal_eigenvectors() {
        let n = 12;
        let a: Vec<f64> = (0..n * n).map(|i| (i as f64 * 12.9898).sin() * 0.4).collect();
        let found = of(&a, n, Reading::Map);
        assert!(found.modes.iter().any(|m| m.lambda.im != 0.0), "the matrix should have pairs");
        let mul = |a: Complex, b: Complex| Complex {
            re: a.re * b.re - a.im * b.im,
            im: a.re * b.im + a.im * b.re,
        };
        let sum = |terms: Vec<Complex>| {
            let (re, im) = terms.iter().fold((0.0, 0.0), |(r, i), z| (r + z.re, i + z.im));
            Complex { re, im }
        };
        let dot =
            |a: &[Complex], b: &[Complex]| sum(a.iter().zip(b).map(|(&a, &b)| mul(a, b)).collect());
        for (i, m) in found.modes.iter().enumerate() {
            for (j, other) in found.modes.iter().enumerate() {
                let product = dot(&m.left, &other.right);
                let truth = if i == j { 1.0 } else { 0.0 };
                assert!((product.re - truth).hypot(product.im) < 1e-10, "{i}, {j}: {product:?}");
            }
            for k in 0..n {
                let column: Vec<Complex> =
                    (0..n).map(|r| Complex { re: a[r * n + k], im: 0.0 }).collect();
                let (have, want) = (dot(&m.left, &column), mul(m.lambda, m.left[k]));
                assert!((have.re - want.re).hypot(have.im - want.im) < 1e-10);
            }
            assert!(m.condition() >= 1.0 - 1e-12);
        }
    }

    #[test]
    fn a_jacobian_without_all_eigenvectors_has_no_left_ones() {
        let found = of(&[0.5, 1.0, 0.0, 0.5], 2, Reading::Map);
        // nearly parallel vectors may still be inverted: then the condition number says it
        assert!(found.modes.iter().all(|m| m.condition() > 1e6));
        assert_eq!(found.kind, Kind::StableNode);
    }
}
