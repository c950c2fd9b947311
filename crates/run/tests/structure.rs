//! Structured wirings in configurations: connectomes, signs, regions, delays, lesions.

use std::fs;
use std::path::Path;

use attractor_network::{Allowed, Graph};
use attractor_run::*;

/// A small animal: pairs S, A and M, a series VD of four, and a muscle.
fn animal(directory: &Path) {
    let mut edges = "pre,post,type,synapses\n".to_owned();
    let pairs = ["SL", "SR", "AL", "AR", "ML", "MR", "VD1", "VD2", "VD3", "VD4"];
    for (i, a) in pairs.iter().enumerate() {
        for (j, b) in pairs.iter().enumerate() {
            if i != j && (3 * i + 5 * j) % 3 != 0 {
                edges += &format!("{a},{b},chemical,{}\n", 1 + (i + j) % 4);
            }
        }
    }
    edges += "ML,muscle,chemical,7\nSL,SR,electrical,2\n";
    fs::write(directory.join("edges.csv"), edges).unwrap();
    let mut cells = "cell,kind\n".to_owned();
    let mut places = "cell,x,y,z\n".to_owned();
    for (k, cell) in pairs.iter().enumerate() {
        cells += &format!("{cell},{}\n", if k < 2 { "sensory" } else { "other" });
        places += &format!("{cell},{k},0,0\n");
    }
    cells += "muscle,muscle\n";
    fs::write(directory.join("cells.csv"), cells).unwrap();
    fs::write(directory.join("places.csv"), places).unwrap();
}

const CONFIG: &str = "
    task.name = 'context-decision'
    [network.connectome]
    edges = 'edges.csv'
    cells = 'cells.csv'
    positions = 'places.csv'
    types = ['chemical']
    drop.kind = ['muscle']
    missing = 'drop'
    [network.recurrent.sign]
    kind = 'groups'
    inhibitory = ['class=VD']
    excitatory = ['*']
    [stop]
    updates = 12
    score = 'none'
    [validate]
    every = 6
    trials = 10
    [learner]
    batch = 8
    rate = 0.05
    [evaluate]
    trials = 40
";

fn request(directory: &Path, more: &[&str]) -> Request {
    fs::write(directory.join("config.toml"), CONFIG).unwrap();
    let overrides = more.iter().map(|s| (*s).to_owned()).collect();
    Request { config: Some(directory.join("config.toml")), overrides, ..Request::default() }
}

fn read(directory: &Path, more: &[&str]) -> Experiment {
    Experiment::read(&request(directory, more)).unwrap_or_else(|error| panic!("{error}"))
}

fn said(directory: &Path, more: &[&str]) -> Vec<String> {
    let Err(error) = Experiment::read(&request(directory, more)) else {
        panic!("nothing is wrong")
    };
    error.problems.iter().map(Problem::to_string).collect()
}

fn settings() -> Settings {
    Settings { threads: Some(2), ..Settings::default() }
}

#[test]
fn a_connectome_becomes_units_groups_places_and_weights() {
    let dir = tempfile::tempdir().unwrap();
    animal(dir.path());
    let experiment = read(dir.path(), &[]);
    assert_eq!(experiment.config.network.units, 10);
    let rec = &experiment.network.description().populations[1];
    assert_eq!(rec.groups["class=A"].len(), 2);
    assert_eq!(rec.groups["class=VD"].len(), 4);
    assert_eq!(rec.groups["kind=sensory"].len(), 2);
    assert_eq!(experiment.network.points("rec").unwrap().unwrap().len(), 10);
    let Graph { edges, signed } = &experiment.network.description().graphs["connectome"];
    assert!(!signed);
    let weights = experiment.network.layout().get("rec->rec.W").unwrap();
    let allowed = weights.constraint.as_ref().unwrap().allowed();
    let connected = allowed.iter().filter(|a| **a != Allowed::Nothing).count();
    assert_eq!(connected, edges.len());
    let inhibitory = allowed.iter().filter(|a| **a == Allowed::Negative).count();
    let of_vd = edges.iter().filter(|(_, source, _)| rec.groups["class=VD"].contains(source));
    assert!(inhibitory > 0 && inhibitory == of_vd.count());

    // the resolved configuration holds wherever it is read
    let other = tempfile::tempdir().unwrap();
    let file = other.path().join("config.toml");
    fs::write(&file, &experiment.text).unwrap();
    let again = Experiment::read(&Request { config: Some(file), ..Request::default() });
    let again = again.unwrap_or_else(|error| panic!("{error}\n{}", experiment.text));
    assert_eq!(again.text, experiment.text);
    assert_eq!(again.network.description(), experiment.network.description());

    // weights from its counts, input to some of its cells
    let weighted = read(
        dir.path(),
        &[
            "network.recurrent=graph",
            "network.input={kind='constrained', wiring={kind='dense', law={kind='normal', sd=1.0}}, masks=[{kind='groups', between=[{from='*', to='kind=sensory'}]}]}",
        ],
    );
    let parameters = weighted.network.initial_parameters(1);
    let w = weighted.network.matrix("rec->rec", &parameters).unwrap();
    let largest = w.rows().into_iter().map(|row| row.sum()).fold(0.0f64, f64::max);
    assert!((largest - 1.0).abs() < 1e-12, "{largest}");
    let input = weighted.network.matrix("in->rec", &parameters).unwrap();
    let sensory = &rec.groups["kind=sensory"];
    assert!(input.indexed_iter().all(|((i, _), w)| (*w != 0.0) == sensory.contains(&i)));
}

#[test]
fn what_is_wrong_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    animal(dir.path());
    let problems =
        said(dir.path(), &["network.units=12", "network.recurrent.sign.inhibitory=['class=VB']"]);
    let all = problems.join("\n");
    assert!(all.contains("network.units") && all.contains("the connectome has 10 cells"), "{all}");
    let problems = said(dir.path(), &["network.recurrent.sign.inhibitory=['class=VB']"]);
    assert!(problems[0].contains("group `class=VB` does not exist"), "{problems:?}");
    let problems = said(dir.path(), &["network.connectome.missing=refuse", "lerner.rate=1"]);
    let all = problems.join("\n");
    assert!(problems.len() >= 2 && all.contains("lacks 1 cells: muscle"), "{all}");
    let problems = said(dir.path(), &["network.connectome.cell='cells.csv'"]);
    assert!(problems[0].contains("`network.connectome.cell`"), "{problems:?}");
    let blocks = "network.recurrent.wiring={kind='blocks', blocks=[{from='S', to='P', wiring={kind='low-rank', rank=300, m={kind='normal', sd=1.0}, n={kind='normal', sd=1.0}}}, {from='P', to='P', wiring={kind='low-rank', rank=300, m={kind='normal', sd=1.0}, n={kind='normal', sd=1.0}}}]}";
    let problems = said(dir.path(), &["network.groups.P=0..4", blocks]);
    let all = problems.join("\n");
    assert!(problems.len() == 2, "{all}");
    assert!(all.contains("group `S` does not exist") && all.contains("rank: 300 given"), "{all}");
}

#[test]
fn a_lesion_is_judged_and_dales_law_has_held() {
    let dir = tempfile::tempdir().unwrap();
    animal(dir.path());
    let out = dir.path().join("run");
    let experiment = read(dir.path(), &[]);
    let start = experiment.network.initial_parameters(1);
    let directory = RunDirectory::create(&out).unwrap();
    let outcome = train(experiment, directory, settings(), &mut Nobody).unwrap();
    let Outcome::Done(results) = outcome else { panic!("{outcome:?}") };
    let directory = RunDirectory::open(&out).unwrap();
    let model = load_model(&out).unwrap();
    let entry = model.network.layout().get("rec->rec.W").unwrap();
    let constraint = entry.constraint.as_ref().unwrap();
    let weights = &model.parameters[entry.range.clone()];
    assert!(weights.iter().enumerate().all(|(k, &w)| constraint.allows(k, w)));
    assert_ne!(weights, &start[entry.range.clone()]);

    let lesioned = |silence: &[&str]| {
        let silence = silence.iter().map(|s| (*s).to_owned()).collect();
        lesion(&directory, &Simulation { silence, ..Simulation::default() }, settings())
    };
    let nothing = lesioned(&[]).unwrap();
    assert_eq!(nothing.intact, nothing.lesioned);
    assert_eq!(nothing.intact.score, results.evaluation.score);
    let all = lesioned(&["units=0..10"]).unwrap();
    assert_ne!(all.intact.loss, all.lesioned.loss);
    let by_name = lesioned(&["class=VD"]).unwrap();
    let rec = &model.network.description().populations[1];
    let numbers: Vec<String> = rec.groups["class=VD"].iter().map(usize::to_string).collect();
    let by_number = format!("rec[units={}]", numbers.join(","));
    let by_number = lesioned(&[&by_number]).unwrap();
    assert_ne!(by_name.lesioned, by_name.intact);
    assert_eq!(lesioned(&["units=0..4,3..10"]).unwrap().lesioned, all.lesioned);
    assert_eq!(by_name.lesioned, by_number.lesioned);
    for (wrong, part) in [
        (&["class=VB"][..], "no group `class=VB` (did you mean `class=VD`?)"),
        (&["units=3,12"], "`12` is no unit or range of the 10"),
        (&["class=VB", "units=x"], "; `units=x`: `x` is no unit"),
        (&["hidden[units=1]"], "no population `hidden`"),
    ] {
        let said = lesioned(wrong).unwrap_err().to_string();
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn delays_grow_with_distance() {
    let dir = tempfile::tempdir().unwrap();
    animal(dir.path());
    // units 1 apart, steps of 20 ms: 0.1 per ms is two places a step
    let experiment = read(dir.path(), &["network.conduction.speed=0.1", "network.params.tau=60"]);
    let projections = &experiment.network.description().projections;
    let lags: Vec<usize> =
        projections.iter().filter(|p| p.name().starts_with("rec->rec@")).map(|p| p.lag).collect();
    assert_eq!(lags, [1, 2, 3, 4, 5]);
    let parameters = experiment.network.initial_parameters(1);
    let w =
        |lag: usize| experiment.network.matrix(&format!("rec->rec@{lag}"), &parameters).unwrap();
    let places = experiment.network.points("rec").unwrap().unwrap();
    let mut connected = 0;
    for lag in lags {
        for ((i, j), weight) in w(lag).indexed_iter().filter(|(_, w)| **w != 0.0) {
            let distance = (places[i][0] - places[j][0]).abs();
            assert_eq!(((distance / 2.0).round() as usize).max(1), lag, "{i} {j} {weight}");
            connected += 1;
        }
    }
    assert_eq!(connected, experiment.network.description().graphs["connectome"].edges.len());
    let problems = said(dir.path(), &["network.conduction.speed=-1"]);
    assert!(problems[0].contains("a positive number is expected"), "{problems:?}");
}

#[test]
fn regions_have_blocks_and_time_constants_of_their_own() {
    let overrides = [
        "network.units=24",
        "network.groups.S=0..8",
        "network.groups.M=8..16",
        "network.groups.P=16..24",
        "network.per_unit=['tau']",
        "network.params.tau=40",
        "network.params.\"tau[P]\"=500",
        "network.recurrent={kind='constrained', sign={kind='dale', excitatory=0.5}, wiring={kind='blocks', blocks=[{from='S', to='S', wiring={kind='dense', law={kind='gaussian', gain=0.9}}}, {from='S', to='P', wiring={kind='low-rank', rank=2, m={kind='normal', sd=1.0}, n={kind='normal', sd=1.0}}}]}}",
    ];
    let request = Request {
        task: Some("context-decision".into()),
        overrides: overrides.map(str::to_owned).to_vec(),
        ..Request::default()
    };
    let experiment = Experiment::read(&request).unwrap_or_else(|error| panic!("{error}"));
    let parameters = experiment.network.initial_parameters(1);
    let tau = experiment.network.layout().array("rec.tau", &parameters).unwrap();
    assert!(tau[..16].iter().all(|t| *t == 40.0) && tau[16..].iter().all(|t| *t == 500.0));
    let w = experiment.network.matrix("rec->rec", &parameters).unwrap();
    let allowed = |i: usize, j: usize| j < 8 && !(8..16).contains(&i);
    assert!(w.indexed_iter().all(|((i, j), w)| (*w != 0.0) == allowed(i, j)));
    assert!(w.iter().all(|w| *w >= 0.0), "the first half is excitatory");
    let mut wrong = request.clone();
    wrong.overrides.push("network.params.\"tua[P]\"=1".into());
    let Err(error) = Experiment::read(&wrong) else { panic!("nothing is wrong") };
    assert!(error.to_string().contains("no parameter `tua`"), "{error}");
}
