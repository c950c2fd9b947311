//! Two tasks with orthogonal inputs and outputs, learnt one after the other by gradient descent.
//!
//! Learning task B either rotates the fixed point that task A has made, and A is forgotten, or makes
//! a new one. Which of the two depends on whether the input goes on (β = 1) or the network must hold
//! the state by itself (β = 0). The reduction to a core of 2 × 2 numbers shows the same.

use attractor::analysis::spearman;
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

mod model;

use crate::claim::{Expected, Over, Relation};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};
use model::{Learnt, learn_both, network};

/// The study.
pub(crate) struct SequentialInterference;

/// Input after the first steps: from a network that holds a memory to one that is driven.
const BETAS: [f64; 5] = [0.0, 0.1, 0.25, 0.5, 1.0];
const TALK: &str = "measured with the talk's model (3 seeds), acceptance of the study";
const REDUCTION: &str = "the talk: rotation goes with autonomous dynamics, a new fixed point with input; \
                         the larger half of the change decides";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "loss_ratio", statement: "learning B destroys an autonomous memory of A at least ten times more than an input-driven one: loss of A at β = 0 over β = 1", source: TALK, relation: Relation::AtLeast, value: 10.0, over: Over::Median },
    Expected { id: "spearman", statement: "forgetting falls with β: rank correlation of β and the loss of A", source: TALK, relation: Relation::AtMost, value: -0.9, over: Over::Median },
    Expected { id: "rotation_autonomous", statement: "at β = 0 both inputs end in one fixed point: |cos| of the states after A and B", source: TALK, relation: Relation::AtLeast, value: 0.98, over: Over::Median },
    Expected { id: "rotation_driven", statement: "at β = 1 they end in different ones", source: TALK, relation: Relation::AtMost, value: 0.4, over: Over::Median },
    Expected { id: "weights", statement: "interference is not a correlation of weight changes: largest |corr(ΔW_A, ΔW_B)| over β", source: TALK, relation: Relation::AtMost, value: 0.15, over: Over::Worst },
    Expected { id: "core_off_autonomous", statement: "2 × 2 core, β = 0: learning B changes what mixes A and B, share of the off-diagonal in ΔM_B", source: REDUCTION, relation: Relation::AtLeast, value: 0.5, over: Over::Median },
    Expected { id: "core_off_driven", statement: "2 × 2 core, β = 1: learning B grows its own diagonal", source: REDUCTION, relation: Relation::AtMost, value: 0.5, over: Over::Median },
    Expected { id: "core_rotation_autonomous", statement: "2 × 2 core, β = 0: both inputs end in one fixed point", source: REDUCTION, relation: Relation::AtLeast, value: 0.98, over: Over::Median },
    Expected { id: "core_rotation_driven", statement: "2 × 2 core, β = 1: they end in different ones", source: REDUCTION, relation: Relation::AtMost, value: 0.4, over: Over::Median },
];

#[derive(Serialize)]
struct Settings {
    units: usize,
    /// Most updates per task.
    updates: u64,
}

fn settings(scale: Scale) -> Settings {
    match scale {
        Scale::Smoke => Settings { units: 32, updates: 100 },
        Scale::Quick => Settings { units: 64, updates: 2000 },
        Scale::Paper => Settings { units: 256, updates: 2000 },
    }
}

impl Study for SequentialInterference {
    fn name(&self) -> &'static str {
        "sequential-interference"
    }

    fn title(&self) -> &'static str {
        "Recurrent network dynamics lead to interference in sequential learning"
    }

    fn reference(&self) -> &'static str {
        "Schuessler, Mastrogiuseppe, Ostojic & Barak, Bernstein Network spring talks 2021, https://bernstein-network.de"
    }

    fn summary(&self) -> &'static str {
        "A leaky tanh network learns to answer input A with a constant output along its own readout, by \
         plain gradient descent on the recurrent weights, and then input B with a second output; all four \
         vectors are orthogonal. The input stays at β of its height after a short pulse. Then A is tested \
         again. The same with the recurrent weights restricted to W = [w_A w_B] M [w_A w_B]ᵀ / N, M 2 × 2."
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
        let Settings { units, updates } = settings(context.scale);
        let mut measured = Measured::default();
        let models = [("", false), ("core_", true)];
        for (k, (prefix, core)) in models.into_iter().enumerate() {
            let net = network(units, context.seed, core)?;
            let mut all = Vec::new();
            for (b, beta) in BETAS.into_iter().enumerate() {
                context.part(
                    k * BETAS.len() + b,
                    models.len() * BETAS.len(),
                    &format!("β = {beta}"),
                )?;
                all.push(learn_both(context, &net, beta, updates)?);
            }
            let series =
                |value: fn(&Learnt) -> f64| -> Vec<f64> { all.iter().map(value).collect() };
            let (first, last) = (&all[0], &all[BETAS.len() - 1]);
            for (name, value) in [
                ("loss", (|l| l.loss_a) as fn(&Learnt) -> f64),
                ("output", |l| l.output_a),
                ("kept", |l| l.kept),
                ("rotation", |l| l.rotation),
                ("off", |l| l.off),
                ("updates", |l| l.updates),
            ] {
                measured.set_series(&format!("{prefix}{name}"), series(value));
            }
            measured.set(&format!("{prefix}rotation_autonomous"), first.rotation);
            measured.set(&format!("{prefix}rotation_driven"), last.rotation);
            if core {
                measured.set("core_off_autonomous", first.off);
                measured.set("core_off_driven", last.off);
            } else {
                measured.set("loss_ratio", first.loss_a / last.loss_a);
                measured.set("spearman", spearman(&BETAS, &series(|l| l.loss_a))?);
                measured.set("weights", all.iter().map(|l| l.weights.abs()).fold(0.0, f64::max));
            }
        }
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let panel = |letter: &str, title: &str, label: &str, name: &str, log: bool| {
            let y = if log { Axis::new(label).log() } else { Axis::new(label).range(0.0, 1.02) };
            let panel = Panel::new(Axis::new("input that stays, β"), y)
                .title(Label::new().bold(letter).text(format!("  {title}")));
            seeds.iter().enumerate().fold(panel, |panel, (k, (seed, measured))| {
                let points = BETAS.into_iter().zip(measured.series(name));
                panel.mark(Line::new(points, Color::line(k)).name(format!("seed {seed}")))
            })
        };
        let figure = Figure::new("Interference", Width::Double)
            .columns([1.0, 1.0, 1.0])
            .rows([Height::Mm(38.0)])
            .place(0, 0, panel("a", "Forgetting", "loss of A after B", "loss", true))
            .place(0, 1, panel("b", "One fixed point or two", "|cos|", "rotation", false))
            .place(0, 2, panel("c", "2 × 2 core", "off-diagonal share of ΔM", "core_off", false))
            .caption("After learning B: a the loss of task A; b |cos| of the states that inputs A and B end in; c share of the off-diagonal in what B changes in the core.")
            .describe("Loss of A, alignment of the two states and off-diagonal change of the core against the input that stays, one line per seed.");
        vec![("interference", figure)]
    }
}
