//! The exponential of a matrix and its adjoint, against SciPy, closed forms and finite differences.

use attractor_numerics::law::Law;
use attractor_numerics::linalg::{Error, Expm, expm};
use attractor_numerics::{Isa, Real, random};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn rounded<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&x| T::from_f64(x)).collect()
}

/// The largest difference, relative to the largest value.
fn error<T: Real>(found: &[T], truth: &[f64]) -> f64 {
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
    let difference = most(&mut found.iter().zip(truth).map(|(x, y)| (x.to_f64() - y).abs()));
    difference / most(&mut truth.iter().map(|y| y.abs()))
}

fn random_matrix(n: usize, scale: f64, name: &str) -> Vec<f64> {
    let a = Law::Gaussian { gain: scale }.sample(n, n, &mut random::stream(5, name));
    a.iter().map(|&x| x.abs()).collect()
}

fn against_scipy<T: Real>(tolerance: f64) {
    let truth: Value = serde_json::from_str(include_str!("expm/reference.json")).unwrap();
    let n = truth["n"].as_u64().unwrap() as usize;
    for isa in Isa::available() {
        let mut exponential = Expm::<T>::new(isa, n);
        for case in truth["cases"].as_array().unwrap() {
            let (mut value, mut pulled) = (vec![T::ZERO; n * n], vec![T::ZERO; n * n]);
            exponential.apply(&rounded(&numbers(&case["a"])), &mut value);
            exponential.pull(&rounded(&numbers(&case["g"])), &mut pulled);
            let of_value = error(&value, &numbers(&case["exponential"]));
            let of_pulled = error(&pulled, &numbers(&case["pulled"]));
            assert!(
                of_value < tolerance && of_pulled < tolerance,
                "{isa}, {}: {of_value} {of_pulled}",
                case["name"]
            );
        }
    }
}

/// The condition number of the exponential at the largest case is some 30.
#[test]
fn scipy_agrees_in_double_precision() {
    against_scipy::<f64>(1e-13);
}

#[test]
fn scipy_agrees_in_single_precision() {
    against_scipy::<f32>(2e-5);
}

#[test]
fn closed_forms_hold() {
    // a nilpotent matrix ends its series
    let nilpotent = [0.0, 3.0, -5.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0];
    let truth = [1.0, 3.0, -5.0 + 3.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0];
    assert!(error(&expm(&nilpotent, 3).unwrap(), &truth) < 1e-14);
    // a diagonal
    let diagonal: Vec<f64> =
        (0..25).map(|k| if k % 6 == 0 { k as f64 / 4.0 - 4.0 } else { 0.0 }).collect();
    let found = expm(&diagonal, 5).unwrap();
    for k in 0..25 {
        let truth = if k % 6 == 0 { diagonal[k].exp() } else { 0.0 };
        assert!((found[k] - truth).abs() <= 1e-13 * truth.max(1.0), "{k}: {} {truth}", found[k]);
    }
    // rows of a generator of a Markov chain stay distributions
    let n = 40;
    let mut generator = random_matrix(n, 3.0, "generator");
    for row in generator.chunks_mut(n).enumerate() {
        row.1[row.0] = 0.0;
        row.1[row.0] = -row.1.iter().sum::<f64>();
    }
    let chances = expm(&generator, n).unwrap();
    for row in chances.chunks(n) {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12 && row.iter().all(|p| *p >= 0.0));
    }
    assert_eq!(expm::<f64>(&[0.0; 9], 3).unwrap(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert!(expm::<f32>(&[], 0).unwrap().is_empty());
}

/// A size where several panels and a remainder of rows are in play.
#[test]
fn the_adjoint_is_the_derivative() {
    for (n, scale) in [(1, 0.3), (5, 2.0), (37, 1.0)] {
        let (a, g) = (random_matrix(n, scale, "a"), random_matrix(n, 1.0, "g"));
        let mut exponential = Expm::<f64>::new(Isa::best(), n);
        let (mut value, mut slope) = (vec![0.0; n * n], vec![0.0; n * n]);
        exponential.apply(&a, &mut value);
        exponential.pull(&g, &mut slope);
        let mut at = |a: &[f64]| -> f64 {
            exponential.apply(a, &mut value);
            value.iter().zip(&g).map(|(e, g)| e * g).sum()
        };
        for place in [0, n * n / 3, n * n - 1] {
            let h = 1e-5;
            let mut moved = a.clone();
            moved[place] += h;
            let above = at(&moved);
            moved[place] -= 2.0 * h;
            let difference = (above - at(&moved)) / (2.0 * h);
            let most = slope.iter().fold(0.0, |m: f64, s| m.max(s.abs()));
            assert!(
                (slope[place] - difference).abs() < 1e-8 * most,
                "{n}: {} {difference}",
                slope[place]
            );
        }
    }
}

/// Room is reused: what was there before leaves no trace.
#[test]
fn the_same_matrix_gives_the_same_bits() {
    let n = 20;
    let (small, large) = (random_matrix(n, 0.1, "small"), random_matrix(n, 9.0, "large"));
    let mut exponential = Expm::<f64>::new(Isa::best(), n);
    let mut run = |a: &[f64]| {
        let (mut value, mut slope) = (vec![0.0; n * n], vec![0.0; n * n]);
        exponential.apply(a, &mut value);
        exponential.pull(&small, &mut slope);
        (value, slope)
    };
    let first = run(&small);
    run(&large);
    assert_eq!(run(&small), first);
}

#[test]
fn what_has_no_answer_is_said() {
    assert!(matches!(expm(&[0.0f64; 3], 2), Err(Error::Shape { .. })));
    let bad = expm(&[0.0f32, f32::NAN, 0.0, 0.0], 2);
    assert!(matches!(bad, Err(Error::NotFinite { row: 0, column: 1, .. })));
    let mut exponential = Expm::<f32>::new(Isa::best(), 2);
    let mut out = [0.0; 4];
    for wrong in [f32::NAN, f32::INFINITY, 1e30] {
        exponential.apply(&[wrong; 4], &mut out);
        assert!(!out[0].is_finite(), "{wrong}: {out:?}");
    }
}
