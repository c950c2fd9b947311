//! The end of a run: weights, evaluation, results, report.

use std::collections::BTreeMap;
use std::path::PathBuf;

use attractor_interop::save;
use attractor_network::Engine;
use attractor_numerics::Isa;

use crate::analysis::recording::Recorded;
use crate::analysis::{Analysis, Part, Pictures, Score, Subject, analyse, named};
use crate::clock;
use crate::config::Experiment;
use crate::describe::RECURRENT;
use crate::directory::{RunDirectory, write_json};
use crate::error::RunError;
use crate::evaluate::{Signals, evaluate, noise, sample};
use crate::fit;
use crate::observer::{Event, Observer};
use crate::report::{self, Material as Shown, Recurrent, Spectra};
use crate::results::{Evaluation, Machine, NetworkFacts, Results, Status, Training};
use crate::spikes;
use crate::train::{Settings, Sitting};

/// Writes the weights, evaluates them, and reports.
pub(crate) fn finish(
    mut sitting: Sitting,
    status: Status,
    error: Option<String>,
    observer: &mut dyn Observer,
) -> Result<Results, RunError> {
    let counters = sitting.trainer.counters().clone();
    let (weights, chosen) = match (status, &counters.best) {
        (Status::Done, Some(best)) => (sitting.trainer.best().to_vec(), best.update),
        _ => (sitting.trainer.good().to_vec(), counters.good),
    };
    let experiment = &sitting.experiment;
    save(&sitting.directory.model(), &experiment.network, &weights)?;
    let trials = experiment.config.evaluate.trials;
    observer.event(Event::Note(&match experiment.material.is_task() {
        true => format!("evaluating on {trials} fresh trials"),
        false => "evaluating".to_owned(),
    }));
    let mut engine = Engine::new(experiment.network.clone(), sitting.settings.engine())?;
    let evaluation = match evaluate(experiment, &mut engine, &weights) {
        Ok(evaluation) => evaluation,
        // weights before the first validation may be no better than those that diverged
        Err(_) if status == Status::Diverged => Evaluation::default(),
        Err(error) => return Err(error),
    };
    let recurrent = report::recurrent(&experiment.network, Some(&experiment.initial()), &weights);
    let (analysis, pictures) = match status {
        Status::Done => {
            observer.event(Event::Note("analysing what it learnt"));
            let mut subject = subject(experiment, &mut engine, &weights, &evaluation, &recurrent)?;
            let (analysis, pictures) = analyse(&mut subject, &experiment.config.analyse.parts)?;
            (Some(analysis), pictures)
        }
        Status::Diverged => (None, Pictures::default()),
    };
    let sample = match sample(experiment, &mut engine, &weights) {
        Ok(sample) => Some(sample),
        Err(_) if status == Status::Diverged => None,
        Err(error) => return Err(error),
    };
    let spikes = match (status, &sample) {
        (Status::Done, Some(sample)) => spikes::measure(experiment, &mut engine, &weights, sample)?,
        _ => None,
    };
    let last = sitting.metrics.rows.last();
    let results = Results {
        status,
        error,
        task: experiment.material.name().to_owned(),
        seed: experiment.config.seed,
        network: facts(experiment, &recurrent),
        training: Training {
            updates: counters.update,
            chosen,
            loss: last.map(|row| row.loss).filter(|loss| loss.is_finite()),
            validation_score: counters.best.as_ref().and_then(|best| best.score),
            validation_loss: counters.best.as_ref().map(|best| best.loss),
            phases: sitting.memory.phases.clone(),
            seconds: sitting.memory.seconds,
            first_update_seconds: sitting.memory.first_update_seconds,
            resumed: sitting.memory.resumed.clone(),
        },
        evaluation,
        analysis,
        spikes,
        warnings: sitting.memory.warnings.clone(),
        machine: machine(&sitting.settings),
        versions: versions(),
        started: sitting.memory.started.clone(),
        finished: clock::now(),
    };
    let shown = Shown {
        experiment: &sitting.experiment,
        results: &results,
        metrics: &sitting.metrics,
        recurrent: &recurrent,
        sample: sample.as_ref(),
        pictures: &pictures,
    };
    report::write(&shown, &sitting.directory)?;
    let score = results
        .evaluation
        .score
        .map_or_else(String::new, |score| format!(", {} {score:.4}", results.evaluation.measure));
    sitting
        .log
        .say(&format!("finished after {:.1} s of training{score}", results.training.seconds));
    sitting.log.write(&sitting.directory.log())?;
    // last, because its presence says that all is there
    write_json(&sitting.directory.results(), &results)?;
    Ok(results)
}

/// A training run, to be analysed on the trials of its evaluation.
fn subject<'a>(
    experiment: &'a Experiment,
    engine: &'a mut Engine<f32>,
    weights: &'a [f32],
    evaluation: &'a Evaluation,
    recurrent: &'a [Recurrent],
) -> Result<Subject<'a>, RunError> {
    let Experiment { material, config, network, .. } = experiment;
    let populations = &network.description().populations;
    let groups = populations.iter().filter(|p| p.name == RECURRENT).flat_map(|p| p.groups.clone());
    Ok(Subject {
        engine,
        weights,
        trials: material.evaluation(config.evaluate.trials)?,
        repeats: true,
        signals: Signals::of(experiment),
        noise: noise(experiment),
        seed: config.seed,
        score: Score {
            measure: material.measure(),
            psychometric: Some(&evaluation.psychometric),
            stride: 1,
            noise: noise(experiment),
            judge: Box::new(|trials, outputs| Ok(material.judge(trials, outputs)?)),
        },
        groups: groups.collect(),
        recurrent,
        inputs: Vec::new(),
        recording: None,
    })
}

fn facts(experiment: &Experiment, recurrent: &[Recurrent]) -> NetworkFacts {
    let layout = experiment.network.layout();
    let trained = layout.entries().iter().filter(|entry| entry.trained);
    let radius =
        |values: &Vec<(f64, f64)>| values.iter().map(|(re, im)| re.hypot(*im)).fold(0.0, f64::max);
    let radii = recurrent.iter().filter_map(|recurrent| {
        let Spectra { before, after } = recurrent.spectra.as_ref()?;
        Some((recurrent.projection.name(), [radius(before.as_ref()?), radius(after)]))
    });
    NetworkFacts {
        neuron: experiment.neuron.name.clone(),
        units: experiment.config.network.units,
        parameters: layout.len(),
        trained: trained.map(|entry| entry.range.len()).sum(),
        spectral_radius: radii.collect(),
    }
}

pub(crate) fn machine(settings: &Settings) -> Machine {
    Machine {
        threads: settings.engine().threads,
        instruction_set: Isa::best().to_string(),
        system: format!("{} {}", std::env::consts::ARCH, std::env::consts::OS),
    }
}

pub(crate) fn versions() -> BTreeMap<String, String> {
    let own = ("attractor".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let model = ("model file".to_owned(), attractor_interop::model::FORMAT.to_owned());
    BTreeMap::from([own, model])
}

/// Makes figures and page of a finished run or fit again, from its files. Returns what is known of it.
///
/// # Errors
/// A directory that is no finished run's, or cannot be written to; a fit without a network, or whose
/// recording is not where it was or not what it was.
pub fn report_again(directory: &RunDirectory, settings: Settings) -> Result<Analysis, RunError> {
    analyse_again(directory, &Questions::default(), settings)
}

/// What to ask about a finished run or fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Questions {
    /// The parts to answer.
    pub parts: Vec<Part>,
    /// Constant inputs to look for fixed points under, a value per channel; without any, those of the task's
    /// conditions, or 0 for a fit, which is the mean recorded input.
    pub inputs: Vec<Vec<f64>>,
    /// A file with a recording to compare the activity with ([`Part::Recording`]); a fit is compared with its
    /// own unless there is one.
    pub recording: Option<PathBuf>,
}

/// Answers these questions about a finished run or fit, anew or for the first time, and makes its
/// `results.json`, figures and page again. Returns all that is known of it now.
///
/// # Errors
/// As [`report_again`]; inputs of another length than the network's channels.
pub fn analyse_again(
    directory: &RunDirectory,
    questions: &Questions,
    settings: Settings,
) -> Result<Analysis, RunError> {
    match fit::finished(directory)? {
        Some(results) => fit::again(directory, results, questions, settings),
        None => again(directory, questions, settings),
    }
}

/// What a run was asked for, and the weights it ended with.
pub(crate) fn trained(directory: &RunDirectory) -> Result<(Experiment, Vec<f32>), RunError> {
    let config = Some(directory.config());
    let request = crate::config::Request { config, ..crate::config::Request::default() };
    let experiment = Experiment::read(&request)?;
    let model = attractor_interop::load(&directory.model())?;
    let weights: Vec<f32> = model.parameters_in();
    if weights.len() != experiment.network.layout().len() {
        return Err(RunError::another_network(directory.model()));
    }
    Ok((experiment, weights))
}

fn again(
    directory: &RunDirectory,
    questions: &Questions,
    settings: Settings,
) -> Result<Analysis, RunError> {
    let mut results = crate::train::results(directory)?;
    let (experiment, weights) = trained(directory)?;
    let metrics = crate::metrics::Metrics::read(&directory.metrics())?;
    let mut engine = Engine::new(experiment.network.clone(), settings.engine())?;
    let sample = sample(&experiment, &mut engine, &weights).ok();
    let recurrent = report::recurrent(&experiment.network, Some(&experiment.initial()), &weights);
    let mut subject = subject(&experiment, &mut engine, &weights, &results.evaluation, &recurrent)?;
    let (analysis, pictures) = ask(&mut subject, results.analysis.take(), questions)?;
    results.analysis = Some(analysis.clone());
    let shown = Shown {
        experiment: &experiment,
        results: &results,
        metrics: &metrics,
        recurrent: &recurrent,
        sample: sample.as_ref(),
        pictures: &pictures,
    };
    report::write(&shown, directory)?;
    if !questions.parts.is_empty() {
        write_json(&directory.results(), &results)?;
    }
    Ok(analysis)
}

/// What is known of a subject after these questions, with the pictures of all of it.
pub(crate) fn ask(
    subject: &mut Subject<'_>,
    known: Option<Analysis>,
    questions: &Questions,
) -> Result<(Analysis, Pictures), RunError> {
    let Questions { parts: asked, inputs, recording } = questions;
    let channels = subject.network().channels();
    if let Some(wrong) = inputs.iter().find(|input| input.len() != channels) {
        let names = subject.signals.inputs.join(", ");
        let named = if names.is_empty() { names } else { format!(": {names}") };
        return Err(RunError::Request(format!(
            "an input has {} values, but the network {channels} channels{named}",
            wrong.len()
        )));
    }
    let mut analysis = known.unwrap_or_default();
    if asked.iter().any(|part| matches!(part, Part::FixedPoints | Part::Lyapunov)) {
        analysis.inputs.clone_from(inputs);
    }
    if !analysis.inputs.is_empty() {
        subject.inputs = named(&analysis.inputs);
    }
    if let Some(file) = recording {
        subject.recording = Some(Recorded::read(file)?);
    }
    // what stands in the report already is drawn again: the same weights give the same pictures
    let again = analysis.parts.iter().filter(|part| **part != Part::Recording);
    let parts: Vec<Part> = again.chain(asked).copied().collect();
    let (found, pictures) = analyse(subject, &parts)?;
    analysis.update(found);
    Ok((analysis, pictures))
}
