//! Wirings compiled: which parameters a linear operator has and how they make up its matrix.

use attractor_numerics::{law::Law, random};
use rand::RngExt;

use crate::description::{Block, Wiring};
use crate::error::NetworkError;
use crate::parameters::Layout;
use std::collections::BTreeMap;
use std::ops::Range;

/// A wiring as parts of a dense matrix plus low-rank terms.
#[derive(Clone, Debug, Default)]
pub(crate) struct WiringPlan {
    pub(crate) targets: usize,
    pub(crate) sources: usize,
    pub(crate) dense: Vec<DensePart>,
    pub(crate) low_rank: Vec<LowRankPart>,
}

/// Free weights at some rows and columns of the matrix.
#[derive(Clone, Debug)]
pub(crate) struct DensePart {
    pub(crate) weights: Range<usize>,
    /// Target units of the rows; all if none.
    pub(crate) rows: Option<Vec<usize>>,
    /// Source units of the columns; all if none.
    pub(crate) columns: Option<Vec<usize>>,
    /// Which weights may differ from 0, row-major; all if none.
    pub(crate) mask: Option<Vec<bool>>,
}

/// `m nᵀ / sources`.
#[derive(Clone, Debug)]
pub(crate) struct LowRankPart {
    pub(crate) m: Range<usize>,
    pub(crate) n: Range<usize>,
    pub(crate) rank: usize,
}

/// A parameter array and the law it is first drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) range: Range<usize>,
    pub(crate) law: Law,
    pub(crate) mask: Option<Vec<bool>>,
}

/// Units and groups at the two ends of a projection.
pub(crate) struct Ends<'a> {
    pub(crate) name: String,
    pub(crate) trained: bool,
    pub(crate) targets: usize,
    pub(crate) sources: usize,
    pub(crate) target_groups: &'a BTreeMap<String, Vec<usize>>,
    pub(crate) source_groups: &'a BTreeMap<String, Vec<usize>>,
}

impl WiringPlan {
    pub(crate) fn compile(
        wiring: &Wiring,
        ends: &Ends<'_>,
        layout: &mut Layout,
        drawn: &mut Vec<Drawn>,
    ) -> Result<WiringPlan, NetworkError> {
        let mut plan =
            WiringPlan { targets: ends.targets, sources: ends.sources, ..WiringPlan::default() };
        plan.add(wiring, &ends.name, ends, None, layout, drawn)?;
        Ok(plan)
    }

    /// The one dense part that is the whole matrix, if that is all there is.
    pub(crate) fn whole(&self) -> Option<&DensePart> {
        match &self.dense[..] {
            [part] if part.rows.is_none() && part.columns.is_none() && part.mask.is_none() => {
                Some(part)
            }
            _ => None,
        }
    }

    fn add(
        &mut self,
        wiring: &Wiring,
        name: &str,
        ends: &Ends<'_>,
        block: Option<&Block>,
        layout: &mut Layout,
        drawn: &mut Vec<Drawn>,
    ) -> Result<(), NetworkError> {
        let group = |groups: &BTreeMap<String, Vec<usize>>, name: &str| {
            groups.get(name).cloned().ok_or_else(|| {
                NetworkError::unknown("group", name, groups.keys().map(String::as_str))
            })
        };
        let rows = block.map(|b| group(ends.target_groups, &b.to)).transpose()?;
        let columns = block.map(|b| group(ends.source_groups, &b.from)).transpose()?;
        let height = rows.as_ref().map_or(ends.targets, Vec::len);
        let width = columns.as_ref().map_or(ends.sources, Vec::len);
        let mut declare = |name: String, rows, columns, law: &Law, mask: Option<Vec<bool>>| {
            let limits = (f64::NEG_INFINITY, f64::INFINITY);
            let range = layout.push(name.clone(), vec![rows, columns], ends.trained, limits);
            let law = *law;
            drawn.push(Drawn { name, rows, columns, range: range.clone(), law, mask });
            range
        };
        match wiring {
            Wiring::Dense { law } => {
                let weights = declare(format!("{name}.W"), height, width, law, None);
                self.dense.push(DensePart { weights, rows, columns, mask: None });
            }
            Wiring::Masked { law, density, pairs, seed } => {
                let mask = match (density, pairs) {
                    (Some(density), None) if (0.0..=1.0).contains(density) => {
                        let mut rng = random::stream(*seed, &format!("{name}.mask"));
                        (0..height * width).map(|_| rng.random_bool(*density)).collect()
                    }
                    (None, Some(pairs)) => {
                        let mut mask = vec![false; height * width];
                        for &[target, source] in pairs {
                            if target >= height || source >= width {
                                let what = format!("projection `{name}`, pair of the mask");
                                let expected = format!("[target < {height}, source < {width}]");
                                let pair = format!("[{target}, {source}]");
                                return Err(NetworkError::value(what, pair, expected));
                            }
                            mask[target * width + source] = true;
                        }
                        mask
                    }
                    _ => {
                        let what = format!("projection `{name}`, mask");
                        let given = format!(
                            "density = {density:?} and {} pairs",
                            pairs.as_ref().map_or(0, Vec::len)
                        );
                        let expected = "either density between 0 and 1, or pairs";
                        return Err(NetworkError::value(what, given, expected));
                    }
                };
                let weights = declare(format!("{name}.W"), height, width, law, Some(mask.clone()));
                self.dense.push(DensePart { weights, rows, columns, mask: Some(mask) });
            }
            Wiring::LowRank { rank, m, n } if block.is_none() => {
                if *rank == 0 {
                    let what = format!("projection `{name}`, rank");
                    return Err(NetworkError::value(what, 0, "at least 1"));
                }
                let m = declare(format!("{name}.m"), height, *rank, m, None);
                let n = declare(format!("{name}.n"), width, *rank, n, None);
                self.low_rank.push(LowRankPart { m, n, rank: *rank });
            }
            Wiring::Blocks { blocks } if block.is_none() => {
                for block in blocks {
                    let name = format!("{name}.{}<-{}", block.to, block.from);
                    self.add(&block.wiring, &name, ends, Some(block), layout, drawn)?;
                }
            }
            Wiring::Sum { terms } if block.is_none() => {
                for (k, term) in terms.iter().enumerate() {
                    self.add(term, &format!("{name}.{k}"), ends, None, layout, drawn)?;
                }
            }
            _ => {
                let what = format!("projection `{name}`, wiring of a block");
                return Err(NetworkError::value(what, "another kind", "dense or masked"));
            }
        }
        Ok(())
    }
}
