//! Names of cells: found in spite of leading zeros, and the classes they make.

use std::collections::{BTreeMap, BTreeSet};

use super::{Line, Listed};

/// Names and their places.
pub(super) struct Names {
    cells: Vec<String>,
    exact: BTreeMap<String, usize>,
    plain: BTreeMap<String, usize>,
}

impl Names {
    pub(super) fn new(cells: Vec<String>) -> Self {
        let mut names = Names { cells: Vec::new(), exact: BTreeMap::new(), plain: BTreeMap::new() };
        cells.into_iter().for_each(|cell| names.add(cell));
        names
    }

    /// The cells of a file of edges: those it lists, or all it speaks of.
    pub(super) fn of(listed: &Listed, lines: &[&Line]) -> Self {
        let mut names = Names::new(listed.cells.clone().unwrap_or_default());
        for name in lines.iter().flat_map(|line| [&line.source, &line.target]) {
            if names.find(name).is_none() {
                names.add(name.clone());
            }
        }
        names
    }

    fn add(&mut self, name: String) {
        let place = self.cells.len();
        self.plain.entry(plain(&name)).or_insert(place);
        self.exact.entry(name.clone()).or_insert(place);
        self.cells.push(name);
    }

    pub(super) fn cells(&self) -> &[String] {
        &self.cells
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.exact.get(name).or_else(|| self.plain.get(&plain(name))).copied()
    }
}

/// Without zeros in front of the number a name ends in: `AS01` is `AS1`.
fn plain(name: &str) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name[stem.len()..].trim_start_matches('0');
    if stem.is_empty() || number.is_empty() { name.to_owned() } else { format!("{stem}{number}") }
}

/// Classes of cells by their names, as those of worms are given: left and right of a pair are one
/// class, if both are there (`AVAL` and `AVAR` are `AVA`); of names of two letters and a number, the
/// letters are the class (`DA1` is `DA`); any other is a class of its own.
pub(super) fn classes(names: &[String]) -> Vec<String> {
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let class = |name: &String| {
        for (side, other) in [('L', 'R'), ('R', 'L')] {
            let stem = name.strip_suffix(side).filter(|stem| !stem.is_empty());
            if let Some(stem) =
                stem.filter(|stem| known.contains(format!("{stem}{other}").as_str()))
            {
                return stem.to_owned();
            }
        }
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let letters = stem.len() == 2 && stem.chars().all(|c| c.is_ascii_uppercase());
        if letters { stem.to_owned() } else { name.clone() }
    };
    names.iter().map(class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_pairs_and_numbered_series() {
        let names = ["AVAL", "AVAR", "AVL", "DA1", "DA09", "IL2L", "IL2R", "I5", "RIS", "M1"];
        let names = names.map(str::to_owned);
        let expected = ["AVA", "AVA", "AVL", "DA", "DA", "IL2", "IL2", "I5", "RIS", "M1"];
        assert_eq!(classes(&names), expected);
    }

    #[test]
    fn zeros_in_front_of_a_number_do_not_matter() {
        let names = Names::new(["AS1", "AS10", "X", "7"].map(str::to_owned).to_vec());
        assert_eq!(names.find("AS01"), Some(0));
        assert_eq!(names.find("AS010"), Some(1));
        assert_eq!((names.find("AS0"), names.find("07")), (None, None));
    }
}
