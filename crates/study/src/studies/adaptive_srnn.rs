//! Recurrent networks of adaptive spiking units whose time constants are learned.
//!
//! A few dozen units name the waves of heartbeats, and digits whose pixels come one after the other. The
//! time constants belong to what is learned, the threshold that adapts is a memory, and spikes
//! are cheap.

use attractor::analysis::energy::{Cell, Costs};
use attractor::equations::Surrogate;
use attractor::report::{Axis, Color, Dots, Figure, Height, Label, Line, Panel, Width};
use attractor::task::create;
use serde::Serialize;

use crate::claim::{Expected, Over, Relation};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};

mod lab;
mod slope;

use lab::{Lab, Trained, Units};

/// The study.
pub(crate) struct AdaptiveSrnn;

/// The file of heartbeats.
const ECG: &str = "QTDB_train.mat";
/// Seed of the order that pixels are shuffled into.
const PERMUTATION: u64 = 1;

const FORMULA: &str = "Yin, Corradi & Bohté 2021, equation of the multi-Gaussian surrogate, γ = 0.5, h = 0.15, σ = 0.5, scale 6; by hand";
const ICONS: &str = "Yin, Corradi & Bohté 2020, arXiv:2005.11633: 84.4 % of the steps with 36 units, on the authors' own division";
const OURS: &str =
    "acceptance of the study, after Yin, Corradi & Bohté 2021, doi:10.1038/s42256-021-00397-w";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "surrogate", statement: "the derivative of a spike is the multi-Gaussian: largest distance over -6 to 6 from the closed form", source: FORMULA, relation: Relation::AtMost, value: 1e-12, over: Over::Worst },
    Expected { id: "surrogate_area", statement: "the area under it is 0.425: distance", source: FORMULA, relation: Relation::AtMost, value: 1e-9, over: Over::Worst },
    Expected { id: "ecg", statement: "36 adaptive units name the wave of the electrocardiogram: fraction of held-out steps", source: ICONS, relation: Relation::AtLeast, value: 0.8, over: Over::Median },
    Expected { id: "ecg_learned", statement: "with learned time constants better than with fixed ones: difference of the fractions", source: OURS, relation: Relation::AtLeast, value: 0.005, over: Over::Median },
    Expected { id: "digits", statement: "64 adaptive units tell digits of 8 × 8 pixels, one pixel a step: fraction of held-out images", source: OURS, relation: Relation::AtLeast, value: 0.9, over: Over::Median },
    Expected { id: "permuted_adaptive", statement: "pixels in a shuffled order: adaptive units are better than those without adaptation: difference of the fractions (one image is 0.0034)", source: OURS, relation: Relation::AtLeast, value: 0.003, over: Over::Median },
    Expected { id: "rate_least", statement: "the network is not silent: spikes per unit and step, digits in order", source: OURS, relation: Relation::AtLeast, value: 0.02, over: Over::Worst },
    Expected { id: "rate_most", statement: "and spikes are sparse", source: OURS, relation: Relation::AtMost, value: 0.3, over: Over::Worst },
    Expected { id: "energy_lstm", statement: "as many LSTM cells would cost at least ten times as much, in integers of 32 bits", source: OURS, relation: Relation::AtLeast, value: 10.0, over: Over::Worst },
];

#[derive(Serialize)]
struct Settings {
    /// Units for heartbeats.
    ecg_units: usize,
    /// Passes over the heartbeats.
    ecg_epochs: usize,
    /// Units for digits.
    digit_units: usize,
    /// Passes over the images.
    digit_epochs: usize,
}

fn settings(scale: Scale) -> Settings {
    match scale {
        Scale::Smoke => Settings { ecg_units: 8, ecg_epochs: 1, digit_units: 16, digit_epochs: 1 },
        Scale::Quick => {
            Settings { ecg_units: 36, ecg_epochs: 50, digit_units: 64, digit_epochs: 160 }
        }
        Scale::Paper => {
            Settings { ecg_units: 36, ecg_epochs: 200, digit_units: 64, digit_epochs: 400 }
        }
    }
}

impl Study for AdaptiveSrnn {
    fn name(&self) -> &'static str {
        "adaptive-srnn"
    }

    fn title(&self) -> &'static str {
        "Accurate and efficient time-domain classification with adaptive spiking recurrent neural networks"
    }

    fn reference(&self) -> &'static str {
        "Yin, Corradi & Bohté 2021, Nat Mach Intell 3:905, doi:10.1038/s42256-021-00397-w; heartbeats: Yin, Corradi & Bohté 2020, arXiv:2005.11633"
    }

    fn summary(&self) -> &'static str {
        "Recurrent networks of adaptive leaky integrate-and-fire units, time constants learned unit by unit, \
         through back-propagation with the multi-Gaussian surrogate: the waves of the QT database's \
         electrocardiograms, and the 8 × 8 digits of scikit-learn pixel by pixel, in order and shuffled, with \
         adaptation and without. Spikes are counted, and their energy is compared with that of as many LSTM cells."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn needs(&self) -> Option<&'static str> {
        Some(
            "QTDB_train.mat for the claims on the electrocardiogram; the folder data of the repository \
             byin-cwi/Efficient-spiking-networks has it",
        )
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let Settings { ecg_units, ecg_epochs, digit_units, digit_epochs } = settings(context.scale);
        let mut measured = Measured::default();
        let slope = slope::of(Surrogate::MultiGaussian)?;
        measured.set("surrogate", slope.distance());
        measured.set("surrogate_area", (slope.area() - 0.425).abs());

        let parts = 5;
        let digits = |permutation: u64| -> Result<_, StudyError> {
            let order = ("permutation".to_owned(), (permutation as i64).into());
            Ok(create("sequential-digits", &[order].into_iter().collect())?.into())
        };
        let ordered = Lab { context, task: digits(0)?, epochs: digit_epochs, batch: 16 };
        let shuffled = Lab { context, task: digits(PERMUTATION)?, epochs: digit_epochs, batch: 16 };
        let adaptive = Units::digits(digit_units);
        let plain = adaptive.without_adaptation();

        context.part(0, parts, "digits, adaptive")?;
        let trained = ordered.train(&adaptive)?;
        energy(&mut measured, &trained, digit_units);
        measured.set("digits", trained.score);
        note(&mut measured, "digits", &trained);

        context.part(1, parts, "shuffled digits, adaptive")?;
        let adaptive = shuffled.train(&adaptive)?;
        context.part(2, parts, "shuffled digits, plain")?;
        let plain = shuffled.train(&plain)?;
        measured.set("permuted_adaptive", adaptive.score - plain.score);
        for (name, trained) in [("permuted_alif", &adaptive), ("permuted_lif", &plain)] {
            measured.set(name, trained.score);
            note(&mut measured, name, trained);
        }

        let Some(file) = context.data(ECG) else {
            let why = format!("it needs {ECG}: give its folder by --data");
            ["ecg", "ecg_learned"].iter().for_each(|id| measured.skip(id, &why));
            return Ok(measured);
        };
        let path = ("data".to_owned(), file.display().to_string().into());
        let task = create("ecg-waves", &[path].into_iter().collect())?.into();
        let lab = Lab { context, task, epochs: ecg_epochs, batch: 8 };
        let learned = Units::ecg(ecg_units);
        context.part(3, parts, "heartbeats, learned time constants")?;
        let with = lab.train(&learned)?;
        context.part(4, parts, "heartbeats, fixed time constants")?;
        let without = lab.train(&learned.with_fixed_taus())?;
        measured.set("ecg", with.score);
        measured.set("ecg_fixed", without.score);
        measured.set("ecg_learned", with.score - without.score);
        note(&mut measured, "ecg_with", &with);
        note(&mut measured, "ecg_without", &without);
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let title = |letter: &str, text: &str| Label::new().bold(letter).text(format!("  {text}"));
        let models = [
            ("digits", "digits, adaptive"),
            ("permuted_alif", "shuffled, adaptive"),
            ("permuted_lif", "shuffled, plain"),
            ("ecg_with", "heartbeats, learned τ"),
            ("ecg_without", "heartbeats, fixed τ"),
        ];
        let losses = Panel::new(Axis::new("share of training"), Axis::new("loss").log())
            .title(title("a", "Learning"));
        let losses = seeds.iter().enumerate().fold(losses, |panel, (k, (_, measured))| {
            models.iter().enumerate().fold(panel, |panel, (color, (name, words))| {
                let curve = measured.series(&format!("{name}_losses"));
                if curve.is_empty() {
                    return panel;
                }
                let n = curve.len() as f64;
                let points = curve.into_iter().enumerate().map(|(k, y)| ((k as f64 + 0.5) / n, y));
                let line = Line::new(points, Color::line(color)).width(0.8);
                panel.mark(if k == 0 { line.name(*words) } else { line })
            })
        });
        let names = ["digits", "permuted_alif", "permuted_lif", "ecg", "ecg_fixed"];
        let short = ["digits", "shuffled", "shuffled,\nplain", "ECG", "ECG,\nfixed τ"];
        let ticks = short.iter().enumerate();
        let ticks = ticks.map(|(k, name)| {
            let (above, below) = name.split_once('\n').unwrap_or((name, ""));
            (k as f64, Label::from(above), Label::from(below))
        });
        let scores = Panel::new(
            Axis::new("").range(-0.5, 4.5).two_line_ticks_at(ticks),
            Axis::new("fraction right"),
        )
        .title(title("b", "Held-out data"));
        let scores = names.iter().enumerate().fold(scores, |panel, (k, name)| {
            let of = seeds.iter().enumerate().filter_map(|(seed, (_, measured))| {
                let shift = 0.12 * (seed as f64 - (seeds.len() as f64 - 1.0) / 2.0);
                Some((k as f64 + shift, measured.get(name)?))
            });
            panel.mark(Dots::new(of, Color::line(k)).radius(1.8))
        });
        let cells = Cell::ALL;
        let ticks = cells.iter().enumerate().map(|(k, (name, _))| (k as f64, Label::from(*name)));
        let energy = Panel::new(
            Axis::new("").range(-0.5, cells.len() as f64 - 0.5).ticks_at(ticks),
            Axis::new("energy of a step, pJ").log(),
        )
        .title(title("c", "64 cells on digits"));
        let energy = Costs::ALL.iter().enumerate().fold(energy, |panel, (color, costs)| {
            let of = seeds.iter().flat_map(|(_, measured)| {
                measured.series(&format!("energy_{}", costs.numbers)).into_iter().enumerate()
            });
            let points = of.map(|(k, y)| (k as f64, y));
            panel.mark(Dots::new(points, Color::line(color)).radius(1.8).name(costs.numbers))
        });
        let figure = Figure::new("Adaptive spiking recurrent networks", Width::Double)
            .columns([1.0, 1.0, 1.0])
            .rows([Height::Mm(46.0)])
            .place(0, 0, losses)
            .place(0, 1, scores)
            .place(0, 2, energy)
            .caption("a: loss of training batches, means over a fiftieth of training, per seed. b: fraction of held-out images or steps that are right, a dot a seed. c: energy of one step of 64 cells with one input at the measured rates of spikes, for two kinds of numbers.")
            .describe("Losses over training, held-out scores of five networks, and the energy of a step for rate units, LSTM, GRU, LIF and adaptive LIF cells.");
        vec![("results", figure)]
    }
}

/// Curve, rate, and what became of the time constants.
fn note(measured: &mut Measured, name: &str, trained: &Trained) {
    measured.set(&format!("{name}_rate"), trained.rate);
    measured.set(&format!("{name}_tau_m"), trained.taus[0]);
    measured.set(&format!("{name}_tau_adp"), trained.taus[1]);
    let part = trained.losses.len().div_ceil(50).max(1);
    let means = trained.losses.chunks(part).map(|c| c.iter().sum::<f64>() / c.len() as f64);
    measured.set_series(&format!("{name}_losses"), means);
}

/// Rates of spikes, and what a step costs with them.
fn energy(measured: &mut Measured, trained: &Trained, units: usize) {
    let rates = [trained.input_rate, trained.rate];
    measured.set("rate_least", trained.rate);
    measured.set("rate_most", trained.rate);
    let cost = |cell: Cell, costs: Costs| cell.operations(1, units, rates).energy(costs);
    for costs in Costs::ALL {
        let all = Cell::ALL.iter().map(|(_, cell)| cost(*cell, costs));
        measured.set_series(&format!("energy_{}", costs.numbers), all);
    }
    let ratio = |costs: Costs| cost(Cell::Lstm, costs) / cost(Cell::Alif, costs);
    measured.set("energy_lstm", ratio(Costs::INT32));
    measured.set("energy_lstm_fp32", ratio(Costs::FP32));
}
