//! One phase-change device: how a pulse changes it, how it drifts, how it is read.

use attractor_numerics::math;
use serde::{Deserialize, Serialize};

/// A phase-change device with gradual SET, after Nandakumar et al. 2018 (J. Appl. Phys. 124:152135,
/// doi:10.1063/1.5042408). Conductances in µS.
///
/// A SET pulse decays the programming memory, `P ← P e^(−1/2.6)` (1 after RESET), and adds a normal
/// number of mean `−0.084 G + 0.880 + 1.40 P` and standard deviation `0.091 G + 0.260 + 2.15 P`; the
/// result is kept within 0.1 and the largest conductance. Read a time t after the last write, it is
/// `G (t/38.6 s)^(−0.04)`, with normal noise of standard deviation `0.03 G + 0.13`, within the same
/// bounds. RESET brings it to 0.1, with a standard deviation of 0.01.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pcm {
    /// Largest conductance, µS: 12 as in training, 20 as measured on the devices.
    pub largest: f64,
    /// A perfect memory of so many bits instead: every pulse adds the same, nothing drifts, no noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ideal: Option<u32>,
}

impl Default for Pcm {
    fn default() -> Self {
        Pcm { largest: 12.0, ideal: None }
    }
}

impl Pcm {
    /// Smallest conductance that is written or read, µS.
    pub const SMALLEST: f64 = 0.1;
    /// Seconds after a write to which conductances refer; writes are so far apart.
    pub const T0: f64 = 38.6;
    /// What a pulse is taken to add, µS.
    pub const PULSE: f64 = 0.75;
    /// Share of the programming memory that a pulse leaves: `e^(−1/2.6)`.
    const KEEPS: f64 = 0.680_712_3;
    /// Exponent of the drift.
    const DRIFT: f64 = 0.04;

    /// Conductance and programming memory after a SET pulse; `xi` is a normal number.
    #[must_use]
    pub fn set(&self, conductance: f64, memory: f64, xi: f64) -> (f64, f64) {
        let memory = memory * Self::KEEPS;
        let change = match self.ideal {
            Some(bits) => self.largest / f64::from(1u32 << bits.min(24)),
            None => {
                let mean = -0.084 * conductance + 0.880 + 1.40 * memory;
                let sd = 0.091 * conductance + 0.260 + 2.15 * memory;
                mean + sd * xi
            }
        };
        ((conductance + change).clamp(Self::SMALLEST, self.largest), memory)
    }

    /// Conductance after RESET; `xi` is a normal number.
    #[must_use]
    pub fn reset(&self, xi: f64) -> f64 {
        let noise = if self.ideal.is_some() { 0.0 } else { xi };
        (0.1 + 0.01 * noise).clamp(0.01, self.largest)
    }

    /// Factor of the conductance `seconds` after the last write.
    #[must_use]
    pub fn drift(&self, seconds: f64) -> f64 {
        match self.ideal {
            Some(_) => 1.0,
            None => (seconds / Self::T0).powf(-Self::DRIFT),
        }
    }

    /// What is read of a conductance that has drifted; `xi` is a normal number.
    #[must_use]
    pub fn read(&self, drifted: f64, xi: f64) -> f64 {
        let noise = if self.ideal.is_some() { 0.0 } else { Self::noise(drifted) * xi };
        (drifted + noise).clamp(Self::SMALLEST, self.largest)
    }

    /// Mean and variance of what is read: of a normal number held within the bounds.
    #[must_use]
    pub fn moments(&self, drifted: f64) -> (f64, f64) {
        if self.ideal.is_some() {
            return (drifted.clamp(Self::SMALLEST, self.largest), 0.0);
        }
        let (m, s) = (drifted, Self::noise(drifted));
        let (low, high) = (Self::SMALLEST, self.largest);
        let (a, b) = ((low - m) / s, (high - m) / s);
        let (below, until) = (cumulative(a), cumulative(b));
        let (at_low, at_high) = (density(a), density(b));
        let inside = until - below;
        let mean = low * below + high * (1.0 - until) + m * inside + s * (at_low - at_high);
        let square = low * low * below
            + high * high * (1.0 - until)
            + (m * m + s * s) * inside
            + s * ((m + low) * at_low - (m + high) * at_high);
        (mean, (square - mean * mean).max(0.0))
    }

    /// Standard deviation of a read.
    fn noise(drifted: f64) -> f64 {
        0.03 * drifted + 0.13
    }
}

/// Density of the standard normal law.
fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// Probability of less than x under the standard normal law.
fn cumulative(x: f64) -> f64 {
    0.5 * (1.0 + math::erf::<f64, false>(x * std::f64::consts::FRAC_1_SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_numerics::Isa;
    use attractor_numerics::random::{NoiseKey, fill_normal_rows};

    fn normal(stream: u64, count: usize) -> Vec<f64> {
        let mut out = vec![0.0; count];
        let key = NoiseKey { seed: 3, stream, epoch: 0 };
        fill_normal_rows(Isa::best(), key, 0, 0, count, count, &mut out);
        out
    }

    fn mean_and_sd(x: &[f64]) -> (f64, f64) {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let square = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() - 1) as f64;
        (mean, square.sqrt())
    }

    /// Means and standard deviations of 20 000 devices after pulses from RESET, measured in NumPy on
    /// the published model.
    #[test]
    fn devices_after_pulses() {
        let after = [1, 2, 3, 5, 10, 15, 20];
        for (largest, means, sds) in [
            (
                12.0,
                [2.06, 3.43, 4.46, 5.89, 7.69, 8.51, 8.91],
                [1.53, 1.98, 2.20, 2.34, 2.17, 2.05, 1.97],
            ),
            (
                20.0,
                [2.06, 3.45, 4.50, 5.93, 7.86, 8.82, 9.40],
                [1.51, 1.96, 2.20, 2.38, 2.47, 2.55, 2.66],
            ),
        ] {
            let pcm = Pcm { largest, ideal: None };
            let reset = normal(0, 20_000);
            let mut devices: Vec<(f64, f64)> =
                reset.iter().map(|&xi| (pcm.reset(xi), 1.0)).collect();
            for pulse in 1..=20 {
                let noise = normal(pulse, devices.len());
                for ((g, p), xi) in devices.iter_mut().zip(noise) {
                    (*g, *p) = pcm.set(*g, *p, xi);
                }
                if let Some(k) = after.iter().position(|&n| n == pulse) {
                    let g: Vec<f64> = devices.iter().map(|(g, _)| *g).collect();
                    let (mean, sd) = mean_and_sd(&g);
                    assert!((mean - means[k]).abs() < 0.05, "{largest} {pulse}: mean {mean}");
                    assert!((sd - sds[k]).abs() < 0.05, "{largest} {pulse}: sd {sd}");
                }
            }
        }
    }

    #[test]
    fn drift_has_its_closed_form() {
        let pcm = Pcm::default();
        assert!((pcm.drift(3600.0) - 0.834).abs() < 5e-4, "{}", pcm.drift(3600.0));
        assert!((pcm.drift(86400.0) - 0.735).abs() < 5e-4, "{}", pcm.drift(86400.0));
        assert_eq!(pcm.drift(Pcm::T0), 1.0);
        assert!((Pcm::KEEPS - (-1.0 / 2.6f64).exp()).abs() < 1e-7);
    }

    #[test]
    fn moments_are_those_of_reads() {
        let pcm = Pcm::default();
        let h = 1e-4;
        for conductance in [0.05, 0.1, 0.3, 1.0, 5.0, 11.8, 12.0, 13.0] {
            // over the noise, by the midpoint rule
            let (mut mean, mut square) = (0.0, 0.0);
            for k in -80_000..80_000 {
                let xi = (f64::from(k) + 0.5) * h;
                let (share, read) = (density(xi) * h, pcm.read(conductance, xi));
                mean += share * read;
                square += share * read * read;
            }
            let (m, v) = pcm.moments(conductance);
            assert!((mean - m).abs() < 1e-6, "{conductance}: {mean} {m}");
            assert!((square - mean * mean - v).abs() < 1e-6, "{conductance}: {v}");
        }
    }

    #[test]
    fn a_perfect_memory_has_even_steps() {
        let pcm = Pcm { largest: 12.0, ideal: Some(3) };
        let (g, _) = pcm.set(1.0, 1.0, 7.0);
        assert_eq!(g, 2.5);
        assert_eq!(pcm.set(11.0, 1.0, 0.0).0, 12.0);
        assert_eq!((pcm.drift(1e6), pcm.read(3.0, 5.0), pcm.moments(3.0)), (1.0, 3.0, (3.0, 0.0)));
    }
}
