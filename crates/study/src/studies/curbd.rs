//! Current-based decomposition: a network is fitted to the activity of several regions, and its
//! currents tell which region drives which.
//!
//! Three simulated regions with known connections are fitted with the published algorithm at both of
//! its published settings, by ridge regression, by roll-outs of ridge, and by recursive least squares
//! from there. What is claimed of the currents is what can be checked: they add up. Whether they are the
//! true ones is measured and reported.

use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation, Reported};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};

mod known;
mod lab;

/// The study.
pub(crate) struct Curbd;

const PERICH: &str = "Perich et al. 2020, doi:10.1101/2020.12.18.423348; acceptance of the study";
const IDENTITY: &str = "the definition of the decomposition";
const CONVEX: &str =
    "measured in NumPy on twenty data sets of the same simulation; acceptance of the study";
const KNOWN: &str = "measured in NumPy on two networks; acceptance of the study";
const CORNN: &str = "Dinc et al. 2023, arXiv:2311.10200: their setting 1a; acceptance of the study";
const ASKED: &str = "nothing is claimed; asked for by the study";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "replay_python", statement: "published algorithm, settings of the Python program: pVar of the free run, its noise replayed", source: PERICH, relation: Relation::AtLeast, value: 0.99, over: Over::Worst },
    Expected { id: "replay_matlab", statement: "the same, settings of the Matlab program", source: PERICH, relation: Relation::AtLeast, value: 0.99, over: Over::Worst },
    Expected { id: "replay_scaled", statement: "the same at half size (three regions of 50)", source: PERICH, relation: Relation::AtLeast, value: 0.98, over: Over::Worst },
    Expected { id: "free_gap", statement: "the last pass of training and the free run differ little in pVar, largest of the three fits", source: PERICH, relation: Relation::AtMost, value: 0.005, over: Over::Worst },
    Expected { id: "sums", statement: "currents by source add up to the whole drive: largest difference", source: IDENTITY, relation: Relation::AtMost, value: 1e-10, over: Over::Worst },
    Expected { id: "parts", statement: "excitatory and inhibitory parts add up to each current: largest difference", source: IDENTITY, relation: Relation::AtMost, value: 1e-10, over: Over::Worst },
    Expected { id: "skill", statement: "ridge predicts one sample ahead: skill against the last value, least of four data sets", source: CONVEX, relation: Relation::AtLeast, value: 0.98, over: Over::Worst },
    Expected { id: "no_self", statement: "weights of units on themselves are 0 where asked for: largest magnitude", source: CONVEX, relation: Relation::AtMost, value: 1e-12, over: Over::Worst },
    Expected { id: "quiet", statement: "roll-outs of ridge without noise: free pVar, least of four data sets", source: CONVEX, relation: Relation::AtLeast, value: 0.99, over: Over::Worst },
    Expected { id: "rollout_large", statement: "with noise, 300 units: free pVar, least of two", source: CONVEX, relation: Relation::AtLeast, value: 0.985, over: Over::Worst },
    Expected { id: "rollout_jitter", statement: "the same, from a start that is off by .05", source: CONVEX, relation: Relation::AtLeast, value: 0.98, over: Over::Worst },
    Expected { id: "rollout_noise", statement: "the same, with noise of .01 in the states each step", source: CONVEX, relation: Relation::AtLeast, value: 0.96, over: Over::Worst },
    Expected { id: "rollout_small", statement: "with noise, 150 units: free pVar, least of two (nine of ten data sets were expected to reach it)", source: CONVEX, relation: Relation::AtLeast, value: 0.98, over: Over::Median },
    Expected { id: "warm", statement: "twenty passes of recursive least squares from ridge, noise drawn anew, 300 units: free pVar", source: CONVEX, relation: Relation::AtLeast, value: 0.99, over: Over::Worst },
    Expected { id: "known_short", statement: "weights of a known chaotic network from 10,000 samples: correlation", source: KNOWN, relation: Relation::AtLeast, value: 0.85, over: Over::Median },
    Expected { id: "known_long", statement: "the same from 30,000 samples", source: KNOWN, relation: Relation::AtLeast, value: 0.94, over: Over::Median },
    Expected { id: "known_half", statement: "the same from 10,000 samples of half of the units", source: KNOWN, relation: Relation::AtLeast, value: 0.60, over: Over::Median },
    Expected { id: "known_half_most", statement: "and it does not get better than that", source: KNOWN, relation: Relation::AtMost, value: 0.70, over: Over::Median },
    Expected { id: "rate_weighted", statement: "rate form, weighted iteration, 100 steps: correlation of weights", source: CORNN, relation: Relation::AtLeast, value: 0.97, over: Over::Median },
    Expected { id: "rate_nesterov", statement: "rate form, accelerated cross-entropy, 300 steps: correlation of weights", source: CORNN, relation: Relation::AtLeast, value: 0.99, over: Over::Median },
    Expected { id: "hvc", statement: "songbird HVC, 166 frames smoothed over 4: free pVar of roll-outs without noise", source: CONVEX, relation: Relation::AtLeast, value: 0.95, over: Over::Median },
];

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "without_python", statement: "published algorithm, Python settings: pVar of the free run without its noise", source: ASKED },
    Reported { id: "without_matlab", statement: "the same, Matlab settings", source: ASKED },
    Reported { id: "first_python", statement: "published algorithm: pVar during the first pass of learning, which is no fit", source: ASKED },
    Reported { id: "ridge_free", statement: "ridge alone: free pVar, least of four data sets", source: ASKED },
    Reported { id: "half_slope", statement: "slope of fitted on true weights, 10,000 samples, all units seen", source: ASKED },
    Reported { id: "between_python", statement: "published fit, Python settings: mean magnitude of currents between regions over that within", source: ASKED },
    Reported { id: "between_truth", statement: "the same in the simulation that was fitted", source: ASKED },
    Reported { id: "weights_restart", statement: "two roll-outs that differ in their noise: correlation of weights", source: ASKED },
    Reported { id: "currents_restart", statement: "the same: median correlation of the nine currents", source: ASKED },
    Reported { id: "weights_solver", statement: "published fit and roll-out: correlation of weights", source: ASKED },
    Reported { id: "currents_solver", statement: "the same: median correlation of the nine currents", source: ASKED },
    Reported { id: "weights_truth", statement: "roll-out and truth: correlation of weights", source: ASKED },
    Reported { id: "currents_within", statement: "roll-out and truth: median correlation of the three currents within regions", source: ASKED },
    Reported { id: "currents_between", statement: "roll-out and truth: median correlation of the six currents between regions", source: ASKED },
    Reported { id: "sequence", statement: "correlation of the first component of the current of B onto itself, which has to stand for the outside, with that of the true sequence", source: ASKED },
];

#[derive(Clone, Copy, Serialize)]
struct Settings {
    units: usize,
    half: usize,
    passes: usize,
    half_passes: usize,
    iterations: usize,
    polish: usize,
    known_units: usize,
    short: usize,
    long: usize,
    rate_units: usize,
    rate_samples: usize,
    rate_steps: usize,
}

fn settings(scale: Scale) -> Settings {
    // sizes of the publications: they take a minute a seed
    let paper = Settings {
        units: 100,
        half: 50,
        passes: 500,
        half_passes: 200,
        iterations: 40,
        polish: 20,
        known_units: 300,
        short: 10_000,
        long: 30_000,
        rate_units: 200,
        rate_samples: 3000,
        rate_steps: 300,
    };
    match scale {
        Scale::Smoke => Settings {
            // one unit in twenty of each region hears another one
            units: 10,
            half: 10,
            passes: 2,
            half_passes: 2,
            iterations: 2,
            polish: 1,
            known_units: 20,
            short: 300,
            long: 400,
            rate_units: 20,
            rate_samples: 300,
            rate_steps: 5,
        },
        Scale::Quick => Settings { passes: 150, half_passes: 100, ..paper },
        Scale::Paper => paper,
    }
}

impl Study for Curbd {
    fn name(&self) -> &'static str {
        "curbd"
    }

    fn title(&self) -> &'static str {
        "Inferring brain-wide interactions using data-constrained recurrent neural network models"
    }

    fn reference(&self) -> &'static str {
        "Perich, Arlt, Soares, Young, Mosher, Minxha, Carter, Rutishauser, Rudebeck, Harvey & Rajan, bioRxiv 2020.12.18.423348, doi:10.1101/2020.12.18.423348"
    }

    fn summary(&self) -> &'static str {
        "Three simulated regions of tanh units, weakly coupled, one driven by a moving sequence and one by \
         fixed patterns, are fitted unit by unit: by the published recursive least squares at the settings \
         of its Python and of its Matlab program, by ridge regression of drives on rates, by roll-outs of \
         ridge, and by recursive least squares from there. Free runs are judged with and without the noise \
         of training, from starts that are off, and with noise. Currents are decomposed by source region \
         and compared between restarts, solvers and the truth. Known networks in the current and in the \
         rate form tell how well weights are found at all."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn reported(&self) -> &'static [Reported] {
        REPORTED
    }

    fn needs(&self) -> Option<&'static str> {
        Some(
            "hvc.npz, 666 frames of 74 or more units of songbird HVC (Mackevicius et al. 2019, \
             doi:10.7554/eLife.38471), for the claim on it",
        )
    }

    fn settings(&self, scale: Scale) -> toml::Table {
        toml::Table::try_from(settings(scale)).unwrap_or_default()
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        let settings = settings(context.scale);
        let mut measured = Measured::default();
        let parts = 6;
        context.part(0, parts, "published algorithm, Python settings")?;
        let python = lab::published(context.seed, settings.units, 0.02, 100.0, settings.passes)?;
        python.note(&mut measured, "python");
        context.part(1, parts, "published algorithm, Matlab settings")?;
        let matlab = lab::published(context.seed, settings.units, 0.2, 50.0, settings.passes)?;
        matlab.note(&mut measured, "matlab");
        let half = lab::published(context.seed, settings.half, 0.2, 100.0, settings.half_passes)?;
        half.note(&mut measured, "scaled");
        let gap = [&python, &matlab, &half].map(lab::Published::gap);
        measured.set("free_gap", gap.into_iter().fold(0.0, f64::max));

        context.part(2, parts, "ridge and roll-outs")?;
        lab::convex(context.seed, &settings, &mut measured)?;
        context.part(3, parts, "currents")?;
        lab::currents_of(context.seed, &settings, &python, &mut measured)?;
        context.part(4, parts, "known networks")?;
        known::current_form(context.seed, &settings, &mut measured)?;
        known::rate_form(context.seed, &settings, &mut measured)?;
        context.part(5, parts, "songbird HVC")?;
        match context.data("hvc.npz") {
            Some(file) => lab::hvc(&file, &settings, &mut measured)?,
            None => measured.skip("hvc", "it needs hvc.npz: give its folder by --data"),
        }
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let title = |letter: &str, text: &str| Label::new().bold(letter).text(format!("  {text}"));
        let error = |series: Vec<f64>| -> Vec<(f64, f64)> {
            let points = series.into_iter().enumerate();
            points.map(|(k, y)| (k as f64 + 1.0, (1.0 - y).clamp(1e-5, 10.0))).collect()
        };
        let axis = || Axis::new("1 − pVar").log();
        let passes = Panel::new(Axis::new("pass"), axis()).title(title("a", "Published algorithm"));
        let rollouts = Panel::new(Axis::new("regression"), axis())
            .title(title("b", "Roll-outs of ridge, 300 units"));
        let (passes, rollouts) =
            seeds.iter().enumerate().fold((passes, rollouts), |(passes, rollouts), (k, (_, m))| {
                let line = |series: &str, color: usize, name: &'static str| {
                    let line = Line::new(error(m.series(series)), Color::line(color)).width(0.8);
                    if k == 0 { line.name(name) } else { line }
                };
                (
                    passes.mark(line("passes_python", 0, "Python settings, learning")).mark(line(
                        "passes_matlab",
                        1,
                        "Matlab settings, learning",
                    )),
                    rollouts.mark(line("iterates_clean", 2, "free, clean")).mark(line(
                        "iterates_jitter",
                        3,
                        "free, start off by .05",
                    )),
                )
            });
        let figure = Figure::new("Fits of three regions", Width::Double)
            .columns([1.0, 1.0])
            .rows([Height::Mm(46.0)])
            .place(0, 0, passes)
            .place(0, 1, rollouts)
            .caption("a: what is left unexplained while the published algorithm learns, a line a seed. b: what is left unexplained in free runs of each iterate of roll-out ridge, coupling 0.02; the first is plain ridge.")
            .describe("Unexplained variance against passes of recursive least squares, and against iterates of roll-out ridge, a line for each seed.");
        let mut figures = vec![("fits", figure)];
        figures.extend(seeds.first().and_then(|(_, m)| lab::grid(m)).map(|f| ("currents", f)));
        figures
    }
}
