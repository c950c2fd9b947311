//! Wirings compiled: which parameters a linear operator has and how they make up its matrix.

use std::ops::Range;
use std::sync::Arc;

use attractor_numerics::Real;

use crate::constraint::Constraint;
use crate::description::Wiring;
use crate::error::NetworkError;
use crate::parameters::Layout;

mod compile;
mod draw;
mod rules;
mod sparse;

pub(crate) use compile::{End, Ends};
pub(crate) use draw::Drawn;
pub(crate) use sparse::SparsePlan;

/// A wiring as parts of a dense matrix plus low-rank terms.
#[derive(Clone, Debug, Default)]
pub(crate) struct WiringPlan {
    pub(crate) targets: usize,
    pub(crate) sources: usize,
    pub(crate) dense: Vec<DensePart>,
    pub(crate) low_rank: Vec<LowRankPart>,
    pub(crate) each: Vec<EachPart>,
    /// Where few of the weights of the dense parts there are.
    pub(crate) sparse: Option<Arc<SparsePlan>>,
}

/// One block for all runs of neighbours.
#[derive(Clone, Debug)]
pub(crate) struct EachPart {
    pub(crate) weights: Range<usize>,
    pub(crate) copies: usize,
}

/// Weights at some rows and columns of the matrix.
#[derive(Clone, Debug)]
pub(crate) struct DensePart {
    pub(crate) weights: Range<usize>,
    /// Target units of the rows; all if none.
    pub(crate) rows: Option<Vec<usize>>,
    /// Source units of the columns; all if none.
    pub(crate) columns: Option<Vec<usize>>,
    /// What the weights may be; anything if none.
    pub(crate) constraint: Option<Arc<Constraint>>,
    /// The weights are the constraint's function of the parameters.
    pub(crate) transforms: bool,
}

/// `m nᵀ / sources`, or with a core `m core nᵀ / sources`, of which only the core is trained. In a block
/// m and n have a row for each of its units, and the sources are those of the block.
#[derive(Clone, Debug)]
pub(crate) struct LowRankPart {
    pub(crate) m: Range<usize>,
    pub(crate) n: Range<usize>,
    pub(crate) rank: usize,
    pub(crate) core: Option<Range<usize>>,
    /// Target units of the rows of m; all if none.
    pub(crate) rows: Option<Vec<usize>>,
    /// Source units of the rows of n; all if none.
    pub(crate) columns: Option<Vec<usize>>,
}

impl WiringPlan {
    /// The plan of a wiring, whose parameters are added to the layout; what is wrong with it is added
    /// to the problems.
    pub(crate) fn compile(
        wiring: &Wiring,
        ends: &Ends<'_>,
        layout: &mut Layout,
        drawn: &mut Vec<Drawn>,
        problems: &mut Vec<NetworkError>,
    ) -> WiringPlan {
        let (targets, sources) = (ends.targets.units, ends.sources.units);
        let plan = WiringPlan { targets, sources, ..WiringPlan::default() };
        let mut compiler = compile::Compiler { ends, layout, drawn, problems, plan };
        compiler.add(wiring, &ends.name, &compile::Scope::default());
        let mut plan = compiler.plan;
        plan.sparse = SparsePlan::of(&plan).map(Arc::new);
        plan
    }

    /// The one dense part that is the whole matrix, its weights the parameters, if that is all there is.
    pub(crate) fn whole(&self) -> Option<&DensePart> {
        match &self.dense[..] {
            [part] if part.rows.is_none() && part.columns.is_none() => {
                let complete = part.constraint.as_ref().is_none_or(|c| c.complete());
                (complete && !part.transforms).then_some(part)
            }
            _ => None,
        }
    }
}

impl DensePart {
    /// Calls `visit(place in the weights, place in the matrix)` for every weight of a connection.
    pub(crate) fn each(&self, plan: &WiringPlan, mut visit: impl FnMut(usize, usize)) {
        let height = self.rows.as_ref().map_or(plan.targets, Vec::len);
        let width = self.columns.as_ref().map_or(plan.sources, Vec::len);
        for i in 0..height {
            let row = self.rows.as_ref().map_or(i, |rows| rows[i]);
            for j in 0..width {
                let column = self.columns.as_ref().map_or(j, |columns| columns[j]);
                if self.constraint.as_ref().is_none_or(|c| c.connects(i * width + j)) {
                    visit(i * width + j, row * plan.sources + column);
                }
            }
        }
    }

    /// Number of weights of connections.
    pub(crate) fn connections(&self) -> usize {
        let connects =
            |c: &Arc<Constraint>| (0..self.weights.len()).filter(|&k| c.connects(k)).count();
        self.constraint.as_ref().map_or(self.weights.len(), connects)
    }

    /// The weights made of the parameters, where they differ, and their derivatives.
    pub(crate) fn made<T: Real>(&self, parameters: &[T], slopes: &mut Vec<T>) -> Option<Vec<T>> {
        let constraint = self.constraint.as_ref().filter(|_| self.transforms)?;
        let made = parameters.iter().enumerate().map(|(k, &p)| constraint.weight(k, p));
        let (weights, derivatives) = made.unzip();
        *slopes = derivatives;
        Some(weights)
    }
}

impl LowRankPart {
    /// What stands left of `nᵀ`: `m`, or `m core`. One row for each row of m.
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

    /// Number of sources, which the product is divided by.
    pub(crate) fn sources(&self) -> usize {
        self.n.len() / self.rank
    }
}

/// Rows of a block put at their places among `units` rows, the others 0.
pub(crate) fn spread<T: Real>(
    values: &[T],
    rows: Option<&[usize]>,
    units: usize,
    rank: usize,
) -> Vec<T> {
    let Some(rows) = rows else { return values.to_vec() };
    let mut all = vec![T::ZERO; units * rank];
    for (row, &unit) in values.chunks_exact(rank).zip(rows) {
        let place = &mut all[unit * rank..][..rank];
        place.iter_mut().zip(row).for_each(|(all, &value)| *all += value);
    }
    all
}

/// The rows of a block out of all rows: the transpose of [`spread`].
pub(crate) fn gather<T: Real>(values: &[T], rows: Option<&[usize]>, rank: usize) -> Vec<T> {
    match rows {
        None => values.to_vec(),
        Some(rows) => rows.iter().flat_map(|&u| values[u * rank..][..rank].to_vec()).collect(),
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
