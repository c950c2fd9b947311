//! A trained network as a forecast.

use std::cell::RefCell;
use std::ops::Range;

use attractor_data::Trials;
use attractor_network::{Engine, Interventions, NoiseSource, SignalId};
use attractor_numerics::{law::Law, random};
use attractor_recording::{Forecast, Recording, Stretch};
use ndarray::{Array2, Array3, s};

use super::model::Shape;
use super::training::{Trained, engine};
use super::windows::{Begin, trials};
use crate::error::RunError;

/// Starts run at once.
const AT_ONCE: usize = 256;

/// A network that forecasts from recorded states.
pub(crate) struct Predictor {
    shape: Shape,
    parameters: Vec<f32>,
    engine: RefCell<Engine<f32>>,
    rates: SignalId,
    noise: NoiseSource,
    jitter: f64,
}

impl Predictor {
    pub(crate) fn new(trained: &Trained, threads: usize) -> Result<Self, RunError> {
        Ok(Predictor {
            shape: trained.shape.clone(),
            parameters: trained.parameters.clone(),
            engine: RefCell::new(engine(&trained.network, threads)?),
            rates: trained.network.signal("rec.r")?,
            noise: NoiseSource::off(),
            jitter: 0.0,
        })
    }

    /// With the noise it was trained with.
    pub(crate) fn noisy(mut self, seed: u64) -> Self {
        // training counts its epochs from 0
        self.noise = NoiseSource { seed, epoch: u64::MAX, on: true };
        self
    }

    /// From starts that are off by normal errors of this standard deviation, in potential.
    pub(crate) fn jittered(mut self, sd: f64) -> Self {
        self.jitter = sd;
        self
    }

    /// Rates of the observed units, `[step, trial, unit]`; NaN where the network did not survive.
    fn run(&self, trials: &Trials) -> Array3<f32> {
        let mut engine = self.engine.borrow_mut();
        let interventions = Interventions::default();
        let run = engine.run(&self.parameters, trials, self.noise, &interventions, &[self.rates]);
        match run.ok().and_then(|mut signals| signals.pop()) {
            Some(rates) => rates.slice(s![.., .., ..self.shape.units]).to_owned(),
            None => {
                let shape = (trials.steps(), trials.len(), self.shape.units);
                Array3::from_elem(shape, f32::NAN)
            }
        }
    }
}

impl Forecast for Predictor {
    fn lags(&self) -> usize {
        self.shape.lags()
    }

    fn ahead(
        &self,
        recording: &Recording,
        stretch: &Stretch,
        starts: Range<usize>,
        horizons: &[usize],
    ) -> Vec<Array2<f64>> {
        let longest = horizons.last().copied().unwrap_or(1);
        let mut forecasts: Vec<Array2<f64>> =
            horizons.iter().map(|_| Array2::zeros((starts.len(), self.shape.units))).collect();
        // a forecast knows the inputs of all frames, also beyond the stretch
        let end = recording.lengths[stretch.trial];
        for first in starts.clone().step_by(AT_ONCE) {
            let last = (first + AT_ONCE).min(starts.end);
            let begins: Vec<Begin> =
                (first..last).map(|frame| Begin { trial: stretch.trial, frame, end }).collect();
            let rates = self.run(&trials(recording, &begins, longest, &self.shape, &[]));
            for (&horizon, forecast) in horizons.iter().zip(&mut forecasts) {
                let at = rates.slice(s![horizon * self.shape.steps - 1, .., ..]).mapv(f64::from);
                forecast.slice_mut(s![first - starts.start..last - starts.start, ..]).assign(&at);
            }
        }
        forecasts
    }

    fn free(&self, recording: &Recording, stretch: &Stretch, start: usize) -> Array2<f64> {
        let frames = stretch.frames.end - start - 1;
        if frames == 0 {
            return Array2::zeros((0, self.shape.units));
        }
        let begin = Begin { trial: stretch.trial, frame: start, end: stretch.frames.end };
        let mut trials = trials(recording, &[begin], frames, &self.shape, &[]);
        if let Some(given) = trials.start.as_mut().filter(|_| self.jitter > 0.0) {
            let name = format!("jitter/{}/{start}", stretch.trial);
            let law = Law::Normal { sd: self.jitter };
            let errors =
                law.sample(1, self.shape.units, &mut random::stream(self.noise.seed, &name));
            given.iter_mut().zip(errors).for_each(|(x, error)| *x += error as f32);
        }
        let step = self.shape.steps;
        self.run(&trials).slice(s![step - 1..;step, 0, ..]).mapv(f64::from)
    }
}
