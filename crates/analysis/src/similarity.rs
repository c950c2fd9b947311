//! How alike two populations' activity is, whatever their units are called.

use attractor_numerics::linalg::singular_values;
use ndarray::{Array2, ArrayView3};
use serde::Serialize;

use crate::measure_error::same_length;
use crate::samples::{row_major, samples};
use crate::{MeasureError, pca};

/// Canonical correlations of two populations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cca {
    /// Canonical correlations, the largest first, in 0..1.
    pub correlations: Vec<f64>,
    /// Components kept of the first and of the second population.
    pub components: [usize; 2],
}

impl Cca {
    /// Mean canonical correlation, in 0..1.
    #[must_use]
    pub fn similarity(&self) -> f64 {
        self.correlations.iter().sum::<f64>() / self.correlations.len() as f64
    }

    /// 1 − [`similarity`](Cca::similarity).
    #[must_use]
    pub fn distance(&self) -> f64 {
        1.0 - self.similarity()
    }
}

/// Canonical correlation analysis of two populations' activity `[time, trial, unit]` in the same trials
/// and times, on the leading principal components of each that explain `fraction` of its variance
/// (with singular vectors first, as here, known as SVCCA: Raghu et al. 2017, arXiv:1706.05806).
///
/// With U and V orthonormal bases (over samples) of the two sets of centred scores, the canonical
/// correlations are the singular values of `Uᵀ V`; there are as many as the smaller set has components.
/// They do not change under invertible linear maps of the kept components: a direction of little
/// variance counts as much as one of much, which is why only leading ones are kept.
///
/// Use it to ask whether the same signals are there; use [`procrustes`] to ask whether they are there in
/// the same proportions.
///
/// Cost: two times [`pca`], and S k² operations for S samples and k components.
///
/// # Errors
/// Different numbers of times or trials, activity that does not vary or is not finite, a fraction
/// outside 0..1.
pub fn cca(
    first: ArrayView3<'_, f64>,
    second: ArrayView3<'_, f64>,
    fraction: f64,
) -> Result<Cca, MeasureError> {
    let [a, b] = both(first, second, fraction)?;
    let (a, b) = (whitened(a), whitened(b));
    let cross = a.t().dot(&b);
    let values = singular_values(&row_major(&cross), a.ncols(), b.ncols())?;
    Ok(Cca {
        correlations: values.iter().map(|r| r.min(1.0)).collect(),
        components: [a.ncols(), b.ncols()],
    })
}

/// How well one population's activity can be turned onto another's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Procrustes {
    /// `‖XᵀY‖_* / (‖X‖_F ‖Y‖_F)`, in 0..1: the correlation after the best rotation.
    pub similarity: f64,
    /// `√(2 − 2 similarity)`: what remains between the two, each scaled to length 1. A metric.
    pub distance: f64,
    /// Components kept of the first and of the second population.
    pub components: [usize; 2],
}

/// Procrustes distance of two populations' activity `[time, trial, unit]` in the same trials and times,
/// on the leading principal components of each that explain `fraction` of its variance.
///
/// X and Y are the centred scores `[sample, component]`, scaled to Frobenius norm 1. Over orthogonal Q,
/// `min ‖X Q − Y‖_F² = 2 − 2 ‖XᵀY‖_*`, where ‖·‖_* is the sum of singular values. Neither rotation,
/// reflection, shift nor common scale of either population matters; the proportions of its directions
/// do (Williams, Kunz, Kornblith & Linderman 2021, arXiv:2110.14739).
///
/// Cost: as for [`cca`].
///
/// # Errors
/// As for [`cca`].
pub fn procrustes(
    first: ArrayView3<'_, f64>,
    second: ArrayView3<'_, f64>,
    fraction: f64,
) -> Result<Procrustes, MeasureError> {
    let [a, b] = both(first, second, fraction)?;
    let length = |x: &Array2<f64>| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let cross = a.t().dot(&b) / (length(&a) * length(&b));
    let values = singular_values(&row_major(&cross), a.ncols(), b.ncols())?;
    let similarity = values.iter().sum::<f64>().min(1.0);
    Ok(Procrustes {
        similarity,
        distance: (2.0 - 2.0 * similarity).sqrt(),
        components: [a.ncols(), b.ncols()],
    })
}

/// Centred scores `[sample, component]` of both.
fn both(
    first: ArrayView3<'_, f64>,
    second: ArrayView3<'_, f64>,
    fraction: f64,
) -> Result<[Array2<f64>; 2], MeasureError> {
    same_length("steps of the second population", first.dim().0, second.dim().0)?;
    same_length("trials of the second population", first.dim().1, second.dim().1)?;
    let leading = |activity: ArrayView3<'_, f64>| {
        let found = pca(activity)?;
        let exist = found.variances.iter().filter(|&&v| v > 1e-14 * found.variances[0]).count();
        let count = found.dimension(fraction)?.min(exist);
        Ok::<_, MeasureError>(found.scores(samples(activity, "activity", 2)?, count))
    };
    Ok([leading(first)?, leading(second)?])
}

/// Scores are uncorrelated: scaled to length 1 they are orthonormal.
fn whitened(mut scores: Array2<f64>) -> Array2<f64> {
    for mut column in scores.columns_mut() {
        let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
        column.mapv_inplace(|x| x / length);
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_numerics::linalg::thin_qr;
    use attractor_numerics::random::stream;
    use ndarray::{Array3, Axis, concatenate, s};
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};

    fn normal(shape: (usize, usize, usize), seed: u64) -> Array3<f64> {
        let mut rng = stream(seed, "similarity");
        Array3::from_shape_simple_fn(shape, || StandardNormal.sample(&mut rng))
    }

    fn mapped(x: &Array3<f64>, map: &[f64], columns: usize) -> Array3<f64> {
        Array3::from_shape_fn((x.dim().0, x.dim().1, columns), |(t, k, j)| {
            (0..x.dim().2).map(|i| x[[t, k, i]] * map[i * columns + j]).sum()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        /// Rotation, scale and shift change neither; an invertible map changes Procrustes alone.
        #[test]
        fn invariances(seed in 0u64..1000, units in 2usize..6, scale in 0.1f64..10.0, shift in -5.0f64..5.0) {
            let x = normal((7, 5, units), seed);
            let map: Vec<f64> = normal((units, units, 1), seed + 1).into_iter().collect();
            let (rotation, _) = thin_qr(&map, units, units).unwrap();
            let turned = mapped(&x, &rotation, units).mapv(|x| scale * x + shift);
            prop_assert!(cca(x.view(), turned.view(), 1.0).unwrap().distance() < 1e-9);
            // a distance is the root of what rounding leaves
            prop_assert!(procrustes(x.view(), turned.view(), 1.0).unwrap().distance < 1e-6);

            let other = normal((7, 5, 3), seed + 2);
            let of = |x: &Array3<f64>| (
                cca(x.view(), other.view(), 1.0).unwrap().similarity(),
                procrustes(x.view(), other.view(), 1.0).unwrap().similarity,
            );
            let (plain, rotated) = (of(&x), of(&turned));
            prop_assert!((plain.0 - rotated.0).abs() < 1e-9 && (plain.1 - rotated.1).abs() < 1e-9);
            let stretch: Vec<f64> = (0..units * units)
                .map(|at| if at % (units + 1) == 0 { 1.0 + (at / units) as f64 } else { 0.0 })
                .collect();
            let stretched = of(&mapped(&x, &stretch, units));
            prop_assert!((plain.0 - stretched.0).abs() < 1e-9);
            prop_assert!((plain.1 - stretched.1).abs() > 1e-6);
            // symmetric in its arguments
            let reverse = procrustes(other.view(), x.view(), 1.0).unwrap().similarity;
            prop_assert!((plain.1 - reverse).abs() < 1e-12);
        }

        #[test]
        fn procrustes_is_a_metric(seed in 0u64..1000) {
            let [a, b, c] = [0, 1, 2].map(|k| normal((6, 2, 3), seed + k));
            let d = |x: &Array3<f64>, y: &Array3<f64>| {
                procrustes(x.view(), y.view(), 1.0).unwrap().distance
            };
            prop_assert!(d(&a, &c) <= d(&a, &b) + d(&b, &c) + 1e-12);
        }
    }

    /// Two signals of which one is shared: correlations 1 and 0.
    #[test]
    fn shared_signals_correlate() {
        // orthogonal over samples
        let signals = [[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [1.0, -1.0, -1.0, 1.0]];
        let of =
            |rows: [usize; 2]| Array3::from_shape_fn((4, 1, 2), |(t, _, i)| signals[rows[i]][t]);
        let found = cca(of([0, 1]).view(), of([2, 0]).view(), 1.0).unwrap();
        assert!((found.correlations[0] - 1.0).abs() < 1e-12 && found.correlations[1] < 1e-12);
        assert!((found.distance() - 0.5).abs() < 1e-12);
        let turned = procrustes(of([0, 1]).view(), of([2, 0]).view(), 1.0).unwrap();
        assert!((turned.similarity - 0.5).abs() < 1e-12 && (turned.distance - 1.0).abs() < 1e-12);
    }

    #[test]
    fn weak_directions_are_left_out() {
        let x = normal((50, 4, 2), 3);
        let weak = normal((50, 4, 2), 4).mapv(|x| 1e-3 * x);
        let more = concatenate(Axis(2), &[x.view(), weak.view()]).unwrap();
        let found = cca(x.view(), more.view(), 0.999).unwrap();
        assert_eq!(found.components, [2, 2]);
        assert!(found.distance() < 1e-3);
        assert!(cca(x.view(), more.slice(s![..9, .., ..]), 0.9).is_err());
        assert!(cca(x.view(), more.view(), 0.0).is_err());
    }
}
