//! The particle filter forwards: particles move, are weighted by a sample, and resampled.

use attractor_numerics::Isa;
use attractor_numerics::product::Packed;
use attractor_numerics::random::{NoiseKey, fill_normal_rows, fill_uniform_rows};

use super::model::Model;
use super::observation::Observation;
use super::proposal::{Optimal, Prior, Proposal, Readout, Scratch};
use super::small::add;
use crate::constrained::{FitError, Stretch};

/// A model made ready for many passes with the same parameters.
pub(super) struct Ready<'m> {
    pub(super) model: &'m Model,
    pub(super) isa: Isa,
    pub(super) particles: usize,
    pub(super) decay: f64,
    pub(super) m: Packed<f64>,
    pub(super) n: Packed<f64>,
    /// `R⁻¹`, one per recorded unit; empty unless the proposal is optimal.
    pub(super) precision: Vec<f64>,
    /// Of the first sample, and of all others.
    pub(super) priors: [Prior; 2],
    pub(super) optimal: Option<[Optimal; 2]>,
}

/// Noise of a pass: a function of these, of the trial, the step and the particle.
#[derive(Clone, Copy)]
pub(super) struct Noise {
    /// Of the latents.
    pub(super) latents: NoiseKey,
    /// Of the resampling.
    pub(super) resampling: NoiseKey,
}

/// A trial filtered: all that the reverse pass needs.
pub(super) struct Tape {
    /// Means of particles before their sample is seen, `[step, particle, latent]`.
    pub(super) mu: Vec<f64>,
    /// White noise.
    pub(super) xi: Vec<f64>,
    /// Particles.
    pub(super) z: Vec<f64>,
    /// Normalised weights, `[step, particle]`.
    pub(super) weights: Vec<f64>,
    /// Particles of the step before that each comes from, `[step, particle]`; of the first, itself.
    pub(super) ancestors: Vec<u32>,
    /// `ln Σ w/K` of each step: its sum is an unbiased estimate of the likelihood, its mean the bound.
    pub(super) log_means: Vec<f64>,
}

/// The inputs of a trial as the units see them.
pub(super) struct Drive {
    /// Filtered inputs v, `[step, channel]`, and their derivatives in d.
    pub(super) filtered: Vec<f64>,
    pub(super) slopes: Vec<f64>,
    /// `W_in v`, `[step, unit]`; empty without inputs.
    pub(super) currents: Vec<f64>,
}

impl<'m> Ready<'m> {
    pub(super) fn new(
        model: &'m Model,
        proposal: Proposal,
        particles: usize,
    ) -> Result<Self, FitError> {
        let (shape, places) = (&model.shape, &model.places);
        let (isa, rank) = (Isa::best(), shape.rank);
        let mut m = Packed::new(isa, shape.units, rank);
        m.pack(model.take(&places.m), rank);
        let mut n = Packed::new(isa, rank, shape.units);
        n.pack(model.take(&places.n), shape.units);
        let priors = [&places.start_noise, &places.noise].map(|p| Prior::new(model.take(p), rank));
        let (mut precision, mut optimal) = (Vec::new(), None);
        if proposal == Proposal::Optimal {
            if shape.observation != Observation::Gaussian {
                return Err(FitError::Proposal);
            }
            let log_variance = model.take(&places.log_variance);
            precision = log_variance.iter().map(|rho| (-rho).exp()).collect();
            let readout = readout(model, &precision);
            let [first, later] = priors.each_ref().map(|prior| {
                let fix = "the noise of latents or samples vanished: give a smaller rate";
                let value = prior.lower[0];
                Optimal::new(prior, &readout).ok_or(FitError::Value { name: "noise", value, fix })
            });
            optimal = Some([first?, later?]);
        }
        let decay = model.decay();
        Ok(Ready { model, isa, particles, decay, m, n, precision, priors, optimal })
    }

    /// Filters a trial. `number` is its number in the noise; `given` ancestors are used instead of
    /// resampled ones, which makes the pass differentiable.
    pub(super) fn forward(
        &self,
        trial: &Stretch,
        number: usize,
        noise: Noise,
        given: Option<&[u32]>,
    ) -> Tape {
        let shape = &self.model.shape;
        let (k, rank, units, steps) = (self.particles, shape.rank, shape.units, trial.samples);
        let row = k * rank;
        let drive = self.drive(trial);
        let mut tape = Tape::new(steps, k, rank);
        let (mut x, mut next) = (vec![0.0; k * units], vec![0.0; row]);
        let (mut logs, mut scratch) = (vec![0.0; k], Scratch::new(rank));
        for t in 0..steps {
            let here = t * row..(t + 1) * row;
            self.means(t, &next, &mut tape);
            let xi = &mut tape.xi[here.clone()];
            fill_normal_rows(self.isa, noise.latents, t as u32, number as u32, row, row, xi);
            let (mu, xi) = (&tape.mu[here.clone()], &tape.xi[here.clone()]);
            let z = &mut tape.z[here.clone()];
            self.draw(t, (mu, xi), trial, &drive, z, (&mut logs, &mut scratch));
            self.currents(z, drive.step(t, units), &mut x);
            if self.optimal.is_none() {
                self.weigh(t, trial, &x, &mut logs);
            }
            let weights = &mut tape.weights[t * k..(t + 1) * k];
            tape.log_means[t] = normalise(&logs, weights);
            if t + 1 < steps {
                let to = &mut tape.ancestors[(t + 1) * k..(t + 2) * k];
                match given {
                    Some(given) => to.copy_from_slice(&given[(t + 1) * k..(t + 2) * k]),
                    None => {
                        let mut u = [0.0];
                        let key = noise.resampling;
                        fill_uniform_rows(self.isa, key, t as u32, number as u32, 1, 1, &mut u);
                        systematic(&tape.weights[t * k..(t + 1) * k], u[0], to);
                    }
                }
                self.advance(&tape.z[here], &mut x, &mut next);
            }
        }
        tape
    }

    /// The means of step t: the start, or those of each particle's ancestor.
    fn means(&self, t: usize, next: &[f64], tape: &mut Tape) {
        let (k, rank) = (self.particles, self.model.shape.rank);
        let start = self.model.take(&self.model.places.start);
        let here = &mut tape.mu[t * k * rank..(t + 1) * k * rank];
        let ancestors = &tape.ancestors[t * k..(t + 1) * k];
        for (mu, &ancestor) in here.chunks_exact_mut(rank).zip(ancestors) {
            let from = ancestor as usize * rank;
            mu.copy_from_slice(if t == 0 { start } else { &next[from..from + rank] });
        }
    }

    /// Draws the particles of step t; with the optimal proposal weighs them too.
    fn draw(
        &self,
        t: usize,
        (mu, xi): (&[f64], &[f64]),
        trial: &Stretch,
        drive: &Drive,
        z: &mut [f64],
        (logs, scratch): (&mut [f64], &mut Scratch),
    ) {
        let rank = self.model.shape.rank;
        let rows = mu.chunks_exact(rank).zip(xi.chunks_exact(rank)).zip(z.chunks_exact_mut(rank));
        match &self.optimal {
            Some(optimal) => {
                let optimal = &optimal[t.min(1)];
                let seen = self.seen(t, trial, drive);
                for (((mu, xi), z), log) in rows.zip(logs) {
                    *log = optimal.draw(mu, (&seen.s, seen.square), xi, z, scratch);
                }
            }
            None => {
                let prior = &self.priors[t.min(1)];
                for ((mu, xi), z) in rows {
                    super::small::apply(&prior.lower, xi, z);
                    add(z, mu);
                }
            }
        }
    }

    /// Weighs particles by the density of the sample at their currents.
    fn weigh(&self, t: usize, trial: &Stretch, x: &[f64], logs: &mut [f64]) {
        let (shape, places) = (&self.model.shape, &self.model.places);
        let (bias, log_variance) =
            (self.model.take(&places.bias), self.model.take(&places.log_variance));
        let y = &trial.rates[t * shape.recorded..(t + 1) * shape.recorded];
        let mut eta = vec![0.0; shape.recorded];
        for (x, log) in x.chunks_exact(shape.units).zip(logs) {
            (0..eta.len()).for_each(|i| eta[i] = x[i] + bias[i]);
            *log = shape.observation.log_density(y, &eta, log_variance);
        }
    }

    /// Currents `x = m z + W_in v` of particles.
    pub(super) fn currents(&self, z: &[f64], drive: Option<&[f64]>, x: &mut [f64]) {
        let shape = &self.model.shape;
        if let Some(drive) = drive {
            x.chunks_exact_mut(shape.units).for_each(|row| row.copy_from_slice(drive));
        }
        let (k, rank, units) = (self.particles, shape.rank, shape.units);
        self.m.multiply(z, rank, k, x, units, 1.0, drive.is_some());
    }

    /// `d z + n φ(x)`; x becomes the rates.
    fn advance(&self, z: &[f64], x: &mut [f64], next: &mut [f64]) {
        let (shape, threshold) = (&self.model.shape, self.model.take(&self.model.places.threshold));
        for row in x.chunks_exact_mut(shape.units) {
            row.iter_mut().zip(threshold).for_each(|(x, h)| *x = shape.phi.of(*x, *h).0);
        }
        next.iter_mut().zip(z).for_each(|(next, z)| *next = self.decay * z);
        self.n.multiply(x, shape.units, self.particles, next, shape.rank, 1.0, true);
    }

    /// What the optimal proposal needs of the sample at step t.
    pub(super) fn seen(&self, t: usize, trial: &Stretch, drive: &Drive) -> Seen {
        let (shape, places) = (&self.model.shape, &self.model.places);
        let (m, bias) = (self.model.take(&places.m), self.model.take(&places.bias));
        let mut y = trial.rates[t * shape.recorded..(t + 1) * shape.recorded].to_vec();
        y.iter_mut().zip(bias).for_each(|(y, b)| *y -= b);
        if let Some(drive) = drive.step(t, shape.units) {
            y.iter_mut().zip(drive).for_each(|(y, w)| *y -= w);
        }
        let (mut s, mut square) = (vec![0.0; shape.rank], 0.0);
        for ((y, precision), m) in y.iter().zip(&self.precision).zip(m.chunks_exact(shape.rank)) {
            square += y * y * precision;
            s.iter_mut().zip(m).for_each(|(s, m)| *s += m * precision * y);
        }
        Seen { y, s, square }
    }

    /// The inputs of a trial, `v_t = d v_{t-1} + (1 - d) u_{t-1}`, `v_1 = 0`, and what units get of them.
    pub(super) fn drive(&self, trial: &Stretch) -> Drive {
        let shape = &self.model.shape;
        let (channels, units, steps) = (shape.channels, shape.units, trial.samples);
        let (mut filtered, mut slopes) = (vec![0.0; steps * channels], vec![0.0; steps * channels]);
        for at in channels..steps * channels {
            let before = at - channels;
            let (v, u) = (filtered[before], trial.inputs[before]);
            filtered[at] = self.decay * v + (1.0 - self.decay) * u;
            slopes[at] = v - u + self.decay * slopes[before];
        }
        let w = self.model.take(&self.model.places.inputs);
        let mut currents = Vec::new();
        if channels > 0 {
            let mut packed = Packed::new(self.isa, units, channels);
            packed.pack(w, channels);
            currents = vec![0.0; steps * units];
            packed.multiply(&filtered, channels, steps, &mut currents, units, 1.0, false);
        }
        Drive { filtered, slopes, currents }
    }
}

impl Drive {
    /// `W_in v` at step t, if there are inputs.
    pub(super) fn step(&self, t: usize, units: usize) -> Option<&[f64]> {
        self.currents.get(t * units..(t + 1) * units)
    }
}

impl Tape {
    fn new(steps: usize, particles: usize, rank: usize) -> Self {
        let latents = vec![0.0; steps * particles * rank];
        Tape {
            mu: latents.clone(),
            xi: latents.clone(),
            z: latents,
            weights: vec![0.0; steps * particles],
            ancestors: vec![0; steps * particles],
            log_means: vec![0.0; steps],
        }
    }
}

/// A sample less bias and inputs, y; `s = Cᵀ R⁻¹ y` and `yᵀ R⁻¹ y`.
pub(super) struct Seen {
    pub(super) y: Vec<f64>,
    pub(super) s: Vec<f64>,
    pub(super) square: f64,
}

fn readout(model: &Model, precision: &[f64]) -> Readout {
    let rank = model.shape.rank;
    let mut gram = vec![0.0; rank * rank];
    for (m, precision) in model.take(&model.places.m).chunks_exact(rank).zip(precision) {
        super::small::add_outer(*precision, m, m, &mut gram);
    }
    let logs: f64 = model.take(&model.places.log_variance).iter().sum();
    let constant = logs + precision.len() as f64 * std::f64::consts::TAU.ln();
    Readout { gram, constant }
}

/// Weights that sum to 1, from their logarithms; returns the logarithm of their mean before.
fn normalise(logs: &[f64], weights: &mut [f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    weights.iter_mut().zip(logs).for_each(|(w, log)| *w = (log - most).exp());
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    most + (sum / logs.len() as f64).ln()
}

/// Systematic resampling (Kitagawa 1996, doi:10.2307/1390750): one uniform number u serves all particles, the k-th
/// comes from where the cumulated weights pass `(k + u) / K`.
fn systematic(weights: &[f64], u: f64, ancestors: &mut [u32]) {
    let (mut at, mut passed) = (0, weights[0]);
    let share = 1.0 / weights.len() as f64;
    for (k, ancestor) in ancestors.iter_mut().enumerate() {
        while passed < (k as f64 + u) * share && at + 1 < weights.len() {
            at += 1;
            passed += weights[at];
        }
        *ancestor = at as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_particle_is_copied_as_often_as_its_weight_says() {
        let weights = [0.5, 0.0, 0.3, 0.2];
        let mut counts = [0.0; 4];
        let draws = 1000;
        for draw in 0..draws {
            let mut ancestors = [0; 4];
            systematic(&weights, (f64::from(draw) + 0.5) / f64::from(draws), &mut ancestors);
            assert!(ancestors.is_sorted());
            ancestors.iter().for_each(|&a| counts[a as usize] += 1.0);
        }
        for (count, weight) in counts.iter().zip(weights) {
            assert!((count / f64::from(draws) - 4.0 * weight).abs() < 1e-9, "{counts:?}");
        }
    }
}
