//! Neurons of the library against closed forms and independent integration.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use attractor_data::Trials;
use attractor_equations::{Integrator, Neuron, NeuronError};
use attractor_network::library::{self, NoisePlace};
use attractor_network::*;
use attractor_numerics::law::Law;
use common::engine;
use ndarray::Array3;

/// One unit under constant drives: the time course of some signals.
fn course(
    neuron: &Neuron,
    params: &[(&str, f64)],
    drives: &[(&str, f64)],
    (dt, duration): (f64, f64),
    signals: &[&str],
) -> Vec<Vec<f64>> {
    let constant = |value| Law::Constant { value };
    let mut unit = Population::of("unit", 1, neuron);
    unit.params = params.iter().map(|&(name, value)| (name.into(), constant(value))).collect();
    unit.bias = drives.iter().map(|&(name, value)| (name.into(), constant(value))).collect();
    let description = Description::new(dt, vec![Population::input("in", 1), unit], vec![]);
    let network = Arc::new(Network::new(description).unwrap());
    let steps = (duration / dt).round() as usize;
    let trials = Trials::new(dt, Array3::zeros((steps, 1, 1))).unwrap();
    let signals: Vec<SignalId> =
        signals.iter().map(|name| network.signal(&format!("unit.{name}")).unwrap()).collect();
    let parameters = network.initial_parameters(1);
    let found = engine::<f64>(&network)
        .run(&parameters, &trials, NoiseSource::off(), &Interventions::default(), &signals)
        .unwrap();
    found.iter().map(|values| values.iter().copied().collect()).collect()
}

fn named(name: &str) -> Neuron {
    library::neuron(name, NoisePlace::None).unwrap().unwrap()
}

/// Steps at which a unit spiked, from 1.
fn spikes(z: &[f64]) -> Vec<usize> {
    z.iter().enumerate().filter(|(_, z)| **z > 0.0).map(|(t, _)| t + 1).collect()
}

#[test]
fn a_membrane_below_threshold_charges_as_it_should() {
    let dt = 0.5;
    let alpha = |tau: f64| (-dt / tau).exp();
    for (name, tau, drive) in
        [("lif-current", 30.0, 0.09), ("lif-hard", 30.0, 0.09), ("lif", 30.0, 0.001)]
    {
        let v = &course(&named(name), &[], &[("I", drive)], (dt, 100.0), &["v"])[0];
        for (t, v) in v.iter().enumerate() {
            let grown = 1.0 - alpha(tau).powi(t as i32 + 1);
            // a charge per step adds up to a geometric series
            let scale = if name == "lif" { 1.0 / (1.0 - alpha(tau)) } else { 1.0 };
            assert!((v - drive * scale * grown).abs() < 1e-13, "{name}, step {t}: {v}");
        }
    }
    // two filters in a row: the synapse, then the membrane
    let (a, k) = (alpha(30.0), alpha(5.0));
    let v = &course(&named("lif-synaptic"), &[], &[("I", 0.005)], (dt, 100.0), &["v"])[0];
    for (t, v) in v.iter().enumerate() {
        let s = |t: i32| 0.005 * (1.0 - k.powi(t)) / (1.0 - k);
        let expected: f64 =
            (1..=t as i32 + 1).map(|j| (1.0 - a) * s(j) * a.powi(t as i32 + 1 - j)).sum();
        assert!((v - expected).abs() < 1e-13, "step {t}: {v} and {expected}");
    }
}

/// From the reset to the threshold a current I takes `τ ln((I - v_reset)/(I - th))`.
#[test]
fn intervals_of_a_hard_reset() {
    for dt in [1.0, 0.5, 0.1] {
        for (current, reset) in [(0.15, 0.0), (0.11, 0.0), (0.3, -0.05), (0.101, 0.05)] {
            let z = &course(
                &named("lif-hard"),
                &[("v_reset", reset)],
                &[("I", current)],
                (dt, 600.0),
                &["z"],
            )[0];
            let interval = |from: f64| 30.0 * ((current - from) / (current - 0.1)).ln() / dt;
            let times = spikes(z);
            // the first step after the threshold is reached
            assert_eq!(times[0], interval(0.0).ceil() as usize, "dt {dt}, current {current}");
            for pair in times.windows(2) {
                assert_eq!(
                    pair[1] - pair[0],
                    interval(reset).ceil() as usize,
                    "dt {dt}, {current}"
                );
            }
        }
    }
}

/// After a spike that a soft reset leaves at v - th, the next one is due when
/// `I + (v α - th - I) α^(k-1) > th`.
#[test]
fn intervals_of_a_soft_reset() {
    for dt in [1.0, 0.5, 0.1] {
        let (alpha, th, current) = ((-dt / 30.0f64).exp(), 0.1, 0.16);
        let found = course(&named("lif-current"), &[], &[("I", current)], (dt, 600.0), &["v", "z"]);
        let times = spikes(&found[1]);
        assert!(times.len() > 10);
        for pair in times.windows(2) {
            let v = found[0][pair[0] - 1];
            let first = alpha * v + (1.0 - alpha) * current - th;
            let due = 1.0 + ((current - first) / (current - th)).ln() / (dt / 30.0);
            assert_eq!(pair[1] - pair[0], due.ceil() as usize, "dt {dt}");
        }
    }
}

/// Rates of units that take a current, at three steps: the curve is the same, up to the rounding of
/// intervals to whole steps.
#[test]
fn a_change_of_dt_leaves_the_f_i_curve_alone() {
    let cases: [(&str, &[f64]); 5] = [
        ("lif-hard", &[0.08, 0.12, 0.2, 0.35]),
        ("lif-current", &[0.08, 0.12, 0.2, 0.35]),
        ("mat", &[0.3, 0.5, 0.7, 1.0]),
        ("adex", &[300.0, 600.0, 900.0, 1200.0]),
        ("izhikevich", &[3.0, 6.0, 10.0, 15.0]),
    ];
    for (name, currents) in cases {
        let mut last = -1.0;
        for &current in currents {
            let rate = |dt: f64| {
                let z = course(&named(name), &[], &[("I", current)], (dt, 3000.0), &["z"]);
                spikes(&z[0]).len() as f64 / 3.0
            };
            let (coarse, middle, fine) = (rate(1.0), rate(0.5), rate(0.1));
            // an interval of T ms is rounded up by less than dt, half of it on average; Euler's own error
            // in the upstroke of the two-variable models is as large
            let allowed = |dt: f64| 1.0 + 1.2 * dt * fine * fine / 1000.0;
            assert!(
                (coarse - fine).abs() <= allowed(1.0),
                "{name}, {current}: {coarse}, {fine} Hz"
            );
            assert!(
                (middle - fine).abs() <= allowed(0.5),
                "{name}, {current}: {middle}, {fine} Hz"
            );
            assert!(fine >= last, "{name}: rates rise with current");
            last = fine;
        }
        assert!(last > 5.0, "{name} fires");
    }
}

/// Without spikes the threshold falls back to rest with τ_a, whatever dt; each spike has raised it by β.
#[test]
fn the_threshold_of_an_adaptive_unit_decays() {
    for dt in [1.0, 0.25] {
        let params = [("tau_a", 100.0), ("beta", 0.5), ("tau", 5.0)];
        // one charge that makes one spike: at the start, by the start of v
        let mut unit =
            Population::of("unit", 1, &named("alif")).start("v", Start::Constant { value: 1.0 });
        unit.params =
            params.iter().map(|&(n, value)| (n.into(), Law::Constant { value })).collect();
        let description = Description::new(dt, vec![Population::input("in", 1), unit], vec![]);
        let network = Arc::new(Network::new(description).unwrap());
        let trials = Trials::new(dt, Array3::zeros((400, 1, 1))).unwrap();
        let signals = ["unit.a", "unit.z"].map(|name| network.signal(name).unwrap());
        let found = engine::<f64>(&network)
            .run(
                &network.initial_parameters(1),
                &trials,
                NoiseSource::off(),
                &Interventions::default(),
                &signals,
            )
            .unwrap();
        let z: Vec<f64> = found[1].iter().copied().collect();
        assert_eq!(spikes(&z), [1], "dt {dt}");
        for (t, a) in found[0].iter().enumerate().skip(1) {
            let expected = (-dt * (t as f64 - 1.0) / 100.0).exp();
            assert!((a - expected).abs() < 1e-12, "dt {dt}, step {t}: {a}");
        }
    }
}

#[test]
fn no_spikes_within_the_refractory_period() {
    for (dt, steps) in [(1.0, 5), (0.5, 10), (0.1, 50)] {
        let z = &course(&named("lif-refractory"), &[], &[("I", 10.0)], (dt, 200.0), &["z"])[0];
        let times = spikes(z);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == steps), "dt {dt}: {times:?}");
    }
}

/// Two thresholds that fade with their own time constants: both sums in closed form.
#[test]
fn adaptation_on_two_time_scales() {
    let found = course(&named("mat"), &[], &[("I", 0.6)], (0.5, 400.0), &["z", "h1", "h2"]);
    let times = spikes(&found[0]);
    assert!(times.len() > 5);
    for t in 1..=800 {
        for (h, tau, rise) in [(&found[1], 10.0, 37.0), (&found[2], 200.0, 2.0)] {
            let before = times.iter().filter(|spike| **spike < t);
            let sum: f64 = before.map(|s| rise * (-((t - s) as f64) * 0.5 / tau).exp()).sum();
            assert!((h[t - 1] - sum).abs() < 1e-10, "step {t}: {} and {sum}", h[t - 1]);
        }
    }
}

/// Spike times of a two-variable model by the classical Runge-Kutta method at 1/1000 ms.
fn reference(
    mut state: [f64; 2],
    duration: f64,
    field: impl Fn([f64; 2]) -> [f64; 2],
    peak: f64,
    jump: impl Fn([f64; 2]) -> [f64; 2],
) -> Vec<f64> {
    let (h, mut times) = (1e-3, Vec::new());
    // what lies beyond the peak is cut off: it must not reach the other variable
    let along = |x: [f64; 2], k: [f64; 2], h: f64| [(x[0] + h * k[0]).min(peak), x[1] + h * k[1]];
    for step in 1..=(duration / h) as usize {
        let a = field(state);
        let b = field(along(state, a, h / 2.0));
        let c = field(along(state, b, h / 2.0));
        let d = field(along(state, c, h));
        for i in 0..2 {
            state[i] += h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]);
        }
        if state[0] >= peak {
            times.push(step as f64 * h);
            state = jump([peak, state[1]]);
        }
    }
    times
}

#[test]
fn izhikevich_and_adex_follow_a_fine_integration() {
    let duration = 400.0;
    let found = |name: &str, params: &[(&str, f64)], current: f64, dt: f64| -> Vec<f64> {
        let z = course(&named(name), params, &[("I", current)], (dt, duration), &["z"]);
        spikes(&z[0]).iter().map(|t| *t as f64 * dt).collect()
    };
    // a step is of first order: from two of them, what dt = 0 would give, up to the rounding of intervals
    // to steps, 0.02 ms at most for each spike, which adds up as a random walk
    let compare = |name: &str, params: &[(&str, f64)], current: f64, expected: &[f64]| {
        let (coarse, fine) =
            (found(name, params, current, 0.01), found(name, params, current, 0.005));
        assert!(expected.len() > 4, "{name}: {expected:?}");
        assert_eq!((coarse.len(), fine.len()), (expected.len(), expected.len()), "{name}");
        for (k, ((c, f), e)) in coarse.iter().zip(&fine).zip(expected).enumerate() {
            let rounding = 0.03 + 0.02 * (k as f64).sqrt();
            assert!((2.0 * f - c - e).abs() < rounding, "{name}, spike {k}: {c}, {f} and {e}");
        }
    };
    // regular spiking, and chattering, as in the figure of 2003
    for (c, d) in [(-65.0, 8.0), (-50.0, 2.0)] {
        let field =
            |[v, u]: [f64; 2]| [0.04 * v * v + 5.0 * v + 140.0 - u + 10.0, 0.02 * (0.2 * v - u)];
        let expected = reference([-65.0, -13.0], duration, field, 30.0, |[_, u]| [c, u + d]);
        let params = [("c", c), ("d", d)];
        compare("izhikevich", &params, 10.0, &expected);
    }
    let field = |[v, w]: [f64; 2]| {
        let upstroke = 30.0 * 2.0 * ((v + 50.4) / 2.0).min(40.0).exp();
        [(-30.0 * (v + 70.6) + upstroke - w + 1000.0) / 281.0, (4.0 * (v + 70.6) - w) / 144.0]
    };
    let expected = reference([-70.6, 0.0], duration, field, 20.0, |[_, w]| [-70.6, w + 80.5]);
    compare("adex", &[], 1000.0, &expected);
}

/// The poles of a step of the oscillator: `z² - (2 - 2γ - ω²) z + (1 - 2γ) = 0`.
#[test]
fn the_oscillator_has_its_poles() {
    let unit = Population::of("unit", 1, &named("horn"));
    let description = Description::new(1.0, vec![Population::input("in", 1), unit], vec![]);
    let network = Arc::new(Network::new(description).unwrap());
    let trials = Trials::new(1.0, Array3::zeros((1, 1, 1))).unwrap();
    let jacobian = engine::<f64>(&network)
        .jacobian(&network.initial_parameters(1), &trials, &[0.0, 0.0])
        .unwrap();
    let (omega, gamma) = (std::f64::consts::TAU / 28.0, 0.01);
    let trace = jacobian[[0, 0]] + jacobian[[1, 1]];
    let determinant = jacobian[[0, 0]] * jacobian[[1, 1]] - jacobian[[0, 1]] * jacobian[[1, 0]];
    assert!((trace - (2.0 - 2.0 * gamma - omega * omega)).abs() < 1e-15);
    assert!(trace * trace < 4.0 * determinant, "a pair of complex poles");
    let modulus = determinant.sqrt();
    assert!((modulus - (1.0 - 2.0 * gamma).sqrt()).abs() < 1e-12, "{modulus}");
    assert!((modulus - 0.989_949).abs() < 1e-6);
}

/// `s = 0` and a steep gain rectify, `s = 1` is a sigmoid, and `γ(0) = (1 - s) ln 2/n + s/2`.
#[test]
fn limits_of_the_two_parameter_nonlinearity() {
    let gamma = |x: f64, n: f64, s: f64| {
        course(&named("gamma"), &[("n", n), ("s", s)], &[("I", x)], (1.0, 1.0), &["h"])[0][0]
    };
    for x in [-2.0, -0.3, 0.4, 1.7] {
        assert!((gamma(x, 1e3, 0.0) - f64::max(x, 0.0)).abs() < 1e-12, "rectifier at {x}");
        let sigmoid = 1.0 / (1.0 + (-2.5 * x).exp());
        assert!((gamma(x, 2.5, 1.0) - sigmoid).abs() < 1e-14, "sigmoid at {x}");
    }
    for (n, s) in [(0.5, 0.0), (1.0, 0.3), (7.0, 1.0)] {
        let expected = (1.0 - s) * std::f64::consts::LN_2 / n + s / 2.0;
        assert!((gamma(0.0, n, s) - expected).abs() < 1e-14);
    }
    // no overflow where n x is large
    assert!((gamma(50.0, 40.0, 0.2) - (0.8 * 50.0 + 0.2)).abs() < 1e-12);
}

/// Onset `r = I`, then `r = I/(1 + b)`.
#[test]
fn adaptation_of_a_rate_divides_it() {
    let params = [("b", 3.0), ("tau", 1.0), ("tau_a", 2000.0)];
    let r = &course(&named("adapting"), &params, &[("I", 2.0)], (0.5, 20_000.0), &["r"])[0];
    let peak = r.iter().copied().fold(0.0, f64::max);
    assert!((peak - 2.0).abs() < 0.02, "onset: {peak}");
    assert!((r[r.len() - 1] - 0.5).abs() < 1e-10, "steady: {}", r[r.len() - 1]);
}

/// At a steady rate r: `u = U (1 + r τ_f)/(1 + U r τ_f)`, `R = 1/(1 + u r τ_d)`.
#[test]
fn steady_states_of_plastic_synapses() {
    for rate in [1.0, 10.0, 60.0] {
        let found =
            course(&named("plastic"), &[], &[("I", rate)], (1.0, 30_000.0), &["s", "u", "R"]);
        let last = |k: usize| found[k][found[k].len() - 1];
        let r = rate / 1000.0;
        let u = 0.2 * (1.0 + r * 1500.0) / (1.0 + 0.2 * r * 1500.0);
        let left = 1.0 / (1.0 + u * r * 200.0);
        assert!((last(1) - u).abs() < 1e-9 && (last(2) - left).abs() < 1e-9, "{rate} Hz");
        assert!((last(0) - u * left * rate).abs() < 1e-6);
    }
}

/// Regular spikes T apart, from rest (Tsodyks & Markram 1997): `u₁ = U`, `R₁ = 1`,
/// `u⁺ = U + u (1 − U) e^(−T/τ_f)`, `R⁺ = 1 − (1 − R (1 − u)) e^(−T/τ_d)`, each sends `u R`; in the end
/// `u = U/(1 − (1 − U) e^(−T/τ_f))`, `R = (1 − e^(−T/τ_d))/(1 − (1 − u) e^(−T/τ_d))`.
#[test]
fn plastic_synapses_send_what_they_have_left() {
    // facilitating and depressing, in the two settings of Mongillo et al. and of Tsodyks & Markram
    for (base, tau_f, tau_d) in [(0.2, 1500.0, 200.0), (0.67, 1.0, 800.0), (0.03, 530.0, 130.0)] {
        for dt in [1.0, 0.25] {
            let params = [("U", base), ("tau_f", tau_f), ("tau_d", tau_d), ("th", 1.0)];
            // the charge of a spike in every ms, less a leak: regular, a period of some ms
            let drives = [("I", 0.08 * dt)];
            let neuron = named("lif-plastic");
            let found = course(&neuron, &params, &drives, (dt, 6000.0), &["s", "z"]);
            let times = spikes(&found[1]);
            let period = (times[3] - times[2]) as f64 * dt;
            let (mut u, mut left, mut last) = (base, 1.0, times[0]);
            for &time in &times {
                if time > last {
                    let interval = (time - last) as f64 * dt;
                    left = 1.0 - (1.0 - left * (1.0 - u)) * f64::exp(-interval / tau_d);
                    u = base + u * (1.0 - base) * f64::exp(-interval / tau_f);
                }
                last = time;
                let sent = found[0][time - 1];
                assert!((sent - u * left).abs() < 1e-12, "U {base}, dt {dt}: {sent} at {time}");
            }
            assert!(times.len() > 200 && period > 5.0, "{} spikes, {period} ms", times.len());
            let silent = found[0].iter().zip(&found[1]).all(|(s, z)| *z > 0.0 || *s == 0.0);
            assert!(silent, "nothing is sent without a spike");
        }
    }
    // the steady state of a strictly regular train: hard reset by a full charge each 20 steps
    let (base, tau_f, tau_d, interval) = (0.2, 1500.0, 200.0, 20.0);
    let mut unit = Population::of("unit", 1, &named("lif-plastic")).param("tau", 1.0);
    unit.params.insert("th".into(), Law::Constant { value: 0.5 });
    let wire =
        Projection::new("in.u", "unit.I", Wiring::Dense { law: Law::Constant { value: 1.0 } });
    let description = Description::new(1.0, vec![Population::input("in", 1), unit], vec![wire]);
    let network = Arc::new(Network::new(description).unwrap());
    let pulses = Array3::from_shape_fn((20_000, 1, 1), |(t, ..)| f32::from(u8::from(t % 20 == 0)));
    let signal = network.signal("unit.s").unwrap();
    let found = engine::<f64>(&network)
        .run(
            &network.initial_parameters(1),
            &Trials::new(1.0, pulses).unwrap(),
            NoiseSource::off(),
            &Interventions::default(),
            &[signal],
        )
        .unwrap();
    let (fade, recover) = (f64::exp(-interval / tau_f), f64::exp(-interval / tau_d));
    let u = base / (1.0 - (1.0 - base) * fade);
    let left = (1.0 - recover) / (1.0 - (1.0 - u) * recover);
    let (first, last) = (found[0][[0, 0, 0]], found[0][[19_980, 0, 0]]);
    assert!((first - base).abs() < 1e-15, "the first spike sends U: {first}");
    assert!((last - u * left).abs() < 1e-12, "{last}, expected {}", u * left);
}

/// Spikes are drawn with their probability, and the hazard does not change with dt.
#[test]
fn escape_noise_is_drawn_with_its_probability() {
    let rate = |dt: f64, u: f64| {
        let mut unit =
            Population::of("unit", 400, &named("escape")).param("eta", 0.0).param("tau", 2.0);
        unit = unit.param("tau_s", 2.0);
        // a charge per step that adds up to the current u
        let charge = u * (1.0 - (-dt / 2.0f64).exp());
        unit.bias = BTreeMap::from([("I".to_owned(), Law::Constant { value: charge })]);
        let description = Description::new(dt, vec![Population::input("in", 1), unit], vec![]);
        let network = Arc::new(Network::new(description).unwrap());
        let steps = (1000.0 / dt) as usize;
        let trials = Trials::new(dt, Array3::zeros((steps, 1, 1))).unwrap();
        let noise = NoiseSource { seed: 3, epoch: 0, on: true };
        let z = engine::<f64>(&network)
            .run(
                &network.initial_parameters(1),
                &trials,
                noise,
                &Interventions::default(),
                &[network.signal("unit.z").unwrap()],
            )
            .unwrap();
        let late = z[0].slice(ndarray::s![steps / 5.., .., ..]);
        late.sum() / (late.len() as f64 * dt)
    };
    for (dt, u) in [(1.0, 0.8), (1.0, 1.1), (0.25, 0.8), (0.25, 1.1)] {
        let hazard = 0.1 * f64::exp((u - 1.0) / 0.2);
        let expected = (1.0 - (-hazard * dt).exp()) / dt;
        let found = rate(dt, u);
        // 320,000 draws or more: four standard deviations
        let sd = (expected / (320.0 * 1000.0)).sqrt();
        assert!((found - expected).abs() < 4.0 * sd, "dt {dt}, u {u}: {found} and {expected}");
    }
}

/// With noise off, a spike where its probability exceeds ½: uniform noise stands at its mean.
#[test]
fn escape_noise_that_is_off() {
    let spikes_at = |u: f64| {
        let params = [("eta", 0.0), ("rho0", 1.0), ("tau_s", 1.0), ("tau", 1.0)];
        let charge = u * (1.0 - (-1.0f64).exp());
        let z = course(&named("escape"), &params, &[("I", charge)], (1.0, 100.0), &["z"]);
        spikes(&z[0]).len()
    };
    // 1 - e^(-ρ) = ½ at ρ = ln 2, which is at u = 1 + 0.2 ln ln 2
    let edge = 1.0 + 0.2 * std::f64::consts::LN_2.ln();
    assert_eq!(spikes_at(edge - 0.01), 0);
    assert!(spikes_at(edge + 0.01) > 80);
}

fn error(neuron: &str, dt: f64, params: &[(&str, f64)]) -> String {
    let mut unit = Population::of("unit", 1, &named(neuron));
    for &(name, value) in params {
        unit = unit.param(name, value);
    }
    let description = Description::new(dt, vec![Population::input("in", 1), unit], vec![]);
    match Network::new(description) {
        Err(NetworkError::Neuron { source, .. }) => {
            assert!(matches!(*source, NeuronError::Requirement { .. }), "{source}");
            source.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let text = error("lif-hard", 1.0, &[("th", 0.1), ("v_reset", 0.2)]);
    assert_eq!(text, "the neuron requires th >= v_reset, but 0.1 is less than 0.2");
    let text = error("lif", 1.0, &[("tau", 0.5)]);
    assert_eq!(text, "the neuron requires tau >= dt, but 0.5 is less than 1");
    let text = error("adex", 0.1, &[("v_r", -40.0)]);
    assert!(text.contains("v_T >= v_r"), "{text}");
    let text = error("horn", 10.0, &[]);
    assert!(text.contains("omega"), "{text}");
    // at the edge, fine
    let unit = Population::of("unit", 1, &named("lif")).param("tau", 1.0);
    assert!(Network::new(Description::new(1.0, vec![unit], vec![])).is_ok());
}

#[test]
fn parameters_of_a_population_are_declared_by_name() {
    let tau = Law::Between { low: 10.0, high: 40.0 };
    let unit = Population::of("unit", 5, &named("lif")).per_unit("tau", tau).trained("tau");
    let network = Network::new(Description::new(1.0, vec![unit.clone()], vec![])).unwrap();
    let entry = network.layout().get("unit.tau").unwrap();
    assert_eq!((entry.shape.clone(), entry.trained, entry.limits.0), (vec![5], true, 1e-3));
    let parameters = network.initial_parameters(1);
    let drawn = network.layout().array("unit.tau", &parameters).unwrap();
    assert!(drawn.iter().all(|tau| (10.0..40.0).contains(tau)) && drawn[0] != drawn[1]);
    let wrong = Description::new(1.0, vec![unit.trained("taw")], vec![]);
    let said = Network::new(wrong).unwrap_err().to_string();
    assert!(said.contains("parameter `taw` does not exist (did you mean `tau`?)"), "{said}");
    let outside = Population::of("unit", 1, &named("gamma")).param("s", 1.5);
    let said = Network::new(Description::new(1.0, vec![outside], vec![])).unwrap_err().to_string();
    assert!(said.contains("`s` = 1.5 lies outside its range [0, 1]"), "{said}");
}

/// With exponential Euler the oscillator's damping is exact in any step.
#[test]
fn the_oscillator_loses_its_energy_as_it_should() {
    let unit = Population::of("unit", 1, &named("horn")).start("x", Start::Constant { value: 1.0 });
    for (dt, integrator) in
        [(1.0, Integrator::Euler), (0.25, Integrator::Euler), (1.0, Integrator::ExponentialEuler)]
    {
        let mut description =
            Description::new(dt, vec![Population::input("in", 1), unit.clone()], vec![]);
        description.integrator = integrator;
        let network = Arc::new(Network::new(description).unwrap());
        let steps = (700.0 / dt) as usize;
        let trials = Trials::new(dt, Array3::zeros((steps, 1, 1))).unwrap();
        let x = engine::<f64>(&network)
            .run(
                &network.initial_parameters(1),
                &trials,
                NoiseSource::off(),
                &Interventions::default(),
                &[network.signal("unit.x").unwrap()],
            )
            .unwrap();
        // amplitude over the last two periods
        let late = x[0].iter().skip((644.0 / dt) as usize).fold(0.0f64, |a, x| a.max(x.abs()));
        let expected = (-0.01f64 * 650.0).exp();
        assert!(
            (late / expected).ln().abs() < 0.15,
            "dt {dt}, {integrator:?}: {late} and {expected}"
        );
    }
}
