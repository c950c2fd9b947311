//! The command as people and scripts meet it: what it says, what it leaves, how it exits.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A run of a second.
const SMALL: &[&str] = &[
    "network.units=12",
    "stop.updates=20",
    "validate.every=10",
    "validate.trials=16",
    "learner.batch=8",
    "evaluate.trials=20",
];

fn attractor(directory: &Path, arguments: &[&str]) -> Output {
    command(directory, arguments).output().unwrap()
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attractor"));
    command.current_dir(directory).args(arguments).stdin(Stdio::null());
    command
}

fn train(directory: &Path, arguments: &[&str]) -> Output {
    attractor(directory, &[&["train", "context-decision"], SMALL, arguments].concat())
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", out(output)))
}

#[track_caller]
fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let dir = tempfile::tempdir().unwrap();
    for command in [
        "train",
        "analyse",
        "simulate",
        "recording",
        "features",
        "report",
        "study",
        "neurons",
        "wirings",
        "tasks",
    ] {
        let help = attractor(dir.path(), &[command, "--help"]);
        assert_eq!(code(&help), 0, "{command}");
        contains(&out(&help), &["Example", &format!("attractor {command}"), "--json"]);
    }
    let help = attractor(dir.path(), &["--help"]);
    contains(&out(&help), &["attractor train context-decision", "Exit codes: 0 done"]);
    assert_eq!(code(&attractor(dir.path(), &["--version"])), 0);
    for nonsense in [&["trane"][..], &[], &["train", "--seed", "x"], &["train", "--threads", "0"]] {
        assert_eq!(code(&attractor(dir.path(), nonsense)), 2, "{nonsense:?}");
    }
}

#[test]
fn what_there_is_is_listed_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    for (list, name, parts) in [
        ("neurons", "leaky-tanh", &["dx/dt", r"\tau", "time constant", "ms", "r to I"][..]),
        ("neurons", "gru", &["I_z", "h to H_n", "arXiv:1406.1078"]),
        ("wirings", "low-rank", &["m nᵀ / sources", "rank", "network.recurrent = {"]),
        ("wirings", "core", &["U M Vᵀ / sources", "rank² trained", "network.recurrent = {"]),
        ("wirings", "orthogonal", &["Saxe", "network.recurrent.law = {"]),
        ("tasks", "context-decision", &["stimulus", "800 ms", "task.noise", "sensory_a", "doi"]),
    ] {
        let all = attractor(dir.path(), &[list]);
        assert_eq!(code(&all), 0);
        contains(&out(&all), &[name, "show NAME"]);
        let shown = attractor(dir.path(), &[list, "show", name]);
        assert_eq!(code(&shown), 0);
        contains(&out(&shown), parts);
        assert!(json(&attractor(dir.path(), &[list, "--json"])).is_array());
        let shown = json(&attractor(dir.path(), &[list, "show", name, "--json"]));
        assert_eq!(shown["name"], name);
        let missing = attractor(dir.path(), &[list, "show", &format!("{name}x")]);
        assert_eq!(code(&missing), 2);
        contains(&err(&missing), &[&format!("did you mean `{name}`?")]);
        let missing = attractor(dir.path(), &[list, "show", "nonsense", "--json"]);
        assert!(json(&missing)["error"].is_string());
    }
    fs::write(dir.path().join("bad.toml"), "name = 'n'\nequations = ['dx/dt = -y']\n").unwrap();
    let bad = attractor(dir.path(), &["neurons", "show", "bad.toml"]);
    assert_eq!(code(&bad), 2);
    contains(&err(&bad), &["bad.toml:2:", "y"]);
}

#[test]
fn a_neuron_is_drawn_as_it_answers() {
    let dir = tempfile::tempdir().unwrap();
    let show = |words: &[&str]| attractor(dir.path(), &[&["neurons", "show"], words].concat());
    for (name, parts) in [
        ("horn", &["time (ms)", "gain of x", "frequency (Hz)"][..]),
        ("lif-hard", &["spikes per second", "time (ms)"]),
        ("gamma", &["h, steady"]),
    ] {
        let shown = show(&[name, "--plot", "a.svg"]);
        assert_eq!(code(&shown), 0, "{}", err(&shown));
        contains(&out(&shown), &["Drawn: a.svg"]);
        contains(&fs::read_to_string(dir.path().join("a.svg")).unwrap(), parts);
    }
    for (words, part) in [
        (&["lif", "--plot", "a.pdf"][..], "ends in .svg or .png"),
        (&["lif", "--plot", "a.svg", "--dt", "50"], "requires tau >= dt"),
        (&["lif", "--surrogate", "triangel"], "did you mean `triangular`?"),
    ] {
        let refused = show(words);
        assert_eq!(code(&refused), 2);
        contains(&err(&refused), &[part]);
    }
}

#[test]
fn a_task_is_described_and_drawn_with_the_options_given() {
    let dir = tempfile::tempdir().unwrap();
    let show = |words: &[&str]| attractor(dir.path(), &[&["tasks", "show"], words].concat());
    let shown = show(&["context-decision", "task.preset=mante-2013", "dt=10", "--draw", "a.svg"]);
    assert_eq!(code(&shown), 0, "{}", err(&shown));
    contains(&out(&shown), &["300 to 1500 ms, uniform", "context", "A, B", "290 steps of 10 ms"]);
    contains(&out(&shown), &["task.preset=mante-2013", "Trials   a.svg"]);
    let svg = fs::read_to_string(dir.path().join("a.svg")).unwrap();
    contains(&svg, &["sensory_a", "choice", "stimulus", "context "]);
    let shown = json(&show(&["perceptual-decision", "--draw", "b.png", "--json"]));
    assert_eq!(shown["drawn"], "b.png");
    assert_eq!(shown["conditions"][0]["name"], "coherence");
    assert!(fs::read(dir.path().join("b.png")).unwrap().starts_with(b"\x89PNG"));
    for (words, part) in [
        (&["flip-flop", "--draw", "c.pdf"][..], "ends in .svg or .png"),
        (&["flip-flop", "bits"], "expected key=value"),
        (&["flip-flop", "bit=2"], "did you mean `bits`?"),
    ] {
        let refused = show(words);
        assert_eq!(code(&refused), 2);
        contains(&err(&refused), &[part]);
    }
}

#[test]
fn a_run_from_training_to_simulation() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let run = train(at, &["--seed", "3", "--threads", "2", "network.groups.a=0..6"]);
    assert_eq!(code(&run), 0, "{}", err(&run));
    contains(&out(&run), &["context-decision:", "% correct on 20 fresh trials, seed 3", "loss"]);
    let path = "runs/context-decision-seed3";
    contains(&out(&run), &["training  20 updates in", &format!("report    {path}/report.html")]);
    contains(&err(&run), &["update 1/20  loss", "updates/s"]);
    assert!(at.join(path).join("report.html").is_file());

    // the same again goes beside it, with the same numbers
    let again = train(at, &["--seed", "3", "--json", "network.groups.a=0..6"]);
    let again = json(&again);
    assert_eq!(again["directory"], format!("{path}-2"));
    let read = |directory: &str, file: &str| fs::read(at.join(directory).join(file)).unwrap();
    assert_eq!(read(path, "metrics.csv"), read(&format!("{path}-2"), "metrics.csv"));
    let config = format!("{path}/config.toml");
    let third = attractor(at, &["train", "--config", &config, "--out", "third", "--json"]);
    assert_eq!(json(&third)["results"]["evaluation"], again["results"]["evaluation"]);
    assert_eq!(read(path, "model.safetensors"), read("third", "model.safetensors"));

    let occupied = train(at, &["--out", "third"]);
    assert_eq!(code(&occupied), 2);
    contains(&err(&occupied), &["third holds a finished run already"]);
    let finished = attractor(at, &["train", "--resume", "--out", "third"]);
    assert_eq!(code(&finished), 0);
    contains(&out(&finished), &["finished before: context-decision"]);

    fs::remove_file(at.join("third/report.html")).unwrap();
    let report = attractor(at, &["report", "third"]);
    assert_eq!((code(&report), out(&report).as_str()), (0, "third/report.html\n"));
    assert!(at.join("third/report.html").is_file());

    let task = attractor::task::create("context-decision", &toml::Table::new()).unwrap();
    let trials = task.generate(1, 0, 3).unwrap();
    attractor::data::write_trials(at.join("trials.npz"), &trials).unwrap();
    let simulate = |more: &[&str]| {
        let common = ["simulate", "third", "--inputs", "trials.npz", "--out", "states.npz"];
        attractor(at, &[&common[..], more].concat())
    };
    let all = simulate(&[]);
    assert_eq!(code(&all), 0, "{}", err(&all));
    contains(&out(&all), &["states.npz", "rec.r", "rec.x", "out.y", "[3, 68, 12]"]);
    let activity = || attractor::data::Activity::read(at.join("states.npz")).unwrap();
    let left_alone = activity();
    assert_eq!(left_alone.get("rec.x").unwrap().dim(), (68, 3, 12));
    let lesion = "target = 'rec->rec', from = 200, action = { scale = 0 }";
    let cut =
        json(&simulate(&["--silence", "a", "--intervene", lesion, "--record", "rec.r", "--json"]));
    assert_eq!(cut["signals"]["rec.r"], serde_json::json!([3, 68, 12]));
    let cut = activity();
    assert!(cut.get("rec.x").is_none());
    let silent = |unit: usize| (0..68).all(|t| cut.get("rec.r").unwrap()[[t, 0, unit]] == 0.0);
    assert!((0..6).all(silent) && !(6..12).any(silent));
    assert_ne!(cut.get("rec.r"), left_alone.get("rec.r"));
    for (wrong, parts) in [
        (&["--silence", "b"][..], &["no group `b`", "`rec[a]`"][..]),
        (&["--record", "rec.q"], &["rec.q", "rec.r"]),
        (&["--intervene", "target = 'rec.r'"], &["--intervene", "action"]),
    ] {
        let wrong = simulate(wrong);
        assert_eq!(code(&wrong), 2, "{}", err(&wrong));
        contains(&err(&wrong), parts);
    }
}

#[test]
fn wrong_requests_exit_with_2_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("file"), "").unwrap();
    fs::create_dir(at.join("full")).unwrap();
    fs::write(at.join("full/notes.txt"), "").unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (&["context-descision"], &["did you mean `context-decision`?"]),
        (&["context-decision", "flip-flop"], &["two tasks", "`context-decision` and `flip-flop`"]),
        (
            &["context-decision", "lerner.rate=1", "units=3"],
            &["2 problems", "`learner`", "`network.units`"],
        ),
        (&["context-decision", "--config", "nowhere.toml"], &["nowhere.toml: cannot be read"]),
        (&["context-decision", "--out", "file/run"], &["file/run cannot be written to"]),
        (&["context-decision", "--out", "full"], &["full holds files already"]),
        (&["--resume"], &["continue which run?"]),
        (&["context-decision", "--resume"], &["no unfinished run runs/context-decision-seed1"]),
        (&["--resume", "--out", "full"], &["full is no directory of a run"]),
        (&["trials.npz"], &["trials.npz"]),
    ];
    for (arguments, parts) in cases {
        let wrong = attractor(at, &[&["train"], *arguments].concat());
        assert_eq!(code(&wrong), 2, "{arguments:?}: {}", err(&wrong));
        contains(&err(&wrong), parts);
        assert_eq!(out(&wrong), "");
    }
    let wrong = attractor(at, &["train", "context-decision", "lerner.rate=1", "--json"]);
    let problem = &json(&wrong)["problems"][0];
    assert_eq!(
        (problem["key"].as_str(), problem["place"].as_str()),
        (Some("lerner"), Some("`lerner.rate=1`"))
    );
    for arguments in
        [&["simulate", "file", "--inputs", "x.npz", "--out", "y.npz"][..], &["report", "full"]]
    {
        assert_eq!(code(&attractor(at, arguments)), 2, "{arguments:?}");
    }
    let mut left: Vec<_> = fs::read_dir(at).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["file", "full"]);
}

#[test]
fn divergence_exits_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let wild = [
        "network.neuron=leaky-relu",
        "learner.rate=1e8",
        "learner.clip=0",
        "learner.optimiser=sgd",
    ];
    let run = train(dir.path(), &[&wild[..], &["--out", "run"]].concat());
    assert_eq!(code(&run), 1, "{}", err(&run));
    contains(&err(&run), &["error: diverged at update", "learner.rate"]);
    contains(&fs::read_to_string(dir.path().join("run/results.json")).unwrap(), &["\"diverged\""]);
}

/// Runs until a checkpoint beyond the first updates is there, then does something to the process.
#[cfg(unix)]
fn stopped(directory: &Path, out: &str, signal: &str) -> Output {
    let long =
        [SMALL, &["stop.updates=3000", "stop.score=none", "checkpoint.seconds=0.01"]].concat();
    let arguments = [&["train", "context-decision"], &long[..], &["--out", out]].concat();
    let child = command(directory, &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let checkpoint = directory.join(out).join("checkpoint/state.safetensors");
    let begun = Instant::now();
    while !checkpoint.exists() && begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(60));
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn killed_or_interrupted_a_run_goes_on_to_the_same_bits() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let interrupted = stopped(at, "interrupted", "-INT");
    assert_eq!(code(&interrupted), 130, "{}", err(&interrupted));
    contains(
        &err(&interrupted),
        &["interrupted after update", "attractor train --resume --out interrupted"],
    );
    let killed = stopped(at, "killed", "-KILL");
    assert_eq!(code(&killed), -1);
    let changed = attractor(at, &["train", "--resume", "--out", "killed", "learner.rate=0.5"]);
    assert_eq!(code(&changed), 2);
    contains(&err(&changed), &["keeps its configuration", "`learner.rate=0.5` would change it"]);
    for (run, threads) in [("interrupted", "1"), ("killed", "2")] {
        let resumed = attractor(at, &["train", "--resume", "--out", run, "--threads", threads]);
        assert_eq!(code(&resumed), 0, "{}", err(&resumed));
        contains(&err(&resumed), &["taken up again after update"]);
    }
    let read = |run: &str, file: &str| fs::read(at.join(run).join(file)).unwrap();
    for file in ["model.safetensors", "metrics.csv", "config.toml"] {
        assert!(read("interrupted", file) == read("killed", file), "{file} differs");
    }
    let text = read("killed", "config.toml");
    fs::write(at.join("config.toml"), text).unwrap();
    let whole = attractor(at, &["train", "--config", "config.toml", "--out", "whole"]);
    assert_eq!(code(&whole), 0, "{}", err(&whole));
    assert!(read("whole", "model.safetensors") == read("killed", "model.safetensors"));
    assert!(read("whole", "metrics.csv") == read("killed", "metrics.csv"));
}

#[test]
fn studies_are_listed_shown_and_run() {
    let dir = tempfile::tempdir().unwrap();
    let at = |arguments: &[&str]| attractor(dir.path(), &[&["study"], arguments].concat());
    contains(&out(&at(&["list"])), &["sequential-interference", "initialization", "claims"]);
    let shown = at(&["show", "sequential-interference"]);
    contains(&out(&shown), &["loss_ratio ≥ 10", "bernstein-network.de", "smoke", "units = 64"]);
    let wrong = at(&["show", "sequential-inteference"]);
    assert_eq!(code(&wrong), 2);
    contains(&err(&wrong), &["did you mean `sequential-interference`?"]);
    assert_eq!(code(&at(&["run", "sequential-interference", "--scale", "huge"])), 2);

    // smoke concludes nothing, so it never fails; the second time nothing is left to do
    let smoke = ["run", "sequential-interference", "--scale", "smoke", "--seeds", "1", "--json"];
    let first = at(&smoke);
    assert_eq!(code(&first), 0, "{}", err(&first));
    let results = &json(&first)["results"];
    assert_eq!(results["claims"].as_array().unwrap().len(), 9);
    assert!(results["claims"][0]["measured"]["per_seed"][0].is_number());
    let directory = dir.path().join("runs/study-sequential-interference-smoke");
    assert!(directory.join("report.html").is_file() && directory.join("results.json").is_file());
    let again = at(&smoke);
    assert_eq!(json(&again)["results"]["seeds"], results["seeds"]);
    let taken = directory.to_str().unwrap().to_owned();
    let other = at(&["run", "initialization", "--scale", "smoke", "--out", &taken]);
    assert_eq!(code(&other), 2);
    contains(&err(&other), &["another study"]);
}

#[test]
fn a_recording_is_described_drawn_and_converted() {
    let dir = tempfile::tempdir().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../recording/tests/files/spikes.nwb");
    let said = attractor(dir.path(), &["recording", file, "--plot", "a.png", "--nwb", "a.nwb"]);
    assert_eq!(code(&said), 0, "{}", err(&said));
    let parts =
        ["CA1", "mPFC", "trials  8", "event go_time", "processing/ecephys/LFP/lfp", "50 Hz"];
    contains(&out(&said), &parts);
    contains(&out(&said), &["Not read", "waveform_mean", "Doubtful", "Mended", "a.png", "a.nwb"]);
    assert!(fs::metadata(dir.path().join("a.png")).unwrap().len() > 5000);
    let again = attractor(dir.path(), &["recording", "a.nwb", "--json"]);
    let value = json(&again);
    assert_eq!(value["units"]["spikes"], serde_json::json!([40, 0, 25, 10, 60]));
    assert_eq!(value["units"]["columns"]["region"][2], "mPFC");
    for (arguments, part) in [
        (&["recording", "none.nwb"][..], "no such file"),
        (&["recording", file, "--plot", "a.gif"], ".svg or .png"),
        (&["recording", file, "--plot", "a.png", "--part", "5,1"], "two times"),
    ] {
        let wrong = attractor(dir.path(), arguments);
        assert_eq!(code(&wrong), 2, "{arguments:?}");
        contains(&err(&wrong), &[part]);
    }
}

/// Images through a network to features, and these to a fit, which stops where nothing fits.
#[test]
fn features_are_listed_and_taken() {
    let dir = tempfile::tempdir().unwrap();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../features/tests/files");
    let (net, images) = (files.join("tiny.onnx"), files.join("tiny.npz"));
    let (net, images) = (net.to_str().unwrap(), images.to_str().unwrap());
    let listed = attractor(dir.path(), &["features", net]);
    assert_eq!(code(&listed), 0, "{}", err(&listed));
    contains(&out(&listed), &["[3, 12, 10]", "relu3", "Conv"]);
    let take = |layers: &str, more: &[&str]| {
        let all = ["features", net, images, "--layers", layers, "-o", "f.npz"];
        attractor(dir.path(), &[&all[..], more].concat())
    };
    let taken = take("relu3,flat", &["--places", "2", "--json"]);
    assert_eq!(json(&taken)["layers"], serde_json::json!({ "relu3": [4, 48], "flat": [4, 12] }));
    let unknown = take("relu9", &[]);
    assert_eq!(code(&unknown), 2);
    contains(&err(&unknown), &["no layer `relu9`", "relu3"]);
    assert_eq!(code(&take("flat", &["--mean", "0.5", "--sd", "0"])), 2);
    let without = attractor(dir.path(), &["features", net, images]);
    assert_eq!(code(&without), 2);
    contains(&err(&without), &["--layers", "--out"]);
    let fit = attractor(dir.path(), &["fit", images, "--encode", "f.npz"]);
    assert_eq!(code(&fit), 2);
    contains(&err(&fit), &["no array `activity`"]);
    let fit = attractor(dir.path(), &["fit", images, "--between", "V1"]);
    assert_eq!(code(&fit), 2);
    contains(&err(&fit), &["FROM,TO"]);
}

/// A fit is analysed as a run is, in words and as JSON.
#[test]
fn a_fit_is_analysed() {
    let dir = tempfile::tempdir().unwrap();
    let activity = ndarray::Array3::from_shape_fn((20, 40, 7), |(trial, t, unit)| {
        let phase = t as f32 * 0.15 - unit as f32 * 0.8 + (trial % 2) as f32 * 1.5;
        0.4 + 0.3 * phase.sin() + 0.05 * (trial as f32 + unit as f32 * 2.0).cos()
    });
    let side = ["left", "right"].repeat(10).iter().map(|&s| s.to_owned()).collect::<Vec<String>>();
    let arrays: [(&str, attractor::data::NpzArray<'_>); 3] = [
        ("activity", (&activity).into()),
        ("dt", 20.0.into()),
        ("conditions/side", side.as_slice().into()),
    ];
    attractor::data::write_npz(dir.path().join("waves.npz"), &arrays).unwrap();
    let settings = ["fit.solver=rollout-ridge", "recording.smooth=0", "fit.restarts=0"];
    let fit = ["fit", "waves.npz", "fit.iterations=3", "--out", "run"];
    let fitted = attractor(dir.path(), &[&fit[..], &settings].concat());
    assert_eq!(code(&fitted), 0, "{}", err(&fitted));
    let said = attractor(dir.path(), &["analyse", "run"]);
    assert_eq!(code(&said), 0, "{}", err(&said));
    let parts =
        ["participation ratio", "no input", "cut the recurrence", "not answered: behaviour"];
    contains(&out(&said), &parts);
    let recording = ["analyse", "run", "recording", "--threads", "1", "--json"];
    let answer = attractor(dir.path(), &recording);
    assert_eq!(code(&answer), 0, "{}", err(&answer));
    let analysis = &json(&answer)["analysis"];
    assert_eq!(analysis["recording"], "waves.npz");
    assert_eq!(analysis["decoded"][0]["variable"], "side");
    assert!(analysis["compared"].as_array().is_some_and(|found| found.len() > 3), "{analysis}");
    let written = fs::read_to_string(dir.path().join("run/results.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(&written["analysis"], analysis);
    assert!(written["constrained"].is_object());
    assert_eq!(code(&attractor(dir.path(), &["report", "run"])), 0);
    let wrong = attractor(dir.path(), &["analyse", "run", "fixed-points", "--input", "1"]);
    assert_eq!(code(&wrong), 2);
    contains(&err(&wrong), &["an input has 1 values, but the network 0 channels"]);
    fs::rename(dir.path().join("waves.npz"), dir.path().join("moved.npz")).unwrap();
    let gone = attractor(dir.path(), &["analyse", "run"]);
    assert_eq!(code(&gone), 2);
    contains(&err(&gone), &["waves.npz: no such file", "recording.file in run/config.toml"]);
}
