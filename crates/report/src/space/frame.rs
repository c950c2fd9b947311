//! The box around the data, and how it is seen: the same arithmetic as in `space.js`.

use super::StateSpace;
use crate::matrix::{finite_range, tame};

/// A box whose longest side is 2 and whose short sides are no less than this share of it, so that a third axis of
/// little variance is still seen; the numbers on the axes stay true.
const SHORTEST: f64 = 0.5;

/// The box that holds everything, centred on the origin once scaled.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// Lowest and highest value of each axis.
    pub(crate) range: [(f64, f64); 3],
    /// Half the side of the box along each axis, at most 1.
    pub(crate) half: [f64; 3],
}

impl Bounds {
    pub(crate) fn of(space: &StateSpace) -> Bounds {
        let lines = space.trajectories.iter().flat_map(|t| t.points.iter());
        Bounds::around(lines.chain(space.points.iter().map(|p| &p.position)).copied())
    }

    /// The box around positions, whichever are finite.
    pub(crate) fn around(positions: impl Iterator<Item = [f64; 3]>) -> Bounds {
        let whole = |p: &[f64; 3]| p.iter().all(|&v| tame(v).is_finite());
        let all: Vec<[f64; 3]> = positions.filter(whole).collect();
        let range = [0, 1, 2].map(|k| {
            let (lo, hi) = finite_range(all.iter().map(|p| tame(p[k]))).unwrap_or((0.0, 1.0));
            let pad = if hi - lo > 1e-290 { 0.04 * (hi - lo) } else { 1.0 };
            (lo - pad, hi + pad)
        });
        let longest = range.iter().map(|r| r.1 - r.0).fold(0.0, f64::max);
        let half = range.map(|r| ((r.1 - r.0) / longest).max(SHORTEST));
        Bounds { range, half }
    }

    /// Position in the scaled box; nothing for what is not finite.
    pub(crate) fn place(&self, p: &[f64; 3]) -> Option<[f64; 3]> {
        let place = |k: usize| {
            let (lo, hi) = self.range[k];
            (2.0 * (tame(p[k]) - lo) / (hi - lo) - 1.0) * self.half[k]
        };
        let placed = [place(0), place(1), place(2)];
        placed.iter().all(|v| v.is_finite()).then_some(placed)
    }
}

/// A view from a direction, without perspective.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Projection {
    right: [f64; 3],
    up: [f64; 3],
    towards: [f64; 3],
}

impl Projection {
    /// Seen from an azimuth and an elevation in degrees.
    pub(crate) fn new((azimuth, elevation): (f64, f64)) -> Projection {
        let (sa, ca) = azimuth.to_radians().sin_cos();
        let (se, ce) = elevation.to_radians().sin_cos();
        Projection {
            right: [-sa, ca, 0.0],
            up: [-se * ca, -se * sa, ce],
            towards: [ce * ca, ce * sa, se],
        }
    }

    /// Right and up.
    pub(crate) fn flat(&self, p: &[f64; 3]) -> (f64, f64) {
        (dot(&self.right, p), dot(&self.up, p))
    }

    /// How near a place is to the viewer.
    pub(crate) fn depth(&self, p: &[f64; 3]) -> f64 {
        dot(&self.towards, p)
    }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The edge of the box along one axis that carries its label: of the outline, the lower one, and for the upright
/// axis the left one. Both ends, in the scaled box.
pub(crate) fn labelled_edge(axis: usize, half: &[f64; 3], view: &Projection) -> [[f64; 3]; 2] {
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut best: Option<(f64, [[f64; 3]; 2])> = None;
    for (su, sv) in [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)] {
        let normal = |k: usize, s: f64| {
            let mut n = [0.0; 3];
            n[k] = s;
            view.depth(&n) > 0.0
        };
        // On the outline one of the two faces that meet looks at the viewer and the other does not.
        if normal(u, su) == normal(v, sv) {
            continue;
        }
        let end = |along: f64| {
            let mut p = [0.0; 3];
            (p[axis], p[u], p[v]) = (along * half[axis], su * half[u], sv * half[v]);
            p
        };
        let ends = [end(-1.0), end(1.0)];
        let middle = view.flat(&[0, 1, 2].map(|k| (ends[0][k] + ends[1][k]) / 2.0));
        let rank = if axis == 2 { middle.0 } else { middle.1 };
        if best.is_none_or(|(b, _)| rank < b) {
            best = Some((rank, ends));
        }
    }
    best.map_or([[0.0; 3]; 2], |b| b.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_is_a_rotation() {
        for view in [(0.0, 0.0), (-58.0, 24.0), (123.0, -71.0)] {
            let p = Projection::new(view);
            let at = [0.3, -0.8, 0.5];
            let (x, y) = p.flat(&at);
            let length = (x * x + y * y + p.depth(&at).powi(2)).sqrt();
            assert!((length - dot(&at, &at).sqrt()).abs() < 1e-12);
        }
        // From the front of the first axis: the second runs to the right, the third up.
        let front = Projection::new((0.0, 0.0));
        assert_eq!(front.flat(&[0.0, 1.0, 0.0]), (1.0, 0.0));
        assert_eq!(front.flat(&[0.0, 0.0, 1.0]), (0.0, 1.0));
    }

    #[test]
    fn a_position_that_is_not_whole_does_not_stretch_the_box() {
        use crate::Trajectory;
        let space = StateSpace::new(["a", "b", "c"])
            .trajectory(Trajectory::new("x", [[1.0, 2.0, 3.0], [f64::NAN, -9.0, 0.0]]))
            .trajectory(Trajectory::new("y", [[2.0, 2.5, 3.5]]));
        let bounds = Bounds::of(&space);
        assert!((bounds.range[1].0 - 1.98).abs() < 1e-12, "{bounds:?}");
        assert_eq!(bounds.half, [1.0, 0.5, 0.5]);
        assert!(space.figure(crate::Width::Single).notes()[0].starts_with("1 position that"));
    }

    #[test]
    fn labels_stand_on_the_outline() {
        let half = [1.0, 0.6, 0.5];
        let view = Projection::new((-58.0, 24.0));
        for axis in 0..3 {
            let [a, b] = labelled_edge(axis, &half, &view);
            assert!((a[axis] + half[axis]).abs() < 1e-12 && (b[axis] - half[axis]).abs() < 1e-12);
        }
        let [a, _] = labelled_edge(0, &half, &view);
        assert_eq!(a[2], -half[2], "the first axis is labelled at the floor");
    }
}
