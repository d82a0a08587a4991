//! A panic in a log: one line like every other, and none where it is caught and told as an error.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use tracing::error;

thread_local! {
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// From here on a panic is one log line, with its stack where `RUST_BACKTRACE` asks for it: what the default hook writes
/// piece by piece would stand in the middle of other lines. Where nothing is logged that hook has the word.
pub fn panics_are_logged() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |panic| match IS_CAUGHT.get() {
            true => {}
            false if tracing::dispatcher::has_been_set() => log(panic),
            false => default(panic),
        }));
    });
}

fn log(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let stack = Backtrace::capture();
    let stack = (stack.status() == BacktraceStatus::Captured).then(|| stack.to_string());
    error!(place, reason = said(panic.payload()), stack, "this is a bug: a task panicked");
}

/// Does it; a panic becomes what it said, and nothing else says it.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = IS_CAUGHT.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    IS_CAUGHT.set(before);
    done.map_err(|panic| said(&*panic).to_owned())
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
