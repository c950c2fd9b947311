//! Sums of a function of one number over a slice, with derivatives, in chunks of 16 lanes.

use attractor_numerics::{Kernel, Real, math};

const LANES: usize = 16;
/// Chunks summed in the precision of the numbers before going on in double.
const BLOCK: usize = 64;

/// A function of one number and, perhaps, its target.
pub(super) trait Pointwise: Copy {
    /// Whether it reads the target.
    const TARGET: bool;

    /// Its value and its derivative by `y`.
    fn at<T: Real, const FMA: bool>(self, y: T, target: T) -> (T, T);
}

/// `Σ f(y, target)`; adds `scale · f'` to `cotangent` if `GRAD`. Unread slices may be empty.
#[inline(always)]
pub(super) fn sum<T: Real, P: Pointwise, const FMA: bool, const GRAD: bool>(
    f: P,
    y: &[T],
    target: &[f32],
    scale: T,
    cotangent: &mut [T],
) -> f64 {
    let (y, y_rest) = y.as_chunks::<LANES>();
    let (target, target_rest) = target.as_chunks::<LANES>();
    let (cotangent, cotangent_rest) = cotangent.as_chunks_mut::<LANES>();
    let mut total = 0.0;
    let mut k = 0;
    while k < y.len() {
        let end = (k + BLOCK).min(y.len());
        let mut sums = [T::ZERO; LANES];
        while k < end {
            let y = y[k];
            let mut wanted = [T::ZERO; LANES];
            if P::TARGET {
                let given = target[k];
                for lane in 0..LANES {
                    wanted[lane] = T::from_f64(f64::from(given[lane]));
                }
            }
            let mut slope = [T::ZERO; LANES];
            for lane in 0..LANES {
                let (value, derivative) = f.at::<T, FMA>(y[lane], wanted[lane]);
                sums[lane] += value;
                slope[lane] = derivative;
            }
            if GRAD {
                let mut d = cotangent[k];
                for lane in 0..LANES {
                    d[lane] = math::madd::<T, FMA>(slope[lane], scale, d[lane]);
                }
                cotangent[k] = d;
            }
            k += 1;
        }
        for lane in 0..LANES {
            total += sums[lane].to_f64();
        }
    }
    for k in 0..y_rest.len() {
        let wanted = if P::TARGET { T::from_f64(f64::from(target_rest[k])) } else { T::ZERO };
        let (value, derivative) = f.at::<T, FMA>(y_rest[k], wanted);
        total += value.to_f64();
        if GRAD {
            cotangent_rest[k] = math::madd::<T, FMA>(derivative, scale, cotangent_rest[k]);
        }
    }
    total
}

/// [`sum`] over one long slice without targets.
pub(super) struct Slice<'a, T, P> {
    pub(super) f: P,
    pub(super) x: &'a [T],
    pub(super) scale: T,
    pub(super) cotangent: Option<&'a mut [T]>,
}

impl<T: Real, P: Pointwise> Kernel for Slice<'_, T, P> {
    type Output = f64;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> f64 {
        match self.cotangent {
            Some(cotangent) => sum::<T, P, FMA, true>(self.f, self.x, &[], self.scale, cotangent),
            None => sum::<T, P, FMA, false>(self.f, self.x, &[], self.scale, &mut []),
        }
    }
}
