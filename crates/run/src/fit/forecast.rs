//! Forecast: a network trained on some of the data and judged on the rest, beside its baselines.

use std::sync::Arc;

use attractor_learn::Progress;
use attractor_recording::{
    BaselineOptions, Baselines, Division, Forecast, Mode, R2, Recording, Stretch, baselines,
    evaluate,
};
use ndarray::Array3;

use super::choice::{Court, Penalties, best, scores};
use super::config::{FitConfig, ForecastConfig};
use super::counts::{self, SpikeScores};
use super::coupling::Regions;
use super::model::Shape;
use super::predictor::Predictor;
use super::prepare::{Prepared, division, gap, inner, reduced, scaled};
use super::results::{Candidate, Chosen, ForecastRow, ForecastScores, UnitScore, finite, triples};
use super::training::{Job, Trained};
use crate::error::RunError;

/// A recording divided, with what judges forecasts of it.
pub(crate) struct Trial {
    pub(crate) recording: Arc<Recording>,
    pub(crate) division: Division,
    pub(crate) folds: Vec<Division>,
    pub(crate) baselines: Baselines,
    regions: Option<Regions>,
    /// Part of the variance of the inputs that is kept.
    kept: f64,
    gap: usize,
    /// What the rates of each unit were multiplied by.
    pub(crate) factors: Vec<f32>,
    /// The activity, if it is counts of spikes.
    counts: Option<Array3<f32>>,
}

impl Trial {
    /// Divides, scales by the training data, and judges the baselines.
    pub(crate) fn prepare(
        prepared: &Prepared,
        config: &FitConfig,
        inputs: bool,
    ) -> Result<Trial, RunError> {
        let recording = match inputs {
            true => prepared.recording.clone(),
            false => prepared.recording.clone().without_inputs(),
        };
        let division = division(&recording, config.forecast.held_out, config)?;
        let (normalise, peak) = (config.recording.normalise, config.recording.peak);
        let (recording, factors) = scaled(&recording, &division.train, normalise, peak);
        let components = config.recording.components;
        let (recording, kept) = reduced(&recording, &division.train, components)?;
        let gap = gap(config);
        let folds = inner(&division, config.forecast.folds, gap)?;
        let mut options = BaselineOptions {
            horizons: config.forecast.horizons.clone(),
            gap,
            ..BaselineOptions::default()
        };
        // it may look back as far as the network does
        if !options.lags.contains(&config.forecast.lags()) {
            options.lags.push(config.forecast.lags());
        }
        let baselines = baselines(&recording, &division, &options)?;
        let regions = Regions::of(config, prepared)?;
        let (recording, counts) = (Arc::new(recording), prepared.counts.clone());
        Ok(Trial { recording, division, folds, baselines, regions, kept, gap, factors, counts })
    }

    pub(crate) fn job(&self, config: &FitConfig) -> Job {
        let ForecastConfig { hidden, history, noise, gain, own, .. } = config.forecast;
        let ForecastConfig { window, updates, batch, rate, clip, .. } = config.forecast;
        let recording = &self.recording;
        let shape = Shape {
            units: recording.units(),
            hidden,
            channels: recording.channels(),
            frame: recording.dt,
            steps: config.network.steps,
            tau: config.network.tau.unwrap_or(3.0 * recording.dt),
            rank: config.network.rank,
            regions: self.regions.clone(),
            displaced: 0,
            history,
            noise,
            gain,
            own,
        };
        Job {
            shape,
            recording: recording.clone(),
            stretches: self.division.train.clone(),
            window: Some(window),
            filter_l2: 0.0,
            l2: 0.0,
            updates,
            batch,
            rate,
            clip,
            seed: config.seed,
        }
    }

    /// Chooses the penalties and trains; none if `watch` gave up. `chosen` sees the updates of the
    /// final network, `watch` those of all.
    pub(crate) fn train(
        &self,
        config: &FitConfig,
        threads: usize,
        watch: &mut dyn FnMut(&Progress) -> bool,
        last: &mut dyn FnMut(&Progress),
    ) -> Result<Option<(Trained, Chosen)>, RunError> {
        let court = Court {
            recording: &self.recording,
            folds: &self.folds,
            horizons: &config.forecast.horizons,
            lead: self.baselines.lead,
            threads,
        };
        let mut job = self.job(config);
        let penalties = candidates(&config.forecast);
        let mut chosen = Chosen::default();
        let mut best_of = 0;
        if penalties.len() > 1 {
            let Some(scores) = scores(&court, &job, &penalties, watch)? else { return Ok(None) };
            best_of = best(&scores);
            let candidate = |(&Penalties { filter_l2, l2 }, &r2)| Candidate { filter_l2, l2, r2 };
            chosen.candidates = penalties.iter().zip(&scores).map(candidate).collect();
        }
        let Penalties { filter_l2, l2 } = penalties[best_of];
        (job.filter_l2, job.l2, chosen.filter_l2, chosen.l2) = (filter_l2, l2, filter_l2, l2);
        let trained = job.train(threads, &mut |progress| {
            last(progress);
            watch(progress)
        })?;
        Ok(trained.map(|trained| (trained, chosen)))
    }

    /// Trains once more from another seed, with penalties that were chosen before; none if `watch` gave
    /// up.
    pub(crate) fn again(
        &self,
        config: &FitConfig,
        chosen: &Chosen,
        seed: u64,
        threads: usize,
        watch: &mut dyn FnMut(&Progress) -> bool,
    ) -> Result<Option<Trained>, RunError> {
        let Chosen { filter_l2, l2, .. } = *chosen;
        Job { filter_l2, l2, seed, ..self.job(config) }.train(threads, watch)
    }

    /// R² of the free run on held-out data.
    pub(crate) fn free(
        &self,
        trained: &Trained,
        config: &FitConfig,
        threads: usize,
    ) -> Result<R2, RunError> {
        let mean = self.recording.mean_over(&self.division.train)?;
        let (lead, longest) = (self.baselines.lead, config.forecast.horizons.iter().max());
        let horizons = [longest.copied().unwrap_or(1)];
        let predictor = Predictor::new(trained, threads)?;
        let held_out = &self.division.held_out;
        let mut modes = evaluate(&predictor, &self.recording, held_out, &mean, lead, &horizons)?;
        // the free run is the last way to predict
        Ok(modes.pop().map_or_else(|| R2::about(mean), |(_, r2)| r2))
    }

    /// How well free runs explain counts that were held out.
    fn spikes(&self, predictor: &Predictor, config: &FitConfig) -> Option<SpikeScores> {
        let lead = self.baselines.lead;
        let long = |stretch: &&Stretch| stretch.frames.len() > lead;
        let run = |stretch: &Stretch| {
            let start = stretch.frames.start + lead - 1;
            let frames = start + 1..stretch.frames.end;
            let rates = predictor.free(&self.recording, stretch, start);
            (Stretch { trial: stretch.trial, frames }, rates)
        };
        let runs: Vec<_> = self.division.held_out.iter().filter(long).map(run).collect();
        let reach = counts::reach(config.recording.smooth);
        counts::judge(self.counts.as_ref()?, &self.factors, &self.division.train, &runs, reach)
    }

    /// Judges on held-out and on training data; `labels` are the regions of the units.
    pub(crate) fn judge(
        &self,
        trained: &Trained,
        chosen: Chosen,
        labels: &[String],
        config: &FitConfig,
        threads: usize,
    ) -> Result<ForecastScores, RunError> {
        let predictor = Predictor::new(trained, threads)?;
        let mean = self.recording.mean_over(&self.division.train)?;
        let judge = |stretches| {
            let (lead, horizons) = (self.baselines.lead, &config.forecast.horizons);
            evaluate(&predictor, &self.recording, stretches, &mean, lead, horizons)
        };
        let (held, train) = (judge(&self.division.held_out)?, judge(&self.division.train)?);
        let rows = held.iter().zip(&train);
        let free = held.iter().find(|(mode, _)| *mode == Mode::FreeRunning);
        let free = free.map_or_else(Vec::new, |(_, r2)| r2.per_unit());
        let named = self.recording.unit_names.iter().zip(labels).zip(free);
        let unit = |((name, region), free): ((&String, &String), f64)| UnitScore {
            name: name.clone(),
            region: region.clone(),
            free: finite(free),
        };
        Ok(ForecastScores {
            units: named.map(unit).collect(),
            spikes: self.spikes(&predictor, config),
            inputs: self.recording.channels() > 0,
            inputs_kept: self.kept,
            chosen,
            train: triples(&self.division.train),
            held_out: triples(&self.division.held_out),
            gap: self.gap,
            rows: rows.map(|(h, t)| ForecastRow::of(h, t, &self.baselines)).collect(),
            ..ForecastScores::default()
        })
    }
}

/// Every penalty of the filter with every penalty of the coupling, the most cautious last.
pub(crate) fn candidates(config: &ForecastConfig) -> Vec<Penalties> {
    let filters = if config.history > 0 { &config.filter_l2[..] } else { &[0.0] };
    let couplings = |filter_l2| config.l2.iter().map(move |&l2| Penalties { filter_l2, l2 });
    filters.iter().flat_map(|&filter_l2| couplings(filter_l2)).collect()
}
