//! Counts that follow rates: Poisson regression, and how well rates explain counts.

use attractor_numerics::linalg::solve_positive;
use ndarray::{Array1, Array2, ArrayView2, s};
use serde::Serialize;

use crate::MeasureError;
use crate::measure_error::{enough, same_length};
use crate::ridge_path::{check_l2, finite};

/// Newton steps before it is given up.
const STEPS: usize = 100;
/// Halvings of a step that leads uphill.
const HALVINGS: usize = 40;
/// Half the squared Newton decrement, per count, at which a fit has converged.
const CONVERGED: f64 = 1e-15;

/// Rates `λ = exp(b + w·x)`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Poisson {
    /// b.
    pub intercept: f64,
    /// w, one per feature.
    pub weights: Vec<f64>,
    /// Newton steps that it took.
    pub iterations: usize,
}

/// Poisson regression with the canonical link: minimises `Σ (λ − k ln λ) + l2/2 ‖w‖²` over b and w, for
/// counts k of samples x `[sample, feature]`. b is not penalised.
///
/// Newton's method on the normal equations (iteratively reweighted least squares; McCullagh & Nelder
/// 1989), steps halved while they lead uphill; the problem is convex. Without a penalty, combinations of
/// features that are constant are an error, and weights of features that tell silence from spikes
/// perfectly have no finite optimum: they grow until the likelihood no longer changes.
///
/// Cost: some six steps of S F² + F³ / 3 for S samples and F features.
///
/// ```
/// use attractor_analysis::poisson_regression;
/// use ndarray::array;
/// // two conditions with mean counts 1 and 4
/// let x = array![[0.0], [0.0], [1.0], [1.0]];
/// let found = poisson_regression(x.view(), &[0.0, 2.0, 3.0, 5.0], 0.0)?;
/// assert!(found.intercept.abs() < 1e-9);
/// assert!((found.weights[0] - 4f64.ln()).abs() < 1e-9);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
///
/// # Errors
/// Lengths that differ, values that are not finite, counts that are negative or all 0, a penalty that is
/// negative, no convergence.
pub fn poisson_regression(
    x: ArrayView2<'_, f64>,
    counts: &[f64],
    l2: f64,
) -> Result<Poisson, MeasureError> {
    Design::new(x)?.fit(counts, l2, None)
}

/// The features with a column of ones in front.
pub(crate) struct Design {
    x: Array2<f64>,
}

impl Design {
    pub(crate) fn new(x: ArrayView2<'_, f64>) -> Result<Self, MeasureError> {
        let features = finite("features", x)?;
        enough("samples", 1, features.nrows())?;
        let mut x = Array2::ones((features.nrows(), features.ncols() + 1));
        x.slice_mut(s![.., 1..]).assign(&features);
        Ok(Design { x })
    }

    /// Starts from another fit if there is one, else from the mean.
    pub(crate) fn fit(
        &self,
        counts: &[f64],
        l2: f64,
        start: Option<&Poisson>,
    ) -> Result<Poisson, MeasureError> {
        same_length("counts", self.x.nrows(), counts.len())?;
        check_l2(l2)?;
        check_counts(counts)?;
        let total: f64 = counts.iter().sum();
        if total == 0.0 {
            return Err(MeasureError::Constant { what: "the counts, which are 0," });
        }
        let size = self.x.ncols();
        let mut at = Array1::zeros(size);
        match start {
            Some(start) => {
                at[0] = start.intercept;
                at.slice_mut(s![1..]).assign(&ndarray::aview1(&start.weights));
            }
            None => at[0] = (total / counts.len() as f64).ln(),
        }
        let counts = ndarray::aview1(counts);
        let loss = |at: &Array1<f64>| {
            let eta = self.x.dot(at);
            let data: f64 = eta.iter().zip(&counts).map(|(eta, k)| eta.exp() - k * eta).sum();
            data + l2 / 2.0 * at.iter().skip(1).map(|w| w * w).sum::<f64>()
        };
        let mut here = loss(&at);
        for iterations in 0..STEPS {
            let rates = self.x.dot(&at).mapv(f64::exp);
            let mut gradient = self.x.t().dot(&(&rates - &counts));
            let mut weighted = self.x.clone();
            weighted.rows_mut().into_iter().zip(&rates).for_each(|(mut row, rate)| row *= *rate);
            let mut hessian = self.x.t().dot(&weighted);
            for j in 1..size {
                gradient[j] += l2 * at[j];
                hessian[[j, j]] += l2;
            }
            let hessian: Vec<f64> = hessian.iter().copied().collect();
            let right = gradient.to_vec();
            let mut step = Array1::from(solve_positive(&hessian, size, 0.0, &right, 1)?);
            if gradient.dot(&step) / 2.0 <= CONVERGED * total {
                let weights = at.slice(s![1..]).to_vec();
                return Ok(Poisson { intercept: at[0], weights, iterations });
            }
            let mut there = loss(&(&at - &step));
            for _ in 0..HALVINGS {
                // within rounding of the last steps
                if there <= here + 1e-14 * here.abs().max(total) {
                    break;
                }
                step *= 0.5;
                there = loss(&(&at - &step));
            }
            at -= &step;
            here = there;
        }
        Err(MeasureError::NoConvergence { what: "Poisson regression", steps: STEPS })
    }
}

impl Poisson {
    /// Rates for samples `[sample, feature]`.
    ///
    /// # Errors
    /// [`MeasureError::Lengths`] for another number of features.
    pub fn rates(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, MeasureError> {
        same_length("features", self.weights.len(), x.ncols())?;
        let rate = |row: ndarray::ArrayView1<'_, f64>| {
            let sum: f64 = row.iter().zip(&self.weights).map(|(x, w)| x * w).sum();
            (self.intercept + sum).exp()
        };
        Ok(x.rows().into_iter().map(rate).collect())
    }
}

/// Poisson deviance `2 Σ (k ln(k/λ) − k + λ)`: 0 where rates are the counts.
///
/// # Errors
/// Lengths that differ, no count, counts that are negative or not finite, rates that are not above 0.
pub fn poisson_deviance(counts: &[f64], rates: &[f64]) -> Result<f64, MeasureError> {
    same_length("rates", counts.len(), rates.len())?;
    enough("counts", 1, counts.len())?;
    check_counts(counts)?;
    if let Some(rate) = rates.iter().find(|rate| !(**rate > 0.0 && rate.is_finite())) {
        let (value, fix) = (rate.to_string(), "a rate is a number above 0");
        return Err(MeasureError::Value { name: "rate", value, fix });
    }
    let of =
        |(k, rate): (&f64, &f64)| if *k > 0.0 { k * (k / rate).ln() - k + rate } else { *rate };
    Ok(2.0 * counts.iter().zip(rates).map(of).sum::<f64>())
}

/// Fraction of the deviance that rates explain, `D² = 1 − deviance(λ) / deviance(λ₀)`, beyond null rates
/// such as the mean count of the training data. Held out, it may be negative.
///
/// # Errors
/// As for [`poisson_deviance`]; null rates that are the counts.
pub fn deviance_explained(
    counts: &[f64],
    rates: &[f64],
    null: &[f64],
) -> Result<f64, MeasureError> {
    let (left, all) = (poisson_deviance(counts, rates)?, poisson_deviance(counts, null)?);
    if all <= 0.0 {
        return Err(MeasureError::Constant { what: "the counts, given the null rates," });
    }
    Ok(1.0 - left / all)
}

/// Information that rates give about counts beyond null rates, in bits per spike:
/// `(log-likelihood(λ) − log-likelihood(λ₀)) / (Σ k ln 2)` (Pillow et al. 2008, doi:10.1038/nature07140).
///
/// # Errors
/// As for [`poisson_deviance`]; no spikes.
pub fn bits_per_spike(counts: &[f64], rates: &[f64], null: &[f64]) -> Result<f64, MeasureError> {
    let gain = (poisson_deviance(counts, null)? - poisson_deviance(counts, rates)?) / 2.0;
    let spikes: f64 = counts.iter().sum();
    if spikes == 0.0 {
        return Err(MeasureError::Constant { what: "the counts, which are 0," });
    }
    Ok(gain / (spikes * std::f64::consts::LN_2))
}

fn check_counts(counts: &[f64]) -> Result<(), MeasureError> {
    match counts.iter().find(|k| !(**k >= 0.0 && k.is_finite())) {
        Some(k) => {
            let (value, fix) = (k.to_string(), "a count is a number, 0 or more");
            Err(MeasureError::Value { name: "count", value, fix })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduced_rank::tests::normal;
    use attractor_numerics::random::stream;
    use rand_distr::Distribution;

    fn counts(rates: &[f64], seed: u64) -> Vec<f64> {
        let mut rng = stream(seed, "counts");
        rates.iter().map(|&r| rand_distr::Poisson::new(r).unwrap().sample(&mut rng)).collect()
    }

    fn planted(samples: usize, seed: u64) -> (Array2<f64>, Poisson, Vec<f64>) {
        let x = normal(samples, 5, seed);
        let weights = vec![0.5, -0.3, 0.0, 0.2, 0.4];
        let truth = Poisson { intercept: 1.0, weights, iterations: 0 };
        let k = counts(&truth.rates(x.view()).unwrap(), seed + 1);
        (x, truth, k)
    }

    /// An infinite penalty leaves the intercept, which is the log of the mean.
    #[test]
    fn intercept_alone_is_the_log_of_the_mean() {
        let (x, _, k) = planted(50, 1);
        let found = poisson_regression(x.view(), &k, 1e12).unwrap();
        let mean = k.iter().sum::<f64>() / 50.0;
        assert!((found.intercept - mean.ln()).abs() < 1e-8);
        assert!(found.weights.iter().all(|w| w.abs() < 1e-8));
    }

    #[test]
    fn the_gradient_is_zero_at_the_optimum() {
        let (x, _, k) = planted(200, 2);
        for l2 in [0.0, 1.0, 100.0] {
            let found = poisson_regression(x.view(), &k, l2).unwrap();
            let rates = found.rates(x.view()).unwrap();
            let error: Vec<f64> = rates.iter().zip(&k).map(|(r, k)| r - k).collect();
            assert!(error.iter().sum::<f64>().abs() < 1e-5);
            for j in 0..5 {
                let slope: f64 = error.iter().zip(x.column(j)).map(|(e, x)| e * x).sum();
                assert!((slope + l2 * found.weights[j]).abs() < 1e-5, "{l2} {j}");
            }
        }
    }

    /// Within three standard errors, which for a standard normal feature are about 1/√(Σ λ).
    #[test]
    fn planted_weights_are_recovered() {
        let (x, truth, k) = planted(5000, 3);
        let found = poisson_regression(x.view(), &k, 0.0).unwrap();
        let error = 3.0 / k.iter().sum::<f64>().sqrt();
        for (w, t) in found.weights.iter().zip(&truth.weights) {
            assert!((w - t).abs() < error, "{w} {t} {error}");
        }
        assert!((found.intercept - 1.0).abs() < error);
        assert!(found.iterations < 12);
        // from the fit itself nothing is left to do
        let again = Design::new(x.view()).unwrap().fit(&k, 0.0, Some(&found)).unwrap();
        assert_eq!(again.iterations, 0);
    }

    #[test]
    fn scores_by_hand() {
        let (k, rates, null) = ([0.0, 2.0, 4.0], [1.0, 2.0, 4.0], [2.0; 3]);
        let deviance = poisson_deviance(&k, &rates).unwrap();
        assert!((deviance - 2.0).abs() < 1e-12);
        let all = 2.0 * (2.0 + 0.0 + 4.0 * 2f64.ln() - 2.0);
        let explained = deviance_explained(&k, &rates, &null).unwrap();
        assert!((explained - (1.0 - 2.0 / all)).abs() < 1e-12);
        // log-likelihoods without ln k!: −7 + 2 ln 2 + 4 ln 4 and −6 + 6 ln 2
        let ln2 = 2f64.ln();
        let gain = (-7.0 + 10.0 * ln2) - (-6.0 + 6.0 * ln2);
        let bits = bits_per_spike(&k, &rates, &null).unwrap();
        assert!((bits - gain / (6.0 * ln2)).abs() < 1e-12);
        assert_eq!(deviance_explained(&k, &null, &null).unwrap(), 0.0);
        assert!(poisson_deviance(&k, &[1.0, 0.0, 1.0]).is_err());
        assert!(bits_per_spike(&[0.0], &[1.0], &[1.0]).is_err());
    }

    #[test]
    fn what_cannot_be_fitted() {
        let x = normal(6, 2, 4);
        assert!(matches!(
            poisson_regression(x.view(), &[0.0; 6], 1.0),
            Err(MeasureError::Constant { .. })
        ));
        assert!(poisson_regression(x.view(), &[1.0; 5], 1.0).is_err());
        assert!(poisson_regression(x.view(), &[-1.0; 6], 1.0).is_err());
        assert!(poisson_regression(x.view(), &[1.0; 6], -1.0).is_err());
        let twice = ndarray::concatenate![ndarray::Axis(1), x, x];
        assert!(poisson_regression(twice.view(), &[1.0; 6], 0.0).is_err());
        assert!(poisson_regression(twice.view(), &[1.0; 6], 0.1).is_ok());
    }
}
