//! Penalties on the wirings of a network, against JAX and finite differences.

use attractor_data::Trials;
use attractor_learn::{Objective, ObjectiveError};
use attractor_network::{
    Description, Loadings, Network, Population, Positions, Projection, Wiring, library,
};
use attractor_numerics::Real;
use attractor_numerics::law::Law;
use ndarray::Array3;
use serde_json::Value;

const KINDS: [&str; 3] = ["wiring-length", "communicability", "spatial-communicability"];

fn network(wiring: Wiring) -> Network {
    let elman = library::elman(library::Nonlinearity::Relu).unwrap();
    let rec = Population::of("rec", 12, &elman)
        .positions(Positions::Lattice { shape: [2, 3, 2], spacing: 1.0 });
    let out = Population::of("out", 2, &library::linear().unwrap());
    let dense = Wiring::Dense { law: Law::Gaussian { gain: 1.0 } };
    let wires = vec![
        Projection::new("rec.h", "rec.I", wiring).lag(1),
        Projection::new("rec.h", "out.I", dense),
    ];
    Network::new(Description::new(1.0, vec![rec, out], wires)).unwrap()
}

fn dense() -> Network {
    network(Wiring::Dense { law: Law::Gaussian { gain: 1.0 } })
}

fn objective(terms: &str) -> Objective {
    #[derive(serde::Deserialize)]
    struct File {
        objective: Objective,
    }
    toml::from_str::<File>(&format!("objective = [{terms}]")).unwrap().objective
}

/// Value and gradient of a term.
fn penalise<T: Real>(network: &Network, terms: &str, parameters: &[T]) -> (f64, Vec<T>) {
    let trials = Trials::new(1.0, Array3::zeros((1, 1, 1))).unwrap();
    let resolved = objective(terms).resolve(network).unwrap();
    let bound = resolved.bind(&trials).unwrap();
    let mut gradient = vec![T::ZERO; parameters.len()];
    let value = bound.penalise(parameters, Some(&mut gradient));
    assert_eq!(bound.penalise(parameters, None), value);
    (value, gradient)
}

fn against_jax<T: Real>(tolerance: f64) {
    let numbers = |value: &Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let truth: Value = serde_json::from_str(include_str!("wiring.json")).unwrap();
    let network = dense();
    let mut parameters = network.initial_parameters(1);
    let place = network.layout().get("rec->rec.W").unwrap().range.clone();
    parameters[place.clone()].copy_from_slice(&numbers(&truth["weights"]));
    let parameters: Vec<T> = parameters.iter().map(|&p| T::from_f64(p)).collect();
    for kind in KINDS {
        let term =
            format!("{{ kind = '{kind}', projection = 'rec->rec', reduce = 'sum', weight = 0.5 }}");
        let (value, gradient) = penalise(&network, &term, &parameters);
        let expected = 0.5 * truth["terms"][kind]["value"].as_f64().unwrap();
        assert!((value / expected - 1.0).abs() < tolerance, "{kind}: {value} {expected}");
        let slopes = numbers(&truth["terms"][kind]["gradient"]);
        let most = slopes.iter().fold(0.0f64, |most, slope| most.max(slope.abs()));
        for (found, slope) in gradient[place.clone()].iter().zip(&slopes) {
            let difference = (found.to_f64() - 0.5 * slope).abs();
            assert!(difference < tolerance * most, "{kind}: {found} {slope}");
        }
        let elsewhere = gradient.iter().enumerate().filter(|(k, _)| !place.contains(k));
        assert!(elsewhere.into_iter().all(|(_, g)| *g == T::ZERO));
    }
}

#[test]
fn jax_agrees() {
    against_jax::<f64>(1e-12);
    against_jax::<f32>(3e-6);
}

#[test]
fn derivatives_hold_for_every_kind_of_wiring() {
    let normal = Law::Normal { sd: 0.6 };
    let wirings = [
        Wiring::Masked { law: normal, density: Some(0.4), pairs: None, seed: 2 },
        Wiring::LowRank { rank: 2, m: normal, n: normal, covariance: None },
        Wiring::Core {
            rank: 2,
            u: Loadings::Law(normal),
            v: Loadings::Law(normal),
            core: Law::Normal { sd: 3.0 },
        },
        Wiring::Sum {
            terms: vec![
                Wiring::LowRank { rank: 1, m: normal, n: normal, covariance: None },
                Wiring::Masked { law: normal, density: Some(0.3), pairs: None, seed: 5 },
            ],
        },
    ];
    for wiring in wirings {
        let network = network(wiring.clone());
        let parameters = network.initial_parameters(2);
        for kind in KINDS {
            let term = format!("{{ kind = '{kind}', projection = 'rec->rec' }}");
            let (_, gradient) = penalise(&network, &term, &parameters);
            let most = gradient.iter().fold(0.0f64, |most, slope| most.max(slope.abs()));
            assert!(most > 0.0);
            for entry in network.layout().entries() {
                let fixed = entry.name.ends_with(".U") || entry.name.ends_with(".V");
                // a weight that a mask holds at 0 has no slope, and moving it moves nothing
                for place in entry.range.clone().step_by(5).filter(|_| !fixed) {
                    let h = 1e-6;
                    let mut moved = parameters.clone();
                    moved[place] += h;
                    let above = penalise(&network, &term, &moved).0;
                    moved[place] -= 2.0 * h;
                    let difference = (above - penalise(&network, &term, &moved).0) / (2.0 * h);
                    assert!(
                        (gradient[place] - difference).abs() < 1e-6 * most,
                        "{wiring:?}, {kind}, {}: {} {difference}",
                        entry.name,
                        gradient[place]
                    );
                }
            }
        }
    }
}

/// A unit that sends nothing has no degree to divide by.
#[test]
fn a_silent_column_is_no_division_by_zero() {
    let network = dense();
    let mut parameters = network.initial_parameters(1);
    let place = network.layout().get("rec->rec.W").unwrap().range.clone();
    (0..12).for_each(|row| parameters[place.start + row * 12 + 4] = 0.0);
    for kind in KINDS {
        let term = format!("{{ kind = '{kind}', projection = 'rec->rec' }}");
        let (value, gradient) = penalise(&network, &term, &parameters);
        assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()));
        assert!((0..12).all(|row| gradient[place.start + row * 12 + 4] == 0.0));
    }
    let none = vec![0.0; parameters.len()];
    let term = "{ kind = 'spatial-communicability', projection = 'rec->rec' }";
    assert_eq!(penalise(&network, term, &none), (0.0, none.clone()));
}

#[test]
fn means_are_sums_over_pairs() {
    let network = dense();
    let parameters = network.initial_parameters(1);
    for kind in KINDS {
        let term = |reduce: &str| {
            let term =
                format!("{{ kind = '{kind}', projection = 'rec->rec', reduce = '{reduce}' }}");
            penalise(&network, &term, &parameters).0
        };
        assert!((term("sum") / term("mean") - 144.0).abs() < 1e-10);
    }
}

#[test]
fn what_cannot_be_penalised_is_said() {
    let said = |terms: &str| -> Vec<String> {
        let problems = objective(terms).resolve(&dense()).unwrap_err();
        assert!(problems.iter().all(|p| matches!(p, ObjectiveError::Projection { .. })));
        problems.iter().map(ToString::to_string).collect()
    };
    let said = said(
        "{ kind = 'wiring-length', projection = 'rec->out' },
         { kind = 'communicability', projection = 'rec->out' },
         { kind = 'spatial-communicability', projection = 'rec->re' }",
    );
    assert_eq!(said.len(), 3);
    assert!(said[0].starts_with("term `wiring-length(rec->out)`"), "{}", said[0]);
    assert!(said[0].contains("population `out` without positions"), "{}", said[0]);
    assert!(said[1].contains("does not run from a population to itself"), "{}", said[1]);
    assert!(said[2].contains("did you mean `rec->rec`?"), "{}", said[2]);
}
