//! A run judged again while its network is interfered with.

use std::sync::Arc;

use attractor_network::{Engine, Interventions};
use serde::Serialize;

use super::{Simulation, silence};
use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::evaluate::{evaluate, evaluate_under};
use crate::results::Evaluation;
use crate::train::Settings;

/// How well a network does on the trials its run was evaluated on, left alone and interfered with.
#[derive(Clone, Debug, Serialize)]
pub struct Lesioned {
    /// Left alone.
    pub intact: Evaluation,
    /// Interfered with, the noise the same.
    pub lesioned: Evaluation,
}

/// Evaluates a finished run with and without silenced units and other interventions, on the trials and
/// with the noise of its evaluation.
///
/// # Errors
/// No finished run; unknown groups or signals; values that are not finite.
pub fn lesion(
    directory: &RunDirectory,
    simulation: &Simulation,
    settings: Settings,
) -> Result<Lesioned, RunError> {
    let (experiment, weights) = crate::finish::trained(directory)?;
    let (network, mut list) = silence::silenced(&experiment.network, &simulation.silence)?;
    list.extend(simulation.interventions.iter().cloned());
    let interventions = Interventions::new(&network, &list)?;
    let mut engine = Engine::new(Arc::new(network), settings.engine())?;
    Ok(Lesioned {
        intact: evaluate(&experiment, &mut engine, &weights)?,
        lesioned: evaluate_under(&experiment, &mut engine, &weights, &interventions)?,
    })
}
