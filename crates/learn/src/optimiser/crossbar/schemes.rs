//! From a gradient to pulses: the four schemes, and the refresh of saturated pairs.

use attractor_numerics::Real;

use super::devices::SIDES;
use super::{Devices, Pcm, Scheme};
use crate::optimiser::Plan;

/// Pulses to give, per side and parameter.
type Pulses = [Vec<u32>; SIDES];

impl<T: Real> Devices<T> {
    /// One write: pulses that follow `−rate · scale · gradient` on what the plan trains.
    pub fn write(&mut self, gradient: &[T], plan: &Plan, rate: f64, scale: f64) {
        self.writes += 1;
        let refresh = self.options.refresh;
        let due = refresh > 0 && self.writes.is_multiple_of(refresh);
        // several devices are refreshed after they are written, single ones before
        let several = self.options.scheme == Scheme::MultiMemory;
        if due && !several {
            self.refresh(plan);
        }
        let mut pulses: Pulses = [vec![0; self.len], vec![0; self.len]];
        for segment in plan.segments() {
            let rate = rate * segment.rate;
            for k in segment.range.clone() {
                let g = scale * gradient[k].to_f64();
                let (side, count) = self.asked(k, g, rate);
                pulses[side][k] = count;
            }
        }
        if let Scheme::Stochastic { .. } = self.options.scheme {
            self.draw(&mut pulses);
        }
        self.give(pulses, 0);
        if due && several {
            self.refresh(plan);
        }
    }

    /// The side and number of pulses for one parameter; for the stochastic scheme, a probability in
    /// units of 2⁻³¹.
    fn asked(&mut self, k: usize, g: f64, rate: f64) -> (usize, u32) {
        let side = usize::from(g > 0.0);
        let change = (rate * g).abs() * self.options.scale;
        match self.options.scheme {
            Scheme::Sign { threshold } => (side, u32::from(g.abs() > threshold)),
            Scheme::Stochastic { span } => (side, ((change / span).min(1.0) * CERTAIN) as u32),
            Scheme::MultiMemory => {
                (side, (change / (Pcm::PULSE / self.options.devices as f64)) as u32)
            }
            Scheme::MixedPrecision { step } => {
                let sum = self.accumulator[k].to_f64() + rate * g;
                let overflow = (sum / step).trunc() * step;
                self.accumulator[k] = T::from_f64(sum - overflow);
                let change = overflow.abs() * self.options.scale;
                (usize::from(overflow > 0.0), (change / Pcm::PULSE).ceil() as u32)
            }
        }
    }

    /// One pulse or none, by chance.
    fn draw(&self, pulses: &mut Pulses) {
        for (side, pulses) in pulses.iter_mut().enumerate() {
            for (pulse, u) in pulses.iter_mut().zip(self.chance(side)) {
                *pulse = u32::from(u.to_f64() * CERTAIN < f64::from(*pulse));
            }
        }
    }

    /// Gives the pulses: to all devices of a side by the sign, otherwise to one after the other.
    fn give(&mut self, mut pulses: Pulses, first_round: u32) {
        let devices = self.options.devices;
        let all = matches!(self.options.scheme, Scheme::Sign { .. });
        for side in 0..SIDES {
            let mut round = first_round;
            let mut waiting: Vec<usize> = (0..self.len).filter(|&k| pulses[side][k] > 0).collect();
            while !waiting.is_empty() {
                let mut chosen: Vec<Vec<usize>> = vec![Vec::new(); devices];
                for &k in &waiting {
                    pulses[side][k] -= 1;
                    let turn = &mut self.turn[side * self.len + k];
                    let next = turn.to_f64() as usize % devices;
                    *turn = T::from_f64(((next + 1) % devices) as f64);
                    let these = if all { 0..devices } else { next..next + 1 };
                    these.for_each(|device| chosen[device].push(k));
                }
                for (device, chosen) in chosen.iter().enumerate() {
                    self.set(side * devices + device, round, chosen);
                }
                waiting.retain(|&k| pulses[side][k] > 0);
                round += 1;
            }
        }
    }

    /// Resets pairs of which a side is saturated while their difference is small, and writes the
    /// difference again.
    fn refresh(&mut self, plan: &Plan) {
        let (limit, share) = match self.options.scheme {
            Scheme::MixedPrecision { .. } => (6.0, 4.0),
            Scheme::MultiMemory => (9.0, 2.0),
            _ => (9.0, 4.0),
        };
        let pulse = Pcm::PULSE / self.options.devices as f64;
        let mut saturated = Vec::new();
        let mut pulses: Pulses = [vec![0; self.len], vec![0; self.len]];
        for k in plan.segments().iter().flat_map(|segment| segment.range.clone()) {
            let (up, down) = (self.mean(0, k), self.mean(1, k));
            if up.max(down) > limit && (up - down).abs() < limit / share {
                saturated.push(k);
                let count = (up - down).abs() / pulse;
                let whole = self.options.scheme == Scheme::MultiMemory;
                let count = if whole { count.floor() } else { count.ceil() };
                pulses[usize::from(down > up)][k] = count as u32;
            }
        }
        if !saturated.is_empty() {
            self.reset(&saturated);
            self.give(pulses, REWRITTEN);
        }
    }
}

/// A probability of 1.
const CERTAIN: f64 = (1u32 << 31) as f64;
/// First round of the pulses that write a pair again: their noise is their own.
const REWRITTEN: u32 = 1 << 16;
