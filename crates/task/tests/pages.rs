//! `docs/tasks.md` is generated: this test says when it is stale, and rewrites it if asked to.

use attractor_task::{create, presets, registry};

const HEAD: &str = "# Tasks\n\nGenerated from the library; `UPDATE_PAGES=1 cargo test -p attractor-task --test pages` writes it anew. \
`attractor tasks show NAME` adds conditions, options with their defaults and units, and presets; with `--draw trials.svg` it draws trials. \
Durations are in ms at the default options; wherever a period can vary, an option takes `500` (always), `[500, 2000]` (uniform) or \
`{ mean = 800, min = 500, max = 2000 }` (exponential, truncated). Noise is given as its standard deviation per step of 20 ms and has the same power at any dt.\n";

const DATA: &str = "\n## Tasks of data\n\nThese need files that the program does not hold: `attractor train sequential-mnist task.data=mnist_5k.csv.gz`. \
Sequences are divided once into training, validation and evaluation; a path that is not absolute is seen from where the command runs.\n\n| task | `task.data` |\n|---|---|\n";

const PRESETS: &str = "\n## Presets\n\nSettings of a publication under a name, as in `attractor train context-decision task.preset=mante-2013`; \
options given beside it win.\n\n| task | preset | is |\n|---|---|---|\n";

const ADDING: &str = "\n## A task of your own\n\nTrials that exist already need no task: [files.md](files.md) says how a `.npz` file of them is written, and \
`attractor train task.trials=FILE.npz` trains on it. A task that makes trials is one file of Rust: its options and an `impl Design`. \
The first page of the documentation of `attractor_task` (`cargo doc -p attractor-task --no-deps --lib --open`) has one in full, with everything it needs; \
[CONTRIBUTING.md](../CONTRIBUTING.md) says where it goes in the library.\n";

#[test]
fn the_page_of_tasks_is_fresh() {
    let mut page = HEAD.to_owned();
    page += "\n| task | inputs | outputs | periods (ms) | right is | source |\n|---|---|---|---|---|---|\n";
    for entry in registry::TASKS.iter().filter(|entry| entry.needs.is_none()) {
        let task = create(entry.name, &toml::Table::new()).unwrap();
        // of many channels, the first few
        let code = |names: Vec<String>| {
            let most = if names.len() > 12 { 4 } else { names.len() };
            let shown: Vec<String> = names[..most].iter().map(|name| format!("`{name}`")).collect();
            let rest =
                if most < names.len() { format!(", … ({})", names.len()) } else { String::new() };
            shown.join(", ") + &rest
        };
        let periods: Vec<String> = task
            .periods()
            .iter()
            .map(|period| {
                format!("{} {}", period.name, period.duration.to_string().replace(" ms", ""))
            })
            .collect();
        page += &format!(
            "| **{}**: {} | {} | {} | {} | {} | {} |\n",
            task.name(),
            task.summary(),
            code(task.inputs()),
            code(task.outputs()),
            periods.join("; "),
            task.choice_rule(),
            task.reference(),
        );
    }
    page += DATA;
    for entry in registry::TASKS.iter().filter(|entry| entry.needs.is_some()) {
        let where_from = entry.options.iter().find(|option| Some(option.name) == entry.needs);
        let where_from = where_from.map_or("", |option| option.meaning);
        page += &format!("| **{}**: {} | {where_from} |\n", entry.name, entry.summary);
    }
    page += PRESETS;
    for preset in presets::PRESETS {
        page += &format!("| {} | `{}` | {} |\n", preset.task, preset.name, preset.meaning);
    }
    page += ADDING;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tasks.md");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == page, "docs/tasks.md is stale: run with UPDATE_PAGES=1");
}
