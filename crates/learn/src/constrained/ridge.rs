//! The one-step fit: ridge on the drives of the data, its penalty chosen on held-out samples.

use std::ops::Range;

use attractor_numerics::product::padded;
use rayon::prelude::*;

use super::error::FitError;
use super::model::Model;
use super::regression::{Constraint, Regression};
use super::samples::{Samples, Stretch};
use super::unit::RateUnit;

/// What a network is fitted with, however it is fitted.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The unit, at the step of the samples.
    pub unit: RateUnit,
    /// Whether units have a bias.
    pub bias: bool,
    /// What weights may be.
    pub constraint: Constraint,
}

/// A penalty, and how well networks with it predict drives they have not seen.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Candidate {
    /// Penalty per sample.
    pub l2: f64,
    /// R² of drives one step ahead, mean over the parts held out.
    pub r2: f64,
}

impl Setting {
    /// Features of a network on these samples.
    pub fn features(&self, samples: &Samples) -> usize {
        samples.units() + samples.channels() + usize::from(self.bias)
    }

    pub(crate) fn check(&self, samples: &Samples) -> Result<(), FitError> {
        let (dt, own) = (samples.dt(), self.unit.dt());
        if (dt - own).abs() > 1e-9 * dt {
            let fix = "give it the step of the samples (`RateUnit::at`)";
            return Err(FitError::Value { name: "dt of the unit", value: own, fix });
        }
        self.constraint.fits(samples.units(), self.features(samples))
    }

    /// A network with these weights.
    pub(crate) fn model(&self, samples: &Samples, weights: Vec<f64>) -> Model {
        Model {
            unit: self.unit.clone(),
            units: samples.units(),
            channels: samples.channels(),
            bias: self.bias,
            steps: 1,
            weights,
        }
    }

    /// The sums of all transitions: features before, drives that lead on.
    ///
    /// # Errors
    /// A unit of another step than the samples.
    pub fn regression(&self, samples: &Samples) -> Result<Regression, FitError> {
        self.check(samples)?;
        let mut regression = Regression::new(self.features(samples), samples.units());
        for trial in samples.trials() {
            let (features, ld, drives) = self.rows(samples, trial);
            regression.add(&features, ld, &drives, trial.samples - 1);
        }
        Ok(regression)
    }

    /// Features `[sample, ld]`, ld, and drives `[sample, unit]` of a trial, but for the last sample.
    pub(crate) fn rows(&self, samples: &Samples, trial: &Stretch) -> (Vec<f64>, usize, Vec<f64>) {
        let (n, c, f) = (samples.units(), samples.channels(), self.features(samples));
        let (rows, ld) = (trial.samples - 1, padded(f));
        let mut features = vec![0.0; rows * ld];
        for (t, row) in features.chunks_exact_mut(ld).enumerate() {
            row[..n].copy_from_slice(&trial.rates[t * n..(t + 1) * n]);
            row[n..n + c].copy_from_slice(&trial.inputs[t * c..(t + 1) * c]);
            if self.bias {
                row[n + c] = 1.0;
            }
        }
        let states = self.unit.states(&trial.rates);
        let drives = self.unit.drives(&states[..rows * n], &states[n..]);
        (features, ld, drives)
    }

    /// The network that predicts best one step ahead. It rarely runs freely: see `rollout`.
    ///
    /// # Errors
    /// A penalty that is too small, shapes that do not fit.
    pub fn ridge(&self, samples: &Samples, l2: f64) -> Result<Model, FitError> {
        let regression = self.regression(samples)?;
        let weights = regression.solve(l2, &self.constraint, usize::from(self.bias))?;
        Ok(self.model(samples, weights))
    }

    /// Each penalty, judged on `folds` parts of every trial that are held out in turn. Each penalty and
    /// part costs a factorisation.
    ///
    /// # Errors
    /// As [`Setting::ridge`]; trials that are too short to be cut.
    pub fn choose(
        &self,
        samples: &Samples,
        penalties: &[f64],
        folds: usize,
    ) -> Result<Vec<Candidate>, FitError> {
        let free = usize::from(self.bias);
        let part = |part: &[(usize, Range<usize>)]| self.regression(&samples.select(part)?);
        let parts = samples.folds(folds.max(2));
        // the sums of the parts are made twice rather than kept: they are as large as the weights
        let mut all = Regression::new(self.features(samples), samples.units());
        for ranges in &parts {
            all.add_part(&part(ranges)?, 1.0);
        }
        let mut candidates: Vec<Candidate> =
            penalties.iter().map(|&l2| Candidate { l2, r2: 0.0 }).collect();
        for ranges in &parts {
            let part = part(ranges)?;
            let mut rest = all.clone();
            rest.add_part(&part, -1.0);
            let scores = penalties.par_iter().map(|&l2| -> Result<f64, FitError> {
                Ok(part.r2(&rest.solve(l2, &self.constraint, free)?))
            });
            let scores: Vec<Result<f64, FitError>> = scores.collect();
            for (candidate, score) in candidates.iter_mut().zip(scores) {
                // a penalty too small for a factorisation is no candidate
                candidate.r2 += score.unwrap_or(f64::NEG_INFINITY) / parts.len() as f64;
            }
        }
        Ok(candidates)
    }
}

/// The candidate of the best score; of equals the first.
pub fn best(candidates: &[Candidate]) -> Option<Candidate> {
    candidates.iter().copied().reduce(|best, c| if c.r2 > best.r2 { c } else { best })
}
