//! Running studies: seeds kept and reused, interruption, divergence, directories.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use attractor::network::RunError;
use attractor::report::{Axis, Color, Figure, Line, Panel, Width};
use attractor_study::{
    Context, Event, Expected, Measured, Observer, Outcome, Over, Relation, Request, Results, Scale,
    Study, StudyError, run,
};

/// Measures its seed; one seed may diverge, and another setting may be made.
#[derive(Default)]
struct Toy {
    diverges: Option<u64>,
    size: i64,
    measured: AtomicUsize,
}

const EXPECTED: &[Expected] = &[
    Expected {
        id: "seed",
        statement: "seeds are not large",
        source: "here",
        relation: Relation::AtMost,
        value: 2.0,
        over: Over::Median,
    },
    Expected {
        id: "third",
        statement: "a third of a seed is more than a quarter",
        source: "here",
        relation: Relation::AtLeast,
        value: 0.25,
        over: Over::Worst,
    },
];

impl Study for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn title(&self) -> &'static str {
        "A toy"
    }

    fn reference(&self) -> &'static str {
        "nobody"
    }

    fn summary(&self) -> &'static str {
        "It counts."
    }

    fn expected(&self) -> &'static [Expected] {
        EXPECTED
    }

    fn settings(&self, _: Scale) -> toml::Table {
        toml::Table::from_iter([("size".to_owned(), self.size.into())])
    }

    fn measure(&self, context: &Context<'_>) -> Result<Measured, StudyError> {
        context.part(0, 2, "counting")?;
        self.measured.fetch_add(1, Ordering::Relaxed);
        context.part(1, 2, "dividing")?;
        if self.diverges == Some(context.seed) {
            let signal = "rec.x".to_owned();
            return Err(RunError::NotFinite { signal, step: 1, trial: 0 }.into());
        }
        let mut measured = Measured::default().with("third", context.seed as f64 / 3.0);
        measured.set("seed", context.seed as f64);
        measured.set_series("curve", [1.0, f64::NAN, 3.0]);
        Ok(measured)
    }

    fn figures(&self, seeds: &[(u64, &Measured)]) -> Vec<(&'static str, Figure)> {
        let curve = |(k, (_, measured)): (usize, &(u64, &Measured))| {
            let points = measured.series("curve").into_iter().enumerate();
            Line::new(points.map(|(k, v)| (k as f64, v)), Color::line(k))
        };
        let panel = Panel::new(Axis::new("x"), Axis::new("y"));
        let panel = panel.marks(seeds.iter().enumerate().map(curve));
        vec![("curve", Figure::new("Curve", Width::Single).place(0, 0, panel))]
    }
}

struct Quiet;

impl Observer for Quiet {
    fn event(&self, _: &Event<'_>) {}
}

/// Stops when so many seeds are done.
struct Stops(usize, AtomicUsize);

impl Observer for Stops {
    fn event(&self, event: &Event<'_>) {
        if matches!(event, Event::Finished { .. }) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn interrupted(&self) -> bool {
        self.1.load(Ordering::Relaxed) >= self.0
    }
}

fn request(out: &Path, seeds: usize) -> Request {
    Request { scale: Scale::Quick, seeds: Some(seeds), threads: 2, out: out.to_owned(), data: None }
}

fn done(outcome: Outcome) -> Results {
    match outcome {
        Outcome::Done(results) => *results,
        Outcome::Interrupted { .. } => panic!("interrupted"),
    }
}

#[test]
fn seeds_are_measured_once_and_claims_judged() {
    let dir = tempfile::tempdir().unwrap();
    let (toy, out) = (Toy::default(), dir.path().join("a/b"));
    let results = done(run(&toy, &request(&out, 3), &Quiet).unwrap());
    assert_eq!(toy.measured.load(Ordering::Relaxed), 3);
    assert_eq!((results.held(), results.failed(), results.diverged), (2, false, 0));
    assert_eq!(results.claims[0].measured.summary, Some(2.0));
    for file in ["config.toml", "results.json", "report.html", "figures/curve.svg"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("2 of 2 claims hold over 3 seeds"), "the page has the sentence");
    let written: Results =
        serde_json::from_str(&fs::read_to_string(out.join("results.json")).unwrap()).unwrap();
    assert_eq!(written, results);

    // the same directory again: nothing is measured; with more seeds, only those
    let again = done(run(&toy, &request(&out, 3), &Quiet).unwrap());
    assert_eq!((toy.measured.load(Ordering::Relaxed), again.seeds), (3, results.seeds));
    let more = done(run(&toy, &request(&out, 5), &Quiet).unwrap());
    assert_eq!(toy.measured.load(Ordering::Relaxed), 5);
    // the median of 1 to 5 is above 2
    assert_eq!((more.held(), more.failed()), (1, true));
    assert!(more.to_string().contains("FAILS"), "{more}");
}

#[test]
fn threads_do_not_change_results() {
    let dir = tempfile::tempdir().unwrap();
    let with = |threads: usize| {
        let out = dir.path().join(threads.to_string());
        let request = Request { threads, ..request(&out, 4) };
        let results = done(run(&Toy::default(), &request, &Quiet).unwrap());
        let values = results.seeds.into_iter().map(|seed| (seed.seed, seed.measured));
        (results.claims, values.collect::<Vec<_>>())
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn what_is_finished_survives_an_interruption() {
    let dir = tempfile::tempdir().unwrap();
    let toy = Toy::default();
    let one_thread = Request { threads: 1, ..request(dir.path(), 4) };
    let stopped = run(&toy, &one_thread, &Stops(2, AtomicUsize::new(0))).unwrap();
    assert_eq!(stopped, Outcome::Interrupted { kept: 2, seeds: 4 });
    assert!(!dir.path().join("results.json").exists());
    let results = done(run(&toy, &one_thread, &Quiet).unwrap());
    assert_eq!((results.seeds.len(), toy.measured.load(Ordering::Relaxed)), (4, 4));
}

#[test]
fn a_diverged_seed_is_counted_and_not_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let toy = Toy { diverges: Some(2), ..Toy::default() };
    for _ in 0..2 {
        let results = done(run(&toy, &request(dir.path(), 3), &Quiet).unwrap());
        assert_eq!((results.diverged, toy.measured.load(Ordering::Relaxed)), (1, 3));
        assert_eq!(results.claims[0].measured.per_seed, [Some(1.0), None, Some(3.0)]);
        // the lost seed counts as worse than any: the median is 3, and the worst holds nothing
        assert_eq!(results.claims[0].measured.summary, Some(3.0));
        assert!(!results.claims[1].pass && results.failed());
        assert!(results.seeds[1].diverged.as_ref().unwrap().contains("rec.x"));
    }
}

#[test]
fn smoke_never_fails() {
    let dir = tempfile::tempdir().unwrap();
    let request = Request { scale: Scale::Smoke, seeds: None, ..request(dir.path(), 0) };
    let toy = Toy { diverges: Some(1), ..Toy::default() };
    let results = done(run(&toy, &request, &Quiet).unwrap());
    assert_eq!((results.seeds.len(), results.failed()), (2, false));
    assert!(results.held() < 2);
}

#[test]
fn directories_of_others_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("mine");
    run(&Toy::default(), &request(&out, 1), &Quiet).unwrap();
    let other = Toy { size: 7, ..Toy::default() };
    let error = run(&other, &request(&out, 1), &Quiet).unwrap_err();
    assert!(error.to_string().contains("other settings") && error.is_request(), "{error}");
    let foreign = dir.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("thesis.tex"), "x").unwrap();
    let error = run(&other, &request(&foreign, 1), &Quiet).unwrap_err();
    assert!(error.to_string().contains("no study's"), "{error}");
    assert!(matches!(run(&other, &request(&out, 0), &Quiet), Err(StudyError::NoSeeds)));
    fs::write(out.join("seeds/seed-1.json"), "{").unwrap();
    let error = run(&Toy::default(), &request(&out, 1), &Quiet).unwrap_err();
    assert!(error.to_string().contains("seed-1.json"), "{error}");
}
