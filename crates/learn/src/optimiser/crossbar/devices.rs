//! The devices of a crossbar: their state, and the noise of writing and reading them.

use std::ops::Range;

use attractor_numerics::random::{NoiseKey, fill_normal_rows, fill_uniform_rows};
use attractor_numerics::{Isa, Real};

use super::{Crossbar, Pcm};

/// The two sides of a pair.
pub(super) const SIDES: usize = 2;

/// Which noise.
#[derive(Clone, Copy)]
pub(super) enum Noise {
    Program = 1,
    Set,
    Reset,
    Read,
    Chance,
}

/// Devices at work: conductances, programming memory and the time of the last write of each, and what
/// a scheme remembers of each parameter.
///
/// A plane is all devices of one number on one side, laid out as the parameters.
#[derive(Clone, Debug)]
pub struct Devices<T> {
    pub(super) options: Crossbar,
    pub(super) len: usize,
    /// Number of writes so far; the clock, in steps of 38.6 s.
    pub(super) writes: u64,
    /// Per plane: first those of G⁺, then those of G⁻.
    conductance: Vec<T>,
    memory: Vec<T>,
    /// Number of the write that last touched a device.
    written: Vec<T>,
    /// Of mixed precision, per parameter.
    pub(super) accumulator: Vec<T>,
    /// Pulses given to each side, per parameter: whose turn it is.
    pub(super) turn: Vec<T>,
    pulses: u64,
    resets: u64,
}

impl<T: Real> Devices<T> {
    pub(super) fn new(options: Crossbar, len: usize) -> Self {
        let planes = SIDES * options.devices * len;
        Devices {
            conductance: vec![T::from_f64(options.start); planes],
            memory: vec![T::ONE; planes],
            written: vec![T::ZERO; planes],
            accumulator: vec![T::ZERO; len],
            turn: vec![T::ZERO; SIDES * len],
            options,
            len,
            writes: 0,
            pulses: 0,
            resets: 0,
        }
    }

    /// Programs weights: both sides start at `start`, half of the weight's conductance higher and lower
    /// if that is possible, with a standard deviation of a tenth of `start`.
    pub fn program(&mut self, weights: &[T]) {
        let Crossbar { start, scale, devices, device, .. } = self.options;
        let noise = if device.ideal.is_some() { 0.0 } else { 0.1 * start };
        for plane in 0..SIDES * devices {
            let xi = self.normal(Noise::Program, 0, plane, self.len);
            for (k, &w) in weights.iter().enumerate() {
                let half = 0.5 * w.to_f64() * scale / devices as f64;
                let half = if plane < devices { half } else { -half };
                // where the lower side would end below the smallest, both are moved up
                let lift = (half.abs() - (start - Pcm::SMALLEST)).max(0.0);
                let g = start + half + lift + noise * xi[k].to_f64();
                self.conductance[plane * self.len + k] = T::from_f64(g.clamp(0.01, device.largest));
            }
        }
    }

    /// Reads the weights at some places, with fresh noise: a pure function of the seed, the number of the
    /// last write and the place.
    pub fn read(&self, places: Range<usize>, out: &mut [T]) {
        out.fill(T::ZERO);
        let Crossbar { devices, device, scale, .. } = self.options;
        for plane in 0..SIDES * devices {
            let xi = self.normal(Noise::Read, 0, plane, places.end);
            let sign = if plane < devices { 1.0 } else { -1.0 } / scale;
            for (k, w) in places.clone().zip(out.iter_mut()) {
                let read = device.read(self.drifted(plane, k), xi[k].to_f64());
                *w += T::from_f64(sign * read);
            }
        }
    }

    /// Mean and variance of the weights that reads at some places give. Where each step of a network
    /// reads them anew, `Σ w x` is a normal number of mean `Σ mean x` and variance `Σ variance x²`.
    pub fn moments(&self, places: Range<usize>, mean: &mut [T], variance: &mut [T]) {
        let Crossbar { devices, device, scale, .. } = self.options;
        for ((k, m), v) in places.zip(mean).zip(variance) {
            let (mut sum, mut spread) = (0.0, 0.0);
            for plane in 0..SIDES * devices {
                let (one, square) = device.moments(self.drifted(plane, k));
                sum += if plane < devices { one } else { -one };
                spread += square;
            }
            *m = T::from_f64(sum / scale);
            *v = T::from_f64(spread / (scale * scale));
        }
    }

    /// Conductances as programmed, of the devices of one side, µS: of each device the parameters in
    /// order.
    pub fn conductances(&self, positive: bool) -> &[T] {
        let half = self.conductance.len() / SIDES;
        if positive { &self.conductance[..half] } else { &self.conductance[half..] }
    }

    /// Number of parameters: the length of each device's row in [`Devices::conductances`].
    pub fn parameters(&self) -> usize {
        self.len
    }

    /// SET pulses given so far.
    pub fn pulses(&self) -> u64 {
        self.pulses
    }

    /// Devices reset so far.
    pub fn resets(&self) -> u64 {
        self.resets
    }

    /// What a device has drifted to when it is read.
    fn drifted(&self, plane: usize, k: usize) -> f64 {
        let at = plane * self.len + k;
        let since = self.writes as f64 - self.written[at].to_f64();
        let seconds = since * Pcm::T0 + self.options.read_after;
        self.conductance[at].to_f64() * self.options.device.drift(seconds)
    }

    /// Mean conductance of a side, as programmed.
    pub(super) fn mean(&self, side: usize, k: usize) -> f64 {
        let devices = self.options.devices;
        let planes = side * devices..(side + 1) * devices;
        planes.map(|plane| self.conductance[plane * self.len + k].to_f64()).sum::<f64>()
            / devices as f64
    }

    /// A SET pulse on the devices of a plane that are chosen, the `round`-th of this write.
    pub(super) fn set(&mut self, plane: usize, round: u32, chosen: &[usize]) {
        if chosen.is_empty() {
            return;
        }
        let xi = self.normal(Noise::Set, round, plane, self.len);
        for &k in chosen {
            let at = plane * self.len + k;
            let (g, p) = (self.conductance[at].to_f64(), self.memory[at].to_f64());
            let (g, p) = self.options.device.set(g, p, xi[k].to_f64());
            (self.conductance[at], self.memory[at]) = (T::from_f64(g), T::from_f64(p));
            self.written[at] = T::from_f64(self.writes as f64);
        }
        self.pulses += chosen.len() as u64;
    }

    /// RESET of all devices of some parameters.
    pub(super) fn reset(&mut self, chosen: &[usize]) {
        for plane in 0..SIDES * self.options.devices {
            let xi = self.normal(Noise::Reset, 0, plane, self.len);
            for &k in chosen {
                let at = plane * self.len + k;
                self.conductance[at] = T::from_f64(self.options.device.reset(xi[k].to_f64()));
                self.memory[at] = T::ONE;
                self.written[at] = T::from_f64(self.writes as f64);
            }
        }
        for &k in chosen {
            self.turn[k] = T::ZERO;
            self.turn[self.len + k] = T::ZERO;
        }
        self.resets += (chosen.len() * SIDES * self.options.devices) as u64;
    }

    /// Normal numbers of the current write for the first parameters of a plane.
    fn normal(&self, noise: Noise, round: u32, plane: usize, count: usize) -> Vec<T> {
        let mut out = vec![T::ZERO; count];
        let key = self.key(noise);
        fill_normal_rows(Isa::best(), key, round, plane as u32, count, count.max(1), &mut out);
        out
    }

    /// As [`Devices::normal`], uniform in (0, 1).
    pub(super) fn chance(&self, side: usize) -> Vec<T> {
        let mut out = vec![T::ZERO; self.len];
        let (key, ld) = (self.key(Noise::Chance), self.len.max(1));
        fill_uniform_rows(Isa::best(), key, 0, side as u32, self.len, ld, &mut out);
        out
    }

    fn key(&self, noise: Noise) -> NoiseKey {
        NoiseKey { seed: self.options.seed, stream: noise as u64, epoch: self.writes }
    }

    /// Everything needed to go on.
    pub(super) fn arrays(&self) -> [(&'static str, &[T]); 5] {
        [
            ("conductance", &self.conductance),
            ("memory", &self.memory),
            ("written", &self.written),
            ("accumulator", &self.accumulator),
            ("turn", &self.turn),
        ]
    }

    /// Takes up what [`Devices::arrays`] gave.
    pub(super) fn put_back(&mut self, arrays: Vec<Vec<T>>) {
        let fields = [
            &mut self.conductance,
            &mut self.memory,
            &mut self.written,
            &mut self.accumulator,
            &mut self.turn,
        ];
        fields.into_iter().zip(arrays).for_each(|(field, array)| *field = array);
    }
}
