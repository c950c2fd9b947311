//! NIR: graphs as the package `nir` writes them do what they should; networks go out and come back; what
//! cannot be is refused by name; damaged files are errors.

use std::sync::Arc;

use attractor_data::Trials;
use attractor_interop::{Model, NirProblem, nir};
use attractor_network::{
    Description, Engine, EngineOptions, Interventions, Network, NoiseSource, Population,
    Projection, Start, Wiring, library,
};
use attractor_numerics::law::Law;
use ndarray::Array3;
use proptest::prelude::*;
use serde_json::Value;

/// As `files/nir/make.py` writes them.
const FEEDFORWARD: &[u8] = include_bytes!("files/nir/feedforward.nir");
const RECURRENT: &[u8] = include_bytes!("files/nir/recurrent.nir");
const TWO: &[u8] = include_bytes!("files/nir/two_populations.nir");
const SUBGRAPH: &[u8] = include_bytes!("files/nir/subgraph.nir");
const GRAPHS: [(&str, &[u8]); 4] = [
    ("feedforward", FEEDFORWARD),
    ("recurrent", RECURRENT),
    ("two_populations", TWO),
    ("subgraph", SUBGRAPH),
];

fn read(bytes: &[u8]) -> Result<Model, NirProblem> {
    nir::read_bytes(bytes.to_vec(), Some(1.0)).map_err(|error| *error.problem)
}

/// What the signal does on one trial of these inputs.
fn run(model: &Model, inputs: &[Vec<f64>], signal: &str) -> Array3<f64> {
    let shape = (inputs.len(), 1, inputs[0].len());
    let inputs = Array3::from_shape_fn(shape, |(t, _, c)| inputs[t][c] as f32);
    let trials = Trials::new(model.network.dt(), inputs).unwrap();
    let network = Arc::new(model.network.clone());
    let mut engine = Engine::<f64>::new(network.clone(), EngineOptions::default()).unwrap();
    let signals = [network.signal(signal).unwrap()];
    let (off, none) = (NoiseSource::off(), Interventions::default());
    engine.run(&model.parameters, &trials, off, &none, &signals).unwrap().remove(0)
}

fn table(value: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn graphs_do_what_they_should() {
    let expected: Value = serde_json::from_str(include_str!("files/nir/expected.json")).unwrap();
    for (name, bytes) in GRAPHS {
        let model = read(bytes).unwrap();
        assert_eq!(model.network.dt(), 1.0);
        let found = run(&model, &table(&expected[name]["inputs"]), "output.y");
        let output = table(&expected[name]["output"]);
        assert!(output.iter().flatten().filter(|y| **y != 0.0).count() > 5, "{name} is silent");
        for (t, row) in output.iter().enumerate() {
            for (k, y) in row.iter().enumerate() {
                // inputs travel in single precision; a spike at the wrong step is off by much more
                let error = (found[[t, 0, k]] - y).abs();
                assert!(error < 1e-5, "{name} at step {t}, unit {k}: {} {y}", found[[t, 0, k]]);
            }
        }
    }
}

#[test]
fn populations_projections_and_lags_are_those_of_the_graph() {
    let model = read(TWO).unwrap();
    let description = model.network.description();
    let names: Vec<&str> = description.populations.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "gate", "input", "output", "sum"]);
    let mut wires: Vec<(String, usize, bool)> =
        description.projections.iter().map(|p| (p.name(), p.lag, p.trained)).collect();
    wires.sort();
    let expected = [
        ("a->b", 0, true),
        ("b->a", 3, true),
        ("b->sum", 0, true),
        ("gate->output", 0, false),
        ("input->a", 0, true),
        ("input->gate", 0, true),
        ("sum->output", 0, false),
    ];
    assert_eq!(wires, expected.map(|(name, lag, trained)| (name.to_owned(), lag, trained)));
    let inside = read(SUBGRAPH).unwrap();
    assert!(inside.network.signal("core_lif.v").is_ok());
}

#[test]
fn networks_go_out_and_come_back() {
    for (name, bytes) in GRAPHS {
        let model = read(bytes).unwrap();
        let written = nir::bytes(&model.network, &model.parameters).unwrap();
        let again = read(&written).unwrap();
        assert_eq!(
            again.network.description().populations.len(),
            model.network.description().populations.len()
        );
        let channels = model.network.channels();
        let inputs: Vec<Vec<f64>> = (0..40)
            .map(|t| {
                (0..channels).map(|c| 1.5 * f64::from(((7 * t + 3 * c as u32) % 5) / 4)).collect()
            })
            .collect();
        let (a, b) = (run(&model, &inputs, "output.y"), run(&again, &inputs, "output.y"));
        assert!((&a - &b).iter().all(|d| d.abs() < 1e-12), "{name}");
        assert_eq!(nir::bytes(&again.network, &again.parameters).unwrap(), written, "{name}");
    }
}

/// Files of ours are those that `make.py check` has read with the package nir, and simulated to the same
/// end; UPDATE_FILES=1 writes them anew, to be checked again.
#[test]
fn files_of_ours_are_those_that_nir_has_read() {
    for (name, bytes) in [("recurrent", RECURRENT), ("two_populations", TWO)] {
        let model = read(bytes).unwrap();
        let written = nir::bytes(&model.network, &model.parameters).unwrap();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/nir/ours_");
        let file = format!("{file}{name}.nir");
        if std::env::var_os("UPDATE_FILES").is_some() {
            std::fs::write(&file, &written).unwrap();
        }
        assert!(std::fs::read(&file).is_ok_and(|found| found == written), "{file} is stale");
    }
}

fn dense() -> Wiring {
    Wiring::Dense { law: Law::Gaussian { gain: 1.0 } }
}

/// Inputs, a recurrent population, a readout.
fn described(neuron: &str, lag: usize, change: impl Fn(&mut Population)) -> Model {
    let neuron = library::neuron(neuron, Default::default()).unwrap().unwrap();
    let emission = neuron.emissions[0].symbol.name.clone();
    let mut rec = Population::of("rec", 4, &neuron);
    change(&mut rec);
    let out = Population::of("out", 2, &library::readout().unwrap());
    let from = format!("rec.{emission}");
    let wires = vec![
        Projection::new("in.u", "rec.I", dense()),
        Projection::new(&from, "rec.I", dense()).lag(lag),
        Projection::new(&from, "out.I", dense()),
    ];
    let populations = vec![Population::input("in", 3), rec, out];
    let network = Network::new(Description::new(1.0, populations, wires)).unwrap();
    let parameters = network.initial_parameters(3);
    Model { network, parameters, precision: attractor_interop::Precision::F64 }
}

#[test]
fn neurons_of_the_library_that_nir_has_keep_what_they_do() {
    let inputs: Vec<Vec<f64>> =
        (0..50).map(|t| (0..3).map(|c| f64::from((t * (c + 2)) % 7) / 2.0).collect()).collect();
    for (neuron, lag) in [("lif-hard", 1), ("lif-hard", 4), ("li", 1), ("li-current", 2)] {
        let model = described(neuron, lag, |rec| {
            rec.bias.insert("I".to_owned(), Law::Constant { value: 0.05 });
        });
        let again = read(&nir::bytes(&model.network, &model.parameters).unwrap()).unwrap();
        let (a, b) = (run(&model, &inputs, "out.y"), run(&again, &inputs, "out.y"));
        assert!(a.iter().any(|y| *y != 0.0), "{neuron}");
        // a network of integrators may grow, and rounding with it
        let largest = a.iter().fold(1.0_f64, |most, y| most.max(y.abs()));
        let error = (&a - &b).iter().fold(0.0_f64, |most, d| most.max(d.abs()));
        assert!(error < 1e-12 * largest, "{neuron}, lag {lag}: {error} of {largest}");
    }
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let says = |problem: NirProblem, parts: &[&str]| {
        let message = problem.to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    let import = |bytes: &[u8]| read(bytes).map(|_| ()).unwrap_err();
    says(import(include_bytes!("files/nir/conv.nir")), &["node `smooth` is Conv1d", "Linear"]);
    let circle = import(include_bytes!("files/nir/circle.nir"));
    says(circle, &["circle of zero delay", "b → a → b"]);
    let instant = import(include_bytes!("files/nir/instant.nir"));
    says(instant, &["circle of zero delay", "gate → gate"]);
    says(import(b"PK\x03\x04"), &["not an HDF5 file"]);
    let wrong_step = nir::read_bytes(RECURRENT.to_vec(), Some(-1.0)).map(|_| ()).unwrap_err();
    says(*wrong_step.problem, &["a step of -1 ms"]);
    let coarse = nir::read_bytes(TWO.to_vec(), Some(1.5)).map(|_| ()).unwrap_err();
    says(*coarse.problem, &["node `later`", "`delay` is 0.002", "whole steps of 1.5 ms"]);

    let export = |model: &Model| {
        *nir::bytes(&model.network, &model.parameters).map(|_| ()).unwrap_err().problem
    };
    says(export(&described("leaky-tanh", 1, |_| {})), &["`rec`", "`leaky-tanh`", "no node"]);
    says(export(&described("lif", 1, |_| {})), &["`rec`", "`lif`", "lif-hard"]);
    let started = described("lif-hard", 1, |rec| {
        rec.start.insert("v".to_owned(), Start::Constant { value: 0.5 });
    });
    says(export(&started), &["`rec`", "starts elsewhere"]);
}

/// Everything but panics is allowed.
fn survives(bytes: Vec<u8>) {
    drop(nir::read_bytes(bytes, None));
}

#[test]
fn truncated_files_are_errors() {
    for (_, bytes) in GRAPHS {
        for cut in (0..bytes.len()).step_by(1013) {
            survives(bytes[..cut].to_vec());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_errors(places in prop::collection::vec((0..TWO.len(), any::<u8>()), 1..8)) {
        for (_, whole) in GRAPHS {
            let mut bytes = whole.to_vec();
            places.iter().for_each(|(at, byte)| if let Some(b) = bytes.get_mut(*at) { *b = *byte });
            survives(bytes);
        }
    }
}
