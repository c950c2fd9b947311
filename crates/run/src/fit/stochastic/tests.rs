//! A recording is fitted with its noise, from the file to the page.

use std::path::{Path, PathBuf};

use attractor_data::{Npz, NpzArray, write_npz};
use attractor_numerics::law::Law;
use attractor_numerics::random::stream;
use ndarray::Array3;

use crate::directory::RunDirectory;
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
        found.push(results);
        let said = crate::train::results(&directory).unwrap_err().to_string();
        assert!(said.contains("of a fit"), "{said}");
        let page = std::fs::read_to_string(directory.report()).unwrap();
        assert!(page.contains("Covariance of the noise") && page.contains("latents.npz"));
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
