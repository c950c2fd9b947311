//! Two populations whose gains the context sets in opposite ways let one stimulus through, not the other.
//!
//! A region of rank 1 learns context-dependent decisions. Two Gaussian populations of its connectivity
//! vectors are enough to draw networks anew that do it too; one is not. Then two regions learn it: A1
//! hears the stimuli, PFC the cue, and what PFC sends back gates A1 through fixed weights.

use attractor::report::{Axis, Color, Dots, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation, Reported};
use crate::context::Context;
use crate::error::StudyError;
use crate::exam::Exam;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};

mod one;
mod parts;
mod two;

/// The study.
pub(crate) struct PopulationGating;

/// Duration of a step, ms.
const STEP: f64 = 20.0;

const DUBREUIL: &str = "populations_paper_code (Dubreuil et al. 2022), figures_notebooks/fig4-5_mante: trained 1.0, resampled .758 from 1 and .944 from 2 populations, slopes −.48 / +.78 and +.76 / −.47; acceptance of the study";
const BARBOSA: &str = "Barbosa et al. 2023, doi:10.1038/s41467-023-42519-5, abstract; the number is the acceptance of the study";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "one_accuracy", statement: "a region of rank 1 learns the task: fraction correct", source: DUBREUIL, relation: Relation::AtLeast, value: 0.97, over: Over::Median },
    Expected { id: "resampled_gap", statement: "two populations are needed: fraction correct of networks drawn from two populations less that from one, means of 10 draws", source: DUBREUIL, relation: Relation::AtLeast, value: 0.1, over: Over::Median },
    Expected { id: "slope_product", statement: "they select opposite stimuli: product over the two populations of the slopes of n by a stimulus's input weights, the larger of A and B", source: DUBREUIL, relation: Relation::AtMost, value: 0.0, over: Over::Median },
    Expected { id: "gain_drop", statement: "the gain of the population that context A drives is lower in A than in B, and that of the other lower in B: relative drop, the smaller of the two", source: BARBOSA, relation: Relation::AtLeast, value: 0.2, over: Over::Median },
    Expected { id: "two_accuracy", statement: "A1 that hears stimuli and PFC that hears the cue learn the task together, with fixed weights between them: fraction correct", source: BARBOSA, relation: Relation::AtLeast, value: 0.95, over: Over::Median },
    Expected { id: "pfc_irrelevant", statement: "PFC follows the stimulus that counts alone: norm of its coefficients by the other, of those by the one that counts", source: BARBOSA, relation: Relation::AtMost, value: 0.4, over: Over::Median },
    Expected { id: "a1_over_pfc", statement: "A1 follows both: its ratio of norms over that of PFC", source: BARBOSA, relation: Relation::AtLeast, value: 2.0, over: Over::Median },
    Expected { id: "cut_accuracy", statement: "what PFC sends back selects: fraction correct without it", source: BARBOSA, relation: Relation::AtMost, value: 0.8, over: Over::Median },
    Expected { id: "cut_decoded", statement: "and A1 still knows both stimuli: their signs decoded from A1 without it, of what is decoded with it", source: BARBOSA, relation: Relation::AtLeast, value: 0.9, over: Over::Median },
];

const SHOWN: &str = "shown beside the claims";

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "resampled_1", statement: "fraction correct of networks drawn from one population", source: SHOWN },
    Reported { id: "resampled_2", statement: "and from two", source: SHOWN },
    Reported { id: "slope_1_a", statement: "slope of n by the input weights of A, population that context A drives", source: SHOWN },
    Reported { id: "slope_1_b", statement: "by those of B, same population", source: SHOWN },
    Reported { id: "slope_2_a", statement: "by those of A, other population", source: SHOWN },
    Reported { id: "slope_2_b", statement: "by those of B, other population", source: SHOWN },
    Reported { id: "gain_drop_cue", statement: "relative drop of gain while the cue is alone, claims being about the time of the stimuli", source: SHOWN },
    Reported { id: "two_conflict", statement: "two regions: fraction correct where the stimuli want different answers", source: SHOWN },
    Reported { id: "cut_conflict", statement: "the same without what PFC sends back", source: SHOWN },
    Reported { id: "a1_irrelevant", statement: "A1: norm of the coefficients by the stimulus that does not count, of those by the one that does", source: SHOWN },
    Reported { id: "a1_irrelevant_last", statement: "the same at the last step of the stimuli, claims being about their mean rates", source: SHOWN },
    Reported { id: "pfc_irrelevant_last", statement: "and of PFC at that step", source: SHOWN },
    Reported { id: "a1_common", statement: "the same of mean rates along the common axis of a stimulus in A1, its mean over contexts", source: SHOWN },
    Reported { id: "a1_extra", statement: "A1: what of the coefficients by the stimulus that counts is orthogonal to its common axis", source: SHOWN },
    Reported { id: "a1_decoded", statement: "signs of both stimuli decoded from A1: fraction correct", source: SHOWN },
    Reported { id: "a1_slope_product", statement: "two populations of A1: product of the slopes of what PFC reads by a stimulus's input weights, the larger of A and B", source: SHOWN },
    Reported { id: "a1_gain_drop", statement: "relative drop of their gains in opposite contexts, the smaller of the two", source: SHOWN },
    Reported { id: "one_updates", statement: "updates of the one region", source: SHOWN },
    Reported { id: "two_updates", statement: "updates of the two", source: SHOWN },
];

#[derive(Clone, Copy, Serialize)]
struct Settings {
    /// Of the one region.
    units: usize,
    /// Of each of the two.
    region: usize,
    batch: usize,
    rate: f64,
    /// Most epochs, of 25 updates.
    epochs: u64,
    /// Training may stop at this loss.
    loss: f64,
    test_trials: usize,
    /// Starts of a fit of populations.
    starts: usize,
}

fn settings(scale: Scale) -> Settings {
    // training_scripts/train_mante_main.py
    let quick = Settings {
        units: 1024,
        region: 512,
        batch: 32,
        rate: 1e-2,
        epochs: 100,
        loss: 0.01,
        test_trials: 1000,
        starts: 50,
    };
    match scale {
        Scale::Smoke => Settings {
            units: 64,
            region: 48,
            batch: 16,
            epochs: 2,
            test_trials: 144,
            starts: 4,
            ..quick
        },
        Scale::Quick => quick,
        Scale::Paper => Settings { units: 4096, ..quick },
    }
}

impl Study for PopulationGating {
    fn name(&self) -> &'static str {
        "population-gating"
    }

    fn title(&self) -> &'static str {
        "Early selection of task-relevant features through population gating"
    }

    fn reference(&self) -> &'static str {
        "Barbosa, Proville, Rodgers, DeWeese, Ostojic & Boubenec, Nature Communications 14:6837, 2023, doi:10.1038/s41467-023-42519-5"
    }

    fn summary(&self) -> &'static str {
        "A network of rank 1 learns context-dependent decisions. Its units are divided into two Gaussian \
         populations by their entries of the connectivity vectors; networks drawn from one or two \
         populations are tested, and the gain of each population in each context is measured. Then two \
         regions learn the task: A1, of rank 2, hears the stimuli; PFC, of rank 1, hears the cue and is \
         read out; one dimension leads from A1 to PFC, two lead back, which are cut at test."
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
        let settings = settings(context.scale);
        // the cue of training_scripts/train_mante_main.py, easier than that of Valente et al. 2022
        let options = toml::toml! { context = 0.5 };
        let exam = Exam::new(context, "context-decision", &options, settings.test_trials)?;
        let mut measured = Measured::default();
        context.part(0, 2, "one region")?;
        one::measure(context, &exam, &settings, &mut measured)?;
        context.part(1, 2, "two regions")?;
        two::measure(context, &exam, &settings, &mut measured)?;
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let panel = |letter: &str, title: &str, names: &[&str], y: Axis| {
            let ticks =
                names.iter().enumerate().map(|(k, name)| (k as f64, Label::new().text(*name)));
            let x = Axis::new("").range(-0.5, names.len() as f64 - 0.5).ticks_at(ticks);
            Panel::new(x, y).title(Label::new().bold(letter).text(format!("  {title}")))
        };
        let correct = || Axis::new("fraction correct").range(0.4, 1.02);
        let mut drawn = panel("a", "Networks drawn anew", &["trained", "1", "2"], correct());
        let names = ["A, 1", "B, 1", "A, 2", "B, 2"];
        let mut gains = panel("b", "Gain", &names, Axis::new("mean gain").range(0.0, 1.02));
        let names = ["all", "all, cut", "conflict", "conflict, cut"];
        let mut cut = panel("c", "Feedback", &names, correct());
        let mut regions = Panel::new(
            Axis::new("time from stimuli (ms)"),
            Axis::new("other / counting stimulus").range(0.0, 1.2),
        )
        .title(Label::new().bold("d").text("  What regions follow"));
        for (k, (seed, measured)) in seeds.iter().enumerate() {
            let value = |name: &str| measured.get(name).unwrap_or(f64::NAN);
            let color = Color::line(k);
            let of = |at: f64, name: &str| {
                measured.series(name).into_iter().map(move |y| (at, y)).collect::<Vec<_>>()
            };
            let points = [
                vec![(0.0, value("one_accuracy"))],
                of(1.0, "resampled_1"),
                of(2.0, "resampled_2"),
            ];
            drawn = drawn.mark(Dots::new(points.concat(), color).name(format!("seed {seed}")));
            let all = measured.series("gain_drop").into_iter().enumerate();
            gains = gains.mark(Dots::new(all.map(|(at, y)| (at as f64, y)), color));
            let values = ["two_accuracy", "cut_accuracy", "two_conflict", "cut_conflict"];
            let points = values.iter().enumerate().map(|(at, name)| (at as f64, value(name)));
            cut = cut.mark(Dots::new(points, color));
            for (name, of_region) in [("A1", "a1_irrelevant"), ("PFC", "pfc_irrelevant")] {
                let ratios = measured.series(of_region).into_iter().enumerate();
                let line = Line::new(ratios.map(|(step, y)| (STEP * step as f64, y)), color);
                let line = if name == "A1" { line } else { line.dashed() };
                regions = regions.mark(if k == 0 { line.name(name) } else { line });
            }
        }
        let figure = Figure::new("Gating", Width::Double)
            .columns([1.0, 1.0])
            .rows([Height::Mm(38.0), Height::Mm(38.0)])
            .place(0, 0, drawn)
            .place(0, 1, gains)
            .place(1, 0, cut)
            .place(1, 1, regions)
            .caption("a Fraction correct of the trained region of rank 1 and of networks drawn from one and two populations of its vectors; b mean gain during the stimuli in context A and B, of the population that context A drives (1) and of the other (2); c two regions with what PFC sends back and without: all trials, and those whose stimuli want different answers; d how strongly A1 and PFC follow the stimulus that does not count, of the one that does.")
            .describe("Fraction correct of resampled networks, gains of two populations in two contexts, fraction correct with and without feedback, and coding of the irrelevant stimulus over time in two regions.");
        vec![("gating", figure)]
    }
}
