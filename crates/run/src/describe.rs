//! From the configuration of a network to its description.

use std::collections::BTreeMap;

use attractor_equations::Neuron;
use attractor_network::{Description, Mask, Network, Population, Positions, Projection, Wiring};
use attractor_numerics::law::Law;

use crate::config::{
    Chosen, Conduction, Connected, GRAPH, NetworkConfig, ParamChoice, PositionsChoice,
    ProjectionConfig, Units,
};
use crate::material::Material;

/// Name of the input population.
pub(crate) const INPUT: &str = "in";
/// Name of the recurrent population.
pub(crate) const RECURRENT: &str = "rec";
/// Name of the readout.
pub(crate) const READOUT: &str = "out";

/// The description; or the key that is wrong and what is wrong with it.
pub(crate) fn describe(
    config: &NetworkConfig,
    units: &Units,
    material: &Material,
    connected: Option<&Connected>,
) -> Result<Description, (String, String)> {
    let mut populations = Vec::new();
    let (inputs, outputs) = (material.inputs().len(), material.outputs().len());
    if inputs > 0 {
        populations.push(Population::input(INPUT, inputs));
    }
    populations.push(recurrent(config, &units.rec, connected)?);
    let mut heard = Vec::new();
    if outputs > 0 {
        let Chosen { neuron, ports, .. } = &units.out;
        heard.clone_from(&ports.inputs);
        let bias = config.readout_bias.0.iter();
        let bias = bias.flat_map(|law| heard.iter().map(|drive| (drive.clone(), *law))).collect();
        populations.push(Population {
            neuron: Some(neuron.to_text()),
            bias,
            params: differing(neuron, &config.readout_params),
            groups: by_name(material),
            ..Population::input(READOUT, outputs)
        });
    }
    let projections = match config.projection.is_empty() {
        true => default_projections(config, &units.rec, inputs > 0, &heard),
        false => config.projection.iter().map(|given| explicit(given, config)).collect(),
    };
    let projections = named(projections);
    let graphs = connected.map(|read| (GRAPH.to_owned(), read.graph())).into_iter().collect();
    let dt = material.dt();
    let integrator = config.integrator;
    let description = Description { dt, integrator, populations, projections, graphs };
    match &config.conduction {
        Some(conduction) => delayed(description, conduction),
        None => Ok(description),
    }
}

/// Each of several outputs of a task is a group, so that an objective can name it: `out.y[fixation]`.
fn by_name(material: &Material) -> BTreeMap<String, Vec<usize>> {
    let outputs = if material.is_task() { material.outputs() } else { Vec::new() };
    let several = outputs.len() > 1;
    outputs.into_iter().enumerate().filter(|_| several).map(|(k, name)| (name, vec![k])).collect()
}

fn recurrent(
    config: &NetworkConfig,
    chosen: &Chosen,
    connected: Option<&Connected>,
) -> Result<Population, (String, String)> {
    let mut groups = connected.map_or_else(BTreeMap::new, |read| read.connectome.groups());
    for (name, group) in &config.groups {
        let units = group.units().map_err(|message| (format!("network.groups.{name}"), message))?;
        groups.insert(name.clone(), units);
    }
    let params = differing(&chosen.neuron, &config.params);
    let bias = config.bias.0.iter().flatten();
    let bias = bias.filter_map(|(drive, law)| Some((drive.clone(), law.0?))).collect();
    let mut neuron = chosen.neuron.to_text();
    for (name, param) in &mut neuron.parameters {
        let named = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.contains(name));
        param.per_unit = named(&config.per_unit).unwrap_or(param.per_unit);
        param.trained = named(&config.trained).unwrap_or(param.trained);
        param.range = config.range.get(name).copied().or(param.range);
    }
    let of_cells = || {
        let points = connected?.connectome.positions.clone()?;
        Some(Positions::Given { points })
    };
    let positions = match &config.positions {
        Some(PositionsChoice::Stated(positions)) => Some(positions.clone()),
        _ => of_cells(),
    };
    Ok(Population {
        neuron: Some(neuron),
        groups,
        bias,
        params,
        start: config.start.clone(),
        positions,
        ..Population::input(RECURRENT, config.units)
    })
}

/// The parameters that differ from the neuron's defaults.
fn differing(neuron: &Neuron, params: &BTreeMap<String, ParamChoice>) -> BTreeMap<String, Law> {
    let defaults: BTreeMap<&str, f64> =
        neuron.params.iter().map(|p| (p.symbol.name.as_str(), p.default)).collect();
    let differs = |name: &str, law: Law| match law {
        Law::Constant { value } => defaults.get(name) != Some(&value),
        _ => true,
    };
    let params = params.iter().map(|(name, param)| (name.clone(), param.law()));
    params.filter(|(name, law)| differs(name, *law)).collect()
}

/// The projections that follow from the neurons' ports; `heard` are the drives of the readout.
fn default_projections(
    config: &NetworkConfig,
    chosen: &Chosen,
    inputs: bool,
    heard: &[String],
) -> Vec<Projection> {
    let ports = &chosen.ports;
    let projection = |from: String, to: String, lag, wiring: &Wiring| Projection {
        name: None,
        from,
        to,
        lag,
        wiring: wiring.clone(),
        trained: true,
    };
    let mut projections = Vec::new();
    for drive in ports.inputs.iter().filter(|_| inputs) {
        let (from, to) = (format!("{INPUT}.u"), format!("{RECURRENT}.{drive}"));
        projections.push(projection(from, to, 0, &config.input));
    }
    for (emission, drive) in &ports.recurrent {
        let (from, to) = (format!("{RECURRENT}.{emission}"), format!("{RECURRENT}.{drive}"));
        projections.push(projection(from, to, 1, &config.recurrent));
    }
    for drive in heard {
        let from = format!("{RECURRENT}.{}", ports.readout);
        projections.push(projection(from, format!("{READOUT}.{drive}"), 0, &config.readout));
    }
    projections
}

/// A projection somebody wrote, with what follows from its ends.
fn explicit(given: &ProjectionConfig, config: &NetworkConfig) -> Projection {
    let population = |signal: &str| signal.split('.').next().unwrap_or(signal).to_owned();
    let (from, to) = (population(&given.from), population(&given.to));
    let wiring = match (from.as_str(), to.as_str()) {
        (_, READOUT) => &config.readout,
        (INPUT, _) => &config.input,
        _ => &config.recurrent,
    };
    Projection {
        name: given.name.clone(),
        from: given.from.clone(),
        to: given.to.clone(),
        lag: given.lag.unwrap_or(usize::from(from == to)),
        wiring: given.wiring.clone().unwrap_or_else(|| wiring.clone()),
        trained: given.trained,
    }
}

/// Recurrent projections of lag 1 divided by distance into several, each with the lag of its distance.
fn delayed(
    description: Description,
    conduction: &Conduction,
) -> Result<Description, (String, String)> {
    let wrong = |message: String| ("network.conduction".to_owned(), message);
    let step = conduction.speed * description.dt;
    if !(step > 0.0 && step.is_finite()) {
        let message = format!("speed is {}, a positive number is expected", conduction.speed);
        return Err(wrong(message));
    }
    let network = Network::new(Description { projections: Vec::new(), ..description.clone() });
    let network = network.map_err(|error| wrong(error.to_string()))?;
    let positions = network.points(RECURRENT).ok().flatten().map(<[_]>::to_vec);
    let positions = positions.ok_or_else(|| {
        wrong("delays need distances: give the units `network.positions`".to_owned())
    })?;
    let distance = |a: &[f64; 3], b: &[f64; 3]| {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    let all = positions.iter().flat_map(|a| positions.iter().map(move |b| distance(a, b)));
    let lag = |d: f64| ((d / step).round() as usize).max(1);
    let mut lags: Vec<usize> = all.map(lag).collect();
    lags.sort_unstable();
    lags.dedup();
    if lags.len() > MOST_LAGS {
        let message = format!(
            "{} different delays, at most {MOST_LAGS} can be: a larger speed or dt gives fewer",
            lags.len()
        );
        return Err(wrong(message));
    }
    let population = |signal: &str| signal.split('.').next().unwrap_or(signal).to_owned();
    let within =
        |p: &Projection| population(&p.from) == RECURRENT && population(&p.to) == RECURRENT;
    let mut projections = Vec::new();
    for projection in &description.projections {
        if !within(projection) || projection.lag != 1 {
            projections.push(projection.clone());
            continue;
        }
        for (k, &lag) in lags.iter().enumerate() {
            // each distance lies between two edges, whatever rounding does to it
            let edge = |k: usize| (lags[k] as f64 - 0.5) * step;
            let least = if k == 0 { 0.0 } else { edge(k) };
            let most = (k + 1 < lags.len()).then(|| edge(k + 1));
            projections.push(Projection {
                name: Some(format!("{}@{lag}", projection.name())),
                lag,
                wiring: projection.wiring.clone().within(Mask::Distance { least, most }),
                ..projection.clone()
            });
        }
    }
    Ok(Description { projections, ..description })
}

/// More delays than this make a network of too many projections.
const MOST_LAGS: usize = 64;

/// Gives names to projections that would otherwise share one: `rec->rec.I_z`.
fn named(mut projections: Vec<Projection>) -> Vec<Projection> {
    let names: Vec<String> = projections.iter().map(Projection::name).collect();
    for (k, projection) in projections.iter_mut().enumerate() {
        let shared = names.iter().filter(|name| **name == names[k]).count() > 1;
        if shared && projection.name.is_none() {
            let from = projection.from.split('.').next().unwrap_or("");
            projection.name = Some(format!("{from}->{}", projection.to));
        }
    }
    projections
}
