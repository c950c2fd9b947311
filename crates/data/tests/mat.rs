//! MATLAB files as SciPy writes them, and damaged ones.

use attractor_data::{FileProblem, Mat};
use ndarray::{Array2, Array3, array};
use proptest::prelude::*;

const PLAIN: &[u8] = include_bytes!("files/plain.mat");
const DEFLATED: &[u8] = include_bytes!("files/deflated.mat");

#[test]
fn arrays_of_numbers_are_read_and_the_rest_is_left_out() {
    for bytes in [PLAIN, DEFLATED] {
        let file = Mat::from_bytes("a.mat", bytes).unwrap();
        let keys: Vec<&str> = file.keys().collect();
        assert_eq!(keys, ["x", "half", "single", "flag", "one", "last"]);
        let expected = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (12 * i + 4 * j + k) as f64);
        for (key, factor) in [("x", 1.0), ("half", 0.5), ("single", 1.0)] {
            let found: Array3<f64> = file.array(key, "[i, j, k]").unwrap();
            assert_eq!(found, &expected * factor, "{key}");
        }
        let flag: Array2<f32> = file.array("flag", "[i, j]").unwrap();
        assert_eq!(flag, array![[1.0, 0.0]]);
        let last: Array2<f32> = file.array("last", "[i, j]").unwrap();
        assert_eq!(last, array![[1.0, 2.0], [3.0, 4.0]]);
        let one: Array2<f64> = file.array("one", "[i, j]").unwrap();
        assert_eq!(one, array![[7.0]]);
    }
}

#[test]
fn mistakes_are_named() {
    let file = Mat::from_bytes("a.mat", PLAIN).unwrap();
    let rank = file.array::<f32, ndarray::Ix2>("x", "[trial, time]").unwrap_err();
    assert!(
        rank.to_string().contains("a.mat: `x`: expected axes [trial, time], found shape [2, 3, 4]")
    );
    let missing = file.array::<f32, ndarray::Ix2>("hal", "[a, b]").unwrap_err().to_string();
    assert!(missing.contains("did you mean `half`?"), "{missing}");
    for bytes in [&b""[..], b"PK\x03\x04", &[0; 200], b"\x89HDF\r\n\x1a\n"] {
        let error = Mat::from_bytes("a.mat", bytes).err().unwrap();
        assert!(matches!(*error.problem, FileProblem::NotMat { .. }), "{error}");
    }
}

fn survives(bytes: &[u8]) {
    if let Ok(file) = Mat::from_bytes("a.mat", bytes) {
        let keys: Vec<String> = file.keys().map(str::to_owned).collect();
        keys.iter().for_each(|key| drop(file.array::<f32, ndarray::IxDyn>(key, "[any]")));
    }
}

#[test]
fn truncated_files_are_errors() {
    for bytes in [PLAIN, DEFLATED] {
        (0..bytes.len()).step_by(7).for_each(|cut| survives(&bytes[..cut]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_errors(places in prop::collection::vec((128..PLAIN.len(), any::<u8>()), 1..6)) {
        for whole in [PLAIN, DEFLATED] {
            let mut bytes = whole.to_vec();
            places.iter().for_each(|(at, byte)| if let Some(b) = bytes.get_mut(*at) { *b = *byte });
            survives(&bytes);
        }
    }
}
