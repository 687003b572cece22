//! The border: no panic crosses it, `errno` survives it.

use libtracer::binding::{MisuseKind, SavedErrno, count_misuse};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; a panic is counted and answered with `otherwise`. For what does more than record.
///
/// What `work` leaves half done is behind the core's own locks and flags, which a panic releases.
pub(crate) fn guard<R>(otherwise: R, work: impl FnOnce() -> R) -> R {
    let _errno = SavedErrno::now();
    contain(otherwise, work)
}

/// [`guard`] for recording calls: the core itself puts `errno` back wherever it may have changed.
#[inline]
pub(crate) fn contain<R>(otherwise: R, work: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        // Dropping a payload may panic again; a leaked payload cannot.
        let _leaked = std::mem::ManuallyDrop::new(panic);
        count_misuse(MisuseKind::Panic);
        otherwise
    })
}

/// [`contain`] for calls that return nothing.
#[inline]
pub(crate) fn record(work: impl FnOnce()) {
    contain((), work);
}
