//! The compiled network: names resolved, parameters laid out, populations ordered into stages.

use std::collections::BTreeSet;
use std::ops::Range;

use attractor_equations::{Function, Neuron, NeuronError, Output};
use attractor_numerics::{law::Law, product};

use crate::description::{Description, Population, Start};
use crate::error::NetworkError;
use crate::noise;
use crate::parameters::Layout;
use crate::positions::Point;
use crate::signal::{Quantity, SignalId};
use crate::wiring::{Drawn, End, Ends, WiringPlan};

/// A compiled network. It holds no weights: these are a flat vector laid out by [`Network::layout`].
#[derive(Clone, Debug)]
pub struct Network {
    description: Description,
    pub(crate) populations: Vec<Compiled>,
    pub(crate) links: Vec<Link>,
    pub(crate) stages: Vec<Stage>,
    layout: Layout,
    drawn: Vec<Drawn>,
    warnings: Vec<String>,
}

/// A population with its equations derived and its parameters placed.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) name: String,
    pub(crate) units: usize,
    /// Distance between rows of its streams.
    pub(crate) ld: usize,
    /// None for an input.
    pub(crate) dynamics: Option<Dynamics>,
    /// Steps of emissions kept from before, per emission.
    pub(crate) history: Vec<usize>,
    /// First channel of the trials, for an input.
    pub(crate) channel: usize,
    /// Where its units are, if anywhere.
    pub(crate) points: Option<Vec<Point>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Dynamics {
    pub(crate) neuron: Neuron,
    pub(crate) step: Function,
    pub(crate) at_rest: Function,
    pub(crate) params: Vec<Place>,
    pub(crate) bias: Vec<Option<Range<usize>>>,
    pub(crate) start: Vec<StartPlan>,
    /// Per noise symbol, the number of its random stream.
    pub(crate) streams: Vec<u64>,
}

/// Where a neuron's parameter lies in the flat vector.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) range: Range<usize>,
    pub(crate) per_unit: bool,
    pub(crate) trained: bool,
}

/// Where a state starts, with its parameters placed.
#[derive(Clone, Debug)]
pub(crate) enum StartPlan {
    Values(Vec<f64>),
    Random(f64),
    Trained(Range<usize>),
    Wired { range: Range<usize>, inputs: usize },
}

/// A projection with its ends resolved.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) name: String,
    /// Population and emission.
    pub(crate) from: (usize, usize),
    /// Population and drive.
    pub(crate) to: (usize, usize),
    pub(crate) lag: usize,
    pub(crate) wiring: WiringPlan,
    pub(crate) trained: bool,
}

/// Populations that depend on each other in a circle, or one alone. What comes from earlier stages
/// is projected for many steps at once; what stays within goes step by step.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// In the order of their updates within a step.
    pub(crate) populations: Vec<usize>,
    pub(crate) incoming: Vec<usize>,
    pub(crate) inner: Vec<usize>,
}

/// A projection with its ends resolved: see [`Network::connections`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Name of the projection.
    pub name: String,
    /// The emission it starts from.
    pub from: SignalId,
    /// The drive it ends in.
    pub to: SignalId,
    /// Delay in steps.
    pub lag: usize,
    /// Changed by training.
    pub trained: bool,
    /// Units it ends in.
    pub targets: usize,
    /// Units it starts from.
    pub sources: usize,
}

impl Dynamics {
    /// Neuron parameters changed by training, by their place in the neuron.
    pub(crate) fn trained(&self) -> Vec<usize> {
        (0..self.params.len()).filter(|&k| self.params[k].trained).collect()
    }
}

impl Stage {
    /// Nothing runs through time in it: all steps of a segment can be done at once.
    pub(crate) fn pointwise(&self, network: &Network) -> bool {
        let stateless = |d: &Dynamics| d.neuron.states.is_empty() && d.neuron.noises.is_empty();
        let mut members = self.populations.iter().map(|&p| &network.populations[p]);
        self.inner.is_empty() && members.all(|p| p.dynamics.as_ref().is_none_or(stateless))
    }
}

impl Network {
    /// Compiles a description.
    ///
    /// # Errors
    /// Unknown or double names, a circle of lag 0, sizes that do not fit, wrong equations, a time
    /// constant that dt cannot resolve.
    pub fn new(description: Description) -> Result<Network, NetworkError> {
        if !(description.dt.is_finite() && description.dt > 0.0) {
            return Err(NetworkError::value("dt", description.dt, "a positive number of ms"));
        }
        let mut layout = Layout::default();
        let mut drawn = Vec::new();
        let mut warnings = Vec::new();
        let mut populations: Vec<Compiled> = Vec::new();
        let mut channel = 0;
        for population in &description.populations {
            if populations.iter().any(|p| p.name == population.name) {
                return Err(NetworkError::Twice { name: population.name.clone() });
            }
            if population.units == 0 {
                return Err(NetworkError::Empty { population: population.name.clone() });
            }
            for (group, units) in &population.groups {
                if let Some(unit) = units.iter().find(|unit| **unit >= population.units) {
                    let what = format!("group `{group}` of `{}`, unit", population.name);
                    let expected = format!("less than {}", population.units);
                    return Err(NetworkError::value(what, unit, expected));
                }
            }
            let points = population.positions.as_ref();
            let points =
                points.map(|p| p.points(&population.name, population.units)).transpose()?;
            let dynamics =
                dynamics(population, &description, &mut layout, &mut drawn, &mut warnings)?;
            let emissions = dynamics.as_ref().map_or(1, |d| d.neuron.emissions.len());
            let first = channel;
            channel += if dynamics.is_none() { population.units } else { 0 };
            populations.push(Compiled {
                name: population.name.clone(),
                units: population.units,
                ld: product::padded(population.units),
                dynamics,
                history: vec![0; emissions],
                channel: first,
                points,
            });
        }
        let mut network = Network {
            description,
            populations,
            links: Vec::new(),
            stages: Vec::new(),
            layout,
            drawn,
            warnings,
        };
        network.link()?;
        network.stages = network.order()?;
        let mut names = BTreeSet::new();
        for entry in network.layout.entries() {
            if !names.insert(&entry.name) {
                return Err(NetworkError::Twice { name: entry.name.clone() });
            }
        }
        Ok(network)
    }

    /// What it was compiled from.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Names, shapes and places of the parameters.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What is allowed but doubtful, such as a coarse dt.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Time step in ms.
    pub fn dt(&self) -> f64 {
        self.description.dt
    }

    /// Number of input channels, over all inputs.
    pub fn channels(&self) -> usize {
        self.populations.iter().filter(|p| p.dynamics.is_none()).map(|p| p.units).sum()
    }

    /// Parameters drawn from their laws, each from a stream of its own named after it.
    pub fn initial_parameters(&self, seed: u64) -> Vec<f64> {
        let mut parameters = vec![0.0; self.layout.len()];
        self.drawn.iter().for_each(|drawn| drawn.draw(seed, &mut parameters));
        parameters
    }

    /// Resolves `rec.r`, `rec.x` or `rec.I`; an emission goes before a state of the same name.
    ///
    /// # Errors
    /// A population or quantity that does not exist.
    pub fn signal(&self, name: &str) -> Result<SignalId, NetworkError> {
        let (population, quantity) = name.split_once('.').unwrap_or((name, ""));
        let index = self.population(population)?;
        let Some(dynamics) = &self.populations[index].dynamics else {
            return match quantity {
                "u" => Ok(SignalId { population: index, quantity: Quantity::Emission(0) }),
                _ => {
                    Err(NetworkError::unknown("signal", name, [format!("{population}.u").as_str()]))
                }
            };
        };
        let neuron = &dynamics.neuron;
        let named = (neuron.emissions.iter().enumerate())
            .map(|(k, e)| (e.symbol.name.as_str(), Quantity::Emission(k)))
            .chain(
                (neuron.states.iter().enumerate())
                    .map(|(k, s)| (s.symbol.name.as_str(), Quantity::State(k))),
            )
            .chain(
                (neuron.drives.iter().enumerate())
                    .map(|(k, d)| (d.name.as_str(), Quantity::Drive(k))),
            );
        let known: Vec<(String, Quantity)> =
            named.map(|(n, q)| (format!("{population}.{n}"), q)).collect();
        match known.iter().find(|(known, _)| known == name) {
            Some(&(_, quantity)) => Ok(SignalId { population: index, quantity }),
            None => {
                Err(NetworkError::unknown("signal", name, known.iter().map(|(n, _)| n.as_str())))
            }
        }
    }

    /// Number of units of the population a signal belongs to.
    pub fn units(&self, signal: SignalId) -> usize {
        self.populations[signal.population].units
    }

    /// Name of a signal.
    pub fn signal_name(&self, signal: SignalId) -> String {
        let population = &self.populations[signal.population];
        let quantity = match (&population.dynamics, signal.quantity) {
            (None, _) => "u",
            (Some(d), Quantity::Emission(k)) => &d.neuron.emissions[k].symbol.name,
            (Some(d), Quantity::State(k)) => &d.neuron.states[k].symbol.name,
            (Some(d), Quantity::Drive(k)) => &d.neuron.drives[k].name,
        };
        format!("{}.{quantity}", population.name)
    }

    /// The projections, in the order of the description.
    pub fn connections(&self) -> Vec<Connection> {
        let resolved = |link: &Link| Connection {
            name: link.name.clone(),
            from: SignalId { population: link.from.0, quantity: Quantity::Emission(link.from.1) },
            to: SignalId { population: link.to.0, quantity: Quantity::Drive(link.to.1) },
            lag: link.lag,
            trained: link.trained,
            targets: link.wiring.targets,
            sources: link.wiring.sources,
        };
        self.links.iter().map(resolved).collect()
    }

    /// Every emission and state, in order: what a full recording holds.
    pub fn signals(&self) -> Vec<SignalId> {
        let mut signals = Vec::new();
        for (population, compiled) in self.populations.iter().enumerate() {
            let Some(dynamics) = &compiled.dynamics else {
                continue;
            };
            let emissions = (0..dynamics.neuron.emissions.len()).map(Quantity::Emission);
            let states = (0..dynamics.neuron.states.len()).map(Quantity::State);
            signals
                .extend(emissions.chain(states).map(|quantity| SignalId { population, quantity }));
        }
        signals
    }

    pub(crate) fn population(&self, name: &str) -> Result<usize, NetworkError> {
        self.populations.iter().position(|p| p.name == name).ok_or_else(|| {
            let known = self.populations.iter().map(|p| p.name.as_str());
            NetworkError::unknown("population", name, known)
        })
    }

    /// The projection of a name.
    pub(crate) fn link_of(&self, projection: &str) -> Result<&Link, NetworkError> {
        self.links.iter().find(|link| link.name == projection).ok_or_else(|| {
            let known = self.links.iter().map(|link| link.name.as_str());
            NetworkError::unknown("projection", projection, known)
        })
    }

    /// Resolves the projections and lays out their parameters.
    fn link(&mut self) -> Result<(), NetworkError> {
        let mut problems = Vec::new();
        for projection in &self.description.projections.clone() {
            let name = projection.name();
            if self.links.iter().any(|link| link.name == name) {
                return Err(NetworkError::Twice { name });
            }
            let from = self.signal(&projection.from)?;
            let Quantity::Emission(emission) = from.quantity else {
                return Err(NetworkError::unknown(
                    "emission",
                    &projection.from,
                    self.names_of(from.population, true).iter().map(String::as_str),
                ));
            };
            let (population, drive) = projection.to.split_once('.').unwrap_or((&projection.to, ""));
            let to = self.population(population)?;
            let drives = self.populations[to].dynamics.as_ref().map(|d| &d.neuron.drives[..]);
            let drive = drives.unwrap_or(&[]).iter().position(|d| d.name == drive);
            let drive = drive.ok_or_else(|| {
                let known = self.names_of(to, false);
                NetworkError::unknown("drive", &projection.to, known.iter().map(String::as_str))
            })?;
            let end = |k: usize| End {
                population: &self.populations[k].name,
                units: self.populations[k].units,
                groups: &self.description.populations[k].groups,
                points: self.populations[k].points.as_deref(),
            };
            let ends = Ends {
                name: name.clone(),
                trained: projection.trained,
                targets: end(to),
                sources: end(from.population),
                graphs: &self.description.graphs,
            };
            let (layout, drawn) = (&mut self.layout, &mut self.drawn);
            let wiring =
                WiringPlan::compile(&projection.wiring, &ends, layout, drawn, &mut problems);
            let history = &mut self.populations[from.population].history[emission];
            *history = (*history).max(projection.lag);
            self.links.push(Link {
                name,
                from: (from.population, emission),
                to: (to, drive),
                lag: projection.lag,
                wiring,
                trained: projection.trained,
            });
        }
        NetworkError::all(problems)
    }

    fn names_of(&self, population: usize, emissions: bool) -> Vec<String> {
        let compiled = &self.populations[population];
        let names: Vec<&str> = match &compiled.dynamics {
            None => {
                if emissions {
                    vec!["u"]
                } else {
                    vec![]
                }
            }
            Some(d) if emissions => {
                d.neuron.emissions.iter().map(|e| e.symbol.name.as_str()).collect()
            }
            Some(d) => d.neuron.drives.iter().map(|d| d.name.as_str()).collect(),
        };
        names.iter().map(|name| format!("{}.{name}", compiled.name)).collect()
    }

    /// Populations in stages: first come, first served, circles together.
    fn order(&self) -> Result<Vec<Stage>, NetworkError> {
        let n = self.populations.len();
        let mut reaches = vec![vec![false; n]; n];
        for link in &self.links {
            reaches[link.from.0][link.to.0] = true;
        }
        for k in 0..n {
            for i in 0..n {
                for j in 0..n {
                    reaches[i][j] |= reaches[i][k] && reaches[k][j];
                }
            }
        }
        let mut stages = Vec::new();
        let mut done = vec![false; n];
        while let Some(first) =
            (0..n).find(|&p| !done[p] && (0..n).all(|q| done[q] || !reaches[q][p] || reaches[p][q]))
        {
            let members: Vec<usize> = (0..n)
                .filter(|&q| q == first || (reaches[first][q] && reaches[q][first]))
                .collect();
            members.iter().for_each(|&p| done[p] = true);
            let within =
                |link: &Link| members.contains(&link.from.0) && members.contains(&link.to.0);
            let numbered = || self.links.iter().enumerate();
            let inner: Vec<usize> = numbered().filter(|(_, l)| within(l)).map(|(k, _)| k).collect();
            let incoming = numbered()
                .filter(|(_, l)| members.contains(&l.to.0) && !within(l))
                .map(|(k, _)| k)
                .collect();
            let mut order: Vec<usize> = Vec::new();
            while order.len() < members.len() {
                let ready = members.iter().find(|p| {
                    !order.contains(p)
                        && inner.iter().all(|&k| {
                            let link = &self.links[k];
                            link.lag > 0 || link.to.0 != **p || order.contains(&link.from.0)
                        })
                });
                match ready {
                    Some(&p) => order.push(p),
                    None => {
                        let stuck = members.iter().filter(|p| !order.contains(p));
                        let populations =
                            stuck.map(|&p| self.populations[p].name.clone()).collect();
                        return Err(NetworkError::Circle { populations });
                    }
                }
            }
            stages.push(Stage { populations: order, incoming, inner });
        }
        Ok(stages)
    }
}

/// A parameter and the group that a key speaks of: `tau`, `tau[A1]`.
fn of_group(key: &str) -> (&str, Option<&str>) {
    match key.strip_suffix(']').and_then(|key| key.split_once('[')) {
        Some((name, group)) => (name, Some(group)),
        None => (key, None),
    }
}

/// Parses a population's neuron and lays out its parameters.
fn dynamics(
    population: &Population,
    description: &Description,
    layout: &mut Layout,
    drawn: &mut Vec<Drawn>,
    warnings: &mut Vec<String>,
) -> Result<Option<Dynamics>, NetworkError> {
    let Some(text) = &population.neuron else {
        return Ok(None);
    };
    let name = &population.name;
    let neuron_error =
        |source| NetworkError::Neuron { population: name.clone(), source: Box::new(source) };
    let neuron = Neuron::parse(text, &format!("neuron of `{name}`")).map_err(neuron_error)?;
    let known = |what, key: &String, names: Vec<&str>| match names.contains(&key.as_str()) {
        true => Ok(()),
        false => Err(NetworkError::unknown(what, key, names)),
    };
    for key in population.bias.keys() {
        known("drive", key, neuron.drives.iter().map(|d| d.name.as_str()).collect())?;
    }
    for key in population.params.keys() {
        let (key, _) = of_group(key);
        let names = neuron.params.iter().map(|p| p.symbol.name.as_str()).collect();
        known("parameter", &key.to_owned(), names)?;
    }
    for key in population.start.keys() {
        known("state", key, neuron.states.iter().map(|s| s.symbol.name.as_str()).collect())?;
    }
    let units = population.units;
    let free = (f64::NEG_INFINITY, f64::INFINITY);
    let mut declare = |key: String, rows, columns, law: Law, trained, limits| {
        let shape = if columns == 1 { vec![rows] } else { vec![rows, columns] };
        let range = layout.push(key.clone(), shape, trained, limits, None);
        drawn.push(Drawn { range: range.clone(), limits, ..Drawn::new(key, rows, columns, law) });
        range
    };
    let mut in_groups = Vec::new();
    let mut params = Vec::new();
    let (mut smallest, mut first) = (Vec::new(), Vec::new());
    // parameters as they are in some group: which, its value, the smallest it can become
    let mut own: Vec<Option<(usize, f64, f64)>> = vec![None];
    for param in &neuron.params {
        let symbol = &param.symbol.name;
        let law = population.params.get(symbol);
        let law = law.cloned().unwrap_or(Law::Constant { value: param.default });
        let size = if param.per_unit { units } else { 1 };
        let (low, high) = param.range;
        let groups = population.params.iter().filter_map(|(key, law)| match of_group(key) {
            (of, Some(group)) if of == symbol => Some((key, group, *law)),
            _ => None,
        });
        let groups: Vec<(&String, &str, Law)> = groups.collect();
        // the value that stands for a law, and the smallest that one can become
        let bounds = |law: &Law| {
            let value = match *law {
                Law::Constant { value } if !(low <= value && value <= high) => {
                    let name = symbol.clone();
                    return Err(neuron_error(NeuronError::Range { name, value, low, high }));
                }
                Law::Constant { value } => value,
                Law::Between { low, .. } => low,
                _ => param.default,
            };
            // the smallest decides whether dt resolves it
            let smallest = match *law {
                Law::Constant { value } if !param.trained => value,
                Law::Constant { value } if low.is_finite() => value.min(low),
                Law::Constant { value } => value,
                Law::Between { low, .. } if !param.trained => low,
                _ if low.is_finite() => low,
                _ => param.default,
            };
            Ok((value, smallest))
        };
        for (_, _, law) in &groups {
            let (value, smallest) = bounds(law)?;
            own.push(Some((first.len(), value, smallest)));
        }
        let (value, lowest) = bounds(&law)?;
        first.push(value);
        smallest.push(lowest);
        let range = declare(format!("{name}.{symbol}"), size, 1, law, param.trained, param.range);
        for (key, group, law) in groups {
            let units = population.groups.get(group).ok_or_else(|| {
                let known = population.groups.keys().map(String::as_str);
                NetworkError::unknown("group", group, known)
            })?;
            if !param.per_unit {
                let what = format!("parameter `{key}` of population `{name}`");
                let expected = "one value per unit (per_unit)";
                return Err(NetworkError::value(what, "one value for all units", expected));
            }
            let array = Drawn::new(format!("{name}.{key}"), units.len(), 1, law);
            let (range, places, limits) = (range.clone(), Some(units.clone()), param.range);
            in_groups.push(Drawn { range, places, limits, ..array });
        }
        params.push(Place { range, per_unit: param.per_unit, trained: param.trained });
    }
    for own in own {
        let (place, value, lowest) = own.unwrap_or((usize::MAX, 0.0, 0.0));
        let with = |values: &[f64], k: usize, own: f64| if k == place { own } else { values[k] };
        let required = neuron.check_requirements(description.dt, |k| with(&first, k, value));
        required.map_err(neuron_error)?;
        let lowest = |k: usize| with(&smallest, k, lowest);
        let warning = neuron.check_dt(description.dt, description.integrator, lowest);
        let warning = warning.map_err(neuron_error)?.map(|w| format!("population `{name}`: {w}"));
        warnings.extend(warning.filter(|warning| !warnings.contains(warning)));
    }
    let bias = neuron.drives.iter().map(|drive| {
        let law = population.bias.get(&drive.name)?;
        let key = format!("{name}.{}.bias", drive.name);
        Some(declare(key, units, 1, *law, true, free))
    });
    let bias = bias.collect();
    let mut start = Vec::new();
    for state in &neuron.states {
        let key = format!("{name}.{}.start", state.symbol.name);
        start.push(match population.start.get(&state.symbol.name) {
            None => StartPlan::Values(vec![state.initial; units]),
            Some(Start::Constant { value }) => StartPlan::Values(vec![*value; units]),
            Some(Start::Random { sd }) => StartPlan::Random(*sd),
            Some(Start::Trained { law }) => {
                StartPlan::Trained(declare(key, units, 1, *law, true, free))
            }
            Some(Start::Given { values }) if values.len() == units => {
                StartPlan::Values(values.clone())
            }
            Some(Start::Given { values }) => {
                let expected = format!("{units}, one per unit");
                return Err(NetworkError::value(
                    format!("{key}, number of values"),
                    values.len(),
                    expected,
                ));
            }
            Some(Start::Wired { inputs, law }) => StartPlan::Wired {
                range: declare(key, units, *inputs, *law, true, free),
                inputs: *inputs,
            },
        });
    }
    drawn.extend(in_groups);
    let step = neuron.step(description.integrator).map_err(neuron_error)?;
    let at_rest = neuron.at_rest();
    debug_assert!(step.outputs.iter().all(|(o, _)| !matches!(o, Output::Value(_))));
    let streams =
        neuron.noises.iter().map(|n| noise::stream(&format!("{name}.{}", n.symbol.name))).collect();
    Ok(Some(Dynamics { neuron, step, at_rest, params, bias, start, streams }))
}
