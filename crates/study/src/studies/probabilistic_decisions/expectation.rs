//! What a network that expects the first stimulus does: readout, times, populations, silencing.

use attractor::analysis::{DecodingOptions, chronometric, contrasts, decode, window_means};
use attractor::data::Column;
use ndarray::{Array2, ArrayView2, Axis, s};

use super::lab::{Answers, Lab, share};
use crate::error::StudyError;
use crate::measured::Measured;
use crate::net::Net;

/// Output at which an answer is given (proposed).
const BOUND: f32 = 0.5;
/// One in so many inhibitory units is silenced (proposed).
const SILENCED: usize = 4;

/// The readout before the stimulus: mean over its steps and trials.
pub(super) fn before(answers: &Answers, onset: usize) -> f64 {
    let early = answers.outputs.slice(s![..onset, .., 0]);
    early.iter().map(|o| f64::from(*o)).sum::<f64>() / early.len() as f64
}

/// Mean time from the onset of the stimulus to an answer, ms, for the first stimulus and the second. A
/// trial without an answer counts to its end.
pub(super) fn reaction_times(answers: &Answers, onset: usize) -> Result<[f64; 2], StudyError> {
    let Answers { trials, outputs, first, .. } = answers;
    let times: Vec<f64> = (0..trials.len())
        .map(|trial| {
            let reached = (onset..trials.steps()).find(|&t| outputs[[t, trial, 0]].abs() > BOUND);
            (reached.unwrap_or(trials.steps()) - onset) as f64 * trials.dt
        })
        .collect();
    let stimulus: Vec<f64> = first.iter().map(|&first| f64::from(u8::from(first))).collect();
    let points = chronometric(&stimulus, &times, 0.95)?.points;
    let mean = |of: f64| points.iter().find(|p| p.stimulus == of).map_or(f64::NAN, |p| p.mean);
    Ok([mean(1.0), mean(0.0)])
}

/// How much more excitatory and inhibitory units are active while answering the first stimulus than the second.
pub(super) fn rate_differences(
    lab: &Lab<'_>,
    net: &Net,
    answers: &Answers,
) -> Result<[f64; 2], StudyError> {
    let rates = late_rates(lab, net, answers)?;
    let mean = |first: bool, units: std::ops::Range<usize>| {
        let mine = rates.select(Axis(0), &answers.trials_of(first));
        mine.slice(s![.., units]).mean().unwrap_or(f64::NAN)
    };
    let (e, all) = (lab.excitatory(), rates.ncols());
    Ok([0..e, e..all].map(|units| mean(true, units.clone()) - mean(false, units)))
}

/// The stimulus, decoded from excitatory and from inhibitory units while answering; and how
/// silencing the quarter of the inhibitory units that is tuned to a stimulus most changes how often the
/// first one is chosen.
pub(super) fn populations(
    lab: &Lab<'_>,
    net: &Net,
    answers: &Answers,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let stimulus =
        Column::from(answers.first.iter().map(|f| f64::from(u8::from(*f))).collect::<Vec<_>>());
    let rates = late_rates(lab, net, answers)?;
    let (e, all) = (lab.excitatory(), rates.ncols());
    for (name, units) in [("decoded_e", 0..e), ("decoded_i", e..all)] {
        let rates = rates.slice(s![.., units]).insert_axis(Axis(0));
        measured.set(name, decode(rates, &stimulus, &DecodingOptions::default())?.accuracy[0]);
    }
    let [first, second] = [true, false].map(|first| answers.trials_of(first));
    let tuned = contrasts(rates.slice(s![.., e..]), &first, &second)?;
    let mut order: Vec<usize> = (0..tuned.len()).collect();
    order.sort_by(|&a, &b| tuned[b].auc.total_cmp(&tuned[a].auc));
    let order: Vec<usize> = order.into_iter().map(|k| e + k).collect();
    let most = (order.len() / SILENCED).max(1);
    let chosen = share(answers.chosen.iter().copied());
    for (name, those) in
        [("silenced_likely", &order[..most]), ("silenced_unlikely", &order[order.len() - most..])]
    {
        let left = lab.test(net, lab.settings.strength, those)?;
        measured.set(name, share(left.chosen.iter().copied()) - chosen);
    }
    Ok(())
}

/// Rates while the answer is asked, `[trial, unit]`.
fn late_rates(lab: &Lab<'_>, net: &Net, answers: &Answers) -> Result<Array2<f64>, StudyError> {
    let rates = lab.run(net, &answers.trials, &[], "rec.r")?.mapv(f64::from);
    let steps = answers.trials.steps();
    Ok(window_means(rates.view(), steps - lab.settings.decision..steps)?)
}

/// Difference of accuracies, first stimulus less second, of an observer who weighs the evidence rightly:
/// log-odds `s Σ (x₁ − x₂) + ln(p / (1 − p))`.
pub(super) fn ideal_gap(
    answers: &Answers,
    strength: f64,
    p: f64,
    steps: std::ops::Range<usize>,
) -> f64 {
    let inputs = answers.trials.inputs.slice(s![steps, .., ..]);
    let evidence = |trial: usize| {
        let channels: ArrayView2<'_, f32> = inputs.index_axis(Axis(1), trial);
        channels.rows().into_iter().map(|x| f64::from(x[0] - x[1])).sum::<f64>()
    };
    let chose_first = |first: bool| {
        let mine = answers.trials_of(first).into_iter();
        share(mine.map(|trial| strength * evidence(trial) + (p / (1.0 - p)).ln() > 0.0))
    };
    chose_first(true) - (1.0 - chose_first(false))
}
