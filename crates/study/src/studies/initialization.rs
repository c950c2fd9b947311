//! The size of the readout weights decides which solution training finds.
//!
//! Two networks start alike but for the size of their readout, learn the same task to losses of the
//! same order, and end up different: with small readout weights the leading components of activity
//! carry the output (aligned), with large ones they do not (oblique). The gain of the recurrent weights
//! is a second knob: how different are networks of two seeds that learnt the same memory?

use std::sync::Arc;

use attractor::analysis::{cca, output_dimension, pca, readout_alignment};
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use attractor::task::{Task, create};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation, Reported};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};

mod lab;

use lab::{Beginning, Lesson, Pupil};

/// The study.
pub(crate) struct Initialization;

/// Gain g of the recurrent weights that learn to cycle (neuro_train_networks.ipynb: 0.7 and 1.5).
const GAIN: f64 = 1.5;
/// Gains of those that learn to remember, under the names of their values.
const GAINS: [(f64, &str); 3] = [(0.0, "0"), (0.7, "0_7"), (1.5, "1_5")];
/// Share of variance, and R², that count as all (neuro_compute_results.ipynb).
const MOST: f64 = 0.9;
/// From the seed of a network to that of its twin.
const TWIN: u64 = 1 << 32;

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

const GAIN_KNOB: &str = "proposed for this study; not measured elsewhere";

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "dissimilarity_0", statement: "three-bit memory, g = 0: 1 − mean canonical correlation of two seeds' activity", source: GAIN_KNOB },
    Reported { id: "dissimilarity_0_7", statement: "the same, g = 0.7", source: GAIN_KNOB },
    Reported { id: "dissimilarity_1_5", statement: "the same, g = 1.5", source: GAIN_KNOB },
    Reported { id: "rank_0", statement: "effective rank of what training added to the recurrent weights, g = 0", source: GAIN_KNOB },
    Reported { id: "rank_0_7", statement: "the same, g = 0.7", source: GAIN_KNOB },
    Reported { id: "rank_1_5", statement: "the same, g = 1.5", source: GAIN_KNOB },
    Reported { id: "memory_loss", statement: "the largest loss of the networks that learnt the memory", source: GAIN_KNOB },
];

#[derive(Serialize)]
struct Settings {
    units: usize,
    updates: u64,
    batch: usize,
    rate: f64,
    test_trials: usize,
    memory_units: usize,
    memory_updates: u64,
    memory_rate: f64,
}

fn settings(scale: Scale) -> Settings {
    let quick = Settings {
        units: 128,
        updates: 700,
        batch: 32,
        rate: 5e-3,
        test_trials: 16,
        memory_units: 64,
        memory_updates: 600,
        memory_rate: 3e-3,
    };
    match scale {
        Scale::Smoke => {
            Settings { units: 32, updates: 20, memory_units: 32, memory_updates: 10, ..quick }
        }
        Scale::Quick => quick,
        // cycling_train_networks.ipynb has N = 256; the suite of tasks N = 512, and 4000 updates for
        // the memory
        Scale::Paper => Settings {
            units: 512,
            updates: 1000,
            memory_units: 512,
            memory_updates: 4000,
            memory_rate: 1e-3,
            ..quick
        },
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
         the variance, components needed to give the output, and the correlation of readout and activity. \
         A second knob is the gain g of the recurrent weights: networks with large readouts, all weights \
         trained, learn a three-bit memory from g = 0, 0.7 and 1.5, two seeds each, whose activity is \
         compared by canonical correlations on the components with 90 % of the variance."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn reported(&self) -> &'static [Reported] {
        REPORTED
    }

    /// As many as the second knob was proposed with.
    fn seeds(&self) -> usize {
        5
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let mut measured = Measured::default();
        let task: Arc<dyn Task> = Arc::from(create("cycling", &toml::Table::new())?);
        for (k, size) in ["small", "large"].into_iter().enumerate() {
            context.part(k, PARTS, &format!("{size} readout"))?;
            cycling(context, &task, size, &mut measured)?;
        }
        memories(context, &mut measured)?;
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

/// Networks that are trained: two sizes of readout, and two seeds of each gain.
const PARTS: usize = 2 + 2 * GAINS.len();

/// Trains and analyses a network with small or large readout weights.
fn cycling(
    context: &Context<'_>,
    task: &Arc<dyn Task>,
    size: &str,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let Settings { units, updates, batch, rate, test_trials, .. } = settings(context.scale);
    let readout = if size == "small" { 1.0 / (units as f64).sqrt() } else { 1.0 };
    let beginning = Beginning { units, gain: GAIN, readout, all: false, seed: context.seed };
    let lesson = Lesson { name: &format!("{size} readout"), updates, batch, rate };
    let pupil = Pupil::teach(context, task, &beginning, &lesson)?;
    let [states, outputs] = pupil.run(context, task, test_trials)?;
    // ridge 1 is scikit-learn's default
    let fit = output_dimension(states.view(), outputs.view(), MOST, 1.0)?;
    // where all components together stay below, one more than there are
    let needed = fit.dimension.unwrap_or(units + 1) as f64;
    let components = pca(states.view())?;
    let [norm, rank] = pupil.change()?;
    for (name, value) in [
        ("rho", readout_alignment(pupil.readout()?.view(), states.view())?),
        ("d_x", components.dimension(MOST)? as f64),
        ("d_fit", needed),
        ("r2", fit.r2[2]),
        ("loss", pupil.trained.loss),
        ("change_norm", norm),
        ("change_rank", rank),
    ] {
        measured.set(&format!("{name}_{size}"), value);
    }
    measured.set_series(&format!("losses_{size}"), pupil.trained.losses);
    measured.set_series(&format!("r2_{size}"), fit.r2.into_iter().take(11));
    measured.set_series(&format!("variance_{size}"), components.explained().into_iter().take(10));
    Ok(())
}

/// Trains twins of each gain to remember three bits, and compares them.
fn memories(context: &Context<'_>, measured: &mut Measured) -> Result<(), StudyError> {
    let Settings { batch, test_trials, memory_units: units, .. } = settings(context.scale);
    let Settings { memory_updates: updates, memory_rate: rate, .. } = settings(context.scale);
    let preset = toml::Table::from_iter([("preset".to_owned(), "schuessler-2024".into())]);
    let task: Arc<dyn Task> = Arc::from(create("flip-flop", &preset)?);
    let mut worst = f64::NEG_INFINITY;
    for (k, (gain, name)) in GAINS.into_iter().enumerate() {
        let lesson = Lesson { name: &format!("memory, g = {gain}"), updates, batch, rate };
        let (mut activity, mut ranks) = (Vec::new(), 0.0);
        for (twin, seed) in [context.seed, context.seed + TWIN].into_iter().enumerate() {
            context.part(2 + 2 * k + twin, PARTS, lesson.name)?;
            let beginning = Beginning { units, gain, readout: 1.0, all: true, seed };
            let pupil = Pupil::teach(context, &task, &beginning, &lesson)?;
            let [states, _] = pupil.run(context, &task, test_trials)?;
            activity.push(states);
            ranks += pupil.change()?[1] / 2.0;
            worst = worst.max(pupil.trained.loss);
        }
        let alike = cca(activity[0].view(), activity[1].view(), MOST)?;
        measured.set(&format!("dissimilarity_{name}"), alike.distance());
        measured.set(&format!("rank_{name}"), ranks);
        let [first, second] = alike.components.map(|count| count as f64);
        measured.set(&format!("memory_components_{name}"), (first + second) / 2.0);
    }
    measured.set("memory_loss", worst);
    Ok(())
}
