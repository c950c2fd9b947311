//! The analyses on networks: what theory says of them.

use std::collections::BTreeMap;

use attractor_analysis::fixed_points::{SearchOptions, fixed_points};
use attractor_analysis::lyapunov::{LyapunovOptions, lyapunov};
use attractor_analysis::stability::{Reading, StabilityOptions, stability};
use attractor_equations::Neuron;
use attractor_network::library::{self, NoisePlace, Nonlinearity};
use attractor_network::{Autonomous, Description, Network, Population, Projection, Wiring};
use attractor_numerics::law::Law;
use attractor_numerics::linalg::eigenvalues;
use attractor_numerics::{Dynamics, random};

const DT: f64 = 10.0;

/// A recurrent population whose drives all get the first emission; its weights are its parameters.
fn random_network(neuron: &Neuron, units: usize, gain: f64) -> (Autonomous, Vec<f64>) {
    let emission = &neuron.emissions[0].symbol.name;
    let description = Description {
        dt: DT,
        integrator: Default::default(),
        populations: vec![Population::of("rec", units, neuron)],
        graphs: BTreeMap::new(),
        projections: (neuron.drives.iter())
            .map(|drive| Projection {
                name: Some(drive.name.clone()),
                from: format!("rec.{emission}"),
                to: format!("rec.{}", drive.name),
                lag: 1,
                wiring: Wiring::Dense { law: Law::Gaussian { gain } },
                trained: true,
            })
            .collect(),
    };
    let network = Network::new(description).unwrap();
    let parameters = network.initial_parameters(3);
    let map = Autonomous::new(&network, &parameters, &[]).unwrap();
    let first = network.layout().get(&format!("{}.W", neuron.drives[0].name)).unwrap();
    (map, parameters[first.range.clone()].to_vec())
}

#[test]
fn the_origin_of_a_leaky_network_has_the_spectrum_of_its_weights() {
    // τ dx/dt = -x + W tanh(x): eigenvalues (w - 1)/τ of the flow, w those of W; τ = 100 ms
    let n = 20;
    let neuron = library::leaky(Nonlinearity::Tanh, NoisePlace::None).unwrap();
    let (map, weights) = random_network(&neuron, n, 1.5);
    let options = StabilityOptions { reading: Reading::Euler, ..StabilityOptions::default() };
    let found = stability(&map, &vec![0.0; n], &options).unwrap();
    let spectrum = eigenvalues(&weights, n).unwrap();
    assert_eq!(found.unstable, spectrum.iter().filter(|w| w.re > 1.0).count());
    for w in spectrum {
        let near = |m: f64, w: f64| (m - w).abs() < 1e-12;
        let is = |mode: &&attractor_analysis::stability::Mode| {
            near(mode.mu.re, (w.re - 1.0) / 100.0) && near(mode.mu.im, w.im / 100.0)
        };
        let mode = found.modes.iter().find(is).expect("the eigenvalue of the weights");
        assert!((mode.tau - 100.0 / (1.0 - w.re)).abs() < 1e-6 * mode.tau.abs());
        assert!((mode.frequency - 1e3 * w.im / (200.0 * std::f64::consts::PI)).abs() < 1e-9);
    }
}

#[test]
fn every_neuron_has_points_that_do_not_move() {
    let gated = |name: &str| library::neuron(name, NoisePlace::None).unwrap().unwrap();
    for name in ["leaky-tanh", "rate-tanh", "elman", "gru", "lstm"] {
        let (map, _) = random_network(&gated(name), 12, 1.3);
        let n = map.dimension();
        let starts = Law::Normal { sd: 0.5 }.sample(40, n, &mut random::stream(4, "starts"));
        let found = fixed_points(&map, &starts, &SearchOptions::default()).unwrap();
        assert!(found.fixed().count() > 0, "{name}: {:?}", found.outcomes);
        for point in found.fixed() {
            let mut x = point.state.clone();
            let mut next = vec![0.0; n];
            map.step(&x, &mut next);
            std::mem::swap(&mut x, &mut next);
            let moved = x.iter().zip(&next).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
            assert!(moved <= 1e-9, "{name}: {moved}");
        }
    }
}

#[test]
fn below_unit_gain_activity_dies_at_the_rate_of_the_slowest_mode() {
    let n = 24;
    let neuron = library::leaky(Nonlinearity::Tanh, NoisePlace::None).unwrap();
    let (map, _) = random_network(&neuron, n, 0.7);
    let start = Law::Normal { sd: 0.5 }.sample(1, n, &mut random::stream(5, "start"));
    let options =
        LyapunovOptions { exponents: Some(2), steps: 4000, transient: 2000, ..Default::default() };
    let found = lyapunov(&map, &start, &options).unwrap();
    let slowest = &stability(&map, &vec![0.0; n], &StabilityOptions::default()).unwrap().modes[0];
    // a pair turns: what is left of the turn falls as 1/T
    assert!((found.per_step[0] - slowest.mu.re * DT).abs() < 1e-3);
    assert!((found.per_second[0] + 1e3 / slowest.tau).abs() < 0.1);
    assert_eq!(found.dimension, Some(0.0));
}
