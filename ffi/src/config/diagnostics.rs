//! What the library says by itself, and to whom.

use super::{set, tracer_config};
use crate::boundary::guard;
use crate::last_error::{fail, missing};
use crate::ptr;
use libtracer::{DiagnosticLevel, set_diagnostic_handler};
use libtracer_abi::{
    TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, TRACER_LEVEL_DEBUG, TRACER_LEVEL_ERROR,
    TRACER_LEVEL_INFO, TRACER_LEVEL_NONE, TRACER_LEVEL_WARN, TRACER_OK, tracer_level,
    tracer_status,
};
use std::ffi::{c_char, c_void};

/// Sees a message of the library: one line without a line end, NUL-terminated, borrowed for the
/// call.
pub type tracer_diagnostic_handler = Option<
    unsafe extern "C" fn(user_data: *mut c_void, level: tracer_level, message: *const c_char),
>;

/// Sets how much the library says by itself, in the whole process: what matters at least this much
/// (a `TRACER_LEVEL_` constant). Wins over `OTEL_LOG_LEVEL`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_diagnostic_level(
    config: Option<&mut tracer_config>,
    level: tracer_level,
) -> tracer_status {
    let chosen = match level {
        TRACER_LEVEL_NONE => None,
        TRACER_LEVEL_ERROR => Some(DiagnosticLevel::Error),
        TRACER_LEVEL_WARN => Some(DiagnosticLevel::Warn),
        TRACER_LEVEL_INFO => Some(DiagnosticLevel::Info),
        TRACER_LEVEL_DEBUG => Some(DiagnosticLevel::Debug),
        other => {
            let why = format!("level {other} is unknown; use a TRACER_LEVEL_ constant");
            return guard(TRACER_INTERNAL, || fail(TRACER_INVALID_ARGUMENT, &why));
        }
    };
    set(config, |config| config.diagnostic_level(chosen))
}

/// The program's own handler. Any thread may call it.
struct Handler {
    handler: unsafe extern "C" fn(*mut c_void, tracer_level, *const c_char),
    user_data: *mut c_void,
}

// SAFETY: the header asks for a handler that may be called from any thread.
unsafe impl Send for Handler {}
// SAFETY: as above.
unsafe impl Sync for Handler {}

impl Handler {
    fn say(&self, level: DiagnosticLevel, text: &str) {
        let level = match level {
            DiagnosticLevel::Error => TRACER_LEVEL_ERROR,
            DiagnosticLevel::Warn => TRACER_LEVEL_WARN,
            DiagnosticLevel::Debug => TRACER_LEVEL_DEBUG,
            _ => TRACER_LEVEL_INFO,
        };
        let text = ptr::c_text(text);
        // SAFETY: the program's own function and data, as the header says.
        unsafe { (self.handler)(self.user_data, level, text.as_ptr()) };
    }
}

/// Gives what the library says to `handler`, with `user_data`, in place of standard error, in the
/// whole process and for good: any thread may call it, several at once, so both must live as long
/// as the process. It should return soon, for exports wait for it. NULL is refused.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_set_diagnostic_handler(
    handler: tracer_diagnostic_handler,
    user_data: *mut c_void,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(handler) = handler else {
            return missing("handler");
        };
        let handler = Handler { handler, user_data };
        set_diagnostic_handler(move |level, text| handler.say(level, text));
        TRACER_OK
    })
}
