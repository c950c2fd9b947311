//! Linear discriminant analysis with a ridge, for many labellings of the same data at once.

use attractor_numerics::linalg::{ridge, solve};
use ndarray::{Array2, s};

use crate::MeasureError;
use crate::samples::{centre, row_major};

/// `score_c(x) = (x − mean)·w_c − ½ μ_c·w_c`.
pub(crate) struct Discriminant {
    mean: ndarray::Array1<f64>,
    /// `[unit, class]`.
    weights: Array2<f64>,
    /// `½ μ_c·w_c`; infinite for a class without trials.
    offsets: Vec<f64>,
}

impl Discriminant {
    /// One discriminant per labelling of the training data `[trial, unit]`.
    ///
    /// With T the total scatter of the centred data X, `A = T + λ I` and M the matrix of class means
    /// times √n_c, the scatter within classes is `S = T − M Mᵀ`, and by Woodbury
    /// `(S + λ I)⁻¹ M = A⁻¹ M (I − Mᵀ A⁻¹ M)⁻¹`. As `M = Xᵀ Z` for scaled indicators Z of the
    /// classes, `A⁻¹ M` is the ridge regression of Z on X: one factorisation serves all labellings.
    pub(crate) fn train(
        mut x: Array2<f64>,
        labellings: &[Vec<usize>],
        classes: usize,
        shrinkage: f64,
    ) -> Result<Vec<Self>, MeasureError> {
        let (trials, units) = x.dim();
        let magnitude = x.iter().map(|x| x * x).sum::<f64>();
        let mean = centre(&mut x);
        let scatter = x.iter().map(|x| x * x).sum::<f64>();
        // what rounding makes of a constant is no variance
        let scale = if scatter > 1e-24 * magnitude { scatter / units as f64 } else { 0.0 };
        let columns = classes * labellings.len();
        let mut z = Array2::<f64>::zeros((trials, columns));
        let mut counts = vec![0.0f64; columns];
        for (l, labels) in labellings.iter().enumerate() {
            labels.iter().for_each(|&c| counts[l * classes + c] += 1.0);
            for (k, &c) in labels.iter().enumerate() {
                z[[k, l * classes + c]] = 1.0 / counts[l * classes + c].sqrt();
            }
        }
        let fitted = if scale > 0.0 {
            ridge(&row_major(&x), trials, units, &row_major(&z), columns, shrinkage * scale)?
        } else {
            vec![0.0; units * columns]
        };
        let fitted = Array2::from_shape_fn((units, columns), |(i, c)| fitted[i * columns + c]);
        let predicted = x.dot(&fitted);
        let of_labelling = |l: usize| {
            let own = s![.., l * classes..(l + 1) * classes];
            let (z, fitted) = (z.slice(own), fitted.slice(own));
            let g = z.t().dot(&predicted.slice(own));
            // (I − Gᵀ) Wᵀ = fittedᵀ
            let left = Array2::eye(classes) - g.t();
            let right = row_major(&fitted.t().to_owned());
            let solved = solve(&row_major(&left), classes, &right, units)?;
            let counts = &counts[l * classes..(l + 1) * classes];
            let weights = Array2::from_shape_fn((units, classes), |(i, c)| {
                solved[c * units + i] / counts[c].max(1.0).sqrt()
            });
            // μ_c = Xᵀ z_c / √n_c
            let means = z.t().dot(&x);
            let offset = |c: usize| match counts[c] {
                0.0 => f64::INFINITY,
                n => 0.5 * means.row(c).dot(&weights.column(c)) / n.sqrt(),
            };
            let offsets = (0..classes).map(offset).collect();
            Ok(Discriminant { mean: mean.clone(), weights, offsets })
        };
        (0..labellings.len()).map(of_labelling).collect()
    }

    /// The class of each trial `[trial, unit]`; of equal scores the first.
    pub(crate) fn tell(&self, x: &Array2<f64>) -> Vec<usize> {
        let scores = (x - &self.mean).dot(&self.weights);
        let best = |row: ndarray::ArrayView1<'_, f64>| {
            let score = |c: usize| row[c] - self.offsets[c];
            (1..row.len()).fold(0, |best, c| if score(c) > score(best) { c } else { best })
        };
        scores.rows().into_iter().map(best).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_numerics::linalg::solve_positive;
    use attractor_numerics::random::stream;
    use rand_distr::{Distribution, StandardNormal};

    /// The formula as it stands: scatter within classes, inverted.
    #[test]
    fn the_same_as_inverting_the_scatter_within() {
        for (trials, units) in [(30, 4), (12, 20)] {
            let mut rng = stream(1, "discriminant");
            let x: Array2<f64> = Array2::from_shape_fn((trials, units), |(k, i)| {
                let noise: f64 = StandardNormal.sample(&mut rng);
                noise * (i + 1) as f64 + ((k % 3) * i) as f64
            });
            let labellings =
                [(0..trials).map(|k| k % 3).collect(), (0..trials).map(|k| k * k % 3).collect()];
            let found = Discriminant::train(x.clone(), &labellings, 3, 0.05).unwrap();
            for (labels, found) in labellings.iter().zip(&found) {
                let labels: &Vec<usize> = labels;
                let mut centred = x.clone();
                centre(&mut centred);
                let lambda = 0.05 * centred.iter().map(|x| x * x).sum::<f64>() / units as f64;
                let mut means = Array2::<f64>::zeros((3, units));
                let mut counts = [0.0f64; 3];
                for (k, &c) in labels.iter().enumerate() {
                    counts[c] += 1.0;
                    means.row_mut(c).scaled_add(1.0, &centred.row(k));
                }
                (0..3)
                    .for_each(|c| means.row_mut(c).mapv_inplace(|m| m / f64::max(counts[c], 1.0)));
                let mut within = centred.clone();
                for (k, &c) in labels.iter().enumerate() {
                    within.row_mut(k).scaled_add(-1.0, &means.row(c));
                }
                let scatter = row_major(&within.t().dot(&within));
                let right = row_major(&means.t().to_owned());
                let weights = solve_positive(&scatter, units, lambda, &right, 3).unwrap();
                for c in 0..3 {
                    for i in 0..units {
                        let error = found.weights[[i, c]] - weights[i * 3 + c];
                        assert!(error.abs() < 1e-10, "{trials} × {units}: {error:e}");
                    }
                    let offset: f64 = (0..units).map(|i| means[[c, i]] * weights[i * 3 + c]).sum();
                    assert!(counts[c] == 0.0 || (found.offsets[c] - offset / 2.0).abs() < 1e-10);
                }
                // k² mod 3 is never 2
                assert!(found.tell(&x).iter().all(|&c| counts[c] > 0.0));
            }
        }
    }
}
