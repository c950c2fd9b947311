//! The particle filter backwards: the gradient of the bound, by hand.
//!
//! Draws are differentiated through (`z = μ + P g + A ξ`), the choice of ancestors is not: the usual gradient of
//! variational sequential Monte Carlo (Maddison et al. 2017; Naesseth et al. 2018; Le et al. 2018).

use attractor_numerics::product::{Packed, accumulate_outer};

use super::filter::{Drive, Ready, Tape};
use super::model::Places;
use super::proposal::{OptimalPull, Scratch, pull_prior};
use super::small::{add, add_outer, apply, dot, symmetric};
use crate::constrained::Stretch;

/// Transposed weights, for all trials of an update.
pub(super) struct Back {
    m: Packed<f64>,
    n: Packed<f64>,
}

impl Back {
    pub(super) fn new(ready: &Ready<'_>) -> Self {
        let (shape, places) = (&ready.model.shape, &ready.model.places);
        let mut m = Packed::new(ready.isa, shape.rank, shape.units);
        m.pack_transposed(ready.model.take(&places.m), shape.rank);
        let mut n = Packed::new(ready.isa, shape.units, shape.rank);
        n.pack_transposed(ready.model.take(&places.n), shape.units);
        Back { m, n }
    }
}

/// Gradient of `weight · Σ_t ln Σ_k w/K` of a trial in the parameters.
pub(super) fn gradient(
    ready: &Ready<'_>,
    back: &Back,
    trial: &Stretch,
    tape: &Tape,
    weight: f64,
) -> Vec<f64> {
    let mut pass = Pass::new(ready, back, trial, tape, weight);
    for t in (0..trial.samples).rev() {
        pass.step(t);
    }
    pass.finish()
}

struct Pass<'a> {
    ready: &'a Ready<'a>,
    back: &'a Back,
    trial: &'a Stretch,
    tape: &'a Tape,
    weight: f64,
    drive: Drive,
    places: &'a Places,
    gradient: Vec<f64>,
    /// Cotangent of the decay d.
    decay: f64,
    /// Cotangents of the two priors' L where particles follow the dynamics.
    lower: [Vec<f64>; 2],
    optimal: [OptimalPull; 2],
    /// Cotangents of `R⁻¹`.
    precision: Vec<f64>,
    /// Of `d z + n φ(x)` at the step before the current one, `[particle, latent]`.
    next_bar: Vec<f64>,
    x: Vec<f64>,
    x_bar: Vec<f64>,
    z_bar: Vec<f64>,
    mu_bar: Vec<f64>,
    scratch: Scratch,
}

impl<'a> Pass<'a> {
    fn new(
        ready: &'a Ready<'a>,
        back: &'a Back,
        trial: &'a Stretch,
        tape: &'a Tape,
        weight: f64,
    ) -> Self {
        let (shape, places) = (&ready.model.shape, &ready.model.places);
        let (row, rank) = (ready.particles * shape.rank, shape.rank);
        let square = vec![0.0; rank * rank];
        Pass {
            ready,
            back,
            trial,
            tape,
            weight,
            drive: ready.drive(trial),
            places,
            gradient: vec![0.0; places.len()],
            decay: 0.0,
            lower: [square.clone(), square],
            optimal: [OptimalPull::new(rank), OptimalPull::new(rank)],
            precision: vec![0.0; ready.precision.len()],
            next_bar: vec![0.0; row],
            x: vec![0.0; ready.particles * shape.units],
            x_bar: vec![0.0; ready.particles * shape.units],
            z_bar: vec![0.0; row],
            mu_bar: vec![0.0; row],
            scratch: Scratch::new(rank),
        }
    }

    fn step(&mut self, t: usize) {
        let shape = &self.ready.model.shape;
        let (k, rank) = (self.ready.particles, shape.rank);
        let here = t * k * rank..(t + 1) * k * rank;
        let (tape, drive) = (self.tape, self.drive.step(t, shape.units));
        self.ready.currents(&tape.z[here.clone()], drive, &mut self.x);
        self.through_dynamics(t, &tape.z[here.clone()]);
        if self.ready.optimal.is_none() {
            self.through_density(t);
        }
        self.through_currents(t, &tape.z[here.clone()]);
        match self.ready.optimal.is_some() {
            true => self.through_optimal(t),
            false => {
                self.mu_bar.copy_from_slice(&self.z_bar);
                let rows = self.z_bar.chunks_exact(rank).zip(tape.xi[here].chunks_exact(rank));
                let lower = &mut self.lower[t.min(1)];
                rows.for_each(|(z_bar, xi)| add_outer(1.0, z_bar, xi, lower));
            }
        }
        self.through_ancestors(t);
    }

    /// `next = d z + n φ(x)`, as far as a next step came of it.
    fn through_dynamics(&mut self, t: usize, z: &[f64]) {
        let Pass { ready, back, places, gradient, x, x_bar, z_bar, next_bar, .. } = self;
        let shape = &ready.model.shape;
        let (k, units, rank) = (ready.particles, shape.units, shape.rank);
        if t + 1 == self.trial.samples {
            x_bar.fill(0.0);
            z_bar.fill(0.0);
            return;
        }
        self.decay += dot(next_bar, z);
        z_bar.iter_mut().zip(next_bar.iter()).for_each(|(to, next)| *to = ready.decay * next);
        back.n.multiply(next_bar, rank, k, x_bar, units, 1.0, false);
        let threshold = ready.model.take(&places.threshold);
        let threshold_bar = &mut gradient[places.threshold.clone()];
        let mut rates = vec![0.0; k * units];
        let rows = x.chunks_exact(units).zip(x_bar.chunks_exact_mut(units));
        for ((x, x_bar), rates) in rows.zip(rates.chunks_exact_mut(units)) {
            for i in 0..units {
                let (rate, slope, in_threshold) = shape.phi.of(x[i], threshold[i]);
                rates[i] = rate;
                threshold_bar[i] += x_bar[i] * in_threshold;
                x_bar[i] *= slope;
            }
        }
        let n_bar = &mut gradient[places.n.clone()];
        accumulate_outer(ready.isa, n_bar, units, next_bar, rank, rank, &rates, units, units, k);
    }

    /// `ln w = ln p(y | x + b)`.
    fn through_density(&mut self, t: usize) {
        let (ready, places) = (self.ready, self.places);
        let shape = &ready.model.shape;
        let (k, recorded, units) = (ready.particles, shape.recorded, shape.units);
        let (bias, log_variance) =
            (ready.model.take(&places.bias), ready.model.take(&places.log_variance));
        let y = &self.trial.rates[t * recorded..(t + 1) * recorded];
        let weights = &self.tape.weights[t * k..(t + 1) * k];
        let (mut eta, mut eta_bar) = (vec![0.0; recorded], vec![0.0; recorded]);
        let rows = self.x.chunks_exact(units).zip(self.x_bar.chunks_exact_mut(units));
        for ((x, x_bar), weight) in rows.zip(weights) {
            (0..recorded).for_each(|i| eta[i] = x[i] + bias[i]);
            eta_bar.fill(0.0);
            let variance_bar = &mut self.gradient[places.log_variance.clone()];
            let log_bar = self.weight * weight;
            let sample = (y, &eta[..]);
            shape.observation.pull(log_bar, sample, log_variance, &mut eta_bar, variance_bar);
            add(x_bar, &eta_bar);
            add(&mut self.gradient[places.bias.clone()], &eta_bar);
        }
    }

    /// `x = m z + W_in v`.
    fn through_currents(&mut self, t: usize, z: &[f64]) {
        let Pass { ready, back, places, gradient, x_bar, z_bar, .. } = self;
        let shape = &ready.model.shape;
        let (k, units, rank) = (ready.particles, shape.units, shape.rank);
        back.m.multiply(x_bar, units, k, z_bar, rank, 1.0, true);
        let m_bar = &mut gradient[places.m.clone()];
        accumulate_outer(ready.isa, m_bar, rank, x_bar, units, units, z, rank, rank, k);
        if shape.channels > 0 {
            let mut sum = vec![0.0; units];
            x_bar.chunks_exact(units).for_each(|row| add(&mut sum, row));
            self.through_inputs(t, &sum);
        }
    }

    /// `W_in v` from the cotangents of its currents.
    fn through_inputs(&mut self, t: usize, currents_bar: &[f64]) {
        let channels = self.ready.model.shape.channels;
        let here = t * channels..(t + 1) * channels;
        let w = self.ready.model.take(&self.places.inputs);
        let slopes = &self.drive.slopes[here.clone()];
        for (w, bar) in w.chunks_exact(channels).zip(currents_bar) {
            self.decay += bar * dot(w, slopes);
        }
        let w_bar = &mut self.gradient[self.places.inputs.clone()];
        add_outer(1.0, currents_bar, &self.drive.filtered[here], w_bar);
    }

    /// The draw and the weight of the optimal proposal.
    fn through_optimal(&mut self, t: usize) {
        let (ready, places, tape) = (self.ready, self.places, self.tape);
        let Some(optimal) = ready.optimal.as_ref().map(|optimal| &optimal[t.min(1)]) else {
            return;
        };
        let shape = &ready.model.shape;
        let (k, rank, recorded) = (ready.particles, shape.rank, shape.recorded);
        let seen = ready.seen(t, self.trial, &self.drive);
        let mut s_bar = vec![0.0; rank];
        for particle in 0..k {
            let row = particle * rank..(particle + 1) * rank;
            let from = t * k * rank;
            let of = |values: &'a [f64]| &values[from + row.start..from + row.end];
            let log_bar = self.weight * tape.weights[t * k + particle];
            self.optimal[t.min(1)].particle(
                optimal,
                (of(&tape.mu), &seen.s, of(&tape.xi)),
                (&self.z_bar[row.clone()], log_bar),
                (&mut self.mu_bar[row.clone()], &mut s_bar),
                &mut self.scratch,
            );
        }
        // s = Cᵀ R⁻¹ y and yᵀ R⁻¹ y, where y is the sample less b and W_in v
        let m = ready.model.take(&places.m);
        let m_bar = &mut self.gradient[places.m.start..][..recorded * rank];
        let mut y_bar = vec![0.0; shape.units];
        for i in 0..recorded {
            let (y, precision) = (seen.y[i], ready.precision[i]);
            let along = dot(&m[i * rank..(i + 1) * rank], &s_bar);
            add_outer(precision * y, &[1.0], &s_bar, &mut m_bar[i * rank..(i + 1) * rank]);
            self.precision[i] += y * along - 0.5 * self.weight * y * y;
            y_bar[i] = precision * (along - self.weight * y);
        }
        y_bar.iter_mut().for_each(|y| *y = -*y);
        add(&mut self.gradient[places.bias.clone()], &y_bar);
        if shape.channels > 0 {
            self.through_inputs(t, &y_bar);
        }
    }

    /// Means come from ancestors; those of the first step from the start.
    fn through_ancestors(&mut self, t: usize) {
        let (k, rank) = (self.ready.particles, self.ready.model.shape.rank);
        let rows = self.mu_bar.chunks_exact(rank);
        if t == 0 {
            let start = &mut self.gradient[self.places.start.clone()];
            return rows.for_each(|row| add(start, row));
        }
        self.next_bar.fill(0.0);
        for (row, &ancestor) in rows.zip(&self.tape.ancestors[t * k..(t + 1) * k]) {
            let from = ancestor as usize * rank;
            add(&mut self.next_bar[from..from + rank], row);
        }
    }

    /// What was summed over the steps.
    fn finish(mut self) -> Vec<f64> {
        let (ready, places) = (self.ready, self.places);
        let (model, rank) = (ready.model, ready.model.shape.rank);
        let mut gram = vec![0.0; rank * rank];
        let mut lower = self.lower;
        if let Some(optimal) = &ready.optimal {
            for (at, pull) in self.optimal.into_iter().enumerate() {
                lower[at] = pull.finish(&optimal[at], &ready.priors[at], &mut gram);
            }
        }
        for (at, place) in [&places.start_noise, &places.noise].into_iter().enumerate() {
            pull_prior(&ready.priors[at], &lower[at], &mut self.gradient[place.clone()]);
        }
        if ready.optimal.is_some() {
            // Cᵀ R⁻¹ C and ln det R
            let m = model.take(&places.m);
            let steps = self.trial.samples as f64;
            let mut row = vec![0.0; rank];
            for (i, precision) in ready.precision.iter().enumerate() {
                let at = i * rank..(i + 1) * rank;
                apply(&symmetric(&gram, rank), &m[at.clone()], &mut row);
                self.precision[i] += dot(&m[at.clone()], &row);
                let m_bar = &mut self.gradient[places.m.start..][at];
                m_bar.iter_mut().zip(&row).for_each(|(to, x)| *to += 2.0 * precision * x);
                self.gradient[places.log_variance.start + i] +=
                    -precision * self.precision[i] - 0.5 * self.weight * steps;
            }
        }
        // d = exp(-exp ϑ)
        let exponent = model.parameters[places.decay].exp();
        self.gradient[places.decay] += self.decay * -exponent * ready.decay;
        self.gradient
    }
}

#[cfg(test)]
mod tests {
    use super::super::filter::Noise;
    use super::super::model::{Model, Phi, Shape, Values};
    use super::super::observation::Observation;
    use super::super::proposal::Proposal;
    use super::*;
    use attractor_numerics::law::Law;
    use attractor_numerics::random::{NoiseKey, stream};

    const NOISE: Noise = Noise {
        latents: NoiseKey { seed: 3, stream: 1, epoch: 0 },
        resampling: NoiseKey { seed: 3, stream: 2, epoch: 0 },
    };

    fn model(phi: Phi, observation: Observation, channels: usize) -> Model {
        let shape = Shape { units: 7, rank: 2, recorded: 5, channels, phi, observation };
        let mut rng = stream(5, "reverse");
        let mut draw = |rows: usize, columns: usize| {
            Law::Uniform { limit: 0.8 }.sample(rows, columns, &mut rng)
        };
        let gaussian = observation == Observation::Gaussian;
        let values = Values {
            m: draw(7, 2),
            n: draw(2, 7),
            threshold: draw(1, 7),
            inputs: draw(7, channels),
            decay: 0.8,
            start: draw(1, 2),
            start_covariance: vec![0.6, 0.2, 0.2, 0.4],
            covariance: vec![0.3, -0.1, -0.1, 0.2],
            bias: draw(1, 5),
            variance: if gaussian { vec![0.2, 0.3, 0.1, 0.4, 0.15] } else { Vec::new() },
        };
        Model::new(shape, 10.0, &values).unwrap()
    }

    fn trial(observation: Observation, channels: usize, samples: usize) -> Stretch {
        let mut rng = stream(6, "trial");
        let mut rates = Law::Normal { sd: 1.0 }.sample(samples, 5, &mut rng);
        if observation == Observation::Poisson {
            rates.iter_mut().for_each(|y| *y = y.abs().round());
        }
        let inputs = Law::Normal { sd: 1.0 }.sample(samples, channels, &mut rng);
        Stretch { rates, inputs, samples }
    }

    /// Noise and ancestors are kept: then the bound is a smooth function of the parameters, but for
    /// kinks of φ, which a small step seldom meets.
    #[test]
    fn gradients_are_differences_at_fixed_noise_and_ancestors() {
        let cases = [
            (Phi::Relu, Observation::Gaussian, Proposal::Optimal, 0),
            (Phi::Clipped, Observation::Gaussian, Proposal::Optimal, 2),
            (Phi::Relu, Observation::Gaussian, Proposal::Bootstrap, 2),
            (Phi::Relu, Observation::Poisson, Proposal::Bootstrap, 1),
        ];
        for (phi, observation, proposal, channels) in cases {
            let (model, trial) =
                (model(phi, observation, channels), trial(observation, channels, 6));
            let ready = Ready::new(&model, proposal, 5).unwrap();
            let tape = ready.forward(&trial, 4, NOISE, None);
            assert!(tape.ancestors.chunks(5).skip(1).any(|a| a != [0, 1, 2, 3, 4]));
            let found = gradient(&ready, &Back::new(&ready), &trial, &tape, 0.7);
            let value = |place: usize, h: f64| {
                let mut moved = model.clone();
                moved.parameters[place] += h;
                let ready = Ready::new(&moved, proposal, 5).unwrap();
                let again = ready.forward(&trial, 4, NOISE, Some(&tape.ancestors));
                0.7 * again.log_means.iter().sum::<f64>()
            };
            for (place, found) in found.iter().enumerate() {
                let difference = (value(place, 1e-5) - value(place, -1e-5)) / 2e-5;
                let scale = 1.0 + difference.abs();
                let what = format!("{phi:?} {observation:?} {proposal:?}, parameter {place}");
                assert!((difference - found).abs() < 1e-6 * scale, "{what}: {difference} {found}");
            }
        }
    }
}
