//! `errno` belongs to the program: what may change it is put back. Nor is a thread cancelled within
//! our calls (`pthread_cancel`): it would unwind through them, which ends the process.
//!
//! Recording touches the system only on its cold paths (memory, locks, waking the worker); those
//! hold a [`Saved`], so that the hot path pays nothing.

/// Where this thread's `errno` is.
#[must_use]
#[inline]
pub fn place() -> *mut libc::c_int {
    #[cfg(target_os = "linux")]
    // SAFETY: always callable.
    let place = unsafe { libc::__errno_location() };
    #[cfg(target_vendor = "apple")]
    // SAFETY: always callable.
    let place = unsafe { libc::__error() };
    place
}

/// Puts this thread's `errno` back when dropped; until then the thread's cancellation waits.
#[derive(Debug)]
pub struct Saved {
    place: *mut libc::c_int,
    value: libc::c_int,
    cancellation: libc::c_int,
}

/// Sets whether the thread can be cancelled; returns what was so before.
#[cfg(all(any(target_os = "linux", target_vendor = "apple"), not(miri)))]
fn set_cancellation(state: libc::c_int) -> libc::c_int {
    unsafe extern "C" {
        safe fn pthread_setcancelstate(
            state: libc::c_int,
            old: Option<&mut libc::c_int>,
        ) -> libc::c_int;
    }
    let mut old = state;
    pthread_setcancelstate(state, Some(&mut old));
    old
}

#[cfg(not(all(any(target_os = "linux", target_vendor = "apple"), not(miri))))]
fn set_cancellation(state: libc::c_int) -> libc::c_int {
    state
}

/// `PTHREAD_CANCEL_DISABLE`.
const NOT_NOW: libc::c_int = if cfg!(target_vendor = "apple") { 0 } else { 1 };

impl Saved {
    /// Remembers this thread's `errno`, and holds its cancellation off.
    #[must_use]
    pub fn now() -> Self {
        let place = place();
        // SAFETY: points to this thread's errno.
        let value = unsafe { *place };
        let cancellation = set_cancellation(NOT_NOW);
        Self {
            place,
            value,
            cancellation,
        }
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        set_cancellation(self.cancellation);
        // SAFETY: points to the errno of the thread that made this: a raw pointer is not `Send`.
        unsafe { *self.place = self.value };
    }
}
