//! A neuron typed in TOML is a citizen like any other.

mod common;

use std::sync::Arc;

use attractor_equations::Neuron;
use attractor_network::library::NoisePlace;
use attractor_network::*;
use common::*;

/// Three states, two drives, two emissions, a trained parameter per unit: nobody has seen it.
const UNSEEN: &str = r#"
name = "resonator-with-fatigue"
drives = ["I", "M"]
equations = [
    "dv/dt = (-v - w + I)/tau",
    "dw/dt = (v - 0.3*w)/30 + 0.02*M",
    "f[t+1] = 0.9*f + 0.1*sigmoid(after(v))",
    "r = tanh(after(v)) * (1 - 0.5*after(f))",
    "s = softplus(w - v)",
]
[parameters.tau]
default = 4.0
unit = "ms"
per_unit = true
trained = true
range = [1.5, 50.0]
"#;

const LEAKY: &str = r#"
name = "typed"
drives = ["I"]
equations = ["dx/dt = (-x + I)/tau + sigma*xi/dt", "r = tanh(after(x))"]
[parameters]
tau = 100.0
sigma = 0.05
[noise]
xi = "normal"
"#;

#[test]
fn an_unseen_neuron_does_everything() {
    let neuron = Neuron::from_toml(UNSEEN, "unseen.toml").unwrap();
    let (_, dense) = &wirings()[0];
    let mut description = description(&neuron, dense, dense);
    description.projections.iter_mut().for_each(|p| p.lag = p.lag.min(1));
    description.projections.iter_mut().for_each(|p| p.from = p.from.replace("rec.s", "rec.r"));
    let network = Arc::new(Network::new(description).unwrap());
    let mut engine = engine::<f64>(&network);
    let parameters = network.initial_parameters(1);
    let (trials, noise) = (trials(15, 3), NoiseSource::off());
    let signals = network.signals();
    assert_eq!(
        signals.iter().map(|&s| network.signal_name(s)).collect::<Vec<_>>(),
        ["rec.r", "rec.s", "rec.v", "rec.w", "rec.f", "out.y"]
    );
    let none = Interventions::default();
    let values = engine.run(&parameters, &trials, noise, &none, &signals).unwrap();
    assert!(values.iter().all(|v| v.iter().any(|x| *x != 0.0)));

    // VJP, JVP and differences of the same loss along one direction
    let loss = Quadratic { signals: signals.clone() };
    let mut gradient = vec![0.0; parameters.len()];
    engine.gradient(&parameters, &trials, &loss, noise, None, &mut gradient).unwrap();
    let direction: Vec<f64> = (0..parameters.len()).map(|i| number(i + 5)).collect();
    let reverse: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
    let mut at = |h: f64| {
        let moved: Vec<f64> = parameters.iter().zip(&direction).map(|(p, d)| p + h * d).collect();
        engine.gradient(&moved, &trials, &loss, noise, None, &mut gradient).unwrap()
    };
    let h = 1e-4;
    let numeric = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
    assert!((numeric - reverse).abs() < 1e-7 * numeric.abs(), "{numeric} and {reverse}");
    let moved = Direction { parameters: Some(direction), start: None };
    let (_, tangents) = engine.jvp(&parameters, &trials, noise, &[moved], &signals).unwrap();
    let mut forward = 0.0;
    for (k, (tangent, value)) in tangents[0].iter().zip(&values).enumerate() {
        for ((t, b, unit), d) in tangent.indexed_iter() {
            let place = ((k * 64 + t) * 64 + b) * 64 + unit;
            forward += number(place).abs() * (value[[t, b, unit]] + number(place + 1)) * d;
        }
    }
    assert!((forward - reverse).abs() < 1e-9 * reverse.abs(), "{forward} and {reverse}");

    // w is heard by no projection: the diagonal of its Jacobian is its leak, 1 - 0.3/30
    let mut one = common::trials(1, 1);
    one.start = Some(ndarray::Array2::zeros((1, 2)));
    let jacobian = engine.jacobian(&parameters, &one, &[0.1; 3 * UNITS]).unwrap();
    for unit in 0..UNITS {
        let w = UNITS + unit;
        assert!((jacobian[[w, w]] - 0.99).abs() < 1e-12);
    }
}

#[test]
fn typed_leaky_gives_the_bits_of_the_library() {
    let typed = Neuron::from_toml(LEAKY, "typed.toml").unwrap();
    let built = library::leaky(library::Nonlinearity::Tanh, NoisePlace::Outside).unwrap();
    let gradient = |neuron: &Neuron| {
        let (_, dense) = &wirings()[0];
        let network = Arc::new(Network::new(description(neuron, dense, dense)).unwrap());
        let parameters: Vec<f32> =
            network.initial_parameters(1).iter().map(|&p| p as f32).collect();
        let entries = network.layout().entries().to_vec();
        let loss = Quadratic { signals: vec![network.signal("out.y").unwrap()] };
        let noise = NoiseSource { seed: 4, epoch: 2, on: true };
        let mut gradient = vec![0.0; parameters.len()];
        let value = engine::<f32>(&network)
            .gradient(&parameters, &trials(50, 9), &loss, noise, None, &mut gradient)
            .unwrap();
        let mut named: Vec<(String, Vec<f32>)> =
            entries.iter().map(|e| (e.name.clone(), gradient[e.range.clone()].to_vec())).collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        (value.to_bits(), named)
    };
    assert_eq!(gradient(&typed), gradient(&built));
}
