//! NIR's units as neurons, and neurons as NIR's units.

use attractor_equations::{NeuronError, NeuronText};
use attractor_network::Population;

/// A type of unit.
pub(super) struct Unit {
    /// NIR's name of it.
    pub(super) kind: &'static str,
    /// Its parameters, one value per unit.
    pub(super) params: &'static [Param],
    /// Its equations, in the neuron's own text.
    equations: &'static [&'static str],
    /// What its wires carry.
    pub(super) emits: &'static str,
}

/// A parameter of a unit.
pub(super) struct Param {
    /// NIR's name of it.
    pub(super) nir: &'static str,
    /// Ours.
    pub(super) name: &'static str,
    /// Ours is NIR's times this.
    pub(super) factor: f64,
    unit: &'static str,
    /// What it is where a file does not say.
    pub(super) default: Option<f64>,
    /// Smallest value that makes sense, in our unit.
    pub(super) least: f64,
}

const fn param(nir: &'static str, name: &'static str) -> Param {
    Param { nir, name, factor: 1.0, unit: "", default: None, least: f64::NEG_INFINITY }
}

/// A time constant: seconds there, ms here.
const fn tau(nir: &'static str, name: &'static str) -> Param {
    Param { factor: 1000.0, unit: "ms", least: 1e-3, ..param(nir, name) }
}

const R: Param = param("r", "R");
/// Where v is the integral of `R I`: per second there, per ms here.
const RATE: Param = Param { factor: 1e-3, unit: "1/ms", ..param("r", "R") };
const LEAK: Param = param("v_leak", "v_leak");
const THRESHOLD: Param = param("v_threshold", "v_threshold");
const RESET: Param = Param { default: Some(0.0), ..param("v_reset", "v_reset") };
const GAIN: Param = Param { default: Some(1.0), ..param("w_in", "w_in") };

const FIRE: &str = "z[t+1] = spike(after(v) - v_threshold)";
const EMIT_Z: &str = "z = after(z)";
const EMIT_V: &str = "v = after(v)";
const SYNAPSE: &str = "i[t+1] = w_in*I + exp(-dt/tau_syn)*(i - w_in*I)";

/// The units, each solved exactly over a step of constant input. A spike resets in the step after it,
/// and the reset is cut off from differentiation.
pub(super) const UNITS: &[Unit] = &[
    Unit {
        kind: "LIF",
        params: &[tau("tau", "tau"), R, LEAK, THRESHOLD, RESET],
        equations: &[
            "_to = v_leak + R*I",
            "v[t+1] = _to + exp(-dt/tau)*(select(detach(z), v_reset, v) - _to)",
            FIRE,
            EMIT_Z,
        ],
        emits: "z",
    },
    Unit {
        kind: "CubaLIF",
        params: &[
            tau("tau_mem", "tau"),
            tau("tau_syn", "tau_syn"),
            R,
            LEAK,
            THRESHOLD,
            RESET,
            GAIN,
        ],
        equations: &[
            SYNAPSE,
            "_to = v_leak + R*after(i)",
            "v[t+1] = _to + exp(-dt/tau)*(select(detach(z), v_reset, v) - _to)",
            FIRE,
            EMIT_Z,
        ],
        emits: "z",
    },
    Unit {
        kind: "IF",
        params: &[RATE, THRESHOLD, RESET],
        equations: &["v[t+1] = select(detach(z), v_reset, v) + dt*R*I", FIRE, EMIT_Z],
        emits: "z",
    },
    Unit {
        kind: "LI",
        params: &[tau("tau", "tau"), R, LEAK],
        equations: &["_to = v_leak + R*I", "v[t+1] = _to + exp(-dt/tau)*(v - _to)", EMIT_V],
        emits: "v",
    },
    Unit {
        kind: "CubaLI",
        params: &[tau("tau_mem", "tau"), tau("tau_syn", "tau_syn"), R, LEAK, GAIN],
        equations: &[
            SYNAPSE,
            "_to = v_leak + R*after(i)",
            "v[t+1] = _to + exp(-dt/tau)*(v - _to)",
            EMIT_V,
        ],
        emits: "v",
    },
    Unit { kind: "I", params: &[RATE], equations: &["v[t+1] = v + dt*R*I", EMIT_V], emits: "v" },
    Unit {
        kind: "Threshold",
        params: &[param("threshold", "threshold")],
        equations: &["z = spike(I - threshold)"],
        emits: "z",
    },
];

impl Unit {
    /// Its neuron.
    pub(super) fn neuron(&self) -> Result<attractor_equations::Neuron, NeuronError> {
        let text = NeuronText {
            name: format!("nir-{}", self.kind.to_lowercase()),
            doc: format!("{} of the Neuromorphic Intermediate Representation", self.kind),
            source: "Pedersen et al. 2024, doi:10.1038/s41467-024-52259-9".to_owned(),
            drives: vec!["I".to_owned()],
            equations: self.equations.iter().map(|&line| line.to_owned()).collect(),
            parameters: self.params.iter().map(|p| (p.name.to_owned(), p.text())).collect(),
            ..NeuronText::default()
        };
        attractor_equations::Neuron::parse(&text, "NIR")
    }

    /// Whether something of it takes time.
    pub(super) fn has_state(&self) -> bool {
        self.kind != "Threshold"
    }
}

impl Param {
    fn text(&self) -> attractor_equations::ParamText {
        attractor_equations::ParamText {
            default: if self.least > 0.0 { 10.0 } else { self.default.unwrap_or(1.0) },
            unit: self.unit.to_owned(),
            doc: String::new(),
            per_unit: true,
            trained: false,
            range: self.least.is_finite().then_some([self.least, f64::INFINITY]),
        }
    }
}

/// The values of NIR's parameters in a population, from the population's own by name.
type Values<'a> = dyn Fn(&str) -> Option<Vec<f64>> + 'a;

/// A population as a unit of NIR: its type, and parameters in NIR's units.
pub(super) struct Expressed {
    pub(super) unit: &'static Unit,
    pub(super) params: Vec<(&'static str, Vec<f64>)>,
}

/// The unit of NIR that a population is, or why there is none.
pub(super) fn express(
    population: &Population,
    text: &NeuronText,
    dt: f64,
    values: &Values<'_>,
) -> Result<Expressed, String> {
    for unit in UNITS {
        let Ok(neuron) = unit.neuron() else { continue };
        if same(&neuron.to_text(), text) {
            let params = unit.params.iter().map(|param| {
                let values = values(param.name)?;
                Some((param.nir, values.iter().map(|x| x / param.factor).collect()))
            });
            let params: Option<Vec<_>> = params.collect();
            return params
                .map(|params| Expressed { unit, params })
                .ok_or_else(|| "; a parameter of it is missing".to_owned());
        }
    }
    of_library(population, text, dt, values)
}

/// Neurons of the library that are special cases of NIR's.
fn of_library(
    population: &Population,
    text: &NeuronText,
    dt: f64,
    values: &Values<'_>,
) -> Result<Expressed, String> {
    let none = || Err(String::new());
    let library = attractor_network::library::neuron(&text.name, Default::default());
    let Some(Ok(neuron)) = library else { return none() };
    if !same(&neuron.to_text(), text) {
        return none();
    }
    let units = population.units;
    let get = |name: &str| values(name).unwrap_or_default();
    let all = |value: f64| vec![value; units];
    let unit = |kind: &str| UNITS.iter().find(|unit| unit.kind == kind);
    let seconds = |tau: Vec<f64>| tau.iter().map(|ms| ms / 1000.0).collect::<Vec<f64>>();
    let (kind, params) = match text.name.as_str() {
        "lif-hard" => {
            let params = vec![
                ("tau", seconds(get("tau"))),
                ("r", all(1.0)),
                ("v_leak", all(0.0)),
                ("v_threshold", get("th")),
                ("v_reset", get("v_reset")),
            ];
            ("LIF", params)
        }
        "li-current" => {
            ("LI", vec![("tau", seconds(get("tau"))), ("r", all(1.0)), ("v_leak", all(0.0))])
        }
        "li" => {
            // the charge of a step as a current: R (1 - e^(-dt/τ)) = 1
            let r = get("tau").iter().map(|tau| -1.0 / (-dt / tau).exp_m1()).collect();
            ("LI", vec![("tau", seconds(get("tau"))), ("r", r), ("v_leak", all(0.0))])
        }
        name if name.contains("lif") => {
            return Err(
                "; its units reset to `v_reset` at once (`lif-hard` is such a neuron)".into()
            );
        }
        _ => return none(),
    };
    match unit(kind) {
        Some(unit) => Ok(Expressed { unit, params }),
        None => none(),
    }
}

/// The same neuron, whatever its parameters are by default.
fn same(one: &NeuronText, other: &NeuronText) -> bool {
    one.equations == other.equations && one.drives == other.drives && one.noise == other.noise
}
