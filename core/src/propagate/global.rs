//! The propagator of the process (OpenTelemetry propagators API, "global propagators").
//!
//! What the program set counts; else what the default provider was configured with; else nothing is
//! propagated.

use super::{CompositePropagator, Extractor, Injector, Propagator};
use crate::context::Context;
use crate::provider::configured_default;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

static NONE: CompositePropagator = CompositePropagator::new(Vec::new());

/// What was set last, or null: one word, so that neither reading nor setting waits for anybody, whom a
/// fork may have left behind in the midst of it.
static SET: AtomicPtr<Set> = AtomicPtr::new(ptr::null_mut());

struct Set {
    propagator: Arc<dyn Propagator>,
    /// What was set before: someone may still use it, and leak checkers want to see why it is kept.
    older: *mut Set,
}

/// Makes `propagator` that of the process, whatever providers are configured with. Each call keeps
/// its propagator for good; programs set it once, at start. Safe from any thread.
pub fn set_propagator(propagator: Arc<dyn Propagator>) {
    let mut older = SET.load(Ordering::Relaxed);
    let set = Box::leak(Box::new(Set { propagator, older }));
    loop {
        set.older = older;
        let new = ptr::from_mut(set);
        // Release pairs with the acquire load in `propagator`.
        match SET.compare_exchange_weak(older, new, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(newer) => older = newer,
        }
    }
}

/// The propagator of the process: what [`set_propagator`] set, else what the default provider is
/// configured with, else one that does nothing.
#[must_use]
pub fn propagator() -> &'static dyn Propagator {
    // SAFETY: null or a leaked one, published with release.
    if let Some(set) = unsafe { SET.load(Ordering::Acquire).as_ref() } {
        return &*set.propagator;
    }
    match configured_default() {
        Some(provider) => &*provider.propagator,
        None => &NONE,
    }
}

/// Writes what is current on this thread into a carrier, by the [`propagator`] of the process.
pub fn inject(carrier: &mut dyn Injector) {
    propagator().inject(&Context::current(), carrier);
}

/// What is current on this thread with what a carrier holds, by the [`propagator`] of the process.
#[must_use]
pub fn extract(carrier: &dyn Extractor) -> Context {
    propagator().extract(&Context::current(), carrier)
}
