//! Gaussian mixtures: populations of units by the vectors that connect them.

use attractor_numerics::linalg::symmetric_eigen;
use attractor_numerics::random::stream;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde::Serialize;

use crate::MeasureError;
use crate::clusters::{check, k_means};
use crate::measure_error::enough;

/// How a mixture is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixtureOptions {
    /// Starts, each from points assigned in another way; the likeliest fit counts.
    pub starts: usize,
    /// Most rounds of a start.
    pub rounds: usize,
    /// A start ends when a round adds less than this to the mean log likelihood of a point.
    pub tolerance: f64,
    /// Whether every population has mean 0, as in the theory of low-rank networks.
    pub zero_mean: bool,
    /// Added to variances, as a fraction of the mean variance of all points: a population of few points
    /// has no volume of its own.
    pub ridge: f64,
    /// What assignments are drawn from.
    pub seed: u64,
}

impl Default for MixtureOptions {
    fn default() -> Self {
        MixtureOptions {
            starts: 20,
            rounds: 500,
            tolerance: 1e-6,
            zero_mean: false,
            ridge: 1e-6,
            seed: 0,
        }
    }
}

/// Populations of points, each normally distributed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mixture {
    /// The populations, the one with the largest share first.
    pub populations: Vec<Gaussian>,
    /// Log likelihood of all points.
    pub log_likelihood: f64,
    /// Bayesian information criterion `p ln n − 2 ln L` with p free parameters: of several fits, the
    /// smallest is to be preferred.
    pub bic: f64,
    /// Probability that a point belongs to each population, `[point][population]`.
    pub responsibilities: Vec<Vec<f64>>,
}

/// One population.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gaussian {
    /// Its share of the points.
    pub weight: f64,
    /// Mean of each dimension.
    pub mean: Vec<f64>,
    /// Covariance, row by row.
    pub covariance: Vec<Vec<f64>>,
}

/// A mixture of `count` normal distributions with full covariances, fitted to points `[point][dimension]`
/// by expectation maximisation (Dempster et al. 1977): units of a low-rank network with their entries of
/// its vectors fall into populations (Dubreuil et al. 2022, doi:10.1038/s41593-022-01088-4).
///
/// Half of the starts are k-means, half random assignments: populations that share a mean differ in
/// their covariances alone, which k-means does not see.
///
/// Cost: starts × rounds × n k d² for n points in d dimensions.
///
/// # Errors
/// Fewer points than populations or than 2, points of different dimension or that are not finite or all
/// the same, no population, no start.
pub fn mixture(
    points: &[Vec<f64>],
    count: usize,
    options: &MixtureOptions,
) -> Result<Mixture, MeasureError> {
    check(points)?;
    enough("populations", 1, count)?;
    enough("points", count.max(2), points.len())?;
    enough("starts", 1, options.starts)?;
    enough("dimensions of the points", 1, points[0].len())?;
    let spread = mean_variance(points, options.zero_mean);
    if spread == 0.0 {
        return Err(MeasureError::Constant { what: "the points" });
    }
    let starts = if count == 1 { 1 } else { options.starts };
    let fits: Vec<Option<Mixture>> = (0..starts)
        .into_par_iter()
        .map(|start| {
            let assigned = assignment(points, count, start, options)?;
            Ok(climb(points, &assigned, count, options, options.ridge * spread))
        })
        .collect::<Result<_, MeasureError>>()?;
    let better = |best: Mixture, next: Mixture| {
        if next.log_likelihood > best.log_likelihood { next } else { best }
    };
    let best = fits.into_iter().flatten().reduce(better);
    best.ok_or(MeasureError::Constant { what: "points along some dimension" })
}

/// Fits with 1 to `most` populations, in that order; the smallest [`bic`](Mixture::bic) tells how many.
///
/// # Errors
/// As for [`mixture`].
pub fn mixtures(
    points: &[Vec<f64>],
    most: usize,
    options: &MixtureOptions,
) -> Result<Vec<Mixture>, MeasureError> {
    (1..=most).map(|count| mixture(points, count, options)).collect()
}

/// How well populations hold up when points are drawn anew: for each of `draws` bootstrap samples, the
/// agreement ([`adjusted_rand`]) of all points' labels by a mixture fitted to the sample with those by
/// `fitted`. Near 1 throughout: the populations are there; populations too many are unstable.
///
/// # Errors
/// As for [`mixture`].
pub fn mixture_stability(
    points: &[Vec<f64>],
    fitted: &Mixture,
    draws: usize,
    options: &MixtureOptions,
) -> Result<Vec<f64>, MeasureError> {
    let labels = fitted.labels();
    let one = |draw: usize| {
        let mut rng = stream(options.seed, &format!("mixture/bootstrap/{draw}"));
        let sample: Vec<Vec<f64>> =
            points.iter().map(|_| points[rng.random_range(0..points.len())].clone()).collect();
        let again = mixture(&sample, fitted.populations.len(), options)?;
        adjusted_rand(&labels, &again.classify(points))
    };
    (0..draws).map(one).collect()
}

/// Agreement of two divisions of the same points, whatever their labels are called: 1 if they are the
/// same, 0 on average by chance (Hubert & Arabie 1985, doi:10.1007/BF01908075).
///
/// # Errors
/// Different numbers of labels, or none.
pub fn adjusted_rand(first: &[usize], second: &[usize]) -> Result<f64, MeasureError> {
    crate::measure_error::same_length("labels of the second division", first.len(), second.len())?;
    enough("labels", 1, first.len())?;
    let size = |labels: &[usize]| labels.iter().max().map_or(0, |most| most + 1);
    let (rows, columns) = (size(first), size(second));
    let mut table = vec![vec![0usize; columns]; rows];
    first.iter().zip(second).for_each(|(&a, &b)| table[a][b] += 1);
    let pairs = |n: usize| (n * n.saturating_sub(1)) as f64 / 2.0;
    let both: f64 = table.iter().flatten().map(|&n| pairs(n)).sum();
    let of_first: f64 = table.iter().map(|row| pairs(row.iter().sum())).sum();
    let of_second: f64 = (0..columns).map(|c| pairs(table.iter().map(|row| row[c]).sum())).sum();
    let all = pairs(first.len());
    let expected = if all > 0.0 { of_first * of_second / all } else { 0.0 };
    let most = 0.5 * (of_first + of_second);
    // one cluster, or points alone, on both sides
    Ok(if most == expected { 1.0 } else { (both - expected) / (most - expected) })
}

impl Mixture {
    /// The population each point most probably belongs to.
    #[must_use]
    pub fn labels(&self) -> Vec<usize> {
        self.responsibilities.iter().map(|r| most_probable(r)).collect()
    }

    /// The population that each of other points most probably belongs to.
    #[must_use]
    pub fn classify(&self, points: &[Vec<f64>]) -> Vec<usize> {
        let factors: Vec<Option<Factor>> = self.populations.iter().map(Factor::of).collect();
        let one = |point: &Vec<f64>| {
            let logs: Vec<f64> = factors
                .iter()
                .map(|factor| factor.as_ref().map_or(f64::NEG_INFINITY, |f| f.log_density(point)))
                .collect();
            most_probable(&logs)
        };
        points.iter().map(one).collect()
    }

    /// Points drawn from the mixture, each with its population: vectors for a network of any size that
    /// shares the populations' statistics and nothing else.
    ///
    /// # Errors
    /// A covariance whose eigendecomposition does not converge.
    pub fn sample(&self, count: usize, seed: u64) -> Result<Vec<(Vec<f64>, usize)>, MeasureError> {
        let mut roots = Vec::with_capacity(self.populations.len());
        for Gaussian { covariance, .. } in &self.populations {
            let d = covariance.len();
            let eigen = symmetric_eigen(&covariance.concat(), d)?;
            let root =
                |i: usize, k: usize| eigen.vectors[i * d + k] * eigen.values[k].max(0.0).sqrt();
            roots.push(
                (0..d).map(|i| (0..d).map(|k| root(i, k)).collect()).collect::<Vec<Vec<f64>>>(),
            );
        }
        let mut rng = stream(seed, "mixture/sample");
        let mut out = Vec::with_capacity(count);
        for _ in 0..count {
            let which = self.which(&mut rng);
            let mean = &self.populations[which].mean;
            let normal: Vec<f64> = mean.iter().map(|_| StandardNormal.sample(&mut rng)).collect();
            let row = |(mean, root): (&f64, &Vec<f64>)| {
                mean + root.iter().zip(&normal).map(|(r, z)| r * z).sum::<f64>()
            };
            out.push((mean.iter().zip(&roots[which]).map(row).collect(), which));
        }
        Ok(out)
    }

    fn which(&self, rng: &mut impl Rng) -> usize {
        let mut left: f64 = rng.random();
        for (k, population) in self.populations.iter().enumerate() {
            left -= population.weight;
            if left < 0.0 {
                return k;
            }
        }
        self.populations.len() - 1
    }
}

fn most_probable(r: &[f64]) -> usize {
    (0..r.len()).fold(0, |best, k| if r[k] > r[best] { k } else { best })
}

/// Which population each point starts in.
fn assignment(
    points: &[Vec<f64>],
    count: usize,
    start: usize,
    options: &MixtureOptions,
) -> Result<Vec<usize>, MeasureError> {
    let mut rng = stream(options.seed, &format!("mixture/{start}"));
    if start.is_multiple_of(2) {
        return Ok(k_means(points, count, rng.random())?.labels);
    }
    Ok(points.iter().map(|_| rng.random_range(0..count)).collect())
}

/// Expectation and maximisation until nothing is gained; none if a population collapses.
fn climb(
    points: &[Vec<f64>],
    assigned: &[usize],
    count: usize,
    options: &MixtureOptions,
    ridge: f64,
) -> Option<Mixture> {
    let (n, d) = (points.len() as f64, points[0].len());
    let mut responsibilities: Vec<Vec<f64>> =
        assigned.iter().map(|&k| (0..count).map(|other| f64::from(other == k)).collect()).collect();
    let mut last = f64::NEG_INFINITY;
    for _ in 0..options.rounds.max(1) {
        let populations: Vec<Gaussian> = (0..count)
            .map(|k| maximised(points, &responsibilities, k, options.zero_mean, ridge))
            .collect::<Option<_>>()?;
        let factors: Vec<Factor> = populations.iter().map(Factor::of).collect::<Option<_>>()?;
        let mut sum = 0.0;
        for (point, r) in points.iter().zip(&mut responsibilities) {
            for (r, factor) in r.iter_mut().zip(&factors) {
                *r = factor.log_density(point);
            }
            let most = r.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = r.iter().map(|l| (l - most).exp()).sum();
            let log = most + total.ln();
            r.iter_mut().for_each(|r| *r = (*r - log).exp());
            sum += log;
        }
        let done = sum - last < options.tolerance * n;
        last = sum;
        if done {
            return Some(finished(populations, responsibilities, sum, n, d, options.zero_mean));
        }
        if !sum.is_finite() {
            return None;
        }
    }
    // as far as it came
    let populations: Option<Vec<Gaussian>> = (0..count)
        .map(|k| maximised(points, &responsibilities, k, options.zero_mean, ridge))
        .collect();
    Some(finished(populations?, responsibilities, last, n, d, options.zero_mean))
}

fn maximised(
    points: &[Vec<f64>],
    responsibilities: &[Vec<f64>],
    k: usize,
    zero_mean: bool,
    ridge: f64,
) -> Option<Gaussian> {
    let d = points[0].len();
    let share: f64 = responsibilities.iter().map(|r| r[k]).sum();
    if share < 1e-8 * points.len() as f64 {
        return None;
    }
    let mut mean = vec![0.0; d];
    if !zero_mean {
        for (point, r) in points.iter().zip(responsibilities) {
            mean.iter_mut().zip(point).for_each(|(m, x)| *m += r[k] / share * x);
        }
    }
    let mut covariance = vec![vec![0.0; d]; d];
    let mut off = vec![0.0; d];
    for (point, r) in points.iter().zip(responsibilities) {
        off.iter_mut().zip(point.iter().zip(&mean)).for_each(|(o, (x, m))| *o = x - m);
        for i in 0..d {
            let scaled = r[k] / share * off[i];
            for j in 0..=i {
                covariance[i][j] += scaled * off[j];
            }
        }
    }
    for i in 0..d {
        covariance[i][i] += ridge;
        for j in 0..i {
            covariance[j][i] = covariance[i][j];
        }
    }
    Some(Gaussian { weight: share / points.len() as f64, mean, covariance })
}

fn finished(
    populations: Vec<Gaussian>,
    responsibilities: Vec<Vec<f64>>,
    log_likelihood: f64,
    n: f64,
    d: usize,
    zero_mean: bool,
) -> Mixture {
    let mut order: Vec<usize> = (0..populations.len()).collect();
    order.sort_by(|&a, &b| populations[b].weight.total_cmp(&populations[a].weight));
    let each = d * (d + 1) / 2 + if zero_mean { 0 } else { d };
    let free = (populations.len() * each + populations.len() - 1) as f64;
    Mixture {
        bic: free * n.ln() - 2.0 * log_likelihood,
        log_likelihood,
        responsibilities: responsibilities
            .iter()
            .map(|r| order.iter().map(|&k| r[k]).collect())
            .collect(),
        populations: order.iter().map(|&k| populations[k].clone()).collect(),
    }
}

/// Cholesky's factor of a covariance, for densities.
struct Factor {
    mean: Vec<f64>,
    lower: Vec<Vec<f64>>,
    /// `ln weight − ½ (d ln 2π + ln det)`
    constant: f64,
}

impl Factor {
    fn of(population: &Gaussian) -> Option<Factor> {
        let d = population.mean.len();
        let mut lower = vec![vec![0.0; d]; d];
        let mut log_det = 0.0;
        for i in 0..d {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
                let left = population.covariance[i][j] - dot;
                if i != j {
                    lower[i][j] = left / lower[j][j];
                    continue;
                }
                if left.is_nan() || left <= 0.0 {
                    return None;
                }
                lower[i][i] = left.sqrt();
                log_det += left.ln();
            }
        }
        let constant =
            population.weight.ln() - 0.5 * (d as f64 * std::f64::consts::TAU.ln() + log_det);
        Some(Factor { mean: population.mean.clone(), lower, constant })
    }

    /// Log of weight times density.
    fn log_density(&self, point: &[f64]) -> f64 {
        // few dimensions: solved without memory of its own for up to 16
        let mut short = [0.0; 16];
        let mut long = Vec::new();
        let d = self.mean.len();
        let z = if d <= 16 {
            &mut short[..d]
        } else {
            long.resize(d, 0.0);
            &mut long[..]
        };
        let mut square = 0.0;
        for i in 0..d {
            let dot: f64 = self.lower[i][..i].iter().zip(&*z).map(|(l, z)| l * z).sum();
            z[i] = (point[i] - self.mean[i] - dot) / self.lower[i][i];
            square += z[i] * z[i];
        }
        self.constant - 0.5 * square
    }
}

fn mean_variance(points: &[Vec<f64>], zero_mean: bool) -> f64 {
    let (n, d) = (points.len() as f64, points[0].len());
    let of = |k: usize| {
        let mean = points.iter().map(|p| p[k]).sum::<f64>() / n;
        let centre = if zero_mean { 0.0 } else { mean };
        points.iter().map(|p| (p[k] - centre).powi(2)).sum::<f64>() / n
    };
    (0..d).map(of).sum::<f64>() / d as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two(means: [[f64; 2]; 2], covariance: [[f64; 3]; 2]) -> Mixture {
        let gaussian = |k: usize| {
            let [a, b, c] = covariance[k];
            Gaussian {
                weight: [0.6, 0.4][k],
                mean: means[k].to_vec(),
                covariance: vec![vec![a, b], vec![b, c]],
            }
        };
        Mixture {
            populations: vec![gaussian(0), gaussian(1)],
            log_likelihood: 0.0,
            bic: 0.0,
            responsibilities: Vec::new(),
        }
    }

    fn drawn(from: &Mixture, count: usize) -> (Vec<Vec<f64>>, Vec<usize>) {
        from.sample(count, 7).unwrap().into_iter().unzip()
    }

    #[test]
    fn populations_that_differ_in_covariance_alone() {
        // correlations of ±0.9 around one mean: two gains of opposite sign, as in gating networks
        let truth = two([[0.0; 2]; 2], [[1.0, 0.9, 1.0], [1.0, -0.9, 1.0]]);
        let (points, labels) = drawn(&truth, 1500);
        let options = MixtureOptions { zero_mean: true, ..Default::default() };
        let fits = mixtures(&points, 3, &options).unwrap();
        let best = fits.iter().map(|fit| fit.bic).enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        assert_eq!(best.unwrap().0, 1);
        let found = &fits[1];
        for (found, truth) in found.populations.iter().zip(&truth.populations) {
            assert!((found.weight - truth.weight).abs() < 0.06, "{}", found.weight);
            assert!((found.covariance[0][1] - truth.covariance[0][1]).abs() < 0.1);
            assert_eq!(found.mean, [0.0; 2]);
        }
        // the best rule errs on 14 %, (2 / π) atan √(0.2 / 3.8): the fit agrees with it, not with the truth
        let ideal = truth.classify(&points);
        let same = found.labels().iter().zip(&ideal).filter(|(a, b)| a == b).count();
        assert!(same > 1400, "{same}");
        assert_eq!(found.labels(), found.classify(&points));
        assert!(adjusted_rand(&labels, &ideal).unwrap() > 0.4);
        let stable = mixture_stability(&points, found, 5, &options).unwrap();
        assert!(stable.iter().all(|&s| s > 0.75), "{stable:?}");
        let unstable = mixture_stability(&points, &fits[2], 5, &options).unwrap();
        let mean = |s: &[f64]| s.iter().sum::<f64>() / s.len() as f64;
        assert!(mean(&unstable) < mean(&stable), "{unstable:?}");
    }

    #[test]
    fn one_population_is_mean_and_covariance() {
        let truth = two([[3.0, -1.0], [3.0, -1.0]], [[2.0, 0.5, 1.0]; 2]);
        let (points, _) = drawn(&truth, 400);
        let found =
            mixture(&points, 1, &MixtureOptions { ridge: 0.0, ..Default::default() }).unwrap();
        let n = points.len() as f64;
        let mean = |k: usize| points.iter().map(|p| p[k]).sum::<f64>() / n;
        let covariance = |i: usize, j: usize| {
            points.iter().map(|p| (p[i] - mean(i)) * (p[j] - mean(j))).sum::<f64>() / n
        };
        let [only] = &found.populations[..] else { panic!() };
        let mut log_det = covariance(0, 0) * covariance(1, 1) - covariance(0, 1).powi(2);
        log_det = log_det.ln();
        for i in 0..2 {
            assert!((only.mean[i] - mean(i)).abs() < 1e-12);
            (0..2).for_each(|j| assert!((only.covariance[i][j] - covariance(i, j)).abs() < 1e-12));
        }
        // −n/2 (d ln 2π + ln det + d)
        let expected = -n / 2.0 * (2.0 * std::f64::consts::TAU.ln() + log_det + 2.0);
        assert!((found.log_likelihood - expected).abs() < 1e-8);
        assert!((found.bic - (5.0 * n.ln() - 2.0 * expected)).abs() < 1e-8);
    }

    #[test]
    fn resampled_points_have_the_populations_statistics() {
        let truth = two([[5.0, 0.0], [-5.0, 2.0]], [[1.0, 0.6, 1.0], [0.5, 0.0, 2.0]]);
        let found = mixture(&drawn(&truth, 2000).0, 2, &MixtureOptions::default()).unwrap();
        let (again, labels) = drawn(&found, 40_000);
        let first = labels.iter().filter(|&&label| label == 0).count() as f64;
        assert!((first / 40_000.0 - found.populations[0].weight).abs() < 0.01);
        let both: Vec<f64> = again
            .iter()
            .zip(&labels)
            .filter(|(_, label)| **label == 0)
            .map(|(p, _)| {
                (p[0] - found.populations[0].mean[0]) * (p[1] - found.populations[0].mean[1])
            })
            .collect();
        let covariance = both.iter().sum::<f64>() / first;
        assert!((covariance - found.populations[0].covariance[0][1]).abs() < 0.03);
    }

    #[test]
    fn agreement_of_divisions() {
        assert_eq!(adjusted_rand(&[0, 0, 1, 1], &[1, 1, 0, 0]).unwrap(), 1.0);
        // by hand: of 15 pairs 6 and 3 are together, 2 in both; 6 · 3 / 15 by chance, 4.5 at most
        let found = adjusted_rand(&[0, 0, 0, 1, 1, 1], &[0, 0, 1, 1, 2, 2]).unwrap();
        assert!((found - (2.0 - 6.0 * 3.0 / 15.0) / (4.5 - 6.0 * 3.0 / 15.0)).abs() < 1e-14);
        assert_eq!(adjusted_rand(&[0, 0], &[0, 0]).unwrap(), 1.0);
        assert!(adjusted_rand(&[0], &[0, 1]).is_err());
    }

    #[test]
    fn what_cannot_be_fitted() {
        let options = MixtureOptions::default();
        let told = |points: &[Vec<f64>], count| mixture(points, count, &options).is_err();
        assert!(told(&[vec![1.0], vec![1.0], vec![1.0]], 2));
        assert!(told(&[vec![1.0]], 1) && told(&[vec![1.0], vec![2.0]], 3));
        assert!(told(&[vec![1.0], vec![f64::NAN]], 1) && told(&[vec![1.0], vec![2.0]], 0));
    }
}
