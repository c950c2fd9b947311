//! The networks: units whose gain and saturation are fixed, learned, or driven.

use attractor::equations::{Neuron, NeuronError};
use attractor::network::library::{Nonlinearity, elman, gamma, gamma_driven, linear};
use attractor::network::{Description, Population, Projection, Wiring};
use attractor::numerics::law::Law;

use crate::error::StudyError;

/// Gain and saturation at which adaptive units start: `b_n` between 5 and 7, `b_s = 0` (Networks.py).
const GAIN: f64 = 6.0;
const SATURATION: f64 = 0.0;

/// What becomes of gain and saturation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Fixed where adaptive units start.
    Fixed,
    /// Fixed at 1: a sigmoid.
    One,
    /// Learned from 1 on, per unit.
    Learned,
    /// Driven by controllers.
    Adaptive,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Fixed, Kind::One, Kind::Learned, Kind::Adaptive];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Fixed => "fixed",
            Kind::One => "one",
            Kind::Learned => "learned",
            Kind::Adaptive => "adaptive",
        }
    }

    /// The summed input of the units, which controllers see too.
    pub(super) fn drive(self) -> &'static str {
        if self == Kind::Adaptive { "pre.I" } else { "rec.I" }
    }
}

/// Input, units, readout of their last state; recurrent weights start as turns of pairs, input weights after
/// He et al. with one source (sd √2), biases at 0 (sMNIST_task.py: `henaff`, `kaiming`).
pub(super) fn description(
    kind: Kind,
    units: usize,
    controller: usize,
    classes: usize,
) -> Result<Description, StudyError> {
    let dense = |law| Wiring::Dense { law };
    let zero = Law::Constant { value: 0.0 };
    let input = dense(Law::Normal { sd: 2f64.sqrt() });
    let recurrent = dense(Law::Turns);
    let readout = dense(Law::Uniform { limit: 1.0 / (units as f64).sqrt() });
    let with_bias = |mut population: Population| {
        population.bias.insert("I".to_owned(), zero);
        population
    };
    let out = with_bias(Population::of("out", classes, &linear()?));
    let read = Projection::new("rec.h", "out.I", readout);
    let input_channel = Population::input("in", 1);
    if kind != Kind::Adaptive {
        let unit = Population::of("rec", units, &gamma()?);
        let unit = match kind {
            Kind::Fixed => unit.param("n", GAIN).param("s", SATURATION),
            Kind::Learned => {
                let one = Law::Constant { value: 1.0 };
                unit.per_unit("n", one).per_unit("s", one).trained("n").trained("s")
            }
            _ => unit.param("n", 1.0).param("s", 1.0),
        };
        let projections = vec![
            Projection::new("in.u", "rec.I", input),
            Projection::new("rec.h", "rec.I", recurrent).lag(1),
            read,
        ];
        return Ok(Description::new(1.0, vec![input_channel, with_bias(unit), out], projections));
    }
    let mut populations = vec![
        input_channel,
        with_bias(Population::of("pre", units, &summed()?)),
        Population::of("ctl", units * controller, &elman(Nonlinearity::Tanh)?),
        Population::of("rec", units, &gamma_driven()?).param("n0", GAIN).param("s0", SATURATION),
    ];
    populations.push(out);
    let mut projections = vec![
        Projection::new("in.u", "pre.I", input),
        Projection::new("rec.h", "pre.I", recurrent).lag(1),
        read,
    ];
    projections.extend(controlled(units));
    Ok(Description::new(1.0, populations, projections))
}

/// The summed input of a unit, and the constant 1 from which shared biases come.
fn summed() -> Result<Neuron, NeuronError> {
    Neuron::define("summed", |n| {
        n.doc("the summed input, and a constant");
        n.emit("a", n.drive("I"));
        n.emit("one", n.constant(1.0));
    })
}

/// The controllers: one small network for all units, a copy for each.
///
/// `g = tanh(u a + W g⁻ + b)`, `n = w_n g + n0`, `s = w_s g + s0`; u and W start as the weights of the main network
/// do, so that a controller remembers at first (Networks.py).
pub(super) fn controlled(units: usize) -> Vec<Projection> {
    let each = |law| Wiring::Each { copies: units, law };
    let named = |name: &str, from: &str, to: &str, law| {
        let projection = Projection::new(from, to, each(law));
        Projection { name: Some(name.to_owned()), ..projection }
    };
    vec![
        named("ctl.u", "pre.a", "ctl.I", Law::Normal { sd: 2f64.sqrt() }),
        named("ctl.b", "pre.one", "ctl.I", Law::Constant { value: 0.0 }),
        named("ctl.W", "ctl.h", "ctl.I", Law::Turns).lag(1),
        named("ctl.n", "ctl.h", "rec.n", Law::Glorot { gain: 0.1 }),
        named("ctl.s", "ctl.h", "rec.s", Law::Glorot { gain: 0.01 }),
        named("pre->rec", "pre.a", "rec.I", Law::Constant { value: 1.0 }).fixed(),
    ]
}

/// One adaptive unit by itself, its summed input given.
pub(super) fn alone(controller: usize) -> Result<Description, StudyError> {
    let populations = vec![
        Population::input("in", 1),
        Population::of("pre", 1, &summed()?),
        Population::of("ctl", controller, &elman(Nonlinearity::Tanh)?),
        Population::of("rec", 1, &gamma_driven()?),
    ];
    let one = Wiring::Dense { law: Law::Constant { value: 1.0 } };
    let mut projections = vec![Projection::new("in.u", "pre.I", one).fixed()];
    projections.extend(controlled(1));
    Ok(Description::new(1.0, populations, projections))
}
