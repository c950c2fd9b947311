//! In which of several tasks a unit takes part.

use ndarray::{ArrayView3, Axis};
use serde::Serialize;

use crate::MeasureError;
use crate::clusters::{Clusters, cluster};
use crate::measure_error::{enough, same_length};
use crate::samples::samples;

/// Task variance of each unit in each task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskVariance {
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// `TV_i(A)`, `[unit][task]`.
    pub variance: Vec<Vec<f64>>,
}

/// Task variance of units in one task, from activity `[time, condition, unit]`:
/// `TV_i = ⟨ Var_j f_i(j, t) ⟩_t`, the variance over conditions j, averaged over time (Yang, Joglekar,
/// Song, Newsome & Wang 2019, doi:10.1038/s41593-018-0310-2).
///
/// Give noise-free trials, one per condition (or condition averages), from the first step that differs
/// between conditions on. The variance is over the number of conditions.
///
/// # Errors
/// Fewer than two conditions, no time, values that are not finite.
pub fn task_variance(activity: ArrayView3<'_, f64>) -> Result<Vec<f64>, MeasureError> {
    enough("conditions of a task", 2, activity.dim().1)?;
    samples(activity, "activity", 2)?;
    let over_conditions = activity.var_axis(Axis(1), 0.0);
    let steps = over_conditions.nrows() as f64;
    Ok((over_conditions.sum_axis(Axis(0)) / steps).to_vec())
}

impl TaskVariance {
    /// The variances of several tasks, each with its name and activity `[time, condition, unit]` of
    /// the same units.
    ///
    /// # Errors
    /// As for [`task_variance`]; no task; tasks with different numbers of units.
    pub fn of(tasks: &[(&str, ArrayView3<'_, f64>)]) -> Result<Self, MeasureError> {
        enough("tasks", 1, tasks.len())?;
        let units = tasks[0].1.dim().2;
        let mut variance = vec![Vec::with_capacity(tasks.len()); units];
        for (_, activity) in tasks {
            same_length("units of a task", units, activity.dim().2)?;
            let of_task = task_variance(*activity)?;
            variance.iter_mut().zip(of_task).for_each(|(unit, v)| unit.push(v));
        }
        Ok(TaskVariance {
            tasks: tasks.iter().map(|(name, _)| (*name).to_owned()).collect(),
            variance,
        })
    }

    /// Each unit's variances divided by the largest of them, `[unit][task]`; `None` for units whose
    /// variances sum to `least` or less, which take part in nothing (Yang et al. leave out 1e-3 and
    /// below).
    #[must_use]
    pub fn normalised(&self, least: f64) -> Vec<Option<Vec<f64>>> {
        let of_unit = |unit: &Vec<f64>| {
            let largest = unit.iter().fold(0.0f64, |a, &b| a.max(b));
            let active = unit.iter().sum::<f64>() > least && largest > 0.0;
            active.then(|| unit.iter().map(|v| v / largest).collect())
        };
        self.variance.iter().map(of_unit).collect()
    }

    /// Fractional task variance `(TV_i(A) − TV_i(B)) / (TV_i(A) + TV_i(B))` of each unit, from −1 (B
    /// alone) to 1 (A alone); `None` for units that take part in neither (Yang et al.).
    ///
    /// # Errors
    /// A task that is not there.
    pub fn fractional(&self, a: usize, b: usize) -> Result<Vec<Option<f64>>, MeasureError> {
        enough("tasks, counted from 0", a.max(b) + 1, self.tasks.len())?;
        let of_unit = |unit: &Vec<f64>| {
            let sum = unit[a] + unit[b];
            (sum > 0.0).then(|| (unit[a] - unit[b]) / sum)
        };
        Ok(self.variance.iter().map(of_unit).collect())
    }

    /// Clusters of the active units by their normalised variances: k-means, with as many clusters, of
    /// 2 to `most`, as give the largest silhouette. Entry i of the labels is that of unit i, `None` if
    /// it takes part in nothing.
    ///
    /// # Errors
    /// Fewer than three active units; [`cluster`]'s.
    pub fn clusters(
        &self,
        least: f64,
        most: usize,
        seed: u64,
    ) -> Result<(Vec<Option<usize>>, Clusters), MeasureError> {
        let normalised = self.normalised(least);
        let points: Vec<Vec<f64>> = normalised.iter().flatten().cloned().collect();
        let found = cluster(&points, most, seed)?;
        let mut labels = found.labels.iter().copied();
        let of_units = normalised.iter().map(|unit| unit.as_ref().and_then(|_| labels.next()));
        Ok((of_units.collect(), found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    /// Unit i follows the condition ±1 with its gain in each task, at two of four steps.
    fn activity(gains: &[f64]) -> Array3<f64> {
        Array3::from_shape_fn((4, 2, gains.len()), |(t, j, i)| {
            3.0 + if t < 2 { 0.0 } else { gains[i] * [1.0, -1.0][j] }
        })
    }

    #[test]
    fn variances_in_closed_form() {
        // half of the time, variance gain²
        let (a, b) = (activity(&[2.0, 1.0, 0.0, 0.0]), activity(&[0.0, 1.0, 4.0, 0.0]));
        let found = TaskVariance::of(&[("a", a.view()), ("b", b.view())]).unwrap();
        assert_eq!(found.variance, [[2.0, 0.0], [0.5, 0.5], [0.0, 8.0], [0.0, 0.0]]);
        let expected = [Some(vec![1.0, 0.0]), Some(vec![1.0, 1.0]), Some(vec![0.0, 1.0]), None];
        assert_eq!(found.normalised(1e-3), expected);
        assert_eq!(found.fractional(0, 1).unwrap(), [Some(1.0), Some(0.0), Some(-1.0), None]);
        assert!(found.fractional(0, 2).is_err());
        assert!(task_variance(Array3::zeros((4, 1, 2)).view()).is_err());
        let other = activity(&[1.0]);
        assert!(TaskVariance::of(&[("a", a.view()), ("b", other.view())]).is_err());
    }

    #[test]
    fn units_of_one_task_cluster() {
        let gains: Vec<f64> = (0..21).map(|i| 1.0 + 0.1 * (i % 4) as f64).collect();
        let only = |group: usize| {
            let of = |(i, g): (usize, &f64)| if i % 3 == group { *g } else { 0.01 * g };
            let mut gains: Vec<f64> = gains.iter().enumerate().map(of).collect();
            gains.push(0.0);
            activity(&gains)
        };
        let [a, b, c] = [only(0), only(1), only(2)];
        let found = TaskVariance::of(&[("a", a.view()), ("b", b.view()), ("c", c.view())]).unwrap();
        let (labels, clusters) = found.clusters(1e-3, 6, 1).unwrap();
        assert_eq!(clusters.centres.len(), 3);
        assert!(clusters.silhouette > 0.99);
        assert_eq!(labels[21], None);
        for i in 0..21 {
            assert_eq!(labels[i], labels[i % 3]);
        }
    }
}
