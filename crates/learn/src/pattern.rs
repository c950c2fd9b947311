//! Patterns of parameter names: `*` stands for any run of characters, `wirings` for every wiring.

use attractor_data::closest;
use attractor_network::{Entry, Layout};

use crate::error::PhaseError;

/// The pattern of every wiring of every projection: no bias, parameter or start.
pub(crate) const WIRINGS: &str = "wirings";

/// Whether an entry is meant by a pattern. Wirings are the entries with two axes that are no start.
pub(crate) fn fits(pattern: &str, entry: &Entry) -> bool {
    if pattern == WIRINGS {
        return entry.shape.len() == 2 && !entry.name.ends_with(".start");
    }
    matches(pattern, &entry.name)
}

/// `*` stands for any run of characters, everything else for itself.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

/// An error unless some parameter fits the pattern, with `trained` one that can be trained.
pub(crate) fn expect_some(
    layout: &Layout,
    field: &str,
    pattern: &str,
    trained: bool,
) -> Result<(), PhaseError> {
    let (field, pattern_text) = (field.to_owned(), pattern.to_owned());
    let fitting = || layout.entries().iter().filter(|entry| fits(pattern, entry));
    if fitting().next().is_none() {
        return Err(PhaseError::NoParameter {
            field,
            pattern: pattern_text,
            meant: closest(pattern, names(layout)),
            names: names(layout).map(str::to_owned).collect(),
        });
    }
    if trained && !fitting().any(|entry| entry.trained) {
        let names = fitting().map(|entry| entry.name.clone()).collect();
        return Err(PhaseError::Fixed { field, pattern: pattern_text, names });
    }
    Ok(())
}

fn names(layout: &Layout) -> impl Iterator<Item = &str> {
    layout.entries().iter().map(|entry| entry.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name) in [
            ("*", "rec->rec.W"),
            ("rec->rec.W", "rec->rec.W"),
            ("*->*", "rec->rec.W"),
            ("rec*", "rec.I.bias"),
            ("*.bias", "rec.I.bias"),
            ("*c*c*", "rec->rec.W"),
            ("rec*W", "rec->rec.W"),
            ("a*a", "aa"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("rec", "rec.W"), ("*->*", "rec.I.bias"), ("*.W", "rec.W.m"), ("", "a"), ("a*a", "a")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
