//! Networks, trials and a loss for the tests of the engine.
#![allow(dead_code, unreachable_pub)] // each test file uses its part

use std::collections::BTreeMap;
use std::sync::Arc;

use attractor_data::Trials;
use attractor_equations::{Integrator, Neuron, Surrogate};
use attractor_network::*;
use attractor_numerics::{Real, law::Law};
use ndarray::Array3;

pub const UNITS: usize = 7;

/// Pseudo-random numbers between -1 and 1.
pub fn number(seed: usize) -> f64 {
    let x = (seed as f64 * 12.9898 + 78.233).sin() * 43758.5453;
    2.0 * (x - x.floor()) - 1.0
}

pub fn gaussian() -> Law {
    Law::Gaussian { gain: 0.9 }
}

/// Wirings of every kind, between populations with groups `a` and `b`.
pub fn wirings() -> Vec<(&'static str, Wiring)> {
    let dense = || Wiring::Dense { law: gaussian() };
    let masked = Wiring::Masked { law: gaussian(), density: Some(0.6), pairs: None, seed: 3 };
    let low_rank = Wiring::LowRank {
        rank: 2,
        m: Law::Normal { sd: 1.0 },
        n: Law::Normal { sd: 1.0 },
        covariance: None,
    };
    let block = |from: &str, to: &str, wiring| Block { from: from.into(), to: to.into(), wiring };
    let blocks =
        Wiring::Blocks { blocks: vec![block("a", "b", dense()), block("b", "b", masked.clone())] };
    let core = Wiring::Core {
        rank: 2,
        u: Loadings::Law(Law::Normal { sd: 1.0 }),
        v: Loadings::Given((0..UNITS).map(|k| vec![number(k), number(k + 70)]).collect()),
        core: Law::Normal { sd: 1.0 },
    };
    let each = Wiring::Each { copies: UNITS, law: Law::Normal { sd: 0.7 } };
    let terms = vec![masked.clone(), low_rank.clone(), core.clone(), blocks.clone(), each.clone()];
    let sum = Wiring::Sum { terms };
    let mut wirings = vec![
        ("dense", dense()),
        ("masked", masked),
        ("low-rank", low_rank),
        ("core", core),
        ("blocks", blocks),
        ("each", each),
        ("sum", sum),
    ];
    wirings.extend(products());
    wirings
}

/// Which unit reaches which, with counts or with signs as well.
pub fn graph(signed: bool) -> Graph {
    let pairs = (0..UNITS).flat_map(|i| (0..UNITS).map(move |j| (i, j)));
    let edges = pairs.filter(|(i, j)| (3 * i + 5 * j) % 4 != 0).map(|(i, j)| {
        let weight = 0.1 + 0.4 * number(i * 17 + j).abs();
        (i, j, if signed && j % 3 == 1 { -weight } else { weight })
    });
    Graph { edges: edges.collect(), signed }
}

/// Constraints on constraints: Dale × sparse × spatial, low rank per block × signs, and so on.
pub fn products() -> Vec<(&'static str, Wiring)> {
    let dense = || Wiring::Dense { law: gaussian() };
    let low_rank = |rank| {
        let law = Law::Normal { sd: 1.0 };
        Wiring::LowRank { rank, m: law, n: law, covariance: None }
    };
    let block = |from: &str, to: &str, wiring| Block { from: from.into(), to: to.into(), wiring };
    let dale = |excitatory| Sign::Dale { excitatory, seed: None };
    let by_group = || Sign::Groups { excitatory: vec!["*".into()], inhibitory: vec!["a".into()] };
    let between =
        |from: &str, to: &str, density| Between { from: from.into(), to: to.into(), density };
    let spatial = dense()
        .within(Mask::Distance { least: 0.0, most: Some(0.75) })
        .within(Mask::Random { density: 0.8, seed: 4 });
    let nearby = Wiring::Constrained {
        wiring: Box::new(dense()),
        masks: vec![
            Mask::Nearby { length: 0.9, peak: 1.0, seed: 2 },
            Mask::Degree { degree: 5, seed: 1 },
        ],
        sign: Some(Sign::Given { signs: vec![1, -1, 0, 1, 1, -1, 1] }),
        hold: Hold::Reflect,
    };
    let regions = Wiring::Blocks {
        blocks: vec![
            block("a", "a", low_rank(2)),
            block("b", "a", dense().within(Mask::Random { density: 0.6, seed: 9 })),
            block("a", "b", low_rank(1)),
            block("b", "b", Wiring::Sum { terms: vec![dense(), low_rank(2)] }),
        ],
    };
    let chances = vec![between("*", "b", 0.7), between("a", "a", 1.0)];
    let counts = || Wiring::Graph { graph: "counts".into(), scale: 0.5 };
    vec![
        ("dale x sparse x spatial", spatial.clone().signed(dale(0.6), Hold::Clip)),
        ("dale x sparse x spatial, by magnitude", spatial.signed(by_group(), Hold::Magnitude)),
        ("given signs x distance x degree", nearby),
        ("low rank per block x signs", regions.clone().signed(dale(0.5), Hold::Clip)),
        ("blocks of all kinds", regions),
        (
            "chances by group x inhibitory, rectified",
            dense()
                .within(Mask::Groups { between: chances, seed: 3 })
                .signed(Sign::Inhibitory, Hold::Rectify),
        ),
        ("connectome x dale", counts().signed(dale(0.7), Hold::Clip)),
        (
            "signed connectome as mask and sign",
            dense()
                .within(Mask::Graph { graph: "signed".into() })
                .signed(Sign::Graph { graph: "signed".into() }, Hold::Clip),
        ),
        (
            "random full rank + low rank, excitatory",
            Wiring::Sum { terms: vec![dense(), low_rank(2)] }
                .signed(Sign::Excitatory, Hold::Reflect),
        ),
        (
            "shared block x signs",
            Wiring::Each { copies: UNITS, law: gaussian() }.signed(Sign::Inhibitory, Hold::Clip),
        ),
    ]
}

/// Wirings that only a population and itself can have.
pub fn within_a_population() -> Vec<(&'static str, Wiring)> {
    let component = |group: &str, shift: f64| Component {
        group: Some(group.into()),
        mean: Some(vec![shift, -shift]),
        covariance: vec![vec![1.0, 0.5], vec![0.5, 2.0]],
    };
    let mixture =
        Wiring::Mixture { rank: 1, components: vec![component("a", 0.5), component("b", -1.0)] };
    let dense = Wiring::Dense { law: gaussian() };
    let no_self = dense.within(Mask::NoSelf).signed(Sign::Inhibitory, Hold::Magnitude);
    vec![("mixture", mixture), ("no self-connections", no_self)]
}

/// Input, one recurrent population and a linear readout: every emission drives every drive.
pub fn description(neuron: &Neuron, wiring: &Wiring, readout: &Wiring) -> Description {
    let groups =
        BTreeMap::from([("a".to_owned(), vec![0, 2, 4]), ("b".to_owned(), vec![1, 3, 5, 6])]);
    let law = || Law::Normal { sd: 0.5 };
    let start = neuron.states.iter().enumerate().map(|(k, state)| {
        let start = match k {
            0 => Start::Trained { law: law() },
            _ => Start::Wired { inputs: 2, law: law() },
        };
        (state.symbol.name.clone(), start)
    });
    let recurrent = Population {
        groups: groups.clone(),
        positions: Some(Positions::Random { size: [1.0; 3], seed: 5 }),
        bias: neuron.drives.iter().map(|d| (d.name.clone(), law())).collect(),
        start: start.collect(),
        ..Population::of("rec", UNITS, neuron)
    };
    let plain = |name: &str, units, neuron| Population {
        neuron,
        groups: groups.clone(),
        positions: Some(Positions::Lattice { shape: [units, 1, 1], spacing: 0.1 }),
        ..Population::input(name, units)
    };
    let linear = library::linear().unwrap().to_text();
    let mut input = plain("in", 2, None);
    input.groups.clear();
    let mut output = plain("out", UNITS, Some(linear));
    output.bias = BTreeMap::from([("I".to_owned(), law())]);
    let mut projections = Vec::new();
    for (k, drive) in neuron.drives.iter().enumerate() {
        let emission = &neuron.emissions[k % neuron.emissions.len()].symbol.name;
        projections.push(Projection {
            name: Some(format!("rec{k}")),
            from: format!("rec.{emission}"),
            to: format!("rec.{}", drive.name),
            lag: 1 + k % 3,
            wiring: wiring.clone(),
            trained: true,
        });
        projections.push(Projection {
            name: Some(format!("in{k}")),
            from: "in.u".into(),
            to: format!("rec.{}", drive.name),
            lag: k % 2,
            wiring: Wiring::Dense { law: law() },
            trained: true,
        });
    }
    projections.push(Projection {
        name: None,
        from: format!("rec.{}", neuron.emissions[0].symbol.name),
        to: "out.I".into(),
        lag: 0,
        wiring: readout.clone(),
        trained: true,
    });
    Description {
        dt: 1.0,
        integrator: Integrator::Euler,
        populations: vec![input, recurrent, output],
        projections,
        graphs: BTreeMap::from([
            ("counts".to_owned(), graph(false)),
            ("signed".to_owned(), graph(true)),
        ]),
    }
}

pub fn trials(steps: usize, count: usize) -> Trials {
    let inputs =
        Array3::from_shape_fn((steps, count, 2), |(t, b, c)| number(t * 31 + b * 7 + c) as f32);
    let mut trials = Trials::new(1.0, inputs).unwrap();
    trials.start =
        Some(ndarray::Array2::from_shape_fn((count, 2), |(b, c)| number(b * 5 + c + 900) as f32));
    trials
}

/// `Σ w (s + c)²/2` over every value of some signals, with coefficients of every place of its own.
pub struct Quadratic {
    pub signals: Vec<SignalId>,
}

impl<T: Real> Loss<T> for Quadratic {
    fn signals(&self) -> &[SignalId] {
        &self.signals
    }

    fn evaluate(
        &self,
        part: &Part,
        signals: &[SignalView<'_, T>],
        cotangents: &mut [SignalViewMut<'_, T>],
    ) -> f64 {
        let mut value = 0.0;
        for (k, (signal, cotangent)) in signals.iter().zip(cotangents).enumerate() {
            for (step, t) in part.steps.clone().enumerate() {
                for (trial, b) in part.trials.clone().enumerate() {
                    for unit in 0..signal.units {
                        let place = ((k * 64 + t) * 64 + b) * 64 + unit;
                        let (weight, offset) = (number(place).abs(), number(place + 1));
                        let x = signal.row(step, trial)[unit].to_f64() + offset;
                        value += weight * x * x / 2.0;
                        cotangent.row(step, trial)[unit] += T::from_f64(weight * x);
                    }
                }
            }
        }
        value
    }
}

pub fn engine<T: Real>(network: &Arc<Network>) -> Engine<T> {
    Engine::new(network.clone(), EngineOptions { threads: 2, ..EngineOptions::default() }).unwrap()
}

/// Neurons of the library, and one nobody has seen: three states, two drives, two emissions, a
/// trained parameter per unit, noise.
pub fn neurons() -> Vec<Neuron> {
    let mut neurons = vec![unseen()];
    for (_, phi) in library::Nonlinearity::ALL {
        neurons.push(library::leaky(phi, NoisePlace::Outside).unwrap());
        neurons.push(library::rate(phi, NoisePlace::Inside).unwrap());
    }
    neurons.extend(named(&["elman", "gru", "lstm", "gated", "gamma", "gamma-driven", "horn"]));
    neurons.extend(named(&["adapting", "plastic", "li", "li-current"]));
    neurons
}

/// Neurons of the library that spike: what they do has no derivative, what they are differentiated as
/// has an oracle of its own (`surrogates.rs`).
pub fn spiking() -> Vec<Neuron> {
    let mut neurons = named(&[
        "lif",
        "lif-current",
        "lif-hard",
        "lif-refractory",
        "lif-synaptic",
        "lif-plastic",
        "alif",
        "alif-refractory",
        "alif-learned",
        "mat",
        "izhikevich",
        "adex",
        "escape",
    ]);
    for (name, surrogate, _) in Surrogate::ALL {
        let neuron = library::spiking_as("alif", NoisePlace::None, Some(surrogate));
        neurons.push(Neuron { name: format!("alif, {name}"), ..neuron.unwrap().unwrap() });
    }
    neurons
}

fn named(names: &[&str]) -> Vec<Neuron> {
    names.iter().map(|name| library::neuron(name, NoisePlace::None).unwrap().unwrap()).collect()
}

use attractor_network::library::NoisePlace;

pub fn unseen() -> Neuron {
    Neuron::define("unseen", |n| {
        let (v, a, z) = (n.state("v"), n.state("a").initial(0.2), n.state("z"));
        let (i, j) = (n.drive("I"), n.drive("J"));
        let tau = n.param("tau", 5.0).per_unit().trained().range(1.5, 50.0);
        let gain = n.param("gain", 0.8).trained();
        let xi = n.noise("xi");
        n.flow(v, (i - v - gain * a) / tau + 0.1 * xi * v.cos());
        n.flow(a, (n.after(v).softplus() - a) / 20.0);
        n.next(z, 0.5 * z + (j * a).tanh());
        n.emit("r", n.after(v).tanh() * (1.0 + gain * n.after(z)));
        n.emit("s", (v - z).sigmoid());
    })
    .unwrap()
}
