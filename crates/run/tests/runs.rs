//! Whole runs, tiny: the directory, the same bits however often interrupted, divergence.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use attractor_data::write_npz;
use attractor_run::observer::Event;
use attractor_run::results::Status;
use attractor_run::*;
use ndarray::Array3;

/// A run of a second: few units, few updates.
fn request(more: &[&str]) -> Request {
    let small = [
        "network.units=12",
        "stop.updates=30",
        "stop.score=none",
        "validate.every=10",
        "validate.trials=20",
        "learner.batch=8",
        "evaluate.trials=50",
    ];
    Request {
        task: Some("context-decision".into()),
        overrides: small.iter().chain(more).map(|s| (*s).to_owned()).collect(),
        ..Request::default()
    }
}

fn settings(threads: usize) -> Settings {
    Settings { threads: Some(threads), ..Settings::default() }
}

/// Stops after so many updates.
struct Stopping {
    left: Cell<i64>,
    said: Vec<String>,
}

impl Stopping {
    fn after(updates: i64) -> Self {
        Stopping { left: Cell::new(updates), said: Vec::new() }
    }
}

impl Observer for Stopping {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Update { .. } => self.left.set(self.left.get() - 1),
            Event::Note(line) | Event::Warning(line) => self.said.push(line.to_owned()),
            _ => {}
        }
    }

    fn interrupted(&self) -> bool {
        self.left.get() <= 0
    }
}

fn whole(dir: &Path, more: &[&str], threads: usize) -> Results {
    let experiment = Experiment::read(&request(more)).unwrap();
    let directory = RunDirectory::create(dir).unwrap();
    match train(experiment, directory, settings(threads), &mut Nobody).unwrap() {
        Outcome::Done(results) => *results,
        other => panic!("{other:?}"),
    }
}

/// What must be the same to the bit.
fn bits(dir: &Path) -> (Vec<u8>, String, String) {
    let read = |name: &str| fs::read(dir.join(name)).unwrap();
    let text = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    (read("model.safetensors"), text("metrics.csv"), text("config.toml"))
}

#[test]
fn a_run_leaves_everything_and_its_configuration_makes_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join("first");
    let results =
        whole(&first, &["objective=[{kind='mse'},{kind='l2',signal='rec.r',weight=1e-3}]"], 2);
    assert_eq!((results.status, results.training.updates), (Status::Done, 30));
    assert!(results.evaluation.score.is_some() && results.evaluation.trials == 50);
    for file in [
        "config.toml",
        "metrics.csv",
        "model.safetensors",
        "checkpoint/state.safetensors",
        "results.json",
        "report.html",
        "log.txt",
        "figures/curves.svg",
        "figures/curves.png",
        "figures/trials.svg",
        "figures/weights.svg",
        "figures/eigenvalues.png",
    ] {
        assert!(first.join(file).metadata().is_ok_and(|f| f.len() > 0), "{file}");
    }
    let metrics = Metrics::read(&first.join("metrics.csv")).unwrap();
    assert_eq!(metrics.terms, ["mse(out.y)", "l2(rec.r)"]);
    assert_eq!(metrics.rows.len(), 30);

    let again = Request { config: Some(first.join("config.toml")), ..Request::default() };
    let experiment = Experiment::read(&again).unwrap();
    let second = dir.path().join("second");
    train(experiment, RunDirectory::create(&second).unwrap(), settings(1), &mut Nobody).unwrap();
    assert_eq!(bits(&first), bits(&second), "one thread, from config.toml");

    let page = fs::read_to_string(first.join("report.html")).unwrap();
    fs::remove_dir_all(first.join("figures")).unwrap();
    fs::remove_file(first.join("report.html")).unwrap();
    report_again(&RunDirectory::open(&first).unwrap(), settings(2)).unwrap();
    assert_eq!(fs::read_to_string(first.join("report.html")).unwrap(), page);
}

/// The statistics of a recording are those of its numbers; activity below 0 is no rate.
#[test]
fn activity_is_compared_with_a_recording() {
    let dir = tempfile::tempdir().unwrap();
    let activity = Array3::from_shape_fn((4, 50, 9), |(trial, t, unit)| {
        let phase = t as f64 / 8.0 - unit as f64 * 0.7 + trial as f64 * 0.1;
        phase.cos().max(0.0) * (1.0 + unit as f64)
    });
    let file = dir.path().join("waves.npz");
    write_npz(&file, &[("activity", (&activity).into()), ("rate_hz", 20.0.into())]).unwrap();
    let questions =
        Questions { parts: vec![Part::Recording], recording: Some(file), ..Questions::default() };
    let ask = |name: &str, more: &[&str]| {
        let run = dir.path().join(name);
        whole(&run, &[more, &["analyse.parts=[]"]].concat(), 2);
        let directory = RunDirectory::open(&run).unwrap();
        let found = analyse_again(&directory, &questions, settings(2)).unwrap();
        (found, fs::read_to_string(directory.report()).unwrap())
    };
    let (found, page) = ask("rates", &["network.neuron=leaky-relu"]);
    assert!(found.unanswered.is_empty(), "{:?}", found.unanswered);
    let units_last = activity.view().permuted_axes([1, 0, 2]).mapv(|x| f64::from(x as f32));
    let expected = attractor_analysis::activity_statistics(units_last.view()).unwrap().values();
    assert_eq!(found.compared.len(), expected.len() + 1);
    for (found, expected) in found.compared.iter().zip(expected) {
        assert!((found.recording - expected).abs() < 1e-6, "{found:?}, {expected}");
    }
    assert!(page.contains("between halves of the recording"));
    // made again without the file, the page keeps what was found
    let directory = RunDirectory::open(&dir.path().join("rates")).unwrap();
    fs::remove_file(directory.report()).unwrap();
    report_again(&directory, settings(2)).unwrap();
    assert_eq!(fs::read_to_string(directory.report()).unwrap(), page);
    let nowhere = Questions { recording: Some(dir.path().join("no.npz")), ..questions.clone() };
    let error = analyse_again(&directory, &nowhere, settings(2)).unwrap_err().to_string();
    assert!(error.contains("no.npz: no such file"), "{error}");
    let (found, _) = ask("tanh", &[]);
    assert!(found.compared.is_empty() && found.unanswered[0].contains("negative"), "{found:?}");
}

/// What earlier versions did not write is made now; what cannot be made is named.
#[test]
fn a_run_of_an_earlier_version_opens_or_says_why_not() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let now = whole(&run, &[], 2);
    let directory = RunDirectory::open(&run).unwrap();
    let edit = |how: &dyn Fn(&mut serde_json::Map<String, serde_json::Value>)| {
        let text = fs::read_to_string(directory.results()).unwrap();
        let mut results: serde_json::Value = serde_json::from_str(&text).unwrap();
        how(results.as_object_mut().unwrap());
        fs::write(directory.results(), results.to_string()).unwrap();
    };
    // without an analysis, and without its section in the configuration
    edit(&|results| assert!(results.remove("analysis").is_some()));
    let config: toml::Table = fs::read_to_string(directory.config()).unwrap().parse().unwrap();
    let mut older = config.clone();
    assert!(older.remove("analyse").is_some());
    fs::write(directory.config(), older.to_string()).unwrap();
    let opened = report_again(&directory, settings(2)).unwrap();
    assert!(opened.parts.is_empty());
    assert!(fs::read_to_string(directory.report()).unwrap().contains("Configuration"));
    let asked = vec![Part::Population, Part::TaskAxes];
    let questions = Questions { parts: asked.clone(), ..Questions::default() };
    let analysis = analyse_again(&directory, &questions, settings(2)).unwrap();
    assert_eq!(analysis.parts, asked);
    let fresh = now.analysis.unwrap();
    assert_eq!((&analysis.task_axes, &analysis.spectra), (&fresh.task_axes, &fresh.spectra));
    let names: Vec<&str> = analysis.task_axes.iter().map(|axis| axis.variable.as_str()).collect();
    assert!(names.contains(&"coherence a") && names.contains(&"context"), "{names:?}");
    assert!(analysis.spectra[0].radius > 0.0);
    let page = fs::read_to_string(directory.report()).unwrap();
    assert!(page.contains("Activity along task axes"));

    // an analysis that knew fewer questions
    edit(&|results| {
        let analysis = results.get_mut("analysis").unwrap().as_object_mut().unwrap();
        for key in ["task_axes", "spectra", "lyapunov"] {
            analysis.remove(key);
        }
    });
    report_again(&directory, settings(2)).unwrap();
    // what only the run itself could know
    edit(&|results| assert!(results.remove("machine").is_some()));
    let error = report_again(&directory, settings(2)).unwrap_err().to_string();
    assert!(error.contains("results.json") && error.contains("machine"), "{error}");
}

#[test]
fn interrupted_or_killed_the_bits_are_those_of_one_sitting() {
    let dir = tempfile::tempdir().unwrap();
    let phases = "phase=[{stop.updates=14, learner.schedule.kind='cosine'},{stop.updates=9,train=['*->out*']}]";
    let whole_dir = dir.path().join("whole");
    whole(&whole_dir, &[phases], 2);

    let pieces = dir.path().join("pieces");
    let directory = RunDirectory::create(&pieces).unwrap();
    let experiment = Experiment::read(&request(&[phases])).unwrap();
    let outcome =
        train(experiment, directory.clone(), settings(2), &mut Stopping::after(5)).unwrap();
    assert!(matches!(outcome, Outcome::Interrupted { update: 5 }), "{outcome:?}");

    // killed in the middle of the next checkpoint: metrics are ahead, half a file lies about
    let metrics = Metrics::read(&directory.metrics()).unwrap();
    assert_eq!(metrics.rows.len(), 5);
    let mut ahead = metrics.clone();
    ahead.rows.extend(
        metrics.rows.iter().map(|row| metrics::Row { update: row.update + 5, ..row.clone() }),
    );
    ahead.write(&directory.metrics()).unwrap();
    let mut part = directory.checkpoint().into_os_string();
    part.push(".part");
    let saved = fs::read(directory.checkpoint()).unwrap();
    fs::write(PathBuf::from(part), &saved[..saved.len() / 2]).unwrap();

    for updates in [1, 8, 2] {
        let outcome =
            resume(directory.clone(), settings(1), &mut Stopping::after(updates)).unwrap();
        assert!(matches!(outcome, Outcome::Interrupted { .. }), "{outcome:?}");
    }
    let outcome = resume(directory.clone(), settings(3), &mut Nobody).unwrap();
    let Outcome::Done(results) = outcome else { panic!("{outcome:?}") };
    assert_eq!(results.training.resumed.len(), 4);
    assert_eq!(results.training.phases.len(), 2);
    assert_eq!(bits(&whole_dir), bits(&pieces));
    let outcome = resume(directory.clone(), settings(1), &mut Nobody).unwrap();
    assert!(matches!(outcome, Outcome::Already(_)), "{outcome:?}");
    let names = |dir: &Path| -> Vec<String> {
        let entries =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        entries.filter(|name| name.ends_with(".part")).collect()
    };
    assert_eq!(names(&pieces), [""; 0]);
    assert_eq!(names(&pieces.join("checkpoint")), [""; 0]);
}

#[test]
fn stopped_before_the_first_checkpoint_it_begins_again() {
    let dir = tempfile::tempdir().unwrap();
    let whole_dir = dir.path().join("whole");
    whole(&whole_dir, &["stop.updates=3"], 1);
    let begun = dir.path().join("begun");
    let directory = RunDirectory::create(&begun).unwrap();
    let experiment = Experiment::read(&request(&["stop.updates=3"])).unwrap();
    fs::write(directory.config(), &experiment.text).unwrap();
    resume(directory, settings(1), &mut Nobody).unwrap();
    assert_eq!(bits(&whole_dir), bits(&begun));
}

#[test]
fn another_instruction_set_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let directory = RunDirectory::create(&path).unwrap();
    let experiment = Experiment::read(&request(&[])).unwrap();
    train(experiment, directory.clone(), settings(1), &mut Stopping::after(2)).unwrap();
    let bytes = fs::read(directory.checkpoint()).unwrap();
    let here = attractor_numerics::Isa::best().to_string();
    let there = "z".repeat(here.len());
    let find = |what: &str| bytes.windows(what.len()).position(|w| w == what.as_bytes());
    let key = "instruction_set\\\":\\\"";
    let at = find(key).unwrap() + key.len();
    let mut changed = bytes.clone();
    changed[at..at + here.len()].copy_from_slice(there.as_bytes());
    fs::write(directory.checkpoint(), changed).unwrap();
    let mut watch = Stopping::after(1000);
    let Outcome::Done(results) = resume(directory, settings(1), &mut watch).unwrap() else {
        panic!()
    };
    let warning = format!("the run began on {there}, and goes on from update 2 on {here}");
    assert!(results.warnings.iter().any(|w| w.contains(&warning)), "{:?}", results.warnings);
    assert!(watch.said.iter().any(|w| w.contains(&warning)), "{:?}", watch.said);
}

#[test]
fn divergence_keeps_the_last_good_weights() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let directory = RunDirectory::create(&path).unwrap();
    let wild = [
        "network.neuron=leaky-relu",
        "learner.rate=1e6",
        "learner.clip=0",
        "learner.optimiser=sgd",
        "validate.every=1",
    ];
    let experiment = Experiment::read(&request(&wild)).unwrap();
    let error = train(experiment, directory.clone(), settings(1), &mut Nobody).unwrap_err();
    assert!(!error.is_request());
    assert!(error.to_string().contains("diverged at update"), "{error}");
    let results = results(&directory).unwrap();
    assert_eq!(results.status, Status::Diverged);
    assert!(results.error.unwrap().contains("learner.rate"));
    assert!(load_model(&path).is_ok());
    assert!(directory.report().is_file());
}

#[test]
fn damaged_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let directory = RunDirectory::create(&path).unwrap();
    let experiment = Experiment::read(&request(&[])).unwrap();
    train(experiment, directory.clone(), settings(1), &mut Stopping::after(2)).unwrap();
    let said = |directory: &RunDirectory| {
        resume(directory.clone(), settings(1), &mut Nobody).unwrap_err().to_string()
    };
    let saved = fs::read(directory.checkpoint()).unwrap();
    fs::write(directory.checkpoint(), &saved[..saved.len() - 9]).unwrap();
    assert!(
        said(&directory).contains("state.safetensors: the file is truncated"),
        "{}",
        said(&directory)
    );
    fs::write(directory.checkpoint(), &saved).unwrap();
    fs::write(directory.metrics(), "update,los\n").unwrap();
    assert!(said(&directory).contains("metrics.csv: line 1"), "{}", said(&directory));
    fs::write(directory.config(), "seed = \n").unwrap();
    assert!(said(&directory).contains("config.toml:1:"), "{}", said(&directory));
}

#[test]
fn a_neuron_typed_in_gives_the_bits_of_the_built_in() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.toml");
    let text = "name = 'mine'\ndrives = ['I']\nnoise = { xi = 'normal' }\n\
                equations = ['dx/dt = (-x + I)/tau + sigma*xi/dt', 'r = tanh(after(x))']\n\
                [parameters]\ntau = 100.0\nsigma = 0.05\n";
    fs::write(&file, text).unwrap();
    let neuron = format!("network.neuron={}", file.display());
    let (mine, built_in) = (dir.path().join("mine"), dir.path().join("built-in"));
    whole(&mine, &[&neuron], 2);
    whole(&built_in, &[], 2);
    let metrics = |dir: &Path| fs::read_to_string(dir.join("metrics.csv")).unwrap();
    assert_eq!(metrics(&mine), metrics(&built_in));
    let weights = |dir: &Path| load_model(dir).unwrap().parameters;
    let sorted = |dir: &Path| {
        let mut weights = weights(dir);
        weights.sort_by(f64::total_cmp);
        weights
    };
    assert_eq!(sorted(&mine), sorted(&built_in));
}

#[test]
fn a_neuron_nobody_has_seen_trains_and_simulates() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("unseen.toml");
    fs::write(
        &file,
        "name = 'unseen'\ndrives = ['I', 'J']\nnoise = { xi = 'normal' }\n\
         equations = [\n\
         'dv/dt = (I - v - gain*a)/tau + 0.002*xi',\n\
         'da/dt = (softplus(after(v)) - a)/200',\n\
         'z[t+1] = 0.5*z + tanh(J*a)',\n\
         'r = tanh(after(v))*(1 + gain*after(z))',\n\
         's = sigmoid(v - z)',\n\
         ]\n\
         [parameters]\n\
         gain = { default = 0.8, trained = true }\n\
         tau = { default = 50.0, trained = true, per_unit = true, range = [21.0, 500.0] }\n",
    )
    .unwrap();
    let neuron = format!("network.neuron={}", file.display());
    let path = dir.path().join("run");
    let results = whole(&path, &[&neuron, "network.groups.a=0..6"], 2);
    assert_eq!(results.network.neuron, "unseen");
    let (first, last) = {
        let metrics = Metrics::read(&path.join("metrics.csv")).unwrap();
        (metrics.rows[0].loss, metrics.rows[29].loss)
    };
    assert!(last < first, "{last} is no less than {first}");
    let model = load_model(&path).unwrap();
    let tau = model.network.layout().get("rec.tau").unwrap();
    let taus = &model.parameters[tau.range.clone()];
    assert!(taus.len() == 12 && taus.iter().all(|tau| (21.0..=500.0).contains(tau)), "{taus:?}");
    assert!(taus.iter().any(|tau| *tau != 50.0));

    let trials = attractor_task::create("context-decision", &toml::Table::new()).unwrap();
    let trials = trials.generate(5, 0, 3).unwrap();
    let run = |simulation: &Simulation| simulate(&model, &trials, simulation, settings(2)).unwrap();
    let activity = run(&Simulation { silence: vec!["a".into()], ..Simulation::default() });
    let names: Vec<&str> = activity.signals().map(|(name, _)| name).collect();
    assert_eq!(names, ["rec.r", "rec.s", "rec.v", "rec.a", "rec.z", "out.y"]);
    let r = activity.get("rec.r").unwrap();
    assert_eq!(r.dim(), (68, 3, 12));
    let heard = |units: std::ops::Range<usize>| {
        r.indexed_iter().any(|((_, _, unit), r)| units.contains(&unit) && *r != 0.0)
    };
    assert!(!heard(0..6) && heard(6..12));
    let noisy = |seed| {
        run(&Simulation {
            noise: Some(seed),
            record: vec!["out.y".into()],
            ..Simulation::default()
        })
    };
    assert_eq!(noisy(1), noisy(1));
    assert_ne!(noisy(1), noisy(2));
    let unknown = Simulation { silence: vec!["b".into()], ..Simulation::default() };
    let said = simulate(&model, &trials, &unknown, settings(1)).unwrap_err().to_string();
    assert!(said.contains("no group `b`") && said.contains("`rec[a]`"), "{said}");
}

#[test]
fn trials_from_a_file_are_learnt_and_judged_held_out() {
    let dir = tempfile::tempdir().unwrap();
    let task = attractor_task::create("flip-flop", &toml::toml! { bits = 2 }).unwrap();
    let file = dir.path().join("some trials.npz");
    attractor_data::write_trials(&file, &task.generate(3, 0, 40).unwrap()).unwrap();
    let request = Request {
        task: Some(file.display().to_string()),
        overrides: ["network.units=16", "stop.updates=20", "learner.batch=8"]
            .map(String::from)
            .to_vec(),
        ..Request::default()
    };
    let experiment = Experiment::read(&request).unwrap();
    assert_eq!(
        (experiment.material.name(), experiment.material.outputs().len()),
        ("some trials", 2)
    );
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    let outcome = train(experiment, directory, settings(2), &mut Nobody).unwrap();
    let Outcome::Done(results) = outcome else { panic!("{outcome:?}") };
    assert_eq!((results.evaluation.trials, results.evaluation.measure.as_str()), (8, "R²"));
    assert!(results.evaluation.score.is_some());
}

#[test]
fn counts_from_a_file_are_judged_by_the_deviance_explained() {
    let dir = tempfile::tempdir().unwrap();
    let task = attractor_task::create("flip-flop", &toml::toml! { bits = 1 }).unwrap();
    let mut trials = task.generate(3, 0, 40).unwrap();
    // no spike, or two
    trials.targets[0].values.mapv_inplace(|y| if y > 0.0 { 2.0 } else { 0.0 });
    let file = dir.path().join("counts.npz");
    attractor_data::write_trials(&file, &trials).unwrap();
    let objective = "objective=[{ kind = 'poisson', link = 'softplus' }]";
    let request = Request {
        task: Some(file.display().to_string()),
        overrides: ["network.units=16", "stop.updates=150", "learner.batch=16", objective]
            .map(String::from)
            .to_vec(),
        ..Request::default()
    };
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    let experiment = Experiment::read(&request).unwrap();
    let outcome = train(experiment, directory, settings(2), &mut Nobody).unwrap();
    let Outcome::Done(results) = outcome else { panic!("{outcome:?}") };
    assert_eq!(results.evaluation.measure, "deviance explained");
    let score = results.evaluation.score.unwrap();
    assert!(score > 0.2 && score < 1.0, "{score}");
}

#[test]
fn phases_train_on_tasks_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let phases = "phase=[{task.noise=0.0,stop.updates=4},\
                  {task={name='multi',tasks=[{name='delayed-discrimination',delay=100},{name='flip-flop',bits=1}]},stop.updates=4},\
                  {stop.updates=4}]";
    let first = dir.path().join("first");
    let results = whole(&first, &[phases], 2);
    assert_eq!((results.training.updates, results.task.as_str()), (12, "context-decision"));
    let written: toml::Table =
        fs::read_to_string(first.join("config.toml")).unwrap().parse().unwrap();
    let phase = |k: usize| &written["phase"][k];
    assert_eq!(phase(0)["task"]["noise"].as_float(), Some(0.0));
    assert_eq!(phase(0)["task"]["cue"].as_float(), Some(350.0), "every option is written out");
    assert_eq!(phase(1)["task"]["tasks"][1]["hold"].as_float(), Some(1940.0));
    assert!(phase(2).get("task").is_none());

    let again = Request { config: Some(first.join("config.toml")), ..Request::default() };
    let second = dir.path().join("second");
    let experiment = Experiment::read(&again).unwrap();
    train(experiment, RunDirectory::create(&second).unwrap(), settings(1), &mut Nobody).unwrap();
    assert_eq!(bits(&first), bits(&second));
    // without the curriculum the weights are others
    let plain = dir.path().join("plain");
    whole(&plain, &["phase=[{stop.updates=4},{stop.updates=4},{stop.updates=4}]"], 1);
    assert_ne!(bits(&first).0, bits(&plain).0);
}

#[test]
fn training_starts_from_the_weights_of_another_run() {
    let dir = tempfile::tempdir().unwrap();
    let earlier = dir.path().join("earlier");
    whole(&earlier, &[], 1);
    let model = attractor_interop::load(&earlier.join("model.safetensors")).unwrap();
    for from in [earlier.clone(), earlier.join("model.safetensors")] {
        let from = Request { from: Some(from), seed: Some(9), ..request(&[]) };
        let experiment = Experiment::read(&from).unwrap();
        assert_eq!(experiment.initial(), model.parameters_in::<f32>());
        let later = dir.path().join("later");
        let directory = RunDirectory::create(&later).unwrap();
        train(experiment, directory, settings(1), &mut Nobody).unwrap();
        let again = Request { config: Some(later.join("config.toml")), ..Request::default() };
        let experiment = Experiment::read(&again).unwrap();
        assert_eq!(experiment.initial(), model.parameters_in::<f32>(), "config.toml knows");
        let repeated = dir.path().join("repeated");
        let directory = RunDirectory::create(&repeated).unwrap();
        train(experiment, directory, settings(2), &mut Nobody).unwrap();
        assert_eq!(bits(&later), bits(&repeated));
        fs::remove_dir_all(&later).unwrap();
        fs::remove_dir_all(&repeated).unwrap();
    }
}

/// The recipe of `docs/spiking.md`, smaller, with one cue and a short delay.
#[test]
fn the_recipe_of_evidence_accumulation_learns() {
    let page = include_str!("../../../docs/spiking.md");
    let recipe = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("evidence.toml");
    fs::write(&file, recipe).unwrap();
    let small = [
        "task.dt=2",
        "task.cues=1",
        "task.delay=100",
        "network.units=40",
        "learner.batch=16",
        "learner.rate=1e-2",
        "stop.updates=200",
        "stop.score=none",
        "validate.every=0",
        "evaluate.trials=100",
    ];
    let overrides = small.map(str::to_owned).to_vec();
    let request = Request { config: Some(file), overrides, ..Request::default() };
    let experiment = Experiment::read(&request).unwrap_or_else(|e| panic!("{e}"));
    let out = RunDirectory::create(&dir.path().join("run")).unwrap();
    let Outcome::Done(results) = train(experiment, out, settings(2), &mut Nobody).unwrap() else {
        panic!("it was interrupted");
    };
    let score = results.evaluation.score.unwrap();
    assert!(score > 0.8, "{score} right, where chance is 0.5");
}
