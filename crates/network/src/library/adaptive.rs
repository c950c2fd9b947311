//! Spiking units with thresholds on several time scales, learned or measured.

use attractor_equations::{Neuron, NeuronError, Surrogate};

use super::spiking::{decay, unless_refractory};

/// Adaptive LIF whose time constants are learned, one of each per unit.
///
/// `η' = ρ η + (1 - ρ) z`, `θ = b₀ + β η'`, `u' = α u + (1 - α) I - θ z`, `z' = [u' > θ]`, with
/// `α = e^(-dt/τ_m)`, `ρ = e^(-dt/τ_adp)`. Gradients go through u, θ and η, the reset included
/// (Yin, Corradi & Bohté 2021, doi:10.1038/s42256-021-00397-w).
///
/// # Errors
/// None.
pub fn alif_learned(surrogate: Option<Surrogate>) -> Result<Neuron, NeuronError> {
    Neuron::define("alif-learned", |n| {
        n.doc("adaptive leaky integrate-and-fire unit whose time constants are learned per unit");
        n.source("Yin, Corradi & Bohté 2021, doi:10.1038/s42256-021-00397-w");
        let u = n.state("u").doc("membrane potential");
        let eta = n.state("eta").initial(0.01).doc("adaptation: mean of recent spikes");
        let z = n.state("z").doc("spike of this step, 0 or 1");
        let i = n.drive("I").doc("summed input");
        let tau = |name: &str, default: f64, doc: &str| {
            let tau = n.param(name, default).unit("ms").doc(doc).per_unit().trained();
            let tau = tau.range(1.0, f64::INFINITY);
            n.require(tau, n.dt());
            (-(n.dt() / tau)).exp()
        };
        let alpha = tau("tau_m", 20.0, "membrane time constant");
        let rho = tau("tau_adp", 200.0, "time constant of adaptation");
        let b = n.param("b", 0.01).doc("threshold at rest");
        let beta = n.param("beta", 1.8).doc("weight of adaptation; 0 for none");
        n.next(eta, rho * eta + (1.0 - rho) * z);
        let theta = n.named("theta", b + beta * n.after(eta));
        n.next(u, alpha * u + (1.0 - alpha) * i - theta * z);
        let surrogate = surrogate.unwrap_or(Surrogate::MultiGaussian);
        n.next(z, (n.after(u) - theta).spike_as(surrogate, n.constant(1.0)));
        n.emit("z", n.after(z));
    })
}

/// Unit whose threshold has two time scales and whose membrane is not reset.
///
/// `v' = α v + (1 - α) R I`, threshold `ω + h₁ + h₂`, `h_k' = e^(-dt/τ_k) (h_k + α_k z)`, with a
/// refractory period (Kobayashi, Tsubo & Shinomoto 2009, doi:10.3389/neuro.10.009.2009).
///
/// # Errors
/// None.
pub fn mat(surrogate: Option<Surrogate>) -> Result<Neuron, NeuronError> {
    Neuron::define("mat", |n| {
        n.doc("unit with a threshold that adapts on two time scales, membrane without reset");
        n.source("Kobayashi, Tsubo & Shinomoto 2009, doi:10.3389/neuro.10.009.2009");
        let v = n.state("v").unit("mV").doc("membrane potential above rest");
        let h1 = n.state("h1").unit("mV").doc("fast adaptation of the threshold");
        let h2 = n.state("h2").unit("mV").doc("slow adaptation of the threshold");
        let z = n.state("z").doc("spike of this step, 0 or 1");
        let i = n.drive("I").unit("nA").doc("summed input");
        let alpha = decay(n, "tau", 5.0, "membrane time constant");
        let rho1 = decay(n, "tau1", 10.0, "time constant of fast adaptation");
        let rho2 = decay(n, "tau2", 200.0, "time constant of slow adaptation");
        let r = n.param("R", 50.0).unit("MOhm").doc("membrane resistance");
        let rise1 = n.param("alpha1", 37.0).unit("mV").doc("rise of fast adaptation by a spike");
        let rise2 = n.param("alpha2", 2.0).unit("mV").doc("rise of slow adaptation by a spike");
        let omega = n.param("omega", 19.0).unit("mV").doc("threshold at rest, above rest");
        n.next(v, alpha * v + (1.0 - alpha) * r * i);
        n.next(h1, rho1 * (h1 + rise1 * z));
        n.next(h2, rho2 * (h2 + rise2 * z));
        let distance = n.after(v) - omega - n.after(h1) - n.after(h2);
        let surrogate = surrogate.unwrap_or(Surrogate::Triangular);
        let gamma = n.param("gamma", 0.3).doc("height of the surrogate derivative");
        let spike = (distance / omega.range(1e-6, f64::INFINITY)).spike_as(surrogate, gamma);
        n.next(z, unless_refractory(n, spike, z));
        n.emit("z", n.after(z));
    })
}
