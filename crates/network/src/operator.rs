//! Wirings with their weights loaded: multiply, transpose, gradient.

use std::sync::Arc;

use attractor_numerics::product::{
    self, Packed, Sparse, accumulate_outer, accumulate_pattern, padded,
};
use attractor_numerics::{Isa, Real};

use crate::wiring::{EachPart, SparsePlan, WiringPlan, gather, spread};

/// A wiring ready to multiply. Weights are packed once per update, in both directions.
#[derive(Clone, Debug)]
pub(crate) struct Operator<T> {
    isa: Isa,
    plan: WiringPlan,
    matrix: Option<Matrix<T>>,
    low_rank: Vec<LowRank<T>>,
    /// The block of each part, which goes over a row as over many short ones.
    each: Vec<Directions<T>>,
    /// The assembled matrix, where it is not a parameter array itself.
    assembled: Vec<T>,
    /// Per dense part, derivatives of the weights with respect to the parameters, where these differ.
    slopes: Vec<Vec<T>>,
}

/// The dense parts together, with or without the zeros.
#[derive(Clone, Debug)]
enum Matrix<T> {
    Full(Directions<T>),
    Sparse(Arc<SparsePlan>, Sparse<T>, Sparse<T>),
}

#[derive(Clone, Debug)]
struct Directions<T> {
    forward: Packed<T>,
    backward: Packed<T>,
}

/// `m nᵀ / sources` as two thin products; with a core, `m` is multiplied by it when it is loaded.
#[derive(Clone, Debug)]
struct LowRank<T> {
    m: Directions<T>,
    n: Directions<T>,
    rank: usize,
    scale: T,
    /// With a core, the fixed matrix left of it: the core's gradient is its transpose times that of `m`.
    fixed: Option<Vec<T>>,
}

impl<T: Real> Directions<T> {
    fn new(isa: Isa, targets: usize, sources: usize) -> Self {
        let forward = Packed::new(isa, targets, sources);
        Directions { forward, backward: Packed::new(isa, sources, targets) }
    }

    /// Loads `w [targets, sources]`.
    fn load(&mut self, w: &[T], sources: usize) {
        self.forward.pack(w, sources);
        self.backward.pack_transposed(w, sources);
    }
}

/// Rows of a stream: `rows × units`, rows `ld` apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) ld: usize,
}

impl<T: Real> Operator<T> {
    pub(crate) fn new(isa: Isa, plan: &WiringPlan) -> Self {
        let (targets, sources) = (plan.targets, plan.sources);
        let matrix = match &plan.sparse {
            _ if plan.dense.is_empty() => None,
            None => Some(Matrix::Full(Directions::new(isa, targets, sources))),
            Some(sparse) => Some(Matrix::Sparse(
                sparse.clone(),
                Sparse::new(isa, sparse.forward.clone()),
                Sparse::new(isa, sparse.backward.clone()),
            )),
        };
        let low_rank = plan.low_rank.iter().map(|part| LowRank {
            m: Directions::new(isa, targets, part.rank),
            n: Directions::new(isa, sources, part.rank),
            rank: part.rank,
            scale: T::from_f64(1.0 / part.sources() as f64),
            fixed: None,
        });
        let each = plan
            .each
            .iter()
            .map(|part| Directions::new(isa, targets / part.copies, sources / part.copies));
        let assembled = match &plan.sparse {
            Some(sparse) => sparse.forward.len(),
            None if plan.dense.is_empty() || plan.whole().is_some() => 0,
            None => targets * sources,
        };
        let assembled = vec![T::ZERO; assembled];
        let (low_rank, each) = (low_rank.collect(), each.collect());
        let slopes = vec![Vec::new(); plan.dense.len()];
        Operator { isa, plan: plan.clone(), matrix, low_rank, each, assembled, slopes }
    }

    /// The matrix `[target, source]`, row-major: the transpose applied to unit vectors. `ldy` and `ldx`
    /// are distances of rows in the streams of targets and sources.
    pub(crate) fn dense(&self, targets: usize, sources: usize, ldy: usize, ldx: usize) -> Vec<T> {
        let (mut y, mut x) = (vec![T::ZERO; targets * ldy], vec![T::ZERO; targets * ldx]);
        (0..targets).for_each(|i| y[i * ldy + i] = T::ONE);
        self.transpose(Rows { values: &y, ld: ldy }, targets, &mut x, ldx, T::ONE);
        x.chunks_exact(ldx).flat_map(|row| row[..sources].iter().copied()).collect()
    }

    /// Takes the weights from the flat parameter vector.
    pub(crate) fn load(&mut self, parameters: &[T]) {
        let sources = self.plan.sources;
        match &mut self.matrix {
            None => {}
            Some(Matrix::Full(matrix)) => match self.plan.whole() {
                Some(part) => matrix.load(&parameters[part.weights.clone()], sources),
                None => {
                    self.assembled.fill(T::ZERO);
                    for (part, slopes) in self.plan.dense.iter().zip(&mut self.slopes) {
                        let weights = &parameters[part.weights.clone()];
                        let made = part.made(weights, slopes);
                        let weights = made.as_deref().unwrap_or(weights);
                        part.each(&self.plan, |weight, at| self.assembled[at] += weights[weight]);
                    }
                    matrix.load(&self.assembled, sources);
                }
            },
            Some(Matrix::Sparse(plan, forward, backward)) => {
                self.assembled.fill(T::ZERO);
                let parts = self.plan.dense.iter().zip(&mut self.slopes).zip(&plan.slots);
                for ((part, slopes), slots) in parts {
                    let weights = &parameters[part.weights.clone()];
                    let made = part.made(weights, slopes);
                    let weights = made.as_deref().unwrap_or(weights);
                    slots.iter().for_each(|&(weight, at)| self.assembled[at] += weights[weight]);
                }
                forward.values_mut().copy_from_slice(&self.assembled);
                let turned = backward.values_mut().iter_mut().zip(&plan.turned);
                turned.for_each(|(weight, &at)| *weight = self.assembled[at]);
            }
        }
        for (part, low_rank) in self.plan.low_rank.iter().zip(&mut self.low_rank) {
            let (targets, rank) = (self.plan.targets, part.rank);
            let (rows, columns) = (part.rows.as_deref(), part.columns.as_deref());
            low_rank.m.load(&spread(&part.left(parameters), rows, targets, rank), rank);
            let fixed = || spread(&parameters[part.m.clone()], rows, targets, rank);
            low_rank.fixed = part.core.as_ref().map(|_| fixed());
            low_rank.n.load(&spread(&parameters[part.n.clone()], columns, sources, rank), rank);
        }
        for (part, block) in self.plan.each.iter().zip(&mut self.each) {
            block.load(&parameters[part.weights.clone()], sources / part.copies);
        }
    }

    /// The derivative of the operator along a direction of the parameters: an operator too.
    pub(crate) fn tangent(isa: Isa, plan: &WiringPlan, parameters: &[T], direction: &[T]) -> Self {
        // d(m nᵀ) = [dm m] [n dn]ᵀ
        let mut wide = plan.clone();
        let mut values = direction.to_vec();
        for part in wide.dense.iter_mut().filter(|part| part.transforms) {
            let mut slopes = Vec::new();
            part.made(&parameters[part.weights.clone()], &mut slopes);
            let moved = &mut values[part.weights.clone()];
            moved.iter_mut().zip(slopes).for_each(|(moved, slope)| *moved *= slope);
            part.transforms = false;
        }
        for part in &mut wide.low_rank {
            let beside = |left: &[T], right: &[T], rank: usize| -> Vec<T> {
                let rows = left.chunks(rank).zip(right.chunks(rank));
                rows.flat_map(|(l, r)| l.iter().chain(r).copied().collect::<Vec<T>>()).collect()
            };
            let (m, n, rank) = (part.m.clone(), part.n.clone(), part.rank);
            let (dm, left) = (part.left_along(parameters, direction), part.left(parameters));
            part.core = None;
            part.m = values.len()..values.len() + 2 * m.len();
            values.extend(beside(&dm, &left, rank));
            part.n = values.len()..values.len() + 2 * n.len();
            values.extend(beside(&parameters[n.clone()], &direction[n], rank));
            part.rank = 2 * rank;
        }
        let mut operator = Operator::new(isa, &wide);
        operator.load(&values);
        operator
    }

    /// `y += scale · W x`, row by row.
    pub(crate) fn multiply(&self, x: Rows<'_, T>, rows: usize, y: &mut [T], ldy: usize, scale: T) {
        match &self.matrix {
            Some(Matrix::Full(matrix)) => {
                matrix.forward.multiply(x.values, x.ld, rows, y, ldy, scale, true);
            }
            Some(Matrix::Sparse(_, forward, _)) => {
                forward.multiply(x.values, x.ld, rows, y, ldy, scale, true);
            }
            None => {}
        }
        self.multiply_rest(x, rows, y, ldy, scale);
    }

    /// `y = bias + scale · W x`, row by row; the bias is a row of `ldy`.
    pub(crate) fn begin(
        &self,
        bias: &[T],
        x: Rows<'_, T>,
        rows: usize,
        y: &mut [T],
        ldy: usize,
        scale: T,
    ) {
        if let Some(Matrix::Full(matrix)) = &self.matrix {
            matrix.forward.multiply_onto(bias, x.values, x.ld, rows, y, ldy, scale);
            self.multiply_rest(x, rows, y, ldy, scale);
        } else {
            repeat(bias, &mut y[..rows * ldy]);
            self.multiply(x, rows, y, ldy, scale);
        }
    }

    /// [`Operator::multiply`] of what is no matrix.
    fn multiply_rest(&self, x: Rows<'_, T>, rows: usize, y: &mut [T], ldy: usize, scale: T) {
        for part in &self.low_rank {
            let ldz = padded(part.rank);
            let mut z = vec![T::ZERO; rows * ldz];
            part.n.backward.multiply(x.values, x.ld, rows, &mut z, ldz, T::ONE, false);
            part.m.forward.multiply(&z, ldz, rows, y, ldy, scale * part.scale, true);
        }
        for (part, block) in self.plan.each.iter().zip(&self.each) {
            let (height, width) = part.block(&self.plan);
            for row in 0..rows {
                let (x, y) = (&x.values[row * x.ld..], &mut y[row * ldy..]);
                block.forward.multiply(x, width, part.copies, y, height, scale, true);
            }
        }
    }

    /// `x += scale · Wᵀ y`, row by row.
    pub(crate) fn transpose(&self, y: Rows<'_, T>, rows: usize, x: &mut [T], ldx: usize, scale: T) {
        match &self.matrix {
            Some(Matrix::Full(matrix)) => {
                matrix.backward.multiply(y.values, y.ld, rows, x, ldx, scale, true);
            }
            Some(Matrix::Sparse(_, _, backward)) => {
                backward.multiply(y.values, y.ld, rows, x, ldx, scale, true);
            }
            None => {}
        }
        for part in &self.low_rank {
            let ldz = padded(part.rank);
            let mut z = vec![T::ZERO; rows * ldz];
            part.m.backward.multiply(y.values, y.ld, rows, &mut z, ldz, T::ONE, false);
            part.n.forward.multiply(&z, ldz, rows, x, ldx, scale * part.scale, true);
        }
        for (part, block) in self.plan.each.iter().zip(&self.each) {
            let (height, width) = part.block(&self.plan);
            for row in 0..rows {
                let (y, x) = (&y.values[row * y.ld..], &mut x[row * ldx..]);
                block.backward.multiply(y, height, part.copies, x, width, scale, true);
            }
        }
    }

    /// Number of values [`Operator::gradient`] adds to.
    pub(crate) fn gradient_len(&self) -> usize {
        let (targets, sources) = (self.plan.targets, self.plan.sources);
        let ranks = self.plan.low_rank.iter().map(|part| part.rank * (targets + sources));
        let matrix = match &self.matrix {
            None => 0,
            Some(Matrix::Full(_)) => targets * sources,
            Some(Matrix::Sparse(plan, ..)) => plan.forward.len(),
        };
        let each: usize = self.plan.each.iter().map(|part| part.weights.len()).sum();
        matrix + ranks.sum::<usize>() + each
    }

    /// Adds the parameter gradient of `rows` rows: cotangents `y` of the drive, emissions `x`.
    /// The buffer holds the dense matrix transposed, so that silent sources are rows to skip, or the
    /// weights of its pattern, then m and n of each low-rank part, then the shared blocks.
    pub(crate) fn gradient(&self, y: Rows<'_, T>, x: Rows<'_, T>, rows: usize, buffer: &mut [T]) {
        let (targets, sources) = (self.plan.targets, self.plan.sources);
        let mut rest = buffer;
        match &self.matrix {
            Some(Matrix::Full(_)) => {
                let (g, tail) = rest.split_at_mut(targets * sources);
                accumulate_outer(
                    self.isa, g, targets, x.values, x.ld, sources, y.values, y.ld, targets, rows,
                );
                rest = tail;
            }
            Some(Matrix::Sparse(plan, ..)) => {
                let (g, tail) = rest.split_at_mut(plan.forward.len());
                let pattern = &plan.forward;
                accumulate_pattern(self.isa, pattern, g, y.values, y.ld, x.values, x.ld, rows);
                rest = tail;
            }
            None => {}
        }
        for part in &self.low_rank {
            let (rank, ldz) = (part.rank, padded(part.rank));
            let (gm, tail) = rest.split_at_mut(targets * rank);
            let (gn, tail) = tail.split_at_mut(sources * rank);
            rest = tail;
            let mut z = vec![T::ZERO; rows * ldz];
            part.n.backward.multiply(x.values, x.ld, rows, &mut z, ldz, part.scale, false);
            accumulate_outer(self.isa, gm, rank, y.values, y.ld, targets, &z, ldz, rank, rows);
            if part.fixed.is_some() {
                continue;
            }
            part.m.backward.multiply(y.values, y.ld, rows, &mut z, ldz, part.scale, false);
            accumulate_outer(self.isa, gn, rank, x.values, x.ld, sources, &z, ldz, rank, rows);
        }
        for part in &self.plan.each {
            let (g, tail) = rest.split_at_mut(part.weights.len());
            rest = tail;
            let (height, width) = part.block(&self.plan);
            for row in 0..rows {
                let (y, x) = (&y.values[row * y.ld..], &x.values[row * x.ld..]);
                accumulate_outer(
                    self.isa,
                    g,
                    width,
                    y,
                    height,
                    height,
                    x,
                    width,
                    width,
                    part.copies,
                );
            }
        }
    }

    /// Adds what [`Operator::gradient`] collected to the flat gradient.
    pub(crate) fn pull(&self, buffer: &[T], gradient: &mut [T]) {
        let mut rest = buffer;
        if let Some(Matrix::Sparse(plan, ..)) = &self.matrix {
            let (found, tail) = rest.split_at(plan.forward.len());
            rest = tail;
            for ((part, slopes), slots) in self.plan.dense.iter().zip(&self.slopes).zip(&plan.slots)
            {
                let weights = &mut gradient[part.weights.clone()];
                for &(weight, at) in slots {
                    let slope = slopes.get(weight).copied().unwrap_or(T::ONE);
                    weights[weight] += slope * found[at];
                }
            }
        }
        if let Some(Matrix::Full(_)) = &self.matrix {
            let (matrix, tail) = rest.split_at(self.plan.targets * self.plan.sources);
            rest = tail;
            match self.plan.whole() {
                Some(part) => {
                    add_transposed(&mut gradient[part.weights.clone()], matrix, self.plan.targets);
                }
                None => {
                    let (targets, sources) = (self.plan.targets, self.plan.sources);
                    for (part, slopes) in self.plan.dense.iter().zip(&self.slopes) {
                        let weights = &mut gradient[part.weights.clone()];
                        part.each(&self.plan, |weight, at| {
                            let slope = slopes.get(weight).copied().unwrap_or(T::ONE);
                            weights[weight] +=
                                slope * matrix[at % sources * targets + at / sources];
                        });
                    }
                }
            }
        }
        for (part, loaded) in self.plan.low_rank.iter().zip(&self.low_rank) {
            let (gm, tail) = rest.split_at(self.plan.targets * part.rank);
            let (gn, tail) = tail.split_at(self.plan.sources * part.rank);
            rest = tail;
            match (&part.core, &loaded.fixed) {
                (Some(core), Some(fixed)) => {
                    add(&mut gradient[core.clone()], &transposed_times(fixed, gm, part.rank));
                }
                _ => {
                    let (rows, columns) = (part.rows.as_deref(), part.columns.as_deref());
                    add(&mut gradient[part.m.clone()], &gather(gm, rows, part.rank));
                    add(&mut gradient[part.n.clone()], &gather(gn, columns, part.rank));
                }
            }
        }
        for part in &self.plan.each {
            let (g, tail) = rest.split_at(part.weights.len());
            rest = tail;
            add(&mut gradient[part.weights.clone()], g);
        }
    }
}

impl EachPart {
    /// Height and width of the block.
    fn block(&self, plan: &WiringPlan) -> (usize, usize) {
        (plan.targets / self.copies, plan.sources / self.copies)
    }
}

fn add<T: Real>(sum: &mut [T], terms: &[T]) {
    sum.iter_mut().zip(terms).for_each(|(s, &x)| *s += x);
}

/// Adds the transpose of `terms [any, rows]`.
fn add_transposed<T: Real>(sum: &mut [T], terms: &[T], rows: usize) {
    const BLOCK: usize = 16; // a line of each side, all of which stay in cache
    let columns = terms.len() / rows.max(1);
    for first in (0..columns).step_by(BLOCK) {
        let last = columns.min(first + BLOCK);
        for row in 0..rows {
            for column in first..last {
                sum[row * columns + column] += terms[column * rows + row];
            }
        }
    }
}

/// `aᵀ b`, both `[any, rank]`, row-major.
fn transposed_times<T: Real>(a: &[T], b: &[T], rank: usize) -> Vec<T> {
    let mut out = vec![T::ZERO; rank * rank];
    for (a, b) in a.chunks(rank).zip(b.chunks(rank)) {
        for (&a, out) in a.iter().zip(out.chunks_mut(rank)) {
            out.iter_mut().zip(b).for_each(|(out, &b)| *out += a * b);
        }
    }
    out
}

/// Fills a stream with copies of a row, some kilobytes at a time.
pub(crate) fn repeat<T: Copy>(row: &[T], stream: &mut [T]) {
    let mut filled = row.len().min(stream.len());
    stream[..filled].copy_from_slice(&row[..filled]);
    let piece = (1024 / row.len()).max(1) * row.len();
    while filled < stream.len() {
        let more = filled.min(piece).min(stream.len() - filled);
        stream.copy_within(..more, filled);
        filled += more;
    }
}

/// Rows of `units` padded for streams: see [`product::padded`].
pub(crate) fn stream<T: Real>(rows: usize, units: usize) -> Vec<T> {
    vec![T::ZERO; rows * product::padded(units)]
}
