//! Model files: what is written is read, what Python writes runs, what is wrong has a name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use attractor_data::{Npz, read_trials};
use attractor_interop::*;
use attractor_network::{
    Description, Engine, EngineOptions, Interventions, Network, NoiseSource, library,
};
use ndarray::Array3;

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

fn python() -> Vec<u8> {
    std::fs::read(here("model.safetensors")).unwrap()
}

macro_rules! run {
    ($t:ident, $model:expr) => {{
        let network = Arc::new($model.network.clone());
        let trials = read_trials(here("trials.npz"), None).unwrap();
        let mut engine = Engine::<$t>::new(network.clone(), EngineOptions::default()).unwrap();
        let signal = network.signal("out.y").unwrap();
        let parameters = $model.parameters_in::<$t>();
        let none = Interventions::default();
        let out = engine.run(&parameters, &trials, NoiseSource::off(), &none, &[signal]);
        out.unwrap().remove(0)
    }};
}

#[test]
fn a_model_from_python_runs_as_python_says() {
    let model = load(&here("model.safetensors")).unwrap();
    assert_eq!(model.precision, Precision::F32);
    let mut file = Npz::open(here("expected.npz")).unwrap();
    let expected: Array3<f64> = file.array("out.y", "[trial, time, unit]").unwrap();
    let expected = expected.permuted_axes([1, 0, 2]);
    let worst = |found: Array3<f64>| {
        (&found - &expected).iter().fold(0.0f64, |worst, error| worst.max(error.abs()))
    };
    let double = worst(run!(f64, model));
    assert!(double < 1e-6, "double precision: {double}");
    let single = worst(run!(f32, model).mapv(f64::from));
    assert!(single < 1e-5, "single precision: {single}");
}

#[test]
fn the_manual_shows_the_script_that_was_run() {
    let manual = include_str!("../../../docs/model-file.md");
    let script = include_str!("files/make.py");
    assert!(
        manual.contains(script.trim_end()),
        "docs/model-file.md and tests/files/make.py differ"
    );
}

/// A network with everything in its description.
fn rich() -> Description {
    let text = r#"{
        "dt": 0.1, "integrator": "exponential-euler",
        "populations": [
            {"name": "in", "units": 2},
            {"name": "rec", "units": 5, "neuron": NEURON, "groups": {"a": [0, 2], "b": [1, 3, 4]},
             "bias": {"I": {"kind": "normal", "sd": 0.1}},
             "start": {"x": {"kind": "trained", "law": {"kind": "normal", "sd": 0.3}}}},
            {"name": "out", "units": 3, "neuron": LINEAR}
        ],
        "projections": [
            {"from": "in.u", "to": "rec.I", "wiring": {"kind": "low-rank", "rank": 2,
             "m": {"kind": "normal", "sd": 1.0}, "n": {"kind": "orthogonal"}}},
            {"from": "rec.r", "to": "rec.I", "lag": 3, "wiring": {"kind": "blocks", "blocks": [
                {"from": "a", "to": "b", "wiring": {"kind": "masked", "density": 0.5,
                 "law": {"kind": "gaussian", "gain": 1.1}}}]}},
            {"from": "rec.r", "to": "out.I", "trained": false,
             "wiring": {"kind": "dense", "law": {"kind": "glorot"}}}
        ]
    }"#;
    let json = |name| {
        let neuron = library::neuron(name, library::NoisePlace::Outside).unwrap().unwrap();
        serde_json::to_string(&neuron.to_text()).unwrap()
    };
    let text = text.replace("NEURON", &json("leaky-tanh")).replace("LINEAR", &json("linear"));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn what_is_saved_is_loaded_to_the_bit() {
    let network = Network::new(rich()).unwrap();
    let parameters = network.initial_parameters(3);
    let single: Vec<f32> = parameters.iter().map(|&x| x as f32).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    save(&path, &network, &parameters).unwrap();
    let model = load(&path).unwrap();
    assert_eq!((&model.parameters, model.precision), (&parameters, Precision::F64));
    assert_eq!(model.network.description(), network.description());
    save(&path, &network, &single).unwrap();
    let model = load(&path).unwrap();
    assert_eq!((model.parameters_in::<f32>(), model.precision), (single.clone(), Precision::F32));
    let bytes = std::fs::read(&path).unwrap();
    save(&path, &model.network, &single).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the same model, the same bytes");
    let mut bad = single;
    bad[1] = f32::NAN;
    let said = save(&path, &network, &bad).unwrap_err().to_string();
    assert!(said.contains("is NaN"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the old file stays");
}

/// What is said about the model from Python after a change.
fn said(change: impl FnOnce(&mut TensorFile)) -> String {
    let mut file = TensorFile::from_bytes(Path::new("m"), &python()).unwrap();
    change(&mut file);
    load_bytes(&file.bytes()).unwrap_err().to_string()
}

fn tensor<'f>(file: &'f mut TensorFile, name: &str) -> &'f mut Tensor {
    file.tensors.iter_mut().find(|tensor| tensor.name == name).unwrap()
}

fn describe(file: &mut TensorFile, from: &str, to: &str) {
    let text = file.metadata.get_mut("attractor").unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    *text = text.replace(from, to);
}

#[test]
fn errors_name_tensor_expected_and_found() {
    let has = |said: String, parts: &[&str]| {
        assert!(said.starts_with("model.safetensors: "), "{said}");
        for part in parts {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
    };
    has(
        said(|f| f.tensors.retain(|t| t.name != "rec.tau")),
        &["`rec.tau` is missing", "[1] expected"],
    );
    has(
        said(|f| tensor(f, "rec->rec.W").name = "rec-rec.W".into()),
        &["`rec->rec.W` is missing", "did you mean `rec-rec.W`"],
    );
    let extra = |f: &mut TensorFile| {
        let more = Tensor { name: "rec.x.bias".into(), ..tensor(f, "rec.I.bias").clone() };
        f.tensors.push(more);
    };
    has(said(extra), &["`rec.x.bias` does not belong", "did you mean `rec.I.bias`"]);
    has(
        said(|f| tensor(f, "in->rec.W").shape = vec![2, 6]),
        &["[6, 2] expected, [2, 6] found", "[target, source]"],
    );
    let nan = |f: &mut TensorFile| {
        let Values::F32(values) = &mut tensor(f, "rec->rec.W").values else { panic!() };
        values[8] = f32::NAN;
    };
    has(said(nan), &["`rec->rec.W`[1, 2] is NaN"]);
    has(said(|f| f.metadata.clear()), &["no `attractor`", "docs/model-file.md"]);
    has(said(|f| drop(f.metadata.insert("format".into(), "pt".into()))), &["`pt`", "reads `1`"]);
    has(said(|f| describe(f, "\"units\": 6", "\"unit\": 6")), &["unknown field `unit`"]);
    has(said(|f| describe(f, "rec.I", "rec.J")), &["`rec.J` does not exist", "`rec.I`"]);
    has(said(|f| describe(f, "+ I)/tau", "+ I)/tua")), &["`rec`", "tua"]);
    has(said(|f| describe(f, "\"units\": 6", "\"units\": 999999999999")), &["units of `rec`"]);
    let range = |f: &mut TensorFile| {
        describe(f, "\"unit\": \"ms\"", "\"unit\": \"ms\", \"range\": [1.0, \"inf\"]");
        tensor(f, "rec.tau").values = Values::F32(vec![-3.0]);
    };
    has(said(range), &["`rec.tau`[0] is -3", "allows 1 to inf"]);
}

#[test]
fn types_that_are_not_read_are_named() {
    // one tensor of four bytes, as unsigned integers
    let header = br#"{"rec.tau":{"dtype":"U32","shape":[1],"data_offsets":[0,4]}}    "#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header);
    bytes.extend_from_slice(&[0; 4]);
    let said = load_bytes(&bytes).unwrap_err().to_string();
    assert!(said.contains("`rec.tau` holds U32; F32 or F64 expected"), "{said}");
}

#[test]
fn no_mask_is_larger_than_the_file() {
    let mut file = TensorFile::from_bytes(Path::new("m"), &python()).unwrap();
    describe(&mut file, "\"units\": 6", "\"units\": 16000000");
    let dense = r#"{"kind": "dense", "law": {"kind": "gaussian", "gain": 1.0}}"#;
    describe(&mut file, dense, &dense.replace("\"dense\"", "\"masked\", \"density\": 0.5"));
    let said = load_bytes(&file.bytes()).unwrap_err().to_string();
    assert!(said.contains("places of the mask"), "{said}");
}
