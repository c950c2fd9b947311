//! Matrices of projections and their derivative, for every wiring.

mod common;

use attractor_network::{Network, NetworkError, library};
use common::{UNITS, description, number, wirings};

fn network(wiring: &attractor_network::Wiring) -> Network {
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    Network::new(description(&neuron, wiring, wiring)).unwrap()
}

#[test]
fn cotangents_of_the_matrix_become_gradients_of_the_parameters() {
    for (name, wiring) in wirings() {
        let network = network(&wiring);
        let weights = network.weights("rec0").unwrap();
        assert_eq!((weights.targets(), weights.sources()), (UNITS, UNITS));
        let parameters = network.initial_parameters(4);
        let matrix = weights.matrix(&parameters);
        let written = network.matrix("rec0", &parameters).unwrap();
        assert_eq!(matrix, written.iter().copied().collect::<Vec<f64>>(), "{name}");
        let cotangent: Vec<f64> = (0..matrix.len()).map(number).collect();
        let value = |parameters: &[f64]| -> f64 {
            weights.matrix(parameters).iter().zip(&cotangent).map(|(w, g)| w * g).sum()
        };
        // what is there already stays
        let mut gradient = vec![1.0; parameters.len()];
        weights.pull(&parameters, &cotangent, &mut gradient);
        for entry in network.layout().entries() {
            for place in entry.range.clone() {
                let h = 1e-4;
                let mut moved = parameters.clone();
                moved[place] += h;
                let above = value(&moved);
                moved[place] -= 2.0 * h;
                // products of two or three parameters: differences are exact to rounding
                let difference = (above - value(&moved)) / (2.0 * h);
                let fixed = entry.name.ends_with(".U") || entry.name.ends_with(".V");
                let truth = if fixed { 0.0 } else { difference };
                let found = gradient[place] - 1.0;
                assert!((found - truth).abs() < 1e-8, "{name}, {}: {found} {truth}", entry.name);
            }
        }
    }
}

#[test]
fn an_unknown_projection_is_named() {
    let network = network(&wirings()[0].1);
    let Err(NetworkError::Unknown { name, known, .. }) = network.weights("rec9") else { panic!() };
    assert_eq!(name, "rec9");
    assert!(known.contains(&"rec0".to_owned()));
}
