//! What the fit of a stochastic network measured.

use std::fmt;

use attractor_learn::constrained::Samples;
use attractor_learn::stochastic::{Observation, Shape};
use serde::{Deserialize, Serialize};

use crate::fit::results::{finite, shown};

/// A stochastic network of low rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StochasticFit {
    /// Its sizes.
    pub shape: Shape,
    /// Particles of the fit.
    pub particles: usize,
    /// On the data that were trained on.
    pub train: Likelihood,
    /// On data that were held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<Likelihood>,
    /// Standard deviations of the noise of each frame along its principal axes in the space of
    /// currents, in units of the scaled activity.
    pub noise_sd: Vec<f64>,
    /// Covariance of that noise in the basis of the latents, `[latent][latent]`.
    pub covariance: Vec<Vec<f64>>,
    /// Standard deviation of the observation noise of each unit; none for counts.
    pub observation_sd: Vec<f64>,
    /// Time constant, ms.
    pub tau: f64,
    /// Latents of all fixed points without input or noise; none if there are too many regions to go
    /// through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_points: Option<Vec<Vec<f64>>>,
    /// Bound of a frame's log likelihood in each epoch, nats.
    pub bounds: Vec<Option<f64>>,
}

/// Log likelihood of a frame, all units together, in nats; none where it is not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Likelihood {
    /// Frames.
    pub frames: usize,
    /// The network, by its particle filter.
    pub network: Option<f64>,
    /// Each unit at the mean of training, with the variance of training, frames independent.
    pub mean: Option<f64>,
    /// Each unit at its last value, with the variance of changes in training; none for counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_value: Option<f64>,
}

impl Likelihood {
    /// The better baseline.
    pub(super) fn simple(&self) -> Option<f64> {
        [self.mean, self.last_value].into_iter().flatten().max_by(f64::total_cmp)
    }

    /// Beside baselines that are fitted to the training data.
    pub(super) fn of(
        network: f64,
        samples: &Samples,
        train: &Samples,
        observation: Observation,
    ) -> Self {
        let gaussian = observation == Observation::Gaussian;
        let mean = if gaussian { by_mean(samples, train) } else { by_rate(samples, train) };
        Likelihood {
            frames: samples.lengths().iter().sum(),
            network: finite(network),
            mean: finite(mean),
            last_value: if gaussian { finite(by_last_value(samples, train)) } else { None },
        }
    }
}

/// All values of a unit, trial by trial.
fn course(samples: &Samples, unit: usize) -> impl Iterator<Item = Vec<f64>> + '_ {
    let trials = 0..samples.lengths().len();
    trials.map(move |trial| {
        samples.rates(trial).iter().skip(unit).step_by(samples.units()).copied().collect()
    })
}

/// Mean and variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / count)
}

fn log_normal(error: f64, variance: f64) -> f64 {
    -0.5 * (error * error / variance + variance.ln() + std::f64::consts::TAU.ln())
}

/// Sum over units of a log likelihood, per frame.
fn per_frame(samples: &Samples, of: impl Fn(usize) -> f64) -> f64 {
    let frames: usize = samples.lengths().iter().sum();
    (0..samples.units()).map(of).sum::<f64>() / frames.max(1) as f64
}

fn by_mean(samples: &Samples, train: &Samples) -> f64 {
    per_frame(samples, |unit| {
        let (mean, variance) = moments(&course(train, unit).flatten().collect::<Vec<_>>());
        course(samples, unit).flatten().map(|y| log_normal(y - mean, variance)).sum()
    })
}

/// The first frame of a trial has no last value: it is judged by the mean.
fn by_last_value(samples: &Samples, train: &Samples) -> f64 {
    per_frame(samples, |unit| {
        let (mean, variance) = moments(&course(train, unit).flatten().collect::<Vec<_>>());
        let steps = |y: Vec<f64>| y.windows(2).map(|y| y[1] - y[0]).collect::<Vec<_>>();
        let changes: Vec<f64> = course(train, unit).flat_map(steps).collect();
        let square = changes.iter().map(|c| c * c).sum::<f64>() / changes.len().max(1) as f64;
        let trial = |y: Vec<f64>| {
            let first = log_normal(y[0] - mean, variance);
            first + steps(y).iter().map(|&change| log_normal(change, square)).sum::<f64>()
        };
        course(samples, unit).map(trial).sum()
    })
}

fn by_rate(samples: &Samples, train: &Samples) -> f64 {
    per_frame(samples, |unit| {
        let (mean, _) = moments(&course(train, unit).flatten().collect::<Vec<_>>());
        let log_factorial = |y: f64| (2..=y as u64).map(|k| (k as f64).ln()).sum::<f64>();
        let log = |y: f64| y * mean.ln() - mean - log_factorial(y);
        course(samples, unit).flatten().map(log).sum()
    })
}

impl StochasticFit {
    /// What a reader should not overlook.
    pub(super) fn warnings(&self, smooth: f64) -> Vec<String> {
        let mut warnings = Vec::new();
        if smooth > 0.0 {
            warnings.push(format!(
                "the activity was smoothed (recording.smooth={smooth}): neighbouring frames share their noise, and what is found is that of smoothed activity"
            ));
        }
        let (judged, which) = match &self.held_out {
            Some(held) => (held, "held-out"),
            None => (&self.train, "training"),
        };
        for (name, baseline) in [("mean", judged.mean), ("last value", judged.last_value)] {
            if baseline.is_some_and(|baseline| judged.network.is_none_or(|own| own < baseline)) {
                warnings.push(format!(
                    "the network is no better than the {name} on {which} data: more updates, another rank or rate may help"
                ));
            }
        }
        warnings
    }

    /// Scores and what they are: in sample, held out.
    pub(super) fn rows(&self) -> [(&'static str, Option<f64>, Option<f64>); 3] {
        let of = |pick: fn(&Likelihood) -> Option<f64>| {
            (pick(&self.train), self.held_out.as_ref().and_then(pick))
        };
        let row = |name, (train, held)| (name, train, held);
        [
            row("network", of(|l| l.network)),
            row("mean of each unit", of(|l| l.mean)),
            row("last value", of(|l| l.last_value)),
        ]
    }
}

impl fmt::Display for StochasticFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shape { units, rank, recorded, .. } = self.shape;
        writeln!(f, "Stochastic network of rank {rank}, {units} units ({recorded} recorded)")?;
        write!(
            f,
            "  {:<42}{:>12}{:>12}",
            "log likelihood of a frame, nats", "in sample", "held out"
        )?;
        for (name, train, held) in self.rows() {
            write!(f, "\n  {name:<42}{:>12}{:>12}", shown(train), shown(held))?;
        }
        let noise: Vec<String> = self.noise_sd.iter().map(|sd| format!("{sd:.3}")).collect();
        write!(f, "\n  sd of the noise of a frame: {}", noise.join(", "))?;
        if !self.observation_sd.is_empty() {
            let sd = self.observation_sd.iter().map(|sd| sd * sd).sum::<f64>();
            let sd = (sd / self.observation_sd.len() as f64).sqrt();
            write!(f, "; of the observation of a unit: {sd:.3}")?;
        }
        write!(f, "\n  time constant {:.1} ms", self.tau)?;
        match &self.fixed_points {
            Some(points) => write!(f, "; fixed points without input: {}", points.len()),
            None => Ok(()),
        }
    }
}
