//! Linear autoregression fitted by ridge regression, in closed form.

use std::ops::Range;

use ndarray::{Array1, Array2, Axis, s};
use serde::{Deserialize, Serialize};

use crate::baseline::RidgeChoice;
use crate::cholesky::Cholesky;
use crate::{Forecast, Recording, RecordingError, Stretch};

/// What a penalty pulls the weights to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// To 0: an infinite penalty leaves the mean.
    Zero,
    /// To one autoregression that all units share, each on its own past (least squares, one
    /// coefficient per lag): an infinite penalty leaves that, which is close to the last value for
    /// one lag of smooth activity, and knows its slope from two lags on.
    Shared,
}

/// A linear autoregression of a recording on its own past and its inputs.
///
/// `x_(t+1) - m = sum_(k < lags) A_k (x_(t-k) - m) + B (u_(t+1) - v) / c`, with `m`, `v` the training
/// means and `c` one number that brings the inputs to the variance of the activity. `A`, `B`
/// minimise the squared error plus `l2 s n` times the squared distance from their [`Prior`], where
/// `s` is the mean variance of the activity and `n` the number of frames, so that `l2` has no unit.
/// The means are not penalised.
///
/// Cost of a fit: `n p² + p³ / 3` for `p = lags units + channels`.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    lags: usize,
    scaling: Scaling,
    /// `[regressor, unit]`
    weights: Array2<f64>,
}

/// What centres and scales the regressors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scaling {
    pub(crate) mean: Array1<f64>,
    input_mean: Array1<f64>,
    input_scale: f64,
    /// Mean variance of the activity: the unit of the penalty.
    variance: f64,
}

/// The sums a ridge fit needs; those of parts of the data add up.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    /// `[regressor, regressor]`
    gram: Array2<f64>,
    /// `[regressor, unit]`
    cross: Array2<f64>,
    frames: usize,
}

impl Scaling {
    pub(crate) fn of(recording: &Recording, stretches: &[Stretch]) -> Result<Self, RecordingError> {
        let mean = recording.mean_over(stretches)?;
        let frames: usize = stretches.iter().map(|stretch| stretch.frames.len()).sum();
        let piece = |stretch: &Stretch, inputs: bool| {
            let array = if inputs { &recording.inputs } else { &recording.activity };
            array.slice(s![stretch.frames.clone(), stretch.trial, ..]).mapv(f64::from)
        };
        let mut input_mean = Array1::zeros(recording.channels());
        stretches.iter().for_each(|stretch| input_mean += &piece(stretch, true).sum_axis(Axis(0)));
        input_mean /= frames as f64;
        let variance = |inputs: bool, mean: &Array1<f64>| {
            let squares: f64 = stretches
                .iter()
                .map(|stretch| (piece(stretch, inputs) - mean).mapv(|x| x * x).sum())
                .sum();
            squares / (frames * mean.len().max(1)) as f64
        };
        let (activity, inputs) = (variance(false, &mean), variance(true, &input_mean));
        let input_scale =
            if inputs > 0.0 && activity > 0.0 { (inputs / activity).sqrt() } else { 1.0 };
        Ok(Scaling {
            mean,
            input_mean,
            input_scale,
            variance: if activity > 0.0 { activity } else { 1.0 },
        })
    }

    /// Centred activity of one frame after the other, `[frame, unit]`.
    fn activity(&self, recording: &Recording, trial: usize, frames: Range<usize>) -> Array2<f64> {
        recording.activity.slice(s![frames, trial, ..]).mapv(f64::from) - &self.mean
    }

    /// Centred and scaled inputs, `[frame, channel]`.
    fn inputs(&self, recording: &Recording, trial: usize, frames: Range<usize>) -> Array2<f64> {
        (recording.inputs.slice(s![frames, trial, ..]).mapv(f64::from) - &self.input_mean)
            / self.input_scale
    }

    /// Regressors that forecast the frame after each start: the present, the past, the coming input.
    fn design(
        &self,
        recording: &Recording,
        trial: usize,
        starts: Range<usize>,
        lags: usize,
    ) -> Array2<f64> {
        let (units, channels) = (recording.units(), recording.channels());
        let mut design = Array2::zeros((starts.len(), lags * units + channels));
        for lag in 0..lags {
            let past = self.activity(recording, trial, starts.start - lag..starts.end - lag);
            design.slice_mut(s![.., lag * units..(lag + 1) * units]).assign(&past);
        }
        let coming = self.inputs(recording, trial, starts.start + 1..starts.end + 1);
        design.slice_mut(s![.., lags * units..]).assign(&coming);
        design
    }
}

impl Moments {
    /// Of all transitions within these stretches whose history of `lead` frames lies within too.
    pub(crate) fn of(
        recording: &Recording,
        scaling: &Scaling,
        stretches: &[Stretch],
        lags: usize,
        lead: usize,
    ) -> Self {
        let regressors = lags * recording.units() + recording.channels();
        let mut moments = Moments {
            gram: Array2::zeros((regressors, regressors)),
            cross: Array2::zeros((regressors, recording.units())),
            frames: 0,
        };
        for Stretch { trial, frames } in
            stretches.iter().filter(|stretch| stretch.frames.len() > lead)
        {
            let starts = frames.start + lead - 1..frames.end - 1;
            let design = scaling.design(recording, *trial, starts.clone(), lags);
            let next = scaling.activity(recording, *trial, starts.start + 1..starts.end + 1);
            moments.gram += &design.t().dot(&design);
            moments.cross += &design.t().dot(&next);
            moments.frames += starts.len();
        }
        moments
    }

    pub(crate) fn sum<'a>(parts: impl Iterator<Item = &'a Moments>) -> Option<Moments> {
        parts.fold(None, |sum: Option<Moments>, part| match sum {
            None => Some(part.clone()),
            Some(mut sum) => {
                sum.gram += &part.gram;
                sum.cross += &part.cross;
                sum.frames += part.frames;
                Some(sum)
            }
        })
    }

    /// The penalised Gram matrix, decomposed; `None` if it is singular.
    pub(crate) fn factor(&self, scaling: &Scaling, l2: f64) -> Option<Cholesky> {
        Cholesky::of(&self.gram, l2 * scaling.variance * self.frames as f64)
    }

    /// The weights of the autoregression that all units share, `[regressor, unit]`.
    fn shared(&self, lags: usize) -> Option<Array2<f64>> {
        let units = self.cross.ncols();
        let of_units = |entry: &dyn Fn(usize) -> f64| (0..units).map(entry).sum::<f64>();
        let gram = Array2::from_shape_fn((lags, lags), |(k, l)| {
            of_units(&|u| self.gram[[k * units + u, l * units + u]])
        });
        let cross = Array2::from_shape_fn((lags, 1), |(k, _)| {
            of_units(&|u| self.cross[[k * units + u, u]])
        });
        let coefficients = Cholesky::of(&gram, 1e-9 * gram[[0, 0]])?.solve(&cross);
        let mut weights = Array2::zeros(self.cross.dim());
        for lag in 0..lags {
            (0..units).for_each(|u| weights[[lag * units + u, u]] = coefficients[[lag, 0]]);
        }
        Some(weights)
    }

    pub(crate) fn frames(&self) -> usize {
        self.frames
    }
}

impl Ridge {
    /// Fits these stretches with at least one lag and a penalty >= 0.
    ///
    /// # Errors
    /// [`RecordingError::Value`]; [`RecordingError::Short`] if no stretch is longer than the lags;
    /// [`RecordingError::Singular`] if the data do not determine the weights and `l2` is too small.
    pub fn fit(
        recording: &Recording,
        stretches: &[Stretch],
        choice: RidgeChoice,
    ) -> Result<Self, RecordingError> {
        let RidgeChoice { lags, l2, .. } = choice;
        if lags == 0 {
            return Err(RecordingError::Value {
                name: "lags",
                value: "0".into(),
                fix: "give at least 1",
            });
        }
        if !(l2.is_finite() && l2 >= 0.0) {
            return Err(RecordingError::Value {
                name: "l2",
                value: l2.to_string(),
                fix: "give a number >= 0",
            });
        }
        let scaling = Scaling::of(recording, stretches)?;
        let moments = Moments::of(recording, &scaling, stretches, lags, lags);
        if moments.frames == 0 {
            return Err(RecordingError::Short { part: "training", lead: lags, horizon: 1 });
        }
        let factor = moments.factor(&scaling, l2);
        Self::from_moments(scaling, &moments, &factor, choice)
    }

    /// From the sums of the training data and their decomposition at `choice.l2`.
    pub(crate) fn from_moments(
        scaling: Scaling,
        moments: &Moments,
        factor: &Option<Cholesky>,
        choice: RidgeChoice,
    ) -> Result<Self, RecordingError> {
        let singular = || RecordingError::Singular { l2: choice.l2 };
        let factor = factor.as_ref().ok_or_else(singular)?;
        let weights = match choice.prior {
            Prior::Zero => factor.solve(&moments.cross),
            Prior::Shared => {
                let shared = moments.shared(choice.lags).ok_or_else(singular)?;
                let rest = &moments.cross - &moments.gram.dot(&shared);
                shared + factor.solve(&rest)
            }
        };
        Ok(Ridge { lags: choice.lags, scaling, weights })
    }

    /// The weights `[regressor, unit]`: unit after unit of lag 0, then of lag 1, …, then the inputs
    /// (divided by the scale that brings them to the variance of the activity).
    #[must_use]
    pub fn weights(&self) -> &Array2<f64> {
        &self.weights
    }
}

impl Forecast for Ridge {
    fn lags(&self) -> usize {
        self.lags
    }

    fn ahead(
        &self,
        recording: &Recording,
        stretch: &Stretch,
        starts: Range<usize>,
        horizons: &[usize],
    ) -> Vec<Array2<f64>> {
        let units = recording.units();
        let history = self.lags * units;
        let mut design = self.scaling.design(recording, stretch.trial, starts.clone(), self.lags);
        let mut forecasts = Vec::with_capacity(horizons.len());
        for step in 1..=horizons.last().copied().unwrap_or(0) {
            let next = design.dot(&self.weights);
            if horizons.contains(&step) {
                forecasts.push(&next + &self.scaling.mean);
            }
            let older = design.slice(s![.., ..history - units]).to_owned();
            design.slice_mut(s![.., units..history]).assign(&older);
            design.slice_mut(s![.., ..units]).assign(&next);
            // Inputs past the end of the recording are not needed: no forecast reaches there.
            let coming = (starts.start + step + 1).min(recording.frames())
                ..(starts.end + step + 1).min(recording.frames());
            let inputs = self.scaling.inputs(recording, stretch.trial, coming);
            design.slice_mut(s![..inputs.nrows(), history..]).assign(&inputs);
        }
        forecasts
    }

    fn free(&self, recording: &Recording, stretch: &Stretch, start: usize) -> Array2<f64> {
        let steps = stretch.frames.end - start - 1;
        let horizons: Vec<usize> = (1..=steps).collect();
        let mut run = Array2::zeros((steps, recording.units()));
        for (step, forecast) in
            self.ahead(recording, stretch, start..start + 1, &horizons).iter().enumerate()
        {
            run.row_mut(step).assign(&forecast.row(0));
        }
        run
    }
}
