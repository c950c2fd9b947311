//! Matrices as small as the rank, `n × n`, row-major: loops, and the reverse of Cholesky's decomposition.

/// `L` with `L Lᵀ = a`, lower triangular; none unless `a` is positive definite.
pub(super) fn cholesky(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let rest = a[i * n + j] - (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum::<f64>();
            l[i * n + j] = match i == j {
                true if rest > 0.0 => rest.sqrt(),
                true => return None,
                false => rest / l[j * n + j],
            };
        }
    }
    Some(l)
}

/// Inverse of a lower triangle.
pub(super) fn inverse_of_lower(l: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for j in 0..n {
        for i in j..n {
            let done: f64 = (j..i).map(|k| l[i * n + k] * inverse[k * n + j]).sum();
            inverse[i * n + j] = (f64::from(u8::from(i == j)) - done) / l[i * n + i];
        }
    }
    inverse
}

/// `a b`.
pub(super) fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let entry = |i: usize, j: usize| (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum();
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

/// `aᵀ`.
pub(super) fn transpose(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|at| a[at % n * n + at / n]).collect()
}

/// `(a + aᵀ) / 2`.
pub(super) fn symmetric(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|at| 0.5 * (a[at] + a[at % n * n + at / n])).collect()
}

/// `out = a x`.
#[inline]
pub(super) fn apply(a: &[f64], x: &[f64], out: &mut [f64]) {
    for (out, row) in out.iter_mut().zip(a.chunks_exact(x.len())) {
        *out = dot(row, x);
    }
}

/// `out += scale · x yᵀ`.
#[inline]
pub(super) fn add_outer(scale: f64, x: &[f64], y: &[f64], out: &mut [f64]) {
    for (row, x) in out.chunks_exact_mut(y.len()).zip(x) {
        row.iter_mut().zip(y).for_each(|(out, y)| *out += scale * x * y);
    }
}

/// `xᵀ y`.
#[inline]
pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// `to += x`.
#[inline]
pub(super) fn add(to: &mut [f64], x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += x);
}

/// `2 Σ ln L_ii`, the logarithm of the determinant of `L Lᵀ`.
pub(super) fn log_determinant(l: &[f64], n: usize) -> f64 {
    (0..n).map(|i| 2.0 * l[i * n + i].ln()).sum()
}

/// The cotangent of a from that of its Cholesky factor, symmetric (Murray 2016, arXiv:1602.07527):
/// `ā = sym(L⁻ᵀ Φ(Lᵀ L̄) L⁻¹)`, where Φ takes the lower triangle and half of the diagonal.
pub(super) fn cholesky_pull(l: &[f64], cotangent: &[f64], n: usize) -> Vec<f64> {
    let inverse = inverse_of_lower(l, n);
    let mut phi = product(&transpose(l, n), cotangent, n);
    for i in 0..n {
        phi[i * n + i] *= 0.5;
        phi[i * n + i + 1..(i + 1) * n].fill(0.0);
    }
    let left = product(&transpose(&inverse, n), &phi, n);
    symmetric(&product(&left, &inverse, n), n)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 9] = [2.0, 0.5, -0.3, 0.5, 1.5, 0.2, -0.3, 0.2, 1.0];

    #[test]
    fn factors_and_inverses_are_such() {
        let l = cholesky(&A, 3).unwrap();
        let back = product(&l, &transpose(&l, 3), 3);
        let one = product(&l, &inverse_of_lower(&l, 3), 3);
        for at in 0..9 {
            assert!((back[at] - A[at]).abs() < 1e-14);
            assert!((one[at] - f64::from(u8::from(at % 4 == 0))).abs() < 1e-14);
        }
        assert!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(cholesky(&[f64::NAN], 1).is_none());
    }

    #[test]
    fn cotangents_of_the_factor_are_its_differences() {
        let weight = |l: &[f64]| (0..9).map(|k| l[k] * (k as f64 + 0.3).sin()).sum::<f64>();
        let cotangent: Vec<f64> = (0..9).map(|k| (k as f64 + 0.3).sin()).collect();
        let pulled = cholesky_pull(&cholesky(&A, 3).unwrap(), &cotangent, 3);
        for (i, j) in [(0, 0), (1, 0), (2, 1), (2, 2)] {
            let moved = |h: f64| {
                let mut a = A;
                a[i * 3 + j] += 0.5 * h;
                a[j * 3 + i] += 0.5 * h;
                weight(&cholesky(&a, 3).unwrap())
            };
            let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((difference - pulled[i * 3 + j]).abs() < 1e-8, "{i} {j}");
        }
    }
}
