use super::*;

/// Largest absolute error and largest error in units in the last place.
fn errors<T: Real>(
    mine: impl Fn(T) -> T,
    truth: impl Fn(f64) -> f64,
    grid: impl Iterator<Item = f64>,
) -> (f64, f64) {
    let (digits, least) = if T::NAME == "f32" { (23, -149) } else { (52, -1074) };
    let mut worst = (0.0f64, 0.0f64);
    for x in grid {
        let x = T::from_f64(x);
        let (y, t) = (mine(x).to_f64(), truth(x.to_f64()));
        if y == T::from_f64(t).to_f64() {
            continue;
        }
        assert!(y.is_finite(), "{y} for {t} at {x}");
        let exponent = if t == 0.0 { least } else { t.abs().log2().floor() as i32 - digits };
        let error = (y - t).abs();
        // 2^-1074 and its like by way of a product that does not underflow first
        let ulps = error
            * 2f64.powi(-exponent.max(least) / 2)
            * 2f64.powi(-(exponent.max(least) - exponent.max(least) / 2));
        worst = (worst.0.max(error), worst.1.max(ulps));
    }
    worst
}

fn grid(low: f64, high: f64, n: usize) -> impl Iterator<Item = f64> {
    (0..=n).map(move |i| low + (high - low) * i as f64 / n as f64)
}

/// Both signs, from the least subnormal number to the largest finite one.
fn scales<T: Real>() -> impl Iterator<Item = f64> {
    let (low, high) = if T::NAME == "f32" { (-149.0, 127.99) } else { (-1074.0, 1023.99) };
    grid(low, high, 40_000).flat_map(|e| {
        let x = 2f64.powf(e / 2.0).powi(2);
        [x, -x]
    })
}

/// Below 2 the series `2/√π e^-x² Σ 2^n x^(2n+1) / (2n+1)!!` (every term positive, nothing cancels),
/// beyond `1 − e^-x² / (√π (x + ½/(x + 1/(x + 1½/(x + …)))))`.
fn true_erf(x: f64) -> f64 {
    let root_pi = std::f64::consts::PI.sqrt();
    if x.abs() > 2.0 {
        let fraction = (1..200).rev().fold(x, |below, k| x + 0.5 * f64::from(k) / below);
        return x.signum() - (-x * x).exp() / (root_pi * fraction);
    }
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > 1e-18 * sum.abs() {
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    2.0 / root_pi * (-x * x).exp() * sum
}

fn check<T: Real, const FMA: bool>() {
    let single = T::NAME == "f32";
    let pick = |f32_bound: f64, f64_bound: f64| if single { f32_bound } else { f64_bound };
    let n = 200_000;
    let true_softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let true_sigmoid = |x: f64| {
        if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
    };
    let wide = pick(120.0, 800.0);
    let turns = pick(8192.0, 1e6);
    let mut failures = Vec::new();
    let mut report = |name: &str, (absolute, ulps): (f64, f64), most: f64, most_ulps: f64| {
        if absolute > most || ulps > most_ulps {
            failures.push(format!("{name} {} fma {FMA}: {absolute:.2e}, {ulps:.2} ulp", T::NAME));
        }
    };
    let inf = f64::INFINITY;
    report("exp", errors(exp::<T, FMA>, f64::exp, grid(-wide, wide, n)), inf, 2.0);
    report("exp near 0", errors(exp::<T, FMA>, f64::exp, grid(-1.0, 1.0, n)), inf, 2.0);
    report("exp scales", errors(exp::<T, FMA>, f64::exp, scales::<T>()), inf, 2.0);
    report("ln", errors(ln::<T, FMA>, f64::ln, grid(1e-3, 4.0, n)), inf, 2.0);
    report(
        "ln scales",
        errors(ln::<T, FMA>, f64::ln, scales::<T>().filter(|x| *x > 0.0)),
        inf,
        2.0,
    );
    let tolerance = pick(3.5e-7, 5e-16);
    report("tanh", errors(tanh::<T, FMA>, f64::tanh, grid(-22.0, 22.0, n)), tolerance, 8.0);
    report("tanh scales", errors(tanh::<T, FMA>, f64::tanh, scales::<T>()), tolerance, 8.0);
    report("erf", errors(erf::<T, FMA>, true_erf, grid(-7.0, 7.0, n)), pick(3.5e-7, 1.5e-15), 16.0);
    report("erf scales", errors(erf::<T, FMA>, true_erf, scales::<T>()), tolerance, 8.0);
    report("sigmoid", errors(sigmoid::<T, FMA>, true_sigmoid, grid(-80.0, 80.0, n)), inf, 4.0);
    report(
        "sigmoid scales",
        errors(sigmoid::<T, FMA>, true_sigmoid, scales::<T>().filter(|x| *x > -80.0)),
        inf,
        4.0,
    );
    report("softplus", errors(softplus::<T, FMA>, true_softplus, grid(-80.0, 80.0, n)), inf, 4.0);
    report("softplus scales", errors(softplus::<T, FMA>, true_softplus, scales::<T>()), inf, 4.0);
    let tolerance = pick(1.2e-7, 3e-16);
    report("sin", errors(sin::<T, FMA>, f64::sin, grid(-turns, turns, n)), tolerance, inf);
    report("sin near 0", errors(sin::<T, FMA>, f64::sin, grid(-10.0, 10.0, n)), tolerance, inf);
    report("cos", errors(cos::<T, FMA>, f64::cos, grid(-turns, turns, n)), tolerance, inf);
    report("cos near 0", errors(cos::<T, FMA>, f64::cos, grid(-10.0, 10.0, n)), tolerance, inf);
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn single_precision_agrees_with_the_library() {
    check::<f32, false>();
    check::<f32, true>();
}

#[test]
fn double_precision_agrees_with_the_library() {
    check::<f64, false>();
    check::<f64, true>();
}

fn edges<T: Real, const FMA: bool>() {
    let at = |f: fn(T) -> T, x: f64| f(T::from_f64(x)).to_f64();
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for f in [
        exp::<T, FMA>,
        ln::<T, FMA>,
        tanh::<T, FMA>,
        sigmoid::<T, FMA>,
        softplus::<T, FMA>,
        sin::<T, FMA>,
        cos::<T, FMA>,
        erf::<T, FMA>,
    ] {
        assert!(at(f, nan).is_nan());
    }
    assert_eq!(
        (at(exp::<T, FMA>, inf), at(exp::<T, FMA>, -inf), at(exp::<T, FMA>, 0.0)),
        (inf, 0.0, 1.0)
    );
    assert_eq!(
        (at(ln::<T, FMA>, inf), at(ln::<T, FMA>, 0.0), at(ln::<T, FMA>, 1.0)),
        (inf, -inf, 0.0)
    );
    assert!(at(ln::<T, FMA>, -1.0).is_nan() && at(ln::<T, FMA>, -inf).is_nan());
    assert_eq!(at(ln::<T, FMA>, -0.0), -inf);
    assert!((at(tanh::<T, FMA>, inf) - 1.0).abs() < 3e-7 && at(tanh::<T, FMA>, inf) <= 1.0);
    assert_eq!(at(tanh::<T, FMA>, inf), -at(tanh::<T, FMA>, -inf));
    assert_eq!((at(erf::<T, FMA>, 40.0) as f32, at(erf::<T, FMA>, -inf) as f32), (1.0, -1.0));
    assert_eq!(
        (at(sigmoid::<T, FMA>, inf), at(sigmoid::<T, FMA>, -inf), at(sigmoid::<T, FMA>, 0.0)),
        (1.0, 0.0, 0.5)
    );
    assert_eq!((at(softplus::<T, FMA>, inf), at(softplus::<T, FMA>, -inf)), (inf, 0.0));
    assert!(at(sin::<T, FMA>, inf).is_nan() && at(cos::<T, FMA>, -inf).is_nan());
    for f in [tanh::<T, FMA>, erf::<T, FMA>] {
        assert!(at(f, -0.0) == 0.0 && at(f, -0.0).is_sign_negative());
    }
    for x in scales::<T>().chain(grid(-30.0, 30.0, 100_000)) {
        for f in [tanh::<T, FMA>, sin::<T, FMA>, cos::<T, FMA>, erf::<T, FMA>] {
            assert!(at(f, x).abs() <= 1.0, "{x}");
        }
    }
}

#[test]
fn edges_and_bounds() {
    edges::<f32, false>();
    edges::<f32, true>();
    edges::<f64, false>();
    edges::<f64, true>();
}

#[test]
fn madd_rounds_once_or_twice() {
    let (a, b) = (1.0 + f64::EPSILON, 1.0 - f64::EPSILON);
    assert_eq!(madd::<f64, false>(a, b, -1.0), 0.0);
    assert_eq!(madd::<f64, true>(a, b, -1.0), -f64::EPSILON * f64::EPSILON);
}
