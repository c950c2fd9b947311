//! What activity and weights are like, in the terms that recordings are described by.

use attractor::analysis::{
    ActivityStatistics, activity_statistics, circle_radius, pca, pearson, spectrum,
};
use ndarray::{Array2, ArrayView3, Axis, s};

use crate::claim::least;
use crate::error::StudyError;
use crate::exam::Exam;
use crate::measured::Measured;
use crate::net::Net;

/// Statistics of rates and of recurrent weights.
pub(super) struct Statistics {
    activity: ActivityStatistics,
    participation_ratio: f64,
    /// Mean fraction of units above 0.
    active: f64,
    /// Radius of the disc of eigenvalues of random weights of this variance.
    radius: f64,
    eigenvalues: Vec<[f64; 2]>,
}

impl Statistics {
    pub(super) fn of(net: &Net, rates: ArrayView3<'_, f64>) -> Result<Self, StudyError> {
        let weights = net.matrix("rec->rec")?;
        let radius = circle_radius(weights.view())?;
        Ok(Statistics {
            activity: activity_statistics(rates)?,
            participation_ratio: pca(rates)?.participation_ratio(),
            active: rates.iter().filter(|r| **r > 0.0).count() as f64 / rates.len() as f64,
            radius,
            eigenvalues: spectrum(weights.view(), radius, 0.0)?.eigenvalues,
        })
    }

    pub(super) fn write(&self, prefix: &str, measured: &mut Measured) {
        let ActivityStatistics { correlation, negative, silent, sparseness, sequence, .. } =
            self.activity;
        let real = || self.eigenvalues.iter().map(|z| z[0]);
        for (name, value) in [
            ("pr", self.participation_ratio),
            ("active", self.active),
            ("correlation", correlation),
            ("negative", negative),
            ("silent", silent),
            ("sparseness", sparseness),
            ("sequence", sequence),
            ("radius", self.radius),
            ("largest_re", real().fold(f64::NEG_INFINITY, f64::max)),
            ("smallest_re", real().fold(f64::INFINITY, f64::min)),
        ] {
            measured.set(&format!("{prefix}_{name}"), value);
        }
        measured.set_series(&format!("{prefix}_re"), real());
        measured.set_series(&format!("{prefix}_im"), self.eigenvalues.iter().map(|z| z[1]));
    }
}

/// Whether the long interval of timed pulses, twice the short one, is the short one slowed down:
/// correlation over units and times of mean rates less each unit's own, at the same fraction of the
/// interval (`scaled`), and at the same time (`unscaled`).
pub(super) fn time_scaling(
    exam: &Exam<'_>,
    rates: ArrayView3<'_, f64>,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let trials = &exam.trials;
    let intervals = trials.conditions.numbers("interval");
    let intervals = intervals.ok_or_else(|| StudyError::Study("no intervals".to_owned()))?;
    let profile = |interval: f64| -> Array2<f64> {
        let mine = (0..trials.len()).filter(|&k| intervals[k] == interval).collect::<Vec<_>>();
        let of_trials = rates.select(Axis(1), &mine);
        of_trials.sum_axis(Axis(1)) / mine.len() as f64
    };
    let interval = least(intervals.iter().copied());
    let [short, long] = [interval, 2.0 * interval].map(profile);
    let (begin, steps) = (exam.during("wait")?.start, (interval / trials.dt) as usize);
    let own = |rates: Array2<f64>| -> Vec<f64> {
        let mean = rates.sum_axis(Axis(0)) / rates.nrows() as f64;
        (rates - mean).into_iter().collect()
    };
    let first = own(short.slice(s![begin..begin + steps, ..]).to_owned());
    let slowed = own(long.slice(s![begin..begin + 2 * steps;2, ..]).to_owned());
    let same = own(long.slice(s![begin..begin + steps, ..]).to_owned());
    measured.set("scaled", pearson(&first, &slowed)?);
    measured.set("unscaled", pearson(&first, &same)?);
    Ok(())
}
