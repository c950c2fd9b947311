//! Encoding models: what predicts responses on stimuli that were not seen.

use attractor_data::Split;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};

use crate::MeasureError;
use crate::components::Components;
use crate::correlation::pearson;
use crate::cross_validation::{group_folds, members};
use crate::measure_error::{enough, same_length};
use crate::poisson::{Design, poisson_deviance};
use crate::ridge_path::{RidgePath, finite};
use crate::significance::{permutation_p, permuted_groups};

/// How responses depend on features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncodingModel {
    /// Linearly, with a quadratic penalty. Give square roots of counts.
    #[default]
    Ridge,
    /// Counts with the rate `exp(b + w·f)`, with a quadratic penalty on w.
    Poisson,
}

/// How to fit and to judge.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodingOptions {
    /// The model.
    pub model: EncodingModel,
    /// Most principal components of the features that are kept.
    pub components: usize,
    /// Penalties to choose from, for each unit: in units of the mean sum of squares of a component, for
    /// counts times the mean count.
    pub l2: Vec<f64>,
    /// Parts that are held out in turn.
    pub outer: usize,
    /// Parts of the rest by which the penalty is chosen.
    pub inner: usize,
    /// Seed of the parts.
    pub seed: u64,
}

impl Default for EncodingOptions {
    /// Ridge on 50 components, penalties 10⁻² to 10³, five parts in five.
    fn default() -> Self {
        EncodingOptions {
            model: EncodingModel::Ridge,
            components: 50,
            l2: (-2..=3).map(|k| 10f64.powi(k)).collect(),
            outer: 5,
            inner: 5,
            seed: 0,
        }
    }
}

/// Predictions of what was held out.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// `[sample, unit]`: of each sample by the fit that did not see its group.
    pub predicted: Array2<f64>,
    /// `[sample, unit]`: mean response of the samples that this fit saw.
    pub null: Array2<f64>,
    /// The chosen penalties, `[fold, unit]`.
    pub l2: Array2<f64>,
}

/// Encoding models by nested cross-validation: features `[sample, feature]`, responses `[sample, unit]`.
///
/// `groups` says which samples are never on two sides: give the image that was shown, not the trial, or
/// the repeats of one image leak from the held-out part into the training part. Features are z-scored and
/// projected on their leading principal components, both from the training samples alone; the penalty of
/// each unit is the one with the least error on inner parts, squared or deviance.
///
/// A unit without a count in a training part gets half a count spread over its samples as rate, for which
/// Poisson regression has no answer.
///
/// Cost: outer · (inner + 1) times a singular value decomposition, and per penalty that of the model.
///
/// ```
/// use attractor_analysis::{EncodingOptions, encode};
/// use ndarray::Array2;
/// // 30 images, shown twice; the response follows the first of two features
/// let image: Vec<usize> = (0..60).map(|k| k % 30).collect();
/// let features = Array2::from_shape_fn((60, 2), |(k, j)| (image[k] * (3 + 4 * j) % 13) as f64);
/// let responses = features.column(0).to_owned().insert_axis(ndarray::Axis(1));
/// let options = EncodingOptions { l2: vec![1e-9], ..EncodingOptions::default() };
/// let found = encode(features.view(), responses.view(), &image, &options)?;
/// assert!(found.correlations(responses.view(), &image)?[0] > 0.999);
/// # Ok::<(), attractor_analysis::MeasureError>(())
/// ```
///
/// # Errors
/// Lengths that differ, fewer groups than parts, no penalty or component, values that are not finite,
/// negative counts.
pub fn encode(
    features: ArrayView2<'_, f64>,
    responses: ArrayView2<'_, f64>,
    groups: &[usize],
    options: &EncodingOptions,
) -> Result<Encoded, MeasureError> {
    let (features, responses) = (finite("features", features)?, finite("units", responses)?);
    same_length("samples of the responses", features.nrows(), responses.nrows())?;
    same_length("groups of samples", features.nrows(), groups.len())?;
    enough("components", 1, options.components)?;
    enough("penalties", 1, options.l2.len())?;
    let (samples, units) = responses.dim();
    let mut encoded = Encoded {
        predicted: Array2::zeros((samples, units)),
        null: Array2::zeros((samples, units)),
        l2: Array2::zeros((options.outer, units)),
    };
    for (k, outer) in group_folds(groups, options.outer, options.seed)?.into_iter().enumerate() {
        let (x, y) =
            (features.select(Axis(0), &outer.train), responses.select(Axis(0), &outer.train));
        let within: Vec<usize> = outer.train.iter().map(|&sample| groups[sample]).collect();
        let mut errors = Array2::zeros((options.l2.len(), units));
        for inner in group_folds(&within, options.inner, options.seed)? {
            let held_out = y.select(Axis(0), &inner.held_out);
            let predictions = predict(x.view(), y.view(), &inner, options)?;
            for (predicted, mut errors) in predictions.iter().zip(errors.rows_mut()) {
                errors += &error(options.model, &held_out, predicted)?;
            }
        }
        let predictions = predict(features.view(), responses.view(), &outer, options)?;
        let mut mean = y.sum_axis(Axis(0)) / y.nrows() as f64;
        if options.model == EncodingModel::Poisson {
            mean.mapv_inplace(|rate| if rate == 0.0 { unseen(y.nrows()) } else { rate });
        }
        for unit in 0..units {
            let of = errors.column(unit);
            let best = (1..of.len()).fold(0, |best, l| if of[l] < of[best] { l } else { best });
            encoded.l2[[k, unit]] = options.l2[best];
            for (row, &sample) in outer.held_out.iter().enumerate() {
                encoded.predicted[[sample, unit]] = predictions[best][[row, unit]];
                encoded.null[[sample, unit]] = mean[unit];
            }
        }
    }
    Ok(encoded)
}

impl Encoded {
    /// Pearson's correlation of predictions and responses per unit, both averaged over groups; 0 where
    /// either does not vary.
    ///
    /// # Errors
    /// Lengths that differ.
    pub fn correlations(
        &self,
        responses: ArrayView2<'_, f64>,
        groups: &[usize],
    ) -> Result<Vec<f64>, MeasureError> {
        same_length("samples of the responses", self.predicted.nrows(), responses.nrows())?;
        same_length("units of the responses", self.predicted.ncols(), responses.ncols())?;
        same_length("groups of samples", responses.nrows(), groups.len())?;
        let (predicted, responses) =
            (means(self.predicted.view(), groups), means(responses, groups));
        let of = |unit: usize| match pearson(
            &predicted.column(unit).to_vec(),
            &responses.column(unit).to_vec(),
        ) {
            Err(MeasureError::Constant { .. }) => Ok(0.0),
            found => found,
        };
        (0..responses.ncols()).map(of).collect()
    }
}

/// p value per unit of the held-out correlation, against fits to responses whose groups have changed
/// places: everything, the choice of penalties included, is done again for each permutation. Units of one
/// permutation share it. Groups need equally many samples.
///
/// Correct for the number of units by [`benjamini_hochberg`](crate::benjamini_hochberg).
///
/// Cost: as [`encode`] with `permutations` times as many units.
///
/// # Errors
/// As for [`encode`]; groups of different sizes, no permutation.
pub fn encoding_significance(
    features: ArrayView2<'_, f64>,
    responses: ArrayView2<'_, f64>,
    groups: &[usize],
    options: &EncodingOptions,
    permutations: usize,
) -> Result<Vec<f64>, MeasureError> {
    enough("permutations", 1, permutations)?;
    let of = |responses: ArrayView2<'_, f64>| -> Result<Vec<f64>, MeasureError> {
        encode(features, responses, groups, options)?.correlations(responses, groups)
    };
    let (samples, units) = responses.dim();
    let mut null: Vec<Vec<f64>> = vec![Vec::new(); units];
    let all: Vec<usize> = (0..permutations).collect();
    for part in all.chunks(AT_ONCE) {
        let mut stacked = Array2::zeros((samples, units * part.len()));
        for (k, &index) in part.iter().enumerate() {
            let order = permuted_groups(groups, options.seed, index)?;
            let permuted = responses.select(Axis(0), &order);
            stacked.slice_mut(s![.., k * units..(k + 1) * units]).assign(&permuted);
        }
        for (k, r) in of(stacked.view())?.into_iter().enumerate() {
            null[k % units].push(r);
        }
    }
    Ok(of(responses)?.into_iter().zip(&null).map(|(r, null)| permutation_p(r, null)).collect())
}

/// Permutations that are fitted together.
const AT_ONCE: usize = 20;

/// Means over the samples of each group, groups in ascending order.
fn means(values: ArrayView2<'_, f64>, groups: &[usize]) -> Array2<f64> {
    let members = members(groups);
    let mut means = Array2::zeros((members.len(), values.ncols()));
    for (mut mean, samples) in means.rows_mut().into_iter().zip(&members) {
        samples.iter().for_each(|&sample| mean += &values.row(sample));
        mean /= samples.len() as f64;
    }
    means
}

/// Predictions of held-out samples for each penalty, `[sample, unit]`, by a fit to the others.
fn predict(
    features: ArrayView2<'_, f64>,
    responses: ArrayView2<'_, f64>,
    split: &Split,
    options: &EncodingOptions,
) -> Result<Vec<Array2<f64>>, MeasureError> {
    let y = responses.select(Axis(0), &split.train);
    let map = Components::of(features.select(Axis(0), &split.train).view(), options.components)?;
    let new = map.of_others(features.select(Axis(0), &split.held_out).view())?;
    let x = map.scores();
    if options.model == EncodingModel::Ridge {
        let path = RidgePath::new(x, y.view())?;
        let at = |l2: &f64| path.fit(l2 * path.scale())?.predict(new.view());
        return options.l2.iter().map(at).collect();
    }
    let design = Design::new(x)?;
    let scale = x.mapv(|x| x * x).sum() / x.ncols() as f64;
    let mut predictions = vec![Array2::zeros((new.nrows(), y.ncols())); options.l2.len()];
    // the largest penalty first: each fit starts from the last
    let mut order: Vec<usize> = (0..options.l2.len()).collect();
    order.sort_by(|&a, &b| options.l2[b].total_cmp(&options.l2[a]));
    for unit in 0..y.ncols() {
        let counts = y.column(unit).to_vec();
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        if mean == 0.0 {
            let rate = unseen(counts.len());
            predictions.iter_mut().for_each(|p| p.column_mut(unit).fill(rate));
            continue;
        }
        let mut last = None;
        for &k in &order {
            // the curvature of the likelihood along a component is its sum of squares times the mean
            let l2 = options.l2[k] * scale * mean;
            let fit = design.fit(&counts, l2, last.as_ref())?;
            predictions[k].column_mut(unit).assign(&Array1::from(fit.rates(new.view())?));
            last = Some(fit);
        }
    }
    Ok(predictions)
}

/// Error per unit: squared, or Poisson deviance.
fn error(
    model: EncodingModel,
    responses: &Array2<f64>,
    predicted: &Array2<f64>,
) -> Result<Array1<f64>, MeasureError> {
    match model {
        EncodingModel::Ridge => {
            Ok((responses - predicted).mapv(|error| error * error).sum_axis(Axis(0)))
        }
        EncodingModel::Poisson => {
            let of = |unit: usize| {
                let rates = predicted.column(unit).to_vec();
                poisson_deviance(&responses.column(unit).to_vec(), &rates)
            };
            (0..responses.ncols()).map(of).collect()
        }
    }
}

/// Rate of a unit without a count in so many samples: half a count in all of them.
fn unseen(samples: usize) -> f64 {
    0.5 / samples as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benjamini_hochberg;
    use crate::reduced_rank::tests::normal;
    use attractor_numerics::random::stream;
    use rand_distr::{Distribution, Poisson};

    /// Log rates of 6 of 10 features for half of the units, constant for the others.
    fn counts(images: usize, units: usize, seed: u64) -> (Array2<f64>, Array2<f64>, Array2<f64>) {
        let features = normal(images, 10, seed);
        let mut weights = normal(10, units, seed + 1) * 0.2;
        weights.slice_mut(s![.., units / 2..]).fill(0.0);
        weights.slice_mut(s![6.., ..]).fill(0.0);
        let log_rates = features.dot(&weights) + 2.0;
        let mut rng = stream(seed, "encoding");
        let counts = log_rates.mapv(|r: f64| Poisson::new(r.exp()).unwrap().sample(&mut rng));
        (features, log_rates, counts)
    }

    #[test]
    fn planted_tuning_is_predicted_by_both_models() {
        let (features, log_rates, counts) = counts(200, 8, 1);
        let groups: Vec<usize> = (0..200).collect();
        for model in [EncodingModel::Ridge, EncodingModel::Poisson] {
            let options = EncodingOptions { model, ..EncodingOptions::default() };
            let responses = match model {
                EncodingModel::Ridge => counts.mapv(f64::sqrt),
                EncodingModel::Poisson => counts.clone(),
            };
            let found = encode(features.view(), responses.view(), &groups, &options).unwrap();
            let log = |r: &f64| if model == EncodingModel::Poisson { r.ln() } else { *r };
            for unit in 0..4 {
                let truth = log_rates.column(unit).to_vec();
                let predicted: Vec<f64> = found.predicted.column(unit).iter().map(log).collect();
                let r = pearson(&predicted, &truth).unwrap();
                // ten weights, each known to 1 / (counts in the training part), add their variances
                let error = 10.0 / (0.8 * counts.column(unit).sum());
                let signal = Array1::from(truth).var(0.0);
                assert!(r * r > signal / (signal + 2.0 * error), "{model:?} {unit} {r}");
            }
        }
    }

    /// Units without tuning pass a test at 10 % about as often as they should, and no tuned one is missed.
    #[test]
    fn units_without_tuning_are_calibrated() {
        let (features, _, counts) = counts(100, 120, 2);
        let groups: Vec<usize> = (0..100).collect();
        let options = EncodingOptions { l2: vec![0.1, 1.0, 10.0], ..EncodingOptions::default() };
        let roots = counts.mapv(f64::sqrt);
        let p =
            encoding_significance(features.view(), roots.view(), &groups, &options, 99).unwrap();
        let low = p[60..].iter().filter(|p| **p <= 0.1).count();
        // binomial with 60 and 0.1: 6 ± 2.3
        assert!(low <= 13, "{low} of 60");
        let q = benjamini_hochberg(&p).unwrap();
        let found = q[..60].iter().filter(|q| **q <= 0.05).count();
        let wrong = q[60..].iter().filter(|q| **q <= 0.05).count();
        assert!(found >= 55 && wrong <= 6, "{found} {wrong}");
    }

    /// Features that name the image predict nothing on other images, and everything if trials are held out.
    #[test]
    fn repeats_of_an_image_leak_unless_they_are_grouped() {
        let (images, repeats) = (20, 5);
        let tuning = normal(images, 3, 3);
        let image: Vec<usize> = (0..images * repeats).map(|k| k % images).collect();
        let name = Array2::from_shape_fn((image.len(), images), |(k, j)| f64::from(image[k] == j));
        let responses = tuning.select(Axis(0), &image) + normal(image.len(), 3, 4) * 0.5;
        let trials: Vec<usize> = (0..image.len()).collect();
        let options = EncodingOptions::default();
        let mean = |groups: &[usize]| {
            let found = encode(name.view(), responses.view(), groups, &options).unwrap();
            found.correlations(responses.view(), &image).unwrap().iter().sum::<f64>() / 3.0
        };
        assert!(mean(&image) < 0.2 && mean(&trials) > 0.8);
    }

    #[test]
    fn silent_units_and_bad_input() {
        let (features, _, mut counts) = counts(40, 2, 5);
        counts.column_mut(1).fill(0.0);
        let groups: Vec<usize> = (0..40).collect();
        let options = EncodingOptions { model: EncodingModel::Poisson, ..Default::default() };
        let found = encode(features.view(), counts.view(), &groups, &options).unwrap();
        assert!(found.predicted.column(1).iter().all(|r| *r == 0.5 / 32.0));
        assert_eq!(found.null.column(1), found.predicted.column(1));
        assert_eq!(found.correlations(counts.view(), &groups).unwrap()[1], 0.0);
        assert!(encode(features.view(), counts.view(), &groups[1..], &options).is_err());
        assert!(encode(features.view(), counts.mapv(|k| -k).view(), &groups, &options).is_err());
        let flat = Array2::ones((40, 3));
        assert!(encode(flat.view(), counts.view(), &groups, &options).is_err());
    }
}
