//! Configuration as a tree whose every value knows where it was written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem};

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What TOML can say. Dates are text: nothing here has a use for them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In the order written.
    Table(Vec<(String, Node)>),
}

impl Node {
    /// A table without entries.
    pub(crate) fn empty() -> Node {
        Node { value: Value::Table(Vec::new()), place: Place::Default }
    }

    /// Reads a TOML file's text.
    pub(crate) fn from_file(text: &str, file: &Path) -> Result<Node, Vec<Problem>> {
        let file = Arc::new(file.to_owned());
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            let place = |at: usize| position(text, at, &file);
            return Ok(from_table(table.get_ref(), place(0), &place));
        }
        let problem = |error: &toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            let what = error.message().trim().replace('\n', ", ");
            Problem::new("", format!("not TOML: {what}")).at(&position(text, at, &file))
        };
        Err(errors.iter().map(problem).collect())
    }

    /// Reads `key.path=value`. The value is TOML, or else text without quotes.
    pub(crate) fn from_argument(argument: &str) -> Result<Node, Problem> {
        let place = Place::Argument(argument.to_owned());
        let wrong = |what: String| Problem::new("", what).at(&place);
        let Some((key, value)) = argument.split_once('=') else {
            return Err(wrong("expected key=value, as in network.units=256".to_owned()));
        };
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() {
            return Err(wrong("there is no key before `=`".to_owned()));
        }
        let quoted = toml::Value::String(value.to_owned()).to_string();
        let plain = !value.is_empty() && !value.contains(['\n', '#']);
        let texts = [plain.then_some(value), Some(quoted.as_str())];
        for value in texts.into_iter().flatten() {
            let document = format!("{key} = {value}");
            if let Ok(table) = DeTable::parse(&document) {
                return Ok(from_table(table.get_ref(), place.clone(), &|_| place.clone()));
            }
        }
        Err(wrong(format!("`{key}` is no key: write names with dots between them")))
    }

    /// A value without a place of its own.
    pub(crate) fn from_value(value: &toml::Value) -> Node {
        let value = match value {
            toml::Value::Boolean(b) => Value::Boolean(*b),
            toml::Value::Integer(i) => Value::Integer(*i),
            toml::Value::Float(f) => Value::Float(*f),
            toml::Value::String(s) => Value::Text(s.clone()),
            toml::Value::Datetime(d) => Value::Text(d.to_string()),
            toml::Value::Array(list) => Value::List(list.iter().map(Node::from_value).collect()),
            toml::Value::Table(table) => Value::Table(
                table.iter().map(|(key, value)| (key.clone(), Node::from_value(value))).collect(),
            ),
        };
        Node { value, place: Place::Default }
    }

    /// The value alone.
    pub(crate) fn to_value(&self) -> toml::Value {
        match &self.value {
            Value::Boolean(b) => toml::Value::Boolean(*b),
            Value::Integer(i) => toml::Value::Integer(*i),
            Value::Float(f) => toml::Value::Float(*f),
            Value::Text(s) => toml::Value::String(s.clone()),
            Value::List(list) => toml::Value::Array(list.iter().map(Node::to_value).collect()),
            Value::Table(_) => toml::Value::Table(self.to_table()),
        }
    }

    /// The entries of a table alone; none of anything else.
    pub(crate) fn to_table(&self) -> toml::Table {
        self.entries().iter().map(|(key, node)| (key.clone(), node.to_value())).collect()
    }

    pub(crate) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What stands under a path of keys; numbers count the entries of lists.
    pub(crate) fn get<S: AsRef<str>>(&self, path: &[S]) -> Option<&Node> {
        let Some((key, rest)) = path.split_first() else { return Some(self) };
        let key = key.as_ref();
        match &self.value {
            Value::Table(entries) => entries.iter().find(|(k, _)| k == key)?.1.get(rest),
            Value::List(list) => list.get(key.parse::<usize>().ok()?)?.get(rest),
            _ => None,
        }
    }

    /// Puts a node under a path, over what is there, or takes away what is there.
    pub(crate) fn put<S: AsRef<str>>(&mut self, path: &[S], node: Option<Node>) {
        let Some((key, rest)) = path.split_first() else {
            *self = node.unwrap_or_else(Node::empty);
            return;
        };
        let key = key.as_ref();
        match &mut self.value {
            Value::Table(entries) => {
                let found = entries.iter().position(|(k, _)| k == key);
                match (found, node) {
                    (Some(at), None) if rest.is_empty() => drop(entries.remove(at)),
                    (Some(at), node) => entries[at].1.put(rest, node),
                    (None, None) => {}
                    (None, Some(node)) => {
                        let mut new = Node::empty();
                        new.put(rest, Some(node));
                        entries.push((key.to_owned(), new));
                    }
                }
            }
            Value::List(list) => {
                if let Some(entry) = key.parse::<usize>().ok().and_then(|k| list.get_mut(k)) {
                    entry.put(rest, node);
                }
            }
            _ => {}
        }
    }

    /// Path of the first key of a name at or below here.
    pub(crate) fn find(&self, name: &str) -> Option<Vec<String>> {
        let children: Vec<(String, &Node)> = match &self.value {
            Value::Table(entries) => {
                entries.iter().map(|(key, node)| (key.clone(), node)).collect()
            }
            Value::List(list) => list.iter().enumerate().map(|(k, n)| (k.to_string(), n)).collect(),
            _ => return None,
        };
        if matches!(self.value, Value::Table(_)) && children.iter().any(|(key, _)| key == name) {
            return Some(vec![name.to_owned()]);
        }
        children.into_iter().find_map(|(key, node)| {
            let mut path = node.find(name)?;
            path.insert(0, key);
            Some(path)
        })
    }

    /// Dotted paths of all leaves.
    pub(crate) fn leaves(&self) -> Vec<String> {
        let mut leaves = Vec::new();
        for (key, node) in self.entries() {
            match node.leaves() {
                below if below.is_empty() => leaves.push(key.clone()),
                below => leaves.extend(below.into_iter().map(|rest| format!("{key}.{rest}"))),
            }
        }
        leaves
    }

    /// This tree with another laid over it.
    ///
    /// Tables are merged key by key, with two exceptions that concern tables with a `kind`: another
    /// kind replaces the whole table, for its other keys belonged to the old kind; and a text alone is
    /// short for `{ kind = text }`, whether it comes before or after other keys. Numbers as keys count
    /// the entries of a list. Anything else is replaced.
    pub(crate) fn under(mut self, over: Node) -> Node {
        let place = over.place.clone();
        if let (Value::Text(kind), Value::Table(_)) = (&self.value, &over.value)
            && kind != NONE
            && over.kind().is_none()
            // what has a name is complete: a neuron
            && over.get(&["name"]).is_none()
        {
            let text = Node { value: Value::Text(kind.clone()), place: self.place.clone() };
            self.value = Value::Table(vec![("kind".to_owned(), text)]);
        }
        let over = match (&self.value, over.value) {
            (Value::Table(_), Value::Text(kind)) if self.kind().is_some() && kind != NONE => {
                let text = Node { value: Value::Text(kind), place: place.clone() };
                Value::Table(vec![("kind".to_owned(), text)])
            }
            (_, value) => value,
        };
        let over = Node { value: over, place };
        if self.kind().zip(over.kind()).is_some_and(|(old, new)| old != new) {
            return over;
        }
        match (self.value, over.value) {
            (Value::Table(mut entries), Value::Table(new)) => {
                for (key, node) in new {
                    match entries.iter_mut().find(|(k, _)| *k == key) {
                        Some((_, old)) => *old = std::mem::replace(old, Node::empty()).under(node),
                        None => entries.push((key, node)),
                    }
                }
                Node { value: Value::Table(entries), place: over.place }
            }
            (Value::List(mut list), Value::Table(new)) if counts(&new, list.len()) => {
                for (key, node) in new {
                    let Ok(k) = key.parse::<usize>() else { continue };
                    list[k] = std::mem::replace(&mut list[k], Node::empty()).under(node);
                }
                Node { value: Value::List(list), place: self.place }
            }
            (_, value) => Node { value, place: over.place },
        }
    }

    pub(crate) fn kind(&self) -> Option<&str> {
        self.get(&["kind"])?.text()
    }
}

/// The text that stands for "nothing here" where something could be.
pub(crate) const NONE: &str = "none";

/// All keys count entries of a list of this length.
fn counts(entries: &[(String, Node)], length: usize) -> bool {
    entries.iter().all(|(key, _)| key.parse::<usize>().is_ok_and(|k| k < length))
}

fn from_table(table: &DeTable<'_>, place: Place, at: &impl Fn(usize) -> Place) -> Node {
    let entries = table.iter().map(|(key, value)| {
        (key.get_ref().to_string(), from_spanned(value, at(key.span().start), at))
    });
    Node { value: Value::Table(entries.collect()), place }
}

fn from_spanned(value: &Spanned<DeValue<'_>>, place: Place, at: &impl Fn(usize) -> Place) -> Node {
    let value = match value.get_ref() {
        DeValue::Boolean(b) => Value::Boolean(*b),
        DeValue::Integer(i) => match i64::from_str_radix(i.as_str(), i.radix()) {
            Ok(i) => Value::Integer(i),
            Err(_) => Value::Text(i.to_string()),
        },
        DeValue::Float(f) => Value::Float(f.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::String(s) => Value::Text(s.to_string()),
        DeValue::Datetime(d) => Value::Text(d.to_string()),
        DeValue::Array(list) => {
            let list = list.iter();
            Value::List(list.map(|v| from_spanned(v, at(v.span().start), at)).collect())
        }
        DeValue::Table(table) => return from_table(table, place, at),
    };
    Node { value, place }
}

/// Line and column of a byte.
fn position(text: &str, at: usize, file: &Arc<PathBuf>) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Place::File { file: file.clone(), line, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(toml: &str) -> Node {
        Node::from_file(toml, Path::new("c.toml")).unwrap()
    }

    fn plain(node: &Node) -> String {
        node.to_value().to_string()
    }

    #[test]
    fn arguments_are_toml_or_text() {
        for (argument, expected) in [
            ("network.units=256", "{ network = { units = 256 } }"),
            ("learner.rate = 1e-3", "{ learner = { rate = 0.001 } }"),
            ("network.neuron=my file.toml", "{ network = { neuron = \"my file.toml\" } }"),
            ("network.neuron=gru", "{ network = { neuron = \"gru\" } }"),
            ("task.delay=[500, 1000]", "{ task = { delay = [500, 1000] } }"),
            ("train=[\"rec*\"]", "{ train = [\"rec*\"] }"),
            ("a.\"b c\"=\"x\"", "{ a = { \"b c\" = \"x\" } }"),
            ("a=x=y", "{ a = \"x=y\" }"),
            ("a=1 # no comment", "{ a = \"1 # no comment\" }"),
            ("a=", "{ a = \"\" }"),
            ("a=it's \"so\"", "{ a = 'it''s \"so\"' }"),
        ] {
            let node = Node::from_argument(argument).unwrap();
            let expected: Option<toml::Table> = format!("x = {expected}").parse().ok();
            match expected {
                Some(table) => assert_eq!(node.to_value(), table["x"], "{argument}"),
                None => assert_eq!(node.get(&["a"]).unwrap().text(), Some("it's \"so\"")),
            }
        }
        for argument in ["units", "=3", "a b=3", "[x]=1", "a..b=1"] {
            assert!(Node::from_argument(argument).is_err(), "{argument}");
        }
    }

    #[test]
    fn tables_merge_and_kinds_replace() {
        let base = || {
            tree("w = { kind = 'dense', law = { kind = 'normal', sd = 1.0 } }\nk = [1, 2]\nz = 1")
        };
        let over = |toml: &str| plain(&base().under(tree(toml)));
        assert!(
            over("w.law.sd = 2.0")
                .contains("kind = \"dense\", law = { kind = \"normal\", sd = 2.0 }")
        );
        assert!(over("w.law = 'orthogonal'").contains("law = { kind = \"orthogonal\" }"));
        assert!(over("w = 'low-rank'").contains("w = { kind = \"low-rank\" }"));
        let short = tree("w = 'low-rank'").under(tree("w.rank = 3"));
        assert!(plain(&short).contains("w = { kind = \"low-rank\", rank = 3 }"));
        assert!(over("w = 'none'").contains("w = \"none\""));
        assert!(over("k.1 = 7").contains("k = [1, 7]"));
        assert!(over("k.2 = 7").contains("k = { 2 = 7 }"), "beyond the end: left to the reader");
        assert!(over("y = 3").contains("z = 1, y = 3"));
    }

    #[test]
    fn places_are_lines_and_columns() {
        let node = tree("a = 1\n[b]\n  c = [1,\n 2]\n");
        let place = |path: &[&str]| node.get(path).unwrap().place.to_string();
        assert_eq!(place(&["b", "c"]), "c.toml:3:3");
        assert_eq!(place(&["b", "c", "1"]), "c.toml:4:2");
        let problems = Node::from_file("a = \nb = 1\nc = [", Path::new("c.toml")).unwrap_err();
        let said: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert!(said.len() >= 2 && said.iter().any(|s| s.starts_with("c.toml:1:")), "{said:?}");
    }

    #[test]
    fn put_and_find() {
        let mut node = tree("a.b.c = 1\nl = [{ d = 1 }]");
        assert_eq!(node.find("c"), Some(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(node.find("d"), Some(vec!["l".into(), "0".into(), "d".into()]));
        node.put(&["a", "b", "c"], None);
        node.put(&["n", "m"], Some(tree("x = 2")));
        assert_eq!(node.leaves(), ["a.b", "l", "n.m.x"]);
    }
}
