//! Reproduction: a network trained and judged on the same stretch.

use std::sync::Arc;

use attractor_learn::Progress;
use attractor_recording::{Recording, RecordingError, Stretch, evaluate};

use super::config::{FitConfig, ReproductionConfig, StartOf};
use super::coupling::Regions;
use super::model::Shape;
use super::predictor::Predictor;
use super::prepare::{Prepared, reduced, scaled};
use super::results::{Reproduction, Score, finite};
use super::training::{Job, Trained};
use crate::error::RunError;

/// The stretch of every trial, and what is trained on it.
pub(crate) fn job(prepared: &Prepared, config: &FitConfig) -> Result<Job, RunError> {
    let ReproductionConfig { frames, inputs, .. } = config.reproduction;
    let recording = &prepared.recording;
    let (from, shortest) = (frames[0], recording.lengths.iter().min().copied().unwrap_or(0));
    let to = frames[1].min(shortest);
    if from + 2 >= to {
        return Err(RecordingError::Frames { from, to: frames[1], frames: shortest }.into());
    }
    let cut = recording.segment(from..to)?;
    let cut = if inputs { cut } else { cut.without_inputs() };
    let stretches = cut.stretches();
    let (cut, _) = scaled(&cut, &stretches, config.recording.normalise, config.recording.peak);
    let (cut, _) = reduced(&cut, &stretches, config.recording.components)?;
    let regions = Regions::of(config, prepared)?;
    Ok(in_full(cut, stretches, regions, config))
}

fn in_full(
    recording: Recording,
    stretches: Vec<Stretch>,
    regions: Option<Regions>,
    config: &FitConfig,
) -> Job {
    let ReproductionConfig { hidden, start, noise, gain, own, l2, updates, rate, clip, .. } =
        config.reproduction;
    let shape = Shape {
        units: recording.units(),
        hidden,
        channels: recording.channels(),
        frame: recording.dt,
        steps: config.network.steps,
        tau: config.network.tau.unwrap_or(3.0 * recording.dt),
        rank: config.network.rank,
        regions,
        displaced: if start == StartOf::Inferred { recording.trials() } else { 0 },
        history: 0,
        noise,
        gain,
        own,
    };
    Job {
        shape,
        recording: Arc::new(recording),
        stretches,
        window: None,
        filter_l2: 0.0,
        l2,
        updates,
        batch: 1,
        rate,
        clip,
        seed: config.seed,
    }
}

/// Trains; none if `watch` gave up.
pub(crate) fn train(
    job: &Job,
    threads: usize,
    watch: &mut dyn FnMut(&Progress) -> bool,
) -> Result<Option<Trained>, RunError> {
    job.train(threads, watch)
}

/// Judges on the frames that were trained on.
pub(crate) fn judge(
    job: &Job,
    trained: &Trained,
    config: &FitConfig,
    threads: usize,
) -> Result<Reproduction, RunError> {
    let ReproductionConfig { frames, jitter, noise, .. } = config.reproduction;
    let Job { recording, stretches, .. } = job;
    let mean = recording.mean_over(stretches)?;
    let longest = recording.frames() - 1;
    let horizons: Vec<usize> =
        config.forecast.horizons.iter().copied().filter(|&h| h <= longest).collect();
    let horizons = if horizons.is_empty() { vec![1] } else { horizons };
    let scores = |predictor: &Predictor| -> Result<Vec<Score>, RunError> {
        let modes = evaluate(predictor, recording, stretches, &mean, 1, &horizons)?;
        Ok(modes.iter().map(Score::of).collect())
    };
    let free = |predictor: &Predictor| -> Result<Option<f64>, RunError> {
        Ok(scores(predictor)?.iter().find(|s| !s.teacher_forced).and_then(|s| s.r2))
    };
    let predictor = || Predictor::new(trained, threads);
    Ok(Reproduction {
        frames: [frames[0], frames[0] + recording.frames()],
        clean: scores(&predictor()?)?,
        jittered: free(&predictor()?.jittered(jitter))?.and_then(finite),
        jitter,
        noisy: if noise > 0.0 { free(&predictor()?.noisy(config.seed))? } else { None },
        noise,
        ..Reproduction::default()
    })
}
