//! The rate form, whose drives stand inside the nonlinearity: convex losses with one shared factor.
//!
//! `r' = (1 - a) r + a tanh(W φ)`; with `d = (r' - (1 - a) r) / a` and `p = (1 + d)/2` the cross-entropy
//! of `q = (1 + tanh z)/2` has the gradient `tanh z - d` and the curvature `1 - tanh² z ≤ 1`. So
//! `ΦᵀΦ + λ` majorises its Hessian for every unit alike: one factorisation serves all steps (Dinc,
//! Shai, Schnitzer & Tanaka 2023, arXiv:2311.10200).

use attractor_numerics::{Isa, Kernel, math};

use super::error::{FitError, at_least};
use super::model::{Model, product};
use super::regression::{Constraint, Regression, inverse, remove, transposed};
use super::ridge::Setting;
use super::samples::Samples;

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Cross-entropy, by accelerated steps (Nesterov 1983) that restart where the loss grows.
    Nesterov,
    /// Cross-entropy, by plain steps: the loss never grows.
    Standard,
    /// Errors over `1 - d²`; samples beyond the threshold are left out. Not convex.
    Weighted {
        /// Largest weighted error that counts.
        threshold: f64,
    },
    /// Errors over `1 - d²`, held within the threshold. Convex.
    Robust {
        /// Largest weighted error.
        threshold: f64,
    },
}

/// How the rate form is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SaturatingOptions {
    /// What is minimised.
    pub loss: Loss,
    /// Penalty per sample.
    pub l2: f64,
    /// Steps.
    pub iterations: usize,
}

impl Default for SaturatingOptions {
    fn default() -> Self {
        SaturatingOptions { loss: Loss::Nesterov, l2: 1e-6, iterations: 300 }
    }
}

/// A fitted rate form.
#[derive(Clone, Debug)]
pub struct Saturating {
    /// The network.
    pub model: Model,
    /// Cross-entropy per sample, less its least possible value, plus penalty, before each step.
    pub losses: Vec<f64>,
}

/// Largest |d|.
const LIMIT: f64 = 1.0 - 1e-6;

/// Fits a network of `rate-tanh` units, or any whose drive stands inside tanh. Masks and signs are not
/// supported here, `no_self` is exact.
///
/// # Errors
/// A constraint other than `no_self`, options that cannot be, a penalty that is too small.
pub fn saturating(
    setting: &Setting,
    samples: &Samples,
    options: &SaturatingOptions,
) -> Result<Saturating, FitError> {
    setting.check(samples)?;
    at_least("l2", options.l2, 0.0)?;
    let Constraint { no_self, mask: None, signs: None } = setting.constraint.clone() else {
        let fix = "only `no_self` is supported in the rate form; use the current form for masks and signs";
        return Err(FitError::Value { name: "constraint", value: 1.0, fix });
    };
    if setting.unit.affine() {
        let problem =
            "has no nonlinearity between drive and state: its fit is `Setting::ridge`".to_owned();
        return Err(FitError::Neuron { neuron: setting.unit.neuron().name.clone(), problem });
    }
    let (n, f) = (samples.units(), setting.features(samples));
    // all trials as one list of rows
    let rows = samples.transitions();
    let mut phi = Vec::with_capacity(rows * f);
    let mut d = Vec::with_capacity(rows * n);
    for trial in samples.trials() {
        let (features, ld, drives) = setting.rows(samples, trial);
        features.chunks_exact(ld).for_each(|row| phi.extend_from_slice(&row[..f]));
        d.extend(drives.iter().map(|z| z.tanh().clamp(-LIMIT, LIMIT)));
    }
    let z: Vec<f64> = d.iter().map(|d| d.atanh()).collect();
    let mut regression = Regression::new(f, n);
    regression.add(&phi, f, &z, rows);
    let penalty = options.l2 * rows as f64;
    let free = usize::from(setting.bias);
    let inverse = inverse(&regression.penalised(penalty, free), f)?;
    let mut theta = regression.solve(options.l2, &setting.constraint, free)?;
    let phi_t = transposed(&phi, rows, f);
    let (mut ahead, mut momentum, mut losses) = (theta.clone(), 1.0f64, Vec::new());
    let floor = entropy(&d);
    for _ in 0..options.iterations {
        let weights = transposed(&ahead, n, f);
        let mut errors = product(&phi, rows, f, &weights, n);
        let kept = Isa::best().run(Errors { z: &mut errors, d: &d, loss: options.loss });
        let scale = match options.loss {
            Loss::Weighted { .. } if kept.1 > 0 => (rows * n) as f64 / kept.1 as f64,
            _ => 1.0,
        };
        let size: f64 = ahead.iter().map(|w| w * w).sum();
        losses.push((kept.0 - floor + 0.5 * penalty * size) / (rows * n) as f64);
        let pull = product(&phi_t, f, rows, &errors, n);
        let mut step = transposed(&pull, f, n);
        for row in 0..n {
            for j in 0..f {
                let k = row * f + j;
                let own = if j < f - free { penalty * ahead[k] } else { 0.0 };
                step[k] = scale * step[k] - own;
            }
        }
        let step = product(&step, n, f, &inverse, f);
        let mut next: Vec<f64> = ahead.iter().zip(&step).map(|(w, s)| w + s).collect();
        if no_self {
            let diagonal = next.chunks_exact_mut(f).enumerate().take(f);
            diagonal.for_each(|(i, row)| remove(row, i, &inverse));
        }
        if options.loss == Loss::Nesterov {
            // O'Donoghue & Candès 2015: start again where momentum points against the step
            let against: f64 =
                (0..next.len()).map(|k| (ahead[k] - next[k]) * (next[k] - theta[k])).sum();
            let grown = 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt());
            let factor = if against > 0.0 { 0.0 } else { (momentum - 1.0) / grown };
            momentum = if against > 0.0 { 1.0 } else { grown };
            ahead = next.iter().zip(&theta).map(|(x, old)| x + factor * (x - old)).collect();
        } else {
            ahead.clone_from(&next);
        }
        theta = next;
    }
    Ok(Saturating { model: setting.model(samples, theta), losses })
}

/// `Σ` of the least cross-entropy there is.
fn entropy(d: &[f64]) -> f64 {
    let part = |p: f64| -p * p.ln();
    d.iter().map(|d| part(0.5 * (1.0 + d)) + part(0.5 * (1.0 - d))).sum()
}

/// Drives become errors; the sum of the cross-entropy, and how many samples count.
struct Errors<'a> {
    z: &'a mut [f64],
    d: &'a [f64],
    loss: Loss,
}

impl Kernel for Errors<'_> {
    type Output = (f64, usize);

    #[inline(always)]
    fn run<const FMA: bool>(self) -> (f64, usize) {
        let (mut sum, mut kept) = (0.0, 0);
        for (z, d) in self.z.iter_mut().zip(self.d) {
            // log(1 + exp(-2z)) p + log(1 + exp(2z)) (1 - p), p = (1 + d)/2
            sum += math::softplus::<f64, FMA>(2.0 * *z) - (1.0 + d) * *z;
            let raw = d - math::tanh::<f64, FMA>(*z);
            let weighted = raw / (1.0 - d * d);
            let (error, counts) = match self.loss {
                Loss::Nesterov | Loss::Standard => (raw, true),
                Loss::Weighted { threshold } if weighted.abs() > threshold => (0.0, false),
                Loss::Weighted { .. } => (weighted, true),
                Loss::Robust { threshold } => (weighted.clamp(-threshold, threshold), true),
            };
            *z = error;
            kept += usize::from(counts);
        }
        (sum, kept)
    }
}
