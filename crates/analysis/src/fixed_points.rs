//! Fixed and slow points: states where `F(x) = x`, or nearly so.
//!
//! After Sussillo & Barak 2013 (doi:10.1162/NECO_a_00409) and Golub & Sussillo 2018
//! (doi:10.21105/joss.01003): from states that the system visits, `q(x) = ½‖F(x) - x‖²` is minimised,
//! many starts in one batch. The descent is only to find the basin. A start that is not slow then leaps:
//! Newton steps that may raise q. What comes near a fixed point is refined by Newton's method, what does
//! not by Levenberg's and Marquardt's from where it was, in double precision, so that a fixed point is
//! one to rounding.

use attractor_numerics::{Dynamics, random};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

mod descent;
mod leap;
mod refine;
#[cfg(test)]
mod tests;

/// Options of [`fixed_points`].
#[derive(Clone, Copy, Debug)]
pub struct SearchOptions {
    /// Largest `‖F(x) - x‖∞` of a fixed point.
    pub tolerance: f64,
    /// Largest q of a slow point. q is that of one step of the map, so for a flow it shrinks with dt².
    pub slow: f64,
    /// Points closer than this (largest difference of a value) are one. A fixed point is known ten
    /// times better than this, or it is not called fixed. Golub & Sussillo take 1e-3, in single precision.
    pub unique: f64,
    /// Steps of the descent. It makes far and symmetric starts converge, but draws many to one point;
    /// with 0, starts on trajectories end at what is nearest, and find more different points.
    pub descent: usize,
    /// First step size of the descent, in units of the starts' spread; it falls to 0 as a cosine.
    pub rate: f64,
    /// Most bounded Newton steps that may raise q, for starts whose q is above `slow`. They find fixed
    /// points within two spreads of a start past the minima of q between them; with 0, a start ends at the
    /// minimum it is drawn to.
    pub leaps: usize,
    /// Most steps of Newton or Levenberg-Marquardt.
    pub steps: usize,
    /// Standard deviation of normal numbers added to every value of every start, in units of the
    /// starts' spread: what is exactly symmetric can then be left.
    pub jitter: f64,
    /// How often a start that failed is tried again, from where it got stuck and a normal kick of half
    /// the starts' spread (0 by default); kept is what has the lower q. Starts that ended at a slow point stay there.
    pub retries: usize,
    /// Seed of jitter and kicks.
    pub seed: u64,
    /// Worker threads; the result does not depend on them.
    pub threads: usize,
}

impl Default for SearchOptions {
    fn default() -> Self {
        SearchOptions {
            tolerance: 1e-9,
            slow: 1e-4,
            unique: 1e-5,
            descent: 50,
            rate: 0.1,
            leaps: 40,
            steps: 60,
            jitter: 1e-7,
            retries: 0,
            seed: 0,
            threads: std::thread::available_parallelism().map_or(1, |n| n.get()),
        }
    }
}

/// What a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// `‖F(x) - x‖∞` is within the tolerance, and so is the distance to the fixed point itself, as the
    /// next Newton step tells it, and the last one: where `F(x) - x` only falls off towards infinity, the
    /// search goes on by long steps until rounding stops it, and that is no fixed point.
    Fixed,
    /// q is small and did not become smaller: the state lingers here. Usually a local minimum of q.
    Slow,
    /// Neither.
    Failed,
}

/// What became of one start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// What it reached.
    pub label: Label,
    /// `½‖F(x) - x‖²` there.
    pub q: f64,
    /// `‖F(x) - x‖∞` there.
    pub residual: f64,
    /// Length of the next Newton step, largest value: about the distance to the fixed point. Infinite
    /// if there is none near.
    pub correction: f64,
    /// Steps of Newton and Levenberg-Marquardt, leaps that led somewhere among them.
    pub steps: usize,
    /// Place among the points; none if it failed.
    pub point: Option<usize>,
}

/// A fixed or slow point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// State, `[n]`.
    pub state: Vec<f64>,
    /// Fixed or slow.
    pub label: Label,
    /// `½‖F(x) - x‖²`.
    pub q: f64,
    /// `‖F(x) - x‖∞`.
    pub residual: f64,
    /// Number of starts that reached it.
    pub count: usize,
    /// The first of them.
    pub first: usize,
}

/// Result of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Points, fixed ones first, those reached most often first.
    pub points: Vec<Point>,
    /// What became of each start.
    pub outcomes: Vec<Outcome>,
    /// Where each start ended, `[start, n]`.
    pub states: Vec<f64>,
    /// Largest residual of what is called fixed.
    pub tolerance: f64,
    /// Largest q of what is called slow.
    pub slow: f64,
}

impl Search {
    /// The fixed points.
    pub fn fixed(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| point.label == Label::Fixed)
    }

    /// Share of the starts that reached a fixed point.
    pub fn converged(&self) -> f64 {
        let fixed = self.outcomes.iter().filter(|outcome| outcome.label == Label::Fixed).count();
        fixed as f64 / self.outcomes.len().max(1) as f64
    }
}

/// Why there was no search.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The starts are no whole number of states.
    #[error("{given} values of starts are no whole number of states of {dimension} values")]
    Starts {
        /// Number of values.
        given: usize,
        /// Values of a state.
        dimension: usize,
    },
    /// A start is not finite.
    #[error("value {value} of start {start} is not finite")]
    NotFinite {
        /// Which start.
        start: usize,
        /// Which of its values.
        value: usize,
    },
    /// An option out of its range.
    #[error("{what} = {given}: a finite number, not negative, is expected")]
    Option {
        /// Which.
        what: &'static str,
        /// What was given.
        given: f64,
    },
    /// Threads cannot be had.
    #[error("no threads: {0}")]
    Threads(String),
}

/// Starts in one batch of the descent: independent of the number of threads.
const BATCH: usize = 32;
/// Standard deviation of the kick before another try, in units of the starts' spread.
const KICK: f64 = 0.5;

/// Searches fixed and slow points from `starts` `[start, n]`: states along trajectories, with which
/// the answer is about what the system visits.
///
/// Cost of a start: `2 descent` products of a vector with the weights, and about `n³` operations for
/// each of some ten further steps.
///
/// ```
/// use attractor_analysis::fixed_points::{SearchOptions, fixed_points};
/// use attractor_numerics::Dynamics;
/// /// One unit that excites itself: `x ↦ tanh(2x)`.
/// struct Bistable;
/// impl Dynamics for Bistable {
///     fn dimension(&self) -> usize { 1 }
///     fn dt(&self) -> f64 { 1.0 }
///     fn step(&self, x: &[f64], next: &mut [f64]) {
///         next.iter_mut().zip(x).for_each(|(y, x)| *y = (2.0 * x).tanh());
///     }
///     fn jacobian(&self, x: &[f64], jacobian: &mut [f64]) {
///         jacobian[0] = 2.0 * (1.0 - (2.0 * x[0]).tanh().powi(2));
///     }
/// }
/// let found = fixed_points(&Bistable, &[-0.9, 0.001, 0.8], &SearchOptions::default())?;
/// let mut states: Vec<f64> = found.fixed().map(|point| point.state[0]).collect();
/// states.sort_by(f64::total_cmp);
/// assert!(states.len() == 3 && states[1].abs() < 1e-9 && (states[2] - 0.957504).abs() < 1e-6);
/// # Ok::<(), attractor_analysis::fixed_points::SearchError>(())
/// ```
///
/// # Errors
/// Starts of another length or not finite; options out of range.
pub fn fixed_points(
    dynamics: &dyn Dynamics,
    starts: &[f64],
    options: &SearchOptions,
) -> Result<Search, SearchError> {
    let n = dynamics.dimension();
    check(n, starts, options)?;
    let scale = spread(starts, n);
    let mut rng = random::stream(options.seed, "jitter of starts");
    // drawn for all, so that a start's own does not depend on what becomes of the others
    let mut moved = |x: &[f64], sd: f64| -> Vec<f64> {
        let normal = StandardNormal.sample_iter(&mut rng);
        x.iter().zip(normal).map(|(x, z): (_, f64)| x + sd * z).collect()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.max(1)).build();
    let pool = pool.map_err(|e| SearchError::Threads(e.to_string()))?;
    let mut states = moved(starts, options.jitter * scale);
    let mut outcomes = pool.install(|| round(dynamics, &mut states, options, scale));
    for _ in 0..options.retries {
        let kicked = moved(&states, KICK * scale);
        let failed = |k: &usize| outcomes[*k].label == Label::Failed;
        let failed: Vec<usize> = (0..outcomes.len()).filter(failed).collect();
        let row = |k: usize| k * n..(k + 1) * n;
        let mut again: Vec<f64> =
            failed.iter().flat_map(|&k| kicked[row(k)].iter().copied()).collect();
        let found = pool.install(|| round(dynamics, &mut again, options, scale));
        for ((&k, new), state) in failed.iter().zip(found).zip(again.chunks_exact(n)) {
            if new.q < outcomes[k].q {
                outcomes[k] = new;
                states[row(k)].copy_from_slice(state);
            }
        }
    }
    let mut search = Search {
        points: Vec::new(),
        outcomes,
        states,
        tolerance: options.tolerance,
        slow: options.slow,
    };
    gather(&mut search, n, options.unique);
    Ok(search)
}

/// One descent and what follows, of each state `[start, n]`.
fn round(
    dynamics: &dyn Dynamics,
    states: &mut [f64],
    options: &SearchOptions,
    scale: f64,
) -> Vec<Outcome> {
    let n = dynamics.dimension();
    if options.descent > 0 {
        let batches = states.par_chunks_mut(n * BATCH);
        let rate = options.rate * scale;
        batches.for_each(|x| descent::descend(dynamics, x, options.descent, rate));
    }
    // starts take very different time: each is up for grabs
    let starts = states.par_chunks_exact_mut(n).with_max_len(1);
    starts.map(|x| settle(dynamics, x, options, scale)).collect()
}

/// Carries a state x `[n]` to a fixed point in reach, or else to the minimum of q near it.
fn settle(dynamics: &dyn Dynamics, x: &mut [f64], options: &SearchOptions, scale: f64) -> Outcome {
    if options.leaps > 0
        && refine::q(dynamics, x) > options.slow
        && let Some((mut near, leaps)) = leap::leap(dynamics, x, scale, options.leaps)
    {
        let outcome = refine::refine(dynamics, &mut near, options);
        if outcome.label == Label::Fixed {
            x.copy_from_slice(&near);
            return Outcome { steps: leaps + outcome.steps, ..outcome };
        }
    }
    refine::refine(dynamics, x, options)
}

fn check(n: usize, starts: &[f64], options: &SearchOptions) -> Result<(), SearchError> {
    if n == 0 || !starts.len().is_multiple_of(n) {
        return Err(SearchError::Starts { given: starts.len(), dimension: n });
    }
    if let Some(at) = starts.iter().position(|x| !x.is_finite()) {
        return Err(SearchError::NotFinite { start: at / n, value: at % n });
    }
    let SearchOptions { tolerance, slow, unique, rate, jitter, .. } = *options;
    let named = [
        ("tolerance", tolerance),
        ("slow", slow),
        ("unique", unique),
        ("rate", rate),
        ("jitter", jitter),
    ];
    match named.into_iter().find(|(_, given)| !(given.is_finite() && *given >= 0.0)) {
        Some((what, given)) => Err(SearchError::Option { what, given }),
        None => Ok(()),
    }
}

/// Root mean square distance of the starts' values from their means; of their size if they are all one
/// state; 1 if that is the origin.
fn spread(starts: &[f64], n: usize) -> f64 {
    let count = (starts.len() / n).max(1) as f64;
    let mut mean = vec![0.0; n];
    for row in starts.chunks_exact(n) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += x / count);
    }
    let size = |of: &dyn Fn(usize, f64) -> f64| {
        let squares: f64 = starts.iter().enumerate().map(|(i, &x)| of(i % n, x).powi(2)).sum();
        (squares / starts.len().max(1) as f64).sqrt()
    };
    let (spread, whole) = (size(&|j, x| x - mean[j]), size(&|_, x| x));
    match (spread > 1e-6 * whole, whole > 0.0) {
        (true, _) => spread,
        (false, true) => whole,
        (false, false) => 1.0,
    }
}

/// Puts outcomes that are one point together.
fn gather(search: &mut Search, n: usize, unique: f64) {
    let mut points: Vec<Point> = Vec::new();
    let mut of_start: Vec<Option<usize>> = Vec::with_capacity(search.outcomes.len());
    for (start, outcome) in search.outcomes.iter().enumerate() {
        let state = &search.states[start * n..(start + 1) * n];
        let near = |point: &Point| {
            point.label == outcome.label
                && point.state.iter().zip(state).all(|(a, b)| (a - b).abs() < unique)
        };
        of_start.push(match outcome.label {
            Label::Failed => None,
            label => match points.iter().position(near) {
                Some(found) => {
                    points[found].count += 1;
                    Some(found)
                }
                None => {
                    let Outcome { q, residual, .. } = *outcome;
                    let state = state.to_vec();
                    points.push(Point { state, label, q, residual, count: 1, first: start });
                    Some(points.len() - 1)
                }
            },
        });
    }
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|&k| (points[k].label, std::cmp::Reverse(points[k].count), k));
    let mut place = vec![0; points.len()];
    order.iter().enumerate().for_each(|(new, &old)| place[old] = new);
    for (outcome, point) in search.outcomes.iter_mut().zip(of_start) {
        outcome.point = point.map(|old| place[old]);
    }
    search.points = order.iter().map(|&old| points[old].clone()).collect();
}
