//! The twenty tasks on rings, against the numbers of the paper.

use std::f64::consts::PI;

use attractor_data::Trials;
use attractor_task::{Score, Task, create};
use ndarray::{Array3, s};

const TASKS: [&str; 20] = [
    "go",
    "rt-go",
    "dly-go",
    "anti",
    "rt-anti",
    "dly-anti",
    "dm-1",
    "dm-2",
    "ctx-dm-1",
    "ctx-dm-2",
    "multsen-dm",
    "dly-dm-1",
    "dly-dm-2",
    "ctx-dly-dm-1",
    "ctx-dly-dm-2",
    "multsen-dly-dm",
    "dms",
    "dnms",
    "dmc",
    "dnmc",
];

fn make(options: &str) -> Box<dyn Task> {
    create("yang-2019", &options.parse().unwrap()).unwrap()
}

fn only(task: &str, options: &str) -> Box<dyn Task> {
    make(&format!("tasks = ['{task}']\n{options}"))
}

fn number(trials: &Trials, name: &str, trial: usize) -> f64 {
    trials.conditions.numbers(name).unwrap()[trial]
}

#[test]
fn channels_are_those_of_the_paper_whichever_tasks_are_drawn() {
    let all = make("");
    assert_eq!((all.inputs().len(), all.outputs().len()), (85, 33));
    assert_eq!(all.steps(), 30 + 30 + 80 + 30 + 15 + 25, "delayed decisions are the longest");
    for name in TASKS {
        let one = only(name, "");
        assert_eq!((one.inputs(), one.outputs()), (all.inputs(), all.outputs()));
        let rule = one.inputs().iter().position(|input| *input == format!("rule_{name}")).unwrap();
        let batch = one.generate(1, 0, 3).unwrap();
        assert!(batch.inputs[[0, 0, rule]] > 0.8 && batch.inputs[[0, 0, 0]] > 0.8);
    }
}

#[test]
fn tasks_come_as_often_as_in_the_paper() {
    let batch = make("").generate(1, 0, 280).unwrap();
    let labels = batch.conditions.labels("task").unwrap();
    for name in TASKS {
        let count = labels.iter().filter(|label| *label == name).count();
        assert_eq!(count, if name.starts_with("ctx-dm") { 50 } else { 10 }, "{name}");
    }
    let batch = make("tasks = ['go', 'anti']\nweights = [3, 1]").generate(1, 0, 40).unwrap();
    let labels = batch.conditions.labels("task").unwrap();
    assert_eq!(labels.iter().filter(|label| *label == "go").count(), 30);
}

#[test]
fn every_condition_of_every_task_is_reached_equally_often() {
    for (name, column, values) in [
        ("go", "modality", 2),
        ("dm-1", "coherence_1", 8),
        ("dly-dm-2", "coherence_2", 6),
        ("multsen-dm", "coherence_1", 8),
        ("ctx-dm-1", "coherence_2", 8),
        ("ctx-dly-dm-2", "coherence_1", 6),
        ("dmc", "modality", 2),
    ] {
        let batch = only(name, "").generate(1, 0, 576).unwrap();
        let groups = batch.conditions.column(column).unwrap().groups();
        assert_eq!(groups.len(), values, "{name}");
        assert!(groups.iter().all(|(_, trials)| trials.len() == 576 / values), "{name}");
    }
}

/// What the inputs show, where the conditions say it is shown, at any dt.
#[test]
fn inputs_targets_and_weights_follow_the_periods() {
    for dt in [20.0, 10.0, 1.0] {
        let task = make(&format!("dt = {dt}\nnoise = 0.0"));
        let batch = task.generate(3, 0, if dt < 5.0 { 28 } else { 112 }).unwrap();
        let (values, weights) = (&batch.targets[0].values, &batch.targets[0].weights);
        let names = batch.conditions.labels("task").unwrap();
        for trial in 0..batch.len() {
            let at = |name: &str| (number(&batch, name, trial) / dt).round() as usize;
            let (onset, go, end) = (at("onset"), at("go"), batch.lengths[trial]);
            assert_eq!(end - go, (500.0 / dt) as usize);
            let answer = number(&batch, "answer", trial);
            let rings = batch.inputs.slice(s![.., trial, 1..65]);
            for step in 0..batch.steps() {
                let during = step < end;
                let cued = step < go || names[trial].starts_with("rt");
                let fixation = f32::from(u8::from(during && cued));
                assert_eq!(batch.inputs[[step, trial, 0]], fixation, "{step}");
                let rules = batch.inputs.slice(s![step, trial, 65..]).sum();
                assert_eq!(rules, f32::from(u8::from(during)));
                assert!(step != onset || rings.row(step).sum() > 0.1, "{}", names[trial]);
                assert!((onset..end).contains(&step) || rings.row(step).sum() == 0.0);
                let asked = match step {
                    _ if step >= end => 0.0,
                    _ if step < go => 1.0,
                    _ if step < go + (100.0 / dt) as usize => 0.0,
                    _ => 5.0,
                };
                assert_eq!(weights[[step, trial]], asked);
                let answering = during && step >= go && answer >= 0.0;
                let fixate = match (during, answering) {
                    (false, _) => 0.0,
                    (_, true) => 0.05,
                    _ => 0.85,
                };
                assert_eq!(values[[step, trial, 0]], fixate);
                for unit in [0, 11, 31] {
                    let d = (answer.to_radians() - 2.0 * PI * f64::from(unit) / 32.0).abs();
                    let d = d.min(2.0 * PI - d) * 8.0 / PI;
                    let bump = if answering { 0.8 * (-0.5 * d * d).exp() } else { 0.0 };
                    let expected = if during { 0.05 + bump } else { 0.0 };
                    let found = f64::from(values[[step, trial, 1 + unit as usize]]);
                    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
                }
            }
        }
    }
}

/// Standard deviation 0.01 sqrt(2 tau / dt) on every input, white, whatever dt.
#[test]
fn noise_has_the_stated_statistics_at_any_dt() {
    for dt in [20.0_f64, 10.0, 50.0] {
        let options = format!("tasks = ['dm-1']\ndt = {dt}");
        let noisy = make(&options).generate(9, 4, 200).unwrap();
        let quiet = make(&format!("{options}\nnoise = 0.0")).generate(9, 4, 200).unwrap();
        let noise = &noisy.inputs - &quiet.inputs;
        let sd = 0.01 * (2.0 * 100.0 / dt).sqrt();
        let (mut sum, mut squares, mut next, mut n) = (0.0, 0.0, 0.0, 0.0);
        for trial in 0..200 {
            let length = noisy.lengths[trial];
            for step in 0..length {
                for channel in 0..85 {
                    let x = f64::from(noise[[step, trial, channel]]);
                    sum += x;
                    squares += x * x;
                    let later = f64::from(noise[[(step + 1) % length, trial, channel]]);
                    next += x * later;
                    n += 1.0;
                }
            }
            assert_eq!(noise.slice(s![length.., trial, ..]).sum(), 0.0, "padding is silent");
        }
        assert!((sum / n).abs() < 5.0 * sd / n.sqrt(), "mean {}", sum / n);
        // the default is rounded to four digits
        let found = (squares / n).sqrt();
        assert!((found / sd - 1.0).abs() < 1e-3 + 4.0 / (2.0 * n).sqrt(), "sd {found}, not {sd}");
        assert!((next / n).abs() < 5.0 * sd * sd / n.sqrt(), "white");
        for column in [0, 1, 40, 84] {
            let channel = noise.slice(s![.., .., column]);
            assert!(channel.iter().any(|&x| x != 0.0), "input {column}");
        }
    }
}

fn judge(task: &dyn Task, batch: &Trials, change: impl Fn(usize, &mut Array3<f32>)) -> Score {
    let mut outputs = batch.targets[0].values.clone();
    for trial in 0..batch.len() {
        change(trial, &mut outputs);
    }
    task.score(batch, outputs.view()).unwrap()
}

#[test]
fn a_trial_is_right_within_36_degrees_and_with_fixation_kept() {
    let task = only("go", "");
    let batch = task.generate(1, 0, 32).unwrap();
    let go = |trial| (number(&batch, "go", trial) / 20.0).round() as usize;
    // turned by units of 11.25 degrees: 3 are 33.75, 4 are 45
    for (units, right) in [(0, 1.0), (3, 1.0), (-3, 1.0), (4, 0.0), (-4, 0.0), (16, 0.0)] {
        let turned = judge(&*task, &batch, |trial, outputs| {
            for step in go(trial)..batch.lengths[trial] {
                let ring: Vec<f32> = outputs.slice(s![step, trial, 1..]).to_vec();
                for unit in 0..32_i32 {
                    let from = (unit - units).rem_euclid(32) as usize;
                    outputs[[step, trial, 1 + unit as usize]] = ring[from];
                }
            }
        });
        assert_eq!(turned.fraction, right, "{units} units");
    }
    let broken = judge(&*task, &batch, |trial, outputs| {
        outputs[[go(trial) - 3, trial, 0]] = 0.49;
    });
    assert_eq!(broken.fraction, 0.0, "fixation was broken before the go cue");
    let at_first = judge(&*task, &batch, |trial, outputs| outputs[[0, trial, 0]] = 0.0);
    assert_eq!(at_first.fraction, 1.0, "a network needs time to raise its output");
    let silent = judge(&*task, &batch, |trial, outputs| {
        outputs[[batch.lengths[trial] - 1, trial, 0]] = 0.85;
    });
    assert_eq!(silent.fraction, 0.0, "no response");
}

#[test]
fn where_no_answer_is_asked_fixation_is_right() {
    let task = only("dms", "");
    let batch = task.generate(1, 0, 64).unwrap();
    let always = judge(&*task, &batch, |trial, outputs| {
        outputs.slice_mut(s![.., trial, 0]).fill(0.85);
    });
    assert_eq!(always.fraction, 0.5, "half of the trials do not match");
    for trial in 0..64 {
        let same = number(&batch, "stimulus_1", trial) == number(&batch, "stimulus_2", trial);
        assert_eq!(always.correct[trial], !same);
    }
}

/// The curve of a perfect subject steps at 0, and is flat along what should be ignored.
#[test]
fn psychometric_curves_of_a_perfect_subject() {
    let task = make("tasks = ['dm-2', 'ctx-dm-1', 'dms']");
    // 5 + 1 + 1 cards in a deck, 64 conditions of ctx-dm-1
    let batch = task.generate(1, 0, 7 * 64).unwrap();
    let score = task.score(&batch, batch.targets[0].values.view()).unwrap();
    let said: Vec<(&str, &str)> =
        score.psychometric.iter().map(|c| (c.among.as_str(), c.axis.as_str())).collect();
    let expected =
        [("dm-2", "coherence_2"), ("ctx-dm-1", "coherence_1"), ("ctx-dm-1", "coherence_2")];
    assert_eq!(said, expected);
    for (curve, ignored) in score.psychometric.iter().zip([false, false, true]) {
        assert_eq!(curve.points.len(), 8);
        for point in &curve.points {
            let step = f64::from(u8::from(point.stimulus > 0.0));
            assert_eq!(point.positive, if ignored { 0.5 } else { step }, "{curve:?}");
        }
    }
}

#[test]
fn wrong_requests_are_answered() {
    let says = |options: &str, part: &str| {
        let message = create("yang-2019", &options.parse().unwrap()).err().unwrap().to_string();
        assert!(message.contains(part), "`{part}` is not in: {message}");
    };
    says("tasks = []", "at least one");
    says("tasks = ['go', 'dmz']", "there are go, rt-go");
    says("tasks = ['dms', 'dms']", "named twice");
    says("weights = [1, 2]", "20 in all");
    says("tasks = ['go']\nweights = [0]", "at least 1");
    says("dt = 120", "less than one step of 120 ms");
    says("grace = 500", "must be longer by a step");
    says("noise = -1.0", "`noise` is -1.0");
    says("response_weight = 0.0", "`response_weight`");
}
