//! The `attractor` command: a thin shell over the library.
//!
//! One file per command under `commands/`. A command returns what it found as [`output::Answer`], text
//! for people and JSON for machines; `main` prints one of them. Exit codes: 0 done, 1 a run failed or
//! a claim did not hold, 2 the request was wrong, 130 interrupted.

mod commands;
mod failure;
mod interrupt;
mod output;
mod progress;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use crate::commands::Command;

/// Keeps memory that was given back for a while: batches of trials are made and dropped with every update,
/// and the system's allocator has the kernel clear their pages each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Build, train and take apart recurrent neural networks as models of the brain.
#[derive(Debug, Parser)]
#[command(name = "attractor", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// Answer in JSON, on standard output
    #[arg(long, global = true)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  attractor train context-decision                      train, evaluate, report
  attractor train flip-flop network.neuron=gru --seed 2
  attractor fit hvc.npz                                 fit a network to a recording
  attractor recording session.nwb --plot session.png    what is inside a recording
  attractor tasks show context-decision                 what a task is, and its options
  attractor neurons show leaky-tanh                     equations and symbols
  attractor study run sequential-interference           a publication's claims, measured
  attractor simulate runs/context-decision-seed1 --inputs trials.npz --out states.npz

Exit codes: 0 done, 1 a run failed or a claim did not hold, 2 the request was wrong, 130 interrupted.";

fn main() -> ExitCode {
    let began = Instant::now();
    let arguments = Arguments::parse();
    match arguments.command.run(began, arguments.json) {
        Ok(answer) => {
            output::say(&if arguments.json { answer.json() } else { answer.text });
            ExitCode::from(answer.code)
        }
        Err(failure) => {
            if arguments.json {
                output::say(&failure.json());
            } else {
                output::complain(&failure.text());
            }
            ExitCode::from(failure.code())
        }
    }
}
