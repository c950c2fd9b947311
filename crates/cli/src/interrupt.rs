//! Ctrl-C: the first asks the run to end well, the second ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::output::complain;

/// Becomes true at the first Ctrl-C (or SIGTERM).
pub(crate) fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let handle = flag.clone();
    let set = ctrlc::set_handler(move || {
        if handle.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        complain("\nstopping after this update; once more to stop at once");
    });
    if set.is_err() {
        complain("Ctrl-C will end the run without a checkpoint: no handler could be set");
    }
    flag
}
