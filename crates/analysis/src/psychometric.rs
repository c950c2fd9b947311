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
