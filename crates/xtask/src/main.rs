//! The one command that people and CI run: `cargo xtask test`.
//!
//! A list of [steps](step::Step), each a cargo command or a check of this crate's own. They run in
//! order and stop at the first that fails. Standard library only, so that it is there at once.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a command line speaks; libraries do not

mod arrows;
mod browser;
mod main_job;
mod pages;
mod step;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use step::{Action, Step};

/// Everything there is to run, cheapest first. `check` runs those marked fast.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "formatting, by rustfmt.toml",
        fast: true,
        action: Action::Cargo(&["fmt", "--all", "--check"], &[]),
    },
    Step {
        name: "arrows",
        about: "which room knows which, against the map in CONTRIBUTING.md",
        fast: true,
        action: Action::Check(arrows::check),
    },
    Step {
        name: "pages",
        about: "Markdown: no dead links, every page under docs/ listed, the README's example compiled",
        fast: true,
        action: Action::Check(pages::check),
    },
    Step {
        name: "clippy",
        about: "lints of all targets, warnings as errors",
        fast: true,
        action: Action::Cargo(
            &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
            &[],
        ),
    },
    Step {
        name: "docs",
        about: "reference pages of all libraries, warnings as errors",
        fast: false,
        // --lib: the command and the facade are both called `attractor` and would share a page
        action: Action::Cargo(
            &["doc", "--workspace", "--no-deps", "--lib"],
            &[("RUSTDOCFLAGS", "-D warnings")],
        ),
    },
    Step {
        name: "tests",
        about: "unit, property, contract and documentation tests, the README's example among them",
        fast: false,
        action: Action::Cargo(&["test", "--workspace"], &[]),
    },
    Step {
        name: "browser",
        about: "the page in headless Chromium: drawn, turned, hovered, alone (apt-get installs it)",
        fast: false,
        action: Action::Check(browser::check),
    },
    Step {
        name: "main-job",
        about: "the README's first command, with few updates; looks at the run directory",
        fast: false,
        action: Action::Check(main_job::check),
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let named: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let chosen: Vec<&Step> = match named[..] {
        [] | ["help" | "--help" | "-h"] => {
            print!("{}", help());
            return ExitCode::SUCCESS;
        }
        ["test"] => STEPS.iter().collect(),
        ["check"] => STEPS.iter().filter(|step| step.fast).collect(),
        [name] => STEPS.iter().filter(|step| step.name == name).collect(),
        _ => Vec::new(),
    };
    if chosen.is_empty() {
        eprint!("`cargo xtask {}` is not a command.\n\n{}", named.join(" "), help());
        return ExitCode::from(2);
    }
    if step::run(&root(), &chosen) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The directory of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn help() -> String {
    let mut text = String::from(
        "Usage: cargo xtask COMMAND\n\n\
         \x20 test       all steps below, in order; what .ci/run runs\n\
         \x20 check      the fast ones, marked *\n\nSteps:\n",
    );
    for step in STEPS {
        let mark = if step.fast { '*' } else { ' ' };
        text.push_str(&format!("{mark} {:<10} {}\n", step.name, step.about));
    }
    text
}
