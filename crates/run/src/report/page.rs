//! The page of a run.

use attractor_equations::SymbolRow;
use attractor_report::{Cell, Figure, Page, Table};

use super::{Material, tables};
use crate::analysis::{Analysis, Pictures};
use crate::directory::RunDirectory;
use crate::results::{Results, Status};

/// Everything worth seeing, from top to bottom.
pub(super) fn page(
    material: &Material<'_>,
    figures: &[(String, Figure)],
    directory: &RunDirectory,
) -> Page {
    let Material { experiment, results, .. } = material;
    let mut page = Page::new(&results.task)
        .summary(summary(results))
        .command(format!("attractor train --config {}", directory.config().display()));
    for (value, label) in merits(results) {
        page = page.figure_of_merit(value, label);
    }
    for (name, value) in facts(results) {
        page = page.fact(name, value);
    }
    if let Some(error) = &results.error {
        page = page.warning(error);
    }
    for warning in &results.warnings {
        page = page.warning(warning);
    }
    page = figures_of(page.section("Learning"), figures, &["curves"]);
    let activity = page.section("Behaviour and activity");
    page = figures_of(activity, figures, &["trials", "psychometric"]);
    page = figures_of(page, figures, &["raster"]);
    if let Some(spikes) = &results.spikes {
        page = page.table(spikes.table());
    }
    if !results.evaluation.by_condition.is_empty() {
        page = page.table(conditions(results));
    }
    page = analysed(page, results.analysis.as_ref(), material.pictures, figures);
    let neuron = &experiment.neuron;
    page = page.section("Network");
    if !neuron.doc.is_empty() {
        page = page.paragraph(format!("{}: {}.", neuron.name, neuron.doc));
    }
    page = page.table(symbols(&neuron.symbols()));
    page = page
        .code("Equations", neuron.to_text().equations.join("\n"))
        .code("Equations in LaTeX", neuron.latex().join("\n"));
    page.section("Configuration").code("config.toml", &experiment.text)
}

/// The figures whose names begin with one of these.
fn figures_of(page: Page, figures: &[(String, Figure)], names: &[&str]) -> Page {
    let wanted = figures.iter().filter(|(name, _)| names.iter().any(|n| name.starts_with(n)));
    wanted.fold(page, |page, (_, figure)| page.figure(figure))
}

/// State space, population and connectivity: what an analysis found, with its figures.
pub(crate) fn analysed(
    mut page: Page,
    analysis: Option<&Analysis>,
    pictures: &Pictures,
    figures: &[(String, Figure)],
) -> Page {
    if let Some(space) = &pictures.space {
        page = page.section("State space").state_space(space);
    }
    if let Some(analysis) = analysis {
        page = figures_of(page, figures, &["stability"]);
        for table in tables::of(analysis) {
            page = page.table(table);
        }
        page = figures_of(
            page.section("Population"),
            figures,
            &["dimensions", "selectivity", "task-axes", "decoding", "perturbations", "lesions"],
        );
        for sentence in &analysis.unanswered {
            page = page.paragraph(format!("Not answered: {sentence}."));
        }
    }
    if figures.iter().any(|(name, _)| name.starts_with("weights")) {
        let names = ["weights", "connectivity", "modules", "groups", "eigenvalues"];
        page = figures_of(page.section("Connectivity"), figures, &names);
        if let Some(table) = analysis.and_then(tables::graphs) {
            page = page.table(table);
        }
        page = pictures.networks.iter().fold(page, Page::network);
        page = figures_of(page, figures, &["network"]);
    }
    page
}

fn summary(results: &Results) -> String {
    let network = &results.network;
    let what = format!(
        "{} units ({}), {} updates",
        network.units, network.neuron, results.training.updates
    );
    let evaluation = &results.evaluation;
    match (results.status, evaluation.score) {
        (Status::Diverged, _) => format!("Training diverged: {what}."),
        (_, Some(score)) => {
            let score = shown(score, &evaluation.measure);
            let what_it_is = evaluation.measure.trim_start_matches("fraction ");
            format!("{what}: {score} {what_it_is} on {} trials.", evaluation.trials)
        }
        (_, None) => format!("{what}."),
    }
}

/// A fraction in per cent, anything else as it is.
fn shown(score: f64, measure: &str) -> String {
    if measure.starts_with("fraction") {
        format!("{:.1} %", 100.0 * score)
    } else {
        format!("{score:.3}")
    }
}

fn merits(results: &Results) -> Vec<(String, String)> {
    let mut merits = Vec::new();
    let evaluation = &results.evaluation;
    if let Some(score) = evaluation.score {
        let label = match evaluation.measure.strip_prefix("fraction ") {
            Some(what) => format!("{what} on {} fresh trials", evaluation.trials),
            None => format!("{} on {} trials", evaluation.measure, evaluation.trials),
        };
        merits.push((shown(score, &evaluation.measure), label));
    }
    if let Some(loss) = evaluation.loss {
        merits.push((attractor_report::number(loss, 3), "loss on them".to_owned()));
    }
    merits.push((results.training.updates.to_string(), "updates".to_owned()));
    merits.push((format!("{:.1} s", results.training.seconds), "of training".to_owned()));
    merits
}

fn facts(results: &Results) -> Vec<(String, String)> {
    let Results { machine, training, .. } = results;
    let mut facts = vec![("seed".to_owned(), results.seed.to_string())];
    if let Some(version) = results.versions.get("attractor") {
        facts.push(("attractor".to_owned(), version.clone()));
    }
    facts.push(("instruction set".to_owned(), machine.instruction_set.clone()));
    facts.push(("threads".to_owned(), machine.threads.to_string()));
    facts.push(("system".to_owned(), machine.system.clone()));
    facts.push(("parameters".to_owned(), results.network.parameters.to_string()));
    facts.push(("weights of update".to_owned(), training.chosen.to_string()));
    if !training.resumed.is_empty() {
        let at: Vec<String> = training.resumed.iter().map(|r| r.update.to_string()).collect();
        facts.push(("taken up again after".to_owned(), at.join(", ")));
    }
    facts.push(("finished".to_owned(), results.finished.clone()));
    facts
}

fn conditions(results: &Results) -> Table {
    let evaluation = &results.evaluation;
    let caption = format!("Score ({}) by condition", evaluation.measure);
    let mut table = Table::new(caption).columns(["condition", "value", "trials", "score"]);
    for row in &evaluation.by_condition {
        table = table.row([
            Cell::text(&row.condition),
            Cell::text(&row.value),
            Cell::integer(row.trials as i64),
            Cell::fixed(row.score, 3),
        ]);
    }
    table
}

fn symbols(rows: &[SymbolRow]) -> Table {
    let columns = ["symbol", "is", "default", "unit", "meaning"];
    let mut table = Table::new("Symbols of the recurrent neuron").columns(columns);
    for row in rows {
        table = table.row([
            Cell::text(&row.name),
            Cell::text(row.kind.to_string()),
            row.default.map_or_else(|| Cell::text(""), |value| Cell::number(value, 6)),
            Cell::text(&row.unit),
            Cell::text(&row.doc),
        ]);
    }
    table
}
