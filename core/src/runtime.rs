//! The process-wide runtime: one per process, found through one pointer, replaced after a fork.
//!
//! The pointer lives in a page that the kernel wipes in a child (`MADV_WIPEONFORK`, so raw forks
//! count too; `pthread_atfork` where that is missing). A child that finds it empty makes a runtime
//! of its own and never touches the old one: no lock of the parent's, no thread, no queue. Runtimes
//! are leaked, so that their addresses name them for ever.

use crate::errno::Saved;
use crate::pipeline::budget::Budget;
use crate::pipeline::worker::Worker;
use crate::provider::ProviderState;
use crate::scope::ScopeTable;
use crate::span::table::SlotTable;
use crate::stats::Misuse;
use crate::testing::Captures;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Everything that belongs to one process.
pub(crate) struct Runtime {
    /// Distinguishes this process's handles from its ancestors'.
    pub(crate) epoch: u64,
    pub(crate) slots: SlotTable,
    pub(crate) budget: Budget,
    pub(crate) worker: Worker,
    pub(crate) misuse: Misuse,
    pub(crate) scopes: ScopeTable,
    pub(crate) captures: Captures,
    /// The runtime that the process before the fork had; never used, only kept reachable.
    older: Cell,
    /// Every provider used in this process.
    pub(crate) providers: Mutex<Vec<&'static ProviderState>>,
    /// For threads whose own state is gone (TLS destructors, `atexit`).
    pub(crate) orphan: Mutex<Option<Box<crate::thread::Orphan>>>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// The page's only word: null = no runtime yet, `BUILDING` = some thread makes it.
type Cell = AtomicPtr<Runtime>;

static CELL: AtomicPtr<Cell> = AtomicPtr::new(ptr::from_ref(&NO_CELL).cast_mut());
/// Stands in until there is a cell; never written to.
static NO_CELL: Cell = Cell::new(ptr::null_mut());
static FALLBACK: Cell = Cell::new(ptr::null_mut());
/// The newest runtime once more, in a static: leak checkers do not look into the wiped page, and
/// would report the state of the whole process. The older ones hang from it.
static REACHABLE: Cell = Cell::new(ptr::null_mut());
/// Runtimes made by this process and its ancestors; a child inherits the count.
static EPOCH: AtomicU64 = AtomicU64::new(0);

const BUILDING: *mut Runtime = ptr::without_provenance_mut(1);

/// This process's runtime, if it has one.
#[inline]
fn existing() -> Option<&'static Runtime> {
    // SAFETY: `CELL` points to a page or static that is never freed.
    let cell = unsafe { &*CELL.load(Ordering::Acquire) };
    let runtime = cell.load(Ordering::Acquire);
    if runtime.is_null() || runtime == BUILDING {
        return None;
    }
    // SAFETY: it was made by `Box::leak` and published with release.
    Some(unsafe { &*runtime })
}

/// This process's runtime.
#[inline]
pub(crate) fn runtime() -> &'static Runtime {
    existing().unwrap_or_else(|| build())
}

/// This process's runtime unless nothing has used it yet.
#[inline]
pub(crate) fn runtime_if_built() -> Option<&'static Runtime> {
    existing()
}

#[cold]
fn build() -> &'static Runtime {
    let _errno = Saved::now();
    let cell = cell();
    loop {
        match cell.compare_exchange(
            ptr::null_mut(),
            BUILDING,
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => {
                let epoch = EPOCH.fetch_add(1, Ordering::Relaxed) + 1;
                let runtime: &'static Runtime = Box::leak(Box::new(Runtime::new(epoch)));
                let address = ptr::from_ref(runtime).cast_mut();
                let older = REACHABLE.swap(address, Ordering::Relaxed);
                runtime.older.store(older, Ordering::Relaxed);
                cell.store(address, Ordering::Release);
                return runtime;
            }
            Err(BUILDING) => std::thread::yield_now(),
            // SAFETY: it was made by `Box::leak` and published with release.
            Err(runtime) => return unsafe { &*runtime },
        }
    }
}

impl Runtime {
    fn new(epoch: u64) -> Self {
        Self {
            epoch,
            slots: SlotTable::new(epoch),
            budget: Budget::new(),
            worker: Worker::new(),
            misuse: Misuse::default(),
            scopes: ScopeTable::default(),
            captures: Captures::default(),
            older: Cell::new(ptr::null_mut()),
            providers: Mutex::default(),
            orphan: Mutex::new(None),
        }
    }

    /// Every provider used in this process, so far.
    pub(crate) fn states(&self) -> Vec<&'static ProviderState> {
        let states = self.providers.lock();
        states.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The cell, made at first use.
fn cell() -> &'static Cell {
    let none = ptr::from_ref(&NO_CELL).cast_mut();
    let known = CELL.load(Ordering::Acquire);
    let cell = if known == none {
        let made = wiped_page().unwrap_or_else(watched_static);
        match CELL.compare_exchange(none, made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => made,
            // Another thread was faster; its page serves, ours stays unused.
            Err(first) => first,
        }
    } else {
        known
    };
    // SAFETY: a page or static that is never freed.
    unsafe { &*cell }
}

/// A page that is all zero in a forked child.
#[cfg(all(target_os = "linux", not(miri)))]
fn wiped_page() -> Option<*mut Cell> {
    const PAGE: usize = 4096;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new anonymous mapping touches no existing memory.
    let page = unsafe { libc::mmap(ptr::null_mut(), PAGE, protection, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: advice on the page just mapped.
    let advised = unsafe { libc::madvise(page, PAGE, libc::MADV_WIPEONFORK) };
    (advised == 0).then(|| page.cast())
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn wiped_page() -> Option<*mut Cell> {
    None
}

/// A static that a fork handler empties: the C library's forks only.
fn watched_static() -> *mut Cell {
    extern "C" fn in_child() {
        FALLBACK.store(ptr::null_mut(), Ordering::Release);
    }
    if cfg!(not(miri)) {
        // SAFETY: the handler makes one atomic store, which is safe in a forked child.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    }
    ptr::from_ref(&FALLBACK).cast_mut()
}

/// Registers the flush at normal exit, once for this process and its children.
pub(crate) fn flush_at_exit() {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    extern "C" fn at_exit() {
        crate::provider::shutdown_at_exit();
    }
    // Miri knows no `atexit`.
    if cfg!(not(miri)) && !REGISTERED.swap(true, Ordering::Relaxed) {
        // SAFETY: the handler outlives the process: the library is never unloaded.
        unsafe { libc::atexit(at_exit) };
    }
}
