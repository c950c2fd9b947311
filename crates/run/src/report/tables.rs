//! What an analysis found, as tables of the page.

use attractor_report::{Cell, Table};

use crate::analysis::{Analysis, Effect, FixedPoints, Lyapunov, Psychometric};

/// Points listed for each input.
const LISTED: usize = 12;

pub(super) fn of(analysis: &Analysis) -> Vec<Table> {
    let mut tables = Vec::new();
    if !analysis.fixed_points.is_empty() {
        tables.push(searches(&analysis.fixed_points));
        tables.push(points(&analysis.fixed_points));
    }
    if !analysis.lyapunov.is_empty() {
        tables.push(exponents(&analysis.lyapunov));
    }
    if !analysis.compared.is_empty() {
        tables.push(compared(analysis));
    }
    if !analysis.psychometric.is_empty() {
        tables.push(functions(&analysis.psychometric));
    }
    tables.extend(lesions(&analysis.perturbations));
    tables
}

/// The measures of the weights as graphs, before and after training; none if none were taken.
pub(super) fn graphs(analysis: &Analysis) -> Option<Table> {
    let caption = "Recurrent weights as a graph: an edge where one of the two weights between units is among the strongest tenth";
    let mut table = Table::new(caption).columns(["weights", "measure", "before training", "after"]);
    for graph in &analysis.graphs {
        for (name, before, after) in graph.measures() {
            table = table.row([
                Cell::text(&graph.weights),
                Cell::text(name),
                before.map_or_else(|| Cell::text("–"), |before| Cell::number(before, 3)),
                Cell::number(after, 3),
            ]);
        }
        let [distance, expected, sd, p] = match graph.mixed_selectivity_distance {
            Some(found) => found.map(Some),
            None => [None; 4],
        };
        for (name, value) in [
            ("balance of excitation and inhibition", graph.balance),
            ("correlation of excitation with inhibition", graph.tracking),
            ("mean size of activity", Some(graph.activity)),
            ("distance between units of mixed selectivity", distance),
            ("the same by chance", expected),
            ("its standard deviation", sd),
            ("fraction of permutations that are nearer", p),
        ] {
            if let Some(value) = value {
                let cells = [Cell::text(&graph.weights), Cell::text(name), Cell::text("")];
                table = table.row(cells.into_iter().chain([Cell::number(value, 3)]));
            }
        }
    }
    (!analysis.graphs.is_empty()).then_some(table)
}

/// What every perturbation did, in every period, and to the psychometric functions.
fn lesions(effects: &[Effect]) -> Vec<Table> {
    let (columns, ends) = (["perturbation", "period", "score"], ["from", "to"]);
    // only scores that are fractions of trials have any
    let intervals = effects.iter().any(|effect| effect.interval.is_some());
    let mut scores = match intervals {
        true => Table::new("Perturbations: scores, with 95 % intervals")
            .columns(columns.into_iter().chain(ends)),
        false => Table::new("Perturbations: scores").columns(columns),
    };
    let mut shifts = Table::new("Psychometric functions under perturbations").columns([
        "perturbation",
        "period",
        "trials",
        "axis",
        "threshold",
        "slope",
    ]);
    let (mut any, mut shifted) = (false, false);
    for effect in effects {
        let period = if effect.period.is_empty() { "whole trial" } else { &effect.period };
        let ends = effect.interval.unwrap_or([f64::NAN; 2]).map(|end| Cell::fixed(end, 3));
        any = true;
        let score = [Cell::text(&effect.name), Cell::text(period), Cell::fixed(effect.score, 3)];
        scores = scores.row(score.into_iter().chain(ends.into_iter().filter(|_| intervals)));
        for function in &effect.psychometric {
            shifted = true;
            let threshold = function.threshold.map_or(f64::NAN, |threshold| threshold.0);
            shifts = shifts.row([
                Cell::text(&effect.name),
                Cell::text(period),
                Cell::text(if function.among.is_empty() { "all" } else { &function.among }),
                Cell::text(&function.axis),
                Cell::number(threshold, 3),
                Cell::number(function.slope.0, 3),
            ]);
        }
    }
    [(any, scores), (shifted, shifts)]
        .into_iter()
        .filter(|(any, _)| *any)
        .map(|(_, table)| table)
        .collect()
}

fn searches(searches: &[FixedPoints]) -> Table {
    let columns = ["input", "starts", "ended fixed", "ended slow", "failed", "distinct points"];
    let mut table = Table::new("Searches for fixed points").columns(columns);
    for search in searches {
        table = table.row([
            Cell::text(&search.name),
            Cell::integer(search.starts as i64),
            Cell::integer(search.fixed as i64),
            Cell::integer(search.slow as i64),
            Cell::integer(search.failed as i64),
            Cell::integer(search.points.len() as i64),
        ]);
    }
    table
}

fn points(searches: &[FixedPoints]) -> Table {
    let columns = ["input", "point", "kind", "q", "starts", "growing modes", "τ (ms)", "f (Hz)"];
    let mut table = Table::new("Fixed and slow points, with their leading mode").columns(columns);
    for search in searches {
        for point in search.points.iter().take(LISTED) {
            let tau =
                point.tau_ms.map_or_else(|| Cell::text("neutral"), |tau| Cell::number(tau, 3));
            table = table.row([
                Cell::text(&search.name),
                Cell::text(&point.label),
                Cell::text(&point.kind),
                Cell::number(point.q, 2),
                Cell::integer(point.starts as i64),
                Cell::integer(point.unstable as i64),
                tau,
                Cell::number(point.frequency_hz, 3),
            ]);
        }
    }
    table
}

fn exponents(found: &[Lyapunov]) -> Table {
    let columns = ["input", "largest (1/s)", "standard error", "next"];
    let mut table = Table::new("Lyapunov exponents").columns(columns);
    for found in found {
        let rest = found.exponents.iter().skip(1).take(4);
        let rest: Vec<String> = rest.map(|&x| attractor_report::number(x, 3)).collect();
        table = table.row([
            Cell::text(&found.name),
            Cell::number(found.exponents.first().copied().unwrap_or(f64::NAN), 3),
            Cell::number(found.error, 2),
            Cell::text(rest.join(", ")),
        ]);
    }
    table
}

/// Statistics of the activity beside those of a recording.
fn compared(analysis: &Analysis) -> Table {
    let caption =
        format!("Activity beside {}", analysis.recording.as_deref().unwrap_or("a recording"));
    let columns = [
        "statistic",
        "network",
        "recording",
        "distance",
        "from (95 %)",
        "to",
        "between halves of the recording",
    ];
    let mut table = Table::new(caption).columns(columns);
    for found in &analysis.compared {
        let [low, high] = found.interval;
        let values = [found.network, found.recording, found.distance, low, high, found.within];
        let cells = values.map(|value| Cell::number(value, 3));
        table = table.row(std::iter::once(Cell::text(&found.statistic)).chain(cells));
    }
    table
}

fn functions(found: &[Psychometric]) -> Table {
    let columns = ["trials", "axis", "threshold", "slope", "lapses"];
    let mut table = Table::new("Fitted psychometric functions").columns(columns);
    for function in found {
        let [low, high] = function.lapses;
        table = table.row([
            Cell::text(&function.among),
            Cell::text(function.axis.replace('_', " ")),
            function.threshold.map_or_else(|| Cell::text("–"), |t| Cell::number(t.0, 3)),
            Cell::number(function.slope.0, 3),
            Cell::text(format!("{low:.3}, {high:.3}")),
        ]);
    }
    table
}
