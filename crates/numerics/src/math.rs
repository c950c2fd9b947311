//! Elementary functions without branches, for loops that the compiler turns into vectors.
//!
//! `math::tanh::<T, FMA>(x)` and its like take one number. A loop over slices or local arrays,
//! inlined into a function compiled for AVX2 or AVX-512 ([`Isa::run`](crate::Isa::run)), becomes
//! vector code; the library's `tanh` would cost fifty times as much. `FMA` says whether the
//! instruction set multiplies and adds in one rounding; results with and without it differ in the
//! last bits.
//!
//! NaN comes out as NaN, infinities give the limits, subnormal numbers are honoured. Largest errors
//! against the standard library on dense grids (ulp: units in the last place, of the result):
//!
//! | | f32 | f64 |
//! |---|---|---|
//! | [`exp`], [`ln`] | 2 ulp | 2 ulp |
//! | [`tanh`], [`erf`] | 3.2e-7, 8 ulp | 5e-16, 8 ulp |
//! | [`sigmoid`], [`softplus`] | 4 ulp | 4 ulp |
//! | [`sin`], [`cos`] | 1e-7 for \|x\| ≤ 8192 | 3e-16 for \|x\| ≤ 10⁶ |
//!
//! Sines and cosines of larger arguments stay within ±1 but lose their meaning, by about as much as
//! the spacing of floating-point numbers there.

use crate::Real;

mod double;
mod single;

pub(crate) use single::{minus_two_ln, sin_cos_quarters};

/// What [`Real`] numbers know to compute; call the functions of this module instead.
#[doc(hidden)]
pub trait Elementary: Copy {
    fn exp<const FMA: bool>(self) -> Self;
    fn ln<const FMA: bool>(self) -> Self;
    fn tanh<const FMA: bool>(self) -> Self;
    fn sigmoid<const FMA: bool>(self) -> Self;
    fn softplus<const FMA: bool>(self) -> Self;
    fn sin<const FMA: bool>(self) -> Self;
    fn cos<const FMA: bool>(self) -> Self;
    fn erf<const FMA: bool>(self) -> Self;
}

/// `a * b + c`, rounded once with `FMA`, twice without.
///
/// [`Real::mul_add`] without the instruction is a call into the library, a hundred times slower.
#[inline(always)]
pub fn madd<T: Real, const FMA: bool>(a: T, b: T, c: T) -> T {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<T: Real, const FMA: bool>(x: T) -> T {
            Elementary::$name::<FMA>(x)
        }
    )*};
}

functions! {
    /// `e^x`: reduction by multiples of `ln 2`, then a polynomial (Cody and Waite 1980).
    exp;
    /// Natural logarithm; −∞ at 0, NaN below.
    ln;
    /// Hyperbolic tangent. f32: a rational function of `x²`; f64: `(e^2x − 1) / (e^2x + 1)` without cancellation.
    tanh;
    /// `1 / (1 + e^-x)`.
    sigmoid;
    /// `ln(1 + e^x)`, computed as `max(x, 0) + ln(1 + e^-|x|)`.
    softplus;
    /// Sine of x in radians.
    sin;
    /// Cosine of x in radians.
    cos;
    /// Error function `2/√π ∫₀ˣ e^-t² dt`.
    erf;
}

/// `c0 + c1 x + c2 x² + …` by Horner's rule.
macro_rules! polynomial {
    ($fma:tt, $x:expr; $first:expr $(, $rest:expr)+) => {
        madd::<_, $fma>(polynomial!($fma, $x; $($rest),+), $x, $first)
    };
    ($fma:tt, $x:expr; $last:expr) => { $last };
}

/// `x` held within `low..=high`; NaN stays.
macro_rules! within {
    ($x:expr, $low:expr, $high:expr) => {{
        let x = $x;
        let x = if x < $low { $low } else { x };
        if x > $high { $high } else { x }
    }};
}
use {polynomial, within};

#[cfg(test)]
mod tests;
