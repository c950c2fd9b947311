//! Recordings of units with known tuning are fitted from the files to the page.

use std::path::{Path, PathBuf};

use attractor_analysis::EncodingModel;
use attractor_data::{Npz, NpzArray, write_npz};
use attractor_numerics::random::stream;
use ndarray::{Array1, Array2, Array3};
use rand_distr::{Distribution, Poisson, StandardNormal};

use crate::config::ConfigError;
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::finish::report_again;
use crate::fit::{EncodingFit, FitExperiment, FitOutcome, fit, resume};
use crate::observer::Nobody;
use crate::train::Settings;

const STIMULI: usize = 60;
const TUNED: usize = 6;
const UNITS: usize = 10;
const FRAMES: usize = 8;

/// Features of two layers, of which the second drives the first six units; ten units, spikes in eight
/// frames of 50 ms, after 100 ms tuned; `repeats` of a stimulus, one more of the first if `uneven`.
fn files(dir: &Path, repeats: usize, uneven: bool) -> (PathBuf, PathBuf) {
    let mut rng = stream(5, "encode");
    let mut normal = |rows, columns| {
        Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut rng))
    };
    let layers: [Array2<f64>; 2] = [normal(STIMULI, 6), normal(STIMULI, 4)];
    let weights: Array2<f64> = normal(4, UNITS) * 0.5;
    let drive = layers[1].dot(&weights);
    let mut shown: Vec<usize> = (0..STIMULI * repeats).map(|k| (7 * k) % STIMULI).collect();
    shown.extend(uneven.then_some(0));
    let mut spikes = stream(6, "spikes");
    let activity = Array3::from_shape_fn((shown.len(), FRAMES, UNITS), |(trial, frame, unit)| {
        let tuned = unit < TUNED && frame >= 2;
        let log = if tuned { drive[[shown[trial], unit]] } else { 0.0 };
        Poisson::new(0.7 * f64::exp(log)).unwrap().sample(&mut spikes)
    });
    let image: Array1<f64> = shown.iter().map(|&k| k as f64).collect();
    let names: Vec<String> = (0..STIMULI).map(|k| format!("picture{k}")).collect();
    let labels: Vec<String> = shown.iter().map(|&k| names[k].clone()).collect();
    let (recording, features) = (dir.join("recording.npz"), dir.join("features.npz"));
    let arrays: [(&str, NpzArray<'_>); 4] = [
        ("activity", (&activity).into()),
        ("dt", 50.0.into()),
        ("conditions/image", (&image).into()),
        ("conditions/label", labels.as_slice().into()),
    ];
    write_npz(&recording, &arrays).unwrap();
    let arrays: [(&str, NpzArray<'_>); 3] = [
        ("images", names.as_slice().into()),
        ("layers/early", (&layers[0]).into()),
        ("layers/late", (&layers[1]).into()),
    ];
    write_npz(&features, &arrays).unwrap();
    (recording, features)
}

fn experiment(
    files: &(PathBuf, PathBuf),
    overrides: &[&str],
) -> Result<FitExperiment, ConfigError> {
    let mut all = vec![
        "fit.solver=encode".to_owned(),
        format!("encode.features={}", toml::Value::from(files.1.to_string_lossy().into_owned())),
        "encode.window=[100, 400]".to_owned(),
        "encode.l2=[0.1, 10]".to_owned(),
        "encode.splits=10".to_owned(),
    ];
    all.extend(overrides.iter().map(|&o| o.to_owned()));
    FitExperiment::read(Some(&files.0.to_string_lossy()), None, &all, Some(1))
}

fn run(
    files: &(PathBuf, PathBuf),
    out: &Path,
    overrides: &[&str],
) -> Result<EncodingFit, RunError> {
    let directory = RunDirectory::create(out).unwrap();
    let experiment = experiment(files, overrides).unwrap();
    match fit(&experiment, &directory, Settings::default(), &mut Nobody)? {
        FitOutcome::Done(results) => Ok(results.encoding.unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tuned_units_are_found_and_the_directory_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let files = files(dir.path(), 4, false);
    let out = dir.path().join("run");
    let found = run(&files, &out, &["encode.permutations=99"]).unwrap();
    assert_eq!((found.stimuli, found.trials, found.repeats), (STIMULI, 4 * STIMULI, [4, 4]));
    assert!(found.square_root);
    for (k, unit) in found.units.iter().enumerate() {
        if k < TUNED {
            assert!(
                unit.r > 0.5 && unit.layer == "late" && unit.significant() == Some(true),
                "{unit:?}"
            );
            assert!(unit.normalised.unwrap() > 0.7 && unit.explained.unwrap() > 0.2, "{unit:?}");
        } else {
            assert!(unit.significant() == Some(false) && unit.p.unwrap() > 0.02, "{unit:?}");
        }
    }
    assert_eq!(found.significant(), Some(TUNED));
    for name in
        ["config.toml", "results.json", "report.html", "encoding.npz", "figures/encoding.svg"]
    {
        assert!(out.join(name).is_file(), "{name}");
    }
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("6 of 10") && page.contains("noise ceiling"));
    let predicted = Npz::open(out.join("encoding.npz")).unwrap().shape("predicted").unwrap();
    assert_eq!(predicted, [STIMULI, UNITS]);
    let directory = RunDirectory::open(&out).unwrap();
    let again = resume(&directory, Settings::default(), &mut Nobody).unwrap();
    let FitOutcome::Already(results) = again else { panic!("measured again") };
    assert_eq!(results.encoding.unwrap(), found);
    let said = report_again(&directory, Settings::default()).unwrap_err().to_string();
    assert!(said.contains("without a network") && said.contains("encode"), "{said}");
}

/// Sums of counts where stimuli were shown equally often, trials where not: with the same counts but for
/// one trial of 241, the scores are nearly the same. Texts name the same stimuli as rows do.
#[test]
fn poisson_of_sums_and_of_trials_agree() {
    let dir = tempfile::tempdir().unwrap();
    let few = ["encode.model=poisson", "encode.permutations=0", "encode.layers=[\"late\"]"];
    let even = files(dir.path(), 4, false);
    let sums = run(&even, &dir.path().join("sums"), &few).unwrap();
    let labels = [few[0], few[1], few[2], "encode.image=label"];
    assert_eq!(run(&even, &dir.path().join("labels"), &labels).unwrap(), sums);
    assert_eq!((sums.model, sums.square_root), (EncodingModel::Poisson, false));
    assert_eq!(sums.significant(), None);
    let trials = run(&files(dir.path(), 4, true), &dir.path().join("trials"), &few).unwrap();
    assert_eq!(trials.repeats, [4, 5]);
    for (sums, trials) in sums.units[..TUNED].iter().zip(&trials.units) {
        assert!((sums.r - trials.r).abs() < 0.02, "{sums:?} {trials:?}");
        // noise of single trials is not explained
        assert!(trials.explained.unwrap() > 0.05 && trials.explained < sums.explained);
    }
}

#[test]
fn messages_name_value_and_fix() {
    let dir = tempfile::tempdir().unwrap();
    let files = files(dir.path(), 1, false);
    let says = |overrides: &[&str], parts: &[&str]| {
        let said = match experiment(&files, overrides) {
            Err(error) => error.to_string(),
            Ok(experiment) => {
                let out = dir.path().join("never");
                let directory = RunDirectory::create(&out).unwrap();
                let said = fit(&experiment, &directory, Settings::default(), &mut Nobody);
                assert!(!out.exists(), "a directory is left behind");
                said.unwrap_err().to_string()
            }
        };
        parts.iter().for_each(|part| assert!(said.contains(part), "`{part}` is not in: {said}"));
    };
    says(&["encode.layers=[\"lat\"]"], &["encode.layers", "did you mean `late`", "early, late"]);
    says(&["encode.image=picture"], &["encode.image", "no column `picture`", "image, label"]);
    says(&["encode.window=[0, 500]"], &["encode.window", "[0, 500]", "ends at 400 ms"]);
    says(&["encode.window=[300, 100]"], &["encode.window", "[from, until]"]);
    says(&["encode.features=\"\""], &["encode.features", "is empty"]);
    says(&["encode.outer=1"], &["encode.outer", "at least 2"]);
    says(&["encode.outer=61"], &["encode.outer is 61", "60 stimuli"]);
    says(&["encode.inner=50"], &["encode.inner is 50", "48 stimuli"]);
    let other = dir.path().join("features.npz");
    let none = ndarray::array![[0.0, 1.0], [1.0, 2.0]];
    write_npz(&other, &[("features", NpzArray::from(&none))]).unwrap();
    says(&[], &["encode.image", "rows 0 to 1"]);
    says(&["encode.image=label"], &["encode.image", "is not among the names"]);
}
