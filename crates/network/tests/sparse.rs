//! Wirings of few weights, which are multiplied without the zeros, against the same multiplied with them.

mod common;

use std::sync::Arc;

use attractor_network::*;
use attractor_numerics::law::Law;
use common::*;

const SIZE: usize = 272;

/// One population whose wiring is sparse, or sparse and written as a sum with a full wiring of zeros,
/// so that zeros are multiplied.
fn network(full: bool, hold: Hold) -> Arc<Network> {
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    let sparse = || {
        Wiring::Dense { law: Law::Gaussian { gain: 3.0 } }
            .within(Mask::Random { density: 0.1, seed: 4 })
            .signed(Sign::Dale { excitatory: 0.7, seed: None }, hold)
    };
    let block = Block { from: "a".into(), to: "b".into(), wiring: sparse() };
    let mut terms = vec![sparse(), Wiring::Blocks { blocks: vec![block] }];
    if full {
        terms.push(Wiring::Dense { law: Law::Constant { value: 0.0 } });
    }
    let populations = vec![
        Population::input("in", 2),
        Population::of("rec", SIZE, &neuron).group("a", 0..90).group("b", 60..200),
    ];
    let wires = vec![
        Projection::new("in.u", "rec.I", Wiring::Dense { law: Law::Normal { sd: 1.0 } }),
        Projection::new("rec.h", "rec.I", Wiring::Sum { terms }).lag(1),
    ];
    Arc::new(Network::new(Description::new(1.0, populations, wires)).unwrap())
}

#[test]
fn zeros_make_no_difference() {
    for hold in [Hold::Clip, Hold::Magnitude] {
        let networks = [false, true].map(|full| network(full, hold));
        let loss = Quadratic { signals: vec![networks[0].signal("rec.h").unwrap()] };
        let (trials, noise) = (trials(7, 21), NoiseSource::off());
        let both = networks.map(|network| {
            let mut parameters = network.initial_parameters(2);
            for name in ["rec->rec.0.W", "rec->rec.1.b<-a.W"] {
                let weights = network.layout().array_mut(name, &mut parameters).unwrap();
                let turned = weights.iter_mut().enumerate().filter(|(k, _)| k % 3 == 0);
                // parameters of either sign, as training makes them
                turned.for_each(|(_, w)| *w *= if hold.transforms() { -1.0 } else { 0.5 });
            }
            let mut gradient = vec![0.0; parameters.len()];
            let mut engine = engine::<f64>(&network);
            let value =
                engine.gradient(&parameters, &trials, &loss, noise, None, &mut gradient).unwrap();
            let gradients = ["rec->rec.0.W", "rec->rec.1.b<-a.W", "in->rec.W"]
                .map(|name| network.layout().array(name, &gradient).unwrap().to_vec());
            (value, gradients.concat(), network.matrix("rec->rec", &parameters).unwrap())
        });
        let [(value, gradient, matrix), (expected, truth, same)] = &both;
        assert!((value - expected).abs() < 1e-12 * expected.abs());
        assert_eq!(matrix, same);
        let largest = truth.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        for (k, (found, truth)) in gradient.iter().zip(truth).enumerate() {
            assert!((found - truth).abs() < 1e-12 * largest, "{hold:?} {k}: {found} {truth}");
        }
        let density = matrix.iter().filter(|w| **w != 0.0).count() as f64 / matrix.len() as f64;
        assert!((0.05..0.2).contains(&density), "{density}: not multiplied without zeros");
    }
}

#[test]
fn tangents_and_gradients_agree() {
    for hold in [Hold::Clip, Hold::Magnitude] {
        let network = network(false, hold);
        let parameters = network.initial_parameters(2);
        let (trials, noise) = (trials(5, 9), NoiseSource::off());
        let mut engine = engine::<f64>(&network);
        let signal = network.signal("rec.h").unwrap();
        let loss = Quadratic { signals: vec![signal] };
        let mut gradient = vec![0.0; parameters.len()];
        engine.gradient(&parameters, &trials, &loss, noise, None, &mut gradient).unwrap();
        let moved: Vec<f64> = (0..parameters.len()).map(|k| number(k + 4)).collect();
        let exact: f64 = gradient.iter().zip(&moved).map(|(g, d)| g * d).sum();
        let direction = Direction { parameters: Some(moved), start: None };
        let (values, tangents) =
            engine.jvp(&parameters, &trials, noise, &[direction], &[signal]).unwrap();
        // Σ dL/dh · dh
        let mut forward = 0.0;
        for ((t, b, unit), h) in values[0].indexed_iter() {
            let place = (t * 64 + b) * 64 + unit;
            let (weight, offset) = (number(place).abs(), number(place + 1));
            forward += weight * (h + offset) * tangents[0][0][[t, b, unit]];
        }
        assert!((forward - exact).abs() < 1e-9 * exact.abs().max(1.0), "{forward} {exact}");
    }
}
