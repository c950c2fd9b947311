//! Choosing trials of a batch, and joining batches.

use ndarray::{Array3, Axis, concatenate, s};

use crate::TrialsError;
use crate::trials::{Target, Trials};

impl Trials {
    /// These trials, in this order; a trial may be named more than once.
    ///
    /// # Errors
    /// [`TrialsError::NoSuchTrial`]; [`TrialsError::Empty`] if none is named.
    pub fn select(&self, trials: &[usize]) -> Result<Self, TrialsError> {
        if trials.is_empty() {
            return Err(TrialsError::Empty {
                key: "inputs".into(),
                shape: vec![self.steps(), 0, self.channels()],
            });
        }
        if let Some(&trial) = trials.iter().find(|&&t| t >= self.len()) {
            return Err(TrialsError::NoSuchTrial { trial, trials: self.len() });
        }
        Ok(Trials {
            dt: self.dt,
            inputs: self.inputs.select(Axis(1), trials),
            input_names: self.input_names.clone(),
            targets: self
                .targets
                .iter()
                .map(|target| Target {
                    signal: target.signal.clone(),
                    values: target.values.select(Axis(1), trials),
                    weights: target.weights.select(Axis(1), trials),
                })
                .collect(),
            start: self.start.as_ref().map(|start| start.select(Axis(0), trials)),
            conditions: self.conditions.select(trials)?,
            lengths: trials.iter().map(|&t| self.lengths[t]).collect(),
        })
    }

    /// These trials, then those of another batch; the shorter batch is padded with zeros of weight 0.
    ///
    /// # Errors
    /// [`TrialsError::Differ`] unless dt, channels, targets, start and conditions are alike.
    pub fn concatenate(&self, other: &Self) -> Result<Self, TrialsError> {
        differ("dt (ms)", self.dt, other.dt)?;
        differ("input channels", self.input_names.join(", "), other.input_names.join(", "))?;
        let signals = |trials: &Trials| -> Vec<String> {
            trials
                .targets
                .iter()
                .map(|t| format!("{} x{}", t.signal, t.values.len_of(Axis(2))))
                .collect()
        };
        differ("targets", signals(self).join(", "), signals(other).join(", "))?;
        let width =
            |trials: &Trials| trials.start.as_ref().map_or(0, |start| start.len_of(Axis(1)));
        differ("width of `start`", width(self), width(other))?;

        let steps = self.steps().max(other.steps());
        let targets = self.targets.iter().zip(&other.targets).map(|(a, b)| Target {
            signal: a.signal.clone(),
            values: join(&a.values, &b.values, steps),
            weights: join(
                &a.weights.clone().insert_axis(Axis(2)),
                &b.weights.clone().insert_axis(Axis(2)),
                steps,
            )
            .remove_axis(Axis(2)),
        });
        let start = match (&self.start, &other.start) {
            (Some(a), Some(b)) => concatenate(Axis(0), &[a.view(), b.view()]).ok(),
            _ => None,
        };
        Ok(Trials {
            dt: self.dt,
            inputs: join(&self.inputs, &other.inputs, steps),
            input_names: self.input_names.clone(),
            targets: targets.collect(),
            start,
            conditions: self.conditions.concatenate(&other.conditions)?,
            lengths: [self.lengths.as_slice(), &other.lengths].concat(),
        })
    }
}

fn join(a: &Array3<f32>, b: &Array3<f32>, steps: usize) -> Array3<f32> {
    let (first, second) = (a.len_of(Axis(1)), b.len_of(Axis(1)));
    let mut joined = Array3::zeros((steps, first + second, a.len_of(Axis(2))));
    joined.slice_mut(s![..a.len_of(Axis(0)), ..first, ..]).assign(a);
    joined.slice_mut(s![..b.len_of(Axis(0)), first.., ..]).assign(b);
    joined
}

fn differ<T: PartialEq + ToString>(
    what: &'static str,
    first: T,
    second: T,
) -> Result<(), TrialsError> {
    if first == second {
        return Ok(());
    }
    Err(TrialsError::Differ { what, first: first.to_string(), second: second.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trials::tests::batch;

    #[test]
    fn selecting_and_joining_agree() {
        let all = batch(5, 4, 0.5);
        let joined =
            all.select(&[0, 1]).unwrap().concatenate(&all.select(&[2, 3]).unwrap()).unwrap();
        assert_eq!(joined, all);
        assert!(matches!(all.select(&[4]), Err(TrialsError::NoSuchTrial { trial: 4, trials: 4 })));
        assert!(matches!(all.select(&[]), Err(TrialsError::Empty { .. })));
    }

    #[test]
    fn joining_pads_the_shorter_batch() {
        let (a, b) = (batch(5, 2, 1.0), batch(3, 1, 2.0));
        let joined = a.concatenate(&b).unwrap();
        joined.validate().unwrap();
        assert_eq!(joined.lengths, [5, 5, 3]);
        assert_eq!(joined.targets[0].weights.column(2).to_vec(), [1.0, 1.0, 1.0, 0.0, 0.0]);
        let mut other = batch(3, 1, 2.0);
        other.dt = 10.0;
        assert!(matches!(a.concatenate(&other), Err(TrialsError::Differ { what: "dt (ms)", .. })));
    }
}
