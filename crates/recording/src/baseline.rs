//! What a model of a recording must beat: the mean, the last value, and a linear autoregression.

use std::ops::Range;

use ndarray::{Array1, Array2, s};
use serde::{Deserialize, Serialize};

use crate::cross_validation::choose;
use crate::forecast::{Forecast, Mode, R2, ascending, evaluate};
use crate::ridge::{Moments, Prior, Ridge, Scaling};
use crate::{Division, Recording, RecordingError, Stretch};

/// What the baselines may choose from, and where they are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BaselineOptions {
    /// Frames ahead at which forecasts are judged.
    pub horizons: Vec<usize>,
    /// Lags the autoregression may choose from.
    pub lags: Vec<usize>,
    /// Penalties it may choose from, in units of the activity's variance.
    pub l2: Vec<f64>,
    /// What the penalty may pull the weights to.
    pub priors: Vec<Prior>,
    /// Parts of the training data for the cross-validation that chooses.
    pub folds: usize,
    /// Frames dropped on either side of a border between parts (about 3 sd of a smoothing).
    pub gap: usize,
}

impl Default for BaselineOptions {
    fn default() -> Self {
        BaselineOptions {
            horizons: vec![1, 3, 10],
            lags: vec![1, 2, 4],
            l2: vec![1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0],
            priors: vec![Prior::Zero, Prior::Shared],
            folds: 4,
            gap: 6,
        }
    }
}

/// The score of one baseline in one mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BaselineRow {
    /// `"mean"`, `"last value"` or `"ridge"`.
    pub baseline: &'static str,
    /// How the forecast was made.
    pub mode: Mode,
    /// R² on the held-out data, pooled over units ([`R2`]).
    pub r2: f64,
    /// R² of the same forecast on the training data.
    pub r2_train: f64,
    /// Held-out frames judged.
    pub frames: usize,
    /// What cross-validation chose (ridge only).
    pub chosen: Option<RidgeChoice>,
}

/// The regression that cross-validation chose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RidgeChoice {
    /// Frames it looks at.
    pub lags: usize,
    /// Its penalty.
    pub l2: f64,
    /// What the penalty pulls the weights to.
    pub prior: Prior,
}

/// The scores of all baselines. Written with `{}`, a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baselines {
    /// Whether the autoregression saw inputs.
    pub inputs: bool,
    /// Frames that every forecast had before its first start: use as `lead` of [`evaluate`] to
    /// compare another model.
    pub lead: usize,
    /// One row per baseline and mode.
    pub rows: Vec<BaselineRow>,
}

impl Baselines {
    /// The row of a baseline in a mode.
    #[must_use]
    pub fn row(&self, baseline: &str, mode: Mode) -> Option<&BaselineRow> {
        self.rows.iter().find(|row| row.baseline == baseline && row.mode == mode)
    }
}

impl std::fmt::Display for Baselines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inputs = if self.inputs { "with inputs" } else { "without inputs" };
        write!(
            f,
            "{:<12}{:<28}{:>10}{:>10}  chosen ({inputs})",
            "baseline", "mode", "held-out", "training"
        )?;
        for row in &self.rows {
            write!(
                f,
                "\n{:<12}{:<28}{:>10.3}{:>10.3}",
                row.baseline,
                row.mode.to_string(),
                row.r2,
                row.r2_train
            )?;
            if let Some(RidgeChoice { lags, l2, prior }) = row.chosen {
                let prior = if prior == Prior::Shared { "shared autoregression" } else { "0" };
                write!(f, "  lags {lags}, l2 {l2:e} towards {prior}")?;
            }
        }
        Ok(())
    }
}

/// The forecast of the training mean, `[unit]`, at every horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct Mean(pub Array1<f64>);

impl Forecast for Mean {
    fn lags(&self) -> usize {
        1
    }

    fn ahead(
        &self,
        _: &Recording,
        _: &Stretch,
        starts: Range<usize>,
        horizons: &[usize],
    ) -> Vec<Array2<f64>> {
        horizons.iter().map(|_| repeat(&self.0, starts.len())).collect()
    }

    fn free(&self, _: &Recording, stretch: &Stretch, start: usize) -> Array2<f64> {
        repeat(&self.0, stretch.frames.end - start - 1)
    }
}

/// The forecast that nothing changes (persistence).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastValue;

impl Forecast for LastValue {
    fn lags(&self) -> usize {
        1
    }

    fn ahead(
        &self,
        recording: &Recording,
        stretch: &Stretch,
        starts: Range<usize>,
        horizons: &[usize],
    ) -> Vec<Array2<f64>> {
        let last = recording.activity.slice(s![starts, stretch.trial, ..]).mapv(f64::from);
        vec![last; horizons.len()]
    }

    fn free(&self, recording: &Recording, stretch: &Stretch, start: usize) -> Array2<f64> {
        let last = recording.activity.slice(s![start, stretch.trial, ..]).mapv(f64::from);
        repeat(&last, stretch.frames.end - start - 1)
    }
}

fn repeat(row: &Array1<f64>, times: usize) -> Array2<f64> {
    let mut rows = Array2::zeros((times, row.len()));
    rows.outer_iter_mut().for_each(|mut r| r.assign(row));
    rows
}

/// Judges mean, last value and cross-validated ridge autoregression on the held-out stretches.
///
/// All are judged on the same frames ([`evaluate`]), at each horizon (teacher-forced) and
/// free-running. The autoregression sees the recording's inputs if there are any. Its lags, penalty
/// and prior are chosen **for each mode by itself**, by cross-validation in that mode within the
/// training stretches: they are cut into `folds` parts of equal length, each forecast by a fit to the
/// others; then it is fitted to all training stretches. Held-out data take no part in the choice.
///
/// # Errors
/// [`RecordingError::Short`] if the stretches are too short for the lags and horizons;
/// [`RecordingError::Value`] for empty lists, lags of 0 or negative penalties;
/// [`RecordingError::Split`] for too many folds.
pub fn baselines(
    recording: &Recording,
    division: &Division,
    options: &BaselineOptions,
) -> Result<Baselines, RecordingError> {
    let horizons = ascending(&options.horizons)?;
    let lead = checked_lead(options)?;
    recording.check(&division.train)?;
    let scaling = Scaling::of(recording, &division.train)?;
    let mean = scaling.mean.clone();
    let score = |model: &dyn Forecast, part: &[Stretch]| {
        evaluate(model, recording, part, &mean, lead, &horizons)
    };

    let mut rows = Vec::new();
    for (name, model) in
        [("mean", &Mean(mean.clone()) as &dyn Forecast), ("last value", &LastValue)]
    {
        let train = score(model, &division.train)?;
        for ((mode, r2), (_, train)) in score(model, &division.held_out)?.into_iter().zip(train) {
            rows.push(scored(name, mode, &r2, &train, None));
        }
    }
    let chosen = choose(recording, division, &scaling, &horizons, lead, options)?;
    for (position, choice) in chosen.into_iter().enumerate() {
        let moments = Moments::of(recording, &scaling, &division.train, choice.lags, choice.lags);
        let factor = moments.factor(&scaling, choice.l2);
        let ridge = Ridge::from_moments(scaling.clone(), &moments, &factor, choice)?;
        let (mode, r2) = &score(&ridge, &division.held_out)?[position];
        let (_, train) = &score(&ridge, &division.train)?[position];
        rows.push(scored("ridge", *mode, r2, train, Some(choice)));
    }
    Ok(Baselines { inputs: recording.channels() > 0, lead, rows })
}

/// The longest of the lags, once the options are found sensible.
fn checked_lead(options: &BaselineOptions) -> Result<usize, RecordingError> {
    let wrong = |name: &'static str, value: String, fix: &'static str| {
        Err(RecordingError::Value { name, value, fix })
    };
    let lead = options.lags.iter().copied().max().unwrap_or(0);
    if options.lags.contains(&0) || lead == 0 {
        return wrong(
            "lags",
            format!("{:?}", options.lags),
            "give at least one number of lags, each >= 1",
        );
    }
    if options.l2.is_empty() || !options.l2.iter().all(|l2| l2.is_finite() && *l2 >= 0.0) {
        return wrong("l2", format!("{:?}", options.l2), "give at least one penalty, each >= 0");
    }
    if options.priors.is_empty() {
        return wrong("priors", "[]".to_owned(), "give `zero`, `shared` or both");
    }
    Ok(lead)
}

fn scored(
    baseline: &'static str,
    mode: Mode,
    r2: &R2,
    train: &R2,
    chosen: Option<RidgeChoice>,
) -> BaselineRow {
    BaselineRow {
        baseline,
        mode,
        r2: r2.pooled(),
        r2_train: train.pooled(),
        frames: r2.frames(),
        chosen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_last_value_are_what_they_say() {
        let activity = ndarray::Array3::from_shape_fn((6, 1, 2), |(t, _, u)| (10 * u + t) as f32);
        let recording = Recording::new(10.0, activity).unwrap();
        let stretch = Stretch { trial: 0, frames: 1..6 };
        let last = LastValue.ahead(&recording, &stretch, 1..4, &[1, 2]);
        assert_eq!(last[1].column(1).to_vec(), [11.0, 12.0, 13.0]);
        assert_eq!(LastValue.free(&recording, &stretch, 2).column(0).to_vec(), [2.0, 2.0, 2.0]);
        let mean = Mean(recording.mean_over(std::slice::from_ref(&stretch)).unwrap());
        assert_eq!(mean.free(&recording, &stretch, 3).row(1).to_vec(), [3.0, 13.0]);
    }
}
