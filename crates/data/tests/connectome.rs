//! Connectomes from files: small ones written here, and the published ones where they are at hand.

#![allow(clippy::print_stderr)] // a skipped test says so

use std::fs;
use std::path::{Path, PathBuf};

use attractor_data::connectome::{Connectome, ConnectomeFiles, Edge, Missing};

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn edges(path: PathBuf) -> ConnectomeFiles {
    ConnectomeFiles { edges: path, ..ConnectomeFiles::default() }
}

fn said(files: &ConnectomeFiles) -> Vec<String> {
    let error = Connectome::read(files).unwrap_err();
    error.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn tables_of_edges() {
    let files = Files::new();
    let text = "pre\tpost\ttype\tsynapses\nA1L\tB\tchemical\t2\nB\tA1R\tchemical\t3\n\
                A1L\tB\tchemical\t4\nB\tC\telectrical\t1\n";
    let path = files.write("edges.tsv", text);
    let all = Connectome::read(&edges(path.clone())).unwrap();
    assert_eq!(all.cells, ["A1L", "B", "A1R", "C"]);
    let edge = |source, target, weight| Edge { source, target, weight };
    assert_eq!(all.edges, [edge(0, 1, 6.0), edge(1, 2, 3.0), edge(1, 3, 1.0)]);
    assert_eq!((all.columns["class"].join(" "), all.signed), ("A1 B A1 C".to_owned(), false));
    assert_eq!(all.groups()["class=A1"], [0, 2]);
    assert_eq!(all.triples()[0], (1, 0, 6.0));
    let chemical = ConnectomeFiles { types: vec!["chemical".into()], ..edges(path.clone()) };
    assert_eq!(Connectome::read(&chemical).unwrap().cells.len(), 3);
    let strong = ConnectomeFiles { least: Some(5.0), ..edges(path) };
    let strong = Connectome::read(&strong).unwrap();
    assert_eq!((strong.edges, strong.cells.len()), (vec![edge(0, 1, 6.0)], 4));
    let path = files.write("signed.csv", "Source, Target ,Weight,Sign\n a , b ,2,-1\n b,a,3,1\n");
    let signed = Connectome::read(&edges(path)).unwrap();
    assert!(signed.signed);
    assert_eq!(signed.edges, [edge(0, 1, -2.0), edge(1, 0, 3.0)]);
}

#[test]
fn matrices_with_labels() {
    let files = Files::new();
    for text in ["0 2 0\n0 0 1\n-1 0 0\n", "0,2,0\n0,0,1\n-1,0,0\n"] {
        let path = files.write("matrix.csv", text);
        let labels = files.write("labels.csv", "K\nP\nK\n");
        let read =
            Connectome::read(&ConnectomeFiles { cells: Some(labels), ..edges(path) }).unwrap();
        // rows reach columns
        assert_eq!(read.triples(), [(1, 0, 2.0), (2, 1, 1.0), (0, 2, -1.0)]);
        assert!(read.signed);
        assert_eq!(read.groups()["class=K"], [0, 2]);
    }
}

#[test]
fn cells_have_columns_and_places() {
    let files = Files::new();
    let wanted = ConnectomeFiles {
        edges: files.write("e.csv", "from,to\nAS01,DB1\nDB1,M\nM,AS01\nDB1,X\n"),
        cells: Some(
            files.write("c.csv", "Cell,Kind\nAS1,\"motor, dorsal\"\nDB1,motor\nM,muscle\n"),
        ),
        positions: Some(files.write("p.csv", "cell,z,y,x\nDB1,3,2,1\nAS1,0,0,0\n")),
        missing: Missing::Drop,
        ..ConnectomeFiles::default()
    };
    let read = Connectome::read(&wanted).unwrap();
    assert_eq!(read.cells, ["AS01", "DB1"]);
    assert_eq!(read.columns["Kind"], ["motor, dorsal", "motor"]);
    assert_eq!(read.positions.as_ref().unwrap()[1], [1.0, 2.0, 3.0]);
    assert_eq!(read.triples(), [(1, 0, 1.0)]);
    let strict = ConnectomeFiles { missing: Missing::Refuse, ..wanted.clone() };
    let said = said(&strict);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("speak of 1 cells") && said[0].contains(": X;"), "{said:?}");
    assert!(said[1].contains("lacks 2 cells: M, X"), "{said:?}");
    let drop = [("Kind".to_owned(), vec!["muscle".to_owned()])].into();
    let no_muscle = ConnectomeFiles { drop, positions: None, ..wanted };
    assert_eq!(Connectome::read(&no_muscle).unwrap().cells, ["AS01", "DB1"]);
}

#[test]
fn neuroml_and_cell_types() {
    let files = Files::new();
    let neuroml = "<neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\"><network id=\"n\">\
        <population id=\"A\"><instance id=\"0\"><location x=\"1\" y=\"-2.5\" z=\"3e1\"/></instance></population>\
        <population id=\"B\"><instance id=\"0\"><location x=\"0\" y=\"0\" z=\"0\"/></instance></population>\
        </network></neuroml>";
    let types = r#"{"nodes": [{"name": "A"}, {"name": "B"}], "input_units": ["A"], "output_units": ["B"],
        "edges": [{"src": "A", "tar": "B", "offsets": [[[0, 0], 40], [[1, 0], 2.5]], "alpha": -1, "edge_type": "chem"}]}"#;
    let wanted = ConnectomeFiles {
        positions: Some(files.write("p.nml", neuroml)),
        ..edges(files.write("t.json", types))
    };
    let read = Connectome::read(&wanted).unwrap();
    assert_eq!(read.positions.as_ref().unwrap()[0], [1.0, -2.5, 30.0]);
    assert_eq!((read.triples(), read.signed), (vec![(1, 0, -42.5)], true));
    assert_eq!(read.columns["role"], ["input", "output"]);
}

#[test]
fn what_is_wrong_is_said() {
    let files = Files::new();
    let path = |name: &str, text: &str| files.write(name, text);
    let contains = |files: &ConnectomeFiles, part: &str| {
        let said = said(files).join("\n");
        assert!(said.contains(part), "`{part}` is not in {said}");
    };
    contains(&edges(PathBuf::from("nowhere.csv")), "nowhere.csv: no such file");
    contains(&edges(path("a.csv", "a,b\nx,y\n")), "there is no column `source`, `pre`, `from`");
    contains(&edges(path("b.csv", "pre,post,weight\nx,y,many\n")), "line 2: `many` is no number");
    contains(&edges(path("c.csv", "0 1\n1 0\n1 1\n")), "row 1: 2 numbers in a matrix of 3 rows");
    contains(&edges(path("d.json", "{}")), "missing field `nodes`");
    let stray = r#"{"nodes":[{"name":"R1"},{"name":"L1"}],"edges":[{"src":"R0","tar":"L1","alpha":1,"offsets":[[[0,0],5]]}]}"#;
    contains(&edges(path("stray.json", stray)), "`R0`, which is no node");
    let good = || edges(path("e.csv", "pre,post,type\nx,y,chemical\n"));
    let types = vec!["chemica".to_owned()];
    contains(
        &ConnectomeFiles { types, ..good() },
        "no edge is of type `chemica` (did you mean `chemical`?)",
    );
    let drop = [("klass".to_owned(), vec!["x".to_owned()])].into();
    contains(&ConnectomeFiles { drop, ..good() }, "no column `klass` (did you mean `class`?)");
    let drop = [("class".to_owned(), vec!["z".to_owned()])].into();
    contains(&ConnectomeFiles { drop, ..good() }, "no cell has class = `z`");
    contains(&ConnectomeFiles { least: Some(2.0), ..good() }, "no edge is left");
    let labels = Some(path("l.csv", "K\n"));
    contains(
        &ConnectomeFiles { cells: labels, ..edges(path("m.csv", "0 1\n1 0\n")) },
        "1 labels for 2 cells",
    );
}

/// The folder of data beside the repository, if it is there.
fn data(folder: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let places = ["../shared/data", "../../shared/data"].map(|at| root.join(at).join(folder));
    let found = places.into_iter().find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("skipped: no folder {folder} in ../shared/data");
    }
    found
}

#[test]
fn the_worm() {
    let Some(folder) = data("connectome_worm") else { return };
    let drop = [("Type".to_owned(), vec!["Pharyngeal muscle".to_owned()])];
    let files = ConnectomeFiles {
        edges: folder.join("aconnectome_white_1986_whole.csv"),
        cells: Some(folder.join("all_cell_info.csv")),
        types: vec!["chemical".into()],
        missing: Missing::Drop,
        drop: drop.into(),
        ..ConnectomeFiles::default()
    };
    let worm = Connectome::read(&files).unwrap();
    // 2386 lines are chemical; without two names that are no cells, and a muscle
    assert_eq!((worm.cells.len(), worm.edges.len()), (300, 2266));
    let groups = worm.groups();
    assert_eq!(groups["class=AVA"].len(), 2);
    assert_eq!(groups["class=DA"].len(), 9);
    let at = |name: &str| worm.cells.iter().position(|cell| cell == name).unwrap();
    let weight = |a: &str, b: &str| {
        let edge = worm.edges.iter().find(|e| (e.source, e.target) == (at(a), at(b)));
        edge.map(|edge| edge.weight)
    };
    assert_eq!((weight("ADAL", "AVBR"), weight("ADAL", "ADFL")), (Some(7.0), None));
    // Cook et al. 2019, whose table calls cells AS01; only some of the cells have a place in the NeuroML
    let cook = ConnectomeFiles {
        edges: folder.join("herm_full_edgelist.csv"),
        positions: Some(folder.join("c302_C2_FW.net.nml")),
        drop: Default::default(),
        ..files
    };
    let cook = Connectome::read(&cook).unwrap();
    assert!(cook.cells.iter().any(|cell| cell == "AVBL"));
    assert_eq!(cook.positions.as_ref().unwrap().len(), cook.cells.len());
}

#[test]
fn the_fly() {
    if let Some(folder) = data("connectome_fly_mb_left") {
        let files = ConnectomeFiles {
            cells: Some(folder.join("left_cell_labels.csv")),
            ..edges(folder.join("left_adjacency.csv"))
        };
        let body = Connectome::read(&files).unwrap();
        assert_eq!(body.cells.len(), 209);
        let groups = body.groups();
        let sizes = ["K", "P", "O", "I"].map(|class| groups[&format!("class={class}")].len());
        assert_eq!(sizes.iter().sum::<usize>(), 209);
        assert!(body.edges.contains(&Edge { source: 0, target: 1, weight: 4.0 }));
    }
    if let Some(folder) = data("connectome_flyvis") {
        let eye = Connectome::read(&edges(folder.join("fib25-fib19_v2.2.json"))).unwrap();
        assert_eq!((eye.cells.len(), eye.edges.len(), eye.signed), (65, 605, true));
        assert_eq!(eye.edges.iter().filter(|edge| edge.weight < 0.0).count(), 228);
        assert_eq!(eye.groups()["role=input"].len(), 8);
    }
}
