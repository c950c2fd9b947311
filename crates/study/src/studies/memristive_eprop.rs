//! Online training of a spiking network whose weights live on phase-change memory.
//!
//! A recurrent network of leaky integrate-and-fire units learns three curves by e-prop with random
//! feedback: with ideal weights, and with every weight a differential pair of simulated devices that
//! four schemes write. Only accumulating gradients comes near the ideal weights.

use std::sync::Arc;

use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use attractor::task::{Task, create};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};

mod devices;
mod lab;

use lab::{Lab, Memory, Trained};

/// The study.
pub(crate) struct MemristiveEprop;

const DEVICE: &str = "Nandakumar et al. 2018, doi:10.1063/1.5042408, as implemented in YigitDemirag/srnn-pcm; 20 000 devices in NumPy";
const CODE: &str = "measured in NumPy (seed 0) after YigitDemirag/srnn-pcm";
const PAPER: &str =
    "Demirag et al. 2021, arXiv:2108.01804: only gradient accumulation comes near full precision";
const EPROP: &str = "Bellec et al. 2020, doi:10.1038/s41467-020-17236-y: e-prop is the gradient with recurrence stopped";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "device_error", statement: "mean conductance after 1, 2, 3, 5, 10, 15 and 20 pulses from RESET, at largest conductances of 12 and 20 µS: largest distance from the published model, µS", source: DEVICE, relation: Relation::AtMost, value: 0.05, over: Over::Worst },
    Expected { id: "drift_error", statement: "drift after an hour and a day: distance from 0.834 and 0.735", source: DEVICE, relation: Relation::AtMost, value: 5e-4, over: Over::Worst },
    Expected { id: "eprop_error", statement: "the e-prop gradient is the exact gradient of the network that hears a recording of itself, in double precision: largest relative error", source: EPROP, relation: Relation::AtMost, value: 1e-5, over: Over::Worst },
    Expected { id: "ideal_60", statement: "with ideal weights the mean squared error is below 0.05 by epoch 60 (median of ten epochs)", source: CODE, relation: Relation::AtMost, value: 0.05, over: Over::Median },
    Expected { id: "ideal_100", statement: "and below 0.03 by epoch 100", source: CODE, relation: Relation::AtMost, value: 0.03, over: Over::Median },
    Expected { id: "mixed", statement: "mixed precision on devices learns with the published constants: mean squared error at the end, the median of the last ten epochs", source: CODE, relation: Relation::AtMost, value: 0.15, over: Over::Median },
    Expected { id: "sign_over_mixed", statement: "the sign of the gradient is at least twice as bad as mixed precision", source: CODE, relation: Relation::AtLeast, value: 2.0, over: Over::Median },
    Expected { id: "stochastic_over_mixed", statement: "stochastic writing is worse than mixed precision", source: PAPER, relation: Relation::AtLeast, value: 1.0, over: Over::Median },
    Expected { id: "multi_over_mixed", statement: "several devices a side are worse than mixed precision", source: PAPER, relation: Relation::AtLeast, value: 1.0, over: Over::Median },
    Expected { id: "sign_over_others", statement: "the sign is worse than the better of stochastic writing and several devices", source: PAPER, relation: Relation::AtLeast, value: 1.0, over: Over::Median },
];

#[derive(Serialize)]
struct Settings {
    /// Epochs with ideal weights.
    ideal_epochs: usize,
    /// Epochs of each scheme.
    device_epochs: usize,
    /// Units.
    units: usize,
    /// Devices whose statistics are taken.
    devices: usize,
}

fn settings(scale: Scale) -> Settings {
    let quick = Settings { ideal_epochs: 100, device_epochs: 250, units: 100, devices: 20_000 };
    match scale {
        Scale::Smoke => Settings { ideal_epochs: 2, device_epochs: 1, units: 20, devices: 20_000 },
        Scale::Quick => quick,
        Scale::Paper => Settings { ideal_epochs: 250, ..quick },
    }
}

impl Study for MemristiveEprop {
    fn name(&self) -> &'static str {
        "memristive-eprop"
    }

    fn title(&self) -> &'static str {
        "Online training of spiking recurrent neural networks with phase-change memory synapses"
    }

    fn reference(&self) -> &'static str {
        "Demirag, Frenkel, Payvand & Indiveri 2021, arXiv:2108.01804; e-prop: Bellec et al. 2020, Nat Commun 11:3625, doi:10.1038/s41467-020-17236-y; devices: Nandakumar et al. 2018, J Appl Phys 124:152135, doi:10.1063/1.5042408"
    }

    fn summary(&self) -> &'static str {
        "100 leaky integrate-and-fire units turn frozen spikes into sums of sines, trained by e-prop with \
         random feedback: with ideal weights, and with weights on a crossbar of phase-change devices \
         (programming noise, drift, noise at every read) written by the sign of the gradient, by chance, \
         by turns on several devices, or from a digital accumulator."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let Settings { ideal_epochs, device_epochs, units, devices } = settings(context.scale);
        let mut measured = Measured::default();
        measured.set("device_error", devices::worst_mean(devices, context.seed));
        measured.set("drift_error", devices::drift_error());

        let options = toml::Table::from_iter([("draw".to_owned(), (context.seed as i64).into())]);
        let task: Arc<dyn Task> = Arc::from(create("pattern-generation", &options)?);
        let lab = Lab { context, task, units };
        measured.set("eprop_error", lab.eprop_error()?);
        let mut all = 0.0;
        let parts = Memory::ALL;
        for (k, memory) in parts.into_iter().enumerate() {
            let name = memory.name();
            let epochs = if memory == Memory::Ideal { ideal_epochs } else { device_epochs };
            context.part(k, parts.len(), name)?;
            let trained = lab.train(memory, epochs, (k, parts.len()))?;
            let Trained { errors, rates, pulses, resets, histogram } = trained;
            // of training: where it ends, and how low it came on the way
            let medians = smooth(&errors).into_iter().skip(9).map(|(_, median)| median);
            let end = recent(&errors, errors.len());
            measured.set(name, end);
            measured.set(&format!("{name}_150"), recent(&errors, 150));
            measured.set(&format!("{name}_lowest"), medians.fold(end, f64::min));
            measured.set(&format!("{name}_rate"), rates.last().copied().unwrap_or(f64::NAN));
            if memory == Memory::Ideal {
                measured.set("ideal_60", recent(&errors, 60));
                measured.set("ideal_100", recent(&errors, 100));
            } else {
                measured.set(&format!("{name}_pulses"), pulses);
                measured.set(&format!("{name}_resets"), resets);
                measured.set_series(&format!("{name}_conductances"), histogram);
                all += pulses;
            }
            measured.set_series(&format!("{name}_errors"), errors);
        }
        measured.set("pulses", all);
        let value = |name: &str| measured.get(name).unwrap_or(f64::NAN);
        let others = value("stochastic").min(value("multi"));
        for (name, ratio) in [
            ("sign_over_mixed", value("sign") / value("tuned")),
            ("stochastic_over_mixed", value("stochastic") / value("tuned")),
            ("multi_over_mixed", value("multi") / value("tuned")),
            ("sign_over_others", value("sign") / others),
            ("tuned_over_ideal", value("tuned") / value("ideal")),
        ] {
            measured.set(name, ratio);
        }
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let title = |letter: &str, text: &str| Label::new().bold(letter).text(format!("  {text}"));
        let learning = Panel::new(Axis::new("epoch"), Axis::new("mean squared error").log())
            .title(title("a", "Learning"));
        let learning = seeds.iter().enumerate().fold(learning, |panel, (k, (seed, measured))| {
            Memory::ALL.into_iter().enumerate().fold(panel, |panel, (color, memory)| {
                let errors = measured.series(&format!("{}_errors", memory.name()));
                let line = Line::new(smooth(&errors), Color::line(color));
                let name = format!("{}, seed {seed}", memory.title());
                panel.mark(if k == 0 { line.name(name) } else { line })
            })
        });
        let conductance = Panel::new(Axis::new("conductance, µS"), Axis::new("share of devices"))
            .title(title("b", "Devices at the end"));
        let conductance = match seeds.first() {
            None => conductance,
            Some((_, measured)) => {
                let devices = Memory::ALL.into_iter().enumerate().skip(1);
                devices.fold(conductance, |panel, (color, memory)| {
                    let shares = measured.series(&format!("{}_conductances", memory.name()));
                    let width = 12.0 / shares.len().max(1) as f64;
                    let bins = shares.into_iter().enumerate();
                    let bins = bins.map(|(k, share)| ((k as f64 + 0.5) * width, share));
                    panel.mark(Line::new(bins, Color::line(color)).name(memory.title()))
                })
            }
        };
        let figure = Figure::new("E-prop on phase-change memory", Width::Double)
            .columns([1.2, 1.0])
            .rows([Height::Mm(48.0)])
            .place(0, 0, learning)
            .place(0, 1, conductance)
            .caption("a: mean squared error of the three curves, running median over ten epochs, per seed. b: conductances of all devices after training, first seed.")
            .describe("Mean squared error against epoch for ideal weights and four schemes of writing devices, and histograms of the devices' conductances at the end.");
        vec![("learning", figure)]
    }
}

/// Median of the ten values before a place.
fn recent(errors: &[f64], until: usize) -> f64 {
    let until = until.min(errors.len());
    let mut last = errors[until.saturating_sub(10)..until].to_vec();
    last.sort_by(f64::total_cmp);
    match last.len() {
        0 => f64::NAN,
        n => (last[(n - 1) / 2] + last[n / 2]) / 2.0,
    }
}

/// Running medians, with the epoch they end at.
fn smooth(errors: &[f64]) -> Vec<(f64, f64)> {
    (1..=errors.len()).map(|k| (k as f64, recent(errors, k))).collect()
}
