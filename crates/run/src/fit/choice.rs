//! Penalties chosen by cross-validation within the training data: held-out data take no part.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use attractor_learn::{Progress, TrainError};
use attractor_recording::{Division, Recording, evaluate};

use super::predictor::Predictor;
use super::training::{Job, Trained};
use crate::error::RunError;

/// Worse than this, a forecast is as bad as any.
const WORST: f64 = -1.0;

/// What the judging needs.
pub(crate) struct Court<'a> {
    /// The same recording as the jobs'.
    pub(crate) recording: &'a Recording,
    /// Each part of the training data held out once.
    pub(crate) folds: &'a [Division],
    pub(crate) horizons: &'a [usize],
    pub(crate) lead: usize,
    pub(crate) threads: usize,
}

/// Score of a forecast by its R² in every mode: their mean, none of them below -1.
fn value(court: &Court<'_>, fold: &Division, trained: &Trained) -> Result<Option<f64>, RunError> {
    let mean = court.recording.mean_over(&fold.train)?;
    let predictor = Predictor::new(trained, 1)?;
    let judged =
        evaluate(&predictor, court.recording, &fold.held_out, &mean, court.lead, court.horizons);
    // a part whose stretches are too short to judge by says nothing
    let Ok(modes) = judged else { return Ok(None) };
    let sum: f64 = modes.iter().map(|(_, r2)| r2.pooled().max(WORST)).sum();
    Ok(Some(sum / modes.len() as f64))
}

/// Mean over the folds that could be judged.
fn mean(values: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Two penalties.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Penalties {
    /// Of the filter.
    pub(crate) filter_l2: f64,
    /// Of the coupling.
    pub(crate) l2: f64,
}

/// The candidate of the largest score; of equals, the first. All unknown: the last, which is to be
/// the most cautious.
pub(crate) fn best(scores: &[Option<f64>]) -> usize {
    let mut best: Option<(usize, f64)> = None;
    for (k, score) in scores.iter().enumerate() {
        if let Some(score) = score.filter(|&score| best.is_none_or(|(_, most)| score > most)) {
            best = Some((k, score));
        }
    }
    best.map_or(scores.len().saturating_sub(1), |(k, _)| k)
}

/// Scores of trained networks: one network per candidate and part, one thread each. None if `watch`
/// gave up.
pub(crate) fn scores(
    court: &Court<'_>,
    job: &Job,
    candidates: &[Penalties],
    watch: &mut dyn FnMut(&Progress) -> bool,
) -> Result<Option<Vec<Option<f64>>>, RunError> {
    let folds = court.folds.len();
    let jobs = candidates.len() * folds;
    let (next, given_up) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (report, reports) = mpsc::channel::<Message>();
    let mut values: Vec<Option<f64>> = vec![None; jobs];
    let mut failure = None;
    std::thread::scope(|scope| {
        for _ in 0..court.threads.clamp(1, jobs.max(1)) {
            let (report, next, given_up) = (report.clone(), &next, &given_up);
            scope.spawn(move || {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    if k >= jobs || given_up.load(Ordering::Relaxed) {
                        return;
                    }
                    let fold = &court.folds[k % folds];
                    let stretches = fold.train.clone();
                    let Penalties { filter_l2, l2 } = candidates[k / folds];
                    let job = Job { stretches, filter_l2, l2, ..job.clone() };
                    let outcome = one(court, &job, fold, &mut |progress| {
                        let _ = report.send(Message::Update(Box::new(progress.clone())));
                        !given_up.load(Ordering::Relaxed)
                    });
                    let _ = report.send(Message::Done(k, outcome));
                }
            });
        }
        drop(report);
        for message in reports {
            match message {
                Message::Update(progress) => {
                    if !watch(&progress) {
                        given_up.store(true, Ordering::Relaxed);
                    }
                }
                Message::Done(k, Ok(value)) => values[k] = value,
                Message::Done(_, Err(error)) => {
                    given_up.store(true, Ordering::Relaxed);
                    failure.get_or_insert(error);
                }
            }
        }
    });
    match failure {
        Some(error) => Err(error),
        None if given_up.load(Ordering::Relaxed) => Ok(None),
        None => Ok(Some(values.chunks(folds.max(1)).map(mean).collect())),
    }
}

enum Message {
    Update(Box<Progress>),
    Done(usize, Result<Option<f64>, RunError>),
}

/// One network of the cross-validation. A penalty too small to train with is no candidate, but no
/// reason to stop either.
fn one(
    court: &Court<'_>,
    job: &Job,
    fold: &Division,
    watch: &mut dyn FnMut(&Progress) -> bool,
) -> Result<Option<f64>, RunError> {
    match job.train(1, watch) {
        Ok(Some(trained)) => value(court, fold, &trained),
        Ok(None) => Ok(None),
        Err(RunError::Train(TrainError::Diverged { .. })) => Ok(Some(WORST)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_the_first_of_equals_and_caution_where_nothing_is_known() {
        assert_eq!(best(&[Some(0.1), Some(0.5), Some(0.5)]), 1);
        assert_eq!(best(&[None, None]), 1);
        assert_eq!(best(&[Some(-0.5), None]), 0);
        assert_eq!(mean(&[None, Some(1.0), Some(0.0)]), Some(0.5));
    }
}
