//! Rows turned so that they lie side by side in registers, and back.

use super::tile::MOST_LANES;
use crate::Real;
use crate::lanes::Lanes;

/// `turned[column, row] = x[row, column]`, columns `R` registers apart; rows that are missing are 0.
///
/// # Safety
/// `x` holds the rows, `turned` the columns.
#[inline(always)]
pub(super) unsafe fn turn<T: Real, V: Lanes<T>, const R: usize>(
    x: *const T,
    ldx: usize,
    rows: usize,
    columns: usize,
    turned: *mut T,
) {
    // SAFETY: as the caller's
    unsafe {
        let width = R * V::LANES;
        for first in (0..columns).step_by(V::LANES) {
            let there = V::LANES.min(columns - first);
            for register in (0..width).step_by(V::LANES) {
                let mut tile = [V::splat(T::ZERO); MOST_LANES];
                for row in register..rows.min(register + V::LANES) {
                    tile[row - register] = V::load_some(x.add(row * ldx + first), there);
                }
                transpose(&mut tile);
                for column in 0..there {
                    tile[column].store(turned.add((first + column) * width + register));
                }
            }
        }
    }
}

/// `y[row, column] (+)= alpha turned[column, row]`, as [`turn`].
///
/// # Safety
/// `y` holds the rows, `turned` the columns.
#[inline(always)]
pub(super) unsafe fn turn_back<T: Real, V: Lanes<T>, const R: usize>(
    turned: *const T,
    rows: usize,
    columns: usize,
    y: *mut T,
    ldy: usize,
    alpha: T,
    accumulate: bool,
) {
    // SAFETY: as the caller's
    unsafe {
        let width = R * V::LANES;
        let alpha = V::splat(alpha);
        for first in (0..columns).step_by(V::LANES) {
            let there = V::LANES.min(columns - first);
            for register in (0..width).step_by(V::LANES) {
                let mut tile = [V::splat(T::ZERO); MOST_LANES];
                for column in 0..there {
                    tile[column] = V::load(turned.add((first + column) * width + register));
                }
                transpose(&mut tile);
                for row in register..rows.min(register + V::LANES) {
                    let at = y.add(row * ldy + first);
                    let old = V::load_some(at, if accumulate { there } else { 0 });
                    tile[row - register].madd(alpha, old).store_some(at, there);
                }
            }
        }
    }
}

/// The transpose of a square of registers. Each pass turns the bits of row and lane, read as one
/// number, by one.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn transpose<T, V: Lanes<T>>(tile: &mut [V; MOST_LANES]) {
    // SAFETY: as the caller's
    unsafe {
        for _ in 0..V::LANES.ilog2() {
            let old = *tile;
            for k in 0..V::LANES / 2 {
                (tile[2 * k], tile[2 * k + 1]) = old[k].zip(old[k + V::LANES / 2]);
            }
        }
    }
}
