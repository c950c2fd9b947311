//! Choosing a regression by its errors on parts of the training data that it has not seen.

use attractor_data::split;

use crate::baseline::{BaselineOptions, RidgeChoice};
use crate::forecast::evaluate;
use crate::ridge::{Moments, Ridge, Scaling};
use crate::{Division, Recording, RecordingError, Stretch};

/// For every mode, the lags, penalty and prior with the least cross-validated error.
pub(crate) fn choose(
    recording: &Recording,
    division: &Division,
    scaling: &Scaling,
    horizons: &[usize],
    lead: usize,
    options: &BaselineOptions,
) -> Result<Vec<RidgeChoice>, RecordingError> {
    let folds = folds(&division.train, options.folds, options.gap)?;
    let longest = horizons.last().copied().unwrap_or(1);
    let long_enough = |stretch: &Stretch| stretch.frames.len() >= lead + longest;
    // Squared errors of every candidate in every mode, summed over the folds.
    let mut candidates: Vec<(RidgeChoice, Vec<f64>)> = Vec::new();
    for &lags in &options.lags {
        for &l2 in &options.l2 {
            let modes = vec![0.0; horizons.len() + 1];
            candidates.extend(
                options
                    .priors
                    .iter()
                    .map(|&prior| (RidgeChoice { lags, l2, prior }, modes.clone())),
            );
        }
    }
    let mut judged = false;
    let same_lags = options.l2.len() * options.priors.len();
    for (&lags, candidates) in options.lags.iter().zip(candidates.chunks_mut(same_lags)) {
        let parts: Vec<Moments> =
            folds.iter().map(|fold| Moments::of(recording, scaling, fold, lags, lead)).collect();
        for (left_out, fold) in folds.iter().enumerate() {
            let rest = Moments::sum(
                parts.iter().enumerate().filter(|(part, _)| *part != left_out).map(|(_, m)| m),
            );
            let Some(rest) = rest.filter(|moments| moments.frames() > 0) else {
                continue;
            };
            if !fold.iter().any(long_enough) {
                continue;
            }
            judged = true;
            for same_l2 in candidates.chunks_mut(options.priors.len()) {
                let factor = rest.factor(scaling, same_l2[0].0.l2);
                for (choice, errors) in same_l2 {
                    // A penalty too small for these data is no candidate, but no reason to stop either.
                    let Ok(ridge) = Ridge::from_moments(scaling.clone(), &rest, &factor, *choice)
                    else {
                        errors.fill(f64::INFINITY);
                        continue;
                    };
                    let scores = evaluate(&ridge, recording, fold, &scaling.mean, lead, horizons)?;
                    errors.iter_mut().zip(&scores).for_each(|(error, (_, r2))| *error += r2.sse());
                }
            }
        }
    }
    let best = |mode: usize| {
        let finite = candidates.iter().filter(|(_, errors)| errors[mode].is_finite());
        finite.min_by(|a, b| a.1[mode].total_cmp(&b.1[mode])).map(|(choice, _)| *choice)
    };
    let chosen: Option<Vec<RidgeChoice>> = (0..=horizons.len()).map(best).collect();
    chosen.filter(|_| judged).ok_or(RecordingError::Short {
        part: "training",
        lead,
        horizon: longest,
    })
}

/// The training stretches, end to end, cut into parts of equal length; `gap` frames are dropped on
/// either side of every cut.
///
/// # Errors
/// [`RecordingError::Split`] unless there are 2 folds or more, and a frame for each.
pub fn folds(
    stretches: &[Stretch],
    folds: usize,
    gap: usize,
) -> Result<Vec<Vec<Stretch>>, RecordingError> {
    let frames: usize = stretches.iter().map(|stretch| stretch.frames.len()).sum();
    let mut parts = Vec::with_capacity(folds);
    for part in split::folds(frames, folds)? {
        let mut pieces = Vec::new();
        let mut before = 0;
        for Stretch { trial, frames } in stretches {
            let within =
                |at: usize| frames.start + at.clamp(before, before + frames.len()) - before;
            let (mut from, mut to) = (within(part.start), within(part.end));
            from += if from > frames.start { gap } else { 0 };
            to = to.saturating_sub(if to < frames.end { gap } else { 0 });
            if from < to {
                pieces.push(Stretch { trial: *trial, frames: from..to });
            }
            before += frames.len();
        }
        parts.push(pieces);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_keep_their_distance() {
        let stretches = [Stretch { trial: 0, frames: 10..50 }, Stretch { trial: 1, frames: 0..60 }];
        let parts = folds(&stretches, 2, 3).unwrap();
        assert_eq!(
            parts[0],
            [Stretch { trial: 0, frames: 10..50 }, Stretch { trial: 1, frames: 0..7 }]
        );
        assert_eq!(parts[1], [Stretch { trial: 1, frames: 13..60 }]);
        assert!(folds(&stretches, 1, 0).is_err());
    }
}
