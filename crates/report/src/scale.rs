//! From data to position: linear and logarithmic scales, and the range an axis takes from its data.

use crate::{
    matrix::tame,
    ticks::{self, Ticks},
};

/// A monotone map from an interval of data to 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) lo: f64,
    pub(crate) hi: f64,
    pub(crate) log: bool,
}

impl Scale {
    /// A scale over `lo..=hi`; intervals of no width, of no order or of non-positive numbers on a logarithmic scale
    /// are widened to something that can be drawn.
    pub(crate) fn new(lo: f64, hi: f64, log: bool) -> Scale {
        // Room for padding: no end comes near the largest number.
        let (lo, hi) = (tame(lo).clamp(-1e280, 1e280), tame(hi).clamp(-1e280, 1e280));
        let (lo, hi) = match (lo.is_nan(), hi.is_nan()) {
            (true, true) => (if log { 0.1 } else { 0.0 }, 1.0),
            (true, false) => (hi, hi),
            (false, true) => (lo, lo),
            _ if lo > hi => (hi, lo),
            _ => (lo, hi),
        };
        if log {
            // Within 1e±140 the ratio of the ends is finite whatever they are.
            let hi = if hi > 0.0 { hi.clamp(1e-140, 1e140) } else { 1.0 };
            let lo = if lo > 0.0 { lo.clamp(1e-140, 1e140) } else { hi * 1e-3 };
            return if hi / lo < 1.02 {
                Scale { lo: lo / 1.5, hi: hi * 1.5, log }
            } else {
                Scale { lo, hi, log }
            };
        }
        let size = lo.abs().max(hi.abs());
        if hi - lo > 1e-9 * size && hi - lo > 1e-290 {
            return Scale { lo, hi, log };
        }
        let pad = if size > 1e-280 { 0.1 * size } else { 1.0 };
        Scale { lo: lo - pad, hi: hi + pad, log }
    }

    /// Position of a value: 0 at `lo`, 1 at `hi`, beyond outside. Nothing for what has no place on this scale.
    pub(crate) fn position(&self, v: f64) -> Option<f64> {
        let v = tame(v);
        let p = if self.log {
            if v <= 0.0 {
                return None;
            }
            (v.log10() - self.lo.log10()) / (self.hi.log10() - self.lo.log10())
        } else {
            (v - self.lo) / (self.hi - self.lo)
        };
        p.is_finite().then_some(p)
    }

    /// Widened by a fraction of its length at both ends.
    pub(crate) fn padded(self, fraction: f64) -> Scale {
        if self.log {
            let f = (self.hi / self.lo).powf(fraction);
            return Scale { lo: self.lo / f, hi: self.hi * f, log: true };
        }
        let pad = fraction * (self.hi - self.lo);
        Scale { lo: self.lo - pad, hi: self.hi + pad, log: false }
    }

    /// At most about `most` ticks.
    pub(crate) fn ticks(&self, most: usize) -> Ticks {
        if self.log {
            ticks::logarithmic(self.lo, self.hi, most)
        } else {
            ticks::linear(self.lo, self.hi, most)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_intervals_become_drawable() {
        assert_eq!(Scale::new(f64::NAN, f64::NAN, false), Scale { lo: 0.0, hi: 1.0, log: false });
        assert_eq!(Scale::new(2.0, 2.0, false), Scale { lo: 1.8, hi: 2.2, log: false });
        assert_eq!(Scale::new(0.0, 0.0, false), Scale { lo: -1.0, hi: 1.0, log: false });
        assert_eq!(Scale::new(-1.0, 10.0, true), Scale { lo: 0.01, hi: 10.0, log: true });
        assert_eq!(Scale::new(3.0, 1.0, false), Scale { lo: 1.0, hi: 3.0, log: false });
        assert_eq!(Scale::new(0.1, 1.0, true).position(-1.0), None);
        assert_eq!(Scale::new(0.0, 1.0, false).position(f64::NAN), None);
    }

    proptest! {
        #[test]
        fn any_two_numbers_make_a_rising_scale_with_ticks(a in any::<f64>(), b in any::<f64>(), log: bool) {
            let s = Scale::new(a, b, log).padded(0.05);
            prop_assert!(s.lo < s.hi && s.lo.is_finite() && s.hi.is_finite(), "{s:?}");
            let (p, q) = (s.position(s.lo).unwrap(), s.position(s.hi).unwrap());
            prop_assert!(p.abs() < 1e-6 && (q - 1.0).abs() < 1e-6, "{s:?} {p} {q}");
            let t = s.ticks(5);
            prop_assert!(t.major.len() <= 8);
            prop_assert!(t.major.iter().all(|m| s.position(m.0).is_some()), "{s:?} {t:?}");
        }
    }
}
