//! Gaussian mixtures, agreement and distance against scikit-learn and SciPy: `mixture.py` makes `mixture.json`.

use attractor_analysis::{MixtureOptions, adjusted_rand, mixture, wasserstein};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("mixture.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "{found} for {expected}"
    );
}

#[test]
fn mixtures() {
    let all = reference();
    let points: Vec<Vec<f64>> = all["points"].as_array().unwrap().iter().map(numbers).collect();
    let options =
        MixtureOptions { ridge: 0.0, tolerance: 1e-12, rounds: 3000, ..Default::default() };
    for (k, expected) in all["fits"].as_array().unwrap().iter().enumerate() {
        let found = mixture(&points, k + 1, &options).unwrap();
        // both stop where the likelihood is flat: its value is known far better than where that is
        close(found.log_likelihood, expected["log_likelihood"].as_f64().unwrap(), 1e-7);
        close(found.bic, expected["bic"].as_f64().unwrap(), 1e-7);
        let weights = numbers(&expected["weights"]);
        for (p, population) in found.populations.iter().enumerate() {
            close(population.weight, weights[p], 1e-4);
            for (i, row) in population.covariance.iter().enumerate() {
                close(population.mean[i], expected["means"][p][i].as_f64().unwrap(), 1e-3);
                let expected = numbers(&expected["covariances"][p][i]);
                row.iter()
                    .zip(&expected)
                    .for_each(|(found, expected)| close(*found, *expected, 1e-3));
            }
        }
    }
}

#[test]
fn agreement_and_distance() {
    let all = reference();
    let labels = |name: &str| -> Vec<usize> {
        numbers(&all["rand"][name]).into_iter().map(|label| label as usize).collect()
    };
    let found = adjusted_rand(&labels("first"), &labels("second")).unwrap();
    close(found, all["rand"]["adjusted"].as_f64().unwrap(), 1e-12);
    let samples = |name: &str| numbers(&all["wasserstein"][name]);
    let found = wasserstein(&samples("first"), &samples("second"));
    close(found, all["wasserstein"]["distance"].as_f64().unwrap(), 1e-12);
}
