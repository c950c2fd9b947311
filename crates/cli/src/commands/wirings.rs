//! `attractor wirings`

use attractor::data::closest;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Answer, table};
use pages::PAGES;

mod pages;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  attractor wirings\n  attractor wirings show low-rank")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Formula, keys and an example of one
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// A wiring, or what one is made of, explained.
#[derive(Debug, Serialize)]
struct Page {
    name: &'static str,
    /// One of [`PARTS`].
    is: &'static str,
    summary: &'static str,
    formula: &'static str,
    /// Key and meaning.
    keys: &'static [(&'static str, &'static str)],
    source: &'static str,
    example: &'static str,
}

/// What there is, where it stands in a configuration, and what the list calls it.
const PARTS: [(&str, &str); 5] = [
    ("wiring", "network.recurrent"),
    ("mask", "network.recurrent.masks"),
    ("sign", "network.recurrent.sign"),
    ("positions", "network.positions"),
    ("law", "network.recurrent.law"),
];

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    match &arguments.what {
        None => Ok(list()),
        Some(What::Show { name }) => show(name),
    }
}

fn list() -> Answer {
    let rows = |is: &str| {
        let heading = [is, "what it is", "formula"].map(str::to_owned).to_vec();
        let pages = PAGES.iter().filter(|page| page.is == is);
        let row = |page: &Page| [page.name, page.summary, page.formula].map(str::to_owned).to_vec();
        std::iter::once(heading).chain(pages.map(row)).collect::<Vec<_>>()
    };
    let mut text: String = PARTS.map(|(is, _)| table(&rows(is)) + "\n").concat();
    text.push_str("`attractor wirings show NAME` has keys and an example; docs/wiring.md puts them together.\n");
    Answer::new(text, &PAGES)
}

fn show(name: &str) -> Result<Answer, Failure> {
    let pages: Vec<&Page> = PAGES.iter().filter(|page| page.name == name).collect();
    let texts: Vec<String> = pages.iter().map(|page| written(page)).collect();
    match &pages[..] {
        [] => {
            let meant = closest(name, PAGES.iter().map(|page| page.name));
            let meant = meant.map_or_else(String::new, |m| format!(" (did you mean `{m}`?)"));
            let message = format!(
                "there is no wiring, mask, sign, positions or law `{name}`{meant}; `attractor wirings` lists them"
            );
            Err(Failure::Request(message))
        }
        [page] => Ok(Answer::new(texts.concat(), page)),
        several => Ok(Answer::new(texts.join("\n"), &several)),
    }
}

fn written(page: &Page) -> String {
    let keys: Vec<Vec<String>> = page
        .keys
        .iter()
        .map(|(key, meaning)| vec![(*key).to_owned(), (*meaning).to_owned()])
        .collect();
    let mut text = format!("{}, a {}: {}\n  {}\n", page.name, page.is, page.summary, page.formula);
    if !page.source.is_empty() {
        text.push_str(&format!("{}\n", page.source));
    }
    let place = PARTS.iter().find(|(is, _)| *is == page.is).map_or("", |(_, place)| place);
    let example = match page.is {
        "mask" => format!("[{}]", page.example),
        _ => page.example.to_owned(),
    };
    if !keys.is_empty() {
        text.push_str(&format!("\nKeys\n{}", table(&keys)));
    }
    text.push_str(&format!("\nExample\n  {place} = {example}\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor::network::{Mask, Positions, Sign, Wiring};
    use attractor::numerics::law::Law;

    #[test]
    fn examples_are_what_they_say() {
        for page in PAGES {
            let text = format!("x = {}", page.example);
            let table: toml::Table = text.parse().unwrap();
            let value = table["x"].clone();
            let kind = value["kind"].as_str().map(str::to_owned);
            assert_eq!(kind.as_deref(), Some(page.name));
            let read = match page.is {
                "law" => value.try_into::<Law>().map(|_| ()),
                "mask" => value.try_into::<Mask>().map(|_| ()),
                "sign" => value.try_into::<Sign>().map(|_| ()),
                "positions" => value.try_into::<Positions>().map(|_| ()),
                _ => value.try_into::<Wiring>().map(|_| ()),
            };
            assert!(read.is_ok(), "{}: {read:?}", page.name);
        }
    }

    #[test]
    fn every_wiring_and_law_has_a_page() {
        // serde's error for an unknown kind lists those there are
        let unknown = |error: String| -> Vec<String> {
            let known = error.split("expected one of").nth(1).unwrap_or("").to_owned();
            let known = known.lines().next().unwrap_or("").to_owned();
            known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        };
        let said = |error: toml::de::Error| unknown(error.to_string());
        let names = [
            ("wiring", said(toml::from_str::<Wiring>("kind = ''").unwrap_err())),
            ("mask", said(toml::from_str::<Mask>("kind = ''").unwrap_err())),
            ("sign", said(toml::from_str::<Sign>("kind = ''").unwrap_err())),
            ("positions", said(toml::from_str::<Positions>("kind = ''").unwrap_err())),
            ("law", said(toml::from_str::<Law>("kind = ''").unwrap_err())),
        ];
        for (is, names) in names {
            assert!(names.len() > 2, "{is}: {names:?}");
            for name in names {
                assert!(PAGES.iter().any(|page| page.is == is && page.name == name), "{is} {name}");
            }
        }
    }
}
