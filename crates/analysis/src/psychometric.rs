//! Psychometric curves: how often one choice is made, by stimulus, with a fitted function.

use serde::Serialize;

use crate::MeasureError;
use crate::binomial_fit::Model;
use crate::intervals::{chi_square_quantile, wilson};
use crate::measure_error::{enough, finite, same_length};

/// The rising function F(z) between the lapses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Shape {
    /// `F(z) = 1 / (1 + e⁻ᶻ)`.
    #[default]
    Logistic,
    /// `F(z) = Φ(z)`, the cumulative normal distribution: an observer with Gaussian noise of sd
    /// 1 / slope.
    Gaussian,
}

/// How to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PsychometricOptions {
    /// The function between the lapses.
    pub shape: Shape,
    /// Each lapse rate lies between 0 and this; 0 fits none.
    pub largest_lapse: f64,
    /// Level of all intervals.
    pub level: f64,
}

impl Default for PsychometricOptions {
    /// Logistic, lapses up to 0.1, intervals of 95 %.
    fn default() -> Self {
        PsychometricOptions { shape: Shape::Logistic, largest_lapse: 0.1, level: 0.95 }
    }
}

/// The choices at one stimulus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChoicePoint {
    /// The stimulus.
    pub stimulus: f64,
    /// Trials with it.
    pub trials: usize,
    /// Trials in which the choice was made.
    pub chosen: usize,
    /// `chosen / trials`.
    pub fraction: f64,
    /// Wilson's interval of the fraction (Wilson 1927, doi:10.1080/01621459.1927.10502953).
    pub interval: [f64; 2],
}

/// A fitted number with its profile-likelihood interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The most likely value.
    pub value: f64,
    /// Lower end; `None` if nothing bounds it.
    pub low: Option<f64>,
    /// Upper end; `None` if nothing bounds it.
    pub high: Option<f64>,
}

/// Fractions of choices by stimulus and the function `ψ(x) = γ + (1 − γ − λ) F(slope · (x − threshold))`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Psychometric {
    /// One point per distinct stimulus, in ascending order.
    pub points: Vec<ChoicePoint>,
    /// F.
    pub shape: Shape,
    /// Stimulus at which F is one half: the bias, in units of the stimulus.
    pub threshold: Estimate,
    /// Slope of the argument of F, 1 / stimulus: negative if the choice is made less as the stimulus
    /// grows.
    pub slope: Estimate,
    /// Lapse rates [γ, λ]: choices made, or missed, whatever the stimulus.
    pub lapses: [f64; 2],
    /// Largest log-likelihood, binomial coefficients left out.
    pub log_likelihood: f64,
    /// Twice the log-likelihood ratio to a model with one free fraction per point; near the number of
    /// points minus that of fitted parameters if the function describes the data.
    pub deviance: f64,
    /// Whether the choices switch within one step of the stimulus: the slope is then as steep as is
    /// tried (20 divided by the smallest distance of stimuli), and means "steep" alone.
    pub steep: bool,
}

impl Psychometric {
    /// The fitted ψ at a stimulus.
    #[must_use]
    pub fn at(&self, stimulus: f64) -> f64 {
        let [guess, lapse] = self.lapses;
        let z = self.slope.value * (stimulus - self.threshold.value);
        guess + (1.0 - guess - lapse) * self.shape.rise(z)
    }
}

/// Fits a psychometric function to single trials, by maximum likelihood.
///
/// `stimulus` holds one value per trial (such as signed coherence), `chosen` whether the choice in
/// question was made. The likelihood is binomial. The intervals of threshold and slope are
/// those of the profile likelihood: all values for which the likelihood, maximised over the other
/// parameters, is within `χ²_1(level) / 2` of the largest. They are deterministic, need not be
/// symmetric, and have no end where the data set none: a threshold without slope has no bounds.
/// Lapses that are not fitted but exist flatten the slope (Wichmann & Hill 2001,
/// doi:10.3758/BF03194544), lapses that are fitted cost precision.
///
/// Cost: about 200 fits of at most four parameters over the distinct stimuli: well below a
/// millisecond for ten.
///
/// ```
/// use attractor_analysis::{PsychometricOptions, psychometric};
/// let stimulus: Vec<f64> = (0..400).map(|k| [-2.0, -1.0, 1.0, 2.0][k % 4]).collect();
/// // 10, 30, 70 and 90 of 100
/// let chosen: Vec<bool> = (0..400).map(|k| k / 4 < [10, 30, 70, 90][k % 4]).collect();
/// let found = psychometric(&stimulus, &chosen, &PsychometricOptions::default())?;
/// assert!(found.threshold.value.abs() < 1e-6);
/// assert!(found.slope.low.unwrap() > 0.8 && found.slope.high.is_some());
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
///
/// # Errors
/// Different lengths, values that are not finite, fewer than two distinct stimuli, the same choice in
/// every trial, options out of range.
pub fn psychometric(
    stimulus: &[f64],
    chosen: &[bool],
    options: &PsychometricOptions,
) -> Result<Psychometric, MeasureError> {
    check(stimulus, chosen, options)?;
    let points = points(stimulus, chosen, options.level);
    enough("distinct stimuli", 2, points.len())?;
    let all: usize = points.iter().map(|p| p.chosen).sum();
    if all == 0 || all == stimulus.len() {
        return Err(MeasureError::Constant { what: "the choices" });
    }
    // stimuli in units of half their range, around its middle
    let (first, last) = (points[0].stimulus, points[points.len() - 1].stimulus);
    let (centre, unit) = ((first + last) / 2.0, (last - first) / 2.0);
    let x: Vec<f64> = points.iter().map(|p| (p.stimulus - centre) / unit).collect();
    let closest = x.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let model = Model {
        x: &x,
        counts: points.iter().map(|p| [p.chosen as f64, (p.trials - p.chosen) as f64]).collect(),
        shape: options.shape,
        largest_lapse: options.largest_lapse,
        steepest: 20.0 / closest,
    };
    let best = model.free();
    let drop = chi_square_quantile(options.level) / 2.0;
    let [threshold, slope] = model.profile(&best, drop);
    let outside = |x: f64| centre + unit * x;
    Ok(Psychometric {
        deviance: 2.0 * (model.saturated() - best.log_likelihood),
        points,
        shape: options.shape,
        threshold: threshold.map(outside),
        slope: slope.map(|s| s / unit),
        lapses: best.lapses,
        log_likelihood: best.log_likelihood,
        steep: best.slope.abs() >= 0.999 * model.steepest,
    })
}

impl Estimate {
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Estimate { value: f(self.value), low: self.low.map(&f), high: self.high.map(&f) }
    }
}

/// The choices at each distinct stimulus, in ascending order, with Wilson's intervals at this level.
fn points(stimulus: &[f64], chosen: &[bool], level: f64) -> Vec<ChoicePoint> {
    let mut order: Vec<usize> = (0..stimulus.len()).collect();
    order.sort_by(|&a, &b| stimulus[a].total_cmp(&stimulus[b]));
    let same = |&a: &usize, &b: &usize| stimulus[a] == stimulus[b];
    let point = |trials: &[usize]| {
        let made = trials.iter().filter(|&&k| chosen[k]).count();
        ChoicePoint {
            stimulus: stimulus[trials[0]],
            trials: trials.len(),
            chosen: made,
            fraction: made as f64 / trials.len() as f64,
            interval: wilson(made, trials.len(), level),
        }
    };
    order.chunk_by(same).map(point).collect()
}

fn check(
    stimulus: &[f64],
    chosen: &[bool],
    options: &PsychometricOptions,
) -> Result<(), MeasureError> {
    same_length("choices", stimulus.len(), chosen.len())?;
    finite("stimuli", stimulus)?;
    let invalid =
        |name, value: f64, fix| Err(MeasureError::Value { name, value: value.to_string(), fix });
    if !(options.level > 0.0 && options.level < 1.0) {
        return invalid("level", options.level, "a level lies between 0 and 1, such as 0.95");
    }
    if !(0.0..0.5).contains(&options.largest_lapse) {
        return invalid("largest_lapse", options.largest_lapse, "it lies in 0..0.5, such as 0.1");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_numerics::random::stream;
    use rand_distr::{Distribution, StandardNormal};

    const STRENGTHS: [f64; 9] = [-16.0, -8.0, -4.0, -2.0, 0.0, 2.0, 4.0, 8.0, 16.0];

    /// Chooses whenever stimulus + noise of sd 5 exceeds 1, but guesses one way or the other at times.
    fn observer(each: usize, lapse: usize, seed: u64) -> (Vec<f64>, Vec<bool>) {
        let mut rng = stream(seed, "observer");
        let trials = (0..9 * each).map(|k| {
            let noise: f64 = StandardNormal.sample(&mut rng);
            let choice = STRENGTHS[k % 9] + 5.0 * noise > 1.0;
            let lapses = lapse > 0 && (k / 9) % lapse == 0;
            (STRENGTHS[k % 9], if lapses { (k / 9 / lapse).is_multiple_of(2) } else { choice })
        });
        trials.unzip()
    }

    fn inside(estimate: &Estimate, truth: f64) -> bool {
        estimate.low.is_none_or(|low| low <= truth)
            && estimate.high.is_none_or(|high| truth <= high)
    }

    #[test]
    fn an_ideal_observer_is_recovered() {
        let options = PsychometricOptions {
            shape: Shape::Gaussian,
            largest_lapse: 0.0,
            ..Default::default()
        };
        let (stimulus, chosen) = observer(500, 0, 1);
        let found = psychometric(&stimulus, &chosen, &options).unwrap();
        assert!(inside(&found.threshold, 1.0) && inside(&found.slope, 0.2), "{found:?}");
        assert!(
            (found.threshold.value - 1.0).abs() < 0.4 && (found.slope.value - 0.2).abs() < 0.02
        );
        assert!((found.at(found.threshold.value) - 0.5).abs() < 1e-12 && !found.steep);
        // χ² of 7 degrees of freedom
        assert!(found.deviance > 0.0 && found.deviance < 20.0);
        for point in &found.points {
            assert!(point.interval[0] <= point.fraction && point.fraction <= point.interval[1]);
            assert_eq!(point.trials, 500);
        }
    }

    /// Intervals hold the truth about as often as they say.
    #[test]
    fn intervals_cover_the_truth() {
        for (level, bounds) in [(0.95, 110..=120), (0.5, 45..=75)] {
            let options = PsychometricOptions { shape: Shape::Gaussian, largest_lapse: 0.0, level };
            let mut covered = [0, 0];
            for seed in 0..120 {
                let (stimulus, chosen) = observer(30, 0, 100 + seed);
                let found = psychometric(&stimulus, &chosen, &options).unwrap();
                covered[0] += usize::from(inside(&found.threshold, 1.0));
                covered[1] += usize::from(inside(&found.slope, 0.2));
            }
            // sd of 120 tries: 2.4 at 95 %, 5.5 at 50 %
            assert!(covered.iter().all(|n| bounds.contains(n)), "{level}: {covered:?} of 120");
        }
    }

    #[test]
    fn lapses_are_told_from_a_shallow_slope() {
        let (stimulus, chosen) = observer(1000, 10, 2);
        let fit = |largest_lapse| {
            let options =
                PsychometricOptions { shape: Shape::Gaussian, largest_lapse, level: 0.95 };
            psychometric(&stimulus, &chosen, &options).unwrap()
        };
        let (without, with) = (fit(0.0), fit(0.1));
        assert!(inside(&with.slope, 0.2) && !inside(&without.slope, 0.2));
        assert!(without.slope.value < 0.17);
        assert!(with.lapses.iter().all(|l| (l - 0.05).abs() < 0.02), "{:?}", with.lapses);
        assert!(with.log_likelihood > without.log_likelihood + 10.0);
        assert!((with.at(-1e6) - with.lapses[0]).abs() < 1e-12);
    }

    /// Turning the stimulus around turns the curve around; units of the stimulus do not matter.
    #[test]
    fn symmetries() {
        let (stimulus, chosen) = observer(50, 0, 3);
        let options = PsychometricOptions::default();
        let found = psychometric(&stimulus, &chosen, &options).unwrap();
        let turned: Vec<f64> = stimulus.iter().map(|x| 7.0 - 1e-3 * x).collect();
        let back = psychometric(&turned, &chosen, &options).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-4 * (1.0 + b.abs());
        assert!(close(back.threshold.value, 7.0 - 1e-3 * found.threshold.value));
        assert!(close(back.slope.value, -1e3 * found.slope.value));
        assert!(close(back.slope.low.unwrap(), -1e3 * found.slope.high.unwrap()));
        assert!(close(back.threshold.low.unwrap(), 7.0 - 1e-3 * found.threshold.high.unwrap()));
        let opposite: Vec<bool> = chosen.iter().map(|c| !c).collect();
        let other = psychometric(&stimulus, &opposite, &options).unwrap();
        assert!(close(other.slope.value, -found.slope.value));
        assert!(close(other.lapses[0], found.lapses[1]) && close(other.lapses[1], found.lapses[0]));
    }

    #[test]
    fn curves_at_their_limits() {
        let options = PsychometricOptions::default();
        let stimulus: Vec<f64> = (0..90).map(|k| STRENGTHS[k % 9]).collect();
        // a step: no upper end for the slope
        let step: Vec<bool> = stimulus.iter().map(|&x| x > 1.0).collect();
        let found = psychometric(&stimulus, &step, &options).unwrap();
        assert!(found.steep && found.slope.high.is_none() && found.slope.low.unwrap() > 0.0);
        assert!(found.threshold.value > 0.0 && found.threshold.value < 2.0);
        assert!(found.deviance.abs() < 0.1);
        // nothing to do with the stimulus: no bounds for the threshold
        let coin: Vec<bool> = (0..90).map(|k| k / 9 % 2 == 0).collect();
        let flat = psychometric(&stimulus, &coin, &options).unwrap();
        assert!(inside(&flat.slope, 0.0) && !flat.steep);
        assert_eq!((flat.threshold.low, flat.threshold.high), (None, None));

        let all = vec![true; 90];
        let is_constant = |r| matches!(r, Err(MeasureError::Constant { .. }));
        assert!(is_constant(psychometric(&stimulus, &all, &options)));
        assert!(psychometric(&[1.0, 1.0], &[true, false], &options).is_err());
        assert!(psychometric(&[1.0, f64::NAN], &[true, false], &options).is_err());
        assert!(psychometric(&stimulus, &all[1..], &options).is_err());
        for bad in [0.0, 1.0, f64::NAN] {
            let options = PsychometricOptions { level: bad, ..options };
            assert!(psychometric(&stimulus, &step, &options).is_err());
            let options = PsychometricOptions { largest_lapse: bad + 0.5, ..options };
            assert!(psychometric(&stimulus, &step, &options).is_err());
        }
    }
}
