//! Wirings compiled: which parameters a linear operator has and how they make up its matrix.

use attractor_numerics::{Real, law::Law, random};
use rand::RngExt;

use crate::description::{Block, Loadings, Wiring};
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
    pub(crate) each: Vec<EachPart>,
}

/// One block for all runs of neighbours.
#[derive(Clone, Debug)]
pub(crate) struct EachPart {
    pub(crate) weights: Range<usize>,
    pub(crate) copies: usize,
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

/// `m nᵀ / sources`, or with a core `m core nᵀ / sources`, of which only the core is trained.
#[derive(Clone, Debug)]
pub(crate) struct LowRankPart {
    pub(crate) m: Range<usize>,
    pub(crate) n: Range<usize>,
    pub(crate) rank: usize,
    pub(crate) core: Option<Range<usize>>,
}

/// A parameter array and the law it is first drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) range: Range<usize>,
    pub(crate) law: Law,
    /// These values instead of the law's.
    pub(crate) given: Option<Vec<f64>>,
    pub(crate) mask: Option<Vec<bool>>,
    /// Loadings drawn jointly: this array is `n`, which is mixed with `m` by the factor of a covariance.
    pub(crate) joint: Option<Joint>,
}

impl Drawn {
    /// An array drawn from a law; its place follows.
    pub(crate) fn new(name: String, rows: usize, columns: usize, law: Law) -> Self {
        Drawn { name, rows, columns, range: 0..0, law, given: None, mask: None, joint: None }
    }

    /// An array of loadings that stand still.
    fn fixed(
        name: String,
        rows: usize,
        columns: usize,
        loadings: &Loadings,
    ) -> Result<Self, NetworkError> {
        let given = match loadings {
            Loadings::Law(law) => return Ok(Drawn::new(name, rows, columns, *law)),
            Loadings::Given(given) => given,
        };
        let fits = given.len() == rows && given.iter().all(|row| row.len() == columns);
        if !fits || given.iter().flatten().any(|value| !value.is_finite()) {
            let lengths = given.first().map_or(0, Vec::len);
            let found = format!("{} rows, the first of {lengths} numbers", given.len());
            let expected = format!("{rows} rows of {columns} finite numbers");
            return Err(NetworkError::value(format!("`{name}`"), found, expected));
        }
        let array = Drawn::new(name, rows, columns, Law::Constant { value: 0.0 });
        Ok(Drawn { given: Some(given.concat()), ..array })
    }
}

/// Two arrays of loadings, `m` and `n`, whose rows are multiplied by the Cholesky factor of a covariance.
#[derive(Clone, Debug)]
pub(crate) struct Joint {
    m: Range<usize>,
    n: Range<usize>,
    rank: usize,
    /// Lower triangular, `2 rank × 2 rank`.
    factor: Vec<Vec<f64>>,
}

impl Joint {
    /// Gives independent normal loadings the covariance.
    pub(crate) fn mix(&self, parameters: &mut [f64]) {
        let (m, n, rank) = (self.m.start, self.n.start, self.rank);
        for unit in 0..self.m.len() / rank {
            let place =
                |k: usize| if k < rank { m + unit * rank + k } else { n + unit * rank + k - rank };
            let z: Vec<f64> = (0..2 * rank).map(|k| parameters[place(k)]).collect();
            for (k, row) in self.factor.iter().enumerate() {
                parameters[place(k)] = row.iter().zip(&z).map(|(l, z)| l * z).sum();
            }
        }
    }
}

/// Lower factor of a covariance, which may be singular; none if it is no covariance.
fn factor(covariance: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = covariance.len();
    if covariance.iter().any(|row| row.len() != size) {
        return None;
    }
    let tolerance = 1e-12 * covariance.iter().flatten().fold(0.0f64, |a, b| a.max(b.abs()));
    let mut factor = vec![vec![0.0; size]; size];
    for i in 0..size {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
            let rest = covariance[i][j] - known;
            let symmetric = (covariance[i][j] - covariance[j][i]).abs() <= tolerance;
            if !symmetric || !rest.is_finite() || (i == j && rest < -tolerance) {
                return None;
            }
            factor[i][j] = match (i == j, factor[j][j] > 0.0) {
                (true, _) => rest.max(0.0).sqrt(),
                (false, true) => rest / factor[j][j],
                // a direction without variance has no covariance either
                (false, false) if rest.abs() <= tolerance.sqrt() => 0.0,
                (false, false) => return None,
            };
        }
    }
    Some(factor)
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
        let mut push = |array: Drawn, trained: bool| {
            let limits = (f64::NEG_INFINITY, f64::INFINITY);
            let shape = vec![array.rows, array.columns];
            let range = layout.push(array.name.clone(), shape, trained, limits);
            drawn.push(Drawn { range: range.clone(), ..array });
            range
        };
        let mut declare = |name: String, rows, columns, law: &Law, mask: Option<Vec<bool>>| {
            push(Drawn { mask, ..Drawn::new(name, rows, columns, *law) }, ends.trained)
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
            Wiring::LowRank { rank, m, n, covariance } if block.is_none() => {
                if *rank == 0 {
                    let what = format!("projection `{name}`, rank");
                    return Err(NetworkError::value(what, 0, "at least 1"));
                }
                let standard = *m == Law::Normal { sd: 1.0 } && *n == *m && height == width;
                let m = declare(format!("{name}.m"), height, *rank, m, None);
                let n = declare(format!("{name}.n"), width, *rank, n, None);
                if let Some(covariance) = covariance {
                    let fits = standard && covariance.len() == 2 * rank;
                    let factor = factor(covariance).filter(|_| fits).ok_or_else(|| {
                        let what = format!("projection `{name}`, covariance of the loadings");
                        let expected = format!(
                            "symmetric, not negative, {0} × {0}, both laws normal with sd = 1, as many sources as targets",
                            2 * rank
                        );
                        NetworkError::value(what, format!("{covariance:?}"), expected)
                    })?;
                    let joint = Joint { m: m.clone(), n: n.clone(), rank: *rank, factor };
                    drawn.last_mut().into_iter().for_each(|n| n.joint = Some(joint.clone()));
                }
                self.low_rank.push(LowRankPart { m, n, rank: *rank, core: None });
            }
            Wiring::Core { rank, u, v, core } if block.is_none() => {
                if *rank == 0 {
                    let what = format!("projection `{name}`, rank");
                    return Err(NetworkError::value(what, 0, "at least 1"));
                }
                let mut fixed = |side: &str, units: usize, loadings: &Loadings| {
                    let array = Drawn::fixed(format!("{name}.{side}"), units, *rank, loadings)?;
                    Ok::<_, NetworkError>(push(array, false))
                };
                let (m, n) = (fixed("U", height, u)?, fixed("V", width, v)?);
                let core = Drawn::new(format!("{name}.M"), *rank, *rank, *core);
                let core = Some(push(core, ends.trained));
                self.low_rank.push(LowRankPart { m, n, rank: *rank, core });
            }
            Wiring::Each { copies, law } if block.is_none() => {
                if *copies == 0 || height % copies != 0 || width % copies != 0 {
                    let what = format!("projection `{name}`, copies");
                    let expected = format!("a divisor of {width} sources and of {height} targets");
                    return Err(NetworkError::value(what, copies, expected));
                }
                let name = format!("{name}.W");
                let weights = declare(name, height / copies, width / copies, law, None);
                self.each.push(EachPart { weights, copies: *copies });
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

impl LowRankPart {
    /// What stands left of `nᵀ`: `m`, or `m core`. `[target, rank]`
    pub(crate) fn left<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        let m = &parameters[self.m.clone()];
        match &self.core {
            None => m.to_vec(),
            Some(core) => times(m, &parameters[core.clone()], self.rank),
        }
    }

    /// The derivative of [`LowRankPart::left`] along a direction of the parameters.
    pub(crate) fn left_along<T: Real>(&self, parameters: &[T], direction: &[T]) -> Vec<T> {
        let dm = &direction[self.m.clone()];
        let Some(core) = &self.core else { return dm.to_vec() };
        let (m, core, dcore) =
            (&parameters[self.m.clone()], &parameters[core.clone()], &direction[core.clone()]);
        let (first, second) = (times(dm, core, self.rank), times(m, dcore, self.rank));
        first.iter().zip(&second).map(|(&a, &b)| a + b).collect()
    }
}

/// `a b`, `a [any, rank]`, `b [rank, rank]`, row-major.
fn times<T: Real>(a: &[T], b: &[T], rank: usize) -> Vec<T> {
    let mut out = vec![T::ZERO; a.len()];
    for (out, a) in out.chunks_mut(rank).zip(a.chunks(rank)) {
        for (&a, b) in a.iter().zip(b.chunks(rank)) {
            out.iter_mut().zip(b).for_each(|(out, &b)| *out += a * b);
        }
    }
    out
}
