//! Decompositions in double precision: eigenvalues, singular values, orthonormal bases, linear systems;
//! the exponential of a matrix in both precisions.
//!
//! Matrices are row-major slices, `a[row * columns + column]`, complete (no padding). Nothing panics on
//! numbers: shapes that do not fit, values that are not finite and matrices without an answer are
//! [`Error`]s. One thread each. Most decompositions are done by the library faer, which stays behind this module.

use faer::MatRef;

mod eigen;
mod expm;
mod factor;
mod lu;

pub use eigen::{
    Complex, Eigen, SymmetricEigen, eigen, eigenvalues, symmetric_eigen, symmetric_eigenvalues,
};
pub use expm::{Expm, expm};
pub use factor::{Svd, ridge, singular_values, solve, solve_positive, svd, thin_qr};
pub use lu::Lu;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The slice is not as long as its shape says.
    #[error("a matrix of {rows} × {columns} has {} values, not {found}", .rows * .columns)]
    Shape {
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        columns: usize,
        /// Length of the slice.
        found: usize,
    },
    /// A value is infinite or not a number.
    #[error("the value in row {row}, column {column} is {value}")]
    NotFinite {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// The iteration did not converge.
    #[error("the {what} of a {rows} × {columns} matrix did not converge")]
    NoConvergence {
        /// What was computed.
        what: &'static str,
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
    },
    /// Cholesky's decomposition met a pivot that is not positive.
    #[error("the matrix is not positive definite (pivot {pivot} of {size}); a larger ridge helps")]
    NotPositive {
        /// Which pivot, from 0.
        pivot: usize,
        /// Rows of the matrix.
        size: usize,
    },
    /// The matrix has no inverse in double precision.
    #[error("the {size} × {size} matrix is singular")]
    Singular {
        /// Rows of the matrix.
        size: usize,
    },
}

/// The slice as a matrix, after its length and values were checked.
fn matrix(a: &[f64], rows: usize, columns: usize) -> Result<MatRef<'_, f64>, Error> {
    if rows.checked_mul(columns) != Some(a.len()) {
        return Err(Error::Shape { rows, columns, found: a.len() });
    }
    if let Some(at) = a.iter().position(|x| !x.is_finite()) {
        let (row, column) = (at / columns, at % columns);
        return Err(Error::NotFinite { row, column, value: a[at] });
    }
    Ok(MatRef::from_row_major_slice(a, rows, columns))
}

/// A matrix as a row-major vector.
fn rows_of(a: MatRef<'_, f64>) -> Vec<f64> {
    let mut out = Vec::with_capacity(a.nrows() * a.ncols());
    for row in 0..a.nrows() {
        for column in 0..a.ncols() {
            out.push(a[(row, column)]);
        }
    }
    out
}

#[cfg(test)]
mod tests;
