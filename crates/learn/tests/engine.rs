//! Training of a real network: it learns, and bits depend neither on threads nor on interruptions.

mod common;

use std::sync::Arc;

use attractor_data::Trials;
use attractor_learn::{Names, Options, Source, SourceError, Stage, Trainer, Units};
use attractor_network::{Engine, EngineOptions, Network};
use common::{description, trials};
use ndarray::ArrayView3;

struct Drawn;

impl Source for Drawn {
    fn batch(&self, index: u64, count: usize) -> Result<Trials, SourceError> {
        Ok(trials(index.wrapping_mul(17), count))
    }

    fn score(&self, _: &Trials, _: ArrayView3<'_, f32>) -> Result<Option<f64>, SourceError> {
        Ok(None)
    }
}

fn engine(threads: usize, memory: usize) -> Engine<f32> {
    let network = Arc::new(Network::new(description()).unwrap());
    let options = EngineOptions { threads, memory, ..EngineOptions::default() };
    Engine::new(network, options).unwrap()
}

fn stages() -> Vec<Stage> {
    let phase =
        "objective = [{ kind = 'mse' }, { kind = 'l2', signal = 'rec.r[A]', weight = 1e-3 },
                              { kind = 'l1-weights', weight = 1e-4 },
                              { kind = 'rate', signal = 'rec.r', target = 0.2, weight = 0.1 }]
                 learner = { rate = 0.01, batch = 37, truncate = 6 }
                 stop = { updates = 60 }
                 validate = { every = 20, trials = 50 }";
    vec![Stage { phase: toml::from_str(phase).unwrap(), source: Arc::new(Drawn) }]
}

fn options() -> Options {
    Options { seed: 3, watch: vec!["rec.r".into()], ..Options::default() }
}

fn fresh(threads: usize, memory: usize) -> Trainer {
    let engine = engine(threads, memory);
    let start: Vec<f32> =
        engine.network().initial_parameters(1).iter().map(|&p| p as f32).collect();
    Trainer::new(engine, start, stages(), options()).unwrap()
}

fn finish(mut trainer: Trainer) -> (Vec<u64>, Vec<u32>) {
    let steps: Vec<_> = std::iter::from_fn(|| trainer.advance().unwrap()).collect();
    let losses = steps.iter().map(|step| step.loss.to_bits()).collect();
    (losses, trainer.parameters().iter().map(|p| p.to_bits()).collect())
}

#[test]
fn threads_memory_and_interruptions_do_not_matter() {
    let (losses, parameters) = finish(fresh(1, usize::MAX));
    let (first, last) = (f64::from_bits(losses[0]), f64::from_bits(losses[59]));
    assert!(last < 0.5 * first, "it learns: {first} {last}");
    for (threads, memory) in [(2, usize::MAX), (5, 0)] {
        assert!(
            finish(fresh(threads, memory)) == (losses.clone(), parameters.clone()),
            "{threads} threads"
        );
    }
    let mut interrupted = fresh(2, usize::MAX);
    for _ in 0..33 {
        interrupted.advance().unwrap();
    }
    let checkpoint = interrupted.checkpoint();
    let resumed = Trainer::resume(engine(5, 0), stages(), options(), &checkpoint).unwrap();
    assert!(finish(resumed) == (losses[33..].to_vec(), parameters), "resumed");
}

#[test]
fn groups_are_signals() {
    let network = Network::new(description()).unwrap();
    let units = |name: &str| Names::signal(&network, name).map(|signal| signal.units);
    assert_eq!(units("rec.r"), Ok(Units::Range(0..21)));
    assert_eq!(units("rec.x[B]"), Ok(Units::Range(2..4)));
    assert_eq!(units("rec.r[A]"), Ok(Units::List(vec![4, 0, 17])));
    let error = units("rec.r[C]").unwrap_err();
    assert!(
        error.contains("`rec` has no group `C`") && error.contains("it has `A`, `B`"),
        "{error}"
    );
    assert!(units("rec.q").is_err());
}
