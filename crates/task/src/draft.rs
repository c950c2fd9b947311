//! One trial while it is written.

use std::ops::Range;

use attractor_data::{Column, Conditions, TrialsError};
use ndarray::{ArrayView2, ArrayViewMut1, ArrayViewMut2, s};
use rand::RngExt;

use crate::draw::{self, Noise, Stream};
use crate::timing::{Schedule, whole_steps};

/// One trial of a batch while a task writes it: silent, with nothing asked, its periods drawn.
#[derive(Debug)]
pub struct Draft<'a> {
    pub(crate) dt: f64,
    pub(crate) at: Schedule,
    pub(crate) inputs: ArrayViewMut2<'a, f32>,
    pub(crate) values: ArrayViewMut2<'a, f32>,
    pub(crate) weights: ArrayViewMut1<'a, f32>,
    pub(crate) notes: &'a mut Notes,
    pub(crate) rng: Stream,
    pub(crate) noises: Noises<'a>,
}

/// Where a trial's noise comes from.
#[derive(Debug)]
pub(crate) struct Noises<'a> {
    pub(crate) noise: Noise,
    pub(crate) trial: usize,
    /// How often the trial has asked for some.
    pub(crate) asked: usize,
    /// Kept from trial to trial.
    pub(crate) numbers: &'a mut Vec<f32>,
}

impl Draft<'_> {
    /// Duration of a step, ms.
    #[must_use]
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// Whole steps in so many ms, rounded down.
    #[must_use]
    pub fn steps_in(&self, ms: f64) -> usize {
        whole_steps(ms, self.dt)
    }

    /// The steps of a period; none if there is no such period.
    #[must_use]
    pub fn during(&self, period: &str) -> Range<usize> {
        self.at.of(period)
    }

    /// The steps from the start of one period to the end of another.
    #[must_use]
    pub fn through(&self, first: &str, last: &str) -> Range<usize> {
        self.at.of(first).start..self.at.of(last).end
    }

    /// How long a period lasts in this trial, ms.
    #[must_use]
    pub fn lasting(&self, period: &str) -> f64 {
        self.at.of(period).len() as f64 * self.dt
    }

    /// The last step of the trial, plus one.
    #[must_use]
    pub fn end(&self) -> usize {
        self.at.end()
    }

    /// Sets an input during these steps.
    pub fn show(&mut self, channel: usize, steps: Range<usize>, value: f64) {
        self.inputs.slice_mut(s![steps, channel]).fill(value as f32);
    }

    /// Sets an input at one step.
    pub fn show_at(&mut self, channel: usize, step: usize, value: f64) {
        self.inputs[[step, channel]] = value as f32;
    }

    /// Sets what an output should be during these steps.
    pub fn want(&mut self, output: usize, steps: Range<usize>, value: f64) {
        self.values.slice_mut(s![steps, output]).fill(value as f32);
    }

    /// Sets what an output should be at one step.
    pub fn want_at(&mut self, output: usize, step: usize, value: f64) {
        self.values[[step, output]] = value as f32;
    }

    /// Asks for the outputs during these steps: weight 1.
    pub fn ask(&mut self, steps: Range<usize>) {
        self.weights.slice_mut(s![steps]).fill(1.0);
    }

    /// Does not ask during these steps: weight 0.
    pub fn excuse(&mut self, steps: Range<usize>) {
        self.weights.slice_mut(s![steps]).fill(0.0);
    }

    /// Adds Gaussian noise to inputs, from the first step of the trial to its last. Its standard
    /// deviation is that per step of 20 ms, scaled by `sqrt(20 ms / dt)`: its power does not depend
    /// on dt.
    pub fn noise(&mut self, channels: Range<usize>, per_20_ms: f64) {
        self.noise_during(channels, 0..self.at.end(), per_20_ms);
    }

    /// As [`Draft::noise`], during these steps alone.
    pub fn noise_during(&mut self, channels: Range<usize>, steps: Range<usize>, per_20_ms: f64) {
        let sd = draw::per_step(per_20_ms, self.dt);
        if sd == 0.0 || channels.is_empty() {
            return;
        }
        let Noises { noise, trial, asked, numbers } = &mut self.noises;
        let shape = (steps.len(), channels.len());
        numbers.resize(shape.0 * shape.1, 0.0);
        noise.fill(*trial, *asked, numbers);
        *asked += 1;
        if let Ok(numbers) = ArrayView2::from_shape(shape, numbers) {
            let mut noisy = self.inputs.slice_mut(s![steps, channels]);
            noisy.zip_mut_with(&numbers, |x, number| *x += sd * number);
        }
    }

    /// Adds a number to the trial's conditions. Every trial notes the same names.
    pub fn note(&mut self, condition: &'static str, value: f64) {
        self.notes.number(condition, value);
    }

    /// Adds a label to the trial's conditions. Every trial notes the same names.
    pub fn label(&mut self, condition: &'static str, value: &str) {
        self.notes.label(condition, value);
    }

    /// +1 or -1, equally likely.
    pub fn sign(&mut self) -> f64 {
        if self.rng.random_bool(0.5) { 1.0 } else { -1.0 }
    }

    /// The trial's own random numbers.
    pub fn rng(&mut self) -> &mut Stream {
        &mut self.rng
    }
}

/// The conditions of a batch while it is written.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    columns: Vec<(&'static str, Column)>,
}

impl Notes {
    /// Adds a number to a trial's row.
    pub(crate) fn number(&mut self, condition: &'static str, value: f64) {
        if let Column::Numbers(numbers) = self.column(condition, || Column::Numbers(Vec::new())) {
            numbers.push(value);
        }
    }

    /// Adds a label to a trial's row.
    pub(crate) fn label(&mut self, condition: &'static str, value: &str) {
        if let Column::Labels(labels) = self.column(condition, || Column::Labels(Vec::new())) {
            labels.push(value.to_owned());
        }
    }

    fn column(&mut self, name: &'static str, empty: impl Fn() -> Column) -> &mut Column {
        let place = self.columns.iter().position(|(n, _)| *n == name).unwrap_or_else(|| {
            self.columns.push((name, empty()));
            self.columns.len() - 1
        });
        &mut self.columns[place].1
    }

    /// As a table.
    pub(crate) fn conditions(self, trials: usize) -> Result<Conditions, TrialsError> {
        self.columns
            .into_iter()
            .try_fold(Conditions::none(trials), |all, (name, column)| all.with(name, column))
    }
}
