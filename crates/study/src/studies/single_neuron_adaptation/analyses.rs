//! The nonlinearity against its closed form, the gain of an adapted unit, and Lyapunov exponents.

use attractor::data::Trials;
use attractor::equations::{Integrator, Leaf, Variable};
use attractor::network::library::gamma;
use attractor::network::{Engine, EngineOptions, Interventions, NoiseSource};
use attractor::numerics::{law::Law, random};
use ndarray::{Array1, Array3, Axis, s};

use super::networks;
use crate::context::Context;
use crate::error::StudyError;
use crate::net::Net;

/// Steps during which a unit adapts.
const ADAPT: usize = 100;
/// Steps over which the gain that its controller sets is averaged, at the end of these.
const LATE: usize = 50;
/// Inputs by which its slope is measured in the step after, the same whatever it has adapted to.
const PROBES: [f64; 9] = [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0];
/// Courses of noise that a unit adapts to, each with every probe after it.
const REPEATS: usize = 64;

/// `γ(x; n, s)` as the library's neuron computes it, and its derivatives by x, n and s.
fn gamma_at(x: f64, n: f64, s: f64) -> Result<[f64; 4], StudyError> {
    let step = gamma()?.step(Integrator::Euler)?;
    let variables = [Variable::Drive(0), Variable::Param(0), Variable::Param(1)];
    let partials = step.partials(&variables);
    let leaf = |leaf| match leaf {
        Leaf::Value(Variable::Drive(0)) => x,
        Leaf::Value(Variable::Param(0)) => n,
        Leaf::Value(Variable::Param(1)) => s,
        _ => f64::NAN,
    };
    let slope = |k: usize| partials.graph.evaluate(partials.outputs[k].1, leaf);
    let value = step.graph.evaluate(step.outputs[0].1, leaf);
    Ok([value, slope(0), slope(1), slope(2)])
}

/// Largest distance of the derivatives from central differences.
pub(super) fn gradient_error() -> Result<f64, StudyError> {
    let (h, mut worst) = (1e-5, 0.0f64);
    for x in [-2.0, -0.4, 0.0, 0.7, 1.9] {
        for n in [0.5, 1.0, 6.0] {
            for s in [0.0, 0.3, 1.0] {
                let [_, slopes @ ..] = gamma_at(x, n, s)?;
                let moved = |dx, dn, ds| {
                    let [up, ..] = gamma_at(x + dx, n + dn, s + ds)?;
                    let [down, ..] = gamma_at(x - dx, n - dn, s - ds)?;
                    Ok::<f64, StudyError>((up - down) / (2.0 * h))
                };
                let numeric = [moved(h, 0.0, 0.0)?, moved(0.0, h, 0.0)?, moved(0.0, 0.0, h)?];
                for (slope, numeric) in slopes.into_iter().zip(numeric) {
                    worst = worst.max((slope - numeric).abs());
                }
            }
        }
    }
    Ok(worst)
}

/// Largest distance from the limits.
pub(super) fn limit_error(ln_2: f64) -> Result<f64, StudyError> {
    let mut worst = 0.0f64;
    for x in [-2.0, -0.3, 0.4, 1.7] {
        let [rectified, ..] = gamma_at(x, 1e3, 0.0)?;
        worst = worst.max((rectified - f64::max(x, 0.0)).abs());
        let [sigmoid, ..] = gamma_at(x, 2.5, 1.0)?;
        worst = worst.max((sigmoid - 1.0 / (1.0 + (-2.5 * x).exp())).abs());
    }
    for (n, s) in [(0.5, 0.0), (1.0, 0.3), (7.0, 1.0)] {
        let [middle, ..] = gamma_at(0.0, n, s)?;
        worst = worst.max((middle - ((1.0 - s) * ln_2 / n + s / 2.0)).abs());
    }
    Ok(worst)
}

/// What an adaptive unit is like once it has adapted to normal noise of one size.
pub(super) struct Adapted {
    /// Slope of its output by its input, the regression over probes in the step after.
    pub(super) slope: f64,
    /// The gain n that its controller has set.
    pub(super) gain: f64,
}

/// An adaptive unit by itself, adapted to noise of each size.
pub(super) fn adapted(
    context: &Context<'_>,
    trained: &Net,
    controller: usize,
    sizes: &[f64],
) -> Result<Vec<Adapted>, StudyError> {
    let mut unit = Net::draw(networks::alone(controller)?, context.seed)?;
    for name in ["ctl.u.W", "ctl.b.W", "ctl.W.W", "ctl.n.W", "ctl.s.W", "rec.n0", "rec.s0"] {
        let values = trained.array(name)?.to_vec();
        unit.set(name, values)?;
    }
    let offset = unit.double("rec.n0")?[0];
    let mut adapted = Vec::new();
    for (k, &sd) in sizes.iter().enumerate() {
        let mut rng = random::stream(context.seed, &format!("input {k}"));
        let z = Law::Normal { sd }.sample(ADAPT, REPEATS, &mut rng);
        let trials = REPEATS * PROBES.len();
        let inputs = Array3::from_shape_fn((ADAPT + 1, trials, 1), |(t, b, _)| match t {
            ADAPT => PROBES[b % PROBES.len()] as f32,
            _ => z[t * REPEATS + b / PROBES.len()] as f32,
        });
        let trials = Trials::new(1.0, inputs)?;
        let (quiet, intact) = (NoiseSource::off(), Interventions::default());
        let signals = ["rec.h", "rec.n"];
        let run = context.run(&unit.network, &unit.weights, &trials, quiet, &intact, &signals)?;
        let (x, y) = (trials.inputs.slice(s![ADAPT, .., 0]), run[0].slice(s![ADAPT, .., 0]));
        let (x, y) = (x.mapv(f64::from), y.mapv(f64::from));
        let (mean_x, mean_y) = (x.sum() / x.len() as f64, y.sum() / y.len() as f64);
        let both: f64 = x.iter().zip(&y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let slope = both / x.iter().map(|x| (x - mean_x).powi(2)).sum::<f64>();
        let late = run[1].slice(s![ADAPT - LATE..ADAPT, .., ..]).mapv(f64::from);
        adapted.push(Adapted { slope, gain: offset + late.mean().unwrap_or(f64::NAN) });
    }
    Ok(adapted)
}

/// The largest Lyapunov exponent per step along test sequences: the growth of a perturbation by the
/// Jacobians of the steps, the mean over trials.
pub(super) fn exponent(net: &Net, test: &Trials, trials: usize) -> Result<f64, StudyError> {
    let mut engine = Engine::<f64>::new(net.network.clone(), EngineOptions::default())?;
    let parameters: Vec<f64> = net.weights.iter().map(|w| f64::from(*w)).collect();
    let signal = net.network.signal("rec.h")?;
    let units = net.network.units(signal);
    let mut sum = 0.0;
    for trial in 0..trials {
        let inputs = test.inputs.slice(s![.., trial..trial + 1, ..]).to_owned();
        let (quiet, intact) = (NoiseSource::off(), Interventions::default());
        let one = Trials::new(test.dt, inputs)?;
        let run = engine.run(&parameters, &one, quiet, &intact, &[signal])?;
        let mut direction = Array1::from_elem(units, 1.0 / (units as f64).sqrt());
        let mut growth = 0.0;
        let mut state = vec![0.0; units];
        for step in 0..one.steps() {
            let now =
                Trials::new(test.dt, one.inputs.slice(s![step..step + 1, .., ..]).to_owned())?;
            let jacobian = engine.jacobian(&parameters, &now, &state)?;
            direction = jacobian.dot(&direction);
            let length = direction.dot(&direction).sqrt();
            growth += length.ln();
            direction /= length;
            state = run[0].index_axis(Axis(0), step).iter().copied().collect();
        }
        sum += growth / one.steps() as f64;
    }
    Ok(sum / trials as f64)
}
