//! A network from a NIR graph.

use std::collections::BTreeMap;
use std::path::Path;

use attractor_hdf5::Hdf5;
use attractor_network::{Description, Network, Population, Projection, Wiring, library};
use attractor_numerics::law::Law;

use super::error::{NirError, NirProblem};
use super::graph::{Graph, Node};
use super::neurons::{UNITS, Unit};
use super::routes::{Arriving, Map, arriving, natural_lags};
use crate::model::{Model, Precision};

/// Places of a mask, at most: one for each pair of values that an edge keeps as they are.
const MOST_PLACES: usize = 1 << 28;
/// The step of a file that remembers none, if nobody says otherwise, ms.
const STEP: f64 = 1.0;

/// Reads a network from a `.nir` file. The step is the one that the file remembers, or else `dt` (ms), or
/// 1 ms.
///
/// # Errors
/// [`NirError`]: the file, the node, what was expected and what was found.
pub fn read(path: &Path, dt: Option<f64>) -> Result<Model, NirError> {
    let of = |problem: NirProblem| problem.of(path);
    let file = Hdf5::open(path).map_err(|error| of(error.into()))?;
    network(&file, dt).map_err(of)
}

/// Reads the bytes of a `.nir` file.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(bytes: Vec<u8>, dt: Option<f64>) -> Result<Model, NirError> {
    let path = Path::new("bytes");
    let of = |problem: NirProblem| problem.of(path);
    let file = Hdf5::from_bytes(path, bytes).map_err(|error| of(error.into()))?;
    network(&file, dt).map_err(of)
}

fn network(file: &Hdf5, dt: Option<f64>) -> Result<Model, NirProblem> {
    let graph = Graph::read(file)?;
    let dt = graph.dt.or(dt).unwrap_or(STEP);
    if !(dt.is_finite() && dt > 0.0) {
        return Err(NirProblem::Step { dt });
    }
    let arriving = arriving(&graph, dt)?;
    let mut plan =
        Plan { graph: &graph, dt, places: Vec::new(), names: Vec::new(), values: BTreeMap::new() };
    let populations = plan.populations(&arriving)?;
    let projections = plan.projections(&arriving)?;
    let values = plan.values;
    let network = Network::new(Description::new(dt, populations, projections))?;
    let mut parameters = network.initial_parameters(0);
    for (name, values) in &values {
        network.layout().array_mut(name, &mut parameters)?.copy_from_slice(values);
    }
    Ok(Model { network, parameters, precision: Precision::F64 })
}

/// What becomes of a graph.
struct Plan<'a> {
    graph: &'a Graph,
    dt: f64,
    /// The nodes that are populations.
    places: Vec<usize>,
    /// The names of these.
    names: Vec<String>,
    /// Parameters of the network, by name.
    values: BTreeMap<String, Vec<f64>>,
}

impl Plan<'_> {
    fn populations(&mut self, arriving: &[Arriving]) -> Result<Vec<Population>, NirProblem> {
        let mut populations = Vec::new();
        for (place, (full, node)) in self.graph.nodes.iter().enumerate() {
            let name = self.name(full);
            let mut population = match node {
                Node::Input { size } => Population::input(&name, *size),
                Node::Output { size } => Population::of(&name, *size, &neuron(library::readout())?),
                Node::Unit { kind, size, params } => {
                    let unit = unit(kind);
                    check(full, unit, params, self.dt)?;
                    for param in unit.params {
                        let values = params[param.nir].iter().map(|x| x * param.factor).collect();
                        self.values.insert(format!("{name}.{}", param.name), values);
                    }
                    Population::of(&name, *size, &neuron(unit.neuron())?)
                }
                _ => continue,
            };
            if let (Some(bias), false) = (&arriving[place].bias, population.neuron.is_none()) {
                population.bias.insert("I".to_owned(), Law::Constant { value: 0.0 });
                self.values.insert(format!("{name}.I.bias"), bias.clone());
            }
            self.places.push(place);
            self.names.push(name);
            populations.push(population);
        }
        Ok(populations)
    }

    /// A name that signals can be made of, unlike all so far.
    fn name(&self, full: &str) -> String {
        let mut name: String =
            full.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        while self.names.contains(&name) {
            name.push('_');
        }
        name
    }

    fn projections(&mut self, arriving: &[Arriving]) -> Result<Vec<Projection>, NirProblem> {
        let number = |place: usize| self.places.iter().position(|p| *p == place).unwrap_or(0);
        let mut routes = Vec::new();
        for (to, &place) in self.places.iter().enumerate() {
            let found = arriving[place].routes.iter();
            routes.extend(found.map(|(&(from, steps), map)| (number(from), to, steps, map)));
        }
        let inputs: Vec<bool> = self
            .places
            .iter()
            .map(|&place| matches!(self.graph.nodes[place].1, Node::Input { .. }))
            .collect();
        let edges: Vec<(usize, usize)> = routes.iter().map(|(from, to, ..)| (*from, *to)).collect();
        let lags = natural_lags(&inputs, &edges);
        self.timeless(
            &routes.iter().map(|&(from, to, steps, _)| (from, to, steps)).collect::<Vec<_>>(),
        )?;
        let mut projections: Vec<Projection> = Vec::new();
        for ((from, to, steps, map), lag) in routes.into_iter().zip(lags) {
            let (source, target) = (&self.names[from], &self.names[to]);
            let mut name = format!("{source}->{target}");
            while projections.iter().any(|other| other.name.as_ref() == Some(&name)) {
                name.push('\'');
            }
            let emission = match &self.graph.nodes[self.places[from]].1 {
                Node::Unit { kind, .. } => unit(kind).emits,
                _ => "u",
            };
            let from = format!("{source}.{emission}");
            let drive = format!("{target}.I");
            let (wiring, trained) = self.wiring(to, &name, map)?;
            projections.push(Projection {
                name: Some(name),
                from,
                to: drive,
                lag: lag + steps,
                wiring,
                trained,
            });
        }
        Ok(projections)
    }

    /// The wiring of a map, whose weights are kept under the projection's name.
    fn wiring(&mut self, to: usize, name: &str, map: &Map) -> Result<(Wiring, bool), NirProblem> {
        let law = Law::Constant { value: 1.0 };
        let key = format!("{name}.W");
        let (scale, trained) = match map {
            Map::Dense(weight) => {
                self.values.insert(key, weight.iter().copied().collect());
                return Ok((Wiring::Dense { law }, true));
            }
            Map::Scaled(scale) => (Some(scale), true),
            Map::Same => (None, false),
        };
        let place = self.places[to];
        let size = self.graph.nodes[place].1.takes().unwrap_or(0);
        if size.saturating_mul(size) > MOST_PLACES {
            return Err(NirProblem::Shape {
                node: self.graph.name(place).to_owned(),
                parameter: "what is projected to it value by value".to_owned(),
                found: vec![size, size],
                expected: format!("at most {MOST_PLACES} places"),
            });
        }
        if let Some(scale) = scale {
            let mut weight = vec![0.0; size * size];
            scale.iter().enumerate().for_each(|(k, s)| weight[k * size + k] = *s);
            self.values.insert(key, weight);
        }
        let pairs = Some((0..size).map(|k| [k, k]).collect());
        Ok((Wiring::Masked { law, density: None, pairs, seed: 0 }, trained))
    }

    /// Refuses a circle of populations without state and without delay.
    fn timeless(&self, routes: &[(usize, usize, usize)]) -> Result<(), NirProblem> {
        let instant = |k: usize| match &self.graph.nodes[self.places[k]].1 {
            Node::Unit { kind, .. } => !unit(kind).has_state(),
            _ => false,
        };
        let next = |k: usize| {
            let from = routes.iter().filter(move |(from, _, steps)| *from == k && *steps == 0);
            from.map(|(_, to, _)| *to).filter(|&to| instant(to))
        };
        for start in (0..self.places.len()).filter(|&k| instant(k)) {
            let mut open: Vec<usize> = vec![start];
            // where each was met from, going on from `start`
            let mut before: BTreeMap<usize, usize> = BTreeMap::new();
            while let Some(at) = open.pop() {
                for to in next(at) {
                    if to == start {
                        let mut nodes = vec![start];
                        let mut back = at;
                        while back != start {
                            nodes.push(back);
                            back = before.get(&back).copied().unwrap_or(start);
                        }
                        nodes.push(start);
                        nodes.reverse();
                        let name = |k: &usize| self.graph.name(self.places[*k]).to_owned();
                        let nodes = nodes.iter().map(name).collect();
                        return Err(NirProblem::Circle { nodes, dt: self.dt });
                    }
                    if let std::collections::btree_map::Entry::Vacant(e) = before.entry(to) {
                        e.insert(at);
                        open.push(to);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The unit of a type.
fn unit(kind: &str) -> &'static Unit {
    UNITS.iter().find(|unit| unit.kind == kind).unwrap_or(&UNITS[0])
}

fn neuron<E: Into<attractor_equations::NeuronError>>(
    neuron: Result<attractor_equations::Neuron, E>,
) -> Result<attractor_equations::Neuron, NirProblem> {
    neuron.map_err(|error| {
        let source = Box::new(error.into());
        attractor_network::NetworkError::Neuron { population: "NIR".to_owned(), source }.into()
    })
}

/// Refuses parameters that make no sense.
fn check(
    node: &str,
    unit: &Unit,
    params: &BTreeMap<&'static str, Vec<f64>>,
    dt: f64,
) -> Result<(), NirProblem> {
    let wrong = |parameter: &str, value: f64, expected: String| NirProblem::Value {
        node: node.to_owned(),
        parameter: parameter.to_owned(),
        value,
        expected,
    };
    for param in unit.params {
        // a step that a time constant does not resolve is an error wherever it stands
        let least =
            if param.least > 0.0 { dt.max(param.least) } else { param.least } / param.factor;
        if let Some(&value) = params[param.nir].iter().find(|x| **x < least) {
            return Err(wrong(param.nir, value, format!("at least {least}")));
        }
    }
    if let (Some(threshold), Some(reset)) = (params.get("v_threshold"), params.get("v_reset"))
        && let Some((th, &v)) = threshold.iter().zip(reset).find(|(th, v)| v > th)
    {
        return Err(wrong("v_reset", v, format!("at most the threshold, {th},")));
    }
    Ok(())
}
