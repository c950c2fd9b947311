//! Stochastic gradient descent.

use attractor_numerics::{Isa, Kernel, Real, math};
use serde::{Deserialize, Serialize};

use super::{Plan, Updater, clip, find, within};
use crate::error::StateError;

/// Gradient descent with momentum μ: `m ← μ m + g`, `p ← p − rate · m`.
///
/// μ = 0 is plain descent. This is PyTorch's convention (no dampening, no Nesterov): with momentum the
/// effective rate is `rate / (1 − μ)`. With a cap, a step `Δp` whose Euclidean norm over all trained
/// parameters is larger is shortened to it, `Δp · cap / |Δp|`: descent with steps of bounded length,
/// whatever the rate. (Clipping bounds the gradient, before rates and momentum.)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sgd {
    /// Momentum μ, at least 0 and below 1.
    #[serde(default)]
    pub momentum: f64,
    /// Largest Euclidean norm of a step; without it, steps are as long as they come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<f64>,
}

#[derive(Clone, Debug)]
pub(super) struct State<T> {
    momentum: f64,
    cap: Option<f64>,
    steps: u64,
    m: Vec<T>,
}

impl<T: Real> State<T> {
    pub(super) fn new(sgd: &Sgd, len: usize) -> Self {
        State { momentum: sgd.momentum, cap: sgd.cap, steps: 0, m: vec![T::ZERO; len] }
    }
}

impl<T: Real> State<T> {
    /// Factor that brings the coming step down to the cap, in front of every rate.
    fn shortening(&self, gradient: &[T], plan: &Plan, rate: f64, scale: f64) -> f64 {
        let Some(cap) = self.cap else { return 1.0 };
        let squares = plan.segments().iter().map(|segment| {
            let pairs = self.m[segment.range.clone()].iter().zip(&gradient[segment.range.clone()]);
            let step = |(m, g): (&T, &T)| self.momentum * m.to_f64() + scale * g.to_f64();
            segment.rate.powi(2) * pairs.map(|pair| step(pair).powi(2)).sum::<f64>()
        });
        clip(rate * squares.sum::<f64>().sqrt(), Some(cap))
    }
}

impl<T: Real> Updater<T> for State<T> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T], plan: &Plan, rate: f64, scale: f64) {
        self.steps += 1;
        let isa = Isa::best();
        let rate = rate * self.shortening(gradient, plan, rate, scale);
        for segment in plan.segments() {
            let range = segment.range.clone();
            let (low, high) = segment.bounds();
            isa.run(Pass {
                p: &mut parameters[range.clone()],
                g: &gradient[range.clone()],
                m: &mut self.m[range],
                constants: Constants {
                    momentum: T::from_f64(self.momentum),
                    rate: T::from_f64(-rate * segment.rate),
                    scale: T::from_f64(scale),
                    low,
                    high,
                },
            });
        }
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        vec![("m", &self.m)]
    }

    fn restore(&mut self, steps: u64, state: &[(&str, &[T])]) -> Result<(), StateError> {
        let m = find("m", state, self.m.len())?;
        self.m.copy_from_slice(m);
        self.steps = steps;
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Constants<T> {
    momentum: T,
    /// Negative.
    rate: T,
    scale: T,
    low: T,
    high: T,
}

struct Pass<'a, T> {
    p: &'a mut [T],
    g: &'a [T],
    m: &'a mut [T],
    constants: Constants<T>,
}

impl<T: Real> Kernel for Pass<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let n = self.p.len();
        let (p, g, m) = (&mut self.p[..n], &self.g[..n], &mut self.m[..n]);
        for k in 0..n {
            (p[k], m[k]) = one::<T, FMA>(self.constants, p[k], g[k], m[k]);
        }
    }
}

#[inline(always)]
fn one<T: Real, const FMA: bool>(c: Constants<T>, p: T, g: T, m: T) -> (T, T) {
    let m = math::madd::<T, FMA>(c.momentum, m, c.scale * g);
    (within(math::madd::<T, FMA>(c.rate, m, p), c.low, c.high), m)
}
