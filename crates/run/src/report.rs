//! The figures of a run and its page, from what the run left behind.

use attractor_analysis::circle_radius;
use attractor_learn::Phase;
use attractor_network::{Network, Projection, Wiring};
use attractor_numerics::law::Law;
use attractor_numerics::linalg::eigenvalues;
use attractor_report::{
    Eigenvalues, Figure, Label, LearningCurves, Matrix, ReportError, SampleTrials, Trial,
    WeightMatrix, Width,
};
use ndarray::Array2;

use crate::analysis::Pictures;
use crate::config::Experiment;
use crate::describe::RECURRENT;
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::evaluate::Sample;
use crate::material::Material as Source;
use crate::metrics::Metrics;
use crate::results::Results;
use crate::spikes;

mod page;
mod tables;

pub(crate) use page::analysed;

/// Recurrent projections drawn: gated neurons have several.
const DRAWN: usize = 4;
/// Units up to which eigenvalues are computed: they take time with the third power of it.
const SPECTRUM: usize = 1500;

/// What a report is made of.
pub(crate) struct Material<'a> {
    pub(crate) experiment: &'a Experiment,
    pub(crate) results: &'a Results,
    pub(crate) metrics: &'a Metrics,
    pub(crate) recurrent: &'a [Recurrent],
    pub(crate) sample: Option<&'a Sample>,
    pub(crate) pictures: &'a Pictures,
}

/// A recurrent projection before and after training.
pub(crate) struct Recurrent {
    pub(crate) projection: Projection,
    /// `[target, source]`; none of weights that were not trained from others.
    pub(crate) before: Option<Array2<f64>>,
    /// `[target, source]`
    pub(crate) after: Array2<f64>,
    /// *W*_rec, with the drive it ends in where there are several.
    pub(crate) label: Label,
    /// What tells its figures' files from others: empty, or `-I`.
    pub(crate) ending: String,
    /// Radius of the circle that eigenvalues of independent entries would fill.
    pub(crate) radius: Option<f64>,
    /// Where they were computed.
    pub(crate) spectra: Option<Spectra>,
}

/// Eigenvalues, real and imaginary parts.
pub(crate) struct Spectra {
    pub(crate) before: Option<Vec<(f64, f64)>>,
    pub(crate) after: Vec<(f64, f64)>,
}

/// The recurrent projections of a network, written out, with `initial` weights before training if it was
/// trained from any.
pub(crate) fn recurrent(
    network: &Network,
    initial: Option<&[f32]>,
    weights: &[f32],
) -> Vec<Recurrent> {
    let double = |weights: &[f32]| -> Vec<f64> { weights.iter().map(|&w| f64::from(w)).collect() };
    let (initial, weights) = (initial.map(double), double(weights));
    let mut all = Vec::new();
    let several = within(network).count() > 1;
    for projection in within(network) {
        let matrix = |parameters: &Vec<f64>| network.matrix(&projection.name(), parameters).ok();
        let (before, Some(after)) = (initial.as_ref().and_then(matrix), matrix(&weights)) else {
            continue;
        };
        let spectrum = |w: &Array2<f64>| -> Option<Vec<(f64, f64)>> {
            let values = eigenvalues(w.as_slice()?, w.nrows()).ok()?;
            Some(values.iter().map(|value| (value.re, value.im)).collect())
        };
        let small = after.nrows() <= SPECTRUM;
        let spectra = || {
            let before = before.as_ref().map(|before| spectrum(before).ok_or(())).transpose();
            Some(Spectra { before: before.ok()?, after: spectrum(&after)? })
        };
        let spectra = small.then(spectra).flatten();
        let drive = projection.to.rsplit('.').next().filter(|_| several).unwrap_or("");
        let ending = if drive.is_empty() { String::new() } else { format!("-{drive}") };
        let (label, radius) = (name_of(drive), radius(projection, before.as_ref()));
        let projection = projection.clone();
        all.push(Recurrent { projection, before, after, label, ending, radius, spectra });
    }
    all
}

/// The gain that the weights were drawn with; otherwise what their entries would have by chance.
fn radius(projection: &Projection, before: Option<&Array2<f64>>) -> Option<f64> {
    let before = before?;
    if let Wiring::Dense { law: Law::Gaussian { gain } } = projection.wiring {
        return Some(gain);
    }
    circle_radius(before.view()).ok()
}

/// The recurrent projections that are drawn.
fn within(network: &Network) -> impl Iterator<Item = &Projection> {
    let within = format!("{RECURRENT}.");
    let projections = network.description().projections.iter();
    projections
        .filter(move |p| p.from.starts_with(&within) && p.to.starts_with(&within))
        .take(DRAWN)
}

/// Writes figures and page.
pub(crate) fn write(material: &Material<'_>, directory: &RunDirectory) -> Result<(), RunError> {
    let mut figures: Vec<(String, Figure)> = vec![("curves".to_owned(), curves(material))];
    if let Some(sample) = material.sample {
        figures.push(("trials".to_owned(), trials(material.experiment, sample)?));
        figures
            .extend(spikes::raster(material.experiment, sample)?.map(|f| ("raster".to_owned(), f)));
    }
    figures.extend(drawings(material.pictures, material.recurrent)?);
    for (name, figure) in &figures {
        figure.write(&directory.figures(), name)?;
    }
    page::page(material, &figures, directory).write(&directory.report())?;
    Ok(())
}

/// The figures of an analysis, and those of the recurrent weights, with their files' names.
pub(crate) fn drawings(
    pictures: &Pictures,
    recurrent: &[Recurrent],
) -> Result<Vec<(String, Figure)>, ReportError> {
    let mut figures = pictures.figures.clone();
    if let Some(space) = &pictures.space {
        figures.push(("state-space".to_owned(), space.figure(Width::Double)));
    }
    for recurrent in recurrent {
        let (label, ending) = (recurrent.label.clone(), &recurrent.ending);
        let figure = WeightMatrix::new(label.clone(), drawn(&recurrent.after)?);
        let before = recurrent.before.as_ref().map(drawn).transpose()?;
        let figure = before.into_iter().fold(figure, WeightMatrix::before).figure();
        figures.push((format!("weights{ending}"), figure));
        if let Some(Spectra { before, after }) = &recurrent.spectra {
            let mut figure = Eigenvalues::new(label, after.iter().copied());
            figure = before.iter().cloned().fold(figure, Eigenvalues::before);
            figure = recurrent.radius.into_iter().fold(figure, Eigenvalues::radius);
            figures.push((format!("eigenvalues{ending}"), figure.figure()));
        }
    }
    Ok(figures)
}

fn curves(material: &Material<'_>) -> Figure {
    let Material { experiment, metrics, .. } = material;
    let rows = || metrics.rows.iter();
    let validated = rows().filter_map(|row| Some((row.update as f64, row.validation_loss?)));
    let scored = rows().filter_map(|row| Some((row.update as f64, row.validation_score?)));
    let mut curves = LearningCurves::new()
        .loss("training", rows().map(|row| (row.update as f64, row.loss)))
        .loss("validation", validated.collect::<Vec<_>>());
    let scored: Vec<(f64, f64)> = scored.collect();
    if !scored.is_empty() {
        curves = curves.score("validation", scored).score_label(experiment.material.measure());
    }
    if let Some(goal) = experiment.phases.last().and_then(|phase| phase.stop.score) {
        curves = curves.goal(goal);
    }
    if let [Phase { objective, .. }] = &experiment.phases[..]
        && let [term] = &objective.terms[..]
    {
        curves = curves.loss_label(term.to_string());
    }
    let mut from = 0.0;
    for (k, phase) in experiment.phases.iter().enumerate() {
        let name = phase.name.clone().unwrap_or_else(|| format!("phase {}", k + 1));
        curves = curves.phase(name, from);
        let last = rows().filter(|row| row.phase == k + 1).map(|row| row.update).next_back();
        from = last.map_or(from, |update| update as f64);
    }
    curves.figure()
}

fn trials(experiment: &Experiment, sample: &Sample) -> Result<Figure, ReportError> {
    let mut figure = SampleTrials::new(experiment.network.dt())
        .inputs(experiment.material.inputs())
        .outputs(experiment.material.outputs())
        .quantity(Label::new().italic(&sample.quantity));
    for shown in 0..sample.trials.len() {
        figure = figure.trial(trial(sample, shown)?);
    }
    Ok(figure.figure())
}

/// A trial of a sample, to be drawn.
pub(crate) fn trial(sample: &Sample, trial: usize) -> Result<Trial, ReportError> {
    let matrix =
        |(rows, columns, values): (usize, usize, Vec<f32>)| Matrix::new(rows, columns, &values);
    let of = |array| matrix(sample.of(array, trial));
    let steps = sample.trials.lengths[trial];
    let target = sample.trials.target(&sample.scored);
    let asked = target.map_or_else(Vec::new, |target| {
        (0..steps).map(|step| f64::from(target.weights[[step, trial]])).collect()
    });
    let wanted = match target {
        Some(target) => of(&target.values)?,
        None => Matrix::new::<f64>(0, 0, &[])?,
    };
    Ok(Trial::new(
        Source::describe(&sample.trials, trial),
        of(&sample.trials.inputs)?,
        wanted,
        of(&sample.outputs)?,
        asked,
        of(&sample.activity)?,
    ))
}

/// *W*_rec, with the drive it ends in where there are several.
fn name_of(drive: &str) -> Label {
    let name = if drive.is_empty() { "rec".to_owned() } else { format!("rec, {drive}") };
    Label::new().italic("W").sub(name)
}

/// A matrix, to be drawn.
pub(crate) fn drawn(w: &Array2<f64>) -> Result<Matrix, ReportError> {
    Matrix::new(w.nrows(), w.ncols(), w.as_slice().unwrap_or_default())
}
