//! The network of a configuration: an input, one recurrent population, a readout.

use std::collections::BTreeMap;
use std::fmt;

use attractor_data::ConnectomeFiles;
use attractor_equations::{Integrator, NeuronText, Surrogate};
use attractor_network::library::NoisePlace;
use attractor_network::{Positions, Start, Wiring};
use attractor_numerics::law::Law;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An input `in` with the channels of the trials, a population `rec`, and a readout `out`, linear unless
/// `readout_neuron` says otherwise.
///
/// Projections follow from the neuron. Where the library gives its neuron ports
/// ([`attractor_network::library::ports`]), they are followed; otherwise every drive gets input and,
/// with lag 1, the first emission of all units; the readout gets the first emission, at each drive that its own neuron
/// takes input by, and what it emits is called `out.y` whatever its neuron calls it. With one drive
/// the projections are called `in->rec`, `rec->rec` and `rec->out`; with several, `in->rec.I_z` and so
/// on. A list `projection` replaces all of this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Number of recurrent units.
    pub units: usize,
    /// Their equations: a name of the library, a path to a TOML file, or a table.
    pub neuron: NeuronChoice,
    /// Where noise enters a leaky neuron of the library; `none` for no noise. Its size is the
    /// parameter `sigma`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoisePlace>,
    /// What spikes of a neuron of the library are differentiated as; without it, as its source does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surrogate: Option<Surrogate>,
    /// How vector fields become steps.
    #[serde(default)]
    pub integrator: Integrator,
    /// Parameters of the neuron: a number, or the law they are drawn from. `tau[A1]` is another one for
    /// the units of a group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, ParamChoice>,
    /// Parameters of the neuron that have one value per unit; without it, those the neuron says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_unit: Option<Vec<String>>,
    /// Parameters of the neuron that training changes; without it, those the neuron says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained: Option<Vec<String>>,
    /// Smallest and largest value of parameters, where they differ from the neuron's; training stays
    /// inside.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub range: BTreeMap<String, [f64; 2]>,
    /// Trained biases of the drives, by the law they start from; `none`, or `none` for one drive.
    #[serde(default)]
    pub bias: Choice<BTreeMap<String, Choice<Law>>>,
    /// Where states start; without an entry, at the neuron's initial value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub start: BTreeMap<String, Start>,
    /// Named units: a list, or `"0..64"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Group>,
    /// Where the recurrent units are in space: a lattice, at random, given points, or a path to a table
    /// with columns `x`, `y` and `z`; without it, where the files of a connectome say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positions: Option<PositionsChoice>,
    /// Cells and their connections, from files: one unit for each cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connectome: Option<ConnectomeFiles>,
    /// Recurrent projections take time that grows with distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conduction: Option<Conduction>,
    /// Wiring from the input to each drive.
    pub input: Wiring,
    /// Wiring among the recurrent units.
    pub recurrent: Wiring,
    /// Wiring to the readout.
    pub readout: Wiring,
    /// Equations of the readout: as `neuron`. `linear` (`y = I`), `li` and `li-current` (leaky integrators), or any other,
    /// spiking ones too; without noise.
    #[serde(default = "linear")]
    pub readout_neuron: NeuronChoice,
    /// Parameters of the readout's neuron: a number, or the law they are drawn from. Which are trained, and which have
    /// one value per unit, its neuron says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub readout_params: BTreeMap<String, ParamChoice>,
    /// Trained bias of the readout, by the law it starts from; or `none`.
    #[serde(default)]
    pub readout_bias: Choice<Law>,
    /// Every projection, in place of the default ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projection: Vec<ProjectionConfig>,
}

/// Delays in proportion to distance: of every recurrent projection of lag 1, weights over a distance d
/// become a projection of lag `max(1, round(d / (speed dt)))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conduction {
    /// Distance per ms.
    pub speed: f64,
}

/// A projection; what is left out follows from its ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionConfig {
    /// Name; by default `from->to` of the populations, with the drive if that is not unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Emission it starts from: `in.u`, `rec.r`.
    pub from: String,
    /// Drive it ends in: `rec.I`, `out.I`.
    pub to: String,
    /// Delay in steps; by default 1 within `rec`, otherwise 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<usize>,
    /// Its wiring; by default `network.input`, `recurrent` or `readout`, by its ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wiring: Option<Wiring>,
    /// Changed by training.
    #[serde(default = "yes")]
    pub trained: bool,
}

fn linear() -> NeuronChoice {
    NeuronChoice::Name(READOUT_NEURON.to_owned())
}

/// The neuron of a readout that asks for none.
pub(super) const READOUT_NEURON: &str = "linear";

fn yes() -> bool {
    true
}

/// Something that may be absent, written as `none`.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<T>(pub Option<T>);

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Choice(None)
    }
}

impl<T: Serialize> Serialize for Choice<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => value.serialize(to),
            None => to.serialize_str(super::tree::NONE),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::deserialize(from).map(Choice)
    }
}

/// A neuron: by name or path, or written out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NeuronChoice {
    /// A name of the library, or a path to a TOML file.
    Name(String),
    /// Its equations.
    Text(Box<NeuronText>),
}

/// Positions: stated, or in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PositionsChoice {
    /// A path to a table with columns `x`, `y` and `z`.
    File(String),
    /// A rule, or points.
    Stated(Positions),
}

/// A parameter: one number, or a law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ParamChoice {
    /// The same for all units.
    Number(f64),
    /// Drawn.
    Law(Law),
}

impl ParamChoice {
    /// The law it is drawn from.
    #[must_use]
    pub fn law(self) -> Law {
        match self {
            ParamChoice::Number(value) => Law::Constant { value },
            ParamChoice::Law(law) => law,
        }
    }
}

/// Units of a group: a list, or a range.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Group {
    /// `[0, 1, 5]`
    List(Vec<usize>),
    /// `"0..64"`, the end excluded.
    Range(String),
}

impl Group {
    /// Its units.
    ///
    /// # Errors
    /// A sentence about a range that is none.
    pub fn units(&self) -> Result<Vec<usize>, String> {
        match self {
            Group::List(units) => Ok(units.clone()),
            Group::Range(range) => {
                let ends = range.split_once("..");
                let ends = ends.and_then(|(a, b)| a.trim().parse().ok().zip(b.trim().parse().ok()));
                match ends {
                    Some((first, end)) if first < end && end <= MOST_UNITS => {
                        Ok((first..end).collect())
                    }
                    _ => {
                        Err(format!("\"{range}\" is no range of units; write \"0..64\" or a list"))
                    }
                }
            }
        }
    }
}

/// Units beyond this are a mistake.
pub(crate) const MOST_UNITS: usize = 1 << 24;

macro_rules! by_visitor {
    ($type:ident, $visitor:ident, $expecting:literal, { $($method:item)* }) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any($visitor)
            }
        }

        struct $visitor;

        impl<'de> Visitor<'de> for $visitor {
            type Value = $type;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($expecting)
            }

            $($method)*
        }
    };
}

by_visitor!(
    NeuronChoice,
    NeuronVisitor,
    "a neuron of the library, a path to FILE.toml, or a table",
    {
        fn visit_str<E: Error>(self, name: &str) -> Result<NeuronChoice, E> {
            Ok(NeuronChoice::Name(name.to_owned()))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NeuronChoice, A::Error> {
            let text = NeuronText::deserialize(MapAccessDeserializer::new(map))?;
            Ok(NeuronChoice::Text(Box::new(text)))
        }
    }
);

by_visitor!(
    PositionsChoice,
    PositionsVisitor,
    "a path to FILE.csv, or a table such as { kind = \"lattice\", shape = [5, 5, 4] }",
    {
        fn visit_str<E: Error>(self, path: &str) -> Result<PositionsChoice, E> {
            Ok(PositionsChoice::File(path.to_owned()))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PositionsChoice, A::Error> {
            Positions::deserialize(MapAccessDeserializer::new(map)).map(PositionsChoice::Stated)
        }
    }
);

by_visitor!(
    ParamChoice,
    ParamVisitor,
    "a number, or a law such as { kind = \"normal\", sd = 1.0 }",
    {
        fn visit_f64<E: Error>(self, value: f64) -> Result<ParamChoice, E> {
            Ok(ParamChoice::Number(value))
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<ParamChoice, E> {
            Ok(ParamChoice::Number(value as f64))
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<ParamChoice, E> {
            Ok(ParamChoice::Number(value as f64))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ParamChoice, A::Error> {
            Law::deserialize(MapAccessDeserializer::new(map)).map(ParamChoice::Law)
        }
    }
);

by_visitor!(Group, GroupVisitor, "a list of units, or a range such as \"0..64\"", {
    fn visit_str<E: Error>(self, range: &str) -> Result<Group, E> {
        Ok(Group::Range(range.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Group, A::Error> {
        let mut units = Vec::new();
        while let Some(unit) = list.next_element()? {
            units.push(unit);
        }
        Ok(Group::List(units))
    }
});
