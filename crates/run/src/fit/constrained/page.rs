//! Figures and page of a direct solver's fit.

use attractor_analysis::Currents;
use attractor_report::{
    Axis, Cell, Color, Figure, FitFigure, Height, HorizonScores, Label, Line, Matrix, Page, Panel,
    Table, Width, number,
};

use super::Material;
use super::scores::ConstrainedFit;
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::fit::closing::facts;
use crate::fit::finished::Found;
use crate::fit::identified::Restart;
use crate::fit::identified::page::{
    self as identified, cell, grid, region_table, table, unit_panel,
};
use crate::fit::results::{FitResults, shown};

/// Samples that a figure shows at most.
const SAMPLES: usize = 1200;

/// What is shown of a fit.
pub(super) struct Shown<'a> {
    pub(super) material: &'a Material,
    /// `[target, source]`
    pub(super) weights: &'a [f64],
    /// The free run of the first trial, `[sample, unit]`.
    pub(super) run: &'a [f64],
    pub(super) currents: &'a Currents,
}

/// Writes figures and page.
pub(super) fn write(
    results: &FitResults,
    shown: &Shown<'_>,
    config: &str,
    directory: &RunDirectory,
    found: &Found,
) -> Result<(), RunError> {
    let Some(fit) = &results.constrained else { return Ok(()) };
    let Shown { material, weights, run, currents } = *shown;
    let figures = [
        ("fit", activity(material, run, fit)?),
        ("currents", grid(material.samples.dt(), samples(material), currents)?),
        ("scores", scores(fit)),
        ("weights", identified::weights(weights, &material.groups)?),
    ];
    for (name, figure) in &figures {
        figure.write(&directory.figures(), name)?;
    }
    found.write(directory)?;
    page(results, fit, &figures, config, found).write(&directory.report())?;
    Ok(())
}

/// Samples of the first trial that are shown.
fn samples(material: &Material) -> usize {
    material.samples.lengths().first().copied().unwrap_or(0).min(SAMPLES)
}

fn activity(material: &Material, run: &[f64], fit: &ConstrainedFit) -> Result<Figure, RunError> {
    let (samples, n) = (samples(material), material.samples.units());
    let matrix = |values: &[f64]| Matrix::new(samples, n, &values[..samples * n]);
    let (data, run) = (matrix(material.samples.rates(0))?, matrix(run)?);
    let label = Label::new().italic("R").sup("2").text(", pVar");
    let mut bars = HorizonScores::new(["in sample", "held out"]).label(label);
    let held = fit.held_out.map(|held| held.scores.rows());
    for (k, (_, value)) in fit.scores.rows().into_iter().enumerate() {
        let name =
            ["1 sample", "1 sample, skill", "free", "start off", "noise .003", "noise .01"][k];
        let held = held.and_then(|held| held[k].1).unwrap_or(f64::NAN);
        bars = bars.horizon(name, k < 2, [value.unwrap_or(f64::NAN), held]);
    }
    let figure = FitFigure::new(material.samples.dt(), data, run);
    Ok(figure.quantity("rate, scaled").scores(bars).figure())
}

/// pVar of every unit, by region, and how the iterates went.
fn scores(fit: &ConstrainedFit) -> Figure {
    let left = unit_panel(&fit.units, &fit.regions, "pVar of the free run")
        .title(Label::new().bold("a").text("  Units"));
    let left_open =
        fit.iterates.iter().enumerate().map(|(k, r2)| {
            (k as f64 + 1.0, r2.map_or(f64::NAN, |r2| (1.0 - r2).clamp(1e-6, 10.0)))
        });
    let right = Panel::new(Axis::new("regression"), Axis::new("1 − pVar, free run").log())
        .title(Label::new().bold("b").text("  Roll-outs"))
        .mark(Line::new(left_open, Color::BLUE));
    Figure::new("Scores", Width::Double)
        .columns([2.0, 1.0])
        .rows([Height::Mm(40.0)])
        .place(0, 0, left)
        .place(0, 1, right)
        .caption("a: part of each unit's variance that the free run explains, in sample; values below −1 stand at −1. b: what the free run of each iterate leaves unexplained; the first is plain ridge.")
        .describe("Scores of all units by region, and the unexplained variance of each iterate.")
}

fn page(
    results: &FitResults,
    fit: &ConstrainedFit,
    figures: &[(&str, Figure)],
    config: &str,
    found: &Found,
) -> Page {
    let title = results.recording.title();
    let regions: Vec<String> =
        fit.regions.iter().map(|(name, units)| format!("{name} ({units})")).collect();
    let mut page = Page::new(format!("Fit to {title}"))
        .summary(format!(
            "A network of the {} recorded units, time constant {} ms, runs freely at pVar {} from the recorded start and at {} from one that is off.",
            results.recording.units,
            number(fit.tau, 3),
            shown(fit.scores.clean),
            shown(fit.scores.jittered),
        ))
        .command("attractor fit --config config.toml")
        .figure_of_merit(shown(fit.scores.clean), "pVar in the free run, in sample")
        .figure_of_merit(shown(fit.scores.jittered), "from a start off by .05")
        .figure_of_merit(shown(fit.scores.one_step), "R² one sample ahead (says little)");
    if let Some(held) = fit.held_out {
        page =
            page.figure_of_merit(shown(held.scores.clean), "pVar in the free run, held-out data");
    }
    let own = [
        ("seed", results.seed.to_string()),
        (
            "units",
            format!(
                "{} ({} silent ones left out)",
                results.recording.units, results.recording.silent
            ),
        ),
        ("regions", regions.join(", ")),
        (
            "samples",
            format!("{} of {} ms", results.recording.frames, number(results.recording.frame_ms, 4)),
        ),
        ("trials", results.recording.trials.to_string()),
        ("prepared", results.recording.prepare.join(", ")),
        ("l2 per sample", number(fit.l2, 3)),
        ("noise of the fit", number(fit.noise, 3)),
        ("passes of least squares", fit.passes.to_string()),
    ];
    page = facts(page, results, own);
    let [activity, currents, scores, weights] = figures else { return page };
    page = page
        .section("Data and model")
        .paragraph("The model starts from the first recorded sample of each trial and runs on its own.")
        .figure(&activity.1)
        .table(score_table(fit))
        .section("Units and regions")
        .figure(&scores.1)
        .table(region_table("pVar of units in the free run, in sample", &fit.units, &fit.regions))
        .section("Currents by source")
        .paragraph("The recurrent drive of every unit at the recorded rates, divided by the region it comes from. The parts add up to the whole.")
        .figure(&currents.1)
        .table(current_table(fit))
        .section("Weights")
        .figure(&weights.1)
        .section("What is identified")
        .paragraph("Fits from other seeds, compared with this one. Data in few dimensions leave most of the weights open; what restarts do not agree on is not in the data.")
        .table(table(&fit.regions, &fit.restarts, fit.truth.as_ref(), "its free pVar"));
    if let Some(spread) = Restart::spread(&fit.restarts, fit.scores.clean) {
        page = page.paragraph(format!("Over all seeds the free run has pVar {spread}."));
    }
    if !fit.candidates.is_empty() {
        let mut table = Table::new("Penalties, and R² of drives that were held out")
            .columns(["l2 per sample", "R²"]);
        for candidate in &fit.candidates {
            table = table.row([Cell::number(candidate.l2, 3), Cell::fixed(candidate.r2, 5)]);
        }
        page = page.table(table);
    }
    found.sections(page, results).section("Configuration").code("config.toml", config)
}

fn score_table(fit: &ConstrainedFit) -> Table {
    let mut table =
        Table::new("Scores over all units").columns(["way to predict", "in sample", "held out"]);
    let held = fit.held_out.map(|held| held.scores.rows());
    for (k, (name, value)) in fit.scores.rows().into_iter().enumerate() {
        table = table.row([Cell::text(name), cell(value, 4), cell(held.and_then(|h| h[k].1), 4)]);
    }
    if let Some(spikes) = fit.held_out.and_then(|held| held.spikes) {
        for (name, value) in spikes.rows() {
            table = table.row([Cell::text(name), cell(None, 4), cell(value, 4)]);
        }
    }
    if fit.replayed.is_some() {
        let name = Cell::text("free run, noise of training replayed");
        table = table.row([name, cell(fit.replayed, 4), cell(None, 4)]);
    }
    table
}

fn current_table(fit: &ConstrainedFit) -> Table {
    let mut table = Table::new("Mean magnitude of currents").columns([
        "target",
        "source",
        "all",
        "excitatory",
        "inhibitory",
    ]);
    for (i, (target, _)) in fit.regions.iter().enumerate() {
        for (j, (source, _)) in fit.regions.iter().enumerate() {
            table = table.row([
                Cell::text(target.clone()),
                Cell::text(source.clone()),
                Cell::fixed(fit.magnitudes[i][j], 4),
                Cell::fixed(fit.excitatory[i][j], 4),
                Cell::fixed(fit.inhibitory[i][j], 4),
            ]);
        }
    }
    table
}
