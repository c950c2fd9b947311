//! Units that emit nothing, by group, by column or by number.

use attractor_data::closest;
use attractor_network::{Action, Intervention, Network, Population, Quantity};

use crate::config::list;
use crate::describe::RECURRENT;
use crate::error::RunError;

/// A network that has all groups, and the interventions that silence them. All problems are found.
pub(super) fn silenced(
    network: &Network,
    wanted: &[String],
) -> Result<(Network, Vec<Intervention>), RunError> {
    let mut description = network.description().clone();
    let (mut list, mut problems) = (Vec::new(), Vec::new());
    let mut named = Vec::new();
    for text in wanted {
        match groups(&mut description.populations, text) {
            Ok(groups) => named.extend(groups),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(RunError::Request(problems.join("; ")));
    }
    let network = Network::new(description)?;
    for (population, group) in named {
        for signal in network.signals() {
            let emits = matches!(signal.quantity, Quantity::Emission(_));
            if emits && signal.population == population {
                let target = format!("{}[{group}]", network.signal_name(signal));
                list.push(Intervention {
                    target,
                    from: 0.0,
                    until: None,
                    action: Action::Set(0.0),
                });
            }
        }
    }
    Ok((network, list))
}

/// Populations, by number, and their groups that a text speaks of; units by number become a group.
fn groups(populations: &mut [Population], text: &str) -> Result<Vec<(usize, String)>, String> {
    let inside = text.strip_suffix(']').and_then(|text| text.split_once('['));
    let (of, name) = inside.map_or((None, text), |(population, name)| (Some(population), name));
    if let Some(units) = name.strip_prefix("units=") {
        let of = of.unwrap_or(RECURRENT);
        let k = populations.iter().position(|p| p.name == of && p.neuron.is_some());
        let k = k.ok_or_else(|| {
            let known: Vec<&str> = populations.iter().map(|p| p.name.as_str()).collect();
            format!("there is no population `{of}` of units; there are: {}", list(&known))
        })?;
        let units =
            numbers(units, populations[k].units).map_err(|wrong| format!("`{text}`: {wrong}"))?;
        populations[k].groups.insert(name.to_owned(), units);
        return Ok(vec![(k, name.to_owned())]);
    }
    let find = |name: &str| -> Vec<(usize, String)> {
        let meant = |p: &Population| of.is_none_or(|of| of == p.name);
        let has = |p: &Population| meant(p) && p.neuron.is_some() && p.groups.contains_key(name);
        let found = populations.iter().enumerate().filter(|(_, p)| has(p));
        found.map(|(k, _)| (k, name.to_owned())).collect()
    };
    // `region=A1` is the group of that name, or the group `A1`
    let mut found = find(name);
    if let (true, Some((_, value))) = (found.is_empty(), name.split_once('=')) {
        found = find(value);
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let known: Vec<String> = populations
        .iter()
        .filter(|p| p.neuron.is_some())
        .flat_map(|p| p.groups.keys().map(|name| format!("{}[{name}]", p.name)))
        .collect();
    let names = || populations.iter().flat_map(|p| p.groups.keys().map(String::as_str));
    let meant = closest(name, names());
    let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
    let shown = &known[..known.len().min(MOST_SHOWN)];
    let more = match known.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(format!("there is no group `{text}`{meant}; there are: {}{more}", list(shown)))
}

/// More groups than this are not told.
const MOST_SHOWN: usize = 12;

/// Units of `0,4..9`, the end excluded.
fn numbers(text: &str, units: usize) -> Result<Vec<usize>, String> {
    let mut numbers = Vec::new();
    for part in text.split(',').map(str::trim) {
        let ends = match part.split_once("..") {
            Some((first, end)) => first.trim().parse().ok().zip(end.trim().parse().ok()),
            None => part.parse::<usize>().ok().map(|unit| (unit, unit + 1)),
        };
        match ends {
            Some((first, end)) if first < end && end <= units => numbers.extend(first..end),
            _ => {
                return Err(format!(
                    "`{part}` is no unit or range of the {units} there are; write units=0,4..9"
                ));
            }
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}
