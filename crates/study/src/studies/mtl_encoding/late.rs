//! Responses over time: a recurrent network for all units against separable tuning of each.

use std::sync::Arc;

use attractor::analysis::{Components, deviance_explained};
use attractor::data::{OUTPUT, Split, Target, Trials};
use attractor::learn::objective::{Link, Over, Poisson, Reduce, Term, WeightPenalty};
use attractor::learn::{DataSet, Learner, Objective, Phase, Stop, Validate};
use attractor::network::library::{Nonlinearity, elman, linear};
use attractor::network::{Description, Interventions, NoiseSource, Population, Projection, Wiring};
use attractor::numerics::law::Law;
use ndarray::{Array2, Array3, Axis, s};

use super::units::{BIN, BINS, LATE, ONSET, Units};
use crate::context::Context;
use crate::error::StudyError;
use crate::net::Net;

/// Components of the features that drive the network, its units, and how it learns (proposed).
const COMPONENTS: usize = 50;
const HIDDEN: usize = 64;
const RATE: f64 = 3e-3;
const BATCH: usize = 32;
const DECAY: f64 = 1.0;

/// `h ← max(W h + U f + b, 0)`, rates `exp(w·h + c)`, fitted to the mean counts of the training images of
/// a split; expected counts of the held-out images, summed over repeats, `[bin, image, unit]`.
///
/// A fifth of the training images decides when to stop.
pub(super) fn recurrent(
    context: &Context<'_>,
    features: &Array2<f64>,
    units: &Units,
    repeats: usize,
    split: &Split,
    updates: u64,
) -> Result<Array3<f64>, StudyError> {
    let trials = trials(features, units, repeats, split)?;
    let count = units.kinds.len();
    // log of the mean count in a bin: where outputs start
    let mean = units.binned.sum() / (units.binned.len() * repeats) as f64;
    let (hidden, readout) = (elman(Nonlinearity::Relu)?, linear()?);
    let mut populations = vec![
        Population::input("in", trials.inputs.len_of(Axis(2))),
        Population::of("rec", HIDDEN, &hidden),
        Population::of("out", count, &readout),
    ];
    for (population, value) in [(1, 0.0), (2, mean.ln())] {
        populations[population].bias.insert("I".to_owned(), Law::Constant { value });
    }
    let small = Wiring::Dense { law: Law::Gaussian { gain: 0.5 } };
    let projections = vec![
        Projection::new("in.u", "rec.I", Wiring::Dense { law: Law::Gaussian { gain: 1.0 } }),
        Projection::new("rec.h", "rec.I", small).lag(1),
        Projection::new("rec.h", "out.I", Wiring::Dense { law: Law::Gaussian { gain: 0.1 } }),
    ];
    let net = Net::draw(Description::new(BIN, populations, projections), context.seed)?;
    let penalty =
        WeightPenalty { parameters: "wirings".to_owned(), reduce: Reduce::Mean, weight: DECAY };
    let counts =
        Poisson { signal: OUTPUT.to_owned(), over: Over::Each, link: Link::Exp, weight: 1.0 };
    let terms = vec![Term::Poisson(counts), Term::L2Weights(penalty)];
    let phase = Phase {
        name: Some("recurrent model".to_owned()),
        objective: Objective { terms },
        learner: Learner { rate: RATE, batch: BATCH, ..Learner::default() },
        stop: Stop { updates, ..Stop::default() },
        validate: Validate { every: 10, trials: split.train.len() },
        ..Phase::default()
    };
    let (fitted, watched) = split.train.split_at(split.train.len() * 4 / 5);
    let parts = Split { train: fitted.to_vec(), held_out: watched.to_vec() };
    let source = DataSet::split(&trials, &parts, context.seed)?.judged_by_loss();
    let trained =
        context.train(&net.network, net.weights.clone(), phase, Arc::new(source), false)?;
    let held_out = trials.select(&split.held_out)?;
    let (off, intact) = (NoiseSource::off(), Interventions::default());
    let outputs = context.run(&net.network, &trained.best, &held_out, off, &intact, &[OUTPUT])?;
    Ok(outputs[0].mapv(|y| f64::from(y).exp() * repeats as f64))
}

/// One trial per image: components of its features from the onset of the response on, and mean counts.
fn trials(
    features: &Array2<f64>,
    units: &Units,
    repeats: usize,
    split: &Split,
) -> Result<Trials, StudyError> {
    let found = Components::of(features.select(Axis(0), &split.train).view(), COMPONENTS)?;
    let scores = found.of_others(features.view())?;
    let (most, seen) = (scores.ncols(), found.scores());
    let scale = (seen.mapv(|score| score * score).sum() / seen.len() as f64).sqrt();
    let mut inputs = Array3::zeros((BINS, features.nrows(), most + 1));
    for mut bin in inputs.outer_iter_mut().skip(ONSET) {
        bin.slice_mut(s![.., ..most]).assign(&scores.mapv(|score| (score / scale) as f32));
        bin.column_mut(most).fill(1.0);
    }
    let mut trials = Trials::new(BIN, inputs)?;
    let values = units.binned.mapv(|count| (count / repeats as f64) as f32);
    trials.targets = vec![Target::everywhere(OUTPUT, values)];
    Ok(trials)
}

/// Expected counts under separable tuning, `[bin, image, unit]` of the held-out images: `totals
/// [image, unit]` from the onset of the response on, divided over bins as in the training images. Given
/// the sum over bins, this is the likeliest profile.
pub(super) fn separable(totals: &Array2<f64>, units: &Units, split: &Split) -> Array3<f64> {
    let seen = units.binned.select(Axis(1), &split.train).sum_axis(Axis(1));
    let response = seen.slice(s![ONSET.., ..]).sum_axis(Axis(0)).mapv(|sum| sum.max(0.5));
    let held_out = totals.select(Axis(0), &split.held_out);
    Array3::from_shape_fn((BINS, held_out.nrows(), held_out.ncols()), |(bin, image, unit)| {
        // half a count where there was none
        held_out[[image, unit]] * seen[[bin, unit]].max(0.5) / response[unit]
    })
}

/// D² of expected counts in late bins of the held-out images, per unit, beyond the mean of each bin over
/// training images.
pub(super) fn late_explained(
    expected: &Array3<f64>,
    units: &Units,
    split: &Split,
) -> Result<Vec<f64>, StudyError> {
    let counts = units.binned.select(Axis(1), &split.held_out);
    let seen = units.binned.select(Axis(1), &split.train);
    let late = |values: &Array3<f64>, unit: usize| -> Vec<f64> {
        values.slice(s![LATE.., .., unit]).iter().copied().collect()
    };
    let of = |unit: usize| -> Result<f64, StudyError> {
        let mean = |bin: usize| {
            let sum = seen.slice(s![bin, .., unit]).sum();
            sum.max(0.5) / split.train.len() as f64
        };
        let images = split.held_out.len();
        let null: Vec<f64> =
            (LATE..BINS).flat_map(|bin| std::iter::repeat_n(mean(bin), images)).collect();
        Ok(deviance_explained(&late(&counts, unit), &late(expected, unit), &null)?)
    };
    (0..units.kinds.len()).map(of).collect()
}
