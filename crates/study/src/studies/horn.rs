//! Networks of harmonic oscillators learn sequences faster than units that do not oscillate, and stand
//! noise better.
//!
//! A single oscillator is compared with its closed form. Then networks of oscillators with one
//! frequency or many, tanh units and gated units read digits pixel by pixel.

use std::f64::consts::TAU;

use attractor::equations::Neuron;
use attractor::network::library::{Nonlinearity, elman, gru, horn, linear};
use attractor::network::{Description, Population, Projection, Wiring};
use attractor::numerics::{law::Law, random};
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation};
use crate::context::Context;
use crate::digits::{Digits, Training, disturbed};
use crate::error::StudyError;
use crate::measured::Measured;
use crate::net::Net;
use crate::study::{Scale, SeedView, Study};

mod resonance;

/// The study.
pub(crate) struct Horn;

/// Steps of a row of pixels: the period of the oscillators, as 28 is for rows of 28 pixels.
const ROW: f64 = 8.0;
/// Damping and size of the drive at a period of 28 (brainmass/horn/step.py); both scale with the row,
/// as 1/period and 1/period².
const DAMPING: f64 = 0.01 * 28.0 / ROW;
const DRIVE: f64 = 0.04 * (28.0 / ROW) * (28.0 / ROW);
/// Standard deviations of the noise on the pixels, at test.
const NOISE: [f64; 7] = [0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0];
/// Learning rates of which units that do not oscillate have the best.
const RATES: [f64; 3] = [1e-3, 3e-3, 1e-2];

const FORM: &str = "closed form of the damped oscillator";
const PNAS: &str = "Effenberger, Carvalho, Dubinin & Singer 2025, doi:10.1073/pnas.2412830122: abstract; the size of the effect is not given";
const PROPOSED: &str = "acceptance of the study; no published value for 8 × 8 pixels";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "peak_frequency", statement: "a unit resonates at √(ω² − 2γ²): relative distance", source: FORM, relation: Relation::AtMost, value: 0.01, over: Over::Worst },
    Expected { id: "peak_height", statement: "with the gain α/(2γ √(ω² − γ²)): relative distance", source: FORM, relation: Relation::AtMost, value: 0.03, over: Over::Worst },
    Expected { id: "pole_modulus", statement: "the poles of a step have the modulus √(1 − 2γ): distance", source: FORM, relation: Relation::AtMost, value: 1e-12, over: Over::Worst },
    Expected { id: "over_tanh_1", statement: "after one epoch oscillators are ahead of as many tanh units: difference of test accuracies", source: PNAS, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "over_tanh", statement: "and after all epochs", source: PNAS, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "over_gru_1", statement: "after one epoch they are ahead of gated units with as many parameters", source: PNAS, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "accuracy", statement: "test accuracy of oscillators after all epochs", source: PROPOSED, relation: Relation::AtLeast, value: 0.85, over: Over::Median },
    Expected { id: "noise_area", statement: "they stand noise on the pixels better than gated units: difference of the mean accuracy over noise up to sd 1", source: PNAS, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "heterogeneous", statement: "frequencies between 0.5 and 1.5 of the row's are no worse than one frequency: difference of test accuracies", source: PNAS, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
];

#[derive(Serialize)]
struct Settings {
    /// Oscillators, and tanh units.
    units: usize,
    /// Gated units, for about as many parameters.
    gated_units: usize,
    epochs: usize,
    batch: usize,
    /// Learning rate of the oscillators.
    rate: f64,
}

fn settings(scale: Scale) -> Settings {
    let quick = Settings { units: 16, gated_units: 10, epochs: 10, batch: 32, rate: 1e-2 };
    match scale {
        Scale::Smoke => Settings { epochs: 1, batch: 128, ..quick },
        Scale::Quick => quick,
        Scale::Paper => Settings { units: 32, gated_units: 20, epochs: 50, ..quick },
    }
}

/// The kinds of units.
const KINDS: [&str; 4] = ["horn", "heterogeneous", "tanh", "gru"];

impl Study for Horn {
    fn name(&self) -> &'static str {
        "horn"
    }

    fn title(&self) -> &'static str {
        "The functional role of oscillatory dynamics in neocortical circuits: A computational perspective"
    }

    fn reference(&self) -> &'static str {
        "Effenberger, Carvalho, Dubinin & Singer, PNAS, 2025, doi:10.1073/pnas.2412830122"
    }

    fn summary(&self) -> &'static str {
        "One harmonic oscillator is driven at many frequencies and compared with its closed form. Then \
         networks of oscillators, with the frequency of a row of pixels or with frequencies around it, of \
         tanh units and of gated units with as many parameters read 8 × 8 digits pixel by pixel; the class \
         is asked at the last step. Oscillators learn at 0.01, others at the best of three rates."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn seeds(&self) -> usize {
        5
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let mut measured = Measured::default();
        context.part(0, 1 + KINDS.len(), "resonance")?;
        resonance::measure(context, &mut measured)?;
        let digits = Digits::new()?;
        for (k, kind) in KINDS.into_iter().enumerate() {
            context.part(k + 1, 1 + KINDS.len(), kind)?;
            learn(context, &digits, kind, &mut measured)?;
        }
        let value = |name: &str| measured.get(name).unwrap_or(f64::NAN);
        let derived = [
            ("over_tanh_1", value("first_horn") - value("first_tanh")),
            ("over_tanh", value("last_horn") - value("last_tanh")),
            ("over_gru_1", value("first_horn") - value("first_gru")),
            ("over_gru", value("last_horn") - value("last_gru")),
            ("accuracy", value("last_horn")),
            ("noise_area", value("area_horn") - value("area_gru")),
            ("heterogeneous", value("last_heterogeneous") - value("last_horn")),
        ];
        derived.into_iter().for_each(|(name, value)| measured.set(name, value));
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        vec![("resonance", resonance::figure(seeds)), ("noise", noise_figure(seeds))]
    }
}

/// Trains one kind of network and measures it after the first and the last epoch, and under noise.
fn learn(
    context: &Context<'_>,
    digits: &Digits,
    kind: &str,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let settings = settings(context.scale);
    let Settings { epochs, batch, rate, .. } = settings;
    let oscillates = matches!(kind, "horn" | "heterogeneous");
    let rates = if oscillates { vec![rate] } else { RATES.to_vec() };
    let net = Net::draw(description(kind, &settings, digits.classes())?, context.seed)?;
    let (validation, test) = (digits.validation(context.seed)?, digits.test(context.seed)?);
    let source = || digits.source(context.seed);
    let train = |epochs, rate| {
        digits.train(context, &net, kind, source(), Training { epochs, batch, rate })
    };
    // the best rate after one epoch, and the best after all of them
    let best = |epochs: usize| {
        let mut best: Option<(f64, Net)> = None;
        for &rate in &rates {
            let trained = train(epochs, rate)?;
            let found = digits.accuracy(context, &trained, &validation)?;
            if best.as_ref().is_none_or(|(accuracy, _)| found > *accuracy) {
                best = Some((found, trained));
            }
        }
        best.map(|(_, net)| net).ok_or_else(|| StudyError::Study("no learning rate".to_owned()))
    };
    let (first, last) = (best(1)?, best(epochs)?);
    measured.set(&format!("first_{kind}"), digits.accuracy(context, &first, &test)?);
    let mut curve = Vec::new();
    for (k, sd) in NOISE.into_iter().enumerate() {
        let mut rng = random::stream(context.seed, &format!("noise {k}"));
        let z = Law::Normal { sd }.sample(test.steps(), test.len(), &mut rng);
        let noisy = disturbed(&test, |step, trial| z[step * test.len() + trial]);
        curve.push(digits.accuracy(context, &last, &noisy)?);
    }
    measured.set(&format!("last_{kind}"), curve[0]);
    let pairs = NOISE.windows(2).zip(curve.windows(2));
    let area: f64 = pairs.map(|(sd, acc)| (sd[1] - sd[0]) * (acc[0] + acc[1]) / 2.0).sum();
    measured.set(&format!("area_{kind}"), area);
    let trained = net.network.layout().entries().iter().filter(|entry| entry.trained);
    let parameters: usize = trained.map(|entry| entry.range.len()).sum();
    measured.set(&format!("parameters_{kind}"), parameters as f64);
    measured.set_series(&format!("noise_{kind}"), curve);
    Ok(())
}

/// Input, one population of a kind, readout of its last state. Weights and biases start as in PyTorch:
/// uniform within `1/√(sources)`, in recurrent and gated layers within `1/√units`.
fn description(kind: &str, settings: &Settings, classes: usize) -> Result<Description, StudyError> {
    let units = if kind == "gru" { settings.gated_units } else { settings.units };
    let root = 1.0 / (units as f64).sqrt();
    let law = |limit: f64| Law::Uniform { limit };
    let dense = |limit: f64| Wiring::Dense { law: law(limit) };
    let with_bias = |neuron: &Neuron, drives: &[(&str, f64)]| {
        let mut rec = Population::of("rec", units, neuron);
        rec.bias = drives.iter().map(|&(name, limit)| (name.to_owned(), law(limit))).collect();
        rec
    };
    let mut projections = Vec::new();
    let mut wire = |from: &str, to: &str, limit: f64, lag: usize| {
        let mut projection = Projection::new(from, to, dense(limit)).lag(lag);
        projection.name = Some(format!("{from}->{to}"));
        projections.push(projection);
    };
    let (rec, read) = match kind {
        "horn" | "heterogeneous" => {
            let omega = TAU / ROW;
            let rec = with_bias(&horn()?, &[("I", 1.0), ("R", root)]);
            let rec = rec.param("gamma", DAMPING).param("alpha", DRIVE).param("g", root);
            let rec = match kind {
                "horn" => rec.param("omega", omega),
                _ => rec.per_unit("omega", Law::Between { low: 0.5 * omega, high: 1.5 * omega }),
            };
            wire("in.u", "rec.I", 1.0, 0);
            wire("rec.y", "rec.R", root, 1);
            (rec, "rec.x")
        }
        "tanh" => {
            wire("in.u", "rec.I", root, 0);
            wire("rec.h", "rec.I", root, 1);
            (with_bias(&elman(Nonlinearity::Tanh)?, &[("I", root)]), "rec.h")
        }
        _ => {
            for drive in ["I_r", "I_z", "I_n"] {
                wire("in.u", &format!("rec.{drive}"), root, 0);
            }
            for drive in ["I_r", "I_z", "H_n"] {
                wire("rec.h", &format!("rec.{drive}"), root, 1);
            }
            let drives = ["I_r", "I_z", "I_n", "H_n"].map(|drive| (drive, root));
            (with_bias(&gru()?, &drives), "rec.h")
        }
    };
    wire(read, "out.I", root, 0);
    let mut out = Population::of("out", classes, &linear()?);
    out.bias.insert("I".to_owned(), law(root));
    Ok(Description::new(1.0, vec![Population::input("in", 1), rec, out], projections))
}

fn noise_figure(seeds: &[SeedView<'_>]) -> Figure {
    let names = ["oscillators", "oscillators of many frequencies", "tanh units", "gated units"];
    let panel = Panel::new(
        Axis::new("noise on the pixels (sd)"),
        Axis::new("test accuracy").range(0.0, 1.02),
    );
    let panel = KINDS.iter().zip(names).enumerate().fold(panel, |panel, (k, (kind, name))| {
        let all: Vec<Vec<f64>> =
            seeds.iter().map(|(_, m)| m.series(&format!("noise_{kind}"))).collect();
        let median = NOISE.iter().enumerate().map(|(point, sd)| {
            let mut values: Vec<f64> = all.iter().filter_map(|s| s.get(point).copied()).collect();
            values.sort_by(f64::total_cmp);
            (*sd, values.get(values.len() / 2).copied().unwrap_or(f64::NAN))
        });
        panel.mark(Line::new(median, Color::line(k)).name(name))
    });
    Figure::new("Noise", Width::Single)
        .columns([1.0])
        .rows([Height::Mm(55.0)])
        .place(0, 0, panel.title(Label::new().text("Accuracy under noise")))
        .caption("Test accuracy of trained networks against the noise on the pixels, median over seeds.")
        .describe("Test accuracy against the standard deviation of noise on the pixels, for four kinds of units.")
}
