//! `log.txt`: what was said, with the time of day.

use std::path::Path;

use crate::clock;
use crate::directory::write_text;
use crate::error::RunError;

/// Lines, written as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    text: String,
}

impl Log {
    /// Continues a log, if there is one.
    pub(crate) fn open(path: &Path) -> Self {
        Log { text: std::fs::read_to_string(path).unwrap_or_default() }
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.text.push_str(&format!("{} {line}\n", clock::now()));
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), RunError> {
        write_text(path, &self.text)
    }
}
