//! Where in a file a problem lies: line, column, and the line itself.

use toml::de::{DeTable, DeValue};

use super::NeuronText;
use super::lexer::Mistake;
use crate::error::NeuronError;
use crate::names;

/// Problems reported at once: whoever has more mends these first.
pub(crate) const MOST_PROBLEMS: usize = 100;
/// Characters of the line shown before and after the place.
const SHOWN: usize = 100;

/// A place in a neuron's text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// A line of `equations` or `requires`, and the byte in it.
    Line { list: &'static str, index: usize, at: usize },
    /// A name in the list of drives.
    Drive(usize),
    /// A key of a table, as in `[parameters.tau]`.
    Key { table: &'static str, name: String },
    /// The list of equations.
    Equations,
}

impl Place {
    pub(crate) fn equation(index: usize, at: usize) -> Place {
        Place::Line { list: "equations", index, at }
    }

    pub(crate) fn key(table: &'static str, name: &str) -> Place {
        Place::Key { table, name: name.to_owned() }
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    place: Place,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Message(String),
    Error(NeuronError),
}

impl Problem {
    pub(crate) fn new(place: Place, error: NeuronError) -> Problem {
        Problem { place, what: What::Error(error) }
    }

    pub(crate) fn in_equation(index: usize, mistake: Mistake) -> Problem {
        Problem::in_line("equations", index, mistake)
    }

    pub(crate) fn in_line(list: &'static str, index: usize, mistake: Mistake) -> Problem {
        let place = Place::Line { list, index, at: mistake.at };
        Problem { place, what: What::Message(mistake.message) }
    }

    fn message(&self) -> String {
        match &self.what {
            What::Message(message) => message.clone(),
            What::Error(error) => error.to_string(),
        }
    }
}

/// Reads the text form, or says where the TOML is wrong.
pub(crate) fn read(toml: &str, origin: &str) -> Result<NeuronText, Vec<NeuronError>> {
    let (_, errors) = DeTable::parse_recoverable(toml);
    let errors = match toml::from_str(toml) {
        Ok(text) => return Ok(text),
        Err(_) if !errors.is_empty() => errors,
        Err(error) => vec![error],
    };
    let located = errors.into_iter().take(MOST_PROBLEMS).map(|error| {
        let at = error.span().map_or(0, |span| span.start);
        text_error(toml, at, origin, with_hint(error.message()))
    });
    Err(located.collect())
}

/// An unknown field, with the one that was meant.
fn with_hint(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if let (true, Some(unknown)) = (message.starts_with("unknown "), quoted.next())
        && let Some(meant) = names::closest(unknown, quoted)
    {
        return format!("{message}; did you mean `{meant}`?");
    }
    message.trim_end().to_owned()
}

/// Errors with their place in a TOML file.
pub(crate) fn in_toml(problems: Vec<Problem>, toml: &str, origin: &str) -> Vec<NeuronError> {
    let (table, _) = DeTable::parse_recoverable(toml);
    let mut located: Vec<(usize, String)> = problems
        .iter()
        .map(|problem| {
            (offset(&problem.place, table.get_ref(), toml).unwrap_or(0), problem.message())
        })
        .collect();
    located.sort();
    located
        .into_iter()
        .take(MOST_PROBLEMS)
        .map(|(at, message)| text_error(toml, at, origin, message))
        .collect()
}

/// Errors with equation and column; what is not in an equation stays as it is.
pub(crate) fn in_equations(
    problems: Vec<Problem>,
    text: &NeuronText,
    origin: &str,
) -> Vec<NeuronError> {
    let locate = |problem: Problem| {
        let message = problem.message();
        match (problem.place, problem.what) {
            (Place::Line { list, index, at }, _) => {
                let lines = if list == "requires" { &text.requires } else { &text.equations };
                match text_error(lines.get(index).map_or("", String::as_str), at, origin, message) {
                    NeuronError::Text { origin, column, message, text, caret, .. } => {
                        NeuronError::Text { origin, line: index + 1, column, message, text, caret }
                    }
                    other => other,
                }
            }
            (_, What::Error(error)) => error,
            (_, What::Message(message)) => text_error("", 0, origin, message),
        }
    };
    problems.into_iter().take(MOST_PROBLEMS).map(locate).collect()
}

/// Byte of a place in the file.
fn offset(place: &Place, table: &DeTable<'_>, toml: &str) -> Option<usize> {
    let start_of = |key: &str| Some(table.get_key_value(key)?.0.span().start);
    match place {
        Place::Line { list, index, at } => {
            let list = table.get(*list)?.get_ref().as_array()?;
            in_string(list.get(*index)?, *at, toml)
        }
        Place::Drive(index) => {
            let list = table.get("drives")?.get_ref().as_array()?;
            in_string(list.get(*index)?, 0, toml)
        }
        Place::Key { table: name, name: key } => {
            let inner = table.get(*name)?.get_ref().as_table()?;
            inner.get_key_value(key.as_str()).map(|(key, _)| key.span().start)
        }
        Place::Equations => start_of("equations"),
    }
}

/// Byte `at` of a string's value in the file. With escapes in it the two do not run in step: then the
/// beginning of the string.
fn in_string(value: &toml::Spanned<DeValue<'_>>, at: usize, toml: &str) -> Option<usize> {
    let span = value.span();
    let (raw, content) = (toml.get(span.clone())?, value.get_ref().as_str()?);
    Some(span.start + raw.find(content).map_or(0, |begin| begin + at))
}

/// An error at a byte of a text.
fn text_error(text: &str, at: usize, origin: &str, message: String) -> NeuronError {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    let (left, right) = (&text[start..at], text[at..end].trim_end_matches('\r'));
    let column = left.chars().count() + 1;
    let from = left.char_indices().rev().nth(SHOWN - 1).map_or(0, |(from, _)| from);
    let to = right.char_indices().nth(SHOWN).map_or(right.len(), |(to, _)| to);
    let shown = |cut: bool, part: &str| if cut { format!("…{part}") } else { part.to_owned() };
    let left = shown(from > 0, &left[from..]);
    let rest = if to < right.len() { "…" } else { "" };
    NeuronError::Text {
        origin: origin.to_owned(),
        line: before.matches('\n').count() + 1,
        column,
        message,
        text: format!("{left}{}{rest}", &right[..to]),
        caret: left.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect(),
    }
}
