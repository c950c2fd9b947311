//! Cross-validation in which samples that belong together stay together, and the choice of the simplest
//! model that is as good as the best.

use attractor_data::Split;
use attractor_numerics::random::stream;
use ndarray::{ArrayView2, Axis};
use rand::seq::SliceRandom;
use serde::Serialize;

use crate::MeasureError;
use crate::measure_error::enough;

/// Deals groups of samples into folds: no group is on both sides of any of them.
///
/// `groups` has one number per sample, such as the trial that a bin comes from or the image that a trial
/// shows. Groups are shuffled and dealt in turn, so folds hold equally many groups (to within one). Every
/// sample is held out once.
///
/// ```
/// use attractor_analysis::group_folds;
/// // two trials of each of three images
/// let folds = group_folds(&[0, 1, 2, 0, 1, 2], 3, 1)?;
/// assert!(folds.iter().all(|fold| fold.held_out[1] == fold.held_out[0] + 3));
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
///
/// # Errors
/// Fewer than two folds, fewer groups than folds.
pub fn group_folds(groups: &[usize], folds: usize, seed: u64) -> Result<Vec<Split>, MeasureError> {
    enough("folds", 2, folds)?;
    let mut members = members(groups);
    enough("groups of samples, one per fold", folds, members.len())?;
    members.shuffle(&mut stream(seed, "analysis/group-folds"));
    let mut fold_of = vec![0; groups.len()];
    for (k, samples) in members.iter().enumerate() {
        samples.iter().for_each(|&sample| fold_of[sample] = k % folds);
    }
    let fold = |fold: usize| {
        let (held_out, train) = (0..groups.len()).partition(|&sample| fold_of[sample] == fold);
        Split { train, held_out }
    };
    Ok((0..folds).map(fold).collect())
}

/// The samples of each group, groups in ascending order.
pub(crate) fn members(groups: &[usize]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&sample| groups[sample]);
    order.chunk_by(|&a, &b| groups[a] == groups[b]).map(<[usize]>::to_vec).collect()
}

/// How well candidate models, the simplest first, did on held-out data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Validated {
    /// Mean score over folds, per candidate; the higher the better.
    pub mean: Vec<f64>,
    /// Standard error of that mean: standard deviation over folds / √folds.
    pub standard_error: Vec<f64>,
    /// The candidate with the highest mean, the first of equals.
    pub best: usize,
    /// The first candidate whose mean is within one standard error (of the best) of the best: the
    /// one-standard-error rule (Breiman, Friedman, Olshen & Stone 1984, §3.4.3).
    pub simplest: usize,
}

impl Validated {
    /// Of scores `[candidate, fold]`.
    ///
    /// # Errors
    /// No candidate, fewer than two folds, scores that are not finite.
    pub fn new(scores: ArrayView2<'_, f64>) -> Result<Self, MeasureError> {
        let (candidates, folds) = scores.dim();
        enough("candidates", 1, candidates)?;
        enough("folds", 2, folds)?;
        if let Some(((k, fold), &value)) = scores.indexed_iter().find(|(_, s)| !s.is_finite()) {
            return Err(MeasureError::NotFinite { what: "scores", index: vec![k, fold], value });
        }
        let mean = scores.sum_axis(Axis(1)) / folds as f64;
        let standard_error = scores.std_axis(Axis(1), 1.0) / (folds as f64).sqrt();
        let best = (1..candidates).fold(0, |best, k| if mean[k] > mean[best] { k } else { best });
        let enough = mean[best] - standard_error[best];
        let simplest = (0..best).find(|&k| mean[k] >= enough).unwrap_or(best);
        Ok(Validated {
            mean: mean.to_vec(),
            standard_error: standard_error.to_vec(),
            best,
            simplest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn groups_stay_together_and_are_held_out_once() {
        let groups: Vec<usize> = (0..90).map(|k| 100 + k * 7 % 23).collect();
        let folds = group_folds(&groups, 5, 3).unwrap();
        let mut held_out: Vec<usize> = folds.iter().flat_map(|f| f.held_out.clone()).collect();
        held_out.sort_unstable();
        assert_eq!(held_out, (0..90).collect::<Vec<_>>());
        for fold in &folds {
            assert_eq!(fold.train.len() + fold.held_out.len(), 90);
            let of = |samples: &[usize]| -> std::collections::BTreeSet<usize> {
                samples.iter().map(|&k| groups[k]).collect()
            };
            assert!(of(&fold.train).is_disjoint(&of(&fold.held_out)));
            assert!((4..=5).contains(&of(&fold.held_out).len()));
        }
        assert_eq!(group_folds(&groups, 5, 3).unwrap(), folds);
        assert_ne!(group_folds(&groups, 5, 4).unwrap(), folds);
        assert!(group_folds(&[1, 1, 2], 3, 0).is_err());
        assert!(group_folds(&groups, 1, 0).is_err());
    }

    /// Means 0, 2.8, 3; the best has sd 0.4 over four folds, so a standard error of 0.2.
    #[test]
    fn the_simplest_within_a_standard_error() {
        let d = 0.4 * (3.0f64 / 4.0).sqrt();
        let best = [3.0 - d, 3.0 + d, 3.0 - d, 3.0 + d];
        let of = |middle: f64| {
            let scores = array![[0.0; 4], [middle; 4], best];
            Validated::new(scores.view()).unwrap()
        };
        assert!((of(2.81).standard_error[2] - 0.2).abs() < 1e-12);
        assert_eq!((of(2.81).best, of(2.81).simplest), (2, 1));
        assert_eq!((of(2.79).best, of(2.79).simplest), (2, 2));
        assert!(Validated::new(array![[1.0], [2.0]].view()).is_err());
        assert!(Validated::new(array![[1.0, f64::NAN]].view()).is_err());
    }
}
