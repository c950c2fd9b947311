//! General square matrices factored once, to solve with many times.

use std::ops::Range;

use super::{Error, matrix};
use crate::lanes::{Lanes, Tiled, dispatch};
use crate::product::{accumulate_outer, padded};
use crate::{Isa, Real};

/// Columns eliminated together: few, because the work inside them is the slower one; enough that the
/// product that updates the rest is worth its traffic.
const PANEL: usize = 16;

/// `A P = L U` by elimination, by panels of rows (Golub & Van Loan 2013, Matrix Computations, section
/// 3.4, of the transpose: pivots are sought along rows, which lie together), in precision `T`: with
/// single precision it takes half the time, and the steps of an iteration that corrects itself need no
/// more.
///
/// ```
/// use attractor_numerics::linalg::Lu;
/// let lu = Lu::<f64>::new(&[0.0, 2.0, 1.0, 3.0], 2)?;
/// assert_eq!(lu.solve(&[4.0, 5.0], 1)?, [-1.0, 2.0]);
/// # Ok::<(), attractor_numerics::linalg::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lu<T = f64> {
    n: usize,
    /// Leading dimension.
    ld: usize,
    /// L up to its diagonal, U right of its unit diagonal, `[n, ld]`.
    factors: Vec<T>,
    /// The column that changed places with each, one after the other.
    swaps: Vec<usize>,
}

impl<T: Real> Lu<T> {
    /// Factors an `n × n` matrix: 2n³/3 operations.
    ///
    /// # Errors
    /// Another length, values that are not finite, or a matrix without inverse in precision `T`.
    pub fn new(a: &[f64], n: usize) -> Result<Self, Error> {
        if a.len() != n * n || !a.iter().fold(true, |finite, x| finite & x.is_finite()) {
            matrix(a, n, n)?;
        }
        let ld = padded(n);
        let mut lu = Lu { n, ld, factors: vec![T::ZERO; n * ld], swaps: Vec::with_capacity(n) };
        for (to, from) in lu.factors.chunks_exact_mut(ld.max(1)).zip(a.chunks_exact(n.max(1))) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = T::from_f64(*from));
        }
        lu.eliminate();
        let (mut least, mut most) = (f64::INFINITY, 0.0f64);
        for i in 0..n {
            let pivot = lu.factors[i * ld + i].to_f64().abs();
            (least, most) = (least.min(pivot), most.max(pivot));
        }
        let epsilon = if size_of::<T>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        // a quotient that overflowed is NaN or infinite, and not larger either
        if n > 0 && (least.is_nan() || least <= most * epsilon * 1e-3) {
            return Err(Error::Singular { size: n });
        }
        Ok(lu)
    }

    fn eliminate(&mut self) {
        let (isa, n, ld) = (Isa::best(), self.n, self.ld);
        // of a panel: its rows of U, zeros left of them, and the columns of L below it, negative
        let (mut upper, mut left) = (vec![T::ZERO; PANEL * ld], vec![T::ZERO; PANEL * ld]);
        for first in (0..n).step_by(PANEL) {
            let Lu { factors, swaps, .. } = self;
            let (upper, left) = (&mut upper[..], &mut left[..]);
            let after = n.min(first + PANEL);
            // SAFETY: for any numbers
            unsafe {
                dispatch(isa, Panel { factors, n, ld, panel: first..after, upper, left, swaps });
            }
            let (right, width) = (n - after, after - first);
            if right > 0 {
                let to = &mut factors[after * ld + after..];
                let (left, upper) = (&left[after..], &upper[after..]);
                accumulate_outer(isa, to, ld, left, ld, right, upper, ld, right, width);
            }
        }
    }

    /// Solves `A X = B` for `columns` right-hand sides; B and X are `[n, columns]`.
    ///
    /// # Errors
    /// Another length, or values that are not finite.
    pub fn solve(&self, b: &[f64], columns: usize) -> Result<Vec<f64>, Error> {
        matrix(b, self.n, columns)?;
        let (mut out, mut x) = (vec![0.0; b.len()], vec![T::ZERO; self.ld]);
        for column in 0..columns {
            for i in 0..self.n {
                x[i] = T::from_f64(b[i * columns + column]);
            }
            let (n, ld, factors) = (self.n, self.ld, &self.factors);
            // SAFETY: for any numbers
            unsafe { dispatch(Isa::best(), Substitute { factors, n, ld, x: &mut x }) }
            self.swaps.iter().enumerate().rev().for_each(|(i, &swap)| x.swap(i, swap));
            for i in 0..self.n {
                out[i * columns + column] = x[i].to_f64();
            }
        }
        Ok(out)
    }
}

/// A whole number of registers, whichever they are; [`PANEL`] and every leading dimension are multiples.
const STEP: usize = 16;

/// Eliminates the rows of a panel, each by those above it, then the panel's columns of the rows below.
struct Panel<'a, T> {
    factors: &'a mut [T],
    n: usize,
    ld: usize,
    panel: Range<usize>,
    upper: &'a mut [T],
    left: &'a mut [T],
    swaps: &'a mut Vec<usize>,
}

impl<T: Real> Tiled<T> for Panel<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) {
        let Panel { factors, n, ld, panel, upper, left, swaps } = self;
        for k in panel.clone() {
            let pivot = k + largest(&factors[k * ld + k..k * ld + n]);
            swaps.push(pivot);
            if pivot != k {
                for row in factors.chunks_exact_mut(ld) {
                    row.swap(k, pivot);
                }
            }
            let (row, rest) = factors[k * ld..panel.end * ld].split_at_mut(ld);
            if row[k] == T::ZERO {
                continue;
            }
            let (from, inverse) = (k / STEP * STEP, T::ONE / row[k]);
            let u = &mut upper[..ld];
            u[from..].copy_from_slice(&row[from..]);
            u[from..=k].fill(T::ZERO);
            for j in from..ld {
                u[j] *= inverse;
            }
            row[k + 1..].copy_from_slice(&u[k + 1..]);
            for row in rest.chunks_exact_mut(ld) {
                let factor = -row[k];
                // SAFETY: V's instructions are enabled
                unsafe { add_scaled::<T, V>(&mut row[from..], factor, &u[from..]) }
            }
        }
        if panel.end == n {
            return;
        }
        // columns have changed places until now
        let (above, below) = factors.split_at_mut(panel.end * ld);
        for (k, (u, left)) in
            panel.clone().zip(upper.chunks_exact_mut(ld).zip(left.chunks_exact_mut(ld)))
        {
            u[k + 1..].copy_from_slice(&above[k * ld + k + 1..(k + 1) * ld]);
            u[..=k].fill(T::ZERO);
            let columns = k / STEP * STEP..panel.end;
            for (row, i) in below.chunks_exact_mut(ld).zip(panel.end..) {
                left[i] = -row[k];
                let row = &mut row[columns.clone()];
                // SAFETY: V's instructions are enabled
                unsafe { add_scaled::<T, V>(row, left[i], &u[columns.clone()]) }
            }
        }
    }
}

/// Place of the value of the largest size, the first if there are several.
#[inline(always)]
fn largest<T: Real>(values: &[T]) -> usize {
    let mut most = [T::ZERO; STEP];
    let whole = values.len() / STEP * STEP;
    for block in (0..whole).step_by(STEP) {
        for lane in 0..STEP {
            let size = values[block + lane].abs();
            most[lane] = if size > most[lane] { size } else { most[lane] };
        }
    }
    for i in whole..values.len() {
        let size = values[i].abs();
        most[0] = if size > most[0] { size } else { most[0] };
    }
    let mut all = T::ZERO;
    for size in most {
        all = if size > all { size } else { all };
    }
    values.iter().position(|x| x.abs() == all).unwrap_or(0)
}

/// `x := U⁻¹ L⁻¹ x` of n values in `[ld]`, the rest of them 0.
struct Substitute<'a, T> {
    factors: &'a [T],
    n: usize,
    ld: usize,
    x: &'a mut [T],
}

impl<T: Real> Tiled<T> for Substitute<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) {
        let Substitute { factors, n, ld, x } = self;
        for i in 0..n {
            let (row, block) = (&factors[i * ld..(i + 1) * ld], i / STEP * STEP);
            // SAFETY: V's instructions are enabled; so below
            let mut sum = unsafe { dot::<T, V>(&row[..block], &x[..block]) };
            for k in block..i {
                sum += row[k] * x[k];
            }
            x[i] = (x[i] - sum) / row[i];
        }
        for i in (0..n).rev() {
            let (row, block) = (&factors[i * ld..(i + 1) * ld], (i / STEP + 1) * STEP);
            let mut sum = unsafe { dot::<T, V>(&row[block..], &x[block..]) };
            for k in i + 1..block {
                sum += row[k] * x[k];
            }
            x[i] -= sum;
        }
    }
}

/// `y += factor x` for as many values in each, a multiple of [`STEP`].
///
/// # Safety
/// The instruction set of `V` is enabled.
#[inline(always)]
unsafe fn add_scaled<T: Real, V: Lanes<T>>(y: &mut [T], factor: T, x: &[T]) {
    debug_assert!(y.len() == x.len() && x.len().is_multiple_of(STEP));
    let (y, count, x) = (y.as_mut_ptr(), y.len().min(x.len()) / STEP * STEP, x.as_ptr());
    // SAFETY: registers end within both; the rest is the caller's
    unsafe {
        let factor = V::splat(factor);
        for i in (0..count).step_by(V::LANES) {
            factor.madd(V::load(x.add(i)), V::load(y.add(i))).store(y.add(i));
        }
    }
}

/// The inner product of as many values in each, a multiple of [`STEP`].
///
/// # Safety
/// The instruction set of `V` is enabled.
#[inline(always)]
unsafe fn dot<T: Real, V: Lanes<T>>(a: &[T], b: &[T]) -> T {
    debug_assert!(a.len() == b.len() && a.len().is_multiple_of(STEP));
    let (count, a, b) = (a.len().min(b.len()) / STEP * STEP, a.as_ptr(), b.as_ptr());
    // SAFETY: registers end within both; the rest is the caller's
    unsafe {
        let mut sum = V::splat(T::ZERO);
        for i in (0..count).step_by(V::LANES) {
            sum = V::load(a.add(i)).madd(V::load(b.add(i)), sum);
        }
        sum.sum()
    }
}
