//! The thread itself: born with every signal blocked, so that the program's handlers never run in
//! it, with a runtime of its own that no other thread ever enters.

use super::{Shared, Thread, serve::serve, serve_exporters_here};
use crate::memory;
use crate::pipeline::diagnose::{self, DiagnosticLevel};
use std::{
    io, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::Arc,
    thread::Builder,
    time::Instant,
};
use tokio::task::LocalSet;

/// Linux shows the first 15 bytes.
const NAME: &str = "libtracer-export";

/// The runtime's blocking threads do nothing but resolve host names.
const RESOLVER_NAME: &str = "libtracer-dns";

/// So many stalled look-ups are borne; further ones wait.
const MAX_RESOLVERS: usize = 4;

/// Starts the thread. Called with the inbox locked, so the thread's first look at it comes after.
pub(super) fn spawn(shared: &Arc<Shared>) -> io::Result<()> {
    if !memory::is_left() {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let shared = Arc::clone(shared);
    with_signals_blocked(|| {
        Builder::new()
            .name(NAME.to_owned())
            .spawn(move || main(&shared))
    })
    .map(drop)
}

fn main(shared: &Arc<Shared>) {
    serve_exporters_here();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name(RESOLVER_NAME)
        .on_thread_start(serve_exporters_here)
        .max_blocking_threads(MAX_RESOLVERS)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            diagnose::say(
                DiagnosticLevel::Error,
                &format!("no exporter thread: {error}; it is tried again later"),
            );
            shared.gave_up(Thread::Refused(Instant::now()));
            return;
        }
    };
    let tasks = LocalSet::new();
    let served = catch_unwind(AssertUnwindSafe(|| tasks.block_on(&runtime, serve(shared))));
    if served.is_err() {
        let text = "the exporter thread panicked; this process is traced no more";
        diagnose::say(DiagnosticLevel::Error, text);
        shared.gave_up(Thread::Dead);
    }
    drop(tasks);
    // A resolver may be stuck in the system's look-up: it is not waited for.
    runtime.shutdown_background();
}

/// Runs `start` with all signals blocked in this thread; a new thread inherits that.
fn with_signals_blocked<T>(start: impl FnOnce() -> T) -> T {
    if cfg!(miri) {
        return start(); // it knows no signals
    }
    // SAFETY: a signal set is plain data for which all zeroes is a valid value.
    let mut all: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: as above.
    let mut before: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the pointer is to a live, writable set.
    unsafe { libc::sigfillset(&raw mut all) };
    // SAFETY: both pointers are to live sets that outlive the call.
    let masked =
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before) };
    let started = start();
    if masked == 0 {
        // SAFETY: `before` was filled by the call above; a null pointer asks for no old set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
    }
    started
}
