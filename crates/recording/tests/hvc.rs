//! The songbird recording of Mackevicius et al. 2019 (eLife 8:e38471): read, prepared, and its
//! baselines. Skipped, with a message, where the data are absent.

#![allow(clippy::print_stderr)] // a skipped test says so

use std::path::PathBuf;

use attractor_recording::{
    BaselineOptions, Mode, Normalisation, ReadOptions, Recording, baselines, read,
};

fn hvc(inputs: Option<&str>) -> Option<Recording> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/hvc_mackevicius2019/hvc.npz");
    if !path.exists() {
        eprintln!(
            "skipped: the HVC recording is not at ../shared/data/hvc_mackevicius2019/hvc.npz"
        );
        return None;
    }
    let options = ReadOptions { inputs: inputs.map(str::to_owned), ..ReadOptions::default() };
    Some(read(path, &options).unwrap())
}

#[test]
fn it_is_read_with_the_song_on_its_frames() {
    let Some(recording) = hvc(Some("song")) else {
        return;
    };
    assert_eq!(
        (recording.frames(), recording.trials(), recording.units(), recording.channels()),
        (666, 1, 75, 141)
    );
    assert!((recording.rate_hz() - 30.0).abs() < 1e-9);
    let (live, dropped) = recording.live_units().unwrap();
    assert_eq!((live.units(), dropped), (74, 1));
    let zeros =
        live.activity.iter().filter(|&&x| x == 0.0).count() as f64 / live.activity.len() as f64;
    assert!((zeros - 0.93).abs() < 0.01, "93 % of the samples are zero, found {zeros}");
}

#[test]
fn its_baselines() {
    for song in [None, Some("song")] {
        let Some(recording) = hvc(song) else { return };
        let (recording, _) = recording.live_units().unwrap();
        for sd in [2.0, 4.0] {
            let gap = (3.0 * sd) as usize;
            let (prepared, _) = recording.smoothed(sd).unwrap().normalised(Normalisation::Global);
            let division = prepared.divided(0.25, 74, gap, 1).unwrap();
            let table = baselines(
                &prepared,
                &division,
                &BaselineOptions { gap, ..BaselineOptions::default() },
            )
            .unwrap();
            eprintln!("smoothed with sd {sd} frames\n{table}");
            let r2 = |name: &str, mode| table.row(name, mode).unwrap().r2;
            let one = Mode::TeacherForced { horizon: 1 };
            assert!(
                r2("ridge", one) > r2("last value", one),
                "one step ahead of smooth data, ridge knows the slope"
            );
            assert!(r2("mean", Mode::FreeRunning) <= 0.0);
            assert!(
                r2("ridge", Mode::FreeRunning) < 0.5,
                "no autonomous linear map runs freely here"
            );
        }
    }
}
