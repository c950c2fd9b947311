//! Weights of which few differ from 0, multiplied many times.
//!
//! Activity is turned so that trials lie side by side; a weight then meets a register of trials for
//! one broadcast. Whether that is faster than multiplying the zeros, too, depends on the density: see
//! [`Pattern::pays`].

use std::sync::Arc;

use super::holds;
use crate::lanes::{Lanes, Tiled};
use crate::{Isa, Real};

/// Registers of trials that go together, at most.
const MOST_REGISTERS: usize = 4;
/// Bytes of turned activity, at most: half of a second-level cache.
const TURNED: usize = 512 * 1024;

/// Which weights of a matrix `[target, source]` there are, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    targets: usize,
    sources: usize,
    /// Where the weights of each target start; one more than targets.
    starts: Vec<usize>,
    /// The source of each weight.
    columns: Vec<u32>,
}

impl Pattern {
    /// The pattern of places `target · sources + source`, in ascending order.
    ///
    /// # Panics
    /// If places are not ascending or not within the matrix, or there are 2³² sources or more.
    pub fn new(targets: usize, sources: usize, places: impl IntoIterator<Item = usize>) -> Self {
        assert!(u32::try_from(sources).is_ok(), "{sources} sources");
        let (mut starts, mut columns) = (vec![0], Vec::new());
        let mut before = None;
        for place in places {
            assert!(before < Some(place), "places do not ascend: {before:?}, {place}");
            before = Some(place);
            let (target, source) = (place / sources, place % sources);
            assert!(target < targets, "place {place} in {targets} × {sources}");
            starts.resize(target + 1, columns.len());
            columns.push(source as u32);
        }
        starts.resize(targets + 1, columns.len());
        Pattern { targets, sources, starts, columns }
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// No weights.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether a product with so many weights alone is faster than one with the zeros as well.
    pub fn pays(weights: usize, targets: usize, sources: usize) -> bool {
        // measured by `attractor bench --structures`
        targets.min(sources) >= 256 && weights.saturating_mul(5) <= targets * sources
    }

    /// The pattern of the transpose, and for each of its weights the place of it in this one.
    pub fn transposed(&self) -> (Pattern, Vec<usize>) {
        let mut starts = vec![0; self.sources + 1];
        self.columns.iter().for_each(|&j| starts[j as usize + 1] += 1);
        (0..self.sources).for_each(|j| starts[j + 1] += starts[j]);
        let (mut next, mut columns) = (starts.clone(), vec![0; self.len()]);
        let mut places = vec![0; self.len()];
        for target in 0..self.targets {
            for k in self.row(target) {
                let at = &mut next[self.columns[k] as usize];
                (columns[*at], places[*at]) = (target as u32, k);
                *at += 1;
            }
        }
        (Pattern { targets: self.sources, sources: self.targets, starts, columns }, places)
    }

    /// Places of the weights of a target.
    pub fn row(&self, target: usize) -> std::ops::Range<usize> {
        self.starts[target]..self.starts[target + 1]
    }

    /// The source of the weight at a place.
    pub fn source(&self, place: usize) -> usize {
        self.columns[place] as usize
    }

    /// The place of the weight of a pair, if there is one.
    pub fn place(&self, target: usize, source: usize) -> Option<usize> {
        let row = self.row(target);
        let found = self.columns[row.clone()].binary_search(&(source as u32));
        found.ok().map(|k| row.start + k)
    }
}

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

/// Registers of rows that are turned together.
fn registers<T>(units: usize, lanes: usize) -> usize {
    (TURNED / (units * lanes * size_of::<T>()).max(1)).clamp(1, MOST_REGISTERS)
}

/// `turned[column, row]` of `rows` rows from `x` on, `width` apart; rows beyond stay as they are.
///
/// # Safety
/// `x` holds the rows, `turned` columns of `width`.
#[inline(always)]
unsafe fn turn<T: Real>(
    x: *const T,
    ldx: usize,
    rows: usize,
    columns: usize,
    turned: &mut [T],
    width: usize,
) {
    // sixteen columns at a time: a line of x is read, a line of each column is written
    for first in (0..columns).step_by(16) {
        for row in 0..rows {
            for column in first..columns.min(first + 16) {
                // SAFETY: as the caller's
                unsafe {
                    *turned.get_unchecked_mut(column * width + row) = *x.add(row * ldx + column);
                }
            }
        }
    }
}

impl<T: Real> Tiled<T> for SparseProduct<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) {
        let most = registers::<T>(self.w.pattern.sources, V::LANES);
        let block = most * V::LANES;
        let widest = block.min(self.rows.next_multiple_of(V::LANES));
        let mut turned = vec![T::ZERO; self.w.pattern.sources * widest];
        for first in (0..self.rows).step_by(block) {
            let rows = block.min(self.rows - first);
            // SAFETY: as the caller's
            unsafe {
                match rows.div_ceil(V::LANES) {
                    1 => self.rows::<V, 1>(first, rows, &mut turned),
                    2 => self.rows::<V, 2>(first, rows, &mut turned),
                    3 => self.rows::<V, 3>(first, rows, &mut turned),
                    _ => self.rows::<V, 4>(first, rows, &mut turned),
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
    ) {
        let Pattern { targets, sources, starts, columns } = &*self.w.pattern;
        let width = R * V::LANES;
        // SAFETY: x, y and the pattern hold what is read and written
        unsafe {
            turn(self.x.add(first * self.ldx), self.ldx, rows, *sources, turned, width);
            let x = turned.as_ptr();
            let mut sums = [T::ZERO; MOST_REGISTERS * 16];
            for target in 0..*targets {
                let mut sum = [V::splat(T::ZERO); R];
                for k in *starts.get_unchecked(target)..*starts.get_unchecked(target + 1) {
                    let weight = V::splat(*self.w.values.get_unchecked(k));
                    let from = x.add(*columns.get_unchecked(k) as usize * width);
                    for r in 0..R {
                        sum[r] = V::load(from.add(r * V::LANES)).madd(weight, sum[r]);
                    }
                }
                for r in 0..R {
                    sum[r].store(sums.as_mut_ptr().add(r * V::LANES));
                }
                for row in 0..rows {
                    let at = self.y.add((first + row) * self.ldy + target);
                    let sum = self.alpha * *sums.get_unchecked(row);
                    *at = if self.accumulate { *at + sum } else { sum };
                }
            }
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
        let most = registers::<T>(sources, V::LANES);
        let block = most * V::LANES;
        let mut x = vec![T::ZERO; sources * block];
        let mut d = vec![T::ZERO; targets * block];
        for first in (0..self.rows).step_by(block) {
            let rows = block.min(self.rows - first);
            if rows < block {
                // lanes without a row add nothing
                x.fill(T::ZERO);
                d.fill(T::ZERO);
            }
            // SAFETY: as the caller's
            unsafe {
                match most {
                    1 => self.rows::<V, 1>(first, rows, &mut d, &mut x),
                    2 => self.rows::<V, 2>(first, rows, &mut d, &mut x),
                    3 => self.rows::<V, 3>(first, rows, &mut d, &mut x),
                    _ => self.rows::<V, 4>(first, rows, &mut d, &mut x),
                }
            }
        }
    }
}

impl<T: Real> SparseOuter<'_, T> {
    #[inline(always)]
    unsafe fn rows<V: Lanes<T>, const R: usize>(
        &mut self,
        first: usize,
        rows: usize,
        d: &mut [T],
        x: &mut [T],
    ) {
        let Pattern { targets, sources, starts, columns } = self.pattern;
        let width = R * V::LANES;
        // SAFETY: d, x and the pattern hold what is read
        unsafe {
            turn(self.x.add(first * self.ldx), self.ldx, rows, *sources, x, width);
            turn(self.d.add(first * self.ldd), self.ldd, rows, *targets, d, width);
            let (d, x) = (d.as_ptr(), x.as_ptr());
            for target in 0..*targets {
                let mut own = [V::splat(T::ZERO); R];
                for r in 0..R {
                    own[r] = V::load(d.add(target * width + r * V::LANES));
                }
                for k in *starts.get_unchecked(target)..*starts.get_unchecked(target + 1) {
                    let from = x.add(*columns.get_unchecked(k) as usize * width);
                    let mut sum = V::splat(T::ZERO);
                    for r in 0..R {
                        sum = V::load(from.add(r * V::LANES)).madd(own[r], sum);
                    }
                    *self.g.get_unchecked_mut(k) += sum.sum();
                }
            }
        }
    }
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
        for i in 0..targets {
            pattern
                .row(i)
                .for_each(|k| dense[i * sources + pattern.source(k)] = values[k].to_f64());
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
        for i in 0..targets {
            for k in pattern.row(i) {
                let j = pattern.source(k);
                assert_eq!(pattern.place(i, j), Some(k));
                let terms = (0..rows).map(|r| old[r * ldy + i].to_f64() * x[r * ldx + j].to_f64());
                close(g[k], 1.0 + terms.sum::<f64>(), rows);
            }
        }
    }

    #[test]
    fn products_and_gradients_are_those_of_the_dense_matrix() {
        for isa in Isa::available() {
            for (targets, sources, rows) in
                [(1, 1, 1), (5, 3, 2), (17, 40, 16), (33, 21, 70), (64, 8, 130), (3, 0, 4)]
            {
                check::<f32>(isa, targets, sources, rows);
                check::<f64>(isa, targets, sources, rows);
            }
        }
    }
}
