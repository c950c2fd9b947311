//! Gated units.

use attractor_equations::{Neuron, NeuronError};

/// Gated recurrent unit, reset after the product (Cho et al. 2014, arXiv:1406.1078; the convention
/// of PyTorch and cuDNN).
///
/// `r = σ(I_r)`, `z = σ(I_z)`, `n = tanh(I_n + r H_n)`, `h = (1 - z) n + z h`. Recurrent projections
/// go to `I_r`, `I_z` and `H_n`, inputs to `I_r`, `I_z` and `I_n`.
///
/// # Errors
/// None.
pub fn gru() -> Result<Neuron, NeuronError> {
    Neuron::define("gru", |n| {
        n.doc("gated recurrent unit, reset after the product");
        n.source("Cho et al. 2014, arXiv:1406.1078; PyTorch's convention");
        let h = n.state("h").doc("activity");
        let i_r = n.drive("I_r").doc("input of the reset gate");
        let i_z = n.drive("I_z").doc("input of the update gate");
        let i_n = n.drive("I_n").doc("external input of the candidate");
        let h_n = n.drive("H_n").doc("recurrent input of the candidate, scaled by the reset gate");
        let (r, z) = (i_r.sigmoid(), i_z.sigmoid());
        let candidate = (i_n + r * h_n).tanh();
        n.next(h, candidate + z * (h - candidate));
        n.emit("h", n.after(h));
    })
}

/// Long short-term memory (Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget
/// gate: Gers et al. 2000).
///
/// `c = σ(I_f) c + σ(I_i) tanh(I_g)`, `h = σ(I_o) tanh(c)`; the state `h` is kept so that it can be given.
///
/// # Errors
/// None.
pub fn lstm() -> Result<Neuron, NeuronError> {
    Neuron::define("lstm", |n| {
        n.doc("long short-term memory with forget gate");
        n.source("Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; Gers et al. 2000");
        let h = n.state("h").doc("activity");
        let c = n.state("c").doc("cell");
        let i_i = n.drive("I_i").doc("input of the input gate");
        let i_f = n.drive("I_f").doc("input of the forget gate");
        let i_g = n.drive("I_g").doc("input of the candidate");
        let i_o = n.drive("I_o").doc("input of the output gate");
        n.next(c, i_f.sigmoid() * c + i_i.sigmoid() * i_g.tanh());
        n.next(h, i_o.sigmoid() * n.after(c).tanh());
        n.emit("h", n.after(h));
    })
}

/// Continuous gated neuron (Krishnamurthy, Can & Schwab 2022, doi:10.1103/PhysRevX.12.011011).
///
/// `dh/dt = σ_z(z)(-h + H)`, `τ_z dz/dt = -z + Z`, `τ_r dr/dt = -r + R`; it emits `phi = tanh(g h + β)`,
/// which drives z and r, and `gated = phi σ_r(r)`, which drives h; `σ_a(x) = 1/(1 + e^(-αx + β))`.
/// Both are read before the step: they belong to one time.
///
/// # Errors
/// None.
pub fn gated() -> Result<Neuron, NeuronError> {
    Neuron::define("gated", |n| {
        n.doc(
            "continuous gated neuron: an update gate sets its time scale, an output gate its gain",
        );
        n.source("Krishnamurthy, Can & Schwab 2022, doi:10.1103/PhysRevX.12.011011");
        let (h, z, r) = (
            n.state("h").doc("activity"),
            n.state("z").doc("update gate"),
            n.state("r").doc("output gate"),
        );
        let (hi, zi, ri) = (
            n.drive("H").doc("input of the activity"),
            n.drive("Z").doc("input of the update gate"),
            n.drive("R").doc("input of the output gate"),
        );
        let tau = n
            .param("tau", 1.0)
            .unit("ms")
            .doc("time unit of the activity")
            .range(1e-6, f64::INFINITY);
        let tau_z = n
            .param("tau_z", 1.0)
            .unit("ms")
            .doc("time constant of the update gate")
            .range(1e-6, f64::INFINITY);
        let tau_r = n
            .param("tau_r", 1.0)
            .unit("ms")
            .doc("time constant of the output gate")
            .range(1e-6, f64::INFINITY);
        let (g, beta) = (n.param("g_h", 1.0).doc("gain"), n.param("beta_h", 0.0).doc("offset"));
        let (alpha_z, beta_z) = (
            n.param("alpha_z", 1.0).doc("slope of the update gate"),
            n.param("beta_z", 0.0).doc("offset"),
        );
        let (alpha_r, beta_r) = (
            n.param("alpha_r", 1.0).doc("slope of the output gate"),
            n.param("beta_r", 0.0).doc("offset"),
        );
        n.flow(h, (alpha_z * z - beta_z).sigmoid() * (hi - h) / tau);
        n.flow(z, (zi - z) / tau_z);
        n.flow(r, (ri - r) / tau_r);
        let phi = (g * n.after(h) + beta).tanh();
        n.emit("phi", phi);
        n.emit("gated", phi * (alpha_r * n.after(r) - beta_r).sigmoid());
    })
}
