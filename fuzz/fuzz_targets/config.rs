//! A configuration: resolved or refused, never a panic; the resolved text resolves to itself.
//!
//! It is read from a file, as the command does; what it names (trials, neurons) is not there.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use attractor_run::{Experiment, Request};
use libfuzzer_sys::fuzz_target;

/// One empty directory a process.
static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = std::env::temp_dir().join(format!("attractor-fuzz-config-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a directory for the file");
    place
});

fn read(text: &str) -> Option<Experiment> {
    let config = PLACE.join("config.toml");
    std::fs::write(&config, text).expect("room for the file");
    Experiment::read(&Request { config: Some(config), ..Request::default() }).ok()
}

fuzz_target!(|text: &str| {
    // neurons and trials are files: only those of the empty directory
    if text.contains('/') || text.contains("..") {
        return;
    }
    let Some(experiment) = read(text) else { return };
    let again = read(&experiment.text).expect("a resolved configuration is read");
    assert_eq!(again.text, experiment.text, "and resolves to itself");
});
