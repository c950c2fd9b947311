//! A network that is inhibition alone remembers, decides and times, with sparser activity in more
//! dimensions than one whose weights have any sign.
//!
//! Spiny projection neurons inhibit each other, and only cortex excites them. Networks so wired, and
//! networks of free weights, learn three tasks. Their activity is described by what recordings can be
//! described by, and the inhibitory network's recurrent weights are cut.

use attractor::report::{Axis, Color, Dots, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation, Reported};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};

mod lab;
mod statistics;

use lab::{Assignment, Kind, Lab};
use statistics::Statistics;

/// The study.
pub(crate) struct Striatum;

const ONCE: &str = "proposed protocol, measured with 1 seed; acceptance of the study";
const BUILT: &str = "spiny projection neurons are GABAergic; by construction";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "mem_correct", statement: "inhibition alone remembers: fraction correct in delayed responses", source: ONCE, relation: Relation::AtLeast, value: 0.97, over: Over::Median },
    Expected { id: "dec_correct", statement: "decides: fraction correct in perceptual decisions", source: ONCE, relation: Relation::AtLeast, value: 0.9, over: Over::Median },
    Expected { id: "time_correct", statement: "and times: R² of the pulses", source: ONCE, relation: Relation::AtLeast, value: 0.85, over: Over::Median },
    Expected { id: "wrong_weights", statement: "recurrent weights above 0, or where there is no synapse, after training on the three (built so)", source: BUILT, relation: Relation::AtMost, value: 0.0, over: Over::Worst },
    Expected { id: "mem_pr_gap", statement: "its activity has more dimensions than that of free weights, remembering: difference of participation ratios", source: ONCE, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "dec_pr_gap", statement: "deciding", source: ONCE, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "time_pr_gap", statement: "timing", source: ONCE, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "mem_active_gap", statement: "fewer of its units are active at a time, remembering: difference of mean active fractions", source: ONCE, relation: Relation::AtMost, value: 0.0, over: Over::Median },
    Expected { id: "dec_active_gap", statement: "deciding, fewer", source: ONCE, relation: Relation::AtMost, value: 0.0, over: Over::Median },
    Expected { id: "time_active_gap", statement: "timing, fewer", source: ONCE, relation: Relation::AtMost, value: 0.0, over: Over::Median },
    Expected { id: "mem_cut", statement: "it is recurrence that remembers: fraction correct without the recurrent weights", source: ONCE, relation: Relation::AtMost, value: 0.6, over: Over::Median },
];

const SHOWN: &str = "statistics of the study, shown beside the claims";

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "mem_signed_correct", statement: "free weights, remembering: fraction correct", source: SHOWN },
    Reported { id: "dec_signed_correct", statement: "deciding: fraction correct", source: SHOWN },
    Reported { id: "time_signed_correct", statement: "timing: R²", source: SHOWN },
    Reported { id: "mem_pr", statement: "participation ratio, remembering by inhibition", source: SHOWN },
    Reported { id: "mem_signed_pr", statement: "participation ratio, remembering by free weights", source: SHOWN },
    Reported { id: "dec_pr", statement: "participation ratio, deciding by inhibition", source: SHOWN },
    Reported { id: "dec_signed_pr", statement: "participation ratio, deciding by free weights", source: SHOWN },
    Reported { id: "time_pr", statement: "participation ratio, timing by inhibition", source: SHOWN },
    Reported { id: "time_signed_pr", statement: "participation ratio, timing by free weights", source: SHOWN },
    Reported { id: "mem_active", statement: "mean fraction of units that are active, remembering by inhibition", source: SHOWN },
    Reported { id: "mem_signed_active", statement: "active, remembering by free weights", source: SHOWN },
    Reported { id: "dec_active", statement: "active, deciding by inhibition", source: SHOWN },
    Reported { id: "dec_signed_active", statement: "active, deciding by free weights", source: SHOWN },
    Reported { id: "time_active", statement: "active, timing by inhibition", source: SHOWN },
    Reported { id: "time_signed_active", statement: "active, timing by free weights", source: SHOWN },
    Reported { id: "scaled", statement: "timing by inhibition, the long interval is the short one slowed down: correlation of rates at the same fraction of the interval", source: "temporal scaling: Murray & Escola 2017, doi:10.7554/eLife.26084" },
    Reported { id: "unscaled", statement: "or the short one and more: correlation of rates at the same time", source: SHOWN },
];

#[derive(Clone, Copy, Serialize)]
struct Settings {
    units: usize,
    updates: u64,
    test_trials: usize,
}

fn settings(scale: Scale) -> Settings {
    match scale {
        Scale::Smoke => Settings { units: 30, updates: 20, test_trials: 40 },
        Scale::Quick => Settings { units: 100, updates: 700, test_trials: 500 },
        // no publication has a size
        Scale::Paper => Settings { units: 200, updates: 2000, test_trials: 1000 },
    }
}

impl Study for Striatum {
    fn name(&self) -> &'static str {
        "striatum"
    }

    fn title(&self) -> &'static str {
        "The striatum as a special class of recurrent network: purely inhibitory recurrence"
    }

    fn reference(&self) -> &'static str {
        "Humphries, a talk of which no text is known; models it stands on: Ponzi & Wickens, Frontiers in Systems Neuroscience 6:6, 2012, doi:10.3389/fnsys.2012.00006; Murray & Escola, eLife 6:e26084, 2017, doi:10.7554/eLife.26084"
    }

    fn summary(&self) -> &'static str {
        "x ← x + 0.2 (−x − (|w| ∘ M) r + |B| u + b) + 0.05 ξ, r = max(x, 0), 100 units: a random half of \
         the synapses M exists, all inhibit, inputs excite, and a tonic drive keeps units up. It learns \
         delayed responses, perceptual decisions and timed pulses by Adam, and so does the same network \
         with weights of any sign between all units. Compared are the participation ratio of rates, \
         active fractions, correlations, sparseness, sequences, and eigenvalues of the weights."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn reported(&self) -> &'static [Reported] {
        REPORTED
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let lab = Lab { context, settings: settings(context.scale) };
        let parts = Assignment::ALL.len() * Kind::ALL.len();
        let mut measured = Measured::default();
        let mut wrong = 0;
        for (k, assignment) in Assignment::ALL.into_iter().enumerate() {
            let name = assignment.name();
            let task = assignment.task()?;
            for (j, kind) in Kind::ALL.into_iter().enumerate() {
                context.part(
                    k * Kind::ALL.len() + j,
                    parts,
                    &format!("{name}, {}", kind.said()),
                )?;
                let before = lab.net(&*task, kind)?;
                let after = lab.train(&before, &task, assignment)?;
                let prefix = format!("{name}{}", kind.suffix());
                measured.set(&format!("{prefix}_correct"), lab.judge(&after, &task, false)?);
                let (exam, rates) = lab.rates(&after, assignment)?;
                Statistics::of(&after, rates.view())?.write(&prefix, &mut measured);
                if kind == Kind::Inhibitory {
                    wrong += after.wrong_weights(&before, "rec->rec", |_| -1.0)?;
                    measured.set(&format!("{name}_cut"), lab.judge(&after, &task, true)?);
                    if assignment == Assignment::Timing {
                        statistics::time_scaling(&exam, rates.view(), &mut measured)?;
                    }
                }
            }
            for what in ["pr", "active"] {
                let of = |kind: Kind| {
                    let name = format!("{name}{}_{what}", kind.suffix());
                    measured.get(&name).unwrap_or(f64::NAN)
                };
                let gap = of(Kind::Inhibitory) - of(Kind::Signed);
                measured.set(&format!("{name}_{what}_gap"), gap);
            }
        }
        measured.set("wrong_weights", wrong as f64);
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let against = |letter: &str, what: &str, high: f64| {
            let axis = |kind: &str| Axis::new(format!("{what}, {kind}")).range(0.0, high);
            let panel = Panel::new(axis("free weights"), axis("inhibition"))
                .title(Label::new().bold(letter))
                .mark(Line::new([(0.0, 0.0), (high, high)], Color::GREY).width(0.5).dashed());
            Assignment::ALL.into_iter().enumerate().fold(panel, |panel, (k, assignment)| {
                let name = assignment.name();
                let what = if what == "dimensions" { "pr" } else { "active" };
                let points = seeds.iter().filter_map(|(_, measured)| {
                    let signed = measured.get(&format!("{name}_signed_{what}"))?;
                    Some((signed, measured.get(&format!("{name}_{what}"))?))
                });
                panel.mark(Dots::new(points, Color::line(k)).radius(1.6).name(assignment.said()))
            })
        };
        let most = (seeds.iter())
            .flat_map(|(_, measured)| measured.values())
            .filter(|(name, _)| name.ends_with("_pr"))
            .filter_map(|(_, value)| value)
            .fold(1.0, f64::max);
        let plane = Panel::new(Axis::new("Re λ").padded(0.05), Axis::new("Im λ").padded(0.05))
            .title(Label::new().bold("c"));
        let plane = (seeds.iter().take(1)).fold(plane, |panel, (_, measured)| {
            Kind::ALL.into_iter().enumerate().fold(panel, |panel, (k, kind)| {
                let of = |part: &str| measured.series(&format!("mem{}_{part}", kind.suffix()));
                let points = of("re").into_iter().zip(of("im"));
                panel.mark(Dots::new(points, Color::line(k)).radius(0.8).name(kind.said()))
            })
        });
        let figure = Figure::new("Inhibition alone", Width::Double)
            .columns([1.0, 1.0, 1.0])
            .rows([Height::Mm(45.0)])
            .place(0, 0, against("a", "dimensions", (1.1 * most).ceil()))
            .place(0, 1, against("b", "active fraction", 1.0))
            .place(0, 2, plane)
            .caption("Networks of inhibition alone against networks of free weights: a participation ratio of rates, b mean fraction of active units, one dot per seed and task; c eigenvalues of the recurrent weights after learning to remember, first seed.")
            .describe("Participation ratio and active fraction of inhibitory networks against those of networks of free weights, and eigenvalues of both in the plane.");
        vec![("inhibition", figure)]
    }
}
