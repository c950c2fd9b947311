//! Gradients by BPTT against finite differences in f64: every neuron, wiring and readout.

mod common;

use std::sync::Arc;

use attractor_network::*;
use common::*;

/// Step of the differences; small where a kink could be stepped over.
const SMOOTH: f64 = 1e-4;
const KINKED: f64 = 1e-7;

/// Largest relative error over a direction in each parameter array, differences of fourth order.
fn error(description: Description, steps: usize, h: f64) -> f64 {
    let network = Arc::new(Network::new(description).unwrap());
    let signals = [
        "out.y", "rec.r", "rec.x", "rec.y", "rec.h", "rec.v", "rec.phi", "rec.s", "rec.I",
        "rec.I_r", "rec.H",
    ];
    let signals = signals.iter().filter_map(|s| network.signal(s).ok()).collect();
    let loss = Quadratic { signals };
    let trials = trials(steps, 5);
    let noise = NoiseSource { seed: 4, epoch: 2, on: true };
    let mut engine = engine::<f64>(&network);
    let parameters = network.initial_parameters(1);
    let mut gradient = vec![0.0; parameters.len()];
    engine.gradient(&parameters, &trials, &loss, noise, None, &mut gradient).unwrap();
    let mut scratch = vec![0.0; parameters.len()];
    let mut worst = 0.0f64;
    for entry in network.layout().entries() {
        // one direction within each parameter array; what a mask forbids does not move the loss
        let direction: Vec<f64> = (0..parameters.len())
            .map(|i| if entry.range.contains(&i) { number(i + 50) } else { 0.0 })
            .collect();
        let mut at = |h: f64| {
            let moved: Vec<f64> =
                parameters.iter().zip(&direction).map(|(p, d)| p + h * d).collect();
            engine.gradient(&moved, &trials, &loss, noise, None, &mut scratch).unwrap()
        };
        let numeric = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
        let exact: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        // fixed parameters have no gradient
        let exact = if entry.trained { exact } else { numeric };
        let scale = numeric.abs().max(1e-2);
        worst = worst.max((numeric - exact).abs() / scale);
    }
    worst
}

#[test]
fn every_neuron() {
    let (dense, readout) = (&wirings()[0].1, &wirings()[0].1);
    for neuron in neurons() {
        let kinked = ["relu", "retanh", "clipped", "adapting", "plastic"]
            .iter()
            .any(|k| neuron.name.ends_with(k));
        let (h, tolerance) = if kinked { (KINKED, 1e-4) } else { (SMOOTH, 1e-6) };
        let error = error(description(&neuron, dense, readout), 12, h);
        assert!(error < tolerance, "{}: {error}", neuron.name);
    }
}

#[test]
fn every_wiring_and_readout() {
    for (name, wiring) in wirings() {
        for (readout_name, readout) in wirings() {
            // weights that are a magnitude of their parameter have a kink where that is 0, which steps of
            // 1e-4 pass over here; steps of 1e-7 are rounding
            let kinked = [name, readout_name]
                .iter()
                .any(|n| n.contains("magnitude") || n.contains("rectified"));
            let (h, tolerance) = if kinked { (1e-5, 1e-5) } else { (SMOOTH, 1e-6) };
            let error = error(description(&unseen(), &wiring, &readout), 9, h);
            assert!(error < tolerance, "{name} with readout {readout_name}: {error}");
        }
    }
}

#[test]
fn wirings_within_a_population() {
    for (name, wiring) in within_a_population() {
        let error = error(description(&unseen(), &wiring, &wirings()[0].1), 9, SMOOTH);
        assert!(error < 1e-6, "{name}: {error}");
    }
}

#[test]
fn across_segments() {
    let (_, dense) = &wirings()[0];
    let error = error(description(&unseen(), dense, dense), 75, SMOOTH);
    assert!(error < 1e-6, "{error}");
}

#[test]
fn exponential_euler() {
    let (_, dense) = &wirings()[0];
    let mut description = description(&unseen(), dense, dense);
    description.integrator = attractor_equations::Integrator::ExponentialEuler;
    let error = error(description, 12, SMOOTH);
    assert!(error < 1e-6, "{error}");
}
