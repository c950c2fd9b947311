//! Encoding models: how well features of stimuli predict each unit on stimuli that were not seen.

use attractor_analysis::{
    EncodingModel, EncodingOptions, MeasureError, benjamini_hochberg, deviance_explained, encode,
    encoding_significance, noise_ceiling,
};
use attractor_data::{NpzArray, write_npz};
use ndarray::{Array2, Array3, Axis};

use super::closing::close;
use super::config::{EncodeConfig, FitConfig, FitExperiment};
use super::prepare::prepare;
use super::results::{FitResults, finite};
use super::session::FitOutcome;
use crate::clock;
use crate::directory::{RunDirectory, write_text};
use crate::error::RunError;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::observer::{Event, Observer};
use crate::train::Settings;

mod page;
mod scores;
mod stimuli;

#[cfg(test)]
mod tests;

pub use scores::{EncodedUnit, EncodingFit, FALSE_DISCOVERIES, LayerScore};
use stimuli::Stimuli;

fn unmeasured(error: MeasureError) -> RunError {
    RunError::Request(format!("encoding: {error}"))
}

/// Encoding models of every unit, from the files to the page.
pub(crate) fn fit(
    experiment: &FitExperiment,
    directory: &RunDirectory,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, RunError> {
    let FitConfig { seed, recording, encode, .. } = &experiment.config;
    let started = clock::now();
    let prepared = prepare(recording)?;
    let stimuli = Stimuli::read(encode, &prepared.recording)?;
    write_text(&directory.config(), &experiment.text)?;
    let mut log = Log::open(&directory.log());
    let tests = if encode.permutations > 0 { stimuli.layers.len() } else { 0 };
    let most = (stimuli.layers.len() + tests) as u64;
    let mut done = 0;
    let mut step = |what: String| {
        log.say(&what);
        observer.event(Event::Note(&what));
        observer.event(Event::Training { done, most });
        done += 1;
        !observer.interrupted()
    };
    let (count, trials) = (stimuli.count(), stimuli.trials());
    let samples = Samples::of(&stimuli, encode.model);
    let options = options(encode, *seed);
    let mut found = Vec::new();
    for (name, features) in &stimuli.layers {
        if !step(format!("layer {name}: {count} stimuli, {trials} trials")) {
            return Ok(FitOutcome::Interrupted);
        }
        found.push(Layer::fit(name, features, &samples, &options)?);
    }
    let mut p: Vec<Vec<f64>> = Vec::new();
    let means = Samples::of(&stimuli, EncodingModel::Ridge);
    let ridge = EncodingOptions { model: EncodingModel::Ridge, ..options.clone() };
    for (name, features) in stimuli.layers.iter().take(tests) {
        if !step(format!("layer {name}: {} permutations", encode.permutations)) {
            return Ok(FitOutcome::Interrupted);
        }
        let x = features.select(Axis(0), &means.rows);
        let of = encoding_significance(
            x.view(),
            means.y.view(),
            &means.groups,
            &ridge,
            encode.permutations,
        );
        p.push(of.map_err(unmeasured)?);
    }
    let names = &prepared.recording.unit_names;
    let scored = judge(&stimuli, &samples, &found, &p, names, encode, *seed)?;
    let file = directory.path().join("encoding.npz");
    let (predicted, response) = samples.by_stimulus(&found, &scored);
    let rows: ndarray::Array1<i64> = stimuli.used.iter().map(|&row| row as i64).collect();
    let arrays: [(&str, NpzArray<'_>); 3] = [
        ("predicted", (&predicted).into()),
        ("response", (&response).into()),
        ("stimulus", (&rows).into()),
    ];
    write_npz(&file, &arrays)?;
    let mut warnings = prepared.recording.provenance.repairs.clone();
    warnings.extend(scored.warnings());
    let results = FitResults {
        seed: *seed,
        recording: prepared.facts(recording),
        encoding: Some(scored),
        warnings,
        started,
        ..FitResults::default()
    };
    let text = &experiment.text;
    close(results, &Metrics::default(), settings, log, directory, observer, |results| {
        page::write(results, text, directory)
    })
}

fn options(config: &EncodeConfig, seed: u64) -> EncodingOptions {
    EncodingOptions {
        model: config.model,
        components: config.components,
        l2: config.l2.clone(),
        outer: config.outer,
        inner: config.inner,
        seed,
    }
}

/// What is regressed.
struct Samples {
    /// `[sample, unit]`
    y: Array2<f64>,
    /// Row of the features of each sample.
    rows: Vec<usize>,
    /// Stimulus of each sample, in the order of those that were used.
    groups: Vec<usize>,
}

impl Samples {
    /// Ridge regression takes the mean response to each stimulus, Poisson regression the sum of counts if
    /// all were shown equally often, else every trial.
    fn of(stimuli: &Stimuli, model: EncodingModel) -> Self {
        let each = || (0..stimuli.count()).collect::<Vec<usize>>();
        let (y, groups) = match model {
            EncodingModel::Ridge => (stimuli.means(&stimuli.transformed()), each()),
            EncodingModel::Poisson => match stimuli.repeats() {
                [least, most] if least == most => {
                    (stimuli.means(&stimuli.responses) * least as f64, each())
                }
                _ => (stimuli.responses.clone(), stimuli.of_trial.clone()),
            },
        };
        let rows = groups.iter().map(|&stimulus| stimuli.used[stimulus]).collect();
        Samples { y, rows, groups }
    }

    /// Predictions of the chosen layers and responses, `[stimulus, unit]`, means over samples.
    fn by_stimulus(&self, layers: &[Layer], scores: &EncodingFit) -> (Array2<f64>, Array2<f64>) {
        let stimuli = self.groups.iter().max().map_or(0, |last| last + 1);
        let mut sums = [(); 2].map(|()| Array2::zeros((stimuli, self.y.ncols())));
        let mut counts = vec![0.0; stimuli];
        for (sample, &stimulus) in self.groups.iter().enumerate() {
            counts[stimulus] += 1.0;
            for (unit, score) in scores.units.iter().enumerate() {
                let layer = layers.iter().find(|layer| layer.name == score.layer);
                sums[0][[stimulus, unit]] += layer.map_or(0.0, |l| l.predicted[[sample, unit]]);
                sums[1][[stimulus, unit]] += self.y[[sample, unit]];
            }
        }
        let mean = |mut sum: Array2<f64>| {
            sum.rows_mut().into_iter().zip(&counts).for_each(|(mut row, n)| row /= *n);
            sum
        };
        let [predicted, response] = sums;
        (mean(predicted), mean(response))
    }
}

/// What one layer says of each unit.
struct Layer {
    name: String,
    features: usize,
    /// `[sample, unit]`
    predicted: Array2<f64>,
    r: Vec<f64>,
    /// Fraction of the variance or deviance, beyond the training mean.
    explained: Vec<Option<f64>>,
}

impl Layer {
    fn fit(
        name: &str,
        features: &Array2<f64>,
        samples: &Samples,
        options: &EncodingOptions,
    ) -> Result<Self, RunError> {
        let x = features.select(Axis(0), &samples.rows);
        let y = samples.y.view();
        let found = encode(x.view(), y, &samples.groups, options).map_err(unmeasured)?;
        let r = found.correlations(y, &samples.groups).map_err(unmeasured)?;
        let explained = (0..y.ncols()).map(|unit| {
            let of = |values: &Array2<f64>| values.column(unit).to_vec();
            let (y, predicted, null) = (of(&samples.y), of(&found.predicted), of(&found.null));
            match options.model {
                EncodingModel::Poisson => deviance_explained(&y, &predicted, &null).ok(),
                EncodingModel::Ridge => {
                    let squares = |from: &[f64]| -> f64 {
                        y.iter().zip(from).map(|(y, x)| (y - x) * (y - x)).sum()
                    };
                    finite(1.0 - squares(&predicted) / squares(&null))
                }
            }
        });
        let explained = explained.collect();
        let (name, features) = (name.to_owned(), features.ncols());
        Ok(Layer { name, features, predicted: found.predicted, r, explained })
    }
}

/// Scores of each unit by its best layer.
fn judge(
    stimuli: &Stimuli,
    samples: &Samples,
    layers: &[Layer],
    p: &[Vec<f64>],
    names: &[String],
    config: &EncodeConfig,
    seed: u64,
) -> Result<EncodingFit, RunError> {
    let ceilings = ceilings(stimuli, config, seed)?;
    let units = samples.y.ncols();
    let best: Vec<usize> = (0..units)
        .map(|unit| {
            (1..layers.len())
                .fold(0, |best, l| if layers[l].r[unit] > layers[best].r[unit] { l } else { best })
        })
        .collect();
    // the least of as many p values as there are layers
    let least = |unit: usize| {
        let least = p.iter().map(|p| p[unit]).fold(1.0, f64::min);
        (least * p.len() as f64).min(1.0)
    };
    let p: Option<Vec<f64>> = (!p.is_empty()).then(|| (0..units).map(least).collect());
    let q = p.as_ref().map(|p| benjamini_hochberg(p)).transpose().map_err(unmeasured)?;
    let unit = |unit: usize| {
        let layer = &layers[best[unit]];
        let (r, ceiling) = (layer.r[unit], ceilings.as_ref().map(|of| of[unit]));
        EncodedUnit {
            name: names.get(unit).cloned().unwrap_or_default(),
            layer: layer.name.clone(),
            r,
            ceiling,
            normalised: ceiling.filter(|c| *c > 0.0).and_then(|c| finite(r / c)),
            explained: layer.explained[unit],
            p: p.as_ref().map(|p| p[unit]),
            q: q.as_ref().map(|q| q[unit]),
        }
    };
    let units: Vec<EncodedUnit> = (0..units).map(unit).collect();
    let layer = |(k, layer): (usize, &Layer)| LayerScore {
        name: layer.name.clone(),
        features: layer.features,
        r: scores::median(layer.r.iter().copied()),
        best: best.iter().filter(|&&best| best == k).count(),
    };
    Ok(EncodingFit {
        model: config.model,
        square_root: stimuli.counts && config.model == EncodingModel::Ridge,
        stimuli: stimuli.count(),
        trials: stimuli.trials(),
        repeats: stimuli.repeats(),
        window: stimuli.window,
        parts: config.outer,
        layers: layers.iter().enumerate().map(layer).collect(),
        units,
        permutations: config.permutations,
    })
}

/// Noise ceilings of mean responses, over as many repeats as every stimulus has; none of single ones.
fn ceilings(
    stimuli: &Stimuli,
    config: &EncodeConfig,
    seed: u64,
) -> Result<Option<Vec<f64>>, RunError> {
    let [repeats, _] = stimuli.repeats();
    if repeats < 2 {
        return Ok(None);
    }
    let of = match config.model {
        EncodingModel::Ridge => stimuli.transformed(),
        EncodingModel::Poisson => stimuli.responses.clone(),
    };
    let mut single = Array3::zeros((repeats, stimuli.count(), of.ncols()));
    let mut seen = vec![0; stimuli.count()];
    for (trial, &stimulus) in stimuli.of_trial.iter().enumerate() {
        if seen[stimulus] < repeats {
            single.slice_mut(ndarray::s![seen[stimulus], stimulus, ..]).assign(&of.row(trial));
            seen[stimulus] += 1;
        }
    }
    let ceiling = |unit: usize| {
        Ok(noise_ceiling(single.index_axis(Axis(2), unit), config.splits, seed)?.ceiling)
    };
    let found: Result<Vec<f64>, MeasureError> = (0..of.ncols()).map(ceiling).collect();
    found.map(Some).map_err(unmeasured)
}
