//! Factors that are mostly 0, such as spikes: which of their values are not, and sums over those alone.

use crate::Real;
use crate::lanes::Lanes;

/// Skipping pays where at most one value in so many is not 0.
const SPARSE: usize = 4;

/// One bit for each value of some rows that are mostly 0, set where it is not.
pub(super) struct Masks {
    /// `[row, word]`
    words: Vec<u64>,
    /// Words of a row.
    width: usize,
    /// The places of one row.
    places: Vec<u32>,
}

impl Masks {
    /// Looks at `rows × columns` values; nothing if too many of them are not 0. A first row that is busy
    /// is enough to say so: dense activity is not looked at any further.
    #[inline(always)]
    pub(super) unsafe fn of<T: Real, V: Lanes<T>>(
        x: *const T,
        ld: usize,
        columns: usize,
        rows: usize,
    ) -> Option<Masks> {
        let width = columns.div_ceil(64);
        let mut count = 0;
        for k in 0..width {
            // SAFETY: as the caller's
            count += unsafe { bits::<T, V>(x.add(k * 64), columns - k * 64) }.count_ones() as usize;
        }
        if 2 * count > columns {
            return None;
        }
        let most = rows * columns / SPARSE;
        let mut words = Vec::with_capacity(rows * width);
        count = 0;
        for row in 0..rows {
            for k in 0..width {
                // SAFETY: as the caller's
                let word = unsafe { bits::<T, V>(x.add(row * ld + k * 64), columns - k * 64) };
                count += word.count_ones() as usize;
                words.push(word);
            }
            if count > most {
                return None;
            }
        }
        Some(Masks { words, width, places: vec![0; columns] })
    }

    /// The places of a row's values that are not 0, in order.
    #[inline(always)]
    pub(super) fn places(&mut self, row: usize) -> &[u32] {
        let mut count = 0;
        for (k, &word) in self.words[row * self.width..][..self.width].iter().enumerate() {
            let mut bits = word;
            while bits != 0 {
                self.places[count] = (k * 64) as u32 + bits.trailing_zeros();
                count += 1;
                bits &= bits - 1;
            }
        }
        &self.places[..count]
    }
}

/// The bits of up to 64 of `n` values that are not 0.
#[inline(always)]
unsafe fn bits<T: Real, V: Lanes<T>>(x: *const T, n: usize) -> u64 {
    let (mut bits, mut l, n) = (0, 0, n.min(64));
    // SAFETY: as the caller's
    unsafe {
        while l + V::LANES <= n {
            bits |= V::load(x.add(l)).nonzero() << l;
            l += V::LANES;
        }
        if l < n {
            bits |= V::load_some(x.add(l), n - l).nonzero() << l;
        }
    }
    bits
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

/// `g[place] += d[place] x` for rows of `g` `ldg` values apart, of which the first `columns` are meant.
#[inline(always)]
pub(super) unsafe fn add_to<T: Real, V: Lanes<T>, const C: usize>(
    places: &[u32],
    d: *const T,
    x: *const T,
    g: *mut T,
    ldg: usize,
    columns: usize,
) {
    // SAFETY: as the caller's
    unsafe {
        let left = |c: usize| columns.saturating_sub(c * V::LANES);
        let mut row = [V::splat(T::ZERO); C];
        for c in 0..C {
            row[c] = V::load_some(x.add(c * V::LANES), left(c));
        }
        let whole = columns >= C * V::LANES;
        for &place in places {
            let (d, g) = (V::splat(*d.add(place as usize)), g.add(place as usize * ldg));
            for c in 0..C {
                let at = g.add(c * V::LANES);
                if whole {
                    d.madd(row[c], V::load(at)).store(at);
                } else {
                    d.madd(row[c], V::load_some(at, left(c))).store_some(at, left(c));
                }
            }
        }
    }
}
