//! Figures and page of a fit.

use attractor_analysis::Group;
use attractor_recording::{Forecast, Recording, Stretch};
use attractor_report::{
    Cell, Figure, FitFigure, HorizonScores, Label, LearningCurves, Matrix, Page, Table, number,
};
use ndarray::{Array2, s};

use super::config::FitConfig;
use super::finished::Found;
use super::forecast::Trial;
use super::identified::{Coupling, Identified, Restart, page as identified};
use super::predictor::Predictor;
use super::results::{Candidate, FitResults, ForecastScores, Reproduction, Score, shown, way};
use super::training::{Job, Trained};
use crate::directory::RunDirectory;
use crate::error::RunError;

/// Frames that a figure shows at most.
const FRAMES: usize = 1000;
/// R² that a reproduction should reach.
const GOOD: f64 = 0.9;

/// Figures of the parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) reproduction: Option<Figure>,
    pub(crate) forecasts: Vec<Figure>,
    pub(crate) coupling: Option<ShownCoupling>,
}

/// Figures of weights and currents.
#[derive(Clone, Debug)]
pub(crate) struct ShownCoupling {
    /// None without regions.
    pub(crate) currents: Option<Figure>,
    pub(crate) weights: Figure,
}

/// The figures of the weights between recorded units, and of their currents by region.
pub(crate) fn coupling(
    trial: &Trial,
    coupling: &Coupling,
    groups: &[Group],
) -> Result<ShownCoupling, RunError> {
    let samples = trial.recording.lengths[0].min(FRAMES);
    let grid = || identified::grid(trial.recording.dt, samples, &coupling.currents);
    let currents = (groups.len() > 1).then(grid).transpose()?;
    Ok(ShownCoupling { currents, weights: identified::weights(&coupling.weights, groups)? })
}

/// What a free run from the start of each stretch gives, and the recording, frame by frame.
struct Runs {
    recorded: Array2<f32>,
    model: Array2<f32>,
    /// Whether a frame was held out.
    held_out: Vec<bool>,
}

impl Runs {
    fn new(units: usize) -> Self {
        let none = Array2::zeros((0, units));
        Runs { recorded: none.clone(), model: none, held_out: Vec::new() }
    }

    /// Adds frames of a trial; where nothing was predicted, the model is missing.
    fn add(&mut self, recording: &Recording, stretch: &Stretch, model: &Array2<f32>, held: bool) {
        let rates = recording.activity.slice(s![stretch.frames.clone(), stretch.trial, ..]);
        for (row, predicted) in rates.outer_iter().zip(model.outer_iter()) {
            // of one width: both have the recorded units
            let _ = self.recorded.push_row(row);
            let _ = self.model.push_row(predicted);
            self.held_out.push(held);
        }
    }

    fn figure(&self, dt: f64) -> Result<FitFigure, RunError> {
        let matrix = |rows: &Array2<f32>| {
            let rows = rows.slice(s![..rows.nrows().min(FRAMES), ..]);
            let values: Vec<f32> = rows.iter().copied().collect();
            Matrix::new(rows.nrows(), rows.ncols(), &values)
        };
        let mut figure = FitFigure::new(dt, matrix(&self.recorded)?, matrix(&self.model)?);
        let shown = &self.held_out[..self.held_out.len().min(FRAMES)];
        let mut from = 0;
        for part in shown.chunk_by(|a, b| a == b) {
            if part[0] && part.len() < shown.len() {
                figure = figure.held_out(from as f64 * dt, (from + part.len()) as f64 * dt);
            }
            from += part.len();
        }
        Ok(figure.quantity("rate, scaled"))
    }
}

/// Free run over a stretch; frames that the forecast looks back on are missing.
fn free(predictor: &Predictor, recording: &Recording, stretch: &Stretch) -> Array2<f32> {
    let known = predictor.lags().min(stretch.frames.len());
    let mut rates = Array2::from_elem((stretch.frames.len(), recording.units()), f32::NAN);
    let run = predictor.free(recording, stretch, stretch.frames.start + known - 1);
    for (mut row, run) in rates.outer_iter_mut().skip(known).zip(run.outer_iter()) {
        row.assign(&run.mapv(|x| x as f32));
    }
    rates
}

/// The figure of a reproduction.
pub(crate) fn copied(
    job: &Job,
    trained: &Trained,
    scores: &Reproduction,
    threads: usize,
) -> Result<Figure, RunError> {
    let predictor = Predictor::new(trained, threads)?;
    let mut runs = Runs::new(job.shape.units);
    for stretch in &job.stretches {
        let model = free(&predictor, &job.recording, stretch);
        runs.add(&job.recording, stretch, &model, false);
    }
    let mut bars =
        HorizonScores::new(["network"]).label(Label::new().text("in-sample ").italic("R").sup("2"));
    for Score { horizon, teacher_forced, r2 } in &scores.clean {
        bars = bars.horizon(way(*horizon), *teacher_forced, [r2.unwrap_or(f64::NAN)]);
    }
    let off = format!("start off by {}", number(scores.jitter, 2));
    bars = bars.horizon(off, false, [scores.jittered.unwrap_or(f64::NAN)]);
    if scores.noise > 0.0 {
        bars = bars.horizon(
            format!("noise {}", number(scores.noise, 2)),
            false,
            [scores.noisy.unwrap_or(f64::NAN)],
        );
    }
    Ok(runs.figure(job.recording.dt)?.scores(bars).figure())
}

/// The figure of a forecast: one continuous recording as a whole, of several trials those held out.
pub(crate) fn forecast(
    trial: &Trial,
    trained: &Trained,
    scores: &ForecastScores,
    threads: usize,
) -> Result<Figure, RunError> {
    let predictor = Predictor::new(trained, threads)?;
    let recording = &trial.recording;
    let mut runs = Runs::new(recording.units());
    let held = |stretch: &Stretch| trial.division.held_out.contains(stretch);
    if recording.trials() > 1 {
        for stretch in &trial.division.held_out {
            runs.add(recording, stretch, &free(&predictor, recording, stretch), true);
        }
    } else {
        let mut stretches: Vec<&Stretch> =
            trial.division.train.iter().chain(&trial.division.held_out).collect();
        stretches.sort_by_key(|stretch| stretch.frames.start);
        let mut from = 0;
        let missing = |frames: std::ops::Range<usize>| {
            let rates = Array2::from_elem((frames.len(), recording.units()), f32::NAN);
            (Stretch { trial: 0, frames }, rates)
        };
        for stretch in stretches {
            let (gap, nothing) = missing(from..stretch.frames.start);
            runs.add(recording, &gap, &nothing, false);
            let model = free(&predictor, recording, stretch);
            runs.add(recording, stretch, &model, held(stretch));
            from = stretch.frames.end;
        }
        let (rest, nothing) = missing(from..recording.lengths[0].max(from));
        runs.add(recording, &rest, &nothing, false);
    }
    let mut bars = HorizonScores::new(["network", "ridge", "last value", "mean"]);
    for row in &scores.rows {
        let values = [row.network, row.ridge, row.last_value, row.mean];
        let values = values.map(|value| value.unwrap_or(f64::NAN));
        bars = bars.horizon(way(row.horizon), row.teacher_forced, values);
    }
    Ok(runs.figure(recording.dt)?.scores(bars).figure())
}

/// What a reader should not overlook.
pub(crate) fn warnings(results: &FitResults, config: &FitConfig) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(copy) = &results.reproduction {
        match copy.free() {
            Some(free) if free >= GOOD => {}
            free => warnings.push(format!(
                "the reproduction runs freely at R² {} in sample, below {GOOD}: more \
                 reproduction.updates, reproduction.hidden or recording.smooth may help",
                shown(free)
            )),
        }
        if copy.jittered.is_none_or(|r2| r2 < copy.free().unwrap_or(0.0) - 0.2) {
            warnings.push(format!(
                "the reproduction does not survive an error of {} in its start (R² {}): more \
                 reproduction.noise makes it robust",
                copy.jitter,
                shown(copy.jittered)
            ));
        }
    }
    if config.recording.smooth == 0.0 {
        let said = "the activity is not smoothed: spike trains rarely have an autonomous map";
        warnings.push(said.to_owned());
    }
    for scores in results.forecasts.iter().filter(|s| s.rows.iter().all(|r| r.network <= r.ridge)) {
        let with = if scores.inputs { "with inputs" } else { "without inputs" };
        warnings.push(format!(
            "on held-out data the network {with} does not beat the linear autoregression"
        ));
    }
    warnings
}

/// Loss, gradient norm and rate of an update.
type Point = (f64, f64, f64);

/// Writes figures and page.
pub(crate) fn write(
    results: &FitResults,
    shown: &Shown,
    curves: &[(String, Vec<Point>)],
    config: &str,
    directory: &RunDirectory,
    found: &Found,
) -> Result<(), RunError> {
    let mut learning = LearningCurves::new().loss_label("loss, relative to the variance");
    for (name, curve) in curves {
        let points = curve.iter().enumerate().map(|(k, (loss, ..))| (k as f64 + 1.0, *loss));
        learning = learning.loss(name.replace('-', " "), points);
    }
    let learning = learning.figure();
    let mut files: Vec<(&str, &Figure)> = vec![("curves", &learning)];
    // `fit` is the answer to the question; the others are named after theirs
    files.extend(shown.reproduction.as_ref().map(|figure| ("fit", figure)));
    files.extend(["forecast", "forecast-with-inputs"].into_iter().zip(&shown.forecasts));
    let identified = shown.coupling.as_ref();
    files.extend(identified.and_then(|shown| Some(("currents", shown.currents.as_ref()?))));
    files.extend(identified.map(|shown| ("weights", &shown.weights)));
    for (name, figure) in files {
        figure.write(&directory.figures(), name)?;
    }
    found.write(directory)?;
    page(results, shown, &learning, config, found).write(&directory.report())?;
    Ok(())
}

fn page(
    results: &FitResults,
    figures: &Shown,
    learning: &Figure,
    config: &str,
    found: &Found,
) -> Page {
    let FitResults { recording, reproduction, forecasts, .. } = results;
    let title = recording.title();
    let mut page = Page::new(format!("Fit to {title}"))
        .summary(summary(results))
        .command("attractor fit --config config.toml");
    if let Some(copy) = reproduction {
        page = page.figure_of_merit(shown(copy.free()), "in-sample R², free run");
    }
    if let Some(scores) = forecasts.last() {
        let with = if scores.inputs { ", with inputs" } else { "" };
        for row in scores.rows.iter().filter(|row| matches!(row.horizon, Some(1) | None)) {
            let forced = if row.teacher_forced { " (teacher-forced)" } else { "" };
            let label = format!("held-out R², {}{forced}{with}", way(row.horizon));
            page = page.figure_of_merit(shown(row.network), label);
        }
    }
    for (name, value) in facts(results) {
        page = page.fact(name, value);
    }
    for warning in &results.warnings {
        page = page.warning(capital(warning));
    }
    if let (Some(copy), Some(figure)) = (reproduction, &figures.reproduction) {
        page = page
            .section("Reproduction: in sample")
            .paragraph(
                "The network was trained and is judged on these frames. It starts from the \
                 recorded state of the first frame and runs on its own from there.",
            )
            .figure(figure)
            .table(copy_table(copy));
    }
    for (scores, figure) in forecasts.iter().zip(&figures.forecasts) {
        let with = if scores.inputs { "with inputs" } else { "without inputs" };
        page = page
            .section(format!("Forecast {with}: held-out data"))
            .paragraph(explained(scores))
            .paragraph(scores.verdict())
            .figure(figure)
            .table(forecast_table(scores));
        if let Some(spikes) = scores.spikes {
            let title = format!("Counts of {} held-out spikes", spikes.spikes);
            let mut table = Table::new(title).columns(["score", "network"]);
            for (name, value) in spikes.rows() {
                table = table.row([Cell::text(name), cell(value)]);
            }
            page = page.table(table);
        }
        if let Some(identified) = &results.identified {
            page = page.figure(&identified::units(&scores.units, &identified.regions)).table(
                identified::region_table(
                    "Held-out R² of units in the free run",
                    &scores.units,
                    &identified.regions,
                ),
            );
        }
        page = page.table(choice_table(scores));
    }
    if let (Some(found), Some(figures)) = (&results.identified, &figures.coupling) {
        page = coupling_sections(page, found, figures, results.forecasts.last());
    }
    page = page.section("Learning").figure(learning);
    found.sections(page, results).section("Configuration").code("config.toml", config)
}

/// Weights, currents and what is identified of them, of the last network.
fn coupling_sections(
    mut page: Page,
    found: &Identified,
    figures: &ShownCoupling,
    scores: Option<&ForecastScores>,
) -> Page {
    if let Some(currents) = &figures.currents {
        page = page
            .section("Currents by source")
            .paragraph("What recorded units send to recorded units, at the recorded rates, divided by the region it comes from; of the last network above. Hidden units, the units' own filters and inputs come on top.")
            .figure(currents)
            .table(identified::magnitude_table(found));
    }
    let own = scores.and_then(ForecastScores::free);
    let spread = Restart::spread(&found.restarts, own);
    page = page
        .section("Weights")
        .figure(&figures.weights)
        .section("What is identified")
        .paragraph("The last network above, trained again from other seeds with the same penalties. What restarts do not agree on is not in the data; where they agree because a penalty holds them, the data may still be those of another system.")
        .table(identified::table(
            &found.regions,
            &found.restarts,
            found.truth.as_ref(),
            "its free R²",
        ));
    match spread {
        Some(spread) => {
            page.paragraph(format!("Over all seeds the free run has held-out R² {spread}."))
        }
        None => page,
    }
}

fn explained(scores: &ForecastScores) -> String {
    let frames = |list: &[[usize; 3]]| list.iter().map(|[_, a, b]| b - a).sum::<usize>();
    let inputs = match scores.inputs {
        true => format!(
            " The inputs are {} channels that keep {:.0} % of their variance.",
            scores.network.inputs,
            100.0 * scores.inputs_kept
        ),
        false => String::new(),
    };
    format!(
        "Trained on {} frames, judged on {} others, with {} frames dropped on either side of the \
         borders between them. Teacher-forced forecasts restart from the recorded state at every \
         frame; the free run starts once per stretch. The mean has R² 0 on training data by \
         definition; over all units together R² is pVar, the part of the variance about that mean.{inputs}",
        frames(&scores.train),
        frames(&scores.held_out),
        scores.gap
    )
}

fn summary(results: &FitResults) -> String {
    let recording = &results.recording;
    let mut said = format!("{} units, smoothed over {} frames", recording.units, recording.smooth);
    if let Some(copy) = &results.reproduction {
        let [from, to] = copy.frames;
        said += &format!(
            ": frames {from} to {to} are reproduced in free run with R² {} in sample",
            shown(copy.free())
        );
    }
    if let Some(row) = results.forecasts.last().and_then(|s| s.rows.last()) {
        said += &format!(
            "; on held-out data the free run has R² {}, the linear autoregression {}",
            shown(row.network),
            shown(row.ridge)
        );
    }
    said + "."
}

fn facts(results: &FitResults) -> Vec<(&'static str, String)> {
    let FitResults { recording, machine, .. } = results;
    let inputs = match &recording.inputs {
        Some(key) => format!("{key}, {} channels", recording.channels),
        None => "none".to_owned(),
    };
    let silent = format!("{} ({} silent ones left out)", recording.units, recording.silent);
    let version = results.versions.get("attractor").cloned().unwrap_or_default();
    vec![
        ("seed", results.seed.to_string()),
        ("units", silent),
        ("frames", format!("{} of {} ms", recording.frames, number(recording.frame_ms, 4))),
        ("trials", recording.trials.to_string()),
        ("prepared", recording.prepare.join(", ")),
        ("inputs", inputs),
        ("seconds", format!("{:.1}", results.seconds)),
        ("attractor", version),
        ("instruction set", machine.instruction_set.clone()),
        ("threads", machine.threads.to_string()),
        ("system", machine.system.clone()),
        ("finished", results.finished.clone()),
    ]
}

fn cell(score: Option<f64>) -> Cell {
    Cell::fixed(score.unwrap_or(f64::NAN), 3)
}

fn copy_table(copy: &Reproduction) -> Table {
    let mut table = Table::new("R² in sample").columns(["way to predict", "start", "R²"]);
    for score in &copy.clean {
        let start =
            if score.teacher_forced { "every frame, teacher-forced" } else { "first frame" };
        table = table.row([Cell::text(way(score.horizon)), Cell::text(start), cell(score.r2)]);
    }
    let off = format!("first frame, off by {} in potential", number(copy.jitter, 3));
    table = table.row([Cell::text("free run"), Cell::text(off), cell(copy.jittered)]);
    if copy.noise > 0.0 {
        let noise = format!("first frame, noise {} in potential", number(copy.noise, 3));
        table = table.row([Cell::text("free run"), Cell::text(noise), cell(copy.noisy)]);
    }
    table
}

fn forecast_table(scores: &ForecastScores) -> Table {
    let columns = [
        "way to predict",
        "start",
        "network",
        "ridge",
        "last value",
        "mean",
        "network, training",
        "ridge, training",
        "frames judged",
    ];
    let mut table = Table::new("R² on held-out data, and on training data").columns(columns);
    for row in &scores.rows {
        let start = if row.teacher_forced { "teacher-forced" } else { "once per stretch" };
        table = table.row([
            Cell::text(way(row.horizon)),
            Cell::text(start),
            cell(row.network),
            cell(row.ridge),
            cell(row.last_value),
            cell(row.mean),
            cell(row.network_train),
            cell(row.ridge_train),
            Cell::integer(row.frames as i64),
        ]);
    }
    table
}

fn choice_table(scores: &ForecastScores) -> Table {
    let caption = "Penalties, chosen by the mean R² of a cross-validation within the training data";
    let columns = ["filter_l2", "l2", "R²", ""];
    let mut table = Table::new(caption).columns(columns);
    for candidate in &scores.chosen.candidates {
        let Candidate { filter_l2, l2, r2 } = *candidate;
        let chosen = (filter_l2, l2) == (scores.chosen.filter_l2, scores.chosen.l2);
        table = table.row([
            Cell::number(filter_l2, 2),
            Cell::number(l2, 2),
            cell(r2),
            Cell::text(if chosen { "chosen" } else { "" }),
        ]);
    }
    table
}

/// With a capital letter and a full stop.
fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
