//! The keys `network.neuron` and `network.readout_neuron`: a name of the library, a file, or a table.

use std::path::Path;

use attractor_equations::{Neuron, NeuronText, Surrogate};
use attractor_network::library::{self, NoisePlace, Ports};

use super::network::{NeuronChoice, READOUT_NEURON};
use super::problem::{Place, Problem, closest, did_you_mean};
use super::read::read;
use super::tree::{Node, Value};

/// Where noise enters when nobody says: sd 0.05 a step, added to the state (Valente, Pillow & Ostojic
/// 2022, arXiv:2110.09804).
pub(super) const PLACE: NoisePlace = NoisePlace::Outside;

/// The neuron of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) neuron: Neuron,
    pub(crate) ports: Ports,
    /// How the resolved configuration says it: by name if it is the library's, else written out.
    pub(crate) choice: NeuronChoice,
    /// Where its noise enters if nobody says `none`, for neurons that leave the choice.
    pub(crate) noise: Option<NoisePlace>,
}

/// The neurons of a network.
#[derive(Clone, Debug)]
pub(crate) struct Units {
    /// Of the recurrent units.
    pub(crate) rec: Chosen,
    /// Of the readout.
    pub(crate) out: Chosen,
}

/// The neuron of the units; nothing if there is something wrong with it.
pub(super) fn chosen(user: &Node, problems: &mut Vec<Problem>) -> Option<Chosen> {
    at("neuron", library::DEFAULT, Asked::of(user), user, problems)
}

/// The neuron of the readout, which has no noise; the emission that is read comes first and is called `y`.
pub(super) fn readout(user: &Node, problems: &mut Vec<Problem>) -> Option<Chosen> {
    let quiet = Asked { otherwise: NoisePlace::None, ..Asked::default() };
    let mut chosen = at("readout_neuron", READOUT_NEURON, quiet, user, problems)?;
    let Chosen { neuron, ports, .. } = &mut chosen;
    let read = neuron.emissions.iter().position(|emission| emission.symbol.name == ports.readout);
    let (Some(read), false) = (read, neuron.drives.is_empty()) else {
        let message =
            format!("`{}` hears nothing or says nothing; a readout does both", neuron.name);
        let key = "network.readout_neuron";
        let place = user.get(&["network", "readout_neuron"]).map(|node| node.place.clone());
        problems.push(Problem::new(key, message).at(&place.unwrap_or_default()));
        return None;
    };
    for (k, emission) in neuron.emissions.iter_mut().enumerate() {
        match k == read {
            true => OUTPUT_NAME.clone_into(&mut emission.symbol.name),
            // what its neuron calls so is another emission of it
            false if emission.symbol.name == OUTPUT_NAME => emission.symbol.name += "_own",
            false => {}
        }
    }
    neuron.emissions[..=read].rotate_right(1);
    OUTPUT_NAME.clone_into(&mut ports.readout);
    Some(chosen)
}

/// What a readout's emission is called, as in `out.y`.
const OUTPUT_NAME: &str = "y";

/// The neuron at a key of the network.
fn at(
    name: &str,
    default: &str,
    asked: Asked<'_>,
    user: &Node,
    problems: &mut Vec<Problem>,
) -> Option<Chosen> {
    let key = &format!("network.{name}");
    let place = asked.place();
    let Some(node) = user.get(&["network", name]) else {
        return named(default, asked, problems);
    };
    let problem = |message: String| Problem::new(key, message).at(&node.place);
    let parsed = match &node.value {
        Value::Text(name) if library::neuron(name, place).is_some() => {
            return named(name, asked, problems);
        }
        Value::Text(path) => match find(path, &node.place) {
            Ok((text, origin)) => NeuronText::from_toml(&text, &origin)
                .and_then(|written| Ok((Neuron::from_toml(&text, &origin)?, written)))
                .map_err(|error| error.to_string()),
            Err(message) => Err(message),
        },
        Value::Table(_) => {
            let before = problems.len();
            let text: Option<NeuronText> =
                read(node.clone(), &Node::empty(), &["network", "neuron"], problems);
            match text.filter(|_| problems.len() == before) {
                Some(text) => Neuron::parse(&text, key)
                    .map(|neuron| (neuron, text))
                    .map_err(|error| error.to_string()),
                None => return None,
            }
        }
        _ => Err("a neuron of the library, a path to FILE.toml, or a table expected".to_owned()),
    };
    match parsed {
        Ok((neuron, text)) => {
            let written = [
                ("noise", asked.noise.filter(|_| place != NoisePlace::None)),
                ("surrogate", asked.surrogate),
            ];
            for (what, asked) in written {
                let Some(asked) = asked else { continue };
                let message = format!(
                    "the {what} of `{}` stands in its equations; leave `network.{what}` out",
                    neuron.name
                );
                problems.push(Problem::new(&format!("network.{what}"), message).at(&asked.place));
            }
            let (ports, choice) = (Ports::of(&neuron), NeuronChoice::Text(Box::new(text)));
            Some(Chosen { neuron, ports, choice, noise: None })
        }
        Err(message) => {
            problems.push(problem(message));
            None
        }
    }
}

/// What was asked of a neuron of the library beside its name.
#[derive(Clone, Copy)]
pub(super) struct Asked<'t> {
    noise: Option<&'t Node>,
    surrogate: Option<&'t Node>,
    /// Where noise enters if nobody says.
    otherwise: NoisePlace,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Asked { noise: None, surrogate: None, otherwise: PLACE }
    }
}

impl<'t> Asked<'t> {
    fn of(user: &'t Node) -> Self {
        let get = |key| user.get(&["network", key]);
        Asked { noise: get("noise"), surrogate: get("surrogate"), otherwise: PLACE }
    }

    /// Where noise was asked for; a word that is none is reported when the section is read.
    fn place(self) -> NoisePlace {
        match self.noise.and_then(Node::text) {
            Some("none") => NoisePlace::None,
            Some("inside") => NoisePlace::Inside,
            _ => self.otherwise,
        }
    }

    /// The surrogate that was asked for; a word that is none is reported when the section is read.
    fn surrogate(self) -> Option<Surrogate> {
        Surrogate::named(self.surrogate.and_then(Node::text)?).ok()
    }
}

/// A neuron of the library.
pub(super) fn named(name: &str, asked: Asked<'_>, problems: &mut Vec<Problem>) -> Option<Chosen> {
    let (place, surrogate) = (asked.place(), asked.surrogate());
    let neuron = match library::spiking_as(name, place, surrogate)? {
        Ok(neuron) => neuron,
        Err(error) => {
            problems.push(Problem::new("network.neuron", error.to_string()));
            return None;
        }
    };
    // a neuron without noise may be one whose noise is off, or one that never has any; a noise of its
    // own (the same at every place) leaves no choice
    let at = |place| library::neuron(name, place).and_then(Result::ok);
    let noisy = at(PLACE) != at(NoisePlace::None);
    if let Some(asked) = asked.noise.filter(|_| place != NoisePlace::None && !noisy) {
        let message = format!("`{name}` has no noise to place; leave `network.noise` out");
        problems.push(Problem::new("network.noise", message).at(&asked.place));
    }
    let by = |surrogate| library::spiking_as(name, place, Some(surrogate)).and_then(Result::ok);
    if let Some(asked) = asked.surrogate
        && by(Surrogate::Triangular) == by(Surrogate::Arctan)
    {
        let message = format!("`{name}` has no surrogate to choose; leave `network.surrogate` out");
        problems.push(Problem::new("network.surrogate", message).at(&asked.place));
    }
    let ports = library::ports(name).unwrap_or_else(|| Ports::of(&neuron));
    let choice = NeuronChoice::Name(name.to_owned());
    let noise = noisy.then_some(if place == NoisePlace::None { PLACE } else { place });
    Some(Chosen { neuron, ports, choice, noise })
}

/// The text of a neuron's file, and what to call it.
fn find(path: &str, place: &Place) -> Result<(String, String), String> {
    let file = place.directory().unwrap_or(Path::new("")).join(path);
    let looks_like_a_path = path.ends_with(".toml") || path.contains(['/', '\\']);
    if looks_like_a_path || file.is_file() {
        let text = std::fs::read_to_string(&file);
        let text = text.map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
        return Ok((text, file.display().to_string()));
    }
    let names = library::names();
    let meant = did_you_mean(closest(path, names.iter().map(String::as_str)));
    Err(format!(
        "there is no neuron `{path}`{meant}; `attractor neurons` lists those of the library, and a path \
         ends in .toml"
    ))
}
