//! General square matrices factored once, to solve with many times.

use super::{Error, matrix};
use crate::lanes::{Lanes, Tiled, dispatch};
use crate::product::{accumulate_outer, padded};
use crate::{Isa, Real};

/// Columns eliminated together: few, because the work inside them is the slower one; enough that the
/// product that updates the rest is worth its traffic.
const PANEL: usize = 32;

/// `P A = L U` by elimination with partial pivoting, by panels of columns (Golub & Van Loan 2013,
/// Matrix Computations, section 3.4), in precision `T`: with single precision it takes half the time,
/// and the steps of an iteration that corrects itself need no more.
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
    /// L below its unit diagonal, U from there on, `[n, ld]`.
    factors: Vec<T>,
    /// The row that changed places with each, one after the other.
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
        let mut panel = vec![T::ZERO; PANEL * ld];
        for first in (0..n).step_by(PANEL) {
            let (width, rows) = (PANEL.min(n - first), n - first);
            let (after, tall) = (first + width, rows.next_multiple_of(STEP));
            // by columns, along which registers lie
            let panel = &mut panel[..width * tall];
            for (i, row) in self.factors[first * ld..].chunks_exact(ld).enumerate() {
                (0..width).for_each(|c| panel[c * tall + i] = row[first + c]);
            }
            (0..width).for_each(|c| panel[c * tall + rows..(c + 1) * tall].fill(T::ZERO));
            // SAFETY: for any numbers; so below
            let swaps = unsafe { dispatch(isa, Panel { panel, rows, tall, width }) };
            for (i, swap) in swaps.into_iter().enumerate() {
                let (here, there) = (first + i, first + swap);
                if here != there {
                    let (above, below) = self.factors.split_at_mut(there * ld);
                    above[here * ld..][..n].swap_with_slice(&mut below[..n]);
                }
                self.swaps.push(there);
            }
            for (i, row) in self.factors[first * ld..].chunks_exact_mut(ld).enumerate() {
                (0..width).for_each(|c| row[first + c] = panel[c * tall + i]);
            }
            if after == n {
                break;
            }
            let (top, rest) = self.factors.split_at_mut(after * ld);
            let top = &mut top[first * ld..];
            unsafe { dispatch(isa, Upper { top, ld, from: after, panel, tall, width }) }
            panel.iter_mut().for_each(|l| *l = -*l);
            let (right, upper) = (n - after, &top[after..]);
            let (to, left) = (&mut rest[after..], &panel[width..]);
            accumulate_outer(isa, to, ld, left, tall, right, upper, ld, right, width);
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
            self.swaps.iter().enumerate().for_each(|(i, &swap)| x.swap(i, swap));
            let (n, ld, factors) = (self.n, self.ld, &self.factors);
            // SAFETY: for any numbers
            unsafe { dispatch(Isa::best(), Substitute { factors, n, ld, x: &mut x }) }
            for i in 0..self.n {
                out[i * columns + column] = x[i].to_f64();
            }
        }
        Ok(out)
    }
}

/// A whole number of registers, whichever they are; [`PANEL`] and every leading dimension are multiples.
const STEP: usize = 16;

/// Eliminates the columns of a panel `[width, tall]` of `rows` rows within itself; which row became
/// each of the first.
struct Panel<'a, T> {
    panel: &'a mut [T],
    rows: usize,
    tall: usize,
    width: usize,
}

impl<T: Real> Tiled<T> for Panel<'_, T> {
    type Output = Vec<usize>;

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) -> Vec<usize> {
        let Panel { panel, rows, tall, width } = self;
        let mut swaps = Vec::with_capacity(width);
        // a column of L, zeros above it
        let mut l = vec![T::ZERO; tall];
        for c in 0..width {
            let (mut pivot, mut most) = (c, panel[c * tall + c].abs());
            for i in c + 1..rows {
                let size = panel[c * tall + i].abs();
                if size > most {
                    (pivot, most) = (i, size);
                }
            }
            swaps.push(pivot);
            if pivot != c {
                for k in 0..width {
                    panel.swap(k * tall + c, k * tall + pivot);
                }
            }
            let (done, rest) = panel.split_at_mut((c + 1) * tall);
            let column = &mut done[c * tall..];
            if column[c] == T::ZERO {
                continue;
            }
            let (from, inverse) = (c / STEP * STEP, T::ONE / column[c]);
            for i in from..tall {
                l[i] = column[i] * inverse;
            }
            l[from..=c].fill(T::ZERO);
            column[c + 1..].copy_from_slice(&l[c + 1..]);
            for k in 0..width - c - 1 {
                let other = &mut rest[k * tall..(k + 1) * tall];
                let factor = -other[c];
                // SAFETY: V's instructions are enabled; so below
                unsafe { add_scaled::<T, V>(&mut other[from..], factor, &l[from..]) }
            }
        }
        swaps
    }
}

/// Rows of U right of a panel: `L⁻¹` of the rows that stand there, `[width, ld]`, from a column on.
struct Upper<'a, T> {
    top: &'a mut [T],
    ld: usize,
    from: usize,
    panel: &'a [T],
    tall: usize,
    width: usize,
}

impl<T: Real> Tiled<T> for Upper<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) {
        let Upper { top, ld, from, panel, tall, width } = self;
        for c in 1..width {
            let (above, below) = top.split_at_mut(c * ld);
            for k in 0..c {
                let row = &above[k * ld + from..(k + 1) * ld];
                let factor = -panel[k * tall + c];
                // SAFETY: V's instructions are enabled
                unsafe { add_scaled::<T, V>(&mut below[from..ld], factor, row) }
            }
        }
    }
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
            x[i] -= sum;
        }
        for i in (0..n).rev() {
            let (row, block) = (&factors[i * ld..(i + 1) * ld], (i / STEP + 1) * STEP);
            let mut sum = unsafe { dot::<T, V>(&row[block..], &x[block..]) };
            for k in i + 1..block {
                sum += row[k] * x[k];
            }
            x[i] = (x[i] - sum) / row[i];
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
