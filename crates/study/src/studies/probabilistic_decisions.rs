//! Networks that learn decisions between an expected and an unexpected stimulus are biased as observers
//! are who know the odds.
//!
//! Networks of excitatory and inhibitory units with learnt time constants learn which of two noisy
//! channels had a stimulus, each at one probability of the first. Then both come equally often, at
//! several strengths: what was likely is found more often, the more so the weaker the stimulus.

use attractor::analysis::{PsychometricOptions, psychometric};
use attractor::report::{Axis, Color, Figure, Height, Label, Line, Panel, Width};
use serde::Serialize;

use crate::claim::{Expected, Over, Relation, Reported, least, most};
use crate::context::Context;
use crate::error::StudyError;
use crate::measured::Measured;
use crate::net::Net;
use crate::study::{Scale, SeedView, Study};

mod expectation;
mod lab;

use lab::{Answers, Lab};

/// The study.
pub(crate) struct ProbabilisticDecisions;

/// Probabilities of the first stimulus in training, with the odds that give them (proposed).
const PRIORS: [(f64, [usize; 2]); 4] = [(0.5, [1, 1]), (0.6, [3, 2]), (0.7, [7, 3]), (0.8, [4, 1])];
/// Strengths at test (proposed).
const STRENGTHS: [f64; 4] = [0.0, 0.25, 0.5, 1.0];

const SCALED: &str = "proposed protocol, measured with 2 seeds; acceptance of the study";
const MODEL: &str = "by construction: rate/model.py of rkim35/spikeRNN";

#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    Expected { id: "even_gap", statement: "without expectation, p = 0.5, both stimuli are found alike at strength 0.25: size of the difference of accuracies", source: SCALED, relation: Relation::AtMost, value: 0.12, over: Over::Median },
    Expected { id: "gap_half", statement: "with p = 0.8 the expected stimulus is found more often at strength 0.5: difference of accuracies", source: SCALED, relation: Relation::AtLeast, value: 0.2, over: Over::Median },
    Expected { id: "gap_one", statement: "and hardly more often at strength 1", source: SCALED, relation: Relation::AtMost, value: 0.08, over: Over::Median },
    Expected { id: "blind", statement: "without a stimulus the expected one is chosen about as often as it was likely, p = 0.8: fraction of choices, no less", source: SCALED, relation: Relation::AtLeast, value: 0.72, over: Over::Median },
    Expected { id: "blind_most", statement: "and no more", source: SCALED, relation: Relation::AtMost, value: 0.92, over: Over::Median },
    Expected { id: "bias_step", statement: "bias grows over p = 0.5, 0.6, 0.7, 0.8: its smallest step, logits of the psychometric function at strength 0", source: SCALED, relation: Relation::AtLeast, value: 0.0, over: Over::Median },
    Expected { id: "wrong_weights", statement: "recurrent weights of the wrong sign, or where there is no synapse, after training at all p (built so)", source: MODEL, relation: Relation::AtMost, value: 0.0, over: Over::Worst },
    Expected { id: "tau_shortest", statement: "shortest time constant after training, ms", source: MODEL, relation: Relation::AtLeast, value: lab::TAU[0], over: Over::Worst },
    Expected { id: "tau_longest", statement: "longest time constant, ms", source: MODEL, relation: Relation::AtMost, value: lab::TAU[1], over: Over::Worst },
];

const ASKED: &str = "asked for by the study";

#[rustfmt::skip]
const REPORTED: &[Reported] = &[
    Reported { id: "p50_bias", statement: "bias after p = 0.5, logits", source: ASKED },
    Reported { id: "p60_bias", statement: "after p = 0.6", source: ASKED },
    Reported { id: "p70_bias", statement: "after p = 0.7", source: ASKED },
    Reported { id: "p80_bias", statement: "after p = 0.8", source: ASKED },
    Reported { id: "likely", statement: "accuracy for the expected stimulus, p = 0.8, strength 0.5", source: ASKED },
    Reported { id: "unlikely", statement: "for the unexpected one", source: ASKED },
    Reported { id: "ideal_gap", statement: "difference of the two of an ideal observer, in the same trials", source: "likelihood ratio of Gaussian evidence" },
    Reported { id: "time_likely", statement: "time from stimulus to answer, expected, ms", source: "human observers are faster when they expect (recalled)" },
    Reported { id: "time_unlikely", statement: "unexpected, ms", source: ASKED },
    Reported { id: "before", statement: "mean readout before the stimulus, p = 0.8", source: ASKED },
    Reported { id: "before_even", statement: "the same, p = 0.5", source: ASKED },
    Reported { id: "rate_e", statement: "rate of excitatory units while answering, expected less unexpected, p = 0.8 less p = 0.5", source: ASKED },
    Reported { id: "rate_i", statement: "of inhibitory units", source: ASKED },
    Reported { id: "decoded_e", statement: "the stimulus decoded from excitatory units while answering: cross-validated accuracy", source: ASKED },
    Reported { id: "decoded_i", statement: "from inhibitory units", source: ASKED },
    Reported { id: "silenced_likely", statement: "silencing the quarter of the inhibitory units that is tuned most to the expected stimulus: change of how often it is chosen, strength 0.5", source: ASKED },
    Reported { id: "silenced_unlikely", statement: "silencing the quarter that is tuned most to the unexpected one", source: ASKED },
];

#[derive(Clone, Copy, Serialize)]
struct Settings {
    units: usize,
    /// Noise of the state, each step.
    sigma: f64,
    /// Steps of 5 ms: before the stimulus, of it, after it, and of the answer.
    fixation: usize,
    stimulus: usize,
    delay: usize,
    decision: usize,
    /// No noise before and after the stimulus.
    quiet: bool,
    /// Strength of the stimulus in training.
    strength: f64,
    updates: u64,
    test_trials: usize,
}

fn settings(scale: Scale) -> Settings {
    let quick = Settings {
        units: 80,
        sigma: 0.03,
        fixation: 15,
        stimulus: 15,
        delay: 5,
        decision: 25,
        quiet: true,
        strength: 0.5,
        updates: 900,
        test_trials: 2000,
    };
    match scale {
        Scale::Smoke => Settings { units: 20, updates: 150, test_trials: 100, ..quick },
        Scale::Quick => quick,
        // units, noise and periods of rate/model.py and rate/main.py
        Scale::Paper => Settings {
            units: 200,
            sigma: 0.1,
            fixation: 50,
            stimulus: 25,
            delay: 0,
            decision: 125,
            quiet: false,
            ..quick
        },
    }
}

impl Study for ProbabilisticDecisions {
    fn name(&self) -> &'static str {
        "probabilistic-decisions"
    }

    fn title(&self) -> &'static str {
        "Neural dynamics of probabilistic information processing in humans and recurrent neural networks"
    }

    fn reference(&self) -> &'static str {
        "Rungratsameetaweemana, Kim, Chotibut & Sejnowski, an abstract that was not found; its model is that of Kim, Li & Sejnowski, PNAS 116:22811, 2019, doi:10.1073/pnas.1905926116"
    }

    fn summary(&self) -> &'static str {
        "80 sigmoid units, a fifth inhibitory, a fifth of the synapses, Dale's law by rectification, time \
         constants learnt between 20 and 100 ms. A stimulus adds 0.5 to one of two channels with noise of \
         sd 1 for 15 steps; the output should be +1 or −1. Each network learns with one probability of \
         the first stimulus, 0.5 to 0.8, and is tested with both equally often at strengths from 0 to 1: \
         accuracy, bias, times, populations, and silencing of inhibitory units."
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
        let lab = Lab { context, settings };
        let mut measured = Measured::default();
        let (mut biases, mut wrong, mut taus) = (Vec::new(), 0, Vec::new());
        let mut control = [0.0; 2];
        let sign = |source: usize| if source < lab.excitatory() { 1.0 } else { -1.0 };
        for (k, (p, odds)) in PRIORS.into_iter().enumerate() {
            context.part(k, PRIORS.len(), &format!("p = {p}"))?;
            let before = lab.net()?;
            let net = lab.train(&before, odds)?;
            wrong += net.wrong_weights(&before, "rec->rec", sign)?;
            taus.extend(Lab::time_constants(&net)?);
            let [none, quarter, half, one] =
                STRENGTHS.map(|strength| lab.test(&net, strength, &[]));
            let answers = [none?, quarter?, half?, one?];
            let name = format!("p{:.0}", 100.0 * p);
            let bias = behaviour(&answers, &name, &mut measured)?;
            measured.set(&format!("{name}_bias"), bias);
            biases.push(bias);
            if p == PRIORS[0].0 {
                let [_, quarter, half, _] = &answers;
                measured.set("even_gap", gap(quarter).abs());
                measured.set("before_even", expectation::before(half, settings.fixation));
                control = expectation::rate_differences(&lab, &net, half)?;
            }
            if p == PRIORS[PRIORS.len() - 1].0 {
                expecting(&lab, &net, &answers, p, control, &mut measured)?;
            }
        }
        let steps = biases.windows(2).map(|pair| pair[1] - pair[0]);
        measured.set("bias_step", least(steps));
        measured.set("wrong_weights", wrong as f64);
        measured.set("tau_shortest", least(taus.iter().copied()));
        measured.set("tau_longest", most(taus.iter().copied()));
        measured.set_series("biases", biases);
        Ok(measured)
    }

    fn figures(&self, seeds: &[SeedView<'_>]) -> Vec<(&'static str, Figure)> {
        let curves = Panel::new(
            Axis::new("strength, positive: first stimulus"),
            Axis::new("first chosen").range(0.0, 1.02),
        );
        let curves = curves.title(Label::new().bold("a"));
        let curves = seeds.iter().enumerate().fold(curves, |panel, (seed, (_, measured))| {
            PRIORS.into_iter().enumerate().fold(panel, |panel, (k, (p, _))| {
                let chosen = measured.series(&format!("p{:.0}_chosen", 100.0 * p));
                let line = Line::new(signed_strengths().into_iter().zip(chosen), Color::line(k));
                let line = line.width(0.6);
                panel.mark(if seed == 0 { line.name(format!("p = {p}")) } else { line })
            })
        });
        let biases = Panel::new(Axis::new("probability in training"), Axis::new("bias (logits)"));
        let biases = biases.title(Label::new().bold("b"));
        let biases = seeds.iter().enumerate().fold(biases, |panel, (k, (seed, measured))| {
            let points = PRIORS.into_iter().map(|(p, _)| p).zip(measured.series("biases"));
            panel.mark(Line::new(points, Color::line(k)).name(format!("seed {seed}")))
        });
        let figure = Figure::new("Expectation", Width::Double)
            .columns([1.0, 1.0])
            .rows([Height::Mm(45.0)])
            .place(0, 0, curves)
            .place(0, 1, biases)
            .caption("a How often the first stimulus is chosen against its strength (negative: that of the second), by its probability in training, one line per seed; b bias of the psychometric function.")
            .describe("Choices of the first stimulus against signed strength for four probabilities in training, and bias against probability, one line per seed.");
        vec![("expectation", figure)]
    }
}

/// Strengths in ascending order, those of the second stimulus below 0.
fn signed_strengths() -> Vec<f64> {
    let second = STRENGTHS.into_iter().skip(1).rev().map(|strength| -strength);
    second.chain(STRENGTHS).collect()
}

/// Difference of the accuracies for the first stimulus and the second.
fn gap(answers: &Answers) -> f64 {
    answers.chose_first(true) - (1.0 - answers.chose_first(false))
}

/// What the network does that expects the first stimulus most; `control` are the differences of rates in
/// the one that expects neither.
fn expecting(
    lab: &Lab<'_>,
    net: &Net,
    [none, _, half, one]: &[Answers; 4],
    p: f64,
    control: [f64; 2],
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let Settings { fixation: onset, stimulus, strength, .. } = lab.settings;
    let [time_likely, time_unlikely] = expectation::reaction_times(half, onset)?;
    let [rate_e, rate_i] = expectation::rate_differences(lab, net, half)?;
    let blind = lab::share(none.chosen.iter().copied());
    for (name, value) in [
        ("gap_half", gap(half)),
        ("gap_one", gap(one)),
        ("blind", blind),
        ("blind_most", blind),
        ("likely", half.chose_first(true)),
        ("unlikely", 1.0 - half.chose_first(false)),
        ("ideal_gap", expectation::ideal_gap(half, strength, p, onset..onset + stimulus)),
        ("time_likely", time_likely),
        ("time_unlikely", time_unlikely),
        ("before", expectation::before(half, onset)),
        ("rate_e", rate_e - control[0]),
        ("rate_i", rate_i - control[1]),
    ] {
        measured.set(name, value);
    }
    expectation::populations(lab, net, half, measured)
}

/// Choices by signed strength, as a series; and the bias, in logits at strength 0. Where a network always
/// chooses the same, it is that of its choices with half a choice of either kind added (Haldane 1956).
fn behaviour(
    answers: &[Answers; 4],
    name: &str,
    measured: &mut Measured,
) -> Result<f64, StudyError> {
    let (mut stimulus, mut chosen) = (Vec::new(), Vec::new());
    for (strength, answers) in STRENGTHS.into_iter().zip(answers) {
        let signed = answers.first.iter().map(|&first| if first { strength } else { -strength });
        // 0, whichever sign it has
        stimulus.extend(signed.map(|strength| strength + 0.0));
        chosen.extend(&answers.chosen);
    }
    if chosen.iter().all(|choice| *choice == chosen[0]) {
        let logit = (2.0 * chosen.len() as f64 + 1.0).ln();
        return Ok(if chosen[0] { logit } else { -logit });
    }
    let options = PsychometricOptions { largest_lapse: 0.0, ..PsychometricOptions::default() };
    let fit = psychometric(&stimulus, &chosen, &options)?;
    measured.set_series(&format!("{name}_chosen"), fit.points.iter().map(|point| point.fraction));
    Ok(-fit.slope.value * fit.threshold.value)
}
