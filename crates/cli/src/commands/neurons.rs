//! `attractor neurons`

use std::path::{Path, PathBuf};

use attractor::data::closest;
use attractor::equations::{Neuron, NeuronError, Surrogate, SymbolRow};
use attractor::network::library::{self, NoisePlace, Ports};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Answer, table};

mod picture;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Equations, symbols and source of one
    Show {
        /// Its name, or a file with a neuron of your own (docs/neuron-text.md)
        #[arg(value_name = "NAME | FILE.toml")]
        name: String,
        /// Where noise enters a leaky neuron
        #[arg(long, value_enum, default_value_t = Noise::Outside)]
        noise: Noise,
        /// What spikes are differentiated as: triangular, fast-sigmoid, arctan, gaussian, multi-gaussian
        #[arg(long, value_name = "NAME")]
        surrogate: Option<String>,
        /// Draw how it answers a step of current, all currents and, if it rings, frequencies: FILE.svg or FILE.png
        #[arg(long, value_name = "FILE")]
        plot: Option<PathBuf>,
        /// Time step of the plot, ms
        #[arg(long, default_value_t = 0.5, requires = "plot")]
        dt: f64,
        /// Size of the step of current; found for neurons that spike, 1 for others
        #[arg(long, requires = "plot", allow_negative_numbers = true)]
        current: Option<f64>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Noise {
    None,
    Inside,
    Outside,
}

const EXAMPLES: &str = "\
Examples:
  attractor neurons
  attractor neurons show gru
  attractor neurons show leaky-relu --noise inside
  attractor neurons show adex --plot adex.svg  draws how it answers
  attractor neurons show my-neuron.toml        checks a neuron of your own";

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    match &arguments.what {
        None => list(),
        Some(What::Show { name, noise, surrogate, plot, dt, current }) => {
            let place = match noise {
                Noise::None => NoisePlace::None,
                Noise::Inside => NoisePlace::Inside,
                Noise::Outside => NoisePlace::Outside,
            };
            let surrogate = surrogate.as_deref().map(Surrogate::named).transpose();
            let surrogate = surrogate.map_err(|error| wrong(&error))?;
            let (neuron, ports) = find(name, place, surrogate)?;
            if let Some(path) = plot {
                picture::draw(&neuron, &ports, *dt, *current, path)?;
            }
            Ok(show(&neuron, &ports, plot.as_deref()))
        }
    }
}

fn wrong(error: &NeuronError) -> Failure {
    Failure::Request(error.to_string())
}

fn list() -> Result<Answer, Failure> {
    let mut rows = vec![["name", "equations", ""].map(str::to_owned).to_vec()];
    let mut values = Vec::new();
    for name in library::names() {
        let Some(neuron) = library::neuron(&name, NoisePlace::None) else { continue };
        let neuron = neuron.map_err(|error| wrong(&error))?;
        rows.push(vec![name.clone(), neuron.doc.clone()]);
        values.push(json!({ "name": name, "doc": neuron.doc, "source": neuron.source }));
    }
    rows[0][1] = "what it is".to_owned();
    let text = format!("{}\n`attractor neurons show NAME` has the equations.\n", table(&rows));
    Ok(Answer::new(text, &values))
}

fn find(
    name: &str,
    place: NoisePlace,
    surrogate: Option<Surrogate>,
) -> Result<(Neuron, Ports), Failure> {
    Ok(match library::spiking_as(name, place, surrogate) {
        Some(neuron) => {
            let neuron = neuron.map_err(|error| wrong(&error))?;
            let ports = library::ports(name).unwrap_or_else(|| Ports::of(&neuron));
            (neuron, ports)
        }
        None if name.ends_with(".toml") => {
            let text = std::fs::read_to_string(name)
                .map_err(|error| Failure::Request(format!("{name}: cannot be read: {error}")))?;
            let neuron = Neuron::from_toml(&text, name).map_err(|error| wrong(&error))?;
            let ports = Ports::of(&neuron);
            (neuron, ports)
        }
        None => {
            let names = library::names();
            let meant = closest(name, names.iter().map(String::as_str));
            let meant = meant.map_or_else(String::new, |m| format!(" (did you mean `{m}`?)"));
            let message =
                format!("there is no neuron `{name}`{meant}; `attractor neurons` lists them");
            return Err(Failure::Request(message));
        }
    })
}

fn show(neuron: &Neuron, ports: &Ports, drawn: Option<&Path>) -> Answer {
    let (equations, latex, symbols) =
        (neuron.to_text().equations, neuron.latex(), neuron.symbols());
    let mut value = json!({
        "name": neuron.name,
        "doc": neuron.doc,
        "source": neuron.source,
        "equations": equations,
        "latex": latex,
        "symbols": symbols,
        "wired": {
            "inputs": ports.inputs,
            "recurrent": ports.recurrent,
            "readout": ports.readout,
        },
    });
    let mut text = describe(neuron, ports, &equations, &latex, &symbols);
    if let Some(path) = drawn {
        value["drawn"] = json!(path);
        text += &format!("\nDrawn: {}\n", path.display());
    }
    Answer::new(text, &value)
}

fn describe(
    neuron: &Neuron,
    ports: &Ports,
    equations: &[String],
    latex: &[String],
    symbols: &[SymbolRow],
) -> String {
    let mut text = neuron.name.clone();
    if !neuron.doc.is_empty() {
        text.push_str(&format!(": {}", neuron.doc));
    }
    text.push('\n');
    if !neuron.source.is_empty() {
        text.push_str(&format!("{}\n", neuron.source));
    }
    let lines =
        |lines: &[String]| -> String { lines.iter().map(|line| format!("  {line}\n")).collect() };
    text.push_str(&format!("\nEquations\n{}", lines(equations)));
    text.push_str(&format!("\nIn LaTeX\n{}", lines(latex)));
    text.push_str(&format!("\nSymbols\n{}", table(&rows(symbols))));
    let requires = neuron.to_text().requires;
    if !requires.is_empty() {
        text.push_str(&format!("\nRequires\n{}", lines(&requires)));
    }
    let recurrent: Vec<String> =
        ports.recurrent.iter().map(|(from, to)| format!("{from} to {to}")).collect();
    text.push_str(&format!(
        "\nWired by default\n  input      to {}\n  recurrent  {}\n  readout    of {}\n",
        ports.inputs.join(", "),
        recurrent.join(", "),
        ports.readout
    ));
    text
}

fn rows(symbols: &[SymbolRow]) -> Vec<Vec<String>> {
    let heading = ["symbol", "is", "default", "unit", "range", "meaning"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for symbol in symbols {
        let end =
            |end: Option<f64>, open: &str| end.map_or_else(|| open.to_owned(), |e| e.to_string());
        let range = match symbol.range {
            (None, None) => String::new(),
            (low, high) => format!("{} … {}", end(low, "-∞"), end(high, "∞")),
        };
        let mut kind = symbol.kind.to_string();
        if symbol.trained {
            kind.push_str(", trained");
        }
        rows.push(vec![
            symbol.name.clone(),
            kind,
            symbol.default.map_or_else(String::new, |value| value.to_string()),
            symbol.unit.clone(),
            range,
            symbol.doc.clone(),
        ]);
    }
    rows
}
