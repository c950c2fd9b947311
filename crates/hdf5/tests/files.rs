//! Files as h5py writes them, files of our own, and damaged ones.

use attractor_data::FileProblem;
use attractor_hdf5::{Hdf5, Kind, Tree};
use ndarray::{ArrayD, IxDyn, array};
use proptest::prelude::*;

/// As `files/make.py` writes it.
const H5PY: &[u8] = include_bytes!("files/h5py.h5");

fn h5py() -> Hdf5 {
    Hdf5::from_bytes("h5py.h5", H5PY.to_vec()).unwrap()
}

#[test]
fn a_file_of_h5py_is_read() {
    let file = h5py();
    let names = ["fixed", "group", "hollow", "pairs", "scalar", "version"];
    assert_eq!(file.members("").unwrap(), names);
    assert_eq!(file.text("version").unwrap(), "1.0 é");
    assert_eq!(file.texts("fixed").unwrap(), array!["left", "right"].mapv(String::from).into_dyn());
    let pairs = file.texts("pairs").unwrap();
    assert_eq!((pairs.shape(), pairs[[2, 1]].as_str()), ([3, 2].as_slice(), "d"));
    assert_eq!(file.number("scalar").unwrap(), 0.5);
    let ramp = ArrayD::from_shape_fn(IxDyn(&[3, 4, 5]), |k| (20 * k[0] + 5 * k[1] + k[2]) as f32);
    for name in ["deflated", "shuffled"] {
        assert_eq!(file.numbers::<f32>(&format!("group/inner/{name}")).unwrap(), ramp, "{name}");
    }
    let integers = file.numbers::<f64>("group/inner/integers").unwrap();
    assert_eq!(integers, array![-3.0, 5.0].into_dyn());
    assert_eq!(file.numbers::<f32>("group/inner/flags").unwrap(), array![1.0, 0.0].into_dyn());
    assert_eq!(file.kind("group/inner").unwrap(), Kind::Group);
    assert_eq!(file.kind("group/inner/compound").unwrap(), Kind::Other);
}

#[test]
fn mistakes_are_named() {
    let file = h5py();
    let says = |outcome: Result<ArrayD<f64>, attractor_data::FileError>, parts: &[&str]| {
        let message = outcome.unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    says(file.numbers("scalr"), &["h5py.h5", "no array `scalr`", "did you mean `scalar`?"]);
    says(file.numbers("group/outer/x"), &["no array `group/outer`", "`inner`"]);
    says(file.numbers("pairs"), &["`pairs`", "text", "numbers"]);
    says(file.numbers("group"), &["`group`", "a group"]);
    says(file.numbers("group/inner/nan"), &["`group/inner/nan`[1]", "NaN"]);
    says(file.numbers("hollow"), &["`hollow`", "8796093022208 bytes"]);
    assert!(matches!(*file.number("fixed").unwrap_err().problem, FileProblem::Type { .. }));
    assert!(matches!(*file.text("fixed").unwrap_err().problem, FileProblem::Rank { .. }));
    for (bytes, part) in [(&b""[..], "empty"), (b"PK\x03\x04....", "zip"), (b"hello!!!", "begin")] {
        let error = Hdf5::from_bytes("x.h5", bytes.to_vec()).err().unwrap().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn what_is_written_comes_back() {
    let mut tree = Tree::default();
    tree.text("type", "graph ü");
    let inner = tree.group("nodes").group("a");
    inner.numbers("weight", &array![[1.0, -2.5], [f64::MIN_POSITIVE, 4.0]].into_dyn());
    inner.single("scale", &array![0.1_f32, 0.2].into_dyn());
    inner.integers("shape", &array![3_i64, -4].into_dyn());
    inner.numbers("one", &ArrayD::from_elem(IxDyn(&[]), 7.0));
    tree.texts("edges", &array![["a", "b"], ["b", "long name"]].mapv(String::from).into_dyn());
    let bytes = tree.bytes("x.h5".as_ref()).unwrap();
    let file = Hdf5::from_bytes("x.h5", bytes.clone()).unwrap();
    assert_eq!(file.text("type").unwrap(), "graph ü");
    assert_eq!(file.shape("type").unwrap(), [0; 0]);
    assert_eq!(file.members("nodes/a").unwrap(), ["one", "scale", "shape", "weight"]);
    let weight: ArrayD<f64> = file.numbers("nodes/a/weight").unwrap();
    assert_eq!(weight, array![[1.0, -2.5], [f64::MIN_POSITIVE, 4.0]].into_dyn());
    assert_eq!(file.numbers::<f32>("nodes/a/scale").unwrap(), array![0.1, 0.2].into_dyn());
    assert_eq!(file.numbers::<f64>("nodes/a/shape").unwrap(), array![3.0, -4.0].into_dyn());
    assert_eq!(file.number("nodes/a/one").unwrap(), 7.0);
    assert_eq!(file.texts("edges").unwrap()[[1, 1]], "long name");
    assert_eq!(tree.bytes("x.h5".as_ref()).unwrap(), bytes, "the same bytes each time");
}

/// Reads everything that can be found; damage may be an error anywhere.
fn read_all(file: &Hdf5, group: &str, depth: usize) {
    for name in file.members(group).unwrap_or_default() {
        let path = if group.is_empty() { name } else { format!("{group}/{name}") };
        match file.kind(&path) {
            Ok(Kind::Group) if depth < 8 => read_all(file, &path, depth + 1),
            Ok(Kind::Numbers) => drop(file.numbers::<f32>(&path)),
            Ok(Kind::Text) => drop(file.texts(&path)),
            _ => {}
        }
    }
}

fn survives(bytes: Vec<u8>) {
    if let Ok(file) = Hdf5::from_bytes("x.h5", bytes) {
        read_all(&file, "", 0);
    }
}

#[test]
fn truncated_files_are_errors() {
    for cut in (0..H5PY.len()).step_by(97) {
        survives(H5PY[..cut].to_vec());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_errors(places in prop::collection::vec((0..H5PY.len(), any::<u8>()), 1..6)) {
        let mut bytes = H5PY.to_vec();
        places.iter().for_each(|(at, byte)| bytes[*at] = *byte);
        survives(bytes);
    }
}
