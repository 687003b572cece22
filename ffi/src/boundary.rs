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

#[cfg(test)]
mod tests {
    use super::*;
    use libtracer_abi::{TRACER_INTERNAL, tracer_status};
    use std::panic::panic_any;

    const ERRNO: i32 = 77;

    /// A payload that panics again where it is dropped.
    struct Again;

    impl Drop for Again {
        fn drop(&mut self) {
            panic!("again");
        }
    }

    extern "C" fn guarded(panics: bool) -> tracer_status {
        guard(TRACER_INTERNAL, || {
            set_errno(ERRNO + 1);
            assert!(!panics, "within a call");
            0
        })
    }

    extern "C" fn contained(panics: bool) -> u64 {
        contain(7, || if panics { panic_any(Again) } else { 8 })
    }

    extern "C" fn recorded(panics: bool) {
        record(|| assert!(!panics, "within a call"));
    }

    fn set_errno(value: i32) {
        // SAFETY: this thread's.
        unsafe { *libtracer::binding::errno_place() = value };
    }

    fn errno() -> i32 {
        // SAFETY: this thread's.
        unsafe { *libtracer::binding::errno_place() }
    }

    #[test]
    fn a_panic_ends_at_the_border_and_is_counted() {
        let panics = || libtracer::diagnostics().panics;
        let before = panics();
        set_errno(ERRNO);
        assert_eq!((guarded(false), contained(false)), (0, 8));
        recorded(false);
        assert_eq!((panics(), errno()), (before, ERRNO));
        assert_eq!(guarded(true), TRACER_INTERNAL);
        assert_eq!((panics(), errno()), (before + 1, ERRNO));
        assert_eq!(contained(true), 7);
        assert_eq!((panics(), errno()), (before + 2, ERRNO));
        recorded(true);
        assert_eq!((panics(), errno()), (before + 3, ERRNO));
        assert_eq!((guarded(false), contained(false)), (0, 8));
    }
}
