//! Which few dimensions of one population predict another: reduced-rank regression, and communication
//! subspaces.

use attractor_numerics::linalg::{singular_values, svd, symmetric_eigen};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::MeasureError;
use crate::cross_validation::{Validated, group_folds};
use crate::measure_error::{enough, same_length};
use crate::ridge_path::{Linear, RidgePath};
use crate::samples::row_major;

/// A regression of targets on sources at every rank.
///
/// Among all B of rank r, the one that minimises `‖Y − X B‖² + λ ‖B‖²` (X, Y centred) is
/// `B_r = B V_r V_rᵀ`, where B is the ridge solution and V_r the leading r eigenvectors of
/// `BᵀXᵀY = Bᵀ(XᵀX + λ I) B`; without penalty, the leading principal components of the fitted values
/// (Izenman 1975, doi:10.1016/0047-259X(75)90042-1; with a penalty Mukherjee & Zhu 2011,
/// doi:10.1002/sam.10138). At full rank it is ridge regression.
#[derive(Clone, Debug)]
pub struct ReducedRank {
    full: Linear,
    /// V `[target, component]`, all of them.
    axes: Array2<f64>,
    /// Most ranks there can be.
    most: usize,
}

/// Fits y `[sample, target]` by x `[sample, source]` at every rank, with a penalty λ ≥ 0.
///
/// Cost: S N (N + M) + 10 (N³ + M³) for S samples, N sources and M targets.
///
/// # Errors
/// Fewer than two samples, different numbers of samples, values that are not finite, a penalty that is
/// negative.
pub fn reduced_rank(
    x: ArrayView2<'_, f64>,
    y: ArrayView2<'_, f64>,
    l2: f64,
) -> Result<ReducedRank, MeasureError> {
    ReducedRank::of(&RidgePath::new(x, y)?, l2)
}

impl ReducedRank {
    fn of(path: &RidgePath, l2: f64) -> Result<Self, MeasureError> {
        let full = path.fit(l2)?;
        let (sources, targets) = full.weights.dim();
        let product = full.weights.t().dot(path.cross());
        // symmetric but for rounding
        let product = (&product + &product.t()) * 0.5;
        let found = symmetric_eigen(&row_major(&product), targets)?;
        let axes =
            Array2::from_shape_fn((targets, targets), |(i, k)| found.vectors[i * targets + k]);
        Ok(ReducedRank { full, axes, most: sources.min(targets) })
    }

    /// The largest rank: the smaller of the numbers of sources and targets.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// The regression at a rank; rank 0 predicts the mean.
    ///
    /// # Errors
    /// [`MeasureError::Value`] for a rank above [`most`](ReducedRank::most).
    pub fn at(&self, rank: usize) -> Result<Linear, MeasureError> {
        let axes = self.leading(rank)?;
        let weights = self.full.weights.dot(&axes).dot(&axes.t());
        Ok(Linear { weights, ..self.full.clone() })
    }

    /// An orthonormal basis `[source, k]` of the *predictive dimensions*: all that the regression of this
    /// rank reads from the sources, the strongest first. Between areas it spans the communication
    /// subspace.
    ///
    /// `k` is the rank, or less where the regression itself has less (targets that depend on each other,
    /// fewer samples than sources): left singular vectors of `B V_r` count down to 10⁻¹⁰ of the largest
    /// singular value.
    ///
    /// # Errors
    /// As [`at`](ReducedRank::at).
    pub fn subspace(&self, rank: usize) -> Result<Array2<f64>, MeasureError> {
        basis(&self.full.weights.dot(&self.leading(rank)?))
    }

    fn leading(&self, rank: usize) -> Result<ArrayView2<'_, f64>, MeasureError> {
        if rank > self.most {
            let fix = "a rank is at most the smaller number of sources and targets";
            return Err(MeasureError::Value { name: "rank", value: rank.to_string(), fix });
        }
        Ok(self.axes.slice(s![.., ..rank]))
    }

    /// R² on held-out samples at rank 0, 1, … : `1 − Σ ‖y − ŷ‖² / Σ ‖y − ȳ‖²`, ȳ of the training data.
    fn scores(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Array1<f64> {
        let y = &y - &self.full.target_mean;
        let predicted = (&x - &self.full.source_mean).dot(&self.full.weights).dot(&self.axes);
        let along = y.dot(&self.axes);
        let all = y.mapv(|y| y * y).sum();
        let mut left = all;
        let mut scores = Array1::zeros(self.most + 1);
        for k in 0..self.most {
            let (z, a) = (predicted.column(k), along.column(k));
            // ‖a − z‖² instead of ‖a‖²
            left += z.dot(&z) - 2.0 * z.dot(&a);
            scores[k + 1] = 1.0 - left / all;
        }
        scores
    }
}

/// How to look for a communication subspace.
#[derive(Clone, Debug, PartialEq)]
pub struct SubspaceOptions {
    /// Parts that are held out in turn.
    pub folds: usize,
    /// Penalties to choose from, in units of the mean sum of squares of a source unit; `[0.0]` is
    /// ordinary least squares.
    pub l2: Vec<f64>,
    /// Seed of the folds.
    pub seed: u64,
}

impl Default for SubspaceOptions {
    /// Ten folds; no penalty, or 10⁻³ to 10 in steps of √10.
    fn default() -> Self {
        let l2 = std::iter::once(0.0).chain((-6..=2).map(|k| 10f64.powf(f64::from(k) / 2.0)));
        SubspaceOptions { folds: 10, l2: l2.collect(), seed: 0 }
    }
}

/// How many dimensions of one population predict another, and which.
#[derive(Clone, Debug)]
pub struct CommunicationSubspace {
    /// Penalty that predicts best at full rank, in the units of the options.
    pub l2: f64,
    /// Held-out R² of ridge regression, per penalty.
    pub ridge: Validated,
    /// Held-out R² at rank 0, 1, …, with the chosen penalty. The last is ridge regression again.
    pub ranks: Validated,
    /// The rank: the smallest whose R² is within one standard error of the best.
    pub rank: usize,
    /// The regression of all samples.
    pub fit: ReducedRank,
}

/// The communication subspace from x `[sample, source]` to y `[sample, target]`: reduced-rank regression
/// with cross-validated rank (Semedo, Zandvakili, Machens, Yu & Kohn 2019,
/// doi:10.1016/j.neuron.2019.01.026).
///
/// `groups` says which samples are held out together, such as bins of one trial. The penalty is the one
/// that is best at full rank, the rank the smallest whose held-out R² is within one standard error of the
/// best, on the same folds: the R² of the chosen is a little too high. Remove what the stimulus drives
/// beforehand (the mean over repeats) to ask about fluctuations, and compare populations with equally many
/// units and spikes.
///
/// Cost: a decomposition of the sources per fold, and for each penalty products of samples × units².
///
/// ```
/// use attractor_analysis::{SubspaceOptions, communication_subspace};
/// use ndarray::{Array2, array};
/// // both targets follow the sum of two sources
/// let x = Array2::from_shape_fn((60, 2), |(k, i)| ((7 * k + 3 * i * k) % 11) as f64);
/// let y = x.dot(&array![[1.0, -2.0], [1.0, -2.0]]);
/// let trials: Vec<usize> = (0..60).map(|k| k / 2).collect();
/// let found = communication_subspace(x.view(), y.view(), &trials, &SubspaceOptions::default())?;
/// assert_eq!(found.rank, 1);
/// let axis = found.fit.subspace(found.rank)?;
/// assert!((axis[[0, 0]] - axis[[1, 0]]).abs() < 1e-6);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
///
/// # Errors
/// Numbers of samples that differ, fewer groups than folds, no penalty, values that are not finite,
/// targets that do not vary.
pub fn communication_subspace(
    x: ArrayView2<'_, f64>,
    y: ArrayView2<'_, f64>,
    groups: &[usize],
    options: &SubspaceOptions,
) -> Result<CommunicationSubspace, MeasureError> {
    same_length("groups of samples", x.nrows(), groups.len())?;
    same_length("samples of the targets", x.nrows(), y.nrows())?;
    enough("penalties", 1, options.l2.len())?;
    // scores [penalty, rank, fold]
    let mut scores: Vec<Vec<Array1<f64>>> = vec![Vec::new(); options.l2.len()];
    for fold in group_folds(groups, options.folds, options.seed)? {
        let rows = |a: ArrayView2<'_, f64>, rows: &[usize]| a.select(Axis(0), rows);
        let path = RidgePath::new(rows(x, &fold.train).view(), rows(y, &fold.train).view())?;
        let (x, y) = (rows(x, &fold.held_out), rows(y, &fold.held_out));
        for (scores, l2) in scores.iter_mut().zip(&options.l2) {
            scores.push(ReducedRank::of(&path, l2 * path.scale())?.scores(x.view(), y.view()));
        }
    }
    let most = x.ncols().min(y.ncols());
    let full = Array2::from_shape_fn((scores.len(), options.folds), |(k, f)| scores[k][f][most]);
    let ridge = Validated::new(full.view())?;
    let chosen = &scores[ridge.best];
    let ranks = Array2::from_shape_fn((most + 1, options.folds), |(r, f)| chosen[f][r]);
    let ranks = Validated::new(ranks.view())?;
    let path = RidgePath::new(x, y)?;
    let l2 = options.l2[ridge.best];
    let fit = ReducedRank::of(&path, l2 * path.scale())?;
    Ok(CommunicationSubspace { l2, ridge, rank: ranks.simplest, ranks, fit })
}

/// Cosines of the principal angles between two subspaces, the columns of a `[unit, k]` and
/// b `[unit, l]`, the largest first: numbers in 0..1, as many as the smaller has dimensions (Björck & Golub
/// 1973). All 1: one contains the other.
///
/// # Errors
/// Different numbers of units, no column other than 0, values that are not finite.
pub fn principal_cosines(
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
) -> Result<Vec<f64>, MeasureError> {
    same_length("units of the second subspace", a.nrows(), b.nrows())?;
    enough("columns of the first subspace", 1, a.ncols())?;
    enough("columns of the second subspace", 1, b.ncols())?;
    let (a, b) = (basis(&a.to_owned())?, basis(&b.to_owned())?);
    enough("dimensions of the first subspace", 1, a.ncols())?;
    enough("dimensions of the second subspace", 1, b.ncols())?;
    let cross = a.t().dot(&b);
    let values = singular_values(&row_major(&cross), a.ncols(), b.ncols())?;
    Ok(values.into_iter().map(|c| c.min(1.0)).collect())
}

/// Singular values below this fraction of the largest count as 0.
const DEPENDENT: f64 = 1e-10;

/// An orthonormal basis of the columns, which may depend on each other.
fn basis(columns: &Array2<f64>) -> Result<Array2<f64>, MeasureError> {
    let (rows, count) = columns.dim();
    if rows == 0 || count == 0 {
        return Ok(Array2::zeros((rows, 0)));
    }
    let found = svd(&row_major(columns), rows, count)?;
    let width = found.s.len();
    let kept = found.s.iter().take_while(|&&s| s > DEPENDENT * found.s[0]).count();
    Ok(Array2::from_shape_fn((rows, kept), |(i, k)| found.u[i * width + k]))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::samples::centre;
    use attractor_numerics::linalg::Svd;
    use attractor_numerics::random::stream;
    use ndarray::array;
    use rand_distr::{Distribution, StandardNormal};

    pub(crate) fn normal(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
        let mut rng = stream(seed, "normal");
        Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut rng))
    }

    fn close(a: &Array2<f64>, b: &Array2<f64>, tolerance: f64) -> bool {
        a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance)
    }

    /// Sources that are correlated, targets of rank `rank` and noise.
    fn planted(samples: usize, rank: usize, noise: f64, seed: u64) -> (Array2<f64>, Array2<f64>) {
        let x = normal(samples, 12, seed).dot(&(normal(12, 12, seed + 1) + Array2::<f64>::eye(12)));
        let map = normal(12, rank, seed + 2).dot(&normal(rank, 8, seed + 3));
        let y = x.dot(&map) + normal(samples, 8, seed + 4) * noise + 2.0;
        (x, y)
    }

    /// The fitted values at rank r are the best approximation of rank r to those of least squares, by
    /// their singular values.
    #[test]
    fn least_squares_projected_on_components_of_its_fitted_values() {
        let (x, y) = planted(200, 8, 1.0, 1);
        let found = reduced_rank(x.view(), y.view(), 0.0).unwrap();
        let mean = &found.full.target_mean;
        let fitted = found.at(8).unwrap().predict(x.view()).unwrap() - mean;
        let Svd { u, s, vt } = svd(&row_major(&fitted), 200, 8).unwrap();
        for rank in 0..=8 {
            let truncated = Array2::from_shape_fn((200, 8), |(i, j)| {
                (0..rank).map(|k| u[i * 8 + k] * s[k] * vt[k * 8 + j]).sum()
            });
            let found = found.at(rank).unwrap().predict(x.view()).unwrap() - mean;
            assert!(close(&found, &truncated, 1e-9), "{rank}");
        }
        assert!(found.at(9).is_err());
    }

    /// With a penalty it is least squares of data with √λ I below X and 0 below Y.
    #[test]
    fn a_penalty_is_more_data() {
        let (mut x, mut y) = planted(60, 8, 3.0, 2);
        centre(&mut x);
        centre(&mut y);
        let l2: f64 = 50.0;
        let found = reduced_rank(x.view(), y.view(), l2).unwrap();
        let more = ndarray::concatenate![Axis(0), x, Array2::<f64>::eye(12) * l2.sqrt()];
        let full = found.full.weights.clone();
        let fitted = more.dot(&full);
        let found_svd = svd(&row_major(&fitted), 72, 8).unwrap();
        for rank in 1..8 {
            let v = Array2::from_shape_fn((8, rank), |(i, k)| found_svd.vt[k * 8 + i]);
            let expected = full.dot(&v).dot(&v.t());
            assert!(close(&found.at(rank).unwrap().weights, &expected, 1e-9), "{rank}");
        }
    }

    #[test]
    fn full_rank_is_ridge_and_rank_zero_the_mean() {
        let (x, y) = planted(80, 3, 1.0, 3);
        let path = RidgePath::new(x.view(), y.view()).unwrap();
        for l2 in [0.0, 7.0] {
            let found = reduced_rank(x.view(), y.view(), l2).unwrap();
            assert!(close(&found.at(8).unwrap().weights, &path.fit(l2).unwrap().weights, 1e-10));
            assert!(found.at(0).unwrap().weights.iter().all(|w| *w == 0.0));
        }
    }

    /// The scores at all ranks at once are those of predictions at each.
    #[test]
    fn scores_are_those_of_predictions() {
        let (x, y) = planted(100, 2, 2.0, 4);
        let (train, test) = (s![..70, ..], s![70.., ..]);
        let found = reduced_rank(x.slice(train), y.slice(train), 3.0).unwrap();
        let scores = found.scores(x.slice(test), y.slice(test));
        let all = (&y.slice(test) - &found.full.target_mean).mapv(|e| e * e).sum();
        for rank in 0..=8 {
            let predicted = found.at(rank).unwrap().predict(x.slice(test)).unwrap();
            let left = (&y.slice(test) - &predicted).mapv(|e| e * e).sum();
            assert!((scores[rank] - (1.0 - left / all)).abs() < 1e-12, "{rank}");
        }
    }

    #[test]
    fn a_planted_rank_and_subspace_are_found() {
        for rank in 1..=4 {
            let (x, y) = planted(600, rank, 1.0, 10 * rank as u64);
            let groups: Vec<usize> = (0..600).map(|k| k / 6).collect();
            let options = SubspaceOptions::default();
            let found = communication_subspace(x.view(), y.view(), &groups, &options).unwrap();
            assert_eq!(found.rank, rank);
            let last = found.ranks.mean.len() - 1;
            assert!((found.ranks.mean[last] - found.ridge.mean[found.ridge.best]).abs() < 1e-12);
            let read = normal(12, rank, 10 * rank as u64 + 2);
            let cosines =
                principal_cosines(found.fit.subspace(rank).unwrap().view(), read.view()).unwrap();
            assert!(cosines.iter().all(|c| *c > 0.98), "{cosines:?}");
        }
    }

    /// Targets of rank 2 without noise leave no third dimension to read, and the second target is the
    /// first again: a basis has as many columns as there are dimensions, and no more.
    #[test]
    fn a_subspace_is_no_larger_than_the_regression() {
        let x = normal(50, 12, 60);
        let map = normal(12, 2, 61).dot(&normal(2, 8, 62));
        let found = reduced_rank(x.view(), x.dot(&map).view(), 0.0).unwrap();
        let subspace = found.subspace(5).unwrap();
        assert_eq!(subspace.dim(), (12, 2));
        assert!(close(&subspace.t().dot(&subspace), &Array2::eye(2), 1e-12));
        let cosines = principal_cosines(subspace.view(), map.view()).unwrap();
        assert!(cosines.iter().all(|c| *c > 1.0 - 1e-9), "{cosines:?}");
        assert_eq!(found.subspace(0).unwrap().dim(), (12, 0));
        let none = reduced_rank(x.view(), Array2::ones((50, 3)).view(), 1.0).unwrap();
        assert_eq!(none.subspace(2).unwrap().dim(), (12, 0));
    }

    /// Sources that say nothing about targets have rank 0.
    #[test]
    fn nothing_to_predict_is_rank_zero() {
        let (x, y) = (normal(300, 12, 50), normal(300, 8, 51));
        let groups: Vec<usize> = (0..300).collect();
        let options = SubspaceOptions { l2: vec![0.0], ..SubspaceOptions::default() };
        let found = communication_subspace(x.view(), y.view(), &groups, &options).unwrap();
        assert_eq!(found.rank, 0);
        assert!(communication_subspace(x.view(), y.view(), &groups[1..], &options).is_err());
    }

    #[test]
    fn angles_between_planes() {
        let a = array![[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]];
        // shares the first axis; the second is turned by 60°
        let b = array![[2.0, 0.0], [0.0, 0.5], [0.0, 0.75f64.sqrt()]];
        let cosines = principal_cosines(a.view(), b.view()).unwrap();
        assert!((cosines[0] - 1.0).abs() < 1e-12 && (cosines[1] - 0.5).abs() < 1e-12);
        let line = array![[0.0], [0.0], [1.0]];
        assert!(principal_cosines(a.view(), line.view()).unwrap()[0].abs() < 1e-12);
        assert!(principal_cosines(a.view(), array![[1.0]].view()).is_err());
        // columns that say the same twice are one dimension
        let twice = ndarray::concatenate![Axis(1), line, &line * 2.0];
        assert_eq!(principal_cosines(twice.view(), line.view()).unwrap().len(), 1);
        assert!((principal_cosines(twice.view(), line.view()).unwrap()[0] - 1.0).abs() < 1e-12);
        assert!(principal_cosines((&line * 0.0).view(), line.view()).is_err());
    }
}
