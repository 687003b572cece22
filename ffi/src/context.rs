//! Contexts: what is current, and how it travels between threads and processes.

use crate::boundary::{contain, guard, record};
use crate::pool::{self, Object, Pool};
use crate::ptr;
use libtracer::binding::{
    attach_span_context, attach_whole, current_pair, current_with_base, detach,
};
use libtracer::{Context, SpanContext, SpanHandle, SpanId, TraceFlags, TraceId, TraceState};
use libtracer_abi::tracer_span;
use std::ffi::c_char;
use std::ptr::null_mut;

/// A span's context with its baggage, kept: a parent that outlives its span. Immutable; any thread
/// may use it.
#[derive(Clone, Debug, Default)]
pub struct tracer_context {
    value: Context,
    /// Whether it takes the place of the baggage, too, that is current where it is attached.
    whole: bool,
    /// The span that it was asked of.
    asked_of: SpanHandle,
    /// The calling language's span when this was taken as current, if it could tell.
    base: Option<SpanId>,
}

static CONTEXTS: Pool<tracer_context> = Pool::new();

impl Object for tracer_context {
    const POOL: &'static Pool<Self> = &CONTEXTS;

    fn empty(&mut self) {
        *self = Self::default();
    }
}

impl tracer_context {
    /// A span of another process, or one to be thought of as such.
    pub(crate) fn of_span(context: SpanContext) -> Self {
        Self {
            value: Context::from(context),
            ..Self::default()
        }
    }

    /// Everything that is current where this is attached.
    pub(crate) fn whole(value: Context) -> Self {
        Self {
            value,
            whole: true,
            ..Self::default()
        }
    }

    pub(crate) fn current() -> Self {
        let (value, base) = current_with_base();
        Self {
            base,
            ..Self::whole(value)
        }
    }

    /// The same with another value, such as other baggage.
    pub(crate) fn with(&self, value: Context) -> Self {
        Self {
            whole: true,
            value,
            ..self.clone()
        }
    }

    pub(crate) fn value(&self) -> &Context {
        &self.value
    }

    pub(crate) fn span(&self) -> &SpanContext {
        self.value.span_context()
    }

    pub(crate) fn handle(&self) -> SpanHandle {
        self.value.span()
    }

    /// Whether it was asked of a span that had ended.
    pub(crate) fn is_stale(&self) -> bool {
        self.asked_of != SpanHandle::NONE && !self.span().is_valid()
    }
}

/// What a pointer stands for: NULL is what is current.
pub(crate) fn or_current<R>(
    context: Option<&tracer_context>,
    work: impl FnOnce(&tracer_context) -> R,
) -> R {
    match context {
        Some(context) => work(context),
        None => work(&tracer_context::current()),
    }
}

pub(crate) fn handle(span: tracer_span) -> SpanHandle {
    SpanHandle::from_raw(span.slot, span.generation)
}

pub(crate) fn span(handle: SpanHandle) -> tracer_span {
    let (slot, generation) = handle.to_raw();
    tracer_span { slot, generation }
}

/// Takes what is current on this thread, also in the language that called, with its baggage.
/// Caller frees it. Thread-safe. Never NULL (but for a refused allocation); without a current span
/// it is an invalid context.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_current() -> *mut tracer_context {
    contain(null_mut(), || pool::hand(tracer_context::current()))
}

/// Takes the context of a span, to be its children's parent even after it has ended. Caller frees
/// it. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_context(span: tracer_span) -> *mut tracer_context {
    contain(null_mut(), || {
        let asked_of = handle(span);
        pool::hand(tracer_context {
            value: Context::new().with_span(asked_of),
            asked_of,
            ..tracer_context::default()
        })
    })
}

/// Makes the context of a span elsewhere from its 16 and 8 bytes of ids, W3C flags (1 = sampled) and
/// `tracestate` (or NULL). Caller frees it. Thread-safe. NULL ids: an invalid context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_from_ids(
    trace_id: *const u8,
    span_id: *const u8,
    flags: u8,
    tracestate: *const c_char,
    is_remote: bool,
) -> *mut tracer_context {
    pool::give(|| {
        let (mut trace, mut span) = (TraceId::default(), SpanId::default());
        if !trace_id.is_null() && !span_id.is_null() {
            // SAFETY: as the header says.
            trace.0.copy_from_slice(unsafe { ptr::bytes(trace_id, 16) });
            // SAFETY: as the header says.
            span.0.copy_from_slice(unsafe { ptr::bytes(span_id, 8) });
        }
        // SAFETY: as the header says.
        let tracestate = unsafe { ptr::text(tracestate) };
        tracer_context::of_span(SpanContext {
            trace_id: trace,
            span_id: span,
            trace_flags: TraceFlags(flags),
            is_remote,
            trace_state: TraceState::from_header(&tracestate),
        })
    })
}

/// Copies a context; what they hold is shared. Caller frees it. Thread-safe. NULL: what is current.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_copy(context: Option<&tracer_context>) -> *mut tracer_context {
    contain(null_mut(), || {
        pool::hand(or_current(context, tracer_context::clone))
    })
}

/// Frees a context. Thread-safe. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_free(context: *mut tracer_context) {
    pool::free(context);
}

fn span_of<R>(
    context: Option<&tracer_context>,
    otherwise: R,
    read: impl FnOnce(&SpanContext) -> R,
) -> R {
    guard(otherwise, || {
        let none = SpanContext::default();
        read(context.map_or(&none, tracer_context::span))
    })
}

/// Whether it identifies a span. Thread-safe. NULL: false.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_is_valid(context: Option<&tracer_context>) -> bool {
    span_of(context, false, SpanContext::is_valid)
}

/// Whether its span is sampled: recorded and exported. Thread-safe. NULL: false.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_is_sampled(context: Option<&tracer_context>) -> bool {
    span_of(context, false, |span| span.trace_flags.is_sampled())
}

/// Whether its span is of another process. Thread-safe. NULL: false.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_is_remote(context: Option<&tracer_context>) -> bool {
    span_of(context, false, |span| span.is_remote)
}

/// Writes the 16 bytes of the trace id. False, and all zero, if the context is invalid or NULL.
/// Thread-safe. A NULL `out`: false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_trace_id(
    context: Option<&tracer_context>,
    out: *mut u8,
) -> bool {
    span_of(context, false, |span| {
        // SAFETY: as the header says.
        unsafe { ptr::write_bytes(&span.trace_id.0, out) && span.is_valid() }
    })
}

/// Writes the 8 bytes of the span id; as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_span_id(
    context: Option<&tracer_context>,
    out: *mut u8,
) -> bool {
    span_of(context, false, |span| {
        // SAFETY: as the header says.
        unsafe { ptr::write_bytes(&span.span_id.0, out) && span.is_valid() }
    })
}

/// Writes the trace id as 32 lower-case hex digits and NUL, 33 bytes; as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_trace_id_hex(
    context: Option<&tracer_context>,
    out: *mut c_char,
) -> bool {
    span_of(context, false, |span| {
        // SAFETY: as the header says.
        unsafe { ptr::write_hex(&span.trace_id.0, out) && span.is_valid() }
    })
}

/// Writes the span id as 16 lower-case hex digits and NUL, 17 bytes; as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_span_id_hex(
    context: Option<&tracer_context>,
    out: *mut c_char,
) -> bool {
    span_of(context, false, |span| {
        // SAFETY: as the header says.
        unsafe { ptr::write_hex(&span.span_id.0, out) && span.is_valid() }
    })
}

/// Makes a context current on this thread: its span and, unless it was made of a span or a
/// `traceparent` alone, its baggage. Returns a token for `tracer_context_detach`; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_attach(context: Option<&tracer_context>) -> u64 {
    guard(0, || match context {
        Some(given) if given.whole => attach_whole(given.value.clone(), given.base),
        Some(given) if given.is_stale() => {
            attach_span_context(SpanContext::default(), given.asked_of)
        }
        Some(given) => attach_span_context(given.span().clone(), given.handle()),
        None => 0,
    })
}

/// Undoes an attach, on the thread that made it. Wrong order is repaired and counted; 0 is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_detach(token: u64) {
    record(|| {
        if token != 0 {
            detach(token);
        }
    });
}

/// Writes the trace and span id of what is current on this thread as hex digits and NUL, 33 and 17
/// bytes, for log lines. False, and all zero, if nothing is. Allocates nothing. Thread-safe. A NULL
/// is not written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_current_ids_hex(
    out_trace_id: *mut c_char,
    out_span_id: *mut c_char,
) -> bool {
    guard(false, || {
        let span = current_pair().0;
        // SAFETY: as the header says.
        unsafe { ptr::write_hex(&span.trace_id.0, out_trace_id) };
        // SAFETY: as the header says.
        unsafe { ptr::write_hex(&span.span_id.0, out_span_id) };
        span.is_valid()
    })
}
