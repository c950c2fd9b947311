//! Dimension of the activity, and what each unit is selective for.

use attractor_analysis::{cluster, pca, preferences, window_means};
use attractor_report::{Dimensions, Matrix, UnitTuning, WeightMatrix};

use super::activity::Activity;
use super::facts::{Analysis, Dimension, Outside, Tuning};
use super::{Pictures, Subject, Unanswered};
use crate::report::{Recurrent, Spectra, drawn};

/// Windows of a trial in which selectivity is looked for.
const WINDOWS: usize = 8;
/// Most clusters tried.
const CLUSTERS: usize = 6;
/// A unit of which no variable explains this much takes part in no cluster of its own.
const LEAST: f64 = 0.05;
/// A finite random matrix reaches this far out of its circle, relative to the radius.
const MARGIN: f64 = 0.1;

pub(super) fn answer(
    subject: &Subject<'_>,
    activity: &Activity,
    facts: &mut Analysis,
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    facts.spectra = subject.recurrent.iter().filter_map(outside).collect();
    let averages = activity.averages(&activity.quiet)?;
    let components = pca(averages.view())?;
    let explained = components.explained();
    facts.dimension = Some(Dimension {
        participation_ratio: components.participation_ratio(),
        components_90: components.dimension(0.9)?,
        explained: explained.iter().copied().take(10).collect(),
    });
    let figure = Dimensions::new().spectrum("condition averages", components.variances.clone());
    pictures.figures.push(("dimensions".to_owned(), figure.figure()));
    if activity.variables.is_empty() {
        return Ok(());
    }
    let tuning = tuning(activity, subject.seed)?;
    let units = tuning.explained.len();
    let flat: Vec<f64> = tuning.explained.iter().flatten().copied().collect();
    let values = Matrix::new(units, tuning.variables.len(), &flat)?;
    let mut figure =
        UnitTuning::new("variance explained", tuning.variables.iter().map(String::as_str), values);
    if !tuning.clusters.is_empty() {
        figure = figure.clusters(tuning.clusters.iter().copied());
        sorted_weights(subject, &tuning, pictures)?;
    }
    pictures.figures.push(("selectivity".to_owned(), figure.figure()));
    facts.tuning = Some(tuning);
    Ok(())
}

/// How many eigenvalues stand outside of the circle of the weights before training.
fn outside(recurrent: &Recurrent) -> Option<Outside> {
    let Spectra { before, after } = recurrent.spectra.as_ref()?;
    let (before, radius) = (before.as_ref()?, recurrent.radius?);
    let beyond = |values: &[(f64, f64)]| {
        values.iter().filter(|(re, im)| re.hypot(*im) > (1.0 + MARGIN) * radius).count()
    };
    Some(Outside {
        weights: recurrent.projection.name(),
        radius,
        before: beyond(before),
        after: beyond(after),
    })
}

/// `η²` of each unit and variable in the window where it is largest.
pub(super) fn tuning(activity: &Activity, seed: u64) -> Result<Tuning, Unanswered> {
    let steps = activity.steps();
    let windows = WINDOWS.min(steps);
    let units = activity.noisy.dim().2;
    let mut explained = vec![vec![0.0f64; activity.variables.len()]; units];
    for w in 0..windows {
        let window = w * steps / windows..(w + 1) * steps / windows;
        let responses = window_means(activity.noisy.view(), window)?;
        for (v, (_, column)) in activity.variables.iter().enumerate() {
            for (unit, preference) in preferences(responses.view(), column)?.iter().enumerate() {
                explained[unit][v] = explained[unit][v].max(preference.explained);
            }
        }
    }
    let selective = explained.iter().any(|unit| unit.iter().any(|&e| e > LEAST));
    let found = selective.then(|| cluster(&explained, CLUSTERS, seed).ok()).flatten();
    let variables = activity.variables.iter().map(|(name, _)| name.clone()).collect();
    let silhouette = found.as_ref().map(|found| found.silhouette);
    let clusters = found.map(|found| found.labels).unwrap_or_default();
    Ok(Tuning { variables, explained, clusters, silhouette })
}

/// The recurrent weights, units of a cluster side by side.
fn sorted_weights(
    subject: &Subject<'_>,
    tuning: &Tuning,
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    let clusters = &tuning.clusters;
    let mut order: Vec<usize> = (0..clusters.len()).collect();
    order.sort_by_key(|&unit| clusters[unit]);
    let count = clusters.iter().max().map_or(0, |most| most + 1);
    let size = |c: usize| clusters.iter().filter(|&&label| label == c).count();
    let groups: Vec<(String, usize)> = (0..count).map(|c| ((c + 1).to_string(), size(c))).collect();
    for recurrent in subject.recurrent {
        let figure = WeightMatrix::new(recurrent.label.clone(), drawn(&recurrent.after)?)
            .sorted("cluster of selectivity", order.iter().copied())
            .groups(groups.clone());
        pictures.figures.push((format!("connectivity{}", recurrent.ending), figure.figure()));
    }
    Ok(())
}
