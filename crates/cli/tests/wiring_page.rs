//! `docs/wiring.md` does what it says: its worm is trained and lesioned, at a small scale.

#![allow(clippy::print_stderr)] // a skipped test says so

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PAGE: &str = include_str!("../../../docs/wiring.md");

/// What makes a run of the page one of seconds.
const SMALL: [&str; 6] = [
    "stop.updates=4",
    "validate.every=2",
    "validate.trials=16",
    "learner.batch=8",
    "evaluate.trials=32",
    "analyse.parts=[]",
];

/// The first block of a language after some words of the page.
fn block(after: &str, language: &str) -> &'static str {
    let rest = &PAGE[PAGE.find(after).unwrap()..];
    let rest = rest.split_once(&format!("```{language}\n")).unwrap().1;
    rest.split_once("```").unwrap().0
}

fn attractor(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attractor"));
    command.current_dir(directory).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn ok(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The folder of data beside the repository, if it is there.
fn worm() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let places = ["../shared/data", "../../shared/data"];
    let mut places = places.iter().map(|at| root.join(at).join("connectome_worm"));
    let found = places.find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("skipped: no folder connectome_worm in ../shared/data");
    }
    found
}

#[test]
fn the_worm_is_trained_under_dales_law_and_lesioned() {
    let Some(data) = worm() else { return };
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("worm")).unwrap();
    for file in ["aconnectome_white_1986_whole.csv", "all_cell_info.csv"] {
        fs::copy(data.join(file), dir.path().join("worm").join(file)).unwrap();
    }
    let worm = "The worm under Dale's law";
    fs::write(dir.path().join("worm.toml"), block(worm, "toml")).unwrap();
    let mut commands = block(worm, "sh").lines();
    let train: Vec<&str> = commands.next().unwrap().split(' ').skip(1).collect();
    ok(attractor(dir.path(), &[&train[..], &SMALL].concat()));
    let model = attractor::run::load_model(&dir.path().join("runs/worm")).unwrap();
    let rec = &model.network.description().populations[1];
    assert_eq!(rec.units, 300);
    let w = model.network.matrix("rec->rec", &model.parameters).unwrap();
    let connected = w.iter().filter(|w| **w != 0.0).count();
    assert!(connected <= 2266 && connected > 2000, "{connected}");
    let gaba = ["DD", "VD", "RME", "RMED", "RMEV", "RIS", "AVL", "DVB"];
    let gaba: Vec<usize> =
        gaba.iter().flat_map(|class| rec.groups[&format!("class={class}")].clone()).collect();
    assert_eq!(gaba.len(), 26, "the GABAergic neurons of McIntire et al. 1993");
    let inhibits = |j: &usize| gaba.contains(j);
    assert!(w.indexed_iter().all(|((_, j), w)| if inhibits(&j) { *w <= 0.0 } else { *w >= 0.0 }));
    let mut lesions = 0;
    for command in commands {
        let said = ok(attractor(dir.path(), &command.split(' ').skip(1).collect::<Vec<_>>()));
        assert!(said.contains("left alone") && said.contains("interfered with"), "{said}");
        lesions += 1;
    }
    assert_eq!(lesions, 2);
    let json =
        ok(attractor(dir.path(), &["simulate", "runs/worm", "--silence", "class=AVA", "--json"]));
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_ne!(found["intact"]["loss"], found["lesioned"]["loss"]);
    let wrong = attractor(dir.path(), &["simulate", "runs/worm", "--silence", "class=AWX"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean"));
}

#[test]
fn the_other_configurations_of_the_page_are_read() {
    let dir = tempfile::tempdir().unwrap();
    for after in ["How wirings compose", "## Regions"] {
        let file = dir.path().join("page.toml");
        fs::write(&file, block(after, "toml")).unwrap();
        let request = attractor::run::Request {
            task: Some("context-decision".into()),
            config: Some(file),
            ..Default::default()
        };
        let experiment = attractor::run::Experiment::read(&request);
        experiment.unwrap_or_else(|error| panic!("{after}: {error}"));
    }
}

#[test]
fn a_name_that_is_several_things_is_shown_as_each() {
    let said = ok(attractor(Path::new("."), &["wirings", "show", "graph"]));
    for part in ["graph, a wiring", "graph, a mask", "graph, a sign", "network.recurrent.masks = ["]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let list = ok(attractor(Path::new("."), &["wirings"]));
    for part in ["constrained", "nearby", "inhibitory", "lattice", "orthogonal"] {
        assert!(list.contains(part), "{part}: {list}");
    }
}
