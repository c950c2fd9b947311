//! Chronometric curves: how long decisions take, by stimulus, with the mean of a drift-diffusion.

use attractor_numerics::linalg::{solve, solve_positive};
use serde::Serialize;

use crate::MeasureError;
use crate::intervals::student_two_sided;
use crate::measure_error::{enough, finite, same_length};

/// Reaction times at one stimulus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimePoint {
    /// The stimulus.
    pub stimulus: f64,
    /// Trials with it.
    pub trials: usize,
    /// Mean time, ms.
    pub mean: f64,
    /// Standard error of the mean (sd over trials − 1), ms; `None` for a single trial.
    pub error: Option<f64>,
    /// Student's interval of the mean, ms; `None` for a single trial.
    pub interval: Option<[f64; 2]>,
}

/// Mean decision time of a diffusion between symmetric bounds, plus a constant:
/// `t(x) = A / (k x) · tanh(A k x) + t_r`, and `A² + t_r` at x = 0.
///
/// Palmer, Huk & Shadlen 2005, doi:10.1167/5.5.1. Each parameter with its standard error
/// from the curvature of the weighted squares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftFit {
    /// Normalised bound A and its error, √ms.
    pub bound: [f64; 2],
    /// Sensitivity k and its error, per √ms and unit of stimulus.
    pub sensitivity: [f64; 2],
    /// Time outside of the decision t_r and its error, ms.
    pub non_decision: [f64; 2],
    /// `Σ ((mean − t(x)) / error)²`; near the number of points − 3 if the curve describes the data.
    pub chi_square: f64,
}

impl DriftFit {
    /// The fitted t at a stimulus, ms.
    #[must_use]
    pub fn at(&self, stimulus: f64) -> f64 {
        predicted([self.bound[0].ln(), self.sensitivity[0].ln(), self.non_decision[0]], stimulus)
    }
}

/// Mean times by stimulus and, where it makes sense, the fitted curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chronometric {
    /// One point per distinct stimulus, in ascending order.
    pub points: Vec<TimePoint>,
    /// The curve; `None` with fewer than four distinct strengths |x| of two trials and more each, times
    /// that do not vary within them, or times that do not fall with |x|.
    pub fit: Option<DriftFit>,
}

/// Mean time by stimulus, with intervals of this level (such as 0.95), and the weighted least-squares fit
/// of [`DriftFit`] to the means.
///
/// `stimulus` is signed (0 the ambiguous one), `times` in ms, one each per trial. Which trials (correct
/// ones, those of one choice) is the caller's choice. No fit is forced on data that cannot bear one.
///
/// Cost: sorting, and some 100 steps on three parameters.
///
/// # Errors
/// Different lengths, no trial, values that are not finite, a level outside 0..1.
pub fn chronometric(
    stimulus: &[f64],
    times: &[f64],
    level: f64,
) -> Result<Chronometric, MeasureError> {
    same_length("times", stimulus.len(), times.len())?;
    enough("trials", 1, stimulus.len())?;
    finite("stimuli", stimulus)?;
    finite("times", times)?;
    if !(level > 0.0 && level < 1.0) {
        let (value, fix) = (level.to_string(), "a level lies between 0 and 1, such as 0.95");
        return Err(MeasureError::Value { name: "level", value, fix });
    }
    let mut order: Vec<usize> = (0..stimulus.len()).collect();
    order.sort_by(|&a, &b| stimulus[a].total_cmp(&stimulus[b]));
    let same = |&a: &usize, &b: &usize| stimulus[a] == stimulus[b];
    let points: Vec<TimePoint> = order
        .chunk_by(same)
        .map(|trials| {
            let of_trials: Vec<f64> = trials.iter().map(|&k| times[k]).collect();
            point(stimulus[trials[0]], &of_trials, level)
        })
        .collect();
    let fit = fit(&points);
    Ok(Chronometric { points, fit })
}

fn point(stimulus: f64, times: &[f64], level: f64) -> TimePoint {
    let n = times.len();
    let mean = times.iter().sum::<f64>() / n as f64;
    let error = (n > 1).then(|| {
        let squares: f64 = times.iter().map(|t| (t - mean).powi(2)).sum();
        (squares / (n as f64 - 1.0) / n as f64).sqrt()
    });
    let interval = error.map(|error| {
        let half = student_two_sided(level, n - 1) * error;
        [mean - half, mean + half]
    });
    TimePoint { stimulus, trials: n, mean, error, interval }
}

/// t(x) for [ln A, ln k, t_r].
fn predicted([bound, sensitivity, rest]: [f64; 3], x: f64) -> f64 {
    let u = (bound + sensitivity).exp() * x.abs();
    (2.0 * bound).exp() * tanh_over(u) + rest
}

/// tanh(u) / u.
fn tanh_over(u: f64) -> f64 {
    if u < 1e-4 { 1.0 - u * u / 3.0 } else { u.tanh() / u }
}

fn fit(points: &[TimePoint]) -> Option<DriftFit> {
    let data: Vec<[f64; 3]> = points
        .iter()
        .filter_map(|p| p.error.filter(|e| *e > 0.0).map(|e| [p.stimulus, p.mean, e]))
        .collect();
    let mut strengths: Vec<f64> = data.iter().map(|d| d[0].abs()).collect();
    strengths.sort_by(f64::total_cmp);
    strengths.dedup();
    if strengths.len() < 4 {
        return None;
    }
    let mut at = start(&data, strengths[strengths.len() - 1]);
    let mut now = squares(&data, at);
    let mut damping = 1e-3;
    for _ in 0..500 {
        let (gradient, mut curvature) = derivatives(&data, at);
        (0..3).for_each(|j| curvature[j * 4] *= 1.0 + damping);
        let step = solve_positive(&curvature, 3, 0.0, &gradient, 1).ok()?;
        let next = [at[0] + step[0], at[1] + step[1], at[2] + step[2]];
        let then = squares(&data, next);
        let settled = (now - then).abs() <= 1e-13 * (1.0 + now);
        if then <= now {
            (at, now) = (next, then);
            damping = f64::max(damping * 0.1, 1e-12);
            if settled && damping < 1e-2 {
                return errors(&data, at, now);
            }
        } else if settled {
            return errors(&data, at, now);
        } else {
            damping *= 10.0;
        }
    }
    None
}

/// The best of a coarse grid: how much of the fastest mean is not decision, and how far the curve bends.
fn start(data: &[[f64; 3]], strongest: f64) -> [f64; 3] {
    let means = data.iter().map(|d| d[1]);
    let (fastest, slowest) =
        means.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), t| (l.min(t), h.max(t)));
    let mut best = ([0.0; 3], f64::INFINITY);
    for share in [0.0, 0.3, 0.6, 0.9, 0.99] {
        for bend in [0.3f64, 1.0, 2.0, 4.0, 8.0] {
            let rest = share * fastest;
            let bound = 0.5 * (slowest - rest).max(1e-9).ln();
            let candidate = [bound, bend.ln() - bound - strongest.ln(), rest];
            let sum = squares(data, candidate);
            if sum < best.1 {
                best = (candidate, sum);
            }
        }
    }
    best.0
}

fn squares(data: &[[f64; 3]], at: [f64; 3]) -> f64 {
    data.iter().map(|&[x, mean, error]| ((mean - predicted(at, x)) / error).powi(2)).sum()
}

/// Half the descending gradient of the squares, and half their curvature (Gauss-Newton).
fn derivatives(data: &[[f64; 3]], at: [f64; 3]) -> (Vec<f64>, Vec<f64>) {
    let (mut gradient, mut curvature) = (vec![0.0; 3], vec![0.0; 9]);
    for &[x, mean, error] in data {
        let u = (at[0] + at[1]).exp() * x.abs();
        let a2 = (2.0 * at[0]).exp();
        // d(tanh(u) / u) / d ln u
        let bend = u.cosh().powi(-2) - tanh_over(u);
        let slopes = [a2 * (2.0 * tanh_over(u) + bend), a2 * bend, 1.0].map(|s| s / error);
        for i in 0..3 {
            gradient[i] += slopes[i] * (mean - predicted(at, x)) / error;
            (0..3).for_each(|j| curvature[i * 3 + j] += slopes[i] * slopes[j]);
        }
    }
    (gradient, curvature)
}

fn errors(data: &[[f64; 3]], at: [f64; 3], chi_square: f64) -> Option<DriftFit> {
    let (_, curvature) = derivatives(data, at);
    let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let covariance = solve(&curvature, 3, &identity, 3).ok()?;
    let error = |j: usize| covariance[j * 4].sqrt();
    // a logarithm known to within less than itself: else the times do not fall with strength
    let known = (0..2).all(|j| error(j) < 1.0) && error(2).is_finite();
    let positive = |j: usize| [at[j].exp(), at[j].exp() * error(j)];
    known.then(|| DriftFit {
        bound: positive(0),
        sensitivity: positive(1),
        non_decision: [at[2], error(2)],
        chi_square,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_numerics::random::stream;
    use rand_distr::{Distribution, StandardNormal};

    /// Trials around the curve of A = 20 √ms, k = 0.4, t_r = 350 ms, each strength's times ± spread.
    fn trials(spread: f64) -> (Vec<f64>, Vec<f64>) {
        let strengths = [-0.512, -0.256, -0.128, -0.064, 0.0, 0.032, 0.128, 0.512];
        let curve = |x: f64| {
            let u = 20.0 * 0.4 * x;
            350.0 + 400.0 * if x == 0.0 { 1.0 } else { u.tanh() / u }
        };
        let mut rng = stream(5, "chronometric");
        let trials = (0..8 * 100).map(|k| {
            let noise: f64 = StandardNormal.sample(&mut rng);
            let x = strengths[k % 8];
            // without noise: pairs around the mean
            let deviation = if spread > 0.0 { spread * noise } else { [1e-3, -1e-3][k / 8 % 2] };
            (x, curve(x) + deviation)
        });
        trials.unzip()
    }

    #[test]
    fn exact_means_give_the_parameters_back() {
        let (x, t) = trials(0.0);
        let found = chronometric(&x, &t, 0.95).unwrap();
        let fit = found.fit.unwrap();
        assert!((fit.bound[0] / 20.0 - 1.0).abs() < 1e-5);
        assert!((fit.sensitivity[0] / 0.4 - 1.0).abs() < 1e-5);
        assert!((fit.non_decision[0] / 350.0 - 1.0).abs() < 1e-5);
        assert!((fit.at(0.0) - 750.0).abs() < 1e-3);
        assert!(fit.chi_square < 1e-6);
    }

    #[test]
    fn noisy_times_give_parameters_within_their_errors() {
        let (x, t) = trials(150.0);
        let found = chronometric(&x, &t, 0.95).unwrap();
        let fit = found.fit.unwrap();
        for ([value, error], truth) in
            [(fit.bound, 20.0), (fit.sensitivity, 0.4), (fit.non_decision, 350.0)]
        {
            assert!((value - truth).abs() < 2.5 * error, "{value} ± {error} for {truth}");
            assert!(error < 0.3 * truth);
        }
        // χ² of 5 degrees of freedom
        assert!(fit.chi_square < 15.1);
        assert!(found.points.iter().all(|p| p.trials == 100));
    }

    #[test]
    fn points_and_what_cannot_be_fitted() {
        let found = chronometric(&[1.0, 1.0, 1.0, 0.0], &[2.0, 4.0, 6.0, 9.0], 0.9).unwrap();
        let [single, three] = &found.points[..] else { panic!("two stimuli") };
        assert_eq!((single.mean, single.error, single.interval), (9.0, None, None));
        // sd 2, se 2/√3, t_2(90 %) = 0.9 √(2 / 0.19)
        let half = 0.9 * f64::sqrt(2.0 / 0.19) * 2.0 / f64::sqrt(3.0);
        let [low, high] = three.interval.unwrap();
        assert!((low - (4.0 - half)).abs() < 1e-9 && (high - (4.0 + half)).abs() < 1e-9);
        assert_eq!(found.fit, None);
        // times that have nothing to do with the stimulus
        let mut rng = stream(9, "flat");
        let x: Vec<f64> = (0..400).map(|k| (k % 5) as f64).collect();
        let t: Vec<f64> = x
            .iter()
            .map(|_| {
                let noise: f64 = StandardNormal.sample(&mut rng);
                500.0 + 50.0 * noise
            })
            .collect();
        assert_eq!(chronometric(&x, &t, 0.95).unwrap().fit, None);
        assert!(chronometric(&x, &t[1..], 0.95).is_err() && chronometric(&[], &[], 0.95).is_err());
    }
}
