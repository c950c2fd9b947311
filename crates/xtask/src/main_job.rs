//! The main job, as a person runs it, with few updates: does it end well and leave what it promises?

use std::fs;
use std::path::{Path, PathBuf};

use crate::step::cargo;

/// What every run directory holds.
const FILES: &[&str] =
    &["config.toml", "metrics.csv", "model.safetensors", "results.json", "report.html", "log.txt"];

/// Most bytes of the page of a run: it is mailed and opened offline.
const PAGE: u64 = 2_000_000;

/// Most bytes of one figure.
const FIGURE: u64 = 300_000;

/// Trains `context-decision` for 20 updates in a directory of its own and looks at what is there. The
/// directory stays if something is wrong.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let place = std::env::temp_dir().join(format!("attractor-main-job-{}", std::process::id()));
    let out = place.join("run");
    fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;

    let arguments = ["run", "--release", "--", "train", "context-decision", "stop.updates=20"];
    println!("$ cargo {} --seed 1 --out {}", arguments.join(" "), out.display());
    let mut command = cargo(root);
    command.args(arguments).args(["--seed", "1", "--out"]).arg(&out);
    let status = command.status().map_err(|e| format!("cargo does not start: {e}"))?;
    if !status.success() {
        return Err(format!("training ended with {status}"));
    }
    let wrong = problems(&out)?;
    if !wrong.is_empty() {
        return Err(format!("{}\nsee {}", wrong.join("\n"), out.display()));
    }
    fs::remove_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))
}

/// What is wrong with a run directory.
fn problems(run: &Path) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for name in FILES {
        match fs::metadata(run.join(name)) {
            Err(_) => wrong.push(format!("{name} is missing")),
            Ok(file) if file.len() == 0 => wrong.push(format!("{name} is empty")),
            Ok(file) if *name == "report.html" && file.len() > PAGE => {
                wrong.push(format!("{name} has {} bytes, more than {PAGE}", file.len()));
            }
            Ok(_) => {}
        }
    }
    let page = fs::read_to_string(run.join("report.html")).unwrap_or_default();
    for mark in ["src=\"http", "url(http", "<link"] {
        if page.contains(mark) {
            wrong.push(format!("report.html is not self-contained: it has `{mark}`"));
        }
    }

    let figures = files(&run.join("figures"))?;
    for extension in ["svg", "png"] {
        if !figures.iter().any(|path| path.extension().is_some_and(|e| e == extension)) {
            wrong.push(format!("no figures/*.{extension}"));
        }
    }
    for path in figures {
        let bytes = fs::metadata(&path).map_or(0, |file| file.len());
        if bytes == 0 || bytes > FIGURE {
            wrong.push(format!("{} has {bytes} bytes, not 1 to {FIGURE}", path.display()));
        }
    }
    // everything is written aside and renamed
    let halves =
        files(run)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "part"));
    wrong.extend(halves.map(|path| format!("{} is left over", path.display())));
    Ok(wrong)
}

/// What a directory holds; nothing if it is not there.
fn files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(Vec::new()) };
    entries.map(|entry| entry.map(|e| e.path()).map_err(|e| e.to_string())).collect()
}
