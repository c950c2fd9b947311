//! The figures of a run and its page, from what the run left behind.

use attractor_learn::Phase;
use attractor_network::{Projection, Wiring};
use attractor_numerics::law::Law;
use attractor_numerics::linalg::eigenvalues;
use attractor_report::{
    Axis, Color, Dots, Eigenvalues, Figure, Height, Label, LearningCurves, Line, Matrix, Panel,
    ReportError, Rule, SampleTrials, Trial, WeightMatrix, Width,
};

use crate::config::Experiment;
use crate::describe::RECURRENT;
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::evaluate::Sample;
use crate::material::Material as Source;
use crate::matrix::{Weights, dense};
use crate::metrics::Metrics;
use crate::results::{Evaluation, Results};

mod page;

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
}

/// A recurrent projection before and after training.
pub(crate) struct Recurrent {
    pub(crate) projection: Projection,
    pub(crate) before: Weights,
    pub(crate) after: Weights,
    /// Eigenvalues before and after, where they were computed.
    pub(crate) spectra: Option<[Vec<(f64, f64)>; 2]>,
}

/// The recurrent projections of a network, written out.
pub(crate) fn recurrent(experiment: &Experiment, weights: &[f32]) -> Vec<Recurrent> {
    let double = |weights: &[f32]| -> Vec<f64> { weights.iter().map(|&w| f64::from(w)).collect() };
    let (initial, weights) = (double(&experiment.initial()), double(weights));
    let network = &experiment.network;
    let within = format!("{RECURRENT}.");
    let inside = |p: &&Projection| p.from.starts_with(&within) && p.to.starts_with(&within);
    let mut all = Vec::new();
    for projection in network.description().projections.iter().filter(inside).take(DRAWN) {
        let matrices =
            dense(network, projection, &initial).zip(dense(network, projection, &weights));
        let Some((before, after)) = matrices else { continue };
        let spectrum = |w: &Weights| -> Option<Vec<(f64, f64)>> {
            let values = eigenvalues(&w.values, w.targets).ok()?;
            Some(values.iter().map(|value| (value.re, value.im)).collect())
        };
        let small = after.targets <= SPECTRUM;
        let spectra = small.then(|| Some([spectrum(&before)?, spectrum(&after)?])).flatten();
        all.push(Recurrent { projection: projection.clone(), before, after, spectra });
    }
    all
}

/// Writes figures and page.
pub(crate) fn write(material: &Material<'_>, directory: &RunDirectory) -> Result<(), RunError> {
    let mut figures: Vec<(String, Figure)> = vec![("curves".to_owned(), curves(material))];
    if let Some(sample) = material.sample {
        figures.push(("trials".to_owned(), trials(material.experiment, sample)?));
    }
    if !material.results.evaluation.psychometric.is_empty() {
        figures.push(("psychometric".to_owned(), psychometric(&material.results.evaluation)));
    }
    let several = material.recurrent.len() > 1;
    for recurrent in material.recurrent {
        let drive = recurrent.projection.to.rsplit('.').next().unwrap_or("");
        let ending = if several { format!("-{drive}") } else { String::new() };
        let name = if several { format!("rec, {drive}") } else { "rec".to_owned() };
        let name = Label::new().italic("W").sub(name);
        figures.push((format!("weights{ending}"), weights(recurrent, &name)?));
        if let Some([before, after]) = &recurrent.spectra {
            let mut figure =
                Eigenvalues::new(name, after.iter().copied()).before(before.iter().copied());
            if let Wiring::Dense { law: Law::Gaussian { gain } } = recurrent.projection.wiring {
                figure = figure.radius(gain);
            }
            figures.push((format!("eigenvalues{ending}"), figure.figure()));
        }
    }
    for (name, figure) in &figures {
        figure.write(&directory.figures(), name)?;
    }
    page::page(material, &figures, directory).write(&directory.report())?;
    Ok(())
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

/// How often the positive choice was made, one panel per stimulus axis, one curve per set of trials.
fn psychometric(evaluation: &Evaluation) -> Figure {
    let curves = &evaluation.psychometric;
    let mut axes: Vec<&str> = curves.iter().map(|curve| curve.axis.as_str()).collect();
    axes.sort_unstable();
    axes.dedup();
    let width = if axes.len() > 1 { Width::Middle } else { Width::Single };
    let mut figure = Figure::new("Psychometric curves", width)
        .columns(vec![1.0; axes.len()])
        .rows([Height::Mm(40.0)]);
    for (column, axis) in axes.iter().enumerate() {
        let y = Axis::new("fraction of positive choices").range(-0.02, 1.02);
        let y = if column == 0 { y } else { Axis::new("").range(-0.02, 1.02).without_numbers() };
        let mut panel = Panel::new(Axis::new(axis.replace('_', " ")).padded(0.05), y);
        panel = panel.mark(Rule::at_y(0.5).dashed());
        for (k, curve) in curves.iter().filter(|curve| curve.axis == *axis).enumerate() {
            let points =
                || curve.points.iter().map(|[stimulus, _, positive]| (*stimulus, *positive));
            let color = Color::line(k);
            panel = panel.mark(Line::new(points(), color).name(curve.among.clone()));
            panel = panel.mark(Dots::new(points(), color));
        }
        figure = figure.place(0, column, panel);
    }
    figure.caption(format!(
        "Psychometric curves: how often the output was positive, by stimulus, on {} fresh trials.",
        evaluation.trials
    ))
}

fn trials(experiment: &Experiment, sample: &Sample) -> Result<Figure, ReportError> {
    let mut figure = SampleTrials::new(experiment.network.dt())
        .inputs(experiment.material.inputs())
        .outputs(experiment.material.outputs())
        .quantity(Label::new().italic(&sample.quantity));
    let target = sample.trials.target(&experiment.material.scored());
    for trial in 0..sample.trials.len() {
        let matrix =
            |(rows, columns, values): (usize, usize, Vec<f32>)| Matrix::new(rows, columns, &values);
        let of = |array| matrix(sample.of(array, trial));
        let steps = sample.trials.lengths[trial];
        let asked = target.map_or_else(Vec::new, |target| {
            (0..steps).map(|step| f64::from(target.weights[[step, trial]])).collect()
        });
        let wanted = match target {
            Some(target) => of(&target.values)?,
            None => Matrix::new::<f64>(0, 0, &[])?,
        };
        figure = figure.trial(Trial::new(
            Source::describe(&sample.trials, trial),
            of(&sample.trials.inputs)?,
            wanted,
            of(&sample.outputs)?,
            asked,
            of(&sample.activity)?,
        ));
    }
    Ok(figure.figure())
}

fn weights(recurrent: &Recurrent, name: &Label) -> Result<Figure, ReportError> {
    let matrix = |w: &Weights| Matrix::new(w.targets, w.sources, &w.values);
    let figure = WeightMatrix::new(name.clone(), matrix(&recurrent.after)?);
    Ok(figure.before(matrix(&recurrent.before)?).figure())
}
