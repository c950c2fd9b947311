//! A fit by back-propagation, read back.

use attractor_analysis::groups_of;
use attractor_network::NoiseSource;
use attractor_recording::Stretch;

use super::{Curve, Material, model_file, name};
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::fit::config::FitExperiment;
use crate::fit::finished::{Finished, Runs, Stretches};
use crate::fit::forecast::Trial;
use crate::fit::identified::Coupling;
use crate::fit::model::OBSERVED;
use crate::fit::recorded::unchanged;
use crate::fit::report::{self, Shown};
use crate::fit::results::FitResults;
use crate::fit::training::{Job, Trained};
use crate::metrics::Metrics;
use crate::train::Settings;

/// The last network of a fit, as its report shows it.
pub(crate) fn finished(
    experiment: &FitExperiment,
    directory: &RunDirectory,
    results: &FitResults,
    settings: &Settings,
) -> Result<Finished, RunError> {
    let (config, threads) = (&experiment.config, settings.engine().threads);
    let material = Material::of(config)?;
    unchanged(&results.recording, &material.prepared.facts(&config.recording))?;
    let mut shown = Shown::default();
    let mut last = None;
    if let (Some(job), Some(scores)) = (&material.copy, &results.reproduction) {
        let trained = job.read(&model_file(directory, "reproduction"))?;
        shown.reproduction = Some(report::copied(job, &trained, scores, threads)?);
        last = Some((job.clone(), trained, reproduced(job)?, "in-sample R² of the free run"));
    }
    let groups = groups_of(&material.labels);
    for (trial, scores) in material.trials.iter().zip(&results.forecasts) {
        let job = trial.job(config);
        let trained = job.read(&model_file(directory, name(scores.inputs)))?;
        shown.forecasts.push(report::forecast(trial, &trained, scores, threads)?);
        let coupling = Coupling::at(trained.between_recorded()?, &trial.recording, &groups)?;
        shown.coupling = Some(report::coupling(trial, &coupling, &groups)?);
        let runs = forecast(trial, &job)?;
        last = Some((job, trained, runs, "held-out R² of the free run"));
    }
    let Some((job, Trained { network, parameters, .. }, runs, measure)) = last else {
        return Err(RunError::Request("the fit made no network".to_owned()));
    };
    let curves = curves(&Metrics::read(&directory.metrics())?, results);
    let (text, directory) = (experiment.text.clone(), directory.clone());
    Ok(Finished {
        network,
        weights: parameters,
        initial: Some(job.initial()?.parameters),
        runs,
        observed: OBSERVED.to_owned(),
        noise: NoiseSource::off(),
        measure,
        regions: material.labels,
        write: Box::new(move |results, found| {
            report::write(results, &shown, &curves, &text, &directory, found)
        }),
    })
}

/// The stretches that are reproduced.
fn reproduced(job: &Job) -> Result<Runs, RunError> {
    let all = &job.stretches;
    let (lead, window) = (job.shape.lags(), usize::MAX);
    let recording = &job.recording;
    Stretches { recording, all, judged: all, train: all, lead, window }.runs(&job.shape)
}

/// All stretches of a forecast; those that were held out are judged.
fn forecast(trial: &Trial, job: &Job) -> Result<Runs, RunError> {
    let (train, judged) = (&trial.division.train, &trial.division.held_out);
    let all: Vec<Stretch> = train.iter().chain(judged).cloned().collect();
    let (lead, window, recording) = (trial.baselines.lead, usize::MAX, &trial.recording);
    Stretches { recording, all: &all, judged, train, lead, window }.runs(&job.shape)
}

/// The course of training of each network: restarts are those that come after all others.
fn curves(metrics: &Metrics, results: &FitResults) -> Vec<(String, Curve)> {
    let copied = results.reproduction.iter().map(|_| "reproduction".to_owned());
    let forecasts = results.forecasts.iter().map(|scores| name(scores.inputs).to_owned());
    let restarts = (1..).map(|k| format!("restart-{k}"));
    let trained = metrics.rows.last().map_or(0, |row| row.phase);
    let names = copied.chain(forecasts).chain(restarts).take(trained);
    let curve = |phase: usize| {
        let rows = metrics.rows.iter().filter(|row| row.phase == phase);
        rows.map(|row| (row.loss, row.gradient_norm, row.rate)).collect()
    };
    names.enumerate().map(|(k, name)| (name, curve(k + 1))).collect()
}
