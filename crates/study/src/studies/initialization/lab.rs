//! The network of the study, trained and run.

use std::sync::Arc;

use attractor::analysis::effective_rank;
use attractor::equations::Neuron;
use attractor::learn::{Learner, Phase, Stop, Validate};
use attractor::network::library::linear;
use attractor::network::{
    Description, Interventions, NoiseSource, Population, Projection, Start, Wiring,
};
use attractor::numerics::law::Law;
use attractor::run::Material;
use attractor::task::Task;
use ndarray::{Array2, Array3, s};

use crate::context::{Context, Trained};
use crate::error::StudyError;
use crate::net::Net;

/// Noise σ of the state, per root of a time constant (task_generators.py).
const NOISE: f64 = 0.2;
/// dt / τ (rnn_model_dt.py).
const STEP: f64 = 0.2;
/// Steps before the analysis: 10 time constants (neuro_compute_results.ipynb).
const GRACE: usize = 50;
/// Number of the batch of trials that is analysed.
const TEST: u64 = attractor::data::part::EVALUATION;

/// How a network begins, and what of it is trained.
pub(super) struct Beginning {
    pub(super) units: usize,
    /// Gain g of the recurrent weights, `W ~ N(0, g² / N)`.
    pub(super) gain: f64,
    /// Of the readout weights, `C ~ N(0, readout² / N)`.
    pub(super) readout: f64,
    /// Whether input and readout weights are trained as well.
    pub(super) all: bool,
    /// Seed of the weights.
    pub(super) seed: u64,
}

/// How long it learns, and how fast.
pub(super) struct Lesson<'a> {
    pub(super) name: &'a str,
    pub(super) updates: u64,
    pub(super) batch: usize,
    pub(super) rate: f64,
}

/// A network before and after training.
pub(super) struct Pupil {
    pub(super) before: Net,
    pub(super) after: Net,
    pub(super) trained: Trained,
}

impl Pupil {
    pub(super) fn teach(
        context: &Context<'_>,
        task: &Arc<dyn Task>,
        beginning: &Beginning,
        lesson: &Lesson<'_>,
    ) -> Result<Pupil, StudyError> {
        let before = network(task, beginning)?;
        let phase = Phase {
            name: Some(lesson.name.to_owned()),
            learner: Learner { rate: lesson.rate, batch: lesson.batch, ..Learner::default() },
            stop: Stop { updates: lesson.updates, ..Stop::default() },
            validate: Validate { every: 0, ..Validate::default() },
            ..Phase::default()
        };
        let source = Material::Task { task: task.clone(), seed: beginning.seed }.source();
        let weights = before.weights.clone();
        let trained = context.train(&before.network, weights, phase, source, true)?;
        let after = before.with(trained.last.clone());
        Ok(Pupil { before, after, trained })
    }

    /// States and outputs of the test's trials without noise, `[time, trial, unit]`, after the grace.
    pub(super) fn run(
        &self,
        context: &Context<'_>,
        task: &Arc<dyn Task>,
        trials: usize,
    ) -> Result<[Array3<f64>; 2], StudyError> {
        let trials = task.generate(context.seed, TEST, trials)?;
        let (quiet, intact) = (NoiseSource::off(), Interventions::default());
        let Net { network, weights } = &self.after;
        let run = context.run(network, weights, &trials, quiet, &intact, &["rec.x", "out.y"])?;
        Ok([0, 1].map(|k| run[k].slice(s![GRACE.., .., ..]).mapv(f64::from)))
    }

    /// The readout weights, `[output, unit]`.
    pub(super) fn readout(&self) -> Result<Array2<f64>, StudyError> {
        matrix(self.after.double("rec->out.W")?, self.units()?)
    }

    /// Norm and effective rank of what training added to the recurrent weights.
    pub(super) fn change(&self) -> Result<[f64; 2], StudyError> {
        let before = self.before.double("rec->rec.W")?;
        let after = self.after.double("rec->rec.W")?;
        let change = after.iter().zip(&before).map(|(a, b)| a - b).collect();
        let change = matrix(change, self.units()?)?;
        let norm = change.iter().map(|w| w * w).sum::<f64>().sqrt();
        Ok([norm, effective_rank(change.view())?])
    }

    fn units(&self) -> Result<usize, StudyError> {
        Ok(self.after.array("rec->rec.W")?.len().isqrt())
    }
}

/// Weights as a matrix of so many columns.
fn matrix(values: Vec<f64>, columns: usize) -> Result<Array2<f64>, StudyError> {
    let shape = (values.len() / columns.max(1), columns);
    Array2::from_shape_vec(shape, values).map_err(|error| StudyError::Study(error.to_string()))
}

/// `x ← x + 0.2 (−x + W tanh x + B u) + √0.2 σ ξ`, `z = C x`.
fn network(task: &Arc<dyn Task>, beginning: &Beginning) -> Result<Net, StudyError> {
    let neuron = Neuron::define("leaky-current", |n| {
        n.doc("leaky tanh unit that also emits its current");
        let x = n.state("x");
        let (i, xi) = (n.drive("I"), n.noise("xi"));
        let (tau, sigma) =
            (n.param("tau", 100.0).unit("ms"), n.param("sigma", NOISE * STEP.sqrt()));
        n.flow(x, (i - x) / tau + sigma * xi / n.dt());
        n.emit("r", n.after(x).tanh());
        n.emit("x", n.after(x));
    })?;
    let Beginning { units, gain, readout, all, seed } = *beginning;
    let (inputs, outputs) = (task.inputs().len(), task.outputs().len());
    let populations = vec![
        Population::input("in", inputs),
        Population::of("rec", units, &neuron).start("x", Start::Random { sd: 1.0 }),
        Population::of("out", outputs, &linear()?),
    ];
    let outer = |from: &str, to: &str, law| {
        let projection = Projection::new(from, to, Wiring::Dense { law });
        if all { projection } else { projection.fixed() }
    };
    let recurrent = Wiring::Dense { law: Law::Gaussian { gain } };
    let projections = vec![
        outer("in.u", "rec.I", Law::Normal { sd: 1.0 }),
        Projection::new("rec.r", "rec.I", recurrent).lag(1),
        outer("rec.x", "out.I", Law::Gaussian { gain: readout }),
    ];
    Net::draw(Description::new(task.dt(), populations, projections), seed)
}
