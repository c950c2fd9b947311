//! A NIR graph from a network.

use std::path::Path;

use attractor_hdf5::Tree;
use attractor_network::{Description, Network, Population, Projection, Start};
use attractor_numerics::Real;
use ndarray::{Array1, Array2, ArrayD, IxDyn, arr0};

use super::error::{NirError, NirProblem};
use super::graph::STEP;
use super::neurons::{Expressed, express};
use super::routes::natural_lags;

/// The version of the format.
const VERSION: &str = "1.0";

/// Writes a network as a `.nir` file, which appears whole or not at all.
///
/// Inputs, units that NIR has (`lif-hard`, `li`, `li-current`, those that [`read`](super::read) makes) and
/// linear readouts; wirings are written out as matrices, lags as delays. What NIR cannot hold is refused
/// where it would change what the network does, and left out where not: groups, ranges, what is trained, the
/// surrogate of a spike.
///
/// # Errors
/// [`NirError`], naming the population or the projection that cannot be expressed.
///
/// # Panics
/// If `parameters` is not as long as the network's layout.
pub fn write<T: Real>(path: &Path, network: &Network, parameters: &[T]) -> Result<(), NirError> {
    let of = |problem: NirProblem| problem.of(path);
    let tree = tree(network, parameters).map_err(of)?;
    tree.write(path).map_err(|error| of(error.into()))
}

/// The bytes of such a file.
///
/// # Errors
/// As [`write()`].
///
/// # Panics
/// As [`write()`].
pub fn bytes<T: Real>(network: &Network, parameters: &[T]) -> Result<Vec<u8>, NirError> {
    let path = Path::new("bytes");
    let of = |problem: NirProblem| problem.of(path);
    tree(network, parameters).map_err(of)?.bytes(path).map_err(|error| of(error.into()))
}

fn tree<T: Real>(network: &Network, parameters: &[T]) -> Result<Tree, NirProblem> {
    assert_eq!(parameters.len(), network.layout().len(), "parameters of another network");
    let parameters: Vec<f64> = parameters.iter().map(|x| x.to_f64()).collect();
    let mut writer = Writer {
        network,
        description: network.description(),
        parameters: &parameters,
        nodes: Tree::default(),
        names: Vec::new(),
        edges: Vec::new(),
    };
    writer.populations()?;
    writer.projections()?;
    let mut tree = Tree::default();
    tree.text("version", VERSION);
    let node = tree.group("node");
    node.text("type", "NIRGraph");
    node.group("metadata").numbers(STEP, &arr0(network.dt()).into_dyn());
    let edges =
        Array2::from_shape_fn((writer.edges.len(), 2), |(k, end)| writer.edges[k][end].clone());
    node.texts("edges", &edges.into_dyn());
    *node.group("nodes") = writer.nodes;
    Ok(tree)
}

struct Writer<'a> {
    network: &'a Network,
    description: &'a Description,
    parameters: &'a [f64],
    nodes: Tree,
    /// Names of nodes; first those of the populations, in their order.
    names: Vec<String>,
    edges: Vec<[String; 2]>,
}

impl Writer<'_> {
    fn values(&self, name: &str) -> Option<&[f64]> {
        self.network.layout().array(name, self.parameters).ok()
    }

    /// A name for a node, unlike all so far; `/` would make a group of it.
    fn fresh(&mut self, wish: &str) -> String {
        let mut name = wish.replace(['/', '.'], "_");
        while self.names.contains(&name) {
            name.push('_');
        }
        self.names.push(name.clone());
        name
    }

    fn populations(&mut self) -> Result<(), NirProblem> {
        let description = self.description;
        for population in &description.populations {
            let name = self.fresh(&population.name);
            let Some(text) = &population.neuron else {
                self.end(&name, "Input", population.units);
                continue;
            };
            if is_readout(population) {
                self.end(&name, "Output", population.units);
                continue;
            }
            let per_unit = |param: &str| -> Option<Vec<f64>> {
                let values = self.values(&format!("{}.{param}", population.name))?;
                let all = || vec![values[0]; population.units];
                Some(if values.len() == 1 { all() } else { values.to_vec() })
            };
            let expressed = express(population, text, self.network.dt(), &per_unit);
            let Expressed { unit, params } =
                expressed.map_err(|reason| NirProblem::Population {
                    population: population.name.clone(),
                    neuron: text.name.clone(),
                    reason,
                })?;
            self.startless(population)?;
            let node = self.nodes.group(&name);
            node.text("type", unit.kind);
            for (param, values) in params {
                node.numbers(param, &Array1::from(values).into_dyn());
            }
        }
        // what nobody reads is read out
        for k in 0..description.populations.len() {
            let population = &description.populations[k];
            let from = format!("{}.", population.name);
            let ends = !description.projections.iter().any(|p| p.from.starts_with(&from));
            if ends && population.neuron.is_some() && !is_readout(population) {
                let output = self.fresh(&format!("{}_output", population.name));
                self.end(&output, "Output", population.units);
                self.edges.push([self.names[k].clone(), output]);
            }
        }
        Ok(())
    }

    fn end(&mut self, name: &str, kind: &str, units: usize) {
        let node = self.nodes.group(name);
        node.text("type", kind);
        node.integers("shape", &ArrayD::from_elem(IxDyn(&[1]), units as i64));
    }

    /// NIR has no initial states: they must be 0.
    fn startless(&self, population: &Population) -> Result<(), NirProblem> {
        let Some(text) = &population.neuron else { return Ok(()) };
        let zero = |start: &Start| matches!(start, Start::Constant { value } if *value == 0.0);
        let given = population.start.values().all(zero);
        let own = text.states.iter().filter(|(name, _)| !population.start.contains_key(*name));
        if given && own.into_iter().all(|(_, state)| state.initial == 0.0) {
            return Ok(());
        }
        Err(NirProblem::Population {
            population: population.name.clone(),
            neuron: text.name.clone(),
            reason: " that starts elsewhere than at 0".to_owned(),
        })
    }

    fn projections(&mut self) -> Result<(), NirProblem> {
        let description = self.description;
        let mut ends = Vec::new();
        for projection in &description.projections {
            ends.push((self.source(projection)?, self.population(&projection.to)));
        }
        let inputs: Vec<bool> =
            description.populations.iter().map(|population| population.neuron.is_none()).collect();
        let lags = natural_lags(&inputs, &ends);
        let mut biased: Vec<Option<Vec<f64>>> = description
            .populations
            .iter()
            .map(|population| {
                let bias = self.values(&format!("{}.I.bias", population.name))?;
                bias.iter().any(|b| *b != 0.0).then(|| bias.to_vec())
            })
            .collect();
        for (k, projection) in description.projections.iter().enumerate() {
            let ((from, to), natural) = (ends[k], lags[k]);
            let wrong =
                |reason: String| NirProblem::Projection { projection: projection.name(), reason };
            let Some(late) = projection.lag.checked_sub(natural) else {
                let reason = "it leads back without delay, where NIR takes a step";
                return Err(wrong(reason.to_owned()));
            };
            let weight = self.network.matrix(&projection.name(), self.parameters)?;
            let mut at = self.names[from].clone();
            if late > 0 {
                let delay =
                    self.fresh(&format!("{}_delay", projection.name().replace("->", "_to_")));
                let seconds = late as f64 * self.network.dt() / 1000.0;
                let node = self.nodes.group(&delay);
                node.text("type", "Delay");
                node.numbers("delay", &ArrayD::from_elem(IxDyn(&[weight.ncols()]), seconds));
                self.edges.push([std::mem::replace(&mut at, delay.clone()), delay]);
            }
            let bias = biased[to].take();
            // an edge is an identity
            if bias.is_some() || projection.trained || weight != Array2::<f64>::eye(weight.nrows())
            {
                let linear = self.fresh(&projection.name().replace("->", "_to_"));
                let node = self.nodes.group(&linear);
                node.text("type", if bias.is_some() { "Affine" } else { "Linear" });
                node.numbers("weight", &weight.into_dyn());
                if let Some(bias) = bias {
                    node.numbers("bias", &Array1::from(bias).into_dyn());
                }
                self.edges.push([std::mem::replace(&mut at, linear.clone()), linear]);
            }
            self.edges.push([at, self.names[to].clone()]);
        }
        if let Some(k) = biased.iter().position(Option::is_some) {
            let population = &description.populations[k];
            return Err(NirProblem::Population {
                population: population.name.clone(),
                neuron: population.neuron.as_ref().map(|n| n.name.clone()).unwrap_or_default(),
                reason: " with a bias but without projections, which would carry it".to_owned(),
            });
        }
        Ok(())
    }

    /// The population a projection comes from.
    fn source(&self, projection: &Projection) -> Result<usize, NirProblem> {
        let place = self.population(&projection.from);
        if is_readout(&self.description.populations[place]) {
            return Err(NirProblem::Projection {
                projection: projection.name(),
                reason: "it comes from a readout, which in NIR is an Output".to_owned(),
            });
        }
        Ok(place)
    }

    /// The population of a signal; the network is compiled, so it is there.
    fn population(&self, signal: &str) -> usize {
        let name = signal.split('.').next().unwrap_or(signal);
        self.description.populations.iter().position(|p| p.name == name).unwrap_or(0)
    }
}

/// A linear population.
fn is_readout(population: &Population) -> bool {
    let readout = attractor_network::library::readout().map(|neuron| neuron.to_text());
    match (readout, &population.neuron) {
        (Ok(readout), Some(text)) => {
            readout.equations == text.equations && readout.drives == text.drives
        }
        _ => false,
    }
}
