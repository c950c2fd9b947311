//! What a forecast is, and how well it does on held-out data.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use serde::Serialize;

use crate::{Recording, RecordingError, Stretch};

/// Something that continues activity from where the data leave off.
///
/// A forecast from frame `t` may use the activity up to and including `t`, and the inputs of all
/// frames. Networks fitted to a recording implement it too, so that they are judged alike.
/// [`evaluate`] asks only for starts whose history and horizons lie within the stretch.
pub trait Forecast {
    /// Frames of activity it looks at, `t` included: 1 for a map of the present state.
    fn lags(&self) -> usize;

    /// Forecasts of the frames `t + h`, for every start `t` in `starts` and every horizon `h`
    /// (ascending, >= 1): one array `[start, unit]` per horizon.
    fn ahead(
        &self,
        recording: &Recording,
        stretch: &Stretch,
        starts: Range<usize>,
        horizons: &[usize],
    ) -> Vec<Array2<f64>>;

    /// Forecasts of the frames `start + 1 .. stretch.frames.end` from one start, fed with its own
    /// output, `[frame, unit]`.
    fn free(&self, recording: &Recording, stretch: &Stretch, start: usize) -> Array2<f64>;
}

/// How a forecast was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Restarted from the data at every frame and run for so many frames: teacher-forced.
    TeacherForced {
        /// Frames ahead.
        horizon: usize,
    },
    /// Started once per stretch and run to its end on its own output.
    FreeRunning,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Mode::TeacherForced { horizon } => write!(f, "teacher-forced, {horizon} ahead"),
            Mode::FreeRunning => f.write_str("free-running"),
        }
    }
}

/// The sums of a coefficient of determination, `R² = 1 - SSE / SST`.
///
/// `SSE = sum (x - forecast)²` and `SST = sum (x - m)²`, over the judged frames and the units, where
/// `m` is the unit's mean over the **training** frames. A forecast of that mean has R² = 0 exactly;
/// a worse one is negative. A forecast that is not finite has R² = -infinity.
#[derive(Debug, Clone, PartialEq)]
pub struct R2 {
    mean: Array1<f64>,
    sse: Array1<f64>,
    sst: Array1<f64>,
    frames: usize,
}

impl R2 {
    /// Empty sums about these training means, `[unit]`.
    #[must_use]
    pub fn about(mean: Array1<f64>) -> Self {
        let zeros = Array1::zeros(mean.len());
        R2 { sse: zeros.clone(), sst: zeros, mean, frames: 0 }
    }

    /// Adds one frame: forecast and data, `[unit]` each.
    pub fn add(&mut self, forecast: ArrayView1<'_, f64>, data: ArrayView1<'_, f32>) {
        for (unit, (&forecast, &data)) in forecast.iter().zip(data).enumerate() {
            let data = f64::from(data);
            let error = (data - forecast).powi(2);
            self.sse[unit] += if error.is_nan() { f64::INFINITY } else { error };
            self.sst[unit] += (data - self.mean[unit]).powi(2);
        }
        self.frames += 1;
    }

    /// Adds frames: forecasts and data, `[frame, unit]` each.
    pub fn add_frames(&mut self, forecasts: ArrayView2<'_, f64>, data: ArrayView2<'_, f32>) {
        forecasts
            .outer_iter()
            .zip(data.outer_iter())
            .for_each(|(forecast, data)| self.add(forecast, data));
    }

    /// R² with the sums taken over all units.
    #[must_use]
    pub fn pooled(&self) -> f64 {
        1.0 - self.sse.sum() / self.sst.sum()
    }

    /// R² of each unit; NaN for a unit that equals its training mean throughout.
    #[must_use]
    pub fn per_unit(&self) -> Vec<f64> {
        self.sse
            .iter()
            .zip(&self.sst)
            .map(|(sse, sst)| if *sst > 0.0 { 1.0 - sse / sst } else { f64::NAN })
            .collect()
    }

    /// Sum of squared errors over frames and units.
    #[must_use]
    pub fn sse(&self) -> f64 {
        self.sse.sum()
    }

    /// How many frames were added.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }
}

/// Judges a forecast on these stretches, for every horizon and free-running.
///
/// `lead` is the number of frames that any of the compared forecasts looks at, so that all start
/// alike: a stretch `a..b` is forecast from the frames `a + lead - 1 .. b - max(horizons)`, the same
/// for every horizon, and free-running from `a + lead - 1`. Shorter stretches are passed over. `mean`
/// is that of the training data ([`Recording::mean_over`]).
///
/// # Errors
/// [`RecordingError::Short`] if no stretch is long enough; [`RecordingError::Stretch`];
/// [`RecordingError::Value`] for horizon 0, or a lead shorter than what the forecast looks at.
pub fn evaluate(
    model: &dyn Forecast,
    recording: &Recording,
    stretches: &[Stretch],
    mean: &Array1<f64>,
    lead: usize,
    horizons: &[usize],
) -> Result<Vec<(Mode, R2)>, RecordingError> {
    recording.check(stretches)?;
    let horizons = ascending(horizons)?;
    if lead < model.lags().max(1) {
        let fix = "it must cover the lags of the forecast";
        return Err(RecordingError::Value { name: "lead", value: lead.to_string(), fix });
    }
    let longest = horizons.last().copied().unwrap_or(1);
    let mut scores: Vec<(Mode, R2)> = horizons
        .iter()
        .map(|&horizon| Mode::TeacherForced { horizon })
        .chain([Mode::FreeRunning])
        .map(|mode| (mode, R2::about(mean.clone())))
        .collect();
    let mut judged = false;
    for stretch in stretches.iter().filter(|stretch| stretch.frames.len() >= lead + longest) {
        judged = true;
        let Stretch { trial, frames } = stretch;
        let data = recording.activity.slice(s![.., *trial, ..]);
        let starts = frames.start + lead - 1..frames.end - longest;
        let forecasts = model.ahead(recording, stretch, starts.clone(), &horizons);
        for ((horizon, forecast), (_, score)) in horizons.iter().zip(&forecasts).zip(&mut scores) {
            score.add_frames(
                forecast.view(),
                data.slice(s![starts.start + horizon..starts.end + horizon, ..]),
            );
        }
        let free = model.free(recording, stretch, starts.start);
        if let Some((_, score)) = scores.last_mut() {
            score.add_frames(free.view(), data.slice(s![starts.start + 1..frames.end, ..]));
        }
    }
    if judged {
        Ok(scores)
    } else {
        Err(RecordingError::Short { part: "held-out", lead, horizon: longest })
    }
}

/// Sorted, without repeats, all at least 1.
pub(crate) fn ascending(horizons: &[usize]) -> Result<Vec<usize>, RecordingError> {
    if horizons.is_empty() || horizons.contains(&0) {
        let fix = "give at least one horizon, each of 1 frame or more";
        return Err(RecordingError::Value {
            name: "horizons",
            value: format!("{horizons:?}"),
            fix,
        });
    }
    let mut sorted = horizons.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn r_squared_is_about_the_training_mean() {
        let data = array![[1.0_f32, 10.0], [3.0, 14.0]];
        let mean = array![1.0, 12.0];
        let mut r2 = R2::about(mean.clone());
        r2.add_frames(array![[1.0, 12.0], [1.0, 12.0]].view(), data.view());
        assert_eq!((r2.pooled(), r2.frames()), (0.0, 2));
        let mut r2 = R2::about(mean.clone());
        r2.add_frames(array![[1.0, 11.0], [2.0, 14.0]].view(), data.view());
        // SSE = 0 + 1 and 1 + 0; SST = 0 + 4 and 4 + 4
        assert_eq!(r2.pooled(), 1.0 - 2.0 / 12.0);
        assert_eq!(r2.per_unit(), [0.75, 0.875]);
        let mut r2 = R2::about(mean);
        r2.add(array![f64::NAN, 12.0].view(), data.row(0));
        assert_eq!(r2.pooled(), f64::NEG_INFINITY);
    }
}
