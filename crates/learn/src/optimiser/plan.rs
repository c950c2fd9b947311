//! What is trained, at which own rate, within which limits.

use std::ops::Range;
use std::sync::Arc;

use attractor_network::{Constraint, Layout};
use attractor_numerics::Real;

use crate::pattern::fits;
use crate::phase::OwnRate;

/// Neighbouring parameters that are updated alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Place in the flat vector.
    pub range: Range<usize>,
    /// Factor in front of the learning rate.
    pub rate: f64,
    /// Smallest and largest value.
    pub limits: (f64, f64),
    /// Pulled towards 0 by an optimiser with weight decay.
    pub decays: bool,
}

/// What is trained: segments of the flat vector in ascending order; the rest stands still.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    segments: Vec<Segment>,
    /// Masks and signs of trained wirings, and where these lie.
    constraints: Vec<(Range<usize>, Arc<Constraint>)>,
}

impl Plan {
    /// The plan of a phase.
    ///
    /// Trained is what the network declares as trained (it computes no other gradients) and, with
    /// `train`, fits one of its patterns. Of the own rates that fit a parameter, the last holds; 0
    /// freezes it.
    pub fn new(
        layout: &Layout,
        train: Option<&[String]>,
        rates: &[OwnRate],
        decays: &[String],
    ) -> Self {
        let some_fits = |patterns: &[String], entry| patterns.iter().any(|p| fits(p, entry));
        let mut segments: Vec<Segment> = Vec::new();
        let mut constraints = Vec::new();
        for entry in layout.entries() {
            let trained = entry.trained && train.is_none_or(|patterns| some_fits(patterns, entry));
            let own = rates.iter().rev().find(|own| fits(&own.parameters, entry));
            let rate = own.map_or(1.0, |own| own.rate);
            if !trained || rate == 0.0 || entry.range.is_empty() {
                continue;
            }
            if let Some(constraint) = &entry.constraint {
                constraints.push((entry.range.clone(), constraint.clone()));
            }
            let decays = some_fits(decays, entry);
            let (range, limits) = (entry.range.clone(), entry.limits);
            match segments.last_mut() {
                Some(last)
                    if last.range.end == range.start
                        && (last.rate, last.limits, last.decays) == (rate, limits, decays) =>
                {
                    last.range.end = range.end;
                }
                _ => segments.push(Segment { range, rate, limits, decays }),
            }
        }
        Plan { segments, constraints }
    }

    /// A plan made by hand, of segments in ascending order that do not overlap.
    pub fn from_segments(segments: Vec<Segment>) -> Self {
        Plan { segments, constraints: Vec::new() }
    }

    /// The segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Brings what is trained back within the masks and signs of its wirings.
    pub fn hold<T: Real>(&self, parameters: &mut [T]) {
        for (range, constraint) in &self.constraints {
            constraint.apply(&mut parameters[range.clone()]);
        }
    }

    /// Number of trained parameters.
    pub fn len(&self) -> usize {
        self.segments.iter().map(|segment| segment.range.len()).sum()
    }

    /// Nothing is trained.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }
}

impl Segment {
    /// The limits in the precision of the parameters, rounded inwards.
    pub(super) fn bounds<T: Real>(&self) -> (T, T) {
        let (low, high) = self.limits;
        let ulp = if size_of::<T>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let (mut least, mut most) = (T::from_f64(low), T::from_f64(high));
        if least.to_f64() < low {
            least = T::from_f64(low + low.abs() * ulp);
        }
        if most.to_f64() > high {
            most = T::from_f64(high - high.abs() * ulp);
        }
        (least, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_rounded_inwards() {
        for x in [0.1, 0.3, -0.1, -0.3, 1.0, 20.0, 1e-3, 0.7] {
            let limits = (x, x + 0.1);
            let segment = Segment { range: 0..1, rate: 1.0, limits, decays: false };
            let (low, high) = segment.bounds::<f32>();
            assert!(f64::from(low) >= x && f64::from(high) <= x + 0.1, "{x}: {low} {high}");
            assert!((f64::from(low) - x).abs() < 1e-6);
            assert_eq!(segment.bounds::<f64>(), limits);
        }
        let free = Segment {
            range: 0..1,
            rate: 1.0,
            limits: (f64::NEG_INFINITY, f64::INFINITY),
            decays: false,
        };
        assert_eq!(free.bounds::<f32>(), (f32::NEG_INFINITY, f32::INFINITY));
    }
}
