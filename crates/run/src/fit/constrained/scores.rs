//! What a direct solver's fit measured.

use std::fmt;

use attractor_analysis::Agreement;
use attractor_learn::constrained::{Candidate, Scores};
use serde::{Deserialize, Serialize};

use crate::fit::config::Solver;
use crate::fit::counts::SpikeScores;
use crate::fit::identified::{Restart, agreements};
use crate::fit::results::{UnitScore, finite, shown};

/// Free pVar below which the network does not stand for the data.
const GOOD: f64 = 0.9;
/// Correlation of restarts below which weights or currents are not to be read.
const STEADY: f64 = 0.8;

/// A network whose units are the recorded ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConstrainedFit {
    /// How it was fitted.
    pub solver: Solver,
    /// Regions and their numbers of units.
    pub regions: Vec<(String, usize)>,
    /// Time constant, ms.
    pub tau: f64,
    /// Penalty per sample.
    pub l2: f64,
    /// Penalties there were to choose from, with the R² of drives that were held out.
    pub candidates: Vec<Candidate>,
    /// Noise of the fit.
    pub noise: f64,
    /// Free pVar of each iterate of the roll-outs; the first is plain ridge.
    pub iterates: Vec<Option<f64>>,
    /// Passes of recursive least squares that are part of the fit.
    pub passes: usize,
    /// pVar of the free run with the frozen noise of training, which the network knows by heart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<f64>,
    /// In sample.
    pub scores: FreeScores,
    /// A fit that has not seen these data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<Held>,
    /// pVar of each unit's free run, in sample.
    pub units: Vec<UnitScore>,
    /// Mean magnitude of currents, `[target][source]`.
    pub magnitudes: Vec<Vec<f64>>,
    /// The same of the excitatory part.
    pub excitatory: Vec<Vec<f64>>,
    /// The same of the inhibitory part.
    pub inhibitory: Vec<Vec<f64>>,
    /// Other fits, and how far they agree with this one.
    pub restarts: Vec<Restart>,
    /// How far the weights and currents of a simulation agree with this fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<Agreement>,
}

/// How well a network reproduces data; none where a number is not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FreeScores {
    /// R² one sample ahead.
    pub one_step: Option<f64>,
    /// The same against the last value.
    pub skill: Option<f64>,
    /// pVar of the free run from the recorded start.
    pub clean: Option<f64>,
    /// From a start that is off by .05.
    pub jittered: Option<f64>,
    /// With .003 added to the potentials each step.
    pub noisy: Option<f64>,
    /// With .01 added to the potentials each step.
    pub noisier: Option<f64>,
}

impl FreeScores {
    pub(crate) fn of(scores: &Scores) -> Self {
        FreeScores {
            one_step: finite(scores.one_step),
            skill: finite(scores.skill),
            clean: finite(scores.clean),
            jittered: finite(scores.jittered),
            noisy: finite(scores.noisy),
            noisier: finite(scores.noisier),
        }
    }

    /// Scores and what they are.
    pub(crate) fn rows(&self) -> [(&'static str, Option<f64>); 6] {
        [
            ("one sample ahead, R²", self.one_step),
            ("one sample ahead, against the last value", self.skill),
            ("free run", self.clean),
            ("free run, start off by .05", self.jittered),
            ("free run, noise .003 a step", self.noisy),
            ("free run, noise .01 a step", self.noisier),
        ]
    }
}

/// Scores on data that were held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Transitions judged.
    pub samples: usize,
    /// The scores.
    pub scores: FreeScores,
    /// How well the free run explains counts of spikes, if the activity is counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spikes: Option<SpikeScores>,
}

impl ConstrainedFit {
    /// What a reader should not overlook.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.scores.clean.is_none_or(|r2| r2 < GOOD) {
            let clean = shown(self.scores.clean);
            warnings.push(format!(
                "the network runs freely at pVar {clean}, below {GOOD}: its currents are those of another system; smoother or shorter data, inputs, or another network.tau may help"
            ));
        }
        let (clean, jittered) = (self.scores.clean.unwrap_or(0.0), self.scores.jittered);
        if jittered.is_none_or(|r2| r2 < clean - 0.2) {
            warnings.push(format!(
                "the free run does not survive an error of .05 in its start (pVar {})",
                shown(jittered)
            ));
        }
        let least = |values: Vec<f64>| values.into_iter().fold(f64::INFINITY, f64::min);
        let weights = least(self.restarts.iter().map(|r| r.weights).collect());
        if weights < STEADY {
            warnings.push(format!(
                "weights are not identified: restarts correlate at {weights:.2} or more only"
            ));
        }
        let currents = self.restarts.iter().flat_map(|r| r.currents.iter().flatten().flatten());
        let currents = least(currents.copied().collect());
        if currents < STEADY {
            warnings.push(format!(
                "currents are not identified: between restarts the least agreeing ones correlate at {currents:.2}"
            ));
        }
        warnings
    }
}

impl fmt::Display for ConstrainedFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let solver = match self.solver {
            Solver::Rls => "recursive least squares",
            _ => "roll-outs of ridge",
        };
        writeln!(f, "Network of the recorded units by {solver}")?;
        write!(f, "  {:<42}{:>10}{:>10}", "", "in sample", "held out")?;
        let held = self.held_out.map(|held| held.scores.rows());
        for (k, (name, score)) in self.scores.rows().into_iter().enumerate() {
            let held = held.map_or_else(|| "-".to_owned(), |held| shown(held[k].1));
            write!(f, "\n  {name:<42}{:>10}{held:>10}", shown(score))?;
        }
        if let Some(spikes) = self.held_out.and_then(|held| held.spikes) {
            write!(f, "\n  {spikes}")?;
        }
        if self.replayed.is_some() {
            let name = "free run, noise of training replayed";
            write!(f, "\n  {name:<42}{:>10}", shown(self.replayed))?;
        }
        write!(f, "\n  mean current, target by source:")?;
        for ((target, _), row) in self.regions.iter().zip(&self.magnitudes) {
            let cells = self.regions.iter().zip(row);
            let cells: Vec<String> = cells.map(|((s, _), x)| format!("{s} {x:.3}")).collect();
            write!(f, "\n    {target}: {}", cells.join(", "))?;
        }
        for line in agreements(&self.restarts, self.truth.as_ref()) {
            write!(f, "\n{line}")?;
        }
        Ok(())
    }
}
