//! What an analysis found, as tables of the page.

use attractor_report::{Cell, Table};

use crate::analysis::{Analysis, FixedPoints, Lyapunov, Psychometric};

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
    if !analysis.psychometric.is_empty() {
        tables.push(functions(&analysis.psychometric));
    }
    tables
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
