//! A neuron as text: read or refused, never a panic; what is read comes back from its own text.

#![no_main]

use attractor_equations::{Integrator, Neuron};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(neuron) = Neuron::from_toml(text, "fuzz.toml") else { return };
    let again = neuron.to_text();
    let read = Neuron::parse(&again, "again").expect("its own text is read");
    assert_eq!(read.to_text(), again, "its own text comes back");
    for integrator in [Integrator::Euler, Integrator::ExponentialEuler] {
        let _ = neuron.step(integrator);
    }
    let _ = (neuron.at_rest(), neuron.latex(), neuron.symbols());
});
