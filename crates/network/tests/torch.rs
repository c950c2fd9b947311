//! RNN, GRU and LSTM against PyTorch on random weights: outputs and gradients of every parameter.
//!
//! The constants were made by `benches/peers/torch_reference.py`, in double precision. Inputs and
//! initial states pass through the single precision of trials: agreement is to 1e-6.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use attractor_data::Trials;
use attractor_equations::Neuron;
use attractor_network::*;
use attractor_numerics::law::Law;
use ndarray::{Array2, Array3};
use serde_json::Value;

/// An array of any depth as flat numbers.
fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

/// `Σ cotangent · h`.
struct Given {
    signals: Vec<SignalId>,
    cotangent: Array3<f64>,
}

impl Loss<f64> for Given {
    fn signals(&self) -> &[SignalId] {
        &self.signals
    }

    fn evaluate(
        &self,
        part: &Part,
        signals: &[SignalView<'_, f64>],
        cotangents: &mut [SignalViewMut<'_, f64>],
    ) -> f64 {
        let mut value = 0.0;
        for (step, t) in part.steps.clone().enumerate() {
            for (trial, b) in part.trials.clone().enumerate() {
                for unit in 0..signals[0].units {
                    let c = self.cotangent[[t, b, unit]];
                    value += c * signals[0].row(step, trial)[unit];
                    cotangents[0].row(step, trial)[unit] += c;
                }
            }
        }
        value
    }
}

fn close(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (k, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() < 1e-6 * e.abs().max(1.0), "{name}[{k}]: {f} and PyTorch's {e}");
    }
}

/// Compares one cell. Gate k of PyTorch's stacked weights goes to the drives `inputs[k]` and
/// `recurrent[k]`; a drive that has both takes the sum of both biases.
fn compare(cell: &str, neuron: Neuron, inputs: &[&str], recurrent: &[&str]) {
    let text = include_str!("data/torch_reference.json");
    let reference: Value = serde_json::from_str(text).unwrap();
    let reference = &reference["cells"][cell];
    let get = |name: &str| flat(&reference[name]);
    let (outputs, given) = (get("outputs"), get("inputs"));
    let units = reference["weight_hh"][0].as_array().unwrap().len();
    let channels = reference["weight_ih"][0].as_array().unwrap().len();
    let steps = reference["inputs"].as_array().unwrap().len();
    let trials = reference["inputs"][0].as_array().unwrap().len();
    let states = neuron.states.len();

    let zero = || Law::Constant { value: 0.0 };
    let wired = || Start::Wired { inputs: states * units, law: zero() };
    let population = |name: &str, units, neuron: Option<&Neuron>| Population {
        neuron: neuron.map(Neuron::to_text),
        bias: neuron.map_or_else(BTreeMap::new, |n| {
            n.drives.iter().map(|d| (d.name.clone(), zero())).collect()
        }),
        start: neuron.map_or_else(BTreeMap::new, |n| {
            n.states.iter().map(|s| (s.symbol.name.clone(), wired())).collect()
        }),
        ..Population::input(name, units)
    };
    let projection = |name: String, from: &str, to: &str, lag| Projection {
        name: Some(name),
        from: from.into(),
        to: format!("rec.{to}"),
        lag,
        wiring: Wiring::Dense { law: zero() },
        trained: true,
    };
    let ends = inputs.iter().map(|d| projection(format!("in.{d}"), "in.u", d, 0));
    let inner = recurrent.iter().map(|d| projection(format!("rec.{d}"), "rec.h", d, 1));
    let populations =
        vec![population("in", channels, None), population("rec", units, Some(&neuron))];
    let network = Network::new(Description::new(1.0, populations, ends.chain(inner).collect()));
    let network = Arc::new(network.unwrap());

    let mut parameters = network.initial_parameters(1);
    let mut set = |name: String, values: &[f64]| {
        let range = network.layout().get(&name).unwrap().range.clone();
        range.zip(values).for_each(|(i, &value)| parameters[i] += value);
    };
    let gate = |values: &[f64], k: usize, width: usize| {
        values[k * units * width..(k + 1) * units * width].to_vec()
    };
    for (k, (input, inner)) in inputs.iter().zip(recurrent).enumerate() {
        set(format!("in.{input}.W"), &gate(&get("weight_ih"), k, channels));
        set(format!("rec.{inner}.W"), &gate(&get("weight_hh"), k, units));
        set(format!("rec.{input}.bias"), &gate(&get("bias_ih"), k, 1));
        set(format!("rec.{inner}.bias"), &gate(&get("bias_hh"), k, 1));
    }
    // start vectors are [h, c], copied to the states
    let mut start = Array2::zeros((trials, states * units));
    for (k, name) in ["initial_hidden", "initial_cell"].iter().take(states).enumerate() {
        let values = get(name);
        for ((b, i), value) in start.indexed_iter_mut() {
            if i / units == k {
                *value = values[b * units + i % units] as f32;
            }
        }
        let state = &neuron.states[k].symbol.name;
        let identity: Vec<f64> = (0..units * states * units)
            .map(|i| f64::from(u8::from(i % (states * units) == k * units + i / (states * units))))
            .collect();
        set(format!("rec.{state}.start"), &identity);
    }
    let batch = Array3::from_shape_fn((steps, trials, channels), |(t, b, c)| {
        given[(t * trials + b) * channels + c] as f32
    });
    let mut batch = Trials::new(1.0, batch).unwrap();
    batch.start = Some(start);

    let mut engine = common::engine::<f64>(&network);
    let signal = network.signal("rec.h").unwrap();
    let none = Interventions::default();
    let found = engine.run(&parameters, &batch, NoiseSource::off(), &none, &[signal]).unwrap();
    close("outputs", found[0].as_standard_layout().as_slice().unwrap(), &outputs);

    let cotangent = Array3::from_shape_vec((steps, trials, units), get("cotangent")).unwrap();
    let loss = Given { signals: vec![signal], cotangent };
    let mut gradient = vec![0.0; parameters.len()];
    engine.gradient(&parameters, &batch, &loss, NoiseSource::off(), None, &mut gradient).unwrap();
    let of = |name: String| gradient[network.layout().get(&name).unwrap().range.clone()].to_vec();
    let expected = |name: &str| flat(&reference["gradients"][name]);
    for (k, (input, inner)) in inputs.iter().zip(recurrent).enumerate() {
        close(
            "weight_ih",
            &of(format!("in.{input}.W")),
            &gate(&expected("weight_ih"), k, channels),
        );
        close("weight_hh", &of(format!("rec.{inner}.W")), &gate(&expected("weight_hh"), k, units));
        close("bias_ih", &of(format!("rec.{input}.bias")), &gate(&expected("bias_ih"), k, 1));
        close("bias_hh", &of(format!("rec.{inner}.bias")), &gate(&expected("bias_hh"), k, 1));
    }
    // the start's weights see the outer product of each trial's cotangent and start vector
    for (k, name) in ["initial_hidden", "initial_cell"].iter().take(states).enumerate() {
        let (cotangents, start) = (expected(name), batch.start.as_ref().unwrap());
        let outer: Vec<f64> = (0..units * states * units)
            .map(|i| {
                let (unit, j) = (i / (states * units), i % (states * units));
                (0..trials).map(|b| cotangents[b * units + unit] * f64::from(start[[b, j]])).sum()
            })
            .collect();
        close(name, &of(format!("rec.{}.start", neuron.states[k].symbol.name)), &outer);
    }
}

#[test]
fn elman() {
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    compare("rnn_tanh", neuron, &["I"], &["I"]);
}

#[test]
fn gru() {
    compare("gru", library::gru().unwrap(), &["I_r", "I_z", "I_n"], &["I_r", "I_z", "H_n"]);
}

#[test]
fn lstm() {
    let gates = ["I_i", "I_f", "I_g", "I_o"];
    compare("lstm", library::lstm().unwrap(), &gates, &gates);
}
