//! What a study is, and which there are.

use std::fmt;
use std::str::FromStr;

use attractor::data::closest;
use attractor::report::Figure;
use serde::{Deserialize, Serialize};

use crate::claim::{Expected, Reported};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::studies::{
    AcrossAreaCommunication, AdaptiveSrnn, Curbd, DaleBackprop, Horn, Initialization,
    LowRankInference, MemristiveEprop, MtlEncoding, PfcHypotheses, PopulationGating,
    ProbabilisticDecisions, SequentialInterference, Sernn, SingleNeuronAdaptation, Striatum,
};

/// Every study, in the order of the list.
pub static STUDIES: &[&dyn Study] = &[
    &LowRankInference,
    &Initialization,
    &SequentialInterference,
    &MemristiveEprop,
    &AdaptiveSrnn,
    &Horn,
    &SingleNeuronAdaptation,
    &Sernn,
    &Curbd,
    &DaleBackprop,
    &PfcHypotheses,
    &PopulationGating,
    &Striatum,
    &ProbabilisticDecisions,
    &AcrossAreaCommunication,
    &MtlEncoding,
];

/// The study of a name.
///
/// # Errors
/// [`StudyError::Unknown`], with the nearest name.
pub fn find(name: &str) -> Result<&'static dyn Study, StudyError> {
    let names = || STUDIES.iter().map(|study| study.name());
    STUDIES.iter().copied().find(|study| study.name() == name).ok_or_else(|| StudyError::Unknown {
        name: name.to_owned(),
        meant: closest(name, names()),
        known: names().collect(),
    })
}

/// One publication: a composition of library parts, and what is expected of it.
pub trait Study: Sync {
    /// The name it is asked for by, such as `"sequential-interference"`.
    fn name(&self) -> &'static str;

    /// Title of the publication.
    fn title(&self) -> &'static str;

    /// Authors, year, place, DOI or arXiv number.
    fn reference(&self) -> &'static str;

    /// What is done here, in a few sentences.
    fn summary(&self) -> &'static str;

    /// The claims: one table, each expected value with its source.
    fn expected(&self) -> &'static [Expected];

    /// Values that are measured and shown beside the claims, and of which nothing is claimed.
    fn reported(&self) -> &'static [Reported] {
        &[]
    }

    /// Seeds at quick and paper scale, at least three.
    fn seeds(&self) -> usize {
        3
    }

    /// Data that it needs beyond what it holds: which file, where to get it, for which claims.
    fn needs(&self) -> Option<&'static str> {
        None
    }

    /// Everything that the scale decides: sizes, rates, updates.
    fn settings(&self, scale: Scale) -> toml::Table;

    /// One seed: a pure function of scale and seed.
    ///
    /// # Errors
    /// Divergence, interruption, or whatever the library says.
    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError>;

    /// Figures of the seeds that did not diverge, with the names of their files.
    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)>;
}

/// A seed and what was measured with it.
pub type SeedView<'a> = (u64, &'a Measured);

/// How much is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Seconds: every path is run, nothing is concluded.
    Smoke,
    /// Minutes: claims hold or do not.
    #[default]
    Quick,
    /// The sizes of the publication.
    Paper,
}

impl Scale {
    /// All scales.
    pub const ALL: [Scale; 3] = [Scale::Smoke, Scale::Quick, Scale::Paper];

    /// Whether a claim that does not hold is a failure.
    #[must_use]
    pub fn concludes(self) -> bool {
        self != Scale::Smoke
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scale::Smoke => "smoke",
            Scale::Quick => "quick",
            Scale::Paper => "paper",
        })
    }
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Scale::ALL.into_iter().find(|scale| scale.to_string() == text);
        found.ok_or_else(|| format!("there is no scale `{text}`: smoke, quick or paper"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_gets_a_hint() {
        let said = find("sequential-inference").err().map(|error| error.to_string());
        assert!(said.unwrap().contains("did you mean `sequential-interference`?"));
    }

    #[test]
    fn every_study_is_complete() {
        for study in STUDIES {
            let name = study.name();
            assert!(study.seeds() >= 3, "{name}");
            let source = study.reference();
            assert!(
                source.contains("doi:") || source.contains("arXiv:") || source.contains("http"),
                "{name}: {source}"
            );
            let claims = study.expected();
            assert!(!claims.is_empty(), "{name}");
            for (k, claim) in claims.iter().enumerate() {
                assert!(
                    !claim.statement.is_empty() && !claim.source.is_empty(),
                    "{name} {}",
                    claim.id
                );
                assert!(
                    claims[..k].iter().all(|other| other.id != claim.id),
                    "{name} {}",
                    claim.id
                );
            }
            for reported in study.reported() {
                let claimed = claims.iter().any(|claim| claim.id == reported.id);
                assert!(!claimed && !reported.source.is_empty(), "{name} {}", reported.id);
            }
            for scale in Scale::ALL {
                assert!(!study.settings(scale).is_empty(), "{name} {scale}");
            }
        }
    }
}
