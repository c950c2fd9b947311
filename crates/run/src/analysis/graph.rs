//! The recurrent weights as a graph: modules, small worlds, space, energy.

use attractor_analysis::graph::{
    Graph, LouvainOptions, Modules, Null, distance_correlation, louvain, participation, rich_club,
    small_worldness, spectral_modules, strongest, wiring_cost,
};
use attractor_analysis::{balance, spatial_clustering};
use attractor_report::{SpatialNetwork, WeightMatrix, Width};
use ndarray::Array2;

use super::activity::Activity;
use super::facts::{Analysis, GraphFacts, GraphMeasures};
use super::{Pictures, Subject, Unanswered, population};
use crate::describe::RECURRENT;
use crate::report::{Recurrent, drawn};

/// The strongest weights, of all, that are edges.
const STRONGEST: f64 = 0.1;
/// Random graphs of the same density.
const NULLS: usize = 50;
/// Random graphs of the same degrees, for the rich club.
const OF_DEGREES: usize = 20;
/// Permutations of units.
const PERMUTATIONS: usize = 1000;
/// Units up to which modules are also found by eigenvectors, which take time with the third power of it.
const SPECTRAL: usize = 600;

pub(super) fn answer(
    subject: &Subject<'_>,
    activity: &Activity,
    facts: &mut Analysis,
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    if subject.recurrent.is_empty() {
        return Err(Unanswered("there are no recurrent weights".to_owned()));
    }
    let (seed, network) = (subject.seed, subject.network());
    let points = network.points(RECURRENT)?;
    // how mixed each unit's selectivity is: large where every variable explains much
    let tuning = match &facts.tuning {
        Some(tuning) => Some(tuning.explained.clone()),
        None => population::tuning(activity, seed).ok().map(|tuning| tuning.explained),
    };
    let mixed: Option<Vec<f64>> =
        tuning.filter(|units| units.iter().any(|e| !e.is_empty())).map(|units| {
            let one = |e: &Vec<f64>| e.iter().product::<f64>().powf(1.0 / e.len() as f64);
            units.iter().map(one).collect()
        });
    for recurrent in subject.recurrent {
        let name = recurrent.projection.name();
        let distances = points.map(|_| network.distances(&name)).transpose()?;
        let measured = |weights| measured(weights, distances.as_ref(), seed);
        let before = recurrent.before.as_ref().map(measured).transpose()?;
        let (after, modules) = measured(&recurrent.after)?;
        let balanced = balance(recurrent.after.view(), activity.noisy.view())?;
        let mean = |of: &[Option<f64>]| {
            let known: Vec<f64> = of.iter().flatten().copied().collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        let clustered = match (&distances, &mixed) {
            (Some(apart), Some(values)) => {
                spatial_clustering(values, apart.view(), PERMUTATIONS, seed).ok()
            }
            _ => None,
        };
        let sizes = activity.noisy.iter().map(|r| r.abs()).sum::<f64>();
        let (before, modules_before) = before.unzip();
        draw(subject, recurrent, (modules_before.as_ref(), &modules), pictures)?;
        facts.graphs.push(GraphFacts {
            weights: name,
            before,
            after,
            modules: modules.labels,
            balance: mean(&balanced.index),
            tracking: mean(&balanced.tracking),
            activity: sizes / activity.noisy.len().max(1) as f64,
            mixed_selectivity_distance: clustered.map(|c| [c.distance, c.expected, c.sd, c.p]),
        });
    }
    Ok(())
}

/// The measures of a matrix of weights, and its modules.
fn measured(
    weights: &Array2<f64>,
    distances: Option<&Array2<f64>>,
    seed: u64,
) -> Result<(GraphMeasures, Modules), Unanswered> {
    let edges = strongest(weights.view(), STRONGEST)?;
    let graph = Graph::directed(edges.view())?.either_direction();
    let options = LouvainOptions { seed, ..LouvainOptions::default() };
    let modules = louvain(&graph, &options)?;
    let spectral = match graph.nodes() <= SPECTRAL {
        true => Some(spectral_modules(&graph, 1.0)?.modularity),
        false => None,
    };
    let small = small_worldness(&graph, Null::Density, NULLS, seed)?;
    let club = rich_club(&graph, OF_DEGREES, seed)?;
    let richest = club.normalised.iter().flatten().copied().fold(f64::NAN, f64::max);
    let degrees = graph.degrees().outgoing;
    let share = participation(&graph, &modules.labels)?;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let measures = GraphMeasures {
        edges: graph.edges(),
        modularity: modules.modularity,
        modules: modules.count(),
        spectral_modularity: spectral,
        clustering: small.clustering,
        efficiency: small.efficiency,
        small_worldness: small.small_worldness,
        largest_degree: degrees.iter().copied().fold(0.0, f64::max) as usize,
        rich_club: richest.is_finite().then_some(richest),
        participation: mean(&share),
        total: weights.iter().map(|w| w.abs()).sum(),
        distance_correlation: distances
            .and_then(|apart| distance_correlation(weights.view(), apart.view()).ok()),
        wiring_cost: distances.and_then(|apart| wiring_cost(weights.view(), apart.view()).ok()),
    };
    Ok((measures, modules))
}

/// Weights by module and by group, and the network in space.
fn draw(
    subject: &Subject<'_>,
    recurrent: &Recurrent,
    (before, after): (Option<&Modules>, &Modules),
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    let ending = &recurrent.ending;
    let weights = drawn(&recurrent.after)?;
    let weights_before = recurrent.before.as_ref().map(drawn).transpose()?;
    if after.count() > 1 {
        let named = after.sizes().into_iter().enumerate();
        let figure = WeightMatrix::new(recurrent.label.clone(), weights.clone())
            .sorted("module", after.order())
            .groups(bordered(named.map(|(k, size)| ((k + 1).to_string(), size)).collect()));
        pictures.figures.push((format!("modules{ending}"), figure.figure()));
    }
    let regions = regions(&subject.groups, recurrent.after.nrows());
    if let Some((names, of)) = &regions {
        let mut order: Vec<usize> = (0..of.len()).collect();
        order.sort_by_key(|&unit| of[unit]);
        let size = |k: usize| of.iter().filter(|&&label| label == k).count();
        let mut figure = WeightMatrix::new(recurrent.label.clone(), weights.clone())
            .sorted("group", order)
            .groups(names.iter().enumerate().map(|(k, name)| (name.clone(), size(k))));
        figure = weights_before.iter().cloned().fold(figure, WeightMatrix::before);
        pictures.figures.push((format!("groups{ending}"), figure.figure()));
    }
    if let Some(points) = subject.network().points(RECURRENT)? {
        let network = SpatialNetwork::new(points.iter().copied(), weights);
        let network = weights_before.into_iter().fold(network, SpatialNetwork::before);
        let few = |modules: &Modules| modules.sizes().iter().filter(|&&size| size > 1).count();
        let network = match regions {
            Some((names, of)) => network.colored("group", names, of),
            None => {
                // units without company are one colour
                let count = few(after).max(before.map_or(0, few));
                let names =
                    (0..count).map(|k| format!("module {}", k + 1)).chain(["alone".to_owned()]);
                let of = |modules: &Modules| -> Vec<usize> {
                    let company = few(modules);
                    modules.labels.iter().map(|&k| if k < company { k } else { count }).collect()
                };
                let network = network.colored("module", names, of(after));
                before.into_iter().map(of).fold(network, SpatialNetwork::before_colored)
            }
        };
        pictures.figures.push((format!("network{ending}"), network.figure(Width::Double)));
        pictures.networks.push(network);
    }
    Ok(())
}

/// Modules of one unit each, at the end, stand together under no name.
fn bordered(groups: Vec<(String, usize)>) -> Vec<(String, usize)> {
    let alone = groups.iter().filter(|(_, size)| *size == 1).count();
    let mut kept: Vec<(String, usize)> = groups.into_iter().filter(|(_, size)| *size > 1).collect();
    if alone > 0 {
        kept.push((String::new(), alone));
    }
    kept
}

/// The names of the groups and the group of each unit, if every unit is in exactly one.
fn regions(groups: &[(String, Vec<usize>)], units: usize) -> Option<(Vec<String>, Vec<usize>)> {
    let mut of = vec![usize::MAX; units];
    for (k, (_, members)) in groups.iter().enumerate() {
        for &unit in members {
            if of.get(unit).is_none_or(|&label| label != usize::MAX) {
                return None;
            }
            of[unit] = k;
        }
    }
    let whole = groups.len() > 1 && of.iter().all(|&label| label != usize::MAX);
    whole.then(|| (groups.iter().map(|(name, _)| name.clone()).collect(), of))
}
