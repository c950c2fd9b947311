//! What one region sends to the other.

use attractor::analysis::principal_cosines;
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayView3, Axis, s};

use super::lab::{Lab, RATES};
use crate::error::StudyError;
use crate::exam::Exam;
use crate::net::Net;

/// The connection from region 1 to region 2.
const FORWARD: &str = "r1->r2";

/// Loadings of the connection, `m` or `n`, `[unit, rank]`.
fn loadings(net: &Net, which: &str) -> Result<Array2<f64>, StudyError> {
    let name = format!("{FORWARD}.{which}");
    let values = net.double(&name)?;
    let shape = net.network.layout().get(&name).map_or(&[][..], |entry| &entry.shape);
    let &[units, rank] = shape else {
        return Err(StudyError::Study(format!("{name} is no matrix: {shape:?}")));
    };
    Array2::from_shape_vec((units, rank), values)
        .map_err(|error| StudyError::Study(format!("{name}: {error}")))
}

/// The current `m nᵀ r / N` of a connection, `[time, trial, target]`, from the rates of its sources.
pub(super) fn sent(
    net: &Net,
    connection: &str,
    rates: ArrayView3<'_, f32>,
) -> Result<Array3<f64>, StudyError> {
    let weights = net.matrix(connection)?;
    let (steps, trials, _) = rates.dim();
    let mut current = Array3::zeros((steps, trials, weights.nrows()));
    for (mut current, rates) in current.outer_iter_mut().zip(rates.outer_iter()) {
        current.assign(&rates.mapv(f64::from).dot(&weights.t()));
    }
    Ok(current)
}

/// Mean over trials and the steps of the stimuli, `[target]`.
pub(super) fn mean_current(
    exam: &Exam<'_>,
    current: &Array3<f64>,
) -> Result<Array1<f64>, StudyError> {
    let during = current.slice(s![exam.during("stimulus")?, .., ..]);
    Ok(during.sum_axis(Axis(0)).sum_axis(Axis(0)) / (during.dim().0 * during.dim().1) as f64)
}

/// Least cosine of the principal angles between what a fit and the truth do to the recorded units of
/// region 2: the columns of m.
pub(super) fn outputs(truth: &Net, fit: &Net, recorded: &[usize]) -> Result<f64, StudyError> {
    let (truth, fit) = (loadings(truth, "m")?.select(Axis(0), recorded), loadings(fit, "m")?);
    let cosines = principal_cosines(truth.view(), fit.view())?;
    Ok(cosines.last().copied().unwrap_or(f64::NAN))
}

/// Regression of a signal `[time, trial, unit]` on the coherences of both stimuli in some trials, at each
/// step of the stimuli: coefficients `[step, stimulus, unit]`.
fn regression(
    exam: &Exam<'_>,
    trials: &[usize],
    signal: ArrayView3<'_, f64>,
) -> Result<Array3<f64>, StudyError> {
    let during = exam.during("stimulus")?;
    let mut found = Array3::zeros((during.len(), 2, signal.dim().2));
    for (step, mut found) in during.zip(found.outer_iter_mut()) {
        found.assign(&exam.followed(signal.index_axis(Axis(0), step), trials)?);
    }
    Ok(found)
}

/// Norm of the regression of the current from region 1 to 2 on the relevant stimulus over that on the
/// other one, over steps and units, in context A and B. The network's noise is off.
pub(super) fn ratios(lab: &Lab<'_>, net: &Net) -> Result<[f64; 2], StudyError> {
    let rates = lab.run(net, &lab.exam.trials, false, &RATES[..1])?;
    let current = sent(net, FORWARD, rates[0].view())?;
    let contexts = lab.exam.contexts();
    let of = |relevant: usize| -> Result<f64, StudyError> {
        let found = regression(&lab.exam, &contexts[relevant], current.view())?;
        let norm =
            |stimulus: usize| found.index_axis(Axis(1), stimulus).mapv(|b| b * b).sum().sqrt();
        Ok(norm(relevant) / norm(1 - relevant))
    };
    Ok([of(0)?, of(1)?])
}

/// Cosines between the axes of the relevant and of the irrelevant stimulus in region 1, the mean of its
/// regression over the steps of the stimuli, and the space that region 2 reads (the columns of n); means
/// of both contexts.
pub(super) fn aligned(lab: &Lab<'_>, net: &Net) -> Result<[f64; 2], StudyError> {
    let rates = lab.run(net, &lab.exam.trials, false, &RATES[..1])?;
    let rates = rates[0].mapv(f64::from);
    let read = loadings(net, "n")?;
    let mut cosines = [0.0; 2];
    for (relevant, trials) in lab.exam.contexts().iter().enumerate() {
        let found = regression(&lab.exam, trials, rates.view())?.sum_axis(Axis(0));
        for (k, stimulus) in [relevant, 1 - relevant].into_iter().enumerate() {
            let axis: ArrayView2<'_, f64> = found.slice(s![stimulus..=stimulus, ..]);
            let cosine = principal_cosines(axis.t(), read.view())?;
            cosines[k] += cosine.first().copied().unwrap_or(f64::NAN) / 2.0;
        }
    }
    Ok(cosines)
}
