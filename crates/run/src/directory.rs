//! The directory of a run: which files it has, who may write into it, where it stands by default.
//!
//! | file | holds |
//! |---|---|
//! | `config.toml` | the resolved configuration; `attractor train --config` makes the run again |
//! | `metrics.csv` | loss, gradient norm, rate, validation, per update |
//! | `model.safetensors` | weights and description of the network |
//! | `checkpoint/state.safetensors` | everything needed to go on to the same bits |
//! | `results.json` | everything measured, with seeds, versions, threads and instruction set |
//! | `figures/*.svg`, `*.png` | learning curves, sample trials, weights, eigenvalues |
//! | `report.html` | all of it on one page, offline |
//! | `log.txt` | what was said |
//!
//! Every file is written aside and renamed: a reader, or a crash, never sees half of one.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use attractor_data::files::write_atomically;
use serde::Serialize;

use crate::error::RunError;

/// Where runs go when nobody says.
const RUNS: &str = "runs";

/// The directory of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// A new directory, or an empty one; its name is made if necessary.
    ///
    /// # Errors
    /// [`RunError::Occupied`] if something is in it, [`RunError::Unwritable`].
    pub fn create(path: &Path) -> Result<Self, RunError> {
        let directory = RunDirectory { path: path.to_owned() };
        let unwritable = |source| RunError::Unwritable { directory: path.to_owned(), source };
        fs::create_dir_all(path).map_err(unwritable)?;
        if fs::read_dir(path).map_err(unwritable)?.next().is_some() {
            let (what, fix) = match (directory.results().is_file(), directory.config().is_file()) {
                (true, _) => ("a finished run", "give another --out, or remove it"),
                (_, true) => {
                    ("an unfinished run", "continue it with --resume, or give another --out")
                }
                _ => ("files", "give another --out"),
            };
            return Err(RunError::Occupied { directory: path.to_owned(), what, fix });
        }
        for folder in ["checkpoint", "figures"] {
            fs::create_dir_all(path.join(folder)).map_err(unwritable)?;
        }
        Ok(directory)
    }

    /// The directory of a run that was begun.
    ///
    /// # Errors
    /// [`RunError::NoRun`].
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let directory = RunDirectory { path: path.to_owned() };
        if !directory.config().is_file() {
            return Err(RunError::NoRun { directory: path.to_owned(), missing: "config.toml" });
        }
        Ok(directory)
    }

    /// Where a new run goes when nobody says: `runs/NAME-seedN`, or with `-2`, `-3`, … behind it if
    /// that is taken.
    #[must_use]
    pub fn free(name: &str, seed: u64) -> PathBuf {
        let free =
            |path: &PathBuf| fs::read_dir(path).map_or(!path.exists(), |mut d| d.next().is_none());
        candidates(name, seed).find(free).unwrap_or_else(|| Path::new(RUNS).join(name))
    }

    /// The latest unfinished run among those of [`RunDirectory::free`].
    #[must_use]
    pub fn latest(name: &str, seed: u64) -> Option<PathBuf> {
        let begun: Vec<PathBuf> =
            candidates(name, seed).take_while(|path| path.join("config.toml").is_file()).collect();
        begun.into_iter().rev().find(|path| !path.join("results.json").is_file())
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `config.toml`
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// `metrics.csv`
    #[must_use]
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.csv")
    }

    /// `model.safetensors`
    #[must_use]
    pub fn model(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    /// `checkpoint/state.safetensors`
    #[must_use]
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint").join("state.safetensors")
    }

    /// `results.json`
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.path.join("results.json")
    }

    /// `figures`
    #[must_use]
    pub fn figures(&self) -> PathBuf {
        self.path.join("figures")
    }

    /// `report.html`
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// `log.txt`
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.path.join("log.txt")
    }
}

fn candidates(name: &str, seed: u64) -> impl Iterator<Item = PathBuf> {
    let stem = format!("{name}-seed{seed}");
    (1..10_000).map(move |k| match k {
        1 => Path::new(RUNS).join(&stem),
        k => Path::new(RUNS).join(format!("{stem}-{k}")),
    })
}

/// Writes text aside and renames it.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), RunError> {
    Ok(write_atomically(path, |file| file.write_all(text.as_bytes()))?)
}

/// Writes JSON as people read it, as [`write_text`] does.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), RunError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| RunError::File { file: path.to_owned(), problem: error.to_string() })?;
    write_text(path, &(text + "\n"))
}

/// Reads text.
pub(crate) fn read_text(path: &Path) -> Result<String, RunError> {
    fs::read_to_string(path).map_err(|error| RunError::File {
        file: path.to_owned(),
        problem: format!("cannot be read: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_empty_directories_are_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let run = RunDirectory::create(&path).unwrap();
        assert!(run.checkpoint().parent().unwrap().is_dir() && run.figures().is_dir());
        let said = RunDirectory::create(&path).unwrap_err().to_string();
        assert!(said.contains("holds files"), "{said}");
        assert!(RunDirectory::open(&path).is_err());
        write_text(&run.config(), "").unwrap();
        assert_eq!(RunDirectory::open(&path).unwrap(), run);
        let said = RunDirectory::create(&path).unwrap_err().to_string();
        assert!(said.contains("an unfinished run") && said.contains("--resume"), "{said}");
        write_text(&dir.path().join("file"), "x").unwrap();
        let said = RunDirectory::create(&dir.path().join("file/run")).unwrap_err().to_string();
        assert!(said.contains("cannot be written to"), "{said}");
    }
}
