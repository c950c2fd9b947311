//! Validation: a run without gradients, its loss, its score, and who stayed silent.

use attractor_network::{Part, SignalId, SignalView};
use ndarray::Array3;

use super::*;

impl Trainer {
    /// Validates and keeps the parameters if they are good, or the best.
    pub(super) fn validate(&mut self, rate: f64) -> Result<Validation, TrainError> {
        let number = self.counters.update;
        let phase = self.counters.phase;
        let (Some(current), Some(stage)) = (&self.current, self.stages.get(phase)) else {
            return Err(TrainError::NoPhases);
        };
        let trials = stage.source.validation(number, stage.phase.validate.trials);
        let trials = trials.map_err(TrainError::Source)?;
        let bound = current.objective.bind(&trials)?;

        let mut record: Vec<SignalId> = current.objective.signals().to_vec();
        for signal in self.watch.iter().chain(&current.scored) {
            if !record.contains(&signal.id) {
                record.push(signal.id);
            }
        }
        let (on, seed) = (self.options.noise, self.options.seed);
        let noise = NoiseSource { on, seed, epoch: number | VALIDATION };
        let outputs = match self.model.run(&self.parameters, &trials, noise, &record) {
            Err(RunError::NotFinite { .. }) => {
                return Err(self.diverged(f64::NAN, None, guard::Cause::Validation, rate));
            }
            outcome => outcome?,
        };

        let outputs: Vec<Array3<f32>> =
            outputs.into_iter().map(|array| array.as_standard_layout().into_owned()).collect();
        let views: Vec<SignalView<'_, f32>> = outputs.iter().map(view).collect();
        let part = Part { trials: 0..trials.len(), steps: 0..trials.steps() };
        let loss = bound.value(&part, &views[..current.objective.signals().len()]);
        let loss = loss + bound.penalise(&self.parameters, None);
        if !loss.is_finite() {
            return Err(self.diverged(loss, None, guard::Cause::Validation, rate));
        }
        let find =
            |signal: &Signal| record.iter().position(|id| *id == signal.id).map(|k| &outputs[k]);
        let score = match current.scored.as_ref().and_then(|signal| Some((signal, find(signal)?))) {
            Some((signal, values)) => {
                let outputs = group(signal, values);
                stage.source.score(&trials, outputs.view()).map_err(TrainError::Source)?
            }
            None => None,
        };
        if score.is_none() && stage.phase.stop.score.is_some() {
            return Err(TrainError::Phase { phase, problems: vec![PhaseError::NoScore] });
        }
        let watched = self.options.watch.iter().zip(&self.watch);
        let silent = watched
            .filter_map(|(name, signal)| {
                let (silent, units) = (silent(signal, find(signal)?), signal.units.len());
                (silent > 0).then(|| Silent { signal: name.clone(), silent, units })
            })
            .collect();
        let terms = bound.values();

        self.counters.good = number;
        self.good.copy_from_slice(&self.parameters);
        let best = self.counters.is_best(loss, score);
        if best {
            self.counters.best = Some(Best { phase, update: number, loss, score });
            self.best.copy_from_slice(&self.parameters);
        }
        Ok(Validation { loss, terms, score, silent, best })
    }
}

fn view<T>(array: &Array3<T>) -> SignalView<'_, T> {
    let (_, trials, units) = array.dim();
    SignalView { values: array.as_slice().unwrap_or_default(), units, ld: units, trials }
}

/// The units of a group, in single precision.
fn group<T: Real>(signal: &Signal, values: &Array3<T>) -> Array3<f32> {
    let (steps, trials, _) = values.dim();
    Array3::from_shape_fn((steps, trials, signal.units.len()), |(step, trial, k)| {
        values[[step, trial, signal.units.place(k)]].to_f64() as f32
    })
}

/// Number of units that are 0 throughout.
fn silent<T: Real>(signal: &Signal, values: &Array3<T>) -> usize {
    let mut heard = vec![false; values.dim().2];
    for row in values.rows() {
        for (heard, &x) in heard.iter_mut().zip(row) {
            *heard |= x != T::ZERO;
        }
    }
    (0..signal.units.len()).filter(|&k| !heard[signal.units.place(k)]).count()
}
