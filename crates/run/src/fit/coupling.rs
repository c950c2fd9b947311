//! The coupling of a fit between regions, each block of a rank of its own.

use std::collections::BTreeMap;

use attractor_analysis::groups_of;
use attractor_network::{Block, Wiring};
use attractor_numerics::law::Law;

use super::config::FitConfig;
use super::prepare::Prepared;
use super::regions::regions;
use crate::error::RunError;

/// Units that are not recorded, as a region.
pub(crate) const HIDDEN: &str = "hidden";
/// The recorded units, a group that every network of a fit has.
pub(crate) const OBSERVED: &str = "observed";

/// Regions, and the rank of the coupling within and between them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Regions {
    /// Recorded units of each region, in the order of its first unit.
    pub(crate) groups: Vec<(String, Vec<usize>)>,
    /// By `A` (within), `A->B`, `*` (within others) and `*->*` (between others); 0 for no coupling.
    pub(crate) ranks: BTreeMap<String, usize>,
}

impl Regions {
    /// Those of a fit; none unless ranks are given.
    pub(crate) fn of(config: &FitConfig, prepared: &Prepared) -> Result<Option<Self>, RunError> {
        let ranks = config.network.ranks.clone();
        if ranks.is_empty() {
            return Ok(None);
        }
        let groups = groups_of(&regions(config, prepared, &mut Vec::new())?);
        let groups: Vec<(String, Vec<usize>)> =
            groups.into_iter().map(|group| (group.name, group.units)).collect();
        if let Some((taken, _)) =
            groups.iter().find(|(name, _)| [HIDDEN, OBSERVED].contains(&&**name))
        {
            let said = format!(
                "a region is called `{taken}`, as the fit calls units of its own; rename it"
            );
            return Err(RunError::Request(said));
        }
        let regions = Regions { groups, ranks };
        regions.check()?;
        Ok(Some(regions))
    }

    /// Every name in the keys is a region, `hidden` or `*`.
    fn check(&self) -> Result<(), RunError> {
        let known = |name: &str| {
            name == "*" || name == HIDDEN || self.groups.iter().any(|(region, _)| region == name)
        };
        let wrong = self.ranks.keys().find(|key| !key.split("->").all(known));
        let Some(key) = wrong else { return Ok(()) };
        let names: Vec<&str> = self.groups.iter().map(|(name, _)| name.as_str()).collect();
        Err(RunError::Request(format!(
            "network.ranks: `{key}` is neither a region nor `FROM->TO`; regions are {}, {HIDDEN} and * for all others",
            names.join(", ")
        )))
    }

    /// The rank of a block; none for full rank.
    fn rank(&self, from: &str, to: &str) -> Option<usize> {
        let keys = match from == to {
            true => vec![from.to_owned(), format!("{from}->{to}"), "*".to_owned()],
            false => [(from, to), (from, "*"), ("*", to), ("*", "*")]
                .map(|(from, to)| format!("{from}->{to}"))
                .to_vec(),
        };
        keys.iter().find_map(|key| self.ranks.get(key)).copied()
    }

    /// One block for each pair of regions, with the weights of a dense coupling of `all` units of this
    /// gain: a standard deviation of gain / √all.
    pub(crate) fn wiring(&self, hidden: usize, gain: f64) -> Wiring {
        let mut sizes: Vec<(&str, usize)> =
            self.groups.iter().map(|(name, units)| (name.as_str(), units.len())).collect();
        sizes.extend((hidden > 0).then_some((HIDDEN, hidden)));
        let all: usize = sizes.iter().map(|(_, units)| units).sum();
        let mut blocks = Vec::new();
        for &(to, targets) in &sizes {
            for &(from, sources) in &sizes {
                let part = sources as f64 / all as f64;
                let rank = self.rank(from, to).filter(|rank| *rank < sources.min(targets));
                let wiring = match rank {
                    Some(0) => continue,
                    Some(rank) => {
                        // m nᵀ / sources
                        let sd = gain * sources as f64 / (all as f64 * rank as f64).sqrt();
                        let (m, n) = (Law::Normal { sd }, Law::Normal { sd: 1.0 });
                        Wiring::LowRank { rank, m, n, covariance: None }
                    }
                    None => Wiring::Dense { law: Law::Gaussian { gain: gain * part.sqrt() } },
                };
                blocks.push(Block { from: from.to_owned(), to: to.to_owned(), wiring });
            }
        }
        Wiring::Blocks { blocks }
    }

    /// The rank of every pair of regions, `FROM->TO`; none for full rank.
    pub(crate) fn table(&self, hidden: usize) -> BTreeMap<String, Option<usize>> {
        let mut names: Vec<&str> = self.groups.iter().map(|(name, _)| name.as_str()).collect();
        names.extend((hidden > 0).then_some(HIDDEN));
        let pairs = names.iter().flat_map(|&from| names.iter().map(move |&to| (from, to)));
        pairs.map(|(from, to)| (format!("{from}->{to}"), self.rank(from, to))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(ranks: &[(&str, usize)]) -> Regions {
        Regions {
            groups: vec![("A".to_owned(), vec![0, 2]), ("B".to_owned(), vec![1, 3, 4])],
            ranks: ranks.iter().map(|&(key, rank)| (key.to_owned(), rank)).collect(),
        }
    }

    #[test]
    fn the_nearest_key_counts() {
        let regions = regions(&[("A", 1), ("*", 2), ("A->B", 1), ("*->*", 0), ("hidden->*", 3)]);
        assert!(regions.check().is_ok());
        let rank = |from, to| regions.rank(from, to);
        assert_eq!(
            (rank("A", "A"), rank("B", "B"), rank("hidden", "hidden")),
            (Some(1), Some(2), Some(2))
        );
        assert_eq!(
            (rank("A", "B"), rank("B", "A"), rank("hidden", "A")),
            (Some(1), Some(0), Some(3))
        );
        let Wiring::Blocks { blocks } = regions.wiring(4, 1.0) else { panic!("no blocks") };
        let ends: Vec<String> = blocks.iter().map(|b| format!("{}->{}", b.from, b.to)).collect();
        assert_eq!(ends, ["A->A", "hidden->A", "A->B", "B->B", "hidden->B", "hidden->hidden"]);
        // hidden to A is of rank 2 at most anyhow
        assert!(matches!(blocks[1].wiring, Wiring::Dense { .. }));
        assert!(matches!(blocks[3].wiring, Wiring::LowRank { rank: 2, .. }));
    }

    #[test]
    fn unknown_regions_are_named() {
        let said = regions(&[("A->C", 1)]).check().unwrap_err().to_string();
        assert!(said.contains("`A->C`") && said.contains("A, B, hidden"), "{said}");
    }
}
