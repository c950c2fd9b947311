//! Figures and tables of currents, weights, units, and of what is identified of them.

use attractor_analysis::{Agreement, Currents, Group};
use attractor_report::{
    Axis, Cell, Color, Dots, Figure, Height, Label, Matrix, Panel, SourceCurrents, Table,
    WeightMatrix, Width,
};

use super::{Identified, Restart};
use crate::error::RunError;
use crate::fit::results::UnitScore;

/// A number or a dash.
pub(crate) fn cell(value: Option<f64>, decimals: usize) -> Cell {
    Cell::fixed(value.unwrap_or(f64::NAN), decimals)
}

/// Currents by source over the first so many samples of `dt` ms.
pub(crate) fn grid(dt: f64, samples: usize, currents: &Currents) -> Result<Figure, RunError> {
    let names = currents.sources.iter().map(|source| source.name.clone());
    let mut figure = SourceCurrents::new(dt, names);
    for (target, row) in currents.targets.iter().zip(&currents.blocks) {
        let n = target.units.len();
        let blocks = row.iter().map(|block| Matrix::new(samples, n, &block[..samples * n]));
        figure = figure.target(target.name.clone(), blocks.collect::<Result<_, _>>()?);
    }
    Ok(figure.figure())
}

/// Weights `[target, source]`, sorted by region.
pub(crate) fn weights(weights: &[f64], groups: &[Group]) -> Result<Figure, RunError> {
    let order: Vec<usize> = groups.iter().flat_map(|group| group.units.iter().copied()).collect();
    let n = weights.len().isqrt();
    let sorted: Vec<f64> = order
        .iter()
        .flat_map(|&i| order.iter().map(move |&j| (i, j)))
        .map(|(i, j)| weights[i * n + j])
        .collect();
    let sizes = groups.iter().map(|group| (group.name.clone(), group.units.len()));
    let matrix = Matrix::new(n, n, &sorted)?;
    Ok(WeightMatrix::new(Label::new().italic("J"), matrix).groups(sizes).figure())
}

/// Scores of units, region by region, the best first.
pub(crate) fn unit_panel(
    units: &[UnitScore],
    regions: &[(String, usize)],
    quantity: impl Into<Label>,
) -> Panel {
    let mut dots = Vec::new();
    let (mut at, mut ticks) = (0.0, Vec::new());
    for (k, (region, _)) in regions.iter().enumerate() {
        let of = units.iter().filter(|unit| unit.region == *region);
        let mut values: Vec<f64> = of.filter_map(|unit| unit.free).collect();
        values.sort_by(|a, b| b.total_cmp(a));
        let count = values.len() as f64;
        let places = values.into_iter().enumerate().map(|(i, r2)| (at + i as f64, r2.max(-1.0)));
        dots.push(Dots::new(places, Color::line(k)).radius(1.0));
        ticks.push((at + count / 2.0, Label::from(region.as_str())));
        at += count + 2.0;
    }
    let x = Axis::new("units by region, the best first").ticks_at(ticks).range(-1.0, at.max(1.0));
    Panel::new(x, Axis::new(quantity)).marks(dots)
}

/// Scores of units of a network that was judged on held-out data.
pub(crate) fn units(units: &[UnitScore], regions: &[(String, usize)]) -> Figure {
    let quantity = Label::new().text("held-out ").italic("R").sup("2").text(", free run");
    Figure::new("Units", Width::Double)
        .rows([Height::Mm(40.0)])
        .place(0, 0, unit_panel(units, regions, quantity))
        .caption("Each unit's held-out score in the free run; values below −1 stand at −1.")
        .describe("Scores of all units by region.")
}

/// Least, middle and largest score of the units of each region.
pub(crate) fn region_table(title: &str, units: &[UnitScore], regions: &[(String, usize)]) -> Table {
    let mut table = Table::new(title).columns(["region", "units", "least", "median", "largest"]);
    for (name, count) in regions {
        let of = units.iter().filter(|unit| unit.region == *name);
        let mut scores: Vec<f64> = of.filter_map(|unit| unit.free).collect();
        scores.sort_by(f64::total_cmp);
        table = table.row([
            Cell::text(name.clone()),
            Cell::integer(*count as i64),
            cell(scores.first().copied(), 3),
            cell(scores.get(scores.len() / 2).copied(), 3),
            cell(scores.last().copied(), 3),
        ]);
    }
    table
}

/// Mean magnitude of the currents between regions.
pub(crate) fn magnitude_table(found: &Identified) -> Table {
    let mut table = Table::new("Mean magnitude of currents").columns(["target", "source", "all"]);
    for (i, (target, _)) in found.regions.iter().enumerate() {
        for (j, (source, _)) in found.regions.iter().enumerate() {
            let names = [target, source].map(|name| Cell::text(name.clone()));
            table = table.row(names.into_iter().chain([Cell::fixed(found.magnitudes[i][j], 4)]));
        }
    }
    table
}

/// Correlations with fits from other seeds, and with the truth of a simulation.
pub(crate) fn table(
    regions: &[(String, usize)],
    restarts: &[Restart],
    truth: Option<&Agreement>,
    free: &str,
) -> Table {
    let mut table = Table::new(
        "Correlations of this fit with others: of weights, of the mean magnitudes of currents, and of the current that agrees least",
    )
    .columns(["with", free, "weights", "magnitudes", "least current", "which"]);
    let least = |currents: &[Vec<Option<f64>>]| {
        let mut least: Option<(f64, String)> = None;
        for (i, row) in currents.iter().enumerate() {
            for (j, r) in row.iter().enumerate() {
                if let Some(r) = r.filter(|r| least.as_ref().is_none_or(|(l, _)| r < l)) {
                    least = Some((r, format!("{} from {}", regions[i].0, regions[j].0)));
                }
            }
        }
        least.map_or((None, "-".to_owned()), |(r, which)| (Some(r), which))
    };
    for (k, restart) in restarts.iter().enumerate() {
        let (r, which) = least(&restart.currents);
        table = table.row([
            Cell::text(format!("restart {}", k + 1)),
            cell(restart.free, 4),
            Cell::fixed(restart.weights, 3),
            cell(restart.magnitudes, 3),
            cell(r, 3),
            Cell::text(which),
        ]);
    }
    if let Some(truth) = truth {
        let (r, which) = least(&truth.currents);
        table = table.row([
            Cell::text("the truth of the simulation"),
            cell(None, 4),
            Cell::fixed(truth.weights, 3),
            cell(truth.magnitudes, 3),
            cell(r, 3),
            Cell::text(which),
        ]);
    }
    table
}
