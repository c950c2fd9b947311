//! Links of every kind, kept in every way, against what h5py finds behind them.

use std::collections::BTreeMap;

use attractor_data::FileProblem;
use attractor_hdf5::{Hdf5, Node};

/// As `files/make_links.py` writes them.
const FILES: [(&str, &[u8]); 3] = [
    ("table", include_bytes!("files/links_table.h5")),
    ("heap", include_bytes!("files/links_heap.h5")),
    ("ordered", include_bytes!("files/links_ordered.h5")),
];

/// The number behind each path, none behind links that lead nowhere.
fn expected() -> BTreeMap<String, Option<f64>> {
    serde_json::from_str(include_str!("files/links.json")).unwrap()
}

fn files() -> impl Iterator<Item = (&'static str, Hdf5)> {
    let open = |bytes: &[u8]| Hdf5::from_bytes("links.h5", bytes.to_vec()).unwrap();
    FILES.into_iter().map(move |(kind, bytes)| (kind, open(bytes)))
}

fn number(node: &Node) -> f64 {
    node.numbers::<f64>().unwrap().sum()
}

#[test]
fn links_lead_where_those_of_h5py_do() {
    for (kind, file) in files() {
        let root = file.node("").unwrap();
        for (path, value) in expected() {
            let by_path = file.node(&path).ok().map(|node| number(&node));
            assert_eq!(by_path, value, "{kind} {path}");
            // from group to group
            let steps = path.split('/').try_fold(file.node("").unwrap(), |at, name| at.child(name));
            assert_eq!(steps.map(|node| number(&node)), value, "{kind} {path}");
        }
        assert_eq!(root.members().unwrap(), file.members("").unwrap());
    }
}

#[test]
fn every_link_is_listed() {
    let of = |group: &str| -> Vec<String> {
        let names = expected().into_keys().filter_map(|path| {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
            (parent == group).then(|| name.to_owned())
        });
        names.collect()
    };
    for (kind, file) in files() {
        for group in ["many", "few", "group_of_links"] {
            assert_eq!(file.members(group).unwrap(), of(group), "{kind} {group}");
        }
        let mut root =
            [of(""), ["few", "group_of_links", "many"].map(str::to_owned).to_vec()].concat();
        root.sort();
        assert_eq!(file.members("").unwrap(), root, "{kind}");
    }
}

#[test]
fn links_that_lead_nowhere_say_so() {
    let cases = [
        ("many/outside", ["`many/outside` is a link to `/x`", "another file, `other.h5`"]),
        ("group_of_links/outside", ["`few/outside` is a link to `/y`", "copy"]),
        ("many/nowhere", ["`many/nowhere` is a soft link to `/many/none`", "nothing is"]),
        ("few/up", ["`few/up` is a soft link to `/many/soft0007`", "nothing is"]),
        ("circle", ["`circle`: soft links", "in a circle"]),
        ("circle/further", ["`circle/further`: soft links", "in a circle"]),
    ];
    for (kind, file) in files() {
        for (path, parts) in cases {
            let error = file.node(path).err().unwrap();
            assert!(matches!(*error.problem, FileProblem::Link { .. }), "{kind} {path}: {error}");
            let said = error.to_string();
            assert!(parts.iter().all(|part| said.contains(part)), "{kind} {path}: {said}");
            if let Some((group, name)) =
                path.rsplit_once('/').filter(|(group, _)| *group != "circle")
            {
                let by_step = file.node(group).unwrap().member(name).err().unwrap();
                assert!(matches!(*by_step.problem, FileProblem::Link { .. }), "{kind}: {by_step}");
            }
        }
        let error = file.node("many/hard0100").err().unwrap().to_string();
        assert!(error.contains("no array `many/hard0100`"), "{kind}: {error}");
    }
}

#[test]
fn damage_to_links_is_an_error_and_no_panic() {
    let signatures: [&[u8]; 9] =
        [b"FRHP", b"FHDB", b"FHIB", b"BTHD", b"BTLF", b"BTIN", b"SNOD", b"TREE", b"HEAP"];
    for (_, bytes) in FILES {
        for signature in signatures {
            let Some(at) = bytes.windows(4).position(|four| four == signature) else { continue };
            for place in (at..(at + 160).min(bytes.len())).step_by(7) {
                let mut bytes = bytes.to_vec();
                bytes[place] = if place % 2 == 0 { 0xff } else { 1 };
                let Ok(file) = Hdf5::from_bytes("links.h5", bytes) else { continue };
                let _ = (file.members("many"), file.node("many/outside"), file.node("chain"));
            }
        }
    }
}
