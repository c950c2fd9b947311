//! The directory of a study.
//!
//! | file | holds |
//! |---|---|
//! | `config.toml` | study, scale, version and settings; only seeds of the same configuration are kept |
//! | `seeds/seed-1.json`, … | each seed as soon as it is measured |
//! | `results.json` | seeds, claims, what is reported, machine |
//! | `figures/*.svg`, `*.png` | the study's figures |
//! | `report.html` | all of it on one page |
//!
//! Every file is written aside and renamed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use attractor::data::files::write_atomically;
use attractor::report::{self, Cell, Figure, Page, Table};
use serde::Serialize;

use crate::claim::{Claim, Numbers, Report};
use crate::error::StudyError;
use crate::results::{Results, SeedResult, shown};
use crate::study::{Scale, Study};

pub(crate) struct Directory {
    path: PathBuf,
}

/// What seeds must share to be comparable.
pub(crate) fn config(study: &dyn Study, scale: Scale, data: Option<&Path>) -> String {
    let mut table = toml::Table::new();
    table.insert("study".into(), study.name().into());
    table.insert("scale".into(), scale.to_string().into());
    if let Some(data) = data {
        table.insert("data".into(), data.display().to_string().into());
    }
    table.insert("attractor".into(), env!("CARGO_PKG_VERSION").into());
    table.insert("settings".into(), study.settings(scale).into());
    table.to_string()
}

impl Directory {
    /// A new directory, or one with seeds of the same configuration.
    pub(crate) fn open(path: &Path, config: &str) -> Result<Self, StudyError> {
        let unusable = |source| StudyError::Unusable { directory: path.to_owned(), source };
        let occupied = |what| StudyError::Occupied { directory: path.to_owned(), what };
        fs::create_dir_all(path).map_err(unusable)?;
        let directory = Directory { path: path.to_owned() };
        match fs::read_to_string(directory.file("config.toml")) {
            Ok(found) if found == config => {}
            Ok(_) => return Err(occupied("another study, or this one with other settings")),
            Err(_) if fs::read_dir(path).map_err(unusable)?.next().is_some() => {
                return Err(occupied("files that are no study's"));
            }
            Err(_) => directory.write("config.toml", config)?,
        }
        fs::create_dir_all(directory.file("seeds")).map_err(unusable)?;
        Ok(directory)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), StudyError> {
        Ok(write_atomically(&self.file(name), |file| file.write_all(text.as_bytes()))?)
    }

    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), StudyError> {
        // structures of numbers and text always convert
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.write(name, &format!("{text}\n"))
    }

    /// A seed measured before.
    pub(crate) fn seed(&self, seed: u64) -> Result<Option<SeedResult>, StudyError> {
        let file = self.file(&format!("seeds/seed-{seed}.json"));
        let Ok(text) = fs::read_to_string(&file) else { return Ok(None) };
        let read = serde_json::from_str(&text);
        read.map(Some).map_err(|error| StudyError::File { file, problem: error.to_string() })
    }

    /// Keeps a seed, and gives it back as it will be read: the same numbers, kept or fresh.
    pub(crate) fn keep(&self, seed: &SeedResult) -> Result<SeedResult, StudyError> {
        self.write_json(&format!("seeds/seed-{}.json", seed.seed), seed)?;
        Ok(self.seed(seed.seed)?.unwrap_or_else(|| seed.clone()))
    }

    /// Results, figures and page.
    pub(crate) fn finish(
        &self,
        study: &dyn Study,
        results: &Results,
        figures: &[(&'static str, Figure)],
    ) -> Result<(), StudyError> {
        for (name, figure) in figures {
            figure.write(&self.file("figures"), name)?;
        }
        page(study, results, figures).write(&self.file("report.html"))?;
        self.write_json("results.json", results)
    }
}

/// Claims, figures, seeds, settings.
fn page(study: &dyn Study, results: &Results, figures: &[(&'static str, Figure)]) -> Page {
    let machine = &results.machine;
    let mut page = Page::new(study.title())
        .summary(format!("{}.", results.sentence()))
        .command(format!("attractor study run {} --scale {}", results.study, results.scale))
        .figure_of_merit(format!("{} of {}", results.held(), results.measured()), "claims hold")
        .figure_of_merit(results.seeds.len().to_string(), "seeds")
        .fact("publication", study.reference())
        .fact("scale", results.scale.to_string())
        .fact("attractor", &results.attractor)
        .fact("instruction set", &machine.instruction_set)
        .fact("system", &machine.system)
        .fact("finished", &results.finished);
    for seed in &results.seeds {
        if let Some(diverged) = &seed.diverged {
            page = page.warning(format!("Seed {} diverged: {diverged}", seed.seed));
        }
    }
    if !results.scale.concludes() {
        page = page.warning("Smoke scale runs every path and concludes nothing.");
    }
    page = page.section("Claims").table(claims(&results.claims));
    if !results.reported.is_empty() {
        page = page.table(reported(&results.reported));
    }
    page = page.section("Figures");
    page = figures.iter().fold(page, |page, (_, figure)| page.figure(figure));
    page = page.section("Seeds").table(seeds(results));
    page.section("What is done")
        .paragraph(study.summary())
        .code("Settings", results.settings.to_string())
}

fn claims(claims: &[Claim]) -> Table {
    let row = |claim: &Claim| {
        let over = claim.measured.over.name();
        let measured = format!("{} ({over})", shown(claim.measured.summary));
        let shown_claim = report::Claim::new(&claim.id, &claim.statement)
            .source(&claim.source)
            .expected(format!("{} {}", claim.relation.sign(), shown(Some(claim.expected))));
        if let Some(why) = &claim.skipped {
            return shown_claim.not_run(why);
        }
        shown_claim.measured(
            measured,
            format!("{} of {}", claim.held, claim.seeds.len()),
            claim.pass,
        )
    };
    Table::claims("What is claimed and what was measured", claims.iter().map(row))
}

fn reported(reports: &[Report]) -> Table {
    let columns = ["value", "median", "seeds", "source", "id"];
    let table = Table::new("What was measured without a claim").columns(columns);
    reports.iter().fold(table, |table, report| {
        let Numbers { per_seed, summary, .. } = &report.measured;
        let seeds: Vec<String> = per_seed.iter().map(|value| shown(*value)).collect();
        table.row([
            Cell::prose(&report.statement),
            Cell::text(shown(*summary)),
            Cell::text(seeds.join("  ")),
            Cell::prose(&report.source),
            Cell::text(&report.id),
        ])
    })
}

fn seeds(results: &Results) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for measured in results.seeds.iter().filter_map(|seed| seed.measured.as_ref()) {
        names.extend(measured.values().map(|(name, _)| name));
    }
    names.sort_unstable();
    names.dedup();
    let heads = results.seeds.iter().map(|seed| format!("seed {}", seed.seed));
    let mut table = Table::new("Every value of every seed")
        .columns(std::iter::once("value".to_owned()).chain(heads));
    for name in names {
        let value = |seed: &SeedResult| seed.measured.as_ref()?.get(name);
        let cells = results.seeds.iter().map(|s| Cell::number(value(s).unwrap_or(f64::NAN), 4));
        table = table.row(std::iter::once(Cell::text(name)).chain(cells));
    }
    let seconds = results.seeds.iter().map(|seed| Cell::fixed(seed.seconds, 1));
    table.row(std::iter::once(Cell::text("seconds")).chain(seconds))
}
