//! Rate units: leaky, the nonlinearity outside or inside the leak, and without a leak.

use attractor_equations::{Definition, Neuron, NeuronError, Scalar};

use super::nonlinearity::Nonlinearity;

/// Where noise enters a leaky unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoisePlace {
    /// None.
    #[default]
    None,
    /// Added to the drive as white noise: `+ √(2 dt/τ) σ ξ` a step, stationary sd ≈ σ
    /// (Yang et al. 2019, doi:10.1038/s41593-018-0310-2).
    Inside,
    /// Added to the state: `+ σ ξ` a step, whatever dt (Valente, Pillow & Ostojic 2022, arXiv:2110.09804).
    Outside,
}

/// The drive, with noise inside the leak if that is asked for.
fn noisy<'n>(n: &'n Definition, place: NoisePlace, i: Scalar<'n>, tau: Scalar<'n>) -> Scalar<'n> {
    if place != NoisePlace::Inside {
        return i;
    }
    let sigma = n.param("sigma", 0.05).range(0.0, f64::INFINITY);
    let sigma = sigma.doc("stationary standard deviation of the noise");
    i + sigma * n.noise("xi").doc("noise of the drive") * (2.0 * tau / n.dt()).sqrt()
}

/// The field, with noise outside the leak if that is asked for.
fn shaken<'n>(n: &'n Definition, place: NoisePlace, field: Scalar<'n>) -> Scalar<'n> {
    if place != NoisePlace::Outside {
        return field;
    }
    let sigma = n.param("sigma", 0.05).range(0.0, f64::INFINITY);
    let sigma = sigma.doc("standard deviation of the noise added each step");
    field + sigma * n.noise("xi").doc("noise of the state") / n.dt()
}

/// Leaky unit with the nonlinearity outside the leak: `τ dx/dt = -x + I`, `r = φ(x)`.
///
/// The state is a current, the emission a rate (Sompolinsky, Crisanti & Sommers 1988,
/// doi:10.1103/PhysRevLett.61.259).
///
/// # Errors
/// None for the nonlinearities here.
pub fn leaky(phi: Nonlinearity, place: NoisePlace) -> Result<Neuron, NeuronError> {
    Neuron::define(&format!("leaky-{}", phi.name()), |n| {
        n.doc("leaky rate unit, nonlinearity outside the leak: the state is a current");
        n.source("Sompolinsky, Crisanti & Sommers 1988, doi:10.1103/PhysRevLett.61.259");
        let x = n.state("x").doc("current");
        let i = n.drive("I").doc("summed input");
        let tau = n.param("tau", 100.0).unit("ms").doc("time constant").range(1e-3, f64::INFINITY);
        n.flow(x, shaken(n, place, (noisy(n, place, i, tau) - x) / tau));
        n.emit("r", phi.of(n, n.after(x)));
    })
}

/// Leaky unit with the nonlinearity inside the leak: `τ dr/dt = -r + φ(I)`.
///
/// The state is the rate itself (Wilson & Cowan 1972; Song, Yang & Wang 2016,
/// doi:10.1371/journal.pcbi.1004792; Yang et al. 2019). Noise inside stands within φ there.
///
/// # Errors
/// None for the nonlinearities here.
pub fn rate(phi: Nonlinearity, place: NoisePlace) -> Result<Neuron, NeuronError> {
    Neuron::define(&format!("rate-{}", phi.name()), |n| {
        n.doc("leaky rate unit, nonlinearity inside the leak: the state is the rate");
        n.source("Yang et al. 2019, doi:10.1038/s41593-018-0310-2");
        let x = n.state("x").doc("rate");
        let i = n.drive("I").doc("summed input");
        let tau = n.param("tau", 100.0).unit("ms").doc("time constant").range(1e-3, f64::INFINITY);
        let rate = phi.of(n, noisy(n, place, i, tau));
        n.flow(x, shaken(n, place, (rate - x) / tau));
        n.emit("r", n.after(x));
    })
}

/// Discrete Elman unit: `h[t+1] = φ(I)` (Elman 1990, doi:10.1207/s15516709cog1402_1).
///
/// # Errors
/// None for the nonlinearities here.
pub fn elman(phi: Nonlinearity) -> Result<Neuron, NeuronError> {
    let name =
        if phi == Nonlinearity::Tanh { "elman".into() } else { format!("elman-{}", phi.name()) };
    Neuron::define(&name, |n| {
        n.doc("discrete unit without leak");
        n.source("Elman 1990, doi:10.1207/s15516709cog1402_1");
        let h = n.state("h").doc("activity");
        n.next(h, phi.of(n, n.drive("I").doc("summed input")));
        n.emit("h", n.after(h));
    })
}
