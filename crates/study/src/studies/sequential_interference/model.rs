//! The network, a trial, and two tasks learnt one after the other.

use std::sync::Arc;

use attractor::analysis::pearson;
use attractor::data::{Target, Trials};
use attractor::learn::objective::{Mse, Term};
use attractor::learn::optimiser::Sgd;
use attractor::learn::{DataSet, Learner, Objective, Optimiser, Phase, Stop, Validate};
use attractor::network::library::{NoisePlace, Nonlinearity, leaky, linear};
use attractor::network::{
    Description, Interventions, Loadings, NoiseSource, Population, Projection, Wiring,
};
use attractor::numerics::{law::Law, random};
use ndarray::{Array2, Array3, s};

use crate::context::Context;
use crate::error::StudyError;
use crate::net::Net;

/// Steps of the trial.
const STEPS: usize = 75;
/// Steps of the pulse.
const PULSE: usize = 5;
/// Steps before the target.
const GRACE: usize = 25;
/// What the output should be.
const TARGET: f64 = 0.5;

/// Input A and B, the network, readouts along `w_A` and `w_B`.
pub(super) fn network(units: usize, seed: u64, core: bool) -> Result<Net, StudyError> {
    let zero = Law::Constant { value: 0.0 };
    // u_A, u_B, w_A, w_B: orthogonal, of norm √N
    let gain = (units as f64).sqrt();
    let mut rng = random::stream(seed, "vectors");
    let vectors = Law::Orthogonal { gain }.sample(units, 4, &mut rng);
    let columns =
        |a: usize, b: usize| vectors.chunks(4).map(|v| vec![v[a], v[b]]).collect::<Vec<_>>();
    let (inputs, outputs) =
        (columns(if core { 2 } else { 0 }, if core { 3 } else { 1 }), columns(2, 3));
    let wiring = match core {
        false => Wiring::Dense { law: Law::Gaussian { gain: 0.3 } },
        true => {
            let side = || Loadings::Given(outputs.clone());
            Wiring::Core { rank: 2, u: side(), v: side(), core: zero }
        }
    };
    let populations = vec![
        Population::input("in", 2),
        // x' = x + 0.2 (−x + I): dt / τ = 20 ms / 100 ms
        Population::of("rec", units, &leaky(Nonlinearity::Tanh, NoisePlace::None)?),
        Population::of("out", 2, &linear()?).group("A", [0]).group("B", [1]),
    ];
    let projections = vec![
        Projection::new("in.u", "rec.I", Wiring::Dense { law: zero }).fixed(),
        Projection::new("rec.r", "rec.I", wiring).lag(1),
        Projection::new("rec.r", "out.I", Wiring::Dense { law: zero }).fixed(),
    ];
    let mut net = Net::draw(Description::new(20.0, populations, projections), seed)?;
    net.set("in->rec.W", inputs.concat().into_iter().map(|w| w as f32))?;
    let readout = |k: usize| outputs.iter().map(move |w| (w[k] / units as f64) as f32);
    net.set("rec->out.W", readout(0).chain(readout(1)))?;
    Ok(net)
}

/// One trial of a task: the pulse, what stays of it, and the target of its output.
fn trial(task: usize, beta: f64) -> Result<Trials, StudyError> {
    let mut inputs = Array3::zeros((STEPS, 1, 2));
    inputs.slice_mut(s![.., 0, task]).fill(beta as f32);
    inputs.slice_mut(s![..PULSE, 0, task]).fill(1.0);
    let mut trials = Trials::new(20.0, inputs)?;
    let mut weights = Array2::zeros((STEPS, 1));
    weights.slice_mut(s![GRACE.., ..]).fill(1.0);
    let values = Array3::from_elem((STEPS, 1, 1), TARGET as f32);
    trials.targets.push(Target { signal: output(task), values, weights });
    Ok(trials)
}

fn output(task: usize) -> String {
    format!("out.y[{}]", ["A", "B"][task])
}

/// What both tasks, learnt one after the other, leave behind.
pub(super) struct Learnt {
    pub(super) loss_a: f64,
    pub(super) output_a: f64,
    /// |cos| of the state of A after A and the state of B after B.
    pub(super) kept: f64,
    /// |cos| of the states of A and B after B.
    pub(super) rotation: f64,
    /// Correlation of the weight changes.
    pub(super) weights: f64,
    /// Share of the off-diagonal in the change by B, for a core.
    pub(super) off: f64,
    pub(super) updates: f64,
}

pub(super) fn learn_both(
    context: &Context<'_>,
    net: &Net,
    beta: f64,
    updates: u64,
) -> Result<Learnt, StudyError> {
    let mut stages = vec![net.weights.clone()];
    let mut taken = 0;
    for task in 0..2 {
        let phase = Phase {
            name: Some(format!("β = {beta}, task {}", ["A", "B"][task])),
            objective: Objective {
                terms: vec![Term::Mse(Mse { signal: output(task), ..Mse::default() })],
            },
            // plain gradient descent at rate 2, steps no longer than 0.05; with Adam the order of β disappears
            learner: Learner {
                optimiser: Optimiser::Sgd(Sgd { momentum: 0.0, cap: Some(0.05) }),
                rate: 2.0,
                clip: 0.0,
                batch: 1,
                ..Learner::default()
            },
            stop: Stop { updates, loss: Some(1e-3), ..Stop::default() },
            validate: Validate { every: 1, trials: 1 },
            ..Phase::default()
        };
        let source = Arc::new(DataSet::new(trial(task, beta)?, context.seed));
        let before = stages[task].clone();
        let trained = context.train(&net.network, before, phase, source, false)?;
        taken += trained.losses.len();
        stages.push(trained.last);
    }
    let end = |stage: usize, task: usize| -> Result<(Vec<f64>, Vec<f64>), StudyError> {
        let (trials, intact) = (trial(task, beta)?, Interventions::default());
        let (parameters, off) = (&stages[stage], NoiseSource::off());
        let run =
            context.run(&net.network, parameters, &trials, off, &intact, &["rec.x", "out.y"])?;
        let state = run[0].slice(s![STEPS - 1, 0, ..]).to_vec();
        let double = |x: &f32| f64::from(*x);
        let output = run[1].slice(s![GRACE.., 0, task]);
        Ok((state.iter().map(double).collect(), output.iter().map(double).collect()))
    };
    let ((a_after_a, _), (a_after_b, outputs), (b_after_b, _)) =
        (end(1, 0)?, end(2, 0)?, end(2, 1)?);
    let errors: Vec<f64> = outputs.iter().map(|z| (z - TARGET).powi(2)).collect();
    let trained = net.network.layout().entries().iter().find(|entry| entry.trained);
    let range = trained.map(|entry| entry.range.clone()).unwrap_or_default();
    let change = |stage: usize| -> Vec<f64> {
        let (after, before) = (&stages[stage][range.clone()], &stages[stage - 1][range.clone()]);
        after.iter().zip(before).map(|(after, before)| f64::from(after - before)).collect()
    };
    let by_b = change(2);
    let off = |m: &[f64]| (m[1].powi(2) + m[2].powi(2)) / m.iter().map(|m| m * m).sum::<f64>();
    Ok(Learnt {
        loss_a: mean(&errors),
        output_a: mean(&outputs),
        kept: cosine(&a_after_a, &b_after_b).abs(),
        rotation: cosine(&a_after_b, &b_after_b).abs(),
        weights: pearson(&change(1), &by_b)?,
        off: if by_b.len() == 4 { off(&by_b) } else { f64::NAN },
        updates: taken as f64,
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
