//! Equations as tokens.

use crate::names::{continues_name, starts_name};

/// A mistake at a byte of an equation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mistake {
    pub(crate) at: usize,
    pub(crate) message: String,
}

impl Mistake {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Mistake { at, message: message.into() }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind<'t> {
    Number(f64),
    Name(&'t str),
    Sign(char),
}

/// A token, where it begins and how it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind<'t>,
    pub(crate) at: usize,
    pub(crate) text: &'t str,
}

/// The tokens of an equation, up to the first character that cannot be one.
pub(crate) fn tokens(text: &str) -> (Vec<Token<'_>>, Option<Mistake>) {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let (kind, length) = if c.is_ascii_digit() || (c == '.' && digit_at(rest, 1)) {
            let length = number_length(rest);
            match rest[..length].parse::<f64>() {
                Ok(value) if value.is_finite() => (Kind::Number(value), length),
                _ => return (tokens, Some(Mistake::new(at, too_large(&rest[..length])))),
            }
        } else if starts_name(c) {
            let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
            (Kind::Name(&rest[..length]), length)
        } else if "+-*/^()[],=".contains(c) {
            (Kind::Sign(c), 1)
        } else {
            return (tokens, Some(Mistake::new(at, unexpected(c))));
        };
        tokens.push(Token { kind, at, text: &rest[..length] });
        at += length;
    }
    (tokens, None)
}

fn digit_at(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

/// Bytes of the number `text` begins with: `12`, `1.5`, `.5`, `1e-3`.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| text.bytes().skip(from).take_while(u8::is_ascii_digit).count();
    let mut length = digits(0);
    if text[length..].starts_with('.') {
        length += 1 + digits(length + 1);
    }
    if text[length..].starts_with(['e', 'E']) {
        let sign = usize::from(text[length + 1..].starts_with(['+', '-']));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

fn too_large(number: &str) -> String {
    format!("`{number}` is too large for a number")
}

fn unexpected(c: char) -> String {
    let fix = match c {
        '×' | '·' | '⋅' | '∙' => "write `*`",
        '−' | '–' | '—' => "write `-`",
        '÷' => "write `/`",
        '>' | '<' => "write gt(a, b): 1 where a > b, else 0",
        '\'' | '′' => "write dx/dt for a derivative, after(x) for a new value",
        '{' | '}' => "write ( )",
        ';' => "write one equation per string",
        '%' | '&' | '|' | '!' | '?' | ':' => "write select(c, a, b): a where c > 0, else b",
        '²' | '³' => "write ^2 or ^3",
        _ => "use names, numbers, + - * / ^ ( ) and functions",
    };
    // what cannot be seen is written out
    let shown = if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() };
    format!("unexpected character `{shown}`: {fix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_every_form() {
        for (text, value) in
            [("1e-3", 1e-3), ("2.5E+2", 250.0), (".5", 0.5), ("7", 7.0), ("3.", 3.0)]
        {
            let (tokens, mistake) = tokens(text);
            assert_eq!((tokens.len(), mistake), (1, None), "{text}");
            assert_eq!(tokens[0].kind, Kind::Number(value));
        }
        let names: Vec<&str> = tokens("2e x").0.iter().map(|t| t.text).collect();
        assert_eq!(names, ["2", "e", "x"]);
    }

    #[test]
    fn a_strange_character_is_named_with_its_place() {
        let (tokens, mistake) = tokens("dx/dt = −x");
        assert_eq!(tokens.len(), 4);
        assert_eq!(mistake.map(|m| m.at), Some(8));
        assert!(unexpected('×').ends_with("write `*`"));
    }
}
