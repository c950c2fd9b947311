//! A trained network on trials of somebody's own, left alone or interfered with.

use std::path::Path;
use std::sync::Arc;

use attractor_data::{Activity, Trials};
use attractor_interop::Model;
use attractor_network::{Engine, Intervention, Interventions, Network, NoiseSource, SignalId};

use crate::directory::RunDirectory;
use crate::error::RunError;
use crate::train::Settings;

mod lesion;
mod silence;

pub use lesion::{Lesioned, lesion};

/// What a simulation is asked for.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    /// Signals to record; all emissions and states if none are named.
    pub record: Vec<String>,
    /// Units that emit nothing: a group, `A1` or `rec[A1]`; a value of a column of a connectome,
    /// `class=AVA`, or a group called as such, `region=A1`; or units by number, `units=0,4..9`.
    pub silence: Vec<String>,
    /// Further interventions.
    pub interventions: Vec<Intervention>,
    /// Seed of the network's noise; without it, noise is off.
    pub noise: Option<u64>,
}

/// Whether a path is that of a NIR file.
#[must_use]
pub fn is_nir(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("nir"))
}

/// Loads a model: a model file, the directory of a run that has one, or a `.nir` file, at the step it
/// remembers or 1 ms.
///
/// # Errors
/// A directory without model, a file that is none.
pub fn load_model(path: &Path) -> Result<Model, RunError> {
    load_model_at(path, None)
}

/// As [`load_model`]; a `.nir` file that remembers no step gets this one, ms.
///
/// # Errors
/// As [`load_model`].
pub fn load_model_at(path: &Path, dt: Option<f64>) -> Result<Model, RunError> {
    if path.is_dir() {
        let model = RunDirectory::open(path)?.model();
        if !model.is_file() {
            let missing = "model.safetensors yet";
            return Err(RunError::NoRun { directory: path.to_owned(), missing });
        }
        return Ok(attractor_interop::load(&model)?);
    }
    if is_nir(path) {
        return Ok(attractor_interop::nir::read(path, dt)?);
    }
    Ok(attractor_interop::load(path)?)
}

/// Runs a model, in double precision if its weights are, and returns the signals asked for.
///
/// # Errors
/// Unknown signals or groups, trials of another shape than the network, values that are not finite.
pub fn simulate(
    model: &Model,
    trials: &Trials,
    simulation: &Simulation,
    settings: Settings,
) -> Result<Activity, RunError> {
    let (network, mut list) = silence::silenced(&model.network, &simulation.silence)?;
    let network = Arc::new(network);
    list.extend(simulation.interventions.iter().cloned());
    let interventions = Interventions::new(&network, &list)?;
    let signals: Vec<SignalId> = match simulation.record.is_empty() {
        true => once(&network),
        false => {
            simulation.record.iter().map(|name| network.signal(name)).collect::<Result<_, _>>()?
        }
    };
    let noise = match simulation.noise {
        Some(seed) => NoiseSource { seed, epoch: 0, on: true },
        None => NoiseSource::off(),
    };
    let mut activity = Activity::new(trials.dt);
    macro_rules! run {
        ($t:ty) => {{
            let mut engine = Engine::<$t>::new(network.clone(), settings.engine())?;
            let parameters = model.parameters_in::<$t>();
            let recorded = engine.run(&parameters, trials, noise, &interventions, &signals)?;
            for (signal, values) in signals.iter().zip(recorded) {
                let inserted =
                    activity.insert(&network.signal_name(*signal), values.mapv(|x| x as f32));
                inserted.map_err(attractor_task::TaskError::from)?;
            }
        }};
    }
    match model.precision {
        attractor_interop::Precision::F32 => run!(f32),
        attractor_interop::Precision::F64 => run!(f64),
    }
    Ok(activity)
}

/// All emissions and states, each name once: an emission goes before a state of the same name.
fn once(network: &Network) -> Vec<SignalId> {
    let mut names: Vec<String> = Vec::new();
    let mut signals = network.signals();
    signals.retain(|signal| {
        let name = network.signal_name(*signal);
        let new = !names.contains(&name);
        names.push(name);
        new
    });
    signals
}
