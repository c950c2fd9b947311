//! `attractor study`

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use attractor_study::{
    Event, Observer, Outcome, Request, STUDIES, Scale, Study, find, run as measure,
};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::failure::Failure;
use crate::interrupt;
use crate::output::{Answer, complain, table};
use crate::progress::duration;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "\
Examples:
  attractor study list
  attractor study show sequential-interference
  attractor study run sequential-interference
  attractor study run initialization --scale smoke --out runs/init

A study reruns a publication over several seeds and says which of its claims hold. Exit code 1: at
quick or paper scale, a claim does not hold. Ctrl-C keeps finished seeds; the same command goes on.";

#[derive(Debug, Subcommand)]
enum What {
    /// The studies there are
    List,
    /// The publication, what is claimed, and what each scale computes
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Measure its claims over seeds
    #[command(after_help = EXAMPLES)]
    Run(Run),
}

#[derive(Debug, Args)]
struct Run {
    /// A study (`attractor study list`)
    #[arg(value_name = "NAME")]
    name: String,

    /// smoke: seconds, concludes nothing; quick: minutes; paper: the sizes of the publication
    #[arg(long, default_value = "quick")]
    scale: Scale,

    /// Seeds 1 to K [default: the study's own number; 2 at smoke scale]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=1000))]
    seeds: Option<u16>,

    /// Directory of the results; seeds found in it are not measured again
    /// [default: runs/study-NAME-SCALE]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Folder with data that the study does not hold (`attractor study show NAME` says which); claims that
    /// need it are left out without
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Worker threads; they do not change results [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Answer, Failure> {
    match &arguments.what {
        What::List => Ok(list()),
        What::Show { name } => Ok(show(find(name).map_err(failure)?)),
        What::Run(run) => go(run, json),
    }
}

fn failure(error: attractor_study::StudyError) -> Failure {
    match error.is_request() {
        true => Failure::Request(error.to_string()),
        false => Failure::Failed(error.to_string()),
    }
}

fn list() -> Answer {
    let mut rows = vec![["name", "publication", "claims", "seeds"].map(str::to_owned).to_vec()];
    let mut values = Vec::new();
    for study in STUDIES {
        let (claims, seeds) = (study.expected().len(), study.seeds());
        rows.push(vec![
            study.name().to_owned(),
            study.title().to_owned(),
            claims.to_string(),
            seeds.to_string(),
        ]);
        values.push(json!({
            "name": study.name(), "title": study.title(), "reference": study.reference(),
            "claims": claims, "seeds": seeds,
        }));
    }
    let text = format!("{}\n`attractor study show NAME` has the claims.\n", table(&rows));
    Answer::new(text, &values)
}

fn show(study: &dyn Study) -> Answer {
    let mut rows = Vec::new();
    let mut claims = Vec::new();
    for claim in study.expected() {
        let sign = claim.relation.sign();
        rows.push(vec![format!("{} {sign} {}", claim.id, claim.value), claim.statement.to_owned()]);
        claims.push(json!({
            "id": claim.id, "statement": claim.statement, "source": claim.source,
            "relation": claim.relation, "expected": claim.value, "over": claim.over,
        }));
    }
    for reported in study.reported() {
        rows.push(vec![format!("{} (reported)", reported.id), reported.statement.to_owned()]);
    }
    let needs = study.needs().map(|needs| format!("Data for --data DIR: {needs}\n\n"));
    let needs = needs.unwrap_or_default();
    let mut text = format!(
        "{}: {}\n{}\n\n{}\n\nClaims, over {} seeds\n{}\n{needs}Scales\n",
        study.name(),
        study.title(),
        study.reference(),
        study.summary(),
        study.seeds(),
        table(&rows)
    );
    let mut scales = BTreeMap::new();
    for scale in Scale::ALL {
        let settings = study.settings(scale);
        let pairs: Vec<String> = settings.iter().map(|(key, v)| format!("{key} = {v}")).collect();
        text.push_str(&format!("  {:5}  {}\n", scale.to_string(), pairs.join(", ")));
        scales.insert(scale.to_string(), settings);
    }
    let value = json!({
        "name": study.name(), "title": study.title(), "reference": study.reference(),
        "summary": study.summary(), "seeds": study.seeds(), "needs": study.needs(), "claims": claims, "scales": scales,
    });
    Answer::new(text, &value)
}

fn go(arguments: &Run, json: bool) -> Result<Answer, Failure> {
    let study = find(&arguments.name).map_err(failure)?;
    let default = || PathBuf::from(format!("runs/study-{}-{}", study.name(), arguments.scale));
    let out = arguments.out.clone().unwrap_or_else(default);
    let threads = match arguments.threads {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism().map_or(1, |n| n.get()),
    };
    let seeds = arguments.seeds.map(usize::from);
    let data =
        arguments.data.as_deref().map(|data| std::path::absolute(data).unwrap_or(data.to_owned()));
    if let Some(missing) = data.as_deref().filter(|data| !data.is_dir()) {
        let message = format!("--data {}: there is no such folder", missing.display());
        return Err(Failure::Request(message));
    }
    let request = Request { scale: arguments.scale, seeds, threads, out: out.clone(), data };
    let watch = Watch::new(interrupt::flag(), json);
    let outcome = measure(study, &request, &watch).map_err(failure)?;
    drop(watch);
    match outcome {
        Outcome::Interrupted { kept, seeds } => {
            let mut again =
                format!("attractor study run {} --scale {}", study.name(), request.scale);
            again.push_str(&format!(" --out {}", out.display()));
            if let Some(data) = &request.data {
                again.push_str(&format!(" --data {}", data.display()));
            }
            if arguments.seeds.is_some() {
                again.push_str(&format!(" --seeds {seeds}"));
            }
            complain(&format!("{kept} of {seeds} seeds are kept"));
            Err(Failure::Stopped { directory: out, again })
        }
        Outcome::Done(results) => {
            let report = out.join("report.html");
            let text = format!("{results}\n  report  {}\n", report.display());
            let answer = Answer::new(text, &json!({ "directory": out, "results": results }));
            Ok(if results.failed() { answer.failed() } else { answer })
        }
    }
}

/// One display for all seeds: a bar on a terminal, a line per finished seed elsewhere.
struct Watch {
    stop: Arc<AtomicBool>,
    quiet: bool,
    begun: Instant,
    at: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    seeds: usize,
    kept: usize,
    /// How far each seed is that was begun.
    done: BTreeMap<u64, f64>,
}

/// Ticks of the bar per seed.
const TICKS: f64 = 1000.0;

impl Watch {
    fn new(stop: Arc<AtomicBool>, quiet: bool) -> Self {
        Watch { stop, quiet, begun: Instant::now(), at: Mutex::default() }
    }

    fn line(&self, state: &State, text: &str) {
        match &state.bar {
            _ if self.quiet => {}
            Some(bar) => bar.suspend(|| complain(text)),
            None => complain(text),
        }
    }
}

impl Observer for Watch {
    fn event(&self, event: &Event<'_>) {
        // a panic elsewhere leaves nothing here half done
        let mut state = self.at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match event {
            Event::Begun { seeds, kept } => {
                (state.seeds, state.kept) = (*seeds, *kept);
                if *kept > 0 {
                    self.line(&state, &format!("{kept} of {seeds} seeds were measured before"));
                }
                if !self.quiet && std::io::stderr().is_terminal() {
                    let style = ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}")
                        .unwrap_or_else(|_| ProgressStyle::default_bar());
                    let bar = ProgressBar::new(((seeds - kept) as f64 * TICKS) as u64);
                    bar.enable_steady_tick(Duration::from_millis(500));
                    state.bar = Some(bar.with_style(style));
                }
            }
            Event::Progress { seed, done, what } => {
                state.done.insert(*seed, *done);
                let Some(bar) = &state.bar else { return };
                let sum: f64 = state.done.values().sum();
                bar.set_position((sum * TICKS) as u64);
                let left = ((state.seeds - state.kept) as f64 - sum) / sum.max(1e-9);
                let left = duration(self.begun.elapsed().as_secs_f64() * left);
                bar.set_message(format!("seed {seed}: {what}  about {left} left"));
            }
            Event::Finished { seed, seconds, diverged } => {
                state.done.insert(*seed, 1.0);
                let how = diverged.map_or(String::new(), |why| format!(", diverged: {why}"));
                self.line(&state, &format!("seed {seed} measured in {}{how}", duration(*seconds)));
            }
            _ => {}
        }
    }

    fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let state = self.at.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(bar) = &state.bar {
            bar.finish_and_clear();
        }
    }
}
