//! Eigenvalues and eigenvectors.

use std::cmp::Ordering;

use faer::{MatRef, Side};

use super::{Error, matrix, rows_of};

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex {
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

impl Complex {
    /// Distance from 0.
    pub fn abs(self) -> f64 {
        self.re.hypot(self.im)
    }
}

/// Eigenvalues and right eigenvectors, `A v = λ v`.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigen {
    /// Eigenvalues in the order of [`eigenvalues`].
    pub values: Vec<Complex>,
    /// One eigenvector per eigenvalue, each of length 1.
    pub vectors: Vec<Vec<Complex>>,
}

/// Eigenvalues of a real `n × n` matrix: the farthest from 0 first, of a conjugate pair the one with
/// positive imaginary part first.
///
/// Cost about 10 n³ multiplications (Hessenberg form and QR iteration with shifts): 20 ms for n = 256.
///
/// ```
/// use attractor_numerics::linalg::eigenvalues;
/// let rotation = [0.0, -1.0, 1.0, 0.0];
/// let values = eigenvalues(&rotation, 2)?;
/// assert!(values[0].re.abs() < 1e-15 && (values[0].im - 1.0).abs() < 1e-15);
/// # Ok::<(), attractor_numerics::linalg::Error>(())
/// ```
pub fn eigenvalues(a: &[f64], n: usize) -> Result<Vec<Complex>, Error> {
    let a = matrix(a, n, n)?;
    if n == 0 {
        return Ok(Vec::new());
    }
    let values = a.eigenvalues().map_err(|_| no_convergence("eigenvalues", a))?;
    let mut values: Vec<_> = values.iter().map(|z| Complex { re: z.re, im: z.im }).collect();
    values.sort_by(farthest_first);
    Ok(values)
}

/// Eigenvalues and right eigenvectors of a real `n × n` matrix. Left eigenvectors are those of the
/// transpose. Vectors of eigenvalues that (nearly) coincide may be nearly parallel.
pub fn eigen(a: &[f64], n: usize) -> Result<Eigen, Error> {
    let a = matrix(a, n, n)?;
    if n == 0 {
        return Ok(Eigen { values: Vec::new(), vectors: Vec::new() });
    }
    let found = a.eigen().map_err(|_| no_convergence("eigenvectors", a))?;
    let mut pairs: Vec<(Complex, Vec<Complex>)> = (0..n)
        .map(|k| {
            let value = found.S()[k];
            let vector = (0..n).map(|i| found.U()[(i, k)]);
            let mut vector: Vec<_> = vector.map(|z| Complex { re: z.re, im: z.im }).collect();
            let length = vector.iter().map(|z| z.re * z.re + z.im * z.im).sum::<f64>().sqrt();
            for z in &mut vector {
                (z.re, z.im) = (z.re / length, z.im / length);
            }
            (Complex { re: value.re, im: value.im }, vector)
        })
        .collect();
    pairs.sort_by(|a, b| farthest_first(&a.0, &b.0));
    let (values, vectors) = pairs.into_iter().unzip();
    Ok(Eigen { values, vectors })
}

fn farthest_first(a: &Complex, b: &Complex) -> Ordering {
    // moduli of a pair agree to the bit, those of different eigenvalues differ or do not matter
    let by = |x: f64, y: f64| y.total_cmp(&x);
    by(a.abs(), b.abs()).then(by(a.re, b.re)).then(by(a.im, b.im))
}

fn no_convergence(what: &'static str, a: MatRef<'_, f64>) -> Error {
    Error::NoConvergence { what, rows: a.nrows(), columns: a.ncols() }
}

/// Eigenvalues and orthonormal eigenvectors of a symmetric matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct SymmetricEigen {
    /// Eigenvalues, the largest first.
    pub values: Vec<f64>,
    /// `[n, n]`, row-major; column k belongs to value k.
    pub vectors: Vec<f64>,
}

/// Eigenvalues and eigenvectors of a symmetric `n × n` matrix, of which the lower half is read: the
/// principal components of a covariance. The sign of a vector makes its largest entry positive.
pub fn symmetric_eigen(a: &[f64], n: usize) -> Result<SymmetricEigen, Error> {
    let a = matrix(a, n, n)?;
    if n == 0 {
        return Ok(SymmetricEigen { values: Vec::new(), vectors: Vec::new() });
    }
    let found = a.self_adjoint_eigen(Side::Lower);
    let found = found.map_err(|_| no_convergence("eigenvectors", a))?;
    let values = (0..n).rev().map(|k| found.S()[k]).collect();
    let mut vectors = rows_of(found.U().reverse_cols());
    for k in 0..n {
        let largest = (0..n).map(|i| vectors[i * n + k]).max_by(|x, y| x.abs().total_cmp(&y.abs()));
        if largest.is_some_and(|x| x < 0.0) {
            (0..n).for_each(|i| vectors[i * n + k] = -vectors[i * n + k]);
        }
    }
    Ok(SymmetricEigen { values, vectors })
}

/// Eigenvalues of a symmetric `n × n` matrix, of which the lower half is read; the largest first.
pub fn symmetric_eigenvalues(a: &[f64], n: usize) -> Result<Vec<f64>, Error> {
    let a = matrix(a, n, n)?;
    if n == 0 {
        return Ok(Vec::new());
    }
    let values = a.self_adjoint_eigenvalues(Side::Lower);
    let mut values = values.map_err(|_| no_convergence("eigenvalues", a))?;
    values.reverse();
    Ok(values)
}
