//! Dale's law held by a projection after every update costs nothing, and weights that are kept in
//! proportion to their size can be pruned.
//!
//! Networks of excitatory and inhibitory units remember one bit. Their signs are held by Dale's backprop (an
//! update that carries a weight past 0 leaves it at 0), by rectification (it is turned back), or not at
//! all. Then weights are taken away by top-probability and at random, and the error measured at once, and
//! after fine-tuning.

use attractor::learn::By;
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation, Reported};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};

mod lab;

use lab::{Lab, Law};

/// The study.
pub(crate) struct DaleBackprop;

/// Connection probabilities at which networks are pruned: `linspace(.01, 1, 14)`
/// (flipflop-random-topprob-pruning.ipynb).
fn probabilities() -> Vec<f64> {
    (0..14).map(|k| 0.01 + 0.99 * f64::from(k) / 13.0).collect()
}

/// That of the claims, .543, and that of fine-tuning, .086.
const CLAIMED: usize = 7;
const TUNED: usize = 1;
/// Draws over which the sparsity of top-probability is averaged.
const DRAWS: usize = 20;

const RUNS: &str = "flip-flop-*-backprop.ipynb of the authors (hchoilab/biologicalRNNs), medians of 5 runs: .508 conventional and .0032 Dale after 50 epochs, .0003 Dale after 100; acceptance of the study";
const PRUNED: &str = "flipflop-random-topprob-pruning.ipynb of the authors, means of 5 runs at connection probability .543: .0025 and .494; acceptance of the study";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "wrong_signs", statement: "weights of the wrong sign, over all updates under Dale's backprop and of fine-tuning", source: "Balwani et al. 2025: Dale's law holds after every update", relation: Relation::AtMost, value: 0.0, over: Over::Worst },
    Expected { id: "pruned_weights", statement: "pruned weights that are not 0, over all updates of fine-tuning", source: "by construction", relation: Relation::AtMost, value: 0.0, over: Over::Worst },
    Expected { id: "ahead_50", statement: "after 50 epochs Dale's backprop is no worse than training without signs: difference of test errors", source: RUNS, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "dale_100", statement: "test error of Dale's backprop after 100 epochs", source: RUNS, relation: Relation::AtMost, value: 0.002, over: Over::Median },
    Expected { id: "top_probability_error", statement: "test error after pruning by top-probability to a connection probability of .543, before any tuning", source: PRUNED, relation: Relation::AtMost, value: 0.01, over: Over::Median },
    Expected { id: "random_error", statement: "and after pruning at random", source: PRUNED, relation: Relation::AtLeast, value: 0.3, over: Over::Median },
    Expected { id: "sparsity_error", statement: "the sparsity that top-probability gives is the one asked for: largest difference over connection probabilities, mean of 20 draws", source: "expectation of the rule (Balwani et al. 2025)", relation: Relation::AtMost, value: 0.01, over: Over::Worst },
];

const SHOWN: &str = "shown beside the claims";

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "conventional_50", statement: "test error after 50 epochs without signs", source: SHOWN },
    Reported { id: "dale_50", statement: "after 50 epochs of Dale's backprop", source: SHOWN },
    Reported { id: "rectified_50", statement: "after 50 epochs of rectification", source: SHOWN },
    Reported { id: "conventional_100", statement: "after 100 epochs without signs", source: SHOWN },
    Reported { id: "rectified_100", statement: "after 100 epochs of rectification", source: SHOWN },
    Reported { id: "zeros", statement: "fraction of weights at 0 after Dale's backprop", source: SHOWN },
    Reported { id: "top_probability_alike", statement: "test error after pruning by top-probability to as many weights as pruning at random left", source: SHOWN },
    Reported { id: "magnitude_alike", statement: "the same by magnitude", source: SHOWN },
    Reported { id: "top_probability_tuned", statement: "test error of 8.6 % of the weights, left by top-probability, after 40 epochs of fine-tuning", source: SHOWN },
    Reported { id: "random_tuned", statement: "the same, left at random", source: SHOWN },
];

#[derive(Serialize)]
struct Settings {
    units: usize,
    batch: usize,
    /// Updates that make up an epoch: 6,000 trials.
    per_epoch: u64,
    epochs: u64,
    tuning_epochs: u64,
    test_trials: usize,
}

fn settings(scale: Scale) -> Settings {
    let quick = Settings {
        units: 64,
        batch: 200,
        per_epoch: 30,
        epochs: 100,
        tuning_epochs: 40,
        test_trials: 1000,
    };
    match scale {
        Scale::Smoke => Settings {
            units: 16,
            batch: 20,
            per_epoch: 1,
            epochs: 4,
            tuning_epochs: 2,
            test_trials: 50,
        },
        Scale::Quick => quick,
        Scale::Paper => Settings { units: 128, ..quick },
    }
}

impl Study for DaleBackprop {
    fn name(&self) -> &'static str {
        "dale-backprop"
    }

    fn title(&self) -> &'static str {
        "Constructing biologically constrained RNNs via Dale's backpropagation and topologically informed pruning"
    }

    fn reference(&self) -> &'static str {
        "Balwani, Wang, Najafi & Choi, Science Advances 2025, doi:10.1126/sciadv.adw4970"
    }

    fn summary(&self) -> &'static str {
        "Networks h ← max(o, 0), o = tanh(W h + B u + b), y = tanh(C o + c), four fifths of the units \
         excitatory, remember the last of the pulses that come with probability 0.05 a step, by Adam on \
         batches of 200 trials of 50 steps. Recurrent weights keep their signs by projection (Dale's \
         backprop) or by rectification, or have none. Trained networks are pruned to connection \
         probabilities from 0.01 to 1 and tested at once; from 0.086 they are fine-tuned."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn reported(&self) -> &'static [Reported] {
        REPORTED
    }

    /// As many as the publication has.
    fn seeds(&self) -> usize {
        5
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let Settings { units, batch, per_epoch, epochs, tuning_epochs, test_trials } =
            settings(context.scale);
        let lab = Lab::new(context, units, batch, per_epoch, test_trials)?;
        let mut measured = Measured::default();
        let mut dale = None;
        let (mut wrong, mut alive) = (0, 0);
        for (k, law) in Law::ALL.into_iter().enumerate() {
            context.part(k, PARTS, law.name())?;
            let trained = lab.train(law, epochs)?;
            let at = |epoch: u64| trained.errors.get(epoch as usize).copied().unwrap_or(f64::NAN);
            measured.set(&format!("{}_50", law.name()), at(epochs / 2));
            measured.set(&format!("{}_100", law.name()), at(epochs));
            measured.set_series(&format!("errors_{}", law.name()), trained.errors.clone());
            if law == Law::Dale {
                wrong += trained.wrong_signs;
                dale = Some(trained);
            }
        }
        let Some(dale) = dale else {
            return Err(StudyError::Study("Dale's backprop was not run".to_owned()));
        };
        context.part(3, PARTS, "pruning")?;
        let zeros = lab.zeros(&dale.weights)?;
        measured.set("zeros", zeros);
        self::prune(&lab, &dale.weights, zeros, &mut measured)?;
        for (k, (by, name)) in [(By::TopProbability, "top_probability"), (By::Random, "random")]
            .into_iter()
            .enumerate()
        {
            context.part(4 + k, PARTS, &format!("fine-tuning, {name}"))?;
            let sparsity = 1.0 - probabilities()[TUNED];
            let tuned = lab.tune(&dale.weights, by, sparsity, tuning_epochs)?;
            measured.set(&format!("{name}_tuned"), tuned.error);
            wrong += tuned.wrong_signs;
            alive += tuned.pruned_alive;
        }
        measured.set("wrong_signs", wrong as f64);
        measured.set("pruned_weights", alive as f64);
        let value = |name: &str| measured.get(name).unwrap_or(f64::NAN);
        let ahead = value("conventional_50") - value("dale_50");
        measured.set("ahead_50", ahead);
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let panel = |letter: &str, title: &str, x: &str, lines: &[(&str, &str)], at: &[f64]| {
            let error = Axis::new("test error").log();
            let panel = Panel::new(Axis::new(x), error)
                .title(Label::new().bold(letter).text(format!("  {title}")));
            seeds.iter().enumerate().fold(panel, |panel, (seed, (_, measured))| {
                lines.iter().enumerate().fold(panel, |panel, (k, (series, name))| {
                    let values = measured.series(series).into_iter().enumerate();
                    let points = values.map(|(i, y)| (at.get(i).copied().unwrap_or(i as f64), y));
                    let line = Line::new(points, Color::line(k)).width(0.6);
                    panel.mark(if seed == 0 { line.name(*name) } else { line })
                })
            })
        };
        let rules = [
            ("errors_conventional", "no signs"),
            ("errors_dale", "Dale's backprop"),
            ("errors_rectified", "rectified"),
        ];
        let cuts = [("pruned_top_probability", "top-probability"), ("pruned_random", "random")];
        let figure = Figure::new("Signs and pruning", Width::Double)
            .columns([1.0, 1.0])
            .rows([Height::Mm(45.0)])
            .place(0, 0, panel("a", "Learning", "epoch", &rules, &[]))
            .place(0, 1, panel("b", "Pruning", "connection probability", &cuts, &probabilities()))
            .caption("a Test error during training, by how signs are held; b test error of networks trained by Dale's backprop right after pruning. One line per seed.")
            .describe("Test error against epoch for three ways of holding signs, and against connection probability for two ways of pruning.");
        vec![("signs", figure)]
    }
}

/// Three trainings, the pruning, two fine-tunings.
const PARTS: usize = 6;

/// Prunes to every connection probability and tests at once.
fn prune(
    lab: &Lab<'_>,
    weights: &[f32],
    zeros: f64,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let (mut by_size, mut by_chance, mut worst) = (Vec::new(), Vec::new(), 0.0f64);
    for (k, p) in probabilities().into_iter().enumerate() {
        // the authors' random pruning keeps each weight with probability p, those at 0 among them
        let random = 1.0 - p * (1.0 - zeros);
        let (top_error, top) = lab.pruned(weights, By::TopProbability, 1.0 - p, k)?;
        let (chance_error, _) = lab.pruned(weights, By::Random, random, k)?;
        by_size.push(top_error);
        by_chance.push(chance_error);
        // where more is to be cut than is 0 already
        if 1.0 - p > zeros {
            let mut sum = top;
            for draw in 1..DRAWS {
                sum += lab.pruned(weights, By::TopProbability, 1.0 - p, k + 100 * draw)?.1;
            }
            worst = worst.max((sum / DRAWS as f64 - (1.0 - p)).abs());
        }
        if k == CLAIMED {
            measured.set("top_probability_error", top_error);
            measured.set("random_error", chance_error);
            let (alike, _) = lab.pruned(weights, By::TopProbability, random, k)?;
            measured.set("top_probability_alike", alike);
            measured.set("magnitude_alike", lab.pruned(weights, By::Magnitude, random, k)?.0);
        }
    }
    measured.set("sparsity_error", worst);
    measured.set_series("pruned_top_probability", by_size);
    measured.set_series("pruned_random", by_chance);
    Ok(())
}
