//! A network under constant input as a map: against the engine, finite differences and itself.

mod common;

use std::sync::Arc;

use attractor_data::Trials;
use attractor_equations::Neuron;
use attractor_network::*;
use attractor_numerics::Dynamics;
use attractor_numerics::law::Law;
use common::*;
use ndarray::Array3;

const INPUT: [f64; 2] = [0.25, -0.5];

/// The network of the other tests with lags 0 and 1, without what reaches past the unit states.
fn network(neuron: &Neuron, wiring: &Wiring, change: impl Fn(&mut Description)) -> Arc<Network> {
    let mut description = description(neuron, wiring, wiring);
    for p in &mut description.projections {
        p.lag = if p.from.starts_with("in.") { 0 } else { p.lag.min(1) };
        if p.from == "rec.s" {
            p.from = "rec.r".into();
        }
    }
    description.populations[1].start.clear();
    change(&mut description);
    Arc::new(Network::new(description).unwrap())
}

/// The readout becomes a population with states, driven within the step through a linear one.
fn chain(description: &mut Description) {
    let leaky = library::leaky(library::Nonlinearity::Tanh, library::NoisePlace::None).unwrap();
    let mut last = description.populations[2].clone();
    last.name = "last".into();
    last.neuron = Some(leaky.to_text());
    description.populations.push(last);
    let projection = |from: &str, to: &str, lag| Projection {
        name: None,
        from: from.into(),
        to: to.into(),
        lag,
        wiring: Wiring::Dense { law: Law::Gaussian { gain: 0.8 } },
        trained: true,
    };
    let drive = description.projections[0].to.clone();
    description.projections.push(projection("out.y", "last.I", 0));
    description.projections.push(projection("last.r", "last.I", 1));
    description
        .projections
        .push(Projection { name: Some("back".into()), ..projection("last.r", &drive, 1) });
}

fn constant(steps: usize) -> Trials {
    Trials::new(1.0, Array3::from_shape_fn((steps, 1, 2), |(_, _, c)| INPUT[c] as f32)).unwrap()
}

/// Every neuron, every wiring, alone and in a chain.
fn every(mut check: impl FnMut(&str, &Arc<Network>, &[f64])) {
    for neuron in neurons() {
        for (name, wiring) in wirings() {
            for (kind, change) in [("alone", None), ("chain", Some(chain))] {
                let network = network(&neuron, &wiring, |d| change.iter().for_each(|c| c(d)));
                let parameters = network.initial_parameters(2);
                check(&format!("{}, {name}, {kind}", neuron.name), &network, &parameters);
            }
        }
    }
}

fn points(n: usize, count: usize) -> Vec<f64> {
    (0..n * count).map(|i| 0.6 * number(i + 11)).collect()
}

#[test]
fn the_jacobian_is_that_of_the_engine() {
    every(|name, network, parameters| {
        let map = Autonomous::new(network, parameters, &INPUT).unwrap();
        let n = map.dimension();
        let x = points(n, 1);
        let expected = engine::<f64>(network).jacobian(parameters, &constant(1), &x).unwrap();
        assert_eq!(expected.dim(), (n, n), "{name}");
        let mut jacobian = vec![f64::NAN; n * n];
        map.jacobian(&x, &mut jacobian);
        for (k, (have, want)) in jacobian.iter().zip(expected.iter()).enumerate() {
            let (i, j) = (k / n, k % n);
            assert!((have - want).abs() < 1e-12, "{name} [{i}, {j}]: {have} and {want}");
        }
    });
}

#[test]
fn steps_are_those_of_a_run() {
    every(|name, network, parameters| {
        let map = Autonomous::new(network, parameters, &INPUT).unwrap();
        let mut engine = engine::<f64>(network);
        let steps = 6;
        let (off, none) = (NoiseSource::off(), Interventions::default());
        let run = engine.run(parameters, &constant(steps), off, &none, &map.signals()).unwrap();
        let states = map.points(&run).unwrap();
        let n = map.dimension();
        let mut next = vec![0.0; (steps - 1) * n];
        map.step(&states[..(steps - 1) * n], &mut next);
        for (have, want) in next.iter().zip(&states[n..]) {
            assert!((have - want).abs() < 1e-12, "{name}: {have} and {want}");
        }
    });
}

#[test]
fn the_jacobian_is_the_slope_of_the_step() {
    every(|name, network, parameters| {
        let map = Autonomous::new(network, parameters, &INPUT).unwrap();
        let n = map.dimension();
        let (x, h) = (points(n, 1), 1e-5);
        let mut jacobian = vec![0.0; n * n];
        map.jacobian(&x, &mut jacobian);
        // one row for each moved value, up and down
        let moved = |h: f64| {
            let mut rows = x.repeat(n);
            (0..n).for_each(|j| rows[j * n + j] += h);
            let mut next = vec![0.0; n * n];
            map.step(&rows, &mut next);
            next
        };
        let (up, down) = (moved(h), moved(-h));
        for i in 0..n {
            for j in 0..n {
                let numeric = (up[j * n + i] - down[j * n + i]) / (2.0 * h);
                let error = (numeric - jacobian[i * n + j]).abs();
                assert!(error < 1e-7, "{name} [{i}, {j}]: {numeric} and {}", jacobian[i * n + j]);
            }
        }
    });
}

#[test]
fn tangents_and_cotangents_agree_with_the_jacobian() {
    every(|name, network, parameters| {
        let map = Autonomous::new(network, parameters, &INPUT).unwrap();
        let n = map.dimension();
        let (count, each) = (3, 2);
        let x = points(n, count);
        let vectors =
            |seed: usize| -> Vec<f64> { (0..n * count * each).map(|i| number(i + seed)).collect() };
        let (v, w) = (vectors(1000), vectors(2000));
        let (mut forward, mut backward) = (vec![0.0; v.len()], vec![0.0; w.len()]);
        map.jvp(&x, &v, &mut forward);
        map.vjp(&x, &w, &mut backward);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut jacobian = vec![0.0; n * n];
        for (point, x) in x.chunks_exact(n).enumerate() {
            map.jacobian(x, &mut jacobian);
            for k in 0..each {
                let row = (point * each + k) * n..(point * each + k + 1) * n;
                for (i, jacobian) in jacobian.chunks_exact(n).enumerate() {
                    let (have, want) = (forward[row.clone()][i], dot(jacobian, &v[row.clone()]));
                    assert!((have - want).abs() < 1e-11, "{name}: {have} and {want}");
                }
                let (ahead, back) = (
                    dot(&w[row.clone()], &forward[row.clone()]),
                    dot(&v[row.clone()], &backward[row.clone()]),
                );
                assert!((ahead - back).abs() < 1e-11, "{name}: {ahead} and {back}");
            }
        }
        // the residual with its gradient, from one pass
        let mut step = vec![0.0; x.len()];
        map.step(&x, &mut step);
        let (mut f, mut gradient) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        map.residual(&x, &mut f, &mut gradient);
        let mut pulled = vec![0.0; x.len()];
        map.vjp(&x, &f, &mut pulled);
        for i in 0..x.len() {
            assert_eq!(f[i], step[i] - x[i], "{name}");
            assert!((gradient[i] - (pulled[i] - f[i])).abs() < 1e-14, "{name}");
        }
    });
}

#[test]
fn a_row_does_not_depend_on_the_rows_beside_it() {
    let neuron = library::gru().unwrap();
    let network = network(&neuron, &wirings()[0].1, |_| {});
    let parameters = network.initial_parameters(2);
    let map = Autonomous::new(&network, &parameters, &INPUT).unwrap();
    let n = map.dimension();
    let x = points(n, 9);
    let (mut all, mut gradients) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    map.residual(&x, &mut all, &mut gradients);
    for (k, x) in x.chunks_exact(n).enumerate() {
        let (mut f, mut gradient) = (vec![0.0; n], vec![0.0; n]);
        map.residual(x, &mut f, &mut gradient);
        assert_eq!(f, all[k * n..(k + 1) * n]);
        assert_eq!(gradient, gradients[k * n..(k + 1) * n]);
    }
}

#[test]
fn what_remembers_more_than_its_states_is_refused() {
    let refused = |neuron: &Neuron, change: &dyn Fn(&mut Description), word: &str| {
        let network = network(neuron, &wirings()[0].1, change);
        let parameters = network.initial_parameters(1);
        let error = Autonomous::new(&network, &parameters, &INPUT).unwrap_err();
        assert!(
            matches!(error, RunError::Unsupported(_)) && error.to_string().contains(word),
            "{error}"
        );
    };
    let elman = library::elman(library::Nonlinearity::Tanh).unwrap();
    refused(&elman, &|d| d.projections[0].lag = 2, "a delay of 2 steps");
    // `s` reads states before the step
    refused(&unseen(), &|d| d.projections[0].from = "rec.s".into(), "rec.s");
    // inputs are constant: their delays do not matter
    let late = network(&elman, &wirings()[0].1, |d| d.projections[1].lag = 3);
    let parameters = late.initial_parameters(1);
    assert!(Autonomous::new(&late, &parameters, &INPUT).is_ok());
    let error = Autonomous::new(&late, &parameters, &[0.0]).unwrap_err();
    assert!(matches!(error, RunError::Shape { given: 1, expected: 2, .. }));
    let error = Autonomous::new(&late, &parameters[1..], &INPUT).unwrap_err();
    assert!(matches!(error, RunError::Parameters { .. }));
}
