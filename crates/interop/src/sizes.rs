//! Sizes of a described network, looked at before it is compiled: a damaged file must not ask for all
//! memory.

use attractor_network::{Description, Population, Sign, Start, Wiring};

/// Units, ranks and start values beyond this are a mistake, and would overflow further on.
const MOST_UNITS: usize = 1 << 24;
/// A mask around blocks has more places than there are weights; so many are always allowed.
const FEW_PLACES: usize = 1 << 26;
/// Longest delay, steps.
const MOST_LAG: usize = 1 << 20;

/// What is too large, as a sentence. `weights` is the number of weights in the file: a mask has one
/// place for each weight, so it cannot be larger.
pub(crate) fn check(description: &Description, weights: usize) -> Result<(), String> {
    for population in &description.populations {
        let name = &population.name;
        limit(&format!("units of `{name}`"), population.units, MOST_UNITS)?;
        for start in population.start.values() {
            if let Start::Wired { inputs, .. } = start {
                limit(&format!("start values of `{name}`"), *inputs, MOST_UNITS)?;
            }
        }
    }
    for projection in &description.projections {
        let name = projection.name();
        limit(&format!("lag of `{name}`"), projection.lag, MOST_LAG)?;
        let end = |signal: &str| {
            let name = signal.split('.').next().unwrap_or(signal);
            description.populations.iter().find(|population| population.name == name)
        };
        let Some((to, from)) = end(&projection.to).zip(end(&projection.from)) else { continue };
        let ends = Ends { name, to, from, weights };
        ends.check(&projection.wiring, to.units, from.units)?;
    }
    Ok(())
}

struct Ends<'a> {
    name: String,
    to: &'a Population,
    from: &'a Population,
    weights: usize,
}

impl Ends<'_> {
    fn check(&self, wiring: &Wiring, targets: usize, sources: usize) -> Result<(), String> {
        let name = &self.name;
        match wiring {
            Wiring::Masked { .. } => {
                let places = targets.saturating_mul(sources);
                limit(&format!("places of the mask of `{name}`"), places, self.weights)
            }
            Wiring::LowRank { rank, .. } | Wiring::Mixture { rank, .. } => {
                limit(&format!("rank of `{name}`"), *rank, MOST_UNITS)
            }
            Wiring::Core { rank, .. } => {
                limit(&format!("core of `{name}`"), rank.saturating_mul(*rank), self.weights)
            }
            Wiring::Sum { terms } => {
                terms.iter().try_for_each(|term| self.check(term, targets, sources))
            }
            Wiring::Blocks { blocks } => blocks.iter().try_for_each(|block| {
                let size = |population: &Population, group| {
                    population.groups.get(group).map_or(0, Vec::len)
                };
                self.check(&block.wiring, size(self.to, &block.to), size(self.from, &block.from))
            }),
            // whatever is in it has a place for each weight
            Wiring::Constrained { wiring, masks, sign, .. } => {
                let places = targets.saturating_mul(sources);
                let by_pair = matches!(sign, Some(Sign::Graph { .. }));
                let by_weight = sign.is_some() && has_weights(wiring);
                if !masks.is_empty() || by_pair || by_weight {
                    let most = self.weights.max(FEW_PLACES);
                    limit(&format!("places of the masks of `{name}`"), places, most)?;
                }
                self.check(wiring, targets, sources)
            }
            Wiring::Graph { .. } => {
                let places = targets.saturating_mul(sources);
                limit(&format!("places of the graph of `{name}`"), places, self.weights)
            }
            Wiring::Dense { .. } | Wiring::Each { .. } => Ok(()),
        }
    }
}

/// Whether a wiring stores the weights of a matrix, each of which then has a sign.
fn has_weights(wiring: &Wiring) -> bool {
    match wiring {
        Wiring::Dense { .. } | Wiring::Masked { .. } | Wiring::Graph { .. } => true,
        Wiring::Constrained { wiring, .. } => has_weights(wiring),
        Wiring::Sum { terms } => terms.iter().any(has_weights),
        Wiring::Blocks { .. }
        | Wiring::Each { .. }
        | Wiring::LowRank { .. }
        | Wiring::Mixture { .. }
        | Wiring::Core { .. } => false,
    }
}

fn limit(what: &str, found: usize, most: usize) -> Result<(), String> {
    if found > most {
        return Err(format!("{what}: {found} given, at most {most} can be"));
    }
    Ok(())
}
