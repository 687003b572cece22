//! The border: no panic crosses it, `errno` survives it.

use libtracer::binding::{MisuseKind, count_misuse};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; a panic is counted and answered with `otherwise`.
///
/// What `work` leaves half done is behind the core's own locks and flags, which a panic releases.
#[inline]
pub(crate) fn guard<R>(otherwise: R, work: impl FnOnce() -> R) -> R {
    let _errno = Errno::save();
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        // Dropping a payload may panic again; a leaked payload cannot.
        let _leaked = std::mem::ManuallyDrop::new(panic);
        count_misuse(MisuseKind::Panic);
        otherwise
    })
}

/// [`guard`] for calls that return nothing.
#[inline]
pub(crate) fn record(work: impl FnOnce()) {
    guard((), work);
}

/// Puts `errno` back.
struct Errno {
    place: *mut libc::c_int,
    value: libc::c_int,
}

impl Errno {
    #[inline]
    fn save() -> Self {
        #[cfg(target_os = "linux")]
        // SAFETY: always callable; gives this thread's errno.
        let place = unsafe { libc::__errno_location() };
        #[cfg(target_vendor = "apple")]
        // SAFETY: always callable; gives this thread's errno.
        let place = unsafe { libc::__error() };
        // SAFETY: points to this thread's errno.
        let value = unsafe { *place };
        Self { place, value }
    }
}

impl Drop for Errno {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: points to the errno of the thread that made this and is still running.
        unsafe { *self.place = self.value };
    }
}
