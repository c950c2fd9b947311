//! `results.json`: everything a run measured, and what is needed to make it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a run measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// How it ended.
    pub status: Status,
    /// What went wrong, if it diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The task.
    pub task: String,
    /// The seed.
    pub seed: u64,
    /// The network.
    pub network: NetworkFacts,
    /// Training.
    pub training: Training,
    /// How well the final weights do on fresh trials.
    pub evaluation: Evaluation,
    /// How the network does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<crate::analysis::Analysis>,
    /// Spikes and what they cost, of a population that spikes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spikes: Option<crate::spikes::Spikes>,
    /// Doubtful things, in sentences.
    pub warnings: Vec<String>,
    /// On what it ran.
    pub machine: Machine,
    /// What it ran with.
    pub versions: BTreeMap<String, String>,
    /// When it began, UTC.
    pub started: String,
    /// When it ended, UTC.
    pub finished: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// All phases are done.
    #[default]
    Done,
    /// The loss stopped being a number, or exploded; the last good weights were kept.
    Diverged,
}

/// A network in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkFacts {
    /// Name of the neuron.
    pub neuron: String,
    /// Recurrent units.
    pub units: usize,
    /// Length of the parameter vector.
    pub parameters: usize,
    /// Parameters that training may change.
    pub trained: usize,
    /// Per recurrent projection, the largest modulus of an eigenvalue before and after training.
    pub spectral_radius: BTreeMap<String, [f64; 2]>,
}

/// Training in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Updates done.
    pub updates: u64,
    /// Update after which the weights of `model.safetensors` stood.
    pub chosen: u64,
    /// Loss of the last batch.
    pub loss: Option<f64>,
    /// Score of the validation at which the weights were chosen.
    pub validation_score: Option<f64>,
    /// Loss of that validation.
    pub validation_loss: Option<f64>,
    /// How each phase ended.
    pub phases: Vec<PhaseEnd>,
    /// Seconds spent on updates and validation, over all sittings.
    pub seconds: f64,
    /// Seconds from the start of the process to the end of the first update, if this process did it.
    pub first_update_seconds: Option<f64>,
    /// Where and how the run was taken up again.
    pub resumed: Vec<Resumed>,
}

/// How a phase ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseEnd {
    /// Its name, or its number.
    pub phase: String,
    /// The update it ended with.
    pub update: u64,
    /// Why.
    pub reason: String,
}

/// A run taken up again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// After this update.
    pub update: u64,
    /// Instruction set from then on.
    pub instruction_set: String,
    /// Threads from then on.
    pub threads: usize,
}

/// How well weights do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Trials judged.
    pub trials: usize,
    /// Loss over them.
    pub loss: Option<f64>,
    /// Score over them.
    pub score: Option<f64>,
    /// What the score is.
    pub measure: String,
    /// Scores by condition.
    pub by_condition: Vec<ConditionRow>,
    /// Psychometric curves.
    pub psychometric: Vec<Curve>,
}

/// The score among trials that share a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionRow {
    /// The condition.
    pub condition: String,
    /// Its value.
    pub value: String,
    /// How many trials share it.
    pub trials: usize,
    /// Their score.
    pub score: f64,
}

/// How often the positive choice was made along a stimulus axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Which trials.
    pub among: String,
    /// The axis.
    pub axis: String,
    /// `[stimulus, trials, fraction of positive choices]`.
    pub points: Vec<[f64; 3]>,
}

impl From<attractor_task::Psychometric> for Curve {
    fn from(curve: attractor_task::Psychometric) -> Self {
        let points = curve.points.iter().map(|p| [p.stimulus, p.trials as f64, p.positive]);
        Curve { among: curve.among.clone(), axis: curve.axis.clone(), points: points.collect() }
    }
}

/// The machine of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Worker threads; they do not change results.
    pub threads: usize,
    /// Instruction set; results are the same bits for one program and instruction set.
    pub instruction_set: String,
    /// Architecture and operating system.
    pub system: String,
}
