//! Steps: run in order, timed, stopped at the first failure.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// One thing to run.
pub(crate) struct Step {
    /// Its name: `cargo xtask NAME` runs it alone.
    pub(crate) name: &'static str,
    /// What it is, in one line.
    pub(crate) about: &'static str,
    /// Whether `cargo xtask check` runs it.
    pub(crate) fast: bool,
    /// What it does.
    pub(crate) action: Action,
}

/// What a step does.
pub(crate) enum Action {
    /// A cargo command: arguments, and variables of its environment.
    Cargo(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// A function of the root of the workspace; it says what is wrong.
    Check(fn(&Path) -> Result<(), String>),
}

impl Action {
    /// The command as one would type it; none for a check.
    fn typed(&self) -> Option<String> {
        let Action::Cargo(arguments, environment) = self else { return None };
        let mut words: Vec<String> =
            environment.iter().map(|(key, value)| format!("{key}='{value}'")).collect();
        words.push("cargo".to_owned());
        words.extend(arguments.iter().map(|&argument| argument.to_owned()));
        Some(words.join(" "))
    }

    fn run(&self, root: &Path) -> Result<(), String> {
        match self {
            Action::Check(check) => check(root),
            Action::Cargo(arguments, environment) => {
                let mut command = cargo(root);
                command.args(*arguments).envs(environment.iter().copied());
                let status = command.status().map_err(|e| format!("cargo does not start: {e}"))?;
                if status.success() { Ok(()) } else { Err(format!("cargo ended with {status}")) }
            }
        }
    }
}

/// The cargo that runs this, at the root of the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root);
    command
}

/// Runs steps until one fails; whether none did. Closes with `N passed, N failed`.
pub(crate) fn run(root: &Path, steps: &[&Step]) -> bool {
    let begin = Instant::now();
    let mut failed = None;
    for (k, step) in steps.iter().enumerate() {
        println!("[{}/{}] {}: {}", k + 1, steps.len(), step.name, step.about);
        if let Some(typed) = step.action.typed() {
            println!("$ {typed}");
        }
        let start = Instant::now();
        let outcome = step.action.run(root);
        let seconds = start.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => println!("[{}/{}] {}: ok, {seconds:.1} s\n", k + 1, steps.len(), step.name),
            Err(problem) => {
                println!("{problem}");
                println!("[{}/{}] {}: FAILED, {seconds:.1} s", k + 1, steps.len(), step.name);
                failed = Some(k);
                break;
            }
        }
    }
    if let Some(k) = failed {
        println!("\nrun it again: cargo xtask {}", steps[k].name);
        let left: Vec<&str> = steps[k + 1..].iter().map(|step| step.name).collect();
        if !left.is_empty() {
            println!("not run: {}", left.join(", "));
        }
    }
    println!("{} steps, {:.1} s", steps.len(), begin.elapsed().as_secs_f64());
    println!("{} passed, {} failed", failed.unwrap_or(steps.len()), usize::from(failed.is_some()));
    failed.is_none()
}
