//! The twenty tasks of Yang et al. 2019 in one network: two rings of inputs, one of outputs, and a
//! rule input that says which task a trial is.

use attractor_data::{Conditions, OUTPUT, Target, Trials, closest};
use ndarray::{ArrayView3, s};
use serde::{Deserialize, Serialize};

use crate::draw::Noise;
use crate::registry::{Entry, options};
use crate::score::{answered, psychometric};
use crate::task::{OptionDoc, Task, not_negative, table, wrong};
use crate::timing::steps;
use crate::{Period, Score, TaskError, Timing, draw};

mod geometry;
mod rules;
mod sheets;

use geometry::{Ring, apart};
use rules::{RULES, Rule};
use sheets::{Sheets, Style, Written};

const NAME: &str = "yang-2019";
const SUMMARY: &str =
    "up to twenty tasks on rings of directions in one network; a rule input says which";

/// Units of a ring, of inputs and outputs.
const RING: usize = 32;
/// Fixation, two rings, rules.
const INPUTS: usize = 1 + 2 * RING + RULES.len();
/// Fixation, a ring.
const OUTPUTS: usize = 1 + RING;
/// Target of the fixation output while the eyes should rest.
const FIXATE: f32 = 0.85;
/// Target of an output that should be quiet.
const QUIET: f32 = 0.05;
/// The fixation output is on above this.
const THRESHOLD: f32 = 0.5;
/// Largest error of a direction that is right: 36°.
const TOLERANCE: f64 = 0.2 * std::f64::consts::PI;
/// Conditions that are numbers.
const NUMBERS: [&str; 7] =
    ["stimulus_1", "stimulus_2", "answer", "coherence_1", "coherence_2", "onset", "go"];
/// More cards than this in a deck are a mistake.
const MOST_CARDS: usize = 100_000;

pub(crate) const ENTRY: Entry = Entry {
    name: NAME,
    summary: SUMMARY,
    options: &[
        OptionDoc { name: "dt", unit: "ms", meaning: "duration of a step, at most 100 ms" },
        OptionDoc {
            name: "tasks",
            unit: "",
            meaning: "names of the tasks that trials are drawn from",
        },
        OptionDoc {
            name: "weights",
            unit: "",
            meaning: "how often each comes, in whole numbers; none are the paper's: 5 for ctx-dm-1 and ctx-dm-2, 1 for others",
        },
        OptionDoc { name: "noise", unit: "", meaning: "sd of the inputs per step of 20 ms" },
        OptionDoc {
            name: "grace",
            unit: "ms",
            meaning: "at the start of the response, time in which nothing is asked",
        },
        OptionDoc {
            name: "response_weight",
            unit: "",
            meaning: "weight of the response in the objective; before it is 1",
        },
    ],
    needs: None,
    create: |given| Ok(Box::new(Yang2019::new(options(NAME, given)?)?)),
};

/// Options of [`Yang2019`]; the defaults are those of the paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Yang2019Options {
    /// Duration of a step, ms.
    pub dt: f64,
    /// Names of the tasks that trials are drawn from.
    pub tasks: Vec<String>,
    /// How often each of them comes; empty as in the paper.
    pub weights: Vec<usize>,
    /// Standard deviation of the noise on all inputs, per step of 20 ms.
    pub noise: f64,
    /// Time in which nothing is asked at the start of the response, ms.
    pub grace: f64,
    /// Weight of the response in the objective.
    pub response_weight: f64,
}

impl Default for Yang2019Options {
    fn default() -> Self {
        Yang2019Options {
            dt: 20.0,
            tasks: RULES.iter().map(|rule| rule.name.to_owned()).collect(),
            weights: Vec::new(),
            // sqrt(2 tau / dt) sigma with sigma = 0.01, tau = 100 ms, dt = 20 ms, to 4 digits
            noise: 0.03162,
            grace: 100.0,
            response_weight: 5.0,
        }
    }
}

/// The twenty tasks of Yang et al. 2019, or some of them, as one distribution over trials.
///
/// | tasks | what is asked |
/// |---|---|
/// | `go`, `rt-go`, `dly-go` | answer in the direction of a stimulus: at the go cue, at once, after a delay |
/// | `anti`, `rt-anti`, `dly-anti` | … in the opposite direction |
/// | `dm-1`, `dm-2` | answer in the direction of the stronger of two stimuli, in modality 1 or 2 |
/// | `ctx-dm-1`, `ctx-dm-2` | … judged in one modality, while the other shows something else |
/// | `multsen-dm` | … judged by both modalities together |
/// | `dly-dm-1`, `dly-dm-2`, `ctx-dly-dm-1`, `ctx-dly-dm-2`, `multsen-dly-dm` | … shown one after the other |
/// | `dms`, `dnms` | answer in the direction of the second stimulus if it is the first's (or: is not) |
/// | `dmc`, `dnmc` | … if it is of the first's category (or: is not), the half of the circle |
///
/// Inputs, 85: `fixation`, 1 until the response is due (in `rt-` tasks always); two rings of 32 with
/// `u_i = 0.8 γ exp(−½ (8 |ψ − θ_i| / π)²)` for a stimulus of strength γ in direction ψ; a channel per
/// task that is 1 throughout its trials, whichever tasks are drawn. Gaussian noise on all. Outputs,
/// 33: `fixation` should be 0.85 before the response (throughout, if there is none), then 0.05; a ring
/// should be 0.05, in the response `0.05 + 0.8 exp(…)` around the answer.
/// Weights in the objective are 1 before the response, 0 in its first 100 ms, then 5; the paper's
/// further factor 2 for the fixation output is a term of the objective, because weights are of a step:
/// `objective = [{ kind = "mse" }, { kind = "mse", signal = "out.y[fixation]", weight = 0.0303 }]`, 1/33.
///
/// Where the authors' program (github.com/gyyang/multitask) is known to differ from this: the target
/// of `fixation` is 0.8 there; the first 100 ms of a trial are not asked; weights multiply the error
/// before it is squared (5 counts 25 times, and 2 four times); stimuli that are shown together go off
/// with the fixation input instead of staying on; what does not match in `dms` and `dnms` is at least
/// 20° away, not 10°; the response of `dmc` and `dnmc` lasts 200, 400 or 600 ms. All other periods,
/// strengths, coherences, the noise and the frequencies of tasks agree with it.
///
/// Periods are drawn per trial (the paper draws them per batch): see `attractor tasks show`. Trials
/// end with the response; shorter ones are padded. Modalities, coherences of either modality and
/// match or non-match come equally often within a task; directions are uniform. Conditions: `task`;
/// `modality`, that of the first stimulus (`1`, `2`, `both`); `stimulus_1`, `stimulus_2` and
/// `answer`, degrees (−1: fixation is right); `coherence_1`, `coherence_2`, half the difference of
/// strengths in each modality; `onset` and `go`, when the first stimulus and the response begin, ms.
///
/// Choice rule: fixation is kept (output above 0.5 from just before the first stimulus to the go
/// cue), and on the last step either the fixation output is below 0.5 and the population vector within 36° of
/// the answer, or, where none is asked for, still above.
///
/// Yang, Joglekar, Song, Newsome & Wang, Nature Neuroscience 22:297, 2019,
/// doi:10.1038/s41593-018-0310-2.
#[derive(Debug, Clone, PartialEq)]
pub struct Yang2019 {
    options: Yang2019Options,
    /// Places in the table.
    tasks: Vec<usize>,
    /// A deck: places in `tasks`.
    deck: Vec<usize>,
    ring: Ring,
    grace: usize,
    steps: usize,
}

impl Yang2019 {
    /// The tasks with these options.
    ///
    /// # Errors
    /// [`TaskError::Option`] for a value out of range or a task that is not there,
    /// [`TaskError::Unresolved`] and [`TaskError::TooLong`] for timing.
    pub fn new(options: Yang2019Options) -> Result<Self, TaskError> {
        not_negative(NAME, "noise", options.noise)?;
        not_negative(NAME, "grace", options.grace)?;
        if !(options.response_weight.is_finite() && options.response_weight > 0.0) {
            let fix = "a positive number is needed";
            return Err(wrong(NAME, "response_weight", options.response_weight, fix));
        }
        let tasks = places(&options.tasks)?;
        let deck = deck(&tasks, &options.weights)?;
        let mut most = 0;
        for &task in &tasks {
            most = most
                .max(Timing::new(NAME, options.dt, &rules::periods(RULES[task].limits()))?.steps());
        }
        // rounded up: nothing is asked before the grace is over
        let grace = (options.grace / options.dt - 1e-6).ceil().max(0.0) as usize;
        if grace >= steps(rules::RESPONSE_MS, options.dt) as usize {
            let fix = format!("the response, {} ms, must be longer by a step", rules::RESPONSE_MS);
            return Err(wrong(NAME, "grace", options.grace, &fix));
        }
        Ok(Yang2019 { options, tasks, deck, ring: Ring::new(RING), grace, steps: most })
    }

    fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.tasks.iter().map(|&task| &RULES[task])
    }

    /// Which task and which of its conditions each trial is.
    fn deal(&self, seed: u64, label: &str, trials: usize) -> Vec<(usize, usize)> {
        let cards = draw::deal(seed, label, self.deck.len(), trials);
        let dealt: Vec<usize> = cards.into_iter().map(|card| self.tasks[self.deck[card]]).collect();
        let mut conditions: Vec<_> = (0..RULES.len())
            .map(|task| {
                let count = dealt.iter().filter(|&&d| d == task).count();
                let label = format!("{label}/{}", RULES[task].name);
                draw::deal(seed, &label, RULES[task].conditions(), count).into_iter()
            })
            .collect();
        dealt.into_iter().map(|task| (task, conditions[task].next().unwrap_or_default())).collect()
    }
}

/// Where the tasks stand in the table.
fn places(names: &[String]) -> Result<Vec<usize>, TaskError> {
    let known = || RULES.iter().map(|rule| rule.name);
    let mut places = Vec::new();
    for name in names {
        let Some(place) = known().position(|known| known == name) else {
            let all: Vec<&str> = known().collect();
            let meant = closest(name, all.iter().copied())
                .map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
            let fix = format!("there is no such task{meant}; there are {}", all.join(", "));
            return Err(wrong(NAME, "tasks", name, &fix));
        };
        if places.contains(&place) {
            return Err(wrong(NAME, "tasks", names, &format!("`{name}` is named twice")));
        }
        places.push(place);
    }
    if places.is_empty() {
        return Err(wrong(NAME, "tasks", names, "at least one is needed"));
    }
    Ok(places)
}

/// Each place in `tasks` as often as its weight says.
fn deck(tasks: &[usize], weights: &[usize]) -> Result<Vec<usize>, TaskError> {
    let published: Vec<usize> = tasks.iter().map(|&task| RULES[task].weight()).collect();
    let weights = if weights.is_empty() { &published } else { weights };
    let fits =
        weights.len() == tasks.len() && weights.iter().all(|&w| (1..=MOST_CARDS).contains(&w));
    if !fits || weights.iter().sum::<usize>() > MOST_CARDS {
        let fix = format!(
            "one whole number per task is needed, {} in all, each at least 1 and together at most {MOST_CARDS}",
            tasks.len()
        );
        return Err(wrong(NAME, "weights", weights, &fix));
    }
    let cards = weights.iter().enumerate();
    Ok(cards.flat_map(|(place, &weight)| std::iter::repeat_n(place, weight)).collect())
}

fn numbered(names: &mut Vec<String>, ring: &str) {
    names.extend((0..RING).map(|unit| format!("{ring}_{unit}")));
}

impl Task for Yang2019 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn summary(&self) -> &'static str {
        SUMMARY
    }

    fn reference(&self) -> &'static str {
        "Yang et al. 2019, Nature Neuroscience 22:297, doi:10.1038/s41593-018-0310-2"
    }

    fn choice_rule(&self) -> &'static str {
        "fixation is kept until the go cue (output above 0.5), and the population vector of the last step is within 36° of the answer, with fixation below 0.5; or fixation is kept to the end where no answer is asked for"
    }

    fn inputs(&self) -> Vec<String> {
        let mut names = vec!["fixation".to_owned()];
        numbered(&mut names, "modality1");
        numbered(&mut names, "modality2");
        names.extend(RULES.iter().map(|rule| format!("rule_{}", rule.name)));
        names
    }

    fn outputs(&self) -> Vec<String> {
        let mut names = vec!["fixation".to_owned()];
        numbered(&mut names, "direction");
        names
    }

    fn dt(&self) -> f64 {
        self.options.dt
    }

    /// From the shortest to the longest of the tasks drawn from.
    fn periods(&self) -> Vec<Period> {
        let mut all = RULES[self.tasks[0]].limits();
        for limits in self.rules().map(Rule::limits) {
            for ([from, to], [shortest, longest]) in all.iter_mut().zip(limits) {
                (*from, *to) = (from.min(shortest), to.max(longest));
            }
        }
        rules::periods(all)
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn options(&self) -> toml::Table {
        table(&self.options)
    }

    fn generate(&self, seed: u64, epoch: u64, trials: usize) -> Result<Trials, TaskError> {
        if trials == 0 {
            return Err(TaskError::NoTrials { task: NAME });
        }
        let dt = self.options.dt;
        let style = Style {
            noise: Noise::new(seed, NAME, epoch),
            sd: draw::per_step(self.options.noise, dt),
            grace: self.grace,
            response: self.options.response_weight as f32,
        };
        let mut written = Vec::with_capacity(trials);
        let (mut names, mut modality, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        let mut numbers: [Vec<f64>; 7] = Default::default();
        let label = format!("task/{NAME}/{epoch}");
        for (trial, (task, condition)) in self.deal(seed, &label, trials).into_iter().enumerate() {
            let mut rng = draw::stream(seed, &format!("{label}/{trial}"));
            let shown = RULES[task].draw(condition, dt, &mut rng);
            written.push(Written::new(task, &shown, &self.ring));
            names.push(RULES[task].name);
            modality.push(["1", "2", "both"][shown.modalities[0]]);
            lengths.push(shown.end);
            let [first, second] = shown.directions.map(f64::to_degrees);
            let answer = shown.answer.map_or(-1.0, f64::to_degrees);
            let [c1, c2] = shown.coherences;
            let [onset, go] = [shown.onset, shown.go].map(|step| step as f64 * dt);
            let row = [first, second, answer, c1, c2, onset, go];
            numbers.iter_mut().zip(row).for_each(|(column, x)| column.push(x));
        }
        let Sheets { inputs, values, weights } = style.write(&written, self.steps)?;
        let mut batch = Trials::new(dt, inputs)?;
        batch.input_names = self.inputs();
        batch.targets.push(Target { signal: OUTPUT.to_owned(), values, weights });
        batch.lengths = lengths;
        batch.conditions =
            Conditions::none(trials).with("task", names)?.with("modality", modality)?;
        for (name, column) in NUMBERS.into_iter().zip(numbers) {
            batch.conditions = batch.conditions.with(name, column)?;
        }
        Ok(batch)
    }

    fn score(&self, trials: &Trials, outputs: ArrayView3<'_, f32>) -> Result<Score, TaskError> {
        answered(NAME, trials, &outputs)?;
        let conditions = &trials.conditions;
        let names = conditions.labels("task");
        let names = names.ok_or(TaskError::Foreign { task: NAME, lacks: "`task`" })?;
        let mut numbers = [&[][..]; NUMBERS.len()];
        for (column, lacks) in numbers.iter_mut().zip(NUMBERS) {
            *column = conditions.numbers(lacks).ok_or(TaskError::Foreign { task: NAME, lacks })?;
        }
        let [first, second, answers, _, _, onsets, gos] = numbers;
        let at = |ms: f64| steps(ms, self.options.dt) as usize;
        let mut correct = Vec::new();
        // 1: nearer to the first stimulus than to the second, −1: to the second, 0: no answer
        let mut choices: Vec<f32> = Vec::new();
        for (trial, &answer) in answers.iter().enumerate() {
            let last = trials.lengths[trial] - 1;
            let kept = at(onsets[trial]).saturating_sub(1)..at(gos[trial]).min(last);
            let kept = kept.into_iter().all(|step| outputs[[step, trial, 0]] > THRESHOLD);
            let fixation = outputs[[last, trial, 0]];
            let ring = outputs.slice(s![last, trial, 1..]);
            let direction = self.ring.direction(ring.iter().copied());
            let off = |degrees: f64| direction.map(|found| apart(found, degrees.to_radians()));
            correct.push(match answer < 0.0 {
                true => kept && fixation > THRESHOLD,
                false => {
                    let hit = off(answer).is_some_and(|error| error < TOLERANCE);
                    kept && fixation < THRESHOLD && hit
                }
            });
            choices.push(match off(first[trial]).zip(off(second[trial])) {
                Some((a, b)) if fixation < THRESHOLD => (b - a).signum() as f32,
                _ => 0.0,
            });
        }
        let mut score = Score::of_choices(correct, conditions, &["task"]);
        for rule in self.rules() {
            for axis in rule.axes() {
                let curve = psychometric(rule.name, axis, conditions, &choices, |trial| {
                    names[trial] == rule.name && choices[trial] != 0.0
                });
                if !curve.points.is_empty() {
                    score.psychometric.push(curve);
                }
            }
        }
        Ok(score)
    }
}
