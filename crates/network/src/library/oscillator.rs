//! The harmonic oscillator as a unit.

use attractor_equations::{Neuron, NeuronError};

/// Damped harmonic oscillator, driven through a saturation: `d²x/dt² = α tanh(I + g R) - 2γ dx/dt - ω² x`.
///
/// `dy/dt = α tanh(I + g R) - 2γ y - ω² x`, then `dx/dt = y` with the new y: symplectic Euler with the
/// integrator `euler`. The velocity y drives the others, by the drive `R`; `g` is `1/√N` in the paper.
/// Alone it resonates at `√(ω² - 2γ²)` with the gain `α/(2γ √(ω² - γ²))`; the poles of a step have the
/// modulus `√(1 - 2γ dt)` (Effenberger, Carvalho, Dubinin & Singer 2025, doi:10.1073/pnas.2412830122).
///
/// # Errors
/// None.
pub fn horn() -> Result<Neuron, NeuronError> {
    Neuron::define("horn", |n| {
        n.doc("damped harmonic oscillator that drives others by its velocity");
        n.source("Effenberger, Carvalho, Dubinin & Singer 2025, doi:10.1073/pnas.2412830122");
        let y = n.state("y").doc("velocity");
        let x = n.state("x").doc("displacement");
        let i = n.drive("I").doc("external input");
        let r = n.drive("R").doc("recurrent input");
        let omega = n.param("omega", std::f64::consts::TAU / 28.0).unit("1/ms");
        let omega = omega.doc("natural frequency, radians per ms").range(1e-6, f64::INFINITY);
        let gamma = n.param("gamma", 0.01).unit("1/ms").doc("damping").range(0.0, f64::INFINITY);
        let alpha = n.param("alpha", 0.04).doc("size of the drive").range(0.0, f64::INFINITY);
        let g = n.param("g", 1.0).doc("scale of the recurrent input");
        // the period resolved by at least π steps: |2 - 2γ dt - ω² dt²| < 2 - 2γ dt up to ω dt = 2
        n.require(n.constant(2.0), omega * n.dt());
        n.flow(y, alpha * (i + g * r).tanh() - 2.0 * gamma * y - omega * omega * x);
        n.flow(x, n.after(y));
        n.emit("y", n.after(y));
        n.emit("x", n.after(x));
    })
}
