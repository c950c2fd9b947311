//! Vector registers behind one trait, for the few loops the compiler does not vectorise by itself.

use crate::product::{Outer, Pass, Product, SparseOuter, SparseProduct};
use crate::random::Fill;
use crate::words::Words;
use crate::{Isa, Real};

/// A vector register of `T`.
///
/// # Safety
/// The methods may only run where the instruction set of the register is enabled, that is inside
/// [`dispatch`]; pointers must be valid for [`LANES`](Lanes::LANES) values, aligned or not.
#[doc(hidden)]
pub trait Lanes<T>: Copy {
    /// Values in one register.
    const LANES: usize;
    /// Rows of a register tile; [`COLUMNS`](Lanes::COLUMNS) registers each, they all stay in registers.
    const ROWS: usize;
    /// Registers in a row of a tile.
    const COLUMNS: usize;
    /// Integer registers of the instruction set.
    type Words: Words;

    unsafe fn splat(x: T) -> Self;
    unsafe fn load(from: *const T) -> Self;
    unsafe fn store(self, to: *mut T);
    /// The first `n` lanes, at most all; the rest is zero and not read.
    unsafe fn load_some(from: *const T, n: usize) -> Self;
    /// The first `n` lanes, at most all; the rest is not written.
    unsafe fn store_some(self, to: *mut T, n: usize);
    /// Asks for the cache line at `from`, which need not exist.
    unsafe fn prefetch(from: *const T);
    /// `self * a + b`
    unsafe fn madd(self, a: Self, b: Self) -> Self;
    unsafe fn add(self, a: Self) -> Self;
    /// Sum of the lanes, halves first.
    unsafe fn sum(self) -> T;
    /// The lanes of both in turn, from the first on: `self[0], a[0], self[1], …`.
    unsafe fn zip(self, a: Self) -> (Self, Self);
    /// One bit a lane, set where it is not 0; a NaN is not.
    unsafe fn nonzero(self) -> u64;
}

/// The registers of a precision in each instruction set.
#[doc(hidden)]
pub trait Registers: Sized {
    /// What the baseline has.
    type Portable: Lanes<Self>;
    /// 256 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Lanes<Self>;
    /// 512 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Lanes<Self>;
}

/// The kernels of a precision, concrete functions: generic ones would be compiled again in every crate
/// that calls them, for every instruction set.
///
/// # Safety
/// As [`Tiled::run`], but for the instruction set.
#[doc(hidden)]
pub trait Compiled: Sized {
    unsafe fn product(isa: Isa, job: Product<'_, Self>);
    unsafe fn outer(isa: Isa, job: Outer<Self>);
    unsafe fn sparse_product(isa: Isa, job: SparseProduct<'_, Self>);
    unsafe fn sparse_outer(isa: Isa, job: SparseOuter<'_, Self>);
    unsafe fn pass(isa: Isa, job: Pass<Self>);
    unsafe fn normal(isa: Isa, job: Fill<'_, Self, true>);
    unsafe fn uniform(isa: Isa, job: Fill<'_, Self, false>);
}

macro_rules! compiled {
    ($t:ty) => {
        impl Compiled for $t {
            unsafe fn product(isa: Isa, job: Product<'_, Self>) {
                // SAFETY: as the caller's
                unsafe { dispatch(isa, job) }
            }
            unsafe fn outer(isa: Isa, job: Outer<Self>) {
                // SAFETY: as the caller's
                unsafe { dispatch(isa, job) }
            }
            unsafe fn sparse_product(isa: Isa, job: SparseProduct<'_, Self>) {
                // SAFETY: as the caller's
                unsafe { dispatch(isa, job) }
            }
            unsafe fn sparse_outer(isa: Isa, job: SparseOuter<'_, Self>) {
                // SAFETY: as the caller's
                unsafe { dispatch(isa, job) }
            }
            unsafe fn pass(isa: Isa, job: Pass<Self>) {
                // SAFETY: as the caller's
                unsafe { dispatch(isa, job) }
            }
            unsafe fn normal(isa: Isa, job: Fill<'_, Self, true>) {
                // SAFETY: as the caller's
                unsafe { dispatch(isa, job) }
            }
            unsafe fn uniform(isa: Isa, job: Fill<'_, Self, false>) {
                // SAFETY: as the caller's
                unsafe { dispatch(isa, job) }
            }
        }
    };
}
compiled!(f32);
compiled!(f64);

/// A computation written for any register.
pub(crate) trait Tiled<T> {
    type Output;

    /// # Safety
    /// The instruction set of `V` is enabled; the rest is the implementor's.
    unsafe fn run<V: Lanes<T>>(self) -> Self::Output;
}

/// Runs a computation compiled for `isa`, or for the best this machine has if that is less.
///
/// # Safety
/// As [`Tiled::run`], but for the instruction set.
pub(crate) unsafe fn dispatch<T: Real, K: Tiled<T>>(isa: Isa, computation: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi2")]
        unsafe fn avx512<T: Real, K: Tiled<T>>(computation: K) -> K::Output {
            // SAFETY: as the caller's
            unsafe { computation.run::<T::Avx512>() }
        }
        #[target_feature(enable = "avx2,fma,bmi2")]
        unsafe fn avx2<T: Real, K: Tiled<T>>(computation: K) -> K::Output {
            // SAFETY: as the caller's
            unsafe { computation.run::<T::Avx2>() }
        }
        match isa.supported() {
            // SAFETY: just detected; the rest is the caller's
            Isa::Avx512 => return unsafe { avx512(computation) },
            // SAFETY: as above
            Isa::Avx2 => return unsafe { avx2(computation) },
            Isa::Portable => {}
        }
    }
    // SAFETY: the caller's; the baseline is always enabled
    unsafe { computation.run::<T::Portable>() }
}

/// Four values in 128 bits or two registers, whatever the compiler makes of it.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Array<T>([T; 4]);

impl<T: Real> Lanes<T> for Array<T> {
    const LANES: usize = 4;
    const ROWS: usize = 4;
    const COLUMNS: usize = 2;
    #[cfg(target_arch = "x86_64")]
    type Words = std::arch::x86_64::__m128i;
    #[cfg(not(target_arch = "x86_64"))]
    type Words = [u64; 4];

    #[inline(always)]
    unsafe fn splat(x: T) -> Self {
        Array([x; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: as the caller's
        Array(unsafe { from.cast::<[T; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: as the caller's
        unsafe { to.cast::<[T; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn load_some(from: *const T, n: usize) -> Self {
        let mut lanes = [T::ZERO; 4];
        for l in 0..n.min(4) {
            // SAFETY: as the caller's
            lanes[l] = unsafe { *from.add(l) };
        }
        Array(lanes)
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut T, n: usize) {
        for l in 0..n.min(4) {
            // SAFETY: as the caller's
            unsafe { *to.add(l) = self.0[l] }
        }
    }
    #[inline(always)]
    unsafe fn prefetch(_: *const T) {}
    #[inline(always)]
    unsafe fn madd(self, a: Self, b: Self) -> Self {
        let mut out = b;
        for l in 0..4 {
            out.0[l] += self.0[l] * a.0[l];
        }
        out
    }
    #[inline(always)]
    unsafe fn add(self, a: Self) -> Self {
        let mut out = self;
        for l in 0..4 {
            out.0[l] += a.0[l];
        }
        out
    }
    #[inline(always)]
    unsafe fn sum(self) -> T {
        (self.0[0] + self.0[2]) + (self.0[1] + self.0[3])
    }
    #[inline(always)]
    unsafe fn zip(self, a: Self) -> (Self, Self) {
        let (x, y) = (self.0, a.0);
        (Array([x[0], y[0], x[1], y[1]]), Array([x[2], y[2], x[3], y[3]]))
    }
    #[inline(always)]
    unsafe fn nonzero(self) -> u64 {
        let mut bits = 0;
        for l in 0..4 {
            bits |= u64::from(self.0[l] != T::ZERO) << l;
        }
        bits
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Lanes;

    /// A mask whose first `n` lanes are set.
    #[inline(always)]
    unsafe fn first_of_8(n: usize) -> __m256i {
        const EDGE: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
        // SAFETY: 8 values from 0..=8 on
        unsafe { _mm256_loadu_si256(EDGE.as_ptr().add(8 - n.min(8)).cast()) }
    }
    #[inline(always)]
    unsafe fn first_of_4(n: usize) -> __m256i {
        const EDGE: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];
        // SAFETY: 4 values from 0..=4 on
        unsafe { _mm256_loadu_si256(EDGE.as_ptr().add(4 - n.min(4)).cast()) }
    }
    #[inline(always)]
    unsafe fn first_bits_16(n: usize) -> __mmask16 {
        ((1u32 << n.min(16)) - 1) as __mmask16
    }
    #[inline(always)]
    unsafe fn first_bits_8(n: usize) -> __mmask8 {
        ((1u32 << n.min(8)) - 1) as __mmask8
    }

    /// Both halves of two registers: the first two, the last two.
    #[inline(always)]
    unsafe fn halves_ps(low: __m256, high: __m256) -> (__m256, __m256) {
        // SAFETY: as the caller's
        unsafe {
            let first = _mm256_permute2f128_ps::<0x20>(low, high);
            (first, _mm256_permute2f128_ps::<0x31>(low, high))
        }
    }
    #[inline(always)]
    unsafe fn halves_pd(low: __m256d, high: __m256d) -> (__m256d, __m256d) {
        // SAFETY: as the caller's
        unsafe {
            let first = _mm256_permute2f128_pd::<0x20>(low, high);
            (first, _mm256_permute2f128_pd::<0x31>(low, high))
        }
    }
    /// Lanes of two registers in turn, the first and the last halves.
    const TURNS_16: [[i32; 16]; 2] = [
        [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23],
        [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31],
    ];
    const TURNS_8: [[i64; 8]; 2] = [[0, 8, 1, 9, 2, 10, 3, 11], [4, 12, 5, 13, 6, 14, 7, 15]];

    macro_rules! lanes {
        ($v:ident, $t:ident, $words:ident, $lanes:literal, $rows:literal, $columns:literal;
         $splat:ident $load:ident $store:ident $madd:ident $add:ident;
         $mask:ident |$from:ident, $m:ident| $some:expr; |$to:ident, $k:ident, $x:ident| $put:expr;
         |$a:ident, $b:ident| $zip:expr; |$y:ident| $nonzero:expr) => {
            impl Lanes<$t> for $v {
                const LANES: usize = $lanes;
                const ROWS: usize = $rows;
                const COLUMNS: usize = $columns;
                type Words = $words;

                #[inline(always)]
                unsafe fn splat(x: $t) -> Self {
                    // SAFETY: as the caller's; so below
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: *const $t) -> Self {
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $t) {
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn load_some($from: *const $t, n: usize) -> Self {
                    unsafe {
                        let $m = $mask(n);
                        $some
                    }
                }
                #[inline(always)]
                unsafe fn store_some(self, $to: *mut $t, n: usize) {
                    unsafe {
                        let ($k, $x) = ($mask(n), self);
                        $put
                    }
                }
                #[inline(always)]
                unsafe fn prefetch(from: *const $t) {
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
                }
                #[inline(always)]
                unsafe fn madd(self, a: Self, b: Self) -> Self {
                    unsafe { $madd(self, a, b) }
                }
                #[inline(always)]
                unsafe fn add(self, a: Self) -> Self {
                    unsafe { $add(self, a) }
                }
                #[inline(always)]
                unsafe fn sum(self) -> $t {
                    let mut lanes = [0.0; $lanes];
                    unsafe { self.store(lanes.as_mut_ptr()) }
                    let mut half = $lanes / 2;
                    while half > 0 {
                        for l in 0..half {
                            lanes[l] += lanes[l + half];
                        }
                        half /= 2;
                    }
                    lanes[0]
                }
                #[inline(always)]
                unsafe fn zip(self, a: Self) -> (Self, Self) {
                    unsafe {
                        let ($a, $b) = (self, a);
                        $zip
                    }
                }
                #[inline(always)]
                unsafe fn nonzero(self) -> u64 {
                    unsafe {
                        let $y = self;
                        $nonzero
                    }
                }
            }
        };
    }
    // 16 registers: 4 × 3 sums, 3 columns, 1 row; 32 registers: 8 × 3 sums, 3 columns, 1 row
    lanes!(__m256, f32, __m256i, 8, 4, 2;
        _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_fmadd_ps _mm256_add_ps;
        first_of_8 |p, m| _mm256_maskload_ps(p, m); |p, m, x| _mm256_maskstore_ps(p, m, x);
        |a, b| halves_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        |x| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(x, _mm256_setzero_ps())) as u64);
    lanes!(__m256d, f64, __m256i, 4, 4, 2;
        _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_fmadd_pd _mm256_add_pd;
        first_of_4 |p, m| _mm256_maskload_pd(p, m); |p, m, x| _mm256_maskstore_pd(p, m, x);
        |a, b| halves_pd(_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        |x| _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_NEQ_UQ>(x, _mm256_setzero_pd())) as u64);
    lanes!(__m512, f32, __m512i, 16, 8, 3;
        _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_fmadd_ps _mm512_add_ps;
        first_bits_16 |p, m| _mm512_maskz_loadu_ps(m, p); |p, m, x| _mm512_mask_storeu_ps(p, m, x);
        |a, b| {
            let first = _mm512_loadu_si512(TURNS_16[0].as_ptr().cast());
            let last = _mm512_loadu_si512(TURNS_16[1].as_ptr().cast());
            (_mm512_permutex2var_ps(a, first, b), _mm512_permutex2var_ps(a, last, b))
        };
        |x| u64::from(_mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(x, _mm512_setzero_ps())));
    lanes!(__m512d, f64, __m512i, 8, 8, 3;
        _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_fmadd_pd _mm512_add_pd;
        first_bits_8 |p, m| _mm512_maskz_loadu_pd(m, p); |p, m, x| _mm512_mask_storeu_pd(p, m, x);
        |a, b| {
            let first = _mm512_loadu_si512(TURNS_8[0].as_ptr().cast());
            let last = _mm512_loadu_si512(TURNS_8[1].as_ptr().cast());
            (_mm512_permutex2var_pd(a, first, b), _mm512_permutex2var_pd(a, last, b))
        };
        |x| u64::from(_mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(x, _mm512_setzero_pd())));
}

impl Registers for f32 {
    type Portable = Array<f32>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512;
}

impl Registers for f64 {
    type Portable = Array<f64>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256d;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512d;
}
