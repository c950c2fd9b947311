//! The numbers of each task of the library: what its source says, at the default options.

use attractor_data::Trials;
use attractor_task::{Task, create};
use ndarray::{Array3, s};

/// Options are `key = value`, separated by semicolons.
fn make(name: &str, options: &str) -> Box<dyn Task> {
    create(name, &options.replace("; ", "\n").parse().unwrap()).unwrap()
}

fn numbers(batch: &Trials, column: &str) -> Vec<f64> {
    batch.conditions.numbers(column).unwrap().to_vec()
}

fn labels(batch: &Trials, column: &str) -> Vec<String> {
    batch.conditions.labels(column).unwrap().to_vec()
}

/// The steps at which an input is not 0.
fn active(batch: &Trials, trial: usize, channel: usize) -> Vec<usize> {
    (0..batch.steps()).filter(|&step| batch.inputs[[step, trial, channel]] != 0.0).collect()
}

fn asked(batch: &Trials, trial: usize) -> Vec<usize> {
    let weights = &batch.targets[0].weights;
    (0..batch.steps()).filter(|&step| weights[[step, trial]] > 0.0).collect()
}

/// 0.5 (1 + erf(x / √2)) by Simpson's rule.
fn normal_cdf(x: f64) -> f64 {
    let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let h = x / 1000.0;
    let odd: f64 = (0..500).map(|k| density(h * f64::from(2 * k + 1))).sum();
    let even: f64 = (1..500).map(|k| density(h * f64::from(2 * k))).sum();
    0.5 + h / 3.0 * (density(0.0) + 4.0 * odd + 2.0 * even + density(x))
}

/// The mean of n samples of gain · c + noise is positive with probability Φ(gain c √n / sd).
#[test]
fn an_ideal_observer_of_motion_has_the_psychometric_curve_of_theory() {
    for dt in [20.0, 5.0] {
        let task = make("perceptual-decision", &format!("noise = 1.0; dt = {dt:?}"));
        let batch = task.generate(3, 0, 6000).unwrap();
        let (from, steps) = ((100.0 / dt) as usize, (800.0 / dt) as usize);
        let mut outputs = Array3::zeros(batch.targets[0].values.dim());
        for trial in 0..batch.len() {
            let sum = batch.inputs.slice(s![from..from + steps, trial, 0]).sum();
            outputs.slice_mut(s![.., trial, 0]).fill(sum);
        }
        let curve = &task.score(&batch, outputs.view()).unwrap().psychometric[0];
        assert_eq!((curve.axis.as_str(), curve.points.len()), ("coherence", 10));
        for point in &curve.points {
            // the sensitivity does not depend on dt: sd² per step is 20 ms / dt
            let p = normal_cdf(0.032 * point.stimulus * (800.0_f64 / 20.0).sqrt());
            let se = (p * (1.0 - p) / point.trials as f64).sqrt();
            assert!((point.positive - p).abs() < 4.0 * se + 1e-9, "dt {dt}: {point:?}, Φ {p}");
        }
    }
}

#[test]
fn a_go_cue_and_the_timing_of_mante_2013() {
    let task = make("context-decision", "preset = 'mante-2013'; dt = 10; noise = 0.0");
    assert_eq!(task.inputs()[4], "go");
    assert_eq!(task.steps(), 10 + 35 + 75 + 150 + 20);
    let batch = task.generate(1, 0, 100).unwrap();
    let mut delays = Vec::new();
    for trial in 0..100 {
        let stimulus = active(&batch, trial, 0);
        assert_eq!((stimulus[0], stimulus.len()), (45, 75));
        assert_eq!(active(&batch, trial, 4), asked(&batch, trial), "go is when to answer");
        delays.push(asked(&batch, trial)[0] - 120);
    }
    assert!(delays.iter().all(|steps| (30..=150).contains(steps)));
    assert!(*delays.iter().max().unwrap() > 120 && *delays.iter().min().unwrap() < 60);
    assert_eq!(make("context-decision", "").inputs().len(), 4, "the default has no go cue");
}

#[test]
fn a_cue_may_stay_and_stimuli_may_come_out_of_silence() {
    let task = make("context-decision", "stays = true; quiet = true");
    let batch = task.generate(1, 0, 10).unwrap();
    let contexts = labels(&batch, "context");
    for trial in 0..10 {
        for channel in 0..2 {
            assert_eq!(active(&batch, trial, channel), (22..62).collect::<Vec<_>>());
        }
        let cue = active(&batch, trial, if contexts[trial] == "A" { 2 } else { 3 });
        assert_eq!(cue, (5..68).collect::<Vec<_>>());
    }
}

#[test]
fn matches_are_matches() {
    let task = make("delayed-match-to-sample", "items = 4; noise = 0.0");
    let batch = task.generate(1, 0, 48).unwrap();
    let (sample, test) = (labels(&batch, "sample"), labels(&batch, "test"));
    let letters = ["A", "B", "C", "D"];
    let mut matches = 0;
    for trial in 0..48 {
        let channel = |item: &str| letters.iter().position(|l| *l == item).unwrap();
        let end = batch.lengths[trial];
        assert_eq!(
            active(&batch, trial, channel(&sample[trial]))[..25],
            *(5..30).collect::<Vec<_>>()
        );
        let last = active(&batch, trial, channel(&test[trial])).into_iter().rev().take(25);
        assert!(last.eq((end - 30..end - 5).rev()));
        let same = sample[trial] == test[trial];
        matches += usize::from(same);
        let wanted = batch.targets[0].values[[end - 1, trial, 0]];
        assert_eq!(wanted, if same { 1.0 } else { -1.0 });
    }
    assert_eq!(matches, 24, "as many matches as non-matches");
}

#[test]
fn cues_are_counted() {
    let task = make("evidence-accumulation", "noise = 0.0");
    assert_eq!(task.steps(), 225, "2250 ms in steps of 10 ms");
    let batch = task.generate(1, 0, 2000).unwrap();
    let (difference, favoured) = (numbers(&batch, "difference"), labels(&batch, "favoured"));
    let mut on_favoured = 0.0;
    for trial in 0..2000 {
        let [left, right] = [0, 1].map(|side| active(&batch, trial, side).len() as f64 / 10.0);
        assert_eq!((left + right, right - left), (7.0, difference[trial]));
        assert_eq!(active(&batch, trial, 2), (210..225).collect::<Vec<_>>());
        assert_eq!(asked(&batch, trial), active(&batch, trial, 2));
        let wanted = batch.targets[0].values[[224, trial, 0]];
        assert_eq!(f64::from(wanted), difference[trial].signum());
        on_favoured += if favoured[trial] == "right" { right } else { left };
    }
    let n = 7.0 * 2000.0;
    let error = (on_favoured / n - 0.7).abs();
    assert!(error < 4.0 * (0.21_f64 / n).sqrt(), "{error}");
}

#[test]
fn going_is_by_the_stimulus() {
    let batch = make("go-no-go", "noise = 0.0").generate(1, 0, 20).unwrap();
    for (trial, stimulus) in labels(&batch, "stimulus").iter().enumerate() {
        let channel = if stimulus == "go" { 1 } else { 2 };
        assert_eq!(active(&batch, trial, channel), (0..25).collect::<Vec<_>>());
        assert!(active(&batch, trial, 3 - channel).is_empty());
        assert_eq!(active(&batch, trial, 0), (0..50).collect::<Vec<_>>(), "fixation");
        assert_eq!(asked(&batch, trial), (50..75).collect::<Vec<_>>());
        let wanted = [0, 1].map(|output| batch.targets[0].values[[60, trial, output]]);
        assert_eq!(wanted, if stimulus == "go" { [0.0, 1.0] } else { [1.0, 0.0] });
    }
}

#[test]
fn the_rule_turns_the_answer_round() {
    let task = make("pro-anti", "noise = 0.0; delay = 0.0");
    let batch = task.generate(1, 0, 40).unwrap();
    let (rule, side) = (labels(&batch, "rule"), labels(&batch, "side"));
    for trial in 0..40 {
        let (anti, right) = (rule[trial] == "anti", side[trial] == "right");
        assert_eq!(active(&batch, trial, 1 + usize::from(anti)), (10..60).collect::<Vec<_>>());
        assert_eq!(active(&batch, trial, 3 + usize::from(right)), (85..100).collect::<Vec<_>>());
        let wanted = batch.targets[0].values[[batch.lengths[trial] - 1, trial, 0]];
        assert_eq!(wanted, if right == anti { -1.0 } else { 1.0 });
    }
}

#[test]
fn who_ignores_the_goal_is_right_in_five_of_eight() {
    let task = make("one-step-inference", "noise = 0.0");
    assert_eq!(task.steps(), 50);
    let batch = task.generate(1, 0, 80).unwrap();
    let (offered, wanted) = (labels(&batch, "offered"), labels(&batch, "move"));
    let mut best = 0;
    let mut pairs = offered.clone();
    pairs.sort_unstable();
    pairs.dedup();
    for pair in &pairs {
        let of_pair: Vec<&String> =
            (0..80).filter(|&t| offered[t] == *pair).map(|t| &wanted[t]).collect();
        let count = |m: &String| of_pair.iter().filter(|other| **other == m).count();
        best += of_pair.iter().map(|m| count(m)).max().unwrap();
    }
    assert_eq!(best, 50);
    for trial in 0..80 {
        let goals: usize = (0..4).map(|c| active(&batch, trial, c).len()).sum();
        let moves: usize = (4..8).map(|c| active(&batch, trial, c).len()).sum();
        assert_eq!((goals, moves, asked(&batch, trial)), (20, 40, vec![49]));
        let k = ["left", "up", "right", "down"].iter().position(|m| *m == wanted[trial]).unwrap();
        assert_eq!(batch.targets[0].values[[49, trial, k]], 1.0);
        assert_eq!(batch.targets[0].values.slice(s![49, trial, ..]).sum(), 1.0);
        assert!(!active(&batch, trial, 4 + k).is_empty(), "the right move is on offer");
    }
}

#[test]
fn the_interval_between_pulses_is_the_one_to_produce() {
    for (name, options, gain) in [
        ("ready-set-go", "noise = 0.0", 1.0),
        ("ready-set-go", "noise = 0.0; gain = 1.5", 1.5),
        ("interval-reproduction", "noise = 0.0", 1.0),
    ] {
        let task = make(name, options);
        let batch = task.generate(1, 0, 70).unwrap();
        let (interval, produce) = (numbers(&batch, "interval"), numbers(&batch, "produce"));
        let values = &batch.targets[0].values;
        for trial in 0..70 {
            let pulses = active(&batch, trial, 0);
            let begin: Vec<usize> = pulses
                .iter()
                .copied()
                .filter(|step| *step == 0 || !pulses.contains(&(step - 1)))
                .collect();
            assert_eq!(begin.len(), 2);
            let shown = (begin[1] - begin[0]) as f64 * 20.0;
            assert!((interval[trial] - shown).abs() < 20.0, "{name}: {shown}");
            assert!((produce[trial] - gain * interval[trial]).abs() < gain * 20.0, "{name}");
            let go = if name == "ready-set-go" { begin[1] } else { active(&batch, trial, 1)[0] };
            assert_eq!(asked(&batch, trial), (go..batch.lengths[trial]).collect::<Vec<_>>());
            let reached = (0..batch.steps()).find(|&t| values[[t, trial, 0]] >= 1.0).unwrap();
            // within the step that an interval ends in
            let off = (reached - go) as f64 * 20.0 - produce[trial];
            assert!(off.abs() < 20.0, "{name}: {off} ms off");
        }
        // too slow by a tenth is right, by a third is wrong (or never there)
        let slow = |by: f32| task.score(&batch, values.mapv(|x| x / by).view()).unwrap().fraction;
        assert_eq!((slow(1.1), slow(1.4)), (1.0, 0.0), "{name}");
        // and so is what was there before it began
        let early = Array3::ones(values.dim());
        assert_eq!(task.score(&batch, early.view()).unwrap().fraction, 0.0);
    }
}

#[test]
fn frequencies_and_inputs_of_sussillo_and_barak() {
    let task = make("sine-generation", "dt = 1.0; frequencies = 3; lowest = 1.0; highest = 2.0");
    let batch = task.generate(1, 0, 3).unwrap();
    for (trial, f) in numbers(&batch, "frequency").into_iter().enumerate() {
        let input = (f - 1.0) * 2.0 / 3.0 + 1.0 / 3.0 + 0.25;
        assert!((f64::from(batch.inputs[[17, trial, 0]]) - input).abs() < 1e-6);
        let wave = |step: usize| f64::from(batch.targets[0].values[[step, trial, 0]]);
        for step in [0, 100, 777, 4999] {
            let expected = (std::f64::consts::TAU * f * step as f64 / 1000.0).sin();
            assert!((wave(step) - expected).abs() < 1e-5);
        }
        assert_eq!(asked(&batch, trial), (500..5000).collect::<Vec<_>>());
    }
    let frequencies =
        numbers(&make("sine-generation", "").generate(1, 0, 51).unwrap(), "frequency");
    let omega = |f: f64| f * std::f64::consts::TAU * 0.1;
    let lowest = frequencies.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = frequencies.iter().copied().fold(0.0, f64::max);
    assert!((omega(lowest) - 0.14).abs() < 1e-12 && (omega(highest) - 2.14).abs() < 1e-12);
}

#[test]
fn phases_are_remembered_relative_to_the_reference() {
    for options in ["", "preset = 'four-stimuli'; frequency = 7.3", "offsets = [0.3]"] {
        let task = make("phase-memory", options);
        let offsets: Vec<f64> = task.options()["offsets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|offset| offset.as_float().unwrap())
            .collect();
        let frequency = task.options()["frequency"].as_float().unwrap();
        let batch = task.generate(1, 0, 40).unwrap();
        let (stimulus, phase) = (numbers(&batch, "stimulus"), numbers(&batch, "phase"));
        let values = &batch.targets[0].values;
        let wave = |trial: usize, step: usize, offset: f64| {
            let turns = frequency * 0.002 * step as f64 + offset;
            (std::f64::consts::TAU * turns + phase[trial]).sin() as f32
        };
        for trial in 0..40 {
            let shown = active(&batch, trial, stimulus[trial] as usize);
            let offset = offsets[stimulus[trial] as usize - 1];
            for step in 0..batch.lengths[trial] {
                let shift = if step < shown[0] { 0.0 } else { offset };
                assert!((batch.inputs[[step, trial, 0]] - wave(trial, step, 0.0)).abs() < 1e-5);
                assert!((values[[step, trial, 0]] - wave(trial, step, shift)).abs() < 1e-5);
            }
            assert!((62..=124).contains(&shown[0]) && (62..=98).contains(&shown.len()));
            let after = shown[shown.len() - 1] + 1;
            assert_eq!(asked(&batch, trial), (after..after + 187).collect::<Vec<_>>());
        }
        // a weak wave counts, a wave a little off too, one beyond the middle does not
        let margin = if offsets.len() == 4 { 0.125 } else { 0.25 };
        for (off, right) in [(0.9 * margin, 1.0), (-0.9 * margin, 1.0), (1.1 * margin, 0.0)] {
            let shifted = Array3::from_shape_fn(values.dim(), |(step, trial, _)| {
                0.2 * wave(trial, step, offsets[stimulus[trial] as usize - 1] + off)
            });
            let score = task.score(&batch, shifted.view()).unwrap();
            assert_eq!(score.fraction, right, "{options}: off by {off}");
        }
    }
}

#[test]
fn the_circle_is_turned_in_both_directions() {
    let task = make("cycling", "");
    assert_eq!(task.steps(), 150, "30 time constants of 100 ms in steps of 0.2");
    let batch = task.generate(1, 0, 10).unwrap();
    let values = &batch.targets[0].values;
    for (trial, direction) in labels(&batch, "direction").iter().enumerate() {
        let sign = if direction == "forward" { 1.0 } else { -1.0 };
        let channel = usize::from(direction != "forward");
        assert_eq!(active(&batch, trial, channel), (0..5).collect::<Vec<_>>());
        assert!(active(&batch, trial, 1 - channel).is_empty());
        for step in 0..150 {
            let angle = std::f64::consts::TAU * 0.02 * step as f64;
            let [x, y] = [0, 1].map(|output| f64::from(values[[step, trial, output]]));
            assert!((x - angle.cos()).abs() < 1e-6 && (y - sign * angle.sin()).abs() < 1e-6);
        }
        assert_eq!(asked(&batch, trial), (25..150).collect::<Vec<_>>());
    }
}

#[test]
fn positions_are_the_sum_of_velocities_within_the_box() {
    for dt in [20.0, 5.0, 50.0] {
        let batch = make("path-integration", &format!("dt = {dt:?}; side = 0.8"))
            .generate(1, 0, 50)
            .unwrap();
        let values = &batch.targets[0].values;
        let mut walls = 0;
        for trial in 0..50 {
            let mut at = [0.0; 2];
            for step in 0..batch.steps() {
                for axis in 0..2 {
                    at[axis] += f64::from(batch.inputs[[step, trial, axis]]) * dt / 1000.0;
                    let wanted = f64::from(values[[step, trial, axis]]);
                    assert!((at[axis] - wanted).abs() < 1e-4, "{} {wanted}", at[axis]);
                    assert!(wanted.abs() <= 0.4 + 1e-6, "outside of the box");
                    walls += usize::from(wanted.abs() > 0.37);
                }
            }
        }
        assert!(walls > 100, "the walls are met");
    }
}

/// The squared distance after 1 s, in a box without end: the law of the walk is that of the time, not
/// of the step.
#[test]
fn walks_go_equally_far_at_any_dt() {
    let squared = |dt: f64| {
        let task = make("path-integration", &format!("dt = {dt:?}; side = 1000.0; walk = 1000.0"));
        let batch = task.generate(5, 0, 3000).unwrap();
        numbers(&batch, "distance").iter().map(|d| d * d).sum::<f64>() / 3000.0
    };
    let reference = squared(20.0);
    // 50 steps of 20 ms, speeds of mean square 2 σ² and mean σ √(π/2), headings that correlate by ρ per
    // step: E r² = h² (50 · 2 σ² + 2 (π/2) σ² Σ (50 - k) ρ^k)
    let (sigma, h) = (0.13 * std::f64::consts::TAU, 0.02_f64);
    let rho = (-(11.52 * h).powi(2) / 2.0).exp();
    let pairs: f64 = (1..50).map(|k| f64::from(50 - k) * rho.powi(k)).sum();
    let expected = h * h * sigma * sigma * (100.0 + std::f64::consts::PI * pairs);
    assert!((reference / expected - 1.0).abs() < 0.08, "{reference} {expected}");
    for dt in [10.0, 4.0] {
        // each mean is known to about 1.8 %
        assert!((squared(dt) / reference - 1.0).abs() < 0.1, "{} {reference}", squared(dt));
    }
}

#[test]
fn the_flip_flop_of_schuessler_2024() {
    let task = make("flip-flop", "preset = 'schuessler-2024'");
    assert_eq!(task.steps(), 125, "25 time constants of 100 ms");
    let batch = task.generate(1, 0, 100).unwrap();
    let mut pauses = Vec::new();
    for trial in 0..100 {
        let mut unasked: Vec<usize> = (0..5).collect();
        for bit in 0..3 {
            let on = active(&batch, trial, bit);
            let begin: Vec<usize> =
                on.iter().copied().filter(|t| *t == 0 || !on.contains(&(t - 1))).collect();
            assert!(on.len() > 5 * (begin.len() - 1), "pulses last 5 steps");
            pauses.extend(begin.windows(2).map(|two| two[1] - two[0] - 5));
            unasked.extend(begin.iter().flat_map(|&t| t..t + 10));
        }
        for step in 0..125 {
            let weight = batch.targets[0].weights[[step, trial]];
            assert_eq!(weight, f32::from(!unasked.contains(&step)), "{trial} {step}");
        }
    }
    assert!(pauses.iter().all(|steps| (15..=50).contains(steps)), "{pauses:?}");
    let (least, most) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
    assert!(*least < 18 && *most > 47);
}

/// A bit whose target is the running last pulse, 0 before, asked at every step.
#[test]
fn the_flip_flop_of_balwani_2025() {
    let task = make("flip-flop", "preset = 'balwani-2025'");
    let (trials, steps) = (400, 50);
    assert_eq!((task.steps(), task.inputs().len()), (steps, 1));
    let batch = task.generate(3, 0, trials).unwrap();
    let (mut pulses, mut positive) = (0, 0);
    for trial in 0..trials {
        let mut last = 0.0;
        for step in 0..steps {
            let input = batch.inputs[[step, trial, 0]];
            if input != 0.0 {
                last = input;
                pulses += 1;
                positive += usize::from(input == 1.0);
            }
            assert_eq!(batch.targets[0].values[[step, trial, 0]], last);
            assert_eq!(batch.targets[0].weights[[step, trial]], 1.0);
        }
    }
    // 20,000 steps at 0.05: 1000 ± 4 · 31; half of them positive
    assert!((876..=1124).contains(&pulses), "{pulses}");
    assert!((positive as f64 / pulses as f64 - 0.5).abs() < 0.07, "{positive} of {pulses}");
}
