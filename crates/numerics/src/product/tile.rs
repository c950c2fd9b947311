//! The register tile: a few rows times a few registers of columns, summed over the inner dimension.

use crate::Real;
use crate::lanes::Lanes;

/// Most lanes of a register.
pub(super) const MOST_LANES: usize = 16;

/// Where a tile's factors stand: `a[r * a_row + p * a_step]` and the registers at `b + p * b_step`.
#[derive(Clone, Copy)]
pub(super) struct Factors<T> {
    pub(super) steps: usize,
    pub(super) a: *const T,
    pub(super) a_row: usize,
    pub(super) a_step: usize,
    pub(super) b: *const T,
    pub(super) b_step: usize,
}

/// Where a tile's sums go: `c[r * row + l * column] = onto + alpha * sum` for `l < columns`.
#[derive(Clone, Copy)]
pub(super) struct Target<T> {
    pub(super) c: *mut T,
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) columns: usize,
    pub(super) alpha: T,
    pub(super) onto: Onto<T>,
}

/// What sums are added to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Onto<T> {
    /// Nothing.
    Zero,
    /// What is there.
    Itself,
    /// A row, the same for all rows of the target; it begins with the columns of the target.
    Row(*const T),
}

impl<T> Onto<T> {
    /// The same, some columns on.
    #[inline(always)]
    pub(super) unsafe fn columns(self, first: usize) -> Self {
        match self {
            // SAFETY: as the caller's
            Onto::Row(row) => Onto::Row(unsafe { row.add(first) }),
            other => other,
        }
    }
}

/// Computes the tile of `rows` (at most [`Lanes::ROWS`]) by `registers` (at most [`Lanes::COLUMNS`]).
///
/// # Safety
/// Inside [`dispatch`](crate::lanes::dispatch); pointers valid for the extents described.
#[inline(always)]
pub(super) unsafe fn tile<T: Real, V: Lanes<T>>(
    rows: usize,
    registers: usize,
    factors: Factors<T>,
    target: Target<T>,
) {
    // SAFETY: as the caller's
    unsafe {
        match registers {
            1 => tile_of_width::<T, V, 1>(rows, factors, target),
            2 => tile_of_width::<T, V, 2>(rows, factors, target),
            _ => tile_of_width::<T, V, 3>(rows, factors, target),
        }
    }
}

#[inline(always)]
unsafe fn tile_of_width<T: Real, V: Lanes<T>, const C: usize>(
    rows: usize,
    mut factors: Factors<T>,
    mut target: Target<T>,
) {
    // rows left over by the greatest tile go in pieces: 7 = 4 + 3, 6 = 3 + 3, 5 = 3 + 2
    let mut left = rows;
    while left > 0 {
        let piece = match left {
            8.. if V::ROWS >= 8 => 8,
            4 | 7.. => 4,
            3 | 5 | 6 => 3,
            few => few,
        };
        // SAFETY: as the caller's
        unsafe {
            match piece {
                8 => whole_tile::<T, V, 8, C>(factors, target),
                4 => whole_tile::<T, V, 4, C>(factors, target),
                3 => whole_tile::<T, V, 3, C>(factors, target),
                2 => whole_tile::<T, V, 2, C>(factors, target),
                _ => whole_tile::<T, V, 1, C>(factors, target),
            }
            factors.a = factors.a.add(piece * factors.a_row);
            target.c = target.c.add(piece * target.row);
        }
        left -= piece;
    }
}

#[inline(always)]
unsafe fn whole_tile<T: Real, V: Lanes<T>, const R: usize, const C: usize>(
    factors: Factors<T>,
    target: Target<T>,
) {
    // SAFETY: as the caller's
    unsafe {
        let Factors { steps, mut a, a_row, a_step, mut b, b_step } = factors;
        if matches!(target.onto, Onto::Itself) && target.column == 1 && steps >= 64 {
            for r in 0..R {
                for k in 0..C {
                    V::prefetch(target.c.wrapping_add(r * target.row + k * V::LANES));
                }
            }
        }
        let mut sums = [[V::splat(T::ZERO); C]; R];
        for _ in 0..steps {
            let mut columns = [V::splat(T::ZERO); C];
            for c in 0..C {
                columns[c] = V::load(b.add(c * V::LANES));
            }
            for r in 0..R {
                let row = V::splat(*a.add(r * a_row));
                for c in 0..C {
                    sums[r][c] = row.madd(columns[c], sums[r][c]);
                }
            }
            a = a.add(a_step);
            b = b.add(b_step);
        }
        put::<T, V, R, C>(sums, target);
    }
}

/// Puts the sums of a tile where they go.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
pub(super) unsafe fn put<T: Real, V: Lanes<T>, const R: usize, const C: usize>(
    sums: [[V; C]; R],
    target: Target<T>,
) {
    // SAFETY: as the caller's
    unsafe {
        // short loops, which unroll: a loop that does not would move all sums into memory
        let Target { c, row, column, columns, alpha, onto } = target;
        let (alpha, zero) = (V::splat(alpha), V::splat(T::ZERO));
        if column == 1 && columns >= C * V::LANES {
            match onto {
                Onto::Itself => {
                    for r in 0..R {
                        for k in 0..C {
                            let at = c.add(r * row + k * V::LANES);
                            alpha.madd(sums[r][k], V::load(at)).store(at);
                        }
                    }
                }
                Onto::Row(from) => {
                    for r in 0..R {
                        for k in 0..C {
                            let old = V::load(from.add(k * V::LANES));
                            alpha.madd(sums[r][k], old).store(c.add(r * row + k * V::LANES));
                        }
                    }
                }
                Onto::Zero => {
                    for r in 0..R {
                        for k in 0..C {
                            alpha.madd(sums[r][k], zero).store(c.add(r * row + k * V::LANES));
                        }
                    }
                }
            }
            return;
        }
        if column == 1 {
            for r in 0..R {
                for k in 0..C {
                    let at = c.add(r * row + k * V::LANES);
                    let columns = columns.saturating_sub(k * V::LANES).min(V::LANES);
                    let old = match onto {
                        Onto::Itself => V::load_some(at, columns),
                        Onto::Row(from) => V::load_some(from.wrapping_add(k * V::LANES), columns),
                        Onto::Zero => zero,
                    };
                    alpha.madd(sums[r][k], old).store_some(at, columns);
                }
            }
            return;
        }
        let mut scaled = [[[T::ZERO; MOST_LANES]; C]; R];
        for r in 0..R {
            for k in 0..C {
                alpha.madd(sums[r][k], zero).store(scaled[r][k].as_mut_ptr());
            }
        }
        for r in 0..R {
            for l in 0..columns.min(C * V::LANES) {
                let at = c.add(r * row + l * column);
                let sum = scaled[r][l / V::LANES][l % V::LANES];
                *at = match onto {
                    Onto::Itself => *at + sum,
                    Onto::Row(from) => *from.add(l) + sum,
                    Onto::Zero => sum,
                };
            }
        }
    }
}
