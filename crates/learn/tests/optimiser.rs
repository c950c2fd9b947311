//! Optimisers against PyTorch, closed forms, and what the plan promises.

mod common;

use attractor_learn::optimiser::{Adam, AdamW, Optimiser, Plan, Segment, Sgd, clip, norm};
use attractor_learn::{OwnRate, StateError};
use attractor_numerics::Real;
use common::{hash, layout};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Everything trained, as PyTorch does it.
fn everything(len: usize) -> Plan {
    let limits = (f64::NEG_INFINITY, f64::INFINITY);
    Plan::from_segments(vec![Segment { range: 0..len, rate: 1.0, limits, decays: true }])
}

fn compare<T: Real>(case: &Value, optimiser: &Optimiser, rate: f64, tolerance: f64) {
    let mut p: Vec<T> = numbers(&case["start"]).into_iter().map(T::from_f64).collect();
    let plan = everything(p.len());
    let mut updater = optimiser.build::<T>(p.len());
    let steps = case["gradients"].as_array().unwrap().iter().zip(case["after"].as_array().unwrap());
    for (step, (gradient, after)) in steps.enumerate() {
        let gradient: Vec<T> = numbers(gradient).into_iter().map(T::from_f64).collect();
        updater.step(&mut p, &gradient, &plan, rate, 1.0);
        for (found, expected) in p.iter().zip(numbers(after)) {
            assert!(
                (found.to_f64() - expected).abs() < tolerance,
                "{optimiser:?} step {step}: {found} {expected}"
            );
        }
    }
    assert_eq!(updater.steps(), 6);
}

#[test]
fn sequences_of_pytorch() {
    let file: Value = serde_json::from_str(include_str!("pytorch.json")).unwrap();
    let cases = [
        ("sgd", Optimiser::Sgd(Sgd::default()), 0.1),
        ("momentum", Optimiser::Sgd(Sgd { momentum: 0.9, cap: None }), 0.1),
        ("adam", Optimiser::Adam(Adam::default()), 0.01),
        ("adam-other", Optimiser::Adam(Adam { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }), 0.01),
        ("adamw", Optimiser::AdamW(AdamW { decay: 0.1, ..AdamW::default() }), 0.01),
    ];
    for (name, optimiser, rate) in cases {
        compare::<f64>(&file["optimisers"][name], &optimiser, rate, 1e-14);
        compare::<f32>(&file["optimisers"][name], &optimiser, rate, 1e-6);
    }
}

#[test]
fn momentum_by_hand() {
    // g = 1 always: m = 1, 1.5, 1.75; p = −0.1 · (1, 2.5, 4.25)
    let mut sgd = Optimiser::Sgd(Sgd { momentum: 0.5, cap: None }).build::<f64>(1);
    let (mut p, plan) = (vec![0.0], everything(1));
    for expected in [-0.1, -0.25, -0.425] {
        sgd.step(&mut p, &[1.0], &plan, 0.1, 1.0);
        assert!((p[0] - expected).abs() < 1e-15);
    }
}

#[test]
fn a_capped_step_is_as_long_as_the_cap_and_no_longer() {
    let limits = (f64::NEG_INFINITY, f64::INFINITY);
    let segment = |range, rate| Segment { range, rate, limits, decays: false };
    // own rates count, what is not trained does not
    let plan = Plan::from_segments(vec![segment(0..2, 1.0), segment(3..4, 0.5)]);
    let gradient = [3.0, 0.0, 1e9, 8.0];
    let mut sgd = Optimiser::Sgd(Sgd { momentum: 0.0, cap: Some(1.0) }).build::<f64>(4);
    let mut p = vec![0.0; 4];
    // rate 2: the step is (6, 0, -, 8), of length 10
    sgd.step(&mut p, &gradient, &plan, 2.0, 1.0);
    for (p, expected) in p.iter().zip([-0.6, 0.0, 0.0, -0.8]) {
        assert!((p - expected).abs() < 1e-15, "{p} {expected}");
    }
    // rate 0.1: of length 0.5, left alone
    let before = p.clone();
    sgd.step(&mut p, &gradient, &plan, 0.1, 1.0);
    assert!((p[0] - before[0] + 0.3).abs() < 1e-15 && (p[3] - before[3] + 0.4).abs() < 1e-15);

    // momentum goes on with the whole gradient: m = 1, 1.5; steps of 0.1 · m, the second one capped
    let mut sgd = Optimiser::Sgd(Sgd { momentum: 0.5, cap: Some(0.12) }).build::<f64>(1);
    let (mut p, plan) = (vec![0.0], everything(1));
    for expected in [-0.1, -0.22, -0.34] {
        sgd.step(&mut p, &[1.0], &plan, 0.1, 1.0);
        assert!((p[0] - expected).abs() < 1e-15, "{} {expected}", p[0]);
    }
}

#[test]
fn adam_by_hand() {
    // a constant gradient has m̂ = g and v̂ = g²: every step is rate · g / (|g| + ε)
    let mut adam = Optimiser::default().build::<f64>(2);
    let (mut p, plan) = (vec![0.0; 2], everything(2));
    for t in 1..=10 {
        adam.step(&mut p, &[4.0, -1e-3], &plan, 0.1, 1.0);
        let t = f64::from(t);
        assert!((p[0] + 0.1 * t * 4.0 / (4.0 + 1e-8)).abs() < 1e-13);
        assert!((p[1] - 0.1 * t * 1e-3 / (1e-3 + 1e-8)).abs() < 1e-13);
    }
}

#[test]
fn clipping_is_exact() {
    let gradient: Vec<f64> = (0..100).map(|k| hash(&[k])).collect();
    let plan = everything(100);
    let expected = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    let found = norm(&gradient, &plan);
    assert!((found - expected).abs() < 1e-14 * expected);
    assert_eq!(clip(found, None), 1.0);
    assert_eq!(clip(found, Some(found)), 1.0, "at the limit nothing changes");
    let scale = clip(found, Some(0.5));
    let clipped: Vec<f64> = gradient.iter().map(|g| scale * g).collect();
    assert!((norm(&clipped, &plan) - 0.5).abs() < 1e-15);

    // clipping inside the update is clipping before it
    for optimiser in [Optimiser::Sgd(Sgd { momentum: 0.9, cap: None }), Optimiser::default()] {
        let (mut inside, mut before) = (vec![0.0; 100], vec![0.0; 100]);
        let (mut a, mut b) = (optimiser.build::<f64>(100), optimiser.build::<f64>(100));
        for _ in 0..3 {
            a.step(&mut inside, &gradient, &plan, 0.1, scale);
            b.step(&mut before, &clipped, &plan, 0.1, 1.0);
        }
        assert!(inside.iter().zip(&before).all(|(x, y)| (x - y).abs() < 1e-14));
    }
    for bad in [f32::NAN, f32::INFINITY] {
        let mut gradient = vec![1.0_f32; 100];
        gradient[77] = bad;
        assert!(!norm(&gradient, &plan).is_finite());
    }
    assert!(
        norm(&[3e38_f32; 100], &plan).is_finite(),
        "squares of single precision do not overflow"
    );
}

#[test]
fn own_rates_freezing_and_limits() {
    let layout = layout();
    let own = |parameters: &str, rate| OwnRate { parameters: parameters.into(), rate };
    let names = |plan: &Plan| -> Vec<(usize, f64)> {
        plan.segments().iter().map(|segment| (segment.range.len(), segment.rate)).collect()
    };
    // theta [21], tau [1] fixed, in->rec.W [63], rec->rec.W [441] fixed, rec->out.W [42]
    assert_eq!(names(&Plan::new(&layout, None, &[], &[])), [(21, 1.0), (63, 1.0), (42, 1.0)]);
    let rates = [own("wirings", 0.5), own("in*", 0.0)];
    assert_eq!(names(&Plan::new(&layout, None, &rates, &[])), [(21, 1.0), (42, 0.5)]);
    let train = ["rec.*".to_owned()];
    assert_eq!(names(&Plan::new(&layout, Some(&train), &[], &[])), [(21, 1.0)]);

    let plan = Plan::new(&layout, None, &[own("rec->out.W", 0.1)], &[]);
    for optimiser in [
        Optimiser::Sgd(Sgd { momentum: 0.9, cap: None }),
        Optimiser::default(),
        Optimiser::AdamW(AdamW::default()),
    ] {
        let mut p: Vec<f32> = (0..layout.len()).map(|k| 0.1 * hash(&[k as u64]) as f32).collect();
        let tau = layout.get("rec.tau").unwrap().range.start;
        p[tau] = 50.0;
        let start = p.clone();
        let mut updater = optimiser.build::<f32>(p.len());
        for step in 0..20 {
            let gradient: Vec<f32> =
                (0..p.len()).map(|k| hash(&[step / 5, k as u64]) as f32).collect();
            updater.step(&mut p, &gradient, &plan, 0.1, 1.0);
            let bias = &p[layout.get("rec.theta").unwrap().range.clone()];
            assert!(bias.iter().all(|&b| (-0.3..=0.3).contains(&f64::from(b))), "{bias:?}");
            assert_eq!(p[tau], 50.0, "frozen");
        }
        let moved = |name: &str| -> f32 {
            layout.get(name).unwrap().range.clone().map(|k| (p[k] - start[k]).abs()).sum()
        };
        assert!(moved("rec->out.W") / 42.0 < 0.5 * moved("in->rec.W") / 63.0);
    }
}

#[test]
fn decay_spares_what_it_should() {
    let layout = layout();
    let adamw = Optimiser::AdamW(AdamW { decay: 0.5, ..AdamW::default() });
    let plan = Plan::new(&layout, None, &[], adamw.decays());
    let mut p = vec![0.2_f64; layout.len()];
    adamw.build::<f64>(p.len()).step(&mut p, &vec![0.0; layout.len()], &plan, 0.1, 1.0);
    assert!((p[layout.get("rec->out.W").unwrap().range.start] - 0.19).abs() < 1e-15);
    assert_eq!(p[layout.get("rec.theta").unwrap().range.start], 0.2);
}

#[test]
fn state_goes_out_and_in() {
    let plan = everything(19);
    let gradient = |k: u64| -> Vec<f32> { (0..19).map(|i| hash(&[k, i]) as f32).collect() };
    for optimiser in [
        Optimiser::Sgd(Sgd { momentum: 0.9, cap: None }),
        Optimiser::default(),
        Optimiser::AdamW(AdamW::default()),
    ] {
        let (mut p, mut a) = (gradient(99), optimiser.build::<f32>(19));
        for k in 0..5 {
            a.step(&mut p, &gradient(k), &plan, 0.01, 1.0);
        }
        let (mut q, mut b) = (p.clone(), optimiser.build::<f32>(19));
        b.restore(a.steps(), &a.state()).unwrap();
        for k in 5..9 {
            a.step(&mut p, &gradient(k), &plan, 0.01, 1.0);
            b.step(&mut q, &gradient(k), &plan, 0.01, 1.0);
        }
        assert_eq!(p, q, "same bits");
        let short = b.restore(1, &[("m", &[0.0; 3])]).unwrap_err();
        assert_eq!(short, StateError::Length { name: "m".into(), expected: 19, found: 3 });
        assert!(matches!(b.restore(1, &[]), Err(StateError::Missing { .. })));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn limits_and_clipping_hold_for_any_numbers(
        gradient in proptest::collection::vec(-1e6_f32..1e6, 1..70),
        rate in 1e-6_f64..10.0,
        low in -2.0_f64..0.0,
        span in 0.0_f64..3.0,
        limit in 1e-3_f64..1e3,
        which in 0_usize..3,
    ) {
        let limits = (low, low + span);
        let range = 0..gradient.len();
        let plan = Plan::from_segments(vec![Segment { range, rate: 1.0, limits, decays: true }]);
        let scale = clip(norm(&gradient, &plan), Some(limit));
        let clipped: Vec<f64> = gradient.iter().map(|&g| scale * f64::from(g)).collect();
        proptest::prop_assert!(norm(&clipped, &plan) <= limit * (1.0 + 1e-12));
        let optimiser = [
            Optimiser::Sgd(Sgd { momentum: 0.9, cap: None }),
            Optimiser::default(),
            Optimiser::AdamW(AdamW::default()),
        ];
        let mut updater = optimiser[which].build::<f32>(gradient.len());
        let mut p = vec![0.0; gradient.len()];
        for _ in 0..3 {
            updater.step(&mut p, &gradient, &plan, rate, scale);
            let inside = |&x: &f32| (limits.0..=limits.1).contains(&f64::from(x));
            proptest::prop_assert!(span < 1e-6 || p.iter().all(inside), "{p:?}");
        }
    }
}
