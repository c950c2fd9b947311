//! Devices in place of weights: what schemes write, that reads are noise around their moments, and that
//! nothing but seed, time and place decides.

use attractor_learn::optimiser::{Crossbar, Devices, Optimiser, Pcm, Plan, Scheme, Segment};
use attractor_learn::{Phase, Updater};

const LEN: usize = 3000;

fn plan(rate: f64) -> Plan {
    let limits = (f64::NEG_INFINITY, f64::INFINITY);
    Plan::from_segments(vec![Segment { range: 0..LEN, rate, limits, decays: false }])
}

/// Devices that add the same 0.75 µS with every pulse and are read as they are.
fn even(scheme: Scheme, devices: usize) -> Devices<f64> {
    // 12 / 2⁴ = 0.75
    let device = Pcm { largest: 12.0, ideal: Some(4) };
    let start = 2.0;
    let mut made =
        Crossbar { scheme, devices, device, start, scale: 10.0, ..Crossbar::default() }.build(LEN);
    made.program(&vec![0.0; LEN]);
    made
}

fn weights(devices: &Devices<f64>) -> Vec<f64> {
    let mut out = vec![0.0; LEN];
    devices.read(0..LEN, &mut out);
    out
}

#[test]
fn the_sign_gives_one_pulse_beyond_the_threshold() {
    let mut devices = even(Scheme::Sign { threshold: 0.5 }, 2);
    let mut gradient = vec![0.4; LEN];
    (gradient[0], gradient[1], gradient[2]) = (-0.6, 7.0, -0.5);
    devices.write(&gradient, &plan(1.0), 1.0, 1.0);
    let w = weights(&devices);
    // both devices of a side, of 0.75 µS each, at 10 µS to a weight of 1
    assert!((w[0] - 0.15).abs() < 1e-12 && (w[1] + 0.15).abs() < 1e-12);
    assert!(w[2..].iter().all(|w| *w == 0.0));
    assert_eq!(devices.pulses(), 4);
}

#[test]
fn chance_gives_as_many_pulses_as_it_should() {
    let mut devices = even(Scheme::Stochastic { span: 2.0 }, 1);
    // p = 0.06 · 10 / 2 = 0.3 a write
    for _ in 0..4 {
        devices.write(&vec![0.06; LEN], &plan(1.0), 1.0, 1.0);
    }
    let (n, p) = (4.0 * LEN as f64, 0.3);
    let pulses = devices.pulses() as f64;
    assert!((pulses - n * p).abs() < 4.0 * (n * p * (1.0 - p)).sqrt(), "{pulses}");
    assert!(weights(&devices).iter().all(|w| *w <= 0.0));
}

#[test]
fn several_devices_take_turns() {
    let mut devices = even(Scheme::MultiMemory, 4);
    // 0.04 · 10 µS asks for 2 of 0.1875 µS: each device counts a quarter
    for _ in 0..3 {
        devices.write(&vec![-0.04; LEN], &plan(1.0), 1.0, 1.0);
    }
    let conductances = devices.conductances(true);
    let of = |device: usize| conductances[device * LEN];
    assert_eq!([of(0), of(1), of(2), of(3)], [3.5, 3.5, 2.75, 2.75]);
    assert_eq!(devices.pulses(), 6 * LEN as u64);
}

#[test]
fn the_accumulator_writes_what_overflows() {
    let mut devices = even(Scheme::MixedPrecision { step: 0.125 }, 1);
    let mut gradient = vec![0.05; LEN];
    gradient[0] = -0.05;
    let mut written = Vec::new();
    for _ in 0..6 {
        devices.write(&gradient, &plan(1.0), 1.0, 1.0);
        written.push(weights(&devices)[1]);
    }
    // 0.15 exceeds a step at the third, 0.3 at the fifth: ⌈1.25 µS / 0.75 µS⌉ = 2 pulses each
    let expected = [0.0, 0.0, -0.15, -0.15, -0.3, -0.3];
    for (w, expected) in written.iter().zip(expected) {
        assert!((w - expected).abs() < 1e-12, "{written:?}");
    }
    // truncated towards 0: a small accumulator of either sign writes nothing
    assert!((weights(&devices)[0] - 0.3).abs() < 1e-12);
}

#[test]
fn saturated_pairs_are_refreshed() {
    let device = Pcm { largest: 12.0, ideal: Some(4) };
    let scheme = Scheme::Sign { threshold: 0.0 };
    let mut devices: Devices<f64> =
        Crossbar { scheme, device, start: 2.0, refresh: 20, ..Crossbar::default() }.build(LEN);
    devices.program(&vec![0.0; LEN]);
    // one pulse on either side in turn: 7.5 µS more on both after 20
    for k in 0..19 {
        devices.write(&vec![if k % 2 == 0 { -1.0 } else { 1.0 }; LEN], &plan(1.0), 1.0, 1.0);
    }
    let before = weights(&devices)[0];
    assert_eq!(devices.conductances(true)[0], 9.5);
    devices.write(&vec![0.0; LEN], &plan(1.0), 1.0, 1.0);
    assert_eq!(devices.resets(), 2 * LEN as u64);
    assert!((weights(&devices)[0] - before).abs() < 1e-12, "the difference is kept");
    assert_eq!(devices.conductances(true)[0], 0.1 + 0.75);
}

#[test]
fn weights_come_out_as_they_went_in() {
    let mut devices: Devices<f64> =
        Crossbar { start: 1.0, devices: 3, ..Crossbar::default() }.build(LEN);
    let given: Vec<f64> = (0..LEN).map(|k| (k as f64 / LEN as f64 - 0.5) * 0.8).collect();
    devices.program(&given);
    let (mut mean, mut variance) = (vec![0.0; LEN], vec![0.0; LEN]);
    devices.moments(0..LEN, &mut mean, &mut variance);
    let pairs = given.iter().zip(&mean);
    let (xx, xy) = pairs.fold((0.0, 0.0), |(xx, xy), (x, y)| (xx + x * x, xy + x * y));
    // read half a second after the write, drift has not set in: (0.5 s / 38.6 s)^-0.04 = 1.19
    assert!((xy / xx - 1.19).abs() < 0.02, "{}", xy / xx);
    // reads are noise around these means
    let read = weights(&devices);
    let z: Vec<f64> = (0..LEN).map(|k| (read[k] - mean[k]) / variance[k].sqrt()).collect();
    let spread = z.iter().map(|z| z * z).sum::<f64>() / LEN as f64;
    assert!((spread - 1.0).abs() < 4.0 * (2.0 / LEN as f64).sqrt(), "{spread}");
}

#[test]
fn seed_time_and_place_decide() {
    let options = |seed| Crossbar {
        scheme: Scheme::Stochastic { span: 0.2 },
        devices: 2,
        refresh: 3,
        seed,
        ..Crossbar::default()
    };
    let gradient: Vec<f32> = (0..LEN).map(|k| (k as f32 * 0.37).sin() * 0.1).collect();
    let run = |mut devices: Devices<f32>, mut w: Vec<f32>, updates: usize| {
        for _ in 0..updates {
            devices.step(&mut w, &gradient, &plan(1.0), 0.1, 1.0);
        }
        (devices, w)
    };
    let start: Vec<f32> = (0..LEN).map(|k| (k as f32 * 0.11).cos() * 0.02).collect();
    let (_, once) = run(options(1).build(LEN), start.clone(), 7);
    let (_, again) = run(options(1).build(LEN), start.clone(), 7);
    let (_, other) = run(options(2).build(LEN), start.clone(), 7);
    assert!(once == again && once != other);
    // put down and taken up
    let (half, w) = run(options(1).build(LEN), start, 4);
    let state: Vec<(&str, Vec<f32>)> =
        half.state().into_iter().map(|(name, array)| (name, array.to_vec())).collect();
    let state: Vec<(&str, &[f32])> =
        state.iter().map(|(name, array)| (*name, array.as_slice())).collect();
    let mut resumed: Devices<f32> = options(1).build(LEN);
    resumed.restore(half.steps(), &state).unwrap();
    assert!(run(resumed, w, 3).1 == once);
    // reading a part gives what reading all gives
    let mut part = vec![0.0; 100];
    half.read(500..600, &mut part);
    let mut all = vec![0.0; LEN];
    half.read(0..LEN, &mut all);
    assert_eq!(part, all[500..600]);
}

#[test]
fn it_is_an_optimiser() {
    let text = "learner = { optimiser = { kind = 'crossbar', devices = 4, scheme = { kind = 'multi-memory' } } }";
    let phase: Phase = toml::from_str(text).unwrap();
    let Optimiser::Crossbar(crossbar) = &phase.learner.optimiser else { panic!("a crossbar") };
    assert_eq!((crossbar.devices, crossbar.scheme), (4, Scheme::MultiMemory));
    let again: Optimiser =
        serde_json::from_str(&serde_json::to_string(&phase.learner.optimiser).unwrap()).unwrap();
    assert_eq!(again, phase.learner.optimiser);
    assert!(toml::from_str::<Phase>(&text.replace("devices", "device_count")).is_err());
}
