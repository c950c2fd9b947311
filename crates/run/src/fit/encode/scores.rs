//! What encoding models measured.

use std::fmt;

use attractor_analysis::EncodingModel;
use attractor_analysis::graph::quantile;
use serde::{Deserialize, Serialize};

use crate::fit::results::shown;

/// Units pass at this false discovery rate.
pub const FALSE_DISCOVERIES: f64 = 0.05;

/// Encoding models of all units. Scores are those of stimuli that a fit has not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodingFit {
    /// The model.
    pub model: EncodingModel,
    /// Whether square roots of responses were regressed.
    pub square_root: bool,
    /// Stimuli that were shown.
    pub stimuli: usize,
    /// Trials.
    pub trials: usize,
    /// Fewest and most trials of a stimulus.
    pub repeats: [usize; 2],
    /// The window of responses, ms after the beginning of a trial.
    pub window: [f64; 2],
    /// Parts of the stimuli that were held out in turn.
    pub parts: usize,
    /// Layers of features.
    pub layers: Vec<LayerScore>,
    /// Units.
    pub units: Vec<EncodedUnit>,
    /// Permutations of stimuli; 0 for no test.
    pub permutations: usize,
}

/// What a layer says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerScore {
    /// Its name.
    pub name: String,
    /// Features.
    pub features: usize,
    /// Median over units of the correlation with held-out mean responses.
    pub r: Option<f64>,
    /// Units that no layer predicts better.
    pub best: usize,
}

/// A unit by the layer that predicts it best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodedUnit {
    /// Its name.
    pub name: String,
    /// The layer.
    pub layer: String,
    /// Correlation of predictions with held-out mean responses.
    pub r: f64,
    /// Correlation that the true tuning would have, from halves of the repeats; none of single trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<f64>,
    /// `r` over it; none where it is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalised: Option<f64>,
    /// Fraction of the variance (ridge) or deviance (Poisson) explained beyond the training mean.
    pub explained: Option<f64>,
    /// p value of the permutation test, times the number of layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Adjusted for the number of units by Benjamini and Hochberg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<f64>,
}

impl EncodedUnit {
    /// Whether the unit passes; none without a test.
    #[must_use]
    pub fn significant(&self) -> Option<bool> {
        self.q.map(|q| q <= FALSE_DISCOVERIES)
    }
}

impl EncodingFit {
    /// Units that pass the permutation test; none without a test.
    #[must_use]
    pub fn significant(&self) -> Option<usize> {
        let passed = self.units.iter().map(EncodedUnit::significant);
        passed.collect::<Option<Vec<bool>>>().map(|all| all.into_iter().filter(|p| *p).count())
    }

    /// Medians over units of r, r over the ceiling, and what is explained.
    #[must_use]
    pub fn medians(&self) -> [Option<f64>; 3] {
        [
            median(self.units.iter().map(|unit| unit.r)),
            median(self.units.iter().filter_map(|unit| unit.normalised)),
            median(self.units.iter().filter_map(|unit| unit.explained)),
        ]
    }

    /// `variance explained`, `deviance explained`
    #[must_use]
    pub fn explained(&self) -> &'static str {
        match self.model {
            EncodingModel::Ridge => "variance explained",
            EncodingModel::Poisson => "deviance explained",
        }
    }

    /// What a reader should not overlook.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.repeats[0] < 2 {
            let said = "some stimuli were shown once: there is no noise ceiling";
            warnings.push(said.to_owned());
        }
        // the least p that so many permutations can give must pass among so many units
        let least = self.layers.len() as f64 / (1 + self.permutations) as f64;
        if self.permutations > 0 && least > FALSE_DISCOVERIES {
            warnings.push(format!(
                "{} permutations cannot show p below {least:.3} for {} layers: no unit can pass; raise encode.permutations",
                self.permutations,
                self.layers.len()
            ));
        }
        warnings
    }
}

/// The median of finite values; none of none.
pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.filter(|x| x.is_finite()).collect();
    quantile(&values, 0.5).ok()
}

impl fmt::Display for EncodingFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = match self.model {
            EncodingModel::Ridge => "ridge",
            EncodingModel::Poisson => "Poisson",
        };
        writeln!(
            f,
            "Encoding by {model} regression: {} stimuli in {} trials, {} parts of the stimuli held out in turn",
            self.stimuli, self.trials, self.parts
        )?;
        let width = self.layers.iter().map(|l| l.name.chars().count()).max().unwrap_or(0).max(5);
        writeln!(
            f,
            "  {:width$}  {:>8}  {:>8}  {:>10}",
            "layer", "features", "median r", "best units"
        )?;
        for LayerScore { name, features, r, best } in &self.layers {
            writeln!(f, "  {name:width$}  {features:>8}  {:>8}  {best:>10}", shown(*r))?;
        }
        let [r, normalised, explained] = self.medians();
        write!(
            f,
            "  medians of {} units: r {}, over the noise ceiling {}, {} {}",
            self.units.len(),
            shown(r),
            shown(normalised),
            self.explained(),
            shown(explained)
        )?;
        if let Some(significant) = self.significant() {
            let (units, rate) = (self.units.len(), 100.0 * FALSE_DISCOVERIES);
            write!(
                f,
                "\n  {significant} of {units} units pass {} permutations of the stimuli at a false discovery rate of {rate} %",
                self.permutations
            )?;
        }
        Ok(())
    }
}
