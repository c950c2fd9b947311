//! A ring of units with preferred directions: bumps of activity, and the direction they point in.

use std::f64::consts::{PI, TAU};

/// Height of a bump of strength 1.
const HEIGHT: f64 = 0.8;
/// Width of a bump (standard deviation), rad.
const WIDTH: f64 = PI / 8.0;

/// Units whose preferred directions divide the circle evenly, `θ_i = 2π i / n`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ring {
    /// cos θ_i and sin θ_i.
    axes: Vec<(f64, f64)>,
}

impl Ring {
    /// A ring of so many units.
    pub(crate) fn new(units: usize) -> Self {
        let angle = |i: usize| TAU * i as f64 / units as f64;
        Ring { axes: (0..units).map(|i| (angle(i).cos(), angle(i).sin())).collect() }
    }

    /// Number of units.
    pub(crate) fn units(&self) -> usize {
        self.axes.len()
    }

    /// The activity that a stimulus in direction ψ with strength γ causes:
    /// `u_i = 0.8 γ exp(−½ (8 |ψ − θ_i| / π)²)`, distances around the circle.
    pub(crate) fn bump(&self, direction: f64, strength: f64) -> Vec<f32> {
        let (direction, units) = (wrap(direction), self.units() as f64);
        let bump = |i: usize| {
            let d = (direction - TAU * i as f64 / units).abs();
            let d = d.min(TAU - d) / WIDTH;
            (strength * HEIGHT * (-0.5 * d * d).exp()) as f32
        };
        (0..self.units()).map(bump).collect()
    }

    /// The population vector's direction, `arg Σ r_i exp(i θ_i)` in 0..2π; none if it has no length.
    pub(crate) fn direction(&self, activity: impl Iterator<Item = f32>) -> Option<f64> {
        let (x, y) =
            self.axes.iter().zip(activity).fold((0.0, 0.0), |(x, y), ((c, s), r)| {
                (x + f64::from(r) * c, y + f64::from(r) * s)
            });
        // what rounding leaves of a flat profile points nowhere
        (x.hypot(y) > 1e-6).then(|| wrap(y.atan2(x)))
    }
}

/// An angle in 0..2π.
pub(crate) fn wrap(angle: f64) -> f64 {
    let angle = angle.rem_euclid(TAU);
    // a tiny negative angle is rounded up to 2π itself
    if angle < TAU { angle } else { 0.0 }
}

/// The angle between two directions, 0..=π.
pub(crate) fn apart(a: f64, b: f64) -> f64 {
    let d = wrap(a - b);
    d.min(TAU - d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bump_is_the_published_function_around_the_circle() {
        let ring = Ring::new(32);
        let bump = ring.bump(TAU * 3.0 / 32.0, 1.25);
        assert_eq!(bump[3], 1.0, "0.8 times the strength at the preferred direction");
        // two units away: 8 d / π = 1
        let expected = (1.0 * (-0.5_f64).exp()) as f32;
        assert!((bump[5] - expected).abs() < 1e-6 && (bump[1] - expected).abs() < 1e-6);
        assert!((bump[31] - (-2.0_f64).exp() as f32).abs() < 1e-6, "4 units away, across 0");
        assert!((bump[19] - (-32.0_f64).exp() as f32).abs() < 1e-12, "opposite");
    }

    #[test]
    fn the_population_vector_finds_a_bump() {
        for units in [8, 32, 33] {
            let ring = Ring::new(units);
            for k in 0..100 {
                let direction = TAU * (f64::from(k) + 0.37) / 100.0;
                let baseline = ring.bump(direction, 0.4).into_iter().map(|r| r + 0.05);
                let found = ring.direction(baseline).unwrap();
                // exact but for the harmonics n ± 1 of the sampled Gaussian, and rounding
                let harmonic = |k: f64| (-0.5 * (k * k - 1.0) * WIDTH * WIDTH).exp();
                let n = units as f64;
                let bound = 1.1 * (harmonic(n - 1.0) + harmonic(n + 1.0)) + 1e-6;
                assert!(apart(found, direction) < bound, "{units} units: {found} {direction}");
            }
            assert_eq!(ring.direction(std::iter::repeat_n(0.05, units)), None);
            assert_eq!(ring.direction(std::iter::repeat_n(f32::NAN, units)), None);
        }
    }

    #[test]
    fn angles_wrap() {
        assert_eq!(wrap(-1e-20), 0.0);
        assert!((wrap(7.0 * PI) - PI).abs() < 1e-12);
        assert!((apart(0.1, TAU - 0.1) - 0.2).abs() < 1e-12);
        assert!((apart(1.0, 1.0 + PI) - PI).abs() < 1e-12);
    }
}
