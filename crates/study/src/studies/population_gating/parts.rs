//! What the networks of the study share: units, how they are trained, populations and their gains.

use attractor::analysis::{MixtureOptions, Regressor, population_gains, regress};
use attractor::learn::{Learner, Phase, Stop, Validate};
use attractor::network::library::{NoisePlace, Nonlinearity, leaky};
use attractor::network::{Population, Projection, Wiring};
use attractor::numerics::law::Law;
use ndarray::{Array2, s};

use super::Settings;
use crate::claim::{least, most};
use crate::error::StudyError;
use crate::exam::Exam;
use crate::net::{self, Net};

/// Updates that make up an epoch: 800 trials in batches of 32.
const EPOCH: u64 = 25;
/// Entries of loadings and of input weights, before training.
const ONE: Law = Law::Normal { sd: 1.0 };

/// `h ← h + 0.2 (−h + J r + I u) + 0.05 ξ`, `r = tanh h`: steps of 20 ms, τ = 100 ms.
pub(super) fn region(name: &str, units: usize) -> Result<Population, StudyError> {
    let neuron = leaky(Nonlinearity::Tanh, NoisePlace::Outside)?;
    Ok(Population::of(name, units, &neuron).param("sigma", 0.05))
}

/// Input weights.
pub(super) fn heard(from: &str, to: &str) -> Projection {
    Projection::new(from, to, Wiring::Dense { law: ONE })
}

/// `m nᵀ / N`, within a region or between two.
pub(super) fn low_rank(from: &str, to: &str, rank: usize) -> Projection {
    Projection::new(from, to, net::low_rank(rank)).lag(1)
}

/// `z = wᵀ r / N` of entries of sd 4, which stand still.
pub(super) fn readout(from: &str, units: usize) -> Projection {
    let law = Law::Normal { sd: 4.0 / units as f64 };
    Projection::new(from, "out.I", Wiring::Dense { law }).fixed()
}

/// Adam, clipped at 0.1, validated once per epoch.
pub(super) fn phase(settings: &Settings, name: &str) -> Phase {
    let Settings { epochs, batch, rate, loss, test_trials, .. } = *settings;
    Phase {
        name: Some(name.to_owned()),
        learner: Learner { rate, batch, clip: 0.1, ..Learner::default() },
        stop: Stop { updates: epochs * EPOCH, loss: Some(loss), ..Stop::default() },
        validate: Validate { every: EPOCH, trials: test_trials / 2 },
        ..Phase::default()
    }
}

/// How populations are fitted to vectors: Gaussians of mean 0.
pub(super) fn fitted(settings: &Settings, seed: u64) -> MixtureOptions {
    MixtureOptions { starts: settings.starts, zero_mean: true, seed, ..MixtureOptions::default() }
}

/// Slopes of an entry of the vectors by the two at `inputs`, over the units of a population.
pub(super) fn slopes(
    vectors: &[Vec<f64>],
    labels: &[usize],
    population: usize,
    entry: usize,
    inputs: [usize; 2],
) -> Result<[f64; 2], StudyError> {
    let mine = vectors.iter().zip(labels).filter(|(_, label)| **label == population);
    let mine: Vec<&Vec<f64>> = mine.map(|(vector, _)| vector).collect();
    let regressors = inputs.map(|k| Regressor {
        name: format!("entry {k}"),
        values: mine.iter().map(|vector| vector[k]).collect(),
    });
    let responses = Array2::from_shape_fn((mine.len(), 1), |(unit, _)| mine[unit][entry]);
    let found = regress(responses.view(), &regressors)?;
    Ok([found[[0, 0]], found[[1, 0]]])
}

/// Product of the slopes of two populations by an input, the larger of the two inputs: below 0, they
/// select opposite inputs.
pub(super) fn opposed([first, second]: [[f64; 2]; 2]) -> f64 {
    most([0, 1].map(|input| first[input] * second[input]))
}

/// Mean gain `φ′(h) = 1 − tanh² h` of two populations of a region during a period of the trial,
/// `[population][context]`.
pub(super) fn gains(
    exam: &Exam<'_>,
    net: &Net,
    region: &str,
    labels: &[usize],
    period: &str,
) -> Result<[[f64; 2]; 2], StudyError> {
    let states = exam.run(net, &[], &format!("{region}.x"))?;
    let slopes = states.slice(s![exam.during(period)?, .., ..]);
    let slopes = slopes.mapv(|h| 1.0 - f64::from(h).tanh().powi(2));
    let found = population_gains(slopes.view(), labels, &exam.contexts())?;
    let gain = |p: usize, c: usize| found.get(p).map_or(f64::NAN, |gains| gains[c]);
    Ok([0, 1].map(|p| [0, 1].map(|c| gain(p, c))))
}

/// By how much the gain of the first population is lower in context A than in B, as a fraction, and
/// that of the second lower in B than in A: the smaller of the two.
pub(super) fn modulation(gains: [[f64; 2]; 2]) -> f64 {
    let [[first_a, first_b], [second_a, second_b]] = gains;
    least([1.0 - first_a / first_b, 1.0 - second_b / second_a])
}
