//! Shapes of points, so that kinds can be told apart without colour.

/// The shape of a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    #[default]
    Circle,
    /// A square on its side.
    Square,
    /// A square on its corner.
    Diamond,
    /// A triangle, point up.
    Triangle,
}

impl Marker {
    /// Corners around the origin, y downwards, of about the area of a disc of this radius; none for the disc itself.
    pub(crate) fn corners(self, radius: f64) -> Vec<(f64, f64)> {
        let r = radius;
        match self {
            Marker::Circle => Vec::new(),
            Marker::Square => {
                let h = 0.89 * r;
                vec![(-h, -h), (h, -h), (h, h), (-h, h)]
            }
            Marker::Diamond => {
                let h = 1.25 * r;
                vec![(0.0, -h), (h, 0.0), (0.0, h), (-h, 0.0)]
            }
            Marker::Triangle => {
                let (half, up, down) = (1.25 * r, 1.3 * r, 0.85 * r);
                vec![(0.0, -up), (half, down), (-half, down)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shapes_weigh_the_same() {
        let area = |corners: &[(f64, f64)]| {
            let next = corners.iter().cycle().skip(1);
            let cross: f64 = corners.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
            cross.abs() / 2.0
        };
        for marker in [Marker::Square, Marker::Diamond, Marker::Triangle] {
            let ratio = area(&marker.corners(2.0)) / (4.0 * std::f64::consts::PI);
            assert!((0.8..1.2).contains(&ratio), "{marker:?} {ratio}");
        }
    }
}
