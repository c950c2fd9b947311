//! The whole way: choose a penalty, close the loop, polish.

use super::error::FitError;
use super::model::{Model, Scores};
use super::ridge::{Candidate, Setting, best};
use super::rollout::{RolloutOptions, rollout};
use super::samples::Samples;
use crate::force::{Force, ForceOptions, Noise, Prior};

/// How the recipe goes.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecipeOptions {
    /// Penalties to choose from on held-out samples; one or none leaves that of the roll-outs.
    pub penalties: Vec<f64>,
    /// Parts of each trial that are held out in turn for the choice.
    pub folds: usize,
    /// Roll-outs.
    pub rollout: RolloutOptions,
    /// Free-running pVar below which roll-outs are tried again with a third of the noise.
    pub enough: f64,
    /// Passes of recursive least squares at the end; 0 for none.
    pub polish: usize,
}

impl Default for RecipeOptions {
    fn default() -> Self {
        RecipeOptions {
            penalties: Vec::new(),
            folds: 5,
            rollout: RolloutOptions::default(),
            enough: 0.98,
            polish: 0,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The network.
    pub model: Model,
    /// Its scores on the samples it was fitted to.
    pub scores: Scores,
    /// Penalties, if there was a choice.
    pub candidates: Vec<Candidate>,
    /// The penalty.
    pub l2: f64,
    /// Noise of the roll-outs that were best.
    pub noise: f64,
    /// Free-running pVar of the iterates of these roll-outs.
    pub clean: Vec<f64>,
    /// The same with an error in the start.
    pub jittered: Vec<f64>,
    /// pVar in the free run after the polish, if there was one and it helped.
    pub polished: Option<f64>,
}

/// Fits a network: penalty by held-out error one step ahead, roll-outs with noise, again with less
/// noise if they do not run freely, and passes of recursive least squares if asked for and if better.
///
/// # Errors
/// As its parts.
pub fn recipe(
    setting: &Setting,
    samples: &Samples,
    options: &RecipeOptions,
) -> Result<Recipe, FitError> {
    let mut rolling = options.rollout;
    let candidates = match options.penalties.len() {
        0 | 1 => Vec::new(),
        _ => setting.choose(samples, &options.penalties, options.folds)?,
    };
    rolling.l2 = match (best(&candidates), options.penalties.as_slice()) {
        (Some(best), _) => best.l2,
        (None, [only]) => *only,
        _ => rolling.l2,
    };
    let score = |fit: &super::rollout::Rollout| fit.clean[fit.best].min(fit.jittered[fit.best]);
    let mut fit = rollout(setting, samples, &rolling)?;
    if score(&fit) < options.enough && rolling.noise > 0.0 {
        let less = RolloutOptions { noise: rolling.noise / 3.0, ..rolling };
        let again = rollout(setting, samples, &less)?;
        if score(&again) > score(&fit) {
            (fit, rolling) = (again, less);
        }
    }
    let seed = rolling.seed;
    let mut model = fit.model.clone();
    let mut scores = model.scores(samples, seed)?;
    let mut polished = None;
    if options.polish > 0 {
        let noise = Noise::Redrawn;
        let force = ForceOptions {
            steps: 1,
            prior: Prior::Samples(rolling.l2),
            noise,
            seed,
            ..ForceOptions::default()
        };
        let mut force = Force::<f64>::warm(setting, samples, &model, &fit.regression, &force)?;
        for _ in 0..options.polish {
            force.pass()?;
        }
        let after = force.model();
        let found = after.scores(samples, seed)?;
        if found.clean.min(found.jittered) > scores.clean.min(scores.jittered) {
            polished = Some(found.clean);
            (model, scores) = (after, found);
        }
    }
    let (clean, jittered) = (fit.clean, fit.jittered);
    let (l2, noise) = (rolling.l2, rolling.noise);
    Ok(Recipe { model, scores, candidates, l2, noise, clean, jittered, polished })
}
