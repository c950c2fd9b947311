//! The commands, one file each.

use std::time::Instant;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Answer;

mod analyse;
mod bench;
mod export;
mod features;
mod fit;
mod neurons;
mod recording;
mod report;
mod simulate;
mod study;
mod tasks;
mod train;
mod wirings;

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a network on a task, evaluate it, and report
    Train(train::Arguments),
    /// Fit a network to a recording, and judge it on held-out data beside simple baselines
    Fit(fit::Arguments),
    /// What is inside a recording (NWB, MATLAB, npz, CSV), drawn, and what could not be read
    Recording(recording::Arguments),
    /// Run a trained network on trials, left alone or interfered with
    Simulate(simulate::Arguments),
    /// Write a trained network in a format of other programs: NIR
    Export(export::Arguments),
    /// Features of images: what layers of a convolutional network in ONNX say of them
    Features(features::Arguments),
    /// Take a trained network apart: fixed points, dimension, decoding, perturbations, Lyapunov exponents
    Analyse(analyse::Arguments),
    /// Make the figures and the page of a run again
    Report(report::Arguments),
    /// Time training steps against the matrix-product peak and, with --peers, against JAX and PyTorch
    Bench(bench::Arguments),
    /// Rerun a publication over several seeds, and say which of its claims hold
    Study(study::Arguments),
    /// List the neurons there are, or show one with its equations
    Neurons(neurons::Arguments),
    /// List the wirings there are and the laws they are drawn from, or show one
    Wirings(wirings::Arguments),
    /// List the tasks there are, or show one with its options
    Tasks(tasks::Arguments),
}

impl Command {
    /// Does it. `began` is when the process did.
    pub(crate) fn run(self, began: Instant, json: bool) -> Result<Answer, Failure> {
        match self {
            Command::Train(arguments) => train::run(&arguments, began, json),
            Command::Fit(arguments) => fit::run(&arguments, began, json),
            Command::Recording(arguments) => recording::run(&arguments),
            Command::Simulate(arguments) => simulate::run(&arguments, began),
            Command::Export(arguments) => export::run(&arguments),
            Command::Features(arguments) => features::run(&arguments, json),
            Command::Analyse(arguments) => analyse::run(&arguments, began),
            Command::Report(arguments) => report::run(&arguments, began),
            Command::Bench(arguments) => bench::run(&arguments, began),
            Command::Study(arguments) => study::run(&arguments, json),
            Command::Neurons(arguments) => neurons::run(&arguments),
            Command::Wirings(arguments) => wirings::run(&arguments),
            Command::Tasks(arguments) => tasks::run(&arguments),
        }
    }
}
