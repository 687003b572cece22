//! `errno` belongs to the program: what may change it is put back.
//!
//! Recording touches the system only on its cold paths (memory, locks, waking the worker); those
//! hold a [`Saved`], so that the hot path pays nothing.

/// Puts this thread's `errno` back when dropped.
#[derive(Debug)]
pub struct Saved {
    place: *mut libc::c_int,
    value: libc::c_int,
}

impl Saved {
    /// Remembers this thread's `errno`.
    #[must_use]
    pub fn now() -> Self {
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

impl Drop for Saved {
    fn drop(&mut self) {
        // SAFETY: points to the errno of the thread that made this: a raw pointer is not `Send`.
        unsafe { *self.place = self.value };
    }
}
