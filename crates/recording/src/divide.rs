//! Training and held-out stretches: whole trials, or blocks of one continuous recording.

use std::ops::Range;

use attractor_data::split;
use ndarray::{Array1, Array3, Axis, s};
use serde::Serialize;

use crate::session::Moments;
use crate::{Recording, RecordingError};

/// A run of consecutive frames of one trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// The trial.
    pub trial: usize,
    /// Its frames.
    pub frames: Range<usize>,
}

/// What is trained on and what is held out; the two never touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Division {
    /// Stretches to train on.
    pub train: Vec<Stretch>,
    /// Stretches to judge by.
    pub held_out: Vec<Stretch>,
}

impl Recording {
    /// Holds out a random fraction: of the trials, or, if there is only one, of blocks of time.
    ///
    /// A continuous recording is cut into blocks of `block` frames; where training and held-out
    /// blocks meet, `gap` frames are dropped on either side (about 3 sd of a smoothing). With
    /// several trials, `block` and `gap` are not used.
    ///
    /// # Errors
    /// [`RecordingError::Split`].
    pub fn divided(
        &self,
        held_out: f64,
        block: usize,
        gap: usize,
        seed: u64,
    ) -> Result<Division, RecordingError> {
        if self.trials() == 1 {
            let split = split::by_blocks(self.lengths[0], block, held_out, gap, seed)?;
            let stretches = |ranges: Vec<Range<usize>>| {
                ranges.into_iter().map(|frames| Stretch { trial: 0, frames }).collect()
            };
            return Ok(Division {
                train: stretches(split.train),
                held_out: stretches(split.held_out),
            });
        }
        let split = split::by_trials(self.trials(), held_out, seed)?;
        let whole = |trials: Vec<usize>| {
            trials
                .into_iter()
                .map(|trial| Stretch { trial, frames: 0..self.lengths[trial] })
                .collect()
        };
        Ok(Division { train: whole(split.train), held_out: whole(split.held_out) })
    }

    /// Units to train on and units to hold out, a random fraction, each in ascending order: whether what
    /// was fitted to some units says what others do (`select_units` takes either list).
    ///
    /// # Errors
    /// [`RecordingError::Split`].
    pub fn divided_units(
        &self,
        held_out: f64,
        seed: u64,
    ) -> Result<(Vec<usize>, Vec<usize>), RecordingError> {
        let split = split::by_trials(self.units(), held_out, seed)?;
        Ok((split.train, split.held_out))
    }

    /// The whole recording, one stretch per trial.
    #[must_use]
    pub fn stretches(&self) -> Vec<Stretch> {
        self.lengths.iter().enumerate().map(|(trial, &n)| Stretch { trial, frames: 0..n }).collect()
    }

    /// These stretches as trials of a recording of their own, padded to the longest with zeros.
    ///
    /// Conditions are those of the trials they came from, joined by `frame` (the first frame there)
    /// unless such a column exists.
    ///
    /// # Errors
    /// [`RecordingError::Stretch`]; [`RecordingError::Nothing`] if there is none.
    pub fn take(&self, stretches: &[Stretch]) -> Result<Self, RecordingError> {
        self.check(stretches)?;
        let longest = stretches.iter().map(|stretch| stretch.frames.len()).max().unwrap_or(0);
        let gather = |array: &Array3<f32>| {
            let mut taken = Array3::zeros((longest, stretches.len(), array.len_of(Axis(2))));
            for (trial, stretch) in stretches.iter().enumerate() {
                let piece = array.slice(s![stretch.frames.clone(), stretch.trial, ..]);
                taken.slice_mut(s![..stretch.frames.len(), trial, ..]).assign(&piece);
            }
            taken
        };
        let trials: Vec<usize> = stretches.iter().map(|stretch| stretch.trial).collect();
        let mut conditions = self.conditions.select(&trials)?;
        if conditions.column("frame").is_none() {
            let first: Vec<f64> =
                stretches.iter().map(|stretch| stretch.frames.start as f64).collect();
            conditions = conditions.with("frame", first)?;
        }
        Ok(Recording {
            dt: self.dt,
            activity: gather(&self.activity),
            unit_names: self.unit_names.clone(),
            unit_columns: self.unit_columns.clone(),
            inputs: gather(&self.inputs),
            input_names: self.input_names.clone(),
            conditions,
            lengths: stretches.iter().map(|stretch| stretch.frames.len()).collect(),
            starts: self.starts_of(stretches.iter().map(|s| (s.trial, s.frames.start))),
            events: self.events_of(stretches.iter().map(|s| (s.trial, s.frames.start))),
            provenance: self.provenance.clone(),
        })
    }

    /// When pieces begin, each a trial and its first frame there.
    pub(crate) fn starts_of(&self, pieces: impl Iterator<Item = (usize, usize)>) -> Vec<f64> {
        pieces.map(|(trial, frame)| self.starts[trial] + self.dt * frame as f64).collect()
    }

    /// The events seen from pieces, each a trial and its first frame there.
    pub(crate) fn events_of(
        &self,
        pieces: impl Iterator<Item = (usize, usize)> + Clone,
    ) -> Vec<Moments> {
        let seen = |event: &Moments| Moments {
            name: event.name.clone(),
            times: pieces
                .clone()
                .map(|(trial, frame)| event.times[trial] - self.dt * frame as f64)
                .collect(),
        };
        self.events.iter().map(seen).collect()
    }

    /// The mean of every unit over these stretches, `[unit]`.
    ///
    /// # Errors
    /// As [`Recording::take`].
    pub fn mean_over(&self, stretches: &[Stretch]) -> Result<Array1<f64>, RecordingError> {
        self.check(stretches)?;
        let (mut sum, mut frames) = (Array1::<f64>::zeros(self.units()), 0);
        for stretch in stretches {
            let piece = self.activity.slice(s![stretch.frames.clone(), stretch.trial, ..]);
            sum += &piece.mapv(f64::from).sum_axis(Axis(0));
            frames += stretch.frames.len();
        }
        Ok(sum / frames as f64)
    }

    /// Refuses stretches that are empty or lie outside the recording, and no stretches at all.
    pub(crate) fn check(&self, stretches: &[Stretch]) -> Result<(), RecordingError> {
        if stretches.is_empty() {
            return Err(RecordingError::Nothing {
                what: "stretches",
                why: "at least one is needed",
            });
        }
        let inside = |stretch: &&Stretch| {
            !stretch.frames.is_empty()
                && self.lengths.get(stretch.trial).is_some_and(|&n| stretch.frames.end <= n)
        };
        match stretches.iter().find(|stretch| !inside(stretch)) {
            Some(Stretch { trial, frames }) => {
                Err(RecordingError::Stretch { trial: *trial, from: frames.start, to: frames.end })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(frames: usize, trials: usize) -> Recording {
        let activity =
            Array3::from_shape_fn((frames, trials, 2), |(t, k, u)| (1000 * k + 10 * t + u) as f32);
        Recording::new(10.0, activity).unwrap()
    }

    #[test]
    fn one_trial_is_divided_in_time_and_many_by_trials() {
        let continuous = recording(200, 1).divided(0.25, 20, 3, 1).unwrap();
        assert!(continuous.held_out.iter().all(|s| s.trial == 0 && s.frames.len() >= 14));
        let trials = recording(10, 8).divided(0.25, 0, 0, 1).unwrap();
        assert_eq!((trials.train.len(), trials.held_out.len()), (6, 2));
        assert!(trials.train.iter().all(|s| s.frames == (0..10)));
        assert!(recording(200, 1).divided(0.25, 4, 3, 1).is_err());
        let (train, held_out) = recording(10, 1).divided_units(0.5, 1).unwrap();
        assert_eq!((train.len(), held_out.len()), (1, 1));
        assert_ne!(train, held_out);
    }

    #[test]
    fn taken_stretches_are_trials_with_their_frames() {
        let recording = recording(10, 2);
        let stretches = [Stretch { trial: 1, frames: 2..6 }, Stretch { trial: 0, frames: 8..10 }];
        let taken = recording.take(&stretches).unwrap();
        taken.validate().unwrap();
        assert_eq!(taken.lengths, [4, 2]);
        assert_eq!(
            (taken.activity[[3, 0, 1]], taken.activity[[1, 1, 0]], taken.activity[[2, 1, 0]]),
            (1051.0, 90.0, 0.0)
        );
        assert_eq!(taken.conditions.numbers("frame").unwrap(), [2.0, 8.0]);
        let mean = recording.mean_over(&stretches).unwrap();
        assert!((mean[0] - (4.0 * 1035.0 + 2.0 * 85.0) / 6.0).abs() < 1e-9);
        assert!(matches!(
            recording.take(&[Stretch { trial: 0, frames: 8..11 }]),
            Err(RecordingError::Stretch { .. })
        ));
        assert!(matches!(recording.take(&[]), Err(RecordingError::Nothing { .. })));
    }
}
