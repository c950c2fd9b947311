//! Forward mode against reverse mode by inner products, and the Jacobian against forward mode.

mod common;

use std::sync::Arc;

use attractor_network::*;
use common::*;
use ndarray::Array3;

/// A loss whose cotangent is given: `Σ c s`.
struct Given(Vec<SignalId>, Vec<Array3<f64>>);

impl Loss<f64> for Given {
    fn signals(&self) -> &[SignalId] {
        &self.0
    }

    fn evaluate(
        &self,
        part: &Part,
        signals: &[SignalView<'_, f64>],
        cotangents: &mut [SignalViewMut<'_, f64>],
    ) -> f64 {
        let mut value = 0.0;
        for (k, given) in self.1.iter().enumerate() {
            for (step, t) in part.steps.clone().enumerate() {
                for (trial, b) in part.trials.clone().enumerate() {
                    for unit in 0..signals[k].units {
                        let c = given[[t, b, unit]];
                        value += c * signals[k].row(step, trial)[unit];
                        cotangents[k].row(step, trial)[unit] += c;
                    }
                }
            }
        }
        value
    }
}

#[test]
fn forward_and_reverse_agree() {
    for neuron in neurons().into_iter().chain(spiking()) {
        for (name, wiring) in wirings() {
            let network = Arc::new(Network::new(description(&neuron, &wiring, &wiring)).unwrap());
            let (steps, count) = (10, 4);
            let trials = trials(steps, count);
            let noise = NoiseSource { seed: 8, epoch: 1, on: true };
            let mut engine = engine::<f64>(&network);
            let parameters = network.initial_parameters(2);
            let signals = network.signals();
            let directions: Vec<Direction<f64>> = (0..3)
                .map(|d| {
                    let entries = network.layout().entries();
                    let parameters = (entries.iter())
                        .flat_map(|e| {
                            e.range
                                .clone()
                                .map(|i| if e.trained { number(i + 100 * d) } else { 0.0 })
                        })
                        .collect();
                    Direction { parameters: Some(parameters), start: None }
                })
                .collect();
            let (values, tangents) =
                engine.jvp(&parameters, &trials, noise, &directions, &signals).unwrap();
            let plain = engine
                .run(&parameters, &trials, noise, &Interventions::default(), &signals)
                .unwrap();
            assert_eq!(values, plain, "{}: values along with tangents", neuron.name);
            let cotangents: Vec<Array3<f64>> = values
                .iter()
                .enumerate()
                .map(|(k, v)| {
                    Array3::from_shape_fn(v.dim(), |(t, b, u)| {
                        number(k * 999 + t * 77 + b * 13 + u)
                    })
                })
                .collect();
            let loss = Given(signals.clone(), cotangents.clone());
            let mut gradient = vec![0.0; parameters.len()];
            engine.gradient(&parameters, &trials, &loss, noise, None, &mut gradient).unwrap();
            for (direction, tangents) in directions.iter().zip(&tangents) {
                let moved = direction.parameters.as_ref().unwrap();
                let reverse: f64 = gradient.iter().zip(moved).map(|(g, d)| g * d).sum();
                let forward: f64 = (tangents.iter().zip(&cotangents))
                    .map(|(t, c)| t.iter().zip(c).map(|(t, c)| t * c).sum::<f64>())
                    .sum();
                let error = (forward - reverse).abs() / reverse.abs().max(1.0);
                assert!(error < 1e-9, "{} {name}: {forward} and {reverse}", neuron.name);
            }
        }
    }
}

#[test]
fn the_jacobian_is_the_tangent_of_one_step() {
    for neuron in neurons() {
        let (_, dense) = &wirings()[0];
        let mut description = description(&neuron, dense, dense);
        description.projections.iter_mut().for_each(|p| p.lag = p.lag.min(1));
        // a state that an emission passes on from before the step is not part of the unit states
        if neuron.name == "unseen" {
            for p in description.projections.iter_mut().filter(|p| p.from == "rec.s") {
                p.from = "rec.r".into();
            }
        }
        description.populations[1].start.clear();
        let network = Arc::new(Network::new(description).unwrap());
        let mut engine = engine::<f64>(&network);
        let parameters = network.initial_parameters(2);
        let mut trials = trials(1, 1);
        trials.start = None;
        let states = neuron.states.len() * UNITS;
        let point: Vec<f64> = (0..states).map(|i| 0.5 * number(i + 7)).collect();
        let jacobian = engine.jacobian(&parameters, &trials, &point).unwrap();
        assert_eq!(jacobian.dim(), (states, states));
        // central differences of the step itself, started from given states
        let step = |point: &[f64]| -> Vec<f64> {
            let mut description = network.description().clone();
            for (k, state) in neuron.states.iter().enumerate() {
                let values = point[k * UNITS..(k + 1) * UNITS].to_vec();
                description.populations[1]
                    .start
                    .insert(state.symbol.name.clone(), Start::Given { values });
            }
            let network = Arc::new(Network::new(description).unwrap());
            let signals: Vec<SignalId> = network
                .signals()
                .into_iter()
                .filter(|s| matches!(s.quantity, Quantity::State(_)))
                .collect();
            let out = common::engine::<f64>(&network)
                .run(&parameters, &trials, NoiseSource::off(), &Interventions::default(), &signals)
                .unwrap();
            out.iter().flat_map(|a| a.iter().copied().collect::<Vec<_>>()).collect()
        };
        for column in 0..states {
            let h = 1e-5;
            let moved = |h: f64| {
                let mut moved = point.clone();
                moved[column] += h;
                step(&moved)
            };
            let (up, down) = (moved(h), moved(-h));
            for row in 0..states {
                let numeric = (up[row] - down[row]) / (2.0 * h);
                let error = (numeric - jacobian[[row, column]]).abs();
                assert!(
                    error < 1e-7,
                    "{} [{row}, {column}]: {numeric} and {}",
                    neuron.name,
                    jacobian[[row, column]]
                );
            }
        }
    }
}
