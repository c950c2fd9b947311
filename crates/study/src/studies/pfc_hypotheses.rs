//! What does prefrontal cortex do in a simple decision: compute it, or say which rule holds?
//!
//! Three modules, one that hears the stimuli, one that answers, and a cognitive one that hears the cue, learn
//! context-dependent decisions together. Time constants decide whether the cognitive module integrates
//! the evidence itself, which cutting it off from the senses shows, or only tells the others the context.

use attractor::report::{Axis, Color, Dots, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation, Reported, least, most};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::study::{Scale, SeedView, Study};

mod lab;

use lab::{CUE, Lab, Plan, SENSES};

/// The study.
pub(crate) struct PfcHypotheses;

/// Time constants of the modules, ms: senses and motor, cognitive.
const TAUS: [[f64; 2]; 5] =
    [[20.0, 20.0], [20.0, 200.0], [20.0, 500.0], [200.0, 20.0], [200.0, 200.0]];
/// Where the cognitive module is much slower than the others.
const SLOW_P: [usize; 2] = [1, 2];
/// Where all are slow.
const ALL_SLOW: usize = 4;
/// Time constant of the network without modules, ms.
const PLAIN: f64 = 200.0;
/// Principal components of which something is claimed.
const CLAIMED: usize = 3;

const TALK: &str = "measured with a model of the talk (2 seeds), acceptance of the study";
const ABSTRACT: &str = "abstract of the talk: trajectories as low-dimensional as in prefrontal cortex, and as in a network without modules; the number is the acceptance of the study";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "computes_intact", statement: "with a slow cognitive module (200 or 500 ms, the others 20 ms) the task is learnt: fraction correct, the lower of the two networks", source: TALK, relation: Relation::AtLeast, value: 0.93, over: Over::Median },
    Expected { id: "computes_cut", statement: "and computed there: fraction correct with that module cut off from the senses, the higher of the two", source: TALK, relation: Relation::AtMost, value: 0.62, over: Over::Median },
    Expected { id: "tells_intact", statement: "with all modules at 200 ms the task is learnt: fraction correct", source: TALK, relation: Relation::AtLeast, value: 0.93, over: Over::Median },
    Expected { id: "tells_cut", statement: "and the cognitive module only tells the context: fraction correct with it cut off from the senses", source: TALK, relation: Relation::AtLeast, value: 0.85, over: Over::Median },
    Expected { id: "no_cue", statement: "without the cue no network solves the task: largest fraction correct over all time constants", source: TALK, relation: Relation::AtMost, value: 0.8, over: Over::Median },
    Expected { id: "explained_cognitive", statement: "a slow cognitive module has few dimensions: variance of its condition averages in 3 principal components, the lower of the two networks", source: ABSTRACT, relation: Relation::AtLeast, value: 0.8, over: Over::Median },
    Expected { id: "explained_plain", statement: "as does a network without modules: the same of its units", source: ABSTRACT, relation: Relation::AtLeast, value: 0.8, over: Over::Median },
];

const SHOWN: &str = "shown beside the claims";

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "intact_20_20", statement: "fraction correct with all modules at 20 ms", source: SHOWN },
    Reported { id: "intact_20_200", statement: "with the cognitive module at 200 ms, the others at 20 ms", source: SHOWN },
    Reported { id: "cut_20_200", statement: "the same network, its cognitive module cut off from the senses", source: SHOWN },
    Reported { id: "read_again_20_200", statement: "and its readout trained anew after the cut", source: SHOWN },
    Reported { id: "intact_20_500", statement: "with the cognitive module at 500 ms, the others at 20 ms", source: SHOWN },
    Reported { id: "cut_20_500", statement: "the same network, cut", source: SHOWN },
    Reported { id: "intact_200_20", statement: "with the cognitive module at 20 ms, the others at 200 ms", source: SHOWN },
    Reported { id: "cut_200_20", statement: "the same network, cut", source: SHOWN },
    Reported { id: "read_again_200_200", statement: "all modules at 200 ms, cut, and the readout trained anew", source: SHOWN },
    Reported { id: "explained_senses", statement: "variance of the condition averages of S in 3 principal components, cognitive module at 200 ms, the others at 20 ms", source: SHOWN },
    Reported { id: "explained_all_slow", statement: "of P, all modules at 200 ms", source: SHOWN },
    Reported { id: "intact_plain", statement: "fraction correct of the network without modules, 200 ms", source: SHOWN },
];

#[derive(Clone, Copy, Serialize)]
struct Settings {
    /// Of all modules together.
    units: usize,
    updates: u64,
    batch: usize,
    rate: f64,
    test_trials: usize,
}

fn settings(scale: Scale) -> Settings {
    // the sizes of the study's protocol; the talk gives none
    let quick = Settings { units: 144, updates: 500, batch: 64, rate: 3e-3, test_trials: 600 };
    match scale {
        Scale::Smoke => Settings { units: 24, updates: 20, batch: 16, test_trials: 144, ..quick },
        Scale::Quick => quick,
        Scale::Paper => Settings { updates: 2000, test_trials: 3000, ..quick },
    }
}

impl Study for PfcHypotheses {
    fn name(&self) -> &'static str {
        "pfc-hypotheses"
    }

    fn title(&self) -> &'static str {
        "Different hypotheses on the role of the PFC in solving simple cognitive tasks"
    }

    fn reference(&self) -> &'static str {
        "Neuromatch Conference 4, short talk, https://www.world-wide.org/topic/modular-rnn"
    }

    fn summary(&self) -> &'static str {
        "Leaky tanh units in three modules: S hears two noisy stimuli, the cognitive module P a cue that says \
         which of them counts, M is read out. S and P reach each other and M, which reaches neither. All \
         weights are trained on context-dependent decisions, at five pairs of time constants. Then P is \
         cut off from S, and the cue is taken away. A network without modules is trained beside."
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
        let lab = Lab::new(context, settings(context.scale))?;
        let mut measured = Measured::default();
        let (mut intact, mut cut, mut no_cue) = (Vec::new(), Vec::new(), Vec::new());
        let mut low = f64::INFINITY;
        // each is trained, two of them are read again, and one has no modules
        let parts = TAUS.len() + 3;
        let mut part = 0..;
        let mut next = |what: &str| context.part(part.next().unwrap_or(parts), parts, what);
        for (k, [tau, tau_p]) in TAUS.into_iter().enumerate() {
            let name = format!("τ = {tau} ms, of P {tau_p} ms");
            next(&name)?;
            let net = lab.train(&Plan::modular(tau, tau_p), &name)?;
            intact.push(lab.accuracy(&net, &[])?);
            cut.push(lab.accuracy(&net, &[SENSES])?);
            no_cue.push(lab.accuracy(&net, &[CUE])?);
            measured.set(&format!("intact_{tau}_{tau_p}"), intact[k]);
            measured.set(&format!("cut_{tau}_{tau_p}"), cut[k]);
            let explained = lab.explained(&net, "P")?;
            if SLOW_P.contains(&k) {
                low = low.min(explained[CLAIMED - 1]);
            }
            if k == SLOW_P[0] || k == ALL_SLOW {
                next(&format!("{name}, read again"))?;
                let again = lab.read_again(&net, &name)?;
                measured.set(&format!("read_again_{tau}_{tau_p}"), lab.accuracy(&again, &[])?);
            }
            if k == SLOW_P[0] {
                measured.set("explained_senses", lab.explained(&net, "S")?[CLAIMED - 1]);
                measured.set_series("explained_cognitive", explained);
            } else if k == ALL_SLOW {
                measured.set("explained_all_slow", explained[CLAIMED - 1]);
                measured.set_series("explained_all_slow", explained);
            }
        }
        next("no modules")?;
        let plain = lab.train(&Plan::plain(PLAIN), "no modules")?;
        measured.set("intact_plain", lab.accuracy(&plain, &[])?);
        let explained = lab.explained(&plain, "R")?;
        measured.set("explained_plain", explained[CLAIMED - 1]);
        measured.set_series("explained_plain", explained);

        measured.set("computes_intact", least(SLOW_P.map(|k| intact[k])));
        measured.set("computes_cut", most(SLOW_P.map(|k| cut[k])));
        measured.set("tells_intact", intact[ALL_SLOW]);
        measured.set("tells_cut", cut[ALL_SLOW]);
        measured.set("no_cue", most(no_cue.iter().copied()));
        measured.set("explained_cognitive", low);
        for (name, values) in [("intact", intact), ("cut", cut), ("no_cue", no_cue)] {
            measured.set_series(name, values);
        }
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let titled = |x: Axis, y: Axis, letter: &str, title: &str| {
            Panel::new(x, y).title(Label::new().bold(letter).text(format!("  {title}")))
        };
        let ticks = TAUS
            .iter()
            .enumerate()
            .map(|(k, [tau, tau_p])| (k as f64, Label::new().text(format!("{tau}/{tau_p}"))));
        let axis = Axis::new("τ of S and M / of P (ms)").range(-0.5, 4.5).ticks_at(ticks);
        let mut lesions =
            titled(axis, Axis::new("fraction correct").range(0.4, 1.02), "a", "Lesions");
        let mut dimensions = titled(
            Axis::new("principal components"),
            Axis::new("variance explained").range(0.0, 1.02),
            "b",
            "Dimensions",
        );
        for (seed, (_, measured)) in seeds.iter().enumerate() {
            let cases = [("intact", "intact"), ("cut", "S→P cut"), ("no_cue", "no cue")];
            for (k, (series, name)) in cases.into_iter().enumerate() {
                let beside = |(at, y): (usize, f64)| (at as f64 + 0.2 * (k as f64 - 1.0), y);
                let points = measured.series(series).into_iter().enumerate().map(beside);
                let dots = Dots::new(points, Color::line(k));
                lesions = lesions.mark(if seed == 0 { dots.name(name) } else { dots });
            }
            let cases = [
                ("explained_cognitive", "P, 20/200"),
                ("explained_all_slow", "P, 200/200"),
                ("explained_plain", "no modules"),
            ];
            for (k, (series, name)) in cases.into_iter().enumerate() {
                let points = measured.series(series).into_iter().enumerate();
                let line = Line::new(points.map(|(k, y)| (k as f64 + 1.0, y)), Color::line(k));
                dimensions = dimensions.mark(if seed == 0 { line.name(name) } else { line });
            }
        }
        let figure = Figure::new("Two roles", Width::Double)
            .columns([1.2, 1.0])
            .rows([Height::Mm(45.0)])
            .place(0, 0, lesions)
            .place(0, 1, dimensions)
            .caption("a Fraction correct by time constants: intact, with the cognitive module P cut off from the senses S, and without the cue; b cumulative variance of condition averages by principal components. One dot or line per seed.")
            .describe("Fraction correct under two lesions for five pairs of time constants, and variance explained against the number of principal components.");
        vec![("roles", figure)]
    }
}
