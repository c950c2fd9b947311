//! Weights packed once, multiplied many times.

use super::holds;
use super::lines::Lines;
use super::skip::{Masks, sums_of};
use super::tile::{Factors, Onto, Target, put, tile};
use crate::lanes::{Lanes, Tiled, dispatch};
use crate::{Isa, Real};

/// Bytes of `x` and `y` worked on at a time: part of a second-level cache.
const ROW_BLOCK: usize = 256 * 1024;

/// A weight matrix `W[target, source]` laid out for fast products with activity.
///
/// Packing costs about as much as multiplying two rows; one packing serves all steps until the
/// weights change.
///
/// ```
/// use attractor_numerics::{Isa, product::Packed};
/// let w = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // 2 targets, 3 sources
/// let mut packed = Packed::<f64>::new(Isa::best(), 2, 3);
/// packed.pack(&w, 3);
/// let mut y = [0.0; 2];
/// packed.multiply(&[1.0, 0.0, -1.0], 3, 1, &mut y, 2, 1.0, false);
/// assert_eq!(y, [-2.0, -2.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Packed<T> {
    isa: Isa,
    targets: usize,
    sources: usize,
    lanes: usize,
    most_registers: usize,
    /// Few targets: rows of W, each padded to whole registers. Otherwise panels of up to
    /// `most_registers` registers of targets, each `[source][target]`.
    narrow: bool,
    lines: Lines<T>,
}

/// Registers of each panel: `registers` split evenly into panels of at most `most`.
#[inline(always)]
pub(super) fn panels(registers: usize, most: usize) -> impl Iterator<Item = usize> {
    let count = registers.div_ceil(most).max(1);
    (0..count).map(move |i| (registers * (i + 1)) / count - (registers * i) / count)
}

impl<T: Real> Packed<T> {
    /// Room for `targets × sources` weights, all zero, for kernels of `isa`
    /// (or the best of this machine if that is less).
    pub fn new(isa: Isa, targets: usize, sources: usize) -> Self {
        struct Shape;
        impl<T: Real> Tiled<T> for Shape {
            type Output = (usize, usize);
            #[inline(always)]
            unsafe fn run<V: Lanes<T>>(self) -> (usize, usize) {
                (V::LANES, V::COLUMNS)
            }
        }
        // SAFETY: only constants are read
        let (lanes, most_registers) = unsafe { dispatch::<T, _>(isa, Shape) };
        // sums across lanes cost about 12 products each, and save all but one lane
        let narrow = targets <= 8 && targets * (12 + sources / lanes) < sources;
        let length = if narrow {
            targets * sources.next_multiple_of(lanes)
        } else {
            targets.next_multiple_of(lanes) * sources
        };
        let lines = Lines::zeros(length);
        Packed { isa: isa.supported(), targets, sources, lanes, most_registers, narrow, lines }
    }

    /// Rows of W.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Columns of W.
    pub fn sources(&self) -> usize {
        self.sources
    }

    /// Takes over the weights `w[target * stride + source]`.
    ///
    /// # Panics
    /// If `w` is shorter than targets × sources, or `stride` than a row.
    pub fn pack(&mut self, w: &[T], stride: usize) {
        assert!(
            holds(w.len(), self.targets, self.sources, stride),
            "{} weights with stride {stride} for {} × {}",
            w.len(),
            self.targets,
            self.sources
        );
        self.fill(|target, source| w[target * stride + source]);
    }

    /// Takes over the transpose of the weights: `w[source * stride + target]`, so that a matrix of
    /// `sources × targets` carries cotangents backwards without being transposed first.
    ///
    /// # Panics
    /// If `w` is shorter than sources × targets, or `stride` than a row.
    pub fn pack_transposed(&mut self, w: &[T], stride: usize) {
        assert!(
            holds(w.len(), self.sources, self.targets, stride),
            "{} weights with stride {stride} for {} × {}",
            w.len(),
            self.sources,
            self.targets
        );
        self.fill(|target, source| w[source * stride + target]);
    }

    fn fill(&mut self, weight: impl Fn(usize, usize) -> T) {
        let (targets, sources, lanes) = (self.targets, self.sources, self.lanes);
        let registers = targets.div_ceil(lanes);
        let most = self.most_registers;
        let narrow = self.narrow;
        let packed = self.lines.values_mut();
        if narrow {
            for target in 0..targets {
                let row = &mut packed[target * sources.next_multiple_of(lanes)..];
                for source in 0..sources {
                    row[source] = weight(target, source);
                }
            }
            return;
        }
        let mut first = 0;
        for width in panels(registers, most).map(|registers| registers * lanes) {
            let panel = &mut packed[first * sources..(first + width) * sources];
            let present = width.min(targets - first);
            // blocks of 16 sources: reads along rows and writes along columns both stay in cache
            for block in (0..sources).step_by(16) {
                let block = block..sources.min(block + 16);
                for target in 0..present {
                    for source in block.clone() {
                        panel[source * width + target] = weight(first + target, source);
                    }
                }
            }
            first += width;
        }
    }

    /// `y[row, target] (+)= alpha Σ_source x[row, source] W[target, source]` for `rows` rows with
    /// leading dimensions `ldx` and `ldy`; `accumulate` adds to `y`, otherwise it is replaced.
    /// Columns of `y` beyond the targets are left alone, columns of `x` beyond the sources not read.
    ///
    /// Where most of `x` is 0, as spikes are, its zeros are skipped: the same bits, as long as the
    /// weights they would meet are finite.
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
        let onto = if accumulate { Onto::Itself } else { Onto::Zero };
        self.product(x, ldx, rows, y, ldy, alpha, onto);
    }

    /// As [`multiply`](Packed::multiply), onto a row: `y[row, target] = bias[target] + alpha Σ …`.
    ///
    /// # Panics
    /// If `x`, `y` or `bias` is too short for its shape.
    pub fn multiply_onto(
        &self,
        bias: &[T],
        x: &[T],
        ldx: usize,
        rows: usize,
        y: &mut [T],
        ldy: usize,
        alpha: T,
    ) {
        assert!(bias.len() >= self.targets, "{} values for {} targets", bias.len(), self.targets);
        self.product(x, ldx, rows, y, ldy, alpha, Onto::Row(bias.as_ptr()));
    }

    fn product(
        &self,
        x: &[T],
        ldx: usize,
        rows: usize,
        y: &mut [T],
        ldy: usize,
        alpha: T,
        onto: Onto<T>,
    ) {
        let (targets, sources) = (self.targets, self.sources);
        assert!(
            holds(x.len(), rows, sources, ldx),
            "{} values for {rows} × {sources}, leading dimension {ldx}",
            x.len()
        );
        assert!(
            holds(y.len(), rows, targets, ldy),
            "{} values for {rows} × {targets}, leading dimension {ldy}",
            y.len()
        );
        if targets == 0 || rows == 0 {
            return;
        }
        let (x, y) = (x.as_ptr(), y.as_mut_ptr());
        let product = Product { packed: self, x, ldx, rows, y, ldy, alpha, onto };
        // SAFETY: x and y hold their rows; the weights were packed for this instruction set
        unsafe { T::product(self.isa, product) }
    }
}

/// One call of [`Packed::multiply`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Product<'a, T> {
    packed: &'a Packed<T>,
    x: *const T,
    ldx: usize,
    rows: usize,
    y: *mut T,
    ldy: usize,
    alpha: T,
    onto: Onto<T>,
}

impl<T: Real> Tiled<T> for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) {
        let packed = self.packed;
        let values = (packed.sources + packed.targets) * size_of::<T>();
        let block = (ROW_BLOCK / values / V::ROWS * V::ROWS).max(4 * V::ROWS);
        for first in (0..self.rows).step_by(block) {
            let rows = block.min(self.rows - first);
            // SAFETY: as the caller's
            unsafe {
                let (x, y) = (self.x.add(first * self.ldx), self.y.add(first * self.ldy));
                if packed.narrow {
                    self.narrow::<V>(x, y, rows);
                } else if let Some(masks) = Masks::of::<T, V>(x, self.ldx, packed.sources, rows) {
                    self.sparse::<V>(x, y, rows, masks);
                } else {
                    self.broad::<V>(x, y, rows);
                }
            }
        }
    }
}

impl<T: Real> Product<'_, T> {
    /// Panels of targets outside, groups of rows inside: a panel is read once per block of rows.
    #[inline(always)]
    unsafe fn broad<V: Lanes<T>>(&self, x: *const T, y: *mut T, rows: usize) {
        let packed = self.packed;
        let mut panel: *const T = packed.lines.as_ptr();
        let mut first = 0;
        for registers in panels(packed.targets.div_ceil(V::LANES), V::COLUMNS) {
            let width = registers * V::LANES;
            for row in (0..rows).step_by(V::ROWS) {
                // SAFETY: within x, y and the panel
                unsafe {
                    let factors = Factors {
                        steps: packed.sources,
                        a: x.add(row * self.ldx),
                        a_row: self.ldx,
                        a_step: 1,
                        b: panel,
                        b_step: width,
                    };
                    let target = Target {
                        c: y.add(row * self.ldy + first),
                        row: self.ldy,
                        column: 1,
                        columns: packed.targets - first,
                        alpha: self.alpha,
                        onto: self.onto.columns(first),
                    };
                    tile::<T, V>(V::ROWS.min(rows - row), registers, factors, target);
                }
            }
            // SAFETY: the next panel, or the end
            panel = unsafe { panel.add(width * packed.sources) };
            first += width;
        }
    }

    /// Row by row, over the sources that are not 0.
    #[inline(always)]
    unsafe fn sparse<V: Lanes<T>>(&self, x: *const T, y: *mut T, rows: usize, mut masks: Masks) {
        let packed = self.packed;
        for row in 0..rows {
            // SAFETY: within x, y and the panels; places are below the sources
            unsafe {
                let (x, places) = (x.add(row * self.ldx), masks.places(row));
                let mut panel: *const T = packed.lines.as_ptr();
                let mut first = 0;
                for registers in panels(packed.targets.div_ceil(V::LANES), V::COLUMNS) {
                    let width = registers * V::LANES;
                    let target = Target {
                        c: y.add(row * self.ldy + first),
                        row: self.ldy,
                        column: 1,
                        columns: packed.targets - first,
                        alpha: self.alpha,
                        onto: self.onto.columns(first),
                    };
                    match registers {
                        1 => put::<T, V, 1, 1>([sums_of(places, x, panel, width)], target),
                        2 => put::<T, V, 1, 2>([sums_of(places, x, panel, width)], target),
                        _ => put::<T, V, 1, 3>([sums_of(places, x, panel, width)], target),
                    }
                    panel = panel.add(width * packed.sources);
                    first += width;
                }
            }
        }
    }

    /// Few targets: registers run along the sources and are summed at the end.
    #[inline(always)]
    unsafe fn narrow<V: Lanes<T>>(&self, x: *const T, y: *mut T, rows: usize) {
        let targets = self.packed.targets;
        for row in (0..rows).step_by(4) {
            for target in (0..targets).step_by(4) {
                // SAFETY: within x and y
                unsafe {
                    let (x, y) = (x.add(row * self.ldx), y.add(row * self.ldy + target));
                    match (rows - row, targets - target) {
                        (4.., 4..) => self.dots::<V, 4, 4>(x, y, target),
                        (4.., 3) => self.dots::<V, 4, 3>(x, y, target),
                        (4.., 2) => self.dots::<V, 4, 2>(x, y, target),
                        (4.., _) => self.dots::<V, 4, 1>(x, y, target),
                        (left, 4..) => self.few_dots::<V, 4>(x, y, target, left),
                        (left, 3) => self.few_dots::<V, 3>(x, y, target, left),
                        (left, 2) => self.few_dots::<V, 2>(x, y, target, left),
                        (left, _) => self.few_dots::<V, 1>(x, y, target, left),
                    }
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn few_dots<V: Lanes<T>, const C: usize>(
        &self,
        x: *const T,
        y: *mut T,
        first: usize,
        rows: usize,
    ) {
        for row in 0..rows {
            // SAFETY: as the caller's
            unsafe { self.dots::<V, 1, C>(x.add(row * self.ldx), y.add(row * self.ldy), first) }
        }
    }

    #[inline(always)]
    unsafe fn dots<V: Lanes<T>, const R: usize, const C: usize>(
        &self,
        x: *const T,
        y: *mut T,
        first: usize,
    ) {
        let sources = self.packed.sources;
        let stride = sources.next_multiple_of(V::LANES);
        // SAFETY: the weights are padded with zeros to whole registers; the last registers of x,
        // which may end with its slice, go through a local copy
        unsafe {
            let w = self.packed.lines.as_ptr().add(first * stride);
            let mut sums = [[V::splat(T::ZERO); C]; R];
            let whole = sources / V::LANES * V::LANES;
            let mut source = 0;
            while source < whole {
                for c in 0..C {
                    let weight = V::load(w.add(c * stride + source));
                    for r in 0..R {
                        sums[r][c] = V::load(x.add(r * self.ldx + source)).madd(weight, sums[r][c]);
                    }
                }
                source += V::LANES;
            }
            if whole < sources {
                for r in 0..R {
                    let last = V::load_some(x.add(r * self.ldx + whole), sources - whole);
                    for c in 0..C {
                        sums[r][c] = last.madd(V::load(w.add(c * stride + whole)), sums[r][c]);
                    }
                }
            }
            for r in 0..R {
                for c in 0..C {
                    let at = y.add(r * self.ldy + c);
                    let sum = self.alpha * sums[r][c].sum();
                    *at = match self.onto {
                        Onto::Itself => *at + sum,
                        Onto::Row(from) => *from.add(first + c) + sum,
                        Onto::Zero => sum,
                    };
                }
            }
        }
    }
}
