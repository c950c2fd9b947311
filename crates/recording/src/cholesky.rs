//! Cholesky's decomposition of a penalised Gram matrix, by halves, so that nearly all of the work is
//! in matrix products.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, linalg::general_mat_mul, s};

/// Below this size, plain loops.
const SMALL: usize = 32;

/// `L Lᵀ = gram + penalty 1`, `L` in the lower triangle.
#[derive(Debug, Clone)]
pub(crate) struct Cholesky {
    lower: Array2<f64>,
}

impl Cholesky {
    /// Decomposes a symmetric matrix with a penalty on its diagonal; `None` unless it is positive
    /// definite to working precision.
    pub(crate) fn of(gram: &Array2<f64>, penalty: f64) -> Option<Self> {
        let mut lower = gram.clone();
        lower.diag_mut().iter_mut().for_each(|d| *d += penalty);
        let smallest = 1e-14 * lower.diag().iter().fold(0.0, |max: f64, &d| max.max(d));
        decompose(lower.view_mut(), smallest).then_some(Cholesky { lower })
    }

    /// `x` in `(gram + penalty 1) x = rhs`, `[regressor, unit]` both.
    pub(crate) fn solve(&self, rhs: &Array2<f64>) -> Array2<f64> {
        let mut x = rhs.t().as_standard_layout().into_owned();
        divide_by_transpose(x.view_mut(), self.lower.view());
        divide(x.view_mut(), self.lower.view());
        x.t().as_standard_layout().into_owned()
    }
}

fn decompose(a: ArrayViewMut2<'_, f64>, smallest: f64) -> bool {
    let n = a.nrows();
    if n <= SMALL {
        return decompose_small(a, smallest);
    }
    let (top, bottom) = a.split_at(Axis(0), n / 2);
    let (mut a11, _) = top.split_at(Axis(1), n / 2);
    let (mut a21, mut a22) = bottom.split_at(Axis(1), n / 2);
    if !decompose(a11.view_mut(), smallest) {
        return false;
    }
    divide_by_transpose(a21.view_mut(), a11.view());
    general_mat_mul(-1.0, &a21, &a21.t(), 1.0, &mut a22);
    decompose(a22, smallest)
}

fn decompose_small(mut a: ArrayViewMut2<'_, f64>, smallest: f64) -> bool {
    for i in 0..a.nrows() {
        for j in 0..=i {
            let mut rest = a[[i, j]];
            for k in 0..j {
                rest -= a[[i, k]] * a[[j, k]];
            }
            if i == j && (rest <= smallest || rest.is_nan()) {
                return false;
            }
            a[[i, j]] = if i == j { rest.sqrt() } else { rest / a[[j, j]] };
        }
    }
    true
}

/// `x <- x L⁻ᵀ`
fn divide_by_transpose(mut x: ArrayViewMut2<'_, f64>, lower: ArrayView2<'_, f64>) {
    let (n, half) = (lower.nrows(), lower.nrows() / 2);
    if n > SMALL {
        let (mut x1, mut x2) = x.split_at(Axis(1), half);
        divide_by_transpose(x1.view_mut(), lower.slice(s![..half, ..half]));
        general_mat_mul(-1.0, &x1, &lower.slice(s![half.., ..half]).t(), 1.0, &mut x2);
        return divide_by_transpose(x2, lower.slice(s![half.., half..]));
    }
    for mut row in x.rows_mut() {
        for i in 0..n {
            let done: f64 = (0..i).map(|k| lower[[i, k]] * row[k]).sum();
            row[i] = (row[i] - done) / lower[[i, i]];
        }
    }
}

/// `x <- x L⁻¹`
fn divide(mut x: ArrayViewMut2<'_, f64>, lower: ArrayView2<'_, f64>) {
    let (n, half) = (lower.nrows(), lower.nrows() / 2);
    if n > SMALL {
        let (mut x1, mut x2) = x.split_at(Axis(1), half);
        divide(x2.view_mut(), lower.slice(s![half.., half..]));
        general_mat_mul(-1.0, &x2, &lower.slice(s![half.., ..half]), 1.0, &mut x1);
        return divide(x1, lower.slice(s![..half, ..half]));
    }
    for mut row in x.rows_mut() {
        for i in (0..n).rev() {
            let done: f64 = (i + 1..n).map(|k| lower[[k, i]] * row[k]).sum();
            row[i] = (row[i] - done) / lower[[i, i]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn solves_at_any_size() {
        for n in [1, 3, 31, 32, 33, 70, 150] {
            let root = Array2::from_shape_fn((n, n), |(i, j)| {
                ((7 * i + 3 * j * j + i * j) % 11) as f64 / 11.0 - 0.4
            });
            let gram = root.t().dot(&root);
            let truth = Array2::from_shape_fn((n, 5), |(i, j)| (i as f64 * 0.7 + j as f64).sin());
            let rhs = gram.dot(&truth) + &truth * 0.5;
            let found = Cholesky::of(&gram, 0.5).unwrap().solve(&rhs);
            assert!((found - truth).iter().all(|error| error.abs() < 1e-9), "{n}");
        }
    }

    #[test]
    fn refuses_what_is_not_positive() {
        assert!(Cholesky::of(&array![[1.0, 1.0], [1.0, 1.0]], 0.0).is_none());
        assert!(Cholesky::of(&array![[1.0, f64::NAN], [f64::NAN, 1.0]], 0.0).is_none());
        assert!(Cholesky::of(&Array2::zeros((40, 40)), 0.0).is_none());
        assert!(Cholesky::of(&Array2::zeros((40, 40)), 1.0).is_some());
    }
}
