//! Sums of outer products: the weight gradient over all steps and trials.

use super::holds;
use super::packed::panels;
use super::skip::{Masks, add_to};
use super::tile::{Factors, Onto, Target, tile};
use crate::lanes::{Lanes, Tiled};
use crate::{Isa, Real};

/// Rows summed in registers before the gradient is touched: their panel stays in a first-level cache.
const STEPS: usize = 128;
/// Bytes of a gradient that leaves the second-level cache, and is touched half as often.
const LARGE: usize = 1 << 20;

/// `G[target, source] += Σ_row d[row, target] x[row, source]` over `rows` rows, which are all time
/// steps of all trials of a shard; `ldg`, `ldd`, `ldx` are leading dimensions.
///
/// Columns beyond the targets and sources are neither read nor written. Either side may be narrow
/// (readouts, inputs): registers run along whichever fills them better. Where most of `d` is 0, as
/// spikes are, its zeros are skipped.
///
/// # Panics
/// If `g`, `d` or `x` is too short for its shape.
pub fn accumulate_outer<T: Real>(
    isa: Isa,
    g: &mut [T],
    ldg: usize,
    d: &[T],
    ldd: usize,
    targets: usize,
    x: &[T],
    ldx: usize,
    sources: usize,
    rows: usize,
) {
    assert!(
        holds(g.len(), targets, sources, ldg),
        "{} values for {targets} × {sources}, leading dimension {ldg}",
        g.len()
    );
    assert!(
        holds(d.len(), rows, targets, ldd),
        "{} values for {rows} × {targets}, leading dimension {ldd}",
        d.len()
    );
    assert!(
        holds(x.len(), rows, sources, ldx),
        "{} values for {rows} × {sources}, leading dimension {ldx}",
        x.len()
    );
    if targets == 0 || sources == 0 || rows == 0 {
        return;
    }
    let d = Side { values: d.as_ptr(), ld: ldd, columns: targets, stride: ldg };
    let x = Side { values: x.as_ptr(), ld: ldx, columns: sources, stride: 1 };
    // SAFETY: lengths were checked
    unsafe { T::outer(isa, Outer { g: g.as_mut_ptr(), d, x, rows }) }
}

/// One factor, and how far apart its columns lie in G.
#[derive(Clone, Copy, Debug)]
struct Side<T> {
    values: *const T,
    ld: usize,
    columns: usize,
    stride: usize,
}

impl<T> Side<T> {
    #[inline(always)]
    unsafe fn skip_rows(mut self, row: usize) -> Self {
        // SAFETY: as the caller's
        self.values = unsafe { self.values.add(row * self.ld) };
        self
    }
}

/// One call of [`accumulate_outer`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Outer<T> {
    g: *mut T,
    d: Side<T>,
    x: Side<T>,
    rows: usize,
}

impl<T: Real> Tiled<T> for Outer<T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<T>>(self) {
        let Outer { g, d, x, rows } = self;
        if x.columns >= V::LANES && rows > 0 {
            // SAFETY: the rows of d exist; the rest is the caller's
            unsafe {
                if let Some(masks) = Masks::of::<T, V>(d.values, d.ld, d.columns, rows) {
                    return sparse::<T, V>(g, d, x, rows, masks);
                }
            }
        }
        // registers along x unless they would stay emptier than along d
        let cost = |along: usize, other: usize| along.div_ceil(V::LANES) * other;
        let (along_d, along_x) = (cost(d.columns, x.columns), cost(x.columns, d.columns));
        let along_x = along_x < along_d || along_x == along_d && x.columns >= d.columns;
        let (wide, other) = if along_x { (x, d) } else { (d, x) };
        // a copy pays when it is used often enough: each panel once per group, each group once per panel
        let copy_panels = other.columns > 12 * V::ROWS;
        let copy_groups = wide.columns > 3 * V::COLUMNS * V::LANES;
        let large = d.columns * x.columns * size_of::<T>() >= LARGE;
        let block = if large { 2 * STEPS } else { STEPS }.min(rows);
        let mut panel = vec![T::ZERO; block * V::COLUMNS * V::LANES];
        let mut groups = vec![T::ZERO; if copy_groups { block * other.columns } else { 0 }];

        for first in (0..rows).step_by(block) {
            let steps = block.min(rows - first);
            // SAFETY: rows from `first` on
            let (wide, other) = unsafe { (wide.skip_rows(first), other.skip_rows(first)) };
            if copy_groups {
                // SAFETY: `steps` rows of the other side
                unsafe { copy_to_groups::<T, V>(&mut groups, other, steps) }
            }
            let mut column = 0;
            for registers in panels(wide.columns.div_ceil(V::LANES), V::COLUMNS) {
                let width = registers * V::LANES;
                let columns = (wide.columns - column).min(width);
                // SAFETY: columns of the wide side; the last registers may end beyond its last row
                let (b, b_step) = if copy_panels || columns < width {
                    unsafe { copy_to_panel::<T, V>(&mut panel, wide, column, width, steps) }
                    (panel.as_ptr(), width)
                } else {
                    (unsafe { wide.values.add(column) }, wide.ld)
                };
                for row in (0..other.columns).step_by(V::ROWS) {
                    let size = V::ROWS.min(other.columns - row);
                    // SAFETY: columns of the other side, copied or not; the target lies within G
                    unsafe {
                        let (a, a_step) = if copy_groups {
                            (groups.as_ptr().add(row * steps), size)
                        } else {
                            (other.values.add(row), other.ld)
                        };
                        let c = g.add(row * other.stride + column * wide.stride);
                        let (row, column) = (other.stride, wide.stride);
                        let factors = Factors { steps, a, a_row: 1, a_step, b, b_step };
                        let target =
                            Target { c, row, column, columns, alpha: T::ONE, onto: Onto::Itself };
                        tile::<T, V>(size, registers, factors, target);
                    }
                }
                column += width;
            }
        }
    }
}

/// Row by row: a row of `x` is added to the rows of G where `d` is not 0.
#[inline(always)]
unsafe fn sparse<T: Real, V: Lanes<T>>(
    g: *mut T,
    d: Side<T>,
    x: Side<T>,
    rows: usize,
    mut masks: Masks,
) {
    for row in 0..rows {
        let places = masks.places(row);
        if places.is_empty() {
            continue;
        }
        let mut column = 0;
        for registers in panels(x.columns.div_ceil(V::LANES), 4) {
            // SAFETY: columns of both sides; the target lies within G
            unsafe {
                let (d_row, x_row) = (d.values.add(row * d.ld), x.values.add(row * x.ld + column));
                let (to, columns) = (g.add(column), x.columns - column);
                match registers {
                    1 => add_to::<T, V, 1>(places, d_row, x_row, to, d.stride, columns),
                    2 => add_to::<T, V, 2>(places, d_row, x_row, to, d.stride, columns),
                    3 => add_to::<T, V, 3>(places, d_row, x_row, to, d.stride, columns),
                    _ => add_to::<T, V, 4>(places, d_row, x_row, to, d.stride, columns),
                }
            }
            column += registers * V::LANES;
        }
    }
}

/// Copies columns `column..column + width` of the first rows, zeros beyond the last column.
#[inline(always)]
unsafe fn copy_to_panel<T: Real, V: Lanes<T>>(
    panel: &mut [T],
    side: Side<T>,
    column: usize,
    width: usize,
    steps: usize,
) {
    let columns = side.columns - column;
    for step in 0..steps {
        for r in (0..width).step_by(V::LANES) {
            // SAFETY: the columns that exist are read; a panel has room for all steps
            unsafe {
                let from = side.values.add(step * side.ld + column + r);
                let values = V::load_some(from, columns.saturating_sub(r));
                values.store(panel.as_mut_ptr().add(step * width + r));
            }
        }
    }
}

/// Copies columns of the first rows in groups of [`Lanes::ROWS`], each `[step][column]`.
#[inline(always)]
unsafe fn copy_to_groups<T: Real, V: Lanes<T>>(groups: &mut [T], side: Side<T>, steps: usize) {
    let mut group = groups.as_mut_ptr();
    for first in (0..side.columns).step_by(V::ROWS) {
        let size = V::ROWS.min(side.columns - first);
        for step in 0..steps {
            // SAFETY: `size` values of this row exist, and groups hold all columns of all steps
            unsafe {
                let from = side.values.add(step * side.ld + first);
                match size {
                    8 => copy::<T, 8>(from, group),
                    4 => copy::<T, 4>(from, group),
                    _ => (0..size).for_each(|l| *group.add(l) = *from.add(l)),
                }
                group = group.add(size);
            }
        }
    }
}

#[inline(always)]
unsafe fn copy<T: Real, const N: usize>(from: *const T, to: *mut T) {
    // SAFETY: as the caller's
    unsafe { to.cast::<[T; N]>().write_unaligned(from.cast::<[T; N]>().read_unaligned()) }
}
