//! What reduced-rank regression between regions measured.

use std::fmt;

use attractor_analysis::{CommunicationSubspace, SubspaceOptions};
use serde::{Deserialize, Serialize};

use super::Samples;
use crate::fit::results::shown;

/// Reduced-rank regression of one region on another. Scores are those of samples that were held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubspaceFit {
    /// What is read.
    pub from: SubspaceRegion,
    /// What is predicted.
    pub to: SubspaceRegion,
    /// Samples: frames of all trials.
    pub samples: usize,
    /// Trials; of one, blocks are held out.
    pub trials: usize,
    /// Whether means over trials were subtracted.
    pub residuals: bool,
    /// Parts that were held out in turn.
    pub folds: usize,
    /// Penalty that predicts best at full rank, in units of the mean sum of squares of a source.
    pub l2: f64,
    /// Ridge regression at each penalty.
    pub ridge: Vec<RidgeScore>,
    /// Rank 0, 1, … at the chosen penalty; the last is ridge regression.
    pub ranks: Vec<RankScore>,
    /// The smallest rank within one standard error of the best.
    pub rank: usize,
}

/// A region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubspaceRegion {
    /// Its name.
    pub name: String,
    /// Its units.
    pub units: usize,
}

/// Ridge regression on held-out samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RidgeScore {
    /// The penalty.
    pub l2: f64,
    /// R², mean over parts.
    pub r2: f64,
}

/// A rank on held-out samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankScore {
    /// The rank.
    pub rank: usize,
    /// R², mean over parts.
    pub r2: f64,
    /// Standard error of that mean.
    pub standard_error: f64,
}

impl SubspaceFit {
    pub(super) fn of(
        from: SubspaceRegion,
        to: SubspaceRegion,
        samples: &Samples,
        options: &SubspaceOptions,
        found: &CommunicationSubspace,
    ) -> Self {
        let ranks = found.ranks.mean.iter().zip(&found.ranks.standard_error).enumerate();
        let ridge = options.l2.iter().zip(&found.ridge.mean);
        SubspaceFit {
            from,
            to,
            samples: samples.groups.len(),
            trials: samples.trials,
            residuals: samples.residuals,
            folds: options.folds,
            l2: found.l2,
            ridge: ridge.map(|(&l2, &r2)| RidgeScore { l2, r2 }).collect(),
            ranks: ranks
                .map(|(rank, (&r2, &standard_error))| RankScore { rank, r2, standard_error })
                .collect(),
            rank: found.rank,
        }
    }

    /// R² at the chosen rank.
    #[must_use]
    pub fn r2(&self) -> Option<f64> {
        self.ranks.get(self.rank).map(|score| score.r2)
    }

    /// R² at full rank.
    #[must_use]
    pub fn full(&self) -> Option<f64> {
        self.ranks.last().map(|score| score.r2)
    }

    /// What a reader should not overlook.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.trials == 1 {
            let said = "the recording is one stretch: blocks of it are held out, whose edges resemble what is fitted, and what both regions owe to a stimulus is not removed";
            warnings.push(said.to_owned());
        }
        if self.rank == 0 {
            let (from, to) = (&self.from.name, &self.to.name);
            warnings.push(format!("{from} does not predict {to} on held-out data: rank 0"));
        }
        warnings
    }
}

impl fmt::Display for SubspaceFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (&self.from, &self.to);
        writeln!(
            f,
            "{} ({} units) predicted from {} ({} units): {} samples, {} parts held out in turn",
            to.name, to.units, from.name, from.units, self.samples, self.folds
        )?;
        writeln!(f, "  {:>4}  {:>8}  {:>14}", "rank", "R²", "standard error")?;
        for RankScore { rank, r2, standard_error } in &self.ranks {
            let mark = if *rank == self.rank { "  chosen" } else { "" };
            writeln!(f, "  {rank:>4}  {:>8}  {standard_error:>14.4}{mark}", shown(Some(*r2)))?;
        }
        write!(
            f,
            "  rank {}: R² {} of {} at full rank, l2 {}",
            self.rank,
            shown(self.r2()),
            shown(self.full()),
            self.l2
        )
    }
}
