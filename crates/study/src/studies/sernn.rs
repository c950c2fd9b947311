//! Networks whose wires are expensive in space become modular small worlds.
//!
//! Units on a lattice learn to infer the move that leads to a remembered goal, under a penalty on long
//! wires between units that many paths connect; beside them, networks whose weights cost the same
//! wherever they go. Strengths of both penalties are swept, and the graphs of the strongest weights
//! compared among networks that solve the task.

use attractor::analysis::graph::{
    Graph, LouvainOptions, Null, distance_correlation, louvain, small_worldness, strongest,
};
use attractor::report::{Axis, Color, Dots, Figure, Height, Label, Panel, Width};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation, Reported, median};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};

mod lab;

use lab::{Lab, Rule, Trained};

/// The study.
pub(crate) struct Sernn;

/// Weights that count as edges: the largest 10 % (seRNN_demo.ipynb).
const STRONGEST: f64 = 0.1;

const NMI: &str = "Achterberg et al. 2023, doi:10.1038/s42256-023-00748-9 (higher in seRNNs than in L1 networks); margin from 4 seeds measured with the notebook's model";
const FOUR: &str = "measured with the notebook's model, 4 seeds; acceptance of the study";
const RATE: &str =
    "acceptance of the study; 19 of 28 and 11 of 24 networks measured with the notebook's model";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "solved_spatial", statement: "spatially embedded networks that reach 90 % correct, of all strengths", source: RATE, relation: Relation::AtLeast, value: 0.4, over: Over::Mean },
    Expected { id: "solved_l1", statement: "networks under L1 that do", source: RATE, relation: Relation::AtLeast, value: 0.4, over: Over::Mean },
    Expected { id: "modularity_gap", statement: "of networks that do, spatial ones are more modular: median Q less that under L1", source: NMI, relation: Relation::AtLeast, value: 0.02, over: Over::Median },
    Expected { id: "small_world_spatial", statement: "and small worlds: median small-worldness", source: FOUR, relation: Relation::AtLeast, value: 1.4, over: Over::Median },
    Expected { id: "small_world_gap", statement: "more so than those under L1: difference of the medians", source: NMI, relation: Relation::AtLeast, value: 0.15, over: Over::Median },
    Expected { id: "distance_spatial", statement: "their strong weights are short: median correlation of size and distance", source: FOUR, relation: Relation::AtMost, value: -0.2, over: Over::Median },
    Expected { id: "distance_l1", statement: "under L1 size and distance are unrelated: size of the median correlation", source: FOUR, relation: Relation::AtMost, value: 0.05, over: Over::Median },
    Expected { id: "plain_bits", statement: "a penalty of weight 0 trains as none does: weights that differ in a bit", source: "by construction", relation: Relation::AtMost, value: 0.0, over: Over::Worst },
];

const SHOWN: &str = "shown beside the claims; published without numbers";

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "modularity_spatial", statement: "median Q of spatial networks that solve the task", source: SHOWN },
    Reported { id: "modularity_l1", statement: "the same under L1", source: SHOWN },
    Reported { id: "modularity_before", statement: "Q before training", source: SHOWN },
    Reported { id: "small_world_l1", statement: "median small-worldness under L1", source: SHOWN },
    Reported { id: "small_world_demo", statement: "median small-worldness of spatial networks against the random graphs of the authors' notebook, of density 18 %", source: SHOWN },
    Reported { id: "weight_spatial", statement: "median sum of the weights' sizes, spatial", source: SHOWN },
    Reported { id: "weight_l1", statement: "the same under L1", source: SHOWN },
    Reported { id: "energy_spatial", statement: "median activation of a unit at a step, spatial", source: SHOWN },
    Reported { id: "energy_l1", statement: "the same under L1", source: SHOWN },
];

#[derive(Serialize)]
struct Settings {
    updates: u64,
    batch: usize,
    test_trials: usize,
    /// Weights of the two penalties, as sums over pairs of units.
    spatial: Vec<f64>,
    l1: Vec<f64>,
    /// Fraction correct from which on a network has solved the task.
    solved: f64,
    /// Random graphs that small-worldness is relative to.
    nulls: usize,
}

fn settings(scale: Scale) -> Settings {
    // 10 epochs of 5,120 trials in batches of 128 (seRNN_demo.ipynb)
    let quick = Settings {
        updates: 400,
        batch: 128,
        test_trials: 2560,
        spatial: vec![0.05, 0.1, 0.15, 0.18],
        l1: vec![0.0005, 0.001, 0.002, 0.005],
        solved: 0.9,
        nulls: 100,
    };
    match scale {
        Scale::Smoke => Settings {
            updates: 4,
            batch: 32,
            test_trials: 64,
            spatial: vec![0.1],
            l1: vec![0.001],
            // every network counts
            solved: 0.0,
            nulls: 4,
        },
        Scale::Quick => quick,
        // the publication's grid is not public; this one spans what can be solved
        Scale::Paper => Settings {
            spatial: (1..=12).map(|k| 0.02 * f64::from(k)).collect(),
            l1: (0..12).map(|k| 0.0001 * 2f64.powf(0.6 * f64::from(k))).collect(),
            ..quick
        },
    }
}

impl Study for Sernn {
    fn name(&self) -> &'static str {
        "sernn"
    }

    fn title(&self) -> &'static str {
        "Spatially embedded recurrent neural networks reveal widespread links between structural and functional neuroscience findings"
    }

    fn reference(&self) -> &'static str {
        "Achterberg, Akarca, Strouse, Duncan & Astle, Nature Machine Intelligence 5:1369, 2023, doi:10.1038/s42256-023-00748-9"
    }

    fn summary(&self) -> &'static str {
        "Networks of 100 rectified units on a lattice of 5 × 5 × 4 learn one-step inference by Adam, under \
         γ Σ |W| C D (D distances, C communicability) or γ Σ |W|, each at several γ. The largest 10 % of \
         the weights, joined in either direction, are a graph: modularity by Louvain's method, \
         small-worldness against random graphs of the same density. What is claimed of structure is \
         claimed of networks that reach 90 % correct on noise-free trials."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn reported(&self) -> &'static [Reported] {
        REPORTED
    }

    fn seeds(&self) -> usize {
        8
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let settings = settings(context.scale);
        let Settings { spatial, l1, .. } = &settings;
        let parts = spatial.len() + l1.len() + 1;
        let lab = Lab::new(context, settings.updates, settings.batch, settings.test_trials)?;
        let mut measured = Measured::default();
        let before = Shape::of(&lab.fresh()?, &settings)?;
        measured.set("modularity_before", before.modularity);
        let rules = spatial.iter().map(|&gamma| Rule::Spatial(gamma));
        let rules = rules.chain(l1.iter().map(|&gamma| Rule::L1(gamma)));
        let (mut of_spatial, mut of_l1) = (Vec::new(), Vec::new());
        for (k, rule) in rules.enumerate() {
            context.part(k, parts, &rule.to_string())?;
            let shape = Shape::of(&lab.train(rule)?, &settings)?;
            if matches!(rule, Rule::Spatial(_)) { &mut of_spatial } else { &mut of_l1 }.push(shape);
        }
        context.part(parts - 1, parts, "no penalty")?;
        measured.set("plain_bits", lab.bits_that_differ()? as f64);
        arm(&mut measured, "spatial", &of_spatial, &settings);
        arm(&mut measured, "l1", &of_l1, &settings);
        let value = |name: &str| measured.get(name).unwrap_or(f64::NAN);
        let gaps = ["modularity", "small_world"]
            .map(|what| (what, value(&format!("{what}_spatial")) - value(&format!("{what}_l1"))));
        let unrelated = value("distance_l1").abs();
        for (what, gap) in gaps {
            measured.set(&format!("{what}_gap"), gap);
        }
        measured.set("distance_l1", unrelated);
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let panel = |letter: &str, title: &str, y: Axis, name: &str| {
            let panel = Panel::new(Axis::new("sum of weights").log(), y)
                .title(Label::new().bold(letter).text(format!("  {title}")));
            let arms = [("spatial", "spatial"), ("l1", "L1")];
            arms.into_iter().enumerate().fold(panel, |panel, (k, (arm, said))| {
                let points = seeds.iter().flat_map(|(_, measured)| {
                    let weights = measured.series(&format!("weights_{arm}"));
                    weights.into_iter().zip(measured.series(&format!("{name}_{arm}")))
                });
                panel.mark(Dots::new(points, Color::line(k)).radius(1.2).name(said))
            })
        };
        let figure = Figure::new("Modules and small worlds", Width::Double)
            .columns([1.0, 1.0, 1.0])
            .rows([Height::Mm(42.0)])
            .place(0, 0, panel("a", "Task", Axis::new("correct"), "accuracies"))
            .place(0, 1, panel("b", "Modularity", Axis::new("Q"), "modularities"))
            .place(0, 2, panel("c", "Small worlds", Axis::new("small-worldness"), "small_worlds"))
            .caption("Networks under the spatial penalty and under L1, at all strengths: fraction correct, modularity and small-worldness of the strongest 10 % of the weights, against the sum of the weights' sizes.")
            .describe("Three scatter plots against the sum of weights: fraction correct, modularity and small-worldness, one dot per network, spatial and L1.");
        vec![("structure", figure)]
    }
}

/// What a network is like.
struct Shape {
    accuracy: f64,
    energy: f64,
    modularity: f64,
    small_world: f64,
    small_world_demo: f64,
    distance: f64,
    weight: f64,
}

impl Shape {
    fn of(network: &Trained, settings: &Settings) -> Result<Self, StudyError> {
        let weights = network.weights.view();
        let graph = Graph::directed(strongest(weights, STRONGEST)?.view())?.either_direction();
        let small = |null| {
            small_worldness(&graph, null, settings.nulls, network.seed)
                .map(|found| found.small_worldness.unwrap_or(f64::NAN))
        };
        let options = LouvainOptions { seed: network.seed, ..LouvainOptions::default() };
        Ok(Shape {
            accuracy: network.accuracy,
            energy: network.energy,
            modularity: louvain(&graph, &options)?.modularity,
            small_world: small(Null::Density)?,
            small_world_demo: small(Null::UniformMeans { threshold: 0.7 })?,
            distance: distance_correlation(weights, network.distances.view())?,
            weight: weights.iter().map(|w| w.abs()).sum(),
        })
    }
}

/// What the networks of one penalty are like.
fn arm(measured: &mut Measured, name: &str, networks: &[Shape], settings: &Settings) {
    let solved: Vec<&Shape> =
        networks.iter().filter(|network| network.accuracy > settings.solved).collect();
    let fraction = solved.len() as f64 / networks.len().max(1) as f64;
    measured.set(&format!("solved_{name}"), fraction);
    for (what, of) in [
        ("modularity", (|n| n.modularity) as fn(&Shape) -> f64),
        ("small_world", |n| n.small_world),
        ("distance", |n| n.distance),
        ("weight", |n| n.weight),
        ("energy", |n| n.energy),
    ] {
        measured.set(&format!("{what}_{name}"), median(solved.iter().map(|n| of(n))));
    }
    if name == "spatial" {
        measured.set("small_world_demo", median(solved.iter().map(|n| n.small_world_demo)));
    }
    for (what, of) in [
        ("accuracies", (|n| n.accuracy) as fn(&Shape) -> f64),
        ("modularities", |n| n.modularity),
        ("small_worlds", |n| n.small_world),
        ("distances", |n| n.distance),
        ("weights", |n| n.weight),
    ] {
        measured.set_series(&format!("{what}_{name}"), networks.iter().map(of));
    }
}
