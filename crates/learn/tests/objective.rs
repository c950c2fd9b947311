//! Terms against finite differences and PyTorch.

mod common;

use attractor_data::{Target, Trials};
use attractor_learn::objective::{Bound, Objective};
use attractor_learn::{Model, Names, ObjectiveError, Signal};
use attractor_network::{Credit, Layout, NoiseSource};
use attractor_numerics::Real;
use common::{HIDDEN, OUTPUTS, READOUT, Toy, UNITS, evaluate, hash, trials};
use ndarray::{Array2, Array3};
use serde_json::Value;

const SILENT: NoiseSource = NoiseSource { on: false, seed: 0, epoch: 0 };

fn objective(terms: &str) -> Objective {
    #[derive(serde::Deserialize)]
    struct File {
        objective: Objective,
    }
    toml::from_str::<File>(&format!("objective = [{terms}]")).unwrap().objective
}

/// Loss of a batch whose signals are given.
fn loss(bound: &Bound<'_>, r: &Array3<f64>, y: &Array3<f64>) -> (f64, [Array3<f64>; 2]) {
    evaluate::<f64>(bound, &[(HIDDEN, r), (READOUT, y)], 2, 3)
}

fn with_targets(targets: Array3<f32>, signal: &str) -> Trials {
    let mut trials = trials(3, 5);
    let weights = trials.targets[0].weights.clone();
    trials.targets = vec![Target { signal: signal.into(), values: targets, weights }];
    trials
}

#[test]
fn a_group_without_a_target_has_its_part_of_the_whole() {
    let whole = Array3::from_shape_fn((8, 5, UNITS), |(t, k, c)| 0.1 * (t * k + 3 * c) as f32);
    let units = Names::signal(&Toy::new(), "rec.r[A]").unwrap().units;
    let part =
        Array3::from_shape_fn((8, 5, units.len()), |(t, k, c)| whole[[t, k, units.place(c)]]);
    let value = |n: u64, (t, k, i)| 2.0 * hash(&[n, t as u64, k as u64, i as u64]);
    let r = Array3::from_shape_fn((8, 5, UNITS), |at| value(1, at));
    let y = Array3::from_shape_fn((8, 5, OUTPUTS), |at| value(2, at));
    let resolved = objective("{ kind = 'mse', signal = 'rec.r[A]' }").resolve(&Toy::new()).unwrap();
    let of_whole = with_targets(whole, "rec.r");
    let of_part = with_targets(part, "rec.r[A]");
    let found = loss(&resolved.bind(&of_whole).unwrap(), &r, &y);
    assert!(found.0 > 0.0);
    assert_eq!(found, loss(&resolved.bind(&of_part).unwrap(), &r, &y));
    let elsewhere = with_targets(Array3::zeros((8, 5, OUTPUTS)), "out.y");
    assert!(matches!(resolved.bind(&elsewhere), Err(ObjectiveError::NoTarget { .. })));
}

#[test]
fn derivatives_of_signal_terms() {
    let counts = Array3::from_shape_fn((8, 5, 2), |(t, k, c)| ((t + 2 * k + c) % 3) as f32);
    let shares = Array3::from_shape_fn((8, 5, 2), |(t, _, c)| [0.25, 0.75][(t + c) % 2]);
    let group = Array3::from_shape_fn((8, 5, 3), |(t, k, c)| 0.1 * (t * k + c) as f32);
    let wide = group.clone();
    for (terms, trials) in [
        ("{ kind = 'mse' }", trials(3, 5)),
        ("{ kind = 'mse', signal = 'rec.r[A]', weight = 0.3 }", with_targets(group, "rec.r[A]")),
        ("{ kind = 'cross-entropy' }", with_targets(shares.clone(), "out.y")),
        ("{ kind = 'cross-entropy', over = 'last' }", with_targets(shares.clone(), "out.y")),
        ("{ kind = 'cross-entropy', over = 'mean' }", with_targets(shares.clone(), "out.y")),
        ("{ kind = 'cross-entropy', over = 'sum' }", with_targets(shares.clone(), "out.y")),
        ("{ kind = 'cross-entropy', over = 'softmax' }", with_targets(shares.clone(), "out.y")),
        ("{ kind = 'cross-entropy', over = 'max' }", with_targets(shares, "out.y")),
        ("{ kind = 'mse', signal = 'rec.r[A]', over = 'max' }", with_targets(wide, "rec.r[A]")),
        ("{ kind = 'poisson', over = 'mean' }", with_targets(counts.clone(), "out.y")),
        ("{ kind = 'rate', signal = 'rec.r[B]', target = 0.3, weight = 0.7 }", trials(3, 5)),
        ("{ kind = 'poisson' }", with_targets(counts.clone(), "out.y")),
        ("{ kind = 'poisson', link = 'softplus' }", with_targets(counts, "out.y")),
        ("{ kind = 'l2', signal = 'rec.r', weight = 0.7 }", trials(3, 5)),
        ("{ kind = 'l1', signal = 'rec.r', weight = 0.7 }", trials(3, 5)),
        (
            "{ kind = 'l2', signal = 'rec.r[B]' }, { kind = 'l1', signal = 'out.y' }, { kind = 'mse' }",
            trials(3, 5),
        ),
    ] {
        let resolved = objective(terms).resolve(&Toy::new()).unwrap();
        let bound = resolved.bind(&trials).unwrap();
        let value = |n: u64, (t, k, i)| 2.0 * hash(&[n, t as u64, k as u64, i as u64]);
        let mut r = Array3::from_shape_fn((8, 5, UNITS), |at| value(1, at));
        let mut y = Array3::from_shape_fn((8, 5, OUTPUTS), |at| value(2, at));
        let (_, [dr, dy]) = loss(&bound, &r, &y);
        let h = 1e-6;
        for at in (0..8).flat_map(|t| (0..5).flat_map(move |k| (0..UNITS).map(move |i| [t, k, i])))
        {
            let mut difference = |which: usize| {
                let mut side = |step: f64| {
                    let array = if which == 0 { &mut r } else { &mut y };
                    let kept = array[at];
                    array[at] += step;
                    let (value, _) = loss(&bound, &r, &y);
                    (if which == 0 { &mut r } else { &mut y })[at] = kept;
                    value
                };
                (side(h) - side(-h)) / (2.0 * h)
            };
            assert!((difference(0) - dr[at]).abs() < 1e-9, "{terms} r{at:?}");
            if at[2] < OUTPUTS {
                assert!((difference(1) - dy[at]).abs() < 1e-9, "{terms} y{at:?}");
            }
        }
    }
}

#[test]
fn derivatives_by_parameters() {
    let mut toy = Toy::new();
    let trials = trials(1, 4);
    let terms = "{ kind = 'mse' }, { kind = 'l2', signal = 'rec.r', weight = 0.1 }, \
                 { kind = 'l2-weights', weight = 0.5 }, \
                 { kind = 'l1-weights', parameters = 'rec->out.*', reduce = 'sum', weight = 0.01 }";
    let resolved = objective(terms).resolve(&toy).unwrap();
    let mut p = toy.initial::<f64>(2);
    let mut both = |p: &[f64]| {
        let bound = resolved.bind(&trials).unwrap();
        let mut gradient = vec![0.0; p.len()];
        let value =
            toy.gradient(p, &trials, &bound, SILENT, &Credit::default(), &mut gradient).unwrap();
        let value = value + bound.penalise(p, Some(&mut gradient));
        let total: f64 = bound.values().iter().map(|term| term.value).sum();
        assert!((total - value).abs() < 1e-12, "terms add up: {total} {value}");
        (value, gradient)
    };
    let (_, gradient) = both(&p);
    let h = 1e-6;
    for k in 0..p.len() {
        let kept = p[k];
        p[k] = kept + h;
        let (up, _) = both(&p);
        p[k] = kept - h;
        let (down, _) = both(&p);
        p[k] = kept;
        assert!(((up - down) / (2.0 * h) - gradient[k]).abs() < 1e-8, "parameter {k}");
    }
}

#[test]
fn penalties_have_their_closed_form() {
    let toy = Toy::new();
    let p = toy.initial::<f64>(5);
    let trials = trials(0, 3);
    let value = |term: &str| {
        objective(term).resolve(&toy).unwrap().bind(&trials).unwrap().penalise(&p, None)
    };
    let wirings: Vec<f64> = (toy.layout.entries().iter())
        .filter(|entry| entry.name.ends_with(".W"))
        .flat_map(|entry| p[entry.range.clone()].iter().copied())
        .collect();
    let squares: f64 = wirings.iter().map(|w| w * w).sum();
    let sizes: f64 = wirings.iter().map(|w| w.abs()).sum();
    let n = wirings.len() as f64;
    assert!((value("{ kind = 'l2-weights', weight = 2 }") - 2.0 * squares / n).abs() < 1e-14);
    assert!((value("{ kind = 'l2-weights', reduce = 'sum' }") - squares).abs() < 1e-13);
    assert!((value("{ kind = 'l1-weights' }") - sizes / n).abs() < 1e-14);

    // the mean square of rates leaves the padding of the last trial out
    let resolved = objective("{ kind = 'l2', signal = 'rec.r' }").resolve(&toy).unwrap();
    let bound = resolved.bind(&trials).unwrap();
    let mut r = Array3::from_elem((8, 3, UNITS), 2.0);
    r.slice_mut(ndarray::s![5.., 2, ..]).fill(100.0);
    let (value, [slope, _]) = loss(&bound, &r, &Array3::zeros((8, 3, OUTPUTS)));
    assert!((value - 4.0).abs() < 1e-13, "{value}");
    assert!(slope.slice(ndarray::s![5.., 2, ..]).iter().all(|&d| d == 0.0));
}

/// Loss of `y` under an objective, and its slope.
fn on_readout(terms: &str, trials: &Trials, y: &Array3<f64>) -> (f64, Array3<f64>) {
    let resolved = objective(terms).resolve(&Toy::new()).unwrap();
    let bound = resolved.bind(trials).unwrap();
    let r = Array3::zeros((y.dim().0, y.dim().1, UNITS));
    let (value, [_, slope]) = loss(&bound, &r, y);
    (value, slope)
}

#[test]
fn a_reduction_is_the_term_on_the_reduced_signal() {
    let shares = Array3::from_shape_fn((8, 5, 2), |(_, k, c)| [0.25, 0.75][(k + c) % 2]);
    let many = with_targets(shares.clone(), "out.y");
    let y = Array3::from_shape_fn((8, 5, 2), |(t, k, i)| hash(&[t as u64, k as u64, i as u64]));
    let weight = |t: usize, k: usize| f64::from(many.targets[0].weights[[t, k]]);
    let last: Vec<usize> =
        (0..5).map(|k| (0..8).rev().find(|&t| weight(t, k) > 0.0).unwrap()).collect();
    assert_eq!(last[4], 4, "the last trial is shorter");
    // the same numbers at the one step that is then asked
    let mut single = many.clone();
    single.targets[0].weights.fill(0.0);
    (0..5).for_each(|k| single.targets[0].weights[[last[k], k]] = 1.0);
    for over in ["last", "mean", "sum", "max"] {
        let mut reduced = y.clone();
        for ((k, c), number) in ndarray::indices((5, 2)).into_iter().map(|at| {
            let (k, c) = at;
            let asked = (0..8).filter(|&t| weight(t, k) > 0.0);
            let total: f64 = asked.clone().map(|t| weight(t, k)).sum();
            let sum: f64 = asked.clone().map(|t| weight(t, k) * y[[t, k, c]]).sum();
            let number = match over {
                "last" => y[[last[k], k, c]],
                "mean" => sum / total,
                "sum" => sum,
                _ => asked.map(|t| y[[t, k, c]]).fold(f64::NEG_INFINITY, f64::max),
            };
            (at, number)
        }) {
            reduced[[last[k], k, c]] = number;
        }
        for kind in ["cross-entropy", "mse"] {
            let (value, slope) =
                on_readout(&format!("{{ kind = '{kind}', over = '{over}' }}"), &many, &y);
            let (expected, _) = on_readout(&format!("{{ kind = '{kind}' }}"), &single, &reduced);
            assert!((value - expected).abs() < 1e-13, "{kind} over {over}: {value} {expected}");
            let nowhere =
                slope.indexed_iter().all(|((t, k, _), &d)| weight(t, k) > 0.0 || d == 0.0);
            assert!(nowhere, "{kind} over {over}: a slope where nothing is asked");
        }
    }
}

#[test]
fn rates_have_their_closed_form() {
    let trials = trials(0, 3);
    let resolved = objective("{ kind = 'rate', signal = 'rec.r', target = 0.25, weight = 2 }");
    let resolved = resolved.resolve(&Toy::new()).unwrap();
    let bound = resolved.bind(&trials).unwrap();
    // one spike per trial, of 8, 8 and 5 steps; what lies in the padding does not count
    let mut r = Array3::zeros((8, 3, UNITS));
    r.slice_mut(ndarray::s![1, .., ..]).fill(1.0);
    r.slice_mut(ndarray::s![6, 2, ..]).fill(100.0);
    let (value, [slope, _]) = loss(&bound, &r, &Array3::zeros((8, 3, OUTPUTS)));
    let errors = [1.0 / 8.0 - 0.25, 1.0 / 8.0 - 0.25, 1.0 / 5.0 - 0.25];
    let expected = 2.0 * errors.iter().map(|e| e * e).sum::<f64>() / 3.0;
    assert!((value - expected).abs() < 1e-14, "{value} {expected}");
    let expected = 2.0 * 2.0 * errors[2] / 5.0 / (3 * UNITS) as f64;
    assert!((slope[[4, 2, 7]] - expected).abs() < 1e-14 && slope[[5, 2, 7]] == 0.0);
}

/// A signal of any width, for the constants.
struct Wide(Layout, usize);

impl Names for Wide {
    fn layout(&self) -> &Layout {
        &self.0
    }
    fn signal(&self, _: &str) -> Result<Signal, String> {
        Ok(Signal { id: READOUT, units: attractor_learn::Units::Range(0..self.1) })
    }
}

#[test]
fn losses_of_pytorch() {
    let file: Value = serde_json::from_str(include_str!("pytorch.json")).unwrap();
    for case in file["losses"].as_array().unwrap() {
        check::<f64>(case, 1e-13);
        check::<f32>(case, 2e-6);
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn check<T: Real>(case: &Value, tolerance: f64) {
    let shape: Vec<usize> = numbers(&case["shape"]).iter().map(|&n| n as usize).collect();
    let shape = (shape[0], shape[1], shape[2]);
    let kind = case["kind"].as_str().unwrap();
    let term = match kind {
        "poisson-softplus" => "{ kind = 'poisson', link = 'softplus' }".to_owned(),
        "cross-entropy-votes" => "{ kind = 'cross-entropy', over = 'softmax' }".to_owned(),
        kind => format!("{{ kind = '{kind}' }}"),
    };
    let single = |key: &str| numbers(&case[key]).iter().map(|&x| x as f32).collect::<Vec<_>>();
    let mut trials = Trials::new(1.0, Array3::zeros((shape.0, shape.1, 0))).unwrap();
    trials.targets.push(Target {
        signal: "out.y".into(),
        values: Array3::from_shape_vec(shape, single("target")).unwrap(),
        weights: Array2::from_shape_vec((shape.0, shape.1), single("weights")).unwrap(),
    });
    trials.validate().unwrap();
    let resolved = objective(&term).resolve(&Wide(Layout::default(), shape.2)).unwrap();
    let bound = resolved.bind(&trials).unwrap();
    let y = numbers(&case["y"]).into_iter().map(T::from_f64).collect();
    let y = Array3::from_shape_vec(shape, y).unwrap();
    let r = Array3::from_elem((shape.0, shape.1, 1), T::ZERO);
    let (value, [_, slope]) = evaluate::<T>(&bound, &[(HIDDEN, &r), (READOUT, &y)], 2, 3);
    let expected = case["value"].as_f64().unwrap();
    assert!(
        (value - expected).abs() < tolerance * expected.abs().max(1.0),
        "{kind}: {value} {expected}"
    );
    for (found, expected) in slope.iter().zip(numbers(&case["slope"])) {
        assert!((found.to_f64() - expected).abs() < tolerance, "{kind}: {found} {expected}");
    }
}

#[test]
fn poisson_far_out() {
    let counts = Array3::from_elem((8, 5, 2), 3.0);
    let trials = with_targets(counts, "out.y");
    let resolved =
        objective("{ kind = 'poisson', link = 'softplus' }").resolve(&Toy::new()).unwrap();
    let bound = resolved.bind(&trials).unwrap();
    let r = Array3::zeros((8, 5, UNITS));
    for y in [-500.0_f32, -120.0, -17.5, -16.5, 50.0, 500.0] {
        let (value, [_, slope]) = evaluate::<f32>(
            &bound,
            &[(HIDDEN, &r), (READOUT, &Array3::from_elem((8, 5, 2), y))],
            1,
            8,
        );
        let (rate, log) = if y > 0.0 { (y, y.ln()) } else { (0.0, y) };
        let expected = f64::from(rate - 3.0 * log);
        assert!((value - expected).abs() < 1e-5 * expected.abs(), "{y}: {value} {expected}");
        assert!(slope.iter().all(|d| d.is_finite()), "{y}");
    }
}

#[test]
fn parts_do_not_matter() {
    let trials = trials(4, 7);
    let terms = "{ kind = 'mse' }, { kind = 'l2', signal = 'rec.r' }";
    let resolved = objective(terms).resolve(&Toy::new()).unwrap();
    let r = Array3::from_shape_fn((8, 7, UNITS), |(t, k, i)| hash(&[t as u64, k as u64, i as u64]));
    let y = r.slice(ndarray::s![.., .., ..OUTPUTS]).to_owned();
    let signals = [(HIDDEN, &r), (READOUT, &y)];
    let bound = resolved.bind(&trials).unwrap();
    let (whole, whole_slopes) = evaluate::<f64>(&bound, &signals, 1, 8);
    let once = bound.values();
    let (again, _) = evaluate::<f64>(&bound, &signals, 1, 8);
    assert_eq!(
        (whole, &once),
        (again, &bound.values()),
        "a part that is computed again counts once"
    );
    let bound = resolved.bind(&trials).unwrap();
    let (parts, slopes) = evaluate::<f64>(&bound, &signals, 3, 3);
    assert!((whole - parts).abs() < 1e-14);
    assert_eq!(whole_slopes, slopes);
    assert!((bound.values()[1].value - once[1].value).abs() < 1e-14);
}

#[test]
fn what_is_wrong_is_named() {
    let toy = Toy::new();
    let wrong = |terms: &str| objective(terms).resolve(&toy).unwrap_err();
    assert_eq!(wrong(""), [ObjectiveError::Empty]);
    let many = wrong(
        "{ kind = 'mse', signal = 'out.z', weight = -1 }, { kind = 'l1-weights', parameters = 'rec->ouf.W' }",
    );
    assert_eq!(many.len(), 3, "{many:?}");
    assert!(many[2].to_string().contains("did you mean `rec->out.W`?"), "{}", many[2]);
    let votes = wrong("{ kind = 'mse', over = 'softmax' }");
    assert!(votes[0].to_string().contains("cross-entropy"), "{}", votes[0]);

    let resolved = objective("{ kind = 'mse' }").resolve(&toy).unwrap();
    let mut batch = trials(0, 2);
    batch.targets[0].weights.fill(0.0);
    assert!(matches!(resolved.bind(&batch), Err(ObjectiveError::NothingAsked { .. })));
    batch.targets[0].signal = "out.z".into();
    let message = resolved.bind(&batch).unwrap_err().to_string();
    assert_eq!(
        message,
        "term `mse(out.y)`: the trials have no target for `out.y`; they have `out.z`"
    );
    let wide = with_targets(Array3::zeros((8, 5, 3)), "out.y");
    assert!(matches!(
        resolved.bind(&wide),
        Err(ObjectiveError::Channels { target: 3, signal: 2, .. })
    ));

    let resolved = objective("{ kind = 'poisson' }").resolve(&toy).unwrap();
    let mut counts = Array3::zeros((8, 5, 2));
    counts[[0, 0, 0]] = -1.0; // not asked
    counts[[3, 2, 1]] = -2.0;
    let message = resolved.bind(&with_targets(counts, "out.y")).unwrap_err().to_string();
    assert!(message.contains("step 3, trial 2 is -2"), "{message}");
}

#[test]
fn terms_are_data() {
    let text =
        "{ kind = 'cross-entropy', signal = 'choice.y' }, { kind = 'l2-weights', weight = 0.1 }";
    let first = objective(text);
    let again: Objective = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
    assert_eq!(first, again);
    #[derive(Debug, serde::Deserialize)]
    struct File {
        #[allow(dead_code)]
        objective: Objective,
    }
    let unknown = toml::from_str::<File>("objective = [{ kind = 'mse', wieght = 1 }]").unwrap_err();
    assert!(unknown.to_string().contains("wieght"), "{unknown}");
    assert!(toml::from_str::<File>("objective = [{ kind = 'mae' }]").is_err());
}
