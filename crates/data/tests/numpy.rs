//! Files written by NumPy (tests/files/make.py) are read, in every layout, and ours are refused or
//! accepted with messages that help.

use std::path::PathBuf;

use attractor_data::{
    Activity, FileError, FileProblem, Npz, NpzArray, Trials, read_trials, write_npz, write_trials,
};
use ndarray::{Array1, Array2, Array3};

fn problem<T>(result: Result<T, FileError>) -> FileProblem {
    *result.err().expect("an error").problem
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

fn expect_the_trials_of_make_py(trials: &Trials) {
    assert_eq!(
        trials.inputs,
        Array3::from_shape_fn((3, 4, 2), |(t, k, c)| (100 * k + 10 * t + c) as f32)
    );
    assert_eq!(trials.input_names, ["motion", "colour"]);
    assert_eq!((trials.dt, trials.lengths.as_slice()), (20.0, [3, 3, 3, 2].as_slice()));
    let target = trials.target("out.y").unwrap();
    assert_eq!(
        target.values,
        Array3::from_shape_fn((3, 4, 1), |(t, k, _)| if 100 * k + 10 * t < 150 {
            -1.0
        } else {
            1.0
        })
    );
    assert_eq!(target.weights.column(0).to_vec(), [0.0, 0.0, 1.0]);
    assert_eq!(target.weights.column(3).to_vec(), [0.0, 1.0, 0.0]);
    assert_eq!(
        trials.start.as_ref().unwrap(),
        Array2::from_shape_fn((4, 2), |(k, v)| (2 * k + v) as f32)
    );
    assert_eq!(trials.conditions.numbers("coherence").unwrap(), [-4.0, -1.0, 1.0, 4.0]);
    assert_eq!(trials.conditions.labels("context").unwrap(), ["A", "B", "A", "é"]);
}

#[test]
fn numpy_files_are_read_in_every_layout() {
    for name in ["plain.npz", "compressed.npz", "fortran_big_endian.npz"] {
        expect_the_trials_of_make_py(&read_trials(file(name), None).unwrap());
    }
}

#[test]
fn trials_survive_a_round_trip() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trials.npz");
    let mut trials = read_trials(file("plain.npz"), None).unwrap();
    let mut second = trials.targets[0].clone();
    second.signal = "rec.r".into();
    second.weights.fill(0.0);
    trials.targets.push(second);
    write_trials(&path, &trials).unwrap();
    assert_eq!(read_trials(&path, None).unwrap(), trials);
    let first = std::fs::read(&path).unwrap();
    write_trials(&path, &trials).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), first, "the same trials give the same bytes");
}

#[test]
fn activity_survives_a_round_trip() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("states.npz");
    let mut activity = Activity::new(10.0);
    activity
        .insert(
            "rec.r",
            Array3::from_shape_fn((4, 2, 3), |(t, k, u)| (100 * t + 10 * k + u) as f32),
        )
        .unwrap();
    activity.insert("out.y", Array3::ones((2, 2, 1))).unwrap();
    assert!(activity.insert("out.z", Array3::ones((2, 3, 1))).is_err());
    activity.write(&path).unwrap();
    assert_eq!(Activity::read(&path).unwrap(), activity);
    let in_file: Array3<f32> =
        Npz::open(&path).unwrap().array("rec.r", "[trial, time, unit]").unwrap();
    assert_eq!(in_file[[1, 3, 2]], 312.0);
}

/// The message of reading trials from these arrays.
fn refused(arrays: &[(&str, NpzArray<'_>)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad.npz");
    write_npz(&path, arrays).unwrap();
    let message = read_trials(&path, Some(20.0)).unwrap_err().to_string();
    assert!(message.contains("bad.npz"), "{message}");
    message
}

#[test]
fn messages_name_key_value_and_fix() {
    let inputs = Array3::<f32>::zeros((4, 3, 2));
    let ok = ("inputs", NpzArray::from(&inputs));
    let says = |arrays: &[(&str, NpzArray<'_>)], parts: &[&str]| {
        let message = refused(arrays);
        for part in parts {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
    };
    says(
        &[("input", (&inputs).into())],
        &["unknown array `input`", "did you mean `inputs`?", "extra/"],
    );
    says(&[("dt", 20.0.into())], &["no array `inputs`", "the file has `dt`"]);
    says(
        &[("inputs", (&Array2::<f32>::zeros((3, 2))).into())],
        &["`inputs`", "[trial, time, channel]", "[3, 2]"],
    );
    let mut nan = inputs.clone();
    nan[[3, 1, 0]] = f32::NAN;
    says(&[("inputs", (&nan).into())], &["`inputs`[3, 1, 0] is NaN"]);
    says(
        &[("inputs", Array3::<f64>::from_elem((1, 1, 1), 1e300).into())],
        &["`inputs`[0, 0, 0] is inf"],
    );
    says(
        &[ok.clone(), ("targets", Array3::<f32>::zeros((4, 2, 1)).into())],
        &["`targets`", "[4, 3, 1]", "[4, 2, 1]", "agree with `inputs`"],
    );
    says(
        &[ok.clone(), ("weights", Array2::<f32>::zeros((4, 3)).into())],
        &["`weights`", "no target"],
    );
    says(
        &[ok.clone(), ("lengths", Array1::from(vec![3_i64, 3, 3, 4]).into())],
        &["lengths[3]", "4", "1..=3"],
    );
    says(
        &[ok.clone(), ("conditions/c", Array1::from(vec![1.0, 2.0]).into())],
        &["`conditions/c`", "[4]", "[2]"],
    );
    says(&[ok.clone(), ("dt", (-1.0).into())], &["`dt` is -1 ms"]);
    says(
        &[ok.clone(), ("dt", Array1::from(vec![1.0, 2.0]).into())],
        &["`dt`", "one number", "[2]"],
    );
    let names = ["a".to_owned(), "a".to_owned()];
    says(&[ok.clone(), ("input_names", names.as_slice().into())], &["`a`", "twice"]);
    says(&[("inputs", names.as_slice().into())], &["`inputs`", "expected axes"]);
    says(&[ok, ("start", names.as_slice().into())], &["`start`"]);
    let lacking = read_trials(file("complex.npz"), None).unwrap_err().to_string();
    assert!(lacking.contains("`inputs`: elements are <c16"), "{lacking}");
    assert!(read_trials(file("object.npz"), None).unwrap_err().to_string().contains("|O"));
}

#[test]
fn dt_comes_from_the_file_or_the_caller() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npz");
    write_npz(
        &path,
        &[("inputs", Array3::<f32>::zeros((1, 2, 1)).into()), ("extra/mine", 1.0.into())],
    )
    .unwrap();
    assert!(
        matches!(problem(read_trials(&path, None)), FileProblem::MissingKey { key, .. } if key == "dt")
    );
    assert_eq!(read_trials(&path, Some(5.0)).unwrap().dt, 5.0);
    assert_eq!(read_trials(&path, Some(5.0)).unwrap().input_names, ["in0"]);
}

#[test]
fn files_that_are_no_npz_are_told_apart() {
    assert!(matches!(problem(Npz::open(file("nowhere.npz"))), FileProblem::Missing));
    let single = Npz::open(file("single.npy")).err().unwrap().to_string();
    assert!(single.contains("is a single .npy array; write it with numpy.savez"), "{single}");
    assert!(matches!(problem(Npz::open(file("make.py"))), FileProblem::NotNpz { .. }));
    assert!(matches!(
        problem(Npz::open(file(""))),
        FileProblem::NotNpz { looks_like: "is a directory", .. }
    ));
    let mut bytes = std::fs::read(file("plain.npz")).unwrap();
    bytes.truncate(bytes.len() / 2);
    assert!(matches!(problem(Npz::from_bytes("half.npz", bytes)), FileProblem::Damaged { .. }));
}

#[test]
fn the_page_about_files_has_the_table_of_the_code() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("../../docs/files.md")).unwrap();
    let code = std::fs::read_to_string(root.join("src/trials_file.rs")).unwrap();
    let rows: Vec<&str> = code.lines().filter_map(|line| line.strip_prefix("//! |")).collect();
    assert!(rows.len() > 5);
    for row in rows {
        assert!(page.contains(row), "docs/files.md lacks |{row}");
    }
}
