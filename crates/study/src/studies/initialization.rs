//! The size of the readout weights decides which solution training finds.
//!
//! Two networks start alike but for the size of their readout, learn the same task to losses of the
//! same order, and end up different: with small readout weights the leading components of activity
//! carry the output (aligned), with large ones they do not (oblique).

use std::sync::Arc;

use attractor::analysis::{effective_rank, output_dimension, pca, readout_alignment};
use attractor::equations::Neuron;
use attractor::learn::{Learner, Phase, Stop, Validate};
use attractor::network::library::linear;
use attractor::network::{
    Description, Interventions, NoiseSource, Population, Projection, Start, Wiring,
};
use attractor::numerics::law::Law;
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use attractor::run::Material;
use attractor::task::{Task, create};
use ndarray::{Array2, s};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::net::Net;
use crate::study::{Scale, SeedView, Study};

/// The study.
pub(crate) struct Initialization;

/// Gain g of the recurrent weights (neuro_train_networks.ipynb: 0.7 and 1.5).
const GAIN: f64 = 1.5;
/// Noise σ of the state, per root of a time constant (task_generators.py).
const NOISE: f64 = 0.2;
/// dt / τ (rnn_model_dt.py).
const STEP: f64 = 0.2;
/// Steps before the analysis: 10 time constants (neuro_compute_results.ipynb).
const GRACE: usize = 50;
/// Share of variance, and R², that count as all (neuro_compute_results.ipynb).
const MOST: f64 = 0.9;
/// Number of the batch of trials that is analysed.
const TEST: u64 = 1 << 62;

const MEASURED: &str =
    "measured with N = 128 (2 seeds) after frschu/aligned_oblique_in_rnns; acceptance of the study";
const ELIFE: &str = "Schuessler et al. 2024, doi:10.7554/eLife.93060: large readouts are oblique; acceptance of the study";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "rho_ratio", statement: "readout and activity are correlated four times more with small readout weights than with large ones", source: ELIFE, relation: Relation::AtLeast, value: 4.0, over: Over::Median },
    Expected { id: "rho_large", statement: "with large readout weights they are next to uncorrelated: ρ", source: MEASURED, relation: Relation::AtMost, value: 0.1, over: Over::Median },
    Expected { id: "rho_small", statement: "with small ones they are not: ρ", source: MEASURED, relation: Relation::AtLeast, value: 0.2, over: Over::Median },
    Expected { id: "r2_gap", statement: "the first two components carry the output of the aligned network only: R² small less R² large", source: MEASURED, relation: Relation::AtLeast, value: 0.25, over: Over::Median },
    Expected { id: "oblique_dimension", statement: "the oblique output needs no fewer components than 90 % of the variance: D_fit90 less D_x90, large", source: ELIFE, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "loss", statement: "both have learnt the task: the larger of the two losses", source: MEASURED, relation: Relation::AtMost, value: 0.05, over: Over::Median },
];

#[derive(Serialize)]
struct Settings {
    units: usize,
    updates: u64,
    batch: usize,
    rate: f64,
    test_trials: usize,
}

fn settings(scale: Scale) -> Settings {
    let quick = Settings { units: 128, updates: 700, batch: 32, rate: 5e-3, test_trials: 16 };
    match scale {
        Scale::Smoke => Settings { units: 32, updates: 20, ..quick },
        Scale::Quick => quick,
        // cycling_train_networks.ipynb has N = 256; the suite of tasks N = 512
        Scale::Paper => Settings { units: 512, updates: 1000, ..quick },
    }
}

impl Study for Initialization {
    fn name(&self) -> &'static str {
        "initialization"
    }

    fn title(&self) -> &'static str {
        "Initialization choice leads to different solutions in trained RNNs"
    }

    fn reference(&self) -> &'static str {
        "COSYNE 2022; with Schuessler, Mastrogiuseppe, Ostojic & Barak, Aligned and oblique dynamics in recurrent neural networks, eLife 93060, 2024, doi:10.7554/eLife.93060"
    }

    fn summary(&self) -> &'static str {
        "Leaky tanh networks whose output is read from the currents, z = C x, learn to cycle in the \
         direction a cue selects; only the recurrent weights are trained. C has norm about 1 per output \
         (large) or 1/√N (small). Then, without noise and after 10 time constants: components for 90 % of \
         the variance, components needed to give the output, and the correlation of readout and activity."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let mut measured = Measured::default();
        let task: Arc<dyn Task> = Arc::from(create("cycling", &toml::Table::new())?);
        for (k, size) in ["small", "large"].into_iter().enumerate() {
            context.part(k, 2, &format!("{size} readout"))?;
            one(context, &task, size, &mut measured)?;
        }
        let value = |name: &str| measured.get(name).unwrap_or(f64::NAN);
        let derived = [
            ("rho_ratio", value("rho_small") / value("rho_large")),
            ("r2_gap", value("r2_small") - value("r2_large")),
            ("oblique_dimension", value("d_fit_large") - value("d_x_large")),
            ("loss", value("loss_small").max(value("loss_large"))),
        ];
        derived.into_iter().for_each(|(name, value)| measured.set(name, value));
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let panel = |letter: &str, title: &str, x: &str, y: Axis, name: &str| {
            let panel = Panel::new(Axis::new(x), y)
                .title(Label::new().bold(letter).text(format!("  {title}")));
            seeds.iter().enumerate().fold(panel, |panel, (k, (seed, measured))| {
                let line = |size: &str| {
                    let values = measured.series(&format!("{name}_{size}")).into_iter();
                    Line::new(values.enumerate().map(|(k, v)| (k as f64, v)), Color::line(k))
                };
                panel
                    .mark(line("small").name(format!("small, seed {seed}")))
                    .mark(line("large").dashed().name(format!("large, seed {seed}")))
            })
        };
        let fit = Axis::new("R² of the output").range(-0.02, 1.02);
        let figure = Figure::new("Aligned and oblique", Width::Double)
            .columns([1.0, 1.0])
            .rows([Height::Mm(42.0)])
            .place(0, 0, panel("a", "Learning", "update", Axis::new("loss").log(), "losses"))
            .place(0, 1, panel("b", "Output from components", "components", fit, "r2"))
            .caption("Small (solid) and large (dashed) readout weights: a the loss; b how well the leading components of activity give the output.")
            .describe("Loss against update, and R² of the output against the number of components, for small and large readout weights, one pair of lines per seed.");
        vec![("solutions", figure)]
    }
}

/// Trains and analyses a network with small or large readout weights.
fn one(
    context: &Context<'_>,
    task: &Arc<dyn Task>,
    size: &str,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let Settings { units, updates, batch, rate, test_trials } = settings(context.scale);
    let scale = if size == "small" { 1.0 / (units as f64).sqrt() } else { 1.0 };
    let net = network(task, units, scale, context.seed)?;
    let phase = Phase {
        name: Some(format!("{size} readout")),
        learner: Learner { rate, batch, ..Learner::default() },
        stop: Stop { updates, ..Stop::default() },
        validate: Validate { every: 0, ..Validate::default() },
        ..Phase::default()
    };
    let source = Material::Task { task: task.clone(), seed: context.seed }.source();
    let trained = context.train(&net.network, net.weights.clone(), phase, source, true)?;
    let after = net.with(trained.last);

    let trials = task.generate(context.seed, TEST, test_trials)?;
    let (quiet, intact) = (NoiseSource::off(), Interventions::default());
    let run =
        context.run(&net.network, &after.weights, &trials, quiet, &intact, &["rec.x", "out.y"])?;
    let late = |k: usize| run[k].slice(s![GRACE.., .., ..]).mapv(f64::from);
    let (states, outputs) = (late(0), late(1));
    let rows = task.outputs().len();
    let readout = Array2::from_shape_vec((rows, units), after.double("rec->out.W")?);
    let readout = readout.map_err(|error| StudyError::Study(error.to_string()))?;
    // ridge 1 is scikit-learn's default
    let fit = output_dimension(states.view(), outputs.view(), MOST, 1.0)?;
    let before = net.double("rec->rec.W")?;
    let change = after.double("rec->rec.W")?.iter().zip(&before).map(|(a, b)| a - b).collect();
    let change = Array2::from_shape_vec((units, units), change);
    let change = change.map_err(|error| StudyError::Study(error.to_string()))?;
    // where all components together stay below, one more than there are
    let needed = fit.dimension.unwrap_or(units + 1) as f64;
    for (name, value) in [
        ("rho", readout_alignment(readout.view(), states.view())?),
        ("d_x", pca(states.view())?.dimension(MOST)? as f64),
        ("d_fit", needed),
        ("r2", fit.r2[2]),
        ("loss", trained.loss),
        ("change_norm", change.iter().map(|w| w * w).sum::<f64>().sqrt()),
        ("change_rank", effective_rank(change.view())?),
    ] {
        measured.set(&format!("{name}_{size}"), value);
    }
    measured.set_series(&format!("losses_{size}"), trained.losses);
    measured.set_series(&format!("r2_{size}"), fit.r2.into_iter().take(11));
    Ok(())
}

/// `x ← x + 0.2 (−x + W tanh x + B u) + √0.2 σ ξ`, `z = C x`; only W is trained.
fn network(task: &Arc<dyn Task>, units: usize, scale: f64, seed: u64) -> Result<Net, StudyError> {
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
    let (inputs, outputs) = (task.inputs().len(), task.outputs().len());
    let populations = vec![
        Population::input("in", inputs),
        Population::of("rec", units, &neuron).start("x", Start::Random { sd: 1.0 }),
        Population::of("out", outputs, &linear()?),
    ];
    let dense = |law| Wiring::Dense { law };
    let projections = vec![
        Projection::new("in.u", "rec.I", dense(Law::Normal { sd: 1.0 })).fixed(),
        Projection::new("rec.r", "rec.I", dense(Law::Gaussian { gain: GAIN })).lag(1),
        Projection::new("rec.x", "out.I", dense(Law::Gaussian { gain: scale })).fixed(),
    ];
    Net::draw(Description::new(task.dt(), populations, projections), seed)
}
