//! A batch of trials in memory: what goes in, what should come out, and where that is asked.

use ndarray::{Array2, Array3, ArrayView, Axis, Dimension};

use crate::{Conditions, TrialsError};

/// The signal a target belongs to unless another is named: emission `y` of the readout `out`.
pub const OUTPUT: &str = "out.y";

/// What one signal should be, and where that is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The signal it is compared with, such as `"out.y"`.
    pub signal: String,
    /// Wanted values, `[time, trial, channel]`, in the units of the signal.
    pub values: Array3<f32>,
    /// Weight of each step in the objective, `[time, trial]`: 0 is not asked, usually 1 otherwise.
    pub weights: Array2<f32>,
}

impl Target {
    /// A target asked at every step.
    #[must_use]
    pub fn everywhere(signal: &str, values: Array3<f32>) -> Self {
        let weights = Array2::ones((values.len_of(Axis(0)), values.len_of(Axis(1))));
        Target { signal: signal.to_owned(), values, weights }
    }
}

/// A batch of trials.
///
/// All arrays have the same number of steps; a trial that is shorter says so in `lengths`, and the
/// steps after its end are padding, with weight 0. The fields are open; [`Trials::validate`] checks
/// that they agree, and every function of this library that makes trials returns valid ones.
///
/// ```
/// use attractor_data::{Target, Trials};
/// use ndarray::Array3;
/// let mut trials = Trials::new(20.0, Array3::zeros((50, 8, 2)))?;  // 50 steps of 20 ms, 8 trials
/// trials.targets.push(Target::everywhere("out.y", Array3::ones((50, 8, 1))));
/// trials.validate()?;
/// assert_eq!((trials.steps(), trials.len()), (50, 8));
/// # Ok::<(), attractor_data::TrialsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    /// Duration of a step, ms.
    pub dt: f64,
    /// Inputs, `[time, trial, channel]`; there may be no channels.
    pub inputs: Array3<f32>,
    /// Names of the input channels.
    pub input_names: Vec<String>,
    /// Targets, at most one per signal; none if the trials are only to be simulated.
    pub targets: Vec<Target>,
    /// A vector per trial that can be wired into the initial state, `[trial, value]`.
    pub start: Option<Array2<f32>>,
    /// What was varied between trials.
    pub conditions: Conditions,
    /// Steps of each trial before the padding, in `1..=steps`.
    pub lengths: Vec<usize>,
}

impl Trials {
    /// Trials of full length without targets or conditions; channels are named `in0`, `in1`, ….
    ///
    /// # Errors
    /// As [`Trials::validate`].
    pub fn new(dt: f64, inputs: Array3<f32>) -> Result<Self, TrialsError> {
        let (steps, count, channels) = inputs.dim();
        let trials = Trials {
            dt,
            inputs,
            input_names: default_names(channels),
            targets: Vec::new(),
            start: None,
            conditions: Conditions::none(count),
            lengths: vec![steps; count],
        };
        trials.validate()?;
        Ok(trials)
    }

    /// Number of trials.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len_of(Axis(1))
    }

    /// Whether there is no trial (never, once validated).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of time steps, padding included.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.inputs.len_of(Axis(0))
    }

    /// Number of input channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.inputs.len_of(Axis(2))
    }

    /// The target of a signal.
    #[must_use]
    pub fn target(&self, signal: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.signal == signal)
    }

    /// Checks that everything agrees.
    ///
    /// # Errors
    /// The first disagreement found: an empty batch, dt, shapes (inputs decide), numbers that are not
    /// finite, lengths, negative weights, weights in the padding, rows of conditions, names given twice.
    pub fn validate(&self) -> Result<(), TrialsError> {
        let (steps, count, channels) = self.inputs.dim();
        if steps == 0 || count == 0 {
            return Err(TrialsError::Empty {
                key: "inputs".into(),
                shape: self.inputs.shape().to_vec(),
            });
        }
        if !(self.dt.is_finite() && self.dt > 0.0) {
            return Err(TrialsError::Dt { dt: self.dt });
        }
        expect_shape("input_names", "[channel]", &[channels], &[self.input_names.len()])?;
        once("input", &self.input_names)?;
        expect_finite("inputs", self.inputs.view())?;
        self.validate_lengths(steps, count)?;

        let signals: Vec<&String> = self.targets.iter().map(|target| &target.signal).collect();
        once("target", &signals)?;
        for target in &self.targets {
            self.validate_target(target, steps, count)?;
        }
        if let Some(start) = &self.start {
            expect_shape(
                "start",
                "[trial, value]",
                &[count, start.len_of(Axis(1))],
                start.shape(),
            )?;
            expect_finite("start", start.view())?;
        }
        if self.conditions.trials() != count {
            let (name, found) = ("(all)".to_owned(), self.conditions.trials());
            return Err(TrialsError::Rows { name, expected: count, found });
        }
        Ok(())
    }

    fn validate_lengths(&self, steps: usize, count: usize) -> Result<(), TrialsError> {
        expect_shape("lengths", "[trial]", &[count], &[self.lengths.len()])?;
        match self.lengths.iter().position(|length| !(1..=steps).contains(length)) {
            Some(trial) => Err(TrialsError::Length { trial, length: self.lengths[trial], steps }),
            None => Ok(()),
        }
    }

    fn validate_target(
        &self,
        target: &Target,
        steps: usize,
        count: usize,
    ) -> Result<(), TrialsError> {
        let (values, weights) =
            (format!("targets/{}", target.signal), format!("weights/{}", target.signal));
        let channels = target.values.len_of(Axis(2));
        expect_shape(
            &values,
            "[time, trial, channel]",
            &[steps, count, channels],
            target.values.shape(),
        )?;
        expect_shape(&weights, "[time, trial]", &[steps, count], target.weights.shape())?;
        expect_finite(&values, target.values.view())?;
        expect_finite(&weights, target.weights.view())?;
        for ((step, trial), &weight) in target.weights.indexed_iter() {
            let length = self.lengths[trial];
            if weight < 0.0 {
                return Err(TrialsError::NegativeWeight { key: weights, step, trial, weight });
            }
            if weight > 0.0 && step >= length {
                return Err(TrialsError::PaddedWeight {
                    key: weights,
                    step,
                    trial,
                    weight,
                    length,
                });
            }
        }
        Ok(())
    }
}

/// `in0`, `in1`, …
pub(crate) fn default_names(channels: usize) -> Vec<String> {
    (0..channels).map(|channel| format!("in{channel}")).collect()
}

fn expect_shape(
    key: &str,
    axes: &'static str,
    expected: &[usize],
    found: &[usize],
) -> Result<(), TrialsError> {
    if expected == found {
        return Ok(());
    }
    Err(TrialsError::Shape {
        key: key.to_owned(),
        axes,
        expected: expected.to_vec(),
        found: found.to_vec(),
    })
}

fn expect_finite<D: Dimension>(key: &str, array: ArrayView<'_, f32, D>) -> Result<(), TrialsError> {
    // Looking where costs ten times as much as looking whether, and one by one four times as much as
    // many together.
    let together = |some: &[f32]| some.iter().fold(true, |all, x| all & x.is_finite());
    let finite = match array.as_slice_memory_order() {
        Some(all) => all.chunks(256).all(together),
        None => array.iter().all(|x| x.is_finite()),
    };
    if finite {
        return Ok(());
    }
    match array.into_dyn().indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some((index, &value)) => Err(TrialsError::NotFinite {
            key: key.to_owned(),
            index: index.slice().to_vec(),
            value: f64::from(value),
        }),
        None => Ok(()),
    }
}

fn once<S: AsRef<str>>(what: &'static str, names: &[S]) -> Result<(), TrialsError> {
    for (i, name) in names.iter().enumerate() {
        if names[..i].iter().any(|earlier| earlier.as_ref() == name.as_ref()) {
            return Err(TrialsError::Twice { what, name: name.as_ref().to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A valid batch whose numbers all differ.
    pub(crate) fn batch(steps: usize, count: usize, offset: f32) -> Trials {
        let inputs = Array3::from_shape_fn((steps, count, 2), |(t, k, c)| {
            offset + (100 * t + 10 * k + c) as f32
        });
        let mut trials = Trials::new(20.0, inputs).unwrap();
        trials
            .targets
            .push(Target::everywhere(OUTPUT, Array3::from_elem((steps, count, 1), offset)));
        trials.start = Some(Array2::from_shape_fn((count, 3), |(k, v)| offset + (k + v) as f32));
        let row = (0..count).map(|k| k as f64 + f64::from(offset)).collect::<Vec<_>>();
        trials.conditions = Conditions::none(count).with("k", row).unwrap();
        trials.validate().unwrap();
        trials
    }

    #[test]
    fn every_disagreement_is_named() {
        let spoil = |how: fn(&mut Trials)| {
            let mut trials = batch(5, 2, 0.0);
            how(&mut trials);
            trials.validate().unwrap_err().to_string()
        };
        let shape = spoil(|t| t.targets[0].values = Array3::zeros((5, 3, 1)));
        assert_eq!(
            shape,
            "`targets/out.y` [time, trial, channel]: expected shape [5, 2, 1], found [5, 3, 1]"
        );
        let weights = spoil(|t| t.targets[0].weights = Array2::zeros((4, 2)));
        assert!(
            weights.contains("`weights/out.y` [time, trial]: expected shape [5, 2], found [4, 2]"),
            "{weights}"
        );
        assert!(spoil(|t| t.inputs[[1, 0, 1]] = f32::NAN).starts_with("`inputs`[1, 0, 1] is NaN"));
        assert!(spoil(|t| t.lengths[1] = 6).contains("`lengths`[1] is 6; it must lie in 1..=5"));
        assert!(spoil(|t| t.lengths[1] = 3).contains("ends after 3 steps"));
        assert!(spoil(|t| t.lengths = vec![5]).contains("`lengths`"));
        assert!(spoil(|t| t.targets[0].weights[[0, 1]] = -1.0).contains("weights are 0"));
        assert!(
            spoil(|t| t.conditions = Conditions::none(3)).contains("expected one per trial: 2")
        );
        assert!(spoil(|t| t.dt = 0.0).contains("`dt` is 0 ms"));
        assert!(spoil(|t| t.start = Some(Array2::zeros((3, 1)))).contains("`start`"));
        assert!(spoil(|t| t.targets.push(t.targets[0].clone())).contains("given twice"));
        assert!(spoil(|t| t.input_names[1] = "in0".into()).contains("given twice"));
    }
}
