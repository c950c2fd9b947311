//! Peers: other programs that time the same training step, spoken to line by line.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::error::BenchError;

/// A peer that answers requests; its protocol stands in `benches/peers/README.md`.
#[derive(Debug)]
pub struct Peer {
    /// Name and version, for the table.
    pub name: String,
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    command: String,
    threads: usize,
}

#[derive(Deserialize)]
struct Greeting {
    peer: String,
    version: String,
}

#[derive(Serialize)]
struct Request {
    cell: &'static str,
    units: usize,
    trials: usize,
    steps: usize,
    threads: usize,
    repeats: usize,
}

#[derive(Deserialize)]
struct Answer {
    ms: Option<Vec<f64>>,
    error: Option<String>,
    #[serde(default)]
    absent: bool,
}

/// Time to the first update and peak memory of a process of its own.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct First {
    /// From the start of the process, ms.
    pub first_update_ms: f64,
    /// Largest resident memory, MiB.
    pub peak_mib: f64,
}

fn failed(command: &str, problem: impl ToString) -> BenchError {
    BenchError::Command { command: command.to_owned(), problem: problem.to_string() }
}

/// Builds the peers' Python environment in `venv` from `scripts/install.txt`, unless it is there, and
/// returns its interpreter.
///
/// # Errors
/// If Python or pip fail.
pub fn install(
    scripts: &Path,
    venv: &Path,
    mut say: impl FnMut(&str),
) -> Result<PathBuf, BenchError> {
    let python = venv.join("bin/python");
    let list = scripts.join("install.txt");
    let lines = std::fs::read_to_string(&list)
        .map_err(|source| BenchError::File { path: list.clone(), source })?;
    // written last: an environment that was not finished is built again
    let mark = venv.join("installed.txt");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == lines) {
        return Ok(python);
    }
    say("building the peers' Python environment (2.6 GB to download)");
    run(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let mut command = Command::new(std::path::absolute(&python).unwrap_or(python.clone()));
        command.args(["-m", "pip", "install", "--quiet"]).args(line.split_whitespace());
        run(command.current_dir(scripts))?;
    }
    std::fs::write(&mark, lines).map_err(|source| BenchError::File { path: mark, source })?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<String, BenchError> {
    let line = format!("{command:?}");
    let output = command.output().map_err(|e| failed(&line, e))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().last().unwrap_or_default();
        return Err(failed(&line, format!("{}: {last}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Peer {
    /// Starts a peer and reads its greeting. `program` is an interpreter with a script, or a program.
    ///
    /// # Errors
    /// If it does not start or greet.
    pub fn start(program: &[PathBuf], threads: usize) -> Result<Peer, BenchError> {
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).args(["--threads", &threads.to_string()]);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let line = format!("{command:?}");
        let mut child = command.spawn().map_err(|e| failed(&line, e))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(&line, "no pipes"));
        };
        let from = BufReader::new(from);
        let mut peer = Peer { name: String::new(), child, to, from, command: line, threads };
        let greeting: Greeting = peer.read()?;
        peer.name = format!("{} {}", greeting.peer, greeting.version);
        Ok(peer)
    }

    /// Times of some training steps in ms; nothing if the peer does not have the cell.
    ///
    /// # Errors
    /// If the peer ends or fails.
    pub fn time(&mut self, case: Case, repeats: usize) -> Result<Option<Vec<f64>>, BenchError> {
        let Case { cell, units, trials, steps } = case;
        self.times(&Request { cell, units, trials, steps, threads: self.threads, repeats })
    }

    /// Times in ms, for a request of any kind.
    pub(crate) fn times(
        &mut self,
        request: &impl Serialize,
    ) -> Result<Option<Vec<f64>>, BenchError> {
        let answer: Answer = self.ask(request)?;
        match (answer.ms, answer.absent) {
            (None, false) => Err(failed(&self.command, answer.error.unwrap_or_default())),
            (ms, _) => Ok(ms),
        }
    }

    /// Time to the first update, in a process of its own.
    ///
    /// # Errors
    /// If it fails.
    pub fn first_update(program: &[PathBuf], threads: usize) -> Result<First, BenchError> {
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).args(["--threads", &threads.to_string(), "--first-update"]);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let text = run(&mut command)?;
        serde_json::from_str(text.trim()).map_err(|e| failed(&format!("{command:?}"), e))
    }

    /// Sends a request and reads the answer, a line each.
    pub(crate) fn ask<A: for<'a> Deserialize<'a>>(
        &mut self,
        request: &impl Serialize,
    ) -> Result<A, BenchError> {
        let line = serde_json::to_string(request).map_err(|e| failed(&self.command, e))?;
        writeln!(self.to, "{line}").map_err(|e| failed(&self.command, e))?;
        self.read()
    }

    fn read<A: for<'a> Deserialize<'a>>(&mut self) -> Result<A, BenchError> {
        let mut line = String::new();
        let read = self.from.read_line(&mut line).map_err(|e| failed(&self.command, e))?;
        if read == 0 {
            return Err(failed(&self.command, "ended without an answer"));
        }
        serde_json::from_str(&line).map_err(|e| failed(&self.command, format!("{e}: {line}")))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // best effort: a peer that does not listen is ended
        let _ = writeln!(self.to, "{{\"quit\": true}}");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The commit of a peer's folder, if it is in a git checkout.
pub(crate) fn commit(folder: &Path) -> Option<String> {
    let mut command = Command::new("git");
    run(command.arg("-C").arg(folder).args(["rev-parse", "HEAD"])).ok().map(|c| c.trim().to_owned())
}
