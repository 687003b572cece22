//! Memory that a recording call can do without: a refusal loses an attribute or a span, and is
//! counted. An allocator with a reserve for what cannot be done without asks here, so that spans do
//! not use it up.

use std::cell::Cell;

thread_local! {
    static DISPENSABLE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `allocate`, which deals with a refusal.
pub(crate) fn dispensable<R>(allocate: impl FnOnce() -> R) -> R {
    DISPENSABLE.set(true);
    let allocated = allocate();
    DISPENSABLE.set(false);
    allocated
}

/// Whether the C library has memory, for what ends the process without it: noting a thread's end,
/// making a thread.
pub(crate) fn is_left() -> bool {
    const ENOUGH: usize = 1024;
    if cfg!(miri) {
        return true;
    }
    // SAFETY: always callable.
    let probe = unsafe { libc::malloc(ENOUGH) };
    // Or the compiler leaves both out.
    let probe = std::hint::black_box(probe);
    // SAFETY: null or made a moment ago.
    unsafe { libc::free(probe) };
    !probe.is_null()
}

/// Whether this thread's allocation is one that may be refused.
#[must_use]
pub fn is_dispensable() -> bool {
    DISPENSABLE.get()
}
