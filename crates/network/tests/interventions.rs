//! Interventions do what they say, when and where they say it.

mod common;

use std::sync::Arc;

use attractor_network::*;
use common::*;
use ndarray::{Array3, s};

fn run(list: &[Intervention]) -> (Arc<Network>, Vec<Array3<f64>>) {
    let neuron = library::leaky(library::Nonlinearity::Tanh, library::NoisePlace::Outside).unwrap();
    let (_, dense) = &wirings()[0];
    let network = Arc::new(Network::new(description(&neuron, dense, dense)).unwrap());
    let interventions = Interventions::new(&network, list).unwrap();
    let noise = NoiseSource { seed: 3, epoch: 0, on: true };
    let signals = ["rec.r", "rec.x", "rec.I", "out.y"].map(|s| network.signal(s).unwrap());
    let out = engine::<f64>(&network)
        .run(&network.initial_parameters(1), &trials(40, 5), noise, &interventions, &signals)
        .unwrap();
    (network, out)
}

fn on(target: &str, from: f64, until: f64, action: Action) -> Intervention {
    Intervention { target: target.into(), from, until: Some(until), action }
}

#[test]
fn silence_a_group() {
    let (_, intact) = run(&[]);
    let (_, silenced) = run(&[on("rec.r[a]", 10.0, 20.0, Action::Set(0.0))]);
    assert_eq!(intact[0].slice(s![..10, .., ..]), silenced[0].slice(s![..10, .., ..]));
    for t in 10..20 {
        for unit in [0, 2, 4] {
            assert!(silenced[0].slice(s![t, .., unit]).iter().all(|r| *r == 0.0));
        }
    }
    // others go on, changed by what they no longer hear, and the silenced come back
    assert_eq!(intact[1].slice(s![10, .., ..]), silenced[1].slice(s![10, .., ..]));
    assert_ne!(intact[1].slice(s![12, .., 1]), silenced[1].slice(s![12, .., 1]));
    assert!(silenced[0].slice(s![20, .., 0]).iter().all(|r| *r != 0.0));
    // the readout hears the silence in the same step
    assert_ne!(intact[3].slice(s![10, .., ..]), silenced[3].slice(s![10, .., ..]));
}

#[test]
fn clamp_a_state() {
    let (_, clamped) = run(&[on("rec.x[b]", 5.0, 8.0, Action::Set(0.7))]);
    for t in 5..8 {
        assert!(clamped[1].slice(s![t, .., 3]).iter().all(|x| *x == 0.7));
        // what is emitted belongs to the clamped state
        assert!(clamped[0].slice(s![t, .., 3]).iter().all(|r| (r - 0.7f64.tanh()).abs() < 1e-15));
    }
}

#[test]
fn cut_and_scale_a_projection() {
    let (network, intact) = run(&[]);
    let (_, cut) = run(&[
        on("rec0", 10.0, 40.0, Action::Scale(0.0)),
        on("in0", 10.0, 40.0, Action::Scale(0.0)),
    ]);
    // without projections only the bias drives
    let bias = network.layout().get("rec.I.bias").unwrap().range.clone();
    let bias = &network.initial_parameters(1)[bias];
    for ((_, _, unit), drive) in cut[2].slice(s![10.., .., ..]).indexed_iter() {
        assert!((drive - bias[unit]).abs() < 1e-14);
    }
    let (_, doubled) = run(&[on("in0", 10.0, 11.0, Action::Scale(2.0))]);
    let input = Array3::from_shape_fn((1, 5, UNITS), |(_, b, unit)| {
        let w = network.layout().get("in0.W").unwrap().range.clone();
        let w = &network.initial_parameters(1)[w];
        (0..2).map(|c| w[unit * 2 + c] * f64::from(trials(40, 5).inputs[[10, b, c]])).sum::<f64>()
    });
    let difference = &doubled[2].slice(s![10..11, .., ..]) - &intact[2].slice(s![10..11, .., ..]);
    assert!((difference - input).iter().all(|d| d.abs() < 1e-12));
    assert_eq!(intact[2].slice(s![..10, .., ..]), doubled[2].slice(s![..10, .., ..]));
}

#[test]
fn stimulate() {
    let (_, intact) = run(&[]);
    let (_, stimulated) = run(&[on("rec.I[a]", 3.0, 4.0, Action::Add(2.0))]);
    let difference = &stimulated[2] - &intact[2];
    for unit in 0..UNITS {
        let expected = if [0, 2, 4].contains(&unit) { 2.0 } else { 0.0 };
        assert!((difference[[3, 0, unit]] - expected).abs() < 1e-12);
    }
}

#[test]
fn what_does_not_exist_is_named() {
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    let (_, dense) = &wirings()[0];
    let network = Network::new(description(&neuron, dense, dense)).unwrap();
    let error = |target: &str, action| {
        Interventions::new(&network, &[on(target, 0.0, 1.0, action)]).unwrap_err().to_string()
    };
    assert!(error("rec.hh", Action::Set(0.0)).contains("did you mean `rec.h`"));
    assert!(error("rec.h[aa]", Action::Set(0.0)).contains("did you mean `a`"));
    assert!(error("rec0", Action::Set(1.0)).contains("scale"));
}

#[test]
fn kick_a_state_along_a_direction() {
    let kick = |target: &str, direction: &[f64], size| Intervention {
        target: target.into(),
        from: 7.0,
        until: None,
        action: Action::Kick { direction: direction.to_vec(), size },
    };
    let (_, intact) = run(&[]);
    let direction: Vec<f64> = (0..UNITS).map(number).collect();
    let (_, kicked) = run(&[kick("rec.x", &direction, 0.3)]);
    assert_eq!(intact[1].slice(s![..7, .., ..]), kicked[1].slice(s![..7, .., ..]));
    let moved = &kicked[1].slice(s![7, .., ..]) - &intact[1].slice(s![7, .., ..]);
    let norm = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
    for row in moved.rows() {
        for (moved, d) in row.iter().zip(&direction) {
            assert!((moved - 0.3 * d / norm).abs() < 1e-14);
        }
    }
    // what is emitted belongs to the kicked state, and the network goes on from there
    assert!((kicked[0][[7, 0, 3]] - kicked[1][[7, 0, 3]].tanh()).abs() < 1e-15);
    assert_ne!(intact[1].slice(s![8, .., ..]), kicked[1].slice(s![8, .., ..]));

    // a group has its own direction; its units only
    let (_, group) = run(&[kick("rec.x[a]", &[0.0, 2.0, 0.0], -0.5)]);
    let moved = &group[1].slice(s![7, .., ..]) - &intact[1].slice(s![7, .., ..]);
    assert!(moved.column(2).iter().all(|x| (x + 0.5).abs() < 1e-14));
    assert!([0, 1, 3, 4, 5, 6].iter().all(|&unit| moved.column(unit).iter().all(|x| *x == 0.0)));
}

#[test]
fn kicks_that_make_no_sense() {
    let neuron = library::leaky(library::Nonlinearity::Tanh, library::NoisePlace::None).unwrap();
    let (_, dense) = &wirings()[0];
    let network = Network::new(description(&neuron, dense, dense)).unwrap();
    let error = |direction: Vec<f64>, size, until| {
        let action = Action::Kick { direction, size };
        let kick = Intervention { target: "rec.x".into(), from: 0.0, until, action };
        Interventions::new(&network, &[kick]).unwrap_err().to_string()
    };
    assert!(error(vec![1.0; 3], 1.0, None).contains("3 given, 7 numbers"));
    assert!(error(vec![0.0; UNITS], 1.0, None).contains("more than 0"));
    assert!(error(vec![f64::NAN; UNITS], 1.0, None).contains("more than 0"));
    assert!(error(vec![1.0; UNITS], f64::INFINITY, None).contains("finite"));
    assert!(error(vec![1.0; UNITS], 1.0, Some(9.0)).contains("`until`"));
}
