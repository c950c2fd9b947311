//! Singular values, orthonormal bases and linear systems.

use faer::linalg::cholesky::llt::factor::LltError;
use faer::prelude::Solve;
use faer::{Mat, Side};

use super::lu::Lu;
use super::{Error, matrix, rows_of};

/// Singular value decomposition `A = U diag(s) Vᵀ` with k = min(rows, columns) terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Svd {
    /// Left singular vectors, `[rows, k]`, row-major.
    pub u: Vec<f64>,
    /// Singular values, the largest first.
    pub s: Vec<f64>,
    /// Right singular vectors, `[k, columns]`, row-major: row j belongs to value j.
    pub vt: Vec<f64>,
}

/// Singular value decomposition of a `rows × columns` matrix.
pub fn svd(a: &[f64], rows: usize, columns: usize) -> Result<Svd, Error> {
    let a = matrix(a, rows, columns)?;
    if rows == 0 || columns == 0 {
        return Ok(Svd { u: Vec::new(), s: Vec::new(), vt: Vec::new() });
    }
    let failed = |_| Error::NoConvergence { what: "singular values", rows, columns };
    let found = a.thin_svd().map_err(failed)?;
    let s = (0..rows.min(columns)).map(|k| found.S()[k]).collect();
    Ok(Svd { u: rows_of(found.U()), s, vt: rows_of(found.V().transpose()) })
}

/// Singular values of a `rows × columns` matrix, the largest first; the first is the spectral norm.
pub fn singular_values(a: &[f64], rows: usize, columns: usize) -> Result<Vec<f64>, Error> {
    let a = matrix(a, rows, columns)?;
    if rows == 0 || columns == 0 {
        return Ok(Vec::new());
    }
    let failed = |_| Error::NoConvergence { what: "singular values", rows, columns };
    a.singular_values().map_err(failed)
}

/// `A = Q R` for `rows ≥ columns` or less: Q `[rows, k]` with orthonormal columns and R `[k, columns]`
/// upper triangular, k = min(rows, columns). The diagonal of R is not negative, which makes Q unique,
/// and uniformly distributed for a Gaussian A (Mezzadri 2007).
pub fn thin_qr(a: &[f64], rows: usize, columns: usize) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let a = matrix(a, rows, columns)?;
    if rows == 0 || columns == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    let (found, k) = (a.qr(), rows.min(columns));
    let (mut q, mut r) = (rows_of(found.compute_thin_Q().as_ref()), rows_of(found.thin_R()));
    for j in 0..k {
        if r[j * columns + j] < 0.0 {
            (0..rows).for_each(|i| q[i * k + j] = -q[i * k + j]);
            r[j * columns..(j + 1) * columns].iter_mut().for_each(|x| *x = -*x);
        }
        r[j * columns..j * columns + j].fill(0.0);
    }
    Ok((q, r))
}

/// Solves `(A + ridge I) X = B` for a symmetric positive definite `n × n` matrix, of which the lower
/// half is read, and `columns` right-hand sides; B and X are `[n, columns]` (Cholesky).
pub fn solve_positive(
    a: &[f64],
    n: usize,
    ridge: f64,
    b: &[f64],
    columns: usize,
) -> Result<Vec<f64>, Error> {
    let (a, b) = (matrix(a, n, n)?, matrix(b, n, columns)?);
    positive(a.to_owned(), ridge, b.to_owned())
}

fn positive(mut a: Mat<f64>, ridge: f64, b: Mat<f64>) -> Result<Vec<f64>, Error> {
    let size = a.nrows();
    if size == 0 || b.ncols() == 0 {
        return Ok(Vec::new());
    }
    for i in 0..size {
        a[(i, i)] += ridge;
    }
    let LltError::NonPositivePivot { index } = match a.llt(Side::Lower) {
        Ok(factor) => return Ok(rows_of(factor.solve(&b).as_ref())),
        Err(error) => error,
    };
    Err(Error::NotPositive { pivot: index, size })
}

/// Ridge regression: W `[features, targets]` that minimises `‖X W − Y‖² + ridge ‖W‖²` for X
/// `[samples, features]` and Y `[samples, targets]`.
///
/// Solved by `(XᵀX + ridge I) W = XᵀY`, or with fewer samples than features by
/// `W = Xᵀ (X Xᵀ + ridge I)⁻¹ Y`, which is the same.
pub fn ridge(
    x: &[f64],
    samples: usize,
    features: usize,
    y: &[f64],
    targets: usize,
    ridge: f64,
) -> Result<Vec<f64>, Error> {
    let (x, y) = (matrix(x, samples, features)?, matrix(y, samples, targets)?);
    if samples == 0 {
        return Ok(vec![0.0; features * targets]);
    }
    if features <= samples {
        return positive(x.transpose() * x, ridge, x.transpose() * y);
    }
    let dual = positive(x * x.transpose(), ridge, y.to_owned())?;
    let dual = matrix(&dual, samples, targets)?;
    Ok(rows_of((x.transpose() * dual).as_ref()))
}

/// Solves `A X = B` for a general `n × n` matrix and `columns` right-hand sides; B and X are
/// `[n, columns]` (LU with partial pivoting).
pub fn solve(a: &[f64], n: usize, b: &[f64], columns: usize) -> Result<Vec<f64>, Error> {
    Lu::<f64>::new(a, n)?.solve(b, columns)
}
