//! Low-rank loadings drawn with a chosen covariance have it, and nothing that is none is accepted.

mod common;

use attractor_network::*;
use attractor_numerics::law::Law;
use common::*;

fn network(covariance: Vec<Vec<f64>>) -> Result<Network, NetworkError> {
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    let standard = || Law::Normal { sd: 1.0 };
    let wiring =
        Wiring::LowRank { rank: 2, m: standard(), n: standard(), covariance: Some(covariance) };
    let mut description = description(&neuron, &wiring, &wirings()[0].1);
    description.populations[1].units = 4000;
    Network::new(description)
}

#[test]
fn loadings_have_the_covariance() {
    let wanted = vec![
        vec![1.0, 0.0, 1.6, 0.3],
        vec![0.0, 1.0, 0.0, -0.8],
        vec![1.6, 0.0, 4.0, 0.5],
        vec![0.3, -0.8, 0.5, 2.0],
    ];
    let network = network(wanted.clone()).unwrap();
    let parameters = network.initial_parameters(5);
    let array = |name: &str| &parameters[network.layout().get(name).unwrap().range.clone()];
    let (m, n) = (array("rec0.m"), array("rec0.n"));
    let loading = |unit: usize, k: usize| if k < 2 { m[unit * 2 + k] } else { n[unit * 2 + k - 2] };
    for i in 0..4 {
        for j in 0..4 {
            let found =
                (0..4000).map(|unit| loading(unit, i) * loading(unit, j)).sum::<f64>() / 4000.0;
            // five standard errors of a covariance of normal variables
            let spread = (wanted[i][i] * wanted[j][j] + wanted[i][j] * wanted[i][j]) / 4000.0;
            assert!((found - wanted[i][j]).abs() < 5.0 * spread.sqrt(), "[{i}, {j}]: {found}");
        }
    }
}

#[test]
fn what_is_no_covariance_is_refused() {
    let mut wrong = vec![vec![0.0; 4]; 4];
    (0..4).for_each(|k| wrong[k][k] = 1.0);
    wrong[0][2] = 2.0;
    wrong[2][0] = 2.0;
    let error = network(wrong).unwrap_err().to_string();
    assert!(error.contains("covariance of the loadings"), "{error}");
    assert!(network(vec![vec![1.0; 3]; 3]).is_err());
}
