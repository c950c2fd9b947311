//! Structured wirings in model files: the same bits, the same constraints, forbidden weights refused.

#[path = "../../network/tests/common/mod.rs"]
mod networks;

use std::sync::Arc;

use attractor_interop::*;
use attractor_network::*;
use networks::*;

fn network(wiring: &Wiring) -> Arc<Network> {
    let neuron = library::elman(library::Nonlinearity::Tanh).unwrap();
    Arc::new(Network::new(description(&neuron, wiring, &wirings()[0].1)).unwrap())
}

#[test]
fn every_wiring_comes_back_with_the_same_bits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    for (name, wiring) in wirings().into_iter().chain(within_a_population()) {
        let network = network(&wiring);
        let start = network.initial_parameters(1);
        let parameters: Vec<f32> = start.iter().map(|&p| p as f32).collect();
        save(&path, &network, &parameters).unwrap();
        let model = load(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(model.network.description(), network.description(), "{name}");
        assert_eq!(model.network.layout(), network.layout(), "{name}: masks, signs and places");
        assert_eq!(model.parameters_in::<f32>(), parameters, "{name}");
        let signals = [network.signal("out.y").unwrap()];
        let (trials, noise) = (trials(9, 3), NoiseSource { seed: 1, epoch: 0, on: true });
        let none = Interventions::default();
        let [a, b] = [&network, &Arc::new(model.network)].map(|network| {
            engine::<f32>(network).run(&parameters, &trials, noise, &none, &signals).unwrap()
        });
        assert_eq!(a, b, "{name}");
    }
}

#[test]
fn what_a_wiring_forbids_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    let dense = || Wiring::Dense { law: gaussian() };
    let said = |wiring: Wiring, change: &dyn Fn(&mut [f64])| {
        let network = network(&wiring);
        let mut parameters = network.initial_parameters(1);
        change(network.layout().array_mut("rec0.W", &mut parameters).unwrap());
        save(&path, &network, &parameters).unwrap();
        load(&path).unwrap_err().to_string()
    };
    let masked = dense().within(Mask::Pairs { pairs: vec![[0, 1]] });
    let error = said(masked, &|w| w[5] = 0.5);
    assert!(
        error.contains("tensor `rec0.W`[0, 5] is 0.5; the wiring has no connection"),
        "{error}"
    );
    let signed = dense().signed(Sign::Inhibitory, Hold::Clip);
    let error = said(signed, &|w| w[8] = 0.25);
    assert!(error.contains("tensor `rec0.W`[1, 1] is 0.25; the wiring has no positive"), "{error}");
}
