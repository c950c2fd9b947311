//! Before fitting: smoothing, normalisation, choice of units, segments.

use std::ops::Range;

use ndarray::{Array3, ArrayViewMut1, Axis, concatenate, s};
use serde::{Deserialize, Serialize};

use crate::{Recording, RecordingError};

/// How activity is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// As it is.
    None,
    /// Divided by the largest absolute value of the whole recording: keeps how units compare, and
    /// brings rates into the range of a tanh unit.
    #[default]
    Global,
    /// Every unit divided by its own largest absolute value: quiet units count as much as loud ones.
    PerUnit,
}

impl Recording {
    /// Activity smoothed along time with a Gaussian of standard deviation `sd` frames.
    ///
    /// `y_t = sum_k w_k x_(t+k) / sum_k w_k`, `w_k = exp(-k² / 2 sd²)`, `|k| <= 4 sd`, over the
    /// frames within the trial: at its ends the sum has fewer terms, and padding takes no part. The
    /// filter looks into the future, so a division into training and held-out data needs a gap of
    /// about 3 sd. Inputs stay as they are. `sd` 0 changes nothing.
    ///
    /// # Errors
    /// [`RecordingError::Value`] unless `sd` is a finite number >= 0.
    pub fn smoothed(&self, sd: f64) -> Result<Self, RecordingError> {
        self.filtered(sd, false)
    }

    fn filtered(&self, sd: f64, causal: bool) -> Result<Self, RecordingError> {
        if !(sd.is_finite() && sd >= 0.0) {
            return Err(RecordingError::Value {
                name: "smooth",
                value: sd.to_string(),
                fix: "give frames >= 0",
            });
        }
        let mut smoothed = self.clone();
        // Beyond the trial there is nothing to weigh.
        let reach = ((4.0 * sd).ceil() as usize).min(self.frames());
        let kernel: Vec<f64> =
            (0..=reach).map(|k| (-0.5 * (k as f64 / sd).powi(2)).exp()).collect();
        if reach > 0 {
            for (trial, &length) in self.lengths.iter().enumerate() {
                let trial = smoothed.activity.slice_mut(s![..length, trial, ..]);
                trial.reversed_axes().outer_iter_mut().for_each(|unit| {
                    smooth(unit, &kernel, causal);
                });
            }
        }
        Ok(smoothed)
    }

    /// Activity smoothed with the half of a Gaussian that looks at the past, of standard deviation `sd`
    /// frames: `y_t = sum_k w_k x_(t-k) / sum_k w_k`, `w_k = exp(-k² / 2 sd²)`, `0 <= k <= 4 sd`, within
    /// the trial. Nothing is seen before it happens; peaks come later, by about 0.8 sd.
    ///
    /// # Errors
    /// As [`Recording::smoothed`].
    pub fn smoothed_causally(&self, sd: f64) -> Result<Self, RecordingError> {
        self.filtered(sd, true)
    }

    /// Scaled activity, and what each unit was divided by (multiply to undo). A silent unit stays.
    #[must_use]
    pub fn normalised(&self, how: Normalisation) -> (Self, Vec<f32>) {
        let largest = |values: &mut dyn Iterator<Item = &f32>| {
            values.fold(0.0_f32, |max, x| max.max(x.abs()))
        };
        let usable = |scale: f32| if scale > 0.0 { scale } else { 1.0 };
        let scales: Vec<f32> = match how {
            Normalisation::None => vec![1.0; self.units()],
            Normalisation::Global => vec![usable(largest(&mut self.activity.iter())); self.units()],
            Normalisation::PerUnit => self
                .activity
                .axis_iter(Axis(2))
                .map(|unit| usable(largest(&mut unit.iter())))
                .collect(),
        };
        let mut scaled = self.clone();
        for (mut unit, scale) in scaled.activity.axis_iter_mut(Axis(2)).zip(&scales) {
            unit.mapv_inplace(|x| x / scale);
        }
        (scaled, scales)
    }

    /// These units, in this order.
    ///
    /// # Errors
    /// [`RecordingError::Unit`]; [`RecordingError::Nothing`] if none is named.
    pub fn select_units(&self, units: &[usize]) -> Result<Self, RecordingError> {
        if let Some(&unit) = units.iter().find(|&&unit| unit >= self.units()) {
            return Err(RecordingError::Unit { unit, units: self.units() });
        }
        if units.is_empty() {
            return Err(RecordingError::Nothing {
                what: "units",
                why: "at least one must be named",
            });
        }
        let mut selected = self.clone();
        selected.activity = self.activity.select(Axis(2), units);
        selected.unit_columns = self.unit_columns.select(units)?;
        selected.unit_names = units.iter().map(|&unit| self.unit_names[unit].clone()).collect();
        Ok(selected)
    }

    /// These trials, in this order.
    ///
    /// # Errors
    /// [`RecordingError::Trials`] for a trial that is not there; [`RecordingError::Nothing`] if none is
    /// named.
    pub fn select_trials(&self, trials: &[usize]) -> Result<Self, RecordingError> {
        if trials.is_empty() {
            let why = "at least one must be named";
            return Err(RecordingError::Nothing { what: "trials", why });
        }
        let conditions = self.conditions.select(trials)?;
        let mut selected = self.clone();
        selected.conditions = conditions;
        selected.activity = self.activity.select(Axis(1), trials);
        selected.inputs = self.inputs.select(Axis(1), trials);
        selected.lengths = trials.iter().map(|&trial| self.lengths[trial]).collect();
        selected.starts = self.starts_of(trials.iter().map(|&trial| (trial, 0)));
        selected.events = self.events_of(trials.iter().map(|&trial| (trial, 0)));
        Ok(selected)
    }

    /// The units whose activity varies at all, and how many were dropped.
    ///
    /// # Errors
    /// [`RecordingError::Nothing`] if every unit is constant.
    pub fn live_units(&self) -> Result<(Self, usize), RecordingError> {
        let live = self.live()?;
        Ok((self.select_units(&live)?, self.units() - live.len()))
    }

    /// Places of the units whose activity varies at all.
    ///
    /// # Errors
    /// As [`Recording::live_units`].
    pub fn live(&self) -> Result<Vec<usize>, RecordingError> {
        let varies = |&unit: &usize| {
            let frames = || {
                self.lengths
                    .iter()
                    .enumerate()
                    .flat_map(move |(trial, &n)| self.activity.slice(s![..n, trial, unit]).to_vec())
            };
            let first = frames().next();
            frames().any(|x| Some(x) != first)
        };
        let live: Vec<usize> = (0..self.units()).filter(varies).collect();
        if live.is_empty() {
            return Err(RecordingError::Nothing { what: "units", why: "every unit is constant" });
        }
        Ok(live)
    }

    /// These frames of every trial.
    ///
    /// # Errors
    /// [`RecordingError::Frames`] if the shortest trial does not have them.
    pub fn segment(&self, frames: Range<usize>) -> Result<Self, RecordingError> {
        let shortest = self.lengths.iter().copied().min().unwrap_or(0);
        if frames.start >= frames.end || frames.end > shortest {
            return Err(RecordingError::Frames {
                from: frames.start,
                to: frames.end,
                frames: shortest,
            });
        }
        let mut segment = self.clone();
        segment.activity = self.activity.slice(s![frames.clone(), .., ..]).to_owned();
        segment.inputs = self.inputs.slice(s![frames.clone(), .., ..]).to_owned();
        segment.lengths = vec![frames.len(); self.trials()];
        segment.starts = self.starts_of((0..self.trials()).map(|trial| (trial, frames.start)));
        segment.events = self.events_of((0..self.trials()).map(|trial| (trial, frames.start)));
        Ok(segment)
    }

    /// Every trial cut into trials of `length` frames; what is left over at its end is dropped.
    ///
    /// Conditions are kept, and joined by `trial` (the trial each piece came from) and `frame` (its
    /// first frame there), unless columns of these names exist.
    ///
    /// # Errors
    /// [`RecordingError::Frames`] if no trial is that long, [`RecordingError::Value`] for length 0.
    pub fn cut(&self, length: usize) -> Result<Self, RecordingError> {
        if length == 0 {
            return Err(RecordingError::Value {
                name: "length",
                value: "0".into(),
                fix: "give at least one frame",
            });
        }
        let pieces: Vec<(usize, usize)> = self
            .lengths
            .iter()
            .enumerate()
            .flat_map(|(trial, &n)| (0..n / length).map(move |piece| (trial, piece * length)))
            .collect();
        if pieces.is_empty() {
            let frames = self.lengths.iter().copied().max().unwrap_or(0);
            return Err(RecordingError::Frames { from: 0, to: length, frames });
        }
        let gather = |array: &Array3<f32>| {
            let views: Vec<_> = pieces
                .iter()
                .map(|&(trial, from)| array.slice(s![from..from + length, trial..=trial, ..]))
                .collect();
            concatenate(Axis(1), &views).map(|joined| joined.as_standard_layout().into_owned())
        };
        let nothing = RecordingError::Nothing { what: "pieces", why: "they could not be joined" };
        let from_trials: Vec<usize> = pieces.iter().map(|&(trial, _)| trial).collect();
        let mut conditions = self.conditions.select(&from_trials)?;
        for (name, column) in [
            ("trial", pieces.iter().map(|&(trial, _)| trial as f64).collect::<Vec<f64>>()),
            ("frame", pieces.iter().map(|&(_, from)| from as f64).collect()),
        ] {
            if conditions.column(name).is_none() {
                conditions = conditions.with(name, column)?;
            }
        }
        Ok(Recording {
            dt: self.dt,
            activity: gather(&self.activity).map_err(|_| nothing.clone())?,
            unit_names: self.unit_names.clone(),
            unit_columns: self.unit_columns.clone(),
            inputs: gather(&self.inputs).map_err(|_| nothing)?,
            input_names: self.input_names.clone(),
            conditions,
            lengths: vec![length; pieces.len()],
            starts: self.starts_of(pieces.iter().copied()),
            events: self.events_of(pieces.iter().copied()),
            provenance: self.provenance.clone(),
        })
    }
}

fn smooth(mut unit: ArrayViewMut1<'_, f32>, kernel: &[f64], causal: bool) {
    let raw: Vec<f64> = unit.iter().map(|&x| f64::from(x)).collect();
    for (t, y) in unit.iter_mut().enumerate() {
        let from = t.saturating_sub(kernel.len() - 1);
        let to = if causal { t + 1 } else { (t + kernel.len()).min(raw.len()) };
        let (mut sum, mut weights) = (0.0, 0.0);
        for k in from..to {
            let weight = kernel[t.abs_diff(k)];
            sum += weight * raw[k];
            weights += weight;
        }
        *y = (sum / weights) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(frames: usize, trials: usize, units: usize) -> Recording {
        let activity = Array3::from_shape_fn((frames, trials, units), |(t, k, u)| {
            (100 * k + 10 * u + t) as f32
        });
        Recording::new(10.0, activity).unwrap()
    }

    #[test]
    fn smoothing_is_a_normalised_gaussian() {
        let mut activity = Array3::zeros((101, 1, 2));
        activity[[50, 0, 0]] = 1.0;
        activity.slice_mut(s![.., 0, 1]).fill(3.0);
        let smoothed = Recording::new(10.0, activity).unwrap().smoothed(4.0).unwrap().activity;
        let pulse = smoothed.slice(s![.., 0, 0]).to_vec();
        assert!((pulse.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(
            (pulse[50] - 0.09974).abs() < 1e-4,
            "1 / sqrt(2 pi 16) = 0.09974, found {}",
            pulse[50]
        );
        assert!((pulse[54] / pulse[50] - (-0.5_f32).exp()).abs() < 1e-5);
        assert!(
            smoothed.slice(s![.., 0, 1]).iter().all(|x| (x - 3.0).abs() < 1e-5),
            "constants stay, up to the ends"
        );
        let plain = ramp(5, 1, 1);
        assert_eq!(plain.smoothed(0.0).unwrap(), plain);
        assert!(plain.smoothed(1e300).is_ok());
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(plain.smoothed(bad).is_err());
        }
    }

    #[test]
    fn causal_smoothing_sees_nothing_before_it_happens() {
        let mut activity = Array3::zeros((101, 1, 1));
        activity[[50, 0, 0]] = 1.0;
        let smoothed = Recording::new(10.0, activity).unwrap().smoothed_causally(4.0).unwrap();
        let pulse = smoothed.activity.slice(s![.., 0, 0]).to_vec();
        assert!(pulse[..50].iter().all(|&x| x == 0.0));
        assert!((pulse.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!((pulse[54] / pulse[50] - (-0.5_f32).exp()).abs() < 1e-5);
    }

    #[test]
    fn padding_takes_no_part_in_smoothing() {
        let mut recording = ramp(20, 1, 1);
        recording.lengths = vec![10];
        recording.activity.slice_mut(s![10.., .., ..]).fill(1e6);
        let smoothed = recording.smoothed(2.0).unwrap();
        assert!(smoothed.activity.slice(s![..10, 0, 0]).iter().all(|&x| x < 10.0));
    }

    #[test]
    fn scales_undo_normalisation() {
        let recording = ramp(5, 2, 3);
        for (how, largest) in [
            (Normalisation::Global, [104.0 / 124.0, 114.0 / 124.0, 1.0]),
            (Normalisation::PerUnit, [1.0; 3]),
        ] {
            let (scaled, scales) = recording.normalised(how);
            for unit in 0..3 {
                let max = scaled
                    .activity
                    .index_axis(Axis(2), unit)
                    .iter()
                    .fold(0.0_f32, |m, &x| m.max(x));
                assert!((max - largest[unit]).abs() < 1e-6, "{how:?} {max}");
                let back = scaled.activity[[3, 1, unit]] * scales[unit];
                assert!((back - recording.activity[[3, 1, unit]]).abs() < 1e-4);
            }
        }
        let silent = Recording::new(1.0, Array3::zeros((3, 1, 1))).unwrap();
        assert_eq!(silent.normalised(Normalisation::PerUnit).0, silent);
    }

    #[test]
    fn constant_units_are_dropped() {
        let mut recording = ramp(5, 1, 3);
        recording.activity.slice_mut(s![.., .., 1]).fill(0.5);
        let (live, dropped) = recording.live_units().unwrap();
        assert_eq!((live.unit_names, dropped), (vec!["unit0".to_owned(), "unit2".to_owned()], 1));
        assert!(matches!(
            recording.select_units(&[3]),
            Err(RecordingError::Unit { unit: 3, units: 3 })
        ));
        assert!(Recording::new(1.0, Array3::zeros((3, 1, 1))).unwrap().live_units().is_err());
    }

    #[test]
    fn segments_and_cuts() {
        let recording = ramp(10, 2, 1).with_inputs(Array3::ones((10, 2, 3))).unwrap();
        let segment = recording.segment(2..6).unwrap();
        assert_eq!((segment.frames(), segment.activity[[0, 1, 0]]), (4, 102.0));
        assert!(matches!(recording.segment(5..11), Err(RecordingError::Frames { frames: 10, .. })));
        let cut = recording.cut(4).unwrap();
        cut.validate().unwrap();
        assert_eq!((cut.trials(), cut.frames(), cut.channels()), (4, 4, 3));
        assert_eq!(cut.activity[[1, 3, 0]], 105.0);
        assert_eq!(cut.conditions.numbers("trial").unwrap(), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(cut.conditions.numbers("frame").unwrap(), [0.0, 4.0, 0.0, 4.0]);
        assert!(cut.cut(2).is_ok(), "a second cut keeps the first one's columns");
        assert!(recording.cut(11).is_err());
        assert!(recording.cut(0).is_err());
    }
}
