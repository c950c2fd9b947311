//! Every way in which h5py stores what NWB files hold, against what h5py reads.

use std::collections::BTreeMap;

use attractor_data::FileProblem;
use attractor_hdf5::{Hdf5, Kind};

/// As `files/make_layouts.py` writes them: old symbol tables and B-trees, and those of HDF5 1.14.
const FILES: [(&str, &[u8], &str); 2] = [
    (
        "earliest",
        include_bytes!("files/layouts_earliest.h5"),
        include_str!("files/layouts_earliest.json"),
    ),
    ("v114", include_bytes!("files/layouts_v114.h5"), include_str!("files/layouts_v114.json")),
];

fn files() -> impl Iterator<Item = (&'static str, Hdf5, &'static str)> {
    FILES.into_iter().map(|(name, bytes, expected)| {
        (name, Hdf5::from_bytes(format!("{name}.h5"), bytes.to_vec()).unwrap(), expected)
    })
}

#[test]
fn numbers_are_those_of_h5py() {
    for (version, file, expected) in files() {
        let expected: BTreeMap<String, Vec<f64>> = serde_json::from_str(expected).unwrap();
        assert!(expected.len() > 60);
        for (path, values) in expected {
            let found = file.numbers::<f64>(&path);
            let found = found.unwrap_or_else(|error| panic!("{version} {path}: {error}"));
            assert_eq!(found.into_raw_vec_and_offset().0, values, "{version} {path}");
        }
    }
}

#[test]
fn texts_are_those_of_h5py() {
    let texts = ["left", "", "ümläut → right"];
    for (version, file, _) in files() {
        let read = |path: &str| -> Vec<String> {
            let found = file.texts(path);
            found.unwrap_or_else(|error| panic!("{version} {path}: {error}")).into_iter().collect()
        };
        assert_eq!(file.text("text/scalar").unwrap(), "é one");
        assert_eq!(read("text/variable"), texts);
        assert_eq!(read("text/fixed_utf8"), texts);
        assert_eq!(read("text/chunked"), [texts; 5].concat());
        assert_eq!(
            (read("text/ascii"), read("text/fixed")[1].as_str()),
            (read("text/fixed"), "right")
        );
    }
}

#[test]
fn references_attributes_and_links() {
    for (version, file, _) in files() {
        let referred = file.node("group/references").unwrap().referred().unwrap();
        assert_eq!(referred[0].numbers::<f64>().unwrap().sum(), 3.0, "{version}");
        assert_eq!(referred[1].members().unwrap().len(), 6);
        let about = file.node("contiguous").unwrap().attributes().unwrap();
        assert_eq!((about.text("unit"), about.text("fixed")), (Some("volts"), Some("fixed")));
        let numbers = ["conversion", "rate", "count", "flag"].map(|name| about.number(name));
        assert_eq!(numbers, [Some(0.5), Some(30.0), Some(-3.0), Some(1.0)]);
        assert_eq!(about.texts("colnames").unwrap(), ["a", "bé"]);
        assert_eq!((about.text("target"), about.number("target")), (None, None));
        let many = file.node("group").unwrap().attributes().unwrap();
        assert_eq!(many.number("many19"), Some(19.0));
        assert_eq!(file.numbers::<f64>("group/soft").unwrap().len(), 210, "{version}");
        assert_eq!(file.numbers::<f64>("linked/relative").unwrap().len(), 2, "{version}");
        let through = file.node("group").unwrap().child("through").unwrap();
        assert_eq!(through.numbers::<f64>().unwrap().len(), 2);
        for dead in ["group/circle", "group/nowhere", "group/outside"] {
            assert!(file.node(dead).is_err(), "{version} {dead}");
        }
    }
}

#[test]
fn what_is_not_read_is_named() {
    for (version, file, _) in files() {
        for path in ["compound", "enumeration", "ragged"] {
            assert_eq!(file.kind(path).unwrap(), Kind::Other, "{version} {path}");
            let error = file.numbers::<f64>(path).unwrap_err();
            assert!(
                matches!(*error.problem, FileProblem::Type { .. }),
                "{version} {path}: {error}"
            );
        }
        // an array without a space holds nothing: no numbers, and no panic
        let null = file.numbers::<f64>("null").map(|values| values.len());
        assert!(!matches!(null, Ok(1..)), "{version} {null:?}");
    }
}
