//! A recording with regions is fitted from the file to the page.

use std::path::{Path, PathBuf};

use attractor_data::{NpzArray, write_npz};
use attractor_learn::constrained::{ThreeRegionsOptions, three_regions};
use ndarray::Array2;

use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::fit::tests::{done, of_file};
use crate::fit::{FitExperiment, fit, resume};
use crate::observer::Nobody;
use crate::train::Settings;

/// Three regions of eight units, the first unit silent; regions as told.
fn file(dir: &Path, regions: &[&str]) -> PathBuf {
    let options = ThreeRegionsOptions { units: 8, between: 0.2, ..Default::default() };
    let samples = three_regions(&options).unwrap().samples;
    let rates = samples.rates(0);
    let activity = Array2::from_shape_fn((400, 25), |(t, u)| match u {
        0 => 0.5,
        u => rates[t * 24 + u - 1],
    });
    let regions: Vec<String> = regions.iter().map(|&r| r.to_owned()).collect();
    let path = dir.join(format!("regions{}.npz", regions.len()));
    let arrays: [(&str, NpzArray<'_>); 3] = [
        ("activity", (&activity).into()),
        ("dt", 10.0.into()),
        ("regions", regions.as_slice().into()),
    ];
    write_npz(&path, &arrays).unwrap();
    path
}

fn labels() -> Vec<&'static str> {
    let mut labels = vec!["silent"];
    labels.extend((0..24).map(|u| ["A", "B", "C"][u / 8]));
    labels[24] = " ";
    labels
}

const QUICK: [&str; 5] = [
    "recording.smooth=0",
    "network.tau=100",
    "fit.iterations=3",
    "fit.l2=[1e-4, 1e-3]",
    "fit.restarts=1",
];

fn experiment(file: &Path, overrides: &[&str]) -> FitExperiment {
    of_file(file, &[&QUICK, overrides].concat())
}

#[test]
fn regions_go_from_the_file_to_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let file = file(dir.path(), &labels());
    for (solver, extra) in [
        ("fit.solver=rollout-ridge", "fit.passes=2"),
        ("fit.solver=rls", "fit.passes=3"),
        ("fit.solver=rls", "fit.published=true"),
    ] {
        let name = format!("{solver}{extra}").replace(['=', '.'], "-");
        let directory = RunDirectory::create(&dir.path().join(name)).unwrap();
        let experiment = experiment(&file, &[solver, "fit.passes=2", extra]);
        let results = done(fit(&experiment, &directory, Settings::default(), &mut Nobody).unwrap());
        let found = results.constrained.as_ref().unwrap();
        let regions: Vec<(&str, usize)> =
            found.regions.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(regions, [("A", 8), ("B", 8), ("C", 7), ("unassigned", 1)]);
        assert_eq!((results.recording.units, results.recording.silent), (24, 1));
        assert!(results.warnings.iter().any(|w| w.contains("1 units have no region")));
        for (i, row) in found.magnitudes.iter().enumerate() {
            for (j, all) in row.iter().enumerate() {
                assert!(*all <= found.excitatory[i][j] + found.inhibitory[i][j] + 1e-12);
            }
        }
        assert_eq!((found.restarts.len(), found.units.len()), (1, 24));
        assert_eq!(found.units[0].name, "unit1");
        assert!(found.held_out.unwrap().samples > 0);
        assert_eq!(found.replayed.is_some(), extra == "fit.published=true");
        let page = std::fs::read_to_string(directory.report()).unwrap();
        assert!(page.contains("from unassigned") && page.contains("What is identified"));
        let again = done(resume(&directory, Settings::default(), &mut Nobody).unwrap());
        assert_eq!(again, results, "what is written can be read");
    }
}

#[test]
fn the_stored_network_runs_as_the_fitted_one() {
    use attractor_network::{Engine, EngineOptions, Interventions, NoiseSource};
    let dir = tempfile::tempdir().unwrap();
    let file = file(dir.path(), &labels());
    let directory = RunDirectory::create(&dir.path().join("run")).unwrap();
    let experiment = experiment(&file, &["fit.solver=rollout-ridge", "fit.held_out=0"]);
    let results = done(fit(&experiment, &directory, Settings::default(), &mut Nobody).unwrap());
    assert!(results.constrained.unwrap().held_out.is_none());
    let model = attractor_interop::load(&directory.model()).unwrap();
    let samples = super::Material::read(&experiment.config, &mut Vec::new()).unwrap().samples;
    let n = samples.units();
    let mut trials = attractor_data::Trials::new(10.0, ndarray::Array3::zeros((20, 1, 0))).unwrap();
    let mut start = ndarray::Array2::zeros((1, n + 1));
    (0..n).for_each(|i| start[[0, i]] = samples.rates(0)[i].atanh() as f32);
    start[[0, n]] = 1.0;
    trials.start = Some(start);
    let network = std::sync::Arc::new(model.network.clone());
    let mut engine = Engine::<f32>::new(network.clone(), EngineOptions::default()).unwrap();
    let signal = [network.signal("rec.r").unwrap()];
    let parameters: Vec<f32> = model.parameters_in();
    let run = engine
        .run(&parameters, &trials, NoiseSource::off(), &Interventions::default(), &signal)
        .unwrap();
    let material = super::Material::read(&experiment.config, &mut Vec::new()).unwrap();
    let solved = material.solve(&material.samples, &experiment.config, 1).unwrap();
    let free = solved.model.free(&samples, Default::default()).unwrap();
    for t in 0..20 {
        for i in 0..n {
            let (own, stored) = (free[0][(t + 1) * n + i], f64::from(run[0][[t, 0, i]]));
            assert!((own - stored).abs() < 1e-3, "{t} {i}: {own} {stored}");
        }
    }
}

#[test]
fn wrong_regions_and_settings_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (few, right) = (file(dir.path(), &["A", "B"]), file(dir.path(), &labels()));
    let said = |file: &Path, overrides: &[&str]| -> RunError {
        let directory = RunDirectory::create(&dir.path().join("wrong")).unwrap();
        let experiment = experiment(file, overrides);
        fit(&experiment, &directory, Settings::default(), &mut Nobody).unwrap_err()
    };
    let error = said(&few, &["fit.solver=rollout-ridge"]);
    assert!(error.is_request() && error.to_string().contains("regions"), "{error}");
    let error = said(&right, &["fit.solver=rollout-ridge", "fit.regions=areas"]);
    assert!(error.is_request() && error.to_string().contains("areas"), "{error}");
    let overrides = ["fit.solver=rls".to_owned(), "fit.l2=[]".to_owned()];
    let wrong = FitExperiment::read(Some("x.npz"), None, &overrides, None).unwrap_err();
    let said = wrong.to_string();
    assert!(said.contains("fit.passes") && said.contains("fit.l2"), "{said}");
}

/// Three regions of eight units that nothing drives from outside, with their weights; the first unit is
/// silent and has none.
fn simulation(dir: &Path) -> PathBuf {
    let options = ThreeRegionsOptions { units: 8, between: 0.3, driven: 0.0, ..Default::default() };
    let made = three_regions(&options).unwrap();
    let rates = made.samples.rates(0);
    let activity = Array2::from_shape_fn((600, 25), |(t, u)| match u {
        0 => 0.5,
        u => rates[t * 24 + u - 1],
    });
    let truth = Array2::from_shape_fn((25, 25), |(i, j)| match (i, j) {
        (0, _) | (_, 0) => 0.0,
        (i, j) => made.weights[(i - 1) * 24 + j - 1],
    });
    let regions: Vec<String> = labels().iter().map(|&r| r.to_owned()).collect();
    let path = dir.join("simulation.npz");
    let arrays: [(&str, NpzArray<'_>); 4] = [
        ("activity", (&activity).into()),
        ("dt", 10.0.into()),
        ("regions", regions.as_slice().into()),
        ("truth/weights", (&truth).into()),
    ];
    write_npz(&path, &arrays).unwrap();
    path
}

#[test]
fn a_fit_to_a_simulation_is_compared_with_its_truth() {
    let dir = tempfile::tempdir().unwrap();
    let file = simulation(dir.path());
    for how in ["global", "per-unit"] {
        let directory = RunDirectory::create(&dir.path().join(how)).unwrap();
        let normalise = format!("recording.normalise={how}");
        let overrides = ["fit.solver=rollout-ridge", "recording.peak=0.999", "fit.l2=[1e-9]"];
        let experiment = experiment(&file, &[&overrides[..], &[&normalise]].concat());
        let results = done(fit(&experiment, &directory, Settings::default(), &mut Nobody).unwrap());
        let truth = results.constrained.as_ref().unwrap().truth.as_ref().unwrap();
        // weights are not in the data of one trajectory; currents within A, which is chaotic, are
        let within = truth.currents[0][0].unwrap();
        assert!(within > 0.9 && truth.weights.abs() < 0.5, "{how}: {truth:?}");
        let page = std::fs::read_to_string(directory.report()).unwrap();
        assert!(page.contains("the truth of the simulation"));
        assert!(results.to_string().contains("the truth: weights correlate"), "{results}");
    }
}
