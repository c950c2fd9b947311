//! E-prop: online equals factorised, its memory is flat, feedback learns, RFLO is a case of it.

use std::sync::Arc;

use attractor_data::{Target, Trials};
use attractor_equations::{Neuron, Scalar};
use attractor_learn::{
    DataSet, Feedback, Learner, Objective, Online, OnlineError, Options, Phase, PhaseError, Rule,
    Stage, Stop, Trainer, Validate,
};
use attractor_network::library::{self, NoisePlace, Ports};
use attractor_network::*;
use attractor_numerics::law::Law;
use ndarray::{Array2, Array3};

const UNITS: usize = 9;

/// Pseudo-random numbers between -1 and 1.
fn number(seed: usize) -> f64 {
    let x = (seed as f64 * 12.9898 + 78.233).sin() * 43758.5453;
    2.0 * (x - x.floor()) - 1.0
}

/// A spike with a triangular surrogate of height 0.3 and width θ around the threshold.
fn spike<'n>(over: Scalar<'n>, theta: f64) -> Scalar<'n> {
    let slope = 0.3 * (1.0 - (over / theta).abs()).relu() / theta;
    over.gt(over * 0.0).surrogate(over, slope)
}

/// `v' = α v + I − θ z`, `z = [v > θ + β b]`, `b' = ρ b + z`; without adaptation β = 0 and no b.
fn spiking(adaptive: bool) -> Neuron {
    Neuron::define(if adaptive { "alif" } else { "lif" }, |n| {
        let (v, i) = (n.state("v"), n.drive("I"));
        let (theta, alpha) = (0.4, (-n.dt() / n.param("tau", 8.0)).exp());
        if adaptive {
            let (b, beta) = (n.state("b"), n.param("beta", 0.3).per_unit().trained());
            let z = spike(v - theta - beta * b, theta);
            n.next(b, (-n.dt() / 30.0).exp() * b + z);
            n.next(v, alpha * v + i - theta * z.detach());
            n.emit("z", spike(n.after(v) - theta - beta * n.after(b), theta));
        } else {
            let fired = (v - theta).gt(n.constant(0.0)).detach();
            n.next(v, alpha * v + i - theta * fired);
            n.emit("z", spike(n.after(v) - theta, theta));
        }
    })
    .unwrap()
}

/// `u' = κ u + I`, `y = u'`: a leaky readout; static if there is no κ.
fn readout(kappa: Option<f64>) -> Neuron {
    let Some(kappa) = kappa else { return library::linear().unwrap() };
    Neuron::define("leaky-readout", |n| {
        let (u, i) = (n.state("u"), n.drive("I"));
        n.next(u, n.param("kappa", kappa) * u + i);
        n.emit("y", n.after(u));
    })
    .unwrap()
}

/// Input, recurrent units of a neuron with bias on every drive, readout of two channels.
fn network(neuron: &Neuron, readout: &Neuron) -> Arc<Network> {
    Arc::new(Network::new(description(neuron, readout)).unwrap())
}

fn description(neuron: &Neuron, readout: &Neuron) -> Description {
    let ports = library::ports(&neuron.name).unwrap_or_else(|| Ports::of(neuron));
    let dense = |sd: f64| Wiring::Dense { law: Law::Normal { sd } };
    let mut rec = Population::of("rec", UNITS, neuron);
    rec.bias = neuron.drives.iter().map(|d| (d.name.clone(), Law::Normal { sd: 0.1 })).collect();
    let mut out = Population::of("out", 2, readout);
    out.bias = [("I".to_owned(), Law::Normal { sd: 0.1 })].into();
    let mut projections = Vec::new();
    let named = |name: String, mut projection: Projection| {
        projection.name = Some(name);
        projection
    };
    for (k, (emission, drive)) in ports.recurrent.iter().enumerate() {
        let (from, to) = (format!("rec.{emission}"), format!("rec.{drive}"));
        let lag = 1 + k % 2;
        projections
            .push(named(format!("rec{k}"), Projection::new(&from, &to, dense(0.3)).lag(lag)));
    }
    for (k, drive) in ports.inputs.iter().enumerate() {
        let to = format!("rec.{drive}");
        projections.push(named(format!("in{k}"), Projection::new("in.u", &to, dense(0.8))));
    }
    let from = format!("rec.{}", ports.readout);
    projections.push(named("read".into(), Projection::new(&from, "out.I", dense(0.5))));
    projections.push(named("direct".into(), Projection::new("in.u", "out.I", dense(0.5)).lag(2)));
    Description::new(1.0, vec![Population::input("in", 3), rec, out], projections)
}

fn trials(steps: usize, count: usize) -> Trials {
    let inputs =
        Array3::from_shape_fn((steps, count, 3), |(t, k, c)| number(t * 31 + k * 7 + c) as f32);
    let values = Array3::from_shape_fn((steps, count, 2), |(t, k, c)| {
        (0.1 * (t + k) as f32 + c as f32).sin()
    });
    let weights = Array2::from_shape_fn((steps, count), |(t, _)| ((t % 3) != 1) as u8 as f32);
    let mut trials = Trials::new(1.0, inputs).unwrap();
    trials.targets.push(Target { signal: "out.y".into(), values, weights });
    trials
}

fn engine<T: attractor_numerics::Real>(network: &Arc<Network>) -> Engine<T> {
    Engine::new(network.clone(), EngineOptions { threads: 2, ..EngineOptions::default() }).unwrap()
}

fn objective(terms: &str) -> Objective {
    #[derive(serde::Deserialize)]
    struct File {
        objective: Objective,
    }
    toml::from_str::<File>(&format!("objective = [{terms}]")).unwrap().objective
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    norm(&difference) / norm(b).max(1e-30)
}

/// Both paths of e-prop, with a feedback.
fn both(network: &Arc<Network>, terms: &str, feedback: Feedback) -> (Vec<f64>, Vec<f64>) {
    let (trials, parameters) = (trials(70, 3), network.initial_parameters(1));
    let resolved = objective(terms).resolve(&**network).unwrap();
    let routes = Rule::Eprop.routes::<f64>(feedback, &**network, &resolved.answers(), 5).unwrap();
    let (credit, noise) = (routes.credit(&parameters, 3, None), NoiseSource::off());
    let mut engine = engine::<f64>(network);
    let bound = resolved.bind(&trials).unwrap();
    let (mut factorised, mut gradient) = (vec![0.0; parameters.len()], vec![0.0; parameters.len()]);
    let value =
        engine.credited(&parameters, &trials, &bound, noise, &credit, &mut factorised).unwrap();
    let mut online = Online::<f64>::new(network, resolved.signals()).unwrap();
    let again = online
        .gradient(&mut engine, &parameters, &trials, noise, &bound, &credit, &mut gradient)
        .unwrap();
    assert!((value - again).abs() < 1e-12 * value.abs(), "{value} {again}");
    (factorised, gradient)
}

fn neurons() -> Vec<Neuron> {
    let library = [
        "leaky-tanh",
        "rate-softplus",
        "gru",
        "lstm",
        "gated",
        "lif",
        "lif-hard",
        "alif",
        "alif-refractory",
        "lif-synaptic",
        "alif-learned",
        "adapting",
        "horn",
    ];
    let library = library.map(|name| library::neuron(name, NoisePlace::None).unwrap().unwrap());
    // partials depend on a noise whose mean, at which it stands when it is off, is not 0
    let chance = Neuron::define("chance", |n| {
        let (x, i) = (n.state("x"), n.drive("I"));
        let xi = n.noise_from("xi", attractor_equations::Distribution::Uniform);
        n.next(x, 0.8 * x + xi * i.tanh());
        n.emit("r", n.after(x));
    });
    let mut neurons = vec![spiking(false), spiking(true), chance.unwrap()];
    neurons.extend(library);
    neurons
}

#[test]
fn online_equals_factorised() {
    for neuron in neurons() {
        for kappa in [None, Some(0.9)] {
            let network = network(&neuron, &readout(kappa));
            for feedback in [Feedback::Symmetric, Feedback::Random, Feedback::Adaptive] {
                let (factorised, online) = both(&network, "{ kind = 'mse' }", feedback);
                for entry in network.layout().entries().iter().filter(|entry| entry.trained) {
                    let range = entry.range.clone();
                    let error = distance(&online[range.clone()], &factorised[range.clone()]);
                    let name = (&neuron.name, &entry.name, kappa, feedback);
                    assert!(error < 1e-10, "{name:?}: {error}");
                    // the gates of `gated` act in part through recurrence alone, which carries no credit
                    let silent = neuron.name == "gated" && !entry.name.contains("out");
                    let some = factorised[range].iter().any(|g| *g != 0.0);
                    assert!(some || silent, "{name:?} is 0");
                }
            }
        }
    }
}

#[test]
fn signals_of_the_units_themselves() {
    // a loss that reads emissions, states and drives straight, beside the readout
    for (neuron, signals) in [
        (spiking(true), ["rec.z", "rec.b", "rec.I"]),
        (library::gru().unwrap(), ["rec.h", "rec.I_z", "rec.H_n"]),
    ] {
        let network = network(&neuron, &readout(Some(0.9)));
        let mut terms = "{ kind = 'mse' }".to_owned();
        for signal in signals {
            terms += &format!(", {{ kind = 'l2', signal = '{signal}', weight = 0.3 }}");
        }
        let (factorised, online) = both(&network, &terms, Feedback::Random);
        let (without, _) = both(&network, "{ kind = 'mse' }", Feedback::Random);
        assert!(distance(&online, &factorised) < 1e-10, "{}", neuron.name);
        assert!(distance(&without, &factorised) > 1e-3, "{}", neuron.name);
    }
}

#[test]
fn memory_is_flat_in_time() {
    let network = network(&spiking(true), &readout(Some(0.9)));
    let parameters = network.initial_parameters(1);
    let resolved = Objective::default().resolve(&*network).unwrap();
    let mut engine = engine::<f64>(&network);
    let remembered = [20, 500].map(|steps| {
        let trials = trials(steps, 2);
        let bound = resolved.bind(&trials).unwrap();
        let mut online = Online::<f64>::new(&network, resolved.signals()).unwrap();
        let mut gradient = vec![0.0; parameters.len()];
        let (noise, credit) = (NoiseSource::off(), Credit::default());
        online
            .gradient(&mut engine, &parameters, &trials, noise, &bound, &credit, &mut gradient)
            .unwrap();
        online.remembered()
    });
    assert_eq!(remembered[0], remembered[1]);
    // two states and a readout's filter for each synapse, bias and adaptation, of two trials
    let traces = 2 * 3 * UNITS * (UNITS + 3 + 1 + 1);
    assert_eq!(remembered[0], traces + 2 * (UNITS + 3 + 1));
}

/// RFLO by hand (Murray 2019): `h' = (1 − α) h + α (W r + U u + b)`, `r = tanh h'`,
/// `p_ij' = (1 − α) p_ij + α φ'(…) …` in the form for a nonlinearity outside the leak.
#[test]
fn rflo_is_a_case_of_it() {
    let neuron = library::neuron("leaky-tanh", NoisePlace::None).unwrap().unwrap();
    let mut description = description(&neuron, &readout(None));
    description.projections[0].lag = 1;
    let network = Arc::new(Network::new(description).unwrap());
    let parameters = network.initial_parameters(1);
    let array = |name: &str| network.layout().array(name, &parameters).unwrap().to_vec();
    let (w, u, b, bias) = (array("rec0.W"), array("in0.W"), array("read.W"), array("rec.I.bias"));
    let (direct, shift) = (array("direct.W"), array("out.I.bias"));
    let (trials, alpha) = (trials(60, 1), 0.01);
    // random feedback, as the rule draws it
    let resolved = Objective::default().resolve(&*network).unwrap();
    let routes =
        Rule::Eprop.routes::<f64>(Feedback::Random, &*network, &resolved.answers(), 5).unwrap();
    let credit = routes.credit(&parameters, 0, None);
    let k = network.connections().iter().position(|c| c.name == "read").unwrap();
    let Route::Through(feedback) = &credit.routes[k] else { panic!("random feedback") };
    let x = |t: usize, c: usize| f64::from(trials.inputs[[t, 0, c]]);
    let (mut h, mut r) = ([0.0; UNITS], [0.0; UNITS]);
    let mut p = [[0.0; UNITS]; UNITS];
    let mut expected = vec![0.0; UNITS * UNITS];
    let asked: f64 = trials.targets[0].weights.iter().map(|&w| f64::from(w)).sum();
    for t in 0..60 {
        let before = r;
        for i in 0..UNITS {
            let recurrent: f64 = (0..UNITS).map(|j| w[i * UNITS + j] * before[j]).sum();
            let input: f64 = (0..3).map(|c| u[i * 3 + c] * x(t, c)).sum();
            h[i] += alpha * (recurrent + input + bias[i] - h[i]);
            r[i] = h[i].tanh();
            for j in 0..UNITS {
                p[i][j] = (1.0 - alpha) * p[i][j] + alpha * before[j];
            }
        }
        let error = [0, 1].map(|o| {
            let y: f64 = (0..UNITS).map(|i| b[o * UNITS + i] * r[i]).sum::<f64>() + shift[o];
            let late: f64 =
                if t < 2 { 0.0 } else { (0..3).map(|c| direct[o * 3 + c] * x(t - 2, c)).sum() };
            let target = f64::from(trials.targets[0].values[[t, 0, o]]);
            f64::from(trials.targets[0].weights[[t, 0]]) * 2.0 * (y + late - target) / (2.0 * asked)
        });
        for i in 0..UNITS {
            let told: f64 = (0..2).map(|o| feedback[o * UNITS + i] * error[o]).sum();
            for j in 0..UNITS {
                expected[i * UNITS + j] += told * (1.0 - r[i] * r[i]) * p[i][j];
            }
        }
    }
    let bound = resolved.bind(&trials).unwrap();
    let mut gradient = vec![0.0; parameters.len()];
    let mut engine = engine::<f64>(&network);
    engine
        .credited(&parameters, &trials, &bound, NoiseSource::off(), &credit, &mut gradient)
        .unwrap();
    let found = network.layout().array("rec0.W", &gradient).unwrap();
    assert!(distance(found, &expected) < 1e-6, "{}", distance(found, &expected)); // targets are f32
}

#[test]
fn rates_and_reductions_reach_across_segments() {
    // the exact gradient of losses of whole trials against differences, over several segments
    let neuron = library::neuron("leaky-softplus", NoisePlace::None).unwrap().unwrap();
    let network = network(&neuron, &readout(Some(0.9)));
    let terms = "{ kind = 'mse', over = 'mean' }, { kind = 'mse', over = 'max' }, \
                 { kind = 'rate', signal = 'rec.r', target = 0.6 }";
    let resolved = objective(terms).resolve(&*network).unwrap();
    let (trials, parameters) = (trials(75, 9), network.initial_parameters(1));
    for memory in [usize::MAX, 0] {
        let options = EngineOptions { threads: 2, memory, ..EngineOptions::default() };
        let mut engine = Engine::<f64>::new(network.clone(), options).unwrap();
        let mut of = |parameters: &[f64]| {
            let bound = resolved.bind(&trials).unwrap();
            let mut gradient = vec![0.0; parameters.len()];
            let noise = NoiseSource::off();
            let value = engine.gradient(parameters, &trials, &bound, noise, None, &mut gradient);
            (value.unwrap(), gradient)
        };
        let (_, gradient) = of(&parameters);
        for entry in network.layout().entries().iter().filter(|entry| entry.trained) {
            let along: Vec<f64> = (0..parameters.len())
                .map(|k| if entry.range.contains(&k) { number(k) } else { 0.0 })
                .collect();
            let h = 1e-5;
            let mut at = |h: f64| {
                let moved = parameters.iter().zip(&along).map(|(p, d)| p + h * d);
                of(&moved.collect::<Vec<f64>>()).0
            };
            let numeric = (at(h) - at(-h)) / (2.0 * h);
            let exact: f64 = gradient.iter().zip(&along).map(|(g, d)| g * d).sum();
            assert!((numeric - exact).abs() < 1e-6 * (1.0 + numeric.abs()), "{}", entry.name);
        }
    }
}

fn phase(rule: Rule, feedback: Feedback) -> Phase {
    Phase {
        learner: Learner { rule, feedback, rate: 0.01, batch: 16, ..Learner::default() },
        stop: Stop { updates: 150, ..Stop::default() },
        validate: Validate { every: 0, trials: 16 },
        ..Phase::default()
    }
}

fn train(rule: Rule, feedback: Feedback) -> (f64, f64, Vec<f32>) {
    let network = network(&spiking(true), &readout(Some(0.9)));
    let start = network.initial_parameters(1).iter().map(|&p| p as f32).collect();
    let source = Arc::new(DataSet::new(trials(50, 16), 1));
    let stage = Stage { phase: phase(rule, feedback), source };
    let mut trainer =
        Trainer::new(engine::<f32>(&network), start, vec![stage], Options::default()).unwrap();
    let mut losses = Vec::new();
    while let Some(progress) = trainer.advance().unwrap() {
        losses.push(progress.loss);
    }
    (losses[0], losses[losses.len() - 1], trainer.parameters().to_vec())
}

#[test]
fn a_trainer_learns_by_eprop() {
    let mut ends = vec![train(Rule::Bptt, Feedback::Symmetric)];
    for feedback in [Feedback::Symmetric, Feedback::Random, Feedback::Adaptive] {
        let (first, last, parameters) = train(Rule::Eprop, feedback);
        assert!(last < 0.6 * first, "{feedback:?}: {first} {last}");
        assert!(
            ends.iter().all(|(.., other)| *other != parameters),
            "{feedback:?} is another rule"
        );
        ends.push((first, last, parameters));
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let lif = spiking(false);
    let told = |phase: &Phase, network: &Network| {
        let problems = phase.check(network).unwrap_err();
        problems.iter().map(ToString::to_string).collect::<String>()
    };
    let plain = network(&lif, &readout(None));
    let message = told(&phase(Rule::Bptt, Feedback::Random), &plain);
    assert!(message.contains("`learner.feedback` belongs to rule = \"eprop\""), "{message}");

    let mut hidden = description(&lif, &readout(None));
    hidden.populations.push(Population::of("deep", 4, &lif));
    let dense = || Wiring::Dense { law: Law::Normal { sd: 1.0 } };
    hidden.projections.push(Projection::new("in.u", "deep.I", dense()));
    hidden.projections.push(Projection::new("deep.z", "rec.I", dense()));
    let hidden = Network::new(hidden).unwrap();
    let message = told(&phase(Rule::Eprop, Feedback::Random), &hidden);
    assert!(message.contains("no learning signal to the targets of `in->deep`"), "{message}");

    let mut thin = description(&lif, &readout(None));
    let law = || Law::Normal { sd: 1.0 };
    let place = thin.projections.iter().position(|p| p.to == "out.I").unwrap();
    thin.projections[place].wiring =
        Wiring::LowRank { rank: 1, m: law(), n: law(), covariance: None };
    let thin = Arc::new(Network::new(thin).unwrap());
    let message = told(&phase(Rule::Eprop, Feedback::Adaptive), &thin);
    assert!(message.contains("`read` is none"), "{message}");
    assert!(phase(Rule::Eprop, Feedback::Random).check(&*thin).is_ok());

    let refused = |network: &Arc<Network>| {
        let signals = [network.signal("out.y").unwrap()];
        Online::<f64>::new(network, &signals).err().unwrap()
    };
    let curved = Neuron::define("curved", |n| n.emit("y", n.drive("I").tanh())).unwrap();
    assert!(matches!(refused(&network(&lif, &curved)), OnlineError::Readout { .. }));
    assert!(matches!(refused(&thin), OnlineError::NotDense { .. }));
    let mut late = description(&lif, &readout(None));
    late.projections[place].lag = 1;
    let late = Arc::new(Network::new(late).unwrap());
    assert!(matches!(refused(&late), OnlineError::Late { lag: 1, .. }));
    let mut start = description(&lif, &readout(None));
    start.populations[1] =
        start.populations[1].clone().start("v", Start::Trained { law: Law::Normal { sd: 1.0 } });
    let start = Arc::new(Network::new(start).unwrap());
    assert!(matches!(refused(&start), OnlineError::TrainedStart { .. }));

    let whole = objective("{ kind = 'mse', over = 'last' }").resolve(&*plain).unwrap();
    let (trials, parameters) = (trials(5, 1), plain.initial_parameters(1));
    let bound = whole.bind(&trials).unwrap();
    let mut online = Online::<f64>::new(&plain, whole.signals()).unwrap();
    let mut gradient = vec![0.0; parameters.len()];
    let (noise, credit) = (NoiseSource::off(), Credit::default());
    let outcome = online.gradient(
        &mut engine::<f64>(&plain),
        &parameters,
        &trials,
        noise,
        &bound,
        &credit,
        &mut gradient,
    );
    assert!(matches!(outcome, Err(OnlineError::WholeTrials)));
    assert!(matches!(
        phase(Rule::Bptt, Feedback::Adaptive).check(&*plain).unwrap_err()[..],
        [PhaseError::NoFeedback]
    ));
}
