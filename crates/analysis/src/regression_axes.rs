//! Axes of the population that carry one task variable each, by regression (targeted dimensionality
//! reduction).
//!
//! Mante, Sussillo, Shenoy & Newsome 2013, doi:10.1038/nature12742, supplementary information.

use attractor_numerics::linalg::thin_qr;
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, s};
use serde::Serialize;

use crate::condition_averages::group_averages;
use crate::measure_error::{enough, finite, same_length};
use crate::samples::{fold_time, row_major, samples};
use crate::{MeasureError, pca};

/// A task variable: its name and its value in each trial, such as choice ±1 or coherence / the largest.
#[derive(Clone, Debug, PartialEq)]
pub struct Regressor {
    /// What it is called.
    pub name: String,
    /// One value per trial.
    pub values: Vec<f64>,
}

/// Coefficients `[regressor, unit]` of the linear regression of responses `[trial, unit]` on task
/// variables, by least squares with an intercept: `r_i(k) = Σ_v β_v,i x_v(k) + β_0,i`. Of a population,
/// the rows are the axes along which it follows the variables, in units of its responses.
///
/// ```
/// use attractor_analysis::{Regressor, regress};
/// use ndarray::array;
/// let x = Regressor { name: "x".into(), values: vec![-1.0, 0.0, 1.0] };
/// let found = regress(array![[3.0, 7.0], [5.0, 7.0], [7.0, 7.0]].view(), &[x])?;
/// assert!((found[[0, 0]] - 2.0).abs() < 1e-12 && found[[0, 1]].abs() < 1e-12);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
///
/// # Errors
/// Lengths that do not fit, fewer trials than regressors + 2, values that are not finite, regressors that
/// are combinations of others.
pub fn regress(
    responses: ArrayView2<'_, f64>,
    regressors: &[Regressor],
) -> Result<Array2<f64>, MeasureError> {
    check(regressors, responses.nrows())?;
    let x = samples(responses.insert_axis(Axis(0)), "responses", 2)?;
    Ok(least_squares(regressors, responses.nrows())?.dot(&x))
}

/// Orthonormal axes, one per task variable, in the order of the regressors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RegressionAxes {
    /// Names of the regressors.
    pub names: Vec<String>,
    /// Mean of each unit over times and trials.
    pub mean: Vec<f64>,
    /// Standard deviation of each unit over times and trials; 1 for a unit that never varies.
    pub sd: Vec<f64>,
    /// The axes `[regressor, unit]`, orthonormal: the first along its regression vector, each further
    /// one made orthogonal to those before it.
    pub axes: Vec<Vec<f64>>,
    /// The regression vectors `[regressor, unit]` at their peaks, de-noised, before orthogonalisation.
    pub vectors: Vec<Vec<f64>>,
    /// Step at which each regression vector is longest.
    pub peaks: Vec<usize>,
    /// Length of the de-noised regression vectors, `[regressor][time]`.
    pub norms: Vec<Vec<f64>>,
}

/// Regression axes of activity `[time, trial, unit]`.
///
/// 1. Each unit is z-scored over all times and trials, `r = (x − mean) / sd`.
/// 2. Linear regression of each unit at each time, over trials:
///    `r_i,t(k) = Σ_v β_v,i(t) x_v(k) + β_0,i(t)` (least squares).
/// 3. De-noising: the vectors `β_v,t` over units are projected onto the leading `components` principal
///    components of the condition-averaged r (conditions: trials that agree in all regressors). Mante
///    et al. take 12; as many as units leaves the vectors as they are.
/// 4. The vector at the time of its largest norm, `β_v^max`.
/// 5. `[β_1^max … β_V^max] = Q R`; the columns of Q are the axes.
///
/// The order of the regressors matters for step 5 (Mante et al.: choice, motion, colour, context).
/// An interaction is a regressor of products. Signs are such that activity grows along an axis with
/// its regressor.
///
/// Cost: S N (V + N) operations for S = times × trials samples, N units, V regressors.
///
/// # Errors
/// Lengths that do not fit, fewer trials than regressors + 2, values that are not finite, regressors
/// that are combinations of others, activity that does not vary.
pub fn regression_axes(
    activity: ArrayView3<'_, f64>,
    regressors: &[Regressor],
    components: usize,
) -> Result<RegressionAxes, MeasureError> {
    let (steps, trials, units) = activity.dim();
    check(regressors, trials)?;
    enough("components", 1, components)?;
    enough("units, one per regressor", regressors.len(), units)?;
    let x = samples(activity, "activity", 2)?;
    let (mean, sd) = moments(&x);
    let scored = fold_time(&z_scores(x, &mean, &sd), steps, trials);

    let leading = pca(group_averages(scored.view(), &alike(regressors))?.view())?;
    let kept = components.min(units);
    let basis = Array2::from_shape_fn((units, kept), |(i, k)| leading.components[k][i]);
    let solver = least_squares(regressors, trials)?;
    // β_v,t of all times, [time, regressor, unit]
    let mut beta = Array3::zeros((steps, regressors.len(), units));
    for t in 0..steps {
        let raw = solver.dot(&scored.slice(s![t, .., ..]));
        beta.slice_mut(s![t, .., ..]).assign(&raw.dot(&basis).dot(&basis.t()));
    }
    let norm =
        |v: usize, t: usize| beta.slice(s![t, v, ..]).iter().map(|b| b * b).sum::<f64>().sqrt();
    let norms: Vec<Vec<f64>> =
        (0..regressors.len()).map(|v| (0..steps).map(|t| norm(v, t)).collect()).collect();
    let peaks: Vec<usize> = norms.iter().map(|norms| first_largest(norms)).collect();
    let vectors: Vec<Vec<f64>> =
        peaks.iter().enumerate().map(|(v, &t)| beta.slice(s![t, v, ..]).to_vec()).collect();
    Ok(RegressionAxes {
        axes: orthogonal(&vectors, regressors)?,
        names: regressors.iter().map(|r| r.name.clone()).collect(),
        mean,
        sd,
        vectors,
        peaks,
        norms,
    })
}

impl RegressionAxes {
    /// Activity `[time, trial, unit]`, z-scored as the axes' data were, along the axes:
    /// `[time, trial, axis]`. Give condition averages to see mean trajectories.
    ///
    /// # Errors
    /// Another number of units, values that are not finite.
    pub fn project(&self, activity: ArrayView3<'_, f64>) -> Result<Array3<f64>, MeasureError> {
        let (steps, trials, units) = activity.dim();
        same_length("units", self.mean.len(), units)?;
        let scored = z_scores(samples(activity, "activity", 1)?, &self.mean, &self.sd);
        let axes = Array2::from_shape_fn((units, self.axes.len()), |(i, v)| self.axes[v][i]);
        Ok(fold_time(&scored.dot(&axes), steps, trials))
    }
}

fn check(regressors: &[Regressor], trials: usize) -> Result<(), MeasureError> {
    enough("regressors", 1, regressors.len())?;
    enough("trials, more than regressors", regressors.len() + 2, trials)?;
    for regressor in regressors {
        same_length("values of a regressor", trials, regressor.values.len())?;
        finite("values of a regressor", &regressor.values)?;
    }
    Ok(())
}

fn moments(x: &Array2<f64>) -> (Vec<f64>, Vec<f64>) {
    let column = |column: ndarray::ArrayView1<'_, f64>| {
        let mean = column.sum() / column.len() as f64;
        let variance = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / column.len() as f64;
        // what rounding makes of a constant is no variance
        let constant = variance.sqrt() <= 1e-12 * mean.abs();
        (mean, if constant { 1.0 } else { variance.sqrt() })
    };
    x.axis_iter(Axis(1)).map(column).unzip()
}

fn z_scores(mut x: Array2<f64>, mean: &[f64], sd: &[f64]) -> Array2<f64> {
    for mut row in x.rows_mut() {
        for (i, x) in row.iter_mut().enumerate() {
            *x = (*x - mean[i]) / sd[i];
        }
    }
    x
}

/// Trials that agree in all regressors.
fn alike(regressors: &[Regressor]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut order: Vec<usize> = (0..regressors[0].values.len()).collect();
    let compare = |a: usize, b: usize| {
        let by = |r: &Regressor| r.values[a].total_cmp(&r.values[b]);
        regressors.iter().map(by).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    order.sort_by(|&a, &b| compare(a, b));
    for trial in order {
        match groups.last_mut() {
            Some(group) if compare(group[0], trial).is_eq() => group.push(trial),
            _ => groups.push(vec![trial]),
        }
    }
    groups
}

/// The matrix `[regressor, trial]` that turns responses into coefficients, the intercept left out:
/// `R⁻¹ Qᵀ` of the design `[1, x_1, …, x_V] = Q R`.
fn least_squares(regressors: &[Regressor], trials: usize) -> Result<Array2<f64>, MeasureError> {
    let columns = regressors.len() + 1;
    let design = Array2::from_shape_fn((trials, columns), |(k, v)| {
        if v == 0 { 1.0 } else { regressors[v - 1].values[k] }
    });
    let (q, r) = thin_qr(&row_major(&design), trials, columns)?;
    let mut solver = Array2::from_shape_fn((columns, trials), |(v, k)| q[k * columns + v]);
    for v in (0..columns).rev() {
        let pivot = r[v * columns + v];
        let length = design.column(v).iter().map(|x| x * x).sum::<f64>().sqrt();
        if pivot.is_nan() || pivot <= 1e-10 * length {
            return Err(MeasureError::Collinear { name: regressors[v - 1].name.clone() });
        }
        for w in v + 1..columns {
            let (mut row, later) = solver.multi_slice_mut((s![v, ..], s![w, ..]));
            row.scaled_add(-r[v * columns + w], &later);
        }
        solver.row_mut(v).mapv_inplace(|x| x / pivot);
    }
    Ok(solver.slice(s![1.., ..]).to_owned())
}

fn first_largest(values: &[f64]) -> usize {
    (0..values.len()).fold(0, |best, t| if values[t] > values[best] { t } else { best })
}

/// The columns of Q in `[β_1 … β_V] = Q R`.
fn orthogonal(
    vectors: &[Vec<f64>],
    regressors: &[Regressor],
) -> Result<Vec<Vec<f64>>, MeasureError> {
    let (units, count) = (vectors[0].len(), vectors.len());
    let columns: Vec<f64> =
        (0..units).flat_map(|i| vectors.iter().map(move |vector| vector[i])).collect();
    let (q, r) = thin_qr(&columns, units, count)?;
    for v in 0..count {
        let length = vectors[v].iter().map(|x| x * x).sum::<f64>().sqrt();
        // activity does not follow this one, or not apart from those before it
        let pivot = r[v * count + v];
        if pivot.is_nan() || pivot <= 1e-10 * length {
            return Err(MeasureError::Collinear { name: regressors[v].name.clone() });
        }
    }
    Ok((0..count).map(|v| (0..units).map(|i| q[i * count + v]).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regressor(name: &str, values: Vec<f64>) -> Regressor {
        Regressor { name: name.into(), values }
    }

    /// Choice and stimulus of 16 trials: the choice follows the stimulus, or has nothing to do with it.
    fn variables(follows: bool) -> (Vec<f64>, Vec<f64>) {
        let stimulus: Vec<f64> = (0..16).map(|k| [-1.0, -0.5, 0.5, 1.0][k % 4]).collect();
        let apart = (0..16).map(|k| [1.0, 1.0, -1.0, -1.0][k / 4]).collect();
        (if follows { stimulus.iter().map(|s| s.signum()).collect() } else { apart }, stimulus)
    }

    /// Activity `a(t) choice u + b(t) stimulus v` over units of equal variance gives back u and v.
    #[test]
    fn planted_axes_are_found() {
        let (choice, stimulus) = variables(true);
        // orthogonal vectors with entries of one size: z-scores then leave directions alone
        let u = [0.5, 0.5, 0.5, 0.5];
        let v = [0.5, -0.5, 0.5, -0.5];
        // the two never speak at once, or units that see their sum would vary more than others
        let (a, b) = ([0.0, 1.0, 3.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0, 1.0]);
        let x = Array3::from_shape_fn((5, 16, 4), |(t, k, i)| {
            7.0 + a[t] * choice[k] * u[i] + b[t] * stimulus[k] * v[i]
        });
        let regressors = [regressor("choice", choice), regressor("stimulus", stimulus)];
        for components in [2, 12] {
            let found = regression_axes(x.view(), &regressors, components).unwrap();
            assert_eq!(found.peaks, [2, 3]);
            for i in 0..4 {
                assert!((found.axes[0][i] - u[i]).abs() < 1e-9);
                assert!((found.axes[1][i] - v[i]).abs() < 1e-9);
            }
            assert!(found.norms[0][3] < 1e-9 && found.norms[1][2] < 1e-9);
            let along = found.project(x.view()).unwrap();
            // in units of the standard deviation, which all units share
            for ((t, k, axis), &p) in along.indexed_iter() {
                let planted = [a[t], b[t]][axis] * regressors[axis].values[k];
                assert!((p * found.sd[0] - planted).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn planted_coefficients_are_found() {
        let (choice, stimulus) = variables(true);
        let responses =
            Array2::from_shape_fn((16, 3), |(k, i)| 5.0 + i as f64 * choice[k] - 0.5 * stimulus[k]);
        let regressors = [regressor("choice", choice), regressor("stimulus", stimulus)];
        let found = regress(responses.view(), &regressors).unwrap();
        for i in 0..3 {
            assert!((found[[0, i]] - i as f64).abs() < 1e-12);
            assert!((found[[1, i]] + 0.5).abs() < 1e-12);
        }
        assert!(regress(responses.slice(s![..3, ..]), &regressors).is_err());
        assert!(regress(responses.view(), &[]).is_err());
    }

    #[test]
    fn later_axes_give_way_to_earlier_ones() {
        let (choice, stimulus) = variables(false);
        let x = Array3::from_shape_fn((1, 16, 3), |(_, k, i)| match i {
            0 => choice[k] + stimulus[k],
            1 => stimulus[k],
            _ => 0.25,
        });
        let regressors = [regressor("choice", choice), regressor("stimulus", stimulus)];
        let found = regression_axes(x.view(), &regressors, 3).unwrap();
        assert!((found.axes[0][0] - 1.0).abs() < 1e-12);
        assert!((found.axes[1][1] - 1.0).abs() < 1e-12);
        assert!(found.vectors[1][0] > 0.1);
        assert_eq!((found.sd[2], found.vectors[0][2]), (1.0, 0.0));
        let swapped = [regressors[1].clone(), regressors[0].clone()];
        let other = regression_axes(x.view(), &swapped, 3).unwrap();
        assert!(other.axes[1][1] < -0.1, "choice is now orthogonal to the stimulus");
    }

    #[test]
    fn what_cannot_be_told_apart() {
        let (choice, stimulus) = variables(true);
        let x = Array3::from_shape_fn((2, 16, 3), |(t, k, i)| (t * k + i * k * k) as f64);
        let double = stimulus.iter().map(|s| 2.0 * s + 1.0).collect();
        let regressors =
            [regressor("choice", choice), regressor("a", stimulus), regressor("b", double)];
        assert_eq!(
            regression_axes(x.view(), &regressors, 3).unwrap_err(),
            MeasureError::Collinear { name: "b".into() }
        );
        assert!(regression_axes(x.view(), &[], 3).is_err());
        assert!(regression_axes(x.view(), &[regressor("c", vec![1.0])], 3).is_err());
        let two = x.slice(s![.., ..2, ..]);
        assert!(regression_axes(two, &[regressor("c", vec![1.0, 2.0])], 3).is_err());
    }
}
