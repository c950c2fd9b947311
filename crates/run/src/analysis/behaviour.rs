//! Psychometric functions fitted to the choices of the evaluation.

use attractor_analysis::{Estimate, PsychometricOptions, psychometric};
use attractor_report::{Behaviour, ResponseCurve, number};

use super::facts::{Analysis, Psychometric};
use super::{Pictures, Subject, Unanswered};
use crate::results::Curve;

/// Points of a drawn function.
const DRAWN: usize = 120;

pub(super) fn answer(
    subject: &Subject<'_>,
    facts: &mut Analysis,
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    let Some(curves) = subject.score.psychometric else {
        return Err(Unanswered("there is no task, and nothing is chosen".to_owned()));
    };
    if curves.is_empty() {
        return Err(Unanswered("the task has no psychometric axis".to_owned()));
    }
    let mut axes: Vec<&str> = curves.iter().map(|curve| curve.axis.as_str()).collect();
    axes.sort_unstable();
    axes.dedup();
    for axis in axes {
        let mut figure = Behaviour::new(axis.replace('_', " ")).choice("positive choices");
        for curve in curves.iter().filter(|curve| curve.axis == axis) {
            let (shown, fact) = fitted(curve);
            figure = figure.psychometric(shown);
            facts.psychometric.extend(fact);
        }
        pictures.figures.push((format!("psychometric-{axis}"), figure.figure()));
    }
    Ok(())
}

/// The functions fitted to curves.
pub(super) fn functions(curves: &[Curve]) -> Vec<Psychometric> {
    curves.iter().filter_map(|curve| fitted(curve).1).collect()
}

/// A curve to draw, with its function where one can be fitted.
fn fitted(curve: &Curve) -> (ResponseCurve, Option<Psychometric>) {
    let name = if curve.among.is_empty() { "all trials" } else { &curve.among };
    let (mut stimulus, mut chosen) = (Vec::new(), Vec::new());
    for &[x, trials, fraction] in &curve.points {
        let (trials, positive) = (trials as usize, (trials * fraction).round() as usize);
        stimulus.extend(std::iter::repeat_n(x, trials));
        chosen.extend((0..trials).map(|k| k < positive));
    }
    let mut shown = ResponseCurve::new(name);
    let Ok(fit) = psychometric(&stimulus, &chosen, &PsychometricOptions::default()) else {
        for &[x, _, fraction] in &curve.points {
            shown = shown.point(x, fraction, (f64::NAN, f64::NAN));
        }
        return (shown, None);
    };
    for point in &fit.points {
        let [low, high] = point.interval;
        shown = shown.point(point.stimulus, point.fraction, (low, high));
    }
    let ends = fit.points.first().zip(fit.points.last());
    if let Some((first, last)) = ends {
        let at = |k: usize| {
            let part = k as f64 / DRAWN as f64;
            first.stimulus + part * (last.stimulus - first.stimulus)
        };
        shown = shown.fit((0..=DRAWN).map(|k| (at(k), fit.at(at(k)))));
    }
    let slope = match fit.steep {
        true => "slope steeper than the stimuli resolve".to_owned(),
        false => format!("slope {}", told(&fit.slope)),
    };
    // where choices do not depend on the stimulus, no stimulus is the threshold
    let bounded = fit.threshold.low.is_some() || fit.threshold.high.is_some();
    let threshold = match bounded {
        true => format!("threshold {}", told(&fit.threshold)),
        false => "threshold not determined".to_owned(),
    };
    shown = shown.parameters(format!("{threshold}, {slope}"));
    let three = |e: &Estimate| (e.value, e.low, e.high);
    let fact = Psychometric {
        among: curve.among.clone(),
        axis: curve.axis.clone(),
        threshold: bounded.then(|| three(&fit.threshold)),
        slope: three(&fit.slope),
        lapses: fit.lapses,
    };
    (shown, Some(fact))
}

/// `0.03 (−0.01 to 0.08)`.
fn told(estimate: &Estimate) -> String {
    let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), |end| number(end, 2));
    format!("{} ({} to {})", number(estimate.value, 2), end(estimate.low), end(estimate.high))
}
