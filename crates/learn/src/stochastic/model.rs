//! The model: its shape, its parameters as one flat vector, where they begin.

use std::ops::Range;

use attractor_numerics::law::Law;
use attractor_numerics::linalg::symmetric_eigenvalues;
use attractor_numerics::random::stream;
use serde::{Deserialize, Serialize};

use super::observation::Observation;
use super::small::{cholesky, dot, product, transpose};
use crate::constrained::{FitError, Samples};

/// What units send at a current x, with a threshold h of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phi {
    /// `max(x - h, 0)`.
    #[default]
    Relu,
    /// `max(x + h, 0) - max(x, 0)`: bounded, so that no trajectory runs away.
    Clipped,
}

impl Phi {
    /// The rate, and its slope in the current and in the threshold.
    #[inline]
    pub(super) fn of(self, x: f64, h: f64) -> (f64, f64, f64) {
        let above = |x: f64| f64::from(u8::from(x > 0.0));
        match self {
            Phi::Relu => ((x - h).max(0.0), above(x - h), -above(x - h)),
            Phi::Clipped => {
                let (up, down) = (above(x + h), above(x));
                ((x + h).max(0.0) - x.max(0.0), up - down, up)
            }
        }
    }
}

/// Sizes and kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Units, N.
    pub units: usize,
    /// Latents, R: the rank of the connectivity.
    pub rank: usize,
    /// Recorded units, D: the first of the units.
    pub recorded: usize,
    /// Input channels, C.
    pub channels: usize,
    /// What units send.
    pub phi: Phi,
    /// What is measured.
    pub observation: Observation,
}

impl Shape {
    fn check(&self) -> Result<(), FitError> {
        let within = |name, value: usize, most: usize, fix| match (1..=most).contains(&value) {
            true => Ok(()),
            false => Err(FitError::Value { name, value: value as f64, fix }),
        };
        within("rank", self.rank, self.units, "give at least 1 and at most the number of units")?;
        let fix = "the units of the network are the recorded ones and hidden ones: give `units` at least as many";
        within("recorded", self.recorded, self.units, fix)
    }
}

/// Where parameters lie in the flat vector.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) m: Range<usize>,
    pub(super) n: Range<usize>,
    pub(super) threshold: Range<usize>,
    pub(super) inputs: Range<usize>,
    /// ϑ with `d = exp(-exp ϑ)`.
    pub(super) decay: usize,
    pub(super) start: Range<usize>,
    /// Lower triangles row by row, with half the exponent on the diagonal: `L_ii = exp(ϑ / 2)`.
    pub(super) start_noise: Range<usize>,
    pub(super) noise: Range<usize>,
    pub(super) bias: Range<usize>,
    pub(super) log_variance: Range<usize>,
}

impl Places {
    pub(super) fn of(shape: &Shape) -> Self {
        let Shape { units, rank, recorded, channels, .. } = *shape;
        let mut end = 0;
        let mut next = |count: usize| {
            end += count;
            end - count..end
        };
        let triangle = rank * (rank + 1) / 2;
        let variances = if shape.observation == Observation::Gaussian { recorded } else { 0 };
        Places {
            m: next(units * rank),
            n: next(rank * units),
            threshold: next(units),
            inputs: next(units * channels),
            decay: next(1).start,
            start: next(rank),
            start_noise: next(triangle),
            noise: next(triangle),
            bias: next(recorded),
            log_variance: next(variances),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.log_variance.end
    }
}

/// The parameters of a model, as its equations have them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Values {
    /// `m [unit, latent]`.
    pub m: Vec<f64>,
    /// `n [latent, unit]`.
    pub n: Vec<f64>,
    /// h, one per unit.
    pub threshold: Vec<f64>,
    /// `W_in [unit, channel]`.
    pub inputs: Vec<f64>,
    /// d, between 0 and 1.
    pub decay: f64,
    /// Mean of the latents at the first sample.
    pub start: Vec<f64>,
    /// Their covariance there, `[latent, latent]`.
    pub start_covariance: Vec<f64>,
    /// Covariance Q of the noise added each step, `[latent, latent]`.
    pub covariance: Vec<f64>,
    /// b, one per recorded unit.
    pub bias: Vec<f64>,
    /// Variance of the observation noise, one per recorded unit; none for counts.
    pub variance: Vec<f64>,
}

/// A stochastic low-rank network with its parameters.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) shape: Shape,
    pub(super) dt: f64,
    pub(super) places: Places,
    pub(super) parameters: Vec<f64>,
}

impl Model {
    /// A network with given parameters, at steps of `dt` ms.
    ///
    /// # Errors
    /// Arrays of other lengths than the shape's, a decay outside 0 to 1, covariances that are not
    /// positive definite, values that are not finite.
    pub fn new(shape: Shape, dt: f64, values: &Values) -> Result<Self, FitError> {
        shape.check()?;
        let places = Places::of(&shape);
        let mut parameters = vec![0.0; places.len()];
        let mut set = |what, place: &Range<usize>, values: &[f64]| {
            if place.len() != values.len() {
                return Err(FitError::Length { what, given: values.len(), expected: place.len() });
            }
            parameters[place.clone()].copy_from_slice(values);
            Ok(())
        };
        set("m `[unit, latent]`", &places.m, &values.m)?;
        set("n `[latent, unit]`", &places.n, &values.n)?;
        set("thresholds", &places.threshold, &values.threshold)?;
        set("inputs `[unit, channel]`", &places.inputs, &values.inputs)?;
        set("start", &places.start, &values.start)?;
        set("bias", &places.bias, &values.bias)?;
        let logs: Vec<f64> = values.variance.iter().map(|variance| variance.ln()).collect();
        set("variance", &places.log_variance, &logs)?;
        let rank = shape.rank;
        let first = packed("start_covariance", &values.start_covariance, rank)?;
        set("start_covariance", &places.start_noise, &first)?;
        set("covariance", &places.noise, &packed("covariance", &values.covariance, rank)?)?;
        let decay = values.decay;
        if !(decay > 0.0 && decay < 1.0) {
            let fix = "give a number between 0 and 1: what is left of a latent after a step";
            return Err(FitError::Value { name: "decay", value: decay, fix });
        }
        parameters[places.decay] = (-decay.ln()).ln();
        if let Some(value) = parameters.iter().find(|value| !value.is_finite()) {
            let fix = "parameters are finite, and variances positive";
            return Err(FitError::Value { name: "values", value: *value, fix });
        }
        Ok(Model { shape, dt, places, parameters })
    }

    /// A network to begin a fit with: `m ~ U(±1/√R)`, `n ~ U(±1/√N)`, `h ~ U(±1)`, `d ~ U(0.7, 0.9)`, b what
    /// gives the mean of each recorded unit, noise and start of sd 1, observation noise of half the sd
    /// of each unit.
    ///
    /// # Errors
    /// Samples of other units or channels than the shape's.
    pub fn drawn(shape: Shape, samples: &Samples, seed: u64) -> Result<Self, FitError> {
        shape.check()?;
        let Shape { units, rank, recorded, channels, .. } = shape;
        let draw = |what: &str, limit: f64, rows: usize, columns: usize| {
            let mut rng = stream(seed, &format!("stochastic/{what}"));
            Law::Uniform { limit }.sample(rows, columns, &mut rng)
        };
        fits(&shape, samples)?;
        let moments: Vec<(f64, f64)> = (0..recorded).map(|unit| moments(samples, unit)).collect();
        let mut one = vec![0.0; rank * rank];
        (0..rank).for_each(|k| one[k * rank + k] = 1.0);
        let values = Values {
            m: draw("m", 1.0 / (rank as f64).sqrt(), units, rank),
            n: draw("n", 1.0 / (units as f64).sqrt(), rank, units),
            threshold: draw("h", 1.0, 1, units),
            inputs: draw("inputs", 1.0 / (channels.max(1) as f64).sqrt(), units, channels),
            decay: 0.8 + draw("decay", 0.1, 1, 1)[0],
            start: vec![0.0; rank],
            start_covariance: one.clone(),
            covariance: one,
            bias: match shape.observation {
                Observation::Gaussian => moments.iter().map(|(mean, _)| *mean).collect(),
                // the inverse of softplus
                Observation::Poisson => {
                    moments.iter().map(|(mean, _)| mean.max(1e-3).exp_m1().ln()).collect()
                }
            },
            variance: match shape.observation {
                Observation::Gaussian => {
                    moments.iter().map(|(_, variance)| 0.25 * variance.max(1e-6)).collect()
                }
                Observation::Poisson => Vec::new(),
            },
        };
        Model::new(shape, samples.dt(), &values)
    }

    /// Sizes and kinds.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Duration of a step, ms.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// The parameters.
    pub fn values(&self) -> Values {
        let take = |place: &Range<usize>| self.parameters[place.clone()].to_vec();
        let covariance = |place: &Range<usize>| {
            let lower = unpacked(&self.parameters[place.clone()], self.shape.rank);
            product(&lower, &transpose(&lower, self.shape.rank), self.shape.rank)
        };
        let Places { log_variance, .. } = &self.places;
        Values {
            m: take(&self.places.m),
            n: take(&self.places.n),
            threshold: take(&self.places.threshold),
            inputs: take(&self.places.inputs),
            decay: self.decay(),
            start: take(&self.places.start),
            start_covariance: covariance(&self.places.start_noise),
            covariance: covariance(&self.places.noise),
            bias: take(&self.places.bias),
            variance: take(log_variance).iter().map(|rho| rho.exp()).collect(),
        }
    }

    /// Standard deviations of the noise of each step along its principal axes in the space of currents,
    /// the largest first: those of the latents once the columns of m are made orthonormal. They do not
    /// depend on the basis of the latents, which the data leave open.
    ///
    /// # Errors
    /// A covariance without eigenvalues: parameters that are not finite.
    pub fn noise_sd(&self) -> Result<Vec<f64>, FitError> {
        let (rank, lower) =
            (self.shape.rank, unpacked(self.take(&self.places.noise), self.shape.rank));
        // m L, whose singular values they are
        let columns: Vec<Vec<f64>> = (0..rank)
            .map(|k| {
                let column: Vec<f64> = (0..rank).map(|r| lower[r * rank + k]).collect();
                self.take(&self.places.m).chunks_exact(rank).map(|m| dot(m, &column)).collect()
            })
            .collect();
        let gram: Vec<f64> =
            (0..rank * rank).map(|at| dot(&columns[at / rank], &columns[at % rank])).collect();
        Ok(symmetric_eigenvalues(&gram, rank)?.iter().map(|v| v.max(0.0).sqrt()).collect())
    }

    /// d.
    pub(super) fn decay(&self) -> f64 {
        (-self.parameters[self.places.decay].exp()).exp()
    }

    /// One named part of the flat vector.
    pub(super) fn take(&self, place: &Range<usize>) -> &[f64] {
        &self.parameters[place.clone()]
    }
}

/// Whether samples are of the units and channels of a shape, and counts where it asks for counts.
pub(super) fn fits(shape: &Shape, samples: &Samples) -> Result<(), FitError> {
    for (what, given, expected) in [
        ("recorded units", samples.units(), shape.recorded),
        ("input channels", samples.channels(), shape.channels),
    ] {
        if given != expected {
            return Err(FitError::Length { what, given, expected });
        }
    }
    let mut all = samples.trials().iter().flat_map(|trial| &trial.rates);
    let wrong = |y: &&f64| **y < 0.0 || y.fract() != 0.0;
    match all.find(wrong).filter(|_| shape.observation == Observation::Poisson) {
        Some(&value) => {
            let fix = "Poisson observations are counts: whole numbers, not negative; use unsmoothed bins, or Gaussian ones";
            Err(FitError::Value { name: "samples", value, fix })
        }
        None => Ok(()),
    }
}

/// Mean and variance of a unit over all samples.
fn moments(samples: &Samples, unit: usize) -> (f64, f64) {
    let all = || {
        let trials = samples.trials().iter();
        trials.flat_map(|trial| trial.rates.iter().skip(unit).step_by(samples.units()))
    };
    let count = all().count().max(1) as f64;
    let mean = all().sum::<f64>() / count;
    (mean, all().map(|y| (y - mean).powi(2)).sum::<f64>() / count)
}

/// The parameters of a covariance.
fn packed(name: &'static str, covariance: &[f64], rank: usize) -> Result<Vec<f64>, FitError> {
    if covariance.len() != rank * rank {
        let (given, expected) = (covariance.len(), rank * rank);
        return Err(FitError::Length { what: name, given, expected });
    }
    let value = covariance.first().copied().unwrap_or(0.0);
    let fix = "give a symmetric positive definite matrix `[latent, latent]`";
    let lower = cholesky(covariance, rank).ok_or(FitError::Value { name, value, fix })?;
    let entries = (0..rank).flat_map(|i| (0..=i).map(move |j| (i, j)));
    let entry = |(i, j): (usize, usize)| match (i == j, lower[i * rank + j]) {
        (true, diagonal) => 2.0 * diagonal.ln(),
        (false, below) => below,
    };
    Ok(entries.map(entry).collect())
}

/// The lower triangle L of the parameters of a covariance, `[latent, latent]`.
pub(super) fn unpacked(packed: &[f64], rank: usize) -> Vec<f64> {
    let mut lower = vec![0.0; rank * rank];
    let mut values = packed.iter();
    for i in 0..rank {
        for (j, value) in (0..=i).zip(&mut values) {
            lower[i * rank + j] = if i == j { (0.5 * value).exp() } else { *value };
        }
    }
    lower
}

/// Adds the cotangent of L to that of its parameters.
pub(super) fn pull_unpacked(lower: &[f64], cotangent: &[f64], rank: usize, packed: &mut [f64]) {
    let mut places = packed.iter_mut();
    for i in 0..rank {
        for (j, place) in (0..=i).zip(&mut places) {
            let at = i * rank + j;
            *place += cotangent[at] * if i == j { 0.5 * lower[at] } else { 1.0 };
        }
    }
}
