//! What one region sends to the other.

use std::ops::Range;

use attractor::analysis::{RidgePath, principal_cosines};
use attractor::data::Trials;
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayView3, Axis, s};

use super::lab::{Lab, RATES};
use crate::error::StudyError;
use crate::net::Net;

/// The connection from region 1 to region 2.
const FORWARD: &str = "r1->r2";
/// Steps of the stimuli: 800 ms after 100 ms of fixation and 350 ms of the context alone.
const STIMULUS: Range<usize> = 22..62;

/// Loadings of a connection, `[unit, rank]`.
fn loadings(
    net: &Net,
    connection: &str,
    which: &str,
    rank: usize,
) -> Result<Array2<f64>, StudyError> {
    let values = net.double(&format!("{connection}.{which}"))?;
    Array2::from_shape_vec((values.len() / rank.max(1), rank), values)
        .map_err(|error| StudyError::Study(format!("{connection}.{which} of rank {rank}: {error}")))
}

/// Rank of a connection.
fn rank(net: &Net, connection: &str) -> usize {
    let entry = net.network.layout().get(&format!("{connection}.m"));
    entry.and_then(|entry| entry.shape.last()).copied().unwrap_or(0)
}

/// The current `m nᵀ r / N` of a connection, `[time, trial, target]`, from the rates of its sources.
pub(super) fn sent(
    net: &Net,
    connection: &str,
    rates: ArrayView3<'_, f32>,
) -> Result<Array3<f64>, StudyError> {
    let rank = rank(net, connection);
    let (m, n) = (loadings(net, connection, "m", rank)?, loadings(net, connection, "n", rank)?);
    let weights = m.dot(&n.t()) / n.nrows() as f64;
    let (steps, trials, _) = rates.dim();
    let mut current = Array3::zeros((steps, trials, m.nrows()));
    for (mut current, rates) in current.outer_iter_mut().zip(rates.outer_iter()) {
        current.assign(&rates.mapv(f64::from).dot(&weights.t()));
    }
    Ok(current)
}

/// Mean over trials and the steps of the stimuli, `[target]`.
pub(super) fn mean_current(current: &Array3<f64>) -> Array1<f64> {
    let during = current.slice(s![STIMULUS, .., ..]);
    during.sum_axis(Axis(0)).sum_axis(Axis(0)) / (during.dim().0 * during.dim().1) as f64
}

/// Least cosine of the principal angles between what a fit and the truth do to the recorded units of
/// region 2: the columns of m.
pub(super) fn outputs(truth: &Net, fit: &Net, recorded: &[usize]) -> Result<f64, StudyError> {
    let truth = loadings(truth, FORWARD, "m", rank(truth, FORWARD))?.select(Axis(0), recorded);
    let fit = loadings(fit, FORWARD, "m", rank(fit, FORWARD))?;
    let cosines = principal_cosines(truth.view(), fit.view())?;
    Ok(cosines.last().copied().unwrap_or(f64::NAN))
}

/// Regression of a signal `[time, trial, unit]` on the coherences of both stimuli in the trials of a
/// context, at each step of the stimuli: coefficients `[step, stimulus, unit]`.
fn regression(
    trials: &Trials,
    context: &str,
    signal: ArrayView3<'_, f64>,
) -> Result<Array3<f64>, StudyError> {
    let missing = || StudyError::Study("coherences and contexts of trials without them".to_owned());
    let labels = trials.conditions.labels("context").ok_or_else(missing)?;
    let numbers = |name: &str| trials.conditions.numbers(name).ok_or_else(missing);
    let coherences = [numbers("coherence_a")?, numbers("coherence_b")?];
    let mine: Vec<usize> = (0..trials.len()).filter(|&trial| labels[trial] == context).collect();
    let x = Array2::from_shape_fn((mine.len(), 2), |(k, stimulus)| coherences[stimulus][mine[k]]);
    let mut found = Array3::zeros((STIMULUS.len(), 2, signal.dim().2));
    for (step, mut found) in STIMULUS.zip(found.outer_iter_mut()) {
        let y = signal.index_axis(Axis(0), step).select(Axis(0), &mine);
        found.assign(&RidgePath::new(x.view(), y.view())?.fit(0.0)?.weights);
    }
    Ok(found)
}

/// Norm of the regression of the current from region 1 to 2 on the relevant stimulus over that on the
/// other one, over steps and units, in context A and B. The network's noise is off.
pub(super) fn ratios(lab: &Lab<'_>, net: &Net) -> Result<[f64; 2], StudyError> {
    let rates = lab.run(net, &lab.test, false, &RATES[..1])?;
    let current = sent(net, FORWARD, rates[0].view())?;
    let of = |context: &str, relevant: usize| -> Result<f64, StudyError> {
        let found = regression(&lab.test, context, current.view())?;
        let norm =
            |stimulus: usize| found.index_axis(Axis(1), stimulus).mapv(|b| b * b).sum().sqrt();
        Ok(norm(relevant) / norm(1 - relevant))
    };
    Ok([of("A", 0)?, of("B", 1)?])
}

/// Cosines between the axes of the relevant and of the irrelevant stimulus in region 1, the mean of its
/// regression over the steps of the stimuli, and the space that region 2 reads (the columns of n); means
/// of both contexts.
pub(super) fn aligned(lab: &Lab<'_>, net: &Net) -> Result<[f64; 2], StudyError> {
    let rates = lab.run(net, &lab.test, false, &RATES[..1])?;
    let rates = rates[0].mapv(f64::from);
    let read = loadings(net, FORWARD, "n", rank(net, FORWARD))?;
    let mut cosines = [0.0; 2];
    for (relevant, context) in ["A", "B"].into_iter().enumerate() {
        let found = regression(&lab.test, context, rates.view())?.sum_axis(Axis(0));
        for (k, stimulus) in [relevant, 1 - relevant].into_iter().enumerate() {
            let axis: ArrayView2<'_, f64> = found.slice(s![stimulus..=stimulus, ..]);
            let cosine = principal_cosines(axis.t(), read.view())?;
            cosines[k] += cosine.first().copied().unwrap_or(f64::NAN) / 2.0;
        }
    }
    Ok(cosines)
}
