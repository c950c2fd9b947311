//! Figures and page of encoding models.

use attractor_report::{
    Axis, Cell, Color, Dots, Figure, Height, Label, Legend, Page, Panel, Rule, Table, Width,
};

use super::scores::{EncodedUnit, EncodingFit};
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::fit::closing::facts;
use crate::fit::identified::page::cell;
use crate::fit::results::{FitResults, shown};

/// Writes figures and page.
pub(super) fn write(
    results: &FitResults,
    config: &str,
    directory: &RunDirectory,
) -> Result<(), RunError> {
    let Some(fit) = &results.encoding else { return Ok(()) };
    let figure = scores(fit);
    figure.write(&directory.figures(), "encoding")?;
    page(results, fit, &figure, config).write(&directory.report())?;
    Ok(())
}

/// Units, the best first, with their ceilings; and what each layer says.
fn scores(fit: &EncodingFit) -> Figure {
    let mut units: Vec<&EncodedUnit> = fit.units.iter().collect();
    units.sort_by(|a, b| b.r.total_cmp(&a.r));
    let dots = |wanted: Option<bool>| {
        let of = units.iter().enumerate().filter(move |(_, unit)| unit.significant() == wanted);
        of.map(|(k, unit)| (k as f64 + 1.0, unit.r))
    };
    let ceilings = units.iter().enumerate();
    let ceilings = ceilings.filter_map(|(k, unit)| Some((k as f64 + 1.0, unit.ceiling?)));
    let mut left = Panel::new(
        Axis::new("units, the best first").range(0.0, units.len() as f64 + 1.0),
        Axis::new(Label::new().text("held-out ").italic("r")).padded(0.05),
    )
    .title(Label::new().bold("a").text("  Units"))
    .mark(Rule::at_y(0.0).color(Color::INK))
    .legend(Legend::Right);
    if fit.units.iter().any(|unit| unit.ceiling.is_some()) {
        left =
            left.mark(Dots::new(ceilings, Color::GREY.tint(0.4)).radius(0.9).name("noise ceiling"));
    }
    for (wanted, color, name) in [
        (None, Color::BLUE, "units"),
        (Some(true), Color::BLUE, "pass"),
        (Some(false), Color::ORANGE, "do not pass"),
    ] {
        if dots(wanted).next().is_some() {
            left = left.mark(Dots::new(dots(wanted), color).radius(1.3).name(name));
        }
    }
    let ticks = fit.layers.iter().enumerate();
    let ticks = ticks.map(|(k, layer)| (k as f64, Label::from(layer.name.as_str())));
    let medians = fit.layers.iter().enumerate();
    let medians = medians.map(|(k, layer)| (k as f64, layer.r.unwrap_or(f64::NAN)));
    let right = Panel::new(
        Axis::new("layer").ticks_at(ticks).range(-0.5, fit.layers.len() as f64 - 0.5),
        Axis::new(Label::new().text("median held-out ").italic("r")).padded(0.05),
    )
    .title(Label::new().bold("b").text("  Layers"))
    .mark(Dots::new(medians, Color::BLUE).radius(2.0));
    Figure::new("Encoding", Width::Double)
        .columns([2.0, 1.0])
        .rows([Height::Mm(42.0)])
        .place(0, 0, left)
        .place(0, 1, right)
        .caption("a: correlation of predictions with mean responses to stimuli that were not seen, each unit by its best layer. b: median over units of each layer.")
        .describe("Held-out correlation of every unit beside its noise ceiling, and its median by layer.")
}

fn page(results: &FitResults, fit: &EncodingFit, figure: &Figure, config: &str) -> Page {
    let title = results.recording.title();
    let [r, normalised, explained] = fit.medians();
    let mut page = Page::new(format!("Encoding models of {title}"))
        .summary(fit.to_string().lines().next().unwrap_or_default())
        .command("attractor fit --config config.toml")
        .figure_of_merit(shown(r), "held-out r, median of units")
        .figure_of_merit(shown(normalised), "r over the noise ceiling, median")
        .figure_of_merit(shown(explained), format!("{}, held out, median", fit.explained()));
    if let Some(significant) = fit.significant() {
        let count = format!("{significant} of {}", fit.units.len());
        page = page.figure_of_merit(count, "units pass the permutation test");
    }
    let [least, most] = fit.repeats;
    let repeats = if least == most { format!("{least}") } else { format!("{least} to {most}") };
    let own = [
        ("seed", results.seed.to_string()),
        ("units", results.recording.units.to_string()),
        ("silent units left out", results.recording.silent.to_string()),
        ("trials", fit.trials.to_string()),
        ("stimuli", fit.stimuli.to_string()),
        ("trials of a stimulus", repeats),
        ("window, ms", format!("{} to {}", fit.window[0], fit.window[1])),
        ("square roots", if fit.square_root { "yes" } else { "no" }.to_owned()),
        ("permutations", fit.permutations.to_string()),
    ];
    page = facts(page, results, own);
    page.section("Scores")
        .paragraph("Features are z-scored and projected on their principal components, and penalties chosen, within the training stimuli alone. A unit is shown by the layer that predicts it best, which flatters r a little where there are several; its p value is multiplied by their number.")
        .figure(figure)
        .table(layers(fit))
        .table(units(fit))
        .section("Configuration")
        .code("config.toml", config)
}

fn layers(fit: &EncodingFit) -> Table {
    let columns = ["layer", "features", "median r", "units it predicts best"];
    let mut table = Table::new("Layers").columns(columns);
    for layer in &fit.layers {
        table = table.row([
            Cell::text(layer.name.clone()),
            Cell::integer(layer.features as i64),
            cell(layer.r, 3),
            Cell::integer(layer.best as i64),
        ]);
    }
    table
}

fn units(fit: &EncodingFit) -> Table {
    let columns =
        ["unit", "layer", "r", "noise ceiling", "r over it", fit.explained(), "p", "q", "passes"];
    let mut table = Table::new("Units, held out").columns(columns);
    for unit in &fit.units {
        let passes = unit.significant().map_or("-", |passes| if passes { "yes" } else { "no" });
        table = table.row([
            Cell::text(unit.name.clone()),
            Cell::text(unit.layer.clone()),
            Cell::fixed(unit.r, 3),
            cell(unit.ceiling, 3),
            cell(unit.normalised, 3),
            cell(unit.explained, 3),
            cell(unit.p, 4),
            cell(unit.q, 4),
            Cell::text(passes),
        ]);
    }
    table
}
