//! Several tasks as one: each trial is one of theirs, and is judged by its own task.

use attractor_task::{Task, create};
use ndarray::{Axis, s};

fn make(options: &str) -> Box<dyn Task> {
    create("multi", &options.parse().unwrap()).unwrap()
}

/// 4 inputs and 1 output, then 3 and 3.
const TWO: &str = "tasks = [{ name = 'context-decision' }, { name = 'flip-flop', hold = 940 }]";

#[test]
fn a_trial_is_its_tasks_own() {
    for (inputs, outputs, widths) in
        [("separate", "shared", (4 + 3 + 2, 3)), ("shared", "separate", (4 + 2, 4))]
    {
        let task = make(&format!("{TWO}\ninputs = '{inputs}'\noutputs = '{outputs}'"));
        assert_eq!((task.inputs().len(), task.outputs().len()), widths);
        let batch = task.generate(5, 0, 144).unwrap();
        assert_eq!(batch.steps(), 68, "the longer of 68 and 50 steps");
        let labels = batch.conditions.labels("task").unwrap();
        let which = |name: &str| -> Vec<usize> {
            (0..144).filter(|&trial| labels[trial] == name).collect()
        };
        let decisions = which("context-decision");
        assert_eq!((decisions.len(), which("flip-flop").len()), (72, 72));
        // the first task's trials are those of the same seed
        let alone = create("context-decision", &toml::Table::new()).unwrap();
        let alone = alone.generate(5, 0, 72).unwrap();
        let own = batch.select(&decisions).unwrap();
        assert_eq!(own.inputs.slice(s![.., .., ..4]), alone.inputs);
        assert_eq!(own.targets[0].values.slice(s![.., .., ..1]), alone.targets[0].values);
        assert_eq!(own.targets[0].weights, alone.targets[0].weights);
        assert_eq!(own.targets[0].values.slice(s![.., .., 1..]).sum(), 0.0);
        let rules = batch.inputs.slice(s![.., .., -2..]);
        for (place, name) in ["context-decision", "flip-flop"].into_iter().enumerate() {
            for trial in which(name) {
                let length = batch.lengths[trial];
                assert_eq!(rules.slice(s![..length, trial, place]).sum(), length as f32);
                assert_eq!(rules.index_axis(Axis(1), trial).sum(), length as f32);
            }
        }
        let coherence = batch.conditions.numbers("context-decision/coherence_a").unwrap();
        assert!(decisions.iter().all(|&trial| coherence[trial] != 0.0));
        assert!(which("flip-flop").iter().all(|&trial| coherence[trial] == 0.0));
    }
}

#[test]
fn each_task_is_scored_by_its_own_rule() {
    let task = make(TWO);
    let batch = task.generate(1, 0, 100).unwrap();
    let mut outputs = batch.targets[0].values.clone();
    let labels = batch.conditions.labels("task").unwrap();
    // 0.6 of a bit is within its tolerance, the opposite of a decision is wrong
    for trial in 0..100 {
        let factor = if labels[trial] == "flip-flop" { 0.6 } else { -1.0 };
        outputs.slice_mut(s![.., trial, ..]).mapv_inplace(|x| factor * x);
    }
    let score = task.score(&batch, outputs.view()).unwrap();
    assert_eq!(score.fraction, 0.5);
    let said: Vec<String> =
        score.by_condition.iter().map(|row| format!("{} {}", row.condition, row.value)).collect();
    assert_eq!(said[..2], ["task context-decision", "task flip-flop"]);
    assert_eq!((score.by_condition[0].fraction, score.by_condition[1].fraction), (0.0, 1.0));
    assert!(said.contains(&"context-decision/context A".to_owned()));
    assert!(said.contains(&"flip-flop/output bit2".to_owned()));
    assert_eq!(score.psychometric[0].among, "context-decision, context A");
    for trial in 0..100 {
        assert_eq!(score.correct[trial], labels[trial] == "flip-flop");
    }
}

#[test]
fn weights_are_cards_of_a_deck() {
    let task = make(&format!("{TWO}\nweights = [1, 4]"));
    let batch = task.generate(1, 0, 50).unwrap();
    let labels = batch.conditions.labels("task").unwrap();
    assert_eq!(labels.iter().filter(|label| *label == "flip-flop").count(), 40);
}

#[test]
fn a_task_may_be_named_twice() {
    let task = make("tasks = [{ name = 'flip-flop' }, { name = 'flip-flop', amplitude = 2.0 }]");
    assert_eq!(task.inputs()[6..], ["rule_flip-flop", "rule_flip-flop-2"]);
    let batch = task.generate(1, 0, 40).unwrap();
    let labels = batch.conditions.labels("task").unwrap();
    for (label, channels, size) in [("flip-flop", 0..3, 1.0), ("flip-flop-2", 3..6, 2.0)] {
        let trial = (0..40).find(|&trial| labels[trial] == label).unwrap();
        let shown = batch.inputs.slice(s![0, trial, channels]);
        assert!(shown.iter().all(|x| x.abs() == size), "{label}");
    }
    assert_eq!(task.score(&batch, batch.targets[0].values.view()).unwrap().fraction, 1.0);
}

#[test]
fn what_cannot_be_put_together_is_said() {
    let says = |options: &str, part: &str| {
        let message = create("multi", &options.parse().unwrap()).err().unwrap().to_string();
        assert!(message.contains(part), "`{part}` is not in: {message}");
    };
    says("tasks = []", "at least one");
    says("tasks = [{ bits = 3 }]", "needs a `name`");
    says("tasks = [{ name = 'multi' }]", "name the tasks themselves");
    says("tasks = [{ name = 'flip-flip' }]", "did you mean `flip-flop`?");
    says("tasks = [{ name = 'flip-flop', bit = 3 }]", "no option `bit` (did you mean `bits`?)");
    says("tasks = [{ name = 'flip-flop' }, { name = 'context-decision', dt = 10 }]", "same dt");
    says(&format!("{TWO}\nweights = [1]"), "one whole number per task is needed, 2 in all");
    says(&format!("{TWO}\nweights = [1, 0]"), "each at least 1");
    says(&format!("{TWO}\ninputs = 'mine'"), "mine");
}
