//! Clipping by the global norm.

use attractor_numerics::{Isa, Kernel, Real, math};

use super::Plan;

/// Lanes of the sum: enough independent sums to hide the latency of an addition.
const WIDE: usize = 32;

/// Euclidean norm of the gradient of what the plan trains, accumulated in double precision in a fixed
/// order. NaN or infinite exactly if some element is (in f32; in f64 squares may overflow).
pub fn norm<T: Real>(gradient: &[T], plan: &Plan) -> f64 {
    let isa = Isa::best();
    let squares =
        plan.segments().iter().map(|segment| isa.run(Squares(&gradient[segment.range.clone()])));
    squares.sum::<f64>().sqrt()
}

/// Factor that brings a norm down to `limit`: `limit / norm` above it, exactly 1 below.
///
/// Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063. (PyTorch divides by `norm + 1e-6`.)
pub fn clip(norm: f64, limit: Option<f64>) -> f64 {
    match limit {
        Some(limit) if norm > limit => limit / norm,
        _ => 1.0,
    }
}

struct Squares<'a, T>(&'a [T]);

impl<T: Real> Kernel for Squares<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> f64 {
        let (chunks, rest) = self.0.as_chunks::<WIDE>();
        let mut sums = [0.0_f64; WIDE];
        for k in 0..chunks.len() {
            let x = chunks[k];
            for lane in 0..WIDE {
                let x = x[lane].to_f64();
                sums[lane] = math::madd::<f64, FMA>(x, x, sums[lane]);
            }
        }
        let mut total = 0.0;
        for lane in 0..WIDE {
            total += sums[lane];
        }
        for k in 0..rest.len() {
            let x = rest[k].to_f64();
            total = math::madd::<f64, FMA>(x, x, total);
        }
        total
    }
}
