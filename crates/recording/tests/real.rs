//! Real files, from disk to frames. Skipped, with a message, where the data are absent.

#![allow(clippy::print_stderr)] // a skipped test says so

use std::path::PathBuf;

use attractor_recording::steps::{Bin, prepare};
use attractor_recording::{Choice, Session, SessionOptions, Step, read_session};

fn session(file: &str) -> Option<Session> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    if !path.exists() {
        eprintln!("skipped: {file} is not there");
        return None;
    }
    Some(read_session(path, &SessionOptions::default()).unwrap())
}

#[test]
fn the_nwb_file_of_pynapple_is_read() {
    let Some(session) = session("nwb_pynapple/A8604-211122.nwb") else { return };
    let spikes: Vec<usize> = (0..3).map(|unit| session.spikes.unit(unit).len()).collect();
    assert_eq!(spikes, [11020, 4690, 5644]);
    assert_eq!(session.units.columns.labels("region").map(<[String]>::len), Some(3));
    let epochs = session.table("epochs").unwrap();
    assert_eq!(epochs.start.len(), 1);
    let (from, to) = session.span().unwrap();
    assert!((1_000_000.0..1_100_000.0).contains(&(to - from)), "{from} {to}");
    let bin = [Step::Bin(Bin { width: 100.0, rate: false })];
    let recording = prepare(&session, &Choice::default(), &bin).unwrap();
    assert_eq!(recording.activity.sum(), 21354.0);
}

#[test]
fn nested_cells_of_matlab_are_read() {
    let Some(session) = session("hippocampus_nelpy_lineartrack/spikes.mat") else { return };
    assert_eq!((session.spikes.units(), session.spikes.times().len()), (31, 28_829));
}

#[test]
fn matrices_of_matlab_are_series() {
    let Some(session) = session("hvc_mackevicius2019/MackeviciusData.mat") else { return };
    let neural = session.series("NEURAL").unwrap();
    assert_eq!(neural.values.dim(), (666, 75));
    for file in [
        "m1_bci_golub2018/exampleData.mat",
        "emg_bachschmid2023/EMG.mat",
        "v1_v2_semedo2019/sample_data.mat",
        "v1_v2_semedo2019/v1_v2.npz",
        "hvc_mackevicius2019/hvc.npz",
    ] {
        let Some(session) = self::session(file) else { return };
        // what has no time axis that could be told is named
        assert!(!session.series.is_empty() || !session.unread.is_empty(), "{file}");
    }
}
