//! Weights of which few differ from 0, multiplied many times.
//!
//! Activity is turned so that trials lie side by side; a weight then meets a register of trials for
//! one broadcast, block of sources by block of sources. Whether that is faster than multiplying the
//! zeros, too, depends on the density: see [`Pattern::pays`].

use std::sync::Arc;

use super::holds;
use super::pattern::Pattern;
use super::tile::MOST_LANES;
use super::turn::{turn, turn_back};
use crate::lanes::{Lanes, Tiled};
use crate::{Isa, Real};

/// Registers of rows that a product takes together, at most.
const PRODUCT: usize = 2;
/// Registers of rows that are summed before a gradient is touched.
const SUMS: usize = 4;
/// Weights whose gradients are summed together.
const FOUR: usize = 4;

/// A sparse matrix `W[target, source]`.
///
/// ```
/// use std::sync::Arc;
/// use attractor_numerics::{Isa, product::{Pattern, Sparse}};
/// let pattern = Pattern::new(2, 3, [1, 3, 5]); // W[0, 1], W[1, 0], W[1, 2]
/// let mut w = Sparse::<f64>::new(Isa::best(), Arc::new(pattern));
/// w.values_mut().copy_from_slice(&[2.0, 4.0, 6.0]);
/// let mut y = [0.0; 2];
/// w.multiply(&[1.0, 1.0, -1.0], 3, 1, &mut y, 2, 1.0, false);
/// assert_eq!(y, [2.0, -2.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Sparse<T> {
    isa: Isa,
    pattern: Arc<Pattern>,
    values: Vec<T>,
}

impl<T: Real> Sparse<T> {
    /// All weights of the pattern 0, for kernels of `isa` (or the best of this machine if that is less).
    pub fn new(isa: Isa, pattern: Arc<Pattern>) -> Self {
        Sparse { isa: isa.supported(), values: vec![T::ZERO; pattern.len()], pattern }
    }

    /// The weights, in the order of the pattern.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// As [`multiply`](super::Packed::multiply) of packed weights:
    /// `y[row, target] (+)= alpha Σ_source x[row, source] W[target, source]`.
    ///
    /// # Panics
    /// If `x` or `y` is too short for its shape.
    pub fn multiply(
        &self,
        x: &[T],
        ldx: usize,
        rows: usize,
        y: &mut [T],
        ldy: usize,
        alpha: T,
        accumulate: bool,
    ) {
        let Pattern { targets, sources, .. } = *self.pattern;
        assert!(holds(x.len(), rows, sources, ldx), "{} values for {rows} × {sources}", x.len());
        assert!(holds(y.len(), rows, targets, ldy), "{} values for {rows} × {targets}", y.len());
        let (x, y) = (x.as_ptr(), y.as_mut_ptr());
        let product = SparseProduct { w: self, x, ldx, rows, y, ldy, alpha, accumulate };
        // SAFETY: lengths were checked
        unsafe { T::sparse_product(self.isa, product) }
    }
}

/// One call of [`Sparse::multiply`].
#[doc(hidden)]
#[derive(Debug)]
pub struct SparseProduct<'a, T> {
    w: &'a Sparse<T>,
    x: *const T,
    ldx: usize,
    rows: usize,
    y: *mut T,
    ldy: usize,
    alpha: T,
    accumulate: bool,
}

impl<T: Real> Tiled<T> for SparseProduct<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) {
        let Pattern { targets, sources, .. } = *self.w.pattern;
        let widest = (PRODUCT * V::LANES).min(self.rows.next_multiple_of(V::LANES));
        let mut x = vec![T::ZERO; sources * widest];
        let mut y = vec![T::ZERO; targets * widest];
        for first in (0..self.rows).step_by(widest.max(1)) {
            let rows = widest.min(self.rows - first);
            // SAFETY: as the caller's
            unsafe {
                match rows.div_ceil(V::LANES) {
                    1 => self.rows::<V, 1>(first, rows, &mut x, &mut y),
                    _ => self.rows::<V, PRODUCT>(first, rows, &mut x, &mut y),
                }
            }
        }
    }
}

impl<T: Real> SparseProduct<'_, T> {
    #[inline(always)]
    unsafe fn rows<V: Lanes<T>, const R: usize>(
        &self,
        first: usize,
        rows: usize,
        turned: &mut [T],
        sums: &mut [T],
    ) {
        let Pattern { targets, sources, block, starts, columns } = &*self.w.pattern;
        let width = R * V::LANES;
        // SAFETY: x, y and the pattern hold what is read and written
        unsafe {
            let x = self.x.add(first * self.ldx);
            turn::<T, V, R>(x, self.ldx, rows, *sources, turned.as_mut_ptr());
            sums.fill(T::ZERO);
            for (index, from) in (0..*sources).step_by(*block).enumerate() {
                let x = turned.as_ptr().add(from * width);
                let starts = starts.as_ptr().add(index * targets);
                for target in 0..*targets {
                    let at = sums.as_mut_ptr().add(target * width);
                    let mut sum = [V::splat(T::ZERO); R];
                    for r in 0..R {
                        sum[r] = V::load(at.add(r * V::LANES));
                    }
                    for k in *starts.add(target)..*starts.add(target + 1) {
                        let weight = V::splat(*self.w.values.get_unchecked(k));
                        let from = x.add(*columns.get_unchecked(k) as usize * width);
                        for r in 0..R {
                            sum[r] = V::load(from.add(r * V::LANES)).madd(weight, sum[r]);
                        }
                    }
                    for r in 0..R {
                        sum[r].store(at.add(r * V::LANES));
                    }
                }
            }
            let (sums, y) = (sums.as_ptr(), self.y.add(first * self.ldy));
            let Self { ldy, alpha, accumulate, .. } = *self;
            turn_back::<T, V, R>(sums, rows, *targets, y, ldy, alpha, accumulate);
        }
    }
}

/// As [`accumulate_outer`](super::accumulate_outer), for the weights of a pattern alone:
/// `g[k] += Σ_row d[row, target of k] x[row, source of k]`.
///
/// # Panics
/// If `g`, `d` or `x` is too short for its shape.
pub fn accumulate_pattern<T: Real>(
    isa: Isa,
    pattern: &Pattern,
    g: &mut [T],
    d: &[T],
    ldd: usize,
    x: &[T],
    ldx: usize,
    rows: usize,
) {
    let Pattern { targets, sources, .. } = *pattern;
    assert!(g.len() >= pattern.len(), "{} values for {} weights", g.len(), pattern.len());
    assert!(holds(d.len(), rows, targets, ldd), "{} values for {rows} × {targets}", d.len());
    assert!(holds(x.len(), rows, sources, ldx), "{} values for {rows} × {sources}", x.len());
    let (d, x) = (d.as_ptr(), x.as_ptr());
    // SAFETY: lengths were checked
    unsafe { T::sparse_outer(isa, SparseOuter { pattern, g, d, ldd, x, ldx, rows }) }
}

/// One call of [`accumulate_pattern`].
#[doc(hidden)]
#[derive(Debug)]
pub struct SparseOuter<'a, T> {
    pattern: &'a Pattern,
    g: &'a mut [T],
    d: *const T,
    ldd: usize,
    x: *const T,
    ldx: usize,
    rows: usize,
}

impl<T: Real> Tiled<T> for SparseOuter<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(mut self) {
        let Pattern { targets, sources, .. } = *self.pattern;
        let width = SUMS * V::LANES;
        let mut x = vec![T::ZERO; sources * width];
        let mut d = vec![T::ZERO; targets * width];
        for first in (0..self.rows).step_by(width) {
            let rows = width.min(self.rows - first);
            // SAFETY: as the caller's
            unsafe { self.rows::<V>(first, rows, &mut d, &mut x) }
        }
    }
}

impl<T: Real> SparseOuter<'_, T> {
    #[inline(always)]
    unsafe fn rows<V: Lanes<T>>(&mut self, first: usize, rows: usize, d: &mut [T], x: &mut [T]) {
        let Pattern { targets, sources, block, starts, columns } = self.pattern;
        let width = SUMS * V::LANES;
        // SAFETY: d, x and the pattern hold what is read
        unsafe {
            // rows that are missing add nothing
            let from = self.x.add(first * self.ldx);
            turn::<T, V, SUMS>(from, self.ldx, rows, *sources, x.as_mut_ptr());
            let from = self.d.add(first * self.ldd);
            turn::<T, V, SUMS>(from, self.ldd, rows, *targets, d.as_mut_ptr());
            for (index, from) in (0..*sources).step_by(*block).enumerate() {
                let x = x.as_ptr().add(from * width);
                let starts = starts.as_ptr().add(index * targets);
                for target in 0..*targets {
                    let mut own = [V::splat(T::ZERO); SUMS];
                    for r in 0..SUMS {
                        own[r] = V::load(d.as_ptr().add(target * width + r * V::LANES));
                    }
                    let (mut k, end) = (*starts.add(target), *starts.add(target + 1));
                    while k < end {
                        let there = FOUR.min(end - k);
                        let mut sums = [V::splat(T::ZERO); FOUR];
                        let mut from = [x; FOUR];
                        for i in 0..FOUR {
                            let column = *columns.get_unchecked(k + i.min(there - 1)) as usize;
                            from[i] = x.add(column * width);
                        }
                        for r in 0..SUMS {
                            for i in 0..FOUR {
                                sums[i] = V::load(from[i].add(r * V::LANES)).madd(own[r], sums[i]);
                            }
                        }
                        let sums = sum_four(sums);
                        for i in 0..there {
                            *self.g.get_unchecked_mut(k + i) += sums[i];
                        }
                        k += there;
                    }
                }
            }
        }
    }
}

/// The sum of the lanes of each, halves first.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn sum_four<T: Real, V: Lanes<T>>(of: [V; FOUR]) -> [T; FOUR] {
    let mut lanes = [T::ZERO; MOST_LANES];
    // SAFETY: as the caller's
    unsafe {
        let (a, b) = (of[0].zip(of[2]), of[1].zip(of[3]));
        let (a, b) = a.0.add(a.1).zip(b.0.add(b.1));
        a.add(b).store(lanes.as_mut_ptr());
    }
    let mut half = V::LANES / 2;
    while half >= FOUR {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
        half /= 2;
    }
    [lanes[0], lanes[1], lanes[2], lanes[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(k: usize) -> f64 {
        let x = (k as f64 * 12.9898 + 78.233).sin() * 43758.5453;
        2.0 * (x - x.floor()) - 1.0
    }

    fn check<T: Real>(isa: Isa, targets: usize, sources: usize, rows: usize) {
        let places = (0..targets * sources).filter(|k| number(k + 131) > 0.6);
        let pattern = Arc::new(Pattern::new(targets, sources, places));
        let (transposed, places) = pattern.transposed();
        let (back, _) = transposed.transposed();
        assert_eq!(back, *pattern);
        let (ldx, ldy) = (sources + 3, targets + 5);
        let x: Vec<T> = (0..rows * ldx).map(|k| T::from_f64(number(k + 7))).collect();
        let old: Vec<T> = (0..rows * ldy).map(|k| T::from_f64(number(k + 9))).collect();
        let mut w = Sparse::<T>::new(isa, pattern.clone());
        let values: Vec<T> = (0..pattern.len()).map(|k| T::from_f64(number(k + 1))).collect();
        w.values_mut().copy_from_slice(&values);
        let mut wt = Sparse::<T>::new(isa, Arc::new(transposed));
        wt.values_mut().iter_mut().zip(&places).for_each(|(w, &k)| *w = values[k]);
        let mut dense = vec![0.0; targets * sources];
        let pairs: Vec<(usize, usize)> = pattern.pairs().collect();
        for (&(i, j), value) in pairs.iter().zip(&values) {
            dense[i * sources + j] = value.to_f64();
        }
        let epsilon = if T::NAME == "f32" { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let close = |a: T, b: f64, terms: usize| {
            let tolerance = epsilon * (terms as f64).max(8.0);
            assert!(
                (a.to_f64() - b).abs() < tolerance,
                "{isa:?} {targets}×{sources}×{rows}: {a} {b}"
            );
        };
        for accumulate in [false, true] {
            let mut y = old.clone();
            w.multiply(&x, ldx, rows, &mut y, ldy, T::from_f64(0.75), accumulate);
            for r in 0..rows {
                for i in 0..ldy {
                    let was = old[r * ldy + i].to_f64();
                    let product = |i: usize| -> f64 {
                        (0..sources).map(|j| dense[i * sources + j] * x[r * ldx + j].to_f64()).sum()
                    };
                    let truth = match (i < targets, accumulate) {
                        (false, _) => was,
                        (true, true) => was + 0.75 * product(i),
                        (true, false) => 0.75 * product(i),
                    };
                    close(y[r * ldy + i], truth, sources);
                }
                // a row does not depend on how many there are
                let mut alone = old[r * ldy..(r + 1) * ldy].to_vec();
                w.multiply(&x[r * ldx..], ldx, 1, &mut alone, ldy, T::from_f64(0.75), accumulate);
                assert_eq!(alone[..targets], y[r * ldy..][..targets]);
            }
        }
        let mut z = vec![T::ZERO; rows * ldx];
        wt.multiply(&old, ldy, rows, &mut z, ldx, T::ONE, false);
        let mut g = vec![T::ONE; pattern.len()];
        accumulate_pattern(isa, &pattern, &mut g, &old, ldy, &x, ldx, rows);
        for j in 0..sources {
            for r in 0..rows {
                let truth =
                    (0..targets).map(|i| dense[i * sources + j] * old[r * ldy + i].to_f64());
                close(z[r * ldx + j], truth.sum(), targets);
            }
        }
        for (k, &(i, j)) in pairs.iter().enumerate() {
            assert_eq!(pattern.place(i, j), Some(k));
            let terms = (0..rows).map(|r| old[r * ldy + i].to_f64() * x[r * ldx + j].to_f64());
            close(g[k], 1.0 + terms.sum::<f64>(), rows);
        }
    }

    #[test]
    fn products_and_gradients_are_those_of_the_dense_matrix() {
        for isa in Isa::available() {
            for (targets, sources, rows) in [
                (1, 1, 1),
                (5, 3, 2),
                (17, 40, 16),
                (33, 21, 70),
                (64, 8, 130),
                (3, 0, 4),
                (20, 600, 9),
            ] {
                check::<f32>(isa, targets, sources, rows);
                check::<f64>(isa, targets, sources, rows);
            }
        }
    }
}
