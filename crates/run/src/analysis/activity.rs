//! The material of an analysis: trials, and the activity they caused.

use attractor_data::{Target, Trials};
use attractor_learn::Model;
use attractor_network::{Autonomous, NoiseSource, SignalId};
use ndarray::{Array3, s};

use super::{Subject, grouping};
use crate::error::RunError;
use crate::evaluate::{group, signal};

/// Most trials: means and covariances are good, and the whole takes seconds.
const TRIALS: usize = 480;
/// Most numbers of one recording.
const NUMBERS: usize = 40_000_000;

/// Trials with the activity they caused.
pub(super) struct Activity {
    pub(super) trials: Trials,
    /// What is read out, `[time, trial, unit]`, with the network's noise.
    pub(super) noisy: Array3<f64>,
    /// The same without it. (The inputs keep theirs.)
    pub(super) quiet: Array3<f64>,
    /// Unit states along the noisy run, `[time, trial, state]`; none where the network has delays.
    pub(super) states: Option<Array3<f64>>,
    /// The choice that each trial's output made, −1 or 1, where that is what is asked.
    pub(super) choices: Option<Vec<f64>>,
    /// What trials differ in.
    pub(super) variables: Vec<(String, attractor_data::Column)>,
    /// Trials by condition.
    pub(super) conditions: Vec<(String, Vec<usize>)>,
    /// Inputs to stand still under, with their trials.
    pub(super) inputs: Vec<(String, Vec<f64>, Vec<usize>)>,
}

impl Activity {
    pub(super) fn record(subject: &mut Subject<'_>) -> Result<Activity, RunError> {
        let (parameters, network, units) = (subject.double(), subject.network(), subject.units());
        let Subject { engine, weights, trials, signals, noise, repeats, score, .. } = subject;
        let most = (NUMBERS / (trials.steps() * units).max(1)).clamp(1, TRIALS);
        let chosen: Vec<usize> = (0..trials.len().min(most)).collect();
        let trials = trials.select(&chosen).map_err(attractor_task::TaskError::from)?;
        let scored = &signals.scored;
        let output = signal(&network, scored)?;
        // the course of a single recorded unit is no answer
        let asked = if score.psychometric.is_some() { scored } else { "" };
        let emission = network.signal(&signals.emitted())?;
        let still = vec![0.0; network.channels()];
        let states: Vec<SignalId> =
            Autonomous::new(&network, &parameters, &still).map(|a| a.signals()).unwrap_or_default();
        let record: Vec<SignalId> =
            [emission, output.id].into_iter().chain(states.clone()).collect();
        let mut noisy = Model::run(*engine, weights, &trials, *noise, &record)?;
        let quiet =
            Model::run(*engine, weights, &trials, NoiseSource::off(), &[emission])?.remove(0);
        let of_states = noisy.split_off(2);
        let outputs = group(&output, &noisy.remove(1));
        let views: Vec<_> = of_states.iter().map(|values| values.view()).collect();
        let joined = ndarray::concatenate(ndarray::Axis(2), &views).ok();
        let double = |values: Array3<f32>| values.mapv(f64::from);
        Ok(Activity {
            noisy: double(noisy.remove(0)),
            quiet: double(quiet),
            states: joined.filter(|_| !states.is_empty()).map(double),
            choices: trials.target(asked).and_then(|target| choices(target, &outputs)),
            variables: grouping::variables(&trials, asked),
            conditions: grouping::conditions(&trials, asked, *repeats),
            inputs: grouping::inputs(&trials, asked),
            trials,
        })
    }

    /// Steps that all trials have.
    pub(super) fn steps(&self) -> usize {
        self.trials.lengths.iter().copied().min().unwrap_or(0).max(1)
    }

    /// Mean over the trials of each condition, `[time, condition, unit]`, up to the shortest trial.
    pub(super) fn averages(
        &self,
        activity: &Array3<f64>,
    ) -> Result<Array3<f64>, attractor_analysis::MeasureError> {
        let groups: Vec<Vec<usize>> = self.conditions.iter().map(|g| g.1.clone()).collect();
        let common = activity.slice(s![..self.steps(), .., ..]);
        attractor_analysis::group_averages(common, &groups)
    }
}

/// The sign of each trial's output where it is asked, if one output is asked for signs, and makes both.
fn choices(target: &Target, outputs: &Array3<f32>) -> Option<Vec<f64>> {
    let (steps, trials, channels) = target.values.dim();
    let asked = |trial: usize| (0..steps).filter(move |&step| target.weights[[step, trial]] > 0.0);
    let mut wanted = (0..trials).flat_map(|trial| asked(trial).map(move |step| (step, trial)));
    if channels != 1 || !wanted.all(|(step, trial)| target.values[[step, trial, 0]].abs() == 1.0) {
        return None;
    }
    let sum = |trial| asked(trial).map(|step| f64::from(outputs[[step, trial, 0]])).sum::<f64>();
    let made: Vec<f64> = (0..trials).map(|trial| sum(trial).signum()).collect();
    (made.contains(&1.0) && made.contains(&-1.0)).then_some(made)
}
