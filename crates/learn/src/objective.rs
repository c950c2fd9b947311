//! What is minimised: a weighted sum of terms on signals and on parameters.
//!
//! `L = Σ weight_k · L_k`. Terms on signals are means over what is asked, so a weight means the same
//! for any number of units, steps and trials.
//!
//! | kind | L_k | file |
//! |---|---|---|
//! | [`mse`](Mse) | `Σ w (y − y*)² / (C Σ w)` | `objective/data.rs` |
//! | [`cross-entropy`](CrossEntropy) | `−Σ w Σ_c p*_c ln softmax(y)_c / Σ w` | `objective/softmax.rs` |
//! | [`poisson`](Poisson) | `Σ w (λ − k ln λ) / (C Σ w)`, `λ = exp(y)` or `softplus(y)` | `objective/data.rs` |
//! | [`l2`](ActivityPenalty) | mean of `r²` | `objective/penalty.rs` |
//! | [`l1`](ActivityPenalty) | mean of `abs(r)` | `objective/penalty.rs` |
//! | [`rate`](RatePenalty) | mean of `(⟨r⟩ − f)²`, `⟨r⟩` over a trial | `objective/rate.rs` |
//! | [`l2-weights`](WeightPenalty) | mean (or sum) of `W²` | `objective/penalty.rs` |
//! | [`l1-weights`](WeightPenalty) | mean (or sum) of `abs(W)` | `objective/penalty.rs` |
//! | [`wiring-length`](WiringPenalty) | mean (or sum) of `abs(W) D`, D distances | `objective/wiring.rs` |
//! | [`communicability`](WiringPenalty) | mean (or sum) of `abs(W) C` | `objective/wiring.rs` |
//! | [`spatial-communicability`](WiringPenalty) | mean (or sum) of `abs(W) C D` | `objective/wiring.rs` |
//!
//! `w [time, trial]` are the weights of the target (0: not asked), `C` its channels. A group whose
//! signal has a target needs none of its own: with `mse(out.y)` and, weighted by 1/C, `mse(out.y[a])`
//! of one output, that output counts twice. Terms with a target can be taken [over](Over) the last
//! step, the mean, the sum or the maximum of a trial, cross-entropy over the sum of each step's softmax. An objective is
//! resolved once per network ([`Objective::resolve`]), bound once per batch ([`Resolved::bind`]), and
//! then evaluated by the engine part by part.

use std::fmt;

use attractor_data::{OUTPUT, closest};
use serde::{Deserialize, Serialize};

mod bound;
mod data;
mod over;
mod penalty;
mod pointwise;
mod rate;
mod rows;
mod softmax;
mod wiring;

pub use bound::{Bound, Resolved, TermValue};
pub use data::{Link, Mse, Poisson};
pub use over::Over;
pub use penalty::{ActivityPenalty, Reduce, WeightPenalty};
pub use rate::RatePenalty;
pub use softmax::CrossEntropy;
pub use wiring::WiringPenalty;

use crate::error::ObjectiveError;
use crate::model::Names;
use crate::pattern::fits;
use bound::{On, ParameterTerm, SignalTerm, Wanted};
use rows::Rule;
use wiring::{Factors, WiringTerm};

/// What is minimised: a list of weighted terms. By default the mean squared error of `out.y`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Objective {
    /// The terms; their weighted values are added.
    pub terms: Vec<Term>,
}

impl Default for Objective {
    fn default() -> Self {
        Objective { terms: vec![Term::Mse(Mse::default())] }
    }
}

/// One term of an objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Term {
    /// Mean squared error.
    Mse(Mse),
    /// Cross-entropy after a softmax.
    CrossEntropy(CrossEntropy),
    /// Negative log-likelihood of counts.
    Poisson(Poisson),
    /// Mean square of a signal.
    L2(ActivityPenalty),
    /// Mean absolute value of a signal.
    L1(ActivityPenalty),
    /// Squared distance of a mean over time from a target.
    Rate(RatePenalty),
    /// Mean square of parameters.
    L2Weights(WeightPenalty),
    /// Mean absolute value of parameters.
    L1Weights(WeightPenalty),
    /// Absolute weights times the distances they bridge.
    WiringLength(WiringPenalty),
    /// Absolute weights times the communicability of the units they connect.
    Communicability(WiringPenalty),
    /// Absolute weights times both.
    SpatialCommunicability(WiringPenalty),
}

impl Term {
    /// Its weight in the sum.
    pub fn weight(&self) -> f64 {
        match self {
            Term::Mse(term) => term.weight,
            Term::CrossEntropy(term) => term.weight,
            Term::Poisson(term) => term.weight,
            Term::L2(term) | Term::L1(term) => term.weight,
            Term::Rate(term) => term.weight,
            Term::L2Weights(term) | Term::L1Weights(term) => term.weight,
            Term::WiringLength(term)
            | Term::Communicability(term)
            | Term::SpatialCommunicability(term) => term.weight,
        }
    }

    /// The signal it reads, or none if it reads parameters.
    pub fn signal(&self) -> Option<&str> {
        match self {
            Term::Mse(term) => Some(&term.signal),
            Term::CrossEntropy(term) => Some(&term.signal),
            Term::Poisson(term) => Some(&term.signal),
            Term::L2(term) | Term::L1(term) => Some(&term.signal),
            Term::Rate(term) => Some(&term.signal),
            _ => None,
        }
    }

    fn over(&self) -> Over {
        match self {
            Term::Mse(term) => term.over,
            Term::CrossEntropy(term) => term.over,
            Term::Poisson(term) => term.over,
            Term::Rate(_) => Over::Mean,
            _ => Over::Each,
        }
    }

    fn rule(&self) -> Rule {
        match self {
            Term::Mse(_) | Term::Rate(_) => Rule::Mse,
            Term::CrossEntropy(_) => Rule::CrossEntropy,
            Term::Poisson(term) => Rule::Poisson(term.link),
            Term::L2(_) | Term::L2Weights(_) => Rule::Square,
            _ => Rule::Absolute,
        }
    }
}

/// `mse(out.y)`, `l2-weights(wirings)`: how logs and errors call a term.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Mse(term) => write!(f, "mse({})", term.signal),
            Term::CrossEntropy(term) => write!(f, "cross-entropy({})", term.signal),
            Term::Poisson(term) => write!(f, "poisson({})", term.signal),
            Term::L2(term) => write!(f, "l2({})", term.signal),
            Term::L1(term) => write!(f, "l1({})", term.signal),
            Term::Rate(term) => write!(f, "rate({})", term.signal),
            Term::L2Weights(term) => write!(f, "l2-weights({})", term.parameters),
            Term::L1Weights(term) => write!(f, "l1-weights({})", term.parameters),
            Term::WiringLength(term) => write!(f, "wiring-length({})", term.projection),
            Term::Communicability(term) => write!(f, "communicability({})", term.projection),
            Term::SpatialCommunicability(term) => {
                write!(f, "spatial-communicability({})", term.projection)
            }
        }
    }
}

impl Objective {
    /// Finds the signals and parameters of all terms in a network.
    ///
    /// # Errors
    /// All that is wrong with it: unknown signals, patterns that no parameter fits, bad weights.
    pub fn resolve(&self, names: &(impl Names + ?Sized)) -> Result<Resolved, Vec<ObjectiveError>> {
        let mut resolved = Resolved::default();
        let mut problems = Vec::new();
        if self.terms.is_empty() {
            problems.push(ObjectiveError::Empty);
        }
        for term in &self.terms {
            let value = term.weight();
            if !(value.is_finite() && value >= 0.0) {
                let expected = "0 or a positive number";
                problems.push(ObjectiveError::Value {
                    term: term.to_string(),
                    field: "weight",
                    value,
                    expected,
                });
            }
            let outcome = match term {
                Term::L2Weights(penalty) | Term::L1Weights(penalty) => {
                    parameters(term, penalty, names).map(|found| resolved.add_parameters(found))
                }
                Term::WiringLength(penalty)
                | Term::Communicability(penalty)
                | Term::SpatialCommunicability(penalty) => {
                    let factors = Factors {
                        distance: !matches!(term, Term::Communicability(_)),
                        communicability: !matches!(term, Term::WiringLength(_)),
                    };
                    let label = term.to_string();
                    WiringTerm::resolve(&label, penalty, factors, names).map(|found| {
                        resolved.add_parameters(ParameterTerm { label, on: On::Wiring(found) });
                    })
                }
                _ => signal(term, names).map(|found| resolved.add_signal(found)),
            };
            problems.extend(outcome.err());
        }
        if problems.is_empty() { Ok(resolved) } else { Err(problems) }
    }
}

fn signal(term: &Term, names: &(impl Names + ?Sized)) -> Result<SignalTerm, ObjectiveError> {
    let label = term.to_string();
    let name = term.signal().unwrap_or(OUTPUT);
    let found = names.signal(name);
    let signal =
        found.map_err(|problem| ObjectiveError::Signal { term: label.clone(), problem })?;
    let target = match term {
        Term::Mse(_) | Term::CrossEntropy(_) | Term::Poisson(_) => Wanted::Given(name.to_owned()),
        Term::Rate(rate) if !rate.target.is_finite() => {
            let (field, expected) = ("target", "a finite number");
            return Err(ObjectiveError::Value { term: label, field, value: rate.target, expected });
        }
        Term::Rate(rate) => Wanted::Everywhere(rate.target as f32),
        _ => Wanted::Nothing,
    };
    let (weight, rule, over) = (term.weight(), term.rule(), term.over());
    if over == Over::Softmax && rule != Rule::CrossEntropy {
        return Err(ObjectiveError::NoClasses { term: label });
    }
    Ok(SignalTerm { label, weight, rule, over, target, signal, view: 0 })
}

fn parameters(
    term: &Term,
    penalty: &WeightPenalty,
    names: &(impl Names + ?Sized),
) -> Result<ParameterTerm, ObjectiveError> {
    let entries = names.layout().entries();
    let fitting = entries.iter().filter(|entry| fits(&penalty.parameters, entry));
    let ranges: Vec<_> = fitting.map(|entry| entry.range.clone()).collect();
    if ranges.is_empty() {
        let names = || entries.iter().map(|entry| entry.name.as_str());
        return Err(ObjectiveError::NoParameter {
            term: term.to_string(),
            pattern: penalty.parameters.clone(),
            meant: closest(&penalty.parameters, names()),
            names: names().map(str::to_owned).collect(),
        });
    }
    let count = ranges.iter().map(ExactSizeIterator::len).sum::<usize>().max(1);
    let scale = match penalty.reduce {
        Reduce::Mean => 1.0 / count as f64,
        Reduce::Sum => 1.0,
    };
    let scale = scale * penalty.weight;
    let on = On::Entries { scale, rule: term.rule(), ranges };
    Ok(ParameterTerm { label: term.to_string(), on })
}

pub(crate) fn one() -> f64 {
    1.0
}

pub(crate) fn output() -> String {
    OUTPUT.to_owned()
}
