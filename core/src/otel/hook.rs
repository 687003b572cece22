//! `opentelemetry`'s context and ours: what is current in the one is current in the other.
//!
//! Our stack asks `opentelemetry::Context` through the current-hook; spans made through the API are
//! found there with their handles, by a table that only caches: an entry is believed when the slot it
//! names says that it holds that span. The other way round, a span started in the current context of
//! `opentelemetry` has the native span on top of it as its parent.

use super::context;
use crate::current::{
    Current, Foreign, claim_current_hook, current_context, current_native, is_current_hook,
};
use crate::id::SpanId;
use crate::span::SpanHandle;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use std::error::Error;
use std::fmt;
use std::panic::catch_unwind;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Another language is asked already what is current in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContextTaken;

impl fmt::Display for ContextTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another language's context is in use; attach contexts explicitly")
    }
}

impl Error for ContextTaken {}

/// Makes spans of the `opentelemetry` API parents of native ones, and of those of C: what is current
/// on a thread is asked of [`opentelemetry::Context::current`] too.
///
/// For the whole process; further calls change nothing. [`TracerProvider`] does it when it is made.
/// It costs a thread-local read for each start of a span without an explicit parent.
///
/// # Errors
/// [`ContextTaken`] if another language (Python) answers already; nothing is changed then.
///
/// ```
/// use libtracer::{Config, TracerProvider, otel};
/// use opentelemetry::{Context, trace::{SpanContext, TraceContextExt}};
///
/// otel::use_context()?;
/// let provider = TracerProvider::new(&Config::new())?;
/// let theirs = SpanContext::new(1.into(), 2.into(), Default::default(), true, Default::default());
/// let attached = Context::new().with_remote_span_context(theirs).attach();
/// let ours = provider.tracer("shop").start("order");
/// assert_eq!(ours.context().trace_id.0, 1u128.to_be_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`TracerProvider`]: super::TracerProvider
pub fn use_context() -> Result<(), ContextTaken> {
    if claim_current_hook(ask) {
        Ok(())
    } else {
        Err(ContextTaken)
    }
}

/// [`opentelemetry::Context::current`] with the span that is current in libtracer: for code that
/// passes the current span on, such as a propagator, while it may be a native one.
///
/// ```
/// use libtracer::{Config, TracerProvider, otel};
/// use opentelemetry::trace::TraceContextExt;
///
/// let provider = TracerProvider::new(&Config::new())?;
/// let order = provider.tracer("shop").start("order").enter();
/// let context = otel::current();
/// assert_eq!(context.span().span_context().span_id().to_bytes(), order.context().span_id.0);
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[must_use]
pub fn current() -> Context {
    let native = current_context();
    let theirs = read(Context::clone).unwrap_or_default();
    let same = native.span_id.0 == theirs.span().span_context().span_id().to_bytes();
    if same || !native.is_valid() {
        return theirs;
    }
    theirs.with_remote_span_context(context::theirs(&native))
}

/// Reads `opentelemetry`'s current context; `None` where it cannot be read.
///
/// It has no other way than one that panics once the thread's locals are gone. `ALIVE` is made after
/// theirs and so is gone before them; the unwinding is only for a thread whose first call is later.
fn read<R>(work: impl FnOnce(&Context) -> R) -> Option<R> {
    struct Alive;
    impl Drop for Alive {
        fn drop(&mut self) {}
    }
    thread_local!(static ALIVE: Alive = {
        Context::map_current(|_| ());
        Alive
    });
    let read = || {
        ALIVE.try_with(|_| ()).ok()?;
        Some(Context::map_current(work))
    };
    catch_unwind(std::panic::AssertUnwindSafe(read)).ok()?
}

/// The hook: what is current in `opentelemetry`'s context on this thread.
fn ask() -> Foreign {
    read(|context| {
        if !context.has_active_span() {
            return Foreign::None;
        }
        let span = context.span();
        let theirs = span.span_context();
        Foreign::Known(context::ours(theirs), handle_of(theirs))
    })
    .unwrap_or(Foreign::None)
}

/// The parent of a span started in `given`.
pub(super) fn parent_in(given: &Context) -> Current {
    let span = given.span();
    let theirs = span.span_context();
    let is_current = read(|current| {
        ptr::eq(current, given)
            || (current.has_active_span() == given.has_active_span()
                && current.span().span_context().span_id() == theirs.span_id())
    });
    if is_current == Some(true) {
        if is_current_hook(ask) {
            let base = SpanId(theirs.span_id().to_bytes());
            if let Some((context, handle)) = current_native(base) {
                return Current { context, handle };
            }
        } else if !given.has_active_span() {
            return crate::current::current();
        }
    }
    Current {
        context: context::ours(theirs),
        handle: handle_of(theirs),
    }
}

/// A span made through the API; racy on purpose, see `handle_of`.
struct Remembered {
    span: AtomicU64,
    slot: AtomicU64,
    generation: AtomicU64,
}

/// Spans of the API that are found again: a newer one with the same place hides an older one, which
/// then is current by its context alone.
const PLACES: usize = 2048;

static TABLE: [Remembered; PLACES] = [const {
    Remembered {
        span: AtomicU64::new(0),
        slot: AtomicU64::new(0),
        generation: AtomicU64::new(0),
    }
}; PLACES];

/// Span ids are random: their low bits choose the place.
fn place(span: SpanId) -> Option<(&'static Remembered, u64)> {
    let id = u64::from_be_bytes(span.0);
    let [low, high, ..] = id.to_le_bytes();
    let index = usize::from(u16::from_le_bytes([low, high])) % PLACES;
    TABLE.get(index).map(|place| (place, id))
}

/// Keeps the handle of a span made through the API.
pub(super) fn remember(span: SpanId, handle: SpanHandle) {
    if let Some((place, id)) = place(span) {
        let (slot, generation) = handle.to_raw();
        place.slot.store(slot, Ordering::Relaxed);
        place.generation.store(generation, Ordering::Relaxed);
        place.span.store(id, Ordering::Relaxed);
    }
}

/// The handle of a live span of ours. What the table says may be torn or old, so the slot is asked.
fn handle_of(theirs: &SpanContext) -> SpanHandle {
    let span = SpanId(theirs.span_id().to_bytes());
    let known = place(span).filter(|(place, id)| place.span.load(Ordering::Relaxed) == *id);
    let Some((place, _)) = known.filter(|(_, id)| *id != 0) else {
        return SpanHandle::NONE;
    };
    let slot = place.slot.load(Ordering::Relaxed);
    let generation = place.generation.load(Ordering::Relaxed);
    let handle = SpanHandle::from_raw(slot, generation);
    if handle.is_span(span) {
        handle
    } else {
        SpanHandle::NONE
    }
}
