//! Registers of 32-bit words in 64-bit lanes, for counter-based random numbers.

/// Words in the lower halves of 64-bit lanes; the upper halves may hold anything.
///
/// # Safety
/// As for [`Lanes`](crate::lanes::Lanes).
#[doc(hidden)]
pub trait Words: Copy {
    /// Words in one register.
    const LANES: usize;

    unsafe fn splat(word: u32) -> Self;
    /// `first, first + 1, …`
    unsafe fn count_from(first: u32) -> Self;
    /// 64-bit products of the words with `factor`.
    unsafe fn multiply(self, factor: u32) -> Self;
    /// Upper halves, moved to the lower halves.
    unsafe fn upper(self) -> Self;
    unsafe fn xor(self, other: Self) -> Self;
    /// Stores the words of `self` and then those of `next`, next to each other.
    unsafe fn store_with(self, next: Self, to: *mut u32);
}

/// For machines without registers of their own here.
impl Words for [u64; 4] {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(word: u32) -> Self {
        [u64::from(word); 4]
    }
    #[inline(always)]
    unsafe fn count_from(first: u32) -> Self {
        let mut lanes = [0; 4];
        for l in 0..4 {
            lanes[l] = u64::from(first.wrapping_add(l as u32));
        }
        lanes
    }
    #[inline(always)]
    unsafe fn multiply(mut self, factor: u32) -> Self {
        for l in 0..4 {
            self[l] = (self[l] & 0xffff_ffff) * u64::from(factor);
        }
        self
    }
    #[inline(always)]
    unsafe fn upper(mut self) -> Self {
        for l in 0..4 {
            self[l] >>= 32;
        }
        self
    }
    #[inline(always)]
    unsafe fn xor(mut self, other: Self) -> Self {
        for l in 0..4 {
            self[l] ^= other[l];
        }
        self
    }
    #[inline(always)]
    unsafe fn store_with(self, next: Self, to: *mut u32) {
        let mut words = [0; 8];
        for l in 0..4 {
            words[l] = self[l] as u32;
            words[l + 4] = next[l] as u32;
        }
        // SAFETY: as the caller's
        unsafe { to.cast::<[u32; 8]>().write_unaligned(words) }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Words;

    macro_rules! words {
        ($v:ident, $lanes:literal, $splat:ident $add:ident $multiply:ident $shift:ident $xor:ident,
         $count:expr, |$a:ident, $b:ident, $to:ident| $store:expr) => {
            impl Words for $v {
                const LANES: usize = $lanes;

                #[inline(always)]
                unsafe fn splat(word: u32) -> Self {
                    // SAFETY: as the caller's; so below
                    unsafe { $splat(i64::from(word)) }
                }
                #[inline(always)]
                unsafe fn count_from(first: u32) -> Self {
                    unsafe { $add(Self::splat(first), $count) }
                }
                #[inline(always)]
                unsafe fn multiply(self, factor: u32) -> Self {
                    unsafe { $multiply(self, Self::splat(factor)) }
                }
                #[inline(always)]
                unsafe fn upper(self) -> Self {
                    unsafe { $shift::<32>(self) }
                }
                #[inline(always)]
                unsafe fn xor(self, other: Self) -> Self {
                    unsafe { $xor(self, other) }
                }
                #[inline(always)]
                unsafe fn store_with(self, next: Self, $to: *mut u32) {
                    let ($a, $b) = (self, next);
                    unsafe { $store }
                }
            }
        };
    }
    words!(__m128i, 2, _mm_set1_epi64x _mm_add_epi64 _mm_mul_epu32 _mm_srli_epi64 _mm_xor_si128,
    _mm_set_epi64x(1, 0), |a, b, to| {
        let (a, b) = (_mm_castsi128_ps(a), _mm_castsi128_ps(b));
        _mm_storeu_ps(to.cast(), _mm_shuffle_ps::<0b10_00_10_00>(a, b));
    });
    words!(__m256i, 4,
    _mm256_set1_epi64x _mm256_add_epi64 _mm256_mul_epu32 _mm256_srli_epi64 _mm256_xor_si256,
    _mm256_setr_epi64x(0, 1, 2, 3), |a, b, to| {
        let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
        let mixed = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(mixed);
        _mm256_storeu_si256(to.cast(), words);
    });
    words!(__m512i, 8,
    _mm512_set1_epi64 _mm512_add_epi64 _mm512_mul_epu32 _mm512_srli_epi64 _mm512_xor_si512,
    _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), |a, b, to| {
        let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        _mm512_storeu_si512(to.cast(), _mm512_permutex2var_epi32(a, even, b));
    });
}
