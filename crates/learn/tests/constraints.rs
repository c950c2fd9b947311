//! Masks and signs hold exactly after every update, whatever the wiring and the optimiser.

#[path = "../../network/tests/common/mod.rs"]
mod networks;

use std::sync::Arc;

use attractor_learn::optimiser::{Adam, AdamW, Crossbar, Optimiser, Plan, Scheme, Sgd, clip, norm};
use attractor_network::*;
use networks::*;

fn optimisers() -> Vec<(&'static str, Optimiser)> {
    let devices = Crossbar { scheme: Scheme::Sign { threshold: 0.0 }, ..Crossbar::default() };
    vec![
        ("sgd", Optimiser::Sgd(Sgd::default())),
        ("momentum", Optimiser::Sgd(Sgd { momentum: 0.9, cap: Some(0.5) })),
        ("adam", Optimiser::Adam(Adam::default())),
        ("adamw", Optimiser::AdamW(AdamW { decays: vec!["*".into()], ..AdamW::default() })),
        ("crossbar", Optimiser::Crossbar(devices)),
    ]
}

fn network(wiring: &Wiring) -> Arc<Network> {
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    Arc::new(Network::new(description(&neuron, wiring, &wirings()[0].1)).unwrap())
}

fn all() -> impl Iterator<Item = (&'static str, Wiring)> {
    wirings().into_iter().chain(within_a_population())
}

#[test]
fn constraints_hold_after_every_update_of_every_optimiser() {
    for (name, wiring) in all() {
        let network = network(&wiring);
        let loss = Quadratic { signals: vec![network.signal("out.y").unwrap()] };
        let (trials, noise) = (trials(6, 4), NoiseSource::off());
        let mut engine = engine::<f32>(&network);
        for (kind, optimiser) in optimisers() {
            let plan = Plan::new(network.layout(), None, &[], optimiser.decays());
            let start = network.initial_parameters(1);
            let mut parameters: Vec<f32> = start.iter().map(|&p| p as f32).collect();
            let mut gradient = vec![0.0; parameters.len()];
            let mut updater = optimiser.build::<f32>(parameters.len());
            let (mut at_the_edge, mut moved) = (0, 0);
            for update in 0..40 {
                engine.gradient(&parameters, &trials, &loss, noise, None, &mut gradient).unwrap();
                let before = parameters.clone();
                // a rate at which weights run into their limits
                let scale = clip(norm(&gradient, &plan), Some(5.0));
                updater.step(&mut parameters, &gradient, &plan, 0.05, scale);
                for entry in network.layout().entries() {
                    let Some(constraint) = &entry.constraint else { continue };
                    let values = parameters[entry.range.clone()].iter();
                    for (k, (&x, old)) in values.zip(&before[entry.range.clone()]).enumerate() {
                        let allowed = constraint.allows(k, f64::from(x));
                        assert!(
                            allowed,
                            "{name}, {kind}, update {update}, {} {k}: {x}",
                            entry.name
                        );
                        let connected = constraint.allowed()[k] != Allowed::Nothing;
                        at_the_edge += usize::from(connected && x == 0.0);
                        moved += usize::from(connected && x != *old);
                    }
                }
            }
            let constrained = network.layout().entries().iter().any(|e| e.constraint.is_some());
            assert!(!constrained || moved > 0, "{name}, {kind}: nothing was trained");
            if name == "dale x sparse x spatial" && kind == "adam" {
                assert!(at_the_edge > 0, "no weight ever met its limit: the test shows nothing");
            }
        }
    }
}

#[test]
fn weights_made_of_parameters_obey_whatever_happens_to_these() {
    let mut tested = 0;
    for (name, wiring) in all() {
        let network = network(&wiring);
        let transforms = |e: &&Entry| e.constraint.as_ref().is_some_and(|c| c.how().transforms());
        let Some(entry) = network.layout().entries().iter().find(transforms) else { continue };
        let projection = entry.name.strip_suffix(".W").unwrap();
        let mut parameters = network.initial_parameters(1);
        for (k, p) in parameters[entry.range.clone()].iter_mut().enumerate() {
            *p = number(k + 3);
        }
        let w = network.matrix(projection, &parameters).unwrap();
        let allowed = entry.constraint.as_ref().unwrap().allowed();
        for (k, (w, allowed)) in w.iter().zip(allowed).enumerate() {
            let right = match allowed {
                Allowed::Nothing => *w == 0.0,
                Allowed::Any => true,
                Allowed::Positive => *w >= 0.0,
                Allowed::Negative => *w <= 0.0,
            };
            assert!(right, "{name} {k}: {w}");
        }
        tested += 1;
    }
    assert_eq!(tested, 3);
}

#[test]
fn clipping_is_the_projection_of_dales_backprop() {
    // W ← W ∘ [sign(W) = sign of the column] after a free step (Balwani et al. 2025)
    let (_, wiring) = &wirings()[0];
    let signs = |j: usize| if j < 4 { 1.0 } else { -1.0 };
    let dale = Sign::Dale { excitatory: 4.0 / 7.0, seed: None };
    let (held, free) = (network(&wiring.clone().signed(dale, Hold::Clip)), network(wiring));
    let loss = Quadratic { signals: vec![held.signal("out.y").unwrap()] };
    let (trials, noise) = (trials(6, 4), NoiseSource::off());
    let optimiser = Optimiser::default();
    let plan = |network: &Network| Plan::new(network.layout(), None, &[], &[]);
    let mut ours = held.initial_parameters(1);
    let mut theirs = ours.clone();
    let mut updaters = [0, 1].map(|_| optimiser.build::<f64>(ours.len()));
    let mut engines = [&held, &free].map(engine::<f64>);
    let range = held.layout().get("rec0.W").unwrap().range.clone();
    for _ in 0..30 {
        let mut gradient = vec![0.0; ours.len()];
        engines[0].gradient(&ours, &trials, &loss, noise, None, &mut gradient).unwrap();
        updaters[0].step(&mut ours, &gradient, &plan(&held), 0.02, 1.0);
        engines[1].gradient(&theirs, &trials, &loss, noise, None, &mut gradient).unwrap();
        updaters[1].step(&mut theirs, &gradient, &plan(&free), 0.02, 1.0);
        for (k, w) in theirs[range.clone()].iter_mut().enumerate() {
            let agrees = w.signum() == signs(k % UNITS);
            *w *= f64::from(u8::from(agrees));
        }
        assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() <= 1e-12));
    }
    let clipped = ours[range].iter().filter(|w| **w == 0.0).count();
    assert!(clipped > 0, "no weight met its limit");
}

#[test]
fn the_magnitude_is_that_of_a_reparameterised_network() {
    // dL/dp = dL/dw · s sign(p)
    let (_, wiring) = &wirings()[0];
    let made = network(&wiring.clone().signed(Sign::Inhibitory, Hold::Magnitude));
    let free = network(wiring);
    let loss = Quadratic { signals: vec![made.signal("out.y").unwrap()] };
    let (trials, noise) = (trials(6, 4), NoiseSource::off());
    let mut p = made.initial_parameters(1);
    let range = made.layout().get("rec0.W").unwrap().range.clone();
    for (k, p) in p[range.clone()].iter_mut().enumerate() {
        *p = number(k + 21);
    }
    let mut w = p.clone();
    w[range.clone()].iter_mut().for_each(|w| *w = -w.abs());
    let (mut of_p, mut of_w) = (vec![0.0; p.len()], vec![0.0; p.len()]);
    let a = engine::<f64>(&made).gradient(&p, &trials, &loss, noise, None, &mut of_p).unwrap();
    let b = engine::<f64>(&free).gradient(&w, &trials, &loss, noise, None, &mut of_w).unwrap();
    assert_eq!(a, b);
    for k in range {
        assert!((of_p[k] + of_w[k] * p[k].signum()).abs() < 1e-12, "{k}");
    }
}
