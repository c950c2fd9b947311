//! What every task promises, and the numbers of each.

use attractor_task::{Task, TaskError, create, registry::TASKS};
use ndarray::{Array3, Axis, s};

/// The tasks that need no file.
fn names() -> Vec<&'static str> {
    TASKS.iter().filter(|entry| entry.needs.is_none()).map(|entry| entry.name).collect()
}

/// Options are `key = value`, separated by semicolons.
fn make(name: &str, options: &str) -> Box<dyn Task> {
    create(name, &options.replace("; ", "\n").parse().unwrap()).unwrap()
}

#[test]
fn batches_are_valid_and_described() {
    for name in names() {
        let task = make(name, "");
        for trials in [1, 7, 64] {
            let batch = task.generate(1, 0, trials).unwrap();
            batch.validate().unwrap();
            assert_eq!((batch.len(), batch.steps(), batch.dt), (trials, task.steps(), task.dt()));
            assert_eq!(batch.input_names, task.inputs());
            assert_eq!(batch.targets[0].values.len_of(Axis(2)), task.outputs().len());
            assert!(batch.targets[0].weights.sum() > 0.0);
        }
        assert!(matches!(task.generate(1, 0, 0), Err(TaskError::NoTrials { .. })));
    }
}

#[test]
fn a_task_of_files_says_what_it_needs() {
    let waiting: Vec<_> = TASKS.iter().filter(|entry| entry.needs.is_some()).collect();
    assert!(!waiting.is_empty());
    for entry in waiting {
        let error = (entry.create)(&toml::Table::new()).err().unwrap().to_string();
        let option = entry.needs.unwrap();
        assert!(
            error.contains(&format!("`{option}`")) && error.contains("path")
                || error.contains("folder"),
            "{error}"
        );
        assert!(entry.options.iter().any(|known| known.name == option));
    }
}

#[test]
fn same_seed_same_bits_and_other_epochs_differ() {
    for name in names() {
        let task = make(name, "");
        let batch = task.generate(5, 3, 40).unwrap();
        assert_eq!(task.generate(5, 3, 40).unwrap(), batch, "{name}");
        assert_ne!(task.generate(5, 4, 40).unwrap(), batch, "{name}");
        assert_ne!(task.generate(6, 3, 40).unwrap(), batch, "{name}");
        let first: Vec<usize> = (0..16).collect();
        assert_eq!(
            task.generate(5, 3, 16).unwrap(),
            batch.select(&first).unwrap(),
            "{name}: smaller batches begin alike"
        );
    }
}

#[test]
fn targets_are_right_and_their_opposites_wrong() {
    for name in names() {
        let task = make(name, "");
        let batch = task.generate(1, 0, 80).unwrap();
        let values = &batch.targets[0].values;
        let right = task.score(&batch, values.view()).unwrap();
        assert_eq!(right.fraction, 1.0, "{name}");
        assert!(right.correct.iter().all(|&c| c));
        assert!(right.by_condition.iter().all(|c| c.fraction == 1.0 && c.trials > 0));
        for wrong in [values.mapv(|x| -x), Array3::zeros(values.dim()), values.mapv(|_| f32::NAN)] {
            let score = task.score(&batch, wrong.view()).unwrap();
            assert_eq!((score.fraction, score.correct.contains(&true)), (0.0, false), "{name}");
        }
        let error = task.score(&batch, values.slice(s![1.., .., ..])).unwrap_err();
        assert!(matches!(error, TaskError::Outputs { .. }));
    }
}

/// The tasks made of one `Design`; `multi` and `yang-2019` are made of several, sequences of data have no
/// timing of their own, and all these have tests of their own.
fn designed() -> Vec<&'static str> {
    let others = ["multi", "sequential-digits", "yang-2019"];
    assert!(others.iter().all(|name| names().contains(name)));
    names().into_iter().filter(|name| !others.contains(name)).collect()
}

/// A task's own dt, and two that divide its periods otherwise.
fn steps_of(name: &str) -> [f64; 3] {
    let dt = make(name, "").dt();
    [dt, dt / 2.0, dt * 0.35]
}

#[test]
fn periods_follow_one_another_and_last_what_they_say() {
    for (name, dt) in designed().into_iter().flat_map(|name| steps_of(name).map(|dt| (name, dt))) {
        let task = make(name, &format!("dt = {dt:?}"));
        let (batch, schedules) =
            (task.generate(3, 1, 50).unwrap(), task.schedules(3, 1, 50).unwrap());
        assert_eq!(schedules.len(), 50);
        for (trial, schedule) in schedules.iter().enumerate() {
            let mut at = 0;
            let periods: Vec<_> = schedule.periods().collect();
            assert_eq!(periods.len(), task.periods().len());
            for (period, (called, steps)) in task.periods().iter().zip(periods) {
                let (least, most) = period.duration.range();
                let whole = |ms: f64| (ms / dt + 1e-6).floor() as usize;
                assert_eq!((called, steps.start), (period.name, at), "{name} at {dt} ms");
                assert!(
                    (whole(least)..=whole(most)).contains(&steps.len()),
                    "{name} at {dt} ms: {called} has {} steps",
                    steps.len()
                );
                at = steps.end;
            }
            assert_eq!(batch.lengths[trial], at, "{name} at {dt} ms");
            let silent = batch.inputs.slice(s![at.., trial, ..]);
            assert!(silent.iter().all(|&x| x == 0.0), "{name}: padding is silent");
        }
    }
}

#[test]
fn noise_has_the_same_power_at_any_dt() {
    for (name, dt) in designed().into_iter().flat_map(|name| steps_of(name).map(|dt| (name, dt))) {
        let of = |noise: f64| {
            make(name, &format!("dt = {dt:?}; noise = {noise:?}")).generate(7, 0, 40).unwrap()
        };
        let (noisy, quiet) = (of(0.1), of(0.0));
        assert_eq!(noisy.targets, quiet.targets, "{name}: noise changes nothing else");
        assert_eq!(noisy.conditions, quiet.conditions, "{name}");
        let noise = &noisy.inputs - &quiet.inputs;
        let mut channels = 0;
        for channel in noise.axis_iter(Axis(2)) {
            let values: Vec<f64> = (0..40)
                .flat_map(|trial| channel.slice(s![..noisy.lengths[trial], trial]).to_vec())
                .map(f64::from)
                .collect();
            if values.iter().all(|&x| x == 0.0) {
                continue;
            }
            channels += 1;
            let (n, expected) = (values.len() as f64, 0.1 * (20.0 / dt).sqrt());
            let mean = values.iter().sum::<f64>() / n;
            let sd = (values.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
            assert!(mean.abs() < 5.0 * expected / n.sqrt(), "{name} at {dt} ms: mean {mean}");
            let error = (sd - expected).abs();
            assert!(error < 5.0 * expected / (2.0 * n).sqrt(), "{name} at {dt} ms: sd {sd}");
        }
        assert!(channels > 0, "{name} has an option `noise` that does nothing");
    }
}

#[test]
fn every_condition_is_reached_equally_often() {
    let conditions: [(&str, &[&str], usize); 15] = [
        ("context-decision", &["context", "coherence_a", "coherence_b"], 72),
        ("cycling", &["direction"], 2),
        ("delayed-discrimination", &["f1", "f2"], 54),
        ("delayed-match-to-sample", &["sample", "test"], 4),
        ("delayed-response", &["cue"], 2),
        ("evidence-accumulation", &["favoured"], 2),
        ("go-no-go", &["stimulus"], 2),
        ("interval-reproduction", &["interval"], 7),
        ("one-step-inference", &["goal", "offered", "move"], 8),
        ("perceptual-decision", &["coherence"], 10),
        ("phase-memory", &["stimulus"], 2),
        ("pro-anti", &["rule", "side"], 4),
        ("ready-set-go", &["prior", "interval"], 10),
        ("sine-generation", &["frequency"], 51),
        ("timed-pulse", &["interval"], 2),
    ];
    for (name, columns, combinations) in conditions {
        let batch = make(name, "").generate(1, 0, 3 * combinations).unwrap();
        let mut rows: Vec<String> = (0..batch.len())
            .map(|trial| {
                let value = |c: &&str| batch.conditions.column(c).unwrap().value(trial).unwrap();
                columns.iter().map(|c| value(c).to_string()).collect::<Vec<_>>().join(", ")
            })
            .collect();
        rows.sort_unstable();
        assert!(rows.chunks(3).all(|three| three[0] == three[2]), "{name}: {rows:?}");
        rows.dedup();
        assert_eq!(rows.len(), combinations, "{name}");
    }
    // these two have no cards; all corners of their outputs are reached
    for name in ["flip-flop", "path-integration"] {
        let batch = make(name, "").generate(1, 0, 200).unwrap();
        let values = &batch.targets[0].values;
        let last = values.index_axis(Axis(0), batch.steps() - 1);
        let mut corners: Vec<Vec<bool>> =
            last.rows().into_iter().map(|row| row.iter().map(|&x| x > 0.0).collect()).collect();
        corners.sort_unstable();
        corners.dedup();
        assert_eq!(corners.len(), 1 << values.len_of(Axis(2)), "{name}");
    }
}

#[test]
fn half_of_the_trials_right_is_half() {
    for name in ["context-decision", "delayed-discrimination"] {
        let task = make(name, "");
        let batch = task.generate(1, 0, 10).unwrap();
        let mut outputs = batch.targets[0].values.clone();
        outputs.slice_mut(s![.., ..5, ..]).mapv_inplace(|x| -0.01 * x);
        let score = task.score(&batch, outputs.view()).unwrap();
        assert_eq!(score.fraction, 0.5);
        assert_eq!(score.correct, [[false; 5], [true; 5]].concat());
    }
}

mod context_decision {
    use super::*;

    #[test]
    fn the_published_timing() {
        let task = make("context-decision", "noise = 0.0");
        assert_eq!(task.steps(), 5 + 17 + 40 + 5 + 1);
        let batch = task.generate(1, 0, 72).unwrap();
        for trial in 0..72 {
            let context = usize::from(batch.conditions.labels("context").unwrap()[trial] == "B");
            let coherence =
                ["coherence_a", "coherence_b"].map(|c| batch.conditions.numbers(c).unwrap()[trial]);
            for step in 0..68 {
                let during =
                    |from: usize, to: usize| f64::from(u8::from((from..to).contains(&step)));
                let expected = [
                    0.1 * coherence[0] * during(22, 62),
                    0.1 * coherence[1] * during(22, 62),
                    if context == 0 { 0.1 * during(5, 67) } else { 0.0 },
                    if context == 1 { 0.1 * during(5, 67) } else { 0.0 },
                ];
                for channel in 0..4 {
                    assert_eq!(
                        batch.inputs[[step, trial, channel]],
                        expected[channel] as f32,
                        "{step} {trial} {channel}"
                    );
                }
                let target = if step == 67 { coherence[context].signum() as f32 } else { 0.0 };
                assert_eq!(batch.targets[0].values[[step, trial, 0]], target);
                assert_eq!(batch.targets[0].weights[[step, trial]], f32::from(step == 67));
            }
        }
    }

    #[test]
    fn conditions_are_balanced() {
        let task = make("context-decision", "");
        let batch = task.generate(1, 0, 720).unwrap();
        let (a, b) = (
            batch.conditions.numbers("coherence_a").unwrap(),
            batch.conditions.numbers("coherence_b").unwrap(),
        );
        let context = batch.conditions.labels("context").unwrap();
        let coherences = [-4.0, -2.0, -1.0, 1.0, 2.0, 4.0];
        for ctx in ["A", "B"] {
            for ca in coherences {
                for cb in coherences {
                    let count =
                        (0..720).filter(|&t| a[t] == ca && b[t] == cb && context[t] == ctx).count();
                    assert_eq!(count, 10);
                }
            }
        }
        assert_ne!(&a[..72], &a[72..144], "every deck is shuffled anew");
        // the curve of a perfect subject: a step in the relevant coherence, flat in the other
        let score = task.score(&batch, batch.targets[0].values.view()).unwrap();
        for curve in &score.psychometric {
            let relevant =
                curve.among.to_lowercase().replace("context ", "coherence_") == curve.axis;
            for point in &curve.points {
                let expected =
                    if relevant { f64::from(u8::from(point.stimulus > 0.0)) } else { 0.5 };
                assert_eq!((point.positive, point.trials), (expected, 60), "{curve:?}");
            }
        }
        assert_eq!(score.psychometric.len(), 4);
    }

    #[test]
    fn noise_has_the_stated_statistics_at_any_dt() {
        for (dt, expected) in [(20.0_f64, 0.1_f64), (10.0, 0.1 * 2.0_f64.sqrt()), (5.0, 0.2)] {
            let task = make("context-decision", &format!("dt = {dt}"));
            let quiet = make("context-decision", &format!("dt = {dt}; noise = 0.0"));
            let noise = task.generate(9, 0, 400).unwrap().inputs
                - quiet.generate(9, 0, 400).unwrap().inputs;
            for channel in 0..4 {
                let values: Vec<f64> =
                    noise.index_axis(Axis(2), channel).iter().map(|&x| f64::from(x)).collect();
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
                let expected = if channel < 2 { expected } else { 0.0 };
                assert!(
                    mean.abs() <= 5.0 * expected / n.sqrt(),
                    "mean {mean} of channel {channel}"
                );
                assert!(
                    (sd - expected).abs() <= 4.0 * expected / (2.0 * n).sqrt(),
                    "sd {sd} of channel {channel}"
                );
            }
            // white: no correlation from one step to the next, or between the channels
            let (n, var) = (noise.len_of(Axis(0)), (expected * expected) as f32);
            let steps = noise.slice(s![..n - 1, .., 0]).to_owned() * noise.slice(s![1.., .., 0]);
            let channels = noise.slice(s![.., .., 0]).to_owned() * noise.slice(s![.., .., 1]);
            for products in [steps, channels] {
                let bound = 4.0 * var / (products.len() as f32).sqrt();
                assert!(
                    products.mean().unwrap().abs() <= bound,
                    "{} > {bound}",
                    products.mean().unwrap()
                );
            }
        }
    }

    #[test]
    fn durations_stay_when_dt_changes() {
        for (dt, steps) in [
            (20.0, [5, 17, 40, 5, 1]),
            (10.0, [10, 35, 80, 10, 2]),
            (1.0, [100, 350, 800, 100, 20]),
            (7.0, [14, 50, 114, 14, 2]),
        ] {
            let task = make("context-decision", &format!("dt = {dt}"));
            assert_eq!(task.steps(), steps.iter().sum::<usize>(), "dt {dt}");
            let batch = task.generate(1, 0, 3).unwrap();
            assert_eq!(batch.targets[0].weights.column(0).sum(), steps[4] as f32);
            let cued = batch
                .inputs
                .slice(s![.., 0, 2..])
                .sum_axis(Axis(1))
                .iter()
                .filter(|&&x| x > 0.0)
                .count();
            assert_eq!(cued, steps[1] + steps[2] + steps[3]);
        }
    }
}

mod delayed_discrimination {
    use super::*;

    #[test]
    fn pairs_timing_and_targets() {
        let task = make("delayed-discrimination", "noise = 0.0");
        assert_eq!(task.steps(), 5 + 5 + 100 + 5 + 5);
        let batch = task.generate(2, 0, 540).unwrap();
        let column = |name: &str| batch.conditions.numbers(name).unwrap().to_vec();
        let (f1, f2, delay) = (column("f1"), column("f2"), column("delay"));
        let mut pairs: Vec<(i32, i32)> =
            f1.iter().zip(&f2).map(|(&a, &b)| (a as i32, b as i32)).collect();
        assert_eq!(pairs.iter().filter(|(a, b)| a > b).count(), 270, "either answer equally often");
        pairs.sort_unstable();
        assert!(
            pairs.chunks(10).all(|chunk| chunk.iter().all(|p| *p == chunk[0])),
            "54 pairs, 10 times each"
        );
        pairs.dedup();
        assert_eq!(pairs.len(), 54);
        for trial in 0..540 {
            assert!((10.0..=34.0).contains(&f1[trial]) && (10.0..=34.0).contains(&f2[trial]));
            assert!((500.0..=2000.0).contains(&delay[trial]));
            let second = 10 + (delay[trial] / 20.0) as usize;
            assert_eq!(batch.lengths[trial], second + 10);
            for step in 0..120 {
                let expected = match step {
                    5..10 => (f1[trial] - 22.0) / 24.0,
                    _ if (second..second + 5).contains(&step) => (f2[trial] - 22.0) / 24.0,
                    _ => 0.0,
                };
                assert_eq!(batch.inputs[[step, trial, 0]], expected as f32);
                let asked = (second + 5..second + 10).contains(&step);
                assert_eq!(batch.targets[0].weights[[step, trial]], f32::from(asked));
                let target = if asked { (f1[trial] - f2[trial]).signum() as f32 } else { 0.0 };
                assert_eq!(batch.targets[0].values[[step, trial, 0]], target);
            }
        }
        let mean = delay.iter().sum::<f64>() / 540.0;
        assert!((mean - 1250.0).abs() < 4.0 * 433.0 / 540.0_f64.sqrt(), "mean delay {mean}");
    }

    #[test]
    fn graded_targets_and_a_fixed_delay() {
        let task = make("delayed-discrimination", "graded = true; delay = 1000");
        assert_eq!(task.steps(), 70);
        let batch = task.generate(2, 0, 54).unwrap();
        let difference = batch.conditions.numbers("difference").unwrap();
        for trial in 0..54 {
            assert_eq!(batch.lengths[trial], 70);
            assert_eq!(batch.targets[0].values[[69, trial, 0]], (difference[trial] / 24.0) as f32);
        }
        let curve = &task.score(&batch, batch.targets[0].values.view()).unwrap().psychometric[0];
        let stimuli: Vec<f64> = curve.points.iter().map(|p| p.stimulus).collect();
        assert_eq!(stimuli, [-24.0, -16.0, -8.0, 8.0, 16.0, 24.0]);
    }

    #[test]
    fn padding_is_silent() {
        let task = make("delayed-discrimination", "noise = 1.0");
        let batch = task.generate(2, 0, 20).unwrap();
        for trial in 0..20 {
            assert!(
                batch.inputs.slice(s![batch.lengths[trial].., trial, ..]).iter().all(|&x| x == 0.0)
            );
            assert!(
                batch.inputs.slice(s![..batch.lengths[trial], trial, ..]).iter().all(|&x| x != 0.0)
            );
        }
    }
}

mod flip_flop {
    use super::*;

    #[test]
    fn targets_hold_the_last_pulse() {
        let task = make("flip-flop", "amplitude = 2.0");
        assert_eq!(task.steps(), 100);
        let batch = task.generate(4, 0, 50).unwrap();
        let (values, weights) = (&batch.targets[0].values, &batch.targets[0].weights);
        for trial in 0..50 {
            for bit in 0..3 {
                let mut held = f32::NAN;
                let mut run = 0;
                for step in 0..100 {
                    let input = batch.inputs[[step, trial, bit]];
                    assert!([-2.0, 0.0, 2.0].contains(&input));
                    assert!(step >= 3 || input != 0.0, "a trial begins with a pulse");
                    if input != 0.0 {
                        held = input.signum();
                        run += 1;
                    } else {
                        assert_eq!(run % 3, 0, "pulses last 3 steps");
                        run = 0;
                    }
                    assert_eq!(values[[step, trial, bit]], held);
                    assert_eq!(weights[[step, trial]], f32::from(step >= 3));
                }
            }
        }
    }

    #[test]
    fn pulses_come_at_the_stated_rate_with_either_sign() {
        let task = make("flip-flop", "bits = 2; hold = 20000; pulse = 20; interval = 400");
        let batch = task.generate(4, 0, 50).unwrap();
        let later = batch.inputs.slice(s![1.., .., ..]);
        let pulses = later.iter().filter(|&&x| x != 0.0).count() as f64;
        // per input: a quiet step starts a pulse with p = 1/20, so a cycle lasts 19 quiet steps and 1 of pulse
        let expected = 50.0 * 2.0 * 1000.0 / 20.0;
        assert!(
            (pulses - expected).abs() < 4.0 * expected.sqrt(),
            "{pulses} pulses, expected {expected}"
        );
        assert!(f64::from(later.sum()).abs() < 4.0 * pulses.sqrt());
    }

    #[test]
    fn a_flip_is_given_its_grace() {
        let task = make("flip-flop", "bits = 1");
        let batch = task.generate(4, 0, 100).unwrap();
        // an output that follows each flip 10 steps (200 ms) late is right; 11 steps late is not
        let late = |by: usize| {
            let values = &batch.targets[0].values;
            Array3::from_shape_fn(values.dim(), |(t, k, b)| values[[t.saturating_sub(by), k, b]])
        };
        assert_eq!(task.score(&batch, late(10).view()).unwrap().fraction, 1.0);
        let score = task.score(&batch, late(11).view()).unwrap();
        assert!(score.fraction < 1.0 && score.fraction > 0.9);
        assert!(score.correct.contains(&false));
        let off = batch.targets[0].values.mapv(|x| 0.49 * x);
        assert_eq!(task.score(&batch, off.view()).unwrap().fraction, 0.0);
        assert_eq!(
            task.score(&batch, batch.targets[0].values.mapv(|x| 0.51 * x).view()).unwrap().fraction,
            1.0
        );
    }
}
