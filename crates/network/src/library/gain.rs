//! Rate units whose input-output function adapts: two-parameter nonlinearity, adaptation, plastic synapses.

use attractor_equations::{Neuron, NeuronError, Scalar};

/// `γ(x; n, s) = (1 - s) softplus(n x)/n + s sigmoid(n x)`: from a rectifier (s = 0) to a saturating
/// function (s = 1), with gain n.
fn gamma_of<'n>(x: Scalar<'n>, n: Scalar<'n>, s: Scalar<'n>) -> Scalar<'n> {
    (1.0 - s) * ((n * x).softplus() / n) + s * (n * x).sigmoid()
}

const GEADAH: &str = "Geadah, Horoi, Kerg, Wolf & Lajoie 2024, doi:10.1371/journal.pcbi.1012567";

/// Discrete unit with the two-parameter nonlinearity: `h[t+1] = γ(I; n, s)` (Geadah et al. 2024,
/// doi:10.1371/journal.pcbi.1012567). Gain and saturation are fixed unless they are said to be trained.
///
/// # Errors
/// None.
pub fn gamma() -> Result<Neuron, NeuronError> {
    Neuron::define("gamma", |n| {
        n.doc("discrete unit with a nonlinearity of two parameters, gain and saturation");
        n.source(GEADAH);
        let h = n.state("h").doc("activity");
        let i = n.drive("I").doc("summed input");
        let gain = n.param("n", 1.0).doc("gain").range(1e-3, f64::INFINITY);
        let s = n.param("s", 1.0).doc("saturation: 0 rectifies, 1 saturates").range(0.0, 1.0);
        n.next(h, gamma_of(i, gain, s));
        n.emit("h", n.after(h));
    })
}

/// The same unit with gain and saturation driven by others: `h[t+1] = γ(I; n, s)` with drives n and s on
/// top of the offsets `n0` and `s0`.
///
/// The gain is held at 0.001 or above; the saturation is not held, as in the authors' code.
///
/// # Errors
/// None.
pub fn gamma_driven() -> Result<Neuron, NeuronError> {
    Neuron::define("gamma-driven", |n| {
        n.doc("discrete unit whose gain and saturation are driven by other units");
        n.source(GEADAH);
        let h = n.state("h").doc("activity");
        let i = n.drive("I").doc("summed input");
        let (gain, saturation) = (n.drive("n").doc("gain"), n.drive("s").doc("saturation"));
        let n0 = n.param("n0", 6.0).doc("offset of the gain").trained();
        let s0 = n.param("s0", 0.0).doc("offset of the saturation").trained();
        let gain = (gain + n0).max(n.constant(1e-3));
        n.next(h, gamma_of(i, gain, saturation + s0));
        n.emit("h", n.after(h));
    })
}

/// Rate unit with spike-frequency adaptation: `τ dx/dt = -x + I - b a`, `τ_a da/dt = -a + r`,
/// `r = max(x, 0)` (Benda & Herz 2003, doi:10.1162/089976603322385063).
///
/// # Errors
/// None.
pub fn adapting() -> Result<Neuron, NeuronError> {
    Neuron::define("adapting", |n| {
        n.doc("leaky rate unit with spike-frequency adaptation");
        n.source("Benda & Herz 2003, doi:10.1162/089976603322385063");
        let x = n.state("x").doc("current");
        let a = n.state("a").doc("adaptation");
        let i = n.drive("I").doc("summed input");
        let tau = n.param("tau", 20.0).unit("ms").doc("time constant").range(1e-3, f64::INFINITY);
        let tau_a = n.param("tau_a", 200.0).unit("ms").doc("time constant of adaptation");
        let b = n.param("b", 1.0).doc("strength of adaptation");
        n.flow(x, (i - x - b * a) / tau);
        let rate = n.after(x).relu();
        n.flow(a, (rate - a) / tau_a.range(1e-3, f64::INFINITY));
        n.emit("r", rate);
    })
}

/// Rate unit whose synapses facilitate and depress: `τ dx/dt = -x + I`, `r = max(x, 0)`,
/// `du/dt = (U - u)/τ_f + U (1 - u) r`, `dR/dt = (1 - R)/τ_d - u R r`; it emits `s = u R r`
/// (Tsodyks & Markram 1997; Mongillo, Barak & Tsodyks 2008, doi:10.1126/science.1150769).
///
/// # Errors
/// None.
pub fn plastic() -> Result<Neuron, NeuronError> {
    Neuron::define("plastic", |n| {
        n.doc("leaky rate unit whose outgoing synapses facilitate and depress");
        n.source("Mongillo, Barak & Tsodyks 2008, doi:10.1126/science.1150769");
        let x = n.state("x").unit("1/s").doc("rate before rectification");
        let u = n.state("u").initial(0.2).doc("fraction of resources that a spike uses");
        let left = n.state("R").initial(1.0).doc("resources that are left");
        let i = n.drive("I").unit("1/s").doc("summed input");
        let tau = |name: &str, default: f64, doc: &str| {
            n.param(name, default).unit("ms").doc(doc).range(1e-3, f64::INFINITY)
        };
        let base = n.param("U", 0.2).doc("fraction used at rest").range(0.0, 1.0);
        n.flow(x, (i - x) / tau("tau", 10.0, "time constant"));
        // per ms, as the time constants are
        let rate = n.after(x).relu();
        let r = 1e-3 * rate;
        n.flow(u, (base - u) / tau("tau_f", 1500.0, "facilitation fades") + base * (1.0 - u) * r);
        n.flow(left, (1.0 - left) / tau("tau_d", 200.0, "resources recover") - u * left * r);
        n.emit("s", n.after(u) * n.after(left) * rate);
        n.emit("r", rate);
    })
}
