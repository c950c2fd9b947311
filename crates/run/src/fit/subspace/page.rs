//! Figure and page of reduced-rank regression between regions.

use attractor_report::{
    Axis, Cell, Color, Dots, Figure, Height, Label, Line, Page, Panel, Ribbon, Rule, Table, Width,
    number,
};

use super::scores::SubspaceFit;
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::fit::closing::facts;
use crate::fit::results::{FitResults, shown};

/// Writes figure and page.
pub(super) fn write(
    results: &FitResults,
    config: &str,
    directory: &RunDirectory,
) -> Result<(), RunError> {
    let Some(fit) = &results.subspace else { return Ok(()) };
    let figure = ranks(fit);
    figure.write(&directory.figures(), "ranks")?;
    page(results, fit, &figure, config).write(&directory.report())?;
    Ok(())
}

/// R² by rank with its standard error, the chosen rank, and ridge regression.
fn ranks(fit: &SubspaceFit) -> Figure {
    let of =
        |sign: f64| fit.ranks.iter().map(move |s| (s.rank as f64, s.r2 + sign * s.standard_error));
    let band = of(-1.0).zip(of(1.0)).map(|((rank, low), (_, high))| (rank, low, high));
    let chosen = fit.ranks.get(fit.rank).map(|score| (score.rank as f64, score.r2));
    let last = fit.ranks.len().saturating_sub(1) as f64;
    let panel = Panel::new(
        Axis::new("rank").range(-0.03 * last, 1.03 * last),
        Axis::new(Label::new().text("held-out ").italic("R").sup("2")),
    )
    .mark(Ribbon::new(band, Color::BLUE))
    .mark(Line::new(of(0.0), Color::BLUE).name("reduced rank"))
    .mark(Rule::at_y(fit.full().unwrap_or(f64::NAN)).color(Color::GREY).dashed().name("full rank"))
    .mark(Dots::new(chosen, Color::ORANGE).radius(2.2).name("chosen"));
    Figure::new("Ranks", Width::Single)
        .columns([1.0])
        .rows([Height::Mm(48.0)])
        .place(0, 0, panel)
        .caption("Held-out R² by rank, with one standard error over the parts that were held out. The chosen rank is the smallest within one standard error of the best.")
        .describe("Held-out R² of reduced-rank regression by rank, the chosen rank and full rank.")
}

fn page(results: &FitResults, fit: &SubspaceFit, figure: &Figure, config: &str) -> Page {
    let (from, to) = (&fit.from, &fit.to);
    let mut page = Page::new(format!("{} from {}", to.name, from.name))
        .summary(format!(
            "{} of the {} dimensions of {} suffice to predict {} as well as all of them do, to one standard error.",
            fit.rank, from.units, from.name, to.name
        ))
        .command("attractor fit --config config.toml")
        .figure_of_merit(fit.rank.to_string(), "rank")
        .figure_of_merit(shown(fit.r2()), "R² at this rank, held out")
        .figure_of_merit(shown(fit.full()), "R² at full rank, held out");
    let own = [
        ("seed", results.seed.to_string()),
        ("recording", results.recording.file.clone()),
        ("from", format!("{} ({} units)", from.name, from.units)),
        ("to", format!("{} ({} units)", to.name, to.units)),
        ("samples", format!("{} of {} ms", fit.samples, number(results.recording.frame_ms, 4))),
        ("trials", fit.trials.to_string()),
        ("means over trials subtracted", if fit.residuals { "yes" } else { "no" }.to_owned()),
        ("l2", number(fit.l2, 3)),
    ];
    page = facts(page, results, own);
    let mut ranks = Table::new("Ranks, held out").columns(["rank", "R²", "standard error"]);
    for score in &fit.ranks {
        ranks = ranks.row([
            Cell::integer(score.rank as i64),
            Cell::fixed(score.r2, 4),
            Cell::fixed(score.standard_error, 4),
        ]);
    }
    let mut ridge = Table::new("Penalties at full rank, held out").columns(["l2", "R²"]);
    for score in &fit.ridge {
        ridge = ridge.row([Cell::number(score.l2, 3), Cell::fixed(score.r2, 4)]);
    }
    page.section("Ranks")
        .paragraph("Reduced-rank regression: the penalty is the one that predicts best at full rank. Both are chosen on the parts they are judged on, so that R² of the chosen is a little too high. subspace.npz has the dimensions that are read.")
        .figure(figure)
        .table(ranks)
        .table(ridge)
        .section("Configuration")
        .code("config.toml", config)
}
