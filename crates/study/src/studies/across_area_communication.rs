//! What one area tells another, and when: recurrent networks fitted to two areas at once.
//!
//! Two regions that are joined by few dimensions learn a context-dependent decision: one hears the
//! stimuli, the other the context, and answers. Networks of the same plan, with ranks between the regions
//! as candidates, are fitted to a part of their units. What a fit sends from the first region to the
//! second is compared with the truth, with feedback and without. On recordings of V1 and V2 the same
//! question is put to fluctuations, by reduced-rank regression.

use attractor::report::{Axis, Color, Dots, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

mod communication;
mod lab;
mod recorded;

use crate::claim::{Expected, Over, Relation, Reported, least, most};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};
use communication::{aligned, outputs, ratios};
use lab::{Lab, Ranks};

/// The study.
pub(crate) struct AcrossAreaCommunication;

/// Ranks between the regions that are to be found.
const TRUTH: Ranks = Ranks { forward: 1, back: 2 };
/// The file with V1 and V2.
const V1_V2: &str = "v1_v2.npz";

const PROPOSED: &str = "proposed; acceptance of the study";
const SEMEDO: &str = "Semedo et al. 2019, doi:10.1016/j.neuron.2019.01.026, figure 4: fewer dimensions of V1 predict V2 than predict V1";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "r2_without", statement: "without a connection from region 1 to 2 the fit is worse: held-out R² at the true ranks less that without", source: PROPOSED, relation: Relation::AtLeast, value: 0.05, over: Over::Median },
    Expected { id: "r2_more", statement: "one rank more than the truth explains no more: gain of held-out R²", source: PROPOSED, relation: Relation::AtMost, value: 0.01, over: Over::Median },
    Expected { id: "r2", statement: "at the true ranks the fit explains both regions: held-out R²", source: PROPOSED, relation: Relation::AtLeast, value: 0.85, over: Over::Median },
    Expected { id: "direction", statement: "and finds what region 1 does to region 2: least cosine of principal angles between fitted and true output directions", source: PROPOSED, relation: Relation::AtLeast, value: 0.9, over: Over::Median },
    Expected { id: "ratio", statement: "the fitted current from region 1 to 2 carries the relevant stimulus more than the other: ratio of regression norms, the smaller of both contexts", source: PROPOSED, relation: Relation::AtLeast, value: 2.0, over: Over::Median },
    Expected { id: "frozen_least", statement: "with the feedback of region 2 frozen at its mean it does not: the ratio, the smaller of both contexts", source: PROPOSED, relation: Relation::AtLeast, value: 0.7, over: Over::Median },
    Expected { id: "frozen_most", statement: "the same, the larger of both contexts", source: PROPOSED, relation: Relation::AtMost, value: 1.4, over: Over::Median },
    Expected { id: "fewer", statement: "fewer dimensions of V1 predict V2 than predict other units of V1: difference of the cross-validated ranks", source: SEMEDO, relation: Relation::AtLeast, value: 1.0, over: Over::Worst },
];

const SHOWN: &str = "shown beside the claims";

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "accuracy", statement: "fraction of trials in which the simulated regions answer correctly", source: SHOWN },
    Reported { id: "ceiling", statement: "R² of the simulation without its noise on what was recorded: a fit that knew everything but the noise", source: SHOWN },
    Reported { id: "true_ratio", statement: "ratio of the stimuli in the true current, the smaller of both contexts", source: SHOWN },
    Reported { id: "true_frozen_least", statement: "the same with the true feedback frozen", source: SHOWN },
    Reported { id: "true_frozen_most", statement: "the same, the larger of both contexts", source: SHOWN },
    Reported { id: "aligned_relevant", statement: "cosine between the axis of the relevant stimulus in region 1 and what the fit sends to region 2, mean of both contexts", source: "flexible communication, as proposed" },
    Reported { id: "aligned_irrelevant", statement: "the same of the irrelevant stimulus", source: "flexible communication, as proposed" },
];

#[derive(Clone, Copy, Serialize)]
struct Settings {
    /// Units of each region.
    units: usize,
    /// Of these, recorded.
    recorded: usize,
    /// Trials that the simulation learns from.
    learnt_trials: usize,
    teacher_epochs: usize,
    /// The simulation may stop learning at this loss.
    teacher_loss: f64,
    /// Trials that are recorded; a fifth is held out.
    trials: usize,
    test_trials: usize,
    epochs: usize,
    /// Largest candidate rank, in either direction.
    ranks: usize,
    /// Every pair of ranks is fitted; otherwise those in which one direction has its true rank.
    all_pairs: bool,
}

fn settings(scale: Scale) -> Settings {
    let quick = Settings {
        units: 100,
        recorded: 60,
        learnt_trials: 1000,
        teacher_epochs: 100,
        teacher_loss: 0.005,
        trials: 400,
        test_trials: 1000,
        epochs: 200,
        ranks: 3,
        all_pairs: false,
    };
    match scale {
        Scale::Smoke => Settings {
            units: 20,
            recorded: 12,
            learnt_trials: 80,
            teacher_epochs: 2,
            trials: 80,
            test_trials: 80,
            epochs: 2,
            ranks: 2,
            ..quick
        },
        Scale::Quick => quick,
        // no published sizes are known
        Scale::Paper => Settings { all_pairs: true, ..quick },
    }
}

impl Study for AcrossAreaCommunication {
    fn name(&self) -> &'static str {
        "across-area-communication"
    }

    fn title(&self) -> &'static str {
        "Flexible across-area communication with neurally constrained recurrent networks"
    }

    fn reference(&self) -> &'static str {
        "Barbosa, Ostojic et al., Bernstein Conference 2024, https://bernstein-network.de; V1 and V2: Semedo, Zandvakili, Machens, Yu & Kohn, Neuron 102:249, 2019, doi:10.1016/j.neuron.2019.01.026"
    }

    fn summary(&self) -> &'static str {
        "Two regions of leaky tanh units, each of rank 2 within, joined by rank 1 from the first to the \
         second and rank 2 back, learn context-dependent decisions: region 1 hears both stimuli, region 2 \
         the context, and answers. Networks with as many units as are recorded and candidate ranks between \
         the regions are fitted to their noisy rates. The current from region 1 to 2 is regressed on both \
         stimuli in each context, with feedback and with feedback frozen at its mean. Of recordings, the \
         rank of the regression of V2 on V1, and of V1 on V1, is cross-validated by trials."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn reported(&self) -> &'static [Reported] {
        REPORTED
    }

    fn needs(&self) -> Option<&'static str> {
        Some(
            "v1_v2.npz for the claim on V1 and V2: arrays v1_source, v1_target and v2_target of residual \
             counts, ten samples a trial, from mat_sample/sample_data.mat of the repository \
             joao-semedo/communication-subspace",
        )
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let settings = settings(context.scale);
        let candidates = candidates(&settings);
        let parts = candidates.len() + 3;
        let mut measured = Measured::default();
        context.part(0, parts, "V1 and V2")?;
        match context.data(V1_V2) {
            Some(file) => recorded::measure(&file, context.seed, &mut measured)?,
            None => measured.skip("fewer", &format!("it needs {V1_V2}: give its folder by --data")),
        }

        context.part(1, parts, "simulation")?;
        let lab = Lab::new(context, settings)?;
        let teacher = lab.teacher(TRUTH)?;
        measured.set("accuracy", lab.exam.accuracy(&teacher, &[])?);
        let recording = lab.recorded(&teacher)?;
        measured.set("ceiling", recording.ceiling);

        let mut fits = Vec::new();
        for (k, ranks) in candidates.into_iter().enumerate() {
            let Ranks { forward, back } = ranks;
            context.part(k + 2, parts, &format!("ranks {forward} and {back}"))?;
            let net = lab.fit(&recording, ranks)?;
            let r2 = lab.r2(&net, &recording)?;
            measured.set(&format!("r2_{forward}_{back}"), r2);
            fits.push((ranks, net, r2));
        }
        let with = |forward: usize| {
            let wanted = Ranks { forward, ..TRUTH };
            let found = fits.iter().find(|(ranks, ..)| *ranks == wanted);
            found.ok_or_else(|| StudyError::Study(format!("rank {forward}, which was not fitted")))
        };
        let forward: Vec<f64> =
            (0..=settings.ranks).map(|k| with(k).map(|fit| fit.2)).collect::<Result<_, _>>()?;
        measured.set("r2", forward[TRUTH.forward]);
        measured.set("r2_without", forward[TRUTH.forward] - forward[0]);
        measured.set("r2_more", forward[TRUTH.forward + 1] - forward[TRUTH.forward]);
        measured.set_series("forward", forward);

        context.part(parts - 1, parts, "communication")?;
        let fit = &with(TRUTH.forward)?.1;
        measured.set("direction", outputs(&teacher, fit, &recording.units[1])?);
        for (prefix, net) in [("", fit), ("true_", &teacher)] {
            let found = ratios(&lab, net)?;
            let frozen = ratios(&lab, &lab.frozen(net)?)?;
            measured.set(&format!("{prefix}ratio"), least(found));
            measured.set(&format!("{prefix}frozen_least"), least(frozen));
            measured.set(&format!("{prefix}frozen_most"), most(frozen));
            measured.set_series(&format!("{prefix}ratios"), [found, frozen].concat());
        }
        let [relevant, irrelevant] = aligned(&lab, fit)?;
        measured.set("aligned_relevant", relevant);
        measured.set("aligned_irrelevant", irrelevant);
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let title = |letter: &str, text: &str| Label::new().bold(letter).text(format!("  {text}"));
        let ranks = Panel::new(Axis::new("rank from region 1 to 2"), Axis::new("held-out R²"))
            .title(title("a", "Fits"));
        let ranks = seeds.iter().enumerate().fold(ranks, |panel, (k, (seed, measured))| {
            let values = measured.series("forward").into_iter().enumerate();
            let line = Line::new(values.map(|(rank, r2)| (rank as f64, r2)), Color::line(k));
            panel.mark(line.name(format!("seed {seed}")))
        });
        let ticks = ["A", "B", "A frozen", "B frozen"];
        let ticks = ticks.into_iter().enumerate().map(|(k, name)| (k as f64, Label::from(name)));
        let ratios = Panel::new(
            Axis::new("context").range(-0.5, 3.5).ticks_at(ticks),
            Axis::new("relevant / irrelevant").log(),
        )
        .title(title("b", "Current from 1 to 2"));
        let kinds = [("true_ratios", "simulation"), ("ratios", "fit")];
        let ratios = kinds.into_iter().enumerate().fold(ratios, |panel, (k, (name, said))| {
            let points = seeds.iter().flat_map(|(_, measured)| {
                let values = measured.series(name).into_iter().enumerate();
                values.map(move |(at, ratio)| (at as f64 + 0.2 * (k as f64 - 0.5), ratio))
            });
            panel.mark(Dots::new(points, Color::line(k)).radius(1.8).name(said))
        });
        let areas = Panel::new(Axis::new("dimensions of V1"), Axis::new("held-out R²"))
            .title(title("c", "Recordings"));
        let areas = seeds.iter().enumerate().fold(areas, |panel, (seed, (_, measured))| {
            ["V1", "V2"].into_iter().enumerate().fold(panel, |panel, (k, target)| {
                let curve = measured.series(&format!("curve_{}", target.to_lowercase()));
                let points = curve.into_iter().enumerate().map(|(rank, r2)| (rank as f64, r2));
                let line = Line::new(points, Color::line(k));
                panel.mark(if seed == 0 { line.name(format!("to {target}")) } else { line })
            })
        });
        let figure = Figure::new("Communication between areas", Width::Double)
            .columns([1.0, 1.0, 1.0])
            .rows([Height::Mm(42.0)])
            .place(0, 0, ranks)
            .place(0, 1, ratios)
            .place(0, 2, areas)
            .caption("a: held-out R² of fits to both regions against the rank of the connection from region 1 to 2 (truth: 1). b: how much more of the relevant than of the irrelevant stimulus the current from region 1 to 2 carries, by context, and with feedback frozen at its mean. c: reduced-rank regression of units of V1 and of V2 on other units of V1; empty without the recordings.")
            .describe("R² against rank, ratios of transmitted stimuli in four conditions, and R² against the number of predictive dimensions for V1 and V2.");
        vec![("communication", figure)]
    }
}

/// The pairs of ranks that are fitted, in order.
fn candidates(settings: &Settings) -> Vec<Ranks> {
    let all = 0..=settings.ranks;
    let pairs =
        all.clone().flat_map(|forward| all.clone().map(move |back| Ranks { forward, back }));
    let wanted = |ranks: &Ranks| {
        settings.all_pairs || ranks.forward == TRUTH.forward || ranks.back == TRUTH.back
    };
    pairs.filter(wanted).collect()
}
