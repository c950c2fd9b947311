//! `attractor wirings`

use attractor::data::closest;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Answer, table};

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

/// A wiring or a law, explained.
#[derive(Debug, Serialize)]
struct Page {
    name: &'static str,
    /// `wiring` or `law`.
    is: &'static str,
    summary: &'static str,
    formula: &'static str,
    /// Key and meaning.
    keys: &'static [(&'static str, &'static str)],
    source: &'static str,
    example: &'static str,
}

const LAW: (&str, &str) = ("law", "the law its weights are drawn from");

/// Everything there is.
const PAGES: &[Page] = &[
    Page {
        name: "dense",
        is: "wiring",
        summary: "every weight free",
        formula: "W[target, source]; targets · sources parameters",
        keys: &[LAW],
        source: "",
        example: "{ kind = \"dense\", law = { kind = \"gaussian\", gain = 1.0 } }",
    },
    Page {
        name: "masked",
        is: "wiring",
        summary: "free weights where a mask allows them, 0 elsewhere",
        formula: "M ∘ W; the mask is part of the network, not of a seed's run",
        keys: &[
            LAW,
            ("density", "fraction of allowed weights, drawn by `seed`; or"),
            ("pairs", "the allowed pairs [target, source]"),
            ("seed", "seed of a mask drawn by density [0]"),
        ],
        source: "",
        example: "{ kind = \"masked\", density = 0.1, law = { kind = \"gaussian\", gain = 1.0 } }",
    },
    Page {
        name: "low-rank",
        is: "wiring",
        summary: "few columns of loadings, never multiplied out",
        formula: "m nᵀ / sources; (targets + sources) · rank parameters",
        keys: &[("rank", "columns of m and n"), ("m", "law of m"), ("n", "law of n")],
        source: "Mastrogiuseppe & Ostojic 2018, doi:10.1016/j.neuron.2018.07.003",
        example: "{ kind = \"low-rank\", rank = 2, m = { kind = \"normal\", sd = 1.0 }, n = { kind = \"normal\", sd = 1.0 } }",
    },
    Page {
        name: "core",
        is: "wiring",
        summary: "a small trained core between fixed loadings, never multiplied out",
        formula: "U M Vᵀ / sources; rank² trained parameters",
        keys: &[
            ("rank", "columns of U and V, size of M"),
            ("u", "law of U, or its rows"),
            ("v", "law of V, or its rows"),
            ("core", "law of M"),
        ],
        source: "",
        example: "{ kind = \"core\", rank = 2, u = { kind = \"normal\", sd = 1.0 }, v = { kind = \"normal\", sd = 1.0 }, core = { kind = \"constant\", value = 0.0 } }",
    },
    Page {
        name: "each",
        is: "wiring",
        summary: "one small dense wiring shared by all units, block-diagonal, never multiplied out",
        formula: "W = 1 ⊗ B: run k of the targets hears run k of the sources; targets · sources / copies² parameters",
        keys: &[("copies", "number of copies, which divides sources and targets"), LAW],
        source: "",
        example: "{ kind = \"each\", copies = 128, law = { kind = \"constant\", value = 1.0 } }",
    },
    Page {
        name: "blocks",
        is: "wiring",
        summary: "wirings between groups; pairs of groups that are not named are not connected",
        formula: "W[group of targets, group of sources] per block",
        keys: &[("blocks", "a list of { from = group, to = group, wiring = dense or masked }")],
        source: "",
        example: "{ kind = \"blocks\", blocks = [{ from = \"E\", to = \"I\", wiring = { kind = \"dense\", law = { kind = \"normal\", sd = 0.1 } } }] }",
    },
    Page {
        name: "sum",
        is: "wiring",
        summary: "several wirings added",
        formula: "Σ W_k, each with parameters of its own",
        keys: &[("terms", "a list of wirings")],
        source: "",
        example: "{ kind = \"sum\", terms = [{ kind = \"dense\", law = { kind = \"gaussian\", gain = 0.8 } }, { kind = \"low-rank\", rank = 1, m = { kind = \"normal\", sd = 1.0 }, n = { kind = \"normal\", sd = 1.0 } }] }",
    },
    Page {
        name: "around",
        is: "law",
        summary: "normal around a mean, for parameters that differ from unit to unit",
        formula: "N(mean, sd²), cut to the parameter's range",
        keys: &[("mean", "mean"), ("sd", "standard deviation")],
        source: "",
        example: "{ kind = \"around\", mean = 20.0, sd = 5.0 }",
    },
    Page {
        name: "between",
        is: "law",
        summary: "uniform between two values, for parameters that differ from unit to unit",
        formula: "U(low, high)",
        keys: &[("low", "smallest value"), ("high", "largest value")],
        source: "",
        example: "{ kind = \"between\", low = 0.5, high = 1.5 }",
    },
    Page {
        name: "gaussian",
        is: "law",
        summary: "normal with a gain that does not depend on size",
        formula: "N(0, gain²/sources); eigenvalues of a square matrix fill a disc of radius gain",
        keys: &[("gain", "g")],
        source: "Sompolinsky, Crisanti & Sommers 1988, doi:10.1103/PhysRevLett.61.259",
        example: "{ kind = \"gaussian\", gain = 1.2 }",
    },
    Page {
        name: "normal",
        is: "law",
        summary: "normal",
        formula: "N(0, sd²)",
        keys: &[("sd", "standard deviation")],
        source: "",
        example: "{ kind = \"normal\", sd = 0.1 }",
    },
    Page {
        name: "uniform",
        is: "law",
        summary: "uniform around 0",
        formula: "U(-limit, limit)",
        keys: &[("limit", "largest size")],
        source: "",
        example: "{ kind = \"uniform\", limit = 0.1 }",
    },
    Page {
        name: "glorot",
        is: "law",
        summary: "uniform, scaled by both sides",
        formula: "U(±gain √(6 / (targets + sources)))",
        keys: &[("gain", "factor [1]")],
        source: "Glorot & Bengio 2010",
        example: "{ kind = \"glorot\" }",
    },
    Page {
        name: "orthogonal",
        is: "law",
        summary: "a random rotation",
        formula: "gain · Q, QᵀQ = 1, uniform over all rotations",
        keys: &[("gain", "factor [1]")],
        source: "Mezzadri 2007; Saxe, McClelland & Ganguli 2014, arXiv:1312.6120",
        example: "{ kind = \"orthogonal\", gain = 1.0 }",
    },
    Page {
        name: "turns",
        is: "law",
        summary: "a rotation of pairs of units, each by an angle of its own",
        formula: "blocks [[cos a, -sin a], [sin a, cos a]] on the diagonal, a ~ U(0, π)",
        keys: &[],
        source: "Henaff, Szlam & LeCun 2016, arXiv:1602.06662",
        example: "{ kind = \"turns\" }",
    },
    Page {
        name: "constant",
        is: "law",
        summary: "the same value everywhere",
        formula: "value",
        keys: &[("value", "the value")],
        source: "",
        example: "{ kind = \"constant\", value = 0.0 }",
    },
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
    let text = format!(
        "{}\n{}\n`attractor wirings show NAME` has keys and an example.\n",
        table(&rows("wiring")),
        table(&rows("law"))
    );
    Answer::new(text, &PAGES)
}

fn show(name: &str) -> Result<Answer, Failure> {
    let Some(page) = PAGES.iter().find(|page| page.name == name) else {
        let meant = closest(name, PAGES.iter().map(|page| page.name));
        let meant = meant.map_or_else(String::new, |m| format!(" (did you mean `{m}`?)"));
        let message =
            format!("there is no wiring or law `{name}`{meant}; `attractor wirings` lists them");
        return Err(Failure::Request(message));
    };
    let keys: Vec<Vec<String>> = page
        .keys
        .iter()
        .map(|(key, meaning)| vec![(*key).to_owned(), (*meaning).to_owned()])
        .collect();
    let mut text = format!("{}, a {}: {}\n  {}\n", page.name, page.is, page.summary, page.formula);
    if !page.source.is_empty() {
        text.push_str(&format!("{}\n", page.source));
    }
    let place = if page.is == "law" { "network.recurrent.law" } else { "network.recurrent" };
    text.push_str(&format!("\nKeys\n{}\nExample\n  {place} = {}\n", table(&keys), page.example));
    Ok(Answer::new(text, page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor::network::Wiring;
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
        let wirings = unknown(toml::from_str::<Wiring>("kind = ''").unwrap_err().to_string());
        let laws = unknown(toml::from_str::<Law>("kind = ''").unwrap_err().to_string());
        assert!(wirings.len() > 3 && laws.len() > 3, "{wirings:?} {laws:?}");
        for (is, names) in [("wiring", wirings), ("law", laws)] {
            for name in names {
                assert!(PAGES.iter().any(|page| page.is == is && page.name == name), "{is} {name}");
            }
        }
    }
}
