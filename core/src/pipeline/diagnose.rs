//! What the library says by itself (error handling of the OpenTelemetry specification): never for
//! each span, never with credentials, and nothing below the level in force (`OTEL_LOG_LEVEL`).
//!
//! Lines go to standard error, one write each, or to the handler that the program set. Level and
//! handler are the process's, in two words without a lock: a forked child finds them as they were.

mod report;

pub(super) use report::Reporter;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

/// Longest line: below `PIPE_BUF`, so that a pipe takes it whole or not at all.
const MAX_LINE_BYTES: usize = 1024;

/// How much a message of the library matters (`OTEL_LOG_LEVEL`; conformance row 109).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DiagnosticLevel {
    /// Tracing does not work.
    Error = 1,
    /// Spans are lost or cannot be delivered; a setting is ignored.
    Warn = 2,
    /// What was wrong works again.
    Info = 3,
    /// Each export.
    Debug = 4,
}

/// Nothing at all is said.
const SILENT: u8 = 0;
/// Nobody has chosen.
const UNSET: u8 = u8::MAX;
const DEFAULT: u8 = DiagnosticLevel::Info as u8;

/// What code chose, and what the environment says, which counts less.
static CHOSEN: AtomicU8 = AtomicU8::new(UNSET);
static FROM_ENV: AtomicU8 = AtomicU8::new(UNSET);

/// Sees each message in the place of standard error.
type Handler = Box<dyn Fn(DiagnosticLevel, &str) + Send + Sync>;

/// The handler in force, or null; never freed, for another thread may be in it.
static HANDLER: AtomicPtr<Handler> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    /// Whether this thread is in the handler: what that causes is not said through it.
    static IN_HANDLER: Cell<bool> = const { Cell::new(false) };
}

/// Says only what matters at least this much, in this process; `None` says nothing. The default is
/// `Info`; this wins over `OTEL_LOG_LEVEL`.
pub fn set_diagnostic_level(level: Option<DiagnosticLevel>) {
    CHOSEN.store(level.map_or(SILENT, number), Ordering::Relaxed);
}

/// Gives what the library says to `handler`, in this process, in the place of standard error
/// (OpenTelemetry error handling: "the error handler can be replaced").
///
/// It is called in the exporter thread, and in the threads of set-up, without a lock; it should
/// return soon, for exports wait for it. A panic in it is contained, and what it causes to be said
/// goes to standard error. Each call keeps the handlers before it in memory for good.
pub fn set_diagnostic_handler(handler: impl Fn(DiagnosticLevel, &str) + Send + Sync + 'static) {
    let handler: Handler = Box::new(handler);
    // Release pairs with the load in `handle`.
    HANDLER.store(Box::into_raw(Box::new(handler)), Ordering::Release);
}

/// What the environment says; code may have chosen otherwise.
pub(crate) fn set_level_from_env(level: Option<DiagnosticLevel>) {
    FROM_ENV.store(level.map_or(SILENT, number), Ordering::Relaxed);
}

const fn number(level: DiagnosticLevel) -> u8 {
    level as u8
}

/// Whether messages of this level are said.
pub(crate) fn says(level: DiagnosticLevel) -> bool {
    let set = |level: &AtomicU8| Some(level.load(Ordering::Relaxed)).filter(|set| *set != UNSET);
    let most = set(&CHOSEN).or_else(|| set(&FROM_ENV)).unwrap_or(DEFAULT);
    number(level) <= most
}

/// Says one line, if its level is in force.
pub(crate) fn say(level: DiagnosticLevel, text: &str) {
    if says(level) && !handle(level, text) {
        line(text);
    }
}

/// [`say`] for what users should look at.
pub(crate) fn warn(text: &str) {
    say(DiagnosticLevel::Warn, text);
}

/// Gives the message to the handler; false if there is none for it.
fn handle(level: DiagnosticLevel, text: &str) -> bool {
    // SAFETY: null or a leaked handler, published with release.
    let Some(handler) = (unsafe { HANDLER.load(Ordering::Acquire).as_ref() }) else {
        return false;
    };
    // A thread at its end, whose locals are gone, does without the guard.
    if IN_HANDLER.try_with(|inside| inside.replace(true)) == Ok(true) {
        return false;
    }
    let _ = catch_unwind(AssertUnwindSafe(|| handler(level, text)));
    let _ = IN_HANDLER.try_with(|inside| inside.set(false));
    true
}

/// Writes one line to standard error; if nobody reads there, the line is lost, not waited for.
fn line(text: &str) {
    let mut line = String::with_capacity(text.len() + 12);
    line.push_str("libtracer: ");
    line.push_str(text);
    let mut end = line.len().min(MAX_LINE_BYTES - 1);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line.push('\n');
    write_stderr(line.as_bytes());
}

fn write_stderr(line: &[u8]) {
    let mut ready = libc::pollfd {
        fd: libc::STDERR_FILENO,
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: `ready` is one valid pollfd that outlives the call, and the count says one.
    let polled = unsafe { libc::poll(&raw mut ready, 1, 0) };
    if polled == 1 && ready.revents & libc::POLLOUT != 0 {
        // SAFETY: the pointer and length are those of one live slice; the kernel only reads it.
        let _ = unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        line(&"ä".repeat(MAX_LINE_BYTES));
    }
}
