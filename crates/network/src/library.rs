//! The neuron library. Every neuron is the same machinery: equations, nothing else.

use attractor_equations::{Neuron, NeuronError, Surrogate};

mod adaptive;
mod biological;
mod gain;
mod gates;
mod leaky;
mod nonlinearity;
mod oscillator;
mod ports;
mod spiking;

pub use adaptive::{alif_learned, mat};
pub use biological::{adex, escape, izhikevich};
pub use gain::{adapting, gamma, gamma_driven, plastic};
pub use gates::{gated, gru, lstm};
pub use leaky::{NoisePlace, elman, leaky, rate};
pub use nonlinearity::Nonlinearity;
pub use oscillator::horn;
pub use ports::{Ports, ports};
pub use spiking::{Input, Lif, Reset, leaky_readout, lif};

/// Readout: `y = I`.
///
/// # Errors
/// None.
pub fn linear() -> Result<Neuron, NeuronError> {
    Neuron::define("linear", |n| {
        n.doc("linear readout");
        n.emit("y", n.drive("I").doc("summed input"));
    })
}

/// Names of all neurons, those of leaky units once per nonlinearity.
pub fn names() -> Vec<String> {
    let each = |prefix: &str| {
        Nonlinearity::ALL.iter().map(|(name, _)| format!("{prefix}-{name}")).collect::<Vec<_>>()
    };
    let mut names = each("leaky");
    names.extend(each("rate"));
    names.extend(["elman", "elman-relu", "gru", "lstm", "gated"].map(str::to_owned));
    names.extend(["gamma", "gamma-driven", "adapting", "plastic", "horn"].map(str::to_owned));
    names.extend(spiking::KINDS.map(|(name, _)| name.to_owned()));
    let spiking = ["alif-learned", "mat", "izhikevich", "adex", "escape"];
    names.extend(spiking.map(str::to_owned));
    names.extend(["linear", "li", "li-current"].map(str::to_owned));
    names
}

/// A neuron by name; noise concerns leaky units only.
pub fn neuron(name: &str, noise: NoisePlace) -> Option<Result<Neuron, NeuronError>> {
    spiking_as(name, noise, None)
}

/// A neuron by name, its spikes differentiated as a surrogate of choice; without one, as its source does.
/// Neurons that do not spike, and `escape`, have no choice.
pub fn spiking_as(
    name: &str,
    noise: NoisePlace,
    surrogate: Option<Surrogate>,
) -> Option<Result<Neuron, NeuronError>> {
    let phi = |name: &str| Nonlinearity::ALL.iter().find(|(n, _)| *n == name).map(|(_, phi)| *phi);
    if let Some(phi) = name.strip_prefix("leaky-").and_then(phi) {
        return Some(leaky(phi, noise));
    }
    if let Some(phi) = name.strip_prefix("rate-").and_then(phi) {
        return Some(rate(phi, noise));
    }
    if let Some((_, kind)) = spiking::KINDS.iter().find(|(kind, _)| *kind == name) {
        return Some(lif(name, &Lif { surrogate, ..*kind }));
    }
    match name {
        "elman" => Some(elman(Nonlinearity::Tanh)),
        "elman-relu" => Some(elman(Nonlinearity::Relu)),
        "gru" => Some(gru()),
        "lstm" => Some(lstm()),
        "gated" => Some(gated()),
        "gamma" => Some(gamma()),
        "gamma-driven" => Some(gamma_driven()),
        "adapting" => Some(adapting()),
        "plastic" => Some(plastic()),
        "horn" => Some(horn()),
        "alif-learned" => Some(alif_learned(surrogate)),
        "mat" => Some(mat(surrogate)),
        "izhikevich" => Some(izhikevich(surrogate)),
        "adex" => Some(adex(surrogate)),
        "escape" => Some(escape()),
        "linear" => Some(linear()),
        "li" => Some(leaky_readout(Input::Charge)),
        "li-current" => Some(leaky_readout(Input::Current)),
        _ => None,
    }
}

/// The neuron of a network that asks for none.
pub const DEFAULT: &str = "leaky-tanh";

/// The neuron of readouts: it emits `y` from the drive `I`.
///
/// # Errors
/// None.
pub fn readout() -> Result<Neuron, NeuronError> {
    linear()
}
