//! A finished fit: its network runs freely through stretches of its recording, and is analysed there as
//! a trained one is on trials.

use std::path::Path;
use std::sync::Arc;

use attractor_analysis::groups_of;
use attractor_data::Trials;
use attractor_network::{Engine, Network, NoiseSource};
use attractor_recording::{R2, Recording, RecordingError, Stretch};
use attractor_report::{Figure, Page};
use ndarray::{Array1, ArrayView3, s};

use super::config::{FitExperiment, Solver};
use super::coupling::{HIDDEN, OBSERVED};
use super::model::Shape;
use super::results::{FitResults, finite};
use super::windows::{Begin, trials};
use super::{constrained, session, stochastic};
use crate::analysis::recording::Recorded;
use crate::analysis::{Analysis, Pictures, Score, Subject};
use crate::describe::RECURRENT;
use crate::directory::{RunDirectory, read_text, write_json};
use crate::error::RunError;
use crate::evaluate::Signals;
use crate::finish::{Questions, ask};
use crate::report;
use crate::results::Evaluation;
use crate::train::Settings;

/// What tells figures of the recurrent weights from the fit's own.
const ENDING: &str = "-rec";

/// A fit read back from its directory.
pub(crate) struct Finished {
    pub(crate) network: Arc<Network>,
    pub(crate) weights: Vec<f32>,
    /// Before training, if it was trained from any.
    pub(crate) initial: Option<Vec<f32>>,
    pub(crate) runs: Runs,
    /// The activity of the recorded units.
    pub(crate) observed: String,
    /// With which it generates activity; it is judged without.
    pub(crate) noise: NoiseSource,
    pub(crate) measure: &'static str,
    /// Region of every recorded unit.
    pub(crate) regions: Vec<String>,
    /// Writes figures and page.
    pub(crate) write: Write,
}

/// Writes figures and page of a fit, with what an analysis found.
pub(crate) type Write = Box<dyn FnOnce(&FitResults, &Found) -> Result<(), RunError>>;

/// The results of a fit, if the directory is one's.
///
/// # Errors
/// [`RunError::File`] for results that cannot be read.
pub(crate) fn finished(directory: &RunDirectory) -> Result<Option<FitResults>, RunError> {
    let file = directory.results();
    if !file.is_file() {
        return Ok(None);
    }
    let wrong = |error: serde_json::Error| RunError::File {
        file: file.clone(),
        problem: error.to_string(),
    };
    let results: serde_json::Value = serde_json::from_str(&read_text(&file)?).map_err(wrong)?;
    match results.get("kind").and_then(serde_json::Value::as_str) {
        Some("fit") => serde_json::from_value(results).map(Some).map_err(wrong),
        _ => Ok(None),
    }
}

/// Answers questions about a finished fit, and makes its `results.json`, figures and page again.
///
/// # Errors
/// A fit without a network; a recording that is not where it was, or not what it was; what [`ask`] and
/// writing refuse.
pub(crate) fn again(
    directory: &RunDirectory,
    mut results: FitResults,
    questions: &Questions,
    settings: Settings,
) -> Result<Analysis, RunError> {
    let experiment = FitExperiment::read(None, Some(&directory.config()), &[], None)?;
    let read = match experiment.config.fit.solver {
        Solver::Bptt => session::finished,
        Solver::RolloutRidge | Solver::Rls => constrained::finished,
        Solver::Smc => stochastic::finished,
        Solver::Encode | Solver::ReducedRank => {
            return Err(RunError::Request(format!(
                "{} is a fit without a network (fit.solver = \"{}\"): there is none to analyse, and report.html has all that was found",
                directory.path().display(),
                experiment.config.fit.solver.name(),
            )));
        }
    };
    there(&experiment.config.recording.file, directory)?;
    let Finished { network, weights, initial, runs, observed, noise, measure, regions, write } =
        read(&experiment, directory, &results, &settings)?;
    let mut engine = Engine::new(network.clone(), settings.engine())?;
    let mut recurrent = report::recurrent(&network, initial.as_deref(), &weights);
    recurrent.iter_mut().for_each(|recurrent| recurrent.ending.push_str(ENDING));
    let Runs { trials, repeats, stride, mean } = runs;
    let recording = Recorded::wanted(&results.recording.file, &trials, &observed, stride);
    let units = network.description().populations.iter().find(|p| p.name == RECURRENT);
    let mut subject = Subject {
        engine: &mut engine,
        weights: &weights,
        repeats,
        signals: Signals {
            scored: observed.clone(),
            observed: observed.clone(),
            emission: "r".to_owned(),
            membrane: None,
            inputs: trials.input_names.clone(),
            outputs: Vec::new(),
        },
        noise,
        seed: experiment.config.seed,
        score: Score {
            measure,
            psychometric: None,
            stride,
            noise: NoiseSource::off(),
            judge: Box::new(judge(observed, mean, measure)),
        },
        groups: groups(&regions, units.map_or(0, |rec| rec.units)),
        recurrent: &recurrent,
        inputs: vec![still(trials.channels())],
        recording,
        trials,
    };
    let (analysis, pictures) = ask(&mut subject, results.analysis.take(), questions)?;
    let mut found = Found::default();
    if analysis != Analysis::default() {
        let figures = report::drawings(&pictures, &recurrent)?;
        found = Found { pictures, figures };
        results.analysis = Some(analysis.clone());
    }
    write(&results, &found)?;
    if !questions.parts.is_empty() {
        write_json(&directory.results(), &results)?;
    }
    Ok(analysis)
}

/// What an analysis adds to a fit's figures and page.
#[derive(Default)]
pub(crate) struct Found {
    pictures: Pictures,
    figures: Vec<(String, Figure)>,
}

impl Found {
    /// Writes the figures.
    pub(crate) fn write(&self, directory: &RunDirectory) -> Result<(), RunError> {
        for (name, figure) in &self.figures {
            figure.write(&directory.figures(), name)?;
        }
        Ok(())
    }

    /// Adds the sections of an analysis.
    pub(crate) fn sections(&self, page: Page, results: &FitResults) -> Page {
        report::analysed(page, results.analysis.as_ref(), &self.pictures, &self.figures)
    }
}

/// Stretches of a recording, as the network sees it, to run through freely.
pub(crate) struct Stretches<'a> {
    pub(crate) recording: &'a Recording,
    pub(crate) all: &'a [Stretch],
    /// Those of them that are judged.
    pub(crate) judged: &'a [Stretch],
    /// Those that the network was trained on: R² is about the mean over them.
    pub(crate) train: &'a [Stretch],
    /// Frames that are known at the start.
    pub(crate) lead: usize,
    /// Most frames of a run; longer stretches are cut.
    pub(crate) window: usize,
}

/// Free runs through stretches.
pub(crate) struct Runs {
    /// A trial each, what was recorded as its target; not asked where it is not judged.
    pub(crate) trials: Trials,
    /// Whether they are trials of the recording, rather than pieces of one that goes on.
    pub(crate) repeats: bool,
    /// Steps per frame.
    pub(crate) stride: usize,
    /// Of each unit, what R² is about.
    pub(crate) mean: Array1<f64>,
}

impl Stretches<'_> {
    /// The first frame of each run, which it starts from, and whether it is judged. No run is longer than
    /// the longest stretch that is judged. What is left of a stretch, and a whole one that is not judged, are
    /// left out if they are less than half as long.
    pub(crate) fn begins(&self) -> Vec<(Begin, bool)> {
        let longest = self.judged.iter().map(|stretch| stretch.frames.len()).max().unwrap_or(0);
        let longest = longest.min(self.window).max(1);
        let mut begins = Vec::new();
        for stretch in self.all {
            for start in stretch.frames.clone().step_by(longest) {
                let end = (start + longest).min(stretch.frames.end);
                let begin = Begin { trial: stretch.trial, frame: start + self.lead - 1, end };
                let judged = self.judged.contains(stretch);
                let whole = judged && start == stretch.frames.start;
                if (whole || 2 * (end - start) >= longest) && begin.frame + 1 < end {
                    begins.push((begin, judged));
                }
            }
        }
        begins.sort_by_key(|(begin, _)| (begin.trial, begin.frame));
        begins
    }

    /// The runs of a network of this shape.
    pub(crate) fn runs(&self, shape: &Shape) -> Result<Runs, RunError> {
        let (begins, judged): (Vec<Begin>, Vec<bool>) = self.begins().into_iter().unzip();
        let Some(frames) = begins.iter().map(|begin| begin.end - begin.frame - 1).max() else {
            let said = "no stretch of the recording is long enough to run through".to_owned();
            return Err(RunError::Request(said));
        };
        let mut trials = trials(self.recording, &begins, frames, shape, &[]);
        let of: Vec<usize> = begins.iter().map(|begin| begin.trial).collect();
        trials.conditions = self.recording.conditions.select(&of).map_err(RecordingError::from)?;
        for target in &mut trials.targets {
            let columns = target.weights.columns_mut().into_iter().zip(&judged);
            columns.filter(|(_, judged)| !**judged).for_each(|(mut column, _)| column.fill(0.0));
        }
        let repeats = self.recording.trials() > 1 && of.windows(2).all(|pair| pair[0] < pair[1]);
        let mean = self.recording.mean_over(self.train)?;
        Ok(Runs { trials, repeats, stride: shape.steps, mean })
    }
}

/// The same recording, its inputs a frame later: for networks in which those of a frame drive the step to
/// the next.
pub(crate) fn delayed(recording: &Recording) -> Recording {
    let mut delayed = recording.clone();
    let last = recording.frames().saturating_sub(1);
    delayed.inputs.slice_mut(s![1.., .., ..]).assign(&recording.inputs.slice(s![..last, .., ..]));
    delayed.inputs.slice_mut(s![..1, .., ..]).fill(0.0);
    delayed
}

/// R² about `mean` of what is asked of a signal, as fits are judged.
fn judge(
    signal: String,
    mean: Array1<f64>,
    measure: &str,
) -> impl Fn(&Trials, ArrayView3<'_, f32>) -> Result<Evaluation, RunError> {
    move |trials, outputs| {
        let mut r2 = R2::about(mean.clone());
        if let Some(target) = trials.target(&signal) {
            for trial in 0..trials.len() {
                for step in (0..trials.lengths[trial]).filter(|&t| target.weights[[t, trial]] > 0.0)
                {
                    let run = outputs.slice(s![step, trial, ..]).mapv(f64::from);
                    r2.add(run.view(), target.values.slice(s![step, trial, ..]));
                }
            }
        }
        Ok(Evaluation {
            trials: trials.len(),
            score: finite(r2.pooled()),
            measure: measure.to_owned(),
            ..Evaluation::default()
        })
    }
}

/// The units of each region, or all that are recorded, and those that are not; nothing that is all units.
fn groups(regions: &[String], units: usize) -> Vec<(String, Vec<usize>)> {
    let of = groups_of(regions);
    let mut groups: Vec<(String, Vec<usize>)> = match of.len() {
        0 | 1 => vec![(OBSERVED.to_owned(), (0..regions.len()).collect())],
        _ => of.into_iter().map(|group| (group.name, group.units)).collect(),
    };
    if units > regions.len() {
        groups.push((HIDDEN.to_owned(), (regions.len()..units).collect()));
    }
    groups.retain(|(_, members)| members.len() < units);
    groups
}

/// The input of zeros, by name: inputs of a fit are components about their mean.
fn still(channels: usize) -> (String, Vec<f64>) {
    let name = if channels == 0 { "no input" } else { "mean recorded input" };
    (name.to_owned(), vec![0.0; channels])
}

/// The recording of a fit is where it was.
fn there(file: &str, directory: &RunDirectory) -> Result<(), RunError> {
    if Path::new(file).exists() {
        return Ok(());
    }
    Err(RunError::File {
        file: file.into(),
        problem: format!(
            "no such file, and the network of a fit is analysed on its recording; put it there, or write its new place as recording.file in {}",
            directory.config().display()
        ),
    })
}

#[cfg(test)]
mod tests;
