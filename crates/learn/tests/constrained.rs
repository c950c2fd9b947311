//! Convex fits: what is known about them, at small sizes.

use attractor_learn::constrained::{
    Constraint, Loss, Model, RateUnit, RecipeOptions, RolloutOptions, Samples, SaturatingOptions,
    Setting, ThreeRegionsOptions, best, recipe, rollout, saturating, three_regions,
};
use attractor_network::library::{NoisePlace, Nonlinearity, leaky, rate};
use attractor_numerics::law::Law;
use attractor_numerics::random::stream;

fn unit(form: &str, dt: f64) -> RateUnit {
    let neuron = match form {
        "current" => leaky(Nonlinearity::Tanh, NoisePlace::None),
        _ => rate(Nonlinearity::Tanh, NoisePlace::None),
    };
    RateUnit::new(&neuron.unwrap(), dt, &[("tau", 10.0 * dt)]).unwrap()
}

fn setting(form: &str, constraint: Constraint) -> Setting {
    Setting { unit: unit(form, 10.0), bias: false, constraint }
}

fn regions(units: usize, between: f64, seed: u64) -> Samples {
    let options = ThreeRegionsOptions { units, between, seed, ..Default::default() };
    three_regions(&options).unwrap().samples.scaled(0.999).0
}

/// Noise in the rates of the rate form: where tanh saturates, drives that are found from them are wild.
const OUTSIDE: f64 = 1e-3;

/// A random network of a form, running freely with noise in its drives.
fn known(
    form: &str,
    n: usize,
    samples: usize,
    gain: f64,
    noise: f64,
    seed: u64,
) -> (Samples, Vec<f64>) {
    let mut rng = stream(seed, "known");
    let weights = Law::Gaussian { gain }.sample(n, n, &mut rng);
    let drawn = Law::Normal { sd: 1.0 }.sample(samples, n, &mut rng);
    let added = Law::Normal { sd: 1.0 }.sample(samples, n, &mut rng);
    let mut x = Law::Normal { sd: 0.5 }.sample(1, n, &mut rng);
    let mut rates = Vec::new();
    for t in 0..samples {
        let r: Vec<f64> = match form {
            "current" => x.iter().map(|x| x.tanh()).collect(),
            _ => x.clone(),
        };
        let drive = |i: usize| -> f64 {
            let own: f64 = (0..n).map(|j| weights[i * n + j] * r[j]).sum();
            own + noise * drawn[t * n + i]
        };
        let next: Vec<f64> = (0..n)
            .map(|i| {
                let to = if form == "current" { drive(i) } else { drive(i).tanh() };
                let outside = if form == "current" { 0.0 } else { OUTSIDE };
                x[i] + 0.1 * (to - x[i]) + outside * added[t * n + i]
            })
            .collect();
        x = next;
        rates.extend(r);
    }
    (Samples::one(10.0, n, rates).unwrap(), weights)
}

fn correlation(model: &Model, truth: &[f64]) -> f64 {
    let n = model.units;
    let pairs: Vec<(f64, f64)> =
        (model.recurrent().into_iter().zip(truth.iter().copied()).enumerate())
            .filter(|(k, _)| k / n != k % n)
            .map(|(_, pair)| pair)
            .collect();
    let count = pairs.len() as f64;
    let mean = pairs.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / count, m.1 + p.1 / count));
    let sum = pairs.iter().fold((0.0, 0.0, 0.0), |s, p| {
        let (a, b) = (p.0 - mean.0, p.1 - mean.1);
        (s.0 + a * b, s.1 + a * a, s.2 + b * b)
    });
    sum.0 / (sum.1 * sum.2).sqrt()
}

#[test]
fn ridge_finds_the_weights_of_a_known_network() {
    let (samples, truth) = known("current", 40, 4000, 1.5, 0.1, 1);
    let setting = setting("current", Constraint::default());
    let candidates = setting.choose(&samples, &[1e-8, 1e-6, 1e-4, 1e-2], 4).unwrap();
    let l2 = best(&candidates).unwrap().l2;
    let model = setting.ridge(&samples, l2).unwrap();
    let r = correlation(&model, &truth);
    assert!(r > 0.9, "{r}, {candidates:?}");
    let (one_step, skill) = model.one_step(&samples).unwrap();
    assert!(one_step > 0.99 && skill > 0.0);
    // drives from the data lead to the data: with the true weights and no noise one step is exact
    let (quiet, truth) = known("current", 20, 300, 1.5, 0.0, 2);
    let model = Model { units: 20, weights: truth, ..setting.ridge(&quiet, 1e-3).unwrap() };
    assert!(model.one_step(&quiet).unwrap().1 > 1.0 - 1e-12);
    assert!(model.scores(&quiet, 1).unwrap().clean > 1.0 - 1e-9);
}

#[test]
fn a_true_mask_helps() {
    let (samples, truth) = known("current", 30, 1500, 1.5, 0.1, 3);
    let n = 30;
    // half of the weights are known to be what they are: 0 in a sparse network
    let mask: Vec<bool> = (0..n * n).map(|k| (k * 31) % 7 > 2).collect();
    let sparse: Vec<f64> =
        truth.iter().zip(&mask).map(|(w, m)| if *m { *w } else { 0.0 }).collect();
    let mut x = vec![0.1; n];
    let mut rates = Vec::new();
    let drawn = Law::Normal { sd: 0.1 }.sample(1500, n, &mut stream(4, "drawn"));
    for t in 0..1500 {
        let r: Vec<f64> = x.iter().map(|x: &f64| x.tanh()).collect();
        x = (0..n)
            .map(|i| {
                let drive: f64 = (0..n).map(|j| sparse[i * n + j] * r[j]).sum();
                x[i] + 0.1 * (drive + drawn[t * n + i] - x[i])
            })
            .collect();
        rates.extend(r);
    }
    drop(samples);
    let samples = Samples::one(10.0, n, rates).unwrap();
    let fit = |constraint| {
        correlation(&setting("current", constraint).ridge(&samples, 1e-7).unwrap(), &sparse)
    };
    let blind = fit(Constraint::default());
    let told = fit(Constraint { mask: Some(mask), ..Constraint::default() });
    assert!(told > blind + 0.02, "{blind} {told}");
}

#[test]
fn roll_outs_run_freely_where_one_step_fits_do_not() {
    let samples = regions(50, 0.2, 1);
    let setting = setting("current", Constraint::default());
    let quiet = RolloutOptions { noise: 0.0, iterations: 15, ..Default::default() };
    let fit = rollout(&setting, &samples, &quiet).unwrap();
    assert!(fit.clean[0] < 0.9, "a one-step fit would do: {:?}", fit.clean);
    assert!(fit.clean[fit.best] > 0.98, "{:?}", fit.clean);
    let free = fit.model.scores(&samples, 1).unwrap();
    assert!((free.clean - fit.clean[fit.best]).abs() < 1e-12);
    assert!(free.skill > 0.9);
}

#[test]
fn the_recipe_holds_its_constraint_and_reports_what_it_chose() {
    let samples = regions(12, 0.2, 2);
    let no_self = Constraint { no_self: true, ..Constraint::default() };
    let setting = setting("current", no_self);
    let options = RecipeOptions {
        penalties: vec![1e-4, 1e-3],
        folds: 3,
        rollout: RolloutOptions { iterations: 10, ..Default::default() },
        polish: 3,
        ..RecipeOptions::default()
    };
    let fit = recipe(&setting, &samples, &options).unwrap();
    assert_eq!(fit.candidates.len(), 2);
    let n = fit.model.units;
    assert!((0..n).all(|i| fit.model.weights[i * n + i].abs() <= 1e-12));
    assert!(fit.scores.clean >= fit.clean[0]);
    // silenced units send nothing
    let silent = fit.model.silenced(&[0, 5]);
    assert!((0..n).all(|i| silent.weights[i * n] == 0.0 && silent.weights[i * n + 5] == 0.0));
}

#[test]
fn the_rate_form_is_found_through_its_nonlinearity() {
    let (samples, truth) = known("rate", 40, 3000, 3.0, 0.05, 1);
    let setting = setting("rate", Constraint { no_self: false, ..Constraint::default() });
    let start = correlation(&setting.ridge(&samples, 1e-6).unwrap(), &truth);
    let fit = |loss, iterations| {
        let options = SaturatingOptions { loss, l2: 1e-6, iterations };
        saturating(&setting, &samples, &options).unwrap()
    };
    let standard = fit(Loss::Standard, 60);
    assert!(standard.losses.windows(2).all(|w| w[1] <= w[0] + 1e-12), "{:?}", standard.losses);
    let nesterov = fit(Loss::Nesterov, 60);
    assert!(nesterov.losses.last() < standard.losses.last());
    let accelerated = correlation(&nesterov.model, &truth);
    assert!(accelerated > start && accelerated > 0.95, "{start} {accelerated}");
    for loss in [Loss::Weighted { threshold: 0.2 }, Loss::Robust { threshold: 0.2 }] {
        let r = correlation(&fit(loss, 60).model, &truth);
        assert!(r > 0.9, "{loss:?} {r}");
    }
    let current = self::setting("current", Constraint::default());
    assert!(saturating(&current, &samples, &SaturatingOptions::default()).is_err());
}

#[test]
fn inputs_and_biases_are_found_with_the_weights() {
    use ndarray::Array3;
    let (n, frames) = (6, 600);
    let weights = Law::Gaussian { gain: 0.8 }.sample(n, n, &mut stream(7, "w"));
    let input = |t: usize| ((t as f64) * 0.05).sin() + 0.5 * ((t as f64) * 0.31).cos();
    let mut x = vec![0.0; n];
    let mut rates = Array3::<f32>::zeros((frames, 1, n));
    for t in 0..frames {
        let r: Vec<f64> = x.iter().map(|x: &f64| x.tanh()).collect();
        (0..n).for_each(|i| rates[[t, 0, i]] = r[i] as f32);
        x = (0..n)
            .map(|i| {
                let own: f64 = (0..n).map(|j| weights[i * n + j] * r[j]).sum();
                x[i] + 0.1 * (own + (i as f64 - 2.0) * 0.3 * input(t) + 0.1 * i as f64 - x[i])
            })
            .collect();
    }
    let inputs = Array3::from_shape_fn((frames, 1, 1), |(t, ..)| input(t) as f32);
    let samples = Samples::new(10.0, rates.view(), inputs.view(), &[frames]).unwrap();
    let setting = Setting { bias: true, ..setting("current", Constraint::default()) };
    let model = setting.ridge(&samples, 1e-12).unwrap();
    for (i, row) in model.weights.chunks(n + 2).enumerate() {
        assert!((row[n] - (i as f64 - 2.0) * 0.3).abs() < 1e-3, "input of {i}: {}", row[n]);
        assert!((row[n + 1] - 0.1 * i as f64).abs() < 1e-2, "bias of {i}: {}", row[n + 1]);
    }
    assert!(model.scores(&samples, 1).unwrap().clean > 0.999);
}
