//! Numbers that begin at a cache line.

use crate::Real;

/// Numbers of a line: one cache line of f32, two of f64.
const NUMBERS: usize = 16;

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line<T>([T; NUMBERS]);

/// Whole lines of numbers, so that a register that lies at a multiple of its length is loaded from one.
#[derive(Clone, Debug)]
pub(super) struct Lines<T>(Vec<Line<T>>);

impl<T: Real> Lines<T> {
    /// As many zeros as lines of `length` numbers hold.
    pub(super) fn zeros(length: usize) -> Self {
        Lines(vec![Line([T::ZERO; NUMBERS]); length.div_ceil(NUMBERS)])
    }

    pub(super) fn as_ptr(&self) -> *const T {
        self.0.as_ptr().cast()
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }

    pub(super) fn values(&self) -> &[T] {
        // SAFETY: 16 values have no padding in f32 (64 bytes) and f64 (128 bytes)
        unsafe { std::slice::from_raw_parts(self.as_ptr(), self.0.len() * NUMBERS) }
    }

    pub(super) fn values_mut(&mut self) -> &mut [T] {
        // SAFETY: as above
        unsafe { std::slice::from_raw_parts_mut(self.as_mut_ptr(), self.0.len() * NUMBERS) }
    }
}
