//! The table of the twenty tasks: what is shown when, and what is the right answer.

use std::f64::consts::{PI, TAU};
use std::ops::Range;

use rand::{Rng, RngExt};

use super::geometry::wrap;
use crate::timing::{Duration, Period, steps};

/// How long a period of a family lasts, ms.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Span {
    Fixed(f64),
    /// Uniform between the two.
    Uniform(f64, f64),
    /// One of these, all equally likely.
    OneOf(&'static [f64]),
}
use Span::{Fixed, OneOf, Uniform};

impl Span {
    fn limits(self) -> [f64; 2] {
        match self {
            Fixed(ms) => [ms, ms],
            Uniform(from, to) => [from, to],
            OneOf(list) => [list[0], list[list.len() - 1]],
        }
    }

    fn draw(self, dt: f64, rng: &mut impl Rng) -> usize {
        match self {
            Fixed(ms) => steps(ms, dt) as usize,
            Uniform(from, to) => {
                rng.random_range(steps(from, dt) as usize..=steps(to, dt) as usize)
            }
            OneOf(list) => steps(list[rng.random_range(0..list.len())], dt) as usize,
        }
    }
}

/// The periods that all tasks share; those a task lacks last 0 ms.
const PERIODS: [&str; 6] = ["fixation", "stimulus1", "delay", "stimulus2", "wait", "response"];
const NONE: Span = Fixed(0.0);
/// The response of every task, ms.
pub(super) const RESPONSE_MS: f64 = 500.0;
const RESPONSE: Span = Fixed(RESPONSE_MS);
const SHORT: Span = OneOf(&[200.0, 400.0, 600.0]);
const DELAY: Span = OneOf(&[200.0, 400.0, 800.0, 1600.0]);
const FORE: Span = OneOf(&[300.0, 500.0, 700.0]);
const VIEWING: Span = OneOf(&[400.0, 800.0, 1600.0]);

// fixation, stimulus 1, delay, stimulus 2, wait, response, in ms
const GO: [Span; 6] = [Uniform(300.0, 700.0), Uniform(500.0, 1500.0), NONE, NONE, NONE, RESPONSE];
const REACT: [Span; 6] = [Uniform(500.0, 2500.0), NONE, NONE, NONE, NONE, RESPONSE];
const DELAYED: [Span; 6] = [FORE, SHORT, DELAY, NONE, NONE, RESPONSE];
const DECIDE: [Span; 6] = [Uniform(100.0, 400.0), VIEWING, NONE, NONE, NONE, RESPONSE];
const COMPARE: [Span; 6] = [SHORT, SHORT, DELAY, SHORT, Uniform(100.0, 300.0), RESPONSE];
const MATCH: [Span; 6] = [SHORT, SHORT, DELAY, NONE, NONE, RESPONSE];

/// Differences in strength of two stimuli shown together, either way.
const COHERENCES: [f64; 4] = [0.01, 0.02, 0.04, 0.08];
/// Of two shown one after the other.
const DELAYED_COHERENCES: [f64; 3] = [0.08, 0.16, 0.32];
/// Mean strength of stimuli that compete.
const STRENGTH: Range<f64> = 0.8..1.2;
/// Relative difference of a stimulus between the modalities, either way, where both count.
const DISPARITY: Range<f64> = 0.1..0.4;
/// Least angle between stimuli that do not match, rad.
const APART: f64 = PI / 18.0;
/// Directions of each of the two categories.
const PER_CATEGORY: usize = 5;

/// One of the twenty tasks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rule {
    /// What it is called.
    pub(super) name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Answer in the direction of the stimulus, or (anti) the opposite one.
    Go { spans: [Span; 6], anti: bool },
    /// Answer in the direction of the stronger of two stimuli, shown together or (delayed) in turn.
    Decide { evidence: Evidence, delayed: bool },
    /// Answer in the direction of the second stimulus if it matches the first (or if it does not).
    Match { category: bool, on_match: bool },
}

/// What the stimuli are to be compared by.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Evidence {
    /// The strengths in this modality, the only one shown.
    Alone(usize),
    /// The strengths in this modality; the other one distracts.
    Attended(usize),
    /// The strengths of both modalities together.
    Summed,
}
use Evidence::{Alone, Attended, Summed};

const fn go(name: &'static str, spans: [Span; 6], anti: bool) -> Rule {
    Rule { name, kind: Kind::Go { spans, anti } }
}

const fn decide(name: &'static str, evidence: Evidence, delayed: bool) -> Rule {
    Rule { name, kind: Kind::Decide { evidence, delayed } }
}

const fn matching(name: &'static str, category: bool, on_match: bool) -> Rule {
    Rule { name, kind: Kind::Match { category, on_match } }
}

/// All of them, in the order of the paper, which is that of the rule inputs.
pub(super) const RULES: [Rule; 20] = [
    go("go", GO, false),
    go("rt-go", REACT, false),
    go("dly-go", DELAYED, false),
    go("anti", GO, true),
    go("rt-anti", REACT, true),
    go("dly-anti", DELAYED, true),
    decide("dm-1", Alone(0), false),
    decide("dm-2", Alone(1), false),
    decide("ctx-dm-1", Attended(0), false),
    decide("ctx-dm-2", Attended(1), false),
    decide("multsen-dm", Summed, false),
    decide("dly-dm-1", Alone(0), true),
    decide("dly-dm-2", Alone(1), true),
    decide("ctx-dly-dm-1", Attended(0), true),
    decide("ctx-dly-dm-2", Attended(1), true),
    decide("multsen-dly-dm", Summed, true),
    matching("dms", false, true),
    matching("dnms", false, false),
    matching("dmc", true, true),
    matching("dnmc", true, false),
];

/// Periods of these shortest and longest durations, ms.
pub(super) fn periods(limits: [[f64; 2]; 6]) -> Vec<Period> {
    let period = |(name, [from, to]): (&'static str, [f64; 2])| {
        let duration = if from == to { Duration::Fixed(to) } else { Duration::Uniform([from, to]) };
        Period { name, duration }
    };
    PERIODS.into_iter().zip(limits).map(period).collect()
}

/// A bump on one ring of inputs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stimulus {
    /// 0 or 1.
    pub(super) modality: usize,
    /// Rad.
    pub(super) direction: f64,
    /// γ.
    pub(super) strength: f64,
    /// When it is on, in steps.
    pub(super) on: Range<usize>,
}

/// All there is to know about one trial.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trial {
    /// What is shown.
    pub(super) stimuli: Vec<Stimulus>,
    /// First step of the first stimulus.
    pub(super) onset: usize,
    /// First step of the response.
    pub(super) go: usize,
    /// Steps.
    pub(super) end: usize,
    /// Whether the fixation input goes off when the response is due.
    pub(super) cued: bool,
    /// The direction of the right answer, rad; none where fixation should be kept.
    pub(super) answer: Option<f64>,
    /// Directions of the first and second stimulus, rad; both the same where there is one.
    pub(super) directions: [f64; 2],
    /// Modality of the first and second stimulus: 0, 1, or 2 for both.
    pub(super) modalities: [usize; 2],
    /// Half the difference in strength, first minus second, in each modality.
    pub(super) coherences: [f64; 2],
}

impl Rule {
    /// Cards of the task in a deck of all, as published.
    pub(super) fn weight(&self) -> usize {
        match self.kind {
            Kind::Decide { evidence: Attended(_), delayed: false } => 5,
            _ => 1,
        }
    }

    fn spans(&self) -> [Span; 6] {
        match self.kind {
            Kind::Go { spans, .. } => spans,
            Kind::Decide { delayed: false, .. } => DECIDE,
            Kind::Decide { delayed: true, .. } => COMPARE,
            Kind::Match { .. } => MATCH,
        }
    }

    /// The shortest and the longest that each of its periods can be, ms.
    pub(super) fn limits(&self) -> [[f64; 2]; 6] {
        self.spans().map(Span::limits)
    }

    /// The axes of its psychometric curves.
    pub(super) fn axes(&self) -> &'static [&'static str] {
        const AXES: [&str; 2] = ["coherence_1", "coherence_2"];
        match self.kind {
            Kind::Decide { evidence: Alone(0) | Summed, .. } => &AXES[..1],
            Kind::Decide { evidence: Alone(_), .. } => &AXES[1..],
            Kind::Decide { evidence: Attended(_), .. } => &AXES,
            _ => &[],
        }
    }

    fn coherences(&self) -> &'static [f64] {
        match self.kind {
            Kind::Decide { delayed: true, .. } => &DELAYED_COHERENCES,
            _ => &COHERENCES,
        }
    }

    /// Number of conditions, which come equally often.
    pub(super) fn conditions(&self) -> usize {
        let signed = 2 * self.coherences().len();
        match self.kind {
            Kind::Go { .. } => 2,
            Kind::Decide { evidence: Attended(_), .. } => signed * signed,
            Kind::Decide { .. } => signed,
            // match or not, and the modality of either stimulus
            Kind::Match { .. } => 8,
        }
    }

    /// Draws a trial of a condition.
    pub(super) fn draw(&self, condition: usize, dt: f64, rng: &mut impl Rng) -> Trial {
        let mut at = 0;
        let [_, first, _, second, _, response] = self.spans().map(|span| {
            let from = at;
            at += span.draw(dt, rng);
            from..at
        });
        let blank = Trial {
            stimuli: Vec::new(),
            onset: first.start,
            go: response.start,
            end: response.end,
            cued: true,
            answer: None,
            directions: [0.0; 2],
            modalities: [2; 2],
            coherences: [0.0; 2],
        };
        match self.kind {
            Kind::Go { spans, anti } => {
                let (modality, direction) = (condition, rng.random_range(0.0..TAU));
                // a stimulus without delay after it stays
                let until = if spans == DELAYED { first.end } else { response.end };
                Trial {
                    stimuli: vec![show(modality, direction, 1.0, first.start..until)],
                    cued: spans != REACT,
                    answer: Some(wrap(direction + if anti { PI } else { 0.0 })),
                    directions: [direction; 2],
                    modalities: [modality; 2],
                    ..blank
                }
            }
            Kind::Decide { evidence, delayed } => {
                let on = if delayed {
                    [first, second]
                } else {
                    [first.start..response.end, first.start..response.end]
                };
                self.decision(evidence, condition, on, blank, rng)
            }
            Kind::Match { category, on_match } => {
                let matches = condition.is_multiple_of(2);
                let modalities = [condition / 2 % 2, condition / 4];
                let directions = pair(category, matches, rng);
                Trial {
                    stimuli: vec![
                        show(modalities[0], directions[0], 1.0, first),
                        show(modalities[1], directions[1], 1.0, response),
                    ],
                    answer: (matches == on_match).then_some(directions[1]),
                    directions,
                    modalities,
                    ..blank
                }
            }
        }
    }

    fn decision(
        &self,
        evidence: Evidence,
        condition: usize,
        on: [Range<usize>; 2],
        blank: Trial,
        rng: &mut impl Rng,
    ) -> Trial {
        let signed = |card: usize| {
            let c = self.coherences()[card / 2 % self.coherences().len()];
            if card.is_multiple_of(2) { c } else { -c }
        };
        let count = 2 * self.coherences().len();
        let first = rng.random_range(0.0..TAU);
        // from a quarter to three quarters of a turn further
        let directions = [first, wrap(first + rng.random_range(0.5 * PI..1.5 * PI))];
        // strengths [modality][stimulus]
        let mut strengths = [[0.0; 2]; 2];
        let mut coherences = [0.0; 2];
        let mut compete = |c: f64| {
            let mean = rng.random_range(STRENGTH);
            [mean + c, mean - c]
        };
        let judged = match evidence {
            Alone(modality) => {
                coherences[modality] = signed(condition);
                strengths[modality] = compete(coherences[modality]);
                coherences[modality]
            }
            Attended(modality) => {
                coherences = [signed(condition % count), signed(condition / count)];
                strengths = coherences.map(compete);
                coherences[modality]
            }
            Summed => {
                coherences = [signed(condition); 2];
                let combined = compete(coherences[0]);
                for (stimulus, strength) in combined.into_iter().enumerate() {
                    let sign = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
                    let disparity = sign * rng.random_range(DISPARITY);
                    strengths[0][stimulus] = strength * (1.0 + disparity);
                    strengths[1][stimulus] = strength * (1.0 - disparity);
                }
                coherences[0]
            }
        };
        let mut stimuli = Vec::new();
        for (modality, strengths) in strengths.iter().enumerate() {
            for stimulus in (0..2).filter(|&stimulus| strengths[stimulus] > 0.0) {
                let (direction, on) = (directions[stimulus], on[stimulus].clone());
                stimuli.push(show(modality, direction, strengths[stimulus], on));
            }
        }
        Trial {
            stimuli,
            answer: Some(directions[usize::from(judged < 0.0)]),
            directions,
            modalities: match evidence {
                Alone(modality) => [modality; 2],
                _ => [2; 2],
            },
            coherences,
            ..blank
        }
    }
}

fn show(modality: usize, direction: f64, strength: f64, on: Range<usize>) -> Stimulus {
    Stimulus { modality, direction, strength, on }
}

/// Directions of two stimuli that match or do not.
fn pair(category: bool, matches: bool, rng: &mut impl Rng) -> [f64; 2] {
    if category {
        // 18°, 54°, … 162° and 198°, … 342°: categories are the halves of the circle
        let first = rng.random_range(0..2 * PER_CATEGORY);
        let half = (first / PER_CATEGORY + usize::from(!matches)) % 2;
        let second = half * PER_CATEGORY + rng.random_range(0..PER_CATEGORY);
        return [first, second].map(|k| PI * (k as f64 + 0.5) / PER_CATEGORY as f64);
    }
    let first = rng.random_range(0.0..TAU);
    let turn = if matches { 0.0 } else { rng.random_range(APART..TAU - APART) };
    [first, wrap(first + turn)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::stream;
    use crate::ring::geometry::apart;

    /// Every condition of a task, a few times.
    fn trials(name: &str) -> Vec<Trial> {
        let rule = RULES.iter().find(|rule| rule.name == name).unwrap();
        let mut rng = stream(1, name);
        (0..40 * rule.conditions())
            .map(|k| rule.draw(k % rule.conditions(), 20.0, &mut rng))
            .collect()
    }

    fn close(a: f64, b: f64) -> bool {
        apart(a, b) < 1e-9
    }

    #[test]
    fn go_and_anti_answer_as_shown_or_opposite() {
        for (name, turn) in [("go", 0.0), ("rt-go", 0.0), ("dly-go", 0.0)].into_iter().chain([
            ("anti", PI),
            ("rt-anti", PI),
            ("dly-anti", PI),
        ]) {
            for trial in trials(name) {
                let [stimulus] = trial.stimuli.as_slice() else { panic!("{name}: one stimulus") };
                assert!(close(trial.answer.unwrap(), stimulus.direction + turn), "{name}");
                assert_eq!((stimulus.on.start, stimulus.strength), (trial.onset, 1.0));
                assert_eq!(trial.end - trial.go, 25, "the response lasts 500 ms");
                match name.split_once('-') {
                    Some(("rt", _)) => {
                        assert_eq!((trial.go, trial.cued), (trial.onset, false));
                        assert_eq!(stimulus.on.end, trial.end);
                        assert!((25..=125).contains(&trial.onset));
                    }
                    Some(_) => {
                        assert!([10, 20, 30].contains(&stimulus.on.len()) && trial.cued);
                        assert!([10, 20, 40, 80].contains(&(trial.go - stimulus.on.end)));
                    }
                    None => {
                        assert_eq!((stimulus.on.end, trial.cued), (trial.end, true));
                        assert!((25..=75).contains(&(trial.go - trial.onset)));
                    }
                }
            }
        }
    }

    /// The sum of what is shown in some modalities decides, whatever the conditions say.
    #[test]
    fn the_stronger_stimulus_is_the_answer() {
        let both: &[usize] = &[0, 1];
        for (name, judged, shown) in [
            ("dm-1", &both[..1], &both[..1]),
            ("dm-2", &both[1..], &both[1..]),
            ("ctx-dm-1", &both[..1], both),
            ("ctx-dm-2", &both[1..], both),
            ("multsen-dm", both, both),
            ("dly-dm-1", &both[..1], &both[..1]),
            ("dly-dm-2", &both[1..], &both[1..]),
            ("ctx-dly-dm-1", &both[..1], both),
            ("ctx-dly-dm-2", &both[1..], both),
            ("multsen-dly-dm", both, both),
        ] {
            let delayed = name.contains("dly");
            let mut distracted = 0;
            for trial in trials(name) {
                let strength = |modality: usize, which: usize| -> f64 {
                    let of = |s: &&Stimulus| {
                        s.modality == modality && close(s.direction, trial.directions[which])
                    };
                    trial.stimuli.iter().filter(of).map(|s| s.strength).sum()
                };
                let total = |which| judged.iter().map(|&m| strength(m, which)).sum::<f64>();
                let stronger = usize::from(total(1) > total(0));
                assert!(close(trial.answer.unwrap(), trial.directions[stronger]), "{name}");
                let gap = apart(trial.directions[0], trial.directions[1]);
                assert!(gap >= 0.5 * PI - 1e-9, "{name}: {gap}");
                assert_eq!(trial.stimuli.len(), 2 * shown.len());
                for &modality in shown {
                    let difference = strength(modality, 0) - strength(modality, 1);
                    let c = trial.coherences[modality];
                    if judged.len() == 1 {
                        assert!((difference - 2.0 * c).abs() < 1e-9, "{name}");
                    }
                    distracted += usize::from(c * (total(0) - total(1)) < 0.0);
                    assert!((0.3..2.2).contains(&strength(modality, 0)));
                }
                if delayed {
                    let (a, b) = (&trial.stimuli[0].on, &trial.stimuli[1].on);
                    assert!([10, 20, 40, 80].contains(&(b.start - a.end)), "{name}");
                    assert!((5..=15).contains(&(trial.go - b.end)), "{name}");
                } else {
                    assert!(trial.stimuli.iter().all(|s| s.on == (trial.onset..trial.end)));
                    assert!([20, 40, 80].contains(&(trial.go - trial.onset)), "{name}");
                }
            }
            assert_eq!(distracted > 0, name.starts_with("ctx"), "{name}");
        }
    }

    #[test]
    fn matches_are_answered_or_not() {
        for (name, on_match) in [("dms", true), ("dnms", false), ("dmc", true), ("dnmc", false)] {
            let mut answered = 0;
            let all = trials(name);
            for trial in &all {
                let [a, b] = trial.directions;
                let matches = match name.ends_with("mc") {
                    true => (a < PI) == (b < PI),
                    false => apart(a, b) < 1e-9,
                };
                if !matches {
                    assert!(apart(a, b) >= APART - 1e-9);
                }
                assert_eq!(trial.answer, (matches == on_match).then_some(b), "{name}");
                answered += usize::from(trial.answer.is_some());
                assert_eq!(trial.stimuli[1].on, trial.go..trial.end, "the second is the go cue");
                if name.ends_with("mc") {
                    let degrees = (a.to_degrees() - 18.0) / 36.0;
                    assert!((degrees - degrees.round()).abs() < 1e-9, "{name}: {a}");
                }
            }
            assert_eq!(2 * answered, all.len(), "{name}: half of the trials");
        }
    }
}
