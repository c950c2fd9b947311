//! What a trial's steps become before a term is applied: each on its own, the last, or one number
//! per unit over all of them.

use std::sync::{Mutex, PoisonError};

use attractor_network::{Part, SignalView, SignalViewMut};
use attractor_numerics::{Isa, Real};
use serde::{Deserialize, Serialize};

use super::rows::{Asked, Rule};
use crate::model::Units;

/// Over which steps of a trial a term is taken. Of the steps that are asked (weight above 0):
///
/// | over | the term sees | its weights |
/// |---|---|---|
/// | `each` | every step, with its own target | as given |
/// | `last` | `y` at the last of them | 1 per trial |
/// | `mean` | `Σ w y / Σ w` | within the trial; 1 per trial |
/// | `sum` | `Σ w y`: spike counts, accumulated evidence | within the trial; 1 per trial |
/// | `max` | the largest `y` of each unit; the first, if there are several | 1 per trial |
/// | `softmax` | `Σ w softmax(y)`: classes that every step votes for | within the trial; 1 per trial |
///
/// `softmax` is for cross-entropy, which takes its own softmax of the sum: the loss of Yin, Corradi & Bohté
/// 2021 (doi:10.1038/s42256-021-00397-w), bounded below by what `T` votes can say.
///
/// Except for `each`, the target is that of the last step asked, and every trial that asks anything
/// counts alike. The derivative goes to the steps that made the number: to all of them in proportion
/// to their weights (for `softmax` through the softmax of each), or for `max` to the step of the largest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Every step on its own.
    #[default]
    Each,
    /// The last step.
    Last,
    /// The mean over time.
    Mean,
    /// The sum over time.
    Sum,
    /// The maximum over time.
    Max,
    /// The sum over time of the softmax of each step.
    Softmax,
}

impl Over {
    pub(super) fn is_each(&self) -> bool {
        *self == Over::Each
    }
}

/// The steps of a batch reduced to one number per trial and unit, while it runs.
#[derive(Debug)]
pub(super) struct Reduction<'a> {
    over: Over,
    steps: Asked<'a>,
    units: usize,
    /// Per trial, the last step that is asked and the sum of the weights.
    asked: Vec<Option<(usize, f64)>>,
    seen: Mutex<Seen>,
}

/// What was seen of each trial so far, `[trial, unit]`.
#[derive(Debug)]
struct Seen {
    values: Vec<f64>,
    /// For the maximum, the step it was found at.
    at: Vec<usize>,
}

impl<'a> Reduction<'a> {
    /// `steps` says which steps of `trials` trials of `length` steps are asked.
    pub(super) fn new(
        over: Over,
        steps: Asked<'a>,
        length: usize,
        trials: usize,
        units: usize,
    ) -> Self {
        let asked = (0..trials).map(|trial| {
            let weights = (0..length).map(|step| f64::from(steps.weight(step, trial)));
            let some = weights.enumerate().filter(|(_, w)| *w > 0.0);
            some.fold(None, |so_far, (step, w)| Some((step, w + so_far.map_or(0.0, |(_, s)| s))))
        });
        let asked = asked.collect();
        let seen = Seen { values: vec![0.0; trials * units], at: vec![0; trials * units] };
        Reduction { over, steps, units, asked, seen: Mutex::new(seen) }
    }

    /// One step per trial: its target, of `channels` numbers, and weight 1 where anything is asked.
    pub(super) fn one_step(&self, channels: usize) -> Asked<'static> {
        let rows = self.asked.iter().enumerate().map(|(trial, asked)| match asked {
            Some((last, _)) => self.steps.target(*last, trial, channels).to_vec(),
            None => vec![0.0; channels],
        });
        Asked::Target {
            values: rows.flatten().collect(),
            weights: self.asked.iter().map(|a| f32::from(u8::from(a.is_some()))).collect(),
            trials: self.asked.len(),
        }
    }

    /// Number of trials that ask anything.
    pub(super) fn trials(&self) -> usize {
        self.asked.iter().flatten().count()
    }

    /// Takes up a part that comes next in time.
    pub(super) fn observe<T: Real>(&self, part: &Part, units: &Units, signal: &SignalView<'_, T>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (k, trial) in part.trials.clone().enumerate() {
            let Some((last, total)) = self.asked[trial] else { continue };
            let row = trial * self.units..(trial + 1) * self.units;
            let Seen { values, at } = &mut *seen;
            let (values, at) = (&mut values[row.clone()], &mut at[row]);
            if part.steps.start == 0 {
                values.fill(if self.over == Over::Max { f64::NEG_INFINITY } else { 0.0 });
            }
            for (s, step) in part.steps.clone().enumerate() {
                let weight = f64::from(self.steps.weight(step, trial));
                if weight == 0.0 {
                    continue;
                }
                let share = self.share(step, last, weight, total);
                let row = self.seen_as(signal.row(s, k), units);
                for ((y, value), at) in row.into_iter().zip(values.iter_mut()).zip(at.iter_mut()) {
                    match self.over {
                        // a NaN must be seen, not skipped
                        Over::Max if y <= *value => {}
                        Over::Max => (*value, *at) = (y, step),
                        _ => *value += share * y,
                    }
                }
            }
        }
    }

    /// The units of a row; with `softmax`, their softmax.
    fn seen_as<T: Real>(&self, row: &[T], units: &Units) -> Vec<f64> {
        let mut row: Vec<f64> =
            (0..self.units).map(|unit| row[units.place(unit)].to_f64()).collect();
        if self.over == Over::Softmax {
            let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter_mut().for_each(|y| *y = (*y - top).exp());
            let partition: f64 = row.iter().sum();
            row.iter_mut().for_each(|y| *y /= partition);
        }
        row
    }

    /// The factor in front of a step.
    fn share(&self, step: usize, last: usize, weight: f64, total: f64) -> f64 {
        match self.over {
            Over::Mean => weight / total,
            Over::Last => f64::from(u8::from(step == last)),
            Over::Each | Over::Sum | Over::Max | Over::Softmax => weight,
        }
    }

    /// `scale · Σ f` over the trials whose last step lies in the part; adds the derivative at the
    /// steps of the part to `cotangent`. What the rule sees is `one_step`.
    pub(super) fn part<T: Real>(
        &self,
        isa: Isa,
        rule: Rule,
        one_step: &Asked<'_>,
        units: &Units,
        scale: f64,
        part: &Part,
        signal: &SignalView<'_, T>,
        mut cotangent: Option<&mut SignalViewMut<'_, T>>,
    ) -> f64 {
        let n = self.units;
        let mut total = 0.0;
        for (k, trial) in part.trials.clone().enumerate() {
            let Some((last, weights)) = self.asked[trial] else { continue };
            let row = trial * n..(trial + 1) * n;
            let (values, at) = {
                let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                let values = seen.values[row.clone()].iter().map(|&y| T::from_f64(y));
                (values.collect::<Vec<T>>(), seen.at[row].to_vec())
            };
            let mut slope = vec![T::ZERO; n];
            let view = SignalView { values: &values, units: n, ld: n, trials: 1 };
            let mut out = SignalViewMut { values: &mut slope, units: n, ld: n, trials: 1 };
            let one = Part { trials: trial..trial + 1, steps: 0..1 };
            let all = Units::Range(0..n);
            let value = rule.part(isa, one_step, &all, scale, &one, &view, Some(&mut out));
            if part.steps.contains(&last) {
                total += value;
            }
            let Some(cotangent) = &mut cotangent else { continue };
            for (s, step) in part.steps.clone().enumerate() {
                let weight = f64::from(self.steps.weight(step, trial));
                if weight == 0.0 {
                    continue;
                }
                let share = T::from_f64(self.share(step, last, weight, weights));
                let slope = match self.over {
                    Over::Softmax => {
                        through_softmax(&self.seen_as(signal.row(s, k), units), &slope)
                    }
                    _ => slope.clone(),
                };
                let row = cotangent.row(s, k);
                for (unit, slope) in slope.into_iter().enumerate() {
                    let c = &mut row[units.place(unit)];
                    match self.over {
                        Over::Max if at[unit] == step => *c += slope,
                        Over::Max => {}
                        _ => *c += share * slope,
                    }
                }
            }
        }
        total
    }
}

/// Cotangents of y from those of `p = softmax(y)`: `p_k (c_k − Σ_j p_j c_j)`.
fn through_softmax<T: Real>(p: &[f64], cotangents: &[T]) -> Vec<T> {
    let mean: f64 = p.iter().zip(cotangents).map(|(p, c)| p * c.to_f64()).sum();
    p.iter().zip(cotangents).map(|(p, c)| T::from_f64(p * (c.to_f64() - mean))).collect()
}
