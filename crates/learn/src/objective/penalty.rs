//! Terms that keep activity or weights small.

use attractor_numerics::Real;
use serde::{Deserialize, Serialize};

use super::pointwise::Pointwise;

/// Keeps a signal small: `l2` is the mean of `r²`, `l1` the mean of `abs(r)`.
///
/// The mean runs over units, and over the steps of each trial before its padding. Typical weights
/// for rates lie between 1e-4 and 1e-1 when the data term is a mean squared error of order 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityPenalty {
    /// The signal, such as `rec.r`, or a group of it, `rec.r[A1]`.
    pub signal: String,
    /// Weight in the objective.
    #[serde(default = "super::one")]
    pub weight: f64,
}

/// Keeps parameters small: `l2-weights` is the mean of `W²`, `l1-weights` the mean of `abs(W)`.
///
/// With `reduce = "sum"` it is the sum instead: `{ kind = "l2-weights", reduce = "sum", weight = d/2 }`
/// is the weight decay `d` of SGD. All parameters that fit the pattern are pooled,
/// weights that a mask holds at 0 among them. Where `W = 0`, the
/// derivative of `abs(W)` is taken as 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightPenalty {
    /// Pattern of parameter names, such as `rec->rec.W` or `*.bias`; by default `wirings`, all of them.
    #[serde(default = "wirings")]
    pub parameters: String,
    /// Mean or sum.
    #[serde(default)]
    pub reduce: Reduce,
    /// Weight in the objective.
    #[serde(default = "super::one")]
    pub weight: f64,
}

fn wirings() -> String {
    crate::pattern::WIRINGS.to_owned()
}

/// How many values become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduce {
    /// The mean: the weight of the term does not depend on the size of the network.
    #[default]
    Mean,
    /// The sum.
    Sum,
}

#[derive(Clone, Copy)]
pub(super) struct Square;

impl Pointwise for Square {
    const TARGET: bool = false;

    #[inline(always)]
    fn at<T: Real, const FMA: bool>(self, x: T, _: T) -> (T, T) {
        (x * x, x + x)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Absolute;

impl Pointwise for Absolute {
    const TARGET: bool = false;

    #[inline(always)]
    fn at<T: Real, const FMA: bool>(self, x: T, _: T) -> (T, T) {
        let up = if x > T::ZERO { T::ONE } else { T::ZERO };
        let down = if x < T::ZERO { T::ONE } else { T::ZERO };
        (x.abs(), up - down)
    }
}
