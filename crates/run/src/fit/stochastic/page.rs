//! Figures and page of the fit of a stochastic network.

use attractor_report::{
    Axis, Cell, Color, Figure, Height, Label, Line, Page, Panel, Table, Width, number,
};

use super::Material;
use super::scores::StochasticFit;
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::fit::closing::facts;
use crate::fit::finished::Found;
use crate::fit::results::{FitResults, shown};

/// Frames that a figure shows at most.
const FRAMES: usize = 600;

/// What is shown of a fit.
pub(super) struct Shown<'a> {
    pub(super) material: &'a Material,
    /// `[frame, latent]` of each trial.
    pub(super) latents: &'a [Vec<f64>],
}

/// Writes figures and page.
pub(super) fn write(
    results: &FitResults,
    shown: &Shown<'_>,
    config: &str,
    directory: &RunDirectory,
    found: &Found,
) -> Result<(), RunError> {
    let Some(fit) = &results.stochastic else { return Ok(()) };
    let figures = [("latents", course(shown)), ("bound", bound(fit))];
    for (name, figure) in &figures {
        figure.write(&directory.figures(), name)?;
    }
    found.write(directory)?;
    page(results, fit, &figures, config, found).write(&directory.report())?;
    Ok(())
}

/// The latents of the first trial.
fn course(Shown { material, latents }: &Shown<'_>) -> Figure {
    let (rank, dt) = (material.shape.rank, material.whole.dt());
    let frames = material.whole.lengths().first().copied().unwrap_or(0).min(FRAMES);
    let lines = (0..rank).map(|latent| {
        let values = latents.iter().take(1).flatten().skip(latent).step_by(rank);
        let points = values.take(frames).enumerate().map(|(t, &z)| (t as f64 * dt / 1e3, z));
        Line::new(points, Color::line(latent)).name(format!("latent {}", latent + 1))
    });
    let panel =
        Panel::new(Axis::new("time in the first trial (s)"), Axis::new("latent")).marks(lines);
    Figure::new("Latents", Width::Double)
        .columns([1.0])
        .rows([Height::Mm(46.0)])
        .place(0, 0, panel)
        .caption(
            "Mean of each latent given the activity up to that frame. Their basis is arbitrary.",
        )
        .describe("Latents of the first trial over time.")
}

/// The bound over epochs.
fn bound(fit: &StochasticFit) -> Figure {
    let points = fit.bounds.iter().enumerate();
    let points = points.map(|(k, bound)| (k as f64 + 1.0, bound.unwrap_or(f64::NAN)));
    let panel = Panel::new(Axis::new("epoch"), Axis::new("bound per frame (nats)"))
        .title(Label::new().text("Bound on the log likelihood"))
        .mark(Line::new(points, Color::BLUE));
    Figure::new("Bound", Width::Single)
        .columns([1.0])
        .rows([Height::Mm(46.0)])
        .place(0, 0, panel)
        .caption("Bound on the log likelihood of a frame, all units together, in each pass over the training data.")
        .describe("The bound against epochs.")
}

fn page(
    results: &FitResults,
    fit: &StochasticFit,
    figures: &[(&str, Figure); 2],
    config: &str,
    found: &Found,
) -> Page {
    let recording = &results.recording;
    let held = fit.held_out.unwrap_or(fit.train);
    let which = if fit.held_out.is_some() { "held-out data" } else { "in sample" };
    let noise: Vec<String> = fit.noise_sd.iter().map(|sd| number(*sd, 3)).collect();
    let mut page = Page::new(format!("Fit to {}", recording.title()))
        .summary(format!(
            "A stochastic network of rank {}, fitted to the activity of {} units by variational sequential Monte Carlo.",
            fit.shape.rank, recording.units
        ))
        .figure_of_merit(shown(held.network), format!("log likelihood of a frame, nats, {which}"))
        .figure_of_merit(shown(held.simple()), "the same of the better simple baseline")
        .figure_of_merit(noise.join(", "), "sd of the noise of a frame along its axes");
    let own = [
        ("seed", results.seed.to_string()),
        ("units", format!("{} ({} silent ones left out)", recording.units, recording.silent)),
        ("units of the network", fit.shape.units.to_string()),
        ("frames", format!("{} of {} ms", recording.frames, number(recording.frame_ms, 4))),
        ("trials", recording.trials.to_string()),
        ("particles", fit.particles.to_string()),
        ("time constant, ms", number(fit.tau, 4)),
    ];
    page = facts(page, results, own);
    let mut scores = Table::new("Log likelihood of a frame, all units together, nats").columns([
        "model",
        "in sample",
        "held out",
    ]);
    let cell = |value: Option<f64>| value.map_or(Cell::text("-"), |value| Cell::fixed(value, 3));
    for (name, train, held) in fit.rows() {
        scores = scores.row([Cell::text(name), cell(train), cell(held)]);
    }
    let covariance = by_latent("Covariance of the noise of a frame", &fit.covariance, |k| {
        format!("latent {}", k + 1)
    });
    let [latents, bound] = figures;
    page = page
        .section("How well it predicts")
        .paragraph("The network sees the activity up to a frame and predicts the next one as a distribution. Higher is better; the baselines are fitted to the same training data.")
        .table(scores)
        .figure(&bound.1)
        .section("Latents")
        .paragraph("latents.npz has them for every frame.")
        .figure(&latents.1)
        .table(covariance);
    if let Some(points) = &fit.fixed_points {
        let points = by_latent("All fixed points, without input and noise", points, |k| {
            format!("point {}", k + 1)
        });
        page = page.table(points);
    }
    found.sections(page, results).section("Configuration").code("config.toml", config)
}

/// Rows of values, one for each latent.
fn by_latent(caption: &str, rows: &[Vec<f64>], name: impl Fn(usize) -> String) -> Table {
    let rank = rows.first().map_or(0, Vec::len);
    let latents = (1..=rank).map(|latent| format!("latent {latent}"));
    let table = Table::new(caption).columns(std::iter::once(String::new()).chain(latents));
    rows.iter().enumerate().fold(table, |table, (k, row)| {
        let values = row.iter().map(|&value| Cell::number(value, 3));
        table.row(std::iter::once(Cell::text(name(k))).chain(values))
    })
}
