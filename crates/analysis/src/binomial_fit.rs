//! The most likely `ψ(x) = γ + (1 − γ − λ) F(a + s x)`, and profiles of its likelihood.

use attractor_numerics::linalg::solve_positive;

use crate::intervals::{bisect, normal_cdf};
use crate::psychometric::{Estimate, Shape};

impl Shape {
    /// F.
    pub(crate) fn rise(self, z: f64) -> f64 {
        match self {
            Shape::Logistic => 1.0 / (1.0 + (-z).exp()),
            Shape::Gaussian => normal_cdf(z),
        }
    }

    /// F′.
    fn density(self, z: f64) -> f64 {
        match self {
            Shape::Logistic => self.rise(z) * self.rise(-z),
            Shape::Gaussian => (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt(),
        }
    }
}

/// Binomial data, in stimulus units in which they span −1..1.
pub(crate) struct Model<'a> {
    /// Distinct stimuli, in ascending order.
    pub(crate) x: &'a [f64],
    /// Choices made and not made, per stimulus.
    pub(crate) counts: Vec<[f64; 2]>,
    /// F.
    pub(crate) shape: Shape,
    /// Bound of γ and of λ.
    pub(crate) largest_lapse: f64,
    /// Bound of |s|.
    pub(crate) steepest: f64,
}

/// The most likely parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    pub(crate) intercept: f64,
    pub(crate) slope: f64,
    pub(crate) lapses: [f64; 2],
    pub(crate) log_likelihood: f64,
}

/// `z_i = offset_i + Σ_j w_j feature_ij`: what is fixed, what is free, and how far it may go.
struct Argument {
    offset: Vec<f64>,
    features: Vec<Vec<f64>>,
    bounds: Vec<f64>,
}

/// Probabilities closer to 0 or 1 than this are not told apart from it.
const SURE: f64 = 1e-15;
/// Thresholds farther away than this many ranges of the stimulus are "nowhere".
const FAR: f64 = 1e3;

impl Model<'_> {
    /// All parameters free.
    pub(crate) fn free(&self) -> Fit {
        let argument = Argument {
            offset: vec![0.0; self.x.len()],
            features: vec![vec![1.0; self.x.len()], self.x.to_vec()],
            bounds: vec![f64::INFINITY, self.steepest],
        };
        let half = self.largest_lapse / 2.0;
        let starts = [[0.0, 0.0], [half, half], [half, 0.0], [0.0, half]];
        let (w, lapses, log_likelihood) = self.best_of(&argument, &starts);
        Fit { intercept: w[0], slope: w[1], lapses, log_likelihood }
    }

    /// Intervals of threshold and slope: where the profile is within `drop` of the best.
    pub(crate) fn profile(&self, best: &Fit, drop: f64) -> [Estimate; 2] {
        let starts = [best.lapses, [0.0, 0.0]];
        let count = self.x.len();
        let with_threshold = |threshold: f64| {
            let feature = self.x.iter().map(|x| x - threshold).collect();
            let argument = Argument {
                offset: vec![0.0; count],
                features: vec![feature],
                bounds: vec![self.steepest],
            };
            self.best_of(&argument, &starts).2 >= best.log_likelihood - drop
        };
        let with_slope = |slope: f64| {
            let argument = Argument {
                offset: self.x.iter().map(|x| slope * x).collect(),
                features: vec![vec![1.0; count]],
                bounds: vec![f64::INFINITY],
            };
            self.best_of(&argument, &starts).2 >= best.log_likelihood - drop
        };
        let threshold = -best.intercept / best.slope;
        [
            Estimate {
                value: threshold,
                low: end(&with_threshold, threshold, -0.05, FAR),
                high: end(&with_threshold, threshold, 0.05, FAR),
            },
            Estimate {
                value: best.slope,
                low: end(&with_slope, best.slope, -0.1, self.steepest),
                high: end(&with_slope, best.slope, 0.1, self.steepest),
            },
        ]
    }

    /// Log-likelihood with one free fraction per stimulus.
    pub(crate) fn saturated(&self) -> f64 {
        let term = |count: f64, of: f64| if count > 0.0 { count * (count / of).ln() } else { 0.0 };
        self.counts.iter().map(|[k, m]| term(*k, k + m) + term(*m, k + m)).sum()
    }

    /// Without lapses first; then from there with each start of the lapses.
    fn best_of(&self, argument: &Argument, starts: &[[f64; 2]]) -> (Vec<f64>, [f64; 2], f64) {
        let zeros = vec![0.0; argument.features.len()];
        let mut best = self.climb(argument, zeros, [0.0, 0.0], 0.0);
        if self.largest_lapse > 0.0 {
            let w = best.0.clone();
            for &lapses in starts {
                let found = self.climb(argument, w.clone(), lapses, self.largest_lapse);
                if found.2 > best.2 {
                    best = found;
                }
            }
        }
        best
    }

    /// Fisher scoring with damping (Levenberg-Marquardt), within bounds: parameters at a bound that
    /// press against it stand still.
    fn climb(
        &self,
        argument: &Argument,
        w: Vec<f64>,
        lapses: [f64; 2],
        largest_lapse: f64,
    ) -> (Vec<f64>, [f64; 2], f64) {
        let features = w.len();
        let (mut low, mut high) = (vec![0.0; features + 2], vec![largest_lapse; features + 2]);
        for (j, bound) in argument.bounds.iter().enumerate() {
            (low[j], high[j]) = (-bound, *bound);
        }
        let mut at = [w, lapses.to_vec()].concat();
        let mut now = self.log_likelihood(argument, &at);
        let mut damping = 1e-4;
        for _ in 0..200 {
            let (gradient, information) = self.derivatives(argument, &at);
            let pressed = |j: usize| {
                (at[j] <= low[j] && gradient[j] <= 0.0) || (at[j] >= high[j] && gradient[j] >= 0.0)
            };
            let free: Vec<usize> = (0..at.len()).filter(|&j| !pressed(j)).collect();
            let Some(step) = scoring_step(&gradient, &information, &free, damping) else {
                break;
            };
            let mut next = at.clone();
            for (&j, step) in free.iter().zip(&step) {
                next[j] = (at[j] + step).clamp(low[j], high[j]);
            }
            let then = self.log_likelihood(argument, &next);
            let promised: f64 = free.iter().zip(&step).map(|(&j, step)| gradient[j] * step).sum();
            if then >= now {
                (at, now) = (next, then);
                if damping <= 1.0 && promised < 1e-13 {
                    break;
                }
                damping = (damping * 0.1).max(1e-9);
            } else if damping > 1e10 || promised < 1e-13 {
                break;
            } else {
                damping *= 10.0;
            }
        }
        let lapses = [at[features], at[features + 1]];
        at.truncate(features);
        (at, lapses, now)
    }

    fn argument(&self, argument: &Argument, at: &[f64], i: usize) -> f64 {
        let terms = argument.features.iter().zip(at).map(|(feature, w)| w * feature[i]);
        argument.offset[i] + terms.sum::<f64>()
    }

    /// ψ and 1 − ψ, each to its own precision.
    fn chances(&self, z: f64, at: &[f64]) -> [f64; 2] {
        let [guess, lapse] = [at[at.len() - 2], at[at.len() - 1]];
        let span = 1.0 - guess - lapse;
        let (yes, no) = (guess + span * self.shape.rise(z), lapse + span * self.shape.rise(-z));
        [yes.max(SURE), no.max(SURE)]
    }

    fn log_likelihood(&self, argument: &Argument, at: &[f64]) -> f64 {
        let point = |(i, [k, m]): (usize, &[f64; 2])| {
            let [yes, no] = self.chances(self.argument(argument, at, i), at);
            k * yes.ln() + m * no.ln()
        };
        self.counts.iter().enumerate().map(point).sum()
    }

    /// Gradient and Fisher information, row-major, over weights, γ, λ.
    fn derivatives(&self, argument: &Argument, at: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let size = at.len();
        let (mut gradient, mut information) = (vec![0.0; size], vec![0.0; size * size]);
        let mut slopes = vec![0.0; size];
        for (i, [k, m]) in self.counts.iter().enumerate() {
            let z = self.argument(argument, at, i);
            let [yes, no] = self.chances(z, at);
            let span = 1.0 - at[size - 2] - at[size - 1];
            for (slope, feature) in slopes.iter_mut().zip(&argument.features) {
                *slope = span * self.shape.density(z) * feature[i];
            }
            slopes[size - 2] = self.shape.rise(-z);
            slopes[size - 1] = -self.shape.rise(z);
            for a in 0..size {
                gradient[a] += (k / yes - m / no) * slopes[a];
                for b in 0..size {
                    information[a * size + b] += (k + m) / (yes * no) * slopes[a] * slopes[b];
                }
            }
        }
        (gradient, information)
    }
}

/// Solves `(I + damping · diag I) step = gradient` over the free parameters; `None` without any.
fn scoring_step(
    gradient: &[f64],
    information: &[f64],
    free: &[usize],
    damping: f64,
) -> Option<Vec<f64>> {
    let (size, count) = (gradient.len(), free.len());
    let diagonal = |j: usize| information[j * size + j];
    let largest = free.iter().map(|&j| diagonal(j)).fold(0.0, f64::max);
    let mut matrix = vec![0.0; count * count];
    for (a, &i) in free.iter().enumerate() {
        for (b, &j) in free.iter().enumerate() {
            matrix[a * count + b] = information[i * size + j];
        }
        // a parameter without information, such as a lapse far from every point, must not divide by 0
        matrix[a * count + a] += damping * diagonal(i) + 1e-12 * (largest + 1.0);
    }
    let right: Vec<f64> = free.iter().map(|&j| gradient[j]).collect();
    let step = solve_positive(&matrix, count, 0.0, &right, 1).ok()?;
    (!step.is_empty()).then_some(step)
}

/// Goes out from `best` until `inside` fails, then finds the border; `None` if it holds up to ±`limit`.
fn end(inside: &impl Fn(f64) -> bool, best: f64, mut step: f64, limit: f64) -> Option<f64> {
    if !best.is_finite() {
        return None;
    }
    let mut last = best;
    while last.abs() < limit || last * step < 0.0 {
        let next = (best + step).clamp(-limit.max(best.abs()), limit.max(best.abs()));
        if !inside(next) {
            let between = |share: f64| last + share * (next - last);
            return Some(between(bisect(|share| inside(between(share)), 0.0, 1.0)));
        }
        last = next;
        step *= 2.0;
    }
    None
}
