//! Code of the program's own that the library calls: held while anybody may call it, then given back.
//!
//! No lock is taken, so that a forked child is not left with one that another thread held.

use libtracer::binding::SavedErrno;
use std::ffi::c_void;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Tells the program that the library is done with `user_data`.
pub(crate) type tracer_destroy = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// A holder, in the upper half of the state; calls under way are counted in the lower one.
const HOLDER: u64 = 1 << 32;

/// Callbacks with the data that they are called with.
pub(crate) struct Callbacks<C> {
    calls: C,
    user_data: *mut c_void,
    destroy: tracer_destroy,
    state: AtomicU64,
    destroyed: AtomicBool,
}

// SAFETY: the header asks for callbacks and data that any thread may use.
unsafe impl<C> Send for Callbacks<C> {}
// SAFETY: as above.
unsafe impl<C> Sync for Callbacks<C> {}

impl<C> Callbacks<C> {
    /// With one holder.
    pub(crate) fn new(calls: C, user_data: *mut c_void, destroy: tracer_destroy) -> Self {
        Self {
            calls,
            user_data,
            destroy,
            state: AtomicU64::new(HOLDER),
            destroyed: AtomicBool::new(false),
        }
    }

    /// One more holder; only by somebody who is one.
    pub(crate) fn hold(&self) {
        self.state.fetch_add(HOLDER, Ordering::Relaxed);
    }

    /// One holder less. After the last one nobody is called any more.
    pub(crate) fn release(&self) {
        self.leave(HOLDER);
    }

    /// Whether nobody holds them any more.
    pub(crate) fn is_over(&self) -> bool {
        self.state.load(Ordering::Acquire) < HOLDER
    }

    fn leave(&self, count: u64) {
        // Release: what a call has done is seen by `destroy`, which acquires below.
        let after = self.state.fetch_sub(count, Ordering::AcqRel) - count;
        if after == 0
            && !self.destroyed.swap(true, Ordering::AcqRel)
            && let Some(destroy) = self.destroy
        {
            // SAFETY: nobody holds it and no call is under way; the program's own function and data,
            // as the header says.
            unsafe { destroy(self.user_data) };
        }
    }

    /// Runs `work` with the callbacks and their data, unless they are over. What they do is no part of
    /// the call that they serve: `errno` is kept, and where they are a cancellation point, it waits.
    pub(crate) fn call<R>(&self, work: impl FnOnce(&C, *mut c_void) -> R) -> Option<R> {
        let _errno = SavedErrno::now();
        let before = self.state.fetch_add(1, Ordering::AcqRel);
        let entered = Entered(self);
        let answer = (before >= HOLDER).then(|| work(&self.calls, self.user_data));
        drop(entered);
        answer
    }
}

/// A call under way, which also a panic ends.
struct Entered<'a, C>(&'a Callbacks<C>);

impl<C> Drop for Entered<'_, C> {
    fn drop(&mut self) {
        self.0.leave(1);
    }
}

impl<C> fmt::Debug for Callbacks<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("callbacks of the program")
    }
}

/// A struct as this library knows it: what an older caller's does not have is as in `known`, which
/// has no pointer set. `None` for NULL.
///
/// # Safety
/// `given` is NULL or points to `struct_size` readable bytes, the size first; `T` begins with it too
/// and may have any bytes of the caller's.
pub(crate) unsafe fn read_versioned<T: Copy>(given: *const T, known: T) -> Option<T> {
    if given.is_null() {
        return None;
    }
    // SAFETY: the size is the struct's first member in every version.
    let size = unsafe { given.cast::<usize>().read() };
    let size = size.min(size_of::<T>());
    let mut read = known;
    // Every version ends between members; anything else must not leave half of a pointer.
    let size = size - size % align_of::<T>();
    let to: *mut u8 = (&raw mut read).cast();
    // SAFETY: an older, shorter struct is a prefix of ours.
    unsafe { to.copy_from_nonoverlapping(given.cast(), size) };
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn count(user_data: *mut c_void) {
        // SAFETY: the tests pass a counter.
        let counter = unsafe { &*user_data.cast::<AtomicU64>() };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn destroy_comes_once_after_the_last_holder_and_the_last_call() {
        let destroyed = AtomicU64::new(0);
        let data = (&raw const destroyed).cast_mut().cast();
        let callbacks = Callbacks::new((), data, Some(count));
        callbacks.hold();
        callbacks.release();
        assert!(!callbacks.is_over());
        let inside = callbacks.call(|(), _| {
            callbacks.release();
            assert_eq!(destroyed.load(Ordering::Relaxed), 0);
        });
        assert!(inside.is_some() && callbacks.is_over());
        assert_eq!(destroyed.load(Ordering::Relaxed), 1);
        assert!(callbacks.call(|(), _| ()).is_none());
        assert_eq!(destroyed.load(Ordering::Relaxed), 1);
    }
}
