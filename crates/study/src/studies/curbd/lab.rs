//! Three regions, fitted in every way.

use std::path::Path;

use attractor::analysis::{Agreement, Currents, Group, Through, agreement, currents, pca, pearson};
use attractor::learn::constrained::{
    Constraint, FitError, Model, RateUnit, RolloutOptions, Samples, Setting, ThreeRegions,
    ThreeRegionsOptions, explained, rollout, three_regions,
};
use attractor::learn::force::{Force, ForceOptions, Pass, Prior};
use attractor::network::library::{NoisePlace, Nonlinearity, leaky};
use attractor::recording::{Normalisation, ReadOptions, read};
use attractor::report::{Figure, Matrix, SourceCurrents};
use ndarray::{ArrayView1, ArrayView3, Axis};

use super::Settings;
use crate::error::StudyError;
use crate::measured::Measured;

/// Rates are held within this (trainMultiRegionRNN.m).
const LIMIT: f64 = 0.999;
/// Penalty per sample of all ridge regressions here.
const L2: f64 = 1e-3;

pub(super) fn said(error: FitError) -> StudyError {
    StudyError::Study(format!("a fit that cannot be: {error}"))
}

/// A tanh unit at the step of the samples.
pub(super) fn tanh(
    samples: &Samples,
    tau: f64,
    constraint: Constraint,
) -> Result<Setting, StudyError> {
    let neuron = leaky(Nonlinearity::Tanh, NoisePlace::None)?;
    let unit = RateUnit::new(&neuron, samples.dt(), &[("tau", tau)]).map_err(said)?;
    Ok(Setting { unit, bias: false, constraint })
}

fn regions(seed: u64, units: usize, between: f64) -> Result<(ThreeRegions, Samples), StudyError> {
    let options = ThreeRegionsOptions { units, between, seed, ..ThreeRegionsOptions::default() };
    let made = three_regions(&options).map_err(said)?;
    let (samples, _) = made.samples.clone().scaled(LIMIT);
    Ok((made, samples))
}

/// A fit by the published algorithm.
pub(super) struct Published {
    passes: Vec<Pass>,
    replayed: f64,
    without: f64,
    model: Model,
}

impl Published {
    /// pVar of the last pass less that of the free run.
    pub(super) fn gap(&self) -> f64 {
        self.passes.last().map_or(f64::NAN, |pass| (pass.explained - self.replayed).abs())
    }

    pub(super) fn note(&self, measured: &mut Measured, name: &str) {
        measured.set(&format!("replay_{name}"), self.replayed);
        measured.set(&format!("without_{name}"), self.without);
        measured.set(&format!("first_{name}"), self.passes[0].explained);
        measured.set(&format!("chi2_{name}"), self.passes.last().map_or(f64::NAN, |p| p.chi2));
        let passes = self.passes.iter().map(|pass| pass.explained);
        measured.set_series(&format!("passes_{name}"), passes);
    }
}

/// The published algorithm with its noise of .01 and a filter of 100 ms, five steps per sample.
pub(super) fn published(
    seed: u64,
    units: usize,
    between: f64,
    tau: f64,
    passes: usize,
) -> Result<Published, StudyError> {
    let (_, samples) = regions(seed, units, between)?;
    let setting = tanh(&samples, tau, Constraint::default())?;
    let options = ForceOptions::published(seed);
    let mut force = Force::<f32>::new(&setting, &samples, &options).map_err(said)?;
    let run: Result<Vec<Pass>, FitError> = (0..passes.max(1)).map(|_| force.pass()).collect();
    let (replayed, without) = (force.free(true).1, force.free(false).1);
    Ok(Published { passes: run.map_err(said)?, replayed, without, model: force.model() })
}

/// Ridge, roll-outs and a warm start on four data sets: two sizes, two couplings.
pub(super) fn convex(
    seed: u64,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let mut least = |name: &str, value: f64| {
        let so_far = measured.get(name).unwrap_or(f64::INFINITY);
        measured.set(name, so_far.min(value));
    };
    let mut series: Vec<(&str, Vec<f64>)> = Vec::new();
    for (units, large) in [(settings.half, false), (settings.units, true)] {
        for between in [0.02, 0.2] {
            let (_, samples) = regions(seed, units, between)?;
            let setting = tanh(&samples, 100.0, Constraint::default())?;
            let ridge = setting.ridge(&samples, L2).map_err(said)?;
            least("skill", ridge.one_step(&samples).map_err(said)?.1);
            let base =
                RolloutOptions { l2: L2, iterations: settings.iterations, ..Default::default() };
            let quiet = RolloutOptions { noise: 0.0, ..base };
            let quiet = rollout(&setting, &samples, &quiet).map_err(said)?;
            least("ridge_free", quiet.clean[0]);
            least("quiet", quiet.clean[quiet.best]);
            let noisy = rollout(&setting, &samples, &base).map_err(said)?;
            let scores = noisy.model.scores(&samples, seed).map_err(said)?;
            if !large {
                least("rollout_small", scores.clean);
                continue;
            }
            least("rollout_large", scores.clean);
            least("rollout_jitter", scores.jittered);
            least("rollout_noise", scores.noisier);
            if between == 0.02 {
                let one = RolloutOptions { iterations: 1, ..base };
                let ridge = rollout(&setting, &samples, &one).map_err(said)?;
                let options =
                    ForceOptions { prior: Prior::Samples(L2), seed, ..ForceOptions::default() };
                let (model, sums) = (&ridge.model, &ridge.regression);
                let mut force =
                    Force::<f64>::warm(&setting, &samples, model, sums, &options).map_err(said)?;
                for _ in 0..settings.polish {
                    force.pass().map_err(said)?;
                }
                least("warm", force.model().scores(&samples, seed).map_err(said)?.clean);
                series.push(("iterates_clean", noisy.clean.clone()));
                series.push(("iterates_jitter", noisy.jittered.clone()));
            }
        }
    }
    for (name, values) in series {
        measured.set_series(name, values);
    }
    Ok(())
}

fn three(n: usize) -> Vec<Group> {
    let names = ["A", "B", "C"].into_iter().enumerate();
    names
        .map(|(k, name)| Group { name: name.to_owned(), units: (k * n..(k + 1) * n).collect() })
        .collect()
}

fn decompose(weights: &[f64], rates: &[f64], groups: &[Group]) -> Result<Currents, StudyError> {
    let units = groups.iter().map(|g| g.units.len()).sum();
    Ok(currents(weights, units, rates, groups, groups, Through::All)?)
}

/// Mean magnitude of the currents between regions over that within.
fn between(currents: &Currents) -> f64 {
    let magnitudes = currents.magnitudes();
    let (mut within, mut between) = (0.0, 0.0);
    for (target, row) in magnitudes.iter().enumerate() {
        for (source, magnitude) in row.iter().enumerate() {
            *(if target == source { &mut within } else { &mut between }) += magnitude;
        }
    }
    (between / 6.0) / (within / 3.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn all(agreement: &Agreement, wanted: impl Fn(usize, usize) -> bool) -> f64 {
    let mut values = Vec::new();
    for (target, row) in agreement.currents.iter().enumerate() {
        values.extend(
            row.iter()
                .enumerate()
                .filter(|(source, _)| wanted(target, *source))
                .filter_map(|(_, r)| *r),
        );
    }
    median(values)
}

/// Currents of the published fit, of two roll-outs and of the simulation.
pub(super) fn currents_of(
    seed: u64,
    settings: &Settings,
    published: &Published,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let n = settings.units;
    let (made, samples) = regions(seed, n, 0.02)?;
    let groups = three(n);
    let units = 3 * n;
    let free = |model: &Model| -> Result<Vec<f64>, StudyError> {
        Ok(model.free(&samples, Default::default()).map_err(said)?.concat())
    };

    let setting = tanh(&samples, 100.0, Constraint { no_self: true, ..Constraint::default() })?;
    let fit = |seed: u64| -> Result<Model, StudyError> {
        let options =
            RolloutOptions { l2: L2, iterations: settings.iterations, seed, ..Default::default() };
        Ok(rollout(&setting, &samples, &options).map_err(said)?.model)
    };
    let (one, other) = (fit(seed)?, fit(seed.wrapping_add(1 << 32))?);
    let own = (0..units).map(|i| one.weights[i * units + i].abs());
    measured.set("no_self", own.fold(0.0, f64::max));
    let (rates, others) = (free(&one)?, free(&other)?);
    let (first, second) =
        (decompose(&one.weights, &rates, &groups)?, decompose(&other.weights, &others, &groups)?);

    // identities, on the fit itself
    let mut sums = 0.0f64;
    for (target, group) in groups.iter().enumerate() {
        for (place, sum) in first.total(target).iter().enumerate() {
            let (t, unit) = (place / group.units.len(), group.units[place % group.units.len()]);
            let row = &one.weights[unit * units..(unit + 1) * units];
            let whole: f64 = row.iter().zip(&rates[t * units..]).map(|(w, r)| w * r).sum();
            sums = sums.max((sum - whole).abs());
        }
    }
    measured.set("sums", sums);
    let part = |through| currents(&one.weights, units, &rates, &groups, &groups, through);
    let (excited, inhibited) = (part(Through::Excitatory)?, part(Through::Inhibitory)?);
    let mut parts = 0.0f64;
    for (k, row) in first.blocks.iter().enumerate() {
        for (l, block) in row.iter().enumerate() {
            let both = excited.blocks[k][l].iter().zip(&inhibited.blocks[k][l]);
            for (whole, (e, i)) in block.iter().zip(both) {
                parts = parts.max((whole - e - i).abs());
            }
        }
    }
    measured.set("parts", parts);

    // the simulation: rates before each region was divided by its largest
    let rescaled = |(k, r): (usize, &f64)| r * made.scales[k % units / n];
    let true_rates: Vec<f64> = samples.rates(0).iter().enumerate().map(rescaled).collect();
    let truth = decompose(&made.weights, &true_rates, &groups)?;
    let theirs = decompose(&published.model.weights, samples.rates(0), &groups)?;
    let mine = decompose(&one.weights, samples.rates(0), &groups)?;
    measured.set("between_python", between(&theirs));
    measured.set("between_truth", between(&truth));
    let restart = agreement((&one.weights, &other.weights), units, (&first, &second))?;
    measured.set("weights_restart", restart.weights);
    measured.set("currents_restart", all(&restart, |_, _| true));
    let solver = agreement((&published.model.weights, &one.weights), units, (&theirs, &mine))?;
    measured.set("weights_solver", solver.weights);
    measured.set("currents_solver", all(&solver, |_, _| true));
    let with_truth = agreement((&one.weights, &made.weights), units, (&mine, &truth))?;
    measured.set("weights_truth", with_truth.weights);
    measured.set("currents_within", all(&with_truth, |t, s| t == s));
    measured.set("currents_between", all(&with_truth, |t, s| t != s));
    let component = |rows: &[f64], width: usize| -> Result<Vec<f64>, StudyError> {
        let samples = rows.len() / width;
        let rows = ArrayView3::from_shape((samples, 1, width), rows)
            .map_err(|e| StudyError::Study(format!("components of {samples} × {width}: {e}")))?;
        let found = pca(rows)?;
        let along = |row: ArrayView1<'_, f64>| -> f64 {
            row.iter().zip(&found.components[0]).map(|(x, c)| x * c).sum()
        };
        Ok(rows.index_axis(Axis(1), 0).outer_iter().map(along).collect())
    };
    let (own, sequence) = (component(&mine.blocks[1][1], n)?, component(&made.sequence, n)?);
    measured.set("sequence", pearson(&own, &sequence)?.abs());
    // every tenth sample, for the figure
    for (k, row) in mine.blocks.iter().enumerate() {
        for (l, block) in row.iter().enumerate() {
            let thin = block.chunks_exact(n).step_by(THIN).flat_map(|row| row.to_vec());
            measured.set_series(&format!("current_{k}{l}"), thin);
        }
    }
    Ok(())
}

/// Samples per column of the figure.
const THIN: usize = 10;

/// The currents of a roll-out.
pub(super) fn grid(measured: &Measured) -> Option<Figure> {
    let names = ["A", "B", "C"];
    let mut figure = SourceCurrents::new(10.0 * THIN as f64, names);
    for (k, name) in names.into_iter().enumerate() {
        let block = |l: usize| {
            let values = measured.series(&format!("current_{k}{l}"));
            let samples = 1201usize.div_ceil(THIN);
            Matrix::new(samples, values.len() / samples, &values).ok()
        };
        figure = figure.target(name, (0..3).map(block).collect::<Option<Vec<_>>>()?);
    }
    Some(figure.figure())
}

/// A stretch of songbird HVC: the first 166 frames, smoothed over 4, five steps a frame.
pub(super) fn hvc(
    file: &Path,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let recording = read(file, &ReadOptions { inputs: Some(String::new()), ..Default::default() })?;
    let asked = |e: attractor::recording::RecordingError| StudyError::Study(format!("HVC: {e}"));
    let (recording, _) = recording.live_units().map_err(asked)?;
    let recording = recording.smoothed(4.0).map_err(asked)?.segment(0..166).map_err(asked)?;
    let (recording, _) = recording.normalised(Normalisation::Global);
    let (rates, inputs) = (recording.activity.view(), recording.inputs.view());
    let samples = Samples::new(recording.dt, rates, inputs, &recording.lengths).map_err(said)?;
    let samples = samples.upsampled(5).map_err(said)?.scaled(LIMIT).0;
    let setting = tanh(&samples, 100.0, Constraint::default())?;
    let options = RolloutOptions {
        l2: 1e-4,
        noise: 0.0,
        iterations: settings.iterations,
        ..RolloutOptions::default()
    };
    let fit = rollout(&setting, &samples, &options).map_err(said)?;
    let free = fit.model.free(&samples, Default::default()).map_err(said)?;
    measured.set("hvc", explained(&free, &samples));
    Ok(())
}
