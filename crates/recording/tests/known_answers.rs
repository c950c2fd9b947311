//! Baselines on linear systems whose forecasts can be worked out by hand.

use attractor_recording::{
    BaselineOptions, Mode, Prior, Recording, RecordingError, Ridge, RidgeChoice, Stretch, baselines,
};
use ndarray::{Array2, Array3};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use rand_distr::StandardNormal;

const FRAMES: usize = 12_000;
const DECAY: f64 = 0.95;
const TURN: f64 = 0.3;

/// A noisy rotation, `x_(t+1) = 0.95 R(0.3) x_t + B u_(t+1) + noise`, shifted by (1, -2), over 3 trials
/// of equal length; a third unit follows the first at half size.
fn rotation(drive: f64, noise: f64) -> Recording {
    let mut rng = SmallRng::seed_from_u64(1);
    let mut normal = || rng.sample::<f64, _>(StandardNormal);
    let mut activity = Array3::zeros((FRAMES, 3, 3));
    let mut inputs = Array3::zeros((FRAMES, 3, 1));
    for trial in 0..3 {
        let (mut a, mut b) = (normal(), normal());
        for frame in 0..FRAMES {
            let input = normal();
            let (c, s) = (DECAY * TURN.cos(), DECAY * TURN.sin());
            (a, b) = (
                c * a - s * b + drive * input + noise * normal(),
                s * a + c * b - drive * input + noise * normal(),
            );
            inputs[[frame, trial, 0]] = (100.0 + 50.0 * input) as f32;
            for (unit, x) in [a + 1.0, b - 2.0, a / 2.0].into_iter().enumerate() {
                activity[[frame, trial, unit]] = x as f32;
            }
        }
    }
    Recording::new(10.0, activity).unwrap().with_inputs(inputs).unwrap()
}

fn choice(lags: usize, l2: f64, prior: Prior) -> RidgeChoice {
    RidgeChoice { lags, l2, prior }
}

fn options(lags: &[usize]) -> BaselineOptions {
    BaselineOptions {
        lags: lags.to_vec(),
        l2: vec![1e-9, 1e-3, 1.0],
        gap: 0,
        ..BaselineOptions::default()
    }
}

#[test]
fn noise_alone_limits_the_forecast() {
    // The best forecast of a rotation that shrinks by r a frame has R² = r^2h; the last value has
    // 2 r^h cos(h turn) - 1; free-running forecasts decay to the mean.
    let recording = rotation(0.0, 0.1).without_inputs();
    let division = recording.divided(0.34, 0, 0, 1).unwrap();
    assert_eq!((division.train.len(), division.held_out.len()), (2, 1));
    let table = baselines(&recording, &division, &options(&[1, 2])).unwrap();
    for horizon in [1, 3, 10] {
        let mode = Mode::TeacherForced { horizon };
        let h = horizon as f64;
        let expected = [
            ("mean", 0.0),
            ("last value", 2.0 * DECAY.powf(h) * (h * TURN).cos() - 1.0),
            ("ridge", DECAY.powf(2.0 * h)),
        ];
        for (name, expected) in expected {
            let row = table.row(name, mode).unwrap();
            assert!(
                (row.r2 - expected).abs() < 0.03,
                "{name} {mode}: {} expected {expected}",
                row.r2
            );
            assert_eq!(row.frames, FRAMES - 11, "the same starts for every horizon");
        }
    }
    let free = table.row("ridge", Mode::FreeRunning).unwrap();
    assert!(free.r2.abs() < 0.01 && free.frames == FRAMES - 2, "{free:?}");
    assert_eq!(
        table.row("ridge", Mode::TeacherForced { horizon: 1 }).unwrap().chosen.unwrap().lags,
        1
    );
}

#[test]
fn a_known_input_makes_the_forecast_perfect_at_any_distance() {
    let recording = rotation(0.2, 0.0);
    let division = recording.divided(0.34, 0, 0, 1).unwrap();
    let with = baselines(&recording, &division, &options(&[1])).unwrap();
    let without =
        baselines(&recording.clone().without_inputs(), &division, &options(&[1])).unwrap();
    assert!(with.inputs && !without.inputs);
    for mode in [1, 3, 10]
        .map(|horizon| Mode::TeacherForced { horizon })
        .into_iter()
        .chain([Mode::FreeRunning])
    {
        let row = with.row("ridge", mode).unwrap();
        assert!(row.r2 > 0.9999 && row.chosen.unwrap().l2 == 1e-9, "{row:?}");
        let row = without.row("ridge", mode).unwrap();
        assert!(row.r2 < 0.95, "{row:?}");
    }
    assert!(without.row("ridge", Mode::FreeRunning).unwrap().r2.abs() < 0.02);
    let text = with.to_string();
    assert!(
        text.contains("teacher-forced, 10 ahead")
            && text.contains("free-running")
            && text.contains("with inputs"),
        "{text}"
    );
}

#[test]
fn ridge_recovers_the_map_and_shrinks_to_the_mean() {
    let recording = rotation(0.2, 0.1);
    let two = recording.select_units(&[0, 1]).unwrap();
    let ridge = Ridge::fit(&two, &two.stretches(), choice(1, 0.0, Prior::Zero)).unwrap();
    let (c, s) = ((DECAY * TURN.cos()), (DECAY * TURN.sin()));
    let expected = Array2::from_shape_vec((2, 2), vec![c, s, -s, c]).unwrap();
    for ((i, j), expected) in expected.indexed_iter() {
        assert!((ridge.weights()[[i, j]] - expected).abs() < 0.01, "{i} {j}");
    }
    let shrunk = Ridge::fit(&two, &two.stretches(), choice(1, 1e12, Prior::Zero)).unwrap();
    assert!(shrunk.weights().iter().all(|w| w.abs() < 1e-6));
    // an infinite penalty towards the shared autoregression leaves r cos(turn) on the diagonal:
    // the autocorrelation at lag 1 of either unit
    let shared = Ridge::fit(&two, &two.stretches(), choice(1, 1e12, Prior::Shared)).unwrap();
    for ((i, j), weight) in shared.weights().slice(ndarray::s![..2, ..]).indexed_iter() {
        assert!((weight - if i == j { c } else { 0.0 }).abs() < 0.01, "{i} {j}: {weight}");
    }
    // the third unit is a copy of the first: without a penalty its weights are not determined
    assert!(matches!(
        Ridge::fit(&recording, &recording.stretches(), choice(1, 0.0, Prior::Zero)),
        Err(RecordingError::Singular { .. })
    ));
    assert!(Ridge::fit(&recording, &recording.stretches(), choice(0, 1.0, Prior::Zero)).is_err());
    assert!(Ridge::fit(&recording, &recording.stretches(), choice(1, -1.0, Prior::Zero)).is_err());
}

#[test]
fn what_cannot_be_judged_is_an_error() {
    let mut rng = SmallRng::seed_from_u64(2);
    let activity = Array3::from_shape_simple_fn((60, 1, 4), || rng.random_range(0.0..1.0));
    let recording = Recording::new(10.0, activity).unwrap();
    let division = recording.divided(0.3, 10, 0, 1).unwrap();
    let short =
        baselines(&recording, &division, &BaselineOptions { horizons: vec![20], ..options(&[1]) });
    assert!(matches!(short, Err(RecordingError::Short { horizon: 20, .. })), "{short:?}");
    for bad in [
        BaselineOptions { horizons: vec![], ..options(&[1]) },
        BaselineOptions { horizons: vec![0], ..options(&[1]) },
        options(&[]),
        options(&[0]),
        BaselineOptions { folds: 1, ..options(&[1]) },
        BaselineOptions { l2: vec![], ..options(&[1]) },
    ] {
        assert!(baselines(&recording, &division, &bad).is_err(), "{bad:?}");
    }
    let outside = [Stretch { trial: 1, frames: 0..5 }];
    assert!(Ridge::fit(&recording, &outside, choice(1, 1.0, Prior::Zero)).is_err());
}

#[test]
fn the_page_about_files_has_the_table_of_the_code() {
    let root = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("../../docs/files.md")).unwrap();
    let code = std::fs::read_to_string(root.join("src/npz.rs")).unwrap();
    let rows: Vec<&str> = code.lines().filter_map(|line| line.strip_prefix("//! |")).collect();
    assert!(rows.len() > 5);
    for row in rows {
        assert!(page.contains(row), "docs/files.md lacks |{row}");
    }
}
