use super::*;
use crate::law::Law;
use crate::random;

fn random_matrix(rows: usize, columns: usize, name: &str) -> Vec<f64> {
    Law::Normal { sd: 1.0 }.sample(rows, columns, &mut random::stream(11, name))
}

fn product(a: &[f64], b: &[f64], rows: usize, inner: usize, columns: usize) -> Vec<f64> {
    let mut c = vec![0.0; rows * columns];
    for i in 0..rows {
        for k in 0..inner {
            for j in 0..columns {
                c[i * columns + j] += a[i * inner + k] * b[k * columns + j];
            }
        }
    }
    c
}

fn transposed(a: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..rows * columns).map(|k| a[k % rows * columns + k / rows]).collect()
}

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() < tolerance, "{x} and {y}");
    }
}

#[test]
fn eigenvalues_of_a_companion_matrix_are_the_roots() {
    // (x − 1)(x − 2)(x − 3)(x² + 4) = x⁵ − 6x⁴ + 15x³ − 30x² + 44x − 24
    let mut a = vec![0.0; 25];
    for (j, c) in [6.0, -15.0, 30.0, -44.0, 24.0].into_iter().enumerate() {
        a[j] = c;
    }
    (1..5).for_each(|i| a[i * 5 + i - 1] = 1.0);
    let values = eigenvalues(&a, 5).unwrap();
    let truth = [(3.0, 0.0), (0.0, 2.0), (0.0, -2.0), (2.0, 0.0), (1.0, 0.0)];
    assert!((values[0].re - 3.0).abs() < 1e-12 && values[0].im == 0.0);
    for (re, im) in truth {
        assert!(values.iter().any(|z| (z.re - re).hypot(z.im - im) < 1e-11), "{re} + {im}i");
    }
}

#[test]
fn eigenvectors_satisfy_their_equation() {
    let n = 40;
    let a = random_matrix(n, n, "eigen");
    let found = eigen(&a, n).unwrap();
    close_to_eigenvalues(&found.values, &eigenvalues(&a, n).unwrap());
    for (value, vector) in found.values.iter().zip(&found.vectors) {
        for i in 0..n {
            let re: f64 = (0..n).map(|j| a[i * n + j] * vector[j].re).sum();
            let im: f64 = (0..n).map(|j| a[i * n + j] * vector[j].im).sum();
            let (x, y) = (vector[i].re, vector[i].im);
            let (right_re, right_im) = (value.re * x - value.im * y, value.re * y + value.im * x);
            assert!((re - right_re).hypot(im - right_im) < 1e-12);
        }
    }
}

fn close_to_eigenvalues(a: &[Complex], b: &[Complex]) {
    for (x, y) in a.iter().zip(b) {
        assert!((x.re - y.re).hypot(x.im - y.im) < 1e-11, "{x:?} and {y:?}");
    }
}

/// Girko's circular law: a Gaussian matrix of gain g fills a disc of radius g.
#[test]
fn spectral_radius_of_a_random_network() {
    let n = 300;
    let w = Law::Gaussian { gain: 1.5 }.sample(n, n, &mut random::stream(2, "w"));
    let radius = eigenvalues(&w, n).unwrap()[0].abs();
    assert!((radius / 1.5 - 1.0).abs() < 0.08, "{radius}");
}

#[test]
fn symmetric_eigenvectors_rebuild_the_matrix() {
    let n = 30;
    let a = random_matrix(n, n, "symmetric");
    let a = product(&a, &transposed(&a, n, n), n, n, n);
    let SymmetricEigen { values, vectors } = symmetric_eigen(&a, n).unwrap();
    assert!(values.is_sorted_by(|x, y| x >= y));
    close(&values, &symmetric_eigenvalues(&a, n).unwrap(), 1e-10);
    let scaled: Vec<f64> = (0..n * n).map(|k| vectors[k] * values[k % n]).collect();
    close(&product(&scaled, &transposed(&vectors, n, n), n, n, n), &a, 1e-11);
}

#[test]
fn singular_vectors_rebuild_the_matrix() {
    for (rows, columns) in [(20, 20), (30, 12), (12, 30), (1, 5)] {
        let a = random_matrix(rows, columns, "svd");
        let Svd { u, s, vt } = svd(&a, rows, columns).unwrap();
        let k = rows.min(columns);
        assert!(s.is_sorted_by(|x, y| x >= y));
        close(&s, &singular_values(&a, rows, columns).unwrap(), 1e-12);
        let us: Vec<f64> = u.iter().enumerate().map(|(i, u)| u * s[i % k]).collect();
        close(&product(&us, &vt, rows, k, columns), &a, 1e-12);
    }
}

#[test]
fn qr_is_orthonormal_and_rebuilds_the_matrix() {
    for (rows, columns) in [(20, 20), (30, 12), (12, 30)] {
        let a = random_matrix(rows, columns, "qr");
        let (q, r) = thin_qr(&a, rows, columns).unwrap();
        let k = rows.min(columns);
        close(&product(&q, &r, rows, k, columns), &a, 1e-13);
        let identity: Vec<f64> = (0..k * k).map(|i| f64::from(i / k == i % k)).collect();
        close(&product(&transposed(&q, rows, k), &q, k, rows, k), &identity, 1e-13);
        assert!((0..k).all(|j| r[j * columns + j] > 0.0));
    }
}

#[test]
fn systems_are_solved() {
    let (n, columns) = (25, 3);
    let (a, x) = (random_matrix(n, n, "a"), random_matrix(n, columns, "x"));
    close(&solve(&a, n, &product(&a, &x, n, n, columns), columns).unwrap(), &x, 1e-11);
    let mut square = product(&a, &transposed(&a, n, n), n, n, n);
    let before = square.clone();
    (0..n).for_each(|i| square[i * n + i] += 0.5);
    let b = product(&square, &x, n, n, columns);
    close(&solve_positive(&before, n, 0.5, &b, columns).unwrap(), &x, 1e-11);
}

/// Whole panels, the last one short, rows that change places in every one.
#[test]
fn a_factored_matrix_solves_at_every_size() {
    for n in [1, 2, 15, 16, 17, 31, 32, 33, 64, 65, 100, 257] {
        let mut a = random_matrix(n, n, "lu");
        // without pivoting this has no answer
        a[0] = 0.0;
        if n == 1 {
            a[0] = -3.0;
        }
        let x = random_matrix(n, 2, "x");
        let b = product(&a, &x, n, n, 2);
        let error = |found: Vec<f64>| {
            found.iter().zip(&x).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()))
        };
        let condition = {
            let s = singular_values(&a, n, n).unwrap();
            s[0] / s[n - 1]
        };
        let double = error(Lu::<f64>::new(&a, n).unwrap().solve(&b, 2).unwrap());
        let single = error(Lu::<f32>::new(&a, n).unwrap().solve(&b, 2).unwrap());
        assert!(double < 20.0 * condition * f64::EPSILON, "{n}: {double}, {condition}");
        assert!(single < 20.0 * condition * f64::from(f32::EPSILON), "{n}: {single}, {condition}");
    }
    let short = Lu::<f64>::new(&[1.0, 2.0], 2);
    assert!(matches!(short, Err(Error::Shape { rows: 2, columns: 2, found: 2 })));
    let nan = Lu::<f64>::new(&[f64::NAN], 1);
    assert!(matches!(nan, Err(Error::NotFinite { row: 0, column: 0, .. })));
    let lost = Lu::<f32>::new(&[1.0, 1.0, 1.0, 1.0 + 1e-12], 2);
    assert!(matches!(lost, Err(Error::Singular { size: 2 })), "in single precision it is");
    assert!(Lu::<f64>::new(&[1.0, 1.0, 1.0, 1.0 + 1e-12], 2).is_ok());
    assert!(matches!(Lu::<f32>::new(&[1e300], 1), Err(Error::Singular { size: 1 })));
    assert_eq!(Lu::<f64>::new(&[], 0).unwrap().solve(&[], 3), Ok(Vec::new()));
}

#[test]
fn ridge_regression_has_no_gradient_left() {
    for (samples, features) in [(50, 8), (8, 50)] {
        let (x, y) = (random_matrix(samples, features, "x"), random_matrix(samples, 2, "y"));
        let w = ridge(&x, samples, features, &y, 2, 0.3).unwrap();
        let mut residual = product(&x, &w, samples, features, 2);
        residual.iter_mut().zip(&y).for_each(|(r, y)| *r -= y);
        let mut gradient =
            product(&transposed(&x, samples, features), &residual, features, samples, 2);
        gradient.iter_mut().zip(&w).for_each(|(g, w)| *g += 0.3 * w);
        close(&gradient, &vec![0.0; features * 2], 1e-11);
    }
}

#[test]
fn what_has_no_answer_is_an_error() {
    let short = Error::Shape { rows: 2, columns: 2, found: 3 };
    assert_eq!(eigenvalues(&[1.0; 3], 2), Err(short.clone()));
    assert_eq!(short.to_string(), "a matrix of 2 × 2 has 4 values, not 3");
    let nan = svd(&[1.0, 2.0, f64::NAN, 3.0, 4.0, 5.0], 2, 3);
    assert!(matches!(nan, Err(Error::NotFinite { row: 0, column: 2, .. })));
    assert_eq!(solve(&[1.0, 2.0, 2.0, 4.0], 2, &[1.0, 1.0], 1), Err(Error::Singular { size: 2 }));
    let indefinite = solve_positive(&[1.0, 2.0, 2.0, 1.0], 2, 0.0, &[1.0, 1.0], 1);
    assert!(matches!(indefinite, Err(Error::NotPositive { size: 2, .. })));
    assert_eq!(eigenvalues(&[], 0), Ok(Vec::new()));
    assert_eq!(solve(&[0.0], 1, &[1.0], 1), Err(Error::Singular { size: 1 }));
}
