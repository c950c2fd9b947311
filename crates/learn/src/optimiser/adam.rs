//! Adam, and Adam with decoupled weight decay.

use attractor_numerics::{Isa, Kernel, Real, math};
use serde::{Deserialize, Serialize};

use super::{Plan, Updater, find, within};
use crate::error::StateError;

/// Adam: steps of about the size of the rate, whatever the scale of the gradient.
///
/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
/// `p ← p − rate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`.
///
/// Kingma & Ba 2015, arXiv:1412.6980; constants theirs. Costs 28 bytes of memory traffic per f32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adam {
    /// Decay of the mean β₁.
    pub beta1: f64,
    /// Decay of the mean square β₂.
    pub beta2: f64,
    /// Added to the root ε.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// Adam with decoupled weight decay: `p ← (1 − rate · decay) p` before each step of [`Adam`].
///
/// Loshchilov & Hutter 2019, arXiv:1711.05101; the rate that multiplies the decay is the scheduled one.
/// Only parameters that fit `decays` decay: by default the wirings, so that time constants and biases
/// are not pulled to 0 (PyTorch decays everything: `decays = ["*"]`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamW {
    /// Decay of the mean β₁.
    pub beta1: f64,
    /// Decay of the mean square β₂.
    pub beta2: f64,
    /// Added to the root ε.
    pub epsilon: f64,
    /// Weight decay.
    pub decay: f64,
    /// Patterns of the parameters that decay.
    pub decays: Vec<String>,
}

impl Default for AdamW {
    fn default() -> Self {
        let Adam { beta1, beta2, epsilon } = Adam::default();
        let decays = vec![crate::pattern::WIRINGS.to_owned()];
        AdamW { beta1, beta2, epsilon, decay: 0.01, decays }
    }
}

impl AdamW {
    /// The same without decay.
    pub(super) fn adam(&self) -> Adam {
        Adam { beta1: self.beta1, beta2: self.beta2, epsilon: self.epsilon }
    }
}

#[derive(Clone, Debug)]
pub(super) struct State<T> {
    rule: Adam,
    decay: f64,
    steps: u64,
    m: Vec<T>,
    v: Vec<T>,
}

impl<T: Real> State<T> {
    pub(super) fn new(rule: &Adam, decay: f64, len: usize) -> Self {
        let zeros = vec![T::ZERO; len];
        State { rule: rule.clone(), decay, steps: 0, m: zeros.clone(), v: zeros }
    }
}

impl<T: Real> Updater<T> for State<T> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T], plan: &Plan, rate: f64, scale: f64) {
        self.steps += 1;
        let Adam { beta1, beta2, epsilon } = self.rule;
        let t = self.steps as f64;
        let (bias1, bias2) = (1.0 - beta1.powf(t), 1.0 - beta2.powf(t));
        let isa = Isa::best();
        for segment in plan.segments() {
            let rate = rate * segment.rate;
            let keep = if segment.decays { 1.0 - rate * self.decay } else { 1.0 };
            let (low, high) = segment.bounds();
            let constants = Constants {
                beta1: T::from_f64(beta1),
                beta2: T::from_f64(beta2),
                fresh1: T::from_f64(scale * (1.0 - beta1)),
                fresh2: T::from_f64(scale * scale * (1.0 - beta2)),
                keep: T::from_f64(keep),
                // rate · m̂ / (√v̂ + ε), with the bias of v moved out of the root
                rate: T::from_f64(-rate * bias2.sqrt() / bias1),
                epsilon: T::from_f64(epsilon * bias2.sqrt()),
                low,
                high,
            };
            let range = segment.range.clone();
            isa.run(Pass {
                p: &mut parameters[range.clone()],
                g: &gradient[range.clone()],
                m: &mut self.m[range.clone()],
                v: &mut self.v[range],
                constants,
            });
        }
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        vec![("m", &self.m), ("v", &self.v)]
    }

    fn restore(&mut self, steps: u64, state: &[(&str, &[T])]) -> Result<(), StateError> {
        let (m, v) = (find("m", state, self.m.len())?, find("v", state, self.v.len())?);
        self.m.copy_from_slice(m);
        self.v.copy_from_slice(v);
        self.steps = steps;
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Constants<T> {
    beta1: T,
    beta2: T,
    /// `(1 − β₁)` and `(1 − β₂)` with clipping in them.
    fresh1: T,
    fresh2: T,
    keep: T,
    /// Negative.
    rate: T,
    epsilon: T,
    low: T,
    high: T,
}

struct Pass<'a, T> {
    p: &'a mut [T],
    g: &'a [T],
    m: &'a mut [T],
    v: &'a mut [T],
    constants: Constants<T>,
}

impl<T: Real> Kernel for Pass<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let n = self.p.len();
        let (p, g) = (&mut self.p[..n], &self.g[..n]);
        let (m, v) = (&mut self.m[..n], &mut self.v[..n]);
        for k in 0..n {
            (p[k], m[k], v[k]) = one::<T, FMA>(self.constants, p[k], g[k], m[k], v[k]);
        }
    }
}

#[inline(always)]
fn one<T: Real, const FMA: bool>(c: Constants<T>, p: T, g: T, m: T, v: T) -> (T, T, T) {
    let m = math::madd::<T, FMA>(c.beta1, m, c.fresh1 * g);
    let v = math::madd::<T, FMA>(c.beta2, v, c.fresh2 * (g * g));
    let step = m / (v.sqrt() + c.epsilon);
    let p = math::madd::<T, FMA>(c.rate, step, c.keep * p);
    (within(p, c.low, c.high), m, v)
}
