//! How well free runs explain counts of spikes that were held out.

use std::fmt;

use attractor_analysis::{bits_per_spike, deviance_explained};
use attractor_recording::{Recording, Stretch};
use ndarray::{Array2, Array3, s};
use serde::{Deserialize, Serialize};

use super::results::{finite, shown};

/// A rate below this part of the unit's mean counts as that: a Poisson rate has to be above 0.
const FLOOR: f64 = 0.01;

/// How well rates explain counts, beyond the mean counts of the training data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpikeScores {
    /// Spikes judged.
    pub spikes: u64,
    /// Fraction of the Poisson deviance that the rates explain.
    pub deviance_explained: Option<f64>,
    /// Information of the rates about the counts, bits per spike.
    pub bits_per_spike: Option<f64>,
}

impl SpikeScores {
    /// Scores and what they are.
    pub(crate) fn rows(&self) -> [(&'static str, Option<f64>); 2] {
        [
            ("free run, deviance explained of counts", self.deviance_explained),
            ("free run, bits per spike", self.bits_per_spike),
        ]
    }
}

impl fmt::Display for SpikeScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (deviance, bits) = (shown(self.deviance_explained), shown(self.bits_per_spike));
        write!(
            f,
            "{} held-out spikes, free run: deviance explained {deviance}, {bits} bits per spike",
            self.spikes
        )
    }
}

/// The activity, if it is counts of spikes: whole numbers, in a file that does not call them anything
/// else.
pub(crate) fn of(recording: &Recording) -> Option<Array3<f32>> {
    let unit = recording.provenance.unit.as_str();
    let whole = recording.activity.iter().all(|&x| x >= 0.0 && x.fract() == 0.0);
    let some = recording.activity.iter().any(|&x| x > 0.0);
    (matches!(unit, "" | "spikes") && whole && some).then(|| recording.activity.clone())
}

/// Frames behind the start of a run that its smoothed start has seen something of.
pub(crate) fn reach(smooth: f64) -> usize {
    (4.0 * smooth).ceil() as usize
}

/// Judges runs, each with the frames it predicts, `[frame, unit]` in rates that are `factors` times the
/// counts. The first `reach` frames of each take no part. None if there is nothing left to judge.
pub(crate) fn judge(
    counts: &Array3<f32>,
    factors: &[f32],
    train: &[Stretch],
    runs: &[(Stretch, Array2<f64>)],
    reach: usize,
) -> Option<SpikeScores> {
    let of = |stretch: &Stretch, unit: usize| {
        counts.slice(s![stretch.frames.clone(), stretch.trial, unit]).mapv(f64::from)
    };
    let frames: usize = train.iter().map(|stretch| stretch.frames.len()).sum();
    let (mut known, mut rates, mut null) = (Vec::new(), Vec::new(), Vec::new());
    for (unit, &factor) in factors.iter().enumerate() {
        let spikes: f64 = train.iter().map(|stretch| of(stretch, unit).sum()).sum();
        // half a spike for a unit that is first heard when it is judged
        let mean = spikes.max(0.5) / frames.max(1) as f64;
        for (stretch, run) in runs {
            for (frame, count) in of(stretch, unit).into_iter().enumerate().skip(reach) {
                known.push(count);
                null.push(mean);
                rates.push((run[[frame, unit]] / f64::from(factor)).max(FLOOR * mean));
            }
        }
    }
    let spikes = known.iter().sum::<f64>();
    (spikes > 0.0).then(|| SpikeScores {
        spikes: spikes as u64,
        deviance_explained: deviance_explained(&known, &rates, &null).ok().and_then(finite),
        bits_per_spike: bits_per_spike(&known, &rates, &null).ok().and_then(finite),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_rates_explain_and_the_mean_explains_nothing() {
        // rates 1 and 3 in turn, counted without noise
        let counts = Array3::from_shape_fn((40, 1, 1), |(t, _, _)| [1.0, 3.0][t % 2]);
        let recording = Recording::new(20.0, counts.clone()).unwrap();
        assert_eq!(of(&recording), Some(counts.clone()));
        let train = [Stretch { trial: 0, frames: 0..20 }];
        let held = Stretch { trial: 0, frames: 20..40 };
        let score = |rate: &dyn Fn(usize) -> f64, reach| {
            let run = Array2::from_shape_fn((20, 1), |(t, _)| 0.5 * rate(t));
            judge(&counts, &[0.5], &train, &[(held.clone(), run)], reach).unwrap()
        };
        let right = score(&|t| [1.0, 3.0][t % 2], 0);
        assert_eq!((right.spikes, right.deviance_explained), (40, Some(1.0)));
        // (ln ½ + 3 ln 3/2) / (4 ln 2)
        let bits = (0.5_f64.ln() + 3.0 * 1.5_f64.ln()) / (4.0 * std::f64::consts::LN_2);
        assert!((right.bits_per_spike.unwrap() - bits).abs() < 1e-12);
        let mean = score(&|_| 2.0, 0);
        assert_eq!((mean.deviance_explained, mean.bits_per_spike), (Some(0.0), Some(0.0)));
        assert_eq!(score(&|_| 2.0, 10).spikes, 20);
        assert!(score(&|_| -1.0, 0).deviance_explained.unwrap() < 0.0);
        assert_eq!(score(&|_| f64::INFINITY, 0).deviance_explained, None);
        assert_eq!(judge(&counts, &[0.5], &train, &[], 0), None);
        let rates = Recording::new(20.0, counts.mapv(|x| x / 2.0)).unwrap();
        assert_eq!(of(&rates), None);
    }
}
