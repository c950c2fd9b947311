//! Units that adapt their input-output function make networks robust.
//!
//! Digits are read pixel by pixel by networks whose units share a nonlinearity of two parameters, gain
//! and saturation: fixed, learned per unit, or driven at every step by a small controller of which each
//! unit has a copy.

use std::f64::consts::LN_2;

use attractor::network::Interventions;
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation};
use crate::context::Context;
use crate::digits::{Digits, Training};
use crate::error::StudyError;
use crate::measured::Measured;
use crate::net::Net;
use crate::study::{Scale, SeedView, Study};

mod analyses;
mod disturbed;
mod networks;

use networks::Kind;

/// The study.
pub(crate) struct SingleNeuronAdaptation;

/// Size of the sine that is added at test (sMNIST_task.py).
const SINE: f64 = 0.5;
/// Standard deviation of the noise that is added at test.
const NOISE: f64 = 0.3;
/// Sizes of the input to which a unit adapts before its gain is measured.
const SIZES: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];

const FORM: &str = "closed form of the nonlinearity";
const PAPER: &str = "Geadah et al. 2024, doi:10.1371/journal.pcbi.1012567: abstract; the factor is the acceptance of the study";
const SCALING: &str = "Geadah et al. 2024, doi:10.1371/journal.pcbi.1012567: gain scaling; the bound is the acceptance of the study";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "gradient_error", statement: "derivatives of γ by input, gain and saturation against differences: largest distance", source: FORM, relation: Relation::AtMost, value: 1e-6, over: Over::Worst },
    Expected { id: "limit_error", statement: "γ rectifies at s = 0 and a steep gain, is a sigmoid at s = 1, and γ(0) = (1 − s) ln 2/n + s/2: largest distance", source: FORM, relation: Relation::AtMost, value: 1e-9, over: Over::Worst },
    Expected { id: "sine_drop_ratio", statement: "a sine of size 0.5 on the pixels costs the adaptive network at most 0.7 of what it costs the fixed one", source: PAPER, relation: Relation::AtMost, value: 0.7, over: Over::Median },
    Expected { id: "noise_drop_ratio", statement: "and so does noise of sd 0.3 on the pixels", source: PAPER, relation: Relation::AtMost, value: 0.7, over: Over::Median },
    Expected { id: "driven_sine_drop_ratio", statement: "and a sine of size 0.5 as an external drive of all units", source: PAPER, relation: Relation::AtMost, value: 0.7, over: Over::Median },
    Expected { id: "driven_noise_drop_ratio", statement: "and noise of sd 0.3 as an external drive, each unit's own", source: PAPER, relation: Relation::AtMost, value: 0.7, over: Over::Median },
    Expected { id: "gain_correlation", statement: "the gain of an adaptive unit, the slope of its output by its input, falls with the size of the input it has adapted to: rank correlation over five sizes", source: SCALING, relation: Relation::AtMost, value: -0.8, over: Over::Median },
    Expected { id: "exponent_gain", statement: "learned gain and saturation move the largest Lyapunov exponent towards 0: |fixed| less |learned|", source: PAPER, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
];

#[derive(Serialize)]
struct Settings {
    units: usize,
    /// Units of a controller.
    controller: usize,
    epochs: usize,
    batch: usize,
    rate: f64,
    /// Trials along which Lyapunov exponents are taken.
    trials: usize,
}

fn settings(scale: Scale) -> Settings {
    // as far as the authors' 50 000 updates at 1e-4 can move a weight: 5
    let quick =
        Settings { units: 64, controller: 8, epochs: 135, batch: 32, rate: 1e-3, trials: 10 };
    match scale {
        Scale::Smoke => {
            Settings { units: 8, controller: 2, epochs: 1, batch: 128, trials: 1, ..quick }
        }
        Scale::Quick => quick,
        // the authors' 400 units; their rate of 1e-4 is for 5 times as many updates an epoch
        Scale::Paper => Settings { units: 400, controller: 50, epochs: 135, ..quick },
    }
}

impl Study for SingleNeuronAdaptation {
    fn name(&self) -> &'static str {
        "single-neuron-adaptation"
    }

    fn title(&self) -> &'static str {
        "Neural networks with optimized single-neuron adaptation uncover biologically plausible regularization"
    }

    fn reference(&self) -> &'static str {
        "Geadah, Horoi, Kerg, Wolf & Lajoie, PLOS Computational Biology, 2024, doi:10.1371/journal.pcbi.1012567"
    }

    fn summary(&self) -> &'static str {
        "Networks of units with the nonlinearity γ(x; n, s) read 8 × 8 digits pixel by pixel: with gain 6 \
         and saturation 0 (where the adaptive units start) or both 1, fixed; with both learned per unit; and \
         with both driven by a shared controller of which each unit has its own copy. Test accuracy under a sine \
         and noise that training did not have, on the pixels or as a drive of all units, the slope of a unit adapted to inputs of five sizes, and \
         the largest Lyapunov exponent along test sequences."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let mut measured = Measured::default();
        measured.set("gradient_error", analyses::gradient_error()?);
        measured.set("limit_error", analyses::limit_error(LN_2)?);
        let Settings { units, controller, epochs, batch, rate, trials } = settings(context.scale);
        let digits = Digits::new()?;
        let test = digits.test(context.seed)?;
        for (k, kind) in Kind::ALL.into_iter().enumerate() {
            let name = kind.name();
            context.part(k, Kind::ALL.len(), name)?;
            let description = networks::description(kind, units, controller, digits.classes())?;
            let net = Net::draw(description, context.seed)?;
            let training = Training { epochs, batch, rate };
            let net = digits.train(context, &net, name, digits.source(context.seed), training)?;
            let (steps, seed) = (test.steps(), context.seed);
            let drive = kind.drive();
            let sine = disturbed::driven_by_sine(&net, drive, steps, SINE)?;
            let noise = disturbed::driven_by_noise(&net, drive, (steps, units), NOISE, seed)?;
            let intact = Interventions::default();
            for (what, trials, drive) in [
                ("plain", &test, &intact),
                ("sine", &disturbed::sine(&test, SINE, seed), &intact),
                ("noise", &disturbed::noise(&test, NOISE, seed), &intact),
                ("driven_sine", &test, &sine),
                ("driven_noise", &test, &noise),
            ] {
                let accuracy = digits.accuracy_under(context, &net, trials, drive)?;
                measured.set(&format!("{what}_{name}"), accuracy);
            }
            match kind {
                Kind::Adaptive => {
                    let adapted = analyses::adapted(context, &net, controller, &SIZES)?;
                    let slopes: Vec<f64> = adapted.iter().map(|at| at.slope).collect();
                    let gains: Vec<f64> = adapted.iter().map(|at| at.gain).collect();
                    let falls = |of: &[f64]| attractor::analysis::spearman(&SIZES, of);
                    measured.set("gain_correlation", falls(&slopes)?);
                    measured.set("controlled_gain_correlation", falls(&gains)?);
                    measured.set_series("slopes", slopes);
                    measured.set_series("gains", gains);
                }
                Kind::One | Kind::Learned => {
                    let exponent = analyses::exponent(&net, &test, trials)?;
                    measured.set(&format!("exponent_{name}"), exponent);
                }
                Kind::Fixed => {}
            }
        }
        let value = |name: &str| measured.get(name).unwrap_or(f64::NAN);
        let drop = |what: &str, name: &str| {
            value(&format!("plain_{name}")) - value(&format!("{what}_{name}"))
        };
        let mut derived: Vec<(String, f64)> = ["sine", "noise", "driven_sine", "driven_noise"]
            .map(|what| {
                // a drop of less than an image is none that another could be a share of
                let least = 1.0 / test.len() as f64;
                let ratio = drop(what, "adaptive") / drop(what, "fixed").max(least);
                (format!("{what}_drop_ratio"), ratio)
            })
            .into();
        let gain = value("exponent_one").abs() - value("exponent_learned").abs();
        derived.push(("exponent_gain".to_owned(), gain));
        derived.into_iter().for_each(|(name, value)| measured.set(&name, value));
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let panel = Panel::new(Axis::new("sd of the input").log(), Axis::new("slope"));
        let panel = seeds.iter().enumerate().fold(panel, |panel, (k, (seed, measured))| {
            let points = SIZES.into_iter().zip(measured.series("slopes"));
            panel.mark(Line::new(points, Color::line(k)).name(format!("seed {seed}")))
        });
        let figure = Figure::new("Gain scaling", Width::Single)
            .columns([1.0])
            .rows([Height::Mm(50.0)])
            .place(0, 0, panel.title(Label::new().text("An adaptive unit")))
            .caption("Slope of the output of an adaptive unit by its input, in the step after it has adapted to noise of that size.")
            .describe("Slope of an adaptive unit against the standard deviation of its input, one line per seed.");
        vec![("gain", figure)]
    }
}
