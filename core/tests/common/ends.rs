//! Ends what other threads of a test do until it is over, also when the test fails.

use std::sync::atomic::{AtomicBool, Ordering};

/// While it lives, the flag is false.
pub(crate) struct Ends<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
