//! Regions that talk through few dimensions are fitted from the file to the page.

use std::path::{Path, PathBuf};

use attractor_analysis::principal_cosines;
use attractor_data::{Npz, NpzArray, write_npz};
use attractor_numerics::random::stream;
use ndarray::{Array2, Array3, Ix2, s};
use rand_distr::{Distribution, StandardNormal};

use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::finish::report_again;
use crate::fit::{FitExperiment, FitOutcome, FitResults, fit};
use crate::observer::Nobody;
use crate::train::Settings;

const V1: usize = 10;
const V2: usize = 6;
const FRAMES: usize = 5;

fn normal(rows: usize, columns: usize, name: &str) -> Array2<f64> {
    let mut rng = stream(3, name);
    Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut rng))
}

/// V1 is noise, V2 follows two of its dimensions; both also follow a stimulus (a condition of the trial)
/// at each frame, by which they would seem to talk through one more.
fn file(dir: &Path, trials: usize) -> (PathBuf, Array2<f64>) {
    let samples = trials * FRAMES;
    let map = normal(V1, 2, "read");
    let v1 = normal(samples, V1, "v1");
    let v2 = v1.dot(&map).dot(&normal(2, V2, "write")) + normal(samples, V2, "noise") * 2.0;
    let tuning = normal(2 * FRAMES, V1 + V2, "tuning") * 5.0;
    let activity = Array3::from_shape_fn((trials, FRAMES, V1 + V2), |(trial, frame, unit)| {
        let sample = trial * FRAMES + frame;
        let own = if unit < V1 { v1[[sample, unit]] } else { v2[[sample, unit - V1]] };
        own + tuning[[trial % 2 * FRAMES + frame, unit]]
    });
    let regions: Vec<String> =
        (0..V1 + V2).map(|unit| if unit < V1 { "V1" } else { "V2" }.to_owned()).collect();
    let stimulus: Vec<String> =
        (0..trials).map(|trial| ["left", "right"][trial % 2].to_owned()).collect();
    let path = dir.join("areas.npz");
    let arrays: [(&str, NpzArray<'_>); 4] = [
        ("dt", 100.0.into()),
        ("units/region", regions.as_slice().into()),
        ("activity", (&activity).into()),
        ("conditions/stimulus", stimulus.as_slice().into()),
    ];
    write_npz(&path, &arrays).unwrap();
    (path, map)
}

fn run(file: &Path, out: &Path, overrides: &[&str]) -> Result<FitResults, RunError> {
    let mut all = vec![
        "fit.solver=reduced-rank".to_owned(),
        "subspace.from=V1".to_owned(),
        "subspace.to=V2".to_owned(),
        "subspace.folds=5".to_owned(),
    ];
    all.extend(overrides.iter().map(|&o| o.to_owned()));
    let experiment = FitExperiment::read(Some(&file.to_string_lossy()), None, &all, Some(1))?;
    let directory = RunDirectory::create(out)?;
    match fit(&experiment, &directory, Settings::default(), &mut Nobody)? {
        FitOutcome::Done(results) => Ok(*results),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_planted_subspace_is_found_once_the_stimulus_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let (file, map) = file(dir.path(), 200);
    let out = dir.path().join("run");
    let results = run(&file, &out, &["subspace.by=[\"stimulus\"]"]).unwrap();
    let found = results.subspace.unwrap();
    assert_eq!((found.rank, found.samples, found.residuals), (2, 1000, true));
    assert_eq!((found.from.units, found.to.units, found.ranks.len()), (V1, V2, V2 + 1));
    assert!(found.ranks[0].r2.abs() < 0.01 && found.r2() > Some(0.3), "{found:?}");
    assert_eq!(results.recording.smooth, 0.0);
    let mut subspace = Npz::open(out.join("subspace.npz")).unwrap();
    let basis = subspace.array::<f64, Ix2>("basis", "[source, rank]").unwrap();
    let cosines = principal_cosines(basis.view(), map.view()).unwrap();
    assert!(cosines.iter().all(|c| *c > 0.98), "{cosines:?}");
    assert_eq!(subspace.texts("targets").unwrap()[0], "unit10");
    for name in ["config.toml", "results.json", "report.html", "figures/ranks.svg"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("V2 from V1"));
    let error = report_again(&RunDirectory::open(&out).unwrap(), Settings::default()).unwrap_err();
    let said = error.to_string();
    assert!(error.is_request() && said.contains("without a network"), "{said}");
    assert!(said.contains("reduced-rank"), "{said}");
    // with the stimulus in, regions share more than they tell each other
    let driven = run(&file, &dir.path().join("driven"), &["subspace.residuals=false"]).unwrap();
    assert!(driven.subspace.unwrap().rank > 2);
}

#[test]
fn one_stretch_is_cut_into_blocks_and_wrong_requests_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = file(dir.path(), 60);
    let says = |overrides: &[&str], parts: &[&str]| {
        let said = run(&file, &dir.path().join("never"), overrides).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(said.contains(part), "`{part}` is not in: {said}"));
    };
    says(&["fit.regions=none"], &["no region `V1`", "units/region"]);
    says(&["subspace.to=V4"], &["no region `V4`", "V1, V2"]);
    says(&["subspace.to=V1"], &["subspace.to", "another region"]);
    says(&["subspace.by=[\"coherence\"]"], &["subspace.by", "no column `coherence`", "stimulus"]);
    says(&["subspace.folds=61"], &["subspace.folds is 61", "60 trials"]);
    says(&["subspace.folds=1"], &["subspace.folds", "at least 2"]);
    let mut long = Npz::open(&file).unwrap();
    let trials: Array3<f64> = long.array("activity", "").unwrap();
    let stretch = trials.slice(s![.., 0, ..]).to_owned();
    let regions = long.texts("units/region").unwrap();
    let path = dir.path().join("stretch.npz");
    let arrays: [(&str, NpzArray<'_>); 3] = [
        ("dt", 100.0.into()),
        ("units/region", regions.as_slice().into()),
        ("activity", (&stretch).into()),
    ];
    write_npz(&path, &arrays).unwrap();
    let results = run(&path, &dir.path().join("stretch"), &[]).unwrap();
    let found = results.subspace.unwrap();
    assert_eq!((found.trials, found.samples, found.residuals), (1, 60, false));
    assert!(results.warnings.iter().any(|warning| warning.contains("one stretch")));
}
