//! Decoding over time and across times.

use attractor_analysis::{DecodingOptions, decode, decode_across_times};
use attractor_report::{Decoding, Matrix};
use ndarray::{Array3, s};

use super::activity::Activity;
use super::facts::{Analysis, Decoded};
use super::{Pictures, Unanswered};

/// Most trials and times: seconds, not minutes.
const TRIALS: usize = 240;
const TIMES: usize = 34;
/// Most variables.
const VARIABLES: usize = 4;
/// Most units; of larger networks, this many evenly taken.
const UNITS: usize = 256;

pub(super) fn answer(
    activity: &Activity,
    facts: &mut Analysis,
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    if activity.variables.is_empty() {
        return Err(Unanswered("trials have no condition of few values".to_owned()));
    }
    let (steps, dt) = (activity.steps(), activity.trials.dt);
    let stride = steps.div_ceil(TIMES);
    let (_, trials, units) = activity.noisy.dim();
    let taken: Vec<usize> = (0..trials.min(TRIALS)).collect();
    let skip = units.div_ceil(UNITS);
    let kept = activity.noisy.slice(s![..steps;stride, ..taken.len(), ..;skip]);
    let kept: Array3<f64> = kept.as_standard_layout().into_owned();
    let options = DecodingOptions::default();
    let chance_of = |classes: usize| 1.0 / classes as f64;
    let mut lowest = f64::INFINITY;
    let mut curves = Vec::new();
    for (name, column) in activity.variables.iter().take(VARIABLES) {
        let column = column.select(&taken);
        let Ok(found) = decode(kept.view(), &column, &options) else { continue };
        let chance = chance_of(found.conditions.len());
        lowest = lowest.min(chance);
        let half = |p: f64| 1.96 * (p * (1.0 - p) / taken.len() as f64).sqrt();
        let point = |(k, &p): (usize, &f64)| {
            let at = (k * stride) as f64 * dt;
            (at, p, (p - half(p)).max(0.0), (p + half(p)).min(1.0))
        };
        curves
            .push((name.clone(), found.accuracy.iter().enumerate().map(point).collect::<Vec<_>>()));
        let best = (0..found.accuracy.len())
            .max_by(|&a, &b| found.accuracy[a].total_cmp(&found.accuracy[b]))
            .unwrap_or(0);
        let (variable, at_ms) = (name.clone(), (best * stride) as f64 * dt);
        facts.decoded.push(Decoded { variable, chance, best: found.accuracy[best], at_ms });
    }
    if curves.is_empty() {
        let trials = taken.len();
        return Err(Unanswered(format!("{trials} trials are too few for five folds")));
    }
    let mut figure = Decoding::new(steps as f64 * dt, lowest);
    let last = curves.len() - 1;
    let of_last = activity.variables.iter().find(|(name, _)| *name == curves[last].0);
    if let Some((name, column)) = of_last {
        let across = decode_across_times(kept.view(), &column.select(&taken), &options)?;
        let times = across.accuracy.len();
        let flat: Vec<f64> = across.accuracy.into_iter().flatten().collect();
        figure = figure.across(name.clone(), Matrix::new(times, times, &flat)?);
    }
    for (decoded, (name, points)) in facts.decoded.iter().zip(curves) {
        figure = figure.curve(format!("{name} (guessing: {:.2})", decoded.chance), points);
    }
    pictures.figures.push(("decoding".to_owned(), figure.figure()));
    Ok(())
}
