//! Fits are analysed, and what is found is what their networks are.

use std::fs;
use std::path::{Path, PathBuf};

use attractor_analysis::fixed_points::{SearchOptions, fixed_points};
use attractor_data::{NpzArray, write_npz};
use attractor_network::Autonomous;
use attractor_recording::{Recording, Stretch};
use ndarray::Array3;

use super::super::tests::{done, of_file, small};
use super::{Shape, Stretches};
use crate::analysis::{Analysis, Part};
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::finish::{Questions, analyse_again, report_again};
use crate::fit::{FitResults, fit};
use crate::observer::Nobody;
use crate::train::Settings;

fn ask(directory: &RunDirectory, parts: &[Part]) -> Result<Analysis, RunError> {
    let questions = Questions { parts: parts.to_vec(), ..Questions::default() };
    analyse_again(directory, &questions, Settings::default())
}

fn results(directory: &RunDirectory) -> FitResults {
    super::finished(directory).unwrap().unwrap()
}

const UNITS: usize = 8;
/// What units send and hear of their common mode.
const LOADINGS: [f64; UNITS] = [1.0, -0.8, 0.6, 0.9, -1.1, 0.7, -0.5, 1.2];
/// `x' = -x + u κ`, with `κ = GAIN Σ u tanh(x) / N` and a time constant of 50 ms.
const GAIN: f64 = 3.0;

fn mode(x: &[f64]) -> f64 {
    let sum: f64 = LOADINGS.iter().zip(x).map(|(u, x)| u * x.tanh()).sum();
    GAIN * sum / UNITS as f64
}

/// Trials of a network that remembers which side it was started on, in two regions.
fn two_sides(dir: &Path, names: [&str; 2]) -> PathBuf {
    let (trials, frames) = (12, 40);
    let mut activity = Array3::zeros((trials, frames, UNITS));
    for trial in 0..trials {
        let side = if trial % 2 == 0 { 1.0 } else { -1.0 };
        // off the common mode too, so that every weight shows
        let off = |unit: usize| 0.4 * ((1 + unit * 3 + trial * 5) as f64).sin();
        let mut x: Vec<f64> =
            (0..UNITS).map(|unit| 0.2 * side * LOADINGS[unit] + off(unit)).collect();
        for t in 0..frames {
            (0..UNITS).for_each(|unit| activity[[trial, t, unit]] = x[unit].tanh());
            let k = mode(&x);
            (0..UNITS).for_each(|unit| x[unit] += 0.2 * (LOADINGS[unit] * k - x[unit]));
        }
    }
    let side: Vec<String> = (0..trials)
        .map(|trial| {
            if activity[[trial, frames - 1, 0]] > 0.0 { "left" } else { "right" }.to_owned()
        })
        .collect();
    let regions: Vec<String> = (0..UNITS).map(|unit| names[unit / 4].to_owned()).collect();
    let path = dir.join("sides.npz");
    let arrays: [(&str, NpzArray<'_>); 4] = [
        ("activity", (&activity).into()),
        ("dt", 10.0.into()),
        ("regions", regions.as_slice().into()),
        ("conditions/side", side.as_slice().into()),
    ];
    write_npz(&path, &arrays).unwrap();
    path
}

const RIDGE: [&str; 8] = [
    "fit.solver=rollout-ridge",
    "network.tau=50",
    "recording.smooth=0",
    "recording.normalise=none",
    "fit.l2=[1e-8]",
    "fit.iterations=3",
    "fit.restarts=0",
    "fit.no_self=false",
];

#[test]
fn a_fit_to_a_known_network_has_its_fixed_points() {
    let dir = tempfile::tempdir().unwrap();
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    let file = two_sides(dir.path(), ["A", "B"]);
    let fitted =
        done(fit(&of_file(&file, &RIDGE), &directory, Settings::default(), &mut Nobody).unwrap());
    let page = fs::read_to_string(directory.report()).unwrap();
    let own = fs::read(directory.figures().join("weights.svg")).unwrap();
    let all = [Part::USUAL.as_slice(), &[Part::Lyapunov, Part::Recording]].concat();
    let analysis = ask(&directory, &all).unwrap();

    // by iteration, from the side it is on
    let mut known = LOADINGS.to_vec();
    for _ in 0..10_000 {
        let k = mode(&known);
        known = LOADINGS.iter().map(|u| u * k).collect();
    }
    let [search] = &analysis.fixed_points[..] else { panic!("{:?}", analysis.fixed_points) };
    assert_eq!((search.name.as_str(), search.input.len()), ("no input", 0));
    let near = |wanted: &[f64]| {
        let distance = |state: &[f64]| {
            state.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let points = search.points.iter().filter(|point| point.label == "fixed");
        points
            .min_by(|a, b| distance(&a.state).total_cmp(&distance(&b.state)))
            .filter(|point| distance(&point.state) < 0.02)
    };
    let other: Vec<f64> = known.iter().map(|x| -x).collect();
    for side in [&known, &other] {
        assert_eq!(near(side).unwrap().kind, "stable node");
    }
    assert_eq!(near(&[0.0; UNITS]).unwrap().unstable, 1, "a saddle between the sides");
    // stable where it starts: the slowest mode decays
    assert!(analysis.lyapunov[0].exponents[0] < 0.0);

    // sides are told apart, and the mode that carries them is lost without the recurrence
    assert_eq!((analysis.decoded[0].variable.as_str(), analysis.decoded[0].best), ("side", 1.0));
    assert_eq!(analysis.task_axes[0].variable, "side");
    let score = |name: &str| {
        analysis.perturbations.iter().find(|effect| effect.name == name).unwrap().score
    };
    let clean = fitted.constrained.as_ref().unwrap().scores.clean.unwrap();
    assert!((score("none") - clean).abs() < 0.01 && clean > 0.99, "{clean}");
    assert!(score("cut the recurrence") < 0.5 && score("silence A (4 units)") < 0.9);
    assert!(analysis.graphs[0].before.is_none() && analysis.spectra.is_empty());
    let ratio = analysis.dimension.as_ref().unwrap().participation_ratio;
    assert!(ratio < 2.0, "one mode: {ratio}");
    assert_eq!(analysis.unanswered.len(), 2, "{:?}", analysis.unanswered);
    assert!(analysis.unanswered[0].starts_with("behaviour: there is no task"));
    assert!(analysis.unanswered[1].contains("negative"), "rates of tanh units are no counts");

    // all that was there still is, and the rest joined it
    let written = results(&directory);
    assert_eq!(written.analysis.as_ref(), Some(&analysis));
    assert_eq!(FitResults { analysis: None, ..written }, fitted);
    assert_eq!(fs::read(directory.figures().join("weights.svg")).unwrap(), own);
    let now = fs::read_to_string(directory.report()).unwrap();
    for heading in page.split("<h2").skip(1).map(|rest| rest.split("</h2>").next().unwrap()) {
        let words = heading.rsplit('>').next().unwrap();
        assert!(now.contains(words), "{words} is gone");
    }
    for part in ["State space", "Searches for fixed points", "Perturbations", "Not answered"] {
        assert!(now.contains(part) && !page.contains(part), "{part}");
    }
    for figure in ["stability", "state-space", "decoding", "weights-rec", "groups-rec"] {
        assert!(directory.figures().join(format!("{figure}.svg")).is_file(), "{figure}");
    }
    // once more is the same
    assert_eq!(ask(&directory, &all).unwrap(), analysis);
    assert_eq!(fs::read_to_string(directory.report()).unwrap(), now);
    fs::remove_file(directory.report()).unwrap();
    report_again(&directory, Settings::default()).unwrap();
    assert_eq!(fs::read_to_string(directory.report()).unwrap(), now);
}

#[test]
fn a_forecast_is_scored_as_it_was_and_has_the_fixed_points_of_its_model() {
    let dir = tempfile::tempdir().unwrap();
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    let fitted =
        done(fit(&small(dir.path()), &directory, Settings::default(), &mut Nobody).unwrap());
    let page = fs::read_to_string(directory.report()).unwrap();
    report_again(&directory, Settings::default()).unwrap();
    assert_eq!(
        fs::read_to_string(directory.report()).unwrap(),
        page,
        "the same page from its files"
    );
    assert!(results(&directory).analysis.is_none());

    let asked = [Part::Graph, Part::FixedPoints, Part::Perturbations, Part::Recording];
    let analysis = ask(&directory, &asked).unwrap();
    let free = fitted.forecasts.last().unwrap().free().unwrap();
    assert!((analysis.perturbations[0].score - free).abs() < 1e-9, "{free}");
    let before = analysis.graphs[0].before.as_ref().unwrap();
    assert_ne!(before, &analysis.graphs[0].after);

    let model = attractor_interop::load(&directory.model()).unwrap();
    let [search] = &analysis.fixed_points[..] else { panic!("{:?}", analysis.fixed_points) };
    assert_eq!((search.name.as_str(), &search.input[..]), ("mean recorded input", &[0.0; 2][..]));
    let map = Autonomous::new(&model.network, &model.parameters, &search.input).unwrap();
    let options = SearchOptions { seed: 1, ..SearchOptions::default() };
    for point in search.points.iter().filter(|point| point.label == "fixed") {
        let again = fixed_points(&map, &point.state, &options).unwrap();
        assert_eq!(again.points.len(), 1);
        let moved = again.points[0].state.iter().zip(&point.state).map(|(a, b)| (a - b).abs());
        assert!(moved.fold(0.0, f64::max) < 1e-6);
    }
    assert!(search.fixed > 0);
    let questions = Questions {
        parts: vec![Part::FixedPoints],
        inputs: vec![vec![0.5, 0.0]],
        ..Questions::default()
    };
    let driven = analyse_again(&directory, &questions, Settings::default()).unwrap();
    assert_eq!(driven.fixed_points[0].input, [0.5, 0.0]);
    assert_ne!(driven.fixed_points[0].points[0].state, search.points[0].state);
    assert_eq!(driven.perturbations, analysis.perturbations, "what was not asked stays");
    let wrong = Questions { inputs: vec![vec![0.5]], ..questions };
    let error = analyse_again(&directory, &wrong, Settings::default()).unwrap_err();
    assert!(error.is_request() && error.to_string().contains("2 channels"), "{error}");
}

#[test]
fn a_recording_that_changed_or_went_is_told_and_older_results_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    let file = two_sides(dir.path(), ["A", "B"]);
    done(fit(&of_file(&file, &RIDGE), &directory, Settings::default(), &mut Nobody).unwrap());
    let kept = fs::read(&file).unwrap();
    let said = || ask(&directory, &[Part::Population]).unwrap_err().to_string();

    let activity =
        Array3::from_shape_fn((12, 40, UNITS), |(k, t, u)| ((k + 3 * t + u) as f64).sin());
    write_npz(&file, &[("activity", (&activity).into()), ("dt", 10.0.into())]).unwrap();
    let error = said();
    assert!(error.contains("sides.npz") && error.contains("of other activity"), "{error}");
    let fewer = activity.slice(ndarray::s![..10, .., ..]).to_owned();
    write_npz(&file, &[("activity", (&fewer).into()), ("dt", 10.0.into())]).unwrap();
    assert!(said().contains("12 trials"), "{}", said());
    fs::remove_file(&file).unwrap();
    let error = said();
    assert!(
        error.contains("sides.npz: no such file") && error.contains("recording.file"),
        "{error}"
    );
    assert!(results(&directory).analysis.is_none(), "nothing was written");

    fs::write(&file, kept).unwrap();
    let text = fs::read_to_string(directory.results()).unwrap();
    let mut older: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(older["recording"].as_object_mut().unwrap().remove("weighted_size").is_some());
    fs::write(directory.results(), older.to_string()).unwrap();
    assert!(ask(&directory, &[Part::Population]).unwrap().dimension.is_some());
}

/// Groups of the network, and modules, have names too: `observed` are the units whose activity is judged.
#[test]
fn regions_may_be_called_as_groups_of_the_network_are() {
    let dir = tempfile::tempdir().unwrap();
    let scores = |name: &str, regions| {
        let directory = RunDirectory::create(&dir.path().join(name)).unwrap();
        let file = two_sides(dir.path(), regions);
        done(fit(&of_file(&file, &RIDGE), &directory, Settings::default(), &mut Nobody).unwrap());
        let found = ask(&directory, &[Part::Graph, Part::Perturbations]).unwrap().perturbations;
        found.into_iter().map(|effect| effect.score).collect::<Vec<f64>>()
    };
    let expected = scores("letters", ["A", "B"]);
    assert!(expected.len() > 4);
    for (name, regions) in [("taken", ["observed", "module 1"]), ("odd", ["V1]", "a.b, c"])] {
        assert_eq!(scores(name, regions), expected, "{regions:?}");
    }
}

#[test]
fn a_recording_in_another_order_is_another() {
    use crate::fit::prepare::weighted_size;
    let activity =
        Array3::from_shape_fn((30, 4, 5), |(t, k, u)| (t as f32 * 0.3).sin() + (k * u) as f32);
    let reversed = |axis| {
        let mut other = activity.clone();
        other.invert_axis(ndarray::Axis(axis));
        weighted_size(&other) / weighted_size(&activity)
    };
    assert!((reversed(0) - 1.0).abs() < 1e-9);
    assert!(reversed(1) < 0.99 && reversed(2) < 0.99);
}

#[test]
fn every_stretch_that_is_judged_is_run_through() {
    let activity = Array3::from_shape_fn((40, 3, 2), |(t, k, u)| ((t + 3 * k + u) as f32).sin());
    let recording = Recording::new(10.0, activity).unwrap();
    let stretch = |trial, frames| Stretch { trial, frames };
    let judged = [stretch(0, 0..10), stretch(1, 30..34)];
    let rest = [stretch(1, 0..24), stretch(2, 0..4)];
    let all = [&judged[..], &rest].concat();
    let stretches = Stretches {
        recording: &recording,
        all: &all,
        judged: &judged,
        train: &rest,
        lead: 2,
        window: 20,
    };
    let begins = stretches.begins();
    let found: Vec<_> =
        begins.iter().map(|(b, judged)| (b.trial, b.frame, b.end, *judged)).collect();
    assert_eq!(
        found,
        [(0, 1, 10, true), (1, 1, 10, false), (1, 11, 20, false), (1, 31, 34, true)],
        "no rest of 4 frames, and no training stretch as short"
    );
    let none = Stretches { lead: 40, ..stretches };
    let shape = Shape::recorded(2, 0, 10.0, 5, 30.0);
    assert!(none.runs(&shape).is_err_and(|error| error.is_request()));
}

#[test]
fn the_course_of_one_recorded_unit_is_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.npz");
    let activity = Array3::from_shape_fn((4, 60, 1), |(k, t, _)| {
        0.5 + 0.4 * (t as f64 * 0.2 + if k < 2 { 0.0 } else { 2.0 }).sin()
    });
    let side = ["left", "right", "left", "right"].map(str::to_owned);
    let arrays: [(&str, NpzArray<'_>); 3] = [
        ("activity", (&activity).into()),
        ("dt", 10.0.into()),
        ("conditions/side", side.as_slice().into()),
    ];
    write_npz(&file, &arrays).unwrap();
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    done(fit(&of_file(&file, &RIDGE), &directory, Settings::default(), &mut Nobody).unwrap());
    let analysis = ask(&directory, &Part::USUAL).unwrap();
    assert_eq!(analysis.tuning.unwrap().variables, ["side"]);
}
