//! Where trials come from: a task that makes them, or a data set that holds them.

pub use attractor_data::part::VALIDATION;
use attractor_data::{OUTPUT, Split, Trials};
use attractor_numerics::random;
use ndarray::ArrayView3;
use rand::seq::SliceRandom;

use crate::error::SourceError;

/// A supply of trials. The same number always gives the same trials: training can then continue
/// where it stopped.
pub trait Source: Send + Sync {
    /// The training batch of a number, counted from 0 over the whole of training.
    ///
    /// # Errors
    /// Whatever keeps the trials from being made.
    fn batch(&self, index: u64, trials: usize) -> Result<Trials, SourceError>;

    /// Trials that training does not see. By default batch number `index +` [`VALIDATION`].
    ///
    /// # Errors
    /// As [`Source::batch`].
    fn validation(&self, index: u64, trials: usize) -> Result<Trials, SourceError> {
        self.batch(index | VALIDATION, trials)
    }

    /// The signal that is judged.
    fn scored(&self) -> &str {
        OUTPUT
    }

    /// How well a batch was done, larger is better; none if these trials have no score.
    /// `outputs [time, trial, channel]` is the signal [`Source::scored`].
    ///
    /// # Errors
    /// Outputs that do not fit the trials.
    fn score(
        &self,
        trials: &Trials,
        outputs: ArrayView3<'_, f32>,
    ) -> Result<Option<f64>, SourceError>;
}

/// A fixed set of trials, drawn without replacement in epochs shuffled by a seed.
///
/// A batch never spans two epochs: the trials left over at the end of one (other ones each time) are
/// skipped. Validation is on the held-out trials, all of them, or as many as are asked for from the
/// front; without held-out trials it is on the training trials. The score is R² over what is asked,
/// `1 − Σ w (y − y*)² / Σ w (y* − ȳ*)²`, with the mean of each channel over what is asked.
#[derive(Clone, Debug)]
pub struct DataSet {
    train: Trials,
    held_out: Option<Trials>,
    signal: String,
    by_loss: bool,
    seed: u64,
}

impl DataSet {
    /// All trials for training.
    pub fn new(trials: Trials, seed: u64) -> Self {
        let signal = trials.targets.first().map_or_else(|| OUTPUT.to_owned(), |t| t.signal.clone());
        DataSet { train: trials, held_out: None, signal, by_loss: false, seed }
    }

    /// Some trials held out for validation.
    ///
    /// # Errors
    /// Trials that are not there; no training trials.
    pub fn split(trials: &Trials, split: &Split, seed: u64) -> Result<Self, SourceError> {
        let mut set = DataSet::new(trials.select(&split.train)?, seed);
        if !split.held_out.is_empty() {
            set.held_out = Some(trials.select(&split.held_out)?);
        }
        Ok(set)
    }

    /// Judged by another signal than that of the first target.
    #[must_use]
    pub fn scored_by(mut self, signal: &str) -> Self {
        self.signal = signal.to_owned();
        self
    }

    /// Judged by the loss alone, without R²: for signals that do not estimate their targets, such as the
    /// log rate of counts.
    #[must_use]
    pub fn judged_by_loss(mut self) -> Self {
        self.by_loss = true;
        self
    }

    /// The trials of one training batch, by their places.
    fn draw(&self, index: u64, trials: usize) -> Vec<usize> {
        let trials = trials.clamp(1, self.train.len());
        let per_epoch = (self.train.len() / trials) as u64;
        let (epoch, batch) = (index / per_epoch, (index % per_epoch) as usize);
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        order.shuffle(&mut random::stream(self.seed, &format!("epoch/{epoch}")));
        order[batch * trials..(batch + 1) * trials].to_vec()
    }
}

impl Source for DataSet {
    fn batch(&self, index: u64, trials: usize) -> Result<Trials, SourceError> {
        Ok(self.train.select(&self.draw(index, trials))?)
    }

    fn validation(&self, _: u64, trials: usize) -> Result<Trials, SourceError> {
        let set = self.held_out.as_ref().unwrap_or(&self.train);
        let first: Vec<usize> = (0..set.len().min(trials.max(1))).collect();
        Ok(set.select(&first)?)
    }

    fn scored(&self) -> &str {
        &self.signal
    }

    fn score(
        &self,
        trials: &Trials,
        outputs: ArrayView3<'_, f32>,
    ) -> Result<Option<f64>, SourceError> {
        Ok(if self.by_loss { None } else { r_squared(trials, &self.signal, outputs) })
    }
}

/// R² of outputs against the target of a signal; none without such a target, without variance, or if
/// shapes differ.
pub fn r_squared(trials: &Trials, signal: &str, outputs: ArrayView3<'_, f32>) -> Option<f64> {
    let target = trials.target(signal).filter(|target| target.values.dim() == outputs.dim())?;
    let channels = outputs.dim().2;
    let mut mass = 0.0;
    let mut mean = vec![0.0; channels];
    for ((step, trial), &w) in target.weights.indexed_iter().filter(|(_, w)| **w > 0.0) {
        mass += f64::from(w);
        for (c, mean) in mean.iter_mut().enumerate() {
            *mean += f64::from(w) * f64::from(target.values[[step, trial, c]]);
        }
    }
    let (mut error, mut spread) = (0.0, 0.0);
    for ((step, trial), &w) in target.weights.indexed_iter().filter(|(_, w)| **w > 0.0) {
        for (c, mean) in mean.iter().enumerate() {
            let wanted = f64::from(target.values[[step, trial, c]]);
            error += f64::from(w) * (f64::from(outputs[[step, trial, c]]) - wanted).powi(2);
            spread += f64::from(w) * (wanted - mean / mass).powi(2);
        }
    }
    (spread > 0.0).then(|| 1.0 - error / spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_data::Target;
    use ndarray::{Array3, Axis};

    fn trials(count: usize) -> Trials {
        let inputs = Array3::from_shape_fn((2, count, 1), |(_, k, _)| k as f32);
        let mut trials = Trials::new(10.0, inputs.clone()).unwrap();
        trials.targets.push(Target::everywhere(OUTPUT, inputs));
        trials
    }

    fn seen(trials: &Trials) -> Vec<usize> {
        trials.inputs.index_axis(Axis(0), 0).iter().map(|&x| x as usize).collect()
    }

    #[test]
    fn epochs_are_shuffled_and_without_replacement() {
        let set = DataSet::new(trials(10), 7);
        let epoch = |e: u64| -> Vec<usize> {
            (0..3).flat_map(|b| seen(&set.batch(3 * e + b, 3).unwrap())).collect()
        };
        for e in 0..4 {
            let mut drawn = epoch(e);
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn.len(), 9, "epoch {e}");
        }
        assert_ne!(epoch(0), epoch(1));
        assert_eq!(epoch(2), epoch(2), "a pure function of the number");
        assert_eq!(set.batch(5, 100).unwrap().len(), 10, "a batch larger than the set is the set");
    }

    #[test]
    fn validation_is_held_out() {
        let split = Split { train: vec![0, 1, 2], held_out: vec![4, 3] };
        let set = DataSet::split(&trials(5), &split, 0).unwrap();
        assert_eq!(seen(&set.validation(9, 256).unwrap()), [4, 3]);
        assert!((0..9).all(|k| seen(&set.batch(k, 2).unwrap()).iter().all(|&t| t < 3)));
    }

    #[test]
    fn r_squared_of_the_target_is_one_and_of_its_mean_zero() {
        let set = DataSet::new(trials(4), 0);
        let batch = trials(4);
        let score = |outputs: &Array3<f32>| set.score(&batch, outputs.view()).unwrap();
        assert_eq!(score(&batch.targets[0].values), Some(1.0));
        assert_eq!(score(&Array3::from_elem((2, 4, 1), 1.5)), Some(0.0));
        assert_eq!(score(&Array3::zeros((2, 4, 2))), None);
        let by_loss = set.clone().judged_by_loss();
        assert_eq!(by_loss.score(&batch, batch.targets[0].values.view()).unwrap(), None);
    }
}
