//! Mean activity of the trials of one condition.

use attractor_data::{Column, Value};
use ndarray::{Array3, ArrayView3, s};

use crate::MeasureError;
use crate::measure_error::{enough, same_length};

/// Mean of activity `[time, trial, unit]` over each group of trials, `[time, group, unit]`.
///
/// # Errors
/// A group without trials, or a trial that is not there.
pub fn group_averages(
    activity: ArrayView3<'_, f64>,
    groups: &[Vec<usize>],
) -> Result<Array3<f64>, MeasureError> {
    let (steps, trials, units) = activity.dim();
    let mut mean = Array3::zeros((steps, groups.len(), units));
    for (group, members) in groups.iter().enumerate() {
        enough("trials of a group", 1, members.len())?;
        let mut sum = mean.slice_mut(s![.., group, ..]);
        for &trial in members {
            if trial >= trials {
                return Err(MeasureError::NoSuchTrial { trial, trials });
            }
            sum += &activity.slice(s![.., trial, ..]);
        }
        sum /= members.len() as f64;
    }
    Ok(mean)
}

/// The conditions in ascending order, and the mean trajectory of each, `[time, condition, unit]`.
///
/// Principal components of these averages describe what the conditions share; project them with
/// [`Pca::project`](crate::Pca::project).
///
/// # Errors
/// Unless the column has one entry per trial of activity `[time, trial, unit]`.
pub fn condition_averages(
    activity: ArrayView3<'_, f64>,
    conditions: &Column,
) -> Result<(Vec<Value>, Array3<f64>), MeasureError> {
    same_length("conditions of trials", activity.dim().1, conditions.len())?;
    let (values, groups): (Vec<_>, Vec<_>) = conditions.groups().into_iter().unzip();
    Ok((values, group_averages(activity, &groups)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_by_condition() {
        let activity = Array3::from_shape_fn((2, 3, 2), |(t, k, i)| (100 * t + 10 * k + i) as f64);
        let column = Column::from(vec!["b", "a", "b"]);
        let (values, mean) = condition_averages(activity.view(), &column).unwrap();
        assert_eq!(values, [Value::Label("a".into()), Value::Label("b".into())]);
        for ((t, c, i), &x) in mean.indexed_iter() {
            // condition a is trial 1 alone; the trials of b, 0 and 2, have the mean of trial 1
            assert_eq!((x, c < 2), ((100 * t + 10 + i) as f64, true));
        }
        let only_b = group_averages(activity.view(), &[vec![0], vec![2, 0, 0]]).unwrap();
        assert_eq!(only_b[[0, 0, 0]], 0.0);
        assert!((only_b[[0, 1, 0]] - 20.0 / 3.0).abs() < 1e-12);
        assert!(condition_averages(activity.view(), &Column::from(vec![1.0])).is_err());
        assert!(group_averages(activity.view(), &[vec![]]).is_err());
        assert!(matches!(
            group_averages(activity.view(), &[vec![3]]),
            Err(MeasureError::NoSuchTrial { trial: 3, trials: 3 })
        ));
    }
}
