//! From a tree to typed values, with every problem found and mended by the default.

use std::fmt::Display;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::problem::{Problem, closest, did_you_mean, list};
use super::tree::{NONE, Node, Value};

/// More problems than this are not looked for.
const MOST_PROBLEMS: usize = 100;

/// Reads a value. Whatever is wrong is noted, replaced by what `defaults` has there, and read again,
/// so that all problems come to light at once. None only if the defaults themselves do not serve.
pub(crate) fn read<T: DeserializeOwned>(
    mut tree: Node,
    defaults: &Node,
    within: &[&str],
    problems: &mut Vec<Problem>,
) -> Option<T> {
    for _ in 0..MOST_PROBLEMS {
        let fault = match T::deserialize(&tree) {
            Ok(value) => return Some(value),
            Err(fault) => fault,
        };
        let mut path: Vec<String> = fault.path.into_iter().rev().collect();
        let message = match fault.kind {
            Kind::UnknownKey { name, known } => {
                // inside a table with a `kind` the path ends at the table
                let below = tree.get(&path).and_then(|node| node.find(&name));
                path.extend(below.unwrap_or_else(|| vec![name.clone()]));
                unknown_key(&name, &known, &path, defaults)
            }
            Kind::Missing(name) => format!("`{name}` is missing"),
            Kind::Other(message) => message,
        };
        let found = tree.get(&path);
        let place = found.map(|node| node.place.clone()).unwrap_or_default();
        let shown: Vec<&str> =
            within.iter().copied().chain(path.iter().map(String::as_str)).collect();
        problems.push(Problem::new(&shown.join("."), message).at(&place));
        // the other keys of a table belong to its kind: the default replaces all of it
        if path.last().is_some_and(|key| key == "kind") {
            path.pop();
        }
        let found = tree.get(&path);
        let default = defaults.get(&path);
        if found.is_none() || found == default {
            return None;
        }
        tree.put(&path, default.cloned());
    }
    None
}

/// Says what there is instead: among the keys at the place, or the same name elsewhere.
fn unknown_key(name: &str, known: &[&str], path: &[String], defaults: &Node) -> String {
    let leaves = defaults.leaves();
    let elsewhere = leaves.iter().find(|leaf| leaf.rsplit('.').next() == Some(name));
    let here = closest(name, known.iter().copied()).map(|key| {
        let above = &path[..path.len() - 1];
        let path: Vec<&str> = above.iter().map(String::as_str).chain([key.as_str()]).collect();
        path.join(".")
    });
    let meant = here.or(elsewhere.cloned());
    format!("there is no such key{}; there are {}", did_you_mean(meant), list(known))
}

/// What serde finds wrong, with the path to it, innermost first.
#[derive(Debug)]
pub(crate) struct Fault {
    path: Vec<String>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    UnknownKey { name: String, known: Vec<&'static str> },
    Missing(&'static str),
    Other(String),
}

impl Fault {
    fn new(kind: Kind) -> Self {
        Fault { path: Vec::new(), kind }
    }

    fn within(mut self, key: &str) -> Self {
        self.path.push(key.to_owned());
        self
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Kind::UnknownKey { name, .. } => write!(f, "there is no key `{name}`"),
            Kind::Missing(name) => write!(f, "`{name}` is missing"),
            Kind::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Fault::new(Kind::Other(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Fault::new(Kind::Other(format!("{expected} expected, {} given", written(found))))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        let meant = did_you_mean(closest(found, known.iter().copied()));
        Fault::new(Kind::Other(format!("there is no `{found}`{meant}; there are {}", list(known))))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Fault::new(Kind::UnknownKey { name: name.to_owned(), known: known.to_vec() })
    }

    fn missing_field(name: &'static str) -> Self {
        Fault::new(Kind::Missing(name))
    }
}

fn written(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) => format!("text \"{text}\""),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Float(value) => value.to_string(),
        Unexpected::Bool(value) => value.to_string(),
        other => other.to_string(),
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Boolean(b) => visitor.visit_bool(*b),
            Value::Integer(i) => visitor.visit_i64(*i),
            Value::Float(f) => visitor.visit_f64(*f),
            Value::Text(s) => visitor.visit_borrowed_str(s),
            Value::List(list) => visitor.visit_seq(Items { list, next: 0 }),
            Value::Table(entries) => visitor.visit_map(Entries { entries, next: 0 }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.text() {
            Some(NONE) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Text(text) => {
                let text: StrDeserializer<'_, Fault> = text.as_str().into_deserializer();
                visitor.visit_enum(text)
            }
            Value::Table(entries) => {
                visitor.visit_enum(MapAccessDeserializer::new(Entries { entries, next: 0 }))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Entries<'de> {
    entries: &'de [(String, Node)],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((key, _)) = self.entries.get(self.next) else { return Ok(None) };
        let key: StrDeserializer<'_, Fault> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, node) = &self.entries[self.next];
        self.next += 1;
        seed.deserialize(node).map_err(|fault| fault.within(key))
    }
}

struct Items<'de> {
    list: &'de [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let at = self.next;
        let Some(node) = self.list.get(at) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(node).map(Some).map_err(|fault| fault.within(&at.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_learn::Phase;
    use std::path::Path;

    fn phase(toml: &str) -> (Option<Phase>, Vec<String>) {
        let defaults = toml::Value::try_from(Phase::default()).unwrap();
        let defaults = Node::from_value(&defaults);
        let given = Node::from_file(toml, Path::new("c.toml")).unwrap();
        let mut problems = Vec::new();
        let read = read(defaults.clone().under(given), &defaults, &["phase"], &mut problems);
        let problems = crate::config::ConfigError::new(problems).problems;
        (read, problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn every_problem_is_found_and_mended() {
        let (read, said) = phase(
            "lerner.rate = 1\n\
             [learner]\n\
             rte = 1e-3\n\
             batch = 'many'\n\
             optimiser = { kind = 'adan' }\n\
             schedule = { kind = 'step', every = 10, factr = 0.5 }\n\
             [stop]\n\
             updates = -5\n\
             score = 'none'\n\
             every = 10\n",
        );
        let expected = [
            "c.toml:1:1: `phase.lerner`: there is no such key (did you mean `learner`?)",
            "c.toml:3:1: `phase.learner.rte`: there is no such key (did you mean `learner.rate`?)",
            "c.toml:4:1: `phase.learner.batch`: usize expected, text \"many\" given",
            "c.toml:5:15: `phase.learner.optimiser.kind`: there is no `adan` (did you mean `adam`?)",
            "c.toml:6:41: `phase.learner.schedule.factr`: there is no such key (did you mean `learner.schedule.factor`?)",
            "c.toml:8:1: `phase.stop.updates`: u64 expected, -5 given",
            "c.toml:10:1: `phase.stop.every`: there is no such key (did you mean `validate.every`?)",
        ];
        for (expected, said) in expected.iter().zip(&said) {
            assert!(said.starts_with(expected), "{said}");
        }
        assert_eq!(said.len(), expected.len());
        let read = read.unwrap();
        assert_eq!((read.learner.batch, read.stop), (64, Phase::default().stop));
    }

    #[test]
    fn what_is_right_is_read() {
        let (read, said) = phase(
            "objective = [{ kind = 'mse' }]\nlearner.optimiser = 'sgd'\nlearner.rate = 1\n\
             stop.score = 0.9\ntrain = ['rec*']\nlearner.schedule.kind = 'cosine'",
        );
        assert_eq!(said, [""; 0]);
        let read = read.unwrap();
        assert_eq!((read.learner.rate, read.stop.score), (1.0, Some(0.9)));
        assert_eq!(
            toml::Table::try_from(&read).unwrap()["learner"]["optimiser"]["kind"].as_str(),
            Some("sgd")
        );
    }
}
