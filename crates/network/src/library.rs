//! The neuron library. Every neuron is the same machinery: equations, nothing else.

use attractor_equations::{Definition, Neuron, NeuronError, Scalar};

/// A nonlinearity by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonlinearity {
    /// `tanh`
    Tanh,
    /// `max(x, 0)`
    Relu,
    /// `ln(1 + eˣ)`
    Softplus,
    /// `1/(1 + e⁻ˣ)`
    Sigmoid,
    /// `x`
    Identity,
    /// `erf(√π x / 2)`: slope 1 at 0, for which mean-field integrals are closed.
    Erf,
    /// `max(tanh x, 0)`
    Retanh,
    /// `min(max(x, 0), 1)`
    Clipped,
}

impl Nonlinearity {
    /// All, with the names used in the names of neurons.
    pub const ALL: [(&'static str, Nonlinearity); 8] = [
        ("tanh", Nonlinearity::Tanh),
        ("relu", Nonlinearity::Relu),
        ("softplus", Nonlinearity::Softplus),
        ("sigmoid", Nonlinearity::Sigmoid),
        ("linear", Nonlinearity::Identity),
        ("erf", Nonlinearity::Erf),
        ("retanh", Nonlinearity::Retanh),
        ("clipped", Nonlinearity::Clipped),
    ];

    fn of<'n>(self, n: &'n Definition, x: Scalar<'n>) -> Scalar<'n> {
        match self {
            Nonlinearity::Tanh => x.tanh(),
            Nonlinearity::Relu => x.relu(),
            Nonlinearity::Softplus => x.softplus(),
            Nonlinearity::Sigmoid => x.sigmoid(),
            Nonlinearity::Identity => x,
            Nonlinearity::Erf => (x * (std::f64::consts::PI.sqrt() / 2.0)).erf(),
            Nonlinearity::Retanh => x.tanh().relu(),
            Nonlinearity::Clipped => x.relu().min(n.constant(1.0)),
        }
    }
}

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
    Neuron::define(&format!("leaky-{}", name(phi)), |n| {
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
    Neuron::define(&format!("rate-{}", name(phi)), |n| {
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

fn name(phi: Nonlinearity) -> &'static str {
    Nonlinearity::ALL.iter().find(|(_, p)| *p == phi).map_or("", |(name, _)| name)
}

/// Discrete Elman unit: `h[t+1] = φ(I)` (Elman 1990, doi:10.1207/s15516709cog1402_1).
///
/// # Errors
/// None for the nonlinearities here.
pub fn elman(phi: Nonlinearity) -> Result<Neuron, NeuronError> {
    let name =
        if phi == Nonlinearity::Tanh { "elman".into() } else { format!("elman-{}", name(phi)) };
    Neuron::define(&name, |n| {
        n.doc("discrete unit without leak");
        n.source("Elman 1990, doi:10.1207/s15516709cog1402_1");
        let h = n.state("h").doc("activity");
        n.next(h, phi.of(n, n.drive("I").doc("summed input")));
        n.emit("h", n.after(h));
    })
}

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
    names.extend(["elman", "elman-relu", "gru", "lstm", "gated", "linear"].map(str::to_owned));
    names
}

/// A neuron by name; noise concerns leaky units only.
pub fn neuron(name: &str, noise: NoisePlace) -> Option<Result<Neuron, NeuronError>> {
    let phi = |name: &str| Nonlinearity::ALL.iter().find(|(n, _)| *n == name).map(|(_, phi)| *phi);
    if let Some(phi) = name.strip_prefix("leaky-").and_then(phi) {
        return Some(leaky(phi, noise));
    }
    if let Some(phi) = name.strip_prefix("rate-").and_then(phi) {
        return Some(rate(phi, noise));
    }
    match name {
        "elman" => Some(elman(Nonlinearity::Tanh)),
        "elman-relu" => Some(elman(Nonlinearity::Relu)),
        "gru" => Some(gru()),
        "lstm" => Some(lstm()),
        "gated" => Some(gated()),
        "linear" => Some(linear()),
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

/// What a population is wired to when nobody says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Drives that get external input.
    pub inputs: Vec<String>,
    /// Recurrent projections: the emission they start from, the drive they end in.
    pub recurrent: Vec<(String, String)>,
    /// The emission that is read out.
    pub readout: String,
}

impl Ports {
    /// The rule for a neuron of which nothing else is known: every drive gets input and the first
    /// emission, and the first emission is read out.
    pub fn of(neuron: &Neuron) -> Ports {
        let drives = || neuron.drives.iter().map(|drive| drive.name.clone());
        let first = neuron.emissions.first().map_or_else(String::new, |e| e.symbol.name.clone());
        Ports {
            inputs: drives().collect(),
            recurrent: drives().map(|drive| (first.clone(), drive)).collect(),
            readout: first,
        }
    }
}

/// Ports of the library's neurons that want something other than [`Ports::of`].
pub fn ports(name: &str) -> Option<Ports> {
    let ports = |inputs: &[&str], recurrent: &[(&str, &str)], readout: &str| Ports {
        inputs: inputs.iter().map(|drive| (*drive).to_owned()).collect(),
        recurrent: recurrent.iter().map(|(e, d)| ((*e).to_owned(), (*d).to_owned())).collect(),
        readout: readout.to_owned(),
    };
    match name {
        // the candidate's external and recurrent inputs apart: reset scales the latter alone
        "gru" => {
            let recurrent = [("h", "I_r"), ("h", "I_z"), ("h", "H_n")];
            Some(ports(&["I_r", "I_z", "I_n"], &recurrent, "h"))
        }
        // gates follow phi, the activity follows what the output gates let through
        "gated" => {
            let recurrent = [("gated", "H"), ("phi", "Z"), ("phi", "R")];
            Some(ports(&["H", "Z", "R"], &recurrent, "phi"))
        }
        _ => None,
    }
}
