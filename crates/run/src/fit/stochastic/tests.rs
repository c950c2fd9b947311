//! A recording is fitted with its noise, from the file to the page.

use std::path::{Path, PathBuf};

use attractor_data::{Npz, NpzArray, Trials, write_npz};
use attractor_learn::constrained::Samples;
use attractor_learn::stochastic::{Model, Observation, Phi, Shape};
use attractor_numerics::law::Law;
use attractor_numerics::random::stream;
use attractor_recording::Recording;
use ndarray::{Array3, s};

use crate::analysis::Part;
use crate::directory::RunDirectory;
use crate::finish::{Questions, analyse_again, report_again};
use crate::fit::tests::{done, of_file};
use crate::fit::{FitExperiment, FitOutcome, FitResults, fit, resume};
use crate::observer::{Event, Nobody, Observer};
use crate::train::Settings;

/// Ten trials of 60 frames of a noisy rotation seen by six units, or counts of it; one input.
fn file(dir: &Path, counts: bool) -> PathBuf {
    let (trials, frames, units) = (10, 60, 6);
    let mut rng = stream(1, "rotation");
    let mut draw =
        |rows: usize, columns: usize| Law::Normal { sd: 1.0 }.sample(rows, columns, &mut rng);
    let loadings = draw(units, 2);
    let mut activity = Array3::zeros((trials, frames, units));
    for trial in 0..trials {
        let (noise, seen) = (draw(frames, 2), draw(frames, units));
        let mut z = [1.5, 0.0];
        for t in 0..frames {
            z = [
                0.9 * z[0] - 0.35 * z[1] + 0.2 * noise[2 * t],
                0.35 * z[0] + 0.9 * z[1] + 0.2 * noise[2 * t + 1],
            ];
            for unit in 0..units {
                let x = loadings[2 * unit] * z[0] + loadings[2 * unit + 1] * z[1];
                activity[[trial, t, unit]] = match counts {
                    true => (x + seen[t * units + unit]).max(0.0).round(),
                    false => x + 0.1 * seen[t * units + unit],
                };
            }
        }
    }
    let inputs = Array3::from_shape_vec((trials, frames, 1), draw(trials, frames)).unwrap();
    let path = dir.join(if counts { "counts.npz" } else { "rotation.npz" });
    let arrays: [(&str, NpzArray<'_>); 3] =
        [("activity", (&activity).into()), ("inputs", (&inputs).into()), ("dt", 20.0.into())];
    write_npz(&path, &arrays).unwrap();
    path
}

const QUICK: [&str; 7] = [
    "fit.solver=smc",
    "network.rank=2",
    "recording.smooth=0",
    "smc.hidden=10",
    "smc.particles=8",
    "smc.updates=240",
    "smc.batch=3",
];

fn experiment(file: &Path, overrides: &[&str]) -> FitExperiment {
    of_file(file, &[&QUICK, overrides].concat())
}

#[test]
fn a_rotation_with_noise_goes_from_the_file_to_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let file = file(dir.path(), false);
    let experiment = experiment(&file, &["smc.window=30"]);
    let mut found: Vec<FitResults> = Vec::new();
    for threads in [1, 2] {
        let directory = RunDirectory::create(&dir.path().join(format!("run{threads}"))).unwrap();
        let settings = Settings { threads: Some(threads), ..Settings::default() };
        let results = done(fit(&experiment, &directory, settings, &mut Nobody).unwrap());
        let again = done(resume(&directory, Settings::default(), &mut Nobody).unwrap());
        assert_eq!(again, results, "what is written can be read");
        let page = std::fs::read_to_string(directory.report()).unwrap();
        found.push(results);
        let said = crate::train::results(&directory).unwrap_err().to_string();
        assert!(said.contains("of a fit"), "{said}");
        report_again(&directory, settings).unwrap();
        let again = std::fs::read_to_string(directory.report()).unwrap();
        assert!(again.contains("Covariance of the noise") && again.contains("latents.npz"));
        assert_eq!(again, page, "the same page from its files");
        let mut latents = Npz::open(directory.path().join("latents.npz")).unwrap();
        assert_eq!(latents.shape("latents").unwrap(), [600, 2]);
        let model = attractor_interop::load(&directory.model()).unwrap();
        assert!(model.network.signal("rec.y").is_ok());
    }
    let fit = found[0].stochastic.clone().unwrap();
    assert_eq!(Some(&fit), found[1].stochastic.as_ref(), "threads do not matter");
    let held = fit.held_out.unwrap();
    assert!(held.network > held.last_value && held.network > held.mean, "{held:?}");
    let simple = held.mean.unwrap().max(held.last_value.unwrap());
    assert_eq!(held.simple(), Some(simple));
    assert_eq!((held.frames, fit.train.frames), (120, 480));
    assert_eq!((fit.bounds.len(), fit.observation_sd.len(), fit.noise_sd.len()), (40, 6, 2));
    assert!(found[0].to_string().contains("sd of the noise of a frame"));
}

#[test]
fn counts_are_fitted_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let file = file(dir.path(), true);
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    let experiment = experiment(&file, &["smc.observation=poisson", "recording.inputs=none"]);
    let results = done(fit(&experiment, &directory, Settings::default(), &mut Nobody).unwrap());
    let fit = results.stochastic.unwrap();
    let held = fit.held_out.unwrap();
    assert!(held.network > held.mean && held.last_value.is_none(), "{held:?}");
    assert!(fit.observation_sd.is_empty() && fit.fixed_points.is_some());

    let parts = vec![Part::Population, Part::FixedPoints, Part::Perturbations, Part::Recording];
    let questions = Questions { parts, ..Questions::default() };
    let analysis = analyse_again(&directory, &questions, Settings::default()).unwrap();
    assert_eq!(analysis.parts, questions.parts, "{:?}", analysis.unanswered);
    // of low rank: x = m z wherever the network stands, and z is one of the exact fixed points
    let model = attractor_interop::load(&directory.model()).unwrap();
    let m = &model.parameters[model.network.layout().get("rec->rec.m").unwrap().range.clone()];
    let exact: Vec<Vec<f64>> = (fit.fixed_points.unwrap().iter())
        .map(|z| m.chunks_exact(2).map(|m| m[0] * z[0] + m[1] * z[1]).collect())
        .collect();
    let search = &analysis.fixed_points[0];
    assert_eq!(search.name, "no input");
    assert!(search.fixed > 0, "{search:?}");
    for point in search.points.iter().filter(|point| point.label == "fixed") {
        let off = |x: &Vec<f64>| {
            x.iter().zip(&point.state).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        assert!(exact.iter().any(|x| off(x) < 1e-3), "{point:?} is not one of {exact:?}");
    }
    let counts = analysis.compared.iter().find(|found| found.statistic.contains("correlation"));
    assert!(counts.is_some(), "{:?}", analysis.compared);
    assert!(analysis.recording.unwrap().ends_with("counts.npz"));
    // what is judged without noise is not told what noise does
    let effects = || analysis.perturbations.iter().map(|effect| effect.name.as_str());
    assert!(effects().any(|name| name == "cut the recurrence"));
    assert!(effects().all(|name| !name.contains("noise")), "{:?}", effects().collect::<Vec<_>>());

    // the network of another fit
    let shape = Shape { units: fit.shape.units + 1, ..fit.shape };
    let rates = Array3::zeros((30, 1, shape.recorded));
    let samples = Samples::new(10.0, rates.view(), Array3::zeros((30, 1, 0)).view(), &[30]);
    let (network, parameters) =
        Model::drawn(shape, &samples.unwrap(), 1).unwrap().network().unwrap();
    let parameters: Vec<f32> = parameters.iter().map(|&value| value as f32).collect();
    attractor_interop::save(&directory.model(), &network, &parameters).unwrap();
    let error = analyse_again(&directory, &questions, Settings::default()).unwrap_err().to_string();
    assert!(error.contains("not the network that config.toml describes"), "{error}");
}

#[test]
fn a_network_that_starts_anywhere_moves_as_its_model() {
    use attractor_network::{Engine, EngineOptions, Interventions, NoiseSource};
    let (phi, observation) = (Phi::Relu, Observation::Gaussian);
    let shape = Shape { units: 7, rank: 2, recorded: 4, channels: 1, phi, observation };
    let rates = Array3::from_shape_fn((30, 1, 4), |(t, _, u)| ((t * (u + 1)) as f32 * 0.2).sin());
    let inputs = Array3::from_shape_fn((30, 1, 1), |(t, ..)| (t as f32 * 0.7).cos());
    let recording = Recording::new(10.0, rates).unwrap().with_inputs(inputs).unwrap();
    let samples =
        Samples::new(10.0, recording.activity.view(), recording.inputs.view(), &recording.lengths);
    let model = Model::drawn(shape, &samples.unwrap(), 3).unwrap();
    let values = model.values();
    // the equations of the model, from frame 5
    let (d, mut z, from) = (values.decay, [0.8, -0.5], 5);
    let u = |t: usize| f64::from(recording.inputs[[t, 0, 0]]);
    let mut v = (0..from).fold(0.0, |v, t| d * v + (1.0 - d) * u(t));
    let current = |z: &[f64; 2], v: f64, unit: usize| {
        values.m[2 * unit] * z[0] + values.m[2 * unit + 1] * z[1] + values.inputs[unit] * v
    };
    let start = ndarray::arr2(&[[z[0] as f32, z[1] as f32, v as f32]]);
    assert!((f64::from(super::finished::filtered(&recording, d)[[from, 0, 0]]) - v).abs() < 1e-6);
    let mut expected = Vec::new();
    for t in from..from + 20 {
        let sent = |unit| (current(&z, v, unit) - values.threshold[unit]).max(0.0);
        let heard = |k: usize| (0..7).map(|unit| values.n[k * 7 + unit] * sent(unit)).sum::<f64>();
        z = [d * z[0] + heard(0), d * z[1] + heard(1)];
        v = d * v + (1.0 - d) * u(t);
        expected
            .push((0..4).map(|unit| current(&z, v, unit) + values.bias[unit]).collect::<Vec<_>>());
    }
    let (network, parameters) = model.network().unwrap();
    let (network, weights) = super::finished::started(&network, &parameters, d).unwrap();
    // the input of a step is that of the frame before
    let mut trials =
        Trials::new(10.0, recording.inputs.slice(s![from..from + 20, .., ..]).to_owned());
    trials.as_mut().unwrap().start = Some(start);
    let mut engine = Engine::<f32>::new(network.clone(), EngineOptions::default()).unwrap();
    let y = [network.signal("rec.y").unwrap()];
    let (off, none) = (NoiseSource::off(), Interventions::default());
    let run = engine.run(&weights, &trials.unwrap(), off, &none, &y).unwrap().remove(0);
    for (t, row) in expected.iter().enumerate() {
        for (unit, &y) in row.iter().enumerate() {
            let found = f64::from(run[[t, 0, unit]]);
            assert!((found - y).abs() < 1e-4 * y.abs().max(1.0), "{t} {unit}: {found} for {y}");
        }
    }
}

#[test]
fn a_fit_can_be_interrupted() {
    struct Impatient(u64);
    impl Observer for Impatient {
        fn event(&mut self, event: Event<'_>) {
            self.0 += u64::from(matches!(event, Event::Update { .. }));
        }
        fn interrupted(&self) -> bool {
            self.0 == 3
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let file = file(dir.path(), false);
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    let experiment = experiment(&file, &["smc.updates=15"]);
    let outcome = fit(&experiment, &directory, Settings::default(), &mut Impatient(0)).unwrap();
    assert!(matches!(outcome, FitOutcome::Interrupted));
    let results = done(resume(&directory, Settings::default(), &mut Nobody).unwrap());
    let whole = RunDirectory::create(&dir.path().join("whole")).unwrap();
    let whole = done(fit(&experiment, &whole, Settings::default(), &mut Nobody).unwrap());
    assert_eq!(results.stochastic, whole.stochastic, "it goes on to the same bits");
    assert_eq!(results.stochastic.unwrap().bounds.len(), 5);
}

#[test]
fn wrong_settings_are_told() {
    let overrides: Vec<String> = [
        "fit.solver=smc",
        "smc.observation=poisson",
        "smc.particles=0",
        "smc.window=1",
        "smc.rate=0",
    ]
    .map(str::to_owned)
    .to_vec();
    let wrong = FitExperiment::read(Some("x.npz"), None, &overrides, None).unwrap_err();
    let said = wrong.to_string();
    for key in ["network.rank", "recording.smooth", "smc.particles", "smc.window", "smc.rate"] {
        assert!(said.contains(key), "{key}: {said}");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = file(dir.path(), false);
    let directory = RunDirectory::create(&dir.path().join("wrong")).unwrap();
    let experiment = experiment(&file, &["smc.observation=poisson"]);
    let error = fit(&experiment, &directory, Settings::default(), &mut Nobody).unwrap_err();
    assert!(error.is_request() && error.to_string().contains("counts"), "{error}");
}
