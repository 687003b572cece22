//! The propagator of the process (OpenTelemetry propagators API, "global propagators").
//!
//! What the program set counts; else what the default provider was configured with; else nothing is
//! propagated.

use super::{CompositePropagator, Extractor, Injector, Propagator};
use crate::context::Context;
use crate::provider::configured_default;
use std::sync::{Arc, OnceLock};

static NONE: CompositePropagator = CompositePropagator::new(Vec::new());

/// What was set, oldest first: only ever added to, so that reading takes no lock, which a fork could
/// leave behind held.
static SET: OnceLock<Set> = OnceLock::new();

struct Set {
    propagator: Arc<dyn Propagator>,
    newer: OnceLock<Box<Set>>,
}

/// Makes `propagator` that of the process, whatever providers are configured with. Each call keeps
/// its propagator for good; programs set it once, at start. Safe from any thread.
pub fn set_propagator(propagator: Arc<dyn Propagator>) {
    let mut new = Set {
        propagator,
        newer: OnceLock::new(),
    };
    let mut place = match SET.set(new) {
        Ok(()) => return,
        Err(back) => {
            new = back;
            SET.get()
        }
    };
    let mut new = Box::new(new);
    while let Some(set) = place {
        match set.newer.set(new) {
            Ok(()) => return,
            Err(back) => new = back,
        }
        place = set.newer.get().map(|newer| &**newer);
    }
}

/// The propagator of the process: what [`set_propagator`] set, else what the default provider is
/// configured with, else one that does nothing.
#[must_use]
pub fn propagator() -> &'static dyn Propagator {
    let mut newest = SET.get();
    while let Some(newer) = newest.and_then(|set| set.newer.get()) {
        newest = Some(newer);
    }
    if let Some(set) = newest {
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
