//! The same bits: for any number of threads, with or without a memory limit, step by step or whole.

mod common;

use std::sync::Arc;

use attractor_network::*;
use common::*;

fn gradient(threads: usize, memory: usize, truncate: Option<usize>) -> (f64, Vec<f32>) {
    let (_, dense) = &wirings()[0];
    let network = Arc::new(Network::new(description(&unseen(), dense, dense)).unwrap());
    let options = EngineOptions { threads, memory, ..EngineOptions::default() };
    let mut engine = Engine::<f32>::new(network.clone(), options).unwrap();
    let parameters: Vec<f32> = network.initial_parameters(1).iter().map(|&p| p as f32).collect();
    let loss = Quadratic { signals: vec![network.signal("out.y").unwrap()] };
    let noise = NoiseSource { seed: 4, epoch: 2, on: true };
    let mut gradient = vec![0.0; parameters.len()];
    let value = engine
        .gradient(&parameters, &trials(70, 37), &loss, noise, truncate, &mut gradient)
        .unwrap();
    (value, gradient)
}

#[test]
fn threads_do_not_matter() {
    let one = gradient(1, usize::MAX, None);
    assert_eq!(one, gradient(2, usize::MAX, None));
    assert_eq!(one, gradient(5, usize::MAX, None));
}

#[test]
fn memory_does_not_matter() {
    assert_eq!(gradient(2, usize::MAX, None), gradient(2, 0, None));
    assert_eq!(gradient(2, usize::MAX, Some(20)), gradient(2, 0, Some(20)));
}

#[test]
fn truncation_over_all_steps_is_exact_and_shorter_is_not() {
    assert_eq!(gradient(2, usize::MAX, Some(70)), gradient(2, usize::MAX, None));
    assert_ne!(gradient(2, usize::MAX, Some(10)).1, gradient(2, usize::MAX, None).1);
}

#[test]
fn a_state_is_a_value() {
    let (_, dense) = &wirings()[0];
    let network = Arc::new(Network::new(description(&unseen(), dense, dense)).unwrap());
    let mut engine = engine::<f64>(&network);
    let parameters = network.initial_parameters(1);
    let trials = trials(40, 6);
    let noise = NoiseSource { seed: 4, epoch: 2, on: true };
    let signals = [network.signal("out.y").unwrap(), network.signal("rec.v").unwrap()];
    let whole =
        engine.run(&parameters, &trials, noise, &Interventions::default(), &signals).unwrap();
    let mut state = engine.start(&parameters, &trials, noise).unwrap();
    let mut kept = None;
    for (start, steps) in [(0, 13), (13, 1), (14, 26)] {
        let part =
            engine.advance(&parameters, &trials, noise, &mut state, steps, &signals).unwrap();
        for (whole, part) in whole.iter().zip(&part) {
            assert_eq!(whole.slice(ndarray::s![start..start + steps, .., ..]), *part);
        }
        kept.get_or_insert_with(|| state.clone());
    }
    // a branch from the middle goes the same way
    let mut branch = kept.unwrap();
    let part = engine.advance(&parameters, &trials, noise, &mut branch, 27, &signals).unwrap();
    assert_eq!(whole[0].slice(ndarray::s![13.., .., ..]), part[0]);
    assert_eq!(branch, state);
}
