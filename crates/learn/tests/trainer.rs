//! The loop: it learns, stops, continues to the same bits, and notices when things go wrong.

mod common;

use std::sync::Arc;

use attractor_data::Trials;
use attractor_learn::trainer::{Counters, Finish};
use attractor_learn::{
    Checkpoint, Options, Phase, PhaseError, Progress, Source, SourceError, Stage, StateError,
    TrainError, Trainer, source::VALIDATION,
};
use common::{Toy, trials};
use ndarray::ArrayView3;

/// Trials drawn by number; the score is minus the largest error.
struct Drawn;

impl Source for Drawn {
    fn batch(&self, index: u64, count: usize) -> Result<Trials, SourceError> {
        Ok(trials(index.wrapping_mul(17), count))
    }

    fn score(
        &self,
        trials: &Trials,
        outputs: ArrayView3<'_, f32>,
    ) -> Result<Option<f64>, SourceError> {
        let errors =
            trials.targets[0].values.iter().zip(outputs).map(|(a, b)| f64::from((a - b).abs()));
        Ok(Some(-errors.fold(0.0, f64::max)))
    }
}

/// Trials without a score, whose targets are a billion times too large from some batch on.
struct Spoilt(u64);

impl Source for Spoilt {
    fn batch(&self, index: u64, count: usize) -> Result<Trials, SourceError> {
        let mut trials = trials(index, count);
        if index >= self.0 {
            trials.targets[0].values *= 1e9;
        }
        Ok(trials)
    }

    fn validation(&self, index: u64, count: usize) -> Result<Trials, SourceError> {
        Ok(trials(index | VALIDATION, count))
    }

    fn score(&self, _: &Trials, _: ArrayView3<'_, f32>) -> Result<Option<f64>, SourceError> {
        Ok(None)
    }
}

fn stage(text: &str) -> Stage {
    Stage { phase: toml::from_str(text).unwrap(), source: Arc::new(Drawn) }
}

fn trainer(stages: Vec<Stage>) -> Result<Trainer, TrainError> {
    let toy = Toy::new();
    let start = toy.initial(1);
    let options = Options { seed: 5, watch: vec!["rec.r".into()], ..Options::default() };
    Trainer::new(toy, start, stages, options)
}

fn run(trainer: &mut Trainer) -> Vec<Progress> {
    std::iter::from_fn(|| trainer.advance().unwrap()).collect()
}

/// Two phases with all that has state: momenta, a cosine, a plateau, frozen entries.
fn curriculum() -> Vec<Stage> {
    vec![
        stage(
            "objective = [{ kind = 'mse' }, { kind = 'l2', signal = 'rec.r', weight = 1e-3 }]
             learner = { rate = 0.02, batch = 8, schedule = { kind = 'cosine', warmup = 3 } }
             stop = { updates = 23 }
             validate = { every = 5, trials = 6 }",
        ),
        stage(
            "train = ['rec->out.W', '*.theta']
             learner = { rate = 0.05, batch = 5, clip = 0.0, optimiser = { kind = 'sgd', momentum = 0.9 },
                         schedule = { kind = 'plateau', patience = 1, threshold = 0.1 } }
             stop = { updates = 17 }
             validate = { every = 4, trials = 6 }",
        ),
    ]
}

#[test]
fn it_learns() {
    let mut trainer = trainer(vec![stage(
        "learner = { rate = 0.02, batch = 32 }
         stop = { updates = 3000, loss = 2e-3 }
         validate = { every = 20, trials = 64 }",
    )])
    .unwrap();
    let steps = run(&mut trainer);
    let last = steps.last().unwrap();
    assert_eq!(last.finish, Some(Finish::Loss), "{last:?}");
    assert!(steps[0].loss > 0.1 && last.validation.as_ref().unwrap().loss <= 2e-3);
    assert!(trainer.finished() && trainer.advance().unwrap().is_none());
    assert_eq!(trainer.good(), trainer.parameters());
    let bias = trainer.model().layout().get("rec.theta").unwrap().range.clone();
    assert!(trainer.parameters()[bias].iter().all(|&b| (-0.3..=0.3).contains(&b)));
}

#[test]
fn phases_follow_each_other() {
    let mut trainer = trainer(curriculum()).unwrap();
    let mut before = trainer.parameters().to_vec();
    let input = trainer.model().layout().get("in->rec.W").unwrap().range.clone();
    for k in 1..=40 {
        let progress = trainer.advance().unwrap().unwrap();
        assert_eq!((progress.update, progress.phase), (k, usize::from(k > 23)));
        let moved = trainer.parameters()[input.clone()] != before[input.clone()];
        assert_eq!(moved, k <= 23, "the second phase does not train the input");
        let due = if k <= 23 { k % 5 == 0 || k == 23 } else { (k - 23) % 4 == 0 || k == 40 };
        assert_eq!(progress.validation.is_some(), due, "update {k}");
        assert_eq!(progress.finish.is_some(), k == 23 || k == 40);
        let sum: f64 = progress.terms.iter().map(|term| term.value).sum();
        assert!((sum - progress.loss).abs() < 1e-9);
        before = trainer.parameters().to_vec();
    }
    assert!(trainer.advance().unwrap().is_none());
    assert_eq!(trainer.counters().best.as_ref().unwrap().phase, 1);
}

#[test]
fn a_score_ends_a_phase_when_it_holds() {
    let text = |times| {
        format!(
            "learner = {{ rate = 0.02, batch = 32 }}
             stop = {{ updates = 3000, score = -0.6, times = {times} }}
             validate = {{ every = 10, trials = 32 }}"
        )
    };
    let ends = |times| {
        let steps = run(&mut trainer(vec![stage(&text(times))]).unwrap());
        assert_eq!(steps.last().unwrap().finish, Some(Finish::Score));
        let scores = steps.iter().filter_map(|step| step.validation.as_ref()?.score);
        let met: Vec<bool> = scores.map(|score| score >= -0.6).collect();
        assert!(met[met.len() - times..].iter().all(|&met| met));
        steps.len()
    };
    assert!(ends(3) >= ends(1) + 20);
}

#[test]
fn resumed_bits_are_the_same() {
    let mut whole = trainer(curriculum()).unwrap();
    let expected = run(&mut whole);
    for stop in [0, 1, 4, 5, 13, 22, 23, 24, 31, 39, 40] {
        let mut first = trainer(curriculum()).unwrap();
        let mut steps: Vec<Progress> =
            (0..stop).map(|_| first.advance().unwrap().unwrap()).collect();
        let checkpoint = first.checkpoint();
        drop(first);
        // through text and back, as a file would
        let text = serde_json::to_string(&checkpoint.counters).unwrap();
        let counters: Counters = serde_json::from_str(&text).unwrap();
        assert_eq!(counters, checkpoint.counters);
        let toml: Counters = toml::from_str(&toml::to_string(&counters).unwrap()).unwrap();
        assert_eq!(toml, counters);
        let checkpoint = Checkpoint { counters, arrays: checkpoint.arrays };
        let options = Options { watch: vec!["rec.r".into()], ..Options::default() };
        let mut second = Trainer::resume(Toy::new(), curriculum(), options, &checkpoint).unwrap();
        steps.extend(run(&mut second));
        assert_eq!(steps, expected, "stopped after {stop}");
        let bits = |trainer: &Trainer| -> Vec<Vec<u32>> {
            let arrays = [trainer.parameters(), trainer.good(), trainer.best()];
            arrays.iter().map(|array| array.iter().map(|x| x.to_bits()).collect()).collect()
        };
        assert_eq!(bits(&second), bits(&whole), "stopped after {stop}");
        assert_eq!(second.counters(), whole.counters());
    }
}

#[test]
fn checkpoints_must_fit() {
    let mut first = trainer(curriculum()).unwrap();
    first.advance().unwrap();
    let good = first.checkpoint();
    let refused = |spoil: &dyn Fn(&mut Checkpoint<f32>)| {
        let mut checkpoint = good.clone();
        spoil(&mut checkpoint);
        match Trainer::resume(Toy::new(), curriculum(), Options::default(), &checkpoint) {
            Err(TrainError::State(error)) => error,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("accepted"),
        }
    };
    assert!(matches!(
        refused(&|c| c.counters.phase = 3),
        StateError::Phase { phase: 3, phases: 2 }
    ));
    assert!(matches!(
        refused(&|c| c.counters.precision = "f64".into()),
        StateError::Precision { .. }
    ));
    assert!(matches!(refused(&|c| c.arrays.truncate(3)), StateError::Missing { .. }));
    assert!(matches!(refused(&|c| c.arrays[0].1.truncate(3)), StateError::Length { .. }));
}

#[test]
fn a_gradient_that_is_not_a_number_is_named() {
    let mut toy = Toy::new();
    let place = toy.at("rec->out.W") + 3;
    toy.poison = Some((13, place));
    let start = toy.initial::<f32>(1);
    let stages = vec![stage("stop = { updates = 50 }\nvalidate = { every = 5, trials = 4 }")];
    let mut trainer = Trainer::new(toy, start, stages, Options::default()).unwrap();
    let mut at_ten = Vec::new();
    for k in 1..=13 {
        trainer.advance().unwrap();
        if k == 10 {
            at_ten = trainer.parameters().to_vec();
        }
    }
    let before = trainer.parameters().to_vec();
    let error = trainer.advance().unwrap_err();
    let TrainError::Diverged { update, loss, parameter, good, advice } = &error else {
        panic!("{error}")
    };
    assert_eq!((*update, parameter.as_deref(), *good), (14, Some("rec->out.W"), 10));
    assert!(loss.is_finite());
    assert!(advice.contains("learner.rate (now 1e-3)"), "{advice}");
    assert!(error.to_string().starts_with("diverged at update 14"), "{error}");
    assert_eq!(trainer.parameters(), before, "it never reached the parameters");
    assert_eq!(trainer.good(), at_ten);

    // what is not trained may have any gradient
    let mut toy = Toy::new();
    toy.poison = Some((3, toy.at("rec->out.W")));
    let start = toy.initial::<f32>(1);
    let stages = vec![stage("train = ['in*']\nstop = { updates = 5 }")];
    let mut trainer = Trainer::new(toy, start, stages, Options::default()).unwrap();
    assert_eq!(run(&mut trainer).len(), 5);
}

#[test]
fn explosions_end_training() {
    let mut stage = stage("stop = { updates = 100 }\nvalidate = { every = 10, trials = 4 }");
    stage.source = Arc::new(Spoilt(33));
    let mut trainer = trainer(vec![stage]).unwrap();
    let error = loop {
        match trainer.advance() {
            Ok(progress) => assert!(progress.is_some()),
            Err(error) => break error,
        }
    };
    // four such losses are forgiven, the fifth is not
    assert!(matches!(error, TrainError::Diverged { update: 38, good: 30, .. }), "{error}");
    assert!(error.to_string().contains("1000 times its running median"), "{error}");
}

#[test]
fn silent_units_are_counted() {
    let toy = Toy::new();
    let mut start = toy.initial::<f32>(1);
    let silenced = [2, 7, 20];
    for unit in silenced {
        for c in 0..common::INPUTS {
            start[toy.at("in->rec.W") + unit * common::INPUTS + c] = 0.0;
        }
        start[toy.at("rec.theta") + unit] = -0.3;
    }
    let options = Options { watch: vec!["rec.r".into(), "rec.r[B]".into()], ..Options::default() };
    let stages = vec![stage("stop = { updates = 1 }")];
    let mut trainer = Trainer::new(toy, start, stages, options).unwrap();
    let progress = trainer.advance().unwrap().unwrap();
    let silent = progress.validation.unwrap().silent;
    let counts: Vec<_> = silent.iter().map(|s| (s.signal.as_str(), s.silent, s.units)).collect();
    assert_eq!(counts, [("rec.r", 3, 21), ("rec.r[B]", 1, 2)]);
    assert!(silent[0].to_string().contains("3 of 21 units of `rec.r` stayed at 0"));
}

#[test]
fn all_problems_of_a_phase_at_once() {
    let wrong = trainer(vec![
        stage(""),
        stage(
            "objective = [{ kind = 'mse', signal = 'out.z' }]
             train = ['rec.tou', 'rec.tau']
             rates = [{ parameters = '*', rate = -1.0 }]
             learner = { rate = 0.0, clip = -1.0, batch = 0, truncate = 0,
                         optimiser = { kind = 'adam', beta1 = 1.0 },
                         schedule = { kind = 'plateau', factor = 2.0 } }
             stop = { updates = 0, score = 0.9 }
             validate = { every = 0 }",
        ),
    ]);
    let Err(error) = wrong else { panic!("accepted") };
    let TrainError::Phase { phase: 1, problems } = &error else { panic!("{error}") };
    assert_eq!(problems.len(), 13, "{error}");
    let text = error.to_string();
    assert!(text.contains("did you mean `rec.tau`?"), "{text}");
    assert!(text.contains("what fits `rec.tau` is fixed in the network"), "{text}");

    let nothing = trainer(vec![stage("rates = [{ parameters = '*', rate = 0.0 }]")]);
    let Err(TrainError::Phase { problems, .. }) = nothing else { panic!("accepted") };
    assert_eq!(problems, [PhaseError::NothingTrained]);

    let mut unscored =
        stage("stop = { updates = 10, score = 0.5 }\nvalidate = { every = 2, trials = 3 }");
    unscored.source = Arc::new(Spoilt(u64::MAX));
    let mut unscored = trainer(vec![unscored]).unwrap();
    unscored.advance().unwrap();
    let Err(TrainError::Phase { problems, .. }) = unscored.advance() else { panic!("accepted") };
    assert_eq!(problems, [PhaseError::NoScore]);

    assert!(matches!(trainer(vec![]), Err(TrainError::NoPhases)));
}

#[test]
fn phases_are_data() {
    for stage in curriculum() {
        let text = toml::to_string(&stage.phase).unwrap();
        assert_eq!(toml::from_str::<Phase>(&text).unwrap(), stage.phase, "{text}");
    }
    assert!(toml::from_str::<Phase>("learner = { rat = 1e-3 }").is_err());
    assert!(
        toml::from_str::<Phase>("learner = { schedule = { kind = 'cosine', wormup = 1 } }")
            .is_err()
    );
    assert!(
        toml::from_str::<Phase>("learner = { optimiser = { kind = 'adamw', beta = 1 } }").is_err()
    );
    let plain = Phase::default();
    assert_eq!((plain.learner.rate, plain.learner.clip, plain.learner.batch), (1e-3, 1.0, 64));
}

fn pruning(by: &str) -> Vec<Stage> {
    vec![
        stage("learner = { rate = 0.02, batch = 16 }\nstop = { updates = 30 }\nvalidate = { every = 10, trials = 8 }"),
        stage(&format!(
            "prune = {{ parameters = 'in->rec.W', sparsity = 0.75, by = '{by}', over = 20, every = 5 }}
             learner = {{ rate = 0.02, batch = 16 }}
             stop = {{ updates = 40 }}
             validate = {{ every = 10, trials = 8 }}"
        )),
        stage("learner = { rate = 0.02, batch = 16 }\nstop = { updates = 10 }\nvalidate = { every = 10, trials = 8 }"),
    ]
}

#[test]
fn what_is_pruned_stays_at_zero_and_the_rest_is_trained() {
    for by in ["magnitude", "random", "top-probability"] {
        let mut trainer = trainer(pruning(by)).unwrap();
        let place = trainer.model().layout().get("in->rec.W").unwrap().range.clone();
        let count = place.len();
        let mut gone: Vec<usize> = Vec::new();
        for update in 1..=80 {
            let before = trainer.parameters().to_vec();
            let progress = trainer.advance().unwrap().unwrap();
            let cut = [31, 36, 41, 46, 51].contains(&update);
            assert_eq!(progress.pruned.is_some(), cut, "{by}, update {update}");
            let now = trainer.pruned().to_vec();
            assert!(gone.iter().all(|place| now.contains(place)), "{by}: nothing comes back");
            gone = now;
            for k in 0..before.len() {
                let pruned = gone.contains(&k);
                assert!(!pruned || place.contains(&k), "{by}: other arrays are left alone");
                assert!(!pruned || trainer.parameters()[k].to_bits() == 0, "{by}, update {update}");
                assert!(pruned || trainer.parameters()[k] != 0.0 || before[k] == 0.0);
            }
            assert!(
                trainer.good().iter().enumerate().all(|(k, w)| !gone.contains(&k) || *w == 0.0)
            );
        }
        assert!(trainer.finished());
        let exact = (0.75 * count as f64).round() as usize;
        if by == "top-probability" {
            // three standard deviations of a sum of chances, at most √(n/4) each
            let spread = 3.0 * (count as f64 / 4.0).sqrt();
            assert!(
                (gone.len() as f64 - exact as f64).abs() <= spread,
                "{} of {count}",
                gone.len()
            );
        } else {
            assert_eq!(gone.len(), exact);
        }
    }
}

#[test]
fn the_smallest_weights_are_cut() {
    let mut trainer = trainer(vec![stage(
        "prune = { parameters = 'in->rec.W', sparsity = 0.5 }\nstop = { updates = 2 }",
    )])
    .unwrap();
    let place = trainer.model().layout().get("in->rec.W").unwrap().range.clone();
    let sizes: Vec<f32> = trainer.parameters()[place.clone()].iter().map(|w| w.abs()).collect();
    trainer.advance().unwrap();
    let gone: Vec<f32> = trainer.pruned().iter().map(|&k| sizes[k - place.start]).collect();
    let largest_gone = gone.iter().copied().fold(0.0, f32::max);
    let larger = sizes.iter().filter(|&&size| size > largest_gone).count();
    assert_eq!((gone.len(), larger), (sizes.len().div_ceil(2), sizes.len() / 2));
}

#[test]
fn pruning_resumes_to_the_same_bits() {
    for stop in [29, 30, 31, 38, 46, 69, 70, 75] {
        let mut whole = trainer(pruning("top-probability")).unwrap();
        run(&mut whole);
        let mut first = trainer(pruning("top-probability")).unwrap();
        (0..stop).for_each(|_| drop(first.advance().unwrap()));
        let stages = pruning("top-probability");
        let options = Options { watch: vec!["rec.r".into()], ..Options::default() };
        let checkpoint = first.checkpoint();
        let mut second = Trainer::resume(Toy::new(), stages, options, &checkpoint).unwrap();
        run(&mut second);
        assert_eq!(second.pruned(), whole.pruned(), "stopped after {stop}");
        assert_eq!(second.parameters(), whole.parameters(), "stopped after {stop}");
        assert_eq!(second.counters(), whole.counters());
    }
}

#[test]
fn pruning_that_makes_no_sense_is_said() {
    let said = |text: &str| -> Vec<String> {
        let Err(TrainError::Phase { problems, .. }) = trainer(vec![stage(text)]) else {
            panic!("accepted")
        };
        problems.iter().map(ToString::to_string).collect()
    };
    let all = said(
        "prune = { parameters = 'in->ref.W', sparsity = 1.5, over = 90, every = 0 }\nstop.updates = 90",
    );
    assert_eq!(all.len(), 4, "{all:#?}");
    for (said, part) in all.iter().zip(["in->rec.W", "sparsity", "every", "before `stop.updates`"])
    {
        assert!(said.contains(part) && said.contains("`prune."), "{said}");
    }
}
