//! One run of the table: everything interleaved, medians and minima over the repeats.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use attractor_numerics::{Isa, product};
use serde::Serialize;

use crate::case::{Case, TrainingStep};
use crate::eprop::{self, EpropCase, EpropRow};
use crate::error::BenchError;
use crate::finder::{self, Found, SearchCase, SearchRow};
use crate::fits::{self, FitCase, FitLine};
use crate::graphs::{self, GraphCase, GraphRow};
use crate::peers::{First, Peer};
use crate::pieces::{Piece, pieces};
use crate::programs::{of_spikes, programs, python, start_curbd, start_finder};
use crate::sernn::{self, SernnCase, SernnRow};
use crate::trials::{self, TrialsCase, TrialsRow, trials_row};

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rows of the table.
    pub cases: Vec<Case>,
    /// Searches of fixed points.
    pub searches: Vec<SearchCase>,
    /// Trials of e-prop that are timed.
    pub eprop: Vec<EpropCase>,
    /// Graph measures that are timed.
    pub graphs: Vec<GraphCase>,
    /// Trainings of spatially embedded networks that are timed.
    pub sernn: Vec<SernnCase>,
    /// Fits to recordings that are timed.
    pub fits: Vec<FitCase>,
    /// Tasks whose trials are timed.
    pub trials: Vec<TrialsCase>,
    /// Turns of each program and case.
    pub repeats: usize,
    /// Threads of the main columns.
    pub threads: usize,
    /// Shard counts to compare on the leaky cases; empty leaves the comparison out.
    pub shards: Vec<usize>,
    /// Whether the pieces are measured.
    pub pieces: bool,
    /// Folder of the peers' scripts; none runs without JAX and PyTorch.
    pub scripts: Option<PathBuf>,
    /// Where their environment is built.
    pub venv: PathBuf,
    /// Peers without a package: name and a folder whose program `serve` speaks the protocol;
    /// `fixed-point-finder` is a checkout of that program, which the peers' environment runs.
    pub others: Vec<(String, PathBuf)>,
    /// This program, for its own first update; the arguments that make one follow it.
    pub own: Vec<PathBuf>,
}

/// The machine and the moment.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processor.
    pub processor: String,
    /// Processors this process may use.
    pub cores: usize,
    /// Instruction set in use.
    pub isa: String,
    /// Load average of the last minute at the end of the run, our own included.
    pub load: Option<f64>,
    /// Measured matrix-product peak, one thread and all threads, Gflop/s.
    pub peak_gflops: [f64; 2],
}

/// Times of one program on one case.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// Median over turns of the median step of a turn, ms.
    pub median_ms: f64,
    /// The same of the fastest turn, ms.
    pub min_ms: f64,
}

/// One row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was trained.
    pub case: Case,
    /// Per program; a peer that did not run is missing.
    pub times: BTreeMap<String, Cell>,
    /// Time of the fastest peer over ours, medians.
    pub ratio: Option<f64>,
    /// Fraction of the measured matrix-product peak we reach, from our median.
    pub of_peak: f64,
    /// Fraction of our units that fire at a step, where they spike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fires: Option<f64>,
}

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// Version of attractor.
    pub version: &'static str,
    /// Where it ran.
    pub machine: Machine,
    /// Turns per cell.
    pub repeats: usize,
    /// Rows.
    pub rows: Vec<Row>,
    /// Searches of fixed points.
    pub searches: Vec<SearchRow>,
    /// E-prop of single trials.
    pub eprop: Vec<EpropRow>,
    /// Graph measures.
    pub graphs: Vec<GraphRow>,
    /// Trainings of spatially embedded networks.
    pub sernn: Vec<SernnRow>,
    /// Fits to recordings.
    pub fits: Vec<FitLine>,
    /// Trials per second.
    pub trials: Vec<TrialsRow>,
    /// Median ms of the leaky cases by number of shards.
    pub shards: BTreeMap<String, BTreeMap<usize, f64>>,
    /// First updates.
    pub first_updates: BTreeMap<String, First>,
    /// Pieces.
    pub pieces: Vec<Piece>,
    /// Peers that did not run, and why; commits of those from folders.
    pub notes: Vec<String>,
}

/// Name of our column.
fn ours(threads: usize) -> String {
    format!("attractor, {threads} thread{}", if threads == 1 { "" } else { "s" })
}

/// Runs the table. `say` hears what is being done.
///
/// # Errors
/// If one of our own cases fails; a peer that fails is noted as not run.
pub fn run(options: &Options, mut say: impl FnMut(&str)) -> Result<Table, BenchError> {
    let isa = Isa::best();
    say("measuring the matrix-product peak");
    let peak = [product::peak::<f32>(isa, 1), product::peak::<f32>(isa, options.threads)];
    let mut notes = Vec::new();
    let programs = programs(options, &mut notes, &mut say);
    let mut peers: Vec<Peer> = Vec::new();
    for (name, program) in programs.iter().chain(&of_spikes(options, &programs)) {
        match Peer::start(program, options.threads) {
            Ok(peer) => peers.push(peer),
            Err(error) => notes.push(format!("{name}: not run ({error})")),
        }
    }
    let mut rows = Vec::new();
    for &case in &options.cases {
        say(&format!("training step: {case}"));
        rows.push(row(case, options, &mut peers, peak[1], &mut notes)?);
    }
    let mut shards = BTreeMap::new();
    if !options.shards.is_empty() {
        for &case in options.cases.iter().filter(|case| case.cell == "leaky") {
            say(&format!("shards: {case}"));
            shards.insert(case.to_string(), by_shards(case, options)?);
        }
    }
    drop(peers);
    let mut searches = Vec::new();
    if !options.searches.is_empty() {
        let mut peer = start_finder(options, &mut notes);
        for &case in &options.searches {
            say(&case.to_string());
            // a search takes seconds where a step takes milliseconds
            let repeats = options.repeats.min(3);
            searches.push(finder::row(case, repeats, options.threads, &mut peer, &mut notes)?);
        }
    }
    let python = programs.iter().find(|(name, _)| name == "jax").map(|(_, program)| &program[0]);
    let mut local = Vec::new();
    if let (Some(python), Some(scripts), false) =
        (python, &options.scripts, options.eprop.is_empty())
    {
        local = eprop::peers(python, scripts, &mut notes);
    }
    let mut by_eprop = Vec::new();
    for &case in &options.eprop {
        say(&case.to_string());
        by_eprop.push(eprop::row(case, options.repeats, &mut local, &mut notes)?);
    }
    drop(local);
    let graphs = graphs(options, &programs, &mut notes, &mut say)?;
    let sernn = trainings(options, python, &mut notes, &mut say)?;
    let mut by_fit = Vec::new();
    if !options.fits.is_empty() {
        let (mut peer, mut pass_ms) = (start_curbd(options, &mut notes), None);
        for &case in &options.fits {
            say(&case.to_string());
            let lines = fits::lines(case, options.repeats, &mut peer, &mut pass_ms, &mut notes)?;
            by_fit.extend(lines);
        }
    }
    let trials = trials(options, &programs, &mut notes, &mut say);
    say("first updates");
    let mut first_updates = BTreeMap::new();
    let own = ("attractor".to_owned(), options.own.clone());
    for (name, program) in std::iter::once(&own).chain(&programs).filter(|(_, p)| !p.is_empty()) {
        // the first run reads the files from disk
        let runs: Result<Vec<First>, _> =
            (0..4).map(|_| Peer::first_update(program, options.threads)).collect();
        match runs {
            Ok(mut runs) => {
                runs.remove(0);
                runs.sort_by(|a, b| a.first_update_ms.total_cmp(&b.first_update_ms));
                first_updates.insert(name.clone(), runs[1]);
            }
            Err(error) => notes.push(format!("{name}, first update: not run ({error})")),
        }
    }
    let mut measured = Vec::new();
    if options.pieces {
        for isa in Isa::available().into_iter().rev() {
            say(&format!("pieces on {isa}"));
            let found = pieces(isa);
            let problem = |e: attractor_equations::NeuronError| BenchError::Case {
                case: "pieces".into(),
                problem: e.to_string(),
            };
            measured.extend(found.map_err(problem)?);
        }
    }
    let machine = Machine {
        processor: processor(),
        cores: options.threads,
        isa: isa.to_string(),
        load: load(),
        peak_gflops: peak.map(|p| p / 1e9),
    };
    Ok(Table {
        version: env!("CARGO_PKG_VERSION"),
        machine,
        repeats: options.repeats,
        rows,
        searches,
        eprop: by_eprop,
        graphs,
        sernn,
        fits: by_fit,
        trials,
        shards,
        first_updates,
        pieces: measured,
        notes,
    })
}

/// Whole trainings, in turn with JAX's; each takes seconds.
fn trainings(
    options: &Options,
    python: Option<&PathBuf>,
    notes: &mut Vec<String>,
    say: &mut impl FnMut(&str),
) -> Result<Vec<SernnRow>, BenchError> {
    let mut peer = None;
    if let (Some(python), Some(scripts), false) =
        (python, &options.scripts, options.sernn.is_empty())
    {
        match sernn::peer(python, scripts, options.threads) {
            Ok(started) => peer = Some(started),
            Err(error) => notes.push(format!("sernn_jax.py: not run ({error})")),
        }
    }
    let mut row = |&case: &SernnCase| {
        say(&case.to_string());
        sernn::row(case, options.repeats.min(3), options.threads, &mut peer, notes)
    };
    options.sernn.iter().map(&mut row).collect()
}

/// The trials of every task, in turn with those of NeuroGym.
fn trials(
    options: &Options,
    programs: &[(String, Vec<PathBuf>)],
    notes: &mut Vec<String>,
    say: &mut impl FnMut(&str),
) -> Vec<TrialsRow> {
    let python = python(programs);
    let mut peer = None;
    if let (Some(python), Some(scripts)) = (python, &options.scripts) {
        match Peer::start(&[python.clone(), scripts.join("neurogym_trials.py")], 1) {
            Ok(started) => peer = Some(started),
            Err(error) => notes.push(format!("neurogym: not run ({error})")),
        }
    }
    let mut rows = Vec::new();
    for case in &options.trials {
        say(&case.to_string());
        match trials_row(case, options.repeats, options.threads, &mut peer, notes) {
            Ok(row) => rows.push(row),
            Err(error) => notes.push(format!("not run: {error}")),
        }
    }
    rows
}

/// The graph measures, in turn with python-igraph and NetworkX.
fn graphs(
    options: &Options,
    programs: &[(String, Vec<PathBuf>)],
    notes: &mut Vec<String>,
    say: &mut impl FnMut(&str),
) -> Result<Vec<GraphRow>, BenchError> {
    if options.graphs.is_empty() {
        return Ok(Vec::new());
    }
    let mut peers = match (python(programs), &options.scripts) {
        (Some(python), Some(scripts)) => graphs::peers(python, scripts, notes),
        _ => Vec::new(),
    };
    let mut rows = Vec::new();
    for &case in &options.graphs {
        say(&case.to_string());
        rows.push(graphs::row(case, options.repeats, &mut peers, notes)?);
    }
    Ok(rows)
}

/// Pause before a program's turn: the threads of the one before wait for work in a loop for a while,
/// and would be timed against it.
const PAUSE: Duration = Duration::from_millis(300);
/// How long a program steps in one turn, ms: training is steps one after the other.
const TURN: f64 = 150.0;

/// Steps of a turn, from the time of one.
fn turn(ms: f64) -> usize {
    ((TURN / ms) as usize).clamp(3, 50)
}

/// Median of a turn's steps but the first third, which wakes threads and fills caches.
fn settled(ms: &[f64]) -> f64 {
    median(ms[ms.len() / 3..].to_vec())
}

/// The middle of some times, or of some ratios.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Times every program on one case, in turn: a pause, then some steps.
fn row(
    case: Case,
    options: &Options,
    peers: &mut Vec<Peer>,
    peak: f64,
    notes: &mut Vec<String>,
) -> Result<Row, BenchError> {
    let mut threads = vec![options.threads, 1];
    threads.dedup();
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut own = Vec::new();
    for &threads in &threads {
        let mut step = TrainingStep::new(case, threads, None)?;
        step.step()?;
        let steps = turn(step.step()?);
        own.push((ours(threads), step, steps));
    }
    let mut steps = vec![0; peers.len()];
    for repeat in 0..=options.repeats {
        if repeat > 0 {
            for (name, step, steps) in &mut own {
                let turn = after_pause(|| (0..*steps).map(|_| step.step()).collect());
                let turn: Result<Vec<f64>, BenchError> = turn;
                times.entry(name.clone()).or_default().push(settled(&turn?));
            }
        }
        // a first turn of two steps says how many fit into one
        let mut kept = Vec::new();
        let mut next = Vec::new();
        for (mut peer, steps) in std::mem::take(peers).into_iter().zip(steps) {
            match after_pause(|| peer.time(case, steps.max(2))) {
                Ok(ms) => {
                    let last = ms.as_ref().and_then(|ms| ms.last());
                    next.push(if repeat == 0 { last.map_or(0, |&ms| turn(ms)) } else { steps });
                    if let Some(ms) = ms.filter(|_| repeat > 0) {
                        times.entry(peer.name.clone()).or_default().push(settled(&ms));
                    }
                    kept.push(peer);
                }
                Err(error) => {
                    notes.push(format!("{}, {case} and later: not run ({error})", peer.name));
                }
            }
        }
        (*peers, steps) = (kept, next);
    }
    let times: BTreeMap<String, Cell> = times
        .into_iter()
        .map(|(name, ms)| {
            let min_ms = ms.iter().copied().fold(f64::INFINITY, f64::min);
            (name, Cell { median_ms: median(ms), min_ms })
        })
        .collect();
    let mine = times[&ours(options.threads)].median_ms;
    let others = times.iter().filter(|(name, _)| !name.starts_with("attractor"));
    let fastest = others.map(|(_, cell)| cell.median_ms).min_by(f64::total_cmp);
    let of_peak = case.flops() / (mine * 1e-3) / peak;
    let ratio = fastest.map(|fastest| fastest / mine);
    Ok(Row { case, times, ratio, of_peak, fires: own[0].1.fires()? })
}

fn after_pause<R>(run: impl FnOnce() -> R) -> R {
    std::thread::sleep(PAUSE);
    run()
}

fn by_shards(case: Case, options: &Options) -> Result<BTreeMap<usize, f64>, BenchError> {
    let mut steps = Vec::new();
    for &shards in &options.shards {
        let mut step = TrainingStep::new(case, options.threads, Some(shards))?;
        step.step()?;
        steps.push((shards, step, Vec::new()));
    }
    for _ in 0..options.repeats {
        for (_, step, ms) in &mut steps {
            let turn: Result<Vec<f64>, BenchError> = (0..3).map(|_| step.step()).collect();
            ms.push(settled(&turn?));
        }
    }
    Ok(steps.into_iter().map(|(shards, _, ms)| (shards, median(ms))).collect())
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.and_then(|line| line.split_once(':')).map(|(_, name)| name.trim().to_owned());
    model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

impl Table {
    /// Writes the run as JSON and Markdown beside each other: `NAME.json`, `NAME.md`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(), BenchError> {
        let file = |path: &Path, source| BenchError::File { path: path.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(|e| file(folder, e))?;
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        for (ending, text) in [("json", json), ("md", self.to_string())] {
            let path = folder.join(format!("{name}.{ending}"));
            attractor_data::files::write_atomically(&path, |out| {
                std::io::Write::write_all(out, text.as_bytes())
            })
            .map_err(|e| file(&path, std::io::Error::other(e.to_string())))?;
        }
        Ok(())
    }
}

/// As Markdown.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { processor, cores, isa, load, peak_gflops: [one, all] } = &self.machine;
        writeln!(
            f,
            "{processor}, {cores} threads, {isa}; matrix-product peak {one:.0} Gflop/s on one thread, {all:.0} on {cores}."
        )?;
        if let Some(load) = load {
            writeln!(f, "Load average at the end: {load:.2}.")?;
        }
        writeln!(
            f,
            "ms for a step, medians of {} turns; programs take turns, each of {TURN} ms after a pause.",
            self.repeats
        )?;
        let (spiking, rates): (Vec<&Row>, Vec<&Row>) =
            self.rows.iter().partition(|row| row.case.spikes());
        print_rows(f, &rates)?;
        print_rows(f, &spiking)?;
        if !self.searches.is_empty() {
            write!(f, "\n| `x ↦ tanh(W x)`, g = 1.5 | program | ms | verified starts |")?;
            writeln!(f, " beyond the origin | points | ms per verified start | faster |")?;
            writeln!(f, "|---|---|---:|---:|---:|---:|---:|---:|")?;
        }
        for SearchRow { case, found, ratio } in &self.searches {
            for (name, found) in found {
                let Found { total_ms, verified, beyond_origin, distinct, ms_per_verified } = found;
                let ratio = ratio.filter(|_| name.starts_with("attractor"));
                writeln!(
                    f,
                    "| {case} | {name} | {} | {:.0} % | {:.0} % | {distinct} | {} | {} |",
                    three_digits(*total_ms),
                    100.0 * verified,
                    100.0 * beyond_origin,
                    three_digits(*ms_per_verified),
                    ratio.map_or(String::new(), |ratio| format!("{ratio:.1} ×"))
                )?;
            }
        }
        eprop::print(&self.eprop, f)?;
        graphs::print(&self.graphs, f)?;
        sernn::print(&self.sernn, f)?;
        fits::print(&self.fits, f)?;
        trials::print(&self.trials, f)?;
        if !self.first_updates.is_empty() {
            writeln!(
                f,
                "\n| process start to first update (leaky, N = 128) | ms | peak memory, MiB |\n|---|---:|---:|"
            )?;
            for (name, first) in &self.first_updates {
                writeln!(f, "| {name} | {:.0} | {:.0} |", first.first_update_ms, first.peak_mib)?;
            }
        }
        if let Some((_, first)) = self.shards.first_key_value() {
            write!(f, "\n| ms by number of shards |")?;
            first.keys().try_for_each(|k| write!(f, " {k} |"))?;
            writeln!(f, "\n|---|{}", "---:|".repeat(first.len()))?;
            for (case, times) in &self.shards {
                write!(f, "| {case} |")?;
                times.values().try_for_each(|ms| write!(f, " {} |", three_digits(*ms)))?;
                writeln!(f)?;
            }
        }
        if !self.pieces.is_empty() {
            writeln!(
                f,
                "\n| piece (one thread) | instruction set | operations | |\n|---|---|---:|---:|"
            )?;
            for Piece { name, isa, value, unit, operations } in &self.pieces {
                let operations = operations.map_or(String::new(), |n| n.to_string());
                writeln!(f, "| {name} | {isa} | {operations} | {} {unit} |", three_digits(*value))?;
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "\n{note}"))
    }
}

/// Rows of training steps, with a column for every program that ran one of them.
fn print_rows(f: &mut fmt::Formatter<'_>, rows: &[&Row]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let mut names: Vec<&String> = rows.iter().flat_map(|row| row.times.keys()).collect();
    names.sort();
    names.dedup();
    write!(f, "\n| training step |")?;
    names.iter().try_for_each(|name| write!(f, " {name} |"))?;
    let spikes = rows.iter().any(|row| row.fires.is_some());
    let fire = if spikes { (" fire at a step |", "---:|") } else { ("", "") };
    writeln!(f, " faster than the best peer | of peak |{}", fire.0)?;
    writeln!(f, "|---|{}---:|---:|{}", "---:|".repeat(names.len()), fire.1)?;
    for row in rows {
        write!(f, "| {} |", row.case)?;
        for name in &names {
            match row.times.get(*name) {
                Some(cell) => write!(f, " {} |", three_digits(cell.median_ms))?,
                None => write!(f, " not run |")?,
            }
        }
        match row.ratio {
            Some(ratio) => write!(f, " {ratio:.1} × |")?,
            None => write!(f, " not run |")?,
        }
        write!(f, " {:.0} % |", 100.0 * row.of_peak)?;
        match row.fires {
            Some(fires) => writeln!(f, " {:.1} % |", 100.0 * fires)?,
            None => writeln!(f)?,
        }
    }
    Ok(())
}

/// A number with three significant digits.
fn three_digits(x: f64) -> String {
    let digits = 2 - x.abs().max(1e-9).log10().floor() as i32;
    format!("{x:.*}", digits.clamp(0, 6) as usize)
}
