//! From what was asked to what is run: defaults filled in, everything checked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use attractor_equations::Neuron;
use attractor_learn::objective::{CrossEntropy, Term};
use attractor_learn::{Objective, Phase, PhaseError, Stop, Validate};
use attractor_network::{Hold, Network, Wiring};
use attractor_numerics::law::Law;

use super::network::{Choice, MOST_UNITS, NetworkConfig, ParamChoice, READOUT_NEURON};
use super::neurons::{self, Units};
use super::problem::{ConfigError, Place, Problem, closest, did_you_mean, list};
use super::read::read;
use super::request::Request;
use super::tree::{Node, Value};
use super::{Config, connectome, curriculum, node, origin, positions, sources};
use crate::describe::describe;
use crate::material::Material;

/// More parameters than this are a mistake in a size.
const MOST_PARAMETERS: usize = 1 << 30;

/// A checked configuration, and all that follows from it.
#[derive(Clone)]
pub struct Experiment {
    /// The resolved configuration.
    pub config: Config,
    /// Its text, as written to `config.toml`.
    pub text: String,
    /// Where the trials come from that the network is made for and evaluated on.
    pub material: Material,
    /// Where those of each phase come from.
    pub curriculum: Vec<Material>,
    /// The network.
    pub network: Arc<Network>,
    /// The neuron of the recurrent units.
    pub neuron: Neuron,
    /// The phases of training.
    pub phases: Vec<Phase>,
    /// The emission that is read out.
    emission: String,
    /// The parameters of another model, to start from.
    origin: Option<Arc<[f32]>>,
}

impl Experiment {
    /// The parameters that training starts from.
    #[must_use]
    pub fn initial(&self) -> Vec<f32> {
        if let Some(weights) = &self.origin {
            return weights.to_vec();
        }
        let parameters = self.network.initial_parameters(self.config.seed);
        parameters.into_iter().map(|x| x as f32).collect()
    }

    /// The emission of the recurrent units that is read out, such as `r`.
    #[must_use]
    pub fn emission(&self) -> String {
        self.emission.clone()
    }

    /// Puts the layers of a request together and checks the whole.
    ///
    /// # Errors
    /// Every problem there is, each with its place.
    pub fn read(request: &Request) -> Result<Experiment, ConfigError> {
        let mut problems = Vec::new();
        let experiment = match request.tree() {
            Ok(user) => Self::resolve(&user, &mut problems),
            Err(wrong) => {
                problems = wrong;
                None
            }
        };
        match experiment.filter(|_| problems.is_empty()) {
            Some(experiment) => Ok(experiment),
            None => Err(ConfigError::new(problems)),
        }
    }

    fn resolve(user: &Node, problems: &mut Vec<Problem>) -> Option<Experiment> {
        let seed = seed(user);
        let section = user.get(&["task"]).cloned().unwrap_or_else(Node::empty);
        let material = sources::material(section, "task", seed, problems);
        let chosen = neurons::chosen(user, problems);
        let read_out = neurons::readout(user, problems);
        let before = problems.len();
        let connected = connectome::chosen(user, problems);
        let complete = material.is_some()
            && chosen.is_some()
            && read_out.is_some()
            && problems.len() == before;
        // with something to stand in for what is wrong, the rest can still be checked
        let mut stand_in = |name: &str| neurons::named(name, Default::default(), problems);
        let chosen = chosen.or_else(|| stand_in(attractor_network::library::DEFAULT))?;
        let read_out = read_out.or_else(|| stand_in(READOUT_NEURON))?;
        let units = Units { rec: chosen, out: read_out };
        let task = material.as_ref().map(|(_, section)| section.clone()).unwrap_or_default();
        let trials = material.as_ref().map(|(material, _)| material);
        let defaults = defaults(user, &units, seed, trials, &connected);
        let mut default_node = node(&defaults)?;
        let task = Node::from_value(&toml::Value::Table(task));
        default_node.put(&["task"], Some(task.clone()));
        let mut tree = default_node.clone().under(user.clone());
        tree.put(&["task"], Some(task));
        if complete {
            for key in ["neuron", "readout_neuron"] {
                tree.put(&["network", key], default_node.get(&["network", key]).cloned());
            }
        }
        if connected.is_some() {
            let files = default_node.get(&["network", "connectome"]).cloned();
            tree.put(&["network", "connectome"], files);
        }
        let mut config: Config = read(tree, &default_node, &[], problems)?;
        positions::resolve(&mut config.network, user, problems);
        let curriculum = material
            .as_ref()
            .map(|run| curriculum::curriculum(&mut config.phase, run, user, seed, problems));
        let phases = phases(&config, user, problems);
        names(&config, &units, user, problems);
        if !complete {
            return None;
        }
        let ((material, _), curriculum) = material.zip(curriculum)?;
        let connected = connected.as_ref();
        let network = network(&config, &units, &material, connected, user, problems)?;
        for (k, phase) in phases.iter().enumerate() {
            if let Err(wrong) = phase.check(&*network) {
                problems.extend(wrong.iter().map(|error| of_phase(error, k, &config, user)));
            }
        }
        let material = material.counted(&phases);
        let curriculum = curriculum.into_iter().zip(&phases);
        let curriculum = curriculum.map(|(material, phase)| material.counted([phase])).collect();
        let origin = origin(&mut config, &network, user, problems);
        let text = config.to_toml(&defaults);
        let (neuron, emission) = (units.rec.neuron, units.rec.ports.readout);
        Some(Experiment {
            config,
            text,
            material,
            curriculum,
            network,
            neuron,
            phases,
            emission,
            origin,
        })
    }
}

/// The weights of another model, whose path is written out so that it holds wherever it is read.
fn origin(
    config: &mut Config,
    network: &Network,
    user: &Node,
    problems: &mut Vec<Problem>,
) -> Option<Arc<[f32]>> {
    let path = config.from.as_mut()?;
    let place = place(user, "from");
    let relative = place.directory().unwrap_or(Path::new("")).join(&path);
    *path = std::path::absolute(&relative).unwrap_or(relative);
    match origin::weights(path, network) {
        Ok(weights) => Some(weights.into()),
        Err(message) => {
            problems.push(Problem::new("from", message).at(&place));
            None
        }
    }
}

/// The seed, read early because the trials need it; a wrong one is reported with everything else.
fn seed(user: &Node) -> u64 {
    match user.get(&["seed"]).map(|node| &node.value) {
        Some(Value::Integer(seed)) => u64::try_from(*seed).unwrap_or(1),
        _ => 1,
    }
}

/// Everything that nobody said.
fn defaults(
    user: &Node,
    units: &Units,
    seed: u64,
    material: Option<&Material>,
    connected: &Option<connectome::Read>,
) -> Config {
    let phase = Phase::default();
    let scored = material.is_none_or(Material::is_task);
    let objective = match material {
        Some(Material::Task { task, .. }) if task.classifies() => {
            Objective { terms: vec![Term::CrossEntropy(CrossEntropy::default())] }
        }
        _ => phase.objective,
    };
    let kind = |which: &str| {
        let node = user.get(&["network", which])?;
        node.kind().or(node.text())
    };
    let (chosen, neuron) = (&units.rec, &units.rec.neuron);
    let zero = Law::Constant { value: 0.0 };
    let params = |neuron: &Neuron| {
        let params = neuron.params.iter();
        params.map(|p| (p.symbol.name.clone(), ParamChoice::Number(p.default))).collect()
    };
    let bias = neuron.drives.iter().map(|drive| (drive.name.clone(), Choice(Some(zero)))).collect();
    Config {
        seed,
        from: None,
        task: toml::Table::new(),
        network: NetworkConfig {
            units: connected.as_ref().map_or(128, |read| read.connectome.cells.len()),
            neuron: chosen.choice.clone(),
            noise: chosen.noise,
            surrogate: None,
            integrator: Default::default(),
            params: params(neuron),
            per_unit: None,
            trained: None,
            range: BTreeMap::new(),
            bias: Choice(Some(bias)),
            start: BTreeMap::new(),
            groups: BTreeMap::new(),
            positions: None,
            input: wiring(kind("input"), Law::Normal { sd: 1.0 }),
            connectome: connected.as_ref().map(|read| read.files.clone()),
            conduction: None,
            recurrent: match (connected, kind("recurrent")) {
                (Some(read), None | Some("constrained")) => read.free(),
                (Some(read), Some("graph")) => read.weighted(),
                // what is said of a connectome that cannot be read is read all the same
                (None, None) if user.get(&["network", "connectome"]).is_some() => {
                    wiring(Some("constrained"), Law::Gaussian { gain: 1.0 })
                }
                (_, kind) => wiring(kind, Law::Gaussian { gain: 1.0 }),
            },
            readout: wiring(kind("readout"), Law::Gaussian { gain: 0.1 }),
            readout_neuron: units.out.choice.clone(),
            readout_params: params(&units.out.neuron),
            readout_bias: Choice(Some(zero)),
            projection: Vec::new(),
        },
        objective,
        learner: attractor_learn::Learner { rate: 2e-3, ..phase.learner },
        train: None,
        rates: Vec::new(),
        prune: None,
        stop: Stop { updates: 2000, score: scored.then_some(0.97), times: 3, ..phase.stop },
        validate: Validate { every: 20, ..phase.validate },
        evaluate: Default::default(),
        analyse: Default::default(),
        checkpoint: Default::default(),
        phase: Vec::new(),
    }
}

/// A wiring of a kind, complete; where the kind has nothing to be complete with, a dense one.
fn wiring(kind: Option<&str>, law: Law) -> Wiring {
    let one = Law::Normal { sd: 1.0 };
    match kind {
        Some("low-rank") => Wiring::LowRank { rank: 1, m: one, n: one, covariance: None },
        Some("constrained") => Wiring::Constrained {
            wiring: Box::new(Wiring::Dense { law }),
            masks: Vec::new(),
            sign: None,
            hold: Hold::default(),
        },
        Some("masked") => Wiring::Masked { law, density: Some(0.1), pairs: None, seed: 0 },
        _ => Wiring::Dense { law },
    }
}

/// The phases, each laid over what all share.
fn phases(config: &Config, user: &Node, problems: &mut Vec<Problem>) -> Vec<Phase> {
    let base = config.base();
    let Some(base_node) = node(&base) else { return Vec::new() };
    if config.phase.is_empty() {
        return vec![base];
    }
    let mut phases = Vec::new();
    for k in 0..config.phase.len() {
        let key = k.to_string();
        // the user's own tree knows the places
        let Some(mut given) = user.get(&["phase", &key]).cloned() else { continue };
        given.put(&["task"], None);
        let tree = base_node.clone().under(given);
        phases.extend(read::<Phase>(tree, &base_node, &["phase", &key], problems));
    }
    phases
}

/// Names of parameters, drives and states that the neuron does not have.
fn names(config: &Config, units: &Units, user: &Node, problems: &mut Vec<Problem>) {
    let neuron = &units.rec.neuron;
    let params_of = |neuron: &'_ Neuron| -> Vec<String> {
        neuron.params.iter().map(|p| p.symbol.name.clone()).collect()
    };
    let (params, heard) = (params_of(neuron), params_of(&units.out.neuron));
    let params: Vec<&str> = params.iter().map(String::as_str).collect();
    let heard: Vec<&str> = heard.iter().map(String::as_str).collect();
    let drives: Vec<&str> = neuron.drives.iter().map(|d| d.name.as_str()).collect();
    let states: Vec<&str> = neuron.states.iter().map(|s| s.symbol.name.as_str()).collect();
    let mut check = |section: &str, what: &str, given: Vec<&String>, known: &[&str]| {
        let whose = if section == "readout_params" { &units.out.neuron.name } else { &neuron.name };
        for name in given.into_iter().filter(|name| !known.contains(&name.as_str())) {
            let meant = did_you_mean(closest(name, known.iter().copied()));
            let has = if known.is_empty() { "none".to_owned() } else { list(known) };
            let message = format!("`{whose}` has no {what} `{name}`{meant}; it has {has}");
            // an entry of a table, or of a list
            let mut key = format!("network.{section}.{name}");
            if place(user, &key) == Place::Default {
                key = format!("network.{section}");
            }
            problems.push(Problem::new(&key, message).at(&place(user, &key)));
        }
    };
    let network = &config.network;
    let in_group = |key: &&String| key.ends_with(']') && key.contains('[');
    let (of_groups, of_all): (Vec<&String>, Vec<&String>) =
        network.params.keys().partition(in_group);
    check("params", "parameter", of_all, &params);
    let of_groups: Vec<String> =
        of_groups.iter().filter_map(|key| Some(key.split_once('[')?.0.to_owned())).collect();
    check("params", "parameter", of_groups.iter().collect(), &params);
    check("readout_params", "parameter", network.readout_params.keys().collect(), &heard);
    check("range", "parameter", network.range.keys().collect(), &params);
    check("per_unit", "parameter", network.per_unit.iter().flatten().collect(), &params);
    check("trained", "parameter", network.trained.iter().flatten().collect(), &params);
    let bias = network.bias.0.iter().flat_map(BTreeMap::keys).collect();
    check("bias", "drive", bias, &drives);
    check("start", "state", network.start.keys().collect(), &states);
}

/// The compiled network.
fn network(
    config: &Config,
    units: &Units,
    material: &Material,
    connected: Option<&connectome::Read>,
    user: &Node,
    problems: &mut Vec<Problem>,
) -> Option<Arc<Network>> {
    let section = user.get(&["network"]).map(|node| node.place.clone()).unwrap_or_default();
    let mut wrong = |key: &str, message: String| {
        let at = match place(user, key) {
            Place::Default => section.clone(),
            place => place,
        };
        problems.push(Problem::new(key, message).at(&at));
        None
    };
    let NetworkConfig { units: count, recurrent, .. } = &config.network;
    if let Some(cells) = connected.map(|read| read.connectome.cells.len())
        && cells != *count
    {
        let message =
            format!("{count} units given, the connectome has {cells} cells: leave it out");
        return wrong("network.units", message);
    }
    if *count > MOST_UNITS || weights(recurrent, *count) > MOST_PARAMETERS as f64 {
        let message = format!(
            "{count} units need {:.0e} recurrent weights, at most {MOST_PARAMETERS} can be; \
             use fewer, or recurrent = {{ kind = \"low-rank\" }}",
            weights(recurrent, *count)
        );
        return wrong("network.units", message);
    }
    let description = match describe(&config.network, units, material, connected) {
        Ok(description) => description,
        Err((key, message)) => return wrong(&key, message),
    };
    match Network::new(description) {
        Ok(network) if network.layout().len() > MOST_PARAMETERS => {
            let message = format!(
                "the network would have {} parameters, at most {MOST_PARAMETERS} can be",
                network.layout().len()
            );
            wrong("network", message)
        }
        Ok(network) => Some(Arc::new(network)),
        Err(error) => {
            for problem in error.each() {
                wrong("network", problem.to_string());
            }
            None
        }
    }
}

/// Number of weights a wiring of that size stores, roughly.
fn weights(wiring: &Wiring, units: usize) -> f64 {
    let units = units as f64;
    match wiring {
        Wiring::Dense { .. } | Wiring::Masked { .. } | Wiring::Graph { .. } => units * units,
        Wiring::Constrained { wiring, masks, .. } => {
            let inner = weights(wiring, units as usize);
            if masks.is_empty() { inner } else { inner.max(units * units) }
        }
        Wiring::LowRank { rank, .. } | Wiring::Mixture { rank, .. } => 2.0 * units * *rank as f64,
        Wiring::Core { rank, .. } => 2.0 * units * *rank as f64 + (*rank as f64).powi(2),
        Wiring::Sum { terms } => terms.iter().map(|term| weights(term, units as usize)).sum(),
        Wiring::Each { .. } | Wiring::Blocks { .. } => 0.0,
    }
}

/// A problem of a phase, at the key it speaks of.
fn of_phase(error: &PhaseError, k: usize, config: &Config, user: &Node) -> Problem {
    let field = match error {
        PhaseError::Value { field, .. } | PhaseError::NoParameter { field, .. } => field.clone(),
        PhaseError::NotZero { .. } => "prune.parameters".to_owned(),
        PhaseError::NothingTrained => "train".to_owned(),
        PhaseError::NoValidation { field } => format!("stop.{field}"),
        PhaseError::NoPlateau => "learner.schedule".to_owned(),
        PhaseError::NoScore => "stop.score".to_owned(),
        PhaseError::NoSignal { .. } => "learner.rule".to_owned(),
        PhaseError::NotDense { .. } | PhaseError::NoFeedback => "learner.feedback".to_owned(),
        _ => "objective".to_owned(),
    };
    let own = format!("phase.{k}.{field}");
    let key =
        if config.phase.is_empty() || place(user, &own) == Place::Default { field } else { own };
    let said = error.to_string();
    // the key stands in front of the message already
    let message = said
        .strip_prefix(&format!("`{key}`"))
        .map_or(said.clone(), |rest| rest.trim_start_matches([':', ' ']).to_owned());
    Problem::new(&key, message).at(&place(user, &key))
}

/// Where a key was written.
fn place(user: &Node, key: &str) -> Place {
    let path: Vec<&str> = key.split('.').collect();
    user.get(&path).map(|node| node.place.clone()).unwrap_or_default()
}
