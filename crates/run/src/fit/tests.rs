//! Recordings of known networks are fitted, and nothing held out is seen.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use attractor_data::{Conditions, NpzArray, Trials, write_npz};
use attractor_learn::Source;
use attractor_network::{Engine, EngineOptions, Interventions, NoiseSource};
use attractor_recording::{
    Intervals, NwbOptions, Recording, Session, Spikes, Stretch, Units, write_nwb,
};
use ndarray::{Array2, Array3};

use super::config::{FitConfig, FitExperiment};
use super::forecast::Trial;
use super::model::{Shape, network};
use super::prepare::{Prepared, prepare};
use super::session::{FitOutcome, fit, resume};
use super::training::Job;
use super::windows::begins;
use super::{FitResults, reproduction};
use crate::config::ConfigError;
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::observer::{Event, Nobody, Observer};
use crate::train::Settings;

/// Rates of a random network that is driven by two slow waves, `[time, 1, unit]`, and the waves.
fn known(units: usize, frames: usize, rank: Option<usize>) -> (Array3<f32>, Array3<f32>) {
    let shape = Shape {
        units,
        hidden: 0,
        channels: 2,
        frame: 20.0,
        steps: 1,
        tau: 60.0,
        rank,
        regions: None,
        displaced: 0,
        history: 0,
        noise: 0.0,
        gain: 1.3,
        own: 0.0,
    };
    let network = network(&shape).unwrap();
    let parameters = shape.initial(&network, &[], 7);
    let inputs = Array3::from_shape_fn((frames, 1, 2), |(t, _, c)| {
        (t as f32 * [0.11, 0.043][c] + c as f32).sin()
    });
    let mut trials = Trials::new(20.0, inputs.clone()).unwrap();
    trials.start = Some(Array2::from_elem((1, shape.start_values()), 0.2));
    let mut engine = Engine::<f32>::new(network.clone(), EngineOptions::default()).unwrap();
    let rates = [network.signal("rec.r").unwrap()];
    let run =
        engine.run(&parameters, &trials, NoiseSource::off(), &Interventions::default(), &rates);
    (run.unwrap().remove(0), inputs)
}

fn config(overrides: &[&str]) -> FitConfig {
    experiment("nowhere.npz", overrides).unwrap().config
}

fn experiment(file: &str, overrides: &[&str]) -> Result<FitExperiment, ConfigError> {
    let overrides: Vec<String> = overrides.iter().map(|&o| o.to_owned()).collect();
    FitExperiment::read(Some(file), None, &overrides, Some(1))
}

fn prepared(activity: Array3<f32>, inputs: Option<Array3<f32>>) -> Prepared {
    let recording = Recording::new(20.0, activity).unwrap();
    let recording = match inputs {
        Some(inputs) => recording.with_inputs(inputs).unwrap(),
        None => recording,
    };
    let places = Vec::new();
    Prepared { recording, silent: 0, inputs: None, places, counts: None, weighted_size: 0.0 }
}

/// Smoothing off: the rates are those of a network as they stand.
const EXACT: [&str; 3] =
    ["recording.smooth=0", "recording.normalise=none", "reproduction.inputs=true"];

/// In-sample R² of the free run.
fn reproduced(prepared: &Prepared, overrides: &[&str]) -> f64 {
    let config = config(&[&EXACT, overrides].concat());
    let job = reproduction::job(prepared, &config).unwrap();
    let trained = reproduction::train(&job, 1, &mut |_| true).unwrap().unwrap();
    let scores = reproduction::judge(&job, &trained, &config, 1).unwrap();
    scores.free().unwrap()
}

#[test]
fn a_known_network_is_reproduced() {
    let (activity, inputs) = known(20, 120, None);
    let prepared = prepared(activity, Some(inputs));
    let updates = "reproduction.updates=400";
    for overrides in [
        vec!["reproduction.hidden=0", updates],
        vec!["reproduction.hidden=10", updates],
        vec!["reproduction.hidden=0", "network.steps=2", "forecast.history=0", updates],
    ] {
        let r2 = reproduced(&prepared, &overrides);
        assert!(r2 > 0.95, "{overrides:?}: R² {r2}");
    }
}

#[test]
fn a_low_rank_network_is_reproduced_at_its_rank() {
    let (activity, inputs) = known(20, 120, Some(2));
    let prepared = prepared(activity, Some(inputs));
    // the loadings of low-rank networks are trained at 1e-2 (Valente, Pillow & Ostojic 2022)
    let rate = "reproduction.rate=1e-2";
    let overrides = ["reproduction.hidden=0", "network.rank=2", "reproduction.updates=800", rate];
    let r2 = reproduced(&prepared, &overrides);
    assert!(r2 > 0.95, "R² {r2}");
}

#[test]
fn hidden_units_stand_in_for_those_that_were_not_recorded() {
    let (activity, inputs) = known(20, 120, None);
    let seen = Recording::new(20.0, activity).unwrap().select_units(&[0, 1, 2]).unwrap();
    let prepared = prepared(seen.activity, Some(inputs));
    let run = |hidden: &str| reproduced(&prepared, &[hidden, "reproduction.updates=400"]);
    let (without, with) = (run("reproduction.hidden=0"), run("reproduction.hidden=20"));
    assert!(with > 0.95 && with > without, "{without} without, {with} with hidden units");
}

#[test]
fn a_known_network_forecasts_what_it_has_not_seen() {
    let (activity, inputs) = known(12, 900, None);
    let prepared = prepared(activity, Some(inputs));
    let config = config(&[
        "recording.smooth=0",
        "recording.normalise=none",
        "recording.components=0",
        "forecast.history=0",
        "forecast.own=1",
        "forecast.gain=0.3",
        "forecast.l2=[1e-6]",
        "forecast.updates=600",
        "forecast.rate=5e-3",
        "forecast.gap=3",
    ]);
    let trial = Trial::prepare(&prepared, &config, true).unwrap();
    let trained = trial.train(&config, 1, &mut |_| true, &mut |_| {}).unwrap();
    let (trained, chosen) = trained.unwrap();
    let scores = trial.judge(&trained, chosen, &[], &config, 1).unwrap();
    assert_eq!(scores.rows.len(), 4);
    for row in &scores.rows {
        assert_eq!(row.teacher_forced, row.horizon.is_some());
        assert!(row.network.unwrap() > 0.95, "{row:?}");
    }
}

/// Frames that training looks at, starts and targets, as their numbers in the recording.
fn frames_of(job: &Job) -> Vec<usize> {
    let source = job.source().unwrap();
    let mut seen: Vec<usize> = Vec::new();
    for index in 0..200 {
        let trials = source.batch(index, job.batch).unwrap();
        let target = &trials.targets[0];
        for ((step, trial), &weight) in target.weights.indexed_iter() {
            if weight > 0.0 {
                seen.push(number(target.values[[step, trial, 0]]));
                assert!(step < trials.lengths[trial]);
            }
        }
        let start = trials.start.as_ref().unwrap();
        for row in start.outer_iter() {
            let units = job.shape.units;
            seen.extend((0..job.shape.lags()).map(|lag| number(row[lag * units].tanh())));
        }
    }
    seen.sort_unstable();
    seen.dedup();
    seen
}

/// The frame whose number a rate is.
fn number(rate: f32) -> usize {
    (rate * 1000.0).round() as usize
}

#[test]
fn training_never_sees_held_out_frames_nor_the_gap() {
    // the first unit says which frame it is
    let activity = Array3::from_shape_fn((700, 1, 2), |(t, _, unit)| match unit {
        0 => t as f32 / 1000.0,
        _ => (t as f32 * 0.1).sin() / 2.0,
    });
    let prepared = prepared(activity, None);
    for seed in 1..6 {
        let mut config =
            config(&["recording.normalise=none", "forecast.window=20", "forecast.l2=[1.0]"]);
        config.seed = seed;
        let trial = Trial::prepare(&prepared, &config, false).unwrap();
        assert_eq!(config.recording.smooth, 4.0);
        let gap = 12; // three standard deviations
        let seen = frames_of(&trial.job(&config));
        let training: usize = trial.division.train.iter().map(|s| s.frames.len()).sum();
        assert_eq!(seen.len(), training, "all training frames take part");
        for stretch in &trial.division.held_out {
            let near = stretch.frames.start.saturating_sub(gap)..stretch.frames.end + gap;
            assert!(!seen.iter().any(|frame| near.contains(frame)), "{stretch:?}");
        }
        for fold in &trial.folds {
            let job = Job { stretches: fold.train.clone(), ..trial.job(&config) };
            let seen = frames_of(&job);
            let apart = |s: &Stretch| {
                let near = s.frames.start.saturating_sub(gap)..s.frames.end + gap;
                !seen.iter().any(|frame| near.contains(frame))
            };
            assert!(fold.held_out.iter().chain(&trial.division.held_out).all(apart));
        }
    }
}

#[test]
fn windows_stay_within_their_stretch() {
    let stretches = [Stretch { trial: 0, frames: 5..40 }, Stretch { trial: 2, frames: 0..4 }];
    let all = begins(&stretches, 4, 10, true);
    assert_eq!((all[0].frame, all[0].end), (8, 40));
    assert!(all.iter().all(|begin| begin.frame + 1 < begin.end));
    assert_eq!(all.iter().filter(|begin| begin.trial == 0).count(), 27);
    assert_eq!(begins(&stretches, 1, 0, false).len(), 2);
}

/// A recording in a file: smooth noise with an input.
fn file(dir: &std::path::Path) -> PathBuf {
    let (activity, inputs) = known(6, 300, None);
    let flat = |array: &Array3<f32>| array.index_axis(ndarray::Axis(1), 0).to_owned();
    let path = dir.join("known.npz");
    let (activity, inputs) = (flat(&activity), flat(&inputs));
    let arrays: [(&str, NpzArray<'_>); 3] =
        [("activity", (&activity).into()), ("inputs", (&inputs).into()), ("dt", 20.0.into())];
    write_npz(&path, &arrays).unwrap();
    path
}

/// Small enough for a test.
const SMALL: [&str; 9] = [
    "recording.smooth=1",
    "reproduction.frames=[0, 60]",
    "reproduction.hidden=3",
    "reproduction.updates=40",
    "forecast.updates=20",
    "forecast.l2=[1, 10]",
    "forecast.folds=2",
    "forecast.block=60",
    "forecast.horizons=[1, 5]",
];

pub(super) fn small(dir: &std::path::Path) -> FitExperiment {
    experiment(&file(dir).to_string_lossy(), &SMALL).unwrap()
}

fn settings(threads: usize) -> Settings {
    Settings { threads: Some(threads), ..Settings::default() }
}

/// Gives up after some updates.
struct Impatient {
    updates: u64,
    most: u64,
}

impl Observer for Impatient {
    fn event(&mut self, event: Event<'_>) {
        if let Event::Update { progress, left, .. } = event {
            self.updates = progress.update;
            assert!(left < 10_000);
        }
    }

    fn interrupted(&self) -> bool {
        self.updates >= self.most
    }
}

/// A fit of a file, with these settings.
pub(super) fn of_file(file: &Path, overrides: &[&str]) -> FitExperiment {
    let overrides: Vec<String> = overrides.iter().map(|&o| o.to_owned()).collect();
    FitExperiment::read(Some(&file.to_string_lossy()), None, &overrides, Some(1)).unwrap()
}

pub(super) fn done(outcome: FitOutcome) -> FitResults {
    match outcome {
        FitOutcome::Done(results) | FitOutcome::Already(results) => *results,
        FitOutcome::Interrupted => panic!("it was interrupted"),
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_threads_and_when_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = small(dir.path());
    let run = |name: &str| RunDirectory::create(&dir.path().join(name)).unwrap();
    let (one, two, broken) = (run("one"), run("two"), run("broken"));
    let first = done(fit(&experiment, &one, settings(1), &mut Nobody).unwrap());
    let second = done(fit(&experiment, &two, settings(3), &mut Nobody).unwrap());
    let mut impatient = Impatient { updates: 0, most: 70 };
    let outcome = fit(&experiment, &broken, settings(2), &mut impatient).unwrap();
    assert!(matches!(outcome, FitOutcome::Interrupted));
    assert!(!broken.results().exists());
    let third = done(resume(&broken, settings(2), &mut Nobody).unwrap());
    let bytes = |directory: &RunDirectory| {
        let models = ["reproduction", "forecast", "forecast-with-inputs"];
        let models = models.map(|name| directory.path().join(format!("models/{name}.safetensors")));
        let files = models.into_iter().chain([directory.model(), directory.metrics()]);
        files.map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    assert!(bytes(&one) == bytes(&two) && bytes(&one) == bytes(&broken));
    for other in [&second, &third] {
        let rows = |results: &FitResults| {
            results.forecasts.iter().map(|scores| scores.rows.clone()).collect::<Vec<_>>()
        };
        assert_eq!(rows(&first), rows(other));
    }
    let again = resume(&one, settings(1), &mut Nobody).unwrap();
    assert!(matches!(again, FitOutcome::Already(_)));
    assert_eq!(done(again), first);
}

#[test]
fn everything_is_written_and_labelled() {
    let dir = tempfile::tempdir().unwrap();
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    let results = done(fit(&small(dir.path()), &directory, settings(2), &mut Nobody).unwrap());
    for figure in ["curves", "fit", "forecast", "forecast-with-inputs"] {
        for ending in ["svg", "png"] {
            assert!(directory.figures().join(format!("{figure}.{ending}")).is_file(), "{figure}");
        }
    }
    for path in [directory.config(), directory.log(), directory.report(), directory.metrics()] {
        assert!(path.is_file(), "{}", path.display());
    }
    let page = std::fs::read_to_string(directory.report()).unwrap();
    let table = results.to_string();
    for text in [&page, &table] {
        for part in ["teacher-forced", "free run", "held-out", "ridge", "last value", "linear"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    assert!(table.contains("without inputs") && table.contains("with inputs"), "{table}");
    let mean: Vec<_> = results.forecasts[0].rows.iter().map(|row| row.mean.unwrap()).collect();
    assert!(mean.iter().all(|&r2| r2 <= 1e-9), "{mean:?}");
    // the configuration makes the run again
    let again = FitExperiment::read(None, Some(&directory.config()), &[], None).unwrap();
    assert_eq!(again.config, small(dir.path()).config);
    let model = attractor_interop::load(&directory.model()).unwrap();
    assert_eq!(model.network.channels(), 2);
}

#[test]
fn wrong_requests_are_errors_that_name_the_key() {
    let said = |overrides: &[&str]| experiment("x.npz", overrides).unwrap_err().to_string();
    let message =
        said(&["recording.smoth=2", "forecast.window=1", "network.rank=0", "recording.peak=2"]);
    for part in ["smoth", "recording.smooth", "forecast.window", "network.rank", "recording.peak"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(said(&["network.steps=2"]).contains("forecast.history"));
    assert!(FitExperiment::read(None, None, &[], None).is_err(), "no recording");

    let dir = tempfile::tempdir().unwrap();
    let config = |file: &str, overrides: &[&str]| experiment(file, overrides).unwrap().config;
    let error = prepare(&config("nowhere.npz", &[]).recording).unwrap_err();
    assert!(error.is_request() && error.to_string().contains("nowhere.npz"), "{error}");
    let path = file(dir.path());
    let path = path.to_string_lossy();
    let error = prepare(&config(&path, &["recording.inputs=sing"]).recording).unwrap_err();
    assert!(error.is_request() && error.to_string().contains("sing"), "{error}");

    let wrong = |overrides: &[&str]| -> RunError {
        let run = dir.path().join(format!("wrong{}", overrides.len()));
        let directory = RunDirectory::create(&run).unwrap();
        let experiment = experiment(&path, &[&SMALL, overrides].concat()).unwrap();
        let error = fit(&experiment, &directory, settings(1), &mut Nobody).unwrap_err();
        assert!(!run.exists(), "nothing is left behind");
        error
    };
    for (overrides, part) in [
        (vec!["reproduction.frames=[290, 400]", "reproduction.frames=[299, 400]"], "300"),
        (vec!["forecast.block=4"], "block"),
        (vec!["forecast.horizons=[500]", "seed=1", "seed=2"], "horizon"),
    ] {
        let error = wrong(&overrides);
        assert!(error.is_request() && error.to_string().contains(part), "{error}");
    }
    let mut nan = Array2::<f32>::zeros((40, 3));
    nan[[3, 1]] = f32::NAN;
    let file = dir.path().join("nan.npz");
    write_npz(&file, &[("activity", (&nan).into()), ("dt", 20.0.into())]).unwrap();
    let error = prepare(&config(&file.to_string_lossy(), &[]).recording).unwrap_err();
    assert!(error.is_request() && error.to_string().contains("unit `unit1`"), "{error}");
}

#[test]
fn gaps_of_arrays_are_mended_as_told_and_the_page_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gaps.npz");
    let mut activity = Array2::from_shape_fn((300, 4), |(t, u)| {
        (t as f32 * [0.11, 0.07, 0.05, 0.13][u] + u as f32).sin()
    });
    activity[[20, 0]] = f32::NAN;
    activity.slice_mut(ndarray::s![120..130, 1]).fill(f32::NAN);
    activity.slice_mut(ndarray::s![200.., 3]).fill(f32::NAN);
    let song = Array2::<f32>::from_shape_fn((600, 2), |(t, c)| (t * (c + 1)) as f32);
    let regions: Vec<String> = ["A", "A", "B", "C"].map(str::to_owned).to_vec();
    let arrays: [(&str, NpzArray<'_>); 5] = [
        ("activity", (&activity).into()),
        ("rate_hz", 50.0.into()),
        ("song", (&song).into()),
        ("song_rate_hz", 100.0.into()),
        ("regions", regions.as_slice().into()),
    ];
    write_npz(&file, &arrays).unwrap();
    let steps = r#"recording.prepare=[{ fill = { longest = 40 } }, "drop-units-with-gaps"]"#;
    let split = r#"recording.prepare=[{ fill = { longest = 40 } }, { split-at-gaps = { shortest = 200 } }]"#;
    let quick = ["recording.smooth=0", "forecast.updates=3", "reproduction.updates=3"];
    let quick = [&quick[..], &["forecast.l2=[1.0]", "forecast.filter_l2=[1e-6]"]].concat();
    for (name, steps, units, trials) in [("drop", steps, 2, 1), ("split", split, 4, 2)] {
        let overrides = [&quick[..], &[steps, "fit.restarts=1"]].concat();
        let experiment = experiment(&file.to_string_lossy(), &overrides).unwrap();
        let directory = RunDirectory::create(&dir.path().join(name)).unwrap();
        let results = done(fit(&experiment, &directory, settings(1), &mut Nobody).unwrap());
        let facts = &results.recording;
        assert_eq!((facts.units, facts.trials, facts.channels), (units, trials, 2), "{name}");
        assert_eq!((facts.inputs.as_deref(), facts.prepare.len()), (Some("song"), 2));
        let page = std::fs::read_to_string(directory.report()).unwrap();
        assert!(facts.repairs[0].contains("1 gaps of up to 40 ms"), "{:?}", facts.repairs);
        for repair in &facts.repairs {
            // the first letter becomes a capital one
            let plain = repair.split('`').next().unwrap();
            assert!(page.contains(&plain[1..]), "{repair}");
        }
        let said = facts.repairs.join("\n");
        let part = if name == "drop" { "no unit of region `C` is left" } else { "2 trials of 1" };
        assert!(said.contains(part), "{said}");
        let identified = results.identified.as_ref().unwrap();
        assert_eq!((identified.restarts.len(), identified.truth.is_none()), (1, true));
        for part in ["What is identified", "restart 1", "Held-out R² of units"] {
            assert!(page.contains(part), "{name}: {part}");
        }
    }
}

#[test]
fn counts_of_spikes_are_scored_as_counts() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("counts.npz");
    let activity = Array3::from_shape_fn((6, 60, 3), |(k, t, u)| {
        ((t as f32 * 0.2 + u as f32).sin() * 2.0 + 2.0 + (k % 2) as f32 * 0.4).floor()
    });
    write_npz(&file, &[("activity", (&activity).into()), ("dt", 20.0.into())]).unwrap();
    let quick = ["recording.smooth=1", "forecast.updates=5", "reproduction.updates=0"];
    let quick = [&quick[..], &["forecast.l2=[1.0]", "forecast.filter_l2=[1e-6]"]].concat();
    let bptt = [&quick[..], &["fit.restarts=0"]].concat();
    let ridge = ["fit.solver=rollout-ridge", "recording.smooth=1", "fit.iterations=3"];
    for overrides in [&bptt[..], &ridge[..]] {
        let experiment = experiment(&file.to_string_lossy(), overrides).unwrap();
        let directory = RunDirectory::create(&dir.path().join(overrides[0])).unwrap();
        let results = done(fit(&experiment, &directory, settings(1), &mut Nobody).unwrap());
        let spikes = match &results.constrained {
            Some(found) => found.held_out.unwrap().spikes.unwrap(),
            None => results.forecasts[0].spikes.unwrap(),
        };
        assert!(spikes.spikes > 0 && spikes.bits_per_spike.is_some(), "{spikes:?}");
        let page = std::fs::read_to_string(directory.report()).unwrap();
        assert!(page.contains("bits per spike") && page.contains("deviance explained"));
        assert!(results.to_string().contains("bits per spike"));
    }
}

#[test]
fn trials_are_held_out_whole() {
    let (activity, _) = known(5, 600, None);
    let cut = Recording::new(20.0, activity).unwrap().cut(60).unwrap();
    let mut prepared = prepared(cut.activity.clone(), None);
    prepared.recording = cut.without_inputs();
    let held_out = "forecast.held_out=0.2";
    let config =
        config(&["recording.smooth=0", held_out, "forecast.updates=5", "forecast.l2=[10.0]"]);
    let trial = Trial::prepare(&prepared, &config, false).unwrap();
    let (trained, chosen) = trial.train(&config, 1, &mut |_| true, &mut |_| {}).unwrap().unwrap();
    let scores = trial.judge(&trained, chosen, &[], &config, 1).unwrap();
    assert_eq!((scores.train.len(), scores.held_out.len()), (8, 2));
    assert!(Arc::ptr_eq(&trial.recording, &trial.job(&config).recording));
}

#[test]
fn an_nwb_file_is_prepared_step_by_step() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spikes.nwb");
    let train = |unit: usize| (0..400).map(|k| 10.0 * (k + unit % 3) as f64 + 0.5).collect();
    let columns = Conditions::none(4).with("region", vec!["V1", "V2", "V1", "V1"]).unwrap();
    let session = Session {
        units: Units { names: (0..4).map(|k: usize| k.to_string()).collect(), columns },
        spikes: Spikes::new((0..4).map(train).collect::<Vec<Vec<f64>>>()),
        intervals: vec![Intervals {
            name: "trials".to_owned(),
            start: vec![0.0, 1000.0, 2000.0],
            stop: vec![900.0, 1900.0, 2900.0],
            columns: Conditions::none(3).with("side", vec!["left", "right", "left"]).unwrap(),
            moments: Vec::new(),
        }],
        ..Session::default()
    };
    write_nwb(&path, &session, &NwbOptions::default()).unwrap();
    let steps = "recording.prepare=[{ select = { region = [\"V1\"] } }, \
                 { align = { event = \"start\", from = 100, until = 500 } }, { bin = { width = 15 } }, \
                 \"square-root\"]";
    let file = path.to_string_lossy().into_owned();
    let overrides = [steps.to_owned(), "recording.smooth=0".to_owned()];
    let experiment = FitExperiment::read(Some(&file), None, &overrides, None).unwrap();
    let config_file = dir.path().join("config.toml");
    std::fs::write(&config_file, &experiment.text).unwrap();
    let again = FitExperiment::read(None, Some(&config_file), &[], None).unwrap();
    assert_eq!(again.config, experiment.config);
    let prepared = prepare(&experiment.config.recording).unwrap();
    assert_eq!((prepared.recording.trials(), prepared.recording.frames()), (3, 26));
    assert_eq!(prepared.recording.units() + prepared.silent, 3);
    assert_eq!(prepared.recording.provenance.steps.len(), 4);
    // spikes without bins, and steps that do not exist
    let none = FitExperiment::read(Some(&file), None, &[], None).unwrap();
    let error = prepare(&none.config.recording).unwrap_err();
    assert!(error.is_request() && error.to_string().contains("bin = { width"), "{error}");
    let wrong = ["recording.prepare=[{ bim = { width = 25 } }]".to_owned()];
    let error = FitExperiment::read(Some(&file), None, &wrong, None).unwrap_err();
    assert!(error.to_string().contains("bim"), "{error}");
}

/// A recording of two regions, units in turn.
fn of_regions(activity: Array3<f32>, inputs: Option<Array3<f32>>) -> Prepared {
    let units = activity.len_of(ndarray::Axis(2));
    let labels: Vec<&str> = (0..units).map(|unit| ["A", "B"][unit % 2]).collect();
    let mut prepared = prepared(activity, inputs);
    prepared.recording.unit_columns = Conditions::none(units).with("region", labels).unwrap();
    prepared.places = (0..units).collect();
    prepared
}

#[test]
fn blocks_between_regions_have_ranks_of_their_own() {
    let (activity, inputs) = known(20, 120, Some(2));
    let prepared = of_regions(activity, Some(inputs));
    // a coupling of rank 2 has blocks of rank 2
    let ranks = "network.ranks={ \"*\" = 2, \"*->*\" = 2 }";
    let more = ["reproduction.updates=800", "reproduction.rate=1e-2"];
    let r2 = reproduced(&prepared, &["reproduction.hidden=0", ranks, more[0], more[1]]);
    assert!(r2 > 0.95, "R² {r2}");

    let ranks = "network.ranks={ A = 1, \"A->B\" = 3, \"B->A\" = 0, \"*->hidden\" = 2 }";
    let all = [&EXACT[..], &["reproduction.hidden=4", "reproduction.updates=1", ranks]].concat();
    let job = reproduction::job(&prepared, &config(&all)).unwrap();
    let trained = reproduction::train(&job, 1, &mut |_| true).unwrap().unwrap();
    let names: Vec<String> =
        trained.network.layout().entries().iter().map(|entry| entry.name.clone()).collect();
    let has = |name: &str| {
        names.iter().any(|known| known.starts_with("rec->rec") && known.ends_with(name))
    };
    for there in ["A<-A.m", "B<-A.n", "hidden<-A.m", "hidden<-B.n", "B<-B.W", "A<-hidden.W"] {
        assert!(has(there), "{there} is not in {names:?}");
    }
    for absent in ["A<-B.m", "A<-B.W", "A<-A.W"] {
        assert!(!has(absent), "{absent} is in {names:?}");
    }
    let wrong = config(&[&EXACT[..], &["network.ranks={ \"A->C\" = 1 }"]].concat());
    let said = reproduction::job(&prepared, &wrong).unwrap_err().to_string();
    assert!(said.contains("network.ranks: `A->C`") && said.contains("A, B"), "{said}");
    let both = experiment("nowhere.npz", &["network.rank=1", ranks]).unwrap_err().to_string();
    assert!(both.contains("network.rank") && both.contains("none beside network.ranks"), "{both}");
}

/// Trials that start alike and part: from recorded starts they cannot be told apart.
#[test]
fn an_inferred_start_stands_in_for_what_was_not_recorded() {
    let activity = Array3::from_shape_fn((40, 3, 2), |(t, trial, unit)| {
        (trial as f32 - 1.0) * [0.5, 0.3][unit] * (t as f32 * 0.12).sin()
    });
    let prepared = prepared(activity, None);
    let run = |start: &str| {
        reproduced(&prepared, &["reproduction.hidden=10", "reproduction.updates=600", start])
    };
    let (recorded, inferred) =
        (run("reproduction.start=recorded"), run("reproduction.start=inferred"));
    assert!(recorded < 0.1 && inferred > 0.9, "{recorded} recorded, {inferred} inferred");
}
