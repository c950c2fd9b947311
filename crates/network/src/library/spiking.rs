//! Integrate-and-fire units: one function with options, whose combinations have names.

use attractor_equations::{Definition, Neuron, NeuronError, Scalar, Surrogate};

/// How the drive reaches the membrane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// `v' = α v + I`: the drive of a step is a charge, as of spikes through weights (Bellec et al. 2020).
    #[default]
    Charge,
    /// `v' = α v + (1 - α) I`: the drive is a current; v tends to I, whatever dt.
    Current,
}

/// What a spike does to the membrane, in the step after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// The threshold is subtracted: `- th z`; what exceeded the threshold remains.
    #[default]
    Soft,
    /// The membrane goes on from `v_reset`.
    Hard,
}

/// What kind of integrate-and-fire unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lif {
    /// How the drive reaches the membrane.
    pub input: Input,
    /// What a spike does to the membrane.
    pub reset: Reset,
    /// The drive is filtered by a synapse: `s' = κ s + I`, and the membrane integrates the current s.
    pub synapse: bool,
    /// Each spike raises the threshold to `th + β a`, `a' = ρ a + z`.
    pub adaptive: bool,
    /// No spike for `t_ref` ms after a spike; the membrane goes on integrating.
    pub refractory: bool,
    /// What a spike sends facilitates and depresses: `s = u R z`, see [`lif`].
    pub plastic: bool,
    /// What spikes are differentiated as.
    pub surrogate: Option<Surrogate>,
}

/// The kinds that have a name, and the names.
pub(super) const KINDS: [(&str, Lif); 8] = {
    const LIF: Lif = Lif {
        input: Input::Charge,
        reset: Reset::Soft,
        synapse: false,
        adaptive: false,
        refractory: false,
        plastic: false,
        surrogate: None,
    };
    [
        ("lif", LIF),
        ("lif-current", Lif { input: Input::Current, ..LIF }),
        ("lif-hard", Lif { input: Input::Current, reset: Reset::Hard, ..LIF }),
        ("lif-refractory", Lif { refractory: true, ..LIF }),
        ("lif-synaptic", Lif { input: Input::Current, synapse: true, ..LIF }),
        ("lif-plastic", Lif { plastic: true, ..LIF }),
        ("alif", Lif { adaptive: true, ..LIF }),
        ("alif-refractory", Lif { adaptive: true, refractory: true, ..LIF }),
    ]
};

/// Leaky integrate-and-fire unit: `v' = α v + I - th z`, `z' = [v' > th]`, `α = e^(-dt/τ)`.
///
/// The leak is exact, whatever dt. `z` is the spike of the step before; the reset is cut off from
/// differentiation, as in e-prop, so that the derivative of `v'` by `v` is α. The spike is differentiated
/// as `γ` times the surrogate of `(v - threshold)/th` (triangular, if nobody says otherwise), so that the
/// derivative by v is `γ/th` at the threshold (Bellec et al. 2020, doi:10.1038/s41467-020-17236-y). The
/// convention of Demirag et al. 2021, `γ` at the threshold, is `gamma = 0.3 th`.
///
/// With [`Lif::plastic`] the first emission is what a spike makes its synapses send, `s = u R z`: u, the fraction of the
/// resources R that is used, is raised by `U (1 - u)` after the spike and decays to U; R loses what is sent and recovers
/// to 1 (Tsodyks & Markram 1997, doi:10.1073/pnas.94.2.719; Mongillo, Barak & Tsodyks 2008,
/// doi:10.1126/science.1150769). A spike uses the u before its own rise; the other convention, u after the rise and a
/// decay to 0, sends the same. Decay and recovery are exact, whatever dt.
///
/// ```
/// use attractor_network::library::{Lif, Reset, lif};
///
/// let options = Lif { adaptive: true, reset: Reset::Hard, ..Lif::default() };
/// let neuron = lif("mine", &options)?;
/// assert!(neuron.states.iter().any(|state| state.symbol.name == "a"));
/// # Ok::<(), attractor_equations::NeuronError>(())
/// ```
///
/// # Errors
/// None for the options here.
pub fn lif(name: &str, kind: &Lif) -> Result<Neuron, NeuronError> {
    Neuron::define(name, |n| {
        n.doc(&summary(kind));
        n.source(match kind.adaptive {
            _ if kind.plastic => "Tsodyks & Markram 1997, doi:10.1073/pnas.94.2.719; Mongillo, Barak & Tsodyks 2008, doi:10.1126/science.1150769",
            true => "Bellec et al. 2020, doi:10.1038/s41467-020-17236-y",
            false => "Demirag et al. 2021; Bellec et al. 2020, doi:10.1038/s41467-020-17236-y",
        });
        let (tau, threshold) = if kind.adaptive { (20.0, 0.6) } else { (30.0, 0.1) };
        let v = n.state("v").doc("membrane potential");
        let z = n.state("z").doc("spike of this step, 0 or 1");
        let drive = n.drive("I").doc("summed input");
        let th = n.param("th", threshold).doc("threshold").range(1e-6, f64::INFINITY);
        let alpha = decay(n, "tau", tau, "membrane time constant");
        let current = match kind.synapse {
            true => {
                let s = n.state("s").doc("synaptic current");
                n.next(s, decay(n, "tau_s", 5.0, "synaptic time constant") * s + drive);
                n.after(s)
            }
            false => drive,
        };
        let input = match kind.input {
            Input::Charge => current,
            Input::Current => (1.0 - alpha) * current,
        };
        let fired = z.detach();
        n.next(
            v,
            match kind.reset {
                Reset::Soft => alpha * v + input - th * fired,
                Reset::Hard => {
                    let v_reset = n.param("v_reset", 0.0).doc("potential after a spike");
                    n.require(th, v_reset);
                    alpha * fired.select(v_reset, v) + input
                }
            },
        );
        let threshold = match kind.adaptive {
            true => {
                let a = n.state("a").doc("adaptation: spikes, fading");
                n.next(a, decay(n, "tau_a", 2000.0, "time constant of adaptation") * a + z);
                let beta = n.param("beta", ADAPTATION).doc("rise of the threshold by a spike");
                th + beta * n.after(a)
            }
            false => th,
        };
        let gamma = n.param("gamma", 0.3).doc("height of the surrogate derivative");
        let surrogate = kind.surrogate.unwrap_or(Surrogate::Triangular);
        let spike = ((n.after(v) - threshold) / th).spike_as(surrogate, gamma);
        n.next(z, if kind.refractory { unless_refractory(n, spike, z) } else { spike });
        if kind.plastic {
            n.emit("s", sent(n, n.after(z)));
        }
        n.emit("z", n.after(z));
    })
}

/// What a spike sends over synapses that facilitate and depress; their state is held as what u exceeds U by, and R.
fn sent<'n>(n: &'n Definition, spike: Scalar<'n>) -> Scalar<'n> {
    let f = n.state("f").doc("facilitation: what u, the fraction a spike uses, exceeds U by");
    let left = n.state("R").initial(1.0).doc("resources that are left");
    let base = n.param("U", 0.2).doc("fraction used at rest").range(0.0, 1.0);
    let kept = decay(n, "tau_f", 1500.0, "facilitation fades") * f;
    let recovered = 1.0 - decay(n, "tau_d", 200.0, "resources recover") * (1.0 - left);
    let u = n.named("u", base + kept);
    let sent = u * recovered * spike;
    n.next(f, kept + base * (1.0 - u) * spike);
    n.next(left, recovered - sent);
    sent
}

/// `1.7 (1 - e^(-1/2000))/(1 - e^(-1/20))`: what a spike adds to the threshold in the evidence
/// accumulation of Bellec et al. 2020.
const ADAPTATION: f64 = 0.017_424;

fn summary(kind: &Lif) -> String {
    let mut text = match kind.adaptive {
        true => "adaptive leaky integrate-and-fire unit, each spike raises its threshold",
        false => "leaky integrate-and-fire unit",
    }
    .to_owned();
    if kind.synapse {
        text += ", the drive is filtered by a synapse";
    }
    text += match kind.input {
        Input::Charge => ", the drive is a charge per step",
        Input::Current => ", the drive is a current",
    };
    text += match kind.reset {
        Reset::Soft => ", soft reset",
        Reset::Hard => ", hard reset",
    };
    if kind.refractory {
        text += ", refractory after a spike";
    }
    if kind.plastic {
        text += ", outgoing synapses facilitate and depress";
    }
    text
}

/// `e^(-dt/τ)` of a time constant that is declared here.
pub(super) fn decay<'n>(n: &'n Definition, name: &str, tau: f64, doc: &str) -> Scalar<'n> {
    let tau = n.param(name, tau).unit("ms").doc(doc).range(1e-3, f64::INFINITY);
    n.require(tau, n.dt());
    (-(n.dt() / tau)).exp()
}

/// `spike`, unless the last one is less than `t_ref` ms ago: a state counts down what is left.
pub(super) fn unless_refractory<'n>(
    n: &'n Definition,
    spike: Scalar<'n>,
    z: Scalar<'n>,
) -> Scalar<'n> {
    let c = n.state("c").unit("ms").doc("what is left of the refractory period");
    let t_ref = n.param("t_ref", 5.0).unit("ms").doc("refractory period");
    let left = (c - n.dt()).relu();
    n.next(c, n.after(z).select(t_ref.range(0.0, f64::INFINITY), left));
    // half a step of tolerance: sums of dt are not exact
    (left - 0.5 * n.dt()).select(n.constant(0.0), spike)
}

/// Leaky readout: `y' = κ y + I`, or `y' = κ y + (1 - κ) I` where the drive is a current.
///
/// # Errors
/// None.
pub fn leaky_readout(input: Input) -> Result<Neuron, NeuronError> {
    let (name, doc) = match input {
        Input::Charge => ("li", "leaky-integrator readout, the drive is a charge per step"),
        Input::Current => ("li-current", "leaky-integrator readout, the drive is a current"),
    };
    Neuron::define(name, |n| {
        n.doc(doc);
        n.source("Bellec et al. 2020, doi:10.1038/s41467-020-17236-y");
        let y = n.state("y").doc("readout");
        let i = n.drive("I").doc("summed input");
        let kappa =
            decay(n, "tau", if input == Input::Charge { 30.0 } else { 20.0 }, "time constant");
        let scale = if input == Input::Charge { n.constant(1.0) } else { 1.0 - kappa };
        n.next(y, kappa * y + scale * i);
        n.emit("y", n.after(y));
    })
}
