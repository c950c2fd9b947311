//! `results.json` of a study: every seed, every claim, and what is needed to measure them again.

use std::fmt;

use attractor::run::results::Machine;
use serde::{Deserialize, Serialize};

use crate::claim::{Claim, Report};
use crate::measured::Measured;
use crate::study::Scale;

/// What a study measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Its name.
    pub study: String,
    /// Title of the publication.
    pub title: String,
    /// The publication.
    pub reference: String,
    /// How much was computed.
    pub scale: Scale,
    /// What the scale decided.
    pub settings: toml::Table,
    /// What was expected and what came out.
    pub claims: Vec<Claim>,
    /// What was measured without a claim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reported: Vec<Report>,
    /// Seeds whose numbers ran away.
    pub diverged: usize,
    /// Every seed.
    pub seeds: Vec<SeedResult>,
    /// On what it ran; its threads measured one seed each.
    pub machine: Machine,
    /// Version of attractor.
    pub attractor: String,
    /// When it ended, UTC.
    pub finished: String,
}

/// One seed, kept in `seeds/` as soon as it is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// What was measured, unless it diverged.
    pub measured: Option<Measured>,
    /// How it diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverged: Option<String>,
}

impl Results {
    /// Claims that hold.
    #[must_use]
    pub fn held(&self) -> usize {
        self.claims.iter().filter(|claim| claim.pass).count()
    }

    /// Claims that were measured, not left out for want of data.
    #[must_use]
    pub fn measured(&self) -> usize {
        self.claims.iter().filter(|claim| claim.skipped.is_none()).count()
    }

    /// Whether the study failed: at a scale that concludes, a claim that was measured does not hold.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.scale.concludes() && self.held() < self.measured()
    }

    /// What came out, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (held, claims, seeds) = (self.held(), self.measured(), self.seeds.len());
        let plural = if seeds == 1 { "seed" } else { "seeds" };
        let mut said = match self.scale.concludes() {
            true => format!(
                "{held} of {claims} claims hold over {seeds} {plural}, {} scale",
                self.scale
            ),
            false => format!(
                "{claims} claims measured over {seeds} {plural}; smoke scale concludes nothing"
            ),
        };
        let left_out = self.claims.len() - claims;
        if left_out > 0 {
            said.push_str(&format!(", {left_out} not run"));
        }
        if self.diverged > 0 {
            said.push_str(&format!(", {} diverged", self.diverged));
        }
        said
    }
}

/// A number with four digits, or a dash.
pub(crate) fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| attractor::report::number(value, 3))
}

/// The claims, one a line, with every seed.
impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.study, self.sentence())?;
        let ids = self.claims.iter().map(|claim| &claim.id);
        let ids = ids.chain(self.reported.iter().map(|report| &report.id));
        let width = ids.map(|id| id.chars().count()).max().unwrap_or(0);
        let every = |per_seed: &[Option<f64>]| {
            per_seed.iter().map(|value| shown(*value)).collect::<Vec<_>>().join("  ")
        };
        for claim in &self.claims {
            if let Some(why) = &claim.skipped {
                writeln!(f, "  -      {:width$}  not run: {why}", claim.id)?;
                writeln!(f, "         {}", claim.statement)?;
                continue;
            }
            let mark = if claim.pass { "holds" } else { "FAILS" };
            let over = claim.measured.over.name();
            writeln!(
                f,
                "  {mark}  {:width$}  {} {} {} expected  ({over}; seeds {})",
                claim.id,
                shown(claim.measured.summary),
                claim.relation.sign(),
                shown(Some(claim.expected)),
                every(&claim.measured.per_seed)
            )?;
            writeln!(f, "         {}", claim.statement)?;
        }
        for Report { id, statement, measured, .. } in &self.reported {
            let (median, seeds) = (shown(measured.summary), every(&measured.per_seed));
            writeln!(f, "  –      {id:width$}  {median}  (reported, median; seeds {seeds})")?;
            writeln!(f, "         {statement}")?;
        }
        Ok(())
    }
}
