//! Everything needed to continue to the same bits.

use attractor_numerics::Real;
use serde::{Deserialize, Serialize};

use super::{Guard, Model, Options, Stage, Trainer};
use crate::error::{StateError, TrainError};
use crate::schedule::ScheduleState;

/// A trainer put down between two updates: counters, small and in any text format, and flat arrays.
///
/// Arrays: `parameters`, `good`, `best`, `pruned` (1 where a parameter is, if any is), and
/// `optimiser.m`, `optimiser.v` as the optimiser has them, all as long as the parameter vector. The phases and sources are not in it: they are the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<T> {
    /// Where training stands.
    pub counters: Counters,
    /// Named arrays.
    pub arrays: Vec<(String, Vec<T>)>,
}

/// Where training stands, arrays excepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// Seed of the network's noise.
    pub seed: u64,
    /// `f32` or `f64`.
    pub precision: String,
    /// Updates done over all phases.
    pub update: u64,
    /// Place of the current phase; beyond the last, all are done.
    pub phase: usize,
    /// Updates done in the current phase.
    pub in_phase: u64,
    /// Steps of its optimiser.
    pub optimiser: u64,
    /// State of its schedule.
    pub schedule: ScheduleState,
    /// Its recent losses.
    pub guard: Guard,
    /// Validations in a row that met its wish.
    pub met: u64,
    /// Update after which the good parameters stood.
    pub good: u64,
    /// The best validation of the latest phase that had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
}

/// The best validation of a phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// The phase.
    pub phase: usize,
    /// Update after which it was.
    pub update: u64,
    /// Its loss.
    #[serde(with = "super::exact")]
    pub loss: f64,
    /// Its score.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "score")]
    pub score: Option<f64>,
}

mod score {
    use serde::{Deserializer, Serializer};

    use crate::trainer::exact;

    pub(super) fn serialize<S: Serializer>(x: &Option<f64>, s: S) -> Result<S::Ok, S::Error> {
        exact::serialize(&x.unwrap_or(f64::NAN), s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
        exact::deserialize(d).map(Some)
    }
}

impl Counters {
    pub(super) fn new(seed: u64, precision: &str) -> Self {
        Counters {
            seed,
            precision: precision.to_owned(),
            update: 0,
            phase: 0,
            in_phase: 0,
            optimiser: 0,
            schedule: ScheduleState::default(),
            guard: Guard::default(),
            met: 0,
            good: 0,
            best: None,
        }
    }

    pub(super) fn next_phase(&mut self) {
        self.phase += 1;
        self.in_phase = 0;
        self.optimiser = 0;
        self.met = 0;
        self.schedule = ScheduleState::default();
        self.guard = Guard::default();
    }

    /// Better than the best of the current phase: by score, ties and lack of scores by loss.
    pub(super) fn is_best(&self, loss: f64, score: Option<f64>) -> bool {
        let Some(best) = self.best.as_ref().filter(|best| best.phase == self.phase) else {
            return true;
        };
        match (score, best.score) {
            (Some(new), Some(old)) if new != old => new > old,
            _ => loss < best.loss,
        }
    }
}

impl Trainer {
    /// Everything needed to continue to the same bits.
    pub fn checkpoint(&self) -> Checkpoint<f32> {
        let named = |name: &str, array: &[f32]| (name.to_owned(), array.to_vec());
        let mut arrays = vec![
            named("parameters", &self.parameters),
            named("good", &self.good),
            named("best", &self.best),
        ];
        if !self.pruned.is_empty() {
            let mut pruned = vec![0.0; self.parameters.len()];
            self.pruned.iter().for_each(|&place| pruned[place] = 1.0);
            arrays.push(("pruned".to_owned(), pruned));
        }
        if let Some(current) = &self.current {
            let state = current.updater.state();
            arrays.extend(
                state.iter().map(|(name, array)| named(&format!("optimiser.{name}"), array)),
            );
        }
        Checkpoint { counters: self.counters.clone(), arrays }
    }

    /// Continues where a checkpoint was made. `model`, `stages` and `options` must be those of then,
    /// except for the seed, which comes from the checkpoint.
    ///
    /// # Errors
    /// As [`Trainer::new`]; a checkpoint of another precision, network or list of phases.
    pub fn resume(
        model: impl Model<f32> + Send + 'static,
        stages: Vec<Stage>,
        mut options: Options,
        checkpoint: &Checkpoint<f32>,
    ) -> Result<Self, TrainError> {
        let counters = checkpoint.counters.clone();
        if counters.precision != f32::NAME {
            let (expected, found) = (f32::NAME, counters.precision);
            return Err(StateError::Precision { expected, found }.into());
        }
        if counters.phase > stages.len() {
            let (phase, phases) = (counters.phase, stages.len());
            return Err(StateError::Phase { phase, phases }.into());
        }
        options.seed = counters.seed;
        let arrays: Vec<(&str, &[f32])> = checkpoint
            .arrays
            .iter()
            .map(|(name, array)| (name.as_str(), array.as_slice()))
            .collect();
        let len = model.layout().len();
        let find = |name: &str| crate::optimiser::find(name, &arrays, len).map(<[f32]>::to_vec);
        let (parameters, good, best) = (find("parameters")?, find("good")?, find("best")?);
        let steps = counters.optimiser;
        let mut trainer = Trainer::start(Box::new(model), parameters, stages, options, counters)?;
        trainer.good = good;
        trainer.best = best;
        if arrays.iter().any(|(name, _)| *name == "pruned") {
            let marks = find("pruned")?;
            trainer.pruned = (0..len).filter(|&place| marks[place] != 0.0).collect();
        }
        if let Some(current) = &mut trainer.current {
            let state: Vec<(&str, &[f32])> = arrays
                .iter()
                .filter_map(|(name, array)| Some((name.strip_prefix("optimiser.")?, *array)))
                .collect();
            current.updater.restore(steps, &state)?;
        }
        Ok(trainer)
    }
}
