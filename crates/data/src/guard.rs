//! Readers of others that panic at damaged files.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}
static HOOK: Once = Once::new();

/// Runs a reader that may panic at a damaged file, and says nothing of it on the screen.
///
/// # Errors
/// What the panic said.
///
/// ```
/// use attractor_data::guarded;
/// assert_eq!(guarded(|| 2), Ok(2));
/// assert_eq!(guarded(|| -> u8 { panic!("page {} of 2", 3) }), Err("page 3 of 2".to_owned()));
/// ```
pub fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let shown = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                shown(panic);
            }
        }));
    });
    let outside = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(outside);
    outcome.map_err(|panic| said(&*panic))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it makes no sense").to_owned()
}
