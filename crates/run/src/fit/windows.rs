//! Stretches of a recording as trials in which the network runs freely.

use std::sync::Arc;

use attractor_data::{Conditions, Target, Trials};
use attractor_learn::{Source, SourceError};
use attractor_numerics::random;
use attractor_recording::{Recording, Stretch};
use ndarray::{Array2, Array3, ArrayView3, s};
use rand::seq::SliceRandom;

use super::model::{OBSERVED, Shape, potential};

/// A frame to run on from, and the end of the stretch it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Begin {
    pub(crate) trial: usize,
    pub(crate) frame: usize,
    /// First frame that is not to be seen any more.
    pub(crate) end: usize,
}

/// Frames to run on from in these stretches: with `every`, all that have half a window before them,
/// otherwise the first of each stretch. `lags` frames are known at the start.
pub(crate) fn begins(stretches: &[Stretch], lags: usize, window: usize, every: bool) -> Vec<Begin> {
    let mut begins = Vec::new();
    for Stretch { trial, frames } in stretches {
        let (first, end) = (frames.start + lags - 1, frames.end);
        let last =
            if every { end.saturating_sub(window.div_ceil(2)).max(first + 1) } else { first + 1 };
        let inside = (first..last).filter(|frame| frame + 1 < end);
        begins.extend(inside.map(|frame| Begin { trial: *trial, frame, end }));
    }
    begins
}

/// Trials of `frames` frames after each begin, the recorded rates as targets. What lies beyond the
/// end of a stretch is not asked, and its inputs are 0.
pub(crate) fn trials(
    recording: &Recording,
    begins: &[Begin],
    frames: usize,
    shape: &Shape,
    weights: &[f32],
) -> Trials {
    let (count, steps, units) = (begins.len(), shape.steps, recording.units());
    let mut inputs = Array3::zeros((frames * steps, count, recording.channels()));
    let mut values = Array3::zeros((frames * steps, count, units));
    let mut asked = Array2::zeros((frames * steps, count));
    let mut start = Array2::zeros((count, shape.start_values()));
    let mut lengths = Vec::with_capacity(count);
    for (k, &Begin { trial, frame, end }) in begins.iter().enumerate() {
        for lag in 0..shape.lags() {
            let rates = recording.activity.slice(s![frame - lag, trial, ..]);
            for (unit, &rate) in rates.iter().enumerate() {
                start[[k, lag * units + unit]] = potential(rate);
            }
        }
        start[[k, units * shape.lags()]] = 1.0;
        if shape.displaced > 0 && frame == 0 {
            start[[k, shape.recorded_values() + trial]] = 1.0;
        }
        let known = (end - frame - 1).min(frames);
        for ahead in 0..known {
            let now = frame + 1 + ahead;
            for step in ahead * steps..(ahead + 1) * steps {
                inputs.slice_mut(s![step, k, ..]).assign(&recording.inputs.slice(s![
                    now,
                    trial,
                    ..
                ]));
            }
            let step = (ahead + 1) * steps - 1;
            values.slice_mut(s![step, k, ..]).assign(&recording.activity.slice(s![now, trial, ..]));
            asked[[step, k]] = weights.get(ahead).copied().unwrap_or(1.0);
        }
        lengths.push(known * steps);
    }
    Trials {
        dt: shape.frame / steps as f64,
        inputs,
        input_names: recording.input_names.clone(),
        targets: vec![Target { signal: OBSERVED.to_owned(), values, weights: asked }],
        start: Some(start),
        conditions: Conditions::none(count),
        lengths,
    }
}

/// Weights of the frames ahead that let all count alike: one over the squared error of the last value
/// at that distance, or over the variance, if that is less.
pub(crate) fn balance(recording: &Recording, stretches: &[Stretch], frames: usize) -> Vec<f32> {
    let variance = variance(recording, stretches);
    let weight = |ahead: usize| {
        let (mut error, mut count) = (0.0, 0usize);
        for Stretch { trial, frames } in stretches {
            for frame in frames.start..frames.end.saturating_sub(ahead).max(frames.start) {
                let now = recording.activity.slice(s![frame, *trial, ..]);
                let then = recording.activity.slice(s![frame + ahead, *trial, ..]);
                error += now.iter().zip(then).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                count += now.len();
            }
        }
        let error = if count > 0 { error / count as f64 } else { variance };
        if error > 0.0 { (variance / error.min(variance)) as f32 } else { 1.0 }
    };
    (1..=frames).map(weight).collect()
}

/// Mean variance of the units over these stretches.
pub(crate) fn variance(recording: &Recording, stretches: &[Stretch]) -> f64 {
    let Ok(mean) = recording.mean_over(stretches) else { return 1.0 };
    let (mut sum, mut count) = (0.0, 0usize);
    for Stretch { trial, frames } in stretches {
        for row in recording.activity.slice(s![frames.clone(), *trial, ..]).outer_iter() {
            sum += row.iter().zip(&mean).map(|(&x, m)| (f64::from(x) - m).powi(2)).sum::<f64>();
            count += row.len();
        }
    }
    if sum > 0.0 { sum / count as f64 } else { 1.0 }
}

/// Windows drawn without replacement in epochs shuffled by a seed.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    pub(crate) recording: Arc<Recording>,
    pub(crate) begins: Vec<Begin>,
    pub(crate) frames: usize,
    pub(crate) shape: Shape,
    pub(crate) weights: Vec<f32>,
    pub(crate) seed: u64,
}

impl Source for Windows {
    fn batch(&self, index: u64, trials: usize) -> Result<Trials, SourceError> {
        let trials_per_batch = trials.clamp(1, self.begins.len().max(1));
        let per_epoch = (self.begins.len() / trials_per_batch).max(1) as u64;
        let (epoch, batch) = (index / per_epoch, (index % per_epoch) as usize);
        let mut order: Vec<Begin> = self.begins.clone();
        order.shuffle(&mut random::stream(self.seed, &format!("windows/{epoch}")));
        let chosen = &order[batch * trials_per_batch..(batch + 1) * trials_per_batch];
        Ok(self::trials(&self.recording, chosen, self.frames, &self.shape, &self.weights))
    }

    fn scored(&self) -> &str {
        OBSERVED
    }

    fn score(
        &self,
        trials: &Trials,
        outputs: ArrayView3<'_, f32>,
    ) -> Result<Option<f64>, SourceError> {
        Ok(attractor_learn::source::r_squared(trials, OBSERVED, outputs))
    }
}
