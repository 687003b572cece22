//! Failures, flushing and shutting down, safe to use.

use super::{last_error, runtime};
use libtracer_abi::{TRACER_OK, tracer_status};

/// A status that is not OK, and what the library says about it.
pub(crate) struct Failure {
    pub(crate) status: tracer_status,
    pub(crate) why: String,
}

impl Failure {
    pub(super) fn check(status: tracer_status) -> Result<(), Self> {
        if status == TRACER_OK {
            return Ok(());
        }
        let why = last_error(status);
        Err(Self { status, why })
    }
}

/// Whether the default provider is configured.
#[inline]
pub(crate) fn is_configured() -> bool {
    // SAFETY: no precondition.
    unsafe { (runtime().functions.tracer_is_configured)() }
}

/// Exports what is finished.
pub(crate) fn flush(timeout_ms: u32) -> Result<(), Failure> {
    // SAFETY: no precondition.
    Failure::check(unsafe { (runtime().functions.tracer_flush)(timeout_ms) })
}

/// Exports what is finished, and stops.
pub(crate) fn shutdown(timeout_ms: u32) -> Result<(), Failure> {
    // SAFETY: no precondition.
    Failure::check(unsafe { (runtime().functions.tracer_shutdown)(timeout_ms) })
}
