//! What disturbs a network at test: sines and noise, on the pixels or as an external drive of all units.

use std::f64::consts::TAU;

use attractor::data::Trials;
use attractor::network::{Action, Intervention, Interventions, NetworkError};
use attractor::numerics::{law::Law, random};

use crate::digits::disturbed;
use crate::net::Net;

/// The most cycles a sine has in a sequence (sMNIST_task.py: frequency between 0 and 2).
const CYCLES: f64 = 2.0;

/// Trials with a sine on their pixels, of a frequency and phase of its own in every trial.
pub(super) fn sine(trials: &Trials, size: f64, seed: u64) -> Trials {
    let between = |what: &str| {
        let mut rng = random::stream(seed, what);
        Law::Between { low: 0.0, high: 1.0 }.sample(trials.len(), 1, &mut rng)
    };
    let (cycles, phase) = (between("cycles"), between("phase"));
    let steps = trials.steps() as f64;
    disturbed(trials, |step, trial| {
        size * (TAU * (CYCLES * cycles[trial] * step as f64 / steps + phase[trial])).sin()
    })
}

/// Trials with noise on their pixels.
pub(super) fn noise(trials: &Trials, sd: f64, seed: u64) -> Trials {
    let mut rng = random::stream(seed, "noise");
    let z = Law::Normal { sd }.sample(trials.steps(), trials.len(), &mut rng);
    disturbed(trials, |step, trial| z[step * trials.len() + trial])
}

/// One cycle of a sine a sequence, added to the summed input of every unit (sMNIST_task.py: frequency 1, phase 0;
/// `external_drive`).
pub(super) fn driven_by_sine(
    net: &Net,
    drive: &str,
    steps: usize,
    size: f64,
) -> Result<Interventions, NetworkError> {
    let add = |step: usize| {
        let what = size * (TAU * step as f64 / steps as f64).sin();
        at(drive, step, Some(step + 1), Action::Add(what))
    };
    Interventions::new(&net.network, &(0..steps).map(add).collect::<Vec<_>>())
}

/// Noise added to the summed input of every unit, for each unit its own.
pub(super) fn driven_by_noise(
    net: &Net,
    drive: &str,
    (steps, units): (usize, usize),
    sd: f64,
    seed: u64,
) -> Result<Interventions, NetworkError> {
    let mut rng = random::stream(seed, "drive");
    let add = |step: usize| {
        let direction = Law::Normal { sd }.sample(units, 1, &mut rng);
        let size = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
        at(drive, step, None, Action::Kick { direction, size })
    };
    Interventions::new(&net.network, &(0..steps).map(add).collect::<Vec<_>>())
}

fn at(drive: &str, from: usize, until: Option<usize>, action: Action) -> Intervention {
    let ms = |step: usize| step as f64; // steps of 1 ms
    Intervention { target: drive.to_owned(), from: ms(from), until: until.map(ms), action }
}
