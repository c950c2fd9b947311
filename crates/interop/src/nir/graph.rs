//! A NIR graph as it stands in the file, with the graphs inside of it laid out flat.

use std::collections::BTreeMap;

use attractor_hdf5::{Hdf5, Kind as Content};
use ndarray::{ArrayD, Ix1, Ix2};

use super::error::NirProblem;
use super::neurons::UNITS;

/// Graphs within graphs, at most.
const DEEPEST: usize = 16;
/// Values at a node, at most.
const MOST_VALUES: usize = 1 << 24;

/// The name of the graph's own metadata that holds the step, ms.
pub(super) const STEP: &str = "dt_ms";

/// Nodes and edges.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Graph {
    /// Names with the graphs around them, `sub/lif`, in alphabetical order.
    pub(super) nodes: Vec<(String, Node)>,
    /// Places in `nodes`.
    pub(super) edges: Vec<(usize, usize)>,
    /// The step that the file remembers, ms.
    pub(super) dt: Option<f64>,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Where trials come in.
    Input { size: usize },
    /// What is read out.
    Output { size: usize },
    /// Values as they are: the border of a graph within a graph, `Flatten`.
    Same { size: Option<usize> },
    /// `W x + b`.
    Linear { weight: ndarray::Array2<f64>, bias: Option<Vec<f64>> },
    /// Each value times its own.
    Scale(Vec<f64>),
    /// Each value later, s.
    Delay(Vec<f64>),
    /// A unit of a type in `UNITS`, with the values of its parameters in the file's units.
    Unit { kind: &'static str, size: usize, params: BTreeMap<&'static str, Vec<f64>> },
}

impl Node {
    /// Values that come in; none if any number may.
    pub(super) fn takes(&self) -> Option<usize> {
        match self {
            Node::Input { size } | Node::Output { size } | Node::Unit { size, .. } => Some(*size),
            Node::Same { size } => *size,
            Node::Linear { weight, .. } => Some(weight.ncols()),
            Node::Scale(values) | Node::Delay(values) => Some(values.len()),
        }
    }

    /// Values that go out; none if as many as come in.
    pub(super) fn gives(&self) -> Option<usize> {
        match self {
            Node::Linear { weight, .. } => Some(weight.nrows()),
            _ => self.takes(),
        }
    }
}

impl Graph {
    /// Reads the graph of a file.
    pub(super) fn read(file: &Hdf5) -> Result<Graph, NirProblem> {
        if !file.has("node") {
            let reason = "it has no group `node`".to_owned();
            return Err(NirProblem::NoGraph { reason });
        }
        let kind = file.text("node/type")?;
        if kind != "NIRGraph" {
            let reason = format!("`node` is of type {kind}, not NIRGraph");
            return Err(NirProblem::NoGraph { reason });
        }
        let mut graph = Graph::default();
        graph.add(file, "node", "", 0)?;
        let step = format!("node/metadata/{STEP}");
        graph.dt = file.has(&step).then(|| file.number(&step)).transpose()?;
        Ok(graph)
    }

    /// Adds the nodes of the graph at a path; returns the places of its inputs and outputs.
    fn add(
        &mut self,
        file: &Hdf5,
        at: &str,
        outer: &str,
        depth: usize,
    ) -> Result<Ports, NirProblem> {
        let mut ports: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for name in file.members(&format!("{at}/nodes"))? {
            let path = format!("{at}/nodes/{name}");
            let full = format!("{outer}{name}");
            let kind = file.text(&format!("{path}/type"))?;
            let place = self.nodes.len();
            if kind == "NIRGraph" {
                if depth == DEEPEST {
                    let fix = "; so many graphs within graphs are a mistake";
                    return Err(NirProblem::Node { node: full, kind, fix });
                }
                let inside = self.add(file, &path, &format!("{full}/"), depth + 1)?;
                ports.insert(
                    name,
                    (inside.single(&full, "Input")?, inside.single(&full, "Output")?),
                );
                continue;
            }
            let mut node = node(file, &path, &full, &kind)?;
            match &node {
                Node::Input { .. } => inputs.push(place),
                Node::Output { .. } => outputs.push(place),
                _ => {}
            }
            if let (1.., &(Node::Input { size } | Node::Output { size })) = (depth, &node) {
                node = Node::Same { size: Some(size) };
            }
            self.nodes.push((full, node));
            ports.insert(name, (place, place));
        }
        for [from, to] in edges(file, &format!("{at}/edges"))? {
            let end = |direction, node: &str| {
                ports.get(node).copied().ok_or_else(|| NirProblem::Edge {
                    direction,
                    node: format!("{outer}{node}"),
                    known: ports.keys().map(|name| format!("{outer}{name}")).collect(),
                })
            };
            self.edges.push((end("from", &from)?.1, end("to", &to)?.0));
        }
        Ok(Ports { inputs, outputs })
    }

    /// Where the edges into a node come from.
    pub(super) fn into(&self, node: usize) -> impl Iterator<Item = usize> {
        self.edges.iter().filter(move |(_, to)| *to == node).map(|(from, _)| *from)
    }

    /// The name of a node.
    pub(super) fn name(&self, node: usize) -> &str {
        &self.nodes[node].0
    }
}

/// Ways into and out of a graph.
struct Ports {
    inputs: Vec<usize>,
    outputs: Vec<usize>,
}

impl Ports {
    fn single(&self, node: &str, kind: &'static str) -> Result<usize, NirProblem> {
        let places = if kind == "Input" { &self.inputs } else { &self.outputs };
        match places[..] {
            [place] => Ok(place),
            _ => Err(NirProblem::Ports { node: node.to_owned(), kind, found: places.len() }),
        }
    }
}

fn edges(file: &Hdf5, path: &str) -> Result<Vec<[String; 2]>, NirProblem> {
    // h5py writes an empty list as numbers
    if file.kind(path)? == Content::Numbers && file.shape(path)?.contains(&0) {
        return Ok(Vec::new());
    }
    let texts = file.texts(path)?;
    let found = texts.shape().to_vec();
    let pairs = texts.into_dimensionality::<Ix2>().ok().filter(|pairs| pairs.ncols() == 2);
    let Some(pairs) = pairs else {
        let reason = format!("`{path}` has shape {found:?}, [edge, 2] expected");
        return Err(NirProblem::NoGraph { reason });
    };
    Ok(pairs.rows().into_iter().map(|row| [row[0].clone(), row[1].clone()]).collect())
}

/// The node at a path.
fn node(file: &Hdf5, path: &str, name: &str, kind: &str) -> Result<Node, NirProblem> {
    let numbers = |parameter: &str| -> Result<ArrayD<f64>, NirProblem> {
        Ok(file.numbers(&format!("{path}/{parameter}"))?)
    };
    let shape = |parameter: &str, found: &[usize], expected: &str| NirProblem::Shape {
        node: name.to_owned(),
        parameter: parameter.to_owned(),
        found: found.to_vec(),
        expected: expected.to_owned(),
    };
    // values at a node of any shape, row after row
    let flat = |parameter: &str| -> Result<Vec<f64>, NirProblem> {
        Ok(numbers(parameter)?.into_iter().collect())
    };
    let size = |parameter: &str| -> Result<usize, NirProblem> {
        let axes = flat(parameter)?;
        let size = axes.iter().product::<f64>();
        match axes.iter().all(|n| *n >= 1.0 && n.fract() == 0.0) && size <= MOST_VALUES as f64 {
            true => Ok(size as usize),
            false => Err(NirProblem::Value {
                node: name.to_owned(),
                parameter: parameter.to_owned(),
                value: size,
                expected: format!("a shape of 1 to {MOST_VALUES} values"),
            }),
        }
    };
    let weight = || {
        let weight = numbers("weight")?;
        let found = weight.shape().to_vec();
        let weight = weight.into_dimensionality::<Ix2>();
        weight.map_err(|_| shape("weight", &found, "[target, source]"))
    };
    if let Some(unit) = UNITS.iter().find(|unit| unit.kind == kind) {
        let mut params = BTreeMap::new();
        for parameter in unit.params {
            let values = match (file.has(&format!("{path}/{}", parameter.nir)), parameter.default) {
                (false, Some(default)) => vec![default],
                _ => flat(parameter.nir)?,
            };
            params.insert(parameter.nir, values);
        }
        let size = params.values().map(Vec::len).max().unwrap_or(0);
        for (parameter, values) in &mut params {
            match values.len() {
                n if n == size && n > 0 => {}
                1 => *values = vec![values[0]; size],
                n => return Err(shape(parameter, &[n], &format!("{size} values"))),
            }
        }
        return Ok(Node::Unit { kind: unit.kind, size, params });
    }
    Ok(match kind {
        "Input" => Node::Input { size: size("shape")? },
        "Output" => Node::Output { size: size("shape")? },
        "Linear" => Node::Linear { weight: weight()?, bias: None },
        "Affine" => {
            let (weight, bias) = (weight()?, numbers("bias")?);
            let found = bias.shape().to_vec();
            match bias.into_dimensionality::<Ix1>() {
                Ok(bias) if bias.len() == weight.nrows() => {
                    Node::Linear { weight, bias: Some(bias.to_vec()) }
                }
                _ => return Err(shape("bias", &found, &format!("[{}]", weight.nrows()))),
            }
        }
        "Scale" => Node::Scale(flat("scale")?),
        "Delay" => Node::Delay(flat("delay")?),
        "Flatten" => Node::Same { size: None },
        _ => {
            let fix = match kind {
                "Conv1d" | "Conv2d" | "SumPool2d" | "AvgPool2d" => {
                    "; write it as the Linear node it amounts to"
                }
                _ => "",
            };
            return Err(NirProblem::Node { node: name.to_owned(), kind: kind.to_owned(), fix });
        }
    })
}
