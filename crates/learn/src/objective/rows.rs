//! Walks over the steps and trials of one part of a batch and applies a term to each row of units.

use attractor_network::{Part, SignalView, SignalViewMut};
use attractor_numerics::{Isa, Kernel, Real};

use super::data::{Link, PoissonExp, PoissonSoftplus, SquaredError};
use super::penalty::{Absolute, Square};
use super::pointwise::{Pointwise, Slice, sum};
use super::softmax::Softmax;
use crate::model::Units;

/// What a term does with one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    Mse,
    CrossEntropy,
    Poisson(Link),
    Square,
    Absolute,
}

/// Where a term is asked in a batch, and for what.
#[derive(Clone, Debug)]
pub(super) enum Asked<'a> {
    /// Targets `[time, trial, channel]`, weights `[time, trial]`.
    Target {
        values: std::borrow::Cow<'a, [f32]>,
        weights: std::borrow::Cow<'a, [f32]>,
        trials: usize,
    },
    /// Every step of a trial before its padding, for the same number everywhere.
    Within { lengths: &'a [usize], target: Vec<f32> },
}

impl Asked<'_> {
    #[inline(always)]
    pub(super) fn weight(&self, step: usize, trial: usize) -> f32 {
        match self {
            Asked::Target { weights, trials, .. } => weights[step * trials + trial],
            Asked::Within { lengths, .. } => f32::from(u8::from(step < lengths[trial])),
        }
    }

    #[inline(always)]
    pub(super) fn target(&self, step: usize, trial: usize, channels: usize) -> &[f32] {
        match self {
            Asked::Target { values, trials, .. } => {
                let start = (step * trials + trial) * channels;
                &values[start..start + channels]
            }
            Asked::Within { target, .. } => target,
        }
    }
}

/// A function of a row of units and its target.
pub(super) trait RowRule: Copy {
    /// Its value; adds `scale` times its derivative to `cotangent` if `GRAD`.
    fn row<T: Real, const FMA: bool, const GRAD: bool>(
        self,
        y: &[T],
        target: &[f32],
        scale: T,
        cotangent: &mut [T],
    ) -> f64;
}

/// A row rule that takes each unit on its own.
#[derive(Clone, Copy)]
struct Each<P>(P);

impl<P: Pointwise> RowRule for Each<P> {
    #[inline(always)]
    fn row<T: Real, const FMA: bool, const GRAD: bool>(
        self,
        y: &[T],
        target: &[f32],
        scale: T,
        cotangent: &mut [T],
    ) -> f64 {
        sum::<T, P, FMA, GRAD>(self.0, y, target, scale, cotangent)
    }
}

impl Rule {
    /// `scale · Σ w f(y)` over a part; adds the derivative to `cotangent` if there is one.
    pub(super) fn part<T: Real>(
        self,
        isa: Isa,
        asked: &Asked<'_>,
        units: &Units,
        scale: f64,
        part: &Part,
        signal: &SignalView<'_, T>,
        cotangent: Option<&mut SignalViewMut<'_, T>>,
    ) -> f64 {
        let walk = Walk { asked, units, scale, part, signal, cotangent };
        match self {
            Rule::Mse => isa.run(Rows { rule: Each(SquaredError), walk }),
            Rule::CrossEntropy => isa.run(Rows { rule: Softmax, walk }),
            Rule::Poisson(Link::Exp) => isa.run(Rows { rule: Each(PoissonExp), walk }),
            Rule::Poisson(Link::Softplus) => isa.run(Rows { rule: Each(PoissonSoftplus), walk }),
            Rule::Square => isa.run(Rows { rule: Each(Square), walk }),
            Rule::Absolute => isa.run(Rows { rule: Each(Absolute), walk }),
        }
    }

    /// `scale · Σ f(x)` over a slice of parameters; adds the derivative to `cotangent`.
    pub(super) fn slice<T: Real>(
        self,
        isa: Isa,
        x: &[T],
        scale: f64,
        cotangent: Option<&mut [T]>,
    ) -> f64 {
        let factor = T::from_f64(scale);
        scale
            * match self {
                Rule::Absolute => isa.run(Slice { f: Absolute, x, scale: factor, cotangent }),
                _ => isa.run(Slice { f: Square, x, scale: factor, cotangent }),
            }
    }
}

struct Walk<'a, 's, 'c, T> {
    asked: &'a Asked<'a>,
    units: &'a Units,
    scale: f64,
    part: &'a Part,
    signal: &'a SignalView<'s, T>,
    cotangent: Option<&'a mut SignalViewMut<'c, T>>,
}

struct Rows<'a, 's, 'c, T, R> {
    rule: R,
    walk: Walk<'a, 's, 'c, T>,
}

impl<T: Real, R: RowRule> Kernel for Rows<'_, '_, '_, T, R> {
    type Output = f64;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> f64 {
        match self.walk.units {
            Units::Range(range) => by_range::<T, R, FMA>(self.rule, self.walk, range.clone()),
            Units::List(list) => by_list::<T, R, FMA>(self.rule, self.walk, list),
        }
    }
}

#[inline(always)]
fn by_range<T: Real, R: RowRule, const FMA: bool>(
    rule: R,
    mut walk: Walk<'_, '_, '_, T>,
    units: std::ops::Range<usize>,
) -> f64 {
    let mut total = 0.0;
    for step in walk.part.steps.clone() {
        for trial in walk.part.trials.clone() {
            let weight = walk.asked.weight(step, trial);
            if weight == 0.0 {
                continue;
            }
            let weight = f64::from(weight) * walk.scale;
            let (s, k) = (step - walk.part.steps.start, trial - walk.part.trials.start);
            let target = walk.asked.target(step, trial, units.len());
            let y = &walk.signal.row(s, k)[units.clone()];
            let scale = T::from_f64(weight);
            total += weight
                * match &mut walk.cotangent {
                    Some(view) => {
                        let row = &mut view.row(s, k)[units.clone()];
                        rule.row::<T, FMA, true>(y, target, scale, row)
                    }
                    None => rule.row::<T, FMA, false>(y, target, scale, &mut []),
                };
        }
    }
    total
}

/// As [`by_range`], with the units of the list gathered before and scattered after.
#[inline(always)]
fn by_list<T: Real, R: RowRule, const FMA: bool>(
    rule: R,
    mut walk: Walk<'_, '_, '_, T>,
    units: &[usize],
) -> f64 {
    let mut total = 0.0;
    let mut y = vec![T::ZERO; units.len()];
    let mut slope = vec![T::ZERO; units.len()];
    for step in walk.part.steps.clone() {
        for trial in walk.part.trials.clone() {
            let weight = walk.asked.weight(step, trial);
            if weight == 0.0 {
                continue;
            }
            let weight = f64::from(weight) * walk.scale;
            let (s, k) = (step - walk.part.steps.start, trial - walk.part.trials.start);
            let target = walk.asked.target(step, trial, units.len());
            let row = walk.signal.row(s, k);
            for (y, &unit) in y.iter_mut().zip(units) {
                *y = row[unit];
            }
            slope.fill(T::ZERO);
            total += weight * rule.row::<T, FMA, true>(&y, target, T::from_f64(weight), &mut slope);
            if let Some(view) = &mut walk.cotangent {
                let row = view.row(s, k);
                for (&slope, &unit) in slope.iter().zip(units) {
                    row[unit] += slope;
                }
            }
        }
    }
    total
}
