//! An objective with the signals of a network and the targets of one batch: the loss the engine calls.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use attractor_data::{Target, Trials};
use attractor_network::{Loss, Part, SignalId, SignalView, SignalViewMut};
use attractor_numerics::{Isa, Real};
use ndarray::{Array2, ArrayView, Axis};

use super::over::{Over, Reduction};
use super::rows::{Asked, Rule};
use super::wiring::WiringTerm;
use crate::error::ObjectiveError;
use crate::model::{Signal, Units};

/// A term on a signal, resolved.
#[derive(Clone, Debug)]
pub(super) struct SignalTerm {
    pub(super) label: String,
    pub(super) weight: f64,
    pub(super) rule: Rule,
    pub(super) over: Over,
    pub(super) target: Wanted,
    pub(super) signal: Signal,
    pub(super) view: usize,
}

/// What a term compares its signal with.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// The target of this name that the trials have.
    Given(String),
    /// The same number for every unit, at every step before the padding.
    Everywhere(f32),
    /// Nothing.
    Nothing,
}

/// A term on parameters, resolved.
#[derive(Clone, Debug)]
pub(super) struct ParameterTerm {
    pub(super) label: String,
    pub(super) on: On,
}

/// What a term on parameters looks at.
#[derive(Clone, Debug)]
pub(super) enum On {
    /// Each value on its own; `scale` holds the weight and the number of parameters.
    Entries { scale: f64, rule: Rule, ranges: Vec<Range<usize>> },
    /// The matrix of a projection.
    Wiring(WiringTerm),
}

/// An objective with the signals and parameters of a network; made by
/// [`Objective::resolve`](super::Objective::resolve).
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    signals: Vec<SignalId>,
    on_signals: Vec<SignalTerm>,
    on_parameters: Vec<ParameterTerm>,
}

/// Value of one term, its weight included.
#[derive(Clone, Debug, PartialEq)]
pub struct TermValue {
    /// The term, such as `mse(out.y)`.
    pub term: String,
    /// Its part of the loss.
    pub value: f64,
}

impl Resolved {
    pub(super) fn add_signal(&mut self, mut term: SignalTerm) {
        let known = self.signals.iter().position(|id| *id == term.signal.id);
        term.view = known.unwrap_or_else(|| {
            self.signals.push(term.signal.id);
            self.signals.len() - 1
        });
        self.on_signals.push(term);
    }

    pub(super) fn add_parameters(&mut self, term: ParameterTerm) {
        self.on_parameters.push(term);
    }

    /// The signals the terms read, each once.
    pub fn signals(&self) -> &[SignalId] {
        &self.signals
    }

    /// The populations that terms with a target of the trials read: those that answer.
    pub fn answers(&self) -> Vec<usize> {
        let given = self.on_signals.iter().filter(|t| matches!(t.target, Wanted::Given(_)));
        given.map(|term| term.signal.id.population).collect()
    }

    /// The loss on one batch. Costs one look at each target.
    ///
    /// # Errors
    /// A target that is missing, has the wrong width, asks for nothing, or cannot be what the term
    /// compares with (negative counts or probabilities).
    pub fn bind<'a>(&'a self, trials: &'a Trials) -> Result<Bound<'a>, ObjectiveError> {
        let mut asked = Vec::with_capacity(self.on_signals.len());
        for term in &self.on_signals {
            let (steps, scale) = match &term.target {
                Wanted::Given(signal) => {
                    let target = of(trials, signal, &term.signal.units);
                    let target = target.ok_or_else(|| ObjectiveError::NoTarget {
                        term: term.label.clone(),
                        signal: signal.clone(),
                        given: trials.targets.iter().map(|t| t.signal.clone()).collect(),
                    })?;
                    against(term, target)?
                }
                wanted => {
                    let target = match wanted {
                        Wanted::Everywhere(value) => vec![*value; term.signal.units.len()],
                        _ => Vec::new(),
                    };
                    let count: usize = trials.lengths.iter().sum();
                    let scale = term.weight / (count * term.signal.units.len()).max(1) as f64;
                    (Asked::Within { lengths: &trials.lengths, target }, scale)
                }
            };
            asked.push(match term.over {
                Over::Each => Share { asked: steps, scale, reduction: None },
                over => {
                    let units = term.signal.units.len();
                    let reduction =
                        Reduction::new(over, steps, trials.steps(), trials.len(), units);
                    let count = reduction.trials() as f64 * per_channel(term);
                    let (asked, scale) = (reduction.one_step(units), term.weight / count.max(1.0));
                    Share { asked, scale, reduction: Some(reduction) }
                }
            });
        }
        Ok(Bound { resolved: self, asked, isa: Isa::best(), log: Mutex::default() })
    }
}

/// The target of a signal; of a group that has none of its own, its part of the whole signal's.
fn of<'a>(trials: &'a Trials, signal: &str, units: &Units) -> Option<Given<'a>> {
    if let Some(Target { values, weights, .. }) = trials.target(signal) {
        let channels = values.len_of(Axis(2));
        return Some(Given { values: contiguous(values.view()), channels, weights });
    }
    let Target { values, weights, .. } = trials.target(signal.split_once('[')?.0)?;
    let places: Vec<usize> = (0..units.len()).map(|k| units.place(k)).collect();
    let there = places.iter().all(|&place| place < values.len_of(Axis(2)));
    there.then(|| {
        let values = values.select(Axis(2), &places).iter().copied().collect();
        Given { values: Cow::Owned(values), channels: places.len(), weights }
    })
}

/// A target, or a part of one.
struct Given<'a> {
    /// `[time, trial, channel]`.
    values: Cow<'a, [f32]>,
    channels: usize,
    /// `[time, trial]`.
    weights: &'a Array2<f32>,
}

fn against<'a>(term: &SignalTerm, target: Given<'a>) -> Result<(Asked<'a>, f64), ObjectiveError> {
    let Given { values, channels, weights } = target;
    let trials = weights.len_of(Axis(1));
    if channels != term.signal.units.len() {
        let signal = term.signal.units.len();
        return Err(ObjectiveError::Channels {
            term: term.label.clone(),
            target: channels,
            signal,
        });
    }
    let weights = contiguous(weights.view());
    let sum: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    if sum <= 0.0 {
        return Err(ObjectiveError::NothingAsked { term: term.label.clone() });
    }
    let expected = match term.rule {
        Rule::Poisson(_) => Some("a count, 0 or more"),
        Rule::CrossEntropy => Some("a probability, 0 or more"),
        _ => None,
    };
    if let Some(expected) = expected
        && values.chunks(64).any(|some| some.iter().fold(false, |any, &value| any | (value < 0.0)))
        && let Some(at) =
            (0..values.len()).find(|&k| values[k] < 0.0 && weights[k / channels] > 0.0)
    {
        let (step, trial) = (at / channels / trials, at / channels % trials);
        let term = term.label.clone();
        return Err(ObjectiveError::Target { term, step, trial, value: values[at], expected });
    }
    Ok((Asked::Target { values, weights, trials }, term.weight / (sum * per_channel(term))))
}

/// Numbers that one step of one trial gives.
fn per_channel(term: &SignalTerm) -> f64 {
    if term.rule == Rule::CrossEntropy { 1.0 } else { term.signal.units.len() as f64 }
}

fn contiguous<'a, D: ndarray::Dimension>(array: ArrayView<'a, f32, D>) -> Cow<'a, [f32]> {
    match array.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(array.iter().copied().collect()),
    }
}

/// The loss on one batch, [`Loss`] to the engine. Values of the terms are kept for
/// [`Bound::values`].
#[derive(Debug)]
pub struct Bound<'a> {
    resolved: &'a Resolved,
    /// Per term on signals.
    asked: Vec<Share<'a>>,
    isa: Isa,
    /// (term, first step, first trial, value): parts come in any order and are summed in this one.
    log: Mutex<Vec<(usize, usize, usize, f64)>>,
}

/// Where a term is asked, and the factor in front of its sum.
#[derive(Debug)]
struct Share<'a> {
    asked: Asked<'a>,
    scale: f64,
    /// What trials become first: then `asked` speaks of one step per trial.
    reduction: Option<Reduction<'a>>,
}

impl Bound<'_> {
    /// The part of the loss that depends on parameters alone; adds its derivative to `gradient`.
    pub fn penalise<T: Real>(&self, parameters: &[T], mut gradient: Option<&mut [T]>) -> f64 {
        let mut total = 0.0;
        for (k, term) in self.resolved.on_parameters.iter().enumerate() {
            let mut value = 0.0;
            match &term.on {
                On::Entries { scale, rule, ranges } => {
                    for range in ranges {
                        let slope = gradient.as_deref_mut().map(|all| &mut all[range.clone()]);
                        value += rule.slice(self.isa, &parameters[range.clone()], *scale, slope);
                    }
                }
                On::Wiring(wiring) => {
                    value = wiring.evaluate(self.isa, parameters, gradient.as_deref_mut());
                }
            }
            self.note(self.resolved.on_signals.len() + k, 0, 0, value);
            total += value;
        }
        total
    }

    /// Value on some whole trials of the batch, without derivatives.
    pub fn value<T: Real>(&self, part: &Part, signals: &[SignalView<'_, T>]) -> f64 {
        self.observe(part, signals);
        self.terms(part, signals, &mut [])
    }

    /// Values of all terms over what was evaluated so far, in the order of the objective's terms on
    /// signals, then of those on parameters.
    pub fn values(&self) -> Vec<TermValue> {
        let on_signals = self.resolved.on_signals.iter().map(|term| &term.label);
        let labels = on_signals.chain(self.resolved.on_parameters.iter().map(|term| &term.label));
        let mut values: Vec<_> =
            labels.map(|label| TermValue { term: label.clone(), value: 0.0 }).collect();
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        log.sort_by_key(|&(term, step, trial, _)| (term, step, trial));
        // a part that was evaluated again, for recomputation, counts once
        log.dedup_by_key(|&mut (term, step, trial, _)| (term, step, trial));
        for (term, _, _, value) in log {
            values[term].value += value;
        }
        values
    }

    fn terms<T: Real>(
        &self,
        part: &Part,
        signals: &[SignalView<'_, T>],
        cotangents: &mut [SignalViewMut<'_, T>],
    ) -> f64 {
        let mut total = 0.0;
        for (k, (term, share)) in self.resolved.on_signals.iter().zip(&self.asked).enumerate() {
            let Share { asked, scale, reduction } = share;
            let (view, slope) = (&signals[term.view], cotangents.get_mut(term.view));
            let (isa, rule, units) = (self.isa, term.rule, &term.signal.units);
            let value = match reduction {
                Some(reduction) => {
                    reduction.part(isa, rule, asked, units, *scale, part, view, slope)
                }
                None => rule.part(isa, asked, units, *scale, part, view, slope),
            };
            self.note(k, part.steps.start, part.trials.start, value);
            total += value;
        }
        total
    }

    fn note(&self, term: usize, step: usize, trial: usize, value: f64) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push((term, step, trial, value));
    }
}

impl<T: Real> Loss<T> for Bound<'_> {
    fn signals(&self) -> &[SignalId] {
        &self.resolved.signals
    }

    fn observes(&self) -> bool {
        self.asked.iter().any(|share| share.reduction.is_some())
    }

    fn observe(&self, part: &Part, signals: &[SignalView<'_, T>]) {
        for (term, share) in self.resolved.on_signals.iter().zip(&self.asked) {
            if let Some(reduction) = &share.reduction {
                reduction.observe(part, &term.signal.units, &signals[term.view]);
            }
        }
    }

    fn evaluate(
        &self,
        part: &Part,
        signals: &[SignalView<'_, T>],
        cotangents: &mut [SignalViewMut<'_, T>],
    ) -> f64 {
        self.terms(part, signals, cotangents)
    }
}
