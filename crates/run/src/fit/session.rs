//! A fit from beginning to end: its parts one after the other, kept as they are finished.
//!
//! Each part (the reproduction, the forecast without inputs, the forecast with them, restarts) is a pure
//! function of configuration and recording. A finished part is kept in `checkpoint/`; a resumed fit
//! takes finished parts from there and makes the others anew, to the same bits.

use std::path::PathBuf;
use std::time::Instant;

use attractor_analysis::{Agreement, Group, groups_of};
use attractor_interop::{load, save};
use attractor_learn::Progress;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::config::{FitConfig, FitExperiment, Solver};
use super::constrained;
use super::encode;
use super::finished::Found;
use super::forecast::{Trial, candidates};
use super::identified::{Coupling, Identified, Restart};
use super::prepare::{Prepared, prepare};
use super::regions::regions;
use super::report::{self, Shown};
use super::reproduction;
use super::results::{Chosen, FitResults, FittedNetwork, ForecastScores, Reproduction, finite};
use super::stochastic;
use super::subspace;
use super::training::{Job, Trained};
use crate::clock;
use crate::directory::{RunDirectory, read_text, write_json, write_text};
use crate::error::RunError;
use crate::finish::{machine, versions};
use crate::log::Log;
use crate::metrics::{Metrics, Row};
use crate::observer::{Event, Observer};
use crate::train::Settings;

mod finished;

pub(crate) use finished::finished;

/// How a fit ended.
#[derive(Debug)]
pub enum FitOutcome {
    /// All is done.
    Done(Box<FitResults>),
    /// It was finished before; nothing was done.
    Already(Box<FitResults>),
    /// It was interrupted; finished parts are kept.
    Interrupted,
}

/// Fits networks to a recording and writes a new directory.
///
/// # Errors
/// A recording that cannot be read, prepared or divided as asked; divergence; files that cannot be
/// written.
pub fn fit(
    experiment: &FitExperiment,
    directory: &RunDirectory,
    settings: Settings,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, RunError> {
    if let Some(fitted) = at_once(experiment, directory, &settings, observer) {
        return fitted.inspect_err(|_| leave_nothing(directory));
    }
    let material = Material::of(&experiment.config).inspect_err(|_| leave_nothing(directory))?;
    write_text(&directory.config(), &experiment.text)?;
    Session::new(experiment, directory, settings, observer).run(&material)
}

/// Goes on with a fit, to the same bits.
///
/// # Errors
/// As [`fit`]; a directory that is no fit's.
pub fn resume(
    directory: &RunDirectory,
    settings: Settings,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, RunError> {
    let file = directory.results();
    if file.is_file() {
        let results = serde_json::from_str(&read_text(&file)?);
        let wrong = |error: serde_json::Error| RunError::File { file, problem: error.to_string() };
        return results.map(|results| FitOutcome::Already(Box::new(results))).map_err(wrong);
    }
    let experiment = FitExperiment::read(None, Some(&directory.config()), &[], None)?;
    if let Some(fitted) = at_once(&experiment, directory, &settings, observer) {
        return fitted;
    }
    let material = Material::of(&experiment.config)?;
    Session::new(&experiment, directory, settings, observer).run(&material)
}

/// What takes one sitting; none for back-propagation.
fn at_once(
    experiment: &FitExperiment,
    directory: &RunDirectory,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Option<Result<FitOutcome, RunError>> {
    Some(match experiment.config.fit.solver {
        Solver::Bptt => return None,
        Solver::RolloutRidge | Solver::Rls => {
            constrained::fit(experiment, directory, settings, observer)
        }
        Solver::Smc => stochastic::fit(experiment, directory, settings, observer),
        Solver::Encode => encode::fit(experiment, directory, settings, observer),
        Solver::ReducedRank => subspace::fit(experiment, directory, settings, observer),
    })
}

/// The recording, and what is to be done with it.
struct Material {
    prepared: Prepared,
    /// Regions of the units, and what is said about those that have none.
    labels: Vec<String>,
    doubts: Vec<String>,
    /// Without inputs, then with them.
    trials: Vec<Trial>,
    copy: Option<Job>,
}

impl Material {
    /// Whatever is wrong with the request comes to light here, before the first update.
    fn of(config: &FitConfig) -> Result<Self, RunError> {
        let prepared = prepare(&config.recording)?;
        let copy = (config.reproduction.updates > 0).then(|| reproduction::job(&prepared, config));
        let copy = copy.transpose()?;
        let kinds: &[bool] = match (config.forecast.updates > 0, prepared.recording.channels()) {
            (false, _) => &[],
            (true, 0) => &[false],
            (true, _) => &[false, true],
        };
        let trial = |&inputs: &bool| Trial::prepare(&prepared, config, inputs);
        let trials = kinds.iter().map(trial).collect::<Result<_, RunError>>()?;
        let mut doubts = Vec::new();
        let labels = regions(config, &prepared, &mut doubts)?;
        Ok(Material { prepared, labels, doubts, trials, copy })
    }
}

/// Takes away the folders of a run that never began; what holds anything stays.
fn leave_nothing(directory: &RunDirectory) {
    let checkpoint = directory.checkpoint();
    for folder in [checkpoint.parent(), Some(&directory.figures()), Some(directory.path())] {
        // not worth an error of its own: one is on its way
        let _ = folder.map(std::fs::remove_dir);
    }
}

/// What a finished part leaves besides its weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part<T> {
    result: T,
    curve: Curve,
    seconds: f64,
}

/// Loss, gradient norm and rate of every update.
type Curve = Vec<(f64, f64, f64)>;

struct Session<'a> {
    experiment: &'a FitExperiment,
    directory: &'a RunDirectory,
    settings: Settings,
    observer: &'a mut dyn Observer,
    log: Log,
    began: Instant,
    /// Seconds of the sittings before.
    earlier: f64,
    started: String,
    done: u64,
    most: u64,
    curves: Vec<(String, Curve)>,
}

impl<'a> Session<'a> {
    fn new(
        experiment: &'a FitExperiment,
        directory: &'a RunDirectory,
        settings: Settings,
        observer: &'a mut dyn Observer,
    ) -> Self {
        Session {
            experiment,
            directory,
            settings,
            observer,
            log: Log::open(&directory.log()),
            began: settings.began,
            earlier: 0.0,
            started: clock::now(),
            done: 0,
            most: 0,
            curves: Vec::new(),
        }
    }

    fn run(mut self, material: &Material) -> Result<FitOutcome, RunError> {
        let Material { prepared, trials, copy, .. } = material;
        let recording = &prepared.recording;
        self.most = updates(&self.experiment.config, trials.len() as u64);
        let inputs = prepared.inputs.as_ref().map_or_else(String::new, |key| {
            format!(", inputs `{key}` ({} channels)", recording.channels())
        });
        self.say(&format!(
            "{} units, {} trials of up to {} frames{inputs}",
            recording.units(),
            recording.trials(),
            recording.frames()
        ));
        self.observer.event(Event::Training { done: 0, most: self.most });

        let mut shown = Shown::default();
        let mut results = FitResults::default();
        let mut last: Option<(&Trial, Trained)> = None;
        if let Some(job) = copy {
            let Some((scores, trained)) = self.reproduce(job)? else {
                return self.interrupted();
            };
            save(&self.model("reproduction"), &trained.network, &trained.parameters)?;
            shown.reproduction = Some(report::copied(job, &trained, &scores, self.threads())?);
            results.reproduction = Some(scores);
        }
        for trial in trials {
            let forecast = self.forecast(trial, &material.labels)?;
            let Some((scores, trained)) = forecast else { return self.interrupted() };
            let name = name(scores.inputs);
            save(&self.model(name), &trained.network, &trained.parameters)?;
            shown.forecasts.push(report::forecast(trial, &trained, &scores, self.threads())?);
            results.forecasts.push(scores);
            last = Some((trial, trained));
        }
        if let (Some((trial, trained)), Some(scores)) = (&last, results.forecasts.last()) {
            let groups = groups_of(&material.labels);
            let found = self.identify(trial, trained, &scores.chosen, &groups)?;
            let Some((identified, coupling)) = found else { return self.interrupted() };
            shown.coupling = Some(report::coupling(trial, &coupling, &groups)?);
            results.identified = Some(identified);
        }
        // the most that is known about the recording
        let main = results.forecasts.last().map_or("reproduction", |scores| name(scores.inputs));
        let main = load(&self.model(main))?;
        save::<f32>(&self.directory.model(), &main.network, &main.parameters_in())?;
        self.finish(material, results, shown)
    }

    fn finish(
        mut self,
        Material { prepared, doubts, .. }: &Material,
        mut results: FitResults,
        shown: Shown,
    ) -> Result<FitOutcome, RunError> {
        let config = &self.experiment.config;
        results.kind = "fit".to_owned();
        results.seed = config.seed;
        results.recording = prepared.facts(&config.recording);
        results.warnings = report::warnings(&results, config);
        results.warnings.extend(results.recording.repairs.clone());
        results.warnings.extend(doubts.clone());
        results.seconds = self.earlier + self.began.elapsed().as_secs_f64();
        results.machine = machine(&self.settings);
        results.versions = versions();
        results.started = self.started.clone();
        results.finished = clock::now();
        for warning in &results.warnings {
            self.log.say(&format!("warning: {warning}"));
            self.observer.event(Event::Warning(warning));
        }
        self.metrics().write(&self.directory.metrics())?;
        let text = &self.experiment.text;
        let found = Found::default();
        report::write(&results, &shown, &self.curves, text, self.directory, &found)?;
        for line in results.to_string().lines() {
            self.log.say(line);
        }
        self.log.say(&format!("finished after {:.1} s", results.seconds));
        self.log.write(&self.directory.log())?;
        // last, because its presence says that all is there
        write_json(&self.directory.results(), &results)?;
        Ok(FitOutcome::Done(Box::new(results)))
    }

    fn reproduce(&mut self, job: &Job) -> Result<Option<(Reproduction, Trained)>, RunError> {
        let config = &self.experiment.config;
        let threads = self.threads();
        let name = "reproduction";
        if let Some((part, trained)) = self.kept(name, job)? {
            self.done += config.reproduction.updates;
            return Ok(Some((part, trained)));
        }
        self.say("reproduction: training on a stretch, in sample");
        let began = Instant::now();
        let mut curve = Curve::new();
        let trained = reproduction::train(job, threads, &mut |progress| {
            curve.push((progress.loss, progress.grad_norm, progress.rate));
            self.watch(progress)
        })?;
        let Some(trained) = trained else { return Ok(None) };
        let mut scores = reproduction::judge(job, &trained, config, threads)?;
        scores.network = facts(job, &trained, &curve, began);
        self.keep(name, scores.clone(), &trained, curve, began)?;
        Ok(Some((scores, trained)))
    }

    fn forecast(
        &mut self,
        trial: &Trial,
        labels: &[String],
    ) -> Result<Option<(ForecastScores, Trained)>, RunError> {
        let config = &self.experiment.config;
        let threads = self.threads();
        let job = trial.job(config);
        let inputs = trial.recording.channels() > 0;
        if let Some((part, trained)) = self.kept(name(inputs), &job)? {
            self.done += forecast_updates(config);
            return Ok(Some((part, trained)));
        }
        let with = if inputs { "with inputs" } else { "without inputs" };
        self.say(&format!("forecast {with}: choosing penalties and training"));
        let began = Instant::now();
        let mut curve = Curve::new();
        let trained =
            trial.train(config, threads, &mut |progress| self.watch(progress), &mut |p| {
                curve.push((p.loss, p.grad_norm, p.rate));
            })?;
        let Some((trained, chosen)) = trained else { return Ok(None) };
        self.say(&format!(
            "forecast {with}: l2 {:e}, filter_l2 {:e} chosen within the training data",
            chosen.l2, chosen.filter_l2
        ));
        let mut scores = trial.judge(&trained, chosen, labels, config, threads)?;
        scores.network = facts(&job, &trained, &curve, began);
        self.keep(name(inputs), scores.clone(), &trained, curve, began)?;
        Ok(Some((scores, trained)))
    }

    /// Trains the network of a forecast from further seeds, and compares: with these, and with the truth
    /// where the recording is a simulation.
    fn identify(
        &mut self,
        trial: &Trial,
        trained: &Trained,
        chosen: &Chosen,
        groups: &[Group],
    ) -> Result<Option<(Identified, Coupling)>, RunError> {
        let config = &self.experiment.config;
        let threads = self.threads();
        let coupling =
            |trained: &Trained| Coupling::at(trained.between_recorded()?, &trial.recording, groups);
        let own = coupling(trained)?;
        let mut restarts = Vec::new();
        for k in 0..config.fit.restarts as u64 {
            let (name, seed) =
                (format!("restart-{}", k + 1), config.seed.wrapping_add((k + 1) << 32));
            let job = trial.job(config);
            let other = match self.kept::<()>(&name, &job)? {
                Some(((), other)) => {
                    self.done += config.forecast.updates;
                    other
                }
                None => {
                    self.say(&format!(
                        "{}: the last network from another seed",
                        name.replace('-', " ")
                    ));
                    let (began, mut curve) = (Instant::now(), Curve::new());
                    let other = trial.again(config, chosen, seed, threads, &mut |progress| {
                        curve.push((progress.loss, progress.grad_norm, progress.rate));
                        self.watch(progress)
                    })?;
                    let Some(other) = other else { return Ok(None) };
                    self.keep(&name, (), &other, curve, began)?;
                    other
                }
            };
            let free = finite(trial.free(&other, config, threads)?.pooled());
            // weights that do not vary correlate with nothing
            if let Ok(Agreement { weights, currents, magnitudes }) =
                own.agreement(&coupling(&other)?)
            {
                restarts.push(Restart { free, weights, currents, magnitudes });
            }
        }
        let file = &config.recording.file;
        let truth = Coupling::of_simulation(file, &trial.recording, &trial.factors, groups)?;
        let identified = Identified {
            regions: groups.iter().map(|group| (group.name.clone(), group.units.len())).collect(),
            magnitudes: own.currents.magnitudes(),
            restarts,
            truth: truth.and_then(|truth| own.agreement(&truth).ok()),
        };
        Ok(Some((identified, own)))
    }

    fn threads(&self) -> usize {
        self.settings.engine().threads
    }

    fn say(&mut self, line: &str) {
        self.log.say(line);
        self.observer.event(Event::Note(line));
    }

    /// Passes an update on, counted over all networks; no to stop.
    fn watch(&mut self, progress: &Progress) -> bool {
        self.done += 1;
        let progress = Progress { update: self.done, ..progress.clone() };
        let seconds = self.earlier + self.began.elapsed().as_secs_f64();
        let left = self.most.saturating_sub(self.done);
        self.observer.event(Event::Update { progress: &progress, seconds, left });
        !self.observer.interrupted()
    }

    fn interrupted(mut self) -> Result<FitOutcome, RunError> {
        self.say("interrupted; finished parts are kept");
        self.log.write(&self.directory.log())?;
        Ok(FitOutcome::Interrupted)
    }

    fn model(&self, name: &str) -> PathBuf {
        model_file(self.directory, name)
    }

    /// Files of a finished part.
    fn files(&self, name: &str) -> [PathBuf; 2] {
        let checkpoint = self.directory.path().join("checkpoint");
        ["json", "safetensors"].map(|ending| checkpoint.join(format!("{name}.{ending}")))
    }

    fn keep<T: Serialize>(
        &mut self,
        name: &str,
        result: T,
        trained: &Trained,
        curve: Curve,
        began: Instant,
    ) -> Result<(), RunError> {
        std::fs::create_dir_all(self.directory.path().join("models")).map_err(|source| {
            RunError::Unwritable { directory: self.directory.path().to_owned(), source }
        })?;
        let [json, weights] = self.files(name);
        save(&weights, &trained.network, &trained.parameters)?;
        let seconds = began.elapsed().as_secs_f64();
        let part = Part { result, curve, seconds };
        let text = serde_json::to_string(&part)
            .map_err(|error| RunError::File { file: json.clone(), problem: error.to_string() })?;
        write_text(&json, &text)?;
        self.curves.push((name.to_owned(), part.curve));
        self.log.write(&self.directory.log())
    }

    /// A part that was finished in an earlier sitting.
    fn kept<T: DeserializeOwned>(
        &mut self,
        name: &str,
        job: &Job,
    ) -> Result<Option<(T, Trained)>, RunError> {
        let [json, weights] = self.files(name);
        if !json.is_file() {
            return Ok(None);
        }
        let part: Part<T> = serde_json::from_str(&read_text(&json)?)
            .map_err(|error| RunError::File { file: json, problem: error.to_string() })?;
        let trained = job.read(&weights)?;
        self.say(&format!("{}: taken from an earlier sitting", name.replace('-', " ")));
        self.earlier += part.seconds;
        self.curves.push((name.to_owned(), part.curve));
        Ok(Some((part.result, trained)))
    }

    fn metrics(&self) -> Metrics {
        let mut metrics = Metrics::default();
        for (k, (_, curve)) in self.curves.iter().enumerate() {
            for &(loss, gradient_norm, rate) in curve {
                metrics.rows.push(Row {
                    update: metrics.rows.len() as u64 + 1,
                    phase: k + 1,
                    loss,
                    gradient_norm,
                    rate,
                    validation_loss: None,
                    validation_score: None,
                    terms: Vec::new(),
                });
            }
        }
        metrics
    }
}

/// Updates of all networks, those of the cross-validation and of restarts included.
fn updates(config: &FitConfig, forecasts: u64) -> u64 {
    let restarts = if forecasts > 0 { config.fit.restarts as u64 } else { 0 };
    config.reproduction.updates
        + forecasts * forecast_updates(config)
        + restarts * config.forecast.updates
}

/// Updates of one forecast.
fn forecast_updates(config: &FitConfig) -> u64 {
    let candidates = candidates(&config.forecast).len() as u64;
    let inner = if candidates > 1 { candidates * config.forecast.folds as u64 } else { 0 };
    (inner + 1) * config.forecast.updates
}

/// The file of the network of a part.
fn model_file(directory: &RunDirectory, name: &str) -> PathBuf {
    directory.path().join("models").join(format!("{name}.safetensors"))
}

fn name(inputs: bool) -> &'static str {
    if inputs { "forecast-with-inputs" } else { "forecast" }
}

fn facts(job: &Job, trained: &Trained, curve: &Curve, began: Instant) -> FittedNetwork {
    let shape = &job.shape;
    let held: usize = shape.held(&trained.network).iter().map(ExactSizeIterator::len).sum();
    let patterns = shape.trained();
    let plan = attractor_learn::Plan::new(trained.network.layout(), Some(&patterns), &[], &[]);
    FittedNetwork {
        observed: shape.units,
        hidden: shape.hidden,
        inputs: shape.channels,
        rank: shape.rank,
        ranks: shape.regions.as_ref().map(|of| of.table(shape.hidden)).unwrap_or_default(),
        trained: plan.len() - if shape.trains_start() { held } else { 0 },
        updates: job.updates,
        seconds: began.elapsed().as_secs_f64(),
        loss: curve.last().and_then(|(loss, ..)| finite(*loss)),
    }
}
