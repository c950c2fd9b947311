//! The text form of a neuron: TOML or JSON, read with positions, written back.

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::NeuronError;
use crate::neuron::{Distribution, Neuron};

mod build;
mod lexer;
mod parser;
mod place;
mod print;

/// A neuron as text, in TOML or JSON. `docs/neuron-text.md` describes it for users.
///
/// ```
/// use attractor_equations::Neuron;
///
/// let leaky = Neuron::from_toml(
///     r#"
/// name = "leaky-tanh"
/// drives = ["I"]
/// equations = ["dx/dt = (-x + I)/tau", "r = tanh(after(x))"]
/// [parameters]
/// tau = 100.0
/// "#,
///     "leaky-tanh.toml",
/// )?;
/// assert_eq!(leaky.to_text().equations[0], "dx/dt = (I - x)/tau");
/// # Ok::<(), attractor_equations::NeuronError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeuronText {
    /// Name of the neuron.
    pub name: String,
    /// What it models, one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// Publication or convention it follows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Names of the summed inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drives: Vec<String>,
    /// `dx/dt = …` (a state), `x[t+1] = …` (a state), `r = …` (an emission), `_u = …` (a local value).
    pub equations: Vec<String>,
    /// `left >= right`: conditions on parameters and dt, checked where the neuron is used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// Parameters, in order.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParamText>,
    /// Initial values, units and meanings of states; a state without is 0 at the start.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub states: IndexMap<String, StateText>,
    /// Noise symbols and what they are drawn from.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub noise: IndexMap<String, Distribution>,
    /// Units and meanings of drives, noise and emissions.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub symbols: IndexMap<String, SymbolText>,
}

/// A parameter as text: a table, or just its default.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParamText {
    /// Default value.
    pub default: f64,
    /// Unit; empty for a pure number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Meaning, one line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// One value per unit rather than one shared by the population.
    #[serde(skip_serializing_if = "is_false")]
    pub per_unit: bool,
    /// Changed by training.
    #[serde(skip_serializing_if = "is_false")]
    pub trained: bool,
    /// Smallest and largest value; training stays inside. In JSON, which has no infinity, an open
    /// end is `"inf"` or `"-inf"`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_range")]
    pub range: Option<[f64; 2]>,
}

/// What may be said about a state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateText {
    /// Value at the start.
    #[serde(skip_serializing_if = "is_zero")]
    pub initial: f64,
    /// Unit; empty for a pure number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Meaning, one line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

/// What may be said about a drive, a noise symbol or an emission.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SymbolText {
    /// Unit; empty for a pure number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Meaning, one line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

impl Neuron {
    /// Reads a neuron from its text form. `origin` says in errors where the text comes from; their
    /// line is the number of the equation, their column the place in it.
    ///
    /// # Errors
    /// Everything that is wrong with the text, by [`NeuronError::Several`] if it is more than one.
    pub fn parse(text: &NeuronText, origin: &str) -> Result<Neuron, NeuronError> {
        build::build(text)
            .map_err(|problems| NeuronError::from_all(place::in_equations(problems, text, origin)))
    }

    /// Reads a neuron from a TOML file's text. Errors give line and column in it.
    ///
    /// # Errors
    /// As [`Neuron::parse`], and what is wrong with the TOML.
    pub fn from_toml(toml: &str, origin: &str) -> Result<Neuron, NeuronError> {
        let text = NeuronText::from_toml(toml, origin)?;
        build::build(&text)
            .map_err(|problems| NeuronError::from_all(place::in_toml(problems, toml, origin)))
    }

    /// The neuron as text; [`Neuron::parse`] makes the same neuron of it, graph and all, if its names
    /// are those of text (letters, digits and `_`).
    ///
    /// Constants of the equations come as they were folded. A value used more than once, if it is
    /// large, and one that would nest too deeply becomes a local value `_1`, `_2`, …; so the text is
    /// never much larger than the graph.
    pub fn to_text(&self) -> NeuronText {
        print::text(self)
    }
}

impl NeuronText {
    /// Reads the text form from TOML; the equations are not looked at yet.
    ///
    /// # Errors
    /// What is wrong with the TOML, with line and column.
    pub fn from_toml(toml: &str, origin: &str) -> Result<NeuronText, NeuronError> {
        place::read(toml, origin).map_err(NeuronError::from_all)
    }

    /// The text form as TOML.
    pub fn to_toml(&self) -> String {
        // strings, numbers and tables of them: there is nothing TOML could not express
        toml::to_string_pretty(self).unwrap_or_default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// One end of a range.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum End {
    Number(f64),
    Open(Infinity),
}

#[derive(Serialize, Deserialize)]
enum Infinity {
    #[serde(rename = "inf")]
    Above,
    #[serde(rename = "-inf")]
    Below,
}

fn write_range<S: Serializer>(range: &Option<[f64; 2]>, to: S) -> Result<S::Ok, S::Error> {
    let end = |value: f64| match value {
        f64::INFINITY => End::Open(Infinity::Above),
        f64::NEG_INFINITY => End::Open(Infinity::Below),
        value => End::Number(value),
    };
    range.map(|ends| ends.map(end)).serialize(to)
}

fn read_range<'de, D: Deserializer<'de>>(from: D) -> Result<Option<[f64; 2]>, D::Error> {
    let ends = <[End; 2]>::deserialize(from)
        .map_err(|_| D::Error::custom("a range is two numbers, as in range = [0.0, 1.0]"))?;
    Ok(Some(ends.map(|end| match end {
        End::Number(value) => value,
        End::Open(Infinity::Above) => f64::INFINITY,
        End::Open(Infinity::Below) => f64::NEG_INFINITY,
    })))
}

/// The long form of a parameter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParamTable {
    default: f64,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    doc: String,
    #[serde(default)]
    per_unit: bool,
    #[serde(default)]
    trained: bool,
    #[serde(default, deserialize_with = "read_range")]
    range: Option<[f64; 2]>,
}

impl<'de> Deserialize<'de> for ParamText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ParamVisitor)
    }
}

struct ParamVisitor;

impl<'de> Visitor<'de> for ParamVisitor {
    type Value = ParamText;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number, or a table with `default`")
    }

    fn visit_f64<E: Error>(self, default: f64) -> Result<ParamText, E> {
        let (unit, doc) = Default::default();
        Ok(ParamText { default, unit, doc, per_unit: false, trained: false, range: None })
    }

    fn visit_i64<E: Error>(self, default: i64) -> Result<ParamText, E> {
        self.visit_f64(default as f64)
    }

    fn visit_u64<E: Error>(self, default: u64) -> Result<ParamText, E> {
        self.visit_f64(default as f64)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ParamText, A::Error> {
        let table = ParamTable::deserialize(MapAccessDeserializer::new(map))?;
        let ParamTable { default, unit, doc, per_unit, trained, range } = table;
        Ok(ParamText { default, unit, doc, per_unit, trained, range })
    }
}
