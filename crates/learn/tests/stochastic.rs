//! Stochastic low-rank networks against Kalman's filter, exact fixed points and their own export.

use std::sync::Arc;

use attractor_analysis::fixed_points::{SearchOptions, fixed_points};
use attractor_data::Trials;
use attractor_learn::constrained::Samples;
use attractor_learn::stochastic::{
    FilterOptions, Fit, FitOptions, Model, Observation, Phi, Proposal, Shape, Values,
};
use attractor_network::{Autonomous, Engine, EngineOptions, Interventions, NoiseSource};
use attractor_numerics::law::Law;
use attractor_numerics::linalg::{solve, symmetric_eigenvalues};
use attractor_numerics::{Dynamics, random};
use ndarray::{Array2, Array3};

/// A threshold so low that a unit is linear wherever the latents may go.
const FAR: f64 = -50.0;

fn shape(units: usize, recorded: usize, phi: Phi, observation: Observation) -> Shape {
    Shape { units, rank: 2, recorded, channels: 0, phi, observation }
}

/// Rank 2, 6 units, 3 of them recorded; thresholds are added to those drawn from ±1.
fn model(phi: Phi, observation: Observation, threshold: f64, size: f64, seed: u64) -> Model {
    let shape = shape(6, 3, phi, observation);
    let mut rng = random::stream(seed, "model");
    let mut draw = |rows: usize, columns: usize, limit: f64| {
        Law::Uniform { limit }.sample(rows, columns, &mut rng)
    };
    let gaussian = observation == Observation::Gaussian;
    let values = Values {
        m: draw(6, 2, 1.0),
        n: draw(2, 6, size),
        threshold: draw(1, 6, 1.0).iter().map(|h| h + threshold).collect(),
        inputs: Vec::new(),
        decay: 0.8,
        start: vec![0.4, -0.2],
        start_covariance: vec![0.5, 0.1, 0.1, 0.3],
        covariance: vec![0.2, -0.05, -0.05, 0.1],
        bias: draw(1, 3, 0.5),
        variance: if gaussian { vec![0.1, 0.2, 0.15] } else { Vec::new() },
    };
    Model::new(shape, 10.0, &values).unwrap()
}

fn samples(count: usize, seed: u64) -> Samples {
    let y = Law::Normal { sd: 0.5 }.sample(count, 3, &mut random::stream(seed, "samples"));
    Samples::one(10.0, 3, y).unwrap()
}

/// ln p(y) by Kalman's filter, of a model whose units are all linear: covariance form throughout.
fn kalman(model: &Model, samples: &Samples) -> f64 {
    let v = model.values();
    let (rank, units, recorded) = (2, 6, 3);
    let matrix = |values: &[f64], rows: usize| {
        Array2::from_shape_vec((rows, values.len() / rows), values.to_vec()).unwrap()
    };
    let (m, n) = (matrix(&v.m, units), matrix(&v.n, rank));
    let c = m.slice(ndarray::s![..recorded, ..]).to_owned();
    let a = Array2::<f64>::eye(rank) * v.decay + n.dot(&m);
    let constant = -n.dot(&ndarray::arr1(&v.threshold));
    let (mut mean, mut p) = (ndarray::arr1(&v.start), matrix(&v.start_covariance, rank));
    let mut total = 0.0;
    for (t, y) in samples.rates(0).chunks_exact(recorded).enumerate() {
        if t > 0 {
            mean = a.dot(&mean) + &constant;
            p = a.dot(&p).dot(&a.t()) + matrix(&v.covariance, rank);
        }
        let s = c.dot(&p).dot(&c.t()) + Array2::from_diag(&ndarray::arr1(&v.variance));
        let s: Vec<f64> = s.iter().copied().collect();
        let residual = ndarray::arr1(y) - ndarray::arr1(&v.bias) - c.dot(&mean);
        let weighted = solve(&s, recorded, residual.as_slice().unwrap(), 1).unwrap();
        let logs = symmetric_eigenvalues(&s, recorded).unwrap();
        let square: f64 = weighted.iter().zip(&residual).map(|(w, r)| w * r).sum();
        let log_determinant: f64 = logs.iter().map(|value| value.ln()).sum();
        total -= 0.5 * (square + log_determinant + recorded as f64 * std::f64::consts::TAU.ln());
        let cp: Vec<f64> = c.dot(&p).iter().copied().collect();
        // the gain, transposed
        let gain = matrix(&solve(&s, recorded, &cp, rank).unwrap(), recorded);
        mean = mean + gain.t().dot(&residual);
        p = &p - &gain.t().dot(&c).dot(&p);
    }
    total
}

#[test]
fn the_likelihood_of_linear_units_is_kalmans() {
    let mut values = model(Phi::Relu, Observation::Gaussian, 0.0, 0.4, 1).values();
    // all far above threshold, and what that adds to the rates cancels
    values.threshold.fill(FAR);
    for row in values.n.chunks_exact_mut(6) {
        let mean = row.iter().sum::<f64>() / 6.0;
        row.iter_mut().for_each(|n| *n -= mean);
    }
    let shape = shape(6, 3, Phi::Relu, Observation::Gaussian);
    let model = Model::new(shape, 10.0, &values).unwrap();
    let samples = samples(12, 2);
    let exact = kalman(&model, &samples);
    let estimate = |particles, proposal, seed| {
        let options = FilterOptions { particles, proposal, seed };
        model.filter(&samples, options).unwrap().log_likelihood[0]
    };
    for (proposal, particles, tolerance) in
        [(Proposal::Optimal, 10_000, 0.05), (Proposal::Bootstrap, 20_000, 0.1)]
    {
        let found = estimate(particles, proposal, 1);
        assert!((found - exact).abs() < tolerance, "{proposal:?}: {found}, not {exact}");
    }
    // the likelihood itself is estimated without bias, however few the particles
    for (proposal, particles) in [(Proposal::Optimal, 8), (Proposal::Bootstrap, 64)] {
        let draws: Vec<f64> =
            (0..600).map(|seed| (estimate(particles, proposal, seed) - exact).exp()).collect();
        let mean = draws.iter().sum::<f64>() / 600.0;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 599.0;
        let error = (variance / 600.0).sqrt();
        assert!((mean - 1.0).abs() < 4.0 * error && error < 0.1, "{proposal:?}: {mean} ± {error}");
    }
}

#[test]
fn more_particles_make_the_bound_tighter() {
    for (observation, proposal) in [
        (Observation::Gaussian, Proposal::Optimal),
        (Observation::Gaussian, Proposal::Bootstrap),
        (Observation::Poisson, Proposal::Bootstrap),
    ] {
        let model = model(Phi::Relu, observation, 0.0, 0.3, 3);
        let mut data = samples(40, 4);
        if observation == Observation::Poisson {
            let counts = data.rates(0).iter().map(|y| y.abs().round()).collect();
            data = Samples::one(10.0, 3, counts).unwrap();
        }
        let mean = |particles| {
            let one = |seed| {
                let options = FilterOptions { particles, proposal, seed };
                model.filter(&data, options).unwrap().per_sample(&data)
            };
            (0..20).map(one).sum::<f64>() / 20.0
        };
        let (one, some, many) = (mean(1), mean(8), mean(64));
        assert!(one < some && some < many, "{observation:?} {proposal:?}: {one} {some} {many}");
    }
}

#[test]
fn a_fit_raises_the_bound_and_has_the_same_bits_on_any_number_of_threads() {
    let truth = model(Phi::Clipped, Observation::Poisson, 0.5, 0.5, 5);
    let y = Law::Normal { sd: 1.0 }.sample(5 * 30, 3, &mut random::stream(6, "counts"));
    let counts = Array3::from_shape_vec((30, 5, 3), y).unwrap().mapv(|y| y.abs().round() as f32);
    let none = Array3::zeros((30, 5, 0));
    let data = Samples::new(10.0, counts.view(), none.view(), &[30, 30, 25, 30, 12]).unwrap();
    let options = FitOptions {
        particles: 16,
        proposal: Proposal::Bootstrap,
        batch: 2,
        epochs: 12,
        rate: 2e-2,
        last_rate: 1e-2,
        seed: 7,
    };
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let first = Model::drawn(*truth.shape(), &data, 8).unwrap();
            let mut fit = Fit::new(first, &data, &options).unwrap();
            let mut bounds = Vec::new();
            while let Some(epoch) = fit.epoch().unwrap() {
                bounds.push(epoch.bound);
            }
            (bounds, fit.model().values())
        })
    };
    let (bounds, values) = fit(1);
    assert_eq!(bounds.len(), 12);
    assert!(bounds[11] > bounds[0] + 0.1, "{bounds:?}");
    assert_eq!((bounds, values), fit(3));
}

#[test]
fn the_exported_network_steps_as_the_latents_do() {
    for phi in [Phi::Relu, Phi::Clipped] {
        let model = model(phi, Observation::Gaussian, 0.0, 0.4, 9);
        let v = model.values();
        let (network, parameters) = model.network().unwrap();
        let map = Autonomous::new(&network, &parameters, &[]).unwrap();
        let currents = |z: &[f64]| -> Vec<f64> {
            v.m.chunks_exact(2).map(|m| m[0] * z[0] + m[1] * z[1]).collect()
        };
        let z = [0.7, -1.1];
        let x = currents(&z);
        let rate = |i: usize| match phi {
            Phi::Relu => (x[i] - v.threshold[i]).max(0.0),
            Phi::Clipped => (x[i] + v.threshold[i]).max(0.0) - x[i].max(0.0),
        };
        let next: Vec<f64> = (0..2)
            .map(|k| v.decay * z[k] + (0..6).map(|i| v.n[k * 6 + i] * rate(i)).sum::<f64>())
            .collect();
        let mut found = vec![0.0; 6];
        map.step(&x, &mut found);
        for (found, expected) in found.iter().zip(currents(&next)) {
            assert!((found - expected).abs() < 1e-12, "{phi:?}");
        }
    }
}

#[test]
fn noise_of_the_exported_network_has_the_covariance_of_the_latents() {
    // rates far below threshold: x ← d x + m L ξ, whose covariance is m Q mᵀ / (1 - d²)
    let model = model(Phi::Relu, Observation::Gaussian, -FAR, 0.4, 10);
    let v = model.values();
    let (network, parameters) = model.network().unwrap();
    let network = Arc::new(network);
    let y = network.signal("rec.y").unwrap();
    let x = network.signal("rec.x").unwrap();
    let engine = Engine::<f64>::new(network.clone(), EngineOptions::default()).unwrap();
    let trials = Trials::new(10.0, Array3::zeros((220, 400, 0))).unwrap();
    let noise = NoiseSource { seed: 1, epoch: 0, on: true };
    let mut engine = engine;
    let found =
        engine.run(&parameters, &trials, noise, &Interventions::default(), &[x, y]).unwrap();
    let late = found[0].slice(ndarray::s![20..;20, .., ..]);
    let count = (late.dim().0 * late.dim().1) as f64;
    for i in 0..6 {
        for j in 0..6 {
            let q = |a: usize, b: usize| v.m[i * 2 + a] * v.covariance[a * 2 + b] * v.m[j * 2 + b];
            let expected = (q(0, 0) + q(0, 1) + q(1, 0) + q(1, 1)) / (1.0 - v.decay * v.decay);
            let pairs = late.index_axis(ndarray::Axis(2), i).to_owned()
                * late.index_axis(ndarray::Axis(2), j);
            let found = pairs.sum() / count;
            assert!((found - expected).abs() < 0.06, "{i} {j}: {found}, not {expected}");
        }
    }
    assert!((found[1][[7, 3, 2]] - found[0][[7, 3, 2]] - v.bias[2]).abs() < 1e-12);
    let deviations = model.noise_sd().unwrap();
    let trace: f64 = deviations.iter().map(|sd| sd * sd).sum();
    let expected: f64 =
        v.m.chunks_exact(2)
            .map(|m| {
                m[0] * m[0] * v.covariance[0]
                    + 2.0 * m[0] * m[1] * v.covariance[1]
                    + m[1] * m[1] * v.covariance[3]
            })
            .sum();
    assert!((trace - expected).abs() < 1e-12);
}

/// Every point that the search finds is among the exact ones; together, from many starts over several
/// networks, it finds nearly all of these.
#[test]
fn the_search_finds_the_exact_fixed_points() {
    let (mut exact_ones, mut found_ones) = (0, 0);
    for phi in [Phi::Relu, Phi::Clipped] {
        for seed in 0..8 {
            let model = model(phi, Observation::Gaussian, 0.0, 0.7, seed);
            let m = model.values().m;
            let exact: Vec<Vec<f64>> = (model.fixed_points(&[]).unwrap().iter())
                .map(|z| m.chunks_exact(2).map(|m| m[0] * z[0] + m[1] * z[1]).collect())
                .collect();
            let (network, parameters) = model.network().unwrap();
            let map = Autonomous::new(&network, &parameters, &[]).unwrap();
            let mut rng = random::stream(seed, "starts");
            let latents = Law::Normal { sd: 3.0 }.sample(200, 2, &mut rng);
            let starts: Vec<f64> = latents
                .chunks_exact(2)
                .flat_map(|z| m.chunks_exact(2).map(|m| m[0] * z[0] + m[1] * z[1]))
                .collect();
            let search = fixed_points(&map, &starts, &SearchOptions::default()).unwrap();
            let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
            for point in search.fixed() {
                let known = exact.iter().any(|exact| near(exact, &point.state));
                assert!(known, "{phi:?} {seed}: {:?} is not among {exact:?}", point.state);
            }
            exact_ones += exact.len();
            let found = |exact: &&Vec<f64>| search.fixed().any(|point| near(exact, &point.state));
            found_ones += exact.iter().filter(found).count();
            // and each is one
            for x in &exact {
                let mut next = vec![0.0; 6];
                map.step(x, &mut next);
                assert!(near(x, &next), "{phi:?} {seed}: {x:?} moves to {next:?}");
            }
        }
    }
    assert!(exact_ones >= 16 && found_ones * 10 >= exact_ones * 9, "{found_ones} of {exact_ones}");
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let model = model(Phi::Relu, Observation::Poisson, 0.0, 0.3, 11);
    let said = |result: Result<Fit, attractor_learn::constrained::FitError>| {
        result.map(|_| ()).unwrap_err().to_string()
    };
    let options = FitOptions { proposal: Proposal::Bootstrap, ..FitOptions::default() };
    let error = said(Fit::new(model.clone(), &samples(10, 1), &options));
    assert!(error.contains("counts"), "{error}");
    let counts = Samples::one(10.0, 3, vec![1.0; 30]).unwrap();
    let error = said(Fit::new(model.clone(), &counts, &FitOptions::default()));
    assert!(error.contains("bootstrap"), "{error}");
    let none = FitOptions { particles: 0, ..options };
    let error = said(Fit::new(model.clone(), &counts, &none));
    assert!(error.contains("`particles` is 0"), "{error}");
    let narrow = Samples::one(10.0, 2, vec![1.0; 20]).unwrap();
    let error = said(Fit::new(model.clone(), &narrow, &options));
    assert!(error.contains("recorded units: 2 values, 3"), "{error}");
    let wide = Shape { recorded: 7, ..*model.shape() };
    let error = Model::new(wide, 10.0, &model.values()).unwrap_err().to_string();
    assert!(error.contains("`recorded` is 7"), "{error}");
    let mut values = model.values();
    values.covariance = vec![1.0, 2.0, 2.0, 1.0];
    let error = Model::new(*model.shape(), 10.0, &values).unwrap_err().to_string();
    assert!(error.contains("positive definite"), "{error}");
    values = model.values();
    values.decay = 1.5;
    assert!(Model::new(*model.shape(), 10.0, &values).is_err());
    assert!(model.fixed_points(&[1.0]).is_err());
}
