//! MATLAB files, arrays and tables; and every format damaged.

use attractor_recording::{Clock, Session, SessionOptions, session_from_bytes};
use proptest::prelude::*;

/// As `files/make_mat.py` writes them.
const CELLS: &[u8] = include_bytes!("files/cells.mat");
const STRUCTS: &[u8] = include_bytes!("files/structs.mat");
const V73: &[u8] = include_bytes!("files/v73.mat");
/// As `files/make_nwb.py` writes them.
const SPIKES: &[u8] = include_bytes!("files/spikes.nwb");
const IMAGING: &[u8] = include_bytes!("files/imaging.nwb");
/// As `files/make_parquet.py` writes them.
const PARQUET: &[u8] = include_bytes!("files/spikes.parquet");
const SAMPLES: &[u8] = include_bytes!("files/samples.parquet");
const ZSTD: &[u8] = include_bytes!("files/spikes_zstd.parquet");
const TABLE: &str = "unit,time,region,amplitude\n10,0.5,V1,3\n2,0.25,V2,4\n10,0.125,V1,5\n";

fn read(name: &str, bytes: &[u8]) -> Result<Session, attractor_data::FileError> {
    session_from_bytes(name, bytes.to_vec(), &SessionOptions::default())
}

#[test]
fn cells_of_vectors_are_units() {
    for (bytes, format) in [(CELLS, "MATLAB 5"), (V73, "MATLAB 7.3")] {
        let session = read("a.mat", bytes).unwrap();
        assert_eq!(session.provenance.format, format);
        assert_eq!(session.provenance.about["who"], "rat 7");
        assert_eq!(session.provenance.about["fs"], "30");
        let unit = |name: &str| {
            let k = session.units.names.iter().position(|n| n == name);
            session.spikes.unit(k.unwrap_or_else(|| panic!("{:?}", session.units.names))).to_vec()
        };
        assert_eq!(unit("spikes{1}"), [500.0, 1000.0, 2500.0]);
        assert_eq!(unit("spikes{4}"), [3000.0, 4000.0, 4500.0, 6000.0]);
        let mended = session.provenance.repairs.join("\n");
        assert!(mended.contains("1 units without a spike"), "{mended}");
        let counts = session.series("counts").unwrap();
        assert_eq!((counts.values.dim(), &counts.clock), ((20, 3), &Clock::Unknown));
        assert_eq!(counts.values[[19, 2]], 59.0);
    }
    let v5 = read("a.mat", CELLS).unwrap();
    assert!(v5.unread.iter().any(|u| u.path == "cube" && u.why.contains("[3, 4, 5]")));
}

#[test]
fn structures_with_times_are_units() {
    let session = read("a.mat", STRUCTS).unwrap();
    assert_eq!(session.units.names, ["spikes{2}(1)", "spikes{2}(2)"]);
    assert_eq!(session.units.columns.labels("region").unwrap(), ["CA1", "CA3"]);
    assert_eq!(session.spikes.unit(1), [3000.0, 4000.0, 4500.0, 6000.0]);
    let why = |path: &str| session.unread.iter().any(|u| u.path.contains(path));
    assert!(why("depth") && why("sparse") && why("z"), "{:?}", session.unread);
    let session = read("a.mat", V73).unwrap();
    let k = session.units.names.iter().position(|name| name == "cells(2)").unwrap();
    assert_eq!(session.spikes.unit(k).len(), 4);
}

#[test]
fn tables_of_spikes_and_of_samples() {
    let session = read("a.csv", TABLE.as_bytes()).unwrap();
    assert_eq!(session.units.names, ["2", "10"], "numbers in their order");
    assert_eq!(session.spikes.unit(1), [125.0, 500.0]);
    assert_eq!(session.units.columns.labels("region").unwrap(), ["V2", "V1"]);
    assert!(session.unread.iter().any(|u| u.path == "amplitude"));
    assert!(session.provenance.repairs[0].contains("seconds"));
    let tabs = read("a.tsv", b"time_ms\ta\tb\n0\t1\t2\n10\t3\tx\n20\t5\t6\n").unwrap();
    let series = &tabs.series[0];
    assert_eq!(series.clock, Clock::Regular { start: 0.0, dt: 10.0 });
    assert_eq!((series.values[[2, 1]], series.values[[1, 1]].is_nan()), (6.0, true));
    let says = |text: &str, part: &str| {
        let error = read("a.csv", text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    };
    says("", "bytes of something else");
    says("a,b\n1,2\n", "has to be called `time`");
    says("unit,time\n", "without spikes");
    says("time,x\n2,1\n1,1\n", "ascending");
    says("unit,time\n1\n", "damaged");
    let rest = read("a.csv", b"unit,time\n1,2\n1,nan\n").unwrap();
    assert_eq!(rest.unread[0].path, "1 of 2 rows");
}

#[test]
fn tables_of_parquet() {
    let session = read("a.parquet", PARQUET).unwrap();
    assert_eq!(session.units.names, ["0", "1", "2", "3", "4"]);
    assert_eq!(session.units.columns.labels("region").unwrap()[2..4], ["V1", "V2"]);
    assert_eq!(session.units.columns.numbers("depth").unwrap()[3], 37.5);
    for unit in 0..5_usize {
        let of_unit = (0..60).filter(|k| k * 7 % 5 == unit);
        let times: Vec<f64> = of_unit.map(|k| k as f64 * 250.0 + 125.0).collect();
        assert_eq!(session.spikes.unit(unit), times);
    }
    assert_eq!(session.unread[0].path, "wave");
    let session = read("a.parquet", SAMPLES).unwrap();
    let series = session.series("table").unwrap();
    assert_eq!(series.clock, Clock::Regular { start: 0.0, dt: 10.0 });
    assert_eq!((series.values[[3, 0]], series.values[[3, 1]]), (9.0, 3.0));
    assert!(series.values[[7, 1]].is_nan());
    let error = read("a.parquet", ZSTD).unwrap_err().to_string();
    assert!(error.contains("ZSTD") && error.contains("snappy"), "{error}");
}

#[test]
fn arrays_of_numpy() {
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
    bytes.extend(format!("{header:<117}\n").bytes());
    (0..6_u8).for_each(|x| bytes.extend(f32::from(x).to_le_bytes()));
    let session = read("rates.npy", &bytes).unwrap();
    let series = session.series("rates").unwrap();
    assert_eq!((series.values[[2, 1]], &series.clock), (5.0, &Clock::Unknown));
    assert!(read("rates.npy", &bytes[..bytes.len() - 1]).is_err());
}

fn survives(name: &str, bytes: Vec<u8>) {
    if let Ok(session) = session_from_bytes(name, bytes, &SessionOptions::default()) {
        // what is read is sound, whatever it was read from
        assert!(session.spikes.ends().is_sorted());
        assert_eq!(
            session.spikes.ends().last().copied().unwrap_or(0),
            session.spikes.times().len()
        );
        assert!(session.spikes.times().iter().all(|t| t.is_finite()));
        let _ = (session.span(), session.rates(), session.doubts());
    }
}

const FILES: [(&str, &[u8]); 9] = [
    ("a.mat", CELLS),
    ("a.mat", STRUCTS),
    ("a.mat", V73),
    ("a.nwb", SPIKES),
    ("a.nwb", IMAGING),
    ("a.nwb", include_bytes!("files/linked.nwb")),
    ("a.csv", TABLE.as_bytes()),
    ("a.parquet", PARQUET),
    ("a.parquet", SAMPLES),
];

#[test]
fn truncated_files_are_errors() {
    for (name, bytes) in FILES {
        let step = (bytes.len() / 60).max(1);
        (0..bytes.len()).step_by(step).for_each(|cut| survives(name, bytes[..cut].to_vec()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_errors(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        for (name, whole) in FILES {
            let mut bytes = whole.to_vec();
            places.iter().for_each(|(at, byte)| bytes[at.index(whole.len())] = *byte);
            survives(name, bytes);
        }
    }

    #[test]
    fn damaged_heads_are_errors(places in prop::collection::vec((0..4096_usize, any::<u8>()), 1..8)) {
        for (name, whole) in FILES {
            let mut bytes = whole.to_vec();
            places.iter().for_each(|(at, byte)| bytes[at % whole.len()] = *byte);
            survives(name, bytes);
        }
    }
}
