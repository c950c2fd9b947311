//! From a basin to its point: Newton's method while it is fast, otherwise that of Levenberg and
//! Marquardt (Nocedal & Wright 2006, Numerical Optimization, chapter 10).

use attractor_numerics::linalg::{Lu, solve_positive};
use attractor_numerics::{Dynamics, Isa, product};

use super::{Label, Outcome, SearchOptions};

/// A Newton step counts as fast if it divides q by at least this.
const FAST: f64 = 4.0;
/// Steps that lower q by less than one in a hundred, after which it is a minimum.
const STALLED: usize = 3;
/// Least slope at the end of a long step, relative to the mean slope along it.
const SLOPE: f64 = 1e-3;
/// Damping, relative to the largest diagonal value of AᵀA, that stands for none.
const NONE: f64 = 1e-13;

/// Rows of AᵀA computed together.
const BAND: usize = 64;

/// A state with its residual.
struct At {
    x: Vec<f64>,
    f: Vec<f64>,
    q: f64,
}

impl At {
    fn new(dynamics: &dyn Dynamics, x: Vec<f64>) -> At {
        let mut f = vec![0.0; x.len()];
        dynamics.step(&x, &mut f);
        f.iter_mut().zip(&x).for_each(|(f, x)| *f -= x);
        let q = 0.5 * f.iter().map(|f| f * f).sum::<f64>();
        At { x, f, q: if q.is_nan() { f64::INFINITY } else { q } }
    }

    fn moved(&self, dynamics: &dyn Dynamics, d: &[f64]) -> At {
        At::new(dynamics, self.x.iter().zip(d).map(|(x, d)| x - d).collect())
    }

    fn residual(&self) -> f64 {
        largest(&self.f)
    }
}

/// The step that led to a state: its length by value, and `F(x) - x` before it.
struct Step {
    d: Vec<f64>,
    f: Vec<f64>,
}

impl Step {
    /// Whether it went along what is flat: where `F(x) - x` only falls off towards infinity, as in
    /// `x + exp(-x)`, steps stay long until the difference is rounded to 0, and a next step with it.
    /// Nothing is fixed there. Short steps (`unique`) do no harm; a long one must not come from what stood
    /// still already, and what it brought to 0 must have a slope where it ends: `A d`, about `f`.
    fn flat(&self, dynamics: &dyn Dynamics, x: &[f64], options: &SearchOptions) -> bool {
        if largest(&self.d) <= options.unique {
            return false;
        }
        let mut end = Normal::new(x.len());
        end.linearise(dynamics, x);
        let mut rows = end.a.chunks_exact(x.len()).zip(&self.f);
        let slope = |row: &[f64]| row.iter().zip(&self.d).map(|(a, d)| a * d).sum::<f64>().abs();
        largest(&self.f) <= options.tolerance
            || rows.any(|(row, f)| f.abs() > options.tolerance && slope(row) < SLOPE * f.abs())
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most: f64, x| most.max(x.abs()))
}

/// `½‖F(x) - x‖²` of a state.
pub(super) fn q(dynamics: &dyn Dynamics, x: &[f64]) -> f64 {
    At::new(dynamics, x.to_vec()).q
}

/// Carries a state x `[n]` to the fixed point or minimum of q near it, and says which it is.
pub(super) fn refine(dynamics: &dyn Dynamics, x: &mut [f64], options: &SearchOptions) -> Outcome {
    let close = 0.1 * options.unique;
    let mut at = At::new(dynamics, x.to_vec());
    let (mut steps, mut stalled, mut fast, mut moved) = (0, 0, true, true);
    let mut damping: f64 = 1e-3;
    let mut correction = f64::INFINITY;
    let mut last = None;
    let mut normal = Normal::new(x.len());
    while at.q.is_finite() && stalled < STALLED {
        if moved {
            normal.linearise(dynamics, &at.x);
        }
        if fast {
            // f = 0 to first order at x - d
            let newton =
                Lu::<f64>::new(&normal.a, x.len()).and_then(|lu| Ok((lu.solve(&at.f, 1)?, lu)));
            if let Ok((d, lu)) = newton {
                let next = at.moved(dynamics, &d);
                if next.q <= at.q / FAST {
                    correction = lu.solve(&next.f, 1).map_or(f64::INFINITY, |d| largest(&d));
                    last = Some(Step { d, f: std::mem::replace(&mut at, next).f });
                    if at.residual() <= options.tolerance && correction <= close {
                        break;
                    }
                    steps += 1;
                    if steps >= options.steps {
                        break;
                    }
                    continue;
                }
            }
        }
        if std::mem::take(&mut moved) {
            normal.square(&at.f);
        }
        if at.residual() <= options.tolerance {
            correction = normal.step(NONE).map_or(f64::INFINITY, |d| largest(&d));
            if correction <= close {
                break;
            }
        }
        if steps >= options.steps {
            break;
        }
        steps += 1;
        let before = at.q;
        if let Some(d) = normal.step(damping.max(NONE)) {
            let next = at.moved(dynamics, &d);
            let gain = (at.q - next.q) / normal.predicted(&at, &d);
            damping *= if gain > 0.75 {
                0.1
            } else if gain < 0.25 {
                5.0
            } else {
                1.0
            };
            if next.q < at.q {
                last = Some(Step { d, f: std::mem::replace(&mut at, next).f });
                moved = true;
            }
        } else {
            damping *= 10.0;
        }
        // a step that was refused only says that the damping was too small
        let refused = !moved && damping < 1e6;
        stalled = if at.q > 0.99 * before && !refused { stalled + 1 } else { 0 };
        fast = at.q <= before / FAST;
    }
    x.copy_from_slice(&at.x);
    let residual = if at.q.is_finite() { at.residual() } else { f64::INFINITY };
    let still = residual <= options.tolerance && correction <= close;
    let label = if still && !last.is_some_and(|step| step.flat(dynamics, x, options)) {
        Label::Fixed
    } else if at.q <= options.slow {
        Label::Slow
    } else {
        Label::Failed
    };
    Outcome { label, q: at.q, residual, correction, steps, point: None }
}

/// The linearised problem `A d = f`, `A = J - I`, and its normal equations.
struct Normal {
    n: usize,
    a: Vec<f64>,
    /// The lower half of AᵀA, and its largest diagonal value.
    squared: Vec<f64>,
    most: f64,
    /// Aᵀf.
    gradient: Vec<f64>,
}

impl Normal {
    fn new(n: usize) -> Normal {
        let matrix = || vec![0.0; n * n];
        Normal { n, a: matrix(), squared: matrix(), most: 0.0, gradient: vec![0.0; n] }
    }

    fn linearise(&mut self, dynamics: &dyn Dynamics, x: &[f64]) {
        dynamics.jacobian(x, &mut self.a);
        (0..self.n).for_each(|i| self.a[i * self.n + i] -= 1.0);
    }

    fn square(&mut self, f: &[f64]) {
        let Normal { n, a, squared, .. } = self;
        let n = *n;
        squared.fill(0.0);
        // it is symmetric, and what solves it reads the lower half alone
        for first in (0..n).step_by(BAND) {
            let (rows, columns) = (BAND.min(n - first), n.min(first + BAND));
            let (to, left) = (&mut squared[first * n..], &a[first..]);
            product::accumulate_outer(Isa::best(), to, n, left, n, rows, a, n, columns, n);
        }
        self.most = (0..n).fold(0.0, |most: f64, i| most.max(squared[i * n + i]));
        self.gradient.fill(0.0);
        for (row, f) in a.chunks_exact(n).zip(f) {
            self.gradient.iter_mut().zip(row).for_each(|(g, a)| *g += a * f);
        }
    }

    /// `(AᵀA + damping · most) d = Aᵀf`.
    fn step(&self, damping: f64) -> Option<Vec<f64>> {
        let ridge = (damping * self.most).max(f64::MIN_POSITIVE);
        let found = solve_positive(&self.squared, self.n, ridge, &self.gradient, 1).ok()?;
        found.iter().all(|x| x.is_finite()).then_some(found)
    }

    /// How much q would fall if f were linear: `q - ½‖f - A d‖²`.
    fn predicted(&self, at: &At, d: &[f64]) -> f64 {
        let rows = self.a.chunks_exact(self.n).zip(&at.f);
        let left = rows.map(|(row, f)| f - row.iter().zip(d).map(|(a, d)| a * d).sum::<f64>());
        at.q - 0.5 * left.map(|r| r * r).sum::<f64>()
    }
}
