//! Rates and inputs, sample by sample, in double precision.

use std::ops::Range;

use ndarray::{ArrayView3, s};

use super::error::FitError;

/// What a data-constrained network is fitted to: rates of units and inputs at a fixed step, in
/// trials; transitions never cross from one trial to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    dt: f64,
    units: usize,
    channels: usize,
    trials: Vec<Stretch>,
}

/// One trial.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stretch {
    /// `[sample, unit]`.
    pub(crate) rates: Vec<f64>,
    /// `[sample, channel]`.
    pub(crate) inputs: Vec<f64>,
    pub(crate) samples: usize,
}

impl Samples {
    /// From arrays `[time, trial, unit]` and `[time, trial, channel]`, with samples of `dt` ms, of
    /// which each trial has as many as `lengths` says.
    ///
    /// # Errors
    /// Values that are not finite, shapes that differ, nothing to fit.
    pub fn new(
        dt: f64,
        rates: ArrayView3<'_, f32>,
        inputs: ArrayView3<'_, f32>,
        lengths: &[usize],
    ) -> Result<Self, FitError> {
        let (frames, trials, units) = rates.dim();
        let channels = inputs.dim().2;
        let fits = |what, given, expected| match given == expected {
            true => Ok(()),
            false => Err(FitError::Length { what, given, expected }),
        };
        fits("lengths of trials", lengths.len(), trials)?;
        fits("samples of the inputs", inputs.dim().0, frames)?;
        fits("trials of the inputs", inputs.dim().1, trials)?;
        let mut stretches = Vec::new();
        for (trial, &samples) in lengths.iter().enumerate() {
            let samples = samples.min(frames);
            let take = |array: &ArrayView3<'_, f32>| -> Vec<f64> {
                array.slice(s![..samples, trial, ..]).iter().map(|&x| f64::from(x)).collect()
            };
            stretches.push(Stretch { rates: take(&rates), inputs: take(&inputs), samples });
        }
        Self::of(dt, units, channels, stretches)
    }

    /// One trial without inputs: rates `[sample, unit]`.
    ///
    /// # Errors
    /// As [`Samples::new`].
    pub fn one(dt: f64, units: usize, rates: Vec<f64>) -> Result<Self, FitError> {
        let samples = rates.len() / units.max(1);
        if rates.len() != samples * units {
            let expected = samples * units;
            return Err(FitError::Length { what: "rates", given: rates.len(), expected });
        }
        Self::of(dt, units, 0, vec![Stretch { rates, inputs: Vec::new(), samples }])
    }

    fn of(dt: f64, units: usize, channels: usize, trials: Vec<Stretch>) -> Result<Self, FitError> {
        if !(dt.is_finite() && dt > 0.0) {
            let fix = "give the duration of a sample in ms";
            return Err(FitError::Value { name: "dt", value: dt, fix });
        }
        for (trial, stretch) in trials.iter().enumerate() {
            for (values, width) in [(&stretch.rates, units), (&stretch.inputs, channels)] {
                if let Some(at) = values.iter().position(|x| !x.is_finite()) {
                    let (sample, unit, value) = (at / width, at % width, values[at]);
                    return Err(FitError::NotFinite { trial, sample, unit, value });
                }
            }
        }
        let empty = units == 0 || trials.iter().any(|stretch| stretch.samples == 0);
        if empty || !trials.iter().any(|stretch| stretch.samples > 1) {
            return Err(FitError::Short);
        }
        Ok(Samples { dt, units, channels, trials })
    }

    /// Duration of a sample, ms.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// Units.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Input channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Samples of each trial.
    pub fn lengths(&self) -> Vec<usize> {
        self.trials.iter().map(|trial| trial.samples).collect()
    }

    /// Pairs of samples in a row, over all trials.
    pub fn transitions(&self) -> usize {
        self.trials.iter().map(|trial| trial.samples - 1).sum()
    }

    /// Rates of a trial, `[sample, unit]`.
    ///
    /// # Panics
    /// If there is no such trial.
    pub fn rates(&self, trial: usize) -> &[f64] {
        &self.trials[trial].rates
    }

    pub(crate) fn trials(&self) -> &[Stretch] {
        &self.trials
    }

    /// Divided by the largest absolute rate, then held within ±`limit`, and that largest rate: what a
    /// tanh unit can follow. `limit` .999 is that of Perich et al. 2020.
    #[must_use]
    pub fn scaled(mut self, limit: f64) -> (Self, f64) {
        let all = self.trials.iter().flat_map(|trial| &trial.rates);
        let largest = all.fold(0.0f64, |max, x| max.max(x.abs()));
        let scale = if largest > 0.0 { largest } else { 1.0 };
        for trial in &mut self.trials {
            trial.rates.iter_mut().for_each(|x| *x = (*x / scale).clamp(-limit, limit));
        }
        (self, scale)
    }

    /// Rates held within ±`limit`, unscaled.
    #[must_use]
    pub fn held_within(mut self, limit: f64) -> Self {
        let all = self.trials.iter_mut().flat_map(|trial| &mut trial.rates);
        all.for_each(|x| *x = x.clamp(-limit, limit));
        self
    }

    /// These samples of trials, each a trial of its own.
    ///
    /// # Errors
    /// [`FitError::Length`] outside of the samples, [`FitError::Short`] if nothing is left.
    pub fn select(&self, parts: &[(usize, Range<usize>)]) -> Result<Self, FitError> {
        let mut trials = Vec::new();
        for (trial, range) in parts {
            let count = self.trials.len();
            let from = self.trials.get(*trial).ok_or(FitError::Length {
                what: "trials",
                given: trial + 1,
                expected: count,
            })?;
            if range.end > from.samples || range.start >= range.end {
                let (given, expected) = (range.end, from.samples);
                return Err(FitError::Length { what: "samples of a trial", given, expected });
            }
            let cut = |values: &[f64], width: usize| {
                values[range.start * width..range.end * width].to_vec()
            };
            trials.push(Stretch {
                rates: cut(&from.rates, self.units),
                inputs: cut(&from.inputs, self.channels),
                samples: range.len(),
            });
        }
        Self::of(self.dt, self.units, self.channels, trials)
    }

    /// `factor` samples for each, rates by a natural cubic spline through the samples, inputs held: a
    /// model at a finer step.
    ///
    /// # Errors
    /// [`FitError::Value`] for a factor of 0.
    pub fn upsampled(&self, factor: usize) -> Result<Self, FitError> {
        super::error::at_least("factor", factor as f64, 1.0)?;
        let (n, c) = (self.units, self.channels);
        let trials = self.trials.iter().map(|trial| {
            let samples = (trial.samples - 1) * factor + 1;
            let mut rates = vec![0.0; samples * n];
            for unit in 0..n {
                let y: Vec<f64> = (0..trial.samples).map(|t| trial.rates[t * n + unit]).collect();
                let bend = bends(&y);
                for s in 0..samples {
                    let t = (s / factor).min(trial.samples - 2);
                    let b = (s - t * factor) as f64 / factor as f64;
                    let a = 1.0 - b;
                    let cubic = (a * a * a - a) * bend[t] + (b * b * b - b) * bend[t + 1];
                    rates[s * n + unit] = a * y[t] + b * y[t + 1] + cubic / 6.0;
                }
            }
            let at = |s: usize| (s / factor) * c;
            let inputs = (0..samples).flat_map(|s| trial.inputs[at(s)..at(s) + c].to_vec());
            Stretch { rates, inputs: inputs.collect(), samples }
        });
        Self::of(self.dt / factor as f64, n, c, trials.collect())
    }

    /// These units alone: what a recording of some of them would be.
    ///
    /// # Errors
    /// [`FitError::Length`] for units that are not there.
    pub fn observed(&self, units: &[usize]) -> Result<Self, FitError> {
        if let Some(unit) = units.iter().find(|&&unit| unit >= self.units) {
            let (given, expected) = (unit + 1, self.units);
            return Err(FitError::Length { what: "units", given, expected });
        }
        let trials = self.trials.iter().map(|trial| {
            let rows = trial.rates.chunks_exact(self.units);
            let rates = rows.flat_map(|row| units.iter().map(|&unit| row[unit]));
            Stretch { rates: rates.collect(), ..trial.clone() }
        });
        Self::of(self.dt, units.len(), self.channels, trials.collect())
    }

    /// Stretches without missing values: the trials of rates `[time, trial, unit]` cut where a unit or
    /// an input is not a number; and how many samples were left out.
    pub fn gaps(
        rates: ArrayView3<'_, f32>,
        inputs: ArrayView3<'_, f32>,
        lengths: &[usize],
    ) -> (Vec<(usize, Range<usize>)>, usize) {
        let (mut parts, mut missing) = (Vec::new(), 0);
        for (trial, &length) in lengths.iter().enumerate().take(rates.dim().1) {
            let mut begin = None;
            for t in 0..length.min(rates.dim().0) {
                let whole = rates.slice(s![t, trial, ..]).iter().all(|x| x.is_finite())
                    && inputs.slice(s![t, trial, ..]).iter().all(|x| x.is_finite());
                match (whole, begin) {
                    (true, None) => begin = Some(t),
                    (false, Some(from)) => {
                        parts.push((trial, from..t));
                        begin = None;
                    }
                    _ => {}
                }
                missing += usize::from(!whole);
            }
            parts.extend(begin.map(|from| (trial, from..length)));
        }
        (parts, missing)
    }

    /// Each trial cut into `folds` runs of samples; fold k holds the k-th of each.
    pub(crate) fn folds(&self, folds: usize) -> Vec<Vec<(usize, Range<usize>)>> {
        let part = |k: usize, n: usize| k * n / folds..(k + 1) * n / folds;
        (0..folds)
            .map(|k| {
                let ranges = self.trials.iter().enumerate().map(|(t, s)| (t, part(k, s.samples)));
                ranges.filter(|(_, range)| range.len() > 1).collect()
            })
            .collect()
    }
}

/// Second derivatives at the knots of a natural cubic spline with knots one apart.
fn bends(y: &[f64]) -> Vec<f64> {
    let n = y.len();
    let mut bend = vec![0.0; n];
    // Thomas's algorithm for m[i-1] + 4 m[i] + m[i+1] = 6 (y[i-1] - 2 y[i] + y[i+1])
    let mut upper = vec![0.0; n];
    for i in 1..n.saturating_sub(1) {
        let pivot = 4.0 - upper[i - 1];
        upper[i] = 1.0 / pivot;
        bend[i] = (6.0 * (y[i - 1] - 2.0 * y[i] + y[i + 1]) - bend[i - 1]) / pivot;
    }
    for i in (1..n.saturating_sub(1)).rev() {
        bend[i] -= upper[i] * bend[i + 1];
    }
    bend
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn missing_samples_are_cut_out_and_counted() {
        let mut rates = Array3::<f32>::zeros((10, 2, 3));
        rates[[4, 0, 1]] = f32::NAN;
        rates[[0, 1, 2]] = f32::INFINITY;
        let inputs = Array3::zeros((10, 2, 0));
        let error = Samples::new(10.0, rates.view(), inputs.view(), &[10, 8]).unwrap_err();
        assert!(error.to_string().contains("trial 0, sample 4, unit 1"), "{error}");
        let (parts, missing) = Samples::gaps(rates.view(), inputs.view(), &[10, 8]);
        assert_eq!(parts, [(0, 0..4), (0, 5..10), (1, 1..8)]);
        assert_eq!(missing, 2);
    }

    #[test]
    fn scaling_divides_by_the_largest_and_holds_the_rest() {
        let samples = Samples::one(10.0, 2, vec![1.0, -4.0, 2.0, 3.0]).unwrap();
        let (scaled, largest) = samples.scaled(0.999);
        assert_eq!(largest, 4.0);
        assert_eq!(scaled.rates(0), [0.25, -0.999, 0.5, 0.75]);
        assert!(matches!(Samples::one(10.0, 2, vec![0.0; 2]), Err(FitError::Short)));
    }

    #[test]
    fn finer_samples_go_through_the_old_ones_and_are_smooth() {
        let wave = |t: f64| (t * 0.2).sin();
        let rates: Vec<f64> = (0..60).map(|t| wave(f64::from(t))).collect();
        let samples = Samples::one(10.0, 1, rates.clone()).unwrap();
        let fine = samples.upsampled(4).unwrap();
        assert_eq!((fine.dt(), fine.lengths()), (2.5, vec![237]));
        for (t, rate) in rates.iter().enumerate() {
            assert!((fine.rates(0)[4 * t] - rate).abs() < 1e-14);
        }
        // far from the ends, where the natural spline is bent wrongly
        for s in 60..180 {
            assert!((fine.rates(0)[s] - wave(s as f64 / 4.0)).abs() < 1e-5);
        }
        let two = Samples::one(10.0, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(two.observed(&[1]).unwrap().rates(0), [2.0, 4.0]);
        assert!(two.observed(&[2]).is_err());
    }
}
