//! How well a network does on trials that nothing has seen before, and a few of them to look at.

use attractor_data::Trials;
use attractor_learn::{Model, Names, ObjectiveError, Signal, TrainError};
use attractor_network::{Engine, Interventions, Network, NoiseSource, Part, SignalId, SignalView};
use ndarray::{Array3, s};

use crate::config::Experiment;
use crate::describe::RECURRENT;
use crate::error::RunError;
use crate::material::Material;
use crate::results::Evaluation;

/// Trials shown in the report.
const SHOWN: usize = 4;

/// Some trials with what the network made of them.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) trials: Trials,
    /// The judged signal.
    pub(crate) scored: String,
    /// What it was, `[time, trial, channel]`.
    pub(crate) outputs: Array3<f32>,
    /// Activity of all recurrent units, `[time, trial, unit]`.
    pub(crate) activity: Array3<f32>,
    /// Name of the activity, such as `r`.
    pub(crate) quantity: String,
    /// The first state of the recurrent units, such as the membrane's potential: name and values.
    pub(crate) membrane: Option<(String, Array3<f32>)>,
}

/// The noise of an evaluation.
pub(crate) fn noise(experiment: &Experiment) -> NoiseSource {
    NoiseSource { seed: experiment.config.seed, epoch: Material::evaluation_epoch(), on: true }
}

/// Loss and score on fresh trials, with the network's noise on. The loss is that of the last phase.
pub(crate) fn evaluate(
    experiment: &Experiment,
    engine: &mut Engine<f32>,
    parameters: &[f32],
) -> Result<Evaluation, RunError> {
    evaluate_under(experiment, engine, parameters, &Interventions::default())
}

/// As [`evaluate`], while the network is interfered with.
pub(crate) fn evaluate_under(
    experiment: &Experiment,
    engine: &mut Engine<f32>,
    parameters: &[f32],
    interventions: &Interventions,
) -> Result<Evaluation, RunError> {
    let trials = experiment.material.evaluation(experiment.config.evaluate.trials)?;
    let scored = signal(&experiment.network, &experiment.material.scored())?;
    let objective = experiment.phases.last().cloned().unwrap_or_default().objective;
    let resolved = objective.resolve(&*experiment.network).map_err(first)?;
    let mut record: Vec<SignalId> = resolved.signals().to_vec();
    if !record.contains(&scored.id) {
        record.push(scored.id);
    }
    let noise = noise(experiment);
    let outputs = engine.run(parameters, &trials, noise, interventions, &record)?;
    let outputs: Vec<Array3<f32>> =
        outputs.into_iter().map(|array| array.as_standard_layout().into_owned()).collect();
    let views: Vec<SignalView<'_, f32>> = outputs.iter().map(view).collect();
    let bound = resolved.bind(&trials).map_err(TrainError::from)?;
    let part = Part { trials: 0..trials.len(), steps: 0..trials.steps() };
    let loss = bound.value(&part, &views[..resolved.signals().len()]);
    let loss = loss + bound.penalise(parameters, None);
    let place = record.iter().position(|id| *id == scored.id).unwrap_or(0);
    let mut evaluation =
        experiment.material.judge(&trials, group(&scored, &outputs[place]).view())?;
    evaluation.loss = Some(loss);
    Ok(evaluation)
}

fn first(mut problems: Vec<ObjectiveError>) -> RunError {
    match problems.pop() {
        Some(problem) => TrainError::from(problem).into(),
        None => TrainError::NoPhases.into(),
    }
}

/// What is looked at of a network that runs.
#[derive(Clone, Debug)]
pub(crate) struct Signals {
    /// The signal that is judged.
    pub(crate) scored: String,
    /// The emission of the recurrent units that is looked at, such as `r`.
    pub(crate) emission: String,
    /// The signal that a recording is compared with.
    pub(crate) observed: String,
    /// The first state of the recurrent units, where it is looked at.
    pub(crate) membrane: Option<String>,
    /// Names of the input channels.
    pub(crate) inputs: Vec<String>,
    /// Names of the output channels; none where nothing is asked of a readout.
    pub(crate) outputs: Vec<String>,
}

impl Signals {
    /// Of a training run.
    pub(crate) fn of(experiment: &Experiment) -> Self {
        Signals {
            scored: experiment.material.scored(),
            observed: format!("{RECURRENT}.{}", experiment.emission()),
            emission: experiment.emission(),
            membrane: experiment.neuron.states.first().map(|state| state.symbol.name.clone()),
            inputs: experiment.material.inputs(),
            outputs: experiment.material.outputs(),
        }
    }

    /// The signal of the emission.
    pub(crate) fn emitted(&self) -> String {
        format!("{RECURRENT}.{}", self.emission)
    }
}

/// The first trials of the evaluation.
pub(crate) fn sample(
    experiment: &Experiment,
    engine: &mut Engine<f32>,
    parameters: &[f32],
) -> Result<Sample, RunError> {
    let trials = experiment.material.evaluation(experiment.config.evaluate.trials)?;
    let shown: Vec<usize> = (0..SHOWN.min(trials.len())).collect();
    let signals = Signals::of(experiment);
    sample_of(engine, parameters, &signals, noise(experiment), &trials, &shown)
}

/// Some of these trials.
pub(crate) fn sample_of(
    engine: &mut Engine<f32>,
    parameters: &[f32],
    signals: &Signals,
    noise: NoiseSource,
    trials: &Trials,
    shown: &[usize],
) -> Result<Sample, RunError> {
    let trials = trials.select(shown).map_err(attractor_task::TaskError::from)?;
    let network = engine.network().clone();
    let scored = signal(&network, &signals.scored)?;
    let membrane = signals.membrane.clone();
    let mut record = vec![scored.id, network.signal(&signals.emitted())?];
    let named = |what: &String| network.signal(&format!("{RECURRENT}.{what}"));
    record.extend(membrane.as_ref().map(named).transpose()?);
    let mut recorded = Model::run(engine, parameters, &trials, noise, &record)?;
    let membrane = membrane.and_then(|name| Some((name, recorded.pop()?)));
    let activity = recorded.pop().unwrap_or_default();
    let outputs = recorded.pop().map(|values| group(&scored, &values)).unwrap_or_default();
    let (scored, quantity) = (signals.scored.clone(), signals.emission.clone());
    Ok(Sample { trials, scored, outputs, activity, quantity, membrane })
}

impl Sample {
    /// Of one trial, the first steps of an array `[time, trial, channel]`, in order of memory.
    pub(crate) fn of<T: Clone>(&self, array: &Array3<T>, trial: usize) -> (usize, usize, Vec<T>) {
        let steps = self.trials.lengths[trial];
        let rows = array.slice(s![..steps, trial, ..]);
        (steps, rows.dim().1, rows.iter().cloned().collect())
    }
}

pub(crate) fn signal(network: &Network, name: &str) -> Result<Signal, RunError> {
    Names::signal(network, name).map_err(RunError::Request)
}

fn view(array: &Array3<f32>) -> SignalView<'_, f32> {
    let (_, trials, units) = array.dim();
    SignalView { values: array.as_slice().unwrap_or_default(), units, ld: units, trials }
}

/// The units of a signal's group.
pub(crate) fn group(signal: &Signal, values: &Array3<f32>) -> Array3<f32> {
    let (steps, trials, _) = values.dim();
    Array3::from_shape_fn((steps, trials, signal.units.len()), |(step, trial, k)| {
        values[[step, trial, signal.units.place(k)]]
    })
}
