//! Spiking units after measured ones: Izhikevich, AdEx, and the spike-response unit with escape noise.

use attractor_equations::{Distribution, Neuron, NeuronError, Scalar, Surrogate};

use super::spiking::decay;

/// Simple model of spiking units: `dv/dt = 0.04 v² + 5 v + 140 - u + I`, `du/dt = a (b v - u)`; at 30 mV
/// `v ← c`, `u ← u + d` (Izhikevich 2003, doi:10.1109/TNN.2003.820440).
///
/// As in its publication, v takes two half steps of Euler for one of u.
///
/// # Errors
/// None.
pub fn izhikevich(surrogate: Option<Surrogate>) -> Result<Neuron, NeuronError> {
    Neuron::define("izhikevich", |n| {
        n.doc("two-variable unit with the firing patterns of cortical neurons; regular spiking by default");
        n.source("Izhikevich 2003, doi:10.1109/TNN.2003.820440");
        let v = n.state("v").initial(-65.0).unit("mV").doc("membrane potential");
        let u = n.state("u").initial(-13.0).doc("recovery");
        let z = n.state("z").doc("spike of this step, 0 or 1");
        let i = n.drive("I").doc("summed input");
        let a = n.param("a", 0.02).unit("1/ms").doc("rate of recovery").range(1e-6, f64::INFINITY);
        let b = n.param("b", 0.2).doc("sensitivity of recovery to v");
        let c = n.param("c", -65.0).unit("mV").doc("potential after a spike");
        let d = n.param("d", 8.0).doc("rise of recovery by a spike");
        let peak = n.param("v_peak", 30.0).unit("mV").doc("potential at which a spike is cut off");
        n.require(1.0 / a, n.dt());
        n.require(peak, c);
        let (start, recovery) = (n.named("v_0", z.detach().select(c, v)), u + d * z);
        let half = 0.5 * n.dt();
        let middle = start + half * quadratic(start, recovery, i);
        let end = n.named("v_end", middle + half * quadratic(middle, recovery, i));
        n.next(v, end.min(peak));
        n.next(u, recovery + n.dt() * a * (b * n.after(v) - recovery));
        n.next(
            z,
            ((end - peak) / (peak - c)).spike_as(surrogate.unwrap_or_default(), n.constant(1.0)),
        );
        n.emit("z", n.after(z));
    })
}

/// `0.04 v² + 5 v + 140 - u + I`
fn quadratic<'n>(v: Scalar<'n>, u: Scalar<'n>, i: Scalar<'n>) -> Scalar<'n> {
    (0.04 * v + 5.0) * v + 140.0 - u + i
}

/// Adaptive exponential integrate-and-fire: `C dv/dt = -g (v - E) + g Δ e^((v - v_T)/Δ) - w + I`,
/// `τ_w dw/dt = a (v - E) - w`; at `v_peak` `v ← v_r`, `w ← w + b` (Brette & Gerstner 2005,
/// doi:10.1152/jn.00686.2005).
///
/// Both leaks are exact over a step; the exponent is held below 20, where a spike is under way anyway.
///
/// # Errors
/// None.
pub fn adex(surrogate: Option<Surrogate>) -> Result<Neuron, NeuronError> {
    Neuron::define("adex", |n| {
        n.doc("adaptive exponential integrate-and-fire unit");
        n.source("Brette & Gerstner 2005, doi:10.1152/jn.00686.2005");
        let v = n.state("v").initial(-70.6).unit("mV").doc("membrane potential");
        let w = n.state("w").unit("pA").doc("adaptation current");
        let z = n.state("z").doc("spike of this step, 0 or 1");
        let i = n.drive("I").unit("pA").doc("summed input");
        let positive = |name: &str, value: f64, unit: &str, doc: &str| {
            n.param(name, value).unit(unit).doc(doc).range(1e-6, f64::INFINITY)
        };
        let capacity = positive("C", 281.0, "pF", "capacitance");
        let g = positive("g", 30.0, "nS", "leak conductance");
        let delta = positive("Delta", 2.0, "mV", "sharpness of the spike's onset");
        let rest = n.param("E", -70.6).unit("mV").doc("potential at rest");
        let onset = n.param("v_T", -50.4).unit("mV").doc("potential at which a spike sets on");
        let reset = n.param("v_r", -70.6).unit("mV").doc("potential after a spike");
        let peak = n.param("v_peak", 20.0).unit("mV").doc("potential at which a spike is cut off");
        let a = n.param("a", 4.0).unit("nS").doc("adaptation to the potential");
        let b = n.param("b", 80.5).unit("pA").doc("rise of adaptation by a spike");
        n.require(onset, reset);
        n.require(peak, onset);
        n.require(capacity / g, n.dt());
        let alpha = (-(n.dt() * g / capacity)).exp();
        let rho = decay(n, "tau_w", 144.0, "time constant of adaptation");
        let (start, current) = (n.named("v_0", z.detach().select(reset, v)), w + b * z);
        let upstroke = delta * ((start - onset) / delta).min(n.constant(20.0)).exp();
        let target = n.named("target", rest + upstroke + (i - current) / g);
        let end = n.named("v_end", target + alpha * (start - target));
        n.next(v, end.min(peak));
        let level = a * (start - rest);
        n.next(w, level + rho * (current - level));
        n.next(
            z,
            ((end - peak) / (peak - reset))
                .spike_as(surrogate.unwrap_or_default(), n.constant(1.0)),
        );
        n.emit("z", n.after(z));
    })
}

/// Spike-response unit with escape noise: it spikes with probability `1 - e^(-ρ dt)`,
/// `ρ = ρ₀ e^((u - th)/Δ)`, `u = v - h` (Gerstner, Kistler, Naud & Paninski 2014,
/// doi:10.1017/CBO9781107447615, chapter 9).
///
/// Kernels are exponentials: the synaptic current `s' = κ s + I`, the membrane
/// `v' = α v + (1 - α) s'`, and what a spike leaves behind, `h' = e^(-dt/τ_r) (h + η z)`. The spike is
/// drawn by a uniform number and differentiated as its probability. With noise off it spikes where the
/// probability exceeds ½.
///
/// # Errors
/// None.
pub fn escape() -> Result<Neuron, NeuronError> {
    Neuron::define("escape", |n| {
        n.doc("spike-response unit with exponential kernels that spikes at random, the more often the higher its potential");
        n.source("Gerstner, Kistler, Naud & Paninski 2014, doi:10.1017/CBO9781107447615");
        let s = n.state("s").doc("synaptic current");
        let v = n.state("v").doc("potential by input");
        let h = n.state("h").doc("what earlier spikes leave behind");
        let z = n.state("z").doc("spike of this step, 0 or 1");
        let i = n.drive("I").doc("summed input");
        let xi = n.noise_from("xi", Distribution::Uniform).doc("what the spike is drawn by");
        let alpha = decay(n, "tau", 20.0, "membrane time constant");
        let kappa = decay(n, "tau_s", 5.0, "synaptic time constant");
        let rho = decay(n, "tau_r", 20.0, "time constant of what a spike leaves behind");
        let eta = n.param("eta", 1.0).doc("size of what a spike leaves behind");
        let th = n.param("th", 1.0).doc("potential at which the rate is rho0");
        let delta = n.param("Delta", 0.2).doc("width of the threshold").range(1e-6, f64::INFINITY);
        let rho0 =
            n.param("rho0", 0.1).unit("1/ms").doc("rate at threshold").range(0.0, f64::INFINITY);
        n.next(s, kappa * s + i);
        n.next(v, alpha * v + (1.0 - alpha) * n.after(s));
        n.next(h, rho * (h + eta * z));
        let exponent = ((n.after(v) - n.after(h) - th) / delta).min(n.constant(20.0));
        let p = n.named("p", 1.0 - (-(rho0 * n.dt() * exponent.exp())).exp());
        n.next(z, p.gt(xi).surrogate(p, n.constant(1.0)));
        n.emit("z", n.after(z));
        n.emit("p", p);
    })
}
