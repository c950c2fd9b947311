//! `attractor bench`: the speed table.

use std::path::{Path, PathBuf};
use std::time::Instant;

use attractor_bench::{
    BenchError, CASES, EPROP, FITS, Options, SEARCHES, SERNN, Table, graph_cases, trials_cases,
};
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Answer, complain};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  attractor bench --only leaky\n  attractor bench --structures\n  attractor bench --peers --pieces --save benches/runs"
)]
pub(crate) struct Arguments {
    /// Build the peers' Python environment (2.6 GB to download) and run JAX and PyTorch in turn with us
    #[arg(long)]
    peers: bool,
    /// Another peer: a folder whose program `serve` speaks the protocol of benches/peers/README.md;
    /// with the names fixed-point-finder and curbd, checkouts of these programs
    #[arg(long = "peer", value_name = "NAME=DIR", value_parser = name_and_folder)]
    others: Vec<(String, PathBuf)>,
    /// Measure the pieces of a step too, on every instruction set
    #[arg(long)]
    pieces: bool,
    /// Time networks with few weights and of low rank beside dense ones, and nothing else
    #[arg(long)]
    structures: bool,
    /// Compare 2, 4, 8 and 16 shards
    #[arg(long)]
    shards: bool,
    /// Only the cases whose name contains this, such as `leaky` or `N = 128`
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Turns per program and case
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..1000))]
    repeats: u16,
    /// Threads of the main columns; by default all
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..1000))]
    threads: Option<u16>,
    /// Write the run to this folder as JSON and Markdown, named after date and machine
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Folder of the peers' scripts
    #[arg(long, value_name = "DIR", default_value = "benches/peers")]
    scripts: PathBuf,
    /// Where the peers' environment is built
    #[arg(long, value_name = "DIR", default_value = "target/peers")]
    venv: PathBuf,
    /// Make one update, print its time from the start of this process, and end
    #[arg(long, hide = true)]
    first_update: bool,
}

fn name_and_folder(text: &str) -> Result<(String, PathBuf), String> {
    let (name, folder) = text.split_once('=').ok_or("expected NAME=DIR")?;
    Ok((name.to_owned(), PathBuf::from(folder)))
}

pub(crate) fn run(arguments: &Arguments, began: Instant) -> Result<Answer, Failure> {
    let failed = |error: BenchError| Failure::Failed(error.to_string());
    let threads = match arguments.threads {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism().map_or(1, |n| n.get()),
    };
    if arguments.first_update {
        attractor_bench::first_update(threads).map_err(failed)?;
        let ms = began.elapsed().as_secs_f64() * 1e3;
        let value = json!({ "first_update_ms": ms, "peak_mib": peak_mib() });
        return Ok(Answer::new(format!("{value}\n"), &value));
    }
    if arguments.structures {
        let repeats = usize::from(arguments.repeats);
        let table = attractor_bench::structures(repeats, threads, complain).map_err(failed)?;
        return Ok(Answer::new(table.to_string(), &table));
    }
    let wanted = |text: &str| arguments.only.as_ref().is_none_or(|only| text.contains(only));
    let cases: Vec<_> = CASES.into_iter().filter(|case| wanted(&case.to_string())).collect();
    let searches: Vec<_> = SEARCHES.into_iter().filter(|case| wanted(&case.to_string())).collect();
    let eprop: Vec<_> = EPROP.into_iter().filter(|case| wanted(&case.to_string())).collect();
    let sernn: Vec<_> = SERNN.into_iter().filter(|case| wanted(&case.to_string())).collect();
    let graphs: Vec<_> =
        graph_cases().into_iter().filter(|case| wanted(&case.to_string())).collect();
    let fits: Vec<_> = FITS.into_iter().filter(|case| wanted(&case.to_string())).collect();
    let trials: Vec<_> =
        trials_cases().into_iter().filter(|case| wanted(&case.to_string())).collect();
    let none = [cases.is_empty(), searches.is_empty(), eprop.is_empty(), sernn.is_empty()];
    if none == [true; 4] && graphs.is_empty() && fits.is_empty() && trials.is_empty() {
        let steps = CASES.iter().map(ToString::to_string);
        let searches = SEARCHES.iter().map(ToString::to_string);
        let tasks = trials_cases();
        let tasks = tasks.iter().map(ToString::to_string);
        let eprop = EPROP.iter().map(ToString::to_string);
        let sernn = SERNN.iter().map(ToString::to_string);
        let graphs = graph_cases();
        let graphs = graphs.iter().map(ToString::to_string);
        let fits = FITS.iter().map(ToString::to_string);
        let known = steps.chain(searches).chain(eprop).chain(sernn).chain(graphs);
        let known: Vec<String> = known.chain(fits).chain(tasks).collect();
        return Err(Failure::Request(format!(
            "--only leaves no case; there are:\n  {}",
            known.join("\n  ")
        )));
    }
    let own = std::env::current_exe().map(|exe| vec![exe, "bench".into()]);
    let options = Options {
        cases,
        searches,
        eprop,
        sernn,
        graphs,
        fits,
        trials,
        repeats: usize::from(arguments.repeats),
        threads,
        shards: if arguments.shards { vec![2, 4, 8, 16] } else { vec![] },
        pieces: arguments.pieces,
        scripts: arguments.peers.then(|| arguments.scripts.clone()),
        venv: arguments.venv.clone(),
        others: arguments.others.clone(),
        own: own.unwrap_or_default(),
    };
    let table = attractor_bench::run(&options, complain).map_err(failed)?;
    if let Some(folder) = &arguments.save {
        save(&table, folder).map_err(failed)?;
    }
    Ok(Answer::new(table.to_string(), &table))
}

/// Writes the run under a name of today's date and the processor.
fn save(table: &Table, folder: &Path) -> Result<(), BenchError> {
    let machine: String = (table.machine.processor.to_lowercase().chars())
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let today: String = attractor::run::now().chars().take(10).collect();
    table.write(folder, &format!("{today}-{}", machine.trim_matches('-')))
}

/// Largest resident memory of this process, MiB.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}
