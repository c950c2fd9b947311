//! Fixed and slow points with their linear modes.

use std::f64::consts::TAU;

use crate::{color::Color, marker::Marker, ticks::number};

/// What a point of the state space is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A fixed point from which every small displacement decays.
    Stable,
    /// A fixed point with modes that decay and modes that grow.
    Saddle,
    /// A fixed point from which every mode grows.
    Unstable,
    /// Not a fixed point: a place where the dynamics is slow.
    Slow,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Stable, Kind::Saddle, Kind::Unstable, Kind::Slow];

    /// Its name in legends.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Stable => "stable fixed point",
            Kind::Saddle => "saddle",
            Kind::Unstable => "unstable fixed point",
            Kind::Slow => "slow point",
        }
    }

    pub(crate) fn plural(self) -> String {
        format!("{}s", self.name())
    }

    /// Shape and colour: each alone tells the kinds apart.
    pub(crate) fn look(self) -> (Marker, Color) {
        match self {
            Kind::Stable => (Marker::Circle, Color::INK),
            Kind::Saddle => (Marker::Diamond, Color::ORANGE),
            Kind::Unstable => (Marker::Triangle, Color::VERMILLION),
            Kind::Slow => (Marker::Square, Color::WHITE),
        }
    }
}

/// One mode of the dynamics around a point: an eigenvalue of the Jacobian of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    pub(crate) eigenvalue: (f64, f64),
    pub(crate) time_constant: f64,
    pub(crate) frequency: f64,
    pub(crate) units: Vec<(usize, f64)>,
}

impl Mode {
    /// The mode of eigenvalue λ `(real, imaginary)` of a map that advances by `dt_ms`.
    ///
    /// Its time constant is τ = −dt / ln|λ| in milliseconds, negative where the mode grows, and its frequency
    /// f = |arg λ| / (2π dt) in Hz.
    #[must_use]
    pub fn of_map(eigenvalue: (f64, f64), dt_ms: f64) -> Mode {
        let (re, im) = eigenvalue;
        let time_constant = -dt_ms / re.hypot(im).ln();
        let frequency = im.atan2(re).abs() / (TAU * dt_ms) * 1000.0;
        Mode { eigenvalue, time_constant, frequency, units: Vec::new() }
    }

    /// The units that weigh most in the eigenvector, by number from 0, with their weights.
    #[must_use]
    pub fn units(mut self, units: impl IntoIterator<Item = (usize, f64)>) -> Mode {
        self.units = units.into_iter().collect();
        self
    }

    /// Time constant in milliseconds; negative where the mode grows, infinite where it stays.
    #[must_use]
    pub fn time_constant_ms(&self) -> f64 {
        self.time_constant
    }

    /// Frequency in Hz; 0 where the mode does not turn.
    #[must_use]
    pub fn frequency_hz(&self) -> f64 {
        self.frequency
    }

    pub(crate) fn is_growing(&self) -> bool {
        self.eigenvalue.0.hypot(self.eigenvalue.1) > 1.0
    }

    /// "decays in 320 ms at 2.1 Hz".
    pub(crate) fn told(&self) -> String {
        let tau = self.time_constant;
        let course = if !tau.is_finite() {
            "neither grows nor decays".to_owned()
        } else if tau < 0.0 {
            format!("grows, {} ms", number(-tau, 3))
        } else {
            format!("decays, {} ms", number(tau, 3))
        };
        if self.frequency > 0.0 && self.frequency.is_finite() {
            format!("{course}, {} Hz", number(self.frequency, 3))
        } else {
            course
        }
    }
}

/// A fixed or slow point at a position along the three axes.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedPoint {
    pub(crate) position: [f64; 3],
    pub(crate) kind: Kind,
    pub(crate) label: String,
    pub(crate) details: Vec<(String, String)>,
    pub(crate) modes: Vec<Mode>,
    pub(crate) direction: Option<[f64; 3]>,
}

impl FixedPoint {
    /// A point of this kind.
    #[must_use]
    pub fn new(position: [f64; 3], kind: Kind) -> FixedPoint {
        FixedPoint {
            position,
            kind,
            label: String::new(),
            details: Vec::new(),
            modes: Vec::new(),
            direction: None,
        }
    }

    /// Under which input it stands, or what it is called.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> FixedPoint {
        self.label = label.into();
        self
    }

    /// A name and a value that are read beside it: `("q", "2×10⁻²³")`, `("starts", "41")`.
    #[must_use]
    pub fn detail(mut self, name: impl Into<String>, value: impl Into<String>) -> FixedPoint {
        self.details.push((name.into(), value.into()));
        self
    }

    /// Add a mode; the first is the slowest or the one that grows.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> FixedPoint {
        self.modes.push(mode);
        self
    }

    /// The direction of its first mode along the three axes; drawn as a stroke through the point.
    #[must_use]
    pub fn direction(mut self, direction: [f64; 3]) -> FixedPoint {
        self.direction = Some(direction);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_has_the_time_constant_and_frequency_of_its_step() {
        // exp(-dt/tau + 2πi f dt) with tau = 50 ms, f = 4 Hz, dt = 2 ms
        let (tau, f, dt) = (50.0f64, 4.0f64, 2.0f64);
        let (r, a) = ((-dt / tau).exp(), TAU * f * dt / 1000.0);
        let mode = Mode::of_map((r * a.cos(), r * a.sin()), dt);
        assert!((mode.time_constant_ms() - tau).abs() < 1e-9);
        assert!((mode.frequency_hz() - f).abs() < 1e-9);
        assert!(!mode.is_growing());
        assert_eq!(mode.told(), "decays, 50.0 ms, 4.00 Hz");
        assert!(Mode::of_map((1.1, 0.0), 1.0).time_constant_ms() < 0.0);
        assert!(Mode::of_map((1.0, 0.0), 1.0).time_constant_ms().is_infinite());
    }
}
