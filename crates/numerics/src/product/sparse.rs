//! Factors that are mostly 0, such as spikes: which of their values are not, and sums over those alone.
//!
//! Sums run in the order of the dense kernels and leave out only what adds 0 to them, so the bits are the
//! same whichever way is taken.

use crate::Real;
use crate::lanes::Lanes;

/// Skipping pays where at most one value in so many is not 0.
const SPARSE: usize = 4;
/// Rows of a block of [`Buckets`].
pub(super) const BLOCK: usize = 128;

/// The bits of up to 64 values that are not 0.
#[inline(always)]
unsafe fn bits<T: Real, V: Lanes<T>>(x: *const T, n: usize) -> u64 {
    let (mut bits, mut l) = (0, 0);
    while l < n.min(64) {
        // SAFETY: as the caller's
        bits |= unsafe { V::load_some(x.add(l), n - l).nonzero() } << l;
        l += V::LANES;
    }
    bits
}

/// Whether few enough of `rows × columns` values are not 0; looks no further once they are too many.
#[inline(always)]
pub(super) unsafe fn few<T: Real, V: Lanes<T>>(
    x: *const T,
    ld: usize,
    columns: usize,
    rows: usize,
) -> bool {
    let most = rows * columns / SPARSE;
    let mut count = 0;
    for row in 0..rows {
        for first in (0..columns).step_by(64) {
            // SAFETY: as the caller's
            let bits = unsafe { bits::<T, V>(x.add(row * ld + first), columns - first) };
            count += bits.count_ones() as usize;
        }
        if count > most {
            return false;
        }
    }
    true
}

/// Calls `found` with the places of a row's values that are not 0, in order.
#[inline(always)]
unsafe fn each<T: Real, V: Lanes<T>>(x: *const T, columns: usize, mut found: impl FnMut(usize)) {
    for first in (0..columns).step_by(64) {
        // SAFETY: as the caller's
        let mut bits = unsafe { bits::<T, V>(x.add(first), columns - first) };
        while bits != 0 {
            found(first + bits.trailing_zeros() as usize);
            bits &= bits - 1;
        }
    }
}

/// Room for the places of one row's values that are not 0.
pub(super) struct Places(Vec<u32>);

impl Places {
    #[inline(always)]
    pub(super) fn new(columns: usize) -> Self {
        Places(vec![0; columns])
    }

    /// The places of a row.
    #[inline(always)]
    pub(super) unsafe fn of_row<T: Real, V: Lanes<T>>(
        &mut self,
        x: *const T,
        columns: usize,
    ) -> &[u32] {
        let mut count = 0;
        // SAFETY: as the caller's; there are at most as many places as columns
        unsafe {
            each::<T, V>(x, columns, |place| {
                *self.0.get_unchecked_mut(count) = place as u32;
                count += 1;
            });
        }
        &self.0[..count]
    }
}

/// `Σ x[place] w[place]` over rows of registers `width` values apart.
#[inline(always)]
pub(super) unsafe fn sums_of<T: Real, V: Lanes<T>, const C: usize>(
    places: &[u32],
    x: *const T,
    w: *const T,
    width: usize,
) -> [V; C] {
    // SAFETY: as the caller's
    unsafe {
        let mut sums = [V::splat(T::ZERO); C];
        for &place in places {
            let (x, w) = (V::splat(*x.add(place as usize)), w.add(place as usize * width));
            for c in 0..C {
                sums[c] = x.madd(V::load(w.add(c * V::LANES)), sums[c]);
            }
        }
        sums
    }
}

/// For each column of a block of rows, the rows in which it is not 0.
pub(super) struct Buckets {
    rows: Vec<[u8; BLOCK]>,
    counts: Vec<u8>,
}

impl Buckets {
    #[inline(always)]
    pub(super) fn new(columns: usize) -> Self {
        Buckets { rows: vec![[0; BLOCK]; columns], counts: vec![0; columns] }
    }

    /// Looks through at most 128 rows.
    #[inline(always)]
    pub(super) unsafe fn fill<T: Real, V: Lanes<T>>(
        &mut self,
        d: *const T,
        ld: usize,
        columns: usize,
        rows: usize,
    ) {
        self.counts.fill(0);
        for row in 0..rows.min(BLOCK) {
            // SAFETY: as the caller's; each row is counted once, so a bucket holds all of its rows
            unsafe {
                each::<T, V>(d.add(row * ld), columns, |column| {
                    let count = self.counts.get_unchecked_mut(column);
                    self.rows.get_unchecked_mut(column)[usize::from(*count) % BLOCK] = row as u8;
                    *count += 1;
                });
            }
        }
    }

    #[inline(always)]
    pub(super) fn of(&self, column: usize) -> &[u8] {
        &self.rows[column][..usize::from(self.counts[column])]
    }
}

/// `Σ a[row] b[row]` over some rows, registers along b, whose columns may end within them.
#[inline(always)]
pub(super) unsafe fn gather<T: Real, V: Lanes<T>, const C: usize>(
    rows: &[u8],
    a: *const T,
    lda: usize,
    b: *const T,
    ldb: usize,
    columns: usize,
) -> [V; C] {
    // SAFETY: as the caller's
    unsafe {
        let mut sums = [V::splat(T::ZERO); C];
        if columns >= C * V::LANES {
            for &row in rows {
                let (a, b) =
                    (V::splat(*a.add(usize::from(row) * lda)), b.add(usize::from(row) * ldb));
                for c in 0..C {
                    sums[c] = a.madd(V::load(b.add(c * V::LANES)), sums[c]);
                }
            }
            return sums;
        }
        for &row in rows {
            let (a, b) = (V::splat(*a.add(usize::from(row) * lda)), b.add(usize::from(row) * ldb));
            for c in 0..C {
                let left = columns.saturating_sub(c * V::LANES);
                sums[c] = a.madd(V::load_some(b.add(c * V::LANES), left), sums[c]);
            }
        }
        sums
    }
}
