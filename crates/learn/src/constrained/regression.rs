//! Ridge regression of drives on rates: one factorisation for all units, constraints exact.

use std::collections::BTreeMap;

use attractor_numerics::Isa;
use attractor_numerics::linalg;
use attractor_numerics::product::accumulate_outer;
use rayon::prelude::*;

use super::error::{FitError, at_least};
use super::model::product;

/// Rows of the Gram matrix that are summed at a time.
const BLOCK: usize = 96;

/// Sums from which every ridge regression of drives on features is solved: the samples themselves are
/// not kept, and sums of parts add.
#[derive(Clone, Debug)]
pub struct Regression {
    features: usize,
    targets: usize,
    /// `Σ φ φᵀ`, `[feature, feature]`, the lower half.
    gram: Vec<f64>,
    /// `Σ φ zᵀ`, `[feature, target]`.
    cross: Vec<f64>,
    /// `Σ z²`, and `Σ z`, `[target]`.
    squares: Vec<f64>,
    sums: Vec<f64>,
    samples: f64,
}

/// What weights may be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraint {
    /// No unit drives itself.
    pub no_self: bool,
    /// `[target, feature]`: which weights there are; all if none.
    pub mask: Option<Vec<bool>>,
    /// `[feature]`: positive, negative or any (0) outgoing weights; any if none.
    pub signs: Option<Vec<i8>>,
}

impl Constraint {
    /// Whether a weight may differ from 0.
    pub fn allows(&self, target: usize, feature: usize, features: usize) -> bool {
        let masked = self.mask.as_ref().is_none_or(|mask| mask[target * features + feature]);
        masked && !(self.no_self && target == feature)
    }

    /// Checks lengths.
    pub(crate) fn fits(&self, targets: usize, features: usize) -> Result<(), FitError> {
        let check = |what, given: Option<usize>, expected| match given {
            Some(given) if given != expected => Err(FitError::Length { what, given, expected }),
            _ => Ok(()),
        };
        check("a mask `[target, feature]`", self.mask.as_ref().map(Vec::len), targets * features)?;
        check("signs `[feature]`", self.signs.as_ref().map(Vec::len), features)
    }
}

impl Regression {
    /// No samples yet.
    pub fn new(features: usize, targets: usize) -> Self {
        Regression {
            features,
            targets,
            gram: vec![0.0; features * features],
            cross: vec![0.0; features * targets],
            squares: vec![0.0; targets],
            sums: vec![0.0; targets],
            samples: 0.0,
        }
    }

    /// Adds rows of features `[row, ld]` and drives `[row, target]`.
    ///
    /// # Panics
    /// If they are too short for `rows` rows.
    pub fn add(&mut self, features: &[f64], ld: usize, drives: &[f64], rows: usize) {
        let (f, n, isa) = (self.features, self.targets, Isa::best());
        self.gram.par_chunks_mut(BLOCK * f).enumerate().for_each(|(block, gram)| {
            let (first, count) = (block * BLOCK, gram.len() / f);
            let d = features.get(first..).unwrap_or_default();
            accumulate_outer(isa, gram, f, d, ld, count, features, ld, first + count, rows);
        });
        self.cross.par_chunks_mut(BLOCK * n.max(1)).enumerate().for_each(|(block, cross)| {
            let (first, count) = (block * BLOCK, cross.len() / n.max(1));
            let d = features.get(first..).unwrap_or_default();
            accumulate_outer(isa, cross, n, d, ld, count, drives, n, n, rows);
        });
        for row in drives.chunks_exact(n.max(1)).take(rows) {
            for ((square, sum), z) in self.squares.iter_mut().zip(&mut self.sums).zip(row) {
                *square += z * z;
                *sum += z;
            }
        }
        self.samples += rows as f64;
    }

    /// Adds (or with `factor` -1 takes away) the samples of another.
    ///
    /// # Panics
    /// If the other is of another shape.
    pub fn add_part(&mut self, other: &Regression, factor: f64) {
        assert!((self.features, self.targets) == (other.features, other.targets));
        let each = |to: &mut Vec<f64>, from: &[f64]| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
        };
        each(&mut self.gram, &other.gram);
        each(&mut self.cross, &other.cross);
        each(&mut self.squares, &other.squares);
        each(&mut self.sums, &other.sums);
        self.samples += factor * other.samples;
    }

    /// Samples.
    pub fn samples(&self) -> f64 {
        self.samples
    }

    /// `Σ φ φᵀ + penalty`, of which the lower half counts; the last features may be free of penalty.
    pub(crate) fn penalised(&self, penalty: f64, free: usize) -> Vec<f64> {
        let mut gram = self.gram.clone();
        for i in 0..self.features - free {
            gram[i * self.features + i] += penalty;
        }
        // what is not penalised still needs a pivot
        for i in self.features - free..self.features {
            gram[i * self.features + i] += 1e-12 * self.samples;
        }
        gram
    }

    /// Weights `[target, feature]` that minimise `Σ ‖z - W φ‖² + l2 · samples · ‖W‖²` under a
    /// constraint; the last `free` features are not penalised.
    ///
    /// One factorisation serves all units. `W_ii = 0` follows in closed form from the inverse
    /// (`W_i - A⁻¹[:, i] W_ii / (A⁻¹)_ii`), masks from exact solutions on the features that remain,
    /// one for each different mask, and signs by ADMM (Boyd et al. 2011, doi:10.1561/2200000016), its
    /// penalty the geometric mean of the eigenvalues, its result projected: no sign is wrong.
    ///
    /// # Errors
    /// A penalty that is too small for a factorisation, a constraint of another shape.
    pub fn solve(
        &self,
        l2: f64,
        constraint: &Constraint,
        free: usize,
    ) -> Result<Vec<f64>, FitError> {
        at_least("l2", l2, 0.0)?;
        constraint.fits(self.targets, self.features)?;
        let penalised = self.penalised(l2 * self.samples, free);
        match constraint {
            Constraint { signs: Some(signs), .. } => self.signed(penalised, constraint, signs),
            Constraint { mask: Some(_), .. } => self.masked(&penalised, constraint),
            Constraint { no_self: true, .. } => self.without_self(&penalised),
            _ => {
                let (f, n) = (self.features, self.targets);
                Ok(transposed(&linalg::solve_positive(&penalised, f, 0.0, &self.cross, n)?, f, n))
            }
        }
    }

    fn without_self(&self, penalised: &[f64]) -> Result<Vec<f64>, FitError> {
        let (f, n) = (self.features, self.targets);
        let inverse = inverse(penalised, f)?;
        let weights = product(&inverse, f, f, &self.cross, n);
        let mut weights = transposed(&weights, f, n);
        for (i, row) in weights.chunks_exact_mut(f).enumerate().take(f) {
            remove(row, i, &inverse);
        }
        Ok(weights)
    }

    fn masked(&self, penalised: &[f64], constraint: &Constraint) -> Result<Vec<f64>, FitError> {
        let (f, n) = (self.features, self.targets);
        let mut groups: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for target in 0..n {
            let there = (0..f).filter(|&j| constraint.allows(target, j, f)).collect();
            groups.entry(there).or_default().push(target);
        }
        let groups: Vec<(Vec<usize>, Vec<usize>)> = groups.into_iter().collect();
        let solved = groups.par_iter().map(|(there, targets)| {
            let k = there.len();
            let mut a = vec![0.0; k * k];
            let mut b = vec![0.0; k * targets.len()];
            for (p, &i) in there.iter().enumerate() {
                (0..=p).for_each(|q| a[p * k + q] = penalised[i * f + there[q]]);
                let row = &self.cross[i * n..(i + 1) * n];
                for (q, &target) in targets.iter().enumerate() {
                    b[p * targets.len() + q] = row[target];
                }
            }
            linalg::solve_positive(&a, k, 0.0, &b, targets.len())
        });
        let solved: Vec<Result<Vec<f64>, linalg::Error>> = solved.collect();
        let mut weights = vec![0.0; n * f];
        for ((there, targets), solved) in groups.iter().zip(solved) {
            let solved = solved?;
            for (p, &i) in there.iter().enumerate() {
                for (q, &target) in targets.iter().enumerate() {
                    weights[target * f + i] = solved[p * targets.len() + q];
                }
            }
        }
        Ok(weights)
    }

    fn signed(
        &self,
        mut penalised: Vec<f64>,
        constraint: &Constraint,
        signs: &[i8],
    ) -> Result<Vec<f64>, FitError> {
        let (f, n) = (self.features, self.targets);
        // between the directions that the data fix and those that the penalty does
        let values = linalg::symmetric_eigenvalues(&penalised, f)?;
        let least = values.first().map_or(0.0, |most| most * 1e-12);
        let logs = values.iter().map(|value| value.max(least).ln());
        let rho = (logs.sum::<f64>() / f.max(1) as f64).exp();
        (0..f).for_each(|i| penalised[i * f + i] += rho);
        let inverse = inverse(&penalised, f)?;
        let right = transposed(&self.cross, f, n);
        // weights and their shadows, `[target, feature]`; a symmetric inverse multiplies from the right
        let (mut chi, mut v, mut b) = (vec![0.0; n * f], vec![0.0; n * f], vec![0.0; n * f]);
        for _ in 0..SIGN_ITERATIONS {
            (0..n * f).for_each(|k| b[k] = right[k] + rho * (chi[k] - v[k]));
            let theta = product(&b, n, f, &inverse, f);
            let (mut apart, mut size) = (0.0f64, 0.0f64);
            for target in 0..n {
                for j in 0..f {
                    let k = target * f + j;
                    let x = theta[k] + v[k];
                    let right = match signs[j] {
                        1.. => x >= 0.0,
                        0 => true,
                        _ => x <= 0.0,
                    };
                    chi[k] = if right && constraint.allows(target, j, f) { x } else { 0.0 };
                    v[k] = x - chi[k];
                    apart = apart.max((theta[k] - chi[k]).abs());
                    size = size.max(chi[k].abs());
                }
            }
            if apart <= SIGN_TOLERANCE * size {
                break;
            }
        }
        Ok(chi)
    }

    /// Mean over units of 1 - squared error / variance of the drives, for weights `[target, feature]`:
    /// from the sums alone.
    ///
    /// # Panics
    /// If there are not as many weights.
    pub fn r2(&self, weights: &[f64]) -> f64 {
        let (f, n) = (self.features, self.targets);
        let mut whole = self.gram.clone();
        for i in 0..f {
            (0..i).for_each(|j| whole[j * f + i] = whole[i * f + j]);
        }
        let mapped = product(weights, n, f, &whole, f);
        let (mut error, mut variance) = (0.0, 0.0);
        for target in 0..n {
            let w = &weights[target * f..(target + 1) * f];
            let quadratic: f64 = w.iter().zip(&mapped[target * f..]).map(|(a, b)| a * b).sum();
            let linear: f64 = (0..f).map(|i| w[i] * self.cross[i * n + target]).sum();
            error += self.squares[target] - 2.0 * linear + quadratic;
            variance += self.squares[target] - self.sums[target].powi(2) / self.samples;
        }
        1.0 - error / variance
    }
}

/// Most iterations of ADMM.
const SIGN_ITERATIONS: usize = 100;
/// Distance of weights and projection at which ADMM ends, relative to the largest weight.
const SIGN_TOLERANCE: f64 = 1e-3;

/// The inverse of a positive definite matrix, of which the lower half is read.
pub(crate) fn inverse(a: &[f64], n: usize) -> Result<Vec<f64>, linalg::Error> {
    let mut identity = vec![0.0; n * n];
    (0..n).for_each(|i| identity[i * n + i] = 1.0);
    linalg::solve_positive(a, n, 0.0, &identity, n)
}

/// Makes entry `i` of a least-squares solution 0 and the others what they then are.
pub(crate) fn remove(row: &mut [f64], i: usize, inverse: &[f64]) {
    let f = row.len();
    let factor = row[i] / inverse[i * f + i];
    (0..f).for_each(|j| row[j] -= inverse[i * f + j] * factor);
    row[i] = 0.0;
}

/// `[rows, columns]` as `[columns, rows]`.
pub(crate) fn transposed(a: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    const TILE: usize = 32;
    let mut out = vec![0.0; a.len()];
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for i in top..rows.min(top + TILE) {
                for j in left..columns.min(left + TILE) {
                    out[j * rows + i] = a[i * columns + j];
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: usize = 13;
    const N: usize = 11;
    const T: usize = 200;

    fn data() -> (Vec<f64>, Vec<f64>) {
        let mut state = 1u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1u32 << 30) - 1.0
        };
        let x: Vec<f64> = (0..T * F).map(|_| next()).collect();
        let w: Vec<f64> = (0..N * F).map(|_| next()).collect();
        let z = (0..T * N).map(|k| {
            let (t, i) = (k / N, k % N);
            (0..F).map(|j| w[i * F + j] * x[t * F + j]).sum::<f64>() + 0.1 * next()
        });
        let z = z.collect();
        (x, z)
    }

    fn regression() -> (Regression, Vec<f64>, Vec<f64>) {
        let (x, z) = data();
        let mut regression = Regression::new(F, N);
        regression.add(&x, F, &z, T / 2);
        regression.add(&x[T / 2 * F..], F, &z[T / 2 * N..], T / 2);
        (regression, x, z)
    }

    /// Gradient of the penalised error with respect to each weight.
    fn gradient(weights: &[f64], x: &[f64], z: &[f64], penalty: f64) -> Vec<f64> {
        let mut gradient: Vec<f64> = weights.iter().map(|w| penalty * w).collect();
        for t in 0..T {
            let x = &x[t * F..(t + 1) * F];
            for i in 0..N {
                let w = &weights[i * F..(i + 1) * F];
                let error = w.iter().zip(x).map(|(a, b)| a * b).sum::<f64>() - z[t * N + i];
                (0..F).for_each(|j| gradient[i * F + j] += error * x[j]);
            }
        }
        gradient
    }

    #[test]
    fn the_optimum_of_every_constraint_is_one() {
        let (regression, x, z) = regression();
        let l2 = 1e-2;
        let mask: Vec<bool> = (0..N * F).map(|k| !(k * 7 + k / F).is_multiple_of(3)).collect();
        let constraints = [
            Constraint::default(),
            Constraint { no_self: true, ..Constraint::default() },
            Constraint { mask: Some(mask.clone()), ..Constraint::default() },
            Constraint { mask: Some(mask), no_self: true, signs: None },
        ];
        for constraint in constraints {
            let weights = regression.solve(l2, &constraint, 0).unwrap();
            let gradient = gradient(&weights, &x, &z, l2 * T as f64);
            for i in 0..N {
                for j in 0..F {
                    let k = i * F + j;
                    if constraint.allows(i, j, F) {
                        assert!(gradient[k].abs() < 1e-10 * T as f64, "{constraint:?} {i} {j}");
                    } else {
                        assert!(weights[k].abs() <= 1e-12, "{i} {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn signs_hold_and_the_rest_is_optimal() {
        let (regression, x, z) = regression();
        let signs: Vec<i8> = (0..F).map(|j| [1, -1, 0][j % 3]).collect();
        let constraint = Constraint { signs: Some(signs.clone()), ..Constraint::default() };
        let weights = regression.solve(1e-3, &constraint, 0).unwrap();
        let gradient = gradient(&weights, &x, &z, 1e-3 * T as f64);
        for k in 0..N * F {
            let sign = f64::from(signs[k % F]);
            assert!(weights[k] * sign >= 0.0);
            // Karush, Kuhn and Tucker, as exactly as ADMM ends
            match weights[k] == 0.0 {
                true => assert!(gradient[k] * sign > -1.0, "{k} {}", gradient[k]),
                false => assert!(gradient[k].abs() < 1.0, "{k} {}", gradient[k]),
            }
        }
    }

    #[test]
    fn errors_come_from_the_sums_alone() {
        let (regression, x, z) = regression();
        let weights = regression.solve(1e-3, &Constraint::default(), 1).unwrap();
        let (mut error, mut variance) = (0.0, 0.0);
        for i in 0..N {
            let mean = (0..T).map(|t| z[t * N + i]).sum::<f64>() / T as f64;
            for t in 0..T {
                let found: f64 = (0..F).map(|j| weights[i * F + j] * x[t * F + j]).sum();
                error += (z[t * N + i] - found).powi(2);
                variance += (z[t * N + i] - mean).powi(2);
            }
        }
        assert!((regression.r2(&weights) - (1.0 - error / variance)).abs() < 1e-11);
        let mut half = Regression::new(F, N);
        half.add(&x[T / 2 * F..], F, &z[T / 2 * N..], T / 2);
        let mut first = regression.clone();
        first.add_part(&half, -1.0);
        let mut other = Regression::new(F, N);
        other.add(&x, F, &z, T / 2);
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10);
        assert!(near(&first.gram, &other.gram) && near(&first.cross, &other.cross));
        assert_eq!(first.samples(), (T / 2) as f64);
    }
}
