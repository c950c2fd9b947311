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

/// The candidate of the largest score; of equals, the first. All unknown: the last, which is to be
/// the most cautious.
pub(crate) fn best(candidates: &[f64], scores: &[Option<f64>]) -> f64 {
    let mut best: Option<(f64, f64)> = None;
    for (&candidate, score) in candidates.iter().zip(scores) {
        if let Some(score) = score.filter(|&score| best.is_none_or(|(_, most)| score > most)) {
            best = Some((candidate, score));
        }
    }
    best.map_or(candidates.last().copied().unwrap_or(0.0), |(candidate, _)| candidate)
}

/// Scores of the filter alone, before training, for every penalty.
pub(crate) fn filters(
    court: &Court<'_>,
    job: &Job,
    penalties: &[f64],
) -> Result<Vec<Option<f64>>, RunError> {
    let score = |&filter_l2: &f64| {
        let on = |fold: &Division| {
            let stretches = fold.train.clone();
            value(court, fold, &Job { stretches, filter_l2, ..job.clone() }.initial()?)
        };
        let folds: Result<Vec<_>, RunError> = court.folds.iter().map(on).collect();
        Ok(mean(&folds?))
    };
    penalties.iter().map(score).collect()
}

/// Scores of trained networks for every penalty of the coupling: one network per penalty and part,
/// one thread each. None if `watch` gave up.
pub(crate) fn couplings(
    court: &Court<'_>,
    job: &Job,
    penalties: &[f64],
    watch: &mut dyn FnMut(&Progress) -> bool,
) -> Result<Option<Vec<Option<f64>>>, RunError> {
    let folds = court.folds.len();
    let jobs = penalties.len() * folds;
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
                    let job = Job { stretches, l2: penalties[k / folds], ..job.clone() };
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
        assert_eq!(best(&[1.0, 2.0, 3.0], &[Some(0.1), Some(0.5), Some(0.5)]), 2.0);
        assert_eq!(best(&[1.0, 2.0], &[None, None]), 2.0);
        assert_eq!(best(&[1.0, 2.0], &[Some(-0.5), None]), 1.0);
        assert_eq!(mean(&[None, Some(1.0), Some(0.0)]), Some(0.5));
    }
}
