//! What the models say about units, against what is known of them.

use attractor::analysis::{
    Encoded, EncodingOptions, bits_per_spike, deviance_explained, encode, noise_ceiling, pearson,
};
use ndarray::{Array2, Axis, s};

use super::units::{Kind, Units};
use crate::claim::median;
use crate::error::StudyError;
use crate::measured::Measured;

/// A value of each unit of some kinds.
pub(super) fn of(
    units: &Units,
    wanted: impl Fn(Kind) -> bool,
    value: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let chosen = (0..units.kinds.len()).filter(|&unit| wanted(units.kinds[unit]));
    chosen.map(value).collect()
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Correlations over noise ceilings, and how well each layer predicts units of each.
pub(super) fn normalised(
    units: &Units,
    roots: &Array2<f64>,
    r: &[Vec<f64>],
    best: &[usize],
    splits: usize,
    seed: u64,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let single = units.counts.mapv(f64::sqrt);
    let ceilings = (0..roots.ncols())
        .map(|unit| Ok(noise_ceiling(single.slice(s![.., .., unit]), splits, seed)?.ceiling))
        .collect::<Result<Vec<f64>, StudyError>>()?;
    // a ceiling of 0 says nothing
    let over = |unit: usize| r[best[unit]][unit] / ceilings[unit];
    let known = |wanted: &dyn Fn(Kind) -> bool| {
        median(of(units, wanted, over).into_iter().filter(|value| value.is_finite()))
    };
    measured.set("dense_normalised", known(&|kind| matches!(kind, Kind::Dense(_))));
    measured.set("sparse_normalised", known(&|kind| kind == Kind::Sparse));
    for layer in 1..r.len() {
        let profile =
            r.iter().map(|r| median(of(units, |kind| kind == Kind::Dense(layer), |unit| r[unit])));
        measured.set_series(&format!("profile_{layer}"), profile);
    }
    Ok(())
}

/// Held-out rates of Poisson regression `[image, unit]`, and their null rates, each unit on its own layer.
pub(super) fn by_layer(
    layers: &[Array2<f64>],
    counts: &Array2<f64>,
    best: &[usize],
    image: &[usize],
    options: &EncodingOptions,
) -> Result<[Array2<f64>; 2], StudyError> {
    let mut rates = [Array2::zeros(counts.dim()), Array2::zeros(counts.dim())];
    for (layer, features) in layers.iter().enumerate() {
        let mine: Vec<usize> = (0..best.len()).filter(|&unit| best[unit] == layer).collect();
        if mine.is_empty() {
            continue;
        }
        let counts = counts.select(Axis(1), &mine);
        let found = encode(features.view(), counts.view(), image, options)?;
        for (k, &unit) in mine.iter().enumerate() {
            rates[0].column_mut(unit).assign(&found.predicted.column(k));
            rates[1].column_mut(unit).assign(&found.null.column(k));
        }
    }
    Ok(rates)
}

/// Poisson regression against the truth and against ridge regression.
pub(super) fn scores(
    units: &Units,
    counts: &Array2<f64>,
    [rates, null]: &[Array2<f64>; 2],
    ridge: &[Encoded],
    best: &[usize],
    repeats: usize,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let (mut dense_r, mut bits, mut gain) = (Vec::new(), Vec::new(), Vec::new());
    for (unit, kind) in units.kinds.iter().enumerate() {
        let column = |of: &Array2<f64>| of.column(unit).to_vec();
        let (counts, rates, null) = (column(counts), column(rates), column(null));
        match kind {
            Kind::Dense(_) => {
                let log: Vec<f64> = rates.iter().map(|rate| rate.ln()).collect();
                dense_r.push(pearson(&log, &column(&units.log_rates))?);
                bits.push(bits_per_spike(&counts, &rates, &null)?);
            }
            Kind::Sparse => {
                // E[k] = E[√k]² + var √k, and the square root of a count has a variance of about ¼
                let expected = |root: f64| repeats as f64 * (root.max(0.0).powi(2) + 0.25);
                let linear = column(&ridge[best[unit]].predicted);
                let linear: Vec<f64> = linear.into_iter().map(expected).collect();
                let poisson = deviance_explained(&counts, &rates, &null)?;
                gain.push(poisson - deviance_explained(&counts, &linear, &null)?);
            }
            Kind::Recurrent | Kind::Null => {}
        }
    }
    measured.set("dense_r", median(dense_r));
    measured.set("dense_bits", median(bits));
    measured.set("sparse_gain", median(gain));
    Ok(())
}

/// What trial-wise cross-validation adds to the correlation of predictions with single trials.
pub(super) fn leak(
    units: &Units,
    features: &Array2<f64>,
    options: &EncodingOptions,
) -> Result<f64, StudyError> {
    let (repeats, images, count) = units.counts.dim();
    let image: Vec<usize> = (0..repeats * images).map(|trial| trial % images).collect();
    let trial: Vec<usize> = (0..repeats * images).collect();
    let shown = features.select(Axis(0), &image);
    let roots = Array2::from_shape_fn((repeats * images, count), |(trial, unit)| {
        units.counts[[trial / images, trial % images, unit]].sqrt()
    });
    let r = |groups: &[usize]| -> Result<f64, StudyError> {
        let found = encode(shown.view(), roots.view(), groups, options)?;
        let r = found.correlations(roots.view(), &trial)?;
        Ok(mean(&of(units, |kind| kind != Kind::Null, |unit| r[unit])))
    };
    Ok(r(&trial)? - r(&image)?)
}
