//! Weights on a crossbar of phase-change memory: the devices are written in place of the parameters.

use attractor_numerics::Real;
use serde::{Deserialize, Serialize};

use super::{Plan, Updater, find};
use crate::error::StateError;

mod devices;
mod pcm;
mod schemes;

pub use devices::Devices;
pub use pcm::Pcm;

/// Every parameter is a differential pair of phase-change devices, `w = (Σ G⁺ − Σ G⁻)/scale`, that a
/// gradient can only change by pulses (Demirag et al. 2021, arXiv:2108.01804).
///
/// A pulse sets a device a little higher, by an amount that depends on its conductance and its history
/// and is noisy; what is read drifts and is noisy too ([`Pcm`]). After each update the parameters are
/// read anew. Writes are 38.6 s apart. Own rates and limits of the phase hold for what is asked for;
/// the devices bound the weights by themselves.
///
/// Every random number is a pure function of the seed, the number of the update, the pulse and the
/// place of the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Crossbar {
    /// How a gradient becomes pulses.
    pub scheme: Scheme,
    /// Devices on each side of a pair.
    pub devices: usize,
    /// Conductance of a weight of 1, µS.
    pub scale: f64,
    /// Conductance of both sides of a weight of 0 at the start, µS.
    pub start: f64,
    /// Seconds after a write at which weights are read.
    pub read_after: f64,
    /// Updates between two refreshes of saturated pairs; 0 never refreshes.
    pub refresh: u64,
    /// The device.
    pub device: Pcm,
    /// Seed of all noise of the devices.
    pub seed: u64,
}

impl Default for Crossbar {
    fn default() -> Self {
        Crossbar {
            scheme: Scheme::default(),
            devices: 1,
            scale: 12.0,
            start: 0.25,
            read_after: 0.5,
            refresh: 0,
            device: Pcm::default(),
            seed: 0,
        }
    }
}

/// How a gradient `g` at rate η becomes pulses. A pulse is taken to change a conductance by 0.75 µS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Scheme {
    /// One pulse on the side that lowers the loss where `abs(g)` exceeds a threshold.
    Sign {
        /// Gradients at or below it write nothing: learning stops near the target.
        #[serde(default)]
        threshold: f64,
    },
    /// One pulse with probability `abs(η g) scale / span`.
    Stochastic {
        /// Change of conductance that is certain to be answered by a pulse, µS.
        #[serde(default = "span")]
        span: f64,
    },
    /// As many pulses as `abs(η g) scale` asks for, rounded down, in turn on the devices of a side, each
    /// of which counts a share of 0.75 µS.
    MultiMemory,
    /// Changes add up in a digital accumulator; what exceeds a multiple of `step` is taken from it
    /// and written, pulses rounded up.
    MixedPrecision {
        /// Weight at which the accumulator overflows.
        #[serde(default = "step")]
        step: f64,
    },
}

fn span() -> f64 {
    1.0
}

fn step() -> f64 {
    0.125
}

impl Default for Scheme {
    fn default() -> Self {
        Scheme::MixedPrecision { step: step() }
    }
}

impl Crossbar {
    /// What is wrong with its numbers: field, value, what would do.
    pub(super) fn problems(&self) -> Vec<(&'static str, f64, &'static str)> {
        let positive = "a positive number";
        let mut problems = Vec::new();
        let mut check = |field, value: f64, right: bool, expected| {
            if !right {
                problems.push((field, value, expected));
            }
        };
        let above = |x: f64| x.is_finite() && x > 0.0;
        check("devices", self.devices as f64, (1..=16).contains(&self.devices), "between 1 and 16");
        check("scale", self.scale, above(self.scale), positive);
        let largest = self.device.largest;
        check("device.largest", largest, above(largest), positive);
        let within = (Pcm::SMALLEST..=largest).contains(&self.start);
        check("start", self.start, within, "between 0.1 and `device.largest`, µS");
        check("read_after", self.read_after, above(self.read_after), positive);
        if let Some(bits) = self.device.ideal {
            let right = (1..=24).contains(&bits);
            check("device.ideal", f64::from(bits), right, "between 1 and 24 bits");
        }
        match self.scheme {
            Scheme::Sign { threshold } => {
                let right = threshold.is_finite() && threshold >= 0.0;
                check("scheme.threshold", threshold, right, "0 or a positive number");
            }
            Scheme::Stochastic { span } => check("scheme.span", span, above(span), positive),
            Scheme::MixedPrecision { step } => check("scheme.step", step, above(step), positive),
            Scheme::MultiMemory => {}
        }
        problems
    }

    /// Devices for `len` parameters.
    pub fn build<T: Real>(&self, len: usize) -> Devices<T> {
        Devices::new(self.clone(), len)
    }
}

impl<T: Real> Updater<T> for Devices<T> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T], plan: &Plan, rate: f64, scale: f64) {
        if self.steps() == 0 {
            self.program(parameters);
        }
        self.write(gradient, plan, rate, scale);
        for segment in plan.segments() {
            self.read(segment.range.clone(), &mut parameters[segment.range.clone()]);
        }
    }

    fn steps(&self) -> u64 {
        self.writes
    }

    fn state(&self) -> Vec<(&'static str, &[T])> {
        self.arrays().to_vec()
    }

    fn restore(&mut self, steps: u64, state: &[(&str, &[T])]) -> Result<(), StateError> {
        let found = self.arrays().map(|(name, array)| find(name, state, array.len()));
        let mut kept = Vec::new();
        for array in found {
            kept.push(array?.to_vec());
        }
        self.put_back(kept);
        self.writes = steps;
        Ok(())
    }
}
