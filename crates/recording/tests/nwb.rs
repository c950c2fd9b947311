//! NWB files as pynwb writes them, against what pynwb reads from them.

use attractor_recording::steps::{Align, Bin, prepare};
use attractor_recording::{
    Choice, Clock, NwbOptions, Session, SessionOptions, Step, nwb_bytes, session_from_bytes,
};
use serde::Deserialize;

/// As `files/make_nwb.py` writes them.
const SPIKES: &[u8] = include_bytes!("files/spikes.nwb");
const IMAGING: &[u8] = include_bytes!("files/imaging.nwb");
const ORACLE: &str = include_str!("files/spikes.json");

#[derive(Deserialize)]
struct Oracle {
    spike_times: Vec<Vec<f64>>,
    quality: Vec<String>,
    regions: Vec<String>,
    start: Vec<f64>,
    stop: Vec<f64>,
    direction: Vec<f64>,
    #[serde(rename = "where")]
    position: Vec<Vec<f32>>,
    stamps: Vec<f64>,
}

fn read(bytes: &[u8]) -> Session {
    session_from_bytes("a.nwb", bytes.to_vec(), &SessionOptions::default()).unwrap()
}

fn close(a: &[f64], seconds: &[f64]) {
    assert_eq!(a.len(), seconds.len());
    a.iter().zip(seconds).for_each(|(a, s)| assert!((a - s * 1000.0).abs() < 1e-9, "{a} {s}"));
}

#[test]
fn spikes_trials_and_behaviour_are_those_of_pynwb() {
    let oracle: Oracle = serde_json::from_str(ORACLE).unwrap();
    let session = read(SPIKES);
    assert_eq!(session.spikes.units(), oracle.spike_times.len());
    for (unit, times) in oracle.spike_times.iter().enumerate() {
        close(session.spikes.unit(unit), times);
    }
    assert_eq!(session.units.columns.labels("quality").unwrap(), oracle.quality);
    assert_eq!(session.units.columns.labels("region").unwrap(), oracle.regions);
    assert_eq!(session.units.columns.labels("snr").unwrap()[2], "none");
    let trials = session.table("trials").unwrap();
    close(&trials.start, &oracle.start);
    close(&trials.stop, &oracle.stop);
    assert_eq!(trials.columns.numbers("direction").unwrap(), oracle.direction);
    assert_eq!(trials.columns.numbers("correct").unwrap()[..2], [0.0, 1.0]);
    assert_eq!(trials.moments[0].name, "go_time");
    assert!(trials.moments[0].times[5].is_nan() && trials.moments[0].times[4] == 9500.0);
    assert_eq!(session.table("epochs").unwrap().columns.labels("tags").unwrap()[0], "sleep,home");
    let place = session.series("where").unwrap();
    let Clock::Stamps(stamps) = &place.clock else { panic!("{:?}", place.clock) };
    close(stamps, &oracle.stamps);
    for (row, expected) in place.values.rows().into_iter().zip(&oracle.position) {
        assert_eq!(row.to_vec(), *expected);
    }
    let lfp = session.series("processing/ecephys/LFP/lfp").unwrap();
    assert_eq!(lfp.clock, Clock::Regular { start: 1000.0, dt: 20.0 });
    assert!((lfp.values[[99, 1]] - (199.0e-3 + 0.5)).abs() < 1e-6, "conversion and offset");
    assert_eq!(lfp.channels.columns.labels("region").unwrap(), ["CA1", "mPFC"]);
    let about = &session.provenance.about;
    assert_eq!(
        (about["subject_id"].as_str(), about["identifier"].as_str()),
        ("mouse-1", "spikes-1")
    );
}

#[test]
fn nothing_is_left_out_silently() {
    let session = read(SPIKES);
    let why = |path: &str| {
        let found = session.unread.iter().find(|unread| unread.path == path);
        found.unwrap_or_else(|| panic!("{path} in {:#?}", session.unread)).why.clone()
    };
    assert!(why("units/waveform_mean").contains("[5, 8]"));
    assert!(why("units/obs_intervals").contains("per row"));
    assert!(why("acquisition/frames").contains("[5, 4, 3]"));
    let mended = session.provenance.repairs.join("\n");
    assert!(mended.contains("first electrodes") && mended.contains("units/snr"), "{mended}");
    assert!(session.doubts().iter().any(|doubt| doubt.contains("1 units have no spikes")));
}

#[test]
fn regions_of_interest_keep_their_columns_and_gaps() {
    let session = read(IMAGING);
    let raw = session.series("raw").unwrap();
    assert_eq!((raw.values.dim(), raw.values[[59, 3]]), ((60, 4), 339.0));
    assert!(raw.values[[21, 1]].is_nan());
    assert_eq!(raw.channels.columns.labels("cell_type").unwrap(), ["pyr", "pyr", "sst", "sst"]);
    assert!(matches!(raw.clock, Clock::Regular { dt, .. } if (dt - 1000.0 / 30.0).abs() < 1e-9));
    assert!(session.doubts().iter().any(|doubt| doubt.contains("gaps (NaN) in 3 of 60")));
    let linked = session.series("dff").unwrap();
    assert_eq!(linked.clock, raw.clock, "its time stamps are a link to those of the other");
}

#[test]
fn links_are_followed_or_named() {
    let session = read(include_bytes!("files/linked.nwb"));
    assert_eq!(session.series.len(), 12);
    for k in 0..11 {
        let series = session.series(&format!("series{k:02}")).unwrap();
        assert_eq!(series.values[[19, 0]], (100 * k + 19) as f32);
        assert!(matches!(series.clock, Clock::Regular { dt, .. } if (dt - 20.0).abs() < 1e-9));
    }
    assert_eq!(session.series("series11").unwrap().clock, Clock::Unknown);
    let why = |path: &str| &session.unread.iter().find(|unread| unread.path == path).unwrap().why;
    let other = "of another file, `other.nwb`";
    assert!(why("acquisition/elsewhere").contains(other), "{:?}", session.unread);
    assert!(why("acquisition/series11/timestamps").contains(other), "{:?}", session.unread);
    assert!(why("acquisition/gone").contains("`/acquisition/series12`, where nothing is"));
    assert_eq!(session.unread.len(), 4, "{:?}", session.unread);
}

#[test]
fn frames_around_an_event() {
    let oracle: Oracle = serde_json::from_str(ORACLE).unwrap();
    let session = read(SPIKES);
    let (event, table) = ("go_time".to_owned(), "trials".to_owned());
    let align = Align { event, from: -500.0, until: 1000.0, table, overlap: false };
    let steps = [Step::Align(align), Step::Bin(Bin { width: 50.0, rate: false })];
    let recording = prepare(&session, &Choice::default(), &steps).unwrap();
    assert_eq!(recording.activity.dim(), (30, 7, 5));
    for (trial, row) in [0, 1, 2, 3, 4, 6, 7].into_iter().enumerate() {
        for (unit, times) in oracle.spike_times.iter().enumerate() {
            let (from, until) = (oracle.start[row], oracle.start[row] + 1.5);
            let expected = times.iter().filter(|&&t| t >= from && t < until).count() as f32;
            let column = recording.activity.slice(ndarray::s![.., trial, unit]);
            assert_eq!(column.sum(), expected, "trial {row}, unit {unit}");
        }
    }
}

#[test]
fn damage_that_can_be_mended_is_and_the_rest_is_named() {
    let nan = read(include_bytes!("files/bad_nan.nwb"));
    let mended = nan.provenance.repairs.join("\n");
    assert!(mended.contains("1 spike times that are no numbers"), "{mended}");
    assert!(mended.contains("1 of 8 intervals of `trials`"), "{mended}");
    assert_eq!((nan.spikes.unit(0).len(), nan.spikes.unit(2).len()), (39, 25));
    assert_eq!(nan.table("trials").unwrap().start.len(), 7);
    let index = read(include_bytes!("files/bad_index.nwb"));
    assert_eq!(index.spikes.units(), 0);
    let why = &index.unread.iter().find(|u| u.path == "units/spike_times").unwrap().why;
    assert!(why.contains("does not fit"), "{why}");
}

#[test]
fn what_is_written_is_read_again() {
    for bytes in [SPIKES, IMAGING] {
        let session = read(bytes);
        let (written, left) = nwb_bytes(&session, &NwbOptions::default()).unwrap();
        assert!(left.iter().all(|left| left.why.contains("columns of its channels")), "{left:?}");
        assert_eq!(nwb_bytes(&session, &NwbOptions::default()).unwrap().0, written);
        let again = read(&written);
        assert_eq!(again.units, session.units);
        let pairs = again.spikes.times().iter().zip(session.spikes.times());
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-9));
        assert_eq!(again.spikes.ends(), session.spikes.ends());
        assert_eq!(again.intervals.len(), session.intervals.len());
        for (a, b) in again.intervals.iter().zip(&session.intervals) {
            assert_eq!((&a.name, &a.columns), (&b.name, &b.columns));
        }
        assert_eq!(again.series.len(), session.series.len());
        for series in &session.series {
            let found = again.series(&series.name).unwrap();
            let same = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
            assert!(found.values.iter().zip(&series.values).all(same), "{}", series.name);
        }
        assert_eq!(again.provenance.about, session.provenance.about);
    }
}
