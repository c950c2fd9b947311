//! Forecast: a network trained on some of the data and judged on the rest, beside its baselines.

use std::sync::Arc;

use attractor_learn::Progress;
use attractor_recording::{BaselineOptions, Baselines, Division, Recording, baselines, evaluate};

use super::choice::{Court, Penalties, best, scores};
use super::config::{FitConfig, ForecastConfig};
use super::coupling::Regions;
use super::model::Shape;
use super::predictor::Predictor;
use super::prepare::{Prepared, division, gap, inner, reduced, scaled};
use super::results::{Candidate, Chosen, ForecastRow, ForecastScores, triples};
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
        let division = division(&recording, config)?;
        let (normalise, peak) = (config.recording.normalise, config.recording.peak);
        let recording = scaled(&recording, &division.train, normalise, peak);
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
        Ok(Trial { recording: Arc::new(recording), division, folds, baselines, regions, kept, gap })
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

    /// Judges on held-out and on training data.
    pub(crate) fn judge(
        &self,
        trained: &Trained,
        chosen: Chosen,
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
        Ok(ForecastScores {
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
