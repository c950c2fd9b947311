//! Matrices that change by a rank-one step each time they are multiplied: recursive least squares.
//!
//! The step and the next product share one pass over memory. A symmetric matrix keeps its lower
//! half alone (with whole 16 × 16 blocks on the diagonal), which halves that pass.
//!
//! Vectors are as long as [`Changing::columns`] or [`Symmetric::size`] rounded up to 16, and zero
//! beyond: [`lanes`] makes them so.

use super::lines::Lines;
use crate::lanes::{Lanes, Tiled};
use crate::{Isa, Real};

/// Rows and columns of a block.
const BLOCK: usize = 16;

/// Length of a vector of `n` values for the matrices of this module: the next multiple of 16.
pub fn lanes(n: usize) -> usize {
    n.next_multiple_of(BLOCK)
}

/// A dense matrix `A[row, column]` with the step `A += u vᵀ` in the same pass as `y = A x`.
///
/// ```
/// use attractor_numerics::{Isa, product::{Changing, lanes}};
/// let mut a = Changing::<f64>::new(Isa::best(), 2, 2);
/// let mut y = vec![0.0; lanes(2)];
/// let pad = |a: f64, b: f64| { let mut x = vec![0.0; lanes(2)]; (x[0], x[1]) = (a, b); x };
/// a.step_and_multiply(&pad(1.0, 2.0), &pad(3.0, 4.0), &pad(1.0, 1.0), &mut y);
/// assert_eq!(y[..2], [7.0, 14.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Changing<T> {
    isa: Isa,
    rows: usize,
    columns: usize,
    ld: usize,
    lines: Lines<T>,
}

impl<T: Real> Changing<T> {
    /// All zero.
    pub fn new(isa: Isa, rows: usize, columns: usize) -> Self {
        // no power of two: rows would compete for the same cache lines
        let ld = super::padded(columns).max(BLOCK);
        Changing { isa, rows, columns, ld, lines: Lines::zeros(lanes(rows) * ld) }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Takes over `a[row * columns + column]`.
    ///
    /// # Panics
    /// If `a` has another length than rows × columns.
    pub fn load(&mut self, a: &[f64]) {
        assert_eq!(a.len(), self.rows * self.columns, "values of a matrix");
        let (columns, ld) = (self.columns, self.ld);
        let values = self.lines.values_mut();
        for (row, from) in a.chunks_exact(columns.max(1)).enumerate() {
            for (to, from) in values[row * ld..].iter_mut().zip(from) {
                *to = T::from_f64(*from);
            }
        }
    }

    /// The matrix, `[row * columns + column]`.
    pub fn to_f64(&self) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.rows * self.columns);
        for row in 0..self.rows {
            let from = &self.lines.values()[row * self.ld..][..self.columns];
            out.extend(from.iter().map(|x| x.to_f64()));
        }
        out
    }

    /// `y = A x`.
    ///
    /// # Panics
    /// Unless `x` has `lanes(columns)` values and `y` `lanes(rows)`.
    pub fn multiply(&self, x: &[T], y: &mut [T]) {
        self.pass(self.lines.as_ptr().cast_mut(), None, &[], x, y);
    }

    /// `A += u vᵀ`, then `y = A x`, in one pass over A.
    ///
    /// # Panics
    /// Unless `v` and `x` have `lanes(columns)` values, `u` and `y` `lanes(rows)`.
    pub fn step_and_multiply(&mut self, u: &[T], v: &[T], x: &[T], y: &mut [T]) {
        let a = self.lines.as_mut_ptr();
        self.pass(a, Some(u), v, x, y);
    }

    /// `a` points to the values; without a step they are only read.
    fn pass(&self, a: *mut T, u: Option<&[T]>, v: &[T], x: &[T], y: &mut [T]) {
        let (m, n) = (lanes(self.rows), lanes(self.columns));
        assert!(x.len() == n && y.len() == m, "{} and {} values for {m} × {n}", x.len(), y.len());
        if let Some(u) = u {
            assert!(u.len() == m && v.len() == n, "a step of {} × {}", u.len(), v.len());
        }
        let job = Pass {
            a,
            rows: m,
            columns: n,
            ld: self.ld,
            step: u.map(|u| (u.as_ptr(), v.as_ptr())),
            scale: T::ONE,
            x: x.as_ptr(),
            y: y.as_mut_ptr(),
            symmetric: false,
        };
        // SAFETY: lengths were checked
        unsafe { T::pass(self.isa, job) }
    }
}

/// A symmetric matrix, its lower half stored, with the step `P += c u uᵀ` in the same pass as `y = P x`.
#[derive(Clone, Debug)]
pub struct Symmetric<T> {
    isa: Isa,
    size: usize,
    lines: Lines<T>,
}

/// Where row `row` of the lower half begins.
fn begin(row: usize) -> usize {
    let block = row / BLOCK;
    BLOCK * BLOCK / 2 * block * (block + 1) + row % BLOCK * BLOCK * (block + 1)
}

impl<T: Real> Symmetric<T> {
    /// `alpha I`.
    pub fn identity(isa: Isa, size: usize, alpha: f64) -> Self {
        let mut p = Symmetric { isa, size, lines: Lines::zeros(begin(lanes(size))) };
        let values = p.lines.values_mut();
        (0..size).for_each(|i| values[begin(i) + i] = T::from_f64(alpha));
        p
    }

    /// A full symmetric matrix `[size, size]`, of which the lower half is read.
    ///
    /// # Panics
    /// If `a` has another length than size².
    pub fn of(isa: Isa, size: usize, a: &[f64]) -> Self {
        assert_eq!(a.len(), size * size, "values of a symmetric matrix");
        let mut p = Self::identity(isa, size, 0.0);
        let values = p.lines.values_mut();
        for i in 0..size {
            // up to the end of the diagonal block, which is whole
            for j in 0..lanes(i + 1).min(size) {
                values[begin(i) + j] = T::from_f64(a[i.max(j) * size + i.min(j)]);
            }
        }
        p
    }

    /// Rows and columns.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The entry of a row and a column.
    ///
    /// # Panics
    /// Outside of the matrix.
    pub fn get(&self, row: usize, column: usize) -> T {
        let (row, column) = (row.max(column), row.min(column));
        assert!(row < self.size, "row {row} of {}", self.size);
        self.lines.values()[begin(row) + column]
    }

    /// `y = P x`.
    ///
    /// # Panics
    /// Unless both have `lanes(size)` values.
    pub fn multiply(&self, x: &[T], y: &mut [T]) {
        self.pass(self.lines.as_ptr().cast_mut(), None, T::ZERO, x, y);
    }

    /// `P += c u uᵀ`, then `y = P x`, in one pass over half of P.
    ///
    /// # Panics
    /// Unless all have `lanes(size)` values.
    pub fn step_and_multiply(&mut self, c: T, u: &[T], x: &[T], y: &mut [T]) {
        let a = self.lines.as_mut_ptr();
        self.pass(a, Some(u), c, x, y);
    }

    /// `a` points to the values; without a step they are only read.
    fn pass(&self, a: *mut T, u: Option<&[T]>, scale: T, x: &[T], y: &mut [T]) {
        let n = lanes(self.size);
        assert!(x.len() == n && y.len() == n, "{} and {} values for {n}", x.len(), y.len());
        assert!(u.is_none_or(|u| u.len() == n), "a step of another length than {n}");
        let job = Pass {
            a,
            rows: n,
            columns: n,
            ld: 0,
            step: u.map(|u| (u.as_ptr(), u.as_ptr())),
            scale,
            x: x.as_ptr(),
            y: y.as_mut_ptr(),
            symmetric: true,
        };
        // SAFETY: lengths were checked
        unsafe { T::pass(self.isa, job) }
    }
}

/// One pass over a matrix.
#[doc(hidden)]
#[derive(Debug)]
pub struct Pass<T> {
    a: *mut T,
    rows: usize,
    columns: usize,
    ld: usize,
    step: Option<(*const T, *const T)>,
    scale: T,
    x: *const T,
    y: *mut T,
    symmetric: bool,
}

impl<T: Real> Tiled<T> for Pass<T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) {
        // SAFETY: as the caller's; rows of a tile are as many as registers allow
        unsafe {
            match (V::ROWS, self.symmetric, self.step) {
                (8.., true, Some((u, v))) => self.rows::<V, 8, true, true>(u, v),
                (8.., true, None) => self.rows::<V, 8, true, false>(self.x, self.x),
                (8.., false, Some((u, v))) => self.rows::<V, 8, false, true>(u, v),
                (8.., false, None) => self.rows::<V, 8, false, false>(self.x, self.x),
                (_, true, Some((u, v))) => self.rows::<V, 4, true, true>(u, v),
                (_, true, None) => self.rows::<V, 4, true, false>(self.x, self.x),
                (_, false, Some((u, v))) => self.rows::<V, 4, false, true>(u, v),
                (_, false, None) => self.rows::<V, 4, false, false>(self.x, self.x),
            }
        }
    }
}

impl<T: Real> Pass<T> {
    /// R rows at a time. Left of the diagonal block of a symmetric matrix an entry counts twice: in
    /// its row, and in its column.
    #[inline(always)]
    unsafe fn rows<V: Lanes<T>, const R: usize, const SYMMETRIC: bool, const STEP: bool>(
        &self,
        u: *const T,
        v: *const T,
    ) {
        // SAFETY: rows and columns are multiples of 16, and all vectors as long
        unsafe {
            if SYMMETRIC {
                for i in 0..self.rows {
                    *self.y.add(i) = T::ZERO;
                }
            }
            for first in (0..self.rows).step_by(R) {
                let (a, ld) = match SYMMETRIC {
                    true => (self.a.add(begin(first)), lanes(first + 1)),
                    false => (self.a.add(first * self.ld), self.ld),
                };
                let twice = if SYMMETRIC { first / BLOCK * BLOCK } else { 0 };
                let end = if SYMMETRIC { ld } else { self.columns };
                let zero = V::splat(T::ZERO);
                let (mut sums, mut steps, mut own) = ([zero; R], [zero; R], [zero; R]);
                for r in 0..R {
                    if STEP {
                        steps[r] = V::splat(self.scale * *u.add(first + r));
                    }
                    if SYMMETRIC {
                        own[r] = V::splat(*self.x.add(first + r));
                    }
                }
                let mut column = 0;
                while column < twice {
                    let x = V::load(self.x.add(column));
                    let v = V::load(v.add(column));
                    let mut y = V::load(self.y.add(column));
                    for r in 0..R {
                        let at = a.add(r * ld + column);
                        let mut p = V::load(at);
                        if STEP {
                            p = v.madd(steps[r], p);
                            p.store(at);
                        }
                        sums[r] = p.madd(x, sums[r]);
                        y = p.madd(own[r], y);
                    }
                    y.store(self.y.add(column));
                    column += V::LANES;
                }
                while column < end {
                    let x = V::load(self.x.add(column));
                    let v = V::load(v.add(column));
                    for r in 0..R {
                        let at = a.add(r * ld + column);
                        let mut p = V::load(at);
                        if STEP {
                            p = v.madd(steps[r], p);
                            p.store(at);
                        }
                        sums[r] = p.madd(x, sums[r]);
                    }
                    column += V::LANES;
                }
                for r in 0..R {
                    let y = self.y.add(first + r);
                    *y = if SYMMETRIC { *y + sums[r].sum() } else { sums[r].sum() };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<T: Real>(n: usize, seed: usize) -> Vec<T> {
        let value = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0;
        (0..n).map(|i| T::from_f64(value(i))).collect()
    }

    fn padded<T: Real>(n: usize, seed: usize) -> Vec<T> {
        let mut x = numbers(n, seed);
        x.resize(lanes(n), T::ZERO);
        x
    }

    /// Steps and products against the sums they stand for, all instruction sets.
    fn agrees<T: Real>(tolerance: f64) {
        for isa in Isa::available() {
            for (m, n) in [(1, 1), (3, 40), (16, 16), (17, 33), (70, 70), (130, 257)] {
                let mut dense = numbers::<f64>(m * n, 1);
                let mut a = Changing::<T>::new(isa, m, n);
                a.load(&dense);
                for k in 0..3 {
                    let [u, y0] = [padded::<T>(m, 2 + k), padded::<T>(m, 9)];
                    let [v, x] = [padded::<T>(n, 3 + k), padded::<T>(n, 4 + k)];
                    let mut y = y0;
                    a.step_and_multiply(&u, &v, &x, &mut y);
                    for i in 0..m {
                        let row = &mut dense[i * n..(i + 1) * n];
                        (0..n).for_each(|j| row[j] += u[i].to_f64() * v[j].to_f64());
                        let sum: f64 = (0..n).map(|j| row[j] * x[j].to_f64()).sum();
                        assert!(
                            (y[i].to_f64() - sum).abs() < tolerance * n as f64,
                            "{isa} {m} {n}"
                        );
                    }
                    let mut again = vec![T::ZERO; lanes(m)];
                    a.multiply(&x, &mut again);
                    assert_eq!(y, again, "a product without a step is the same");
                }
                let error =
                    a.to_f64().iter().zip(&dense).fold(0.0f64, |e, (a, b)| e.max((a - b).abs()));
                assert!(error < 8.0 * tolerance);
            }
            for n in [1, 5, 16, 17, 32, 50, 100, 145] {
                let half = numbers::<f64>(n * n, 5);
                let entry = |i: usize, j: usize| half[i.max(j) * n + i.min(j)];
                let mut dense: Vec<f64> = (0..n * n).map(|k| entry(k / n, k % n)).collect();
                let mut p = Symmetric::<T>::of(isa, n, &dense);
                let c = -0.375;
                for k in 0..3 {
                    let (u, x) = (padded::<T>(n, 6 + k), padded::<T>(n, 7 + k));
                    let mut y = padded::<T>(n, 8);
                    p.step_and_multiply(T::from_f64(c), &u, &x, &mut y);
                    for i in 0..n {
                        let row = &mut dense[i * n..(i + 1) * n];
                        (0..n).for_each(|j| row[j] += c * u[i].to_f64() * u[j].to_f64());
                        let sum: f64 = (0..n).map(|j| row[j] * x[j].to_f64()).sum();
                        assert!((y[i].to_f64() - sum).abs() < tolerance * n as f64, "{isa} {n}");
                        let worst = (0..n).map(|j| (p.get(i, j).to_f64() - row[j]).abs());
                        assert!(worst.fold(0.0f64, f64::max) < 8.0 * tolerance);
                    }
                }
            }
        }
    }

    #[test]
    fn steps_and_products_are_what_they_say() {
        agrees::<f64>(4.0 * f64::EPSILON);
        agrees::<f32>(4.0 * f64::from(f32::EPSILON));
    }
}
