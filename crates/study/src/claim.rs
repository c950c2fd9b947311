//! Claims: what is expected of a study's numbers, and what came out.

use serde::{Deserialize, Serialize};

use crate::results::SeedResult;

/// A line of a study's table of expected values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Name of the measured value that is judged.
    pub id: &'static str,
    /// What is claimed, in words.
    pub statement: &'static str,
    /// Where the expected value comes from.
    pub source: &'static str,
    /// On which side of it the measured value must lie.
    pub relation: Relation,
    /// The expected value.
    pub value: f64,
    /// What is compared with it.
    pub over: Over,
}

/// A measured value of which nothing is claimed: no publication says what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Name of the measured value.
    pub id: &'static str,
    /// What it is, in words.
    pub statement: &'static str,
    /// Who asks for it.
    pub source: &'static str,
}

/// A reported value with what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the measured value.
    pub id: String,
    /// What it is, in words.
    pub statement: String,
    /// Who asks for it.
    pub source: String,
    /// What came out.
    pub measured: Numbers,
}

impl Over {
    /// `median`, `mean` or `worst`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Over::Median => "median",
            Over::Mean => "mean",
            Over::Worst => "worst",
        }
    }
}

/// On which side of the expected value the measured value must lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// Not below.
    #[serde(rename = ">=")]
    AtLeast,
    /// Not above.
    #[serde(rename = "<=")]
    AtMost,
}

/// Which number stands for the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Their median (the mean of the two middle ones if their number is even).
    Median,
    /// Their mean: for fractions, that of all seeds together.
    Mean,
    /// The worst of them.
    Worst,
}

/// A claim with what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Name of the measured value.
    pub id: String,
    /// What is claimed, in words.
    pub statement: String,
    /// Where the expected value comes from.
    pub source: String,
    /// On which side of the expected value the measured value must lie.
    pub relation: Relation,
    /// The expected value.
    pub expected: f64,
    /// What came out.
    pub measured: Numbers,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Seeds at which it holds by itself.
    pub held: usize,
    /// Whether it holds.
    pub pass: bool,
    /// Why it was not measured: it neither holds nor fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// A value over seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// Per seed; none where the seed diverged or the value is not finite.
    pub per_seed: Vec<Option<f64>>,
    /// Which number stands for the seeds.
    pub over: Over,
    /// That number; none if it is not finite.
    pub summary: Option<f64>,
}

impl Relation {
    /// Whether a value lies on the right side; what is not a number does not.
    ///
    /// Equality is meant up to rounding (10⁻¹², relative above 1): a rank correlation of exactly −0.9
    /// comes out of sums as −0.8999….
    #[must_use]
    pub fn holds(self, value: f64, expected: f64) -> bool {
        let rounding = 1e-12 * expected.abs().max(1.0);
        match self {
            Relation::AtLeast => value >= expected - rounding,
            Relation::AtMost => value <= expected + rounding,
        }
    }

    /// `≥` or `≤`.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Relation::AtLeast => "≥",
            Relation::AtMost => "≤",
        }
    }

    /// A value that is worse than every number.
    fn worst(self) -> f64 {
        match self {
            Relation::AtLeast => f64::NEG_INFINITY,
            Relation::AtMost => f64::INFINITY,
        }
    }
}

impl Reported {
    /// The value over these seeds: the median of those that have it.
    #[must_use]
    pub fn measure(&self, seeds: &[SeedResult]) -> Report {
        let per_seed = values(self.id, seeds);
        let known: Vec<f64> = per_seed.iter().flatten().copied().collect();
        let summary = (!known.is_empty()).then(|| median(known));
        Report {
            id: self.id.to_owned(),
            statement: self.statement.to_owned(),
            source: self.source.to_owned(),
            measured: Numbers { per_seed, over: Over::Median, summary },
        }
    }
}

/// A measured value, seed by seed.
fn values(id: &str, seeds: &[SeedResult]) -> Vec<Option<f64>> {
    seeds.iter().map(|seed| seed.measured.as_ref()?.get(id)).collect()
}

/// The largest; not a number if one of them is none, or there is none.
pub(crate) fn most(values: impl IntoIterator<Item = f64>) -> f64 {
    let larger = |a: f64, b: f64| if a.is_nan() || a > b { a } else { b };
    values.into_iter().reduce(larger).unwrap_or(f64::NAN)
}

/// The smallest; not a number if one of them is none, or there is none.
pub(crate) fn least(values: impl IntoIterator<Item = f64>) -> f64 {
    -most(values.into_iter().map(|value| -value))
}

/// The median, of two middle ones their mean; not a number without values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n => (values[(n - 1) / 2] + values[n / 2]) / 2.0,
    }
}

impl Expected {
    /// The claim over these seeds. A seed without the value counts as worse than any number; a value that
    /// a seed has left out on purpose makes no claim.
    #[must_use]
    pub fn judge(&self, seeds: &[SeedResult]) -> Claim {
        let Expected { id, relation, value: expected, over, .. } = *self;
        let per_seed = values(id, seeds);
        let skipped = seeds.iter().find_map(|seed| seed.measured.as_ref()?.skipped(id));
        let mut sorted: Vec<f64> =
            per_seed.iter().map(|value| value.unwrap_or(relation.worst())).collect();
        sorted.sort_by(f64::total_cmp);
        let summary = match (over, relation, &sorted[..]) {
            (_, _, []) => relation.worst(),
            (Over::Median, _, all) => median(all.iter().copied()),
            (Over::Mean, _, all) => all.iter().sum::<f64>() / all.len() as f64,
            (Over::Worst, Relation::AtLeast, [first, ..]) => *first,
            (Over::Worst, Relation::AtMost, [.., last]) => *last,
        };
        Claim {
            id: id.to_owned(),
            statement: self.statement.to_owned(),
            source: self.source.to_owned(),
            relation,
            expected,
            held: per_seed.iter().flatten().filter(|v| relation.holds(**v, expected)).count(),
            pass: relation.holds(summary, expected),
            measured: Numbers { per_seed, over, summary: Some(summary).filter(|s| s.is_finite()) },
            seeds: seeds.iter().map(|seed| seed.seed).collect(),
            skipped: skipped.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Measured;

    fn seeds(values: &[Option<f64>]) -> Vec<SeedResult> {
        let result = |(k, value): (usize, &Option<f64>)| SeedResult {
            seed: k as u64 + 1,
            seconds: 1.0,
            measured: value.map(|value| Measured::default().with("a", value)),
            diverged: value.is_none().then(|| "loss NaN".to_owned()),
        };
        values.iter().enumerate().map(result).collect()
    }

    fn expect(relation: Relation, over: Over) -> Expected {
        Expected { id: "a", statement: "", source: "", relation, value: 2.0, over }
    }

    #[test]
    fn equality_up_to_rounding() {
        let tenths: f64 = [0.3; 3].iter().sum();
        assert!(tenths != 0.9 && Relation::AtMost.holds(-tenths, -0.9));
        assert!(Relation::AtLeast.holds(tenths, 0.9));
        assert!(!Relation::AtMost.holds(-0.9 + 1e-9, -0.9));
        assert!(!Relation::AtLeast.holds(0.9 - 1e-9, 0.9));
        assert!(!Relation::AtLeast.holds(f64::NAN, 0.9) && !Relation::AtMost.holds(f64::NAN, 0.9));
    }

    #[test]
    fn median_and_worst() {
        let three = seeds(&[Some(3.0), Some(1.0), Some(2.0)]);
        let claim = expect(Relation::AtLeast, Over::Median).judge(&three);
        assert_eq!((claim.measured.summary, claim.pass, claim.held), (Some(2.0), true, 2));
        let claim = expect(Relation::AtLeast, Over::Worst).judge(&three);
        assert_eq!((claim.measured.summary, claim.pass), (Some(1.0), false));
        let claim = expect(Relation::AtMost, Over::Worst).judge(&three);
        assert_eq!((claim.measured.summary, claim.pass), (Some(3.0), false));
        let claim = expect(Relation::AtLeast, Over::Mean).judge(&seeds(&[Some(4.0), Some(0.5)]));
        assert_eq!((claim.measured.summary, claim.pass, claim.held), (Some(2.25), true, 1));
        let claim = expect(Relation::AtMost, Over::Mean).judge(&seeds(&[Some(0.0), None]));
        assert_eq!((claim.measured.summary, claim.pass), (None, false));
        let two = seeds(&[Some(3.0), Some(1.0)]);
        assert_eq!(expect(Relation::AtMost, Over::Median).judge(&two).measured.summary, Some(2.0));
    }

    #[test]
    fn what_is_reported_is_the_median_of_what_there_is() {
        let reported = Reported { id: "a", statement: "", source: "" };
        let found = reported.measure(&seeds(&[Some(3.0), None, Some(1.0), Some(4.0)])).measured;
        assert_eq!(found.summary, Some(3.0));
        assert_eq!(found.per_seed, [Some(3.0), None, Some(1.0), Some(4.0)]);
        assert_eq!(reported.measure(&seeds(&[None])).measured.summary, None);
    }

    #[test]
    fn what_was_left_out_neither_holds_nor_fails() {
        let mut two = seeds(&[Some(3.0), Some(1.0)]);
        let claim = expect(Relation::AtLeast, Over::Median);
        assert_eq!(claim.judge(&two).skipped, None);
        for seed in &mut two {
            seed.measured = Some(Measured::default());
            seed.measured.as_mut().unwrap().skip("a", "no data");
        }
        let judged = claim.judge(&two);
        assert_eq!((judged.skipped.as_deref(), judged.pass), (Some("no data"), false));
    }

    #[test]
    fn a_diverged_seed_counts_against_the_claim() {
        let one_lost = seeds(&[Some(1.0), None, Some(1.5)]);
        let claim = expect(Relation::AtMost, Over::Median).judge(&one_lost);
        assert_eq!((claim.measured.summary, claim.pass, claim.held), (Some(1.5), true, 2));
        assert_eq!(claim.measured.per_seed, [Some(1.0), None, Some(1.5)]);
        let claim = expect(Relation::AtMost, Over::Worst).judge(&one_lost);
        assert_eq!((claim.measured.summary, claim.pass), (None, false));
        let two_lost = seeds(&[None, None, Some(1.5)]);
        assert!(!expect(Relation::AtMost, Over::Median).judge(&two_lost).pass);
        assert!(!expect(Relation::AtLeast, Over::Median).judge(&[]).pass);
        // a value that is no number is no value
        let nan = seeds(&[Some(f64::NAN)]);
        assert_eq!(expect(Relation::AtMost, Over::Median).judge(&nan).measured.per_seed, [None]);
    }
}
