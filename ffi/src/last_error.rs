//! Why the last set-up call of this thread failed.

use crate::boundary::guard;
use crate::ptr;
use libtracer_abi::{
    TRACER_INVALID_ARGUMENT, TRACER_INVALID_CONFIG, TRACER_TIMEOUT, tracer_status,
};
use std::cell::RefCell;
use std::ffi::c_char;

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps `message` and returns `status`.
pub(crate) fn fail(status: tracer_status, message: &dyn std::fmt::Display) -> tracer_status {
    // A thread at its end has no place for it: the status alone must do.
    LAST.try_with(|last| *last.borrow_mut() = message.to_string())
        .ok();
    status
}

/// The status of a configuration error.
pub(crate) fn invalid_config(error: &libtracer::ConfigError) -> tracer_status {
    fail(TRACER_INVALID_CONFIG, error)
}

/// The status of a missing argument.
pub(crate) fn missing(name: &str) -> tracer_status {
    fail(TRACER_INVALID_ARGUMENT, &format_args!("{name} is NULL"))
}

/// The status of a flush or shutdown.
pub(crate) fn delivered(result: Result<(), libtracer::Timeout>) -> tracer_status {
    match result {
        Ok(()) => libtracer_abi::TRACER_OK,
        Err(timeout) => fail(TRACER_TIMEOUT, &timeout),
    }
}

/// Writes why this thread's last failed set-up call failed: at most `len` bytes with the final NUL.
/// Returns the bytes of the whole text without the NUL. Thread-safe. `buf` may be NULL: only asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_last_error(buf: *mut c_char, len: usize) -> usize {
    guard(0, || {
        LAST.try_with(|last| {
            // SAFETY: as the header says.
            unsafe { ptr::write_cut(&last.borrow(), buf, len) }
        })
        .unwrap_or(0)
    })
}
